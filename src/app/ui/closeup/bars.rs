//! The probabilities of all classes as bars, of one run or of two.

use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, pos2, vec2};

use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;

/// One class's line.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassBar {
    pub class: u32,
    pub name: String,
    pub is_true: bool,
    /// Of the run that is shown, and of the one that it is compared with.
    pub probabilities: [Option<f32>; 2],
}

/// `run_colors`: of the run that is shown, and of the one that it is compared with.
pub fn bars_ui(ui: &mut egui::Ui, bars: &[ClassBar], run_colors: [Color32; 2]) {
    let colors = tokens(ui);
    let both = bars.iter().any(|bar| bar.probabilities[1].is_some());
    let height = if both { 30.0 } else { 20.0 };
    let width = ui.available_width();
    let name_width = (width * 0.36).clamp(60.0, 150.0);
    let font = FontId::proportional(tokens::TEXT_BODY);
    let small = FontId::proportional(tokens::TEXT_SMALL);
    // Hundreds of classes scroll; the first few are what is looked for.
    egui::ScrollArea::vertical()
        .id_salt("probabilities")
        .max_height(12.0 * height)
        .auto_shrink([false, true])
        .show_rows(ui, height, bars.len(), |ui, rows| {
            for bar in &bars[rows] {
                let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
                let mark = if bar.is_true { icon::TAG } else { "" };
                let name = format!("{} {mark}", shown_name(&bar.name));
                let color = if bar.is_true {
                    colors.text
                } else {
                    colors.text_muted
                };
                let label = Rect::from_min_size(rect.min, vec2(name_width - 6.0, height));
                widgets::elided(ui, label, name.trim_end(), font.clone(), color);
                let track = Rect::from_min_max(
                    pos2(rect.left() + name_width, rect.top()),
                    pos2(
                        (rect.right() - 52.0).max(rect.left() + name_width),
                        rect.bottom(),
                    ),
                );
                let lines = if both { 2 } else { 1 };
                let pitch = (height - 4.0) / lines as f32;
                for (line, probability) in bar.probabilities.iter().take(lines).enumerate() {
                    let top = track.top() + 2.0 + line as f32 * pitch;
                    let whole = Rect::from_min_max(
                        pos2(track.left(), top + 2.0),
                        pos2(track.right(), top + pitch - 2.0),
                    );
                    ui.painter().rect_filled(whole, 2.0, colors.sunken);
                    let Some(probability) = probability else {
                        continue;
                    };
                    let mut filled = whole;
                    filled.set_width(whole.width() * probability.clamp(0.0, 1.0));
                    ui.painter().rect_filled(filled, 2.0, run_colors[line]);
                    ui.painter().text(
                        pos2(rect.right(), whole.center().y),
                        Align2::RIGHT_CENTER,
                        format::confidence(f64::from(*probability)),
                        small.clone(),
                        colors.text,
                    );
                }
                let spoken = spoken(bar);
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &spoken)
                });
                response.on_hover_text(&spoken);
            }
        });
}

fn spoken(bar: &ClassBar) -> String {
    let percent = |value: f32| format::confidence(f64::from(value));
    let truth = if bar.is_true { ", the true class" } else { "" };
    match bar.probabilities {
        [Some(ours), Some(theirs)] => format!(
            "{}: {}, in the other run {}{truth}",
            bar.name,
            percent(ours),
            percent(theirs)
        ),
        [ours, _] => format!("{}: {}{truth}", bar.name, percent(ours.unwrap_or_default())),
    }
}
