//! What is out of range in an experiment.

use super::Experiment;

/// One field that can't be used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// `phases[1].learning_rate`, as in the preset.
    pub field: String,
    /// What it is and what is allowed: "is 3, allowed is 0 to 0.95".
    pub message: String,
}

pub(super) fn check(experiment: &Experiment) -> Vec<FieldProblem> {
    let _ = experiment;
    unimplemented!()
}
