//! What can go wrong with a sweep.

use std::path::PathBuf;

use crate::data::DataError;
use crate::runs::RunError;

/// What can go wrong with a sweep as a whole. What goes wrong with one of its cells is that cell's state.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The sweep's file can't be used.
    #[error("{path}:{line}:{column}: {message}", path = path.display())]
    File {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        column: usize,
        message: String,
    },
    /// The base preset, or one of the cells, can't be trained.
    #[error("{0}")]
    Plan(String),
    /// A file or folder of the sweep can't be read or written.
    #[error("{reason}: {path}", path = path.display())]
    Folder { reason: String, path: PathBuf },
    #[error("stopped")]
    Stopped,
    #[error(transparent)]
    Data(DataError),
    #[error(transparent)]
    Run(RunError),
}
