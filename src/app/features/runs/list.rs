//! The list itself. Only rows that are in sight are drawn, so that hundreds cost no more than a few.

use std::collections::BTreeMap;

use eframe::egui::{self, UiBuilder, vec2};

use super::toolbar::toolbar_ui;
use super::{RunRow, RunsLocal, RunsView, row};
use crate::app::core::command::{Command, RunText};
use crate::app::ui::names::shown_name;
use crate::app::ui::sweep_runs::sweep_runs_ui;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::ViewContext;
use crate::app::ui::widgets;

const ROW_HEIGHT: f32 = 44.0;
const HEADER_HEIGHT: f32 = 26.0;
/// Of the field that tags or a note are typed in, below the row.
const FIELD_HEIGHT: f32 = 32.0;
const GAP: f32 = 2.0;

/// A line of the list.
enum Item<'a> {
    Group { name: &'a str, runs: usize },
    Run(&'a RunRow),
}

/// What stands in place of runs while their folder is looked at for the first time.
pub(super) const READING: (&str, &str) = (
    "Reading the runs",
    "The folder of runs is looked at. This takes a moment where it holds hundreds.",
);

/// The right side of the window.
pub fn runs_panel_ui(ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
    let local = context.panels.of_window::<RunsLocal>();
    let view = RunsView::build(context.state, context.now, &local.filter);
    runs_ui(ui, &view, local, out);
}

pub fn runs_ui(ui: &mut egui::Ui, view: &RunsView, local: &mut RunsLocal, out: &mut Vec<Command>) {
    if view.known == 0 {
        if let Some(found) = view.of_sweep.as_ref().filter(|_| !view.is_reading) {
            sweep_runs_ui(ui, found, out);
            return;
        }
        let (title, text) = if view.is_reading {
            READING
        } else {
            (
                "No runs yet",
                "What you train is kept here, with its curves and results. A run's folder can be dropped here, too.",
            )
        };
        widgets::empty_state(ui, icon::CLOCK_COUNTER_CLOCKWISE, title, text, |ui| {
            let tooltip =
                "Make feature extraction and fine-tuning from these pictures and train both";
            if view.can_train
                && widgets::primary_button(ui, "Compare extraction with fine-tuning", tooltip)
                    .clicked()
            {
                out.push(Command::CompareBothWays);
            }
        });
        return;
    }
    toolbar_ui(ui, view, local, out);
    if view.rows.is_empty() {
        nothing_ui(ui, local);
        return;
    }
    let items = items(view, local);
    let heights: Vec<f32> = items.iter().map(|item| height(item, local)).collect();
    let total: f32 = heights.iter().map(|height| height + GAP).sum();
    egui::ScrollArea::vertical()
        .id_salt("runs")
        .auto_shrink(false)
        .show_viewport(ui, |ui, viewport| {
            ui.set_height(total);
            let place = ui.max_rect();
            let mut y = 0.0;
            for (item, height) in items.iter().zip(heights) {
                let is_seen = y + height >= viewport.min.y && y <= viewport.max.y;
                let top = place.min + vec2(0.0, y);
                let rect = egui::Rect::from_min_size(top, vec2(place.width(), height));
                if let Item::Run(row) = item
                    && local.scroll_to.take_if(|id| *id == row.id).is_some()
                {
                    ui.scroll_to_rect(rect, None);
                }
                y += height + GAP;
                if !is_seen {
                    continue;
                }
                let id = match item {
                    Item::Group { name, .. } => ("group", *name),
                    Item::Run(row) => ("run", row.id.as_str()),
                };
                let mut ui = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(id));
                match item {
                    Item::Group { name, runs } => group_ui(&mut ui, name, *runs, local),
                    Item::Run(row) => {
                        row::row_ui(&mut ui, row, ROW_HEIGHT, &mut local.editing, out)
                    }
                }
            }
        });
}

/// Where everything is filtered away.
fn nothing_ui(ui: &mut egui::Ui, local: &mut RunsLocal) {
    let text = if local.filter.is_active() {
        "No run is like that."
    } else {
        "All runs are in the archive."
    };
    ui.vertical_centered(|ui| {
        ui.add_space(tokens::SPACE_XL);
        ui.label(tokens(ui).muted(text));
        let tooltip = "Take back the search and the filter, and show archived runs too";
        if ui.button("Show all runs").on_hover_text(tooltip).clicked() {
            local.filter = local.filter.without_conditions();
        }
    });
}

fn items<'a>(view: &'a RunsView, local: &RunsLocal) -> Vec<Item<'a>> {
    if !local.filter.grouped {
        return view.rows.iter().map(Item::Run).collect();
    }
    // Groups in the order of their first runs.
    let mut groups: Vec<(&str, Vec<&RunRow>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &view.rows {
        let place = *places.entry(&row.experiment).or_insert_with(|| {
            groups.push((&row.experiment, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(row);
    }
    let mut items = Vec::new();
    for (name, rows) in groups {
        items.push(Item::Group {
            name,
            runs: rows.len(),
        });
        if !local.folded.contains(name) {
            items.extend(rows.into_iter().map(Item::Run));
        }
    }
    items
}

fn height(item: &Item<'_>, local: &RunsLocal) -> f32 {
    match item {
        Item::Group { .. } => HEADER_HEIGHT,
        Item::Run(row) => {
            let typed = local.editing.as_ref().filter(|typed| typed.id == row.id);
            match typed.map(|typed| typed.what) {
                Some(RunText::Tags) => ROW_HEIGHT + FIELD_HEIGHT,
                Some(RunText::Note) => ROW_HEIGHT + 2.0 * FIELD_HEIGHT,
                Some(RunText::Name) | None => ROW_HEIGHT,
            }
        }
    }
}

fn group_ui(ui: &mut egui::Ui, name: &str, runs: usize, local: &mut RunsLocal) {
    let is_open = !local.folded.contains(name);
    let shown = shown_name(name);
    let caret = if is_open {
        icon::CARET_DOWN
    } else {
        icon::CARET_RIGHT
    };
    let t = tokens(ui);
    let button =
        egui::Button::new(tokens::medium(format!("{caret} {shown}")).size(tokens::TEXT_SMALL))
            .right_text(t.small(runs.to_string()))
            .frame_when_inactive(false)
            .truncate()
            .min_size(vec2(ui.available_width(), HEADER_HEIGHT));
    let response = ui.add(button);
    response.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::Role::Button,
            true,
            is_open,
            format!("Runs of {shown}"),
        )
    });
    let tooltip = format!("{shown}: show or hide its runs ({runs})");
    if response.on_hover_text(tooltip).clicked() && !local.folded.remove(name) {
        local.folded.insert(name.to_owned());
    }
}
