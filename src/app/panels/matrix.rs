//! A matrix of classes against classes: a confusion matrix, or the difference of two. Drawn as cells
//! while they can be read, as one picture while they can't; only what is in sight is drawn.

use eframe::egui::{self, Align2, Color32, Rect, Sense, pos2, vec2};

use super::{format, widgets};
use crate::app::tokens::{self, Tokens, icon, tokens};

/// Cells are not larger than this, in points, however few there are.
const LARGEST: f32 = 110.0;
/// The largest cell that zooming reaches.
const NEAREST: f32 = 64.0;
/// Below this, cells are drawn as one picture.
const SMALLEST_DRAWN: f32 = 7.0;
/// From this on, rows and columns bear their names, and cells …
const SMALLEST_NAMED: f32 = 11.0;
/// … their numbers.
const SMALLEST_NUMBERED: f32 = 24.0;
/// Up to this many cells in sight, each can be reached by the keyboard and read out by itself.
const SPOKEN: usize = 100;
/// The most room that names take beside and above the cells, in points.
const WIDEST_NAMES: f32 = 110.0;

/// What a cell's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Shown {
    #[default]
    Counts,
    /// Share of the pictures of the true class.
    ByRow,
    /// Share of the pictures of the predicted class.
    ByColumn,
    /// Pictures more or less than in another run.
    Change,
}

/// Plain data of a matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MatrixView {
    /// In the order of rows and of columns.
    pub classes: Vec<String>,
    /// `cells[row * classes + column]`: pictures of class `row` that were taken for class `column`,
    /// or by how many there are more than in another run.
    pub cells: Vec<i64>,
    pub shown: Shown,
    /// Pictures of each class, and pictures taken for it.
    pub truths: Vec<u64>,
    pub predictions: Vec<u64>,
    /// The largest cell, which takes the full colour.
    pub most: i64,
    /// Changes whenever anything above does.
    pub stamp: u64,
}

impl MatrixView {
    /// `cell(truth, predicted)` for classes by their places in `names`, laid out in `order`.
    pub fn new(
        names: &[String],
        order: &[usize],
        shown: Shown,
        stamp: u64,
        cell: impl Fn(usize, usize) -> i64,
    ) -> Self {
        let n = order.len();
        let mut cells = Vec::with_capacity(n * n);
        for &row in order {
            cells.extend(order.iter().map(|&column| cell(row, column)));
        }
        let sum = |places: &mut dyn Iterator<Item = usize>| {
            places.map(|place| cells[place].max(0) as u64).sum::<u64>()
        };
        let truths = (0..n)
            .map(|row| sum(&mut (row * n..(row + 1) * n)))
            .collect();
        let predictions = (0..n)
            .map(|column| sum(&mut (0..n).map(|row| row * n + column)))
            .collect();
        Self {
            classes: order.iter().map(|&class| names[class].clone()).collect(),
            most: cells.iter().map(|cell| cell.abs()).max().unwrap_or(0),
            cells,
            shown,
            truths,
            predictions,
            stamp,
        }
    }

    pub fn len(&self) -> usize {
        self.classes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    pub fn cell(&self, row: usize, column: usize) -> i64 {
        self.cells[row * self.classes.len() + column]
    }

    /// How much of the full colour a cell takes, 0 to 1.
    fn strength(&self, row: usize, column: usize) -> f64 {
        let value = self.cell(row, column).unsigned_abs() as f64;
        let whole = match self.shown {
            Shown::Counts | Shown::Change => self.most as f64,
            Shown::ByRow => self.truths[row] as f64,
            Shown::ByColumn => self.predictions[column] as f64,
        };
        if whole > 0.0 { value / whole } else { 0.0 }
    }

    /// What stands in a cell.
    pub fn text(&self, row: usize, column: usize) -> String {
        let value = self.cell(row, column);
        let share = |whole: u64| {
            if value == 0 || whole == 0 {
                "0".to_owned()
            } else {
                format!("{:.0} %", value as f64 / whole as f64 * 100.0)
            }
        };
        match self.shown {
            Shown::Counts => format::count(value.unsigned_abs()),
            Shown::ByRow => share(self.truths[row]),
            Shown::ByColumn => share(self.predictions[column]),
            Shown::Change if value == 0 => "0".into(),
            Shown::Change if value > 0 => format!("+{value}"),
            Shown::Change => format!("−{}", value.unsigned_abs()),
        }
    }

    /// What a cell says, in words.
    pub fn sentence(&self, row: usize, column: usize) -> String {
        let (truth, predicted) = (&self.classes[row], &self.classes[column]);
        let value = self.cell(row, column);
        let pictures = format::plural(value.unsigned_abs(), "picture", "pictures");
        if self.shown == Shown::Change {
            let deed = if row == column {
                format!("{truth} recognised")
            } else {
                format!("{truth} taken for {predicted}")
            };
            return match value {
                0 => format!("{deed}: as many as before"),
                1.. => format!("{deed}: {pictures} more"),
                _ => format!("{deed}: {pictures} fewer"),
            };
        }
        let deed = if row == column {
            format!("{pictures} of {truth} recognised")
        } else {
            format!("{pictures} of {truth} taken for {predicted}")
        };
        let of = |whole: u64, what: &str| {
            let share = if whole > 0 {
                value as f64 / whole as f64
            } else {
                0.0
            };
            format!(
                "{} of {} {what}",
                format::percent(share),
                format::count(whole)
            )
        };
        format!(
            "{deed}: {}, {}",
            of(self.truths[row], &format!("of class {truth}")),
            of(self.predictions[column], &format!("taken for {predicted}"))
        )
    }

    fn color(&self, row: usize, column: usize, colors: &Tokens) -> Color32 {
        let value = self.cell(row, column);
        let full = match (self.shown, row == column) {
            (Shown::Change, diagonal) => {
                if (value > 0) == diagonal {
                    colors.success
                } else {
                    colors.danger
                }
            }
            (_, true) => colors.accent_fill,
            (_, false) => colors.danger,
        };
        if value == 0 {
            return colors.sunken;
        }
        // Few pictures stay visible beside many.
        let strength = self.strength(row, column).powf(0.55) as f32;
        colors.sunken.lerp_to_gamma(full, 0.1 + 0.9 * strength)
    }

    /// The matrix as lines of text, for tests.
    pub fn lines(&self) -> String {
        let line = |row: usize| {
            let cells: Vec<String> = (0..self.len())
                .map(|column| self.text(row, column))
                .collect();
            format!("{}: {}", self.classes[row], cells.join(" "))
        };
        (0..self.len()).map(line).collect::<Vec<_>>().join("\n")
    }
}

/// What a matrix remembers between frames.
#[derive(Default)]
pub struct MatrixLocal {
    /// Side of a cell in points; what fits while absent.
    zoom: Option<f32>,
    /// How far the cells are moved to the left and upwards.
    offset: egui::Vec2,
    /// The cell that the keyboard is at.
    focus: (usize, usize),
    picture: Option<(u64, bool, egui::TextureHandle)>,
}

impl MatrixLocal {
    /// Which part is in sight.
    pub fn seen(&self) -> (Option<f32>, egui::Vec2) {
        (self.zoom, self.offset)
    }

    /// Shows the same part as `other`.
    pub fn follow(&mut self, other: &Self) {
        (self.zoom, self.offset) = other.seen();
    }
}

/// Buttons that zoom, for those without a wheel.
pub fn zoom_ui(ui: &mut egui::Ui, local: &mut MatrixLocal, cell: f32) {
    let change = |local: &mut MatrixLocal, factor: f32| {
        local.zoom = Some((local.zoom.unwrap_or(cell) * factor).clamp(1.0, LARGEST));
    };
    let tooltip = "Make the cells smaller (Ctrl and the wheel over the matrix)";
    if widgets::icon_button(ui, icon::MINUS, "Zoom out", tooltip).clicked() {
        change(local, 1.0 / 1.5);
    }
    let tooltip = "Make the cells larger (Ctrl and the wheel over the matrix); drag to move";
    if widgets::icon_button(ui, icon::PLUS, "Zoom in", tooltip).clicked() {
        change(local, 1.5);
    }
    let tooltip = "Show the whole matrix";
    if widgets::icon_button(ui, icon::ARROWS_OUT, "Show the whole matrix", tooltip).clicked() {
        local.zoom = None;
        local.offset = egui::Vec2::ZERO;
    }
}

/// Where the parts of a matrix stand.
struct Place {
    cells: Rect,
    cell: f32,
    offset: egui::Vec2,
    named: bool,
    upright: bool,
}

/// Draws the matrix in a room of `size`; the cell that was chosen, as row and column, and how large
/// cells are.
pub fn matrix_ui(
    ui: &mut egui::Ui,
    view: &MatrixView,
    local: &mut MatrixLocal,
    size: egui::Vec2,
    name: &str,
) -> (Option<(usize, usize)>, f32) {
    let colors = tokens(ui);
    let n = view.len();
    if n == 0 {
        return (None, 0.0);
    }
    let room = Rect::from_min_size(ui.cursor().min, size);
    let mut place = layout(ui, view, local, room);
    // No more than the cells take: a small matrix leaves no hole.
    let taken = place.cells.max - room.min + vec2(2.0, 2.0);
    let (rect, _) = ui.allocate_exact_size(taken.min(size), Sense::hover());
    place.cells = place.cells.translate(rect.min - room.min);
    let id = ui.make_persistent_id(("matrix", name));
    let area = ui.interact(place.cells, id, Sense::click_and_drag());
    steer(ui, &area, view, local, &mut place, rect);
    local.offset = place.offset;

    let painter = ui.painter_at(place.cells);
    painter.rect_filled(place.cells, 0.0, colors.sunken);
    let rows = in_sight(place.offset.y, place.cells.height(), place.cell, n);
    let columns = in_sight(place.offset.x, place.cells.width(), place.cell, n);
    if place.cell < SMALLEST_DRAWN {
        picture_ui(ui, &painter, view, local, &place);
    } else {
        cells_ui(ui, &painter, view, &place, &rows, &columns);
    }
    names_ui(ui, view, &place, rect, &rows, &columns);

    let mut chosen = None;
    let at = |position: egui::Pos2| {
        let inside = (position - place.cells.min + place.offset) / place.cell;
        let (row, column) = (inside.y.floor(), inside.x.floor());
        (row >= 0.0 && column >= 0.0 && (row as usize) < n && (column as usize) < n)
            .then_some((row as usize, column as usize))
    };
    if rows.len() * columns.len() <= SPOKEN && place.cell >= SMALLEST_NUMBERED {
        for row in rows.clone() {
            for column in columns.clone() {
                let cell = cell_rect(&place, row, column).intersect(place.cells);
                let response = ui.interact(cell, id.with((row, column)), Sense::click());
                let sentence = view.sentence(row, column);
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &sentence)
                });
                if response.hovered() || response.has_focus() {
                    outline(&painter, &place, row, column, colors);
                }
                if response.on_hover_text(sentence).clicked() {
                    chosen = Some((row, column));
                }
            }
        }
    } else {
        if area.has_focus() {
            outline(&painter, &place, local.focus.0, local.focus.1, colors);
        }
        let spoken = view.sentence(local.focus.0.min(n - 1), local.focus.1.min(n - 1));
        area.widget_info(|| {
            let text = format!("{name}, {n} classes. {spoken}");
            egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, text)
        });
        if let Some((row, column)) = area.hover_pos().and_then(at) {
            outline(&painter, &place, row, column, colors);
            let sentence = view.sentence(row, column);
            area.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(sentence);
            });
        }
        if area.clicked() {
            chosen = area.interact_pointer_pos().and_then(at);
            local.focus = chosen.unwrap_or(local.focus);
        }
        let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
        if area.has_focus() && enter {
            chosen = Some((local.focus.0.min(n - 1), local.focus.1.min(n - 1)));
        }
    }
    (chosen, place.cell)
}

/// The first and the last but one of `n` cells that a room of `length` points shows.
fn in_sight(offset: f32, length: f32, cell: f32, n: usize) -> std::ops::Range<usize> {
    let first = (offset / cell).floor().max(0.0) as usize;
    let last = ((offset + length) / cell).ceil().max(0.0) as usize;
    first.min(n)..last.min(n)
}

fn layout(ui: &egui::Ui, view: &MatrixView, local: &MatrixLocal, rect: Rect) -> Place {
    let n = view.len() as f32;
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    // The longest names by their letters, measured: measuring hundreds every frame would take long.
    let mut longest: Vec<&String> = view.classes.iter().collect();
    longest.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
    let widest = longest
        .iter()
        .take(4)
        .map(|name| {
            let galley =
                ui.painter()
                    .layout_no_wrap((*name).clone(), font.clone(), Color32::PLACEHOLDER);
            galley.size().x
        })
        .fold(0.0, f32::max);
    let title = tokens::TEXT_SMALL + 6.0;
    let names = (widest + 8.0).min(WIDEST_NAMES);
    let fit = |left: f32, top: f32| {
        ((rect.width() - left) / n)
            .min((rect.height() - top) / n)
            .min(LARGEST)
    };
    // With names if cells are then large enough to bear them; names lie flat if they fit so.
    let flat = title + tokens::TEXT_SMALL + 8.0;
    let of = |named: bool, upright: bool| {
        let left = title + if named { names } else { 2.0 };
        let top = match (named, upright) {
            (false, _) => title + 2.0,
            (true, false) => flat,
            (true, true) => title + names,
        };
        let cell = local.zoom.unwrap_or_else(|| fit(left, top));
        (left, top, cell)
    };
    let (mut left, mut top, mut cell) = of(true, false);
    let (mut named, mut upright) = (true, false);
    if cell < widest + 6.0 {
        (left, top, cell) = of(true, true);
        upright = true;
    }
    if cell < SMALLEST_NAMED {
        (left, top, cell) = of(false, false);
        (named, upright) = (cell >= SMALLEST_NAMED, false);
        if named {
            // Without names it would just bear them: rather smaller than jumping to and fro.
            (named, cell) = (false, SMALLEST_NAMED - 0.5);
        }
    }
    let cell = cell.max(0.5);
    let room = vec2(rect.width() - left, rect.height() - top).max(vec2(1.0, 1.0));
    let whole = n * cell;
    let cells = Rect::from_min_size(
        rect.min + vec2(left, top),
        vec2(room.x.min(whole), room.y.min(whole)),
    );
    let most = vec2(whole, whole) - cells.size();
    Place {
        cells,
        cell,
        offset: local
            .offset
            .clamp(egui::Vec2::ZERO, most.max(egui::Vec2::ZERO)),
        named,
        upright,
    }
}

/// Wheel, drag and arrow keys.
fn steer(
    ui: &egui::Ui,
    area: &egui::Response,
    view: &MatrixView,
    local: &mut MatrixLocal,
    place: &mut Place,
    rect: Rect,
) {
    let n = view.len();
    let whole = n as f32 * place.cell;
    let most = (vec2(whole, whole) - place.cells.size()).max(egui::Vec2::ZERO);
    let pointer = ui
        .ctx()
        .pointer_hover_pos()
        .filter(|position| place.cells.contains(*position) && ui.rect_contains_pointer(rect));
    if let Some(pointer) = pointer {
        let zoom = ui.input(egui::InputState::zoom_delta);
        if (zoom - 1.0).abs() > 1e-3 {
            let inside = (pointer - place.cells.min + place.offset) / place.cell;
            let cell = (place.cell * zoom).clamp(1.0, NEAREST.max(place.cell));
            local.zoom = Some(cell);
            place.offset = inside * cell - (pointer - place.cells.min);
            ui.ctx().request_repaint();
        }
        let scroll = ui.input(|input| input.smooth_scroll_delta());
        if scroll != egui::Vec2::ZERO && most != egui::Vec2::ZERO {
            let moved = (place.offset - scroll).clamp(egui::Vec2::ZERO, most);
            if moved != place.offset {
                place.offset = moved;
                ui.input_mut(|input| input.smooth_scroll_delta = egui::Vec2::ZERO);
            }
        }
    }
    if area.dragged() {
        place.offset -= area.drag_delta();
    }
    if area.has_focus() {
        let step = |key| ui.input(|input| input.key_pressed(key));
        let (mut row, mut column) = local.focus;
        if step(egui::Key::ArrowDown) {
            row = (row + 1).min(n - 1);
        }
        if step(egui::Key::ArrowUp) {
            row = row.saturating_sub(1);
        }
        if step(egui::Key::ArrowRight) {
            column = (column + 1).min(n - 1);
        }
        if step(egui::Key::ArrowLeft) {
            column = column.saturating_sub(1);
        }
        if (row, column) != local.focus {
            local.focus = (row, column);
            let corner = vec2(column as f32, row as f32) * place.cell;
            let end = corner + vec2(place.cell, place.cell) - place.cells.size();
            place.offset = place.offset.max(end).min(corner);
        }
        ui.memory_mut(|memory| {
            memory.set_focus_lock_filter(
                area.id,
                egui::EventFilter {
                    horizontal_arrows: true,
                    vertical_arrows: true,
                    ..Default::default()
                },
            );
        });
    }
    place.offset = place.offset.clamp(egui::Vec2::ZERO, most);
}

fn cell_rect(place: &Place, row: usize, column: usize) -> Rect {
    let corner = place.cells.min - place.offset + vec2(column as f32, row as f32) * place.cell;
    Rect::from_min_size(corner, vec2(place.cell, place.cell))
}

fn outline(painter: &egui::Painter, place: &Place, row: usize, column: usize, colors: &Tokens) {
    let rect = cell_rect(place, row, column);
    let stroke = egui::Stroke::new(1.5, colors.text);
    painter.rect_stroke(rect.expand(0.5), 1.0, stroke, egui::StrokeKind::Inside);
    if place.cell < SMALLEST_NUMBERED {
        // The cross leads the eye to a cell of a few points.
        let faint = egui::Stroke::new(1.0, colors.text_faint);
        painter.hline(place.cells.left()..=rect.left(), rect.center().y, faint);
        painter.vline(rect.center().x, place.cells.top()..=rect.top(), faint);
    }
}

fn cells_ui(
    ui: &egui::Ui,
    painter: &egui::Painter,
    view: &MatrixView,
    place: &Place,
    rows: &std::ops::Range<usize>,
    columns: &std::ops::Range<usize>,
) {
    let colors = tokens(ui);
    let gap = if place.cell >= SMALLEST_NUMBERED {
        1.0
    } else {
        0.5
    };
    let numbered = place.cell >= SMALLEST_NUMBERED;
    let size = (place.cell * 0.3).clamp(9.0, tokens::TEXT_LARGE);
    for row in rows.clone() {
        for column in columns.clone() {
            let rect = cell_rect(place, row, column).shrink(gap);
            let fill = view.color(row, column, colors);
            painter.rect_filled(rect, if numbered { 3.0 } else { 0.0 }, fill);
            if !numbered {
                continue;
            }
            let text = view.text(row, column);
            let color = if view.cell(row, column) == 0 {
                colors.text_faint
            } else {
                readable(fill, colors)
            };
            let font = tokens::medium_font(size);
            let galley = painter.layout_no_wrap(text, font, color);
            // A number that does not fit would run into its neighbours; hovering says it.
            if galley.size().x <= rect.width() - 2.0 {
                painter.galley(rect.center() - galley.size() / 2.0, galley, color);
            }
        }
    }
}

/// Text that stands out of `fill`.
fn readable(fill: Color32, colors: &Tokens) -> Color32 {
    let light = |color: Color32| {
        0.299 * f32::from(color.r()) + 0.587 * f32::from(color.g()) + 0.114 * f32::from(color.b())
    };
    let of = |color: Color32| (light(color) - light(fill)).abs();
    if of(colors.text) >= of(colors.on_accent) {
        colors.text
    } else {
        colors.on_accent
    }
}

/// All cells as one picture, made when something has changed.
fn picture_ui(
    ui: &egui::Ui,
    painter: &egui::Painter,
    view: &MatrixView,
    local: &mut MatrixLocal,
    place: &Place,
) {
    let colors = tokens(ui);
    let n = view.len();
    let known = matches!(&local.picture, Some((stamp, dark, _)) if (*stamp, *dark) == (view.stamp, colors.dark));
    if !known {
        let pixels = (0..n * n)
            .map(|cell| view.color(cell / n, cell % n, colors))
            .collect();
        let image = egui::ColorImage::new([n, n], pixels);
        let options = egui::TextureOptions {
            magnification: egui::TextureFilter::Nearest,
            ..egui::TextureOptions::LINEAR
        };
        let texture = ui.ctx().load_texture("matrix", image, options);
        local.picture = Some((view.stamp, colors.dark, texture));
    }
    if let Some((_, _, texture)) = &local.picture {
        let whole = n as f32 * place.cell;
        let from = place.offset / whole;
        let to = (place.offset + place.cells.size()) / whole;
        let uv = Rect::from_min_max(from.to_pos2(), to.to_pos2());
        painter.image(texture.id(), place.cells, uv, Color32::WHITE);
    }
}

fn names_ui(
    ui: &egui::Ui,
    view: &MatrixView,
    place: &Place,
    rect: Rect,
    rows: &std::ops::Range<usize>,
    columns: &std::ops::Range<usize>,
) {
    let colors = tokens(ui);
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let title = tokens::TEXT_SMALL + 6.0;
    let painter = ui.painter_at(rect);
    painter.text(
        pos2(place.cells.center().x, rect.top()),
        Align2::CENTER_TOP,
        "Predicted class",
        small.clone(),
        colors.text_muted,
    );
    let galley = painter.layout_no_wrap("True class".into(), small.clone(), colors.text_muted);
    let length = galley.size().x;
    let corner = pos2(rect.left(), place.cells.center().y + length / 2.0);
    painter.add(
        egui::epaint::TextShape::new(corner, galley, colors.text_muted)
            .with_angle(-std::f32::consts::FRAC_PI_2),
    );
    if !place.named {
        return;
    }
    let beside = Rect::from_min_max(
        pos2(rect.left() + title, place.cells.top()),
        pos2(place.cells.left(), place.cells.bottom()),
    );
    let painter = ui.painter_at(beside);
    for row in rows.clone() {
        let y = cell_rect(place, row, 0).center().y;
        let galley = elided(
            ui,
            &view.classes[row],
            beside.width() - 6.0,
            small.clone(),
            colors.text,
        );
        let corner = pos2(
            beside.right() - 5.0 - galley.size().x,
            y - galley.size().y / 2.0,
        );
        painter.galley(corner, galley, colors.text);
    }
    let above = Rect::from_min_max(
        pos2(place.cells.left(), rect.top() + title),
        pos2(place.cells.right(), place.cells.top()),
    );
    let painter = ui.painter_at(above);
    for column in columns.clone() {
        let x = cell_rect(place, 0, column).center().x;
        let room = if place.upright {
            above.height() - 6.0
        } else {
            place.cell - 4.0
        };
        let galley = elided(ui, &view.classes[column], room, small.clone(), colors.text);
        if place.upright {
            let corner = pos2(x - galley.size().y / 2.0, above.bottom() - 4.0);
            painter.add(
                egui::epaint::TextShape::new(corner, galley, colors.text)
                    .with_angle(-std::f32::consts::FRAC_PI_2),
            );
        } else {
            let corner = pos2(
                x - galley.size().x / 2.0,
                above.bottom() - 3.0 - galley.size().y,
            );
            painter.galley(corner, galley, colors.text);
        }
    }
}

fn elided(
    ui: &egui::Ui,
    text: &str,
    width: f32,
    font: egui::FontId,
    color: Color32,
) -> std::sync::Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(1.0));
    ui.painter().layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(shown: Shown) -> MatrixView {
        let counts = [[8, 2, 0], [1, 4, 0], [0, 0, 0]];
        let names = ["cat", "dog", "owl"].map(str::to_owned);
        MatrixView::new(&names, &[1, 0, 2], shown, 1, |row, column| {
            counts[row][column]
        })
    }

    #[test]
    fn cells_follow_the_order_of_classes() {
        assert_eq!(
            view(Shown::Counts).lines(),
            "dog: 4 1 0\ncat: 2 8 0\nowl: 0 0 0"
        );
        assert_eq!(
            view(Shown::ByRow).lines(),
            "dog: 80 % 20 % 0\ncat: 20 % 80 % 0\nowl: 0 0 0"
        );
        assert_eq!(
            view(Shown::ByColumn).lines(),
            "dog: 67 % 11 % 0\ncat: 33 % 89 % 0\nowl: 0 0 0"
        );
    }

    #[test]
    fn a_cell_says_what_it_means() {
        let view = view(Shown::Counts);
        assert_eq!(
            view.sentence(1, 0),
            "2 pictures of cat taken for dog: 20.0 % of 10 of class cat, 33.3 % of 6 taken for dog"
        );
        assert_eq!(
            view.sentence(2, 2),
            "0 pictures of owl recognised: 0.0 % of 0 of class owl, 0.0 % of 0 taken for owl"
        );
        let names = ["cat", "dog"].map(str::to_owned);
        let change = [[3, -3], [-1, 1]];
        let view = MatrixView::new(&names, &[0, 1], Shown::Change, 1, |row, column| {
            change[row][column]
        });
        assert_eq!(view.lines(), "cat: +3 −3\ndog: −1 +1");
        assert_eq!(view.sentence(0, 1), "cat taken for dog: 3 pictures fewer");
        assert_eq!(view.sentence(1, 1), "dog recognised: 1 picture more");
    }

    #[test]
    fn only_cells_in_sight_are_counted() {
        assert_eq!(in_sight(0.0, 100.0, 10.0, 300), 0..10);
        assert_eq!(in_sight(45.0, 100.0, 10.0, 300), 4..15);
        assert_eq!(in_sight(2_950.0, 100.0, 10.0, 300), 295..300);
    }
}
