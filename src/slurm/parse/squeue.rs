//! `squeue`: what waits and runs, and what has ended a few minutes ago.

use super::{TaskId, is_number};

/// What it is asked with: every task of an array in a line of its own. (`--all`: without it, whoever does not run the cluster
/// does not see even their own jobs in a partition that is hidden.)
pub const ARGUMENTS: [&str; 5] = [
    "--all",
    "--noheader",
    "--array",
    "--states=all",
    "--format=%F|%K|%T|%r|%N|%S|%o",
];

/// A task as the queue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: TaskId,
    /// `PENDING`, `RUNNING`, `CANCELLED`, …
    pub state: String,
    /// Why it waits, or ended: `Priority`, `TimeLimit`.
    pub reason: String,
    pub node: Option<String>,
    /// When it began or may begin, in the cluster's own time; `None` where that is not known.
    pub start: Option<String>,
    /// The script that it was submitted with.
    pub command: String,
}

/// The tasks of arrays in what `squeue` printed; other jobs are left out.
pub fn parse(text: &str) -> Vec<Row> {
    text.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    // The script's path comes last, because anything may stand in it.
    let mut fields = line.splitn(7, '|').map(str::trim);
    let mut next = || fields.next();
    let job = next().filter(|job| is_number(job))?;
    let id = TaskId::new(job, next()?.parse().ok()?);
    let (state, reason, node, start) = (next()?, next()?, next()?, next()?);
    Some(Row {
        id,
        state: state.to_owned(),
        reason: reason.to_owned(),
        node: known(node),
        start: known(start),
        command: next()?.to_owned(),
    })
}

fn known(text: &str) -> Option<String> {
    (!matches!(text, "" | "N/A" | "n/a" | "(null)" | "None assigned")).then(|| text.to_owned())
}
