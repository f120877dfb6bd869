//! What the curves of a run say, with buttons that apply the remedy to a copy of its experiment.

use std::path::PathBuf;

use eframe::egui;

use super::widgets;
use crate::app::core::command::Command;
use crate::app::core::run_names::told_apart;
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
            run: told_apart(run, state),
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

    /// "overfitting, so far"
    fn title(&self) -> String {
        let so_far = if self.tentative { ", so far" } else { "" };
        format!("{}{so_far}", self.fit.title().to_lowercase())
    }
}

/// What the curves of one of several runs say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunVerdict {
    pub id: String,
    pub run: String,
    pub color: usize,
    /// Or why they say nothing yet.
    pub found: Result<DiagnosisView, String>,
}

impl RunVerdict {
    /// Of every run whose curves are drawn, as far as it is known.
    pub fn of_drawn(state: &State) -> Vec<Self> {
        let of_run = |run: &RunRecord| {
            let folder = run.folder.as_ref()?;
            let found = state.evaluation.diagnoses.get(folder)?;
            Some(Self {
                id: run.id.clone(),
                run: told_apart(run, state),
                color: run.color,
                found: match found {
                    Ok(_) => Ok(DiagnosisView::of(state, run)?),
                    Err(undecided) => Err(undecided.to_string()),
                },
            })
        };
        state.runs.iter().filter(drawn).filter_map(of_run).collect()
    }

    /// The run whose curves one looks at, by its id: the one that a person selected, else the one that trains, else the one
    /// that ended last, else the last that is drawn.
    pub fn looked_at(state: &State) -> Option<String> {
        let all = || state.runs.iter().filter(drawn);
        let selected = || all().find(|run| state.selected_run.as_ref() == Some(&run.id));
        let run = (selected().filter(|run| state.selected_with.contains(&run.id)))
            .or_else(|| all().find(|run| run.state == RecordState::Running))
            .or_else(selected)
            .or_else(|| all().next_back())?;
        Some(run.id.clone())
    }

    /// "Fine-tuning: overfitting, so far"
    fn line(&self) -> String {
        match &self.found {
            Ok(found) => format!("{}: {}", self.run, found.title()),
            Err(_) => format!("{}: not clear yet", self.run),
        }
    }
}

fn drawn(run: &&RunRecord) -> bool {
    run.shown && !run.metrics.is_empty()
}

/// The verdict on the run that is looked at, and a line for each of the others, which a click selects.
pub fn verdicts_ui(
    ui: &mut egui::Ui,
    verdicts: &[RunVerdict],
    looked_at: Option<&str>,
    out: &mut Vec<Command>,
) {
    let main = (verdicts.iter()).find(|verdict| Some(verdict.id.as_str()) == looked_at);
    match main.map(|verdict| (verdict, &verdict.found)) {
        Some((_, Ok(found))) => diagnosis_ui(ui, found, out),
        Some((verdict, Err(reason))) => {
            widgets::note(ui, &format!("{}: {reason}.", verdict.run));
        }
        None => widgets::note(
            ui,
            "Whether a run underfits or overfits is said here, with what to change, once it has enough epochs.",
        ),
    }
    let is_other = |verdict: &&RunVerdict| main.is_none_or(|main| main.id != verdict.id);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_M;
        for verdict in verdicts.iter().filter(is_other) {
            let line = verdict.line();
            let response = widgets::run_mark(ui, tokens::run_color(verdict.color), &line);
            let response = response.interact(egui::Sense::click());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &line));
            let why = verdict.found.as_ref().err();
            let why = why.map_or_else(String::new, |reason| format!("\n{reason}"));
            if response
                .on_hover_text(format!("Select this run and show what its curves say{why}"))
                .clicked()
            {
                out.push(Command::SelectRun(verdict.id.clone()));
            }
        }
    });
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
            ui.label(tokens::semibold(format!("{}: {}.", view.run, view.title())));
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
