//! What more training pictures bring: a score against their number, the curve through it, and where it leads.

use super::axis::{Axis, range};
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{LegendEntry, Mark, draw_key};
use super::plot::{Titles, below_key, draw_axes, draw_nothing, plot_area};
use super::{Figure, Rgb, heading, palette};
use crate::format;

/// A learning curve.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurveFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    /// What is measured: `Validation accuracy`.
    pub score: String,
    pub color: Rgb,
    /// One for each number of pictures.
    pub points: Vec<LearningCurveDots>,
    /// The fitted curve, from the fewest pictures to the most; empty where none could be fitted.
    pub band: Vec<LearningCurveBand>,
    /// The number of pictures that there are; beyond it, the curve is a forecast.
    pub now: f64,
}

/// The scores with one number of training pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurveDots {
    pub pictures: f64,
    /// One for each draw, shares of 1.
    pub scores: Vec<f64>,
    pub mean: f64,
}

/// The curve at one number of training pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningCurveBand {
    pub pictures: f64,
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

const BAND_OPACITY: f64 = 0.18;
const FAINT: f64 = 0.4;

impl LearningCurveFigure {
    /// The scores that the plot makes room for, in shares of 1.
    pub fn score_range(&self) -> Option<(f64, f64)> {
        let dots = self.points.iter().flat_map(|point| &point.scores).copied();
        let means = self.points.iter().map(|point| point.mean);
        let band = self.band.iter().flat_map(|at| [at.low, at.high, at.value]);
        let (low, high) = range(dots.chain(means).chain(band))?;
        Some((low.max(0.0), high.min(1.0)))
    }

    /// The numbers of pictures that the plot makes room for.
    pub fn picture_range(&self) -> Option<(f64, f64)> {
        let points = self.points.iter().map(|point| point.pictures);
        let (low, high) = range(points.chain(self.band.iter().map(|at| at.pictures)))?;
        Some((low, high.max(self.now)))
    }
}

impl Figure for LearningCurveFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        let faint = palette::mix(canvas.theme.background, self.color, FAINT);
        let forecast = Stroke::dashed(self.color, 4.0 * unit, 11.0 * unit, 8.0 * unit);
        let mut key = vec![
            LegendEntry::muted("mean of the draws", Mark::Patch(self.color)),
            LegendEntry::muted("each draw", Mark::Patch(faint)),
        ];
        if !self.band.is_empty() {
            let band = palette::mix(canvas.theme.background, self.color, BAND_OPACITY);
            key.push(LegendEntry::muted("forecast", Mark::Line(forecast)));
            key.push(LegendEntry::muted("95 % band", Mark::Patch(band)));
        }
        let top = draw_key(canvas, &key, top);
        let area = below_key(canvas, top);
        let plot = plot_area(canvas, area);
        let (_, most) = self.picture_range().unwrap_or((0.0, 1.0));
        let x = Axis::rounded(0.0, most, 8, plot.left, plot.right);
        let (low, high) = self.score_range().unwrap_or((0.0, 1.0));
        let mut y = Axis::rounded(low * 100.0, high * 100.0, 6, plot.bottom, plot.top);
        if y.high > 100.0 {
            y.high = 100.0;
            y.ticks.retain(|&tick| tick <= 100.0);
        }
        let score = format!("{} (%)", self.score);
        let titles = Titles {
            plot: "",
            x: "Training pictures",
            y: &score,
        };
        draw_axes(canvas, &titles, &area, &plot, (&x, &y), false);
        if self.points.is_empty() {
            draw_nothing(canvas, &plot, "Nothing has been measured");
            return;
        }
        self.draw_band(canvas, (&x, &y), forecast);
        for point in &self.points {
            let at = x.position(point.pictures);
            for &score in &point.scores {
                canvas.dot((at, y.position(score * 100.0)), 4.5 * unit, faint);
            }
        }
        for point in &self.points {
            let at = (x.position(point.pictures), y.position(point.mean * 100.0));
            canvas.dot(at, 8.0 * unit, self.color);
        }
        self.draw_now(canvas, &plot, &x);
    }
}

impl LearningCurveFigure {
    fn draw_band(&self, canvas: &mut Canvas, (x, y): (&Axis, &Axis), forecast: Stroke) {
        if self.band.is_empty() {
            return;
        }
        let unit = canvas.unit;
        // Within the plot: a band may be wider than any score.
        let place = |pictures: f64, score: f64| {
            let score = (score * 100.0).clamp(y.low, y.high);
            (x.position(pictures), y.position(score))
        };
        let upper = self.band.iter().map(|at| place(at.pictures, at.high));
        let lower = self.band.iter().rev().map(|at| place(at.pictures, at.low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        canvas.polygon(&outline, self.color, BAND_OPACITY);
        let part = |is_later: bool| -> Vec<(f64, f64)> {
            let here = |at: &&LearningCurveBand| match is_later {
                true => at.pictures >= self.now,
                false => at.pictures <= self.now,
            };
            let some = self.band.iter().filter(here);
            some.map(|at| place(at.pictures, at.value)).collect()
        };
        canvas.polyline(&part(false), Stroke::solid(self.color, 4.0 * unit));
        canvas.polyline(&part(true), forecast);
    }

    fn draw_now(&self, canvas: &mut Canvas, plot: &Area, x: &Axis) {
        let unit = canvas.unit;
        let at = x.position(self.now);
        let upright = Stroke::dashed(canvas.theme.muted, 2.5 * unit, 8.0 * unit, 6.0 * unit);
        canvas.line((at, plot.top - 8.0 * unit), (at, plot.bottom), upright);
        let style = TextStyle::new(24.0 * unit, canvas.theme.muted)
            .weight(Weight::Medium)
            .anchor(Anchor::Middle);
        let now = if self.now.is_finite() { self.now } else { 0.0 };
        let text = format!("now: {}", format::thousands(now.max(0.0).round() as u64));
        let half = canvas.text_width(&text, style.size, style.weight) / 2.0;
        let middle = at.clamp(plot.left + half, (plot.right - half).max(plot.left + half));
        canvas.text(&text, (middle, plot.top - 26.0 * unit), style);
    }
}
