//! Middle: a sweep, many runs that differ in a few fields: set up, trained here or on a cluster, watched, compared.

mod fields;
mod forecast;
mod head;
pub mod requests;
mod results;
mod setup;
pub mod slurm;
mod values;
mod view;

use std::sync::Arc;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::core::sweep::SweepAction;
use crate::app::core::view_id::ViewId;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::sweep::shipped;
use crate::training::time_estimate::RunEstimate;
use results::data::ResultsCache;
use results::{ResultsLocal, results_ui};
use view::{HeadView, SetupView};

/// A sweep.
pub struct SweepTab;

impl View for SweepTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::SWEEP,
            title: "Sweep",
            icon: icon::CHART_SCATTER,
            action: "Show the sweep",
            tooltip: "Many runs that differ in a few fields: learning rates, layers, sizes; which is best, and whether that is luck",
            figure: None,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let estimate = forecast::of_base(context);
        let local = context.panels.of_window::<SweepLocal>();
        sweep_ui(ui, context.state, local, estimate.as_ref(), out);
    }
}

/// Which page of the sweep is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Setup,
    Results,
}

/// What the view remembers between frames.
#[derive(Default)]
pub struct SweepLocal {
    /// Until a person chooses, the results of a sweep that has some.
    pub page: Option<Page>,
    /// The sweep that `page` was chosen for.
    of: Option<Arc<()>>,
    /// Whether the last frame saw this window train the sweep.
    was_training: bool,
    /// Whether rows are settings over their seeds.
    averaged: Averaged,
    cache: ResultsCache,
    pub results: ResultsLocal,
}

/// Whether seeds are averaged: they are, until a person says otherwise.
struct Averaged(bool);

impl Default for Averaged {
    fn default() -> Self {
        Self(true)
    }
}

impl SweepLocal {
    /// Results that were put together so far.
    pub fn stamp(&self) -> u64 {
        self.cache.stamp()
    }
}

/// `of_base`: what one run of the base takes, where that is known.
fn sweep_ui(
    ui: &mut egui::Ui,
    state: &State,
    local: &mut SweepLocal,
    of_base: Option<&RunEstimate>,
    out: &mut Vec<Command>,
) {
    let Some(open) = state.sweep.open.as_deref() else {
        empty_ui(ui, state, out);
        return;
    };
    out.push(Command::Sweep(SweepAction::Follow));
    // A sweep that gets another file stays where it is.
    let is_it = |of: &Arc<()>| Arc::ptr_eq(of, &open.identity);
    if !local.of.as_ref().is_some_and(is_it) {
        if local.of.is_some() {
            local.page = None;
        }
        local.of = Some(open.identity.clone());
    }
    // Training that begins is watched, wherever it was begun.
    let is_training = open.training.is_live();
    if is_training && !local.was_training {
        local.page = Some(Page::Results);
    }
    local.was_training = is_training;
    let head = HeadView::build(open, state);
    let has_results =
        head.counts.done() + head.counts.running + head.counts.failed + head.counts.stopped > 0;
    let mut page = local.page.unwrap_or(match has_results {
        true => Page::Results,
        false => Page::Setup,
    });
    // Whoever edits it stays in Setup, whatever is found in the folder of its runs.
    if open.document.file.is_none() || open.current_status().is_some() {
        local.page = Some(page);
    }
    let before = page;
    head::head_ui(ui, &head, &mut page, out);
    if page != before {
        local.page = Some(page);
    }
    ui.add_space(tokens::SPACE_XS);
    match page {
        Page::Setup => setup::setup_ui(ui, &SetupView::build(open, state, of_base), out),
        Page::Results => match local.cache.view(open, local.averaged.0) {
            Some(view) => {
                results_ui(ui, &view, &mut local.averaged.0, &mut local.results, out);
            }
            None => widgets::empty_state(
                ui,
                icon::CHART_SCATTER,
                "No cells yet",
                "The sweep can't be planned as it is. Its setup says what is missing.",
                |_| {},
            ),
        },
    }
}

/// Where no sweep is open.
fn empty_ui(ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) {
    let text = "A sweep trains an experiment again and again with other learning rates, layers or sizes, and says which setting is \
                best on validation pictures, and whether that is more than luck. It can be stopped and gone on with at any time.";
    widgets::empty_state(ui, icon::CHART_SCATTER, "No sweep is open", text, |ui| {
        let has_experiment = state.active_document().is_some();
        if has_experiment {
            let tooltip = "Vary fields of the experiment that is shown at the left";
            if widgets::primary_button(ui, "New sweep from this experiment…", tooltip).clicked() {
                out.push(Command::Sweep(SweepAction::New));
            }
            ui.add_space(tokens::SPACE_S);
        }
        let tooltip =
            "Open a sweep's file (*.sweep.ron); one that was trained elsewhere can be watched";
        if widgets::next_button(ui, "Open a sweep…", tooltip, has_experiment) {
            out.push(Command::Sweep(SweepAction::OpenDialog));
        }
        ui.add_space(tokens::SPACE_S);
        let recent = &state.sweep.recent;
        if !recent.is_empty() {
            let labels = ("Recent sweeps", "Open a sweep that was open before");
            let item = |kept: &crate::app::core::sweep::KeptSweep| {
                let name = kept.file.file_name().unwrap_or_default().to_string_lossy();
                Item::new(name).tooltip(kept.file.display().to_string())
            };
            let items = || recent.iter().map(item).collect();
            if let Some(index) =
                drop_down(ui, labels, 220.0, None, &Item::new("Recent sweeps"), items)
                && let Some(kept) = recent.get(index)
            {
                out.push(Command::Sweep(SweepAction::Open(kept.file.clone())));
            }
        }
        for (name, _) in shipped() {
            let tooltip = "Open a small sweep that comes with Graft, to see how one is written";
            let button = ui.button(format!("Open the example {name}"));
            if button.on_hover_text(tooltip).clicked() {
                out.push(Command::Sweep(SweepAction::OpenShipped(name)));
            }
        }
    });
}
