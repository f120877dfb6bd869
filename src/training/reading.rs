//! Reads the pictures of a run.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::TrainingError;
use super::events::Activity;
use super::reporter::Reporter;
use crate::data::Dataset;
use crate::data::square::SquareSpec;
use crate::data::store::PictureStore;

/// What pictures are read from and made into.
pub struct Reading {
    pub dataset: Arc<Dataset>,
    pub spec: SquareSpec,
    /// Bytes of memory that the squares of one call may take; more are kept in a file.
    pub budget: u64,
}

impl Reading {
    /// Decodes `indices`, ascending, on another thread, so that this one can tell the listener how far it is. Gives
    /// those that can't be read any more, too.
    pub(super) fn read(
        &self,
        indices: &[usize],
        reporter: &mut Reporter<'_>,
    ) -> Result<(PictureStore, Vec<usize>), TrainingError> {
        reporter.begin(Activity::ReadingPictures, indices.len())?;
        let stop = reporter.stop_flag().clone();
        let (store, problems) = reporter.watch("graft-decode", |done| {
            let progress = |read: usize, _total: usize| {
                done.fetch_max(read, Ordering::Relaxed);
            };
            Ok(PictureStore::load(
                &self.dataset,
                indices,
                &self.spec,
                self.budget,
                &progress,
                &stop,
            )?)
        })?;
        reporter.set_done(indices.len())?;
        let is_unreadable = |index: &usize| {
            let path = self.dataset.pictures[*index].source.path();
            problems.iter().any(|problem| problem.path == path)
        };
        let unreadable = if problems.is_empty() {
            Vec::new()
        } else {
            indices.iter().copied().filter(is_unreadable).collect()
        };
        for problem in problems {
            let path = problem.path.display();
            reporter.warn(format!(
                "a picture can no longer be read and stands as plain grey ({}): {path}",
                problem.reason
            ))?;
        }
        Ok((store, unreadable))
    }
}
