//! The network of a run, with the weights that it kept.

use std::path::Path;

use tch::Device;

use crate::analysis::precision;
use crate::experiment::Precision;
use crate::format;
use crate::ordinary_file;
use crate::runs::{RunError, RunState, StoredRun, cross_validation, files, store};
use crate::training::inference::Classifier;

/// The network of a run with the weights that it kept.
///
/// # Errors
/// When the run kept none, or they do not fit.
pub fn open_classifier(folder: &Path, device: Device) -> Result<Classifier, RunError> {
    open_classifier_in(&store::open(folder)?, device, Precision::Auto)
}

/// The same on the processor in single precision, whatever the run computed in.
///
/// # Errors
/// Those of [`open_classifier`].
pub fn open_in_single_precision(run: &StoredRun) -> Result<Classifier, RunError> {
    open_classifier_in(run, Device::Cpu, Precision::Fp32)
}

/// The same of a run that was read, whose frozen layers compute in what is asked for.
///
/// # Errors
/// Those of [`open_classifier`].
pub fn open_classifier_in(
    run: &StoredRun,
    device: Device,
    asked: Precision,
) -> Result<Classifier, RunError> {
    let folder = run.folder.as_path();
    let weights = folder.join(files::WEIGHTS);
    if !ordinary_file::is_there(&weights) {
        return Err(files::problem(
            folder,
            format!("has no {}: {}", files::WEIGHTS, why_no_weights(run)),
        ));
    }
    files::check(&weights)?;
    let experiment = store::experiment(folder)?;
    let classes = &run.summary.classes;
    let using = precision::using(run, asked);
    Ok(Classifier::open(
        &experiment,
        classes,
        &weights,
        device,
        using,
    )?)
}

fn why_no_weights(run: &StoredRun) -> String {
    if let Some(reason) = cross_validation::why_no_weights(&run.folder) {
        return reason;
    }
    let epochs = format::count(run.metrics.len(), "epoch", "epochs");
    let (finished, can_resume) = (run.metrics.len(), run.summary.can_resume);
    match (&run.summary.state, finished, can_resume) {
        (RunState::Finished, ..) => "they were removed".to_owned(),
        (RunState::Running, ..) => format!(
            "it is being trained now, {epochs} so far, and writes its weights for the first time after about 20 seconds"
        ),
        (_, 0, false) => "the run was interrupted before its first epoch was saved".to_owned(),
        (_, _, true) => format!(
            "the run was interrupted after {epochs}, before they were written; it goes on with graft run --resume"
        ),
        (_, _, false) => {
            format!("the run was interrupted after {epochs}, before they were written")
        }
    }
}
