//! What the threads say becomes state, and what the active experiment needs is asked for.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;

use super::clock;
use super::shell::{Asked, Graft, ScanKey};
use super::state::{LogLine, NoticeKind, Preview, RecordState, RunRecord, Scan, Seen, Tree};
use crate::experiment::DataSource;
use crate::models::{catalogue, weights};
use crate::runs::{RunState, RunSummary};
use crate::training::TrainingEvent;
use crate::worker::messages::{Answer, Question, RunEvent, RunId};

/// A split slider rests for this long before the pictures are split anew.
const REST: Duration = Duration::from_millis(350);
/// How often a run that trains elsewhere is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Lines that the log keeps.
const LOG: usize = 5_000;
/// Thumbnails that are kept.
const THUMBNAILS: usize = 3_000;

/// A run of an earlier session or another process, by what its folder says.
fn recorded_state(state: &RunState) -> RecordState {
    match state {
        RunState::Running => RecordState::Elsewhere,
        RunState::Interrupted => RecordState::Interrupted,
        RunState::Finished => RecordState::Finished,
        RunState::Stopped => RecordState::Stopped,
        RunState::Failed(reason) => RecordState::Failed(reason.clone()),
    }
}

impl Graft {
    pub(super) fn log(&mut self, kind: NoticeKind, text: impl Into<String>) {
        self.state.log.push(LogLine {
            time: clock::time_of_day(),
            kind,
            text: text.into(),
        });
        if self.state.log.len() > LOG {
            self.state.log.drain(..LOG / 10);
        }
    }

    /// Takes everything that has happened. Never waits.
    pub(super) fn drain_workers(&mut self, ctx: &egui::Context) {
        let events = self.workers.events();
        let answers = self.workers.answers();
        if events.is_empty() && answers.is_empty() {
            return;
        }
        for (run, event) in events {
            self.run_event(run, event);
        }
        for answer in answers {
            // Its pictures are read again, with the new predictions.
            if let Answer::RunEvaluated { folder, split, .. }
            | Answer::EvaluationStopped { folder, split } = &answer
            {
                self.state.gallery.answered(folder, *split);
            }
            self.answer(answer, ctx);
        }
        ctx.request_repaint();
    }

    fn record(&mut self, run: RunId) -> Option<&mut RunRecord> {
        self.state
            .runs
            .iter_mut()
            .find(|record| record.run == Some(run))
    }

    fn run_event(&mut self, run: RunId, event: RunEvent) {
        let Some(record) = self.record(run) else {
            return;
        };
        let name = record.name.clone();
        match event {
            RunEvent::Started { folder } => {
                record.state = RecordState::Running;
                if let Some(id) = folder.file_name() {
                    record.id = id.to_string_lossy().into_owned();
                }
                self.asked.runs.insert(folder.clone());
                if let Some(record) = self.record(run) {
                    record.folder = Some(folder.clone());
                }
                self.log(
                    NoticeKind::Info,
                    format!("{name}: started in {}", folder.display()),
                );
            }
            RunEvent::Resumed(stored) => {
                let epochs = stored.metrics.len();
                record.metrics = stored.metrics;
                record.phase_starts = stored.phase_starts;
                record.summary = Some(stored.summary);
                self.log(
                    NoticeKind::Info,
                    format!("{name}: goes on after epoch {epochs}"),
                );
            }
            RunEvent::Training(event) => self.training_event(run, &name, event),
            RunEvent::Finished(summary) => {
                let accuracy = summary
                    .test
                    .as_ref()
                    .map(|test| format!(", test accuracy {:.1} %", test.accuracy * 100.0));
                self.log(
                    NoticeKind::Info,
                    format!("{name}: finished{}", accuracy.unwrap_or_default()),
                );
                self.end(run, RecordState::Finished, Some(*summary));
            }
            RunEvent::Stopped(summary) => {
                self.log(
                    NoticeKind::Info,
                    format!("{name}: stopped; what it had learned is kept"),
                );
                self.end(run, RecordState::Stopped, Some(*summary));
            }
            RunEvent::Failed { message } => {
                self.error(format!("{name} could not be trained"), message.clone());
                self.end(run, RecordState::Failed(message), None);
                self.workers.ask(Question::ListRuns {
                    runs: self.places.runs.clone(),
                });
            }
            RunEvent::Cancelled => {
                // A run that was to go on stays as its folder says.
                match &record.summary {
                    Some(summary) if record.folder.is_some() => {
                        record.state = recorded_state(&summary.state);
                        record.run = None;
                    }
                    _ => self.state.runs.retain(|record| record.run != Some(run)),
                }
                self.log(NoticeKind::Info, format!("{name}: taken out of the queue"));
            }
        }
        if !self.state.is_training() {
            self.state.paused = false;
        }
    }

    fn end(&mut self, run: RunId, state: RecordState, summary: Option<RunSummary>) {
        let Some(record) = self.record(run) else {
            return;
        };
        record.state = state;
        record.progress = None;
        record.summary = summary.or(record.summary.take());
        let id = record.id.clone();
        let folder = record.folder.clone();
        if record.state == RecordState::Finished {
            self.state.selected_run = Some(id);
            // How far the layers moved stands in the folder only.
            if let Some(folder) = folder {
                self.asked.runs.remove(&folder);
                self.load_run(&folder);
            }
        }
    }

    fn training_event(&mut self, run: RunId, name: &str, event: TrainingEvent) {
        match event {
            TrainingEvent::Prepared {
                train,
                validation,
                test,
                device,
                weights,
            } => {
                self.log(
                    NoticeKind::Info,
                    format!("{name}: {train} pictures to train, {validation} to validate, {test} to test, on {device}. {weights}"),
                );
                // The run may have downloaded them.
                self.workers.ask(Question::StoredWeights);
            }
            TrainingEvent::PhaseStarted {
                phase,
                name: phase_name,
                epochs,
                first_epoch,
                plan,
                ..
            } => {
                if phase > 0
                    && let Some(record) = self.record(run)
                    && !record
                        .phase_starts
                        .iter()
                        .any(|(epoch, _)| *epoch == first_epoch)
                {
                    record.phase_starts.push((first_epoch, phase_name.clone()));
                }
                self.log(
                    NoticeKind::Info,
                    format!("{name}: {phase_name}, {epochs} epochs; {plan}"),
                );
            }
            TrainingEvent::Progress(progress) => {
                if let Some(record) = self.record(run) {
                    record.progress = Some(progress);
                }
            }
            TrainingEvent::EpochFinished(metrics) => {
                let validation = metrics
                    .validation_accuracy
                    .map(|accuracy| format!(", validation {:.1} %", accuracy * 100.0));
                self.log(
                    NoticeKind::Info,
                    format!(
                        "{name}: epoch {}, loss {:.4}, accuracy {:.1} %{}",
                        metrics.epoch,
                        metrics.train_loss,
                        metrics.train_accuracy * 100.0,
                        validation.unwrap_or_default()
                    ),
                );
                if let Some(record) = self.record(run) {
                    record.metrics.push(metrics);
                }
            }
            TrainingEvent::PhaseFinished {
                name: phase_name,
                epochs,
                seconds,
                ..
            } => {
                self.log(
                    NoticeKind::Info,
                    format!("{name}: {phase_name} done, {epochs} epochs in {seconds:.0} s"),
                );
            }
            TrainingEvent::Warning(text) => {
                self.log(NoticeKind::Warning, format!("{name}: {text}"));
                if let Some(record) = self.record(run) {
                    record.warnings.push(text);
                }
            }
            TrainingEvent::Note(text) => self.log(NoticeKind::Info, format!("{name}: {text}")),
            TrainingEvent::Tested(test) => {
                self.log(
                    NoticeKind::Info,
                    format!(
                        "{name}: {:.1} % of {} test pictures right",
                        test.accuracy * 100.0,
                        test.n
                    ),
                );
            }
        }
    }

    fn answer(&mut self, answer: Answer, ctx: &egui::Context) {
        match answer {
            Answer::Devices(devices) => {
                let known = |device: &str| {
                    device == "cpu"
                        || device
                            .strip_prefix("cuda:")
                            .and_then(|index| index.parse().ok())
                            .is_some_and(|index: usize| index < devices.cuda.len())
                };
                if self
                    .state
                    .device
                    .as_deref()
                    .is_some_and(|device| !known(device))
                {
                    self.state.device = None;
                }
                if let Some(reason) = &devices.why_no_cuda {
                    let text = reason.clone();
                    self.log(NoticeKind::Info, text);
                }
                // Speeds of another processor say nothing here.
                if self.settings.measured_on == devices.cpu {
                    self.state.speeds.clone_from(&self.settings.speeds);
                } else {
                    self.settings.measured_on.clone_from(&devices.cpu);
                }
                self.state.devices = Some(devices);
            }
            Answer::Recognised { path, source } => self.use_pictures(&path, source),
            Answer::ScanProgress { done, total } => {
                if matches!(self.state.scan, Scan::Running { .. }) {
                    self.state.scan = Scan::Running { done, total };
                }
            }
            Answer::Scanned { data, seed, result } => {
                let wanted = self
                    .asked
                    .scan
                    .as_ref()
                    .is_some_and(|key| key.data == *data && key.seed == seed);
                if !wanted {
                    return;
                }
                match result {
                    Ok((dataset, split)) => self.scanned(data, seed, dataset, split),
                    Err(reason) if reason == "stopped" => {
                        self.state.scan =
                            Scan::Failed("The scan was stopped. Scan again to see classes, samples and problems.".into());
                    }
                    Err(reason) => {
                        self.log(NoticeKind::Error, reason.clone());
                        self.state.scan = Scan::Failed(reason);
                    }
                }
            }
            Answer::Thumbnail {
                name,
                index,
                pixels,
            } => {
                let current = match &self.state.scan {
                    Scan::Done { dataset, .. } => dataset
                        .pictures
                        .get(index)
                        .is_some_and(|picture| picture.name == name),
                    _ => false,
                };
                if current {
                    if self.state.thumbnails.len() >= THUMBNAILS {
                        self.state.thumbnails.clear();
                        self.asked.thumbnails.clear();
                    }
                    self.state.thumbnails.insert(index, pixels.map(Arc::new));
                }
            }
            Answer::LayerTree {
                backbone,
                input_size,
                tree,
            } => {
                if self.asked.tree == Some((backbone, input_size)) {
                    self.state.tree = match tree {
                        Ok(tree) => Tree::Ready(tree),
                        Err(reason) => Tree::Failed(reason),
                    };
                }
            }
            Answer::Augmented {
                index,
                augmentation,
                original,
                versions,
            } => {
                let wanted = self
                    .asked
                    .preview
                    .as_ref()
                    .is_some_and(|key| key.index == index && key.augmentation == *augmentation);
                if wanted {
                    self.state.preview = Some(Arc::new(Preview {
                        index,
                        augmentation: *augmentation,
                        original,
                        versions,
                    }));
                }
            }
            Answer::StoredWeights(stored) => {
                self.state.stored_weights = stored.into_iter().collect();
            }
            Answer::Speed { backbone, result } => {
                self.asked.speed = None;
                match result {
                    // Beside a training that began meanwhile, it measured the training.
                    Ok(_) if self.state.is_training() => {}
                    Ok(measured) => {
                        self.state.speeds.insert(backbone, measured);
                    }
                    Err(reason) => {
                        self.log(
                            NoticeKind::Warning,
                            format!("the speed of {backbone} can't be measured: {reason}"),
                        );
                        self.asked.unmeasurable.insert(backbone);
                    }
                }
            }
            Answer::Classified {
                index,
                backbone,
                result,
            } => {
                let wanted = self
                    .asked
                    .seen
                    .as_ref()
                    .is_some_and(|(asked, name, _)| (*asked, name) == (index, &backbone));
                if wanted {
                    self.state.seen = Some(Seen {
                        backbone,
                        index,
                        result,
                    });
                }
            }
            Answer::Compared { folders, result } => self.compared(&folders, result),
            Answer::Runs(summaries) => self.list_runs(summaries),
            Answer::Run(Ok(stored)) => {
                if let Some(record) = self
                    .state
                    .runs
                    .iter_mut()
                    .find(|record| record.folder.as_ref() == Some(&stored.folder))
                    && !record.is_live()
                {
                    record.metrics = stored.metrics;
                    record.phase_starts = stored.phase_starts;
                    record.movement = Arc::new(stored.movement);
                    record.summary = Some(stored.summary);
                }
            }
            Answer::Gallery(answer) => self.gallery_answer(answer),
            Answer::Run(Err(reason)) => self.error("A run can't be opened", reason),
            Answer::EvaluationProgress {
                folder,
                split,
                done,
                total,
            } => self.evaluation_progress(folder, split, done, total),
            Answer::RunEvaluated {
                folder,
                split,
                result,
            } => self.evaluated(folder, split, result, ctx),
            Answer::EvaluationStopped { folder, split } => self.evaluation_stopped(folder, split),
            Answer::Diagnosed { folder, result, .. } => self.diagnosed(folder, result),
        }
    }

    fn scanned(
        &mut self,
        data: Box<crate::experiment::DataConfig>,
        seed: u64,
        dataset: Arc<crate::data::Dataset>,
        split: crate::data::SplitIndices,
    ) {
        let mut dataset = dataset;
        let mut same = false;
        if let Scan::Done {
            dataset: before, ..
        } = &self.state.scan
            && **before == *dataset
        {
            dataset = before.clone();
            same = true;
        }
        if !same {
            self.forget_pictures();
        }
        self.state.scan = Scan::Done {
            data,
            seed,
            dataset,
            split: Arc::new(split),
        };
    }

    fn forget_pictures(&mut self) {
        self.state.thumbnails.clear();
        self.asked.thumbnails.clear();
        self.state.preview = None;
        self.asked.preview = None;
        self.state.seen = None;
        self.asked.seen = None;
    }

    /// Adds earlier runs that are not known yet, oldest first, before those of this session, and
    /// takes over what has become of runs that train elsewhere.
    fn list_runs(&mut self, summaries: Vec<RunSummary>) {
        let (known, mut new): (Vec<_>, Vec<_>) = summaries
            .into_iter()
            .partition(|summary| self.state.runs.iter().any(|record| record.id == summary.id));
        for summary in known {
            let record = self
                .state
                .runs
                .iter_mut()
                .find(|record| record.id == summary.id && !record.is_live());
            let Some(record) = record else {
                continue;
            };
            if record.state != RecordState::Elsewhere {
                // What failed here has told its reason only; its folder says whether it can go on.
                record.summary.get_or_insert(summary);
            } else {
                record.state = recorded_state(&summary.state);
                record.summary = Some(summary);
                // Its epochs are read again.
                if let Some(folder) = record.folder.clone() {
                    self.asked.runs.remove(&folder);
                    if record.shown {
                        self.load_run(&folder);
                    }
                }
            }
        }
        new.sort_by_key(|summary| summary.started);
        let place = self
            .state
            .runs
            .iter()
            .position(|record| record.run.is_some())
            .unwrap_or(self.state.runs.len());
        let mut records = Vec::new();
        for summary in new {
            let color = self.next_color;
            self.next_color += 1;
            records.push(RunRecord {
                id: summary.id.clone(),
                run: None,
                folder: Some(self.places.runs.join(&summary.id)),
                name: summary.experiment.clone(),
                state: recorded_state(&summary.state),
                metrics: Vec::new(),
                phase_starts: Vec::new(),
                epochs_planned: summary.epochs_planned,
                progress: None,
                summary: Some(summary),
                color,
                shown: false,
                warnings: Vec::new(),
                movement: Default::default(),
            });
        }
        self.state.runs.splice(place..place, records);
    }

    /// Looks after runs that train elsewhere now and then: nobody tells of them.
    pub(super) fn follow_other_processes(&mut self, ctx: &egui::Context) {
        let any = self
            .state
            .runs
            .iter()
            .any(|record| record.state == RecordState::Elsewhere);
        if !any {
            return;
        }
        let is_due = self
            .asked
            .listed
            .is_none_or(|listed| listed.elapsed() >= LOOK_AGAIN);
        if is_due {
            self.asked.listed = Some(Instant::now());
            self.workers.ask(Question::ListRuns {
                runs: self.places.runs.clone(),
            });
        }
        ctx.request_repaint_after(LOOK_AGAIN);
    }

    /// Asks for what the active experiment needs and is not there: a scan, the layer tree.
    pub(super) fn follow_active_document(&mut self, ctx: &egui::Context) {
        let Some(document) = self.state.active_document() else {
            if self.asked.scan.is_some() {
                self.workers.ask(Question::StopScan);
                self.forget_pictures();
            }
            self.asked = Asked {
                runs: std::mem::take(&mut self.asked.runs),
                listed: self.asked.listed,
                speed: self.asked.speed.take(),
                unmeasurable: std::mem::take(&mut self.asked.unmeasurable),
                ..Asked::default()
            };
            self.state.scan = Scan::None;
            self.state.tree = Tree::None;
            return;
        };
        let key = ScanKey::of(document);
        let backbone = document.experiment.backbone.clone();
        if self.asked.scan.as_ref() == Some(&key) {
            self.asked.waiting = None;
        } else {
            self.ask_scan(key, ctx);
        }
        let known = catalogue::find(&backbone.name);
        let size = backbone
            .input_size
            .or_else(|| known.map(|info| weights::input_size(info, &backbone.weights)));
        match size {
            Some(size) => {
                let wanted = (backbone.name, size);
                if self.asked.tree.as_ref() != Some(&wanted) {
                    // The old tree stays while only the size changes: the layers are the same.
                    if self
                        .asked
                        .tree
                        .as_ref()
                        .is_none_or(|(name, _)| *name != wanted.0)
                        || self.tree().is_none()
                    {
                        self.state.tree = Tree::Loading;
                    }
                    self.workers.ask(Question::LayerTree {
                        backbone: wanted.0.clone(),
                        input_size: wanted.1,
                    });
                    self.asked.tree = Some(wanted);
                }
            }
            None => {
                self.asked.tree = None;
                self.state.tree = Tree::Failed(format!(
                    "There is no backbone named “{}”. Choose one in the list.",
                    backbone.name
                ));
            }
        }
    }

    fn ask_scan(&mut self, key: ScanKey, ctx: &egui::Context) {
        if key.data.source == DataSource::Unset {
            self.workers.ask(Question::StopScan);
            self.forget_pictures();
            self.state.scan = Scan::None;
            self.asked.scan = Some(key);
            return;
        }
        let same_pictures = matches!(self.state.scan, Scan::Done { .. })
            && self
                .asked
                .scan
                .as_ref()
                .is_some_and(|asked| asked.same_pictures(&key));
        if same_pictures {
            match &self.asked.waiting {
                Some((waiting, since)) if *waiting == key => {
                    if since.elapsed() < REST {
                        ctx.request_repaint_after(REST);
                        return;
                    }
                }
                _ => {
                    self.asked.waiting = Some((key, Instant::now()));
                    ctx.request_repaint_after(REST);
                    return;
                }
            }
        } else {
            self.state.scan = Scan::Running { done: 0, total: 0 };
        }
        self.asked.waiting = None;
        self.workers.ask(Question::Scan {
            data: Box::new(key.data.clone()),
            seed: key.seed,
            base: key.base.clone(),
        });
        self.asked.scan = Some(key);
    }

    /// Measures backbones one after the other while nothing else needs the machine, once.
    pub(super) fn measure_next_backbone(&mut self) {
        let is_busy = self.asked.speed.is_some()
            || self.state.is_training()
            || matches!(self.state.scan, Scan::Running { .. })
            || self.state.devices.is_none()
            || self.state.documents.is_empty();
        if is_busy {
            return;
        }
        let next = catalogue::architectures().iter().find(|info| {
            !self.state.speeds.contains_key(info.name)
                && !self.asked.unmeasurable.contains(info.name)
        });
        if let Some(info) = next {
            self.asked.speed = Some(info.name.to_owned());
            self.workers.ask(Question::MeasureSpeed {
                backbone: info.name.to_owned(),
            });
        }
    }

    /// Opens a run's metrics when they are needed for the first time.
    pub(super) fn load_run(&mut self, folder: &Path) {
        if self.asked.runs.insert(folder.to_path_buf()) {
            self.workers.ask(Question::OpenRun {
                folder: folder.to_path_buf(),
            });
        }
    }
}
