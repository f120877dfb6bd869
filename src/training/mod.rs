//! The trainer as a library: an experiment and its pictures in, events and a trained network out.

pub mod events;
pub mod explain;
pub mod trainer;

pub mod inference;
pub mod pretrained;

mod augmented;
pub mod features;
mod network;
mod phase_plan;
mod pictures;
mod pipeline;
mod precision;
mod reading;
mod stages;

pub mod averaging;
pub mod cache_coverage;
pub mod diagnosis;
pub mod estimate;
pub mod loss;
pub mod metrics;
pub mod monitor;
pub mod movement;
pub mod optimizer;
pub mod resume;
pub mod schedule;
pub mod snapshot;
pub mod time_estimate;

mod forecast;
mod loss_scale;
mod reporter;
mod seeds;
mod shortage;

#[cfg(test)]
mod golden;

pub use events::{EpochMetrics, TrainingEvent, TrainingListener};
pub use phase_plan::rate_factors;
pub use precision::{FrozenPrecision, Use, is_mixed_here};
pub use resume::ResumePoint;
pub use trainer::{Outcome, TrainingRequest, leave_cores, train};

/// What ends a training early or keeps it from starting.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    #[error("stopped")]
    Stopped,
    /// The experiment can't be run as it is; the text says what to change.
    #[error("{0}")]
    Experiment(String),
    #[error(transparent)]
    Data(#[from] crate::data::DataError),
    #[error(transparent)]
    Model(crate::models::ModelError),
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
    /// The loss became NaN or infinite.
    #[error("the loss became {loss} in epoch {epoch}: lower the learning rate")]
    Diverged { loss: f64, epoch: u32 },
    #[error("{0}")]
    Listener(String),
}

impl From<crate::models::ModelError> for TrainingError {
    fn from(error: crate::models::ModelError) -> Self {
        use crate::models::{ModelError, weights::DownloadError};
        match error {
            ModelError::Download(DownloadError::Stopped) => Self::Stopped,
            error => Self::Model(error),
        }
    }
}
