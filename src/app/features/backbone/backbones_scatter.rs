//! Backbones by accuracy over measured speed; the upper right is where one wants to be.

use eframe::egui::{self, Rect, pos2, vec2};
use egui_plot::{AxisHints, GridInput, GridMark, Plot, PlotPoint, Points};

use super::backbones_view::{BackboneRow, BackbonesView};
use crate::app::ui::axes;
use crate::app::ui::tokens::{self, icon, tokens};
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
            let accuracy = row.info.default_weights().imagenet_top1;
            Some((row, [rate.log10(), accuracy]))
        })
        .collect();
    if measured.is_empty() {
        widgets::empty_state(
            ui,
            icon::STACK,
            "No speed measured yet",
            "Each backbone is run for a moment while nothing is training; the speeds are kept.",
            |_| {},
        );
        return;
    }
    let across = AxisHints::new_x()
        .label("Pictures per second on this machine")
        .min_thickness(axes::ACROSS)
        .formatter(|mark, _| rate_text(10f64.powf(mark.value)));
    let [low, high] = range_of(measured.iter().map(|(_, position)| position[1]));
    let response = Plot::new("accuracy over speed")
        .height(height - 4.0)
        .custom_x_axes(vec![across])
        .x_grid_spacer(decades)
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
    names_ui(ui, &measured, &response.transform);
}

/// Names around their points, painted over the plot so that none touches a point or another name. The chosen one comes
/// first, then those that no other beats in both; the rest as far as there is room: the others are said where the pointer
/// rests on their points.
fn names_ui(
    ui: &egui::Ui,
    measured: &[(&BackboneRow, [f64; 2])],
    transform: &egui_plot::PlotTransform,
) {
    let colors = tokens(ui);
    let frame = *transform.frame();
    let painter = ui.painter_at(frame);
    let at = |position: &[f64; 2]| {
        transform.position_from_point(&PlotPoint::new(position[0], position[1]))
    };
    let is_beaten = |position: &[f64; 2]| {
        measured
            .iter()
            .any(|(_, other)| other[0] > position[0] && other[1] > position[1])
    };
    let mut order: Vec<&(&BackboneRow, [f64; 2])> = measured.iter().collect();
    order.sort_by_key(|(row, position)| (!row.chosen, is_beaten(position)));
    // The own point stands apart from its name by [`AROUND_POINT`] at least.
    let mut taken: Vec<Rect> = (measured.iter())
        .map(|(row, position)| {
            let radius = if row.chosen { RADII.1 } else { RADII.0 };
            Rect::from_center_size(at(position), egui::Vec2::splat(2.0 * radius))
        })
        .collect();
    for (row, position) in order {
        let color = if row.chosen {
            colors.text
        } else {
            colors.text_muted
        };
        let font = egui::FontId::proportional(tokens::TEXT_SMALL);
        let text = painter.layout_no_wrap(row.info.title.to_owned(), font, color);
        let radius = if row.chosen { RADII.1 } else { RADII.0 };
        let places = places(at(position), radius, text.size(), frame);
        let free = (places.iter().copied())
            .find(|place| frame.contains_rect(*place) && is_free(*place, &taken));
        // The chosen one has its name whatever it covers.
        let place = free.or_else(|| row.chosen.then_some(places[0]));
        if let Some(place) = place {
            painter.galley(place.min, text, color);
            taken.push(place);
        }
    }
}

/// What stays free between a point and its name.
const AROUND_POINT: f32 = 2.0;
/// What stays free around a name at least, to the sides, and above and below.
const AROUND_NAME: egui::Vec2 = vec2(4.0, 1.0);

/// Where a name of `size` may stand around its point, the best first.
fn places(point: egui::Pos2, radius: f32, size: egui::Vec2, frame: Rect) -> [Rect; 8] {
    let away = radius + AROUND_POINT;
    let across =
        (point.x - size.x / 2.0).clamp(frame.left(), (frame.right() - size.x).max(frame.left()));
    let (above, below) = (point.y - away - size.y, point.y + away);
    let beside = point.y - size.y / 2.0;
    let (left, right) = (
        point.x - away - AROUND_NAME.x - size.x,
        point.x + away + AROUND_NAME.x,
    );
    [
        pos2(across, above),
        pos2(across, below),
        pos2(right, beside),
        pos2(left, beside),
        pos2(right - away, above),
        pos2(right - away, below),
        pos2(left + away, above),
        pos2(left + away, below),
    ]
    .map(|corner| Rect::from_min_size(corner, size))
}

/// Whether a name can stand there and touches nothing.
fn is_free(place: Rect, taken: &[Rect]) -> bool {
    let room = place.expand2(AROUND_NAME);
    !taken.iter().any(|other| other.intersects(room))
}

/// From the lowest to the highest accuracy, and at least [`LEAST_RANGE`]: the marks of a single point would all read the same.
fn range_of(accuracies: impl Iterator<Item = f64>) -> [f64; 2] {
    let (low, high) = accuracies.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let more = ((LEAST_RANGE - (high - low)) / 2.0).max(0.0);
    [low - more, high + more]
}

/// In points of accuracy: every line of the grid then stands at another whole number.
const LEAST_RANGE: f64 = 10.0;

/// Lines at 1, 2 and 5 times every power of ten, on an axis of decimal logarithms.
fn decades(input: GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    if !(high - low).is_finite() || high - low > 30.0 {
        return Vec::new();
    }
    (low.floor() as i32..=high.ceil() as i32)
        .flat_map(|power| [1.0f64, 2.0, 5.0].map(|digit| f64::from(power) + digit.log10()))
        .filter(|value| (low..=high).contains(value))
        .map(|value| GridMark {
            value,
            step_size: 1.0,
        })
        .collect()
}

fn rate_text(rate: f64) -> String {
    if rate < 0.95 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_apart_from_points_and_from_each_other() {
        let frame = Rect::from_min_size(pos2(0.0, 0.0), vec2(400.0, 200.0));
        let points = [
            pos2(100.0, 100.0),
            pos2(104.0, 103.0),
            pos2(130.0, 96.0),
            pos2(395.0, 4.0),
        ];
        let mut taken: Vec<Rect> = (points.iter())
            .map(|point| Rect::from_center_size(*point, vec2(8.0, 8.0)))
            .collect();
        let mut names = 0;
        for point in points {
            let places = places(point, 4.0, vec2(80.0, 14.0), frame);
            let mut places = places.into_iter();
            let free = places.find(|place| frame.contains_rect(*place) && is_free(*place, &taken));
            if let Some(place) = free {
                assert!(!taken.iter().any(|other| other.intersects(place)));
                taken.push(place);
                names += 1;
            }
        }
        assert!(names >= 3, "{names}");
    }

    #[test]
    fn a_single_accuracy_has_a_range_around_it() {
        assert_eq!(range_of([75.0].into_iter()), [70.0, 80.0]);
        assert_eq!(range_of([60.0, 85.0].into_iter()), [60.0, 85.0]);
    }

    #[test]
    fn grid_lines_stand_at_round_rates() {
        let input = GridInput {
            bounds: (0.55f64.log10(), 60f64.log10()),
            base_step_size: 0.1,
        };
        let texts: Vec<String> = (decades(input).iter())
            .map(|mark| rate_text(10f64.powf(mark.value)))
            .collect();
        assert_eq!(texts, ["1", "2", "5", "10", "20", "50"]);
        let endless = GridInput {
            bounds: (f64::NEG_INFINITY, f64::INFINITY),
            base_step_size: 1.0,
        };
        assert!(decades(endless).is_empty());
    }
}
