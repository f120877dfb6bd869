//! A plot's frame: grid, axes, ticks and what they measure.

use super::axis::Axis;
use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};

/// What stands along the axes.
pub(super) struct Titles<'a> {
    /// Above the plot, at its left; may be empty.
    pub plot: &'a str,
    pub x: &'a str,
    pub y: &'a str,
}

/// Two panels within `free`: beside each other, or below each other on a sheet that is taller than wide.
pub(super) fn two_panels(canvas: &Canvas, free: Area) -> [Area; 2] {
    let unit = canvas.unit;
    let (margin, between) = (56.0 * unit, 64.0 * unit);
    let whole = Area {
        left: free.left + margin,
        top: free.top,
        right: free.right - margin,
        bottom: free.bottom - 36.0 * unit,
    };
    if canvas.height > canvas.width {
        let height = (whole.height() - between) / 2.0;
        return [0.0, 1.0].map(|panel| {
            let top = whole.top + panel * (height + between);
            Area {
                top,
                bottom: top + height,
                ..whole
            }
        });
    }
    let width = (whole.width() - between) / 2.0;
    [0.0, 1.0].map(|panel| {
        let left = whole.left + panel * (width + between);
        Area {
            left,
            right: left + width,
            ..whole
        }
    })
}

/// What a plot without a title of its own gets, below a key that ends at `top`, where it is all that the figure has.
pub(super) fn below_key(canvas: &Canvas, top: f64) -> Area {
    let unit = canvas.unit;
    Area {
        left: 56.0 * unit,
        top: top - 40.0 * unit,
        right: canvas.width - 56.0 * unit,
        bottom: canvas.height - 36.0 * unit,
    }
}

/// Where a plot stands within the area that it gets with its title and labels.
pub(super) fn plot_area(canvas: &Canvas, area: Area) -> Area {
    let unit = canvas.unit;
    Area {
        left: area.left + 108.0 * unit,
        top: area.top + 78.0 * unit,
        right: area.right,
        bottom: area.bottom - 92.0 * unit,
    }
}

/// Draws the frame of `plot` within `area`; lines across from the ticks at the left, and from those
/// below where `upright`.
pub(super) fn draw_axes(
    canvas: &mut Canvas,
    titles: &Titles<'_>,
    area: &Area,
    plot: &Area,
    (x, y): (&Axis, &Axis),
    upright: bool,
) {
    let unit = canvas.unit;
    let theme = canvas.theme;
    let style = TextStyle::new(30.0 * unit, theme.text).weight(Weight::SemiBold);
    let title = canvas.shorten(titles.plot, area.width(), style.size, style.weight);
    canvas.text(&title, (area.left, area.top + 8.0 * unit), style);
    let label = TextStyle::new(24.0 * unit, theme.muted);
    let grid = Stroke::solid(theme.grid, 1.5 * unit);
    for &tick in &y.ticks {
        let pixel = y.position(tick);
        canvas.line((plot.left, pixel), (plot.right, pixel), grid);
        let at = (plot.left - 14.0 * unit, pixel);
        canvas.text(&y.label(tick), at, label.anchor(Anchor::End));
    }
    let axis = Stroke::solid(theme.axis, 2.0 * unit);
    for &tick in &x.ticks {
        let pixel = x.position(tick);
        if upright {
            canvas.line((pixel, plot.top), (pixel, plot.bottom), grid);
        }
        canvas.line(
            (pixel, plot.bottom),
            (pixel, plot.bottom + 8.0 * unit),
            axis,
        );
        let at = (pixel, plot.bottom + 28.0 * unit);
        canvas.text(&x.label(tick), at, label.anchor(Anchor::Middle));
    }
    canvas.line((plot.left, plot.bottom), (plot.right, plot.bottom), axis);
    let title = TextStyle::new(25.0 * unit, theme.text).anchor(Anchor::Middle);
    canvas.text(
        titles.x,
        (plot.middle_x(), area.bottom - 22.0 * unit),
        title,
    );
    // Turned text is centred about a point off its middle line, which is left of where it stands.
    let at = (area.left + 12.0 * unit, plot.middle_y());
    canvas.text(titles.y, at, title.turn(-90.0));
}

/// What is said in the middle of a plot that has nothing to show.
pub(super) fn draw_nothing(canvas: &mut Canvas, plot: &Area, text: &str) {
    let style = TextStyle::new(25.0 * canvas.unit, canvas.theme.muted).anchor(Anchor::Middle);
    canvas.text(text, (plot.middle_x(), plot.middle_y()), style);
}

/// Points without those that stand less than `distance` pixels from the last kept one: what no eye
/// tells apart. The last point stays.
pub(super) fn thin_out(points: &[(f64, f64)], distance: f64) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (index, &point) in points.iter().enumerate() {
        let is_far = kept.last().is_none_or(|last| {
            let away = (point.0 - last.0).hypot(point.1 - last.1);
            // A gap stays a gap.
            away.is_nan() || away >= distance
        });
        if is_far || index + 1 == points.len() {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_of_many_points_keeps_its_ends_and_its_gaps() {
        let points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i) / 100.0, 5.0)).collect();
        let kept = thin_out(&points, 0.5);
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        assert!((190..=210).contains(&kept.len()), "{}", kept.len());
        let gap = [(0.0, 0.0), (f64::NAN, 0.0), (0.1, 0.0)];
        assert_eq!(thin_out(&gap, 0.5).len(), 3);
        assert!(thin_out(&[], 0.5).is_empty());
    }
}
