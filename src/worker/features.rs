//! Questions about the features that are kept on disk, on a thread of their own: folders can be large, and what of an
//! experiment is kept takes its network to tell.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::messages::{Answer, FeaturesAnswer, FeaturesQuestion};
use crate::models::device;
use crate::paths;
use crate::training::features::store::FeatureStore;
use crate::training::leave_cores;

/// Questions that may wait; further ones are dropped, the window asks again.
const QUESTIONS: usize = 64;

/// Says an answer.
type Tell = Arc<dyn Fn(Answer) + Send + Sync>;

/// Handle of the thread. Dropping it joins the thread.
pub(super) struct Features {
    questions: Option<Sender<FeaturesQuestion>>,
    thread: Option<JoinHandle<()>>,
}

impl Features {
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(tell: Tell) -> std::io::Result<Self> {
        let (sender, questions) = bounded(QUESTIONS);
        let thread = std::thread::Builder::new()
            .name("graft-features".into())
            .spawn(move || answer_questions(&questions, &paths::cache(), &*tell))?;
        Ok(Self {
            questions: Some(sender),
            thread: Some(thread),
        })
    }

    pub fn ask(&self, question: FeaturesQuestion) {
        if let Some(questions) = &self.questions {
            drop(questions.try_send(question));
        }
    }
}

impl Drop for Features {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the thread of the features panicked");
        }
    }
}

/// Answers until the other side hangs up. Of several waiting questions about an experiment only the last matters.
fn answer_questions(questions: &Receiver<FeaturesQuestion>, cache: &Path, tell: &dyn Fn(Answer)) {
    while let Ok(question) = questions.recv() {
        let mut waiting = vec![question];
        waiting.extend(questions.try_iter());
        let is_warmth = |question: &FeaturesQuestion| {
            matches!(question, FeaturesQuestion::CacheCoverage { .. })
        };
        let newest = waiting.iter().rposition(is_warmth);
        for (place, question) in waiting.into_iter().enumerate() {
            if is_warmth(&question) && Some(place) != newest {
                continue;
            }
            let tell = |answer| tell(Answer::Features(answer));
            let answered = catch_unwind(AssertUnwindSafe(|| answer(question, cache, &tell)));
            if answered.is_err() {
                log::error!("a question about kept features could not be answered");
                tell(FeaturesAnswer::Failed(
                    "an error inside Graft ended it; nothing but kept features is affected".into(),
                ));
            }
            leave_cores();
        }
    }
}

fn answer(question: FeaturesQuestion, cache: &Path, tell: &dyn Fn(FeaturesAnswer)) {
    let store = FeatureStore::new(cache);
    match question {
        FeaturesQuestion::Usage => {}
        FeaturesQuestion::SetLimit(bytes) => {
            if let Err(error) = store.set_limit(bytes) {
                tell(FeaturesAnswer::Failed(format!(
                    "the limit can't be written ({error})"
                )));
            }
        }
        FeaturesQuestion::Clear => {
            let progress = |done, total| tell(FeaturesAnswer::Clearing { done, total });
            let result = store.clear(&progress).map_err(|error| error.to_string());
            tell(FeaturesAnswer::Cleared(result));
        }
        FeaturesQuestion::CacheCoverage {
            ticket,
            situation,
            device,
        } => {
            let device = match device.as_deref().map(device::parse) {
                Some(Ok(device)) => device,
                _ => device::best(),
            };
            let result = situation.cache_coverage(cache, device);
            let result = result.map(Arc::new).map_err(|error| error.to_string());
            tell(FeaturesAnswer::CacheCoverage { ticket, result });
            return;
        }
    }
    tell(FeaturesAnswer::Usage(store.usage()));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn usage_follows_whatever_changes_it() {
        let folder = tempfile::tempdir();
        let Ok(folder) = folder else { return };
        let (sender, questions) = bounded(8);
        for question in [
            FeaturesQuestion::Usage,
            FeaturesQuestion::SetLimit(7_000_000),
            FeaturesQuestion::Clear,
        ] {
            assert!(sender.send(question).is_ok());
        }
        drop(sender);
        let told = RefCell::new(Vec::new());
        answer_questions(&questions, folder.path(), &|answer| {
            if let Answer::Features(answer) = answer {
                told.borrow_mut().push(answer);
            }
        });
        let limits: Vec<u64> = told
            .borrow()
            .iter()
            .filter_map(|answer| match answer {
                FeaturesAnswer::Usage(usage) => Some(usage.limit_bytes),
                _ => None,
            })
            .collect();
        assert_eq!(limits, [10_000_000_000, 7_000_000, 7_000_000]);
        let cleared = |answer: &FeaturesAnswer| matches!(answer, FeaturesAnswer::Cleared(Ok(0)));
        assert!(told.borrow().iter().any(cleared));
    }
}
