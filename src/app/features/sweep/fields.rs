//! The fields of the base that can vary: what they are called, and which values suggest themselves.

use crate::experiment::preset::PresetField;
use crate::models::catalogue;
use crate::runs::settings::label;

/// A field that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChoice {
    pub path: String,
    /// “Phase 2, learning rate”
    pub label: String,
    /// What the panels at the left call it, where that is something else.
    pub panel: Option<&'static str>,
    /// As a preset has it.
    pub value: String,
}

/// A value that suggests itself for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// As a preset has it.
    pub value: String,
    /// What it means, where the value does not say it.
    pub title: String,
}

/// The fields among `fields` that a sweep may vary, without those in `taken`.
pub fn choices(fields: &[PresetField], taken: &[String]) -> Vec<FieldChoice> {
    (fields.iter())
        .filter(|field| may_vary(&field.path) && !taken.contains(&field.path))
        .map(|field| FieldChoice {
            label: label(&field.path),
            panel: panel_name(&field.path, &field.value),
            path: field.path.clone(),
            value: field.value.clone(),
        })
        .collect()
}

/// What the panels call a field of this value, where its label has other words.
fn panel_name(path: &str, value: &str) -> Option<&'static str> {
    let own = path.rsplit('.').next().unwrap_or(path);
    Some(match own {
        "limit" => "Limit the training pictures",
        "stages" => "Features from",
        "color_jitter" => "Colour jitter",
        "micro_batch" => "Micro-batch size",
        "precision" => "Precision",
        "min_delta" => "Minimum change",
        "freeze" => "Frozen layers",
        "warmup_epochs" => "Warm-up epochs",
        "layer_rates" => "Layer rates",
        "beta1" => "Beta 1",
        "beta2" => "Beta 2",
        _ if own.starts_with("layers[") && value.starts_with("Dropout") => "Dropout",
        _ if own.starts_with("layers[") && value.starts_with("Dense") => "Dense",
        _ if own.starts_with("layers[") && value.starts_with("BatchNorm") => "BatchNorm",
        _ => return None,
    })
}

/// Names change nothing that is trained, seeds have a field of their own, and other pictures would be another question.
fn may_vary(path: &str) -> bool {
    let is_name = path == "name" || path == "notes" || path.ends_with("].name");
    let is_data = path.starts_with("data.source")
        || matches!(path, "data.classes" | "data.exclude")
        || path.starts_with("data.split.");
    !is_name && !is_data && path != "seed"
}

/// Values that suggest themselves for a field. `stages`: the layers of the backbone that can be named.
pub fn suggestions(path: &str, now: &str, stages: &[String]) -> Vec<Suggestion> {
    let plain = |values: &[&str]| -> Vec<Suggestion> {
        let suggestion = |value: &&str| Suggestion {
            value: (*value).to_owned(),
            title: String::new(),
        };
        values.iter().map(suggestion).collect()
    };
    let own = path.rsplit('.').next().unwrap_or(path);
    if matches!(now, "true" | "false") {
        return plain(&["false", "true"]);
    }
    match own {
        "name" if path == "backbone.name" => (catalogue::architectures().iter())
            .map(|info| Suggestion {
                value: format!("\"{}\"", info.name),
                title: info.title.to_owned(),
            })
            .collect(),
        "freeze" => {
            let mut all = plain(&["Backbone", "Nothing", "AllButLast(20)"]);
            all.extend(stages.iter().map(|stage| Suggestion {
                value: format!("Below(\"{}\")", stage.escape_default()),
                title: format!("frozen below {stage}"),
            }));
            all
        }
        // Not logistic regression, which needs other settings beside it.
        "optimizer" => plain(&["Adam()", "AdamW()", "Sgd(momentum: 0.9)", "RmsProp()"]),
        "c" if path.ends_with(".optimizer.c") => plain(&["None", "0.01", "0.1", "1", "10"]),
        "schedule" => plain(&[
            "Constant",
            "Cosine()",
            "OneCycle()",
            "Step(every_epochs: 5, factor: 0.1)",
        ]),
        "layer_rates" => plain(&["Uniform", "ByDepth(lowest: 0.1)", "Backbone(0.1)"]),
        "pooling" => plain(&["Average", "Max", "AverageMax"]),
        "views" => plain(&["Fresh", "Cached(4)", "Cached(8)"]),
        "mixup" => plain(&["0", "0.1", "0.2", "0.4", "0.8"]),
        "cutmix" => plain(&["0", "0.5", "1"]),
        "test_views" => plain(&["Single", "Flips", "FlipsAndTurns"]),
        "monitor" => plain(&["ValidationLoss", "ValidationAccuracy", "ValidationMacroF1"]),
        "keep" => plain(&["Best", "Last"]),
        "class_weights" => plain(&["Equal", "Balanced"]),
        "frozen_norm" => plain(&["Inference", "AdaptStatistics", "Train"]),
        "trained_norm" => plain(&["Train", "Inference"]),
        "fit" => plain(&["CenterCrop", "Squash", "Pad"]),
        "early_stopping" => plain(&["None", "Some((patience: 5))"]),
        "weight_averaging" => plain(&["None", "Some(0.99)", "Some(0.999)"]),
        "activation" => plain(&["Relu", "Gelu", "Silu", "Tanh"]),
        "input_size" => plain(&["None", "Some(160)", "Some(192)", "Some(224)", "Some(256)"]),
        "batch_size" => plain(&["8", "16", "32", "64", "128"]),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, preset};

    #[test]
    fn every_suggestion_is_a_value_of_its_field() {
        let mut experiment = Experiment::default();
        experiment.training.early_stopping = None;
        let fields = preset::fields(&experiment);
        let mut seen = 0;
        for choice in choices(&fields, &[]) {
            for suggestion in suggestions(&choice.path, &choice.value, &["blocks.3".into()]) {
                let mut changed = experiment.clone();
                let line = format!("{}={}", choice.path, suggestion.value);
                assert_eq!(preset::set_field(&mut changed, &line), Ok(()), "{line}");
                seen += 1;
            }
        }
        assert!(seen > 50, "{seen}");
    }

    /// The names are those of controls, as `tests/manual.rs` has it of the manual.
    #[test]
    fn fields_are_known_by_what_the_panels_call_them() {
        let mut experiment = Experiment::default();
        experiment.training.early_stopping = Some(Default::default());
        let all = choices(&preset::fields(&experiment), &[]);
        let panel = |path: &str| {
            let found = all.iter().find(|choice| choice.path == path);
            found.unwrap_or_else(|| panic!("{path}")).panel
        };
        assert_eq!(panel("phases[0].layer_rates"), Some("Layer rates"));
        assert_eq!(panel("phases[0].optimizer.beta1"), Some("Beta 1"));
        assert_eq!(panel("training.batch_size"), None);
        let dropout = all
            .iter()
            .find(|choice| choice.value.starts_with("Dropout"));
        assert_eq!(dropout.and_then(|choice| choice.panel), Some("Dropout"));
    }

    #[test]
    fn what_trains_nothing_else_can_not_be_chosen() {
        let fields = preset::fields(&Experiment::default());
        let all = choices(&fields, &[]);
        let has = |path: &str| all.iter().any(|choice| choice.path == path);
        for path in [
            "phases[0].learning_rate",
            "training.batch_size",
            "head.layers",
            "backbone.name",
        ] {
            assert!(has(path), "{path}");
        }
        for path in [
            "name",
            "seed",
            "phases[0].name",
            "data.source",
            "data.split.test",
        ] {
            assert!(!has(path), "{path}");
        }
        let taken = choices(&fields, &["training.batch_size".into()]);
        assert_eq!(taken.len() + 1, all.len());
        let rate = all
            .iter()
            .find(|choice| choice.path == "phases[0].learning_rate");
        assert_eq!(
            rate.map(|rate| rate.label.as_str()),
            Some("Phase 1, learning rate")
        );
    }
}
