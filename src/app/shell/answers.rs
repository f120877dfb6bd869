//! What the assistant has found out becomes state.

use std::sync::Arc;

use eframe::egui;

use super::logic::recorded_state;
use crate::app::core::state::{
    Cause, NoticeKind, Preview, PreviewedTable, RecordState, RunRecord, Scan, Seen, Tree,
};
use crate::app::shell::Graft;
use crate::runs::RunSummary;
use crate::worker::messages::Answer;

/// Thumbnails that are kept.
const THUMBNAILS: usize = 3_000;

impl Graft {
    pub(in crate::app) fn answer(&mut self, answer: Answer, ctx: &egui::Context) {
        match answer {
            Answer::Devices(devices) => {
                let known = |device: &str| {
                    device == "cpu"
                        || device
                            .strip_prefix("cuda:")
                            .and_then(|index| index.parse().ok())
                            .is_some_and(|index: usize| devices.check(index).is_ok())
                };
                if self
                    .state
                    .device
                    .as_deref()
                    .is_some_and(|device| !known(device))
                {
                    self.state.device = None;
                }
                for reason in devices.why_no_cuda.iter().chain(devices.refused.values()) {
                    self.log(NoticeKind::Info, reason.clone());
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
            Answer::TablePreviewed {
                source,
                base,
                result,
            } => {
                if self.asked.table == Some((source.clone(), base)) {
                    self.state.table = Some(PreviewedTable { source, result });
                }
            }
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
                // Why the network could not be asked may have been a file that is there now.
                let failed = |seen: &Seen| seen.result.is_err();
                if self.state.seen.as_ref().is_some_and(failed) {
                    self.state.seen = None;
                    self.asked.seen = None;
                }
            }
            Answer::WeightsExamined { backbone, examined } => {
                self.state.examined_weights = Some((*backbone, examined));
            }
            Answer::Speed { backbone, result } => {
                self.asked.speed = None;
                match result {
                    // Beside a training that began meanwhile, it measured the training.
                    Ok(_) if self.state.is_training() => {}
                    Ok(measured) => self.take_speed(backbone, measured),
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
                source,
                backbone,
                result,
            } => {
                let wanted = (self.asked.seen.as_ref())
                    .filter(|(asked, name, _)| *asked == source && *name == backbone);
                if let Some((.., weights)) = wanted {
                    self.state.seen = Some(Seen {
                        weights: weights.clone(),
                        backbone,
                        source,
                        result,
                    });
                }
            }
            Answer::Compared { folders, result } => self.compared(&folders, result),
            Answer::Runs(summaries) => self.list_runs(summaries),
            Answer::Run(Ok(stored)) => {
                self.has_gone(&Cause::RunFolder(stored.folder.clone()));
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
            Answer::Features(answer) => self.features_answer(answer),
            Answer::Run(Err(reason)) => self.run_unreadable(reason),
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

    /// The reason names the folder that was asked for.
    fn run_unreadable(&mut self, reason: String) {
        let folders = self.asked.runs.iter();
        let folder = folders
            .filter(|folder| reason.contains(&*folder.to_string_lossy()))
            .max_by_key(|folder| folder.as_os_str().len())
            .cloned();
        let title = "A run can't be opened";
        match folder {
            // It is read again when it is asked for again.
            Some(folder) => {
                self.asked.runs.remove(&folder);
                self.error_about(Cause::RunFolder(folder), title, reason);
            }
            None => self.error(title, reason),
        }
    }

    pub(in crate::app) fn scanned(
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

    pub(in crate::app) fn forget_pictures(&mut self) {
        self.state.thumbnails.clear();
        self.asked.thumbnails.clear();
        self.state.preview = None;
        self.asked.preview = None;
        self.state.seen = None;
        self.asked.seen = None;
    }

    /// Adds earlier runs that are not known yet, oldest first, before those of this session, and
    /// takes over what has become of runs that train elsewhere.
    pub(in crate::app) fn list_runs(&mut self, summaries: Vec<RunSummary>) {
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
                folder: Some(self.paths.runs.join(&summary.id)),
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
}
