//! What colours and dashes mean.

use super::canvas::{Area, Canvas, Stroke, TextStyle, Weight};
use super::palette::Rgb;

/// One entry of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LegendEntry {
    pub name: String,
    pub mark: Mark,
    /// Said quietly: what holds for every run.
    pub muted: bool,
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
        }
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

/// Writes the entries below each other's heads, in as many lines as they take; returns where the
/// rest can begin.
pub(super) fn draw_key(canvas: &mut Canvas, entries: &[LegendEntry], top: f64) -> f64 {
    let unit = canvas.unit;
    let (size, gap, line_height) = (25.0 * unit, 44.0 * unit, 44.0 * unit);
    let (left, right) = (56.0 * unit, canvas.width - 56.0 * unit);
    let (mut x, mut y) = (left, top + 14.0 * unit);
    if entries.is_empty() {
        return top + 16.0 * unit;
    }
    for entry in entries {
        let sample = match entry.mark {
            Mark::Patch(_) => 22.0 * unit,
            _ => 46.0 * unit,
        };
        let before = sample + 14.0 * unit;
        let name = canvas.shorten(&entry.name, right - left - before, size, Weight::Regular);
        let width = before + canvas.text_width(&name, size, Weight::Regular);
        if x > left && x + width > right {
            (x, y) = (left, y + line_height);
        }
        match entry.mark {
            Mark::Line(stroke) => canvas.line((x, y), (x + sample, y), stroke),
            Mark::Upright(stroke) => {
                let middle = x + sample / 2.0;
                canvas.line((middle, y - 17.0 * unit), (middle, y + 17.0 * unit), stroke);
            }
            Mark::Patch(color) => {
                let patch = Area {
                    left: x,
                    top: y - 11.0 * unit,
                    right: x + sample,
                    bottom: y + 11.0 * unit,
                };
                canvas.fill_rounded(patch, color, 3.0 * unit);
            }
        }
        let color = if entry.muted {
            canvas.theme.muted
        } else {
            canvas.theme.text
        };
        canvas.text(&name, (x + before, y), TextStyle::new(size, color));
        x += width + gap;
    }
    y + 46.0 * unit
}
