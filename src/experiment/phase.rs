//! A stretch of epochs with one freeze plan, optimizer, learning rate and schedule.

use serde::{Deserialize, Serialize};

use super::FreezePlan;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phase {
    pub name: String,
    pub epochs: u32,
    pub freeze: FreezePlan,
    pub optimizer: Optimizer,
    /// The rate of the head and of layers whose factor is 1; a schedule's highest.
    pub learning_rate: f64,
    pub schedule: Schedule,
    /// Epochs over which the rate rises linearly from 0 before the schedule begins; may be a part.
    pub warmup_epochs: f64,
    pub layer_rates: LayerRates,
}

impl Default for Phase {
    fn default() -> Self {
        Self {
            name: "Feature extraction".into(),
            epochs: 10,
            freeze: FreezePlan::Backbone,
            optimizer: Optimizer::default(),
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            warmup_epochs: 0.0,
            layer_rates: LayerRates::Uniform,
        }
    }
}

/// The update rule, with PyTorch's parameters and defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Optimizer {
    Sgd {
        #[serde(default)]
        momentum: f64,
        #[serde(default)]
        nesterov: bool,
        #[serde(default)]
        weight_decay: f64,
    },
    Adam {
        #[serde(default = "beta1")]
        beta1: f64,
        #[serde(default = "beta2")]
        beta2: f64,
        #[serde(default = "epsilon")]
        epsilon: f64,
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay.
    AdamW {
        #[serde(default = "beta1")]
        beta1: f64,
        #[serde(default = "beta2")]
        beta2: f64,
        #[serde(default = "epsilon")]
        epsilon: f64,
        #[serde(default = "decoupled_weight_decay")]
        weight_decay: f64,
    },
    RmsProp {
        #[serde(default = "alpha")]
        alpha: f64,
        #[serde(default = "epsilon")]
        epsilon: f64,
        #[serde(default)]
        momentum: f64,
        #[serde(default)]
        weight_decay: f64,
    },
    /// No steps: logistic regression to convergence (L-BFGS), for a phase that trains a linear head on features that stay as
    /// they are. Learning rate, schedule and batch size have no effect on it.
    LogisticRegression {
        /// scikit-learn's C, the inverse of the penalty on large weights; chosen on folds of the training pictures when absent.
        #[serde(default)]
        c: Option<f64>,
    },
}

fn beta1() -> f64 {
    0.9
}
fn beta2() -> f64 {
    0.999
}
fn epsilon() -> f64 {
    1e-8
}
fn alpha() -> f64 {
    0.99
}
fn decoupled_weight_decay() -> f64 {
    0.01
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::Adam {
            beta1: beta1(),
            beta2: beta2(),
            epsilon: epsilon(),
            weight_decay: 0.0,
        }
    }
}

impl Optimizer {
    /// SGD with momentum 0.9.
    pub fn sgd() -> Self {
        Self::Sgd {
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0,
        }
    }

    /// AdamW with PyTorch's defaults.
    pub fn adam_w() -> Self {
        Self::AdamW {
            beta1: beta1(),
            beta2: beta2(),
            epsilon: epsilon(),
            weight_decay: decoupled_weight_decay(),
        }
    }

    /// RMSprop with PyTorch's defaults.
    pub fn rms_prop() -> Self {
        Self::RmsProp {
            alpha: alpha(),
            epsilon: epsilon(),
            momentum: 0.0,
            weight_decay: 0.0,
        }
    }

    /// The name a person knows it by.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Sgd { .. } => "SGD",
            Self::Adam { .. } => "Adam",
            Self::AdamW { .. } => "AdamW",
            Self::RmsProp { .. } => "RMSprop",
            Self::LogisticRegression { .. } => "Logistic regression",
        }
    }

    /// Whether it solves a phase at once, instead of step by step.
    pub fn is_solver(&self) -> bool {
        matches!(self, Self::LogisticRegression { .. })
    }
}

/// How the learning rate changes over a phase; advanced after every batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub enum Schedule {
    #[default]
    Constant,
    /// Multiplied by `factor` every `every_epochs` epochs (torch's StepLR).
    Step { every_epochs: u32, factor: f64 },
    /// Down a half cosine to `final_factor` of the rate (torch's CosineAnnealingLR).
    Cosine {
        #[serde(default)]
        final_factor: f64,
    },
    /// Up and down again along cosines: from rate / `start_divisor` to the rate over the first
    /// `rise` share of the steps, then to the starting rate / `final_divisor` (torch's
    /// OneCycleLR with cosine annealing in two phases).
    OneCycle {
        #[serde(default = "rise")]
        rise: f64,
        #[serde(default = "start_divisor")]
        start_divisor: f64,
        #[serde(default = "final_divisor")]
        final_divisor: f64,
    },
}

fn rise() -> f64 {
    0.3
}
fn start_divisor() -> f64 {
    25.0
}
fn final_divisor() -> f64 {
    1e4
}

impl Schedule {
    /// One-cycle with torch's defaults.
    pub fn one_cycle() -> Self {
        Self::OneCycle {
            rise: rise(),
            start_divisor: start_divisor(),
            final_divisor: final_divisor(),
        }
    }

    /// The name a person knows it by.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Constant => "Constant",
            Self::Step { .. } => "Step",
            Self::Cosine { .. } => "Cosine",
            Self::OneCycle { .. } => "One-cycle",
        }
    }
}

/// Each layer's share of the phase's learning rate. The head's is always 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub enum LayerRates {
    /// 1 for every layer.
    #[default]
    Uniform,
    /// From `lowest` at the first stage that learns to 1 at the last, in equal ratios (fastai's
    /// discriminative rates, `slice(rate * lowest, rate)`).
    ByDepth { lowest: f64 },
    /// A factor for every backbone layer.
    Backbone(f64),
    /// Factors by path; the longest path that holds a layer counts, others are 1.
    Custom(Vec<(String, f64)>),
}
