//! A matrix of classes against classes: a confusion matrix, or the difference of two. Drawn as cells
//! while they can be read, as one picture while they can't; only what is in sight is drawn.

mod layout;
mod paint;
mod view;

use eframe::egui::{self, Rect, Sense, vec2};

use super::widgets;
use crate::app::ui::tokens::{self, icon, tokens};
use layout::{LARGEST, MatrixLayout, cell_rect, in_sight, lay_out};
use paint::{SMALLEST_NUMBERED, cells_ui, names_ui, outline, picture_ui};
pub use view::MatrixView;

/// The largest cell that zooming reaches.
const NEAREST: f32 = 64.0;
/// Below this, cells are drawn as one picture.
const SMALLEST_DRAWN: f32 = 7.0;
/// Up to this many cells in sight, each can be reached by the keyboard and read out by itself.
const SPOKEN: usize = 100;

/// What a matrix remembers between frames.
#[derive(Default)]
pub struct MatrixLocal {
    /// Side of a cell in points; what fits while absent.
    zoom: Option<f32>,
    /// How far the cells are moved to the left and upwards.
    offset: egui::Vec2,
    /// The cell that the keyboard is at.
    focus: (usize, usize),
    picture: Option<(u64, bool, egui::TextureHandle)>,
}

impl MatrixLocal {
    /// Which part is in sight.
    pub fn seen(&self) -> (Option<f32>, egui::Vec2) {
        (self.zoom, self.offset)
    }

    /// Shows the same part as `other`.
    pub fn follow(&mut self, other: &Self) {
        (self.zoom, self.offset) = other.seen();
    }
}

/// Buttons that zoom, for those without a wheel.
pub fn zoom_ui(ui: &mut egui::Ui, local: &mut MatrixLocal, cell: f32) {
    // Icon buttons don't wrap by themselves: all three begin the next line where they don't fit on this one.
    if ui.available_size_before_wrap().x < 3.0 * (tokens::CONTROL_HEIGHT + tokens::SPACE_S) {
        ui.end_row();
    }
    let change = |local: &mut MatrixLocal, factor: f32| {
        local.zoom = Some((local.zoom.unwrap_or(cell) * factor).clamp(1.0, LARGEST));
    };
    let tooltip = "Make the cells smaller (Ctrl and the wheel over the matrix)";
    if widgets::icon_button(ui, icon::MAGNIFYING_GLASS_MINUS, "Zoom out", tooltip).clicked() {
        change(local, 1.0 / 1.5);
    }
    let tooltip = "Make the cells larger (Ctrl and the wheel over the matrix); drag to move";
    if widgets::icon_button(ui, icon::MAGNIFYING_GLASS_PLUS, "Zoom in", tooltip).clicked() {
        change(local, 1.5);
    }
    let tooltip = "Show the whole matrix";
    if widgets::icon_button(ui, icon::ARROWS_OUT, "Show the whole matrix", tooltip).clicked() {
        local.zoom = None;
        local.offset = egui::Vec2::ZERO;
    }
}

/// Draws the matrix in a room of `size`; the cell that was chosen, as row and column, and how large
/// cells are.
pub fn matrix_ui(
    ui: &mut egui::Ui,
    view: &MatrixView,
    local: &mut MatrixLocal,
    size: egui::Vec2,
    name: &str,
) -> (Option<(usize, usize)>, f32) {
    let colors = tokens(ui);
    let n = view.len();
    if n == 0 {
        return (None, 0.0);
    }
    let room = Rect::from_min_size(ui.cursor().min, size);
    let mut layout = lay_out(ui, view, local, room);
    // No more than the cells take: a small matrix leaves no hole.
    let taken = layout.cells.max - room.min + vec2(2.0, 2.0);
    let (rect, _) = ui.allocate_exact_size(taken.min(size), Sense::hover());
    layout.cells = layout.cells.translate(rect.min - room.min);
    let id = ui.make_persistent_id(("matrix", name));
    let area = ui.interact(layout.cells, id, Sense::click_and_drag());
    steer(ui, &area, view, local, &mut layout, rect);
    local.offset = layout.offset;

    let painter = ui.painter_at(layout.cells);
    painter.rect_filled(layout.cells, 0.0, colors.sunken);
    let rows = in_sight(layout.offset.y, layout.cells.height(), layout.cell, n);
    let columns = in_sight(layout.offset.x, layout.cells.width(), layout.cell, n);
    if layout.cell < SMALLEST_DRAWN {
        picture_ui(ui, &painter, view, local, &layout);
    } else {
        cells_ui(ui, &painter, view, &layout, &rows, &columns);
    }
    names_ui(ui, view, &layout, rect, &rows, &columns);

    let mut chosen = None;
    let at = |position: egui::Pos2| {
        let inside = (position - layout.cells.min + layout.offset) / layout.cell;
        let (row, column) = (inside.y.floor(), inside.x.floor());
        (row >= 0.0 && column >= 0.0 && (row as usize) < n && (column as usize) < n)
            .then_some((row as usize, column as usize))
    };
    if rows.len() * columns.len() <= SPOKEN && layout.cell >= SMALLEST_NUMBERED {
        for row in rows.clone() {
            for column in columns.clone() {
                let cell = cell_rect(&layout, row, column).intersect(layout.cells);
                let response = ui.interact(cell, id.with((row, column)), Sense::click());
                let sentence = view.sentence(row, column);
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &sentence)
                });
                if response.hovered() || response.has_focus() {
                    outline(&painter, &layout, row, column, colors);
                }
                if response.on_hover_text(sentence).clicked() {
                    chosen = Some((row, column));
                }
            }
        }
    } else {
        if area.has_focus() {
            outline(&painter, &layout, local.focus.0, local.focus.1, colors);
        }
        let spoken = view.sentence(local.focus.0.min(n - 1), local.focus.1.min(n - 1));
        area.widget_info(|| {
            let classes = crate::format::plural(n as u64, "class", "classes");
            let text = format!("{name}, {classes}. {spoken}");
            egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, text)
        });
        if let Some((row, column)) = area.hover_pos().and_then(at) {
            outline(&painter, &layout, row, column, colors);
            let sentence = view.sentence(row, column);
            area.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(sentence);
            });
        }
        if area.clicked() {
            chosen = area.interact_pointer_pos().and_then(at);
            local.focus = chosen.unwrap_or(local.focus);
        }
        let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
        if area.has_focus() && enter {
            chosen = Some((local.focus.0.min(n - 1), local.focus.1.min(n - 1)));
        }
    }
    (chosen, layout.cell)
}

/// Wheel, drag and arrow keys.
fn steer(
    ui: &egui::Ui,
    area: &egui::Response,
    view: &MatrixView,
    local: &mut MatrixLocal,
    layout: &mut MatrixLayout,
    rect: Rect,
) {
    let n = view.len();
    let whole = n as f32 * layout.cell;
    let most = (vec2(whole, whole) - layout.cells.size()).max(egui::Vec2::ZERO);
    let pointer = ui
        .ctx()
        .pointer_hover_pos()
        .filter(|position| layout.cells.contains(*position) && ui.rect_contains_pointer(rect));
    if let Some(pointer) = pointer {
        let zoom = ui.input(egui::InputState::zoom_delta);
        if (zoom - 1.0).abs() > 1e-3 {
            let inside = (pointer - layout.cells.min + layout.offset) / layout.cell;
            let cell = (layout.cell * zoom).clamp(1.0, NEAREST.max(layout.cell));
            local.zoom = Some(cell);
            layout.offset = inside * cell - (pointer - layout.cells.min);
            ui.ctx().request_repaint();
        }
        let scroll = ui.input(|input| input.smooth_scroll_delta());
        if scroll != egui::Vec2::ZERO && most != egui::Vec2::ZERO {
            let moved = (layout.offset - scroll).clamp(egui::Vec2::ZERO, most);
            if moved != layout.offset {
                layout.offset = moved;
                ui.input_mut(|input| input.smooth_scroll_delta = egui::Vec2::ZERO);
            }
        }
    }
    if area.dragged() {
        layout.offset -= area.drag_delta();
    }
    if area.has_focus() {
        let step = |key| ui.input(|input| input.key_pressed(key));
        let (mut row, mut column) = local.focus;
        if step(egui::Key::ArrowDown) {
            row = (row + 1).min(n - 1);
        }
        if step(egui::Key::ArrowUp) {
            row = row.saturating_sub(1);
        }
        if step(egui::Key::ArrowRight) {
            column = (column + 1).min(n - 1);
        }
        if step(egui::Key::ArrowLeft) {
            column = column.saturating_sub(1);
        }
        if (row, column) != local.focus {
            local.focus = (row, column);
            let corner = vec2(column as f32, row as f32) * layout.cell;
            let end = corner + vec2(layout.cell, layout.cell) - layout.cells.size();
            layout.offset = layout.offset.max(end).min(corner);
        }
        ui.memory_mut(|memory| {
            memory.set_focus_lock_filter(
                area.id,
                egui::EventFilter {
                    horizontal_arrows: true,
                    vertical_arrows: true,
                    ..Default::default()
                },
            );
        });
    }
    layout.offset = layout.offset.clamp(egui::Vec2::ZERO, most);
}
