//! Phases, one after the other, over a prepared network.

use std::time::Instant;

use tch::Kind;

use super::batches::batch_count;
use super::epoch::EpochPlan;
use super::resume::PhaseStanding;
use super::session::{Learner, Session};
use super::workload;
use crate::experiment::{self, Keep, Phase};
use crate::format;
use crate::models::init::seeded;
use crate::training::averaging::Averaging;
use crate::training::error::TrainingError;
use crate::training::events::{EpochMetrics, TrainingEvent};
use crate::training::loss_scale::LossScale;
use crate::training::metrics::{Metric, Metrics, monitored};
use crate::training::monitor::Patience;
use crate::training::optimizer::{Optimizer, Parameter};
use crate::training::phase_plan::PhasePlan;
use crate::training::phase_summary::PhaseSummary;
use crate::training::resume::Partial;
use crate::training::sample::Variation;
use crate::training::seeds::{Purpose, mix};

impl Session<'_> {
    /// Trains phase after phase, from where the run was resumed; what came of each.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], [`TrainingError::Diverged`], those of pictures and of the listener, and libtorch's own.
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

    /// Trains phase `index`. `epoch`: the last one done, counted from 1 over all phases.
    ///
    /// # Errors
    /// Those of [`Self::run_phases`].
    pub fn run_phase(
        &mut self,
        index: usize,
        epoch: &mut u32,
    ) -> Result<PhaseSummary, TrainingError> {
        let began = Instant::now();
        let phase = &self.experiment.phases[index];
        let resumed = self.resumed.filter(|point| point.standing.phase == index);
        let standing = resumed.map(|point| &point.standing);
        let mut done = standing.map_or(0, |standing| standing.done_in_phase);
        let mut is_over = standing.is_some_and(|standing| standing.phase_is_over);
        let seconds_before = standing.map_or(0.0, |standing| standing.phase_seconds);
        self.reporter.set_position(index, *epoch);
        self.announce(index, phase, (*epoch + 1).saturating_sub(done))?;
        self.network.set_trained(&self.plans[index])?;

        let mut learner = self.start_learner(index)?;
        if let Some(point) = resumed {
            self.restore_learner(point, &mut learner)?;
        }
        let standing_at = |epoch: u32, done_in_phase: u32, is_over: bool| PhaseStanding {
            epoch,
            phase: index,
            done_in_phase,
            is_over,
            seconds: seconds_before + began.elapsed().as_secs_f64(),
        };
        if done < phase.epochs && !is_over {
            let prepared = self.prepare_features(index);
            if prepared.as_ref().is_err_and(TrainingError::is_stop) {
                self.save_stopped(&standing_at(*epoch, done, is_over), &learner)?;
            }
            prepared?;
            self.report_missing_memory()?;
        }
        let steps_per_epoch = self.steps_per_epoch(index)?;
        let mut partial = standing.and_then(|standing| standing.partial.as_ref());
        while done < phase.epochs && !is_over {
            let renewed = self.renew_features(index);
            if renewed.as_ref().is_err_and(TrainingError::is_stop) {
                self.save_stopped(&standing_at(*epoch, done, is_over), &learner)?;
            }
            renewed?;
            let plan = EpochPlan {
                phase: index,
                epoch: *epoch + 1,
                done_in_phase: done,
                steps_per_epoch,
            };
            let ended = self.run_epoch(&plan, &mut learner, partial.take());
            if ended.as_ref().is_err_and(TrainingError::is_stop) {
                self.save_stopped(&standing_at(*epoch, done, false), &learner)?;
            }
            is_over = ended?;
            *epoch += 1;
            done += 1;
            self.is_unsaved = true;
            let is_end = index + 1 == self.plans.len() && (is_over || done == phase.epochs);
            let is_enough = self.until_epoch.is_some_and(|until| *epoch >= until);
            let is_saved = is_end || is_enough;
            self.save_standing(&standing_at(*epoch, done, is_over), &learner, is_saved)?;
            if is_enough && !is_end {
                return Err(TrainingError::Stopped);
            }
            if is_over && done < phase.epochs {
                self.report_early_end(phase, done)?;
                workload::cancel_epochs(self, index, phase.epochs - done);
            }
        }
        self.report_lost_features()?;
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

    /// What phase `index` begins to train with.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn start_learner(&self, index: usize) -> Result<Learner, TrainingError> {
        let config = &self.experiment.training;
        let metric = monitored(config.monitor);
        let early_stopping = config.early_stopping.clone();
        let patience = early_stopping
            .filter(|_| self.validation.len() > 0)
            .map(|config| Patience::new(metric, config));
        let rule = &self.experiment.phases[index].optimizer;
        Ok(Learner {
            optimizer: Optimizer::new(rule, self.trained_parameters(index)),
            loss_scale: self.micro_batch.again(|| self.start_loss_scale(index))?,
            averaging: self.micro_batch.again(|| self.start_averaging(index))?,
            patience,
            range_test: None,
        })
    }

    /// The batches of an epoch of phase `index`.
    ///
    /// # Errors
    /// [`TrainingError::Experiment`] where a BatchNorm can't learn from so few pictures.
    pub fn steps_per_epoch(&self, index: usize) -> Result<u64, TrainingError> {
        let batch_size = self.experiment.training.batch_size.max(1) as usize;
        let by_batch = self.plans[index].normalizes_by_batch;
        match batch_count(self.train.len(), batch_size, by_batch) {
            0 => Err(TrainingError::Experiment(
                "a trainable BatchNorm can't normalise by a single training picture".into(),
            )),
            steps => Ok(steps as u64),
        }
    }

    /// Patience is exhausted after `done` epochs.
    fn report_early_end(&mut self, phase: &Phase, done: u32) -> Result<(), TrainingError> {
        let config = &self.experiment.training;
        let patience = config.early_stopping.as_ref();
        self.reporter.note(format!(
            "{} ends after {done} of {}: {} has not improved for {}",
            phase.name,
            format::plural(phase.epochs.into(), "epoch", "epochs"),
            monitored(config.monitor).name.to_lowercase(),
            format::plural(
                patience.map_or(0, |config| config.patience).into(),
                "epoch",
                "epochs"
            ),
        ))
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

    /// One epoch of training and its validation; gives whether patience is exhausted.
    fn run_epoch(
        &mut self,
        plan: &EpochPlan,
        learner: &mut Learner,
        from: Option<&Partial>,
    ) -> Result<bool, TrainingError> {
        let began = Instant::now();
        let seconds_before = from.map_or(0.0, |from| from.seconds);
        self.reporter.set_position(plan.phase, plan.epoch);
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
        let trained = match self.experiment.phases[plan.phase].optimizer {
            experiment::Optimizer::LogisticRegression { c } => self.solve_head(plan, c, from),
            _ => self.train_epoch(plan, learner, from),
        };
        if trained.as_ref().is_err_and(TrainingError::is_stop) {
            self.remember_generator()?;
        }
        let (trained, learning_rate) = trained?;
        drop(generator);

        self.swap_averages(learner)?;
        let validated = self.validate(self.plans[plan.phase].cut);
        if validated.as_ref().is_err_and(TrainingError::is_stop) {
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
        self.report_missing_memory()?;
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
        let augmentation = &self.experiment.augmentation;
        match (plan.cut, Variation::of(augmentation)) {
            (0, _) => "Computed in every epoch: the whole network".into(),
            _ if augmentation.is_mixing() => format!(
                "Computed in every epoch, because every epoch mixes pictures otherwise: {what}"
            ),
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
            .map(|&(index, rate_factor)| {
                let entry = &store.entries[index];
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
        if self.experiment.phases[index].optimizer.is_solver() {
            // There are no steps to average over.
            return Ok(None);
        }
        let plan = &self.plans[index];
        let store = self.network.backbone.parameters();
        let indices = plan
            .trained
            .iter()
            .map(|(index, _)| *index)
            .chain(plan.moving.iter().copied());
        let base = indices.map(|index| &store.entries[index]);
        let all = base.chain(&self.network.head.parameters().entries);
        let mut averaging = Averaging::new(decay);
        averaging.follow(all.map(|entry| entry.tensor.shallow_clone()))?;
        Ok(Some(averaging))
    }

    /// Ends the run with the weights to keep, and hands them to the listener; their epoch.
    ///
    /// # Errors
    /// Those of the listener, and libtorch's own.
    pub fn restore_kept(&mut self) -> Result<u32, TrainingError> {
        let epoch = self.best_checkpoint.restore()?;
        self.best_checkpoint
            .hand_over(&self.network, &mut self.reporter)?;
        Ok(epoch)
    }

    /// After a run that ended early: the listener gets the best weights so far, if it lacks them.
    ///
    /// # Errors
    /// Those of the listener, and libtorch's own.
    pub fn hand_over_best(&mut self) -> Result<(), TrainingError> {
        if self.best_checkpoint.is_pending() || self.reporter.lacks().weights {
            self.restore_kept()?;
        }
        Ok(())
    }
}
