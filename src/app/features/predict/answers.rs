//! The answers: filtered, sorted, as a wall of pictures; and what can be done with those that are shown.

use eframe::egui::{self, Key, vec2};

use super::view::AnswersView;
use super::{Mode, PredictLocal, chips, filters, unread};
use crate::app::core::command::Command;
use crate::app::core::prediction::{Chosen, PredictAction, PredictPurpose};
use crate::app::core::state::State;
use crate::app::ui::picture_grid::{self, make_room, pressed};
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::widgets;
use crate::{format, shown};

/// What takes back “Copy by class…”.
const UNDO: &str = "Undo copy by class";

const SAVE_TOOLTIP: &str = "Write the answers as a table, in this order: path, class, confidence, every probability. With filters, \
                            those that are shown; without, also the files that could not be read";

const COPY_TOOLTIP: &str = "Copy the pictures, or links to them, into a folder for each class. You see what would be done before; \
                            nothing is moved or replaced, and it can be undone";

pub fn answers_ui(
    ui: &mut egui::Ui,
    view: &AnswersView,
    state: &State,
    local: &mut PredictLocal,
    out: &mut Vec<Command>,
) {
    let prediction = &state.prediction;
    if prediction.unread.is_empty() {
        local.mode = Mode::Pictures;
    }
    actions_ui(ui, view, state, local, out);
    if local.mode == Mode::Unread {
        unread::unread_ui(ui, &prediction.unread, out);
        return;
    }
    // Most of the room is the pictures': which filters are active, chips say.
    if local.filters {
        filters::filters_ui(ui, view, &prediction.tally, local);
    }
    chips::chips_ui(ui, view, &mut local.query);
    ui.add_space(tokens::SPACE_XS);
    if view.shown.is_empty() {
        nothing_ui(ui, view, state, local);
        return;
    }
    let PredictLocal { grid, query, .. } = local;
    picture_grid::grid_ui(ui, "predictions", view, state, grid, |ui| {
        if pressed(ui, Key::Num0) {
            query.show_all();
        }
    });
}

/// Where no picture is shown.
fn nothing_ui(ui: &mut egui::Ui, view: &AnswersView, state: &State, local: &mut PredictLocal) {
    let prediction = &state.prediction;
    if !view.answers.is_empty() {
        let text = "The filters leave out every answer.";
        widgets::empty_state(
            ui,
            icon::FUNNEL,
            "No picture passes the filters",
            text,
            |ui| {
                if widgets::primary_button(ui, "Show all", "Clear every filter").clicked() {
                    local.query.show_all();
                }
            },
        );
        return;
    }
    let is_looking = (prediction.watched.as_ref())
        .is_some_and(|watched| !watched.is_ready || watched.done < watched.found);
    let (symbol, title, text) = if prediction.work.is_some() || is_looking {
        (
            icon::HOURGLASS,
            "The first answers are on their way",
            "The run's network is read, and the pictures are looked for.",
        )
    } else if prediction.watched.is_some() {
        (
            icon::BINOCULARS,
            "No picture has come yet",
            "Pictures that come into the folder are answered here.",
        )
    } else {
        (
            icon::WARNING_CIRCLE,
            "No picture was answered",
            "Nothing that was given has an answer. Drop other pictures here, or choose them above.",
        )
    };
    widgets::empty_state(ui, symbol, title, text, |_| ());
}

/// What can be done with the answers that are shown, and in which order they are.
fn actions_ui(
    ui: &mut egui::Ui,
    view: &AnswersView,
    state: &State,
    local: &mut PredictLocal,
    out: &mut Vec<Command>,
) {
    let prediction = &state.prediction;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        let has_some = !view.shown.is_empty();
        let number = format::thousands(view.shown.len() as u64);
        let (save, copy) = match view.shows_all() {
            true => ("Save as CSV…".to_owned(), "Copy by class…".to_owned()),
            // Said before, not afterwards.
            false => (
                format!("Save {number} as CSV…"),
                format!("Copy {number} by class…"),
            ),
        };
        for (symbol, text, tooltip, purpose) in [
            (
                icon::FLOPPY_DISK,
                save,
                SAVE_TOOLTIP,
                PredictPurpose::Save as fn(Chosen) -> PredictPurpose,
            ),
            (
                icon::COPY,
                copy,
                COPY_TOOLTIP,
                PredictPurpose::Place as fn(Chosen) -> PredictPurpose,
            ),
        ] {
            make_room(ui, 150.0);
            let button = ui.add_enabled(has_some, egui::Button::new(format!("{symbol} {text}")));
            let button = button.accessible_name(text);
            let why_not = "No answer is shown";
            if button
                .on_hover_text(tooltip)
                .on_disabled_hover_text(why_not)
                .clicked()
            {
                let purpose = purpose(view.chosen(&local.query));
                out.push(Command::Predict(PredictAction::Dialog(purpose)));
            }
        }
        if let Some(root) = &prediction.placed_in {
            make_room(ui, 120.0);
            let undo = ui.button(format!("{} {UNDO}", icon::ARROW_U_UP_LEFT));
            let undo = undo.accessible_name(UNDO).on_hover_text(format!(
                "Remove what was copied by class, as far as it stands as it was copied: {}",
                shown::line(&shown::path(root))
            ));
            if undo.clicked() {
                let action = PredictAction::TakeBack(root.clone());
                out.push(Command::Predict(action));
            }
        }
        make_room(ui, 80.0);
        let clear = ui.button(format!("{} Clear", icon::ERASER));
        if clear
            .accessible_name("Clear the answers")
            .on_hover_text("Forget these answers; files stay as they are")
            .clicked()
        {
            out.push(Command::Predict(PredictAction::Clear));
        }
        make_room(ui, filters::ORDER_WIDTH);
        ui.add_enabled_ui(local.mode == Mode::Pictures, |ui| {
            filters::order_ui(ui, view, local);
        });
        // At the end: nothing moves when the first file could not be read.
        if !prediction.unread.is_empty() {
            make_room(ui, 170.0);
            let unread = format!(
                "Not read ({})",
                format::thousands(prediction.unread.len() as u64)
            );
            let modes = [
                (
                    Mode::Pictures,
                    "Pictures",
                    "The pictures that were answered",
                ),
                (
                    Mode::Unread,
                    unread.as_str(),
                    "Files that could not be read, and why",
                ),
            ];
            widgets::segmented(ui, &mut local.mode, &modes);
        }
    });
}
