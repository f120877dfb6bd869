//! Test accuracies of several runs side by side, with their intervals.

use super::axis::Axis;
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::{Figure, Rgb, heading};
use crate::evaluation::{Interval, wilson};
use crate::format;

/// A bar per run, best first, with the 95 % interval of its accuracy.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultsFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub bars: Vec<ResultBar>,
}

/// One run's test accuracy.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultBar {
    pub name: String,
    pub color: Rgb,
    /// Share of the test pictures that were right.
    pub accuracy: f64,
    /// Its 95 % interval; nothing where there are too few groups for one.
    pub interval: Option<Interval>,
}

/// Of letters, in units of the sheet.
const SMALLEST: f64 = 13.0;

impl ResultBar {
    /// A bar from counts, with Wilson's interval.
    pub fn from_counts(name: String, color: Rgb, correct: u64, pictures: u64) -> Self {
        let accuracy = if pictures == 0 {
            0.0
        } else {
            correct as f64 / pictures as f64
        };
        Self {
            name,
            color,
            accuracy,
            interval: Some(wilson(correct, pictures)),
        }
    }
}

impl Figure for ResultsFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 24.0 * unit;
        let mut bars: Vec<&ResultBar> = self.bars.iter().collect();
        bars.sort_by(|a, b| b.accuracy.total_cmp(&a.accuracy));
        let theme = canvas.theme;
        // Many bars are closer together than letters are tall.
        let height = canvas.height - 130.0 * unit - top;
        let pitch = height / bars.len().max(1) as f64;
        let size = (pitch * 0.66).clamp(SMALLEST * unit, 27.0 * unit);
        let every = (size * 1.15 / pitch).ceil().max(1.0) as usize;
        let most = 460.0 * unit;
        let names: Vec<String> = bars
            .iter()
            .map(|bar| canvas.shorten(&bar.name, most, size, Weight::Medium))
            .collect();
        let width = names
            .iter()
            .map(|name| canvas.text_width(name, size, Weight::Medium))
            .fold(0.0, f64::max);
        let plot = Area {
            left: 56.0 * unit + width + 24.0 * unit,
            top,
            right: canvas.width - 330.0 * unit,
            bottom: canvas.height - 130.0 * unit,
        };
        let axis = Axis::rounded(0.0, 100.0, 5, plot.left, plot.right);
        let label = TextStyle::new(24.0 * unit, theme.muted).anchor(Anchor::Middle);
        for &tick in &axis.ticks {
            let x = axis.position(tick);
            canvas.line(
                (x, plot.top),
                (x, plot.bottom),
                Stroke::solid(theme.grid, 1.5 * unit),
            );
            canvas.text(&axis.label(tick), (x, plot.bottom + 28.0 * unit), label);
        }
        let style = TextStyle::new(25.0 * unit, theme.text).anchor(Anchor::Middle);
        canvas.text(
            "Accuracy on the test pictures (%), with its 95 % interval",
            (plot.middle_x(), plot.bottom + 78.0 * unit),
            style,
        );
        let thickness = (pitch * 0.56).min(92.0 * unit);
        for (index, (bar, name)) in bars.iter().zip(&names).enumerate() {
            let middle = plot.top + (index as f64 + 0.5) * pitch;
            let style = TextStyle::new(size, theme.text)
                .weight(Weight::Medium)
                .anchor(Anchor::End);
            draw_bar(canvas, bar, &axis, middle, thickness);
            if index % every == 0 {
                canvas.text(name, (plot.left - 18.0 * unit, middle), style);
                let left =
                    axis.to.max(axis.position(
                        bar.interval.map_or(bar.accuracy, |interval| interval.high) * 100.0,
                    ));
                draw_numbers(canvas, bar, (left + 24.0 * unit, middle), pitch);
            }
        }
        canvas.line(
            (plot.left, plot.top),
            (plot.left, plot.bottom),
            Stroke::solid(theme.axis, 2.0 * unit),
        );
    }
}

fn draw_bar(canvas: &mut Canvas, bar: &ResultBar, axis: &Axis, middle: f64, thickness: f64) {
    let unit = canvas.unit;
    let theme = canvas.theme;
    let half = thickness / 2.0;
    let right = axis.position(bar.accuracy * 100.0);
    canvas.fill(
        Area {
            left: axis.from,
            top: middle - half,
            right,
            bottom: middle + half,
        },
        bar.color,
    );
    let Some(interval) = bar.interval else {
        return;
    };
    let (low, high) = (
        axis.position(interval.low * 100.0),
        axis.position(interval.high * 100.0),
    );
    let whisker = Stroke::solid(theme.text, 3.0 * unit);
    let cap = (thickness * 0.2).min(13.0 * unit);
    canvas.line((low, middle), (high, middle), whisker);
    for x in [low, high] {
        canvas.line((x, middle - cap), (x, middle + cap), whisker);
    }
}

/// The accuracy and its interval at the right of a bar: one below the other, or of many bars beside each other.
fn draw_numbers(canvas: &mut Canvas, bar: &ResultBar, (x, middle): (f64, f64), pitch: f64) {
    let unit = canvas.unit;
    let theme = canvas.theme;
    let interval = bar.interval.map_or_else(
        || "no interval".to_owned(),
        |interval| format::percent_interval(interval.low, interval.high),
    );
    let accuracy = format::percent(bar.accuracy);
    let muted = |size| TextStyle::new(size, theme.muted);
    let strong = |size| TextStyle::new(size, theme.text).weight(Weight::SemiBold);
    if pitch >= 66.0 * unit {
        canvas.text(&accuracy, (x, middle - 15.0 * unit), strong(32.0 * unit));
        canvas.text(&interval, (x, middle + 19.0 * unit), muted(23.0 * unit));
        return;
    }
    let size = (pitch * 0.66).clamp(SMALLEST * unit, 25.0 * unit);
    canvas.text(&accuracy, (x, middle), strong(size));
    let width = canvas.text_width("100.0 %", size, Weight::SemiBold) + size * 0.6;
    canvas.text(&interval, (x + width, middle), muted(size * 0.9));
}
