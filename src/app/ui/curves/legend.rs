//! The legend of the curves: a list of runs that scrolls where they are many, and lifts the run under the pointer out of
//! the others.

use eframe::egui::{self, Sense, vec2};

use super::{CurvesLocal, CurvesView, RunCurves};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;

/// So many runs stand in a line above the plots; more of them in a list at their right, where there is room.
pub(super) const IN_A_LINE: usize = 6;
/// The width of the list, in points.
pub(super) const LIST: f32 = 220.0;
/// From this width on, there is room for the list.
const ROOM_FOR_LIST: f32 = 760.0;
/// The height of the list above the plots, in points.
const LOW_LIST: f32 = 4.0 * tokens::ROW_HEIGHT;

/// Whether the runs stand in a list at the right of the plots.
pub(super) fn is_beside(view: &CurvesView, width: f32) -> bool {
    view.runs.len() > IN_A_LINE && width >= ROOM_FOR_LIST
}

/// Runs in a line, or in a low list where they are many; then what solid and dashed mean.
pub(super) fn above_ui(
    ui: &mut egui::Ui,
    view: &CurvesView,
    local: &mut CurvesLocal,
    beside: bool,
) {
    if !beside {
        if view.runs.len() <= IN_A_LINE {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = tokens::SPACE_XS;
                for (index, run) in view.runs.iter().enumerate() {
                    let width =
                        widgets::text_width(ui, &name(run), tokens::medium_font(tokens::TEXT_BODY))
                            + 34.0;
                    let width = width.min(ui.max_rect().width() - tokens::SPACE_S);
                    entry_ui(ui, index, run, width, local);
                }
            });
        } else {
            list_ui(ui, view, local, LOW_LIST);
        }
    }
    ui.horizontal_wrapped(|ui| {
        style_toggle(ui, "Training", false, &mut local.hide_train);
        style_toggle(ui, "Validation", true, &mut local.hide_validation);
        ui.checkbox(&mut local.logarithmic_loss, "Logarithmic loss")
            .on_hover_text(
                "Draw the loss on a logarithmic scale, to see small differences late in training",
            );
    });
    ui.add_space(tokens::SPACE_XS);
}

/// All runs below each other; only those in sight are drawn.
pub(super) fn list_ui(ui: &mut egui::Ui, view: &CurvesView, local: &mut CurvesLocal, height: f32) {
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("legend")
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink([false, true])
        .show_rows(ui, tokens::ROW_HEIGHT, view.runs.len(), |ui, rows| {
            for index in rows {
                let width = ui.available_width();
                entry_ui(ui, index, &view.runs[index], width, local);
            }
        });
}

fn name(run: &RunCurves) -> String {
    if run.running {
        format!("{} (running)", run.name)
    } else {
        run.name.clone()
    }
}

/// A run: its curves stand out while the pointer or the focus is here, and stay so after a click.
fn entry_ui(ui: &mut egui::Ui, index: usize, run: &RunCurves, width: f32, local: &mut CurvesLocal) {
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, tokens::ROW_HEIGHT), Sense::click());
    let is_pinned = local.pinned.as_ref() == Some(&run.name);
    if response.hovered() || response.has_focus() {
        local.pointed = Some(index);
    }
    let fill = match (is_pinned, response.hovered() || response.has_focus()) {
        (true, _) => Some(colors.accent_faint),
        (false, true) => Some(colors.raised_hover),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, tokens::RADIUS_S, fill);
    }
    let center = rect.left_center() + vec2(11.0, 0.0);
    ui.painter()
        .circle_filled(center, 5.0, tokens::run_color(run.color));
    let mut room = rect;
    room.min.x += 22.0;
    room.max.x -= 4.0;
    let name = name(run);
    let font = tokens::medium_font(tokens::TEXT_BODY);
    widgets::elided(ui, room, &name, font, colors.text);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::Button, true, is_pinned, &name)
    });
    let hint = if is_pinned {
        "Click to show all runs alike again"
    } else {
        "Its curves stand out; click to keep them so"
    };
    if response.on_hover_text(format!("{name}\n{hint}")).clicked() {
        local.pinned = (!is_pinned).then(|| run.name.clone());
    }
}

fn style_toggle(ui: &mut egui::Ui, name: &str, dashed: bool, hidden: &mut bool) {
    let colors = tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(104.0, ui.spacing().interact_size.y), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter()
            .rect_filled(rect, tokens::RADIUS_S, colors.faint);
    }
    let color = if *hidden {
        colors.text_faint
    } else {
        colors.text
    };
    let ends = [
        rect.left_center() + vec2(4.0, 0.0),
        rect.left_center() + vec2(28.0, 0.0),
    ];
    let stroke = egui::Stroke::new(tokens::STROKE_PLOT, color);
    if dashed {
        ui.painter()
            .extend(egui::Shape::dashed_line(&ends, stroke, 5.0, 4.0));
    } else {
        ui.painter().line_segment(ends, stroke);
    }
    let font = egui::FontId::proportional(tokens::TEXT_BODY);
    ui.painter().text(
        rect.left_center() + vec2(34.0, 0.0),
        egui::Align2::LEFT_CENTER,
        name,
        font,
        color,
    );
    let shown = !*hidden;
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::CheckBox, true, shown, name)
    });
    let meaning = if dashed { "dashed" } else { "solid" };
    if response
        .on_hover_text(format!(
            "{name} is drawn {meaning}; click to show or hide it"
        ))
        .clicked()
    {
        *hidden = !*hidden;
    }
}
