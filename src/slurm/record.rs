//! What a task notes of each of its tries: `OUT/.sweep/slurm/tasks/<job>_<task>-<restart>.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::parse::TaskId;
use crate::ordinary_file::{self, Links};

/// Larger than any record.
const MOST_BYTES: u64 = 1 << 20;

/// How a try of a task went, as the task itself knew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// How often Slurm had started the task before.
    pub restart: u32,
    pub host: String,
    /// Seconds since 1970, by the node's clock.
    pub began: u64,
    pub end: Option<TaskEnd>,
}

/// How a try of a task ended, as the task itself knew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TaskEnd {
    Finished,
    /// The reason, a whole sentence's part.
    Failed(String),
    /// It was stopped, saved, and waits to go on.
    QueuedAgain,
    /// It was stopped and saved; why it does not go on by itself.
    Stopped(String),
}

/// Where a task notes its try after `restart` others.
pub(super) fn path(folder: &Folder, id: &TaskId, restart: u32) -> PathBuf {
    folder.tasks().join(format!("{id}-{restart}.json"))
}

/// What a task noted of its try after `restart` others.
pub(super) fn read(folder: &Folder, id: &TaskId, restart: u32) -> Option<Record> {
    let bytes = ordinary_file::read(&path(folder, id, restart), MOST_BYTES, Links::Refused).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The highest number of a try of each task that has left a record.
pub(super) fn restarts(folder: &Folder) -> BTreeMap<TaskId, u32> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder.tasks())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let tried = name.to_str().and_then(|name| {
            let (id, restart) = name.strip_suffix(".json")?.rsplit_once('-')?;
            Some((TaskId::parse(id)?, restart.parse::<u32>().ok()?))
        });
        if let Some((id, restart)) = tried {
            let highest = found.entry(id).or_insert(restart);
            *highest = restart.max(*highest);
        }
    }
    found
}
