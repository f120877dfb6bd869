//! A run's answers on one part of its pictures, prepared so that sliders move at once.

use std::sync::Arc;

use super::Choices;
use crate::evaluation::{
    Answer, CalibrationScores, Decision, Evaluation, Predictions, RejectionCurve, TemperatureFit,
    Threshold, positive_class,
};

/// Everything that the body is made of but the choices. Made away from the frame, once per part of a
/// run's pictures.
#[derive(Debug, Clone)]
pub struct Source {
    pub(super) plain: Prepared,
    /// Under the plain decision, with every interval.
    pub evaluation: Arc<Evaluation>,
    pub fit: Option<TemperatureFit>,
    /// The same answers at the fitted temperature.
    tempered: Option<Prepared>,
    /// Without and with the temperature.
    pub(super) effect: Option<[CalibrationScores; 2]>,
    /// The class that curves are about until another is chosen; of two, the positive one.
    class: usize,
}

/// Answers at one temperature, with what costs a pass over all probabilities worked out.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) predictions: Arc<Predictions>,
    /// The most probable classes, none withheld.
    answers: Vec<Answer>,
    pub(super) rejection: RejectionCurve,
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

    pub(super) fn prepared(&self, choices: &Choices) -> &Prepared {
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
    pub(super) fn answers(prepared: &Prepared, decision: &Decision) -> Vec<Answer> {
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

    pub(super) fn class(&self, choices: &Choices) -> usize {
        let last = self.predictions().classes.len().saturating_sub(1);
        choices.class.unwrap_or(self.class).min(last)
    }

    /// Whether the intervals that came with the run hold under the choices.
    pub fn is_plain(&self, choices: &Choices) -> bool {
        choices.threshold == 0.5 && choices.reject_below == 0.0 && !choices.use_temperature
    }
}
