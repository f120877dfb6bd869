//! A cross-validation: several trainings that are one run of the window.

use std::path::PathBuf;
use std::time::Instant;

use super::messages::RunEvent;
use super::run::Surroundings;
use crate::runs::cross_validation::{self, CrossValidationListener, FoldStart};
use crate::runs::lifecycle::{RunListener, RunRequest};
use crate::runs::{RunError, RunRecorder, store};
use crate::training::events::Progress;
use crate::training::{ResumePoint, TrainingError, TrainingEvent, TrainingListener};

/// Carries out a whole cross-validation; the event that ends it.
pub(super) fn carry_out(request: RunRequest, around: Surroundings<'_>) -> RunEvent {
    let mut listener = Listener {
        around,
        left: 0,
        is_told: false,
        took: Vec::new(),
        is_training: false,
        is_refitted: request.terms.refit,
        began: Instant::now(),
    };
    let ended = cross_validation::carry_out(request, around.train, &mut listener);
    RunEvent::last(ended.map(|ended| (ended.summary, ended.result)))
}

/// Hands everything that happens to the window, as what happens to one run.
struct Listener<'a> {
    around: Surroundings<'a>,
    /// Trainings after the one that is under way.
    left: u32,
    /// Whether the window knows that it has begun.
    is_told: bool,
    /// Seconds that folds took which were trained here.
    took: Vec<f64>,
    is_training: bool,
    /// One more network is trained on all folds.
    is_refitted: bool,
    began: Instant,
}

impl Listener<'_> {
    fn started(&mut self, folder: PathBuf) {
        if !std::mem::replace(&mut self.is_told, true) {
            (self.around.report)(RunEvent::Started { folder });
        }
    }

    /// With the time that the folds take which are still to come: as long as those before, or as this one.
    fn of_all_folds(&self, progress: &Progress) -> Progress {
        let remaining = progress.remaining_seconds.map(|seconds| {
            let this = self.began.elapsed().as_secs_f64() + seconds;
            let mean = match self.took.len() {
                0 => this,
                number => self.took.iter().sum::<f64>() / number as f64,
            };
            seconds + f64::from(self.left) * mean
        });
        Progress {
            remaining_seconds: remaining,
            ..progress.clone()
        }
    }
}

impl TrainingListener for Listener<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        let event = match event {
            TrainingEvent::Progress(progress) => {
                TrainingEvent::Progress(self.of_all_folds(progress))
            }
            event => event.clone(),
        };
        (self.around.report)(RunEvent::Training(event));
        Ok(())
    }
}

impl RunListener for Listener<'_> {
    fn opened(
        &mut self,
        _recorder: &RunRecorder,
        _point: Option<&ResumePoint>,
    ) -> Result<(), RunError> {
        self.began = Instant::now();
        self.is_training = true;
        Ok(())
    }
}

impl CrossValidationListener for Listener<'_> {
    fn cross_validation(&mut self, recorder: &RunRecorder) -> Result<(), RunError> {
        self.started(recorder.folder().to_path_buf());
        Ok(())
    }

    fn fold(&mut self, fold: &FoldStart) {
        if std::mem::take(&mut self.is_training) {
            self.took.push(self.began.elapsed().as_secs_f64());
        }
        self.left = match fold.fold {
            0 => 0,
            fold_number => fold.folds.saturating_sub(fold_number) + u32::from(self.is_refitted),
        };
        if fold.is_finished {
            return;
        }
        // Of one whose folds are all trained, nothing else is begun.
        if let Some(whole) = fold.folder.parent() {
            self.started(whole.to_path_buf());
        }
        let stored = store::open(&fold.folder).ok().map(Box::new);
        (self.around.report)(RunEvent::Fold {
            fold: fold.fold,
            folds: fold.folds,
            stored: stored.filter(|_| fold.has_begun),
        });
    }
}
