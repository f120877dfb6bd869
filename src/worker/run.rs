//! One run on the training thread, from the window's order to the event that ends it.

use std::sync::Arc;

use super::messages::{RunEvent, StartRun};
use super::trainer::Shared;
use crate::data::{DataError, Dataset, StopFlag, scan};
use crate::models::{device, weights};
use crate::runs::lifecycle::{self, RunListener, RunRequest, RunTerms, Train};
use crate::runs::{Continuation, RunError, RunRecorder, store};
use crate::training::events::{Activity, Progress};
use crate::training::{ResumePoint, TrainingError, TrainingEvent, TrainingListener};

/// Hands everything that happens to the window.
struct Listener<'a> {
    start: &'a StartRun,
    shared: &'a Shared,
}

impl TrainingListener for Listener<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        self.shared
            .report(self.start.run, RunEvent::Training(event.clone()));
        Ok(())
    }
}

impl RunListener for Listener<'_> {
    fn opened(
        &mut self,
        recorder: &RunRecorder,
        _point: Option<&ResumePoint>,
    ) -> Result<(), RunError> {
        let run = self.start.run;
        let folder = recorder.folder().to_path_buf();
        self.shared.report(run, RunEvent::Started { folder });
        if let Some(folder) = &self.start.resume {
            let stored = store::open(folder)?;
            self.shared.report(run, RunEvent::Resumed(Box::new(stored)));
        }
        Ok(())
    }
}

/// Carries out one run; the event that ends it.
pub(super) fn carry_out(
    start: &StartRun,
    shared: &Shared,
    stop: &StopFlag,
    train: &Train,
) -> RunEvent {
    let request = match request(start, shared, stop) {
        Ok(Some(request)) => request,
        Ok(None) => return RunEvent::Cancelled,
        Err(message) => return RunEvent::Failed { message },
    };
    let ended = match lifecycle::carry_out(request, train, &mut Listener { start, shared }) {
        Ok(ended) => ended,
        Err(RunError::Stopped) => return RunEvent::Cancelled,
        Err(error) => {
            let message = error.to_string();
            return RunEvent::Failed { message };
        }
    };
    let summary = Box::new(ended.summary);
    match ended.result {
        Ok(_) => RunEvent::Finished(summary),
        Err(TrainingError::Stopped) => RunEvent::Stopped(summary),
        Err(error) => {
            let message = error.to_string();
            RunEvent::Failed { message }
        }
    }
}

/// The run that the window has ordered, with its pictures; nothing where it was stopped before.
fn request(
    start: &StartRun,
    shared: &Shared,
    stop: &StopFlag,
) -> Result<Option<RunRequest>, String> {
    let device = start.device.as_deref().map(device::parse).transpose();
    let device = device.map_err(|error| error.to_string())?;
    let dataset = match &start.dataset {
        Some(dataset) => dataset.clone(),
        None => match scan_pictures(start, shared, stop) {
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
        stop: stop.clone(),
        pause: shared.pause.clone(),
        terms: RunTerms::default(),
    }))
}

/// Scans the experiment's pictures when the window has not done so already.
fn scan_pictures(start: &StartRun, shared: &Shared, stop: &StopFlag) -> Result<Dataset, DataError> {
    let progress = |done, total| {
        shared.report(
            start.run,
            RunEvent::Training(TrainingEvent::Progress(Progress {
                activity: Activity::ReadingPictures,
                phase: 0,
                epoch: 0,
                epochs: start.experiment.epochs(),
                done,
                total,
                pictures_per_second: 0.0,
                remaining_seconds: None,
                train_loss: None,
            })),
        );
    };
    scan::scan(
        &start.experiment.data,
        start.base.as_deref(),
        &progress,
        stop,
    )
}
