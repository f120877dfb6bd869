//! What turns probabilities into answers: threshold, rejection, temperature. Always in sight, because
//! everything below follows them.

use eframe::egui;

use super::view::{EvaluationBody, EvaluationView, RunChoice, Status};
use crate::app::core::command::Command;
use crate::app::core::prepared_answers::Choices;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;

pub fn controls_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    choices: &mut Choices,
    out: &mut Vec<Command>,
) {
    egui::Frame::new()
        .fill(tokens(ui).background)
        .corner_radius(tokens::RADIUS_M)
        .inner_margin(egui::Margin::symmetric(10, 6))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = tokens::SPACE_S;
                if let Some(positive) = &body.decision.positive {
                    let text = format!("{positive} from");
                    let tooltip = format!(
                        "The probability of {positive} from which on it is the answer. Lower finds more of them and \
                         raises more false alarms. Choose which class this is about beside the curves"
                    );
                    slider_ui(ui, &text, "Threshold", &tooltip, &mut choices.threshold, 0.0, 0.5);
                    ui.add_space(tokens::SPACE_S);
                }
                let tooltip = "Answers that the network is less sure of are withheld: fewer pictures are answered, and \
                               more of the answers are right";
                slider_ui(
                    ui,
                    "Withhold below",
                    "Reject below confidence",
                    tooltip,
                    &mut choices.reject_below,
                    0.0,
                    0.0,
                );
                if let Some(temperature) = &body.temperature {
                    ui.add_space(tokens::SPACE_S);
                    let text = format!("Temperature {}", temperature.value);
                    ui.checkbox(&mut choices.use_temperature, text)
                        .accessible_name("Apply the temperature")
                        .on_hover_text(format!(
                            "Divide the logits by the temperature that fits the validation pictures best, so that a \
                             confidence of 80 % is right 80 times of 100. The most probable class stays the same.\n{}",
                            temperature.effect
                        ));
                } else {
                    fit_ui(ui, view, run, out);
                }
                let moved = choices.threshold != 0.5
                    || choices.reject_below != 0.0
                    || choices.use_temperature;
                if moved {
                    let tooltip = "Back to the most probable class, always answered";
                    if widgets::icon_button(ui, icon::ARROW_COUNTER_CLOCKWISE, "Reset the decision", tooltip)
                        .clicked()
                    {
                        *choices = Choices {
                            shown: choices.shown,
                            order: choices.order,
                            class: choices.class,
                            ..Choices::default()
                        };
                    }
                }
            });
            widgets::note(ui, &body.decision.sentence);
        });
}

/// A temperature is fitted on validation pictures: where these have not been evaluated, the button
/// that does it.
fn fit_ui(ui: &mut egui::Ui, view: &EvaluationView, run: &RunChoice, out: &mut Vec<Command>) {
    match &view.temperature {
        Status::Working { done, total } => {
            ui.spinner();
            let share = *done as f64 / (*total).max(1) as f64;
            ui.label(tokens(ui).small(format!("Validation {:.0} %", share * 100.0)));
            let tooltip = "Stop evaluating the validation pictures";
            if widgets::icon_button(ui, icon::STOP, "Stop evaluating", tooltip).clicked() {
                out.push(Command::StopEvaluation);
            }
        }
        Status::Failed(reason) => {
            ui.label(tokens(ui).small("No temperature"))
                .on_hover_text(reason);
        }
        Status::Idle if view.pictures[1] > 0 => {
            let tooltip = "Evaluate the validation pictures, and find the temperature under which confidences fit \
                           them best";
            if ui
                .button("Fit a temperature")
                .on_hover_text(tooltip)
                .clicked()
            {
                out.push(Command::EvaluateRun(run.id.clone(), Split::Validation));
            }
        }
        Status::Idle => {
            ui.label(tokens(ui).small("No temperature"))
                .on_hover_text("It is fitted on validation pictures, and this run had none");
        }
        Status::Ready => {
            ui.spinner();
        }
    }
}

/// A short slider from `from` to 1 with its number in per cent; a double click puts it back.
fn slider_ui(
    ui: &mut egui::Ui,
    text: &str,
    name: &str,
    tooltip: &str,
    value: &mut f64,
    from: f64,
    home: f64,
) {
    ui.label(tokens(ui).muted(text)).on_hover_text(tooltip);
    ui.spacing_mut().slider_width = 120.0;
    let mut shown = *value * 100.0;
    let slider = egui::Slider::new(&mut shown, from * 100.0..=100.0)
        .step_by(0.5)
        .max_decimals(1)
        .suffix(" %")
        .clamping(egui::SliderClamping::Always);
    let response = ui.add(slider).accessible_name(name);
    if response.changed() {
        *value = (shown / 100.0).clamp(0.0, 1.0);
    }
    if response
        .on_hover_text(format!("{tooltip}. Double-click to put it back"))
        .double_clicked()
    {
        *value = home;
    }
}
