//! Where the cells and names of a matrix stand, and which of them are in sight.

use eframe::egui::{self, Rect, vec2};

use super::MatrixLocal;
use super::view::MatrixView;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens;
use crate::app::ui::widgets;

/// Cells are not larger than this, in points, however few there are.
pub(super) const LARGEST: f32 = 110.0;
/// From this on, rows and columns bear their names, and cells …
pub(super) const SMALLEST_NAMED: f32 = 11.0;
/// The most room that names take beside and above the cells, in points.
const WIDEST_NAMES: f32 = 110.0;

/// Where the parts of a matrix stand.
pub(super) struct MatrixLayout {
    pub cells: Rect,
    pub cell: f32,
    pub offset: egui::Vec2,
    pub named: bool,
    pub upright: bool,
}

/// The first and the last but one of `n` cells that a room of `length` points shows.
pub(super) fn in_sight(offset: f32, length: f32, cell: f32, n: usize) -> std::ops::Range<usize> {
    let first = (offset / cell).floor().max(0.0) as usize;
    let last = ((offset + length) / cell).ceil().max(0.0) as usize;
    first.min(n)..last.min(n)
}

pub(super) fn lay_out(
    ui: &egui::Ui,
    view: &MatrixView,
    local: &MatrixLocal,
    rect: Rect,
) -> MatrixLayout {
    let n = view.len() as f32;
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    // The longest names by their letters, measured: measuring hundreds every frame would take long.
    let mut longest: Vec<&String> = view.classes.iter().collect();
    longest.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
    let widest = longest
        .iter()
        .take(4)
        .map(|name| widgets::text_width(ui, &shown_name(name), font.clone()))
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
    MatrixLayout {
        cells,
        cell,
        offset: local
            .offset
            .clamp(egui::Vec2::ZERO, most.max(egui::Vec2::ZERO)),
        named,
        upright,
    }
}

pub(super) fn cell_rect(layout: &MatrixLayout, row: usize, column: usize) -> Rect {
    let corner = layout.cells.min - layout.offset + vec2(column as f32, row as f32) * layout.cell;
    Rect::from_min_size(corner, vec2(layout.cell, layout.cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cells_in_sight_are_counted() {
        assert_eq!(in_sight(0.0, 100.0, 10.0, 300), 0..10);
        assert_eq!(in_sight(45.0, 100.0, 10.0, 300), 4..15);
        assert_eq!(in_sight(2_950.0, 100.0, 10.0, 300), 295..300);
    }
}
