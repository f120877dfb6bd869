//! Whole plans to choose from, and what a lock looks like and does.

use eframe::egui;

use super::LayersLocal;

use crate::app::ui::editor::Draft;
use crate::app::ui::layer_plan::{self, Lock, PhaseLocks};
use crate::app::ui::number_field::NumberField;
use crate::app::ui::tokens::{Tokens, icon, tokens};
use crate::app::ui::widgets;
use crate::experiment::FreezePlan;
use crate::models::tree::LayerTree;

const LAST_LAYERS: &str = "This many of the backbone's last layers are trained, all before them are frozen; counted as Keras does, activations and pooling included";

pub(super) fn plans_ui(
    ui: &mut egui::Ui,
    local: &LayersLocal,
    locks: &PhaseLocks,
    draft: &mut Draft<'_>,
) {
    let colors = tokens(ui);
    let plan = draft.experiment.phases[local.phase].freeze.clone();
    let leaves = locks.frozen.len();
    let mut new = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(colors.muted("Freeze"));
        let whole = ui.selectable_label(plan == FreezePlan::Backbone, "Whole backbone");
        if whole
            .on_hover_text("Feature extraction: only the head is trained")
            .clicked()
        {
            new = Some((FreezePlan::Backbone, ""));
        }
        let nothing = ui.selectable_label(plan == FreezePlan::Nothing, "Nothing");
        if nothing.on_hover_text("Every layer is trained").clicked() {
            new = Some((FreezePlan::Nothing, ""));
        }
        let counts = matches!(plan, FreezePlan::AllButLast(_));
        let last = ui.selectable_label(counts, "All but the last");
        if last.on_hover_text(LAST_LAYERS).clicked() && !counts && leaves > 0 {
            let free = locks.free_at_end;
            let number = if free == 0 || free == leaves {
                20.min(leaves)
            } else {
                free
            };
            new = Some((FreezePlan::AllButLast(number), ""));
        }
        if matches!(plan, FreezePlan::Below(_) | FreezePlan::Custom(_)) {
            let text = match &plan {
                FreezePlan::Below(path) => format!("Before {path}"),
                _ => "Custom".into(),
            };
            let _ = ui
                .selectable_label(true, text)
                .on_hover_text(layer_plan::describe(&plan));
        }
    });
    if leaves > 0 {
        ui.horizontal(|ui| {
            let label = if ui.available_width() >= 340.0 {
                "Trainable last layers"
            } else {
                "Last"
            };
            ui.label(colors.muted(label)).on_hover_text(LAST_LAYERS);
            let mut number = locks.free_at_end;
            let room = ui.available_width() - 96.0;
            ui.spacing_mut().slider_width = room.clamp(60.0, 420.0);
            let name = "Trainable layers";
            let slider = widgets::rail(ui, egui::Slider::new(&mut number, 0..=leaves))
                .accessible_name(name)
                .on_hover_text(LAST_LAYERS);
            let unit = format!(" of {leaves}");
            let field = NumberField::new(name, &mut number, 0..=leaves)
                .beside(&slider)
                .unit(&unit)
                .tooltip(LAST_LAYERS);
            if ui.add(field).changed() || slider.changed() {
                new = Some((FreezePlan::AllButLast(number), "last layers"));
            }
        });
    }
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

/// Freezes everything before the layer at `path`; it and what follows learns. `is_first`: nothing
/// stands before it.
pub(super) fn train_from(draft: &mut Draft<'_>, phase: usize, path: &str, is_first: bool) {
    let plan = &mut draft.experiment.phases[phase].freeze;
    *plan = if is_first {
        FreezePlan::Nothing
    } else {
        FreezePlan::Below(path.to_owned())
    };
    draft.touched(true, "");
}
