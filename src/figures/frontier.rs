//! What networks are worth against what they cost, with those that nobody would leave for another.

use super::axis::{Axis, range};
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{LegendEntry, Mark, draw_key};
use super::plot::{Titles, below_key, draw_axes, draw_nothing, plot_area};
use super::{Figure, heading};

/// A point for each network, with the interval of its score, and a line through the frontier.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontierFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    /// With its unit.
    pub cost_title: String,
    pub score_title: String,
    pub points: Vec<FrontierPoint>,
}

/// One network.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontierPoint {
    pub name: String,
    /// Above 0, in whatever unit.
    pub cost: f64,
    /// 0 to 1.
    pub score: f64,
    pub interval: Option<(f64, f64)>,
    /// Whether no other is both as cheap and better.
    pub is_on_frontier: bool,
    /// Whether it is worse than the best one, beyond luck.
    pub is_worse: bool,
}

/// Costs that differ by more lie on a logarithmic axis.
const DECADE: f64 = 12.0;

impl FrontierFigure {
    fn cost_axis(&self, plot: &Area) -> Axis {
        let (low, high) = range(self.points.iter().map(|point| point.cost)).unwrap_or((1.0, 10.0));
        if low > 0.0 && high / low > DECADE {
            return Axis::decades(low, high, plot.left, plot.right);
        }
        Axis::rounded(0.0, high, 6, plot.left, plot.right)
    }

    fn score_axis(&self, plot: &Area) -> Axis {
        let ends = self.points.iter().flat_map(|point| {
            let (low, high) = point.interval.unwrap_or((point.score, point.score));
            [low * 100.0, high * 100.0]
        });
        let (low, high) = range(ends).unwrap_or((0.0, 100.0));
        Axis::rounded(low, high.min(100.0), 6, plot.bottom, plot.top)
    }
}

impl Figure for FrontierFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        let key = [
            LegendEntry::muted("not worse than the best", Mark::Patch(theme.trainable)),
            LegendEntry::muted("worse, beyond luck", Mark::Patch(theme.frozen)),
            LegendEntry::muted(
                "none is cheaper and better",
                Mark::Line(Stroke::solid(theme.axis, 4.0 * unit)),
            ),
        ];
        let top = draw_key(canvas, &key, top);
        let area = below_key(canvas, top);
        let plot = plot_area(canvas, area);
        let x = self.cost_axis(&plot);
        let y = self.score_axis(&plot);
        let titles = Titles {
            plot: "",
            x: &self.cost_title,
            y: &self.score_title,
        };
        draw_axes(canvas, &titles, &area, &plot, (&x, &y), true);
        if self.points.is_empty() {
            draw_nothing(canvas, &plot, "No network is done yet");
            return;
        }
        let place =
            |point: &FrontierPoint| (x.position(point.cost), y.position(point.score * 100.0));
        let mut line: Vec<(f64, f64)> = self
            .points
            .iter()
            .filter(|point| point.is_on_frontier)
            .map(place)
            .collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        canvas.polyline(&stairs(&line), Stroke::solid(theme.axis, 4.0 * unit));
        for point in &self.points {
            let (at, color) = (place(point), color(canvas, point));
            if let Some((low, high)) = point.interval {
                let (low, high) = (y.position(low * 100.0), y.position(high * 100.0));
                canvas.line((at.0, low), (at.0, high), Stroke::solid(color, 2.0 * unit));
            }
            canvas.dot(at, 9.0 * unit, color);
        }
        self.draw_names(canvas, &plot, &place, &y);
    }
}

/// Between two networks there is none: the better one costs what it costs.
fn stairs(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    for &(x, y) in points {
        stairs.extend(stairs.last().map(|last| (x, last.1)));
        stairs.push((x, y));
    }
    stairs
}

fn color(canvas: &Canvas, point: &FrontierPoint) -> super::Rgb {
    match point.is_worse {
        true => canvas.theme.frozen,
        false => canvas.theme.trainable,
    }
}

impl FrontierFigure {
    /// Beside their points, those of the frontier first: clear of intervals where that can be, and left out where a name finds no
    /// room. `y`: of a score.
    fn draw_names(
        &self,
        canvas: &mut Canvas,
        plot: &Area,
        place: &dyn Fn(&FrontierPoint) -> (f64, f64),
        y: &Axis,
    ) {
        let unit = canvas.unit;
        let size = 21.0 * unit;
        let mut order: Vec<&FrontierPoint> = self.points.iter().collect();
        order.sort_by(|a, b| {
            (b.is_on_frontier.cmp(&a.is_on_frontier)).then(b.score.total_cmp(&a.score))
        });
        // Left, right, top and bottom of what is taken.
        let dot = 11.0 * unit;
        let mut taken: Vec<[f64; 4]> = self
            .points
            .iter()
            .map(place)
            .map(|(x, y)| [x - dot, x + dot, y - dot, y + dot])
            .collect();
        let interval = |point: &FrontierPoint| {
            let (low, high) = point.interval?;
            let (x, _) = place(point);
            Some([
                x - 2.0 * unit,
                x + 2.0 * unit,
                y.position(high * 100.0),
                y.position(low * 100.0),
            ])
        };
        let intervals: Vec<[f64; 4]> = self.points.iter().filter_map(interval).collect();
        for point in order {
            let weight = match point.is_on_frontier {
                true => Weight::SemiBold,
                false => Weight::Regular,
            };
            let name = canvas.shorten(&point.name, 360.0 * unit, size, weight);
            let width = canvas.text_width(&name, size, weight);
            let (x, y) = place(point);
            let (gap, half) = (16.0 * unit, size * 0.62);
            let beside = [
                (x + gap, y, Anchor::Start),
                (x - gap, y, Anchor::End),
                (x + gap, y - 1.3 * size, Anchor::Start),
                (x + gap, y + 1.3 * size, Anchor::Start),
                (x - gap, y - 1.3 * size, Anchor::End),
                (x - gap, y + 1.3 * size, Anchor::End),
            ];
            let spot = |&(left, middle, anchor): &(f64, f64, Anchor)| {
                let from = match anchor {
                    Anchor::End => left - width,
                    _ => left,
                };
                let own = [from, from + width, middle - half, middle + half];
                let is_inside = own[0] >= plot.left
                    && own[1] <= plot.right
                    && own[2] >= plot.top - size
                    && own[3] <= plot.bottom;
                let is_free = !taken.iter().any(|other| overlap(other, &own));
                (is_inside && is_free).then_some((own, (left, middle), anchor))
            };
            let is_clear = |(own, ..): &([f64; 4], (f64, f64), Anchor)| {
                !intervals.iter().any(|other| overlap(other, own))
            };
            let spots: Vec<_> = beside.iter().filter_map(spot).collect();
            let clear = spots.iter().find(|spot| is_clear(spot));
            if let Some(&(own, at, anchor)) = clear.or(spots.first()) {
                let style = TextStyle::new(size, canvas.theme.text).weight(weight);
                canvas.text(&name, at, style.anchor(anchor));
                taken.push(own);
            }
        }
    }
}

fn overlap(one: &[f64; 4], other: &[f64; 4]) -> bool {
    one[0] < other[1] && other[0] < one[1] && one[2] < other[3] && other[2] < one[3]
}
