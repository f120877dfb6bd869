//! Drop-downs: one of several, chosen by pointer or keyboard. Choosing closes the list, by Enter too; long lists have a
//! field that searches them.

use eframe::egui::{self, Color32, PopupCloseBehavior, vec2};

use super::names::shown_name;
use super::tokens::{self, icon, tokens};
use super::widgets;

/// Lists that are longer have a search field.
const SEARCHED_FROM: usize = 16;
/// The height of an open list, at most, in points.
const HEIGHT: f32 = 320.0;

/// One line of the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    pub text: String,
    /// At the right end of the line: "91.2 %".
    pub detail: String,
    /// What it means, where the text does not say it.
    pub tooltip: String,
    /// A run's dot in front of it.
    pub color: Option<Color32>,
    /// Why it can't be chosen.
    pub misfit: Option<String>,
}

impl Item {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub fn of_run(text: impl Into<String>, color: Color32) -> Self {
        Self {
            color: Some(color),
            ..Self::new(text)
        }
    }

    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }

    pub fn tooltip(self, tooltip: impl Into<String>) -> Self {
        Self {
            tooltip: tooltip.into(),
            ..self
        }
    }
}

/// A drop-down called `name`, of `width` points, that shows the item at `selected`; the index of another that was chosen.
/// Items are made only while the list is open.
pub fn drop_down(
    ui: &mut egui::Ui,
    (name, tooltip): (&str, &str),
    width: f32,
    selected: Option<usize>,
    shown: &Item,
    items: impl FnOnce() -> Vec<Item>,
) -> Option<usize> {
    let mut chosen = None;
    let id = ui.make_persistent_id(("drop-down", name));
    let text = match shown.color {
        // One text, so that the dot is cut off last.
        Some(color) => {
            let mut job = egui::text::LayoutJob::default();
            let font = egui::FontId::proportional(tokens::TEXT_BODY);
            job.append("●", 0.0, egui::TextFormat::simple(font.clone(), color));
            let format = egui::TextFormat::simple(font, tokens(ui).text);
            job.append(&shown_name(&shown.text), 6.0, format);
            egui::WidgetText::from(job)
        }
        None => egui::WidgetText::from(shown_name(&shown.text).into_owned()),
    };
    // A longer text is cut at this width, not at the row's.
    let height = ui.spacing().interact_size.y;
    let response = ui
        .allocate_ui(vec2(width, height), |ui| {
            egui::ComboBox::from_id_salt(("drop-down", name))
                .width(width)
                .height(HEIGHT)
                .truncate()
                .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
                .selected_text(text)
                .show_ui(ui, |ui| {
                    chosen = list_ui(ui, id, width, selected, &items());
                })
        })
        .inner;
    if response.inner.is_none() {
        ui.data_mut(|data| data.remove::<String>(id));
    }
    let response = response.response;
    let response = response.accessible_name(name);
    if chosen.is_some() {
        // The keyboard goes on where the list was opened.
        response.request_focus();
    }
    response.on_hover_text(tooltip);
    chosen.filter(|&index| Some(index) != selected)
}

fn list_ui(
    ui: &mut egui::Ui,
    id: egui::Id,
    width: f32,
    selected: Option<usize>,
    items: &[Item],
) -> Option<usize> {
    ui.set_min_width(width.max(220.0));
    let needle = if items.len() >= SEARCHED_FROM {
        search_ui(ui, id)
    } else {
        String::new()
    };
    let has = |text: &str| needle.is_empty() || text.to_lowercase().contains(&needle);
    // What says it beside its name comes after what is called so.
    let (mut found, others): (Vec<_>, Vec<_>) =
        (items.iter().enumerate()).partition(|(_, item)| has(&item.text));
    let says_it = |(_, item): &(usize, &Item)| has(&item.detail) || has(&item.tooltip);
    found.extend(others.into_iter().filter(says_it));
    if found.is_empty() {
        widgets::note(ui, "Nothing in the list has this in its name.");
    }
    // Enter in the search field takes the first that was found.
    let is_entered = !needle.is_empty() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let mut chosen = None;
    for (index, item) in found {
        if is_entered && chosen.is_none() && item.misfit.is_none() {
            chosen = Some(index);
        }
        if item_ui(ui, item, selected == Some(index)).clicked() {
            chosen = Some(index);
        }
    }
    if chosen.is_some() {
        ui.close();
    }
    chosen
}

/// The field that searches the list, which has the focus as the list opens; what it holds, in small letters.
fn search_ui(ui: &mut egui::Ui, id: egui::Id) -> String {
    let kept = ui.data(|data| data.get_temp::<String>(id));
    let is_new = kept.is_none();
    let mut text = kept.unwrap_or_default();
    let field = egui::TextEdit::singleline(&mut text)
        .hint_text(format!("{} Search", icon::MAGNIFYING_GLASS))
        .desired_width(f32::INFINITY);
    let response = ui.add(field).accessible_name("Search the list");
    if is_new {
        response.request_focus();
    }
    let needle = text.trim().to_lowercase();
    ui.data_mut(|data| data.insert_temp(id, text));
    needle
}

fn item_ui(ui: &mut egui::Ui, item: &Item, is_selected: bool) -> egui::Response {
    let mut text = egui::text::LayoutJob::default();
    let font = egui::FontId::proportional(tokens::TEXT_BODY);
    if let Some(color) = item.color {
        text.append("●", 0.0, egui::TextFormat::simple(font.clone(), color));
    }
    let before = if item.color.is_some() { 6.0 } else { 0.0 };
    let format = egui::TextFormat::simple(font, tokens(ui).text);
    text.append(&shown_name(&item.text), before, format);
    let width = ui.available_width();
    let button = egui::Button::selectable(is_selected, text).min_size(vec2(width, 0.0));
    let button = if item.detail.is_empty() {
        button
    } else {
        button.right_text(tokens(ui).small(&item.detail))
    };
    let response = ui
        .add_enabled(item.misfit.is_none(), button)
        .accessible_name(item.text.as_str());
    if let Some(reason) = &item.misfit {
        return response.on_disabled_hover_text(reason);
    }
    if item.tooltip.is_empty() {
        response
    } else {
        response.on_hover_text(&item.tooltip)
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::app::ui::theme;

    /// A drop-down of `count` runs; the chosen one.
    fn open(count: usize) -> Harness<'static, Option<usize>> {
        let mut harness = Harness::builder()
            .with_size(vec2(400.0, 500.0))
            .with_context_setup(theme::install)
            .build_ui_state(
                move |ui, chosen: &mut Option<usize>| {
                    let item = |index: usize| {
                        Item::new(format!("run {index}")).tooltip(format!("seed {}", 1000 - index))
                    };
                    let shown = chosen.map_or_else(|| Item::new("None"), item);
                    let items = || (0..count).map(item).collect();
                    let labels = ("Run", "A run");
                    if let Some(index) = drop_down(ui, labels, 160.0, *chosen, &shown, items) {
                        *chosen = Some(index);
                    }
                },
                None,
            );
        harness.get_by_label("Run").click();
        harness.run_steps(4);
        harness
    }

    #[test]
    fn enter_chooses_and_closes() {
        let mut harness = open(3);
        harness.get_by_label("run 1").focus();
        harness.run_steps(2);
        harness.key_press(egui::Key::Enter);
        harness.run_steps(4);
        assert_eq!(*harness.state(), Some(1));
        assert!(
            harness.query_by_label("run 2").is_none(),
            "the list is closed"
        );
    }

    #[test]
    fn a_long_list_is_searched_by_typing() {
        let mut harness = open(300);
        harness.get_by_label("Search the list").type_text("run 27");
        harness.run_steps(3);
        assert!(harness.query_by_label("run 1").is_none());
        harness.get_by_label("run 270");
        harness.key_press(egui::Key::Enter);
        harness.run_steps(4);
        assert_eq!(*harness.state(), Some(27), "the first that was found");
        assert!(harness.query_by_label("Search the list").is_none());
    }

    #[test]
    fn what_says_it_beside_its_name_is_found_too() {
        let mut harness = open(300);
        harness
            .get_by_label("Search the list")
            .type_text("seed 958");
        harness.run_steps(3);
        assert!(harness.query_by_label("run 1").is_none());
        harness.key_press(egui::Key::Enter);
        harness.run_steps(4);
        assert_eq!(*harness.state(), Some(42));
    }

    #[test]
    fn a_click_chooses_and_closes() {
        let mut harness = open(3);
        harness.get_by_label("run 2").click();
        harness.run_steps(4);
        assert_eq!(*harness.state(), Some(2));
        assert!(harness.query_by_label("run 1").is_none());
    }
}
