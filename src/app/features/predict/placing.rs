//! The dialog that copies or links pictures into a folder for each class: what would be done first, then doing it, and taking
//! it back. Files are touched on a thread of its own.

use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use eframe::egui;

use crate::app::core::background::Work;
use crate::app::core::command::Command;
use crate::app::core::prediction::{Chosen, PredictAction, PredictPurpose, predicting_run};
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind};
use crate::app::ui::names::shown_name;
use crate::app::ui::theme::{dialog, dialog_buttons, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::{Problem, StopFlag};
use crate::prediction::AnsweredPicture;
use crate::prediction::placement::{Placed, Placer, Plan, Undone, Way, learned_from, undo};
use crate::runs::files::problem;
use crate::worker::messages::Failure;
use crate::{format, shown};

/// Problems that the dialog names.
const NAMED: usize = 3;
/// Height of the list of folders, in points.
const LIST: f32 = 290.0;

/// What is planned: where, how, of which answers.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    root: PathBuf,
    way: Way,
    chosen: Chosen,
}

/// How far it is.
#[derive(Debug, Clone, Default)]
enum Stage {
    #[default]
    Closed,
    Planning,
    /// Shown, and not agreed to yet.
    Planned(PlanView),
    Working {
        total: usize,
    },
    Done(PathBuf, Placed),
    TakingBack,
    Failed(String),
}

/// The plan as plain data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanView {
    /// Pictures that are to be placed.
    pub steps: usize,
    pub stays: usize,
    /// Those of the steps that stand elsewhere now, as they were placed before.
    pub moves: usize,
    pub unplaceable: Vec<Problem>,
    /// What each folder holds afterwards of these pictures.
    pub counts: Vec<(String, usize)>,
}

impl PlanView {
    fn new(plan: &Plan) -> Self {
        let moves = plan.steps.iter().filter(|step| step.replaces.is_some());
        Self {
            steps: plan.steps.len(),
            stays: plan.stays,
            moves: moves.count(),
            unplaceable: plan.unplaceable.clone(),
            counts: plan.counts.clone(),
        }
    }
}

/// What has been asked for, and the dialog.
#[derive(Default)]
pub struct Placing {
    wanted: Option<Wanted>,
    stage: Stage,
    /// The stage that was drawn last.
    drawn: Option<Discriminant<Stage>>,
    planning: Request<Wanted, (Placer, Plan)>,
    /// The plan that is shown, and who carries it out.
    planned: Option<(Placer, Plan)>,
    working: Request<PathBuf, Placed>,
    taking_back: Request<PathBuf, Undone>,
    stop: StopFlag,
    done: Arc<AtomicUsize>,
}

impl Placing {
    /// Whether the dialog is in front.
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Closed)
    }

    /// Whether files are being touched: closing the window waits for it.
    pub fn is_working(&self) -> bool {
        self.working.is_pending() || self.taking_back.is_pending()
    }

    /// Works out what would be done, and shows it.
    pub fn plan(
        &mut self,
        session: &mut Session,
        chosen: Chosen,
        root: PathBuf,
        ctx: &egui::Context,
    ) {
        if self.is_working() {
            return;
        }
        session.note_folder(&root);
        let way = self.wanted.as_ref().map_or(Way::Copy, |wanted| wanted.way);
        self.plan_wanted(session, Wanted { root, way, chosen }, ctx);
    }

    fn plan_wanted(&mut self, session: &Session, wanted: Wanted, ctx: &egui::Context) {
        let prediction = &session.state.prediction;
        let answers: Vec<Arc<AnsweredPicture>> = prediction.chosen(&wanted.chosen);
        let classes = prediction.classes.clone();
        let watched = prediction.watched.iter().map(|watched| &watched.folder);
        let read: Vec<PathBuf> = prediction.given.iter().chain(watched).cloned().collect();
        let run = predicting_run(&session.state).and_then(|run| run.folder.clone());
        self.stage = Stage::Planning;
        self.wanted = Some(wanted.clone());
        let ctx = ctx.clone();
        self.planning.start(
            "graft-plan",
            wanted.clone(),
            move || ctx.request_repaint(),
            move || {
                let root = wanted.root.as_path();
                if let Some(pictures) = run.and_then(|run| learned_from(root, &run)) {
                    let reason = format!(
                        "it lies below the pictures that the run learned from, {}, and what is placed here would be taken for \
                         more of them: choose a folder elsewhere",
                        pictures.display()
                    );
                    return Err(problem(root, reason).into());
                }
                let placer = Placer::open(root, wanted.way, &classes, &read)?;
                let plan = placer
                    .plan((answers.iter()).map(|answer| (&answer.picture, answer.assigned())));
                Ok((placer, plan))
            },
        );
    }

    /// Does what is shown.
    pub fn place(&mut self, ctx: &egui::Context) {
        let Stage::Planned(view) = &self.stage else {
            return;
        };
        let planned = self.planned.take();
        let (Some((mut placer, plan)), Some(wanted)) = (planned, &self.wanted) else {
            return;
        };
        let root = wanted.root.clone();
        self.stop = StopFlag::default();
        self.done.store(0, Ordering::Relaxed);
        let (stop, done) = (self.stop.clone(), self.done.clone());
        let total = view.steps;
        self.stage = Stage::Working { total };
        let ctx = ctx.clone();
        let notify = ctx.clone();
        self.working.start(
            "graft-placing",
            root,
            move || notify.request_repaint(),
            move || {
                let mut progress = |number| {
                    done.store(number, Ordering::Relaxed);
                    ctx.request_repaint();
                };
                Ok(placer.carry_out(&plan, &stop, &mut progress)?)
            },
        );
    }

    /// Ends the placing, or the taking back.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// Removes what was placed in the folder, as far as it stands there as it was placed.
    pub fn take_back(&mut self, session: &Session, ctx: &egui::Context) {
        let Some(root) = session.state.prediction.placed_in.clone() else {
            return;
        };
        if self.is_working() {
            return;
        }
        self.stage = Stage::TakingBack;
        self.stop = StopFlag::default();
        let stop = self.stop.clone();
        let ctx = ctx.clone();
        self.taking_back.start(
            "graft-placing",
            root.clone(),
            move || ctx.request_repaint(),
            move || Ok(undo(&root, &stop)?),
        );
    }

    /// Takes what has been done since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session) {
        match self.planning.poll() {
            // Closed meanwhile.
            Some(_) if !matches!(self.stage, Stage::Planning) => {}
            Some(Ok((placer, plan))) => {
                self.stage = Stage::Planned(PlanView::new(&plan));
                self.planned = Some((placer, plan));
            }
            Some(Err(failure)) => self.stage = failed(&failure),
            None => {}
        }
        if let (Some(outcome), Some(root)) = (self.working.poll(), self.working.key()) {
            // Also what failed may have placed some.
            session.state.prediction.placed_in = Some(root.clone());
            self.stage = match outcome {
                Ok(placed) => {
                    let text = format!("{} in {}", placed_text(&placed), shown::path(root));
                    session.log(NoticeKind::Info, format!("by class: {text}"));
                    Stage::Done(root.clone(), placed)
                }
                Err(failure) => failed(&failure),
            };
        }
        if let (Some(outcome), Some(root)) = (self.taking_back.poll(), self.taking_back.key()) {
            self.stage = match outcome {
                Ok(undone) => {
                    if !undone.is_stopped {
                        session.state.prediction.placed_in = None;
                    }
                    session.has_gone(&Cause::Placing);
                    let text = format!("{} in {}", undone_text(&undone), shown::path(root));
                    let title = "What was placed is taken back".to_owned();
                    session.notice_about(NoticeKind::Info, Some(Cause::Placing), title, text);
                    Stage::Closed
                }
                Err(failure) => failed(&failure),
            };
        }
    }

    /// What is done now, for the foot of the window.
    pub fn work(&self) -> Option<Work> {
        match self.stage {
            Stage::Working { total } => {
                let done = self.done.load(Ordering::Relaxed);
                let work = Work::new("Placing pictures by class").at(done, total);
                Some(work.stopped_by(Command::Predict(PredictAction::StopPlacing)))
            }
            Stage::TakingBack => Some(Work::new("Taking back what was placed")),
            _ => None,
        }
    }

    /// Draws the dialog while it is open.
    pub fn ui(&mut self, session: &Session, ctx: &egui::Context, out: &mut Vec<Command>) {
        if !self.is_open() {
            return;
        }
        let Some(wanted) = self.wanted.clone().or_else(|| {
            // Taken back from the view.
            let root = session.state.prediction.placed_in.clone()?;
            Some(Wanted {
                root,
                way: Way::Copy,
                chosen: None,
            })
        }) else {
            self.stage = Stage::Closed;
            return;
        };
        let mut way = wanted.way;
        let stage = discriminant(&self.stage);
        // In another size, the dialog finds the middle in a second frame.
        if self.drawn.replace(stage) != Some(stage) {
            ctx.request_repaint();
        }
        let done = self.done.load(Ordering::Relaxed);
        let title = "Copy or link by class";
        let (is_open, is_closed) = dialog(ctx, "placing", title, 460.0, |ui| {
            content_ui(ui, &self.stage, &wanted, &mut way, done, out)
        });
        let is_closed = is_closed || !is_open;
        if is_closed && !self.is_working() {
            self.stage = Stage::Closed;
            self.planned = None;
        } else if way != wanted.way {
            self.plan_wanted(session, Wanted { way, ..wanted }, ctx);
        }
    }
}

fn failed(failure: &Failure) -> Stage {
    let crashed = "an error inside Graft ended it; what was placed before stands in the folder";
    Stage::Failed(failure.text(crashed))
}

/// Asks for another folder for the same pictures.
fn another(wanted: &Wanted) -> PredictAction {
    PredictAction::Dialog(PredictPurpose::Place(wanted.chosen.clone()))
}

fn placed_text(placed: &Placed) -> String {
    let pictures = format::count(placed.placed, "picture", "pictures");
    let mut text = format!("{pictures} placed");
    if !placed.failed.is_empty() {
        let failed = format::count(placed.failed.len(), "picture", "pictures");
        text = format!("{text}, {failed} not");
    }
    if placed.is_stopped {
        text = format!("{text}; stopped");
    }
    text
}

fn undone_text(undone: &Undone) -> String {
    let removed = format::count(undone.removed, "picture", "pictures");
    let mut text = format!("{removed} removed");
    if !undone.changed.is_empty() {
        let changed = format::count(undone.changed.len(), "file that was", "files that were");
        text = format!("{text}; {changed} changed since then stay");
    }
    text
}

/// Whether the dialog stays open.
fn content_ui(
    ui: &mut egui::Ui,
    stage: &Stage,
    wanted: &Wanted,
    way: &mut Way,
    done: usize,
    out: &mut Vec<Command>,
) -> bool {
    let send = |out: &mut Vec<Command>, action| out.push(Command::Predict(action));
    match stage {
        Stage::Closed => false,
        Stage::Planning => {
            root_ui(ui, &wanted.root);
            way_ui(ui, way);
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(tokens(ui).muted("Looking at the folder"));
            });
            true
        }
        Stage::Planned(plan) => {
            root_ui(ui, &wanted.root);
            way_ui(ui, way);
            plan_ui(ui, plan);
            let mut is_open = true;
            dialog_buttons(ui, |ui| {
                let verb = match wanted.way {
                    Way::Copy => "Copy",
                    Way::Link => "Link",
                };
                let pictures = format::count(plan.steps, "picture", "pictures");
                let text = format!("{verb} {pictures}");
                if primary_button(ui, &text, plan.steps > 0, egui::Vec2::ZERO)
                    .on_disabled_hover_text("Every picture stands where it belongs")
                    .clicked()
                {
                    send(out, PredictAction::Place);
                }
                if ui.button("Cancel").clicked() {
                    is_open = false;
                }
                let other = ui.button("Another folder…");
                if other
                    .on_hover_text("Choose another folder for the classes")
                    .clicked()
                {
                    send(out, another(wanted));
                    is_open = false;
                }
            });
            is_open
        }
        Stage::Working { total } => {
            root_ui(ui, &wanted.root);
            let share = done as f32 / (*total).max(1) as f32;
            let text = format!(
                "{} of {}",
                format::thousands(done as u64),
                format::count(*total, "picture", "pictures")
            );
            ui.label(tokens(ui).muted(text));
            widgets::bar(ui, share, tokens(ui).accent_fill, "Pictures placed");
            ui.add_space(tokens::SPACE_M);
            dialog_buttons(ui, |ui| {
                let stop = ui.button(format!("{} Stop", icon::STOP));
                if stop
                    .accessible_name("Stop placing")
                    .on_hover_text("Stop; what is placed can be taken back")
                    .clicked()
                {
                    send(out, PredictAction::StopPlacing);
                }
            });
            true
        }
        Stage::Done(root, placed) => done_ui(ui, root, placed, out),
        Stage::TakingBack => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(tokens(ui).muted("Removing what was placed and is as it was placed"));
            });
            true
        }
        Stage::Failed(reason) => {
            widgets::problem(ui, Some(reason));
            ui.add_space(tokens::SPACE_M);
            let mut is_open = true;
            dialog_buttons(ui, |ui| {
                let other = primary_button(ui, "Another folder…", true, egui::Vec2::ZERO);
                if other.clicked() {
                    send(out, another(wanted));
                    is_open = false;
                }
                if ui.button("Close").clicked() {
                    is_open = false;
                }
            });
            is_open
        }
    }
}

fn root_ui(ui: &mut egui::Ui, root: &Path) {
    let text = shown::line(&shown::path(root)).into_owned();
    ui.add(egui::Label::new(tokens::medium(&text)).truncate())
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

/// What would be done, folder by folder.
fn plan_ui(ui: &mut egui::Ui, plan: &PlanView) {
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
    let mut notes = Vec::new();
    if plan.stays > 0 {
        let stay = format::count(plan.stays, "picture stands", "pictures stand");
        notes.push(format!("{stay} there already."));
    }
    if plan.moves > 0 {
        let moves = format::count(plan.moves, "picture has", "pictures have");
        notes.push(format!(
            "{moves} another answer than when it was placed here: what was placed is taken from its former folder."
        ));
    }
    notes.push("The originals stay as they are; nothing of yours is replaced. Undo removes exactly what is placed.".into());
    for note in notes {
        widgets::note(ui, &note);
    }
    problems_ui(ui, &plan.unplaceable);
    ui.add_space(tokens::SPACE_M);
}

fn problems_ui(ui: &mut egui::Ui, problems: &[Problem]) {
    for problem in problems.iter().take(NAMED) {
        let path = shown::path(&problem.path);
        let text = format!("{} {}", shown::line(&path), problem.reason);
        widgets::problem(ui, Some(&text));
    }
    if let Some(more) = problems.len().checked_sub(NAMED + 1) {
        let more = format::count(more + 1, "other picture", "other pictures");
        widgets::problem(ui, Some(&format!("{more} can't be placed either")));
    }
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
            .accessible_name("Undo the placing")
            .on_hover_text("Remove what was placed, as far as it stands as it was placed")
            .clicked()
        {
            out.push(Command::Predict(PredictAction::TakeBack));
        }
    });
    is_open
}
