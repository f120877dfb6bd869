//! The filters that are active, each as a chip that takes it away.

use eframe::egui::{self, vec2};

use super::query::Query;
use super::view::AnswersView;
use crate::app::ui::picture_grid::{make_room, middle_elided};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;

/// What a chip's text has room for, in points.
const WIDEST: f32 = 240.0;

/// How many answers the filters leave, and the filters. Nothing where there are none.
pub fn chips_ui(ui: &mut egui::Ui, view: &AnswersView, query: &mut Query) {
    let filters = query.filters(view);
    if filters.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        let shown = format!(
            "{} of {} shown",
            format::thousands(view.shown.len() as u64),
            format::thousands(view.answers.len() as u64)
        );
        ui.label(tokens(ui).muted(shown));
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        for (filter, text) in filters {
            let fitting = middle_elided(ui, &text, WIDEST, &font);
            let width = widgets::text_width(ui, &fitting, font.clone());
            make_room(ui, width + 40.0);
            let chip =
                egui::Button::new(format!("{fitting} {}", icon::X)).fill(tokens(ui).accent_faint);
            let chip = ui
                .add(chip)
                .accessible_name(format!("Remove the filter {text}"));
            if chip
                .on_hover_text(format!("{text}\nClick to take this filter away"))
                .clicked()
            {
                query.remove(filter);
            }
        }
        make_room(ui, 80.0);
        let all = ui.button("Show all");
        if all.on_hover_text("Clear every filter (0)").clicked() {
            query.show_all();
        }
    });
}
