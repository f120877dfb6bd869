//! The answer first: the best network so far, what can't be told from it, and what it costs; or what a start would do.

use eframe::egui;

use super::view::{AnswerView, ShootoutView};
use crate::app::core::command::Command;
use crate::app::core::shootout::ShootoutAction;
use crate::app::ui::callout::headline_ui;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;

/// In points: a line of large text, two of evidence, and the buttons. As high before the first result as after it: nothing below
/// moves.
const HEIGHT: f32 = 102.0;

pub fn answer_ui(ui: &mut egui::Ui, view: &ShootoutView, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    colors
        .callout(colors.accent_faint, colors.accent)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.set_min_height(HEIGHT);
            match &view.answer {
                Some(answer) => found_ui(ui, answer, out),
                None => nothing_yet_ui(ui, view),
            }
        });
    ui.add_space(tokens::SPACE_XS);
}

fn found_ui(ui: &mut egui::Ui, answer: &AnswerView, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    headline_ui(ui, icon::TROPHY, &answer.sentence, &answer.evidence);
    widgets::problem(ui, answer.restriction.as_deref());
    ui.horizontal_wrapped(|ui| {
        let tooltip = "Open a new experiment that starts from the best network: its backbone frozen, a new classifier on top";
        let take = ui.button(format!("Take {}", answer.best_title));
        if take.on_hover_text(tooltip).clicked() {
            out.push(Command::Shootout(ShootoutAction::Take(answer.best)));
        }
        if let Some((entry, title)) = &answer.cheapest {
            let tooltip = "The quickest of those that can't be told from the best";
            let take = ui.button(format!("Take {title}, the quickest of these"));
            if take.on_hover_text(tooltip).clicked() {
                out.push(Command::Shootout(ShootoutAction::Take(*entry)));
            }
        }
        ui.label(colors.small("The test pictures are not looked at."))
            .on_hover_text(WITHHELD);
    });
}

const WITHHELD: &str = "Networks are compared on training and validation pictures, by classifiers that have not seen the pictures \
                        that they answer. The test pictures stay for the run that you train.";

fn nothing_yet_ui(ui: &mut egui::Ui, view: &ShootoutView) {
    let colors = tokens(ui);
    let title = match view.progress.is_live {
        true => "The first network is being computed",
        false => "Which network suits these pictures?",
    };
    ui.label(tokens::medium(title).size(tokens::TEXT_LARGE));
    ui.label(colors.muted(HOW));
}

const HOW: &str = "Each chosen network looks at every picture once. A small classifier is then trained and tested on what it sees, fold \
                   by fold. The networks are ranked with what luck can do, beside what each costs. Stop and go on at any time: what was \
                   found is kept.";
