//! `jobs.json`: which jobs were submitted for a sweep, and which cells their tasks train.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::error::SlurmError;
use super::folder::Folder;
use super::parse::{TaskId, is_number};
use crate::ordinary_file::{self, Links};
use crate::runs::atomic;

/// Of the file.
const VERSION: u32 = 1;

/// Larger than the file of 100,000 cells that were submitted ten times.
const MOST_BYTES: u64 = 256 << 20;

/// Everything that was submitted for a sweep, in that order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Jobs {
    version: u32,
    pub jobs: Vec<Job>,
}

/// One script, and the job that came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    /// `None` for a script that was only written.
    pub id: Option<String>,
    /// Its name in the folder.
    pub script: String,
    /// The cells of each task, by its index in the array. None for tasks that take whatever cell there is.
    pub tasks: BTreeMap<u32, BTreeSet<String>>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            version: VERSION,
            jobs: Vec::new(),
        }
    }
}

impl Jobs {
    /// What stands in the folder; nothing where nothing was submitted.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn read(folder: &Folder) -> Result<Self, SlurmError> {
        let path = folder.jobs();
        if !ordinary_file::is_there(&path) {
            return Ok(Self::default());
        }
        let bytes = ordinary_file::read(&path, MOST_BYTES, Links::Refused)
            .map_err(|error| SlurmError::file(&path, format!("can’t be read ({error})")))?;
        let jobs: Self = serde_json::from_slice(&bytes).map_err(|error| {
            SlurmError::file(
                &path,
                format!(
                    "is not what Graft writes there ({error}): if it can’t be restored, remove it; jobs that wait or run are then \
                     found by “squeue” alone"
                ),
            )
        })?;
        if jobs.version > VERSION {
            return Err(SlurmError::file(
                &path,
                "is of a newer version of Graft: use that one",
            ));
        }
        if jobs
            .jobs
            .iter()
            .any(|job| job.id.as_deref().is_some_and(|id| !is_number(id)))
        {
            return Err(SlurmError::file(&path, "names a job whose number is none"));
        }
        Ok(jobs)
    }

    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, folder: &Folder) -> Result<(), SlurmError> {
        let path = folder.jobs();
        let written = serde_json::to_vec(self)
            .map_err(std::io::Error::other)
            .and_then(|bytes| atomic::write(&path, &bytes));
        written.map_err(|error| SlurmError::file(&path, format!("can’t be written ({error})")))
    }

    /// All tasks of jobs that were submitted, with their cells, in the order in which they were.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &BTreeSet<String>)> {
        self.jobs.iter().flat_map(|job| {
            let id = job.id.as_deref();
            let tasks = job.tasks.iter();
            tasks.filter_map(move |(index, cells)| Some((TaskId::new(id?, *index), cells)))
        })
    }

    pub fn knows(&self, job: &str) -> bool {
        self.jobs
            .iter()
            .any(|known| known.id.as_deref() == Some(job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_submitted_is_kept() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::of(out.path());
        folder.make().unwrap();
        assert_eq!(Jobs::read(&folder).unwrap(), Jobs::default());
        let cells = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut jobs = Jobs::default();
        jobs.jobs.push(Job {
            id: None,
            script: "job.sh".to_owned(),
            tasks: BTreeMap::from([(0, cells(&["a"]))]),
        });
        jobs.jobs.push(Job {
            id: Some("12".to_owned()),
            script: "job-2.sh".to_owned(),
            tasks: BTreeMap::from([(0, cells(&["a"])), (4, cells(&["b", "c"]))]),
        });
        jobs.write(&folder).unwrap();
        let read = Jobs::read(&folder).unwrap();
        assert_eq!(read, jobs);
        assert!(read.knows("12") && !read.knows("1"));
        let tasks: Vec<_> = read
            .tasks()
            .map(|(id, cells)| (id.to_string(), cells.len()))
            .collect();
        assert_eq!(tasks, [("12_0".to_owned(), 1), ("12_4".to_owned(), 2)]);
    }

    #[test]
    fn a_file_that_is_something_else_is_refused() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::of(out.path());
        folder.make().unwrap();
        for text in [
            "",
            "[]",
            "{\"version\":2,\"jobs\":[]}",
            "{\"version\":1,\"jobs\":[{\"id\":\"1 -u\",\"script\":\"x\",\"tasks\":{}}]}",
        ] {
            std::fs::write(folder.jobs(), text).unwrap();
            let error = Jobs::read(&folder).unwrap_err().to_string();
            assert!(error.contains("jobs.json"), "{error}");
        }
    }
}
