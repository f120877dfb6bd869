//! The folder of all runs: listed, opened, compared.

use std::path::{Path, PathBuf};

use super::answers::{self, Validity};
use super::digests::Digests;
use super::listing::{self, Listing};
use super::{
    RunError, RunState, RunSummary, StoredRun, cross_validation, files, folder, groups, members,
    portable_paths, rightness, seeds, tested,
};
use crate::evaluation::Predictions;
use crate::experiment::{Experiment, preset};
use crate::format;
use crate::ordinary_file;
use crate::training::movement::Movement;
use crate::training::{self, EpochMetrics};

/// Answers that are read while runs are listed, at most.
const MOST_BYTES: u64 = 8 << 20;

/// Every run in `runs`, newest first. A folder that can't be read is listed as failed, with the
/// reason; a folder without a summary is no run. A missing `runs` holds none.
pub fn list(runs: &Path) -> Vec<RunSummary> {
    Listing::default().list(runs, &[])
}

/// The same without what takes time.
fn summaries(runs: &Path) -> Vec<RunSummary> {
    let mut summaries: Vec<RunSummary> = listing::folders(runs)
        .into_iter()
        .map(|folder| summary_or_reason(&folder))
        .collect();
    newest_first(&mut summaries);
    summaries
}

pub(super) fn newest_first(summaries: &mut [RunSummary]) {
    summaries.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| b.id.cmp(&a.id)));
}

/// What a run's folder says; a failed run with the reason where it can't be read.
pub(super) fn summary_or_reason(folder: &Path) -> RunSummary {
    read_summary(folder).unwrap_or_else(|error| unreadable(folder, &error))
}

/// What runs of earlier versions do not say of themselves: which test pictures were right.
pub(super) fn add_rightness(folder: &Path, summary: &mut RunSummary) {
    if summary.right.is_some() || summary.test.is_none() || summary.state != RunState::Finished {
        return;
    }
    let path = folder.join(files::PREDICTIONS);
    let is_small = std::fs::metadata(&path).is_ok_and(|data| data.len() <= MOST_BYTES);
    if !is_small {
        return;
    }
    let predictions = files::read(&path).and_then(|bytes| files::parse_predictions(&bytes, &path));
    summary.right = predictions
        .ok()
        .map(|predictions| rightness::encode(&predictions));
}

/// Reads one run back.
///
/// # Errors
/// Naming the file that is missing or broken.
pub fn open(folder: &Path) -> Result<StoredRun, RunError> {
    if !folder.join(files::SUMMARY).is_file() {
        return Err(no_run(folder));
    }
    let summary = read_summary(folder)?;
    let path = folder.join(files::METRICS);
    let metrics = files::parse_metrics(&files::read(&path)?, &path)?;
    // Only the names of phases come from the preset: a run from another version stays readable.
    let names = experiment(folder)
        .map(|experiment| {
            experiment
                .phases
                .into_iter()
                .map(|phase| phase.name)
                .collect::<Vec<_>>()
        })
        .unwrap_or_default();
    let phase_starts = phase_starts(&metrics, &names);
    let movement = movement(folder)?;
    Ok(StoredRun {
        folder: folder.to_path_buf(),
        summary,
        metrics,
        phase_starts,
        movement,
    })
}

/// Why there is no run in `folder`, and what to do.
pub(super) fn no_run(folder: &Path) -> RunError {
    const LIST: &str = "graft runs list shows the runs that there are";
    if !ordinary_file::is_there(folder) {
        let reason = format!("there is no run of this number or name, and no such folder ({LIST})");
        return files::problem(folder, reason);
    }
    if !folder.is_dir() {
        let reason = format!(
            "is a file, and no run's folder: a run is named by its number, its name or its folder ({LIST})"
        );
        return files::problem(folder, reason);
    }
    let mut runs = listing::folders(folder);
    runs.sort_unstable();
    let reason = match runs.last() {
        Some(run) => format!(
            "is no run's folder, but holds {}: name one of them, such as {}",
            format::count(runs.len(), "run", "runs"),
            run.display()
        ),
        None => format!(
            "is no run's folder (it has no {}): name a run by its number, its name or its folder ({LIST})",
            files::SUMMARY
        ),
    };
    files::problem(folder, reason)
}

/// Every run of exactly this experiment, name and seed included, newest first. Paths are relative to `base`.
pub fn same(
    runs: &Path,
    experiment: &Experiment,
    base: Option<&Path>,
) -> Vec<(RunSummary, PathBuf)> {
    let wanted = portable_paths::with_absolute_paths(experiment, base);
    summaries(runs)
        .into_iter()
        .filter(|summary| summary.experiment == wanted.name)
        .map(|summary| {
            let folder = runs.join(&summary.id);
            (summary, folder)
        })
        .filter(|(_, folder)| self::experiment(folder).is_ok_and(|experiment| experiment == wanted))
        .collect()
}

/// Runs that came to their end with these settings and this seed, whatever they are called, newest first: another gives
/// the same numbers again. Paths are relative to `base`.
pub fn repeats(
    runs: &Path,
    experiment: &Experiment,
    base: Option<&Path>,
) -> Vec<(RunSummary, PathBuf)> {
    let wanted = seeds::recipe(&portable_paths::with_absolute_paths(experiment, base));
    summaries(runs)
        .into_iter()
        .filter(|summary| {
            summary.state == RunState::Finished
                && summary.seed == Some(experiment.seed)
                && summary.recipe.as_deref() == Some(wanted.as_str())
        })
        .map(|summary| {
            let folder = runs.join(&summary.id);
            (summary, folder)
        })
        .collect()
}

/// How far each layer of a run's backbone moved; nothing where that was not recorded.
fn movement(folder: &Path) -> Result<Vec<Movement>, RunError> {
    let path = folder.join(files::MOVEMENT);
    if !ordinary_file::is_there(&path) {
        return Ok(Vec::new());
    }
    files::parse_movement(&files::read(&path)?, &path)
}

/// The exact experiment of a run.
///
/// # Errors
/// When the preset can't be read.
pub fn experiment(folder: &Path) -> Result<Experiment, RunError> {
    let path = folder.join(files::PRESET);
    let bytes = files::read(&path)?;
    // The preset's own error ends with its position, which [`RunError::File`] would repeat.
    preset::from_bytes(bytes, &path)
        .map_err(|error| files::problem(&path, format!("line {}: {}", error.line, error.message)))
}

/// In how many views a run's test pictures are seen.
///
/// # Errors
/// When the preset can't be read.
pub fn test_views(folder: &Path) -> Result<u32, RunError> {
    Ok(training::test_views(&experiment(folder)?))
}

/// A run's answers on its test pictures, which are those of its present weights.
///
/// # Errors
/// Saying why there are none, and how to get them.
pub fn predictions(folder: &Path) -> Result<Predictions, RunError> {
    let path = folder.join(files::PREDICTIONS);
    if !ordinary_file::is_there(&path) {
        let reason = untested(folder)?;
        return Err(files::problem(
            folder,
            format!("has no predictions: {reason}"),
        ));
    }
    if answers::validity(folder, files::PREDICTIONS, test_views(folder)?)? == Validity::Stale {
        return Err(files::problem(
            folder,
            format!(
                "its answers on the test pictures are of other weights than it has now: {}",
                how_to_test(folder)
            ),
        ));
    }
    let mut predictions = files::parse_predictions(&files::read(&path)?, &path)?;
    predictions.groups = groups::read(folder)?;
    Ok(predictions)
}

/// Why a run has not been tested, and what to do.
fn untested(folder: &Path) -> Result<String, RunError> {
    if !ordinary_file::is_there(&folder.join(files::SUMMARY)) {
        return Ok("it holds no run".to_owned());
    }
    let summary = read_summary(folder)?;
    if summary.test_pictures == 0 {
        return Ok("the run has no test pictures".to_owned());
    }
    let path = folder.join(files::METRICS);
    let done = files::read(&path)
        .and_then(|bytes| files::parse_metrics(&bytes, &path))
        .map_or(0, |metrics| metrics.len());
    let of = format!("{done} of {} epochs", summary.epochs_planned);
    Ok(match &summary.state {
        RunState::Running => format!("the run is being trained now, {of} so far"),
        RunState::Finished if summary.test_is_withheld => tested::WITHHELD.to_owned(),
        RunState::Finished if has_weights(folder) => format!(
            "the file was removed: test the weights anew (graft evaluate \"{}\")",
            folder.display()
        ),
        RunState::Finished => "the file was removed, and so were the weights".to_owned(),
        RunState::Stopped => format!("the run was stopped after {of}: {}", how_to_test(folder)),
        RunState::Interrupted => {
            format!(
                "the run was interrupted after {of}: {}",
                how_to_test(folder)
            )
        }
        RunState::Failed(_) => format!("the run failed after {of}: {}", how_to_test(folder)),
    })
}

fn has_weights(folder: &Path) -> bool {
    ordinary_file::is_there(&folder.join(files::WEIGHTS))
}

fn how_to_test(folder: &Path) -> String {
    if !has_weights(folder) {
        return format!(
            "none of its weights have been written yet, so go on with it (graft run --resume \"{}\")",
            folder.display()
        );
    }
    format!(
        "go on with it (graft run --resume \"{0}\"), or test the weights that it has (graft evaluate \"{0}\")",
        folder.display()
    )
}

/// Whether these runs can be laid side by side: at least one, all tested on the same pictures.
///
/// # Errors
/// Naming the first run that does not fit, and why.
pub fn check_comparable(runs: &[StoredRun]) -> Result<(), RunError> {
    let Some((first, others)) = runs.split_first() else {
        return Err(RunError::Comparison(
            "there is no run to compare".to_owned(),
        ));
    };
    for other in others {
        let (a, b) = (&first.summary, &other.summary);
        let Err(mut reason) = same_test(a, b) else {
            continue;
        };
        if a.test_split == b.test_split
            && let (Some(one), Some(two)) =
                (Digests::read(&first.folder), Digests::read(&other.folder))
        {
            let differing = one.differing(&two, &members::read(&other.folder)?);
            reason = format!("{reason} ({differing} of {})", b.test_pictures);
        }
        return Err(RunError::Comparison(format!(
            "{} and {} can't be compared: {reason}",
            a.id, b.id
        )));
    }
    Ok(())
}

/// Whether two runs have the same test pictures: by name and class, and by what they hold where both know that.
///
/// # Errors
/// Saying what differs, as the end of a sentence.
pub fn same_test(a: &RunSummary, b: &RunSummary) -> Result<(), String> {
    if a.classes != b.classes {
        Err(format!(
            "their classes differ ({} and {})",
            a.classes.join(", "),
            b.classes.join(", ")
        ))
    } else if a.test_pictures != b.test_pictures {
        Err(format!(
            "one was tested on {} pictures, the other on {}",
            a.test_pictures, b.test_pictures
        ))
    } else if a.test_split != b.test_split {
        Err("they were tested on different pictures: give both the same data, test share and split seed".to_owned())
    } else if a.test_contents.is_some()
        && b.test_contents.is_some()
        && a.test_contents != b.test_contents
    {
        Err(
            "their test pictures have the same names and hold something else, so one of them was trained before the \
             pictures were changed: train it anew"
                .to_owned(),
        )
    } else {
        Ok(())
    }
}

/// Reads `summary.json`. The lock is looked at first: a run that ends in between has then written
/// its last summary before it is read.
///
/// # Errors
/// When the file can't be read.
pub fn read_summary(folder: &Path) -> Result<RunSummary, RunError> {
    let alive = folder::is_locked(folder);
    let path = folder.join(files::SUMMARY);
    let mut summary = files::parse_summary(&files::read(&path)?, &path)?;
    if summary.state == RunState::Running && !alive {
        summary.state = RunState::Interrupted;
    }
    // The folder's name is the truth, also after the person has renamed or copied it.
    summary.id = folder_name(folder);
    // Of a cross-validation, whatever is missing is trained.
    summary.can_resume = !matches!(summary.state, RunState::Running | RunState::Finished)
        && (summary.folds.is_some() || folder.join(files::RESUME).is_file());
    // A version that counted by pictures in its summary wrote the interval over groups beside it.
    if summary.folds.is_some()
        && summary.test.is_some()
        && summary.test_groups.is_none()
        && let Some(result) = cross_validation::read(folder)
        && result.groups.is_some()
    {
        summary.test_groups = Some(groups::TestGroups {
            accuracy: result.scores.accuracy,
            numbers: String::new(),
        });
    }
    Ok(summary)
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().map_or_else(
        || folder.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// What a list says of a folder that can't be read.
fn unreadable(folder: &Path, error: &RunError) -> RunSummary {
    let id = folder_name(folder);
    RunSummary {
        experiment: id.clone(),
        id,
        state: RunState::Failed(error.to_string()),
        ..RunSummary::default()
    }
}

/// The first epoch of every phase but the first, with the phase's name.
fn phase_starts(metrics: &[EpochMetrics], names: &[String]) -> Vec<(u32, String)> {
    metrics
        .windows(2)
        .filter(|pair| pair[1].phase != pair[0].phase)
        .map(|pair| {
            let phase = pair[1].phase;
            let name = names
                .get(phase)
                .cloned()
                .unwrap_or_else(|| format!("Phase {}", phase.saturating_add(1)));
            (pair[1].epoch, name)
        })
        .collect()
}
