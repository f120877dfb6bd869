//! The tree's lines: search, folding, and what a click on a line does.

use eframe::egui::{self, vec2};

use super::LayersLocal;
use super::plans::set_leaves;
use super::row::{RowAction, header_ui, row_ui};
use super::view::{LayersView, PhaseLocks};
use crate::app::panels::editor::Draft;
use crate::app::panels::layer_plan::{self, Lock};
use crate::app::panels::widgets;
use crate::app::tokens::{self, icon};
use crate::experiment::FreezePlan;
use crate::models::tree::LayerTree;

pub(super) fn search_ui(ui: &mut egui::Ui, tree: &LayerTree, local: &mut LayersLocal) {
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

pub(super) fn tree_ui(
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
