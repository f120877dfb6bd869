//! Parallel coordinates: a line for each row across what varies to the goal. Dragging along an axis marks what passes; the table
//! shows the rest no more.

use std::collections::BTreeSet;

use eframe::egui::{self, Align2, Pos2, Rect, Sense, pos2, vec2};

use super::ResultsLocal;
use super::columns::Order;
use super::data::{ResultsView, SweepRow};
use super::filter::{Passing, axis_menu_ui};
use super::table;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::figures::ParallelAxis;

/// Above the axes, for their titles, and below them, in points.
const TITLES: f32 = 32.0;
const BELOW: f32 = 10.0;
/// At the left and the right, for the texts of the outer axes.
const ASIDE: f32 = 112.0;
/// How far beside an axis a drag still marks it.
const REACH: f32 = 14.0;
/// An edge of what is marked is meant that is nearer to the pointer than this.
const EDGE: f32 = 6.0;
/// A line is meant that is nearer to the pointer than this.
const NEAR: f32 = 7.0;
/// Texts of marks keep so much apart.
const MARK: f32 = 14.0;

/// Where everything stands.
struct Layout {
    plot: Rect,
    pitch: f32,
}

impl Layout {
    fn new(rect: Rect, axes: usize) -> Self {
        let aside = ASIDE.min(rect.width() * 0.18);
        let plot = Rect::from_min_max(
            rect.min + vec2(aside, TITLES),
            rect.max - vec2(aside, BELOW),
        );
        let pitch = plot.width() / (axes.max(2) - 1) as f32;
        Self { plot, pitch }
    }

    fn x(&self, axis: usize, axes: usize) -> f32 {
        match axes {
            0 | 1 => self.plot.center().x,
            _ => self.plot.left() + axis as f32 * self.pitch,
        }
    }

    fn y(&self, share: f64) -> f32 {
        self.plot.bottom() - self.plot.height() * share as f32
    }

    fn share(&self, y: f32) -> f64 {
        f64::from((self.plot.bottom() - y) / self.plot.height().max(1.0)).clamp(0.0, 1.0)
    }
}

pub fn coordinates_ui(
    ui: &mut egui::Ui,
    view: &ResultsView,
    order: &Order,
    height: f32,
    local: &mut ResultsLocal,
) {
    let size = vec2(ui.available_width(), height);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let axes = view.axes.len();
    let layout = Layout::new(rect, axes);
    let spoken = format!(
        "Parallel coordinates of {}, {} of them shown",
        crate::format::count(view.rows.len(), "row", "rows"),
        order.shown.len()
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &spoken));
    let near = response
        .hover_pos()
        .and_then(|pointer| nearest(view, &order.shown, &layout, pointer));
    lines_ui(ui, view, order, &layout, local);
    for axis in 0..axes {
        axis_ui(ui, view, axis, &layout, local);
    }
    for axis in 0..axes {
        title_ui(ui, view, axis, &layout, rect, local);
    }
    if local.hovered_line != near {
        local.hovered_line = near;
        ui.ctx().request_repaint();
    }
    let Some(near) = near else { return };
    let row = &view.rows[near];
    if response.clicked()
        && let Some(cell) = row.cells.first()
    {
        local.selected = BTreeSet::from([*cell]);
    }
    response.on_hover_text_at_pointer(sentence(view, row));
}

/// What a line stands for.
fn sentence(view: &ResultsView, row: &SweepRow) -> String {
    let result = match (row.goal, row.interval) {
        (Some(goal), Some(interval)) => format!(
            "{} {} ({})",
            view.goal_title(),
            view.goal_text(goal),
            view.interval_text(interval)
        ),
        (Some(goal), None) => format!("{} {}", view.goal_title(), view.goal_text(goal)),
        _ => format!("{}, no result yet", row.state_text),
    };
    format!("{}\n{result}", view.row_name(row))
}

/// The row whose line passes the pointer most nearly.
fn nearest(view: &ResultsView, order: &[usize], layout: &Layout, pointer: Pos2) -> Option<usize> {
    let axes = view.axes.len();
    if axes < 2 || !layout.plot.expand(NEAR).contains(pointer) {
        return None;
    }
    let place = ((pointer.x - layout.plot.left()) / layout.pitch).clamp(0.0, (axes - 1) as f32);
    let left = (place as usize).min(axes - 2);
    let part = f64::from(place) - left as f64;
    let distance = |row: &SweepRow| {
        let from = row.shares.get(left).copied().flatten()?;
        let to = row.shares.get(left + 1).copied().flatten()?;
        Some((layout.y(from + part * (to - from)) - pointer.y).abs())
    };
    (order.iter())
        .filter_map(|&index| Some((index, distance(&view.rows[index])?)))
        .filter(|(_, distance)| *distance <= NEAR)
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(index, _)| index)
}

/// All lines: what does not pass and what has no result at the back, then from the worst to the best, then what is selected.
fn lines_ui(
    ui: &egui::Ui,
    view: &ResultsView,
    order: &Order,
    layout: &Layout,
    local: &ResultsLocal,
) {
    let colors = tokens(ui);
    let painter = ui.painter();
    let line = |index: usize, stroke: egui::Stroke| {
        let mut points: Vec<Pos2> = Vec::with_capacity(view.axes.len());
        for (axis, share) in view.rows[index].shares.iter().enumerate() {
            // A row without a result ends before the goal.
            if let Some(share) = share {
                points.push(pos2(layout.x(axis, view.axes.len()), layout.y(*share)));
            }
        }
        if points.len() > 1 {
            painter.line(points, stroke);
        }
    };
    let faint = egui::Stroke::new(tokens::STROKE_THIN, colors.outline.gamma_multiply(0.7));
    for &index in &order.behind {
        line(index, faint);
    }
    // Many lines are told apart only where they are thin.
    let width = if order.above.len() > 150 { 1.0 } else { 1.6 };
    for &index in &order.above {
        let color = tokens::score(colors.dark, view.rows[index].score);
        line(index, egui::Stroke::new(width, color));
    }
    let mut loud: Vec<usize> = (0..view.rows.len())
        .filter(|&index| table::is_selected(view, index, local))
        .collect();
    loud.extend(local.hovered().filter(|&index| index < view.rows.len()));
    for index in loud {
        line(index, egui::Stroke::new(5.0, colors.surface));
        line(index, egui::Stroke::new(3.0, colors.trainable));
    }
}

/// One axis with its marks, and what is marked of it.
fn axis_ui(
    ui: &mut egui::Ui,
    view: &ResultsView,
    axis: usize,
    layout: &Layout,
    local: &mut ResultsLocal,
) {
    let colors = tokens(ui);
    let shown = &view.axes[axis];
    let x = layout.x(axis, view.axes.len());
    let plot = layout.plot;
    let reach = Rect::from_min_max(
        pos2(x - REACH, plot.top() - 4.0),
        pos2(x + REACH, plot.bottom() + 4.0),
    );
    let id = ui.make_persistent_id(("axis", axis));
    let response = ui.interact(reach, id, Sense::click_and_drag());
    brush(ui, axis, layout, &response, local);
    let painter = ui.painter();
    painter.vline(x, plot.y_range(), egui::Stroke::new(1.5, colors.control));
    if let Some(passing) = local.filter.of_axis(axis) {
        for (from, to) in ranges(passing, shown) {
            let marked = Rect::from_min_max(
                pos2(x - 7.0, layout.y(to) - 2.0),
                pos2(x + 7.0, layout.y(from) + 2.0),
            );
            painter.rect_filled(marked, 3.0, colors.accent.gamma_multiply(0.28));
            let stroke = egui::Stroke::new(tokens::STROKE_THIN, colors.accent);
            painter.rect_stroke(marked, 3.0, stroke, egui::StrokeKind::Inside);
        }
    }
    marks_ui(ui, shown, axis, view.axes.len(), x, layout);
    if response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeVertical);
    }
}

fn ranges(passing: &Passing, axis: &ParallelAxis) -> Vec<(f64, f64)> {
    match passing {
        Passing::Between(from, to) => vec![(*from, *to)],
        Passing::Marks(marks) => (marks.iter())
            .filter_map(|&mark| axis.ticks.get(mark))
            .map(|(share, _)| ((share - 0.02).max(0.0), (share + 0.02).min(1.0)))
            .collect(),
    }
}

/// What a drag along the axis marks; a click takes it back.
fn brush(
    ui: &egui::Ui,
    axis: usize,
    layout: &Layout,
    response: &egui::Response,
    local: &mut ResultsLocal,
) {
    if response.clicked() {
        local.filter.set(axis, None);
    }
    let begun = ui.make_persistent_id(("brush", axis));
    if response.drag_started()
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
    {
        let share = layout.share(origin.y);
        let begins = match local.filter.of_axis(axis) {
            Some(Passing::Between(from, to)) => {
                let reach = f64::from(EDGE / layout.plot.height().max(1.0));
                grabbed((*from, *to), share, reach)
            }
            _ => (share, None),
        };
        ui.data_mut(|data| data.insert_temp(begun, begins));
    }
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
        && let Some((start, grabbed)) =
            ui.data(|data| data.get_temp::<(f64, Option<(f64, f64)>)>(begun))
    {
        let share = layout.share(pointer.y);
        let (from, to) = match grabbed {
            Some((from, to)) => {
                let moved = (share - start).clamp(-from, 1.0 - to);
                (from + moved, to + moved)
            }
            None => (start.min(share), start.max(share)),
        };
        local.filter.set(axis, Some(Passing::Between(from, to)));
    }
}

/// What a drag that begins at `share` does to what is marked: at an edge, up to `reach` away, the other edge stays and the mark is
/// drawn from there; within the mark, it moves; elsewhere a new one begins. Where it is drawn from, and what moves.
fn grabbed((from, to): (f64, f64), share: f64, reach: f64) -> (f64, Option<(f64, f64)>) {
    // A narrow mark can still be moved by its middle.
    let within = reach.min((to - from) / 4.0);
    let is_at = |edge: f64, outwards: f64| {
        let beyond = (share - edge) * outwards;
        (-within..=reach).contains(&beyond)
    };
    if is_at(from, -1.0) {
        (to, None)
    } else if is_at(to, 1.0) {
        (from, None)
    } else if (from..=to).contains(&share) {
        (share, Some((from, to)))
    } else {
        (share, None)
    }
}

fn marks_ui(
    ui: &egui::Ui,
    shown: &ParallelAxis,
    axis: usize,
    axes: usize,
    x: f32,
    layout: &Layout,
) {
    let colors = tokens(ui);
    let painter = ui.painter();
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let is_last = axis + 1 == axes;
    let room = if axis == 0 || is_last {
        (layout.plot.left() - ui.max_rect().left()).max(40.0) - 12.0
    } else {
        (layout.pitch * 0.5).max(30.0)
    };
    let mut last = f32::INFINITY;
    for (share, text) in &shown.ticks {
        let y = layout.y(*share);
        painter.hline(x - 3.0..=x + 3.0, y, egui::Stroke::new(1.0, colors.control));
        if last - y < MARK {
            continue;
        }
        last = y;
        let text = shown_name(text);
        let galley = widgets::elided_galley(ui, room, &text, font.clone(), colors.text_muted);
        let size = galley.size();
        let at = match is_last {
            true => pos2(x + 8.0, y - size.y / 2.0),
            false => pos2(x - 8.0 - size.x, y - size.y / 2.0),
        };
        // On a ground of its own: lines pass behind it.
        let ground = Rect::from_min_size(at, size).expand2(vec2(3.0, 0.0));
        painter.rect_filled(ground, 3.0, colors.surface);
        painter.galley(at, galley, colors.text_muted);
    }
    if shown.ticks.is_empty() {
        let middle = layout.plot.center().y;
        painter.text(
            pos2(x, middle),
            Align2::CENTER_CENTER,
            "–",
            font,
            colors.text_faint,
        );
    }
}

/// The title, which opens the menu that filters by the axis.
fn title_ui(
    ui: &mut egui::Ui,
    view: &ResultsView,
    axis: usize,
    layout: &Layout,
    rect: Rect,
    local: &mut ResultsLocal,
) {
    let axes = view.axes.len();
    let x = layout.x(axis, axes);
    let outer = 2.0 * (layout.plot.left() - rect.left());
    let width = if axis == 0 || axis + 1 == axes {
        outer.max(60.0).min(layout.pitch.max(outer))
    } else {
        layout.pitch - 6.0
    };
    let place = Rect::from_center_size(
        pos2(x, rect.top() + TITLES / 2.0 - 2.0),
        vec2(width, TITLES - 6.0),
    )
    .intersect(rect);
    let title = &view.axes[axis].title;
    let is_marked = local.filter.of_axis(axis).is_some();
    let mark = if is_marked {
        format!("{} ", icon::FUNNEL)
    } else {
        String::new()
    };
    let colors = tokens(ui);
    let color = if is_marked {
        colors.accent
    } else {
        colors.text
    };
    let text = tokens::medium(format!("{mark}{}", shown_name(title)))
        .size(tokens::TEXT_SMALL)
        .color(color);
    let layout = egui::Layout::centered_and_justified(egui::Direction::LeftToRight);
    let mut inside = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(place)
            .layout(layout)
            .id_salt(("title", axis)),
    );
    let button = egui::Button::new(text)
        .frame_when_inactive(false)
        .truncate();
    let (response, _) = egui::containers::menu::MenuButton::from_button(button)
        .config(
            egui::containers::menu::MenuConfig::new()
                .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside),
        )
        .ui(&mut inside, |ui| {
            axis_menu_ui(ui, view, axis, &mut local.filter)
        });
    let response = response.accessible_name(format!("Filter by {title}"));
    let hint = format!("{title}\nClick to choose what passes, or drag along the axis");
    widgets::hover_text_above(response, &hint);
}

#[cfg(test)]
mod tests {
    use super::super::data::ResultsCache;
    use super::*;
    use crate::app::core::sweep::fakes;

    #[test]
    fn an_edge_is_dragged_the_middle_moves_and_elsewhere_begins_a_new_mark() {
        let mark = (0.2, 0.6);
        // The other edge stays.
        for share in [0.18, 0.2, 0.22] {
            assert_eq!(grabbed(mark, share, 0.03), (0.6, None), "{share}");
        }
        for share in [0.58, 0.6, 0.62] {
            assert_eq!(grabbed(mark, share, 0.03), (0.2, None), "{share}");
        }
        assert_eq!(grabbed(mark, 0.4, 0.03), (0.4, Some(mark)));
        assert_eq!(grabbed(mark, 0.1, 0.03), (0.1, None));
        assert_eq!(grabbed(mark, 0.9, 0.03), (0.9, None));
        let narrow = (0.5, 0.52);
        assert_eq!(grabbed(narrow, 0.51, 0.03), (0.51, Some(narrow)));
    }

    #[test]
    fn the_line_below_the_pointer_is_found() {
        let open = fakes::open(30, 30);
        let view = ResultsCache::default().view(&open, true).unwrap();
        let layout = Layout::new(
            Rect::from_min_size(pos2(0.0, 0.0), vec2(800.0, 300.0)),
            view.axes.len(),
        );
        let order: Vec<usize> = (0..view.rows.len()).collect();
        // On the goal's axis every line has a place of its own.
        let row = &view.rows[7];
        let share = row.shares[3].unwrap();
        let at = pos2(layout.x(3, 4), layout.y(share));
        let found = nearest(&view, &order, &layout, at).unwrap();
        let found = view.rows[found].shares[3].unwrap();
        assert!((found - share).abs() < 1e-9);
        assert_eq!(nearest(&view, &order, &layout, pos2(1.0, 1.0)), None);
        assert_eq!(nearest(&view, &[], &layout, at), None);
        assert!((layout.share(layout.y(0.25)) - 0.25).abs() < 1e-6);
    }
}
