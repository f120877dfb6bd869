//! The intervals that no formula gives: what scores would be on other pictures, by resampling.
//!
//! One rule for all of them. Where pictures have groups, these are resampled (`by_group`). Elsewhere resampled is what a score
//! counts alike:
//!
//! - pictures, for means over pictures (log loss, Brier score, weighted F1);
//! - the pictures of each class among themselves, for scores to which a class matters however few pictures it has
//!   (balanced accuracy, macro F1, kappa, Matthews, ROC area, average precision). No sample lacks a class, so all
//!   samples count.
//!
//! The interval is of the percentiles, less the bias that the samples show (`Score::with_bootstrap`), and holds the
//! score. It is not given where resampling can't know: of fewer than [`bootstrap::FEWEST`] pictures, or where more than
//! a twentieth of the classes have fewer.

use super::loss::{row_brier, row_loss};
use super::ranking::{Order, mean};
use super::{
    AnswerScores, Evaluation, Interval, IntervalMethod, Predictions, ProbabilityScores, Ranking,
    Tally, all_right, bootstrap, by_group,
};

/// Draws every sample.
const SEED: u64 = 0x6772_6166_7400;

/// The ranges of scores.
pub(super) const SHARE: Interval = Interval {
    low: 0.0,
    high: 1.0,
};
pub(super) const CORRELATION: Interval = Interval {
    low: -1.0,
    high: 1.0,
};
pub(super) const LOSS: Interval = Interval {
    low: 0.0,
    high: f64::INFINITY,
};

/// Adds the intervals of all scores of `evaluation`, which was made of `predictions`.
pub(super) fn add_intervals(evaluation: &mut Evaluation, predictions: &Predictions) {
    if by_group::add_intervals(evaluation, predictions) {
        return;
    }
    add_answer_intervals(&mut evaluation.answers, predictions);
    of_probabilities(&mut evaluation.probabilities, predictions);
    of_ranking(&mut evaluation.ranking, predictions);
}

/// Adds those of `scores`, which were made of `predictions`.
pub(super) fn add_answer_intervals(scores: &mut AnswerScores, predictions: &Predictions) {
    if by_group::add_answer_intervals(scores, predictions) {
        return;
    }
    // What gets no answer counts in no sample.
    let answered: Vec<(u32, u32)> = scores
        .decision
        .answers(predictions)
        .iter()
        .zip(&predictions.rows)
        .filter(|(answer, _)| !answer.is_rejected)
        .map(|(answer, row)| (row.truth, answer.class))
        .collect();
    of_answers(scores, &answered);
}

/// From pairs of true and given class.
fn of_answers(scores: &mut AnswerScores, answered: &[(u32, u32)]) {
    let classes = scores.confusion.classes.len();
    let mut tally = Tally::empty(classes);
    let mut count = |counts: &[u32], each: &mut dyn FnMut(&Tally)| {
        tally.clear();
        for (&(truth, class), &count) in answered.iter().zip(counts) {
            tally.add(truth, class, count.into());
        }
        each(&tally);
    };
    let mut weighted = Vec::new();
    let over_pictures = too_few(answered.len());
    if over_pictures.is_none() {
        bootstrap::resample(answered.len(), bootstrap::RESAMPLES, SEED, |_, counts| {
            count(counts, &mut |tally| weighted.push(tally.weighted_f1()));
        });
    }
    let groups = of_classes(answered.iter().map(|(truth, _)| *truth), classes);
    let tested = sizes(&groups);
    let within_classes = too_rare(&tested);
    let (mut balanced, mut macro_f1) = (Vec::new(), Vec::new());
    let (mut kappa, mut matthews) = (Vec::new(), Vec::new());
    if within_classes.is_none() {
        let resamples = bootstrap::RESAMPLES;
        bootstrap::resample_within(&groups, answered.len(), resamples, SEED, |_, counts| {
            count(counts, &mut |tally| {
                balanced.push(tally.balanced_accuracy());
                macro_f1.push(tally.macro_f1());
                kappa.push(tally.cohen_kappa());
                matthews.push(tally.matthews_correlation());
            });
        });
    }
    let exact = all_right(&tested);
    let beyond_chance = exact.map(|exact| beyond_chance(exact, &tested));
    for (score, draws, obstacle, bounds, exact) in [
        (
            &mut scores.weighted_f1,
            &mut weighted,
            over_pictures,
            SHARE,
            exact,
        ),
        (
            &mut scores.balanced_accuracy,
            &mut balanced,
            within_classes,
            SHARE,
            exact,
        ),
        (
            &mut scores.macro_f1,
            &mut macro_f1,
            within_classes,
            SHARE,
            exact,
        ),
        (
            &mut scores.cohen_kappa,
            &mut kappa,
            within_classes,
            CORRELATION,
            beyond_chance,
        ),
        (
            &mut scores.matthews_correlation,
            &mut matthews,
            within_classes,
            CORRELATION,
            beyond_chance,
        ),
    ] {
        *score = score.with_bootstrap(drawn(draws, obstacle), bounds, exact);
    }
}

fn of_probabilities(scores: &mut ProbabilityScores, predictions: &Predictions) {
    let rows = &predictions.rows;
    let losses: Vec<f64> = rows.iter().map(|row| row_loss(row, 1.0)).collect();
    let briers: Vec<f64> = rows.iter().map(|row| row_brier(row, 1.0)).collect();
    let obstacle = too_few(rows.len());
    let (mut log_loss, mut brier) = (Vec::new(), Vec::new());
    if obstacle.is_none() {
        bootstrap::resample(rows.len(), bootstrap::RESAMPLES, SEED, |_, counts| {
            let mean = |values: &[f64]| -> f64 {
                let products = values.iter().zip(counts);
                let sum: f64 = products
                    .map(|(value, &count)| value * f64::from(count))
                    .sum();
                sum / rows.len() as f64
            };
            log_loss.push(mean(&losses));
            brier.push(mean(&briers));
        });
    }
    for (score, draws) in [
        (&mut scores.log_loss, &mut log_loss),
        (&mut scores.brier_score, &mut brier),
    ] {
        *score = score.with_bootstrap(drawn(draws, obstacle), LOSS, None);
    }
}

pub(super) fn of_ranking(ranking: &mut Ranking, predictions: &Predictions) {
    let (rows, classes) = (&predictions.rows, predictions.classes.len());
    let groups = of_classes(rows.iter().map(|row| row.truth), classes);
    let tested = sizes(&groups);
    let resamples = Ranking::resamples(rows.len(), classes);
    let obstacle = too_rare(&tested).or((resamples == 0).then_some(IntervalMethod::TooMuchWork));
    let (mut areas, mut precisions) = (Vec::new(), Vec::new());
    if obstacle.is_none() {
        let orders: Vec<Order> = (0..classes as u32)
            .map(|class| Order::new(predictions, class))
            .collect();
        bootstrap::resample_within(&groups, rows.len(), resamples, SEED, |_, counts| {
            let found: Vec<(Option<f64>, Option<f64>)> =
                orders.iter().map(|order| order.areas(counts)).collect();
            areas.extend(mean(found.iter().map(|of_class| of_class.0)));
            precisions.extend(mean(found.iter().map(|of_class| of_class.1)));
        });
    }
    let exact = all_right(&tested);
    for (score, draws) in [
        (&mut ranking.roc_auc, &mut areas),
        (&mut ranking.average_precision, &mut precisions),
    ] {
        *score = score.map(|score| score.with_bootstrap(drawn(draws, obstacle), SHARE, exact));
    }
}

/// The draws, or why there are none.
fn drawn(
    draws: &mut [f64],
    obstacle: Option<IntervalMethod>,
) -> Result<&mut [f64], IntervalMethod> {
    obstacle.map_or(Ok(draws), Err)
}

fn too_few(pictures: usize) -> Option<IntervalMethod> {
    ((pictures as u64) < bootstrap::FEWEST).then_some(IntervalMethod::TooFewPictures)
}

fn too_rare(pictures: &[u64]) -> Option<IntervalMethod> {
    bootstrap::too_rare(pictures).map(|(few, classes)| match classes {
        0 => IntervalMethod::TooFewPictures,
        _ => IntervalMethod::TooFewOfClasses { few, classes },
    })
}

/// The pictures of each class, by their indices.
fn of_classes(truths: impl Iterator<Item = u32>, classes: usize) -> Vec<Vec<u32>> {
    let mut groups = vec![Vec::new(); classes];
    for (index, truth) in truths.enumerate() {
        groups[truth as usize].push(index as u32);
    }
    groups
}

fn sizes(groups: &[Vec<u32>]) -> Vec<u64> {
    groups.iter().map(|group| group.len() as u64).collect()
}

/// An interval of accuracies as one of agreement beyond chance, which is kappa's scale: (accuracy - chance) / (1 -
/// chance), with the chance of so many pictures of each class. With one class there is no chance to be beyond.
pub(super) fn beyond_chance(interval: Interval, pictures: &[u64]) -> Interval {
    let all: u64 = pictures.iter().sum();
    let share = |count: &u64| *count as f64 / all.max(1) as f64;
    let chance: f64 = pictures.iter().map(share).map(|share| share * share).sum();
    let scale = |value: f64| {
        if chance < 1.0 {
            (value - chance) / (1.0 - chance)
        } else {
            value
        }
    };
    Interval {
        low: scale(interval.low).max(-1.0),
        high: interval.high,
    }
}
