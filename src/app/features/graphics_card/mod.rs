//! The graphics card: what there is, and the installation of libtorch's CUDA part, which a card needs.

pub mod requests;

use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::ui::theme::{dialog, dialog_buttons, name, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::models::device::cuda_install::{self, CudaPart, InstallActivity, InstallProgress};
use crate::models::device::{Devices, NEEDED_DRIVER};

/// The button that asks for the installation, wherever it stands.
pub const INSTALL: &str = "Install the CUDA part…";

/// How far the installation is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Stage {
    #[default]
    Idle,
    /// How far, as soon as that is known.
    Working(Option<InstallProgress>),
    Stopping,
    Stopped,
    /// And why.
    Failed(String),
    Done,
}

/// What there is to train on beside the processor.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Found {
    #[default]
    Looking,
    /// Cards that are used.
    Usable(Vec<String>),
    /// Cards that wait for the CUDA part.
    Waiting(Vec<String>),
    /// The CUDA part is there, and this is why its cards are not used.
    Unusable(String),
    /// No card that it would serve, and why.
    NoCard(String),
}

/// Plain data of the settings' part and of the dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphicsCardView {
    pub found: Found,
    /// The version of the NVIDIA driver, where the system says so.
    pub driver: Option<String>,
    pub part: CudaPart,
    pub stage: Stage,
    pub folder: PathBuf,
    /// Bytes to download, and to keep.
    pub bytes: (u64, u64),
}

impl GraphicsCardView {
    pub fn build(devices: Option<&Devices>, stage: &Stage) -> Self {
        Self {
            found: devices.map_or(Found::Looking, found),
            driver: devices.and_then(|devices| devices.driver.clone()),
            part: devices.map_or(CudaPart::Missing, |devices| devices.cuda_part),
            stage: stage.clone(),
            folder: cuda_install::folder(),
            bytes: cuda_install::sizes(),
        }
    }

    /// Whether installing it is what a person most likely wants.
    fn is_wanted(&self) -> bool {
        matches!(self.found, Found::Waiting(_))
    }

    /// Whether an installation would change anything.
    pub fn can_install(&self) -> bool {
        self.part != CudaPart::Installed
            && self.stage != Stage::Done
            && !matches!(self.found, Found::Looking | Found::Usable(_))
    }

    fn is_unfinished(&self) -> bool {
        self.part == CudaPart::Unfinished || matches!(self.stage, Stage::Stopped | Stage::Failed(_))
    }

    fn what_is_there(&self) -> String {
        let driver = self.driver.as_ref();
        let driver = driver.map_or_else(String::new, |text| format!(" (NVIDIA driver {text})"));
        match &self.found {
            Found::Looking => "Looking for devices…".to_owned(),
            Found::Usable(names) => format!("{} is used{driver}.", names.join(", ")),
            Found::Waiting(names) => format!(
                "{} is there{driver}, and needs the CUDA part of PyTorch before it can train.",
                names.join(", ")
            ),
            Found::Unusable(reason) => reason.clone(),
            Found::NoCard(reason) => {
                format!(
                    "No NVIDIA card was found that Graft can use: {}",
                    clause(reason)
                )
            }
        }
    }

    /// “2.5 GB are downloaded, and 3.1 GB …”.
    fn needs(&self) -> String {
        let (download, disk) = self.bytes;
        format!(
            "{} are downloaded, and {} are kept. It serves NVIDIA cards of compute capability 7.5 and later (RTX 20, T4 and newer) with driver {NEEDED_DRIVER} or later.",
            format::bytes(download),
            format::bytes(disk),
        )
    }
}

fn found(devices: &Devices) -> Found {
    let reason = || devices.why_no_cuda.clone().unwrap_or_default();
    if !devices.cuda.is_empty() {
        Found::Usable(devices.cuda.clone())
    } else if devices.driver_cards.is_empty() {
        Found::NoCard(reason())
    } else if devices.cuda_part == CudaPart::Installed {
        Found::Unusable(reason())
    } else {
        Found::Waiting(devices.driver_cards.clone())
    }
}

/// Why there is no card, behind a colon.
fn clause(reason: &str) -> &str {
    reason.strip_prefix("No CUDA: ").unwrap_or(reason)
}

/// The part of the settings; whether the dialog around it stays open.
pub fn graphics_card_ui(
    ui: &mut egui::Ui,
    view: &GraphicsCardView,
    out: &mut Vec<Command>,
) -> bool {
    let t = tokens(ui);
    widgets::heading(ui, "Graphics card");
    ui.add(egui::Label::new(t.muted(view.what_is_there())).wrap());
    let text = match &view.stage {
        Stage::Working(now) => Some(progress_text(now.as_ref())),
        Stage::Stopping => Some(STOPPING.to_owned()),
        Stage::Done => Some(DONE.to_owned()),
        Stage::Idle | Stage::Stopped | Stage::Failed(_) if view.can_install() => Some(view.needs()),
        Stage::Idle | Stage::Stopped | Stage::Failed(_) => None,
    };
    if let Some(text) = text {
        widgets::note(ui, &text);
    }
    let is_working = matches!(view.stage, Stage::Working(_) | Stage::Stopping);
    if !is_working && !view.can_install() {
        return true;
    }
    let (text, tooltip) = if is_working {
        (
            "Show the installation…",
            "How far it is, and a button that stops it",
        )
    } else {
        (INSTALL, INSTALL_TOOLTIP)
    };
    let clicked = if !is_working && view.is_wanted() {
        primary_button(ui, text, true, egui::Vec2::ZERO)
    } else {
        ui.button(text)
    }
    .on_hover_text(tooltip)
    .clicked();
    if clicked {
        out.push(Command::ShowCudaInstallation);
    }
    !clicked
}

/// What the button does, as a tooltip says it.
pub const INSTALL_TOOLTIP: &str =
    "Download the libraries that training on an NVIDIA graphics card takes; asks first";

/// Below the sentence that says why there is no CUDA: the button that installs it, where a card waits for it.
pub fn install_button_ui(ui: &mut egui::Ui, devices: &Devices, out: &mut Vec<Command>) {
    if !matches!(found(devices), Found::Waiting(_)) {
        return;
    }
    ui.add_space(tokens::SPACE_XS);
    if ui.button(INSTALL).on_hover_text(INSTALL_TOOLTIP).clicked() {
        out.push(Command::ShowCudaInstallation);
        ui.close();
    }
}

const DONE: &str = "The CUDA part is installed. Start Graft again to use it.";

const STOPPING: &str = "Stopping the installation…";

/// “Downloading torch: 0.2 of 2.3 GB, package 1 of 16”.
fn progress_text(progress: Option<&InstallProgress>) -> String {
    let Some(progress) = progress else {
        return "Asking the package index…".to_owned();
    };
    let activity = match progress.activity {
        InstallActivity::Downloading => "Downloading",
        InstallActivity::Unpacking => "Unpacking",
    };
    format!(
        "{activity} {}, package {} of {}: {} of {}",
        progress.name,
        progress.package,
        progress.packages,
        format::bytes(progress.done),
        format::bytes(progress.total),
    )
}

/// The dialog; whether it stays open. What is under way goes on without it.
fn modal_ui(ctx: &egui::Context, view: &GraphicsCardView, out: &mut Vec<Command>) -> bool {
    let title = "Install the CUDA part of PyTorch";
    let (is_open, is_closed) = dialog(ctx, "cuda installation", title, 460.0, |ui| {
        content_ui(ui, view, out)
    });
    is_open && !is_closed
}

fn content_ui(ui: &mut egui::Ui, view: &GraphicsCardView, out: &mut Vec<Command>) -> bool {
    let t = tokens(ui);
    match &view.stage {
        Stage::Working(_) | Stage::Stopping => return working_ui(ui, &view.stage, out),
        Stage::Done => {
            ui.horizontal_wrapped(|ui| {
                ui.label(tokens::icon_filled(icon::CHECK_CIRCLE).color(t.success));
                ui.label(DONE);
            });
            ui.add(egui::Label::new(t.small(view.folder.display().to_string())).truncate());
            ui.add_space(tokens::SPACE_M);
            return closed_ui(ui);
        }
        Stage::Idle | Stage::Stopped | Stage::Failed(_) => {}
    }
    let muted = |ui: &mut egui::Ui, text: String| {
        ui.add(egui::Label::new(t.muted(text)).wrap());
    };
    if !view.can_install() {
        muted(ui, view.what_is_there());
        if view.part == CudaPart::Installed {
            muted(
                ui,
                format!("The CUDA part is installed: {}", view.folder.display()),
            );
        }
        ui.add_space(tokens::SPACE_M);
        return closed_ui(ui);
    }
    muted(
        ui,
        "Training on an NVIDIA graphics card takes libraries of PyTorch and NVIDIA that don't come with Graft.".to_owned(),
    );
    muted(ui, view.needs());
    muted(ui, format!("Folder: {}", view.folder.display()));
    if let Found::NoCard(_) = &view.found {
        let text = format!(
            "{} The libraries can be installed all the same, for a card that comes later.",
            view.what_is_there()
        );
        warning_ui(ui, &text);
    }
    match &view.stage {
        Stage::Failed(reason) => warning_ui(ui, &format!("Not installed: {reason}")),
        _ if view.is_unfinished() => muted(
            ui,
            "What an earlier attempt has downloaded is kept, and it goes on from there.".to_owned(),
        ),
        _ => {}
    }
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let text = match &view.stage {
            Stage::Failed(_) => "Try again",
            _ if view.is_unfinished() => "Continue the installation",
            _ => "Download and install",
        };
        let install = if matches!(view.found, Found::NoCard(_)) {
            ui.button(text)
        } else {
            primary_button(ui, text, true, egui::Vec2::ZERO)
        };
        if install.clicked() {
            out.push(Command::InstallCuda);
        }
        let cancel = ui.button("Cancel").on_hover_text("Close (Esc)");
        is_open = !cancel.clicked();
    });
    is_open
}

/// The one button where nothing is left to do; whether the dialog stays open.
fn closed_ui(ui: &mut egui::Ui) -> bool {
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        is_open = !primary_button(ui, "Close", true, egui::Vec2::ZERO).clicked();
    });
    is_open
}

fn warning_ui(ui: &mut egui::Ui, text: &str) {
    let color = tokens(ui).warning;
    ui.add_space(tokens::SPACE_XS);
    let text = egui::RichText::new(format!("{}  {text}", icon::WARNING)).color(color);
    ui.add(egui::Label::new(text).wrap());
}

fn working_ui(ui: &mut egui::Ui, stage: &Stage, out: &mut Vec<Command>) -> bool {
    let t = tokens(ui);
    let (progress, text) = match stage {
        Stage::Working(now) => (now.as_ref(), progress_text(now.as_ref())),
        _ => (None, STOPPING.to_owned()),
    };
    let can_stop = *stage != Stage::Stopping;
    ui.add(egui::Label::new(t.muted(text)).truncate());
    ui.add_space(tokens::SPACE_XS);
    let share = progress.map_or(0.0, |now| now.done as f32 / now.total.max(1) as f32);
    widgets::bar(ui, share, t.accent, "Downloaded so far");
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let stop = ui.add_enabled(can_stop, egui::Button::new("Stop"));
        name(&stop, can_stop, "Stop the installation");
        if stop
            .on_hover_text("End it; what was downloaded is kept for the next attempt")
            .clicked()
        {
            out.push(Command::StopCudaInstallation);
        }
        let hide = ui.button("Hide").on_hover_text(
            "Close this dialog; the installation goes on, and the settings show it again",
        );
        is_open = !hide.clicked();
    });
    is_open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(cuda: &[&str], driver_cards: &[&str], cuda_part: CudaPart) -> Devices {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Devices {
            cuda: names(cuda),
            driver_cards: names(driver_cards),
            cuda_part,
            why_no_cuda: cuda.is_empty().then(|| "No CUDA: so it is.".to_owned()),
            ..Devices::default()
        }
    }

    #[test]
    fn what_is_found_decides_whether_it_is_offered() {
        use CudaPart::{Installed, Missing};
        let reason = || "No CUDA: so it is.".to_owned();
        for (devices, expected, can_install) in [
            (
                devices(&["A"], &["A"], Missing),
                Found::Usable(vec!["A".into()]),
                false,
            ),
            (
                devices(&[], &["A"], Missing),
                Found::Waiting(vec!["A".into()]),
                true,
            ),
            (
                devices(&[], &["A"], Installed),
                Found::Unusable(reason()),
                false,
            ),
            (devices(&[], &[], Missing), Found::NoCard(reason()), true),
            (devices(&[], &[], Installed), Found::NoCard(reason()), false),
        ] {
            let view = GraphicsCardView::build(Some(&devices), &Stage::Idle);
            assert_eq!(view.found, expected);
            assert_eq!(view.can_install(), can_install, "{expected:?}");
        }
        let view = GraphicsCardView::build(None, &Stage::Idle);
        assert!(view.found == Found::Looking && !view.can_install());
    }
}
