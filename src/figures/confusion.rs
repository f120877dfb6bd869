//! The confusion matrix as a picture.

use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::{Figure, heading};
use crate::evaluation::ConfusionMatrix;
use crate::format;

/// Counts and row percentages; the shade is the share of the true class.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub matrix: ConfusionMatrix,
}

impl Figure for ConfusionFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 12.0 * unit;
        let classes = self.matrix.classes.len();
        if classes == 0 {
            let style = TextStyle::new(25.0 * unit, canvas.theme.muted);
            canvas.text("There are no classes", (56.0 * unit, top), style);
            return;
        }
        let labels = Labels::new(canvas, &self.matrix.classes);
        let scale_room = 170.0 * unit;
        let left = 56.0 * unit + 54.0 * unit + labels.width + 18.0 * unit;
        let bottom = canvas.height - 36.0 * unit - 54.0 * unit - labels.height - 16.0 * unit;
        let room = (canvas.width - left - scale_room - 56.0 * unit).min(bottom - top);
        let side = (room / classes as f64).max(1.0);
        // The square stands in the middle of what is free beside the labels.
        let spare =
            (canvas.width - 56.0 * unit - scale_room - left - side * classes as f64).max(0.0);
        let left = left + spare / 2.0;
        let square = Area {
            left,
            top,
            right: left + side * classes as f64,
            bottom: top + side * classes as f64,
        };
        self.draw_cells(canvas, &square, side);
        labels.draw(canvas, &square, side);
        draw_scale(canvas, &square);
    }
}

impl ConfusionFigure {
    fn draw_cells(&self, canvas: &mut Canvas, square: &Area, side: f64) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        let classes = self.matrix.classes.len();
        // A gap of background tells cells apart, until they are too small for it.
        let gap = if side > 24.0 * unit { 1.5 * unit } else { 0.0 };
        let widest = self
            .matrix
            .counts
            .iter()
            .flatten()
            .map(|&count| format::thousands(count).len())
            .max()
            .unwrap_or(1);
        let size = (side * 0.34)
            .min(side * 1.5 / widest as f64)
            .min(46.0 * unit);
        for truth in 0..classes {
            for predicted in 0..classes {
                let (left, top) = (
                    square.left + predicted as f64 * side,
                    square.top + truth as f64 * side,
                );
                let cell = Area {
                    left: left + gap,
                    top: top + gap,
                    right: left + side - gap,
                    bottom: top + side - gap,
                };
                let share = self.matrix.row_share(truth, predicted);
                let shade = theme.at(share);
                canvas.fill_rounded(cell, shade, if gap > 0.0 { 4.0 * unit } else { 0.0 });
                let count = self.matrix.counts[truth][predicted];
                // Letters smaller than this are dirt; the shade still tells.
                if size < 11.0 * unit || (count == 0 && classes > 12) {
                    continue;
                }
                let style = TextStyle::new(size, theme.text_on(shade)).anchor(Anchor::Middle);
                let (x, y) = (cell.middle_x(), cell.middle_y());
                let with_share = size * 0.6 >= 11.0 * unit;
                let weight = if truth == predicted {
                    Weight::SemiBold
                } else {
                    Weight::Regular
                };
                let shift = if with_share { size * 0.5 } else { 0.0 };
                canvas.text(
                    &format::thousands(count),
                    (x, y - shift),
                    style.weight(weight),
                );
                if with_share {
                    let style = TextStyle {
                        size: size * 0.6,
                        ..style
                    };
                    canvas.text(&format::percent(share), (x, y + size * 0.6), style);
                }
            }
        }
        if gap == 0.0 {
            canvas.frame(*square, Stroke::solid(theme.axis, 1.5 * unit));
        }
    }
}

/// The classes' names along both sides.
struct Labels {
    names: Vec<String>,
    size: f64,
    /// Room at the left.
    width: f64,
    /// Room below.
    height: f64,
    /// Below, names stand upright because they would run into each other.
    upright: bool,
}

impl Labels {
    fn new(canvas: &Canvas, classes: &[String]) -> Self {
        let unit = canvas.unit;
        let count = classes.len() as f64;
        let guess = (canvas.height - 420.0 * unit) / count;
        let size = (guess * 0.7).clamp(8.0 * unit, 26.0 * unit);
        let names: Vec<String> = classes
            .iter()
            .map(|name| canvas.shorten(name, 300.0 * unit, size, Weight::Regular))
            .collect();
        let width = names
            .iter()
            .map(|name| canvas.text_width(name, size, Weight::Regular))
            .fold(0.0, f64::max);
        let upright = width > guess * 0.92;
        let height = if upright { width } else { size };
        Self {
            names,
            size,
            width,
            height,
            upright,
        }
    }

    fn draw(&self, canvas: &mut Canvas, square: &Area, side: f64) {
        let unit = canvas.unit;
        let style = TextStyle::new(self.size, canvas.theme.text);
        let (left, bottom) = (square.left - 16.0 * unit, square.bottom + 16.0 * unit);
        // Where letters are taller than a row, only every second, third, … name is written.
        let every = (self.size * 1.1 / side).ceil().max(1.0) as usize;
        for (index, name) in self.names.iter().enumerate().step_by(every) {
            let middle = (index as f64 + 0.5) * side;
            canvas.text(name, (left, square.top + middle), style.anchor(Anchor::End));
            let x = square.left + middle;
            if self.upright {
                // Turned about its end: what stands half a line low then stands half a line right.
                canvas.text(name, (x, bottom), style.anchor(Anchor::End).turn(-90.0));
            } else {
                canvas.text(
                    name,
                    (x, bottom + self.size / 2.0),
                    style.anchor(Anchor::Middle),
                );
            }
        }
        let title = TextStyle::new(26.0 * unit, canvas.theme.muted).anchor(Anchor::Middle);
        let below = bottom + self.height + 38.0 * unit;
        canvas.text("Predicted class", (square.middle_x(), below), title);
        let beside = left - self.width - 38.0 * unit;
        canvas.text("True class", (beside, square.middle_y()), title.turn(-90.0));
    }
}

/// What shades mean, at the right.
fn draw_scale(canvas: &mut Canvas, square: &Area) {
    const STEPS: usize = 100;
    let unit = canvas.unit;
    let left = square.right + 40.0 * unit;
    let bar = Area {
        left,
        top: square.top,
        right: left + 26.0 * unit,
        bottom: square.bottom,
    };
    let step = bar.height() / STEPS as f64;
    for index in 0..STEPS {
        let shade = canvas.theme.at((index as f64 + 0.5) / STEPS as f64);
        let bottom = bar.bottom - index as f64 * step;
        // A hair too tall, so that no seam shows between two steps.
        canvas.fill(
            Area {
                top: (bottom - step - 0.5).max(bar.top),
                bottom,
                ..bar
            },
            shade,
        );
    }
    let axis = canvas.theme.axis;
    canvas.frame(bar, Stroke::solid(axis, 1.5 * unit));
    let style = TextStyle::new(22.0 * unit, canvas.theme.muted);
    for percent in [0, 25, 50, 75, 100] {
        let y = bar.bottom - bar.height() * f64::from(percent) / 100.0;
        canvas.line(
            (bar.right, y),
            (bar.right + 6.0 * unit, y),
            Stroke::solid(axis, 1.5 * unit),
        );
        canvas.text(&format!("{percent} %"), (bar.right + 14.0 * unit, y), style);
    }
    let title = style.anchor(Anchor::Middle).turn(-90.0);
    canvas.text(
        "Share of the true class",
        (bar.right + 106.0 * unit, bar.middle_y()),
        title,
    );
}
