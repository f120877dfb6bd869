//! Which answers are shown, and in which order.

use eframe::egui::{self, vec2};

use super::PredictLocal;
use super::query::{Query, Shown, SortBy};
use super::view::AnswersView;
use crate::app::ui::drop_down::Item;
use crate::app::ui::picture_grid::{combo, confidence_ui, make_room, side_ui};
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::widgets;
use crate::format;
use crate::prediction::{Assigned, Tally};

/// Room for the longest text that is ours: [`super::query::UNSURE`].
const ANSWER_WIDTH: f32 = 176.0;

/// What [`order_ui`] takes.
pub const ORDER_WIDTH: f32 = 276.0;

/// The order, and what unfolds the filters.
pub fn order_ui(ui: &mut egui::Ui, view: &AnswersView, local: &mut PredictLocal) {
    sort_ui(ui, view, local);
    let button = egui::Button::new(format!("{} Filters", icon::FUNNEL)).selected(local.filters);
    let response = ui.add(button);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, local.filters, "Filters")
    });
    let tooltip = "Which pictures are shown, and how large";
    if response.on_hover_text(tooltip).clicked() {
        local.filters = !local.filters;
    }
}

/// Which answers are shown, and how large their pictures.
pub fn filters_ui(ui: &mut egui::Ui, view: &AnswersView, tally: &Tally, local: &mut PredictLocal) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        let query = &mut local.query;
        shown_ui(ui, view, tally, query);
        confidence_ui(ui, &mut query.confidence);
        make_room(ui, 120.0);
        ui.add(
            egui::TextEdit::singleline(&mut query.file)
                .hint_text("File name")
                .desired_width(104.0),
        )
        .accessible_name("File name")
        .on_hover_text("Shows pictures whose path holds this");
        side_ui(ui, &mut local.grid);
    });
}

fn sort_ui(ui: &mut egui::Ui, view: &AnswersView, local: &mut PredictLocal) {
    let mut options = vec![
        (SortBy::Arrival, "By arrival"),
        (SortBy::Confidence, "By confidence"),
        (SortBy::Name, "By file name"),
    ];
    if view.knows_novelty {
        options.insert(2, (SortBy::Distance, "By distance"));
    }
    let query = &mut local.query;
    let selected = options.iter().position(|(sort, _)| *sort == query.sort);
    let labels = (
        "Sort",
        "Arrival: the order in which answers came. Distance: how unlike a picture is to those that the run learned from",
    );
    let item = |index: usize| Item::new(options[index].1);
    if let Some(chosen) = combo(ui, labels, 132.0, selected, item, options.len()) {
        query.sort = options[chosen].0;
        // What needs a look first: the least sure, the strangest.
        query.largest_first = query.sort == SortBy::Distance;
        local.grid.reveal = local.grid.current.is_some();
    }
    let (symbol, name) = match (local.query.sort, local.query.largest_first) {
        (SortBy::Arrival, true) => (icon::ARROW_DOWN, "Latest first"),
        (SortBy::Arrival, false) => (icon::ARROW_UP, "Earliest first"),
        (SortBy::Name, true) => (icon::ARROW_DOWN, "Last name first"),
        (SortBy::Name, false) => (icon::ARROW_UP, "First name first"),
        (_, true) => (icon::ARROW_DOWN, "Largest first"),
        (_, false) => (icon::ARROW_UP, "Smallest first"),
    };
    if widgets::icon_button(ui, symbol, name, "Reverse the sort order").clicked() {
        local.query.largest_first = !local.query.largest_first;
    }
}

/// What is shown, by what was answered. What no picture got needs no line.
fn shown_ui(ui: &mut egui::Ui, view: &AnswersView, tally: &Tally, query: &mut Query) {
    let classes = (0u32..).zip(&tally.classes);
    let classes = classes.map(|(class, &count)| (Shown::Only(Assigned::Class(class)), count));
    let others = [
        (Shown::Unsure, view.unsure),
        (Shown::Only(Assigned::Undecided), tally.undecided),
        (Shown::Only(Assigned::NoneOfThese), tally.none_of_these),
    ];
    let options: Vec<(Shown, Option<usize>)> = [(Shown::All, None)]
        .into_iter()
        .chain(
            classes
                .chain(others)
                .map(|(shown, count)| (shown, Some(count))),
        )
        .filter(|(shown, count)| *count != Some(0) || *shown == query.shown)
        .collect();
    // Hundreds of classes get their texts only while the list is open.
    let item = |index: usize| {
        let (shown, count) = options[index];
        let item = Item::new(shown.title(view));
        let item = match shown {
            Shown::Unsure => item.tooltip(UNSURE_TOOLTIP),
            _ => item,
        };
        match count {
            Some(count) => item.detail(format::thousands(count as u64)),
            None => item,
        }
    };
    let selected = options.iter().position(|(shown, _)| *shown == query.shown);
    let labels = (
        "Answer",
        "Shows pictures with one answer. Unsure: the answer has less than 60 %. None of these: unlike all that the run learned from",
    );
    if let Some(chosen) = combo(ui, labels, ANSWER_WIDTH, selected, item, options.len()) {
        query.shown = options[chosen].0;
    }
}

/// What counts as unsure.
pub const UNSURE_TOOLTIP: &str = "Pictures with a class for an answer that has less than 60 %. Those that are none of these are counted apart";
