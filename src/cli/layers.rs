//! `graft layers`: a backbone's layer tree.

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::output;
use super::table::{Align, table};
use crate::experiment::FreezePlan;
use crate::format;
use crate::models::freeze::frozen_leaves;
use crate::models::tree::{LayerNode, LayerTree};
use crate::models::{self, ModelError, device};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A name from `graft backbones`
    name: String,
    /// Side of the input square in pixels, for the shapes; the weights' own unless given
    #[arg(long, value_name = "PIXELS")]
    size: Option<u32>,
    /// Show what stays frozen: Backbone, Nothing, AllButLast(20), Below(layer4) or Custom([conv1, layer1])
    #[arg(long, value_name = "PLAN", value_parser = parse_plan)]
    freeze: Option<FreezePlan>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn layers(arguments: &Arguments) -> anyhow::Result<()> {
    let info = models::backbone_info(&arguments.name)?;
    let size = arguments.size.unwrap_or(info.default_weights().input_size);
    let (least, most) = info.input_range;
    if !(least..=most).contains(&size) {
        bail!(ModelError::InputSize {
            backbone: info.title.to_owned(),
            asked: size,
            least,
            most
        });
    }
    device::discover();
    let tree = models::outline(&arguments.name, size)?;
    let frozen = arguments
        .freeze
        .as_ref()
        .map(|plan| frozen_leaves(plan, &tree))
        .transpose()?;
    if arguments.json {
        return output::print_json(&as_json(&tree, frozen.as_deref()));
    }
    output::print(&as_text(&tree, frozen.as_deref()))
}

/// A freeze plan as a shell likes it: RON without the quotation marks.
fn parse_plan(text: &str) -> Result<FreezePlan, String> {
    let text: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '"')
        .collect();
    let (word, content) = match text.split_once('(') {
        Some((word, rest)) => (word, rest.strip_suffix(')')),
        None => (text.as_str(), None),
    };
    match (word, content) {
        ("Backbone", None) => Ok(FreezePlan::Backbone),
        ("Nothing", None) => Ok(FreezePlan::Nothing),
        ("AllButLast", Some(count)) => count
            .parse()
            .map(FreezePlan::AllButLast)
            .map_err(|_| format!("“{count}” is no number of layers")),
        ("Below", Some(path)) if !path.is_empty() => Ok(FreezePlan::Below(path.to_owned())),
        ("Custom", Some(list)) => {
            let list = list
                .strip_prefix('[')
                .and_then(|list| list.strip_suffix(']'))
                .unwrap_or(list);
            Ok(FreezePlan::Custom(
                list.split(',')
                    .filter(|path| !path.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ))
        }
        _ => Err(
            "write Backbone, Nothing, AllButLast(20), Below(layer4) or Custom([conv1, layer1])"
                .to_owned(),
        ),
    }
}

/// Parameters that learn under a plan, and those that stay.
fn totals(tree: &LayerTree, frozen: &[bool]) -> (u64, u64) {
    let leaves = tree.leaves();
    let stay: u64 = leaves
        .iter()
        .zip(frozen)
        .filter(|(_, frozen)| **frozen)
        .map(|(leaf, _)| leaf.parameters)
        .sum();
    (tree.root.parameters.saturating_sub(stay), stay)
}

fn as_json(tree: &LayerTree, frozen: Option<&[bool]>) -> serde_json::Value {
    let mut document = json!({
        "backbone": tree.backbone,
        "input_size": tree.input_size,
        "features": tree.features,
        "parameters": tree.root.parameters,
        "classifier_parameters": tree.classifier_parameters,
        "multiply_adds": tree.root.multiply_adds,
        "leaves": tree.leaves().len(),
        "stages": tree.stages,
        "root": tree.root,
    });
    if let Some(frozen) = frozen {
        let (learn, stay) = totals(tree, frozen);
        let paths: Vec<&str> = tree
            .leaves()
            .iter()
            .zip(frozen)
            .filter(|(_, frozen)| **frozen)
            .map(|(leaf, _)| leaf.path.as_str())
            .collect();
        document["frozen"] = json!(paths);
        document["trainable_parameters"] = json!(learn);
        document["frozen_parameters"] = json!(stay);
    }
    document
}

fn as_text(tree: &LayerTree, frozen: Option<&[bool]>) -> String {
    let mut rows = Vec::new();
    let mut leaf = 0;
    for child in &tree.root.children {
        add_rows(child, 0, frozen, &mut leaf, &mut rows);
    }
    let mut header = vec![
        ("layer", Align::Left),
        ("kind", Align::Left),
        ("", Align::Left),
        ("output", Align::Right),
        ("parameters", Align::Right),
    ];
    if frozen.is_some() {
        header.push(("state", Align::Left));
    }
    let mut text = table(&header, &rows);
    text.push_str(&format!(
        "\n{} at {} x {} pixels: {} parameters in {} layers, {} features, {} multiply-adds a picture\n",
        tree.backbone,
        tree.input_size,
        tree.input_size,
        format::thousands(tree.root.parameters),
        format::thousands(tree.leaves().len() as u64),
        format::thousands(tree.features.unsigned_abs()),
        format::magnitude(tree.root.multiply_adds),
    ));
    text.push_str(&match tree.classifier_parameters {
        0 => "It has no classifier of its own: a new head stands on its features.\n".to_owned(),
        more => format!(
            "Its own classifier, which a new head replaces, has {} parameters more.\n",
            format::thousands(more)
        ),
    });
    if let Some(frozen) = frozen {
        let (learn, stay) = totals(tree, frozen);
        let share = if learn + stay == 0 {
            0.0
        } else {
            learn as f64 / (learn + stay) as f64
        };
        text.push_str(&format!(
            "{} parameters learn ({}), {} are frozen.\n",
            format::thousands(learn),
            format::percent(share),
            format::thousands(stay),
        ));
    }
    text
}

/// A node and all inside it, each level two spaces further in. `leaf` counts leaves from the top.
fn add_rows(
    node: &LayerNode,
    depth: usize,
    frozen: Option<&[bool]>,
    leaf: &mut usize,
    rows: &mut Vec<Vec<String>>,
) {
    let row = rows.len();
    let shape: Vec<String> = node.output_shape.iter().map(i64::to_string).collect();
    rows.push(vec![
        format!("{}{}", "  ".repeat(depth), node.name),
        node.kind.clone(),
        node.detail.clone(),
        shape.join(" × "),
        if node.parameters == 0 {
            String::new()
        } else {
            format::thousands(node.parameters)
        },
    ]);
    let first = *leaf;
    if node.children.is_empty() {
        *leaf += 1;
    }
    for child in &node.children {
        add_rows(child, depth + 1, frozen, leaf, rows);
    }
    if let Some(frozen) = frozen {
        let within = frozen.get(first..*leaf).unwrap_or_default();
        let state = match within.iter().filter(|frozen| **frozen).count() {
            0 => "learns",
            count if count == within.len() => "frozen",
            _ => "partly frozen",
        };
        rows[row].push(state.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_as_a_shell_passes_them() {
        for (text, expected) in [
            ("Backbone", Ok(FreezePlan::Backbone)),
            ("AllButLast(20)", Ok(FreezePlan::AllButLast(20))),
            ("Below(\"layer4\")", Ok(FreezePlan::Below("layer4".into()))),
            ("Below(layer3.0)", Ok(FreezePlan::Below("layer3.0".into()))),
            (
                "Custom([conv1, layer1])",
                Ok(FreezePlan::Custom(vec!["conv1".into(), "layer1".into()])),
            ),
        ] {
            assert_eq!(parse_plan(text), expected);
        }
        for text in [
            "",
            "All",
            "AllButLast",
            "AllButLast(x)",
            "Below()",
            "Below(layer4",
        ] {
            assert!(parse_plan(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_container_says_what_holds_for_all_inside() {
        let leaf = |name: &str, parameters| LayerNode {
            path: name.into(),
            name: name.into(),
            kind: "Conv2d".into(),
            detail: "3 × 3".into(),
            output_shape: vec![8, 4, 4],
            parameters,
            multiply_adds: 0,
            children: Vec::new(),
        };
        let block = LayerNode {
            parameters: 3000,
            children: vec![leaf("a", 1000), leaf("b", 2000)],
            ..leaf("block", 0)
        };
        let root = LayerNode {
            parameters: 3500,
            children: vec![block, leaf("c", 500)],
            ..leaf("", 0)
        };
        let tree = LayerTree {
            backbone: "test".into(),
            input_size: 32,
            root,
            stages: Vec::new(),
            classifier_parameters: 1000,
            features: 8,
        };
        let text = as_text(&tree, Some(&[true, false, false]));
        let states: Vec<&str> = text
            .lines()
            .skip(1)
            .take(4)
            .map(|line| line.rsplit("  ").next().unwrap_or(""))
            .collect();
        assert_eq!(states, ["partly frozen", "frozen", "learns", "learns"]);
        assert!(
            text.contains("2,500 parameters learn (71.4 %), 1,000 are frozen."),
            "{text}"
        );
        let document = as_json(&tree, Some(&[true, false, false]));
        assert_eq!(document["frozen"], json!(["a"]));
        assert_eq!(document["trainable_parameters"], json!(2500));
    }
}
