//! The dialog that says what this program is, whose work is in it, and where it keeps its files.

use std::path::PathBuf;

use eframe::egui;

use super::actions::Action;
use crate::app::core::command::Command;
use crate::app::core::session::AppPaths;
use crate::app::ui::tokens::{self, icon, tokens};

/// What is part of the program or comes with it, and under which licence.
const LICENCES: [(&str, &str); 9] = [
    ("Graft", "MIT"),
    ("libtorch 2.11.0 (PyTorch)", "BSD-3-Clause"),
    ("tch", "MIT or Apache-2.0"),
    (
        "egui, eframe, egui_plot, egui_tiles, egui_commonmark",
        "MIT or Apache-2.0",
    ),
    (
        "EfficientNet-Lite0 weights (TensorFlow, converted by timm)",
        "Apache-2.0",
    ),
    (
        "libjpeg-turbo, in part the work of the Independent JPEG Group",
        "IJG, BSD-3-Clause and zlib",
    ),
    ("resvg", "MIT or Apache-2.0"),
    ("Inter, the typeface", "SIL Open Font License 1.1"),
    ("Phosphor, the icons", "MIT"),
];

/// Whether the dialog stays open.
pub fn about_ui(ui: &mut egui::Ui, paths: &AppPaths, out: &mut Vec<Command>) -> bool {
    let t = tokens(ui);
    let version = version();
    let mut is_open = true;
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(icon::PLANT).size(34.0).color(t.success));
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(tokens::semibold(&version).size(tokens::TEXT_LARGE));
            ui.label(t.muted("A desktop workbench for transfer learning on images"));
        });
    });
    ui.add_space(tokens::SPACE_S);
    ui.horizontal_wrapped(|ui| {
        let manual = Action::Manual;
        let button = ui.button(format!("{}  {}", manual.icon(), manual.text()));
        crate::app::ui::theme::name(&button, true, manual.text());
        if button.on_hover_text(manual.tooltip()).clicked() {
            out.push(manual.command());
            is_open = false;
        }
        if ui
            .button(format!("{}  Copy version", icon::COPY))
            .on_hover_text("Copy version and system to the clipboard, for a report of an error")
            .clicked()
        {
            let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
            out.push(Command::CopyText(format!("{version}, {system}")));
        }
    });
    ui.add_space(tokens::SPACE_S);
    ui.label("Pictures, weights and results stay on this machine. Graft downloads pre-trained weights when an experiment asks for some that are not there yet, and sends nothing.");
    ui.add_space(tokens::SPACE_M);

    ui.label(tokens::medium("Where things are kept"));
    for (name, folder) in folders(paths) {
        folder_ui(ui, name, folder, out);
    }
    ui.add_space(tokens::SPACE_M);

    ui.label(tokens::medium("Licences"));
    let height = super::dialog::scroll_height(ui.ctx(), 210.0, 430.0);
    egui::ScrollArea::vertical()
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            egui::Grid::new("licences")
                .num_columns(2)
                .spacing([tokens::SPACE_L, 4.0])
                .show(ui, |ui| {
                    for (name, licence) in LICENCES {
                        ui.label(name);
                        ui.label(t.muted(licence));
                        ui.end_row();
                    }
                });
        });
    is_open
}

/// `Graft 0.1.0`.
fn version() -> String {
    format!("Graft {}", env!("CARGO_PKG_VERSION"))
}

fn folders(paths: &AppPaths) -> [(&'static str, PathBuf); 4] {
    let settings = paths.settings.parent();
    let settings = settings.map_or_else(crate::paths::home, PathBuf::from);
    [
        ("Runs", paths.runs.clone()),
        ("Presets", paths.presets.clone()),
        ("Weights", crate::paths::weights()),
        ("Settings", settings),
    ]
}

fn folder_ui(ui: &mut egui::Ui, name: &str, folder: PathBuf, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let path = folder.display().to_string();
    ui.horizontal(|ui| {
        let size = egui::vec2(70.0, tokens::CONTROL_HEIGHT);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_width(size.x);
            ui.label(name);
        });
        let width = ui.available_width() - 140.0;
        ui.allocate_ui_with_layout(egui::vec2(width, tokens::CONTROL_HEIGHT), layout, |ui| {
            ui.set_min_width(width);
            let label = egui::Label::new(t.muted(&path)).truncate();
            ui.add(label).on_hover_text(&path);
        });
        let text = format!("{}  Show folder", icon::FOLDER);
        let button = ui.button(text);
        crate::app::ui::theme::name(&button, true, &format!("Show folder of {name}"));
        if button
            .on_hover_text(format!("Open {path} in the file manager"))
            .clicked()
        {
            out.push(Command::OpenFolder(folder));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this program is built with says the same of its licence.
    #[test]
    fn what_is_said_of_licences_is_what_stands_in_the_files() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let licence_of = |name: &str| {
            let found = LICENCES.iter().find(|(other, _)| other.starts_with(name));
            found.unwrap_or_else(|| panic!("{name}")).1
        };
        let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
        let manifest = read("Cargo.toml");
        let licence = format!("license = \"{}\"", licence_of("Graft"));
        assert!(manifest.contains(&licence), "{licence}");
        let typeface = read("assets/fonts/LICENSE-Inter.txt");
        assert!(typeface.contains("License: OFL-1.1"));
        assert!(licence_of("Inter").contains("SIL Open Font License"));
        let icons = read("assets/fonts/LICENSE-Phosphor.txt");
        assert!(icons.starts_with(licence_of("Phosphor")), "{icons}");
        assert!(version().ends_with(env!("CARGO_PKG_VERSION")));
    }
}
