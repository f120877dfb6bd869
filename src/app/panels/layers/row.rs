//! One line of the tree, and the columns that it stands in.

use eframe::egui::{self, Align2, Sense, vec2};

use super::plans::{lock_colors, lock_icon};
use super::view::LayerRow;
use crate::app::panels::layer_plan::Lock;
use crate::app::panels::{format, widgets};
use crate::app::tokens::{self, icon, tokens};

/// Where the columns of the tree stand, from the left edge of a row.
struct Columns {
    kind: f32,
    detail: Option<f32>,
    shape: Option<f32>,
    /// The right edge of the numbers.
    parameters: f32,
    note: Option<f32>,
}

impl Columns {
    fn new(width: f32) -> Self {
        match width {
            720.0.. => Self {
                kind: width * 0.28,
                detail: Some(width * 0.41),
                shape: Some(width * 0.61),
                parameters: width * 0.83,
                note: Some(width * 0.845),
            },
            480.0.. => Self {
                kind: width * 0.38,
                detail: None,
                shape: Some(width * 0.60),
                parameters: width - 8.0,
                note: None,
            },
            _ => Self {
                kind: width * 0.5,
                detail: None,
                shape: None,
                parameters: width - 8.0,
                note: None,
            },
        }
    }
}

pub(super) fn header_ui(ui: &mut egui::Ui) {
    let colors = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let columns = Columns::new(rect.width());
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let put = |x: f32, align: Align2, text: &str| {
        let place = egui::pos2(rect.left() + x, rect.center().y);
        ui.painter()
            .text(place, align, text, font.clone(), colors.text_faint);
    };
    put(30.0, Align2::LEFT_CENTER, "Layer");
    put(columns.kind, Align2::LEFT_CENTER, "Kind");
    if let Some(x) = columns.detail {
        put(x, Align2::LEFT_CENTER, "Detail");
    }
    if let Some(x) = columns.shape {
        put(x, Align2::LEFT_CENTER, "Output");
    }
    put(columns.parameters, Align2::RIGHT_CENTER, "Parameters");
    if let Some(x) = columns.note {
        put(x, Align2::LEFT_CENTER, "BatchNorm");
    }
    ui.painter()
        .hline(rect.x_range(), rect.bottom(), colors.outline_stroke());
}

pub(super) enum RowAction {
    Toggle,
    /// From the row clicked before to this one.
    Range,
    Fold,
    /// Everything before this row is frozen; it and what follows learns.
    Below,
}

pub(super) fn row_ui(ui: &mut egui::Ui, row: &LayerRow, index: usize) -> Option<RowAction> {
    let colors = tokens(ui);
    let mut action = None;
    let (rect, background) = ui.allocate_exact_size(
        vec2(ui.available_width(), tokens::ROW_HEIGHT),
        Sense::click(),
    );
    if background.hovered() || index % 2 == 1 {
        let fill = if background.hovered() {
            colors.raised
        } else {
            colors.faint
        };
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    let columns = Columns::new(rect.width());
    let indent = 14.0 * row.depth as f32;

    // The lock, in a column of its own, so that it can be clicked all the way down.
    let lock_rect = egui::Rect::from_center_size(
        egui::pos2(rect.left() + 13.0, rect.center().y),
        vec2(22.0, 22.0),
    );
    let lock = ui.interact(
        lock_rect,
        ui.scope_id().with(("lock", &row.path)),
        Sense::click(),
    );
    let (color, _) = lock_colors(colors, row.lock);
    if lock.hovered() || lock.has_focus() {
        ui.painter()
            .rect_filled(lock_rect, tokens::RADIUS_S, colors.raised_hover);
    }
    let font = egui::FontId::proportional(tokens::ICON_SIZE - 1.0);
    ui.painter().text(
        lock_rect.center(),
        Align2::CENTER_CENTER,
        lock_icon(row.lock),
        font,
        color,
    );
    let name = format!("{} {}", row.path, row.lock.title());
    lock.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::accesskit::Role::CheckBox,
            true,
            row.lock == Lock::Frozen,
            &name,
        )
    });
    let verb = if row.lock == Lock::Frozen {
        "free it"
    } else {
        "freeze it"
    };
    let text = format!(
        "{} is {}. Click to {verb}; shift-click for every layer since the last click",
        row.path,
        row.lock.title()
    );
    if lock.on_hover_text(text).clicked() {
        let range = ui.input(|input| input.modifiers.shift);
        action = Some(if range {
            RowAction::Range
        } else {
            RowAction::Toggle
        });
    }

    let mut left = rect.left() + 30.0 + indent;
    if let Some(open) = row.children {
        let fold_rect = egui::Rect::from_min_size(
            egui::pos2(left - 2.0, rect.top()),
            vec2(16.0, rect.height()),
        );
        let fold = ui.interact(
            fold_rect,
            ui.scope_id().with(("fold", &row.path)),
            Sense::click(),
        );
        let symbol = if open {
            icon::CARET_DOWN
        } else {
            icon::CARET_RIGHT
        };
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        let color = if fold.hovered() || fold.has_focus() {
            colors.text
        } else {
            colors.text_muted
        };
        ui.painter().text(
            fold_rect.center(),
            Align2::CENTER_CENTER,
            symbol,
            font,
            color,
        );
        let name = format!("{} {}", if open { "Collapse" } else { "Expand" }, row.path);
        fold.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
        if fold.clicked() || background.clicked() {
            action = Some(RowAction::Fold);
        }
    }
    left += 16.0;

    let cell = |from: f32, to: f32, text: &str, font: egui::FontId, color: egui::Color32| {
        let cell =
            egui::Rect::from_min_max(egui::pos2(from, rect.top()), egui::pos2(to, rect.bottom()));
        widgets::elided(ui, cell, text, font, color);
    };
    let body = egui::FontId::proportional(tokens::TEXT_BODY);
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let at = |x: f32| rect.left() + x;
    let kind_end = columns
        .detail
        .or(columns.shape)
        .unwrap_or(columns.parameters - 60.0);
    let name_font = if row.children.is_some() {
        tokens::medium_font(tokens::TEXT_BODY)
    } else {
        body.clone()
    };
    cell(
        left,
        at(columns.kind) - 6.0,
        &row.name,
        name_font,
        colors.text,
    );
    cell(
        at(columns.kind),
        at(kind_end) - 6.0,
        &row.kind,
        small.clone(),
        colors.text_muted,
    );
    if let Some(x) = columns.detail {
        cell(
            at(x),
            at(columns.shape.unwrap_or(x)) - 6.0,
            &row.detail,
            small.clone(),
            colors.text_muted,
        );
    }
    if let Some(x) = columns.shape {
        cell(
            at(x),
            at(columns.parameters) - 70.0,
            &row.shape,
            small.clone(),
            colors.text_muted,
        );
    }
    let parameters = if row.parameters == 0 {
        "–".into()
    } else {
        format::count(row.parameters)
    };
    let place = egui::pos2(at(columns.parameters), rect.center().y);
    let color = if row.parameters == 0 {
        colors.text_faint
    } else {
        colors.text
    };
    ui.painter().text(
        place,
        Align2::RIGHT_CENTER,
        parameters,
        small.clone(),
        color,
    );
    if let Some(x) = columns.note {
        cell(at(x), rect.right(), row.note, small, colors.text_faint);
    }

    let text = format!(
        "{}\n{} {}\nOutput {}\n{} parameters{}{}",
        row.path,
        row.kind,
        row.detail,
        row.shape,
        format::count(row.parameters),
        if row.note.is_empty() { "" } else { "\n" },
        row.note
    );
    background.context_menu(|ui| {
        let below = ui.button(format!("{} Train from here up", icon::LOCK_SIMPLE_OPEN));
        if below
            .on_hover_text("Freeze everything before this layer; it and all that follows learns")
            .clicked()
        {
            action = Some(RowAction::Below);
        }
        if ui
            .button(format!(
                "{} {}",
                lock_icon(row.lock),
                if row.lock == Lock::Frozen {
                    "Free"
                } else {
                    "Freeze"
                }
            ))
            .clicked()
        {
            action = Some(RowAction::Toggle);
        }
    });
    background.on_hover_text(text);
    action
}
