//! Curves of an evaluation: ROC, precision against recall, reliability, coverage against accuracy.

use eframe::egui::{self, vec2};
use egui_plot::{HLine, LineStyle, Plot, PlotPoint, PlotPoints, Points, Polygon};

use super::view::{Bin, Curve, EvaluationBody, Leaning};
use crate::app::core::prepared_answers::Choices;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::{axes, widgets};
use crate::format;

/// Height of a plot's card content, in points.
const HEIGHT: f32 = 250.0;

/// Draws one of the plots.
type Draw<'a> = &'a dyn Fn(&mut egui::Ui, &mut Choices);

pub fn curves_ui(ui: &mut egui::Ui, body: &EvaluationBody, choices: &mut Choices) {
    let gap = tokens::SPACE_M;
    let width = ui.available_width();
    let columns = if width >= 1080.0 {
        4
    } else if width >= 560.0 {
        2
    } else {
        1
    };
    let cell = (width - gap * (columns - 1) as f32) / columns as f32;
    let draw: [Draw<'_>; 4] = [
        &|ui, choices| roc_ui(ui, body, choices),
        &|ui, _| precision_recall_ui(ui, body),
        &|ui, _| reliability_ui(ui, body),
        &|ui, _| coverage_ui(ui, body),
    ];
    for row in draw.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for draw in row {
                ui.allocate_ui_with_layout(
                    vec2(cell, HEIGHT + 72.0),
                    egui::Layout::top_down(egui::Align::Min),
                    |ui| {
                        ui.set_width(cell);
                        widgets::card(ui, |ui| {
                            ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
                            // Cards of one row end together.
                            ui.set_min_height(HEIGHT + 60.0);
                            draw(ui, choices);
                        });
                    },
                );
            }
        });
        ui.add_space(gap);
    }
}

fn title_ui(ui: &mut egui::Ui, title: &str, value: &str, tooltip: &str) {
    ui.horizontal(|ui| {
        ui.label(tokens::semibold(title));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(tokens::medium(value)).on_hover_text(tooltip);
        });
    });
}

/// The last number of an axis, "100 %", stands half outside of the plot.
fn plot_width(ui: &egui::Ui) -> f32 {
    ui.available_width() - 16.0
}

/// A plot of shares that stays where it is, with what stands beside the pointer.
fn still_plot<'a>(
    name: &'a str,
    [x, y]: [&'a str; 2],
    width: f32,
    colors: &tokens::Tokens,
    text: impl Fn(&str, PlotPoint) -> String + 'a,
) -> Plot<'a> {
    let percent = |mark: egui_plot::GridMark, _: &std::ops::RangeInclusive<f64>| {
        format::whole_percent(mark.value)
    };
    Plot::new(name)
        .height(HEIGHT)
        .include_x(0.0)
        .include_x(1.0)
        .include_y(1.0)
        .custom_x_axes(axes::across(x, percent))
        .custom_y_axes(axes::upward(y, percent))
        .width(width)
        .grid_color(colors.grid)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .label_formatter(axes::near_point(text))
}

/// One of the unit square.
fn plot<'a>(name: &'a str, titles: [&'a str; 2], width: f32, colors: &tokens::Tokens) -> Plot<'a> {
    let [x, y] = titles;
    let corner = move |line: &str, at: PlotPoint| {
        let (across, up) = (format::percent(at.x), format::percent(at.y));
        format!("{line}\n{x} {across}, {y} {up}")
    };
    still_plot(name, titles, width, colors, corner)
        .include_y(0.0)
        .set_margin_fraction(vec2(0.02, 0.02))
}

fn draw_curve(
    ui: &mut egui::Ui,
    body: &EvaluationBody,
    curve: &Curve,
    name: &str,
    axes: [&str; 2],
) {
    let colors = tokens(ui);
    if let Some(reason) = &curve.absent {
        ui.allocate_ui(vec2(ui.available_width(), HEIGHT), |ui| {
            ui.set_min_height(HEIGHT);
            ui.label(colors.muted(reason));
        });
        return;
    }
    let class = body.classes.get(body.class).cloned().unwrap_or_default();
    plot(name, axes, plot_width(ui), colors).show(ui, |plot| {
        let chance = axes::line("", &curve.chance);
        plot.line(
            chance
                .color(colors.text_faint)
                .style(LineStyle::dashed_dense())
                .width(1.0)
                .allow_hover(false),
        );
        for (name, points) in &curve.others {
            let line = axes::line(name.clone(), points);
            plot.line(line.color(colors.text_faint.gamma_multiply(0.6)).width(1.0));
        }
        let line = axes::line(class.clone(), &curve.points);
        plot.line(line.color(colors.accent).width(tokens::STROKE_PLOT));
        if let Some(at) = curve.at {
            let point = Points::new("At the threshold", vec![at]);
            plot.points(point.color(colors.warning).radius(5.0));
        }
    });
}

fn roc_ui(ui: &mut egui::Ui, body: &EvaluationBody, choices: &mut Choices) {
    title_ui(ui, "ROC curve", &body.roc.area, &body.roc.area_tooltip);
    let axes = ["False positive rate", "True positive rate"];
    draw_curve(ui, body, &body.roc, "ROC curve", axes);
    class_ui(ui, body, choices);
}

/// Which class the curves are about.
fn class_ui(ui: &mut egui::Ui, body: &EvaluationBody, choices: &mut Choices) {
    let width = (ui.available_width() - 70.0).clamp(80.0, 240.0);
    ui.horizontal(|ui| {
        ui.label(tokens(ui).small("Class"));
        let labels = (
            "Class of the curves",
            "The class that counts as positive in the ROC and precision-recall curves and, of two classes, for the \
             decision threshold",
        );
        let shown = Item::new(body.classes.get(body.class).map_or("".into(), |name| shown_name(name)));
        let items = || body.classes.iter().map(|name| Item::new(shown_name(name))).collect();
        if let Some(class) = drop_down(ui, labels, width, Some(body.class), &shown, items) {
            choices.class = Some(class);
            // The other class's threshold is another one.
            choices.threshold = 1.0 - choices.threshold;
        }
    });
}

fn precision_recall_ui(ui: &mut egui::Ui, body: &EvaluationBody) {
    let curve = &body.precision_recall;
    title_ui(
        ui,
        "Precision-recall curve",
        &curve.area,
        &curve.area_tooltip,
    );
    draw_curve(
        ui,
        body,
        curve,
        "Precision-recall curve",
        ["Recall", "Precision"],
    );
    widgets::note(ui, "Dashed: a random classifier");
}

/// Heights that differ by less are one line: an area without an inside has no outline that could be drawn, and its
/// corners would lie at infinity.
const LEAST_HEIGHT: f64 = 1e-4;

/// As wide as the bin.
fn area(bin: &Bin, from: f64, to: f64) -> Option<Polygon<'static>> {
    let corners = vec![
        [bin.low, from],
        [bin.low, to],
        [bin.high, to],
        [bin.high, from],
    ];
    let is_drawn = (to - from).abs() >= LEAST_HEIGHT && bin.high > bin.low;
    is_drawn.then(|| Polygon::new("", PlotPoints::from(corners)))
}

/// What the colours of the reliability diagram mean.
pub(super) const GAPS: &str =
    "Below the diagonal (red): overconfident. Above it (green): underconfident";

fn reliability_ui(ui: &mut egui::Ui, body: &EvaluationBody) {
    let reliability = &body.reliability;
    title_ui(
        ui,
        "Reliability diagram",
        &format!("ECE {}", reliability.error),
        "Expected calibration error: the mean distance between confidence and accuracy, over 15 bins of confidence \
         weighted by their pictures. 0 % is perfect: of predictions with a confidence of 80 %, 80 % are correct",
    );
    let colors = tokens(ui);
    let width = plot_width(ui);
    plot(
        "Reliability diagram",
        ["Confidence", "Accuracy"],
        width,
        colors,
    )
    .show(ui, |plot| {
        for bin in reliability.bins.iter().filter(|bin| bin.count > 0) {
            // The point says how often they are correct; the red or green area how far that is from their confidence.
            if let Some(fill) = area(bin, 0.0, bin.accuracy.min(bin.confidence)) {
                plot.polygon(
                    fill.fill_color(colors.accent_fill.gamma_multiply(0.55))
                        .stroke(egui::Stroke::new(1.0, colors.accent))
                        .allow_hover(false),
                );
            }
            if let Some(gap) = area(bin, bin.accuracy, bin.confidence) {
                let color = match bin.leaning() {
                    Leaning::Overconfident => colors.danger,
                    Leaning::Underconfident => colors.success,
                };
                plot.polygon(
                    gap.fill_color(color.gamma_multiply(0.55))
                        .stroke(egui::Stroke::new(1.0, color))
                        .allow_hover(false),
                );
            }
            let middle = PlotPoint::new((bin.low + bin.high) / 2.0, bin.accuracy);
            let name = format!(
                "{}, mean confidence {}: {}",
                format::plural(bin.count, "picture", "pictures"),
                format::percent(bin.confidence),
                match bin.leaning() {
                    Leaning::Overconfident => "overconfident",
                    Leaning::Underconfident => "underconfident",
                }
            );
            let point = Points::new(name, vec![[middle.x, middle.y]]);
            plot.points(point.color(colors.accent).radius(2.5));
        }
        if let Some(before) = &reliability.before {
            let points: Vec<[f64; 2]> = before
                .iter()
                .filter(|bin| bin.count > 0)
                .map(|bin| [bin.confidence, bin.accuracy])
                .collect();
            let line = axes::line("Before calibration", &axes::path(&points));
            plot.line(
                line.color(colors.text_faint)
                    .style(LineStyle::dotted_dense())
                    .width(1.5),
            );
        }
        let diagonal = axes::line("", &[[0.0, 0.0], [1.0, 1.0]]);
        plot.line(
            diagonal
                .color(colors.text_faint)
                .style(LineStyle::dashed_dense())
                .width(1.0)
                .allow_hover(false),
        );
    });
    let text = if reliability.before.is_some() {
        format!("{GAPS}. Dotted: before calibration")
    } else {
        GAPS.to_owned()
    };
    widgets::note(ui, &text);
}

fn coverage_ui(ui: &mut egui::Ui, body: &EvaluationBody) {
    let coverage = &body.coverage;
    let at = coverage.at;
    title_ui(
        ui,
        "Coverage and accuracy",
        &format!("{} correct", format::percent(at[1])),
        "Accuracy over coverage, the share of pictures that is classified: rejecting the predictions with the lowest \
         confidence leaves fewer, of which more are correct",
    );
    let colors = tokens(ui);
    let least = coverage
        .points
        .iter()
        .map(|point| point[1])
        .fold(1.0, f64::min);
    let titles = ["Coverage", "Accuracy"];
    let classified = |_: &str, at: PlotPoint| {
        let (classified, correct) = (format::percent(at.x), format::percent(at.y));
        format!("{classified} classified, {correct} of them correctly")
    };
    let width = plot_width(ui);
    let drawn = still_plot("Coverage and accuracy", titles, width, colors, classified)
        .include_y((least - 0.02).max(0.0));
    drawn.show(ui, |plot| {
        let line = axes::line("Coverage", &coverage.points);
        plot.line(line.color(colors.accent).width(tokens::STROKE_PLOT));
        plot.hline(
            HLine::new("", at[1])
                .color(colors.warning.gamma_multiply(0.5))
                .width(1.0)
                .allow_hover(false),
        );
        let point = Points::new("Now", vec![at]);
        plot.points(point.color(colors.warning).radius(5.0));
    });
    widgets::note(
        ui,
        &format!("Point: {} are classified now", format::percent(at[0])),
    );
}
