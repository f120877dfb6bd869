//! What tasks have said.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::SlurmError;
use super::folder::Folder;
use super::jobs::Jobs;
use super::parse::TaskId;
use crate::ordinary_file::{self, Links};

/// What is read of the end of a log, at most.
const MOST_BYTES: u64 = 256 << 10;

/// The end of a task's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTail {
    /// As Slurm calls the task: `12_3`.
    pub task: String,
    pub path: PathBuf,
    /// The last lines.
    pub text: String,
}

/// The last lines of the log of the task that trained `cell` last, or that is called so (`12_3`); of whichever task was
/// written of last where no cell is named. `None` where no task has said anything of it yet.
///
/// # Errors
/// When the sweep's folder can't be read.
pub fn log_tail(
    out: &Path,
    cell: Option<&str>,
    lines: usize,
) -> Result<Option<LogTail>, SlurmError> {
    let folder = Folder::of(out);
    let jobs = Jobs::read(&folder)?;
    let named = cell.and_then(TaskId::parse);
    let mut tasks: Vec<_> = jobs
        .tasks()
        .filter(|(id, cells)| match (&named, cell) {
            (Some(named), _) => id == named,
            (None, Some(cell)) => cells.is_empty() || cells.contains(cell),
            (None, None) => true,
        })
        .collect();
    if cell.is_none() || tasks.len() > 1 {
        let changed = |id: &TaskId| {
            folder
                .log(id)
                .metadata()
                .and_then(|data| data.modified())
                .ok()
        };
        // In the order of submission where the disk does not tell.
        tasks.sort_by_cached_key(|(id, _)| changed(id));
    }
    for (id, cells) in tasks.into_iter().rev() {
        let path = folder.log(&id);
        let Some(text) = end_of(&path) else {
            continue;
        };
        // A task that takes whatever cell there is names those that it took.
        if cells.is_empty() && named.is_none() && cell.is_some_and(|cell| !text.contains(cell)) {
            continue;
        }
        return Ok(Some(LogTail {
            task: id.to_string(),
            text: last_lines(&text, lines),
            path,
        }));
    }
    Ok(None)
}

/// The end of a file as text; `None` where there is none.
pub(super) fn end_of(path: &Path) -> Option<String> {
    let mut file = ordinary_file::open(path, Links::Refused).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_BYTES)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    let mut text = all[from..].join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::jobs::Job;
    use super::*;

    #[test]
    fn the_end_of_a_cell_s_log_is_found() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::of(out.path());
        folder.make().unwrap();
        let cells = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut jobs = Jobs::default();
        jobs.jobs.push(Job {
            id: Some("1".to_owned()),
            script: "job.sh".to_owned(),
            tasks: [(0, cells(&["a"])), (1, cells(&[]))].into(),
        });
        jobs.write(&folder).unwrap();
        let tail = |cell: &str| log_tail(out.path(), Some(cell), 2).unwrap();
        assert_eq!(tail("a"), None);
        std::fs::write(folder.log(&TaskId::new("1", 0)), "one\ntwo\nthree\n").unwrap();
        std::fs::write(folder.log(&TaskId::new("1", 1)), "b begins\n").unwrap();
        assert_eq!(tail("a").unwrap().text, "two\nthree\n");
        assert_eq!(tail("1_0").unwrap().task, "1_0");
        assert_eq!(tail("b").unwrap().task, "1_1");
        assert_eq!(tail("c"), None);
        assert!(log_tail(out.path(), None, 5).unwrap().is_some());
    }
}
