//! Which weights a run ends with, and when they are handed to the listener.

use std::time::{Duration, Instant};

use tch::Tensor;

use crate::experiment::Keep;
use crate::training::error::TrainingError;
use crate::training::metrics::MetricInfo;
use crate::training::monitor::{Best, Watched};
use crate::training::network::Network;
use crate::training::reporter::Reporter;
use crate::training::resume::KeptWeights;
use crate::training::snapshot::Snapshot;

/// Weights are written no more often than this while a run goes on.
const INTERVAL: Duration = Duration::from_secs(20);

/// Follows the best epoch and holds a copy of its weights.
pub(super) struct BestCheckpoint {
    keep: Keep,
    best: Best,
    /// Everything that some phase changes.
    tensors: Vec<Tensor>,
    snapshot: Option<Snapshot>,
    /// When weights were last handed over; the run's beginning at first.
    handed_over: Instant,
    /// The snapshot is newer than what the listener has.
    is_pending: bool,
    last_epoch: u32,
    /// The epoch that the snapshot is of.
    kept_epoch: u32,
}

impl BestCheckpoint {
    pub fn new(keep: Keep, metric: MetricInfo, tensors: Vec<Tensor>) -> Self {
        Self {
            keep,
            best: Best::new(metric),
            tensors,
            snapshot: None,
            handed_over: Instant::now(),
            is_pending: false,
            last_epoch: 0,
            kept_epoch: 0,
        }
    }

    /// After an epoch; the network holds what was validated. `value` is the monitored metric, or
    /// `None` without validation pictures, where the newest weights are the ones to keep.
    ///
    /// # Errors
    /// Those of the listener, and libtorch's own.
    pub fn epoch(
        &mut self,
        epoch: u32,
        value: Option<f64>,
        network: &Network,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), TrainingError> {
        self.last_epoch = epoch;
        let is_kept = match value {
            Some(value) => self.best.is_new_best(epoch, value) || self.keep == Keep::Last,
            None => true,
        };
        if !is_kept {
            return Ok(());
        }
        network.micro_batch.again(|| self.take())?;
        self.kept_epoch = epoch;
        if self.handed_over.elapsed() >= INTERVAL {
            self.hand_over(network, reporter)?;
        }
        Ok(())
    }

    /// Copies the network's present values, as those to keep.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn take(&mut self) -> Result<(), TrainingError> {
        match &mut self.snapshot {
            Some(snapshot) => snapshot.retake()?,
            None => self.snapshot = Some(Snapshot::take(&self.tensors)?),
        }
        self.is_pending = true;
        Ok(())
    }

    /// Where the values to keep stand after the last epoch.
    pub fn kept(&self) -> KeptWeights {
        match &self.snapshot {
            None => KeptWeights::Nothing,
            Some(_) if self.kept_epoch == self.last_epoch => KeptWeights::Last,
            Some(_) => KeptWeights::Own,
        }
    }

    /// The values to keep, in the order of the tensors that change; none before the first epoch.
    pub fn snapshot(&self) -> impl Iterator<Item = &Tensor> {
        self.snapshot.iter().flat_map(Snapshot::copies)
    }

    /// The best epoch so far.
    pub fn best(&self) -> Watched {
        self.best.watched()
    }

    /// Goes on after `epoch`, as [`Self::best`] and [`Self::kept`] told.
    pub fn set_position(&mut self, epoch: u32, best: Watched, kept: KeptWeights) {
        self.last_epoch = epoch;
        self.best.set_watched(best);
        self.kept_epoch = match kept {
            KeptWeights::Last => epoch,
            // Any earlier one: only whether it is the last one matters.
            KeptWeights::Own | KeptWeights::Nothing => 0,
        };
    }

    /// Gives the network the best weights, unless it has them; whether it had others.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn return_to_best(&mut self) -> Result<bool, TrainingError> {
        let Some(snapshot) = &mut self.snapshot else {
            return Ok(false);
        };
        if self.best.epoch() == 0 || self.best.epoch() == self.last_epoch {
            return Ok(false);
        }
        snapshot.restore()?;
        Ok(true)
    }

    /// The best epoch so far, counted from 1.
    pub fn best_epoch(&self) -> u32 {
        self.best.epoch()
    }

    /// Gives the network the weights to keep; their epoch, counted from 1.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn restore(&mut self) -> Result<u32, TrainingError> {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.restore()?;
        }
        let best = self.best.epoch();
        Ok(if self.keep == Keep::Best && best > 0 {
            best
        } else {
            self.last_epoch
        })
    }

    /// Whether the listener lacks the weights to keep.
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// Hands the network's present weights to the listener.
    ///
    /// # Errors
    /// Those of the listener, and libtorch's own.
    pub fn hand_over(
        &mut self,
        network: &Network,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), TrainingError> {
        reporter.weights(&network.weights()?)?;
        self.handed_over = Instant::now();
        self.is_pending = false;
        Ok(())
    }
}
