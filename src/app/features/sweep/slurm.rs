//! The dialog that submits a sweep to Slurm, and shows what becomes of its tasks.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::sweep::{SlurmAction, SlurmJobs, SweepAction};
use crate::app::ui::number_field::{NumberField, NumberResponse};
use crate::app::ui::theme::{dialog, dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::slurm::{TaskState, TaskStatus};
use crate::worker::messages::SlurmOptions;

/// Tasks that are shown at once; more scroll.
const TASKS_HEIGHT: f32 = 190.0;
const SCRIPT_HEIGHT: f32 = 230.0;

/// What the dialog remembers, also when it is opened again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SlurmLocal {
    partition: String,
    time: String,
    gpus: String,
    memory: String,
    account: String,
    cpus: Option<u32>,
    /// 0 for as many as there is room for.
    at_once: u32,
    cells_per_task: u32,
    shows_script: bool,
}

impl SlurmLocal {
    fn options(&self) -> SlurmOptions {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut options = SlurmOptions {
            at_once: (self.at_once > 0).then_some(self.at_once),
            cells_per_task: self.cells_per_task.max(1),
            ..SlurmOptions::default()
        };
        let resources = &mut options.resources;
        resources.partition = text(&self.partition);
        resources.time = text(&self.time);
        resources.gpus = text(&self.gpus);
        resources.mem = text(&self.memory);
        resources.account = text(&self.account);
        resources.cpus = self.cpus;
        options
    }
}

/// The dialog over the window; false when it was closed.
pub fn modal_ui(
    ctx: &egui::Context,
    jobs: &SlurmJobs,
    has_failed: bool,
    local: &mut SlurmLocal,
    out: &mut Vec<Command>,
) -> bool {
    let (is_open, is_closed) = dialog(ctx, "slurm", "Train on a cluster", 680.0, |ui| {
        slurm_ui(ui, jobs, has_failed, local, out)
    });
    is_open && !is_closed
}

/// What stands in the dialog; false when it was closed by a button.
pub fn slurm_ui(
    ui: &mut egui::Ui,
    jobs: &SlurmJobs,
    has_failed: bool,
    local: &mut SlurmLocal,
    out: &mut Vec<Command>,
) -> bool {
    local.cells_per_task = local.cells_per_task.max(1);
    let height = (ui.ctx().content_rect().height() - 220.0).max(200.0);
    egui::ScrollArea::vertical()
        .id_salt("slurm")
        .max_height(height)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            if jobs.tasks.as_ref().is_some_and(|tasks| !tasks.is_empty()) {
                tasks_ui(ui, jobs, out);
                ui.separator();
            }
            options_ui(ui, local);
            script_ui(ui, jobs, local, out);
            for line in &jobs.told {
                ui.label(format!("{} {line}", icon::CHECK));
            }
            widgets::problem(ui, jobs.problem.as_deref());
        });
    ui.add_space(tokens::SPACE_M);
    buttons_ui(ui, jobs, has_failed, local, out)
}

fn options_ui(ui: &mut egui::Ui, local: &mut SlurmLocal) {
    let text = |ui: &mut egui::Ui, label: &str, hint: &str, tooltip: &str, value: &mut String| {
        widgets::row(ui, label, tooltip, |ui| {
            let field = egui::TextEdit::singleline(value)
                .hint_text(hint)
                .desired_width(f32::INFINITY);
            ui.add(field).accessible_name(label).on_hover_text(tooltip);
        });
    };
    let tooltip = "Where the tasks run; sinfo lists the partitions";
    text(
        ui,
        "Partition",
        "the usual one",
        tooltip,
        &mut local.partition,
    );
    let tooltip = "How long each try of a task may take; a task that is not done by then is saved, and goes on in another try";
    text(ui, "Time", "4:00:00", tooltip, &mut local.time);
    let tooltip = "Graphics cards of each task; with several, each trains a cell of its own";
    text(
        ui,
        "Graphics cards",
        "none, or 1, or a100:1",
        tooltip,
        &mut local.gpus,
    );
    let mut cpus = local.cpus.unwrap_or(4);
    let tooltip = "Processor cores of each task. Results are the same to the last bit only with the same number";
    if widgets::number(ui, "Processor cores", tooltip, &mut cpus, 1..=1_024, "") {
        local.cpus = Some(cpus);
    }
    let tooltip = "Memory of each task";
    text(
        ui,
        "Memory",
        "the partition's usual, or 16G",
        tooltip,
        &mut local.memory,
    );
    let tooltip =
        "So many tasks run at the same time at most; “all” (or 0) for as many as there is room for";
    widgets::number_row(ui, "At once", tooltip, |ui| {
        let field = NumberField::new("At once", &mut local.at_once, 0..=10_000)
            .word(0.0, "all")
            .tooltip(tooltip);
        let NumberResponse { response, refused } = field.show(ui);
        (response.changed(), refused)
    });
    let tooltip = "Each task trains so many cells, one after the other";
    widgets::number(
        ui,
        "Cells per task",
        tooltip,
        &mut local.cells_per_task,
        1..=10_000,
        "",
    );
    let tooltip = "Who pays for it, where the site asks";
    text(ui, "Account", "the usual one", tooltip, &mut local.account);
}

/// The script, as it would be submitted.
fn script_ui(ui: &mut egui::Ui, jobs: &SlurmJobs, local: &mut SlurmLocal, out: &mut Vec<Command>) {
    let options = local.options();
    crate::app::ui::disclosure::disclosure_ui(
        ui,
        "The script that is submitted",
        "Show what Slurm is given; it is kept beside the runs, and can be edited and submitted by hand",
        &mut local.shows_script,
    );
    out.push(Command::Sweep(SweepAction::Slurm(SlurmAction::Preview(
        Box::new(options),
    ))));
    match &jobs.script {
        Some(Err(reason)) => widgets::problem(ui, Some(reason)),
        Some(Ok(script)) if local.shows_script => {
            egui::ScrollArea::both()
                .id_salt("script")
                .max_height(SCRIPT_HEIGHT)
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    let text = egui::RichText::new(script)
                        .monospace()
                        .size(tokens::TEXT_SMALL);
                    ui.add(egui::Label::new(text).extend().selectable(true));
                });
        }
        _ => {}
    }
}

/// How the tasks stand, those that wait or run first.
fn tasks_ui(ui: &mut egui::Ui, jobs: &SlurmJobs, out: &mut Vec<Command>) {
    let Some(tasks) = &jobs.tasks else { return };
    let mut order: Vec<&TaskStatus> = tasks.iter().collect();
    order.sort_by_key(|task| !task.is_alive());
    let alive = jobs.alive();
    ui.horizontal(|ui| {
        let all = crate::format::count(tasks.len(), "task", "tasks");
        ui.label(tokens::medium(format!("{all}, {alive} waiting or running")));
        let button = egui::Button::new("Cancel all");
        let response = ui.add_enabled(alive > 0 && !jobs.is_working, button);
        if response
            .on_hover_text("End every task that waits or runs; what they have trained is kept")
            .clicked()
        {
            out.push(Command::Sweep(SweepAction::Slurm(SlurmAction::Cancel(
                None,
            ))));
        }
    });
    egui::ScrollArea::vertical()
        .id_salt("tasks")
        .max_height(TASKS_HEIGHT)
        .auto_shrink([false, true])
        .show_rows(ui, tokens::CONTROL_HEIGHT, order.len(), |ui, rows| {
            for task in &order[rows] {
                task_ui(ui, task, jobs, out);
            }
        });
    for remedy in crate::slurm::remedies(tasks.iter()) {
        ui.label(format!("{remedy}."));
    }
    if let Some((task, log)) = &jobs.log {
        ui.label(tokens::medium(format!("The end of the log of {task}")));
        egui::ScrollArea::both()
            .id_salt("log")
            .max_height(TASKS_HEIGHT)
            .auto_shrink([false, true])
            .stick_to_bottom(true)
            .show(ui, |ui| {
                let text = egui::RichText::new(log)
                    .monospace()
                    .size(tokens::TEXT_SMALL);
                ui.add(egui::Label::new(text).extend().selectable(true));
            });
    }
}

fn task_ui(ui: &mut egui::Ui, task: &TaskStatus, jobs: &SlurmJobs, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let (text, is_bad) = state_text(task);
        let name = format!("Log of task {}", task.id);
        let tooltip = "Show the end of what this task has said";
        if widgets::icon_button(ui, icon::FILE_TEXT, &name, tooltip).clicked() {
            out.push(Command::Sweep(SweepAction::Slurm(SlurmAction::ReadLog(
                task.id.clone(),
            ))));
        }
        let name = format!("Cancel task {}", task.id);
        let able = task.is_alive() && !jobs.is_working;
        let button = crate::app::ui::theme::icon_button_enabled(ui, icon::X_CIRCLE, &name, able);
        let tooltip = "End this task; what it has trained is kept";
        if button.on_hover_text(tooltip).clicked() {
            let only = Some(vec![task.id.clone()]);
            out.push(Command::Sweep(SweepAction::Slurm(SlurmAction::Cancel(
                only,
            ))));
        }
        ui.label(tokens::medium(task.id.as_str()));
        let color = if is_bad {
            tokens(ui).danger
        } else {
            tokens(ui).text_muted
        };
        let label = egui::Label::new(egui::RichText::new(&text).color(color)).truncate();
        ui.add(label).on_hover_text(hint(task, &text));
    });
}

/// What a task does, or why it ended, and whether that is bad.
fn state_text(task: &TaskStatus) -> (String, bool) {
    let node = task
        .node
        .as_ref()
        .map_or_else(String::new, |node| format!(" on {node}"));
    match &task.state {
        TaskState::Waiting { reason, .. } if reason.is_empty() => ("waits".into(), false),
        TaskState::Waiting { reason, .. } => (format!("waits: {reason}"), false),
        TaskState::Running => (format!("runs{node}"), false),
        TaskState::Ending => (format!("is ending{node}"), false),
        TaskState::Ended(ended) => {
            let is_bad = ended.remedy().is_some();
            (format!("{ended}{node}"), is_bad)
        }
    }
}

/// The cells of a task, and what can be done about its end.
fn hint(task: &TaskStatus, text: &str) -> String {
    let mut lines = vec![text.to_owned()];
    if let TaskState::Ended(ended) = &task.state {
        lines.extend(ended.remedy().map(str::to_owned));
    }
    if task.restarts > 0 {
        lines.push(crate::format::count(
            task.restarts as usize,
            "new try",
            "new tries",
        ));
    }
    lines.extend(task.cells.iter().take(8).cloned());
    lines.join("\n")
}

fn buttons_ui(
    ui: &mut egui::Ui,
    jobs: &SlurmJobs,
    has_failed: bool,
    local: &SlurmLocal,
    out: &mut Vec<Command>,
) -> bool {
    let mut is_open = true;
    dialog_buttons(ui, |ui| {
        let was_submitted = jobs.tasks.as_ref().is_some_and(|tasks| !tasks.is_empty());
        let (words, tooltip) = match was_submitted {
            true => (
                "Submit what is unfinished",
                "Submit the cells that are not done, and are in no task that waits or runs",
            ),
            false => (
                "Submit",
                "Hand the script to Slurm; the window can be closed then",
            ),
        };
        let able = !jobs.is_working && !matches!(jobs.script, Some(Err(_)));
        let submit = |again| {
            Command::Sweep(SweepAction::Slurm(SlurmAction::Submit {
                options: Box::new(local.options()),
                again,
            }))
        };
        if primary_button(ui, words, able, egui::Vec2::ZERO)
            .on_hover_text(tooltip)
            .clicked()
        {
            out.push(submit(false));
        }
        if has_failed
            && ui
                .add_enabled(able, egui::Button::new("Also what failed"))
                .on_hover_text("Submit what is unfinished, and what has failed once more")
                .clicked()
        {
            out.push(submit(true));
        }
        if ui
            .button("Close")
            .on_hover_text("Close the dialog (Esc); tasks go on")
            .clicked()
        {
            is_open = false;
        }
        if jobs.is_working {
            ui.spinner();
        }
    });
    is_open
}
