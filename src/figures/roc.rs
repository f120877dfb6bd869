//! Receiver operating characteristic and precision against recall, of one or several runs.

use super::axis::Axis;
use super::canvas::{Area, Canvas, Stroke};
use super::key::{Head, LegendEntry, draw_legend, guide, of_series};
use super::plot::{Titles, draw_axes, draw_nothing, plot_area, thin_out, two_panels};
use super::{Figure, Rgb, heading};
use crate::format;

/// Two panels: the ROC curve at the left, precision against recall at the right, with their areas
/// in the key.
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

const HEADS: [Head; 2] = [
    Head {
        name: "ROC AUC",
        short: "AUC",
    },
    Head {
        name: "average precision",
        short: "AP",
    },
];

impl Figure for RocFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        let series = self.series.iter();
        let key: Vec<LegendEntry> =
            of_series(canvas, series.map(|one| (one.name.as_str(), one.color)))
                .into_iter()
                .zip(&self.series)
                .map(|(entry, series)| {
                    let areas = [series.roc_area, series.average_precision];
                    entry.values(areas.map(format::score).to_vec())
                })
                .collect();
        // Beside the plots, where no curve is covered.
        let free = draw_legend(canvas, &HEADS, &key, top);
        let [left, right] = two_panels(canvas, free);
        self.draw_roc(canvas, left);
        self.draw_precision_recall(canvas, right);
    }
}

impl RocFigure {
    fn draw_roc(&self, canvas: &mut Canvas, area: Area) {
        let titles = Titles {
            plot: "ROC curve",
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
        self.draw_if_nothing(canvas, &plot);
    }

    fn draw_precision_recall(&self, canvas: &mut Canvas, area: Area) {
        let titles = Titles {
            plot: "Precision-recall curve",
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
        self.draw_if_nothing(canvas, &plot);
    }

    fn draw_if_nothing(&self, canvas: &mut Canvas, plot: &Area) {
        if self.series.is_empty() {
            draw_nothing(canvas, plot, "There are no predictions");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Size, Theme, to_svg};

    fn figure(runs: usize) -> RocFigure {
        RocFigure {
            title: "t".into(),
            remark: String::new(),
            positive_share: Some(0.3),
            series: (0..runs)
                .map(|run| RocSeries {
                    name: format!("run number {run}"),
                    color: crate::figures::palette::run_color(run),
                    roc: vec![(0.0, 0.0), (0.1, 0.9), (1.0, 1.0)],
                    roc_area: 0.9 + 0.001 * run as f64,
                    // A poor curve, down where a box in the plot's corner would be.
                    precision_recall: vec![(0.0, 0.05), (1.0, 0.02)],
                    average_precision: 0.03,
                })
                .collect(),
        }
    }

    #[test]
    fn areas_stand_in_the_key_and_nothing_lies_on_the_curves() {
        let svg = to_svg(&figure(2), Size::default(), Theme::LIGHT);
        assert!(svg.contains(">run number 1: ROC AUC 0.901, average precision 0.030<"));
        // The ground of the sheet is the only thing filled with its colour.
        assert_eq!(svg.matches("fill=\"#ffffff\"").count(), 1);
    }

    #[test]
    fn twenty_six_runs_are_named_beside_the_plots_each_in_its_line() {
        let svg = to_svg(&figure(26), Size::default(), Theme::LIGHT);
        let baseline = |run: usize| -> Option<f64> {
            let line = svg
                .lines()
                .find(|line| line.contains(&format!(">run number {run}<")))?;
            line.split("y=\"").nth(1)?.split('"').next()?.parse().ok()
        };
        let baselines: Vec<f64> = (0..26)
            .map(|run| baseline(run).unwrap_or_default())
            .collect();
        assert!(
            baselines.windows(2).all(|pair| pair[1] - pair[0] > 20.0),
            "{baselines:?}"
        );
        assert!(
            baselines[0] > 0.0 && baselines[25] < 1000.0,
            "{baselines:?}"
        );
        // On a small sheet what has no room is counted.
        let small = Size {
            width: 400,
            height: 250,
        };
        let crowd = to_svg(&figure(90), small, Theme::LIGHT);
        assert!(crowd.contains(" more<"), "{crowd}");
    }
}
