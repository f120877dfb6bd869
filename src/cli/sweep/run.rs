//! `graft sweep run`: trains what is missing.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::devices;
use super::which::{Which, say_remarks};
use crate::cli::outputs::warn_among_pictures;
use crate::cli::progress::TerminalProgress;
use crate::cli::stopped::Stopped;
use crate::cli::{interrupt, output, run};
use crate::format;
use crate::shown;
use crate::sweep::{
    Cell, CellNews, CellState, CellStatus, Plan, Report, Request, StatusReader, SweepListener,
    run_missing,
};
use crate::training::{TrainingListener, train};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) which: Which,
    /// Train on these pictures instead of the base's: a folder, or a table of paths and labels
    #[arg(long, value_name = "PATH")]
    pub(super) data: Option<PathBuf>,
    /// Also train again what has failed
    #[arg(long)]
    pub(super) again: bool,
    /// Of so many tasks that share the cells, do the part of this one, counted from 1
    #[arg(long, value_name = "I", requires = "of", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) task: Option<u32>,
    /// How many tasks share the cells
    #[arg(long, value_name = "N", requires = "task", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) of: Option<u32>,
    /// End when there is nothing to begin, although other processes still work on the sweep
    #[arg(long)]
    pub(super) no_wait: bool,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    pub(super) device: Option<String>,
    /// Train on several devices at once, a cell on each: all (every card), or cuda:0,cuda:1. One network is not trained on
    /// several cards
    #[arg(long, value_name = "DEVICES", conflicts_with = "device")]
    pub(super) devices: Option<String>,
    /// Print one JSON document as the last line
    #[arg(long)]
    json: bool,
    /// Stop when standard input is closed
    #[arg(long, hide = true)]
    pub(super) until_stdin_closes: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let device = run::device(arguments.device.as_deref())?;
    let stop = interrupt::stop_flag()?;
    if arguments.until_stdin_closes {
        interrupt::stop_with_stdin(&stop)?;
    }
    let plan = arguments.which.plan(arguments.data.as_deref())?;
    let out = arguments.which.out();
    say_remarks(&plan);
    warn_among_pictures(&out, &plan.base.data.source, plan.base_folder.as_deref());
    let part = match (arguments.task, arguments.of) {
        (Some(task), Some(of)) if task > of => {
            bail!("--task {task} --of {of}: tasks are counted from 1 to {of}");
        }
        (Some(task), Some(of)) => Some(plan.part(task as usize - 1, of as usize)),
        _ => None,
    };
    let report = match &arguments.devices {
        Some(devices) => devices::run(arguments, devices, (&plan, &out), part.as_deref(), &stop)?,
        None => {
            let mut listener = Listener {
                plan: &plan,
                progress: None,
            };
            run_missing(
                Request {
                    plan: &plan,
                    out: &out,
                    device,
                    stop: stop.clone(),
                    only: part.as_deref(),
                    again: arguments.again,
                    waits_for_others: !arguments.no_wait,
                    train: &train,
                },
                &mut listener,
            )?
        }
    };
    if arguments.json {
        let cells = StatusReader::new(std::sync::Arc::new(plan.clone()), &out).read();
        output::print_json(&as_json(&plan, &out, report, &cells))?;
    } else {
        output::print(&as_text(arguments, report))?;
    }
    if report.stopped {
        return Err(Stopped(format!(
            "the sweep was stopped, and goes on with: graft sweep run {}",
            words(arguments)
        ))
        .into());
    }
    // A task of an array has done its part, and a requeue would change nothing.
    if report.failed > 0 && part.is_none() {
        bail!("{} failed", format::count(report.failed, "cell", "cells"));
    }
    Ok(())
}

fn words(arguments: &Arguments) -> String {
    let mut words = arguments.which.words();
    if let Some(data) = &arguments.data {
        words += &format!(" --data \"{}\"", data.display());
    }
    words
}

fn as_text(arguments: &Arguments, report: Report) -> String {
    let Report {
        finished,
        failed,
        left,
        ..
    } = report;
    let mut text = format!(
        "{} done, {failed} failed, {left} left\n",
        format::count(finished, "cell", "cells")
    );
    if finished > 0 {
        text += &format!(
            "What came of it: graft sweep results {0}, and graft sweep best {0}\n",
            arguments.which.words()
        );
    }
    if failed > 0 {
        text += &format!(
            "Why cells failed: graft sweep status {0}; --again trains them again\n",
            arguments.which.words()
        );
    }
    text
}

fn as_json(
    plan: &Plan,
    out: &std::path::Path,
    report: Report,
    cells: &[CellStatus],
) -> serde_json::Value {
    json!({
        "sweep": plan.sweep.name,
        "out": shown::path(out),
        "finished": report.finished,
        "failed": report.failed,
        "left": report.left,
        "stopped": report.stopped,
        "cells": std::iter::zip(&plan.cells, cells)
            .map(|(cell, status)| json!({
                "cell": cell.name,
                "state": status.state.name(),
                "run": shown::path(&status.folder),
            }))
            .collect::<Vec<_>>(),
    })
}

/// Tells the person at the terminal which cell is trained, and how it goes.
struct Listener<'a> {
    plan: &'a Plan,
    progress: Option<TerminalProgress>,
}

impl SweepListener for Listener<'_> {
    fn cell(&mut self, cell: &Cell, news: CellNews<'_>) {
        match news {
            CellNews::Began { resumed_at } => {
                let index = self.plan.cells.iter().position(|known| known == cell);
                let from = match resumed_at {
                    None => String::new(),
                    Some(epoch) => format!(
                        ", going on after {}",
                        format::plural(epoch.into(), "epoch", "epochs")
                    ),
                };
                output::warn(&format!(
                    "Cell {} of {}: {}{from}",
                    index.map_or(0, |index| index + 1),
                    self.plan.cells.len(),
                    cell.name
                ));
                self.progress = Some(TerminalProgress::new(cell.experiment.epochs()));
            }
            CellNews::Event(event) => {
                if let Some(progress) = &mut self.progress {
                    // What can't be said is no reason to end a training.
                    let _ = progress.event(event);
                }
            }
            CellNews::Ended(state) => {
                self.progress = None;
                if let CellState::Failed(reason) = state {
                    output::warn(&format!("failed: {}: {reason}", cell.name));
                }
            }
        }
    }

    fn waiting(&mut self, reason: &str) {
        output::warn(&format!("Waiting: {reason}"));
    }
}
