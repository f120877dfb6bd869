//! Scores of probabilities: log loss, Brier score, top-k accuracy.

use super::decision::{temper, tempered};
use super::{Prediction, Predictions};

/// Mean cross-entropy per picture in nats, as scikit-learn's `log_loss` has it for single-precision
/// probabilities: each is first kept away from 0 and 1 by the precision of its kind. 0 without
/// pictures.
pub fn log_loss(predictions: &Predictions) -> f64 {
    log_loss_at(predictions, 1.0)
}

/// [`log_loss`] after dividing the logits by `temperature`.
pub fn log_loss_at(predictions: &Predictions, temperature: f64) -> f64 {
    mean(predictions, |row| row_loss(row, temperature))
}

/// scikit-learn's `brier_score_loss`: the mean squared distance of the probabilities from the truth,
/// summed over classes; for two classes half of that, 0 to 1. 0 without pictures.
pub fn brier_score(predictions: &Predictions) -> f64 {
    brier_score_at(predictions, 1.0)
}

/// [`brier_score`] after dividing the logits by `temperature`.
pub fn brier_score_at(predictions: &Predictions, temperature: f64) -> f64 {
    mean(predictions, |row| row_brier(row, temperature))
}

/// Pictures whose true class is among the `k` most probable; of equally probable classes the
/// first counts.
pub fn top_k_correct(predictions: &Predictions, k: usize) -> u64 {
    let is_in = |row: &&Prediction| row.rank_of_truth() < k;
    predictions.rows.iter().filter(is_in).count() as u64
}

/// What an answer costs that gives the true class this probability, in nats: the one place where a probability is kept
/// away from 0 and 1, so that a training's test loss, `graft evaluate` and the gallery say the same number. As
/// scikit-learn's `log_loss` does it for single precision, by its epsilon, 1.2e-7: a sure mistake costs 15.9.
pub fn cross_entropy(probability: f32) -> f64 {
    -f64::from(probability.clamp(f32::EPSILON, 1.0 - f32::EPSILON)).ln()
}

/// What one picture adds to the log loss, in nats.
pub(super) fn row_loss(row: &Prediction, temperature: f64) -> f64 {
    cross_entropy(tempered(&row.probabilities, row.truth as usize, temperature) as f32)
}

/// What one picture adds to the Brier score.
pub(super) fn row_brier(row: &Prediction, temperature: f64) -> f64 {
    let squares = |probabilities: &[f32]| -> f64 {
        let square = |class: usize| {
            let target = f64::from(u8::from(class == row.truth as usize));
            (f64::from(probabilities[class]) - target).powi(2)
        };
        match probabilities.len() {
            // Both classes have the same square but for rounding; scikit-learn takes the second's.
            2 => square(1),
            classes => (0..classes).map(square).sum(),
        }
    };
    if temperature == 1.0 {
        squares(&row.probabilities)
    } else {
        squares(&temper(&row.probabilities, temperature))
    }
}

/// By how much the most probable class is ahead of the next: small where it was a close call.
pub fn margin(probabilities: &[f32]) -> f32 {
    let (mut first, mut second) = (0.0, 0.0);
    for &probability in probabilities {
        if probability > first {
            (first, second) = (probability, first);
        } else if probability > second {
            second = probability;
        }
    }
    first - second
}

impl Prediction {
    /// The cross-entropy of this picture, in nats: how wrong the answer is.
    pub fn loss(&self) -> f64 {
        row_loss(self, 1.0)
    }

    /// The probability of the most probable class.
    pub fn confidence(&self) -> f32 {
        self.probabilities
            .get(self.predicted() as usize)
            .copied()
            .unwrap_or(0.0)
    }

    pub fn is_correct(&self) -> bool {
        self.predicted() == self.truth
    }

    /// How many classes are more probable than the true one; of equals the first goes before.
    pub fn rank_of_truth(&self) -> usize {
        let truth = self.truth as usize;
        let own = self.probabilities[truth];
        self.probabilities
            .iter()
            .enumerate()
            .filter(|&(class, &other)| other > own || other == own && class < truth)
            .count()
    }

    /// The `k` most probable classes with their probabilities, the most probable first.
    pub fn top(&self, k: usize) -> Vec<(u32, f32)> {
        let mut classes: Vec<(u32, f32)> = (0..).zip(self.probabilities.iter().copied()).collect();
        classes.sort_by(|a, b| b.1.total_cmp(&a.1));
        classes.truncate(k);
        classes
    }
}

fn mean(predictions: &Predictions, value: impl Fn(&Prediction) -> f64) -> f64 {
    if predictions.rows.is_empty() {
        return 0.0;
    }
    let sum: f64 = predictions.rows.iter().map(value).sum();
    sum / predictions.rows.len() as f64
}
