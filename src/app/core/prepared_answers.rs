//! A run's answers on one part of its pictures, prepared so that sliders move at once, and what a person has set of them.

use std::sync::Arc;

use crate::evaluation::{
    Answer, CalibrationScores, ClassOrder, Decision, Evaluation, Predictions, RejectionCurve,
    TemperatureFit, Threshold, positive_class,
};

/// What a cell's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Shown {
    #[default]
    Counts,
    /// Share of the pictures of the true class.
    ByRow,
    /// Share of the pictures of the predicted class.
    ByColumn,
    /// Pictures more or less than in another run.
    Change,
}

/// What a person has set, and the body depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choices {
    pub shown: Shown,
    pub order: ClassOrder,
    /// The class that curves are about; of two, the positive one. The rarer of two while absent.
    pub class: Option<usize>,
    /// From which probability on the positive of two classes is answered.
    pub threshold: f64,
    /// Answers below this confidence are withheld.
    pub reject_below: f64,
    pub use_temperature: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            shown: Shown::Counts,
            order: ClassOrder::Label,
            class: None,
            threshold: 0.5,
            reject_below: 0.0,
            use_temperature: false,
        }
    }
}

/// What intervals depend on: a part of a run's pictures, the probabilities and the decision.
#[derive(Debug, Clone)]
pub struct IntervalsKey {
    pub predictions: Arc<Predictions>,
    pub decision: Decision,
}

impl IntervalsKey {
    /// All numbers of the answers that are given, with every interval. Takes up to a second or two
    /// for 50,000 pictures.
    pub fn evaluate(&self) -> Evaluation {
        Evaluation::new(&self.decision.given(&self.predictions), &self.decision)
    }
}

impl PartialEq for IntervalsKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.predictions, &other.predictions) && self.decision == other.decision
    }
}

/// Everything that the body is made of but the choices. Made away from the frame, once per part of a
/// run's pictures.
#[derive(Debug, Clone)]
pub struct PreparedAnswers {
    pub(in crate::app) plain: AtTemperature,
    /// Under the plain decision, with every interval.
    pub evaluation: Arc<Evaluation>,
    pub fit: Option<TemperatureFit>,
    /// The same answers at the fitted temperature.
    tempered: Option<AtTemperature>,
    /// Without and with the temperature.
    pub(in crate::app) effect: Option<[CalibrationScores; 2]>,
    /// The class that curves are about until another is chosen; of two, the positive one.
    class: usize,
}

/// Answers at one temperature, with what costs a pass over all probabilities worked out.
#[derive(Debug, Clone)]
pub(in crate::app) struct AtTemperature {
    pub(in crate::app) predictions: Arc<Predictions>,
    /// The most probable classes, none withheld.
    answers: Vec<Answer>,
    pub(in crate::app) rejection: RejectionCurve,
}

impl AtTemperature {
    fn new(predictions: Arc<Predictions>) -> Self {
        let decision = Decision::default();
        Self {
            answers: decision.answers(&predictions),
            rejection: RejectionCurve::new(&predictions, &decision),
            predictions,
        }
    }
}

impl PreparedAnswers {
    pub fn new(
        predictions: Arc<Predictions>,
        evaluation: Arc<Evaluation>,
        fit: Option<TemperatureFit>,
    ) -> Self {
        let tempered = fit
            .map(|fit| AtTemperature::new(Arc::new(predictions.at_temperature(fit.temperature))));
        let effect = fit.map(|fit| {
            [1.0, fit.temperature]
                .map(|temperature| CalibrationScores::new(&predictions, temperature))
        });
        let class = if predictions.classes.len() == 2 {
            let of = |class| {
                predictions
                    .rows
                    .iter()
                    .filter(move |row| row.truth == class)
            };
            positive_class(of(0).count(), of(1).count())
        } else {
            1
        };
        Self {
            class,
            plain: AtTemperature::new(predictions),
            evaluation,
            fit,
            tempered,
            effect,
        }
    }

    pub fn predictions(&self) -> &Arc<Predictions> {
        &self.plain.predictions
    }

    pub(in crate::app) fn prepared(&self, choices: &Choices) -> &AtTemperature {
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
    pub(in crate::app) fn answers(prepared: &AtTemperature, decision: &Decision) -> Vec<Answer> {
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

    pub(in crate::app) fn class(&self, choices: &Choices) -> usize {
        let last = self.predictions().classes.len().saturating_sub(1);
        choices.class.unwrap_or(self.class).min(last)
    }

    /// Whether the intervals that came with the run hold under the choices.
    pub fn is_plain(&self, choices: &Choices) -> bool {
        choices.threshold == 0.5 && choices.reject_below == 0.0 && !choices.use_temperature
    }
}
