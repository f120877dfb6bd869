//! Above the answers: which run, which pictures, how many were answered, and how far it is.

use std::path::Path;
use std::time::Instant;

use eframe::egui::{self, vec2};

use super::view::Runs;
use super::words::{at_rest, headline, progress};
use crate::app::core::command::Command;
use crate::app::core::prediction::{PredictAction, PredictPurpose, PredictionState};
use crate::app::ui::drop_down::Item;
use crate::app::ui::picture_grid::{combo, make_room};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::{Problem, problems};
use crate::evaluation::novelty::{
    NoveltyLimit, distance_text, false_alarms_reason, false_alarms_sentence,
};
use crate::shown;

pub const PICTURES_TOOLTIP: &str = "Choose pictures that the run answers";
pub const FOLDER_TOOLTIP: &str = "Choose a folder: every picture in it and below it is answered";

/// Reasons for passing files over that are named.
const REASONS: usize = 5;

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
            let tooltip = format!(
                "Answer no further pictures of this folder: {}",
                shown::line(&folder)
            );
            let stop = ui.button(text).accessible_name("Stop watching");
            if stop.on_hover_text(tooltip).clicked() {
                out.push(Command::Predict(PredictAction::StopWatching));
            }
        }
    }
}

/// First the answer: how many pictures were answered, and how many were not.
pub fn headline_ui(ui: &mut egui::Ui, state: &PredictionState) {
    ui.add_space(tokens::SPACE_XS);
    let text = tokens::semibold(headline(state)).size(tokens::TEXT_LARGE);
    let headline = ui.add(egui::Label::new(text).truncate());
    if state.passed_over.is_empty() {
        return;
    }
    headline.on_hover_ui(|ui| {
        let passed_over: Vec<Problem> = (state.passed_over.iter())
            .map(|(path, reason)| Problem {
                path: path.clone(),
                reason: reason.clone(),
            })
            .collect();
        for line in problems::lines(&passed_over, Path::new(""), REASONS) {
            ui.label(format!("Passed over, {}", shown::line(&line)));
        }
    });
}

/// How far the work is, or what it took and how often an answer is wrongly withheld; in one line that is always there.
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
        let text = at_rest(state);
        if !text.is_empty() {
            let label = egui::Label::new(tokens(ui).muted(&text));
            // A path may be longer than the row, which the sentence beside it needs as well.
            let room = ui.available_width() * if state.limit.is_some() { 0.5 } else { 1.0 };
            let wanted = widgets::text_width(ui, &text, egui::TextStyle::Body.resolve(ui.style()));
            ui.scope(|ui| {
                ui.set_max_width(room.min(wanted + 1.0));
                ui.add(label.truncate()).on_hover_text(&text);
            });
        }
        if let Some(limit) = &state.limit {
            let text = tokens(ui).small(false_alarms_sentence(limit));
            ui.add(egui::Label::new(text).truncate())
                .on_hover_text(limit_text(limit));
        }
    });
}

/// What went wrong, and what must be known of the answers.
pub fn notes_ui(ui: &mut egui::Ui, state: &PredictionState) {
    widgets::problem(ui, state.failure.as_deref());
    for remark in &state.remarks {
        widgets::note(ui, remark);
    }
}

/// What the limit means, why it is no closer, and where it is set.
fn limit_text(limit: &NoveltyLimit) -> String {
    let mut text = format!(
        "A picture that is further than {} from every picture that the run learned from is none of its classes.",
        distance_text(limit.threshold)
    );
    if let Some(reason) = false_alarms_reason(limit) {
        text = format!("{text}\n{reason}");
    }
    format!("{text}\nThe rate is set in the Evaluation view, and these answers follow it at once.")
}
