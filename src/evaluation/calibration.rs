//! Whether pictures of which a network is 80 % sure are right in 80 % of cases.

use serde::{Deserialize, Serialize};

use super::decision::tempered;
use super::loss::{brier_score_at, log_loss_at};
use super::{Interval, Predictions, wilson};

/// Bins of equal width, as in Guo et al. (2017).
pub const BINS: usize = 15;

/// A reliability diagram of the most probable class's confidence (Guo et al. 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    pub bins: Vec<ReliabilityBin>,
    /// The mean distance of accuracy and confidence over bins, weighted by their pictures.
    pub expected_error: f64,
    /// The largest distance of any bin that has pictures.
    pub maximum_error: f64,
    /// Mean confidence over all pictures; above the accuracy, the network is too sure of itself.
    pub mean_confidence: f64,
    pub accuracy: f64,
}

/// Pictures whose confidence is above `low` and at most `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    pub low: f64,
    pub high: f64,
    pub count: u64,
    pub correct: u64,
    /// Mean confidence; 0 without pictures.
    pub confidence: f64,
    /// Share that is right; 0 without pictures.
    pub accuracy: f64,
    /// Wilson's 95 % interval of the accuracy.
    pub interval: Interval,
}

impl Reliability {
    /// In `bins` of equal width over confidences at `temperature`.
    pub fn new(predictions: &Predictions, temperature: f64, bins: usize) -> Self {
        let pairs = predictions.rows.iter().map(|row| {
            let class = row.predicted();
            let confidence = tempered(&row.probabilities, class as usize, temperature);
            (confidence, class == row.truth)
        });
        Self::from_pairs(pairs, bins)
    }

    /// From pairs of a confidence, 0 to 1, and whether the answer was right.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (f64, bool)>, bins: usize) -> Self {
        let bins = bins.max(1);
        let edge = |place: usize| place as f64 / bins as f64;
        let edges: Vec<f64> = (1..bins).map(edge).collect();
        let mut sums = vec![(0u64, 0u64, 0.0); bins];
        for (confidence, is_right) in pairs {
            let bin = &mut sums[edges.partition_point(|&edge| edge < confidence)];
            bin.0 += 1;
            bin.1 += u64::from(is_right);
            bin.2 += confidence;
        }
        let total: u64 = sums.iter().map(|bin| bin.0).sum();
        let mut found = Self {
            bins: Vec::with_capacity(bins),
            expected_error: 0.0,
            maximum_error: 0.0,
            mean_confidence: 0.0,
            accuracy: 0.0,
        };
        for (place, (count, correct, sum)) in sums.into_iter().enumerate() {
            let mean = |value: f64| {
                if count == 0 {
                    0.0
                } else {
                    value / count as f64
                }
            };
            let bin = ReliabilityBin {
                low: edge(place),
                high: edge(place + 1),
                count,
                correct,
                confidence: mean(sum),
                accuracy: mean(correct as f64),
                interval: wilson(correct, count),
            };
            if count > 0 {
                let distance = (bin.accuracy - bin.confidence).abs();
                found.expected_error += distance * count as f64 / total as f64;
                found.maximum_error = found.maximum_error.max(distance);
                found.mean_confidence += sum / total as f64;
                found.accuracy += correct as f64 / total as f64;
            }
            found.bins.push(bin);
        }
        found
    }
}

/// What a temperature does to the same answers. None of it changes which class is most probable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationScores {
    pub temperature: f64,
    /// In nats per picture.
    pub log_loss: f64,
    pub brier_score: f64,
    pub expected_error: f64,
    pub maximum_error: f64,
    pub mean_confidence: f64,
}

impl CalibrationScores {
    /// With [`BINS`] bins.
    pub fn new(predictions: &Predictions, temperature: f64) -> Self {
        let reliability = Reliability::new(predictions, temperature, BINS);
        Self {
            temperature,
            log_loss: log_loss_at(predictions, temperature),
            brier_score: brier_score_at(predictions, temperature),
            expected_error: reliability.expected_error,
            maximum_error: reliability.maximum_error,
            mean_confidence: reliability.mean_confidence,
        }
    }
}
