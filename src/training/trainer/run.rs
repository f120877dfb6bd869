//! A training from its request to its outcome.

use std::time::{Duration, Instant};

use tch::Device;

use super::environment::Environment;
use super::missing_memory::{BEFORE_PICTURES, clarify, remedies};
use super::prepare::prepare;
use super::session::Session;
use crate::cores;
use crate::data::DataError;
use crate::evaluation::neighbours::FeatureIndex;
use crate::libtorch::arithmetic::Hold;
use crate::memory::MemoryLimit;
use crate::models::device::{best, discover};
use crate::paths;
use crate::training::error::TrainingError;
use crate::training::events::TrainingListener;
use crate::training::features::cache_policy::READING_BYTES_PER_SECOND;
use crate::training::features::scratch::ScratchFolder;
use crate::training::network::build_backbone;
use crate::training::outcome::Outcome;
use crate::training::request::TrainingRequest;
use crate::training::resume::Pace;

/// Trains, validates after every epoch, and tests the kept weights at the end.
///
/// # Errors
/// [`TrainingError::Stopped`] within one batch of the stop flag; the best weights so far have then
/// been given to the listener. The same holds for [`TrainingError::Diverged`].
pub fn train(
    request: TrainingRequest,
    listener: &mut dyn TrainingListener,
) -> Result<Outcome, TrainingError> {
    train_with(&request, listener, &Environment::of_process())
}

impl Environment<'_> {
    /// That of a run of this process.
    pub fn of_process() -> Self {
        let limit = MemoryLimit::now();
        Self {
            build: &build_backbone,
            memory_bytes: limit.bytes / cores::shared_by().get() as u64,
            limit,
            rest: Pace::REST,
            cache: paths::shared_cache(),
            scratch: ScratchFolder::of_environment(),
            reading_bytes_per_second: READING_BYTES_PER_SECOND,
        }
    }
}

pub(super) fn train_with(
    request: &TrainingRequest,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<Outcome, TrainingError> {
    stopped(run(request, listener, environment))
}

/// A stop is a stop wherever it was noticed.
pub(super) fn stopped<T>(result: Result<T, TrainingError>) -> Result<T, TrainingError> {
    result.map_err(|error| match error {
        TrainingError::Data(DataError::Stopped) => TrainingError::Stopped,
        error => error,
    })
}

fn run(
    request: &TrainingRequest,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<Outcome, TrainingError> {
    let device = choose_device(request.device)?;
    // Dropped last: the card's memory goes back once nothing of the run is left.
    let _card = hold_card(request, device.0)?;
    let mut session = prepare(request, listener, environment, device, Instant::now())
        .map_err(|error| clarify(error, &BEFORE_PICTURES))?;
    let remedies = remedies(&session);
    let trained = carry_out(&mut session).map_err(|error| clarify(error, &remedies));
    let reported = session.report_card_memory();
    let outcome = trained?;
    reported?;
    Ok(outcome)
}

/// Has the card compute as the experiment says as long as the run lasts. Waits for whoever computes there otherwise: an
/// evaluation, which takes minutes at most.
pub(super) fn hold_card(
    request: &TrainingRequest,
    device: tch::Device,
) -> Result<Hold, TrainingError> {
    const INTERVAL: Duration = Duration::from_millis(50);
    loop {
        // Batches are of few sizes: the quickest kernels for each are looked for once.
        if let Some(hold) = Hold::take(device, request.experiment.training.tf32, true)? {
            return Ok(hold);
        }
        if request.stop.is_stopped() {
            return Err(TrainingError::Stopped);
        }
        std::thread::sleep(INTERVAL);
    }
}

fn carry_out(session: &mut Session<'_>) -> Result<Outcome, TrainingError> {
    let phases = match session.run_phases() {
        Ok(phases) => phases,
        Err(error) => {
            if error.is_stop() || matches!(error, TrainingError::Diverged { .. }) {
                session.hand_over_best()?;
            }
            return Err(error);
        }
    };
    let best_epoch = session.restore_kept()?;
    let micro_batch = &session.network.micro_batch;
    let movement = micro_batch.again(|| session.origin.measure(&session.network))?;
    let own_features = session.own_features()?;
    let mut test_features = FeatureIndex::default();
    let tested = session.test(&mut test_features)?;
    let (test, predictions) = tested.unzip();
    let novelty = session.novelty(own_features, test_features)?;
    let seconds_total = session.seconds();
    Ok(Outcome {
        test,
        predictions,
        phases,
        seconds_total,
        best_epoch,
        movement,
        novelty,
    })
}

/// The device and its name for people.
pub(super) fn choose_device(asked: Option<Device>) -> Result<(Device, String), TrainingError> {
    let devices = discover();
    let device = asked.unwrap_or_else(best);
    match device {
        Device::Cpu => Ok((device, devices.cpu.clone())),
        Device::Cuda(index) => {
            devices.check(index).map_err(TrainingError::Experiment)?;
            let name = devices.cuda.get(index).map_or("", String::as_str);
            Ok((device, format!("cuda:{index}, {name}")))
        }
        other => Err(TrainingError::Experiment(format!(
            "{other:?} is not supported: use cpu or cuda:0"
        ))),
    }
}
