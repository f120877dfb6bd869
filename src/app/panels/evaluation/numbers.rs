//! The numbers that sum an evaluation up, in words: value, interval and what both mean.

use super::Choices;
use super::plots::kept_pairs;
use super::source::Source;
use super::view::Card;
use crate::evaluation::{self, Answer, AnswerScores, Evaluation, IntervalMethod, Score};

/// A score's numbers for a card: shares in per cent, others with three digits.
fn card(label: &str, score: &Score, live: Option<f64>, share: bool, what: &str) -> Card {
    let value = live.unwrap_or(score.value);
    let write = |value: f64| {
        if share {
            format!("{:.1}", value * 100.0)
        } else {
            format!("{value:.3}")
        }
    };
    let unit = if share { " %" } else { "" };
    let (interval, how) = match score.interval {
        Some(interval) => (
            format!("{} – {}{unit}", write(interval.low), write(interval.high)),
            format!("95 % interval ({})", method(score.method)),
        ),
        None => ("…".into(), "The 95 % interval is being worked out".into()),
    };
    Card {
        label: label.into(),
        value: format!("{}{unit}", write(value)),
        interval,
        tooltip: format!("{what}. {how}"),
    }
}

fn method(method: IntervalMethod) -> String {
    match method {
        IntervalMethod::Wilson => "Wilson's".into(),
        other => other.title(),
    }
}

fn without_interval(label: &str, value: String, what: &str) -> Card {
    Card {
        label: label.into(),
        value,
        interval: String::new(),
        tooltip: what.into(),
    }
}

pub(super) fn cards(
    source: &Source,
    choices: &Choices,
    scores: &AnswerScores,
    intervals: Option<&Evaluation>,
    answers: &[Answer],
) -> Vec<Card> {
    // A score of the moment takes its interval from the bootstrap as soon as that is done.
    let pick = |live: Score, of: &dyn Fn(&Evaluation) -> Score| intervals.map_or(live, of);
    let mut cards = vec![
        card(
            "Accuracy",
            &scores.accuracy,
            None,
            true,
            "Share of answers that are right",
        ),
        card(
            "Balanced accuracy",
            &pick(scores.balanced_accuracy, &|all| {
                all.answers.balanced_accuracy
            }),
            None,
            true,
            "Recall averaged over classes, each counting the same",
        ),
        card(
            "Macro-F1",
            &pick(scores.macro_f1, &|all| all.answers.macro_f1),
            None,
            false,
            "F1 averaged over classes, each counting the same",
        ),
        card(
            "Cohen's kappa",
            &pick(scores.cohen_kappa, &|all| all.answers.cohen_kappa),
            None,
            false,
            "Agreement beyond what the classes' shares give by chance: 0 is chance, 1 is perfect",
        ),
        card(
            "Matthews correlation",
            &pick(scores.matthews_correlation, &|all| {
                all.answers.matthews_correlation
            }),
            None,
            false,
            "The correlation of truth and answer: 0 is chance, 1 is perfect",
        ),
    ];
    let all = intervals.unwrap_or(&source.evaluation);
    if let Some(auc) = all.ranking.roc_auc {
        let what = "Area under the ROC curve, the mean over classes: how often a picture of the class gets a higher \
                    probability than one of another. It depends on no threshold and counts withheld answers too";
        cards.push(card("ROC AUC", &auc, None, false, what));
    }
    if let Some(precision) = all.ranking.average_precision {
        let what = "Area under the precision-recall curve, by steps, the mean over classes. It depends on no \
                    threshold and counts withheld answers too";
        cards.push(card("Average precision", &precision, None, false, what));
    }
    if let Some(top) = all.probabilities.top_k.iter().rev().find(|top| top.k <= 5) {
        let what = format!(
            "Share of pictures whose class is among the {} most probable",
            top.k
        );
        cards.push(card(
            &format!("Top-{} accuracy", top.k),
            &top.accuracy,
            None,
            true,
            &what,
        ));
    }
    cards.push(card(
        "Log loss",
        &all.probabilities.log_loss,
        None,
        false,
        "Mean cross-entropy per picture, in nats: lower is better",
    ));
    cards.push(card(
        "Brier score",
        &all.probabilities.brier_score,
        None,
        false,
        "Mean squared distance of the probabilities from the truth: lower is better",
    ));
    let pairs = kept_pairs(source.probabilities(choices), answers);
    let reliability = evaluation::Reliability::from_pairs(pairs, evaluation::calibration::BINS);
    cards.push(without_interval(
        "Calibration error",
        format!("{:.1} %", reliability.expected_error * 100.0),
        "Expected calibration error (ECE, 15 bins): the mean distance of confidence and accuracy. No interval is \
         given, because a bootstrap of it is biased upward",
    ));
    cards
}
