//! Loss against learning rate.

use eframe::egui;
use egui_plot::{Plot, Points, VLine};

use crate::app::ui::axes;
use crate::app::ui::scatter;
use crate::app::ui::tokens::tokens;
use crate::format;
use crate::report::RateReport;

pub(super) fn curve_ui(ui: &mut egui::Ui, report: &RateReport, height: f32) {
    let colors = tokens(ui);
    let figure = report.figure();
    let by_power = |(rate, loss): (f64, f64)| [rate.log10(), loss];
    let smoothed: Vec<[f64; 2]> = figure.line().into_iter().map(by_power).collect();
    let batches: Vec<[f64; 2]> = figure.dots().into_iter().map(by_power).collect();
    let (low, high) = figure.loss_range().unwrap_or((0.0, 1.0));
    let across = axes::across("Learning rate", |mark, _| {
        format::rate(10f64.powf(mark.value))
    });
    let response = Plot::new("loss against learning rate")
        .height(height)
        .custom_x_axes(across)
        .x_grid_spacer(powers_of_ten)
        .custom_y_axes(axes::upward("Training loss", |mark, _| {
            format!("{:.2}", mark.value)
        }))
        .include_y(low)
        .include_y(high)
        .label_formatter(axes::near_point(|name, at| {
            let rate = format::rate(10f64.powf(at.x));
            format!("{name} {}\nat {rate}", format::loss(at.y))
        }))
        .grid_color(colors.grid)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .show(ui, |plot| {
            let dots = Points::new("Loss of the batch", batches);
            plot.points(dots.radius(2.0).color(colors.text_faint));
            let line = axes::line("Smoothed loss", &smoothed);
            plot.line(line.color(colors.accent).width(2.0));
            if let Some((rate, loss)) = figure.suggested {
                let at = rate.log10();
                plot.vline(VLine::new("Suggested", at).color(colors.warning).width(1.0));
                let point = Points::new("Suggested", vec![[at, loss]]);
                plot.points(point.radius(5.0).color(colors.warning));
            }
        });
    let said = format!(
        "Training loss at learning rates from {} to {}",
        figure
            .points
            .first()
            .map_or("–".into(), |point| format::rate(point.rate)),
        figure
            .points
            .last()
            .map_or("–".into(), |point| format::rate(point.rate)),
    );
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &said));
}

/// Whole powers alone: 100 steps cross eight of them.
fn powers_of_ten(input: egui_plot::GridInput) -> Vec<egui_plot::GridMark> {
    let mut marks = scatter::decades(input);
    marks.retain(|mark| (mark.value - mark.value.round()).abs() < 1e-9);
    marks
}
