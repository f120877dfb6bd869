//! How far an export is, and what it wrote.

use std::path::Path;

use eframe::egui;

use super::{Done, Stage, licence_ui};
use crate::app::core::command::Command;
use crate::app::ui::theme::{dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::report::NetworkFormat;

/// False when the dialog was closed by a button.
pub(super) fn working_ui(ui: &mut egui::Ui, stage: &Stage, out: &mut Vec<Command>) -> bool {
    let t = tokens(ui);
    let (text, share) = match stage {
        Stage::Working { doing, done, total } if *total > 0 => (
            format!(
                "{doing}: {} of {}",
                format::thousands(*done as u64),
                format::thousands(*total as u64)
            ),
            *done as f32 / *total as f32,
        ),
        Stage::Working { doing, .. } => (format!("{doing}…"), 0.0),
        _ => ("Stopping the export…".to_owned(), 0.0),
    };
    ui.add(egui::Label::new(t.muted(text)).truncate());
    ui.add_space(tokens::SPACE_XS);
    widgets::bar(ui, share, t.accent, "Done so far");
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let can_stop = *stage != Stage::Stopping;
        let stop = ui.add_enabled(can_stop, egui::Button::new("Stop"));
        if stop
            .on_hover_text("End the export; nothing half-written is left")
            .clicked()
        {
            out.push(Command::StopNetworkExport);
        }
        let hide = ui.button("Hide").on_hover_text(
            "Close this dialog; the export goes on, and the foot of the window says how far it is",
        );
        is_open = !hide.clicked();
    });
    is_open
}

/// False when the dialog was closed by a button.
pub(super) fn done_ui(
    ui: &mut egui::Ui,
    done: &Done,
    reads_card: &mut bool,
    out: &mut Vec<Command>,
) -> bool {
    let t = tokens(ui);
    ui.horizontal(|ui| {
        ui.label(tokens::icon_filled(icon::CHECK_CIRCLE).color(t.success));
        let name = done.out.file_name().unwrap_or_default().to_string_lossy();
        let size = match done.bytes {
            0 => String::new(),
            bytes => format!(", {}", format::bytes(bytes)),
        };
        ui.add(egui::Label::new(format!("{name} is written{size}")).truncate());
    });
    ui.add(egui::Label::new(t.small(done.out.display().to_string())).truncate());
    ui.add_space(tokens::SPACE_S);
    for sentence in &done.sentences {
        widgets::sentences(ui, sentence);
    }
    for remark in &done.remarks {
        ui.add_space(tokens::SPACE_XS);
        t.callout(t.warning_faint, t.warning).show(ui, |ui| {
            ui.set_width(ui.available_width());
            widgets::sentences(ui, remark);
        });
    }
    ui.add_space(tokens::SPACE_S);
    widgets::sentences(ui, next(done.format));
    ui.add_space(tokens::SPACE_S);
    licence_ui(ui, &done.licence);
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        is_open = !primary_button(ui, "Close", true, egui::Vec2::ZERO).clicked();
        folder_button(ui, done, out);
        let card = ui.button("Show the model card").on_hover_text(
            "What the network is, how good it is, where it fails and how it is used, with code to copy",
        );
        *reads_card = card.clicked();
    });
    is_open
}

/// Shows where the files are.
pub(super) fn folder_button(ui: &mut egui::Ui, done: &Done, out: &mut Vec<Command>) {
    let open = ui
        .button("Open the folder")
        .on_hover_text("Show the files in the file manager");
    if open.clicked() {
        // In the folder for PyTorch, and beside every file.
        let folder = done.card.parent();
        out.extend(folder.map(Path::to_path_buf).map(Command::OpenFolder));
    }
}

/// What a person does with it.
fn next(format: NetworkFormat) -> &'static str {
    match format {
        NetworkFormat::Onnx => {
            "The model card has code to copy that answers a picture with this file, for Python and for Rust."
        }
        NetworkFormat::PyTorch => {
            "The model card says how the script is run, and has code to copy for a program of your own."
        }
        NetworkFormat::Safetensors => {
            "The model card has code to copy that reads the weights and what is said of them."
        }
        NetworkFormat::Card => "The model card is Markdown, which every text editor opens.",
    }
}
