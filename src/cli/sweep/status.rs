//! `graft sweep status`: how the cells stand.

use std::collections::HashSet;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::tasks;
use super::which::{Which, say_remarks};
use crate::cli::output;
use crate::format;
use crate::format::table::{Align, table};
use crate::report::sweep::goal_text;
use crate::shown;
use crate::sweep::{CellState, CellStatus, Plan, seconds_left};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) which: Which,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn status(arguments: &Arguments) -> anyhow::Result<()> {
    let (plan, cells) = arguments.which.status()?;
    let out = arguments.which.out();
    let tasks = tasks::of_sweep(&out);
    if arguments.json {
        let mut document = as_json(&plan, &out, &cells);
        document["slurm"] = tasks::as_json(&tasks);
        return output::print_json(&document);
    }
    say_remarks(&plan);
    let done: HashSet<&str> = std::iter::zip(&plan.cells, &cells)
        .filter(|(_, status)| status.state.is_done())
        .map(|(cell, _)| cell.name.as_str())
        .collect();
    let slurm = tasks::as_text(&tasks, &|cell| done.contains(cell));
    output::print(&(as_text(&plan, &out, &cells) + &slurm))
}

/// How many cells are in each state, in this order; those that none is in are left out.
fn counts(cells: &[CellStatus]) -> Vec<(&'static str, usize)> {
    let names = [
        "finished",
        "pruned",
        "running",
        "stopped",
        "interrupted",
        "failed",
        "missing",
    ];
    (names.into_iter())
        .map(|name| {
            let is_it = |cell: &&CellStatus| cell.state.name() == name;
            (name, cells.iter().filter(is_it).count())
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn as_text(plan: &Plan, out: &Path, cells: &[CellStatus]) -> String {
    let counts: Vec<String> = (counts(cells).iter())
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let mut text = format!(
        "{}: {} of {}: {}\n",
        plan.sweep.name,
        format::count(cells.len(), "cell", "cells"),
        format::count(plan.groups(), "setting", "settings"),
        counts.join(", ")
    );
    if let Some(seconds) = seconds_left(cells).filter(|seconds| *seconds > 0.0) {
        text += &format!(
            "About {} left for one process\n",
            format::remaining(seconds)
        );
    }
    text += &format!("Folder: {}\n\n", out.display());
    let name = plan.sweep.goal.info().name;
    let header = [
        ("Cell", Align::Left),
        ("State", Align::Left),
        ("Epochs", Align::Right),
        (name, Align::Right),
        ("Time", Align::Right),
    ];
    let rows: Vec<Vec<String>> = std::iter::zip(&plan.cells, cells)
        .map(|(cell, status)| {
            vec![
                cell.name.clone(),
                status.state.name().to_owned(),
                format!("{}/{}", status.epochs_done, status.epochs_wanted),
                status
                    .goal
                    .map_or("–".into(), |goal| goal_text(plan.sweep.goal, goal)),
                match status.epochs_done {
                    0 => "–".into(),
                    _ => format::duration(status.seconds),
                },
            ]
        })
        .collect();
    text += &table(&header, &rows);
    let failures: Vec<String> = std::iter::zip(&plan.cells, cells)
        .filter_map(|(cell, status)| match &status.state {
            CellState::Failed(reason) => Some(format!("{}: {reason}\n", cell.name)),
            _ => None,
        })
        .collect();
    if !failures.is_empty() {
        text += &format!(
            "\nFailed (graft sweep run … --again trains them again):\n{}",
            failures.concat()
        );
    }
    text
}

/// What is known of every cell.
pub(super) fn as_json(plan: &Plan, out: &Path, cells: &[CellStatus]) -> serde_json::Value {
    let cells_json: Vec<serde_json::Value> = std::iter::zip(&plan.cells, cells)
        .map(|(cell, status)| {
            json!({
                "cell": cell.name,
                "setting": cell.group,
                "settings": settings_json(plan, &cell.settings),
                "seed": cell.seed,
                "state": status.state.name(),
                "reason": match &status.state {
                    CellState::Failed(reason) => Some(reason),
                    _ => None,
                },
                "epochs_done": status.epochs_done,
                "epochs_wanted": status.epochs_wanted,
                "epochs_planned": status.epochs_planned,
                "goal": status.goal,
                "best_epoch": status.best_epoch,
                "seconds": status.seconds,
                "tries": status.tries,
                "run": shown::path(&status.folder),
            })
        })
        .collect();
    json!({
        "sweep": plan.sweep.name,
        "out": shown::path(out),
        "metric": plan.sweep.goal.info().name,
        "higher_is_better": plan.sweep.goal.info().higher_is_better,
        "counts": counts(cells).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "seconds_left": seconds_left(cells),
        "remarks": plan.remarks,
        "cells": cells_json,
    })
}

/// Fields and their values, as a preset has them.
pub(super) fn settings_json(plan: &Plan, settings: &[String]) -> serde_json::Value {
    std::iter::zip(plan.fields.iter().cloned(), settings)
        .map(|(field, value)| (field, json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
