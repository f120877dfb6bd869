//! The wall of pictures, and the classes' keys.

use eframe::egui::{self, Key};

use super::GalleryLocal;
use super::card::GalleryPictures;
use super::view::ReadyView;
use crate::app::core::state::State;
use crate::app::ui::picture_grid::{self, pressed};
use crate::app::ui::tokens::icon;
use crate::app::ui::widgets;
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

pub fn grid_ui(ui: &mut egui::Ui, ready: &ReadyView, state: &State, local: &mut GalleryLocal) {
    if ready.picture_indices.is_empty() {
        widgets::empty_state(
            ui,
            icon::FUNNEL,
            "No picture passes the filters",
            "The filters leave out every prediction of this run.",
            |ui| {
                if widgets::primary_button(ui, "Show all", "Clear every filter").clicked() {
                    local.query.filter = Filter::default();
                }
            },
        );
        return;
    }
    let pictures = GalleryPictures {
        ready,
        sort: local.query.sort,
    };
    let GalleryLocal { grid, query, .. } = local;
    picture_grid::grid_ui(ui, "gallery", &pictures, state, grid, |ui| {
        digits(ui, ready, &mut query.filter);
    });
}

/// 1 to 9 show one class; the same digit again, or 0, shows all.
fn digits(ui: &egui::Ui, ready: &ReadyView, filter: &mut Filter) {
    for (class, key) in (0u32..).zip(DIGITS) {
        if (class as usize) < ready.class_counts.len() && pressed(ui, key) {
            filter.truth = if filter.truth == Some(class) {
                None
            } else {
                Some(class)
            };
        }
    }
    if pressed(ui, Key::Num0) {
        *filter = Filter::default();
    }
}
