//! EfficientNet: Tan and Le, “EfficientNet: Rethinking Model Scaling for Convolutional Neural
//! Networks”, 2019 (arXiv 1905.11946), B0 to B4; and EfficientNetV2: Tan and Le, “EfficientNetV2: Smaller Models and Faster
//! Training”, 2021 (arXiv 2104.00298), the small one. Both as torchvision has them.

use super::ModelError;
use super::classifier::Classifier;
use super::init::{Init, WeightInit};
use super::layers::{
    ActivationKind, Builder, ConvNormActivation, ConvSpec, InvertedResidual, Projection,
    SqueezeExcitation, divisible_by_8,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's default.
const EPS: f64 = 1e-5;

/// The second version's.
const EPS_V2: f64 = 1e-3;

/// Of pictures whose branch is left out in training: rising from nothing to nearly this share.
const STOCHASTIC_DEPTH: f64 = 0.2;

/// Blocks, kernel, first stride, expansion and channels of B0: table 1 of the paper.
pub(super) const ROWS: [(usize, i64, i64, i64, i64); 7] = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
];

/// Width and depth coefficients of a variant, by the figure that its name ends with; the same for B0 to
/// B4 as for Lite0 to Lite4.
pub(super) fn scaling(name: &str) -> (f64, f64) {
    match name.chars().last() {
        Some('1') => (1.0, 1.1),
        Some('2') => (1.1, 1.2),
        Some('3') => (1.2, 1.4),
        Some('4') => (1.4, 1.8),
        _ => (1.0, 1.0),
    }
}

/// The same of EfficientNetV2-S: table 4 of its paper. The first three stages are fused.
const ROWS_V2_S: [(usize, i64, i64, i64, i64); 6] = [
    (2, 3, 1, 1, 24),
    (4, 3, 2, 4, 48),
    (4, 3, 2, 4, 64),
    (6, 3, 2, 4, 128),
    (9, 3, 1, 6, 160),
    (15, 3, 2, 6, 256),
];

/// The blocks of one stage.
struct StageLayout {
    /// A convolution of the row's kernel in place of expansion and depthwise convolution.
    fused: bool,
    repeats: usize,
    kernel: i64,
    first_stride: i64,
    expansion: i64,
    channels: i64,
}

/// All that tells one variant from another.
struct Layout {
    eps: f64,
    /// Channels of the first convolution.
    stem: i64,
    stages: Vec<StageLayout>,
    /// Channels of the last convolution.
    features: i64,
}

fn layout(name: &str) -> Layout {
    let stage = |fused, row: (usize, i64, i64, i64, i64), width: f64, depth: f64| StageLayout {
        fused,
        repeats: (row.0 as f64 * depth).ceil() as usize,
        kernel: row.1,
        first_stride: row.2,
        expansion: row.3,
        channels: divisible_by_8(row.4 as f64 * width),
    };
    if name == "efficientnet_v2_s" {
        let rows = ROWS_V2_S.into_iter().enumerate();
        return Layout {
            eps: EPS_V2,
            stem: 24,
            stages: rows
                .map(|(index, row)| stage(index < 3, row, 1.0, 1.0))
                .collect(),
            features: 1280,
        };
    }
    let (width, depth) = scaling(name);
    let stages: Vec<StageLayout> = ROWS.map(|row| stage(false, row, width, depth)).into();
    Layout {
        eps: EPS,
        stem: divisible_by_8(32.0 * width),
        features: 4 * stages.last().map_or(0, |stage| stage.channels),
        stages,
    }
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOut),
        Init::zero_bias(WeightInit::UniformByOutputs),
    );
    let layout = layout(name);
    let (eps, features) = (layout.eps, layout.features);
    let blocks: usize = layout.stages.iter().map(|stage| stage.repeats).sum();
    let mut segments = Vec::new();
    let mut stages = vec![Stage::new("Stem", ["features.0"])];
    let mut inputs = layout.stem;
    builder.container("features", "Sequential", |builder, _| {
        segments.push(Segment::build(builder, |builder| {
            let stem = ConvSpec::new(3, inputs, 3, 2);
            ConvNormActivation::new(builder, "0", stem, eps, SILU)
        })?);
        for row in layout.stages {
            let outputs = row.channels;
            let stage = stages.len().to_string();
            builder.container(&stage, "Sequential", |builder, _| {
                for block in 0..row.repeats {
                    let shape = Shape {
                        eps,
                        inputs,
                        outputs,
                        kernel: row.kernel,
                        stride: if block == 0 { row.first_stride } else { 1 },
                        expansion: row.expansion,
                        left_out: STOCHASTIC_DEPTH * (segments.len() - 1) as f64 / blocks as f64,
                    };
                    let (kind, build): (_, MakeBlock) = match row.fused {
                        true => ("FusedMBConv", fused),
                        false => ("MBConv", inverted_residual),
                    };
                    segments.push(Segment::build(builder, |builder| {
                        builder.container(&block.to_string(), kind, |builder, module| {
                            build(builder, module, shape)
                        })
                    })?);
                    inputs = outputs;
                }
                Ok(())
            })?;
            stages.push(Stage::new(
                format!("Stage {stage}"),
                [format!("features.{stage}")],
            ));
        }
        let name = stages.len().to_string();
        segments.push(Segment::build(builder, |builder| {
            let last = ConvSpec::new(inputs, features, 1, 1);
            ConvNormActivation::new(builder, &name, last, eps, SILU)
        })?);
        stages.push(Stage::new(
            "Final convolution",
            [format!("features.{name}")],
        ));
        Ok(())
    })?;
    Ok(Parts {
        kind: "EfficientNet",
        segments,
        stages,
        classifier: Classifier::pooled_linear(builder, "classifier.1", features)?,
        features,
    })
}

const SILU: Option<ActivationKind> = Some(ActivationKind::Silu);

/// Makes a block with this module number.
type MakeBlock = fn(&mut Builder, usize, Shape) -> Result<InvertedResidual, ModelError>;

#[derive(Clone, Copy)]
struct Shape {
    /// Of its normalisations.
    eps: f64,
    inputs: i64,
    outputs: i64,
    kernel: i64,
    stride: i64,
    expansion: i64,
    /// Share of stochastic depth.
    left_out: f64,
}

impl Shape {
    fn is_residual(&self) -> bool {
        self.stride == 1 && self.inputs == self.outputs
    }
}

/// torchvision's `FusedMBConv`: without an expansion it is one convolution.
fn fused(
    builder: &mut Builder,
    module: usize,
    shape: Shape,
) -> Result<InvertedResidual, ModelError> {
    let channels = shape.inputs * shape.expansion;
    let (hidden, project) = builder.container("block", "Sequential", |builder, _| {
        let outputs = match shape.expansion {
            1 => shape.outputs,
            _ => channels,
        };
        let first = ConvSpec::new(shape.inputs, outputs, shape.kernel, shape.stride);
        let first = ConvNormActivation::new(builder, "0", first, shape.eps, SILU)?;
        let project = match shape.expansion {
            1 => None,
            _ => {
                let project = ConvSpec::new(channels, shape.outputs, 1, 1);
                let project = ConvNormActivation::new(builder, "1", project, shape.eps, None)?;
                Some(Projection::Module(project))
            }
        };
        Ok((vec![first], project))
    })?;
    Ok(InvertedResidual {
        module,
        hidden,
        squeeze: None,
        project,
        stochastic_depth: Some(builder.stochastic_depth("stochastic_depth", shape.left_out)),
        residual: shape.is_residual(),
    })
}

/// torchvision's `MBConv`.
fn inverted_residual(
    builder: &mut Builder,
    module: usize,
    shape: Shape,
) -> Result<InvertedResidual, ModelError> {
    let layer = |builder: &mut Builder, name: &str, spec, activation| {
        ConvNormActivation::new(builder, name, spec, shape.eps, activation)
    };
    let channels = shape.inputs * shape.expansion;
    let (hidden, squeeze, project) = builder.container("block", "Sequential", |builder, _| {
        let mut hidden = Vec::new();
        if shape.expansion != 1 {
            let expand = ConvSpec::new(shape.inputs, channels, 1, 1);
            hidden.push(layer(builder, "0", expand, SILU)?);
        }
        let depthwise = ConvSpec::depthwise(channels, shape.kernel, shape.stride);
        hidden.push(layer(builder, &hidden.len().to_string(), depthwise, SILU)?);
        let squeeze = SqueezeExcitation::new(
            builder,
            &hidden.len().to_string(),
            // A quarter of what comes into the block, not of what the expansion makes of it.
            (channels, (shape.inputs / 4).max(1)),
            (ActivationKind::Silu, ActivationKind::Sigmoid),
        )?;
        let project = ConvSpec::new(channels, shape.outputs, 1, 1);
        let name = (hidden.len() + 1).to_string();
        Ok((hidden, squeeze, layer(builder, &name, project, None)?))
    })?;
    Ok(InvertedResidual {
        module,
        hidden,
        squeeze: Some(squeeze),
        project: Some(Projection::Module(project)),
        stochastic_depth: Some(builder.stochastic_depth("stochastic_depth", shape.left_out)),
        residual: shape.is_residual(),
    })
}
