//! The dialog that writes a run's network for other programs.

pub mod requests;

use std::path::{Path, PathBuf};

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::ui::theme::{dialog, dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::export::onnx::{Input, Numbers};
use crate::format;
use crate::report::{NetworkFormat, NetworkOptions};

/// Plain data of the dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkExportView {
    /// Name and colour of the run.
    pub run: (String, usize),
    /// What is known of the licence of the weights that the run began with; nothing before its folder has been read.
    pub licence: Option<Licence>,
    pub stage: Stage,
}

/// What must be known of a licence, in whole sentences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Licence {
    pub sentence: String,
    /// Said loudly.
    pub restriction: Option<String>,
}

/// How far an export is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Choosing,
    Working {
        /// What is being done.
        doing: String,
        done: usize,
        /// 0 where that is not known.
        total: usize,
    },
    Stopping,
    Done(Done),
    Stopped,
    Failed(String),
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub out: PathBuf,
    pub card: PathBuf,
    pub bytes: u64,
    /// What was found when it was read back.
    pub sentences: Vec<String>,
    pub licence: Licence,
    pub remarks: Vec<String>,
}

/// What the dialog remembers, also when it is opened again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NetworkExportLocal {
    pub options: NetworkOptions,
    /// Of the file or folder, as typed.
    pub out: String,
}

impl NetworkExportLocal {
    /// Gives the path the ending that goes with the format.
    fn follow_format(&mut self) {
        let path = PathBuf::from(self.out.trim());
        let is_known = NetworkFormat::of_file(&path).is_some();
        let ending = self.options.format.ending();
        let changed = match ending {
            Some(ending) if is_known || path.extension().is_none() => path.with_extension(ending),
            None if is_known => path.with_extension(""),
            _ => return,
        };
        if !self.out.trim().is_empty() {
            self.out = changed.display().to_string();
        }
    }
}

/// What the formats are called, and what they are for.
const FORMATS: [(NetworkFormat, &str, &str); 4] = [
    (
        NetworkFormat::Onnx,
        "ONNX",
        "One file that runs in C++, C#, Java, JavaScript, Python, Rust: decoded pictures in, probabilities out",
    ),
    (
        NetworkFormat::PyTorch,
        "PyTorch",
        "A folder with the weights and a short script that builds the network in torchvision or timm and answers",
    ),
    (
        NetworkFormat::Safetensors,
        "safetensors",
        "The tensors under the names of torchvision or timm, with all that must be known of them",
    ),
    (
        NetworkFormat::Card,
        "Model card",
        "What the network is, what it learned from, how good it is and where it fails, as Markdown. It is written beside every \
         other format, too",
    ),
];

/// The dialog over the window; false when it was closed.
fn modal_ui(
    ctx: &egui::Context,
    view: &NetworkExportView,
    local: &mut NetworkExportLocal,
    out: &mut Vec<Command>,
) -> bool {
    let title = "Export the network";
    let (is_open, is_closed) = dialog(ctx, "network export", title, 600.0, |ui| {
        network_export_ui(ui, view, local, out)
    });
    // What is being written goes on behind a dialog that was closed.
    is_open && !is_closed
}

/// What stands in the dialog; false when it was closed by a button.
pub fn network_export_ui(
    ui: &mut egui::Ui,
    view: &NetworkExportView,
    local: &mut NetworkExportLocal,
    out: &mut Vec<Command>,
) -> bool {
    let (name, color) = &view.run;
    widgets::run_mark(ui, tokens::run_color(*color), name);
    ui.add_space(tokens::SPACE_XS);
    match &view.stage {
        Stage::Choosing | Stage::Stopped | Stage::Failed(_) => choices_ui(ui, view, local, out),
        Stage::Working { .. } | Stage::Stopping => working_ui(ui, &view.stage, out),
        Stage::Done(done) => done_ui(ui, done, out),
    }
}

fn choices_ui(
    ui: &mut egui::Ui,
    view: &NetworkExportView,
    local: &mut NetworkExportLocal,
    out: &mut Vec<Command>,
) -> bool {
    let options = &mut local.options;
    let tooltip = "What other programs read";
    let is_changed = widgets::segmented_row(ui, "Format", tooltip, &mut options.format, &FORMATS);
    let sentence = FORMATS
        .iter()
        .find(|(format, ..)| *format == options.format)
        .map_or("", |(.., sentence)| sentence);
    widgets::note(ui, &format!("{sentence}."));
    ui.add_space(tokens::SPACE_XS);
    if options.format == NetworkFormat::Onnx {
        onnx_ui(ui, options);
    }
    ui.checkbox(&mut options.calibrate, "Calibrate the probabilities")
        .on_hover_text(
            "Fit a temperature on the run’s validation pictures and divide the logits by it, so that answers of which the \
             network is 80 % sure are right in 80 % of cases. No answer changes",
        );
    if is_changed {
        local.follow_format();
    }
    out_ui(ui, local, out);
    if let Some(licence) = &view.licence {
        ui.add_space(tokens::SPACE_S);
        licence_ui(ui, licence);
    }
    match &view.stage {
        Stage::Failed(reason) => {
            ui.add_space(tokens::SPACE_S);
            widgets::problem(ui, Some(reason));
        }
        Stage::Stopped => {
            ui.add_space(tokens::SPACE_S);
            widgets::note(ui, "The export was stopped, and nothing was written.");
        }
        _ => {}
    }
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let is_ready = !local.out.trim().is_empty();
        let button = primary_button(ui, "Export", is_ready, egui::Vec2::ZERO);
        if button
            .on_hover_text(
                "Write it with its model card, read it back, and try it on the run’s test pictures",
            )
            .on_disabled_hover_text("Give the file a name")
            .clicked()
        {
            let path = PathBuf::from(local.out.trim());
            out.push(Command::ExportNetwork(path, local.options));
        }
        let cancel = ui.button("Cancel").on_hover_text("Write nothing (Esc)");
        is_open = !cancel.clicked();
    });
    is_open
}

fn onnx_ui(ui: &mut egui::Ui, options: &mut NetworkOptions) {
    widgets::segmented_row(
        ui,
        "Takes",
        "What the file is given",
        &mut options.input,
        &[
            (
                Input::Pictures,
                "Pictures",
                "Decoded RGB of any size, 8 bits: resizing, cropping and normalising are part of the file",
            ),
            (
                Input::Tensor,
                "Tensors",
                "Squares that the program has resized and normalised itself",
            ),
        ],
    );
    widgets::segmented_row(
        ui,
        "Numbers",
        "What its weights are; what that costs is measured on the run’s test pictures and told",
        &mut options.numbers,
        &[
            (Numbers::Float32, "float32", "As the run has them"),
            (
                Numbers::Float16,
                "float16",
                "Half as large; computes in half precision",
            ),
            (
                Numbers::Int8Weights,
                "int8 weights",
                "A quarter as large; computes in single precision",
            ),
        ],
    );
    ui.checkbox(&mut options.keep_batch_norm, "Keep BatchNorm layers")
        .on_hover_text(
            "For programs that train it further. Otherwise they are folded into the convolutions before them, which computes the \
             same more quickly",
        );
}

fn out_ui(ui: &mut egui::Ui, local: &mut NetworkExportLocal, out: &mut Vec<Command>) {
    let (label, tooltip) = match local.options.format.ending() {
        Some(_) => ("File", "Where it goes; the model card is written beside it"),
        None => (
            "Folder",
            "Where the files go; it is created if it does not exist",
        ),
    };
    ui.add_space(tokens::SPACE_XS);
    ui.label(tokens(ui).muted(label)).on_hover_text(tooltip);
    ui.horizontal(|ui| {
        // The end of a path is what tells it from others: it has the whole width.
        let width = (ui.available_width() - 96.0).max(80.0);
        let edit = egui::TextEdit::singleline(&mut local.out)
            .desired_width(width)
            .hint_text("Path");
        ui.add(edit).accessible_name(label);
        let browse = ui.button("Browse…").on_hover_text("Choose where it goes");
        if browse.clicked() {
            let path = PathBuf::from(local.out.trim());
            out.push(Command::NetworkFileDialog(local.options.format, path));
        }
    });
}

fn licence_ui(ui: &mut egui::Ui, licence: &Licence) {
    widgets::note(ui, &licence.sentence);
    widgets::problem(ui, licence.restriction.as_deref());
}

fn working_ui(ui: &mut egui::Ui, stage: &Stage, out: &mut Vec<Command>) -> bool {
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

fn done_ui(ui: &mut egui::Ui, done: &Done, out: &mut Vec<Command>) -> bool {
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
        ui.add(egui::Label::new(sentence.as_str()).wrap());
    }
    for remark in &done.remarks {
        widgets::note(ui, remark);
    }
    ui.add_space(tokens::SPACE_S);
    licence_ui(ui, &done.licence);
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        is_open = !primary_button(ui, "Close", true, egui::Vec2::ZERO).clicked();
        let open = ui
            .button("Open the folder")
            .on_hover_text("Show the files in the file manager");
        if open.clicked() {
            // In the folder for PyTorch, and beside every file.
            let folder = done.card.parent();
            out.extend(folder.map(Path::to_path_buf).map(Command::OpenFolder));
        }
        let card = ui
            .button("Open the model card")
            .on_hover_text("What the network is, how good it is and how it is used, as Markdown");
        if card.clicked() {
            out.push(Command::OpenFolder(done.card.clone()));
        }
    });
    is_open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_format() {
        let mut local = NetworkExportLocal {
            out: "/x/cells.v2.onnx".into(),
            ..NetworkExportLocal::default()
        };
        let mut to = |format| {
            local.options.format = format;
            local.follow_format();
            local.out.clone()
        };
        assert_eq!(to(NetworkFormat::Safetensors), "/x/cells.v2.safetensors");
        assert_eq!(to(NetworkFormat::PyTorch), "/x/cells.v2");
        // A folder may have a point in its name, and a person's own ending stays.
        assert_eq!(to(NetworkFormat::Onnx), "/x/cells.v2");
        local.out = "/x/cells".into();
        local.follow_format();
        assert_eq!(local.out, "/x/cells.onnx");
        local.out = " ".into();
        local.follow_format();
        assert_eq!(local.out, " ");
    }
}
