//! Axes of plots.

use eframe::egui;
use egui_plot::{AxisHints, GridMark, HoverPosition, Line, PlotPoint, PlotPoints};

/// Room below a plot for numbers and a title, and at its left for "100 %" and a title, in points. A
/// plot finds it by itself, but a frame too late: numbers and titles then stand on one another.
pub const ACROSS: f32 = 34.0;
pub const UPWARD: f32 = 46.0;

/// The axis below a plot.
pub fn across<'a>(
    title: &'a str,
    text: impl Fn(GridMark, &std::ops::RangeInclusive<f64>) -> String + 'a,
) -> Vec<AxisHints<'a>> {
    let axis = AxisHints::new_x().label(title).min_thickness(ACROSS);
    vec![axis.formatter(text)]
}

/// The axis at the left of a plot. Its numbers are written in full or not at all: by itself, a plot fades them the nearer
/// they stand to one another, below what can be read.
pub fn upward<'a>(
    title: &'a str,
    text: impl Fn(GridMark, &std::ops::RangeInclusive<f64>) -> String + 'a,
) -> Vec<AxisHints<'a>> {
    let axis = AxisHints::new_y().label(title).min_thickness(UPWARD);
    vec![
        axis.formatter(text)
            .label_spacing(egui::Rangef::new(15.0, 16.0)),
    ]
}

/// What stands beside the pointer where a line with a name has a point nearby: `text` of the name and the point.
pub fn near_point<'a>(
    text: impl Fn(&str, PlotPoint) -> String + 'a,
) -> impl Fn(&HoverPosition<'_>) -> Option<String> + 'a {
    move |position| match position {
        HoverPosition::NearDataPoint {
            plot_name,
            position,
            ..
        } if !plot_name.is_empty() => Some(text(plot_name, *position)),
        _ => None,
    }
}

/// The distance of grid lines over `range`, one at least every `spacing` points of `length`: 1, 2 or 5
/// times a power of ten.
pub fn step(range: f64, length: f32, spacing: f32) -> f64 {
    let most = f64::from(length / spacing).max(1.0);
    let least = range / most;
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    let digit = [1.0, 2.0, 5.0, 10.0].into_iter();
    let mut fitting = digit.map(|digit| digit * power);
    fitting
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// A line through `points`, and nothing else. Left to itself, the plot draws a rising line of which two points share a
/// pixel as a band between the lowest and the highest of each pixel, filled to the next: where a curve of few pictures
/// steps straight up, that is a wedge, and another one when a part of it is scrolled out of sight. Lines here have fewer
/// points than a screen has pixels.
pub fn line<'a>(name: impl Into<String>, points: &[[f64; 2]]) -> Line<'a> {
    Line::new(name, PlotPoints::from(points.to_vec())).allow_band(false)
}

/// Points nearer to each other than this, in shares of a plot, are one on any screen.
const SAME_POINT: f64 = 1e-6;

/// `points` in the unit square as a line can be drawn through them: without those that are no numbers, and none twice in
/// a row. (Where three points are one, a line has no direction, and what is drawn of it is not a line but a wedge.)
pub fn path(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut path: Vec<[f64; 2]> = Vec::with_capacity(points.len());
    for &[x, y] in points {
        let is_new = path.last().is_none_or(|&[last_x, last_y]| {
            (x - last_x).abs() > SAME_POINT || (y - last_y).abs() > SAME_POINT
        });
        if x.is_finite() && y.is_finite() && is_new {
            path.push([x, y]);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_point_twice_in_a_row() {
        let zero = [0.0, 0.0];
        let points = [
            zero,
            zero,
            zero,
            [f64::NAN, 0.5],
            [0.0, 1.0],
            [1e-9, 1.0],
            zero,
        ];
        assert_eq!(path(&points), [zero, [0.0, 1.0], zero]);
        assert!(path(&[]).is_empty());
    }

    #[test]
    fn steps_are_round_and_not_too_close() {
        assert_eq!(step(29.0, 300.0, 84.0), 10.0);
        assert_eq!(step(9.0, 300.0, 84.0), 5.0);
        assert!((step(0.8, 110.0, 30.0) - 0.5).abs() < 1e-12);
        assert!((step(0.3, 300.0, 30.0) - 0.05).abs() < 1e-12);
        assert_eq!(step(0.0, 300.0, 30.0), 1.0);
        assert_eq!(step(f64::NAN, 300.0, 30.0), 1.0);
    }
}
