//! `graft sweep submit`: a sweep as an array of Slurm.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::which::{Which, say_remarks};
use crate::cli::output;
use crate::format;
use crate::slurm::{self, Resources, SubmitRequest, Submitted, task};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Train on these pictures instead of the base preset’s: a folder, or a table of paths and labels, that every node can
    /// read
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Where the tasks run; the cluster’s usual partition unless given
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,
    /// How long each try of a task may take, such as 4:00:00; a task that is not done by then goes on in another
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// Graphics cards of each task, such as 1 or a100:1; with several, each trains a cell of its own
    #[arg(long, value_name = "N")]
    gpus: Option<String>,
    /// Processor cores of each task [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cpus: Option<u32>,
    /// Memory of each task, such as 16G
    #[arg(long, value_name = "SIZE")]
    mem: Option<String>,
    /// So many tasks run at the same time at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    at_once: Option<u32>,
    /// Each task trains so many cells, one after the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    cells_per_task: u32,
    /// Who pays for it
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The quality of service
    #[arg(long, value_name = "NAME")]
    qos: Option<String>,
    /// What nodes must have
    #[arg(long, value_name = "FEATURES")]
    constraint: Option<String>,
    /// A further option of sbatch, such as --sbatch=--exclude=node7; may be given several times
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    sbatch: Vec<String>,
    /// How often a task may queue itself again
    #[arg(long, value_name = "N", default_value_t = task::DEFAULT_REQUEUES)]
    requeues: u32,
    /// Also train again what has failed
    #[arg(long)]
    again: bool,
    /// Write the script, and submit nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn submit(arguments: Arguments) -> anyhow::Result<()> {
    let plan = arguments.which.plan(arguments.data.as_deref())?;
    say_remarks(&plan);
    let program = std::env::current_exe().context("the program’s own path is not known")?;
    let request = SubmitRequest {
        plan: Arc::new(plan),
        out: arguments.which.out(),
        file: arguments.which.sweep,
        data: arguments.data,
        program,
        resources: Resources {
            partition: arguments.partition,
            time: arguments.time,
            gpus: arguments.gpus,
            cpus: arguments.cpus,
            mem: arguments.mem,
            account: arguments.account,
            qos: arguments.qos,
            constraint: arguments.constraint,
            further: arguments.sbatch,
        },
        at_once: arguments.at_once,
        cells_per_task: arguments.cells_per_task,
        again: arguments.again,
        requeues: arguments.requeues,
        dry_run: arguments.dry_run,
    };
    let submitted = slurm::submit(&request)?;
    match arguments.json {
        true => output::print_json(&as_json(&submitted)),
        false => output::print(&as_text(&submitted)),
    }
}

fn as_json(submitted: &Submitted) -> serde_json::Value {
    let jobs: Vec<_> = submitted
        .jobs
        .iter()
        .map(|job| json!({ "job": job.id, "script": job.script, "tasks": job.tasks }))
        .collect();
    json!({
        "jobs": jobs,
        "cells": submitted.cells,
        "finished": submitted.finished,
        "failed": submitted.failed,
        "under_way": submitted.under_way,
        "elsewhere": submitted.elsewhere,
        "remarks": submitted.remarks,
    })
}

fn as_text(submitted: &Submitted) -> String {
    let mut lines = Vec::new();
    for job in &submitted.jobs {
        let tasks = format::count(job.tasks, "task", "tasks");
        lines.push(match &job.id {
            Some(id) => format!("Submitted job {id} with {tasks}: {}", job.script.display()),
            None => format!(
                "Written, and not submitted: {tasks}. It may be edited, and is submitted by “sbatch {0}”: {0}",
                job.script.display()
            ),
        });
    }
    let cells = |count: usize| format::count(count, "cell", "cells");
    match submitted.jobs.is_empty() {
        true => lines.push("Nothing was submitted.".to_owned()),
        false => lines.push(format!("{} to train.", cells(submitted.cells))),
    }
    for (count, what) in [
        (submitted.finished, "done."),
        (
            submitted.under_way,
            "in tasks that wait or run already, and not submitted twice.",
        ),
        (
            submitted.elsewhere,
            "being trained by another process, such as a window, and not submitted.",
        ),
        (
            submitted.failed,
            "failed before; --again submits them too. “graft sweep status” says why.",
        ),
    ] {
        if count > 0 {
            lines.push(format!("{} {what}", cells(count)));
        }
    }
    lines.extend(submitted.remarks.iter().cloned());
    lines.join("\n") + "\n"
}
