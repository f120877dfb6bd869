//! What the window's logic works on: what is known, the threads, folders and settings, and what people are told.

use std::path::{Path, PathBuf};

use super::clock;
use super::evaluation::EvaluationState;
use super::request::Request;
use super::scanning::ScanKey;
use super::settings::Settings;
use super::state::{Cause, LogLine, Notice, NoticeKind, State};
use super::sweep::SweepState;
use super::view_id::ViewId;
use super::workers::Workers;
use crate::data::{Dataset, SplitIndices};
use crate::experiment::DataSource;
use crate::models::device::Devices;
use crate::worker::messages::{Failure, Question, RunId};
use crate::{format, shown};

/// Lines that the log keeps.
const LOG: usize = 5_000;

/// Where the window finds and puts files; tests put temporary folders here.
#[derive(Debug, Clone)]
pub struct AppPaths {
    pub runs: PathBuf,
    pub presets: PathBuf,
    pub settings: PathBuf,
    /// Where a file for other programs is offered to be put.
    pub documents: PathBuf,
}

impl AppPaths {
    /// The person's own.
    pub fn of_user() -> Self {
        Self {
            runs: crate::paths::runs(),
            presets: crate::paths::presets(),
            settings: crate::paths::settings(),
            documents: crate::paths::documents(),
        }
    }
}

/// The window without its drawing. What is one feature's alone stands in that feature's folder, as functions over this.
pub struct Session {
    pub state: State,
    pub workers: Box<dyn Workers>,
    pub paths: AppPaths,
    pub settings: Settings,
    /// The scan of the active experiment's pictures.
    pub scan: Request<ScanKey, (std::sync::Arc<Dataset>, SplitIndices)>,
    /// Raised when pictures may be others than before, or others may be readable: what was asked about them is asked again.
    pub pictures_version: u64,
    /// Views that are to come to the front.
    pub views_to_show: Vec<ViewId>,
    /// Where runs stand unless another folder was chosen.
    usual_runs: PathBuf,
    next_run: u64,
    next_notice: u64,
    next_color: usize,
}

impl Session {
    /// `views`: those that there are.
    pub fn new(mut workers: Box<dyn Workers>, mut paths: AppPaths, views: &[ViewId]) -> Self {
        let settings = Settings::load(&paths.settings, views);
        workers.use_threads(settings.threads);
        let usual_runs = std::mem::take(&mut paths.runs);
        paths.runs = (settings.runs_folder.clone()).unwrap_or_else(|| usual_runs.clone());
        Self {
            state: State {
                evaluation: EvaluationState {
                    novelty_rate: settings.novelty_rate(),
                    ..EvaluationState::default()
                },
                device: settings.device.clone(),
                recent_presets: settings.recent_presets.clone(),
                recent_pictures: settings.recent_pictures.clone(),
                runs_folder: paths.runs.clone(),
                hidden_columns: settings.hidden_columns.clone(),
                sweep: SweepState {
                    recent: settings.recent_sweeps.clone(),
                    ..SweepState::default()
                },
                ..State::default()
            },
            workers,
            paths,
            settings,
            scan: Request::resting(super::scanning::REST),
            pictures_version: 0,
            views_to_show: Vec::new(),
            usual_runs,
            next_run: 1,
            next_notice: 1,
            next_color: 0,
        }
    }

    pub fn ask(&mut self, question: Question) {
        self.workers.ask(question);
    }

    pub fn list_runs(&mut self) {
        let runs = self.paths.runs.clone();
        let others = self.settings.runs_elsewhere.clone();
        let is_chosen = self.settings.runs_folder.is_some();
        self.ask(Question::ListRuns {
            runs,
            others,
            is_chosen,
        });
    }

    /// Lists runs from `folder` from now on, and makes new ones there; `None` for the one in Graft's own folder.
    pub fn use_runs_folder(&mut self, folder: Option<PathBuf>) {
        self.paths.runs = (folder.clone()).unwrap_or_else(|| self.usual_runs.clone());
        self.settings.runs_folder = folder;
        self.state.runs_folder.clone_from(&self.paths.runs);
        self.has_gone(&Cause::RunsFolder);
        self.list_runs();
    }

    pub fn show_view(&mut self, view: ViewId) {
        self.state.prediction.is_wanted |= view == ViewId::PREDICT;
        self.views_to_show.push(view);
    }

    pub fn unused_run(&mut self) -> RunId {
        self.next_run += 1;
        RunId(self.next_run - 1)
    }

    /// Index into the run colours.
    pub fn unused_color(&mut self) -> usize {
        self.next_color += 1;
        self.next_color - 1
    }

    pub fn log(&mut self, kind: NoticeKind, text: impl Into<String>) {
        self.state.log.push(LogLine {
            time: clock::time_of_day(),
            kind,
            // Names of runs and files stand in it.
            text: shown::lines(&text.into()).into_owned(),
        });
        if self.state.log.len() > LOG {
            self.state.log.drain(..LOG / 10);
        }
    }

    /// A notice that stays until it is dismissed; the same one stands once.
    pub fn notice(&mut self, kind: NoticeKind, title: impl Into<String>, text: impl Into<String>) {
        self.notice_about(kind, None, title.into(), text.into());
    }

    /// One that stays until it is dismissed or what it is about has gone.
    pub fn notice_about(
        &mut self,
        kind: NoticeKind,
        cause: Option<Cause>,
        title: String,
        text: String,
    ) {
        let [title, text] = [title, text].map(|text| shown::lines(&text).into_owned());
        self.log(kind, format!("{title}: {text}"));
        self.state.notices.retain(|notice| {
            let is_about_the_same = cause.is_some() && notice.cause == cause;
            !is_about_the_same && (notice.title != title || notice.text != text)
        });
        let id = self.next_notice;
        self.next_notice += 1;
        self.state.notices.push(Notice {
            id,
            kind,
            title,
            text,
            cause,
        });
    }

    pub fn error(&mut self, title: impl Into<String>, text: impl Into<String>) {
        self.notice(NoticeKind::Error, title, text);
    }

    pub fn error_about(&mut self, cause: Cause, title: impl Into<String>, text: impl Into<String>) {
        self.notice_about(NoticeKind::Error, Some(cause), title.into(), text.into());
    }

    /// `what` was written as so many files into `folder`, or why not.
    pub fn exported(&mut self, what: &str, outcome: Result<usize, Failure>, folder: &Path) {
        match outcome {
            Ok(files) => {
                self.has_gone(&Cause::Export);
                let files = format::count(files, "file", "files");
                let text = format!("{files} in {}", shown::path(folder));
                self.notice(NoticeKind::Info, format!("{what} is exported"), text);
            }
            Err(failure) => {
                let text = failure.text("an error inside Graft ended it");
                self.error_about(Cause::Export, format!("{what} is not exported"), text);
            }
        }
    }

    /// What went wrong goes well now, or is no more: an error does not outlive its cause. The log keeps it.
    pub fn has_gone(&mut self, cause: &Cause) {
        let notices = &mut self.state.notices;
        notices.retain(|notice| notice.cause.as_ref() != Some(cause));
    }

    /// Takes away notices about what the state itself says is mended.
    pub fn forget_mended(&mut self) {
        let documents = &self.state.documents;
        let mended = |cause: &Cause| match cause {
            Cause::NoDocument => !documents.is_empty(),
            Cause::Saving(id) => !documents.iter().any(|document| document.id == *id),
            Cause::Training(id) => documents
                .iter()
                .find(|document| document.id == *id)
                .is_none_or(|document| {
                    document.problems.is_empty()
                        && document.experiment.data.source != DataSource::Unset
                }),
            _ => false,
        };
        self.state
            .notices
            .retain(|notice| !notice.cause.as_ref().is_some_and(mended));
    }

    pub fn take_devices(&mut self, devices: Devices) {
        let known = |device: &str| {
            device == "cpu"
                || device
                    .strip_prefix("cuda:")
                    .and_then(|index| index.parse().ok())
                    .is_some_and(|index: usize| devices.check(index).is_ok())
        };
        if self
            .state
            .device
            .as_deref()
            .is_some_and(|device| !known(device))
        {
            self.state.device = None;
        }
        for reason in devices.why_no_cuda.iter().chain(devices.refused.values()) {
            self.log(NoticeKind::Info, reason.clone());
        }
        // Speeds of another processor say nothing here.
        if self.settings.measured_on == devices.cpu {
            self.state.speeds.clone_from(&self.settings.speeds);
        } else {
            self.settings.measured_on.clone_from(&devices.cpu);
        }
        self.state.devices = Some(devices);
    }
}
