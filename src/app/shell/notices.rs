//! Messages that stay until they are dismissed, and the list of warnings.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{Cause, Notice, NoticeKind, State};
use crate::app::ui::theme::icon_button;
use crate::app::ui::tokens::{self, icon, tokens};

/// Notices that are shown at once; older ones wait behind a line.
const SHOWN: usize = 3;

/// The latest notices, above the views.
pub fn notices_ui(ui: &mut egui::Ui, notices: &[Notice], out: &mut Vec<Command>) {
    let hidden = notices.len().saturating_sub(SHOWN);
    for notice in notices.iter().rev().take(SHOWN) {
        notice_ui(ui, notice, out);
    }
    if hidden > 0 {
        ui.horizontal(|ui| {
            ui.label(tokens(ui).small(format!("and {hidden} earlier")));
            if ui
                .small_button("Dismiss all")
                .on_hover_text("They stay in the log")
                .clicked()
            {
                out.extend(
                    notices
                        .iter()
                        .map(|notice| Command::DismissNotice(notice.id)),
                );
            }
        });
    }
}

fn notice_ui(ui: &mut egui::Ui, notice: &Notice, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let (fill, edge, symbol) = match notice.kind {
        NoticeKind::Info => (t.accent_faint, t.accent, icon::INFO),
        NoticeKind::Warning => (t.warning_faint, t.warning, icon::WARNING),
        NoticeKind::Error => (t.danger_faint, t.danger, icon::WARNING_CIRCLE),
    };
    t.callout(fill, edge).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            ui.label(tokens::icon_filled(symbol).color(edge));
            let undo = if matches!(notice.cause, Some(Cause::Trashed(_))) {
                60.0
            } else {
                0.0
            };
            let width = ui.available_width() - 72.0 - undo;
            ui.allocate_ui_with_layout(
                egui::vec2(width, 0.0),
                egui::Layout::top_down(egui::Align::Min),
                |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.label(tokens::medium(&notice.title));
                    egui::ScrollArea::vertical()
                        .id_salt(notice.id)
                        .max_height(90.0)
                        .show(ui, |ui| {
                            ui.add(
                                egui::Label::new(t.muted(&notice.text))
                                    .wrap()
                                    .selectable(true),
                            );
                        });
                },
            );
            ui.with_layout(egui::Layout::right_to_left(egui::Align::TOP), |ui| {
                if icon_button(ui, icon::X, "Dismiss")
                    .on_hover_text("It stays in the log")
                    .clicked()
                {
                    out.push(Command::DismissNotice(notice.id));
                }
                if let Some(Cause::Trashed(folders)) = &notice.cause
                    && ui
                        .button("Undo")
                        .accessible_name("Undo moving to the trash")
                        .on_hover_text("Put the runs back from the trash")
                        .clicked()
                {
                    out.push(Command::RestoreRuns(folders.clone()));
                }
                if icon_button(ui, icon::COPY, "Copy message")
                    .on_hover_text("Copy this message")
                    .clicked()
                {
                    out.push(Command::CopyText(format!(
                        "{}\n{}",
                        notice.title, notice.text
                    )));
                }
            });
        });
    });
}

/// Every warning of every run of this session, above the run bar.
pub fn warnings_ui(ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) {
    let t = tokens(ui);
    ui.horizontal(|ui| {
        ui.label(tokens::medium("Warnings"));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(ui, icon::X, "Hide warnings")
                .on_hover_text("They stay until they are cleared")
                .clicked()
            {
                out.push(Command::ToggleWarnings);
            }
            if ui
                .button("Clear")
                .on_hover_text("They stay in the log")
                .clicked()
            {
                out.push(Command::ClearWarnings);
            }
        });
    });
    egui::ScrollArea::vertical()
        .auto_shrink([false, true])
        .max_height(150.0)
        .show(ui, |ui| {
            for run in &state.runs {
                for warning in &run.warnings {
                    ui.horizontal_top(|ui| {
                        ui.label(tokens::icon_text(icon::WARNING).color(t.warning));
                        ui.add(
                            egui::Label::new(t.muted(format!("{}: {warning}", run.called())))
                                .wrap()
                                .selectable(true),
                        );
                    });
                }
            }
        });
}
