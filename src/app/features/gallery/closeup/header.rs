//! Above the picture: the way back, the next one, its file, and leaving it out.

use std::path::Path;

use eframe::egui;

use super::super::view::ReadyView;
use super::super::{GalleryLocal, keys};
use crate::app::core::command::Command;
use crate::app::core::gallery::GalleryAction;
use crate::app::core::state::State;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::PictureSource;
use crate::format;

pub fn header_ui(
    ui: &mut egui::Ui,
    ready: &ReadyView,
    picture_index: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        let back = ui.button(format!("{} All pictures", icon::ARROW_LEFT));
        if back
            .accessible_name("All pictures")
            .on_hover_text("Back to all pictures (Escape)")
            .clicked()
        {
            keys::close(local);
        }
        let index = ready
            .picture_indices
            .iter()
            .position(|&other| other == picture_index);
        let steps = [
            (
                icon::CARET_LEFT,
                "Previous picture",
                -1,
                "The one before, in the order of the gallery (left arrow)",
            ),
            (
                icon::CARET_RIGHT,
                "Next picture",
                1,
                "The next one, in the order of the gallery (right arrow)",
            ),
        ];
        for (symbol, name, step, tooltip) in steps {
            if widgets::icon_button(ui, symbol, name, tooltip).clicked() {
                keys::step_by(ready, step, local);
            }
        }
        if let Some(index) = index {
            let text = format!(
                "{} of {}",
                format::thousands(index as u64 + 1),
                format::thousands(ready.picture_indices.len() as u64)
            );
            ui.label(tokens(ui).muted(text));
        }
        let path = ready.source(picture_index).map(PictureSource::path);
        if let Some(path) = path {
            file_buttons_ui(ui, path, out);
        }
        exclude_button(ui, ready.file(picture_index), ready, state, out);
    });
    let name = egui::Label::new(tokens::semibold(ready.file(picture_index))).truncate();
    ui.add(name).on_hover_text(ready.file(picture_index));
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

/// Leaves the picture called `file` out of the active experiment, or takes it back in, when that is
/// about the same pictures.
pub fn exclude_button(
    ui: &mut egui::Ui,
    file: &str,
    ready: &ReadyView,
    state: &State,
    out: &mut Vec<Command>,
) {
    let Some(document) = state.active_document() else {
        return;
    };
    let experiment = &document.experiment;
    let root = crate::analysis::gallery::root(&experiment.data.source, document.base().as_deref());
    let same = root.is_some() && root == ready.run.root;
    let excluded = experiment.data.exclude.iter().any(|name| name == file);
    let (text, tooltip) = if excluded {
        (
            "Include again",
            "The experiments on these pictures exclude this one; let their next runs use it again",
        )
    } else {
        (
            "Exclude",
            "The next runs of the open experiments on these pictures do not use this one; its file is not touched",
        )
    };
    let button = ui.add_enabled(same, egui::Button::new(text));
    let button = button.on_hover_text(tooltip).on_disabled_hover_text(
        "The experiment at the left is about other pictures: open the experiment of this run first",
    );
    if button.clicked() {
        out.push(Command::Gallery(GalleryAction::Exclude {
            files: vec![file.to_owned()],
            excluded: !excluded,
        }));
    }
}
