//! How quick a backbone is on this machine, and what of it fine-tuning would train.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::fold::FrozenPrefix;
use super::freeze::frozen_leaves;
use super::{ArchitectureInfo, Backbone, ModelError, build_blank};
use crate::experiment::FreezePlan;
use crate::experiment::advice::TOP_LAYERS;

/// Measuring ends after this long, or after [`BATCHES`].
const SECONDS: f64 = 2.0;
const BATCHES: u32 = 8;
/// Small enough not to trouble a machine that does other things.
const BATCH: i64 = 8;

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
}

impl Measured {
    /// Pooled features of the last `stages` stages; more than there are means all of them.
    pub fn features_of(&self, stages: u32) -> u32 {
        let last = self.stage_features.len().saturating_sub(1);
        let place = (stages.max(1) as usize - 1).min(last);
        self.stage_features.get(place).copied().unwrap_or(0)
    }
}

/// Builds a network without weights and measures it on the CPU.
///
/// # Errors
/// libtorch's own, such as too little memory.
pub fn measure(info: &ArchitectureInfo) -> Result<Measured, ModelError> {
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
    Ok(Measured {
        pictures_per_second: pictures_per_second(
            network.as_ref(),
            BATCH,
            side,
            Device::Cpu,
            Kind::Float,
        )?,
        stage_features: (1..=tree.stages.len() as u32)
            .map(|count| u32::try_from(tree.head_features(count)).unwrap_or(u32::MAX))
            .collect(),
        top_share: work(true) as f64 / work(false).max(1) as f64,
    })
}

/// Pictures per second through the whole backbone as a frozen prefix that computes in `kind`.
pub fn pictures_per_second(
    network: &dyn Backbone,
    batch: i64,
    side: u32,
    device: Device,
    kind: Kind,
) -> Result<f64, ModelError> {
    let side = i64::from(side);
    let pictures = Tensor::f_zeros([batch, 3, side, side], (Kind::Float, device))?;
    let prefix = FrozenPrefix::of_kind(network, 0..network.segments(), kind)?;
    // Reading a number back waits for the device.
    let pass = || -> Result<f64, ModelError> {
        let features = prefix.forward(network, &pictures)?;
        Ok(features.f_sum(Kind::Float)?.f_double_value(&[])?)
    };
    // The first pass asks for memory and chooses algorithms.
    pass()?;
    // The quickest pass: whatever else the machine does makes a pass longer, never shorter.
    let mut quickest = f64::INFINITY;
    let start = Instant::now();
    for _ in 0..BATCHES {
        let began = Instant::now();
        pass()?;
        quickest = quickest.min(began.elapsed().as_secs_f64());
        if start.elapsed().as_secs_f64() >= SECONDS {
            break;
        }
    }
    Ok(batch as f64 / quickest.max(1e-9))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::models::catalogue;

    #[test]
    fn a_small_backbone_is_measured() {
        let info = catalogue::find("mobilenet_v3_small").unwrap();
        let measured = measure(info).unwrap();
        assert!(measured.pictures_per_second > 0.0);
        assert_eq!(measured.stage_features[0], 576);
        assert!(measured.stage_features.is_sorted_by(|a, b| a < b));
        assert!(measured.top_share > 0.0 && measured.top_share < 0.5);
    }
}
