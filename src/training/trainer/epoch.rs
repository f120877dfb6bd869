//! One epoch of training.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use super::batches::{Draw, Variation, epoch_batches};
use super::phase::Session;
use super::prepare::Members;
use super::workload::training_cost;
use crate::data::DataError;
use crate::experiment::Phase;
use crate::format::count;
use crate::training::TrainingError;
use crate::training::averaging::Averaging;
use crate::training::events::Activity;
use crate::training::features::Group;
use crate::training::forecast::Work;
use crate::training::loss::Loss;
use crate::training::metrics::{Batch, Metrics};
use crate::training::network::{Network, classes_of};
use crate::training::optimizer::Optimizer;
use crate::training::phase_plan::PhasePlan;
use crate::training::pictures::Shot;
use crate::training::reporter::Reporter;
use crate::training::resume::Partial;
use crate::training::schedule::learning_rate;
use crate::training::shortage::{AtOnce, out_of_memory};

/// Where an epoch stands in its run.
pub(super) struct EpochPlan {
    /// Counted from 0.
    pub phase: usize,
    /// Counted from 1 over all phases.
    pub epoch: u32,
    /// Epochs of this phase before this one.
    pub done_in_phase: u32,
    pub steps_per_epoch: u64,
}

impl Session<'_> {
    /// Trains on every picture once; what was measured on the way, and the last learning rate. `from`: goes on where the
    /// epoch was stopped. Stopped once more, it leaves behind in [`Session::halted`] where it stands.
    pub fn train_epoch(
        &mut self,
        plan: &EpochPlan,
        optimizer: &mut Optimizer,
        averaging: Option<&mut Averaging>,
        from: Option<&Partial>,
    ) -> Result<(Metrics, f64), TrainingError> {
        let began = Instant::now();
        let seed = self.experiment.seed;
        let variation = Variation::of(&self.experiment.augmentation);
        let phase_plan = &self.plans[plan.phase];
        let cut = phase_plan.cut;
        let batches = epoch_batches(
            self.train.len(),
            self.experiment.training.batch_size.max(1) as usize,
            phase_plan.normalizes_by_batch,
            variation,
            seed,
            plan.epoch,
        );
        self.reporter
            .begin(Activity::Training, batches.iter().map(Vec::len).sum())?;
        let is_kept = cut > 0 && self.cache.holds(Group::Train, cut);
        let cost = training_cost(&self.network, if is_kept { cut } else { 0 }, cut);
        let done = from.map_or(0, |from| from.batches.min(batches.len()));
        if done > 0 {
            let pictures = batches[..done].iter().map(Vec::len).sum();
            self.reporter.skip(Work::Training, pictures, cost)?;
        }
        let batches = &batches[done..];
        let classes = self.dataset.classes.len();
        let mut stepper = Stepper {
            network: &self.network,
            plan: phase_plan,
            phase: &self.experiment.phases[plan.phase],
            loss: &self.loss,
            members: &self.train,
            optimizer,
            averaging,
            reporter: &mut self.reporter,
            at_once: &self.at_once,
            metrics: from.map_or_else(
                || Metrics::new(classes),
                |from| Metrics::from_counted(&from.counted),
            ),
            epoch: plan.epoch,
            step: u64::from(plan.done_in_phase) * plan.steps_per_epoch + done as u64,
            batches: done,
            steps_per_epoch: plan.steps_per_epoch,
            cost,
            rate: from.map_or(0.0, |from| f64::from_bits(from.rate)),
            untold: Vec::new(),
            told: Instant::now(),
        };
        let mut work = || -> Result<(), TrainingError> {
            if is_kept {
                let row = |draw: &Draw| (draw.view as usize * self.train.len() + draw.place) as i64;
                for batch in batches {
                    let rows: Vec<i64> = batch.iter().map(row).collect();
                    stepper.step(&self.cache.pick(Group::Train, cut, &rows)?, batch)?;
                }
                return Ok(());
            }
            let shot = |draw: &Draw| {
                let picture = self.train.pictures[draw.place];
                Shot {
                    picture,
                    look: variation.look(seed, picture, draw.view, plan.epoch),
                }
            };
            let shots: Vec<Vec<Shot>> = batches
                .iter()
                .map(|batch| batch.iter().map(shot).collect())
                .collect();
            let frozen = self.network.prefix(0..cut)?;
            self.pictures.for_each(&shots, |place, pictures| {
                stepper.reporter.checkpoint()?;
                let input = frozen.advance(&self.network, &pictures)?;
                let input = input.f_to_kind(Kind::Float)?;
                stepper.step(&input, &batches[place])?;
                Ok(ControlFlow::Continue(()))
            })
        };
        let worked = work();
        if worked.as_ref().is_err_and(is_stop) && stepper.batches > 0 {
            stepper.tell()?;
            let seconds = began.elapsed().as_secs_f64() + from.map_or(0.0, |from| from.seconds);
            self.halted = Some(stepper.partial(seconds));
        }
        worked?;
        stepper.tell()?;
        Ok((stepper.metrics, stepper.rate))
    }
}

/// Whether a person ended the training, wherever that was noticed.
pub(super) fn is_stop(error: &TrainingError) -> bool {
    matches!(
        error,
        TrainingError::Stopped | TrainingError::Data(DataError::Stopped)
    )
}

/// A graphics card computes while the processor prepares what follows, unless somebody waits for its results: they are
/// asked for as seldom as this. The processor's own are there at once.
const WAIT_SELDOM: Duration = Duration::from_millis(100);

/// What a step needs and leaves.
struct Stepper<'s, 'l> {
    network: &'s Network,
    plan: &'s PhasePlan,
    phase: &'s Phase,
    loss: &'s Loss,
    members: &'s Members,
    optimizer: &'s mut Optimizer,
    averaging: Option<&'s mut Averaging>,
    reporter: &'s mut Reporter<'l>,
    at_once: &'s AtOnce,
    metrics: Metrics,
    epoch: u32,
    /// Counted from 0 within the phase.
    step: u64,
    /// Done in this epoch.
    batches: usize,
    steps_per_epoch: u64,
    /// Multiply-adds per picture.
    cost: f64,
    /// Of the last step.
    rate: f64,
    /// What the last steps found.
    untold: Vec<Found>,
    /// Up to when everything has been told.
    told: Instant,
}

/// What a step found, where it was computed.
struct Found {
    /// Mean over the batch, a scalar.
    loss: Tensor,
    /// `[N]`, int64.
    predicted: Tensor,
    truth: Vec<u32>,
}

impl Stepper<'_, '_> {
    /// One batch: forward from the frozen part's output, backward, update.
    fn step(&mut self, input: &Tensor, batch: &[Draw]) -> Result<(), TrainingError> {
        self.reporter.checkpoint()?;
        let places: Vec<usize> = batch.iter().map(|draw| draw.place).collect();
        let labels = self.members.label_tensor(&places, self.network.device)?;
        let Learned {
            gradients,
            loss,
            logits,
        } = self.learn(input, &labels)?;
        let is_slow_to_ask = self.network.device != Device::Cpu;
        if !is_slow_to_ask {
            // Before the step makes the weights as useless as it is.
            self.check(loss.f_double_value(&[])?)?;
        }
        self.rate = learning_rate(self.phase, self.step, self.steps_per_epoch);
        self.optimizer.step(&gradients, self.rate)?;
        if let Some(averaging) = &mut self.averaging {
            averaging.update()?;
        }
        self.step += 1;
        self.batches += 1;

        let truth: Vec<u32> = places
            .iter()
            .map(|&place| self.members.labels[place])
            .collect();
        self.untold.push(Found {
            loss,
            predicted: self.network.most_probable(&logits)?,
            truth,
        });
        if is_slow_to_ask && self.told.elapsed() < WAIT_SELDOM {
            return Ok(());
        }
        self.tell()
    }

    /// Where the epoch stands, once everything has been told.
    fn partial(&self, seconds: f64) -> Partial {
        Partial {
            batches: self.batches,
            counted: self.metrics.counted(),
            rate: self.rate.to_bits(),
            seconds,
        }
    }

    /// Counts what the steps since the last call found.
    fn tell(&mut self) -> Result<(), TrainingError> {
        let mut pictures = 0;
        for Found {
            loss,
            predicted,
            truth,
        } in std::mem::take(&mut self.untold)
        {
            let value = loss.f_double_value(&[])?;
            self.check(value)?;
            self.metrics.update(&Batch {
                loss_sum: value * truth.len() as f64,
                truth: &truth,
                predicted: &classes_of(&predicted)?,
            });
            self.reporter.batch_loss(value);
            pictures += truth.len();
        }
        if pictures > 0 {
            self.reporter
                .advance(Work::Training, pictures, self.cost, self.told.elapsed())?;
            self.told = Instant::now();
        }
        Ok(())
    }

    /// A loss that is no number ends the run.
    fn check(&self, loss: f64) -> Result<(), TrainingError> {
        if loss.is_finite() {
            return Ok(());
        }
        Err(TrainingError::Diverged {
            loss,
            epoch: self.epoch,
        })
    }

    /// Loss and gradients of a batch, all at once or in parts where memory is short.
    fn learn(&mut self, input: &Tensor, labels: &Tensor) -> Result<Learned, TrainingError> {
        let rows = labels.size1()? as usize;
        // A BatchNorm that learns can't normalise by a single picture.
        let least = if self.plan.normalizes_by_batch { 2 } else { 1 };
        loop {
            let parts = self.at_once.parts(rows, least);
            let error = match self.learn_in(&parts, input, labels) {
                Err(error) => error,
                learned => return learned,
            };
            let largest = parts.iter().copied().max().unwrap_or(rows);
            let half = out_of_memory(&error).and_then(|_| self.at_once.halve(largest, least));
            let Some(half) = half else {
                return Err(error);
            };
            let norms = if self.plan.normalizes_by_batch {
                "; BatchNorm layers that learn see the smaller part"
            } else {
                ""
            };
            self.reporter.warn(format!(
                "Memory ran out: at most {} from now on, whose gradients are added up to the same batch{norms}. Set training.micro_batch to {half} to begin so.",
                count(half, "picture is computed at once", "pictures are computed at once"),
            ))?;
        }
    }

    /// The same with the batch cut into `parts`: the sum of the parts' gradients, each weighed as it counts in the
    /// batch's mean loss, is the batch's gradient.
    fn learn_in(
        &self,
        parts: &[usize],
        input: &Tensor,
        all_labels: &Tensor,
    ) -> Result<Learned, TrainingError> {
        let mut sum: Option<Vec<Tensor>> = None;
        let mut value: Option<Tensor> = None;
        let mut all_logits = Vec::new();
        let mut first = 0;
        for &rows in parts {
            let is_whole = parts.len() == 1;
            let rows = rows as i64;
            let (input, labels) = if is_whole {
                (input.shallow_clone(), all_labels.shallow_clone())
            } else {
                (
                    input.f_narrow(0, first, rows)?,
                    all_labels.f_narrow(0, first, rows)?,
                )
            };
            first += rows;
            let (cut, pass) = (self.plan.cut, &self.plan.pass);
            let logits = self.network.train_logits(&input, cut, pass)?;
            let mut loss = self.loss.mean(&logits, &labels)?;
            if !is_whole {
                let share = self.loss.weight(&labels)? / self.loss.weight(all_labels)?;
                loss = loss.f_mul_scalar(share)?;
            }
            let detached = loss.f_detach()?;
            value = Some(match value {
                Some(value) => value.f_add(&detached)?,
                None => detached,
            });
            let gradients = self.optimizer.gradients(&loss)?;
            all_logits.push(logits.f_detach()?);
            match &mut sum {
                None => sum = Some(gradients),
                Some(sum) => add(sum, gradients)?,
            }
        }
        let logits = match all_logits.as_slice() {
            [one] => one.shallow_clone(),
            parts => Tensor::f_cat(parts, 0)?,
        };
        Ok(Learned {
            gradients: sum.unwrap_or_default(),
            loss: value.unwrap_or_default(),
            logits,
        })
    }
}

/// What a batch teaches.
struct Learned {
    /// In the order of the optimizer's parameters.
    gradients: Vec<Tensor>,
    /// Mean over the batch, a scalar.
    loss: Tensor,
    /// Of the whole batch, without gradients.
    logits: Tensor,
}

/// Adds gradients to `sum`, in place; undefined ones count as zeros.
fn add(sum: &mut [Tensor], gradients: Vec<Tensor>) -> Result<(), TrainingError> {
    let _guard = tch::no_grad_guard();
    for (sum, gradient) in sum.iter_mut().zip(gradients) {
        if !gradient.defined() {
            continue;
        }
        if sum.defined() {
            let _ = sum.f_add_(&gradient)?;
        } else {
            *sum = gradient;
        }
    }
    Ok(())
}
