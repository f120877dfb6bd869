//! One run from its pictures to its folder, on the training thread.

use std::sync::Arc;

use super::messages::{RunEvent, RunId, StartRun};
use super::trainer::Shared;
use crate::data::{DataError, Dataset, StopFlag, scan, split};
use crate::models::{device, weights};
use crate::runs::recorder::RunRecorder;
use crate::runs::{Continuation, Digests, store};
use crate::training::events::{Activity, Lacks, Progress};
use crate::training::{
    ResumePoint, TrainingError, TrainingEvent, TrainingListener, TrainingRequest, train,
};

/// Hands every event to the run's folder first, then to the window: what the window shows is on disk.
struct Listener<'a> {
    run: RunId,
    recorder: &'a mut RunRecorder,
    shared: &'a Shared,
}

impl TrainingListener for Listener<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        self.recorder.event(event)?;
        self.shared
            .tell(self.run, RunEvent::Training(event.clone()));
        Ok(())
    }

    fn weights(&mut self, weights: &[(String, tch::Tensor)]) -> Result<(), TrainingError> {
        self.recorder.weights(weights)
    }

    fn resume_point(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        self.recorder.resume_point(point)
    }

    fn lacks(&self) -> Lacks {
        self.recorder.lacks()
    }

    fn trouble(&mut self) -> Option<String> {
        self.recorder.trouble()
    }
}

/// Carries out one run; the event that ends it.
pub(super) fn carry_out(start: &StartRun, shared: &Arc<Shared>, stop: &StopFlag) -> RunEvent {
    match attempt(start, shared, stop) {
        Ok(event) => event,
        Err(message) => RunEvent::Failed { message },
    }
}

fn attempt(start: &StartRun, shared: &Arc<Shared>, stop: &StopFlag) -> Result<RunEvent, String> {
    let device = match &start.device {
        Some(name) => Some(device::parse(name).map_err(|error| error.to_string())?),
        None => None,
    };
    let dataset = match &start.dataset {
        Some(dataset) => dataset.clone(),
        None => match scan_pictures(start, shared, stop) {
            Ok(dataset) => Arc::new(dataset),
            Err(DataError::Stopped) => return Ok(RunEvent::Cancelled),
            Err(error) => return Err(error.to_string()),
        },
    };
    let mut experiment = start.experiment.clone();
    // What a run keeps holds without its weight file.
    if start.resume.is_none() {
        weights::settle(&mut experiment.backbone, start.base.as_deref());
    }
    let split = split::split(&dataset, &experiment).map_err(|error| error.to_string())?;
    let base = start.base.as_deref();
    let digests = match Digests::take(&dataset, &split, &experiment, base, stop) {
        Ok(digests) => digests,
        Err(DataError::Stopped) => return Ok(RunEvent::Cancelled),
        Err(error) => return Err(error.to_string()),
    };
    let opened = match &start.resume {
        None => RunRecorder::create(&start.runs, &experiment, base, &dataset, &split).and_then(
            |mut recorder| {
                recorder.keep_digests(&digests, &dataset, &split)?;
                Ok((recorder, None))
            },
        ),
        Some(folder) => RunRecorder::reopen_with(folder, &Continuation::default(), |recorder| {
            recorder.check_split(&dataset, &split)?;
            recorder.check_digests(&digests)
        }),
    };
    let (mut recorder, resume) = opened.map_err(|error| error.to_string())?;
    let folder = recorder.folder().to_path_buf();
    let so_far = start.resume.as_ref().map(|folder| store::open(folder));
    shared.tell(start.run, RunEvent::Started { folder });
    if let Some(stored) = so_far {
        let stored = stored.map_err(|error| error.to_string())?;
        shared.tell(start.run, RunEvent::Resumed(Box::new(stored)));
    }

    let request = TrainingRequest {
        experiment,
        dataset,
        split,
        base: start.base.clone(),
        device,
        stop: stop.clone(),
        pause: shared.pause.clone(),
        resume,
    };
    let trained = train(
        request,
        &mut Listener {
            run: start.run,
            recorder: &mut recorder,
            shared,
        },
    );
    let event = match trained {
        Ok(outcome) => recorder
            .finish(&outcome)
            .map(|summary| RunEvent::Finished(Box::new(summary))),
        Err(TrainingError::Stopped | TrainingError::Data(DataError::Stopped)) => recorder
            .stop()
            .map(|summary| RunEvent::Stopped(Box::new(summary))),
        Err(error) => {
            let message = error.to_string();
            recorder
                .fail(&message)
                .map(|_| RunEvent::Failed { message })
        }
    };
    event.map_err(|error| error.to_string())
}

/// Scans the experiment's pictures when the window has not done so already.
fn scan_pictures(start: &StartRun, shared: &Shared, stop: &StopFlag) -> Result<Dataset, DataError> {
    let progress = |done, total| {
        shared.tell(
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
