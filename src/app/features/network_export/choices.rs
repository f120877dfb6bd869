//! What is exported, and where it goes.

use std::path::PathBuf;

use eframe::egui;

use super::{NetworkExportLocal, NetworkExportView, Stage, licence_ui};
use crate::app::core::command::Command;
use crate::app::ui::theme::{dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::export::onnx::{Input, Numbers};
use crate::report::{NetworkFormat, NetworkOptions};

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
        "The weights under the names of torchvision or timm, with all that must be known of them",
    ),
    (
        NetworkFormat::Card,
        "Model card",
        "What the network is, what it learned from, how good it is and where it fails, as Markdown. It is written beside every \
         other format, too",
    ),
];

/// What the choices of ONNX take: a dialog that becomes lower with another format would move what is being clicked.
const LEAST_HEIGHT: f32 = 367.0;
/// What a licence that forbids some uses takes beside.
const WARNING_HEIGHT: f32 = 31.0;

/// The choices; false when the dialog was closed by a button.
pub(super) fn choices_ui(
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
    ui.add_space(tokens::SPACE_S);
    if let Some(licence) = &view.licence {
        licence_ui(ui, licence);
    }
    if local.options.format != NetworkFormat::Card {
        widgets::note(
            ui,
            "An exported network gives every picture one of its classes: “none of these” is told by Graft alone.",
        );
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
    let is_restricted = (view.licence.as_ref()).is_some_and(|known| known.restriction.is_some());
    let warning = if is_restricted { WARNING_HEIGHT } else { 0.0 };
    let missing = LEAST_HEIGHT + warning - ui.min_rect().height();
    ui.add_space(missing.max(tokens::SPACE_M));
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
        "Input",
        "What your program gives the file",
        &mut options.input,
        &[
            (
                Input::Pictures,
                "Pictures",
                "Decoded pictures of any size (uint8, RGB): resizing, cropping and normalising are part of the file",
            ),
            (
                Input::Tensor,
                "Prepared squares",
                "Tensors of float32 that your program has resized, cropped and normalised itself",
            ),
        ],
    );
    widgets::segmented_row(
        ui,
        "File size",
        "How many bits each weight takes; what that costs is measured on the run’s test pictures and told",
        &mut options.numbers,
        &[
            (
                Numbers::Float32,
                "Full",
                "Weights as the run has them (float32): the answers are the run’s",
            ),
            (
                Numbers::Float16,
                "Half",
                "Weights in 16 bits (float16), in which it computes, too",
            ),
            (
                Numbers::Int8Weights,
                "Quarter",
                "Weights in 8 bits (int8, with a scale for each channel); it computes in float32",
            ),
        ],
    );
    ui.checkbox(&mut options.keep_batch_norm, "Can be trained further")
        .on_hover_text(
            "For programs that go on training the network: layers of normalisation (BatchNorm) stay layers of their own. Otherwise \
             they are folded into the convolutions before them, which computes the same more quickly",
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
        let width = (ui.available_width() - 84.0).max(80.0);
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
