//! Cancelling tasks of a sweep.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::time::Duration;

use super::adopt::{adopt, queue};
use super::command::ask;
use super::error::SlurmError;
use super::folder::Folder;
use super::jobs::Jobs;
use super::parse::TaskId;
use super::parse::squeue::Row;
use super::status::{alive, is_alive};

/// Tasks that are named in one call of a program.
const AT_ONCE: usize = 200;

/// How often, and how far apart, the queue is looked at until all that was cancelled has ended: some seconds, in which most
/// tasks have saved.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// What was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cancelled {
    /// As Slurm calls them: `12_3`.
    pub tasks: Vec<String>,
    /// Cells that were not named and have the same tasks.
    pub also: BTreeSet<String>,
    /// What was named and neither waits nor runs.
    pub not_there: Vec<String>,
}

/// Cancels tasks that wait or run: all of them, or those of these cells (or of these names of tasks, `12_3`). What they have
/// trained is kept.
///
/// # Errors
/// When Slurm does not answer or refuses.
pub fn cancel(out: &Path, only: Option<&[String]>) -> Result<Cancelled, SlurmError> {
    let folder = Folder::of(out);
    if Jobs::read(&folder)?.jobs.is_empty() {
        return Err(SlurmError::file(
            out,
            "nothing of this sweep was submitted to Slurm",
        ));
    }
    let _lock = folder.lock()?;
    let mut jobs = Jobs::read(&folder)?;
    let rows = queue()?;
    if adopt(&mut jobs, &folder, &rows) {
        jobs.write(&folder)?;
    }
    let (ids, cancelled) = chosen(&jobs, &rows, only);
    // First of all: one that is just being stopped does not come back then, and one that does ends at once.
    for id in &ids {
        folder.mark_cancelled(id)?;
    }
    end(&ids)?;
    Ok(cancelled)
}

/// Cancels tasks, also those that come back meanwhile.
fn end(ids: &[TaskId]) -> Result<(), SlurmError> {
    let meant: HashSet<&TaskId> = ids.iter().collect();
    let mut refused = None;
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(PAUSE);
        }
        let rows = queue()?;
        let alive: Vec<&Row> = rows
            .iter()
            .filter(|row| meant.contains(&row.id) && is_alive(row))
            .collect();
        // One that is ending can't be cancelled: Slurm would keep trying for minutes.
        let left: Vec<&TaskId> = alive
            .iter()
            .filter(|row| row.state != "COMPLETING")
            .map(|row| &row.id)
            .collect();
        if !left.is_empty() {
            refused = cancel_these(&left)?;
        }
        if alive.is_empty() || (left.is_empty() && look + 1 == LOOKS) {
            return Ok(());
        }
    }
    match refused {
        Some(refused) => Err(refused),
        None => Ok(()),
    }
}

/// What Slurm refused. (It does refuse what ends at this very moment, which is as well.)
fn cancel_these(ids: &[&TaskId]) -> Result<Option<SlurmError>, SlurmError> {
    let mut refused = None;
    for some in ids.chunks(AT_ONCE) {
        let names: Vec<String> = some.iter().map(ToString::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match ask("scancel", &names).and_then(|answer| answer.text_of("scancel")) {
            Ok(_) => {}
            Err(error @ SlurmError::NotInstalled(_)) => return Err(error),
            Err(error) => refused = Some(error),
        }
    }
    Ok(refused)
}

/// Those of the tasks that are alive which are meant.
fn chosen(jobs: &Jobs, rows: &[Row], only: Option<&[String]>) -> (Vec<TaskId>, Cancelled) {
    let mut ids = Vec::new();
    let mut cancelled = Cancelled::default();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    let alive = alive(rows);
    for (id, cells) in jobs.tasks() {
        if !alive.contains(&id) {
            continue;
        }
        let name = id.to_string();
        if let Some(only) = only {
            let meant = |asked: &&String| **asked == name || cells.contains(*asked);
            let asked: Vec<&String> = only.iter().filter(meant).collect();
            if asked.is_empty() {
                continue;
            }
            met.extend(asked.iter().map(|asked| asked.as_str()));
            if !only.contains(&name) {
                cancelled
                    .also
                    .extend(cells.iter().filter(|cell| !only.contains(*cell)).cloned());
            }
        }
        cancelled.tasks.push(name);
        ids.push(id);
    }
    let missed = only.unwrap_or_default().iter();
    cancelled.not_there = missed
        .filter(|asked| !met.contains(asked.as_str()))
        .cloned()
        .collect();
    (ids, cancelled)
}

#[cfg(test)]
mod tests {
    use super::super::jobs::Job;
    use super::*;

    #[test]
    fn tasks_are_chosen_by_their_cells_or_names() {
        let cells = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut jobs = Jobs::default();
        jobs.jobs.push(Job {
            id: Some("1".to_owned()),
            script: "job.sh".to_owned(),
            tasks: [
                (0, cells(&["a", "b"])),
                (1, cells(&["c"])),
                (2, cells(&["d"])),
            ]
            .into(),
        });
        let row = |index, state: &str| Row {
            id: TaskId::new("1", index),
            state: state.to_owned(),
            reason: String::new(),
            node: None,
            start: None,
            command: String::new(),
        };
        let rows = [row(0, "RUNNING"), row(1, "PENDING"), row(2, "COMPLETED")];
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let (_, all) = chosen(&jobs, &rows, None);
        assert_eq!(all.tasks, ["1_0", "1_1"]);
        let (ids, some) = chosen(&jobs, &rows, Some(&names(&["a", "d", "1_1"])));
        assert_eq!(ids.len(), 2);
        assert_eq!(some.tasks, ["1_0", "1_1"]);
        assert_eq!(some.also, cells(&["b"]));
        assert_eq!(some.not_there, ["d"]);
    }
}
