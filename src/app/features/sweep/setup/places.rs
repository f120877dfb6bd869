//! Where the pictures are, where the runs go, and what trains them: no part of the sweep's file.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::sweep::SweepAction;
use crate::app::features::sweep::view::SetupView;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;

pub(super) fn places_ui(ui: &mut egui::Ui, view: &SetupView, out: &mut Vec<Command>) {
    place_ui(ui, "Pictures", &view.data, view.data_is_missing);
    ui.horizontal_wrapped(|ui| {
        let tooltip = "Train on the pictures of another folder, one folder for each class";
        if ui
            .button("Choose a folder of pictures…")
            .on_hover_text(tooltip)
            .clicked()
        {
            out.push(Command::Sweep(SweepAction::DataDialog { is_table: false }));
        }
        let tooltip = "Train on the pictures that another table names";
        if ui
            .button("Choose a table…")
            .on_hover_text(tooltip)
            .clicked()
        {
            out.push(Command::Sweep(SweepAction::DataDialog { is_table: true }));
        }
        if let Some(pictures) = &view.active_data
            && ui
                .button("Use the open experiment's")
                .on_hover_text(format!("Train on {}", pictures.display()))
                .clicked()
        {
            out.push(Command::Sweep(SweepAction::UseData(Some(pictures.clone()))));
        }
        let tooltip = "Train on the pictures that the base names";
        if view.has_other_data
            && ui
                .button("Use the base's own")
                .on_hover_text(tooltip)
                .clicked()
        {
            out.push(Command::Sweep(SweepAction::UseData(None)));
        }
    });
    ui.add_space(tokens::SPACE_S);
    place_ui(ui, "Runs", &view.out.display().to_string(), false);
    ui.horizontal_wrapped(|ui| {
        let tooltip = "Each cell is a run in a folder of its own below this one. Choose the folder of a sweep that runs elsewhere to watch it";
        if ui.button("Choose a folder for the runs…").on_hover_text(tooltip).clicked() {
            out.push(Command::Sweep(SweepAction::OutDialog));
        }
        if let Some(usual) = &view.usual_out {
            let tooltip = format!("Keep the runs in {}, which goes by the name of the sweep's file", usual.display());
            if ui.button("Use its own folder").on_hover_text(tooltip).clicked() {
                out.push(Command::Sweep(SweepAction::UseOut(None)));
            }
        }
        let tooltip = "Show the folder with the desktop's own program";
        if ui.button("Show the folder").on_hover_text(tooltip).clicked() {
            out.push(Command::OpenFolder(view.out.clone()));
        }
    });
    ui.add_space(tokens::SPACE_S);
    let mut all_cards = view.all_cards;
    let options = [
        (
            false,
            "One device",
            "The device that the bar at the bottom names, or the fastest card where it names all, trains one cell after the other",
        ),
        (
            true,
            "All cards",
            "Every graphics card of this machine trains a cell of its own",
        ),
    ];
    if view.cards > 1 {
        let tooltip = "What trains the cells on this machine";
        if widgets::segmented_row(ui, "Trained by", tooltip, &mut all_cards, &options) {
            out.push(Command::Sweep(SweepAction::UseAllCards(all_cards)));
        }
    }
    if view.trains_here {
        widgets::note(
            ui,
            "A run of this window trains at the moment: the sweep and the run would share the processor.",
        );
    }
}

fn place_ui(ui: &mut egui::Ui, title: &str, path: &str, is_missing: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.label(tokens(ui).muted(title));
        let color = if is_missing {
            tokens(ui).danger
        } else {
            tokens(ui).text
        };
        ui.add(egui::Label::new(egui::RichText::new(path).color(color)).wrap());
    });
}
