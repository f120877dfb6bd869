//! The layer panels' plain data: every phase's plan laid over the tree, and the lines to show.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::app::panels::editor::EditorView;
use crate::app::panels::layer_plan::{self, Lock, Totals};
use crate::app::panels::{format, head};
use crate::app::state::{Scan, State, Tree};
use crate::experiment::{NormPolicy, TrainedNorm};
use crate::models::freeze::frozen_leaves;
use crate::models::tree::LayerTree;

/// Plain data of the layer panels.
#[derive(Debug, Clone)]
pub struct LayersView {
    pub editor: EditorView,
    pub phases: Vec<PhaseLocks>,
    pub tree: TreeView,
}

#[derive(Debug, Clone)]
pub enum TreeView {
    None,
    Loading,
    Failed(String),
    Ready(Arc<LayerTree>),
}

/// One phase's plan, laid over the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseLocks {
    pub name: String,
    pub epochs: u32,
    pub plan: String,
    /// For each leaf of the tree; empty while there is no tree or the plan does not fit it.
    pub frozen: Vec<bool>,
    pub totals: Option<Totals>,
    /// Why the plan does not fit the tree.
    pub problem: Option<String>,
}

/// One visible line of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRow {
    pub path: String,
    pub name: String,
    pub kind: String,
    pub detail: String,
    pub shape: String,
    pub parameters: u64,
    pub depth: usize,
    pub leaves: Range<usize>,
    pub lock: Lock,
    /// Whether it holds others, and whether they are shown.
    pub children: Option<bool>,
    /// What its BatchNorm does under this plan.
    pub note: &'static str,
}

impl LayersView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let tree = match &state.tree {
            Tree::None => TreeView::None,
            Tree::Loading => TreeView::Loading,
            Tree::Failed(message) => TreeView::Failed(message.clone()),
            Tree::Ready(tree) => TreeView::Ready(tree.clone()),
        };
        let classes = match &state.scan {
            Scan::Done { dataset, .. } => dataset.classes.len(),
            _ => 2,
        };
        let phases = editor
            .experiment
            .phases
            .iter()
            .map(|phase| {
                let mut locks = PhaseLocks {
                    name: phase.name.clone(),
                    epochs: phase.epochs,
                    plan: layer_plan::describe(&phase.freeze),
                    frozen: Vec::new(),
                    totals: None,
                    problem: None,
                };
                if let TreeView::Ready(tree) = &tree {
                    match frozen_leaves(&phase.freeze, tree) {
                        Ok(frozen) => {
                            let head =
                                head::parameters(&editor.experiment.head, tree.features, classes);
                            locks.totals = Some(Totals::new(tree, &frozen, head));
                            locks.frozen = frozen;
                        }
                        Err(error) => locks.problem = Some(error.to_string()),
                    }
                }
                locks
            })
            .collect();
        Some(Self {
            editor,
            phases,
            tree,
        })
    }

    /// The lines to show: children of what is expanded, or everything that matches a search.
    pub fn rows(&self, phase: usize, expanded: &BTreeSet<String>, search: &str) -> Vec<LayerRow> {
        let TreeView::Ready(tree) = &self.tree else {
            return Vec::new();
        };
        let Some(locks) = self.phases.get(phase) else {
            return Vec::new();
        };
        let search = search.trim().to_lowercase();
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
                parameters: node.parameters,
                depth: if search.is_empty() { flat.depth } else { 0 },
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
        let backbone = &self.editor.experiment.backbone;
        match (lock, backbone.frozen_norm, backbone.trained_norm) {
            (Lock::Frozen, NormPolicy::Inference, _) => "running statistics",
            (Lock::Frozen, NormPolicy::AdaptStatistics, _) => "adapts statistics",
            (Lock::Frozen, NormPolicy::Train, _) => "learns though frozen",
            (_, _, TrainedNorm::Train) => "batch statistics",
            (_, _, TrainedNorm::Inference) => "running statistics",
        }
    }
}
