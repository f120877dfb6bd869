//! Moving and removing one of several: phases, layers of the head.

use eframe::egui;

use crate::app::ui::tokens::{self, icon};
use crate::app::ui::widgets;

/// What the buttons of [`arrange_buttons`] do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrange {
    Up,
    Down,
    Remove,
}

impl Arrange {
    /// Moves or removes the one at `index`.
    pub fn apply<T>(self, all: &mut Vec<T>, index: usize) {
        match self {
            Self::Up => all.swap(index - 1, index),
            Self::Down => all.swap(index, index + 1),
            Self::Remove => {
                all.remove(index);
            }
        }
    }
}

/// How wide [`arrange_buttons`] are.
pub const WIDTH: f32 = 3.0 * tokens::CONTROL_HEIGHT;

/// The buttons that move `what` (“phase 2”), the one at `index` of `number`, up and down and remove it, with their
/// tooltips. `removed` is its name where it goes for good.
pub fn arrange_buttons(
    ui: &mut egui::Ui,
    (what, removed): (&str, &str),
    (index, number): (usize, usize),
    can_remove: bool,
    [up, down, remove]: [&str; 3],
) -> Option<Arrange> {
    let buttons = [
        (
            Arrange::Up,
            icon::ARROW_UP,
            index > 0,
            format!("Move {what} up"),
            up,
        ),
        (
            Arrange::Down,
            icon::ARROW_DOWN,
            index + 1 < number,
            format!("Move {what} down"),
            down,
        ),
        (
            Arrange::Remove,
            icon::TRASH,
            can_remove,
            format!("Remove {removed}"),
            remove,
        ),
    ];
    let mut chosen = None;
    for (arrange, symbol, is_possible, name, tooltip) in buttons {
        ui.add_enabled_ui(is_possible, |ui| {
            if widgets::icon_button(ui, symbol, &name, tooltip).clicked() {
                chosen = Some(arrange);
            }
        });
    }
    chosen
}
