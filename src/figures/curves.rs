//! Accuracy and loss over the epochs of one or several runs.

use super::axis::{Axis, range};
use super::canvas::{Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{LegendEntry, Mark, draw_legend};
use super::plot::{Titles, draw_axes, draw_nothing, plot_area, two_panels};
use super::{Figure, Rgb, heading};
use crate::training::EpochMetrics;

/// Two panels, accuracy at the left and loss at the right; training solid, validation dashed.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvesFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub series: Vec<CurveSeries>,
}

/// The curves of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveSeries {
    pub name: String,
    pub color: Rgb,
    pub metrics: Vec<EpochMetrics>,
    /// Epochs (counted from 1) at which a later phase began, with its name.
    pub phase_starts: Vec<(u32, String)>,
}

/// What a panel takes from each epoch.
struct Panel {
    title: &'static str,
    axis: &'static str,
    train: fn(&EpochMetrics) -> f64,
    validation: fn(&EpochMetrics) -> Option<f64>,
    /// Values can't be above this.
    ceiling: f64,
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "Accuracy",
        axis: "Accuracy (%)",
        train: |epoch| epoch.train_accuracy * 100.0,
        validation: |epoch| epoch.validation_accuracy.map(|accuracy| accuracy * 100.0),
        ceiling: 100.0,
    },
    Panel {
        title: "Loss",
        axis: "Loss (cross-entropy)",
        train: |epoch| epoch.train_loss,
        validation: |epoch| epoch.validation_loss,
        ceiling: f64::INFINITY,
    },
];

/// Curves of few epochs show each as a dot, unless they are many.
const MOST_DOTS: usize = 30;
const MOST_DOTTED: usize = 8;

impl Figure for CurvesFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark);
        let free = draw_legend(canvas, &[], &self.key(canvas), top + 8.0 * unit);
        for (panel, area) in PANELS.iter().zip(two_panels(canvas, free)) {
            self.draw_panel(canvas, panel, area);
        }
    }
}

impl CurvesFigure {
    /// What colours and dashes mean.
    fn key(&self, canvas: &Canvas) -> Vec<LegendEntry> {
        let (unit, muted) = (canvas.unit, canvas.theme.muted);
        let mut entries: Vec<LegendEntry> = self
            .series
            .iter()
            .map(|series| {
                let stroke = Stroke::solid(series.color, 7.0 * unit);
                LegendEntry::new(series.name.clone(), Mark::Line(stroke))
            })
            .collect();
        let training = Stroke::solid(muted, 3.5 * unit);
        entries.push(LegendEntry::muted("training", Mark::Line(training)));
        let mut epochs = self.series.iter().flat_map(|series| &series.metrics);
        if epochs.any(|epoch| epoch.validation_loss.is_some()) {
            let mark = Mark::Line(validation_stroke(muted, unit));
            entries.push(LegendEntry::muted("validation", mark));
        }
        let has_phases = |series: &CurveSeries| !series.phase_starts.is_empty();
        if self.series.iter().any(has_phases) {
            let mark = Mark::Upright(phase_stroke(muted, unit));
            entries.push(LegendEntry::muted("next phase (layers unfrozen)", mark));
        }
        entries
    }

    fn draw_panel(&self, canvas: &mut Canvas, panel: &Panel, area: Area) {
        let plot = plot_area(canvas, area);
        let (x, y) = self.axes(panel, &plot);
        let titles = Titles {
            plot: panel.title,
            x: "Epoch",
            y: panel.axis,
        };
        draw_axes(canvas, &titles, &area, &plot, (&x, &y), false);
        self.draw_phase_starts(canvas, &plot, &x);
        for series in &self.series {
            draw_series(
                canvas,
                panel,
                series,
                (&x, &y),
                self.series.len() <= MOST_DOTTED,
            );
        }
        if self.series.iter().all(|series| series.metrics.is_empty()) {
            draw_nothing(canvas, &plot, "No epoch has been trained");
        }
    }

    fn axes(&self, panel: &Panel, plot: &Area) -> (Axis, Axis) {
        let epochs = || self.series.iter().flat_map(|series| &series.metrics);
        let last = epochs().map(|epoch| epoch.epoch).max().unwrap_or(1).max(2);
        let values = epochs()
            .flat_map(|epoch| [Some((panel.train)(epoch)), (panel.validation)(epoch)])
            .flatten();
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        let x = Axis::whole(0.6, f64::from(last) + 0.4, 8, plot.left, plot.right);
        let mut y = Axis::rounded(low, high, 6, plot.bottom, plot.top);
        if y.high > panel.ceiling {
            y.high = panel.ceiling;
            y.ticks.retain(|&tick| tick <= panel.ceiling);
        }
        (x, y)
    }

    /// One line and label for each epoch at which some run went on to its next phase.
    fn draw_phase_starts(&self, canvas: &mut Canvas, plot: &Area, x: &Axis) {
        let unit = canvas.unit;
        let size = 22.0 * unit;
        let mut starts: Vec<(u32, &str, Rgb)> = Vec::new();
        for series in &self.series {
            for (epoch, name) in &series.phase_starts {
                match starts.iter_mut().find(|start| start.0 == *epoch) {
                    Some(start) if start.1 == name => start.2 = canvas.theme.muted,
                    Some(start) => *start = (*epoch, "Next phase", canvas.theme.muted),
                    None => starts.push((*epoch, name, series.color)),
                }
            }
        }
        starts.sort_unstable_by_key(|start| start.0);
        let mut free_from = f64::NEG_INFINITY;
        for (epoch, name, color) in starts {
            // Between the last epoch before and the first after: that is when layers were unfrozen.
            let start = x.position(f64::from(epoch) - 0.5);
            canvas.line(
                (start, plot.top - 8.0 * unit),
                (start, plot.bottom),
                phase_stroke(color, unit),
            );
            let name = canvas.shorten(name, plot.width() * 0.55, size, Weight::Medium);
            let width = canvas.text_width(&name, size, Weight::Medium);
            let left = (start - width / 2.0).clamp(plot.left, plot.right - width);
            // A label that would cover its neighbour is left out; its line stays.
            if left > free_from {
                let style = TextStyle::new(size, canvas.theme.muted).weight(Weight::Medium);
                canvas.text(&name, (left, plot.top - 26.0 * unit), style);
                free_from = left + width + 16.0 * unit;
            }
        }
    }
}

fn validation_stroke(color: Rgb, unit: f64) -> Stroke {
    Stroke::dashed(color, 3.5 * unit, 11.0 * unit, 7.0 * unit)
}

fn phase_stroke(color: Rgb, unit: f64) -> Stroke {
    Stroke::dashed(color, 2.5 * unit, 3.0 * unit, 5.0 * unit)
}

fn draw_series(
    canvas: &mut Canvas,
    panel: &Panel,
    series: &CurveSeries,
    (x, y): (&Axis, &Axis),
    shows_dots: bool,
) {
    let unit = canvas.unit;
    let point =
        |epoch: &EpochMetrics, value: f64| (x.position(f64::from(epoch.epoch)), y.position(value));
    let train: Vec<(f64, f64)> = series
        .metrics
        .iter()
        .map(|epoch| point(epoch, (panel.train)(epoch)))
        .collect();
    let validation: Vec<(f64, f64)> = series
        .metrics
        .iter()
        .map(|epoch| point(epoch, (panel.validation)(epoch).unwrap_or(f64::NAN)))
        .collect();
    canvas.polyline(&validation, validation_stroke(series.color, unit));
    canvas.polyline(&train, Stroke::solid(series.color, 4.0 * unit));
    if shows_dots && train.len() <= MOST_DOTS {
        for point in validation {
            canvas.ring(point, 5.0 * unit, Stroke::solid(series.color, 2.5 * unit));
        }
        for point in train {
            canvas.dot(point, 5.5 * unit, series.color);
        }
    }
}
