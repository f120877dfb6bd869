//! A place of the manual as a line to choose: its heading and page, and the sentence with the words.

use eframe::egui::{self, FontId, TextFormat, vec2};

use super::search::Hit;
use crate::app::ui::tokens::{self, tokens};

/// Lines of a sentence that are shown.
const ROWS: usize = 4;
const PADDING: egui::Vec2 = vec2(tokens::SPACE_S, 6.0);

/// Draws a hit over the whole width; the words that were looked for stand out.
pub fn hit_ui(ui: &mut egui::Ui, hit: &Hit, is_selected: bool) -> egui::Response {
    let t = tokens(ui);
    let width = ui.available_width();
    let small = FontId::proportional(tokens::TEXT_SMALL);
    let mut job = egui::text::LayoutJob::default();
    job.wrap.max_width = width - 2.0 * PADDING.x;
    job.wrap.max_rows = ROWS;
    let heading = TextFormat::simple(tokens::medium_font(tokens::TEXT_BODY), t.text);
    job.append(&hit.heading, 0.0, heading);
    let page = format!("Manual, page {}", hit.page);
    job.append(&page, 8.0, TextFormat::simple(small.clone(), t.text_muted));
    if !hit.sentence.is_empty() {
        job.append("\n", 0.0, TextFormat::simple(small.clone(), t.text_muted));
        let mut at = 0;
        let mut append = |to: usize, color| {
            let part = hit.sentence.get(at..to).unwrap_or_default();
            job.append(part, 0.0, TextFormat::simple(small.clone(), color));
            at = to;
        };
        for word in &hit.words {
            append(word.start, t.text_muted);
            append(word.end, t.accent);
        }
        append(hit.sentence.len(), t.text_muted);
    }
    let galley = ui.painter().layout_job(job);
    let size = vec2(width, galley.size().y + 2.0 * PADDING.y);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    let fill = t.choice_fill(is_selected, response.hovered());
    ui.painter().rect_filled(rect, tokens::RADIUS_M, fill);
    if response.has_focus() {
        let stroke = egui::Stroke::new(tokens::STROKE_THIN, t.accent);
        let inside = egui::StrokeKind::Inside;
        ui.painter()
            .rect_stroke(rect, tokens::RADIUS_M, stroke, inside);
    }
    ui.painter().galley(rect.min + PADDING, galley, t.text);
    let spoken = format!(
        "{}, page {} of the manual: {}",
        hit.heading, hit.page, hit.sentence
    );
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, &spoken));
    response
        .on_hover_text("Open the manual there")
        .on_hover_cursor(egui::CursorIcon::PointingHand)
}
