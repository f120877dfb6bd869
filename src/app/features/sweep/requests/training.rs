//! Processes that train a sweep and test its chosen setting, and what is written of it.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::{SweepRequests, out, with_open};
use crate::app::core::clock;
use crate::app::core::documents::unused_name;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, Document, NoticeKind};
use crate::app::core::sweep::{Testing, Training};
use crate::app::core::view_id::ViewId;
use crate::experiment::Experiment;
use crate::report::sweep::{SweepReport, write_sweep};
use crate::worker::messages::{Failure, ProcessEnd, Question, SweepProcess, SweepQuestion};

/// Characters in an experiment's name, at most.
const LONGEST_NAME: usize = 120;

impl SweepRequests {
    /// Trains what is missing, in a process of its own. False where the sweep must be given a file first.
    pub fn start(&mut self, session: &mut Session, again: bool) -> bool {
        let Some(is_saved) = self.saved(session) else {
            return false;
        };
        let Some(process) = process(session, again).filter(|_| is_saved) else {
            return true;
        };
        with_open(session, |open| {
            open.training = Training::Running {
                since: clock::now(),
            };
        });
        session.has_gone(&Cause::Sweep);
        session.ask(Question::Sweep(SweepQuestion::Train(process)));
        self.looked = None;
        true
    }

    /// Whether the sweep's file holds it, after writing what was changed; nothing where it has no file.
    pub(super) fn saved(&mut self, session: &mut Session) -> Option<bool> {
        let open = session.state.sweep.open.as_ref()?;
        open.document.file.as_ref()?;
        Some(!open.document.is_changed() || self.save(session))
    }

    pub fn stop(&mut self, session: &mut Session) {
        let out = out(session);
        let Some(open) = &mut session.state.sweep.open else {
            return;
        };
        if open.training.is_live() {
            open.training = Training::Stopping;
            session.ask(Question::Sweep(SweepQuestion::EndTraining { stay: false }));
        } else if let Some(out) = out {
            session.ask(Question::Sweep(SweepQuestion::StopElsewhere { out }));
            session.log(
                NoticeKind::Info,
                "asked everybody who trains cells of the sweep to stop",
            );
        }
    }

    /// Stops the training of a window that closes: the process saves and ends by itself.
    pub fn stop_for_good(&mut self, session: &mut Session) {
        self.stop(session);
        with_open(session, |open| open.training = Training::Idle);
    }

    /// Lets the training go on without the window.
    pub fn let_go(&self, session: &mut Session) {
        session.ask(Question::Sweep(SweepQuestion::EndTraining { stay: true }));
        with_open(session, |open| open.training = Training::Idle);
    }

    /// Opens the experiment of a cell as a new one.
    pub fn experiment_of_cell(&self, session: &mut Session, cell: usize) {
        let plan = session
            .state
            .sweep
            .open
            .as_ref()
            .and_then(|open| open.planned.plan.clone());
        let Some(plan) = plan else { return };
        let Some(cell) = plan.cells.get(cell) else {
            return;
        };
        let name = format!("{}: {}", plan.base.name, plan.setting_text(&cell.settings));
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let experiment = Experiment {
            name: unused_name(&name, &session.state.documents),
            ..cell.experiment.clone()
        };
        let title = format!("“{}” is an experiment of its own now", experiment.name);
        let text = "It has the setting and the seed of its cell, and is trained and tested like any other.";
        session.add(Document::new(experiment, None));
        session.notice(NoticeKind::Info, title, text);
        session.show_view(ViewId::DATA);
    }

    /// Looks at the test pictures for the setting of a cell, by its name.
    pub fn test(&mut self, session: &mut Session, cell: String) {
        let Some(true) = self.saved(session) else {
            return;
        };
        if let Some(process) = process(session, false) {
            with_open(session, |open| open.testing = Testing::Running);
            session.ask(Question::Sweep(SweepQuestion::Test { process, cell }));
        }
    }

    /// Writes tables, figures and the report on a thread of its own.
    pub fn export(&mut self, session: &mut Session, folder: PathBuf, ctx: &egui::Context) {
        let status = session
            .state
            .sweep
            .open
            .as_ref()
            .and_then(|open| open.current_status().cloned());
        let Some(status) = status.filter(|_| !self.exporting.is_pending()) else {
            return;
        };
        session.settings.last_figures = folder.parent().map(Path::to_path_buf);
        let ctx = ctx.clone();
        (self.exporting).start(
            "graft-sweep-export",
            folder.clone(),
            move || ctx.request_repaint(),
            move || {
                let report = SweepReport {
                    plan: &status.plan,
                    cells: &status.cells,
                    results: &status.results,
                };
                let written = write_sweep(&report, &folder).map_err(Failure::failed)?;
                Ok(written.files.len())
            },
        );
    }

    /// Whether files are being written: closing waits for them.
    pub fn is_writing(&self) -> bool {
        self.exporting.is_pending()
    }

    /// Takes what has been written since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session) {
        if let (Some(outcome), Some(folder)) = (self.exporting.poll(), self.exporting.key()) {
            session.exported("The sweep", outcome, folder);
        }
    }

    pub(super) fn training_ended(
        &mut self,
        session: &mut Session,
        result: Result<ProcessEnd, Failure>,
    ) {
        self.looked = None;
        let failed = match result {
            Ok(_) | Err(Failure::Stopped) => None,
            Err(failure) => {
                Some(failure.text("an error inside Graft ended it; what was trained is kept"))
            }
        };
        with_open(session, |open| {
            open.training = match &failed {
                None => Training::Idle,
                Some(reason) => Training::Failed(reason.clone()),
            };
        });
        match failed {
            None => session.log(NoticeKind::Info, "the sweep's process has ended"),
            Some(reason) => {
                session.error_about(Cause::Sweep, "The sweep has ended with an error", reason)
            }
        }
    }

    pub(super) fn tested(&mut self, session: &mut Session, result: Result<(), Failure>) {
        self.looked = None;
        let failed = match result {
            Ok(()) | Err(Failure::Stopped) => None,
            Err(failure) => Some(failure.text("an error inside Graft ended it")),
        };
        with_open(session, |open| {
            open.testing = match &failed {
                None => Testing::Idle,
                Some(reason) => Testing::Failed(reason.clone()),
            };
        });
        if let Some(reason) = failed {
            session.error_about(Cause::Sweep, "The chosen setting is not tested", reason);
        }
    }
}

/// What works on the open sweep; nothing while it has no file.
pub(super) fn process(session: &Session, again: bool) -> Option<SweepProcess> {
    let open = session.state.sweep.open.as_ref()?;
    Some(SweepProcess {
        file: open.document.file.clone()?,
        data: open.places.data.clone(),
        out: open.out(&session.state.runs_folder),
        device: session.state.device.clone(),
        all_cards: open.places.all_cards,
        again,
    })
}
