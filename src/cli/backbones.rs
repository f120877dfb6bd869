//! `graft backbones`: the networks to start from.

use clap::Args;
use serde_json::json;

use super::output;
use super::table::{Align, table};
use crate::format;
use crate::models::catalogue::{ArchitectureInfo, architectures};
use crate::models::weights;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Print one JSON list
    #[arg(long)]
    json: bool,
}

pub fn backbones(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.json {
        let list: Vec<serde_json::Value> = architectures().iter().map(as_json).collect();
        return output::print_json(&list);
    }
    let rows: Vec<Vec<String>> = architectures()
        .iter()
        .map(|info| {
            vec![
                info.name.to_owned(),
                info.title.to_owned(),
                format::magnitude(info.backbone_parameters),
                format!("{:.2}", info.gflops),
                (info.default_weights().accuracy())
                    .map_or_else(|| no_accuracy(info).into(), |top1| format!("{top1:.1} %")),
                info.default_weights().input_size.to_string(),
                if has_weights(info) {
                    "here".to_owned()
                } else {
                    "not here".to_owned()
                },
                info.default_weights().licence.to_owned(),
            ]
        })
        .collect();
    let header = [
        ("name", Align::Left),
        ("title", Align::Left),
        ("parameters with classifier", Align::Right),
        ("GFLOPs", Align::Right),
        ("ImageNet top-1", Align::Right),
        ("input", Align::Right),
        ("weights", Align::Left),
        ("licence", Align::Left),
    ];
    output::print(&table(&header, &rows))
}

/// What stands in place of an accuracy.
fn no_accuracy(info: &ArchitectureInfo) -> &'static str {
    match info.has_classifier() {
        true => "not published",
        false => "no classifier",
    }
}

/// Whether the default weights seem to stand on this machine.
fn has_weights(info: &ArchitectureInfo) -> bool {
    weights::on_this_machine(info.default_weights()).is_some()
}

fn as_json(info: &ArchitectureInfo) -> serde_json::Value {
    json!({
        "name": info.name,
        "title": info.title,
        "parameters": info.parameters,
        "backbone_parameters": info.backbone_parameters,
        "gflops": info.gflops,
        "has_classifier": info.has_classifier(),
        "imagenet_top1": info.default_weights().accuracy(),
        "input_size": info.default_weights().input_size,
        "input_range": [info.input_range.0, info.input_range.1],
        "weights": info.default_weights().name,
        "weights_here": has_weights(info),
        "weights_mb": info.default_weights().file_mb,
        "licence": info.default_weights().licence,
        "paper": info.paper,
    })
}
