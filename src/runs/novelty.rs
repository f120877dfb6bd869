//! `novelty.safetensors`: by what pictures are told that are none of a run's classes.
//!
//! Features of the run's training pictures and distances of its others to them, in half precision and of 10,000 pictures at
//! most, so that it goes with the run wherever its pictures are. Like answers it counts only for the weights that gave it,
//! told by their SHA-256. A run of a version that kept none gets it once somebody asks (`analysis/novelty.rs`).

use std::fs::File;
use std::path::Path;

use super::{RunError, answers, atomic, files};
use crate::evaluation::novelty::{KnownNovelty, NoveltyFile, NoveltyReference};
use crate::ordinary_file::{self, Links};

/// The file in a run's folder.
pub const FILE: &str = "novelty.safetensors";

/// What of it stands in a run's folder.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept<T> {
    Current(T),
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
pub fn read(folder: &Path) -> Result<Kept<NoveltyReference>, RunError> {
    let checkpoint = || answers::checkpoint(folder);
    read_part(folder, checkpoint, NoveltyFile::reference)
}

/// What of it can be said without the network: the features, nearly all of the file, are not read. `checkpoint`: as
/// [`answers::checkpoint`].
///
/// # Errors
/// Those of `checkpoint`.
pub fn read_known(
    folder: &Path,
    checkpoint: impl FnOnce() -> Result<Option<String>, RunError>,
) -> Result<Kept<KnownNovelty>, RunError> {
    read_part(folder, checkpoint, NoveltyFile::known)
}

/// Reads what `part` takes of the file, as long as it is of the run's present weights.
fn read_part<T>(
    folder: &Path,
    checkpoint: impl FnOnce() -> Result<Option<String>, RunError>,
    part: impl FnOnce(&mut NoveltyFile<File>) -> Result<T, String>,
) -> Result<Kept<T>, RunError> {
    let path = folder.join(FILE);
    if !ordinary_file::is_there(&path) {
        return Ok(Kept::Nothing);
    }
    let damaged = |reason: String| Ok(Kept::Damaged(files::problem(&path, reason).to_string()));
    let opened = files::check(&path).map_err(|error| error.to_string());
    let opened = opened.and_then(|()| {
        let file = ordinary_file::open(&path, Links::Refused)
            .map_err(|error| format!("can't be read ({error})"))?;
        let file = NoveltyFile::open(file)?;
        let of = file.checkpoint()?.to_owned();
        Ok((file, of))
    });
    let (mut file, of) = match opened {
        Ok(opened) => opened,
        Err(reason) => return damaged(reason),
    };
    // Whoever removed the weights to save space kept this for a reason.
    if checkpoint()?.is_some_and(|now| now != of) {
        return Ok(Kept::Stale);
    }
    match part(&mut file) {
        Ok(part) => Ok(Kept::Current(part)),
        Err(reason) => damaged(reason),
    }
}
