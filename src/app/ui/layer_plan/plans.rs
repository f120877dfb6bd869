//! Every phase's plan of the active experiment laid over its layers: shown by the layers, counted at the foot of the left
//! side, and what the cost of augmentation is told from.

use std::sync::Arc;

use super::{FlatNode, Lock, PhaseLocks, describe, flatten};
use crate::app::core::head_steps;
use crate::app::core::state::{Scan, State, Tree};
use crate::app::ui::editor::EditorView;
use crate::app::ui::effect::Situation;
use crate::experiment::Phase;
use crate::models::freeze::{self, frozen_leaves};
use crate::models::tree::LayerTree;
use crate::training::estimate::{Estimate, EstimateInput, PictureCounts};
use crate::training::{is_mixed_here, rate_factors};

/// The plans of one experiment.
#[derive(Debug, Clone)]
pub struct LayerPlans {
    pub editor: EditorView,
    pub phases: Vec<PhaseLocks>,
    pub tree: TreeView,
    /// The boxes of the stage diagram.
    pub stages: Vec<StageView>,
    pictures: Pictures,
}

/// What the totals take from the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pictures {
    classes: usize,
    split: Option<PictureCounts>,
}

/// One box of the stage diagram.
#[derive(Debug, Clone, PartialEq)]
pub struct StageView {
    pub title: String,
    pub output_shape: Vec<i64>,
    pub parameters: u64,
    /// Its first layer.
    pub path: Option<String>,
    /// Indices into [`LayerTree::leaves`].
    pub leaves: Vec<usize>,
}

#[derive(Debug, Clone)]
pub enum TreeView {
    None,
    Loading,
    Failed(String),
    Ready(Arc<LayerTree>),
}

impl LayerPlans {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let tree = match &state.tree {
            Tree::None => TreeView::None,
            Tree::Loading => TreeView::Loading,
            Tree::Failed(message) => TreeView::Failed(message.clone()),
            Tree::Ready(tree) => TreeView::Ready(tree.clone()),
        };
        let pictures = Pictures::of(&state.scan);
        let stages = match &tree {
            TreeView::Ready(tree) => stages(tree),
            _ => Vec::new(),
        };
        let phases: Vec<PhaseLocks> = editor
            .experiment
            .phases
            .iter()
            .map(|phase| PhaseLocks::new(phase, &editor, &tree, &stages, pictures))
            .collect();
        Some(Self {
            editor,
            phases,
            tree,
            stages,
            pictures,
        })
    }

    /// Whether building anew would give the same.
    fn is_current(&self, state: &State) -> bool {
        let Some(document) = state.active_document() else {
            return false;
        };
        let same_tree = match (&self.tree, &state.tree) {
            (TreeView::Ready(mine), Tree::Ready(other)) => Arc::ptr_eq(mine, other),
            (TreeView::Failed(mine), Tree::Failed(other)) => mine == other,
            (TreeView::None, Tree::None) | (TreeView::Loading, Tree::Loading) => true,
            _ => false,
        };
        // A copy is equal to what it was copied from, and is another document.
        same_tree
            && self.editor.document == document.id
            && self.editor.experiment == document.experiment
            && self.editor.problems == document.problems
            && self.editor.situation == Situation::build(state)
            && self.pictures == Pictures::of(&state.scan)
    }
}

/// Keeps the plans while nothing that they are made of changes: a network has hundreds of layers, and a frame has a few
/// milliseconds.
#[derive(Debug, Default)]
pub struct LayerPlansCache {
    plans: Option<Arc<LayerPlans>>,
}

impl LayerPlansCache {
    /// What [`LayerPlans::build`] gives for `state`.
    pub fn plans(&mut self, state: &State) -> Option<Arc<LayerPlans>> {
        let plans = self.plans.as_ref();
        if !plans.is_some_and(|plans| plans.is_current(state)) {
            self.plans = LayerPlans::build(state).map(Arc::new);
        }
        self.plans.clone()
    }
}

impl Pictures {
    fn of(scan: &Scan) -> Self {
        Self {
            // Most often there are two, and the head's last layer is small anyway.
            classes: scan.dataset().map_or(2, |dataset| dataset.classes.len()),
            split: scan.counts(),
        }
    }
}

impl PhaseLocks {
    fn new(
        phase: &Phase,
        editor: &EditorView,
        tree: &TreeView,
        stages: &[StageView],
        pictures: Pictures,
    ) -> Self {
        let mut locks = Self {
            name: phase.name.clone(),
            epochs: phase.epochs,
            plan: describe(&phase.freeze),
            frozen: Vec::new(),
            stages: Vec::new(),
            factors: Vec::new(),
            free_at_end: 0,
            totals: None,
            head_parameters: 0,
            estimate: None,
            problem: None,
        };
        let TreeView::Ready(tree) = tree else {
            return locks;
        };
        let frozen = match frozen_leaves(&phase.freeze, tree) {
            Ok(frozen) => frozen,
            Err(error) => {
                locks.problem = Some(error.to_string());
                return locks;
            }
        };
        let head = head_steps::parameters(&editor.experiment.head, tree, pictures.classes);
        locks.totals = Some(freeze::totals(tree, &frozen).with_head(head));
        locks.head_parameters = head;
        locks.estimate = Some(Estimate::new(&EstimateInput {
            experiment: &editor.experiment,
            phase,
            tree,
            frozen: &frozen,
            head_parameters: head,
            is_mixed: is_mixed_here(&editor.experiment),
            pictures: pictures.split,
        }));
        locks.stages = stages
            .iter()
            .map(|stage| {
                let flags: Vec<bool> = stage.leaves.iter().map(|&leaf| frozen[leaf]).collect();
                Lock::of(&flags, 0..flags.len())
            })
            .collect();
        locks.factors = rate_factors(&phase.layer_rates, &frozen, tree);
        locks.free_at_end = frozen.iter().rev().take_while(|frozen| !**frozen).count();
        locks.frozen = frozen;
        locks
    }
}

fn stages(tree: &LayerTree) -> Vec<StageView> {
    let nodes = flatten(tree);
    tree.stages
        .iter()
        .map(|stage| {
            let inside = |node: &&FlatNode<'_>| stage.paths.contains(&node.node.path);
            let leaves: Vec<usize> = nodes
                .iter()
                .filter(inside)
                .flat_map(|node| node.leaves.clone())
                .collect();
            StageView {
                title: stage.title.clone(),
                output_shape: stage.output_shape.clone(),
                parameters: stage.parameters,
                path: stage.paths.first().cloned(),
                leaves,
            }
        })
        .collect()
}
