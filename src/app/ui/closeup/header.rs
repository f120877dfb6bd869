//! Above the picture: the way back, the next one, its file.

use std::path::Path;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::ui::picture_grid::{GridLocal, GridPictures, middle_elided, step_by};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::PictureSource;
use crate::format;

/// `name`: what the picture is called. `more` stands at the end of the buttons.
pub fn header_ui(
    ui: &mut egui::Ui,
    pictures: &dyn GridPictures,
    picture_index: u32,
    name: &str,
    grid: &mut GridLocal,
    out: &mut Vec<Command>,
    more: impl FnOnce(&mut egui::Ui, &mut Vec<Command>),
) {
    let shown = pictures.shown();
    ui.horizontal_wrapped(|ui| {
        let back = ui.button(format!("{} All pictures", icon::ARROW_LEFT));
        if back
            .accessible_name("All pictures")
            .on_hover_text("Back to all pictures (Escape)")
            .clicked()
        {
            grid.close();
        }
        let steps = [
            (
                icon::CARET_LEFT,
                "Previous picture",
                -1,
                "The one before, in the order of all pictures (left arrow)",
            ),
            (
                icon::CARET_RIGHT,
                "Next picture",
                1,
                "The next one, in the order of all pictures (right arrow)",
            ),
        ];
        for (symbol, name, step, tooltip) in steps {
            if widgets::icon_button(ui, symbol, name, tooltip).clicked() {
                step_by(shown, step, grid);
            }
        }
        if let Some(index) = shown.iter().position(|&other| other == picture_index) {
            let text = format!(
                "{} of {}",
                format::thousands(index as u64 + 1),
                format::thousands(shown.len() as u64)
            );
            ui.label(tokens(ui).muted(text));
        }
        let path = pictures.source(picture_index).map(PictureSource::path);
        if let Some(path) = path {
            file_buttons_ui(ui, path, out);
        }
        more(ui, out);
    });
    let font = tokens::semibold_font(tokens::TEXT_BODY);
    let fitting = middle_elided(ui, name, ui.available_width(), &font);
    let label = egui::Label::new(tokens::semibold(fitting)).truncate();
    ui.add(label).on_hover_text(name).accessible_name(name);
}

/// What can be done with the picture's file.
fn file_buttons_ui(ui: &mut egui::Ui, path: &Path, out: &mut Vec<Command>) {
    let folder = path.parent().map(Path::to_path_buf);
    let buttons = [
        (
            icon::FOLDER_OPEN,
            "Open the folder",
            "Show the folder of this picture in the file manager",
            folder.map(Command::OpenFolder),
        ),
        (
            icon::COPY,
            "Copy the path",
            "Copy where this picture's file is",
            Some(Command::CopyText(path.display().to_string())),
        ),
    ];
    for (symbol, name, tooltip, command) in buttons {
        if widgets::icon_button(ui, symbol, name, tooltip).clicked() {
            out.extend(command);
        }
    }
}
