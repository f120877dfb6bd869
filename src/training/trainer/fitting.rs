//! How many pictures are computed at once, chosen before the start so that what the run needs fits into the memory that
//! it may take: where a control group sets the limit, the kernel kills a process that takes more, without a word.

use tch::Device;

use super::environment::Environment;
use super::workload::sees_pictures;
use crate::allocator;
use crate::data::Split;
use crate::experiment::Experiment;
use crate::format::{self, count};
use crate::libtorch::cuda;
use crate::memory::MemoryLimit;
use crate::models::freeze::frozen_leaves;
use crate::training::error::TrainingError;
use crate::training::estimate::{Estimate, EstimateInput, PictureCounts};
use crate::training::features::room::Room;
use crate::training::micro_batch::CPU_FORWARD_BATCH;
use crate::training::network::Network;
use crate::training::phase_plan::PhasePlan;
use crate::training::preprocessing::square_bytes;
use crate::training::reporter::Reporter;

/// What a forecast may be off by, as parts in a hundred of itself: measured, see [`Estimate`].
const MARGIN_PERCENT: u64 = 15;

/// What memory a run has, and what it takes.
pub(super) struct MemoryPlan {
    /// Pictures that are learned from at once; `None` sets no limit.
    pub micro_batch: Option<u32>,
    /// That features may take.
    pub features: Room,
    /// Of the phase that needs most.
    pub most: Option<Estimate>,
    /// Bytes of a graphics card's memory that training takes at most, but for features.
    pub on_device: u64,
}

/// Chooses how many pictures are computed at once, and reports when they are fewer than the experiment says; the rest of the
/// memory is for features.
///
/// # Errors
/// [`TrainingError::Experiment`] where not even the fewest fit, and those of the listener.
pub(super) fn plan_memory(
    experiment: &Experiment,
    network: &Network,
    plans: &[PhasePlan],
    counts: PictureCounts,
    environment: &Environment<'_>,
    reporter: &mut Reporter<'_>,
) -> Result<MemoryPlan, TrainingError> {
    let fitted = fit(experiment, network, plans, counts, environment.limit)?;
    if let Some(line) = fitted.note {
        reporter.warn(line)?;
        allocator::give_back();
    }
    network.micro_batch.limit(fitted.evaluated);
    let needs = needs(experiment, fitted.micro_batch, network, counts)?;
    let on_device = needs.iter().map(Estimate::on_device).max().unwrap_or(0);
    let kept: usize = [
        (Split::Train, counts.train),
        (Split::Validation, counts.validation),
        (Split::Test, counts.test),
    ]
    .into_iter()
    .filter(|(split, _)| sees_pictures(experiment, plans, *split))
    .map(|(_, count)| count)
    .sum();
    let host = (environment.memory_bytes / 2).saturating_sub(square_bytes(network.side, kept));
    let card = device_room(network.device, on_device);
    Ok(MemoryPlan {
        micro_batch: fitted.micro_batch,
        features: Room::new(network.device, host, card),
        most: needs.into_iter().max_by_key(Estimate::memory),
        on_device,
    })
}

/// What a run begins with.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fitted {
    /// Pictures that are learned from at once; `None` sets no limit.
    micro_batch: Option<u32>,
    /// Pictures that validation and test see at once.
    evaluated: Option<u32>,
    /// What was chosen and why, if it is not what the experiment says.
    note: Option<String>,
}

/// The largest micro-batch, at most the experiment's own, with which the phase that needs most fits into `limit`.
///
/// # Errors
/// [`TrainingError::Experiment`] where not even the fewest fit.
fn fit(
    experiment: &Experiment,
    network: &Network,
    plans: &[PhasePlan],
    counts: PictureCounts,
    limit: MemoryLimit,
) -> Result<Fitted, TrainingError> {
    let asked = experiment.training.micro_batch;
    if network.device.is_cuda() {
        return Ok(Fitted {
            micro_batch: asked,
            ..Fitted::default()
        });
    }
    let batch = experiment.training.batch_size.max(1);
    // A BatchNorm that learns can't normalise by a single picture.
    let least = if plans.iter().any(|plan| plan.normalizes_by_batch) {
        2
    } else {
        1
    };
    let mut with = |micro_batch: u32| needs(experiment, Some(micro_batch), network, counts);
    choose(asked, batch, least, limit, &mut with)
}

/// See [`fit`]. `with` forecasts every phase with a micro-batch.
fn choose(
    asked: Option<u32>,
    batch: u32,
    least: u32,
    limit: MemoryLimit,
    with: &mut dyn FnMut(u32) -> Result<Vec<Estimate>, TrainingError>,
) -> Result<Fitted, TrainingError> {
    let first = asked.unwrap_or(batch).clamp(1, batch);
    let mut micro_batch = first;
    // What the experiment as it is would take.
    let mut whole = None;
    loop {
        let phases = with(micro_batch)?;
        let most = phases.iter().map(Estimate::memory).max().unwrap_or(0);
        let whole = format::bytes(*whole.get_or_insert(most));
        let needed = |evaluated: u64| {
            let of = |phase: &Estimate| phase.memory_within(limit.bytes / 2, evaluated);
            let most = phases.iter().map(of).max().unwrap_or(0);
            most.saturating_add(most / 100 * MARGIN_PERCENT)
        };
        let evaluated = std::iter::successors(Some(CPU_FORWARD_BATCH as u64), |&evaluated| {
            Some(evaluated / 2)
        })
        .take_while(|&evaluated| evaluated > 0)
        .find(|&evaluated| needed(evaluated) <= limit.bytes);
        if let Some(evaluated) = evaluated {
            let is_fewer = micro_batch < first;
            let is_limited = evaluated < CPU_FORWARD_BATCH as u64;
            let note = (is_fewer || is_limited).then(|| {
                let learned = if is_fewer {
                    format!(
                        "{} computed at once, whose gradients are added up to the same batch",
                        count(micro_batch as usize, "picture is", "pictures are")
                    )
                } else {
                    format!(
                        "validation and test take {} at once",
                        count(evaluated as usize, "picture", "pictures")
                    )
                };
                format!(
                    "This training would take about {whole} of memory, more than {}: {learned}. Set training.micro_batch \
                     to {micro_batch} to begin so everywhere.",
                    limit.text()
                )
            });
            return Ok(Fitted {
                micro_batch: if is_fewer { Some(micro_batch) } else { asked },
                evaluated: is_limited.then_some(evaluated as u32),
                note,
            });
        }
        if micro_batch / 2 < least {
            return Err(TrainingError::Experiment(format!(
                "this training would take about {} of memory even with {} at once, more than {}: allow more memory, \
                 choose a smaller backbone.input_size, or freeze more layers",
                format::bytes(needed(1)),
                count(micro_batch as usize, "picture", "pictures"),
                limit.text()
            )));
        }
        micro_batch /= 2;
    }
}

/// The memory of every phase, where `micro_batch` pictures are learned from at once.
fn needs(
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
        all.push(Estimate::new(&EstimateInput {
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
