//! What a training reports to its listeners: the window, the command line, the run store, the tests.

use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use super::estimate::Estimate;
use super::precision::of_run::FrozenPrecision;
use super::resume::ResumePoint;

/// Hears of everything that happens, on the training thread, in order.
pub trait TrainingListener {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError>;

    /// Called after every epoch whose weights are the best so far, and at the end with those that
    /// the run keeps: name and tensor of backbone and head, on the CPU, contiguous.
    fn weights(&mut self, weights: &[(String, tch::Tensor)]) -> Result<(), TrainingError> {
        let _ = weights;
        Ok(())
    }

    /// Called after epochs with what it takes to go on from there, should the run be interrupted.
    fn resume_point(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        let _ = point;
        Ok(())
    }

    /// What could not be kept the last time it was handed over, and is wanted again.
    fn lacks(&self) -> Lacks {
        Lacks::default()
    }

    /// Whether it keeps what tells pictures that are none of the classes; a training whose listener does not takes no
    /// time for it.
    fn wants_novelty(&self) -> bool {
        false
    }

    /// Something that went wrong within the listener and does not end the training, told once: a warning.
    fn trouble(&mut self) -> Option<String> {
        None
    }
}

/// What a listener could not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lacks {
    pub weights: bool,
    pub resume_point: bool,
}

impl Lacks {
    /// What either lacks.
    pub fn or(self, other: Self) -> Self {
        Self {
            weights: self.weights || other.weights,
            resume_point: self.resume_point || other.resume_point,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TrainingEvent {
    /// The network stands; nothing has been trained yet.
    Prepared {
        train: usize,
        validation: usize,
        test: usize,
        device: String,
        /// `Loaded 244 tensors of efficientnet_lite0.pth (efficientnet-lite names)`.
        weights: String,
    },
    /// What the run's answers are computed in. Before [`Self::Prepared`].
    Precision(FrozenPrecision),
    /// What the phase that needs most will hold in memory.
    MemoryForecast(Estimate),
    /// How quick the backbone turned out to be on the processor, as a frozen network and at its usual input size, in
    /// pictures per second.
    Speed {
        backbone: String,
        pictures_per_second: f64,
    },
    /// The most bytes of a graphics card's memory that tensors took. At the end, however it came.
    CardMemory(u64),
    PhaseStarted {
        /// Counted from 0.
        phase: usize,
        name: String,
        epochs: u32,
        /// The phase's first epoch, counted from 1 over all phases.
        first_epoch: u32,
        trainable_parameters: u64,
        frozen_parameters: u64,
        /// "features of the frozen backbone are computed once" and the like, for the log.
        plan: String,
    },
    /// How far the current activity is; may be thinned out on its way.
    Progress(Progress),
    EpochFinished(EpochMetrics),
    PhaseFinished {
        phase: usize,
        name: String,
        epochs: u32,
        seconds: f64,
    },
    /// Something the person should know that is no failure.
    Warning(String),
    /// A line for the log.
    Note(String),
    Tested(TestMetrics),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub activity: Activity,
    /// Counted from 0.
    pub phase: usize,
    /// Counted from 1 over all phases; 0 before the first.
    pub epoch: u32,
    pub epochs: u32,
    /// Pictures (of a download: bytes) done in this activity, and in all; 0 when nobody knows.
    pub done: usize,
    pub total: usize,
    pub pictures_per_second: f64,
    /// For the whole run, once it can be told.
    pub remaining_seconds: Option<f64>,
    /// Of the current epoch so far, smoothed.
    pub train_loss: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Activity {
    /// Counted in bytes.
    DownloadingWeights,
    /// Pictures that no run has seen yet are read once, to know them again.
    CheckingPictures,
    ReadingPictures,
    ComputingFeatures,
    Training,
    Validating,
    Testing,
}

impl Activity {
    /// What is done, within a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::DownloadingWeights => "downloading weights",
            Self::CheckingPictures => "checking pictures",
            Self::ReadingPictures => "reading pictures",
            Self::ComputingFeatures => "computing features",
            Self::Training => "training",
            Self::Validating => "validating",
            Self::Testing => "testing",
        }
    }
}

/// One line of `metrics.csv`. Losses are mean cross-entropy per picture, in nats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Counted from 1 over all phases.
    pub epoch: u32,
    /// Counted from 0.
    pub phase: usize,
    /// The phase's rate at the end of the epoch.
    pub learning_rate: f64,
    /// Over the epoch's batches, as they were trained (augmented, mixed, dropout on), with label smoothing and class weights.
    pub train_loss: f64,
    pub train_accuracy: f64,
    /// Without label smoothing and class weights. Absent without validation pictures.
    pub validation_loss: Option<f64>,
    pub validation_accuracy: Option<f64>,
    pub validation_macro_f1: Option<f64>,
    pub seconds: f64,
}

/// What a finished run achieved on its test pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestMetrics {
    pub loss: f64,
    pub accuracy: f64,
    pub macro_f1: f64,
    /// Number of test pictures.
    pub n: usize,
}
