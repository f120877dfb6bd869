//! Further scores of an evaluation, in words: value, interval and what both mean.

use super::given::Given;
use super::view::Card;
use crate::evaluation::{AnswerScores, Evaluation, IntervalMethod, Score};
use crate::format;

/// Stands for an interval that there is none of.
pub(super) const NO_INTERVAL: &str = "no interval";

/// A score's numbers for a card: shares in per cent, others with three digits.
pub(super) fn card(label: &str, score: &Score, share: bool, what: &str) -> Card {
    let value = score.value;
    let write = |value: f64| {
        if share {
            format!("{:.1}", value * 100.0)
        } else {
            format::score(value)
        }
    };
    let unit = if share { " %" } else { "" };
    let (interval, how) = match score.interval {
        Some(interval) => (
            format!("{} – {}{unit}", write(interval.low), write(interval.high)),
            format!("95 % interval ({})", method(score.method)),
        ),
        None => match score.why_no_interval() {
            Some(reason) => (NO_INTERVAL.into(), reason),
            None => ("…".into(), "The 95 % interval is being computed".into()),
        },
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

pub(super) fn cards(scores: &AnswerScores, given: &Given<'_>, calibration: &str) -> Vec<Card> {
    let (all, intervals) = (given.evaluation(), given.with_intervals());
    // A score of the moment takes its interval from the bootstrap as soon as that is done.
    let pick = |live: Score, of: &dyn Fn(&Evaluation) -> Score| intervals.map_or(live, of);
    let mut cards = vec![
        card(
            "Balanced accuracy",
            &pick(scores.balanced_accuracy, &|all| {
                all.answers.balanced_accuracy
            }),
            true,
            "Recall averaged over classes, each counting the same",
        ),
        card(
            "Cohen's kappa",
            &pick(scores.cohen_kappa, &|all| all.answers.cohen_kappa),
            false,
            "Agreement beyond what the classes' shares give by chance: 0 is chance, 1 is perfect",
        ),
        card(
            "Matthews correlation",
            &pick(scores.matthews_correlation, &|all| {
                all.answers.matthews_correlation
            }),
            false,
            "The correlation of true and predicted class: 0 is chance, 1 is perfect",
        ),
    ];
    let Some(all) = all else {
        cards.push(without_interval(
            "ROC AUC and others",
            "…".into(),
            "Scores of the probabilities are computed once the slider rests",
        ));
        return cards;
    };
    if let Some(auc) = all.ranking.roc_auc {
        let what = "Area under the ROC curve, the mean over classes: how often a picture of the class gets a higher \
                    probability than one of another. It depends on no threshold";
        cards.push(card("ROC AUC", &auc, false, what));
    }
    if let Some(precision) = all.ranking.average_precision {
        let what = "Area under the precision-recall curve, by steps, the mean over classes. It depends on no threshold";
        cards.push(card("Average precision", &precision, false, what));
    }
    if let Some(top) = all.probabilities.top_k.iter().rev().find(|top| top.k <= 5) {
        let what = format!(
            "Share of pictures whose class is among the {} most probable",
            top.k
        );
        let label = format!("Top-{} accuracy", top.k);
        cards.push(card(&label, &top.accuracy, true, &what));
    }
    cards.push(card(
        "Log loss",
        &all.probabilities.log_loss,
        false,
        "Mean cross-entropy per picture (natural logarithm): lower is better",
    ));
    cards.push(card(
        "Brier score",
        &all.probabilities.brier_score,
        false,
        "Mean squared distance of the probabilities from the truth: lower is better",
    ));
    cards.push(without_interval(
        "Calibration error",
        calibration.to_owned(),
        "Expected calibration error (ECE, 15 bins): the mean distance of confidence and accuracy. No interval is \
         given, because a bootstrap of it is biased upward",
    ));
    cards
}
