//! Which answers are shown, and in which order.

use eframe::egui::{self, vec2};

use super::PredictLocal;
use super::view::{AnswersView, Query, Shown, SortBy};
use crate::app::core::prediction::Tally;
use crate::app::ui::drop_down::Item;
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::{combo, confidence_ui, make_room, side_ui};
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::widgets;
use crate::format;
use crate::prediction::Assigned;

pub fn filters_ui(ui: &mut egui::Ui, view: &AnswersView, tally: &Tally, local: &mut PredictLocal) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        sort_ui(ui, view, local);
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
        if query.is_filtered() {
            make_room(ui, 90.0);
            let text = format!("{} Show all", icon::X);
            let tooltip = "Clear every filter (0)";
            if ui.button(text).on_hover_text(tooltip).clicked() {
                query.show_all();
            }
        }
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

/// What is shown, by what was answered.
fn shown_ui(ui: &mut egui::Ui, view: &AnswersView, tally: &Tally, query: &mut Query) {
    let mut options = vec![Shown::All];
    let classes = 0..view.classes.len() as u32;
    options.extend(classes.map(|class| Shown::Only(Assigned::Class(class))));
    options.push(Shown::Unsure);
    if tally.undecided > 0 {
        options.push(Shown::Only(Assigned::Undecided));
    }
    if view.knows_novelty || tally.none_of_these > 0 {
        options.push(Shown::Only(Assigned::NoneOfThese));
    }
    // Hundreds of classes get their texts only while the list is open.
    let item = |index: usize| {
        let (text, count) = match options[index] {
            Shown::All => ("Any answer".into(), None),
            Shown::Only(Assigned::Class(class)) => {
                let count = tally.classes.get(class as usize).copied();
                (shown_name(view.class(class)), count)
            }
            Shown::Unsure => ("Unsure (under 60 %)".into(), Some(view.unsure)),
            Shown::Only(Assigned::Undecided) => ("Undecided".into(), Some(tally.undecided)),
            Shown::Only(Assigned::NoneOfThese) => {
                ("None of these".into(), Some(tally.none_of_these))
            }
        };
        let item = Item::new(text);
        match count {
            Some(count) => item.detail(format::thousands(count as u64)),
            None => item,
        }
    };
    let selected = options.iter().position(|shown| *shown == query.shown);
    let labels = (
        "Answer",
        "Shows pictures with one answer. Unsure: the answer has less than 60 %. None of these: unlike all that the run learned from",
    );
    if let Some(chosen) = combo(ui, labels, 150.0, selected, item, options.len()) {
        query.shown = options[chosen];
    }
}
