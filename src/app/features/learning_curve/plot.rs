//! A score against the number of training pictures, with the fitted curve and its band.

use eframe::egui;
use egui_plot::{FilledArea, LineStyle, Plot, Points, VLine};

use crate::app::ui::axes;
use crate::app::ui::tokens::{self, tokens};
use crate::figures::LearningCurveFigure;
use crate::format;
use crate::report::LearningCurveReport;

const BAND: f32 = 0.18;
const FAINT: f32 = 0.45;

pub(super) fn curve_ui(ui: &mut egui::Ui, report: &LearningCurveReport, height: f32) {
    let colors = tokens(ui);
    let figure = report.figure();
    let color = colors.accent;
    let [draws, means] = dots(&figure);
    let across = axes::across("Training pictures", |mark, _| {
        // No picture is half one, and there are none below zero.
        match mark.value >= 0.0 && mark.value.fract() == 0.0 {
            true => format::thousands(mark.value as u64),
            false => String::new(),
        }
    });
    let (low, high) = figure.score_range().unwrap_or((0.0, 1.0));
    let response = Plot::new("learning curve")
        .height(height)
        .custom_x_axes(across)
        .custom_y_axes(axes::upward(&figure.score, |mark, _| {
            format::percent(mark.value)
        }))
        .include_x(0.0)
        .include_y(low)
        .include_y(high)
        .label_formatter(axes::near_point(|name, at| {
            let pictures = format::thousands(at.x.max(0.0).round() as u64);
            format!("{name}\n{} with {pictures}", format::percent(at.y))
        }))
        .grid_color(colors.grid)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .show(ui, |plot| {
            if !figure.band.is_empty() {
                let of = |value: fn(&crate::figures::LearningCurveBand) -> f64| {
                    figure.band.iter().map(value).collect::<Vec<f64>>()
                };
                let pictures = of(|at| at.pictures);
                let (low, high) = (of(|at| at.low), of(|at| at.high));
                let band = FilledArea::new("95 % band", &pictures, &low, &high);
                let fill = color.gamma_multiply(BAND);
                plot.add(
                    band.fill_color(fill)
                        .stroke(egui::Stroke::NONE)
                        .allow_hover(false),
                );
            }
            let now = VLine::new("", figure.now).color(colors.text_faint);
            plot.vline(now.style(LineStyle::dashed_dense()).allow_hover(false));
            for (name, is_later, style) in [
                ("Fitted curve", false, LineStyle::Solid),
                ("Forecast", true, LineStyle::dashed_dense()),
            ] {
                let part = part(&figure, is_later);
                if part.len() > 1 {
                    let line = axes::line(name, &part).color(color).style(style);
                    plot.line(line.width(tokens::STROKE_PLOT));
                }
            }
            let faint = color.gamma_multiply(FAINT);
            plot.points(Points::new("One draw", draws).radius(2.0).color(faint));
            plot.points(
                Points::new("Mean of the draws", means)
                    .radius(4.0)
                    .color(color),
            );
        });
    let said = format!(
        "{} from {} to {} training pictures, and the forecast to {}",
        figure.score,
        format::thousands(figure.points.first().map_or(0.0, |point| point.pictures) as u64),
        format::thousands(figure.now as u64),
        format::thousands(figure.band.last().map_or(figure.now, |at| at.pictures) as u64),
    );
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &said));
}

/// Each draw, and the means.
fn dots(figure: &LearningCurveFigure) -> [Vec<[f64; 2]>; 2] {
    let draws = figure.points.iter().flat_map(|point| {
        let scores = point.scores.iter();
        scores.map(|&score| [point.pictures, score])
    });
    let means = figure
        .points
        .iter()
        .map(|point| [point.pictures, point.mean]);
    [draws.collect(), means.collect()]
}

/// The curve up to the pictures that there are, or beyond.
fn part(figure: &LearningCurveFigure, is_later: bool) -> Vec<[f64; 2]> {
    let is_in = |pictures: f64| match is_later {
        true => pictures >= figure.now,
        false => pictures <= figure.now,
    };
    let some = figure.band.iter().filter(|at| is_in(at.pictures));
    some.map(|at| [at.pictures, at.value]).collect()
}
