//! Phases, one after the other, over a prepared network.

use std::time::Instant;

use tch::{Kind, Tensor};

use super::PhaseSummary;
use super::batches::{Variation, batch_count};
use super::best_checkpoint::BestCheckpoint;
use super::epoch::{EpochPlan, is_stop};
use super::prepare::Members;
use super::resume::PhaseStanding;
use super::workload;
use crate::data::Dataset;
use crate::experiment::{Experiment, Keep, Phase};
use crate::format::{self, count};
use crate::libtorch::cuda;
use crate::models::init::seeded;
use crate::models::parameters::Role;
use crate::training::TrainingError;
use crate::training::averaging::Averaging;
use crate::training::events::{EpochMetrics, TrainingEvent};
use crate::training::features::FeatureCache;
use crate::training::loss::Loss;
use crate::training::loss_scale::LossScale;
use crate::training::metrics::{Metric, Metrics, monitored};
use crate::training::monitor::Patience;
use crate::training::movement::Origin;
use crate::training::network::Network;
use crate::training::optimizer::{Optimizer, Parameter};
use crate::training::phase_plan::PhasePlan;
use crate::training::pictures::Pictures;
use crate::training::reporter::Reporter;
use crate::training::resume::{Pace, Partial, ResumePoint};
use crate::training::seeds::{Purpose, mix};
use crate::training::shortage::AtOnce;

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
    pub at_once: AtOnce,
    pub loss: Loss,
    pub best_checkpoint: BestCheckpoint,
    pub reporter: Reporter<'a>,
    /// Everything that some phase changes, by name.
    pub changing: Vec<(String, Tensor)>,
    /// The phases that came to their end.
    pub finished: Vec<PhaseSummary>,
    /// Where an interrupted run stood that this one goes on with.
    pub resumed: Option<&'a ResumePoint>,
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
}

impl Session<'_> {
    /// Puts the averages of `learner` into the network, or back.
    pub fn swap_averages(&self, learner: &mut Learner) -> Result<(), TrainingError> {
        match &mut learner.averaging {
            Some(averaging) => self.at_once.again(|| averaging.swap()),
            None => Ok(()),
        }
    }

    /// Running statistics that move in a phase, those of the head included.
    pub fn moving_statistics(&self, plan: &PhasePlan) -> impl Iterator<Item = Tensor> {
        let store = self.network.backbone.parameters();
        let base = plan.moving.iter().map(|&place| &store.entries[place]);
        let head = self.network.head.parameters().entries.iter();
        let head = head.filter(|entry| entry.role == Role::Buffer);
        base.chain(head).map(|entry| entry.tensor.shallow_clone())
    }

    pub fn run_phases(&mut self) -> Result<Vec<PhaseSummary>, TrainingError> {
        let standing = self.resumed.map(|point| &point.standing);
        let first = standing.map_or(0, |standing| standing.phase);
        let mut epoch = standing.map_or(0, |standing| standing.epoch);
        for index in first..self.plans.len() {
            let summary = self.run_phase(index, &mut epoch)?;
            self.finished.push(summary);
        }
        Ok(self.finished.clone())
    }

    /// Early stopping has ended a phase: what was learned since the best epoch was no improvement, so the next phase goes
    /// on from there (Keras' `restore_best_weights`), unless the experiment keeps the last weights.
    fn return_to_best(&mut self, index: usize) -> Result<(), TrainingError> {
        let Some(next) = self.experiment.phases.get(index + 1) else {
            return Ok(());
        };
        if self.experiment.training.keep != Keep::Best || !self.best_checkpoint.return_to_best()? {
            return Ok(());
        }
        self.reporter.note(format!(
            "{} goes on from the weights of epoch {}, the best so far",
            next.name,
            self.best_checkpoint.best_epoch()
        ))
    }

    /// `epoch`: the last one done, counted from 1 over all phases.
    fn run_phase(&mut self, index: usize, epoch: &mut u32) -> Result<PhaseSummary, TrainingError> {
        let began = Instant::now();
        let phase = &self.experiment.phases[index];
        let resumed = self.resumed.filter(|point| point.standing.phase == index);
        let standing = resumed.map(|point| &point.standing);
        let mut done = standing.map_or(0, |standing| standing.done_in_phase);
        let mut is_over = standing.is_some_and(|standing| standing.phase_is_over);
        let seconds_before = standing.map_or(0.0, |standing| standing.phase_seconds);
        self.reporter.set_place(index, *epoch);
        self.announce(index, phase, (*epoch + 1).saturating_sub(done))?;
        self.network.set_trained(&self.plans[index])?;

        let config = &self.experiment.training;
        let metric = monitored(config.monitor);
        let patience = match &config.early_stopping {
            Some(config) if self.validation.len() > 0 => {
                Some(Patience::new(metric, config.clone()))
            }
            _ => None,
        };
        let mut learner = Learner {
            optimizer: Optimizer::new(&phase.optimizer, self.trained_parameters(index)),
            loss_scale: self.at_once.again(|| self.start_loss_scale(index))?,
            averaging: self.at_once.again(|| self.start_averaging(index))?,
            patience,
        };
        if let Some(point) = resumed {
            self.restore_learner(point, &mut learner)?;
        }
        let place = |epoch: u32, done_in_phase: u32, is_over: bool| PhaseStanding {
            epoch,
            phase: index,
            done_in_phase,
            is_over,
            seconds: seconds_before + began.elapsed().as_secs_f64(),
        };
        if done < phase.epochs && !is_over {
            let prepared = self.prepare_features(index);
            if prepared.as_ref().is_err_and(is_stop) {
                self.save_stopped(&place(*epoch, done, is_over), &learner)?;
            }
            prepared?;
            self.tell_shortage()?;
        }
        let batch_size = config.batch_size.max(1) as usize;
        let by_batch = self.plans[index].normalizes_by_batch;
        let steps_per_epoch = batch_count(self.train.len(), batch_size, by_batch) as u64;
        if steps_per_epoch == 0 {
            return Err(TrainingError::Experiment(
                "a BatchNorm that learns can't normalise by a single training picture".into(),
            ));
        }
        let mut partial = standing.and_then(|standing| standing.partial.as_ref());
        while done < phase.epochs && !is_over {
            let plan = EpochPlan {
                phase: index,
                epoch: *epoch + 1,
                done_in_phase: done,
                steps_per_epoch,
            };
            let ended = self.run_epoch(&plan, &mut learner, partial.take());
            if ended.as_ref().is_err_and(is_stop) {
                self.save_stopped(&place(*epoch, done, false), &learner)?;
            }
            is_over = ended?;
            *epoch += 1;
            done += 1;
            self.is_unsaved = true;
            let is_end = index + 1 == self.plans.len() && (is_over || done == phase.epochs);
            self.save_standing(&place(*epoch, done, is_over), &learner, is_end)?;
            if is_over && done < phase.epochs {
                self.reporter.note(format!(
                    "{} ends after {done} of {} epochs: {} has not improved for {} epochs",
                    phase.name,
                    phase.epochs,
                    metric.name.to_lowercase(),
                    config
                        .early_stopping
                        .as_ref()
                        .map_or(0, |config| config.patience),
                ))?;
                workload::cancel_epochs(self, index, phase.epochs - done);
            }
        }
        // The next phase goes on from the averages, which are what was validated.
        self.swap_averages(&mut learner)?;
        if is_over {
            self.return_to_best(index)?;
        }
        let seconds = seconds_before + began.elapsed().as_secs_f64();
        let name = phase.name.clone();
        self.reporter.event(&TrainingEvent::PhaseFinished {
            phase: index,
            name: name.clone(),
            epochs: done,
            seconds,
        })?;
        Ok(PhaseSummary {
            name,
            epochs: done,
            seconds,
        })
    }

    /// One epoch of training and its validation; gives whether patience is exhausted.
    fn run_epoch(
        &mut self,
        plan: &EpochPlan,
        learner: &mut Learner,
        from: Option<&Partial>,
    ) -> Result<bool, TrainingError> {
        let began = Instant::now();
        let seconds_before = from.map_or(0.0, |from| from.seconds);
        self.reporter.set_place(plan.phase, plan.epoch);
        let seed = mix(
            self.experiment.seed,
            Purpose::Torch,
            u64::from(plan.epoch),
            0,
        );
        let generator = seeded(seed);
        if from.is_some() {
            self.restore_generator()?;
        }
        let trained = self.train_epoch(plan, learner, from);
        if trained.as_ref().is_err_and(is_stop) {
            self.remember_generator()?;
        }
        let (trained, learning_rate) = trained?;
        drop(generator);

        self.swap_averages(learner)?;
        let validated = self.validate(self.plans[plan.phase].cut);
        if validated.as_ref().is_err_and(is_stop) {
            // Everything was trained on; what is missing is the validation.
            self.swap_averages(learner)?;
            self.remember_generator()?;
            self.halted = Some(Partial {
                batches: usize::try_from(plan.steps_per_epoch).unwrap_or(usize::MAX),
                counted: trained.counted(),
                rate: learning_rate.to_bits(),
                seconds: seconds_before + began.elapsed().as_secs_f64(),
            });
        }
        let validated = validated?;
        self.tell_shortage()?;
        let value = |read: fn(&Metrics) -> f64| validated.as_ref().map(read);
        let metrics = EpochMetrics {
            epoch: plan.epoch,
            phase: plan.phase,
            learning_rate,
            train_loss: trained.loss.value(),
            train_accuracy: trained.accuracy.value(),
            validation_loss: value(|metrics| metrics.loss.value()),
            validation_accuracy: value(|metrics| metrics.accuracy.value()),
            validation_macro_f1: value(|metrics| metrics.macro_f1.value()),
            seconds: seconds_before + began.elapsed().as_secs_f64(),
        };
        self.reporter
            .event(&TrainingEvent::EpochFinished(metrics))?;
        let monitor = self.experiment.training.monitor;
        let value = validated.as_ref().map(|metrics| metrics.monitored(monitor));
        self.best_checkpoint
            .epoch(plan.epoch, value, &self.network, &mut self.reporter)?;
        self.swap_averages(learner)?;
        Ok(match (&mut learner.patience, value) {
            (Some(patience), Some(value)) => patience.is_exhausted(value),
            _ => false,
        })
    }

    /// What tensors took of a graphics card at most.
    pub fn tell_card_memory(&mut self) -> Result<(), TrainingError> {
        match cuda::memory(self.network.device) {
            Some(memory) => self.reporter.event(&TrainingEvent::CardMemory(memory.peak)),
            None => Ok(()),
        }
    }

    /// Warns when memory has run out where nothing learns.
    pub fn tell_shortage(&mut self) -> Result<(), TrainingError> {
        if let Some(bytes) = self.cache.residents().take_moved() {
            self.reporter.warn(format!(
                "The graphics card's memory ran out: {} of kept features stand in the machine's memory from now on, and epochs take somewhat longer.",
                format::bytes(bytes),
            ))?;
        }
        let Some(most) = self.network.at_once.news() else {
            return Ok(());
        };
        self.reporter.warn(format!(
            "Memory ran out: the frozen part, validation and test take {} at once from now on; results are the same but for rounding.",
            count(most, "picture", "pictures"),
        ))
    }

    fn announce(
        &mut self,
        index: usize,
        phase: &Phase,
        first_epoch: u32,
    ) -> Result<(), TrainingError> {
        let plan = &self.plans[index];
        self.reporter.event(&TrainingEvent::PhaseStarted {
            phase: index,
            name: phase.name.clone(),
            epochs: phase.epochs,
            first_epoch,
            trainable_parameters: plan.trainable_parameters + self.network.head_parameters(),
            frozen_parameters: plan.frozen_parameters,
            plan: self.describe(plan),
        })
    }

    /// What is computed once and what in every epoch, for the log.
    fn describe(&self, plan: &PhasePlan) -> String {
        let depth = self.network.depth();
        let what = if plan.cut == depth {
            "the features of the frozen backbone".to_string()
        } else {
            format!(
                "the output of the {} frozen of {depth} parts of the backbone",
                plan.cut
            )
        };
        match (plan.cut, Variation::of(&self.experiment.augmentation)) {
            (0, _) => "Computed in every epoch: the whole network".into(),
            (_, Variation::None) => format!("Computed once per picture: {what}"),
            (_, Variation::Cached(views)) => {
                format!("Computed once for each of {views} views of every picture: {what}")
            }
            (_, Variation::Fresh) => {
                format!("Computed in every epoch, because every epoch sees other pictures: {what}")
            }
        }
    }

    /// The parameters of backbone and head that learn in phase `index`.
    fn trained_parameters(&self, index: usize) -> Vec<Parameter> {
        let store = self.network.backbone.parameters();
        let base = self.plans[index]
            .trained
            .iter()
            .map(|&(place, rate_factor)| {
                let entry = &store.entries[place];
                Parameter {
                    name: entry.name.clone(),
                    tensor: entry.tensor.shallow_clone(),
                    rate_factor,
                }
            });
        let head = self.network.head.parameters().entries.iter();
        let head = head
            .filter(|entry| entry.tensor.requires_grad())
            .map(|entry| Parameter {
                name: entry.name.clone(),
                tensor: entry.tensor.shallow_clone(),
                rate_factor: 1.0,
            });
        base.chain(head).collect()
    }

    fn start_loss_scale(&self, index: usize) -> Result<Option<LossScale>, TrainingError> {
        let learns = self.plans[index].cut < self.network.depth();
        if !learns || self.network.mixed != Some(Kind::Half) {
            return Ok(None);
        }
        Ok(Some(LossScale::new(self.network.device)?))
    }

    fn start_averaging(&self, index: usize) -> Result<Option<Averaging>, TrainingError> {
        let Some(decay) = self.experiment.training.weight_averaging else {
            return Ok(None);
        };
        let plan = &self.plans[index];
        let store = self.network.backbone.parameters();
        let places = plan
            .trained
            .iter()
            .map(|(place, _)| *place)
            .chain(plan.moving.iter().copied());
        let base = places.map(|place| &store.entries[place]);
        let all = base.chain(&self.network.head.parameters().entries);
        let mut averaging = Averaging::new(decay);
        averaging.follow(all.map(|entry| entry.tensor.shallow_clone()))?;
        Ok(Some(averaging))
    }

    /// Ends the run with the weights to keep, and hands them to the listener; their epoch.
    pub fn restore_kept(&mut self) -> Result<u32, TrainingError> {
        let epoch = self.best_checkpoint.restore()?;
        self.best_checkpoint
            .hand_over(&self.network, &mut self.reporter)?;
        Ok(epoch)
    }

    /// After a run that ended early: the listener gets the best weights so far, if it lacks them.
    pub fn hand_over_best(&mut self) -> Result<(), TrainingError> {
        if self.best_checkpoint.is_pending() || self.reporter.lacks().weights {
            self.restore_kept()?;
        }
        Ok(())
    }

    /// Tells the forecast all work that is to come.
    pub fn forecast_all(&mut self) {
        workload::plan_all(self);
    }
}
