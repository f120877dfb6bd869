//! What colours and dashes mean.

use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::names;
use super::palette::Rgb;
use crate::format;

/// One entry of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LegendEntry {
    pub name: String,
    pub mark: Mark,
    /// Said quietly: what holds for every run.
    pub muted: bool,
    /// One for each of the key's heads.
    pub values: Vec<String>,
}

/// What stands before an entry's name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mark {
    Line(Stroke),
    /// A line upright.
    Upright(Stroke),
    Patch(Rgb),
}

impl LegendEntry {
    pub fn new(name: impl Into<String>, mark: Mark) -> Self {
        Self {
            name: name.into(),
            mark,
            muted: false,
            values: Vec::new(),
        }
    }

    pub fn values(self, values: Vec<String>) -> Self {
        Self { values, ..self }
    }

    pub fn muted(name: impl Into<String>, mark: Mark) -> Self {
        Self {
            muted: true,
            ..Self::new(name, mark)
        }
    }
}

/// One line per run (or class), by name and colour.
pub(super) fn of_series<'a>(
    canvas: &Canvas,
    series: impl IntoIterator<Item = (&'a str, Rgb)>,
) -> Vec<LegendEntry> {
    let width = 7.0 * canvas.unit;
    (series.into_iter())
        .map(|(name, color)| LegendEntry::new(name, Mark::Line(Stroke::solid(color, width))))
        .collect()
}

/// What would be expected of a coin, or of a perfect network: the line that others are seen against.
pub(super) fn guide(canvas: &Canvas) -> Stroke {
    let unit = canvas.unit;
    Stroke::dashed(canvas.theme.axis, 2.5 * unit, 9.0 * unit, 8.0 * unit)
}

/// A key of more lines than this becomes a list at the right.
const MOST_LINES: usize = 3;
/// Of that list, in units of the sheet.
const LIST_WIDTH: f64 = 500.0;
const LIST_LINE: f64 = 36.0;
/// Smaller letters than these can't be read.
const SMALLEST: f64 = 11.0;

/// What a key's values are: in a line of text, and over a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Head {
    pub name: &'static str,
    pub short: &'static str,
}

/// Draws a key with `heads` over its values: in a few lines at the top, or of many entries as a list at the right of a wide
/// sheet. Returns what is free for the rest.
pub(super) fn draw_legend(
    canvas: &mut Canvas,
    heads: &[Head],
    entries: &[LegendEntry],
    top: f64,
) -> Area {
    let unit = canvas.unit;
    let mut free = Area {
        left: 0.0,
        top,
        right: canvas.width,
        bottom: canvas.height,
    };
    let flowing: Vec<LegendEntry> = entries
        .iter()
        .map(|entry| LegendEntry {
            name: with_values(heads, entry),
            ..entry.clone()
        })
        .collect();
    let is_tall = canvas.height > canvas.width;
    if is_tall || Flow::new(canvas, &flowing).lines() <= MOST_LINES {
        free.top = draw_key(canvas, &flowing, top);
        return free;
    }
    let right = canvas.width - 56.0 * unit;
    let list = Area {
        left: right - LIST_WIDTH * unit,
        top: top + 14.0 * unit,
        right,
        bottom: canvas.height - 36.0 * unit,
    };
    draw_list(canvas, heads, entries, &list);
    free.right = list.left;
    free
}

/// `Fine-tuning: ROC AUC 0.953, average precision 0.911`.
fn with_values(heads: &[Head], entry: &LegendEntry) -> String {
    let values: Vec<String> = (heads.iter().zip(&entry.values))
        .map(|(head, value)| format!("{} {value}", head.name))
        .collect();
    match values.is_empty() {
        true => entry.name.clone(),
        false => format!("{}: {}", names::visible(&entry.name), values.join(", ")),
    }
}

/// One line for each entry, its values in columns under their heads. What does not fit is counted.
pub(super) fn draw_list(canvas: &mut Canvas, heads: &[Head], entries: &[LegendEntry], area: &Area) {
    let unit = canvas.unit;
    let has_heads = entries.iter().any(|entry| !entry.values.is_empty());
    let rows = entries.len() + usize::from(has_heads);
    let line = (area.height() / rows.max(1) as f64).clamp(SMALLEST / 0.66 * unit, LIST_LINE * unit);
    let size = line * 0.66;
    let fitting = ((area.height() / line + 1e-6) as usize).max(1) - usize::from(has_heads);
    let shown = match entries.len() {
        number if number <= fitting => number,
        _ => fitting.saturating_sub(1),
    };
    let column = |canvas: &Canvas, index: usize| {
        let values = entries.iter().filter_map(|entry| entry.values.get(index));
        let texts = values
            .map(String::as_str)
            .chain(heads.get(index).map(|head| head.short));
        texts
            .map(|text| canvas.text_width(text, size, Weight::Medium))
            .fold(0.0, f64::max)
            + size * 0.9
    };
    let columns: Vec<f64> = match has_heads {
        true => (0..heads.len())
            .map(|index| column(canvas, index))
            .collect(),
        false => Vec::new(),
    };
    let mut y = area.top;
    let rights: Vec<f64> = (0..columns.len())
        .map(|index| area.right - columns[index + 1..].iter().sum::<f64>())
        .collect();
    for (head, right) in heads.iter().zip(&rights) {
        let style = TextStyle::new(size, canvas.theme.muted).anchor(Anchor::End);
        canvas.text(head.short, (*right, y), style);
    }
    if has_heads {
        y += line;
    }
    for entry in &entries[..shown] {
        let sample = size * 1.5;
        draw_mark(canvas, entry.mark, (area.left, y), sample, size);
        let left = area.left + sample + size * 0.6;
        let room = area.right - columns.iter().sum::<f64>() - left;
        let name = canvas.shorten(&names::visible(&entry.name), room, size, Weight::Regular);
        canvas.text(&name, (left, y), TextStyle::new(size, color(canvas, entry)));
        for (value, right) in entry.values.iter().zip(&rights) {
            let style = TextStyle::new(size, canvas.theme.text).weight(Weight::Medium);
            canvas.text(value, (*right, y), style.anchor(Anchor::End));
        }
        y += line;
    }
    if shown < entries.len() {
        let more = format::thousands((entries.len() - shown) as u64);
        let style = TextStyle::new(size, canvas.theme.muted);
        canvas.text(&format!("and {more} more"), (area.left, y), style);
    }
}

fn color(canvas: &Canvas, entry: &LegendEntry) -> Rgb {
    if entry.muted {
        canvas.theme.muted
    } else {
        canvas.theme.text
    }
}

/// A mark at the left of a point, `width` wide beside letters of `size`.
fn draw_mark(canvas: &mut Canvas, mark: Mark, (x, y): (f64, f64), width: f64, size: f64) {
    match mark {
        Mark::Line(stroke) => canvas.line((x, y), (x + width, y), stroke),
        Mark::Upright(stroke) => {
            let middle = x + width / 2.0;
            canvas.line((middle, y - 0.68 * size), (middle, y + 0.68 * size), stroke);
        }
        Mark::Patch(color) => {
            let patch = Area {
                left: x,
                top: y - 0.44 * size,
                right: x + width.min(0.88 * size),
                bottom: y + 0.44 * size,
            };
            canvas.fill_rounded(patch, color, 0.12 * size);
        }
    }
}

/// Where the entries of a key stand that is written line by line.
struct Flow {
    /// Of each entry: its name as it fits, its left end and its line.
    entries: Vec<(String, f64, usize)>,
}

impl Flow {
    const SIZE: f64 = 25.0;

    fn new(canvas: &Canvas, entries: &[LegendEntry]) -> Self {
        let unit = canvas.unit;
        let (size, gap) = (Self::SIZE * unit, 44.0 * unit);
        let (left, right) = (56.0 * unit, canvas.width - 56.0 * unit);
        let (mut x, mut line) = (left, 0);
        let entries = entries
            .iter()
            .map(|entry| {
                let before = Self::before(entry.mark) * unit;
                let name = names::visible(&entry.name);
                let name = canvas.shorten(&name, right - left - before, size, Weight::Regular);
                let width = before + canvas.text_width(&name, size, Weight::Regular);
                if x > left && x + width > right {
                    (x, line) = (left, line + 1);
                }
                let at = x;
                x += width + gap;
                (name, at, line)
            })
            .collect();
        Self { entries }
    }

    /// Of a mark, with the room behind it, in units of the sheet.
    fn before(mark: Mark) -> f64 {
        14.0 + Self::mark(mark)
    }

    fn mark(mark: Mark) -> f64 {
        match mark {
            Mark::Patch(_) => 22.0,
            _ => 46.0,
        }
    }

    fn lines(&self) -> usize {
        self.entries.last().map_or(0, |(.., line)| line + 1)
    }
}

/// Writes the entries below each other's heads, in as many lines as they take; returns where the
/// rest can begin.
pub(super) fn draw_key(canvas: &mut Canvas, entries: &[LegendEntry], top: f64) -> f64 {
    let unit = canvas.unit;
    if entries.is_empty() {
        return top + 16.0 * unit;
    }
    let flow = Flow::new(canvas, entries);
    let size = Flow::SIZE * unit;
    let y = |line: usize| top + (14.0 + 44.0 * line as f64) * unit;
    for (entry, (name, x, line)) in entries.iter().zip(&flow.entries) {
        let y = y(*line);
        draw_mark(
            canvas,
            entry.mark,
            (*x, y),
            Flow::mark(entry.mark) * unit,
            size,
        );
        let at = (x + Flow::before(entry.mark) * unit, y);
        canvas.text(name, at, TextStyle::new(size, color(canvas, entry)));
    }
    y(flow.lines() - 1) + 46.0 * unit
}
