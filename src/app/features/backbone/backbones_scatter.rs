//! Backbones by accuracy over measured speed; the upper right is where one wants to be.

use eframe::egui::{self, vec2};
use egui_plot::{AxisHints, Plot, PlotPoint, Points};

use super::backbones_view::{BackboneRow, BackbonesView};
use crate::app::ui::axes;
use crate::app::ui::scatter::{self, NamedPoint};
use crate::app::ui::tokens::{icon, tokens};
use crate::app::ui::widgets;

/// Radius of a point, and of the chosen one.
const RADII: (f32, f32) = (4.0, 6.0);

/// Draws the points; a click on one puts its backbone into `picked`.
pub fn scatter_ui(
    ui: &mut egui::Ui,
    view: &BackbonesView,
    height: f32,
    picked: &mut Option<&'static str>,
) {
    let colors = tokens(ui);
    let measured: Vec<(&BackboneRow, [f64; 2])> = view
        .rows
        .iter()
        .filter_map(|row| {
            let rate = row.pictures_per_second?;
            // Without one, a backbone has no place here.
            let accuracy = row.info.default_weights().accuracy()?;
            Some((row, [rate.log10(), accuracy]))
        })
        .collect();
    if measured.is_empty() {
        let is_any_measured = view
            .rows
            .iter()
            .any(|row| row.pictures_per_second.is_some());
        let (title, text) = match is_any_measured {
            true => (
                "Nothing to draw yet",
                "What has been measured so far has no accuracy on ImageNet.",
            ),
            false => (
                "No speed measured yet",
                "Each backbone is run for a moment while nothing is training; the speeds are kept.",
            ),
        };
        widgets::empty_state(ui, icon::STACK, title, text, |_| {});
        return;
    }
    let across = AxisHints::new_x()
        .label("Pictures per second on this machine")
        .min_thickness(axes::ACROSS)
        .formatter(|mark, _| rate_text(10f64.powf(mark.value)));
    let [low, high] = scatter::range_of(
        measured.iter().map(|(_, position)| position[1]),
        LEAST_RANGE,
    );
    let response = Plot::new("accuracy over speed")
        .height(height - 4.0)
        .custom_x_axes(vec![across])
        .x_grid_spacer(scatter::decades)
        .custom_y_axes(axes::upward("ImageNet top-1", |mark, _| {
            format!("{:.0} %", mark.value)
        }))
        .include_y(low)
        .include_y(high)
        .label_formatter(axes::near_point(|name, at| {
            let rate = rate_text(10f64.powf(at.x));
            format!("{name}\n{:.1} %, {rate} pictures per second", at.y)
        }))
        .grid_color(colors.grid)
        .set_margin_fraction(vec2(0.1, 0.12))
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .show(ui, |plot| {
            for (row, position) in &measured {
                let (radius, color) = if row.chosen {
                    (RADII.1, colors.accent)
                } else {
                    (RADII.0, colors.text_muted)
                };
                let point = Points::new(row.info.title, vec![*position]);
                plot.points(point.radius(radius).color(color));
            }
            plot.response()
                .clicked()
                .then(|| plot.pointer_coordinate())
                .flatten()
                .map(|point| plot.screen_from_plot(point))
                .and_then(|at| {
                    measured
                        .iter()
                        .map(|(row, position)| {
                            let point =
                                plot.screen_from_plot(PlotPoint::new(position[0], position[1]));
                            (point.distance(at), row.info.name)
                        })
                        .filter(|(distance, _)| *distance < 24.0)
                        .min_by(|a, b| a.0.total_cmp(&b.0))
                        .map(|(_, name)| name)
                })
        });
    if response.inner.is_some() {
        *picked = response.inner;
    }
    let is_beaten = |position: &[f64; 2]| {
        measured
            .iter()
            .any(|(_, other)| other[0] > position[0] && other[1] > position[1])
    };
    let points: Vec<NamedPoint<'_>> = (measured.iter())
        .map(|(row, position)| NamedPoint {
            name: row.info.title,
            at: *position,
            radius: if row.chosen { RADII.1 } else { RADII.0 },
            is_chosen: row.chosen,
            rank: match (row.chosen, is_beaten(position)) {
                (true, _) => 0,
                (false, false) => 1,
                (false, true) => 2,
            },
        })
        .collect();
    scatter::names_ui(ui, &points, &[], &response.transform);
}

/// In points of accuracy: every line of the grid then stands at another whole number.
const LEAST_RANGE: f64 = 10.0;

fn rate_text(rate: f64) -> String {
    if rate < 0.95 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}
