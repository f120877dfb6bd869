//! The answer first: the best setting so far, with its interval and what it can't be told from, and what can be done with it.

use eframe::egui;

use super::data::ResultsView;
use super::judged::VerdictView;
use crate::app::core::command::Command;
use crate::app::core::sweep::SweepAction;
use crate::app::ui::callout::headline_ui;
use crate::app::ui::tokens::{self, icon, tokens};

pub fn verdict_ui(ui: &mut egui::Ui, view: &ResultsView, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    colors
        .callout(colors.accent_faint, colors.accent)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            // As high before the first result as after it: nothing below moves.
            ui.set_min_height(HEIGHT);
            match &view.verdict {
                Some(verdict) => said_ui(ui, verdict, out),
                None => {
                    ui.label(
                        tokens::medium("Nothing has been measured yet").size(tokens::TEXT_LARGE),
                    );
                    ui.label(colors.muted(WITHHELD));
                }
            }
        });
    ui.add_space(tokens::SPACE_XS);
}

/// In points: a line of large text, two of evidence, and the buttons.
const HEIGHT: f32 = 92.0;

const WITHHELD: &str = "Settings are compared on validation pictures. The test pictures are withheld from every cell: they are looked \
                        at once, for the setting that you choose.";

fn said_ui(ui: &mut egui::Ui, verdict: &VerdictView, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    headline_ui(ui, icon::TROPHY, &verdict.sentence, &[]);
    for (index, line) in verdict.evidence.iter().enumerate() {
        // The first says what was measured; the others compare.
        if index == 0 {
            ui.label(colors.muted(line));
            continue;
        }
        let text = format!("{line} {}", icon::QUESTION);
        let response = ui.label(colors.muted(text)).on_hover_text(&verdict.rule);
        (ui.ctx()).accesskit_node_builder(response.id, |node| {
            node.set_description(verdict.rule.as_str());
        });
    }
    if let Some(tested) = &verdict.tested {
        ui.label(tokens::medium(tested).color(colors.text));
    }
    ui.horizontal_wrapped(|ui| {
        let tooltip = "Open the experiment of the best setting as a new one";
        if ui.button("Make an experiment of it").on_hover_text(tooltip).clicked() {
            out.push(Command::Sweep(SweepAction::ExperimentOfCell(verdict.cell)));
        }
        let tooltip = match verdict.other_was_tested {
            true => {
                "Look at the test pictures for this setting. Another setting was tested before: a choice between the two by their \
                 test results would make those look better than they are"
            }
            false => {
                "Look at the test pictures once, for this setting: only this says how good it is on pictures that nothing was \
                 chosen by"
            }
        };
        let button = egui::Button::new("Test the best setting…");
        let why = match verdict.is_tested {
            true => "It is tested: the test pictures are looked at once",
            false => "All its seeds must come to their end first",
        };
        let response = ui
            .add_enabled(verdict.is_complete && !verdict.is_tested, button)
            .on_hover_text(tooltip)
            .on_disabled_hover_text(why);
        if response.clicked() {
            out.push(Command::Sweep(SweepAction::TestBest));
        }
        let note = match verdict.tested.is_some() || verdict.other_was_tested {
            true => "The settings are compared on validation pictures only.",
            false => "Validation pictures only; the test pictures are withheld.",
        };
        ui.label(tokens(ui).small(note)).on_hover_text(WITHHELD);
    });
}
