//! How far pictures are answered.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What is being answered.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictWork {
    pub(super) number: u64,
    /// Pictures that were answered or could not be read, and of how many, once that is known.
    pub done: usize,
    pub total: Option<usize>,
    /// Pictures of the run that are looked at first, to tell later what is unlike all of them: how many are, and of how many.
    pub comparing: Option<(usize, usize)>,
    /// When the first pictures went through the network.
    pub(super) since: Option<Instant>,
    pub(super) is_stopping: bool,
}

/// How the last work ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Took {
    /// Answered, or found to be unreadable.
    pub pictures: usize,
    /// Since the first pictures went through the network.
    pub time: Duration,
    pub was_stopped: bool,
}

impl PredictWork {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            done: 0,
            total: None,
            comparing: None,
            since: None,
            is_stopping: false,
        }
    }

    /// Pictures a second so far, and how many seconds are left; nothing while that would be a guess.
    pub fn pace(&self, now: Instant) -> Option<(f64, f64)> {
        let seconds = now.duration_since(self.since?).as_secs_f64();
        if self.done == 0 || seconds < 1.0 {
            return None;
        }
        let pace = self.done as f64 / seconds;
        let left = self.total?.saturating_sub(self.done) as f64 / pace;
        Some((pace, left))
    }
}

/// A folder that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub(super) number: u64,
    pub folder: PathBuf,
    /// Pictures that were in it at first.
    pub found: usize,
    /// Pictures of it that were answered or could not be read.
    pub done: usize,
    /// Whether its pictures have been looked for.
    pub is_ready: bool,
    pub(super) is_stopping: bool,
}
