//! A line that unfolds what most people can do without.

use eframe::egui;

use super::tokens::{self, icon, tokens};

/// A caret and a title across the whole width; a click, or Enter, opens and closes.
pub fn disclosure_ui(ui: &mut egui::Ui, title: &str, tooltip: &str, open: &mut bool) {
    let colors = tokens(ui);
    let caret = if *open {
        icon::CARET_DOWN
    } else {
        icon::CARET_RIGHT
    };
    let mut text = egui::text::LayoutJob::default();
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let format = egui::TextFormat::simple(small, colors.text_muted);
    text.append(caret, 0.0, format);
    let format = egui::TextFormat::simple(tokens::medium_font(tokens::TEXT_BODY), colors.text);
    text.append(title, tokens::SPACE_S, format);
    let button = egui::Button::new(text)
        .frame_when_inactive(false)
        .min_size(egui::vec2(ui.available_width(), tokens::CONTROL_HEIGHT));
    let response = ui
        .scope(|ui| {
            // The caret stands under what is above it.
            ui.spacing_mut().button_padding.x = tokens::SPACE_XS;
            ui.add(button)
        })
        .inner;
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, *open, title));
    if response.on_hover_text(tooltip).clicked() {
        *open = !*open;
    }
}

/// What is folded away under such a line; `id` tells it from others of its name. Whether it is open is remembered with the
/// window's layout. What `add` gave, while it is open.
pub fn disclosure<R>(
    ui: &mut egui::Ui,
    id: impl std::hash::Hash + std::fmt::Debug,
    title: &str,
    tooltip: &str,
    add: impl FnOnce(&mut egui::Ui) -> R,
) -> Option<R> {
    let id = ui.make_persistent_id(id);
    let mut state =
        egui::collapsing_header::CollapsingState::load_with_default_open(ui.ctx(), id, false);
    let mut open = state.is_open();
    disclosure_ui(ui, title, tooltip, &mut open);
    state.set_open(open);
    state.show_body_unindented(ui, add).map(|shown| shown.inner)
}
