//! The table of a sweep: only what varies, and what came of it. Rows and columns in sight alone are laid out.

use eframe::egui::{self, Key, Sense};

use super::ResultsLocal;
use super::actions;
use super::columns::{Column, MEASURED, Sorted};
use super::data::{ResultsView, RowState, Standing, SweepRow};
use crate::app::core::command::Command;
use crate::app::ui::sort_head::{MARGIN, first_width, sort_head};
use crate::app::ui::table::{focus_ring, next_order, row_ground};
use crate::app::ui::tokens::{self, icon, tokens};

/// No column begins wider, in points.
const WIDEST: f32 = 220.0;
/// A column gets no more than this of the room that is left.
const MOST_MORE: f32 = 70.0;
/// At the right of the rows.
const SCROLL_BAR: f32 = 16.0;

/// The rows, while they are drawn. The heads stay in sight.
struct Rows<'a> {
    view: &'a ResultsView,
    order: &'a [usize],
    columns: Vec<Column>,
    /// The width that each column takes at first, in points.
    natural: Vec<f32>,
    local: &'a mut ResultsLocal,
    hovered: Option<usize>,
    out: &'a mut Vec<Command>,
}

pub fn table_ui(
    ui: &mut egui::Ui,
    view: &ResultsView,
    order: &[usize],
    local: &mut ResultsLocal,
    out: &mut Vec<Command>,
) {
    let columns = Column::all(view);
    let natural: Vec<f32> = (columns.iter())
        .map(|column| natural_width(ui, view, order, *column))
        .collect();
    // What is left of the room is shared out, within reason.
    let spare = ui.available_width() - natural.iter().sum::<f32>() - SCROLL_BAR;
    let more = (spare / columns.len().max(1) as f32).clamp(0.0, MOST_MORE);
    let natural: Vec<f32> = natural.into_iter().map(|width| width + more).collect();
    let widths: Vec<egui_table::Column> = (columns.iter().zip(&natural))
        .map(|(column, width)| {
            egui_table::Column::new(*width)
                .id(egui::Id::unique((
                    "column of the sweep",
                    column.title(view),
                )))
                .range(44.0..=700.0)
        })
        .collect();
    let mut rows = Rows {
        view,
        order,
        columns,
        natural,
        local,
        hovered: None,
        out,
    };
    egui_table::Table::new()
        .id_salt("sweep table")
        .headers([egui_table::HeaderRow::new(tokens::ROW_HEIGHT)])
        .columns(widths)
        .num_rows(order.len() as u64)
        .show(ui, &mut rows);
    let hovered = rows.hovered;
    // The chart, which is drawn before, knows of it in the next frame.
    if local.hovered_row != hovered {
        local.hovered_row = hovered;
        ui.ctx().request_repaint();
    }
    keys(ui, local);
}

/// What a column takes at first. Numbers grow a little while a sweep runs: what fits once is kept.
fn natural_width(ui: &egui::Ui, view: &ResultsView, order: &[usize], column: Column) -> f32 {
    let title = column.title(view);
    let id = egui::Id::unique(("width of a column of the sweep", title));
    first_width(ui, id, (title, view.rows.len()), WIDEST, |width| {
        let widest = match column {
            Column::State => width("88 of 88 trained"),
            Column::Epochs => width("888 of 888"),
            Column::Interval => width("88.8 to 88.8 %"),
            Column::Seconds => width("88 min 88 s"),
            _ => (order.iter().take(MEASURED))
                .map(|&index| column.text(view, &view.rows[index]))
                .max_by_key(|text| text.chars().count())
                .map_or(0.0, |text| width(&text)),
        };
        let mark = if column == Column::Goal { 18.0 } else { 0.0 };
        widest + mark
    })
}

impl egui_table::TableDelegate for Rows<'_> {
    fn header_cell_ui(&mut self, ui: &mut egui::Ui, cell: &egui_table::HeaderCellInfo) {
        if ui.is_sizing_pass() {
            ui.set_min_width(self.natural[cell.col_range.start]);
            return;
        }
        let column = self.columns[cell.col_range.start];
        let id = cell.table_id.with(("head", cell.col_range.start));
        head_ui(ui, id, self.view, column, &mut self.local.sorted);
    }

    fn row_ui(&mut self, ui: &mut egui::Ui, row: u64) {
        self.local.rows += 1;
        let index = self.order[row as usize];
        let is_hovered = self.local.hovered() == Some(index);
        let is_selected = is_selected(self.view, index, self.local);
        row_ground(ui, row, is_selected, is_hovered);
    }

    fn cell_ui(&mut self, ui: &mut egui::Ui, cell: &egui_table::CellInfo) {
        if ui.is_sizing_pass() {
            ui.set_min_width(self.natural[cell.col_nr]);
            return;
        }
        let view = self.view;
        let position = cell.row_nr as usize;
        let index = self.order[position];
        let row = &view.rows[index];
        let column = self.columns[cell.col_nr];
        // The keyboard stops at each row once.
        let is_first = cell.col_nr == 0;
        let sense = if is_first {
            Sense::click()
        } else {
            Sense::CLICK
        };
        let id = cell.table_id.with((index, cell.col_nr));
        let response = ui.interact(ui.max_rect(), id, sense);
        if response.hovered() {
            self.hovered = Some(index);
        }
        let rect = ui.max_rect().shrink2(egui::vec2(MARGIN, 0.0));
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let builder = egui::UiBuilder::new().max_rect(rect).layout(layout);
        cell_ui(&mut ui.new_child(builder), view, row, column);
        if is_first {
            let spoken = format!("Row of {}", view.row_name(row));
            let is_selected = is_selected(view, index, self.local);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Row, true, is_selected, &spoken)
            });
        }
        response.context_menu(|ui| actions::menu_ui(ui, view, row, self.out));
        if response.has_focus() {
            focus_ring(ui);
            if ui.input(|input| input.key_pressed(Key::Enter)) {
                actions::open(row, self.out);
            }
        }
        if response.double_clicked() {
            actions::open(row, self.out);
        } else if response.clicked() {
            let modifiers = ui.input(|input| input.modifiers);
            select(view, self.order, position, modifiers, self.local);
        }
        let hint = hint(view, row, column);
        if !hint.is_empty() {
            response.on_hover_text(hint);
        }
    }

    fn default_row_height(&self) -> f32 {
        tokens::ROW_HEIGHT + 2.0
    }
}

/// What is said beside the pointer, where a cell has more to say than it shows.
fn hint(view: &ResultsView, row: &SweepRow, column: Column) -> String {
    match column {
        Column::State => row.reason.clone().unwrap_or_default(),
        Column::Goal => match row.standing {
            Standing::Best => "The best setting so far".into(),
            Standing::LikeBest => "Not distinguishable from the best setting so far".into(),
            Standing::Behind => String::new(),
        },
        Column::Field(index) => {
            let text = row.setting(index);
            // What the cell may have cut.
            match text.chars().count() > 16 {
                true => format!("{}: {text}", view.fields[index]),
                false => String::new(),
            }
        }
        _ => String::new(),
    }
}

fn cell_ui(ui: &mut egui::Ui, view: &ResultsView, row: &SweepRow, column: Column) {
    let colors = tokens(ui);
    let text = column.text(view, row);
    let rich = match column {
        Column::State => {
            let color = match row.state {
                RowState::Failed => colors.danger,
                RowState::Running => colors.accent,
                RowState::Finished => colors.success,
                _ => colors.text_muted,
            };
            egui::RichText::new(text).color(color)
        }
        Column::Goal => match row.standing {
            Standing::Best => tokens::semibold(text).color(colors.text),
            _ => tokens::medium(text).color(colors.text),
        },
        _ => egui::RichText::new(text).color(colors.text),
    };
    let label = egui::Label::new(rich).truncate().selectable(false);
    if !column.is_number(view) {
        ui.add(label);
        return;
    }
    let right = egui::Layout::right_to_left(egui::Align::Center);
    ui.with_layout(right, |ui| {
        ui.add(label);
        let mark = match (column, row.standing) {
            (Column::Goal, Standing::Best) => icon::TROPHY,
            (Column::Goal, Standing::LikeBest) => icon::EQUALS,
            _ => return,
        };
        ui.add(egui::Label::new(egui::RichText::new(mark).color(colors.accent)).selectable(false));
    });
}

fn head_ui(
    ui: &mut egui::Ui,
    id: egui::Id,
    view: &ResultsView,
    column: Column,
    sorted: &mut Sorted,
) {
    let of_column = sorted.filter(|(by, _)| *by == column).map(|(_, down)| down);
    let words = (column.title(view), column.tooltip(view));
    if sort_head(ui, id, words, of_column, column.is_number(view)) {
        // Results begin with the best, settings with the smallest.
        let down = match column {
            Column::Goal => view.goal.info().higher_is_better,
            Column::Field(_) | Column::Seed | Column::State => false,
            _ => true,
        };
        *sorted = next_order(*sorted, column, down);
    }
}

/// The first cell of a row, which names it among the selected ones.
fn first_cell(view: &ResultsView, index: usize) -> usize {
    view.rows[index]
        .cells
        .first()
        .copied()
        .unwrap_or(usize::MAX)
}

pub fn is_selected(view: &ResultsView, index: usize, local: &ResultsLocal) -> bool {
    local.selected.contains(&first_cell(view, index))
}

/// What a click leaves selected: the row alone, with Ctrl added or taken away, with Shift all from the last one on.
fn select(
    view: &ResultsView,
    order: &[usize],
    position: usize,
    modifiers: egui::Modifiers,
    local: &mut ResultsLocal,
) {
    let cell = first_cell(view, order[position]);
    let anchor = local.anchor.and_then(|anchor| {
        order
            .iter()
            .position(|&index| first_cell(view, index) == anchor)
    });
    if modifiers.shift
        && let Some(anchor) = anchor
    {
        let range = &order[anchor.min(position)..=anchor.max(position)];
        local.selected = range.iter().map(|&index| first_cell(view, index)).collect();
        return;
    }
    local.anchor = Some(cell);
    if modifiers.command {
        if !local.selected.remove(&cell) {
            local.selected.insert(cell);
        }
    } else {
        local.selected = [cell].into();
    }
}

/// Escape takes a selection back, while nothing else has the focus.
fn keys(ui: &egui::Ui, local: &mut ResultsLocal) {
    if local.selected.is_empty() || ui.memory(|memory| memory.focused().is_some()) {
        return;
    }
    if ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Escape)) {
        local.selected.clear();
    }
}
