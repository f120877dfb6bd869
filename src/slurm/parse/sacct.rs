//! `sacct`: how jobs ended, where the cluster keeps accounts.

use super::{TaskId, exit, is_number};
use crate::slurm::indices;

/// What it is asked with, before `--jobs=…`.
pub const ARGUMENTS: [&str; 4] = [
    "--noheader",
    "--allocations",
    "--parsable2",
    "--format=JobID,State,ExitCode,NodeList",
];

/// A task as the accounts have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: TaskId,
    pub state: String,
    /// Status and signal.
    pub exit: Option<(u32, u32)>,
    pub node: Option<String>,
}

/// The tasks of arrays in what `sacct` printed. Tasks that wait stand together: `12_[4-7%2]`.
pub fn parse(text: &str) -> Vec<Row> {
    text.lines().flat_map(rows).collect()
}

fn rows(line: &str) -> Vec<Row> {
    let mut fields = line.split('|').map(str::trim);
    let (Some(id), Some(state)) = (fields.next(), fields.next()) else {
        return Vec::new();
    };
    let exit = fields.next().and_then(exit);
    let node = fields
        .next()
        .filter(|node| !node.is_empty() && *node != "None assigned")
        .map(str::to_owned);
    // A step (`12_3.batch`) is no task.
    let Some((job, index)) = id
        .split_once('_')
        .filter(|(job, index)| is_number(job) && !index.contains('.'))
    else {
        return Vec::new();
    };
    let indices = indices::parse(index).unwrap_or_default();
    let rows = indices.into_iter().map(|index| Row {
        id: TaskId::new(job, index),
        state: state.to_owned(),
        exit,
        node: node.clone(),
    });
    rows.collect()
}
