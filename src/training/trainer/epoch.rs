//! One epoch of training.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::batches::{BatchItem, epoch_batches};
use super::members::Members;
use super::session::{Learner, Session};
use super::statistics::RunningStatistics;
use super::workload::training_cost;
use crate::data::Split;
use crate::data::augment::Mixing;
use crate::experiment::Phase;
use crate::format::count;
use crate::libtorch::numbers::WithNumber;
use crate::training::averaging::Averaging;
use crate::training::error::TrainingError;
use crate::training::events::Activity;
use crate::training::features::selection::Selection;
use crate::training::forecast::Work;
use crate::training::loss::{Labels, Loss};
use crate::training::loss_scale::LossScale;
use crate::training::metrics::{Batch, Metrics};
use crate::training::micro_batch::{MemoryRemedy, MicroBatch, Tries};
use crate::training::mixing::{mixing_of, partners};
use crate::training::network::Network;
use crate::training::optimizer::Optimizer;
use crate::training::out_of_memory::out_of_memory;
use crate::training::phase_plan::PhasePlan;
use crate::training::prefetch::consecutive;
use crate::training::rate_finder::RangeTest;
use crate::training::reporter::Reporter;
use crate::training::resume::Partial;
use crate::training::sample::{Sample, Variation};
use crate::training::sample_pass::{Batches, Input, Pending, SamplePass};
use crate::training::schedule::learning_rate;

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
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], [`TrainingError::Diverged`], those of the listener, and libtorch's own.
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
        let frozen_depth = phase_plan.cut;
        let all = epoch_batches(
            self.train.len(),
            self.experiment.training.batch_size.max(1) as usize,
            phase_plan.normalizes_by_batch,
            variation,
            seed,
            plan.epoch,
        );
        self.reporter
            .begin(Activity::Training, all.iter().map(Vec::len).sum())?;
        let is_mixing = self.experiment.augmentation.is_mixing();
        let depth = match is_mixing {
            // What is kept was computed of pictures that are not mixed.
            true => 0,
            false => self.cache.kept_depth(Split::Train, frozen_depth),
        };
        let cost = training_cost(&self.network, depth, frozen_depth);
        let done = from.map_or(0, |from| from.batches.min(all.len()));
        if done > 0 {
            let pictures = all[..done].iter().map(Vec::len).sum();
            self.reporter.skip(Work::Training, pictures, cost)?;
        }
        let items = all[done..].concat();
        let micro_batch = &self.micro_batch;
        let statistics =
            micro_batch.again(|| RunningStatistics::new(self.moving_statistics(phase_plan)))?;
        let label = |item: &BatchItem| i64::from(self.train.labels[item.index]);
        let side = self.pictures.side();
        let mixing = |batch: usize| mixing_of(self.experiment, plan.epoch, batch, side);
        let mixing_of_pass = |index: usize| mixing(done + index);
        let mut stepper = Stepper {
            mixing: &mixing,
            network: &self.network,
            plan: phase_plan,
            phase: &self.experiment.phases[plan.phase],
            loss: &self.loss,
            members: &self.train,
            optimizer: &mut learner.optimizer,
            loss_scale: learner.loss_scale.as_mut(),
            averaging: learner.averaging.as_mut(),
            range_test: learner.range_test.as_mut(),
            micro_batch,
            statistics,
            labels: Selection::new(items.iter().map(label)),
            items: &items,
            metrics: from.map_or_else(
                || Metrics::new(self.dataset.classes.len()),
                |from| Metrics::from_counted(&from.counted),
            ),
            epoch: plan.epoch,
            step: u64::from(plan.done_in_phase) * plan.steps_per_epoch + done as u64,
            batches: done,
            steps_per_epoch: plan.steps_per_epoch,
            rate: from.map_or(0.0, |from| f64::from_bits(from.rate)),
            pending: Pending::new(self.network.device),
        };
        let pass = SamplePass {
            network: &self.network,
            cache: &self.cache,
            pictures: &self.pictures,
            micro_batch,
            split: Split::Train,
            depth,
            prefix: match depth {
                0 => Some(micro_batch.again(|| self.network.prefix(0..frozen_depth))?),
                _ => None,
            },
            work: Work::Training,
            cost,
            mixing: is_mixing.then_some(&mixing_of_pass),
        };
        let batches = Batches {
            ranges: consecutive(all[done..].iter().map(Vec::len)),
            row: &|position| {
                let BatchItem { index, view } = items[position];
                (view as usize * self.train.len() + index) as i64
            },
            sample: &|position| {
                let BatchItem { index, view } = items[position];
                let picture = self.train.pictures[index];
                let transform = variation.transform(seed, picture, view, plan.epoch);
                Sample { picture, transform }
            },
        };
        let ended = pass.for_each(
            &batches,
            &mut self.reporter,
            |reporter, input, positions| {
                let pictures = stepper.step(input, positions, reporter)?;
                let test = stepper.range_test.as_ref();
                Ok(match test.is_some_and(|test| test.is_over()) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(pictures),
                })
            },
        );
        if ended.as_ref().is_err_and(TrainingError::is_stop) && stepper.batches > 0 {
            let waited = stepper.pending.waited();
            let pictures = stepper.settle(&mut self.reporter)?;
            if pictures > 0 {
                self.reporter
                    .advance(Work::Training, pictures, cost, waited)?;
            }
            let seconds = began.elapsed().as_secs_f64() + from.map_or(0.0, |from| from.seconds);
            self.halted = Some(stepper.partial(seconds));
        }
        ended?;
        Ok((stepper.metrics, stepper.rate))
    }
}

/// Logits that wait to be asked for may take this many numbers.
const MOST_PENDING_NUMBERS: usize = 4 << 20;

/// What a step needs and leaves.
struct Stepper<'s> {
    network: &'s Network,
    plan: &'s PhasePlan,
    phase: &'s Phase,
    loss: &'s Loss,
    members: &'s Members,
    optimizer: &'s mut Optimizer,
    loss_scale: Option<&'s mut LossScale>,
    averaging: Option<&'s mut Averaging>,
    range_test: Option<&'s mut RangeTest>,
    micro_batch: &'s MicroBatch,
    statistics: RunningStatistics,
    /// Of all batches, one after the other.
    items: &'s [BatchItem],
    /// Their true classes.
    labels: Selection,
    /// How a batch of the epoch, by its index, is mixed.
    mixing: &'s dyn Fn(usize) -> Option<Mixing>,
    metrics: Metrics,
    epoch: u32,
    /// Counted from 0 within the phase.
    step: u64,
    /// Done in this epoch.
    batches: usize,
    steps_per_epoch: u64,
    /// Of the last step.
    rate: f64,
    pending: Pending<StepResult>,
}

/// What a step found, where it was computed.
struct StepResult {
    /// Mean over the batch, a scalar.
    loss: Tensor,
    /// `[N, classes]`, `[N, 1]` for a sigmoid, without gradients.
    logits: Tensor,
    /// Of mixed pictures, the class with the larger share.
    truth: Vec<u32>,
}

impl Stepper<'_> {
    /// One batch: forward from the frozen part's output, backward, update. Of how many pictures the results are there.
    fn step(
        &mut self,
        input: Input<'_>,
        positions: &Range<usize>,
        reporter: &mut Reporter<'_>,
    ) -> Result<usize, TrainingError> {
        let Learned {
            gradients,
            loss,
            logits,
        } = self.learn(input, positions, reporter)?;
        let mixing = (self.mixing)(self.batches);
        if self.network.device == Device::Cpu {
            // Before the step makes the weights as useless as it is.
            self.check(loss.f_double_value(&[])?)?;
        }
        self.rate = match self.range_test {
            Some(_) => RangeTest::rate(usize::try_from(self.step).unwrap_or(usize::MAX)),
            None => learning_rate(self.phase, self.step, self.steps_per_epoch),
        };
        let (optimizer, rate) = (&mut *self.optimizer, self.rate);
        let unless = self.loss_scale.as_ref().map(|scale| scale.unless());
        self.micro_batch
            .again(|| optimizer.step_unless(&gradients, rate, unless.as_ref()))?;
        if let Some(scale) = &mut self.loss_scale {
            scale.step_done()?;
        }
        if let Some(averaging) = &mut self.averaging {
            averaging.update()?;
        }
        self.step += 1;
        self.batches += 1;

        let items = &self.items[positions.clone()];
        let truth = items.iter().map(|item| self.members.labels[item.index]);
        let mut truth: Vec<u32> = truth.collect();
        if mixing.is_some_and(|mixing| mixing.own_share < 0.5) {
            truth.rotate_right(1);
        }
        self.pending.push(StepResult {
            loss,
            logits,
            truth,
        });
        let is_last = positions.end == self.items.len();
        let numbers = |result: &StepResult| result.logits.numel();
        let numbers: usize = self.pending.results().iter().map(numbers).sum();
        if is_last || self.pending.is_due() || numbers > MOST_PENDING_NUMBERS {
            self.settle(reporter)
        } else {
            Ok(0)
        }
    }

    /// Where the epoch stands, once everything has been counted.
    fn partial(&self, seconds: f64) -> Partial {
        Partial {
            batches: self.batches,
            counted: self.metrics.counted(),
            rate: self.rate.to_bits(),
            seconds,
        }
    }

    /// Counts what the steps since the last call found; their pictures.
    fn settle(&mut self, reporter: &mut Reporter<'_>) -> Result<usize, TrainingError> {
        let results = self.pending.results();
        if results.is_empty() {
            return Ok(0);
        }
        let (losses, predicted) = self.micro_batch.again(|| read(self.network, results))?;
        let mut predicted = predicted.as_slice();
        let mut pictures = 0;
        for (StepResult { truth, .. }, value) in self.pending.take().iter().zip(losses) {
            let is_test = self.range_test.is_some();
            if !value.is_finite() && self.loss_scale.is_some() && !is_test {
                reporter.warn(
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
            if let Some(test) = &mut self.range_test {
                test.add(value);
            }
            reporter.batch_loss(value);
            pictures += truth.len();
        }
        Ok(pictures)
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

    /// Loss and gradients of the batch at `positions`, all at once or in parts where memory is short.
    fn learn(
        &mut self,
        input: Input<'_>,
        positions: &Range<usize>,
        reporter: &mut Reporter<'_>,
    ) -> Result<Learned, TrainingError> {
        let rows = positions.len();
        // A BatchNorm that learns can't normalise by a single picture.
        let least = if self.plan.normalizes_by_batch { 2 } else { 1 };
        let mut tries = Tries::default();
        self.statistics.remember()?;
        loop {
            let parts = self.micro_batch.parts(rows, least);
            let error = match self.learn_in(&parts, input, positions) {
                Err(error) => error,
                learned => return learned,
            };
            if out_of_memory(&error).is_none() {
                return Err(error);
            }
            self.statistics.restore()?;
            let largest = parts.iter().copied().max().unwrap_or(rows);
            match self.micro_batch.remedy(largest, least, &mut tries)? {
                None => return Err(error),
                Some(MemoryRemedy::Emptied | MemoryRemedy::FeaturesMoved) => {}
                Some(MemoryRemedy::Fewer(half)) => self.report_fewer(half, reporter)?,
            }
        }
    }

    fn report_fewer(&self, half: usize, reporter: &mut Reporter<'_>) -> Result<(), TrainingError> {
        let norms = if self.plan.normalizes_by_batch {
            "; BatchNorm layers that learn see the smaller part"
        } else {
            ""
        };
        reporter.warn(format!(
            "Memory ran out: at most {} from now on, whose gradients are added up to the same batch{norms}. Set training.micro_batch to {half} to begin so.",
            count(half, "picture is computed at once", "pictures are computed at once"),
        ))
    }

    /// The same with the batch divided into `parts`: the sum of the parts' gradients, each weighed as it counts in the
    /// batch's mean loss, is the batch's gradient.
    fn learn_in(
        &mut self,
        parts: &[usize],
        input: Input<'_>,
        positions: &Range<usize>,
    ) -> Result<Learned, TrainingError> {
        let all_rows = positions.len();
        let numbers = &self.labels.numbers()[positions.clone()];
        let all_labels = self.labels.on(self.network.device, positions.clone())?;
        // Of the whole batch, before it is divided.
        let mixing = (self.mixing)(self.batches);
        let mut partner_numbers = numbers.to_vec();
        partner_numbers.rotate_right(1);
        let all_partners = match mixing {
            Some(_) => partners(&all_labels)?,
            None => all_labels.shallow_clone(),
        };
        let weight = |rows: Range<usize>| match mixing {
            None => self.loss.weight(&numbers[rows]),
            Some(mixing) => self.loss.mixed_weight(
                &numbers[rows.clone()],
                &partner_numbers[rows],
                mixing.own_share,
            ),
        };
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
            let (frozen_depth, pass) = (self.plan.cut, &self.plan.pass);
            let logits = self.network.train_logits(&input, frozen_depth, pass)?;
            let mut loss = match mixing {
                None => self.loss.mean(&logits, &labels)?,
                Some(mixing) => {
                    let partner_labels = all_partners.f_narrow(0, done as i64, rows)?;
                    let range = done..first as usize;
                    let of = |there, numbers| Labels { there, numbers };
                    let own = of(&labels, &numbers[range.clone()]);
                    let partner = of(&partner_labels, &partner_numbers[range]);
                    let share = mixing.own_share;
                    self.loss.mixed_mean(&logits, own, partner, share)?
                }
            };
            if !is_whole {
                let share = weight(done..first as usize) / weight(0..all_rows);
                loss = loss.f_mul_number(share)?;
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
fn read(network: &Network, results: &[StepResult]) -> Result<(Vec<f64>, Vec<u32>), TrainingError> {
    let _guard = tch::no_grad_guard();
    let all = |of: fn(&StepResult) -> &Tensor| results.iter().map(of).collect::<Vec<_>>();
    let losses = Tensor::f_stack(&all(|result| &result.loss), 0)?;
    let losses = losses.f_to_kind(Kind::Double)?.f_to(Device::Cpu)?;
    let logits = Tensor::f_cat(&all(|result| &result.logits), 0)?;
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
