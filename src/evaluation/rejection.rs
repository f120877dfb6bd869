//! Leaving unsure pictures to a person: coverage against accuracy.

use serde::{Deserialize, Serialize};

use super::{Decision, Predictions, Score};

/// What remains when answers less sure than a confidence are withheld.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RejectionScores {
    /// Answers less sure than this are withheld.
    pub reject_below: f64,
    pub kept: u64,
    /// Share of the pictures that get an answer.
    pub coverage: f64,
    /// Of the answers that are given.
    pub accuracy: Score,
    /// Wrong answers that were given, and that were withheld.
    pub errors_kept: u64,
    pub errors_rejected: u64,
}

/// Every confidence of one set of pictures, sorted once, so that moving the limit costs a search.
#[derive(Debug, Clone, PartialEq)]
pub struct RejectionCurve {
    /// Rising.
    confidences: Vec<f64>,
    /// How many of the pictures from each place on are right; one more than there are pictures.
    correct_from: Vec<u64>,
}

impl RejectionCurve {
    /// For the answers of `decision`, whose own limit is passed over.
    pub fn new(predictions: &Predictions, decision: &Decision) -> Self {
        let mut answers: Vec<(f64, bool)> = predictions
            .rows
            .iter()
            .map(|row| {
                let answer = decision.answer(&row.probabilities);
                (answer.confidence, answer.class == row.truth)
            })
            .collect();
        answers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut correct_from = vec![0; answers.len() + 1];
        for (place, &(_, is_right)) in answers.iter().enumerate().rev() {
            correct_from[place] = correct_from[place + 1] + u64::from(is_right);
        }
        Self {
            confidences: answers.into_iter().map(|answer| answer.0).collect(),
            correct_from,
        }
    }

    /// What remains above this limit.
    pub fn at(&self, reject_below: f64) -> RejectionScores {
        let rejected = self.confidences.partition_point(|&c| c < reject_below);
        self.scores_at(rejected, reject_below)
    }

    /// What remains when the least sure pictures are withheld until `coverage`, 0 to 1, is left;
    /// pictures of equal confidence go together. `None` without pictures.
    pub fn at_coverage(&self, coverage: f64) -> Option<RejectionScores> {
        let total = self.confidences.len();
        let rejected = ((1.0 - coverage.clamp(0.0, 1.0)) * total as f64).floor() as usize;
        let limit = self.confidences.get(rejected.min(total.checked_sub(1)?))?;
        Some(self.at(*limit))
    }

    /// The lowest limit from which on at least `accuracy` of the answers given are right. `None`
    /// where no limit reaches it.
    pub fn for_accuracy(&self, accuracy: f64) -> Option<RejectionScores> {
        (0..self.confidences.len())
            // Pictures of equal confidence go together.
            .filter(|&place| place == 0 || self.confidences[place] > self.confidences[place - 1])
            .find(|&place| {
                let kept = (self.confidences.len() - place) as f64;
                self.correct_from[place] as f64 >= accuracy * kept
            })
            .map(|place| {
                let limit = if place == 0 {
                    0.0
                } else {
                    self.confidences[place]
                };
                self.scores_at(place, limit)
            })
    }

    /// The curve for drawing: at most `points` limits, evenly spaced over the pictures, coverage
    /// falling from 1.
    pub fn points(&self, points: usize) -> Vec<RejectionScores> {
        let total = self.confidences.len();
        let mut found: Vec<RejectionScores> = Vec::new();
        for point in 0..points.min(total) {
            let place = point * total / points.min(total);
            let scores = self.at(if place == 0 {
                0.0
            } else {
                self.confidences[place]
            });
            if found.last().is_none_or(|last| last.kept != scores.kept) {
                found.push(scores);
            }
        }
        found
    }

    fn scores_at(&self, rejected: usize, reject_below: f64) -> RejectionScores {
        let total = self.confidences.len() as u64;
        let kept = total - rejected as u64;
        let correct = self.correct_from[rejected];
        RejectionScores {
            reject_below,
            kept,
            coverage: super::confusion::ratio(kept, total),
            accuracy: Score::share(correct, kept),
            errors_kept: kept - correct,
            errors_rejected: rejected as u64 - (self.correct_from[0] - correct),
        }
    }
}

/// How sure a network was, and how that went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceCounts {
    pub pictures: u64,
    pub correct: u64,
    /// More than 90 % sure.
    pub over_90: u64,
    /// Of these, the right ones.
    pub over_90_correct: u64,
    /// Less than 60 % sure.
    pub under_60: u64,
    pub under_60_correct: u64,
    /// Mean confidence of the right and of the wrong answers; 0 where there are none.
    pub mean_when_correct: f64,
    pub mean_when_wrong: f64,
}

impl ConfidenceCounts {
    /// Of the answers that `decision` gives; withheld ones count too.
    pub fn new(predictions: &Predictions, decision: &Decision) -> Self {
        let mut counts = Self {
            pictures: 0,
            correct: 0,
            over_90: 0,
            over_90_correct: 0,
            under_60: 0,
            under_60_correct: 0,
            mean_when_correct: 0.0,
            mean_when_wrong: 0.0,
        };
        let mut sums = [0.0; 2];
        for row in &predictions.rows {
            let answer = decision.answer(&row.probabilities);
            let is_right = answer.class == row.truth;
            let one = u64::from(is_right);
            counts.pictures += 1;
            counts.correct += one;
            sums[usize::from(is_right)] += answer.confidence;
            if answer.confidence > 0.9 {
                counts.over_90 += 1;
                counts.over_90_correct += one;
            } else if answer.confidence < 0.6 {
                counts.under_60 += 1;
                counts.under_60_correct += one;
            }
        }
        let mean = |sum: f64, count: u64| if count == 0 { 0.0 } else { sum / count as f64 };
        counts.mean_when_correct = mean(sums[1], counts.correct);
        counts.mean_when_wrong = mean(sums[0], counts.pictures - counts.correct);
        counts
    }
}
