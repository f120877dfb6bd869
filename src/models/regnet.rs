//! RegNet: Radosavovic, Kosaraju, Girshick, He and Dollár, “Designing Network Design Spaces”, 2020 (arXiv 2003.13678), the
//! RegNetY of 1.6 billion multiply-adds as timm has it.

use tch::Tensor;

use super::ModelError;
use super::classifier::Classifier;
use super::init::{Init, WeightInit};
use super::layers::{
    Activation, ActivationKind, Block, Builder, Context, ConvNorm, ConvNormAct, ConvSpec, Marker,
    SqueezeExcitation,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's default.
const EPS: f64 = 1e-5;

const RELU: Option<ActivationKind> = Some(ActivationKind::Relu);

/// Channels after the first convolution.
const STEM: i64 = 32;

/// Channels and blocks of each stage.
const STAGES: [(i64, usize); 4] = [(48, 2), (120, 6), (336, 17), (888, 2)];

/// Channels of one group of a block's 3 × 3 convolution.
const GROUP_WIDTH: i64 = 24;

pub(super) fn parts(_name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOutOfGroup(1)),
        Init::zero_bias(WeightInit::Normal(0.01)),
    );
    let mut segments = vec![Segment::build(builder, |builder| {
        let stem = ConvSpec::new(3, STEM, 3, 2);
        ConvNormAct::module(builder, "stem", stem, EPS, RELU)
    })?];
    let mut stages = vec![Stage::new("Stem", ["stem"])];
    let mut inputs = STEM;
    for (index, (channels, repeats)) in STAGES.into_iter().enumerate() {
        let stage = format!("s{}", index + 1);
        builder.container(&stage, "RegStage", |builder, _| {
            for block in 1..=repeats {
                let stride = if block == 1 { 2 } else { 1 };
                segments.push(Segment::build(builder, |builder| {
                    builder.container(&format!("b{block}"), "Bottleneck", |builder, module| {
                        Bottleneck::new(builder, module, (inputs, channels), stride)
                    })
                })?);
                inputs = channels;
            }
            Ok(())
        })?;
        stages.push(Stage::new(format!("Stage {}", index + 1), [stage]));
    }
    segments.push(Segment::build(builder, |builder| {
        Ok(builder.marker("final_conv", "Identity", ""))
    })?);
    if let Some(last) = stages.last_mut() {
        last.paths.push("final_conv".into());
    }
    Ok(Parts {
        kind: "RegNet",
        segments,
        stages,
        classifier: Classifier::pooled_linear(builder, "head.fc", inputs)?,
        features: inputs,
    })
}

/// timm's `Bottleneck`: 1 × 1, 3 × 3 in groups, excitation, 1 × 1, and the sum with what came in.
struct Bottleneck {
    module: usize,
    first: ConvNormAct,
    grouped: ConvNormAct,
    squeeze: SqueezeExcitation,
    last: ConvNormAct,
    relu: Activation,
    downsample: Downsample,
    /// timm's stochastic depth, which is off.
    drop_path: Marker,
}

enum Downsample {
    Conv(Box<ConvNormAct>),
    /// A module that does nothing.
    Marker(Marker),
}

impl Bottleneck {
    /// Of so many channels before and after.
    fn new(
        builder: &mut Builder,
        module: usize,
        (inputs, channels): (i64, i64),
        stride: i64,
    ) -> Result<Self, ModelError> {
        let layer = |builder: &mut Builder, name: &str, spec, activation| {
            ConvNormAct::module(builder, name, spec, EPS, activation)
        };
        let first = ConvSpec::new(inputs, channels, 1, 1);
        let grouped = ConvSpec {
            groups: channels / GROUP_WIDTH,
            ..ConvSpec::new(channels, channels, 3, stride)
        };
        let last = ConvSpec::new(channels, channels, 1, 1);
        let first = layer(builder, "conv1", first, RELU)?;
        let grouped = layer(builder, "conv2", grouped, RELU)?;
        // A quarter of what comes into the block.
        let squeeze = SqueezeExcitation::timm(builder, (channels, inputs / 4))?;
        let last = layer(builder, "conv3", last, None)?;
        // A new block gives what came in.
        builder.begin_at_zero(&last.conv.norm.weight)?;
        Ok(Self {
            module,
            first,
            grouped,
            squeeze,
            last,
            relu: builder.activation("act3", ActivationKind::Relu),
            downsample: if inputs == channels && stride == 1 {
                Downsample::Marker(builder.marker("downsample", "Identity", ""))
            } else {
                let shortcut = ConvSpec::new(inputs, channels, 1, stride);
                Downsample::Conv(Box::new(layer(builder, "downsample", shortcut, None)?))
            },
            drop_path: builder.marker("drop_path", "Identity", ""),
        })
    }
}

impl Block for Bottleneck {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.first.forward(input, context)?;
        let x = self.grouped.forward(&x, context)?;
        let x = self.squeeze.forward(&x, context)?;
        let shortcut = match &self.downsample {
            Downsample::Conv(layer) => layer.forward(input, context)?,
            Downsample::Marker(marker) => marker.forward(input, context)?,
        };
        let last = &self.last.conv;
        let output = last.forward_plus(&x, &shortcut, Some(&self.relu), context)?;
        self.drop_path.pass(&output, context)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        let mut layers = vec![&self.first.conv, &self.grouped.conv, &self.last.conv];
        if let Downsample::Conv(layer) = &self.downsample {
            layers.push(&layer.conv);
        }
        layers
    }
}
