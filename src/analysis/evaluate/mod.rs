//! A finished run's network on any of its splits. What was worked out is kept in the run's folder
//! (`predictions_train.csv` and the like) and read back the next time.
mod changed;
mod classifier;
mod found_pictures;
mod stored;
#[cfg(test)]
pub mod tests;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tch::Device;

use super::precision;
use crate::data::{Problem, Split, StopFlag};
use crate::evaluation::{GroupScores, Predictions};
use crate::experiment::Precision;
use crate::runs::answers::{self, Validity};
use crate::runs::digests::Digests;
use crate::runs::members::{self, Member};
use crate::runs::{
    RunError, RunState, StoredRun, cross_validation, files, folder, groups, store, tested,
};
use crate::training::FrozenPrecision;

use changed::{Seen, changed_since};
use found_pictures::nothing_left;
use stored::{keep, stored_file, stored_for, views};

pub use classifier::{open_classifier, open_classifier_in, open_in_single_precision};
pub use found_pictures::source_at;
pub(super) use found_pictures::{FoundPictures, find};
pub use stored::{stored, stored_as_tested};

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct EvaluateRequest {
    /// The run's folder.
    pub folder: PathBuf,
    pub pictures: Pictures,
    /// Where the pictures stand now, if not where they were: a folder or a table.
    pub data: Option<PathBuf>,
    pub device: Device,
    /// Training and validation pictures are seen as the test pictures are, flipped where the experiment says so. Otherwise
    /// they are seen once, as while the run was validated, so that the numbers are those of `metrics.csv`.
    pub as_tested: bool,
    /// What frozen layers shall compute in: the run's own numbers, where this device has units for them, unless something
    /// else is asked for.
    pub precision: Precision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// Those that the run used for this.
    Of(Split),
    /// Every picture of `data` whose class the run knows, used by the run or not.
    All,
}

/// A network's answers on a split.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvaluatedRun {
    pub predictions: Predictions,
    /// Pictures that are not in the predictions, with the reason.
    pub problems: Vec<Problem>,
    /// Pictures in the predictions that hold something else than when the run began; of a run that does not know what they
    /// held, those that were written after it began.
    pub changed: Vec<PathBuf>,
    /// Whether they were read from the run's folder instead of being worked out.
    pub is_stored: bool,
    /// Why they could not be stored in the run's folder, if they should have been.
    pub not_stored: Option<String>,
    /// Pictures of another source that the run learned from, and those that chose its best epoch.
    pub trained_on: usize,
    pub validated_on: usize,
    /// In how many views each picture was seen.
    pub views: u32,
    /// What was assumed, or is not as a person would expect it, in whole sentences.
    pub remarks: Vec<String>,
}

/// The network of a finished run on one of its splits, from its folder if the answers stand there.
/// `progress` hears how many pictures are done, and of how many.
///
/// # Errors
/// [`RunError::Stopped`] within one batch of the stop flag, [`RunError::Locked`] while the run still
/// trains, or what is missing: the weights, the pictures, the memory.
pub fn evaluate_run(
    request: &EvaluateRequest,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<EvaluatedRun, RunError> {
    let folder = request.folder.as_path();
    let run = store::open(folder)?;
    if folder::is_locked(folder) && run.summary.state == RunState::Running {
        return Err(RunError::Locked(folder.to_path_buf()));
    }
    let all_members = members::read(folder)?;
    let members = match request.pictures {
        Pictures::Of(split) => members::of_split(all_members.clone(), split),
        Pictures::All => Vec::new(),
    };
    let own_split = match (request.pictures, &request.data) {
        (Pictures::Of(split), None) => Some(split),
        _ => None,
    };
    if own_split == Some(Split::Test) && run.summary.test_is_withheld {
        return Err(files::problem(folder, tested::WITHHELD));
    }
    let views = views(folder, request.pictures, request.as_tested)?;
    let mut remarks: Vec<String> = run.shortfall().into_iter().collect();
    let mut own = None;
    if let Some(split) = own_split {
        if members.is_empty() {
            return Err(files::problem(
                folder,
                format!("the run has no {} pictures", split.name()),
            ));
        }
        own = stored_for(folder, split, &members, views)?;
        if own.is_none() && folder.join(stored_file(split)).is_file() {
            remarks.push(format!(
                "The answers on the {} pictures in the run's folder are not of its present weights and pictures: they are \
                 worked out anew.",
                split.name()
            ));
        }
    }
    let work = Work {
        request,
        run: &run,
        all_members: &all_members,
        members: &members,
        own_split,
        views,
    };
    let (Some(split), Some((predictions, validity))) = (own_split, own) else {
        return work.compute(None, remarks, progress, stop);
    };
    let kept = precision::of_stored(&run, stored_file(split));
    let wanted = precision::using(&run, request.precision).on(request.device);
    if kept != wanted {
        let stored = Stored {
            split,
            predictions: &predictions,
            precision: kept,
        };
        // Asked for, other numbers are computed.
        if request.precision != Precision::Auto {
            return work.compute(Some(stored), remarks, progress, stop);
        }
        match work.in_other_numbers(stored, wanted, &remarks, progress, stop)? {
            ControlFlow::Break(computed) => return Ok(computed),
            ControlFlow::Continue(remark) => remarks.push(remark),
        }
    }
    progress(members.len(), members.len());
    remarks.extend(cross_validation::remark(folder));
    remarks.extend(of_groups(folder, &predictions));
    if validity == Validity::Assumed {
        remarks.push(format!(
            "These answers on the {} pictures come from a version of Graft that did not say which weights gave them; \
             going by the dates of the files, they are taken for those of the run's weights.",
            split.name()
        ));
    }
    let now = changed_since(folder, &run.summary, split, &members, stop)?;
    if !now.changed.is_empty() {
        remarks.push("The answers that are shown are on what those pictures held then.".to_owned());
    }
    remarks.extend(now.missing_text());
    Ok(EvaluatedRun {
        predictions,
        changed: now.changed,
        is_stored: true,
        views,
        remarks,
        ..EvaluatedRun::default()
    })
}

/// What a reader of the intervals must know where pictures belong together.
fn of_groups(folder: &Path, predictions: &Predictions) -> Option<String> {
    match GroupScores::new(predictions) {
        Some(groups) => Some(groups.remark()),
        None => groups::not_kept(folder),
    }
}

/// Answers that must be worked out.
struct Work<'a> {
    request: &'a EvaluateRequest,
    run: &'a StoredRun,
    all_members: &'a [Member],
    /// The wanted ones.
    members: &'a [Member],
    /// Whose answers belong into the run's folder.
    own_split: Option<Split>,
    views: u32,
}

/// The folder's answers to the same question, in other numbers.
#[derive(Clone, Copy)]
struct Stored<'a> {
    split: Split,
    predictions: &'a Predictions,
    precision: FrozenPrecision,
}

impl Work<'_> {
    /// How many of the `stored` answers are others in what this device computes in: what is known of that, else the answers
    /// themselves, which say it; where not all of them can be had, that.
    fn in_other_numbers(
        &self,
        stored: Stored<'_>,
        here: FrozenPrecision,
        remarks: &[String],
        progress: &mut dyn FnMut(usize, usize),
        stop: &StopFlag,
    ) -> Result<ControlFlow<EvaluatedRun, String>, RunError> {
        let (kept, now) = (stored.precision.name(), here.name());
        let file = stored_file(stored.split);
        if let Some(count) = answers::differing(&self.request.folder, file, here) {
            let pictures = stored.predictions.rows.len();
            let remark = precision::remark(count, pictures, here, stored.precision);
            return Ok(ControlFlow::Continue(remark));
        }
        match self.compute(Some(stored), remarks.to_vec(), progress, stop) {
            Err(RunError::Stopped) => Err(RunError::Stopped),
            Err(error) => Ok(ControlFlow::Continue(format!(
                "These answers were computed in {kept}, this device computes in {now}, and how many that changes could not be worked out ({error})."
            ))),
            Ok(computed) if !computed.problems.is_empty() || !computed.changed.is_empty() => {
                Ok(ControlFlow::Continue(format!(
                    "These answers were computed in {kept}; this device computes in {now}, and not all of the pictures are there to tell how many that changes."
                )))
            }
            Ok(computed) => Ok(ControlFlow::Break(computed)),
        }
    }

    fn compute(
        &self,
        stored: Option<Stored<'_>>,
        mut remarks: Vec<String>,
        progress: &mut dyn FnMut(usize, usize),
        stop: &StopFlag,
    ) -> Result<EvaluatedRun, RunError> {
        let Self {
            request,
            run,
            own_split,
            ..
        } = *self;
        let folder = request.folder.as_path();
        let mut experiment = store::experiment(folder)?;
        if let Some(path) = &request.data {
            experiment.data.source = source_at(&experiment.data.source, path)?;
        }
        // Before the pictures are looked for in vain.
        let checkpoint = answers::checkpoint(folder)?;
        let opened = open_classifier_in(run, request.device, request.precision)?;
        let classifier = match self.views {
            1 => opened.seeing_once(),
            _ => opened,
        };
        let digests = Digests::read(folder);
        let found = find(
            &experiment,
            &run.summary,
            request.pictures,
            self.members,
            digests.as_ref(),
            stop,
        )?;
        let indices: Vec<usize> = (0..found.dataset.pictures.len()).collect();
        let evaluated = classifier.evaluate(&found.dataset, &indices, progress, stop)?;
        let mut problems = found.problems;
        problems.extend(evaluated.problems);
        if evaluated.predictions.rows.is_empty() {
            return Err(nothing_left(&experiment, &problems));
        }
        let mut result = EvaluatedRun {
            predictions: evaluated.predictions,
            problems,
            changed: found.changed,
            views: classifier.views(),
            ..EvaluatedRun::default()
        };
        if request.pictures == Pictures::All {
            let all = self.all_members;
            let seen = Seen::of(folder, digests.as_ref(), all, &found.dataset, stop)?;
            (result.trained_on, result.validated_on) = (seen.trained, seen.validated);
        }
        let used = classifier.precision();
        // What is incomplete, or may be of other pictures, is worked out again next time.
        let is_whole = result.problems.is_empty() && result.changed.is_empty();
        match stored {
            Some(Stored {
                split,
                predictions,
                precision: kept,
            }) => {
                let file = stored_file(split);
                // Those that another device kept give way to the run's own without a word.
                if used != run.summary.own_precision()
                    && let Some(count) = precision::count(predictions, &result.predictions)
                {
                    remarks.push(precision::remark(count, predictions.rows.len(), used, kept));
                    if is_whole {
                        precision::keep_count(folder, file, used, count, checkpoint.as_deref());
                    }
                }
            }
            None => remarks.extend(precision::remark_elsewhere(run, used)),
        }
        if let Pictures::Of(_) = request.pictures {
            result.predictions.groups = groups::read(folder)?;
            remarks.extend(of_groups(folder, &result.predictions));
        }
        let is_own = used == run.summary.own_precision();
        if let Some(split) = own_split
            && is_whole
            && (stored.is_none() || is_own)
            // Seen otherwise, they are no answer to the usual question.
            && !request.as_tested
        {
            result.not_stored = keep(folder, split, &result, checkpoint, used)
                .err()
                .map(|error| error.to_string());
        }
        result.remarks = remarks;
        Ok(result)
    }
}
