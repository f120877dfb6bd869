//! One run, from the window's order to the event that ends it: on the training thread, or in a process of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::folds;
use super::messages::{RunEvent, StartRun, panic_text};
use crate::data::{DataError, Dataset, StopFlag, scan};
use crate::models::{device, weights};
use crate::runs::lifecycle::{self, RunListener, RunRequest, RunTerms, Train};
use crate::runs::{Continuation, RunError, RunRecorder, store};
use crate::training::events::{Activity, Progress};
use crate::training::{PauseFlag, ResumePoint, TrainingError, TrainingEvent, TrainingListener};

/// Who hears of a run, how it is held or stopped, and what trains.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub report: &'a (dyn Fn(RunEvent) + Sync),
    pub stop: &'a StopFlag,
    pub pause: &'a PauseFlag,
    pub train: &'a Train,
}

/// Hands everything that happens to the window.
struct Listener<'a> {
    start: &'a StartRun,
    around: Surroundings<'a>,
}

impl TrainingListener for Listener<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        (self.around.report)(RunEvent::Training(event.clone()));
        Ok(())
    }
}

impl RunListener for Listener<'_> {
    fn opened(
        &mut self,
        recorder: &RunRecorder,
        _point: Option<&ResumePoint>,
    ) -> Result<(), RunError> {
        let folder = recorder.folder().to_path_buf();
        (self.around.report)(RunEvent::Started { folder });
        if let Some(folder) = &self.start.resume {
            let stored = store::open(folder)?;
            (self.around.report)(RunEvent::Resumed(Box::new(stored)));
        }
        Ok(())
    }
}

/// Carries out one run; the event that ends it. A panic inside it ends this run, not the thread.
pub(super) fn carry_out(start: &StartRun, around: Surroundings<'_>) -> RunEvent {
    let outcome = catch_unwind(AssertUnwindSafe(|| trained(start, around)));
    outcome.unwrap_or_else(|panic| RunEvent::Failed {
        message: format!(
            "an error inside Graft ended this run: {}. What was written so far is in its folder.",
            panic_text(panic.as_ref())
        ),
    })
}

fn trained(start: &StartRun, around: Surroundings<'_>) -> RunEvent {
    let request = match request(start, around) {
        Ok(Some(request)) => request,
        Ok(None) => return RunEvent::Cancelled,
        Err(message) => return RunEvent::Failed { message },
    };
    if request.experiment.data.split.cross_validation().is_some() {
        return folds::carry_out(request, around);
    }
    let ended = lifecycle::carry_out(request, around.train, &mut Listener { start, around });
    RunEvent::last(ended.map(|ended| (ended.summary, ended.result)))
}

/// The run that the window has ordered, with its pictures; nothing where it was stopped before.
fn request(start: &StartRun, around: Surroundings<'_>) -> Result<Option<RunRequest>, String> {
    let device = start.device.as_deref().map(device::parse).transpose();
    let device = device.map_err(|error| error.to_string())?;
    let dataset = match &start.dataset {
        Some(dataset) => dataset.clone(),
        None => match scan_pictures(start, around) {
            Ok(dataset) => Arc::new(dataset),
            Err(DataError::Stopped) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        },
    };
    let mut experiment = start.experiment.clone();
    // What a run keeps holds without its weight file.
    if start.resume.is_none() {
        weights::settle(&mut experiment.backbone, start.base.as_deref());
    }
    Ok(Some(RunRequest {
        experiment,
        base: start.base.clone(),
        dataset,
        runs: start.runs.clone(),
        resumed: start.resume.clone(),
        continuation: Continuation::default(),
        device,
        stop: around.stop.clone(),
        pause: around.pause.clone(),
        terms: RunTerms {
            refit: start.refit,
            ..RunTerms::default()
        },
    }))
}

/// Scans the experiment's pictures when the window has not done so already.
fn scan_pictures(start: &StartRun, around: Surroundings<'_>) -> Result<Dataset, DataError> {
    let progress = |done, total| {
        let progress = Progress {
            activity: Activity::ReadingPictures,
            phase: 0,
            epoch: 0,
            epochs: start.experiment.epochs(),
            done,
            total,
            pictures_per_second: 0.0,
            remaining_seconds: None,
            train_loss: None,
        };
        (around.report)(RunEvent::Training(TrainingEvent::Progress(progress)));
    };
    scan::scan(
        &start.experiment.data,
        start.base.as_deref(),
        &progress,
        around.stop,
    )
}
