//! Middle: every prediction of a run as a picture.

mod card;
mod closeup;
mod grid;
mod lesson;
mod probabilities;
pub mod requests;
mod suspects;
mod toolbar;
pub mod view;

use std::sync::Arc;

use eframe::egui;

use crate::app::core::command::{Command, GalleryFilter};
use crate::app::core::state::{RunRecord, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::closeup::CloseupLocal;
use crate::app::ui::disclosure::disclosure_ui;
use crate::app::ui::hidden_runs::OTHER_PICTURES;
use crate::app::ui::picture_grid::{GridLocal, NARROW};
use crate::app::ui::tokens::icon;
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::report::FigureKind;
use view::{Content, GalleryCache, GalleryView, Query, ReadyView};

/// A run's predictions as pictures.
pub struct GalleryTab;

impl View for GalleryTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::GALLERY,
            title: "Gallery",
            icon: icon::GRID_FOUR,
            action: "Show gallery",
            tooltip: "Every prediction of a run as a picture: confident, uncertain and wrong ones",
            figure: Some(FigureKind::Gallery),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let local = context.panels.of_window::<GalleryLocal>();
        let view = local.view(context.state);
        gallery_ui(ui, &view, context.state, local, out);
    }

    fn unfold(&self, context: &mut ViewContext<'_>) {
        context.panels.of_window::<GalleryLocal>().filters = true;
    }
}

/// Which part of the gallery is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Grid,
    /// The lesson's three rows.
    Lesson,
    /// Likely wrong labels and duplicates.
    Suspects,
}

/// What the gallery remembers between frames.
#[derive(Default)]
pub struct GalleryLocal {
    pub query: Query,
    pub mode: Mode,
    cache: GalleryCache,
    /// Its pictures by their indices in the run's entries.
    grid: GridLocal,
    /// Whether the filters are unfolded, in a room that is too narrow for them.
    filters: bool,
    /// The number of the request that was followed last.
    followed: Option<u64>,
    closeup: CloseupLocal,
    /// A request that waits for its run to be read.
    pending: Option<GalleryFilter>,
}

impl GalleryLocal {
    /// The view of this frame: built when something changed, after following what other views asked for.
    pub fn view(&mut self, state: &State) -> Arc<GalleryView> {
        if let Some((number, filter)) = &state.gallery.request
            && self.followed != Some(*number)
        {
            self.followed = Some(*number);
            self.mode = Mode::Grid;
            self.grid.forget_current();
            if filter.run.is_some() {
                self.query.run.clone_from(&filter.run);
            }
            if let Some((other, _)) = &filter.against {
                self.query.against = Some(other.clone());
            }
            self.pending = Some(filter.clone());
        }
        let view = self.cache.view(state, &self.query);
        let Content::Ready(ready) = &view.content else {
            return view;
        };
        match self.pending.take() {
            Some(filter) => {
                self.query.adopt(&filter, &ready.run.predicted.classes);
                self.cache.view(state, &self.query)
            }
            None => view,
        }
    }

    /// Pictures that the last frame laid out.
    pub fn cards(&self) -> usize {
        self.grid.cards
    }
}

pub fn gallery_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    local.grid.begin_frame();
    for run_index in [view.run, view.against].into_iter().flatten() {
        let folder = view.runs[run_index].folder.clone();
        local.grid.requests.runs.push(folder);
    }
    match &view.content {
        Content::NoRuns => widgets::empty_state(
            ui,
            icon::GRID_FOUR,
            "No predictions yet",
            "A run that has been tested shows its predictions here, picture by picture: confident, uncertain and wrong \
             ones.",
            |ui| train_button_ui(ui, state, out),
        ),
        Content::OtherPictures => {
            toolbar::runs_ui(ui, view, None, local);
            let (title, text) = OTHER_PICTURES;
            widgets::empty_state(ui, icon::GRID_FOUR, title, text, |ui| {
                train_button_ui(ui, state, out)
            });
        }
        Content::Reading => {
            toolbar::runs_ui(ui, view, None, local);
            widgets::empty_state(
                ui,
                icon::HOURGLASS,
                "Reading the predictions",
                "The run's predictions and the paths of its pictures are being read.",
                |_| (),
            );
        }
        Content::Failed(reason) => {
            toolbar::runs_ui(ui, view, None, local);
            let choice = view.run.and_then(|run| view.runs.get(run));
            let run = choice.and_then(|choice| state.runs.iter().find(|run| run.id == choice.id));
            let summary = run.and_then(|run| run.summary.as_ref());
            let (symbol, title, text) = match summary {
                Some(summary) if summary.test_is_withheld => {
                    (icon::GRID_FOUR, NOT_TESTED.0, NOT_TESTED.1)
                }
                _ => (
                    icon::WARNING_CIRCLE,
                    "This run has no predictions to show",
                    reason.as_str(),
                ),
            };
            widgets::empty_state(ui, symbol, title, text, |ui| {
                if let Some(run) = run {
                    unanswered_ui(ui, run, state, out);
                }
            });
        }
        Content::Ready(ready) => ready_ui(ui, view, ready, state, local, out),
    }
    local.grid.end_frame(out);
}

/// Of a cell of a sweep, before its setting is chosen.
const NOT_TESTED: (&str, &str) = (
    "The test pictures are withheld",
    "This run is a cell of a sweep, whose test pictures nobody looks at before a setting is chosen. Its network can predict the \
     validation pictures, by which the sweep chooses.",
);

/// What a run that was never tested can be asked for.
fn unanswered_ui(ui: &mut egui::Ui, run: &RunRecord, state: &State, out: &mut Vec<Command>) {
    let is_tested = (run.summary.as_ref()).is_some_and(|summary| summary.test.is_some());
    if let Some(folder) = run.folder.as_ref().filter(|_| !is_tested) {
        toolbar::answer_ui(ui, folder, Split::Validation, state, out);
    }
}

fn train_button_ui(ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) {
    let tooltip = "Train every ticked experiment, one after the other";
    if state.has_pictures() && widgets::primary_button(ui, "Train", tooltip).clicked() {
        out.push(Command::Train);
    }
}

fn ready_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: &ReadyView,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    if local.grid.open {
        match local.grid.current {
            Some(picture_index) if (picture_index as usize) < ready.total() => {
                closeup::closeup_ui(ui, view, ready, picture_index, state, local, out);
                return;
            }
            _ => local.grid.open = false,
        }
    }
    toolbar::runs_ui(ui, view, Some(ready), local);
    if local.mode != Mode::Suspects {
        // In a narrow room the filters would leave none for the pictures.
        let is_narrow = ui.available_width() < NARROW;
        if is_narrow {
            let tooltip = "Which pictures are shown, in which order, and how large";
            disclosure_ui(ui, "Filters and order", tooltip, &mut local.filters);
        }
        if !is_narrow || local.filters {
            toolbar::filters_ui(ui, ready, state, local, out);
        }
        toolbar::summary_ui(ui, ready, local, !is_narrow || local.filters);
    }
    if let Some(problem) = &ready.run.problem {
        widgets::problem(ui, Some(&format!("The pictures are not found: {problem}")));
    }
    match local.mode {
        Mode::Grid => grid::grid_ui(ui, ready, state, local),
        Mode::Lesson => lesson::lesson_ui(ui, ready, state, local),
        Mode::Suspects => suspects::suspects_ui(ui, ready, state, local, out),
    }
}
