//! `graft sweep cancel`: ends tasks of Slurm.

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::which::Which;
use crate::cli::output;
use crate::format;
use crate::slurm;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// The cells whose tasks are cancelled, or tasks as Slurm calls them, such as 12_3
    #[arg(value_name = "CELL", required_unless_present = "all")]
    cells: Vec<String>,
    /// All tasks of the sweep
    #[arg(long, conflicts_with = "cells")]
    all: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn cancel(arguments: &Arguments) -> anyhow::Result<()> {
    let only = (!arguments.all).then_some(&arguments.cells[..]);
    let cancelled = slurm::cancel(&arguments.which.out(), only)?;
    if arguments.json {
        return output::print_json(&json!({
            "tasks": cancelled.tasks,
            "also": cancelled.also,
            "not_there": cancelled.not_there,
        }));
    }
    let mut text = match cancelled.tasks.len() {
        0 => "No task waits or runs that could be cancelled.\n".to_owned(),
        count => format!(
            "Cancelled {}: {}. What they have trained is kept; “graft sweep submit” goes on with it.\n",
            format::count(count, "task", "tasks"),
            cancelled.tasks.join(", ")
        ),
    };
    if !cancelled.also.is_empty() {
        let also: Vec<&str> = cancelled.also.iter().map(String::as_str).collect();
        text.push_str(&format!(
            "The same tasks were to train {} too: {}\n",
            format::count(also.len(), "cell", "cells"),
            also.join("; ")
        ));
    }
    if !cancelled.not_there.is_empty() && cancelled.tasks.is_empty() {
        bail!(
            "no task that waits or runs is to train {}: “graft sweep status” lists cells and tasks",
            cancelled.not_there.join(" or ")
        );
    }
    for name in &cancelled.not_there {
        text.push_str(&format!("No task that waits or runs is to train {name}.\n"));
    }
    output::print(&text)
}
