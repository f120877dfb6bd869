//! Answers on a run's training pictures by networks that have not learned from them: K-fold cross-validation of the
//! head, as cleanlab's guide to image labels has it. Only such answers can tell a wrong label that was trained on,
//! because a network learns wrong labels by heart.
//!
//! The backbone stays as it was pre-trained, because one that was fine-tuned has seen every picture of the run. Its
//! features are kept on disk, so that a fold costs a head's epochs.

use std::path::Path;
use std::sync::Arc;

use tch::Device;

use super::evaluate::{self, FoundPictures};
use crate::data::folds::grouped;
use crate::data::{Split, SplitIndices, StopFlag};
use crate::evaluation::{Prediction, Predictions};
use crate::experiment::{
    Augmentation, Experiment, FreezePlan, Keep, Monitor, Phase, TestViews, WeightsSource,
};
use crate::format;
use crate::runs::digests::Digests;
use crate::runs::{RunError, atomic, files, folder, members, store};
use crate::training::events::Activity;
use crate::training::{TrainingError, TrainingEvent, TrainingListener, TrainingRequest, train};

/// The file in a run's folder.
const FILE: &str = "predictions_out_of_fold.csv";

/// Folds unless a person says otherwise, as in cleanlab's guide.
pub const FOLDS: usize = 5;

/// What to cross-validate.
#[derive(Debug, Clone)]
pub struct OutOfFoldRequest<'a> {
    /// The run's folder.
    pub folder: &'a Path,
    /// At least 2.
    pub folds: usize,
    pub device: Option<Device>,
}

/// The answers as they stand in the run's folder; `None` where they have not been worked out, or are of other pictures.
///
/// # Errors
/// When a file is there and can't be read.
pub fn stored(folder: &Path) -> Result<Option<Predictions>, RunError> {
    let path = folder.join(FILE);
    if !crate::ordinary_file::is_there(&path) {
        return Ok(None);
    }
    let predictions = files::parse_predictions(&files::read(&path)?, &path)?;
    let mut members: Vec<(String, String)> = members::read(folder)?
        .into_iter()
        .filter(|member| member.split == Split::Train)
        .map(|member| (member.file, member.class))
        .collect();
    let mut answered: Vec<(String, String)> = predictions
        .rows
        .iter()
        .map(|row| {
            let class = predictions.classes.get(row.truth as usize);
            (row.file.clone(), class.cloned().unwrap_or_default())
        })
        .collect();
    members.sort_unstable();
    answered.sort_unstable();
    Ok((members == answered).then_some(predictions))
}

/// Trains a head on all folds but one and asks it about that one, fold by fold, and keeps the answers in the run's
/// folder. `progress` hears how much is done, of how much: a training picture in an epoch of a fold counts as one.
///
/// # Errors
/// [`RunError::Stopped`] within one batch of the stop flag; what is missing, such as pictures or weights; and too few
/// pictures for so many folds.
pub fn predict(
    request: &OutOfFoldRequest<'_>,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<Predictions, RunError> {
    let folder = request.folder;
    let run = store::open(folder)?;
    let experiment = store::experiment(folder)?;
    if run.summary.folds.is_some() {
        return Err(files::problem(
            folder,
            "every picture of a cross-validation is answered by the network that was trained without it: its suspects need no \
             further folds, and are listed without --folds",
        ));
    }
    let lines = members::of_split(members::read(folder)?, Split::Train);
    let FoundPictures {
        dataset, changed, ..
    } = evaluate::find(
        &experiment,
        &run.summary,
        evaluate::Pictures::Of(Split::Train),
        &lines,
        Digests::read(folder).as_ref(),
        stop,
    )?;
    let labels: Vec<u32> = dataset
        .pictures
        .iter()
        .map(|picture| picture.label)
        .collect();
    check(request, &labels)?;
    let groups: Vec<Option<&str>> = dataset
        .pictures
        .iter()
        .map(|picture| picture.group.as_deref())
        .collect();
    let folds = grouped(&labels, &groups, request.folds, experiment.seed);
    let filled = (0..request.folds)
        .filter(|fold| folds.contains(fold))
        .count();
    if filled < 2 {
        return Err(files::problem(
            folder,
            "the training pictures are of one group, which stays in one fold",
        ));
    }

    let plan = plan(&experiment);
    let dataset = Arc::new(dataset);
    let mut counted = Counted {
        progress,
        pictures: labels.len(),
        features: 0,
        trained: 0,
        in_epoch: 0,
        total: labels.len() * (1 + plan.epochs() as usize * (request.folds - 1)),
    };
    let mut rows: Vec<Option<Prediction>> = vec![None; labels.len()];
    for fold in 0..request.folds {
        let (test, train_on): (Vec<usize>, Vec<usize>) =
            (0..labels.len()).partition(|&picture| folds[picture] == fold);
        let split = SplitIndices {
            train: train_on,
            validation: Vec::new(),
            test: test.clone(),
        };
        let request = TrainingRequest {
            base: Some(folder.to_path_buf()),
            device: request.device,
            stop: stop.clone(),
            ..TrainingRequest::new(plan.clone(), dataset.clone(), split)
        };
        let outcome = train(request, &mut counted)?;
        let answers = outcome
            .predictions
            .map_or_else(Vec::new, |answers| answers.rows);
        for (picture, answer) in test.into_iter().zip(answers) {
            rows[picture] = Some(answer);
        }
    }
    let predictions = Predictions {
        classes: dataset.classes.clone(),
        rows: rows.into_iter().flatten().collect(),
        ..Predictions::default()
    };
    // Incomplete answers, and those on other pictures than the run's, are worked out again next time.
    if predictions.rows.len() == lines.len()
        && changed.is_empty()
        && let Err(error) = keep(folder, &predictions)
    {
        log::info!("out-of-fold answers are not kept: {error}");
    }
    Ok(predictions)
}

fn check(request: &OutOfFoldRequest<'_>, labels: &[u32]) -> Result<(), RunError> {
    let first = labels.first();
    if request.folds < 2 {
        return Err(files::problem(request.folder, "two folds are the least"));
    }
    if labels.len() < 2 * request.folds || labels.iter().all(|label| Some(label) == first) {
        return Err(files::problem(
            request.folder,
            format!(
                "{}: too few for {} folds",
                format::count(labels.len(), "training picture", "training pictures"),
                request.folds
            ),
        ));
    }
    Ok(())
}

fn keep(folder: &Path, predictions: &Predictions) -> Result<(), RunError> {
    let _lock = folder::lock(folder)?;
    let path = folder.join(FILE);
    atomic::write(&path, &files::predictions(predictions)?)
        .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
}

/// The run's own head on the backbone as it was pre-trained, trained as in its first phase with a frozen backbone, or in
/// the default one. Pictures are seen as they are: their features are then the same in every fold. A run from random
/// weights that freezes nothing repeats itself in every fold.
fn plan(experiment: &Experiment) -> Experiment {
    let mut plan = experiment.clone();
    let frozen = |phase: &&Phase| phase.freeze == FreezePlan::Backbone && phase.epochs > 0;
    match experiment.phases.iter().find(frozen) {
        Some(phase) => plan.phases = vec![phase.clone()],
        None if experiment.backbone.weights == WeightsSource::Random => return plan,
        None => plan.phases = vec![Phase::default()],
    }
    plan.augmentation = Augmentation::default();
    let training = &mut plan.training;
    training.test_views = TestViews::Single;
    training.keep = Keep::Last;
    training.monitor = Monitor::default();
    training.early_stopping = None;
    plan
}

/// Turns what the folds' trainings tell into one count: the features of every picture, and then every picture of every
/// epoch.
struct Counted<'a> {
    progress: &'a mut dyn FnMut(usize, usize),
    /// Training pictures of the run.
    pictures: usize,
    features: usize,
    trained: usize,
    in_epoch: usize,
    total: usize,
}

impl TrainingListener for Counted<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        match event {
            TrainingEvent::Progress(progress) => match progress.activity {
                Activity::ComputingFeatures => self.features = self.features.max(progress.done),
                Activity::Training => {
                    // All that are left are those of the first fold, and read along the way.
                    self.features = self.pictures;
                    self.in_epoch = progress.done;
                }
                _ => return Ok(()),
            },
            TrainingEvent::EpochFinished(_) => {
                self.trained += self.in_epoch;
                self.in_epoch = 0;
            }
            _ => return Ok(()),
        }
        let done = self.features + self.trained + self.in_epoch;
        (self.progress)(done.min(self.total), self.total);
        Ok(())
    }
}

#[cfg(test)]
#[path = "out_of_fold_tests.rs"]
mod tests;
