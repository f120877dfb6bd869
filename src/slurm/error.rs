//! What can go wrong with Slurm.

use std::path::{Path, PathBuf};

use crate::runs::RunError;

/// What can go wrong with Slurm, as whole sentences.
#[derive(Debug, thiserror::Error)]
pub enum SlurmError {
    #[error(
        "Slurm is not installed here (there is no {0} to start): do this where it is, such as on a login node of the cluster"
    )]
    NotInstalled(&'static str),
    /// In Slurm's own words, with what to do where that is known.
    #[error("{program} refused: {words}{}", remedy.as_ref().map_or_else(String::new, |remedy| format!(". {remedy}")))]
    Refused {
        program: &'static str,
        words: String,
        remedy: Option<String>,
    },
    /// It said nothing in time.
    #[error(
        "Slurm does not answer ({program} said nothing for {seconds} s): try again when the cluster's controller is back"
    )]
    Silent { program: &'static str, seconds: u64 },
    /// What was asked for can't be.
    #[error("{0}")]
    Request(String),
    #[error("{reason}: {path}", path = path.display())]
    File { reason: String, path: PathBuf },
    #[error(transparent)]
    Run(RunError),
}

impl SlurmError {
    /// A file or folder of the sweep that can't be used.
    pub(super) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File {
            reason: reason.into(),
            path: path.to_path_buf(),
        }
    }
}
