//! What tells pictures that are none of a run's classes: as the training kept it, else worked out once and kept.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use super::evaluate::{self, FoundPictures, Pictures};
use crate::data::{DataError, Picture, PictureSource, Problem, Split, StopFlag, scan};
use crate::evaluation::neighbours::FeatureIndex;
use crate::evaluation::novelty::{KnownNovelty, MOST_PICTURES, NoveltyReference, drawn};
use crate::runs::digests::Digests;
use crate::runs::novelty::{self, Kept};
use crate::runs::{RunError, answers, files, folder, members, store};
use crate::training::NetworkOutput;
use crate::training::inference::Classifier;
use crate::training::novelty::{ReferenceRows, reference};

/// What tells pictures that are none of the classes of the run in `folder`, whose network `classifier` is. A run that kept
/// none, or whose file is damaged or of other weights, gets it, where its pictures are still there: `progress` then hears how
/// many of them are done, and of how many.
///
/// # Errors
/// [`RunError::Stopped`] within one batch of the stop flag; and why there is none.
pub fn open(
    folder: &Path,
    classifier: &Classifier,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<NoveltyReference, RunError> {
    let why = match novelty::read(folder)? {
        Kept::Current(reference) => return Ok(reference),
        Kept::Nothing => "it was trained by a version of Graft that did not keep what that takes",
        Kept::Stale => "what it kept for that is of other weights than it has now",
        Kept::Damaged(reason) => {
            log::warn!("what tells pictures of no class is worked out anew: {reason}");
            "what it kept for that is damaged"
        }
    };
    compute(folder, classifier, progress, stop).map_err(|error| match error {
        RunError::Stopped => error,
        error => files::problem(
            &folder.join(novelty::FILE),
            format!(
                "this run can't tell pictures that are none of its classes: {why}, and working it out takes its pictures ({error})"
            ),
        ),
    })
}

/// As far as it stands in the run's folder.
pub fn stored(folder: &Path) -> Option<NoveltyReference> {
    current(novelty::read(folder))
}

/// The same without the features: distances of the run's own pictures can be shown without its network.
pub fn known(folder: &Path) -> Option<KnownNovelty> {
    current(novelty::read_known(folder, || answers::checkpoint(folder)))
}

fn current<T>(kept: Result<Kept<T>, RunError>) -> Option<T> {
    match kept {
        Ok(Kept::Current(current)) => Some(current),
        _ => None,
    }
}

fn compute(
    folder: &Path,
    classifier: &Classifier,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<NoveltyReference, RunError> {
    let checkpoint = answers::checkpoint(folder)?;
    let run = store::open(folder)?;
    let experiment = store::experiment(folder)?;
    let all = members::read(folder)?;
    let digests = Digests::read(folder);
    let mut is_whole = true;
    let mut found: Vec<Vec<Picture>> = Vec::new();
    for split in [Split::Train, Split::Validation, Split::Test] {
        let members = members::of_split(all.clone(), split);
        if members.is_empty() {
            found.push(Vec::new());
            continue;
        }
        let FoundPictures {
            dataset,
            problems,
            changed,
        } = evaluate::find(
            &experiment,
            &run.summary,
            Pictures::Of(split),
            &members,
            digests.as_ref(),
            stop,
        )?;
        is_whole &= problems.is_empty() && changed.is_empty();
        found.push(dataset.pictures);
    }
    let labels: Vec<u32> = found[0].iter().map(|picture| picture.label).collect();
    let training_pictures = labels.len();
    let taken = drawn(&labels, MOST_PICTURES, experiment.seed);
    found[0] = taken.iter().map(|&at| found[0][at].clone()).collect();
    let total: usize = found.iter().map(Vec::len).sum();
    let mut before = 0;
    let mut indices = Vec::new();
    for pictures in &found {
        progress(before, total);
        let mut report = |done| progress(before + done, total);
        let index = features(classifier, pictures, &mut report, stop)?;
        is_whole &= index.len() == pictures.len();
        before += pictures.len();
        indices.push(index);
    }
    progress(total, total);
    let (Some(test), Some(validation), Some(train)) = (indices.pop(), indices.pop(), indices.pop())
    else {
        return Err(files::problem(folder, "has no split"));
    };
    let device = classifier.device();
    let reference = reference(train, training_pictures, validation, test, device)?;
    // What is incomplete, or may be of other pictures, is worked out again next time.
    if is_whole
        && let Some(checkpoint) = checkpoint
        && let Err(error) = keep(folder, &reference, &checkpoint)
    {
        log::info!("what tells pictures of no class is not kept: {error}");
    }
    Ok(reference)
}

fn keep(folder: &Path, reference: &NoveltyReference, checkpoint: &str) -> Result<(), RunError> {
    let _lock = folder::lock(folder)?;
    match answers::checkpoint(folder)?.as_deref() == Some(checkpoint) {
        true => novelty::keep(folder, reference, checkpoint),
        false => Err(files::problem(
            &folder.join(files::WEIGHTS),
            "the weights were changed meanwhile",
        )),
    }
}

/// Features of the `pictures` that can be read, by their names. `report` hears how many are done.
///
/// # Errors
/// [`RunError::Stopped`], and libtorch's own.
fn features(
    classifier: &Classifier,
    pictures: &[Picture],
    report: &mut dyn FnMut(usize),
    stop: &StopFlag,
) -> Result<FeatureIndex, RunError> {
    let sources: Vec<PictureSource> = pictures
        .iter()
        .map(|picture| picture.source.clone())
        .collect();
    let mut index = FeatureIndex::default();
    let mut deliver = |positions: Range<usize>, outputs: Vec<Result<NetworkOutput, DataError>>| {
        report(positions.end);
        for (picture, output) in pictures[positions].iter().zip(outputs) {
            match output {
                Ok(output) => index.add(&picture.name, &output.features),
                Err(error) => log::info!("left out of what pictures are compared with: {error}"),
            }
        }
        ControlFlow::Continue(())
    };
    classifier.answer_each(&sources, true, stop, &mut deliver)?;
    Ok(index)
}

/// Pictures of other kinds, as a network sees them.
#[derive(Debug, Default)]
pub struct OtherPictures {
    pub distances: Vec<f32>,
    /// One row for each distance.
    pub probabilities: Vec<Vec<f32>>,
    /// Pictures that can't be read.
    pub problems: Vec<Problem>,
}

/// Every picture below `path` beside those that `reference` is of.
///
/// # Errors
/// [`RunError::Stopped`], when there are none, and libtorch's own.
pub fn others(
    reference: &NoveltyReference,
    classifier: &Classifier,
    path: &Path,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<OtherPictures, RunError> {
    let (pictures, problems) = scan::pictures_below(path, stop)?;
    let sources: Vec<PictureSource> = pictures
        .iter()
        .map(|(path, _)| PictureSource::File(path.clone()))
        .collect();
    let mut found = OtherPictures {
        problems,
        ..OtherPictures::default()
    };
    let mut rows = FeatureIndex::default();
    progress(0, sources.len());
    let mut deliver = |positions: Range<usize>, outputs: Vec<Result<NetworkOutput, DataError>>| {
        progress(positions.end, sources.len());
        for (source, output) in sources[positions].iter().zip(outputs) {
            match output {
                Ok(output) => {
                    rows.add("", &output.features);
                    let row = output.probabilities.iter().map(|&value| value as f32);
                    found.probabilities.push(row.collect());
                }
                Err(error) => found.problems.push(error.into_problem(source.path())),
            }
        }
        ControlFlow::Continue(())
    };
    classifier.answer_each(&sources, true, stop, &mut deliver)?;
    let compared = ReferenceRows::new(&reference.index, classifier.device())?;
    found.distances = compared.distances(&rows)?;
    if found.distances.is_empty() {
        return Err(files::problem(path, "holds no picture that can be read"));
    }
    Ok(found)
}

#[cfg(test)]
#[path = "novelty_tests.rs"]
mod tests;
