//! What can go wrong with a shoot-out as a whole.

use std::path::{Path, PathBuf};

use crate::data::DataError;
use crate::models::ModelError;
use crate::training::TrainingError;

/// What ends all of a shoot-out. What goes wrong with one network is that network's state.
#[derive(Debug, thiserror::Error)]
pub enum ShootoutError {
    /// What was asked for can't be done; a sentence that says why.
    #[error("{0}")]
    Request(String),
    /// A file or folder of the shoot-out can't be read or written.
    #[error("{reason}: {path}", path = path.display())]
    Folder { reason: String, path: PathBuf },
    #[error("stopped")]
    Stopped,
    #[error(transparent)]
    Data(DataError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Training(TrainingError),
}

impl ShootoutError {
    pub(super) fn folder(reason: impl Into<String>, path: &Path) -> Self {
        Self::Folder {
            reason: reason.into(),
            path: path.to_path_buf(),
        }
    }
}

impl From<DataError> for ShootoutError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Stopped => Self::Stopped,
            error => Self::Data(error),
        }
    }
}

impl From<TrainingError> for ShootoutError {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Stopped | TrainingError::Data(DataError::Stopped) => Self::Stopped,
            error => Self::Training(error),
        }
    }
}
