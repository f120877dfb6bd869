//! MobileNetV2: Sandler, Howard, Zhu, Zhmoginov and Chen, “MobileNetV2: Inverted Residuals and
//! Linear Bottlenecks”, 2018 (arXiv 1801.04381), as torchvision has it.

use super::ModelError;
use super::classifier::Classifier;
use super::init::{Init, WeightInit};
use super::layers::{
    ActivationKind, Builder, ConvNormActivation, ConvSpec, InvertedResidual, Projection,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's default.
const EPS: f64 = 1e-5;

/// Expansion, channels, blocks and first stride: table 2 of the paper.
const ROWS: [(i64, i64, usize, i64); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

pub(super) fn parts(_name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOut),
        Init::zero_bias(WeightInit::Normal(0.01)),
    );
    let mut segments = Vec::new();
    let mut stages = vec![Stage::new("Stem", ["features.0"])];
    let features = 1280;
    builder.container("features", "Sequential", |builder, _| {
        segments.push(Segment::build(builder, |builder| {
            layer(builder, "0", ConvSpec::new(3, 32, 3, 2))
        })?);
        let mut inputs = 32;
        for (row, (expansion, outputs, blocks, first_stride)) in ROWS.into_iter().enumerate() {
            let mut paths = Vec::new();
            for block in 0..blocks {
                let stride = if block == 0 { first_stride } else { 1 };
                let name = segments.len().to_string();
                paths.push(format!("features.{name}"));
                segments.push(Segment::build(builder, |builder| {
                    builder.container(&name, "InvertedResidual", |builder, module| {
                        inverted_residual(builder, module, inputs, expansion, outputs, stride)
                    })
                })?);
                inputs = outputs;
            }
            stages.push(Stage::new(format!("Stage {}", row + 1), paths));
        }
        let name = segments.len().to_string();
        stages.push(Stage::new(
            "Final convolution",
            [format!("features.{name}")],
        ));
        segments.push(Segment::build(builder, |builder| {
            layer(builder, &name, ConvSpec::new(inputs, features, 1, 1))
        })?);
        Ok(())
    })?;
    let classifier = Classifier::pooled_linear(builder, "classifier.1", features)?;
    Ok(Parts {
        kind: "MobileNetV2",
        segments,
        stages,
        classifier,
        features,
    })
}

/// Convolution, normalisation, ReLU6.
fn layer(
    builder: &mut Builder,
    name: &str,
    spec: ConvSpec,
) -> Result<ConvNormActivation, ModelError> {
    ConvNormActivation::new(builder, name, spec, EPS, Some(ActivationKind::Relu6))
}

fn inverted_residual(
    builder: &mut Builder,
    module: usize,
    inputs: i64,
    expansion: i64,
    outputs: i64,
    stride: i64,
) -> Result<InvertedResidual, ModelError> {
    let channels = inputs * expansion;
    builder.container("conv", "Sequential", |builder, _| {
        let mut hidden = Vec::new();
        if expansion != 1 {
            hidden.push(layer(builder, "0", ConvSpec::new(inputs, channels, 1, 1))?);
        }
        let depthwise = ConvSpec::depthwise(channels, 3, stride);
        hidden.push(layer(builder, &hidden.len().to_string(), depthwise)?);
        let (conv, norm) = (hidden.len().to_string(), (hidden.len() + 1).to_string());
        let project = builder.conv_norm(
            (&conv, ConvSpec::new(channels, outputs, 1, 1)),
            (&norm, EPS),
        )?;
        Ok(InvertedResidual {
            module,
            hidden,
            squeeze: None,
            project: Some(Projection::Bare(project)),
            stochastic_depth: None,
            residual: stride == 1 && inputs == outputs,
        })
    })
}
