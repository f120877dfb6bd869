//! What the frame knows of a view of the middle and of a section of the left side: each is a type in its feature's folder,
//! listed in `features/mod.rs`. They hold nothing themselves; what they remember between frames stands in [`PanelState`].

use std::fmt;
use std::sync::Arc;

use eframe::egui;

use super::layer_plan::{LayerPlans, LayerPlansCache};
use super::panel_state::PanelState;
use super::tokens::{self, tokens};
use crate::app::core::clock;
use crate::app::core::command::Command;
use crate::app::core::state::{Document, State};
use crate::app::core::view_id::ViewId;
use crate::report::FigureKind;

/// A tab of the middle.
pub trait View: Sync {
    fn info(&self) -> ViewInfo;

    /// Builds the view's plain data and draws it. What it lacks it asks for in every frame, by one of the commands that
    /// are requests.
    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>);

    /// The run that the figure shows, where it is of one run; other figures are of the runs that are shown.
    fn figure_run(&self, _state: &State) -> Option<String> {
        None
    }

    /// Opens everything that is folded: frames are measured with as much in them as there can be.
    fn unfold(&self, _context: &mut ViewContext<'_>) {}
}

/// What tabs, palette, shortcuts and tooltips say of a view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewInfo {
    pub id: ViewId,
    /// On its tab.
    pub title: &'static str,
    pub icon: &'static str,
    /// What showing it is called in the palette.
    pub action: &'static str,
    /// What there is to see.
    pub tooltip: &'static str,
    /// What can be exported and copied from its tab.
    pub figure: Option<FigureKind>,
}

/// A part of the left side. It is drawn while an experiment is open.
pub trait Section: Sync {
    fn info(&self) -> SectionInfo;

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>);

    /// What it says on its line while it is closed.
    fn summary(&self, _document: &Document, _context: &mut ViewContext<'_>) -> String {
        String::new()
    }
}

/// What a section's line says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SectionInfo {
    pub title: &'static str,
    pub icon: &'static str,
    pub tooltip: &'static str,
    /// The beginnings of its fields' names in a preset: their problems are marked on its line.
    pub fields: &'static [&'static str],
    pub starts_open: bool,
}

/// What panels are drawn from.
pub struct ViewContext<'a> {
    pub state: &'a State,
    /// In seconds since 1970.
    pub now: u64,
    pub panels: &'a mut PanelState,
}

impl<'a> ViewContext<'a> {
    /// Of this moment.
    pub fn new(state: &'a State, panels: &'a mut PanelState) -> Self {
        Self {
            state,
            now: clock::now(),
            panels,
        }
    }

    /// The active experiment's plans, laid over its layers; nothing when none is open.
    pub fn layer_plans(&mut self) -> Option<Arc<LayerPlans>> {
        let cache = self.panels.of_window::<LayerPlansCache>();
        cache.plans(self.state)
    }
}

/// Views are told apart by their names.
impl PartialEq for dyn View {
    fn eq(&self, other: &Self) -> bool {
        self.info().id == other.info().id
    }
}

impl Eq for dyn View {}

impl fmt::Debug for dyn View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.info().id)
    }
}

/// In place of a view that is about an experiment, while none is open.
pub fn no_experiment_ui(ui: &mut egui::Ui, out: &mut Vec<Command>) {
    ui.vertical_centered(|ui| {
        ui.add_space(tokens::SPACE_XXL);
        ui.label(tokens(ui).muted("No experiment is open"));
        if ui
            .button("Open pictures…")
            .on_hover_text("Begin with a folder of pictures sorted by class")
            .clicked()
        {
            out.push(Command::OpenPicturesDialog);
        }
    });
}
