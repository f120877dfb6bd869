//! None of these: how unlike the run's own pictures the answered ones are.

use std::path::Path;

use crate::analysis;
use crate::data::StopFlag;
use crate::evaluation::neighbours::FeatureIndex;
use crate::evaluation::novelty::{Novelty, NoveltyLimit, NoveltyReference, check_rate};
use crate::runs::{RunError, files};
use crate::training::inference::Classifier;
use crate::training::novelty::ReferenceRows;
use crate::training::{NetworkOutput, TrainingError};

/// What pictures are compared with, where the network computes.
pub struct NoveltyJudge {
    reference: NoveltyReference,
    rows: ReferenceRows,
    limit: NoveltyLimit,
}

impl NoveltyJudge {
    /// For the run in `folder`, whose network `classifier` is, with a threshold for `rate`. A run that kept nothing for it is
    /// asked for its pictures, of which `progress` hears.
    ///
    /// # Errors
    /// [`RunError::Stopped`]; and why pictures of no class can't be told.
    pub fn open(
        folder: &Path,
        classifier: &Classifier,
        rate: f64,
        progress: &mut dyn FnMut(usize, usize),
        stop: &StopFlag,
    ) -> Result<Self, RunError> {
        let reference = analysis::novelty::open(folder, classifier, progress, stop)?;
        Self::new(folder, classifier, reference, rate)
    }

    /// For what is known of the run in `folder`.
    ///
    /// # Errors
    /// When no threshold can be stated for `rate`; and libtorch's own.
    pub(super) fn new(
        folder: &Path,
        classifier: &Classifier,
        reference: NoveltyReference,
        rate: f64,
    ) -> Result<Self, RunError> {
        Ok(Self {
            rows: ReferenceRows::new(&reference.index, classifier.device())?,
            limit: limit(folder, &reference, rate)?,
            reference,
        })
    }

    /// Another rate of false alarms from now on.
    ///
    /// # Errors
    /// When it is no such rate.
    pub fn set_rate(&mut self, folder: &Path, rate: f64) -> Result<(), RunError> {
        self.limit = limit(folder, &self.reference, rate)?;
        Ok(())
    }

    pub fn reference(&self) -> &NoveltyReference {
        &self.reference
    }

    pub fn limit(&self) -> NoveltyLimit {
        self.limit
    }

    /// For a batch of what the network gave, one each; nothing where a picture could not be read.
    ///
    /// # Errors
    /// libtorch's own.
    pub(super) fn of<E>(
        &self,
        outputs: &[Result<NetworkOutput, E>],
    ) -> Result<Vec<Option<Novelty>>, TrainingError> {
        let mut rows = FeatureIndex::default();
        for output in outputs.iter().flatten() {
            rows.add("", &output.features);
        }
        let mut distances = self.rows.distances(&rows)?.into_iter();
        let each = outputs.iter().map(|output| {
            let _ = output.as_ref().ok()?;
            distances.next().map(|distance| self.limit.of(distance))
        });
        Ok(each.collect())
    }
}

/// What is said where answers are given without it, as a whole sentence.
pub fn novelty_untold(error: &RunError) -> String {
    format!("Pictures of none of the classes are not told: {error}")
}

fn limit(folder: &Path, reference: &NoveltyReference, rate: f64) -> Result<NoveltyLimit, RunError> {
    check_rate(rate)
        .and_then(|()| reference.limit(rate))
        .map_err(|reason| files::problem(folder, reason))
}
