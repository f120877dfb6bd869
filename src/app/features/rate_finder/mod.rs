//! The dialog that finds a learning rate for a phase.

mod plot;
pub mod requests;

use std::sync::Arc;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::job::Doing;
use crate::app::core::rate_finder::RateAction;
use crate::app::ui::theme::{dialog, dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::report::RateReport;

/// Plain data of the dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct RateFinderView {
    /// `Phase 1, Feature extraction`.
    pub phase: String,
    /// Epochs of the phases before it, which are trained first.
    pub epochs_before: u32,
    /// Why nothing can be found now, in a sentence.
    pub obstacle: Option<String>,
    pub stage: RateStage,
    /// The experiment is another one than the rate was found for.
    pub is_outdated: bool,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum RateStage {
    #[default]
    Before,
    Working(Doing),
    Found {
        report: Arc<RateReport>,
        warnings: Vec<String>,
    },
    Stopped,
    Failed(String),
}

const WIDTH: f32 = 640.0;
const PLOT_HEIGHT: f32 = 270.0;

/// The dialog over the window; false when it was closed.
fn modal_ui(ctx: &egui::Context, view: &RateFinderView, out: &mut Vec<Command>) -> bool {
    let (is_open, is_closed) = dialog(ctx, "rate finder", "Find a learning rate", WIDTH, |ui| {
        rate_finder_ui(ui, view, out)
    });
    // What is under way goes on behind a dialog that was closed.
    is_open && !is_closed
}

/// What stands in the dialog; false when it was closed by a button.
pub fn rate_finder_ui(ui: &mut egui::Ui, view: &RateFinderView, out: &mut Vec<Command>) -> bool {
    ui.label(tokens(ui).muted(&view.phase));
    ui.add_space(tokens::SPACE_S);
    match &view.stage {
        RateStage::Working(doing) => working_ui(ui, doing, out),
        RateStage::Found { report, warnings } => found_ui(ui, view, report, warnings, out),
        RateStage::Before => before_ui(ui, view, None, out),
        RateStage::Stopped => before_ui(ui, view, Some("It was stopped; nothing is kept."), out),
        RateStage::Failed(reason) => before_ui(ui, view, Some(reason), out),
    }
}

fn before_ui(
    ui: &mut egui::Ui,
    view: &RateFinderView,
    trouble: Option<&str>,
    out: &mut Vec<Command>,
) -> bool {
    widgets::sentences(
        ui,
        "A range test trains this phase for up to 100 steps while the learning rate grows from 1e-7 to 10, and looks where the loss falls. What it learns is thrown away; the experiment stays as it is until you use the rate.",
    );
    if view.epochs_before > 0 {
        widgets::sentences(
            ui,
            &format!(
                "It begins where the phases before leave the network: their {} trained first, which takes as long as in a run.",
                format::count(view.epochs_before as usize, "epoch is", "epochs are")
            ),
        );
    }
    widgets::problem(ui, trouble);
    if let Some(obstacle) = &view.obstacle {
        ui.add_space(tokens::SPACE_XS);
        callout_ui(ui, obstacle);
    }
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let text = match view.stage {
            RateStage::Before => "Find a rate",
            _ => "Find again",
        };
        let can_start = view.obstacle.is_none();
        let start = primary_button(ui, text, can_start, egui::Vec2::ZERO);
        let start = start.on_hover_text("Train for up to 100 steps at ever higher rates");
        let why = view.obstacle.as_deref().unwrap_or_default();
        if start.on_disabled_hover_text(why).clicked() {
            out.push(Command::Rates(RateAction::Start));
        }
        let close = ui.button("Cancel").on_hover_text("Close this dialog");
        is_open = !close.clicked();
    });
    is_open
}

fn callout_ui(ui: &mut egui::Ui, text: &str) {
    let t = tokens(ui);
    t.callout(t.warning_faint, t.warning).show(ui, |ui| {
        ui.set_width(ui.available_width());
        widgets::sentences(ui, text);
    });
}

fn working_ui(ui: &mut egui::Ui, doing: &Doing, out: &mut Vec<Command>) -> bool {
    let t = tokens(ui);
    let text = match (doing.is_stopping, doing.text.as_str()) {
        (true, _) => "Stopping…".to_owned(),
        (false, "") => "Building the network…".to_owned(),
        (false, text) => text.to_owned(),
    };
    ui.add(egui::Label::new(t.muted(text)).truncate());
    ui.add_space(tokens::SPACE_XS);
    let share = doing.done as f32 / doing.total.max(1) as f32;
    widgets::bar(ui, share, t.accent, "Done so far");
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let stop = ui.add_enabled(!doing.is_stopping, egui::Button::new("Stop"));
        if stop
            .on_hover_text("End it within one batch; nothing is kept")
            .clicked()
        {
            out.push(Command::Rates(RateAction::Stop));
        }
        let hide = ui.button("Hide").on_hover_text(
            "Close this dialog; the test goes on, and the foot of the window says how far it is",
        );
        is_open = !hide.clicked();
    });
    is_open
}

fn found_ui(
    ui: &mut egui::Ui,
    view: &RateFinderView,
    report: &RateReport,
    warnings: &[String],
    out: &mut Vec<Command>,
) -> bool {
    let height = PLOT_HEIGHT.min(ui.ctx().content_rect().height() * 0.4);
    plot::curve_ui(ui, report, height);
    ui.add_space(tokens::SPACE_S);
    widgets::sentences(ui, &report.answer());
    widgets::note(ui, &report.details());
    for warning in warnings {
        callout_ui(ui, warning);
    }
    if view.is_outdated {
        callout_ui(
            ui,
            "The experiment has changed since: find the rate again to be sure.",
        );
    }
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        if let Some(rate) = report.rate_to_take() {
            let text = format!("Use {}", format::rate(rate));
            let tooltip = "Set the learning rate of this phase; undo takes it back";
            let take = primary_button(ui, &text, true, egui::Vec2::ZERO);
            if take.on_hover_text(tooltip).clicked() {
                out.push(Command::Rates(RateAction::Use));
                is_open = false;
            }
        }
        let can_start = view.obstacle.is_none();
        let again = ui.add_enabled(can_start, egui::Button::new("Find again"));
        let why = view.obstacle.as_deref().unwrap_or_default();
        let again = again.on_hover_text("Test the phase as it is now");
        if again.on_disabled_hover_text(why).clicked() {
            out.push(Command::Rates(RateAction::Start));
        }
        let close = ui.button("Close").on_hover_text("Keep the rate as it is");
        is_open &= !close.clicked();
    });
    is_open
}

#[cfg(test)]
mod tests;
