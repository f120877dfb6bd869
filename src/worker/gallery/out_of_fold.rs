//! The cross-validation of a run's training pictures.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crossbeam_channel::Receiver;

use super::super::messages::{GalleryAnswer, GalleryQuestion};
use super::{Say, lock, waiting};
use crate::analysis::gallery;
use crate::analysis::out_of_fold::{self, OutOfFoldRequest};
use crate::analysis::suspects::{Suspect, wrong_training_labels};
use crate::data::StopFlag;
use crate::runs::RunError;
use crate::training::leave_cores;

/// Answers until the other side hangs up; only the last of several waiting questions matters.
pub(super) fn answer_questions(
    questions: &Receiver<GalleryQuestion>,
    say: &Say,
    stop: &Arc<Mutex<StopFlag>>,
) {
    while let Some(mut new) = waiting(questions, true) {
        let Some(GalleryQuestion::OutOfFold { folder, folds }) = new.pop() else {
            continue;
        };
        let stop = lock(stop).clone();
        let mut progress = |done, total| {
            let folder = folder.clone();
            say(GalleryAnswer::OutOfFoldProgress {
                folder,
                done,
                total,
            });
        };
        let found = catch_unwind(AssertUnwindSafe(|| {
            let request = OutOfFoldRequest {
                folder: &folder,
                folds,
                device: None,
            };
            out_of_fold::predict(&request, &mut progress, &stop)?;
            suspects(&folder, &stop).map(Option::unwrap_or_default)
        }));
        leave_cores();
        let result = match found {
            _ if stop.is_stopped() => None,
            Ok(found) => Some(found.map(Arc::new).map_err(|error| error.to_string())),
            Err(_) => Some(Err(
                "an error inside Graft ended the search; the pictures are untouched".to_owned(),
            )),
        };
        say(GalleryAnswer::OutOfFold { folder, result });
    }
}

/// From the answers that stand in the run's folder; `None` where there are none.
pub(super) fn suspects(folder: &Path, stop: &StopFlag) -> Result<Option<Vec<Suspect>>, RunError> {
    let answered = gallery::open_out_of_fold(folder, stop)?;
    Ok(answered.as_ref().map(wrong_training_labels))
}
