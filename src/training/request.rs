//! What a training is given.

use std::path::PathBuf;
use std::sync::Arc;

use super::control::PauseFlag;
use super::resume::ResumePoint;
use crate::data::{Dataset, SplitIndices, StopFlag};
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
    pub pause: PauseFlag,
    /// Where an interrupted run of the same experiment, pictures and split stood. The numbers from
    /// there on are those of a run that was not interrupted.
    pub resume: Option<ResumePoint>,
    /// Stops after this epoch, counted from 1 over all phases, with what it takes to go on; unless it is the last one.
    pub until_epoch: Option<u32>,
    /// There are test pictures, which are not in `split` because they are not to be looked at.
    pub withholds_test: bool,
}

impl TrainingRequest {
    /// A training from its beginning to its end, on the best device there is, that nothing stops.
    pub fn new(experiment: Experiment, dataset: Arc<Dataset>, split: SplitIndices) -> Self {
        Self {
            experiment,
            dataset,
            split,
            base: None,
            device: None,
            stop: StopFlag::default(),
            pause: PauseFlag::default(),
            resume: None,
            until_epoch: None,
            withholds_test: false,
        }
    }
}
