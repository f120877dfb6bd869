//! What the curves of a run say, with buttons that apply the remedy to a copy of its experiment.

use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::training::diagnosis::Fit;

/// Plain data of a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagnosisView {
    pub folder: PathBuf,
    pub run: String,
    pub color: usize,
    pub fit: Fit,
    /// It may still turn.
    pub tentative: bool,
    pub reason: String,
    pub advice: String,
    /// What a button says, and why that helps.
    pub remedies: Vec<(String, String)>,
}

impl DiagnosisView {
    /// What is known of one run's curves.
    pub fn of(state: &State, run: &RunRecord) -> Option<Self> {
        let folder = run.folder.as_ref()?;
        let found = state.evaluation.diagnoses.get(folder)?.as_ref().ok()?;
        Some(Self {
            folder: folder.clone(),
            run: crate::app::core::run_names::told_apart(run, state),
            color: run.color,
            fit: found.fit,
            tentative: found.is_tentative,
            reason: found.reason.clone(),
            advice: found.advice.clone(),
            remedies: found
                .remedies
                .iter()
                .map(|remedy| (remedy.title.clone(), remedy.reason.to_owned()))
                .collect(),
        })
    }

    /// The run whose curves one looks at: the one that trains, else the chosen one, else the last
    /// that is drawn.
    pub fn of_shown(state: &State) -> Option<Self> {
        let drawn = |run: &&RunRecord| run.shown && !run.metrics.is_empty();
        let running = state
            .runs
            .iter()
            .filter(drawn)
            .find(|run| run.state == RecordState::Running);
        let chosen = || {
            let id = state.selected_run.as_ref()?;
            state.runs.iter().filter(drawn).find(|run| run.id == *id)
        };
        let run = running
            .or_else(chosen)
            .or_else(|| state.runs.iter().rfind(drawn))?;
        Self::of(state, run)
    }
}

pub fn diagnosis_ui(ui: &mut egui::Ui, view: &DiagnosisView, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    let (fill, edge, symbol) = match view.fit {
        Fit::Good => (colors.success_faint, colors.success, icon::CHECK_CIRCLE),
        Fit::Underfitting | Fit::Overfitting => {
            (colors.warning_faint, colors.warning, icon::WARNING)
        }
        Fit::Diverging | Fit::NotLearning => {
            (colors.danger_faint, colors.danger, icon::WARNING_CIRCLE)
        }
    };
    colors.callout(fill, edge).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing = egui::vec2(tokens::SPACE_S, tokens::SPACE_XS);
        ui.horizontal_wrapped(|ui| {
            ui.label(tokens::icon_text(symbol).color(edge));
            let so_far = if view.tentative { ", so far" } else { "" };
            ui.label(tokens::semibold(format!(
                "{}: {}{so_far}.",
                view.run,
                view.fit.title().to_lowercase()
            )));
            ui.label(&view.reason);
        });
        ui.label(colors.muted(&view.advice));
        if view.remedies.is_empty() {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            for (index, (title, reason)) in view.remedies.iter().enumerate() {
                let text = format!("{} {title}", icon::NOTE_PENCIL);
                let tooltip = format!("{reason} Opens a copy of the experiment with this change.");
                if ui
                    .button(text)
                    .accessible_name(title)
                    .on_hover_text(tooltip)
                    .clicked()
                {
                    out.push(Command::UseRemedy {
                        folder: view.folder.clone(),
                        index,
                    });
                }
            }
        });
    });
}
