//! The stage diagram: the picture at the left, the head at the right, the locks between.

use eframe::egui::{self, Align2, Sense, vec2};

use super::plans::{lock_colors, lock_icon, set_leaves, train_from};
use super::view::{LayersView, short_shape};
use crate::app::ui::editor::Draft;
use crate::app::ui::layer_plan::{Lock, PhaseLocks, StageView};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::models::tree::LayerTree;

/// Between two boxes, with its arrow.
const GAP: f32 = 12.0;
const NARROWEST: f32 = 66.0;
const WIDEST: f32 = 130.0;
const HEIGHT: f32 = 54.0;
/// Between a box's edge and its text.
const MARGIN: egui::Vec2 = vec2(6.0, 5.0);
const TITLE_SIZE: f32 = tokens::TEXT_SMALL + 0.5;
/// The lock behind a title.
const LOCK_WIDTH: f32 = 17.0;

/// One box: what it shows, and whether it can be clicked.
struct StageBox<'a> {
    title: &'a str,
    second: String,
    third: String,
    lock: Option<Lock>,
    learns: bool,
    tooltip: String,
}

/// Draws the boxes in as many rows as they need and carries out a click: it freezes or frees the
/// stage, with shift everything before the stage is frozen and the rest learns.
pub(super) fn stages_ui(
    ui: &mut egui::Ui,
    view: &LayersView,
    tree: &LayerTree,
    phase: usize,
    locks: &PhaseLocks,
    draft: &mut Draft<'_>,
) {
    ui.add_space(tokens::SPACE_XS);
    let features = tree.head_features(draft.experiment.head.stages);
    let boxes = boxes(view, tree, features.unsigned_abs(), locks);
    let width = ui.available_width();
    // Every title is readable, in as many rows as that takes.
    let narrowest = boxes
        .iter()
        .map(|stage| title_width(ui, stage) + 2.0 * MARGIN.x)
        .fold(NARROWEST, f32::max)
        .ceil();
    let fitting = (((width + GAP) / (narrowest + GAP)) as usize).max(1);
    let rows = boxes.len().div_ceil(fitting);
    let columns = boxes.len().div_ceil(rows);
    let box_width =
        ((width - GAP * columns as f32) / columns as f32).clamp(40.0, WIDEST.max(narrowest));
    let mut clicked = None;
    for (row, part) in boxes.chunks(columns).enumerate() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for (column, stage) in part.iter().enumerate() {
                let index = row * columns + column;
                let response = stage_box(ui, vec2(box_width, HEIGHT), stage);
                if response.on_hover_text(&stage.tooltip).clicked() {
                    clicked = Some(index);
                }
                // The arrow at a row's end leads on to the next row.
                if index + 1 < boxes.len() {
                    arrow(ui, GAP, HEIGHT);
                }
            }
        });
    }
    // The first box is the picture, the last the head: neither senses clicks.
    let stage = clicked
        .and_then(|index| index.checked_sub(1))
        .and_then(|index| Some((view.plans.stages.get(index)?, locks.stages.get(index)?)));
    if let Some((stage, lock)) = stage {
        match &stage.path {
            Some(path) if ui.input(|input| input.modifiers.shift) => {
                train_from(draft, phase, path, stage.leaves.first() == Some(&0));
            }
            _ => set_leaves(
                draft,
                phase,
                locks,
                tree,
                &stage.leaves,
                *lock != Lock::Frozen,
            ),
        }
    }
    ui.add_space(tokens::SPACE_XS);
}

/// `features`: what the head takes.
fn boxes<'a>(
    view: &'a LayersView,
    tree: &LayerTree,
    features: u64,
    locks: &PhaseLocks,
) -> Vec<StageBox<'a>> {
    let mut boxes = vec![StageBox {
        title: "Picture",
        second: short_shape(&[3, tree.input_size.into(), tree.input_size.into()]),
        third: String::new(),
        lock: None,
        learns: false,
        tooltip: format!(
            "The input: red, green and blue, {0} × {0} pixels",
            tree.input_size
        ),
    }];
    for (stage, &lock) in view.plans.stages.iter().zip(&locks.stages) {
        boxes.push(StageBox {
            title: &stage.title,
            second: short_shape(&stage.output_shape),
            third: format::magnitude(stage.parameters),
            lock: Some(lock),
            learns: lock == Lock::Trainable,
            tooltip: tooltip(stage, lock),
        });
    }
    boxes.push(StageBox {
        title: "Head",
        second: format!("{} in", format::thousands(features)),
        third: "trainable".into(),
        lock: None,
        learns: true,
        tooltip: format!(
            "The new layers on top, which take {} features; they are trained in every phase",
            format::thousands(features)
        ),
    });
    boxes
}

fn tooltip(stage: &StageView, lock: Lock) -> String {
    format!(
        "{}: {}, {}, output {}\nClick to {} it; shift-click to train from here on",
        stage.title,
        lock.title(),
        format::plural(stage.parameters, "parameter", "parameters"),
        format::shape(&stage.output_shape),
        if lock == Lock::Frozen {
            "unfreeze"
        } else {
            "freeze"
        },
    )
}

/// What a box's title takes, with its lock.
fn title_width(ui: &egui::Ui, stage: &StageBox<'_>) -> f32 {
    let font = tokens::medium_font(TITLE_SIZE);
    let title = widgets::text_width(ui, stage.title, font);
    let lock_width = if stage.lock.is_some() {
        LOCK_WIDTH
    } else {
        0.0
    };
    title + lock_width
}

fn arrow(ui: &mut egui::Ui, width: f32, height: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let color = tokens(ui).text_faint;
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        icon::CARET_RIGHT,
        font,
        color,
    );
}

fn stage_box(ui: &mut egui::Ui, size: egui::Vec2, stage: &StageBox<'_>) -> egui::Response {
    let colors = tokens(ui);
    let sense = if stage.lock.is_some() {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let (edge, fill) = match stage.lock {
        Some(lock) => lock_colors(colors, lock),
        None if stage.learns => lock_colors(colors, Lock::Trainable),
        None => (colors.outline_strong, colors.faint),
    };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, tokens::RADIUS_M, fill);
    let width = if response.hovered() && stage.lock.is_some() || response.has_focus() {
        2.0
    } else {
        1.0
    };
    let stroke = egui::Stroke::new(width, edge);
    painter.rect_stroke(rect, tokens::RADIUS_M, stroke, egui::StrokeKind::Inside);
    let inner = rect.shrink2(MARGIN);
    let line = |line_index: f32, right: f32| {
        let height = inner.height() / 3.0;
        egui::Rect::from_min_size(
            inner.left_top() + vec2(0.0, line_index * height),
            vec2(inner.width() - right, height),
        )
    };
    let lock_width = if stage.lock.is_some() {
        LOCK_WIDTH
    } else {
        0.0
    };
    let title_font = tokens::medium_font(TITLE_SIZE);
    widgets::elided(
        ui,
        line(0.0, lock_width),
        stage.title,
        title_font,
        colors.text,
    );
    let small = egui::FontId::proportional(tokens::TEXT_SMALL - 1.0);
    let second = line(1.0, 0.0);
    widgets::elided(ui, second, &stage.second, small.clone(), colors.text_muted);
    widgets::elided(ui, line(2.0, 0.0), &stage.third, small, colors.text_faint);
    if let Some(lock) = stage.lock {
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        painter.text(
            inner.right_top() + vec2(2.0, 0.0),
            Align2::RIGHT_TOP,
            lock_icon(lock),
            font,
            edge,
        );
        let name = format!("Stage {}", stage.title);
        response.widget_info(|| {
            egui::WidgetInfo::selected(
                egui::accesskit::Role::CheckBox,
                true,
                lock == Lock::Frozen,
                &name,
            )
        });
    }
    response
}
