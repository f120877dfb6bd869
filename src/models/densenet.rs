//! DenseNet: Huang, Liu, van der Maaten and Weinberger, “Densely Connected Convolutional Networks”,
//! 2016 (arXiv 1608.06993), DenseNet-121 with bottlenecks and compression (DenseNet-BC), as
//! torchvision has it.

use tch::Tensor;

use super::ModelError;
use super::classifier::Classifier;
use super::init::{BiasInit, Init, WeightInit};
use super::layers::{
    Activation, ActivationKind, AvgPool2d, BatchNorm, Block, Builder, Context, Conv2d, ConvNorm,
    ConvSpec, NormSpec, PooledStem,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's default.
const EPS: f64 = 1e-5;

/// Channels that every layer adds, k in the paper.
const GROWTH: i64 = 32;

/// A bottleneck is this many times the growth.
const BOTTLENECK: i64 = 4;

/// Layers of the four blocks: table 1 of the paper.
const LAYERS: [usize; 4] = [6, 12, 24, 16];

pub(super) fn parts(_name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanIn),
        Init {
            weight: WeightInit::KaimingUniform,
            bias: BiasInit::Zero,
        },
    );
    let stem_paths = ["conv0", "norm0", "relu0", "pool0"].map(|name| format!("features.{name}"));
    let mut stages = vec![Stage::new("Stem", stem_paths)];
    let mut segments = Vec::new();
    let mut channels = 64;
    builder.container("features", "Sequential", |builder, _| {
        segments.push(Segment::build(builder, |builder| {
            let names = ["conv0", "norm0", "relu0", "pool0"];
            PooledStem::new(builder, names, channels, EPS)
        })?);
        for (index, layers) in LAYERS.into_iter().enumerate() {
            let number = index + 1;
            let name = format!("denseblock{number}");
            builder.container(&name, "_DenseBlock", |builder, _| {
                for layer in 1..=layers {
                    let name = format!("denselayer{layer}");
                    segments.push(Segment::build(builder, |builder| {
                        builder.container(&name, "_DenseLayer", |builder, module| {
                            DenseLayer::new(builder, module, channels)
                        })
                    })?);
                    channels += GROWTH;
                }
                Ok(())
            })?;
            let mut paths = vec![format!("features.{name}")];
            if number < LAYERS.len() {
                let name = format!("transition{number}");
                segments.push(Segment::build(builder, |builder| {
                    builder.container(&name, "_Transition", |builder, module| {
                        Transition::new(builder, module, channels)
                    })
                })?);
                paths.push(format!("features.{name}"));
                channels /= 2;
            } else {
                segments.push(Segment::build(builder, |builder| {
                    FinalNorm::new(builder, channels)
                })?);
                paths.push("features.norm5".into());
            }
            stages.push(Stage::new(format!("Block {number}"), paths));
        }
        Ok(())
    })?;
    Ok(Parts {
        kind: "DenseNet",
        segments,
        stages,
        classifier: Classifier::pooled_linear(builder, "classifier", channels)?,
        features: channels,
    })
}

fn norm(features: i64) -> NormSpec {
    NormSpec { features, eps: EPS }
}

/// BatchNorm, ReLU and a 1 × 1 convolution to the bottleneck, then BatchNorm, ReLU and 3 × 3: its
/// output joins the input. Only the BatchNorm between the two convolutions follows one directly.
struct DenseLayer {
    module: usize,
    norm: BatchNorm,
    first_relu: Activation,
    squeeze: ConvNorm,
    second_relu: Activation,
    conv: Conv2d,
}

impl DenseLayer {
    fn new(builder: &mut Builder, module: usize, inputs: i64) -> Result<Self, ModelError> {
        let width = BOTTLENECK * GROWTH;
        let norm = builder.norm("norm1", norm(inputs))?;
        let first_relu = builder.activation("relu1", ActivationKind::Relu);
        let squeeze = builder.conv_norm(
            ("conv1", ConvSpec::new(inputs, width, 1, 1)),
            ("norm2", EPS),
        )?;
        Ok(Self {
            module,
            norm,
            first_relu,
            squeeze,
            second_relu: builder.activation("relu2", ActivationKind::Relu),
            conv: builder.conv("conv2", ConvSpec::new(width, GROWTH, 3, 1))?,
        })
    }
}

impl Block for DenseLayer {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.norm.forward(input, context)?;
        let x = self.first_relu.forward(x, context)?;
        let x = self.squeeze.forward_then(&x, &self.second_relu, context)?;
        let added = self.conv.forward(&x, context)?;
        context.record(self.module, &added, 0)?;
        Ok(Tensor::f_cat(&[input, &added], 1)?)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        vec![&self.squeeze]
    }
}

/// Halves the channels and the side of the grid.
struct Transition {
    module: usize,
    norm: BatchNorm,
    relu: Activation,
    conv: Conv2d,
    pool: AvgPool2d,
}

impl Transition {
    fn new(builder: &mut Builder, module: usize, inputs: i64) -> Result<Self, ModelError> {
        Ok(Self {
            module,
            norm: builder.norm("norm", norm(inputs))?,
            relu: builder.activation("relu", ActivationKind::Relu),
            conv: builder.conv("conv", ConvSpec::new(inputs, inputs / 2, 1, 1))?,
            pool: builder.avg_pool("pool", 2, 2),
        })
    }
}

impl Block for Transition {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.norm.forward(input, context)?;
        let x = self.relu.forward(x, context)?;
        let x = self.conv.forward(&x, context)?;
        let output = self.pool.forward(&x, context)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}

/// The last BatchNorm and the ReLU after it, which torchvision calls without a module.
struct FinalNorm {
    norm: BatchNorm,
    relu: Activation,
}

impl FinalNorm {
    fn new(builder: &mut Builder, channels: i64) -> Result<Self, ModelError> {
        Ok(Self {
            norm: builder.norm("norm5", norm(channels))?,
            relu: Activation::functional(ActivationKind::Relu),
        })
    }
}

impl Block for FinalNorm {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        self.relu
            .forward(self.norm.forward(input, context)?, context)
    }
}
