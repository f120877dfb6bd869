//! A grid by keyboard alone: arrows, Enter, Escape.

use eframe::egui::{self, Key, Modifiers};

use super::GridLocal;
use super::card::card_id;

/// Whether keys are meant for the grid: nothing else has the focus.
fn is_ours(ui: &egui::Ui, local: &GridLocal) -> bool {
    if is_behind_a_dialog(ui) {
        return false;
    }
    match ui.memory(|memory| memory.focused()) {
        None => true,
        Some(focused) => local
            .current
            .is_some_and(|picture_index| focused == card_id(ui, picture_index)),
    }
}

/// Whether a dialog or the palette is open.
fn is_behind_a_dialog(ui: &egui::Ui) -> bool {
    ui.memory(|memory| memory.top_modal_layer().is_some())
}

/// Whether `key` was pressed alone; it is nobody else's then.
pub fn pressed(ui: &egui::Ui, key: Key) -> bool {
    ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
}

/// Arrows move; Enter is the card's own, once it has the focus. `more` is called where keys are meant for the grid.
pub(super) fn grid_keys(
    ui: &egui::Ui,
    shown: &[u32],
    columns: usize,
    local: &mut GridLocal,
    more: impl FnOnce(&egui::Ui),
) {
    if !is_ours(ui, local) {
        return;
    }
    if let Some(current) = local.current {
        // The arrows are ours, not egui's, which knows visible cards only.
        let filter = egui::EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..egui::EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(card_id(ui, current), filter));
    }
    // Far away, the card comes into view, and has the focus, a few frames later.
    let is_unfocused = ui.memory(|memory| memory.focused().is_none());
    if let Some(current) = local.current.filter(|current| shown.contains(current))
        && is_unfocused
        && pressed(ui, Key::Enter)
    {
        local.look_at(current);
    }
    more(ui);
    let page = (ui.clip_rect().height() / (local.side + 46.0)).max(1.0) as isize * columns as isize;
    let steps = [
        (Key::ArrowLeft, -1),
        (Key::ArrowRight, 1),
        (Key::ArrowUp, -(columns as isize)),
        (Key::ArrowDown, columns as isize),
        (Key::PageUp, -page),
        (Key::PageDown, page),
        (Key::Home, isize::MIN / 2),
        (Key::End, isize::MAX / 2),
    ];
    for (key, step) in steps {
        if pressed(ui, key) {
            step_by(shown, step, local);
        }
    }
}

/// Moves along what is shown, and stays at its ends.
pub fn step_by(shown: &[u32], step: isize, local: &mut GridLocal) {
    let Some(last) = shown.len().checked_sub(1) else {
        return;
    };
    let index =
        (local.current).and_then(|current| shown.iter().position(|&other| other == current));
    let next = match index {
        None => 0,
        Some(index) => (index as isize)
            .saturating_add(step)
            .clamp(0, last as isize) as usize,
    };
    local.current = Some(shown[next]);
    local.reveal = true;
}

/// Arrows show the next picture large, Escape goes back to the wall.
pub fn closeup_keys(ui: &egui::Ui, shown: &[u32], local: &mut GridLocal) {
    if ui.ctx().text_edit_focused() || is_behind_a_dialog(ui) {
        return;
    }
    if pressed(ui, Key::Escape) || pressed(ui, Key::Backspace) {
        local.close();
        return;
    }
    // A slider or a list that has the focus takes the arrows itself.
    if ui.memory(|memory| memory.focused()).is_some() {
        return;
    }
    for (key, step) in [
        (Key::ArrowLeft, -1),
        (Key::ArrowUp, -1),
        (Key::ArrowRight, 1),
        (Key::ArrowDown, 1),
    ] {
        if pressed(ui, key) {
            step_by(shown, step, local);
        }
    }
}
