//! Whole plans to choose from, and what a lock looks like and does.

use eframe::egui;

use super::LayersLocal;
use super::view::PhaseLocks;
use crate::app::panels::editor::Draft;
use crate::app::panels::layer_plan::{self, Lock};
use crate::app::panels::widgets;
use crate::app::tokens::{Tokens, icon, tokens};
use crate::experiment::FreezePlan;
use crate::models::tree::LayerTree;

pub(super) fn plans_ui(
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
pub(super) fn lock_colors(colors: &Tokens, lock: Lock) -> (egui::Color32, egui::Color32) {
    match lock {
        Lock::Frozen => (colors.frozen, colors.frozen_faint),
        Lock::Trainable => (colors.trainable, colors.trainable_faint),
        Lock::Mixed => (colors.text_muted, colors.raised),
    }
}

pub(super) fn lock_icon(lock: Lock) -> &'static str {
    match lock {
        Lock::Frozen => icon::LOCK_SIMPLE,
        Lock::Trainable => icon::LOCK_SIMPLE_OPEN,
        Lock::Mixed => icon::CIRCLE_HALF,
    }
}

/// Sets `leaves` of a phase and says the plan as simply as possible.
pub(super) fn set_leaves(
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
