//! What a view says above everything else.

use eframe::egui;

use crate::app::ui::tokens::{self, tokens};

/// Which of several runs is better, large, and what speaks for it below.
pub fn verdict_ui(ui: &mut egui::Ui, symbol: &str, sentence: &str, evidence: &[String]) {
    let colors = tokens(ui);
    colors
        .callout(colors.accent_faint, colors.accent)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            // Room for two lines: a longer verdict, or a shorter one, moves nothing.
            ui.set_min_height(2.0 * (tokens::TEXT_LARGE + 6.0));
            headline_ui(ui, symbol, sentence, evidence);
        });
}

/// A sentence, large, behind its symbol, and what speaks for it below.
pub fn headline_ui(ui: &mut egui::Ui, symbol: &str, sentence: &str, evidence: &[String]) {
    let colors = tokens(ui);
    ui.horizontal_wrapped(|ui| {
        ui.label(
            egui::RichText::new(symbol)
                .size(tokens::TEXT_TITLE)
                .color(colors.accent),
        );
        ui.label(
            tokens::medium(sentence)
                .size(tokens::TEXT_LARGE)
                .color(colors.text),
        );
    });
    for line in evidence {
        ui.label(colors.muted(line));
    }
}
