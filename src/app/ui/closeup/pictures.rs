//! The picture under each run: as it is, or with the map of where the network looked.

use std::path::Path;

use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, pos2, vec2};

use super::CloseupLocal;
use crate::app::core::state::State;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::{GridLocal, make_room, texture_key};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::data::PictureSource;

/// Whether the map is shown, of which class, how opaque.
pub fn map_ui(ui: &mut egui::Ui, classes: &[String], closeup: &mut CloseupLocal) {
    ui.horizontal_wrapped(|ui| {
        let modes = [
            (
                true,
                "Class activation map",
                "The picture as the network sees it, with the regions that speak for the class (Grad-CAM)",
            ),
            (false, "Original", "The whole picture as it is"),
        ];
        widgets::segmented(ui, &mut closeup.map, &modes);
        if !closeup.map {
            return;
        }
        make_room(ui, 150.0);
        let item = |index: usize| match index.checked_sub(1) {
            None => Item::new("Predicted class"),
            Some(class) => Item::new(classes.get(class).map_or("".into(), |name| shown_name(name))),
        };
        let selected = closeup.class.map_or(0, |class| class as usize + 1);
        let labels = (
            "Class of the map",
            "The regions that speak for this class; for the predicted class unless you choose another",
        );
        let items = || (0..=classes.len()).map(item).collect();
        if let Some(chosen) = drop_down(ui, labels, 150.0, Some(selected), &item(selected), items)
        {
            closeup.class = chosen.checked_sub(1).map(|class| class as u32);
        }
        make_room(ui, 170.0);
        ui.label(tokens(ui).muted("Opacity"));
        ui.spacing_mut().slider_width = 100.0;
        let slider = egui::Slider::new(&mut closeup.opacity, 0.0..=1.0);
        let response = widgets::rail(ui, slider).accessible_name("Opacity of the map");
        // Above, so that it doesn't cover the picture.
        widgets::hover_text_above(response, "How much the map covers the picture");
    });
    ui.add_space(tokens::SPACE_XS);
}

/// In place of a picture whose file has gone.
const GONE: &str = "The picture is not there any more";

/// One run's view of the picture.
#[derive(Debug, Clone, Copy)]
pub struct RunView<'a> {
    pub name: &'a str,
    /// Index into the run colours.
    pub color: usize,
    pub folder: &'a Path,
    pub classes: &'a [String],
    /// What it answered, how sure it was, and the colour of that.
    pub answer: Option<(&'a str, Color32)>,
}

/// The picture under each run: one, or two side by side. With it, in words, what it is and what was answered.
pub fn pictures_ui(
    ui: &mut egui::Ui,
    (source, spoken): (Option<&PictureSource>, &str),
    run_views: &[RunView<'_>],
    state: &State,
    grid: &mut GridLocal,
    closeup: &mut CloseupLocal,
    height: f32,
) {
    // The whole picture is the same for all.
    let count = if closeup.map {
        run_views.len().max(1)
    } else {
        1
    };
    let gap = tokens::SPACE_M;
    let width = (ui.available_width() - gap * (count as f32 - 1.0)) / count as f32;
    let caption = if closeup.map { 42.0 } else { 0.0 };
    let side = width.min((height - caption - 4.0).max(80.0));
    let (space, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), side + caption), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, spoken));
    let whole = side * count as f32 + gap * (count as f32 - 1.0);
    let left = space.left() + (space.width() - whole).max(0.0) / 2.0;
    for index in 0..count {
        let min = pos2(left + index as f32 * (side + gap), space.top());
        let rect = Rect::from_min_size(min, vec2(side, side));
        ui.painter()
            .rect_filled(rect, tokens::RADIUS_M, tokens(ui).sunken);
        if !closeup.map {
            whole_ui(ui, rect, source, state, grid);
        } else if let Some(run_view) = run_views.get(index) {
            map_of_ui(ui, rect, run_view, source, state, grid, closeup);
        }
    }
}

fn message(ui: &egui::Ui, rect: Rect, text: &str, color: Color32) {
    let font = FontId::proportional(tokens::TEXT_BODY);
    let galley = ui.painter().layout(
        text.to_owned(),
        font,
        color,
        (rect.width() - 24.0).max(40.0),
    );
    let position = rect.center() - galley.size() / 2.0;
    ui.painter().galley(position, galley, color);
}

/// The picture as it is.
fn whole_ui(
    ui: &egui::Ui,
    rect: Rect,
    source: Option<&PictureSource>,
    state: &State,
    grid: &mut GridLocal,
) {
    let colors = tokens(ui);
    let Some(source) = source else {
        return message(ui, rect, GONE, colors.text_muted);
    };
    let current = state
        .gallery
        .picture
        .as_ref()
        .filter(|(shown, _)| shown == source);
    match current.map(|(_, pixels)| pixels) {
        None => message(ui, rect, "Reading the picture…", colors.text_muted),
        Some(Err(reason)) => message(ui, rect, reason, colors.danger),
        Some(Ok(pixels)) => {
            let mut key = texture_key(source);
            // Beside the thumbnail of the same picture.
            key.index = 1;
            if let Some(texture) = grid.textures.get(ui.ctx(), key, pixels) {
                let size = texture.size_vec2();
                let scale = (rect.width() / size.x).min(rect.height() / size.y);
                egui::Image::new(&texture)
                    .paint_at(ui, Rect::from_center_size(rect.center(), size * scale));
            }
        }
    }
}

/// The square that a run's network sees, with its map, and what the run answered below it.
fn map_of_ui(
    ui: &egui::Ui,
    rect: Rect,
    run_view: &RunView<'_>,
    source: Option<&PictureSource>,
    state: &State,
    grid: &mut GridLocal,
    closeup: &mut CloseupLocal,
) {
    let colors = tokens(ui);
    let small = FontId::proportional(tokens::TEXT_SMALL);
    let title = Rect::from_min_size(
        pos2(rect.left(), rect.bottom() + 3.0),
        vec2(rect.width(), 18.0),
    );
    ui.painter().circle_filled(
        title.left_center() + vec2(5.0, 0.0),
        4.0,
        tokens::run_color(run_view.color),
    );
    let mut name = title;
    name.min.x += 15.0;
    let font = tokens::medium_font(tokens::TEXT_BODY);
    widgets::elided(ui, name, run_view.name, font, colors.text);
    let below = title.translate(vec2(0.0, 18.0));
    let none = ("no prediction for this picture", colors.text_muted);
    let (text, color) = run_view.answer.unwrap_or(none);
    let mut answer = below;
    answer.min.x += 15.0;
    widgets::elided(ui, answer, text, small.clone(), color);

    let Some(source) = source else {
        return message(ui, rect, GONE, colors.text_muted);
    };
    let folder = run_view.folder.to_path_buf();
    let class = closeup.class;
    grid.requests
        .explain
        .push((folder.clone(), source.clone(), class));
    let current = state
        .gallery
        .explained
        .get(&folder)
        .filter(|found| found.source == *source && found.class == class);
    match current.map(|found| &found.result) {
        None => message(ui, rect, "Computing the map…", colors.text_muted),
        Some(Err(reason)) => message(ui, rect, reason, colors.danger),
        Some(Ok(explanation)) => {
            let textures = closeup.heat.get(ui.ctx(), explanation);
            egui::Image::new(&textures.square)
                .corner_radius(tokens::RADIUS_M)
                .paint_at(ui, rect);
            let tint = Color32::WHITE.gamma_multiply(closeup.opacity);
            egui::Image::new(&textures.heat)
                .corner_radius(tokens::RADIUS_M)
                .tint(tint)
                .paint_at(ui, rect);
            if explanation.heat.iter().all(|&strength| strength == 0) {
                let class = run_view.classes.get(explanation.class as usize);
                let class = class.map_or("", String::as_str);
                let text = format!("No region speaks for {class}");
                ui.painter().text(
                    rect.left_bottom() + vec2(8.0, -8.0),
                    Align2::LEFT_BOTTOM,
                    text,
                    small,
                    colors.warning,
                );
            }
        }
    }
}

/// How the map of the run in `folder` was made, in small print. It is known with the map, later than all else: it stands where
/// nothing is below it that would move.
pub fn method_ui(ui: &mut egui::Ui, folder: &Path, state: &State) {
    let explained = state.gallery.explained.get(folder);
    if let Some(Ok(explanation)) = explained.map(|found| &found.result) {
        ui.add_space(tokens::SPACE_S);
        let text = format!(
            "Map: {}, for {} × {} pixels.",
            explanation.method.sentence(),
            explanation.square.width,
            explanation.square.height
        );
        widgets::note(ui, &text);
    }
}
