//! ConvNeXt: Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, “A ConvNet for the 2020s”, 2022 (arXiv
//! 2201.03545), the tiny one as torchvision has it, the nano one as timm has it.

mod timm;

use tch::Tensor;

use super::ModelError;
use super::classifier::{self, Classifier, ClassifierStep};
use super::init::{Init, WeightInit};
use super::layers::{
    Activation, ActivationKind, Block, Builder, Context, Conv2d, ConvSpec, LayerNorm, Linear,
    Marker, StochasticDepth,
};
use super::network::{Parts, Segment, Stage};

const EPS: f64 = 1e-6;

/// Channels and blocks of each stage.
const STAGES: [(i64, usize); 4] = [(96, 3), (192, 3), (384, 9), (768, 3)];

/// What a block's branch is scaled by at first.
const LAYER_SCALE: f64 = 1e-6;

/// Of pictures whose branch is left out in training: from nothing in the first block to this share
/// in the last.
const STOCHASTIC_DEPTH: f64 = 0.1;

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    match name {
        "convnext_nano" => timm::parts(builder),
        _ => torchvision(builder),
    }
}

/// torchvision's names, order and beginnings.
fn torchvision(builder: &mut Builder) -> Result<Parts, ModelError> {
    let init = Init::zero_bias(WeightInit::TruncatedNormal(0.02));
    builder.initialise(init, init);
    let blocks: usize = STAGES.iter().map(|(_, blocks)| blocks).sum();
    let mut segments = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    let mut inputs = 3;
    let mut block_number = 0;
    builder.container("features", "Sequential", |builder, _| {
        for (index, (channels, repeats)) in STAGES.into_iter().enumerate() {
            let (first, second) = ((2 * index).to_string(), (2 * index + 1).to_string());
            segments.push(Segment::build(builder, |builder| {
                if index == 0 {
                    builder.container(&first, "Conv2dNormActivation", |builder, _| {
                        Stem::new(builder, inputs, channels)
                    })
                } else {
                    builder.container(&first, "Sequential", |builder, _| {
                        Stem::downsampling(builder, inputs, channels)
                    })
                }
            })?);
            inputs = channels;
            builder.container(&second, "Sequential", |builder, _| {
                for block in 0..repeats {
                    let left_out = STOCHASTIC_DEPTH * block_number as f64 / (blocks - 1) as f64;
                    block_number += 1;
                    segments.push(Segment::build(builder, |builder| {
                        builder.container(&block.to_string(), "CNBlock", |builder, module| {
                            Residual::new(builder, module, channels, left_out)
                        })
                    })?);
                }
                Ok(())
            })?;
            let path = |name| format!("features.{name}");
            stages.push(Stage::new(
                format!("Stage {}", index + 1),
                [path(first), path(second)],
            ));
        }
        Ok(())
    })?;
    end(
        builder,
        ["classifier.0", "classifier.2"],
        (segments, stages),
        inputs,
    )
}

/// The whole network of these segments and stages, the last of which gives `features` channels; `names` of the classifier's
/// LayerNorm and linear layer.
fn end(
    builder: &mut Builder,
    names: [&str; 2],
    (segments, stages): (Vec<Segment>, Vec<Stage>),
    features: i64,
) -> Result<Parts, ModelError> {
    let [norm, linear] = names;
    let norm =
        builder.classifier(|builder| builder.layer_norm(norm, "LayerNorm2d", features, EPS))?;
    let classifier = Classifier {
        steps: vec![
            ClassifierStep::Pool(1),
            ClassifierStep::Norm(norm),
            classifier::linear(builder, linear, features, 1000)?,
        ],
    };
    Ok(Parts {
        kind: "ConvNeXt",
        segments,
        stages,
        classifier,
        features,
    })
}

/// What begins a stage: squares of 4 × 4 pixels and a LayerNorm, or a LayerNorm and squares of
/// 2 × 2 places.
enum Stem {
    ConvFirst(Conv2d, LayerNorm),
    NormFirst(LayerNorm, Conv2d),
}

impl Stem {
    fn new(builder: &mut Builder, inputs: i64, outputs: i64) -> Result<Self, ModelError> {
        let conv = builder.conv("0", ConvSpec::patches(inputs, outputs, 4))?;
        let norm = builder.layer_norm("1", "LayerNorm2d", outputs, EPS)?;
        Ok(Self::ConvFirst(conv, norm))
    }

    fn downsampling(builder: &mut Builder, inputs: i64, outputs: i64) -> Result<Self, ModelError> {
        let norm = builder.layer_norm("0", "LayerNorm2d", inputs, EPS)?;
        let conv = builder.conv("1", ConvSpec::patches(inputs, outputs, 2))?;
        Ok(Self::NormFirst(norm, conv))
    }
}

impl Block for Stem {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        match self {
            Self::ConvFirst(conv, norm) => {
                norm.forward_grid(&conv.forward(input, context)?, context)
            }
            Self::NormFirst(norm, conv) => {
                conv.forward(&norm.forward_grid(input, context)?, context)
            }
        }
    }
}

/// torchvision's `CNBlock`: a branch scaled by a learned factor per channel.
struct Residual {
    module: usize,
    /// `[channels, 1, 1]`, and its module number.
    layer_scale: (Tensor, usize),
    branch: Branch,
    stochastic_depth: StochasticDepth,
}

/// A wide depthwise convolution, a LayerNorm and an inverted bottleneck of two fully connected
/// layers at every place.
struct Branch {
    conv: Conv2d,
    to_last: Marker,
    norm: LayerNorm,
    expand: Linear,
    gelu: Activation,
    project: Linear,
    to_second: Marker,
}

impl Residual {
    fn new(
        builder: &mut Builder,
        module: usize,
        channels: i64,
        left_out: f64,
    ) -> Result<Self, ModelError> {
        let scale = WeightInit::Constant(LAYER_SCALE);
        let layer_scale = builder.parameter("layer_scale", &[channels, 1, 1], scale)?;
        let inside = |builder: &mut Builder, _| {
            let conv = ConvSpec::depthwise(channels, 7, 1).biased();
            Ok(Branch {
                conv: builder.conv("0", conv)?,
                to_last: builder.marker("1", "Permute", "channels last"),
                norm: builder.layer_norm("2", "LayerNorm", channels, EPS)?,
                expand: builder.linear("3", channels, 4 * channels)?,
                gelu: builder.activation("4", ActivationKind::Gelu),
                project: builder.linear("5", 4 * channels, channels)?,
                to_second: builder.marker("6", "Permute", "channels first"),
            })
        };
        Ok(Self {
            module,
            layer_scale,
            branch: builder.container("block", "Sequential", inside)?,
            stochastic_depth: builder.stochastic_depth("stochastic_depth", left_out),
        })
    }
}

impl Branch {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.conv.forward(input, context)?;
        let x = x.f_permute([0, 2, 3, 1])?;
        self.to_last.pass(&x, context)?;
        let x = self.norm.forward(&x, context)?;
        let x = self.expand.forward(&x, context)?;
        let x = self.gelu.forward(x, context)?;
        let x = self.project.forward(&x, context)?;
        let x = x.f_permute([0, 3, 1, 2])?;
        self.to_second.pass(&x, context)?;
        Ok(x)
    }
}

impl Block for Residual {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let (scale, module) = &self.layer_scale;
        let x = self.branch.forward(input, context)?.f_mul(scale)?;
        context.record(*module, &x, 0)?;
        let mut branch = self.stochastic_depth.forward(x, context)?;
        let output = branch.f_add_(input)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}
