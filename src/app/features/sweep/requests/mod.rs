//! What the view of a sweep asks of other threads, and what a person asks of it.

mod document;
mod slurm;
mod training;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::request::{Request, RequestStep};
use crate::app::core::session::Session;
use crate::app::core::sweep::OpenSweep;
use crate::sweep::Sweep;
use crate::worker::messages::{
    Failure, PlanAnswer, PlanInput, Question, SlurmOptions, SlurmQuestion, SweepAnswer,
    SweepQuestion, SweepStatus,
};
use slurm::ask_slurm;

/// What a person is still changing is not planned.
const REST: Duration = Duration::from_millis(250);
/// How often the cells' folders are looked at while the view is shown, and while it is not and this window trains.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
const LOOK_BEHIND: Duration = Duration::from_secs(6);
/// The view says every frame that it is shown; frames may be this far apart.
const SHOWN: Duration = Duration::from_secs(3);
/// How often Slurm is asked how tasks stand: it serves a whole site.
const ASK_SLURM: Duration = Duration::from_secs(20);

/// What has been asked.
pub struct SweepRequests {
    planning: Request<PlanInput, Box<PlanAnswer>>,
    opening: Request<PathBuf, Box<Sweep>>,
    /// When the answer came that said last how the cells stand, and whether one is waited for.
    looked: Option<Instant>,
    is_looking: bool,
    /// When the view was shown last.
    shown: Option<Instant>,
    exporting: Request<PathBuf, usize>,
    /// The script that was asked for last.
    previewed: Option<SlurmOptions>,
    slurm_asked: Option<Instant>,
    /// What goes on as soon as the sweep has a file.
    pub after_saving: Option<AfterSaving>,
    /// Whether the dialog of Slurm is open.
    pub slurm_is_open: bool,
}

/// What was asked of a sweep that stood in no file.
#[derive(Debug, Clone, PartialEq)]
pub enum AfterSaving {
    Start { again: bool },
    Slurm,
}

impl Default for SweepRequests {
    fn default() -> Self {
        Self {
            planning: Request::resting(REST),
            opening: Request::default(),
            looked: None,
            is_looking: false,
            shown: None,
            exporting: Request::default(),
            previewed: None,
            slurm_asked: None,
            after_saving: None,
            slurm_is_open: false,
        }
    }
}

impl SweepRequests {
    /// The view is shown in this frame.
    pub fn view_is_shown(&mut self) {
        self.shown = Some(Instant::now());
    }

    /// Asks for what the open sweep lacks.
    pub fn follow(&mut self, session: &mut Session, ctx: &egui::Context) {
        let Some(open) = &mut session.state.sweep.open else {
            return;
        };
        let now = Instant::now();
        let came_back = ctx.input(|input| input.events.contains(&egui::Event::WindowFocused(true)));
        if came_back {
            // The base may have been edited meanwhile.
            self.planning.forget();
        }
        let input = plan_input(open);
        open.planned.is_pending = self.planning.is_pending() || self.planning.key() != Some(&input);
        match self.planning.next_step(&input, now) {
            RequestStep::Ask => {
                let ticket = self.planning.ask(input.clone());
                let input = Box::new(input);
                session.ask(Question::Sweep(SweepQuestion::Plan { ticket, input }));
            }
            RequestStep::Rest(left) => ctx.request_repaint_after(left),
            RequestStep::Wait => {}
        }
        self.follow_status(session, ctx, now);
    }

    /// Looks at the folders now and then while somebody looks at the view, or this window trains.
    fn follow_status(&mut self, session: &mut Session, ctx: &egui::Context, now: Instant) {
        let Some(open) = &session.state.sweep.open else {
            return;
        };
        let is_shown = self
            .shown
            .is_some_and(|shown| now.duration_since(shown) < SHOWN);
        if !is_shown && !open.training.is_live() {
            return;
        }
        let pause = if is_shown { LOOK_AGAIN } else { LOOK_BEHIND };
        ctx.request_repaint_after(pause);
        let is_time = self
            .looked
            .is_none_or(|looked| now.duration_since(looked) >= pause);
        let is_new = open.current_status().is_none();
        let Some(plan) = open.planned.plan.clone() else {
            return;
        };
        let out = open.out(&session.state.runs_folder);
        if !self.is_looking && (is_time || is_new) {
            self.is_looking = true;
            self.looked = Some(now);
            let out = out.clone();
            session.ask(Question::Sweep(SweepQuestion::Status { plan, out }));
        }
        let is_time = self
            .slurm_asked
            .is_none_or(|asked| now.duration_since(asked) >= ASK_SLURM);
        if session.state.sweep.has_slurm == Some(true) && is_time {
            self.slurm_asked = Some(now);
            ask_slurm(session, SlurmQuestion::Tasks { out });
        }
    }

    /// Takes what the threads say.
    pub fn answer(&mut self, session: &mut Session, answer: SweepAnswer) {
        match answer {
            SweepAnswer::Opened { path, result } => self.opened(session, &path, result),
            SweepAnswer::Planned { ticket, result } => self.planned(session, ticket, result),
            SweepAnswer::Status { out, result } => self.looked_at(session, &out, result),
            SweepAnswer::TrainingEnded(result) => self.training_ended(session, result),
            SweepAnswer::Tested(result) => self.tested(session, result),
            SweepAnswer::Slurm(answer) => self.slurm_answered(session, answer),
        }
    }

    fn planned(
        &mut self,
        session: &mut Session,
        ticket: u64,
        result: Result<Box<PlanAnswer>, Failure>,
    ) {
        let is_last = ticket == self.planning.number();
        let outcome = self.planning.answer(|_| is_last, result);
        with_open(session, |open| match outcome {
            Some(Ok(answer)) => open.planned.take(*answer),
            Some(Err(failure)) => {
                open.planned.is_pending = false;
                open.planned.problem = Some(failure.to_string());
            }
            None => {}
        });
    }

    fn looked_at(
        &mut self,
        session: &mut Session,
        folder: &Path,
        result: Result<Arc<SweepStatus>, Failure>,
    ) {
        self.is_looking = false;
        let is_current = out(session).as_deref() == Some(folder);
        with_open(session, |open| match result {
            Ok(status) if is_current => {
                open.unread = None;
                // What says the same keeps what was made of it.
                if open.status.as_deref() != Some(&*status) {
                    open.status = Some(status);
                }
            }
            Err(failure) if is_current && failure != Failure::Stopped => {
                open.unread = Some(failure.to_string());
            }
            _ => {}
        });
    }
}

fn with_open(session: &mut Session, change: impl FnOnce(&mut OpenSweep)) {
    if let Some(open) = &mut session.state.sweep.open {
        change(open);
    }
}

/// The folder of the open sweep's runs.
fn out(session: &Session) -> Option<PathBuf> {
    let open = session.state.sweep.open.as_ref()?;
    Some(open.out(&session.state.runs_folder))
}

fn plan_input(open: &OpenSweep) -> PlanInput {
    let draft = &open.document.draft;
    PlanInput {
        sweep: draft.sweep.clone(),
        file: open.document.file.clone(),
        base: (draft.base.as_ref()).map(|base| (base.experiment.clone(), base.folder.clone())),
        data: open.places.data.clone(),
    }
}
