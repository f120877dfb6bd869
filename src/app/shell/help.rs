//! Help: how things are done, with the button that does them, every place of the manual that has the words, and every keyboard
//! shortcut.

use eframe::egui;

use super::actions::Action;
use super::dialog::scroll_height;
use super::help_topics::{TOPICS, Topic};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::features::manual::{Hit, hit_ui, search};
use crate::app::ui::text_search::{Sought, filtered};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::format;

/// The open help.
#[derive(Debug, Clone, Default)]
pub struct Help {
    typed: String,
    is_old: bool,
    /// What has the words that were typed last.
    found: Option<Found>,
}

/// Answers that stand before places of the manual.
const FIRST_TOPICS: usize = 2;

/// Keys that belong to no action of the table, and where they work.
const OTHER_KEYS: [(&str, &str); 7] = [
    ("Tab, Shift+Tab", "Go to the next or the previous control"),
    ("Space, Enter", "Press the control that has the focus"),
    ("Esc", "Close what was opened last"),
    ("Arrow keys", "Gallery: go from picture to picture"),
    ("Enter", "Gallery: look at the picture closely"),
    ("1 to 9", "Gallery: show one class alone, or all again"),
    (
        "Double click",
        "Left side: rename the experiment. Plots: show everything again",
    ),
];

impl Help {
    /// Whether it stays open.
    pub fn ui(&mut self, ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) -> bool {
        let field = egui::TextEdit::singleline(&mut self.typed)
            .hint_text(format!(
                "{}  Search the help and the manual",
                icon::MAGNIFYING_GLASS
            ))
            .margin(egui::Margin::symmetric(10, 6));
        let mut is_open = true;
        let field = ui.horizontal(|ui| {
            let action = Action::Manual;
            let text = format!("{}  {}", action.icon(), action.text());
            let width = ui.available_width() - 110.0;
            let field = ui.add(field.desired_width(width));
            let button = ui.add(egui::Button::new(text).min_size(egui::vec2(0.0, 30.0)));
            crate::app::ui::theme::name(&button, true, action.text());
            if button.on_hover_text(action.tooltip()).clicked() {
                out.push(action.command());
                is_open = false;
            }
            field
        });
        let field = field.inner;
        field.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search the help")
        });
        if !std::mem::replace(&mut self.is_old, true) {
            field.request_focus();
        }
        ui.add_space(tokens::SPACE_S);
        let is_current = |found: &Found| found.typed == self.typed;
        let found = (self.found.take().filter(is_current))
            .unwrap_or_else(|| Found::new(&self.typed, ui.ctx()));
        // The same size whatever is found, so that nothing moves while a person types.
        let height = scroll_height(ui.ctx(), 520.0, 210.0);
        egui::ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height)
            .auto_shrink(false)
            .show(ui, |ui| {
                if found.is_empty() {
                    let text = "Nothing in the help or the manual has these words. Try fewer of them, or others.";
                    ui.label(tokens(ui).muted(text));
                } else if !found.places.is_empty() {
                    ui.label(tokens(ui).small(found.count_text()));
                }
                // Many answers would hide that the manual says something, too.
                let first = match found.places.is_empty() {
                    true => found.topics.len(),
                    false => found.topics.len().min(FIRST_TOPICS),
                };
                let (first, others) = found.topics.split_at(first);
                is_open &= topics_ui(ui, "How do I …", first, state, out);
                is_open &= manual_ui(ui, &found.places, out);
                is_open &= topics_ui(ui, "More answers", others, state, out);
                shortcuts_ui(ui, &found.shortcuts);
            });
        self.found = Some(found);
        is_open
    }
}

/// What has the words; where none were typed, all topics and shortcuts.
#[derive(Debug, Clone)]
struct Found {
    typed: String,
    topics: Vec<&'static Topic>,
    places: Vec<Hit>,
    /// Keys, and what they do.
    shortcuts: Vec<(String, &'static str)>,
}

impl Found {
    fn new(typed: &str, ctx: &egui::Context) -> Self {
        let sought = Sought::new(typed);
        let of_actions = Action::all().filter_map(|action| {
            let shortcuts = action.shortcuts();
            let keys: Vec<String> = (shortcuts.iter())
                .map(|keys| ctx.format_shortcut(keys))
                .collect();
            (!keys.is_empty()).then(|| (keys.join(", "), action.text(), action.info().words))
        });
        let others = OTHER_KEYS.map(|(keys, text)| (keys.to_owned(), text, ""));
        let shortcuts = filtered(of_actions.chain(others), &sought, |(keys, text, words)| {
            format!("{keys} {text} {words}")
        });
        let shortcuts = shortcuts.into_iter().map(|(keys, text, _)| (keys, text));
        let mut topics = filtered(TOPICS.iter(), &sought, |topic| {
            format!("{} {} {}", topic.question, topic.answer, topic.words)
        });
        topics.sort_by_key(|topic| sought.fit(topic.question).is_none());
        Self {
            typed: typed.to_owned(),
            topics,
            places: search(typed),
            shortcuts: shortcuts.collect(),
        }
    }

    /// How much there is, further down too.
    fn count_text(&self) -> String {
        let answers = format::count(self.topics.len(), "answer", "answers");
        let places = format::count(
            self.places.len(),
            "place in the manual",
            "places in the manual",
        );
        let keys = format::count(self.shortcuts.len(), "shortcut", "shortcuts");
        format!("{answers}, {places}, {keys}")
    }

    fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.places.is_empty() && self.shortcuts.is_empty()
    }
}

fn title_ui(ui: &mut egui::Ui, title: &str) {
    let color = tokens(ui).text_muted;
    ui.label(tokens::medium(title).color(color));
}

/// False when one of them was opened.
fn topics_ui(
    ui: &mut egui::Ui,
    title: &str,
    topics: &[&Topic],
    state: &State,
    out: &mut Vec<Command>,
) -> bool {
    if topics.is_empty() {
        return true;
    }
    let t = tokens(ui);
    let mut is_open = true;
    title_ui(ui, title);
    for topic in topics {
        t.card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.add(egui::Label::new(tokens::medium(topic.question)).wrap());
            ui.add(egui::Label::new(t.muted(topic.answer)).wrap());
            let Some(action) = topic.opens.action() else {
                return;
            };
            let is_possible = action.is_enabled(state);
            let text = format!("{}  {}", action.icon(), action.text());
            let button = ui.add_enabled(is_possible, egui::Button::new(text));
            crate::app::ui::theme::name(&button, is_possible, action.text());
            let clicked = button
                .on_hover_text(action.hint(ui.ctx()))
                .on_disabled_hover_text(
                    "Not possible at the moment: open pictures, or train a run, first",
                )
                .clicked();
            if clicked {
                out.push(action.command());
                is_open = false;
            }
        });
    }
    ui.add_space(tokens::SPACE_M);
    is_open
}

/// False when one of them was opened.
fn manual_ui(ui: &mut egui::Ui, places: &[Hit], out: &mut Vec<Command>) -> bool {
    if places.is_empty() {
        return true;
    }
    title_ui(ui, "In the manual");
    let mut is_open = true;
    for hit in places {
        if hit_ui(ui, hit, false).clicked() {
            out.push(Command::ShowManual(Some(hit.place)));
            is_open = false;
        }
    }
    ui.add_space(tokens::SPACE_S);
    is_open
}

fn shortcuts_ui(ui: &mut egui::Ui, shortcuts: &[(String, &str)]) {
    if shortcuts.is_empty() {
        return;
    }
    title_ui(ui, "Keyboard shortcuts");
    egui::Grid::new("shortcuts")
        .num_columns(2)
        .striped(true)
        .spacing([tokens::SPACE_XL, 6.0])
        .show(ui, |ui| {
            for (keys, text) in shortcuts {
                ui.label(tokens::medium(keys));
                ui.label(*text);
                ui.end_row();
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_opens_something_and_is_found_by_its_words() {
        for topic in &TOPICS {
            assert!(topic.opens.action().is_some(), "{}", topic.question);
            assert!(topic.question.ends_with('?') && topic.answer.ends_with('.'));
            for words in [topic.question, topic.words] {
                let found = found(words);
                let is_there = found
                    .topics
                    .iter()
                    .any(|other| other.question == topic.question);
                assert!(is_there, "{words}");
            }
        }
    }

    fn found(typed: &str) -> Found {
        Found::new(typed, &egui::Context::default())
    }

    #[test]
    fn everything_is_shown_where_nothing_is_typed_and_no_place_of_the_manual() {
        let all = found("");
        assert_eq!(all.topics.len(), TOPICS.len());
        assert!(all.places.is_empty() && all.shortcuts.len() > OTHER_KEYS.len());
        assert!(found("xyzzy").is_empty());
    }

    #[test]
    fn a_word_is_looked_for_in_answers_shortcuts_and_the_manual() {
        for typed in ["unsure", "none of these", "folder", "Fôlder"] {
            assert!(!found(typed).places.is_empty(), "{typed}");
        }
        for (typed, question) in [("sweep", "best settings"), ("dropout", "dropout")] {
            let found = found(typed);
            assert!(found.topics[0].question.contains(question), "{typed}");
            assert!(!found.places.is_empty(), "{typed}");
        }
        let search = found("overfitting");
        assert!(search.topics[0].question.contains("training goes well"));
        assert_eq!(search.places[0].heading, "Overfitting and underfitting");
        let keys = found("double click").shortcuts;
        assert_eq!(keys.len(), 1);
    }
}
