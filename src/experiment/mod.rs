//! What a person decides, as plain data: one [`Experiment`] feeds the window, the command line
//! and the disk. Nothing here knows of tensors, threads or widgets.

pub mod advice;
mod augmentation;
mod backbone;
pub mod bounds;
mod check;
mod data;
mod head;
mod phase;
pub mod preset;
mod solver;
mod training;

use serde::{Deserialize, Serialize};

pub use augmentation::{Augmentation, Views};
pub use backbone::{
    BackboneConfig, FreezePlan, NormPolicy, Preprocessing, ResizeFilter, TrainedNorm, WeightsSource,
};
pub use check::FieldProblem;
pub use data::{
    CifarLabels, Column, DataConfig, DataSource, Fit, GroupBy, SplitConfig, SplitPart, Threshold,
};
pub use head::{Activation, HeadConfig, HeadLayer, OutputLayer, Pooling};
pub use phase::{LayerRates, Optimizer, Phase, Schedule};
pub use training::{
    ClassWeights, EarlyStopping, Keep, MixedPrecision, Monitor, Precision, TestViews,
    TrainingConfig,
};

/// Everything that decides a run: data, backbone, head, augmentation, phases, seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Experiment {
    /// What the window's title, the run list and the figures call it.
    pub name: String,
    /// Free text for the person's own remarks.
    pub notes: String,
    /// Decides the split, the initial weights of the head, the order of pictures and the augmentation.
    pub seed: u64,
    pub data: DataConfig,
    pub backbone: BackboneConfig,
    pub head: HeadConfig,
    pub augmentation: Augmentation,
    pub training: TrainingConfig,
    /// Carried out in order; at least one.
    pub phases: Vec<Phase>,
}

impl Default for Experiment {
    /// Feature extraction on a frozen EfficientNet-Lite0, which every installation has weights for.
    fn default() -> Self {
        Self {
            name: "Feature extraction".into(),
            notes: String::new(),
            seed: 42,
            data: DataConfig::default(),
            backbone: BackboneConfig::default(),
            head: HeadConfig::default(),
            augmentation: Augmentation::default(),
            training: TrainingConfig::default(),
            phases: vec![Phase::default()],
        }
    }
}

impl Experiment {
    /// All epochs of all phases.
    pub fn epochs(&self) -> u32 {
        self.phases.iter().map(|phase| phase.epochs).sum()
    }

    /// Every field that is out of range, with what is allowed; empty when the experiment can run.
    pub fn check(&self) -> Vec<FieldProblem> {
        check::check(self)
    }
}
