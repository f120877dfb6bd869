//! The table of a sweep: only what varies, and what came of it. Rows and columns in sight alone are laid out.

use eframe::egui::{self, Key, Sense};

use super::ResultsLocal;
use super::actions;
use super::columns::{Column, MEASURED, Sorted};
use super::data::{ResultsView, RowState, Standing, SweepRow};
use crate::app::core::command::Command;
use crate::app::ui::table::next_order;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;

/// At both sides of what stands in a cell, in points.
const MARGIN: f32 = 6.0;
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
    columns: Vec<(Column, bool)>,
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
    let columns: Vec<(Column, bool)> = (Column::all(view).into_iter())
        .map(|column| (column, column.is_number(view)))
        .collect();
    let natural: Vec<f32> = (columns.iter())
        .map(|(column, _)| natural_width(ui, view, order, *column))
        .collect();
    // What is left of the room is shared out, within reason.
    let spare = ui.available_width() - natural.iter().sum::<f32>() - SCROLL_BAR;
    let more = (spare / columns.len().max(1) as f32).clamp(0.0, MOST_MORE);
    let natural: Vec<f32> = natural.into_iter().map(|width| width + more).collect();
    let widths: Vec<egui_table::Column> = (columns.iter().zip(&natural))
        .map(|((column, _), width)| {
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
    if let Some(hovered) = hovered
        && local.hovered != Some(hovered)
    {
        local.hovered = Some(hovered);
        ui.ctx().request_repaint();
    }
    keys(ui, local);
}

/// What a column takes at first, remembered for the view at hand.
fn natural_width(ui: &egui::Ui, view: &ResultsView, order: &[usize], column: Column) -> f32 {
    let id = egui::Id::unique(("width of a column of the sweep", column.title(view)));
    let known = ui.data(|data| data.get_temp::<(usize, f32)>(id));
    // Numbers grow a little while a sweep runs: what fits once is kept.
    if let Some((rows, width)) = known
        && rows == view.rows.len()
    {
        return width;
    }
    let head = widgets::text_width(
        ui,
        column.title(view),
        tokens::medium_font(tokens::TEXT_SMALL),
    ) + 16.0;
    let font = || egui::FontId::proportional(tokens::TEXT_BODY);
    let widest = match column {
        Column::State => widgets::text_width(ui, "88 of 88 trained", font()),
        Column::Epochs => widgets::text_width(ui, "888 of 888", font()),
        Column::Interval => widgets::text_width(ui, "88.8 to 88.8 %", font()),
        Column::Seconds => widgets::text_width(ui, "88 min 88 s", font()),
        _ => (order.iter().take(MEASURED))
            .map(|&index| column.text(view, &view.rows[index]))
            .max_by_key(|text| text.chars().count())
            .map_or(0.0, |text| widgets::text_width(ui, &text, font())),
    };
    let mark = if column == Column::Goal { 18.0 } else { 0.0 };
    let width = (head.max(widest + mark) + 2.0 * MARGIN).ceil().min(WIDEST);
    ui.data_mut(|data| data.insert_temp(id, (view.rows.len(), width)));
    width
}

impl egui_table::TableDelegate for Rows<'_> {
    fn header_cell_ui(&mut self, ui: &mut egui::Ui, cell: &egui_table::HeaderCellInfo) {
        if ui.is_sizing_pass() {
            ui.set_min_width(self.natural[cell.col_range.start]);
            return;
        }
        let (column, is_number) = self.columns[cell.col_range.start];
        let id = cell.table_id.with(("head", cell.col_range.start));
        head_ui(
            ui,
            id,
            self.view,
            (column, is_number),
            &mut self.local.sorted,
        );
    }

    fn row_ui(&mut self, ui: &mut egui::Ui, row: u64) {
        self.local.rows += 1;
        let colors = tokens(ui);
        let index = self.order[row as usize];
        let rect = ui.max_rect();
        if is_selected(self.view, index, self.local) {
            ui.painter().rect_filled(rect, 0.0, colors.accent_faint);
        } else if self.local.hovered == Some(index) {
            ui.painter().rect_filled(rect, 0.0, colors.raised_hover);
        } else if row % 2 == 1 {
            ui.painter().rect_filled(rect, 0.0, colors.faint);
        }
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
        let (column, is_number) = self.columns[cell.col_nr];
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
        cell_ui(&mut ui.new_child(builder), view, row, column, is_number);
        if is_first {
            let spoken = format!("Row of {}", view.row_name(row));
            let is_selected = is_selected(view, index, self.local);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Row, true, is_selected, &spoken)
            });
        }
        response.context_menu(|ui| actions::menu_ui(ui, view, row, self.out));
        if response.has_focus() {
            let stroke = egui::Stroke::new(1.0, tokens(ui).accent);
            ui.painter()
                .rect_stroke(ui.max_rect(), 0.0, stroke, egui::StrokeKind::Inside);
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
            let text = row.settings.get(index).map_or("", String::as_str);
            // What the cell may have cut.
            match text.chars().count() > 16 {
                true => format!("{}: {text}", view.fields[index]),
                false => String::new(),
            }
        }
        _ => String::new(),
    }
}

fn cell_ui(ui: &mut egui::Ui, view: &ResultsView, row: &SweepRow, column: Column, is_number: bool) {
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
    if !is_number {
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

/// A head that sorts, with an arrow where it does.
fn head_ui(
    ui: &mut egui::Ui,
    id: egui::Id,
    view: &ResultsView,
    (column, is_number): (Column, bool),
    sorted: &mut Sorted,
) {
    let colors = tokens(ui);
    let of_column = sorted.filter(|(by, _)| *by == column).map(|(_, down)| down);
    let arrow = match of_column {
        Some(true) => icon::CARET_DOWN,
        Some(false) => icon::CARET_UP,
        None => "",
    };
    let response = ui.interact(ui.max_rect(), id, Sense::click());
    if response.hovered() || response.has_focus() {
        (ui.painter()).rect_filled(ui.max_rect(), tokens::RADIUS_S, colors.raised_hover);
    }
    let title = column.title(view);
    let name = format!("Sort by {title}");
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, of_column.is_some(), &name)
    });
    let color = if of_column.is_some() {
        colors.text
    } else {
        colors.text_muted
    };
    let text = format!("{title} {arrow}");
    let text = tokens::medium(text.trim())
        .size(tokens::TEXT_SMALL)
        .color(color);
    let label = egui::Label::new(text).truncate().selectable(false);
    let rect = ui.max_rect().shrink2(egui::vec2(MARGIN, 0.0));
    let layout = match is_number {
        true => egui::Layout::right_to_left(egui::Align::Center),
        false => egui::Layout::left_to_right(egui::Align::Center),
    };
    ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout))
        .add(label);
    let response = response.on_hover_text(format!("{}. Click to sort", column.tooltip(view)));
    if response.clicked() {
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
