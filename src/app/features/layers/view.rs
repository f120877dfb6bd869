//! The layer panels' plain data: every phase's plan laid over the tree, and the lines to show.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::approach::Approach;
use super::rates::Rate;
use crate::app::core::head_steps;
use crate::app::core::state::{RecordState, RunRecord, Scan, State, Tree};
use crate::app::ui::editor::EditorView;
use crate::app::ui::format;
use crate::app::ui::layer_plan::{self, FlatNode, Lock, PhaseLocks, Totals};
use crate::experiment::{NormPolicy, Phase, TrainedNorm};
use crate::models::freeze::frozen_leaves;
use crate::models::tree::LayerTree;
use crate::training::estimate::{Estimate, EstimateInput, PictureCounts};
use crate::training::movement::{self, Movement};
use crate::training::{is_mixed_here, rate_factors};

/// Plain data of the layer panels.
#[derive(Debug, Clone)]
pub struct LayersView {
    pub editor: EditorView,
    pub phases: Vec<PhaseLocks>,
    pub tree: TreeView,
    /// Which of the lesson's three pictures the experiment is.
    pub approach: Option<Approach>,
    /// The boxes of the stage diagram.
    pub stages: Vec<StageView>,
    /// How far the layers moved in the chosen run, if it trained this network to its end.
    pub moved: Option<Moved>,
    pictures: Pictures,
    /// No two views have the same: what is made from a view need not be made again for it.
    pub(super) stamp: u64,
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

/// How far a run moved the layers of the tree.
#[derive(Debug, Clone)]
pub struct Moved {
    pub run: String,
    source: Arc<Vec<Movement>>,
    /// For each leaf; nothing for those without weights.
    by_leaf: Vec<Option<Movement>>,
}

#[derive(Debug, Clone)]
pub enum TreeView {
    None,
    Loading,
    Failed(String),
    Ready(Arc<LayerTree>),
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
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        static STAMPS: AtomicU64 = AtomicU64::new(0);
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
        let moved = match &tree {
            TreeView::Ready(tree) => chosen_run(state, tree).map(|run| Moved::new(run, tree)),
            _ => None,
        };
        Some(Self {
            approach: Approach::of(&editor.experiment, &phases),
            editor,
            phases,
            tree,
            stages,
            moved,
            pictures,
            stamp: STAMPS.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// Whether building anew would give the same.
    pub(super) fn is_current(&self, state: &State) -> bool {
        let Some(document) = state.active_document() else {
            return false;
        };
        let same_tree = match (&self.tree, &state.tree) {
            (TreeView::Ready(mine), Tree::Ready(other)) => Arc::ptr_eq(mine, other),
            (TreeView::Failed(mine), Tree::Failed(other)) => mine == other,
            (TreeView::None, Tree::None) | (TreeView::Loading, Tree::Loading) => true,
            _ => false,
        };
        let same_run = || {
            let run = match &self.tree {
                TreeView::Ready(tree) => chosen_run(state, tree),
                _ => None,
            };
            match (&self.moved, run) {
                (Some(mine), Some(run)) => {
                    mine.run == run.name && Arc::ptr_eq(&mine.source, &run.movement)
                }
                (None, None) => true,
                _ => false,
            }
        };
        // A copy is equal to what it was copied from, and is another document.
        same_tree
            && self.editor.document == document.id
            && self.editor.experiment == document.experiment
            && self.editor.problems == document.problems
            && self.pictures == Pictures::of(&state.scan)
            && same_run()
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
        let Some(rates) = self
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
                            && self.editor.experiment.backbone.frozen_norm == NormPolicy::Train)
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

impl Pictures {
    fn of(scan: &Scan) -> Self {
        match scan {
            Scan::Done { dataset, split, .. } => Self {
                classes: dataset.classes.len(),
                split: Some(PictureCounts {
                    train: split.train.len(),
                    validation: split.validation.len(),
                    test: split.test.len(),
                    largest_pixels: dataset.largest_pixels(),
                }),
            },
            // Most often there are two, and the head's last layer is small anyway.
            _ => Self {
                classes: 2,
                split: None,
            },
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
            plan: layer_plan::describe(&phase.freeze),
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
        locks.totals = Some(Totals::new(tree, &frozen, head));
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

impl Moved {
    fn new(run: &RunRecord, tree: &LayerTree) -> Self {
        let by_path: std::collections::BTreeMap<&str, &Movement> = run
            .movement
            .iter()
            .map(|layer| (layer.path.as_str(), layer))
            .collect();
        Self {
            run: run.name.clone(),
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

fn stages(tree: &LayerTree) -> Vec<StageView> {
    let nodes = layer_plan::flatten(tree);
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

/// `512 × 7²` for what is as wide as it is high.
pub(super) fn short_shape(shape: &[i64]) -> String {
    match shape {
        [channels, height, width] if height == width => {
            format!("{} × {width}²", format::count(channels.unsigned_abs()))
        }
        _ => format::shape(shape),
    }
}
