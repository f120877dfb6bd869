//! What holds for all phases of a training.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    pub batch_size: u32,
    /// Pictures that are computed at once, where a whole batch does not fit into memory: the gradients of a batch's
    /// parts are added up, so that a step is the same. Only a BatchNorm that learns sees the smaller part.
    pub micro_batch: Option<u32>,
    /// Share of the target that is spread over all classes, 0 to 0.5.
    pub label_smoothing: f64,
    pub class_weights: ClassWeights,
    /// Decides which epoch was best, for `keep: Best` and for early stopping.
    pub monitor: Monitor,
    pub keep: Keep,
    pub early_stopping: Option<EarlyStopping>,
    /// Decay per step of an exponential moving average of the weights, which is then what is
    /// validated, kept and tested; 0.9 to 0.9999.
    pub weight_averaging: Option<f64>,
    pub test_views: TestViews,
    pub precision: Precision,
    pub mixed_precision: MixedPrecision,
    /// On graphics cards, products in single precision may round their factors to TF32's 10 bits of mantissa.
    pub tf32: bool,
}

impl TrainingConfig {
    /// How many steps an epoch of so many pictures takes; the last may be of fewer.
    pub fn steps_per_epoch(&self, pictures: usize) -> usize {
        pictures.div_ceil(self.batch_size.max(1) as usize).max(1)
    }
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            batch_size: 32,
            micro_batch: None,
            label_smoothing: 0.0,
            class_weights: ClassWeights::Equal,
            monitor: Monitor::ValidationLoss,
            keep: Keep::Best,
            early_stopping: None,
            weight_averaging: None,
            test_views: TestViews::Single,
            precision: Precision::Auto,
            mixed_precision: MixedPrecision::Auto,
            tf32: true,
        }
    }
}

/// How much each class counts in the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub enum ClassWeights {
    #[default]
    Equal,
    /// Inverse to its number of training pictures (scikit-learn's `balanced`).
    Balanced,
    /// By class name; classes that are not named count 1.
    Custom(Vec<(String, f64)>),
}

/// A validation metric that can choose between epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Monitor {
    #[default]
    ValidationLoss,
    ValidationAccuracy,
    ValidationMacroF1,
}

/// Which weights a run ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Keep {
    /// Those of the epoch that the monitor liked best.
    #[default]
    Best,
    /// Those of the last epoch.
    Last,
}

/// Ends a phase when the monitor has not improved for some epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopping {
    /// Epochs without improvement before stopping; at least 1.
    pub patience: u32,
    /// A smaller change does not count as improvement.
    pub min_delta: f64,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self {
            patience: 5,
            min_delta: 0.0,
        }
    }
}

/// How validation and test pictures are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum TestViews {
    /// Once, as they are.
    #[default]
    Single,
    /// As they are and under every flip that the augmentation uses, probabilities averaged
    /// (test-time augmentation). For the test metrics and predictions only.
    Flips,
    /// As `Flips`, and turned by a quarter, a half and three quarters, where the augmentation turns pictures all round (a
    /// rotation of 180 degrees): up to eight views.
    FlipsAndTurns,
}

/// The numbers that layers compute with which no phase trains. What trains follows [`MixedPrecision`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Precision {
    /// `Bf16` where the processor has units for it (AMX), because heads that learn on such features are as accurate, but for
    /// networks that bf16 moves too far; else `Fp32`. On graphics cards 16 bits: bf16 since compute capability 8.0, fp16
    /// before. A run that goes on keeps what it began with.
    #[default]
    Auto,
    /// Single precision.
    Fp32,
    /// 8 bits of mantissa: half the memory, and two to three times as fast where the processor has instructions.
    Bf16,
}

/// How the layers of the backbone that train compute. Weights, gradients' sums, the head, validation and test are in single
/// precision in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum MixedPrecision {
    /// `Bf16` where the graphics card or the processor has units for it, else `Off`; fp16, with a loss scale, on graphics cards
    /// that have units for that alone.
    #[default]
    Auto,
    /// Single precision.
    Off,
    /// Factors of convolutions and matrix products are rounded to bf16 (`torch.autocast`): about twice as fast and half
    /// the memory where there are units for it, slower elsewhere.
    Bf16,
}
