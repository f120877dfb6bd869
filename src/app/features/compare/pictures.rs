//! Pictures that one run gets right and the other wrong, as thumbnails.

use eframe::egui::{self, Sense, vec2};

use super::CompareLocal;
use super::view::{Changed, ChangedPicture, CompareBody};
use crate::app::core::command::{Command, GalleryFilter};
use crate::app::core::gallery::Thumbnails;
use crate::app::ui::textures::TextureKey;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::format;

/// Side of a thumbnail, in points.
const SIDE: f32 = 84.0;
/// Thumbnails that are shown and asked for in one frame, at most.
const WANTED: usize = 96;

pub fn pictures_ui(
    ui: &mut egui::Ui,
    body: &CompareBody,
    (from, to): (usize, usize),
    thumbnails: &Thumbnails,
    local: &mut CompareLocal,
    out: &mut Vec<Command>,
) {
    let (before, after) = (&body.runs[from].name, &body.runs[to].name);
    ui.label(tokens(ui).muted(format!(
        "{} correct in both, {} wrong in both",
        format::thousands(body.both_right as u64),
        format::thousands(body.both_wrong as u64)
    )));
    let colors = tokens(ui);
    let parts = [
        (
            format!(
                "{} fixed: wrong in {before}, correct in {after}",
                format::thousands(body.fixed.total as u64)
            ),
            &body.fixed,
            icon::CHECK_CIRCLE,
            colors.success,
            true,
        ),
        (
            format!(
                "{} broken: correct in {before}, wrong in {after}",
                format::thousands(body.broken.total as u64)
            ),
            &body.broken,
            icon::X_CIRCLE,
            colors.danger,
            false,
        ),
    ];
    for (title, changed, symbol, color, fixed) in parts {
        ui.add_space(tokens::SPACE_S);
        ui.horizontal_wrapped(|ui| {
            ui.label(tokens::icon_text(symbol).color(color));
            ui.label(tokens::medium(&title));
            if changed.total > 0 {
                let text = "Show in gallery";
                let name = if fixed {
                    "Show the fixed pictures in the gallery"
                } else {
                    "Show the broken pictures in the gallery"
                };
                if ui
                    .small_button(text)
                    .accessible_name(name)
                    .on_hover_text("Open the gallery on exactly these pictures")
                    .clicked()
                {
                    out.push(Command::ShowGallery(filter(body, (from, to), fixed, None)));
                }
            }
        });
        let pair = (from, to);
        row_ui(
            ui, body, pair, changed, color, fixed, thumbnails, local, out,
        );
    }
}

/// What is right in the second run and wrong in the first, or the other way round.
fn filter(
    body: &CompareBody,
    (from, to): (usize, usize),
    right: bool,
    picture: Option<&ChangedPicture>,
) -> GalleryFilter {
    GalleryFilter {
        run: Some(body.runs[to].id.clone()),
        against: Some((body.runs[from].id.clone(), !right)),
        true_class: picture.map(|picture| picture.truth.clone()),
        predicted_class: picture.map(|picture| picture.after.clone()),
        right: Some(right),
        split: Some(Split::Test),
    }
}

/// A row that scrolls sideways; only what is in sight exists.
#[allow(
    clippy::too_many_arguments,
    reason = "one row of two that differ in these alone"
)]
fn row_ui(
    ui: &mut egui::Ui,
    body: &CompareBody,
    pair: (usize, usize),
    changed: &Changed,
    color: egui::Color32,
    fixed: bool,
    thumbnails: &Thumbnails,
    local: &mut CompareLocal,
    out: &mut Vec<Command>,
) {
    if changed.pictures.is_empty() {
        ui.label(tokens(ui).small("None"));
        return;
    }
    let step = SIDE + tokens::SPACE_S;
    let shown = changed.pictures.len();
    egui::ScrollArea::horizontal()
        .id_salt(("changed", fixed))
        .auto_shrink([false, true])
        .show_viewport(ui, |ui, viewport| {
            let height = SIDE + 18.0;
            let (whole, _) =
                ui.allocate_exact_size(vec2(step * shown as f32, height), Sense::hover());
            let first = (viewport.left() / step).floor().max(0.0) as usize;
            let last = ((viewport.right() / step).ceil().max(0.0) as usize).min(shown);
            for (index, picture) in changed.pictures.iter().enumerate().take(last).skip(first) {
                let corner = whole.min + vec2(step * index as f32, 0.0);
                let rect = egui::Rect::from_min_size(corner, egui::Vec2::splat(SIDE));
                let response = thumbnail_ui(ui, picture, rect, color, thumbnails, local);
                if response.clicked() {
                    out.push(Command::ShowGallery(filter(
                        body,
                        pair,
                        fixed,
                        Some(picture),
                    )));
                }
            }
        });
    if changed.total > shown {
        widgets::note(
            ui,
            &format!(
                "The {shown} with the highest confidence, of {}",
                format::thousands(changed.total as u64)
            ),
        );
    }
}

fn thumbnail_ui(
    ui: &mut egui::Ui,
    picture: &ChangedPicture,
    rect: egui::Rect,
    color: egui::Color32,
    thumbnails: &Thumbnails,
    local: &mut CompareLocal,
) -> egui::Response {
    let colors = tokens(ui);
    let id = ui.make_persistent_id(&picture.file);
    let response = ui.interact(rect, id, Sense::click());
    ui.painter()
        .rect_filled(rect, tokens::RADIUS_S, colors.sunken);
    let thumbnail = (picture.source.as_ref()).and_then(|source| thumbnails.get(source));
    if let Some(source) = &picture.source
        && local.wanted.len() < WANTED
    {
        local.wanted.push(source.clone());
    }
    match thumbnail {
        Some(Ok(pixels)) => {
            let key = TextureKey {
                generation: std::sync::Arc::as_ptr(pixels) as u64,
                index: 0,
            };
            if let Some(texture) = local.textures.get(ui.ctx(), key, pixels) {
                let size = texture.size_vec2();
                let scale = (SIDE / size.x).min(SIDE / size.y);
                let image_rect = egui::Rect::from_center_size(rect.center(), size * scale);
                egui::Image::new(&texture)
                    .corner_radius(tokens::RADIUS_S)
                    .paint_at(ui, image_rect);
            }
        }
        Some(Err(_)) | None => {
            let is_coming = thumbnail.is_none() && picture.source.is_some();
            let symbol = if is_coming {
                icon::HOURGLASS
            } else {
                icon::IMAGE
            };
            ui.painter().text(
                rect.center(),
                egui::Align2::CENTER_CENTER,
                symbol,
                egui::FontId::proportional(tokens::ICON_SIZE),
                colors.text_faint,
            );
        }
    }
    let edge = if response.hovered() || response.has_focus() {
        egui::Stroke::new(2.0, colors.text)
    } else {
        egui::Stroke::new(1.5, color.gamma_multiply(0.7))
    };
    ui.painter()
        .rect_stroke(rect, tokens::RADIUS_S, edge, egui::StrokeKind::Inside);
    let below = egui::Rect::from_min_size(rect.left_bottom(), vec2(SIDE, 18.0));
    widgets::elided(
        ui,
        below,
        &picture.truth,
        egui::FontId::proportional(tokens::TEXT_SMALL),
        colors.text_muted,
    );
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &picture.sentence)
    });
    response.on_hover_text(format!("{}\nClick to open the gallery", picture.sentence))
}
