//! What the window asks about the features on disk, and when.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::request::{Request, RequestStep};
use crate::app::core::session::Session;
use crate::app::core::state::{NoticeKind, Scan};
use crate::data::{Dataset, SplitIndices};
use crate::experiment::Experiment;
use crate::format;
use crate::training::cache_coverage::{CacheCoverage, CoverageInput};
use crate::worker::messages::{Failure, FeaturesAnswer, FeaturesQuestion, Question};

/// An experiment rests for this long before it is asked what of it is kept.
const REST: Duration = Duration::from_millis(400);
const CRASHED: &str = "an error inside Graft ended it; only cached features are affected";

/// What was asked about the cache.
pub struct FeatureCacheRequests {
    coverage: Request<Key, Arc<CacheCoverage>>,
    /// Whether something has trained since.
    was_training: bool,
    has_usage: bool,
}

impl Default for FeatureCacheRequests {
    fn default() -> Self {
        Self {
            coverage: Request::resting(REST),
            was_training: false,
            has_usage: false,
        }
    }
}

/// What the answer depends on.
#[derive(Clone)]
struct Key {
    essence: Experiment,
    dataset: Weak<Dataset>,
    split: Weak<SplitIndices>,
    base: Option<PathBuf>,
    device: Option<String>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.dataset.ptr_eq(&other.dataset)
            && self.split.ptr_eq(&other.split)
            && self.base == other.base
            && self.device == other.device
            && self.essence == other.essence
    }
}

impl FeatureCacheRequests {
    /// Asks what of the active experiment is kept, when that may have changed. A training fills the cache and needs the
    /// machine, so its end is waited for.
    pub fn follow(&mut self, session: &mut Session, ctx: &egui::Context) {
        let is_training = session.state.is_training();
        if std::mem::replace(&mut self.was_training, is_training) && !is_training {
            self.coverage.forget();
            ask(session, FeaturesQuestion::Usage);
        }
        if !std::mem::replace(&mut self.has_usage, true) {
            ask(session, FeaturesQuestion::Usage);
        }
        let (Some(document), Scan::Done { dataset, split, .. }) =
            (session.state.active_document(), &session.state.scan)
        else {
            session.state.features.cache_coverage = None;
            self.coverage.forget();
            return;
        };
        let key = Key {
            essence: CoverageInput::essence(&document.experiment),
            dataset: Arc::downgrade(dataset),
            split: Arc::downgrade(split),
            base: document.base(),
            device: session.state.device.clone(),
        };
        if is_training || self.coverage.key() == Some(&key) {
            return;
        }
        // What was said about another experiment says nothing of this one, and is asked for anew when that comes back.
        if self.coverage.key().is_some() {
            self.coverage.forget();
        }
        let question = match self.coverage.next_step(&key, Instant::now()) {
            RequestStep::Wait => None,
            RequestStep::Rest(left) => {
                ctx.request_repaint_after(left);
                None
            }
            RequestStep::Ask => Some(FeaturesQuestion::CacheCoverage {
                situation: Box::new(CoverageInput {
                    experiment: document.experiment.clone(),
                    dataset: dataset.clone(),
                    split: split.clone(),
                    base: key.base.clone(),
                }),
                device: key.device.clone(),
                ticket: self.coverage.ask(key),
            }),
        };
        session.state.features.cache_coverage = None;
        if let Some(question) = question {
            ask(session, question);
        }
    }

    pub fn set_limit(&mut self, session: &mut Session, bytes: u64) {
        session.state.features.problem = None;
        ask(session, FeaturesQuestion::SetLimit(bytes));
        self.coverage.forget();
    }

    pub fn clear(&self, session: &mut Session) {
        let features = &mut session.state.features;
        features.problem = None;
        let files = features.usage.as_ref().map_or(0, |usage| usage.files);
        features.clearing = Some((0, files));
        ask(session, FeaturesQuestion::Clear);
    }

    pub fn answer(&mut self, session: &mut Session, answer: FeaturesAnswer) {
        let features = &mut session.state.features;
        match answer {
            FeaturesAnswer::Usage(usage) => features.usage = Some(usage),
            FeaturesAnswer::Clearing { done, total } => features.clearing = Some((done, total)),
            FeaturesAnswer::Cleared(result) => {
                features.clearing = None;
                self.coverage.forget();
                match result {
                    Ok(bytes) => {
                        let text =
                            format!("the feature cache is cleared: {}", format::bytes(bytes));
                        session.log(NoticeKind::Info, text);
                    }
                    Err(crashed @ Failure::Crashed(_)) => {
                        features.problem = Some(crashed.text(CRASHED));
                    }
                    Err(failure) => {
                        features.problem =
                            Some(format!("Not everything could be removed: {failure}"));
                    }
                }
            }
            FeaturesAnswer::CacheCoverage { ticket, result } => {
                if ticket != self.coverage.number() {
                    return;
                }
                match self.coverage.answer(|_| true, result) {
                    None => {}
                    Some(Ok(cache_coverage)) => features.cache_coverage = Some(cache_coverage),
                    Some(Err(failure)) => {
                        features.cache_coverage = None;
                        log::info!("what is cached of the experiment is not known: {failure}");
                        if matches!(failure, Failure::Crashed(_)) {
                            features.problem = Some(failure.text(CRASHED));
                        }
                    }
                }
            }
            FeaturesAnswer::Failed(failure) => {
                features.clearing = None;
                features.problem = Some(failure.text(CRASHED));
            }
        }
    }
}

fn ask(session: &mut Session, question: FeaturesQuestion) {
    session.ask(Question::Features(question));
}
