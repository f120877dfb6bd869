//! EfficientNet-Lite: Tan and Le, “EfficientNet: Rethinking Model Scaling for Convolutional Neural
//! Networks”, 2019 (arXiv 1905.11946), in Google's variant for small devices (2020): ReLU6 for
//! swish, no squeeze-and-excitation, stem and head of fixed width. Names as in the package
//! efficientnet-lite-pytorch, whose weights are converted from TensorFlow: hence TensorFlow's
//! “same” padding. That package holds the padding as a module inside each convolution; here it is
//! part of the convolution, which is one leaf.

use tch::Tensor;

use super::ModelError;
use super::classifier::Classifier;
use super::efficientnet::{ROWS, scaling};
use super::init::{Init, WeightInit};
use super::layers::{
    Activation, ActivationKind, Block, Builder, Context, ConvNorm, ConvSpec, divisible_by_8,
    drop_rows,
};
use super::network::{Parts, Segment, Stage};

/// TensorFlow's.
const EPS: f64 = 1e-3;
/// Of the last block; it rises from 0 with the depth.
const DROP_CONNECT: f64 = 0.2;

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOut),
        Init::zero_bias(WeightInit::UniformByOutputs),
    );
    let (width, depth) = scaling(name);
    let mut segments = vec![Segment::build(builder, Stem::new)?];
    let mut stages = vec![Stage::new("Stem", ["_conv_stem", "_bn0"])];
    let mut inputs = 32;
    let repeats = |row: usize| {
        let is_edge = row == 0 || row + 1 == ROWS.len();
        if is_edge {
            ROWS[row].0
        } else {
            (ROWS[row].0 as f64 * depth).ceil() as usize
        }
    };
    let all: usize = (0..ROWS.len()).map(repeats).sum();
    builder.container("_blocks", "ModuleList", |builder, _| {
        for (row, (_, kernel, first_stride, expansion, channels)) in ROWS.into_iter().enumerate() {
            let outputs = divisible_by_8(channels as f64 * width);
            let mut paths = Vec::new();
            for block in 0..repeats(row) {
                let stride = if block == 0 { first_stride } else { 1 };
                let name = (segments.len() - 1).to_string();
                paths.push(format!("_blocks.{name}"));
                let shape = Shape {
                    inputs,
                    outputs,
                    kernel,
                    stride,
                    expansion,
                    left_out: DROP_CONNECT * (segments.len() - 1) as f64 / all as f64,
                };
                segments.push(Segment::build(builder, |builder| {
                    builder.container(&name, "MBConvBlock", |builder, module| {
                        MobileBlock::new(builder, module, shape)
                    })
                })?);
                inputs = outputs;
            }
            stages.push(Stage::new(format!("Stage {}", row + 1), paths));
        }
        Ok(())
    })?;
    let features = 1280;
    segments.push(Segment::build(builder, |builder| {
        FinalConvolution::new(builder, inputs, features)
    })?);
    stages.push(Stage::new(
        "Final convolution",
        ["_conv_head", "_bn1", "_swish"],
    ));
    let classifier = Classifier::pooled_linear(builder, "_fc", features)?;
    Ok(Parts {
        kind: "EfficientNet",
        segments,
        stages,
        classifier,
        features,
    })
}

/// The first convolution. Its activation is the network's `_swish`, which stands at the end of the
/// tree as in the reference.
struct Stem {
    conv: ConvNorm,
    relu: Activation,
}

impl Stem {
    fn new(builder: &mut Builder) -> Result<Self, ModelError> {
        let conv = ConvSpec::new(3, 32, 3, 2).same();
        Ok(Self {
            conv: builder.conv_norm(("_conv_stem", conv), ("_bn0", EPS))?,
            relu: Activation::functional(ActivationKind::Relu6),
        })
    }
}

impl Block for Stem {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        self.conv.forward_then(input, &self.relu, context)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        vec![&self.conv]
    }
}

struct FinalConvolution {
    conv: ConvNorm,
    relu: Activation,
}

impl FinalConvolution {
    fn new(builder: &mut Builder, inputs: i64, features: i64) -> Result<Self, ModelError> {
        let conv = ConvSpec::new(inputs, features, 1, 1).same();
        Ok(Self {
            conv: builder.conv_norm(("_conv_head", conv), ("_bn1", EPS))?,
            relu: builder.activation("_swish", ActivationKind::Relu6),
        })
    }
}

impl Block for FinalConvolution {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        self.conv.forward_then(input, &self.relu, context)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        vec![&self.conv]
    }
}

#[derive(Clone, Copy)]
struct Shape {
    inputs: i64,
    outputs: i64,
    kernel: i64,
    stride: i64,
    expansion: i64,
    left_out: f64,
}

/// The package's `MBConvBlock`: expansion, depthwise convolution, linear projection. Its drop
/// connect (stochastic depth) is no module of its own there; here it follows the mode of the last
/// normalisation before it.
struct MobileBlock {
    module: usize,
    expand: Option<ConvNorm>,
    depthwise: ConvNorm,
    project: ConvNorm,
    relu: Activation,
    residual: bool,
    /// Share of the pictures whose branch is left out in training.
    left_out: f64,
}

impl MobileBlock {
    fn new(builder: &mut Builder, module: usize, shape: Shape) -> Result<Self, ModelError> {
        let Shape {
            inputs,
            outputs,
            kernel,
            stride,
            expansion,
            left_out,
        } = shape;
        let channels = inputs * expansion;
        let mut layer = |conv: &str, norm: &str, spec: ConvSpec| {
            builder.conv_norm((conv, spec.same()), (norm, EPS))
        };
        let expand = if expansion == 1 {
            None
        } else {
            Some(layer(
                "_expand_conv",
                "_bn0",
                ConvSpec::new(inputs, channels, 1, 1),
            )?)
        };
        Ok(Self {
            module,
            expand,
            depthwise: layer(
                "_depthwise_conv",
                "_bn1",
                ConvSpec::depthwise(channels, kernel, stride),
            )?,
            project: layer(
                "_project_conv",
                "_bn2",
                ConvSpec::new(channels, outputs, 1, 1),
            )?,
            relu: builder.activation("_swish", ActivationKind::Relu6),
            residual: stride == 1 && inputs == outputs,
            left_out,
        })
    }
}

impl Block for MobileBlock {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mut x = input.shallow_clone();
        for layer in self.expand.iter().chain([&self.depthwise]) {
            x = layer.forward_then(&x, &self.relu, context)?;
        }
        let output = if !self.residual {
            self.project.forward(&x, context)?
        } else if context.pass.mode(self.project.norm.leaf).dropout {
            let branch = self.project.forward(&x, context)?;
            drop_rows(branch, self.left_out)?.f_add_(input)?
        } else {
            self.project.forward_plus(&x, input, None, context)?
        };
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        self.expand
            .iter()
            .chain([&self.depthwise, &self.project])
            .collect()
    }
}
