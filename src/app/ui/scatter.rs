//! Pieces of scatter plots: names around their points, axes of logarithms, and ranges that have a width.

use eframe::egui::{self, Rect, pos2, vec2};
use egui_plot::{GridInput, GridMark, PlotPoint};

use super::tokens::{self, tokens};

/// A point with its name.
pub struct NamedPoint<'a> {
    pub name: &'a str,
    pub at: [f64; 2],
    /// Of the point, in points of the screen.
    pub radius: f32,
    /// Its name is drawn in the colour of text, whatever it covers.
    pub is_chosen: bool,
    /// Names of a lower rank take their places before the others.
    pub rank: u8,
}

/// Names around their points, painted over the plot so that none touches a point, an obstacle or another name, as far as there
/// is room: the others are said where the pointer rests on their points.
pub fn names_ui(
    ui: &egui::Ui,
    points: &[NamedPoint<'_>],
    obstacles: &[Rect],
    transform: &egui_plot::PlotTransform,
) {
    let colors = tokens(ui);
    let frame = *transform.frame();
    let painter = ui.painter_at(frame);
    let at = |point: &NamedPoint<'_>| {
        transform.position_from_point(&PlotPoint::new(point.at[0], point.at[1]))
    };
    let mut order: Vec<&NamedPoint<'_>> = points.iter().collect();
    order.sort_by_key(|point| point.rank);
    // The own point stands apart from its name by [`AROUND_POINT`] at least.
    let mut taken: Vec<Rect> = (points.iter())
        .map(|point| Rect::from_center_size(at(point), egui::Vec2::splat(2.0 * point.radius)))
        .collect();
    taken.extend(obstacles);
    for point in order {
        let color = match point.is_chosen {
            true => colors.text,
            false => colors.text_muted,
        };
        let font = egui::FontId::proportional(tokens::TEXT_SMALL);
        let text = painter.layout_no_wrap(point.name.to_owned(), font, color);
        let places = places(at(point), point.radius, text.size(), frame);
        let free = (places.iter().copied())
            .find(|place| frame.contains_rect(*place) && is_free(*place, &taken));
        let place = free.or_else(|| point.is_chosen.then_some(places[0]));
        if let Some(place) = place {
            painter.galley(place.min, text, color);
            taken.push(place);
        }
    }
}

/// What stays free between a point and its name.
const AROUND_POINT: f32 = 2.0;
/// What stays free around a name at least, to the sides, and above and below.
const AROUND_NAME: egui::Vec2 = vec2(4.0, 1.0);

/// Where a name of `size` may stand around its point, the best first.
fn places(point: egui::Pos2, radius: f32, size: egui::Vec2, frame: Rect) -> [Rect; 12] {
    let away = radius + AROUND_POINT;
    let across =
        (point.x - size.x / 2.0).clamp(frame.left(), (frame.right() - size.x).max(frame.left()));
    let (above, below) = (point.y - away - size.y, point.y + away);
    let beside = point.y - size.y / 2.0;
    let (left, right) = (
        point.x - away - AROUND_NAME.x - size.x,
        point.x + away + AROUND_NAME.x,
    );
    [
        pos2(across, above),
        pos2(across, below),
        pos2(right, beside),
        pos2(left, beside),
        pos2(right - away, above),
        pos2(right - away, below),
        pos2(left + away, above),
        pos2(left + away, below),
        // Farther away: past a line that goes up and down through the point.
        pos2(right, above),
        pos2(right, below),
        pos2(left, above),
        pos2(left, below),
    ]
    .map(|corner| Rect::from_min_size(corner, size))
}

/// Whether a name can stand there and touches nothing.
fn is_free(place: Rect, taken: &[Rect]) -> bool {
    let room = place.expand2(AROUND_NAME);
    !taken.iter().any(|other| other.intersects(room))
}

/// From the lowest to the highest value, and at least `least` apart: the marks of a single point would all read the same.
pub fn range_of(values: impl Iterator<Item = f64>, least: f64) -> [f64; 2] {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let more = ((least - (high - low)) / 2.0).max(0.0);
    [low - more, high + more]
}

/// Lines at 1, 2 and 5 times every power of ten, on an axis of decimal logarithms.
pub fn decades(input: GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    if !(high - low).is_finite() || high - low > 30.0 {
        return Vec::new();
    }
    (low.floor() as i32..=high.ceil() as i32)
        .flat_map(|power| [1.0f64, 2.0, 5.0].map(|digit| f64::from(power) + digit.log10()))
        .filter(|value| (low..=high).contains(value))
        .map(|value| GridMark {
            value,
            step_size: 1.0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_apart_from_points_and_from_each_other() {
        let frame = Rect::from_min_size(pos2(0.0, 0.0), vec2(400.0, 200.0));
        let points = [
            pos2(100.0, 100.0),
            pos2(104.0, 103.0),
            pos2(130.0, 96.0),
            pos2(395.0, 4.0),
        ];
        let mut taken: Vec<Rect> = (points.iter())
            .map(|point| Rect::from_center_size(*point, vec2(8.0, 8.0)))
            .collect();
        let mut names = 0;
        for point in points {
            let places = places(point, 4.0, vec2(80.0, 14.0), frame);
            let mut places = places.into_iter();
            let free = places.find(|place| frame.contains_rect(*place) && is_free(*place, &taken));
            if let Some(place) = free {
                assert!(!taken.iter().any(|other| other.intersects(place)));
                taken.push(place);
                names += 1;
            }
        }
        assert!(names >= 3, "{names}");
    }

    #[test]
    fn a_single_value_has_a_range_around_it() {
        assert_eq!(range_of([75.0].into_iter(), 10.0), [70.0, 80.0]);
        assert_eq!(range_of([60.0, 85.0].into_iter(), 10.0), [60.0, 85.0]);
    }

    #[test]
    fn grid_lines_stand_at_round_rates() {
        let input = GridInput {
            bounds: (0.55f64.log10(), 60f64.log10()),
            base_step_size: 0.1,
        };
        let texts: Vec<String> = (decades(input).iter())
            .map(|mark| format!("{:.0}", 10f64.powf(mark.value)))
            .collect();
        assert_eq!(texts, ["1", "2", "5", "10", "20", "50"]);
        let endless = GridInput {
            bounds: (f64::NEG_INFINITY, f64::INFINITY),
            base_step_size: 1.0,
        };
        assert!(decades(endless).is_empty());
    }
}
