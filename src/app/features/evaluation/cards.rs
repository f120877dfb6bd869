//! Further scores of an evaluation, each with its interval.

use eframe::egui::{self, Sense, vec2};

use super::view::{Card, EvaluationBody};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;

const WIDTH: f32 = 118.0;
const HEIGHT: f32 = 60.0;

/// Cards in as many columns as fit, all of one width.
pub fn cards_ui(ui: &mut egui::Ui, body: &EvaluationBody) {
    let gap = tokens::SPACE_S;
    let columns = ((ui.available_width() + gap) / (WIDTH + gap))
        .floor()
        .clamp(1.0, body.cards.len().max(1) as f32);
    // Rows of equal length look better than a long and a short one.
    let rows = (body.cards.len() as f32 / columns).ceil().max(1.0);
    let columns = (body.cards.len() as f32 / rows).ceil().max(1.0);
    let width = (ui.available_width() - gap * (columns - 1.0)) / columns;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        for row in body.cards.chunks(columns as usize) {
            ui.horizontal(|ui| {
                for card in row {
                    card_ui(ui, card, width);
                }
            });
        }
    });
}

fn card_ui(ui: &mut egui::Ui, card: &Card, width: f32) {
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect(
        rect,
        tokens::RADIUS_M,
        colors.surface,
        colors.outline_stroke(),
        egui::StrokeKind::Inside,
    );
    let left = rect.left() + 8.0;
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let label = egui::Rect::from_min_max(
        egui::pos2(left, rect.top() + 6.0),
        egui::pos2(rect.right() - 6.0, rect.top() + 20.0),
    );
    widgets::elided(ui, label, &card.label, small.clone(), colors.text_muted);
    painter.text(
        egui::pos2(left, rect.center().y + 1.0),
        egui::Align2::LEFT_CENTER,
        &card.value,
        tokens::semibold_font(tokens::TEXT_TITLE),
        colors.text,
    );
    painter.text(
        egui::pos2(left, rect.bottom() - 6.0),
        egui::Align2::LEFT_BOTTOM,
        &card.interval,
        small,
        colors.text_muted,
    );
    let spoken = card.spoken();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &spoken));
    response.on_hover_text(format!("{}\n{}", card.label, card.tooltip));
}
