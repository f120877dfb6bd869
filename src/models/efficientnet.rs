//! EfficientNet: Tan and Le, “EfficientNet: Rethinking Model Scaling for Convolutional Neural
//! Networks”, 2019 (arXiv 1905.11946), B0 to B4 as torchvision has them.

use super::ModelError;
use super::classifier::Classifier;
use super::init::{Init, WeightInit};
use super::layers::{
    ActivationKind, Builder, ConvNormActivation, ConvSpec, InvertedResidual, Projection,
    SqueezeExcitation, divisible_by_8,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's defaults of eps and momentum.
const NORM: (f64, f64) = (1e-5, 0.1);

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

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOut),
        Init::zero_bias(WeightInit::UniformByOutputs),
    );
    let (width, depth) = scaling(name);
    let repeats = ROWS.map(|row| (row.0 as f64 * depth).ceil() as usize);
    let blocks: usize = repeats.iter().sum();
    let mut segments = Vec::new();
    let mut stages = vec![Stage::new("Stem", ["features.0"])];
    let mut inputs = divisible_by_8(32.0 * width);
    let mut features = 0;
    builder.container("features", "Sequential", |builder, _| {
        segments.push(Segment::build(builder, |builder| {
            let stem = ConvSpec::new(3, inputs, 3, 2);
            layer(builder, "0", stem, Some(ActivationKind::Silu))
        })?);
        for (row, repeats) in ROWS.into_iter().zip(repeats) {
            let (_, kernel, first_stride, expansion, channels) = row;
            let outputs = divisible_by_8(channels as f64 * width);
            let stage = stages.len().to_string();
            builder.container(&stage, "Sequential", |builder, _| {
                for block in 0..repeats {
                    let shape = Shape {
                        inputs,
                        outputs,
                        kernel,
                        stride: if block == 0 { first_stride } else { 1 },
                        expansion,
                        left_out: STOCHASTIC_DEPTH * (segments.len() - 1) as f64 / blocks as f64,
                    };
                    segments.push(Segment::build(builder, |builder| {
                        builder.container(&block.to_string(), "MBConv", |builder, module| {
                            inverted_residual(builder, module, shape)
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
        features = 4 * inputs;
        let name = stages.len().to_string();
        segments.push(Segment::build(builder, |builder| {
            let last = ConvSpec::new(inputs, features, 1, 1);
            layer(builder, &name, last, Some(ActivationKind::Silu))
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

fn layer(
    builder: &mut Builder,
    name: &str,
    spec: ConvSpec,
    activation: Option<ActivationKind>,
) -> Result<ConvNormActivation, ModelError> {
    ConvNormActivation::new(builder, name, spec, NORM, activation)
}

#[derive(Clone, Copy)]
struct Shape {
    inputs: i64,
    outputs: i64,
    kernel: i64,
    stride: i64,
    expansion: i64,
    /// Share of stochastic depth.
    left_out: f64,
}

/// torchvision's `MBConv`.
fn inverted_residual(
    builder: &mut Builder,
    module: usize,
    shape: Shape,
) -> Result<InvertedResidual, ModelError> {
    let silu = Some(ActivationKind::Silu);
    let channels = shape.inputs * shape.expansion;
    let (hidden, squeeze, project) = builder.container("block", "Sequential", |builder, _| {
        let mut hidden = Vec::new();
        if shape.expansion != 1 {
            let expand = ConvSpec::new(shape.inputs, channels, 1, 1);
            hidden.push(layer(builder, "0", expand, silu)?);
        }
        let depthwise = ConvSpec::depthwise(channels, shape.kernel, shape.stride);
        hidden.push(layer(builder, &hidden.len().to_string(), depthwise, silu)?);
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
        project: Projection::Module(project),
        stochastic_depth: Some(builder.stochastic_depth("stochastic_depth", shape.left_out)),
        residual: shape.stride == 1 && shape.inputs == shape.outputs,
    })
}
