//! One epoch of training.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use super::batches::{Draw, Variation, epoch_batches};
use super::phase::{Learner, Session};
use super::prepare::Members;
use super::statistics::RunningStatistics;
use super::workload::training_cost;
use crate::data::DataError;
use crate::experiment::Phase;
use crate::format::count;
use crate::training::TrainingError;
use crate::training::averaging::Averaging;
use crate::training::events::Activity;
use crate::training::features::{Group, Selection};
use crate::training::forecast::Work;
use crate::training::loss::Loss;
use crate::training::loss_scale::LossScale;
use crate::training::metrics::{Batch, Metrics};
use crate::training::network::Network;
use crate::training::optimizer::Optimizer;
use crate::training::phase_plan::PhasePlan;
use crate::training::pictures::Shot;
use crate::training::reporter::Reporter;
use crate::training::resume::Partial;
use crate::training::schedule::learning_rate;
use crate::training::shortage::{AtOnce, Remedy, Tries, out_of_memory};

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
        learner: &mut Learner,
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
        let at_once = &self.at_once;
        let statistics =
            at_once.again(|| RunningStatistics::new(self.moving_statistics(phase_plan)))?;
        let draws = || batches.iter().flatten();
        let labels = draws().map(|draw| i64::from(self.train.labels[draw.place]));
        let mut stepper = Stepper {
            network: &self.network,
            plan: phase_plan,
            phase: &self.experiment.phases[plan.phase],
            loss: &self.loss,
            members: &self.train,
            optimizer: &mut learner.optimizer,
            loss_scale: learner.loss_scale.as_mut(),
            averaging: learner.averaging.as_mut(),
            reporter: &mut self.reporter,
            at_once,
            statistics,
            labels: Selection::new(labels),
            place: 0,
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
                let rows = Selection::new(draws().map(row));
                for batch in batches {
                    let range = stepper.place..stepper.place + batch.len();
                    let pick = || self.cache.pick(Group::Train, cut, &rows, range.clone());
                    stepper.step(&pick, batch)?;
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
            let frozen = at_once.again(|| self.network.prefix(0..cut))?;
            self.pictures.for_each(&shots, at_once, |place, pictures| {
                stepper.reporter.checkpoint()?;
                let input = at_once.again(|| -> Result<Tensor, TrainingError> {
                    let input = frozen.advance(&self.network, &pictures)?;
                    Ok(input.f_to_kind(Kind::Float)?)
                })?;
                stepper.step(&|| Ok(input.shallow_clone()), &batches[place])?;
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
pub(super) const WAIT_SELDOM: Duration = Duration::from_millis(100);

/// Logits that wait to be asked for may take this many numbers.
const UNTOLD_NUMBERS: usize = 4 << 20;

/// What a step needs and leaves.
struct Stepper<'s, 'l> {
    network: &'s Network,
    plan: &'s PhasePlan,
    phase: &'s Phase,
    loss: &'s Loss,
    members: &'s Members,
    optimizer: &'s mut Optimizer,
    loss_scale: Option<&'s mut LossScale>,
    averaging: Option<&'s mut Averaging>,
    reporter: &'s mut Reporter<'l>,
    at_once: &'s AtOnce,
    statistics: RunningStatistics,
    /// The true classes of all batches, one after the other.
    labels: Selection,
    /// Where the next batch begins among them.
    place: usize,
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
    /// `[N, …]`, without gradients.
    logits: Tensor,
    truth: Vec<u32>,
}

/// Gives a batch's input, each time that it is asked for.
type Input<'i> = &'i dyn Fn() -> Result<Tensor, TrainingError>;

impl Stepper<'_, '_> {
    /// One batch: forward from the frozen part's output, backward, update.
    fn step(&mut self, input: Input<'_>, batch: &[Draw]) -> Result<(), TrainingError> {
        self.reporter.checkpoint()?;
        let Learned {
            gradients,
            loss,
            logits,
        } = self.learn(input, batch.len())?;
        let is_slow_to_ask = self.network.device != Device::Cpu;
        if !is_slow_to_ask {
            // Before the step makes the weights as useless as it is.
            self.check(loss.f_double_value(&[])?)?;
        }
        self.rate = learning_rate(self.phase, self.step, self.steps_per_epoch);
        let (optimizer, rate) = (&mut *self.optimizer, self.rate);
        let unless = self.loss_scale.as_ref().map(|scale| scale.unless());
        self.at_once
            .again(|| optimizer.step_unless(&gradients, rate, unless.as_ref()))?;
        if let Some(scale) = &mut self.loss_scale {
            scale.step_done()?;
        }
        if let Some(averaging) = &mut self.averaging {
            averaging.update()?;
        }
        self.place += batch.len();
        self.step += 1;
        self.batches += 1;

        let truth: Vec<u32> = batch
            .iter()
            .map(|draw| self.members.labels[draw.place])
            .collect();
        self.untold.push(Found {
            loss,
            logits,
            truth,
        });
        let numbers = |found: &Found| found.logits.numel();
        let is_much = || self.untold.iter().map(numbers).sum::<usize>() > UNTOLD_NUMBERS;
        if is_slow_to_ask && self.told.elapsed() < WAIT_SELDOM && !is_much() {
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
        if self.untold.is_empty() {
            return Ok(());
        }
        let untold = &self.untold;
        let (losses, predicted) = self.at_once.again(|| read(self.network, untold))?;
        let mut predicted = predicted.as_slice();
        let mut pictures = 0;
        for (Found { truth, .. }, value) in std::mem::take(&mut self.untold).iter().zip(losses) {
            if !value.is_finite() && self.loss_scale.is_some() {
                self.reporter.warn(
                    "Layers that train compute in fp16, whose numbers end at 65504: set training.mixed_precision to Off if a lower learning rate does not help."
                        .into(),
                )?;
            }
            self.check(value)?;
            let (of_batch, rest) = predicted.split_at(truth.len().min(predicted.len()));
            predicted = rest;
            self.metrics.update(&Batch {
                loss_sum: value * truth.len() as f64,
                truth,
                predicted: of_batch,
            });
            self.reporter.batch_loss(value);
            pictures += truth.len();
        }
        self.reporter
            .advance(Work::Training, pictures, self.cost, self.told.elapsed())?;
        self.told = Instant::now();
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

    /// Loss and gradients of the next batch of `rows` pictures, all at once or in parts where memory is short.
    fn learn(&mut self, input: Input<'_>, rows: usize) -> Result<Learned, TrainingError> {
        // A BatchNorm that learns can't normalise by a single picture.
        let least = if self.plan.normalizes_by_batch { 2 } else { 1 };
        let mut tries = Tries::default();
        self.statistics.remember()?;
        loop {
            let parts = self.at_once.parts(rows, least);
            let error = match self.learn_in(&parts, input, rows) {
                Err(error) => error,
                learned => return learned,
            };
            if out_of_memory(&error).is_none() {
                return Err(error);
            }
            self.statistics.restore()?;
            let largest = parts.iter().copied().max().unwrap_or(rows);
            match self.at_once.remedy(largest, least, &mut tries)? {
                None => return Err(error),
                Some(Remedy::Emptied | Remedy::FeaturesMoved) => {}
                Some(Remedy::Fewer(half)) => self.tell_fewer(half)?,
            }
        }
    }

    fn tell_fewer(&mut self, half: usize) -> Result<(), TrainingError> {
        let norms = if self.plan.normalizes_by_batch {
            "; BatchNorm layers that learn see the smaller part"
        } else {
            ""
        };
        self.reporter.warn(format!(
            "Memory ran out: at most {} from now on, whose gradients are added up to the same batch{norms}. Set training.micro_batch to {half} to begin so.",
            count(half, "picture is computed at once", "pictures are computed at once"),
        ))
    }

    /// The same with the batch cut into `parts`: the sum of the parts' gradients, each weighed as it counts in the
    /// batch's mean loss, is the batch's gradient.
    fn learn_in(
        &mut self,
        parts: &[usize],
        input: Input<'_>,
        all_rows: usize,
    ) -> Result<Learned, TrainingError> {
        let range = self.place..self.place + all_rows;
        let numbers = &self.labels.numbers()[range.clone()];
        let weight = |rows: Range<usize>| self.loss.weight(&numbers[rows]);
        let all_labels = self.labels.on(self.network.device, range)?;
        let input = input()?;
        let mut sum: Option<Vec<Tensor>> = None;
        let mut value: Option<Tensor> = None;
        let mut all_logits = Vec::new();
        let mut first = 0;
        for &rows in parts {
            let is_whole = parts.len() == 1;
            let of_batch = rows as f64 / all_rows as f64;
            let rows = rows as i64;
            let (input, labels) = if is_whole {
                (input.shallow_clone(), all_labels.shallow_clone())
            } else {
                (
                    input.f_narrow(0, first, rows)?,
                    all_labels.f_narrow(0, first, rows)?,
                )
            };
            let done = first as usize;
            first += rows;
            let (cut, pass) = (self.plan.cut, &self.plan.pass);
            let logits = self.network.train_logits(&input, cut, pass)?;
            let mut loss = self.loss.mean(&logits, &labels)?;
            if !is_whole {
                let share = weight(done..first as usize) / weight(0..all_rows);
                loss = loss.f_mul_scalar(share)?;
            }
            let detached = loss.f_detach()?;
            value = Some(match value {
                Some(value) => value.f_add(&detached)?,
                None => detached,
            });
            if let Some(scale) = &self.loss_scale {
                loss = scale.scaled(&loss)?;
            }
            let gradients = self.optimizer.gradients(&loss)?;
            all_logits.push(logits.f_detach()?);
            match &mut sum {
                None => sum = Some(gradients),
                Some(sum) => add(sum, gradients)?,
            }
            if !is_whole {
                self.statistics.part_done(of_batch)?;
            }
        }
        if parts.len() > 1 {
            self.statistics.parts_done()?;
        }
        let gradients = sum.unwrap_or_default();
        if let Some(scale) = &mut self.loss_scale {
            scale.unscale(&gradients)?;
        }
        let logits = match all_logits.as_slice() {
            [one] => one.shallow_clone(),
            parts => Tensor::f_cat(parts, 0)?,
        };
        Ok(Learned {
            gradients,
            loss: value.unwrap_or_default(),
            logits,
        })
    }
}

/// The losses of batches and the classes that were most probable, picture by picture: asked for in one go each.
fn read(network: &Network, found: &[Found]) -> Result<(Vec<f64>, Vec<u32>), TrainingError> {
    let _guard = tch::no_grad_guard();
    let all = |of: fn(&Found) -> &Tensor| found.iter().map(of).collect::<Vec<_>>();
    let losses = Tensor::f_stack(&all(|found| &found.loss), 0)?;
    let losses = losses.f_to_kind(Kind::Double)?.f_to(Device::Cpu)?;
    let logits = Tensor::f_cat(&all(|found| &found.logits), 0)?;
    Ok((Vec::try_from(losses)?, network.predicted(&logits)?))
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
