//! What the gallery asks of other threads, and what a person asks of the gallery.

use crate::analysis::out_of_fold::FOLDS;
use crate::app::core::command::{GalleryFilter, View};
use crate::app::core::gallery::{GalleryAction, GalleryWants, SearchState};
use crate::app::shell::Graft;
use crate::worker::messages::{GalleryAnswer, GalleryQuestion, Question};

impl Graft {
    pub(in crate::app) fn want_gallery(&mut self, wants: &GalleryWants) {
        for question in self.state.gallery.questions(wants) {
            self.workers.ask(Question::Gallery(question));
        }
    }

    pub(in crate::app) fn do_gallery(&mut self, deed: GalleryAction) {
        let question = match deed {
            GalleryAction::Answer(folder, split) => {
                let asked = (folder.clone(), split);
                if self.state.gallery.answering.insert(asked) {
                    self.workers.ask(Question::EvaluateRun { folder, split });
                }
                return;
            }
            GalleryAction::StopNeighbours => GalleryQuestion::StopNeighbours,
            GalleryAction::StopDuplicates => GalleryQuestion::StopDuplicates,
            GalleryAction::StopCrossValidation => GalleryQuestion::StopOutOfFold,
            GalleryAction::FindDuplicates(folder) => {
                let running = SearchState::Running { done: 0, total: 0 };
                let searches = &mut self.state.gallery.duplicates;
                searches.insert(folder.clone(), running);
                GalleryQuestion::Duplicates { folder }
            }
            GalleryAction::CrossValidate(folder) => {
                let running = SearchState::Running { done: 0, total: 0 };
                let searches = &mut self.state.gallery.out_of_fold;
                searches.insert(folder.clone(), running);
                GalleryQuestion::OutOfFold {
                    folder,
                    folds: FOLDS,
                }
            }
            GalleryAction::Exclude { files, excluded } => return self.exclude(files, excluded),
        };
        self.workers.ask(Question::Gallery(question));
    }

    /// One step of undo.
    fn exclude(&mut self, files: Vec<String>, excluded: bool) {
        let Some(document) = self.state.documents.get_mut(self.state.active) else {
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

    pub(in crate::app) fn gallery_answer(&mut self, answer: GalleryAnswer) {
        self.state.gallery.take(answer);
    }

    pub(in crate::app) fn show_gallery(&mut self, filter: GalleryFilter) {
        let next = self
            .state
            .gallery
            .request
            .as_ref()
            .map_or(0, |(number, _)| number + 1);
        self.state.gallery.request = Some((next, filter));
        self.show_view(View::Gallery);
    }
}
