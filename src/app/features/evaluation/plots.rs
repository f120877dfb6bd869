//! Points of an evaluation's curves under the choices of the moment.

use super::view::{Bin, Coverage, Curve, Reliability};
use crate::app::core::prepared_answers::Choices;
use crate::app::core::prepared_answers::PreparedAnswers;
use crate::app::ui::axes;
use crate::evaluation::{self, Answer, AnswerScores, ClassRanking, Predictions, RejectionCurve};
use crate::format;

/// Points of a curve that are drawn, at most.
const MOST_POINTS: usize = 400;
/// Curves of other classes that are drawn, at most: more are a tangle.
const MOST_OTHERS: usize = 10;

/// One class's curves and those of others beside it.
pub(super) struct Curves<'a> {
    own: Option<&'a ClassRanking>,
    others: Vec<(&'a str, &'a ClassRanking)>,
}

/// The curves of `class` among those that are known, and the others' unless they are a tangle.
pub(super) fn curves<'a>(
    known: &'a [ClassRanking],
    classes: &'a [String],
    class: usize,
) -> Curves<'a> {
    let is_own = |ranking: &&ClassRanking| ranking.class as usize == class;
    let others = if (3..=MOST_OTHERS).contains(&classes.len()) {
        (known.iter().filter(|ranking| !is_own(ranking)))
            .map(|ranking| (classes[ranking.class as usize].as_str(), ranking))
            .collect()
    } else {
        Vec::new()
    };
    Curves {
        own: known.iter().find(is_own),
        others,
    }
}

/// Points for drawing: not more than a screen shows, ends kept, none twice.
fn thin(x: &[f64], y: &[f64]) -> Vec<[f64; 2]> {
    let n = x.len().min(y.len());
    let points: Vec<[f64; 2]> = if n <= MOST_POINTS {
        x.iter().zip(y).map(|(&x, &y)| [x, y]).collect()
    } else {
        (0..MOST_POINTS)
            .map(|point| point * (n - 1) / (MOST_POINTS - 1))
            .map(|index| [x[index], y[index]])
            .collect()
    };
    axes::path(&points)
}

/// True positives, false negatives, false positives and true negatives of one class.
pub(super) fn quarters(scores: &AnswerScores, class: usize) -> [f64; 4] {
    let confusion = &scores.confusion;
    let right = confusion.counts[class][class];
    let (truths, predictions) = (confusion.truths(class), confusion.predictions(class));
    let rest = confusion.total() + right - truths - predictions;
    [right, truths - right, predictions - right, rest].map(|count| count as f64)
}

pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

const ABSENT: &str = "No curve: the class has no pictures here, or there are no others.";

pub(super) fn roc(curves: &Curves<'_>, scores: &AnswerScores, class: usize) -> Curve {
    let Some((curve, area)) = curves.own.and_then(|own| Some((&own.roc, own.roc.area?))) else {
        return Curve {
            absent: Some(ABSENT.into()),
            ..Curve::default()
        };
    };
    let points =
        |curve: &evaluation::RocCurve| thin(&curve.false_positive_rate, &curve.true_positive_rate);
    let [tp, fn_, fp, tn] = quarters(scores, class);
    Curve {
        points: points(curve),
        others: curves
            .others
            .iter()
            .map(|(name, other)| ((*name).to_owned(), points(&other.roc)))
            .collect(),
        area: format!("AUC {area:.3}"),
        area_tooltip: "Area under the curve: how often a picture of the class gets a higher probability than one of \
                       another. 0.5 is guessing"
            .into(),
        at: Some([share(fp, fp + tn), share(tp, tp + fn_)]),
        chance: vec![[0.0, 0.0], [1.0, 1.0]],
        absent: None,
    }
}

pub(super) fn precision_recall(curves: &Curves<'_>, scores: &AnswerScores, class: usize) -> Curve {
    let Some((curve, area)) = curves.own.and_then(|own| {
        let curve = &own.precision_recall;
        Some((curve, curve.average_precision?))
    }) else {
        return Curve {
            absent: Some(ABSENT.into()),
            ..Curve::default()
        };
    };
    let points = |curve: &evaluation::PrecisionRecallCurve| thin(&curve.recall, &curve.precision);
    let [tp, fn_, fp, tn] = quarters(scores, class);
    let level = share(tp + fn_, tp + fn_ + fp + tn);
    Curve {
        points: points(curve),
        others: curves
            .others
            .iter()
            .map(|(name, other)| ((*name).to_owned(), points(&other.precision_recall)))
            .collect(),
        area: format!("AP {area:.3}"),
        area_tooltip: "Average precision: the area under the curve, by steps".into(),
        at: (tp + fp > 0.0).then(|| [share(tp, tp + fn_), share(tp, tp + fp)]),
        chance: vec![[0.0, level], [1.0, level]],
        absent: None,
    }
}

/// Confidence and rightness of the answers that are given.
pub(super) fn kept_pairs<'a>(
    predictions: &'a Predictions,
    answers: &'a [Answer],
) -> impl Iterator<Item = (f64, bool)> + 'a {
    predictions
        .rows
        .iter()
        .zip(answers)
        .filter(|(_, answer)| !answer.is_rejected)
        .map(|(row, answer)| (answer.confidence, answer.class == row.truth))
}

pub(super) fn reliability(
    source: &PreparedAnswers,
    choices: &Choices,
    predictions: &Predictions,
    answers: &[Answer],
) -> Reliability {
    let bins = |found: &evaluation::Reliability| {
        found
            .bins
            .iter()
            .map(|bin| Bin {
                low: bin.low,
                high: bin.high,
                confidence: bin.confidence,
                accuracy: bin.accuracy,
                count: bin.count,
            })
            .collect()
    };
    let count = evaluation::calibration::BINS;
    let now = evaluation::Reliability::from_pairs(kept_pairs(predictions, answers), count);
    let before = choices.use_temperature.then(|| {
        let decision = source.decision(choices);
        let answers = PreparedAnswers::answers(&source.plain, &decision);
        let pairs = kept_pairs(source.predictions(), &answers);
        bins(&evaluation::Reliability::from_pairs(pairs, count))
    });
    Reliability {
        bins: bins(&now),
        before,
        error: format::percent(now.expected_error),
    }
}

pub(super) fn coverage(rejection: &RejectionCurve, choices: &Choices) -> Coverage {
    let now = rejection.at(choices.reject_below);
    let mut points: Vec<[f64; 2]> = rejection
        .points(MOST_POINTS / 2)
        .iter()
        .map(|scores| [scores.coverage, scores.accuracy.value])
        .collect();
    points.reverse();
    Coverage {
        points: axes::path(&points),
        at: [now.coverage, now.accuracy.value],
    }
}
