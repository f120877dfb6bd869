//! `graft run --resume`: which run goes on, and what is said of it.

use std::path::Path;

use anyhow::bail;

use super::output;
use super::run::{self, Planned};
use crate::format;
use crate::runs::{RunRecorder, RunState, RunSummary, store};
use crate::shown;
use crate::training::ResumePoint;

/// The run that `--resume` asks for: the one in the folder that is named, the newest unfinished one of
/// the preset, or a new one.
///
/// # Errors
/// When the preset can't be used, or the run that is named can't be gone on with.
pub fn plan(arguments: &run::Arguments) -> anyhow::Result<Planned> {
    let ([folder], 1) = (&arguments.presets[..], arguments.seeds) else {
        bail!("--resume goes on with one run: give one preset or folder, and no --seeds");
    };
    if folder.is_dir() {
        if !arguments.set.is_empty() || arguments.data.is_some() || arguments.out.is_some() {
            bail!(
                "a run goes on as it began: --set, --data and --out go with a preset, not with a run's folder"
            );
        }
        let state = store::open(folder)?.summary.state;
        if state == RunState::Finished {
            bail!(
                "this run has come to its end, so there is nothing to resume: {}",
                folder.display()
            );
        }
        return Ok(Planned {
            experiment: store::experiment(folder)?,
            base: None,
            resumed: Some(std::path::absolute(folder).unwrap_or_else(|_| folder.clone())),
        });
    }
    let (experiment, base) = run::experiment(folder, arguments)?;
    let runs = run::runs_folder(arguments.out.clone());
    let resumed = store::find_unfinished(&runs, &experiment, base.as_deref());
    if resumed.is_none() {
        output::warn(&format!(
            "There is no unfinished run of this experiment: a new one begins ({})",
            runs.display()
        ));
    }
    // What the unfinished run says is the same, with paths that hold from here.
    let experiment = match &resumed {
        Some(folder) => store::experiment(folder)?,
        None => experiment,
    };
    Ok(Planned {
        base: base.filter(|_| resumed.is_none()),
        experiment,
        resumed,
    })
}

/// From where a run goes on.
pub fn line(recorder: &RunRecorder, point: Option<&ResumePoint>) -> String {
    let folder = recorder.folder().display();
    match point {
        Some(point) => format!(
            "Resuming after epoch {} of {}: {folder}",
            point.standing.epoch,
            recorder.summary().epochs_planned
        ),
        None => format!("No epoch had been finished, so the run begins anew: {folder}"),
    }
}

/// What a run that was stopped says at its end.
pub fn after_stop(folder: &Path, summary: &RunSummary, epochs: usize) -> String {
    let when = match epochs {
        0 => "before its first epoch was finished".to_owned(),
        epochs => format!(
            "after {} of {}",
            format::count(epochs, "epoch", "epochs"),
            summary.epochs_planned
        ),
    };
    format!(
        "the training was stopped {when}; what was learned so far stands in its folder. Go on with\n  graft run --resume \"{}\"",
        shown::line(&folder.display().to_string())
    )
}
