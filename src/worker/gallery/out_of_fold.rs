//! The cross-validation of a run's training pictures.

use std::path::Path;
use std::sync::Arc;

use super::super::messages::{Answer, Failure, GalleryAnswer, GalleryQuestion, Question};
use super::Say;
use crate::analysis::gallery;
use crate::analysis::out_of_fold::{self, OutOfFoldRequest};
use crate::analysis::suspects::{Suspect, wrong_training_labels};
use crate::data::StopFlag;
use crate::runs::RunError;

pub(super) fn answer(question: &Question, say: &Say, stop: &StopFlag) -> Option<Answer> {
    let Question::Gallery(GalleryQuestion::OutOfFold { folder, folds }) = question else {
        return None;
    };
    let mut progress = |done, total| {
        let folder = folder.clone();
        say(GalleryAnswer::OutOfFoldProgress {
            folder,
            done,
            total,
        });
    };
    let request = OutOfFoldRequest {
        folder,
        folds: *folds,
        device: None,
    };
    let found = out_of_fold::predict(&request, &mut progress, stop)
        .and_then(|_| suspects(folder, stop).map(Option::unwrap_or_default));
    Some(Answer::Gallery(GalleryAnswer::OutOfFold {
        folder: folder.clone(),
        result: if stop.is_stopped() {
            Err(Failure::Stopped)
        } else {
            found.map(Arc::new).map_err(Failure::from)
        },
    }))
}

/// From the answers that stand in the run's folder; `None` where there are none.
pub(super) fn suspects(folder: &Path, stop: &StopFlag) -> Result<Option<Vec<Suspect>>, RunError> {
    let answered = gallery::open_out_of_fold(folder, stop)?;
    Ok(answered.as_ref().map(wrong_training_labels))
}
