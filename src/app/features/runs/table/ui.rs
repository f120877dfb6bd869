//! Draws the table of runs.

use eframe::egui::{self, Key, Sense};

use super::super::RunRow;
use super::super::editing::{Editing, field_ui};
use super::super::list::READING;
use super::super::menu::{keys, menu_ui};
use super::columns::{Column, Kind, Sorted};
use super::{TableLocal, TableView};
use crate::app::core::command::Command;
use crate::app::core::state::RunRecord;
use crate::app::ui::sort_head::{MARGIN, sort_head};
use crate::app::ui::sweep_runs::sweep_runs_ui;
use crate::app::ui::table::next_order;
use crate::app::ui::table::row_ground;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::runs::annotations::Change;

pub fn table_view_ui(
    ui: &mut egui::Ui,
    view: &TableView<'_>,
    local: &mut TableLocal,
    out: &mut Vec<Command>,
) {
    if view.known == 0 {
        if let Some(found) = view.state.sweep.cells_with_runs()
            && view.state.runs_listed
        {
            sweep_runs_ui(ui, &found, out);
            return;
        }
        let (title, text) = if view.state.runs_listed {
            (
                "No runs yet",
                "Every run that you train becomes a row here, with its settings and results.",
            )
        } else {
            READING
        };
        widgets::empty_state(ui, icon::CLOCK_COUNTER_CLOCKWISE, title, text, |ui| {
            let tooltip =
                "Make feature extraction and fine-tuning from these pictures and train both";
            if view.state.has_pictures()
                && widgets::primary_button(ui, "Compare extraction with fine-tuning", tooltip)
                    .clicked()
            {
                out.push(Command::CompareBothWays);
            }
        });
        return;
    }
    toolbar_ui(ui, view, local, out);
    ui.add_space(tokens::SPACE_XS);
    body_ui(ui, view, &view.shown(), local, out);
    table_keys(ui, view, out);
}

/// What is done with the selected rows, and which columns there are. The buttons keep their places whether or not rows are
/// selected.
fn toolbar_ui(
    ui: &mut egui::Ui,
    view: &TableView<'_>,
    local: &mut TableLocal,
    out: &mut Vec<Command>,
) {
    let selected = view.selected();
    let ids: Vec<String> = selected.iter().map(|run| run.id.clone()).collect();
    let has_rows = !ids.is_empty();
    ui.horizontal_wrapped(|ui| {
        let t = tokens(ui);
        columns_ui(ui, view, out);
        let rows = if has_rows { &selected } else { &view.rows };
        let button = ui.button(format!("{} Copy as CSV", icon::COPY));
        let tooltip = "Copy the selected rows (all, if none is selected) with the columns that are shown, for a spreadsheet";
        if button.on_hover_text(tooltip).clicked() {
            out.push(Command::CopyText(view.csv(rows)));
        }
        ui.separator();
        let why = "Select rows first: click one, Ctrl+click or Shift+click others";
        let action = |ui: &mut egui::Ui, able: bool, symbol: &str, text: &str, tooltip: &str| {
            ui.add_enabled(able, egui::Button::new(format!("{symbol} {text}")))
                .on_hover_text(tooltip)
                .on_disabled_hover_text(why)
                .clicked()
        };
        let tested: Vec<String> = (selected.iter())
            .filter(|run| run.summary.as_ref().is_some_and(|summary| summary.test.is_some()))
            .map(|run| run.id.clone())
            .collect();
        let tooltip = "Compare the selected runs side by side: settings, curves, confusion matrices";
        if action(ui, !tested.is_empty(), icon::GIT_DIFF, "Compare", tooltip) {
            out.push(Command::CompareRuns(tested));
        }
        let all_shown = has_rows && selected.iter().all(|run| run.shown);
        let (symbol, text) = if all_shown { (icon::EYE_SLASH, "Hide") } else { (icon::EYE, "Show") };
        if action(ui, has_rows, symbol, text, "Show or hide the selected runs in curves and results") {
            for run in &selected {
                out.push(Command::ShowRun(run.id.clone(), !all_shown));
            }
        }
        if action(ui, has_rows, icon::TAG, "Tag…", "Add a tag to the selected runs, or remove it with a minus before it") {
            local.tags = Some(String::new());
        }
        let archived = has_rows && selected.iter().all(|run| run.listed.annotations.archived);
        let text = if archived { "Take out of the archive" } else { "Archive" };
        let tooltip = "Leave the selected runs out of lists unless archived runs are shown; nothing is deleted";
        if action(ui, has_rows, icon::ARCHIVE, text, tooltip) {
            out.push(Command::ChangeRuns(ids.clone(), vec![Change::Archive(!archived)]));
        }
        let tooltip = "Move the folders of the selected runs to the system's trash; they can be put back";
        if action(ui, has_rows, icon::TRASH, "Move to trash", tooltip) {
            out.push(Command::TrashRuns(ids.clone()));
        }
        let count = match (ids.len(), view.rows.len()) {
            (0, rows) if rows == view.known => format::count(rows, "run", "runs"),
            (0, rows) => format!("{rows} of {}", format::count(view.known, "run", "runs")),
            (selected, rows) => format!("{selected} of {rows} selected"),
        };
        ui.label(t.small(count));
    });
    tags_ui(ui, &ids, local, out);
}

/// The field for a tag of all selected rows.
fn tags_ui(ui: &mut egui::Ui, ids: &[String], local: &mut TableLocal, out: &mut Vec<Command>) {
    let Some(text) = &mut local.tags else {
        return;
    };
    let mut is_done = ids.is_empty();
    ui.horizontal(|ui| {
        ui.label(format!("Tag {}", format::count(ids.len(), "run", "runs")));
        let field = egui::TextEdit::singleline(text)
            .hint_text("paper, -draft")
            .desired_width(220.0);
        let tooltip = "Tags to add, with commas between them; a minus before one removes it. Enter keeps them, Esc leaves them";
        let response = ui.add(field).accessible_name("Tags of the selected runs").on_hover_text(tooltip);
        let (left, entered) = ui.input(|input| {
            (input.key_pressed(Key::Escape), input.key_pressed(Key::Enter))
        });
        let keep = ui.button("Tag").on_hover_text("Keep these tags with the selected runs").clicked();
        if keep || (response.lost_focus() && entered) {
            let changes: Vec<Change> = (text.split(','))
                .map(str::trim)
                .filter(|tag| !tag.is_empty())
                .map(|tag| match tag.strip_prefix('-') {
                    Some(tag) => Change::RemoveTag(tag.to_owned()),
                    None => Change::AddTag(tag.trim_start_matches('+').to_owned()),
                })
                .collect();
            if !changes.is_empty() {
                out.push(Command::ChangeRuns(ids.to_vec(), changes));
            }
            is_done = true;
        } else if left {
            is_done = true;
        } else if text.is_empty() && !response.has_focus() && !response.lost_focus() {
            response.request_focus();
        }
    });
    if is_done {
        local.tags = None;
    }
}

fn columns_ui(ui: &mut egui::Ui, view: &TableView<'_>, out: &mut Vec<Command>) {
    let button = egui::Button::new(format!("{} Columns", icon::COLUMNS));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button)
        .config(
            egui::containers::menu::MenuConfig::new()
                .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside),
        )
        .ui(ui, |ui| {
            egui::ScrollArea::vertical()
                .max_height(420.0)
                .show(ui, |ui| {
                    for column in &view.columns {
                        let mut is_shown = view.is_shown(column);
                        let is_name = column.kind == Kind::Name;
                        let tick = egui::Checkbox::new(&mut is_shown, &column.title);
                        let response = ui.add_enabled(!is_name, tick).on_hover_text(column.tooltip);
                        if response.changed() {
                            out.push(Command::ShowColumn(column.title.clone(), is_shown));
                        }
                    }
                });
        });
    response
        .accessible_name("Choose columns")
        .on_hover_text("Choose which columns are shown; the choice is kept");
}

/// Before a name, with its dot.
const DOT: f32 = 18.0;
/// No column begins wider than these, in points: that of the runs, and the others.
const WIDEST: [f32; 2] = [300.0, 220.0];

/// The rows, while they are drawn. The column of the runs and the heads stay in sight.
struct Rows<'a, 'v> {
    view: &'a TableView<'v>,
    columns: &'a [&'a Column],
    local: &'a mut TableLocal,
    /// The run of the row that the pointer is at, by its id.
    hovered: Option<String>,
    out: &'a mut Vec<Command>,
}

fn body_ui(
    ui: &mut egui::Ui,
    view: &TableView<'_>,
    columns: &[&Column],
    local: &mut TableLocal,
    out: &mut Vec<Command>,
) {
    let widths = columns.iter().map(|column| {
        egui_table::Column::new(column.width)
            .id(egui::Id::unique(("column of runs", &column.title)))
            .range(44.0..=700.0)
    });
    let widths: Vec<egui_table::Column> = widths.collect();
    let mut rows = Rows {
        view,
        columns,
        local,
        hovered: None,
        out,
    };
    egui_table::Table::new()
        .id_salt("runs table")
        .num_sticky_cols(1)
        .headers([egui_table::HeaderRow::new(tokens::ROW_HEIGHT)])
        .columns(widths)
        .num_rows(view.rows.len() as u64)
        .show(ui, &mut rows);
    // The whole row stands out, on both sides of the column that stays: in the next frame, when both know of it.
    let hovered = rows.hovered;
    if local.hovered != hovered {
        local.hovered = hovered;
        ui.ctx().request_repaint();
    }
}

impl egui_table::TableDelegate for Rows<'_, '_> {
    fn header_cell_ui(&mut self, ui: &mut egui::Ui, cell: &egui_table::HeaderCellInfo) {
        let column = self.columns[cell.col_range.start];
        if ui.is_sizing_pass() {
            // With room for the arrow of the column that sorts.
            fit(
                ui,
                &column.title,
                tokens::TEXT_SMALL,
                DOT,
                cell.col_range.start,
            );
            return;
        }
        let id = cell.table_id.with(("head", &column.title));
        head_ui(ui, id, column, self.local);
    }

    fn row_ui(&mut self, ui: &mut egui::Ui, row: u64) {
        let run = self.view.rows[row as usize];
        let is_selected = self.view.state.is_selected(&run.id);
        let is_hovered = self.local.hovered.as_ref() == Some(&run.id);
        row_ground(ui, row, is_selected, is_hovered);
    }

    fn cell_ui(&mut self, ui: &mut egui::Ui, cell: &egui_table::CellInfo) {
        let (view, index) = (self.view, cell.row_nr as usize);
        let (run, column) = (view.rows[index], self.columns[cell.col_nr]);
        if ui.is_sizing_pass() {
            let dot = if cell.col_nr == 0 { DOT } else { 0.0 };
            let text = column.text(run, view.state, view.now);
            fit(ui, &text, tokens::TEXT_BODY, dot, cell.col_nr);
            return;
        }
        // The keyboard stops at each row once.
        let is_first = cell.col_nr == 0;
        let sense = if is_first {
            Sense::click()
        } else {
            Sense::CLICK
        };
        let id = cell.table_id.with((run.id.as_str(), &column.title));
        let response = ui.interact(ui.max_rect(), id, sense);
        if response.hovered() {
            self.hovered = Some(run.id.clone());
        }
        inside(ui, |ui| {
            cell_ui(ui, view, run, column, self.local, self.out)
        });
        let is_selected = view.state.is_selected(&run.id);
        if is_first {
            let spoken = format!("Row of {}", column.text(run, view.state, view.now));
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Row, true, is_selected, &spoken)
            });
        }
        response.context_menu(|ui| {
            let row = RunRow::build(run, view.state, view.now);
            menu_ui(ui, &row, &mut self.local.editing, self.out);
        });
        let mut is_done = false;
        if response.has_focus() {
            let row = RunRow::build(run, view.state, view.now);
            is_done = keys(ui, &row, &mut self.local.editing, self.out);
            let stroke = egui::Stroke::new(1.0, tokens(ui).accent);
            let kind = egui::StrokeKind::Inside;
            ui.painter().rect_stroke(ui.max_rect(), 0.0, stroke, kind);
        }
        if response.double_clicked() {
            match column.edited() {
                Some(what) => {
                    let row = RunRow::build(run, view.state, view.now);
                    self.local.editing = Some(Editing::of(&row, what));
                }
                None => self.out.extend(run.folder.clone().map(Command::OpenRun)),
            }
        } else if response.clicked() && !is_done {
            let modifiers = response.ctx.input(|input| input.modifiers);
            let ids = selection(view, index, modifiers, self.local);
            self.out.push(Command::SelectRuns(ids));
        }
    }

    fn default_row_height(&self) -> f32 {
        tokens::ROW_HEIGHT + 2.0
    }
}

/// Draws within a cell, which does not grow by it.
fn inside(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui)) {
    let rect = ui.max_rect().shrink2(egui::vec2(MARGIN, 0.0));
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    add(&mut ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout)));
}

/// Gives a column the width of a text, while it is measured.
fn fit(ui: &mut egui::Ui, text: &str, size: f32, before: f32, column: usize) {
    let font = tokens::medium_font(size);
    let width = (widgets::text_width(ui, text, font) + before + 2.0 * MARGIN).ceil();
    ui.set_min_width(width.min(WIDEST[column.min(1)]));
}

fn head_ui(ui: &mut egui::Ui, id: egui::Id, column: &Column, local: &mut TableLocal) {
    let sorted = &local.sorted;
    let sorted = (sorted.by == column.title).then_some(sorted.descending);
    let words = (column.title.as_str(), column.tooltip);
    if sort_head(ui, id, words, sorted, column.is_number()) {
        // Numbers begin with the largest, words with the first; then the other way, then as the list.
        let next = next_order(sorted.map(|down| (0, down)), 0, column.is_number());
        local.sorted = next.map_or_else(Sorted::default, |(_, descending)| Sorted {
            by: column.title.clone(),
            descending,
        });
    }
}

/// At the right of its cell where it is a number.
fn aligned(ui: &mut egui::Ui, column: &Column, label: egui::Label) {
    if column.is_number() {
        let right = egui::Layout::right_to_left(egui::Align::Center);
        ui.with_layout(right, |ui| ui.add(label));
    } else {
        ui.add(label);
    }
}

fn cell_ui(
    ui: &mut egui::Ui,
    view: &TableView<'_>,
    run: &RunRecord,
    column: &Column,
    local: &mut TableLocal,
    out: &mut Vec<Command>,
) {
    let is_edited = |typed: &Editing| typed.id == run.id && Some(typed.what) == column.edited();
    if local.editing.as_ref().is_some_and(is_edited) {
        let row = RunRow::build(run, view.state, view.now);
        field_ui(ui, &row, &mut local.editing, out);
        return;
    }
    let t = tokens(ui);
    let text = column.text(run, view.state, view.now);
    if column.kind == Kind::Name {
        let color = if run.shown {
            tokens::run_color(run.color)
        } else {
            t.outline_strong
        };
        widgets::dot(ui, color);
    }
    let rich = match column.kind {
        Kind::Name | Kind::Accuracy => tokens::medium(&text).color(t.text),
        _ => egui::RichText::new(&text).color(t.text),
    };
    let label = egui::Label::new(rich).truncate().selectable(false);
    aligned(ui, column, label);
}

/// The rows that a click leaves selected, the clicked one last: it alone, with Ctrl added or taken away, with Shift with all
/// from the last one on.
fn selection(
    view: &TableView<'_>,
    index: usize,
    modifiers: egui::Modifiers,
    local: &mut TableLocal,
) -> Vec<String> {
    let id = &view.rows[index].id;
    let others = || {
        let selected = view.selected().into_iter().map(|run| run.id.clone());
        selected.filter(|other| other != id).collect::<Vec<_>>()
    };
    let from = (local.anchor.as_ref())
        .and_then(|anchor| view.rows.iter().position(|run| run.id == *anchor));
    let mut ids = if modifiers.command {
        others()
    } else {
        Vec::new()
    };
    if modifiers.shift
        && let Some(from) = from
    {
        let range = &view.rows[from.min(index)..=from.max(index)];
        ids.extend(range.iter().map(|run| run.id.clone()));
        ids.retain(|other| other != id);
        ids.push(id.clone());
        return ids;
    }
    local.anchor = Some(id.clone());
    if !(modifiers.command && view.state.is_selected(id)) {
        ids.push(id.clone());
    }
    ids
}

/// Keys for the selected rows, while nothing else has the focus.
fn table_keys(ui: &egui::Ui, view: &TableView<'_>, out: &mut Vec<Command>) {
    let selected = view.selected();
    if selected.is_empty() || ui.memory(|memory| memory.focused().is_some()) {
        return;
    }
    let pressed = |key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
    if pressed(Key::Delete) {
        let ids = selected.iter().map(|run| run.id.clone());
        out.push(Command::TrashRuns(ids.collect()));
    }
    // Back to the one that is looked at.
    if selected.len() > 1 && pressed(Key::Escape) {
        let looked_at = view.state.selected_run.clone();
        out.extend(looked_at.map(Command::SelectRun));
    }
}
