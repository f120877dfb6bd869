//! MobileNetV3: Howard et al., “Searching for MobileNetV3”, 2019 (arXiv 1905.02244), as torchvision
//! has it.

use super::ModelError;
use super::classifier::{self, Classifier, ClassifierStep};
use super::init::{Init, WeightInit};
use super::layers::{
    ActivationKind, Builder, ConvNormActivation, ConvSpec, InvertedResidual, Projection,
    SqueezeExcitation, divisible_by_8,
};
use super::network::{Parts, Segment, Stage};

/// TensorFlow's.
const EPS: f64 = 1e-3;

/// A line of the paper's tables 1 and 2.
#[derive(Clone, Copy)]
struct Row {
    kernel: i64,
    expanded: i64,
    outputs: i64,
    squeezes: bool,
    activation: ActivationKind,
    stride: i64,
}

const fn row(
    kernel: i64,
    expanded: i64,
    outputs: i64,
    squeezes: bool,
    activation: ActivationKind,
    stride: i64,
) -> Row {
    Row {
        kernel,
        expanded,
        outputs,
        squeezes,
        activation,
        stride,
    }
}

const RE: ActivationKind = ActivationKind::Relu;
const HS: ActivationKind = ActivationKind::Hardswish;

const LARGE: [Row; 15] = [
    row(3, 16, 16, false, RE, 1),
    row(3, 64, 24, false, RE, 2),
    row(3, 72, 24, false, RE, 1),
    row(5, 72, 40, true, RE, 2),
    row(5, 120, 40, true, RE, 1),
    row(5, 120, 40, true, RE, 1),
    row(3, 240, 80, false, HS, 2),
    row(3, 200, 80, false, HS, 1),
    row(3, 184, 80, false, HS, 1),
    row(3, 184, 80, false, HS, 1),
    row(3, 480, 112, true, HS, 1),
    row(3, 672, 112, true, HS, 1),
    row(5, 672, 160, true, HS, 2),
    row(5, 960, 160, true, HS, 1),
    row(5, 960, 160, true, HS, 1),
];

const SMALL: [Row; 11] = [
    row(3, 16, 16, true, RE, 2),
    row(3, 72, 24, false, RE, 2),
    row(3, 88, 24, false, RE, 1),
    row(5, 96, 40, true, HS, 2),
    row(5, 240, 40, true, HS, 1),
    row(5, 240, 40, true, HS, 1),
    row(5, 120, 48, true, HS, 1),
    row(5, 144, 48, true, HS, 1),
    row(5, 288, 96, true, HS, 2),
    row(5, 576, 96, true, HS, 1),
    row(5, 576, 96, true, HS, 1),
];

/// The blocks, and the width of the classifier's hidden layer.
fn layout(name: &str) -> (&'static [Row], i64) {
    if name == "mobilenet_v3_small" {
        (&SMALL, 1024)
    } else {
        (&LARGE, 1280)
    }
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOut),
        Init::zero_bias(WeightInit::Normal(0.01)),
    );
    let (rows, hidden) = layout(name);
    let mut segments = Vec::new();
    let mut stages: Vec<Stage> = vec![Stage::new("Stem", ["features.0"])];
    let mut inputs = 16;
    let mut features = 0;
    builder.container("features", "Sequential", |builder, _| {
        segments.push(Segment::build(builder, |builder| {
            let stem = ConvSpec::new(3, inputs, 3, 2);
            ConvNormActivation::new(builder, "0", stem, EPS, Some(HS))
        })?);
        for row in rows {
            let name = segments.len().to_string();
            let path = format!("features.{name}");
            // A stage is what has one size of grid.
            match stages.last_mut() {
                Some(stage) if row.stride == 1 && segments.len() > 1 => stage.paths.push(path),
                _ => stages.push(Stage::new(format!("Stage {}", stages.len()), [path])),
            }
            segments.push(Segment::build(builder, |builder| {
                builder.container(&name, "InvertedResidual", |builder, module| {
                    inverted_residual(builder, module, inputs, *row)
                })
            })?);
            inputs = row.outputs;
        }
        features = 6 * inputs;
        let name = segments.len().to_string();
        stages.push(Stage::new(
            "Final convolution",
            [format!("features.{name}")],
        ));
        segments.push(Segment::build(builder, |builder| {
            let last = ConvSpec::new(inputs, features, 1, 1);
            ConvNormActivation::new(builder, &name, last, EPS, Some(HS))
        })?);
        Ok(())
    })?;
    let classifier = Classifier {
        steps: vec![
            ClassifierStep::Pool(1),
            classifier::linear(builder, "classifier.0", features, hidden)?,
            ClassifierStep::Activation(HS),
            classifier::linear(builder, "classifier.3", hidden, 1000)?,
        ],
    };
    Ok(Parts {
        kind: "MobileNetV3",
        segments,
        stages,
        classifier,
        features,
    })
}

fn inverted_residual(
    builder: &mut Builder,
    module: usize,
    inputs: i64,
    row: Row,
) -> Result<InvertedResidual, ModelError> {
    builder.container("block", "Sequential", |builder, _| {
        let activation = Some(row.activation);
        let mut place = 0;
        let mut next = || {
            place += 1;
            (place - 1).to_string()
        };
        let mut hidden = Vec::new();
        if row.expanded != inputs {
            let expand = ConvSpec::new(inputs, row.expanded, 1, 1);
            hidden.push(ConvNormActivation::new(
                builder,
                &next(),
                expand,
                EPS,
                activation,
            )?);
        }
        let depthwise = ConvSpec::depthwise(row.expanded, row.kernel, row.stride);
        hidden.push(ConvNormActivation::new(
            builder,
            &next(),
            depthwise,
            EPS,
            activation,
        )?);
        let squeeze = if row.squeezes {
            let widths = (row.expanded, divisible_by_8((row.expanded / 4) as f64));
            let kinds = (RE, ActivationKind::Hardsigmoid);
            Some(SqueezeExcitation::new(builder, &next(), widths, kinds)?)
        } else {
            None
        };
        let project = ConvSpec::new(row.expanded, row.outputs, 1, 1);
        let project = ConvNormActivation::new(builder, &next(), project, EPS, None)?;
        Ok(InvertedResidual {
            module,
            hidden,
            squeeze,
            project: Some(Projection::Module(project)),
            stochastic_depth: None,
            residual: row.stride == 1 && inputs == row.outputs,
        })
    })
}
