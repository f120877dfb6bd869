//! A run in a process of its own, for the window: where several graphics cards train at once, each run has one, because
//! libtorch has one sequence of random numbers for each process. The run and its orders go there by standard input, what
//! happens comes back by standard output, a line each; the folder keeps the rest. Both ends are this program in the same
//! version, so that none of it is a format for others.

mod child;
mod parent;
#[cfg(unix)]
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::messages::{RunEvent, StartRun};
use crate::training::TrainingEvent;

pub use child::serve;
pub(super) use parent::OnCard;

/// What this program is called with to carry out such a run.
pub const COMMAND: &str = "run-for-window";

/// The first line: what is to be trained.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    /// The window's: the program may have been updated since it was opened.
    version: String,
    start: StartRun,
    /// What a person allows a training.
    most_threads: Option<u32>,
}

/// What both ends must be.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Further lines. The end of them is a stop.
const PAUSE: &str = "pause";
const GO_ON: &str = "go on";

/// What happens to the run. What stands in its folder is read from there.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Started {
        folder: PathBuf,
    },
    Resumed {
        folder: PathBuf,
        /// How many it had reached: what it trains meanwhile is in its folder, too.
        epochs: usize,
    },
    Fold {
        fold: u32,
        folds: u32,
        /// What the fold had reached: its folder, and how many epochs.
        reached: Option<(PathBuf, usize)>,
    },
    Training(TrainingEvent),
    Finished,
    Stopped,
    Failed {
        message: String,
    },
    Cancelled,
}

impl Said {
    /// Nothing of what the window itself says.
    fn of(event: RunEvent) -> Option<Self> {
        Some(match event {
            RunEvent::OnCard(_) => return None,
            RunEvent::Started { folder } => Self::Started { folder },
            RunEvent::Resumed(stored) => Self::Resumed {
                epochs: stored.metrics.len(),
                folder: stored.folder,
            },
            RunEvent::Fold {
                fold,
                folds,
                stored,
            } => Self::Fold {
                fold,
                folds,
                reached: stored.map(|stored| (stored.folder, stored.metrics.len())),
            },
            RunEvent::Training(event) => Self::Training(event),
            RunEvent::Finished(_) => Self::Finished,
            RunEvent::Stopped(_) => Self::Stopped,
            RunEvent::Failed { message } => Self::Failed { message },
            RunEvent::Cancelled => Self::Cancelled,
        })
    }
}
