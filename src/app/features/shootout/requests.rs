//! What the shoot-out asks of other threads, and what a person asks of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::documents::{make_absolute, unused_name};
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::shootout::{BackbonesPage, Computing, ShootoutChoice};
use crate::app::core::state::{Cause, Document, NoticeKind};
use crate::app::core::view_id::ViewId;
use crate::experiment::{DataConfig, Experiment};
use crate::report::write_shootout;
use crate::shootout::{self, ShootoutCost};
use crate::worker::messages::{
    Failure, ProcessEnd, Question, ShootoutAnswer, ShootoutProcess, ShootoutQuestion,
};

/// How often the results are looked at: while they change, and while somebody else may change them.
const WHILE_COMPUTING: Duration = Duration::from_secs(1);
const WHILE_SHOWN: Duration = Duration::from_secs(3);
/// The page says every frame that it is shown; frames may be this far apart.
const SHOWN: Duration = Duration::from_secs(4);

/// What has been asked.
#[derive(Default)]
pub struct ShootoutRequests {
    /// When and where results were looked at last, and whether the answer is waited for.
    looked: Option<(Instant, PathBuf)>,
    is_looking: bool,
    /// When the page was shown last.
    shown: Option<Instant>,
    exporting: Request<PathBuf, usize>,
    /// What the folder of the results follows from, as it was last.
    folder_of: Option<FolderKey>,
}

/// The folder of runs, and the pictures, their split and seed, and what their paths start from.
type FolderKey = (PathBuf, DataConfig, u64, Option<PathBuf>);

impl ShootoutRequests {
    /// Shows the view of the backbones with this page.
    pub fn show(&mut self, session: &mut Session, page: BackbonesPage) {
        session.state.shootout.page = page;
        session.show_view(ViewId::BACKBONES);
        // A command may have fetched weights meanwhile.
        session.ask(Question::StoredWeights);
    }

    /// The page is shown in this frame.
    pub fn page_is_shown(&mut self) {
        self.shown = Some(Instant::now());
    }

    /// Looks at the results now and then while somebody looks at the page, or this window computes.
    pub fn follow(&mut self, session: &mut Session, ctx: &egui::Context) {
        self.follow_folder(session);
        let now = Instant::now();
        let shootout = &session.state.shootout;
        let is_shown = self
            .shown
            .is_some_and(|shown| now.duration_since(shown) < SHOWN);
        let folder = match (is_shown, shootout.computing.out()) {
            // What is computed is looked at behind other views, too: the foot of the window says how far it is.
            (false, Some(computed)) => Some(computed.to_path_buf()),
            (true, _) => shootout.out.clone(),
            (false, None) => None,
        };
        let Some(folder) = folder else { return };
        let pause = match shootout.is_live() {
            true => WHILE_COMPUTING,
            false => WHILE_SHOWN,
        };
        ctx.request_repaint_after(pause);
        let is_time = self
            .looked
            .as_ref()
            .is_none_or(|(looked, of)| *of != folder || now.duration_since(*looked) >= pause);
        if is_time && !self.is_looking {
            self.is_looking = true;
            self.looked = Some((now, folder.clone()));
            session.ask(Question::Shootout(ShootoutQuestion::Read { out: folder }));
        }
    }

    /// Where the results for the pictures at hand stand, worked out when those are others.
    fn follow_folder(&mut self, session: &mut Session) {
        let state = &session.state;
        let document = state.active_document().filter(|_| state.has_pictures());
        let key = document.map(|document| {
            let experiment = &document.experiment;
            let data = experiment.data.clone();
            (
                state.runs_folder.clone(),
                data,
                experiment.seed,
                document.base(),
            )
        });
        if key != self.folder_of {
            session.state.shootout.out = out(session);
            self.folder_of = key;
        }
    }

    /// Takes what the threads say.
    pub fn answer(&mut self, session: &mut Session, answer: ShootoutAnswer) {
        let shootout = &mut session.state.shootout;
        match answer {
            ShootoutAnswer::Read { out, result } => {
                self.is_looking = false;
                match result {
                    Ok(report) => {
                        if shootout.out.as_ref() == Some(&out) {
                            shootout.unread = None;
                        }
                        let is_same = shootout.found.as_ref().is_some_and(|(of, found)| {
                            *of == out && Some(found) == report.as_ref()
                        });
                        if !is_same {
                            shootout.found = report.map(|report| (out, report));
                        }
                    }
                    Err(Failure::Stopped) => {}
                    Err(failure) if shootout.out.as_ref() == Some(&out) => {
                        shootout.unread = Some(failure.to_string());
                    }
                    Err(_) => {}
                }
            }
            ShootoutAnswer::Ended { out, result } => self.ended(session, out, result),
            ShootoutAnswer::Downloading { network, progress } => {
                if let Some(known) = shootout.downloads.get_mut(&network) {
                    *known = Some(progress);
                }
            }
            ShootoutAnswer::Downloaded { network, result } => {
                shootout.downloads.remove(&network);
                match result {
                    Ok(()) => {
                        shootout.not_downloaded.remove(&network);
                        session.ask(Question::StoredWeights);
                    }
                    Err(Failure::Stopped) => {}
                    Err(failure) => {
                        let reason = failure.text("an error inside Graft ended the download");
                        shootout.not_downloaded.insert(network, reason);
                    }
                }
            }
        }
    }

    fn ended(&mut self, session: &mut Session, out: PathBuf, result: Result<ProcessEnd, Failure>) {
        // The last results are looked at at once.
        self.looked = None;
        // It may have downloaded some.
        session.ask(Question::StoredWeights);
        let failed = match result {
            Ok(_) | Err(Failure::Stopped) => None,
            Err(failure) => {
                Some(failure.text("an error inside Graft ended it; what was found is kept"))
            }
        };
        match failed {
            None => {
                session.state.shootout.computing = Computing::Idle;
                session.log(NoticeKind::Info, "the comparison of networks has ended");
            }
            Some(reason) => {
                session.state.shootout.computing = Computing::Failed(out, reason.clone());
                session.error_about(
                    Cause::Shootout,
                    "The comparison of networks has ended with an error",
                    reason,
                );
            }
        }
    }

    pub fn choose(&mut self, session: &mut Session, choice: ShootoutChoice) {
        session.state.shootout.choice = choice;
    }

    /// Computes these networks, in a process of its own.
    pub fn start(&mut self, session: &mut Session, networks: Vec<String>) {
        let Some(process) = process(session, networks) else {
            return;
        };
        if session.state.shootout.is_live() {
            return;
        }
        session.has_gone(&Cause::Shootout);
        let shootout = &mut session.state.shootout;
        shootout.not_downloaded.clear();
        shootout.computing = Computing::Running(process.out.clone());
        self.looked = None;
        session.ask(Question::Shootout(ShootoutQuestion::Run(Box::new(process))));
    }

    pub fn stop(&mut self, session: &mut Session) {
        let computing = &mut session.state.shootout.computing;
        if let Some(out) = computing.out() {
            *computing = Computing::Stopping(out.to_path_buf());
            session.ask(Question::Shootout(ShootoutQuestion::EndRun));
        }
    }

    /// Opens an experiment that starts from a network. Undo takes it back to a copy of the one that is active.
    pub fn take(&mut self, session: &mut Session, index: usize) {
        let state = &session.state;
        let (Some(report), Some(document)) = (state.shootout.report(), state.active_document())
        else {
            return;
        };
        let Some(entry) = report.entries.get(index) else {
            return;
        };
        let base = &document.experiment;
        let taken = shootout::take(report, entry, base);
        let name = unused_name(&taken.name, &state.documents);
        let called = entry.called();
        let mut new = Document::new(
            Experiment {
                name: name.clone(),
                ..base.clone()
            },
            None,
        );
        new.adopt_base(document);
        new.edit(
            Experiment {
                name: name.clone(),
                ..taken
            },
            "",
        );
        session.add(new);
        session.notice(
            NoticeKind::Info,
            "A new experiment is open",
            format!(
                "“{name}” starts from {called}: its backbone is frozen, with a new classifier on top. Press Train to train it."
            ),
        );
    }

    /// Downloads a network's weights.
    pub fn download(&mut self, session: &mut Session, network: String) {
        let shootout = &mut session.state.shootout;
        shootout.not_downloaded.remove(&network);
        if shootout.downloads.insert(network.clone(), None).is_none() {
            session.ask(Question::Shootout(ShootoutQuestion::Download { network }));
        }
    }

    pub fn stop_downloads(&mut self, session: &mut Session) {
        session.ask(Question::Shootout(ShootoutQuestion::StopDownloads));
    }

    /// Writes the table and the figure on a thread of its own.
    pub fn export(
        &mut self,
        session: &mut Session,
        cost: ShootoutCost,
        folder: PathBuf,
        ctx: &egui::Context,
    ) {
        let report = session.state.shootout.report().cloned();
        let Some(report) = report.filter(|_| !self.exporting.is_pending()) else {
            return;
        };
        session.settings.last_figures = folder.parent().map(Path::to_path_buf);
        let ctx = ctx.clone();
        (self.exporting).start(
            "graft-shootout-export",
            folder.clone(),
            move || ctx.request_repaint(),
            move || {
                let written = write_shootout(&report, cost, &folder).map_err(Failure::failed)?;
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
            session.exported("The comparison of networks", outcome, folder);
        }
    }

    /// What was found, as CSV.
    pub fn csv(&self, session: &Session) -> Option<String> {
        let report = session.state.shootout.report()?;
        let bytes = shootout::csv(report).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Where the results for the pictures at hand stand.
fn out(session: &Session) -> Option<PathBuf> {
    let document = session
        .state
        .active_document()
        .filter(|_| session.state.has_pictures())?;
    let base = document.base();
    Some(shootout::default_out(
        &session.state.runs_folder,
        &document.experiment,
        base.as_deref(),
    ))
}

/// What computes; nothing without pictures.
fn process(session: &Session, networks: Vec<String>) -> Option<ShootoutProcess> {
    let out = out(session)?;
    let state = &session.state;
    let document = state.active_document()?;
    let mut experiment = document.experiment.clone();
    make_absolute(&mut experiment, document.base().as_deref());
    let choice = &state.shootout.choice;
    Some(ShootoutProcess {
        experiment,
        out,
        networks,
        metric: choice.metric,
        folds: choice.folds,
        budget_seconds: choice.budget_seconds(),
        device: state.device.clone(),
        downloads: choice.downloads,
    })
}
