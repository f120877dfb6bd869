//! What stands at the right end of a row.

use eframe::egui;

/// How wide [`trailing_ui`] of this name was when it was drawn last, in points; 0 before.
pub fn trailing_width(ui: &egui::Ui, name: &'static str) -> f32 {
    let id = egui::Id::unique(name);
    ui.data(|data| data.get_temp(id)).unwrap_or_default()
}

/// Draws `add` at the right end of a row, from left to right as it is read, so that the keyboard goes through it in that
/// order; egui's own layout from the right goes backwards. `add` must not depend on the width that there is.
pub fn trailing_ui(ui: &mut egui::Ui, name: &'static str, add: impl FnOnce(&mut egui::Ui)) {
    let known = trailing_width(ui, name);
    let mut rect = ui.available_rect_before_wrap();
    // What is drawn for the first time takes the room from the left: beyond the right edge, a panel would grow for good.
    if known > 0.0 {
        rect.min.x = rect.min.x.max(rect.max.x - known);
    }
    let builder = egui::UiBuilder::new()
        .max_rect(rect)
        .layout(egui::Layout::left_to_right(egui::Align::Center));
    let inner = ui.scope_builder(builder, |ui| {
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        add(ui);
        ui.min_rect().width()
    });
    if (inner.inner - known).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(egui::Id::unique(name), inner.inner));
        // Drawn again before anybody sees it at the wrong place.
        ui.ctx().request_discard(name);
    }
}
