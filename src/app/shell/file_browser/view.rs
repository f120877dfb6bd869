//! How the browser is drawn, and its keys.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui::{self, Key, Modifiers};

use super::listing::{Counted, Order};
use super::places::{self, Place, PlaceGroup, home};
use super::{Browsed, Check, FileBrowser};
use crate::app::core::clock;
use crate::app::ui::names::shown_name;
use crate::app::ui::theme::dialog;
use crate::app::ui::theme::{icon_button, icon_button_enabled, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::{format, shown};

/// Letters that follow each other within this time are one name.
const TYPING: Duration = Duration::from_millis(900);
const PLACES_WIDTH: f32 = 148.0;
const CHANGED_WIDTH: f32 = 110.0;

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
            let height = (room.y - 330.0).clamp(140.0, 420.0);
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
            if pressed(Modifiers::NONE, key) && !self.shown.is_empty() {
                let last = self.shown.len() as isize - 1;
                let place = match self.selected {
                    Some(place) => place as isize + step,
                    None if step < 0 && step > -100 => last,
                    None => 0.max(step - 1),
                };
                self.select(place.clamp(0, last) as usize);
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
            let room = (ui.available_width() - 2.0 * (tokens::CONTROL_HEIGHT + 12.0)).max(80.0);
            let field = egui::TextEdit::singleline(&mut self.path)
                .id(path_field())
                .desired_width(room);
            let field = ui.add(field).on_hover_text(
                "What the button below chooses. Type or paste a path and press Enter to go there (Ctrl+L)",
            );
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path"));
            if field.changed() {
                self.overwrite = None;
            }
            if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                let path = super::resolved(self.path.trim());
                self.look_at(Check::Typed(path));
            }
            if icon_button(ui, icon::PLUS, "New folder")
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
            self.make_folder();
        }
    }

    fn places_ui(&mut self, ui: &mut egui::Ui, height: f32, recent: &[PathBuf]) {
        let mut target = None;
        let size = egui::vec2(PLACES_WIDTH, height + 12.0);
        ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
            ui.set_width(PLACES_WIDTH);
            egui::ScrollArea::vertical()
                .id_salt("places")
                .auto_shrink(false)
                .show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let recent = places::recent(recent.iter().cloned());
                    let mut group = None;
                    for place in self.places.iter().chain(&recent) {
                        if group != Some(place.group) {
                            group = Some(place.group);
                            ui.add_space(tokens::SPACE_XS);
                            ui.label(tokens(ui).small(place.group.title()));
                        }
                        if place_ui(ui, place, self.folder == place.path) {
                            target = Some(place.path.clone());
                        }
                    }
                });
        });
        if let Some(target) = target {
            self.go(target);
        }
    }

    fn heads_ui(&mut self, ui: &mut egui::Ui) {
        let before = self.order;
        let arrow = |up, down| match before {
            order if order == up => format!("  {}", icon::ARROW_UP),
            order if order == down => format!("  {}", icon::ARROW_DOWN),
            _ => String::new(),
        };
        ui.horizontal(|ui| {
            let name = arrow(Order::Name, Order::NameBackwards);
            let head = |text: String| egui::Button::new(text).frame_when_inactive(false).small();
            if ui
                .add(head(format!("Name{name}")))
                .on_hover_text("Sort by name; again for the other way round")
                .clicked()
            {
                self.order = match before {
                    Order::Name => Order::NameBackwards,
                    _ => Order::Name,
                };
            }
            let right_to_left = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(right_to_left, |ui| {
                let changed = arrow(Order::OldestFirst, Order::NewestFirst);
                if ui
                    .add(head(format!("Changed{changed}")))
                    .on_hover_text(
                        "Sort by the time of the last change; again for the other way round",
                    )
                    .clicked()
                {
                    self.order = match before {
                        Order::NewestFirst => Order::OldestFirst,
                        _ => Order::NewestFirst,
                    };
                }
            });
        });
        if self.order != before {
            self.arrange();
            self.reveals = true;
        }
    }

    fn list_ui(&mut self, ui: &mut egui::Ui, height: f32, result: &mut Browsed) {
        let t = tokens(ui);
        let (mut opened, mut clicked) = (None, None);
        egui::Frame::new()
            .fill(t.sunken)
            .stroke(t.outline_stroke())
            .corner_radius(tokens::RADIUS_M)
            .inner_margin(6)
            .show(ui, |ui| {
                ui.set_height(height);
                ui.set_width(ui.available_width());
                self.heads_ui(ui);
                if let Some(error) = &self.error {
                    ui.colored_label(t.danger, error);
                } else if self.listing.is_pending() {
                    ui.label(t.muted("Reading the folder…"));
                } else if self.shown.is_empty() {
                    ui.label(t.muted(self.nothing_here()));
                }
                let now = clock::now();
                let spacing = ui.spacing().item_spacing.y;
                let mut area = egui::ScrollArea::vertical()
                    .id_salt("list")
                    .auto_shrink(false);
                if std::mem::take(&mut self.reveals)
                    && let Some(place) = self.selected
                {
                    let top = place as f32 * (tokens::ROW_HEIGHT + spacing);
                    let middle = top - ui.available_height() / 2.0;
                    area = area.vertical_scroll_offset(middle.max(0.0));
                }
                area.show_rows(ui, tokens::ROW_HEIGHT, self.shown.len(), |ui, range| {
                    for place in range {
                        let response = self.entry_ui(ui, place, now);
                        if response.clicked() {
                            clicked = Some(place);
                        }
                        if response.double_clicked() {
                            opened = Some(place);
                        }
                    }
                });
            });
        if let Some(place) = clicked {
            self.select(place);
        }
        if let Some(place) = opened {
            self.select(place);
            *result = self.open_selected();
        }
    }

    fn entry_ui(&self, ui: &mut egui::Ui, place: usize, now: u64) -> egui::Response {
        let t = tokens(ui);
        let entry = &self.entries[self.shown[place]];
        let (symbol, color) = if entry.is_file {
            (icon::FILE, t.text_muted)
        } else {
            (icon::FOLDER, t.accent)
        };
        let is_selected = self.selected == Some(place);
        let size = egui::vec2(ui.available_width(), tokens::ROW_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
        let fill = match (is_selected, response.hovered()) {
            (true, _) => Some(t.accent_faint),
            (false, true) => Some(t.faint),
            (false, false) => None,
        };
        if let Some(fill) = fill {
            ui.painter().rect_filled(rect, tokens::RADIUS_S, fill);
        }
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        let inner = rect.shrink2(egui::vec2(6.0, 0.0));
        let mut name_rect = inner;
        name_rect.min.x += 22.0;
        name_rect.max.x -= CHANGED_WIDTH;
        widgets::elided(ui, inner, symbol, font.clone(), color);
        let name = entry.text();
        widgets::elided(ui, name_rect, &shown_name(&name), font, t.text);
        if let Some(changed) = entry.changed {
            ui.painter().text(
                inner.right_center(),
                egui::Align2::RIGHT_CENTER,
                format::ago(changed, now),
                egui::FontId::proportional(tokens::TEXT_SMALL),
                t.text_muted,
            );
        }
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, &name)
        });
        response
    }

    fn nothing_here(&self) -> String {
        let hidden = self.entries.len() - self.shown.len();
        if hidden > 0 {
            let entries = format::plural(hidden as u64, "hidden entry", "hidden entries");
            return format!("Nothing but {entries} in here");
        }
        let extensions = self.purpose.extensions();
        if extensions.is_empty() {
            return "No folders in here".into();
        }
        let list: Vec<_> = extensions
            .iter()
            .map(|extension| format!(".{extension}"))
            .collect();
        format!(
            "No folders in here, and no files that end in {}",
            list.join(", ")
        )
    }

    fn foot_ui(&mut self, ui: &mut egui::Ui, result: &mut Browsed) {
        let t = tokens(ui);
        if self.purpose.saves() {
            ui.horizontal(|ui| {
                ui.label("File name");
                let field =
                    ui.add(egui::TextEdit::singleline(&mut self.name).desired_width(f32::INFINITY));
                field.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::TextInput, true, "File name")
                });
                if field.changed() {
                    self.overwrite = None;
                }
            });
        }
        if let Some(path) = &self.overwrite {
            let text = format!(
                "This file exists; Replace overwrites it: {}",
                shown::path(path)
            );
            ui.colored_label(t.warning, text);
        }
        ui.add_space(tokens::SPACE_XS);
        let size = egui::vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
        let layout = egui::Layout::right_to_left(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            let choice = self.choice();
            let is_checking = self.checking.is_pending();
            let hint = match &choice {
                Some(path) => shown::path(path),
                None => "Choose a file first".to_owned(),
            };
            let can_agree = choice.is_some() && !is_checking;
            let verb = self.verb();
            if primary_button(ui, verb, can_agree, egui::Vec2::ZERO)
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
            if is_checking {
                ui.spinner();
                ui.label(t.small("Looking at the path…"));
            } else if self.purpose.picks_pictures() {
                let text = count_text(self.counted, self.counting.is_pending());
                ui.add(egui::Label::new(t.small(text)).truncate());
            }
        });
    }

    fn verb(&self) -> &'static str {
        let selected_file = self.selected_entry().is_some_and(|entry| entry.is_file);
        if self.overwrite.is_some() {
            "Replace"
        } else if self.purpose.picks_pictures() && selected_file {
            "Open this table"
        } else {
            self.purpose.verb()
        }
    }
}

fn path_field() -> egui::Id {
    egui::Id::unique("path of the file browser")
}

/// True when the place was clicked.
fn place_ui(ui: &mut egui::Ui, place: &Place, is_here: bool) -> bool {
    let text = format!("{}  {}", place.icon, shown_name(&place.name));
    let button = egui::Button::selectable(is_here, text)
        .min_size(egui::vec2(PLACES_WIDTH - 12.0, tokens::ROW_HEIGHT))
        .truncate()
        .right_text("");
    let response = ui.add(button);
    let label = match place.group {
        PlaceGroup::Folders => place.name.clone(),
        PlaceGroup::Drives => format!("Drive {}", place.name),
        PlaceGroup::Recent => format!("Recent folder {}", place.name),
    };
    crate::app::ui::theme::name(&response, true, &label);
    response.on_hover_text(shown::path(&place.path)).clicked()
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
