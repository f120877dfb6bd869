//! What stands above a grid: choices in a row that wraps, confidences, and the size of the pictures.

use eframe::egui;

use super::{GridLocal, SIDES};
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::number_field::NumberField;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;

/// Below this width, in points, filters are folded.
pub const NARROW: f32 = 460.0;

/// Ends the line of a wrapped row when a control of this width does not fit any more.
pub fn make_room(ui: &mut egui::Ui, width: f32) {
    if ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
}

/// A drop-down in a wrapped row; the index of another item that was chosen.
pub fn combo(
    ui: &mut egui::Ui,
    labels: (&str, &str),
    width: f32,
    selected: impl Into<Option<usize>>,
    item: impl Fn(usize) -> Item,
    count: usize,
) -> Option<usize> {
    let width = width.min(ui.max_rect().width());
    make_room(ui, width);
    let selected = selected.into();
    let shown = selected.map_or_else(|| Item::new("Choose a run"), &item);
    let items = || (0..count).map(&item).collect();
    drop_down(ui, labels, width, selected, &shown, items)
}

/// The lowest and the highest confidence that is shown, as shares of 1; edited in per cent.
pub fn confidence_ui(ui: &mut egui::Ui, confidence: &mut (f32, f32)) {
    make_room(ui, 220.0);
    ui.label(tokens(ui).muted("Confidence"))
        .on_hover_text("The probability of the predicted class");
    let (low, high) = *confidence;
    let mut percent = [low, high].map(|share| (share * 1e8).round() / 1e6);
    let ranges = [0.0..=percent[1], percent[0]..=100.0];
    let names = [
        (
            "Lowest confidence",
            "Shows predictions with at least this confidence",
        ),
        (
            "Highest confidence",
            "Shows predictions with at most this confidence",
        ),
    ];
    let mut changed = false;
    for (index, ((name, tooltip), range)) in names.into_iter().zip(ranges).enumerate() {
        if index == 1 {
            ui.label(tokens(ui).muted("to"));
        }
        let field = NumberField::new(name, &mut percent[index], range)
            .speed(0.5)
            .unit(" %")
            .decimals(1)
            .tooltip(tooltip);
        changed |= ui.add(field).changed();
    }
    if changed {
        *confidence = (percent[0] / 100.0, percent[1] / 100.0);
    }
}

/// How large the pictures are.
pub fn side_ui(ui: &mut egui::Ui, local: &mut GridLocal) {
    make_room(ui, 180.0);
    ui.spacing_mut().item_spacing.x = tokens::SPACE_S;
    ui.label(tokens(ui).muted("Picture size"));
    ui.spacing_mut().slider_width = 90.0;
    let slider = egui::Slider::new(&mut local.side, SIDES.0..=SIDES.2);
    let response = widgets::rail(ui, slider).accessible_name("Size of the pictures");
    // Above, so that it doesn't cover the pictures.
    let response = widgets::hover_text_above(
        response,
        "How large the pictures are shown: the smaller, the more of them at once",
    );
    local.reveal |= response.changed() && local.current.is_some();
}
