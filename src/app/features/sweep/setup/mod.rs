//! Editing a sweep: what varies, how its settings are chosen, what it starts from, and where its pictures and runs are.

mod base;
mod places;
mod strategy;
mod vary;

use eframe::egui;

use super::view::SetupView;
use crate::app::core::command::Command;
use crate::app::core::sweep::{Draft, SweepAction};
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::widgets;

/// A copy of the sweep that controls change while they are drawn.
struct Editing<'a> {
    view: &'a SetupView,
    draft: Draft,
    /// Names the control that changed it.
    merge: String,
}

impl Editing<'_> {
    /// Names the control that a change comes from: consecutive changes of one control are one step of undo.
    fn touched(&mut self, changed: bool, control: impl Into<String>) {
        if changed {
            self.merge = control.into();
        }
    }
}

/// The whole page, in a scroll area of its own.
pub fn setup_ui(ui: &mut egui::Ui, view: &SetupView, out: &mut Vec<Command>) {
    // In sight wherever the page is scrolled to.
    if let Some(problem) = &view.problem {
        problem_ui(ui, problem);
    }
    egui::ScrollArea::vertical()
        .id_salt("sweep setup")
        .auto_shrink(false)
        .show(ui, |ui| {
            let mut editing = Editing {
                view,
                draft: view.draft.clone(),
                merge: String::new(),
            };
            for remark in &view.remarks {
                widgets::note(ui, remark);
            }
            section(ui, "What varies", |ui| vary::vary_ui(ui, &mut editing));
            section(ui, "Which settings are trained", |ui| {
                strategy::strategy_ui(ui, &mut editing);
            });
            section(ui, "What it starts from", |ui| {
                base::base_ui(ui, &mut editing, out)
            });
            section(ui, "Pictures and runs", |ui| {
                places::places_ui(ui, view, out)
            });
            if editing.draft != view.draft {
                out.push(Command::Sweep(SweepAction::Edit {
                    draft: Box::new(editing.draft),
                    merge: editing.merge,
                }));
            }
        });
}

/// What keeps the sweep from being carried out.
fn problem_ui(ui: &mut egui::Ui, problem: &str) {
    let colors = tokens::tokens(ui);
    let frame = colors.callout(colors.danger_faint, colors.danger);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.label(format!("{} {problem}", icon::WARNING));
    });
    ui.add_space(tokens::SPACE_S);
}

fn section(ui: &mut egui::Ui, title: &str, add: impl FnOnce(&mut egui::Ui)) {
    widgets::card(ui, |ui| {
        ui.label(tokens::semibold(title).size(tokens::TEXT_LARGE));
        ui.add_space(tokens::SPACE_XS);
        ui.push_id(title, add);
    });
    ui.add_space(tokens::SPACE_S);
}
