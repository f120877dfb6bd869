//! Draws the table of runs.

use eframe::egui::{self, Key, Sense};
use egui_extras::{Column as Width, TableBuilder};

use super::super::RunRow;
use super::super::editing::{Edited, Editing, field_ui};
use super::super::list::READING;
use super::super::menu::menu_ui;
use super::columns::{Column, Kind, Sorted};
use super::{TableLocal, TableView};
use crate::app::core::command::Command;
use crate::app::core::state::RunRecord;
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
    let columns = view.shown(local);
    egui::ScrollArea::horizontal()
        .id_salt("runs table")
        .auto_shrink(false)
        .show(ui, |ui| body_ui(ui, view, &columns, local, out));
    keys(ui, local, out);
}

/// What is done with the selected rows, and which columns there are. The buttons keep their places whether or not rows are
/// selected.
fn toolbar_ui(
    ui: &mut egui::Ui,
    view: &TableView<'_>,
    local: &mut TableLocal,
    out: &mut Vec<Command>,
) {
    let selected: Vec<&RunRecord> = (view.rows.iter().copied())
        .filter(|run| local.selected.contains(&run.id))
        .collect();
    let ids: Vec<String> = selected.iter().map(|run| run.id.clone()).collect();
    let has_rows = !ids.is_empty();
    ui.horizontal_wrapped(|ui| {
        let t = tokens(ui);
        columns_ui(ui, view, local);
        let rows = if has_rows { &selected } else { &view.rows };
        let button = ui.button(format!("{} Copy as CSV", icon::COPY));
        let tooltip = "Copy the selected rows (all, if none is selected) with the columns that are shown, for a spreadsheet";
        if button.on_hover_text(tooltip).clicked() {
            out.push(Command::CopyText(view.csv(local, rows)));
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
                let row = RunRow::build(run, view.state, view.now);
                super::super::row::show(&row, !all_shown, out);
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

fn columns_ui(ui: &mut egui::Ui, view: &TableView<'_>, local: &mut TableLocal) {
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
                        let mut is_shown = !local.hidden.contains(&column.title);
                        let is_name = column.kind == Kind::Name;
                        let tick = egui::Checkbox::new(&mut is_shown, &column.title);
                        let response = ui.add_enabled(!is_name, tick).on_hover_text(column.tooltip);
                        if response.changed() && !local.hidden.remove(&column.title) {
                            local.hidden.insert(column.title.clone());
                        }
                    }
                });
        });
    response.on_hover_text("Choose which columns are shown");
}

fn body_ui(
    ui: &mut egui::Ui,
    view: &TableView<'_>,
    columns: &[&Column],
    local: &mut TableLocal,
    out: &mut Vec<Command>,
) {
    let mut table = TableBuilder::new(ui)
        .id_salt(("runs table", columns.len()))
        .striped(true)
        .sense(Sense::click())
        .resizable(true)
        .auto_shrink(false)
        .cell_layout(egui::Layout::left_to_right(egui::Align::Center));
    for column in columns {
        table = table.column(Width::initial(column.width).at_least(44.0).clip(true));
    }
    table
        .header(tokens::ROW_HEIGHT, |mut header| {
            for column in columns {
                header.col(|ui| head_ui(ui, column, local));
            }
        })
        .body(|body| {
            body.rows(tokens::ROW_HEIGHT + 2.0, view.rows.len(), |mut line| {
                let index = line.index();
                let run = view.rows[index];
                line.set_selected(local.selected.contains(&run.id));
                for column in columns {
                    let (_, response) = line.col(|ui| cell_ui(ui, view, run, column, local, out));
                    if response.double_clicked() {
                        edit(view, run, column, local);
                    }
                }
                let response = line.response();
                let spoken = format!(
                    "Row of {}",
                    Column::text(columns[0], run, view.state, view.now)
                );
                let is_selected = local.selected.contains(&run.id);
                response.widget_info(|| {
                    egui::WidgetInfo::selected(egui::Role::Row, true, is_selected, &spoken)
                });
                response.context_menu(|ui| {
                    let row = RunRow::build(run, view.state, view.now);
                    menu_ui(ui, &row, &mut local.editing, out);
                });
                if response.clicked() {
                    let modifiers = response.ctx.input(|input| input.modifiers);
                    select(view, index, modifiers, local);
                }
            });
        });
}

/// A head that sorts, with an arrow where it does.
fn head_ui(ui: &mut egui::Ui, column: &Column, local: &mut TableLocal) {
    let is_sorted = local.sorted.by == column.title;
    let arrow = match (is_sorted, local.sorted.descending) {
        (true, true) => icon::CARET_DOWN,
        (true, false) => icon::CARET_UP,
        (false, _) => "",
    };
    let text = tokens::medium(&column.title).size(tokens::TEXT_SMALL);
    let mut button = egui::Button::new(text)
        .frame_when_inactive(false)
        .truncate()
        .min_size(egui::vec2(ui.available_width(), tokens::ROW_HEIGHT));
    if is_sorted {
        button = button.right_text(egui::RichText::new(arrow).size(tokens::TEXT_SMALL));
    }
    let response = ui
        .add(button)
        .accessible_name(format!("Sort by {}", column.title));
    if response
        .on_hover_text(format!("{}. Click to sort", column.tooltip))
        .clicked()
    {
        local.sorted = match (is_sorted, local.sorted.descending) {
            // Numbers begin with the largest, words with the first; then the other way, then as the list.
            (false, _) => Sorted {
                by: column.title.clone(),
                descending: column.is_number(),
            },
            (true, descending) if descending == column.is_number() => Sorted {
                by: column.title.clone(),
                descending: !descending,
            },
            (true, _) => Sorted::default(),
        };
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
    let edited = match column.kind {
        Kind::Name => Some(Edited::Name),
        Kind::Tags => Some(Edited::Tags),
        Kind::Note => Some(Edited::Note),
        _ => None,
    };
    let is_edited = edited.is_some()
        && (local.editing.as_ref())
            .is_some_and(|typed| typed.id == run.id && Some(typed.what) == edited);
    if is_edited {
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
    if column.is_number() {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add(label)
        });
    } else {
        ui.add(label);
    }
}

/// Begins to edit what can be edited of a cell.
fn edit(view: &TableView<'_>, run: &RunRecord, column: &Column, local: &mut TableLocal) {
    let what = match column.kind {
        Kind::Name => Edited::Name,
        Kind::Tags => Edited::Tags,
        Kind::Note => Edited::Note,
        _ => return,
    };
    let row = RunRow::build(run, view.state, view.now);
    local.editing = Some(Editing::of(&row, what));
}

/// A click selects one row, with Ctrl it adds or takes away one, with Shift all from the last one on.
fn select(view: &TableView<'_>, index: usize, modifiers: egui::Modifiers, local: &mut TableLocal) {
    let id = &view.rows[index].id;
    let from = (local.anchor.as_ref())
        .and_then(|anchor| view.rows.iter().position(|run| run.id == *anchor));
    if modifiers.shift
        && let Some(from) = from
    {
        let (first, last) = (from.min(index), from.max(index));
        let range = view.rows[first..=last].iter().map(|run| run.id.clone());
        if !modifiers.command {
            local.selected.clear();
        }
        local.selected.extend(range);
        return;
    }
    local.anchor = Some(id.clone());
    if modifiers.command {
        if !local.selected.remove(id) {
            local.selected.insert(id.clone());
        }
        return;
    }
    let was_alone = local.selected.len() == 1 && local.selected.contains(id);
    local.selected.clear();
    if !was_alone {
        local.selected.insert(id.clone());
    }
}

/// Keys for the selected rows, while nothing else has the focus.
fn keys(ui: &egui::Ui, local: &mut TableLocal, out: &mut Vec<Command>) {
    if local.selected.is_empty() || ui.memory(|memory| memory.focused().is_some()) {
        return;
    }
    let (trash, leave) = ui.input_mut(|input| {
        (
            input.consume_key(egui::Modifiers::NONE, Key::Delete),
            input.consume_key(egui::Modifiers::NONE, Key::Escape),
        )
    });
    if trash {
        out.push(Command::TrashRuns(local.selected.iter().cloned().collect()));
    }
    if leave {
        local.selected.clear();
    }
}
