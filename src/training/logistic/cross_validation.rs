//! The strength of the penalty, chosen on folds.

use super::fit::{Solved, solve_whole};
use super::problem::{LossSum, Problem, answers, solve};
use super::rows::{Prepared, Rows};
use super::settings::{Iteration, Settings, Watch};
use crate::training::error::TrainingError;

/// The values of C that are tried, as scikit-learn's `LogisticRegressionCV` does: ten from 1e-4 to 1e4, in equal ratios. From
/// the strongest penalty on, each solution begins at the one before; the rest is left out once two in a row were worse.
pub const GRID: [f64; 10] = [
    1e-4,
    7.742636826811278e-4,
    5.994842503189409e-3,
    4.641588833612782e-2,
    3.593813663804626e-1,
    2.782559402207126,
    2.1544346900318846e1,
    1.6681005372000592e2,
    1.2915496650148853e3,
    1e4,
];

/// Solutions that are compared need not be closer than scikit-learn's own.
const PATH_TOLERANCE: f64 = 1e-4;

/// Worse in a row, before what is weaker is not tried any more.
const PATIENCE: usize = 2;

/// A logistic regression, and what it is worth on rows that it has not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidated {
    /// Of every row, by a regression on the other folds, whose C was chosen without that row's fold: `[rows, classes]`.
    pub probabilities: Vec<f32>,
    /// The C of each fold's regression.
    pub fold_c: Vec<f64>,
    /// On all rows, with its C chosen on all folds.
    pub solved: Solved,
    /// For each C that was tried, the mean loss of rows that were left out.
    pub scores: Vec<(f64, f64)>,
    /// Whether everything that came of it did, on all rows and without each fold.
    pub converged: bool,
}

/// The logistic regression of `rows`, with the C of [`GRID`] that gives the least loss on rows left out, fold by fold. `folds`: the
/// fold of each row, two or more in all.
///
/// # Errors
/// Those of [`super::fit()`], and [`TrainingError::Experiment`] with fewer folds.
pub fn fit_on_folds(
    rows: &Rows<'_>,
    folds: &[usize],
    settings: &Settings,
    watch: &mut Watch<'_>,
) -> Result<Solved, TrainingError> {
    let (prepared, count) = prepare(rows, folds, 2)?;
    let mut problems: Vec<Problem> = (0..count)
        .map(|fold| Problem::new(&prepared, &[fold]))
        .collect();
    let on_path = on_path(settings);
    let mut choice = Choice::default();
    for (step, c) in GRID.into_iter().enumerate() {
        solve(&prepared, &mut problems, c, &on_path, watch, about(step))?;
        let mut score = LossSum::default();
        for (fold, problem) in problems.iter().enumerate() {
            let answers = answers(&prepared, &[problem])?;
            score.add(answers.loss(&prepared, 0, |row| folds[row] == fold)?);
        }
        choice.offer(step, score.mean());
        if choice.is_settled(step) {
            break;
        }
    }
    finish(&prepared, &problems, choice.c(), settings, watch)
}

/// [`fit_on_folds`], with the answers on every row of a regression that has not seen it, and whose C was chosen without it. `folds`:
/// three or more in all.
///
/// The C of a fold's regression is chosen on the other folds, one of them left out in turn. A regression without two folds serves
/// both of them.
///
/// # Errors
/// Those of [`super::fit()`], and [`TrainingError::Experiment`] with fewer folds.
pub fn cross_validated(
    rows: &Rows<'_>,
    folds: &[usize],
    settings: &Settings,
    watch: &mut Watch<'_>,
) -> Result<CrossValidated, TrainingError> {
    let (prepared, count) = prepare(rows, folds, 3)?;
    let alone = (0..count).map(|fold| vec![fold]);
    let pairs =
        (0..count).flat_map(|first| (first + 1..count).map(move |second| vec![first, second]));
    let left_out: Vec<Vec<usize>> = alone.chain(pairs).collect();
    let mut problems: Vec<Problem> = left_out
        .iter()
        .map(|folds| Problem::new(&prepared, folds))
        .collect();

    let on_path = on_path(settings);
    let mut choice = Choice::default();
    let mut fold_choices: Vec<Choice> = (0..count).map(|_| Choice::default()).collect();
    let mut fold_converged = vec![false; count];
    let mut probabilities = vec![0f32; prepared.rows * prepared.classes];
    let mut scores = Vec::new();
    for (step, c) in GRID.into_iter().enumerate() {
        solve(&prepared, &mut problems, c, &on_path, watch, about(step))?;
        let mut score = LossSum::default();
        let mut fold_scores = vec![LossSum::default(); count];
        let mut own = Vec::new();
        for (problem, left_out) in problems.iter().zip(&left_out) {
            let answers = answers(&prepared, &[problem])?;
            let loss = |fold| answers.loss(&prepared, 0, |row| folds[row] == fold);
            match left_out.as_slice() {
                [fold] => score.add(loss(*fold)?),
                [first, second] => {
                    fold_scores[*first].add(loss(*second)?);
                    fold_scores[*second].add(loss(*first)?);
                }
                _ => {}
            }
            if left_out.len() == 1 {
                own.push(answers);
            }
        }
        choice.offer(step, score.mean());
        scores.push((c, score.mean()));
        for (fold, choice) in fold_choices.iter_mut().enumerate() {
            if choice.offer(step, fold_scores[fold].mean()) {
                fold_converged[fold] = problems[fold].end.converged;
                let wanted = |row: usize| folds[row] == fold;
                own[fold].put(&prepared, 0, &mut probabilities, wanted)?;
            }
        }
        if choice.is_settled(step) && fold_choices.iter().all(|choice| choice.is_settled(step)) {
            break;
        }
    }
    let solved = finish(&prepared, &problems[..count], choice.c(), settings, watch)?;
    Ok(CrossValidated {
        probabilities,
        fold_c: fold_choices.iter().map(Choice::c).collect(),
        converged: solved.converged && fold_converged.iter().all(|converged| *converged),
        solved,
        scores,
    })
}

/// The best of the strengths that were tried, the strongest penalty first.
#[derive(Debug, Default)]
struct Choice {
    best: Option<(usize, f64)>,
}

impl Choice {
    /// Gives whether it is the best so far. What is no number never is, unless nothing else is there.
    fn offer(&mut self, step: usize, loss: f64) -> bool {
        let is_better = self
            .best
            .is_none_or(|(_, best)| loss < best || (best.is_nan() && !loss.is_nan()));
        if is_better {
            self.best = Some((step, loss));
        }
        is_better
    }

    fn is_settled(&self, step: usize) -> bool {
        self.best.is_some_and(|(best, _)| step - best >= PATIENCE)
    }

    fn c(&self) -> f64 {
        GRID[self.best.map_or(0, |(step, _)| step)]
    }
}

fn prepare(
    rows: &Rows<'_>,
    folds: &[usize],
    least: usize,
) -> Result<(Prepared, usize), TrainingError> {
    let count = folds.iter().max().map_or(0, |fold| fold + 1);
    let mut used = vec![false; count];
    folds.iter().for_each(|&fold| used[fold] = true);
    if used.iter().filter(|used| **used).count() < least {
        return Err(TrainingError::Experiment(format!(
            "the strength of a logistic regression’s penalty can’t be chosen on so few rows: their folds must be {least} or more"
        )));
    }
    Ok((Prepared::new(rows, folds, count)?, count))
}

fn on_path(settings: &Settings) -> Settings {
    Settings {
        tolerance: settings.tolerance.max(PATH_TOLERANCE),
        ..settings.clone()
    }
}

/// What [`Watch`] is told at a step of [`GRID`].
fn about(step: usize) -> Iteration {
    Iteration {
        step: step + 1,
        steps: GRID.len() + 1,
        iteration: 0,
        objective: f64::NAN,
        gradient: f64::NAN,
    }
}

/// The regression on all rows, from the middle of those without a fold.
fn finish(
    prepared: &Prepared,
    problems: &[Problem],
    c: f64,
    settings: &Settings,
    watch: &mut Watch<'_>,
) -> Result<Solved, TrainingError> {
    let mut whole = Problem::new(prepared, &[]);
    for problem in problems {
        for (to, from) in whole.point.iter_mut().zip(&problem.point) {
            *to += from / problems.len() as f64;
        }
    }
    solve_whole(prepared, whole, c, settings, watch, about(GRID.len()))
}
