//! Carries out an experiment.

use std::path::PathBuf;
use std::sync::Arc;

use super::events::{TestMetrics, TrainingListener};
use super::TrainingError;
use crate::data::{Dataset, SplitIndices, StopFlag};
use crate::evaluation::Predictions;
use crate::experiment::Experiment;

/// Everything that a training needs.
pub struct TrainingRequest {
    pub experiment: Experiment,
    pub dataset: Arc<Dataset>,
    pub split: SplitIndices,
    /// The preset's folder, for relative weight paths.
    pub base: Option<PathBuf>,
    /// `None` chooses CUDA where it is usable.
    pub device: Option<tch::Device>,
    pub stop: StopFlag,
    pub pause: super::trainer::PauseFlag,
}

/// Holds a training between two batches; clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct PauseFlag(Arc<std::sync::atomic::AtomicBool>);

impl PauseFlag {
    pub fn set(&self, paused: bool) {
        self.0.store(paused, std::sync::atomic::Ordering::Relaxed);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// What a finished training leaves beside its events.
pub struct Outcome {
    pub test: Option<TestMetrics>,
    pub predictions: Option<Predictions>,
    /// Name, epochs and seconds of each phase.
    pub phases: Vec<PhaseSummary>,
    pub seconds_total: f64,
    /// Epoch whose weights were kept, counted from 1.
    pub best_epoch: u32,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PhaseSummary {
    pub name: String,
    pub epochs: u32,
    pub seconds: f64,
}

/// Trains, validates after every epoch, and tests the kept weights at the end.
pub fn train(request: TrainingRequest, listener: &mut dyn TrainingListener) -> Result<Outcome, TrainingError> {
    let _ = (request, listener);
    unimplemented!()
}
