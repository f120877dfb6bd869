//! What a person does with runs: names, notes, tags, the archive, the trash and back; runs from elsewhere.

use std::path::{Path, PathBuf};

use super::requests::RunRequests;
use crate::app::core::run_names::told_apart;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind, RunRecord};
use crate::format;
use crate::runs::annotations::Change;
use crate::worker::messages::{Failure, Question, RunAction};

/// What begins the title of what could not be done.
const NOT_CHANGED: &str = "Not everything could be changed";

impl RunRequests {
    /// Changes what is said of runs: at once in the window, then in their folders.
    pub fn annotate(&mut self, session: &mut Session, ids: &[String], changes: Vec<Change>) {
        let mut folders = Vec::new();
        let mut refused = None;
        for record in session
            .state
            .runs
            .iter_mut()
            .filter(|run| ids.contains(&run.id))
        {
            let Some(folder) = &record.folder else {
                refused =
                    Some("it has no folder yet: wait until its training has begun".to_owned());
                continue;
            };
            if let Some(problem) = &record.listed.problem {
                refused = Some(problem.clone());
                continue;
            }
            let mut said = record.listed.annotations.clone();
            match changes
                .iter()
                .try_for_each(|change| change.apply(&mut said))
            {
                Ok(()) => {
                    record.listed.annotations = said;
                    folders.push(folder.clone());
                }
                Err(reason) => refused = Some(reason),
            }
        }
        match refused {
            Some(reason) => session.error_about(Cause::ChangingRuns, NOT_CHANGED, reason),
            None => session.has_gone(&Cause::ChangingRuns),
        }
        if !folders.is_empty() {
            let action = RunAction::Annotate(changes);
            session.ask(Question::ChangeRuns { folders, action });
        }
    }

    /// Moves runs to the trash, but for those that train or wait.
    pub fn trash(&mut self, session: &mut Session, ids: &[String]) {
        let chosen = || {
            session
                .state
                .runs
                .iter()
                .filter(|run| ids.contains(&run.id))
        };
        let live: Vec<String> = chosen()
            .filter(|run| run.is_live())
            .map(|run| told_apart(run, &session.state))
            .collect();
        let folders: Vec<PathBuf> = chosen()
            .filter(|run| !run.is_live())
            .filter_map(|run| run.folder.clone())
            .collect();
        if !live.is_empty() {
            let text = format!("{} trains or waits: stop it first", live.join(", "));
            session.error_about(Cause::ChangingRuns, NOT_CHANGED, text);
        }
        if !folders.is_empty() {
            let action = RunAction::Trash;
            session.ask(Question::ChangeRuns { folders, action });
        }
    }

    pub fn restore(&mut self, session: &mut Session, mut folders: Vec<PathBuf>) {
        if folders.is_empty() {
            folders.clone_from(&session.state.trashed);
        }
        session.has_gone(&Cause::Trashed(folders.clone()));
        if !folders.is_empty() {
            let action = RunAction::Restore;
            session.ask(Question::ChangeRuns { folders, action });
        }
    }

    /// What came of a change, of the trash or of what was to be put back.
    pub fn changed(
        &mut self,
        session: &mut Session,
        action: &RunAction,
        results: Vec<(PathBuf, Result<(), Failure>)>,
    ) {
        let (done, failed): (Vec<_>, Vec<_>) =
            results.into_iter().partition(|(_, result)| result.is_ok());
        let done: Vec<PathBuf> = done.into_iter().map(|(folder, _)| folder).collect();
        if let Some((_, Err(failure))) = failed.first() {
            let mut text = failure.to_string();
            if failed.len() > 1 {
                let others = format::count(failed.len() - 1, "other run", "other runs");
                text += &format!(" (and {others})");
            }
            session.error_about(Cause::ChangingRuns, NOT_CHANGED, text);
            // What the window took for done is not.
            session.list_runs();
        }
        match action {
            RunAction::Annotate(_) => {}
            RunAction::Trash if !done.is_empty() => self.trashed(session, done),
            RunAction::Restore if !done.is_empty() => {
                session
                    .state
                    .trashed
                    .retain(|folder| !done.contains(folder));
                let what = format::count(done.len(), "run is", "runs are");
                session.log(NoticeKind::Info, format!("{what} back from the trash"));
                session.list_runs();
            }
            RunAction::Trash | RunAction::Restore => {}
        }
    }

    fn trashed(&mut self, session: &mut Session, folders: Vec<PathBuf>) {
        let is_gone = |run: &RunRecord| {
            !run.is_live()
                && run
                    .folder
                    .as_ref()
                    .is_some_and(|folder| folders.contains(folder))
        };
        let gone: Vec<&RunRecord> = (session.state.runs.iter())
            .filter(|run| is_gone(run))
            .collect();
        let names: Vec<String> = (gone.iter())
            .map(|run| told_apart(run, &session.state))
            .collect();
        let ids: Vec<String> = gone.iter().map(|run| run.id.clone()).collect();
        let shown = gone.iter().filter(|run| run.shown);
        let shown: Vec<PathBuf> = shown.filter_map(|run| run.folder.clone()).collect();
        session.state.shown_in_trash.extend(shown);
        session.state.runs.retain(|run| !ids.contains(&run.id));
        if (session.state.selected_run.as_ref()).is_some_and(|selected| ids.contains(selected)) {
            session.state.selected_run = None;
        }
        for folder in &folders {
            self.opened.remove(folder);
            session.state.forget_answers(folder);
        }
        let title = match &names[..] {
            [name] => format!("Moved {name} to the trash"),
            _ => format!(
                "Moved {} to the trash",
                format::count(folders.len(), "run", "runs")
            ),
        };
        let text = "It is emptied by your desktop, not by Graft.".to_owned();
        session.state.trashed.clone_from(&folders);
        let cause = Cause::Trashed(folders);
        session.notice_about(NoticeKind::Info, Some(cause), title, text);
        session.list_runs();
    }

    /// Looks for runs in a folder that was dropped on the window.
    pub fn find(&mut self, session: &mut Session, folder: PathBuf) {
        session.ask(Question::FindRuns { folder });
    }

    pub fn found(
        &mut self,
        session: &mut Session,
        folder: &Path,
        result: Result<Vec<PathBuf>, Failure>,
    ) {
        let runs = match result {
            Ok(runs) if !runs.is_empty() => runs,
            Ok(_) => {
                let text = format!(
                    "choose a run's own folder, in which preset.ron and summary.json stand, or the folder around several: {}",
                    folder.display()
                );
                session.error_about(Cause::RunsFolder, "No runs there", text);
                return;
            }
            Err(failure) => {
                let text = failure.to_string();
                session.error_about(Cause::RunsFolder, "The folder can't be read", text);
                return;
            }
        };
        let own = session.paths.runs.as_path();
        let elsewhere = &session.settings.runs_elsewhere;
        let is_listed = |folder: &Path| {
            folder == own
                || folder.parent() == Some(own)
                || elsewhere
                    .iter()
                    .any(|known| known == folder || folder.parent() == Some(known))
        };
        let count = format::count(runs.len(), "run", "runs");
        if is_listed(folder) {
            let text = format!("{count} of {}", folder.display());
            session.notice(NoticeKind::Info, "In the list already", text);
            session.list_runs();
        } else if runs.iter().all(|run| run == folder) {
            self.list_from(session, folder, runs.len());
        } else {
            self.offered = Some((folder.to_path_buf(), runs.len()));
        }
    }

    /// Lists the runs of a folder that lies elsewhere, beside those of the folder of runs.
    pub fn list_from(&self, session: &mut Session, folder: &Path, runs: usize) {
        session.settings.runs_elsewhere.push(folder.to_path_buf());
        let text = format!(
            "{} stays where it is: nothing was copied. Its menu takes it out of the list again.",
            folder.display()
        );
        let count = format::count(runs, "run", "runs");
        session.notice(NoticeKind::Info, format!("Listed {count}"), text);
        session.list_runs();
    }

    /// Takes a run from elsewhere out of the list, with the others of the folder that was dropped.
    pub fn unlist(&mut self, session: &mut Session, id: &str) {
        let mut runs = session.state.runs.iter();
        let folder = (runs.find(|run| run.id == id)).and_then(|run| run.folder.clone());
        let Some(folder) = folder else {
            return;
        };
        let elsewhere = &mut session.settings.runs_elsewhere;
        elsewhere.retain(|known| *known != folder && folder.parent() != Some(known));
        session.list_runs();
    }
}
