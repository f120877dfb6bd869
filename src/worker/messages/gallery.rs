//! What the gallery asks and is told.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Answer, Failure};
use crate::analysis::gallery::{RunPictures, SplitPicture};
use crate::analysis::suspects::{FoundDuplicates, Suspect};
use crate::data::{PictureSource, Pixels};
use crate::training::explain::Explanation;

/// To the gallery's threads. A question replaces an unanswered one of the same kind, but for
/// [`GalleryQuestion::Open`], which is answered for every run.
#[derive(Debug, Clone)]
pub enum GalleryQuestion {
    /// What a run predicted, and where its pictures are.
    Open {
        folder: PathBuf,
    },
    /// Small versions of the pictures that a view shows, their longer sides at most `side`, each answered
    /// apart. A list takes the place of the one before: what that one lacks still is forgotten.
    Thumbnails {
        wanted: Vec<PictureSource>,
        side: u32,
    },
    /// One picture for a close look, its longer side at most `side`.
    Picture {
        source: PictureSource,
        side: u32,
    },
    /// Where a run's network looks for `class` (for its own answer when absent). One question of every
    /// run is answered.
    Explain {
        folder: PathBuf,
        source: PictureSource,
        class: Option<u32>,
    },
    /// The training pictures of a run that its network finds most alike to one. The first question about
    /// a run computes the features of all of them, which takes a while; progress is told.
    Neighbours {
        folder: PathBuf,
        name: String,
        source: PictureSource,
        count: usize,
    },
    /// Ends the computing of features; what is computed is kept.
    StopNeighbours,
    /// The same picture on both sides of a run's split, or under two classes. Decodes every picture.
    Duplicates {
        folder: PathBuf,
    },
    StopDuplicates,
    /// Answers on a run's training pictures by heads that have not learned from them, and the labels that those
    /// contradict. Trains a head for each fold.
    OutOfFold {
        folder: PathBuf,
        folds: usize,
    },
    StopOutOfFold,
}

impl GalleryQuestion {
    /// As [`Question::unanswered`](super::Question::unanswered).
    pub(super) fn unanswered(self, failure: Failure) -> Vec<Answer> {
        let answer = match self {
            Self::StopNeighbours | Self::StopDuplicates | Self::StopOutOfFold => {
                return Vec::new();
            }
            Self::Thumbnails { wanted, .. } => {
                let pixels = |source| GalleryAnswer::Thumbnail {
                    source,
                    pixels: Err(failure.clone()),
                };
                return wanted
                    .into_iter()
                    .map(pixels)
                    .map(Answer::Gallery)
                    .collect();
            }
            Self::Open { folder } => GalleryAnswer::Opened {
                folder,
                result: Err(failure),
                wrong_labels: Arc::default(),
                out_of_fold: None,
            },
            Self::Picture { source, .. } => GalleryAnswer::Picture {
                source,
                pixels: Err(failure),
            },
            Self::Explain {
                folder,
                source,
                class,
            } => GalleryAnswer::Explained {
                folder,
                source,
                class,
                result: Err(failure),
            },
            Self::Neighbours { folder, name, .. } => GalleryAnswer::Neighbours {
                folder,
                name,
                result: Err(failure),
            },
            Self::Duplicates { folder } => GalleryAnswer::Duplicates {
                folder,
                result: Err(failure),
            },
            Self::OutOfFold { folder, .. } => GalleryAnswer::OutOfFold {
                folder,
                result: Err(failure),
            },
        };
        vec![Answer::Gallery(answer)]
    }
}

/// From the gallery's threads.
#[derive(Debug, Clone)]
pub enum GalleryAnswer {
    Opened {
        folder: PathBuf,
        result: Result<Arc<RunPictures>, Failure>,
        /// Labels that the predictions contradict.
        wrong_labels: Arc<Vec<Suspect>>,
        /// Labels of training pictures that answers out of fold contradict, where those have been worked out.
        out_of_fold: Option<Arc<Vec<Suspect>>>,
    },
    Thumbnail {
        source: PictureSource,
        pixels: Result<Arc<Pixels>, Failure>,
    },
    Picture {
        source: PictureSource,
        pixels: Result<Arc<Pixels>, Failure>,
    },
    Explained {
        folder: PathBuf,
        source: PictureSource,
        /// As it was asked for.
        class: Option<u32>,
        result: Result<Arc<Explanation>, Failure>,
    },
    FeaturesProgress {
        folder: PathBuf,
        done: usize,
        total: usize,
    },
    Neighbours {
        folder: PathBuf,
        name: String,
        result: Result<Vec<NeighbourPicture>, Failure>,
    },
    DuplicatesProgress {
        folder: PathBuf,
        done: usize,
        total: usize,
    },
    OutOfFoldProgress {
        folder: PathBuf,
        done: usize,
        total: usize,
    },
    OutOfFold {
        folder: PathBuf,
        result: Result<Arc<Vec<Suspect>>, Failure>,
    },
    Duplicates {
        folder: PathBuf,
        result: Result<FoundDuplicates, Failure>,
    },
}

/// A training picture that a network finds alike.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourPicture {
    pub picture: SplitPicture,
    /// Cosine of the pooled features.
    pub similarity: f32,
}
