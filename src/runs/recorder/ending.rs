//! How a run comes to its end.

use std::fs;
use std::path::Path;

use super::{Finished, RunRecorder};
use crate::format;
use crate::runs::groups::TestGroups;
use crate::runs::{RunError, RunState, RunSummary, answers, files, novelty, rightness, store};
use crate::training::Outcome;

impl RunRecorder {
    /// Writes predictions and the last summary of a training that came to its end.
    ///
    /// # Errors
    /// When the folder is gone, or something of the run could not be written.
    pub fn finish(mut self, outcome: &Outcome) -> Result<RunSummary, RunError> {
        self.check_folder()?;
        let mut written = self.weights.wait();
        if written.is_ok() && self.lacks.weights {
            let path = self.folder.join(files::WEIGHTS);
            written = Err(files::problem(&path, "could not be written"));
        }
        self.summary.test = outcome.test.clone();
        self.summary.phases = outcome.phases.clone();
        self.summary.best_epoch = outcome.best_epoch;
        self.summary.seconds_total = outcome.seconds_total;
        let answers = self.write_answers(outcome);
        if answers.is_ok() {
            self.write_novelty(outcome);
        }
        self.end(written.and(answers), RunState::Finished)
    }

    /// Without it, a run is whole: it is worked out again by whoever asks.
    fn write_novelty(&mut self, outcome: &Outcome) {
        if let (Some(reference), Some(checkpoint)) = (&outcome.novelty, &self.checkpoint)
            && let Err(error) = novelty::keep(&self.folder, reference, checkpoint)
        {
            self.note(&format!("Warning: {error}"));
        }
    }

    /// Answers are of the weights that were handed over before the test, whatever file stands in the folder.
    fn write_answers(&mut self, outcome: &Outcome) -> Result<(), RunError> {
        if let Some(predictions) = &outcome.predictions {
            let bytes = files::predictions(predictions)?;
            match &self.checkpoint {
                Some(checkpoint) => {
                    let of = answers::Provenance {
                        checkpoint,
                        views: store::test_views(&self.folder)?,
                        precision: self.summary.own_precision(),
                    };
                    answers::keep(&self.folder, files::PREDICTIONS, &bytes, of)?;
                }
                None => self.write(files::PREDICTIONS, &bytes)?,
            }
            self.summary.right = Some(rightness::encode(predictions));
            self.summary.test_groups = TestGroups::new(predictions);
        }
        if !outcome.movement.is_empty() {
            self.write(files::MOVEMENT, &files::movement(&outcome.movement)?)?;
        }
        Ok(())
    }

    /// Ends a run that the person stopped; what was trained so far stays.
    ///
    /// # Errors
    /// When the folder is gone, or something of the run could not be written.
    pub fn stop(mut self) -> Result<RunSummary, RunError> {
        self.summary.seconds_total = self.seconds();
        let written = self.weights.wait();
        self.end(written, RunState::Stopped)
    }

    /// Ends a run that could not go on. One that had finished, and failed before anything of its further epochs was kept,
    /// is the finished run again.
    ///
    /// # Errors
    /// When the folder is gone, or something of the run could not be written.
    pub fn fail(mut self, message: &str) -> Result<RunSummary, RunError> {
        self.summary.seconds_total = self.seconds();
        let written = self.weights.wait();
        if let Some(before) = self.before.take() {
            return self.take_back(before, message);
        }
        self.end(written, RunState::Failed(message.to_owned()))
    }

    fn take_back(mut self, before: Finished, message: &str) -> Result<RunSummary, RunError> {
        self.check_folder()?;
        self.note(&format!(
            "Failed: {message}. No further epoch was trained, and the run is as it was"
        ));
        self.write(files::PRESET, &before.preset)?;
        self.write(files::METRICS, &files::metrics(&before.metrics)?)?;
        self.summary = before.summary;
        self.write_log()?;
        self.write_summary()?;
        if self.folder.join(files::END).exists() {
            self.remove(files::RESUME)?;
        }
        Ok(self.summary)
    }

    /// `written`: whether the last weights came to the disk. A run that says that it has finished has them.
    fn end(
        mut self,
        written: Result<(), RunError>,
        state: RunState,
    ) -> Result<RunSummary, RunError> {
        self.check_folder()?;
        self.summary.state = match (&written, state) {
            (Err(error), RunState::Finished | RunState::Stopped) => {
                RunState::Failed(error.to_string())
            }
            (_, state) => state,
        };
        let (said, lost) = match (&self.summary.state, &written) {
            (RunState::Stopped, _) => ("Stopped".to_owned(), None),
            (RunState::Failed(reason), Err(error)) if error.to_string() != *reason => (
                format!("Failed: {reason}"),
                Some(format!("Failed: {error}")),
            ),
            (RunState::Failed(reason), _) => (format!("Failed: {reason}"), None),
            _ => ("Finished".to_owned(), None),
        };
        self.note(&said);
        if let Some(lost) = lost {
            self.note(&lost);
        }
        self.memory.sample();
        self.summary.peak_memory_bytes = self.memory.bytes();
        if let Some(memory) = self.summary.memory() {
            self.note(&format!("Memory at most: {memory}"));
        }
        self.write_log()?;
        self.write_summary()?;
        // The summary comes first: a folder without both would be one that begins anew.
        let path = self.folder.join(files::RESUME);
        self.summary.can_resume = self.summary.state != RunState::Finished
            && (self.summary.folds.is_some() || path.exists());
        if self.summary.state == RunState::Finished && path.exists() {
            self.keep_end(&path)?;
        }
        written?;
        Ok(self.summary)
    }

    /// What a finished run could go on from stays, if more epochs are wanted: the standing after its last epoch.
    fn keep_end(&mut self, path: &Path) -> Result<(), RunError> {
        let is_last = self.saved_epoch.map(|epoch| epoch as usize) == Some(self.metrics.len());
        if !is_last {
            // It could not be written at the end; what is left of an earlier epoch is of no use.
            if let Err(error) = self.remove(files::RESUME) {
                self.note(&format!("Warning: {error}"));
            }
            return self.write_log();
        }
        fs::rename(path, self.folder.join(files::END))
            .map_err(|error| files::problem(path, format!("can't be renamed ({error})")))?;
        let bytes = fs::metadata(self.folder.join(files::END)).map_or(0, |data| data.len());
        self.note(&format!(
            "For more epochs, {} is kept: {}",
            files::END,
            format::bytes(bytes)
        ));
        self.write_log()
    }
}
