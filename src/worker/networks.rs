//! Questions that run a network, on a thread of their own: they take seconds, and tensors stay there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::messages::{Answer, Question};
use crate::data::decode;
use crate::experiment::WeightsSource;
use crate::models::{catalogue, speed, weights};
use crate::training::leave_cores;
use crate::training::pretrained::PretrainedNetwork;

/// Classes that a picture's answer holds.
const TOP: usize = 5;

/// The network that was asked last: the next question is often about another picture of the same.
type Last = Option<((String, WeightsSource), PretrainedNetwork)>;

/// Answers until the other side hangs up.
pub(super) fn answer_questions(questions: &Receiver<Question>, tell: &dyn Fn(Answer)) {
    let mut last = None;
    while let Ok(question) = questions.recv() {
        let mut waiting = vec![question];
        waiting.extend(questions.try_iter());
        // Whoever leafs through pictures waits for the last one.
        let is_picture = |question: &Question| matches!(question, Question::Classify { .. });
        let newest = waiting.iter().rposition(is_picture);
        for (place, question) in waiting.into_iter().enumerate() {
            if is_picture(&question) && Some(place) != newest {
                continue;
            }
            match catch_unwind(AssertUnwindSafe(|| answer(question, &mut last))) {
                Ok(Some(answer)) => tell(answer),
                Ok(None) => {}
                Err(_) => {
                    last = None;
                    log::error!("a network could not answer a question");
                }
            }
            leave_cores();
        }
    }
}

fn answer(question: Question, last: &mut Last) -> Option<Answer> {
    match question {
        Question::MeasureSpeed { backbone } => {
            // A network at a time in memory.
            *last = None;
            let result = catalogue::find(&backbone)
                .ok_or_else(|| format!("there is no backbone named “{backbone}”"))
                .and_then(|info| speed::measure(info).map_err(|error| error.to_string()));
            Some(Answer::Speed { backbone, result })
        }
        Question::ExamineWeights { backbone, base } => {
            let examined = weights::examine(&backbone, base.as_deref())?;
            Some(Answer::WeightsExamined {
                backbone,
                examined: Arc::new(examined),
            })
        }
        Question::Classify {
            source,
            backbone,
            weights,
            base,
        } => {
            let key = (backbone.clone(), weights.clone());
            if last.as_ref().is_none_or(|(known, _)| *known != key) {
                *last = None;
                let opened =
                    PretrainedNetwork::open(&backbone, &weights, base.as_deref(), tch::Device::Cpu);
                match opened {
                    Ok(network) => *last = Some((key, network)),
                    Err(error) => {
                        return Some(Answer::Classified {
                            source,
                            backbone,
                            result: Err(error.to_string()),
                        });
                    }
                }
            }
            let (_, network) = last.as_ref()?;
            let result = decode::decode(&source)
                .map_err(|error| error.to_string())
                .and_then(|pixels| {
                    network
                        .classify(&[pixels], TOP)
                        .map_err(|error| error.to_string())
                })
                .map(|mut ranked| ranked.pop().unwrap_or_default());
            Some(Answer::Classified {
                source,
                backbone,
                result,
            })
        }
        _ => None,
    }
}
