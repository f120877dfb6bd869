//! `graft sweep logs`: what a task of Slurm has said.

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::which::Which;
use crate::cli::output;
use crate::slurm;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// The cell, or a task as Slurm calls it, such as 12_3; the task that said something last unless given
    #[arg(value_name = "CELL")]
    cell: Option<String>,
    /// So many lines of the end
    #[arg(long, value_name = "N", default_value_t = 20)]
    lines: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn logs(arguments: &Arguments) -> anyhow::Result<()> {
    let cell = arguments.cell.as_deref();
    let tail = slurm::log_tail(&arguments.which.out(), cell, arguments.lines)?;
    let Some(tail) = tail else {
        match cell {
            Some(cell) => bail!(
                "no task of Slurm has said anything about {cell} yet: “graft sweep status” lists cells and tasks"
            ),
            None => bail!("no task of Slurm has said anything about this sweep yet"),
        }
    };
    if arguments.json {
        return output::print_json(
            &json!({ "task": tail.task, "log": tail.path, "text": tail.text }),
        );
    }
    output::print(&format!(
        "Task {}: {}\n{}",
        tail.task,
        tail.path.display(),
        tail.text
    ))
}
