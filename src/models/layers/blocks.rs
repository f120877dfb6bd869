//! Blocks that several architectures of torchvision share.

use tch::Tensor;

use super::super::ModelError;
use super::{
    Activation, ActivationKind, Block, Builder, Context, Conv2d, ConvNorm, ConvSpec, Marker,
    MaxPool2d,
};

/// torchvision's `_make_divisible` by 8: the nearest multiple, at most a tenth below `channels`.
pub(in super::super) fn divisible_by_8(channels: f64) -> i64 {
    let rounded = ((channels + 4.0) as i64 / 8 * 8).max(8);
    if (rounded as f64) < 0.9 * channels {
        rounded + 8
    } else {
        rounded
    }
}

/// How the ResNets and what came of them begin: a 7 × 7 convolution of stride 2, BatchNorm, ReLU, and a
/// 3 × 3 maximum of stride 2.
pub(in super::super) struct PooledStem {
    conv: ConvNorm,
    relu: Activation,
    pool: MaxPool2d,
}

impl PooledStem {
    /// `names` of convolution, BatchNorm, ReLU and pooling; `norm`: eps and momentum.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(
        builder: &mut Builder,
        names: [&str; 4],
        channels: i64,
        norm: (f64, f64),
    ) -> Result<Self, ModelError> {
        let [conv, bn, relu, pool] = names;
        let spec = ConvSpec::new(3, channels, 7, 2);
        Ok(Self {
            conv: builder.conv_norm((conv, spec), (bn, norm.0, norm.1))?,
            relu: builder.activation(relu, ActivationKind::Relu),
            pool: builder.max_pool(pool, 3, 2, 1),
        })
    }
}

impl Block for PooledStem {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.conv.forward_then(input, &self.relu, context)?;
        self.pool.forward(&x, context)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        vec![&self.conv]
    }
}

/// torchvision's `Conv2dNormActivation`: convolution `0`, BatchNorm `1`, nonlinearity `2`.
#[derive(Debug)]
pub(in super::super) struct ConvNormActivation {
    pub conv: ConvNorm,
    activation: Option<Activation>,
    module: usize,
}

impl ConvNormActivation {
    /// `norm`: eps and momentum.
    ///
    /// # Errors
    /// libtorch's own.
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
        let x = match &self.activation {
            Some(activation) => self.conv.forward_then(input, activation, context)?,
            None => self.conv.forward(input, context)?,
        };
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
    /// `channels` of the grid, and of them after squeezing; what follows squeezing and exciting.
    ///
    /// # Errors
    /// libtorch's own.
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

    /// `[N, C, H, W]` to the same shape.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let means = input.f_adaptive_avg_pool2d([1, 1])?;
        self.pool.pass(&means, context)?;
        let squeezed = self
            .squeeze
            .forward_then(&means, &self.activation, context)?;
        let scale = self.excite.forward_then(&squeezed, &self.scale, context)?;
        let output = scale.f_mul(input)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}
