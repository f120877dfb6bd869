//! The command palette: any command by its name.

use eframe::egui::{self, Key, Modifiers};

use super::actions::Action;
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

/// Actions whose text holds every typed word, those that begin with it first.
pub fn matching(typed: &str) -> Vec<Action> {
    let words: Vec<String> = typed
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let mut found: Vec<Action> = Action::all()
        .filter(|action| {
            let text = format!("{} {}", action.text(), action.tooltip()).to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect();
    let typed = typed.trim().to_lowercase();
    found.sort_by_key(|action| {
        let text = action.text().to_lowercase();
        if text.starts_with(&typed) {
            0
        } else if words.iter().all(|word| text.contains(word)) {
            1
        } else {
            2
        }
    });
    found
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
            ui.set_width(480.0);
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
            let height = (ui.ctx().content_rect().height() - 240.0).clamp(120.0, 420.0);
            egui::ScrollArea::vertical()
                .max_height(height)
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
                out.push(action.command(state));
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
    let shortcut = action
        .shortcuts()
        .first()
        .map(|keys| ui.ctx().format_shortcut(keys))
        .unwrap_or_default();
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
        assert!(matching("xyzzy").is_empty());
        assert_eq!(matching("").len(), Action::all().count());
    }
}
