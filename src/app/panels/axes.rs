//! Axes of plots.

use egui_plot::{AxisHints, GridMark};

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

#[cfg(test)]
mod tests {
    use super::*;

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
