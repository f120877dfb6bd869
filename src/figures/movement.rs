//! How far a run moved each layer from where it began.

use super::axis::Axis;
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::key::{LegendEntry, Mark, draw_key};
use super::plot::{Titles, draw_axes, draw_nothing, plot_area};
use super::{Figure, Rgb, heading};

/// A bar per layer on a logarithmic scale, in the order of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct MovementFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub color: Rgb,
    /// Parts of the network, each with its layers.
    pub stages: Vec<MovementStage>,
}

/// Consecutive layers.
#[derive(Debug, Clone, PartialEq)]
pub struct MovementStage {
    pub title: String,
    /// |after - before| / |before| of each layer; exactly 0 for what was frozen.
    pub layers: Vec<f64>,
}

impl Figure for MovementFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let unit = canvas.unit;
        let top = heading(canvas, &self.title, &self.remark) + 8.0 * unit;
        let key = [
            LegendEntry::new("moved", Mark::Patch(self.color)),
            LegendEntry::new("frozen: exactly 0", Mark::Patch(canvas.theme.frozen)),
        ];
        let top = draw_key(canvas, &key, top) - 40.0 * unit;
        let area = Area {
            left: 56.0 * unit,
            top,
            right: canvas.width - 56.0 * unit,
            bottom: canvas.height - 36.0 * unit,
        };
        let mut plot = plot_area(canvas, area);
        // Names of stages stand upright below, in the place of numbers.
        plot.bottom -= 120.0 * unit;
        let layers = || self.stages.iter().flat_map(|stage| &stage.layers);
        let count = layers().count();
        let moved = layers()
            .copied()
            .filter(|layer| layer.is_finite() && *layer > 0.0);
        let (low, high) = super::axis::range(moved).unwrap_or((1e-3, 1e-1));
        let y = Axis::decades(low, high, plot.bottom, plot.top);
        let x = Axis {
            low: 0.0,
            high: count.max(1) as f64,
            from: plot.left,
            to: plot.right,
            ticks: Vec::new(),
            decimals: 0,
            scale: super::axis::Scale::Linear,
        };
        let titles = Titles {
            plot: "",
            x: "Layers with weights, from the picture to the features",
            y: "Moved, relative to the weights",
        };
        draw_axes(canvas, &titles, &area, &plot, (&x, &y), false);
        if count == 0 {
            draw_nothing(canvas, &plot, "The run did not measure it");
            return;
        }
        self.draw_stages(canvas, &plot, &x, &y);
        if layers().all(|layer| *layer == 0.0) {
            draw_nothing(
                canvas,
                &plot,
                "Nothing moved: the backbone was frozen throughout",
            );
        }
    }
}

impl MovementFigure {
    fn draw_stages(&self, canvas: &mut Canvas, plot: &Area, x: &Axis, y: &Axis) {
        let unit = canvas.unit;
        let theme = canvas.theme;
        let pitch = x.position(1.0) - x.position(0.0);
        let air = (pitch * 0.14).min(3.0 * unit);
        let mut first = 0;
        let mut free_from = f64::NEG_INFINITY;
        for stage in self.stages.iter().filter(|stage| !stage.layers.is_empty()) {
            let (from, to) = (
                x.position(first as f64),
                x.position((first + stage.layers.len()) as f64),
            );
            if first > 0 {
                let line = Stroke::solid(theme.axis, 1.5 * unit);
                canvas.line((from, plot.top), (from, plot.bottom + 10.0 * unit), line);
            }
            for (index, &layer) in stage.layers.iter().enumerate() {
                let left = x.position((first + index) as f64) + air;
                let bar = Area {
                    left,
                    right: (left + pitch - 2.0 * air).max(left + 0.5),
                    top: if layer > 0.0 {
                        // What began as zeros has moved without measure: a full bar.
                        y.position(layer.min(y.high)).min(plot.bottom - 2.0 * unit)
                    } else {
                        plot.bottom - 9.0 * unit
                    },
                    bottom: plot.bottom,
                };
                let color = if layer > 0.0 {
                    self.color
                } else {
                    theme.frozen
                };
                canvas.fill(bar, color);
            }
            let middle = (from + to) / 2.0;
            let size = 22.0 * unit;
            // A name that would run into its neighbour is left out.
            if middle - size * 0.6 > free_from {
                let name = canvas.shorten(&stage.title, 150.0 * unit, size, Weight::Regular);
                let style = TextStyle::new(size, theme.muted).anchor(Anchor::End);
                let at = (middle, plot.bottom + 16.0 * unit);
                canvas.text(&name, at, style.turn(-90.0));
                free_from = middle + size * 0.6;
            }
            first += stage.layers.len();
        }
    }
}
