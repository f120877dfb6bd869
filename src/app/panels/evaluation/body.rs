//! What an evaluation says under the choices of the moment.

use std::sync::Arc;

use super::super::format;
use super::super::matrix::MatrixView;
use super::Choices;
use super::view::{
    Bin, Card, Coverage, Curve, DecisionView, EvaluationBody, Reliability, ReportLine, Temperature,
    TopConfusion,
};
use crate::evaluation::{
    self, Answer, AnswerScores, CalibrationScores, ClassReport, ConfusionMatrix, Decision,
    Evaluation, IntervalMethod, Prediction, Predictions, Ranking, RejectionCurve, Score,
    TemperatureFit, Threshold,
};

/// Points of a curve that are drawn, at most.
const MOST_POINTS: usize = 400;
/// Curves of other classes that are drawn, at most: more are a tangle.
const MOST_OTHERS: usize = 10;
/// Confusions that are listed.
const CONFUSIONS: usize = 8;

/// Everything that the body is made of but the choices. Made away from the frame, once per part of a
/// run's pictures.
#[derive(Debug, Clone)]
pub struct Source {
    plain: Prepared,
    /// Under the plain decision, with every interval.
    pub evaluation: Arc<Evaluation>,
    pub fit: Option<TemperatureFit>,
    /// The same answers at the fitted temperature.
    tempered: Option<Prepared>,
    /// Without and with the temperature.
    effect: Option<[CalibrationScores; 2]>,
}

/// Answers at one temperature, with what costs a pass over all probabilities worked out.
#[derive(Debug, Clone)]
struct Prepared {
    predictions: Arc<Predictions>,
    /// The most probable classes, none withheld.
    answers: Vec<Answer>,
    rejection: RejectionCurve,
}

impl Prepared {
    fn new(predictions: Arc<Predictions>) -> Self {
        let decision = Decision::default();
        Self {
            answers: decision.answers(&predictions),
            rejection: RejectionCurve::new(&predictions, &decision),
            predictions,
        }
    }
}

impl Source {
    pub fn new(
        predictions: Arc<Predictions>,
        evaluation: Arc<Evaluation>,
        fit: Option<TemperatureFit>,
    ) -> Self {
        let tempered =
            fit.map(|fit| Prepared::new(Arc::new(predictions.at_temperature(fit.temperature))));
        let effect = fit.map(|fit| {
            [1.0, fit.temperature]
                .map(|temperature| CalibrationScores::new(&predictions, temperature))
        });
        Self {
            plain: Prepared::new(predictions),
            evaluation,
            fit,
            tempered,
            effect,
        }
    }

    pub fn predictions(&self) -> &Arc<Predictions> {
        &self.plain.predictions
    }

    fn prepared(&self, choices: &Choices) -> &Prepared {
        match &self.tempered {
            Some(tempered) if choices.use_temperature => tempered,
            _ => &self.plain,
        }
    }

    /// The answers' probabilities under the choices.
    pub fn probabilities(&self, choices: &Choices) -> &Arc<Predictions> {
        &self.prepared(choices).predictions
    }

    /// Every answer under a decision. Only a threshold needs the probabilities again, and has but two
    /// classes: a slider moves at once over tens of thousands of pictures.
    fn answers(prepared: &Prepared, decision: &Decision) -> Vec<Answer> {
        if decision.threshold.is_some() {
            return decision.answers(&prepared.predictions);
        }
        prepared
            .answers
            .iter()
            .map(|answer| Answer {
                is_rejected: answer.confidence < decision.reject_below,
                ..*answer
            })
            .collect()
    }

    /// The decision that the choices stand for, on probabilities that are tempered already.
    pub fn decision(&self, choices: &Choices) -> Decision {
        let positive = self.class(choices) as u32;
        let threshold = (self.predictions().classes.len() == 2 && choices.threshold != 0.5)
            .then_some(Threshold {
                positive,
                at_least: choices.threshold,
            });
        Decision {
            temperature: 1.0,
            threshold,
            reject_below: choices.reject_below,
        }
    }

    fn class(&self, choices: &Choices) -> usize {
        // scikit-learn counts the second of two classes as positive.
        let last = self.predictions().classes.len().saturating_sub(1);
        choices.class.unwrap_or(1).min(last)
    }

    /// Whether the intervals that came with the run hold under the choices.
    pub fn is_plain(&self, choices: &Choices) -> bool {
        choices.threshold == 0.5 && choices.reject_below == 0.0 && !choices.use_temperature
    }
}

/// Builds the body; `intervals` are those of [`Evaluation::new`] on [`Source::probabilities`] and
/// [`Source::decision`], once they are there.
pub fn build(
    source: &Source,
    choices: &Choices,
    intervals: Option<&Evaluation>,
    stamp: u64,
) -> EvaluationBody {
    let decision = source.decision(choices);
    let prepared = source.prepared(choices);
    let predictions = &prepared.predictions;
    let answers = Source::answers(prepared, &decision);
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
    let ranking = ranking(source, predictions, &answers, choices, class);
    EvaluationBody {
        total,
        kept,
        cards: cards(source, choices, &scores, intervals, &answers),
        matrix,
        confusions: confusions(&scores),
        report: report(&scores, &order),
        averages: averages(&scores),
        classes: scores.confusion.classes.clone(),
        class,
        roc: roc(&ranking, &scores, class),
        precision_recall: precision_recall(&ranking, &scores, class),
        reliability: reliability(source, choices, predictions, &answers),
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
}

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

fn cards(
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
                    "{} of {truth} taken for {predicted}: {} of the class",
                    format::plural(confusion.count, "picture", "pictures"),
                    format::percent(confusion.share)
                ),
                count: confusion.count,
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

/// One class's curves and those of others beside it.
struct Curves {
    own: Option<evaluation::ClassRanking>,
    others: Vec<(String, evaluation::ClassRanking)>,
}

/// The curves of the pictures whose answer is given. Without rejection they stand ready; otherwise
/// those of the chosen class are worked out anew.
fn ranking(
    source: &Source,
    predictions: &Predictions,
    answers: &[Answer],
    choices: &Choices,
    class: usize,
) -> Curves {
    if choices.reject_below > 0.0 || choices.use_temperature {
        let rows = predictions
            .rows
            .iter()
            .zip(answers)
            .filter(|(_, answer)| !answer.is_rejected)
            .map(|(row, _)| {
                let probability = row.probabilities.get(class).copied().unwrap_or(0.0);
                Prediction {
                    file: String::new(),
                    truth: u32::from(row.truth as usize != class),
                    probabilities: vec![probability, 1.0 - probability],
                }
            })
            .collect();
        let one = Predictions {
            classes: vec!["class".into(), "rest".into()],
            rows,
        };
        return Curves {
            own: Ranking::new(&one).classes.into_iter().next(),
            others: Vec::new(),
        };
    }
    let all = &source.evaluation.ranking.classes;
    let classes = &source.predictions().classes;
    let others = if (3..=MOST_OTHERS).contains(&classes.len()) {
        all.iter()
            .filter(|ranking| ranking.class as usize != class)
            .map(|ranking| (classes[ranking.class as usize].clone(), ranking.clone()))
            .collect()
    } else {
        Vec::new()
    };
    Curves {
        own: all.get(class).cloned(),
        others,
    }
}

/// Points for drawing: not more than a screen shows, ends kept.
fn thin(x: &[f64], y: &[f64]) -> Vec<[f64; 2]> {
    let n = x.len();
    if n <= MOST_POINTS {
        return x.iter().zip(y).map(|(&x, &y)| [x, y]).collect();
    }
    (0..MOST_POINTS)
        .map(|point| point * (n - 1) / (MOST_POINTS - 1))
        .map(|place| [x[place], y[place]])
        .collect()
}

/// True positives, false negatives, false positives and true negatives of one class.
fn quarters(scores: &AnswerScores, class: usize) -> [f64; 4] {
    let confusion = &scores.confusion;
    let right = confusion.counts[class][class];
    let (truths, predictions) = (confusion.truths(class), confusion.predictions(class));
    let rest = confusion.total() + right - truths - predictions;
    [right, truths - right, predictions - right, rest].map(|count| count as f64)
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

const ABSENT: &str = "No curve: the class has no pictures here, or there are no others.";

fn roc(curves: &Curves, scores: &AnswerScores, class: usize) -> Curve {
    let Some((curve, area)) = curves
        .own
        .as_ref()
        .and_then(|own| Some((&own.roc, own.roc.area?)))
    else {
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
            .map(|(name, other)| (name.clone(), points(&other.roc)))
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

fn precision_recall(curves: &Curves, scores: &AnswerScores, class: usize) -> Curve {
    let Some((curve, area)) = curves.own.as_ref().and_then(|own| {
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
            .map(|(name, other)| (name.clone(), points(&other.precision_recall)))
            .collect(),
        area: format!("AP {area:.3}"),
        area_tooltip: "Average precision: the area under the curve, by steps".into(),
        at: (tp + fp > 0.0).then(|| [share(tp, tp + fn_), share(tp, tp + fp)]),
        chance: vec![[0.0, level], [1.0, level]],
        absent: None,
    }
}

/// Confidence and rightness of the answers that are given.
fn kept_pairs<'a>(
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

fn reliability(
    source: &Source,
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
        let answers = Source::answers(&source.plain, &decision);
        let pairs = kept_pairs(source.predictions(), &answers);
        bins(&evaluation::Reliability::from_pairs(pairs, count))
    });
    Reliability {
        bins: bins(&now),
        before,
        error: format!("ECE {:.1} %", now.expected_error * 100.0),
    }
}

fn coverage(rejection: &RejectionCurve, choices: &Choices) -> Coverage {
    let now = rejection.at(choices.reject_below);
    let mut points: Vec<[f64; 2]> = rejection
        .points(MOST_POINTS / 2)
        .iter()
        .map(|scores| [scores.coverage, scores.accuracy.value])
        .collect();
    points.reverse();
    Coverage {
        points,
        at: [now.coverage, now.accuracy.value],
    }
}

fn temperature(source: &Source, choices: &Choices) -> Option<Temperature> {
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
            ". It could not be fitted: too few validation pictures, or none that was answered wrong",
        );
    }
    Some(Temperature {
        value: format!("{:.2}", fit.temperature),
        effect,
        applied: choices.use_temperature,
    })
}

fn decision_view(
    source: &Source,
    choices: &Choices,
    scores: &AnswerScores,
    class: usize,
    total: usize,
    kept: usize,
) -> DecisionView {
    let classes = &source.predictions().classes;
    let positive = (classes.len() == 2).then(|| classes[class].clone());
    let mut parts = Vec::new();
    if kept < total {
        parts.push(format!(
            "{} of {} answered ({}), {} left to a person",
            format::count(kept as u64),
            format::plural(total as u64, "picture", "pictures"),
            format::percent(share(kept as f64, total as f64)),
            format::count((total - kept) as u64)
        ));
    } else {
        parts.push(format!(
            "All {} answered",
            format::plural(total as u64, "picture", "pictures")
        ));
    }
    parts.push(format!("{} right", format::percent(scores.accuracy.value)));
    if let Some(positive) = &positive {
        let [tp, fn_, fp, _] = quarters(scores, class);
        parts.push(format!(
            "{} of {} {positive} found, {} false alarms",
            format::count(tp as u64),
            format::count((tp + fn_) as u64),
            format::count(fp as u64)
        ));
    }
    if let Some(temperature) = temperature(source, choices).filter(|_| choices.use_temperature) {
        parts.push(temperature.effect);
    }
    DecisionView {
        positive,
        least: 1.0 / classes.len().max(1) as f64,
        sentence: parts.join("; "),
    }
}
