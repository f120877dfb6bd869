//! A listener that writes a run's folder while it trains.

mod ending;
mod folds;
mod listening;
mod reopening;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::atomic::{self, Background};
use super::digests::Digests;
use super::peak_memory::PeakMemory;
use super::portable_paths::{check_absolute, with_absolute_paths};
use super::{RunError, RunState, RunSummary, files, folder, groups, members, numbers, seeds};
use crate::data::{Dataset, SplitIndices};
use crate::experiment::{Experiment, preset};
use crate::ordinary_file::LockFile;
use crate::shown;
use crate::training::EpochMetrics;
use crate::training::events::Lacks;

pub(in crate::runs) use folds::FoldsStanding;
pub use reopening::Continuation;

/// Writes one run's folder and holds its lock. Ends with [`RunRecorder::finish`],
/// [`RunRecorder::stop`] or [`RunRecorder::fail`]; one that is merely dropped, or whose process
/// dies, is found as [`RunState::Interrupted`].
#[derive(Debug)]
pub struct RunRecorder {
    folder: PathBuf,
    /// Brings weights to the disk, which takes as long as a few epochs on kept features.
    weights: Background,
    /// Held, not read: the lock goes with the file.
    _lock: LockFile,
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
        Self::create_named(runs, None, experiment, base, dataset, split)
    }

    /// As [`Self::create`]; the folder is called `name` where one is given.
    ///
    /// # Errors
    /// When the folder can't be made or written; with a name, also where it stands already.
    pub fn create_named(
        runs: &Path,
        name: Option<&str>,
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
        let (folder, id) = match name {
            Some(name) => (folder::make_named(runs, name)?, name.to_owned()),
            None => folder::make(runs, started, &experiment.name)?,
        };
        let lock = folder::lock(&folder)?;
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
            epochs_planned: experiment.epochs(),
            graft_version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: Some(experiment.seed),
            recipe: Some(seeds::recipe(&portable)),
            ..RunSummary::default()
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
        recorder.keep_groups(dataset, split)?;
        recorder.write(files::METRICS, &files::metrics(&[])?)?;
        recorder.write_summary()?;
        numbers::number_new(runs, &recorder.folder);
        Ok(recorder)
    }

    /// Writes down which pictures belong together, if any do: also in a run of a version that did not, which is gone on with, so that
    /// its figures and its folder say the same.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn keep_groups(&self, dataset: &Dataset, split: &SplitIndices) -> Result<(), RunError> {
        match groups::bytes(dataset, split)? {
            Some(bytes) => self.write(groups::FILE, &bytes),
            None => Ok(()),
        }
    }

    /// Says in the run's folder that its test pictures are not looked at by the training.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn withhold_test(&mut self) -> Result<(), RunError> {
        self.summary.test_is_withheld = true;
        self.write_summary()
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

    /// Whether pictures and weight file hold what they held when the run began, as far as it knows.
    ///
    /// # Errors
    /// Saying what was changed.
    pub fn check_digests(&self, now: &Digests) -> Result<(), RunError> {
        check_digests(&self.folder, now)
    }

    /// Whether the run had these pictures, in this split.
    ///
    /// # Errors
    /// Naming the first difference: a run that goes on with other pictures would be none of both.
    pub fn check_split(&self, dataset: &Dataset, split: &SplitIndices) -> Result<(), RunError> {
        check_split(&self.folder, dataset, split)
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
}

/// [`RunRecorder::check_digests`] of the run in `folder`, whoever writes there.
///
/// # Errors
/// Saying what was changed.
pub(in crate::runs) fn check_digests(folder: &Path, now: &Digests) -> Result<(), RunError> {
    let Some(before) = Digests::read(folder) else {
        return Ok(());
    };
    match before.changes(now).obstacle() {
        Some(reason) => Err(files::problem(folder, reason)),
        None => Ok(()),
    }
}

/// [`RunRecorder::check_split`] of the run in `folder`, whoever writes there.
///
/// # Errors
/// Naming the first difference.
pub(in crate::runs) fn check_split(
    folder: &Path,
    dataset: &Dataset,
    split: &SplitIndices,
) -> Result<(), RunError> {
    let path = folder.join(files::SPLIT);
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
