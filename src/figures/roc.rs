//! Receiver operating characteristic and precision against recall, of one or several runs.

use super::axis::Axis;
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{draw_key, guide, of_series};
use super::plot::{Titles, draw_axes, draw_nothing, plot_area, thin_out, two_panels};
use super::{Figure, Rgb, heading};

/// Two panels: the ROC curve at the left, precision against recall at the right, with their areas.
#[derive(Debug, Clone, PartialEq)]
pub struct RocFigure {
    pub title: String,
    /// A line under the title, which says what counts as positive; may be empty.
    pub remark: String,
    pub series: Vec<RocSeries>,
    /// The share of positive pictures: what a coin's precision is.
    pub positive_share: Option<f64>,
}

/// The curves of one run (or of one class against the others).
#[derive(Debug, Clone, PartialEq)]
pub struct RocSeries {
    pub name: String,
    pub color: Rgb,
    /// False positive rate and true positive rate, both 0 to 1, from the strictest threshold on.
    pub roc: Vec<(f64, f64)>,
    /// The area below; not a number where there is none.
    pub roc_area: f64,
    /// Recall and precision, both 0 to 1, from recall 0 on. Between two points the curve takes the
    /// precision of the later one, as the average precision counts it.
    pub precision_recall: Vec<(f64, f64)>,
    pub average_precision: f64,
}

impl Figure for RocFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        let series = self.series.iter();
        let key = of_series(canvas, series.map(|one| (one.name.as_str(), one.color)));
        let top = draw_key(canvas, &key, top);
        let [left, right] = two_panels(canvas, top);
        self.draw_roc(canvas, left);
        self.draw_precision_recall(canvas, right);
    }
}

impl RocFigure {
    fn draw_roc(&self, canvas: &mut Canvas, area: Area) {
        let titles = Titles {
            plot: "ROC",
            x: "False positive rate",
            y: "True positive rate",
        };
        let (plot, x, y) = frame(canvas, &titles, area);
        let chance = guide(canvas);
        canvas.line(
            (x.position(0.0), y.position(0.0)),
            (x.position(1.0), y.position(1.0)),
            chance,
        );
        for series in &self.series {
            let points: Vec<(f64, f64)> = series
                .roc
                .iter()
                .map(|&(wrong, right)| (x.position(wrong), y.position(right)))
                .collect();
            draw_curve(canvas, &points, series.color);
        }
        let areas = self.series.iter().map(|series| series.roc_area);
        self.draw_areas(canvas, &plot, "Area", areas, true);
    }

    fn draw_precision_recall(&self, canvas: &mut Canvas, area: Area) {
        let titles = Titles {
            plot: "Precision and recall",
            x: "Recall",
            y: "Precision",
        };
        let (plot, x, y) = frame(canvas, &titles, area);
        if let Some(share) = self.positive_share {
            let height = y.position(share);
            let chance = guide(canvas);
            canvas.line((plot.left, height), (plot.right, height), chance);
        }
        for series in &self.series {
            let mut points = Vec::with_capacity(2 * series.precision_recall.len());
            let mut recall_before = None;
            for &(recall, precision) in &series.precision_recall {
                if let Some(before) = recall_before {
                    points.push((x.position(before), y.position(precision)));
                }
                points.push((x.position(recall), y.position(precision)));
                recall_before = Some(recall);
            }
            draw_curve(canvas, &points, series.color);
        }
        let areas = self.series.iter().map(|series| series.average_precision);
        self.draw_areas(canvas, &plot, "Average precision", areas, false);
    }

    /// The areas below the curves, in the corner that curves stay away from.
    fn draw_areas(
        &self,
        canvas: &mut Canvas,
        plot: &Area,
        title: &str,
        areas: impl Iterator<Item = f64>,
        at_right: bool,
    ) {
        let unit = canvas.unit;
        if self.series.is_empty() {
            draw_nothing(canvas, plot, "There are no predictions");
            return;
        }
        let size = 24.0 * unit;
        let line = 34.0 * unit;
        let values: Vec<String> = areas
            .map(|area| {
                if area.is_finite() {
                    format!("{area:.3}")
                } else {
                    "–".to_owned()
                }
            })
            .collect();
        let width = canvas
            .text_width(title, size, Weight::Medium)
            .max(canvas.text_width("0.000", size, Weight::Medium) + 56.0 * unit);
        let height = line * (values.len() + 1) as f64;
        let pad = 16.0 * unit;
        let left = if at_right {
            plot.right - width - 2.0 * pad - 12.0 * unit
        } else {
            plot.left + 18.0 * unit
        };
        let area = Area {
            left,
            right: left + width + 2.0 * pad,
            top: plot.bottom - height - pad - 14.0 * unit,
            bottom: plot.bottom - 14.0 * unit,
        };
        canvas.fill_rounded(area, canvas.theme.background, 6.0 * unit);
        canvas.frame(area, Stroke::solid(canvas.theme.grid, 1.5 * unit));
        let mut y = area.top + pad / 2.0 + line / 2.0;
        let style = TextStyle::new(size, canvas.theme.muted);
        canvas.text(title, (area.left + pad, y), style.weight(Weight::Medium));
        for (series, value) in self.series.iter().zip(values) {
            y += line;
            let at = area.left + pad;
            let stroke = Stroke::solid(series.color, 7.0 * unit);
            canvas.line((at, y), (at + 36.0 * unit, y), stroke);
            let style = TextStyle::new(size, canvas.theme.text).weight(Weight::Medium);
            canvas.text(&value, (at + 52.0 * unit, y), style.anchor(Anchor::Start));
        }
    }
}

/// The axes of shares from 0 to 1.
fn frame(canvas: &mut Canvas, titles: &Titles<'_>, area: Area) -> (Area, Axis, Axis) {
    let plot = plot_area(canvas, area);
    let x = Axis::rounded(0.0, 1.0, 5, plot.left, plot.right);
    let y = Axis::rounded(0.0, 1.0, 5, plot.bottom, plot.top);
    draw_axes(canvas, titles, &area, &plot, (&x, &y), true);
    (plot, x, y)
}

fn draw_curve(canvas: &mut Canvas, points: &[(f64, f64)], color: Rgb) {
    let unit = canvas.unit;
    let points = thin_out(points, 0.4 * unit);
    canvas.polyline(&points, Stroke::solid(color, 4.0 * unit));
}
