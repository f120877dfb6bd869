//! Submitting one array.

use std::collections::BTreeSet;

use super::{SubmitRequest, SubmittedJob, text};
use crate::slurm::command::ask_without;
use crate::slurm::error::SlurmError;
use crate::slurm::folder::Folder;
use crate::slurm::jobs::{Job, Jobs};
use crate::slurm::parse::is_number;
use crate::slurm::partition::Array;

/// Writes the script of one array, notes it, and submits it.
pub(super) fn submit_array(
    request: &SubmitRequest,
    folder: &Folder,
    jobs: &mut Jobs,
    of: u32,
    array: &Array,
    before: Option<&SubmittedJob>,
) -> Result<SubmittedJob, SlurmError> {
    let text = text(request, folder, of, array)?;
    let name = write_script(folder, jobs, &text)?;
    let script = folder.script(&name);
    // Noted before it is submitted: its tasks may begin at once.
    jobs.jobs.retain(|job| job.script != name);
    jobs.jobs.push(Job {
        id: None,
        script: name,
        tasks: array.tasks.clone(),
    });
    jobs.write(folder)?;
    let mut submitted = SubmittedJob {
        id: None,
        script,
        tasks: array.tasks.len(),
    };
    if request.dry_run {
        return Ok(submitted);
    }
    let path = submitted.script.to_string_lossy();
    let dependency = before
        .and_then(|job| job.id.as_ref())
        .filter(|_| request.at_once.is_some())
        .map(|id| format!("--dependency=afterany:{id}"));
    let mut arguments = vec!["--parsable"];
    arguments.extend(dependency.as_deref());
    arguments.push(&path);
    let hidden = request.resources.contradicted_by();
    let answer =
        ask_without("sbatch", &arguments, &hidden).and_then(|answer| answer.text_of("sbatch"));
    let id = match answer {
        Ok(text) => job_number(&text).ok_or_else(|| {
            SlurmError::Request(format!(
                "sbatch did not say the job’s number but “{}”: “squeue” shows whether it was taken",
                text.trim()
            ))
        })?,
        Err(error) => {
            // Nothing came of it. (Whether a silent controller took the job, its script tells.)
            if matches!(error, SlurmError::Refused { .. }) {
                let removed = std::fs::remove_file(&submitted.script);
                if removed.is_ok() {
                    jobs.jobs.pop();
                    jobs.write(folder)?;
                }
            }
            return Err(error);
        }
    };
    if let Some(job) = jobs.jobs.last_mut() {
        job.id = Some(id.clone());
    }
    jobs.write(folder)?;
    submitted.id = Some(id);
    Ok(submitted)
}

/// What `sbatch --parsable` prints: `12`, or `12;cluster`.
fn job_number(text: &str) -> Option<String> {
    // A site's own remarks may stand above and below.
    let number = |line: &str| {
        let number = line.split(';').next()?.trim();
        is_number(number).then(|| number.to_owned())
    };
    text.lines().rev().find_map(number)
}

/// Writes a script under the first free name; one that stands there unsubmitted with the same text is taken. A person may
/// have changed it, so that none is replaced.
fn write_script(folder: &Folder, jobs: &Jobs, text: &str) -> Result<String, SlurmError> {
    let submitted: BTreeSet<&str> = jobs
        .jobs
        .iter()
        .filter(|job| job.id.is_some())
        .map(|job| job.script.as_str())
        .collect();
    for number in 1u32.. {
        let name = match number {
            1 => "job.sh".to_owned(),
            number => format!("job-{number}.sh"),
        };
        let path = folder.script(&name);
        let is_same = || {
            !submitted.contains(name.as_str())
                && std::fs::read(&path).is_ok_and(|there| there == text.as_bytes())
        };
        let new = std::fs::File::options()
            .write(true)
            .create_new(true)
            .open(&path);
        let written = match new {
            Ok(mut file) => std::io::Write::write_all(&mut file, text.as_bytes()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => match is_same() {
                true => Ok(()),
                false => continue,
            },
            Err(error) => Err(error),
        };
        return match written {
            Ok(()) => Ok(name),
            Err(error) => Err(SlurmError::file(
                &path,
                format!("the script can’t be written ({error})"),
            )),
        };
    }
    Err(SlurmError::file(
        folder.path(),
        "there is no free name for another script",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_job_is_read() {
        for (text, expected) in [
            ("12\n", Some("12")),
            ("12;desk\n", Some("12")),
            ("Welcome to the cluster\n12\n", Some("12")),
            ("12\nYour budget: 1,200 hours are left\n", Some("12")),
            ("Submitted batch job 12\n", None),
            ("", None),
        ] {
            assert_eq!(job_number(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn no_script_is_replaced() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::of(out.path());
        folder.make().unwrap();
        let mut jobs = Jobs::default();
        assert_eq!(write_script(&folder, &jobs, "a").unwrap(), "job.sh");
        // Not submitted yet, and unchanged.
        assert_eq!(write_script(&folder, &jobs, "a").unwrap(), "job.sh");
        std::fs::write(folder.script("job.sh"), "edited").unwrap();
        assert_eq!(write_script(&folder, &jobs, "a").unwrap(), "job-2.sh");
        jobs.jobs.push(Job {
            id: Some("7".to_owned()),
            script: "job-2.sh".to_owned(),
            tasks: std::collections::BTreeMap::new(),
        });
        assert_eq!(write_script(&folder, &jobs, "a").unwrap(), "job-3.sh");
        assert_eq!(std::fs::read(folder.script("job.sh")).unwrap(), b"edited");
    }
}
