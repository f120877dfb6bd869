//! Middle: what the shown runs achieved on their test pictures, best first.

mod chart;
mod results_verdict;
mod tables;
pub mod view;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::view_id::ViewId;
use crate::app::ui::callout::verdict_ui;
use crate::app::ui::hidden_runs;
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::report::FigureKind;
pub use view::ResultsView;

/// What the runs achieved.
pub struct ResultsTab;

impl View for ResultsTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::RESULTS,
            title: "Results",
            icon: icon::TROPHY,
            action: "Show results",
            tooltip: "Test results of the runs side by side",
            figure: Some(FigureKind::Results),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        results_ui(ui, &ResultsView::build(context.state), out);
    }
}

pub fn results_ui(ui: &mut egui::Ui, view: &ResultsView, out: &mut Vec<Command>) {
    if view.rows.is_empty() {
        let title = if view.hidden.is_empty() {
            "No results yet"
        } else {
            "No results shown"
        };
        let text = if !view.hidden.is_empty() {
            hidden_runs::NONE_SHOWN
        } else if view.runs_known > 0 {
            "Runs appear here once they have been tested."
        } else {
            "Compare feature extraction with fine-tuning on your pictures: both are trained, tested on the same \
             pictures and compared here."
        };
        widgets::empty_state(ui, icon::TROPHY, title, text, |ui| {
            let tooltip = "Make the pair of experiments from these pictures and train both";
            hidden_runs::show_hidden_ui(ui, &view.hidden, out);
            let after = !view.hidden.is_empty();
            if view.can_train
                && widgets::next_button(
                    ui,
                    "Compare feature extraction with fine-tuning",
                    tooltip,
                    after,
                )
            {
                out.push(Command::CompareBothWays);
            }
        });
        return;
    }
    egui::ScrollArea::vertical().id_salt("results").auto_shrink(false).show(ui, |ui| {
        let sentence = view.verdict.as_deref().unwrap_or(if view.rows.len() > 1 {
            "No two of these runs were tested on the same pictures: show runs of one data set, or train another."
        } else {
            "One tested run so far. Train another on the same pictures to see which is better."
        });
        verdict_ui(ui, icon::TROPHY, sentence, &[]);
        next_steps_ui(ui, view, out);
        ui.add_space(tokens::SPACE_M);
        chart::chart_ui(ui, view);
        ui.add_space(tokens::SPACE_M);
        tables::groups_ui(ui, view);
        tables::runs_ui(ui, view, out);
        if view.rows.iter().any(|row| !row.comparable) {
            ui.add_space(tokens::SPACE_S);
            widgets::note(ui, "Faded runs were tested on other pictures: their numbers can't be compared with the rest.");
        }
    });
}

/// What to do with the results.
fn next_steps_ui(ui: &mut egui::Ui, view: &ResultsView, out: &mut Vec<Command>) {
    ui.add_space(tokens::SPACE_XS);
    ui.horizontal_wrapped(|ui| {
        if view.verdict.is_none() && view.can_train {
            let tooltip = "Make the pair of experiments from these pictures and train both";
            if ui
                .button("Compare feature extraction with fine-tuning")
                .on_hover_text(tooltip)
                .clicked()
            {
                out.push(Command::CompareBothWays);
            }
        }
        let comparable: Vec<String> = view
            .rows
            .iter()
            .filter(|row| row.comparable)
            .map(|row| row.id.clone())
            .collect();
        if comparable.len() >= 2 {
            let button = ui.button(format!("{} Compare", icon::GIT_DIFF));
            if button
                .on_hover_text("Compare these runs: settings, curves, confusion matrices, and which pictures change")
                .clicked()
            {
                out.push(Command::CompareRuns(comparable));
            }
        }
        let button = ui.button(format!("{} Export figures and report…", icon::EXPORT));
        if button
            .on_hover_text("Write figures, report and tables of the shown runs")
            .clicked()
        {
            out.push(Command::ExportFiguresDialog);
        }
    });
}
