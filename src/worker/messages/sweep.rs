//! What is asked and told about sweeps: their files, how their cells stand, and the processes that train them.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Answer, Failure};
use crate::experiment::Experiment;
use crate::experiment::preset::PresetField;
use crate::slurm::{Resources, TaskStatus};
use crate::sweep::{CellStatus, Plan, Results, Sweep, Tested};

/// To the threads of sweeps.
#[derive(Debug, Clone)]
pub enum SweepQuestion {
    /// What stands in a sweep's file.
    Open {
        path: PathBuf,
    },
    /// The cells of a sweep as it is edited. The newest question is answered.
    Plan {
        /// Comes back with the answer.
        ticket: u64,
        input: Box<PlanInput>,
    },
    /// How the cells stand in the folder of their runs. The newest question is answered.
    Status {
        plan: Arc<Plan>,
        out: PathBuf,
    },
    /// Trains what is missing, in a process of its own; answered when that has ended.
    Train(SweepProcess),
    /// Asks that process to end, or where `stay` lets it go on without the window. Nobody answers.
    EndTraining {
        stay: bool,
    },
    /// Asks every process that works in the folder to end, whoever began it.
    StopElsewhere {
        out: PathBuf,
    },
    /// Tests the setting of this cell, whatever has become the best one since it was chosen, in a process of its own; answered
    /// when that has ended.
    Test {
        process: SweepProcess,
        /// The name of one of the setting's cells.
        cell: String,
    },
    Slurm(SlurmQuestion),
}

/// What cells are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanInput {
    pub sweep: Sweep,
    /// The sweep's file; its base is relative to that.
    pub file: Option<PathBuf>,
    /// The base, where it stands in no file yet, and where its relative paths start.
    pub base: Option<(Experiment, Option<PathBuf>)>,
    /// Pictures that are taken instead of the base's.
    pub data: Option<PathBuf>,
}

/// A process of this program that works on a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepProcess {
    pub file: PathBuf,
    pub data: Option<PathBuf>,
    pub out: PathBuf,
    /// “cpu”, “cuda:0”; `None` for the best there is.
    pub device: Option<String>,
    /// Every graphics card trains a cell of its own.
    pub all_cards: bool,
    /// Also what has failed before.
    pub again: bool,
}

/// About Slurm, for the sweep whose cells are in `out`.
#[derive(Debug, Clone)]
pub enum SlurmQuestion {
    /// Whether this machine submits to it.
    Find,
    /// The script that would be submitted. The newest question is answered.
    Preview(Box<SlurmRequest>),
    /// Submits what is not done, whether or not it was submitted before.
    Submit(Box<SlurmRequest>),
    /// How the tasks stand.
    Tasks { out: PathBuf },
    /// Ends tasks, as Slurm calls them, or all.
    Cancel {
        out: PathBuf,
        tasks: Option<Vec<String>>,
    },
    /// The end of a task's log.
    Log { out: PathBuf, task: String },
}

/// What is submitted.
#[derive(Debug, Clone)]
pub struct SlurmRequest {
    pub plan: Arc<Plan>,
    pub process: SweepProcess,
    pub options: SlurmOptions,
}

/// How a sweep is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlurmOptions {
    pub resources: Resources,
    /// Tasks at once, at most.
    pub at_once: Option<u32>,
    pub cells_per_task: u32,
}

impl Default for SlurmOptions {
    fn default() -> Self {
        Self {
            resources: Resources::default(),
            at_once: None,
            cells_per_task: 1,
        }
    }
}

impl SweepQuestion {
    /// As [`Question::unanswered`](super::Question::unanswered).
    pub(super) fn unanswered(self, failure: Failure) -> Vec<Answer> {
        let answer = match self {
            Self::EndTraining { .. } | Self::StopElsewhere { .. } => return Vec::new(),
            Self::Open { path } => SweepAnswer::Opened {
                path,
                result: Err(failure),
            },
            Self::Plan { ticket, .. } => SweepAnswer::Planned {
                ticket,
                result: Err(failure),
            },
            Self::Status { out, .. } => SweepAnswer::Status {
                out,
                result: Err(failure),
            },
            Self::Train(_) => SweepAnswer::TrainingEnded(Err(failure)),
            Self::Test { .. } => SweepAnswer::Tested(Err(failure)),
            Self::Slurm(question) => SweepAnswer::Slurm(question.unanswered(failure)),
        };
        vec![Answer::Sweep(answer)]
    }

    /// Whether nobody needs the answer to `older`, which waits still, once this one is asked.
    pub(super) fn supersedes(&self, older: &Self) -> bool {
        matches!(
            (older, self),
            (Self::Plan { .. }, Self::Plan { .. }) | (Self::Status { .. }, Self::Status { .. })
        ) || matches!(
            (older, self),
            (
                Self::Slurm(SlurmQuestion::Preview(_)),
                Self::Slurm(SlurmQuestion::Preview(_))
            )
        )
    }
}

impl SlurmQuestion {
    fn unanswered(self, failure: Failure) -> SlurmAnswer {
        match self {
            Self::Find => SlurmAnswer::Found(Err(failure)),
            Self::Preview(_) => SlurmAnswer::Script(Err(failure)),
            Self::Submit(_) | Self::Cancel { .. } => SlurmAnswer::Done(Err(failure)),
            Self::Tasks { out } => SlurmAnswer::Tasks {
                out,
                result: Err(failure),
            },
            Self::Log { task, .. } => SlurmAnswer::Log {
                task,
                result: Err(failure),
            },
        }
    }
}

/// From the threads of sweeps.
#[derive(Debug, Clone)]
pub enum SweepAnswer {
    Opened {
        path: PathBuf,
        result: Result<Box<Sweep>, Failure>,
    },
    Planned {
        ticket: u64,
        result: Result<Box<PlanAnswer>, Failure>,
    },
    Status {
        out: PathBuf,
        result: Result<Arc<SweepStatus>, Failure>,
    },
    /// The process that trained has ended.
    TrainingEnded(Result<ProcessEnd, Failure>),
    Tested(Result<(), Failure>),
    Slurm(SlurmAnswer),
}

/// How a process that trains has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessEnd {
    /// Nothing is left for it to do.
    Done,
    /// It was asked to end.
    Stopped,
    /// It goes on without the window.
    LetGo,
}

/// What follows from a sweep as it is edited.
#[derive(Debug, Clone)]
pub struct PlanAnswer {
    /// Or what is wrong, as a sentence.
    pub plan: Result<Arc<Plan>, String>,
    /// Nothing where the base itself can't be used.
    pub base: Option<Arc<PlanBase>>,
    /// What is wrong with each line, in the order of the file.
    pub problems_of_set: Vec<Option<String>>,
    pub problems_of_vary: Vec<Option<String>>,
}

/// The base of a sweep, with the sweep's own changes as far as they can be made.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanBase {
    pub experiment: Experiment,
    /// What can be set in it.
    pub fields: Vec<PresetField>,
}

/// How the cells stand, and what they say so far.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepStatus {
    pub plan: Arc<Plan>,
    /// In the order of the plan's cells.
    pub cells: Vec<CellStatus>,
    pub results: Results,
    /// Settings whose runs were tested, the first first.
    pub tested: Vec<Tested>,
}

/// From Slurm.
#[derive(Debug, Clone)]
pub enum SlurmAnswer {
    Found(Result<bool, Failure>),
    Script(Result<String, Failure>),
    Tasks {
        out: PathBuf,
        result: Result<Arc<Vec<TaskStatus>>, Failure>,
    },
    /// What was submitted or ended, in sentences.
    Done(Result<Vec<String>, Failure>),
    Log {
        task: String,
        result: Result<String, Failure>,
    },
}
