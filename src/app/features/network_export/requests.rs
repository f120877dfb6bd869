//! A run's network, written and tried on a thread of its own. The command line's is the same function.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use eframe::egui;

use super::{Done, Licence, NetworkExportLocal, NetworkExportView, Stage, modal_ui};
use crate::app::core::background::Work;
use crate::app::core::command::Command;
use crate::app::core::request::{Request, RequestStep};
use crate::app::core::run_names::told_apart;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind};
use crate::data::StopFlag;
use crate::export::ExportError;
use crate::models::origin::Origin;
use crate::report::{ExportedNetwork, NetworkOptions, export_network};
use crate::runs::{slug, store};
use crate::worker::messages::Failure;

/// Progress is drawn at most this often.
const FRAME: Duration = Duration::from_millis(100);

/// The dialog, and what is written at the moment.
#[derive(Default)]
pub struct NetworkExports {
    pub open: bool,
    pub local: NetworkExportLocal,
    pub stage: Stage,
    /// The run that the dialog is about: its name, its colour, its folder.
    run: Option<(String, usize, PathBuf)>,
    writing: Request<PathBuf, ExportedNetwork>,
    progress: Arc<Mutex<(String, usize, usize)>>,
    stop: StopFlag,
    /// Of the run's folder.
    looking: Request<PathBuf, Licence>,
    licence: Option<Licence>,
    /// The file that was proposed last.
    proposed: String,
}

impl NetworkExports {
    /// Opens the dialog for a run, by its id; shows what is under way where something is.
    pub fn open(&mut self, session: &Session, id: &str) {
        if self.writing.is_pending() {
            self.open = true;
            return;
        }
        let Some(record) = session.state.runs.iter().find(|run| run.id == id) else {
            return;
        };
        let Some(folder) = record.folder.clone() else {
            return;
        };
        self.open = true;
        self.stage = Stage::Choosing;
        self.local.reads_card = false;
        if self.run.as_ref().is_none_or(|(.., other)| *other != folder) {
            self.licence = None;
        }
        self.looking.forget();
        let name = told_apart(record, &session.state);
        // A person's own file stays.
        if self.local.out.is_empty() || self.local.out == self.proposed {
            // Where the last one went; an older version offered a folder within Graft's own.
            let last = session.settings.last_network.clone();
            let last = last.filter(|last| !last.starts_with(&session.paths.runs));
            let base = last.unwrap_or_else(|| session.paths.documents.clone());
            let mut file = base.join(slug(&name)).into_os_string();
            if let Some(ending) = self.local.options.format.ending() {
                file.push(".");
                file.push(ending);
            }
            self.proposed = PathBuf::from(file).display().to_string();
            self.local.out.clone_from(&self.proposed);
        }
        self.run = Some((name, record.color, folder));
    }

    pub fn ui(&mut self, ctx: &egui::Context, out: &mut Vec<Command>) {
        let (true, Some((name, color, _))) = (self.open, &self.run) else {
            return;
        };
        let view = NetworkExportView {
            run: (name.clone(), *color),
            licence: self.licence.clone(),
            stage: self.stage.clone(),
        };
        let before = self.local.out.clone();
        let was_proposed = before == self.proposed;
        self.open = modal_ui(ctx, &view, &mut self.local, out);
        // Another ending is not yet a file of the person's own.
        let stem = |path: &str| Path::new(path).with_extension("");
        if was_proposed && stem(&self.local.out) == stem(&before) {
            self.proposed.clone_from(&self.local.out);
        }
    }

    /// Writes the network of the run that the dialog is about.
    pub fn export(
        &mut self,
        session: &mut Session,
        out: PathBuf,
        options: NetworkOptions,
        ctx: &egui::Context,
    ) {
        if self.writing.is_pending() {
            return;
        }
        let Some((.., folder)) = self.run.clone() else {
            return;
        };
        if out.is_relative() {
            self.stage = Stage::Failed(
                "This is no whole path. Write the folder in front of the name, or choose the file with Browse.".into(),
            );
            return;
        }
        session.settings.last_network = out.parent().map(Path::to_path_buf);
        let stop = StopFlag::default();
        let progress = Arc::new(Mutex::new((String::from("Reading the run"), 0, 0)));
        self.stop = stop.clone();
        self.progress = Arc::clone(&progress);
        self.stage = self.working();
        let (ended, ctx) = (ctx.clone(), ctx.clone());
        let notify = move || ended.request_repaint();
        (self.writing).start("graft-network-export", out.clone(), notify, move || {
            let mut told = |doing: &str, done, total| {
                *lock(&progress) = (doing.to_owned(), done, total);
                ctx.request_repaint_after(FRAME);
            };
            export_network(&folder, &out, &options, &mut told, &stop).map_err(|error| match error {
                ExportError::Stopped => Failure::Stopped,
                other => Failure::failed(other),
            })
        });
    }

    fn working(&self) -> Stage {
        let (doing, done, total) = lock(&self.progress).clone();
        Stage::Working { doing, done, total }
    }

    /// Whether a network is on its way to a file.
    pub fn is_writing(&self) -> bool {
        self.writing.is_pending()
    }

    /// What is written now, for the foot of the window.
    pub fn work(&self) -> Option<Work> {
        let Stage::Working { done, total, .. } = self.stage else {
            return None;
        };
        let work = Work::new("Exporting a network").at(done, total);
        Some(work.stopped_by(Command::StopNetworkExport))
    }

    pub fn stop(&mut self) {
        if self.writing.is_pending() {
            self.stop.stop();
            self.writing.stop();
            self.stage = Stage::Stopping;
        }
    }

    /// Takes what has happened since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session, ctx: &egui::Context) {
        if self.writing.is_pending() && self.stage != Stage::Stopping {
            self.stage = self.working();
        }
        if let Some(outcome) = self.writing.poll() {
            self.ended(session, outcome);
        }
        self.look(ctx);
    }

    /// Has the run's folder asked what its weights began as.
    fn look(&mut self, ctx: &egui::Context) {
        if let Some(Ok(licence)) = self.looking.poll() {
            self.licence = Some(licence);
        }
        let (true, Some((.., folder))) = (self.open, &self.run) else {
            return;
        };
        if self.looking.next_step(folder, Instant::now()) != RequestStep::Ask {
            return;
        }
        let (ctx, folder) = (ctx.clone(), folder.clone());
        let notify = move || ctx.request_repaint();
        (self.looking).start("graft-licence", folder.clone(), notify, move || {
            let experiment = store::experiment(&folder).map_err(Failure::failed)?;
            let origin = Origin::of(&experiment.backbone).map_err(Failure::failed)?;
            Ok(Licence::of(&origin))
        });
    }

    fn ended(&mut self, session: &mut Session, outcome: Result<ExportedNetwork, Failure>) {
        self.stage = match outcome {
            Ok(written) => {
                session.has_gone(&Cause::NetworkExport);
                Stage::Done(Done {
                    format: written.format,
                    out: written.out,
                    card: written.card,
                    model_card: Arc::new(written.model_card),
                    bytes: written.bytes,
                    sentences: written.sentences,
                    licence: Licence::of(&written.origin),
                    remarks: written.remarks,
                })
            }
            Err(Failure::Stopped) => Stage::Stopped,
            Err(failure) => Stage::Failed(failure.text("it ended early; the run is untouched")),
        };
        match &self.stage {
            Stage::Done(done) => {
                let said = [done.sentences.as_slice(), &done.remarks]
                    .concat()
                    .join(" ");
                let text = format!("{}: {said}", done.out.display());
                match self.open {
                    true => session.log(NoticeKind::Info, format!("a network is written: {text}")),
                    false => session.notice(NoticeKind::Info, "The network is written", text),
                }
            }
            Stage::Failed(reason) if !self.open => session.error_about(
                Cause::NetworkExport,
                "The network is not written",
                reason.clone(),
            ),
            _ => {}
        }
    }
}

fn lock(progress: &Mutex<(String, usize, usize)>) -> MutexGuard<'_, (String, usize, usize)> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
