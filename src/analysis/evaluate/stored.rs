//! A run's answers on a split, as they stand in its folder.

use std::path::Path;

use super::{EvaluatedRun, Pictures};
use crate::data::Split;
use crate::evaluation::Predictions;
use crate::runs::answers::{self, Validity};
use crate::runs::members::{self, Member};
use crate::runs::{RunError, files, folder, groups, store};
use crate::training::FrozenPrecision;

/// The file in a run's folder that holds its answers on a split: on the test pictures, what the
/// training itself wrote.
pub(super) fn stored_file(split: Split) -> &'static str {
    match split {
        Split::Train => "predictions_train.csv",
        Split::Validation => "predictions_validation.csv",
        Split::Test => files::PREDICTIONS,
    }
}

/// Answers on a split as they stand in the run's folder. `None` where they have not been worked out,
/// or belong to other weights or pictures.
///
/// # Errors
/// When a file is there and can't be read.
pub fn stored(folder: &Path, split: Split) -> Result<Option<Predictions>, RunError> {
    if !folder.join(stored_file(split)).is_file() {
        return Ok(None);
    }
    let members = members::of_split(members::read(folder)?, split);
    let views = views(folder, Pictures::Of(split), false)?;
    Ok(stored_for(folder, split, &members, views)?.map(|(predictions, _)| predictions))
}

/// The same, as long as these answers were seen as the test pictures are: what is fitted on them holds for those.
///
/// # Errors
/// When a file is there and can't be read.
pub fn stored_as_tested(folder: &Path, split: Split) -> Result<Option<Predictions>, RunError> {
    match views(folder, Pictures::Of(split), false)? == store::test_views(folder)? {
        true => stored(folder, split),
        false => Ok(None),
    }
}

/// In how many views pictures are seen.
///
/// # Errors
/// When the run's preset can't be read.
pub(super) fn views(folder: &Path, pictures: Pictures, as_tested: bool) -> Result<u32, RunError> {
    match pictures {
        Pictures::Of(Split::Train | Split::Validation) if !as_tested => Ok(1),
        _ => store::test_views(folder),
    }
}

/// # Errors
/// When a file is there and can't be read.
pub(super) fn stored_for(
    folder: &Path,
    split: Split,
    members: &[Member],
    views: u32,
) -> Result<Option<(Predictions, Validity)>, RunError> {
    let validity = answers::validity(folder, stored_file(split), views)?;
    if validity == Validity::Stale {
        return Ok(None);
    }
    let path = folder.join(stored_file(split));
    let mut predictions = files::parse_predictions(&files::read(&path)?, &path)?;
    predictions.groups = groups::read(folder)?;
    let is_whole = predictions.rows.len() == members.len()
        && std::iter::zip(&predictions.rows, members).all(|(row, member)| {
            row.file == member.file
                && predictions.classes.get(row.truth as usize) == Some(&member.class)
        });
    Ok(is_whole.then_some((predictions, validity)))
}

/// Writes answers into the run's folder, as its only writer for that moment. `checkpoint`: the weights that gave them.
///
/// # Errors
/// When the folder can't be written, or its weights were changed meanwhile.
pub(super) fn keep(
    folder: &Path,
    split: Split,
    result: &EvaluatedRun,
    checkpoint: Option<String>,
    precision: FrozenPrecision,
) -> Result<(), RunError> {
    let _lock = folder::lock(folder)?;
    let Some(checkpoint) = checkpoint.filter(|one| {
        answers::checkpoint(folder).is_ok_and(|now| now.as_deref() == Some(one.as_str()))
    }) else {
        return Err(files::problem(
            &folder.join(files::WEIGHTS),
            "the weights were changed meanwhile",
        ));
    };
    let bytes = files::predictions(&result.predictions)?;
    let of = answers::Provenance {
        checkpoint: &checkpoint,
        views: result.views,
        precision,
    };
    answers::keep(folder, stored_file(split), &bytes, of)
}
