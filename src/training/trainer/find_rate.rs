//! The learning-rate range test of a phase, on the run's own batches: kept features, augmentation, precision, optimizer and
//! layers' rates are those of a training. Nothing of it is kept but features that are computed anyway.

use std::time::Instant;

use super::environment::Environment;
use super::epoch::EpochPlan;
use super::missing_memory::{BEFORE_PICTURES, clarify, remedies};
use super::prepare::prepare_session;
use super::run::{choose_device, hold_card, stopped};
use super::session::Session;
use super::workload;
use crate::models::init::seeded;
use crate::models::{self, catalogue, weights};
use crate::training::error::TrainingError;
use crate::training::events::TrainingListener;
use crate::training::rate_finder::{RangeTest, RateCurve, STEPS, why_not};
use crate::training::request::TrainingRequest;
use crate::training::seeds::{Purpose, mix};

/// Trains `phase` of the request's experiment, counted from 0, at ever higher rates, after the phases before it, which are
/// trained as a run would. The listener hears of both; nothing is handed to it to keep.
///
/// # Errors
/// [`TrainingError::Experiment`] where there is no such phase or the test would mislead for it, with the reason; those of a
/// training but for [`TrainingError::Diverged`] in `phase` itself, which ends the test.
pub fn find_rate(
    request: TrainingRequest,
    phase: usize,
    listener: &mut dyn TrainingListener,
) -> Result<RateCurve, TrainingError> {
    find_rate_with(request, phase, listener, &Environment::of_process())
}

pub(super) fn find_rate_with(
    request: TrainingRequest,
    phase: usize,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<RateCurve, TrainingError> {
    stopped(find(request, phase, listener, environment))
}

fn find(
    mut request: TrainingRequest,
    phase: usize,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<RateCurve, TrainingError> {
    refuse(&request, phase)?;
    request.resume = None;
    request.until_epoch = None;
    request.withholds_test = true;
    request.split.test.clear();
    if phase == 0 {
        // Only phases before it are validated.
        request.split.validation.clear();
    }
    let training = &request.experiment.training;
    let steps = training.steps_per_epoch(request.split.train.len());
    // For the forecast; the phase's schedule takes no part.
    request.experiment.phases[phase].epochs = STEPS.div_ceil(steps) as u32;

    let (device, _) = choose_device(request.device)?;
    let _card = hold_card(&request, device)?;
    let all = request.split.all();
    let began = (Instant::now(), all.as_slice());
    let mut session = prepare_session(&request, listener, environment, device, began)
        .map_err(|error| clarify(error, &BEFORE_PICTURES))?
        .session;
    // What later phases need is not computed.
    session.plans.truncate(phase + 1);
    let remedies = remedies(&session);
    session
        .range_test(phase)
        .map_err(|error| clarify(error, &remedies))
}

/// Before anything takes long.
fn refuse(request: &TrainingRequest, phase: usize) -> Result<(), TrainingError> {
    let experiment = &request.experiment;
    let refuse = |text: String| Err(TrainingError::Experiment(text));
    let Some(asked) = experiment.phases.get(phase) else {
        let all = experiment.phases.len();
        let phases = crate::format::count(all, "phase", "phases");
        return refuse(format!(
            "there is no phase {}: the experiment has {phases}",
            phase.saturating_add(1)
        ));
    };
    let backbone = &experiment.backbone;
    let Some(info) = catalogue::find(&backbone.name) else {
        // Said by the training's own check.
        return Ok(());
    };
    let side = backbone.input_size;
    let side = side.unwrap_or_else(|| weights::input_size(info, backbone));
    let tree = models::outline(&backbone.name, side)?;
    match why_not(asked, &tree)? {
        Some(reason) => refuse(reason),
        None => Ok(()),
    }
}

impl Session<'_> {
    fn range_test(&mut self, phase: usize) -> Result<RateCurve, TrainingError> {
        self.read_pictures()?;
        workload::plan_all(self);
        let mut epoch = 0;
        for index in 0..phase {
            self.run_phase(index, &mut epoch)?;
        }
        self.reporter.set_position(phase, epoch);
        self.network.set_trained(&self.plans[phase])?;
        let mut learner = self.start_learner(phase)?;
        // Only what validates looks at averages.
        learner.averaging = None;
        self.prepare_features(phase)?;
        self.report_missing_memory()?;
        let steps_per_epoch = self.steps_per_epoch(phase)?;
        let mut test = RangeTest::default();
        let mut done_in_phase = 0;
        while !test.is_over() {
            self.renew_features(phase)?;
            epoch += 1;
            let plan = EpochPlan {
                phase,
                epoch,
                done_in_phase,
                steps_per_epoch,
            };
            self.reporter.set_position(phase, epoch);
            let seed = mix(self.experiment.seed, Purpose::Torch, u64::from(epoch), 0);
            let generator = seeded(seed);
            learner.range_test = Some(test);
            let trained = self.train_epoch(&plan, &mut learner, None);
            drop(generator);
            test = learner.range_test.take().unwrap_or_default();
            match trained {
                Err(TrainingError::Diverged { loss, .. }) => {
                    test.add(loss);
                }
                trained => {
                    trained?;
                }
            }
            done_in_phase += 1;
        }
        Ok(test.into_curve())
    }
}
