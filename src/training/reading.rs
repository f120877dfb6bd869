//! Reads the pictures of a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::TrainingError;
use super::events::Activity;
use super::reporter::Reporter;
use crate::data::square::SquareSpec;
use crate::data::store::PictureStore;
use crate::data::{Dataset, Problem};

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
        let done = AtomicUsize::new(0);
        let stop = reporter.stop_flag().clone();
        let load = || -> Result<(PictureStore, Vec<Problem>), TrainingError> {
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
        };
        let (store, problems) = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name("graft-decode".into())
                .spawn_scoped(scope, load)
                .map_err(|error| {
                    TrainingError::Experiment(format!("can't start a thread: {error}"))
                })?;
            let mut told = Ok(());
            while !thread.is_finished() {
                std::thread::sleep(Duration::from_millis(5));
                if told.is_ok() {
                    told = reporter.set_done(done.load(Ordering::Relaxed));
                    if told.is_err() {
                        // A listener that fails ends the run; the reading thread must end too.
                        stop.stop();
                    }
                }
            }
            told?;
            thread.join().unwrap_or_else(|_| {
                Err(TrainingError::Experiment(
                    "reading the pictures ended unexpectedly".into(),
                ))
            })
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
