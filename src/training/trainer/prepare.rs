//! From a request to all that its training needs, once through: network, precision, loss, memory, kept features, session.

use std::time::Instant;

use tch::{Device, Tensor};

use super::best_checkpoint::BestCheckpoint;
use super::check::{check, plan_phases};
use super::environment::Environment;
use super::fitting::{MemoryPlan, plan_memory};
use super::members::Members;
use super::open_disk::open_disk;
use super::session::Session;
use super::workload;
use crate::data::square::SquareSpec;
use crate::experiment::{Experiment, TrainingConfig};
use crate::libtorch::cuda;
use crate::training::control::Control;
use crate::training::cores::use_all_cores;
use crate::training::error::TrainingError;
use crate::training::estimate::PictureCounts;
use crate::training::events::{TrainingEvent, TrainingListener};
use crate::training::features::cache::FeatureCache;
use crate::training::features::key::{SegmentDigests, Surroundings};
use crate::training::loss::{self, Loss};
use crate::training::metrics::monitored;
use crate::training::micro_batch::MicroBatch;
use crate::training::movement::Origin;
use crate::training::network::Network;
use crate::training::out_of_memory::once_more;
use crate::training::phase_plan::PhasePlan;
use crate::training::pictures::{Normalizer, Pictures};
use crate::training::precision::{self, AskedPrecision, MeasurementCache};
use crate::training::preprocessing::square_spec;
use crate::training::reading::Reading;
use crate::training::reporter::Reporter;
use crate::training::request::TrainingRequest;
use crate::training::resume::Pace;

/// Everything up to the first epoch. `device` has the name that people know.
///
/// # Errors
/// [`TrainingError::Experiment`] when it can't be run as it is, [`TrainingError::Stopped`], those of weights and pictures, of
/// the listener, and libtorch's own.
pub(super) fn prepare<'a>(
    request: &'a TrainingRequest,
    listener: &'a mut dyn TrainingListener,
    environment: &Environment<'_>,
    (device, device_name): (Device, String),
    began: Instant,
) -> Result<Session<'a>, TrainingError> {
    let all = &request.split.all();
    let PreparedSession {
        mut session,
        weights,
        memory,
    } = prepare_session(request, listener, environment, device, (began, all))?;
    if let Some(point) = session.resumed {
        session.restore_network(point)?;
    }
    session.read_pictures()?;
    session.announce_run(device_name, weights, memory, &request.split)?;
    workload::plan_all(&mut session);
    Ok(session)
}

/// A session whose network has its weights, and that has read no picture.
pub(super) struct PreparedSession<'a> {
    pub session: Session<'a>,
    /// Where they come from, for the log.
    pub weights: String,
    /// What it was given.
    pub memory: MemoryPlan,
}

/// [`prepare`] without anything that is for epochs. `pictures`: those whose features may be looked for on disk; their files are
/// read where no run has read them before.
///
/// # Errors
/// As [`prepare`].
pub(super) fn prepare_session<'a>(
    request: &'a TrainingRequest,
    listener: &'a mut dyn TrainingListener,
    environment: &Environment<'_>,
    device: Device,
    (began, pictures): (Instant, &[usize]),
) -> Result<PreparedSession<'a>, TrainingError> {
    check(request)?;
    let cores = use_all_cores();
    cuda::forget_peak(device);
    let control = Control {
        stop: request.stop.clone(),
        pause: request.pause.clone(),
    };
    let mut reporter = Reporter::new(listener, control, request.experiment.epochs());
    reporter.note(cores)?;
    let mut prepared = prepare_network(request, environment, device, &mut reporter)?;
    let weights = std::mem::take(&mut prepared.weights);
    let (session, memory) =
        build_session(request, environment, prepared, reporter, (began, pictures))?;
    Ok(PreparedSession {
        session,
        weights,
        memory,
    })
}

/// A network that is ready to compute.
struct PreparedNetwork {
    network: Network,
    /// What every phase does with it.
    plans: Vec<PhasePlan>,
    /// Where its weights come from, for the log.
    weights: String,
    /// What is known of its weights by now.
    digests: SegmentDigests,
    origin: Origin,
}

fn prepare_network(
    request: &TrainingRequest,
    environment: &Environment<'_>,
    device: Device,
    reporter: &mut Reporter<'_>,
) -> Result<PreparedNetwork, TrainingError> {
    let (mut network, plans, weights) = build_network(request, environment, device, reporter)?;
    let digests = choose_precision(request, environment, &mut network, &plans, reporter)?;
    let origin = once_more(device, || Origin::take(&network))?;
    Ok(PreparedNetwork {
        network,
        plans,
        weights,
        digests,
        origin,
    })
}

/// The session before its first step, and the memory that it was given.
fn build_session<'a>(
    request: &'a TrainingRequest,
    environment: &Environment<'_>,
    prepared: PreparedNetwork,
    mut reporter: Reporter<'a>,
    (began, known): (Instant, &[usize]),
) -> Result<(Session<'a>, MemoryPlan), TrainingError> {
    let PreparedNetwork {
        network,
        plans,
        digests,
        origin,
        ..
    } = prepared;
    let experiment = &request.experiment;
    let dataset = request.dataset.as_ref();
    let spec = square_spec(experiment, &network.pretrained, network.side);
    let pictures = build_pictures(request, environment, &network, spec)?;
    let split = &request.split;
    let [train, validation, test] = [&split.train, &split.validation, &split.test]
        .map(|indices| Members::new(dataset, indices));
    let loss = build_loss(experiment, &dataset.classes, &train, network.device)?;
    let counts = PictureCounts::new(dataset, split);
    let memory = plan_memory(
        experiment,
        &network,
        &plans,
        counts,
        environment,
        &mut reporter,
    )?;
    let surroundings = Surroundings::of(&network, experiment, &spec, network.device);
    let disk = open_disk(
        request,
        environment,
        (surroundings, digests),
        network.device,
        known,
        &mut reporter,
    )?;
    let cache = FeatureCache::new(memory.features, disk);
    let micro_batch = MicroBatch::new(memory.micro_batch, network.device);
    for micro_batch in [&micro_batch, &network.micro_batch] {
        micro_batch.relieve_by(cache.residents());
    }
    let changing = changing_tensors(&network, &plans);
    let best_checkpoint = build_best_checkpoint(&experiment.training, &changing);
    let session = Session {
        experiment,
        dataset,
        network,
        origin,
        pictures,
        plans,
        train,
        validation,
        test,
        cache,
        micro_batch,
        loss,
        best_checkpoint,
        reporter,
        changing,
        finished: Vec::new(),
        resumed: request.resume.as_ref(),
        until_epoch: request.until_epoch,
        withholds_test: request.withholds_test,
        pace: Pace::new(environment.rest),
        is_unsaved: false,
        halted: None,
        generator: Vec::new(),
        began,
        seconds_before: 0.0,
    };
    Ok((session, memory))
}

fn build_pictures(
    request: &TrainingRequest,
    environment: &Environment<'_>,
    network: &Network,
    spec: SquareSpec,
) -> Result<Pictures, TrainingError> {
    let device = network.device;
    let normalizer = once_more(device, || Normalizer::new(&network.pretrained, device))?;
    let reading = Reading::new(request.dataset.clone(), spec, environment.memory_bytes / 4);
    let augmentation = &request.experiment.augmentation;
    Ok(Pictures::new(reading, augmentation, normalizer))
}

fn build_best_checkpoint(config: &TrainingConfig, changing: &[(String, Tensor)]) -> BestCheckpoint {
    let tensors = changing.iter().map(|(_, tensor)| tensor.shallow_clone());
    BestCheckpoint::new(config.keep, monitored(config.monitor), tensors.collect())
}

/// The network with its weights, what every phase does with it, and a line for the log about the weights.
fn build_network(
    request: &TrainingRequest,
    environment: &Environment<'_>,
    device: Device,
    reporter: &mut Reporter<'_>,
) -> Result<(Network, Vec<PhasePlan>, String), TrainingError> {
    let experiment = &request.experiment;
    let classes = request.dataset.classes.len();
    let build = || Network::new(experiment, classes, device, environment.build);
    let mut network = once_more(device, build)?;
    // Before a download of minutes, everything that would end the run for another reason.
    let plans = plan_phases(experiment, &network)?;
    let weights = network.load_pretrained(experiment, request.base.as_deref(), reporter)?;
    Ok((network, plans, weights))
}

/// Has `network` compute in the numbers that the experiment means, and reports which they are. Gives what is known of its
/// weights by now.
fn choose_precision(
    request: &TrainingRequest,
    environment: &Environment<'_>,
    network: &mut Network,
    plans: &[PhasePlan],
    reporter: &mut Reporter<'_>,
) -> Result<SegmentDigests, TrainingError> {
    let config = &request.experiment.training;
    let device = network.device;
    let frozen_depths: Vec<usize> = plans.iter().map(|plan| plan.cut).collect();
    let asked = AskedPrecision::new(config.precision, request.resume.as_ref());
    let mut digests = SegmentDigests::default();
    let measured = environment.cache.as_deref().map(|cache| MeasurementCache {
        cache,
        digests: &mut digests,
    });
    let frozen =
        precision::choose_by_frozen_depths(network, asked, &frozen_depths, device, measured)?;
    if let Some(line) = frozen {
        reporter.note(line)?;
    }
    let answers = precision::of_answers(network, &frozen_depths);
    reporter.event(&TrainingEvent::Precision(answers))?;
    if let Some(line) = precision::choose_mixed(network, config, &frozen_depths)? {
        reporter.note(line)?;
    }
    Ok(digests)
}

fn build_loss(
    experiment: &Experiment,
    classes: &[String],
    train: &Members,
    device: Device,
) -> Result<Loss, TrainingError> {
    let training = &experiment.training;
    let counts = train.class_counts(classes.len());
    let class_weights = loss::class_weights(&training.class_weights, classes, &counts)
        .map_err(TrainingError::Experiment)?;
    let build = || {
        Loss::new(
            experiment.head.output,
            training.label_smoothing,
            class_weights.as_deref(),
            device,
        )
    };
    once_more(device, build)
}

/// Everything that some phase changes, by its name, sharing its storage with the network.
fn changing_tensors(network: &Network, plans: &[PhasePlan]) -> Vec<(String, Tensor)> {
    let mut indices: Vec<usize> = plans
        .iter()
        .flat_map(|plan| {
            plan.trained
                .iter()
                .map(|(index, _)| *index)
                .chain(plan.moving.iter().copied())
        })
        .collect();
    indices.sort_unstable();
    indices.dedup();
    let store = network.backbone.parameters();
    let base = indices.iter().map(|&index| &store.entries[index]);
    base.chain(&network.head.parameters().entries)
        .map(|entry| (entry.name.clone(), entry.tensor.shallow_clone()))
        .collect()
}
