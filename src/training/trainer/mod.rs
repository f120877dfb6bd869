//! Carries out an experiment.

mod batches;
mod best_checkpoint;
mod epoch;
mod evaluate;
mod fitting;
mod phase;
mod precompute;
mod prepare;
mod resume;
mod statistics;
mod test;
mod workload;

#[cfg(test)]
mod tests;

use epoch::is_stop;
use phase::Session;

pub(super) use batches::{Variation, shots};
pub use prepare::leave_cores;
pub(super) use prepare::{square_spec, use_all_cores};
pub use workload::test_views;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::TrainingError;
use super::events::{TestMetrics, TrainingListener};
use super::movement::Movement;
use super::network::{BuildBackbone, build_backbone};
use super::resume::{Pace, ResumePoint};
use super::shortage::out_of_memory;
use crate::data::{DataError, Dataset, SplitIndices, StopFlag};
use crate::evaluation::Predictions;
use crate::experiment::Experiment;
use crate::libtorch::arithmetic::Hold;
use crate::memory::MemoryLimit;
use crate::paths;

/// Everything that a training needs.
pub struct TrainingRequest {
    pub experiment: Experiment,
    pub dataset: Arc<Dataset>,
    pub split: SplitIndices,
    /// The preset's folder, for relative weight paths.
    pub base: Option<PathBuf>,
    /// `None` chooses CUDA where it is usable.
    pub device: Option<tch::Device>,
    pub stop: StopFlag,
    pub pause: PauseFlag,
    /// Where an interrupted run of the same experiment, pictures and split stood. The numbers from
    /// there on are those of a run that was not interrupted.
    pub resume: Option<ResumePoint>,
}

/// Holds a training between two batches; clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct PauseFlag(Arc<std::sync::atomic::AtomicBool>);

impl PauseFlag {
    pub fn set(&self, paused: bool) {
        self.0.store(paused, std::sync::atomic::Ordering::Relaxed);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// What a finished training leaves beside its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub test: Option<TestMetrics>,
    pub predictions: Option<Predictions>,
    /// Name, epochs and seconds of each phase.
    pub phases: Vec<PhaseSummary>,
    pub seconds_total: f64,
    /// Epoch whose weights were kept, counted from 1.
    pub best_epoch: u32,
    /// How far each layer of the backbone is from where it began.
    pub movement: Vec<Movement>,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PhaseSummary {
    pub name: String,
    pub epochs: u32,
    pub seconds: f64,
}

/// Trains, validates after every epoch, and tests the kept weights at the end.
///
/// # Errors
/// [`TrainingError::Stopped`] within one batch of the stop flag; the best weights so far have then
/// been given to the listener. The same holds for [`TrainingError::Diverged`].
pub fn train(
    request: TrainingRequest,
    listener: &mut dyn TrainingListener,
) -> Result<Outcome, TrainingError> {
    let limit = MemoryLimit::now();
    let environment = Environment {
        build: &build_backbone,
        memory_bytes: limit.bytes,
        limit,
        rest: Pace::REST,
        // Tests share no folder with a person.
        cache: (!cfg!(test)).then(paths::cache),
    };
    train_with(&request, listener, &environment)
}

/// What a run takes from its surroundings; tests put their own in its place.
struct Environment<'a> {
    build: BuildBackbone<'a>,
    /// Half of it may hold pictures and features.
    memory_bytes: u64,
    /// What this process may take in all.
    limit: MemoryLimit,
    /// See [`Pace`].
    rest: u32,
    /// Where features are kept for other runs; `None` keeps nothing.
    cache: Option<PathBuf>,
}

fn train_with(
    request: &TrainingRequest,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<Outcome, TrainingError> {
    run(request, listener, environment).map_err(stop_is_stop)
}

fn run(
    request: &TrainingRequest,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<Outcome, TrainingError> {
    let device = prepare::choose_device(request.device)?;
    // Dropped last: the card's memory goes back once nothing of the run is left.
    let _card = hold_card(request, device.0)?;
    let mut session = prepare::prepare(request, listener, environment, device, Instant::now())
        .map_err(|error| clarify(error, &BEFORE_PICTURES))?;
    let remedies = remedies(&session);
    let trained = carry_out(&mut session).map_err(|error| clarify(error, &remedies));
    let told = session.tell_card_memory();
    let outcome = trained?;
    told?;
    Ok(outcome)
}

/// Has the card compute as the experiment says as long as the run lasts. Waits for whoever computes there otherwise: an
/// evaluation, which takes minutes at most.
fn hold_card(request: &TrainingRequest, device: tch::Device) -> Result<Hold, TrainingError> {
    const LOOK: Duration = Duration::from_millis(50);
    loop {
        // Batches are of few sizes: the quickest kernels for each are looked for once.
        if let Some(hold) = Hold::take(device, request.experiment.training.tf32, true)? {
            return Ok(hold);
        }
        if request.stop.is_stopped() {
            return Err(TrainingError::Stopped);
        }
        std::thread::sleep(LOOK);
    }
}

fn carry_out(session: &mut Session<'_>) -> Result<Outcome, TrainingError> {
    let phases = match session.run_phases() {
        Ok(phases) => phases,
        Err(error) => {
            if is_stop(&error) || matches!(error, TrainingError::Diverged { .. }) {
                session.hand_over_best()?;
            }
            return Err(error);
        }
    };
    let best_epoch = session.restore_kept()?;
    let at_once = &session.network.at_once;
    let movement = at_once.again(|| session.origin.measure(&session.network))?;
    let tested = session.test()?;
    let (test, predictions) = tested.unzip();
    let seconds_total = session.seconds();
    Ok(Outcome {
        test,
        predictions,
        phases,
        seconds_total,
        best_epoch,
        movement,
    })
}

/// A stop is a stop wherever it was noticed.
fn stop_is_stop(error: TrainingError) -> TrainingError {
    match error {
        TrainingError::Data(DataError::Stopped) => TrainingError::Stopped,
        error => error,
    }
}

/// For what memory was missing, and what a person can do about it.
#[derive(Debug, PartialEq, Eq)]
struct Shortage {
    what: &'static str,
    remedies: &'static [&'static str],
}

/// While the network is built and its weights are read, no setting of the training matters.
const BEFORE_PICTURES: Shortage = Shortage {
    what: "the memory is not enough for this network and its weights, before a picture is computed",
    remedies: &["allow more memory", "choose a smaller backbone"],
};

/// A side of the input square from which on a smaller one saves memory that counts beside the network's own.
const LARGE_SIDE: u32 = 64;

fn remedies(session: &Session<'_>) -> Shortage {
    let can_freeze = session.plans.iter().any(|plan| !plan.trained.is_empty());
    let can_shrink = session.network.side > LARGE_SIDE;
    let remedies: &[&str] = match (can_shrink, can_freeze) {
        (true, true) => &["choose a smaller backbone.input_size", "freeze more layers"],
        (true, false) => &[
            "choose a smaller backbone.input_size",
            "choose a smaller backbone",
        ],
        (false, true) => &["freeze more layers", "choose a smaller backbone"],
        (false, false) => BEFORE_PICTURES.remedies,
    };
    Shortage {
        what: "the memory is not enough for this training, not even for one picture at once",
        remedies,
    }
}

/// Says what a person can do about libtorch's out-of-memory errors.
fn clarify(error: TrainingError, shortage: &Shortage) -> TrainingError {
    let Some(said) = out_of_memory(&error) else {
        return error;
    };
    TrainingError::Experiment(format!(
        "{}: {} ({said})",
        shortage.what,
        shortage.remedies.join(", or ")
    ))
}

#[cfg(test)]
mod shortage_tests {
    use super::*;

    #[test]
    fn the_remedies_for_missing_memory_are_those_that_are_left() {
        let said = "not enough memory: you tried to allocate 9437184 bytes";
        let error = || TrainingError::Torch(tch::TchError::Torch(said.to_owned()));
        let text = clarify(error(), &BEFORE_PICTURES).to_string();
        assert!(
            text.contains(
                "before a picture is computed: allow more memory, or choose a smaller backbone"
            ),
            "{text}"
        );
        assert!(
            !text.contains("freeze") && text.contains("9437184"),
            "{text}"
        );
        let other = TrainingError::Experiment("no phases".into());
        assert_eq!(clarify(other, &BEFORE_PICTURES).to_string(), "no phases");
    }
}
