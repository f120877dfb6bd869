//! One line of the tree: its lock, its name, its numbers, and what a click on each asks for.

use eframe::egui::{self, Align2, Sense, vec2};

use super::columns::{BUTTON_WIDTH, Columns, MOVED_WIDTH, PARAMETERS_WIDTH, RATE_WIDTH};
use super::plans::{lock_colors, lock_icon};
use super::rates::Rate;
use super::view::LayerRow;
use crate::app::ui::layer_plan::Lock;
use crate::app::ui::number_field::NumberField;
use crate::app::ui::numbers;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::experiment::bounds;
use crate::format;

pub(super) enum RowAction {
    Toggle,
    /// From the row clicked before to this one.
    Range,
    Fold,
    /// Everything before this row is frozen; it and what follows learns.
    TrainFrom,
    /// Another share of the learning rate.
    Rate(f64),
}

pub(super) fn row_ui(
    ui: &mut egui::Ui,
    row: &LayerRow,
    index: usize,
    columns: &Columns,
) -> Option<RowAction> {
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
        "unfreeze it"
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
        .unwrap_or(columns.parameters - PARAMETERS_WIDTH + 4.0);
    let name_font = if row.children.is_some() {
        tokens::medium_font(tokens::TEXT_BODY)
    } else {
        body.clone()
    };
    let button_left = at(columns.kind) - 6.0 - BUTTON_WIDTH;
    let (clicked, is_shown) = train_from_ui(ui, row, button_left, rect, background.hovered());
    if clicked {
        action = Some(RowAction::TrainFrom);
    }
    let name_end = if is_shown {
        button_left
    } else {
        at(columns.kind) - 6.0
    };
    cell(left, name_end, &row.name, name_font, colors.text);
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
            at(columns.parameters) - if columns.is_compact { 38.0 } else { 46.0 },
            if columns.is_compact {
                &row.short_shape
            } else {
                &row.shape
            },
            small.clone(),
            colors.text_muted,
        );
    }
    let parameters = if row.parameters == 0 {
        "–".into()
    } else if columns.is_compact {
        format::magnitude(row.parameters)
    } else {
        format::thousands(row.parameters)
    };
    let position = egui::pos2(at(columns.parameters), rect.center().y);
    let color = if row.parameters == 0 {
        colors.text_faint
    } else {
        colors.text
    };
    ui.painter().text(
        position,
        Align2::RIGHT_CENTER,
        parameters,
        small.clone(),
        color,
    );
    if let Some(norm) = &columns.norm {
        let text = if norm.is_short {
            row.note.split(' ').next().unwrap_or_default()
        } else {
            row.note
        };
        let end = at(columns.rate.unwrap_or(columns.width)) - 2.0;
        cell(at(norm.at), end, text, small.clone(), colors.text_faint);
    }
    if let (Some(x), Some(rate)) = (columns.rate, row.rate) {
        let rate_rect = egui::Rect::from_center_size(
            egui::pos2(at(x) + RATE_WIDTH / 2.0, rect.center().y),
            vec2(RATE_WIDTH, rect.height() - 4.0),
        );
        if let Some(value) = rate_ui(ui, rate_rect, &row.path, rate) {
            action = Some(RowAction::Rate(value));
        }
    }
    if let (Some(x), Some(moved)) = (columns.moved, row.moved) {
        let color = if moved == 0.0 {
            colors.frozen
        } else {
            colors.text
        };
        let moved_rect = egui::Rect::from_min_max(
            egui::pos2(at(x) - MOVED_WIDTH, rect.top()),
            egui::pos2(at(x), rect.bottom()),
        );
        let text = moved_text(moved);
        ui.painter().text(
            moved_rect.right_center(),
            Align2::RIGHT_CENTER,
            &text,
            small,
            color,
        );
        let name = format!("{} changed by {text}", row.path);
        let number = ui.interact(
            moved_rect,
            ui.scope_id().with(("moved", &row.path)),
            Sense::hover(),
        );
        number.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &name));
    }

    let text = format!(
        "{}\n{} {}\nOutput {}\n{}{}{}{}",
        row.path,
        row.kind,
        row.detail,
        row.shape,
        format::plural(row.parameters, "parameter", "parameters"),
        if row.note.is_empty() { "" } else { "\n" },
        row.note,
        row.moved
            .map(|moved| format!("\nChanged by {} in the chosen run", moved_text(moved)))
            .unwrap_or_default()
    );
    background.context_menu(|ui| {
        let below = ui.button(format!("{} Train from here on", icon::LOCK_SIMPLE_OPEN));
        if below
            .on_hover_text("Freeze every layer before this one; train this one and all after it")
            .clicked()
        {
            action = Some(RowAction::TrainFrom);
        }
        if ui
            .button(format!(
                "{} {}",
                lock_icon(row.lock),
                if row.lock == Lock::Frozen {
                    "Unfreeze"
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

/// The button at the end of a name: faint until the row is pointed at, so that hundreds of them do
/// not shout. Whether it was clicked, and whether it is seen.
fn train_from_ui(
    ui: &egui::Ui,
    row: &LayerRow,
    left: f32,
    line: egui::Rect,
    is_pointed_at: bool,
) -> (bool, bool) {
    let colors = tokens(ui);
    let button_rect = egui::Rect::from_min_size(
        egui::pos2(left, line.top()),
        vec2(BUTTON_WIDTH, line.height()),
    );
    let button = ui.interact(
        button_rect,
        ui.scope_id().with(("train from", &row.path)),
        Sense::click(),
    );
    let name = format!("Train from {} on", row.path);
    button.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
    let is_lit = button.hovered() || button.has_focus();
    if is_pointed_at || is_lit {
        let color = if is_lit {
            colors.trainable
        } else {
            colors.text_faint
        };
        ui.painter().text(
            button_rect.center(),
            Align2::CENTER_CENTER,
            icon::LOCK_SIMPLE_OPEN,
            egui::FontId::proportional(tokens::TEXT_BODY),
            color,
        );
    }
    let text =
        "Train from here on: freeze every layer before this one; train this one and all after it";
    (
        button.on_hover_text(text).clicked(),
        is_pointed_at || is_lit,
    )
}

/// The factor in its box; the new one when it was changed.
fn rate_ui(ui: &mut egui::Ui, rect: egui::Rect, path: &str, rate: Rate) -> Option<f64> {
    let colors = tokens(ui);
    let color = if rate.inherited {
        colors.text_faint
    } else {
        colors.text
    };
    let mut value = rate.highest;
    let is_mixed = rate.lowest < rate.highest;
    let changed = ui
        .scope(|ui| {
            ui.visuals_mut().override_text_color = Some(color);
            ui.spacing_mut().interact_size = rect.size();
            ui.spacing_mut().button_padding = vec2(3.0, 0.0);
            ui.style_mut().drag_value_text_style = egui::TextStyle::Small;
            let quiet = &mut ui.visuals_mut().widgets.inactive;
            quiet.weak_bg_fill = egui::Color32::TRANSPARENT;
            quiet.bg_stroke = egui::Stroke::NONE;
            let field = NumberField::new(
                format!("{path} rate factor"),
                &mut value,
                bounds::LAYER_RATE,
            )
            .speed((rate.highest * 0.02).max(0.001))
            .text(numbers::rate)
            // Several inside: the highest, marked as not the only one.
            .prefix(if is_mixed { "≤ " } else { "" });
            let text = match (is_mixed, rate.inherited) {
                (true, _) => format!(
                    "Learning-rate factors of the layers inside: {} to {}. A change sets one for all of them",
                    format::rate(rate.lowest),
                    format::rate(rate.highest)
                ),
                (false, true) => {
                    "Learning-rate factor, from the phase's rule or a parent layer. Drag or click to give this layer its own".into()
                }
                (false, false) => "This layer's own learning-rate factor".to_owned(),
            };
            let response = ui.put(rect, field.tooltip(text));
            response.changed().then(|| response.dragged())
        })
        .inner;
    // Digits that a drag makes and nobody reads do not belong into a preset.
    let rounded = match changed {
        Some(true) => round(value),
        _ => value,
    };
    (changed.is_some() && (rounded != rate.highest || is_mixed)).then_some(rounded)
}

/// To three significant digits.
fn round(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// `0` for what has not moved at all, else per cent.
fn moved_text(relative: f64) -> String {
    match relative * 100.0 {
        0.0 => "0".into(),
        percent if percent.is_infinite() => "from 0".into(),
        percent if percent < 0.01 => "< 0.01 %".into(),
        percent if percent < 1.0 => format!("{percent:.2} %"),
        percent if percent < 10.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn movement_is_nothing_only_where_nothing_moved() {
        for (relative, text) in [
            (0.0, "0"),
            (1e-9, "< 0.01 %"),
            (0.0042, "0.42 %"),
            (0.031, "3.1 %"),
            (1.5, "150 %"),
            (f64::INFINITY, "from 0"),
        ] {
            assert_eq!(moved_text(relative), text);
        }
    }
}
