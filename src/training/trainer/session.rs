//! What a run holds while it trains.

use std::time::Instant;

use tch::Tensor;

use super::best_checkpoint::BestCheckpoint;
use super::members::Members;
use crate::data::{Dataset, Split};
use crate::experiment::Experiment;
use crate::format::{self, count};
use crate::libtorch::cuda;
use crate::models::parameters::Role;
use crate::training::averaging::Averaging;
use crate::training::error::TrainingError;
use crate::training::events::TrainingEvent;
use crate::training::features::cache::FeatureCache;
use crate::training::loss::Loss;
use crate::training::loss_scale::LossScale;
use crate::training::micro_batch::MicroBatch;
use crate::training::monitor::Patience;
use crate::training::movement::Origin;
use crate::training::network::Network;
use crate::training::optimizer::Optimizer;
use crate::training::phase_plan::PhasePlan;
use crate::training::phase_summary::PhaseSummary;
use crate::training::pictures::Pictures;
use crate::training::rate_finder::RangeTest;
use crate::training::reporter::Reporter;
use crate::training::resume::{Pace, Partial, ResumePoint};

/// Everything that a run holds while it trains.
pub(super) struct Session<'a> {
    pub experiment: &'a Experiment,
    pub dataset: &'a Dataset,
    pub network: Network,
    /// The backbone's weights before the first phase.
    pub origin: Origin,
    pub pictures: Pictures,
    /// One for every phase.
    pub plans: Vec<PhasePlan>,
    pub train: Members,
    pub validation: Members,
    pub test: Members,
    pub cache: FeatureCache,
    /// Pictures that are learned from at once; the rest of a batch follows, before the step.
    pub micro_batch: MicroBatch,
    pub loss: Loss,
    pub best_checkpoint: BestCheckpoint,
    pub reporter: Reporter<'a>,
    /// Everything that some phase changes, by name.
    pub changing: Vec<(String, Tensor)>,
    /// The phases that came to their end.
    pub finished: Vec<PhaseSummary>,
    /// Where an interrupted run stood that this one goes on with.
    pub resumed: Option<&'a ResumePoint>,
    /// After which epoch it stops.
    pub until_epoch: Option<u32>,
    /// The test pictures are there, and not in `test`.
    pub withholds_test: bool,
    pub pace: Pace,
    /// Something was trained since the run was saved.
    pub is_unsaved: bool,
    /// Where an epoch stands that a person stopped.
    pub halted: Option<Partial>,
    /// Where libtorch's random numbers stood then, by device.
    pub generator: Vec<(String, Tensor)>,
    pub began: Instant,
    /// That a resumed run took before.
    pub seconds_before: f64,
}

/// What a phase trains with.
pub(super) struct Learner {
    pub optimizer: Optimizer,
    /// Where what trains computes in fp16.
    pub loss_scale: Option<LossScale>,
    pub averaging: Option<Averaging>,
    pub patience: Option<Patience>,
    /// Sets the rates in the place of the phase's schedule, and hears the losses.
    pub range_test: Option<RangeTest>,
}

impl Session<'_> {
    /// The pictures of `split`.
    pub fn members(&self, split: Split) -> &Members {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    /// Puts the averages of `learner` into the network, or back.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn swap_averages(&self, learner: &mut Learner) -> Result<(), TrainingError> {
        match &mut learner.averaging {
            Some(averaging) => self.micro_batch.again(|| averaging.swap()),
            None => Ok(()),
        }
    }

    /// Running statistics that move in a phase, those of the head included.
    pub fn moving_statistics(&self, plan: &PhasePlan) -> impl Iterator<Item = Tensor> {
        let store = self.network.backbone.parameters();
        let base = plan.moving.iter().map(|&index| &store.entries[index]);
        let head = self.network.head.parameters().entries.iter();
        let head = head.filter(|entry| entry.role == Role::Buffer);
        base.chain(head).map(|entry| entry.tensor.shallow_clone())
    }

    /// What tensors took of a graphics card at most.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn report_card_memory(&mut self) -> Result<(), TrainingError> {
        match cuda::memory(self.network.device) {
            Some(memory) => self.reporter.event(&TrainingEvent::CardMemory(memory.peak)),
            None => Ok(()),
        }
    }

    /// Warns when memory has run out where nothing learns.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn report_missing_memory(&mut self) -> Result<(), TrainingError> {
        if let Some(bytes) = self.cache.residents().take_moved() {
            self.reporter.warn(format!(
                "The graphics card's memory ran out: {} of kept features stand in the machine's memory from now on, and epochs take somewhat longer.",
                format::bytes(bytes),
            ))?;
        }
        let Some(most) = self.network.micro_batch.news() else {
            return Ok(());
        };
        self.reporter.warn(format!(
            "Memory ran out: the frozen part, validation and test take {} at once from now on; results are the same but for rounding.",
            count(most, "picture", "pictures"),
        ))
    }
}
