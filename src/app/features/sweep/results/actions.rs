//! What can be done with rows: the buttons above the table, the menu of a row, and a double click.

use eframe::egui;

use super::ResultsLocal;
use super::data::{NOT_TRAINED, ResultsView, RowState, SweepRow};
use super::table;
use crate::app::core::command::Command;
use crate::app::core::sweep::SweepAction;
use crate::app::core::view_id::ViewId;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::format;
use crate::spreadsheet::guarded;
use crate::sweep::CellState;

/// The room that tells how many rows there are, at least, in points.
const LEAST_COUNT: f32 = 40.0;

/// The buttons keep their places whether or not rows are selected.
pub fn actions_ui(
    ui: &mut egui::Ui,
    view: &ResultsView,
    order: &[usize],
    local: &ResultsLocal,
    out: &mut Vec<Command>,
) {
    let selected: Vec<&SweepRow> = (order.iter())
        .filter(|&&index| table::is_selected(view, index, local))
        .map(|&index| &view.rows[index])
        .collect();
    let has_run = selected.iter().any(|row| !row.folders.is_empty());
    let one = (selected.len() == 1).then(|| selected[0]);
    let first = one.and_then(|row| row.folders.first());
    ui.horizontal_wrapped(|ui| {
        let why = match (selected.len(), has_run) {
            (0, _) => "Select a row first: click one",
            (_, false) => "It has not been trained yet",
            _ => "Select one row alone",
        };
        let action = |ui: &mut egui::Ui, able: bool, symbol: &str, text: &str, tooltip: &str| {
            ui.add_enabled(able, egui::Button::new(format!("{symbol} {text}")))
                .on_hover_text(tooltip)
                .on_disabled_hover_text(why)
                .clicked()
        };
        let tooltip = "Show the curves of the selected rows' runs";
        if action(ui, has_run, icon::CHART_LINE_UP, "Curves", tooltip) {
            let folders = selected.iter().flat_map(|row| row.folders.iter().cloned());
            out.push(Command::Sweep(SweepAction::ShowCurves(folders.collect())));
        }
        for (symbol, text, view_id, tooltip) in VIEWS {
            if action(ui, first.is_some(), symbol, text, tooltip)
                && let Some(folder) = first
            {
                out.push(Command::Sweep(SweepAction::OpenCell {
                    folder: folder.clone(),
                    view: view_id,
                }));
            }
        }
        let tooltip = "Open the experiment of the selected row as a new one";
        if action(ui, one.is_some(), icon::FILE_PLUS, "Experiment", tooltip)
            && let Some(cell) = one.and_then(|row| row.cells.first())
        {
            out.push(Command::Sweep(SweepAction::ExperimentOfCell(*cell)));
        }
        ui.separator();
        let tooltip =
            "Copy the selected rows (all that are shown, if none is selected) for a spreadsheet";
        if ui
            .button(format!("{} Copy as CSV", icon::COPY))
            .on_hover_text(tooltip)
            .clicked()
        {
            let rows: Vec<&SweepRow> = match selected.is_empty() {
                true => order.iter().map(|&index| &view.rows[index]).collect(),
                false => selected.clone(),
            };
            out.push(Command::CopyText(csv(view, &rows)));
        }
        let tooltip = "Write tables, figures (SVG and PNG) and a report (HTML) into a folder";
        if ui
            .button(format!("{} Export…", icon::EXPORT))
            .on_hover_text(tooltip)
            .clicked()
        {
            out.push(Command::Sweep(SweepAction::ExportDialog));
        }
        let what = if view.is_averaged {
            ("setting", "settings")
        } else {
            ("cell", "cells")
        };
        let all = format::count(view.rows.len(), what.0, what.1);
        let count = match (selected.len(), order.len() == view.rows.len()) {
            (0, true) => all,
            (0, false) => format!("{} of {all}", format::thousands(order.len() as u64)),
            (selected, _) => format!("{} of {all} selected", format::thousands(selected as u64)),
        };
        // As wide whatever it says: rows that move under the pointer as one of them is selected take no double click.
        let room = (ui.available_size_before_wrap().x - 1.0).max(LEAST_COUNT);
        let size = egui::vec2(room, tokens::CONTROL_HEIGHT);
        let across = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, across, |ui| {
            ui.set_min_width(room);
            ui.add(egui::Label::new(tokens(ui).small(count)).truncate());
        });
    });
    failure_ui(ui, one);
}

/// Views that show one run.
const VIEWS: [(&str, &str, ViewId, &str); 2] = [
    (
        icon::TARGET,
        "Evaluation",
        ViewId::EVALUATION,
        "What the run of the selected row gets right on its validation pictures",
    ),
    (
        icon::IMAGES,
        "Gallery",
        ViewId::GALLERY,
        "The validation pictures of the selected row's run, with its answers",
    ),
];

/// Why the selected row failed.
fn failure_ui(ui: &mut egui::Ui, row: Option<&SweepRow>) {
    let Some(reason) = row.and_then(|row| row.reason.as_ref()) else {
        return;
    };
    let color = tokens(ui).danger;
    let text = format!("{} {reason}", icon::WARNING);
    ui.add(egui::Label::new(egui::RichText::new(text).color(color)).truncate())
        .on_hover_text(reason.as_str());
}

/// What a double click, or Enter, does: the curves of what was trained.
pub fn open(row: &SweepRow, out: &mut Vec<Command>) {
    if !row.folders.is_empty() {
        out.push(Command::Sweep(SweepAction::ShowCurves(row.folders.clone())));
    }
}

/// The menu of a row.
pub fn menu_ui(ui: &mut egui::Ui, view: &ResultsView, row: &SweepRow, out: &mut Vec<Command>) {
    let has_run = !row.folders.is_empty();
    let item = |ui: &mut egui::Ui, able: bool, symbol: &str, text: &str| {
        let button = egui::Button::new(format!("{symbol} {text}"));
        let response = ui.add_enabled(able, button);
        response
            .on_disabled_hover_text("It has not been trained yet")
            .clicked()
    };
    if item(ui, has_run, icon::CHART_LINE_UP, "Show curves") {
        open(row, out);
        ui.close();
    }
    for (symbol, text, view_id, _) in VIEWS {
        if item(ui, has_run, symbol, text)
            && let Some(folder) = row.folders.first()
        {
            out.push(Command::Sweep(SweepAction::OpenCell {
                folder: folder.clone(),
                view: view_id,
            }));
            ui.close();
        }
    }
    if item(ui, true, icon::FILE_PLUS, "Make an experiment of it")
        && let Some(cell) = row.cells.first()
    {
        out.push(Command::Sweep(SweepAction::ExperimentOfCell(*cell)));
        ui.close();
    }
    if item(ui, has_run, icon::FOLDER_OPEN, "Show the folder")
        && let Some(folder) = row.folders.first()
    {
        out.push(Command::OpenFolder(folder.clone()));
        ui.close();
    }
    if row.state == RowState::Failed {
        ui.separator();
        if item(ui, true, icon::ARROW_CLOCKWISE, "Train what failed again") {
            out.push(Command::Sweep(SweepAction::Start { again: true }));
            ui.close();
        }
    }
    if item(ui, true, icon::COPY, "Copy this row") {
        out.push(Command::CopyText(csv(view, &[row])));
        ui.close();
    }
}

/// The word for a row's state in tables that programs read: the same as in those that are exported.
fn state(row: &SweepRow) -> &str {
    match row.state_text.as_str() {
        NOT_TRAINED => CellState::Missing.name(),
        text => text,
    }
}

/// Rows as CSV, numbers as a spreadsheet reads them.
fn csv(view: &ResultsView, rows: &[&SweepRow]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = view.fields.clone();
    if view.has_seeds && !view.is_averaged {
        header.push("Seed".into());
    }
    let columns = [
        view.goal_title(),
        "Low",
        "High",
        "Epochs",
        "Seconds",
        "State",
        "Reason",
    ];
    header.extend(columns.map(str::to_owned));
    let mut written = writer.write_record(&header);
    for row in rows {
        let number =
            |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let mut cells = row.settings.clone();
        if view.has_seeds && !view.is_averaged {
            cells.push(row.seed.map(|seed| seed.to_string()).unwrap_or_default());
        }
        cells.extend([
            number(row.goal),
            number(row.interval.map(|(low, _)| low)),
            number(row.interval.map(|(_, high)| high)),
            row.epochs.to_string(),
            row.seconds.to_string(),
            state(row).to_owned(),
            row.reason.clone().unwrap_or_default(),
        ]);
        let cells: Vec<String> = cells
            .iter()
            .map(|cell| guarded(cell).into_owned())
            .collect();
        written = written.and_then(|()| writer.write_record(cells));
    }
    // Memory takes everything.
    let bytes = written.ok().and_then(|()| writer.into_inner().ok());
    bytes.map_or_else(String::new, |bytes| {
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::data::ResultsCache;
    use super::*;
    use crate::app::core::sweep::fakes;

    #[test]
    fn copied_rows_are_numbers_with_their_titles() {
        let open = fakes::open(6, 4);
        let view = ResultsCache::default().view(&open, true).unwrap();
        let rows: Vec<&SweepRow> = view.rows.iter().collect();
        let text = csv(&view, &rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 7);
        assert_eq!(
            lines[0],
            "\"Phase 2, learning rate\",\"Phase 2, frozen\",Batch size,Validation accuracy,Low,High,Epochs,Seconds,State,Reason"
        );
        assert!(lines[1].starts_with("1e-5,"), "{}", lines[1]);
        assert!(lines[1].contains(",0.7"), "{}", lines[1]);
        assert!(lines[1].contains(",trained,"), "{}", lines[1]);
        // What programs read keeps its word.
        assert!(view.rows.iter().all(|row| row.state != RowState::Missing));
        let open = fakes::open(6, 0);
        let view = ResultsCache::default().view(&open, true).unwrap();
        let row = &view.rows[5];
        assert_eq!(row.state_text, "not trained yet");
        assert!(csv(&view, &[row]).contains(",missing,"));
        assert!(lines[6].contains("the loss became NaN"), "{}", lines[6]);
    }
}
