//! What an evaluation says under the choices of the moment.

use super::given::Given;
use super::headline::headline;
use super::numbers::cards;
use super::plots::{coverage, curves, precision_recall, quarters, reliability, roc, share};
use super::view::{DecisionView, EvaluationBody, ReportLine, Temperature, TopConfusion};
use crate::app::core::prepared_answers::Choices;
use crate::app::core::prepared_answers::PreparedAnswers;
use crate::app::ui::matrix::MatrixView;
use crate::evaluation::{
    Answer, AnswerScores, ClassReport, ConfusionMatrix, Decision, Evaluation, Predictions,
    RejectionCurve,
};
use crate::format;

/// Confusions that are listed.
const CONFUSIONS: usize = 8;

/// Builds the body; `intervals` are those of [`Evaluation::new`] on [`PreparedAnswers::probabilities`] and
/// [`PreparedAnswers::decision`], once they are there.
pub fn build(
    source: &PreparedAnswers,
    choices: &Choices,
    intervals: Option<&Evaluation>,
    stamp: u64,
) -> EvaluationBody {
    let decision = source.decision(choices);
    let prepared = source.prepared(choices);
    let predictions = &prepared.predictions;
    let answers = PreparedAnswers::answers(prepared, &decision);
    let scores = scores(predictions, &decision, &answers);
    let class = source.class(choices);
    let intervals = intervals.or_else(|| {
        source
            .is_plain(choices)
            .then_some(source.evaluation.as_ref())
    });
    let total = predictions.rows.len();
    let kept = scores.confusion.total() as usize;
    let order = scores.confusion.order(choices.order);
    let counts = &scores.confusion.counts;
    let matrix = MatrixView::new(
        &scores.confusion.classes,
        &order,
        choices.shown,
        stamp,
        |row, column| i64::try_from(counts[row][column]).unwrap_or(i64::MAX),
    );
    let sorted;
    let rejection = if decision.threshold.is_some() {
        sorted = RejectionCurve::new(predictions, &decision);
        &sorted
    } else {
        &prepared.rejection
    };
    let given = Given::new(source, choices, intervals, &decision);
    let curves = curves(given.ranking(), &predictions.classes, class);
    let reliability = reliability(source, choices, predictions, &answers);
    EvaluationBody {
        total,
        kept,
        headline: headline(&scores, &given),
        cards: cards(&scores, &given, &reliability.error),
        matrix,
        confusions: confusions(&scores),
        report: report(&scores, &order),
        averages: averages(&scores),
        classes: scores.confusion.classes.clone(),
        class,
        roc: roc(&curves, &scores, class),
        precision_recall: precision_recall(&curves, &scores, class),
        reliability,
        coverage: coverage(rejection, choices),
        temperature: temperature(source, choices),
        decision: decision_view(source, choices, &scores, class, total, kept),
    }
}

/// [`AnswerScores::new`] on answers that are there already.
fn scores(predictions: &Predictions, decision: &Decision, answers: &[Answer]) -> AnswerScores {
    let pairs = predictions
        .rows
        .iter()
        .zip(answers)
        .filter(|(_, answer)| !answer.is_rejected)
        .map(|(row, answer)| (row.truth, answer.class));
    AnswerScores::from_confusion(
        ConfusionMatrix::from_pairs(predictions.classes.clone(), pairs),
        predictions.rows.len() as u64,
        decision,
    )
    .of_groups(predictions)
}

fn confusions(scores: &AnswerScores) -> Vec<TopConfusion> {
    let classes = &scores.confusion.classes;
    let most = scores
        .top_confusions
        .first()
        .map_or(1, |confusion| confusion.count.max(1));
    scores
        .top_confusions
        .iter()
        .take(CONFUSIONS)
        .map(|confusion| {
            let (truth, predicted) = (
                classes[confusion.truth as usize].clone(),
                classes[confusion.predicted as usize].clone(),
            );
            TopConfusion {
                sentence: format!(
                    "{} of {truth} predicted as {predicted}: {} of the class",
                    format::plural(confusion.count, "picture", "pictures"),
                    format::percent(confusion.share)
                ),
                count: confusion.count,
                share: format::percent(confusion.share),
                weight: (confusion.count * 1000 / most) as u32,
                truth,
                predicted,
            }
        })
        .collect()
}

fn line(class: &ClassReport) -> ReportLine {
    ReportLine {
        name: class.name.clone(),
        precision: class.precision,
        recall: class.recall,
        f1: class.f1,
        support: class.support,
    }
}

/// Lines in the order of the matrix; classes that occur nowhere have none, as in scikit-learn.
fn report(scores: &AnswerScores, order: &[usize]) -> Vec<ReportLine> {
    let mut lines: Vec<Option<ReportLine>> = vec![None; scores.confusion.classes.len()];
    let mut left = scores.report.classes.iter();
    let mut next = left.next();
    for (class, name) in scores.confusion.classes.iter().enumerate() {
        if let Some(found) = next
            && found.name == *name
        {
            lines[class] = Some(line(found));
            next = left.next();
        }
    }
    order
        .iter()
        .filter_map(|&class| lines[class].take())
        .collect()
}

fn averages(scores: &AnswerScores) -> Vec<ReportLine> {
    [
        ("Macro average", &scores.report.macro_average),
        ("Weighted average", &scores.report.weighted_average),
    ]
    .map(|(name, class)| ReportLine {
        name: name.into(),
        ..line(class)
    })
    .to_vec()
}

fn temperature(source: &PreparedAnswers, choices: &Choices) -> Option<Temperature> {
    let (fit, [before, after]) = (source.fit?, source.effect?);
    let mut effect = format!(
        "On these pictures: calibration error {:.1} → {:.1} %, log loss {:.3} → {:.3}, mean confidence {:.1} → {:.1} %",
        before.expected_error * 100.0,
        after.expected_error * 100.0,
        before.log_loss,
        after.log_loss,
        before.mean_confidence * 100.0,
        after.mean_confidence * 100.0
    );
    if fit.is_at_bound {
        effect.push_str(
            ". It could not be fitted: there are too few validation pictures, or all of them are classified correctly",
        );
    }
    Some(Temperature {
        value: format!("{:.2}", fit.temperature),
        effect,
        applied: choices.use_temperature,
    })
}

fn decision_view(
    source: &PreparedAnswers,
    choices: &Choices,
    scores: &AnswerScores,
    class: usize,
    total: usize,
    kept: usize,
) -> DecisionView {
    let classes = &source.predictions().classes;
    let positive = (classes.len() == 2).then(|| classes[class].clone());
    let mut parts = Vec::new();
    let pictures = format::plural(total as u64, "picture", "pictures");
    let correct = format::percent(scores.accuracy.value);
    parts.push(match kept {
        0 => format!(
            "None of {pictures} classified: every prediction is below the confidence threshold"
        ),
        _ if kept < total => format!(
            "{} of {pictures} classified ({}), {correct} of them correctly; {} rejected",
            format::thousands(kept as u64),
            format::percent(share(kept as f64, total as f64)),
            format::thousands((total - kept) as u64)
        ),
        _ => format!("All {pictures} classified, {correct} of them correctly"),
    });
    if let Some(positive) = &positive {
        let [tp, fn_, fp, _] = quarters(scores, class);
        parts.push(format!(
            "{positive}: {} of {} found, {}",
            format::thousands(tp as u64),
            format::thousands((tp + fn_) as u64),
            format::plural(fp as u64, "false positive", "false positives")
        ));
    }
    let mut sentence = parts.join("; ");
    if let Some(temperature) = temperature(source, choices).filter(|_| choices.use_temperature) {
        sentence = format!("{sentence}. {}", temperature.effect);
    }
    DecisionView {
        positive,
        least: 1.0 / classes.len().max(1) as f64,
        sentence,
    }
}
