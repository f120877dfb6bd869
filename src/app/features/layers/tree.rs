//! The tree's lines: search, folding, and what a click on a line does.

use eframe::egui::{self, vec2};

use super::LayersLocal;
use super::columns::{Columns, header_ui};
use super::plans::{set_leaves, train_from};
use super::rates;
use super::row::{RowAction, row_ui};
use super::view::LayersView;
use crate::app::ui::editor::Draft;
use crate::app::ui::layer_plan::{self, Lock, PhaseLocks};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::models::tree::LayerTree;

/// Search, and how deep the tree is open.
pub(super) fn search_ui(ui: &mut egui::Ui, tree: &LayerTree, local: &mut LayersLocal) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_XS;
        let field = egui::TextEdit::singleline(&mut local.search)
            .hint_text(format!("{} Search layers", icon::MAGNIFYING_GLASS))
            .align(egui::Align2::LEFT_CENTER)
            .min_size(vec2(0.0, ui.spacing().interact_size.y))
            .desired_width((ui.available_width() - 246.0).clamp(60.0, 260.0));
        ui.add(field)
            .accessible_name("Search layers")
            .on_hover_text("Show only layers whose name or kind contains this text");
        ui.label(tokens(ui).muted("Show levels")).on_hover_text(
            "How many levels of the tree are unfolded: blocks, the layers in them, and so on",
        );
        for depth in 1..=3_usize {
            let button = ui.add(egui::Button::new(depth.to_string()).frame_when_inactive(false));
            if button
                .accessible_name(format!("Expand to depth {depth}"))
                .on_hover_text(if depth == 1 {
                    "Show only the outermost layers".to_owned()
                } else {
                    format!("Open the tree to {depth} levels")
                })
                .clicked()
            {
                local.expanded = open_to(tree, depth);
            }
        }
        let all = ui.add(egui::Button::new("All").frame_when_inactive(false));
        if all
            .accessible_name("Expand all layers")
            .on_hover_text("Show every layer")
            .clicked()
        {
            local.expand_all(tree);
        }
    });
    ui.add_space(tokens::SPACE_XS);
}

/// The nodes to open so that `depth` levels show.
pub(super) fn open_to(tree: &LayerTree, depth: usize) -> std::collections::BTreeSet<String> {
    layer_plan::flatten(tree)
        .iter()
        .filter(|node| !node.node.children.is_empty() && node.depth + 1 < depth)
        .map(|node| node.node.path.clone())
        .collect()
}

/// The lines that can be seen, and what a click on one does.
pub(super) fn tree_ui(
    ui: &mut egui::Ui,
    view: &LayersView,
    tree: &LayerTree,
    local: &mut LayersLocal,
    locks: &PhaseLocks,
    draft: &mut Draft<'_>,
) {
    let rows = local
        .rows
        .rows(view, local.phase, &local.expanded, &local.search);
    if rows.is_empty() {
        widgets::note(ui, "No layer matches the search.");
        return;
    }
    let bar = ui.spacing().scroll.allocated_width();
    let columns = Columns::new(ui.available_width() - bar, view.moved.is_some());
    header_ui(ui, &columns, view.moved.as_ref());
    ui.spacing_mut().item_spacing.y = 0.0;
    let phase = local.phase;
    let mut clicked = None;
    egui::ScrollArea::vertical()
        .id_salt("layer tree")
        .auto_shrink(false)
        .show_rows(ui, tokens::ROW_HEIGHT, rows.len(), |ui, visible| {
            for index in visible {
                if let Some(action) = row_ui(ui, &rows[index], index, &columns) {
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
        RowAction::TrainFrom => train_from(draft, phase, &row.path, row.leaves.start == 0),
        RowAction::Rate(value) => {
            let nodes = layer_plan::flatten(tree);
            let index = nodes.iter().position(|node| node.node.path == row.path);
            draft.experiment.phases[phase].layer_rates =
                rates::with_rate(tree, &nodes, &locks.factors, &row.path, value);
            // One control for each phase and node: a drag is one step of undo.
            let control = phase * nodes.len() + index.unwrap_or_default();
            draft.touched_at(true, "layer rate", control);
        }
    }
}
