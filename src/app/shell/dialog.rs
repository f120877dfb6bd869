//! The window's own dialogs: help, settings, about, and an experiment's name and notes. One at a time.

use eframe::egui;

use super::about::about_ui;
use super::dialogs::dialog_frame;
use super::experiment_details::ExperimentDetails;
use super::help::Help;
use super::settings_dialog::{SettingsView, settings_ui};
use crate::app::core::command::Command;
use crate::app::shell::Graft;
use crate::app::ui::theme::icon_button;
use crate::app::ui::tokens::{self, icon};

/// What is open.
#[derive(Debug)]
pub enum Dialog {
    Help(Help),
    Settings,
    About,
    Details(Box<ExperimentDetails>),
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
            Dialog::Settings => {
                let view = SettingsView::build(&self.session.settings, ctx);
                modal_ui(ctx, "Settings", 460.0, |ui| settings_ui(ui, &view, out))
            }
            Dialog::About => modal_ui(ctx, "About Graft", 520.0, |ui| {
                about_ui(ui, &self.session.paths, out)
            }),
            Dialog::Details(details) => {
                modal_ui(ctx, "Name and notes", 440.0, |ui| details.ui(ui, out))
            }
        };
        // Its buttons may have opened another one.
        if is_open {
            self.dialog = Some(dialog);
        }
    }
}

/// A box in the middle of the window with a title and a button that closes it; whether it stays open. `content` says
/// whether it does.
fn modal_ui(
    ctx: &egui::Context,
    title: &'static str,
    width: f32,
    content: impl FnOnce(&mut egui::Ui) -> bool,
) -> bool {
    let dark = ctx.global_style().visuals.dark_mode;
    let modal = egui::Modal::new(egui::Id::unique(title))
        .backdrop_color(tokens::of_theme(dark).backdrop)
        .frame(dialog_frame(ctx));
    let response = modal.show(ctx, |ui| {
        ui.set_width(width.min(ctx.content_rect().width() - 72.0));
        let mut is_open = true;
        ui.horizontal(|ui| {
            ui.label(tokens::semibold(title).size(tokens::TEXT_TITLE));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let close = icon_button(ui, icon::X, "Close this dialog");
                is_open = !close.on_hover_text("Close (Esc)").clicked();
            });
        });
        ui.add_space(tokens::SPACE_S);
        content(ui) && is_open
    });
    response.inner && !response.should_close()
}

/// As much height as a dialog's scrolling part may take, in points, where the rest of it takes `rest`.
pub fn scroll_height(ctx: &egui::Context, most: f32, rest: f32) -> f32 {
    (ctx.content_rect().height() - rest).clamp(120.0, most)
}
