//! What the gallery asks of other threads, and what a person asks of the gallery.

use crate::analysis::out_of_fold::FOLDS;
use crate::app::core::command::GalleryFilter;
use crate::app::core::gallery::{GalleryAction, GalleryRequests, SearchState};
use crate::app::core::session::Session;
use crate::app::core::view_id::ViewId;
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
    };
    session.ask(Question::Gallery(question));
}

/// One step of undo.
fn exclude(session: &mut Session, files: Vec<String>, excluded: bool) {
    let Some(document) = session.state.documents.get_mut(session.state.active) else {
        return;
    };
    let mut experiment = document.experiment.clone();
    let list = &mut experiment.data.exclude;
    if excluded {
        for file in files {
            if !list.contains(&file) {
                list.push(file);
            }
        }
        list.sort_unstable();
    } else {
        list.retain(|file| !files.contains(file));
    }
    document.edit(experiment, "");
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
