//! What a trained network got right and wrong. Plain numbers.

pub mod confusion;
pub mod interval;
pub mod loss;
pub mod report;

#[cfg(test)]
mod golden;

use serde::{Deserialize, Serialize};

pub use confusion::ConfusionMatrix;
pub use interval::{Interval, wilson};
pub use loss::log_loss;
pub use report::{ClassReport, ClassificationReport};

/// A run's answers on one split.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Predictions {
    pub classes: Vec<String>,
    pub rows: Vec<Prediction>,
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
        let mut best = 0;
        for (index, probability) in self.probabilities.iter().enumerate() {
            if *probability > self.probabilities[best] {
                best = index;
            }
        }
        best as u32
    }
}
