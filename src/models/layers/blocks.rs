//! Blocks that several architectures of torchvision share.

use tch::Tensor;

use super::super::ModelError;
use super::{
    Activation, ActivationKind, Block, Builder, Context, Conv2d, ConvNorm, ConvSpec, Marker,
};

/// torchvision's `Conv2dNormActivation`: convolution `0`, BatchNorm `1`, nonlinearity `2`.
#[derive(Debug)]
pub(in super::super) struct ConvNormActivation {
    pub conv: ConvNorm,
    activation: Option<Activation>,
    module: usize,
}

impl ConvNormActivation {
    /// `norm`: eps and momentum.
    pub fn new(
        builder: &mut Builder,
        name: &str,
        spec: ConvSpec,
        norm: (f64, f64),
        activation: Option<ActivationKind>,
    ) -> Result<Self, ModelError> {
        builder.container(name, "Conv2dNormActivation", |builder, module| {
            Ok(Self {
                conv: builder.conv_norm(("0", spec), ("1", norm.0, norm.1))?,
                activation: activation.map(|kind| builder.activation("2", kind)),
                module,
            })
        })
    }
}

impl Block for ConvNormActivation {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mut x = self.conv.forward(input, context)?;
        if let Some(activation) = &self.activation {
            x = activation.forward(x, context)?;
        }
        context.record(self.module, &x, 0)?;
        Ok(x)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        vec![&self.conv]
    }
}

/// Scales every channel by what the means of all channels say: Hu, Shen, Albanie, Sun and Wu,
/// “Squeeze-and-Excitation Networks”, 2017 (arXiv 1709.01507), as torchvision has it.
#[derive(Debug)]
pub(in super::super) struct SqueezeExcitation {
    module: usize,
    pool: Marker,
    squeeze: Conv2d,
    excite: Conv2d,
    activation: Activation,
    scale: Activation,
}

impl SqueezeExcitation {
    pub fn new(
        builder: &mut Builder,
        name: &str,
        (channels, squeezed): (i64, i64),
        (activation, scale): (ActivationKind, ActivationKind),
    ) -> Result<Self, ModelError> {
        builder.container(name, "SqueezeExcitation", |builder, module| {
            Ok(Self {
                module,
                pool: builder.marker("avgpool", "AdaptiveAvgPool2d", "to 1 × 1"),
                squeeze: builder.conv("fc1", ConvSpec::new(channels, squeezed, 1, 1).biased())?,
                excite: builder.conv("fc2", ConvSpec::new(squeezed, channels, 1, 1).biased())?,
                activation: builder.activation("activation", activation),
                scale: builder.activation("scale_activation", scale),
            })
        })
    }

    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let means = input.f_adaptive_avg_pool2d([1, 1])?;
        self.pool.pass(&means, context)?;
        let squeezed = self.squeeze.forward(&means, context)?;
        let squeezed = self.activation.forward(squeezed, context)?;
        let excited = self.excite.forward(&squeezed, context)?;
        let scale = self.scale.forward(excited, context)?;
        let output = scale.f_mul(input)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}
