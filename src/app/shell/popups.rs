//! What holds for all menus, lists of choices and tooltips.

use eframe::egui::{self, Event, Key, PointerButton};

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

/// Lets a click beside an open menu or list of choices close it and do nothing else, as everywhere on a desktop: egui's own
/// click would also press what lies underneath.
#[derive(Debug, Default)]
pub struct ClicksBesideMenus {
    /// Whether the button whose press was kept back is still held.
    is_held: bool,
}

impl egui::Plugin for ClicksBesideMenus {
    fn debug_name(&self) -> &'static str {
        "clicks beside menus"
    }

    fn input_hook(&mut self, ctx: &egui::Context, input: &mut egui::RawInput) {
        let mut is_open = egui::Popup::is_any_open(ctx);
        if !is_open && !self.is_held {
            return;
        }
        let is_beside = |position: egui::Pos2| {
            // Menus lie in front of everything but tooltips; what stands in a dialog is left to egui.
            let layer = ctx.layer_id_at(position);
            layer.is_none_or(|layer| layer.order < egui::Order::Foreground)
        };
        input.events.retain(|event| match event {
            Event::PointerButton {
                pos,
                button: PointerButton::Primary,
                pressed: true,
                ..
            } if is_open && is_beside(*pos) => {
                egui::Popup::close_all(ctx);
                is_open = false;
                self.is_held = true;
                false
            }
            Event::PointerButton {
                button: PointerButton::Primary,
                pressed: false,
                ..
            } if self.is_held => {
                self.is_held = false;
                false
            }
            _ => true,
        });
    }
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
