//! What the gallery asks and is told.

use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::gallery::{RunPictures, SplitPicture};
use crate::analysis::suspects::Suspect;
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
    /// Small versions of the pictures that a view shows, their longer sides at most `side`. What an
    /// earlier list asked for and is not made yet is forgotten.
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

/// From the gallery's threads.
#[derive(Debug, Clone)]
pub enum GalleryAnswer {
    Opened {
        folder: PathBuf,
        result: Result<Arc<RunPictures>, String>,
        /// Labels that the predictions contradict.
        wrong_labels: Arc<Vec<Suspect>>,
        /// Labels of training pictures that answers out of fold contradict, where those have been worked out.
        out_of_fold: Option<Arc<Vec<Suspect>>>,
    },
    Thumbnail {
        source: PictureSource,
        pixels: Result<Arc<Pixels>, String>,
    },
    Picture {
        source: PictureSource,
        pixels: Result<Arc<Pixels>, String>,
    },
    Explained {
        folder: PathBuf,
        source: PictureSource,
        /// As it was asked for.
        class: Option<u32>,
        result: Result<Arc<Explanation>, String>,
    },
    FeaturesProgress {
        folder: PathBuf,
        done: usize,
        total: usize,
    },
    Neighbours {
        folder: PathBuf,
        name: String,
        result: Result<Vec<NeighbourPicture>, String>,
    },
    /// Computing features was stopped.
    FeaturesStopped { folder: PathBuf },
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
        /// Nothing when it was stopped.
        result: Option<Result<Arc<Vec<Suspect>>, String>>,
    },
    Duplicates {
        folder: PathBuf,
        /// Nothing when it was stopped.
        result: Option<Result<DuplicatesFound, String>>,
    },
}

/// Duplicates, and a sentence that tells how to keep them together, if names tell it.
pub type DuplicatesFound = (Vec<Suspect>, Option<String>);

/// A training picture that a network finds alike.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourPicture {
    pub picture: SplitPicture,
    /// Cosine of the pooled features.
    pub similarity: f32,
}
