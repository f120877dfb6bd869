//! Which runs lie side by side: added, taken out, and refused with the reason.

use std::collections::BTreeMap;

use eframe::egui;

use super::requests::MOST_COMPARED;
use super::view::{Candidate, CompareView};
use crate::app::core::command::Command;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;

/// Runs that one press of the button lays side by side, at most.
const LATEST: usize = 4;

/// What a chip takes beside its name: dot, button, margins.
const CHIP: f32 = 76.0;
/// What it takes beside its name with the dot.
const BESIDE_MARK: f32 = 58.0;

pub fn chooser_ui(ui: &mut egui::Ui, view: &CompareView, out: &mut Vec<Command>) {
    let ids: Vec<&String> = view.chosen.iter().map(|run| &run.id).collect();
    ui.horizontal_wrapped(|ui| {
        for run in &view.chosen {
            let colors = tokens(ui);
            // A chip that does not fit begins the next line: a frame does not wrap by itself.
            let font = tokens::medium_font(tokens::TEXT_BODY);
            let widest = ui.max_rect().width();
            let width = (widgets::text_width(ui, &run.name, font) + CHIP).min(widest);
            let begun = ui.cursor().left() > ui.max_rect().left() + 1.0;
            if begun && ui.cursor().left() + width > ui.max_rect().right() {
                ui.end_row();
            }
            egui::Frame::new()
                .fill(colors.raised)
                .corner_radius(tokens::RADIUS_M)
                .inner_margin(egui::Margin::symmetric(8, 1))
                .show(ui, |ui| {
                    ui.horizontal(|ui| {
                        let room = widest - BESIDE_MARK;
                        let color = tokens::run_color(run.color);
                        widgets::run_mark_within(ui, color, &run.name, room);
                        let name = format!("Remove {}", run.name);
                        let tooltip = "Remove this run from the comparison; the run itself stays";
                        if widgets::icon_button(ui, icon::X, &name, tooltip).clicked() {
                            let rest = ids
                                .iter()
                                .filter(|id| **id != &run.id)
                                .map(|id| (*id).clone())
                                .collect();
                            out.push(Command::CompareRuns(rest));
                        }
                    });
                });
        }
        add_menu_ui(ui, view, "Add a run", out);
        if view.waiting {
            ui.spinner();
        }
    });
    if !view.left_out.is_empty() {
        let text = format!(
            "A comparison takes {MOST_COMPARED} at most. Left out, with the fewest test pictures right: {}.",
            view.left_out.join("; ")
        );
        widgets::note(ui, &text);
    }
    let colors = tokens(ui);
    for run in &view.chosen {
        if let Some(reason) = &run.refused {
            ui.add_space(tokens::SPACE_XS);
            colors
                .callout(colors.warning_faint, colors.warning)
                .show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.label(format!(
                        "{} {} is left out: {reason}",
                        icon::WARNING,
                        run.name
                    ));
                });
        }
    }
}

/// The runs that can be added; those that don't fit say why.
pub fn add_menu_ui(ui: &mut egui::Ui, view: &CompareView, text: &str, out: &mut Vec<Command>) {
    let shown = Item::new(format!("{} {text}", icon::PLUS));
    let labels = (
        text,
        "Compare with another run: it must have been tested on the same pictures",
    );
    let item = |run: &Candidate| Item {
        misfit: run.misfit.clone(),
        ..Item::of_run(&run.name, tokens::run_color(run.color)).detail(&run.detail)
    };
    let items = || view.candidates.iter().map(item).collect();
    ui.add_enabled_ui(!view.candidates.is_empty(), |ui| {
        if let Some(index) = drop_down(ui, labels, 160.0, None, &shown, items) {
            let mut ids: Vec<String> = view.chosen.iter().map(|run| run.id.clone()).collect();
            ids.push(view.candidates[index].id.clone());
            out.push(Command::CompareRuns(ids));
        }
    })
    .response
    .on_disabled_hover_text(
        "No other run has been tested. Train another experiment on these pictures",
    );
}

/// The latest runs that share their test pictures, oldest first.
pub fn latest(view: &CompareView) -> Vec<String> {
    let all: Vec<&Candidate> = view.candidates.iter().collect();
    on_one_split(&all, LATEST)
}

/// Of `runs`, latest first, at most `count` that share their test pictures with the latest that shares them at all.
pub(super) fn on_one_split(runs: &[&Candidate], count: usize) -> Vec<String> {
    let mut splits: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for run in runs {
        splits.entry(&run.split).or_default().push(&run.id);
    }
    let shared = runs
        .iter()
        .filter_map(|run| splits.get(run.split.as_str()))
        .find(|ids| ids.len() >= 2);
    let latest = shared.into_iter().flatten().take(count);
    let mut ids: Vec<String> = latest.map(|&id| id.to_owned()).collect();
    ids.reverse();
    ids
}
