//! One picture large: what the network saw, where it looked, how sure it was, and what it learned from.

mod details;
mod exclude;

use eframe::egui::{self, Color32};

use super::GalleryLocal;
use super::card::GalleryPictures;
use super::view::{GalleryView, ReadyView};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::ui::closeup::{Part, RunView, header_ui, map_ui, parts_ui, pictures_ui};
use crate::app::ui::picture_grid::closeup_keys;
use crate::app::ui::run_choice::RunChoice;
use crate::app::ui::tokens::{self, tokens};
use crate::format;
use details::details_ui;
pub use exclude::{ON_OTHERS, exclude_button, is_on_them};

pub fn closeup_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: &ReadyView,
    picture_index: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    closeup_keys(ui, &ready.picture_indices, &mut local.grid);
    let pictures = GalleryPictures {
        ready,
        sort: local.query.sort,
    };
    let file = ready.file(picture_index);
    let grid = &mut local.grid;
    header_ui(ui, &pictures, picture_index, file, grid, out, |ui, out| {
        exclude_button(ui, file, ready, state, out);
    });
    ui.add_space(tokens::SPACE_XS);
    local.grid.requests.picture = ready.source(picture_index).cloned();
    parts_ui(ui, |ui, part| match part {
        Part::Pictures(height) => {
            let GalleryLocal { grid, closeup, .. } = local;
            map_ui(ui, &ready.run.predicted.classes, closeup);
            let height = height.unwrap_or_else(|| ui.available_height());
            let answers = answers(ui, view, ready, picture_index);
            let run_views: Vec<RunView<'_>> = (answers.iter())
                .map(|(choice, answer)| RunView {
                    name: &choice.name,
                    color: choice.color,
                    folder: &choice.folder,
                    classes: &ready.run.predicted.classes,
                    answer: (answer.as_ref()).map(|(text, color)| (text.as_str(), *color)),
                })
                .collect();
            let spoken = ready.spoken(picture_index);
            let picture = (ready.source(picture_index), spoken.as_str());
            pictures_ui(ui, picture, &run_views, state, grid, closeup, height);
        }
        Part::Details => details_ui(ui, view, ready, picture_index, state, local, out),
    });
}

/// What each run answered, how sure it was, and the colour of that.
fn answers<'a>(
    ui: &egui::Ui,
    view: &'a GalleryView,
    ready: &ReadyView,
    picture_index: u32,
) -> Vec<(&'a RunChoice, Option<(String, Color32)>)> {
    let colors = tokens(ui);
    let answer = |class: &str, confidence: f32, is_right: bool| {
        let text = format!("{class}, {}", format::confidence(f64::from(confidence)));
        (
            text,
            if is_right {
                colors.success
            } else {
                colors.danger
            },
        )
    };
    let entry = ready.entry(picture_index);
    let mut answers = Vec::new();
    if let Some(choice) = view.run.and_then(|run| view.runs.get(run)) {
        let class = ready.class(entry.predicted);
        let own = answer(class, entry.confidence, entry.is_right());
        answers.push((choice, Some(own)));
    }
    let other = view.against.and_then(|run| view.runs.get(run));
    if let (Some(choice), Some(run)) = (other, &ready.other) {
        let found = ready.disagreement.other(picture_index);
        let other = found.and_then(|index| run.predicted.entries.get(index));
        let other = other.map(|entry| {
            let class = run.predicted.classes.get(entry.predicted as usize);
            let class = class.map_or("", String::as_str);
            answer(class, entry.confidence, entry.is_right())
        });
        answers.push((choice, other));
    }
    answers
}
