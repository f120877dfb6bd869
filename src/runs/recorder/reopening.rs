//! The folder of a run that is gone on with.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Finished, RunRecorder};
use crate::experiment::{Experiment, preset};
use crate::format;
use crate::runs::atomic::{self, Background};
use crate::runs::peak_memory::PeakMemory;
use crate::runs::{RunError, RunState, files, folder, resume, seeds, store};
use crate::training::ResumePoint;
use crate::training::events::Lacks;

/// How a run goes on otherwise than it began.
#[derive(Debug, Clone, Default)]
pub struct Continuation {
    /// What its preset says from now on: other folders of its pictures.
    pub experiment: Option<Experiment>,
    /// Epochs beyond its end.
    pub more_epochs: Option<u32>,
}

impl RunRecorder {
    /// Opens the folder of a run that has not come to its end, to go on with it: gives where it
    /// stands, or nothing when no epoch was finished, where it begins anew. Epochs after that are
    /// taken out of its metrics, because they will be trained again.
    ///
    /// # Errors
    /// When the run has finished or is being trained, or its files can't be read or written.
    pub fn reopen(folder: &Path) -> Result<(Self, Option<ResumePoint>), RunError> {
        Self::reopen_with(folder, &Continuation::default(), |_| Ok(()))
    }

    /// The same for a run that may have been moved or extended, once `check` has nothing against it: until then, nothing
    /// in its folder is changed.
    ///
    /// # Errors
    /// Those of [`Self::reopen`] and of `check`.
    pub fn reopen_with(
        folder: &Path,
        continuation: &Continuation,
        check: impl FnOnce(&Self) -> Result<(), RunError>,
    ) -> Result<(Self, Option<ResumePoint>), RunError> {
        if !folder.join(files::SUMMARY).is_file() {
            return Err(store::no_run(folder));
        }
        let lock = folder::lock(folder)?;
        let mut summary = store::read_summary(folder)?;
        if summary.state == RunState::Finished && continuation.more_epochs.is_none() {
            return Err(files::problem(
                folder,
                "this run has come to its end: there is nothing to resume; more epochs are trained with --resume --epochs +N",
            ));
        }
        if summary.state != RunState::Finished && continuation.more_epochs.is_some() {
            return Err(files::problem(
                folder,
                "this run has not come to its end: go on with it first (graft run --resume), then train more epochs",
            ));
        }
        let (mut point, from) = match continuation.more_epochs {
            None => (resume::read(folder)?, files::RESUME),
            Some(_) => resume::read_end(folder)?,
        };
        let mut experiment = continuation.experiment.clone();
        if let (Some(point), Some(more)) = (&mut point, continuation.more_epochs) {
            let mut extended = match experiment.take() {
                Some(experiment) => experiment,
                None => store::experiment(folder)?,
            };
            resume::extend(point, &mut extended, more)
                .map_err(|reason| files::problem(folder, reason))?;
            experiment = Some(extended);
        }
        let standing = point.as_ref().map(|point| &point.standing);
        let done = standing.map_or(0, |standing| standing.epoch);
        let path = folder.join(files::METRICS);
        let mut metrics = files::parse_metrics(&files::read(&path)?, &path)?;
        let before = match continuation.more_epochs {
            None => None,
            Some(_) => Some(Finished {
                summary: summary.clone(),
                metrics: metrics.clone(),
                preset: files::read(&folder.join(files::PRESET))?,
            }),
        };
        metrics.retain(|epoch| epoch.epoch <= done);
        if metrics.len() != done as usize {
            return Err(files::problem(
                &path,
                format!("lacks epochs before the {done}th, from which the run would go on"),
            ));
        }
        // A log that is gone is no reason not to go on.
        let log = files::read(&folder.join(files::LOG)).map_or_else(
            |_| String::new(),
            |log| String::from_utf8_lossy(&log).into_owned(),
        );
        summary.state = RunState::Running;
        summary.phases = standing.map_or(Vec::new(), |standing| standing.finished.clone());
        summary.test = None;
        summary.right = None;
        summary.test_groups = None;
        summary.best_epoch = 0;
        if let Some(experiment) = &experiment {
            summary.epochs_planned = experiment.epochs();
            summary.recipe = Some(seeds::recipe(experiment));
        }
        let earlier = standing.map_or(0.0, |standing| standing.seconds);
        let mut recorder = Self {
            folder: folder.to_path_buf(),
            weights: Background::default(),
            _lock: lock,
            summary,
            metrics,
            log,
            log_written: Instant::now(),
            started: Instant::now(),
            memory: PeakMemory::begin(),
            earlier: Duration::try_from_secs_f64(earlier).unwrap_or_default(),
            lacks: Lacks::default(),
            in_trouble: BTreeSet::new(),
            trouble: None,
            saved_epoch: point.as_ref().map(|point| point.standing.epoch),
            checkpoint: None,
            before,
        };
        check(&recorder)?;
        atomic::clean(folder)
            .map_err(|error| files::problem(folder, format!("can't be cleaned up ({error})")))?;
        if let Some(experiment) = &experiment {
            recorder.write(files::PRESET, preset::to_text(experiment).as_bytes())?;
        }
        if let Some(point) = point.as_ref().filter(|_| from == files::END) {
            // A run that is killed now goes on from the same point, of the extended experiment.
            resume::write(folder, point)?;
        }
        recorder.note(
            &match (standing_note(point.as_ref()), continuation.more_epochs) {
                // Each fold says in its own log from where it goes on.
                _ if recorder.summary.folds.is_some() => {
                    "Gone on with: what is missing is trained".to_owned()
                }
                (note, None) => note,
                (note, Some(more)) => format!("{note}; {more} more epochs"),
            },
        );
        recorder.write(files::METRICS, &files::metrics(&recorder.metrics)?)?;
        recorder.write_log()?;
        recorder.write_summary()?;
        Ok((recorder, point))
    }
}

/// From where a run goes on, for its log.
fn standing_note(point: Option<&ResumePoint>) -> String {
    match point.map(|point| &point.standing) {
        None => "Begun anew: no epoch had been saved".to_owned(),
        Some(standing) => match &standing.partial {
            None => format!("Resumed after epoch {}", standing.epoch),
            Some(partial) => format!(
                "Resumed after epoch {} and {} of the next",
                standing.epoch,
                format::count(partial.batches, "batch", "batches")
            ),
        },
    }
}
