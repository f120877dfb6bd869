//! A shoot-out, carried out: what is missing of it is found, network by network, and kept as soon as it is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tch::Device;

use super::compare;
use super::error::ShootoutError;
use super::folder::{ShootoutFolder, StoredResult, absolute};
use super::heads;
use super::listener::{ShootoutEvent, ShootoutListener};
use super::pictures::ShootoutPictures;
use super::plan::{PlanInput, ShootoutPlan, is_same, plan, too_long};
use super::report::{
    EntryOutcome, EntryState, ShootoutEntry, ShootoutMetric, ShootoutReport, ShootoutState, VERSION,
};
use crate::data::contents::Stamp;
use crate::data::hash::sha256_of_pairs;
use crate::data::{Dataset, Split, StopFlag};
use crate::experiment::{Experiment, Preprocessing, WeightsSource};
use crate::format;
use crate::models::{self, WeightsInfo, device, speed, weights};
use crate::runs::peak_memory::PeakMemory;
use crate::training::events::Activity;
use crate::training::{
    TrainingError, TrainingEvent, TrainingListener, TrainingRequest, leave_cores, pooled_rows,
};

/// Folds unless a person says otherwise.
pub const FOLDS: usize = 5;
/// The folder is told of progress at most this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// What a network may take beyond the budget, once it has begun, before it is stopped.
const LATE: f64 = 1.15;

/// A shoot-out that is to be carried out.
pub struct ShootoutRequest {
    /// Whose data, seed, precision and pooling count, and nothing else.
    pub experiment: Experiment,
    /// What its paths, and those of weight files, start from.
    pub base: Option<PathBuf>,
    /// Its pictures.
    pub dataset: Arc<Dataset>,
    /// As in [`PlanInput::chosen`].
    pub chosen: Option<Vec<String>>,
    /// 3 or more.
    pub folds: usize,
    pub metric: ShootoutMetric,
    /// Stages whose pooled features heads take; more than a network has are all of them.
    pub stages: u32,
    pub budget_seconds: Option<f64>,
    pub downloads: bool,
    pub random: bool,
    /// `None` chooses CUDA where it is usable.
    pub device: Option<Device>,
    /// Where it is kept.
    pub out: PathBuf,
    pub stop: StopFlag,
}

/// Finds what is missing of a shoot-out, and gives all of it. What another start has found of the same pictures, with the same
/// settings, is not computed again, and stands in the report.
///
/// # Errors
/// When the pictures are too few, the folder can't be used, or a name is none of the catalogue's. What goes wrong with one network
/// is its state. A stop is no error, but [`ShootoutState::Stopped`].
pub fn run(
    request: &ShootoutRequest,
    listener: &mut dyn ShootoutListener,
) -> Result<ShootoutReport, ShootoutError> {
    let found = carry_out(request, listener);
    // Threads that have computed keep helpers otherwise.
    leave_cores();
    found
}

fn carry_out(
    request: &ShootoutRequest,
    listener: &mut dyn ShootoutListener,
) -> Result<ShootoutReport, ShootoutError> {
    let folder = ShootoutFolder::open(&request.out)?;
    let pictures = ShootoutPictures::new(
        &request.dataset,
        &request.experiment,
        request.folds,
        &request.stop,
    )?;
    let device = request.device.unwrap_or_else(device::best);
    let settings = settings(request, &pictures, device);
    let mut work = Work {
        request,
        listener,
        folder,
        device,
        entries: Vec::new(),
        answers: Vec::new(),
        report: blank_report(request, &pictures, device),
        pictures,
        settings,
        written: None,
        estimated: 0.0,
        took: 0.0,
        in_vain: 0.0,
    };
    work.plan()?;
    let ended = work.find_missing();
    work.report.state = match &ended {
        Ok(()) => ShootoutState::Finished,
        Err(ShootoutError::Stopped) => ShootoutState::Stopped,
        Err(error) => ShootoutState::Failed {
            reason: error.to_string(),
        },
    };
    for entry in &mut work.entries {
        if super::folder::is_under_way(&entry.state) {
            entry.state = EntryState::Waiting;
        }
    }
    work.write()?;
    match ended {
        Ok(()) | Err(ShootoutError::Stopped) => Ok(work.report),
        Err(error) => Err(error),
    }
}

/// Everything that answers depend on but the network, as a name.
fn settings(request: &ShootoutRequest, pictures: &ShootoutPictures, device: Device) -> String {
    let experiment = &request.experiment;
    let text = format!(
        "{} folds {} seed {} stages {} {:?} {:?} {:?} {} {} {}",
        VERSION,
        pictures.fold_count,
        experiment.seed,
        request.stages,
        experiment.head.pooling,
        experiment.data.fit,
        experiment.training.precision,
        experiment.training.tf32,
        device_name(device),
        env!("CARGO_PKG_VERSION"),
    );
    let parts = [
        ("pictures", pictures.digest.as_str()),
        ("settings", text.as_str()),
    ];
    hex::encode(sha256_of_pairs(parts))
}

fn device_name(device: Device) -> String {
    let devices = device::discover();
    match device {
        Device::Cuda(index) => devices.cuda.get(index).cloned().unwrap_or_default(),
        _ => devices.cpu.clone(),
    }
}

fn blank_report(
    request: &ShootoutRequest,
    pictures: &ShootoutPictures,
    device: Device,
) -> ShootoutReport {
    let data = absolute(&request.experiment.data, request.base.as_deref());
    let path = data.source.path().map(Path::to_path_buf);
    ShootoutReport {
        version: VERSION,
        data: path.map_or_else(String::new, |path| path.display().to_string()),
        pictures: pictures.members.len(),
        classes: request.dataset.classes.clone(),
        withheld_test: pictures.split_test,
        unreadable: 0,
        folds: pictures.fold_count,
        metric: request.metric,
        stages: request.stages,
        seed: request.experiment.seed,
        budget_seconds: request.budget_seconds,
        used_seconds: 0.0,
        device: device_name(device),
        state: ShootoutState::Running,
        entries: Vec::new(),
        remarks: pictures.remarks.clone(),
    }
}

/// A shoot-out under way.
struct Work<'a> {
    request: &'a ShootoutRequest,
    listener: &'a mut dyn ShootoutListener,
    folder: ShootoutFolder,
    device: Device,
    pictures: ShootoutPictures,
    settings: String,
    /// In the order in which they are tried.
    entries: Vec<ShootoutEntry>,
    /// Of each entry that is done.
    answers: Vec<Option<Vec<Option<u32>>>>,
    report: ShootoutReport,
    written: Option<Instant>,
    /// Of the networks that this process has computed: what they were taken to need, and what they needed.
    estimated: f64,
    took: f64,
    /// Of the budget, for networks of which nothing came.
    in_vain: f64,
}

impl Work<'_> {
    /// Plans, takes what was found before, and says so.
    fn plan(&mut self) -> Result<(), ShootoutError> {
        let request = self.request;
        let here =
            |info: &WeightsInfo| Some(weights::on_this_machine(info)?.metadata().ok()?.len());
        let speeds = std::collections::BTreeMap::new();
        let input = PlanInput {
            chosen: request.chosen.as_deref(),
            budget_seconds: request.budget_seconds,
            pictures: self.pictures.members.len(),
            speeds: &speeds,
            here: &here,
            downloads: request.downloads,
            random: request.random,
            base: request.base.as_deref(),
        };
        let ShootoutPlan { entries, .. } = plan(&input)?;
        for mut entry in entries {
            // What does not fit is told at its turn, when the pace of others is known.
            if matches!(entry.state, EntryState::LeftOut { .. }) {
                entry.state = EntryState::Waiting;
            }
            let mut answers = None;
            if entry.state == EntryState::Waiting
                && let Ok(key) = self.key(&entry, None)
                && let Some(found) = self.folder.result(&key, &self.settings)
            {
                entry.outcome.clone_from(&found.entry.outcome);
                entry.file_bytes = entry.file_bytes.or(found.entry.file_bytes);
                entry.state = EntryState::Done;
                answers = Some(found.answers);
            }
            self.entries.push(entry);
            self.answers.push(answers);
        }
        for found in self.folder.results(&self.settings) {
            let is_wanted = match found.entry.source {
                WeightsSource::Random => request.random,
                WeightsSource::Pretrained | WeightsSource::Named(_) => true,
                // Whether the file is still the same is not known.
                WeightsSource::File(_) | WeightsSource::Part { .. } => false,
            };
            let is_there = self
                .entries
                .iter()
                .any(|entry| is_same(entry, &found.entry));
            if is_wanted && !is_there {
                let state = EntryState::Done;
                self.entries.push(ShootoutEntry {
                    state,
                    comparison: None,
                    ..found.entry
                });
                self.answers.push(Some(found.answers));
            }
        }
        self.write()?;
        self.listener.event(&ShootoutEvent::Planned(&self.report));
        for remark in &self.report.remarks {
            self.listener.event(&ShootoutEvent::Remark(remark));
        }
        Ok(())
    }

    /// Tries what waits, one network after the other.
    fn find_missing(&mut self) -> Result<(), ShootoutError> {
        for index in 0..self.entries.len() {
            if self.entries[index].state != EntryState::Waiting {
                continue;
            }
            if self.request.stop.is_stopped() {
                return Err(ShootoutError::Stopped);
            }
            let seconds = self.expected_seconds(index);
            if let Some(reason) = too_long(seconds, self.used(), self.request.budget_seconds) {
                self.entries[index].state = EntryState::LeftOut { reason };
                self.say_found(index)?;
                continue;
            }
            match self.find(index) {
                Ok(()) => {}
                Err(ShootoutError::Stopped) => return Err(ShootoutError::Stopped),
                // Without its folder, nothing of it would stay.
                Err(error @ ShootoutError::Folder { .. }) => return Err(error),
                Err(error) => {
                    self.entries[index].state = EntryState::Failed {
                        reason: error.to_string(),
                    };
                }
            }
            self.say_found(index)?;
        }
        Ok(())
    }

    fn say_found(&mut self, index: usize) -> Result<(), ShootoutError> {
        self.write()?;
        let entry = &self.entries[index];
        // With its comparison, which the report has.
        let shown = self
            .report
            .entries
            .iter()
            .find(|other| is_same(other, entry));
        self.listener
            .event(&ShootoutEvent::Found(shown.unwrap_or(entry)));
        Ok(())
    }

    /// Computes one network.
    fn find(&mut self, index: usize) -> Result<(), ShootoutError> {
        let began = Instant::now();
        self.check_weights(index)?;
        if self.entries[index].state != EntryState::Waiting {
            return Ok(());
        }
        let mut peak = PeakMemory::begin();
        let total = self.pictures.members.len();
        self.entries[index].state = EntryState::Computing { done: 0, total };
        self.write()?;
        self.listener
            .event(&ShootoutEvent::Begins(&self.entries[index]));
        let training = self.training_request(index);
        let left = self
            .request
            .budget_seconds
            .map(|budget| (budget - self.used()).max(1.0) * LATE);
        let stop = training.stop.clone();
        let mut relay = Relay {
            work: self,
            index,
            peak: &mut peak,
            stop,
            deadline: left.map(|left| began + Duration::from_secs_f64(left.min(1e9))),
            is_late: false,
            failed: None,
        };
        let splits = [Split::Train, Split::Validation];
        let rows = pooled_rows(&training, &splits, &mut relay);
        let Relay {
            is_late, failed, ..
        } = relay;
        if let Some(error) = failed {
            return Err(error);
        }
        if is_late && !self.request.stop.is_stopped() {
            self.entries[index].state = EntryState::LeftOut {
                reason: "left out: it takes longer than was expected, and the budget has ended; what was computed is kept, and a larger budget goes on with it".into(),
            };
            self.in_vain += began.elapsed().as_secs_f64();
            return Ok(());
        }
        let rows = rows?;
        peak.sample();
        self.entries[index].state = EntryState::Heads;
        self.write()?;
        self.listener
            .event(&ShootoutEvent::FitsHeads(&self.entries[index]));
        let heads_began = Instant::now();
        let (features, computed, from_disk) = (rows.features, rows.computed, rows.from_disk);
        let (pace, opened) = (rows.pictures_per_second, rows.weights_stamp);
        let found = heads::cross_validate(&self.pictures, rows, &self.request.stop)?;
        peak.sample();
        let entry = &self.entries[index];
        let mut remarks = found.remarks;
        if entry.source == WeightsSource::Random {
            remarks.push(
                "Its weights are random: this says nothing of what the network is worth.".into(),
            );
        }
        let outcome = EntryOutcome {
            accuracy: found.accuracy,
            macro_f1: found.macro_f1,
            pictures: found.pictures,
            features: u32::try_from(features).unwrap_or(u32::MAX),
            feature_seconds: (heads_began - began).as_secs_f64(),
            computed,
            from_disk,
            head_seconds: heads_began.elapsed().as_secs_f64(),
            pictures_per_second: self.speed(entry, pace),
            peak_memory_bytes: peak.bytes(),
            strengths: found.strengths,
            strength: found.strength,
            remarks,
        };
        // What was kept before says nothing of the machine's pace.
        if 2 * outcome.computed > outcome.pictures {
            self.took += outcome.feature_seconds + outcome.head_seconds;
            self.estimated += entry.estimated_seconds.unwrap_or(0.0);
        }
        self.report.unreadable = found.unreadable;
        // Of the file whose weights these were, not of one that has replaced it since.
        let key = self.key(entry, opened)?;
        let entry = &mut self.entries[index];
        entry.outcome = Some(outcome);
        entry.state = EntryState::Done;
        let device = &self.report.device;
        let result = StoredResult::new(&self.settings, device, entry.clone(), found.answers);
        self.folder.keep(&key, &result)?;
        self.answers[index] = Some(result.answers);
        Ok(())
    }

    /// What is known of the network's speed: measured just now, else by an earlier start, else on a few made-up pictures.
    fn speed(&self, entry: &ShootoutEntry, just_now: Option<f64>) -> Option<f64> {
        let before = || {
            let device = &self.report.device;
            self.folder.speed(&entry.backbone, entry.input_size, device)
        };
        if let Some(rate) = just_now.or_else(before) {
            return Some(rate);
        }
        if self.device != Device::Cpu {
            return None;
        }
        let info = models::backbone_info(&entry.backbone).ok()?;
        let measured = speed::measure(info, &self.request.stop).ok()??;
        let seconds =
            crate::training::time_estimate::picture_seconds(&measured, info, entry.input_size);
        (seconds > 0.0).then(|| 1.0 / seconds)
    }

    /// Takes the weights' file as it is now. Where it is not here, says so, and nothing is downloaded that was not asked for.
    fn check_weights(&mut self, index: usize) -> Result<(), ShootoutError> {
        let base = self.request.base.as_deref();
        let entry = &mut self.entries[index];
        match weights::locate(&entry.source, &entry.backbone, base) {
            Ok(Some(path)) => {
                entry.file_bytes = path.metadata().ok().map(|data| data.len());
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(_) if self.request.downloads && is_published(&entry.source) => Ok(()),
            Err(error) => {
                entry.state = EntryState::NotHere {
                    reason: error.to_string(),
                    command: None,
                };
                Ok(())
            }
        }
    }

    fn training_request(&self, index: usize) -> TrainingRequest {
        let entry = &self.entries[index];
        let mut experiment = self.request.experiment.clone();
        experiment.backbone.name.clone_from(&entry.backbone);
        experiment.backbone.weights = entry.source.clone();
        // Every network sees pictures as its own weights did.
        experiment.backbone.input_size = None;
        experiment.backbone.preprocessing = Preprocessing::Auto;
        weights::settle(&mut experiment.backbone, self.request.base.as_deref());
        experiment.head.stages = self.request.stages;
        experiment.head.output = crate::experiment::OutputLayer::Softmax;
        let (dataset, split) = (self.request.dataset.clone(), self.pictures.split.clone());
        TrainingRequest {
            base: self.request.base.clone(),
            device: Some(self.device),
            withholds_test: self.pictures.split_test > 0,
            ..TrainingRequest::new(experiment, dataset, split)
        }
    }

    /// What a network's result is kept under. `opened`: the weight file that it was computed with.
    fn key(&self, entry: &ShootoutEntry, opened: Option<Stamp>) -> Result<String, ShootoutError> {
        let base = self.request.base.as_deref();
        let fingerprint = weights::fingerprint(&entry.source, &entry.backbone, base, opened)?;
        let fingerprint = fingerprint.unwrap_or_else(|| "random".to_owned());
        let parts = [
            ("settings", self.settings.as_str()),
            ("backbone", entry.backbone.as_str()),
            ("weights", fingerprint.as_str()),
        ];
        Ok(hex::encode(sha256_of_pairs(parts)))
    }

    /// Of the budget: what the networks took that are done, by whichever start found them, and what this one took in vain.
    fn used(&self) -> f64 {
        let of_done = |entry: &ShootoutEntry| {
            let outcome = entry.outcome.as_ref();
            outcome.map_or(0.0, |outcome| {
                outcome.feature_seconds + outcome.head_seconds
            })
        };
        self.entries.iter().map(of_done).sum::<f64>() + self.in_vain
    }

    /// What a network will take, by what others took that were computed just now.
    fn expected_seconds(&self, index: usize) -> f64 {
        let planned = self.entries[index].estimated_seconds.unwrap_or(0.0);
        if self.estimated <= 0.0 {
            return planned;
        }
        planned * (self.took / self.estimated).clamp(0.02, 50.0)
    }

    /// Orders and compares what is there, and writes it.
    fn write(&mut self) -> Result<(), ShootoutError> {
        let metric = self.request.metric;
        let best = (0..self.entries.len())
            .filter(|&index| self.entries[index].outcome.is_some())
            // As the report's order has it: of equal ones the first.
            .reduce(|best, other| {
                let is_better = self.entries[other]
                    .compare(&self.entries[best], metric)
                    .is_gt();
                if is_better { other } else { best }
            });
        for index in 0..self.entries.len() {
            let own = self.answers[index].as_deref();
            let best_answers = best.and_then(|best| self.answers[best].as_deref());
            self.entries[index].comparison = match (own, best_answers) {
                (Some(own), Some(other)) if best != Some(index) => {
                    compare::to_best(&self.pictures, other, own, metric)
                }
                _ => None,
            };
        }
        if let Some(answers) = self.answers.iter().flatten().next() {
            self.report.unreadable = answers.iter().filter(|answer| answer.is_none()).count();
        }
        self.report.used_seconds = self.used();
        self.report.entries.clone_from(&self.entries);
        self.report.sort();
        self.folder.write(&self.report)?;
        self.written = Some(Instant::now());
        Ok(())
    }

    /// Writes how far the network is, where that is not too soon.
    fn show_progress(&mut self, index: usize, state: EntryState) -> Result<(), ShootoutError> {
        if self.written.is_some_and(|when| when.elapsed() < INTERVAL) {
            return Ok(());
        }
        self.entries[index].state = state;
        // Nothing else has changed.
        self.report.entries.clone_from(&self.entries);
        self.report.sort();
        self.folder.write(&self.report)?;
        self.written = Some(Instant::now());
        Ok(())
    }
}

fn is_published(source: &WeightsSource) -> bool {
    matches!(source, WeightsSource::Pretrained | WeightsSource::Named(_))
}

/// Between the trainer and the shoot-out's listener: passes on, and stops where a person or the budget says so.
struct Relay<'w, 'a> {
    work: &'w mut Work<'a>,
    index: usize,
    peak: &'w mut PeakMemory,
    stop: StopFlag,
    deadline: Option<Instant>,
    is_late: bool,
    failed: Option<ShootoutError>,
}

impl TrainingListener for Relay<'_, '_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        self.peak.sample();
        if self.work.request.stop.is_stopped() {
            self.stop.stop();
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() > deadline)
        {
            self.is_late = true;
            self.stop.stop();
        }
        if let TrainingEvent::Progress(progress) = event {
            let (done, total) = (progress.done, progress.total);
            let state = match progress.activity {
                Activity::DownloadingWeights => EntryState::Downloading {
                    done: done as u64,
                    total: total as u64,
                },
                _ => EntryState::Computing { done, total },
            };
            if let Err(error) = self.work.show_progress(self.index, state) {
                self.stop.stop();
                self.failed.get_or_insert(error);
            }
        }
        self.work.listener.event(&ShootoutEvent::Training(event));
        Ok(())
    }
}

/// `12.3 s of 10 min`, for what says how a budget stands.
pub fn budget_text(report: &ShootoutReport) -> String {
    let used = format::duration(report.used_seconds);
    match report.budget_seconds {
        Some(budget) => format!("{used} of {}", format::duration(budget)),
        None => used,
    }
}
