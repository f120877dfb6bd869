//! The features on disk that a run may use, with what its pictures' files hold.

use tch::Device;

use super::environment::Environment;
use crate::data::contents::KnownContents;
use crate::training::error::TrainingError;
use crate::training::events::Activity;
use crate::training::features::disk::Disk;
use crate::training::features::key::{SegmentDigests, Surroundings};
use crate::training::features::scratch::Scratch;
use crate::training::reporter::Reporter;
use crate::training::request::TrainingRequest;

/// The features on disk, where they may be kept. Reads the files of `pictures` that no run has read before, or that have changed
/// since, to know them again.
pub(super) fn open_disk(
    request: &TrainingRequest,
    environment: &Environment<'_>,
    (surroundings, digests): (Surroundings, SegmentDigests),
    device: Device,
    pictures: &[usize],
    reporter: &mut Reporter<'_>,
) -> Result<Option<Disk>, TrainingError> {
    let Some(cache) = &environment.cache else {
        return Ok(None);
    };
    let Some(disk) = Disk::open(
        cache,
        environment.reading_bytes_per_second,
        surroundings,
        &request.experiment.augmentation,
        &request.dataset,
        device,
        digests,
    ) else {
        return Ok(None);
    };
    let scratch = match &environment.scratch {
        Ok(folder) => folder.clone().map(Scratch::new),
        Err(why_not) => {
            reporter.warn(why_not.clone())?;
            None
        }
    };
    let mut disk = disk.behind(scratch);
    let known = KnownContents::new(cache);
    let remembered = known.remembered(&request.dataset, pictures);
    let new: Vec<usize> = pictures
        .iter()
        .zip(&remembered)
        .filter(|(_, contents)| contents.is_none())
        .map(|(&picture, _)| picture)
        .collect();
    disk.set_contents(pictures, remembered);
    if !new.is_empty() {
        reporter.begin(Activity::CheckingPictures, new.len())?;
        let stop = reporter.stop_flag().clone();
        let dataset = &*request.dataset;
        let contents = reporter.watch("graft-check", |read| {
            Ok(known.of(dataset, &new, read, &stop)?)
        })?;
        disk.set_contents(&new, contents);
    }
    Ok(Some(disk))
}
