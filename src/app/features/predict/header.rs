//! Above the answers: which run, which pictures, what came of them, and how far it is.

use std::time::Instant;

use eframe::egui::{self, Align2, FontId, Rect, Sense, pos2, vec2};

use super::view::{AnswersView, Query, Runs, Shown, largest, progress, sentence, took};
use crate::app::core::command::Command;
use crate::app::core::prediction::{PredictAction, PredictPurpose, PredictionState};
use crate::app::ui::drop_down::Item;
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::{combo, make_room};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::prediction::Assigned;
use crate::{format, shown};

pub const PICTURES_TOOLTIP: &str = "Choose pictures that the run answers";
pub const FOLDER_TOOLTIP: &str = "Choose a folder: every picture in it and below it is answered";

/// Most classes that have a bar.
const BARS: usize = 6;
const BAR_WIDTH: f32 = 132.0;
const BAR_HEIGHT: f32 = 30.0;

/// The run that answers, and where its pictures come from.
pub fn inputs_ui(ui: &mut egui::Ui, runs: &Runs, state: &PredictionState, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        let item = |index: usize| {
            let choice = runs.choices.get(index);
            choice.map_or_else(Item::default, |choice| {
                Item::of_run(&choice.name, tokens::run_color(choice.color))
            })
        };
        let labels = (
            "Run",
            "The run that answers; pictures that another one has answered are answered anew",
        );
        let width = (ui.max_rect().width() - 420.0).clamp(170.0, 320.0);
        if let Some(chosen) = combo(ui, labels, width, runs.answering, item, runs.choices.len()) {
            let id = runs.choices[chosen].id.clone();
            out.push(Command::Predict(PredictAction::UseRun(id)));
        }
        for (symbol, text, tooltip, purpose) in [
            (
                icon::IMAGE,
                "Pictures…",
                PICTURES_TOOLTIP,
                PredictPurpose::Pictures,
            ),
            (
                icon::FOLDERS,
                "Folder…",
                FOLDER_TOOLTIP,
                PredictPurpose::Folder,
            ),
        ] {
            make_room(ui, 96.0);
            let button = ui.button(format!("{symbol} {text}"));
            if button
                .accessible_name(text)
                .on_hover_text(tooltip)
                .clicked()
            {
                out.push(Command::Predict(PredictAction::Dialog(purpose)));
            }
        }
        make_room(ui, 76.0);
        let paste = ui.button(format!("{} Paste", icon::CLIPBOARD_TEXT));
        let paste = paste
            .accessible_name("Paste")
            .on_hover_text("Answer the picture, or the files, on the clipboard (Ctrl+V)");
        if paste.clicked() {
            // As if its keys were pressed: what is pasted comes as an event.
            let paste = egui::ViewportCommand::RequestPaste;
            ui.ctx().send_viewport_cmd(paste);
        }
        watch_ui(ui, state, out);
    });
}

/// The switch that watches a folder.
fn watch_ui(ui: &mut egui::Ui, state: &PredictionState, out: &mut Vec<Command>) {
    make_room(ui, 130.0);
    match &state.watched {
        None => {
            let watch = ui.button(format!("{} Watch folder…", icon::BINOCULARS));
            let watch = watch.accessible_name("Watch folder…").on_hover_text(
                "Choose a folder whose pictures are answered, and from then on every picture that comes into it",
            );
            if watch.clicked() {
                out.push(Command::Predict(PredictAction::Dialog(
                    PredictPurpose::Watch,
                )));
            }
        }
        Some(watched) => {
            let text = format!("{} Stop watching", icon::STOP);
            let folder = shown::path(&watched.folder);
            let tooltip = format!("Answer no further pictures of {}", shown::line(&folder));
            let stop = ui.button(text).accessible_name("Stop watching");
            if stop.on_hover_text(tooltip).clicked() {
                out.push(Command::Predict(PredictAction::StopWatching));
            }
        }
    }
}

/// First the answer: how many pictures, of which classes; then a bar for each of the largest, which shows it alone.
pub fn sentence_ui(
    ui: &mut egui::Ui,
    state: &PredictionState,
    view: &AnswersView,
    query: &mut Query,
) {
    let classes = largest(state);
    let text = sentence(state, &classes);
    ui.add_space(tokens::SPACE_XS);
    ui.label(tokens::semibold(&text).size(tokens::TEXT_LARGE));
    let mut bars: Vec<(String, usize, Shown, egui::Color32)> = Vec::new();
    let colors = tokens(ui);
    for (class, number) in classes.into_iter().take(BARS) {
        let name = shown_name(view.class(class as u32)).into_owned();
        let class = Shown::Only(Assigned::Class(class as u32));
        bars.push((name, number, class, colors.accent));
    }
    let tally = &state.tally;
    for (name, number, shown, color) in [
        (
            "Undecided",
            tally.undecided,
            Shown::Only(Assigned::Undecided),
            colors.outline_strong,
        ),
        (
            "None of these",
            tally.none_of_these,
            Shown::Only(Assigned::NoneOfThese),
            colors.warning,
        ),
    ] {
        if number > 0 {
            bars.push((name.to_owned(), number, shown, color));
        }
    }
    let whole = state.answers.len().max(1);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        // The room of a row is kept while no answer has come.
        ui.set_min_height(BAR_HEIGHT);
        for (name, number, shown, color) in bars {
            let share = number as f32 / whole as f32;
            let is_chosen = query.shown == shown;
            if bar_ui(ui, &name, number, share, color, is_chosen).clicked() {
                query.shown = if is_chosen { Shown::All } else { shown };
            }
        }
    });
}

/// One answer's share of all, as a button that shows it alone.
fn bar_ui(
    ui: &mut egui::Ui,
    name: &str,
    number: usize,
    share: f32,
    color: egui::Color32,
    is_chosen: bool,
) -> egui::Response {
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(BAR_WIDTH, BAR_HEIGHT), Sense::click());
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => colors.accent_faint,
        (false, true) => colors.raised_hover,
        (false, false) => colors.faint,
    };
    ui.painter().rect_filled(rect, tokens::RADIUS_M, fill);
    if is_chosen || response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            tokens::RADIUS_M,
            egui::Stroke::new(1.0, colors.accent),
            egui::StrokeKind::Inside,
        );
    }
    let inner = rect.shrink2(vec2(7.0, 0.0));
    let font = FontId::proportional(tokens::TEXT_BODY);
    let text = format::thousands(number as u64);
    let line = inner.top() + 11.0;
    let used = ui.painter().text(
        pos2(inner.right(), line),
        Align2::RIGHT_CENTER,
        text,
        font.clone(),
        colors.text,
    );
    let label = Rect::from_min_max(
        pos2(inner.left(), line - 8.0),
        pos2(used.left() - 6.0, line + 8.0),
    );
    widgets::elided(ui, label, name, font, colors.text);
    let track = Rect::from_min_max(
        pos2(inner.left(), rect.bottom() - 8.0),
        pos2(inner.right(), rect.bottom() - 4.0),
    );
    ui.painter().rect_filled(track, 2.0, colors.raised_active);
    let mut filled = track;
    filled.set_width(track.width() * share.clamp(0.0, 1.0));
    ui.painter().rect_filled(filled, 2.0, color);
    let spoken = format!(
        "{name}: {}, {}",
        format::count(number, "picture", "pictures"),
        format::percent(f64::from(share))
    );
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::Button, true, is_chosen, &spoken)
    });
    let tooltip = match is_chosen {
        true => format!("{spoken}\nClick to show all"),
        false => format!("{spoken}\nClick to show these alone"),
    };
    response.on_hover_text(tooltip)
}

/// How far the work is, or what it took; in one line that is always there.
pub fn status_ui(ui: &mut egui::Ui, state: &PredictionState, now: Instant, out: &mut Vec<Command>) {
    let size = vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_height(tokens::CONTROL_HEIGHT);
        if let Some((text, share)) = progress(state, now) {
            let is_stopping = state.is_stopping();
            let stop = ui.add_enabled(
                !is_stopping,
                egui::Button::new(format!("{} Stop", icon::STOP)),
            );
            if stop
                .accessible_name("Stop predicting")
                .on_hover_text("Stop; what is answered stays")
                .clicked()
            {
                out.push(Command::Predict(PredictAction::Stop));
            }
            let text = if is_stopping {
                "Stopping…"
            } else {
                text.as_str()
            };
            ui.allocate_ui(vec2(ui.available_width() * 0.4, 6.0), |ui| {
                widgets::bar(ui, share, tokens(ui).accent_fill, "Pictures answered");
            });
            ui.add(egui::Label::new(tokens(ui).muted(text)).truncate());
            return;
        }
        let mut parts: Vec<String> = Vec::new();
        if let Some(watched) = &state.watched {
            let folder = shown::line(&shown::path(&watched.folder)).into_owned();
            parts.push(match watched.is_ready {
                true => format!("{} Watching {folder}", icon::BINOCULARS),
                false => format!("Looking for the pictures of {folder}…"),
            });
        }
        parts.extend(took(state));
        if state.passed_over > 0 {
            let files = format::count(state.passed_over, "file is", "files are");
            parts.push(format!("{files} no picture"));
        }
        let text = parts.join("; ");
        ui.add(egui::Label::new(tokens(ui).muted(&text)).truncate())
            .on_hover_text(&text);
    });
}

/// What went wrong, and what must be known of the answers.
pub fn failure_ui(ui: &mut egui::Ui, state: &PredictionState) {
    widgets::problem(ui, state.failure.as_deref());
    for remark in &state.remarks {
        widgets::note(ui, remark);
    }
}
