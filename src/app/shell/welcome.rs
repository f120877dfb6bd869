//! What a window without experiments says: how to begin.

use eframe::egui;

use super::actions::Action;
use super::top_bar::{Shipped, shipped};
use crate::app::core::command::Command;
use crate::app::ui::theme::primary_button;
use crate::app::ui::tokens::{self, icon, tokens};

/// Presets to begin with; those whose own pictures are on this machine come first.
pub fn suggestions(pictures_are_there: bool) -> Vec<&'static Shipped> {
    let mut list: Vec<&Shipped> = shipped()
        .iter()
        .filter(|preset| pictures_are_there || !preset.has_pictures)
        .collect();
    list.sort_by_key(|preset| !preset.has_pictures);
    list
}

pub fn welcome_ui(ui: &mut egui::Ui, pictures_are_there: bool, out: &mut Vec<Command>) {
    let t = tokens(ui);
    egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let height = ui.available_height();
        ui.add_space((height * 0.12).clamp(16.0, 140.0));
        ui.vertical_centered(|ui| {
            ui.label(egui::RichText::new(icon::PLANT).size(54.0).color(t.success));
            ui.add_space(tokens::SPACE_S);
            ui.label(tokens::semibold("Teach a trained network your pictures").size(tokens::TEXT_DISPLAY));
            ui.add_space(tokens::SPACE_XS);
            ui.label(t.muted("Open pictures sorted by class, decide what stays frozen, train, and see which way serves you better.").size(tokens::TEXT_LARGE));
            ui.add_space(tokens::SPACE_XL);
            let open = primary_button(ui, &format!("{}  Open pictures sorted by class…", icon::IMAGES), true, egui::vec2(280.0, 40.0));
            crate::app::ui::theme::name(&open, true, "Open pictures sorted by class…");
            if open.on_hover_text(Action::OpenPictures.hint(ui.ctx())).clicked() {
                out.push(Command::OpenPicturesDialog);
            }
            ui.add_space(tokens::SPACE_S);
            ui.label(t.small("or drop a folder, a table, a preset or a picture anywhere on this window"));
            ui.add_space(tokens::SPACE_XL);
        });
        presets_ui(ui, &suggestions(pictures_are_there), out);
    });
}

fn presets_ui(ui: &mut egui::Ui, presets: &[&Shipped], out: &mut Vec<Command>) {
    if presets.is_empty() {
        return;
    }
    let t = tokens(ui);
    let card = egui::vec2(270.0, 104.0);
    let gap = tokens::SPACE_M;
    let columns = (((ui.available_width() - 40.0 + gap) / (card.x + gap)) as usize).clamp(1, 3);
    let width = columns as f32 * (card.x + gap) - gap;
    let margin = ((ui.available_width() - width) / 2.0).max(0.0);
    ui.horizontal(|ui| {
        ui.add_space((margin - gap).max(0.0));
        ui.label(
            tokens::medium("Or begin with an experiment that others have made").color(t.text_muted),
        );
    });
    ui.add_space(tokens::SPACE_XS);
    for row in presets.chunks(columns) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            ui.add_space((margin - gap).max(0.0));
            for preset in row {
                card_ui(ui, preset, card, out);
            }
        });
        ui.add_space(tokens::SPACE_XS);
    }
}

fn card_ui(ui: &mut egui::Ui, preset: &Shipped, size: egui::Vec2, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Button,
            true,
            format!("Open preset {}", preset.name),
        )
    });
    let lively = response.hovered() || response.has_focus();
    let stroke = if lively {
        egui::Stroke::new(1.5, t.accent)
    } else {
        t.outline_stroke()
    };
    let fill = if lively { t.raised } else { t.surface };
    ui.painter().rect(
        rect,
        tokens::RADIUS_L,
        fill,
        stroke,
        egui::StrokeKind::Inside,
    );
    let inner = rect.shrink(12.0);
    let mut content = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(inner)
            .layout(egui::Layout::top_down(egui::Align::Min)),
    );
    content.set_clip_rect(inner.intersect(ui.clip_rect()));
    content.horizontal(|ui| {
        let symbol = if preset.has_pictures {
            icon::LIGHTNING
        } else {
            icon::LEAF
        };
        ui.label(tokens::icon_text(symbol).color(t.accent));
        ui.add(egui::Label::new(tokens::medium(&preset.name)).truncate());
    });
    // As many whole lines as the card has room for; the rest stands in the tooltip.
    let small =
        egui::TextFormat::simple(egui::FontId::proportional(tokens::TEXT_SMALL), t.text_muted);
    let mut text = egui::text::LayoutJob::single_section(preset.summary.clone(), small);
    text.wrap = egui::text::TextWrapping {
        max_rows: 3,
        ..egui::text::TextWrapping::wrap_at_width(inner.width())
    };
    content.label(text);
    let response = response
        .on_hover_text(&preset.summary)
        .on_hover_cursor(egui::CursorIcon::PointingHand);
    if response.clicked() {
        out.push(Command::OpenShippedPreset(preset.file));
    }
}
