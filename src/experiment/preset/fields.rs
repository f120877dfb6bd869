//! All fields of an experiment, by the paths under which [`super::set_field`] sets them.

use super::reader::parse;
use super::syntax::{Kind, Node, Step, path_text};
use super::without_version;
use crate::experiment::Experiment;

/// A field of a preset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetField {
    /// `phases[0].learning_rate`
    pub path: String,
    /// As a preset has it: `0.001`, `"resnet18"`, `Dropout(0.5)`.
    pub value: String,
}

/// Every field of `experiment` that can be set by its path, in the order of a preset. What has fields of its own, as an optimizer
/// has, is listed as a whole and with its fields; a list with its items. Sections are not listed.
pub fn fields(experiment: &Experiment) -> Vec<PresetField> {
    let text = without_version(&super::to_text(experiment));
    let mut found = Vec::new();
    if let Ok(tree) = parse(&text) {
        walk(&text, &tree, &mut Vec::new(), &mut found);
    }
    found
}

fn walk(text: &str, node: &Node, path: &mut Vec<Step>, found: &mut Vec<PresetField>) {
    // A section, and a phase, is no value.
    let is_section = matches!(&node.kind, Kind::Struct { name, .. } if name.is_empty());
    let is_list_of_sections = matches!(&node.kind, Kind::List { items }
        if items.iter().any(|item| matches!(&item.kind, Kind::Struct { name, .. } if name.is_empty())));
    if !is_section && !is_list_of_sections && !path.is_empty() {
        let value = node.source(text).split_whitespace();
        found.push(PresetField {
            path: path_text(path),
            value: value.collect::<Vec<_>>().join(" "),
        });
    }
    match &node.kind {
        Kind::Struct { fields, .. } => {
            for field in fields {
                path.push(Step::Name(field.name.clone()));
                walk(text, &field.value, path, found);
                path.pop();
            }
        }
        Kind::List { items } => {
            for (index, item) in items.iter().enumerate() {
                if matches!(item.kind, Kind::Struct { .. } | Kind::Tuple { .. }) {
                    path.push(Step::Index(index));
                    walk(text, item, path, found);
                    path.pop();
                }
            }
        }
        Kind::Scalar | Kind::Tuple { .. } | Kind::Map => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::set_field;
    use super::*;

    #[test]
    fn every_listed_field_can_be_set_to_what_it_is() {
        let experiment = Experiment::default();
        let found = fields(&experiment);
        for field in &found {
            let mut same = experiment.clone();
            let set = set_field(&mut same, &format!("{}={}", field.path, field.value));
            assert_eq!(set, Ok(()), "{field:?}");
            assert_eq!(same, experiment, "{field:?}");
        }
        let value = |path: &str| {
            let field = found.iter().find(|field| field.path == path);
            field.map(|field| field.value.as_str())
        };
        assert_eq!(value("phases[0].learning_rate"), Some("0.001"));
        assert_eq!(value("phases[0].optimizer.weight_decay"), Some("0.0"));
        assert!(value("phases[0].optimizer").is_some_and(|whole| whole.starts_with("Adam(")));
        assert_eq!(value("head.layers[1]"), Some("Dropout(0.5)"));
        assert_eq!(value("head.layers[0].units"), Some("128"));
        assert_eq!(value("backbone.name"), Some("\"efficientnet_lite0\""));
        assert_eq!(value("phases"), None);
        assert_eq!(value("data.split"), None);
    }
}
