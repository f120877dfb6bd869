//! The confusion matrix.

use serde::{Deserialize, Serialize};

use super::Predictions;

/// `counts[truth][predicted]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    pub classes: Vec<String>,
    pub counts: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    /// Counts a run's answers.
    pub fn new(predictions: &Predictions) -> Self {
        let pairs = predictions
            .rows
            .iter()
            .map(|row| (row.truth, row.predicted()));
        Self::from_pairs(predictions.classes.clone(), pairs)
    }

    /// Counts pairs of true and predicted class, as indices into `classes`.
    ///
    /// # Panics
    /// When an index is not one of a class: a programming error.
    pub fn from_pairs(classes: Vec<String>, pairs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for (truth, predicted) in pairs {
            counts[truth as usize][predicted as usize] += 1;
        }
        Self { classes, counts }
    }

    /// All pictures.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Pictures on the diagonal.
    pub fn correct(&self) -> u64 {
        (0..self.classes.len())
            .map(|class| self.counts[class][class])
            .sum()
    }

    /// Share of pictures on the diagonal; 0 without pictures.
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.total())
    }

    /// Pictures that are of `class`.
    pub fn truths(&self, class: usize) -> u64 {
        self.counts[class].iter().sum()
    }

    /// Pictures that were taken for `class`.
    pub fn predictions(&self, class: usize) -> u64 {
        self.counts.iter().map(|row| row[class]).sum()
    }

    /// Share of the pictures of class `truth` that were taken for `predicted`; 0 where there are none.
    pub fn row_share(&self, truth: usize, predicted: usize) -> f64 {
        ratio(self.counts[truth][predicted], self.truths(truth))
    }

    /// scikit-learn's `f1_score(average="macro")`: the mean F1 of every class that occurs, as truth
    /// or as prediction.
    pub fn macro_f1(&self) -> f64 {
        super::ClassificationReport::new(self).macro_average.f1
    }
}

/// A ratio that is 0 where it has no denominator, as in scikit-learn.
pub(super) fn ratio(numerator: u64, denominator: u64) -> f64 {
    if denominator == 0 {
        0.0
    } else {
        numerator as f64 / denominator as f64
    }
}
