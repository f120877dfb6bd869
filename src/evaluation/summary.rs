//! Everything that one set of answers says, in one structure.

use serde::Serialize;

use super::calibration::{BINS, CalibrationScores, Reliability};
use super::loss::{row_brier, row_loss, top_k_correct};
use super::ranking::{Order, mean};
use super::{
    ClassificationReport, ConfidenceCounts, Confusion, ConfusionMatrix, Decision, Interval,
    Predictions, Ranking, Score, Tally, all_right, bootstrap, brier_score, log_loss,
};

/// Of top-k accuracy, as far as there are more classes.
const TOP_K: [usize; 4] = [2, 3, 5, 10];
/// Confusions that are listed.
const CONFUSIONS: usize = 20;
/// Draws every bootstrap.
const SEED: u64 = 0x6772_6166_7400;

/// All numbers of one run on one split.
///
/// Scores of answers ([`AnswerScores`]) follow the decision; those of probabilities and the curves
/// are of the probabilities as they are stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    pub pictures: u64,
    pub classes: Vec<String>,
    pub answers: AnswerScores,
    pub probabilities: ProbabilityScores,
    pub ranking: Ranking,
    pub reliability: Reliability,
    pub confidence: ConfidenceCounts,
}

/// What was right and wrong under one decision. Only answers that are given count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerScores {
    pub decision: Decision,
    /// Share of the pictures that get an answer.
    pub coverage: f64,
    pub accuracy: Score,
    pub balanced_accuracy: Score,
    pub macro_f1: Score,
    pub weighted_f1: Score,
    pub cohen_kappa: Score,
    pub matthews_correlation: Score,
    pub report: ClassificationReport,
    pub confusion: ConfusionMatrix,
    /// Most frequent first.
    pub top_confusions: Vec<Confusion>,
}

/// How good the probabilities are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbabilityScores {
    /// In nats per picture.
    pub log_loss: Score,
    pub brier_score: Score,
    pub top_k: Vec<TopK>,
    pub calibration: CalibrationScores,
    /// The interval of [`CalibrationScores::expected_error`] is not given: a bootstrap of it is
    /// biased upward, and few pictures make it large by themselves.
    pub bins: usize,
}

/// The share of pictures whose class is among the `k` most probable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TopK {
    pub k: usize,
    pub accuracy: Score,
}

impl Evaluation {
    /// All numbers with all intervals. Costs up to a second or two for 50,000 pictures, most of it
    /// for the bootstrap.
    pub fn new(predictions: &Predictions, decision: &Decision) -> Self {
        let mut evaluation = Self::without_bootstrap(predictions, decision);
        evaluation.add_bootstrap(predictions);
        evaluation
    }

    /// All numbers, but only those intervals that cost nothing (Wilson's).
    pub fn without_bootstrap(predictions: &Predictions, decision: &Decision) -> Self {
        Self {
            pictures: predictions.rows.len() as u64,
            classes: predictions.classes.clone(),
            answers: AnswerScores::new(predictions, decision),
            probabilities: ProbabilityScores::new(predictions),
            ranking: Ranking::new(predictions),
            reliability: Reliability::new(predictions, decision.temperature, BINS),
            confidence: ConfidenceCounts::new(predictions, decision),
        }
    }

    /// Follows a slider: what depends on the decision is worked out anew, without the bootstrap, in
    /// one pass over the pictures. `predictions` are those that this was made of.
    pub fn set_decision(&mut self, predictions: &Predictions, decision: &Decision) {
        if self.answers.decision.temperature != decision.temperature {
            self.reliability = Reliability::new(predictions, decision.temperature, BINS);
        }
        self.answers = AnswerScores::new(predictions, decision);
        self.confidence = ConfidenceCounts::new(predictions, decision);
    }

    fn add_bootstrap(&mut self, predictions: &Predictions) {
        let classes = predictions.classes.len();
        let answers = self.answers.decision.answers(predictions);
        let cells: Vec<Option<(u32, u32)>> = answers
            .iter()
            .zip(&predictions.rows)
            .map(|(answer, row)| (!answer.is_rejected).then_some((row.truth, answer.class)))
            .collect();
        let rows = &predictions.rows;
        let losses: Vec<f64> = rows.iter().map(|row| row_loss(row, 1.0)).collect();
        let briers: Vec<f64> = rows.iter().map(|row| row_brier(row, 1.0)).collect();
        let ranked = Ranking::resamples(rows.len(), classes);
        let orders: Vec<Order> = if ranked > 0 {
            (0..classes as u32)
                .map(|class| Order::new(predictions, class))
                .collect()
        } else {
            Vec::new()
        };
        if rows.is_empty() {
            return;
        }
        let mut draws = Draws::default();
        let mut tally = Tally::empty(classes);
        bootstrap::resample(rows.len(), bootstrap::RESAMPLES, SEED, |draw, counts| {
            tally.clear();
            let (mut loss, mut brier) = (0.0, 0.0);
            for (place, &count) in counts.iter().enumerate() {
                if count == 0 {
                    continue;
                }
                if let Some((truth, predicted)) = cells[place] {
                    tally.add(truth, predicted, count.into());
                }
                loss += f64::from(count) * losses[place];
                brier += f64::from(count) * briers[place];
            }
            draws.log_loss.push(loss / rows.len() as f64);
            draws.brier.push(brier / rows.len() as f64);
            if tally.total() > 0 {
                draws.balanced.push(tally.balanced_accuracy());
                draws.macro_f1.push(tally.macro_f1());
                draws.weighted_f1.push(tally.weighted_f1());
                draws.kappa.push(tally.cohen_kappa());
                draws.matthews.push(tally.matthews_correlation());
            }
            if draw < ranked {
                let areas: Vec<(Option<f64>, Option<f64>)> =
                    orders.iter().map(|order| order.areas(counts)).collect();
                draws.roc_auc.extend(mean(areas.iter().map(|area| area.0)));
                draws
                    .average_precision
                    .extend(mean(areas.iter().map(|area| area.1)));
            }
        });
        let scores = &mut self.answers;
        let tested: Vec<u64> = (0..classes)
            .map(|class| scores.confusion.truths(class))
            .collect();
        let exact = all_right(&tested);
        let beyond_chance = exact.map(|exact| beyond_chance(exact, &tested));
        for (score, values, exact) in [
            (&mut scores.balanced_accuracy, &mut draws.balanced, exact),
            (&mut scores.macro_f1, &mut draws.macro_f1, exact),
            (&mut scores.weighted_f1, &mut draws.weighted_f1, exact),
            (&mut scores.cohen_kappa, &mut draws.kappa, beyond_chance),
            (
                &mut scores.matthews_correlation,
                &mut draws.matthews,
                beyond_chance,
            ),
            (&mut self.probabilities.log_loss, &mut draws.log_loss, None),
            (&mut self.probabilities.brier_score, &mut draws.brier, None),
        ] {
            *score = score.with_bootstrap(values, exact);
        }
        let all: Vec<u64> = (0..classes as u32)
            .map(|class| rows.iter().filter(|row| row.truth == class).count() as u64)
            .collect();
        let ranking = std::mem::take(&mut self.ranking);
        self.ranking = ranking.with_bootstrap(
            &mut draws.roc_auc,
            &mut draws.average_precision,
            all_right(&all),
        );
    }
}

/// An interval of accuracies as one of agreement beyond chance, which is kappa's scale: (accuracy - chance) / (1 -
/// chance), with the chance of so many pictures of each class. With one class there is no chance to be beyond.
fn beyond_chance(interval: Interval, pictures: &[u64]) -> Interval {
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

/// One value per sample of each score.
#[derive(Default)]
struct Draws {
    balanced: Vec<f64>,
    macro_f1: Vec<f64>,
    weighted_f1: Vec<f64>,
    kappa: Vec<f64>,
    matthews: Vec<f64>,
    log_loss: Vec<f64>,
    brier: Vec<f64>,
    roc_auc: Vec<f64>,
    average_precision: Vec<f64>,
}

impl AnswerScores {
    /// Without the bootstrap: one pass over the pictures.
    pub fn new(predictions: &Predictions, decision: &Decision) -> Self {
        let pictures = predictions.rows.len() as u64;
        Self::from_confusion(decision.confusion(predictions), pictures, decision)
    }

    /// From the counts of the answers that `decision` gives for so many `pictures`.
    pub fn from_confusion(confusion: ConfusionMatrix, pictures: u64, decision: &Decision) -> Self {
        let tally = Tally::from(&confusion);
        Self {
            decision: *decision,
            coverage: super::confusion::ratio(tally.total(), pictures),
            accuracy: Score::share(tally.correct(), tally.total()),
            balanced_accuracy: Score::bare(tally.balanced_accuracy()),
            macro_f1: Score::bare(tally.macro_f1()),
            weighted_f1: Score::bare(tally.weighted_f1()),
            cohen_kappa: Score::bare(tally.cohen_kappa()),
            matthews_correlation: Score::bare(tally.matthews_correlation()),
            report: ClassificationReport::new(&confusion),
            top_confusions: confusion.top_confusions(CONFUSIONS),
            confusion,
        }
    }
}

impl ProbabilityScores {
    /// Without the bootstrap.
    pub fn new(predictions: &Predictions) -> Self {
        let total = predictions.rows.len() as u64;
        let top_k = TOP_K
            .into_iter()
            .filter(|&k| k < predictions.classes.len())
            .map(|k| TopK {
                k,
                accuracy: Score::share(top_k_correct(predictions, k), total),
            })
            .collect();
        Self {
            log_loss: Score::bare(log_loss(predictions)),
            brier_score: Score::bare(brier_score(predictions)),
            top_k,
            calibration: CalibrationScores::new(predictions, 1.0),
            bins: BINS,
        }
    }
}
