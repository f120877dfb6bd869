//! What a trained network got right and wrong. Plain numbers.
//!
//! ```text
//! Predictions --Decision--> answers --> confusion matrix, report, accuracy, kappa, …
//!      |                                                    (temperature, threshold, rejection)
//!      +--> log loss, Brier, top-k, ROC and precision-recall curves, reliability
//!      +--> two of them: paired comparison --> verdict
//! ```

pub mod bootstrap;
pub(crate) mod by_group;
pub mod calibration;
pub mod confusion;
pub mod decision;
pub mod gallery;
pub mod groups;
pub mod interval;
pub mod label_errors;
pub mod learning_curve;
pub mod loss;
pub mod neighbours;
pub mod novelty;
pub mod order;
pub mod paired;
pub mod pooled;
pub mod ranking;
pub mod rejection;
pub mod report;
mod resampled;
pub mod seeds;
pub mod summary;
pub mod tally;
pub mod temperature;
pub mod threshold;
pub mod verdict;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod property_tests;

use serde::{Deserialize, Serialize};

pub use calibration::{CalibrationScores, Reliability, ReliabilityBin};
pub use confusion::{Confusion, ConfusionMatrix, Normalization};
pub use decision::{Answer, Decision, Threshold, temper};
pub use groups::Groups;
pub use interval::{Interval, IntervalMethod, Score, all_right, wilson};
pub use learning_curve::{CurveScore, CurveVerdict, LearningCurve};
pub use loss::{brier_score, cross_entropy, log_loss, margin, top_k_correct};
pub use order::ClassOrder;
pub use paired::{PairedComparison, PairedTest, UnpairedError};
pub use pooled::PooledScores;
pub use ranking::{ClassRanking, PrecisionRecallCurve, Ranking, RocCurve};
pub use rejection::{ConfidenceCounts, RejectionCurve, RejectionScores};
pub use report::{ClassReport, ClassificationReport};
pub use seeds::{SeedComparison, Spread};
pub use summary::{AnswerScores, Evaluation, GroupScores, ProbabilityScores, TopK};
pub use tally::Tally;
pub use temperature::TemperatureFit;
pub use threshold::{ThresholdCurve, ThresholdGoal, ThresholdScores};
pub use verdict::{Better, Verdict};

/// A run's answers on one split.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Predictions {
    pub classes: Vec<String>,
    pub rows: Vec<Prediction>,
    /// Which of the pictures belong together. Intervals and tests count by them.
    #[serde(skip)]
    pub groups: Groups,
}

impl Predictions {
    /// The accuracy of the most probable classes with its interval: of groups where pictures have any, else Wilson's.
    pub fn accuracy(&self) -> Score {
        by_group::accuracy(self)
    }

    /// Whether any of these pictures has a group.
    pub fn has_groups(&self) -> bool {
        let mut files = self.rows.iter().map(|row| row.file.as_str());
        files.any(|file| self.groups.of(file).is_some())
    }
}

/// Which of two classes counts as positive, by their pictures: the rarer one, as what is looked for usually is; of equal
/// ones the second, as scikit-learn has it.
pub fn positive_class<N: PartialOrd>(first: N, second: N) -> usize {
    usize::from(first >= second)
}

/// The answer on one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The picture's name in its data set.
    pub file: String,
    pub truth: u32,
    /// One per class, sum 1.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// The most probable class; the first of several.
    pub fn predicted(&self) -> u32 {
        decision::most_probable(&self.probabilities)
    }
}
