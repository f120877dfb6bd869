//! Opens every picture that was found.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::super::decode::{CIFAR10_SIDE, decode};
use super::super::{DataError, Dataset, Picture, PictureSource, Problem, StopFlag};
use super::{Candidate, Found, ScanProgress};

/// Pictures between two reports of progress.
const REPORT_EVERY: usize = 50;

/// Decodes every candidate on all cores; what does not decode becomes a problem.
pub(super) fn check(
    mut found: Found,
    progress: ScanProgress<'_>,
    stop: &StopFlag,
) -> Result<Dataset, DataError> {
    found.make_names_unique();
    let total = found.candidates.len();
    let done = AtomicUsize::new(0);
    progress(0, total);
    let checked: Vec<Result<Picture, Problem>> = found
        .candidates
        .into_par_iter()
        .map(|candidate| {
            if stop.is_stopped() {
                return Err(DataError::Stopped);
            }
            let checked = open(candidate);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(REPORT_EVERY) {
                progress(done, total);
            }
            Ok(checked)
        })
        .collect::<Result<_, _>>()?;
    let mut dataset = Dataset {
        classes: found.classes,
        pictures: Vec::with_capacity(total),
        problems: found.problems,
        excluded: Vec::new(),
    };
    for outcome in checked {
        match outcome {
            Ok(picture) => dataset.pictures.push(picture),
            Err(problem) => dataset.problems.push(problem),
        }
    }
    progress(total, total);
    Ok(dataset)
}

fn open(candidate: Candidate) -> Result<Picture, Problem> {
    let size = match &candidate.source {
        // Any bytes are a picture, and the record's place was checked against the file's length.
        PictureSource::Cifar10 { .. } => (CIFAR10_SIDE, CIFAR10_SIDE),
        source @ PictureSource::File(path) => {
            let pixels = decode(source).map_err(|error| error.into_problem(path))?;
            (pixels.width, pixels.height)
        }
    };
    let Candidate {
        source,
        name,
        label,
        split,
    } = candidate;
    Ok(Picture {
        source,
        name,
        label,
        size,
        split,
    })
}
