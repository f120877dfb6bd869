//! `novelty.safetensors`: by what pictures are told that are none of a run's classes.
//!
//! Features of the run's training pictures and distances of its others to them, in half precision and of 10,000 pictures at
//! most, so that it goes with the run wherever its pictures are. Like answers it counts only for the weights that gave it,
//! told by their SHA-256. A run of a version that kept none gets it once somebody asks (`analysis/novelty.rs`).

use std::path::Path;

use super::{RunError, answers, atomic, files};
use crate::evaluation::novelty::NoveltyReference;
use crate::ordinary_file;

/// The file in a run's folder.
pub const FILE: &str = "novelty.safetensors";

/// What of it stands in a run's folder.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    Current(NoveltyReference),
    /// None was ever kept.
    Nothing,
    /// It is of other weights than the run has now.
    Stale,
    /// It can't be read, or is not what was written: why.
    Damaged(String),
}

/// Writes what is of the weights `checkpoint`. By the folder's only writer.
///
/// # Errors
/// When the file can't be written.
pub fn keep(folder: &Path, reference: &NoveltyReference, checkpoint: &str) -> Result<(), RunError> {
    let path = folder.join(FILE);
    let bytes = reference
        .to_bytes(checkpoint)
        .map_err(|reason| files::problem(&path, format!("can't be written ({reason})")))?;
    atomic::write(&path, &bytes)
        .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
}

/// What the run in `folder` has.
///
/// # Errors
/// When the run's weights can't be read.
pub fn read(folder: &Path) -> Result<Kept, RunError> {
    read_with(folder, || answers::checkpoint(folder))
}

/// The same for whoever knows the [`answers::checkpoint`] already, which takes as long as reading the weights.
///
/// # Errors
/// Those of `checkpoint`.
pub fn read_with(
    folder: &Path,
    checkpoint: impl FnOnce() -> Result<Option<String>, RunError>,
) -> Result<Kept, RunError> {
    let path = folder.join(FILE);
    if !ordinary_file::is_there(&path) {
        return Ok(Kept::Nothing);
    }
    let read = files::read(&path).and_then(|bytes| {
        NoveltyReference::from_bytes(&bytes).map_err(|reason| files::problem(&path, reason))
    });
    let (reference, of) = match read {
        Ok(read) => read,
        Err(error) => return Ok(Kept::Damaged(error.to_string())),
    };
    // Whoever removed the weights to save space kept this for a reason.
    let is_current = checkpoint()?.is_none_or(|now| now == of);
    Ok(match is_current {
        true => Kept::Current(reference),
        false => Kept::Stale,
    })
}
