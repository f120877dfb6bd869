//! The runs of this session, of earlier ones and of other processes: listed, opened, taken up again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind, RecordState, RunRecord};
use crate::app::core::view_id::ViewId;
use crate::experiment::preset;
use crate::runs::{RunState, RunSummary, StoredRun};
use crate::worker::messages::{Failure, Question, StartRun, TrainingCommand};

/// How often a run that trains elsewhere is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What was asked about runs.
#[derive(Default)]
pub struct RunRequests {
    /// Folders whose runs are read or being read.
    pub(super) opened: BTreeSet<PathBuf>,
    /// When the runs were listed last because of those that train elsewhere.
    listed: Option<Instant>,
}

/// A run of an earlier session or another process, by what its folder says.
pub(super) fn recorded_state(state: &RunState) -> RecordState {
    match state {
        RunState::Running => RecordState::Elsewhere,
        RunState::Interrupted => RecordState::Interrupted,
        RunState::Finished => RecordState::Finished,
        RunState::Stopped => RecordState::Stopped,
        RunState::Failed(reason) => RecordState::Failed(reason.clone()),
    }
}

impl RunRequests {
    /// Looks after runs that train elsewhere now and then: nobody tells of them.
    pub fn follow_other_processes(&mut self, session: &mut Session, ctx: &egui::Context) {
        let any = session
            .state
            .runs
            .iter()
            .any(|record| record.state == RecordState::Elsewhere);
        if !any {
            return;
        }
        let is_due = self
            .listed
            .is_none_or(|listed| listed.elapsed() >= LOOK_AGAIN);
        if is_due {
            self.listed = Some(Instant::now());
            session.list_runs();
        }
        ctx.request_repaint_after(LOOK_AGAIN);
    }

    pub fn runs_listed(&mut self, session: &mut Session, result: Result<Vec<RunSummary>, Failure>) {
        match result {
            Ok(summaries) => self.take_runs(session, summaries),
            // They are listed once more.
            Err(Failure::Stopped) => {}
            Err(failure) => session.log(
                NoticeKind::Error,
                format!("the runs can't be listed: {failure}"),
            ),
        }
    }

    pub fn run_opened(
        &mut self,
        session: &mut Session,
        folder: PathBuf,
        result: Result<Box<StoredRun>, Failure>,
    ) {
        let cause = Cause::RunFolder(folder.clone());
        match result {
            Ok(stored) => {
                session.has_gone(&cause);
                let mut runs = session.state.runs.iter_mut();
                let record = runs.find(|record| record.folder.as_ref() == Some(&folder));
                if let Some(record) = record.filter(|record| !record.is_live()) {
                    record.metrics = stored.metrics;
                    record.phase_starts = stored.phase_starts;
                    record.movement = Arc::new(stored.movement);
                    record.summary = Some(stored.summary);
                }
            }
            Err(failure) => {
                // It is read again when it is asked for again.
                self.opened.remove(&folder);
                session.error_about(cause, "A run can't be opened", failure.to_string());
            }
        }
    }

    /// Adds earlier runs that are not known yet, oldest first, before those of this session, and
    /// takes over what has become of runs that train elsewhere.
    fn take_runs(&mut self, session: &mut Session, summaries: Vec<RunSummary>) {
        let (known, mut new): (Vec<_>, Vec<_>) = summaries.into_iter().partition(|summary| {
            session
                .state
                .runs
                .iter()
                .any(|record| record.id == summary.id)
        });
        for summary in known {
            let record = session
                .state
                .runs
                .iter_mut()
                .find(|record| record.id == summary.id && !record.is_live());
            let Some(record) = record else {
                continue;
            };
            if record.state != RecordState::Elsewhere {
                // What failed here has told its reason only; its folder says whether it can go on.
                record.summary.get_or_insert(summary);
            } else {
                record.state = recorded_state(&summary.state);
                record.summary = Some(summary);
                // Its epochs are read again.
                if let Some(folder) = record.folder.clone() {
                    self.opened.remove(&folder);
                    if record.shown {
                        self.load(session, &folder);
                    }
                }
            }
        }
        new.sort_by_key(|summary| summary.started);
        let index = session
            .state
            .runs
            .iter()
            .position(|record| record.run.is_some())
            .unwrap_or(session.state.runs.len());
        let mut records = Vec::new();
        for summary in new {
            records.push(RunRecord {
                id: summary.id.clone(),
                run: None,
                folder: Some(session.paths.runs.join(&summary.id)),
                name: summary.experiment.clone(),
                state: recorded_state(&summary.state),
                metrics: Vec::new(),
                phase_starts: Vec::new(),
                epochs_planned: summary.epochs_planned,
                progress: None,
                summary: Some(summary),
                color: session.unused_color(),
                shown: false,
                warnings: Vec::new(),
                movement: Default::default(),
            });
        }
        session.state.runs.splice(index..index, records);
    }

    /// Has the results view look at a run closely.
    pub fn select(&mut self, session: &mut Session, id: String) {
        let mut runs = session.state.runs.iter();
        let folder = (runs.find(|run| run.id == id)).and_then(|run| run.folder.clone());
        if let Some(folder) = folder {
            self.load(session, &folder);
        }
        session.state.selected_run = Some(id);
    }

    pub fn open(&mut self, session: &mut Session, folder: &Path) {
        self.load(session, folder);
        if let Some(record) = session
            .state
            .runs
            .iter_mut()
            .find(|record| record.folder.as_deref() == Some(folder))
        {
            record.shown = true;
            session.state.selected_run = Some(record.id.clone());
        }
        session.show_view(ViewId::RESULTS);
    }

    pub fn show(&mut self, session: &mut Session, id: &str, shown: bool) {
        let Some(record) = session.state.runs.iter_mut().find(|record| record.id == id) else {
            return;
        };
        record.shown = shown;
        if let Some(folder) = record.folder.clone().filter(|_| shown) {
            self.load(session, &folder);
        }
    }

    /// Queues the run in `folder` again, from where it stands.
    pub fn resume(&self, session: &mut Session, folder: &Path) {
        let index = session
            .state
            .runs
            .iter()
            .position(|record| record.folder.as_deref() == Some(folder) && record.can_resume());
        let Some(index) = index else {
            session.error_about(
                Cause::RunFolder(folder.to_path_buf()),
                "This run can't be resumed",
                "it is trained already, has come to its end, or nothing of it was saved",
            );
            return;
        };
        let experiment = match preset::load(&folder.join("preset.ron")) {
            Ok(experiment) => experiment,
            Err(problem) => {
                let cause = Cause::RunFolder(folder.to_path_buf());
                session.error_about(cause, "This run can't be resumed", problem.to_string());
                return;
            }
        };
        let run = session.unused_run();
        let start = StartRun {
            run,
            experiment,
            base: None,
            dataset: None,
            runs: session.paths.runs.clone(),
            resume: Some(folder.to_path_buf()),
            device: session.state.device.clone(),
        };
        if let Err(reason) = session
            .workers
            .send(TrainingCommand::Start(Box::new(start)))
        {
            session.error_about(Cause::Trainer, "This run is not queued", reason);
            return;
        }
        session.has_gone(&Cause::Trainer);
        session.has_gone(&Cause::RunFolder(folder.to_path_buf()));
        let record = &mut session.state.runs[index];
        record.run = Some(run);
        record.state = RecordState::Queued;
        record.shown = true;
        session.show_view(ViewId::CURVES);
    }

    /// Opens a run's metrics when they are needed for the first time.
    pub(super) fn load(&mut self, session: &mut Session, folder: &Path) {
        if self.opened.insert(folder.to_path_buf()) {
            session.ask(Question::OpenRun {
                folder: folder.to_path_buf(),
            });
        }
    }
}
