//! `graft run --resume`: which runs go on, and what is said of them.

use std::path::Path;

use anyhow::bail;

use super::output;
use super::run::{self, Planned};
use crate::analysis::evaluate::source_at;
use crate::format;
use crate::paths;
use crate::runs::{Continuation, RunRecorder, RunState, RunSummary, store};
use crate::shown;
use crate::training::ResumePoint;

/// `+10`: so many epochs more.
pub fn more_epochs(text: &str) -> Result<u32, String> {
    let number = text
        .strip_prefix('+')
        .ok_or("write +10 for ten more epochs")?;
    match number.parse() {
        Ok(0) | Err(_) => Err(format!(
            "“{text}” is no number of epochs: write +10 for ten more"
        )),
        Ok(more) => Ok(more),
    }
}

/// The runs that `--resume` asks for: the one in the folder that is named, or of every preset under every seed the newest
/// unfinished one, or a new one. In a series, what has come to its end is skipped.
///
/// # Errors
/// When a preset can't be used, or a run can't be gone on with.
pub fn plan(arguments: &run::Arguments) -> anyhow::Result<Vec<Planned>> {
    if let [folder] = &arguments.presets[..] {
        let numbered = super::runs::of_number(folder);
        if let Some(folder) = numbered
            .as_ref()
            .or_else(|| folder.is_dir().then_some(folder))
        {
            return Ok(vec![of_folder(folder, arguments)?]);
        }
    }
    if arguments.epochs.is_some() {
        bail!(
            "--epochs goes with the folder of one finished run: graft run --resume RUN --epochs +10"
        );
    }
    let mut series = run::series(arguments)?;
    let is_several = series.len() > 1;
    for planned in &mut series {
        of_preset(planned, arguments, is_several)?;
    }
    Ok(series)
}

/// The run in `folder`.
fn of_folder(folder: &Path, arguments: &run::Arguments) -> anyhow::Result<Planned> {
    if !arguments.set.is_empty() || arguments.out.is_some() || arguments.seeds != 1 {
        bail!(
            "a run goes on as it began: --set, --seeds and --out go with a preset, not with a run's folder"
        );
    }
    let summary = store::open(folder)?.summary;
    match summary.state {
        RunState::Running => bail!("{}", is_training(folder)),
        _ if summary.folds.is_some() && arguments.epochs.is_some() => bail!(
            "a cross-validation is not trained for more epochs; its folds are runs of their own: {}",
            folder.display()
        ),
        RunState::Finished if summary.folds.is_some() && arguments.refit => {}
        RunState::Finished if summary.folds.is_some() => bail!(
            "this cross-validation has come to its end, so there is nothing to resume; one network on all pictures is trained \
             with --refit: {}",
            folder.display()
        ),
        RunState::Finished if arguments.epochs.is_none() => bail!(
            "this run has come to its end, so there is nothing to resume; more epochs are trained with --epochs +N: {}",
            folder.display()
        ),
        _ => {}
    }
    let mut experiment = store::experiment(folder)?;
    let mut moved = None;
    if let Some(path) = &arguments.data {
        experiment.data.source = source_at(&experiment.data.source, path)?;
        moved = Some(experiment.clone());
    }
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    Ok(Planned {
        resumed: Some(absolute),
        continuation: Continuation {
            experiment: moved,
            more_epochs: arguments.epochs,
        },
        ..Planned::new(experiment, None)
    })
}

/// A run of the planned experiment that is there already.
fn of_preset(
    planned: &mut Planned,
    arguments: &run::Arguments,
    is_several: bool,
) -> anyhow::Result<()> {
    let runs = run::runs_folder(arguments.out.clone());
    let known = store::same(&runs, &planned.experiment, planned.base.as_deref());
    let of = |wanted: fn(&RunState) -> bool| {
        known
            .iter()
            .find(|(summary, _)| wanted(&summary.state))
            .map(|(_, folder)| folder.clone())
    };
    let is_unfinished = |state: &RunState| !matches!(state, RunState::Finished | RunState::Running);
    if let Some(folder) = of(is_unfinished) {
        // What the unfinished run says is the same, with paths that hold from here.
        planned.experiment = store::experiment(&folder)?;
        planned.base = None;
        planned.resumed = Some(folder);
        return Ok(());
    }
    if let Some(folder) = of(|state| *state == RunState::Running) {
        bail!("{}", is_training(&folder));
    }
    let finished = of(|state| *state == RunState::Finished);
    if arguments.refit
        && let Some(folder) = &finished
    {
        planned.experiment = store::experiment(folder)?;
        planned.base = None;
        planned.resumed = Some(folder.clone());
        return Ok(());
    }
    if is_several && finished.is_some() {
        planned.finished = finished;
        return Ok(());
    }
    if !is_several {
        output::warn(&format!(
            "There is no unfinished run of this experiment: a new one begins ({})",
            runs.display()
        ));
    }
    Ok(())
}

fn is_training(folder: &Path) -> String {
    format!(
        "this run is being trained now: wait for its end, or stop it first, then go on with it ({})",
        folder.display()
    )
}

/// How the rest of a series is trained after one of its runs ended it.
pub fn rest_of_series(arguments: &run::Arguments, left: usize) -> String {
    let presets: Vec<String> = arguments
        .presets
        .iter()
        .map(|preset| format!("\"{}\"", preset.display()))
        .collect();
    let mut command = format!("graft run {} --resume", presets.join(" "));
    if arguments.seeds != 1 {
        command += &format!(" --seeds {}", arguments.seeds);
    }
    for (name, path) in [("--data", &arguments.data), ("--out", &arguments.out)] {
        if let Some(path) = path {
            command += &format!(" {name} \"{}\"", path.display());
        }
    }
    if let Some(group) = &arguments.group {
        command += &format!(" --group '{group}'");
    }
    for set in &arguments.set {
        command += &format!(" --set '{set}'");
    }
    if arguments.refit {
        command += " --refit";
    }
    if let Some(devices) = &arguments.devices {
        command += &format!(" --devices {devices}");
    }
    format!(
        "{} left; the series goes on with\n  {command}",
        format::count(left, "run of the series is", "runs of the series are")
    )
}

/// Pictures that can't be scanned, where a run is gone on with: they may stand elsewhere now.
pub fn say_where(error: anyhow::Error, planned: &Planned) -> anyhow::Error {
    let source = &planned.experiment.data.source;
    let is_gone = source.path().is_some_and(|path| {
        let path = paths::expand(path, planned.base.as_deref());
        path.symlink_metadata().is_err()
    });
    match &planned.resumed {
        Some(folder) if is_gone => error.context(format!(
            "the run's pictures can't be found; if they stand elsewhere now, say where: graft run --resume \"{}\" --data NEW",
            folder.display()
        )),
        _ => error,
    }
}

/// From where a run goes on.
pub fn line(recorder: &RunRecorder, point: Option<&ResumePoint>) -> String {
    let folder = recorder.folder().display();
    let planned = recorder.summary().epochs_planned;
    let Some(point) = point else {
        return format!(
            "The run was interrupted before its first epoch was saved, so it begins anew: {folder}"
        );
    };
    let standing = &point.standing;
    match &standing.partial {
        None => format!(
            "Resuming after epoch {} of {planned}: {folder}",
            standing.epoch
        ),
        Some(partial) => {
            let batches = format::count(partial.batches, "batch", "batches");
            match standing.epoch {
                0 => format!("Resuming after {batches} of epoch 1 of {planned}: {folder}"),
                epoch => format!(
                    "Resuming after epoch {epoch} of {planned} and {batches} of the next: {folder}"
                ),
            }
        }
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
