//! From a request to a network, its pictures and a plan of every phase.

use std::path::Path;
use std::time::Instant;

use tch::{Device, Tensor};

use super::best_checkpoint::BestCheckpoint;
use super::fitting;
use super::phase::Session;
use super::precompute::open_disk;
use super::workload::sees_pictures;
use super::{Environment, TrainingRequest};
use crate::allocator;
use crate::data::square::SquareSpec;
use crate::data::{Dataset, RemarkKind, problems, split};
use crate::experiment::{ClassWeights, Experiment, HeadLayer, Monitor, OutputLayer};
use crate::format;
use crate::libtorch::{cuda, threads};
use crate::models::WeightsInfo;
use crate::models::device::{best, discover};
use crate::models::freeze::frozen_leaves;
use crate::training::TrainingError;
use crate::training::estimate::{Estimate, PictureCounts, Situation};
use crate::training::events::{TrainingEvent, TrainingListener};
use crate::training::features::{FeatureCache, Group, Room, SegmentDigests};
use crate::training::loss::{self, Loss};
use crate::training::metrics::monitored;
use crate::training::movement::Origin;
use crate::training::network::{Network, input_side};
use crate::training::phase_plan::{PhasePlan, unknown_paths};
use crate::training::pictures::{Normalizer, Pictures};
use crate::training::precision::{self, Asked, Memory};
use crate::training::reading::Reading;
use crate::training::reporter::Reporter;
use crate::training::resume::Pace;
use crate::training::shortage::{AtOnce, once_more};

/// Pictures that are used together, with their true classes.
pub(super) struct Members {
    /// Indices into the data set.
    pub pictures: Vec<usize>,
    pub labels: Vec<u32>,
}

impl Members {
    fn new(dataset: &Dataset, indices: &[usize]) -> Self {
        let labels = indices
            .iter()
            .map(|&index| dataset.pictures[index].label)
            .collect();
        Self {
            pictures: indices.to_vec(),
            labels,
        }
    }

    pub fn len(&self) -> usize {
        self.pictures.len()
    }
}

pub(super) fn prepare<'a>(
    request: &'a TrainingRequest,
    listener: &'a mut dyn TrainingListener,
    environment: &Environment<'_>,
    (device, device_name): (Device, String),
    began: Instant,
) -> Result<Session<'a>, TrainingError> {
    let experiment = &request.experiment;
    check(request)?;
    use_all_cores();
    cuda::forget_peak(device);

    let dataset = request.dataset.as_ref();
    let classes = dataset.classes.len();
    let build = || Network::new(experiment, classes, device, environment.build);
    let mut network = once_more(device, build)?;
    let mut reporter = Reporter::new(
        listener,
        request.stop.clone(),
        request.pause.clone(),
        experiment.epochs(),
    );
    // Before a download of minutes, everything that would end the run for another reason.
    let plans = plan_phases(experiment, &network)?;
    let weights = network.load_pretrained(experiment, request.base.as_deref(), &mut reporter)?;
    let cuts: Vec<usize> = plans.iter().map(|plan| plan.cut).collect();
    let asked = Asked::new(experiment.training.precision, request.resume.as_ref());
    let mut digests = SegmentDigests::default();
    let memory = environment.cache.as_deref().map(|cache| Memory {
        cache,
        digests: &mut digests,
    });
    if let Some(line) = precision::choose_by_cuts(&mut network, asked, &cuts, device, memory)? {
        reporter.note(line)?;
    }
    let answers = precision::of_answers(&network, &cuts);
    reporter.event(&TrainingEvent::Precision(answers))?;
    if let Some(line) = precision::choose_mixed(&mut network, &experiment.training, &cuts)? {
        reporter.note(line)?;
    }
    let origin = once_more(device, || Origin::take(&network))?;
    let info = &network.pretrained;
    let spec = square_spec(experiment, info, input_side(experiment, info));
    let reading = Reading::new(request.dataset.clone(), spec, environment.memory_bytes / 4);
    let normalizer = once_more(device, || Normalizer::new(info, device))?;
    let pictures = Pictures::new(reading, &experiment.augmentation, normalizer);

    let train = Members::new(dataset, &request.split.train);
    let validation = Members::new(dataset, &request.split.validation);
    let test = Members::new(dataset, &request.split.test);
    let counts = class_counts(&train, dataset.classes.len());
    let class_weights = loss::class_weights(
        &experiment.training.class_weights,
        &dataset.classes,
        &counts,
    )
    .map_err(TrainingError::Experiment)?;
    let loss = once_more(device, || {
        Loss::new(
            experiment.head.output,
            experiment.training.label_smoothing,
            class_weights.as_deref(),
            device,
        )
    })?;

    let side = spec.side;
    let sizes = (train.len(), validation.len(), test.len());
    let picture_counts = PictureCounts {
        train: train.len(),
        validation: validation.len(),
        test: test.len(),
        largest_pixels: dataset.largest_pixels(),
    };
    let groups = [
        (Group::Train, train.len()),
        (Group::Validation, validation.len()),
        (Group::Test, test.len()),
    ];
    let fitted = fitting::fit(
        experiment,
        &network,
        &plans,
        picture_counts,
        environment.limit,
    )?;
    if let Some(line) = &fitted.note {
        reporter.warn(line.clone())?;
        allocator::give_back();
    }
    network.at_once.limit(fitted.evaluated);
    let needs = needs(experiment, fitted.micro_batch, &network, picture_counts)?;
    let on_device = needs.iter().map(Estimate::on_device).max().unwrap_or(0);
    let needed = needs.into_iter().max_by_key(Estimate::memory);
    let kept = groups
        .into_iter()
        .filter(|(group, _)| sees_pictures(experiment, &plans, *group))
        .map(|(_, count)| count)
        .sum();
    let pictures_bytes = Pictures::bytes(side, kept);
    let cache = FeatureCache::new(
        Room::new(
            device,
            (environment.memory_bytes / 2).saturating_sub(pictures_bytes),
            device_room(device, on_device),
        ),
        open_disk(
            request,
            &network,
            &spec,
            environment,
            digests,
            &mut reporter,
        )?,
    );
    let at_once = AtOnce::new(fitted.micro_batch, device);
    for at_once in [&at_once, &network.at_once] {
        at_once.relieve_by(cache.residents());
    }
    let changing = changing_tensors(&network, &plans);
    let best_checkpoint = BestCheckpoint::new(
        experiment.training.keep,
        monitored(experiment.training.monitor),
        changing
            .iter()
            .map(|(_, tensor)| tensor.shallow_clone())
            .collect(),
    );
    let warnings = warnings(experiment, dataset, &counts, sizes);
    let mut session = Session {
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
        at_once,
        loss,
        best_checkpoint,
        reporter,
        changing,
        finished: Vec::new(),
        resumed: request.resume.as_ref(),
        pace: Pace::new(environment.rest),
        is_unsaved: false,
        halted: None,
        generator: Vec::new(),
        began,
        seconds_before: 0.0,
    };
    if let Some(point) = session.resumed {
        session.restore_network(point)?;
    }
    session.read_pictures()?;
    session.reporter.event(&TrainingEvent::Prepared {
        train: sizes.0,
        validation: sizes.1,
        test: sizes.2,
        device: device_name,
        weights,
    })?;
    if let Some(needed) = needed {
        let event = TrainingEvent::MemoryForecast(needed);
        session.reporter.event(&event)?;
        if let Some(memory) = cuda::memory(device) {
            session.reporter.note(format!(
                "Of the graphics card's {}, {} are free; training takes about {} there, and features stay there while they fit",
                format::bytes(memory.total),
                format::bytes(memory.available()),
                format::bytes(on_device),
            ))?;
        }
    }
    for remark in dataset
        .remarks
        .iter()
        .cloned()
        .chain([split::rule(dataset, experiment)])
        .chain(split::remarks(dataset, &request.split, experiment))
    {
        match remark.kind {
            RemarkKind::Taken => session.reporter.note(remark.text)?,
            RemarkKind::Warning => session.reporter.warn(remark.text)?,
        }
    }
    if !dataset.problems.is_empty() {
        const REASONS: usize = 5;
        let lines = problems::lines(&dataset.problems, Path::new(""), REASONS);
        let number = dataset.problems.len();
        let text = format!("Passed over ({number} in all): {}", lines.join("; "));
        session.reporter.note(text)?;
    }
    for warning in warnings {
        session.reporter.warn(warning)?;
    }
    session.forecast_all();
    Ok(session)
}

/// What can be told before anything is built.
fn check(request: &TrainingRequest) -> Result<(), TrainingError> {
    let experiment = &request.experiment;
    let problems = experiment.check();
    if !problems.is_empty() {
        let lines: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.field, problem.message))
            .collect();
        return Err(TrainingError::Experiment(lines.join("; ")));
    }
    let classes = request.dataset.classes.len();
    let refuse = |text: String| Err(TrainingError::Experiment(text));
    if experiment.phases.is_empty() || experiment.epochs() == 0 {
        return refuse("phases has no epoch to train: add a phase".into());
    }
    if classes < 2 {
        return refuse(format!(
            "the data has {classes} class(es); at least two are needed to tell apart"
        ));
    }
    if experiment.head.output == OutputLayer::Sigmoid && classes != 2 {
        return refuse(format!(
            "head.output is Sigmoid, which is for two classes, but the data has {classes}: choose Softmax"
        ));
    }
    if request.split.train.is_empty() {
        return refuse("there are no training pictures: lower the shares in data.split".into());
    }
    let count = request.dataset.pictures.len();
    let split = &request.split;
    if split
        .train
        .iter()
        .chain(&split.validation)
        .chain(&split.test)
        .any(|&index| index >= count)
    {
        return refuse("the split does not belong to these pictures: split them again".into());
    }
    Ok(())
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

/// libtorch's operations use every core. The setting belongs to the calling thread.
pub(in crate::training) fn use_all_cores() {
    if let Ok(cores) = std::thread::available_parallelism() {
        tch::set_num_threads(i32::try_from(cores.get()).unwrap_or(1));
    }
}

/// Gives the cores back that this thread has computed with: see [`threads`]. For threads that live on, after each piece
/// of work.
pub fn leave_cores() {
    threads::end_helpers();
}

/// How a picture becomes the network's square: as the weights were evaluated, in proportion where
/// another size is asked for.
pub(in crate::training) fn square_spec(
    experiment: &Experiment,
    weights: &WeightsInfo,
    side: u32,
) -> SquareSpec {
    let resize = f64::from(weights.resize) * f64::from(side) / f64::from(weights.input_size.max(1));
    SquareSpec {
        side,
        resize: (resize.round() as u32).max(side),
        interpolation: weights.interpolation,
        fit: experiment.data.fit,
        background: weights
            .mean
            .map(|mean| (mean * 255.0).round().clamp(0.0, 255.0) as u8),
    }
}

fn plan_phases(
    experiment: &Experiment,
    network: &Network,
) -> Result<Vec<PhasePlan>, TrainingError> {
    let head_by_batch = experiment.head.layers.contains(&HeadLayer::BatchNorm);
    let mut plans = Vec::new();
    for (index, phase) in experiment.phases.iter().enumerate() {
        let mut plan = network.plan(phase, experiment)?;
        plan.normalizes_by_batch |= head_by_batch;
        let training = &experiment.training;
        if plan.normalizes_by_batch && training.micro_batch == Some(1) && training.batch_size > 1 {
            return Err(TrainingError::Experiment(
                "training.micro_batch is 1, but a BatchNorm that learns needs at least 2 pictures to normalise by"
                    .into(),
            ));
        }
        if plan.normalizes_by_batch && training.batch_size < 2 {
            return Err(TrainingError::Experiment(
                "training.batch_size is 1, but a BatchNorm that learns needs at least 2 pictures to \
                 normalise by"
                    .into(),
            ));
        }
        if let Some(path) = unknown_paths(&phase.layer_rates, &network.tree).first() {
            return Err(TrainingError::Experiment(format!(
                "phases[{index}].layer_rates names “{path}”, which is no layer of {}",
                experiment.backbone.name
            )));
        }
        plans.push(plan);
    }
    Ok(plans)
}

fn class_counts(members: &Members, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for &label in &members.labels {
        if let Some(count) = counts.get_mut(label as usize) {
            *count += 1;
        }
    }
    counts
}

/// The memory of every phase, where `micro_batch` pictures are learned from at once.
pub(super) fn needs(
    experiment: &Experiment,
    micro_batch: Option<u32>,
    network: &Network,
    counts: PictureCounts,
) -> Result<Vec<Estimate>, TrainingError> {
    let mut experiment = experiment.clone();
    experiment.training.micro_batch = micro_batch;
    let experiment = &experiment;
    let mut all = Vec::new();
    for phase in &experiment.phases {
        all.push(Estimate::new(&Situation {
            experiment,
            phase,
            tree: &network.tree,
            frozen: &frozen_leaves(&phase.freeze, &network.tree)?,
            head_parameters: network.head_parameters(),
            is_mixed: network.mixed.is_some(),
            pictures: Some(counts),
        }));
    }
    Ok(all)
}

/// Bytes of a graphics card's memory that features may take: what training itself does not need, with a margin for what
/// cuDNN tries out. 0 for the processor.
fn device_room(device: Device, training: u64) -> u64 {
    let free = cuda::memory(device).map_or(0, |memory| memory.available());
    (free - free / 10).saturating_sub(training)
}

/// Everything that some phase changes, by its name, sharing its storage with the network.
fn changing_tensors(network: &Network, plans: &[PhasePlan]) -> Vec<(String, Tensor)> {
    let mut places: Vec<usize> = plans
        .iter()
        .flat_map(|plan| {
            plan.trained
                .iter()
                .map(|(place, _)| *place)
                .chain(plan.moving.iter().copied())
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    let store = network.backbone.parameters();
    let base = places.iter().map(|&place| &store.entries[place]);
    base.chain(&network.head.parameters().entries)
        .map(|entry| (entry.name.clone(), entry.tensor.shallow_clone()))
        .collect()
}

fn warnings(
    experiment: &Experiment,
    dataset: &Dataset,
    counts: &[usize],
    (train, validation, test): (usize, usize, usize),
) -> Vec<String> {
    let mut warnings = Vec::new();
    let training = &experiment.training;
    if validation == 0 {
        warnings.push(format!(
            "There are no validation pictures: the last epoch's weights are kept{}.",
            if training.early_stopping.is_some() {
                " and no phase ends early"
            } else {
                ""
            }
        ));
    }
    if test == 0 {
        warnings.push("There are no test pictures: the run will have no test metrics.".into());
    }
    let batch = training.batch_size as usize;
    if batch > train {
        warnings.push(format!(
            "The batch size of {batch} is larger than the {train} training pictures: every epoch is one step."
        ));
    }
    for (class, &count) in dataset.classes.iter().zip(counts) {
        if count == 0 {
            warnings.push(format!("The class “{class}” has no training picture."));
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let least = counts
        .iter()
        .copied()
        .filter(|&count| count > 0)
        .min()
        .unwrap_or(0);
    if training.class_weights == ClassWeights::Equal && most > 10 * least && least > 0 {
        warnings.push(format!(
            "The largest class has {most} training pictures, the smallest {least}: balanced class weights may help."
        ));
    }
    if validation == 0 && training.monitor != Monitor::default() {
        warnings.push("The monitor has no effect without validation pictures.".into());
    }
    warnings
}
