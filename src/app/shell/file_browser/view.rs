//! How the browser is drawn, and its keys.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui::{self, Key, Modifiers};

use super::places::home;
use super::{Browsed, FileBrowser};
use crate::app::ui::names::shown_name;
use crate::app::ui::theme::dialog;
use crate::app::ui::theme::{icon_button, icon_button_enabled};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::shown;

/// Letters that follow each other within this time are one name.
const TYPING: Duration = Duration::from_millis(900);
/// Of the button that makes a folder, in points.
const NEW_FOLDER_WIDTH: f32 = 112.0;

impl FileBrowser {
    /// Draws the browser over the window. `recent`: folders that were used last.
    pub fn modal_ui(&mut self, ctx: &egui::Context, recent: &[PathBuf]) -> Browsed {
        let mut result = self.poll(ctx);
        if result == Browsed::Open {
            result = self.keyboard(ctx);
        }
        let title = self.purpose.title();
        let ((), is_closed) = dialog(ctx, "file browser", title, 820.0, |ui| {
            let room = ui.ctx().content_rect().size();
            self.path_ui(ui);
            let height = (room.y - 350.0).clamp(140.0, 420.0);
            ui.horizontal_top(|ui| {
                self.places_ui(ui, height, recent);
                ui.vertical(|ui| self.list_ui(ui, height, &mut result));
            });
            self.foot_ui(ui, &mut result);
        });
        if is_closed && result == Browsed::Open {
            result = Browsed::Cancelled;
        }
        result
    }

    fn keyboard(&mut self, ctx: &egui::Context) -> Browsed {
        let pressed = |modifiers, key| ctx.input_mut(|input| input.consume_key(modifiers, key));
        if pressed(Modifiers::COMMAND, Key::L) {
            ctx.memory_mut(|memory| memory.request_focus(path_field()));
        }
        if pressed(Modifiers::COMMAND, Key::H) {
            self.with_hidden = !self.with_hidden;
            self.arrange();
        }
        if pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::N) {
            self.new_folder.get_or_insert_default();
        }
        if pressed(Modifiers::NONE, Key::F5) {
            self.refresh();
        }
        if pressed(Modifiers::ALT, Key::ArrowUp) {
            self.up();
        }
        if ctx.text_edit_focused() {
            return Browsed::Open;
        }
        if self.purpose.takes_several() && pressed(Modifiers::COMMAND, Key::A) {
            self.select_all();
        }
        if pressed(Modifiers::NONE, Key::Backspace) {
            self.up();
        }
        let steps = [
            (Key::ArrowDown, 1),
            (Key::ArrowUp, -1),
            (Key::PageDown, 10),
            (Key::PageUp, -10),
            (Key::Home, isize::MIN / 2),
            (Key::End, isize::MAX / 2),
        ];
        for (key, step) in steps {
            let extends = pressed(Modifiers::SHIFT, key);
            if (extends || pressed(Modifiers::NONE, key)) && !self.shown.is_empty() {
                let last = self.shown.len() as isize - 1;
                let place = match self.selected {
                    Some(place) => place as isize + step,
                    None if step < 0 && step > -100 => last,
                    None => 0.max(step - 1),
                };
                let place = place.clamp(0, last) as usize;
                match extends {
                    true => self.extend_to(place),
                    false => self.select(place),
                }
                self.reveals = true;
            }
        }
        self.search(ctx);
        if self.selected.is_some() && pressed(Modifiers::NONE, Key::Enter) {
            return self.open_selected();
        }
        Browsed::Open
    }

    /// Letters lead to the first name that begins with them.
    fn search(&mut self, ctx: &egui::Context) {
        let typed: String = ctx.input(|input| {
            let texts = input.events.iter().filter_map(|event| match event {
                egui::Event::Text(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect()
        });
        if typed.trim().is_empty() {
            return;
        }
        let now = Instant::now();
        let goes_on = (self.search.1).is_some_and(|before| now.duration_since(before) < TYPING);
        if !goes_on {
            self.search.0.clear();
        }
        self.search.0.push_str(&typed);
        self.search.1 = Some(now);
        let wanted = self.search.0.as_str();
        let found = self
            .shown
            .iter()
            .position(|&entry| self.entries[entry].begins_with(wanted));
        if let Some(place) = found {
            self.select(place);
            self.reveals = true;
        }
    }

    fn path_ui(&mut self, ui: &mut egui::Ui) {
        ui.horizontal(|ui| {
            let has_parent = self.folder.parent().is_some();
            if icon_button_enabled(ui, icon::ARROW_UP, "Parent folder", has_parent)
                .on_hover_text("To the folder above (Backspace)")
                .clicked()
            {
                self.up();
            }
            if icon_button(ui, icon::HOUSE, "Home folder")
                .on_hover_text("To your home folder")
                .clicked()
            {
                self.go(home());
            }
            if icon_button(ui, icon::ARROW_CLOCKWISE, "Read again")
                .on_hover_text("Read this folder again (F5)")
                .clicked()
            {
                self.refresh();
            }
            let beside = NEW_FOLDER_WIDTH + tokens::CONTROL_HEIGHT + 24.0;
            let room = (ui.available_width() - beside).max(80.0);
            let field = egui::TextEdit::singleline(&mut self.path)
                .id(path_field())
                .desired_width(room);
            let field = ui.add(field).on_hover_text(
                "What the button below chooses. Type or paste a path and press Enter to go there (Ctrl+L)",
            );
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path"));
            if field.changed() {
                self.marked.clear();
                self.forget_problem();
            }
            if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                self.go_to_typed();
            }
            let text = format!("{}  New folder", icon::PLUS);
            let size = egui::vec2(NEW_FOLDER_WIDTH, tokens::CONTROL_HEIGHT);
            let button = ui.add(egui::Button::new(text).min_size(size));
            crate::app::ui::theme::name(&button, true, "New folder");
            if button
                .on_hover_text("Make a folder in this one (Ctrl+Shift+N)")
                .clicked()
            {
                self.new_folder.get_or_insert_default();
            }
            let (symbol, label) = match self.with_hidden {
                true => (icon::EYE, "Leave hidden folders out"),
                false => (icon::EYE_SLASH, "Show hidden folders"),
            };
            if icon_button(ui, symbol, label)
                .on_hover_text(format!("{label}: those whose names begin with a dot (Ctrl+H)"))
                .clicked()
            {
                self.with_hidden = !self.with_hidden;
                self.arrange();
            }
        });
        self.breadcrumbs_ui(ui);
        self.new_folder_ui(ui);
    }

    fn breadcrumbs_ui(&mut self, ui: &mut egui::Ui) {
        let mut target = None;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let parts: Vec<&Path> = self.folder.ancestors().collect();
            for (depth, part) in parts.iter().rev().enumerate() {
                if depth > 1 {
                    ui.label(tokens(ui).small(icon::CARET_RIGHT));
                }
                let name = part
                    .file_name()
                    .map_or_else(|| "/".to_owned(), |name| shown::path(Path::new(name)));
                let text = tokens(ui).small(shown_name(&name));
                let button = egui::Button::new(text).frame_when_inactive(false);
                if ui.add(button).on_hover_text(shown::path(part)).clicked() {
                    target = Some(part.to_path_buf());
                }
            }
        });
        if let Some(target) = target {
            self.go(target);
        }
    }

    fn new_folder_ui(&mut self, ui: &mut egui::Ui) {
        let Some(name) = &mut self.new_folder else {
            return;
        };
        let (mut makes, mut closes) = (false, false);
        ui.horizontal(|ui| {
            ui.label("New folder");
            let id = egui::Id::unique("new folder");
            let field = ui.add(
                egui::TextEdit::singleline(name)
                    .id(id)
                    .hint_text("Its name")
                    .desired_width((ui.available_width() - 180.0).max(80.0)),
            );
            field.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Name of the new folder")
            });
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if name.is_empty() && !field.has_focus() && !field.lost_focus() {
                field.request_focus();
            }
            let button = ui.add_enabled(!name.trim().is_empty(), egui::Button::new("Make folder"));
            makes = button
                .on_hover_text("Make the folder and go into it")
                .clicked()
                || entered;
            closes = icon_button(ui, icon::X, "No new folder")
                .on_hover_text("Make none")
                .clicked();
        });
        if closes {
            self.new_folder = None;
        } else if makes {
            self.make_named();
        }
    }
}

fn path_field() -> egui::Id {
    egui::Id::unique("path of the file browser")
}
