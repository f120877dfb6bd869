//! Slurm's part of `graft sweep status`: how the tasks stand.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::output;
use crate::format;
use crate::format::table::{Align, table};
use crate::slurm::{self, TaskState, TaskStatus};

/// Tasks in a table, at most; the others are counted.
const MOST_ROWS: usize = 40;

/// The tasks of the sweep in `out`. Where Slurm says nothing, that is said, and the folders tell the rest.
pub(super) fn of_sweep(out: &Path) -> Vec<TaskStatus> {
    slurm::status(out).unwrap_or_else(|error| {
        output::warn(&format!("How its tasks stand is not known: {error}"));
        Vec::new()
    })
}

pub(super) fn as_json(tasks: &[TaskStatus]) -> Value {
    let tasks = tasks.iter().map(|task| {
        let (state, reason) = in_words(task);
        json!({
            "task": task.id,
            "cells": task.cells,
            "state": state,
            "reason": reason,
            "node": task.node,
            "restarts": task.restarts,
            "log": task.log,
        })
    });
    tasks.collect()
}

/// What is to be said of the tasks; nothing where there are none. `is_done`: whether a cell needs no more work, so that why
/// its task ended is of no interest.
pub(super) fn as_text(tasks: &[TaskStatus], is_done: &dyn Fn(&str) -> bool) -> String {
    let of_interest: Vec<&TaskStatus> = tasks
        .iter()
        .filter(|task| task.is_alive() || !task.cells.iter().all(|cell| is_done(cell)))
        .collect();
    if of_interest.is_empty() {
        return String::new();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &of_interest {
        *counts.entry(in_words(task).0).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{} {state}", format::count(*count, "task", "tasks")))
        .collect();
    let mut text = format!("\nSlurm: {}\n", counts.join(", "));
    let rows: Vec<Vec<String>> = of_interest
        .iter()
        .take(MOST_ROWS)
        .map(|task| row(task))
        .collect();
    text.push_str(&table(
        &[
            ("Task", Align::Left),
            ("Slurm", Align::Left),
            ("Node", Align::Left),
            ("Tries", Align::Right),
            ("Cells", Align::Left),
        ],
        &rows,
    ));
    if of_interest.len() > MOST_ROWS {
        text.push_str(&format!(
            "and {}; --json lists all\n",
            format::count(
                of_interest.len() - MOST_ROWS,
                "further task",
                "further tasks"
            )
        ));
    }
    for remedy in slurm::remedies(of_interest) {
        text.push_str(&format!("{remedy}.\n"));
    }
    text
}

fn row(task: &TaskStatus) -> Vec<String> {
    let (state, reason) = in_words(task);
    let said = match reason {
        Some(reason) => format!("{state}: {reason}"),
        None => state.to_owned(),
    };
    let cells = match task.cells.len() {
        0 => "any".to_owned(),
        1 => task.cells.iter().next().cloned().unwrap_or_default(),
        count => format::count(count, "cell", "cells"),
    };
    vec![
        task.id.clone(),
        said,
        task.node.clone().unwrap_or_default(),
        (u64::from(task.restarts) + 1).to_string(),
        cells,
    ]
}

/// A state in a word, and more about it.
fn in_words(task: &TaskStatus) -> (&'static str, Option<String>) {
    match &task.state {
        TaskState::Waiting { reason, start } => {
            let start = start.as_ref().map(|start| format!(", not before {start}"));
            let more = format!("{reason}{}", start.unwrap_or_default());
            match task.restarts > 0 || is_requeued(reason) {
                true => ("queued again", Some(more)),
                false => ("waiting", Some(more)),
            }
        }
        TaskState::Running => ("running", None),
        TaskState::Ending => ("ending", None),
        TaskState::Ended(ended) if ended.is_finished() => ("ended", None),
        TaskState::Ended(ended) => ("ended", Some(ended.to_string())),
    }
}

/// A task that has not begun its second try has left no record of it.
fn is_requeued(reason: &str) -> bool {
    reason.starts_with(&slurm::reason_in_words("BeginTime"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::slurm::Ended;

    #[test]
    fn tasks_of_cells_that_are_done_are_not_told_of() {
        let task = |id: &str, cell: &str, state| TaskStatus {
            id: id.to_owned(),
            cells: BTreeSet::from([cell.to_owned()]),
            state,
            node: Some("n1".to_owned()),
            restarts: 1,
            log: "log.txt".into(),
        };
        let tasks = [
            task("1_0", "a", TaskState::Ended(Ended::Finished)),
            task("1_1", "b", TaskState::Ended(Ended::OutOfMemory)),
            task(
                "1_2",
                "c",
                TaskState::Waiting {
                    reason: "others are before it".to_owned(),
                    start: None,
                },
            ),
        ];
        let text = as_text(&tasks, &|cell| cell == "a");
        assert!(!text.contains("1_0"), "{text}");
        assert!(text.contains("ended: ran out of memory"), "{text}");
        assert!(text.contains("more memory (--mem)"), "{text}");
        assert!(
            text.contains("queued again: others are before it"),
            "{text}"
        );
        assert!(text.contains("1 task ended, 1 task queued again"), "{text}");
        assert_eq!(as_text(&tasks[..1], &|_| true), "");
        assert_eq!(as_json(&tasks)[1]["reason"], "ran out of memory");
    }
}
