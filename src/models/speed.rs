//! How quick a backbone is on this machine, and what of it fine-tuning would train.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::fold::FrozenPrefix;
use super::freeze::frozen_leaves;
use super::load::Meter;
use super::{ArchitectureInfo, Backbone, ModelError, build_blank};
use crate::data::StopFlag;
use crate::experiment::FreezePlan;
use crate::experiment::advice::TOP_LAYERS;

/// Measuring ends after this long, or after [`BATCHES`].
const SECONDS: f64 = 2.0;
const BATCHES: u32 = 8;
/// Small enough not to trouble a machine that does other things.
const BATCH: i64 = 8;
/// Billions of multiply-adds that a batch for measuring may take, so that one pass takes seconds on a processor.
const MOST_GFLOPS: f64 = 200.0;

/// Of `usual` pictures, as many as a processor is through with in seconds: at least one.
pub fn batch_for_processor(info: &ArchitectureInfo, usual: i64) -> i64 {
    usual.min((MOST_GFLOPS / info.gflops) as i64).max(1)
}

/// What was measured of one backbone at its weights' own input size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// As a frozen network: no gradients, BatchNorm folded, channels last.
    pub pictures_per_second: f64,
    /// Length of the pooled features of the last stage, of the last two, and so on. Empty in what earlier versions
    /// remembered, which must be measured again.
    #[serde(default)]
    pub stage_features: Vec<u32>,
    /// Share of the multiply-adds that the last 20 layers have, 0 to 1.
    pub top_share: f64,
    /// Under which conditions; nothing in what earlier versions remembered.
    #[serde(default)]
    pub taken: Option<Taken>,
}

/// When and beside what a speed was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Seconds since 1970.
    pub at: u64,
    pub threads: u32,
    /// The share of the machine's processor time that other programs took meanwhile, 0 to 1; nothing where that is not
    /// known.
    #[serde(default)]
    pub others: Option<f64>,
    /// Whether a training found it out, on the way.
    #[serde(default)]
    pub by_training: bool,
}

/// Beside others that take more, what is measured says little of the machine.
const CALM: f64 = 0.15;
/// After this long a machine may have become another one: cooler, slower, with other drivers.
const OLD_SECONDS: u64 = 30 * 24 * 3600;

impl Taken {
    /// Now, on as many threads as libtorch takes.
    pub fn now(others: Option<f64>, by_training: bool) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            at: since.map_or(0, |since| since.as_secs()),
            threads: u32::try_from(tch::get_num_threads()).unwrap_or(1),
            others,
            by_training,
        }
    }

    /// Whether other programs left the machine to the measurement, as far as that is known.
    pub fn is_calm(&self) -> bool {
        self.others.is_none_or(|others| others <= CALM)
    }
}

impl Measured {
    /// Whether it should be measured again when the machine has time: it was taken beside other work, long ago, or
    /// nobody knows how.
    pub fn is_doubtful(&self, now: u64) -> bool {
        self.taken
            .is_none_or(|taken| !taken.is_calm() || now.saturating_sub(taken.at) > OLD_SECONDS)
    }

    /// Of two measurements of one backbone, the one to believe. Whatever else a machine does makes a pass longer, never
    /// shorter: the quicker one counts, unless the newer one was taken in peace and the older one on other threads or
    /// too long ago.
    pub fn better_of(old: Option<&Self>, new: Self) -> Self {
        let Some(old) = old else { return new };
        let is_quicker = new.pictures_per_second >= old.pictures_per_second;
        let replaces = match (&old.taken, &new.taken) {
            (Some(before), Some(after)) => {
                before.threads != after.threads
                    || (after.is_calm() && after.at.saturating_sub(before.at) > OLD_SECONDS)
            }
            _ => false,
        };
        if is_quicker || replaces {
            return new;
        }
        // What was found in peace is now known not to be a hasty number.
        let confirmed = new.taken.filter(Taken::is_calm);
        Self {
            taken: confirmed.or(old.taken),
            ..old.clone()
        }
    }

    /// Pooled features of the last `stages` stages; more than there are means all of them.
    pub fn features_of(&self, stages: u32) -> u32 {
        let last = self.stage_features.len().saturating_sub(1);
        let index = (stages.max(1) as usize - 1).min(last);
        self.stage_features.get(index).copied().unwrap_or(0)
    }
}

/// Builds a network without weights and measures it on the CPU; nothing where `stop` ended it.
///
/// # Errors
/// libtorch's own, such as too little memory.
pub fn measure(info: &ArchitectureInfo, stop: &StopFlag) -> Result<Option<Measured>, ModelError> {
    let network = build_blank(info.name, Device::Cpu)?;
    let side = info.default_weights().input_size;
    let tree = network.tree(side)?;
    let frozen = frozen_leaves(&FreezePlan::AllButLast(TOP_LAYERS), &tree)?;
    let work = |learns: bool| -> u64 {
        tree.leaves()
            .iter()
            .zip(&frozen)
            .filter(|(_, frozen)| !learns || !**frozen)
            .map(|(leaf, _)| leaf.multiply_adds)
            .sum()
    };
    let meter = Meter::start();
    let rate = rate(
        network.as_ref(),
        batch_for_processor(info, BATCH),
        side,
        Device::Cpu,
        Kind::Float,
        stop,
    )?;
    Ok(rate.map(|rate| Measured {
        pictures_per_second: rate,
        stage_features: (1..=tree.stages.len() as u32)
            .map(|count| u32::try_from(tree.head_features(count)).unwrap_or(u32::MAX))
            .collect(),
        top_share: work(true) as f64 / work(false).max(1) as f64,
        taken: Some(Taken::now(meter.others(), false)),
    }))
}

/// Pictures per second through the whole backbone as a frozen prefix that computes in `kind`.
///
/// # Errors
/// libtorch's own.
pub fn pictures_per_second(
    network: &dyn Backbone,
    batch: i64,
    side: u32,
    device: Device,
    kind: Kind,
) -> Result<f64, ModelError> {
    let never = StopFlag::default();
    Ok(rate(network, batch, side, device, kind, &never)?.unwrap_or_default())
}

/// Pictures per second, or nothing where `stop` ended it before the first pass was measured.
fn rate(
    network: &dyn Backbone,
    batch: i64,
    side: u32,
    device: Device,
    kind: Kind,
    stop: &StopFlag,
) -> Result<Option<f64>, ModelError> {
    let side = i64::from(side);
    let pictures = Tensor::f_zeros([batch, 3, side, side], (Kind::Float, device))?;
    let prefix = FrozenPrefix::of_kind(network, 0..network.segments(), kind)?;
    // Reading a number back waits for the device.
    let pass = || -> Result<f64, ModelError> {
        let features = prefix.forward(network, &pictures)?;
        Ok(features.f_sum(Kind::Float)?.f_double_value(&[])?)
    };
    if stop.is_stopped() {
        return Ok(None);
    }
    // The first pass asks for memory and chooses algorithms.
    pass()?;
    // The quickest pass: whatever else the machine does makes a pass longer, never shorter.
    let mut quickest = f64::INFINITY;
    let start = Instant::now();
    for _ in 0..BATCHES {
        if stop.is_stopped() {
            return Ok(None);
        }
        let began = Instant::now();
        pass()?;
        quickest = quickest.min(began.elapsed().as_secs_f64());
        if start.elapsed().as_secs_f64() >= SECONDS {
            break;
        }
    }
    Ok(Some(batch as f64 / quickest.max(1e-9)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::catalogue;

    fn taken(rate: f64, at: u64, threads: u32, others: Option<f64>) -> Measured {
        Measured {
            pictures_per_second: rate,
            stage_features: vec![512],
            top_share: 0.3,
            taken: Some(Taken {
                at,
                threads,
                others,
                by_training: false,
            }),
        }
    }

    #[test]
    fn large_networks_are_measured_with_few_pictures() {
        let batch = |name| batch_for_processor(catalogue::find(name).unwrap(), BATCH);
        assert_eq!((batch("resnet18"), batch("vgg19")), (BATCH, BATCH));
        assert_eq!(batch("vit_base_patch14_reg4_dinov2"), 1);
    }

    #[test]
    fn the_quicker_of_two_measurements_counts() {
        const DAY: u64 = 24 * 3600;
        let busy = taken(3.0, DAY, 2, Some(0.8));
        assert!(busy.is_doubtful(2 * DAY));
        let calm = taken(60.0, 2 * DAY, 2, Some(0.02));
        assert!(!calm.is_doubtful(3 * DAY) && calm.is_doubtful(60 * DAY));
        assert_eq!(Measured::better_of(Some(&busy), calm.clone()), calm);
        assert_eq!(Measured::better_of(None, busy.clone()), busy);
        // Beside other work again: what was found in peace stays.
        let kept = Measured::better_of(Some(&calm), taken(4.0, 3 * DAY, 2, Some(0.9)));
        assert_eq!(kept, calm);
        // In peace, but slower by chance: the quicker number, confirmed.
        let again = taken(55.0, 3 * DAY, 2, Some(0.0));
        let kept = Measured::better_of(Some(&busy), again.clone());
        assert_eq!(kept, again);
        let kept = Measured::better_of(Some(&calm), again);
        assert_eq!(
            (kept.pictures_per_second, kept.taken.unwrap().at),
            (60.0, 3 * DAY)
        );
        // Other threads are another machine, and so is a machine after months.
        let fewer = taken(20.0, 3 * DAY, 1, Some(0.0));
        assert_eq!(Measured::better_of(Some(&calm), fewer.clone()), fewer);
        let later = taken(40.0, 90 * DAY, 2, Some(0.0));
        assert_eq!(Measured::better_of(Some(&calm), later.clone()), later);
        // What an earlier version remembered may have been taken beside anything.
        let unknown = Measured {
            taken: None,
            ..busy
        };
        assert!(unknown.is_doubtful(0));
        assert_eq!(Measured::better_of(Some(&unknown), calm.clone()), calm);
    }

    #[test]
    fn a_small_backbone_is_measured() {
        let info = catalogue::find("mobilenet_v3_small").unwrap();
        let measured = measure(info, &StopFlag::default()).unwrap().unwrap();
        assert!(measured.pictures_per_second > 0.0);
        assert_eq!(measured.stage_features[0], 576);
        assert!(measured.stage_features.is_sorted_by(|a, b| a < b));
        assert!(measured.top_share > 0.0 && measured.top_share < 0.5);
        let taken = measured.taken.unwrap();
        assert!(taken.at > 1_600_000_000 && taken.threads > 0 && !taken.by_training);
    }

    /// How the speed follows the input's side: printed beside what the area alone would give.
    #[test]
    #[ignore = "a measurement"]
    fn speed_by_side() {
        for name in [
            "efficientnet_lite0",
            "mobilenet_v3_small",
            "resnet18",
            "resnet50",
            "densenet121",
        ] {
            let network = build_blank(name, Device::Cpu).unwrap();
            let of = |batch: i64, side: u32| {
                pictures_per_second(network.as_ref(), batch, side, Device::Cpu, Kind::Float)
                    .unwrap()
            };
            let usual = of(BATCH, 224);
            for side in [32, 64, 96, 128, 160, 224, 320] {
                let by_area = usual * (224.0 / f64::from(side)).powi(2);
                let (eight, many) = (
                    of(BATCH, side),
                    of(super::super::fold::piece(side) as i64, side),
                );
                println!(
                    "{name} {side}: {eight:.0} of 8, {many:.0} of {}; by area {by_area:.0}; off by {:.2}",
                    super::super::fold::piece(side),
                    by_area / many
                );
            }
        }
    }
}
