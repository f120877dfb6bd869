//! Copying pictures, or links to them, into a folder for each class: what would be done first, then doing it, and undoing it.
//! Files are touched on a thread of its own.

mod dialog;
mod words;

use std::mem::{Discriminant, discriminant};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use eframe::egui;

use self::words::{placed_text, undone_text};
use crate::app::core::background::Work;
use crate::app::core::command::Command;
use crate::app::core::prediction::{Chosen, PredictAction, PredictPurpose, predicting_run};
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind};
use crate::app::ui::theme::dialog;
use crate::data::{Problem, StopFlag};
use crate::prediction::placement::{
    Placed, Placer, Plan, Undone, Way, learned_from, undo, undoable,
};
use crate::prediction::{AnsweredPicture, Assigned};
use crate::runs::files::problem;
use crate::shown;
use crate::worker::messages::Failure;

/// What is planned: where, how, of which answers.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    root: PathBuf,
    way: Way,
    chosen: Chosen,
    /// Whether unsure pictures come into the folder of the undecided ones.
    holds_back: bool,
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
    TakingBack(PathBuf),
    Failed(String),
}

/// The plan as plain data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanView {
    /// Pictures that are to be copied or linked.
    pub steps: usize,
    pub stays: usize,
    /// Those of the steps that stand elsewhere now, as they were placed before.
    pub moves: usize,
    pub unplaceable: Vec<Problem>,
    /// What each folder holds afterwards of these pictures.
    pub counts: Vec<(String, usize)>,
    /// Pictures whose class is unsure.
    pub unsure: usize,
    /// Pictures that stand in the folder as they were copied before, and can be taken out of it.
    pub earlier: usize,
}

impl PlanView {
    fn new(plan: &Plan, unsure: usize, earlier: usize) -> Self {
        let moves = plan.steps.iter().filter(|step| step.replaces.is_some());
        Self {
            steps: plan.steps.len(),
            stays: plan.stays,
            moves: moves.count(),
            unplaceable: plan.unplaceable.clone(),
            counts: plan.counts.clone(),
            unsure,
            earlier,
        }
    }
}

/// A plan, who carries it out, and how it is shown.
type Planned = (Placer, Plan, PlanView);

/// What has been asked for, and the dialog.
#[derive(Default)]
pub struct Placing {
    wanted: Option<Wanted>,
    stage: Stage,
    /// The stage that was drawn last.
    drawn: Option<Discriminant<Stage>>,
    planning: Request<Wanted, Planned>,
    /// The plan that is shown, and who carries it out.
    planned: Option<(Placer, Plan)>,
    working: Request<PathBuf, Placed>,
    taking_back: Request<PathBuf, Undone>,
    stop: StopFlag,
    done: Arc<AtomicUsize>,
    /// How many are undone, once it is known; else 0.
    placed: Arc<AtomicUsize>,
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
        let earlier = self.wanted.as_ref();
        let wanted = Wanted {
            root,
            way: earlier.map_or(Way::Copy, |wanted| wanted.way),
            holds_back: earlier.is_some_and(|wanted| wanted.holds_back),
            chosen,
        };
        self.plan_wanted(session, wanted, ctx);
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
                        "it lies below the pictures that the run learned from ({}), and what is copied here would be taken for \
                         more of them: choose a folder elsewhere",
                        pictures.display()
                    );
                    return Err(problem(root, reason).into());
                }
                let placer = Placer::open(root, wanted.way, &classes, &read)?;
                let unsure = answers.iter().filter(|answer| answer.is_unsure()).count();
                let plan = placer.plan(answers.iter().map(|answer| {
                    let assigned = match wanted.holds_back && answer.is_unsure() {
                        true => Assigned::Undecided,
                        false => answer.assigned(),
                    };
                    (&answer.picture, assigned)
                }));
                let earlier = undoable(root).map_or(0, |undone| undone.removed);
                let view = PlanView::new(&plan, unsure, earlier);
                Ok((placer, plan, view))
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

    /// Ends copying, or undoing it, after the picture that is at hand. What stands is recorded.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// Removes what was copied into the folder, as far as it stands there as it was copied.
    pub fn take_back(&mut self, root: PathBuf, ctx: &egui::Context) {
        if self.is_working() {
            return;
        }
        self.planned = None;
        self.stage = Stage::TakingBack(root.clone());
        self.stop = StopFlag::default();
        self.done.store(0, Ordering::Relaxed);
        self.placed.store(0, Ordering::Relaxed);
        let (stop, done, placed) = (self.stop.clone(), self.done.clone(), self.placed.clone());
        let ctx = ctx.clone();
        let notify = ctx.clone();
        self.taking_back.start(
            "graft-placing",
            root.clone(),
            move || notify.request_repaint(),
            move || {
                let mut progress = |number, total| {
                    done.store(number, Ordering::Relaxed);
                    placed.store(total, Ordering::Relaxed);
                    ctx.request_repaint();
                };
                Ok(undo(&root, &stop, &mut progress)?)
            },
        );
    }

    /// Takes what has been done since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session) {
        match self.planning.poll() {
            // Closed meanwhile.
            Some(_) if !matches!(self.stage, Stage::Planning) => {}
            Some(Ok((placer, plan, view))) => {
                self.stage = Stage::Planned(view);
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
                    let text = format!("{}: {}", placed_text(&placed), shown::path(root));
                    session.log(NoticeKind::Info, format!("Copy by class: {text}"));
                    Stage::Done(root.clone(), placed)
                }
                Err(failure) => failed(&failure),
            };
        }
        if let (Some(outcome), Some(root)) = (self.taking_back.poll(), self.taking_back.key()) {
            self.stage = match outcome {
                Ok(undone) => {
                    let prediction = &mut session.state.prediction;
                    if !undone.is_stopped && prediction.placed_in.as_ref() == Some(root) {
                        prediction.placed_in = None;
                    }
                    session.has_gone(&Cause::Placing);
                    let text = format!("{}: {}", undone_text(&undone), shown::path(root));
                    let title = match undone.is_stopped {
                        true => "Copy by class is undone in part",
                        false => "Copy by class is undone",
                    };
                    let title = title.to_owned();
                    session.notice_about(NoticeKind::Info, Some(Cause::Placing), title, text);
                    Stage::Closed
                }
                Err(failure) => failed(&failure),
            };
        }
    }

    /// What is done now, for the foot of the window.
    pub fn work(&self) -> Option<Work> {
        let work = match self.stage {
            Stage::Working { total } => {
                let done = self.done.load(Ordering::Relaxed);
                Work::new("Copying by class").at(done, total)
            }
            Stage::TakingBack(_) => {
                let (done, total) = (
                    self.done.load(Ordering::Relaxed),
                    self.placed.load(Ordering::Relaxed),
                );
                Work::new("Undoing copy by class").at(done, total)
            }
            _ => return None,
        };
        Some(work.stopped_by(Command::Predict(PredictAction::StopPlacing)))
    }

    /// Draws the dialog while it is open.
    pub fn ui(&mut self, session: &Session, ctx: &egui::Context, out: &mut Vec<Command>) {
        if !self.is_open() {
            return;
        }
        let stage = discriminant(&self.stage);
        // In another size, the dialog finds the middle in a second frame.
        if self.drawn.replace(stage) != Some(stage) {
            ctx.request_repaint();
        }
        let mut wanted = self.wanted.clone();
        let done = [&self.done, &self.placed].map(|number| number.load(Ordering::Relaxed));
        let (is_open, is_closed) = dialog(ctx, "placing", "Copy by class", 460.0, |ui| {
            dialog::content_ui(ui, &self.stage, wanted.as_mut(), done, out)
        });
        let is_closed = is_closed || !is_open;
        if is_closed && !self.is_working() {
            self.stage = Stage::Closed;
            self.planned = None;
        } else if let Some(wanted) = wanted.filter(|wanted| Some(wanted) != self.wanted.as_ref()) {
            self.plan_wanted(session, wanted, ctx);
        }
    }
}

fn failed(failure: &Failure) -> Stage {
    let crashed = "an error inside Graft ended it; what was copied before stands in the folder";
    Stage::Failed(failure.text(crashed))
}

/// Asks for another folder for the same pictures.
fn another(chosen: Chosen) -> PredictAction {
    PredictAction::Dialog(PredictPurpose::Place(chosen))
}
