//! A sweep's file: opened, edited, saved; and where its pictures and runs are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::values;
use super::slurm::ask_slurm;
use super::{REST, SweepRequests, with_open};
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind};
use crate::app::core::sweep::{
    Draft, OpenSweep, Places, SlurmJobs, SweepDocument, UnsavedBase, with_ending,
};
use crate::app::core::view_id::ViewId;
use crate::experiment::{Experiment, Keep};
use crate::shown;
use crate::sweep::{Goal, Strategy, Sweep, Varied, default_out, shipped};
use crate::worker::messages::{Failure, Question, SlurmQuestion, SweepQuestion};

impl SweepRequests {
    /// A new sweep on the active experiment. Nothing where none is open.
    pub fn new_sweep(&mut self, session: &mut Session) {
        let Some((base, unsaved, experiment)) = active_base(session) else {
            session.error_about(
                Cause::NoDocument,
                "No experiment to vary",
                "open pictures or a preset first: a sweep varies fields of an experiment",
            );
            return;
        };
        let mut vary = Vec::new();
        if let Some(phase) = experiment.phases.len().checked_sub(1) {
            let path = format!("phases[{phase}].learning_rate");
            let now = experiment.phases[phase].learning_rate.to_string();
            vary.push(Varied {
                values: values::beginning(&path, &now),
                fields: vec![path],
            });
        }
        let goal = Goal::default();
        let training = &experiment.training;
        // What is compared is what each cell keeps.
        let keeps_another = training.keep == Keep::Best && training.monitor != goal.metric;
        let set = keeps_another.then(|| format!("training.monitor={:?}", goal.metric));
        let sweep = Sweep {
            name: format!("Sweep of {}", experiment.name),
            base,
            set: set.into_iter().collect(),
            vary,
            strategy: Strategy::Grid,
            seeds: 2,
            goal,
        };
        let mut document = SweepDocument::new(Draft {
            sweep,
            base: unsaved,
        });
        take_unused_name(&mut document, &session.state.runs_folder, &experiment.name);
        self.show(session, document, Places::default());
    }

    /// Looks at the sweep in a file, and shows it once it is there.
    pub fn open(&mut self, session: &mut Session, path: PathBuf) {
        self.opening.ask(path.clone());
        session.ask(Question::Sweep(SweepQuestion::Open { path }));
    }

    pub fn open_shipped(&mut self, session: &mut Session, name: &str) {
        let Some((file, text)) = shipped().iter().find(|(file, _)| *file == name) else {
            return;
        };
        match Sweep::parse(text, Path::new(file)) {
            Ok(sweep) => {
                let document = SweepDocument::new(Draft { sweep, base: None });
                self.show(session, document, Places::default());
            }
            Err(error) => session.error("A sweep can't be used", error.to_string()),
        }
    }

    pub(super) fn show(&mut self, session: &mut Session, document: SweepDocument, places: Places) {
        session.has_gone(&Cause::Sweep);
        self.close(session);
        session.state.sweep.was_edited_last = true;
        session.state.sweep.open = Some(Box::new(OpenSweep::new(document, places)));
        session.state.sweep.remember();
        self.planning = Request::resting(REST);
        (self.looked, self.is_looking, self.previewed) = (None, false, None);
        (self.slurm_asked, self.slurm_is_open) = (None, false);
        if session.state.sweep.has_slurm.is_none() {
            ask_slurm(session, SlurmQuestion::Find);
        }
        session.show_view(ViewId::SWEEP);
    }

    /// Closes the sweep, saved or not, and stops what this window trains of it.
    pub fn close(&mut self, session: &mut Session) {
        if session
            .state
            .sweep
            .open
            .as_ref()
            .is_some_and(|open| open.training.is_live())
        {
            self.stop(session);
        }
        session.state.sweep.remember();
        session.state.sweep.open = None;
        session.state.sweep.was_edited_last = false;
        self.slurm_is_open = false;
    }

    pub fn edit(&mut self, session: &mut Session, draft: Draft, merge: &str) {
        session.state.sweep.was_edited_last = true;
        with_open(session, |open| open.document.edit(draft, merge));
    }

    pub fn rename(&mut self, session: &mut Session, name: String) {
        let open = session.state.sweep.open.as_deref();
        if let Some(mut draft) = open.map(|open| open.document.draft.clone()) {
            draft.sweep.name = name;
            self.edit(session, draft, "name");
        }
    }

    pub fn undo(&mut self, session: &mut Session) {
        session.state.sweep.was_edited_last = true;
        with_open(session, |open| open.document.undo());
    }

    pub fn redo(&mut self, session: &mut Session) {
        session.state.sweep.was_edited_last = true;
        with_open(session, |open| open.document.redo());
    }

    /// Whether the sweep has a file.
    pub fn has_file(&self, session: &Session) -> bool {
        let open = session.state.sweep.open.as_deref();
        open.is_some_and(|open| open.document.file.is_some())
    }

    /// Writes the sweep to its file; whether it has one and was written.
    pub fn save(&mut self, session: &mut Session) -> bool {
        let file = session
            .state
            .sweep
            .open
            .as_ref()
            .and_then(|open| open.document.file.clone());
        file.is_some_and(|file| self.save_as(session, &file))
    }

    /// Whether it was written. Cells that were trained stay those of the sweep when its file gets another name.
    pub fn save_as(&mut self, session: &mut Session, path: &Path) -> bool {
        let path = with_ending(path);
        let runs = session.state.runs_folder.clone();
        let Some(open) = &mut session.state.sweep.open else {
            return false;
        };
        let before = (open.document.file.is_some()).then(|| open.out(&runs));
        match open.document.save_to(&path) {
            Ok(()) => {
                let kept = before.filter(|out| *out != open.out(&runs) && out.is_dir());
                if let Some(out) = &kept {
                    open.places.out = Some(out.clone());
                }
                if let Some(out) = kept {
                    let text = format!(
                        "Its cells stay in {}. “Use its own folder” in Setup has them trained anew.",
                        shown::path(&out)
                    );
                    session.notice(NoticeKind::Info, "The sweep keeps its runs", text);
                }
                session.has_gone(&Cause::Sweep);
                session.note_folder(&path);
                session.state.sweep.remember();
                session.log(NoticeKind::Info, format!("saved {}", path.display()));
                true
            }
            Err(reason) => {
                let text = format!("{reason}. Choose another place with Save as.");
                session.error_about(Cause::Sweep, "The sweep is not saved", text);
                false
            }
        }
    }

    /// Another preset's file as the base.
    pub fn use_base(&mut self, session: &mut Session, path: &Path) {
        let folder = session.state.sweep.open.as_ref().and_then(|open| {
            let file = open.document.file.as_deref()?;
            file.parent().map(Path::to_path_buf)
        });
        let below = folder.and_then(|folder| path.strip_prefix(folder).ok());
        let base = below.unwrap_or(path).to_string_lossy().into_owned();
        edit_base(session, base, None);
    }

    pub fn use_shipped_base(&mut self, session: &mut Session, name: &str) {
        edit_base(session, name.to_owned(), None);
    }

    pub fn use_active_as_base(&mut self, session: &mut Session) {
        if let Some((base, unsaved, _)) = active_base(session) {
            edit_base(session, base, unsaved);
        }
    }

    pub fn change_places(&mut self, session: &mut Session, change: impl FnOnce(&mut Places)) {
        let mut changed = false;
        with_open(session, |open| {
            let before = open.places.clone();
            change(&mut open.places);
            changed = before != open.places;
            if before.out != open.places.out {
                open.status = None;
                open.slurm = SlurmJobs::default();
            }
        });
        if changed {
            (self.looked, self.slurm_asked) = (None, None);
            session.state.sweep.remember();
        }
    }

    pub(super) fn opened(
        &mut self,
        session: &mut Session,
        path: &Path,
        result: Result<Box<Sweep>, Failure>,
    ) {
        match self.opening.answer(|asked| asked == path, result) {
            Some(Ok(sweep)) => {
                let places = session.state.sweep.kept_places(path).unwrap_or_default();
                session.note_folder(path);
                let document = SweepDocument::loaded(*sweep, path.to_path_buf());
                self.show(session, document, places);
            }
            Some(Err(failure)) => {
                session.error_about(Cause::Sweep, "A sweep can't be used", failure.to_string());
            }
            None => {}
        }
    }
}

/// Gives a new sweep a name of which no runs stand in their usual folder yet: it would take those for its own. The number stands
/// early, because the folder's name is cut.
fn take_unused_name(document: &mut SweepDocument, runs: &Path, experiment: &str) {
    for number in 2..1000 {
        if !default_out(runs, Path::new(&document.proposed_name())).exists() {
            return;
        }
        document.draft.sweep.name = format!("Sweep {number} of {experiment}");
    }
}

/// The active experiment as the base of a sweep: what the sweep names it, the experiment itself where its file does not hold it,
/// and the experiment.
pub(super) fn active_base(
    session: &Session,
) -> Option<(String, Option<Arc<UnsavedBase>>, Experiment)> {
    let document = session.state.active_document()?;
    let experiment = document.experiment.clone();
    match &document.file {
        Some(file) if !document.is_changed() => {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            Some((file.to_string_lossy().into_owned(), None, experiment))
        }
        _ => {
            let unsaved = UnsavedBase {
                experiment: experiment.clone(),
                folder: document.base(),
            };
            Some((String::new(), Some(Arc::new(unsaved)), experiment))
        }
    }
}

pub(super) fn edit_base(session: &mut Session, base: String, unsaved: Option<Arc<UnsavedBase>>) {
    session.state.sweep.was_edited_last = true;
    with_open(session, |open| {
        let mut draft = open.document.draft.clone();
        draft.sweep.base = base;
        draft.base = unsaved;
        open.document.edit(draft, "");
    });
}
