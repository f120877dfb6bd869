//! Temperature scaling (Guo et al. 2017): one number that makes a network as sure as it should be.

use serde::{Deserialize, Serialize};

use super::Predictions;
use super::decision::log_probability;

/// Outside, a temperature says that there was nothing to fit it on.
const RANGE: (f64, f64) = (0.05, 20.0);
const STEPS: usize = 100;

/// A temperature fitted on pictures that were not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TemperatureFit {
    /// 1 changes nothing; above 1 the network was too sure of itself.
    pub temperature: f64,
    /// On the pictures that it was fitted on, in nats per picture, at 1 and at the temperature.
    pub log_loss_before: f64,
    pub log_loss_after: f64,
    /// Whether the loss still fell at the end of the range, 0.05 to 20: too few pictures, or none
    /// wrong.
    pub is_at_bound: bool,
    /// Pictures that it was fitted on.
    pub pictures: u64,
}

impl TemperatureFit {
    /// The temperature that gives validation pictures the lowest mean log loss. `None` without
    /// pictures.
    ///
    /// In the inverse temperature the loss is convex, so the root of its derivative is found by
    /// Newton's steps within a bracket.
    pub fn new(validation: &Predictions) -> Option<Self> {
        if validation.rows.is_empty() {
            return None;
        }
        let pictures: Vec<(Vec<f64>, usize)> = validation
            .rows
            .iter()
            .map(|row| {
                let logs = row.probabilities.iter().map(|&p| log_probability(p));
                (logs.collect(), row.truth as usize)
            })
            .collect();
        let (mut low, mut high) = (1.0 / RANGE.1, 1.0 / RANGE.0);
        let before = Loss::at(&pictures, 1.0);
        let is_at_bound = if Loss::at(&pictures, low).slope >= 0.0 {
            high = low;
            true
        } else if Loss::at(&pictures, high).slope <= 0.0 {
            low = high;
            true
        } else {
            false
        };
        let mut inverse = 1.0_f64.clamp(low, high);
        for _ in 0..STEPS {
            if is_at_bound {
                break;
            }
            let loss = Loss::at(&pictures, inverse);
            if loss.slope > 0.0 {
                high = inverse;
            } else {
                low = inverse;
            }
            let newton = inverse - loss.slope / loss.curvature;
            let next = if newton > low && newton < high {
                newton
            } else {
                f64::midpoint(low, high)
            };
            let moved = (next - inverse).abs();
            inverse = next;
            if moved <= 1e-12 * inverse {
                break;
            }
        }
        Some(Self {
            temperature: 1.0 / inverse,
            log_loss_before: before.mean,
            log_loss_after: Loss::at(&pictures, inverse).mean,
            is_at_bound,
            pictures: pictures.len() as u64,
        })
    }
}

/// The mean log loss of logits times an inverse temperature, with its first two derivatives in it.
struct Loss {
    mean: f64,
    slope: f64,
    curvature: f64,
}

impl Loss {
    fn at(pictures: &[(Vec<f64>, usize)], inverse: f64) -> Self {
        let mut sums = Self {
            mean: 0.0,
            slope: 0.0,
            curvature: 0.0,
        };
        for (logs, truth) in pictures {
            let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (mut weight, mut first, mut second) = (0.0, 0.0, 0.0);
            for &log in logs {
                // Measured from the largest, so that nothing overflows.
                let log = log - most;
                let power = (inverse * log).exp();
                weight += power;
                first += power * log;
                second += power * log * log;
            }
            let (expected, own) = (first / weight, logs[*truth] - most);
            sums.mean += weight.ln() - inverse * own;
            sums.slope += expected - own;
            sums.curvature += second / weight - expected * expected;
        }
        let count = pictures.len() as f64;
        Self {
            mean: sums.mean / count,
            slope: sums.slope / count,
            curvature: sums.curvature / count,
        }
    }
}
