//! How many pictures are computed at once, chosen before the start so that what the run needs fits into the memory that
//! it may take: where a control group sets the limit, the kernel kills a process that takes more, without a word.

use super::prepare::needs;
use crate::experiment::Experiment;
use crate::format::{self, count};
use crate::memory::MemoryLimit;
use crate::training::TrainingError;
use crate::training::estimate::{Estimate, PictureCounts};
use crate::training::features::BATCH;
use crate::training::network::Network;
use crate::training::phase_plan::PhasePlan;

/// What a forecast may be off by, as parts in a hundred of itself: measured, see [`Estimate`].
const MARGIN_PERCENT: u64 = 15;

/// What a run begins with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fitted {
    /// Pictures that are learned from at once; `None` sets no limit.
    pub micro_batch: Option<u32>,
    /// Pictures that validation and test see at once.
    pub evaluated: Option<u32>,
    /// What was chosen and why, if it is not what the experiment says.
    pub note: Option<String>,
}

/// The largest micro-batch, at most the experiment's own, with which the phase that needs most fits into `limit`.
///
/// # Errors
/// [`TrainingError::Experiment`] where not even the fewest fit.
pub(super) fn fit(
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
    let mut at_once = first;
    // What the experiment as it is would take.
    let mut whole = None;
    loop {
        let phases = with(at_once)?;
        let most = phases.iter().map(Estimate::memory).max().unwrap_or(0);
        let whole = format::bytes(*whole.get_or_insert(most));
        let needed = |evaluated: u64| {
            let of = |phase: &Estimate| phase.memory_within(limit.bytes / 2, evaluated);
            let most = phases.iter().map(of).max().unwrap_or(0);
            most.saturating_add(most / 100 * MARGIN_PERCENT)
        };
        let evaluated = std::iter::successors(Some(BATCH as u64), |&at_once| Some(at_once / 2))
            .take_while(|&at_once| at_once > 0)
            .find(|&at_once| needed(at_once) <= limit.bytes);
        if let Some(evaluated) = evaluated {
            let is_fewer = at_once < first;
            let is_limited = evaluated < BATCH as u64;
            let note = (is_fewer || is_limited).then(|| {
                let learned = if is_fewer {
                    format!(
                        "{} computed at once, whose gradients are added up to the same batch",
                        count(at_once as usize, "picture is", "pictures are")
                    )
                } else {
                    format!(
                        "validation and test take {} at once",
                        count(evaluated as usize, "picture", "pictures")
                    )
                };
                format!(
                    "This training would take about {whole} of memory, more than {}: {learned}. Set training.micro_batch \
                     to {at_once} to begin so everywhere.",
                    limit.text()
                )
            });
            return Ok(Fitted {
                micro_batch: if is_fewer { Some(at_once) } else { asked },
                evaluated: is_limited.then_some(evaluated as u32),
                note,
            });
        }
        if at_once / 2 < least {
            return Err(TrainingError::Experiment(format!(
                "this training would take about {} of memory even with {} at once, more than {}: allow more memory, \
                 choose a smaller backbone.input_size, or freeze more layers",
                format::bytes(needed(1)),
                count(at_once as usize, "picture", "pictures"),
                limit.text()
            )));
        }
        at_once /= 2;
    }
}
