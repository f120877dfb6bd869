//! Logistic regression with one strength of the penalty.

use super::classifier::LinearClassifier;
use super::problem::{Problem, answers, solve};
use super::rows::{Prepared, Rows};
use super::settings::{Iteration, Settings, Watch};
use crate::training::error::TrainingError;

/// A logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    pub classifier: LinearClassifier,
    /// The inverse of the penalty's strength, as scikit-learn has it.
    pub c: f64,
    /// The weighted mean loss of the rows.
    pub loss: f64,
    /// With the penalty: what was minimised, divided by the sum of the rows' weights.
    pub objective: f64,
    pub iterations: u32,
    pub converged: bool,
}

/// The logistic regression of `rows` with this `c`.
///
/// # Errors
/// [`TrainingError::Experiment`] where the rows don't hold two classes or are no numbers; those of `watch`, and libtorch's own.
pub fn fit(
    rows: &Rows<'_>,
    c: f64,
    settings: &Settings,
    watch: &mut Watch<'_>,
) -> Result<Solved, TrainingError> {
    let prepared = Prepared::new(rows, &vec![0; rows.labels.len()], 1)?;
    let about = Iteration {
        step: 1,
        steps: 1,
        iteration: 0,
        objective: f64::NAN,
        gradient: f64::NAN,
    };
    solve_whole(
        &prepared,
        Problem::new(&prepared, &[]),
        c,
        settings,
        watch,
        about,
    )
}

/// Solves `problem`, which leaves nothing out.
pub(super) fn solve_whole(
    prepared: &Prepared,
    problem: Problem,
    c: f64,
    settings: &Settings,
    watch: &mut Watch<'_>,
    about: Iteration,
) -> Result<Solved, TrainingError> {
    if !(c.is_finite() && c > 0.0) {
        return Err(TrainingError::Experiment(format!(
            "the strength C of a logistic regression must be a number above 0, not {c}"
        )));
    }
    let mut problems = [problem];
    solve(prepared, &mut problems, c, settings, watch, about)?;
    let [problem] = problems;
    let answers = answers(prepared, &[&problem])?;
    let loss = answers.loss(prepared, 0, |_| true)?;
    Ok(Solved {
        classifier: problem.classifier(prepared),
        c,
        loss: loss.mean(),
        objective: problem.end.objective,
        iterations: problem.end.iterations,
        converged: problem.end.converged,
    })
}
