//! The runs of this session, of earlier ones and of other processes: listed, opened, taken up again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::run_colors::DrawnRuns;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, Notice, RecordState, RunRecord};
use crate::app::core::view_id::ViewId;
use crate::experiment::preset;
use crate::runs::{Listed, RunState, RunSummary, StoredRun};
use crate::worker::messages::{Failure, Question, StartRun, TrainingCommand};

/// How often the folder of runs is looked at: other windows and commands make runs there, and nobody tells.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What was asked about runs.
#[derive(Default)]
pub struct RunRequests {
    /// Folders whose runs are read or being read.
    pub(super) opened: BTreeSet<PathBuf>,
    /// Who is drawn, in the colours of which.
    pub drawn: DrawnRuns,
    /// Runs that were listed the last time, by their ids: of those, one that is not listed any more is gone.
    listed: BTreeSet<String>,
    /// When the folder was looked at last.
    looked: Option<Instant>,
    /// Runs that stand elsewhere and are to be shown in a view as soon as they are listed.
    wanted: Vec<(PathBuf, ViewId)>,
    /// Whether the first of them to be there is drawn in place of what is drawn now.
    takes_place: bool,
    /// A folder of runs that was dropped, and how many these are: a person is asked what to do with them.
    pub offered: Option<(PathBuf, usize)>,
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
    /// Looks at the folder of runs when a person comes back to the window, and now and then while they are there or
    /// something trains elsewhere.
    pub fn follow_folder(&mut self, session: &mut Session, ctx: &egui::Context) {
        let (is_focused, came_back) = ctx.input(|input| {
            let back = egui::Event::WindowFocused(true);
            (input.focused, input.events.contains(&back))
        });
        let trains_elsewhere =
            (session.state.runs.iter()).any(|record| record.state == RecordState::Elsewhere);
        // The window lists them as it opens.
        let looked = *self.looked.get_or_insert_with(Instant::now);
        if !came_back && !is_focused && !trains_elsewhere {
            return;
        }
        if came_back || looked.elapsed() >= LOOK_AGAIN {
            self.looked = Some(Instant::now());
            session.list_runs();
        }
        ctx.request_repaint_after(LOOK_AGAIN);
    }

    pub fn runs_listed(&mut self, session: &mut Session, result: Result<Vec<RunSummary>, Failure>) {
        session.state.runs_listed |= !matches!(result, Err(Failure::Stopped));
        match result {
            Ok(summaries) => {
                session.has_gone(&Cause::RunsFolder);
                self.take_runs(session, summaries);
                // What was listed and is not there has no run that could be shown.
                let runs = &session.state.runs;
                let is_there =
                    |folder: &PathBuf| runs.iter().any(|run| run.folder.as_ref() == Some(folder));
                self.wanted.retain(|(folder, _)| is_there(folder));
            }
            // They are listed once more.
            Err(Failure::Stopped) => {}
            Err(failure) => {
                let text = failure.to_string();
                let is_said = |notice: &Notice| {
                    notice.cause == Some(Cause::RunsFolder) && notice.text == text
                };
                if !session.state.notices.iter().any(is_said) {
                    session.error_about(Cause::RunsFolder, "The runs can't be listed", text);
                }
            }
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

    /// Adds runs that are not known yet, oldest first, before those of this session, takes over what has become of runs that
    /// others train, and drops those that are gone.
    fn take_runs(&mut self, session: &mut Session, mut summaries: Vec<RunSummary>) {
        summaries.sort_by_key(|summary| summary.started);
        let mut listed = BTreeSet::new();
        let mut new = Vec::new();
        for mut summary in summaries {
            let about = std::mem::take(&mut summary.listed);
            let folder = if about.folder.as_os_str().is_empty() {
                session.paths.runs.join(&summary.id)
            } else {
                about.folder.clone()
            };
            let id = id_of(&folder, &session.paths.runs);
            listed.insert(id.clone());
            let mut runs = session.state.runs.iter_mut();
            match runs.find(|record| record.id == id) {
                Some(record) => {
                    record.listed = kept_settings(about, record);
                    if follow(record, summary) {
                        self.opened.remove(&folder);
                        if record.shown {
                            self.load(session, &folder);
                        }
                    }
                }
                None => {
                    let color = session.unused_color();
                    let mut record = record_of(id, folder.clone(), summary, about, color);
                    if session.state.shown_in_trash.remove(&folder) {
                        record.shown = true;
                        self.load(session, &folder);
                    }
                    new.push(record);
                }
            }
        }
        let gone = |record: &RunRecord| {
            !record.is_live() && self.listed.contains(&record.id) && !listed.contains(&record.id)
        };
        session.state.runs.retain(|record| !gone(record));
        let is_there = |id: &String| session.state.runs.iter().any(|record| record.id == *id);
        if !session.state.selected_run.as_ref().is_none_or(is_there) {
            session.state.selected_run = None;
        }
        self.listed = listed;
        let index = (session
            .state
            .runs
            .iter()
            .position(|record| record.run.is_some()))
        .unwrap_or(session.state.runs.len());
        session.state.runs.splice(index..index, new);
    }

    /// Has evaluation, gallery and results look at the last of these runs closely. No view comes to the front by it.
    pub fn select(&mut self, session: &mut Session, ids: Vec<String>) {
        let last = ids.last().cloned();
        let mut runs = session.state.runs.iter();
        let record = runs.find(|run| Some(&run.id) == last.as_ref());
        if let Some(folder) = record.and_then(|run| run.folder.clone()) {
            self.load(session, &folder);
        }
        session.state.selected_run = last;
        session.state.selected_with = ids.into_iter().collect();
    }

    pub fn open(&mut self, session: &mut Session, folder: &Path) {
        let mut runs = session.state.runs.iter_mut();
        let record = runs.find(|record| record.folder.as_deref() == Some(folder));
        let Some(record) = record else {
            return;
        };
        record.shown = true;
        let id = record.id.clone();
        let summary = record.summary.as_ref();
        let is_tested = summary.is_some_and(|summary| summary.test.is_some());
        self.select(session, vec![id]);
        session.show_view(if is_tested {
            ViewId::RESULTS
        } else {
            ViewId::CURVES
        });
    }

    /// Lists runs that stand elsewhere, and shows them in a view as soon as they are there: in place of those that are drawn now
    /// but for pinned ones, so that curves do not pile up while one run after the other is looked at.
    pub fn show_elsewhere(&mut self, session: &mut Session, folders: Vec<PathBuf>, view: ViewId) {
        let known = &mut session.settings.runs_elsewhere;
        for folder in folders {
            let mut runs = session.state.runs.iter();
            let is_listed = runs.any(|run| run.folder.as_ref() == Some(&folder));
            if !is_listed && !known.contains(&folder) {
                known.push(folder.clone());
            }
            self.wanted.push((folder, view));
        }
        self.takes_place = true;
        session.list_runs();
    }

    /// Wanted runs that are there, by their ids: their curves are drawn, and the last is looked at closely.
    pub fn arrived(&mut self, session: &mut Session) -> Vec<(String, ViewId)> {
        let mut arrived = Vec::new();
        let wanted = std::mem::take(&mut self.wanted);
        let is_wanted = |run: &RunRecord| {
            let mut folders = wanted.iter().map(|(folder, _)| folder);
            folders.any(|folder| run.folder.as_ref() == Some(folder))
        };
        if self.takes_place && session.state.runs.iter().any(is_wanted) {
            self.takes_place = false;
            for run in &mut session.state.runs {
                run.shown &= run.listed.annotations.pinned || is_wanted(run);
            }
        }
        for (folder, view) in wanted {
            let mut runs = session.state.runs.iter_mut();
            match runs.find(|run| run.folder.as_ref() == Some(&folder)) {
                Some(run) => {
                    run.shown = true;
                    arrived.push((run.id.clone(), view));
                    self.load(session, &folder);
                }
                None => self.wanted.push((folder, view)),
            }
        }
        if !arrived.is_empty() {
            let ids = arrived.iter().map(|(id, _)| id.clone()).collect();
            self.select(session, ids);
        }
        arrived
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
        let what = GoOn {
            can: RunRecord::can_resume,
            refit: false,
            refused: "This run can't be resumed",
            reason: "it is trained already, has come to its end, or nothing of it was saved",
        };
        go_on(session, folder, &what);
    }

    /// Queues one more training of the cross-validation in `folder`, on all its folds.
    pub fn refit(&self, session: &mut Session, folder: &Path) {
        let what = GoOn {
            can: RunRecord::can_refit,
            refit: true,
            refused: "This run can't be trained on all folds",
            reason: "it is no cross-validation that has come to its end, is trained already, or has such a network",
        };
        go_on(session, folder, &what);
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

/// How a run is taken up again.
struct GoOn {
    can: fn(&RunRecord) -> bool,
    refit: bool,
    /// What is said where it can't be, and why.
    refused: &'static str,
    reason: &'static str,
}

fn go_on(session: &mut Session, folder: &Path, what: &GoOn) {
    let index = (session.state.runs.iter())
        .position(|record| record.folder.as_deref() == Some(folder) && (what.can)(record));
    let cause = || Cause::RunFolder(folder.to_path_buf());
    let Some(index) = index else {
        session.error_about(cause(), what.refused, what.reason);
        return;
    };
    let experiment = match preset::load(&folder.join("preset.ron")) {
        Ok(experiment) => experiment,
        Err(problem) => {
            session.error_about(cause(), what.refused, problem.to_string());
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
        refit: what.refit,
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

/// What names a run in the window: its folder's name, or the whole path of one that stands elsewhere.
fn id_of(folder: &Path, runs: &Path) -> String {
    match folder.file_name() {
        Some(name) if folder.parent() == Some(runs) => name.to_string_lossy().into_owned(),
        _ => folder.display().to_string(),
    }
}

fn record_of(
    id: String,
    folder: PathBuf,
    summary: RunSummary,
    listed: Listed,
    color: usize,
) -> RunRecord {
    RunRecord {
        id,
        run: None,
        name: summary.experiment.clone(),
        state: recorded_state(&summary.state),
        metrics: Vec::new(),
        phase_starts: Vec::new(),
        epochs_planned: summary.epochs_planned,
        progress: None,
        card: None,
        paused: false,
        fold: None,
        // The same one wherever runs are numbered.
        color: (listed.annotations.number)
            .map_or(color, |number| number.saturating_sub(1) as usize),
        summary: Some(summary),
        shown: false,
        warnings: Vec::new(),
        movement: Default::default(),
        folder: Some(folder),
        listed,
        title: String::new(),
    }
}

/// What is listed of a run. Its settings are kept where they are the same, so that whoever keeps what is made of them need
/// not look.
fn kept_settings(mut listed: Listed, record: &RunRecord) -> Listed {
    if listed.settings.is_empty() || listed.settings == record.listed.settings {
        listed.settings = record.listed.settings.clone();
    }
    listed
}

/// Takes over what the folder of a known run says. Whether its epochs should be read again.
fn follow(record: &mut RunRecord, summary: RunSummary) -> bool {
    if record.is_live() {
        return false;
    }
    if record.run.is_some() {
        // What failed here has told its reason only; its folder says whether it can go on.
        record.summary.get_or_insert(summary);
        return false;
    }
    let trained_elsewhere = record.state == RecordState::Elsewhere;
    record.state = recorded_state(&summary.state);
    let has_changed = record.summary.as_ref() != Some(&summary);
    record.summary = Some(summary);
    has_changed || trained_elsewhere
}
