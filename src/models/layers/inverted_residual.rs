//! The block of the mobile networks, as torchvision has it in MobileNetV2 and V3 and in EfficientNet.

use tch::Tensor;

use super::super::ModelError;
use super::{Block, Context, ConvNorm, ConvNormActivation, SqueezeExcitation, StochasticDepth};

/// Expansion and depthwise convolution, squeeze and excitation in some, a linear projection; the
/// input is added where shapes allow.
pub(in super::super) struct InvertedResidual {
    pub module: usize,
    /// Expansion, where there is one, and depthwise convolution.
    pub hidden: Vec<ConvNormActivation>,
    pub squeeze: Option<SqueezeExcitation>,
    /// EfficientNetV2's fused blocks without an expansion have none.
    pub project: Option<Projection>,
    /// Leaves the branch of some pictures out in training. It stands in the tree of every block that
    /// has it, and does nothing where no input is added.
    pub stochastic_depth: Option<StochasticDepth>,
    /// Whether the input is added.
    pub residual: bool,
}

/// A convolution and its normalisation without a nonlinearity.
pub(in super::super) enum Projection {
    /// Two modules of the block.
    Bare(ConvNorm),
    /// A module of their own.
    Module(ConvNormActivation),
}

impl Projection {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        match self {
            Self::Bare(conv) => conv.forward(input, context),
            Self::Module(module) => module.forward(input, context),
        }
    }

    fn conv_norm(&self) -> &ConvNorm {
        match self {
            Self::Bare(conv) => conv,
            Self::Module(module) => &module.conv,
        }
    }
}

impl Block for InvertedResidual {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mut x = input.shallow_clone();
        for layer in &self.hidden {
            x = layer.forward(&x, context)?;
        }
        if let Some(squeeze) = &self.squeeze {
            x = squeeze.forward(&x, context)?;
        }
        let mut output = match &self.project {
            Some(project) if self.residual && context.folded.is_some() => {
                let project = project.conv_norm();
                return project.forward_plus(&x, input, None, context);
            }
            Some(project) => project.forward(&x, context)?,
            None => x,
        };
        match &self.stochastic_depth {
            Some(depth) if self.residual => output = depth.forward(output, context)?,
            Some(depth) => context.record(depth.module, &output, 0)?,
            None => {}
        }
        if self.residual {
            output = output.f_add_(input)?;
        }
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        self.hidden
            .iter()
            .map(|layer| &layer.conv)
            .chain(self.project.as_ref().map(Projection::conv_norm))
            .collect()
    }
}
