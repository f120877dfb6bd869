//! The window's own dialogs: help, manual, settings, about, an experiment's name and notes, and which trained network is used.
//! One at a time.

use eframe::egui;

use super::about::about_ui;
use super::experiment_details::ExperimentDetails;
use super::help::Help;
use super::settings_dialog::{SettingsView, settings_ui};
use super::use_network::{UseNetworkView, use_network_ui};
use crate::app::core::command::Command;
use crate::app::features::graphics_card::GraphicsCardView;
use crate::app::features::manual::Manual;
use crate::app::shell::Graft;
use crate::app::ui::theme::dialog;

/// What is open.
#[derive(Debug)]
pub enum Dialog {
    Help(Help),
    Manual(Box<Manual>),
    Settings,
    About,
    Details(Box<ExperimentDetails>),
    UseNetwork,
}

impl Graft {
    pub(in crate::app) fn dialog_ui(&mut self, ctx: &egui::Context, out: &mut Vec<Command>) {
        let Some(mut dialog) = self.dialog.take() else {
            return;
        };
        let is_open = match &mut dialog {
            Dialog::Help(help) => modal_ui(ctx, "Help and keyboard shortcuts", 640.0, |ui| {
                help.ui(ui, &self.session.state, out)
            }),
            Dialog::Manual(manual) => modal_ui(ctx, "Manual", 1080.0, |ui| manual.ui(ui)),
            Dialog::Settings => {
                let devices = self.session.state.devices.as_ref();
                let card = GraphicsCardView::build(devices, &self.cuda.stage);
                let view = SettingsView::build(&self.session.settings, card, ctx);
                modal_ui(ctx, "Settings", 460.0, |ui| settings_ui(ui, &view, out))
            }
            Dialog::About => modal_ui(ctx, "About Graft", 580.0, |ui| {
                about_ui(ui, &self.session.paths, out)
            }),
            Dialog::Details(details) => {
                modal_ui(ctx, "Name and notes", 440.0, |ui| details.ui(ui, out))
            }
            Dialog::UseNetwork => {
                let view = UseNetworkView::build(&self.session.state, self.example.as_deref());
                modal_ui(ctx, "Use a trained network", 540.0, |ui| {
                    use_network_ui(ui, &view, out)
                })
            }
        };
        // Its buttons may have opened another one.
        if is_open {
            self.dialog = Some(dialog);
        }
    }
}

/// A dialog whose `content` says whether it stays open; whether it does.
fn modal_ui(
    ctx: &egui::Context,
    title: &'static str,
    width: f32,
    content: impl FnOnce(&mut egui::Ui) -> bool,
) -> bool {
    let (is_open, is_closed) = dialog(ctx, title, title, width, content);
    is_open && !is_closed
}

/// As much height as a dialog's scrolling part may take, in points, where the rest of it takes `rest`.
pub fn scroll_height(ctx: &egui::Context, most: f32, rest: f32) -> f32 {
    (ctx.content_rect().height() - rest).clamp(120.0, most)
}
