//! How the cells stand, from their folders.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cell::{Cell, CellState, CellStatus};
use super::file::ENDING;
use super::folder::SweepFolder;
use super::plan::Plan;
use super::stamp::Stamp;
use super::strategy::{self, Standing};
use crate::runs::{RunState, RunSummary, files, seeds, settings, store};
use crate::training::EpochMetrics;

/// Reads how all cells stand, again and again; what has not changed on the disk is not read again.
#[derive(Debug)]
pub struct StatusReader {
    plan: Arc<Plan>,
    folder: SweepFolder,
    /// Whether runs on other pictures than the plan's are refused.
    minds_pictures: bool,
    rungs: Vec<u32>,
    known: Vec<Known>,
}

/// What the disk said last of a cell.
#[derive(Debug, Clone)]
struct Known {
    stamps: [Option<Stamp>; 4],
    found: Found,
}

/// What a cell's folder says, whatever the strategy wants.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// As the summary has it; nothing without one.
    pub state: Option<RunState>,
    /// The run in the folder is not this cell's, or can't be read: it is left alone.
    pub obstacle: Option<String>,
    /// Why the cell could not be carried out.
    pub failure: Option<String>,
    pub best_epoch: u32,
    pub seconds: f64,
    pub tries: u32,
    pub validation_pictures: usize,
    pub metrics: Vec<EpochMetrics>,
}

impl StatusReader {
    /// Of the cells of `plan` in `out`. Which pictures they were trained on is not looked at, so that a plan without
    /// `--data` will do.
    pub fn new(plan: Arc<Plan>, out: &Path) -> Self {
        let rungs = strategy::rungs(&plan.sweep.strategy, plan.longest());
        Self {
            plan,
            folder: SweepFolder::new(out),
            minds_pictures: false,
            rungs,
            known: Vec::new(),
        }
    }

    /// The same for who trains: a run on other pictures is not the cell's.
    pub(super) fn minding_pictures(plan: Arc<Plan>, out: &Path) -> Self {
        Self {
            minds_pictures: true,
            ..Self::new(plan, out)
        }
    }

    /// In the order of [`Plan::cells`].
    pub fn read(&mut self) -> Vec<CellStatus> {
        for index in 0..self.plan.cells.len() {
            self.look(index);
        }
        let wanted = self.wanted();
        (self.plan.cells.iter().enumerate())
            .map(|(index, cell)| self.status(cell, &self.known[index].found, wanted[cell.group]))
            .collect()
    }

    /// What the folder of one cell says now.
    pub(super) fn look_at(&mut self, index: usize) -> &Found {
        self.look(index);
        &self.known[index].found
    }

    fn look(&mut self, index: usize) {
        let cell = &self.plan.cells[index];
        let run = self.folder.cell(&cell.name);
        let stamps = [
            run.join(files::SUMMARY),
            run.join(files::METRICS),
            self.folder.failure_path(&cell.name),
            self.folder.lock_path(&cell.name),
        ]
        .map(|path| Stamp::of(&path));
        let is_known = self.known.get(index).is_some_and(|known| {
            known.stamps == stamps
                // Whether a process lives shows in no file.
                && known.found.state != Some(RunState::Running)
                && known.found.state != Some(RunState::Interrupted)
        });
        if is_known {
            return;
        }
        let found = self.found(cell, &run, stamps[0].is_some());
        let known = Known { stamps, found };
        match self.known.get_mut(index) {
            Some(place) => *place = known,
            // They are looked at in their order at first.
            None => self.known.push(known),
        }
    }

    fn found(&self, cell: &Cell, run: &Path, has_summary: bool) -> Found {
        let mut found = Found {
            failure: self.folder.failure(&cell.name),
            tries: self.folder.tries(&cell.name),
            ..Found::default()
        };
        if !has_summary {
            return found;
        }
        let summary = match store::read_summary(run) {
            Ok(summary) => summary,
            Err(error) => {
                found.obstacle = Some(error.to_string());
                return found;
            }
        };
        found.obstacle = self.other_run(cell, run, &summary);
        found.best_epoch = summary.best_epoch;
        found.validation_pictures = summary.validation_pictures;
        let path = run.join(files::METRICS);
        match files::read(&path).and_then(|bytes| files::parse_metrics(&bytes, &path)) {
            Ok(metrics) => found.metrics = metrics,
            Err(error) => found.obstacle = Some(error.to_string()),
        }
        let trained: f64 = found.metrics.iter().map(|epoch| epoch.seconds).sum();
        found.seconds = summary.seconds_total.max(trained);
        found.state = Some(summary.state);
        found
    }

    /// Why the run in a cell's folder is not the cell's.
    fn other_run(&self, cell: &Cell, run: &Path, summary: &RunSummary) -> Option<String> {
        let wanted = seeds::recipe(&cell.experiment);
        if summary.seed == Some(cell.seed) && summary.recipe.as_deref() == Some(wanted.as_str()) {
            return None;
        }
        let there = match store::experiment(run) {
            Ok(there) => there,
            Err(error) => return Some(error.to_string()),
        };
        let mut here = cell.experiment.clone();
        let mut there_compared = there.clone();
        // How a run writes down which seed drew its split.
        here.data.split.seed = Some(seeds::split_seed(&here));
        there_compared.data.split.seed = Some(seeds::split_seed(&there));
        if !self.minds_pictures {
            here.data.source = there.data.source;
        }
        let differences = settings::differences(&[there_compared, here]);
        let texts: Vec<String> = (differences.iter())
            .take(3)
            .map(|difference| {
                let values = &difference.preset_values;
                let value = |index: usize| values.get(index).map_or("–", String::as_str);
                format!(
                    "{} is {} there and {} in the sweep",
                    difference.field,
                    value(0),
                    value(1)
                )
            })
            .collect();
        match texts.is_empty() {
            true => None,
            false => Some(format!(
                "its folder holds a run of other settings ({}{}): remove or move that folder, or train the sweep elsewhere \
                 with --out",
                texts.join("; "),
                if differences.len() > 3 { "; …" } else { "" },
            )),
        }
    }

    /// The epochs that the strategy wants of each group.
    fn wanted(&self) -> Vec<u32> {
        let standings: Vec<Standing> = (0..self.plan.groups())
            .map(|group| self.standing(group))
            .collect();
        strategy::wanted(&self.plan.sweep.strategy, &self.rungs, &standings)
    }

    fn standing(&self, group: usize) -> Standing {
        let goal = self.plan.sweep.goal;
        let cells = self.plan.of_group(group);
        let found: Vec<(&Found, u32)> = cells
            .map(|index| {
                let planned = self.plan.cells[index].experiment.epochs();
                (&self.known[index].found, planned)
            })
            .collect();
        let planned = found.iter().map(|(_, planned)| *planned).max();
        let epochs = found.iter().map(|(found, planned)| found.reached(*planned));
        let score = |rung: u32| -> Option<f64> {
            let scores: Option<Vec<f64>> = (found.iter())
                .map(|(found, planned)| {
                    let has_come = found.reached(*planned) >= rung.min(*planned);
                    let (value, _) = goal.best(&found.metrics, rung).filter(|_| has_come)?;
                    Some(goal.worth(value))
                })
                .collect();
            let scores = scores?;
            Some(scores.iter().sum::<f64>() / scores.len().max(1) as f64)
        };
        Standing {
            epochs: epochs.min().unwrap_or(0),
            planned: planned.unwrap_or(0),
            has_failed: found.iter().any(|(found, _)| found.reason().is_some()),
            scores: self.rungs.iter().map(|&rung| score(rung)).collect(),
        }
    }

    fn status(&self, cell: &Cell, found: &Found, wanted: u32) -> CellStatus {
        let epochs_done = u32::try_from(found.metrics.len()).unwrap_or(u32::MAX);
        let epochs_planned = cell.experiment.epochs();
        let goal = self.plan.sweep.goal;
        let is_finished = found.state == Some(RunState::Finished);
        let best = match found
            .metrics
            .get((found.best_epoch as usize).wrapping_sub(1))
        {
            // The network that one gets is the one that counts.
            Some(kept) if is_finished => goal.of(kept).map(|value| (value, kept.epoch)),
            _ => goal.best(&found.metrics, u32::MAX),
        };
        // A run that was stopped after its last epoch still has to come to its end.
        let is_enough = wanted < epochs_planned && epochs_done >= wanted;
        let state = match (found.reason(), &found.state) {
            (Some(reason), _) => CellState::Failed(reason),
            (None, None) if self.folder.is_locked(&cell.name) => CellState::Running,
            (None, None | Some(RunState::Failed(_))) => CellState::Missing,
            (None, Some(RunState::Finished)) => CellState::Finished,
            (None, Some(RunState::Running)) => CellState::Running,
            (None, Some(RunState::Stopped | RunState::Interrupted)) if is_enough => {
                CellState::Pruned
            }
            (None, Some(RunState::Stopped)) => CellState::Stopped,
            (None, Some(RunState::Interrupted)) => CellState::Interrupted,
        };
        CellStatus {
            state,
            folder: self.folder.cell(&cell.name),
            epochs_done,
            epochs_planned,
            epochs_wanted: wanted.min(epochs_planned),
            goal: best.map(|(value, _)| value),
            best_epoch: best.map(|(_, epoch)| epoch),
            seconds: found.seconds,
            tries: found.tries,
            validation_pictures: found.validation_pictures,
            metrics: found.metrics.clone(),
        }
    }
}

impl Found {
    /// Why it is not trained.
    pub fn reason(&self) -> Option<String> {
        let of_run = match &self.state {
            Some(RunState::Failed(reason)) => Some(reason),
            _ => None,
        };
        (self.obstacle.as_ref().or(self.failure.as_ref()).or(of_run)).cloned()
    }

    /// The epochs that it has come to; one that has finished early has come to all.
    fn reached(&self, planned: u32) -> u32 {
        match self.state {
            Some(RunState::Finished) => planned,
            _ => u32::try_from(self.metrics.len()).unwrap_or(u32::MAX),
        }
    }
}

/// Seconds that one process still needs, by what epochs have taken so far; `None` while nothing was trained.
pub fn seconds_left(cells: &[CellStatus]) -> Option<f64> {
    let done: u32 = cells.iter().map(|cell| cell.epochs_done).sum();
    let seconds: f64 = cells.iter().map(|cell| cell.seconds).sum();
    let missing: u32 = (cells.iter())
        .filter(|cell| !matches!(cell.state, CellState::Finished | CellState::Failed(_)))
        .map(|cell| cell.epochs_wanted.saturating_sub(cell.epochs_done))
        .sum();
    (done > 0).then(|| seconds / f64::from(done) * f64::from(missing))
}

/// Where a sweep's cells stand unless a person says otherwise: `sweeps/NAME` in the folder of runs, by the name of its file.
pub fn default_out(runs: &Path, file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(ENDING).unwrap_or(&name);
    runs.join("sweeps").join(crate::runs::slug(name))
}
