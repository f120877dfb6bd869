//! The one mode in which a sweep is carried out: what is missing is trained. Beginning, going on after a stop or a crash,
//! adding cells and sharing the work are all the same.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::cell::{CellState, CellStatus};
use super::error::SweepError;
use super::features::shared_features;
use super::folder::{Claim, FeatureClaim, SweepFolder};
use super::listener::{CellNews, SweepListener};
use super::plan::Plan;
use super::status::StatusReader;
use super::stopping::while_listening;
use super::training::{CellTraining, Pictures, train_cell};
use crate::data::StopFlag;
use crate::runs::{RunState, lifecycle};

/// How often it is looked whether other processes are done.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often a stop is looked for meanwhile.
const STEP: Duration = Duration::from_millis(50);

/// A sweep that is to be carried out.
pub struct Request<'a> {
    pub plan: &'a Plan,
    /// Where the cells' folders are.
    pub out: &'a Path,
    /// `None` chooses CUDA where it is usable.
    pub device: Option<tch::Device>,
    pub stop: StopFlag,
    /// These cells alone, by index in [`Plan::cells`]. Successive halving takes any: which ones go on is known only on the way.
    pub only: Option<&'a [usize]>,
    /// Also what has failed before.
    pub again: bool,
    /// Whether to stay until what other processes work on has ended, to take over what they leave.
    pub waits_for_others: bool,
    pub train: &'a lifecycle::Train,
}

/// What has come of a sweep, or of the part that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Cells that need no more work: finished, or trained as far as successive halving wants them.
    pub finished: usize,
    pub failed: usize,
    /// Cells that are not done: stopped, or other processes work on them.
    pub left: usize,
    /// Whether this process was told to stop.
    pub stopped: bool,
}

impl Report {
    /// Of cells that stand so.
    pub fn of<'a>(states: impl Iterator<Item = &'a CellState>, stopped: bool) -> Self {
        let mut report = Self {
            stopped,
            ..Self::default()
        };
        for state in states {
            match state {
                state if state.is_done() => report.finished += 1,
                CellState::Failed(_) => report.failed += 1,
                _ => report.left += 1,
            }
        }
        report
    }
}

/// Trains what is missing, cell by cell, beside any number of other processes that do the same.
///
/// # Errors
/// When the sweep's folder can't be used, or its pictures. What goes wrong with a cell is told, and ends no more than that
/// cell.
pub fn run_missing(
    request: Request<'_>,
    listener: &mut dyn SweepListener,
) -> Result<Report, SweepError> {
    let folder = SweepFolder::new(request.out);
    folder.prepare()?;
    while_listening(&folder, &request.stop.clone(), || {
        carry_out(request, folder.clone(), listener)
    })
}

fn carry_out(
    request: Request<'_>,
    folder: SweepFolder,
    listener: &mut dyn SweepListener,
) -> Result<Report, SweepError> {
    let takes_any = request.plan.sweep.strategy.takes_any_cell();
    let scope = match request.only {
        Some(only) if !takes_any => only.to_vec(),
        _ => (0..request.plan.cells.len()).collect(),
    };
    let mut worker = Worker {
        reader: StatusReader::minding_pictures(Arc::new(request.plan.clone()), request.out),
        folder,
        scope,
        pictures: Pictures::default(),
        failed_here: HashSet::new(),
        request,
    };
    let mut is_told = false;
    loop {
        let cells = worker.reader.read();
        if worker.request.stop.is_stopped() {
            return Ok(worker.report(&cells, true));
        }
        match worker.step(&cells, listener)? {
            Step::Worked => is_told = false,
            Step::Done => return Ok(worker.report(&cells, false)),
            Step::Waits(_) if !worker.request.waits_for_others => {
                return Ok(worker.report(&cells, false));
            }
            Step::Waits(reason) => {
                if !is_told {
                    listener.waiting(&reason);
                    is_told = true;
                }
                worker.rest();
            }
        }
    }
}

/// One process at work.
struct Worker<'a> {
    request: Request<'a>,
    folder: SweepFolder,
    reader: StatusReader,
    /// Cells that it is responsible for.
    scope: Vec<usize>,
    pictures: Pictures,
    /// That failed since it began: tried again by whoever is asked anew.
    failed_here: HashSet<usize>,
}

/// What came of one look for work.
enum Step {
    Worked,
    /// There is nothing to begin now, and there may be later.
    Waits(String),
    Done,
}

impl Worker<'_> {
    fn step(
        &mut self,
        cells: &[CellStatus],
        listener: &mut dyn SweepListener,
    ) -> Result<Step, SweepError> {
        let mut features_are_awaited = false;
        for index in self.candidates(cells) {
            if self.request.stop.is_stopped() {
                return Ok(Step::Worked);
            }
            let name = &self.request.plan.cells[index].name;
            let Some(mut lock) = self.folder.lock(name)? else {
                continue;
            };
            // Somebody may have worked on it since it was looked at.
            if !self.needs_work_now(index, &cells[index]) {
                continue;
            }
            let claim = match cells[index].epochs_done {
                0 => {
                    let key = shared_features(&self.request.plan.cells[index].experiment);
                    self.folder.claim(key.as_deref())?
                }
                _ => Claim::Free,
            };
            let claim = match claim {
                Claim::Taken => {
                    features_are_awaited = true;
                    continue;
                }
                Claim::Free => None,
                Claim::Held(claim) => Some(claim),
            };
            lock.begin();
            let state = self.train(index, &cells[index], claim, listener)?;
            if matches!(state, CellState::Failed(_)) {
                self.failed_here.insert(index);
            }
            let cell = &self.request.plan.cells[index];
            listener.cell(cell, CellNews::Ended(&state));
            drop(lock);
            return Ok(Step::Worked);
        }
        let at_work = (self.scope.iter())
            .filter(|&&index| cells[index].state == CellState::Running)
            .count();
        Ok(if features_are_awaited {
            Step::Waits(
                "another process computes the features that the next cells begin with".into(),
            )
        } else if at_work > 0 || !self.candidates(cells).is_empty() {
            Step::Waits("other processes work on what is left".into())
        } else {
            Step::Done
        })
    }

    /// What may be begun, in the order in which it is: what goes on first, then all settings under the first seed, then under
    /// the next, so that what there is when it is stopped can be compared.
    fn candidates(&self, cells: &[CellStatus]) -> Vec<usize> {
        let seeds = self.request.plan.sweep.seeds.max(1) as usize;
        let mut candidates: Vec<usize> = (self.scope.iter().copied())
            .filter(|&index| self.is_wanted(index, &cells[index]))
            .collect();
        candidates.sort_by_key(|&index| {
            let is_new = cells[index].epochs_done == 0;
            (is_new, index % seeds, index / seeds)
        });
        candidates
    }

    fn is_wanted(&self, index: usize, cell: &CellStatus) -> bool {
        match &cell.state {
            CellState::Missing | CellState::Stopped | CellState::Interrupted => true,
            CellState::Failed(_) => self.request.again && !self.failed_here.contains(&index),
            CellState::Running | CellState::Pruned | CellState::Finished => false,
        }
    }

    /// Whether a cell that is locked still needs what `before` says.
    fn needs_work_now(&mut self, index: usize, before: &CellStatus) -> bool {
        let again = self.request.again;
        let found = self.reader.look_at(index);
        if found.obstacle.is_some() {
            // Asked for again or not, it is no run that could be gone on with.
            self.failed_here.insert(index);
            return false;
        }
        match &found.state {
            // Begun or finished by another process meanwhile.
            Some(RunState::Finished | RunState::Running) => false,
            Some(RunState::Stopped | RunState::Interrupted) => {
                let wanted = before.epochs_wanted;
                let is_enough =
                    wanted < before.epochs_planned && found.metrics.len() >= wanted as usize;
                !is_enough && (again || found.failure.is_none())
            }
            Some(RunState::Failed(_)) => again,
            None => again || found.failure.is_none(),
        }
    }

    fn train(
        &mut self,
        index: usize,
        status: &CellStatus,
        claim: Option<FeatureClaim>,
        listener: &mut dyn SweepListener,
    ) -> Result<CellState, SweepError> {
        let found = self.reader.look_at(index);
        let training = CellTraining {
            plan: self.request.plan,
            cell: &self.request.plan.cells[index],
            out: self.request.out,
            has_run: found.state.is_some(),
            until_epoch: (status.epochs_wanted < status.epochs_planned)
                .then_some(status.epochs_wanted),
            device: self.request.device,
            stop: &self.request.stop,
            train: self.request.train,
        };
        train_cell(&training, &self.folder, &mut self.pictures, claim, listener)
    }

    /// Waits for others, unless it is stopped.
    fn rest(&self) {
        let began = Instant::now();
        while began.elapsed() < INTERVAL && !self.request.stop.is_stopped() {
            thread::sleep(STEP);
        }
    }

    fn report(&self, cells: &[CellStatus], stopped: bool) -> Report {
        Report::of(self.scope.iter().map(|&index| &cells[index].state), stopped)
    }
}
