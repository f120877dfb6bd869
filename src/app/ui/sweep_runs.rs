//! What stands in place of runs while the only ones are those of the open sweep's cells, which its results list.

use eframe::egui;

use super::tokens::icon;
use super::widgets;
use crate::app::core::command::Command;
use crate::app::core::sweep::SweepRuns;
use crate::app::core::view_id::ViewId;
use crate::format;

/// Where they are, and the way there.
pub fn sweep_runs_ui(ui: &mut egui::Ui, found: &SweepRuns, out: &mut Vec<Command>) {
    let text = format!(
        "“{}” has runs of {} of its {}. Its results list them; a run that is opened there stands here, too.",
        found.sweep,
        format::thousands(found.runs as u64),
        format::count(found.cells, "cell", "cells"),
    );
    let title = "The runs are those of the sweep";
    widgets::empty_state(ui, icon::CHART_SCATTER, title, &text, |ui| {
        let tooltip = "Show the cells of the sweep, with what came of them";
        if widgets::primary_button(ui, "Show the sweep", tooltip).clicked() {
            out.push(Command::ShowView(ViewId::SWEEP));
        }
    });
}
