//! What became of a run's pictures, and which of other pictures it knows.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Pictures;
use super::found_pictures::{find, root};
use crate::data::{Dataset, Problem, Split, StopFlag};
use crate::format;
use crate::runs::digests::{self, Digests};
use crate::runs::members::Member;
use crate::runs::{RunError, RunSummary, store};

/// Pictures that are not what they were.
#[derive(Debug, Default)]
pub(super) struct Since {
    pub changed: Vec<PathBuf>,
    missing: Vec<Problem>,
    /// Why none of them could be looked at.
    obstacle: Option<String>,
}

impl Since {
    pub fn missing_text(&self) -> Option<String> {
        let what = match (&self.obstacle, self.missing.first()) {
            (Some(obstacle), _) => format!("The pictures can't be looked at any more ({obstacle})"),
            (None, Some(first)) => format!(
                "{} not as the run had them ({} {})",
                format::count(
                    self.missing.len(),
                    "of these pictures is",
                    "of these pictures are"
                ),
                first.path.display(),
                first.reason
            ),
            (None, None) => return None,
        };
        Some(format!(
            "{what}: the answers that are shown are from when they were."
        ))
    }
}

/// What became of a split's pictures, as far as the run knows what they held.
///
/// # Errors
/// [`RunError::Stopped`], or when the run's preset can't be read.
pub(super) fn changed_since(
    folder: &Path,
    summary: &RunSummary,
    split: Split,
    members: &[Member],
    stop: &StopFlag,
) -> Result<Since, RunError> {
    let Some(digests) = Digests::read(folder) else {
        return Ok(Since::default());
    };
    let experiment = store::experiment(folder)?;
    let pictures = Pictures::Of(split);
    match find(
        &experiment,
        summary,
        pictures,
        members,
        Some(&digests),
        stop,
    ) {
        Ok(found) => Ok(Since {
            changed: found.changed,
            missing: found.problems,
            obstacle: None,
        }),
        Err(RunError::Stopped) => Err(RunError::Stopped),
        // All of them were moved or removed, which takes nothing away from answers that are there.
        Err(error) => Ok(Since {
            obstacle: Some(error.to_string()),
            ..Since::default()
        }),
    }
}

/// Pictures of another source that a run knows.
pub(super) struct Seen {
    pub trained: usize,
    pub validated: usize,
}

impl Seen {
    /// # Errors
    /// [`RunError::Stopped`], or when the run's preset can't be read.
    pub fn of(
        folder: &Path,
        digests: Option<&Digests>,
        members: &[Member],
        dataset: &Dataset,
        stop: &StopFlag,
    ) -> Result<Self, RunError> {
        if let Some(digests) = digests {
            let indices: Vec<usize> = (0..dataset.pictures.len()).collect();
            let contents = digests::contents(dataset, &indices, stop)?;
            let seen = |split| digests.seen(members, split, dataset, &contents);
            return Ok(Self {
                trained: seen(Split::Train),
                validated: seen(Split::Validation),
            });
        }
        // A run that does not know what its pictures held knows at least where they stood.
        let experiment = store::experiment(folder)?;
        let root = root(&experiment).to_path_buf();
        let seen = |split| {
            let files: HashSet<PathBuf> = members
                .iter()
                .filter(|member| member.split == split)
                .map(|member| absolute(&root.join(&member.file)))
                .collect();
            let is_one = |path: &Path| files.contains(&absolute(path));
            let pictures = dataset.pictures.iter();
            pictures
                .filter(|picture| is_one(picture.source.path()))
                .count()
        };
        Ok(Self {
            trained: seen(Split::Train),
            validated: seen(Split::Validation),
        })
    }
}

/// The same for a file whatever way leads to it.
fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}
