//! Freeze plans as a person edits them: which leaves a plan freezes, and which plan says it most simply.

mod plans;

use std::ops::Range;

use crate::experiment::{FreezePlan, LayerRates, Phase};
use crate::models::freeze::Totals;
use crate::models::tree::{LayerNode, LayerTree};
use crate::training::estimate::Estimate;

pub use plans::{LayerPlans, LayerPlansCache, StageView, TreeView};

/// Whether the leaves of a node are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    Frozen,
    Trainable,
    /// Some are, some are not.
    Mixed,
}

impl Lock {
    /// The state of `leaves`, whose flags are `frozen`.
    pub fn of(frozen: &[bool], leaves: Range<usize>) -> Self {
        let part = frozen.get(leaves).unwrap_or_default();
        match (part.iter().all(|&leaf| leaf), part.iter().any(|&leaf| leaf)) {
            (true, _) => Self::Frozen,
            (false, false) => Self::Trainable,
            (false, true) => Self::Mixed,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Trainable => "trainable",
            Self::Mixed => "partly frozen",
        }
    }
}

/// A node of a layer tree in the order that it is listed, with its depth and leaves.
#[derive(Debug, Clone)]
pub struct FlatNode<'a> {
    pub node: &'a LayerNode,
    /// The root's children have 0.
    pub depth: usize,
    /// Its leaves, as indices into [`LayerTree::leaves`].
    pub leaves: Range<usize>,
}

/// Every node but the root, parents before children.
pub fn flatten(tree: &LayerTree) -> Vec<FlatNode<'_>> {
    fn visit<'a>(
        node: &'a LayerNode,
        depth: usize,
        next_leaf: &mut usize,
        out: &mut Vec<FlatNode<'a>>,
    ) {
        let index = out.len();
        let first = *next_leaf;
        out.push(FlatNode {
            node,
            depth,
            leaves: first..first,
        });
        if node.children.is_empty() {
            *next_leaf += 1;
        }
        for child in &node.children {
            visit(child, depth + 1, next_leaf, out);
        }
        out[index].leaves = first..*next_leaf;
    }
    let mut out = Vec::new();
    let mut next_leaf = 0;
    for child in &tree.root.children {
        visit(child, 0, &mut next_leaf, &mut out);
    }
    out
}

/// The plan that freezes exactly the leaves flagged in `frozen`, in the simplest words: the whole
/// backbone, nothing, everything below a layer, or else the layers by name. A plan that counted
/// layers before goes on counting them.
pub fn simplest(frozen: &[bool], nodes: &[FlatNode<'_>], before: &FreezePlan) -> FreezePlan {
    let first_free = frozen.iter().position(|&leaf| !leaf);
    let Some(first_free) = first_free else {
        return FreezePlan::Backbone;
    };
    if !frozen.contains(&true) {
        return FreezePlan::Nothing;
    }
    if frozen[first_free..].iter().all(|&leaf| !leaf) {
        if matches!(before, FreezePlan::AllButLast(_)) {
            return FreezePlan::AllButLast(frozen.len() - first_free);
        }
        if let Some(node) = nodes
            .iter()
            .find(|node| node.leaves.start == first_free && !node.leaves.is_empty())
        {
            return FreezePlan::Below(node.node.path.clone());
        }
    }
    let mut paths = Vec::new();
    let mut covered = 0;
    for node in nodes {
        if node.leaves.start >= covered
            && !node.leaves.is_empty()
            && Lock::of(frozen, node.leaves.clone()) == Lock::Frozen
        {
            paths.push(node.node.path.clone());
            covered = node.leaves.end;
        }
    }
    FreezePlan::Custom(paths)
}

/// A plan in a few words: "whole backbone frozen".
pub fn describe(plan: &FreezePlan) -> String {
    crate::runs::settings::freeze_plan(plan)
}

/// Replaces whatever names layers of one particular network: they mean nothing to another one.
pub fn forget_names(phase: &mut Phase) {
    match phase.freeze {
        FreezePlan::Below(_) | FreezePlan::Custom(_) => phase.freeze = FreezePlan::Backbone,
        FreezePlan::Backbone | FreezePlan::Nothing | FreezePlan::AllButLast(_) => {}
    }
    if matches!(phase.layer_rates, LayerRates::Custom(_)) {
        phase.layer_rates = LayerRates::Uniform;
    }
}

/// One phase's plan, laid over the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseLocks {
    pub name: String,
    pub epochs: u32,
    pub plan: String,
    /// For each leaf of the tree; empty while there is no tree or the plan does not fit it.
    pub frozen: Vec<bool>,
    /// The lock of every stage.
    pub stages: Vec<Lock>,
    /// Each leaf's share of the learning rate.
    pub factors: Vec<f64>,
    /// How many leaves at the end learn without a gap.
    pub free_at_end: usize,
    pub totals: Option<Totals>,
    pub head_parameters: u64,
    pub estimate: Option<Estimate>,
    /// Why the plan does not fit the tree.
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;

    /// Freezes the leaves of `paths` in the fake tree and says the plan.
    fn plan(frozen: &[bool], before: &FreezePlan) -> FreezePlan {
        let tree = fakes::tree();
        simplest(frozen, &flatten(&tree), before)
    }

    #[test]
    fn the_simplest_plan_is_found() {
        let tree = fakes::tree();
        let leaves: Vec<String> = tree.leaves().iter().map(|leaf| leaf.path.clone()).collect();
        let frozen_where =
            |test: &dyn Fn(&str) -> bool| leaves.iter().map(|path| test(path)).collect::<Vec<_>>();
        let other = FreezePlan::Custom(Vec::new());
        let cases = [
            (frozen_where(&|_| true), FreezePlan::Backbone),
            (frozen_where(&|_| false), FreezePlan::Nothing),
            (
                frozen_where(&|path| !path.starts_with("layer4")),
                FreezePlan::Below("layer4".into()),
            ),
            (
                frozen_where(&|path| path.starts_with("layer2") || path == "bn1"),
                FreezePlan::Custom(vec!["bn1".into(), "layer2".into()]),
            ),
        ];
        for (frozen, expected) in cases {
            assert_eq!(plan(&frozen, &other), expected);
        }
        let last_two: Vec<bool> = (0..leaves.len())
            .map(|leaf| leaf + 2 < leaves.len())
            .collect();
        assert_eq!(
            plan(&last_two, &FreezePlan::AllButLast(5)),
            FreezePlan::AllButLast(2)
        );
    }

    #[test]
    fn a_container_with_both_kinds_is_mixed() {
        let frozen = [true, false, true];
        assert_eq!(Lock::of(&frozen, 0..1), Lock::Frozen);
        assert_eq!(Lock::of(&frozen, 1..2), Lock::Trainable);
        assert_eq!(Lock::of(&frozen, 0..3), Lock::Mixed);
    }

    #[test]
    fn another_network_forgets_the_names_of_this_one() {
        let mut phase = Phase {
            freeze: FreezePlan::Below("layer4".into()),
            ..Phase::default()
        };
        forget_names(&mut phase);
        assert_eq!(phase.freeze, FreezePlan::Backbone);
        phase.freeze = FreezePlan::AllButLast(20);
        forget_names(&mut phase);
        assert_eq!(phase.freeze, FreezePlan::AllButLast(20));
    }
}
