//! Intervals where pictures belong together: of one patient they are right or wrong together, and ten of them tell little
//! more than one.
//!
//! Resampled are groups, whole, so that a sample has the dependence that the pictures have: the cluster bootstrap of Field
//! and Welsh (2007), Journal of the Royal Statistical Society B 69, 369-390, as Rutter (2000), Academic Radiology 7,
//! 413-419, has it for several readings of one patient. It asks nothing of how pictures of one group depend on each other.
//! Of few groups it is a little too narrow, and of fewer than [`bootstrap::FEWEST`] there is none. Samples that lack a class
//! say nothing of a mean over classes, and are left out there.
//!
//! An interval says what these networks would score on other groups of the same kind. Networks that learned from other
//! pictures are not drawn, so that it says nothing of them.

use std::collections::{BTreeMap, BTreeSet};

use super::groups::members;
use super::interval::all_right_in_parts;
use super::loss::{row_brier, row_loss};
use super::ranking::{Order, mean};
use super::resampled::{CORRELATION, LOSS, SHARE, beyond_chance};
use super::{
    AnswerScores, Decision, Evaluation, Interval, IntervalMethod, Predictions, ProbabilityScores,
    Ranking, Score, Tally, bootstrap,
};

/// Draws every sample.
const SEED: u64 = 0x666f_6c64_7300;
/// Of the samples, the least share that must hold every class for a mean over classes to have an interval.
const LEAST_WITH_ALL_CLASSES: f64 = 0.9;

/// The draws of one score, or why there are none.
pub(crate) type Draws = Result<Vec<f64>, IntervalMethod>;

/// Pictures that are drawn together.
struct Group {
    /// The places of its pictures.
    members: Vec<u32>,
    /// True and given class, and how often.
    answers: Vec<(u32, u32, u64)>,
}

/// Groups of answers, as they are resampled.
struct Grouped {
    groups: Vec<Group>,
    /// How many groups have pictures of each class.
    of_class: Vec<u64>,
    /// The same, where a group with pictures of several classes counts for each of them in part.
    parts: Vec<f64>,
    classes: usize,
}

impl Grouped {
    /// `numbers`: the group of each of `answered`, true and given class.
    fn new(numbers: &[u32], answered: &[(u32, u32)], classes: usize) -> Self {
        let groups: Vec<Group> = members(numbers)
            .into_iter()
            .map(|members| {
                let mut answers: BTreeMap<(u32, u32), u64> = BTreeMap::new();
                for &place in &members {
                    *answers.entry(answered[place as usize]).or_default() += 1;
                }
                let answers = answers.into_iter();
                Group {
                    members,
                    answers: answers
                        .map(|((truth, class), number)| (truth, class, number))
                        .collect(),
                }
            })
            .collect();
        let mut of_class = vec![0; classes];
        let mut parts = vec![0.0; classes];
        for group in &groups {
            let truths: BTreeSet<u32> = group.answers.iter().map(|answer| answer.0).collect();
            let part = 1.0 / truths.len().max(1) as f64;
            for truth in truths {
                of_class[truth as usize] += 1;
                parts[truth as usize] += part;
            }
        }
        Self {
            groups,
            of_class,
            parts,
            classes,
        }
    }

    fn is_too_few(&self) -> bool {
        (self.groups.len() as u64) < bootstrap::FEWEST
    }

    /// Every sample: its counts of answers, how often each group was drawn, and whether it has every class.
    fn resample(&self, resamples: u32, mut each: impl FnMut(&Tally, &[u32], bool)) {
        if self.is_too_few() {
            return;
        }
        let tested = self.of_class.iter().filter(|size| **size > 0).count();
        let mut tally = Tally::empty(self.classes);
        bootstrap::resample(self.groups.len(), resamples, SEED, |_, counts| {
            tally.clear();
            for (group, &count) in self
                .groups
                .iter()
                .zip(counts)
                .filter(|(_, count)| **count > 0)
            {
                for &(truth, class, number) in &group.answers {
                    tally.add(truth, class, number * u64::from(count));
                }
            }
            let found = tally.truths.iter().filter(|count| **count > 0).count();
            each(&tally, counts, found == tested);
        });
    }

    /// What resampling gave: nothing where there are too few groups, or too few samples with every class.
    fn drawn(&self, draws: Vec<f64>, resamples: u32) -> Draws {
        let enough = LEAST_WITH_ALL_CLASSES * f64::from(resamples);
        match self.is_too_few() || (draws.len() as f64) < enough {
            true => Err(IntervalMethod::TooFewGroups),
            false => Ok(draws),
        }
    }

    fn score(
        &self,
        score: Score,
        draws: Draws,
        bounds: Interval,
        exact: Option<Interval>,
    ) -> Score {
        let exact = exact.filter(|_| !self.is_too_few());
        let mut found = match draws {
            Ok(mut draws) => score.with_bootstrap(Ok(&mut draws), bounds, exact),
            Err(method) => score.with_bootstrap(Err(method), bounds, exact),
        };
        if let IntervalMethod::Bootstrap { resamples } = found.method {
            found.method = IntervalMethod::GroupBootstrap {
                resamples,
                groups: self.groups.len() as u32,
            };
        }
        found
    }
}

/// The group of every row; nothing where none has one.
pub(super) fn numbers(predictions: &Predictions) -> Option<Vec<u32>> {
    (predictions.groups).numbers(predictions.rows.iter().map(|row| row.file.as_str()))
}

/// Adds the intervals of all scores of `evaluation`, which was made of `predictions`; whether there are groups.
pub(super) fn add_intervals(evaluation: &mut Evaluation, predictions: &Predictions) -> bool {
    let Some(numbers) = numbers(predictions) else {
        return false;
    };
    add_answer_intervals(&mut evaluation.answers, predictions);
    let plain = Decision::default();
    let answered: Vec<(u32, u32)> = plain
        .answers(predictions)
        .iter()
        .zip(&predictions.rows)
        .map(|(answer, row)| (row.truth, answer.class))
        .collect();
    let grouped = Grouped::new(&numbers, &answered, predictions.classes.len());
    of_probabilities(&mut evaluation.probabilities, predictions, &grouped);
    of_ranking(&mut evaluation.ranking, predictions, &grouped);
    true
}

/// Adds those of `scores`, which were made of `predictions`; whether there are groups.
pub(super) fn add_answer_intervals(scores: &mut AnswerScores, predictions: &Predictions) -> bool {
    let Some(numbers) = numbers(predictions) else {
        return false;
    };
    // What gets no answer counts in no sample, and a group without one is none.
    let answers = scores.decision.answers(predictions);
    let given = std::iter::zip(&answers, &predictions.rows)
        .zip(&numbers)
        .filter(|((answer, _), _)| !answer.is_rejected);
    let (answered, numbers): (Vec<(u32, u32)>, Vec<u32>) = given
        .map(|((answer, row), number)| ((row.truth, answer.class), number))
        .unzip();
    let grouped = Grouped::new(&dense(&numbers), &answered, predictions.classes.len());
    of_answers(scores, &grouped);
    true
}

/// The accuracy of the most probable classes, by groups where there are any.
pub(super) fn accuracy(predictions: &Predictions) -> Score {
    let mut scores = AnswerScores::new(predictions, &Decision::default());
    if numbers(predictions).is_some() {
        add_answer_intervals(&mut scores, predictions);
    }
    scores.accuracy
}

/// Groups without those that have lost all their pictures.
fn dense(numbers: &[u32]) -> Vec<u32> {
    let kept: BTreeSet<u32> = numbers.iter().copied().collect();
    let places: BTreeMap<u32, u32> = kept.into_iter().zip(0..).collect();
    numbers
        .iter()
        .filter_map(|number| places.get(number).copied())
        .collect()
}

fn of_answers(scores: &mut AnswerScores, grouped: &Grouped) {
    let [mut accuracy, mut weighted, mut balanced] = [const { Vec::new() }; 3];
    let [mut macro_f1, mut kappa, mut matthews] = [const { Vec::new() }; 3];
    grouped.resample(bootstrap::RESAMPLES, |tally, _, has_all_classes| {
        accuracy.push(tally.accuracy());
        weighted.push(tally.weighted_f1());
        if has_all_classes {
            balanced.push(tally.balanced_accuracy());
            macro_f1.push(tally.macro_f1());
            kappa.push(tally.cohen_kappa());
            matthews.push(tally.matthews_correlation());
        }
    });
    let exact = all_right_in_parts(&grouped.parts);
    let exact_kappa = exact.map(|exact| beyond_chance(exact, &grouped.of_class));
    for (score, draws, bounds, exact) in [
        (&mut scores.accuracy, accuracy, SHARE, exact),
        (&mut scores.weighted_f1, weighted, SHARE, exact),
        (&mut scores.balanced_accuracy, balanced, SHARE, exact),
        (&mut scores.macro_f1, macro_f1, SHARE, exact),
        (&mut scores.cohen_kappa, kappa, CORRELATION, exact_kappa),
        (
            &mut scores.matthews_correlation,
            matthews,
            CORRELATION,
            exact_kappa,
        ),
    ] {
        let draws = grouped.drawn(draws, bootstrap::RESAMPLES);
        *score = grouped.score(*score, draws, bounds, exact);
    }
}

fn of_probabilities(scores: &mut ProbabilityScores, predictions: &Predictions, grouped: &Grouped) {
    let rows = &predictions.rows;
    // For each group the sum over its pictures.
    let sums = |value: &dyn Fn(u32) -> f64| -> Vec<f64> {
        let sum = |group: &Group| group.members.iter().map(|&place| value(place)).sum();
        grouped.groups.iter().map(sum).collect()
    };
    let pictures = sums(&|_| 1.0);
    let of_top =
        |k: usize| sums(&|place| f64::from(u8::from(rows[place as usize].rank_of_truth() < k)));
    let mut all: Vec<(&mut Score, Vec<f64>, Interval, Vec<f64>)> = vec![
        (
            &mut scores.log_loss,
            sums(&|place| row_loss(&rows[place as usize], 1.0)),
            LOSS,
            Vec::new(),
        ),
        (
            &mut scores.brier_score,
            sums(&|place| row_brier(&rows[place as usize], 1.0)),
            LOSS,
            Vec::new(),
        ),
    ];
    for top in &mut scores.top_k {
        let hits = of_top(top.k);
        all.push((&mut top.accuracy, hits, SHARE, Vec::new()));
    }
    grouped.resample(bootstrap::RESAMPLES, |_, counts, _| {
        let sum = |values: &[f64]| -> f64 {
            let products = values.iter().zip(counts);
            products
                .map(|(value, &count)| value * f64::from(count))
                .sum()
        };
        let number = sum(&pictures).max(1.0);
        for (_, values, _, draws) in &mut all {
            draws.push(sum(values) / number);
        }
    });
    let exact = all_right_in_parts(&grouped.parts);
    for (score, _, bounds, draws) in all {
        let exact = exact.filter(|_| bounds == SHARE);
        let draws = grouped.drawn(draws, bootstrap::RESAMPLES);
        *score = grouped.score(*score, draws, bounds, exact);
    }
}

fn of_ranking(ranking: &mut Ranking, predictions: &Predictions, grouped: &Grouped) {
    let (pictures, classes) = (predictions.rows.len(), predictions.classes.len());
    let resamples = Ranking::resamples(pictures, classes);
    let (mut areas, mut precisions) = (Vec::new(), Vec::new());
    if resamples > 0 {
        let orders: Vec<Order> = (0..classes as u32)
            .map(|class| Order::new(predictions, class))
            .collect();
        let mut of_picture = vec![0; pictures];
        grouped.resample(resamples, |_, counts, has_all_classes| {
            if !has_all_classes {
                return;
            }
            for (group, &count) in grouped.groups.iter().zip(counts) {
                for &place in &group.members {
                    of_picture[place as usize] = count;
                }
            }
            let found: Vec<(Option<f64>, Option<f64>)> = orders
                .iter()
                .map(|order| order.areas(&of_picture))
                .collect();
            areas.extend(mean(found.iter().map(|of_class| of_class.0)));
            precisions.extend(mean(found.iter().map(|of_class| of_class.1)));
        });
    }
    let exact = all_right_in_parts(&grouped.parts);
    for (score, draws) in [
        (&mut ranking.roc_auc, areas),
        (&mut ranking.average_precision, precisions),
    ] {
        let draws = match resamples {
            0 => Err(IntervalMethod::TooMuchWork),
            resamples => grouped.drawn(draws, resamples),
        };
        *score = score.map(|score| grouped.score(score, draws, SHARE, exact));
    }
}

/// The difference of two macro-F1 in every sample of groups that has every class, the second's less the first's; `rows`: truth and
/// both answers. The same groups are drawn for both.
///
/// # Errors
/// Why there is none.
pub(crate) fn macro_f1_differences(
    rows: &[(u32, u32, u32)],
    classes: usize,
    numbers: &[u32],
) -> Draws {
    let draws_of = |answer: fn(&(u32, u32, u32)) -> u32| {
        let answered: Vec<(u32, u32)> = rows.iter().map(|row| (row.0, answer(row))).collect();
        let grouped = Grouped::new(numbers, &answered, classes);
        let mut draws = Vec::new();
        grouped.resample(bootstrap::RESAMPLES, |tally, _, has_all_classes| {
            if has_all_classes {
                draws.push(tally.macro_f1());
            }
        });
        grouped.drawn(draws, bootstrap::RESAMPLES)
    };
    // Of one seed, so that both have the same samples; which of them have every class is decided by the truths.
    let pairs = std::iter::zip(draws_of(|row| row.1)?, draws_of(|row| row.2)?);
    Ok(pairs.map(|(first, second)| second - first).collect())
}

/// The difference of two runs' accuracies on the same pictures, the second's less the first's, with its interval over
/// `numbers`' groups.
pub(super) fn difference(value: f64, first: &[bool], second: &[bool], numbers: &[u32]) -> Score {
    let range = Interval {
        low: -1.0,
        high: 1.0,
    };
    let groups = members(numbers);
    let gain = |place: &u32| {
        let place = *place as usize;
        f64::from(i8::from(second[place]) - i8::from(first[place]))
    };
    let gains: Vec<f64> = (groups.iter())
        .map(|group| group.iter().map(gain).sum())
        .collect();
    let sizes: Vec<f64> = groups.iter().map(|group| group.len() as f64).collect();
    let mut draws = Vec::new();
    let score = Score::bare(value);
    if (groups.len() as u64) < bootstrap::FEWEST {
        return score.with_bootstrap(Err(IntervalMethod::TooFewGroups), range, None);
    }
    bootstrap::resample(groups.len(), bootstrap::RESAMPLES, SEED, |_, counts| {
        let sum = |values: &[f64]| -> f64 {
            let products = values.iter().zip(counts);
            products
                .map(|(value, &count)| value * f64::from(count))
                .sum()
        };
        draws.push(sum(&gains) / sum(&sizes).max(1.0));
    });
    let found = score.with_bootstrap(Ok(&mut draws), range, None);
    Score {
        method: IntervalMethod::GroupBootstrap {
            resamples: bootstrap::RESAMPLES,
            groups: groups.len() as u32,
        },
        ..found
    }
}
