//! A run's network, ready to answer.

use std::path::Path;

use tch::Device;

use super::answer::{AnsweredPicture, Picture};
use super::novelty::NoveltyJudge;
use super::own_pictures::OwnPictures;
use crate::analysis::evaluate::open_classifier_in;
use crate::analysis::{self, precision};
use crate::data::{Split, StopFlag};
use crate::evaluation::novelty::{Novelty, NoveltyLimit};
use crate::evaluation::{Decision, temper};
use crate::experiment::Precision;
use crate::runs::{RunError, StoredRun, store};
use crate::training::inference::Classifier;
use crate::training::{NetworkOutput, TrainingError};

/// A run's network with the weights that it kept, and what turns its probabilities into an answer.
pub struct Predictor {
    run: StoredRun,
    classifier: Classifier,
    decision: Decision,
    novelty: Option<NoveltyJudge>,
    own: OwnPictures,
    /// Why copies of the run's own pictures are not told.
    own_untold: Option<String>,
}

impl Predictor {
    /// The network of the run in `folder`; its pictures need not be there any more.
    ///
    /// # Errors
    /// Where `folder` is no run, the run kept no weights, or they do not fit.
    pub fn open(folder: &Path, device: Device) -> Result<Self, RunError> {
        let run = store::open(folder)?;
        let classifier = open_classifier_in(&run, device, Precision::Auto)?;
        let (own, own_untold) = OwnPictures::read(folder);
        Ok(Self {
            classifier,
            run,
            decision: Decision::default(),
            novelty: None,
            own,
            own_untold,
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

    /// What whoever uses these answers must know, in whole sentences. How often pictures are wrongly called none of these is
    /// not among them: it follows from [`Self::novelty_limit`].
    pub fn remarks(&self) -> Vec<String> {
        let elsewhere = precision::remark_elsewhere(&self.run, self.classifier.precision());
        let shortfall = self.run.shortfall().into_iter();
        let untold = self.own_untold.clone();
        shortfall.chain(elsewhere).chain(untold).collect()
    }

    /// Whether answers say how unlike the run's own pictures theirs is.
    pub fn knows_novelty(&self) -> bool {
        self.novelty.is_some()
    }

    /// What pictures are compared with, once [`Self::know_novelty`] has found it.
    pub fn novelty(&self) -> Option<&NoveltyJudge> {
        self.novelty.as_ref()
    }

    /// From which distance on a picture is none of the classes, where answers say how unlike the run's own theirs is.
    pub fn novelty_limit(&self) -> Option<NoveltyLimit> {
        self.novelty.as_ref().map(NoveltyJudge::limit)
    }

    /// Has answers say how unlike the run's own pictures theirs is, with a threshold beyond which a share `rate` of the run's
    /// own lies. A run that kept nothing for it is asked for its pictures: `progress` hears how many are done.
    ///
    /// # Errors
    /// [`RunError::Stopped`]; and why it can't be told, in a sentence. Answers are then given without.
    pub fn know_novelty(
        &mut self,
        rate: f64,
        progress: &mut dyn FnMut(usize, usize),
        stop: &StopFlag,
    ) -> Result<(), RunError> {
        let folder = self.run.folder.as_path();
        match &mut self.novelty {
            Some(novelty) => novelty.set_rate(folder, rate)?,
            None => {
                let novelty = NoveltyJudge::open(folder, &self.classifier, rate, progress, stop)?;
                self.novelty = Some(novelty);
            }
        }
        Ok(())
    }

    /// The same where the run kept what that takes; without it, answers are given as they were.
    ///
    /// # Errors
    /// Why it can't be told although the run kept it.
    pub fn know_kept_novelty(&mut self, rate: f64) -> Result<(), RunError> {
        let folder = self.run.folder.as_path();
        if let Some(kept) = analysis::novelty::stored(folder) {
            let novelty = NoveltyJudge::new(folder, &self.classifier, kept, rate)?;
            self.novelty = Some(novelty);
        }
        Ok(())
    }

    /// How unlike each picture of a batch is.
    ///
    /// # Errors
    /// libtorch's own.
    pub(super) fn novelties<E>(
        &self,
        outputs: &[Result<NetworkOutput, E>],
    ) -> Result<Vec<Option<Novelty>>, TrainingError> {
        match &self.novelty {
            Some(novelty) => novelty.of(outputs),
            None => Ok(vec![None; outputs.len()]),
        }
    }

    /// What the run used.
    pub(super) fn own(&self) -> &OwnPictures {
        &self.own
    }

    pub(super) fn answer(
        &self,
        picture: Picture,
        answered: &NetworkOutput,
        novelty: Option<Novelty>,
        part: Option<Split>,
    ) -> AnsweredPicture {
        let probabilities = answered.probabilities.iter().map(|&value| value as f32);
        let probabilities: Vec<f32> = probabilities.collect();
        let decided = self.decision.answer(&probabilities);
        AnsweredPicture {
            picture,
            class: (!decided.is_rejected).then_some(decided.class),
            confidence: decided.confidence as f32,
            novelty,
            part,
            probabilities: temper(&probabilities, self.decision.temperature),
        }
    }
}
