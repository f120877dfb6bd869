//! The loss at every learning rate of a range test, with the rate that it suggests.

use super::axis::{Axis, range};
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{LegendEntry, Mark, draw_key};
use super::plot::{Titles, below_key, draw_axes, draw_nothing, plot_area};
use super::{Figure, Rgb, heading};
use crate::format;

/// Loss against learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurveFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub color: Rgb,
    /// From the lowest rate on.
    pub points: Vec<RateCurvePoint>,
    /// The rate to take, and its smoothed loss.
    pub suggested: Option<(f64, f64)>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateCurvePoint {
    pub rate: f64,
    /// Of its batch.
    pub loss: f64,
    pub smoothed: f64,
}

/// How much of a batch's dot is seen.
const FAINT: f64 = 0.3;
/// How far above the losses before the lowest one the plot goes on, in shares of their range: what explodes later would
/// flatten the fall that matters.
const ABOVE: f64 = 0.4;

impl RateCurveFigure {
    /// The losses that the plot makes room for.
    pub fn loss_range(&self) -> Option<(f64, f64)> {
        let lowest = (self.points.iter().enumerate())
            .min_by(|(_, one), (_, other)| one.smoothed.total_cmp(&other.smoothed));
        let (last, _) = lowest?;
        let before = self.points[..=last].iter();
        let (low, high) = range(before.flat_map(|point| [point.loss, point.smoothed]))?;
        let room = (high - low).max(high.abs() * 0.1);
        Some((low, high + ABOVE * room))
    }

    /// The smoothed loss by the rate, up to where it leaves the plot.
    pub fn line(&self) -> Vec<(f64, f64)> {
        let high = self.loss_range().map_or(f64::INFINITY, |(_, high)| high);
        let mut line: Vec<(f64, f64)> = Vec::new();
        for point in &self.points {
            if point.smoothed <= high {
                line.push((point.rate, point.smoothed));
                continue;
            }
            if let Some(&(rate, loss)) = line.last() {
                let share = (high - loss) / (point.smoothed - loss);
                line.push((rate * (point.rate / rate).powf(share), high));
            }
            break;
        }
        line
    }

    /// The losses of batches that are within the plot.
    pub fn dots(&self) -> Vec<(f64, f64)> {
        let (low, high) = self.loss_range().unwrap_or((0.0, 1.0));
        let is_in = |point: &&RateCurvePoint| (low..=high).contains(&point.loss);
        let dots = self.points.iter().filter(is_in);
        dots.map(|point| (point.rate, point.loss)).collect()
    }
}

impl Figure for RateCurveFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        let faint = super::palette::mix(canvas.theme.background, self.color, FAINT);
        let key = [
            LegendEntry::muted(
                "smoothed loss",
                Mark::Line(Stroke::solid(self.color, 7.0 * unit)),
            ),
            LegendEntry::muted("loss of each batch", Mark::Patch(faint)),
        ];
        let top = draw_key(canvas, &key, top);
        let area = below_key(canvas, top);
        let plot = plot_area(canvas, area);
        let rates = range(self.points.iter().map(|point| point.rate));
        let losses = self.loss_range();
        let (low, high) = rates.unwrap_or((1e-7, 10.0));
        let x = Axis::decades(low, high, plot.left, plot.right);
        let (low, high) = losses.unwrap_or((0.0, 1.0));
        let y = Axis::rounded(low, high, 6, plot.bottom, plot.top);
        let titles = Titles {
            plot: "",
            x: "Learning rate",
            y: "Training loss",
        };
        draw_axes(canvas, &titles, &area, &plot, (&x, &y), true);
        if self.points.is_empty() {
            draw_nothing(canvas, &plot, "No step had a loss that is a number");
            return;
        }
        let place = |(rate, loss): (f64, f64)| (x.position(rate), y.position(loss));
        for dot in self.dots() {
            canvas.dot(place(dot), 4.5 * unit, faint);
        }
        let line: Vec<(f64, f64)> = self.line().into_iter().map(place).collect();
        canvas.polyline(&line, Stroke::solid(self.color, 4.0 * unit));
        self.draw_suggestion(canvas, &plot, (&x, &y));
    }
}

impl RateCurveFigure {
    fn draw_suggestion(&self, canvas: &mut Canvas, plot: &Area, (x, y): (&Axis, &Axis)) {
        let Some((rate, loss)) = self.suggested else {
            return;
        };
        let unit = canvas.unit;
        let at = (x.position(rate), y.position(loss));
        let upright = Stroke::dashed(canvas.theme.muted, 2.5 * unit, 8.0 * unit, 6.0 * unit);
        canvas.line((at.0, plot.top), (at.0, plot.bottom), upright);
        canvas.dot(at, 10.0 * unit, canvas.theme.trainable);
        let style = TextStyle::new(26.0 * unit, canvas.theme.text).weight(Weight::SemiBold);
        let text = format!("Suggested: {}", format::rate(rate));
        // At the side that has more room.
        let (place, anchor) = match at.0 < plot.middle_x() {
            true => (at.0 + 16.0 * unit, Anchor::Start),
            false => (at.0 - 16.0 * unit, Anchor::End),
        };
        let place = (place, plot.top + 18.0 * unit);
        canvas.text(&text, place, style.anchor(anchor));
    }
}
