//! What one phase means for one backbone, layer by layer: what learns at which rate, what every
//! leaf does while training, and up to where the network stays the same. Plain data in, plain data
//! out.

use std::ops::Range;

use crate::experiment::{BackboneConfig, LayerRates, NormPolicy, TrainedNorm};
use crate::models::layers::{LeafMode, Pass};
use crate::models::parameters::{ParameterStore, Role};
use crate::models::tree::LayerTree;

/// A phase, laid over a backbone.
#[derive(Debug, Clone)]
pub struct PhasePlan {
    /// The number of leading segments that stay exactly as they are and give the same output for
    /// the same picture all through the phase, so that it need not be computed again.
    pub cut: usize,
    /// The behaviour of every leaf while training.
    pub pass: Pass,
    /// Entries of the backbone's parameter store that learn, with their learning-rate factor.
    pub trained: Vec<(usize, f64)>,
    /// Running statistics, as entries of the store, that move.
    pub moving: Vec<usize>,
    /// Of the backbone, without its classifier.
    pub trainable_parameters: u64,
    pub frozen_parameters: u64,
    /// Some BatchNorm of the backbone normalises by the batch.
    pub normalizes_by_batch: bool,
}

/// What the plan needs to know of a backbone.
pub struct Anatomy<'a> {
    pub tree: &'a LayerTree,
    pub store: &'a ParameterStore,
    /// The leaves of every segment.
    pub segments: &'a [Range<usize>],
}

impl PhasePlan {
    /// `frozen`: of every leaf, in the tree's order.
    pub fn new(
        frozen: &[bool],
        config: &BackboneConfig,
        rates: &LayerRates,
        anatomy: &Anatomy<'_>,
    ) -> Self {
        let leaves = anatomy.tree.leaves();
        let is_norm: Vec<bool> = leaves
            .iter()
            .map(|leaf| leaf.kind.starts_with("BatchNorm"))
            .collect();
        let learns_norm =
            |leaf: usize| is_norm[leaf] && frozen[leaf] && config.frozen_norm == NormPolicy::Train;
        let modes: Vec<LeafMode> = (0..leaves.len())
            .map(|leaf| {
                let by_batch = if frozen[leaf] {
                    learns_norm(leaf)
                } else {
                    config.trained_norm == TrainedNorm::Train
                };
                LeafMode {
                    batch_statistics: is_norm[leaf] && by_batch,
                    adapt_statistics: is_norm[leaf]
                        && frozen[leaf]
                        && config.frozen_norm == NormPolicy::AdaptStatistics,
                    // As the Keras guide's `training=False`, which holds for the whole base.
                    dropout: !frozen[leaf] && config.trained_norm == TrainedNorm::Train,
                }
            })
            .collect();

        let factors = rate_factors(rates, frozen, anatomy.tree);
        let mut plan = Self {
            cut: 0,
            pass: Pass::inference(),
            trained: Vec::new(),
            moving: Vec::new(),
            trainable_parameters: 0,
            frozen_parameters: 0,
            normalizes_by_batch: modes.iter().any(|mode| mode.batch_statistics),
        };
        for (index, entry) in anatomy.store.entries.iter().enumerate() {
            // The classifier, which the head replaces, lies beyond the last leaf.
            let Some(mode) = modes.get(entry.leaf) else {
                continue;
            };
            match entry.role {
                Role::Buffer => {
                    if mode.batch_statistics || mode.adapt_statistics {
                        plan.moving.push(index);
                    }
                }
                Role::Parameter => {
                    let count = entry.tensor.numel() as u64;
                    if !frozen[entry.leaf] || learns_norm(entry.leaf) {
                        plan.trainable_parameters += count;
                        plan.trained.push((index, factors[entry.leaf]));
                    } else {
                        plan.frozen_parameters += count;
                    }
                }
            }
        }
        let stays = |segment: &&Range<usize>| {
            (**segment).clone().all(|leaf| {
                frozen[leaf] && !modes[leaf].batch_statistics && !modes[leaf].adapt_statistics
            })
        };
        plan.cut = anatomy.segments.iter().take_while(stays).count();
        plan.pass = Pass { modes };
        plan
    }
}

/// Every leaf's share of the learning rate, in the tree's order. `frozen` is what
/// `models::freeze::frozen_leaves` gave for the same tree.
pub fn rate_factors(rates: &LayerRates, frozen: &[bool], tree: &LayerTree) -> Vec<f64> {
    let leaves = tree.leaves();
    match rates {
        LayerRates::Uniform => vec![1.0; leaves.len()],
        LayerRates::Backbone(factor) => vec![*factor; leaves.len()],
        LayerRates::ByDepth { lowest } => {
            let stages = stages_of(tree);
            let mut learning: Vec<usize> = stages
                .iter()
                .zip(frozen)
                .filter(|(_, frozen)| !**frozen)
                .map(|(stage, _)| *stage)
                .collect();
            learning.sort_unstable();
            learning.dedup();
            let last = learning.len().saturating_sub(1);
            stages
                .iter()
                .map(|stage| {
                    // Layers that learn only through their BatchNorm count to the stage they
                    // stand in, or to the nearest that learns.
                    let place = learning.partition_point(|other| other < stage).min(last);
                    if last == 0 {
                        1.0
                    } else {
                        lowest.powf((last - place) as f64 / last as f64)
                    }
                })
                .collect()
        }
        LayerRates::Custom(factors) => leaves
            .iter()
            .map(|leaf| {
                factors
                    .iter()
                    .filter(|(path, _)| holds(path, &leaf.path))
                    .max_by_key(|(path, _)| path.len())
                    .map_or(1.0, |(_, factor)| *factor)
            })
            .collect(),
    }
}

/// Paths of `rates` that hold no layer of `tree`.
pub fn unknown_paths(rates: &LayerRates, tree: &LayerTree) -> Vec<String> {
    let LayerRates::Custom(factors) = rates else {
        return Vec::new();
    };
    let leaves = tree.leaves();
    factors
        .iter()
        .filter(|(path, _)| !leaves.iter().any(|leaf| holds(path, &leaf.path)))
        .map(|(path, _)| path.clone())
        .collect()
}

/// The stage that every leaf stands in; a leaf outside all stages stands in the one before it.
fn stages_of(tree: &LayerTree) -> Vec<usize> {
    let mut current = 0;
    tree.leaves()
        .iter()
        .map(|leaf| {
            let own = tree
                .stages
                .iter()
                .position(|stage| stage.paths.iter().any(|path| holds(path, &leaf.path)));
            current = own.unwrap_or(current);
            current
        })
        .collect()
}

/// Whether the module at `path` is `leaf` or holds it.
fn holds(path: &str, leaf: &str) -> bool {
    leaf.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
#[path = "phase_plan_tests.rs"]
mod tests;
