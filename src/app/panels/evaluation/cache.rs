//! Keeps what the evaluation shows while nothing that it is made of changes.

use std::sync::Arc;

use super::Choices;
use super::body;
use super::source::Source;
use super::view::EvaluationBody;
use crate::evaluation::{Decision, Evaluation, Predictions};

/// What intervals depend on: a part of a run's pictures, the probabilities and the decision.
#[derive(Debug, Clone)]
pub struct IntervalsKey {
    pub predictions: Arc<Predictions>,
    pub decision: Decision,
}

impl PartialEq for IntervalsKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.predictions, &other.predictions) && self.decision == other.decision
    }
}

#[derive(Default)]
pub struct EvaluationCache {
    source: Option<Arc<Source>>,
    choices: Option<Choices>,
    /// Whether the body was built with the intervals of the moment.
    with_intervals: bool,
    body: Option<Arc<EvaluationBody>>,
    stamp: u64,
    /// How often the body was built: idle frames build nothing.
    pub builds: usize,
}

impl EvaluationCache {
    /// The body under `choices`, and what intervals it still lacks.
    pub fn body(
        &mut self,
        source: &Arc<Source>,
        choices: &Choices,
        intervals: Option<(&IntervalsKey, &Evaluation)>,
    ) -> (Arc<EvaluationBody>, Option<IntervalsKey>) {
        let key = IntervalsKey {
            predictions: source.probabilities(choices).clone(),
            decision: source.decision(choices),
        };
        let found = intervals
            .filter(|(known, _)| **known == key)
            .map(|(_, evaluation)| evaluation);
        let wanted = (found.is_none() && !source.is_plain(choices)).then_some(key);
        let same = self
            .source
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, source))
            && self.choices.as_ref() == Some(choices)
            && self.with_intervals == found.is_some();
        let body = match &self.body {
            Some(body) if same => body.clone(),
            _ => {
                self.stamp += 1;
                self.builds += 1;
                let body = Arc::new(body::build(source, choices, found, self.stamp));
                self.source = Some(source.clone());
                self.choices = Some(*choices);
                self.with_intervals = found.is_some();
                self.body = Some(body.clone());
                body
            }
        };
        (body, wanted)
    }
}
