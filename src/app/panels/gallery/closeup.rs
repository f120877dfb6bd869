//! One picture large: what the network saw, where it looked, how sure it was, and what it learned from.

use std::path::Path;

use eframe::egui::{self, Align2, Color32, FontId, Rect, RichText, Sense, pos2, vec2};

use super::super::{format, widgets};
use super::card::{split_color, texture_key};
use super::heat::HeatCache;
use super::neighbours::neighbours_ui;
use super::probabilities::probabilities_ui;
use super::view::{GalleryView, ReadyView, RunChoice};
use super::{GalleryLocal, keys};
use crate::app::command::Command;
use crate::app::gallery::GalleryDeed;
use crate::app::state::State;
use crate::app::tokens::{self, icon, tokens};
use crate::data::{PictureSource, Split};

/// From this width on, details stand beside the picture.
const WIDE: f32 = 600.0;
/// The width of the details.
const DETAILS: f32 = 300.0;

/// What the close look remembers between frames.
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
    place: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    keys::closeup_keys(ui, ready, local);
    header_ui(ui, ready, place, state, local, out);
    ui.add_space(tokens::SPACE_XS);
    local.wants.picture = ready.source(place).cloned();
    if ui.available_width() < WIDE {
        egui::ScrollArea::vertical()
            .id_salt("closeup")
            .auto_shrink(false)
            .show(ui, |ui| {
                map_ui(ui, ready, local);
                let height = (ui.clip_rect().height() * 0.55).clamp(160.0, 420.0);
                pictures_ui(ui, view, ready, place, state, local, height);
                details_ui(ui, view, ready, place, state, local, out);
            });
        return;
    }
    let (width, height) = (ui.available_width(), ui.available_height());
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_L;
        let left = (width - DETAILS - tokens::SPACE_L).max(200.0);
        let column = egui::Layout::top_down(egui::Align::Min);
        ui.allocate_ui_with_layout(vec2(left, height), column, |ui| {
            ui.set_width(left);
            map_ui(ui, ready, local);
            let height = ui.available_height();
            pictures_ui(ui, view, ready, place, state, local, height);
        });
        ui.allocate_ui_with_layout(vec2(DETAILS, height), column, |ui| {
            egui::ScrollArea::vertical()
                .id_salt("details")
                .auto_shrink(false)
                .show(ui, |ui| {
                    ui.set_width(DETAILS - tokens::SPACE_M);
                    details_ui(ui, view, ready, place, state, local, out);
                });
        });
    });
}

fn header_ui(
    ui: &mut egui::Ui,
    ready: &ReadyView,
    place: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        let back = ui.button(format!("{} All pictures", icon::ARROW_LEFT));
        if back
            .accessible_name("All pictures")
            .on_hover_text("Back to the wall of pictures (Escape)")
            .clicked()
        {
            keys::close(local);
        }
        let index = ready.places.iter().position(|&other| other == place);
        let steps = [
            (
                icon::CARET_LEFT,
                "Previous picture",
                -1,
                "The one before, in the order of the wall (left arrow)",
            ),
            (
                icon::CARET_RIGHT,
                "Next picture",
                1,
                "The next one, in the order of the wall (right arrow)",
            ),
        ];
        for (symbol, name, step, tooltip) in steps {
            if widgets::icon_button(ui, symbol, name, tooltip).clicked() {
                keys::step_by(ready, step, local);
            }
        }
        if let Some(index) = index {
            let text = format!(
                "{} of {}",
                format::count(index as u64 + 1),
                format::count(ready.places.len() as u64)
            );
            ui.label(tokens(ui).muted(text));
        }
        let path = ready.source(place).map(PictureSource::path);
        if let Some(path) = path {
            file_buttons_ui(ui, path, out);
        }
        exclude_ui(ui, ready, place, state, out);
    });
    let name = egui::Label::new(tokens::semibold(ready.file(place))).truncate();
    ui.add(name).on_hover_text(ready.file(place));
}

fn file_buttons_ui(ui: &mut egui::Ui, path: &Path, out: &mut Vec<Command>) {
    if widgets::icon_button(
        ui,
        icon::FOLDER_OPEN,
        "Open the folder",
        "Show the folder of this picture in the file manager",
    )
    .clicked()
        && let Some(folder) = path.parent()
    {
        out.push(Command::OpenFolder(folder.to_path_buf()));
    }
    if widgets::icon_button(
        ui,
        icon::COPY,
        "Copy the path",
        "Copy where this picture's file is",
    )
    .clicked()
    {
        out.push(Command::CopyText(path.display().to_string()));
    }
}

/// Leaves the picture out of the active experiment, when that is about the same pictures.
pub fn exclude_ui(
    ui: &mut egui::Ui,
    ready: &ReadyView,
    place: u32,
    state: &State,
    out: &mut Vec<Command>,
) {
    exclude_button(ui, ready.file(place), ready, state, out);
}

/// The button for the picture called `file`.
pub fn exclude_button(
    ui: &mut egui::Ui,
    file: &str,
    ready: &ReadyView,
    state: &State,
    out: &mut Vec<Command>,
) {
    let Some(document) = state.active_document() else {
        return;
    };
    let experiment = &document.experiment;
    let root = crate::runs::gallery::root(&experiment.data.source, document.base().as_deref());
    let same = root.is_some() && root == ready.run.root;
    let excluded = experiment.data.exclude.iter().any(|name| name == file);
    let (text, tooltip) = if excluded {
        (
            format!("{} Take back in", icon::PLUS),
            "The active experiment leaves this picture out; let its next run use it again",
        )
    } else {
        (
            format!("{} Leave out", icon::MINUS),
            "The active experiment's next run does without this picture; its file is not touched",
        )
    };
    let button = ui.add_enabled(same, egui::Button::new(text));
    let button = button.on_hover_text(tooltip).on_disabled_hover_text(
        "The active experiment is about other pictures: open the experiment of this run first",
    );
    if button.clicked() {
        out.push(Command::Gallery(GalleryDeed::Exclude {
            files: vec![file.to_owned()],
            excluded: !excluded,
        }));
    }
}

/// Whether the map is shown, of which class, how strong.
fn map_ui(ui: &mut egui::Ui, ready: &ReadyView, local: &mut GalleryLocal) {
    let closeup = &mut local.closeup;
    ui.horizontal_wrapped(|ui| {
        let modes = [
            (
                true,
                "Where it looked",
                "The square that the network sees, with its class activation map (Grad-CAM)",
            ),
            (false, "Picture", "The whole picture as it is"),
        ];
        widgets::segmented(ui, &mut closeup.map, &modes);
        if !closeup.map {
            return;
        }
        let title = closeup
            .class
            .map_or("For its answer", |class| ready.class(class));
        egui::ComboBox::from_id_salt("map of")
            .width(120.0)
            .selected_text(title)
            .truncate()
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut closeup.class, None, "For its answer");
                for (class, name) in (0u32..).zip(&ready.run.predicted.classes) {
                    ui.selectable_value(&mut closeup.class, Some(class), name);
                }
            })
            .response
            .accessible_name("Class of the map")
            .on_hover_text("What speaks for this class; for what the network answered unless you choose another");
        ui.spacing_mut().slider_width = 80.0;
        let slider = egui::Slider::new(&mut closeup.opacity, 0.0..=1.0)
            .show_value(false)
            .trailing_fill(true);
        ui.add(slider)
            .accessible_name("Opacity of the map")
            .on_hover_text("How strongly the map covers the picture");
    });
    ui.add_space(tokens::SPACE_XS);
}

/// One run's look at the picture.
struct Look<'a> {
    choice: &'a RunChoice,
    /// What it answered, and how sure it was.
    answer: Option<(String, f32, bool)>,
}

/// The picture under each run: one, or two side by side.
fn pictures_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: &ReadyView,
    place: u32,
    state: &State,
    local: &mut GalleryLocal,
    height: f32,
) {
    let looks = looks(view, ready, place);
    // The whole picture is the same for all.
    let count = if local.closeup.map {
        looks.len().max(1)
    } else {
        1
    };
    let gap = tokens::SPACE_M;
    let width = (ui.available_width() - gap * (count as f32 - 1.0)) / count as f32;
    let caption = if local.closeup.map { 42.0 } else { 0.0 };
    let side = width.min((height - caption - 4.0).max(80.0));
    let (space, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), side + caption), Sense::hover());
    let text = ready.spoken(place);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &text));
    let whole = side * count as f32 + gap * (count as f32 - 1.0);
    let left = space.left() + (space.width() - whole).max(0.0) / 2.0;
    for index in 0..count {
        let min = pos2(left + index as f32 * (side + gap), space.top());
        let rect = Rect::from_min_size(min, vec2(side, side));
        ui.painter()
            .rect_filled(rect, tokens::RADIUS_M, tokens(ui).sunken);
        if !local.closeup.map {
            whole_ui(ui, rect, ready, place, state, local);
        } else if let Some(look) = looks.get(index) {
            map_of_ui(ui, rect, look, ready, place, state, local);
        }
    }
}

fn looks<'a>(view: &'a GalleryView, ready: &ReadyView, place: u32) -> Vec<Look<'a>> {
    let entry = ready.entry(place);
    let mut looks = Vec::new();
    if let Some(choice) = view.run.and_then(|run| view.runs.get(run)) {
        let class = ready.class(entry.predicted).to_owned();
        let answer = Some((class, entry.confidence, entry.is_right()));
        looks.push(Look { choice, answer });
    }
    let other = view.against.and_then(|run| view.runs.get(run));
    if let (Some(choice), Some(run)) = (other, &ready.other) {
        let found = ready.disagreement.other(place);
        let answer = found
            .and_then(|place| run.predicted.entries.get(place))
            .map(|entry| {
                let class = run.predicted.classes.get(entry.predicted as usize);
                (
                    class.cloned().unwrap_or_default(),
                    entry.confidence,
                    entry.is_right(),
                )
            });
        looks.push(Look { choice, answer });
    }
    looks
}

fn message(ui: &egui::Ui, rect: Rect, text: &str, color: Color32) {
    let font = FontId::proportional(tokens::TEXT_BODY);
    let galley = ui.painter().layout(
        text.to_owned(),
        font,
        color,
        (rect.width() - 24.0).max(40.0),
    );
    let place = rect.center() - galley.size() / 2.0;
    ui.painter().galley(place, galley, color);
}

/// The picture as it is.
fn whole_ui(
    ui: &egui::Ui,
    rect: Rect,
    ready: &ReadyView,
    place: u32,
    state: &State,
    local: &mut GalleryLocal,
) {
    let colors = tokens(ui);
    let Some(source) = ready.source(place) else {
        message(
            ui,
            rect,
            "The picture is not there any more",
            colors.text_muted,
        );
        return;
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
            if let Some(texture) = local.textures.get(ui.ctx(), key, pixels) {
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
    look: &Look<'_>,
    ready: &ReadyView,
    place: u32,
    state: &State,
    local: &mut GalleryLocal,
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
        tokens::run_color(look.choice.color),
    );
    let mut name = title;
    name.min.x += 15.0;
    let font = tokens::medium_font(tokens::TEXT_BODY);
    widgets::elided(ui, name, &look.choice.name, font, colors.text);
    let below = title.translate(vec2(0.0, 18.0));
    let (text, color) = match &look.answer {
        Some((class, confidence, is_right)) => (
            format!("{class}, {}", format::percent(f64::from(*confidence))),
            if *is_right {
                colors.success
            } else {
                colors.danger
            },
        ),
        None => (
            "has not answered this picture".to_owned(),
            colors.text_muted,
        ),
    };
    let mut answer = below;
    answer.min.x += 15.0;
    widgets::elided(ui, answer, &text, small.clone(), color);

    let Some(source) = ready.source(place) else {
        message(
            ui,
            rect,
            "The picture is not there any more",
            colors.text_muted,
        );
        return;
    };
    let folder = look.choice.folder.clone();
    let class = local.closeup.class;
    local
        .wants
        .explain
        .push((folder.clone(), source.clone(), class));
    let current = state
        .gallery
        .explained
        .get(&folder)
        .filter(|found| found.source == *source && found.class == class);
    match current.map(|found| &found.result) {
        None => message(ui, rect, "Asking the network…", colors.text_muted),
        Some(Err(reason)) => message(ui, rect, reason, colors.danger),
        Some(Ok(explanation)) => {
            let textures = local.closeup.heat.get(ui.ctx(), explanation);
            egui::Image::new(&textures.square)
                .corner_radius(tokens::RADIUS_M)
                .paint_at(ui, rect);
            let tint = Color32::WHITE.gamma_multiply(local.closeup.opacity);
            egui::Image::new(&textures.heat)
                .corner_radius(tokens::RADIUS_M)
                .tint(tint)
                .paint_at(ui, rect);
            if explanation.heat.iter().all(|&strength| strength == 0) {
                let text = format!("nothing here speaks for {}", ready.class(explanation.class));
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

fn details_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: &ReadyView,
    place: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    let colors = tokens(ui);
    let entry = ready.entry(place);
    let (symbol, color, verdict) = if entry.is_right() {
        (icon::CHECK_CIRCLE, colors.success, "Right")
    } else {
        (icon::X_CIRCLE, colors.danger, "Wrong")
    };
    ui.label(
        RichText::new(format!("{symbol} {verdict}"))
            .size(tokens::TEXT_LARGE)
            .color(color),
    );
    egui::Grid::new("facts")
        .num_columns(2)
        .spacing(vec2(tokens::SPACE_L, tokens::SPACE_XS))
        .show(ui, |ui| {
            let mut row = |label: &str, value: RichText, tooltip: &str| {
                ui.label(tokens(ui).muted(label)).on_hover_text(tooltip);
                ui.label(value);
                ui.end_row();
            };
            row(
                "True class",
                tokens::medium(ready.class(entry.truth)),
                "What the data set says",
            );
            row(
                "Predicted",
                tokens::medium(ready.class(entry.predicted)).color(color),
                "The most probable class",
            );
            row(
                "Confidence",
                format::percent(f64::from(entry.confidence)).into(),
                "The probability of the predicted class",
            );
            row(
                "Margin",
                format!("{:.3}", entry.margin).into(),
                "The lead of the most probable class over the second",
            );
            row(
                "Loss",
                format!("{:.4}", entry.loss).into(),
                "Cross-entropy of the true class, in nats: 0 for a sure right answer",
            );
            let split = match entry.split {
                Split::Train => "Train",
                Split::Validation => "Validation",
                Split::Test => "Test",
            };
            row(
                "Split",
                RichText::new(format!("● {split}")).color(split_color(colors, entry.split)),
                "The part that this picture belongs to",
            );
            if let Some(distance) = ready.disagreement.at(place) {
                row(
                    "Disagreement",
                    format!("{distance:.3}").into(),
                    "Total variation distance of the two runs' probabilities: 0 the same, 1 sure and different",
                );
            }
        });
    widgets::heading(ui, "Probabilities");
    probabilities_ui(ui, view, ready, place);
    method_ui(ui, view, state);
    neighbours_ui(ui, ready, place, state, local, out);
}

/// How the map was made, in small print.
fn method_ui(ui: &mut egui::Ui, view: &GalleryView, state: &State) {
    let folder = view.run.map(|run| &view.runs[run].folder);
    let explained = folder.and_then(|folder| state.gallery.explained.get(folder));
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
