//! How a training is held from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::error::TrainingError;
use crate::data::StopFlag;

/// Holds a training between two batches; clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct PauseFlag(Arc<AtomicBool>);

impl PauseFlag {
    pub fn set(&self, paused: bool) {
        self.0.store(paused, Ordering::Relaxed);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Both flags of a run.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub stop: StopFlag,
    pub pause: PauseFlag,
}

impl Control {
    /// Returns when the run may go on.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`].
    pub fn checkpoint(&self) -> Result<(), TrainingError> {
        loop {
            if self.stop.is_stopped() {
                return Err(TrainingError::Stopped);
            }
            if !self.pause.is_set() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
