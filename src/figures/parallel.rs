//! Parallel coordinates: what was set at the left, what came of it at the right, a line for each.

use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::parallel_axis::{ParallelAxis, share_of_index};
use super::plot::draw_nothing;
use super::{Figure, Rgb, Theme, heading, names};

/// The widest text beside an axis; longer ones are cut.
const LONGEST: f64 = 260.0;

/// Settings and their results, a line for each. The better a line's result, the stronger its colour.
#[derive(Debug, Clone, PartialEq)]
pub struct ParallelFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    /// From left to right; the result's last.
    pub axes: Vec<ParallelAxis>,
    pub lines: Vec<ParallelLine>,
}

/// One of the lines.
#[derive(Debug, Clone, PartialEq)]
pub struct ParallelLine {
    /// One for each axis: where it crosses it, as a share of the height from the bottom. Where it is absent, the line is broken.
    pub shares: Vec<Option<f64>>,
    /// From 0 for the worst to 1 for the best; nothing without a result.
    pub score: Option<f64>,
    /// Whether it stands back.
    pub is_faded: bool,
}

/// The colour of a line by its score. The worst are still seen on the ground.
pub fn line_color(theme: &Theme, score: Option<f64>) -> Rgb {
    match score {
        Some(score) => theme.at(0.34 + 0.66 * score.clamp(0.0, 1.0)),
        None => theme.axis,
    }
}

/// The order in which lines are drawn: faded ones first, then from the worst to the best, so that the best lie above.
pub fn drawing_order(lines: &[ParallelLine]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|&a, &b| {
        let key = |index: usize| (!lines[index].is_faded, lines[index].score.unwrap_or(-1.0));
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    order
}

impl Figure for ParallelFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark);
        // The first axis has its texts in the margin; names of networks are long.
        let widest = (self.axes.first().into_iter())
            .flat_map(|axis| &axis.ticks)
            .map(|(_, text)| canvas.text_width(&names::visible(text), 21.0 * unit, Weight::Medium))
            .fold(0.0, f64::max);
        let plot = Area {
            left: (widest.min(LONGEST * unit) + 40.0 * unit).max(170.0 * unit),
            top: top + 96.0 * unit,
            right: canvas.width - 170.0 * unit,
            bottom: canvas.height - 70.0 * unit,
        };
        if self.axes.is_empty() {
            draw_nothing(canvas, &plot, "Nothing has a result yet");
            return;
        }
        let x = |index: usize| plot.left + plot.width() * share_of_index(index, self.axes.len());
        let y = |share: f64| plot.bottom - plot.height() * share;
        for index in drawing_order(&self.lines) {
            let line = &self.lines[index];
            let points: Vec<(f64, f64)> = (line.shares.iter().enumerate())
                .map(|(axis, share)| (x(axis), y(share.unwrap_or(f64::NAN))))
                .collect();
            let stroke = Stroke {
                color: line_color(&canvas.theme, line.score),
                width: 3.0 * unit,
                dash: None,
                opacity: if line.is_faded { 0.18 } else { 0.85 },
            };
            canvas.polyline(&points, stroke);
        }
        let pitch = plot.width() / (self.axes.len().max(2) - 1) as f64;
        for index in 0..self.axes.len() {
            self.draw_axis(canvas, index, &plot, x(index), pitch);
        }
    }
}

impl ParallelFigure {
    fn draw_axis(&self, canvas: &mut Canvas, index: usize, plot: &Area, x: f64, pitch: f64) {
        let axis = &self.axes[index];
        let unit = canvas.unit;
        let theme = canvas.theme;
        let stroke = Stroke::solid(theme.axis, 3.0 * unit);
        canvas.line((x, plot.top), (x, plot.bottom), stroke);
        let is_last = index + 1 == self.axes.len();
        let (size, weight) = (
            24.0 * unit,
            if is_last {
                Weight::SemiBold
            } else {
                Weight::Medium
            },
        );
        let title = names::visible(&axis.title);
        let title = canvas.shorten(&title, (pitch - 18.0 * unit).max(60.0 * unit), size, weight);
        let style = TextStyle::new(size, theme.text)
            .weight(weight)
            .anchor(Anchor::Middle);
        canvas.text(&title, (x, plot.top - 40.0 * unit), style);
        // What stands on one another can't be read.
        let least = 26.0 * unit / plot.height().max(1.0);
        let mut last = f64::NEG_INFINITY;
        for (share, text) in &axis.ticks {
            if share - last < least {
                continue;
            }
            last = *share;
            let y = plot.bottom - plot.height() * share;
            canvas.line((x - 8.0 * unit, y), (x + 8.0 * unit, y), stroke);
            let size = 21.0 * unit;
            let room = match index {
                0 => LONGEST * unit,
                _ => (pitch * 0.6).clamp(70.0 * unit, LONGEST * unit),
            };
            let text = canvas.shorten(&names::visible(text), room, size, Weight::Medium);
            let width = canvas.text_width(&text, size, Weight::Medium);
            // On a ground of its own: lines pass behind it.
            let middle = if is_last {
                x + 16.0 * unit + width / 2.0
            } else {
                x - 16.0 * unit - width / 2.0
            };
            let ground = Area {
                left: middle - width / 2.0 - 5.0 * unit,
                top: y - 14.0 * unit,
                right: middle + width / 2.0 + 5.0 * unit,
                bottom: y + 14.0 * unit,
            };
            canvas.fill_rounded(ground, theme.background, 4.0 * unit);
            let style = TextStyle::new(size, theme.muted)
                .weight(Weight::Medium)
                .anchor(Anchor::Middle);
            canvas.text(&text, (middle, y), style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_lie_above_and_what_is_faded_below() {
        let line = |score, is_faded| ParallelLine {
            shares: Vec::new(),
            score,
            is_faded,
        };
        let lines = [
            line(Some(0.9), false),
            line(None, false),
            line(Some(1.0), true),
            line(Some(0.1), false),
        ];
        assert_eq!(drawing_order(&lines), [2, 1, 3, 0]);
        for theme in [Theme::LIGHT, Theme::DARK] {
            let best = line_color(&theme, Some(1.0));
            assert!(super::super::palette::contrast(best, theme.background) >= 4.5);
        }
    }
}
