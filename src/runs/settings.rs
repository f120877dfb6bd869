//! What differs between experiments, field by field.

mod words;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::experiment::Experiment;

pub(super) use words::phase;
pub use words::{freeze_plan, label};

/// One setting that is not the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `Phase 2, learning rate`, in the panels' words.
    pub label: String,
    /// One per experiment, for people; `–` where an experiment has no such setting.
    pub values: Vec<String>,
    /// `phases[1].learning_rate`, as in the preset.
    pub field: String,
    /// One per experiment, as a preset would write it; `–` where an experiment has no such field.
    pub preset_values: Vec<String>,
}

/// The settings in which `experiments` differ, in the order of a preset. Names and notes don't count.
pub fn differences(experiments: &[Experiment]) -> Vec<Difference> {
    let columns: Vec<Vec<(String, Value)>> = experiments
        .iter()
        .map(|experiment| {
            let mut fields = Vec::new();
            if let Ok(value) = serde_json::to_value(experiment) {
                flatten("", value, &mut fields);
            }
            fields
        })
        .collect();
    // In the order of the first experiment that has a field, so phases stay in order.
    let mut seen = BTreeSet::new();
    let fields: Vec<&String> = columns
        .iter()
        .flatten()
        .map(|(field, _)| field)
        .filter(|field| seen.insert(field.as_str()))
        .collect();
    let mut differences: Vec<Difference> = fields
        .into_iter()
        .filter(|field| !matches!(field.as_str(), "name" | "notes"))
        .filter_map(|field| {
            let values: Vec<Option<&Value>> = columns
                .iter()
                .map(|column| Some(&column.iter().find(|(name, _)| name == field)?.1))
                .collect();
            difference(field, &values)
        })
        .collect();
    // Equal in everything before its index, a field of the second phase belongs behind the first's.
    differences.sort_by_key(|difference| section(&difference.field));
    differences
}

/// Every setting of an experiment, in the order of its fields: the field in a preset, its label and its value in the panels'
/// words.
pub(super) fn in_words(experiment: &Experiment) -> Vec<(String, String, String)> {
    let mut fields = Vec::new();
    if let Ok(value) = serde_json::to_value(experiment) {
        flatten("", value, &mut fields);
    }
    (fields.into_iter())
        .map(|(field, value)| {
            let (label, value) = (words::label(&field), words::value(&field, &value));
            (field, label, value)
        })
        .collect()
}

/// Nothing where all `values` are the same.
fn difference(field: &str, values: &[Option<&Value>]) -> Option<Difference> {
    let written = |write: &dyn Fn(&Value) -> String| -> Vec<String> {
        values
            .iter()
            .map(|value| value.map_or_else(|| "–".to_owned(), write))
            .collect()
    };
    let is_distinct = |values: &[String]| values.iter().collect::<BTreeSet<_>>().len();
    let preset_values = written(&text);
    if is_distinct(&preset_values) < 2 {
        return None;
    }
    let worded = written(&|value| words::value(field, value));
    Some(Difference {
        label: words::label(field),
        // Words round and count: where two settings would look alike, they are said as a preset has them.
        values: if is_distinct(&worded) == is_distinct(&preset_values) {
            worded
        } else {
            preset_values.clone()
        },
        field: field.to_owned(),
        preset_values,
    })
}

/// The position of a field's section in a preset.
fn section(field: &str) -> usize {
    const ORDER: [&str; 7] = [
        "seed",
        "data",
        "backbone",
        "head",
        "augmentation",
        "training",
        "phases",
    ];
    ORDER
        .iter()
        .position(|name| field.starts_with(name))
        .unwrap_or(ORDER.len())
}

/// Plain fields and lists of structures open up; what a preset would write in one word stays whole.
fn flatten(path: &str, value: Value, out: &mut Vec<(String, Value)>) {
    let opens = |item: &Value| item.as_object().is_some_and(|fields| !is_variant(fields));
    match value {
        Value::Object(fields) if !is_variant(&fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() {
                    name
                } else {
                    format!("{path}.{name}")
                };
                flatten(&path, field, out);
            }
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(opens) => {
            for (index, item) in items.into_iter().enumerate() {
                flatten(&format!("{path}[{index}]"), item, out);
            }
        }
        value => out.push((path.to_owned(), value)),
    }
}

/// Whether this is an enum's variant with content: `{"Adam": {…}}`.
fn is_variant(fields: &Map<String, Value>) -> bool {
    fields.len() == 1
        && fields
            .keys()
            .all(|name| name.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

/// A value much as RON would write it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(text).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(fields) if is_variant(fields) => fields
            .iter()
            // A preset calls both kinds of weight files by one name: see `experiment/preset/layout.rs`.
            .map(|(name, content)| (if name == "Part" { "File" } else { name }, content))
            .map(|(name, content)| match content {
                Value::Object(_) => format!("{name}{}", text(content)),
                Value::Array(items) if items.is_empty() => format!("{name}([])"),
                _ => format!("{name}({})", text(content)),
            })
            .collect(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, field)| format!("{name}: {}", text(field)))
                .collect();
            format!("({})", fields.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{FreezePlan, Optimizer, Phase, WeightsSource};

    #[test]
    fn a_weight_file_is_named_as_in_a_preset() {
        let mut first = Experiment::default();
        first.backbone.weights = WeightsSource::File("a.pth".into());
        let mut second = first.clone();
        second.backbone.weights = WeightsSource::in_file("a.pth".into(), Some("teacher".into()));
        let found = differences(&[first, second]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].field, "backbone.weights");
        assert_eq!(
            found[0].preset_values,
            ["File(a.pth)", "File(key: teacher, path: a.pth)"]
        );
        assert_eq!(found[0].label, "Weights");
        assert_eq!(found[0].values, ["a.pth", "a.pth, network teacher"]);
    }

    #[test]
    fn only_what_differs_is_listed() {
        let first = Experiment::default();
        let mut second = first.clone();
        second.name = "Fine-tuning".into();
        second.seed = 7;
        second.training.batch_size = 64;
        second.phases[0].epochs = 5;
        second.phases[0].optimizer = Optimizer::sgd();
        second.phases.push(Phase {
            freeze: FreezePlan::AllButLast(20),
            epochs: 10,
            ..Phase::default()
        });
        let found = differences(&[first.clone(), second]);
        let of = |field: &str| {
            found
                .iter()
                .find(|difference| difference.field == field)
                .map(|difference| difference.preset_values.join(" / "))
        };
        assert_eq!(of("seed").as_deref(), Some("42 / 7"));
        assert_eq!(of("training.batch_size").as_deref(), Some("32 / 64"));
        assert_eq!(of("phases[0].epochs").as_deref(), Some("10 / 5"));
        assert_eq!(
            of("phases[1].freeze").as_deref(),
            Some("– / AllButLast(20)")
        );
        let optimizer = of("phases[0].optimizer").unwrap_or_default();
        assert!(
            optimizer.starts_with("Adam(") && optimizer.contains(" / Sgd("),
            "{optimizer}"
        );
        let said = |label: &str| {
            let mut found = found.iter();
            let difference = found.find(|difference| difference.label == label);
            difference.map(|difference| difference.values.join(" / "))
        };
        for (label, expected) in [
            ("Seed", "42 / 7"),
            ("Batch size", "32 / 64"),
            ("Phase 1, epochs", "10 / 5"),
            ("Phase 1, optimizer", "Adam / SGD, momentum 0.9"),
            ("Phase 2, frozen", "– / All but the last 20 layers frozen"),
            ("Phase 2, learning rate", "– / 0.001"),
        ] {
            assert_eq!(said(label).as_deref(), Some(expected), "{label}");
        }
        assert_eq!(of("name"), None);
        assert_eq!(of("data.split.test"), None);
        assert_eq!(found[0].field, "seed");
        assert!(differences(&[first.clone(), first]).is_empty());
    }

    #[test]
    fn words_that_would_hide_a_difference_are_not_used() {
        let mut first = Experiment::default();
        first.phases[0].freeze = FreezePlan::Custom(vec!["layer1".into()]);
        first.augmentation.zoom = 0.1;
        let mut second = first.clone();
        second.phases[0].freeze = FreezePlan::Custom(vec!["layer2".into()]);
        second.augmentation.zoom = 0.100_001;
        let found = differences(&[first, second]);
        for difference in &found {
            assert_ne!(difference.values[0], difference.values[1], "{difference:?}");
        }
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_field_within_another_is_called_after_both() {
        for (field, expected) in [
            ("phases[1].learning_rate", "Phase 2, learning rate"),
            (
                "phases[0].optimizer.weight_decay",
                "Phase 1, optimizer, weight decay",
            ),
            ("phases[0].freeze", "Phase 1, frozen"),
            ("head.layers[1]", "Head layer 2"),
            ("head.layers[0].units", "Head layer 1, units"),
            ("head.layers", "Head layers"),
        ] {
            assert_eq!(label(field), expected);
        }
    }

    /// Whatever field a later version adds, its path and its value are words here already.
    #[test]
    fn every_setting_has_a_label_of_its_own_and_no_internal_name() {
        let mut fields = Vec::new();
        flatten(
            "",
            serde_json::to_value(Experiment::default()).unwrap(),
            &mut fields,
        );
        let mut labels = BTreeSet::new();
        for (field, value) in &fields {
            let (label, value) = (words::label(field), words::value(field, value));
            for text in [&label, &value] {
                let is_internal = text.contains('_') && !text.contains("efficientnet_lite0");
                assert!(
                    !is_internal && !text.contains(['[', '(', '{']),
                    "{field}: {text}"
                );
            }
            assert!(label.starts_with(char::is_uppercase), "{field}: {label}");
            assert!(labels.insert(label), "{field}: twice");
        }
    }
}
