//! One answer as a small picture with two lines of text.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, pos2, vec2};

use super::{GridLocal, GridPictures};
use crate::app::core::state::State;
use crate::app::ui::textures::TextureKey;
use crate::app::ui::tokens::{self, Tokens, icon, tokens};
use crate::app::ui::widgets;
use crate::data::{PictureSource, Split};

/// Height of the two lines below the picture.
pub const TEXT_HEIGHT: f32 = 36.0;

/// What stands on and below a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct CardText {
    /// Of the line along the picture's lower edge.
    pub mark: Color32,
    /// Of a dot in its upper right corner: the part of the split, where that says something.
    pub dot: Option<Color32>,
    /// What the dot means, beside it, where pictures without one stand around it.
    pub dot_text: &'static str,
    /// The answer, and its colour.
    pub answer: (String, Color32),
    /// At the right of the answer, which gives way to it: how sure it is.
    pub confidence: String,
    /// In small print below.
    pub below: String,
    /// Whether that is a file's name, whose end says as much as its beginning.
    pub is_file_name: bool,
}

/// The colour of a part of the split, as in the data view.
pub fn split_color(colors: &Tokens, split: Split) -> Color32 {
    match split {
        Split::Train => colors.split_train,
        Split::Validation => colors.split_validation,
        Split::Test => colors.split_test,
    }
}

/// `text`; where it is wider than `width` points, its beginning and its end around an ellipsis.
pub fn middle_elided<'a>(ui: &egui::Ui, text: &'a str, width: f32, font: &FontId) -> Cow<'a, str> {
    let fits = |text: &str| widgets::text_width(ui, text, font.clone()) <= width;
    if fits(text) {
        return text.into();
    }
    let letters: Vec<char> = text.chars().collect();
    let around = |kept: usize| -> String {
        let end = letters.len() - kept.div_ceil(2);
        let beginning = letters.iter().take(kept / 2);
        beginning
            .chain(['…'].iter())
            .chain(&letters[end..])
            .collect()
    };
    // So many letters fit, and so many do not.
    let (mut few, mut many) = (0, letters.len());
    while many - few > 1 {
        let kept = few.midpoint(many);
        match fits(&around(kept)) {
            true => few = kept,
            false => many = kept,
        }
    }
    around(few).into()
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
    let fill = colors.choice_fill(is_current, response.hovered());
    ui.painter()
        .rect_filled(rect.expand(3.0), tokens::RADIUS_M, fill);
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
        dot_ui(ui, picture, color, text.dot_text);
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
    let below = match text.is_file_name {
        true => middle_elided(ui, &text.below, second.width(), &small),
        false => text.below.as_str().into(),
    };
    widgets::elided(ui, second, &below, small, colors.text_muted);
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

/// A dot in the picture's upper right corner, and what it means.
fn dot_ui(ui: &egui::Ui, picture: Rect, color: Color32, text: &'static str) {
    let colors = tokens(ui);
    let center = picture.right_top() + vec2(-8.0, 8.0);
    if !text.is_empty() {
        let font = FontId::proportional(tokens::TEXT_SMALL);
        let galley = (ui.painter()).layout_no_wrap(text.to_owned(), font, colors.text);
        let width = (galley.size().x + 22.0).min(picture.width());
        let mut label = Rect::from_min_size(picture.right_top(), vec2(width, 16.0));
        label = label.translate(vec2(-width, 0.0));
        ui.painter()
            .rect_filled(label, tokens::RADIUS_S, colors.surface);
        let place = pos2(label.left() + 5.0, label.center().y - galley.size().y / 2.0);
        ui.painter().galley(place, galley, colors.text);
    }
    ui.painter().circle_filled(center, 5.0, colors.surface);
    ui.painter().circle_filled(center, 4.0, color);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_beginning_and_its_end() {
        let font = FontId::proportional(tokens::TEXT_SMALL);
        let ctx = egui::Context::default();
        crate::app::ui::theme::install(&ctx);
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let name = "holiday picture of circles number 12.jpg";
            let elided = middle_elided(ui, name, 100.0, &font);
            let (beginning, end) = elided.split_once('…').unwrap();
            assert!(
                name.starts_with(beginning) && name.ends_with(end),
                "{elided}"
            );
            assert!(!beginning.is_empty() && end.ends_with("12.jpg"), "{elided}");
            assert!(widgets::text_width(ui, &elided, font.clone()) <= 100.0);
            assert_eq!(middle_elided(ui, "a.png", 100.0, &font), "a.png");
            // Where nothing fits, something stands there all the same.
            assert_eq!(middle_elided(ui, name, 1.0, &font), "…");
        });
        output.textures_delta.clear();
    }
}
