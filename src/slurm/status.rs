//! How the tasks of a sweep stand, as Slurm sees it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::adopt::{adopt, queue};
use super::command::ask;
use super::ended::Ended;
use super::error::SlurmError;
use super::folder::Folder;
use super::jobs::Jobs;
use super::logs;
use super::parse::squeue::Row;
use super::parse::{TaskId, log, sacct, scontrol};
use super::reasons::reason_in_words;
use super::record::{self, Record, TaskEnd};

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// In the queue. `reason`: in plain words, the end of “it waits: …”; `start`: when it may begin, in the cluster's time.
    Waiting {
        reason: String,
        start: Option<String>,
    },
    Running,
    /// It saves, or is being cleaned away.
    Ending,
    Ended(Ended),
}

/// A task of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// As Slurm calls it: `12_3`.
    pub id: String,
    /// The cells that it trains; none where it takes whatever cell there is.
    pub cells: BTreeSet<String>,
    pub state: TaskState,
    /// The node that it runs on, or ran on last.
    pub node: Option<String>,
    /// How often it was queued again.
    pub restarts: u32,
    pub log: PathBuf,
}

impl TaskStatus {
    /// Whether it waits, runs or ends.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, TaskState::Ended(_))
    }
}

/// What to do about tasks that have ended, each once, as whole sentences without their full stops.
pub fn remedies<'a>(tasks: impl IntoIterator<Item = &'a TaskStatus>) -> Vec<&'static str> {
    let mut remedies = Vec::new();
    for task in tasks {
        if let TaskState::Ended(ended) = &task.state
            && let Some(remedy) = ended.remedy()
            && !remedies.contains(&remedy)
        {
            remedies.push(remedy);
        }
    }
    remedies
}

/// Whether a task in the queue has not come to its end.
pub(super) fn is_alive(row: &Row) -> bool {
    Ended::from_state(&row.state, None).is_none()
}

/// The tasks in the queue that have not come to their end.
pub(super) fn alive(rows: &[Row]) -> HashSet<&TaskId> {
    let alive = rows.iter().filter(|row| is_alive(row));
    alive.map(|row| &row.id).collect()
}

/// The tasks of the sweep in `out`, in the order in which they were submitted: those that wait or run, and of each cell's
/// others the last. Nothing where nothing was submitted.
///
/// # Errors
/// When Slurm does not answer; where there is none; and when the sweep's folder can't be read.
pub fn status(out: &Path) -> Result<Vec<TaskStatus>, SlurmError> {
    let folder = Folder::of(out);
    let mut jobs = Jobs::read(&folder)?;
    if jobs.jobs.is_empty() {
        return Ok(Vec::new());
    }
    let rows = queue()?;
    adopt(&mut jobs, &folder, &rows);
    let rows: HashMap<&TaskId, &Row> = rows.iter().map(|row| (&row.id, row)).collect();
    let latest = latest(&jobs, &|id| rows.get(id).is_some_and(|row| is_alive(row)));
    let more = More::of_jobs(&latest, &rows);
    let restarts = record::restarts(&folder);
    let tasks = latest.into_iter().map(|(id, cells)| {
        let restarts = restarts.get(&id).copied().unwrap_or(0);
        let record = record::read(&folder, &id, restarts);
        let row = rows.get(&id).copied();
        let log = folder.log(&id);
        let state = match state(row, &id, &more, record.as_ref(), &log) {
            TaskState::Ended(Ended::Unknown) if folder.is_cancelled(&id) => {
                TaskState::Ended(Ended::Cancelled)
            }
            state => state,
        };
        let node = row
            .and_then(|row| row.node.clone())
            .or_else(|| more.accounts.get(&id)?.node.clone())
            .or_else(|| record.map(|record| record.host));
        TaskStatus {
            id: id.to_string(),
            cells: cells.clone(),
            state,
            node,
            restarts,
            log,
        }
    });
    Ok(tasks.collect())
}

/// Every task that is alive, and those that were the last for at least one of their cells.
fn latest<'a>(
    jobs: &'a Jobs,
    is_alive: &dyn Fn(&TaskId) -> bool,
) -> Vec<(TaskId, &'a BTreeSet<String>)> {
    let mut seen: HashSet<&str> = HashSet::new();
    let tasks: Vec<_> = jobs.tasks().collect();
    let last_job = jobs.jobs.iter().rev().find_map(|job| job.id.clone());
    let mut latest: Vec<_> = tasks
        .into_iter()
        .rev()
        .filter(|(id, cells)| {
            let is_last = cells.iter().filter(|cell| seen.insert(cell)).count() > 0;
            // Of tasks that take whatever cell there is, those that were submitted last.
            let is_of_last = cells.is_empty() && Some(&id.job) == last_job.as_ref();
            is_last || is_of_last || is_alive(id)
        })
        .collect();
    latest.reverse();
    latest
}

/// What others than the queue say of tasks that have ended.
#[derive(Debug, Default)]
struct More {
    accounts: BTreeMap<TaskId, sacct::Row>,
    remembered: BTreeMap<TaskId, scontrol::Job>,
}

impl More {
    fn of_jobs(tasks: &[(TaskId, &BTreeSet<String>)], rows: &HashMap<&TaskId, &Row>) -> Self {
        let mut more = Self::default();
        // Only of those of which the queue does not say why they ended.
        let unclear = |id: &TaskId| rows.get(id).is_none_or(|row| row.state == "FAILED");
        let jobs: BTreeSet<&str> = tasks
            .iter()
            .filter(|(id, _)| unclear(id))
            .map(|(id, _)| id.job.as_str())
            .collect();
        if jobs.is_empty() {
            return more;
        }
        let listed: Vec<&str> = jobs.iter().copied().collect();
        let named = format!("--jobs={}", listed.join(","));
        let mut arguments = sacct::ARGUMENTS.to_vec();
        arguments.push(&named);
        // Many clusters keep no accounts: that it fails is no failure here.
        if let Ok(answer) = ask("sacct", &arguments) {
            let rows = sacct::parse(&answer.text).into_iter();
            more.accounts = rows.map(|row| (row.id.clone(), row)).collect();
        }
        let has_failed: BTreeSet<&str> = rows
            .values()
            .filter(|row| row.state == "FAILED" && !more.accounts.contains_key(&row.id))
            .map(|row| row.id.job.as_str())
            .collect();
        for job in jobs.intersection(&has_failed) {
            if let Ok(answer) = ask("scontrol", &["--oneliner", "show", "job", job]) {
                let jobs = scontrol::jobs(&answer.text).into_iter();
                more.remembered
                    .extend(jobs.map(|job| (job.id.clone(), job)));
            }
        }
        more
    }
}

fn state(
    row: Option<&Row>,
    id: &TaskId,
    more: &More,
    record: Option<&Record>,
    log: &Path,
) -> TaskState {
    let said = || log::ended(&logs::end_of(log).unwrap_or_default());
    let Some(row) = row else {
        let account = more.accounts.get(id);
        let ended = account.and_then(|account| Ended::from_state(&account.state, account.exit));
        return TaskState::Ended(why(ended.unwrap_or(Ended::Unknown), said, record));
    };
    match row.state.as_str() {
        "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "SPECIAL_EXIT" | "REQUEUE_FED"
        | "RESV_DEL_HOLD" => {
            let mut reason = reason_in_words(&row.reason);
            // Of a task that Slurm has queued again.
            if let Some(before) = said() {
                reason.push_str(&format!(" (the try before: {before})"));
            }
            TaskState::Waiting {
                reason,
                // Of others, Slurm's guess.
                start: row.start.clone().filter(|_| row.reason == "BeginTime"),
            }
        }
        "COMPLETING" | "STAGE_OUT" => TaskState::Ending,
        state => {
            let exit = more.accounts.get(id).and_then(|account| account.exit);
            let exit = exit.or_else(|| more.remembered.get(id)?.exit);
            match Ended::from_state(state, exit) {
                Some(ended) => TaskState::Ended(why(ended, said, record)),
                None => TaskState::Running,
            }
        }
    }
}

/// Why a task ended: what Slurm's programs say, or what stands in its log (`said`) where that is more, or what it noted itself.
fn why(ended: Ended, said: impl Fn() -> Option<Ended>, record: Option<&Record>) -> Ended {
    let ended = match ended {
        Ended::Killed { .. } | Ended::Unknown => said().unwrap_or(ended),
        // What watches over memory fails or cancels a job, in some ways to set it up, and only the log says why.
        Ended::Failed { .. } | Ended::Cancelled => match said() {
            Some(Ended::OutOfMemory) => Ended::OutOfMemory,
            _ => ended,
        },
        ended => ended,
    };
    in_own_words(ended, record)
}

/// A task knows best why it failed or did not go on.
fn in_own_words(ended: Ended, record: Option<&Record>) -> Ended {
    let Some(end) = record.and_then(|record| record.end.as_ref()) else {
        return ended;
    };
    match (ended, end) {
        (Ended::Failed { status, .. }, TaskEnd::Failed(reason)) => Ended::Failed {
            status,
            reason: Some(reason.clone()),
        },
        // What was noted is of the try before: the one that failed has noted nothing.
        (Ended::Failed { status, .. }, TaskEnd::QueuedAgain) => Ended::Failed {
            status,
            reason: Some(
                "it was saved and queued again, and then ended before Graft began".to_owned(),
            ),
        },
        (Ended::Failed { .. } | Ended::Unknown, TaskEnd::Stopped(reason)) => {
            Ended::NotQueuedAgain(reason.clone())
        }
        (Ended::Unknown, TaskEnd::Finished) => Ended::Finished,
        (Ended::Unknown, TaskEnd::Failed(reason)) => Ended::Failed {
            status: 1,
            reason: Some(reason.clone()),
        },
        (ended, _) => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::super::jobs::Job;
    use super::*;

    fn row(index: u32, state: &str) -> Row {
        Row {
            id: TaskId::new("12", index),
            state: state.to_owned(),
            reason: "Priority".to_owned(),
            node: None,
            start: None,
            command: String::new(),
        }
    }

    fn record(end: Option<TaskEnd>) -> Record {
        Record {
            restart: 0,
            host: "n1".to_owned(),
            began: 0,
            end,
        }
    }

    fn found(row: Option<&Row>, more: &More, end: Option<TaskEnd>, log: &str) -> TaskState {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        std::fs::write(&path, log).unwrap();
        state(row, &TaskId::new("12", 3), more, Some(&record(end)), &path)
    }

    #[test]
    fn the_queue_says_first_how_a_task_stands() {
        let more = More::default();
        let said = |state: &str| found(Some(&row(3, state)), &more, None, "");
        assert_eq!(
            said("PENDING"),
            TaskState::Waiting {
                reason: "others are before it".to_owned(),
                start: None
            }
        );
        assert_eq!(said("RUNNING"), TaskState::Running);
        assert_eq!(said("CONFIGURING"), TaskState::Running);
        assert_eq!(said("COMPLETING"), TaskState::Ending);
        assert_eq!(said("TIMEOUT"), TaskState::Ended(Ended::OutOfTime));
        assert_eq!(said("NODE_FAIL"), TaskState::Ended(Ended::NodeFailed));
    }

    #[test]
    fn why_a_task_ended_is_told_by_whoever_knows() {
        let id = TaskId::new("12", 3);
        let oom = "slurmstepd: error: Detected 1 oom_kill event in StepId=12.batch.\n";
        let mut more = More::default();
        more.remembered.insert(
            id.clone(),
            scontrol::Job {
                id: id.clone(),
                state: "FAILED".to_owned(),
                reason: "NonZeroExitCode".to_owned(),
                restarts: 0,
                exit: Some((0, 9)),
                is_preempted: false,
            },
        );
        let failed = row(3, "FAILED");
        let ended =
            |row: Option<&Row>, more: &More, end, log: &str| match found(row, more, end, log) {
                TaskState::Ended(ended) => ended,
                other => panic!("{other:?}"),
            };
        assert_eq!(
            ended(Some(&failed), &more, None, ""),
            Ended::Killed { signal: 9 }
        );
        assert_eq!(ended(Some(&failed), &more, None, oom), Ended::OutOfMemory);
        // Slurm has forgotten it: its log, then what it said itself.
        let none = More::default();
        let again = row(3, "PENDING");
        let node = "slurmstepd-vm: error: *** JOB 5 ON vm CANCELLED AT 2026-11-30T05:26:59 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***\n";
        assert_eq!(
            found(Some(&again), &none, None, node),
            TaskState::Waiting {
                reason: "others are before it (the try before: its node died)".to_owned(),
                start: None
            }
        );
        assert_eq!(
            ended(
                None,
                &none,
                None,
                "slurmstepd: error: *** JOB 1 ON n1 CANCELLED AT 2026-01-01 DUE TO TIME LIMIT ***\n"
            ),
            Ended::OutOfTime
        );
        assert_eq!(ended(None, &none, None, "epoch 1\n"), Ended::Unknown);
        assert_eq!(
            ended(None, &none, Some(TaskEnd::Finished), ""),
            Ended::Finished
        );
        let reason = "it was started 3 times already".to_owned();
        assert_eq!(
            ended(
                Some(&failed),
                &none,
                Some(TaskEnd::Stopped(reason.clone())),
                ""
            ),
            Ended::NotQueuedAgain(reason)
        );
        // Of a real Slurm whose node took the new try for the one before.
        let mut at_once = More::default();
        let account = sacct::parse("12_3|FAILED|1:0|vm\n");
        at_once.accounts.insert(id.clone(), account[0].clone());
        let said = ended(Some(&failed), &at_once, Some(TaskEnd::QueuedAgain), "").to_string();
        assert!(said.contains("ended before Graft began"), "{said}");
        // Of a cluster that watches over memory by counting it (OverMemoryKill): the accounts know of a signal, or of a person
        // who cancelled.
        let counted = "slurmstepd-vm: error: StepId=1.batch exceeded memory limit (323047424 > 314572800), being killed\n\
                       slurmstepd-vm: error: *** JOB 1 ON vm CANCELLED AT 2026-12-01T01:42:55 ***\n";
        for account in [
            "12_3|FAILED|0:9|vm\n",
            "12_3|CANCELLED by 0|0:0|vm\n",
            "12_3|FAILED|1:0|vm\n",
        ] {
            let mut accounts = More::default();
            accounts
                .accounts
                .insert(id.clone(), sacct::parse(account)[0].clone());
            assert_eq!(
                ended(None, &accounts, None, counted),
                Ended::OutOfMemory,
                "{account}"
            );
            assert_ne!(
                ended(None, &accounts, None, "epoch 1\n"),
                Ended::OutOfMemory,
                "{account}"
            );
        }
        // With accounting.
        let mut accounts = More::default();
        let rows = sacct::parse("12_3|OUT_OF_MEMORY|0:125|n2\n");
        accounts.accounts.insert(id, rows[0].clone());
        assert_eq!(ended(None, &accounts, None, ""), Ended::OutOfMemory);
    }

    #[test]
    fn of_tasks_of_the_same_cells_the_last_counts() {
        let cells = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let job = |id: &str, tasks: &[(u32, &[&str])]| Job {
            id: Some(id.to_owned()),
            script: "job.sh".to_owned(),
            tasks: tasks
                .iter()
                .map(|(index, names)| (*index, cells(names)))
                .collect(),
        };
        let mut jobs = Jobs::default();
        jobs.jobs
            .push(job("1", &[(0, &["a"]), (1, &["b"]), (2, &["c"])]));
        jobs.jobs.push(job("2", &[(1, &["b"]), (2, &["c"])]));
        let alive = TaskId::new("1", 2);
        let latest: Vec<String> = latest(&jobs, &|id| *id == alive)
            .into_iter()
            .map(|(id, _)| id.to_string())
            .collect();
        assert_eq!(latest, ["1_0", "1_2", "2_1", "2_2"]);
    }
}
