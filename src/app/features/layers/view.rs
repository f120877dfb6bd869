//! The layer view's plain data: the lines to show, and how far a run moved each of them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::approach::Approach;
use super::rates::Rate;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::app::ui::layer_plan::{self, LayerPlans, Lock, TreeView};
use crate::experiment::{NormPolicy, TrainedNorm};
use crate::format;
use crate::models::tree::LayerTree;
use crate::training::movement::{self, Movement};

/// Plain data of the layer view.
#[derive(Debug, Clone)]
pub struct LayersView {
    pub plans: Arc<LayerPlans>,
    /// Which of the lesson's three pictures the experiment is.
    pub approach: Option<Approach>,
    /// How far the layers moved in the chosen run, if it trained this network to its end.
    pub moved: Option<Moved>,
    /// No two views have the same: what is made from a view need not be made again for it.
    pub(super) stamp: u64,
}

/// How far a run moved the layers of the tree.
#[derive(Debug, Clone)]
pub struct Moved {
    pub run: String,
    source: Arc<Vec<Movement>>,
    /// For each leaf; nothing for those without weights.
    by_leaf: Vec<Option<Movement>>,
}

/// One visible line of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRow {
    pub path: String,
    pub name: String,
    pub kind: String,
    pub detail: String,
    pub shape: String,
    /// For narrow columns.
    pub short_shape: String,
    pub parameters: u64,
    pub depth: usize,
    pub leaves: Range<usize>,
    pub lock: Lock,
    /// Whether it holds others, and whether they are shown.
    pub children: Option<bool>,
    /// What its BatchNorm does under this plan.
    pub note: &'static str,
    /// Its share of the learning rate; nothing where nothing learns.
    pub rate: Option<Rate>,
    /// |after - before| / |before| in the chosen run; nothing without weights or run.
    pub moved: Option<f64>,
}

impl LayersView {
    /// `plans` of the active experiment.
    pub fn build(state: &State, plans: Arc<LayerPlans>) -> Self {
        static STAMPS: AtomicU64 = AtomicU64::new(0);
        let moved = match &plans.tree {
            TreeView::Ready(tree) => chosen_run(state, tree).map(|run| Moved::new(run, tree)),
            _ => None,
        };
        Self {
            approach: Approach::of(&plans.editor.experiment, &plans.phases),
            plans,
            moved,
            stamp: STAMPS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Whether building anew would give the same.
    pub(super) fn is_current(&self, state: &State, plans: &Arc<LayerPlans>) -> bool {
        let run = match &plans.tree {
            TreeView::Ready(tree) => chosen_run(state, tree),
            _ => None,
        };
        let is_same_run = match (&self.moved, run) {
            (Some(mine), Some(run)) => {
                mine.run == run.called() && Arc::ptr_eq(&mine.source, &run.movement)
            }
            (None, None) => true,
            _ => false,
        };
        Arc::ptr_eq(&self.plans, plans) && is_same_run
    }

    /// The lines to show: children of what is expanded, or everything that matches a search.
    pub fn rows(&self, phase: usize, expanded: &BTreeSet<String>, search: &str) -> Vec<LayerRow> {
        let TreeView::Ready(tree) = &self.plans.tree else {
            return Vec::new();
        };
        let Some(locks) = self.plans.phases.get(phase) else {
            return Vec::new();
        };
        let search = search.trim().to_lowercase();
        let Some(rates) = self
            .plans
            .editor
            .experiment
            .phases
            .get(phase)
            .map(|phase| &phase.layer_rates)
        else {
            return Vec::new();
        };
        // A frozen layer learns at no rate; a frozen BatchNorm that trains does.
        let weighted: Vec<bool> = tree
            .leaves()
            .iter()
            .zip(&locks.frozen)
            .map(|(leaf, frozen)| {
                leaf.parameters > 0
                    && (!frozen
                        || leaf.kind.starts_with("BatchNorm")
                            && self.plans.editor.experiment.backbone.frozen_norm
                                == NormPolicy::Train)
            })
            .collect();
        let mut rows = Vec::new();
        // Nodes deeper than this are inside something that is folded.
        let mut folded_below = usize::MAX;
        for flat in layer_plan::flatten(tree) {
            let node = flat.node;
            if search.is_empty() {
                if flat.depth > folded_below {
                    continue;
                }
                folded_below = usize::MAX;
            } else if !node.path.to_lowercase().contains(&search)
                && !node.kind.to_lowercase().contains(&search)
            {
                continue;
            }
            let open = expanded.contains(&node.path);
            if !node.children.is_empty() && !open {
                folded_below = flat.depth;
            }
            let lock = Lock::of(&locks.frozen, flat.leaves.clone());
            rows.push(LayerRow {
                path: node.path.clone(),
                name: if search.is_empty() {
                    node.name.clone()
                } else {
                    node.path.clone()
                },
                kind: node.kind.clone(),
                detail: node.detail.clone(),
                shape: format::shape(&node.output_shape),
                short_shape: short_shape(&node.output_shape),
                parameters: node.parameters,
                depth: if search.is_empty() { flat.depth } else { 0 },
                rate: Rate::of(
                    &node.path,
                    flat.leaves.clone(),
                    rates,
                    &locks.factors,
                    &weighted,
                ),
                moved: self
                    .moved
                    .as_ref()
                    .and_then(|moved| moved.of(flat.leaves.clone())),
                leaves: flat.leaves,
                lock,
                children: (search.is_empty() && !node.children.is_empty()).then_some(open),
                note: self.norm_note(&node.kind, lock),
            });
        }
        rows
    }

    fn norm_note(&self, kind: &str, lock: Lock) -> &'static str {
        if !kind.starts_with("BatchNorm") {
            return "";
        }
        let backbone = &self.plans.editor.experiment.backbone;
        match (lock, backbone.frozen_norm, backbone.trained_norm) {
            (Lock::Frozen, NormPolicy::Inference, _) => "running statistics",
            (Lock::Frozen, NormPolicy::AdaptStatistics, _) => "adapts statistics",
            (Lock::Frozen, NormPolicy::Train, _) => "trained though frozen",
            (_, _, TrainedNorm::Train) => "batch statistics",
            (_, _, TrainedNorm::Inference) => "running statistics",
        }
    }
}

impl Moved {
    fn new(run: &RunRecord, tree: &LayerTree) -> Self {
        let by_path: std::collections::BTreeMap<&str, &Movement> = run
            .movement
            .iter()
            .map(|layer| (layer.path.as_str(), layer))
            .collect();
        Self {
            run: run.called().to_owned(),
            source: run.movement.clone(),
            by_leaf: tree
                .leaves()
                .iter()
                .map(|leaf| by_path.get(leaf.path.as_str()).copied().cloned())
                .collect(),
        }
    }

    /// Of these leaves together; nothing where none has weights.
    fn of(&self, leaves: Range<usize>) -> Option<f64> {
        let moved: Vec<&Movement> = self.by_leaf.get(leaves)?.iter().flatten().collect();
        (!moved.is_empty()).then(|| movement::relative_l2(moved))
    }
}

/// The run that is looked at, if it trained this network and its movement is known.
fn chosen_run<'a>(state: &'a State, tree: &LayerTree) -> Option<&'a RunRecord> {
    let id = state.selected_run.as_ref()?;
    state.runs.iter().find(|run| {
        run.id == *id
            && run.state == RecordState::Finished
            && !run.movement.is_empty()
            && run
                .summary
                .as_ref()
                .is_some_and(|summary| summary.backbone == tree.backbone)
    })
}

/// `512 × 7²` for what is as wide as it is high.
pub(super) fn short_shape(shape: &[i64]) -> String {
    match shape {
        [channels, height, width] if height == width => {
            format!("{} × {width}²", format::thousands(channels.unsigned_abs()))
        }
        _ => format::shape(shape),
    }
}
