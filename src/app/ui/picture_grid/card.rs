//! One answer as a small picture with two lines of text.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, pos2, vec2};

use super::{GridLocal, GridPictures};
use crate::app::core::state::State;
use crate::app::ui::textures::TextureKey;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::PictureSource;

/// Height of the two lines below the picture.
pub const TEXT_HEIGHT: f32 = 36.0;

/// What stands on and below a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct CardText {
    /// Of the line along the picture's lower edge.
    pub mark: Color32,
    /// Of a dot in its upper right corner.
    pub dot: Option<Color32>,
    /// The answer, and its colour.
    pub answer: (String, Color32),
    /// At the right of the answer, which gives way to it: how sure it is.
    pub confidence: String,
    /// In small print below.
    pub below: String,
}

/// The texture of a picture whose pixels are those of `source`.
pub fn texture_key(source: &PictureSource) -> TextureKey {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    TextureKey {
        generation: hasher.finish(),
        index: 0,
    }
}

/// A thumbnail in `rect`, or what stands for it; asks for it while it is missing.
pub fn thumbnail_ui(
    ui: &egui::Ui,
    rect: Rect,
    source: Option<&PictureSource>,
    state: &State,
    local: &mut GridLocal,
) {
    let colors = tokens(ui);
    ui.painter()
        .rect_filled(rect, tokens::RADIUS_S, colors.sunken);
    let symbol = |symbol: &str, color| {
        let font = FontId::proportional(tokens::TEXT_TITLE);
        ui.painter()
            .text(rect.center(), Align2::CENTER_CENTER, symbol, font, color);
    };
    let Some(source) = source else {
        symbol(icon::WARNING, colors.text_faint);
        return;
    };
    // Also when it is there: what is on screen is kept.
    local.request_thumbnail(source);
    match state.gallery.thumbnails.get(source) {
        Some(Ok(pixels)) => {
            if let Some(texture) = local.textures.get(ui.ctx(), texture_key(source), pixels) {
                let size = texture.size_vec2();
                let scale = (rect.width() / size.x).min(rect.height() / size.y).min(8.0);
                egui::Image::new(&texture)
                    .corner_radius(tokens::RADIUS_S)
                    .paint_at(ui, Rect::from_center_size(rect.center(), size * scale));
            }
        }
        Some(Err(_)) => symbol(icon::WARNING, colors.danger),
        None => symbol(icon::IMAGE, colors.outline_strong),
    }
}

/// Draws a picture's card in `rect`; the response tells of clicks.
pub fn card_ui(
    ui: &mut egui::Ui,
    rect: Rect,
    picture_index: u32,
    pictures: &dyn GridPictures,
    state: &State,
    local: &mut GridLocal,
) -> egui::Response {
    local.cards += 1;
    let colors = tokens(ui);
    let id = card_id(ui, picture_index);
    let response = ui.interact(rect, id, Sense::click());
    let is_current = local.current == Some(picture_index);
    response.widget_info(|| {
        let role = egui::accesskit::Role::ListBoxOption;
        egui::WidgetInfo::selected(role, true, is_current, pictures.spoken(picture_index))
    });
    if response.hovered() || is_current {
        let fill = if is_current {
            colors.accent_faint
        } else {
            colors.faint
        };
        ui.painter()
            .rect_filled(rect.expand(3.0), tokens::RADIUS_M, fill);
    }
    let mut picture = rect;
    picture.set_height(rect.width());
    thumbnail_ui(ui, picture, pictures.source(picture_index), state, local);
    let text = pictures.card(colors, picture_index);
    let mark = Rect::from_min_max(
        pos2(picture.left(), picture.bottom() - 3.0),
        picture.right_bottom(),
    );
    ui.painter().rect_filled(mark, 1.0, text.mark);
    if let Some(color) = text.dot {
        let center = picture.right_top() + vec2(-8.0, 8.0);
        ui.painter().circle_filled(center, 5.0, colors.surface);
        ui.painter().circle_filled(center, 4.0, color);
    }

    let line = |row: f32| {
        let top = picture.bottom() + 2.0 + row * 16.0;
        Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), 16.0))
    };
    let (first, second) = (line(0.0), line(1.0));
    let body = FontId::proportional(tokens::TEXT_BODY);
    let small = FontId::proportional(tokens::TEXT_SMALL);
    let used = ui.painter().text(
        first.right_center(),
        Align2::RIGHT_CENTER,
        text.confidence,
        body.clone(),
        colors.text_muted,
    );
    let mut room = first;
    room.set_right(used.left() - 4.0);
    let (answer, color) = text.answer;
    widgets::elided(ui, room, &answer, body, color);
    widgets::elided(ui, second, &text.below, small, colors.text_muted);
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect.expand(3.0),
            tokens::RADIUS_M,
            egui::Stroke::new(1.5, colors.accent),
            egui::StrokeKind::Inside,
        );
    }
    let tip = |ui: &mut egui::Ui| {
        pictures.tip_ui(ui, picture_index);
        ui.label(tokens(ui).small("Click or press Enter for a close look"));
    };
    response.on_hover_ui(tip)
}

/// Rows of a card's tip, each a label with its value; small, because the tip covers other pictures.
pub fn tip_rows_ui(ui: &mut egui::Ui, rows: impl FnOnce(&mut dyn FnMut(&str, &str))) {
    ui.spacing_mut().interact_size.y = 0.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    egui::Grid::new("tip").num_columns(2).show(ui, |ui| {
        rows(&mut |label, value| {
            ui.label(tokens(ui).small(label));
            ui.label(value);
            ui.end_row();
        });
    });
}

/// The id of a picture's card.
pub(super) fn card_id(ui: &egui::Ui, picture_index: u32) -> egui::Id {
    ui.scope_id().with(("card", picture_index))
}
