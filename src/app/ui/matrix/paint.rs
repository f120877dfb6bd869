//! Cells with their numbers, or all as one picture; names of rows and columns.

use eframe::egui::{self, Align2, Color32, Rect, pos2, vec2};

use super::MatrixLocal;
use super::layout::{MatrixLayout, cell_rect};
use super::view::MatrixView;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, Tokens, tokens};

/// … their numbers.
pub(super) const SMALLEST_NUMBERED: f32 = 24.0;

pub(super) fn outline(
    painter: &egui::Painter,
    layout: &MatrixLayout,
    row: usize,
    column: usize,
    colors: &Tokens,
) {
    let rect = cell_rect(layout, row, column);
    let stroke = egui::Stroke::new(1.5, colors.text);
    painter.rect_stroke(rect.expand(0.5), 1.0, stroke, egui::StrokeKind::Inside);
    if layout.cell < SMALLEST_NUMBERED {
        // The cross leads the eye to a cell of a few points.
        let faint = egui::Stroke::new(1.0, colors.text_faint);
        painter.hline(layout.cells.left()..=rect.left(), rect.center().y, faint);
        painter.vline(rect.center().x, layout.cells.top()..=rect.top(), faint);
    }
}

pub(super) fn cells_ui(
    ui: &egui::Ui,
    painter: &egui::Painter,
    view: &MatrixView,
    layout: &MatrixLayout,
    rows: &std::ops::Range<usize>,
    columns: &std::ops::Range<usize>,
) {
    let colors = tokens(ui);
    let gap = if layout.cell >= SMALLEST_NUMBERED {
        1.0
    } else {
        0.5
    };
    let numbered = layout.cell >= SMALLEST_NUMBERED;
    let size = (layout.cell * 0.3).clamp(9.0, tokens::TEXT_LARGE);
    for row in rows.clone() {
        for column in columns.clone() {
            let rect = cell_rect(layout, row, column).shrink(gap);
            let fill = view.color(row, column, colors);
            painter.rect_filled(rect, if numbered { 3.0 } else { 0.0 }, fill);
            if let Some(is_better) = view.change(row, column) {
                triangle(painter, rect, is_better, numbered, tokens::text_on(fill));
            }
            if !numbered {
                continue;
            }
            let text = view.text(row, column);
            let color = if view.cell(row, column) == 0 {
                colors.text_faint
            } else {
                tokens::text_on(fill)
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

/// Better or worse by shape: a triangle that points up or down, beside a number in the corner, alone in the middle.
fn triangle(painter: &egui::Painter, rect: Rect, is_better: bool, numbered: bool, color: Color32) {
    let half = if numbered {
        (rect.width() * 0.1).clamp(2.5, 5.0)
    } else {
        rect.width() * 0.3
    };
    let center = if numbered {
        rect.left_top() + vec2(half + 3.0, half + 3.0)
    } else {
        rect.center()
    };
    let tip = if is_better { -half } else { half };
    let corners = vec![
        center + vec2(0.0, tip),
        center + vec2(-half, -tip),
        center + vec2(half, -tip),
    ];
    let none = egui::Stroke::NONE;
    painter.add(egui::Shape::convex_polygon(corners, color, none));
}

/// All cells as one picture, made when something has changed.
pub(super) fn picture_ui(
    ui: &egui::Ui,
    painter: &egui::Painter,
    view: &MatrixView,
    local: &mut MatrixLocal,
    layout: &MatrixLayout,
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
        let whole = n as f32 * layout.cell;
        let from = layout.offset / whole;
        let to = (layout.offset + layout.cells.size()) / whole;
        let uv = Rect::from_min_max(from.to_pos2(), to.to_pos2());
        painter.image(texture.id(), layout.cells, uv, Color32::WHITE);
    }
}

pub(super) fn names_ui(
    ui: &egui::Ui,
    view: &MatrixView,
    layout: &MatrixLayout,
    rect: Rect,
    rows: &std::ops::Range<usize>,
    columns: &std::ops::Range<usize>,
) {
    let colors = tokens(ui);
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let title = tokens::TEXT_SMALL + 6.0;
    let painter = ui.painter_at(rect);
    painter.text(
        pos2(layout.cells.center().x, rect.top()),
        Align2::CENTER_TOP,
        "Predicted class",
        small.clone(),
        colors.text_muted,
    );
    let galley = painter.layout_no_wrap("True class".into(), small.clone(), colors.text_muted);
    let length = galley.size().x;
    let corner = pos2(rect.left(), layout.cells.center().y + length / 2.0);
    painter.add(
        egui::epaint::TextShape::new(corner, galley, colors.text_muted)
            .with_angle(-std::f32::consts::FRAC_PI_2),
    );
    if !layout.named {
        return;
    }
    let beside = Rect::from_min_max(
        pos2(rect.left() + title, layout.cells.top()),
        pos2(layout.cells.left(), layout.cells.bottom()),
    );
    let painter = ui.painter_at(beside);
    for row in rows.clone() {
        let y = cell_rect(layout, row, 0).center().y;
        let galley = elided(
            ui,
            &shown_name(&view.classes[row]),
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
        pos2(layout.cells.left(), rect.top() + title),
        pos2(layout.cells.right(), layout.cells.top()),
    );
    let painter = ui.painter_at(above);
    for column in columns.clone() {
        let x = cell_rect(layout, 0, column).center().x;
        let room = if layout.upright {
            above.height() - 6.0
        } else {
            layout.cell - 4.0
        };
        let galley = elided(
            ui,
            &shown_name(&view.classes[column]),
            room,
            small.clone(),
            colors.text,
        );
        if layout.upright {
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

pub(super) fn elided(
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
