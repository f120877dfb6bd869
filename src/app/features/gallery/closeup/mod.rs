//! One picture large: what the network saw, where it looked, how sure it was, and what it learned from.

mod details;
mod header;
mod pictures;

use eframe::egui::{self, Rect, UiBuilder};

use super::heat::HeatCache;
use super::view::{GalleryView, ReadyView};
use super::{GalleryLocal, keys};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::ui::tokens;
use details::details_ui;
pub use header::exclude_button;
use header::header_ui;
use pictures::{map_ui, pictures_ui};

/// From this width on, details stand beside the picture.
const WIDE: f32 = 600.0;
/// The width of the details.
const DETAILS: f32 = 300.0;

/// What the close-up remembers between frames.
pub struct CloseupLocal {
    /// Whether the class activation map is laid over the picture.
    pub map: bool,
    /// 0 to 1.
    pub opacity: f32,
    /// The class that the map is for; the network's own answer when absent.
    pub class: Option<u32>,
    /// Whether training pictures that are alike are wanted.
    pub neighbours: bool,
    heat: HeatCache,
}

impl Default for CloseupLocal {
    fn default() -> Self {
        Self {
            map: true,
            opacity: 0.6,
            class: None,
            neighbours: false,
            heat: HeatCache::default(),
        }
    }
}

pub fn closeup_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: &ReadyView,
    picture_index: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    keys::closeup_keys(ui, ready, local);
    header_ui(ui, ready, picture_index, state, local, out);
    ui.add_space(tokens::SPACE_XS);
    local.requests.picture = ready.source(picture_index).cloned();
    if ui.available_width() < WIDE {
        egui::ScrollArea::vertical()
            .id_salt("closeup")
            .auto_shrink(false)
            .show(ui, |ui| {
                map_ui(ui, ready, local);
                let height = (ui.clip_rect().height() * 0.55).clamp(160.0, 420.0);
                pictures_ui(ui, view, ready, picture_index, state, local, height);
                details_ui(ui, view, ready, picture_index, state, local, out);
            });
        return;
    }
    // Each column has its place, whatever the other one holds.
    let room = ui.available_rect_before_wrap();
    let mut left = room;
    left.max.x -= DETAILS + tokens::SPACE_L;
    let mut right = room;
    right.min.x = left.max.x + tokens::SPACE_L;
    column_ui(ui, left, |ui| {
        map_ui(ui, ready, local);
        let height = ui.available_height();
        pictures_ui(ui, view, ready, picture_index, state, local, height);
    });
    column_ui(ui, right, |ui| {
        egui::ScrollArea::vertical()
            .id_salt("details")
            .auto_shrink(false)
            .show(ui, |ui| {
                ui.set_max_width(DETAILS - tokens::SPACE_M);
                details_ui(ui, view, ready, picture_index, state, local, out);
            });
    });
    ui.advance_cursor_after_rect(room);
}

fn column_ui(ui: &mut egui::Ui, rect: Rect, add: impl FnOnce(&mut egui::Ui)) {
    let layout = egui::Layout::top_down(egui::Align::Min);
    let mut column = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    column.set_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
    add(&mut column);
}
