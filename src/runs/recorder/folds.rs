//! The folder of a cross-validation, which is written as its folds come to their ends.

use super::RunRecorder;
use crate::runs::{RunError, RunSummary, files};
use crate::training::{EpochMetrics, Outcome};

/// What is known of a cross-validation after one of its folds.
#[derive(Debug)]
pub(in crate::runs) struct FoldsStanding {
    /// For the log.
    pub line: String,
    /// Means over the folds so far.
    pub metrics: Vec<EpochMetrics>,
    /// Of all folds so far.
    pub seconds_total: f64,
    /// The summary of the fold.
    pub last: RunSummary,
}

impl RunRecorder {
    /// Says in the run's folder that it is a cross-validation of so many folds.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub(in crate::runs) fn begin_folds(&mut self, number: u32) -> Result<(), RunError> {
        self.summary.folds = Some(number);
        self.write_summary()
    }

    /// Takes in what one fold has come to.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub(in crate::runs) fn fold_ended(&mut self, standing: FoldsStanding) -> Result<(), RunError> {
        self.check_folder()?;
        self.note(&standing.line);
        let last = standing.last;
        let summary = &mut self.summary;
        summary.device = last.device;
        summary.precision = last.precision;
        summary.trainable_parameters = last.trainable_parameters;
        summary.frozen_parameters = last.frozen_parameters;
        summary.memory_forecast_bytes = last.memory_forecast_bytes;
        summary.peak_card_memory_bytes = summary
            .peak_card_memory_bytes
            .max(last.peak_card_memory_bytes);
        summary.seconds_total = standing.seconds_total;
        self.metrics = standing.metrics;
        self.write(files::METRICS, &files::metrics(&self.metrics)?)?;
        self.write_summary()?;
        self.write_log()
    }

    /// A line of the log, which is written with the next thing.
    pub(in crate::runs) fn note_line(&mut self, line: &str) {
        self.note(line);
    }

    /// [`Self::finish`] of all folds; `checkpoint` stands for their weights.
    ///
    /// # Errors
    /// When the folder is gone, or something of the run could not be written.
    pub(in crate::runs) fn finish_folds(
        mut self,
        outcome: &Outcome,
        checkpoint: String,
    ) -> Result<RunSummary, RunError> {
        self.checkpoint = Some(checkpoint);
        self.finish(outcome)
    }
}
