//! MobileNetV4: Qin et al., “MobileNetV4: Universal Models for the Mobile Ecosystem”, 2024 (arXiv 2404.10518), the
//! convolutional ones as timm has them.

use tch::Tensor;

use super::ModelError;
use super::classifier::{self, Classifier, ClassifierStep};
use super::init::{Init, WeightInit};
use super::layers::{
    ActivationKind, Block, Builder, Context, ConvNorm, ConvNormAct, ConvSpec, Marker,
    divisible_by_8,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's default.
const EPS: f64 = 1e-5;

const RELU: Option<ActivationKind> = Some(ActivationKind::Relu);

/// Channels after the first convolution.
const STEM: i64 = 32;

/// Channels of the classifier's hidden layer.
const HIDDEN: i64 = 1280;

/// What a block of the paper's tables 11 and 12 is made of.
#[derive(Clone, Copy)]
enum Kind {
    /// A convolution of this kernel.
    Conv(i64),
    /// “FusedIB”: a convolution of this kernel expands, one of 1 × 1 projects.
    Fused { kernel: i64, expansion: i64 },
    /// “UIB”, the universal inverted bottleneck: a depthwise convolution of kernel `start`, an expansion, a depthwise
    /// convolution of kernel `middle`, a projection. A kernel of 0 says that there is none: with both it is the paper's
    /// “ExtraDW”, with `middle` alone “IB”, with `start` alone “ConvNext”, with neither “FFN”.
    Universal {
        start: i64,
        middle: i64,
        expansion: i64,
    },
}

/// A block, its channels and its stride.
type Row = (Kind, i64, i64);

const fn conv(kernel: i64, channels: i64, stride: i64) -> Row {
    (Kind::Conv(kernel), channels, stride)
}

const fn fused(kernel: i64, expansion: i64, channels: i64, stride: i64) -> Row {
    (Kind::Fused { kernel, expansion }, channels, stride)
}

/// Kernels of the first and the second depthwise convolution, expansion, channels; stride 1.
const fn uib(start: i64, middle: i64, expansion: i64, channels: i64) -> Row {
    let kind = Kind::Universal {
        start,
        middle,
        expansion,
    };
    (kind, channels, 1)
}

/// The same with stride 2.
const fn halving(start: i64, middle: i64, expansion: i64, channels: i64) -> Row {
    let (kind, channels, _) = uib(start, middle, expansion, channels);
    (kind, channels, 2)
}

const SMALL: [&[Row]; 5] = [
    &[conv(3, 32, 2), conv(1, 32, 1)],
    &[conv(3, 96, 2), conv(1, 64, 1)],
    &[
        halving(5, 5, 3, 96),
        uib(0, 3, 2, 96),
        uib(0, 3, 2, 96),
        uib(0, 3, 2, 96),
        uib(0, 3, 2, 96),
        uib(3, 0, 4, 96),
    ],
    &[
        halving(3, 3, 6, 128),
        uib(5, 5, 4, 128),
        uib(0, 5, 4, 128),
        uib(0, 5, 3, 128),
        uib(0, 3, 4, 128),
        uib(0, 3, 4, 128),
    ],
    &[conv(1, 960, 1)],
];

const MEDIUM: [&[Row]; 5] = [
    &[fused(3, 4, 48, 2)],
    &[halving(3, 5, 4, 80), uib(3, 3, 2, 80)],
    &[
        halving(3, 5, 6, 160),
        uib(3, 3, 4, 160),
        uib(3, 3, 4, 160),
        uib(3, 5, 4, 160),
        uib(3, 3, 4, 160),
        uib(3, 0, 4, 160),
        uib(0, 0, 2, 160),
        uib(3, 0, 4, 160),
    ],
    &[
        halving(5, 5, 6, 256),
        uib(5, 5, 4, 256),
        uib(3, 5, 4, 256),
        uib(3, 5, 4, 256),
        uib(0, 0, 4, 256),
        uib(3, 0, 4, 256),
        uib(3, 5, 2, 256),
        uib(5, 5, 4, 256),
        uib(0, 0, 4, 256),
        uib(0, 0, 4, 256),
        uib(5, 0, 2, 256),
    ],
    &[conv(1, 960, 1)],
];

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOutOfGroup(1)),
        Init::zero_bias(WeightInit::UniformByOutputs),
    );
    let rows = match name {
        "mobilenetv4_conv_medium" => MEDIUM,
        _ => SMALL,
    };
    let mut segments = vec![Segment::build(builder, |builder| {
        let stem = ConvSpec::new(3, STEM, 3, 2);
        ConvNormAct::bare(builder, ("conv_stem", stem), ("bn1", EPS), RELU)
    })?];
    let mut stages = vec![Stage::new("Stem", ["conv_stem", "bn1"])];
    let mut inputs = STEM;
    builder.container("blocks", "Sequential", |builder, _| {
        for (index, blocks) in rows.into_iter().enumerate() {
            builder.container(&index.to_string(), "Sequential", |builder, _| {
                for (number, &(kind, channels, stride)) in blocks.iter().enumerate() {
                    let shape = Shape {
                        inputs,
                        outputs: channels,
                        stride,
                    };
                    segments.push(Segment::build(builder, |builder| {
                        InvertedBottleneck::new(builder, &number.to_string(), kind, shape)
                    })?);
                    inputs = channels;
                }
                Ok(())
            })?;
            let title = match index + 1 == rows.len() {
                true => "Final convolution".to_owned(),
                false => format!("Stage {}", index + 1),
            };
            stages.push(Stage::new(title, [format!("blocks.{index}")]));
        }
        Ok(())
    })?;
    let head = builder.classifier(|builder| {
        let conv = ConvSpec::new(inputs, HIDDEN, 1, 1);
        ConvNormAct::bare(builder, ("conv_head", conv), ("norm_head", EPS), RELU)
    })?;
    let classifier = Classifier {
        steps: vec![
            ClassifierStep::Pool(1),
            ClassifierStep::ConvNorm(Box::new(head)),
            classifier::linear(builder, "classifier", HIDDEN, 1000)?,
        ],
    };
    Ok(Parts {
        kind: "MobileNetV4",
        segments,
        stages,
        classifier,
        features: inputs,
    })
}

#[derive(Clone, Copy)]
struct Shape {
    inputs: i64,
    outputs: i64,
    stride: i64,
}

/// Any block: what leads to its last convolution, that one, and the input where shapes allow a sum.
struct InvertedBottleneck {
    module: usize,
    before: Vec<Step>,
    project: ConvNormAct,
    /// Of modules that do nothing.
    after: Vec<Marker>,
    residual: bool,
}

enum Step {
    Conv(Box<ConvNormAct>),
    /// A module that does nothing.
    Marker(Marker),
}

impl InvertedBottleneck {
    /// timm's `ConvBnAct`, `EdgeResidual` or `UniversalInvertedResidual`. Its places for smoothing, excitation, layer scale
    /// and stochastic depth are there by name only: these networks have none.
    fn new(
        builder: &mut Builder,
        name: &str,
        kind: Kind,
        shape: Shape,
    ) -> Result<Self, ModelError> {
        let class = match kind {
            Kind::Conv(_) => "ConvBnAct",
            Kind::Fused { .. } => "EdgeResidual",
            Kind::Universal { .. } => "UniversalInvertedResidual",
        };
        builder.container(name, class, |builder, module| {
            let residual = shape.stride == 1 && shape.inputs == shape.outputs;
            match kind {
                Kind::Conv(kernel) => Self::single(builder, module, kernel, shape),
                Kind::Fused { kernel, expansion } => Ok(Self {
                    residual,
                    ..Self::fused(builder, module, kernel, expansion, shape)?
                }),
                Kind::Universal {
                    start,
                    middle,
                    expansion,
                } => Ok(Self {
                    residual,
                    ..Self::universal(builder, module, (start, middle), expansion, shape)?
                }),
            }
        })
    }

    fn single(
        builder: &mut Builder,
        module: usize,
        kernel: i64,
        shape: Shape,
    ) -> Result<Self, ModelError> {
        let conv = ConvSpec::new(shape.inputs, shape.outputs, kernel, shape.stride);
        Ok(Self {
            module,
            before: Vec::new(),
            project: ConvNormAct::bare(builder, ("conv", conv), ("bn1", EPS), RELU)?,
            after: nothing(builder, &["aa", "drop_path"]),
            residual: false,
        })
    }

    fn fused(
        builder: &mut Builder,
        module: usize,
        kernel: i64,
        expansion: i64,
        shape: Shape,
    ) -> Result<Self, ModelError> {
        let channels = divisible_by_8((shape.inputs * expansion) as f64);
        let expand = ConvSpec::new(shape.inputs, channels, kernel, shape.stride);
        let expand = ConvNormAct::bare(builder, ("conv_exp", expand), ("bn1", EPS), RELU)?;
        let mut before = vec![Step::Conv(Box::new(expand))];
        before.extend(
            nothing(builder, &["aa", "se"])
                .into_iter()
                .map(Step::Marker),
        );
        let project = ConvSpec::new(channels, shape.outputs, 1, 1);
        Ok(Self {
            module,
            before,
            project: ConvNormAct::bare(builder, ("conv_pwl", project), ("bn2", EPS), None)?,
            after: nothing(builder, &["drop_path"]),
            residual: false,
        })
    }

    fn universal(
        builder: &mut Builder,
        module: usize,
        (start, middle): (i64, i64),
        expansion: i64,
        shape: Shape,
    ) -> Result<Self, ModelError> {
        let channels = divisible_by_8((shape.inputs * expansion) as f64);
        // The stride belongs to the second depthwise convolution, where there is one.
        let first_stride = if middle > 0 { 1 } else { shape.stride };
        let first = ConvSpec::depthwise(shape.inputs, start, first_stride);
        let first = depthwise(builder, "dw_start", first, None)?;
        let expand = ConvSpec::new(shape.inputs, channels, 1, 1);
        let expand = ConvNormAct::module(builder, "pw_exp", expand, EPS, RELU)?;
        let second = ConvSpec::depthwise(channels, middle, shape.stride);
        let second = depthwise(builder, "dw_mid", second, RELU)?;
        let mut before = vec![first, Step::Conv(Box::new(expand)), second];
        before.extend(nothing(builder, &["se"]).into_iter().map(Step::Marker));
        let project = ConvSpec::new(channels, shape.outputs, 1, 1);
        Ok(Self {
            module,
            before,
            project: ConvNormAct::module(builder, "pw_proj", project, EPS, None)?,
            after: nothing(builder, &["dw_end", "layer_scale", "drop_path"]),
            residual: false,
        })
    }
}

/// With a kernel of 0, a module that does nothing.
fn depthwise(
    builder: &mut Builder,
    name: &str,
    spec: ConvSpec,
    activation: Option<ActivationKind>,
) -> Result<Step, ModelError> {
    if spec.kernel[0] == 0 {
        return Ok(Step::Marker(builder.marker(name, "Identity", "")));
    }
    let layer = ConvNormAct::module(builder, name, spec, EPS, activation)?;
    Ok(Step::Conv(Box::new(layer)))
}

/// Modules that do nothing.
fn nothing(builder: &mut Builder, names: &[&str]) -> Vec<Marker> {
    names
        .iter()
        .map(|name| builder.marker(name, "Identity", ""))
        .collect()
}

impl Block for InvertedBottleneck {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mut x = input.shallow_clone();
        for step in &self.before {
            match step {
                Step::Conv(layer) => x = layer.forward(&x, context)?,
                Step::Marker(marker) => marker.pass(&x, context)?,
            }
        }
        if self.residual && context.folded.is_some() {
            return self.project.conv.forward_plus(&x, input, None, context);
        }
        let mut output = self.project.forward(&x, context)?;
        for marker in &self.after {
            marker.pass(&output, context)?;
        }
        if self.residual {
            output = output.f_add_(input)?;
        }
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        let before = self.before.iter().filter_map(|step| match step {
            Step::Conv(layer) => Some(&layer.conv),
            Step::Marker(_) => None,
        });
        before.chain([&self.project.conv]).collect()
    }
}
