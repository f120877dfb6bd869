//! Jobs that wait or run, and those among them that a person submitted by hand from a script of this sweep.

use std::path::{Path, PathBuf};

use super::command::ask;
use super::error::SlurmError;
use super::folder::Folder;
use super::jobs::Jobs;
use super::parse::squeue::{self, Row};

/// The tasks of all arrays of this person that Slurm has in its memory.
///
/// # Errors
/// When Slurm does not answer.
pub(super) fn queue() -> Result<Vec<Row>, SlurmError> {
    let user = own_tasks();
    let mut arguments = squeue::ARGUMENTS.to_vec();
    arguments.push(&user);
    let text = ask("squeue", &arguments)?.text_of("squeue")?;
    Ok(squeue::parse(&text))
}

/// By number: a cluster may know a person by another name than this machine does.
#[cfg(target_os = "linux")]
fn own_tasks() -> String {
    format!("--user={}", rustix::process::getuid().as_raw())
}

#[cfg(not(target_os = "linux"))]
fn own_tasks() -> String {
    "--me".to_owned()
}

/// Adds to `jobs` those of `rows` that came of a script in `folder` and are not known yet; whether there are such.
pub(super) fn adopt(jobs: &mut Jobs, folder: &Folder, rows: &[Row]) -> bool {
    let own = canonical(folder.path());
    let mut has_changed = false;
    for row in rows {
        if jobs.knows(&row.id.job) {
            continue;
        }
        let command = Path::new(&row.command);
        let (Some(parent), Some(name)) = (command.parent(), command.file_name()) else {
            continue;
        };
        if canonical(parent) != own {
            continue;
        }
        let name = name.to_string_lossy();
        let same_script = |job: &&mut super::jobs::Job| job.script == name;
        let id = Some(row.id.job.clone());
        match jobs.jobs.iter_mut().filter(same_script).last() {
            Some(job) if job.id.is_none() => job.id = id,
            // Submitted once more.
            Some(job) => {
                let again = super::jobs::Job { id, ..job.clone() };
                jobs.jobs.push(again);
            }
            None => continue,
        }
        has_changed = true;
    }
    has_changed
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// Makes sure that `jobs.json` knows a job.
///
/// # Errors
/// When it can't be read or written, or Slurm does not answer.
pub(super) fn know(folder: &Folder, job: &str) -> Result<(), SlurmError> {
    if Jobs::read(folder)?.knows(job) {
        return Ok(());
    }
    // Whoever submitted it may be about to write it down.
    let _lock = folder.lock()?;
    let mut jobs = Jobs::read(folder)?;
    if !jobs.knows(job) && adopt(&mut jobs, folder, &queue()?) {
        jobs.write(folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::jobs::Job;
    use super::super::parse::TaskId;
    use super::*;

    #[test]
    fn jobs_that_were_submitted_by_hand_are_known_by_their_script() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::of(out.path());
        folder.make().unwrap();
        let row = |job: &str, command: PathBuf| Row {
            id: TaskId::new(job, 0),
            state: "PENDING".to_owned(),
            reason: "Priority".to_owned(),
            node: None,
            start: None,
            command: command.to_str().unwrap().to_owned(),
        };
        let rows = [
            row("3", folder.script("job.sh")),
            row("4", folder.script("job.sh")),
            row("5", PathBuf::from("/elsewhere/job.sh")),
            row("6", folder.script("other.sh")),
        ];
        let mut jobs = Jobs::default();
        jobs.jobs.push(Job {
            id: None,
            script: "job.sh".to_owned(),
            tasks: BTreeMap::new(),
        });
        assert!(adopt(&mut jobs, &folder, &rows));
        let ids: Vec<_> = jobs.jobs.iter().map(|job| job.id.as_deref()).collect();
        assert_eq!(ids, [Some("3"), Some("4")]);
        assert!(!adopt(&mut jobs, &folder, &rows));
    }
}
