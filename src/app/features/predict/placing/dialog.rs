//! What the dialog shows at each stage.

use std::path::Path;

use eframe::egui;

use super::words::placed_text;
use super::{PlanView, Stage, Wanted, another};
use crate::app::core::command::Command;
use crate::app::core::prediction::PredictAction;
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::middle_elided;
use crate::app::ui::theme::{dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Problem;
use crate::prediction::placement::{Placed, Way};
use crate::{format, shown};

/// Problems that the dialog names.
const NAMED: usize = 3;
/// Height of the list of folders, in points.
const LIST: f32 = 290.0;

/// Whether the dialog stays open. `wanted`: what was asked for, which may be changed while nothing is done.
pub fn content_ui(
    ui: &mut egui::Ui,
    stage: &Stage,
    wanted: Option<&mut Wanted>,
    [done, placed]: [usize; 2],
    out: &mut Vec<Command>,
) -> bool {
    match (stage, wanted) {
        (Stage::Closed, _) => false,
        (Stage::Planning, Some(wanted)) => {
            root_ui(ui, &wanted.root);
            way_ui(ui, &mut wanted.way);
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(tokens(ui).muted("Looking at the folder"));
            });
            true
        }
        (Stage::Planned(plan), Some(wanted)) => planned_ui(ui, plan, wanted, out),
        (Stage::Working { total }, Some(wanted)) => {
            root_ui(ui, &wanted.root);
            progress_ui(ui, [done, *total], "Pictures copied");
            stop_ui(ui, "Stop; what is copied can be undone", out);
            true
        }
        (Stage::Done(root, placed), _) => done_ui(ui, root, placed, out),
        (Stage::TakingBack(root), _) => {
            root_ui(ui, root);
            ui.label(tokens(ui).muted("Removing what was copied and stands as it was copied"));
            progress_ui(ui, [done, placed], "Copies undone");
            stop_ui(ui, "Stop; the rest can be undone later", out);
            true
        }
        (Stage::Failed(reason), wanted) => {
            widgets::problem(ui, Some(reason));
            ui.add_space(tokens::SPACE_M);
            let mut is_open = true;
            dialog_buttons(ui, |ui| {
                if let Some(wanted) = wanted {
                    let other = primary_button(ui, "Another folder…", true, egui::Vec2::ZERO);
                    if other.clicked() {
                        let chosen = wanted.chosen.clone();
                        out.push(Command::Predict(another(chosen)));
                        is_open = false;
                    }
                }
                if ui.button("Close").clicked() {
                    is_open = false;
                }
            });
            is_open
        }
        // Nothing of these comes without a wish.
        (Stage::Planning | Stage::Planned(_) | Stage::Working { .. }, None) => false,
    }
}

fn root_ui(ui: &mut egui::Ui, root: &Path) {
    let text = shown::line(&shown::path(root)).into_owned();
    let font = tokens::medium_font(tokens::TEXT_BODY);
    let fitting = middle_elided(ui, &text, ui.available_width(), &font);
    ui.add(egui::Label::new(tokens::medium(fitting)).truncate())
        .on_hover_text(&text);
    ui.add_space(tokens::SPACE_XS);
}

fn way_ui(ui: &mut egui::Ui, way: &mut Way) {
    let ways = [
        (
            Way::Copy,
            "Copies",
            "Each folder gets copies: they stay when the originals go, and take as much room as they do",
        ),
        (
            Way::Link,
            "Links",
            "Each folder gets symbolic links: they take no room, and hold as long as the originals stay where they are",
        ),
    ];
    widgets::segmented(ui, way, &ways);
    ui.add_space(tokens::SPACE_S);
}

/// What would be done, and the button that does it.
fn planned_ui(
    ui: &mut egui::Ui,
    plan: &PlanView,
    wanted: &mut Wanted,
    out: &mut Vec<Command>,
) -> bool {
    root_ui(ui, &wanted.root);
    let way = wanted.way;
    way_ui(ui, &mut wanted.way);
    folders_ui(ui, plan);
    unsure_ui(ui, plan.unsure, &mut wanted.holds_back);
    earlier_ui(ui, plan.earlier, &wanted.root, out);
    notes_ui(ui, plan);
    problems_ui(ui, &plan.unplaceable);
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let verb = match way {
            Way::Copy => "Copy",
            Way::Link => "Link",
        };
        let pictures = format::count(plan.steps, "picture", "pictures");
        let text = format!("{verb} {pictures}");
        if primary_button(ui, &text, plan.steps > 0, egui::Vec2::ZERO)
            .on_disabled_hover_text("Every picture stands where it belongs")
            .clicked()
        {
            out.push(Command::Predict(PredictAction::Place));
        }
        if ui.button("Cancel").clicked() {
            is_open = false;
        }
        let other = ui.button("Another folder…");
        if other
            .on_hover_text("Choose another folder for the classes")
            .clicked()
        {
            let chosen = wanted.chosen.clone();
            out.push(Command::Predict(another(chosen)));
            is_open = false;
        }
    });
    is_open
}

/// What each folder gets.
fn folders_ui(ui: &mut egui::Ui, plan: &PlanView) {
    let rows = plan.counts.len();
    egui::ScrollArea::vertical()
        .id_salt("plan")
        .max_height(LIST)
        .auto_shrink([false, true])
        .show_rows(ui, tokens::ROW_HEIGHT, rows, |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (folder, number) in &plan.counts[range] {
                let size = egui::vec2(ui.available_width(), tokens::ROW_HEIGHT);
                let layout = egui::Layout::right_to_left(egui::Align::Center);
                ui.allocate_ui_with_layout(size, layout, |ui| {
                    ui.add_space(tokens::SPACE_S);
                    ui.label(format::count(*number, "picture", "pictures"));
                    let layout = egui::Layout::left_to_right(egui::Align::Center);
                    ui.with_layout(layout, |ui| {
                        ui.label(tokens::icon_text(icon::FOLDER).color(tokens(ui).accent));
                        ui.add(egui::Label::new(shown_name(folder)).truncate());
                    });
                });
            }
        });
    ui.add_space(tokens::SPACE_XS);
}

/// How many are unsure, and whether they are kept out of the classes' folders.
fn unsure_ui(ui: &mut egui::Ui, unsure: usize, holds_back: &mut bool) {
    if unsure == 0 {
        return;
    }
    let answers = format::count(
        unsure,
        "picture has an unsure answer",
        "pictures have an unsure answer",
    );
    ui.label(format!("{answers}, under 60 %."));
    ui.checkbox(holds_back, "Put them into “undecided”, not into a class's folder")
        .on_hover_text("A person then decides on them. They can be copied to their classes later: choose the same folder again");
    ui.add_space(tokens::SPACE_XS);
}

/// What was copied here before, and the way back.
fn earlier_ui(ui: &mut egui::Ui, earlier: usize, root: &Path, out: &mut Vec<Command>) {
    if earlier == 0 {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(format::count(
            earlier,
            "picture was copied here before.",
            "pictures were copied here before.",
        ));
        let undo = ui.button(format!("{} Undo", icon::ARROW_U_UP_LEFT));
        let undo = undo.accessible_name("Undo the earlier copies");
        let tooltip =
            "Remove what was copied before, as far as it stands as it was copied, and copy nothing";
        if undo.on_hover_text(tooltip).clicked() {
            let action = PredictAction::TakeBack(root.to_path_buf());
            out.push(Command::Predict(action));
        }
    });
    ui.add_space(tokens::SPACE_XS);
}

fn notes_ui(ui: &mut egui::Ui, plan: &PlanView) {
    if plan.stays > 0 {
        let stay = format::count(
            plan.stays,
            "of these pictures stands in its folder already.",
            "of these pictures stand in their folders already.",
        );
        widgets::note(ui, &stay);
    }
    if plan.moves > 0 {
        let moves = format::count(
            plan.moves,
            "picture was copied to another folder before, and is taken out of it.",
            "pictures were copied to other folders before, and are taken out of them.",
        );
        widgets::note(ui, &moves);
    }
    widgets::note(
        ui,
        "The originals stay as they are; nothing of yours is replaced. Undo removes exactly what is copied.",
    );
}

fn problems_ui(ui: &mut egui::Ui, problems: &[Problem]) {
    for problem in problems.iter().take(NAMED) {
        let path = shown::path(&problem.path);
        let text = format!("Not copied, {}: {}", problem.reason, shown::line(&path));
        widgets::problem(ui, Some(&text));
    }
    if let Some(more) = problems.len().checked_sub(NAMED + 1) {
        let more = format::count(more + 1, "other picture", "other pictures");
        widgets::problem(ui, Some(&format!("{more} can't be copied either")));
    }
}

fn progress_ui(ui: &mut egui::Ui, [done, total]: [usize; 2], name: &str) {
    let share = done as f32 / total.max(1) as f32;
    let text = format!(
        "{} of {}",
        format::thousands(done as u64),
        format::count(total, "picture", "pictures")
    );
    ui.label(tokens(ui).muted(text));
    widgets::bar(ui, share, tokens(ui).accent_fill, name);
    ui.add_space(tokens::SPACE_M);
}

fn stop_ui(ui: &mut egui::Ui, tooltip: &str, out: &mut Vec<Command>) {
    dialog_buttons(ui, |ui| {
        let stop = ui.button(format!("{} Stop", icon::STOP));
        let stop = stop.accessible_name("Stop copying");
        if stop.on_hover_text(tooltip).clicked() {
            out.push(Command::Predict(PredictAction::StopPlacing));
        }
    });
}

/// What was done, and the way back.
fn done_ui(ui: &mut egui::Ui, root: &Path, placed: &Placed, out: &mut Vec<Command>) -> bool {
    root_ui(ui, root);
    let colors = tokens(ui);
    let text = format!("{} {}", icon::CHECK_CIRCLE, placed_text(placed));
    ui.label(tokens::medium(text).color(colors.success));
    problems_ui(ui, &placed.failed);
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        is_open = !primary_button(ui, "Close", true, egui::Vec2::ZERO).clicked();
        let open = ui.button(format!("{} Open the folder", icon::FOLDER_OPEN));
        if open.accessible_name("Open the folder").clicked() {
            out.push(Command::OpenFolder(root.to_path_buf()));
        }
        let undo = ui.button(format!("{} Undo", icon::ARROW_U_UP_LEFT));
        if undo
            .accessible_name("Undo the copies")
            .on_hover_text("Remove what was copied, as far as it stands as it was copied")
            .clicked()
        {
            let action = PredictAction::TakeBack(root.to_path_buf());
            out.push(Command::Predict(action));
        }
    });
    is_open
}
