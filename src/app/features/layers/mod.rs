//! Middle: what of the backbone stays frozen, layer by layer; left side: one line per phase.

mod approach;
mod cache;
mod columns;
mod plans;
mod rates;
mod row;
mod stages;
mod tree;
mod view;

use std::collections::BTreeSet;

use eframe::egui::{self, Sense};

use crate::app::core::command::Command;
use crate::app::core::state::Tree;
use crate::app::core::view_id::ViewId;
use crate::app::ui::layer_plan::{LayerPlans, PhaseLocks, TreeView};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, View, ViewContext, ViewInfo, no_experiment_ui};
use crate::app::ui::widgets;
use crate::experiment::FreezePlan;
use crate::format;
use crate::format::bytes;
use crate::models::freeze::Totals;
use crate::models::tree::LayerTree;
use crate::report::FigureKind;
use crate::training::estimate::Estimate;

pub use approach::Approach;
use approach::approach_ui;
pub use cache::LayersCache;
use cache::RowsCache;
use plans::plans_ui;
use stages::stages_ui;
use tree::{open_to, search_ui, tree_ui};
pub use view::{LayerRow, LayersView};

/// The freeze plan, layer by layer.
pub struct LayersTab;

impl View for LayersTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::LAYERS,
            title: "Layers",
            icon: icon::TREE_STRUCTURE,
            action: "Show layers",
            tooltip: "The backbone layer by layer, and which layers are frozen",
            figure: Some(FigureKind::Freeze),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let Some(plans) = context.layer_plans() else {
            no_experiment_ui(ui, out);
            return;
        };
        let document = plans.editor.document;
        let cache = context.panels.of_window::<LayersCache>();
        let view = cache.view(context.state, plans);
        let local = context.panels.of_document(document);
        ui.push_id(document, |ui| layers_ui(ui, &view, local, out));
    }

    fn unfold(&self, context: &mut ViewContext<'_>) {
        if let (Some(document), Tree::Ready(tree)) =
            (context.state.active_document(), &context.state.tree)
        {
            let local: &mut LayersLocal = context.panels.of_document(document.id);
            local.expand_all(tree);
        }
    }
}

/// The freeze plan, phase by phase.
pub struct LayersSection;

impl Section for LayersSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Layers",
            icon: icon::TREE_STRUCTURE,
            tooltip: "Which layers of the backbone are frozen in each phase",
            fields: &[],
            starts_open: true,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        if let Some(plans) = context.layer_plans() {
            let local = context.panels.of_document(plans.editor.document);
            layers_summary_ui(ui, &plans, local, out);
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
    /// The lines as they were last made.
    pub rows: RowsCache,
}

impl LayersLocal {
    /// Opens every node.
    pub fn expand_all(&mut self, tree: &LayerTree) {
        self.expanded = open_to(tree, usize::MAX);
    }
}

/// Left side: one line per phase, and the way to the layers.
pub fn layers_summary_ui(
    ui: &mut egui::Ui,
    plans: &LayerPlans,
    local: &mut LayersLocal,
    out: &mut Vec<Command>,
) {
    let colors = tokens(ui);
    for (index, phase) in plans.phases.iter().enumerate() {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                let share = phase.totals.map_or(0.0, Totals::trainable_share);
                let (symbol, color) = if share > 0.5 {
                    (icon::LOCK_SIMPLE_OPEN, colors.trainable)
                } else {
                    (icon::LOCK_SIMPLE, colors.frozen)
                };
                ui.label(tokens::icon_text(symbol).color(color));
                let text = tokens::medium(format!("{}. {}", index + 1, phase.name));
                let link = ui.add(egui::Label::new(text).truncate().sense(Sense::click()));
                if link
                    .on_hover_text("Choose layer by layer what is trained in this phase")
                    .clicked()
                {
                    local.phase = index;
                    out.push(Command::ShowView(ViewId::LAYERS));
                }
            });
            ui.add(egui::Label::new(colors.muted(&phase.plan)).truncate());
            if let Some(totals) = phase.totals {
                learning_bar_ui(ui, totals);
                let text = format!(
                    "trainable {}, frozen {}, {}",
                    format::magnitude(totals.trainable),
                    format::magnitude(totals.frozen),
                    format::percent_of(totals.trainable, totals.all())
                );
                ui.label(colors.small(text));
            }
            widgets::problem(ui, phase.problem.as_deref());
        });
        ui.add_space(tokens::SPACE_S);
    }
    let button = ui.button(format!("{} Show layers", icon::TREE_STRUCTURE));
    if button
        .on_hover_text("Choose layer by layer what is trained, in the Layers view")
        .clicked()
    {
        out.push(Command::ShowView(ViewId::LAYERS));
    }
}

/// Middle: the tree of one phase with its locks.
pub fn layers_ui(
    ui: &mut egui::Ui,
    view: &LayersView,
    local: &mut LayersLocal,
    out: &mut Vec<Command>,
) {
    let plans = &*view.plans;
    let tree = match &plans.tree {
        TreeView::Ready(tree) => tree.clone(),
        TreeView::None | TreeView::Loading => {
            widgets::empty_state(
                ui,
                icon::TREE_STRUCTURE,
                "Building the backbone",
                "Its layers appear here in a moment.",
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
    local.phase = local.phase.min(plans.phases.len().saturating_sub(1));
    // The switch replaces the phases, which the rest of this frame still shows: an edit of its own.
    let mut switched = plans.editor.draft();
    let chosen = approach_ui(ui, view.approach, &mut switched);
    switched.finish(out);
    phases_ui(ui, plans, local);
    let Some(locks) = plans.phases.get(local.phase) else {
        return;
    };
    let mut draft = plans.editor.draft();
    totals_ui(ui, locks);
    plans_ui(ui, local, locks, &mut draft);
    if let Some(problem) = &locks.problem {
        widgets::problem(ui, Some(problem));
        if ui
            .button("Freeze the whole backbone")
            .on_hover_text("Replace the freeze plan that does not fit this backbone")
            .clicked()
        {
            draft.experiment.phases[local.phase].freeze = FreezePlan::Backbone;
            draft.touched(true, "");
        }
    } else {
        stages_ui(ui, view, &tree, local.phase, locks, &mut draft);
        search_ui(ui, &tree, local);
        tree_ui(ui, view, &tree, local, locks, &mut draft);
    }
    draft.finish(out);
    if let Some(phase) = chosen {
        local.phase = phase;
        local.anchor = None;
    }
}

/// The phases, one of which is shown.
fn phases_ui(ui: &mut egui::Ui, plans: &LayerPlans, local: &mut LayersLocal) {
    ui.horizontal_wrapped(|ui| {
        for (index, phase) in plans.phases.iter().enumerate() {
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
}

fn learning_bar_ui(ui: &mut egui::Ui, totals: Totals) -> egui::Response {
    let share = totals.trainable_share() as f32;
    let color = tokens(ui).trainable;
    widgets::bar(ui, share, color, "Share of trainable parameters")
}

/// What learns and what it will need.
fn totals_ui(ui: &mut egui::Ui, locks: &PhaseLocks) {
    let (Some(totals), Some(estimate)) = (locks.totals, locks.estimate) else {
        return;
    };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_L;
        widgets::figure(ui, &format::magnitude(totals.trainable), "trainable parameters");
        widgets::figure(ui, &format::magnitude(totals.frozen), "frozen parameters");
        widgets::figure(
            ui,
            &format::percent_of(totals.trainable, totals.all()),
            "trainable",
        );
        let memory = format!("≈ {}", bytes(estimate.memory()));
        widgets::figure(ui, &memory, "memory, estimated").on_hover_text(memory_text(&estimate));
        let cost = cost_text(estimate.epoch_cost);
        widgets::figure(ui, &cost, "of an epoch of full fine-tuning").on_hover_text(format!(
            "Computing time of an epoch, compared with an epoch in which every layer is trained: {cost}, estimated from the \
             layers' multiply-adds. {}",
            if estimate.keeps_features {
                "The frozen first layers are computed once and take no time after the first epoch"
            } else {
                "Every epoch computes all layers"
            }
        ));
    });
    learning_bar_ui(ui, totals).on_hover_text(format!(
        "{} trainable parameters, including the head; {} frozen",
        format::thousands(totals.trainable),
        format::thousands(totals.frozen)
    ));
    ui.add_space(tokens::SPACE_XS);
}

/// What an epoch costs: `0.1 %` where a whole number would say nothing.
fn cost_text(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 0.1 => "< 0.1 %".into(),
        percent if percent < 10.0 => format!("≈ {percent:.1} %"),
        percent => format!("≈ {percent:.0} %"),
    }
}

fn memory_text(estimate: &Estimate) -> String {
    let parts = estimate.parts();
    let lines: Vec<String> = parts
        .iter()
        .map(|(name, size)| format!("{name}: {}", bytes(*size)))
        .collect();
    format!("Estimated from the layers' sizes\n{}", lines.join("\n"))
}
