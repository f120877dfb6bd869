//! Which numbers the frozen part and what trains compute with, and why.
//!
//! bf16 keeps 8 bits of a number's mantissa. Convolutions multiply it exactly and add up in single precision, so what is
//! lost is the rounding of weights and of what passes from layer to layer. That moves the features, but the head is trained
//! on the features that it will see: `cargo xtask bench --work precision` finds it as accurate. A network that bf16 moves
//! much further than those that were measured computes in single precision; how far is measured on patterns of our own.
//! What a run began with it keeps, and its folder says.

mod known;
pub(super) mod of_run;

use std::path::Path;

use tch::{Device, Kind, Tensor, no_grad_guard};

use self::known::KnownMovements;
use self::of_run::FrozenPrecision;
use super::error::TrainingError;
use super::features::key::{SegmentDigests, weights_name};
use super::network::Network;
use super::resume::ResumePoint;
use crate::experiment::{Experiment, MixedPrecision, Precision, TrainingConfig};
use crate::format;
use crate::libtorch;
use crate::libtorch::numbers::{WithNumber, arange};
use crate::models::device::{bf16_instructions, bf16_units};

/// How far features may move for `auto` to take bf16: the length of the difference as a share of theirs.
///
/// `cargo xtask bench --work precision` (`tests/peers/README.md`) found heads as accurate, to 0.3 points, on features that
/// had moved by 2.7 % (EfficientNet-Lite0), 0.8 % (ConvNeXt-Tiny) and 0.5 % (ViT-Tiny/16). Twice as far is taken on trust; beyond
/// that, a network is one that bf16 breaks.
const FARTHEST_IN_BF16: f64 = 0.05;

/// Few, because a run begins with them.
const PATTERNS: i64 = 2;

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChosenPrecision {
    pub kind: Kind,
    /// For the log.
    pub line: String,
}

/// The name that kept features have for a kind.
fn name(kind: Kind) -> &'static str {
    FrozenPrecision::of(kind).name()
}

/// What is asked of the frozen part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AskedPrecision {
    pub precision: Precision,
    /// What a run that goes on began with, which it keeps: features in other numbers are not those that its head learned on.
    pub begun: Option<FrozenPrecision>,
}

impl AskedPrecision {
    /// Of a run that begins, or goes on from `point`.
    pub fn new(precision: Precision, point: Option<&ResumePoint>) -> Self {
        // Versions that did not write it down computed in single precision, but for networks that bf16 hardly moves at all.
        let begun = point.map(|point| point.standing.precision.unwrap_or_default());
        Self { precision, begun }
    }
}

/// Where it is remembered what was measured of a network, which is told by its weights.
pub(super) struct MeasurementCache<'a> {
    pub cache: &'a Path,
    pub digests: &'a mut SegmentDigests,
}

/// What `asked` means for the first `depth` segments of `network`, as its weights are now, when `device` computes them. The
/// network may stand on the processor where only the answer is wanted.
fn choose(
    network: &Network,
    asked: AskedPrecision,
    depth: usize,
    device: Device,
    memory: Option<MeasurementCache<'_>>,
) -> Result<ChosenPrecision, TrainingError> {
    let AskedPrecision { precision, begun } = asked;
    let chosen = |kind, why: String| {
        Ok(ChosenPrecision {
            kind,
            line: format!("Frozen layers compute in {}: {why}", name(kind)),
        })
    };
    if let (Precision::Auto, Some(begun)) = (precision, begun)
        && begun.is_of(device)
    {
        return chosen(begun.kind(), "the run began with it".into());
    }
    if device != Device::Cpu && precision != Precision::Fp32 {
        return choose_for_card(network, precision, depth, device, memory);
    }
    match precision {
        Precision::Fp32 => chosen(Kind::Float, "the experiment says so".into()),
        Precision::Bf16 if !bf16_instructions() => chosen(
            Kind::BFloat16,
            "the experiment says so, though this processor has no instructions for it and takes longer".into(),
        ),
        Precision::Bf16 => chosen(Kind::BFloat16, "the experiment says so".into()),
        Precision::Auto if !bf16_units(device) => chosen(
            Kind::Float,
            "this processor has no units for bf16 (amx_bf16)".into(),
        ),
        Precision::Auto => {
            let moved = remembered_or_measured(network, depth, Kind::BFloat16, memory)?;
            let share = format::percent(moved);
            if moved <= FARTHEST_IN_BF16 {
                chosen(
                    Kind::BFloat16,
                    format!(
                        "this processor has units for it, and heads that learn on features moved by {share} are as accurate; \
                         training.precision=Fp32 keeps single precision"
                    ),
                )
            } else {
                chosen(
                    Kind::Float,
                    format!(
                        "in bf16, this network’s features would move by {share}, and up to {} is known to do no harm",
                        format::percent(FARTHEST_IN_BF16)
                    ),
                )
            }
        }
    }
}

/// The same for a graphics card, whose units take factors of 16 bits several times as fast as TF32's: bf16 since compute
/// capability 8.0, fp16 before. The head is trained on the features that it will see. fp16 ends at 65504, so a network that
/// has larger numbers on its way computes in single precision.
fn choose_for_card(
    network: &Network,
    asked: Precision,
    depth: usize,
    device: Device,
    memory: Option<MeasurementCache<'_>>,
) -> Result<ChosenPrecision, TrainingError> {
    let chosen = |kind, why: &str| {
        Ok(ChosenPrecision {
            kind,
            line: format!("Frozen layers compute in {}: {why}", name(kind)),
        })
    };
    if bf16_units(device) {
        return chosen(
            Kind::BFloat16,
            match asked {
                Precision::Bf16 => "the experiment says so",
                _ => "this graphics card has units for it",
            },
        );
    }
    // A question that takes no card can't measure there: it hopes for the best.
    let moved = if network.device == device {
        remembered_or_measured(network, depth, Kind::Half, memory)?
    } else {
        remembered(network, depth, device, Kind::Half, memory)?.unwrap_or(0.0)
    };
    if moved <= LARGEST_IN_FP16 {
        return chosen(
            Kind::Half,
            match asked {
                Precision::Bf16 => "this graphics card has no units for bf16, but for fp16",
                _ => "this graphics card has units for it",
            },
        );
    }
    chosen(
        Kind::Float,
        "in fp16, which this graphics card has units for, some of this network’s numbers are too large",
    )
}

/// How far features may move in fp16, whose mantissa is eight times as fine as bf16's: more says that numbers were cut off.
const LARGEST_IN_FP16: f64 = 0.02;

/// Has the frozen part compute in what `asked` means. `frozen_depths`: the frozen segments of every phase. By the segments that no
/// phase changes, because those are what gives the run's answers; where there are none, by those that some
/// phase has frozen. Gives a line for the log, or nothing where nothing is frozen.
pub(super) fn choose_by_frozen_depths(
    network: &mut Network,
    asked: AskedPrecision,
    frozen_depths: &[usize],
    device: Device,
    memory: Option<MeasurementCache<'_>>,
) -> Result<Option<String>, TrainingError> {
    let frozen_depths = || frozen_depths.iter().copied();
    let unchanged = frozen_depths()
        .min()
        .filter(|&frozen_depth| frozen_depth > 0);
    let Some(depth) = unchanged
        .or(frozen_depths().max())
        .filter(|&frozen_depth| frozen_depth > 0)
    else {
        return Ok(None);
    };
    let chosen = choose(network, asked, depth, device, memory)?;
    network.frozen_kind = chosen.kind;
    Ok(Some(chosen.line))
}

/// What the answers of `network` are computed in: they pass what no phase changes, and all else in single precision.
pub(super) fn of_answers(network: &Network, frozen_depths: &[usize]) -> FrozenPrecision {
    match frozen_depths.iter().min() {
        Some(&unchanged) if unchanged > 0 => FrozenPrecision::of(network.frozen_kind),
        _ => FrozenPrecision::Fp32,
    }
}

/// Has what trains compute in what the experiment says. `frozen_depths`: the frozen segments of every phase. Gives a line for the
/// log, or nothing where no layer of the backbone trains.
pub(super) fn choose_mixed(
    network: &mut Network,
    config: &TrainingConfig,
    frozen_depths: &[usize],
) -> Result<Option<String>, TrainingError> {
    if frozen_depths
        .iter()
        .all(|&frozen_depth| frozen_depth == network.depth())
    {
        return Ok(None);
    }
    if config.mixed_precision == MixedPrecision::Bf16 && !libtorch::IS_THERE {
        return Err(TrainingError::Experiment(
            "training.mixed_precision is Bf16, which this program was built without: choose Auto or Off".into(),
        ));
    }
    network.mixed = mixed(config.mixed_precision, network.device);
    let has_units = bf16_units(network.device);
    let why = match (config.mixed_precision, network.mixed) {
        (MixedPrecision::Bf16, Some(Kind::Half)) => {
            "this graphics card has no units for bf16, but for fp16"
        }
        (MixedPrecision::Bf16, _) if has_units => "the experiment says so",
        (MixedPrecision::Bf16, _) => {
            "the experiment says so, though this device has no units for it and takes longer"
        }
        (MixedPrecision::Off, _) => "the experiment says so",
        (MixedPrecision::Auto, Some(_)) => "this device has units for it",
        (MixedPrecision::Auto, None) => "this device has no units for bf16",
    };
    let kind = name(network.mixed.unwrap_or(Kind::Float));
    Ok(Some(format!(
        "Layers that train compute in {kind}, their weights in fp32: {why}"
    )))
}

/// Whether what `experiment` trains computes in bf16 on this machine's processor.
pub fn is_mixed_here(experiment: &Experiment) -> bool {
    mixed(experiment.training.mixed_precision, Device::Cpu).is_some()
}

/// What trains computes in on `device`, if not in single precision: graphics cards without units for bf16 have some for
/// fp16, which takes a scale for its gradients.
fn mixed(asked: MixedPrecision, device: Device) -> Option<Kind> {
    match asked {
        MixedPrecision::Off => None,
        MixedPrecision::Auto if !libtorch::IS_THERE => None,
        _ if device.is_cuda() && !bf16_units(device) => Some(Kind::Half),
        MixedPrecision::Auto => bf16_units(device).then_some(Kind::BFloat16),
        MixedPrecision::Bf16 => Some(Kind::BFloat16),
    }
}

fn remembered_or_measured(
    network: &Network,
    depth: usize,
    kind: Kind,
    memory: Option<MeasurementCache<'_>>,
) -> Result<f64, TrainingError> {
    let measure = || network.micro_batch.again(|| moved(network, depth, kind));
    let Some(MeasurementCache { cache, digests }) = memory else {
        return measure();
    };
    let known = KnownMovements::new(cache);
    let name = known_name(network, depth, network.device, kind, digests)?;
    if let Some(moved) = known.get(&name) {
        return Ok(moved);
    }
    let moved = measure()?;
    // No number, which the file can't hold, is told anew by each run.
    if moved.is_finite() {
        known.remember(name, moved);
    }
    Ok(moved)
}

/// What was measured of a network like this one on `device`.
fn remembered(
    network: &Network,
    depth: usize,
    device: Device,
    kind: Kind,
    memory: Option<MeasurementCache<'_>>,
) -> Result<Option<f64>, TrainingError> {
    let Some(MeasurementCache { cache, digests }) = memory else {
        return Ok(None);
    };
    let name = known_name(network, depth, device, kind, digests)?;
    Ok(KnownMovements::new(cache).get(&name))
}

fn known_name(
    network: &Network,
    depth: usize,
    device: Device,
    kind: Kind,
    digests: &mut SegmentDigests,
) -> Result<String, TrainingError> {
    let name = weights_name(network, depth, device, digests)?;
    Ok(match kind {
        Kind::Half => format!("{name} fp16"),
        _ => name,
    })
}

/// The length of the difference between features in `kind` and in single precision, as a share of the latter's. Not a
/// number where they are none.
fn moved(network: &Network, depth: usize, kind: Kind) -> Result<f64, TrainingError> {
    let _guard = no_grad_guard();
    let input = patterns(network.side, network.device)?;
    let exact = network.frozen(0..depth)?.advance(network, &input)?;
    let rounded = network
        .frozen_as(0..depth, kind)?
        .advance(network, &input)?
        .f_to_kind(Kind::Float)?;
    let length = |tensor: &Tensor| tensor.f_norm()?.f_double_value(&[]);
    let difference = length(&rounded.f_sub(&exact)?)?;
    let length = length(&exact)?;
    Ok(if difference == 0.0 {
        0.0
    } else {
        difference / length
    })
}

/// Gratings of several widths and directions, one over the other, in three colours: `[2, 3, side, side]`, as large as
/// normalised pictures are.
fn patterns(side: u32, device: Device) -> Result<Tensor, TrainingError> {
    let (count, side) = (PATTERNS, i64::from(side));
    let numbers = |end: i64, shape: [i64; 4]| arange(end, (Kind::Float, device))?.f_reshape(shape);
    let index = numbers(count, [count, 1, 1, 1])?;
    let color = numbers(3, [1, 3, 1, 1])?;
    let down = numbers(side, [1, 1, side, 1])?;
    let across = numbers(side, [1, 1, 1, side])?;
    let mut sum = Tensor::f_zeros([count, 3, side, side], (Kind::Float, device))?;
    for (number, width) in [3.0, 7.0, 17.0, 41.0, 97.0].into_iter().enumerate() {
        // A direction of its own for every picture and width, a phase for every colour.
        let turn = index.f_mul_number(0.9)?.f_add_number(2.4 * number as f64)?;
        let along = across
            .f_mul(&turn.f_cos()?)?
            .f_add(&down.f_mul(&turn.f_sin()?)?)?
            .f_mul_number(std::f64::consts::TAU / width)?;
        let phase = color
            .f_mul_number(0.7 + 0.3 * number as f64)?
            .f_add(&index)?;
        sum = sum.f_add(&along.f_add(&phase)?.f_sin()?)?;
    }
    Ok(sum.f_mul_number(0.8)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::WeightsSource;
    use crate::training::network::build_backbone;

    fn network(name: &str) -> Network {
        let mut experiment = Experiment::default();
        experiment.backbone.name = name.into();
        experiment.backbone.weights = WeightsSource::Random;
        experiment.backbone.input_size = Some(64);
        Network::new(&experiment, 2, Device::Cpu, &build_backbone).unwrap()
    }

    fn asked(precision: Precision) -> AskedPrecision {
        AskedPrecision::new(precision, None)
    }

    #[test]
    fn what_the_experiment_says_holds() {
        let network = network("resnet18");
        let kind = |precision| {
            let depth = network.depth();
            choose(&network, asked(precision), depth, Device::Cpu, None).unwrap()
        };
        assert_eq!(kind(Precision::Fp32).kind, Kind::Float);
        assert_eq!(kind(Precision::Bf16).kind, Kind::BFloat16);
        assert!(
            kind(Precision::Bf16)
                .line
                .starts_with("Frozen layers compute in bf16: the experiment says so")
        );
    }

    #[test]
    fn a_run_that_goes_on_keeps_what_it_began_with() {
        let network = network("resnet18");
        let kind = |precision, begun| {
            let begun = Some(begun);
            let asked = AskedPrecision { precision, begun };
            let depth = network.depth();
            choose(&network, asked, depth, Device::Cpu, None)
                .unwrap()
                .kind
        };
        for (begun, expected) in [
            (FrozenPrecision::Fp32, Kind::Float),
            (FrozenPrecision::Bf16, Kind::BFloat16),
        ] {
            assert_eq!(kind(Precision::Auto, begun), expected);
            // What the experiment says comes first: it said so when the run began.
            assert_eq!(kind(Precision::Fp32, begun), Kind::Float);
        }
        // A card's fp16 is not to be had here.
        let fresh = choose(
            &network,
            asked(Precision::Auto),
            network.depth(),
            Device::Cpu,
            None,
        );
        assert_eq!(
            kind(Precision::Auto, FrozenPrecision::Fp16),
            fresh.unwrap().kind
        );
    }

    #[test]
    fn auto_takes_bf16_where_the_processor_has_units_unless_the_network_breaks() {
        let network = network("resnet18");
        let depth = network.depth();
        let moved = moved(&network, depth, Kind::BFloat16).unwrap();
        assert!(moved > 0.0 && moved < FARTHEST_IN_BF16, "{moved}");
        let folder = tempfile::tempdir().unwrap();
        let choose = |network: &Network| {
            let memory = MeasurementCache {
                cache: folder.path(),
                digests: &mut SegmentDigests::default(),
            };
            let asked = asked(Precision::Auto);
            choose(network, asked, depth, Device::Cpu, Some(memory)).unwrap()
        };
        let chosen = choose(&network);
        let has_units = bf16_units(Device::Cpu);
        assert_eq!(chosen.kind == Kind::BFloat16, has_units);
        assert_eq!(chosen, choose(&network));
        if !has_units {
            eprintln!(
                "SKIPPED: without units for bf16, nothing is measured that could be remembered"
            );
            return;
        }
        // What is remembered belongs to these weights alone.
        let known = KnownMovements::new(folder.path());
        let digests = &mut SegmentDigests::default();
        let name = weights_name(&network, depth, Device::Cpu, digests).unwrap();
        assert_eq!(known.get(&name), Some(moved));
        known.remember(name, 0.5);
        let broken = choose(&network);
        assert_eq!(broken.kind, Kind::Float);
        assert!(
            broken.line.contains("would move by 50.0 %"),
            "{}",
            broken.line
        );
        let mut changed = network.backbone.parameters().entries[0]
            .tensor
            .shallow_clone();
        let _guard = no_grad_guard();
        let _ = changed.f_mul_number_(2.0).unwrap();
        assert_eq!(choose(&network).kind, chosen.kind);
    }

    #[test]
    fn answers_are_computed_in_what_no_phase_changes() {
        let mut network = network("resnet18");
        network.frozen_kind = Kind::BFloat16;
        assert_eq!(of_answers(&network, &[5, 3]), FrozenPrecision::Bf16);
        // A later phase trained everything.
        assert_eq!(of_answers(&network, &[5, 0]), FrozenPrecision::Fp32);
    }
}
