//! One picture large: what networks saw, where they looked, how sure they were, and what they learned from.

mod bars;
mod header;
pub mod heat;
mod neighbours;
mod pictures;

use eframe::egui::{self, Rect, RichText, UiBuilder, vec2};

use crate::app::ui::tokens::{self, Tokens, tokens};
use crate::evaluation::novelty::{Novelty, distance_text, rate_text};
pub use bars::{ClassBar, bars_ui};
pub use header::header_ui;
use heat::HeatCache;
pub use neighbours::{NeighboursOf, neighbours_ui};
pub use pictures::{RunView, map_ui, method_ui, pictures_ui};

/// From this width on, details stand beside the picture.
const WIDE: f32 = 600.0;
/// The width of the details.
const DETAILS: f32 = 300.0;

/// What a close-up remembers between frames.
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

/// What stands beside, or below, each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// The picture, and so high, in points; as high as there is room where that is not said.
    Pictures(Option<f32>),
    /// What is known of it.
    Details,
}

/// Gives picture and details their room.
pub fn parts_ui(ui: &mut egui::Ui, mut part_ui: impl FnMut(&mut egui::Ui, Part)) {
    if ui.available_width() < WIDE {
        egui::ScrollArea::vertical()
            .id_salt("closeup")
            .auto_shrink(false)
            .show(ui, |ui| {
                let height = (ui.clip_rect().height() * 0.55).clamp(160.0, 420.0);
                part_ui(ui, Part::Pictures(Some(height)));
                part_ui(ui, Part::Details);
            });
        return;
    }
    // Each column has its place, whatever the other one holds.
    let room = ui.available_rect_before_wrap();
    let mut left = room;
    left.max.x -= DETAILS + tokens::SPACE_L;
    let mut right = room;
    right.min.x = left.max.x + tokens::SPACE_L;
    column_ui(ui, left, |ui| part_ui(ui, Part::Pictures(None)));
    column_ui(ui, right, |ui| {
        egui::ScrollArea::vertical()
            .id_salt("details")
            .auto_shrink(false)
            .show(ui, |ui| {
                ui.set_max_width(DETAILS - tokens::SPACE_M);
                part_ui(ui, Part::Details);
            });
    });
    ui.advance_cursor_after_rect(room);
}

/// What is known of the picture, in rows: a label, a value, and what it means.
pub fn fact_rows_ui(ui: &mut egui::Ui, rows: impl FnOnce(&mut dyn FnMut(&str, RichText, &str))) {
    egui::Grid::new("facts")
        .num_columns(2)
        .spacing(vec2(tokens::SPACE_L, tokens::SPACE_XS))
        .show(ui, |ui| {
            rows(&mut |label, value, tooltip| {
                ui.label(tokens(ui).muted(label)).on_hover_text(tooltip);
                ui.label(value);
                ui.end_row();
            });
        });
}

/// "0.31 of 0.40 allowed"
pub fn of_allowed(novelty: Novelty) -> String {
    format!(
        "{} of {} allowed",
        distance_text(novelty.distance),
        distance_text(novelty.threshold)
    )
}

/// How unlike the picture is to those that the run learned from, of what is allowed. A row of [`fact_rows_ui`].
pub fn distance_row_ui(
    row: &mut dyn FnMut(&str, RichText, &str),
    colors: &Tokens,
    novelty: Novelty,
) {
    let text = of_allowed(novelty);
    let color = match novelty.is_none_of_these() {
        true => colors.warning,
        false => colors.text,
    };
    let tooltip = format!(
        "How unlike the picture is to the most similar one that the run learned from: 1 minus the cosine similarity of their \
         features. What is further than allowed is none of the classes; {} of your own pictures may be.",
        rate_text(novelty.rate)
    );
    row("Distance", RichText::new(text).color(color), &tooltip);
}

fn column_ui(ui: &mut egui::Ui, rect: Rect, add: impl FnOnce(&mut egui::Ui)) {
    let layout = egui::Layout::top_down(egui::Align::Min);
    let mut column = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    column.set_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
    add(&mut column);
}
