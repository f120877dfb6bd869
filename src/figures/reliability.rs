//! Whether a network that says 90 % is right nine times in ten.

use super::axis::Axis;
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{Head, LegendEntry, Mark, draw_key, draw_list, guide, of_series};
use super::plot::{Titles, draw_axes, draw_nothing, plot_area};
use super::{Figure, Rgb, heading};
use crate::evaluation::Interval;
use crate::format;

/// Accuracy against confidence, how often each confidence occurs, and the calibration error.
#[derive(Debug, Clone, PartialEq)]
pub struct ReliabilityFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub series: Vec<ReliabilitySeries>,
}

/// One run's calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct ReliabilitySeries {
    pub name: String,
    pub color: Rgb,
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error, a share of 1.
    pub error: f64,
    /// Lines that stand beside the plot: accuracy, mean confidence, temperature.
    pub facts: Vec<(String, String)>,
}

/// The pictures whose confidence lies between two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Shares of 1.
    pub low: f64,
    pub high: f64,
    pub pictures: u64,
    /// Mean confidence of these pictures.
    pub confidence: f64,
    /// Share of these pictures that are right.
    pub accuracy: f64,
    /// Where that share may lie, as far as so few pictures tell.
    pub interval: Interval,
}

/// More runs than this have no room for all their facts.
const FEW: usize = 3;

/// Of the areas between bars and diagonal.
const GAP_OPACITY: f64 = 0.28;

impl ReliabilityBin {
    /// Whether these answers are less often right than they are sure; nothing where there are none, or both are the same.
    fn is_too_sure(&self) -> Option<bool> {
        (self.pictures > 0 && self.accuracy != self.confidence)
            .then_some(self.accuracy < self.confidence)
    }
}

impl Figure for ReliabilityFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        // Of many runs, the list at the right is the key.
        let is_many = self.series.len() > FEW;
        let series = self.series.iter().filter(|_| !is_many);
        let mut key = of_series(canvas, series.map(|one| (one.name.as_str(), one.color)));
        let perfect = Mark::Line(guide(canvas));
        key.push(LegendEntry::muted("perfectly calibrated", perfect));
        if let [only] = self.series.as_slice() {
            let sides = [
                (true, "overconfident", canvas.theme.wrong),
                (false, "underconfident", canvas.theme.right),
            ];
            for (too_sure, name, color) in sides {
                let is_there = |bin: &ReliabilityBin| bin.is_too_sure() == Some(too_sure);
                if only.bins.iter().any(is_there) {
                    let color = super::palette::mix(canvas.theme.background, color, GAP_OPACITY);
                    key.push(LegendEntry::muted(name, Mark::Patch(color)));
                }
            }
        }
        let top = draw_key(canvas, &key, top);
        // The facts stand at the right, or below on a sheet that is tall.
        let is_tall = canvas.height > canvas.width;
        let facts_width = 420.0 * unit;
        let right = if is_tall {
            canvas.width - 56.0 * unit
        } else {
            canvas.width - 56.0 * unit - facts_width - 56.0 * unit
        };
        let facts_height = if is_tall {
            self.facts_height() * unit
        } else {
            0.0
        };
        let bottom = canvas.height - 36.0 * unit - facts_height;
        let split = top + (bottom - top) * 0.62;
        let left = 56.0 * unit;
        let upper = Area {
            left,
            top,
            right,
            bottom: split + 30.0 * unit,
        };
        let lower = Area {
            left,
            top: split,
            right,
            bottom,
        };
        self.draw_curves(canvas, upper);
        self.draw_counts(canvas, lower);
        let at = if is_tall {
            (left, bottom + 60.0 * unit)
        } else {
            (right + 56.0 * unit, top + 8.0 * unit)
        };
        self.draw_facts(canvas, at, facts_width);
    }
}

impl ReliabilityFigure {
    fn draw_curves(&self, canvas: &mut Canvas, area: Area) {
        let unit = canvas.unit;
        let plot = plot_area(canvas, area);
        let x = Axis::rounded(0.0, 100.0, 10, plot.left, plot.right);
        let y = Axis::rounded(0.0, 100.0, 5, plot.bottom, plot.top);
        let titles = Titles {
            plot: "Accuracy at each confidence",
            x: "",
            y: "Accuracy (%)",
        };
        draw_axes(canvas, &titles, &area, &plot, (&x, &y), true);
        if let [only] = self.series.as_slice() {
            draw_gaps(canvas, only, &x, &y);
        }
        let perfect = guide(canvas);
        canvas.line(
            (x.position(0.0), y.position(0.0)),
            (x.position(100.0), y.position(100.0)),
            perfect,
        );
        for series in &self.series {
            let points: Vec<(f64, f64)> = series
                .bins
                .iter()
                .filter(|bin| bin.pictures > 0)
                .map(|bin| {
                    (
                        x.position(bin.confidence * 100.0),
                        y.position(bin.accuracy * 100.0),
                    )
                })
                .collect();
            if self.series.len() > 1 {
                canvas.polyline(&points, Stroke::solid(series.color, 4.0 * unit));
            }
            // Whiskers of several runs would hide each other.
            if self.series.len() == 1 {
                let whisker = Stroke::solid(canvas.theme.text, 2.0 * unit);
                for bin in series.bins.iter().filter(|bin| bin.pictures > 0) {
                    let at = x.position(bin.confidence * 100.0);
                    let (low, high) = (
                        y.position(bin.interval.low * 100.0),
                        y.position(bin.interval.high * 100.0),
                    );
                    canvas.line((at, low), (at, high), whisker);
                    for end in [low, high] {
                        canvas.line((at - 7.0 * unit, end), (at + 7.0 * unit, end), whisker);
                    }
                }
            }
            for point in points {
                canvas.dot(point, 8.0 * unit, series.color);
            }
        }
        if self.series.iter().all(|series| series.pictures() == 0) {
            draw_nothing(canvas, &plot, "There are no predictions");
        }
    }

    fn draw_counts(&self, canvas: &mut Canvas, area: Area) {
        let unit = canvas.unit;
        let mut plot = plot_area(canvas, area);
        plot.top = area.top + 62.0 * unit;
        let most = self
            .series
            .iter()
            .flat_map(|series| {
                let all = series.pictures().max(1) as f64;
                series
                    .bins
                    .iter()
                    .map(move |bin| bin.pictures as f64 / all * 100.0)
            })
            .fold(10.0, f64::max);
        let x = Axis::rounded(0.0, 100.0, 10, plot.left, plot.right);
        let y = Axis::rounded(0.0, most, 3, plot.bottom, plot.top);
        let titles = Titles {
            plot: "",
            x: "Confidence in the predicted class (%)",
            y: "Pictures (%)",
        };
        draw_axes(canvas, &titles, &area, &plot, (&x, &y), false);
        let number = self.series.len().max(1) as f64;
        for (index, series) in self.series.iter().enumerate() {
            let all = series.pictures().max(1) as f64;
            for bin in series.bins.iter().filter(|bin| bin.pictures > 0) {
                let (from, to) = (x.position(bin.low * 100.0), x.position(bin.high * 100.0));
                // A little air on both sides of a group of bars.
                let air = (to - from) * 0.08;
                let width = (to - from - 2.0 * air) / number;
                let left = from + air + index as f64 * width;
                let bar = Area {
                    left,
                    right: left + width,
                    top: y.position(bin.pictures as f64 / all * 100.0),
                    bottom: plot.bottom,
                };
                canvas.fill(bar, series.color);
            }
        }
    }

    /// In units of the sheet.
    fn facts_height(&self) -> f64 {
        if self.series.len() > FEW {
            return (self.series.len() + 2) as f64 * 36.0;
        }
        let lines: usize = self
            .series
            .iter()
            .map(|series| 2 + series.facts.len())
            .sum();
        lines as f64 * 38.0 + 24.0 * self.series.len() as f64
    }

    fn draw_facts(&self, canvas: &mut Canvas, (left, top): (f64, f64), width: f64) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        if self.series.len() > FEW {
            let entries: Vec<LegendEntry> = self
                .series
                .iter()
                .map(|series| {
                    LegendEntry::new(series.name.clone(), Mark::Patch(series.color))
                        .values(vec![format::percent(series.error)])
                })
                .collect();
            let head = Head {
                name: "calibration error",
                short: "Calibration error",
            };
            let list = Area {
                left,
                top,
                right: left + width,
                bottom: canvas.height - 30.0 * unit,
            };
            draw_list(canvas, &[head], &entries, &list);
            return;
        }
        let mut y = top;
        for series in &self.series {
            let size = 26.0 * unit;
            let name = canvas.shorten(&series.name, width - 34.0 * unit, size, Weight::SemiBold);
            let patch = Area {
                left,
                right: left + 20.0 * unit,
                top: y - 10.0 * unit,
                bottom: y + 10.0 * unit,
            };
            canvas.fill_rounded(patch, series.color, 3.0 * unit);
            let style = TextStyle::new(size, theme.text).weight(Weight::SemiBold);
            canvas.text(&name, (left + 34.0 * unit, y), style);
            let error = (
                "Calibration error".to_owned(),
                format::percent(series.error),
            );
            for (label, value) in std::iter::once(&error).chain(&series.facts) {
                y += 38.0 * unit;
                let style = TextStyle::new(24.0 * unit, theme.muted);
                canvas.text(label, (left, y), style);
                let style = TextStyle::new(24.0 * unit, theme.text).weight(Weight::Medium);
                canvas.text(value, (left + width, y), style.anchor(Anchor::End));
            }
            y += 62.0 * unit;
        }
    }
}

impl ReliabilitySeries {
    fn pictures(&self) -> u64 {
        self.bins.iter().map(|bin| bin.pictures).sum()
    }
}

/// Bars of a single run, with what they lack or have too much of the diagonal shaded.
fn draw_gaps(canvas: &mut Canvas, series: &ReliabilitySeries, x: &Axis, y: &Axis) {
    let unit = canvas.unit;
    for bin in series.bins.iter().filter(|bin| bin.pictures > 0) {
        let (left, right) = (
            x.position(bin.low * 100.0) + 2.0 * unit,
            x.position(bin.high * 100.0) - 2.0 * unit,
        );
        let (right_share, said) = (
            y.position(bin.accuracy * 100.0),
            y.position(bin.confidence * 100.0),
        );
        let bar = Area {
            left,
            right,
            top: right_share,
            bottom: y.from,
        };
        canvas.fill(
            bar,
            super::palette::mix(canvas.theme.background, series.color, 0.45),
        );
        let corners = [
            (left, right_share),
            (right, right_share),
            (right, said),
            (left, said),
        ];
        let color = if bin.is_too_sure() == Some(true) {
            canvas.theme.wrong
        } else {
            canvas.theme.right
        };
        canvas.polygon(&corners, color, GAP_OPACITY);
    }
}
