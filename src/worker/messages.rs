//! Every message between the window and the threads behind it. Messages carry numbers, strings and
//! RGB8 pixels; no tensor leaves its thread.

mod failure;
mod features;
mod gallery;
mod prediction;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::{Comparison, EvaluatedRun};
use crate::data::scan::TablePreview;
use crate::data::{Dataset, PictureSource, Pixels, Split, SplitIndices};
use crate::evaluation::Evaluation;
use crate::evaluation::novelty::KnownNovelty;
use crate::experiment::{
    Augmentation, BackboneConfig, DataConfig, DataSource, Experiment, Fit, WeightsSource,
};
use crate::models::device::Devices;
use crate::models::speed::Measured;
use crate::models::tree::LayerTree;
use crate::models::weights::Examined;
use crate::runs::annotations::Change;
use crate::runs::{RunSummary, StoredRun};
use crate::training::TrainingEvent;
use crate::training::diagnosis::{Diagnosis, Undecided};
use crate::training::pretrained::RankedClass;

pub use failure::{Failure, panic_text};
pub use features::{FeaturesAnswer, FeaturesQuestion};
pub use gallery::{GalleryAnswer, GalleryQuestion, NeighbourPicture};
pub use prediction::{PredictionAnswer, PredictionQuestion};
pub use sweep::{
    PlanAnswer, PlanBase, PlanInput, SlurmAnswer, SlurmOptions, SlurmQuestion, SlurmRequest,
    SweepAnswer, SweepProcess, SweepQuestion, SweepStatus, TrainingEnd,
};

/// Names one training from the click that queued it to its end; unique within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// To the training thread.
#[derive(Debug)]
pub enum TrainingCommand {
    /// Train this when everything queued before it is done.
    Start(Box<StartRun>),
    /// Stop `run` within one batch, or take it out of the queue.
    Stop(RunId),
    Pause(bool),
}

#[derive(Debug, Clone)]
pub struct StartRun {
    pub run: RunId,
    pub experiment: Experiment,
    /// The preset's folder, for relative paths.
    pub base: Option<PathBuf>,
    /// A scan of the same source, to save repeating it.
    pub dataset: Option<Arc<Dataset>>,
    /// Where run folders are made.
    pub runs: PathBuf,
    /// The folder of an interrupted run of this experiment, to go on with.
    pub resume: Option<PathBuf>,
    /// "cpu", "cuda:0", or `None` for the best there is.
    pub device: Option<String>,
}

/// From the training thread, stamped with the run.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// Taken from the queue; its folder stands.
    Started {
        folder: PathBuf,
    },
    /// An earlier run is taken up again: what it had reached.
    Resumed(Box<StoredRun>),
    Training(TrainingEvent),
    Finished(Box<RunSummary>),
    /// Stopped by the person; what was trained so far is kept in the folder.
    Stopped(Box<RunSummary>),
    /// The message says what to do; nothing else is affected.
    Failed {
        message: String,
    },
    /// Taken out of the queue before it began; there is no folder.
    Cancelled,
}

/// To the assistant's threads. Each is answered exactly once, whatever happens to the work: see
/// [`Question::unanswered`]. Some take the place of one that waits: see [`Question::supersedes`].
#[derive(Debug, Clone)]
pub enum Question {
    Devices,
    /// Scan this source, and split it as the experiment says.
    Scan {
        data: Box<DataConfig>,
        seed: u64,
        base: Option<PathBuf>,
    },
    StopScan,
    /// What this folder or file holds: class folders, a table, …
    Recognise {
        path: PathBuf,
    },
    /// The first rows of the table that `source` names, and the tables beside it.
    PreviewTable {
        source: DataSource,
        base: Option<PathBuf>,
    },
    /// A thumbnail of one picture, its longer side at most `side`.
    Thumbnail {
        dataset: Arc<Dataset>,
        index: usize,
        side: u32,
    },
    LayerTree {
        backbone: String,
        input_size: u32,
    },
    /// Which published weight files stand on this machine, by a look at names.
    StoredWeights,
    /// How quick a backbone is here. Takes seconds of all cores.
    MeasureSpeed {
        backbone: String,
    },
    /// Ends the measurement under way.
    StopMeasuring,
    /// What the untouched network sees in a picture: ImageNet's most probable classes.
    Classify {
        source: PictureSource,
        backbone: String,
        weights: WeightsSource,
        base: Option<PathBuf>,
    },
    /// What is in the file that the backbone's weights are read from.
    ExamineWeights {
        backbone: Box<BackboneConfig>,
        base: Option<PathBuf>,
    },
    /// `count` augmented versions of one picture, as training would see them.
    Augment {
        dataset: Arc<Dataset>,
        index: usize,
        augmentation: Box<Augmentation>,
        fit: Fit,
        side: u32,
        seed: u64,
        count: u32,
    },
    /// The runs in the folder `runs`, and those that `others` are or hold.
    ListRuns {
        runs: PathBuf,
        others: Vec<PathBuf>,
        /// Whether a person chose the folder: where it is not there, that is said.
        is_chosen: bool,
    },
    /// Changes what is said of runs, or puts them away.
    ChangeRuns {
        folders: Vec<PathBuf>,
        action: RunAction,
    },
    /// Which runs are in a folder, itself one or several in it.
    FindRuns {
        folder: PathBuf,
    },
    OpenRun {
        folder: PathBuf,
    },
    /// What the curves of a run in this folder say, under way or ended.
    Diagnose {
        folder: PathBuf,
    },
    /// Lay these runs side by side.
    Compare {
        folders: Vec<PathBuf>,
    },
    /// A finished run's answers on one of its splits, and everything they say. Read from the run's
    /// folder where they stand already, else worked out by its network, which takes all cores: better
    /// not beside a training, though it does no harm to it. Questions wait for each other; the same
    /// one asked twice is answered once.
    EvaluateRun {
        folder: PathBuf,
        split: Split,
        /// Nothing is computed: answers that don't stand in the folder are [`Failure::NotKept`].
        only_kept: bool,
    },
    /// Ends the evaluations of this run, under way or waiting.
    StopEvaluation {
        folder: PathBuf,
    },
    Gallery(GalleryQuestion),
    Features(FeaturesQuestion),
    Prediction(PredictionQuestion),
    Sweep(SweepQuestion),
}

impl Question {
    /// What is said in the place of an answer: one, but for the pictures of a list, which are answered apart,
    /// and for orders to stop, which nobody waits for.
    pub fn unanswered(&self, failure: Failure) -> Vec<Answer> {
        let answer = match self.clone() {
            Self::StopScan | Self::StopMeasuring | Self::StopEvaluation { .. } => {
                return Vec::new();
            }
            Self::Gallery(question) => return question.unanswered(failure),
            Self::Prediction(question) => return question.unanswered(failure),
            Self::Sweep(question) => return question.unanswered(failure),
            Self::Devices => Answer::Devices(Err(failure)),
            Self::Scan { data, seed, .. } => Answer::Scanned {
                data,
                seed,
                result: Err(failure),
            },
            Self::Recognise { path } => Answer::Recognised {
                path,
                source: Err(failure),
            },
            Self::PreviewTable { source, base } => Answer::TablePreviewed {
                source,
                base,
                result: Err(failure),
            },
            Self::Thumbnail { dataset, index, .. } => {
                let picture = dataset.pictures.get(index);
                Answer::Thumbnail {
                    name: picture.map_or_else(String::new, |picture| picture.name.clone()),
                    index,
                    pixels: Err(failure),
                }
            }
            Self::LayerTree {
                backbone,
                input_size,
            } => Answer::LayerTree {
                backbone,
                input_size,
                tree: Err(failure),
            },
            Self::StoredWeights => Answer::StoredWeights(Err(failure)),
            Self::MeasureSpeed { backbone } => Answer::Speed {
                backbone,
                result: Err(failure),
            },
            Self::Classify {
                source, backbone, ..
            } => Answer::Classified {
                source,
                backbone,
                result: Err(failure),
            },
            Self::ExamineWeights { backbone, .. } => Answer::WeightsExamined {
                backbone,
                result: Err(failure),
            },
            Self::Augment {
                index,
                augmentation,
                ..
            } => Answer::Augmented {
                index,
                augmentation,
                result: Err(failure),
            },
            Self::ListRuns { .. } => Answer::Runs(Err(failure)),
            Self::ChangeRuns { folders, action } => Answer::RunsChanged {
                results: (folders.into_iter())
                    .map(|folder| (folder, Err(failure.clone())))
                    .collect(),
                action,
            },
            Self::FindRuns { folder } => Answer::RunsFound {
                folder,
                result: Err(failure),
            },
            Self::OpenRun { folder } => Answer::Run {
                folder,
                result: Err(failure),
            },
            Self::Diagnose { folder } => Answer::Diagnosed {
                folder,
                epochs: 0,
                result: Err(failure),
            },
            Self::Compare { folders } => Answer::Compared {
                folders,
                result: Err(failure),
            },
            Self::EvaluateRun { folder, split, .. } => Answer::RunEvaluated {
                folder,
                split,
                result: Err(failure),
            },
            Self::Features(question) => Answer::Features(question.unanswered(failure)),
        };
        vec![answer]
    }

    /// Whether nobody needs the answer to `older`, which waits still, once this one is asked.
    pub fn supersedes(&self, older: &Self) -> bool {
        match (older, self) {
            (Self::Augment { .. }, Self::Augment { .. })
            | (Self::LayerTree { .. }, Self::LayerTree { .. })
            | (Self::ListRuns { .. }, Self::ListRuns { .. })
            | (Self::Compare { .. }, Self::Compare { .. })
            | (Self::PreviewTable { .. }, Self::PreviewTable { .. })
            | (Self::Devices, Self::Devices)
            // Whoever leafs through pictures waits for the last one.
            | (Self::Classify { .. }, Self::Classify { .. })
            | (
                Self::Features(FeaturesQuestion::CacheCoverage { .. }),
                Self::Features(FeaturesQuestion::CacheCoverage { .. }),
            ) => true,
            (
                Self::Thumbnail {
                    dataset: old,
                    index: old_index,
                    ..
                },
                Self::Thumbnail { dataset, index, .. },
            ) => Arc::ptr_eq(old, dataset) && old_index == index,
            (Self::Diagnose { folder: old }, Self::Diagnose { folder }) => old == folder,
            (Self::Sweep(old), Self::Sweep(new)) => new.supersedes(old),
            _ => false,
        }
    }
}

/// What is done with runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunAction {
    Annotate(Vec<Change>),
    /// To the system's trash.
    Trash,
    /// Back from there.
    Restore,
}

/// From the assistant's threads.
#[derive(Debug, Clone)]
pub enum Answer {
    Devices(Result<Devices, Failure>),
    ScanProgress {
        done: usize,
        total: usize,
    },
    Scanned {
        data: Box<DataConfig>,
        seed: u64,
        result: Result<(Arc<Dataset>, SplitIndices), Failure>,
    },
    Recognised {
        path: PathBuf,
        source: Result<DataSource, Failure>,
    },
    TablePreviewed {
        source: DataSource,
        base: Option<PathBuf>,
        result: Result<Arc<TablePreview>, Failure>,
    },
    Thumbnail {
        name: String,
        index: usize,
        pixels: Result<Pixels, Failure>,
    },
    LayerTree {
        backbone: String,
        input_size: u32,
        tree: Result<Arc<LayerTree>, Failure>,
    },
    /// Backbone and weights' name of each.
    StoredWeights(Result<Vec<(String, String)>, Failure>),
    Speed {
        backbone: String,
        result: Result<Measured, Failure>,
    },
    Classified {
        source: PictureSource,
        backbone: String,
        result: Result<Vec<RankedClass>, Failure>,
    },
    WeightsExamined {
        backbone: Box<BackboneConfig>,
        result: Result<Arc<Examined>, Failure>,
    },
    Augmented {
        index: usize,
        augmentation: Box<Augmentation>,
        /// The picture as it is, and its versions.
        result: Result<(Pixels, Vec<Pixels>), Failure>,
    },
    Runs(Result<Vec<RunSummary>, Failure>),
    /// What came of each run's folder.
    RunsChanged {
        action: RunAction,
        results: Vec<(PathBuf, Result<(), Failure>)>,
    },
    RunsFound {
        folder: PathBuf,
        result: Result<Vec<PathBuf>, Failure>,
    },
    Run {
        folder: PathBuf,
        result: Result<Box<StoredRun>, Failure>,
    },
    Compared {
        folders: Vec<PathBuf>,
        result: Result<Arc<Comparison>, Failure>,
    },
    /// How many epochs were looked at, and what they say or why they say nothing yet.
    Diagnosed {
        folder: PathBuf,
        epochs: usize,
        result: Result<Result<Diagnosis, Undecided>, Failure>,
    },
    /// Pictures that the network has seen, and of how many.
    EvaluationProgress {
        folder: PathBuf,
        split: Split,
        done: usize,
        total: usize,
    },
    RunEvaluated {
        folder: PathBuf,
        split: Split,
        result: Result<Arc<RunEvaluation>, Failure>,
    },
    Gallery(GalleryAnswer),
    Features(FeaturesAnswer),
    Prediction(PredictionAnswer),
    Sweep(SweepAnswer),
}

impl Answer {
    /// How far something is; a later one says it too.
    pub fn is_progress(&self) -> bool {
        matches!(
            self,
            Self::ScanProgress { .. }
                | Self::EvaluationProgress { .. }
                | Self::Features(FeaturesAnswer::Clearing { .. })
                | Self::Prediction(PredictionAnswer::Comparing { .. })
                | Self::Gallery(
                    GalleryAnswer::FeaturesProgress { .. }
                        | GalleryAnswer::DuplicatesProgress { .. }
                        | GalleryAnswer::OutOfFoldProgress { .. }
                )
        )
    }
}

/// A run's answers on one split and all numbers that follow from them.
#[derive(Debug, PartialEq)]
pub struct RunEvaluation {
    pub run: EvaluatedRun,
    /// Of the most probable classes, with all intervals.
    pub evaluation: Evaluation,
    /// How far the run's own pictures are from those that it learned from, where it knows that.
    pub novelty: Option<Arc<KnownNovelty>>,
}
