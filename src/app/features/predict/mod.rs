//! Middle: any pictures, answered by a trained run.

mod answers;
mod bars;
mod card;
mod chips;
mod closeup;
mod filters;
mod header;
mod pasted;
pub mod placing;
pub mod query;
pub mod requests;
mod unread;
pub mod view;
mod words;

use std::time::Instant;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::prediction::{PredictAction, PredictPurpose};
use crate::app::core::state::State;
use crate::app::core::view_id::ViewId;
use crate::app::ui::closeup::CloseupLocal;
use crate::app::ui::picture_grid::GridLocal;
use crate::app::ui::run_choice::RunChoice;
use crate::app::ui::tokens::icon;
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use query::{Filter, Query, SortBy};
use view::{PredictCache, Runs};

/// A run's answers on pictures beside its own.
pub struct PredictTab;

impl View for PredictTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::PREDICT,
            title: "Predict",
            icon: icon::SPARKLE,
            action: "Show predictions",
            tooltip: "What a trained run says of any pictures: drop them here, paste them, or watch a folder",
            figure: None,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let local = context.panels.of_window::<PredictLocal>();
        predict_ui(ui, context.state, local, out);
    }

    fn unfold(&self, context: &mut ViewContext<'_>) {
        context.panels.of_window::<PredictLocal>().filters = true;
    }
}

/// Which part of the answers is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Pictures,
    /// What could not be read.
    Unread,
}

/// What the view remembers between frames.
#[derive(Default)]
pub struct PredictLocal {
    pub query: Query,
    pub mode: Mode,
    cache: PredictCache,
    /// Its pictures by their numbers among the answers.
    grid: GridLocal,
    closeup: CloseupLocal,
    /// What the wall showed last.
    drawn: Query,
    /// The run whose classes the filter is of.
    run: Option<String>,
    /// Whether the filters are unfolded.
    filters: bool,
    /// The folder that is watched, once all of its pictures are shown, the latest first.
    followed: Option<std::path::PathBuf>,
}

impl PredictLocal {
    /// Pictures that the last frame laid out.
    pub fn cards(&self) -> usize {
        self.grid.cards
    }

    /// Views that were built so far.
    pub fn stamp(&self) -> u64 {
        self.cache.stamp
    }

    /// Of a folder that is watched, the latest pictures stand first, and no filter hides one that comes.
    fn follow_watching(&mut self, state: &State) {
        let watched = (state.prediction.watched.as_ref()).map(|watched| &watched.folder);
        if self.followed.as_ref() != watched {
            if watched.is_some() {
                self.query = Query {
                    sort: SortBy::Arrival,
                    largest_first: true,
                    ..Query::default()
                };
                self.mode = Mode::Pictures;
                self.grid.forget_current();
            }
            self.followed = watched.cloned();
        }
    }
}

pub fn predict_ui(
    ui: &mut egui::Ui,
    state: &State,
    local: &mut PredictLocal,
    out: &mut Vec<Command>,
) {
    local.grid.begin_frame();
    local.follow_watching(state);
    let runs = Runs::build(state);
    let Some(run) = runs.answering() else {
        no_run_ui(ui, state, out);
        return;
    };
    pasted::follow(ui, out);
    let prediction = &state.prediction;
    let now = Instant::now();
    if prediction.is_empty() && prediction.watched.is_none() {
        local.grid.forget_current();
        header::inputs_ui(ui, &runs, prediction, out);
        header::notes_ui(ui, prediction);
        empty_ui(ui, run, out);
        return;
    }
    if local.run != prediction.run {
        local.run.clone_from(&prediction.run);
        // A class of another run is another one.
        local.query.remove(Filter::Answer);
    }
    if local.drawn != local.query {
        local.drawn = local.query.clone();
        local.grid.to_top = true;
    }
    let (view, rest) = local.cache.view(prediction, &local.query, now);
    if let Some(rest) = rest {
        ui.ctx().request_repaint_after(rest);
    }
    let current = local.grid.current.filter(|_| local.grid.open);
    match current {
        Some(index) if view.answer(index).is_some() => {
            closeup::closeup_ui(ui, run, &view, index, state, local, out);
        }
        _ => {
            local.grid.open = false;
            header::inputs_ui(ui, &runs, prediction, out);
            header::headline_ui(ui, prediction);
            bars::bars_ui(ui, prediction, &view, &mut local.query);
            header::status_ui(ui, prediction, now, out);
            header::notes_ui(ui, prediction);
            answers::answers_ui(ui, &view, state, local, out);
        }
    }
    local.grid.end_frame(out);
}

/// Where no run has a network yet.
fn no_run_ui(ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) {
    widgets::empty_state(
        ui,
        icon::SPARKLE,
        "No trained run yet",
        "Train an experiment to its end, or open the folder of a run that you were given: it then says here what it sees in any \
         pictures that you drop, paste or choose.",
        |ui| {
            if state.has_pictures() {
                let tooltip = "Train every ticked experiment, one after the other";
                if widgets::primary_button(ui, "Train", tooltip).clicked() {
                    out.push(Command::Train);
                }
            } else {
                let tooltip = "Begin with a folder of pictures sorted by class";
                if widgets::primary_button(ui, "Open pictures…", tooltip).clicked() {
                    out.push(Command::OpenPicturesDialog);
                }
            }
            let tooltip = "List the run in a folder beside your own: it stays where it is";
            if widgets::next_button(ui, "Open a run's folder…", tooltip, true) {
                out.push(Command::FindRunsDialog);
            }
        },
    );
}

/// Where nothing has been asked yet.
fn empty_ui(ui: &mut egui::Ui, run: &RunChoice, out: &mut Vec<Command>) {
    let text = format!(
        "Drop pictures or a folder onto this view, paste them with Ctrl+V, or choose them. {} says which of its classes each \
         one shows, and how sure it is. No file is changed.",
        run.name
    );
    widgets::empty_state(ui, icon::IMAGES, "Drop pictures here", &text, |ui| {
        let buttons = [
            (
                "Choose pictures…",
                header::PICTURES_TOOLTIP,
                PredictPurpose::Pictures,
            ),
            (
                "Choose a folder…",
                header::FOLDER_TOOLTIP,
                PredictPurpose::Folder,
            ),
        ];
        for (index, (text, tooltip, purpose)) in buttons.into_iter().enumerate() {
            if widgets::next_button(ui, text, tooltip, index > 0) {
                out.push(Command::Predict(PredictAction::Dialog(purpose)));
            }
        }
    });
}
