//! A square of cells with the classes' names along two sides: what both confusion figures draw.

use std::collections::HashMap;

use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::{Rgb, names};

/// What one cell shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub shade: Rgb,
    /// The large text; nothing where a cell of many is better left empty.
    pub text: Option<String>,
    /// The small text below it.
    pub second: Option<String>,
    pub strong: bool,
    /// Said by shape as well as by shade.
    pub mark: Option<CellMark>,
}

/// Which way a cell has changed: a triangle that points up or down, for people whom its colour does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellMark {
    Better,
    Worse,
}

/// What stands at the right of the square: the colours' meaning, and a list.
pub(super) struct Aside {
    pub title: &'static str,
    /// A colour for each share of the bar, from its lower end (0) to its upper (1).
    pub shade: fn(&Canvas, f64) -> Rgb,
    /// Shares of the bar and what is written beside them.
    pub ticks: Vec<(f64, String)>,
    pub list_title: &'static str,
    /// Written where there is room for it: name and value of each line.
    pub list: Vec<(String, String)>,
}

impl Aside {
    /// From the bar's right edge to the middle of its title, which stands upright behind the ticks.
    fn title_offset(&self, canvas: &Canvas) -> f64 {
        let widths = self
            .ticks
            .iter()
            .map(|(_, text)| canvas.text_width(text, TICKS * canvas.unit, Weight::Regular));
        widths.fold(0.0, f64::max) + 40.0 * canvas.unit
    }
}

/// Letters of the ticks, in units of the sheet.
const TICKS: f64 = 22.0;

/// More classes than this, and the cells no longer say everything: the list is drawn.
const FEW: usize = 8;

/// Smaller cells than this, in units of the sheet, have no shape that could be seen.
const SMALLEST_SHAPE: f64 = 5.0;

/// Draws the matrix of `classes` below `top`; `cell(truth, predicted)` says what is in it.
pub(super) fn draw_matrix(
    canvas: &mut Canvas,
    classes: &[String],
    top: f64,
    aside: &Aside,
    cell: impl Fn(usize, usize) -> Cell,
) {
    let unit = canvas.unit;
    let count = classes.len();
    if count == 0 {
        let style = TextStyle::new(25.0 * unit, canvas.theme.muted);
        canvas.text("There are no classes", (56.0 * unit, top), style);
        return;
    }
    let labels = Labels::new(canvas, classes);
    let scale_room = aside.title_offset(canvas) + 64.0 * unit;
    let left = 56.0 * unit + 54.0 * unit + labels.width + 18.0 * unit;
    let bottom = canvas.height - 36.0 * unit - 54.0 * unit - labels.height - 16.0 * unit;
    let room = (canvas.width - left - scale_room - 56.0 * unit).min(bottom - top);
    let side = (room / count as f64).max(0.01);
    let spare = (canvas.width - 56.0 * unit - scale_room - left - side * count as f64).max(0.0);
    let with_list = count > FEW && !aside.list.is_empty() && spare > 330.0 * unit;
    // The square stands in the middle of what is free beside the labels, or leaves it to the list.
    let left = if with_list { left } else { left + spare / 2.0 };
    let square = Area {
        left,
        top,
        right: left + side * count as f64,
        bottom: top + side * count as f64,
    };
    draw_cells(canvas, &square, side, count, cell);
    labels.draw(canvas, &square, side);
    draw_scale(canvas, &square, aside);
    if with_list {
        let list = Area {
            left: square.right + scale_room + 44.0 * unit,
            // A line that the eye can follow.
            right: (square.right + scale_room + 560.0 * unit).min(canvas.width - 56.0 * unit),
            top: square.top,
            bottom: square.bottom,
        };
        draw_list(canvas, &list, aside);
    }
}

fn draw_cells(
    canvas: &mut Canvas,
    square: &Area,
    side: f64,
    classes: usize,
    cell: impl Fn(usize, usize) -> Cell,
) {
    let unit = canvas.unit;
    // A gap of background tells cells apart, until they are too small for it.
    let gap = if side > 24.0 * unit { 1.5 * unit } else { 0.0 };
    let cells: Vec<Cell> = (0..classes * classes)
        .map(|index| cell(index / classes, index % classes))
        .collect();
    let widest = cells
        .iter()
        .filter_map(|cell| cell.text.as_ref())
        .map(|text| text.chars().count())
        .max()
        .unwrap_or(1);
    let size = (side * 0.34)
        .min(side * 1.5 / widest as f64)
        .min(46.0 * unit);
    // Hundreds of classes make cells by the ten thousands, most of them alike: these are one ground.
    let ground = if gap == 0.0 {
        most_frequent(&cells)
    } else {
        None
    };
    if let Some(ground) = ground {
        canvas.fill(*square, ground);
    }
    for (index, cell) in cells.iter().enumerate() {
        let is_plain = cell.mark.is_none() && (cell.text.is_none() || size < 11.0 * unit);
        if Some(cell.shade) == ground && is_plain {
            continue;
        }
        let left = square.left + (index % classes) as f64 * side;
        let top = square.top + (index / classes) as f64 * side;
        let area = Area {
            left: left + gap,
            top: top + gap,
            right: left + side - gap,
            bottom: top + side - gap,
        };
        // Letters smaller than this are dirt; the shade still tells.
        let color = canvas.theme.text_on(cell.shade);
        let text = cell.text.as_ref().filter(|_| size >= 11.0 * unit);
        let is_shape = text.is_none() && side >= SMALLEST_SHAPE * unit;
        match cell.mark.filter(|_| is_shape) {
            // The cell itself is the shape, in its own shade.
            Some(mark) => {
                canvas.fill(area, canvas.theme.change(0.0));
                let center = (area.middle_x(), area.middle_y());
                draw_mark(canvas, mark, center, area.width() / 2.0, cell.shade);
            }
            None => {
                let radius = if gap > 0.0 { 4.0 * unit } else { 0.0 };
                canvas.fill_rounded(area, cell.shade, radius);
            }
        }
        let Some(text) = text else {
            continue;
        };
        let style = TextStyle::new(size, color).anchor(Anchor::Middle);
        let (x, y) = (area.middle_x(), area.middle_y());
        if let Some(mark) = cell.mark {
            // In the corner, clear of the number.
            let half = (area.width() * 0.1).min(9.0 * unit);
            let corner = (area.left + half * 1.8, area.top + half * 1.8);
            draw_mark(canvas, mark, corner, half, color);
        }
        let second = cell.second.as_ref().filter(|_| size * 0.6 >= 11.0 * unit);
        let weight = if cell.strong {
            Weight::SemiBold
        } else {
            Weight::Regular
        };
        let shift = if second.is_some() { size * 0.5 } else { 0.0 };
        canvas.text(text, (x, y - shift), style.weight(weight));
        if let Some(second) = second {
            let style = TextStyle {
                size: size * 0.6,
                ..style
            };
            canvas.text(second, (x, y + size * 0.6), style);
        }
    }
    if gap == 0.0 {
        canvas.frame(*square, Stroke::solid(canvas.theme.axis, 1.5 * unit));
    }
}

/// A triangle about a point, `half` as wide and as tall at each side.
fn draw_mark(canvas: &mut Canvas, mark: CellMark, (x, y): (f64, f64), half: f64, color: Rgb) {
    let tip = match mark {
        CellMark::Better => -half * 0.9,
        CellMark::Worse => half * 0.9,
    };
    let corners = [(x, y + tip), (x - half, y - tip), (x + half, y - tip)];
    canvas.polygon(&corners, color, 1.0);
}

fn most_frequent(cells: &[Cell]) -> Option<Rgb> {
    let mut counts: HashMap<Rgb, usize> = HashMap::new();
    for cell in cells {
        *counts.entry(cell.shade).or_default() += 1;
    }
    // Of equally frequent ones always the same.
    counts
        .into_iter()
        .max_by_key(|(shade, count)| (*count, *shade))
        .map(|(shade, _)| shade)
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
    /// Where letters are taller than a row, only every second, third, … name is written.
    every: usize,
}

impl Labels {
    fn new(canvas: &Canvas, classes: &[String]) -> Self {
        let unit = canvas.unit;
        let count = classes.len() as f64;
        let guess = (canvas.height - 420.0 * unit) / count;
        let size = (guess * 0.7).clamp(13.0 * unit, 26.0 * unit);
        let every = (size * 1.1 / guess).ceil().max(1.0) as usize;
        let names: Vec<String> = classes
            .iter()
            .enumerate()
            .map(|(index, name)| {
                if index % every == 0 {
                    canvas.shorten(&names::visible(name), 300.0 * unit, size, Weight::Regular)
                } else {
                    String::new()
                }
            })
            .collect();
        let width = names
            .iter()
            .map(|name| canvas.text_width(name, size, Weight::Regular))
            .fold(0.0, f64::max);
        let upright = width > guess * every as f64 * 0.92;
        let height = if upright { width } else { size };
        Self {
            names,
            size,
            width,
            height,
            upright,
            every,
        }
    }

    fn draw(&self, canvas: &mut Canvas, square: &Area, side: f64) {
        let unit = canvas.unit;
        let style = TextStyle::new(self.size, canvas.theme.text);
        let (left, bottom) = (square.left - 16.0 * unit, square.bottom + 16.0 * unit);
        for (index, name) in self.names.iter().enumerate().step_by(self.every) {
            let middle = (index as f64 + 0.5) * side;
            canvas.text(name, (left, square.top + middle), style.anchor(Anchor::End));
            let x = square.left + middle;
            if self.upright {
                // Turned about its end: what stands half a line low then stands half a line right.
                canvas.text(name, (x, bottom), style.anchor(Anchor::End).turn(-90.0));
            } else {
                let at = (x, bottom + self.size / 2.0);
                canvas.text(name, at, style.anchor(Anchor::Middle));
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
fn draw_scale(canvas: &mut Canvas, square: &Area, aside: &Aside) {
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
        let shade = (aside.shade)(canvas, (index as f64 + 0.5) / STEPS as f64);
        let bottom = bar.bottom - index as f64 * step;
        // A hair too tall, so that no seam shows between two steps.
        let area = Area {
            top: (bottom - step - 0.5).max(bar.top),
            bottom,
            ..bar
        };
        canvas.fill(area, shade);
    }
    let axis = Stroke::solid(canvas.theme.axis, 1.5 * unit);
    canvas.frame(bar, axis);
    let style = TextStyle::new(TICKS * unit, canvas.theme.muted);
    for (share, text) in &aside.ticks {
        let y = bar.bottom - bar.height() * share;
        canvas.line((bar.right, y), (bar.right + 6.0 * unit, y), axis);
        canvas.text(text, (bar.right + 14.0 * unit, y), style);
    }
    let at = (bar.right + aside.title_offset(canvas), bar.middle_y());
    canvas.text(aside.title, at, style.anchor(Anchor::Middle).turn(-90.0));
}

fn draw_list(canvas: &mut Canvas, area: &Area, aside: &Aside) {
    let unit = canvas.unit;
    let size = 23.0 * unit;
    let style = TextStyle::new(size, canvas.theme.text);
    let title = style.weight(Weight::SemiBold);
    let mut y = area.top + 14.0 * unit;
    canvas.text(aside.list_title, (area.left, y), title);
    for (name, value) in &aside.list {
        y += 38.0 * unit;
        if y > area.bottom {
            return;
        }
        let room = area.width() - canvas.text_width(value, size, Weight::Medium) - 20.0 * unit;
        let name = canvas.shorten(name, room, size, Weight::Regular);
        canvas.text(&name, (area.left, y), style);
        let style = style.weight(Weight::Medium).anchor(Anchor::End);
        canvas.text(value, (area.right, y), style);
    }
}
