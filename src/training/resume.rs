//! Where a run stands between two epochs, or between two batches where it was stopped: everything that it takes to go on
//! as if it had never been interrupted.
//!
//! Random choices are no part of it: each is drawn from the experiment's seed and the epoch's
//! number (see `training::seeds`), so the number is all that is needed; but within an epoch the state of libtorch's
//! generator, which dropout draws from. Neither are features of the frozen part, which are computed again.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::error::TrainingError;
use super::metrics::Counted;
use super::monitor::Watched;
use super::phase_summary::PhaseSummary;
use super::precision::of_run::FrozenPrecision;

/// A run's standing after an epoch.
#[derive(Debug)]
pub struct ResumePoint {
    pub standing: Standing,
    /// Named tensors; they may share their storage with the network, so they hold for as long as
    /// nothing is trained.
    pub tensors: Vec<(String, Tensor)>,
}

/// The part of a [`ResumePoint`] that is not tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The last epoch that was done, counted from 1 over all phases.
    pub epoch: u32,
    /// The phase that it belongs to, counted from 0.
    pub phase: usize,
    /// Epochs of that phase that are done.
    pub done_in_phase: u32,
    /// Early stopping has ended that phase.
    pub phase_is_over: bool,
    pub phase_seconds: f64,
    /// The phases before it.
    pub finished: Vec<PhaseSummary>,
    /// Since the run began, without the time between interruption and resumption.
    pub seconds: f64,
    /// Updates that the weights' average has taken in.
    pub averaged_steps: Option<u64>,
    /// Early stopping.
    pub patience: Option<Watched>,
    /// The best epoch so far.
    pub best: Watched,
    pub kept: KeptWeights,
    /// What frozen layers compute in; absent in runs of versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<FrozenPrecision>,
    /// How far the next epoch was, where the run was stopped within it: the tensors are those of that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
}

/// An epoch that was stopped between two batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// That were trained on.
    pub batches: usize,
    /// What they showed.
    pub counted: Counted,
    /// The bits of the last step's learning rate.
    pub rate: u64,
    pub seconds: f64,
}

/// Where the weights stand that the run would end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeptWeights {
    /// No epoch has been kept yet.
    Nothing,
    /// They are what was validated last: the averages where there are any, else the network.
    Last,
    /// They are of an earlier epoch and have tensors of their own.
    Own,
}

impl ResumePoint {
    pub(super) fn tensor(&self, name: &str) -> Result<&Tensor, TrainingError> {
        self.tensors
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, tensor)| tensor)
            .ok_or_else(|| misfit(name))
    }

    /// Copies the tensor `name` into `target`, whose memory layout stays.
    pub(super) fn copy_into(&self, name: &str, target: &Tensor) -> Result<(), TrainingError> {
        let source = self.tensor(name)?;
        if source.size() != target.size() || source.kind() != target.kind() {
            return Err(misfit(name));
        }
        let _guard = tch::no_grad_guard();
        target.shallow_clone().f_copy_(source)?;
        Ok(())
    }
}

/// Weights of another network, or a damaged file.
pub(super) fn misfit(name: &str) -> TrainingError {
    TrainingError::Experiment(format!(
        "what was saved to go on with does not fit this experiment ({name}): train it anew"
    ))
}

/// When to save where a run stands. Writing gigabytes after every epoch could cost more than the
/// training, so it takes at most about one part in ten of the time: after a save that took a second
/// the next one waits for ten.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many times as long as a save took the next one waits.
    rest: u32,
    last: Option<(Instant, Duration)>,
}

impl Pace {
    /// What a run takes.
    pub const REST: u32 = 10;

    pub fn new(rest: u32) -> Self {
        Self { rest, last: None }
    }

    pub fn is_due(&self) -> bool {
        self.last
            .is_none_or(|(ended, took)| ended.elapsed() >= took * self.rest)
    }

    /// A save that began at `began` has just ended.
    pub fn saved(&mut self, began: Instant) {
        self.last = Some((Instant::now(), began.elapsed()));
    }
}
