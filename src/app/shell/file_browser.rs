//! A file browser for desktops whose own dialog does not answer.

use std::path::{Path, PathBuf};

use eframe::egui::{self, Key, Modifiers};

use super::dialogs::{Purpose, dialog_frame};
use crate::app::core::request::Request;
use crate::app::ui::theme::{icon_button, icon_button_enabled, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::worker::messages::Failure;

/// What the person did with the browser in this frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Browsed {
    Open,
    Cancelled,
    Picked(PathBuf),
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct BrowsedEntry {
    /// Folders come first.
    is_file: bool,
    sort: String,
    name: String,
}

/// One open browser.
pub struct FileBrowser {
    pub purpose: Purpose,
    folder: PathBuf,
    /// What the path field holds; becomes the folder with Enter, and counts without it.
    typed: String,
    /// The file name of a save.
    name: String,
    entries: Vec<BrowsedEntry>,
    selected: Option<usize>,
    error: Option<String>,
    listing: Request<PathBuf, Vec<BrowsedEntry>>,
    overwrite: Option<PathBuf>,
}

impl FileBrowser {
    pub fn new(purpose: Purpose, folder: Option<PathBuf>) -> Self {
        let folder = folder.filter(|folder| folder.is_dir()).unwrap_or_else(home);
        let name = match &purpose {
            Purpose::Save { name, .. } => name.clone(),
            _ => String::new(),
        };
        let mut browser = Self {
            purpose,
            folder: PathBuf::new(),
            typed: String::new(),
            name,
            entries: Vec::new(),
            selected: None,
            error: None,
            listing: Request::default(),
            overwrite: None,
        };
        browser.go(folder);
        browser
    }

    /// Shows another folder. It is read on a thread of its own: it may stand on a slow network.
    fn go(&mut self, folder: PathBuf) {
        self.typed = folder.display().to_string();
        self.folder = folder.clone();
        self.selected = None;
        self.entries.clear();
        self.error = None;
        self.overwrite = None;
        let extensions = self.purpose.extensions();
        self.listing.start(
            "graft-listing",
            folder.clone(),
            || {},
            move || list(&folder, extensions).map_err(Failure::from),
        );
    }

    fn poll(&mut self, ctx: &egui::Context) {
        match self.listing.poll() {
            Some(Ok(entries)) => self.entries = entries,
            Some(Err(failure)) => self.error = Some(failure.to_string()),
            None if self.listing.is_pending() => {
                ctx.request_repaint_after(std::time::Duration::from_millis(30));
            }
            None => {}
        }
    }

    /// Draws the browser over the window.
    pub fn modal_ui(&mut self, ctx: &egui::Context) -> Browsed {
        self.poll(ctx);
        let mut result = self.keyboard(ctx);
        let modal = egui::Modal::new(egui::Id::unique("file browser")).frame(dialog_frame(ctx));
        let response = modal.show(ctx, |ui| {
            let room = ui.ctx().content_rect().size();
            ui.set_width((room.x - 120.0).clamp(420.0, 680.0));
            ui.label(tokens::semibold(self.purpose.title()).size(tokens::TEXT_TITLE));
            self.path_ui(ui, &mut result);
            self.list_ui(ui, (room.y - 320.0).clamp(140.0, 360.0), &mut result);
            self.foot_ui(ui, &mut result);
        });
        if response.should_close() && result == Browsed::Open {
            result = Browsed::Cancelled;
        }
        result
    }

    fn keyboard(&mut self, ctx: &egui::Context) -> Browsed {
        if ctx.text_edit_focused() {
            return Browsed::Open;
        }
        let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.entries.len().saturating_sub(1);
        if !self.entries.is_empty() {
            if pressed(Key::ArrowDown) {
                self.selected = Some(self.selected.map_or(0, |index| (index + 1).min(last)));
            }
            if pressed(Key::ArrowUp) {
                self.selected = Some(self.selected.map_or(last, |index| index.saturating_sub(1)));
            }
        }
        if pressed(Key::Backspace) {
            self.up();
        }
        if self.selected.is_some() && pressed(Key::Enter) {
            return self.open_selected();
        }
        Browsed::Open
    }

    fn up(&mut self) {
        if let Some(parent) = self.folder.parent() {
            self.go(parent.to_path_buf());
        }
    }

    fn path_ui(&mut self, ui: &mut egui::Ui, result: &mut Browsed) {
        ui.horizontal(|ui| {
            let up = icon_button_enabled(
                ui,
                icon::ARROW_UP,
                "Parent folder",
                self.folder.parent().is_some(),
            );
            if up
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
            let field =
                ui.add(egui::TextEdit::singleline(&mut self.typed).desired_width(f32::INFINITY));
            let field = field.on_hover_text("Type or paste a path and press Enter");
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path"));
            if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                self.go_typed(result);
            }
        });
        self.breadcrumbs_ui(ui);
    }

    fn go_typed(&mut self, result: &mut Browsed) {
        let path = resolved(self.typed.trim());
        if path.is_dir() {
            self.go(path);
        } else if path.is_file()
            && !matches!(
                self.purpose,
                Purpose::Save { .. } | Purpose::Figures | Purpose::Runs
            )
        {
            *result = Browsed::Picked(path);
        } else {
            self.error = Some(nothing_at(&path));
        }
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
                    .map_or_else(|| "/".into(), |name| name.to_string_lossy());
                let button = egui::Button::new(tokens(ui).small(name)).frame_when_inactive(false);
                if ui
                    .add(button)
                    .on_hover_text(part.display().to_string())
                    .clicked()
                {
                    target = Some(part.to_path_buf());
                }
            }
        });
        if let Some(target) = target {
            self.go(target);
        }
    }

    fn list_ui(&mut self, ui: &mut egui::Ui, height: f32, result: &mut Browsed) {
        let t = tokens(ui);
        let mut opened = None;
        egui::Frame::new()
            .fill(t.sunken)
            .stroke(t.outline_stroke())
            .corner_radius(tokens::RADIUS_M)
            .inner_margin(6)
            .show(ui, |ui| {
                ui.set_height(height);
                ui.set_width(ui.available_width());
                if let Some(error) = &self.error {
                    ui.colored_label(t.danger, error);
                } else if self.listing.is_pending() {
                    ui.label(t.muted("Reading the folder…"));
                } else if self.entries.is_empty() {
                    ui.label(t.muted(self.nothing_here()));
                }
                let row = tokens::ROW_HEIGHT;
                egui::ScrollArea::vertical().auto_shrink(false).show_rows(
                    ui,
                    row,
                    self.entries.len(),
                    |ui, range| {
                        for index in range {
                            let entry = &self.entries[index];
                            let (icon, color) = if entry.is_file {
                                (icon::FILE, t.text_muted)
                            } else {
                                (icon::FOLDER, t.accent)
                            };
                            let selected = self.selected == Some(index);
                            let mut text = egui::text::LayoutJob::default();
                            let format = |color| {
                                egui::TextFormat::simple(
                                    egui::FontId::proportional(tokens::TEXT_BODY),
                                    color,
                                )
                            };
                            text.append(icon, 0.0, format(color));
                            text.append(&entry.name, 8.0, format(t.text));
                            let button = egui::Button::selectable(selected, text)
                                .min_size(egui::vec2(ui.available_width(), row))
                                .right_text("");
                            let response = ui.add(button);
                            let name = entry.name.clone();
                            response.widget_info(|| {
                                egui::WidgetInfo::selected(
                                    egui::Role::Button,
                                    true,
                                    selected,
                                    &name,
                                )
                            });
                            if response.clicked() {
                                self.selected = Some(index);
                                // What was typed before is not meant any more.
                                self.typed = self.folder.display().to_string();
                                if entry.is_file && matches!(self.purpose, Purpose::Save { .. }) {
                                    self.name.clone_from(&entry.name);
                                }
                            }
                            if response.double_clicked() {
                                opened = Some(index);
                            }
                        }
                    },
                );
            });
        if let Some(index) = opened {
            self.selected = Some(index);
            *result = self.open_selected();
        }
    }

    fn nothing_here(&self) -> String {
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
        if matches!(self.purpose, Purpose::Save { .. }) {
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
            let t = tokens(ui);
            ui.colored_label(
                t.warning,
                format!(
                    "This file exists; Replace overwrites it: {}",
                    path.display()
                ),
            );
        }
        ui.add_space(tokens::SPACE_XS);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let choice = self.choice();
            let verb = if self.overwrite.is_some() {
                "Replace"
            } else if choice
                .as_ref()
                .is_some_and(|path| self.purpose.picks_folder() && self.file_is_selected(path))
            {
                "Open this table"
            } else {
                self.purpose.verb()
            };
            let hint = choice.as_ref().map_or_else(
                || "Choose a file first".to_owned(),
                |path| path.display().to_string(),
            );
            if primary_button(ui, verb, choice.is_some(), egui::Vec2::ZERO)
                .on_hover_text(hint)
                .clicked()
                && let Some(path) = choice
            {
                *result = self.agree(path);
            }
            if ui
                .button("Cancel")
                .on_hover_text("Choose nothing (Esc)")
                .clicked()
            {
                *result = Browsed::Cancelled;
            }
        });
    }

    fn file_is_selected(&self, _path: &Path) -> bool {
        self.selected
            .and_then(|index| self.entries.get(index))
            .is_some_and(|entry| entry.is_file)
    }

    /// A path that was typed and is not the folder that is shown.
    fn typed_path(&self) -> Option<PathBuf> {
        let typed = self.typed.trim();
        (!typed.is_empty() && typed != self.folder.display().to_string()).then(|| resolved(typed))
    }

    /// The button that agrees with `path`, which may have been typed.
    fn agree(&mut self, path: PathBuf) -> Browsed {
        let Some(typed) = self.typed_path() else {
            return self.pick(path);
        };
        match &self.purpose {
            Purpose::Save { .. } if typed.is_dir() => self.pick(path),
            Purpose::Figures | Purpose::Runs if typed.is_dir() => self.pick(path),
            Purpose::Pictures(_) if typed.exists() => self.pick(path),
            Purpose::Table(_) | Purpose::Preset | Purpose::Weights(_) if typed.is_file() => {
                self.pick(path)
            }
            Purpose::Table(_) | Purpose::Preset | Purpose::Weights(_) if typed.is_dir() => {
                self.go(typed);
                Browsed::Open
            }
            _ => {
                self.error = Some(nothing_at(&typed));
                Browsed::Open
            }
        }
    }

    /// What the button would choose.
    fn choice(&self) -> Option<PathBuf> {
        let typed = self.typed_path();
        let selected = self
            .selected
            .and_then(|index| self.entries.get(index))
            .filter(|_| typed.is_none());
        match &self.purpose {
            Purpose::Save { .. } => {
                let name = self.name.trim();
                let valid =
                    !name.is_empty() && !name.contains(['/', '\\']) && name != "." && name != "..";
                valid.then(|| {
                    let folder = typed.as_ref().unwrap_or(&self.folder);
                    let path = folder.join(name);
                    if path.extension().is_none() {
                        path.with_extension("ron")
                    } else {
                        path
                    }
                })
            }
            Purpose::Pictures(_) | Purpose::Figures | Purpose::Runs => Some(selected.map_or_else(
                || typed.unwrap_or_else(|| self.folder.clone()),
                |entry| self.folder.join(&entry.name),
            )),
            Purpose::Table(_) | Purpose::Preset | Purpose::Weights(_) => typed.or_else(|| {
                selected
                    .filter(|entry| entry.is_file)
                    .map(|entry| self.folder.join(&entry.name))
            }),
        }
    }

    /// Picks, but asks once before a file is overwritten.
    fn pick(&mut self, path: PathBuf) -> Browsed {
        let saves = matches!(self.purpose, Purpose::Save { .. });
        if saves && path.exists() && self.overwrite.as_ref() != Some(&path) {
            self.overwrite = Some(path);
            return Browsed::Open;
        }
        Browsed::Picked(path)
    }

    /// Enter or double-click: into a folder, or this file.
    fn open_selected(&mut self) -> Browsed {
        let Some(entry) = self
            .selected
            .and_then(|index| self.entries.get(index))
            .cloned()
        else {
            return Browsed::Open;
        };
        let path = self.folder.join(&entry.name);
        if entry.is_file {
            return self.pick(path);
        }
        self.go(path);
        Browsed::Open
    }
}

fn nothing_at(path: &Path) -> String {
    format!("There is nothing there: {}", path.display())
}

/// A path as a person types it.
fn resolved(typed: &str) -> PathBuf {
    match typed.strip_prefix("~/") {
        Some(rest) => home().join(rest),
        None if typed == "~" => home(),
        None => PathBuf::from(typed),
    }
}

fn home() -> PathBuf {
    directories::BaseDirs::new()
        .map_or_else(|| PathBuf::from("/"), |dirs| dirs.home_dir().to_path_buf())
}

/// Folders, and files with one of `extensions`, by name; hidden ones left out.
fn list(folder: &Path, extensions: &[&str]) -> Result<Vec<BrowsedEntry>, String> {
    let problem = |error: std::io::Error| format!("{error}: {}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        // Follows links: a link to a folder is a folder.
        let is_file = !entry.path().is_dir();
        let extension = entry
            .path()
            .extension()
            .map(|extension| extension.to_string_lossy().to_lowercase());
        if is_file && !extension.is_some_and(|extension| extensions.contains(&extension.as_str())) {
            continue;
        }
        entries.push(BrowsedEntry {
            is_file,
            sort: name.to_lowercase(),
            name,
        });
    }
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::core::state::DocumentId;

    #[test]
    fn folders_first_then_fitting_files_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Beta", "alpha", ".hidden"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["z.ron", "a.RON", "b.txt", ".c.ron"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = list(folder.path(), &["ron"])
            .unwrap()
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["alpha", "Beta", "a.RON", "z.ron"]);
        assert!(
            list(&folder.path().join("absent"), &[])
                .unwrap_err()
                .contains("absent")
        );
    }

    #[test]
    fn a_path_that_was_typed_is_meant_without_enter() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let start = Some(folder.path().to_path_buf());
        let mut browser = FileBrowser::new(Purpose::Pictures(None), start.clone());
        assert_eq!(browser.choice().unwrap(), folder.path());
        browser.typed = inner.display().to_string();
        let choice = browser.choice().unwrap();
        assert_eq!(choice, inner);
        assert_eq!(browser.agree(choice), Browsed::Picked(inner.clone()));
        browser.typed.push_str("-not-here");
        let choice = browser.choice().unwrap();
        assert_eq!(browser.agree(choice), Browsed::Open);
        assert!(browser.error.unwrap().contains("inner-not-here"));
        // A preset is looked for in the folder, and saved there.
        let mut browser = FileBrowser::new(Purpose::Preset, start.clone());
        browser.typed = inner.display().to_string();
        let choice = browser.choice().unwrap();
        assert_eq!(browser.agree(choice), Browsed::Open);
        assert_eq!(browser.folder, inner);
        let purpose = Purpose::Save {
            name: "a".into(),
            document: DocumentId::unused(),
        };
        let mut browser = FileBrowser::new(purpose, start);
        browser.typed = inner.display().to_string();
        let choice = browser.choice().unwrap();
        assert_eq!(browser.agree(choice), Browsed::Picked(inner.join("a.ron")));
    }

    #[test]
    fn an_existing_file_is_overwritten_only_after_a_second_press() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.ron"), "").unwrap();
        let purpose = Purpose::Save {
            name: "a".into(),
            document: DocumentId::unused(),
        };
        let mut browser = FileBrowser::new(purpose, Some(folder.path().to_path_buf()));
        let choice = browser.choice().unwrap();
        assert_eq!(choice, folder.path().join("a.ron"));
        assert_eq!(browser.pick(choice.clone()), Browsed::Open);
        assert_eq!(browser.pick(choice.clone()), Browsed::Picked(choice));
        for name in ["", "..", "a/b"] {
            browser.name = name.into();
            assert_eq!(browser.choice(), None);
        }
    }
}
