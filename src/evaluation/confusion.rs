//! The confusion matrix.

use serde::{Deserialize, Serialize};

use super::{Predictions, Tally};

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

    /// A cell as a share of its row, its column or all pictures; the count itself where nothing is
    /// normalised. 0 where there are no pictures to divide by, as in scikit-learn.
    pub fn cell(&self, truth: usize, predicted: usize, by: Normalization) -> f64 {
        let count = self.counts[truth][predicted];
        match by {
            Normalization::Counts => count as f64,
            Normalization::Truth => ratio(count, self.truths(truth)),
            Normalization::Prediction => ratio(count, self.predictions(predicted)),
            Normalization::All => ratio(count, self.total()),
        }
    }

    /// Every cell as [`ConfusionMatrix::cell`] has it: scikit-learn's
    /// `confusion_matrix(normalize=…)`.
    pub fn normalized(&self, by: Normalization) -> Vec<Vec<f64>> {
        let (rows, columns, all): (Vec<u64>, Vec<u64>, u64) = (
            (0..self.classes.len())
                .map(|class| self.truths(class))
                .collect(),
            (0..self.classes.len())
                .map(|class| self.predictions(class))
                .collect(),
            self.total(),
        );
        let cell = |truth: usize, predicted: usize, count: u64| match by {
            Normalization::Counts => count as f64,
            Normalization::Truth => ratio(count, rows[truth]),
            Normalization::Prediction => ratio(count, columns[predicted]),
            Normalization::All => ratio(count, all),
        };
        self.counts
            .iter()
            .enumerate()
            .map(|(truth, row)| {
                row.iter()
                    .enumerate()
                    .map(|(predicted, &count)| cell(truth, predicted, count))
                    .collect()
            })
            .collect()
    }

    /// The cells beside the diagonal that hold most pictures, most first; of equals the one with the
    /// larger share of its class, then the earlier one. Cells without pictures are left out.
    pub fn top_confusions(&self, limit: usize) -> Vec<Confusion> {
        let mut confusions: Vec<Confusion> = Vec::new();
        for (truth, row) in self.counts.iter().enumerate() {
            let of_class = row.iter().sum();
            for (predicted, &count) in row.iter().enumerate() {
                if truth != predicted && count > 0 {
                    confusions.push(Confusion {
                        truth: truth as u32,
                        predicted: predicted as u32,
                        count,
                        share: ratio(count, of_class),
                    });
                }
            }
        }
        confusions.sort_by(|a, b| {
            b.count
                .cmp(&a.count)
                .then(b.share.total_cmp(&a.share))
                .then((a.truth, a.predicted).cmp(&(b.truth, b.predicted)))
        });
        confusions.truncate(limit);
        confusions
    }

    /// The classes in another order: `order` holds each index once.
    ///
    /// # Panics
    /// When an index is not one of a class: a programming error.
    pub fn reordered(&self, order: &[usize]) -> Self {
        Self {
            classes: order
                .iter()
                .map(|&class| self.classes[class].clone())
                .collect(),
            counts: order
                .iter()
                .map(|&truth| {
                    order
                        .iter()
                        .map(|&predicted| self.counts[truth][predicted])
                        .collect()
                })
                .collect(),
        }
    }

    /// scikit-learn's `f1_score(average="macro")`: the mean F1 of every class that occurs, as truth
    /// or as prediction.
    pub fn macro_f1(&self) -> f64 {
        Tally::from(self).macro_f1()
    }
}

/// What a cell is divided by; scikit-learn's `normalize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Normalization {
    #[default]
    Counts,
    /// By row: of the class's pictures, the share that went where (`"true"`). The diagonal is recall.
    Truth,
    /// By column: of what was taken for a class, the share that came from where (`"pred"`). The
    /// diagonal is precision.
    Prediction,
    /// By all pictures (`"all"`).
    All,
}

/// Pictures of one class that were taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    pub truth: u32,
    pub predicted: u32,
    pub count: u64,
    /// Of the class's pictures.
    pub share: f64,
}

/// A ratio that is 0 where it has no denominator, as in scikit-learn.
pub(super) fn ratio(numerator: u64, denominator: u64) -> f64 {
    if denominator == 0 {
        0.0
    } else {
        numerator as f64 / denominator as f64
    }
}
