//! A run's network, ready to answer.

use std::path::Path;

use tch::Device;

use super::answer::{AnsweredPicture, Novelty, Picture};
use crate::analysis::evaluate::open_classifier;
use crate::analysis::precision;
use crate::evaluation::{Decision, temper};
use crate::runs::{RunError, StoredRun, store};
use crate::training::NetworkOutput;
use crate::training::inference::Classifier;

/// A run's network with the weights that it kept, and what turns its probabilities into an answer.
pub struct Predictor {
    run: StoredRun,
    classifier: Classifier,
    decision: Decision,
}

impl Predictor {
    /// The network of the run in `folder`; its pictures need not be there any more.
    ///
    /// # Errors
    /// Where `folder` is no run, the run kept no weights, or they do not fit.
    pub fn open(folder: &Path, device: Device) -> Result<Self, RunError> {
        let classifier = open_classifier(folder, device)?;
        Ok(Self {
            run: store::open(folder)?,
            classifier,
            decision: Decision::default(),
        })
    }

    /// In the order of their labels, as in [`AnsweredPicture::probabilities`].
    pub fn classes(&self) -> &[String] {
        self.classifier.classes()
    }

    pub fn run(&self) -> &StoredRun {
        &self.run
    }

    /// For what needs more of the network than answers: maps of where it looks.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// What turns probabilities into a class: the most probable one, always, until it is set.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    pub fn set_decision(&mut self, decision: Decision) {
        self.decision = decision;
    }

    /// What whoever uses these answers must know, in whole sentences.
    pub fn remarks(&self) -> Vec<String> {
        let elsewhere = precision::remark_elsewhere(&self.run, self.classifier.precision());
        self.run.shortfall().into_iter().chain(elsewhere).collect()
    }

    /// Whether answers take the features of their pictures.
    pub(super) fn needs_features(&self) -> bool {
        false
    }

    pub(super) fn answer(&self, picture: Picture, answered: &NetworkOutput) -> AnsweredPicture {
        let probabilities = answered.probabilities.iter().map(|&value| value as f32);
        let probabilities: Vec<f32> = probabilities.collect();
        let decided = self.decision.answer(&probabilities);
        AnsweredPicture {
            picture,
            class: (!decided.is_rejected).then_some(decided.class),
            confidence: decided.confidence as f32,
            novelty: self.novelty(&answered.features),
            probabilities: temper(&probabilities, self.decision.temperature),
        }
    }

    fn novelty(&self, _features: &[f32]) -> Option<Novelty> {
        None
    }
}
