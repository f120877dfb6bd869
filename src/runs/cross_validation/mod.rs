//! A cross-validated experiment: one run of which every picture is a test picture, answered by the network that was not
//! trained on it.
//!
//! ```text
//! 2026-11-24T10-15-03-solar-cells/
//!     preset.ron               with data.split.folds and no fold
//!     split.csv                every picture that takes part, as a test picture
//!     predictions.csv          the out-of-fold answers of all folds
//!     metrics.csv              for each epoch the mean over the folds that have it
//!     cross_validation.json    CrossValidation: scores with intervals, what each fold was worth, their spread
//!     summary.json, digests.json, log.txt, … as of any run
//!     fold-1/ … fold-5/        an ordinary run each, with its network
//!     refit/                   an ordinary run on all folds without a test, where somebody wants one network
//! ```
//!
//! Whoever lists, evaluates or compares runs needs to know nothing of it. What is missing is trained, and there is no
//! other mode: a stop, a crash and a further `refit` go on from what the folders hold.

mod carry_out;
mod result;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use carry_out::{CrossValidationListener, EndedCrossValidation, FoldStart, carry_out};
pub use result::{CrossValidation, FILE, FoldResult, FoldSpread, GroupProof, MeanAndSpread, read};

use super::settings::differences;
use super::{RunError, RunState, files, groups, store};
use crate::experiment::Experiment;
use crate::format;

/// The folder of the network that is trained on all folds.
pub const REFIT: &str = "refit";

/// The folder of a fold's run, counted from 1; of fold 0 that of the refitted network.
pub fn fold_folder(folder: &Path, fold: u32) -> PathBuf {
    folder.join(folder_name(fold))
}

fn folder_name(fold: u32) -> String {
    match fold {
        0 => REFIT.to_owned(),
        fold => format!("fold-{fold}"),
    }
}

/// If `folder` is one fold's of a cross-validation: which one, counted from 1, and the folder of the whole.
pub fn whole_of_fold(folder: &Path) -> Option<(u32, PathBuf)> {
    // The folder's own name, also where it is called by `.` or through a link.
    let folder = folder.canonicalize().ok()?;
    let whole = folder.parent()?;
    let number = store::read_summary(whole).ok()?.folds?;
    let fold = (1..=number).find(|fold| folder.ends_with(folder_name(*fold)))?;
    Some((fold, whole.to_path_buf()))
}

/// The experiment of one fold's training, of a cross-validated one: `Solar cells, fold 2 of 5`.
pub fn of_fold(experiment: &Experiment, fold: u32) -> Experiment {
    let number = experiment.data.split.folds.unwrap_or_default();
    let mut one = experiment.clone();
    one.data.split.fold = Some(fold);
    let ending = match fold {
        0 => format!(", refitted on {number} folds"),
        fold => format!(", fold {fold} of {number}"),
    };
    // A name has an end too.
    let room =
        (*crate::experiment::bounds::NAME_CHARACTERS.end()).saturating_sub(ending.chars().count());
    let name: String = one.name.trim().chars().take(room).collect();
    one.name = name + &ending;
    one
}

/// What is set otherwise in `found` than in a fold of the cross-validated experiment `whole`, such as “seed is 7 and not
/// 42”. Where the pictures stand makes no difference.
fn difference_from_fold(whole: &Experiment, fold: u32, mut found: Experiment) -> Option<String> {
    let expected = of_fold(whole, fold);
    found.data.source = expected.data.source.clone();
    let other = differences(&[expected, found]).into_iter().next()?;
    Some(format!(
        "{} is {} and not {}",
        other.field, other.preset_values[1], other.preset_values[0]
    ))
}

/// The folder of the network that was trained on all folds of the run in `folder`, if it has come to its end.
pub fn refitted(folder: &Path) -> Option<PathBuf> {
    Some(fold_folder(folder, 0)).filter(|refit| is_finished(refit))
}

/// Why the cross-validated run in `folder` has no network of its own, and which there are; nothing of any other run.
pub fn why_no_weights(folder: &Path) -> Option<String> {
    let summary = store::read_summary(folder).ok()?;
    let number = summary.folds?;
    let first = fold_folder(folder, 1);
    Some(match refitted(folder) {
        Some(refit) => format!(
            "it is a cross-validation of {number} folds; the network that was trained on all of them is {}",
            refit.display()
        ),
        None => format!(
            "it is a cross-validation of {number} folds, each with a network of its own (such as {}); one network on all \
             pictures is trained by graft run --resume \"{}\" --refit",
            first.display(),
            folder.display()
        ),
    })
}

/// What is known of the network in `folder`, which was trained on all folds of a cross-validation: that one's figures;
/// nothing of any other run.
pub fn figures_of_refit(folder: &Path) -> Option<String> {
    let experiment = store::experiment(folder).ok()?;
    if experiment.data.split.fold != Some(0) {
        return None;
    }
    let whole = folder.parent()?;
    let result = read(whole)?;
    if let Some(difference) = difference_from_fold(&store::experiment(whole).ok()?, 0, experiment) {
        return Some(format!(
            "This network was not tested. It was trained otherwise than the folds of the cross-validation that it belongs to \
             ({difference}), so that their figures are not its own."
        ));
    }
    let accuracy = &result.scores.accuracy;
    let interval = accuracy.interval.map_or_else(String::new, |interval| {
        format!(
            " (95 % interval {}, {})",
            format::percent_interval(interval.low, interval.high),
            accuracy.method.title()
        )
    });
    Some(format!(
        "This network was trained on all {} folds of a cross-validation and was not tested itself. Networks of the same \
         experiment, each tested on the fold that it had not seen, were right on {} of {}{interval}; macro-F1 {}.",
        result.folds.len(),
        format::percent(accuracy.value),
        format::count(result.scores.pictures as usize, "picture", "pictures"),
        format::score(result.scores.macro_f1.value)
    ))
}

/// What a reader of the answers of the cross-validated run in `folder` must know; nothing of any other run.
pub fn remark(folder: &Path) -> Option<String> {
    let result = read(folder)?;
    let mut text = format!(
        "These are the answers of {} folds: each picture was answered by the network that was trained without it.",
        result.folds.len()
    );
    if let Some(proof) = result.groups {
        text += &format!(" {}.", proof.text());
        // Of a version that did not write down which picture is of which group.
        if let Some(interval) = result.scores.accuracy.interval
            && !folder.join(groups::FILE).is_file()
        {
            text += &format!(
                " By groups, the 95 % interval of the accuracy is {}; intervals that count every picture by itself are too \
                 narrow.",
                format::percent_interval(interval.low, interval.high)
            );
        }
    }
    Some(text)
}

/// Whether the run in `folder` has come to its end.
fn is_finished(folder: &Path) -> bool {
    folder.join(files::SUMMARY).is_file()
        && store::read_summary(folder).is_ok_and(|summary| summary.state == RunState::Finished)
}

/// Refuses an experiment that is a whole cross-validation where one training is wanted.
///
/// # Errors
/// Saying what to do.
pub fn refuse(experiment: &Experiment, path: &Path) -> Result<(), RunError> {
    match experiment.data.split.cross_validation() {
        None => Ok(()),
        Some(number) => Err(files::problem(
            path,
            format!(
                "the experiment is a cross-validation of {number} folds (data.split.folds), which is {number} trainings: train \
                 it with graft run or in the window, or choose one split by data.split.folds=None"
            ),
        )),
    }
}
