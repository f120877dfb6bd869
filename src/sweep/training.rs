//! The training of one cell, and what is kept of its failure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use super::cell::{Cell, CellState};
use super::error::SweepError;
use super::folder::{FeatureClaim, SweepFolder};
use super::listener::{CellNews, SweepListener};
use super::plan::Plan;
use crate::data::{DataError, Dataset, StopFlag, scan, split};
use crate::experiment::DataConfig;
use crate::runs::lifecycle::{self, EndedRun, RunListener, RunRequest, RunTerms};
use crate::runs::{Continuation, RunError, RunRecorder, RunState, store};
use crate::training::{PauseFlag, ResumePoint, TrainingError, TrainingEvent, TrainingListener};

/// One cell that is to be trained, by who holds its lock.
pub(super) struct CellTraining<'a> {
    pub plan: &'a Plan,
    pub cell: &'a Cell,
    pub out: &'a Path,
    /// Its folder holds a run of it to go on with.
    pub has_run: bool,
    pub until_epoch: Option<u32>,
    pub device: Option<tch::Device>,
    pub stop: &'a StopFlag,
    pub train: &'a lifecycle::Train,
}

/// The pictures that were looked at last: most cells have the same.
#[derive(Default)]
pub(super) struct Pictures(Option<(DataConfig, Arc<Dataset>)>);

/// Trains a cell, or goes on with it; `claim` is let go once the features stand that other cells wait for.
///
/// # Errors
/// What concerns all cells. What concerns this one alone is kept, and its state.
pub(super) fn train_cell(
    training: &CellTraining<'_>,
    folder: &SweepFolder,
    pictures: &mut Pictures,
    claim: Option<FeatureClaim>,
    listener: &mut dyn SweepListener,
) -> Result<CellState, SweepError> {
    let name = &training.cell.name;
    folder.clear_failure(name)?;
    // A panic is one cell's failure too.
    let carried = catch_unwind(AssertUnwindSafe(|| {
        carried_out(training, folder, pictures, claim, listener)
    }));
    let failure = match carried {
        Ok(Ok(state)) => return Ok(state),
        Ok(Err(Failure::OfAll(error))) => return Err(error),
        Ok(Err(Failure::OfCell(reason))) => reason,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            format!(
                "an error inside Graft: {}",
                text.unwrap_or("without a word")
            )
        }
    };
    folder.set_failure(name, &failure)?;
    Ok(CellState::Failed(failure))
}

/// Whom a failure concerns.
enum Failure {
    OfAll(SweepError),
    OfCell(String),
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::OfCell(error.to_string())
    }
}

fn carried_out(
    training: &CellTraining<'_>,
    folder: &SweepFolder,
    pictures: &mut Pictures,
    claim: Option<FeatureClaim>,
    listener: &mut dyn SweepListener,
) -> Result<CellState, Failure> {
    let CellTraining { cell, out, .. } = training;
    let run = folder.cell(&cell.name);
    let (experiment, resumed) = match training.has_run {
        true => (store::experiment(&run)?, Some(run)),
        false => {
            folder
                .remove_half_made(&cell.name)
                .map_err(|error| Failure::OfCell(error.to_string()))?;
            (cell.experiment.clone(), None)
        }
    };
    let dataset = match pictures.of(training) {
        Err(DataError::Stopped) => return Ok(CellState::Stopped),
        Err(error) => return Err(of_pictures(training, error)),
        Ok(dataset) => dataset,
    };
    let split =
        split::split(&dataset, &experiment).map_err(|error| of_pictures(training, error))?;
    if split.validation.is_empty() {
        return Err(Failure::OfAll(SweepError::Plan(
            "a sweep is judged by validation pictures, and there are none: set data.split.validation to their share".into(),
        )));
    }
    let request = RunRequest {
        experiment,
        base: None,
        dataset,
        runs: out.to_path_buf(),
        resumed,
        continuation: Continuation::default(),
        device: training.device,
        stop: training.stop.clone(),
        pause: PauseFlag::default(),
        terms: RunTerms {
            folder_name: Some(cell.name.clone()),
            until_epoch: training.until_epoch,
            withholds_test: true,
            ..RunTerms::default()
        },
    };
    let mut heard = Heard {
        cell,
        claim,
        listener,
    };
    let ended = match lifecycle::carry_out(request, training.train, &mut heard) {
        Err(RunError::Stopped) => return Ok(CellState::Stopped),
        // Somebody goes on with the run by itself.
        Err(RunError::Locked(_)) => return Ok(CellState::Running),
        ended => ended?,
    };
    Ok(state_of(&ended, training))
}

fn state_of(ended: &EndedRun, training: &CellTraining<'_>) -> CellState {
    match &ended.summary.state {
        RunState::Finished => CellState::Finished,
        RunState::Failed(reason) => CellState::Failed(reason.clone()),
        _ if training
            .until_epoch
            .is_some_and(|until| ended.epochs >= until as usize) =>
        {
            CellState::Pruned
        }
        _ => CellState::Stopped,
    }
}

/// Pictures that can't be used are everybody's failure where all cells have the same.
fn of_pictures(training: &CellTraining<'_>, error: DataError) -> Failure {
    let varies = (training.plan.fields.iter()).any(|field| field.starts_with("data"));
    match varies {
        true => Failure::OfCell(error.to_string()),
        false => Failure::OfAll(SweepError::Data(error)),
    }
}

impl Pictures {
    fn of(&mut self, training: &CellTraining<'_>) -> Result<Arc<Dataset>, DataError> {
        let data = &training.cell.experiment.data;
        let finds_the_same = |known: &DataConfig| {
            (
                &known.source,
                &known.classes,
                &known.exclude,
                &known.split.group,
                &known.split.together,
            ) == (
                &data.source,
                &data.classes,
                &data.exclude,
                &data.split.group,
                &data.split.together,
            )
        };
        if let Some((known, dataset)) = &self.0
            && finds_the_same(known)
        {
            return Ok(dataset.clone());
        }
        let dataset = Arc::new(scan::scan(data, None, &|_, _| {}, training.stop)?);
        self.0 = Some((data.clone(), dataset.clone()));
        Ok(dataset)
    }
}

/// Passes on what is heard of a cell's run.
struct Heard<'a> {
    cell: &'a Cell,
    /// Until the first epoch is done, when what it computed for others stands on the disk.
    claim: Option<FeatureClaim>,
    listener: &'a mut dyn SweepListener,
}

impl TrainingListener for Heard<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        if matches!(event, TrainingEvent::EpochFinished(_))
            && let Some(claim) = self.claim.take()
        {
            claim.done();
        }
        self.listener.cell(self.cell, CellNews::Event(event));
        Ok(())
    }
}

impl RunListener for Heard<'_> {
    fn opened(
        &mut self,
        _recorder: &RunRecorder,
        point: Option<&ResumePoint>,
    ) -> Result<(), RunError> {
        let resumed_at = point.map(|point| point.standing.epoch);
        self.listener
            .cell(self.cell, CellNews::Began { resumed_at });
        Ok(())
    }
}
