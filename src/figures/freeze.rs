//! What of a network learns in each phase, stage by stage, with locks.

use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::palette::mix;
use super::{Figure, heading};
use crate::format;
pub use crate::training::ParameterTotals as Parameters;

/// A line per stage, a column per phase, and the totals below.
#[derive(Debug, Clone, PartialEq)]
pub struct FreezeFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub stages: Vec<FreezeStage>,
    pub phases: Vec<FreezePhase>,
}

/// One part of the network, from the picture to the classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeStage {
    pub title: String,
    /// `112 × 112 × 32`; may be empty.
    pub detail: String,
}

/// One phase of the training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezePhase {
    pub name: String,
    /// Parameters of each stage that learn, and that stay.
    pub counts: Vec<Parameters>,
}

impl FreezePhase {
    /// Of all stages.
    pub fn totals(&self) -> Parameters {
        self.counts
            .iter()
            .fold(Parameters::default(), |sum, stage| Parameters {
                trainable: sum.trainable + stage.trainable,
                frozen: sum.frozen + stage.frozen,
            })
    }
}

impl Figure for FreezeFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 16.0 * unit;
        if self.stages.is_empty() || self.phases.is_empty() {
            let style = TextStyle::new(25.0 * unit, canvas.theme.muted);
            canvas.text("The layers are not known", (56.0 * unit, top), style);
            return;
        }
        let layout = Layout::new(canvas, self, top);
        self.draw_header(canvas, &layout);
        for (index, stage) in self.stages.iter().enumerate() {
            let row = layout.row(index);
            let style = TextStyle::new(layout.letters, canvas.theme.text).weight(Weight::Medium);
            let room = layout.title_width;
            let title = canvas.shorten(&stage.title, room, layout.letters, Weight::Medium);
            canvas.text(&title, (row.left, row.middle_y()), style);
            let style = TextStyle::new(layout.letters * 0.86, canvas.theme.muted);
            let at = row.left + layout.title_width + 24.0 * unit;
            canvas.text(&stage.detail, (at, row.middle_y()), style);
            for (column, phase) in self.phases.iter().enumerate() {
                let counts = phase.counts.get(index).copied().unwrap_or_default();
                draw_cell(canvas, &layout.cell(column, index), counts, layout.letters);
            }
        }
        self.draw_totals(canvas, &layout);
    }
}

impl FreezeFigure {
    fn draw_header(&self, canvas: &mut Canvas, layout: &Layout) {
        let unit = canvas.unit;
        let size = 25.0 * unit;
        let style = TextStyle::new(size, canvas.theme.muted).weight(Weight::Medium);
        let y = layout.area.top + 14.0 * unit;
        canvas.text("Stage and output", (layout.area.left, y), style);
        for (column, phase) in self.phases.iter().enumerate() {
            let cell = layout.cell(column, 0);
            let name = format!("{}. {}", column + 1, phase.name);
            let name = canvas.shorten(&name, cell.width(), size, Weight::SemiBold);
            let style = TextStyle::new(size, canvas.theme.text).weight(Weight::SemiBold);
            canvas.text(&name, (cell.left, y), style);
        }
    }

    fn draw_totals(&self, canvas: &mut Canvas, layout: &Layout) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        let top = layout.row(self.stages.len()).top + 10.0 * unit;
        let line = Stroke::solid(theme.axis, 2.0 * unit);
        canvas.line((layout.area.left, top), (layout.area.right, top), line);
        let style = TextStyle::new(26.0 * unit, theme.text).weight(Weight::SemiBold);
        canvas.text("Parameters", (layout.area.left, top + 42.0 * unit), style);
        for (column, phase) in self.phases.iter().enumerate() {
            let cell = layout.cell(column, 0);
            let totals = phase.totals();
            let bar = Area {
                top: top + 22.0 * unit,
                bottom: top + 44.0 * unit,
                ..cell
            };
            canvas.fill_rounded(bar, mix(theme.background, theme.frozen, 0.45), 4.0 * unit);
            // A sliver still shows that something learns.
            let width = (bar.width() * totals.trainable_share()).max(if totals.trainable > 0 {
                4.0 * unit
            } else {
                0.0
            });
            if width > 0.0 {
                let part = Area {
                    left: bar.right - width,
                    ..bar
                };
                canvas.fill_rounded(part, theme.trainable, 4.0 * unit);
            }
            let mut y = top + 74.0 * unit;
            for (name, number, color) in [
                ("trainable", totals.trainable, theme.trainable),
                ("frozen", totals.frozen, theme.frozen),
                ("in all", totals.all(), theme.text),
            ] {
                let share = number as f64 / totals.all().max(1) as f64;
                let size = 24.0 * unit;
                let short = format!("{} {name}", format::thousands(number));
                let long = format!("{short} ({})", format::percent(share));
                // In a narrow column the bar says the share.
                let text = if name != "in all"
                    && canvas.text_width(&long, size, Weight::Medium) <= cell.width()
                {
                    long
                } else {
                    short
                };
                let text = canvas.shorten(&text, cell.width(), size, Weight::Medium);
                let style = TextStyle::new(size, color).weight(Weight::Medium);
                canvas.text(&text, (cell.left, y), style);
                y += 34.0 * unit;
            }
        }
    }
}

/// A stage in a phase: lock, word, number.
fn draw_cell(canvas: &mut Canvas, cell: &Area, counts: Parameters, letters: f64) {
    let unit = canvas.unit;
    let theme = canvas.theme;
    let (color, open, text) = match (counts.trainable, counts.frozen) {
        (0, 0) => (theme.muted, false, "no parameters".to_owned()),
        (0, frozen) => (
            theme.frozen,
            false,
            format!("{} frozen", format::magnitude(frozen)),
        ),
        (trainable, 0) => (
            theme.trainable,
            true,
            format!("{} learn", format::magnitude(trainable)),
        ),
        (trainable, frozen) => (
            theme.trainable,
            true,
            format!(
                "{} learn, {} frozen",
                format::magnitude(trainable),
                format::magnitude(frozen)
            ),
        ),
    };
    canvas.fill_rounded(*cell, mix(theme.background, color, 0.13), 6.0 * unit);
    if counts.trainable > 0 && counts.frozen > 0 {
        // What stays is said by colour too: the left part, as wide as its share.
        let width = cell.width() * (1.0 - counts.trainable_share());
        let part = Area {
            right: cell.left + width,
            ..*cell
        };
        canvas.fill_rounded(part, mix(theme.background, theme.frozen, 0.13), 6.0 * unit);
    }
    let size = (cell.height() * 0.62).min(30.0 * unit);
    let at = cell.left + 14.0 * unit + size * 0.4;
    if counts.all() > 0 {
        canvas.lock((at, cell.middle_y() - size * 0.04), size, color, open);
    }
    let from = at + size * 0.4 + 16.0 * unit;
    let size = letters * 0.94;
    let text = canvas.shorten(&text, cell.right - from - 8.0 * unit, size, Weight::Medium);
    let style = TextStyle::new(size, color).weight(Weight::Medium);
    canvas.text(&text, (from, cell.middle_y()), style.anchor(Anchor::Start));
}

/// Where lines and columns stand.
struct Layout {
    area: Area,
    header: f64,
    pitch: f64,
    letters: f64,
    title_width: f64,
    /// The first phase's left edge.
    left: f64,
    column: f64,
    gap: f64,
}

impl Layout {
    fn new(canvas: &Canvas, figure: &FreezeFigure, top: f64) -> Self {
        let unit = canvas.unit;
        let area = Area {
            left: 56.0 * unit,
            top,
            right: canvas.width - 56.0 * unit,
            bottom: canvas.height - 36.0 * unit,
        };
        let (header, totals) = (48.0 * unit, 170.0 * unit);
        let pitch = (area.height() - header - totals) / figure.stages.len() as f64;
        let pitch = pitch.clamp(1.0, 64.0 * unit);
        let letters = (pitch * 0.64).min(25.0 * unit);
        let widest = |texts: &mut dyn Iterator<Item = &str>, size: f64, weight: Weight| {
            texts
                .map(|text| canvas.text_width(text, size, weight))
                .fold(0.0, f64::max)
        };
        let mut titles = figure.stages.iter().map(|stage| stage.title.as_str());
        let title_width = widest(&mut titles, letters, Weight::Medium).min(330.0 * unit);
        let mut details = figure.stages.iter().map(|stage| stage.detail.as_str());
        let detail_width = widest(&mut details, letters * 0.86, Weight::Regular);
        let header_width = canvas.text_width("Stage and output", 25.0 * unit, Weight::Medium);
        let names = (title_width + 24.0 * unit + detail_width).max(header_width);
        let left = (area.left + names + 40.0 * unit).min(area.left + area.width() * 0.55);
        let gap = 16.0 * unit;
        let columns = figure.phases.len() as f64;
        let column = ((area.right - left + gap) / columns - gap).min(560.0 * unit);
        Self {
            area,
            header,
            pitch,
            letters,
            title_width,
            left,
            column,
            gap,
        }
    }

    fn row(&self, index: usize) -> Area {
        let top = self.area.top + self.header + index as f64 * self.pitch;
        Area {
            top,
            bottom: top + self.pitch,
            ..self.area
        }
    }

    fn cell(&self, column: usize, row: usize) -> Area {
        let left = self.left + column as f64 * (self.column + self.gap);
        let row = self.row(row);
        let air = self.pitch * 0.07;
        Area {
            left,
            right: left + self.column,
            top: row.top + air,
            bottom: row.bottom - air,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_sums_over_stages() {
        let phase = FreezePhase {
            name: "p".into(),
            counts: vec![
                Parameters {
                    trainable: 0,
                    frozen: 900,
                },
                Parameters {
                    trainable: 100,
                    frozen: 0,
                },
            ],
        };
        let totals = phase.totals();
        assert_eq!(
            (totals.trainable, totals.frozen, totals.all()),
            (100, 900, 1000)
        );
        assert_eq!(totals.trainable_share(), 0.1);
        assert_eq!(Parameters::default().trainable_share(), 0.0);
    }
}
