//! Above an evaluation: which run, and which part of its pictures; and what stands in its place while there is none.

use eframe::egui;

use super::view::{EvaluationView, RunChoice, Status};
use crate::app::core::command::Command;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::hidden_runs::OTHER_PICTURES;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::format;

/// The three parts of a run's pictures stand side by side where there is so much room for them, in points.
const SIDE_BY_SIDE: f32 = 330.0;
/// The button behind them.
const EXPORT: f32 = 44.0;

pub(super) fn no_run_ui(ui: &mut egui::Ui, view: &EvaluationView, out: &mut Vec<Command>) {
    let (title, text) = if view.runs.is_empty() {
        (
            "No run to evaluate yet",
            "Train an experiment to its end: here you see how accurate it is, which classes it confuses, and whether its \
             confidence can be trusted.",
        )
    } else {
        runs_ui(ui, view, None, 320.0, out);
        OTHER_PICTURES
    };
    widgets::empty_state(ui, icon::TARGET, title, text, |ui| {
        if view.can_train {
            let text = format!("{} Train", icon::PLAY);
            if widgets::primary_button(ui, &text, "Train every ticked experiment").clicked() {
                out.push(Command::Train);
            }
        }
    });
}

/// Which run, and which part of its pictures.
pub(super) fn header_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    out: &mut Vec<Command>,
) {
    let is_wide = ui.available_width() >= SIDE_BY_SIDE + 220.0;
    ui.horizontal_wrapped(|ui| {
        let room = ui.available_width();
        let width = if is_wide {
            (room - SIDE_BY_SIDE - EXPORT).clamp(180.0, 420.0)
        } else {
            room - tokens::SPACE_S - EXPORT
        };
        runs_ui(ui, view, Some(run), width, out);
        let tooltip = "Export the network of this run for other programs, with its model card";
        if widgets::icon_button(ui, icon::EXPORT, "Export the network…", tooltip).clicked() {
            out.push(Command::ExportNetworkDialog(run.id.clone()));
        }
        if !is_wide {
            // The parts, side by side, are one piece that does not wrap by itself.
            ui.end_row();
        }
        parts_ui(ui, view, out);
    });
}

/// The run that is evaluated, among all that can be.
fn runs_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: Option<&RunChoice>,
    width: f32,
    out: &mut Vec<Command>,
) {
    let item =
        |run: &RunChoice| Item::of_run(&run.name, tokens::run_color(run.color)).detail(&run.detail);
    let labels = ("Run", "The run that is evaluated");
    let selected = run.and_then(|run| view.runs.iter().position(|other| other.id == run.id));
    let shown = run.map_or_else(|| Item::new("Choose a run"), item);
    let items = || view.runs.iter().map(item).collect();
    if let Some(chosen) = drop_down(ui, labels, width, selected, &shown, items) {
        out.push(Command::SelectRun(view.runs[chosen].id.clone()));
    }
}

/// Side by side, or as a list where these don't fit.
fn parts_ui(ui: &mut egui::Ui, view: &EvaluationView, out: &mut Vec<Command>) {
    let parts = [
        (
            Split::Train,
            "Train",
            "The pictures that the run learned from: its accuracy on them says nothing about new ones",
        ),
        (
            Split::Validation,
            "Validation",
            "The pictures that chose the best epoch: a slightly optimistic accuracy",
        ),
        (
            Split::Test,
            "Test",
            "Pictures that had no part in training: the accuracy that counts",
        ),
    ];
    let titles: Vec<String> = (parts.iter().zip(view.pictures))
        .map(|((_, name, _), pictures)| format!("{name} {}", format::thousands(pictures as u64)))
        .collect();
    if ui.max_rect().width() >= SIDE_BY_SIDE {
        let mut split = view.split;
        let options = [0, 1, 2].map(|index| {
            let (split, _, sentence) = parts[index];
            (split, titles[index].as_str(), sentence)
        });
        if widgets::segmented(ui, &mut split, &options) {
            out.push(Command::ShowSplit(split));
        }
        return;
    }
    let item = |index: usize| Item::new(&titles[index]).tooltip(parts[index].2);
    let selected = parts.iter().position(|(split, ..)| *split == view.split);
    let labels = (
        "Pictures",
        "The part of the run's pictures that is evaluated",
    );
    let width = ui.max_rect().width() - tokens::SPACE_S;
    let shown = item(selected.unwrap_or_default());
    let items = || (0..parts.len()).map(item).collect();
    if let Some(chosen) = drop_down(ui, labels, width, selected, &shown, items) {
        out.push(Command::ShowSplit(parts[chosen].0));
    }
}

pub(super) fn split_name(split: Split) -> &'static str {
    match split {
        Split::Train => "training",
        Split::Validation => "validation",
        Split::Test => "test",
    }
}

/// Of a cell of a sweep, before its setting is chosen.
const WITHHELD: (&str, &str) = (
    "The test pictures are withheld",
    "This run is a cell of a sweep. Its test pictures are withheld until the sweep’s setting is chosen: “Test the best setting…”, in \
     the sweep’s results, then looks at them.",
);

/// What stands in place of an evaluation that is not there.
pub(super) fn status_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    out: &mut Vec<Command>,
) {
    let part = split_name(view.split);
    let pictures = match view.split {
        Split::Train => view.pictures[0],
        Split::Validation => view.pictures[1],
        Split::Test => view.pictures[2],
    };
    let ask = |ui: &mut egui::Ui, text: &str, out: &mut Vec<Command>| {
        let tooltip = "Runs in the background; training goes on beside it, a little slower";
        if widgets::primary_button(ui, text, tooltip).clicked() {
            out.push(Command::EvaluateRun(run.id.clone(), view.split));
        }
    };
    match &view.status {
        Status::Working { done, total } => {
            ui.vertical_centered(|ui| {
                ui.add_space(tokens::SPACE_XXL);
                ui.set_max_width(ui.available_width().min(420.0));
                let text = if *total > 0 {
                    format!(
                        "Evaluating {} on its {part} pictures: {} of {}",
                        run.name,
                        format::thousands(*done as u64),
                        format::thousands(*total as u64)
                    )
                } else {
                    format!("Evaluating {} on its {part} pictures", run.name)
                };
                ui.label(tokens::medium(text));
                ui.add_space(tokens::SPACE_XS);
                let share = *done as f32 / (*total).max(1) as f32;
                widgets::bar(ui, share, tokens(ui).accent_fill, "Evaluated");
                ui.add_space(tokens::SPACE_S);
                let stop = ui.button(format!("{} Stop", icon::STOP));
                if stop
                    .on_hover_text("Stop evaluating; the run stays as it is")
                    .clicked()
                {
                    out.push(Command::StopEvaluation);
                }
            });
        }
        Status::Failed(_) | Status::Idle
            if pictures > 0 && view.split == Split::Test && view.test_is_withheld =>
        {
            widgets::empty_state(ui, icon::TARGET, WITHHELD.0, WITHHELD.1, |ui| {
                let tooltip = "The pictures by which the sweep chooses its best setting";
                if widgets::primary_button(ui, "Show the validation pictures", tooltip).clicked() {
                    out.push(Command::ShowSplit(Split::Validation));
                }
            });
        }
        Status::Failed(reason) => {
            widgets::empty_state(
                ui,
                icon::WARNING_CIRCLE,
                "This run can't be evaluated",
                reason,
                |ui| ask(ui, "Try again", out),
            );
        }
        Status::Idle if pictures == 0 => {
            let title = format!("No {part} pictures");
            let text = "The run's split has none. Set their share under Data at the left, and train again.";
            widgets::empty_state(ui, icon::TARGET, &title, text, |_| {});
        }
        Status::Ready => {
            ui.vertical_centered(|ui| {
                ui.add_space(tokens::SPACE_XXL);
                ui.spinner();
            });
        }
        Status::Idle => {
            let title = format!("Not evaluated on its {part} pictures yet");
            let text = format!(
                "The network of this run predicts the class of {}. The predictions are kept in the run's folder.",
                format::plural(pictures as u64, "picture", "pictures")
            );
            widgets::empty_state(ui, icon::TARGET, &title, &text, |ui| {
                ask(ui, &format!("Evaluate on {part} pictures"), out);
            });
        }
    }
}
