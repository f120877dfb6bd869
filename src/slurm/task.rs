//! What a task does about itself: it says that it began, and when it was stopped it has Slurm queue it again.
//!
//! A stopped task must ask for that itself. Slurm sends a signal some time before it ends a task (its time is over soon, or
//! others need its place); a task that saves and ends then has failed as far as Slurm knows, and is not started again. One
//! that was cancelled must not ask: Slurm queues a cancelled task again if asked to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::adopt;
use super::command::ask;
use super::error::SlurmError;
use super::folder::Folder;
use super::parse::scontrol::{self, Job};
use super::parse::{TaskId, is_number, log};
use super::record::{self, Record, TaskEnd};
use crate::format;
use crate::runs::atomic;

/// The variable that says how often a task may queue itself again.
pub(super) const MOST_REQUEUES: &str = "GRAFT_REQUEUES";

/// How often, where nothing says.
pub const DEFAULT_REQUEUES: u32 = 100;

/// Between two tries to reach the controller, and how many there are. Slurm ends the task when its time is over.
const PAUSE: Duration = Duration::from_secs(3);
const TRIES: u32 = 30;

/// What came of the work of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its cells are done, or failed for reasons of their own.
    Finished,
    /// It was told to stop, and has saved.
    Stopped,
    /// It could not work.
    Failed(String),
}

/// This process, as a task of an array.
#[derive(Debug)]
pub struct Task {
    id: TaskId,
    folder: Folder,
    path: PathBuf,
    record: Record,
    most_requeues: u32,
}

impl Task {
    /// This process as a task that works on the sweep in `out`, and a note that it began; `None` where it is none.
    ///
    /// # Errors
    /// When the sweep's folder can't be written.
    pub fn begin(out: &Path) -> Result<Option<Self>, SlurmError> {
        let task = Self::of(out, &|name| std::env::var(name).ok());
        let Some(task) = task else {
            return Ok(None);
        };
        task.folder.make()?;
        task.write()?;
        // Of a script that was submitted by hand, nobody knows the job yet.
        if let Err(error) = adopt::know(&task.folder, &task.id.job) {
            ::log::warn!("{error}");
        }
        Ok(Some(task))
    }

    fn of(out: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name: &str| variable(name)?.parse::<u32>().ok();
        let job = variable("SLURM_ARRAY_JOB_ID").filter(|job| is_number(job))?;
        let id = TaskId {
            job,
            index: number("SLURM_ARRAY_TASK_ID")?,
        };
        let folder = Folder::of(out);
        let restart = number("SLURM_RESTART_COUNT").unwrap_or(0);
        Some(Self {
            path: record::path(&folder, &id, restart),
            folder,
            id,
            record: Record {
                restart,
                host: variable("SLURMD_NODENAME").unwrap_or_else(|| "?".to_owned()),
                began: now(),
                end: None,
            },
            most_requeues: number(MOST_REQUEUES).unwrap_or(DEFAULT_REQUEUES),
        })
    }

    /// The line with which the log of each try begins.
    pub fn begin_line(&self) -> String {
        format!(
            "{}{}, try {}, on {}, {}",
            log::BEGIN,
            self.id,
            self.record.restart.saturating_add(1),
            self.record.host,
            format::utc_time(self.record.began)
        )
    }

    /// Whether a person has cancelled it, while it waited to go on.
    pub fn is_cancelled(&self) -> bool {
        self.folder.is_cancelled(&self.id)
    }

    /// Notes what came of it, and has Slurm queue it again when it was stopped and not cancelled. Gives what is to be said
    /// of that.
    ///
    /// # Errors
    /// When the note can't be written.
    pub fn end(mut self, outcome: Outcome) -> Result<Option<String>, SlurmError> {
        match outcome {
            Outcome::Finished => {
                self.note(TaskEnd::Finished)?;
                Ok(None)
            }
            Outcome::Failed(reason) => {
                self.note(TaskEnd::Failed(reason))?;
                Ok(None)
            }
            Outcome::Stopped => self.queue_again().map(Some),
        }
    }

    fn queue_again(&mut self) -> Result<String, SlurmError> {
        let reason = if self.is_cancelled() {
            "it was cancelled".to_owned()
        } else if self.folder.is_asked_to_stop() {
            "the sweep was asked to stop".to_owned()
        } else if self.record.restart >= self.most_requeues {
            format!(
                "it was started {} already ({MOST_REQUEUES} in its script)",
                format::plural(u64::from(self.record.restart) + 1, "time", "times")
            )
        } else {
            // Slurm may end this process at any moment once it is queued again.
            self.note(TaskEnd::QueuedAgain)?;
            match self.ask_slurm() {
                Ok(()) => {
                    return Ok(format!(
                        "Saved; {} is queued again, and goes on from there.",
                        self.id
                    ));
                }
                Err(reason) => reason,
            }
        };
        let sentence = format!("Saved; {} is not queued again: {reason}.", self.id);
        self.note(TaskEnd::Stopped(reason))?;
        Ok(sentence)
    }

    /// Has Slurm queue the task again, or finds that it has done so. A reason why not, where that is so.
    fn ask_slurm(&self) -> Result<(), String> {
        let id = self.id.to_string();
        let mut reason = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            let shown = match ask("scontrol", &["--oneliner", "show", "job", &id]) {
                Ok(answer) if answer.has_succeeded => answer.text,
                // The controller is being restarted.
                Ok(answer) => {
                    reason = format!("Slurm said: {}", answer.words);
                    continue;
                }
                Err(error @ SlurmError::NotInstalled(_)) => return Err(error.to_string()),
                Err(error) => {
                    reason = error.to_string();
                    continue;
                }
            };
            let jobs = scontrol::jobs(&shown);
            let job = jobs.iter().find(|job| job.id == self.id);
            match job.map(|job| decide(job, self.record.restart)) {
                Some(Decision::Done) => return Ok(()),
                Some(Decision::Leave(why)) => return Err(why.to_owned()),
                Some(Decision::Ask) | None => {}
            }
            match ask("scontrol", &["requeue", &id]) {
                Ok(answer) if answer.has_succeeded || answer.words.contains("pending") => {
                    return Ok(());
                }
                Ok(answer) => reason = format!("Slurm said: {}", answer.words),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(reason)
    }

    fn note(&mut self, end: TaskEnd) -> Result<(), SlurmError> {
        self.record.end = Some(end);
        self.write()
    }

    fn write(&self) -> Result<(), SlurmError> {
        let written = serde_json::to_vec(&self.record)
            .map_err(std::io::Error::other)
            .and_then(|bytes| atomic::write(&self.path, &bytes));
        written.map_err(|error| {
            SlurmError::file(&self.path, format!("this note can’t be written ({error})"))
        })
    }
}

/// What a stopped task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Ask,
    /// Slurm has queued it again already.
    Done,
    /// For this reason.
    Leave(&'static str),
}

/// What to do, from what Slurm says of a task that has stopped in its try after `restart` others.
fn decide(job: &Job, restart: u32) -> Decision {
    if job.restarts > restart || job.state == "PENDING" {
        return Decision::Done;
    }
    // A job that ends is COMPLETING, whatever ended it.
    let is_ending = matches!(
        job.state.as_str(),
        "COMPLETING" | "TIMEOUT" | "PREEMPTED" | "NODE_FAIL"
    );
    match job.state.as_str() {
        "RUNNING" | "SIGNALING" | "STOPPED" | "SUSPENDED" => Decision::Ask,
        _ if is_ending && (job.reason == "TimeLimit" || job.is_preempted) => Decision::Ask,
        "COMPLETING" | "CANCELLED" => Decision::Leave("it was cancelled"),
        _ => Decision::Leave("Slurm has ended it already"),
    }
}

fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::super::record::{read, restarts};
    use super::*;

    fn job(state: &str, reason: &str, restarts: u32, is_preempted: bool) -> Job {
        Job {
            id: TaskId::new("12", 3),
            state: state.to_owned(),
            reason: reason.to_owned(),
            restarts,
            exit: None,
            is_preempted,
        }
    }

    /// What a real Slurm says at that moment: see the recorded answers of the parser.
    #[test]
    fn only_a_task_that_was_not_cancelled_asks_to_be_queued_again() {
        for (shown, restart, expected) in [
            // Its time is over soon, or it has to make way.
            (job("RUNNING", "None", 0, false), 0, Decision::Ask),
            (job("RUNNING", "None", 3, true), 3, Decision::Ask),
            (job("COMPLETING", "TimeLimit", 0, false), 0, Decision::Ask),
            (job("COMPLETING", "None", 0, true), 0, Decision::Ask),
            // Slurm or a person has queued it again.
            (job("COMPLETING", "None", 1, false), 0, Decision::Done),
            (job("PENDING", "BeginTime", 1, false), 0, Decision::Done),
            (
                job("COMPLETING", "None", 0, false),
                0,
                Decision::Leave("it was cancelled"),
            ),
            (
                job("CANCELLED", "None", 0, false),
                0,
                Decision::Leave("it was cancelled"),
            ),
        ] {
            assert_eq!(decide(&shown, restart), expected, "{shown:?}");
        }
    }

    fn variables(restart: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let value = match name {
                "SLURM_ARRAY_JOB_ID" => "12",
                "SLURM_ARRAY_TASK_ID" => "3",
                "SLURM_RESTART_COUNT" => restart,
                "SLURMD_NODENAME" => "n1",
                MOST_REQUEUES => "2",
                _ => return None,
            };
            Some(value.to_owned())
        }
    }

    #[test]
    fn a_task_leaves_a_record_of_each_try() {
        let out = tempfile::tempdir().unwrap();
        assert!(Task::of(out.path(), &|_| None).is_none());
        let folder = Folder::of(out.path());
        folder.make().unwrap();
        for (restart, outcome, end) in [
            ("0", Outcome::Finished, TaskEnd::Finished),
            (
                "1",
                Outcome::Failed("no pictures".to_owned()),
                TaskEnd::Failed("no pictures".to_owned()),
            ),
            (
                "2",
                Outcome::Stopped,
                TaskEnd::Stopped(
                    "it was started 3 times already (GRAFT_REQUEUES in its script)".to_owned(),
                ),
            ),
        ] {
            let task = Task::of(out.path(), &variables(restart)).unwrap();
            assert!(task.begin_line().starts_with(&format!(
                "Task 12_3, try {}, on n1",
                restart.parse::<u32>().unwrap() + 1
            )));
            task.end(outcome).unwrap();
            let id = TaskId::new("12", 3);
            let restarts = restarts(&folder)[&id];
            assert_eq!(restarts.to_string(), restart);
            let record = read(&folder, &id, restarts).unwrap();
            assert_eq!(record.end, Some(end));
        }
    }

    #[test]
    fn a_task_that_a_person_cancelled_does_not_come_back() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::of(out.path());
        folder.make().unwrap();
        let task = Task::of(out.path(), &variables("0")).unwrap();
        assert!(!task.is_cancelled() && !folder.is_asked_to_stop());
        crate::sweep::ask_to_stop(out.path()).unwrap();
        assert!(folder.is_asked_to_stop());
        folder.mark_cancelled(&TaskId::new("12", 3)).unwrap();
        assert!(task.is_cancelled());
        let said = task.end(Outcome::Stopped).unwrap().unwrap();
        assert!(
            said.contains("not queued again: it was cancelled"),
            "{said}"
        );
    }
}
