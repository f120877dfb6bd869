//! The stage diagram: the picture at the left, the head at the right, the locks between.

use eframe::egui::{self, Align2, Sense, vec2};

use super::plans::{lock_colors, lock_icon, set_leaves};
use super::view::PhaseLocks;
use crate::app::panels::editor::Draft;
use crate::app::panels::format;
use crate::app::panels::layer_plan::{self, Lock};
use crate::app::tokens::{self, icon, tokens};
use crate::models::tree::LayerTree;

/// The stage diagram: the picture at the left, the head at the right.
pub(super) fn stages_ui(
    ui: &mut egui::Ui,
    tree: &LayerTree,
    phase: usize,
    locks: &PhaseLocks,
    draft: &mut Draft<'_>,
) {
    ui.add_space(tokens::SPACE_XS);
    let boxes = tree.stages.len() + 2;
    let gap = 14.0;
    let width =
        ((ui.available_width() - gap * (boxes - 1) as f32) / boxes as f32).clamp(92.0, 130.0);
    let height = 58.0;
    let nodes = layer_plan::flatten(tree);
    egui::ScrollArea::horizontal()
        .id_salt("stages")
        .auto_shrink([false, true])
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let input = format!("3 × {0} × {0}", tree.input_size);
                stage_box(ui, vec2(width, height), "Picture", &input, "", None);
                for stage in &tree.stages {
                    let leaves: Vec<usize> = nodes
                        .iter()
                        .filter(|node| stage.paths.contains(&node.node.path))
                        .flat_map(|node| node.leaves.clone())
                        .collect();
                    let flags: Vec<bool> = leaves
                        .iter()
                        .filter_map(|&leaf| locks.frozen.get(leaf).copied())
                        .collect();
                    let lock = Lock::of(&flags, 0..flags.len());
                    arrow(ui, gap, height);
                    let shape = format::shape(&stage.output_shape);
                    let parameters = format::compact(stage.parameters);
                    let response = stage_box(
                        ui,
                        vec2(width, height),
                        &stage.title,
                        &shape,
                        &parameters,
                        Some(lock),
                    );
                    let text = format!(
                        "{}: {}, {} parameters, output {shape}\nClick to {} it",
                        stage.title,
                        lock.title(),
                        format::count(stage.parameters),
                        if lock == Lock::Frozen {
                            "free"
                        } else {
                            "freeze"
                        },
                    );
                    if response.on_hover_text(text).clicked() {
                        set_leaves(draft, phase, locks, tree, &leaves, lock != Lock::Frozen);
                    }
                }
                arrow(ui, gap, height);
                let features = format!("{} features", format::count(tree.features.unsigned_abs()));
                stage_box(
                    ui,
                    vec2(width, height),
                    "Head",
                    &features,
                    "always learns",
                    None,
                )
                .on_hover_text("The new layers on top; they learn in every phase");
            });
        });
    ui.add_space(tokens::SPACE_S);
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

fn stage_box(
    ui: &mut egui::Ui,
    size: egui::Vec2,
    title: &str,
    second: &str,
    third: &str,
    lock: Option<Lock>,
) -> egui::Response {
    let colors = tokens(ui);
    let sense = if lock.is_some() {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let (edge, fill) = match lock {
        Some(lock) => lock_colors(colors, lock),
        None if title == "Head" => lock_colors(colors, Lock::Trainable),
        None => (colors.outline_strong, colors.faint),
    };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, tokens::RADIUS_M, fill);
    let width = if response.hovered() && lock.is_some() || response.has_focus() {
        2.0
    } else {
        1.0
    };
    let stroke = egui::Stroke::new(width, edge);
    painter.rect_stroke(rect, tokens::RADIUS_M, stroke, egui::StrokeKind::Inside);
    let inner = rect.shrink2(vec2(7.0, 6.0));
    painter.text(
        inner.left_top(),
        Align2::LEFT_TOP,
        title,
        tokens::medium_font(tokens::TEXT_SMALL + 1.0),
        colors.text,
    );
    let small = egui::FontId::proportional(tokens::TEXT_SMALL - 1.0);
    painter.text(
        inner.left_center() + vec2(0.0, 3.0),
        Align2::LEFT_CENTER,
        second,
        small.clone(),
        colors.text_muted,
    );
    painter.text(
        inner.left_bottom(),
        Align2::LEFT_BOTTOM,
        third,
        small,
        colors.text_faint,
    );
    if let Some(lock) = lock {
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        painter.text(
            inner.right_top(),
            Align2::RIGHT_TOP,
            lock_icon(lock),
            font,
            edge,
        );
        let name = format!("Stage {title}");
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
