//! Above both pages of a sweep: what it is called, how far it is, and the buttons that train and stop it.

use eframe::egui::{self, vec2};

use super::Page;
use super::view::{Counts, HeadView};
use crate::app::core::command::Command;
use crate::app::core::sweep::{SlurmAction, SweepAction, Training};
use crate::app::ui::names::shown_name;
use crate::app::ui::theme;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;

/// The name, the file and what is done with it stand in one row where there is so much room for them, in points.
const ONE_ROW: f32 = 640.0;
/// The buttons behind the file's name, in points.
const FILE_BUTTONS: f32 = 6.0 * (tokens::CONTROL_HEIGHT + 2.0);
/// A file's name takes no more, in points.
const FILE_NAME: f32 = 150.0;

pub fn head_ui(ui: &mut egui::Ui, view: &HeadView, page: &mut Page, out: &mut Vec<Command>) {
    let is_one_row = ui.available_width() >= ONE_ROW;
    ui.horizontal(|ui| {
        let pages = [
            (
                Page::Setup,
                "Setup",
                "What varies, and what is trained where",
            ),
            (Page::Results, "Results", "What came of the cells so far"),
        ];
        widgets::segmented(ui, page, &pages);
        let beside = if is_one_row {
            FILE_BUTTONS + FILE_NAME + 2.0 * tokens::SPACE_M
        } else {
            tokens::SPACE_S
        };
        name_ui(ui, view, beside, out);
        if is_one_row {
            file_ui(ui, view, out);
        }
    });
    if !is_one_row {
        ui.horizontal(|ui| file_ui(ui, view, out));
    }
    ui.add_space(tokens::SPACE_XS);
    ui.horizontal_wrapped(|ui| {
        train_ui(ui, view, out);
        let text = match (&view.training, view.progress.is_empty()) {
            (Training::Stopping, _) => "Stopping; what was trained is being saved…",
            (_, true) => view.obstacle.as_deref().unwrap_or("No cells yet"),
            _ => &view.progress,
        };
        let obstacle = view.obstacle.as_deref().filter(|_| view.is_obstructed);
        if obstacle != Some(text) {
            ui.label(tokens(ui).muted(text));
        }
        if let Some(obstacle) = obstacle {
            let color = tokens(ui).danger;
            ui.label(egui::RichText::new(format!("{} {obstacle}", icon::WARNING)).color(color));
        }
    });
    counts_ui(ui, view.counts);
    let problem = match &view.training {
        Training::Failed(reason) => Some(reason.as_str()),
        _ => view.unread.as_deref(),
    };
    widgets::problem(ui, problem);
}

/// The name, which is typed over. `beside`: room for what stands behind it, in points.
fn name_ui(ui: &mut egui::Ui, view: &HeadView, beside: f32, out: &mut Vec<Command>) {
    let width = (ui.available_width() - beside).clamp(60.0, 330.0);
    let typed = widgets::typed(ui, "Name of the sweep", &view.name, |ui, text| {
        ui.add(
            egui::TextEdit::singleline(text)
                .font(tokens::semibold_font(tokens::TEXT_LARGE))
                .desired_width(width),
        )
        .accessible_name("Name of the sweep")
        .on_hover_text(format!("What the sweep is called: {}", view.name))
    });
    if let Some(name) = typed {
        out.push(Command::Sweep(SweepAction::Rename(name)));
    }
}

fn file_ui(ui: &mut egui::Ui, view: &HeadView, out: &mut Vec<Command>) {
    let mark = if view.is_changed { "• " } else { "" };
    let file = format!("{mark}{}", shown_name(&view.file));
    let state = match view.is_changed {
        true => "It has changes that its file does not hold",
        false => "It is as its file has it",
    };
    // A long name is cut: the buttons behind it keep their places.
    let width = (ui.available_width() - FILE_BUTTONS - tokens::SPACE_S).clamp(40.0, FILE_NAME);
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let width = width.min(widgets::text_width(ui, &file, font).ceil() + 1.0);
    let label = egui::Label::new(tokens(ui).small(file)).truncate();
    ui.add_sized(vec2(width, tokens::CONTROL_HEIGHT), label)
        .on_hover_text(format!("{}\n{state}", shown_name(&view.file)));
    ui.spacing_mut().item_spacing.x = 2.0;
    let mut button = |ui: &mut egui::Ui, symbol, name: &str, able, tooltip: &str, action| {
        let button = theme::icon_button_enabled(ui, symbol, name, able);
        if button.on_hover_text(tooltip).clicked() {
            out.push(Command::Sweep(action));
        }
    };
    let undo = "Take back the last change of this sweep";
    button(
        ui,
        icon::ARROW_U_UP_LEFT,
        "Undo in the sweep",
        view.can_undo,
        undo,
        SweepAction::Undo,
    );
    let redo = "Make the change again that was taken back";
    button(
        ui,
        icon::ARROW_U_UP_RIGHT,
        "Redo in the sweep",
        view.can_redo,
        redo,
        SweepAction::Redo,
    );
    let save = "Write this sweep to its file";
    button(
        ui,
        icon::FLOPPY_DISK,
        "Save the sweep",
        view.is_changed,
        save,
        SweepAction::Save,
    );
    let copy = "Write this sweep to another file";
    button(
        ui,
        icon::FILES,
        "Save the sweep as",
        true,
        copy,
        SweepAction::SaveAsDialog,
    );
    let open = "Open another sweep's file";
    button(
        ui,
        icon::FOLDER_OPEN,
        "Open another sweep",
        true,
        open,
        SweepAction::OpenDialog,
    );
    let close = "Close this sweep; its runs stay";
    button(
        ui,
        icon::X,
        "Close the sweep",
        true,
        close,
        SweepAction::Close,
    );
}

/// What trains and stops; one button, whose words say which it is.
fn train_ui(ui: &mut egui::Ui, view: &HeadView, out: &mut Vec<Command>) {
    let stop = format!("{} Stop", icon::STOP);
    match &view.training {
        Training::Running { .. } => {
            let tooltip =
                "Stop within one batch; what was trained is kept, and can be gone on with";
            if ui.button(stop).on_hover_text(tooltip).clicked() {
                out.push(Command::Sweep(SweepAction::Stop));
            }
        }
        Training::Stopping => {
            ui.add_enabled(false, egui::Button::new(stop));
        }
        Training::Idle | Training::Failed(_) => start_ui(ui, view, out),
    }
    if view.runs_elsewhere {
        let tooltip = "Ask everybody who trains cells of this sweep to stop: other windows, commands, tasks of a cluster";
        let button = ui.button(format!("{} Stop elsewhere", icon::STOP));
        if button.on_hover_text(tooltip).clicked() {
            out.push(Command::Sweep(SweepAction::Stop));
        }
    }
    let is_free = !view.training.is_live();
    if is_free && view.counts.failed > 0 {
        let tooltip = "Train what is missing, and what has failed once more";
        let button = egui::Button::new(format!("{} Again, what failed", icon::ARROW_CLOCKWISE));
        let response = ui.add_enabled(view.obstacle.is_none(), button);
        if response.on_hover_text(tooltip).clicked() {
            out.push(Command::Sweep(SweepAction::Start { again: true }));
        }
    }
    if view.has_slurm {
        let text = match view.slurm_tasks {
            0 => format!("{} Submit to Slurm…", icon::HARD_DRIVES),
            tasks => format!(
                "{} Slurm: {}…",
                icon::HARD_DRIVES,
                crate::format::count(tasks, "task", "tasks")
            ),
        };
        let tooltip =
            "Train the cells on a cluster, as an array of jobs; watch, cancel or submit them again";
        let response = ui.add_enabled(view.obstacle.is_none(), egui::Button::new(text));
        if response.on_hover_text(tooltip).clicked() {
            out.push(Command::Sweep(SweepAction::Slurm(SlurmAction::Show)));
        }
    }
}

fn start_ui(ui: &mut egui::Ui, view: &HeadView, out: &mut Vec<Command>) {
    let counts = view.counts;
    let is_tried =
        counts.all > 0 && counts.done() + counts.failed == counts.all && !view.is_pending;
    let words = if view.is_changed {
        "Save and train"
    } else if counts.done() + counts.stopped + counts.failed > 0 {
        "Go on"
    } else {
        "Train here"
    };
    let why = match (&view.obstacle, is_tried) {
        (Some(obstacle), _) => Some(obstacle.as_str()),
        (None, true) if counts.failed > 0 => Some("Every other cell is trained"),
        (None, true) => Some("Every cell is trained"),
        (None, false) => None,
    };
    if view.data_is_missing {
        let text = format!("{} Choose pictures…", icon::FOLDER_OPEN);
        let tooltip = "The base names no pictures: choose a folder of them, one folder for each class, to train on";
        if theme::primary_button(ui, &text, true, vec2(0.0, 0.0))
            .on_hover_text(tooltip)
            .clicked()
        {
            out.push(Command::Sweep(SweepAction::DataDialog { is_table: false }));
        }
        return;
    }
    let text = format!("{} {words}", icon::PLAY);
    let button = theme::primary_button(ui, &text, why.is_none(), vec2(0.0, 0.0));
    let tooltip = "Train what is missing, one cell after the other, in a process of its own; it can be stopped and gone on with";
    let response = button
        .on_hover_text(tooltip)
        .on_disabled_hover_text(why.unwrap_or_default());
    if response.clicked() {
        out.push(Command::Sweep(SweepAction::Start { again: false }));
    }
}

/// How many cells there are of each kind, as one bar.
fn counts_ui(ui: &mut egui::Ui, counts: Counts) {
    let colors = tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), 6.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, 3.0, colors.sunken);
    let parts = [
        (counts.finished as f64, colors.success),
        (counts.pruned as f64, colors.frozen),
        (counts.running as f64, colors.accent),
        (counts.stopped as f64, colors.warning),
        (counts.failed as f64, colors.danger),
    ];
    widgets::stacked_bar(ui.painter(), rect, &parts, counts.all.max(1) as f64);
    let number = |number: usize| crate::format::thousands(number as u64);
    let text = format!(
        "{} of {} trained, {} fell behind, {} training, {} begun, {} failed",
        number(counts.finished),
        crate::format::count(counts.all, "cell", "cells"),
        number(counts.pruned),
        number(counts.running),
        number(counts.stopped),
        number(counts.failed),
    );
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::accesskit::Role::ProgressIndicator, true, &text)
    });
    response.on_hover_text(text);
}
