//! Saving where a run stands, and going on from there.

use std::time::Instant;

use tch::{Device, Kind};

use super::session::{Learner, Session};
use crate::libtorch::{self, generator};
use crate::training::error::TrainingError;
use crate::training::out_of_memory::out_of_memory;
use crate::training::precision::of_run::FrozenPrecision;
use crate::training::resume::{KeptWeights, ResumePoint, Standing, misfit};

/// Where an epoch left its phase.
pub(super) struct PhaseStanding {
    pub epoch: u32,
    /// Counted from 0.
    pub phase: usize,
    pub done_in_phase: u32,
    pub is_over: bool,
    pub seconds: f64,
}

impl Session<'_> {
    /// Hands the listener where the run stands after an epoch, when that is due; at the `end` of the last one in any case.
    ///
    /// # Errors
    /// Those of the listener, and libtorch's own.
    pub fn save_standing(
        &mut self,
        phase_standing: &PhaseStanding,
        learner: &Learner,
        is_end: bool,
    ) -> Result<(), TrainingError> {
        if !is_end && !self.pace.is_due() {
            return Ok(());
        }
        let began = Instant::now();
        let point = self.standing(phase_standing, learner, self.best_checkpoint.kept())?;
        self.save(&point)?;
        self.pace.saved(began);
        Ok(())
    }

    /// The same of a run that a person stopped, between two batches, if something was trained since it was saved.
    ///
    /// # Errors
    /// Those of the listener, and libtorch's own.
    pub fn save_stopped(
        &mut self,
        phase_standing: &PhaseStanding,
        learner: &Learner,
    ) -> Result<(), TrainingError> {
        let partial = self.halted.take();
        if partial.is_none() && !self.is_unsaved {
            return Ok(());
        }
        if partial.is_some() && self.generator.is_empty() {
            // Without the generator's state it could not go on to the bit; what was saved last holds.
            return Ok(());
        }
        // What is kept is of an earlier moment than the network.
        let kept = match self.best_checkpoint.kept() {
            KeptWeights::Nothing => KeptWeights::Nothing,
            KeptWeights::Last | KeptWeights::Own => KeptWeights::Own,
        };
        let mut point = self.standing(phase_standing, learner, kept)?;
        if partial.is_some() {
            point.tensors.append(&mut self.generator);
        }
        point.standing.partial = partial;
        self.save(&point)
    }

    fn save(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        self.reporter.resume_point(point)?;
        self.is_unsaved = self.reporter.lacks().resume_point;
        Ok(())
    }

    /// Notes where libtorch's random numbers stand.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn remember_generator(&mut self) -> Result<(), TrainingError> {
        self.generator.clear();
        if !libtorch::IS_THERE {
            return Ok(());
        }
        for (name, device) in self.generators() {
            let state = generator::state(device)?.f_to_kind(Kind::Int64)?;
            self.generator.push((format!("generator/{name}"), state));
        }
        Ok(())
    }

    /// Puts libtorch's random numbers back to where they stood when the epoch was stopped.
    ///
    /// # Errors
    /// [`TrainingError::Experiment`] where the resume point has no such state, and libtorch's own.
    pub fn restore_generator(&mut self) -> Result<(), TrainingError> {
        let Some(point) = self.resumed else {
            return Ok(());
        };
        for (name, device) in self.generators() {
            let name = format!("generator/{name}");
            let state = point.tensor(&name)?.f_to_kind(Kind::Uint8)?;
            generator::set_state(device, &state).map_err(|_| misfit(&name))?;
        }
        Ok(())
    }

    /// The devices that draw random numbers.
    fn generators(&self) -> Vec<(&'static str, Device)> {
        let device = self.network.device;
        let card = (device != Device::Cpu).then_some(("card", device));
        std::iter::once(("processor", Device::Cpu))
            .chain(card)
            .collect()
    }

    fn standing(
        &self,
        phase_standing: &PhaseStanding,
        learner: &Learner,
        kept: KeptWeights,
    ) -> Result<ResumePoint, TrainingError> {
        let mut tensors = Vec::new();
        for (name, tensor) in &self.changing {
            tensors.push((format!("network/{name}"), tensor.f_detach()?));
        }
        if let Some(averaging) = &learner.averaging {
            let averages = averaging.averages().enumerate();
            tensors.extend(
                averages
                    .map(|(index, tensor)| (format!("average/{index}"), tensor.shallow_clone())),
            );
        }
        if let Some(scale) = &learner.loss_scale {
            let state = scale.state();
            tensors.extend(
                state.map(|(name, tensor)| (format!("loss_scale/{name}"), tensor.shallow_clone())),
            );
        }
        let state = learner.optimizer.export_state()?.into_iter();
        tensors.extend(state.map(|(name, tensor)| (format!("optimizer/{name}"), tensor)));
        if kept == KeptWeights::Own {
            let values = self.changing.iter().zip(self.best_checkpoint.snapshot());
            tensors.extend(
                values.map(|((name, _), kept)| (format!("kept/{name}"), kept.shallow_clone())),
            );
        }
        let standing = Standing {
            epoch: phase_standing.epoch,
            phase: phase_standing.phase,
            done_in_phase: phase_standing.done_in_phase,
            phase_is_over: phase_standing.is_over,
            phase_seconds: phase_standing.seconds,
            finished: self.finished.clone(),
            seconds: self.seconds(),
            averaged_steps: learner.averaging.as_ref().map(|average| average.steps()),
            patience: learner.patience.as_ref().map(|patience| patience.watched()),
            best: self.best_checkpoint.best(),
            kept,
            precision: Some(FrozenPrecision::of(self.network.frozen_kind)),
            partial: None,
        };
        Ok(ResumePoint { standing, tensors })
    }

    /// Puts the network back to where `point` left it, before anything is computed with it.
    ///
    /// # Errors
    /// [`TrainingError::Experiment`] where the resume point is of other phases or another network, and libtorch's own.
    pub fn restore_network(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        let standing = &point.standing;
        let fits = self
            .experiment
            .phases
            .get(standing.phase)
            .is_some_and(|phase| standing.done_in_phase <= phase.epochs);
        let planned = self.experiment.epochs();
        if !fits || standing.finished.len() != standing.phase || standing.epoch > planned {
            return Err(misfit("phases"));
        }
        for (name, tensor) in &self.changing {
            point.copy_into(&format!("network/{name}"), tensor)?;
        }
        self.finished.clone_from(&standing.finished);
        self.seconds_before = standing.seconds;
        Ok(())
    }

    /// Puts what learns, and what is kept, back to where `point` left it.
    ///
    /// # Errors
    /// [`TrainingError::Experiment`] where the resume point is of another optimizer or network, and libtorch's own.
    pub fn restore_learner(
        &mut self,
        point: &ResumePoint,
        learner: &mut Learner,
    ) -> Result<(), TrainingError> {
        let standing = &point.standing;
        let state: Vec<_> = point
            .tensors
            .iter()
            .filter_map(|(name, tensor)| {
                let name = name.strip_prefix("optimizer/")?;
                Some((name.to_owned(), tensor.shallow_clone()))
            })
            .collect();
        let optimizer = &mut learner.optimizer;
        let imported = self.micro_batch.again(|| optimizer.import_state(&state));
        imported.map_err(|error| match out_of_memory(&error) {
            Some(_) => error,
            None => misfit("optimizer"),
        })?;
        if let Some(scale) = &learner.loss_scale {
            for (name, tensor) in scale.state() {
                let name = format!("loss_scale/{name}");
                // Where another device trained before, there was none.
                if point.tensor(&name).is_ok() {
                    point.copy_into(&name, tensor)?;
                }
            }
        }
        match (&mut learner.averaging, standing.averaged_steps) {
            (Some(averaging), Some(steps)) => {
                averaging.set_steps(steps);
                for (index, average) in averaging.averages().enumerate() {
                    point.copy_into(&format!("average/{index}"), average)?;
                }
            }
            (None, None) => {}
            _ => return Err(misfit("average")),
        }
        match (&mut learner.patience, standing.patience) {
            (Some(patience), Some(watched)) => patience.set_watched(watched),
            (None, None) => {}
            _ => return Err(misfit("early stopping")),
        }
        match standing.kept {
            KeptWeights::Nothing => {}
            KeptWeights::Last => {
                // As after the epoch: what is kept is what was validated.
                self.swap_averages(learner)?;
                self.best_checkpoint.take()?;
                self.swap_averages(learner)?;
            }
            KeptWeights::Own => {
                self.best_checkpoint.take()?;
                for ((name, _), kept) in self.changing.iter().zip(self.best_checkpoint.snapshot()) {
                    point.copy_into(&format!("kept/{name}"), kept)?;
                }
            }
        }
        self.best_checkpoint
            .set_position(standing.epoch, standing.best, standing.kept);
        Ok(())
    }

    /// Epochs of phase `index` that are still to come.
    pub fn epochs_left(&self, index: usize) -> u32 {
        let epochs = self.experiment.phases[index].epochs;
        match self.resumed.map(|point| &point.standing) {
            Some(standing) if index < standing.phase => 0,
            Some(standing) if index == standing.phase && standing.phase_is_over => 0,
            Some(standing) if index == standing.phase => {
                epochs.saturating_sub(standing.done_in_phase)
            }
            _ => epochs,
        }
    }

    /// Seconds since the run began, without what passed between interruption and resumption.
    pub fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }
}
