//! The sweep that is open: its file as it is edited, the cells that follow from it, and how they stand.

mod action;
mod document;
#[cfg(test)]
pub mod fakes;
mod purpose;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::slurm::TaskStatus;
use crate::sweep::{CellState, CellStatus, Plan, default_out};
use crate::worker::messages::{PlanAnswer, PlanBase, SweepStatus};

pub use action::{SlurmAction, SweepAction};
pub use document::{Draft, SweepDocument, UnsavedBase, with_ending};
pub use purpose::SweepPurpose;

/// Everything that the window knows of sweeps.
#[derive(Debug, Clone, Default)]
pub struct SweepState {
    /// The one that is looked at.
    pub open: Option<Box<OpenSweep>>,
    /// Those that were open before, most recent first.
    pub recent: Vec<KeptSweep>,
    /// Whether the sweep was edited after any experiment: undo and save then mean it.
    pub was_edited_last: bool,
    /// Whether this machine submits to Slurm, once that is known.
    pub has_slurm: Option<bool>,
}

/// An open sweep.
#[derive(Debug, Clone)]
pub struct OpenSweep {
    /// Another one each time that a sweep is opened, and the same when its file gets another name.
    pub identity: Arc<()>,
    pub document: SweepDocument,
    pub places: Places,
    /// What followed from the document when it was looked at last.
    pub planned: Planned,
    pub status: Option<Arc<SweepStatus>>,
    /// Why the cells' folders could not be read.
    pub unread: Option<String>,
    pub training: Training,
    pub testing: Testing,
    pub slurm: SlurmJobs,
}

/// Where a sweep's pictures are and where its runs go: no part of its file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    /// Pictures that are taken instead of the base's.
    pub data: Option<PathBuf>,
    /// The folder of the cells' folders; `None` for the usual one.
    pub out: Option<PathBuf>,
    /// Whether every graphics card trains a cell of its own; else the device that the window trains on.
    pub all_cards: bool,
}

/// A sweep that was open, and where its runs are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptSweep {
    pub file: PathBuf,
    pub places: Places,
}

/// How many cells of the open sweep have runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRuns {
    /// Its name.
    pub sweep: String,
    pub runs: usize,
    pub cells: usize,
}

/// What follows from a sweep's file.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// The cells, as they were when everything was right last.
    pub plan: Option<Arc<Plan>>,
    /// The base preset, and the fields that it has.
    pub base: Option<Arc<PlanBase>>,
    /// What is wrong with the sweep as it is now.
    pub problem: Option<String>,
    /// What is wrong with single lines, in the order of the file.
    pub problems_of_set: Vec<Option<String>>,
    pub problems_of_vary: Vec<Option<String>>,
    /// Whether the document has changed since, or is being looked at for the first time.
    pub is_pending: bool,
}

impl KeptSweep {
    /// Whether its paths can be written into a text.
    pub fn is_text(&self) -> bool {
        let mut paths = [
            Some(&self.file),
            self.places.data.as_ref(),
            self.places.out.as_ref(),
        ]
        .into_iter()
        .flatten();
        paths.all(|path| path.to_str().is_some())
    }
}

impl Planned {
    /// Takes what a thread has found.
    pub fn take(&mut self, answer: PlanAnswer) {
        self.is_pending = false;
        self.problems_of_set = answer.problems_of_set;
        self.problems_of_vary = answer.problems_of_vary;
        if answer.base.is_some() {
            self.base = answer.base;
        }
        match answer.plan {
            Ok(plan) => {
                self.problem = None;
                // The same cells keep what was made of them.
                if self.plan.as_deref() != Some(&*plan) {
                    self.plan = Some(plan);
                }
            }
            Err(reason) => self.problem = Some(reason),
        }
    }
}

/// The training that this window has begun.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Training {
    #[default]
    Idle,
    /// Since when, in seconds since 1970.
    Running { since: u64 },
    /// Asked to end; what was trained is being saved.
    Stopping,
    /// It ended by itself, for this reason.
    Failed(String),
}

impl Training {
    /// Whether a process of this window trains.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Running { .. } | Self::Stopping)
    }
}

/// The test of the chosen setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Testing {
    #[default]
    Idle,
    Running,
    Failed(String),
}

/// What is known of jobs that were submitted to Slurm.
#[derive(Debug, Clone, Default)]
pub struct SlurmJobs {
    /// How the tasks stand; nothing before that was asked.
    pub tasks: Option<Arc<Vec<TaskStatus>>>,
    /// Whether something is being submitted or ended.
    pub is_working: bool,
    /// What was submitted or ended last, in sentences.
    pub told: Vec<String>,
    pub problem: Option<String>,
    /// The script that would be submitted, or why there is none.
    pub script: Option<Result<String, String>>,
    /// A task, as Slurm calls it, and the end of its log.
    pub log: Option<(String, String)>,
}

impl SlurmJobs {
    /// Tasks that wait or run.
    pub fn alive(&self) -> usize {
        let tasks = self.tasks.iter().flat_map(|tasks| tasks.iter());
        tasks.filter(|task| task.is_alive()).count()
    }
}

impl OpenSweep {
    pub fn new(document: SweepDocument, places: Places) -> Self {
        Self {
            identity: Arc::default(),
            document,
            places,
            planned: Planned {
                is_pending: true,
                ..Planned::default()
            },
            status: None,
            unread: None,
            training: Training::default(),
            testing: Testing::default(),
            slurm: SlurmJobs::default(),
        }
    }

    /// The folder of the cells' folders: the one that was chosen, or the usual one of a sweep of this name below `runs`.
    pub fn out(&self, runs: &Path) -> PathBuf {
        (self.places.out.clone()).unwrap_or_else(|| self.usual_out(runs))
    }

    /// The folder of the cells' folders that goes by the name of the sweep's file, below `runs`.
    pub fn usual_out(&self, runs: &Path) -> PathBuf {
        let file = (self.document.file.clone())
            .unwrap_or_else(|| PathBuf::from(self.document.proposed_name()));
        default_out(runs, &file)
    }

    /// How the cells stand, where that was read of the cells that there are now.
    pub fn current_status(&self) -> Option<&Arc<SweepStatus>> {
        let plan = self.planned.plan.as_ref()?;
        (self.status.as_ref()).filter(|status| Arc::ptr_eq(&status.plan, plan))
    }
}

impl SweepState {
    /// What the open sweep is called, and how many of its cells have runs, where some have: no list of runs shows those before one
    /// of them is opened.
    pub fn cells_with_runs(&self) -> Option<SweepRuns> {
        let open = self.open.as_deref()?;
        let cells = &open.current_status()?.cells;
        let has_run =
            |cell: &&CellStatus| cell.epochs_done > 0 || matches!(cell.state, CellState::Running);
        Some(SweepRuns {
            sweep: open.document.draft.sweep.name.clone(),
            runs: cells.iter().filter(has_run).count(),
            cells: cells.len(),
        })
        .filter(|found| found.runs > 0)
    }

    /// Where the sweep in `file` had its pictures and runs when it was open before.
    pub fn kept_places(&self, file: &Path) -> Option<Places> {
        let kept = self.recent.iter().find(|kept| kept.file == file)?;
        Some(kept.places.clone())
    }

    /// The open sweep, where it was edited last and `is_meant`.
    pub fn edited_last(&self, is_meant: impl FnOnce(&SweepDocument) -> bool) -> bool {
        let open = self.open.as_deref().filter(|_| self.was_edited_last);
        open.is_some_and(|open| is_meant(&open.document))
    }

    /// Puts the open sweep in front of those that are remembered.
    pub fn remember(&mut self) {
        let Some(open) = &self.open else { return };
        let Some(file) = open.document.file.clone() else {
            return;
        };
        self.recent.retain(|kept| kept.file != file);
        let places = open.places.clone();
        self.recent.insert(0, KeptSweep { file, places });
        self.recent.truncate(super::settings::RECENT);
    }
}
