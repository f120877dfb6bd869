//! What turns probabilities into predictions: threshold, rejection, temperature. At the foot and always in sight, because
//! everything above follows them.

use eframe::egui;

use super::EvaluationLocal;
use super::view::{EvaluationBody, EvaluationView, NoveltyView, RunChoice, Status};
use crate::app::core::command::Command;
use crate::app::core::prepared_answers::Choices;
use crate::app::core::settings::SettingChange;
use crate::app::ui::disclosure::disclosure_ui;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::number_field::NumberField;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::evaluation::novelty::rate_text;

/// From this width on, the controls are unfolded until someone folds them.
const WIDE: f32 = 560.0;

pub fn controls_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    local: &mut EvaluationLocal,
    out: &mut Vec<Command>,
) {
    ui.add_space(tokens::SPACE_XS);
    egui::Frame::new()
        .fill(tokens(ui).background)
        .stroke(tokens(ui).outline_stroke())
        .corner_radius(tokens::RADIUS_M)
        .inner_margin(egui::Margin::symmetric(10, 4))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = tokens::SPACE_XS;
            let mut open = local.controls.unwrap_or(ui.available_width() >= WIDE);
            let before = open;
            let tooltip =
                "How a prediction is made of the network's probabilities: everything above follows";
            disclosure_ui(
                ui,
                "Threshold, rejection and calibration",
                tooltip,
                &mut open,
            );
            if open != before {
                local.controls = Some(open);
            }
            if open {
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing.x = tokens::SPACE_S;
                    sliders_ui(ui, view, run, body, &mut local.choices, out);
                });
            }
            // One line, however long it is: what stands above does not move.
            let sentence = tokens(ui).small(&body.decision.sentence);
            ui.add(egui::Label::new(sentence).truncate())
                .on_hover_text(&body.decision.sentence);
            if let Some(novelty) = &view.novelty {
                let sentence = tokens(ui).small(&novelty.sentence);
                ui.add(egui::Label::new(sentence).truncate())
                    .on_hover_text(&novelty.sentence);
            }
        });
}

fn sliders_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    choices: &mut Choices,
    out: &mut Vec<Command>,
) {
    if let Some(positive) = &body.decision.positive {
        let tooltip = format!(
            "Decision threshold: {positive} is predicted where its probability is at least this. Lower finds more of them \
             (recall) and gives more false positives. Choose the class beside the ROC curve"
        );
        let text = format!("Threshold for {positive}");
        slider_ui(
            ui,
            &text,
            "Threshold",
            &tooltip,
            &mut choices.threshold,
            0.5,
        );
        ui.add_space(tokens::SPACE_S);
    }
    let tooltip = "Confidence threshold: predictions below it are rejected and left to a person. Fewer pictures are \
                   classified (coverage), and more of them correctly";
    slider_ui(
        ui,
        "Reject below",
        "Reject below confidence",
        tooltip,
        &mut choices.reject_below,
        0.0,
    );
    ui.add_space(tokens::SPACE_S);
    if let Some(temperature) = &body.temperature {
        let text = format!("Temperature {}", temperature.value);
        ui.checkbox(&mut choices.use_temperature, text)
            .accessible_name("Apply the temperature")
            .on_hover_text(format!(
                "Temperature scaling (Guo et al. 2017): divide the logits by the temperature that fits the validation \
                 pictures best, so that of predictions with a confidence of 80 %, 80 % are correct. The predicted classes \
                 stay the same.\n{}",
                temperature.effect
            ));
    } else {
        fit_ui(ui, view, run, choices, out);
    }
    if let Some(novelty) = &view.novelty {
        ui.add_space(tokens::SPACE_S);
        novelty_ui(ui, novelty, out);
    }
    let moved = choices.threshold != 0.5 || choices.reject_below != 0.0 || choices.use_temperature;
    let name = "Reset the decision";
    let tooltip = "Back to the most probable class, nothing rejected";
    // An icon button doesn't wrap by itself.
    if ui.available_size_before_wrap().x < tokens::CONTROL_HEIGHT + tokens::SPACE_S {
        ui.end_row();
    }
    // It keeps its place while there is nothing to put back.
    let response = ui
        .add_enabled_ui(moved, |ui| {
            widgets::icon_button(ui, icon::ARROW_COUNTER_CLOCKWISE, name, tooltip)
        })
        .inner
        .on_disabled_hover_text("This is the default: the most probable class, nothing rejected");
    if response.clicked() {
        *choices = Choices {
            shown: choices.shown,
            order: choices.order,
            class: choices.class,
            ..Choices::default()
        };
    }
}

/// How many of one's own pictures may be refused as none of the classes: a setting, which every run follows.
fn novelty_ui(ui: &mut egui::Ui, novelty: &NoveltyView, out: &mut Vec<Command>) {
    if ui.available_size_before_wrap().x < 230.0 {
        ui.end_row();
    }
    let tooltip = "How many of your own pictures may be refused. A picture that is less like the training pictures than \
                   nearly all validation pictures is none of the classes, however confident the prediction. Rarer false \
                   alarms let more such pictures pass, and take more validation pictures: with 99 of them, 1 in 100 is the least";
    ui.add(egui::Label::new(tokens(ui).muted("None of these")).truncate())
        .on_hover_text(tooltip);
    let NoveltyView { rate, rates, .. } = novelty;
    let selected = rates.iter().position(|known| known == rate);
    let item = |rate: &f64| Item::new(rate_text(*rate));
    let items = || rates.iter().map(item).collect();
    let labels = ("None of these", tooltip);
    if let Some(chosen) = drop_down(ui, labels, 104.0, selected, &item(rate), items) {
        out.push(Command::ChangeSetting(SettingChange::NoveltyRate(
            rates[chosen],
        )));
    }
}

/// A temperature is fitted on validation pictures: where these have not been evaluated, the button that does it.
fn fit_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    choices: &mut Choices,
    out: &mut Vec<Command>,
) {
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
            ui.label(tokens(ui).small("Temperature scaling is not possible"))
                .on_hover_text(reason);
        }
        Status::Idle if view.pictures[1] > 0 => {
            let tooltip = "Temperature scaling: evaluate the validation pictures, and find the temperature under which \
                           the confidence fits them best";
            if ui
                .button("Calibrate the confidence")
                .on_hover_text(tooltip)
                .clicked()
            {
                // Who asks for it wants it applied once it is there.
                choices.use_temperature = true;
                out.push(Command::EvaluateRun(run.id.clone(), Split::Validation));
            }
        }
        Status::Idle => {
            ui.label(tokens(ui).small("Temperature scaling is not possible"))
                .on_hover_text("It is fitted on validation pictures, and this run had none");
        }
        Status::Ready => {
            ui.spinner();
        }
    }
}

/// A short slider from 0 to 1 with its number in per cent; a double click puts it back.
fn slider_ui(ui: &mut egui::Ui, text: &str, name: &str, tooltip: &str, value: &mut f64, home: f64) {
    // What belongs together stays on one line, where it can.
    let room = ui.available_size_before_wrap().x;
    let begun = ui.cursor().left() > ui.max_rect().left() + 1.0;
    if begun
        && room
            < widgets::text_width(ui, text, tokens::medium_font(tokens::TEXT_BODY)) + SLIDER + FIELD
    {
        ui.end_row();
    }
    ui.add(egui::Label::new(tokens(ui).muted(text)).truncate())
        .on_hover_text(tooltip);
    if ui.available_size_before_wrap().x < SLIDER + FIELD {
        ui.end_row();
    }
    ui.spacing_mut().slider_width = SLIDER;
    let mut shown = *value * 100.0;
    let range = 0.0..=100.0;
    let hint = format!("{name}: double-click to reset it");
    let slider = egui::Slider::new(&mut shown, range.clone())
        .step_by(0.5)
        .clamping(egui::SliderClamping::Always);
    let response = widgets::rail(ui, slider)
        .accessible_name(name)
        .on_hover_text(&hint);
    let field = NumberField::new(name, &mut shown, range)
        .beside(&response)
        .decimals(1)
        .speed(0.5)
        .unit(" %")
        .tooltip(&hint);
    if ui.add(field).changed() || response.changed() {
        *value = (shown / 100.0).clamp(0.0, 1.0);
    }
    if response.double_clicked() {
        *value = home;
    }
}

/// Length of a slider, in points: a hundred steps that can be hit.
const SLIDER: f32 = 140.0;
/// The number beside it, with what stands between.
const FIELD: f32 = 84.0;
