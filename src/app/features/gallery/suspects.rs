//! Labels that are likely wrong, and the same picture twice: listed with the reason.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, Rect, Sense, pos2, vec2};

use super::GalleryLocal;
use super::closeup::{ON_OTHERS, exclude_button, is_on_them};
use super::view::ReadyView;
use crate::analysis::suspects::{Suspect, kept_together};
use crate::app::core::command::Command;
use crate::app::core::gallery::{GalleryAction, SearchState};
use crate::app::core::state::State;
use crate::app::ui::picture_grid::thumbnail_ui;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;

/// The side of a suspect's picture, in points.
const SIDE: f32 = 72.0;
const ROW: f32 = SIDE + 12.0;

pub fn suspects_ui(
    ui: &mut egui::Ui,
    ready: &ReadyView,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    let folder = &ready.run.folder;
    let wrong = state.gallery.wrong_labels.get(folder);
    let wrong = wrong.map_or(&[][..], |found| found.as_slice());
    let duplicates = state.gallery.duplicates.get(folder);
    let trained = state.gallery.out_of_fold.get(folder);
    intro_ui(ui, wrong);
    let is_training = state.is_training();
    search_ui(ui, &CROSS_VALIDATION, trained, folder, is_training, out);
    search_ui(ui, &DUPLICATES, duplicates, folder, false, out);
    if let Some(groups) = state.gallery.likely_groups.get(folder) {
        widgets::note(ui, groups);
    }
    together_ui(ui, ready, state, out);
    widgets::note(
        ui,
        "Look at each before you exclude it: it may be a difficult picture with the right label. Excluding changes the \
         experiment's list, never a file, and can be undone.",
    );
    ui.add_space(tokens::SPACE_XS);
    excluded_ui(ui, state, out);
    let rows: Vec<&Suspect> = found(duplicates)
        .iter()
        .chain(wrong)
        .chain(found(trained))
        .collect();
    if rows.is_empty() {
        return;
    }
    egui::ScrollArea::vertical()
        .id_salt("suspects")
        .auto_shrink(false)
        .show_rows(ui, ROW, rows.len(), |ui, range| {
            for suspect in &rows[range] {
                row_ui(ui, suspect, ready, state, local, out);
            }
        });
}

/// What a search that came to its end found.
fn found(search: Option<&SearchState>) -> &[Suspect] {
    match search {
        Some(SearchState::Done(found)) => found.as_slice(),
        _ => &[],
    }
}

/// What the run's own answers contradict.
fn intro_ui(ui: &mut egui::Ui, wrong: &[Suspect]) {
    let text = format::plural(
        wrong.len() as u64,
        "likely wrong label",
        "likely wrong labels",
    );
    ui.label(tokens::semibold(format!("{text} among validation and test pictures")))
        .on_hover_text(
            "Confident learning (Northcutt et al. 2021) on pictures that the network has not learned from: each looks \
             like another class at least as surely as pictures of that class usually do",
        );
}

/// A search for suspects that takes a while: what its controls say and do.
struct Search {
    /// On the button that begins it.
    button: &'static str,
    tooltip: &'static str,
    /// While it goes on.
    activity: &'static str,
    begin: fn(PathBuf) -> GalleryAction,
    stop: GalleryAction,
    one: &'static str,
    many: &'static str,
    about: &'static str,
}

const CROSS_VALIDATION: Search = Search {
    button: "Search the training pictures",
    tooltip: "Five-fold cross-validation: train a new head on four fifths of the training pictures and predict the last \
              fifth, five times, on the pre-trained backbone's features. A wrong label can't be memorised so",
    activity: "Cross-validating",
    begin: GalleryAction::CrossValidate,
    stop: GalleryAction::StopCrossValidation,
    one: "likely wrong label among the training pictures",
    many: "likely wrong labels among the training pictures",
    about: "Confident learning on out-of-fold predictions: each by a head that was trained without this picture",
};

const DUPLICATES: Search = Search {
    button: "Find duplicates",
    tooltip: "Read every picture of the run and look for the same one in two parts of the split, or in two classes",
    activity: "Looking for duplicates",
    begin: GalleryAction::FindDuplicates,
    stop: GalleryAction::StopDuplicates,
    one: "duplicate",
    many: "duplicates",
    about: "The same pixels, or nearly the same picture, in two parts of the split or in two classes",
};

/// The button that begins a search, how far it is, or what it found.
fn search_ui(
    ui: &mut egui::Ui,
    search: &Search,
    state: Option<&SearchState>,
    folder: &Path,
    must_wait: bool,
    out: &mut Vec<Command>,
) {
    match state {
        None | Some(SearchState::Failed(_)) => {
            ui.add_enabled_ui(!must_wait, |ui| {
                let button = ui.button(format!("{} {}", icon::MAGNIFYING_GLASS, search.button));
                if button
                    .on_hover_text(search.tooltip)
                    .on_disabled_hover_text("Available when the training has ended")
                    .clicked()
                {
                    out.push(Command::Gallery((search.begin)(folder.to_path_buf())));
                }
            });
        }
        Some(SearchState::Running { done, total }) => {
            ui.horizontal_wrapped(|ui| {
                let text = match total {
                    0 => format!("{}…", search.activity),
                    total => format!(
                        "{}, {:.0} %",
                        search.activity,
                        *done as f64 * 100.0 / *total as f64
                    ),
                };
                ui.label(tokens(ui).muted(text));
                let stop = ui.button(format!("{} Stop", icon::STOP));
                if stop.on_hover_text("Stop the search").clicked() {
                    out.push(Command::Gallery(search.stop.clone()));
                }
            });
            let share = *done as f32 / (*total).max(1) as f32;
            let color = tokens(ui).accent_fill;
            widgets::bar(ui, share, color, search.activity);
        }
        Some(SearchState::Done(found)) => {
            let text = format::plural(found.len() as u64, search.one, search.many);
            ui.label(tokens::semibold(text)).on_hover_text(search.about);
        }
    }
    if let Some(SearchState::Failed(reason)) = state {
        widgets::problem(ui, Some(reason));
    }
}

/// One click that keeps what looks alike in one part of the split.
fn together_ui(ui: &mut egui::Ui, ready: &ReadyView, state: &State, out: &mut Vec<Command>) {
    let Some(alike) = state
        .gallery
        .alike
        .get(&ready.run.folder)
        .filter(|sets| !sets.is_empty())
    else {
        return;
    };
    let Some(document) = state.active_document() else {
        return;
    };
    let kept = &document.experiment.data.split.together;
    let pictures = format::plural(
        alike.iter().map(Vec::len).sum::<usize>() as u64,
        "picture",
        "pictures",
    );
    let sets = format::plural(alike.len() as u64, "set", "sets");
    if kept_together(kept, alike) == kept_together(kept, &[]) {
        let text = format!(
            "{pictures} that look alike ({sets}) are kept together in {}",
            document.experiment.name
        );
        ui.label(tokens(ui).muted(text));
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let text = format!("{pictures} look alike, in {sets}");
        ui.label(tokens(ui).muted(text));
        let tooltip = "The next runs of the open experiments on these pictures have each set in one part of the split, and in \
                       one fold: a test on a copy of a training picture is too good. The list of pictures stands in the \
                       experiment (“Kept together” in the Data panel), and can be undone";
        let button = ui.add_enabled(is_on_them(ready, state), egui::Button::new("Keep alike pictures together"));
        let button = button.on_hover_text(tooltip).on_disabled_hover_text(ON_OTHERS);
        if button.clicked() {
            let action = GalleryAction::KeepTogether(Arc::clone(alike));
            out.push(Command::Gallery(action));
        }
    });
}

/// How many pictures the active experiment leaves out, and the way back.
fn excluded_ui(ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) {
    let Some(document) = state.active_document() else {
        return;
    };
    let excluded = &document.experiment.data.exclude;
    if excluded.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let text = format!(
            "{} excludes {}",
            document.experiment.name,
            format::plural(excluded.len() as u64, "picture", "pictures")
        );
        ui.label(tokens(ui).muted(text))
            .on_hover_text(excluded.join("\n"));
        if ui
            .button("Include all again")
            .on_hover_text("Empty the experiment's list of excluded pictures")
            .clicked()
        {
            out.push(Command::Gallery(GalleryAction::Exclude {
                files: excluded.clone(),
                excluded: false,
            }));
        }
    });
    ui.add_space(tokens::SPACE_XS);
}

fn row_ui(
    ui: &mut egui::Ui,
    suspect: &Suspect,
    ready: &ReadyView,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    let colors = tokens(ui);
    let width = ui.available_width() - tokens::SPACE_S;
    let (rect, _) = ui.allocate_exact_size(
        vec2(width, ROW - ui.spacing().item_spacing.y),
        Sense::hover(),
    );
    ui.painter()
        .rect_filled(rect, tokens::RADIUS_M, colors.faint);
    let mut left = rect.left() + 6.0;
    let pictures = std::iter::once(&suspect.picture).chain(suspect.other());
    for (index, picture) in pictures.enumerate() {
        let picture_rect = Rect::from_min_size(pos2(left, rect.top() + 4.0), vec2(SIDE, SIDE));
        thumbnail_ui(
            ui,
            picture_rect,
            Some(&picture.source),
            state,
            &mut local.grid,
        );
        let picture_index = ready.run.position(&picture.name);
        let id = ui
            .scope_id()
            .with(("suspect", &suspect.picture.name, index));
        let response = ui.interact(picture_rect, id, Sense::click());
        let text = format!("{}, {}", picture.name, picture.class);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::accesskit::Role::Button,
                picture_index.is_some(),
                &text,
            )
        });
        if response.has_focus() || response.hovered() {
            let stroke = egui::Stroke::new(1.5, colors.accent);
            let kind = egui::StrokeKind::Outside;
            ui.painter()
                .rect_stroke(picture_rect, tokens::RADIUS_S, stroke, kind);
        }
        let hint = if picture_index.is_some() {
            "Click for a close look"
        } else {
            "This run has no prediction for this picture"
        };
        if response.on_hover_text(format!("{text}\n{hint}")).clicked()
            && let Some(picture_index) = picture_index
        {
            local.grid.look_at(picture_index);
        }
        left += SIDE + 6.0;
    }
    let mut text = rect;
    text.min.x = left + 6.0;
    text.max.x -= 6.0;
    let builder = egui::UiBuilder::new()
        .max_rect(text.shrink2(vec2(0.0, 5.0)))
        .layout(egui::Layout::top_down(egui::Align::Min));
    // A child that does not move the next row up to where its own text ends.
    let ui = &mut ui.new_child(builder);
    ui.spacing_mut().item_spacing.y = 2.0;
    let name = egui::Label::new(tokens::medium(&suspect.picture.name)).truncate();
    ui.add(name).on_hover_text(&suspect.picture.name);
    let sentence = suspect.sentence();
    let reason = egui::Label::new(colors.small(&sentence)).truncate();
    ui.add(reason).on_hover_text(&sentence);
    exclude_button(ui, &suspect.picture.name, ready, state, out);
}
