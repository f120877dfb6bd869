//! What GoogLeNet and InceptionV3 share: convolutions with BatchNorm and ReLU, in branches side by
//! side whose outputs are joined along the channels.

use tch::Tensor;

use super::ModelError;
use super::layers::{
    Activation, ActivationKind, AvgPool2d, Block, Builder, Context, ConvNorm, ConvSpec, MaxPool2d,
};

const EPS: f64 = 1e-3;

/// torchvision's `BasicConv2d`: `conv`, `bn` and a ReLU without a module.
pub(super) struct BasicConv {
    conv: ConvNorm,
    relu: Activation,
    module: usize,
}

impl BasicConv {
    /// A container called `name`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(builder: &mut Builder, name: &str, spec: ConvSpec) -> Result<Self, ModelError> {
        builder.container(name, "BasicConv2d", |builder, module| {
            Ok(Self {
                conv: builder.conv_norm(("conv", spec), ("bn", EPS))?,
                relu: Activation::functional(ActivationKind::Relu),
                module,
            })
        })
    }
}

impl Block for BasicConv {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let output = self.conv.forward_then(input, &self.relu, context)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        vec![&self.conv]
    }
}

/// One step of a branch.
pub(super) enum Step {
    Conv(BasicConv),
    MaxPool(MaxPool2d),
    AvgPool(AvgPool2d),
    /// Several convolutions of the same input, joined.
    Split(Vec<BasicConv>),
}

impl Step {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        match self {
            Self::Conv(conv) => conv.forward(input, context),
            Self::MaxPool(pool) => pool.forward(input, context),
            Self::AvgPool(pool) => pool.forward(input, context),
            Self::Split(convs) => {
                let outputs = convs
                    .iter()
                    .map(|conv| conv.forward(input, context))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Tensor::f_cat(&outputs, 1)?)
            }
        }
    }

    fn convs(&self) -> &[BasicConv] {
        match self {
            Self::Conv(conv) => std::slice::from_ref(conv),
            Self::Split(convs) => convs,
            Self::MaxPool(_) | Self::AvgPool(_) => &[],
        }
    }
}

/// Branches side by side.
pub(super) struct Branches {
    pub module: usize,
    pub branches: Vec<Vec<Step>>,
}

impl Block for Branches {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mut outputs = Vec::with_capacity(self.branches.len());
        for branch in &self.branches {
            let mut x = input.shallow_clone();
            for step in branch {
                x = step.forward(&x, context)?;
            }
            outputs.push(x);
        }
        let output = Tensor::f_cat(&outputs, 1)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        let steps = self.branches.iter().flatten();
        steps.flat_map(Step::convs).map(|conv| &conv.conv).collect()
    }
}

/// A step alone, as a segment.
impl Block for Step {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        self.forward(input, context)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        self.convs().iter().map(|conv| &conv.conv).collect()
    }
}
