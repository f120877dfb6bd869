//! The dialog in which an experiment is renamed and described.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{Document, DocumentId};
use crate::app::ui::theme::{dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::experiment::{Experiment, bounds};

/// What is being typed.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentDetails {
    document: DocumentId,
    /// As it was when the dialog was opened.
    before: Experiment,
    name: String,
    notes: String,
    is_new: bool,
}

impl ExperimentDetails {
    pub fn new(document: &Document) -> Self {
        Self {
            document: document.id,
            before: document.experiment.clone(),
            name: document.experiment.name.clone(),
            notes: document.experiment.notes.clone(),
            is_new: true,
        }
    }

    /// Why the name can't be taken.
    fn problem(&self) -> Option<String> {
        let characters = self.name.trim().chars().count();
        let allowed = bounds::NAME_CHARACTERS;
        if characters < *allowed.start() {
            Some("An experiment needs a name.".into())
        } else if characters > *allowed.end() {
            Some(format!(
                "The name has {characters} characters, {} are allowed.",
                allowed.end()
            ))
        } else {
            None
        }
    }

    fn edit(&self) -> Command {
        let experiment = Experiment {
            name: self.name.trim().to_owned(),
            notes: self.notes.trim_end().to_owned(),
            ..self.before.clone()
        };
        Command::Edit {
            document: self.document,
            before: Box::new(self.before.clone()),
            experiment: Box::new(experiment),
            merge: "",
        }
    }

    /// Whether the dialog stays open.
    pub fn ui(&mut self, ui: &mut egui::Ui, out: &mut Vec<Command>) -> bool {
        let t = tokens(ui);
        // On the words: a field's tooltip would lie over what is below it.
        let label = ui.label(tokens::medium("Name")).on_hover_text(
            "What the window, the list of runs, the figures and the reports call this experiment",
        );
        let field = egui::TextEdit::singleline(&mut self.name)
            .desired_width(f32::INFINITY)
            .margin(egui::Margin::symmetric(8, 6));
        let field = ui.add(field).labelled_by(label.id);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        if std::mem::take(&mut self.is_new) {
            field.request_focus();
        }
        let problem = self.problem();
        widgets::problem(ui, problem.as_deref());
        ui.add_space(tokens::SPACE_S);
        let label = ui.label(tokens::medium("Notes")).on_hover_text(
            "Kept in the preset and in the folder of every run; they change no result",
        );
        let notes = egui::TextEdit::multiline(&mut self.notes)
            .desired_width(f32::INFINITY)
            .desired_rows(5)
            .margin(egui::Margin::symmetric(8, 6))
            .hint_text("What this experiment is for, and what came of it");
        ui.add(notes).labelled_by(label.id);
        ui.label(
            t.small("Runs that were trained before keep the name and the notes that they had."),
        );
        ui.add_space(tokens::SPACE_M);
        let mut is_open = true;
        dialog_buttons(ui, |ui| {
            let apply = primary_button(ui, "Apply", problem.is_none(), egui::Vec2::ZERO)
                .on_hover_text("Change the name and the notes; Undo takes it back")
                .on_disabled_hover_text("An experiment needs a name");
            if (apply.clicked() || entered) && problem.is_none() {
                out.push(self.edit());
                is_open = false;
            }
            if ui
                .button("Cancel")
                .on_hover_text("Go back; nothing is changed (Esc)")
                .clicked()
            {
                is_open = false;
            }
        });
        is_open
    }
}
