//! What the gallery asks of other threads, and what a person asks of the gallery.

use crate::analysis::out_of_fold::FOLDS;
use crate::analysis::suspects::kept_together;
use crate::app::core::command::GalleryFilter;
use crate::app::core::evaluation::pictures_of;
use crate::app::core::gallery::{GalleryAction, GalleryRequests, SearchState};
use crate::app::core::session::Session;
use crate::app::core::state::{Document, NoticeKind};
use crate::app::core::view_id::ViewId;
use crate::experiment::DataConfig;
use crate::format;
use crate::worker::messages::{GalleryQuestion, Question};

/// Asks for what views show of the gallery's pictures and lack.
pub fn ask(session: &mut Session, requests: &GalleryRequests) {
    for question in session.state.gallery.questions(requests) {
        session.workers.ask(Question::Gallery(question));
    }
}

pub fn carry_out(session: &mut Session, action: GalleryAction) {
    let question = match action {
        GalleryAction::Answer(folder, split) => {
            let asked = (folder.clone(), split);
            if session.state.gallery.answering.insert(asked) {
                session.ask(Question::EvaluateRun {
                    folder,
                    split,
                    only_kept: false,
                });
            }
            return;
        }
        GalleryAction::StopNeighbours => {
            session.state.gallery.stop_neighbours();
            GalleryQuestion::StopNeighbours
        }
        GalleryAction::StopDuplicates => GalleryQuestion::StopDuplicates,
        GalleryAction::StopCrossValidation => GalleryQuestion::StopOutOfFold,
        GalleryAction::FindDuplicates(folder) => {
            let running = SearchState::Running { done: 0, total: 0 };
            let searches = &mut session.state.gallery.duplicates;
            searches.insert(folder.clone(), running);
            GalleryQuestion::Duplicates { folder }
        }
        GalleryAction::CrossValidate(folder) => {
            let running = SearchState::Running { done: 0, total: 0 };
            let searches = &mut session.state.gallery.out_of_fold;
            searches.insert(folder.clone(), running);
            GalleryQuestion::OutOfFold {
                folder,
                folds: FOLDS,
            }
        }
        GalleryAction::Exclude { files, excluded } => return exclude(session, files, excluded),
        GalleryAction::KeepTogether(sets) => return keep_together(session, &sets),
    };
    session.ask(Question::Gallery(question));
}

/// In all open experiments on the same pictures: runs of them are compared only where they were tested on the same. One step of
/// undo in each. The names of the experiments.
fn change_all(session: &mut Session, change: impl Fn(&mut DataConfig)) -> Vec<String> {
    let pictures =
        |document: &Document| pictures_of(&document.experiment, document.base().as_deref());
    let Some(in_front) = session.state.active_document().map(pictures) else {
        return Vec::new();
    };
    let active = session.state.active;
    let mut names = Vec::new();
    for (index, document) in session.state.documents.iter_mut().enumerate() {
        let is_on_them = in_front.is_some() && pictures(document) == in_front;
        if index != active && !is_on_them {
            continue;
        }
        let mut experiment = document.experiment.clone();
        change(&mut experiment.data);
        names.push(format!("“{}”", experiment.name));
        document.edit(experiment, "");
    }
    names
}

fn keep_together(session: &mut Session, sets: &[Vec<String>]) {
    let names = change_all(session, |data| {
        data.split.together = kept_together(&data.split.together, sets);
    });
    if !names.is_empty() {
        let number = sets.iter().map(Vec::len).sum();
        let title = format!(
            "{} kept together in {}",
            format::count(number, "picture is", "pictures are"),
            names.join(", ")
        );
        let text = "The next runs have other parts of the split, so that they are not compared with those before.";
        session.notice(NoticeKind::Info, title, text);
    }
}

fn exclude(session: &mut Session, files: Vec<String>, excluded: bool) {
    let names = change_all(session, |data| {
        let list = &mut data.exclude;
        if excluded {
            list.extend(files.iter().cloned());
            list.sort_unstable();
            list.dedup();
        } else {
            list.retain(|file| !files.contains(file));
        }
    });
    if names.len() > 1 {
        let pictures = format::count(files.len(), "picture", "pictures");
        let title = match excluded {
            true => format!("Excluded {pictures} from {}", names.join(", ")),
            false => format!("Included {pictures} again in {}", names.join(", ")),
        };
        let text = "These experiments are about the same pictures, so that their next runs stay comparable.";
        session.notice(NoticeKind::Info, title, text);
    }
}

pub fn show(session: &mut Session, filter: GalleryFilter) {
    let next = session
        .state
        .gallery
        .request
        .as_ref()
        .map_or(0, |(number, _)| number + 1);
    session.state.gallery.request = Some((next, filter));
    session.show_view(ViewId::GALLERY);
}
