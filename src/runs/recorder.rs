//! A listener that writes a run's folder while it trains.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::atomic::Background;
use super::digests::Digests;
use super::peak_memory::PeakMemory;
use super::{
    RunError, RunState, RunSummary, answers, atomic, better, files, members, resume, seeds, store,
};
use crate::data::{Dataset, SplitIndices};
use crate::experiment::{Experiment, preset};
use crate::format;
use crate::ordinary_file;
use crate::shown;
use crate::training::PhaseSummary;
use crate::training::estimate::Estimate;
use crate::training::events::{Lacks, TestMetrics};
use crate::training::{
    EpochMetrics, FrozenPrecision, Outcome, ResumePoint, TrainingError, TrainingEvent,
    TrainingListener,
};

/// The log is rewritten as a whole, so between epochs not more often than this.
const LOG_INTERVAL: Duration = Duration::from_secs(2);
/// How often, and how far apart, a lock is asked for before it counts as another writer's.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Writes one run's folder and holds its lock. Ends with [`RunRecorder::finish`],
/// [`RunRecorder::stop`] or [`RunRecorder::fail`]; one that is merely dropped, or whose process
/// dies, is found as [`RunState::Interrupted`].
#[derive(Debug)]
pub struct RunRecorder {
    folder: PathBuf,
    /// Brings weights to the disk, which takes as long as a few epochs on kept features.
    weights: Background,
    /// Held, not read: the lock goes with the file.
    _lock: File,
    summary: RunSummary,
    metrics: Vec<EpochMetrics>,
    log: String,
    log_written: Instant,
    started: Instant,
    memory: PeakMemory,
    /// That a resumed run took before it was interrupted.
    earlier: Duration,
    /// What could not be written, and is tried again.
    lacks: Lacks,
    /// Files whose last write failed, which was told.
    in_trouble: BTreeSet<&'static str>,
    /// What is to be told of it.
    trouble: Option<String>,
    /// The epoch that the resume point on the disk stands at.
    saved_epoch: Option<u32>,
    /// SHA-256 of the weights that were handed over last, whether they came to the disk or not.
    checkpoint: Option<String>,
    /// What a finished run's folder held before it was opened for more epochs; nothing once something of them is kept.
    before: Option<Finished>,
}

/// What going on with a finished run replaces.
#[derive(Debug)]
struct Finished {
    summary: RunSummary,
    metrics: Vec<EpochMetrics>,
    preset: Vec<u8>,
}

impl RunRecorder {
    /// Makes a new folder in `runs`, named by the time and the experiment, and writes preset, split
    /// and a first summary. Paths in the preset that are relative to `base` (the folder of the
    /// preset it came from) become absolute, so that the run's preset works from where it stands.
    ///
    /// # Errors
    /// When the folder can't be made or written.
    pub fn create(
        runs: &Path,
        experiment: &Experiment,
        base: Option<&Path>,
        dataset: &Dataset,
        split: &SplitIndices,
    ) -> Result<Self, RunError> {
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let portable = with_absolute_paths(experiment, base);
        check_absolute(runs, &portable)?;
        let (folder, id) = new_folder(runs, started, &experiment.name)?;
        let lock = lock(&folder)?;
        let summary = RunSummary {
            id,
            experiment: experiment.name.clone(),
            backbone: experiment.backbone.name.clone(),
            started,
            state: RunState::Running,
            classes: dataset.classes.clone(),
            train_pictures: split.train.len(),
            validation_pictures: split.validation.len(),
            test_pictures: split.test.len(),
            test_split: files::test_split(dataset, split),
            trainable_parameters: 0,
            frozen_parameters: 0,
            best_epoch: 0,
            epochs_planned: experiment.epochs(),
            phases: Vec::new(),
            seconds_total: 0.0,
            test: None,
            device: String::new(),
            graft_version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: Some(experiment.seed),
            recipe: Some(seeds::recipe(&portable)),
            peak_memory_bytes: None,
            peak_card_memory_bytes: None,
            memory_forecast_bytes: None,
            test_contents: None,
            right: None,
            precision: None,
            can_resume: false,
        };
        let recorder = Self {
            folder,
            weights: Background::default(),
            _lock: lock,
            summary,
            metrics: Vec::new(),
            log: String::new(),
            log_written: Instant::now(),
            started: Instant::now(),
            memory: PeakMemory::begin(),
            earlier: Duration::ZERO,
            lacks: Lacks::default(),
            in_trouble: BTreeSet::new(),
            trouble: None,
            saved_epoch: None,
            checkpoint: None,
            before: None,
        };
        recorder.write(files::PRESET, preset::to_text(&portable).as_bytes())?;
        recorder.write(files::SPLIT, &files::split(dataset, split)?)?;
        recorder.write(files::METRICS, &files::metrics(&[])?)?;
        recorder.write_summary()?;
        Ok(recorder)
    }

    /// Keeps what the run's pictures and weight file hold now, so that a change is noticed later.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn keep_digests(
        &mut self,
        digests: &Digests,
        dataset: &Dataset,
        split: &SplitIndices,
    ) -> Result<(), RunError> {
        self.summary.test_contents = digests.test_contents(dataset, split);
        digests.write(&self.folder)?;
        self.write_summary()
    }

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
        let lock = lock(folder)?;
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
                (note, None) => note,
                (note, Some(more)) => format!("{note}; {more} more epochs"),
            },
        );
        recorder.write(files::METRICS, &files::metrics(&recorder.metrics)?)?;
        recorder.write_log()?;
        recorder.write_summary()?;
        Ok((recorder, point))
    }

    /// Whether pictures and weight file hold what they held when the run began, as far as it knows.
    ///
    /// # Errors
    /// Saying what was changed.
    pub fn check_digests(&self, now: &Digests) -> Result<(), RunError> {
        let Some(before) = Digests::read(&self.folder) else {
            return Ok(());
        };
        match before.changes(now).obstacle() {
            Some(reason) => Err(files::problem(&self.folder, reason)),
            None => Ok(()),
        }
    }

    /// Whether the run had these pictures, in this split.
    ///
    /// # Errors
    /// Naming the first difference: a run that goes on with other pictures would be none of both.
    pub fn check_split(&self, dataset: &Dataset, split: &SplitIndices) -> Result<(), RunError> {
        let path = self.folder.join(files::SPLIT);
        let (before, now) = (files::read(&path)?, files::split(dataset, split)?);
        // Older versions wrote the same names without a guard against formulas.
        if before == now || members::parse(&before, &path)? == members::parse(&now, &path)? {
            return Ok(());
        }
        let (before, now) = (
            members::parse(&before, &path)?,
            members::parse(&now, &path)?,
        );
        Err(files::problem(
            &path,
            format!(
                "the pictures are not those that this run began with, so it can't go on ({}): put back what was, or train \
                 anew",
                members::difference(&before, &now)
            ),
        ))
    }

    /// The epochs so far.
    pub fn metrics(&self) -> &[EpochMetrics] {
        &self.metrics
    }

    /// Seconds since the run began, without the time of interruptions.
    fn seconds(&self) -> f64 {
        (self.earlier + self.started.elapsed()).as_secs_f64()
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is known so far.
    pub fn summary(&self) -> &RunSummary {
        &self.summary
    }

    /// Writes predictions and the last summary of a training that came to its end.
    pub fn finish(mut self, outcome: &Outcome) -> Result<RunSummary, RunError> {
        self.check_folder()?;
        let mut written = self.weights.wait();
        if written.is_ok() && self.lacks.weights {
            let path = self.folder.join(files::WEIGHTS);
            written = Err(files::problem(&path, "could not be written"));
        }
        self.summary.test = outcome.test.clone();
        self.summary.phases = outcome.phases.clone();
        self.summary.best_epoch = outcome.best_epoch;
        self.summary.seconds_total = outcome.seconds_total;
        let answers = self.write_answers(outcome);
        self.end(written.and(answers), RunState::Finished)
    }

    /// Answers are of the weights that were handed over before the test, whatever file stands in the folder.
    fn write_answers(&mut self, outcome: &Outcome) -> Result<(), RunError> {
        if let Some(predictions) = &outcome.predictions {
            let bytes = files::predictions(predictions)?;
            match &self.checkpoint {
                Some(checkpoint) => {
                    let of = answers::Of {
                        checkpoint,
                        views: store::test_views(&self.folder)?,
                        precision: self.summary.own_precision(),
                    };
                    answers::keep(&self.folder, files::PREDICTIONS, &bytes, of)?;
                }
                None => self.write(files::PREDICTIONS, &bytes)?,
            }
            self.summary.right = Some(better::rightness(predictions));
        }
        if !outcome.movement.is_empty() {
            self.write(files::MOVEMENT, &files::movement(&outcome.movement)?)?;
        }
        Ok(())
    }

    /// Ends a run that the person stopped; what was trained so far stays.
    pub fn stop(mut self) -> Result<RunSummary, RunError> {
        self.summary.seconds_total = self.seconds();
        let written = self.weights.wait();
        self.end(written, RunState::Stopped)
    }

    /// Ends a run that could not go on. One that had finished, and failed before anything of its further epochs was kept,
    /// is the finished run again.
    pub fn fail(mut self, message: &str) -> Result<RunSummary, RunError> {
        self.summary.seconds_total = self.seconds();
        let written = self.weights.wait();
        if let Some(before) = self.before.take() {
            return self.take_back(before, message);
        }
        self.end(written, RunState::Failed(message.to_owned()))
    }

    fn take_back(mut self, before: Finished, message: &str) -> Result<RunSummary, RunError> {
        self.check_folder()?;
        self.note(&format!(
            "Failed: {message}. No further epoch was trained, and the run is as it was"
        ));
        self.write(files::PRESET, &before.preset)?;
        self.write(files::METRICS, &files::metrics(&before.metrics)?)?;
        self.summary = before.summary;
        self.write_log()?;
        self.write_summary()?;
        if self.folder.join(files::END).exists() {
            self.remove(files::RESUME)?;
        }
        Ok(self.summary)
    }

    /// Something of a finished run's further epochs is kept: its former end is over.
    fn begin_further_epochs(&mut self) -> Result<(), RunError> {
        self.before = None;
        self.remove(files::END)
    }

    /// `written`: whether the last weights came to the disk. A run that says that it has finished has them.
    fn end(
        mut self,
        written: Result<(), RunError>,
        state: RunState,
    ) -> Result<RunSummary, RunError> {
        self.check_folder()?;
        self.summary.state = match (&written, state) {
            (Err(error), RunState::Finished | RunState::Stopped) => {
                RunState::Failed(error.to_string())
            }
            (_, state) => state,
        };
        let (said, lost) = match (&self.summary.state, &written) {
            (RunState::Stopped, _) => ("Stopped".to_owned(), None),
            (RunState::Failed(reason), Err(error)) if error.to_string() != *reason => (
                format!("Failed: {reason}"),
                Some(format!("Failed: {error}")),
            ),
            (RunState::Failed(reason), _) => (format!("Failed: {reason}"), None),
            _ => ("Finished".to_owned(), None),
        };
        self.note(&said);
        if let Some(lost) = lost {
            self.note(&lost);
        }
        self.memory.sample();
        self.summary.peak_memory_bytes = self.memory.bytes();
        if let Some(memory) = self.summary.memory() {
            self.note(&format!("Memory at most: {memory}"));
        }
        self.write_log()?;
        self.write_summary()?;
        // The summary comes first: a folder without both would be one that begins anew.
        let path = self.folder.join(files::RESUME);
        self.summary.can_resume = self.summary.state != RunState::Finished && path.exists();
        if self.summary.state == RunState::Finished && path.exists() {
            self.keep_end(&path)?;
        }
        written?;
        Ok(self.summary)
    }

    /// What a finished run could go on from stays, if more epochs are wanted: the standing after its last epoch.
    fn keep_end(&mut self, path: &Path) -> Result<(), RunError> {
        let is_last = self.saved_epoch.map(|epoch| epoch as usize) == Some(self.metrics.len());
        if !is_last {
            // It could not be written at the end; what is left of an earlier epoch is of no use.
            if let Err(error) = self.remove(files::RESUME) {
                self.note(&format!("Warning: {error}"));
            }
            return self.write_log();
        }
        fs::rename(path, self.folder.join(files::END))
            .map_err(|error| files::problem(path, format!("can't be renamed ({error})")))?;
        let bytes = fs::metadata(self.folder.join(files::END)).map_or(0, |data| data.len());
        self.note(&format!(
            "For more epochs, {} is kept: {}",
            files::END,
            format::bytes(bytes)
        ));
        self.write_log()
    }

    fn remove(&self, name: &str) -> Result<(), RunError> {
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(files::problem(&path, format!("can't be removed ({error})")))
            }
            _ => Ok(()),
        }
    }

    /// # Errors
    /// When somebody has removed or moved the folder while the run trained.
    fn check_folder(&self) -> Result<(), RunError> {
        if self.folder.is_dir() {
            return Ok(());
        }
        Err(files::problem(
            &self.folder,
            "the run's folder was removed or moved while it trained, so nothing more of it can be kept",
        ))
    }

    /// What a training does about a file that can't be written: nothing but telling it once, because the file is written
    /// again after the next epoch. Without its folder a run has nowhere to go.
    fn forgive(
        &mut self,
        name: &'static str,
        written: Result<(), RunError>,
    ) -> Result<(), TrainingError> {
        match written {
            Ok(()) => {
                self.in_trouble.remove(name);
            }
            Err(error) => {
                self.check_folder().map_err(listener_error)?;
                if self.in_trouble.insert(name) {
                    self.trouble = Some(format!(
                        "{error}. The run goes on, and it is tried again after the next epoch"
                    ));
                }
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let path = self.folder.join(name);
        atomic::write(&path, bytes)
            .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
    }

    fn write_summary(&self) -> Result<(), RunError> {
        self.write(files::SUMMARY, &files::summary(&self.summary)?)
    }

    fn write_log(&mut self) -> Result<(), RunError> {
        self.log_written = Instant::now();
        self.write(files::LOG, self.log.as_bytes())
    }

    /// Adds a line, headed by the time since the start.
    fn note(&mut self, line: &str) {
        let seconds = self.seconds() as u64;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        self.log.push_str(&format!(
            "{hours:02}:{minutes:02}:{seconds:02}  {}\n",
            shown::line(line)
        ));
    }

    /// Takes in one event; true when it is worth a write of the log at once.
    fn take(&mut self, event: &TrainingEvent) -> Result<bool, RunError> {
        match event {
            TrainingEvent::Prepared {
                train,
                validation,
                test,
                device,
                weights,
            } => {
                self.summary.device = device.clone();
                self.note(&format!("{train} pictures to train, {validation} to validate, {test} to test, on {device}"));
                self.note(weights);
                self.write_summary()?;
            }
            TrainingEvent::MemoryForecast(needed) => {
                self.summary.memory_forecast_bytes = Some(needed.memory());
                self.note(&memory_line(needed));
                self.write_summary()?;
            }
            TrainingEvent::Precision(precision) => self.summary.precision = Some(*precision),
            TrainingEvent::Speed { .. } => {}
            TrainingEvent::CardMemory(peak) => self.summary.peak_card_memory_bytes = Some(*peak),
            TrainingEvent::PhaseStarted {
                name,
                epochs,
                trainable_parameters,
                frozen_parameters,
                plan,
                ..
            } => {
                self.summary.trainable_parameters = *trainable_parameters;
                self.summary.frozen_parameters = *frozen_parameters;
                self.note(&format!(
                    "Phase “{name}”: {epochs} epochs, {} parameters learn, {} are frozen; {plan}",
                    format::thousands(*trainable_parameters),
                    format::thousands(*frozen_parameters),
                ));
                self.write_summary()?;
            }
            TrainingEvent::Progress(_) => return Ok(false),
            TrainingEvent::EpochFinished(epoch) => {
                self.note(&format::epoch_line(epoch, self.summary.epochs_planned));
                self.metrics.push(epoch.clone());
                self.begin_further_epochs()?;
                self.write(files::METRICS, &files::metrics(&self.metrics)?)?;
            }
            TrainingEvent::PhaseFinished {
                name,
                epochs,
                seconds,
                ..
            } => {
                let phase = PhaseSummary {
                    name: name.clone(),
                    epochs: *epochs,
                    seconds: *seconds,
                };
                self.note(&format!(
                    "Phase “{name}” took {}",
                    format::duration(*seconds)
                ));
                self.summary.phases.push(phase);
                self.summary.seconds_total = self.seconds();
                self.write_summary()?;
            }
            TrainingEvent::Warning(text) => self.note(&format!("Warning: {text}")),
            TrainingEvent::Note(text) => {
                self.note(text);
                return Ok(self.log_written.elapsed() >= LOG_INTERVAL);
            }
            TrainingEvent::Tested(test) => {
                self.note(&test_line(test));
                if let Some(line) = precision_line(self.summary.own_precision()) {
                    self.note(&line);
                }
                self.summary.test = Some(test.clone());
            }
        }
        Ok(true)
    }
}

impl TrainingListener for RunRecorder {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        self.memory.sample();
        let mut written = self.take(event);
        if let Ok(true) = written {
            written = self.write_log().map(|()| true);
        }
        if matches!(written, Ok(false)) {
            return Ok(());
        }
        self.forgive(files::METRICS, written.map(|_| ()))
    }

    fn weights(&mut self, weights: &[(String, tch::Tensor)]) -> Result<(), TrainingError> {
        let bytes = files::weights(weights)?;
        self.checkpoint = Some(answers::checkpoint_of(&bytes));
        let path = self.folder.join(files::WEIGHTS);
        let before = self.weights.wait();
        self.lacks.weights = before.is_err();
        self.forgive(files::WEIGHTS, before)?;
        let begun = self.weights.write(path, bytes);
        self.lacks.weights = begun.is_err();
        self.forgive(files::WEIGHTS, begun)
    }

    fn resume_point(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        let weights = self.weights.wait();
        self.lacks.weights |= weights.is_err();
        let written = weights.and_then(|()| resume::write(&self.folder, point));
        self.lacks.resume_point = written.is_err();
        if written.is_ok() {
            self.saved_epoch = Some(point.standing.epoch);
            // The point on the disk is not the former end's any more.
            self.before = None;
        }
        self.forgive(files::RESUME, written)
    }

    fn lacks(&self) -> Lacks {
        self.lacks
    }

    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
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

/// How a run goes on otherwise than it began.
#[derive(Debug, Clone, Default)]
pub struct Continuation {
    /// What its preset says from now on: other places of its pictures.
    pub experiment: Option<Experiment>,
    /// Epochs beyond its end.
    pub more_epochs: Option<u32>,
}

fn listener_error(error: RunError) -> TrainingError {
    TrainingError::Listener(error.to_string())
}

/// `Memory, forecast: 700 MB (weights and their copies 40 MB, …)`
fn memory_line(needed: &Estimate) -> String {
    let parts: Vec<String> = needed
        .parts()
        .iter()
        .filter(|(_, bytes)| *bytes > 0)
        .map(|(name, bytes)| format!("{} {}", name.to_lowercase(), format::bytes(*bytes)))
        .collect();
    format!(
        "Memory, forecast: {} ({})",
        format::bytes(needed.memory()),
        parts.join(", ")
    )
}

fn test_line(test: &TestMetrics) -> String {
    format!(
        "Test: accuracy {}, macro-F1 {:.3}, loss {:.4}, {} pictures",
        format::percent(test.accuracy),
        test.macro_f1,
        test.loss,
        format::thousands(test.n as u64),
    )
}

/// Where single precision answers in its place: the weights alone may be used anywhere.
fn precision_line(own: FrozenPrecision) -> Option<String> {
    (own != FrozenPrecision::Fp32).then(|| {
        format!(
            "These answers were computed in {}. How many of them single precision changes, graft evaluate --precision fp32 says",
            own.name()
        )
    })
}

/// Makes `<UTC time>-<slug>` in `runs`, with a number behind it where that stands already.
fn new_folder(runs: &Path, started: u64, name: &str) -> Result<(PathBuf, String), RunError> {
    let failed = |path: &Path, error: io::Error| {
        files::problem(path, format!("the run's folder can't be made ({error})"))
    };
    fs::create_dir_all(runs).map_err(|error| failed(runs, error))?;
    let stem = format!("{}-{}", format::utc_file_stamp(started), slug(name));
    for attempt in 1u32.. {
        let id = if attempt == 1 {
            stem.clone()
        } else {
            format!("{stem}-{attempt}")
        };
        let folder = runs.join(&id);
        match fs::create_dir(&folder) {
            Ok(()) => {
                atomic::sync_folder(runs).map_err(|error| failed(runs, error))?;
                return Ok((folder, id));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&folder, error)),
        }
    }
    Err(files::problem(
        runs,
        "there is no free name for another run",
    ))
}

/// Takes the lock of a run's folder, for as long as the file stays open.
pub(super) fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(files::LOCK);
    let failed = |error: io::Error| {
        files::problem(&path, format!("the run's lock can't be taken ({error})"))
    };
    let file = ordinary_file::open_lock(&path).map_err(failed)?;
    // Who merely looks whether a run is alive (`is_locked`) holds the lock for a moment.
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(RunError::Locked(folder.to_path_buf()))
}

/// Whether some process writes in `folder` now.
pub(super) fn is_locked(folder: &Path) -> bool {
    ordinary_file::is_locked(&folder.join(files::LOCK))
}

/// `Solar cells, fine-tuning` to `solar-cells-fine-tuning`: letters and digits of any script,
/// at most 60 characters.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase).take(60) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "run".to_owned()
    } else {
        slug.to_owned()
    }
}

/// Refuses paths that the files of a run in `runs` could not hold, before anything is done.
///
/// # Errors
/// Naming the path that is no text in UTF-8.
pub fn check_paths(
    runs: &Path,
    experiment: &Experiment,
    base: Option<&Path>,
) -> Result<(), RunError> {
    check_absolute(runs, &with_absolute_paths(experiment, base))
}

fn check_absolute(runs: &Path, experiment: &Experiment) -> Result<(), RunError> {
    let pictures = experiment.data.source.path();
    let weights = experiment.backbone.weights.file();
    for path in [Some(runs), pictures, weights].into_iter().flatten() {
        if path.to_str().is_none() {
            return Err(files::problem(
                path,
                "a run's files hold paths as text in UTF-8, and this one is none: rename it, or make a link to it with a plain name",
            ));
        }
    }
    Ok(())
}

/// The experiment with paths that hold wherever its preset stands; `$GRAFT_DATA` stays as it is.
pub fn with_absolute_paths(experiment: &Experiment, base: Option<&Path>) -> Experiment {
    let fix = |path: &mut PathBuf| {
        if path.is_absolute() || path.starts_with("$GRAFT_DATA") {
            return;
        }
        let joined = base.map_or_else(|| path.clone(), |base| base.join(&*path));
        *path = std::path::absolute(&joined).unwrap_or(joined);
    };
    let mut experiment = experiment.clone();
    if let Some(path) = experiment.data.source.path_mut() {
        fix(path);
    }
    if let Some(path) = experiment.backbone.weights.file_mut() {
        fix(path);
    }
    experiment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{DataSource, WeightsSource};

    #[test]
    fn slugs_are_short_and_plain() {
        for (name, expected) in [
            ("Solar cells, fine-tuning", "solar-cells-fine-tuning"),
            ("  ../../etc/passwd ", "etc-passwd"),
            ("Prüfung №5", "prüfung-5"),
            ("…", "run"),
            ("", "run"),
        ] {
            assert_eq!(slug(name), expected);
        }
        assert_eq!(slug(&"a".repeat(500)).len(), 60);
    }

    #[test]
    fn folders_of_the_same_second_differ() {
        let runs = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..3)
            .map(|_| {
                new_folder(runs.path(), 1_700_000_000, "Two ways")
                    .unwrap()
                    .1
            })
            .collect();
        assert_eq!(
            names,
            [
                "2023-11-14T22-13-20-two-ways",
                "2023-11-14T22-13-20-two-ways-2",
                "2023-11-14T22-13-20-two-ways-3"
            ]
        );
    }

    #[test]
    fn a_folder_has_one_writer() {
        let runs = tempfile::tempdir().unwrap();
        let (folder, _) = new_folder(runs.path(), 0, "x").unwrap();
        assert!(!is_locked(&folder));
        let held = lock(&folder).unwrap();
        assert!(is_locked(&folder));
        assert!(matches!(lock(&folder), Err(RunError::Locked(_))));
        drop(held);
        assert!(!is_locked(&folder));
    }

    #[test]
    fn paths_hold_wherever_the_preset_stands() {
        let mut experiment = Experiment::default();
        experiment.data.source = DataSource::ClassFolders {
            path: "pictures".into(),
        };
        experiment.backbone.weights = WeightsSource::File("w.pth".into());
        let fixed = with_absolute_paths(&experiment, Some(Path::new("/presets")));
        assert_eq!(
            fixed.data.source,
            DataSource::ClassFolders {
                path: "/presets/pictures".into()
            }
        );
        assert_eq!(
            fixed.backbone.weights,
            WeightsSource::File("/presets/w.pth".into())
        );
        let own = DataSource::Cifar10 {
            path: "$GRAFT_DATA/cifar".into(),
        };
        experiment.data.source = own.clone();
        assert_eq!(
            with_absolute_paths(&experiment, Some(Path::new("/presets")))
                .data
                .source,
            own
        );
    }
}
