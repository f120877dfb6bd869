//! A matrix of effects: what each setting does to the result on its own, and every two of them together.

use super::axis::{Axis, range};
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::plot::draw_nothing;
use super::{Figure, heading, names};
use crate::format;

/// The size of values along a panel, in units.
const VALUES: f64 = 17.0;
/// Names of values at the left take no more than this share of a panel's width.
const ASIDE: f64 = 0.42;

/// On the diagonal, every result by the values of one setting, with the mean of each; below it, the mean result of every two
/// values of two settings.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectsFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    /// What the result is called: `Validation accuracy`.
    pub result: String,
    /// Whether a result is a share, shown in per cent.
    pub is_share: bool,
    pub higher_is_better: bool,
    pub settings: Vec<EffectSetting>,
    pub pairs: Vec<EffectPair>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectSetting {
    pub name: String,
    pub values: Vec<EffectValue>,
    /// Share of the differences between results that it explains by itself, 0 to 1.
    pub explained: Option<f64>,
}

/// The results under one value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectValue {
    pub text: String,
    pub results: Vec<f64>,
}

impl EffectValue {
    /// Nothing without results.
    pub fn mean(&self) -> Option<f64> {
        let count = self.results.len();
        (count > 0).then(|| self.results.iter().sum::<f64>() / count as f64)
    }
}

/// Two settings, by their indices, the second behind the first.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectPair {
    pub first: usize,
    pub second: usize,
    /// `means[value of the second][value of the first]`; nothing where no result is.
    pub means: Vec<Vec<Option<f64>>>,
}

impl EffectsFigure {
    /// The range of all results.
    pub fn range(&self) -> Option<(f64, f64)> {
        let values = self.settings.iter().flat_map(|setting| &setting.values);
        range(values.flat_map(|value| value.results.iter().copied()))
    }

    /// From 0 for the worst mean of any pair to 1 for the best, for a mean. All means are looked at once.
    pub fn scoring(&self) -> impl Fn(f64) -> f64 + use<> {
        let means = self
            .pairs
            .iter()
            .flat_map(|pair| pair.means.iter().flatten().flatten().copied());
        let single = self
            .settings
            .iter()
            .flat_map(|setting| &setting.values)
            .filter_map(EffectValue::mean);
        let (low, high) = range(means.chain(single)).unwrap_or((0.0, 1.0));
        let higher_is_better = self.higher_is_better;
        move |mean| {
            let share = if high > low {
                (mean - low) / (high - low)
            } else {
                0.5
            };
            if higher_is_better { share } else { 1.0 - share }
        }
    }

    /// A result as it is written.
    pub fn text(&self, value: f64) -> String {
        if self.is_share {
            format::percent(value)
        } else {
            format::loss(value)
        }
    }

    fn pair(&self, first: usize, second: usize) -> Option<&EffectPair> {
        self.pairs
            .iter()
            .find(|pair| (pair.first, pair.second) == (first, second))
    }
}

impl Figure for EffectsFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 6.0 * unit;
        let whole = Area {
            left: 56.0 * unit,
            top,
            right: canvas.width - 56.0 * unit,
            bottom: canvas.height - 30.0 * unit,
        };
        let count = self.settings.len();
        if self.range().is_none() {
            draw_nothing(canvas, &whole, "Nothing has a result yet");
            return;
        }
        let score = self.scoring();
        let gap = 26.0 * unit;
        let (width, height) = (
            (whole.width() + gap) / count as f64,
            (whole.height() + gap) / count as f64,
        );
        let panel = |row: usize, column: usize| Area {
            left: whole.left + column as f64 * width,
            top: whole.top + row as f64 * height,
            right: whole.left + (column + 1) as f64 * width - gap,
            bottom: whole.top + (row + 1) as f64 * height - gap,
        };
        let aside = self.aside(canvas, width - gap);
        for row in 0..count {
            self.draw_setting(canvas, &self.settings[row], panel(row, row), aside);
            for column in 0..row {
                if let Some(pair) = self.pair(column, row) {
                    self.draw_pair(canvas, pair, &score, panel(row, column), aside);
                }
            }
        }
    }
}

/// What can be drawn within a panel, with so much room at its left for what stands along it.
fn inner(area: &Area, aside: f64, unit: f64) -> Area {
    Area {
        left: area.left + aside,
        top: area.top + 42.0 * unit,
        right: area.right,
        bottom: area.bottom - 30.0 * unit,
    }
}

impl EffectsFigure {
    /// Room at the left of every panel of such a width, for the names of the values that stand there.
    fn aside(&self, canvas: &Canvas, width: f64) -> f64 {
        let unit = canvas.unit;
        // The values of the first setting stand below panels alone.
        let values = self.settings.iter().skip(1);
        let texts = values.flat_map(|setting| &setting.values);
        let text_width =
            |text: &str| canvas.text_width(&names::visible(text), VALUES * unit, Weight::Regular);
        let widest = texts
            .map(|value| text_width(&value.text) + 14.0 * unit)
            .fold(96.0 * unit, f64::max);
        widest.min(width * ASIDE)
    }

    fn draw_setting(&self, canvas: &mut Canvas, setting: &EffectSetting, area: Area, aside: f64) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        let plot = inner(&area, aside, unit);
        let size = 22.0 * unit;
        let explained = setting.explained.map(format::whole_percent);
        let explained = explained.map_or_else(String::new, |share| format!("explains {share}"));
        let taken = canvas.text_width(&explained, size * 0.85, Weight::Regular) + 12.0 * unit;
        let title = canvas.shorten(
            &names::visible(&setting.name),
            area.width() - taken,
            size,
            Weight::SemiBold,
        );
        canvas.text(
            &title,
            (area.left, area.top + 12.0 * unit),
            TextStyle::new(size, theme.text).weight(Weight::SemiBold),
        );
        let style = TextStyle::new(size * 0.85, theme.muted).anchor(Anchor::End);
        canvas.text(&explained, (area.right, area.top + 12.0 * unit), style);
        let (low, high) = self.range().unwrap_or((0.0, 1.0));
        let scale = if self.is_share { 100.0 } else { 1.0 };
        let axis = Axis::rounded(low * scale, high * scale, 3, plot.bottom, plot.top);
        let label = TextStyle::new(VALUES * unit, theme.muted);
        let percent = if self.is_share { " %" } else { "" };
        for &tick in &axis.ticks {
            let y = axis.position(tick);
            canvas.line(
                (plot.left, y),
                (plot.right, y),
                Stroke::solid(theme.grid, 1.5 * unit),
            );
            canvas.text(
                &format!("{}{percent}", axis.label(tick)),
                (plot.left - 8.0 * unit, y),
                label.anchor(Anchor::End),
            );
        }
        let count = setting.values.len().max(1) as f64;
        let x = |index: usize| plot.left + plot.width() * (index as f64 + 0.5) / count;
        let mut means = Vec::new();
        for (index, value) in setting.values.iter().enumerate() {
            for result in &value.results {
                canvas.dot(
                    (x(index), axis.position(result * scale)),
                    4.0 * unit,
                    theme.axis,
                );
            }
            means.push((
                x(index),
                value
                    .mean()
                    .map_or(f64::NAN, |mean| axis.position(mean * scale)),
            ));
        }
        canvas.polyline(&means, Stroke::solid(theme.frozen, 4.0 * unit));
        for &mean in &means {
            canvas.dot(mean, 7.0 * unit, theme.frozen);
        }
        draw_values(canvas, setting, &plot);
    }

    fn draw_pair(
        &self,
        canvas: &mut Canvas,
        pair: &EffectPair,
        score: &dyn Fn(f64) -> f64,
        area: Area,
        aside: f64,
    ) {
        let unit = canvas.unit;
        let plot = inner(&area, aside, unit);
        let (first, second) = (&self.settings[pair.first], &self.settings[pair.second]);
        let (columns, rows) = (first.values.len().max(1), second.values.len().max(1));
        let (width, height) = (plot.width() / columns as f64, plot.height() / rows as f64);
        for (row, means) in pair.means.iter().enumerate() {
            for (column, mean) in means.iter().enumerate() {
                // The first value at the bottom, as on an axis.
                let bottom = plot.bottom - row as f64 * height;
                let left = plot.left + column as f64 * width;
                let cell = Area {
                    left,
                    top: bottom - height,
                    right: left + width,
                    bottom,
                };
                self.draw_cell(canvas, *mean, score, cell);
            }
        }
        let size = VALUES * unit;
        let style = TextStyle::new(size, canvas.theme.muted).anchor(Anchor::End);
        for (row, value) in second.values.iter().enumerate() {
            if height < size {
                break;
            }
            let text = canvas.shorten(
                &names::visible(&value.text),
                plot.left - area.left - 10.0 * unit,
                size,
                Weight::Regular,
            );
            canvas.text(
                &text,
                (
                    plot.left - 8.0 * unit,
                    plot.bottom - (row as f64 + 0.5) * height,
                ),
                style,
            );
        }
        draw_values(canvas, first, &plot);
    }

    fn draw_cell(
        &self,
        canvas: &mut Canvas,
        mean: Option<f64>,
        score: &dyn Fn(f64) -> f64,
        cell: Area,
    ) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        let Some(mean) = mean else {
            canvas.frame(cell.inset(0.5 * unit), Stroke::solid(theme.grid, unit));
            return;
        };
        let shade = theme.at(score(mean));
        canvas.fill(cell, shade);
        let (text, size) = (self.text(mean), (cell.height() * 0.4).min(20.0 * unit));
        if size >= 10.0 * unit
            && canvas.text_width(&text, size, Weight::Medium) < cell.width() - 4.0 * unit
        {
            let style = TextStyle::new(size, theme.text_on(shade))
                .weight(Weight::Medium)
                .anchor(Anchor::Middle);
            canvas.text(&text, (cell.middle_x(), cell.middle_y()), style);
        }
    }
}

/// The values of a setting below a plot, as far as they fit.
fn draw_values(canvas: &mut Canvas, setting: &EffectSetting, plot: &Area) {
    let unit = canvas.unit;
    let count = setting.values.len().max(1) as f64;
    let pitch = plot.width() / count;
    let size = VALUES * unit;
    let every = (46.0 * unit / pitch).ceil().max(1.0) as usize;
    let style = TextStyle::new(size, canvas.theme.muted).anchor(Anchor::Middle);
    for (index, value) in setting.values.iter().enumerate().step_by(every) {
        let room = pitch * every as f64 - 6.0 * unit;
        let text = canvas.shorten(&names::visible(&value.text), room, size, Weight::Regular);
        let x = plot.left + (index as f64 + 0.5) * pitch;
        canvas.text(&text, (x, plot.bottom + 18.0 * unit), style);
    }
}
