//! `answers.json`: which checkpoint a run's stored answers are of.
//!
//! Answers (`predictions.csv` and the like) count only for the weights that gave them, told by the SHA-256 of
//! `weights.safetensors`; a run that is gone on with gets other weights. They also say in how many views each picture was
//! seen, what they were computed in, and how many differ in other numbers, once somebody has asked. Runs of versions that kept no such file are judged by the age of their files, which is an assumption and is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{RunError, RunState, atomic, files, store};
use crate::data::{hash, hashed_once};
use crate::ordinary_file::{self, Links};
use crate::training::FrozenPrecision;

/// The file in a run's folder.
pub const FILE: &str = "answers.json";
/// Of the file's layout. A later one is not understood, and counts as no file.
const VERSION: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Answers {
    version: u32,
    /// By the answers' file.
    files: BTreeMap<String, AnswersFile>,
}

/// What one file of answers is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AnswersFile {
    /// SHA-256 of the weights.
    checkpoint: String,
    /// In which each picture was seen.
    views: u32,
    /// What they were computed in; the run's own where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precision: Option<FrozenPrecision>,
    /// How many of them are another class in other numbers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    differing: BTreeMap<FrozenPrecision, usize>,
}

/// What answers are of.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// SHA-256 of the weights.
    pub checkpoint: &'a str,
    /// In which each picture was seen.
    pub views: u32,
    /// What they were computed in.
    pub precision: FrozenPrecision,
}

/// Whether stored answers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// They are of the weights that stand there now.
    Known,
    /// As far as the age of the files tells, or because the run came to its end and says nothing else.
    Assumed,
    /// There are none, or they are of other weights, or of other views.
    Stale,
}

/// Writes answers into `file`, and what they are `of`. By the folder's only writer.
/// At no moment do they stand beside a record of others: where the disk fails on the way, there are none.
///
/// # Errors
/// When a file can't be written.
pub fn keep(folder: &Path, file: &str, bytes: &[u8], of: Provenance<'_>) -> Result<(), RunError> {
    let path = folder.join(file);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(files::problem(
                &path,
                format!("can't be replaced ({error})"),
            ));
        }
        _ => {}
    }
    let entry = AnswersFile {
        checkpoint: of.checkpoint.to_owned(),
        views: of.views,
        precision: Some(of.precision),
        differing: BTreeMap::new(),
    };
    record(folder, |files| {
        files.insert(file.to_owned(), entry);
    })?;
    atomic::write(&path, bytes)
        .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
}

fn record(
    folder: &Path,
    change: impl FnOnce(&mut BTreeMap<String, AnswersFile>),
) -> Result<(), RunError> {
    let mut answers = read(folder).unwrap_or_default();
    answers.version = VERSION;
    change(&mut answers.files);
    let path = folder.join(FILE);
    let mut bytes =
        serde_json::to_vec_pretty(&answers).map_err(|error| files::problem(&path, error))?;
    bytes.push(b'\n');
    atomic::write(&path, &bytes)
        .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
}

/// What the answers in `file` were computed in, as far as it is written down.
pub fn precision(folder: &Path, file: &str) -> Option<FrozenPrecision> {
    read(folder)?.files.get(file)?.precision
}

/// How many of the answers in `file` are another class in `precision`, if somebody has found out.
pub fn differing(folder: &Path, file: &str, precision: FrozenPrecision) -> Option<usize> {
    let answers = read(folder)?;
    answers.files.get(file)?.differing.get(&precision).copied()
}

/// Notes that so many of the answers in `file` are another class in `precision`. By the folder's only writer.
///
/// # Errors
/// When the file can't be written.
pub fn note_differing(
    folder: &Path,
    file: &str,
    precision: FrozenPrecision,
    count: usize,
) -> Result<(), RunError> {
    record(folder, |files| {
        if let Some(entry) = files.get_mut(file) {
            entry.differing.insert(precision, count);
        }
    })
}

/// Whether the answers in `file` are of the run's present weights, each picture seen in so many `views`.
///
/// # Errors
/// When the weights can't be read.
pub fn validity(folder: &Path, file: &str, views: u32) -> Result<Validity, RunError> {
    let Ok(answered) = fs::metadata(folder.join(file)).and_then(|data| data.modified()) else {
        return Ok(Validity::Stale);
    };
    let entry = read(folder).and_then(|mut answers| answers.files.remove(file));
    if let Some(entry) = entry {
        // Whoever removed the weights to save space kept the answers for a reason.
        let is_same = checkpoint(folder)?.is_none_or(|checkpoint| checkpoint == entry.checkpoint);
        return Ok(match is_same && entry.views == views {
            true => Validity::Known,
            false => Validity::Stale,
        });
    }
    let is_test = file == files::PREDICTIONS;
    if !is_test && views != store::test_views(folder)? {
        // Earlier versions saw every split as the test pictures.
        return Ok(Validity::Stale);
    }
    if is_test
        && store::read_summary(folder).is_ok_and(|summary| summary.state == RunState::Finished)
    {
        // The training wrote them last. Its weights may be younger: they were still on their way to the disk.
        return Ok(Validity::Assumed);
    }
    let weights = fs::metadata(folder.join(files::WEIGHTS)).and_then(|data| data.modified());
    Ok(match weights.is_ok_and(|weights| weights > answered) {
        true => Validity::Stale,
        false => Validity::Assumed,
    })
}

/// SHA-256 of the run's weights; nothing where there are none. They are read once while they stand as they are.
///
/// # Errors
/// When they can't be read.
pub fn checkpoint(folder: &Path) -> Result<Option<String>, RunError> {
    let path = folder.join(files::WEIGHTS);
    // A folder in its place keeps them from being written, which has been said.
    if !path.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
        return Ok(None);
    }
    files::check(&path)?;
    let hash = match cfg!(unix) {
        true => hashed_once::sha256(&path, Links::Refused).map(|(hash, _)| hash),
        // Dates can be set back, and nothing else tells a change.
        false => ordinary_file::open(&path, Links::Refused).and_then(hash::sha256),
    };
    match hash {
        Ok(hash) => Ok(Some(hex::encode(hash))),
        Err(error) => Err(files::problem(&path, format!("can't be read ({error})"))),
    }
}

/// [`checkpoint`] of weights that are on their way to the disk.
pub(super) fn checkpoint_of(weights: &[u8]) -> String {
    hex::encode(Sha256::digest(weights))
}

/// SHA-256 of a file that a person named.
///
/// # Errors
/// When the file can't be read.
pub(super) fn sha256(path: &Path) -> Result<String, RunError> {
    let failed = |error: std::io::Error| files::problem(path, format!("can't be read ({error})"));
    let file = ordinary_file::open(path, Links::Followed).map_err(failed)?;
    let hash = hash::sha256(file).map_err(failed)?;
    Ok(hex::encode(hash))
}

/// What is not there, or not understood, says nothing.
fn read(folder: &Path) -> Option<Answers> {
    let bytes = files::read(&folder.join(FILE)).ok()?;
    let answers: Answers = serde_json::from_slice(&bytes).ok()?;
    (answers.version == VERSION).then_some(answers)
}
