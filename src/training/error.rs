//! What ends a training early, or keeps it from starting.

use crate::data::DataError;
use crate::models::ModelError;
use crate::models::weights::DownloadError;

/// What ends a training early or keeps it from starting.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    #[error("stopped")]
    Stopped,
    /// The experiment can't be run as it is; the text says what to change.
    #[error("{0}")]
    Experiment(String),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Model(ModelError),
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
    /// The loss became NaN or infinite.
    #[error("the loss became {loss} in epoch {epoch}: lower the learning rate")]
    Diverged { loss: f64, epoch: u32 },
    #[error("{0}")]
    Listener(String),
}

impl TrainingError {
    /// Whether a person ended the training, wherever that was noticed.
    pub(super) fn is_stop(&self) -> bool {
        matches!(self, Self::Stopped | Self::Data(DataError::Stopped))
    }
}

impl From<ModelError> for TrainingError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Download(DownloadError::Stopped) => Self::Stopped,
            error => Self::Model(error),
        }
    }
}
