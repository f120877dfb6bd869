//! Two classes and a threshold: what each threshold gives, at once.

use serde::{Deserialize, Serialize};

use super::confusion::ratio;
use super::decision::tempered;
use super::{Predictions, Score};

/// What is taken for the positive class at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ThresholdScores {
    /// A picture is taken for the positive class from this probability on.
    pub threshold: f64,
    pub true_positives: u64,
    pub false_positives: u64,
    pub true_negatives: u64,
    pub false_negatives: u64,
}

/// What the best threshold is best at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ThresholdGoal {
    /// F1 of the positive class.
    #[default]
    F1,
    /// Youden's J (1950): recall plus specificity less 1.
    Youden,
    Accuracy,
}

/// Every threshold of one set of pictures, sorted once, so that moving it costs a search.
///
/// A threshold is chosen on validation pictures and then held on the test pictures: chosen on the
/// pictures that it is judged by, it looks better than it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdCurve {
    /// Rising distinct probabilities.
    probabilities: Vec<f64>,
    /// For each: pictures of the positive class, and others, with this probability or more.
    above: Vec<(u64, u64)>,
    positives: u64,
    negatives: u64,
}

impl ThresholdCurve {
    /// For class `positive` of two, at `temperature`. `None` unless there are two classes.
    pub fn new(predictions: &Predictions, positive: u32, temperature: f64) -> Option<Self> {
        if predictions.classes.len() != 2 || positive > 1 {
            return None;
        }
        let mut pictures: Vec<(f64, bool)> = predictions
            .rows
            .iter()
            .map(|row| {
                let probability = tempered(&row.probabilities, positive as usize, temperature);
                (probability, row.truth == positive)
            })
            .collect();
        pictures.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut curve = Self {
            probabilities: Vec::new(),
            above: Vec::new(),
            positives: 0,
            negatives: 0,
        };
        for (index, &(probability, is_positive)) in pictures.iter().enumerate() {
            curve.positives += u64::from(is_positive);
            curve.negatives += u64::from(!is_positive);
            let next = pictures.get(index + 1).map(|next| next.0);
            if next != Some(probability) {
                curve.probabilities.push(probability);
                curve.above.push((curve.positives, curve.negatives));
            }
        }
        curve.probabilities.reverse();
        curve.above.reverse();
        Some(curve)
    }

    /// What this threshold gives.
    pub fn at(&self, threshold: f64) -> ThresholdScores {
        let place = self.probabilities.partition_point(|&p| p < threshold);
        let (true_positives, false_positives) = self.above.get(place).copied().unwrap_or_default();
        ThresholdScores {
            threshold,
            true_positives,
            false_positives,
            true_negatives: self.negatives - false_positives,
            false_negatives: self.positives - true_positives,
        }
    }

    /// The threshold that is best at `goal`, half-way between the two probabilities that it parts;
    /// of equals the one nearest to 0.5. `None` without pictures of both classes.
    pub fn best(&self, goal: ThresholdGoal) -> Option<ThresholdScores> {
        if self.positives == 0 || self.negatives == 0 {
            return None;
        }
        let middles = self.probabilities.windows(2).map(|pair| {
            // Rounding must not put the middle on the lower of two neighbours.
            let middle = f64::midpoint(pair[0], pair[1]);
            if middle > pair[0] { middle } else { pair[1] }
        });
        let first = self.probabilities.first().copied();
        let mut best: Option<(f64, ThresholdScores)> = None;
        for threshold in first.into_iter().chain(middles) {
            let scores = self.at(threshold);
            let value = scores.value(goal);
            let is_better = best.is_none_or(|(highest, chosen)| {
                value > highest
                    || value == highest && (threshold - 0.5).abs() < (chosen.threshold - 0.5).abs()
            });
            if is_better {
                best = Some((value, scores));
            }
        }
        best.map(|(_, scores)| scores)
    }
}

impl ThresholdScores {
    /// Recall, sensitivity, true positive rate: of the positive pictures, the share found.
    pub fn recall(&self) -> Score {
        Score::share(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    /// Of what was taken for positive, the share that is.
    pub fn precision(&self) -> Score {
        Score::share(
            self.true_positives,
            self.true_positives + self.false_positives,
        )
    }

    /// True negative rate: of the negative pictures, the share left alone.
    pub fn specificity(&self) -> Score {
        Score::share(
            self.true_negatives,
            self.true_negatives + self.false_positives,
        )
    }

    pub fn accuracy(&self) -> Score {
        let right = self.true_positives + self.true_negatives;
        Score::share(right, right + self.false_positives + self.false_negatives)
    }

    pub fn f1(&self) -> f64 {
        let twice = 2 * self.true_positives;
        ratio(twice, twice + self.false_positives + self.false_negatives)
    }

    /// Recall plus specificity less 1: 0 for chance, 1 for no error.
    pub fn youden(&self) -> f64 {
        self.recall().value + self.specificity().value - 1.0
    }

    pub fn value(&self, goal: ThresholdGoal) -> f64 {
        match goal {
            ThresholdGoal::F1 => self.f1(),
            ThresholdGoal::Youden => self.youden(),
            ThresholdGoal::Accuracy => self.accuracy().value,
        }
    }
}
