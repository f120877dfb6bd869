//! The gallery by keyboard alone: arrows, Enter, Escape, digits for classes.

use eframe::egui::{self, Key, Modifiers};

use super::GalleryLocal;
use super::card::card_id;
use super::view::ReadyView;
use crate::evaluation::gallery::Filter;

/// Keys that choose a class, in the order of classes.
const DIGITS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// Whether keys are meant for the gallery: nothing else has the focus.
fn is_ours(ui: &egui::Ui, local: &GalleryLocal) -> bool {
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

fn pressed(ui: &egui::Ui, key: Key) -> bool {
    ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
}

/// Arrows move, digits filter by class; Enter is the card's own.
pub fn grid_keys(ui: &egui::Ui, ready: &ReadyView, columns: usize, local: &mut GalleryLocal) {
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
    digits(ui, ready, local);
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
            step_by(ready, step, local);
        }
    }
}

/// Moves along the list, and stays at its ends.
pub fn step_by(ready: &ReadyView, step: isize, local: &mut GalleryLocal) {
    let Some(last) = ready.picture_indices.len().checked_sub(1) else {
        return;
    };
    let index = local.current.and_then(|current| {
        ready
            .picture_indices
            .iter()
            .position(|&picture_index| picture_index == current)
    });
    let next = match index {
        None => 0,
        Some(index) => (index as isize)
            .saturating_add(step)
            .clamp(0, last as isize) as usize,
    };
    local.current = Some(ready.picture_indices[next]);
    local.reveal = true;
}

/// Arrows show the next picture large, Escape goes back to the wall.
pub fn closeup_keys(ui: &egui::Ui, ready: &ReadyView, local: &mut GalleryLocal) {
    if ui.ctx().text_edit_focused() || is_behind_a_dialog(ui) {
        return;
    }
    if pressed(ui, Key::Escape) || pressed(ui, Key::Backspace) {
        close(local);
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
            step_by(ready, step, local);
        }
    }
}

/// Back to the wall, where the picture was.
pub fn close(local: &mut GalleryLocal) {
    local.open = false;
    local.reveal = true;
}

/// 1 to 9 show one class; the same digit again, or 0, shows all.
fn digits(ui: &egui::Ui, ready: &ReadyView, local: &mut GalleryLocal) {
    for (class, key) in (0u32..).zip(DIGITS) {
        if (class as usize) < ready.class_counts.len() && pressed(ui, key) {
            let filter = &mut local.query.filter;
            filter.truth = if filter.truth == Some(class) {
                None
            } else {
                Some(class)
            };
        }
    }
    if pressed(ui, Key::Num0) {
        local.query.filter = Filter::default();
    }
}
