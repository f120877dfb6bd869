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
    /// `names` of convolution, BatchNorm, ReLU and pooling; `eps`: of the normalisation.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(
        builder: &mut Builder,
        names: [&str; 4],
        channels: i64,
        eps: f64,
    ) -> Result<Self, ModelError> {
        let [conv, bn, relu, pool] = names;
        let spec = ConvSpec::new(3, channels, 7, 2);
        Ok(Self {
            conv: builder.conv_norm((conv, spec), (bn, eps))?,
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
    /// `eps`: of the normalisation.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(
        builder: &mut Builder,
        name: &str,
        spec: ConvSpec,
        eps: f64,
        activation: Option<ActivationKind>,
    ) -> Result<Self, ModelError> {
        builder.container(name, "Conv2dNormActivation", |builder, module| {
            Ok(Self {
                conv: builder.conv_norm(("0", spec), ("1", eps))?,
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

/// What gives its input back, as a part of a network.
impl Block for Marker {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        self.pass(input, context)?;
        Ok(input.shallow_clone())
    }
}

/// timm's convolution with the `BatchNormAct2d` after it.
#[derive(Debug)]
pub(in super::super) struct ConvNormAct {
    pub conv: ConvNorm,
    activation: Option<Activation>,
    /// `None` where the two are modules of the block itself.
    module: Option<usize>,
}

impl ConvNormAct {
    /// Two modules of the block, called `conv` and `norm`; the normalisation's eps follows.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn bare(
        builder: &mut Builder,
        conv: (&str, ConvSpec),
        norm: (&str, f64),
        activation: Option<ActivationKind>,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            conv: builder.conv_norm_act(conv, norm, activation)?,
            activation: activation.map(Activation::functional),
            module: None,
        })
    }

    /// A module `name` of its own (timm's `ConvNormAct`), with `conv` and `bn` in it; `eps`: of the normalisation.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn module(
        builder: &mut Builder,
        name: &str,
        spec: ConvSpec,
        eps: f64,
        activation: Option<ActivationKind>,
    ) -> Result<Self, ModelError> {
        builder.container(name, "ConvNormAct", |builder, module| {
            Ok(Self {
                module: Some(module),
                ..Self::bare(builder, ("conv", spec), ("bn", eps), activation)?
            })
        })
    }
}

impl Block for ConvNormAct {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = match &self.activation {
            Some(activation) => self.conv.forward_then(input, activation, context)?,
            None => self.conv.forward(input, context)?,
        };
        if let Some(module) = self.module {
            context.record(module, &x, 0)?;
        }
        Ok(x)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        vec![&self.conv]
    }
}

/// Scales every channel by what the means of all channels say: Hu, Shen, Albanie, Sun and Wu,
/// “Squeeze-and-Excitation Networks”, 2017 (arXiv 1709.01507), as torchvision has it, or timm.
#[derive(Debug)]
pub(in super::super) struct SqueezeExcitation {
    module: usize,
    /// timm pools without a module.
    pool: Option<Marker>,
    /// timm's place for a normalisation, which is none.
    norm: Option<Marker>,
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
                pool: Some(builder.marker("avgpool", "AdaptiveAvgPool2d", "to 1 × 1")),
                norm: None,
                squeeze: builder.conv("fc1", ConvSpec::new(channels, squeezed, 1, 1).biased())?,
                excite: builder.conv("fc2", ConvSpec::new(squeezed, channels, 1, 1).biased())?,
                activation: builder.activation("activation", activation),
                scale: builder.activation("scale_activation", scale),
            })
        })
    }

    /// timm's `SEModule` as `se`: ReLU after squeezing, the sigmoid after exciting. `channels` of the grid, and of them after
    /// squeezing.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn timm(
        builder: &mut Builder,
        (channels, squeezed): (i64, i64),
    ) -> Result<Self, ModelError> {
        builder.container("se", "SEModule", |builder, module| {
            Ok(Self {
                module,
                pool: None,
                squeeze: builder.conv("fc1", ConvSpec::new(channels, squeezed, 1, 1).biased())?,
                norm: Some(builder.marker("bn", "Identity", "")),
                activation: builder.activation("act", ActivationKind::Relu),
                excite: builder.conv("fc2", ConvSpec::new(squeezed, channels, 1, 1).biased())?,
                scale: builder.activation("gate", ActivationKind::Sigmoid),
            })
        })
    }

    /// `[N, C, H, W]` to the same shape.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let means = input.f_adaptive_avg_pool2d([1, 1])?;
        if let Some(pool) = &self.pool {
            pool.pass(&means, context)?;
        }
        let squeezed = self
            .squeeze
            .forward_then(&means, &self.activation, context)?;
        if let Some(norm) = &self.norm {
            norm.pass(&squeezed, context)?;
        }
        let scale = self.excite.forward_then(&squeezed, &self.scale, context)?;
        let output = scale.f_mul(input)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}
