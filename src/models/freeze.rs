//! A freeze plan laid over a layer tree. Plain data in, plain data out; no tensors.

use super::ModelError;
use super::tree::LayerTree;
use crate::experiment::FreezePlan;

/// For each leaf of `tree` (in the order of [`LayerTree::leaves`]) whether it is frozen.
///
/// # Errors
/// [`ModelError::UnknownLayer`] when the plan names a path that the tree does not have.
pub fn frozen_leaves(plan: &FreezePlan, tree: &LayerTree) -> Result<Vec<bool>, ModelError> {
    let _ = (plan, tree);
    unimplemented!()
}
