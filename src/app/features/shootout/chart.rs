//! Networks by their score over what they cost, with the frontier: those that no other is both as cheap as and better than.

use eframe::egui::{self, Pos2, Rect, vec2};
use egui_plot::{AxisHints, GridInput, GridMark, Plot, PlotPoint, Points};

use super::view::{self, NetworkRow, ShootoutView, Standing};
use super::{Chart, ShootoutLocal, actions, standing_color};
use crate::app::core::command::Command;
use crate::app::ui::axes;
use crate::app::ui::scatter::{self, NamedPoint};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::shootout::{ShootoutCost, ShootoutMetric};

/// Radius of a point, and of one that is selected or under the pointer.
const RADII: (f32, f32) = (4.0, 6.0);
/// Of a room that is this narrow, in points.
const NARROW: f32 = 420.0;
/// A click or the pointer this far from a point means it, in points of the screen.
const REACH: f32 = 24.0;
/// In points of per cent: every line of the grid then stands at another whole number.
const LEAST_RANGE: f64 = 10.0;
/// Of costs: two round numbers at least stand along the axis.
const LEAST_DECADES: f64 = 0.8;

const CHARTS: [(Chart, &str, &str); 5] = [
    (
        Chart::Over(ShootoutCost::SecondsPerPicture),
        "Time",
        "Score over the time of one picture on this machine. The line joins those that no other is both as quick as and better than",
    ),
    (
        Chart::Over(ShootoutCost::Memory),
        "Memory",
        "Score over the most memory that it took. The line joins those that no other is both as small as and better than",
    ),
    (
        Chart::Over(ShootoutCost::FileSize),
        "Size",
        "Score over the size of the weights on disk. The line joins those that no other is both as small as and better than",
    ),
    (
        Chart::Over(ShootoutCost::MultiplyAdds),
        "Work",
        "Score over the multiply-adds of one picture, the same on every machine. The line joins those that no other is both as cheap as and better than",
    ),
    (Chart::None, "Table", "The table alone: more rows at once"),
];

pub fn chart_ui(
    ui: &mut egui::Ui,
    view: &ShootoutView,
    height: f32,
    local: &mut ShootoutLocal,
    out: &mut Vec<Command>,
) {
    let top = ui.cursor().top();
    ui.horizontal_wrapped(|ui| {
        // Where there is little room, the axis says it.
        let is_wide = ui.available_width() >= NARROW;
        if is_wide {
            ui.label(tokens(ui).muted("Score over"));
        }
        let charts = match is_wide {
            true => &CHARTS[..],
            false => &CHARTS[..ShootoutCost::ALL.len()],
        };
        widgets::segmented(ui, &mut local.chart, charts);
        let cost = match local.chart {
            Chart::Over(cost) => cost,
            Chart::None => ShootoutCost::default(),
        };
        actions::results_ui(ui, view, cost, out);
    });
    let Chart::Over(cost) = local.chart else {
        return;
    };
    let height = (height - (ui.cursor().top() - top)).max(110.0);
    plot_ui(ui, view, cost, height, local);
}

/// A network in the plot.
struct Dot<'a> {
    row: &'a NetworkRow,
    /// Decimal logarithm of the cost, and the score in per cent.
    at: [f64; 2],
    /// In per cent.
    interval: Option<(f64, f64)>,
}

fn dots(view: &ShootoutView, index: usize) -> Vec<Dot<'_>> {
    fn dot(row: &NetworkRow, index: usize) -> Option<Dot<'_>> {
        let cost = row.costs[index].filter(|cost| cost.is_finite() && *cost > 0.0)?;
        let score = row.score?;
        let interval = score
            .interval
            .map(|interval| (interval.low * 100.0, interval.high * 100.0));
        Some(Dot {
            row,
            at: [cost.log10(), score.value * 100.0],
            interval,
        })
    }
    let rows = view.rows.iter();
    rows.filter_map(|row| dot(row, index)).collect()
}

fn plot_ui(
    ui: &mut egui::Ui,
    view: &ShootoutView,
    cost: ShootoutCost,
    height: f32,
    local: &mut ShootoutLocal,
) {
    let colors = tokens(ui);
    let index = ShootoutCost::ALL.iter().position(|one| *one == cost);
    let index = index.unwrap_or(0);
    let dots = dots(view, index);
    let values = dots.iter().flat_map(|dot| {
        let (low, high) = dot.interval.unwrap_or((dot.at[1], dot.at[1]));
        [low, high, dot.at[1]]
    });
    let [low, high] = match dots.is_empty() {
        true => [0.0, 100.0],
        false => scatter::range_of(values, LEAST_RANGE),
    };
    // A single point has numbers around it.
    let [left, right] = match dots.is_empty() {
        true => [0.0, 2.0],
        false => scatter::range_of(dots.iter().map(|dot| dot.at[0]), LEAST_DECADES),
    };
    let frontier: Vec<[f64; 2]> = view.frontiers[index]
        .iter()
        .filter_map(|entry| {
            let mut dots = dots.iter();
            Some(dots.find(|dot| dot.row.entry == Some(*entry))?.at)
        })
        .collect();
    let title = format!("{} ({})", cost.title(), cost.unit());
    let across = AxisHints::new_x()
        .label(title.as_str())
        .min_thickness(axes::ACROSS)
        .formatter(|mark, _| mark_text(10f64.powf(mark.value)));
    let upward = match view.metric {
        ShootoutMetric::Accuracy => "Accuracy",
        ShootoutMetric::MacroF1 => "Macro-F1",
    };
    let is_marked = |row: &NetworkRow| {
        let network = Some(&row.network);
        local.selected.as_ref() == network || local.hovered.as_ref() == network
    };
    let response = Plot::new("score over cost")
        .height(height)
        .custom_x_axes(vec![across])
        .x_grid_spacer(grid)
        .custom_y_axes(axes::upward(upward, |mark, _| {
            format!("{:.0} %", mark.value)
        }))
        .include_y(low)
        .include_y(high)
        .include_x(left)
        .include_x(right)
        .label_formatter(axes::near_point(|name, at| {
            let cost = view::cost_text(cost, 10f64.powf(at.x));
            format!("{name}\n{:.1} %, {cost}", at.y)
        }))
        .grid_color(colors.grid)
        .set_margin_fraction(vec2(0.1, 0.08))
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show(ui, |plot| {
            if frontier.len() > 1 {
                plot.line(
                    axes::line("", &frontier)
                        .color(colors.accent)
                        .width(1.5)
                        .allow_hover(false),
                );
            }
            for dot in &dots {
                let color = standing_color(colors, dot.row.standing);
                if let Some((low, high)) = dot.interval {
                    let whisker = axes::line("", &[[dot.at[0], low], [dot.at[0], high]]);
                    let color = color.gamma_multiply(0.55);
                    plot.line(whisker.color(color).width(1.0).allow_hover(false));
                }
                let radius = match is_marked(dot.row) {
                    true => RADII.1,
                    false => RADII.0,
                };
                let point = Points::new(dot.row.title.as_str(), vec![dot.at]);
                plot.points(point.radius(radius).color(color));
            }
            let near = plot
                .response()
                .hover_pos()
                .and_then(|at| {
                    dots.iter()
                        .map(|dot| {
                            let point = PlotPoint::new(dot.at[0], dot.at[1]);
                            (plot.screen_from_plot(point).distance(at), dot.row)
                        })
                        .filter(|(distance, _)| *distance < REACH)
                        .min_by(|a, b| a.0.total_cmp(&b.0))
                })
                .map(|(_, row)| row.network.clone());
            (near, plot.response().clicked())
        });
    let text = format!(
        "{upward} of {} over {}",
        plural(dots.len()),
        cost.title().to_lowercase()
    );
    (response.response).widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &text));
    if dots.is_empty() {
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        let center = response.transform.frame().center();
        let text = "Networks appear here as they are found";
        let align = egui::Align2::CENTER_CENTER;
        ui.painter()
            .text(center, align, text, font, colors.text_muted);
    }
    let points: Vec<NamedPoint<'_>> = dots
        .iter()
        .map(|dot| NamedPoint {
            name: &dot.row.title,
            at: dot.at,
            radius: match is_marked(dot.row) {
                true => RADII.1,
                false => RADII.0,
            },
            is_chosen: is_marked(dot.row) || dot.row.standing == Standing::Best,
            // Not by what the pointer is at: names stay where they are.
            rank: match (dot.row.standing, frontier.contains(&dot.at)) {
                (Standing::Best, _) => 0,
                (_, true) => 1,
                (_, false) => 2,
            },
        })
        .collect();
    let screen = |at: [f64; 2]| {
        let point = PlotPoint::new(at[0], at[1]);
        response.transform.position_from_point(&point)
    };
    let mut obstacles: Vec<Rect> = dots
        .iter()
        .filter_map(|dot| {
            let (low, high) = dot.interval?;
            let ends = [low, high].map(|value| screen([dot.at[0], value]));
            Some(Rect::from_two_pos(ends[0], ends[1]))
        })
        .collect();
    for ends in frontier.windows(2) {
        obstacles.extend(along(screen(ends[0]), screen(ends[1])));
    }
    scatter::names_ui(ui, &points, &obstacles, &response.transform);
    let (near, is_clicked) = response.inner;
    if is_clicked && near.is_some() {
        local.selected.clone_from(&near);
    }
    if near.is_some() {
        local.next_hovered = near;
    }
}

/// Small rectangles that cover a line.
fn along(from: Pos2, to: Pos2) -> Vec<Rect> {
    const STEP: f32 = 4.0;
    let steps = (from.distance(to) / STEP).ceil().clamp(1.0, 1_000.0);
    (0..=steps as u32)
        .map(|step| {
            let center = from.lerp(to, step as f32 / steps);
            Rect::from_center_size(center, vec2(STEP, 2.0))
        })
        .collect()
}

fn plural(number: usize) -> String {
    crate::format::count(number, "network", "networks")
}

/// Lines at 1, 2 and 5 times every power of ten; of few decades only. Of many, at the powers.
fn grid(input: GridInput) -> Vec<GridMark> {
    let marks = scatter::decades(input);
    if marks.len() <= 12 {
        return marks;
    }
    let is_power = |mark: &GridMark| (mark.value - mark.value.round()).abs() < 1e-9;
    marks.into_iter().filter(is_power).collect()
}

fn mark_text(value: f64) -> String {
    if value < 0.095 {
        format!("{value:.2}")
    } else if value < 0.95 {
        format!("{value:.1}")
    } else {
        crate::format::thousands(value.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_numbers_and_not_too_many() {
        let texts = |low: f64, high: f64| -> Vec<String> {
            let marks = grid(GridInput {
                bounds: (low.log10(), high.log10()),
                base_step_size: 0.1,
            });
            marks
                .iter()
                .map(|mark| mark_text(10f64.powf(mark.value)))
                .collect()
        };
        assert_eq!(texts(0.4, 12.0), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(texts(0.05, 2_000.0).len(), 5);
        assert_eq!(texts(900.0, 2_100.0), ["1,000", "2,000"]);
    }
}
