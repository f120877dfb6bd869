//! Sheets of pictures: a data set's samples, and one picture augmented again and again.

use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::{Figure, heading};
use crate::data::Pixels;

/// Pictures in rows, each with a line below.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub cells: Vec<SheetCell>,
    /// Pictures beside each other; as many as make them largest when absent.
    pub columns: Option<usize>,
}

/// One picture of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetCell {
    pub pixels: Pixels,
    /// May be empty.
    pub caption: String,
    /// Framed, because it is what the others are made of.
    pub marked: bool,
}

impl Figure for SheetFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let nothing = (self.cells.is_empty()).then_some("There are no pictures");
        let Some(area) = body(canvas, &self.title, &self.remark, nothing) else {
            return;
        };
        let with_captions = self.cells.iter().any(|cell| !cell.caption.is_empty());
        let grid = Grid::new(&area, self.cells.len(), self.columns, with_captions, unit);
        for (index, cell) in self.cells.iter().enumerate() {
            self.draw_cell(canvas, cell, grid.square(index), grid.letters);
        }
    }
}

impl SheetFigure {
    fn draw_cell(&self, canvas: &mut Canvas, cell: &SheetCell, square: Area, letters: f64) {
        let unit = canvas.unit;
        canvas.picture(&cell.pixels, fitted(&square, &cell.pixels));
        if cell.marked {
            let stroke = Stroke::solid(canvas.theme.trainable, 5.0 * unit);
            canvas.frame(square.inset(-3.0 * unit), stroke);
        }
        if cell.caption.is_empty() || letters <= 0.0 {
            return;
        }
        let weight = if cell.marked {
            Weight::SemiBold
        } else {
            Weight::Regular
        };
        let caption = canvas.shorten(&cell.caption, square.width(), letters, weight);
        let style = TextStyle::new(letters, canvas.theme.text)
            .anchor(Anchor::Middle)
            .weight(weight);
        let at = (square.middle_x(), square.bottom + letters * 0.95);
        canvas.text(&caption, at, style);
    }
}

/// Writes the heading of a sheet of pictures and finds the area for them; where there is `nothing` to
/// show, that is said instead.
pub(super) fn body(
    canvas: &mut Canvas,
    title: &str,
    remark: &str,
    nothing: Option<&str>,
) -> Option<Area> {
    let unit = canvas.unit;
    let top = heading(canvas, title, remark) + 10.0 * unit;
    let area = Area {
        left: 56.0 * unit,
        top,
        right: canvas.width - 56.0 * unit,
        bottom: canvas.height - 32.0 * unit,
    };
    let Some(nothing) = nothing else {
        return Some(area);
    };
    let style = TextStyle::new(25.0 * unit, canvas.theme.muted);
    canvas.text(nothing, (area.left, top + 14.0 * unit), style);
    None
}

/// A picture's rectangle within a square, its proportions kept.
pub(super) fn fitted(square: &Area, pixels: &Pixels) -> Area {
    let (width, height) = (
        f64::from(pixels.width.max(1)),
        f64::from(pixels.height.max(1)),
    );
    let scale = (square.width() / width).min(square.height() / height);
    let (half_width, half_height) = (width * scale / 2.0, height * scale / 2.0);
    Area {
        left: square.middle_x() - half_width,
        right: square.middle_x() + half_width,
        top: square.middle_y() - half_height,
        bottom: square.middle_y() + half_height,
    }
}

/// Where the squares of a sheet stand.
struct Grid {
    left: f64,
    top: f64,
    columns: usize,
    side: f64,
    /// From one square to the next, across and down.
    pitch: (f64, f64),
    /// The captions' size; 0 where they would be too small to read.
    letters: f64,
}

impl Grid {
    fn new(
        area: &Area,
        count: usize,
        columns: Option<usize>,
        with_captions: bool,
        unit: f64,
    ) -> Self {
        let candidates = match columns {
            Some(columns) => columns.max(1)..=columns.max(1),
            None => 1..=count,
        };
        candidates
            .map(|columns| Self::of(area, count, columns, with_captions, unit))
            .max_by(|a, b| a.side.total_cmp(&b.side))
            .unwrap_or_else(|| Self::of(area, count, 1, with_captions, unit))
    }

    fn of(area: &Area, count: usize, columns: usize, with_captions: bool, unit: f64) -> Self {
        let rows = count.div_ceil(columns).max(1);
        let gap = 18.0 * unit;
        let across = (area.width() + gap) / columns as f64 - gap;
        let down = area.height() / rows as f64 - gap;
        // Letters grow with the pictures, within what is legible and what is not loud.
        let letters = if with_captions {
            (across.min(down) * 0.13).clamp(13.0 * unit, 25.0 * unit)
        } else {
            0.0
        };
        let caption = letters * 1.7;
        let side = across.min(down - caption).max(1.0);
        // The rest of the width goes between the pictures, within reason.
        let free = area.width() - side * columns as f64;
        let between = if columns > 1 {
            (free / (columns - 1) as f64).clamp(gap.min(free.max(0.0)), 44.0 * unit)
        } else {
            0.0
        };
        let width = side * columns as f64 + between * (columns - 1) as f64;
        Self {
            left: area.left + ((area.width() - width) / 2.0).max(0.0),
            top: area.top,
            columns,
            side,
            pitch: (side + between, side + caption + gap),
            letters,
        }
    }

    fn square(&self, index: usize) -> Area {
        let left = self.left + (index % self.columns) as f64 * self.pitch.0;
        let top = self.top + (index / self.columns) as f64 * self.pitch.1;
        Area {
            left,
            top,
            right: left + self.side,
            bottom: top + self.side,
        }
    }
}
