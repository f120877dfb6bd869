//! What runs are called where several of one name stand together.

use super::state::{RecordState, RunRecord, State};

/// A run's seed, where another of its name has another seed.
pub fn distinguishing_seed(run: &RunRecord, state: &State) -> Option<u64> {
    let seed = |run: &RunRecord| run.summary.as_ref().and_then(|summary| summary.seed);
    let own = seed(run)?;
    let is_twin = |other: &RunRecord| other.name == run.name && seed(other) != Some(own);
    let is_past = !run.is_live() && !matches!(run.state, RecordState::Failed(_));
    (is_past && state.runs.iter().any(is_twin)).then_some(own)
}

/// A run's name, with its seed where another of its name has another seed.
pub fn told_apart(run: &RunRecord, state: &State) -> String {
    match distinguishing_seed(run, state) {
        Some(seed) => format!("{}, seed {seed}", run.name),
        None => run.name.clone(),
    }
}
