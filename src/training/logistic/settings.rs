//! When logistic regression ends, and what is told of it on the way.

use crate::training::error::TrainingError;

/// When a solution is good enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The largest entry of the gradient of the mean loss, penalty included, with respect to weights of standardised
    /// features (scikit-learn's `tol`).
    pub tolerance: f64,
    /// For each strength of the penalty.
    pub most_iterations: u32,
}

impl Default for Settings {
    /// A hundredth of scikit-learn’s tolerance, ten times its iterations.
    fn default() -> Self {
        Self {
            tolerance: 1e-6,
            most_iterations: 1000,
        }
    }
}

/// How far a solution is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Iteration {
    /// The strength that is tried, counted from 1, the last being the fit on all rows.
    pub step: usize,
    /// How many there are at most.
    pub steps: usize,
    /// Of this step, 0 before the first is done.
    pub iteration: u32,
    /// Mean loss and penalty, of the first of the solutions that are sought at once; no number before the first iteration.
    pub objective: f64,
    /// The largest entry of its gradient.
    pub gradient: f64,
}

/// Told of every iteration; an error ends the work.
pub type Watch<'w> = dyn FnMut(&Iteration) -> Result<(), TrainingError> + 'w;
