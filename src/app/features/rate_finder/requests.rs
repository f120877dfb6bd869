//! A range test on a thread of its own. The command line's is the same function.

use std::sync::Arc;

use eframe::egui;

use super::{RateFinderView, RateStage, modal_ui};
use crate::app::core::background::Work;
use crate::app::core::command::Command;
use crate::app::core::job::{Job, JobListener};
use crate::app::core::rate_finder::RateAction;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, Document, DocumentId, NoticeKind, Scan, State, Tree};
use crate::experiment::Experiment;
use crate::format;
use crate::models::device;
use crate::report::RateReport;
use crate::training::events::{Activity, Progress};
use crate::training::rate_finder::{STEPS, why_not};
use crate::training::{TrainingRequest, find_rate};
use crate::worker::messages::Failure;

/// The dialog, and what is tested at the moment.
#[derive(Default)]
pub struct RateFinder {
    pub open: bool,
    /// What the dialog is about.
    asked: Option<(DocumentId, usize)>,
    job: Job<Found>,
    /// What is tested, or was tested last, and as what.
    tested: Option<(DocumentId, usize, Box<Experiment>)>,
    stage: RateStage,
}

#[derive(Debug)]
struct Found {
    report: RateReport,
    warnings: Vec<String>,
}

impl RateFinder {
    pub fn carry_out(&mut self, session: &mut Session, action: RateAction, ctx: &egui::Context) {
        match action {
            RateAction::Open(document, phase) => self.open(document, phase),
            RateAction::Start => self.start(session, ctx),
            RateAction::Stop => self.job.stop(),
            RateAction::Use => self.take(session),
        }
    }

    /// Shows what is under way where something is: one phase at a time is tested.
    fn open(&mut self, document: DocumentId, phase: usize) {
        self.open = true;
        if self.job.is_working() {
            return;
        }
        let is_tested =
            |(of, index, _): &(DocumentId, usize, _)| (*of, *index) == (document, phase);
        if !self.tested.as_ref().is_some_and(is_tested) {
            self.stage = RateStage::Before;
            self.tested = None;
        }
        self.asked = Some((document, phase));
    }

    pub fn ui(&mut self, session: &Session, ctx: &egui::Context, out: &mut Vec<Command>) {
        if !self.open {
            return;
        }
        match self.view(&session.state) {
            Some(view) => self.open = modal_ui(ctx, &view, out),
            // Its experiment was closed, or the phase was removed.
            None => self.open = false,
        }
    }

    fn view(&self, state: &State) -> Option<RateFinderView> {
        let (id, index) = self.asked?;
        let position = state.position(id)?;
        let document = state.documents.get(position)?;
        let phase = document.experiment.phases.get(index)?;
        let stage = match self.job.doing() {
            Some(doing) => RateStage::Working(doing),
            None => self.stage.clone(),
        };
        let before = document.experiment.phases.iter().take(index);
        Some(RateFinderView {
            phase: match phase.name.trim() {
                "" => format!("Phase {}", index + 1),
                name => format!("Phase {}, {name}", index + 1),
            },
            epochs_before: before.map(|phase| phase.epochs).sum(),
            obstacle: obstacle(state, document, position == state.active, index),
            stage,
            is_outdated: (self.tested.as_ref()).is_some_and(|(_, index, tested)| {
                !is_same_but_for_rate(tested, &document.experiment, *index)
            }),
        })
    }

    fn start(&mut self, session: &mut Session, ctx: &egui::Context) {
        let Some((id, index)) = self.asked else {
            return;
        };
        let state = &session.state;
        let document = state.position(id).and_then(|at| state.documents.get(at));
        let (Some(document), false) = (document, self.job.is_working()) else {
            return;
        };
        let is_active = session.active_id() == Some(id);
        if obstacle(state, document, is_active, index).is_some() {
            return;
        }
        let Scan::Done { dataset, split, .. } = &state.scan else {
            return;
        };
        let device = state.device.clone();
        let experiment = document.experiment.clone();
        let train_pictures = split.train.len();
        let split = split.as_ref().clone();
        let mut request = TrainingRequest {
            base: document.base(),
            withholds_test: true,
            ..TrainingRequest::new(experiment.clone(), dataset.clone(), split)
        };
        self.tested = Some((id, index, Box::new(experiment.clone())));
        self.stage = RateStage::Before;
        let ctx = ctx.clone();
        let notify = move || ctx.request_repaint();
        self.job
            .start("graft-find-rate", notify, move |told, stop| {
                request.stop = stop;
                let device = device.as_deref().map(device::parse).transpose();
                request.device = device.map_err(Failure::failed)?;
                let before = experiment.phases.iter().take(index);
                let words = Words {
                    phase: index,
                    epochs_before: before.map(|phase| phase.epochs).sum(),
                    steps_per_epoch: experiment.training.steps_per_epoch(train_pictures),
                };
                let mut listener = JobListener {
                    told,
                    text: |progress: &Progress| words.of(progress),
                    warnings: Vec::new(),
                };
                let curve = find_rate(request, index, &mut listener)?;
                Ok(Found {
                    report: RateReport::new(&experiment, index, train_pictures, curve),
                    warnings: listener.warnings,
                })
            });
    }

    /// Sets the rate of the phase that was tested: one step of undo.
    fn take(&mut self, session: &mut Session) {
        let (Some((id, index, _)), RateStage::Found { report, .. }) = (&self.tested, &self.stage)
        else {
            return;
        };
        let Some(rate) = report.rate_to_take() else {
            return;
        };
        let index = *index;
        session.with_document(*id, |document| {
            let mut experiment = document.experiment.clone();
            if let Some(phase) = experiment.phases.get_mut(index) {
                phase.learning_rate = rate;
                document.edit(experiment, "");
            }
        });
    }

    pub fn is_working(&self) -> bool {
        self.job.is_working()
    }

    pub fn stop(&mut self) {
        self.job.stop();
    }

    /// What is tested now, for the foot of the window.
    pub fn work(&self) -> Option<Work> {
        let doing = self.job.doing()?;
        let work = Work::new("Finding a learning rate").at(doing.done, doing.total);
        Some(work.stopped_by(Command::Rates(RateAction::Stop)))
    }

    /// Takes what has happened since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session) {
        let Some(outcome) = self.job.poll() else {
            return;
        };
        self.stage = match outcome {
            Ok(found) => {
                session.has_gone(&Cause::RateFinder);
                session.log(NoticeKind::Info, found.report.answer());
                if !self.open {
                    let title = "A learning rate is found";
                    session.notice(NoticeKind::Info, title, found.report.answer());
                }
                RateStage::Found {
                    report: Arc::new(found.report),
                    warnings: found.warnings,
                }
            }
            Err(Failure::Stopped) => RateStage::Stopped,
            Err(failure) => {
                let reason = failure.text("it ended early; the experiment is untouched");
                if !self.open {
                    let title = "No learning rate is found";
                    session.error_about(Cause::RateFinder, title, reason.clone());
                }
                RateStage::Failed(reason)
            }
        };
    }
}

/// Words and numbers for what the training says of its progress.
#[derive(Clone, Copy)]
struct Words {
    phase: usize,
    epochs_before: u32,
    steps_per_epoch: usize,
}

impl Words {
    fn of(self, progress: &Progress) -> (String, usize, usize) {
        let text = match progress.activity {
            Activity::Training if progress.phase == self.phase => {
                let epochs = progress.epoch.saturating_sub(self.epochs_before + 1) as usize;
                let share = progress.done as f64 / progress.total.max(1) as f64;
                let step = (epochs as f64 + share) * self.steps_per_epoch as f64;
                let step = (step.round() as usize).min(STEPS);
                return (format!("Step {step} of {STEPS} at most"), step, STEPS);
            }
            Activity::Training | Activity::Validating | Activity::Testing => format!(
                "Training what comes before: epoch {} of {}",
                progress.epoch, self.epochs_before
            ),
            Activity::DownloadingWeights => "Downloading weights".into(),
            Activity::CheckingPictures => "Checking pictures".into(),
            Activity::ReadingPictures => "Reading pictures".into(),
            Activity::ComputingFeatures => "Computing features".into(),
        };
        (text, progress.done, progress.total)
    }
}

/// Why no rate can be found for a phase now.
fn obstacle(state: &State, document: &Document, is_active: bool, index: usize) -> Option<String> {
    let phase = document.experiment.phases.get(index)?;
    if state.is_training() {
        return Some("A run trains: both would take twice as long. Wait for its end.".into());
    }
    if !is_active {
        return Some("Another experiment is in front: go back to this one first.".into());
    }
    match &state.scan {
        Scan::Done { split, .. } if split.train.is_empty() => {
            return Some("There are no training pictures: lower the shares of the split.".into());
        }
        Scan::Done { .. } => {}
        Scan::Running { .. } => {
            return Some("The pictures are being looked through: wait a moment.".into());
        }
        Scan::None | Scan::Failed(_) => return Some("Open pictures first.".into()),
    }
    if !document.problems.is_empty() {
        let fields = format::count(document.problems.len(), "field is", "fields are");
        return Some(format!(
            "{fields} out of range, marked in red at the left: mend that first."
        ));
    }
    match &state.tree {
        // What can't be told now is told when it begins.
        Tree::Ready(tree) => why_not(phase, tree).ok().flatten(),
        _ => None,
    }
}

/// Whether a rate that was found for `tested` is one for `now`.
fn is_same_but_for_rate(tested: &Experiment, now: &Experiment, index: usize) -> bool {
    let mut now = now.clone();
    let rate = tested.phases.get(index).map(|phase| phase.learning_rate);
    if let (Some(phase), Some(rate)) = (now.phases.get_mut(index), rate) {
        phase.learning_rate = rate;
    }
    now.name.clone_from(&tested.name);
    now.notes.clone_from(&tested.notes);
    now == *tested
}
