//! What a run leaves for other programs.

pub mod described;
mod names;
pub mod onnx;
pub mod pytorch;
pub mod read_picture;
pub mod rounding;
pub mod safetensors;
mod trial;
mod weights;

use std::path::{Path, PathBuf};

use crate::data::StopFlag;
use crate::runs::{RunError, atomic};
use crate::training::TrainingError;

/// Why a run could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The run's folder, its network or its pictures can't be used.
    #[error(transparent)]
    Run(RunError),
    /// What the format can't hold, or what was found not to be right; the text says what to do.
    #[error("{0}")]
    Refused(String),
    /// About a file that is written.
    #[error("{reason}: {path}")]
    File { reason: String, path: PathBuf },
    #[error("stopped")]
    Stopped,
}

impl ExportError {
    /// About the file at `path`.
    pub fn file(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::File {
            reason: reason.to_string(),
            path: path.to_path_buf(),
        }
    }
}

impl From<RunError> for ExportError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Stopped => Self::Stopped,
            error => Self::Run(error),
        }
    }
}

impl From<TrainingError> for ExportError {
    fn from(error: TrainingError) -> Self {
        RunError::from(error).into()
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// Naming the file.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    atomic::write(path, bytes)
        .map_err(|error| ExportError::file(path, format!("the file can't be written ({error})")))
}

/// Between steps that take a while.
///
/// # Errors
/// [`ExportError::Stopped`].
fn check_stop(stop: &StopFlag) -> Result<(), ExportError> {
    match stop.is_stopped() {
        true => Err(ExportError::Stopped),
        false => Ok(()),
    }
}
