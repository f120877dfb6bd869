//! The command palette: any command by its name.

use eframe::egui::{self, Key, Modifiers};

use super::actions::Action;
use super::dialog::scroll_height;
use super::dialogs::dialog_frame;
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::ui::tokens::{self, tokens};

/// One open palette.
#[derive(Debug, Default)]
pub struct Palette {
    typed: String,
    selected: usize,
}

/// Actions that have every typed word in their name, among the other words for them, or in their explanation; in this
/// order, those whose name begins with what was typed first.
pub fn matching(typed: &str) -> Vec<Action> {
    let typed = typed.trim().to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let rank = |action: &Action| {
        let info = action.info();
        let name = info.text.to_lowercase();
        let tooltip = info.tooltip.to_lowercase();
        let in_name = |word: &str| name.contains(word);
        let is_synonym =
            |word: &str| (info.words.split(' ')).any(|synonym| synonym.starts_with(word));
        if name.starts_with(&typed) {
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
    let mut found: Vec<(u8, Action)> = Action::all()
        .filter_map(|action| Some((rank(&action)?, action)))
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, action)| action).collect()
}

impl Palette {
    /// Draws the palette; whether it stays open.
    pub fn modal_ui(&mut self, ctx: &egui::Context, state: &State, out: &mut Vec<Command>) -> bool {
        let actions = matching(&self.typed);
        let last = actions.len().saturating_sub(1);
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
        self.selected = self.selected.min(last);
        let mut chosen = pressed(Key::Enter)
            .then(|| actions.get(self.selected).copied())
            .flatten();

        let area = egui::Modal::default_area(egui::Id::unique("palette"))
            .anchor(egui::Align2::CENTER_TOP, egui::vec2(0.0, 72.0));
        let modal = egui::Modal::new(egui::Id::unique("palette"))
            .area(area)
            .frame(dialog_frame(ctx).inner_margin(10));
        let response = modal.show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 60.0).min(480.0));
            let field = egui::TextEdit::singleline(&mut self.typed)
                .hint_text("Find a command")
                .font(egui::FontId::proportional(tokens::TEXT_LARGE))
                .margin(egui::Margin::symmetric(10, 8))
                .desired_width(f32::INFINITY);
            let field = ui.add(field);
            field.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Find a command")
            });
            field.request_focus();
            if field.changed() {
                self.selected = 0;
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
                    if actions.is_empty() {
                        ui.label(
                            tokens(ui).muted("No command has these words. Try fewer of them."),
                        );
                    }
                    for (index, action) in actions.iter().enumerate() {
                        let response = action_row_ui(
                            ui,
                            *action,
                            index == self.selected,
                            action.is_enabled(state),
                        );
                        if moved && index == self.selected {
                            response.scroll_to_me(None);
                        }
                        if response.clicked() {
                            chosen = Some(*action);
                        }
                    }
                });
        });
        if let Some(action) = chosen.filter(|action| action.is_enabled(state)) {
            // Running it closes the palette, whatever it is.
            if action != Action::Palette {
                out.push(action.command());
            }
            return false;
        }
        !response.should_close()
    }
}

fn action_row_ui(
    ui: &mut egui::Ui,
    action: Action,
    selected: bool,
    enabled: bool,
) -> egui::Response {
    let t = tokens(ui);
    let mut text = egui::text::LayoutJob::default();
    let format =
        |color| egui::TextFormat::simple(egui::FontId::proportional(tokens::TEXT_BODY), color);
    let color = if enabled { t.text } else { t.text_faint };
    text.append(
        action.icon(),
        0.0,
        format(if enabled { t.accent } else { t.text_faint }),
    );
    text.append(action.text(), 10.0, format(color));
    let shortcut = action.shortcut_text(ui.ctx());
    let button = egui::Button::selectable(selected, text)
        .shortcut_text(t.small(shortcut))
        .min_size(egui::vec2(ui.available_width(), 28.0));
    let response = ui.add_enabled(enabled, button);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, enabled, selected, action.text())
    });
    response
        .on_hover_text(action.tooltip())
        .on_disabled_hover_text("Not possible at the moment")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::core::view_id::ViewId;
    use crate::app::features;

    #[test]
    fn words_in_any_order_find_a_command_and_beginnings_come_first() {
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
            ("manual", Action::Help),
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
}
