//! Reads the pictures of a run: all of them beforehand, or each when a pass comes to it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::TrainingError;
use super::events::Activity;
use super::reporter::Reporter;
use crate::data::square::SquareSpec;
use crate::data::store::{PictureStore, read_square};
use crate::data::{Dataset, Pixels, Problem};

/// What pictures are read from and made into.
pub struct Reading {
    pub dataset: Arc<Dataset>,
    pub spec: SquareSpec,
    /// Bytes of memory that the squares of one call may take; more are kept in a file.
    pub budget: u64,
    /// What could not be read while a pass went on, not told yet.
    unreadable: Mutex<Vec<(usize, Problem)>>,
}

impl Reading {
    pub fn new(dataset: Arc<Dataset>, spec: SquareSpec, budget: u64) -> Self {
        Self {
            dataset,
            spec,
            budget,
            unreadable: Mutex::default(),
        }
    }

    /// The square of one picture, mid-grey where it can't be read any more: see [`Self::take_unreadable`].
    pub fn square(&self, index: usize) -> Pixels {
        let (pixels, problem) = read_square(&self.dataset, index, &self.spec);
        if let Some(problem) = problem {
            self.unreadable().push((index, problem));
        }
        pixels
    }

    /// Reports which pictures [`Self::square`] could not read since the last call, and gives them.
    pub(super) fn take_unreadable(
        &self,
        reporter: &mut Reporter<'_>,
    ) -> Result<Vec<usize>, TrainingError> {
        let mut found = std::mem::take(&mut *self.unreadable());
        found.sort_by_key(|(index, _)| *index);
        found.dedup_by_key(|(index, _)| *index);
        let mut indices = Vec::new();
        for (index, problem) in found {
            indices.push(index);
            warn(&problem, reporter)?;
        }
        Ok(indices)
    }

    fn unreadable(&self) -> std::sync::MutexGuard<'_, Vec<(usize, Problem)>> {
        self.unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

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
        for problem in &problems {
            warn(problem, reporter)?;
        }
        Ok((store, unreadable))
    }
}

fn warn(problem: &Problem, reporter: &mut Reporter<'_>) -> Result<(), TrainingError> {
    reporter.warn(format!(
        "a picture can no longer be read and stands as plain grey ({}): {}",
        problem.reason,
        problem.path.display()
    ))
}
