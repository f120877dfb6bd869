//! The search for duplicates across a run's split.

use super::super::messages::{Answer, Failure, GalleryAnswer, GalleryQuestion, Question};
use super::Say;
use crate::analysis::suspects;
use crate::data::StopFlag;

pub(super) fn answer(question: &Question, say: &Say, stop: &StopFlag) -> Option<Answer> {
    let Question::Gallery(GalleryQuestion::Duplicates { folder }) = question else {
        return None;
    };
    let progress = |done, total| {
        let folder = folder.clone();
        say(GalleryAnswer::DuplicatesProgress {
            folder,
            done,
            total,
        });
    };
    let found = suspects::duplicates_of_run(folder, &progress, stop);
    Some(Answer::Gallery(GalleryAnswer::Duplicates {
        folder: folder.clone(),
        // What a stopped search says may be half of it.
        result: if stop.is_stopped() {
            Err(Failure::Stopped)
        } else {
            found.map_err(Failure::from)
        },
    }))
}
