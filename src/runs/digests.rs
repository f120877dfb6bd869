//! `digests.json`: what the pictures and the weight file of a run held when it began, by their SHA-256.
//!
//! Names and dates don't tell whether a picture is still the same. A run that is gone on with, evaluated or compared is
//! held against what stands here; runs of versions that did not keep it are held against names and dates, as before.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use serde::{Deserialize, Serialize};

use super::members::Member;
use super::{RunError, answers, atomic, files};
use crate::data::contents::KnownContents;
use crate::data::hash::sha256_of_pairs;
use crate::data::{DataError, Dataset, Picture, PictureSource, Split, SplitIndices, StopFlag};
use crate::experiment::Experiment;
use crate::training::pretrained::own_weight_file;

/// The file in a run's folder.
pub const FILE: &str = "digests.json";
/// Of the file's layout. A later one is not understood, and counts as no file.
const VERSION: u32 = 1;

/// What a run began with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Digests {
    version: u32,
    /// A weight file of the person's own. Published ones are checked by their publisher's hash whenever they are loaded.
    pub weights: Option<WeightFile>,
    /// By the pictures' names in their data set; where a file holds many pictures, by its own name.
    pub pictures: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightFile {
    pub path: PathBuf,
    pub sha256: String,
}

/// What was changed since a run began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The names of pictures that hold something else now.
    pub pictures: Vec<String>,
    pub weights: Option<PathBuf>,
    /// The weight file is gone.
    pub lost_weights: Option<PathBuf>,
}

impl Digests {
    /// Of a split's pictures and an experiment's weight file as they are now; `base` is what its paths are relative to.
    /// Pictures that were scanned on this machine before are not read again.
    ///
    /// # Errors
    /// [`DataError::Stopped`].
    pub fn take(
        dataset: &Dataset,
        split: &SplitIndices,
        experiment: &Experiment,
        base: Option<&Path>,
        stop: &StopFlag,
    ) -> Result<Self, DataError> {
        let indices = split.all();
        let pictures = contents(dataset, &indices, stop)?
            .into_iter()
            .zip(&indices)
            .filter_map(|(sha256, &index)| Some((key(&dataset.pictures[index]), sha256?)))
            .collect();
        Ok(Self {
            version: VERSION,
            weights: weight_file(experiment, base),
            pictures,
        })
    }

    /// What a run's folder says; nothing where it says nothing.
    pub fn read(folder: &Path) -> Option<Self> {
        let bytes = files::read(&folder.join(FILE)).ok()?;
        let digests: Self = serde_json::from_slice(&bytes).ok()?;
        (digests.version == VERSION).then_some(digests)
    }

    /// Writes the file into a run's folder.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), RunError> {
        let path = folder.join(FILE);
        let mut bytes =
            serde_json::to_vec_pretty(self).map_err(|error| files::problem(&path, error))?;
        bytes.push(b'\n');
        atomic::write(&path, &bytes)
            .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
    }

    /// One digest over the test pictures: their names, and what they hold. Nothing where one of them is not known.
    pub fn test_contents(&self, dataset: &Dataset, split: &SplitIndices) -> Option<String> {
        let mut lines: Vec<(&str, &str)> = split
            .test
            .iter()
            .map(|&index| {
                let picture = &dataset.pictures[index];
                let sha256 = self.pictures.get(&key(picture))?;
                Some((picture.name.as_str(), sha256.as_str()))
            })
            .collect::<Option<_>>()?;
        if lines.is_empty() {
            return None;
        }
        lines.sort_unstable();
        Some(hex::encode(sha256_of_pairs(lines)))
    }

    /// What is not as it was, of what `now` knows too.
    pub fn changes(&self, now: &Self) -> Changes {
        let pictures = now
            .pictures
            .iter()
            .filter(|(name, sha256)| self.pictures.get(*name).is_some_and(|was| was != *sha256))
            .map(|(name, _)| name.clone())
            .collect();
        let weights = match (&self.weights, &now.weights) {
            (Some(was), Some(is)) if was.sha256 != is.sha256 => Some(is.path.clone()),
            _ => None,
        };
        let lost_weights = match (&self.weights, &now.weights) {
            (Some(was), None) => Some(was.path.clone()),
            _ => None,
        };
        Changes {
            pictures,
            weights,
            lost_weights,
        }
    }

    /// How many test pictures of two runs have equal names and hold something else.
    pub fn differing(&self, other: &Self, members: &[Member]) -> usize {
        members
            .iter()
            .filter(|member| member.split == Split::Test)
            .filter(|member| {
                let (one, two) = (
                    self.pictures.get(&member.file),
                    other.pictures.get(&member.file),
                );
                one.is_some() && two.is_some() && one != two
            })
            .count()
    }

    /// The pictures of `dataset` that a run used for `split`, wherever they stand: those that hold the same, each once.
    pub fn seen(
        &self,
        members: &[Member],
        split: Split,
        dataset: &Dataset,
        contents: &[Option<String>],
    ) -> usize {
        let used: Vec<&Member> = members
            .iter()
            .filter(|member| member.split == split)
            .collect();
        let names: HashSet<&str> = used.iter().map(|member| member.file.as_str()).collect();
        let held: HashSet<&str> = used
            .iter()
            .filter_map(|member| self.pictures.get(&member.file))
            .map(String::as_str)
            .collect();
        let is_seen = |picture: &Picture, sha256: &str| match is_one(picture) {
            true => held.contains(sha256),
            false => {
                names.contains(picture.name.as_str())
                    && self.pictures.get(&key(picture)).map(String::as_str) == Some(sha256)
            }
        };
        dataset
            .pictures
            .iter()
            .zip(contents)
            .filter(|(picture, sha256)| {
                sha256
                    .as_deref()
                    .is_some_and(|sha256| is_seen(picture, sha256))
            })
            .count()
    }
}

impl Changes {
    /// Why a run can't go on; nothing where nothing was changed.
    pub fn obstacle(&self) -> Option<String> {
        if let Some(path) = &self.weights {
            return Some(format!(
                "the weight file is not the one that this run began with, so its frozen layers would be others: put the \
                 former file back, or train anew ({})",
                path.display()
            ));
        }
        if let Some(path) = &self.lost_weights {
            return Some(format!(
                "the weight file that this run began with can't be read any more, and its frozen layers come from it: put it \
                 back, or train anew ({})",
                path.display()
            ));
        }
        let first = self.pictures.first()?;
        Some(format!(
            "{} changed since this run began, so it can't go on as the same: put the former back, or train anew ({first})",
            crate::format::count(self.pictures.len(), "picture was", "pictures were"),
        ))
    }
}

/// The SHA-256 of the file of every picture at `indices`; nothing for one that can't be read.
///
/// # Errors
/// [`DataError::Stopped`].
pub fn contents(
    dataset: &Dataset,
    indices: &[usize],
    stop: &StopFlag,
) -> Result<Vec<Option<String>>, DataError> {
    let read = AtomicUsize::new(0);
    let found = KnownContents::of_user().of(dataset, indices, &read, stop)?;
    Ok(found
        .into_iter()
        .map(|contents| contents.map(|contents| hex::encode(contents.sha256)))
        .collect())
}

/// Whether a file holds this picture alone.
fn is_one(picture: &Picture) -> bool {
    matches!(picture.source, PictureSource::File(_))
}

/// What a picture's digest stands under.
pub fn key(picture: &Picture) -> String {
    if is_one(picture) {
        return picture.name.clone();
    }
    let path = picture.source.path();
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The file that a person gave, where it can be read.
fn weight_file(experiment: &Experiment, base: Option<&Path>) -> Option<WeightFile> {
    let path = own_weight_file(experiment, base)?;
    let sha256 = answers::sha256(&path).ok()?;
    Some(WeightFile { path, sha256 })
}
