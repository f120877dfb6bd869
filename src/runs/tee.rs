//! Several listeners as one.

use crate::training::events::Lacks;
use crate::training::{ResumePoint, TrainingError, TrainingEvent, TrainingListener};

/// Passes everything on to each listener in turn; the first that fails ends it.
pub struct Tee<'a>(pub Vec<&'a mut dyn TrainingListener>);

impl TrainingListener for Tee<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        self.0
            .iter_mut()
            .try_for_each(|listener| listener.event(event))
    }

    fn weights(&mut self, weights: &[(String, tch::Tensor)]) -> Result<(), TrainingError> {
        self.0
            .iter_mut()
            .try_for_each(|listener| listener.weights(weights))
    }

    fn resume_point(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        self.0
            .iter_mut()
            .try_for_each(|listener| listener.resume_point(point))
    }

    fn lacks(&self) -> Lacks {
        let listeners = self.0.iter();
        listeners.fold(Lacks::default(), |lacks, listener| {
            lacks.or(listener.lacks())
        })
    }

    fn wants_novelty(&self) -> bool {
        self.0.iter().any(|listener| listener.wants_novelty())
    }

    fn trouble(&mut self) -> Option<String> {
        self.0.iter_mut().find_map(|listener| listener.trouble())
    }
}
