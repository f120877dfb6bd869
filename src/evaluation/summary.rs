//! Everything that one set of answers says, in one structure.

use serde::Serialize;

use super::calibration::{BINS, CalibrationScores, Reliability};
use super::loss::top_k_correct;
use super::{
    ClassificationReport, ConfidenceCounts, Confusion, ConfusionMatrix, Decision, Predictions,
    Ranking, Score, Tally, brier_score, by_group, groups, log_loss, resampled,
};
use crate::format;

/// Of top-k accuracy, as far as there are more classes.
const TOP_K: [usize; 4] = [2, 3, 5, 10];
/// Confusions that are listed.
const CONFUSIONS: usize = 20;

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
    /// Where pictures belong together: the intervals of all scores are of groups then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupScores>,
}

/// What is known of groups beside the scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GroupScores {
    pub groups: usize,
    /// What the interval would be if every picture counted by itself: too narrow where those of a group are alike.
    pub accuracy_by_picture: Score,
}

impl GroupScores {
    /// Nothing where pictures have no groups.
    pub fn new(predictions: &Predictions) -> Option<Self> {
        let numbers = by_group::numbers(predictions)?;
        let right = predictions.rows.iter().filter(|row| row.is_correct());
        Some(Self {
            groups: groups::count(&numbers),
            accuracy_by_picture: Score::share(right.count() as u64, numbers.len() as u64),
        })
    }

    /// What a reader of the intervals must know, as whole sentences.
    pub fn remark(&self) -> String {
        let by_picture = (self.accuracy_by_picture.interval).map_or_else(String::new, |interval| {
            format!(
                " Counted picture by picture, that of the accuracy would be {}, which is too narrow.",
                format::percent_interval(interval.low, interval.high)
            )
        });
        format!(
            "The pictures are of {}, and those of one group are right or wrong together: the intervals are of groups.{by_picture}",
            format::count(self.groups, "group", "groups")
        )
    }
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
        resampled::add_intervals(&mut evaluation, predictions);
        evaluation.groups = GroupScores::new(predictions);
        evaluation
    }

    /// All numbers, but only those intervals that cost nothing (Wilson's, where pictures have no groups).
    pub fn without_bootstrap(predictions: &Predictions, decision: &Decision) -> Self {
        Self {
            pictures: predictions.rows.len() as u64,
            classes: predictions.classes.clone(),
            answers: AnswerScores::new(predictions, decision),
            probabilities: ProbabilityScores::new(predictions),
            ranking: Ranking::new(predictions),
            reliability: Reliability::new(predictions, decision.temperature, BINS),
            confidence: ConfidenceCounts::new(predictions, decision),
            groups: None,
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
}

impl AnswerScores {
    /// Without the bootstrap: one pass over the pictures.
    pub fn new(predictions: &Predictions, decision: &Decision) -> Self {
        let pictures = predictions.rows.len() as u64;
        Self::from_confusion(decision.confusion(predictions), pictures, decision)
            .of_groups(predictions)
    }

    /// Without the interval of the accuracy that counts picture by picture, where any of `predictions`' pictures has a group:
    /// that other pictures of the run have some says nothing of these.
    pub fn of_groups(mut self, predictions: &Predictions) -> Self {
        if predictions.has_groups() {
            self.accuracy = Score::bare(self.accuracy.value);
        }
        self
    }

    /// The same with the intervals of all scores.
    pub fn with_bootstrap(predictions: &Predictions, decision: &Decision) -> Self {
        let mut scores = Self::new(predictions, decision);
        resampled::add_answer_intervals(&mut scores, predictions);
        scores
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
