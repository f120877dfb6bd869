//! Opens every picture that was found, unless it was opened before and has not changed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::super::contents::{self, Contents, KnownContents};
use super::super::decode::Notes;
use super::super::records::RecordFile;
use super::super::{DataError, Dataset, Picture, PictureSource, Problem, StopFlag};
use super::{Candidate, FoundPictures, ScanProgress, depth};

/// Pictures between two reports of progress.
const REPORT_EVERY: usize = 50;

/// Decodes every candidate on all cores; what does not decode becomes a problem.
pub(super) fn check(
    mut found: FoundPictures,
    progress: ScanProgress<'_>,
    stop: &StopFlag,
) -> Result<Dataset, DataError> {
    found.make_names_unique();
    check_record_files(&mut found, stop)?;
    let total = found.candidates.len();
    let done = AtomicUsize::new(0);
    progress(0, total);
    let known = KnownContents::of_user();
    let sizes = known_sizes(&known, &found.candidates);
    let checked: Vec<Result<Checked, Problem>> = found
        .candidates
        .into_par_iter()
        .zip(sizes)
        .map(|(candidate, size)| {
            if stop.is_stopped() {
                return Err(DataError::Stopped);
            }
            let checked = match size {
                Some((size, notes)) => Ok(Checked {
                    picture: candidate.into_picture(size),
                    notes,
                    contents: None,
                }),
                None => open(candidate),
            };
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
        remarks: found.remarks,
    };
    let mut new = Vec::new();
    let notes: Vec<Notes> = checked
        .iter()
        .flatten()
        .map(|checked| checked.notes)
        .collect();
    dataset.remarks.extend(depth::remarks(&notes));
    let refuses_few_bits = depth::are_few_bits(&notes);
    for outcome in checked {
        match outcome {
            Ok(Checked {
                picture,
                notes,
                contents,
            }) => {
                if let Some(contents) = contents {
                    new.push((picture.source.path().to_path_buf(), contents));
                }
                match notes.refusal().filter(|_| refuses_few_bits) {
                    Some(reason) => dataset.problems.push(Problem {
                        path: picture.source.path().to_path_buf(),
                        reason,
                    }),
                    None => dataset.pictures.push(picture),
                }
            }
            Err(problem) => dataset.problems.push(problem),
        }
    }
    known.remember(new);
    progress(total, total);
    Ok(dataset)
}

/// Unpacks each file of many pictures once; one that is damaged becomes one problem, not one for each picture.
fn check_record_files(found: &mut FoundPictures, stop: &StopFlag) -> Result<(), DataError> {
    let mut files: Vec<Arc<RecordFile>> = Vec::new();
    for candidate in &found.candidates {
        if let PictureSource::Record { file, .. } = &candidate.source
            && files.last().is_none_or(|last| !Arc::ptr_eq(last, file))
            && !files.iter().any(|known| Arc::ptr_eq(known, file))
        {
            files.push(file.clone());
        }
    }
    let mut damaged: Vec<Arc<RecordFile>> = Vec::new();
    for file in files {
        if stop.is_stopped() {
            return Err(DataError::Stopped);
        }
        if let Err(reason) = file.check() {
            found.problem(file.path(), reason);
            damaged.push(file);
        }
    }
    if !damaged.is_empty() {
        found
            .candidates
            .retain(|candidate| match &candidate.source {
                PictureSource::Record { file, .. } => {
                    !damaged.iter().any(|damaged| Arc::ptr_eq(damaged, file))
                }
                PictureSource::File(_) => true,
            });
    }
    Ok(())
}

/// A usable picture, and what was found beside its pixels.
struct Checked {
    picture: Picture,
    notes: Notes,
    /// To be remembered.
    contents: Option<Contents>,
}

/// Of pictures that were decoded whole before and have not changed.
fn known_sizes(
    known: &KnownContents,
    candidates: &[Candidate],
) -> Vec<Option<((u32, u32), Notes)>> {
    let files: Vec<&Path> = candidates
        .iter()
        .filter(|candidate| matches!(candidate.source, PictureSource::File(_)))
        .map(|candidate| candidate.source.path())
        .collect();
    let mut sizes = known.sizes(&files).into_iter();
    candidates
        .iter()
        .map(|candidate| match candidate.source {
            PictureSource::File(_) => sizes.next().flatten(),
            PictureSource::Record { .. } => None,
        })
        .collect()
}

/// Decodes a picture whole. Of a file also what it holds, to be remembered.
fn open(candidate: Candidate) -> Result<Checked, Problem> {
    let path = match &candidate.source {
        // Any bytes are a picture, and that there are as many as it takes has been seen.
        PictureSource::Record { file, .. } => {
            let size = file.size();
            return Ok(Checked {
                picture: candidate.into_picture(size),
                notes: Notes::default(),
                contents: None,
            });
        }
        PictureSource::File(path) => path,
    };
    let told = contents::decode_and_describe(path).map_err(|error| error.into_problem(path))?;
    Ok(Checked {
        picture: candidate.into_picture(told.size),
        notes: told.notes,
        contents: told.contents,
    })
}

impl Candidate {
    fn into_picture(self, size: (u32, u32)) -> Picture {
        let Self {
            source,
            name,
            label,
            split,
            group,
        } = self;
        Picture {
            source,
            name,
            label,
            size,
            split,
            group,
        }
    }
}
