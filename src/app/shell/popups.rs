//! What holds for all menus, lists of choices and tooltips.

use eframe::egui::{self, Key};

/// Keeps tooltips of what stands behind a dialog from being drawn over it: egui leaves a tooltip open as long as the pointer
/// rests on what it is about, whatever opens above. Call it before that is drawn, as long as there is a dialog.
pub fn hush_tooltips(ctx: &egui::Context) {
    // No tooltip opens where a menu is open: this is one without extent.
    let at = egui::PopupAnchor::Position(egui::Pos2::ZERO);
    let id = egui::Id::unique("no tooltips");
    egui::Popup::new(id, ctx.clone(), at, egui::LayerId::background())
        .open(true)
        .frame(egui::Frame::NONE)
        .interactable(false)
        .show(|_| {});
}

/// Closes a list of choices in which one was chosen by the keyboard, as a click does. Call it after everything was drawn.
pub fn close_after_enter(ctx: &egui::Context) {
    if !ctx.input(|input| input.key_pressed(Key::Enter)) {
        return;
    }
    let Some(chosen) = ctx
        .memory(|memory| memory.focused())
        .and_then(|focused| ctx.read_response(focused))
    else {
        return;
    };
    let layer = chosen.layer_id;
    if chosen.clicked() && egui::Popup::is_id_open(ctx, layer.id) {
        egui::Popup::close_id(ctx, layer.id);
    }
}
