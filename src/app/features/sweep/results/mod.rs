//! The results of a sweep: what is best so far, charts, and a table that the charts filter.

mod actions;
mod columns;
mod coordinates;
pub mod data;
mod effects;
mod filter;
mod judged;
mod table;
mod verdict;

use std::collections::BTreeSet;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use data::ResultsView;
use filter::Filter;

/// What stands above the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chart {
    #[default]
    Coordinates,
    Effects,
    None,
}

/// What the results remember between frames.
#[derive(Default)]
pub struct ResultsLocal {
    chart: Chart,
    sorted: columns::Sorted,
    filter: Filter,
    /// The row whose line the pointer is at.
    hovered_line: Option<usize>,
    /// The row of the table that the pointer is at.
    hovered_row: Option<usize>,
    /// Selected rows, by their first cells, so that they stay selected whatever is averaged.
    selected: BTreeSet<usize>,
    /// From where a selection with the shift key reaches.
    anchor: Option<usize>,
    /// The rows in their order, and what that was made of.
    order: Option<(columns::OrderKey, std::sync::Arc<columns::Order>)>,
    /// Rows that the last frame laid out.
    pub rows: usize,
}

impl ResultsLocal {
    /// The row that the pointer is at, in the table or in the chart.
    pub fn hovered(&self) -> Option<usize> {
        self.hovered_line.or(self.hovered_row)
    }
}

/// A chart is no higher than this share of the room, and within these heights, in points.
const CHART_SHARE: f32 = 0.42;
const CHART: std::ops::RangeInclusive<f32> = 130.0..=360.0;
/// Effects are several charts below each other.
const EFFECTS_SHARE: f32 = 0.6;
const EFFECTS: std::ops::RangeInclusive<f32> = 150.0..=640.0;

pub fn results_ui(
    ui: &mut egui::Ui,
    view: &ResultsView,
    averaged: &mut bool,
    local: &mut ResultsLocal,
    out: &mut Vec<Command>,
) {
    local.rows = 0;
    local.filter.follow(view);
    verdict::verdict_ui(ui, view, out);
    ui.horizontal_wrapped(|ui| {
        let charts = [
            (
                Chart::Coordinates,
                "Parallel coordinates",
                "A line for each setting; drag along an axis to see only what passes there",
            ),
            (
                Chart::Effects,
                "Effects",
                "What each setting does to the goal on its own, and every two of them together",
            ),
            (Chart::None, "Table", "The table alone: more rows at once"),
        ];
        widgets::segmented(ui, &mut local.chart, &charts);
        if view.has_seeds {
            let tooltip = "One row for each setting, over its seeds; else one for each cell";
            ui.checkbox(averaged, "Average seeds")
                .on_hover_text(tooltip);
        }
        filter::summary_ui(ui, local);
    });
    ui.add_space(tokens::SPACE_XS);
    let room = ui.available_height();
    let order = columns::order(view, local);
    match local.chart {
        Chart::Coordinates => {
            let height = (room * CHART_SHARE).clamp(*CHART.start(), *CHART.end());
            coordinates::coordinates_ui(ui, view, &order, height, local);
        }
        Chart::Effects => {
            local.hovered_line = None;
            let height = (room * EFFECTS_SHARE).clamp(*EFFECTS.start(), *EFFECTS.end());
            effects::effects_ui(ui, view, height);
        }
        Chart::None => local.hovered_line = None,
    }
    actions::actions_ui(ui, view, &order.shown, local, out);
    ui.add_space(tokens::SPACE_XS);
    if order.shown.is_empty() {
        local.hovered_row = None;
        ui.label(tokens(ui).muted("No row passes the filter."));
        return;
    }
    table::table_ui(ui, view, &order.shown, local, out);
}
