//! The test of a run whose training did not look at its test pictures, once it was chosen among many.

use std::path::Path;

use super::groups::TestGroups;
use super::{RunError, RunState, RunSummary, atomic, files, folder, rightness, store};
use crate::evaluation::Predictions;
use crate::training::events::TestMetrics;
use crate::training::metrics_of;

/// Why there are no answers on test pictures, and how to get them.
pub const WITHHELD: &str = "this run is a cell of a sweep, whose test pictures nobody looks at before a setting is chosen: look \
    at its validation pictures, and test the chosen setting with graft sweep best SWEEP --test";

/// From now on the run's test pictures may be looked at.
///
/// # Errors
/// When the run has not come to its end, or its folder can't be written.
pub fn release(folder: &Path) -> Result<(), RunError> {
    change(folder, |summary| summary.test_is_withheld = false)
}

/// Keeps in the run's summary what its answers on all its test pictures are worth.
///
/// # Errors
/// When the run has not come to its end, or its folder can't be written.
pub fn keep(folder: &Path, predictions: &Predictions) -> Result<TestMetrics, RunError> {
    let metrics = metrics_of(predictions);
    let kept = metrics.clone();
    change(folder, |summary| {
        summary.test = Some(kept);
        summary.right = Some(rightness::encode(predictions));
        summary.test_groups = TestGroups::new(predictions);
        summary.test_is_withheld = false;
    })?;
    Ok(metrics)
}

fn change(folder: &Path, change: impl FnOnce(&mut RunSummary)) -> Result<(), RunError> {
    let _lock = folder::lock(folder)?;
    let mut summary = store::read_summary(folder)?;
    if summary.state != RunState::Finished {
        return Err(files::problem(
            folder,
            "this run has not come to its end, so that it can't be tested yet",
        ));
    }
    change(&mut summary);
    let path = folder.join(files::SUMMARY);
    atomic::write(&path, &files::summary(&summary)?)
        .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
}
