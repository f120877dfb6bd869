//! What linear heads on frozen features answer after learning from ever more of the training pictures.
//!
//! Test pictures take no part. Where there are enough validation pictures, these are asked; else training and validation
//! pictures are divided into folds, and each fold is asked after learning from the others.

use std::time::Instant;

use super::cores::use_all_cores;
use super::error::TrainingError;
use super::events::TrainingListener;
use super::logistic::{Iteration, LinearClassifier, Rows, Settings, fit, fit_on_folds};
use super::request::TrainingRequest;
use super::trainer::{PooledFeatures, pooled_rows};
use crate::data::Split;
use crate::data::folds::grouped;
use crate::data::nested::NestedOrder;
use crate::evaluation::learning_curve::{AnswersOfSize, CurveAnswers, FEWEST_SIZES};
use crate::format::count;

/// Shares of the training pictures, the most first. Further apart where a curve is flat.
const SHARES: [f64; 7] = [1.0, 0.7, 0.45, 0.3, 0.2, 0.15, 0.1];
/// Validation pictures that are enough to ask.
const ENOUGH_ASKED: usize = 100;
/// Otherwise.
const FOLDS: usize = 5;
/// Draws of pictures for each share but the whole, with validation pictures and for each fold.
const DRAWS: usize = 5;
const DRAWS_PER_FOLD: usize = 2;
/// A part of fewer pictures, in all or for each class, is left out.
const LEAST_PICTURES: usize = 10;
const LEAST_PER_CLASS: usize = 2;
/// Folds that the strength of the penalty is chosen on, and pictures of each class that this takes.
const PENALTY_FOLDS: usize = 3;
/// The strength where it can't be chosen: scikit-learn's default.
const USUAL_C: f64 = 1.0;

/// When a head is good enough: scikit-learn's default tolerance, and more iterations than its default.
const TOLERANCE: f64 = 1e-4;
const MOST_ITERATIONS: u32 = 300;

/// Which pictures were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Validation,
    /// Training and validation pictures in so many folds.
    Folds(usize),
}

/// The answers, and what they were got with.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredCurve {
    pub answers: CurveAnswers,
    pub asked: Asked,
    /// Pictures that can't be read.
    pub unreadable: usize,
    /// Rows that were kept before.
    pub from_disk: usize,
    pub computed: usize,
    pub feature_seconds: f64,
    pub head_seconds: f64,
}

/// Measures the learning curve of linear heads on the backbone of `request`. `listener` hears of the features, `progress` of the
/// heads: how much is done, of how much.
///
/// # Errors
/// [`TrainingError::Stopped`]; [`TrainingError::Experiment`] where there are too few pictures; those of features and of the
/// regression.
pub fn measure_learning_curve(
    request: &TrainingRequest,
    listener: &mut dyn TrainingListener,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<MeasuredCurve, TrainingError> {
    check(request)?;
    let splits = [Split::Train, Split::Validation];
    let splits = match request.split.validation.is_empty() {
        true => &splits[..1],
        false => &splits[..],
    };
    let features = pooled_rows(request, splits, listener)?;
    use_all_cores();
    let began = Instant::now();
    let table = Table::new(request, &features);
    let asked = match table.labels.len() - table.validation_from >= ENOUGH_ASKED {
        true => Asked::Validation,
        false => Asked::Folds(FOLDS),
    };
    let rounds = table.rounds(asked, request.experiment.seed)?;
    let answers = table.answers(&rounds, request, progress)?;
    let unreadable = features.parts.iter().map(|part| part.unreadable.len());
    Ok(MeasuredCurve {
        answers,
        asked,
        unreadable: unreadable.sum(),
        from_disk: features.from_disk,
        computed: features.computed,
        feature_seconds: features.seconds,
        head_seconds: began.elapsed().as_secs_f64(),
    })
}

/// Before anything is computed.
fn check(request: &TrainingRequest) -> Result<(), TrainingError> {
    let classes = request.dataset.classes.len();
    let known = request.split.train.len() + request.split.validation.len();
    let least = least_pictures(classes);
    let own = match request.split.validation.len() >= ENOUGH_ASKED {
        true => request.split.train.len(),
        false => known * (FOLDS - 1) / FOLDS,
    };
    if classes < 2 {
        return Err(TrainingError::Experiment(
            "a learning curve takes two classes or more".into(),
        ));
    }
    match own < least {
        true => Err(too_few(own, least)),
        false => Ok(()),
    }
}

fn too_few(own: usize, least: usize) -> TrainingError {
    TrainingError::Experiment(format!(
        "{} to learn from are too few for a learning curve, which takes {least} or more: add pictures, or lower the shares in data.split",
        count(own, "picture", "pictures")
    ))
}

/// A part with fewer pictures is left out.
fn least_part(classes: usize) -> usize {
    LEAST_PICTURES.max(LEAST_PER_CLASS * classes)
}

/// With fewer pictures, there are not enough parts.
fn least_pictures(classes: usize) -> usize {
    let smallest = SHARES[FEWEST_SIZES - 1];
    (least_part(classes) as f64 / smallest).ceil() as usize
}

/// Pictures with their features, validation pictures behind training pictures.
struct Table<'a> {
    features: usize,
    classes: usize,
    /// Of each part of the features, one after the other.
    rows: Vec<&'a [f32]>,
    labels: Vec<u32>,
    groups: Vec<Option<&'a str>>,
    /// Where validation pictures begin.
    validation_from: usize,
}

/// Pictures that are asked after learning from others, by their places in the table.
struct Round {
    learned_from: Vec<usize>,
    asked: Vec<usize>,
}

impl<'a> Table<'a> {
    fn new(request: &'a TrainingRequest, features: &'a PooledFeatures) -> Self {
        let mut table = Self {
            features: features.features,
            classes: request.dataset.classes.len(),
            rows: Vec::new(),
            labels: Vec::new(),
            groups: Vec::new(),
            validation_from: 0,
        };
        for part in &features.parts {
            table
                .rows
                .extend(part.rows.chunks(features.features.max(1)));
            table.labels.extend(&part.labels);
            let pictures = &request.dataset.pictures;
            let group = |&picture: &usize| pictures.get(picture)?.group.as_deref();
            table.groups.extend(part.pictures.iter().map(group));
            if part.split == Split::Train {
                table.validation_from = table.labels.len();
            }
        }
        table
    }

    fn rounds(&self, asked: Asked, seed: u64) -> Result<Vec<Round>, TrainingError> {
        let rounds: Vec<Round> = match asked {
            Asked::Validation => vec![Round {
                learned_from: (0..self.validation_from).collect(),
                asked: (self.validation_from..self.labels.len()).collect(),
            }],
            Asked::Folds(folds) => {
                let fold_of = grouped(&self.labels, &self.groups, folds, seed);
                (0..folds)
                    .map(|fold| {
                        let all = 0..self.labels.len();
                        let (asked, learned_from) = all.partition(|&row| fold_of[row] == fold);
                        Round {
                            learned_from,
                            asked,
                        }
                    })
                    .filter(|round| !round.asked.is_empty())
                    .collect()
            }
        };
        let fewest = rounds.iter().map(|round| round.learned_from.len()).min();
        let least = least_pictures(self.classes);
        match fewest {
            Some(fewest) if fewest >= least => {}
            fewest => return Err(too_few(fewest.unwrap_or(0), least)),
        }
        let is_of_two = |round: &Round| self.has_two_classes(&round.learned_from);
        match rounds.iter().all(is_of_two) {
            true => Ok(rounds),
            false => Err(TrainingError::Experiment(
                "a learning curve takes pictures of two classes to learn from in every fold, and here one class alone is left: add groups of the rarer classes, or take another data.split.group".into(),
            )),
        }
    }

    /// The shares that leave every round enough pictures, and every draw two classes, the most first.
    fn shares(&self, rounds: &[Round], orders: &[Vec<NestedOrder>]) -> Vec<f64> {
        let fewest = rounds.iter().map(|round| round.learned_from.len()).min();
        let fewest = fewest.unwrap_or(0) as f64;
        let least = least_part(self.classes) as f64;
        // Of a rare class, the first picture may come late.
        let is_learnable = |share: f64| {
            let mut rounds = rounds.iter().zip(orders);
            rounds.all(|(round, orders)| {
                let mut parts = orders.iter().map(|order| part(round, order, share));
                parts.all(|own| self.has_two_classes(&own))
            })
        };
        let shares = SHARES.into_iter();
        let shares = shares.filter(|share| share * fewest >= least);
        // Of all pictures, the regression says what is wrong.
        shares
            .filter(|&share| share >= 1.0 || is_learnable(share))
            .collect()
    }

    fn has_two_classes(&self, places: &[usize]) -> bool {
        let mut labels = places.iter().map(|&row| self.labels[row]);
        let first = labels.next();
        labels.any(|label| Some(label) != first)
    }

    fn answers(
        &self,
        rounds: &[Round],
        request: &TrainingRequest,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<CurveAnswers, TrainingError> {
        let draws = match rounds {
            [_] => DRAWS,
            _ => DRAWS_PER_FOLD,
        };
        let seed = request.experiment.seed;
        let orders: Vec<Vec<NestedOrder>> = (rounds.iter().enumerate())
            .map(|(index, round)| {
                (0..draws)
                    .map(|draw| self.order(round, seed, index * draws + draw))
                    .collect()
            })
            .collect();
        let shares = self.shares(rounds, &orders);
        let draws_of = |share: f64| if share < 1.0 { draws } else { 1 };
        let asked: usize = rounds.iter().map(|round| round.asked.len()).sum();
        let mut sizes: Vec<AnswersOfSize> = (shares.iter())
            .map(|&share| AnswersOfSize {
                pictures: 0.0,
                share,
                draws: vec![Vec::with_capacity(asked); draws_of(share)],
            })
            .collect();
        let learned: usize = rounds.iter().map(|round| round.learned_from.len()).sum();
        let of_shares = shares.iter().map(|&share| share * draws_of(share) as f64);
        let total = (of_shares.sum::<f64>() * learned as f64).ceil() as usize;
        // Of the penalty: chosen on all pictures of the first round. What is expected of weights does not depend on the number
        // of pictures; chosen anew on few of them, it would be chance.
        let mut strength = None;
        let mut done = 0;
        let mut truth = Vec::with_capacity(asked);
        for (round, orders) in rounds.iter().zip(&orders) {
            truth.extend(round.asked.iter().map(|&row| self.labels[row]));
            let asked = self.values(&round.asked);
            for size in &mut sizes {
                let mut pictures = 0;
                for (draw, answers) in size.draws.iter_mut().enumerate() {
                    let own = part(round, &orders[draw], size.share);
                    let (classifier, found) = self.learn(&own, strength, request)?;
                    strength = Some(found);
                    answers.extend(answers_of(&classifier, &asked)?);
                    pictures += own.len();
                    done += own.len();
                    progress(done.min(total), total);
                }
                size.pictures += pictures as f64 / (size.draws.len() * rounds.len()) as f64;
            }
        }
        progress(total, total);
        sizes.reverse();
        Ok(CurveAnswers {
            classes: self.classes,
            truth,
            sizes,
        })
    }

    fn order(&self, round: &Round, seed: u64, draw: usize) -> NestedOrder {
        let own = &round.learned_from;
        let labels: Vec<u32> = own.iter().map(|&row| self.labels[row]).collect();
        let groups: Vec<Option<&str>> = own.iter().map(|&row| self.groups[row]).collect();
        NestedOrder::new(&labels, &groups, seed.wrapping_add(draw as u64))
    }

    /// `[rows, features]` of the pictures at these places.
    fn values(&self, places: &[usize]) -> Vec<f32> {
        let mut values = Vec::with_capacity(places.len() * self.features);
        for &place in places {
            values.extend_from_slice(self.rows[place]);
        }
        values
    }

    /// A head on these pictures and the strength of its penalty, which is chosen where it is not given.
    fn learn(
        &self,
        own: &[usize],
        strength: Option<f64>,
        request: &TrainingRequest,
    ) -> Result<(LinearClassifier, f64), TrainingError> {
        let values = self.values(own);
        let labels: Vec<u32> = own.iter().map(|&row| self.labels[row]).collect();
        let rows = Rows {
            values: &values,
            features: self.features,
            labels: &labels,
            classes: self.classes,
            weights: None,
        };
        // Answers hardly change beyond.
        let settings = Settings {
            tolerance: TOLERANCE,
            most_iterations: MOST_ITERATIONS,
        };
        let mut watch = |_: &Iteration| match request.stop.is_stopped() {
            true => Err(TrainingError::Stopped),
            false => Ok(()),
        };
        if strength.is_none() && self.can_choose(&labels) {
            let groups: Vec<Option<&str>> = own.iter().map(|&row| self.groups[row]).collect();
            let folds = grouped(&labels, &groups, PENALTY_FOLDS, request.experiment.seed);
            match fit_on_folds(&rows, &folds, &settings, &mut watch) {
                Ok(solved) => return Ok((solved.classifier, solved.c)),
                // A fold of groups may leave others without a class.
                Err(TrainingError::Experiment(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let c = strength.unwrap_or(USUAL_C);
        Ok((fit(&rows, c, &settings, &mut watch)?.classifier, c))
    }

    /// Whether every class has pictures in every fold.
    fn can_choose(&self, labels: &[u32]) -> bool {
        let mut counts = vec![0usize; self.classes];
        for &label in labels {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
        counts.iter().all(|&count| count >= PENALTY_FOLDS)
    }
}

/// The places of the first pictures in this order, as many as the share comes to.
fn part(round: &Round, order: &NestedOrder, share: f64) -> Vec<usize> {
    let count = (share * round.learned_from.len() as f64).ceil() as usize;
    let first = order.beginning(count).iter();
    first.map(|&place| round.learned_from[place]).collect()
}

/// The most probable class of every row.
fn answers_of(classifier: &LinearClassifier, values: &[f32]) -> Result<Vec<u32>, TrainingError> {
    let probabilities = classifier.probabilities(values)?;
    let rows = probabilities.chunks(classifier.classes.max(1));
    let best = |row: &[f32]| {
        let best = (0..row.len()).max_by(|&one, &other| {
            // The first of equal ones, as everywhere.
            row[one].total_cmp(&row[other]).then(other.cmp(&one))
        });
        best.unwrap_or(0) as u32
    };
    Ok(rows.map(best).collect())
}

#[cfg(test)]
#[path = "learning_curve_tests.rs"]
mod tests;
