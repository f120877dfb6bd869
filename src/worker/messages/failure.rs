//! Why a question has no answer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::data::DataError;
use crate::runs::RunError;
use crate::training::TrainingError;

/// What stands in the place of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Somebody asked for it to end, or a newer question took its place.
    #[error("stopped")]
    Stopped,
    /// It was to be read only, and nothing has been kept.
    #[error("nothing has been kept")]
    NotKept,
    /// What is wrong, and what to do about it.
    #[error("{0}")]
    Failed(String),
    /// The work panicked, with these words.
    #[error("an error inside Graft ended it: {0}")]
    Crashed(String),
}

impl Failure {
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Runs `work`; a panic becomes a failure, so that whoever waits for the result hears of it.
    ///
    /// # Errors
    /// [`Failure::Crashed`] when it panics.
    pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Self> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
            let text = panic_text(panic.as_ref());
            log::error!("work away from the window panicked: {text}");
            Self::Crashed(text.to_owned())
        })
    }

    /// For a person; `crashed` says what a panic ended and what it left alone.
    pub fn text(&self, crashed: &str) -> String {
        match self {
            Self::Crashed(_) => crashed.to_owned(),
            other => other.to_string(),
        }
    }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Self {
        Self::Failed(reason.to_owned())
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Stopped => Self::Stopped,
            other => Self::failed(other),
        }
    }
}

impl From<TrainingError> for Failure {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Stopped | TrainingError::Data(DataError::Stopped) => Self::Stopped,
            other => Self::failed(other),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Stopped
            | RunError::Training(
                TrainingError::Stopped | TrainingError::Data(DataError::Stopped),
            ) => Self::Stopped,
            other => Self::failed(other),
        }
    }
}
