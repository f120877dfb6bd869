//! The head of a column that its table is sorted by at a click.

use eframe::egui::{self, Sense};

use super::tokens::{self, icon, tokens};
use super::widgets;

/// At both sides of the title, in points: as in the cells below it.
pub const MARGIN: f32 = 6.0;

/// The title with an arrow where the table is sorted by this column; at the right where its cells are numbers. `descending`:
/// whether the largest stand first, where it is sorted so. Whether it was clicked.
pub fn sort_head(
    ui: &mut egui::Ui,
    id: egui::Id,
    (title, tooltip): (&str, &str),
    descending: Option<bool>,
    is_number: bool,
) -> bool {
    let colors = tokens(ui);
    let arrow = match descending {
        Some(true) => icon::CARET_DOWN,
        Some(false) => icon::CARET_UP,
        None => "",
    };
    let response = ui.interact(ui.max_rect(), id, Sense::click());
    if response.hovered() || response.has_focus() {
        (ui.painter()).rect_filled(ui.max_rect(), tokens::RADIUS_S, colors.raised_hover);
    }
    let name = format!("Sort by {title}");
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, descending.is_some(), &name)
    });
    let color = match descending {
        Some(_) => colors.text,
        None => colors.text_muted,
    };
    let text = format!("{title} {arrow}");
    let text = tokens::medium(text.trim())
        .size(tokens::TEXT_SMALL)
        .color(color);
    let label = egui::Label::new(text).truncate().selectable(false);
    let rect = ui.max_rect().shrink2(egui::vec2(MARGIN, 0.0));
    let layout = match is_number {
        true => egui::Layout::right_to_left(egui::Align::Center),
        false => egui::Layout::left_to_right(egui::Align::Center),
    };
    ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout))
        .add(label);
    response
        .on_hover_text(format!("{tooltip}. Click to sort"))
        .clicked()
}

/// What a column takes at first, up to `most`: the wider of its title with the arrow, and of `widest`, which is given the width of a
/// text. Remembered under `id` for as many rows.
pub fn first_width(
    ui: &egui::Ui,
    id: egui::Id,
    (title, rows): (&str, usize),
    most: f32,
    widest: impl FnOnce(&dyn Fn(&str) -> f32) -> f32,
) -> f32 {
    let known = ui.data(|data| data.get_temp::<(usize, f32)>(id));
    if let Some((of_rows, width)) = known
        && of_rows == rows
    {
        return width;
    }
    let head = widgets::text_width(ui, title, tokens::medium_font(tokens::TEXT_SMALL)) + 16.0;
    let body =
        |text: &str| widgets::text_width(ui, text, egui::FontId::proportional(tokens::TEXT_BODY));
    let width = (head.max(widest(&body)) + 2.0 * MARGIN).ceil().min(most);
    ui.data_mut(|data| data.insert_temp(id, (rows, width)));
    width
}
