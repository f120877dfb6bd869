//! Files that could not be read, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::shown;

/// Height of a file's two lines, in points.
const ROW: f32 = 36.0;

pub fn unread_ui(ui: &mut egui::Ui, unread: &BTreeMap<PathBuf, String>, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        let text = "These files have no answer; the others do. They are read again when you give them again.";
        widgets::note(ui, text);
        let copy = ui.button(format!("{} Copy the list", icon::COPY));
        if copy
            .accessible_name("Copy the list")
            .on_hover_text("Copy the paths and reasons, a line for each file")
            .clicked()
        {
            let lines = unread.iter().map(|(path, reason)| line(path, reason));
            let text: Vec<String> = lines.collect();
            out.push(Command::CopyText(text.join("\n")));
        }
    });
    egui::ScrollArea::vertical()
        .id_salt("unread")
        .auto_shrink(false)
        .show_rows(ui, ROW, unread.len(), |ui, rows| {
            let files = unread.iter().skip(rows.start).take(rows.len());
            for (path, reason) in files {
                let size = egui::vec2(ui.available_width(), ROW);
                let layout = egui::Layout::top_down(egui::Align::Min);
                ui.allocate_ui_with_layout(size, layout, |ui| {
                    ui.set_min_height(ROW);
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.spacing_mut().interact_size.y = 16.0;
                    let file = shown::line(&shown::path(path)).into_owned();
                    let name = egui::Label::new(tokens::medium(&file)).truncate();
                    ui.add(name).on_hover_text(&file);
                    let reason = shown::line(reason);
                    let text = tokens(ui).small(reason.as_ref()).color(tokens(ui).danger);
                    ui.add(egui::Label::new(text).truncate())
                        .on_hover_text(reason.as_ref());
                });
            }
        });
}

fn line(path: &std::path::Path, reason: &str) -> String {
    let line = format!("{}: {reason}", shown::path(path));
    shown::line(&line).into_owned()
}
