//! How many pictures each class has, and in which split.

use super::axis::Axis;
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{LegendEntry, Mark, draw_key};
use super::palette::{self, mix};
use super::{Figure, Rgb, heading, names};
use crate::format;

/// Of letters, in units of the sheet.
const SMALLEST: f64 = 13.0;

/// A bar per class, made of its training, validation and test pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassCountsFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    /// The colour of training pictures; the others' are made of it.
    pub color: Rgb,
    pub classes: Vec<ClassCount>,
}

/// The pictures of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCount {
    pub name: String,
    pub train: usize,
    pub validation: usize,
    pub test: usize,
}

impl ClassCountsFigure {
    /// Of a whole data set.
    pub fn new(classes: Vec<ClassCount>) -> Self {
        let pictures = classes.iter().map(ClassCount::total).sum();
        Self {
            title: "Pictures of each class".to_owned(),
            remark: remark(&classes, pictures),
            color: palette::run_color(0),
            classes,
        }
    }
}

/// `2,624 pictures in 2 classes, 300 to 2,324 of each`.
fn remark(classes: &[ClassCount], pictures: usize) -> String {
    let all = format!(
        "{} in {}",
        format::count(pictures, "picture", "pictures"),
        format::count(classes.len(), "class", "classes")
    );
    let totals = || classes.iter().map(ClassCount::total);
    match (totals().min(), totals().max()) {
        (Some(fewest), Some(most)) if fewest < most => format!(
            "{all}, {} to {} of each",
            format::thousands(fewest as u64),
            format::thousands(most as u64)
        ),
        (Some(each), _) if classes.len() > 1 => {
            format!("{all}, {} of each", format::thousands(each as u64))
        }
        _ => all,
    }
}

impl ClassCount {
    fn total(&self) -> usize {
        self.train + self.validation + self.test
    }
}

impl Figure for ClassCountsFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        let colors = [
            self.color,
            mix(self.color, theme.background, 0.45),
            mix(self.color, theme.text, 0.45),
        ];
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        let key: Vec<LegendEntry> = ["training", "validation", "test"]
            .into_iter()
            .zip(colors)
            .map(|(name, color)| LegendEntry::new(name, Mark::Patch(color)))
            .collect();
        let top = draw_key(canvas, &key, top) + 4.0 * unit;
        let pitch = (canvas.height - 130.0 * unit - top) / self.classes.len().max(1) as f64;
        // Names smaller than this are dirt: with very many classes only every nth is written.
        let size = (pitch * 0.62).clamp(SMALLEST * unit, 27.0 * unit);
        let every = (size * 1.15 / pitch).ceil().max(1.0) as usize;
        let names: Vec<String> = self
            .classes
            .iter()
            .step_by(every)
            .map(|class| {
                let name = names::visible(&class.name);
                canvas.shorten(&name, 420.0 * unit, size, Weight::Medium)
            })
            .collect();
        let width = names
            .iter()
            .map(|name| canvas.text_width(name, size, Weight::Medium))
            .fold(0.0, f64::max);
        let plot = Area {
            left: 56.0 * unit + width + 24.0 * unit,
            top,
            right: canvas.width - 150.0 * unit,
            bottom: canvas.height - 130.0 * unit,
        };
        let most = self
            .classes
            .iter()
            .map(ClassCount::total)
            .max()
            .unwrap_or(1)
            .max(1);
        let axis = Axis::rounded(0.0, most as f64, 6, plot.left, plot.right);
        let label = TextStyle::new(24.0 * unit, theme.muted).anchor(Anchor::Middle);
        for &tick in axis.ticks.iter().filter(|tick| tick.fract() == 0.0) {
            let x = axis.position(tick);
            canvas.line(
                (x, plot.top),
                (x, plot.bottom),
                Stroke::solid(theme.grid, 1.5 * unit),
            );
            canvas.text(
                &format::thousands(tick as u64),
                (x, plot.bottom + 28.0 * unit),
                label,
            );
        }
        let style = TextStyle::new(25.0 * unit, theme.text).anchor(Anchor::Middle);
        canvas.text(
            "Pictures",
            (plot.middle_x(), plot.bottom + 78.0 * unit),
            style,
        );
        for (index, class) in self.classes.iter().enumerate() {
            let middle = plot.top + (index as f64 + 0.5) * pitch;
            let half = (pitch * 0.36).min(46.0 * unit);
            let mut from = 0;
            for (count, color) in [class.train, class.validation, class.test]
                .into_iter()
                .zip(colors)
            {
                let (left, right) = (
                    axis.position(from as f64),
                    axis.position((from + count) as f64),
                );
                canvas.fill(
                    Area {
                        left,
                        right,
                        top: middle - half,
                        bottom: middle + half,
                    },
                    color,
                );
                from += count;
            }
            if let Some(name) = names.get(index / every).filter(|_| index % every == 0) {
                let style = TextStyle::new(size, theme.text).weight(Weight::Medium);
                canvas.text(
                    name,
                    (plot.left - 18.0 * unit, middle),
                    style.anchor(Anchor::End),
                );
                let total = format::thousands(class.total() as u64);
                canvas.text(
                    &total,
                    (axis.position(class.total() as f64) + 14.0 * unit, middle),
                    style,
                );
            }
        }
        canvas.line(
            (plot.left, plot.top),
            (plot.left, plot.bottom),
            Stroke::solid(theme.axis, 2.0 * unit),
        );
    }
}
