//! The wall of pictures: only visible rows exist.

use eframe::egui::{self, Rect, pos2, vec2};

use super::card::{TEXT_HEIGHT, card_id, card_ui};
use super::view::ReadyView;
use super::{GalleryLocal, keys};
use crate::app::core::state::State;
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::widgets;
use crate::evaluation::gallery::Filter;

/// Between pictures, in points.
const GAP: f32 = 10.0;

pub fn grid_ui(ui: &mut egui::Ui, ready: &ReadyView, state: &State, local: &mut GalleryLocal) {
    if ready.picture_indices.is_empty() {
        widgets::empty_state(
            ui,
            icon::FUNNEL,
            "No picture passes the filters",
            "The filters leave out every prediction of this run.",
            |ui| {
                if widgets::primary_button(ui, "Show all", "Clear every filter").clicked() {
                    local.query.filter = Filter::default();
                }
            },
        );
        return;
    }
    let scroll = egui::ScrollArea::vertical()
        .id_salt("gallery")
        .auto_shrink(false);
    scroll.show_viewport(ui, |ui, viewport| {
        let layout = Layout::new(ui, local.side, ready.picture_indices.len());
        keys::grid_keys(ui, ready, layout.columns, local);
        ui.set_height(layout.height());
        ui.set_width(ui.available_width());
        for row in layout.visible(viewport) {
            let positions =
                row * layout.columns..((row + 1) * layout.columns).min(ready.picture_indices.len());
            for position in positions {
                let picture_index = ready.picture_indices[position];
                let response = card_ui(
                    ui,
                    layout.card(position),
                    picture_index,
                    ready,
                    state,
                    local,
                );
                if response.clicked() {
                    local.look_at(picture_index);
                } else if response.has_focus() && !local.reveal {
                    // By the tabulator; a key that has just moved on to another card is not undone.
                    local.current = Some(picture_index);
                }
            }
        }
        reveal(ui, ready, &layout, local);
    });
}

/// Brings the picture under the keyboard into view.
fn reveal(ui: &egui::Ui, ready: &ReadyView, layout: &Layout, local: &mut GalleryLocal) {
    if !std::mem::take(&mut local.reveal) {
        return;
    }
    let Some(current) = local.current else { return };
    if let Some(position) = ready
        .picture_indices
        .iter()
        .position(|&picture_index| picture_index == current)
    {
        ui.scroll_to_rect(layout.card(position).expand(GAP), None);
        let id = card_id(ui, current);
        ui.memory_mut(|memory| memory.request_focus(id));
        // The arrows are the gallery's from the frame after: before the next key is pressed.
        ui.ctx().request_repaint();
    }
}

/// Where each card stands.
struct Layout {
    origin: egui::Pos2,
    card: egui::Vec2,
    columns: usize,
    rows: usize,
}

impl Layout {
    fn new(ui: &egui::Ui, side: f32, count: usize) -> Self {
        // Room for the scroll bar, and for the frame of the current card.
        let width = (ui.available_width() - 2.0 * tokens::SPACE_S).max(side);
        let columns = (((width + GAP) / (side + GAP)).floor() as usize).max(1);
        // Pictures grow until they fill the row, which a last gap would leave empty.
        let side = ((width + GAP) / columns as f32 - GAP).clamp(side, 1.5 * side);
        let card = vec2(side, side + TEXT_HEIGHT);
        Self {
            origin: ui.max_rect().min + vec2(4.0, 4.0),
            card,
            columns,
            rows: count.div_ceil(columns),
        }
    }

    fn pitch(&self) -> egui::Vec2 {
        self.card + vec2(GAP, GAP)
    }

    fn height(&self) -> f32 {
        self.rows as f32 * self.pitch().y
    }

    fn visible(&self, viewport: Rect) -> std::ops::Range<usize> {
        let first = (viewport.min.y / self.pitch().y).floor().max(0.0) as usize;
        let last = (viewport.max.y / self.pitch().y).ceil().max(0.0) as usize;
        first.min(self.rows)..last.min(self.rows)
    }

    fn card(&self, index: usize) -> Rect {
        let (row, column) = (index / self.columns, index % self.columns);
        let offset = vec2(column as f32 * self.pitch().x, row as f32 * self.pitch().y);
        let min = self.origin + offset;
        Rect::from_min_size(pos2(min.x, min.y), self.card)
    }
}
