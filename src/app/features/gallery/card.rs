//! One prediction as a small picture with two lines of text.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, pos2, vec2};

use super::GalleryLocal;
use super::view::ReadyView;
use crate::app::core::state::State;
use crate::app::ui::textures::TextureKey;
use crate::app::ui::tokens::{self, Tokens, icon, tokens};
use crate::app::ui::widgets;
use crate::data::{PictureSource, Split};
use crate::evaluation::gallery::SortBy;
use crate::format;

/// Height of the two lines below the picture.
pub const TEXT_HEIGHT: f32 = 36.0;

/// The texture of a picture whose pixels are those of `source`.
pub fn texture_key(source: &PictureSource) -> TextureKey {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    TextureKey {
        generation: hasher.finish(),
        index: 0,
    }
}

/// The colour of a split, as in the data view.
pub fn split_color(colors: &Tokens, split: Split) -> Color32 {
    match split {
        Split::Train => colors.split_train,
        Split::Validation => colors.split_validation,
        Split::Test => colors.split_test,
    }
}

/// A thumbnail in `rect`, or what stands for it; asks for it while it is missing.
pub fn thumbnail_ui(
    ui: &egui::Ui,
    rect: Rect,
    source: Option<&PictureSource>,
    state: &State,
    local: &mut GalleryLocal,
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

/// Draws entry `picture_index` in `rect`; the response tells of clicks.
pub fn card_ui(
    ui: &mut egui::Ui,
    rect: Rect,
    picture_index: u32,
    ready: &ReadyView,
    state: &State,
    local: &mut GalleryLocal,
) -> egui::Response {
    local.cards += 1;
    let colors = tokens(ui);
    let entry = ready.entry(picture_index);
    let id = card_id(ui, picture_index);
    let response = ui.interact(rect, id, Sense::click());
    let is_current = local.current == Some(picture_index);
    response.widget_info(|| {
        let role = egui::accesskit::Role::ListBoxOption;
        egui::WidgetInfo::selected(role, true, is_current, ready.spoken(picture_index))
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
    thumbnail_ui(ui, picture, ready.source(picture_index), state, local);
    let verdict = if entry.is_right() {
        colors.success
    } else {
        colors.danger
    };
    let mark = Rect::from_min_max(
        pos2(picture.left(), picture.bottom() - 3.0),
        picture.right_bottom(),
    );
    ui.painter().rect_filled(mark, 1.0, verdict);
    if ready.splits.len() > 1 {
        let center = picture.right_top() + vec2(-8.0, 8.0);
        ui.painter().circle_filled(center, 5.0, colors.surface);
        ui.painter()
            .circle_filled(center, 4.0, split_color(colors, entry.split));
    }

    let line = |row: f32| {
        let top = picture.bottom() + 2.0 + row * 16.0;
        Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), 16.0))
    };
    let (first, second) = (line(0.0), line(1.0));
    let sure = format::confidence(f64::from(entry.confidence));
    let body = FontId::proportional(tokens::TEXT_BODY);
    let small = FontId::proportional(tokens::TEXT_SMALL);
    let used = ui.painter().text(
        first.right_center(),
        Align2::RIGHT_CENTER,
        sure,
        body.clone(),
        colors.text_muted,
    );
    let symbol = if entry.is_right() {
        icon::CHECK
    } else {
        icon::X
    };
    let name = format!("{symbol} {}", ready.class(entry.predicted));
    let mut room = first;
    room.set_right(used.left() - 4.0);
    let color = if entry.is_right() {
        colors.text
    } else {
        colors.danger
    };
    widgets::elided(ui, room, &name, body, color);
    let below = if entry.is_right() {
        measure(ready, picture_index, local.query.sort)
    } else {
        format!("True: {}", ready.class(entry.truth))
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
    let tip = |ui: &mut egui::Ui| tip_ui(ui, ready, picture_index);
    response.on_hover_ui(tip)
}

/// The id of the card of entry `picture_index`.
pub fn card_id(ui: &egui::Ui, picture_index: u32) -> egui::Id {
    ui.scope_id().with(("card", picture_index))
}

/// The number that cards are sorted by, in words.
fn measure(ready: &ReadyView, picture_index: u32, sort: SortBy) -> String {
    let entry = ready.entry(picture_index);
    match sort {
        SortBy::Margin => format!("margin {:.2}", entry.margin),
        SortBy::Disagreement => ready.disagreement.at(picture_index).map_or_else(
            || "not in the other run".to_owned(),
            |distance| format!("disagreement {distance:.2}"),
        ),
        SortBy::File => ready
            .file(picture_index)
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        SortBy::Confidence | SortBy::Loss => format!("loss {:.3}", entry.loss),
    }
}

/// Whether the rank of the true class says more than that it is not the first.
pub fn has_rank(ready: &ReadyView, picture_index: u32) -> bool {
    ready.run.predicted.classes.len() > 2 && !ready.entry(picture_index).is_right()
}

/// "3 of 300"
pub fn rank_text(ready: &ReadyView, picture_index: u32) -> String {
    format!(
        "{} of {}",
        format::thousands(ready.rank_of_truth(picture_index) as u64),
        format::thousands(ready.run.predicted.classes.len() as u64)
    )
}

fn tip_ui(ui: &mut egui::Ui, ready: &ReadyView, picture_index: u32) {
    let entry = ready.entry(picture_index);
    ui.label(tokens::medium(ready.file(picture_index)));
    // Small, because it covers other pictures.
    ui.spacing_mut().interact_size.y = 0.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    egui::Grid::new("tip").num_columns(2).show(ui, |ui| {
        let mut row = |label: &str, value: &str| {
            ui.label(tokens(ui).small(label));
            ui.label(value);
            ui.end_row();
        };
        row("True class", ready.class(entry.truth));
        row("Predicted", ready.class(entry.predicted));
        let confidence = format::confidence(f64::from(entry.confidence));
        row("Confidence", &confidence);
        if has_rank(ready, picture_index) {
            row("Rank of the true class", &rank_text(ready, picture_index));
        }
        row("Margin", &format!("{:.3}", entry.margin));
        row("Loss", &format!("{:.4}", entry.loss));
        row("Split", entry.split.name());
        if let Some(distance) = ready.disagreement.at(picture_index) {
            row("Disagreement", &format!("{distance:.3}"));
        }
    });
    ui.label(tokens(ui).small("Click or press Enter for a close look"));
}
