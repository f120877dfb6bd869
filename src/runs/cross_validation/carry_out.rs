//! The trainings of a cross-validation, one after the other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::result::{Pooled, mean_metrics};
use super::{
    CrossValidation, difference_from_fold, fold_folder, folder_name, is_finished, of_fold,
};
use crate::data::{SplitIndices, split};
use crate::experiment::Experiment;
use crate::format;
use crate::runs::digests::Digests;
use crate::runs::lifecycle::{self, RunListener, RunRequest, RunTerms, Train};
use crate::runs::recorder::{FoldsStanding, check_digests, check_split};
use crate::runs::{
    Continuation, RunError, RunRecorder, RunState, RunSummary, files, folder, store,
};
use crate::training::{Outcome, TrainingError, metrics_of};

/// A training of a cross-validation that begins, goes on, or was trained before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldStart {
    /// Counted from 1; 0 for the network that is trained on all folds.
    pub fold: u32,
    pub folds: u32,
    /// Where its run stands, or will.
    pub folder: PathBuf,
    /// Something of it was trained before.
    pub has_begun: bool,
    pub is_finished: bool,
}

impl FoldStart {
    /// "fold 2 of 5", "all 5 folds"
    pub fn title(&self) -> String {
        match self.fold {
            0 => format!("all {} folds", self.folds),
            fold => format!("fold {fold} of {}", self.folds),
        }
    }
}

/// Hears of a cross-validation, and of each of its trainings as of any run, on the thread that trains.
pub trait CrossValidationListener: RunListener {
    /// The run's folder stands, and the first training begins.
    ///
    /// # Errors
    /// What keeps it from being carried out.
    fn cross_validation(&mut self, recorder: &RunRecorder) -> Result<(), RunError>;

    /// A training is about to begin or to go on, or was trained before.
    fn fold(&mut self, fold: &FoldStart);
}

/// What came of a cross-validation, as its folder has it.
pub struct EndedCrossValidation {
    pub folder: PathBuf,
    pub summary: RunSummary,
    /// A stop is [`TrainingError::Stopped`], however it was noticed.
    pub result: Result<(Outcome, CrossValidation), TrainingError>,
}

/// Trains what is missing of a cross-validation (`data.split.folds`, without a fold), and takes its answers together. That a
/// training failed or was stopped is a result, which is recorded. Of the request's terms, `refit` counts.
///
/// # Errors
/// [`RunError::Stopped`] when it was stopped before its folder was made or changed; and what keeps its folder from being
/// made, taken up again or brought to its end.
pub fn carry_out(
    request: RunRequest,
    train: &Train,
    listener: &mut dyn CrossValidationListener,
) -> Result<EndedCrossValidation, RunError> {
    let folds = split::folds(&request.dataset, &request.experiment)?;
    let number = request.experiment.data.split.folds.unwrap_or_default();
    // Before anything is trained: each can be split, or none is begun.
    for fold in trainings(number, request.terms.refit) {
        split::split(&request.dataset, &of_fold(&request.experiment, fold))?;
    }
    let all = SplitIndices {
        test: (0..folds.len())
            .filter(|index| folds[*index].is_some())
            .collect(),
        ..SplitIndices::default()
    };
    if let Some(folder) = &request.resumed
        && is_finished(folder)
    {
        return refit_finished(&request, folder, &all, train, listener);
    }
    let recorder = recorder(&request, &all)?;
    let folder = recorder.folder().to_path_buf();
    let work = Work {
        request: &request,
        experiment: store::experiment(&folder)?,
        folder,
        number,
        train,
    };
    work.carry_out(recorder, &all, listener)
}

/// Which trainings there are, the refitted one last.
fn trainings(number: u32, refit: bool) -> impl Iterator<Item = u32> {
    (1..=number).chain(refit.then_some(0))
}

/// The run's folder, new or taken up again, with its pictures checked.
fn recorder(request: &RunRequest, all: &SplitIndices) -> Result<RunRecorder, RunError> {
    let RunRequest {
        experiment,
        base,
        dataset,
        ..
    } = request;
    let digests = Digests::take(dataset, all, experiment, base.as_deref(), &request.stop)?;
    if let Some(folder) = &request.resumed {
        let (recorder, _) = RunRecorder::reopen_with(folder, &request.continuation, |recorder| {
            recorder.check_split(dataset, all)?;
            recorder.check_digests(&digests)
        })?;
        recorder.keep_groups(dataset, all)?;
        return Ok(recorder);
    }
    let base = base.as_deref();
    let mut recorder = RunRecorder::create(&request.runs, experiment, base, dataset, all)?;
    recorder.keep_digests(&digests, dataset, all)?;
    Ok(recorder)
}

/// A cross-validation whose folds are all trained, of which one more network is wanted.
fn refit_finished(
    request: &RunRequest,
    folder: &Path,
    all: &SplitIndices,
    train: &Train,
    listener: &mut dyn CrossValidationListener,
) -> Result<EndedCrossValidation, RunError> {
    if !request.terms.refit {
        return Err(files::problem(
            folder,
            "this cross-validation has come to its end; one network on all pictures is trained with --refit",
        ));
    }
    // Nobody else trains the same.
    let _lock = folder::lock(folder)?;
    let summary = store::read_summary(folder)?;
    // The figures that the network is given are those of the pictures that the folds had.
    let RunRequest { dataset, base, .. } = request;
    check_split(folder, dataset, all)?;
    let digests = Digests::take(
        dataset,
        all,
        &request.experiment,
        base.as_deref(),
        &request.stop,
    )?;
    check_digests(folder, &digests)?;
    let experiment = match &request.continuation.experiment {
        Some(moved) => moved.clone(),
        None => store::experiment(folder)?,
    };
    let work = Work {
        request,
        experiment,
        folder: folder.to_path_buf(),
        number: request.experiment.data.split.folds.unwrap_or_default(),
        train,
    };
    for fold in 1..=work.number {
        let start = work.start(fold);
        if start.is_finished {
            work.check_own(&start)?;
        }
    }
    let trained = work.one(0, listener)?;
    let result = match trained {
        Err(error) => Err(error),
        Ok(()) => {
            let pooled = match Pooled::stored(folder) {
                Some(pooled) => pooled,
                None => {
                    let pooled = Pooled::new(folder, work.number, dataset, &all.test)?;
                    pooled.write(folder)?;
                    pooled
                }
            };
            Ok((outcome(&summary, &pooled), pooled.result))
        }
    };
    Ok(EndedCrossValidation {
        folder: folder.to_path_buf(),
        summary,
        result,
    })
}

struct Work<'a> {
    request: &'a RunRequest,
    /// With paths that hold from anywhere.
    experiment: Experiment,
    folder: PathBuf,
    number: u32,
    train: &'a Train,
}

impl Work<'_> {
    fn carry_out(
        &self,
        mut recorder: RunRecorder,
        all: &SplitIndices,
        listener: &mut dyn CrossValidationListener,
    ) -> Result<EndedCrossValidation, RunError> {
        recorder.begin_folds(self.number)?;
        listener.cross_validation(&recorder)?;
        for fold in trainings(self.number, self.request.terms.refit) {
            let trained = match self.one(fold, listener) {
                Ok(trained) => trained,
                // What its folder says against it is this run's failure.
                Err(RunError::Stopped) => Err(TrainingError::Stopped),
                Err(error) => Err(TrainingError::Listener(error.to_string())),
            };
            let error = match trained {
                Ok(()) => {
                    recorder.fold_ended(self.standing(fold)?)?;
                    continue;
                }
                Err(error) => error,
            };
            let summary = match &error {
                TrainingError::Stopped => recorder.stop(),
                error => recorder.fail(&format!("{}: {error}", self.start(fold).title())),
            }?;
            return Ok(EndedCrossValidation {
                folder: self.folder.clone(),
                summary,
                result: Err(error),
            });
        }
        let pooled = Pooled::new(&self.folder, self.number, &self.request.dataset, &all.test)?;
        pooled.write(&self.folder)?;
        let outcome = outcome(recorder.summary(), &pooled);
        recorder.note_line(&proof(&pooled.result));
        let checkpoint = pooled.checkpoint.clone();
        let summary = recorder.finish_folds(&outcome, checkpoint)?;
        Ok(EndedCrossValidation {
            folder: self.folder.clone(),
            summary,
            result: Ok((outcome, pooled.result)),
        })
    }

    fn start(&self, fold: u32) -> FoldStart {
        let folder = fold_folder(&self.folder, fold);
        FoldStart {
            fold,
            folds: self.number,
            has_begun: folder.join(files::SUMMARY).is_file(),
            is_finished: is_finished(&folder),
            folder,
        }
    }

    /// Trains one fold, or goes on with it; one that is trained is left alone. What came of the training is the inner
    /// result.
    fn one(
        &self,
        fold: u32,
        listener: &mut dyn CrossValidationListener,
    ) -> Result<Result<(), TrainingError>, RunError> {
        let start = self.start(fold);
        listener.fold(&start);
        if start.has_begun {
            self.check_own(&start)?;
        }
        if start.is_finished {
            return Ok(Ok(()));
        }
        let has_begun = start.has_begun;
        if !has_begun {
            remove_half_made(&start.folder)?;
        }
        let (experiment, resumed) = match has_begun {
            // With the pictures where they stand now.
            true => (self.moved(&start.folder)?, Some(start.folder.clone())),
            false => (of_fold(&self.experiment, fold), None),
        };
        let request = RunRequest {
            continuation: Continuation {
                experiment: (has_begun && self.request.continuation.experiment.is_some())
                    .then(|| experiment.clone()),
                more_epochs: None,
            },
            experiment,
            base: None,
            dataset: self.request.dataset.clone(),
            runs: self.folder.clone(),
            resumed,
            device: self.request.device,
            stop: self.request.stop.clone(),
            pause: self.request.pause.clone(),
            terms: RunTerms {
                folder_name: Some(folder_name(fold)),
                ..RunTerms::default()
            },
        };
        let ended = lifecycle::carry_out(request, self.train, listener)?;
        Ok(match (ended.result, ended.summary.state) {
            (Ok(_), RunState::Failed(reason)) => Err(TrainingError::Listener(reason)),
            (result, _) => result.map(|_| ()),
        })
    }

    /// That what stands in a fold's folder is that fold: folders are copied, and trained on by themselves.
    ///
    /// # Errors
    /// Saying what differs.
    fn check_own(&self, start: &FoldStart) -> Result<(), RunError> {
        let found = store::experiment(&start.folder)?;
        if let Some(difference) = difference_from_fold(&self.experiment, start.fold, found) {
            return Err(files::problem(
                &start.folder,
                format!(
                    "holds another training than {} ({difference}): move the folder elsewhere, and graft run --resume trains \
                     what is missing",
                    start.title()
                ),
            ));
        }
        let dataset = &self.request.dataset;
        let split = split::split(dataset, &of_fold(&self.experiment, start.fold))?;
        check_split(&start.folder, dataset, &split)
    }

    /// The experiment of a fold that has begun.
    fn moved(&self, folder: &Path) -> Result<Experiment, RunError> {
        let mut experiment = store::experiment(folder)?;
        experiment.data.source = self.experiment.data.source.clone();
        Ok(experiment)
    }

    /// What is known after `fold` has come to its end.
    fn standing(&self, fold: u32) -> Result<FoldsStanding, RunError> {
        let own = fold_folder(&self.folder, fold);
        let last = store::read_summary(&own)?;
        let mut metrics = Vec::new();
        let mut seconds_total = 0.0;
        for fold in 1..=self.number {
            let folder = fold_folder(&self.folder, fold);
            if is_finished(&folder) {
                let run = store::open(&folder)?;
                metrics.push(run.metrics);
                seconds_total += run.summary.seconds_total;
            }
        }
        let tested = last.test.as_ref().map_or_else(String::new, |test| {
            format!(", test accuracy {}", format::percent(test.accuracy))
        });
        let title = self.start(fold).title();
        Ok(FoldsStanding {
            line: format!(
                "Trained: {title}, {} in {}{tested} ({})",
                format::count(
                    last.phases.iter().map(|phase| phase.epochs as usize).sum(),
                    "epoch",
                    "epochs"
                ),
                format::duration(last.seconds_total),
                folder_name(fold)
            ),
            metrics: mean_metrics(&metrics),
            seconds_total,
            last,
        })
    }
}

/// Removes a folder that a killed process had begun to fill: it has no summary yet.
fn remove_half_made(folder: &Path) -> Result<(), RunError> {
    let failed = |error: io::Error| files::problem(folder, format!("can't be removed ({error})"));
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        if !files::is_of_run(&name) && !name.starts_with('.') {
            return Err(files::problem(
                folder,
                format!("holds something that no run wrote ({name}): move it elsewhere"),
            ));
        }
    }
    fs::remove_dir_all(folder).map_err(failed)
}

/// Of all folds together.
fn outcome(summary: &RunSummary, pooled: &Pooled) -> Outcome {
    Outcome {
        test: Some(metrics_of(&pooled.predictions)),
        predictions: Some(pooled.predictions.clone()),
        // What a phase took differs from fold to fold, and stands in theirs.
        phases: Vec::new(),
        seconds_total: summary.seconds_total,
        best_epoch: 0,
        movement: Vec::new(),
        novelty: None,
    }
}

/// What the log says of all folds.
fn proof(result: &CrossValidation) -> String {
    let accuracy = &result.scores.accuracy;
    let interval = accuracy.interval.map_or_else(String::new, |interval| {
        format!(
            " (95 % interval {})",
            format::percent_interval(interval.low, interval.high)
        )
    });
    let groups = result
        .groups
        .map_or_else(String::new, |groups| format!("; {}", groups.text()));
    format!(
        "All folds: {}, accuracy {}{interval}{groups}",
        format::count(result.scores.pictures as usize, "picture", "pictures"),
        format::percent(accuracy.value)
    )
}
