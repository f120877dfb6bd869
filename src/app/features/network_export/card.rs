//! A model card to read.

use eframe::egui;

use super::Done;
use super::outcome::folder_button;
use crate::app::core::command::Command;
use crate::app::ui::table::{Cell, Head, Table};
use crate::app::ui::theme::{dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format::Align;
use crate::report::{Block, ModelCard};

/// Of the dialog: lines of code have their room.
pub(super) const WIDTH: f32 = 860.0;
/// Of the window's height, what the dialog's title, buttons and margins take.
const AROUND: f32 = 220.0;
/// Columns of text ask for no more than this.
const WIDEST: f32 = 620.0;

/// False when the dialog was closed by a button.
pub(super) fn reading_ui(
    ui: &mut egui::Ui,
    done: &Done,
    reads_card: &mut bool,
    out: &mut Vec<Command>,
) -> bool {
    let height = (ui.ctx().content_rect().height() - AROUND).clamp(160.0, 820.0);
    egui::ScrollArea::vertical()
        .id_salt("model card")
        .auto_shrink(false)
        .max_height(height)
        // As high at once as it stays.
        .min_scrolled_height(height)
        .show(ui, |ui| {
            // The bar stands beside the text.
            ui.set_max_width(ui.available_width() - tokens::SPACE_M);
            card_ui(ui, &done.model_card, out);
        });
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        is_open = !primary_button(ui, "Close", true, egui::Vec2::ZERO).clicked();
        let back = ui
            .button("Back")
            .on_hover_text("To what was found when the network was written");
        *reads_card = !back.clicked();
        folder_button(ui, done, out);
        let path = done.card.display().to_string();
        ui.add(egui::Label::new(tokens(ui).small(path)).truncate());
    });
    is_open
}

fn card_ui(ui: &mut egui::Ui, card: &ModelCard, out: &mut Vec<Command>) {
    for (index, block) in card.blocks().iter().enumerate() {
        match block {
            Block::Heading(heading) => {
                ui.add_space(tokens::SPACE_M);
                ui.label(tokens::semibold(*heading).size(tokens::TEXT_LARGE));
            }
            Block::Text(sentences) => {
                widgets::sentences(ui, sentences);
            }
            Block::Warning(sentences) => widgets::problem(ui, Some(sentences)),
            Block::Table { header, rows } => table_ui(ui, index, header, rows),
            Block::Code { text, .. } => code_ui(ui, index, text.trim_end(), out),
        }
        ui.add_space(tokens::SPACE_XS);
    }
}

fn table_ui(
    ui: &mut egui::Ui,
    index: usize,
    header: &[(&'static str, Align)],
    rows: &[Vec<String>],
) {
    let heads: Vec<Head> = header
        .iter()
        .map(|(title, align)| match align {
            Align::Left => Head::text(*title, "").widest(WIDEST),
            Align::Right => Head::number(*title, ""),
        })
        .collect();
    let cell = |row: usize, column: usize| {
        let text = rows.get(row).and_then(|cells| cells.get(column));
        Cell::new(text.cloned().unwrap_or_default())
    };
    let name = format!("Table {index} of the model card");
    Table::new(&name, &heads, rows.len(), &cell).show(ui);
}

fn code_ui(ui: &mut egui::Ui, index: usize, text: &str, out: &mut Vec<Command>) {
    let t = tokens(ui);
    egui::Frame::new()
        .fill(t.sunken)
        .corner_radius(tokens::RADIUS_M)
        .inner_margin(tokens::SPACE_S)
        .show(ui, |ui| {
            ui.horizontal_top(|ui| {
                let room = ui.available_width() - tokens::CONTROL_HEIGHT - tokens::SPACE_M;
                ui.vertical(|ui| {
                    ui.set_width(room.max(80.0));
                    egui::ScrollArea::horizontal()
                        .id_salt(("code of the model card", index))
                        .auto_shrink([false, true])
                        .show(ui, |ui| {
                            let code = egui::RichText::new(text)
                                .monospace()
                                .size(tokens::TEXT_SMALL + 1.0);
                            ui.add(egui::Label::new(code).extend().selectable(true));
                        });
                });
                let copy = widgets::icon_button(
                    ui,
                    icon::COPY,
                    "Copy the code",
                    "Put these lines on the clipboard",
                );
                if copy.clicked() {
                    out.push(Command::CopyText(text.to_owned()));
                }
            });
        });
}
