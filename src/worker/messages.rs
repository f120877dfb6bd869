//! Every message between the window and the threads behind it. Messages carry numbers, strings and
//! RGB8 pixels; no tensor leaves its thread.

mod failure;
mod features;
mod gallery;
mod prediction;
mod shootout;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

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
use crate::runs::{RunError, RunSummary, StoredRun};
use crate::training::diagnosis::{Diagnosis, Undecided};
use crate::training::pretrained::RankedClass;
use crate::training::{TrainingError, TrainingEvent};

pub use failure::{Failure, panic_text};
pub use features::{FeaturesAnswer, FeaturesQuestion};
pub use gallery::{GalleryAnswer, GalleryQuestion, NeighbourPicture};
pub use prediction::{PredictionAnswer, PredictionQuestion};
pub use shootout::{ShootoutAnswer, ShootoutProcess, ShootoutQuestion};
pub use sweep::{
    PlanAnswer, PlanBase, PlanInput, ProcessEnd, SlurmAnswer, SlurmOptions, SlurmQuestion,
    SlurmRequest, SweepAnswer, SweepProcess, SweepQuestion, SweepStatus,
};

/// Names one training from the click that queued it to its end; unique within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub u64);

/// To the threads that train.
#[derive(Debug)]
pub enum TrainingCommand {
    /// Train this when its turn has come: when what trains it is done with everything queued before.
    Start(Box<StartRun>),
    /// Stop `run` within one batch, or take it out of the queue.
    Stop(RunId),
    /// Hold everything that trains, and what begins meanwhile; or let all of it go on.
    Pause(bool),
    /// Hold this run, or let it go on.
    PauseRun(RunId, bool),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartRun {
    pub run: RunId,
    pub experiment: Experiment,
    /// The preset's folder, for relative paths.
    pub base: Option<PathBuf>,
    /// A scan of the same source, to save repeating it.
    #[serde(skip)]
    pub dataset: Option<Arc<Dataset>>,
    /// Where run folders are made.
    pub runs: PathBuf,
    /// The folder of an interrupted run of this experiment, to go on with.
    pub resume: Option<PathBuf>,
    /// Of a cross-validation, one more network is trained on all folds.
    #[serde(default)]
    pub refit: bool,
    /// "cpu" or "cuda:0". `None`: where this machine has several graphics cards, the next one that is free; else the best
    /// device there is.
    pub device: Option<String>,
}

/// From the threads that train, stamped with the run.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// Of several graphics cards, the one at this index is to train it, in a process of its own. Before everything else.
    OnCard(usize),
    /// Taken from the queue; its folder stands.
    Started {
        folder: PathBuf,
    },
    /// An earlier run is taken up again: what it had reached.
    Resumed(Box<StoredRun>),
    /// A training of a cross-validation begins or goes on; 0 is the one on all folds. What it had reached takes the place
    /// of what the one before has told.
    Fold {
        fold: u32,
        folds: u32,
        stored: Option<Box<StoredRun>>,
    },
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

impl RunEvent {
    /// The last one: how the run stands, and what came of its training.
    pub fn last<Outcome>(
        ended: Result<(RunSummary, Result<Outcome, TrainingError>), RunError>,
    ) -> Self {
        let failed = |message| Self::Failed { message };
        match ended {
            Ok((summary, Ok(_))) => Self::Finished(Box::new(summary)),
            Ok((summary, Err(TrainingError::Stopped))) => Self::Stopped(Box::new(summary)),
            Ok((_, Err(error))) => failed(error.to_string()),
            Err(RunError::Stopped) => Self::Cancelled,
            Err(error) => failed(error.to_string()),
        }
    }
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
    /// `count` augmented versions of one picture, as training would see them. `partners`: pictures that they are mixed with in
    /// turn, where the augmentation mixes any.
    Augment {
        dataset: Arc<Dataset>,
        index: usize,
        partners: Vec<usize>,
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
    Shootout(ShootoutQuestion),
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
            Self::Shootout(question) => return question.unanswered(failure),
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
            (Self::Shootout(old), Self::Shootout(new)) => new.supersedes(old),
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

/// A picture as training would see it.
#[derive(Debug, Clone)]
pub struct AugmentedVersion {
    pub pixels: Pixels,
    /// The picture that it is mixed with, and what its own class counts in the target, 0 to 1.
    pub mixed_with: Option<(usize, f64)>,
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
        result: Result<(Pixels, Vec<AugmentedVersion>), Failure>,
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
    Shootout(ShootoutAnswer),
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
                | Self::Shootout(ShootoutAnswer::Downloading { .. })
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
