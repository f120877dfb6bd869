//! What differs between experiments, field by field.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::experiment::Experiment;

/// One setting that is not the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `phases[1].learning_rate`, as in the preset.
    pub field: String,
    /// One per experiment, as a preset would write it; `–` where an experiment has no such field.
    pub values: Vec<String>,
}

/// The settings in which `experiments` differ, in the order of a preset. Names and notes don't count.
pub fn differences(experiments: &[Experiment]) -> Vec<Difference> {
    let columns: Vec<Vec<(String, String)>> = experiments.iter().map(fields).collect();
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
        .map(|field| Difference {
            field: field.clone(),
            values: columns
                .iter()
                .map(|column| {
                    column
                        .iter()
                        .find(|(name, _)| name == field)
                        .map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
                })
                .collect(),
        })
        .filter(|difference| {
            difference
                .values
                .iter()
                .any(|value| *value != difference.values[0])
        })
        .collect();
    // Equal in everything before its index, a field of the second phase belongs behind the first's.
    differences.sort_by_key(|difference| section(&difference.field));
    differences
}

/// Every field of an experiment with its value, as a preset would write it, in the order of a preset.
pub(super) fn fields(experiment: &Experiment) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    if let Ok(value) = serde_json::to_value(experiment) {
        flatten("", &value, &mut fields);
    }
    fields
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
fn flatten(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !is_variant(value) => {
            for (name, field) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(&path, field, out);
            }
        }
        Value::Array(items)
            if !items.is_empty()
                && items
                    .iter()
                    .all(|item| item.is_object() && !is_variant(item)) =>
        {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), item, out);
            }
        }
        _ => out.push((path.to_owned(), text(value))),
    }
}

/// Whether this is an enum's variant with content: `{"Adam": {…}}`.
fn is_variant(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| {
        fields.len() == 1
            && fields
                .keys()
                .all(|name| name.starts_with(|letter: char| letter.is_ascii_uppercase()))
    })
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
        Value::Object(fields) if is_variant(value) => fields
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
            found[0].values,
            ["File(a.pth)", "File(key: teacher, path: a.pth)"]
        );
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
                .map(|d| d.values.join(" / "))
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
        assert_eq!(of("name"), None);
        assert_eq!(of("data.split.test"), None);
        assert_eq!(found[0].field, "seed");
        assert!(differences(&[first.clone(), first]).is_empty());
    }
}
