//! Middle: what of the backbone stays frozen, layer by layer; left side: one line per phase.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{self, Align2, Sense, vec2};

use super::editor::{Draft, EditorView};
use super::layer_plan::{self, Lock, Totals};
use super::{format, head, widgets};
use crate::app::command::{Command, View};
use crate::app::state::{Scan, State, Tree};
use crate::app::tokens::{self, Tokens, icon, tokens};
use crate::experiment::{FreezePlan, NormPolicy, TrainedNorm};
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

/// What the layer view remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct LayersLocal {
    pub phase: usize,
    pub search: String,
    pub expanded: BTreeSet<String>,
    /// The path last clicked: where a shift-click's range begins.
    anchor: Option<String>,
    /// The backbone that `expanded` is about.
    backbone: String,
}

/// Left side: one line per phase, and the way to the layers.
pub fn layers_summary_ui(
    ui: &mut egui::Ui,
    view: &LayersView,
    local: &mut LayersLocal,
    out: &mut Vec<Command>,
) {
    let colors = tokens(ui);
    for (index, phase) in view.phases.iter().enumerate() {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                let share = phase.totals.map_or(0.0, |totals| {
                    totals.trainable as f32 / totals.all().max(1) as f32
                });
                let (symbol, color) = if share > 0.5 {
                    (icon::LOCK_SIMPLE_OPEN, colors.trainable)
                } else {
                    (icon::LOCK_SIMPLE, colors.frozen)
                };
                ui.label(tokens::icon_text(symbol).color(color));
                let text = tokens::medium(format!("{}. {}", index + 1, phase.name));
                let link = ui.add(egui::Label::new(text).truncate().sense(Sense::click()));
                if link
                    .on_hover_text("Choose layer by layer what learns in this phase")
                    .clicked()
                {
                    local.phase = index;
                    out.push(Command::ShowView(View::Layers));
                }
            });
            ui.add(egui::Label::new(colors.muted(&phase.plan)).truncate());
            if let Some(totals) = phase.totals {
                let share = totals.trainable as f32 / totals.all().max(1) as f32;
                widgets::bar(
                    ui,
                    share,
                    colors.trainable,
                    "Share of parameters that learn",
                );
                ui.label(colors.small(totals.text()));
            }
            widgets::problem(ui, phase.problem.as_deref());
        });
        ui.add_space(tokens::SPACE_S);
    }
    let button = ui.button(format!("{} Layers…", icon::TREE_STRUCTURE));
    if button
        .on_hover_text("Choose layer by layer what learns")
        .clicked()
    {
        out.push(Command::ShowView(View::Layers));
    }
}

/// Middle: the tree of one phase with its locks.
pub fn layers_ui(
    ui: &mut egui::Ui,
    view: &LayersView,
    local: &mut LayersLocal,
    out: &mut Vec<Command>,
) {
    let tree = match &view.tree {
        TreeView::Ready(tree) => tree.clone(),
        TreeView::None | TreeView::Loading => {
            widgets::empty_state(
                ui,
                icon::TREE_STRUCTURE,
                "Laying out the layers",
                "The backbone is being built to see what it is made of.",
                |ui| {
                    ui.spinner();
                },
            );
            return;
        }
        TreeView::Failed(message) => {
            widgets::empty_state(
                ui,
                icon::WARNING_CIRCLE,
                "The layers can't be shown",
                message,
                |_| {},
            );
            return;
        }
    };
    if local.backbone != tree.backbone {
        local.backbone.clone_from(&tree.backbone);
        local.expanded.clear();
        local.anchor = None;
    }
    local.phase = local.phase.min(view.phases.len().saturating_sub(1));
    let Some(locks) = view.phases.get(local.phase) else {
        return;
    };
    let mut draft = view.editor.draft();
    head_ui(ui, view, local, locks);
    plans_ui(ui, local, locks, &tree, &mut draft);
    if let Some(problem) = &locks.problem {
        widgets::problem(ui, Some(problem));
        if ui
            .button("Freeze the whole backbone")
            .on_hover_text("Replace the plan that does not fit")
            .clicked()
        {
            draft.experiment.phases[local.phase].freeze = FreezePlan::Backbone;
            draft.touched(true, "");
        }
    } else {
        stages_ui(ui, &tree, local.phase, locks, &mut draft);
        search_ui(ui, &tree, local);
        tree_ui(ui, view, &tree, local, locks, &mut draft);
    }
    draft.finish(out);
}

fn head_ui(ui: &mut egui::Ui, view: &LayersView, local: &mut LayersLocal, locks: &PhaseLocks) {
    let colors = tokens(ui);
    ui.horizontal_wrapped(|ui| {
        for (index, phase) in view.phases.iter().enumerate() {
            let text = format!("{}. {}", index + 1, phase.name);
            let tooltip = format!(
                "{}: {}",
                format::plural(phase.epochs.into(), "epoch", "epochs"),
                phase.plan
            );
            if ui
                .selectable_label(local.phase == index, text)
                .on_hover_text(tooltip)
                .clicked()
            {
                local.phase = index;
                local.anchor = None;
            }
        }
    });
    let Some(totals) = locks.totals else { return };
    ui.add_space(tokens::SPACE_XS);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_XL;
        widgets::figure(ui, &format::compact(totals.trainable), "parameters learn");
        widgets::figure(ui, &format::compact(totals.frozen), "stay frozen");
        widgets::figure(
            ui,
            &format::percent_of(totals.trainable, totals.all()),
            "learn",
        );
    });
    let share = totals.trainable as f32 / totals.all().max(1) as f32;
    widgets::bar(
        ui,
        share,
        colors.trainable,
        "Share of parameters that learn",
    )
    .on_hover_text(format!(
        "{} parameters learn, the head included; {} stay as they are",
        format::count(totals.trainable),
        format::count(totals.frozen)
    ));
    ui.add_space(tokens::SPACE_XS);
}

fn plans_ui(
    ui: &mut egui::Ui,
    local: &LayersLocal,
    locks: &PhaseLocks,
    tree: &LayerTree,
    draft: &mut Draft<'_>,
) {
    let colors = tokens(ui);
    let plan = draft.experiment.phases[local.phase].freeze.clone();
    let mut new = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(colors.muted("Freeze"));
        let whole = ui.selectable_label(plan == FreezePlan::Backbone, "Whole backbone");
        if whole.on_hover_text("Feature extraction: only the head learns").clicked() {
            new = Some((FreezePlan::Backbone, ""));
        }
        let nothing = ui.selectable_label(plan == FreezePlan::Nothing, "Nothing");
        if nothing.on_hover_text("Every layer learns").clicked() {
            new = Some((FreezePlan::Nothing, ""));
        }
        let last = ui.selectable_label(matches!(plan, FreezePlan::AllButLast(_)), "All but the last");
        let leaves = tree.leaves().len();
        let tooltip = "The last layers of the backbone learn, counted as Keras does: activations and pooling included";
        if last.on_hover_text(tooltip).clicked() && !matches!(plan, FreezePlan::AllButLast(_)) {
            let free = locks.frozen.iter().rev().take_while(|frozen| !**frozen).count();
            let number = if free == 0 || free == leaves { 20.min(leaves) } else { free };
            new = Some((FreezePlan::AllButLast(number), ""));
        }
        if let FreezePlan::AllButLast(number) = &plan {
            let mut number = *number;
            ui.spacing_mut().slider_width = (ui.available_width() - 110.0).clamp(80.0, 260.0);
            let slider = egui::Slider::new(&mut number, 0..=leaves).suffix(" layers");
            let response = ui.add(slider).accessible_name("Layers that learn").on_hover_text(tooltip);
            if response.changed() {
                new = Some((FreezePlan::AllButLast(number), "last layers"));
            }
        } else if matches!(plan, FreezePlan::Below(_) | FreezePlan::Custom(_)) {
            let text = match &plan {
                FreezePlan::Below(path) => format!("Below {path}"),
                _ => "By name".into(),
            };
            let _ = ui.selectable_label(true, text).on_hover_text(layer_plan::describe(&plan));
        }
    });
    if let Some((plan, merge)) = new {
        draft.experiment.phases[local.phase].freeze = plan;
        draft.touched_at(!merge.is_empty(), merge, local.phase);
    }
    widgets::problem(
        ui,
        draft.problem(&format!("phases[{}].freeze", local.phase)),
    );
}

/// Colours of a lock: its icon and edge, and what it is filled with.
fn lock_colors(colors: &Tokens, lock: Lock) -> (egui::Color32, egui::Color32) {
    match lock {
        Lock::Frozen => (colors.frozen, colors.frozen_faint),
        Lock::Trainable => (colors.trainable, colors.trainable_faint),
        Lock::Mixed => (colors.text_muted, colors.raised),
    }
}

fn lock_icon(lock: Lock) -> &'static str {
    match lock {
        Lock::Frozen => icon::LOCK_SIMPLE,
        Lock::Trainable => icon::LOCK_SIMPLE_OPEN,
        Lock::Mixed => icon::CIRCLE_HALF,
    }
}

/// Sets `leaves` of a phase and says the plan as simply as possible.
fn set_leaves(
    draft: &mut Draft<'_>,
    phase: usize,
    locks: &PhaseLocks,
    tree: &LayerTree,
    leaves: &[usize],
    frozen: bool,
) {
    let mut flags = locks.frozen.clone();
    for &leaf in leaves {
        if let Some(flag) = flags.get_mut(leaf) {
            *flag = frozen;
        }
    }
    let plan = &mut draft.experiment.phases[phase].freeze;
    *plan = layer_plan::simplest(&flags, &layer_plan::flatten(tree), plan);
    draft.touched(true, "");
}

/// The stage diagram: the picture at the left, the head at the right.
fn stages_ui(
    ui: &mut egui::Ui,
    tree: &LayerTree,
    phase: usize,
    locks: &PhaseLocks,
    draft: &mut Draft<'_>,
) {
    ui.add_space(tokens::SPACE_XS);
    let boxes = tree.stages.len() + 2;
    let gap = 14.0;
    let width =
        ((ui.available_width() - gap * (boxes - 1) as f32) / boxes as f32).clamp(92.0, 130.0);
    let height = 58.0;
    let nodes = layer_plan::flatten(tree);
    egui::ScrollArea::horizontal()
        .id_salt("stages")
        .auto_shrink([false, true])
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let input = format!("3 × {0} × {0}", tree.input_size);
                stage_box(ui, vec2(width, height), "Picture", &input, "", None);
                for stage in &tree.stages {
                    let leaves: Vec<usize> = nodes
                        .iter()
                        .filter(|node| stage.paths.contains(&node.node.path))
                        .flat_map(|node| node.leaves.clone())
                        .collect();
                    let flags: Vec<bool> = leaves
                        .iter()
                        .filter_map(|&leaf| locks.frozen.get(leaf).copied())
                        .collect();
                    let lock = Lock::of(&flags, 0..flags.len());
                    arrow(ui, gap, height);
                    let shape = format::shape(&stage.output_shape);
                    let parameters = format::compact(stage.parameters);
                    let response = stage_box(
                        ui,
                        vec2(width, height),
                        &stage.title,
                        &shape,
                        &parameters,
                        Some(lock),
                    );
                    let text = format!(
                        "{}: {}, {} parameters, output {shape}\nClick to {} it",
                        stage.title,
                        lock.title(),
                        format::count(stage.parameters),
                        if lock == Lock::Frozen {
                            "free"
                        } else {
                            "freeze"
                        },
                    );
                    if response.on_hover_text(text).clicked() {
                        set_leaves(draft, phase, locks, tree, &leaves, lock != Lock::Frozen);
                    }
                }
                arrow(ui, gap, height);
                let features = format!("{} features", format::count(tree.features.unsigned_abs()));
                stage_box(
                    ui,
                    vec2(width, height),
                    "Head",
                    &features,
                    "always learns",
                    None,
                )
                .on_hover_text("The new layers on top; they learn in every phase");
            });
        });
    ui.add_space(tokens::SPACE_S);
}

fn arrow(ui: &mut egui::Ui, width: f32, height: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let color = tokens(ui).text_faint;
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        icon::CARET_RIGHT,
        font,
        color,
    );
}

fn stage_box(
    ui: &mut egui::Ui,
    size: egui::Vec2,
    title: &str,
    second: &str,
    third: &str,
    lock: Option<Lock>,
) -> egui::Response {
    let colors = tokens(ui);
    let sense = if lock.is_some() {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let (edge, fill) = match lock {
        Some(lock) => lock_colors(colors, lock),
        None if title == "Head" => lock_colors(colors, Lock::Trainable),
        None => (colors.outline_strong, colors.faint),
    };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, tokens::RADIUS_M, fill);
    let width = if response.hovered() && lock.is_some() || response.has_focus() {
        2.0
    } else {
        1.0
    };
    let stroke = egui::Stroke::new(width, edge);
    painter.rect_stroke(rect, tokens::RADIUS_M, stroke, egui::StrokeKind::Inside);
    let inner = rect.shrink2(vec2(7.0, 6.0));
    painter.text(
        inner.left_top(),
        Align2::LEFT_TOP,
        title,
        tokens::medium_font(tokens::TEXT_SMALL + 1.0),
        colors.text,
    );
    let small = egui::FontId::proportional(tokens::TEXT_SMALL - 1.0);
    painter.text(
        inner.left_center() + vec2(0.0, 3.0),
        Align2::LEFT_CENTER,
        second,
        small.clone(),
        colors.text_muted,
    );
    painter.text(
        inner.left_bottom(),
        Align2::LEFT_BOTTOM,
        third,
        small,
        colors.text_faint,
    );
    if let Some(lock) = lock {
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        painter.text(
            inner.right_top(),
            Align2::RIGHT_TOP,
            lock_icon(lock),
            font,
            edge,
        );
        let name = format!("Stage {title}");
        response.widget_info(|| {
            egui::WidgetInfo::selected(
                egui::accesskit::Role::CheckBox,
                true,
                lock == Lock::Frozen,
                &name,
            )
        });
    }
    response
}

fn search_ui(ui: &mut egui::Ui, tree: &LayerTree, local: &mut LayersLocal) {
    ui.horizontal(|ui| {
        let field = egui::TextEdit::singleline(&mut local.search)
            .hint_text(format!("{} Search layers", icon::MAGNIFYING_GLASS))
            .align(egui::Align2::LEFT_CENTER)
            .min_size(vec2(0.0, ui.spacing().interact_size.y))
            .desired_width((ui.available_width() - 96.0).clamp(80.0, 260.0));
        ui.add(field)
            .accessible_name("Search layers")
            .on_hover_text("Show only layers whose path or kind holds this");
        let expand = widgets::icon_button(
            ui,
            icon::ARROWS_VERTICAL,
            "Expand all layers",
            "Show every layer",
        );
        if expand.clicked() {
            local.expanded = layer_plan::flatten(tree)
                .iter()
                .map(|node| node.node.path.clone())
                .collect();
        }
        let collapse = widgets::icon_button(
            ui,
            icon::ROWS,
            "Collapse all layers",
            "Show only the outermost layers",
        );
        if collapse.clicked() {
            local.expanded.clear();
        }
    });
    ui.add_space(tokens::SPACE_XS);
}

/// Where the columns of the tree stand, from the left edge of a row.
struct Columns {
    kind: f32,
    detail: Option<f32>,
    shape: Option<f32>,
    /// The right edge of the numbers.
    parameters: f32,
    note: Option<f32>,
}

impl Columns {
    fn new(width: f32) -> Self {
        match width {
            720.0.. => Self {
                kind: width * 0.28,
                detail: Some(width * 0.41),
                shape: Some(width * 0.61),
                parameters: width * 0.83,
                note: Some(width * 0.845),
            },
            480.0.. => Self {
                kind: width * 0.38,
                detail: None,
                shape: Some(width * 0.60),
                parameters: width - 8.0,
                note: None,
            },
            _ => Self {
                kind: width * 0.5,
                detail: None,
                shape: None,
                parameters: width - 8.0,
                note: None,
            },
        }
    }
}

fn tree_ui(
    ui: &mut egui::Ui,
    view: &LayersView,
    tree: &LayerTree,
    local: &mut LayersLocal,
    locks: &PhaseLocks,
    draft: &mut Draft<'_>,
) {
    let rows = view.rows(local.phase, &local.expanded, &local.search);
    if rows.is_empty() {
        widgets::note(ui, "No layer matches the search.");
        return;
    }
    header_ui(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let phase = local.phase;
    let mut clicked = None;
    egui::ScrollArea::vertical()
        .id_salt("layer tree")
        .auto_shrink(false)
        .show_rows(ui, tokens::ROW_HEIGHT, rows.len(), |ui, visible| {
            for index in visible {
                if let Some(action) = row_ui(ui, &rows[index], index) {
                    clicked = Some((index, action));
                }
            }
        });
    let Some((index, action)) = clicked else {
        return;
    };
    let row = &rows[index];
    match action {
        RowAction::Fold => {
            if !local.expanded.remove(&row.path) {
                local.expanded.insert(row.path.clone());
            }
        }
        RowAction::Toggle => {
            local.anchor = Some(row.path.clone());
            let leaves: Vec<usize> = row.leaves.clone().collect();
            set_leaves(draft, phase, locks, tree, &leaves, row.lock != Lock::Frozen);
        }
        RowAction::Range => {
            let anchor = local
                .anchor
                .as_ref()
                .and_then(|path| rows.iter().position(|row| row.path == *path));
            let anchor = anchor.unwrap_or(index);
            // The range takes the state that the first click gave.
            let frozen = if anchor == index {
                row.lock != Lock::Frozen
            } else {
                rows[anchor].lock == Lock::Frozen
            };
            let range = anchor.min(index)..=anchor.max(index);
            let leaves: Vec<usize> = rows[range]
                .iter()
                // An open container between the ends stands for its name only: its rows speak for themselves.
                .filter(|row| row.children != Some(true))
                .flat_map(|row| row.leaves.clone())
                .collect();
            set_leaves(draft, phase, locks, tree, &leaves, frozen);
        }
        RowAction::Below => {
            let plan = &mut draft.experiment.phases[phase].freeze;
            *plan = if row.leaves.start == 0 {
                FreezePlan::Nothing
            } else {
                FreezePlan::Below(row.path.clone())
            };
            draft.touched(true, "");
        }
    }
}

fn header_ui(ui: &mut egui::Ui) {
    let colors = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let columns = Columns::new(rect.width());
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let put = |x: f32, align: Align2, text: &str| {
        let place = egui::pos2(rect.left() + x, rect.center().y);
        ui.painter()
            .text(place, align, text, font.clone(), colors.text_faint);
    };
    put(30.0, Align2::LEFT_CENTER, "Layer");
    put(columns.kind, Align2::LEFT_CENTER, "Kind");
    if let Some(x) = columns.detail {
        put(x, Align2::LEFT_CENTER, "Detail");
    }
    if let Some(x) = columns.shape {
        put(x, Align2::LEFT_CENTER, "Output");
    }
    put(columns.parameters, Align2::RIGHT_CENTER, "Parameters");
    if let Some(x) = columns.note {
        put(x, Align2::LEFT_CENTER, "BatchNorm");
    }
    ui.painter()
        .hline(rect.x_range(), rect.bottom(), colors.outline_stroke());
}

enum RowAction {
    Toggle,
    /// From the row clicked before to this one.
    Range,
    Fold,
    /// Everything before this row is frozen; it and what follows learns.
    Below,
}

fn row_ui(ui: &mut egui::Ui, row: &LayerRow, index: usize) -> Option<RowAction> {
    let colors = tokens(ui);
    let mut action = None;
    let (rect, background) = ui.allocate_exact_size(
        vec2(ui.available_width(), tokens::ROW_HEIGHT),
        Sense::click(),
    );
    if background.hovered() || index % 2 == 1 {
        let fill = if background.hovered() {
            colors.raised
        } else {
            colors.faint
        };
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    let columns = Columns::new(rect.width());
    let indent = 14.0 * row.depth as f32;

    // The lock, in a column of its own, so that it can be clicked all the way down.
    let lock_rect = egui::Rect::from_center_size(
        egui::pos2(rect.left() + 13.0, rect.center().y),
        vec2(22.0, 22.0),
    );
    let lock = ui.interact(
        lock_rect,
        ui.scope_id().with(("lock", &row.path)),
        Sense::click(),
    );
    let (color, _) = lock_colors(colors, row.lock);
    if lock.hovered() || lock.has_focus() {
        ui.painter()
            .rect_filled(lock_rect, tokens::RADIUS_S, colors.raised_hover);
    }
    let font = egui::FontId::proportional(tokens::ICON_SIZE - 1.0);
    ui.painter().text(
        lock_rect.center(),
        Align2::CENTER_CENTER,
        lock_icon(row.lock),
        font,
        color,
    );
    let name = format!("{} {}", row.path, row.lock.title());
    lock.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::accesskit::Role::CheckBox,
            true,
            row.lock == Lock::Frozen,
            &name,
        )
    });
    let verb = if row.lock == Lock::Frozen {
        "free it"
    } else {
        "freeze it"
    };
    let text = format!(
        "{} is {}. Click to {verb}; shift-click for every layer since the last click",
        row.path,
        row.lock.title()
    );
    if lock.on_hover_text(text).clicked() {
        let range = ui.input(|input| input.modifiers.shift);
        action = Some(if range {
            RowAction::Range
        } else {
            RowAction::Toggle
        });
    }

    let mut left = rect.left() + 30.0 + indent;
    if let Some(open) = row.children {
        let fold_rect = egui::Rect::from_min_size(
            egui::pos2(left - 2.0, rect.top()),
            vec2(16.0, rect.height()),
        );
        let fold = ui.interact(
            fold_rect,
            ui.scope_id().with(("fold", &row.path)),
            Sense::click(),
        );
        let symbol = if open {
            icon::CARET_DOWN
        } else {
            icon::CARET_RIGHT
        };
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        let color = if fold.hovered() || fold.has_focus() {
            colors.text
        } else {
            colors.text_muted
        };
        ui.painter().text(
            fold_rect.center(),
            Align2::CENTER_CENTER,
            symbol,
            font,
            color,
        );
        let name = format!("{} {}", if open { "Collapse" } else { "Expand" }, row.path);
        fold.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
        if fold.clicked() || background.clicked() {
            action = Some(RowAction::Fold);
        }
    }
    left += 16.0;

    let cell = |from: f32, to: f32, text: &str, font: egui::FontId, color: egui::Color32| {
        let cell =
            egui::Rect::from_min_max(egui::pos2(from, rect.top()), egui::pos2(to, rect.bottom()));
        widgets::elided(ui, cell, text, font, color);
    };
    let body = egui::FontId::proportional(tokens::TEXT_BODY);
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let at = |x: f32| rect.left() + x;
    let kind_end = columns
        .detail
        .or(columns.shape)
        .unwrap_or(columns.parameters - 60.0);
    let name_font = if row.children.is_some() {
        tokens::medium_font(tokens::TEXT_BODY)
    } else {
        body.clone()
    };
    cell(
        left,
        at(columns.kind) - 6.0,
        &row.name,
        name_font,
        colors.text,
    );
    cell(
        at(columns.kind),
        at(kind_end) - 6.0,
        &row.kind,
        small.clone(),
        colors.text_muted,
    );
    if let Some(x) = columns.detail {
        cell(
            at(x),
            at(columns.shape.unwrap_or(x)) - 6.0,
            &row.detail,
            small.clone(),
            colors.text_muted,
        );
    }
    if let Some(x) = columns.shape {
        cell(
            at(x),
            at(columns.parameters) - 70.0,
            &row.shape,
            small.clone(),
            colors.text_muted,
        );
    }
    let parameters = if row.parameters == 0 {
        "–".into()
    } else {
        format::count(row.parameters)
    };
    let place = egui::pos2(at(columns.parameters), rect.center().y);
    let color = if row.parameters == 0 {
        colors.text_faint
    } else {
        colors.text
    };
    ui.painter().text(
        place,
        Align2::RIGHT_CENTER,
        parameters,
        small.clone(),
        color,
    );
    if let Some(x) = columns.note {
        cell(at(x), rect.right(), row.note, small, colors.text_faint);
    }

    let text = format!(
        "{}\n{} {}\nOutput {}\n{} parameters{}{}",
        row.path,
        row.kind,
        row.detail,
        row.shape,
        format::count(row.parameters),
        if row.note.is_empty() { "" } else { "\n" },
        row.note
    );
    background.context_menu(|ui| {
        let below = ui.button(format!("{} Train from here up", icon::LOCK_SIMPLE_OPEN));
        if below
            .on_hover_text("Freeze everything before this layer; it and all that follows learns")
            .clicked()
        {
            action = Some(RowAction::Below);
        }
        if ui
            .button(format!(
                "{} {}",
                lock_icon(row.lock),
                if row.lock == Lock::Frozen {
                    "Free"
                } else {
                    "Freeze"
                }
            ))
            .clicked()
        {
            action = Some(RowAction::Toggle);
        }
    });
    background.on_hover_text(text);
    action
}
