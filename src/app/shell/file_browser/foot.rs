//! Below the list: the file's name, what is wrong with the choice, and the button that takes it.

use eframe::egui;
use eframe::egui::text::{CCursor, CCursorRange};

use super::choosing::Again;
use super::counting::Counted;
use super::{Browsed, FileBrowser};
use crate::app::ui::theme::primary_button;
use crate::app::ui::tokens::{self, tokens};
use crate::{format, shown};

impl FileBrowser {
    pub(super) fn foot_ui(&mut self, ui: &mut egui::Ui, result: &mut Browsed) {
        let t = tokens(ui);
        if self.purpose.saves() {
            ui.horizontal(|ui| {
                ui.label("File name");
                let id = name_field();
                if !self.name_is_offered {
                    select_all(ui.ctx(), id, &self.name);
                }
                let field = egui::TextEdit::singleline(&mut self.name).id(id);
                let field = ui.add(field.desired_width(f32::INFINITY));
                // While the dialog is being laid out, nothing in it gets the focus.
                self.name_is_offered |= field.has_focus();
                field.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::TextInput, true, "File name")
                });
                if field.changed() {
                    self.forget_problem();
                }
                if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
                    field.request_focus();
                    // A key that is held overwrites nothing: that takes the button.
                    if self.again.is_none() && !self.is_working() {
                        *result = self.agree();
                    }
                }
            });
        }
        // Its room is kept, so that nothing moves when something is said.
        let height = ui.text_style_height(&egui::TextStyle::Body) + tokens::SPACE_XS;
        let line = egui::vec2(ui.available_width(), height);
        ui.allocate_ui(line, |ui| {
            ui.set_min_size(line);
            self.problem_ui(ui);
        });
        let size = egui::vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
        let layout = egui::Layout::right_to_left(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            let several = self.marked.len() > 1;
            let choice = self.choice();
            let is_working = self.is_working();
            let hint = match &choice {
                _ if several => "The files that are selected".to_owned(),
                Some(path) => shown::path(path),
                None => "Choose a file in the list first, or type its path".to_owned(),
            };
            let can_agree = (choice.is_some() || several) && !is_working;
            if primary_button(ui, &self.verb(), can_agree, egui::Vec2::ZERO)
                .on_hover_text(&hint)
                .on_disabled_hover_text(&hint)
                .clicked()
            {
                *result = self.agree();
            }
            if ui
                .button("Cancel")
                .on_hover_text("Choose nothing (Esc)")
                .clicked()
            {
                *result = Browsed::Cancelled;
            }
            let text = if is_working {
                ui.spinner();
                "Looking at the path…".to_owned()
            } else if self.purpose.picks_pictures() {
                count_text(self.counted, self.counting.is_pending())
            } else if self.purpose.takes_several() {
                "Ctrl or Shift with a click chooses several".to_owned()
            } else {
                String::new()
            };
            ui.add(egui::Label::new(t.small(text)).truncate());
        });
    }

    /// Whether a choice is being looked at, or a folder made for it.
    fn is_working(&self) -> bool {
        self.checking.is_pending() || self.making.is_pending()
    }

    /// Why the choice can't be taken, or what a second press does.
    fn problem_ui(&self, ui: &mut egui::Ui) {
        let t = tokens(ui);
        let (color, text) = match (&self.problem, &self.again) {
            (Some(problem), _) => (t.danger, problem.clone()),
            (None, Some(Again::Replace(path))) => {
                let path = shown::path(path);
                (
                    t.warning,
                    format!("This file exists; Replace overwrites it: {path}"),
                )
            }
            (None, Some(Again::Make { folder, .. })) => {
                let folder = shown::path(folder);
                let text = format!("There is no such folder yet; Create folder makes it: {folder}");
                (t.warning, text)
            }
            (None, None) => return,
        };
        let label = egui::Label::new(egui::RichText::new(&text).color(color)).truncate();
        ui.add(label).on_hover_text(text);
    }

    fn verb(&self) -> String {
        let selected = self.selected_entry().map(|entry| entry.is_file);
        let verb = match (&self.again, selected) {
            (Some(Again::Replace(_)), _) => "Replace",
            (Some(Again::Make { .. }), _) => "Create folder",
            (None, _) if self.marked.len() > 1 => {
                let files = format::count(self.marked.len(), "picture", "pictures");
                return format!("{} {files}", self.purpose.verb());
            }
            (None, Some(true)) if self.purpose.picks_folder() => "Open this table",
            (None, Some(false)) if !self.purpose.picks_folder() && !self.purpose.saves() => {
                "Open this folder"
            }
            (None, _) => self.purpose.verb(),
        };
        verb.to_owned()
    }
}

fn name_field() -> egui::Id {
    egui::Id::unique("file name of the file browser")
}

/// Gives a text field the focus, with all of its text selected.
fn select_all(ctx: &egui::Context, id: egui::Id, text: &str) {
    let mut state = egui::TextEdit::load_state(ctx, id).unwrap_or_default();
    let whole = CCursorRange::two(CCursor::default(), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(whole));
    state.store(ctx, id);
    ctx.memory_mut(|memory| memory.request_focus(id));
}

/// What was counted below the chosen folder.
fn count_text(counted: Option<Counted>, is_counting: bool) -> String {
    let Some(counted) = counted else {
        return if is_counting {
            "Counting pictures…"
        } else {
            ""
        }
        .to_owned();
    };
    let pictures = format::plural(counted.pictures as u64, "picture", "pictures");
    let folders = format::plural(counted.folders as u64, "folder", "folders");
    match (counted.pictures, counted.is_part) {
        (0, false) => "No pictures in this folder".to_owned(),
        (0, true) => "No pictures among the first files in this folder".to_owned(),
        (_, true) => format!("More than {pictures} in {folders}"),
        (_, false) => format!("{pictures} in {folders}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_said_in_words() {
        let counted = |pictures, folders, is_part| {
            let counted = Counted {
                pictures,
                folders,
                is_part,
            };
            count_text(Some(counted), false)
        };
        assert_eq!(counted(1, 1, false), "1 picture in 1 folder");
        assert_eq!(counted(2_624, 2, false), "2,624 pictures in 2 folders");
        assert_eq!(counted(9, 3, true), "More than 9 pictures in 3 folders");
        assert_eq!(counted(0, 0, false), "No pictures in this folder");
        assert_eq!(count_text(None, true), "Counting pictures…");
    }
}
