//! The run store: one folder per run, every file written whole or not at all.
//!
//! ```text
//! 2026-11-24T10-15-03-solar-cells-fine-tuning/
//!     preset.ron            the exact experiment
//!     split.csv             file, class, split
//!     metrics.csv           one line per epoch (EpochMetrics)
//!     weights.safetensors   the kept weights: backbone and head, torchvision names
//!     predictions.csv       file, true class, predicted class, one probability per class (test):
//!                           file,true_class,predicted_class,probability_<class>,…
//!     predictions_train.csv, predictions_validation.csv
//!                           the same on other splits, once somebody has asked for them
//!     movement.csv          path, relative_l2, initial_l2, distance_l2: how far each layer of the
//!                           backbone moved (written by a run that came to its end)
//!     resume.safetensors    what it takes to go on after an interruption; gone once it has finished
//!     end.safetensors       the same of a run that has finished, for more epochs
//!     answers.json          which weights the predictions are of, and what they were computed in
//!     groups.csv            which pictures are of one patient, cell or video, where it knows that
//!     novelty.safetensors   features of its training pictures, by which others are told that are none of its classes
//!     digests.json          SHA-256 of the pictures, and of a weight file of the person's own
//!     summary.json          RunSummary: state, test metrics, seconds
//!     log.txt               what was said while it ran
//!     lock                  held by the one process that writes
//!     annotations.json      the run's number, and what a person says of it: name, note, tags, pinned, archived
//! ```
//!
//! Beside the runs, `.run-numbers.json` says what number the next one gets.

pub mod annotations;
pub mod answers;
pub mod atomic;
pub mod cross_validation;
pub mod digests;
pub mod event_text;
pub mod files;
pub mod find;
pub mod folder;
pub mod groups;
pub mod lifecycle;
pub mod listing;
pub mod members;
pub mod names;
pub mod novelty;
pub mod numbers;
pub mod peak_memory;
pub mod portable_paths;
pub mod recorder;
mod resume;
pub mod rightness;
pub mod seeds;
pub mod settings;
pub mod short_settings;
pub mod store;
mod tee;
pub mod tested;
pub mod trash;

#[cfg(test)]
pub mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::data::DataError;
use crate::evaluation::Score;
use crate::format;
use crate::training::PhaseSummary;
use crate::training::events::TestMetrics;
use crate::training::movement::Movement;
use crate::training::{EpochMetrics, FrozenPrecision, TrainingError};

pub use annotations::Annotations;
pub use digests::Digests;
pub use folder::slug;
pub use listing::Listed;
pub use recorder::{Continuation, RunRecorder};
use tee::Tee;

/// What can go wrong with a run's folder.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("{reason}: {path}")]
    File { reason: String, path: PathBuf },
    #[error(
        "this run is being trained or written by another Graft now: wait for its end, or stop it first: {0}"
    )]
    Locked(PathBuf),
    #[error("{0}")]
    Comparison(String),
    #[error("stopped")]
    Stopped,
    /// A run's network could not be used.
    #[error(transparent)]
    Training(TrainingError),
}

impl From<TrainingError> for RunError {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Stopped | TrainingError::Data(DataError::Stopped) => Self::Stopped,
            error => Self::Training(error),
        }
    }
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        TrainingError::from(error).into()
    }
}

/// `summary.json`. The default is that of a run of which nothing is known.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunSummary {
    /// The folder's name.
    pub id: String,
    pub experiment: String,
    pub backbone: String,
    /// Seconds since 1970, UTC.
    pub started: u64,
    pub state: RunState,
    pub classes: Vec<String>,
    pub train_pictures: usize,
    pub validation_pictures: usize,
    pub test_pictures: usize,
    /// SHA-256 over the test pictures' names and classes: runs with the same value can be compared.
    pub test_split: String,
    pub trainable_parameters: u64,
    pub frozen_parameters: u64,
    pub best_epoch: u32,
    pub epochs_planned: u32,
    pub phases: Vec<PhaseSummary>,
    pub seconds_total: f64,
    pub test: Option<TestMetrics>,
    pub device: String,
    pub graft_version: String,
    /// The experiment's seed. Like the two below, absent in the runs of versions that did not say.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Names what the run repeats: see [`seeds::recipe`].
    #[serde(default)]
    pub recipe: Option<String>,
    /// The most memory that it took, in bytes: see [`peak_memory`].
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// The most of a graphics card's memory that its tensors took, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_card_memory_bytes: Option<u64>,
    /// What it was told to need before it began, in bytes.
    #[serde(default)]
    pub memory_forecast_bytes: Option<u64>,
    /// One digest over what the test pictures hold: see [`digests::Digests::test_contents`]. Absent in runs of versions that
    /// went by names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_contents: Option<String>,
    /// Its training does not look at its test pictures: it is one of many, of which one is chosen before anything is tested.
    /// Gone once it was tested.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test_is_withheld: bool,
    /// Of a cross-validation, its folds, whose runs stand in the folder: see [`cross_validation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<u32>,
    /// Which test pictures were right: see [`rightness::encode`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// Where its test pictures have groups. Absent in runs of versions that went by pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_groups: Option<groups::TestGroups>,
    /// What its answers were computed in. Absent in runs of versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<FrozenPrecision>,
    /// Whether it can go on from an epoch that it finished. What the folder says, not written.
    #[serde(skip)]
    pub can_resume: bool,
    /// What other files of its folder say, where it was listed. Not written.
    #[serde(skip)]
    pub listed: Listed,
}

impl StoredRun {
    /// What a reader of its results must know of a run that did not come to its end, as a whole sentence.
    pub fn shortfall(&self) -> Option<String> {
        let done = format!(
            "{} of {} epochs",
            self.metrics.len(),
            self.summary.epochs_planned
        );
        match (&self.summary.state, &self.summary.test) {
            (RunState::Finished, _) => None,
            (RunState::Failed(reason), Some(_)) => Some(format!(
                "This run failed at its end, after {done}: {reason}."
            )),
            (RunState::Failed(reason), None) => Some(format!(
                "This run failed after {done}, and counts with the weights that it has: {reason}."
            )),
            (RunState::Running | RunState::Stopped | RunState::Interrupted, _) => Some(format!(
                "This run has not come to its end: it counts with the weights that it has after {done}."
            )),
        }
    }
}

impl RunSummary {
    /// Whose weights were kept; nothing before the end, where no epoch has been chosen for good.
    pub fn kept_epoch(&self) -> Option<u32> {
        (self.best_epoch > 0).then_some(self.best_epoch)
    }

    /// Its accuracy on its test pictures with the 95 % interval: of groups, where they have any, else Wilson's.
    pub fn accuracy(&self) -> Option<Score> {
        let test = self.test.as_ref()?;
        Some(match &self.test_groups {
            Some(groups) => groups.accuracy,
            None => Score::share(
                (test.accuracy * test.n as f64).round() as u64,
                test.n as u64,
            ),
        })
    }

    /// [`MemoryUse::text`] of this run.
    pub fn memory(&self) -> Option<String> {
        self.memory_use().text()
    }

    /// What its answers were computed in: before versions said so, single precision.
    pub fn own_precision(&self) -> FrozenPrecision {
        self.precision.unwrap_or_default()
    }

    pub fn memory_use(&self) -> MemoryUse {
        MemoryUse {
            peak: self.peak_memory_bytes,
            forecast: self.memory_forecast_bytes,
            card: self.peak_card_memory_bytes,
        }
    }
}

/// What a run held at most beside what it was told to need, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryUse {
    pub peak: Option<u64>,
    pub forecast: Option<u64>,
    /// Of a graphics card.
    pub card: Option<u64>,
}

impl MemoryUse {
    /// `612 MB (forecast 700 MB), 2.1 GB on the graphics card`; `None` where it was not measured.
    pub fn text(&self) -> Option<String> {
        let mut text = format::bytes(self.peak?);
        if let Some(forecast) = self.forecast {
            text += &format!(" (forecast {})", format::bytes(forecast));
        }
        if let Some(card) = self.card {
            text += &format!(", {} on the graphics card", format::bytes(card));
        }
        Some(text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RunState {
    #[default]
    Running,
    Finished,
    Stopped,
    Failed(String),
    /// Its process ended without a word. Never written: what a folder says that calls itself
    /// running while nobody holds its lock.
    Interrupted,
}

/// One run as read back from its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    pub folder: PathBuf,
    pub summary: RunSummary,
    pub metrics: Vec<EpochMetrics>,
    /// Epochs (counted from 1 over all phases) at which a later phase began, with its name.
    pub phase_starts: Vec<(u32, String)>,
    /// How far each layer moved; empty while the run has not come to its end, and for runs of
    /// versions that did not measure it.
    pub movement: Vec<Movement>,
}
