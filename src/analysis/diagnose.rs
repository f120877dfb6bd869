//! What the curves of a stored run say.

use std::collections::HashMap;

use crate::data::Split;
use crate::runs::{RunError, RunState, StoredRun, members, store};
use crate::training::diagnosis::{self, Diagnosis, DiagnosisInput, Undecided};

/// How the message of a run begins whose loss stopped being a number
/// ([`crate::training::TrainingError::Diverged`]).
const DIVERGED: &str = "the loss became";

/// The diagnosis of a run, or why there is none yet.
///
/// # Errors
/// When the run's preset or split can't be read.
pub fn diagnose(run: &StoredRun) -> Result<Result<Diagnosis, Undecided>, RunError> {
    let experiment = store::experiment(&run.folder)?;
    let mut train: HashMap<String, usize> = HashMap::new();
    for member in members::read(&run.folder)? {
        if member.split == Split::Train {
            *train.entry(member.class).or_default() += 1;
        }
    }
    let total: usize = train.values().sum();
    let majority = train
        .values()
        .max()
        .map(|&most| most as f64 / total.max(1) as f64);
    let situation = DiagnosisInput {
        experiment: &experiment,
        classes: run.summary.classes.len(),
        majority,
        validation_pictures: run.summary.validation_pictures,
        is_over: run.summary.state != RunState::Running,
        has_diverged: matches!(&run.summary.state, RunState::Failed(reason) if reason.starts_with(DIVERGED)),
    };
    Ok(diagnosis::diagnose(&run.metrics, &situation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::TrainingError;

    #[test]
    fn a_divergence_is_known_by_its_message() {
        let error = TrainingError::Diverged {
            loss: f64::NAN,
            epoch: 2,
        };
        assert!(error.to_string().starts_with(DIVERGED));
    }
}
