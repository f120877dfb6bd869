//! The lesson's prediction analysis: correct and confident, correct and uncertain, wrong.

use eframe::egui::{self, Rect, vec2};

use super::card::GalleryPictures;
use super::view::{LessonRow, ReadyView};
use super::{GalleryLocal, Mode};
use crate::app::core::state::State;
use crate::app::ui::picture_grid::{GAP, TEXT_HEIGHT, card_ui};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::evaluation::gallery::SortBy;
use crate::format;

pub fn lesson_ui(ui: &mut egui::Ui, ready: &ReadyView, state: &State, local: &mut GalleryLocal) {
    egui::ScrollArea::vertical()
        .id_salt("lesson")
        .auto_shrink(false)
        .show(ui, |ui| {
            for row in &ready.lesson {
                row_ui(ui, row, ready, state, local);
                ui.add_space(tokens::SPACE_M);
            }
        });
}

fn row_ui(
    ui: &mut egui::Ui,
    row: &LessonRow,
    ready: &ReadyView,
    state: &State,
    local: &mut GalleryLocal,
) {
    let colors = tokens(ui);
    let count = row.picture_indices.len();
    ui.horizontal_wrapped(|ui| {
        let color = if row.right {
            colors.success
        } else {
            colors.danger
        };
        ui.label(tokens::semibold(row.title).color(color));
        let number = format::plural(count as u64, "picture", "pictures");
        ui.label(colors.muted(format!("{number}, {}", row.explanation)));
        if count > 0
            && ui
                .button("Show these")
                .accessible_name(format!("Show all that are {}", row.title.to_lowercase()))
                .on_hover_text("Show all pictures of this group, and nothing else")
                .clicked()
        {
            local.query.filter.right = Some(row.right);
            local.query.filter.confidence = row.confidence;
            local.query.sort = SortBy::Confidence;
            local.query.largest_first = row.largest_first;
            local.mode = Mode::Grid;
        }
    });
    if count == 0 {
        widgets::note(ui, &row.none);
        return;
    }
    // As many as fit, and no fewer than the height of three rows leaves room for.
    let height = (ui.clip_rect().height() / 3.0 - 60.0 - TEXT_HEIGHT).clamp(96.0, 180.0);
    let width = ui.available_width() - tokens::SPACE_S;
    let fitting = (((width + GAP) / (height + GAP)).floor() as usize).max(1);
    let (space, _) = ui.allocate_exact_size(
        vec2(width, height + TEXT_HEIGHT + 6.0),
        egui::Sense::hover(),
    );
    let pictures = GalleryPictures {
        ready,
        sort: local.query.sort,
    };
    let grid = &mut local.grid;
    for (index, &picture_index) in row.picture_indices.iter().take(fitting).enumerate() {
        let min = space.min + vec2(4.0 + index as f32 * (height + GAP), 3.0);
        let rect = Rect::from_min_size(min, vec2(height, height + TEXT_HEIGHT));
        if card_ui(ui, rect, picture_index, &pictures, state, grid).clicked() {
            grid.look_at(picture_index);
        }
    }
}
