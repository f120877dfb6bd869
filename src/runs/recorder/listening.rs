//! What a training tells, on its way to the run's folder.

use std::io;
use std::time::Duration;

use super::RunRecorder;
use crate::runs::{RunError, atomic, event_text, files, resume};
use crate::training::PhaseSummary;
use crate::training::events::Lacks;
use crate::training::{ResumePoint, TrainingError, TrainingEvent, TrainingListener};

/// The log is rewritten as a whole, so between epochs not more often than this.
const LOG_INTERVAL: Duration = Duration::from_secs(2);

impl RunRecorder {
    /// What a training does about a file that can't be written: nothing but telling it once, because the file is written
    /// again after the next epoch. Without its folder a run has nowhere to go.
    fn forgive(
        &mut self,
        name: &'static str,
        written: Result<(), RunError>,
    ) -> Result<(), TrainingError> {
        match written {
            Ok(()) => {
                self.in_trouble.remove(name);
            }
            Err(error) => {
                self.check_folder().map_err(listener_error)?;
                if self.in_trouble.insert(name) {
                    self.trouble = Some(format!(
                        "{error}. The run goes on, and it is tried again after the next epoch"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Takes in one event; true when it is worth a write of the log at once.
    fn take(&mut self, event: &TrainingEvent) -> Result<bool, RunError> {
        let summary = &self.summary;
        let lines = event_text::log_lines(event, summary.epochs_planned, summary.own_precision());
        for line in lines {
            self.note(&line);
        }
        match event {
            TrainingEvent::Progress(_) => return Ok(false),
            TrainingEvent::Note(_) => return Ok(self.log_written.elapsed() >= LOG_INTERVAL),
            TrainingEvent::Speed { .. } | TrainingEvent::Warning(_) => {}
            TrainingEvent::Precision(precision) => self.summary.precision = Some(*precision),
            TrainingEvent::CardMemory(peak) => self.summary.peak_card_memory_bytes = Some(*peak),
            TrainingEvent::Tested(test) => self.summary.test = Some(test.clone()),
            TrainingEvent::Prepared { device, .. } => {
                self.summary.device = device.clone();
                self.write_summary()?;
            }
            TrainingEvent::MemoryForecast(needed) => {
                self.summary.memory_forecast_bytes = Some(needed.memory());
                self.write_summary()?;
            }
            TrainingEvent::PhaseStarted {
                trainable_parameters,
                frozen_parameters,
                ..
            } => {
                self.summary.trainable_parameters = *trainable_parameters;
                self.summary.frozen_parameters = *frozen_parameters;
                self.write_summary()?;
            }
            TrainingEvent::EpochFinished(epoch) => {
                self.metrics.push(epoch.clone());
                self.begin_further_epochs()?;
                self.write(files::METRICS, &files::metrics(&self.metrics)?)?;
            }
            TrainingEvent::PhaseFinished {
                name,
                epochs,
                seconds,
                ..
            } => {
                self.summary.phases.push(PhaseSummary {
                    name: name.clone(),
                    epochs: *epochs,
                    seconds: *seconds,
                });
                self.summary.seconds_total = self.seconds();
                self.write_summary()?;
            }
        }
        Ok(true)
    }

    /// Something of a finished run's further epochs is kept: its former end is over.
    fn begin_further_epochs(&mut self) -> Result<(), RunError> {
        self.before = None;
        self.remove(files::END)
    }
}

impl TrainingListener for RunRecorder {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        self.memory.sample();
        let mut written = self.take(event);
        if let Ok(true) = written {
            written = self.write_log().map(|()| true);
        }
        if matches!(written, Ok(false)) {
            return Ok(());
        }
        self.forgive(files::METRICS, written.map(|_| ()))
    }

    fn weights(&mut self, weights: &[(String, tch::Tensor)]) -> Result<(), TrainingError> {
        let path = self.folder.join(files::WEIGHTS);
        let before = self.weights.wait();
        // Beside the file that it replaces. What the disk refuses has its hash, too: it is what answers are of.
        let mut file = atomic::begin(&path);
        let written = match &mut file {
            Ok(file) => files::write_weights(weights, file)?,
            Err(_) => files::write_weights(weights, &mut io::sink())?,
        };
        self.checkpoint = Some(written.sha256);
        self.lacks.weights = before.is_err();
        self.forgive(files::WEIGHTS, before)?;
        let file = file.and_then(|file| written.written.map(|()| file));
        let begun = file
            .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
            .and_then(|file| self.weights.finish(path, file));
        self.lacks.weights = begun.is_err();
        self.forgive(files::WEIGHTS, begun)
    }

    fn resume_point(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        let weights = self.weights.wait();
        self.lacks.weights |= weights.is_err();
        let written = weights.and_then(|()| resume::write(&self.folder, point));
        self.lacks.resume_point = written.is_err();
        if written.is_ok() {
            self.saved_epoch = Some(point.standing.epoch);
            // The point on the disk is not the former end's any more.
            self.before = None;
        }
        self.forgive(files::RESUME, written)
    }

    fn lacks(&self) -> Lacks {
        self.lacks
    }

    fn wants_novelty(&self) -> bool {
        true
    }

    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

fn listener_error(error: RunError) -> TrainingError {
    TrainingError::Listener(error.to_string())
}
