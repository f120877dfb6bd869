//! What a file says of itself beside what every export says (`Described::metadata`): `metadata_props`, words by keys.

use std::collections::BTreeMap;

use serde_json::json;

use super::{IMAGES, INPUT, Input, Numbers, Options, PROBABILITIES};
use crate::experiment::{OutputLayer, WeightsSource};
use crate::export::described::Described;
use crate::models::{catalogue, weights};
use crate::runs::Digests;
use crate::training::inference::Classifier;

/// But for how the file did in its trial.
pub(super) fn metadata(
    described: &Described,
    classifier: &Classifier,
    options: &Options,
) -> BTreeMap<String, String> {
    let mut all = described.metadata();
    let mut add = |key: &str, value: String| {
        all.insert(key.to_owned(), value);
    };
    let side = described.square.side;
    add(
        "input",
        match options.input {
            Input::Pictures => {
                format!(
                    "{IMAGES}: uint8 [N, H, W, 3], decoded RGB pictures of any size, all of a batch of one size"
                )
            }
            Input::Tensor => format!(
                "{INPUT}: float32 [N, 3, {side}, {side}], RGB squares that are resized and normalised as “preprocessing” says"
            ),
        },
    );
    let last = match described.experiment.head.output {
        OutputLayer::Softmax => "softmax",
        OutputLayer::Sigmoid => "sigmoid, as the probabilities of both classes",
    };
    let output = json!({
        "name": PROBABILITIES,
        "last_layer": last,
        "mean_of_views": classifier.views(),
        "temperature": described.decision.temperature,
    });
    add("output", output.to_string());
    add("numbers", numbers(options.numbers).into());
    if let Some(accuracy) = described.run.summary.accuracy()
        && let Some(interval) = accuracy.interval
    {
        let ends = json!([interval.low, interval.high]);
        add("test_accuracy_interval_95", ends.to_string());
        add("test_accuracy_interval_method", accuracy.method.title());
    }
    if let Some(sha256) = &described.checkpoint {
        add("run_weights_sha256", sha256.clone());
    }
    if let Some(sha256) = pretrained_sha256(described) {
        add("weights_sha256", sha256);
    }
    all
}

/// Of the file that the backbone's weights came from, or how its published hash begins.
fn pretrained_sha256(described: &Described) -> Option<String> {
    let backbone = &described.experiment.backbone;
    match &backbone.weights {
        WeightsSource::Random => None,
        WeightsSource::File(_) | WeightsSource::Part { .. } => {
            Some(Digests::read(&described.run.folder)?.weights?.sha256)
        }
        source @ (WeightsSource::Pretrained | WeightsSource::Named(_)) => {
            let chosen = weights::chosen(catalogue::find(&backbone.name)?, source).ok()?;
            let sha256 = chosen.sha256_prefix;
            (!sha256.is_empty()).then(|| sha256.to_owned())
        }
    }
}

fn numbers(numbers: Numbers) -> &'static str {
    match numbers {
        Numbers::Float32 => "float32",
        Numbers::Float16 => "float16; preprocessing and probabilities in float32",
        Numbers::Int8Weights => {
            "int8 weights with a scale for each output channel, computed in float32"
        }
    }
}
