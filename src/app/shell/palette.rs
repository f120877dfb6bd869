//! The command palette: any command by its name, what can be done with the selected runs, and the manual.

use eframe::egui::{self, Key, Modifiers};

use super::actions::Action;
use super::dialog::scroll_height;
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::features::manual::{Hit, LastSearch, hit_ui};
use crate::app::features::runs::Offer;
use crate::app::ui::names::shown_name;
use crate::app::ui::theme::dialog_frame;
use crate::app::ui::tokens::{self, tokens};

/// One open palette.
#[derive(Debug, Default)]
pub struct Palette {
    typed: String,
    selected: usize,
    /// Whether the arrow keys have been used since something was typed; before, what can be done stands selected.
    is_moved: bool,
    of_manual: LastSearch,
}

/// What the palette lists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entry<'a> {
    Action(Action),
    /// Of the selected runs.
    Run(&'a Offer),
    /// A section of the manual.
    Manual(&'a Hit),
}

/// Sections of the manual that are offered beside commands, and letters from which on they are.
const HITS: usize = 6;
const HITS_FROM: usize = 3;

impl<'a> Entry<'a> {
    fn icon(self) -> &'static str {
        match self {
            Self::Action(action) => action.icon(),
            Self::Run(offer) => offer.icon,
            Self::Manual(_) => Action::Manual.icon(),
        }
    }

    fn text(self) -> &'a str {
        match self {
            Self::Action(action) => action.text(),
            Self::Run(offer) => &offer.text,
            Self::Manual(hit) => &hit.heading,
        }
    }

    fn tooltip(self) -> &'static str {
        match self {
            Self::Action(action) => action.tooltip(),
            Self::Run(offer) => offer.tooltip,
            Self::Manual(_) => "",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Action(action) => action.info().words,
            Self::Run(offer) => offer.words,
            Self::Manual(_) => "",
        }
    }

    /// Why it can't be done now.
    fn obstacle(self, state: &State) -> Option<&'static str> {
        match self {
            Self::Action(action) => {
                (!action.is_enabled(state)).then_some("Not possible at the moment")
            }
            Self::Run(offer) => offer.obstacle,
            Self::Manual(_) => None,
        }
    }

    fn commands(self) -> Vec<Command> {
        match self {
            // Running it closes the palette, whatever it is.
            Self::Action(Action::Palette) => Vec::new(),
            Self::Action(action) => vec![action.command()],
            Self::Run(offer) => offer.commands.clone(),
            Self::Manual(hit) => vec![Command::ShowManual(Some(hit.place))],
        }
    }
}

/// Actions that have every typed word in their name, among the other words for them, or in their explanation; in this
/// order, those whose name begins with what was typed first. So also of `offers`; those that can't be taken stand last, and
/// not at all where nothing was typed.
pub fn matching<'a>(typed: &str, offers: &'a [Offer]) -> Vec<Entry<'a>> {
    let typed = typed.trim().to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let rank = |entry: &Entry<'_>| {
        let name = entry.text().to_lowercase();
        let tooltip = entry.tooltip().to_lowercase();
        let in_name = |word: &str| name.contains(word);
        let is_synonym =
            |word: &str| (entry.words().split(' ')).any(|synonym| synonym.starts_with(word));
        if matches!(entry, Entry::Run(offer) if offer.obstacle.is_some()) {
            let is_meant = words.iter().all(|word| in_name(word) || is_synonym(word));
            (is_meant && !typed.is_empty()).then_some(4)
        } else if name.starts_with(&typed) {
            Some(0)
        } else if words.iter().all(|word| in_name(word)) {
            Some(1)
        } else if (words.iter()).all(|word| in_name(word) || is_synonym(word)) {
            Some(2)
        } else if (words.iter())
            .all(|word| in_name(word) || is_synonym(word) || tooltip.contains(word))
        {
            Some(3)
        } else {
            None
        }
    };
    let mut found: Vec<(u8, Entry<'a>)> = (Action::all().map(Entry::Action))
        .chain(offers.iter().map(Entry::Run))
        .filter_map(|entry| Some((rank(&entry)?, entry)))
        .collect();
    // Of what is not called so but is meant by the words, what is about the selected run is meant first.
    found.sort_by_key(|(rank, entry)| {
        let is_of_run = matches!(entry, Entry::Run(_));
        (*rank, if *rank == 0 { is_of_run } else { !is_of_run })
    });
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// Sections of the manual that have the words, the best first.
fn hits<'a>(typed: &str, last: &'a mut LastSearch) -> &'a [Hit] {
    if typed.trim().chars().count() < HITS_FROM {
        return &[];
    }
    let hits = last.hits(typed);
    &hits[..hits.len().min(HITS)]
}

impl Palette {
    /// Draws the palette; whether it stays open. `offers`: what can be done with the selected runs.
    pub fn modal_ui(
        &mut self,
        ctx: &egui::Context,
        state: &State,
        offers: &[Offer],
        out: &mut Vec<Command>,
    ) -> bool {
        let hits = hits(&self.typed, &mut self.of_manual);
        let mut entries = matching(&self.typed, offers);
        entries.extend(hits.iter().map(Entry::Manual));
        let last = entries.len().saturating_sub(1);
        let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let mut moved = false;
        if pressed(Key::ArrowDown) {
            self.selected += 1;
            moved = true;
        }
        if pressed(Key::ArrowUp) {
            self.selected = self.selected.saturating_sub(1);
            moved = true;
        }
        self.is_moved |= moved;
        if !self.is_moved {
            let possible = (entries.iter()).position(|entry| entry.obstacle(state).is_none());
            self.selected = possible.unwrap_or_default();
        }
        self.selected = self.selected.min(last);
        let mut chosen = pressed(Key::Enter)
            .then(|| entries.get(self.selected).copied())
            .flatten();

        let area = egui::Modal::default_area(egui::Id::unique("palette"))
            .anchor(egui::Align2::CENTER_TOP, egui::vec2(0.0, 72.0));
        let modal = egui::Modal::new(egui::Id::unique("palette"))
            .area(area)
            .frame(dialog_frame(ctx).inner_margin(10));
        let response = modal.show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 60.0).min(480.0));
            let field = egui::TextEdit::singleline(&mut self.typed)
                .hint_text("Find a command, or a word of the manual")
                .font(egui::FontId::proportional(tokens::TEXT_LARGE))
                .margin(egui::Margin::symmetric(10, 8))
                .desired_width(f32::INFINITY);
            let field = ui.add(field);
            field.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Find a command")
            });
            field.request_focus();
            if field.changed() {
                self.is_moved = false;
            }
            ui.add_space(tokens::SPACE_XS);
            // The same size whatever is found, so that nothing moves while a person types.
            let height = scroll_height(ui.ctx(), 420.0, 240.0);
            egui::ScrollArea::vertical()
                .max_height(height)
                .min_scrolled_height(height)
                .auto_shrink(false)
                .show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    if entries.is_empty() {
                        ui.label(
                            tokens(ui).muted(
                                "No command and no page of the manual has these words. Try fewer of them.",
                            ),
                        );
                    }
                    for (index, entry) in entries.iter().enumerate() {
                        let is_selected = index == self.selected;
                        let response = match entry {
                            Entry::Manual(hit) => {
                                if index + hits.len() == entries.len() {
                                    ui.add_space(tokens::SPACE_S);
                                    ui.label(tokens(ui).small("In the manual"));
                                }
                                hit_ui(ui, hit, is_selected)
                            }
                            _ => entry_ui(ui, *entry, is_selected, entry.obstacle(state)),
                        };
                        if moved && index == self.selected {
                            response.scroll_to_me(None);
                        }
                        if response.clicked() {
                            chosen = Some(*entry);
                        }
                    }
                });
        });
        if let Some(entry) = chosen.filter(|entry| entry.obstacle(state).is_none()) {
            out.extend(entry.commands());
            return false;
        }
        !response.should_close()
    }
}

fn entry_ui(
    ui: &mut egui::Ui,
    entry: Entry<'_>,
    selected: bool,
    obstacle: Option<&'static str>,
) -> egui::Response {
    let t = tokens(ui);
    let enabled = obstacle.is_none();
    let mut text = egui::text::LayoutJob::default();
    let format =
        |color| egui::TextFormat::simple(egui::FontId::proportional(tokens::TEXT_BODY), color);
    let color = if enabled { t.text } else { t.text_faint };
    text.append(
        entry.icon(),
        0.0,
        format(if enabled { t.accent } else { t.text_faint }),
    );
    // A run's name may be anything.
    let name = shown_name(entry.text());
    text.append(&name, 10.0, format(color));
    // At the right: its keys, or why a run can't be taken.
    let beside = match entry {
        Entry::Action(action) => action.shortcut_text(ui.ctx()),
        Entry::Run(offer) if offer.obstacle.is_some() => "no run is selected".to_owned(),
        Entry::Run(_) | Entry::Manual(_) => String::new(),
    };
    let button = egui::Button::selectable(selected, text)
        .shortcut_text(t.small(beside))
        .truncate()
        .min_size(egui::vec2(ui.available_width(), 28.0));
    let response = ui.add_enabled(enabled, button);
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, enabled, selected, &*name));
    response
        .on_hover_text(entry.tooltip())
        .on_disabled_hover_text(obstacle.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::core::view_id::ViewId;
    use crate::app::features::{self, fakes, runs};

    #[test]
    fn words_in_any_order_find_a_command_and_beginnings_come_first() {
        let matching = |typed: &str| -> Vec<Action> {
            let found = super::matching(typed, &[]).into_iter();
            found
                .filter_map(|entry| match entry {
                    Entry::Action(action) => Some(action),
                    Entry::Run(_) | Entry::Manual(_) => None,
                })
                .collect()
        };
        assert_eq!(matching("dark"), [Action::ToggleTheme]);
        assert_eq!(matching("light switch"), [Action::ToggleTheme]);
        assert_eq!(
            matching("show cur").first(),
            features::view(ViewId::CURVES).map(Action::Show).as_ref()
        );
        assert_eq!(matching("save").first(), Some(&Action::Save));
        for (typed, action) in [
            ("theme", Action::ToggleTheme),
            ("help", Action::Help),
            ("manual", Action::Manual),
            ("how do i", Action::Help),
            ("nvidia", Action::InstallCuda),
            ("about", Action::About),
            ("licence", Action::About),
            ("preferences", Action::Settings),
            ("zoom in", Action::LargerInterface),
            ("rename", Action::DescribeExperiment),
            ("remove exp", Action::CloseExperiment),
            ("images", Action::OpenPictures),
            ("start", Action::Train),
            ("exit", Action::Quit),
        ] {
            assert_eq!(matching(typed).first(), Some(&action), "{typed}");
        }
        assert!(matching("delete").contains(&Action::ClearLog));
        assert!(matching("xyzzy").is_empty());
        assert_eq!(matching("").len(), Action::all().count());
    }

    #[test]
    fn the_manual_is_found_from_the_third_letter_on() {
        let mut last = LastSearch::default();
        assert!(hits("no", &mut last).is_empty() && hits("", &mut last).is_empty());
        assert!(hits("the", &mut last).len() <= HITS);
        let found = hits("none of these", &mut last);
        assert_eq!(found[0].heading, "None of these");
        let commands = Entry::Manual(&found[0]).commands();
        assert_eq!(commands, [Command::ShowManual(Some(found[0].place))]);
    }

    #[test]
    fn what_can_be_done_with_a_run_is_found_by_the_words_for_it() {
        let mut state = fakes::state();
        let first = |state: &State, typed: &str| {
            let offers = runs::offers(state, fakes::NOW);
            let found = matching(typed, &offers);
            let of_run = found.iter().find(|entry| matches!(entry, Entry::Run(_)));
            of_run.map(|entry| (entry.text().to_owned(), entry.obstacle(state).is_none()))
        };
        state.selected_run = Some("b".into());
        for (typed, text) in [
            ("delete", "Move Fine-tuning to the trash"),
            ("trash", "Move Fine-tuning to the trash"),
            ("rename", "Rename Fine-tuning…"),
            ("note", "Write a note on Fine-tuning…"),
            ("archive", "Archive Fine-tuning"),
            ("pin", "Pin Fine-tuning"),
            ("folder", "Show the folder of Fine-tuning"),
        ] {
            assert_eq!(
                first(&state, typed),
                Some((text.to_owned(), true)),
                "{typed}"
            );
        }
        state.selected_run = None;
        let delete = ("Move the selected run to the trash".to_owned(), false);
        assert_eq!(first(&state, "delete"), Some(delete));
        assert_eq!(first(&state, ""), None);
    }
}
