//! What the window knows of the features on disk, and when it asks.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::state::{NoticeKind, Scan};
use crate::app::shell::Graft;
use crate::data::{Dataset, SplitIndices};
use crate::experiment::Experiment;
use crate::format;
use crate::training::cache_coverage::CoverageInput;
use crate::worker::messages::{FeaturesAnswer, FeaturesQuestion, Question};

/// An experiment rests for this long before it is asked what of it is kept.
const REST: Duration = Duration::from_millis(400);

/// What was asked last, so that it is asked once.
#[derive(Default)]
pub struct FeatureQuestions {
    wanted: Option<(Key, Instant)>,
    asked: Option<Key>,
    ticket: u64,
    /// Whether something has trained since.
    was_training: bool,
    has_usage: bool,
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

impl Graft {
    /// Asks what of the active experiment is kept, when that may have changed. A training fills the cache and needs the
    /// machine, so its end is waited for.
    pub(in crate::app) fn follow_features(&mut self, ctx: &egui::Context) {
        let is_training = self.state.is_training();
        if std::mem::replace(&mut self.feature_questions.was_training, is_training) && !is_training
        {
            self.look_at_features_again();
        }
        if !std::mem::replace(&mut self.feature_questions.has_usage, true) {
            self.ask_features(FeaturesQuestion::Usage);
        }
        let (Some(document), Scan::Done { dataset, split, .. }) =
            (self.state.active_document(), &self.state.scan)
        else {
            self.state.features.cache_coverage = None;
            self.feature_questions.asked = None;
            return;
        };
        let key = Key {
            essence: CoverageInput::essence(&document.experiment),
            dataset: Arc::downgrade(dataset),
            split: Arc::downgrade(split),
            base: document.base(),
            device: self.state.device.clone(),
        };
        let questions = &mut self.feature_questions;
        if is_training || questions.asked.as_ref() == Some(&key) {
            return;
        }
        let is_rested = match &questions.wanted {
            Some((wanted, since)) if *wanted == key => since.elapsed() >= REST,
            _ => {
                questions.wanted = Some((key.clone(), Instant::now()));
                false
            }
        };
        let question = is_rested.then(|| {
            questions.ticket += 1;
            FeaturesQuestion::CacheCoverage {
                ticket: questions.ticket,
                situation: Box::new(CoverageInput {
                    experiment: document.experiment.clone(),
                    dataset: dataset.clone(),
                    split: split.clone(),
                    base: key.base.clone(),
                }),
                device: key.device.clone(),
            }
        });
        // What was said about another experiment says nothing of this one.
        self.state.features.cache_coverage = None;
        match question {
            None => ctx.request_repaint_after(REST),
            Some(question) => {
                self.feature_questions.wanted = None;
                self.feature_questions.asked = Some(key);
                self.ask_features(question);
            }
        }
    }

    pub(in crate::app) fn ask_features(&mut self, question: FeaturesQuestion) {
        self.workers.ask(Question::Features(question));
    }

    /// After something may have changed what is kept.
    fn look_at_features_again(&mut self) {
        self.feature_questions.asked = None;
        self.ask_features(FeaturesQuestion::Usage);
    }

    pub(in crate::app) fn set_feature_limit(&mut self, bytes: u64) {
        self.state.features.problem = None;
        self.ask_features(FeaturesQuestion::SetLimit(bytes));
        self.feature_questions.asked = None;
    }

    pub(in crate::app) fn clear_features(&mut self) {
        let features = &mut self.state.features;
        features.problem = None;
        let files = features.usage.as_ref().map_or(0, |usage| usage.files);
        features.clearing = Some((0, files));
        self.ask_features(FeaturesQuestion::Clear);
    }

    pub(in crate::app) fn features_answer(&mut self, answer: FeaturesAnswer) {
        let features = &mut self.state.features;
        match answer {
            FeaturesAnswer::Usage(usage) => features.usage = Some(usage),
            FeaturesAnswer::Clearing { done, total } => features.clearing = Some((done, total)),
            FeaturesAnswer::Cleared(result) => {
                features.clearing = None;
                self.feature_questions.asked = None;
                match result {
                    Ok(bytes) => {
                        let text =
                            format!("the feature cache is cleared: {}", format::bytes(bytes));
                        self.log(NoticeKind::Info, text);
                    }
                    Err(reason) => {
                        features.problem =
                            Some(format!("Not everything could be removed: {reason}"));
                    }
                }
            }
            FeaturesAnswer::CacheCoverage { ticket, result } => {
                if ticket != self.feature_questions.ticket || self.feature_questions.asked.is_none()
                {
                    return;
                }
                features.cache_coverage = match result {
                    Ok(cache_coverage) => Some(cache_coverage),
                    Err(reason) => {
                        log::info!("what is kept of the experiment is not known: {reason}");
                        None
                    }
                };
            }
            FeaturesAnswer::Failed(reason) => {
                features.clearing = None;
                features.problem = Some(reason);
            }
        }
    }
}
