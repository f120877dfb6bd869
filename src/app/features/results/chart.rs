//! Accuracies as bars with their intervals.

use eframe::egui::{self, Align2, Sense, vec2};

use super::view::{ResultRow, ResultsView};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::format;

/// Bars at once, at most: the table below has every run.
const MOST_BARS: usize = 12;

/// Accuracies as bars with their intervals, on a scale that begins where the differences are.
pub(super) fn chart_ui(ui: &mut egui::Ui, view: &ResultsView) {
    let colors = tokens(ui);
    let rows = &view.rows[..view.rows.len().min(MOST_BARS)];
    let low = |row: &ResultRow| row.interval.map_or(row.accuracy, |interval| interval.low);
    let lowest = rows.iter().map(low).fold(1.0, f64::min);
    let from = if lowest > 0.6 { 0.5 } else { 0.0 };
    let name_width = (ui.available_width() * 0.36).clamp(90.0, 280.0);
    let font = egui::FontId::proportional(tokens::TEXT_BODY);
    let row_height = 28.0;
    let value_width = 62.0;
    for row in rows {
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), row_height), Sense::hover());
        let fade = if row.comparable { 1.0 } else { 0.4 };
        let name =
            egui::Rect::from_min_size(rect.min, vec2(name_width - tokens::SPACE_S, row_height));
        let text_color = colors.text.gamma_multiply(fade);
        widgets::elided(ui, name, &row.name, font.clone(), text_color);
        let track = egui::Rect::from_min_max(
            egui::pos2(rect.left() + name_width, rect.top() + 6.0),
            egui::pos2(rect.right() - value_width, rect.bottom() - 6.0),
        );
        let at = |share: f64| {
            track.left() + track.width() * ((share - from) / (1.0 - from)).clamp(0.0, 1.0) as f32
        };
        ui.painter()
            .rect_filled(track, tokens::RADIUS_S, colors.sunken);
        let mut bar = track;
        bar.set_right(at(row.accuracy));
        let color = tokens::run_color(row.color);
        ui.painter()
            .rect_filled(bar, tokens::RADIUS_S, color.gamma_multiply(fade));
        let stroke = egui::Stroke::new(1.5, colors.text.gamma_multiply(fade));
        if let Some(interval) = row.interval {
            let (low, high) = (at(interval.low), at(interval.high));
            ui.painter().hline(low..=high, track.center().y, stroke);
            for end in [low, high] {
                ui.painter()
                    .vline(end, track.center().y - 4.0..=track.center().y + 4.0, stroke);
            }
        }
        let value = format::percent(row.accuracy);
        let position = rect.right_center();
        ui.painter().text(
            position,
            Align2::RIGHT_CENTER,
            &value,
            tokens::medium_font(tokens::TEXT_BODY),
            text_color,
        );
        let text = format!(
            "{}: {value} of {} test pictures classified correctly, {}",
            row.name,
            format::thousands(row.n as u64),
            row.interval.map_or_else(
                || "no interval".to_owned(),
                |interval| {
                    let ends = format::percent_interval(interval.low, interval.high);
                    format!("95 % interval {ends}")
                },
            )
        );
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &text));
        response.on_hover_text(&text);
    }
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 14.0), Sense::hover());
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let left = rect.left() + name_width;
    let right = rect.right() - value_width;
    for part in 0..=2 {
        let share = from + (1.0 - from) * f64::from(part) / 2.0;
        let x = left + (right - left) * part as f32 / 2.0;
        let text = format::whole_percent(share);
        ui.painter().text(
            egui::pos2(x, rect.top()),
            Align2::CENTER_TOP,
            text,
            small.clone(),
            colors.text_faint,
        );
    }
    let mut text =
        "Test accuracy with its 95 % interval (Wilson): where the true accuracy may lie."
            .to_owned();
    if view.rows.len() > rows.len() {
        text = format!(
            "{text} The best {} of {}; the table has them all.",
            rows.len(),
            format::plural(view.rows.len() as u64, "run", "runs")
        );
    }
    widgets::note(ui, &text);
}
