//! The layers of a head, from the backbone's features to the probabilities.

use crate::experiment::{Activation, HeadConfig, HeadLayer, OutputLayer, Pooling};
use crate::models::tree::LayerTree;

/// One line of the diagram: what it is, the length of its output, its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub title: String,
    pub outputs: Option<u64>,
    pub parameters: u64,
}

/// The head's parameters on the backbone of `tree`.
pub fn parameters(head: &HeadConfig, tree: &LayerTree, classes: usize) -> u64 {
    let features = tree.head_features(head.stages).unsigned_abs();
    steps(head, Some(features), Some(classes))
        .iter()
        .map(|step| step.parameters)
        .sum()
}

/// The diagram of a head; lengths that depend on unknown features or classes are absent.
pub fn steps(head: &HeadConfig, features: Option<u64>, classes: Option<usize>) -> Vec<Step> {
    let (pooling, factor) = match head.pooling {
        Pooling::Average => ("Average pooling", 1),
        Pooling::Max => ("Max pooling", 1),
        Pooling::AverageMax => ("Max and average pooling", 2),
    };
    let title = match head.stages {
        1 => pooling.to_owned(),
        stages => {
            let stages = crate::format::plural(stages.into(), "stage", "stages");
            format!("{pooling} of {stages}")
        }
    };
    let mut width = features.map(|features| features * factor);
    let mut steps = vec![Step {
        title,
        outputs: width,
        parameters: 0,
    }];
    for layer in &head.layers {
        let step = match layer {
            HeadLayer::Dense { units, activation } => {
                let units = u64::from(*units);
                let parameters = width.map_or(0, |width| width * units + units);
                width = Some(units);
                Step {
                    title: format!("Dense, {}", activation_title(*activation)),
                    outputs: width,
                    parameters,
                }
            }
            HeadLayer::BatchNorm => Step {
                title: "BatchNorm".into(),
                outputs: width,
                parameters: width.map_or(0, |width| 2 * width),
            },
            HeadLayer::Dropout(share) => Step {
                title: format!("Dropout {:.0} %", share * 100.0),
                outputs: width,
                parameters: 0,
            },
        };
        steps.push(step);
    }
    let (title, outputs) = match head.output {
        OutputLayer::Softmax => ("Softmax", classes.map(|classes| classes as u64)),
        OutputLayer::Sigmoid => ("Sigmoid", Some(1)),
    };
    let parameters = match (width, outputs) {
        (Some(width), Some(outputs)) => width * outputs + outputs,
        _ => 0,
    };
    steps.push(Step {
        title: title.into(),
        outputs,
        parameters,
    });
    steps
}

pub fn activation_title(activation: Activation) -> &'static str {
    match activation {
        Activation::Relu => "ReLU",
        Activation::Gelu => "GELU",
        Activation::Silu => "SiLU",
        Activation::Tanh => "tanh",
        Activation::Linear => "linear",
    }
}
