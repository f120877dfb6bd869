//! The search for duplicates across a run's split.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use crossbeam_channel::Receiver;

use super::super::messages::{GalleryAnswer, GalleryQuestion};
use super::{Say, lock, waiting};
use crate::analysis::suspects;
use crate::data::StopFlag;

/// Answers until the other side hangs up; only the last of several waiting questions matters.
pub(super) fn answer_questions(
    questions: &Receiver<GalleryQuestion>,
    say: &Say,
    stop: &Arc<Mutex<StopFlag>>,
) {
    while let Some(mut new) = waiting(questions, true) {
        let Some(GalleryQuestion::Duplicates { folder }) = new.pop() else {
            continue;
        };
        let stop = lock(stop).clone();
        let progress = |done, total| {
            let folder = folder.clone();
            say(GalleryAnswer::DuplicatesProgress {
                folder,
                done,
                total,
            });
        };
        let found = catch_unwind(AssertUnwindSafe(|| {
            suspects::duplicates_of_run(&folder, &progress, &stop)
                .map_err(|error| error.to_string())
        }));
        let result = match found {
            _ if stop.is_stopped() => None,
            Ok(found) => Some(found),
            Err(_) => Some(Err(
                "an error inside Graft ended the search; the pictures are untouched".to_owned(),
            )),
        };
        say(GalleryAnswer::Duplicates { folder, result });
    }
}
