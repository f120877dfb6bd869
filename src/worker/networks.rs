//! Questions that run a network, on a thread of their own: they take seconds, and tensors stay there.

use std::path::Path;
use std::sync::Arc;

use super::messages::{Answer, Failure, Question};
use crate::data::{StopFlag, decode};
use crate::experiment::WeightsSource;
use crate::models::{catalogue, speed, weights};
use crate::training::pretrained::{PretrainedNetwork, why_no_classes};

/// Classes that a picture's answer holds.
const TOP: usize = 5;

/// The network that was asked last: the next question is often about another picture of the same.
pub(super) type Last = Option<((String, WeightsSource), PretrainedNetwork)>;

/// `stop` ends a measurement.
pub(super) fn answer(question: &Question, stop: &StopFlag, last: &mut Last) -> Option<Answer> {
    match question.clone() {
        Question::MeasureSpeed { backbone } => {
            // A network at a time in memory.
            *last = None;
            let result = catalogue::find(&backbone)
                .ok_or_else(|| format!("there is no backbone named “{backbone}”").into())
                .and_then(|info| speed::measure(info, stop).map_err(Failure::failed))
                .and_then(|measured| measured.ok_or(Failure::Stopped));
            Some(Answer::Speed { backbone, result })
        }
        Question::ExamineWeights { backbone, base } => {
            let examined = weights::examine(&backbone, base.as_deref());
            Some(Answer::WeightsExamined {
                result: examined
                    .map(Arc::new)
                    .ok_or_else(|| "there is no file of weights, or no such backbone".into()),
                backbone,
            })
        }
        Question::Classify {
            source,
            backbone,
            weights,
            base,
        } => {
            // Before weights are read for nothing.
            let ranked = match catalogue::find(&backbone).and_then(why_no_classes) {
                Some(reason) => Err(reason.into()),
                None => opened(last, &backbone, &weights, base.as_deref()).and_then(|network| {
                    let pixels = decode::decode(&source)?;
                    network.classify(&[pixels], TOP).map_err(Failure::failed)
                }),
            };
            Some(Answer::Classified {
                source,
                backbone,
                result: ranked.map(|mut ranked| ranked.pop().unwrap_or_default()),
            })
        }
        _ => None,
    }
}

/// The network that was asked last, or another in its place.
fn opened<'a>(
    last: &'a mut Last,
    backbone: &str,
    weights: &WeightsSource,
    base: Option<&Path>,
) -> Result<&'a PretrainedNetwork, Failure> {
    let is_asked = |(name, source): &(String, WeightsSource)| name == backbone && source == weights;
    // A network at a time in memory.
    if !last.as_ref().is_some_and(|(key, _)| is_asked(key)) {
        *last = None;
    }
    let network = match last.take() {
        Some((_, network)) => network,
        None => PretrainedNetwork::open(backbone, weights, base, tch::Device::Cpu)
            .map_err(Failure::failed)?,
    };
    let (_, network) = last.insert(((backbone.to_owned(), weights.clone()), network));
    Ok(network)
}
