//! Tables of short texts that take the whole width. Numbers stand at the right of their column, under the right end of
//! its head. No column is cut off: what does not fit scrolls sideways, and only rows in sight are drawn.

use std::ops::Range;

use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, pos2, vec2};

use super::names::shown_name;
use super::tokens::{self, Tokens, icon, tokens};
use super::widgets;

/// Height of a row and of a line of heads, in points.
pub const ROW: f32 = tokens::ROW_HEIGHT + 2.0;
/// Rooms that are narrower have no points to give away.
const NARROW: f32 = 420.0;
/// What a run's dot takes in front of a name, and a row that belongs to the one above.
const DOT: f32 = 16.0;
const INDENT: f32 = tokens::SPACE_M;
/// Room for the mark of the column that sorts.
const SORT_MARK: f32 = 14.0;

/// The digit that takes the most room: those of a number are not equally wide.
const WIDEST_DIGIT: &str = "0";

/// The ground of a row of `egui_table`.
pub fn row_ground(ui: &egui::Ui, row: u64, is_selected: bool, is_hovered: bool) {
    let colors = tokens(ui);
    let color = if is_selected {
        colors.accent_faint
    } else if is_hovered {
        colors.raised_hover
    } else if row % 2 == 1 {
        colors.faint
    } else {
        return;
    };
    ui.painter().rect_filled(ui.max_rect(), 0.0, color);
}

/// Around the cell of `egui_table` that has the keyboard.
pub fn focus_ring(ui: &egui::Ui) {
    let stroke = egui::Stroke::new(tokens::STROKE_THIN, tokens(ui).accent);
    ui.painter()
        .rect_stroke(ui.max_rect(), 0.0, stroke, egui::StrokeKind::Inside);
}

/// At which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Head {
    title: String,
    tooltip: String,
    side: Side,
    widest: f32,
    dot: Option<Color32>,
    group: Option<usize>,
}

impl Head {
    /// Of a column of names.
    pub fn text(title: impl Into<String>, tooltip: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            tooltip: tooltip.into(),
            side: Side::Left,
            widest: 320.0,
            dot: None,
            group: None,
        }
    }

    /// Of a column of numbers.
    pub fn number(title: impl Into<String>, tooltip: impl Into<String>) -> Self {
        Self {
            side: Side::Right,
            ..Self::text(title, tooltip)
        }
    }

    /// No cell asks for more than this, in points; longer texts end in an ellipsis and are whole in their tooltip.
    pub fn widest(self, widest: f32) -> Self {
        Self { widest, ..self }
    }

    /// With a run's dot.
    pub fn dot(self, color: Color32) -> Self {
        Self {
            dot: Some(color),
            ..self
        }
    }

    /// Under the head of heads with this index.
    pub fn of_group(self, group: usize) -> Self {
        Self {
            group: Some(group),
            ..self
        }
    }
}

/// How loud a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    #[default]
    Plain,
    Strong,
    Muted,
}

/// How close together columns stand.
#[derive(Debug, Clone, Copy)]
struct Density {
    /// At both sides of a cell, in points.
    margin: f32,
    /// Columns of text become no narrower than this, in points; then the table scrolls.
    narrowest: f32,
    /// Whether every column has room for the mark of the one that sorts: then no width changes with the order.
    keeps_room_for_mark: bool,
}

impl Density {
    fn of(room: f32) -> Self {
        let is_narrow = room < NARROW;
        Self {
            margin: if is_narrow { tokens::SPACE_XS } else { 6.0 },
            narrowest: if is_narrow { 64.0 } else { 128.0 },
            keeps_room_for_mark: !is_narrow,
        }
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub text: String,
    pub weight: Weight,
    pub tooltip: String,
    pub dot: Option<Color32>,
    /// A bar behind the text, a share of the cell from 0 to 1.
    pub bar: Option<f32>,
    /// The row belongs to the one above.
    pub is_indented: bool,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub fn strong(text: impl Into<String>) -> Self {
        Self {
            weight: Weight::Strong,
            ..Self::new(text)
        }
    }

    pub fn muted(text: impl Into<String>) -> Self {
        Self {
            weight: Weight::Muted,
            ..Self::new(text)
        }
    }

    pub fn tooltip(self, tooltip: impl Into<String>) -> Self {
        Self {
            tooltip: tooltip.into(),
            ..self
        }
    }

    fn font(&self) -> FontId {
        match self.weight {
            Weight::Strong => tokens::semibold_font(tokens::TEXT_BODY),
            Weight::Plain | Weight::Muted => FontId::proportional(tokens::TEXT_BODY),
        }
    }

    /// What stands in front of the text.
    fn before(&self) -> f32 {
        let dot = if self.dot.is_some() { DOT } else { 0.0 };
        dot + if self.is_indented { INDENT } else { 0.0 }
    }
}

/// The order after a click on the head of `column`, which begins with the largest where `descending`: so, then the other way,
/// then as it was at first. An order is the column that sorts, and whether its largest stand first.
pub fn next_order<C: PartialEq>(
    now: Option<(C, bool)>,
    column: C,
    descending: bool,
) -> Option<(C, bool)> {
    match now {
        Some((sorted, down)) if sorted == column => {
            (down == descending).then_some((column, !descending))
        }
        _ => Some((column, descending)),
    }
}

/// What was clicked, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableResponse {
    pub head: Option<usize>,
    pub row: Option<usize>,
}

/// What the widths of a table's columns depend on: its contents, rows and columns, the column that has a mark, and the size of
/// a pixel.
type Key = (u64, (usize, usize), Option<Option<usize>>, u32);

/// A table; rows are made while they are drawn.
pub struct Table<'a> {
    name: &'a str,
    heads: &'a [Head],
    rows: usize,
    cell: &'a dyn Fn(usize, usize) -> Cell,
    groups: &'a [(String, Color32)],
    most_rows: usize,
    sorted: Option<Option<(usize, bool)>>,
    action: Option<&'a dyn Fn(usize) -> String>,
    faded: Option<&'a dyn Fn(usize) -> bool>,
    selected: Option<&'a dyn Fn(usize) -> bool>,
    contents: Option<u64>,
}

impl<'a> Table<'a> {
    /// `cell(row, column)` says what stands where.
    pub fn new(
        name: &'a str,
        heads: &'a [Head],
        rows: usize,
        cell: &'a dyn Fn(usize, usize) -> Cell,
    ) -> Self {
        Self {
            name,
            heads,
            rows,
            cell,
            groups: &[],
            most_rows: usize::MAX,
            sorted: None,
            action: None,
            faded: None,
            selected: None,
            contents: None,
        }
    }

    /// Heads of heads: titles with the colour of their run.
    pub fn groups(self, groups: &'a [(String, Color32)]) -> Self {
        Self { groups, ..self }
    }

    /// More rows than this scroll by themselves.
    pub fn most_rows(self, most_rows: usize) -> Self {
        Self { most_rows, ..self }
    }

    /// A click on a head asks for another order; the column that sorts now, and whether its largest stand first.
    pub fn sorted(self, sorted: Option<(usize, bool)>) -> Self {
        Self {
            sorted: Some(sorted),
            ..self
        }
    }

    /// A click on a row does something, which `action(row)` says in words.
    pub fn action(self, action: &'a dyn Fn(usize) -> String) -> Self {
        Self {
            action: Some(action),
            ..self
        }
    }

    /// Rows that stand back.
    pub fn faded(self, faded: &'a dyn Fn(usize) -> bool) -> Self {
        Self {
            faded: Some(faded),
            ..self
        }
    }

    /// Rows that are selected.
    pub fn selected(self, selected: &'a dyn Fn(usize) -> bool) -> Self {
        Self {
            selected: Some(selected),
            ..self
        }
    }

    /// A number that is another one whenever heads or cells may be others, whatever their order: the cells of long tables are
    /// then measured once for each, not in every frame.
    pub fn contents(self, contents: u64) -> Self {
        Self {
            contents: Some(contents),
            ..self
        }
    }

    pub fn show(self, ui: &mut egui::Ui) -> TableResponse {
        let density = Density::of(ui.available_width());
        let natural = self.remembered_widths(ui, density);
        // The bar of long tables stands beside the cells, not over the last column.
        let bar = match self.rows > self.most_rows {
            true => ui.spacing().scroll.allocated_width(),
            false => 0.0,
        };
        let room = ui.available_width() - bar;
        let widths = fitted(&natural, self.heads, room, density.narrowest);
        let whole: f32 = widths.iter().sum();
        let mut response = TableResponse::default();
        let scrolled = egui::ScrollArea::horizontal()
            .id_salt((self.name, "across"))
            .auto_shrink([false, true])
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
                ui.set_width(whole + bar);
                self.heads_ui(ui, &widths, density.margin, &mut response);
                if self.rows <= self.most_rows {
                    self.rows_ui(ui, &widths, density.margin, &mut response);
                    return ui.min_rect().y_range();
                }
                let height = self.most_rows as f32 * ROW;
                egui::ScrollArea::vertical()
                    .id_salt((self.name, "down"))
                    .auto_shrink([false, true])
                    .max_height(height)
                    .min_scrolled_height(height)
                    .show(ui, |ui| {
                        self.rows_ui(ui, &widths, density.margin, &mut response)
                    });
                ui.min_rect().y_range()
            });
        let beyond = (scrolled.content_size.x - scrolled.inner_rect.width()).max(0.0);
        let rect = Rect::from_x_y_ranges(scrolled.inner_rect.x_range(), scrolled.inner);
        fade_edges(ui, rect, scrolled.state.clamped_offset().x, beyond);
        response
    }

    /// [`Self::natural_widths`], measured anew when what they are made of is new.
    fn remembered_widths(&self, ui: &egui::Ui, density: Density) -> Vec<f32> {
        let Some(contents) = self.contents else {
            return self.natural_widths(ui, density);
        };
        let sorted = self.sorted.map(|sorted| match density.keeps_room_for_mark {
            true => None,
            false => sorted.map(|(column, _)| column),
        });
        let size = (self.rows, self.heads.len());
        let key = (contents, size, sorted, ui.pixels_per_point().to_bits());
        // Both densities of one table, where two views show it.
        let id = ui.make_persistent_id((self.name, "widths", density.keeps_room_for_mark));
        let known = ui.data(|data| data.get_temp::<(Key, Vec<f32>)>(id));
        if let Some((of, widths)) = known
            && of == key
        {
            return widths;
        }
        let widths = self.natural_widths(ui, density);
        ui.data_mut(|data| data.insert_temp(id, (key, widths.clone())));
        widths
    }

    /// What every column would take if there were room for all.
    fn natural_widths(&self, ui: &egui::Ui, density: Density) -> Vec<f32> {
        let measure = |text: &str, font: FontId| widgets::text_width(ui, text, font);
        let of = |(column, head): (usize, &Head)| {
            let has_mark = self.sorted.is_some_and(|sorted| {
                density.keeps_room_for_mark || sorted.is_some_and(|(by, _)| by == column)
            });
            let mark = if has_mark { SORT_MARK } else { 0.0 };
            let dot = if head.dot.is_some() { DOT } else { 0.0 };
            let title = measure(&head.title, head_font()) + mark + dot;
            // The longest by their letters, measured: measuring thousands in every frame would take long.
            let mut longest: Vec<Cell> = Vec::new();
            for row in 0..self.rows {
                let cell = (self.cell)(row, column);
                let length = |cell: &Cell| cell.text.len() + 3 * usize::from(cell.is_indented);
                let index = longest.partition_point(|other| length(other) >= length(&cell));
                if index < 3 {
                    longest.insert(index, cell);
                    longest.truncate(3);
                }
            }
            let cells = longest.iter().map(|cell| {
                let text = match head.side {
                    Side::Left => shown_name(&cell.text).into_owned(),
                    // As many digits may be wider in a row that isn't measured: each is as wide as the widest.
                    Side::Right => cell
                        .text
                        .replace(|c: char| c.is_ascii_digit(), WIDEST_DIGIT),
                };
                measure(&text, cell.font()) + cell.before()
            });
            cells.fold(title, f32::max).min(head.widest) + 2.0 * density.margin
        };
        self.heads.iter().enumerate().map(of).collect()
    }

    fn heads_ui(
        &self,
        ui: &mut egui::Ui,
        widths: &[f32],
        margin: f32,
        response: &mut TableResponse,
    ) {
        let colors = tokens(ui);
        let whole: f32 = widths.iter().sum();
        if !self.groups.is_empty() {
            let (line, _) = ui.allocate_exact_size(vec2(whole, ROW), Sense::hover());
            for (group, (title, color)) in self.groups.iter().enumerate() {
                let of_group = |index: &usize| self.heads[*index].group == Some(group);
                let columns: Vec<usize> = (0..self.heads.len()).filter(of_group).collect();
                if let (Some(&first), Some(&last)) = (columns.first(), columns.last()) {
                    let rect =
                        column_rect(line, widths, first).union(column_rect(line, widths, last));
                    let id = ui.make_persistent_id((self.name, "group", group));
                    let rect = rect.shrink2(vec2(margin, 0.0));
                    dotted_ui(ui, rect, id, title, Some(*color), Side::Left);
                }
            }
        }
        let (line, _) = ui.allocate_exact_size(vec2(whole, ROW), Sense::hover());
        for (column, head) in self.heads.iter().enumerate() {
            let rect = column_rect(line, widths, column);
            let id = ui.make_persistent_id((self.name, "head", column));
            match self.sorted {
                None => {
                    let rect = rect.shrink2(vec2(margin, 0.0));
                    let shown = dotted_ui(ui, rect, id, &head.title, head.dot, head.side);
                    if !head.tooltip.is_empty() {
                        shown.on_hover_text(&head.tooltip);
                    }
                }
                Some(sorted) => {
                    let sorted = sorted.filter(|(by, _)| *by == column);
                    if sort_head_ui(ui, rect, margin, id, head, sorted) {
                        response.head = Some(column);
                    }
                }
            }
        }
        let below = egui::Stroke::new(tokens::STROKE_THIN, colors.outline);
        ui.painter().hline(line.x_range(), line.bottom(), below);
    }

    fn rows_ui(
        &self,
        ui: &mut egui::Ui,
        widths: &[f32],
        margin: f32,
        response: &mut TableResponse,
    ) {
        let whole: f32 = widths.iter().sum();
        let size = vec2(whole, self.rows as f32 * ROW);
        let (room, _) = ui.allocate_exact_size(size, Sense::hover());
        for row in rows_in_sight(room, ui.clip_rect(), self.rows) {
            let top = room.top() + row as f32 * ROW;
            let line = Rect::from_min_size(pos2(room.left(), top), vec2(whole, ROW));
            if self.row_ui(ui, line, widths, margin, row) {
                response.row = Some(row);
            }
        }
    }

    fn row_ui(
        &self,
        ui: &mut egui::Ui,
        line: Rect,
        widths: &[f32],
        margin: f32,
        row: usize,
    ) -> bool {
        let colors = tokens(ui);
        let mut is_clicked = false;
        let id = ui.make_persistent_id((self.name, "row", row));
        if self.selected.is_some_and(|selected| selected(row)) {
            ui.painter().rect_filled(line, 0.0, colors.accent_faint);
        } else if row % 2 == 1 {
            ui.painter().rect_filled(line, 0.0, colors.faint);
        }
        if let Some(action) = self.action {
            // As much of it as is in sight.
            let response = ui.interact(line.intersect(ui.clip_rect()), id, Sense::click());
            let text = action(row);
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &text)
            });
            if response.hovered() || response.has_focus() {
                ui.painter()
                    .rect_filled(line, tokens::RADIUS_S, colors.raised_hover);
            }
            is_clicked = response.on_hover_text(text).clicked();
        }
        let fade = match self.faded {
            Some(faded) if faded(row) => 0.55,
            _ => 1.0,
        };
        for (column, head) in self.heads.iter().enumerate() {
            let cell = (self.cell)(row, column);
            let rect = column_rect(line, widths, column).shrink2(vec2(margin, 0.0));
            // Of its own kind: egui numbers the tooltips of the row from 0 in the same way.
            let id = id.with(("cell", column));
            cell_ui(ui, rect, id, head, &cell, fade);
        }
        is_clicked
    }
}

fn head_font() -> FontId {
    FontId::proportional(tokens::TEXT_SMALL)
}

fn column_rect(line: Rect, widths: &[f32], column: usize) -> Rect {
    let left = line.left() + widths[..column].iter().sum::<f32>();
    Rect::from_min_size(pos2(left, line.top()), vec2(widths[column], line.height()))
}

/// How far a shade reaches into a table, in points.
const SHADE: f32 = 18.0;

/// A soft shade at each edge beyond which there is more; `beyond`: how far the table can be scrolled sideways.
pub fn fade_edges(ui: &egui::Ui, rect: Rect, offset: f32, beyond: f32) {
    let dark = tokens(ui).shadow;
    let strength = |hidden: f32| dark.gamma_multiply((hidden / SHADE).clamp(0.0, 1.0));
    let left = Rect::from_min_max(rect.min, pos2(rect.left() + SHADE, rect.bottom()));
    let right = Rect::from_min_max(pos2(rect.right() - SHADE, rect.top()), rect.max);
    let sides = [
        (left, [strength(offset), Color32::TRANSPARENT]),
        (right, [Color32::TRANSPARENT, strength(beyond - offset)]),
    ];
    for (side, [from, to]) in sides {
        if from == to {
            continue;
        }
        let mut mesh = egui::Mesh::default();
        for (position, color) in [
            (side.left_top(), from),
            (side.left_bottom(), from),
            (side.right_top(), to),
            (side.right_bottom(), to),
        ] {
            mesh.colored_vertex(position, color);
        }
        mesh.add_triangle(0, 1, 2);
        mesh.add_triangle(2, 1, 3);
        ui.painter().add(mesh);
    }
}

/// The rows of `room` that a clip leaves in sight.
fn rows_in_sight(room: Rect, clip: Rect, rows: usize) -> Range<usize> {
    let at = |y: f32| ((y - room.top()) / ROW).max(0.0);
    let first = at(clip.top()).floor() as usize;
    let last = at(clip.bottom()).ceil() as usize;
    first.min(rows)..last.min(rows)
}

/// Widths that fill `room`: names take twice as much of what is left as numbers, and give way where there is too little.
fn fitted(natural: &[f32], heads: &[Head], room: f32, narrowest: f32) -> Vec<f32> {
    let whole: f32 = natural.iter().sum();
    let is_text = |index: usize| heads[index].side == Side::Left;
    if whole <= room {
        let weight = |index: usize| if is_text(index) { 2.0 } else { 1.0 };
        let weights: f32 = (0..natural.len()).map(weight).sum();
        let spare = (room - whole) / weights.max(1.0);
        let widened = natural.iter().enumerate();
        return widened
            .map(|(index, width)| width + spare * weight(index))
            .collect();
    }
    let can_give = |index: usize| {
        if is_text(index) {
            (natural[index] - narrowest).max(0.0)
        } else {
            0.0
        }
    };
    let most: f32 = (0..natural.len()).map(can_give).sum();
    let share = ((whole - room) / most.max(1.0)).min(1.0);
    let narrowed = natural.iter().enumerate();
    narrowed
        .map(|(index, width)| width - share * can_give(index))
        .collect()
}

/// A head's text with its dot; whole in its tooltip where it does not fit.
fn dotted_ui(
    ui: &egui::Ui,
    rect: Rect,
    id: egui::Id,
    title: &str,
    dot: Option<Color32>,
    side: Side,
) -> egui::Response {
    let colors = tokens(ui);
    let response = ui.interact(rect, id, Sense::hover());
    let mut room = rect;
    if let Some(color) = dot {
        dot_ui(ui, &mut room, color);
    }
    let is_whole = text_ui(ui, room, title, head_font(), colors.text_muted, side);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, title));
    if is_whole {
        response
    } else {
        response.on_hover_text(title)
    }
}

/// A head that sorts when it is clicked; `descending` is how its column sorts now.
fn sort_head_ui(
    ui: &egui::Ui,
    rect: Rect,
    margin: f32,
    id: egui::Id,
    head: &Head,
    sorted: Option<(usize, bool)>,
) -> bool {
    let colors = tokens(ui);
    let response = ui.interact(rect, id, Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter()
            .rect_filled(rect.shrink(1.0), tokens::RADIUS_S, colors.raised_hover);
    }
    let mark = match sorted {
        Some((_, true)) => format!(" {}", icon::CARET_DOWN),
        Some((_, false)) => format!(" {}", icon::CARET_UP),
        None => String::new(),
    };
    let color = if sorted.is_some() {
        colors.text
    } else {
        colors.text_muted
    };
    let title = format!("{}{mark}", head.title);
    let room = rect.shrink2(vec2(margin, 0.0));
    text_ui(ui, room, &title, head_font(), color, head.side);
    let name = format!("Sort by {}", head.title.to_lowercase());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
    response
        .on_hover_text(format!("{}. Click to sort by it", head.tooltip))
        .clicked()
}

fn cell_ui(ui: &egui::Ui, rect: Rect, id: egui::Id, head: &Head, cell: &Cell, fade: f32) {
    let colors = tokens(ui);
    if let Some(share) = cell.bar {
        bar_ui(ui, rect, share, colors, head.side);
    }
    if cell.text.is_empty() && cell.dot.is_none() {
        return;
    }
    let mut room = rect;
    if cell.is_indented {
        room.min.x += INDENT;
    }
    if let Some(color) = cell.dot {
        dot_ui(ui, &mut room, color.gamma_multiply(fade));
    }
    let color = match cell.weight {
        Weight::Muted => colors.text_muted,
        Weight::Plain | Weight::Strong => colors.text,
    };
    let color = color.gamma_multiply(fade);
    let text = shown_name(&cell.text);
    let is_whole = text_ui(ui, room, &text, cell.font(), color, head.side);
    let response = ui.interact(rect, id, Sense::hover());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &cell.text));
    if !cell.tooltip.is_empty() {
        response.on_hover_text(&cell.tooltip);
    } else if !is_whole {
        response.on_hover_text(&cell.text);
    }
}

fn dot_ui(ui: &egui::Ui, room: &mut Rect, color: Color32) {
    let center = room.left_center() + vec2(5.0, 0.0);
    ui.painter().circle_filled(center, 5.0, color);
    room.min.x += DOT;
}

/// A quiet bar along the foot of a cell: it grows from the side at which the numbers stand.
fn bar_ui(ui: &egui::Ui, rect: Rect, share: f32, colors: &Tokens, side: Side) {
    let mut track = rect;
    track.min.y = rect.bottom() - 4.0;
    track.max.y = rect.bottom() - 2.0;
    ui.painter().rect_filled(track, 1.0, colors.outline);
    let length = track.width() * share.clamp(0.0, 1.0);
    let mut filled = track;
    match side {
        Side::Left => filled.max.x = track.left() + length,
        Side::Right => filled.min.x = track.right() - length,
    }
    ui.painter().rect_filled(filled, 1.0, colors.accent_fill);
}

/// One line of text at a side of `room`; whether it is there as a whole.
fn text_ui(
    ui: &egui::Ui,
    room: Rect,
    text: &str,
    font: FontId,
    color: Color32,
    side: Side,
) -> bool {
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font.clone(), color);
    if galley.size().x > room.width() + 0.5 {
        widgets::elided(ui, room, text, font, color);
        return false;
    }
    match side {
        Side::Left => widgets::elided(ui, room, text, font, color),
        Side::Right => {
            let position = room.right_center();
            (ui.painter()).text(position, Align2::RIGHT_CENTER, text, font, color);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_the_room_and_names_give_way_before_the_table_scrolls() {
        let heads = [Head::text("Run", ""), Head::number("Accuracy", "")];
        let filled = fitted(&[100.0, 50.0], &heads, 300.0, 72.0);
        assert_eq!(filled, [200.0, 100.0]);
        let narrowed = fitted(&[200.0, 50.0], &heads, 200.0, 72.0);
        assert_eq!(narrowed, [150.0, 50.0]);
        // Numbers are never cut off: from here on the table scrolls.
        let scrolled = fitted(&[200.0, 50.0], &heads, 100.0, 72.0);
        assert_eq!(scrolled, [72.0, 50.0]);
    }

    #[test]
    fn numbers_of_as_many_digits_all_have_the_room_they_need() {
        let heads = [Head::text("Run", ""), Head::number("Loss", "")];
        let digits: Vec<String> = (0..10).map(|digit| digit.to_string().repeat(6)).collect();
        let name = "a".repeat(120);
        let cell = |row: usize, column: usize| match column {
            0 => Cell::new(&name),
            _ => Cell::strong(&digits[row]),
        };
        let ctx = egui::Context::default();
        super::super::theme::install(&ctx);
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let density = Density::of(500.0);
            let natural =
                Table::new("Runs", &heads, digits.len(), &cell).natural_widths(ui, density);
            let widths = fitted(&natural, &heads, 300.0, density.narrowest);
            for digits in &digits {
                let needed = widgets::text_width(ui, digits, Cell::strong("").font());
                let room = widths[1] - 2.0 * density.margin;
                assert!(needed <= room + 0.5, "{digits}: {needed} of {room}");
            }
            assert!(widths[0] < natural[0], "the name gives way");
        });
        output.textures_delta.clear();
    }

    #[test]
    fn only_rows_in_sight_are_drawn() {
        let room = Rect::from_min_size(pos2(0.0, 100.0), vec2(50.0, 300.0 * ROW));
        let clip = |top, bottom| Rect::from_min_max(pos2(0.0, top), pos2(50.0, bottom));
        assert_eq!(rows_in_sight(room, clip(0.0, 100.0 + 3.5 * ROW), 300), 0..4);
        assert_eq!(rows_in_sight(room, clip(0.0, 50.0), 300), 0..0);
        let end = 100.0 + 299.5 * ROW;
        assert_eq!(rows_in_sight(room, clip(end, end + 999.0), 300), 299..300);
    }

    /// How often the cells of a table are asked for in two frames.
    fn asked(contents: [Option<u64>; 2]) -> [usize; 2] {
        let heads = [Head::text("Class", "")];
        let asked = std::cell::Cell::new(0);
        let cell = |row: usize, _: usize| {
            asked.set(asked.get() + 1);
            Cell::new(format!("class {row}"))
        };
        let ctx = egui::Context::default();
        super::super::theme::install(&ctx);
        let frame = |contents: Option<u64>| {
            asked.set(0);
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                let table = Table::new("Classes", &heads, 1_000, &cell).most_rows(5);
                match contents {
                    Some(contents) => table.contents(contents).show(ui),
                    None => table.show(ui),
                };
            });
            output.textures_delta.clear();
            asked.get()
        };
        frame(contents[0]);
        [frame(contents[0]), frame(contents[1])]
    }

    #[test]
    fn the_cells_of_a_long_table_are_measured_once_for_its_contents() {
        let [same, other] = asked([Some(1), Some(2)]);
        assert!(same < 20, "{same}");
        assert!(other >= 1_000, "{other}");
        assert!(asked([None, None])[0] >= 1_000);
    }

    #[test]
    fn an_order_goes_one_way_then_the_other_then_lets_go() {
        let mut order = None;
        let mut click = |column| {
            order = next_order(order, column, true);
            order
        };
        assert_eq!(click(2), Some((2, true)));
        assert_eq!(click(2), Some((2, false)));
        assert_eq!(click(2), None);
        assert_eq!(click(1), Some((1, true)));
        assert_eq!(click(2), Some((2, true)));
    }
}
