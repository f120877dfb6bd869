//! What is to be trained: checked, queued, stopped.

use std::sync::Arc;

use super::evaluation;
use super::scanning::ScanKey;
use super::session::Session;
use super::state::{Cause, NoticeKind, RecordState, RunRecord};
use super::view_id::ViewId;
use crate::experiment::{DataSource, Experiment};
use crate::format;
use crate::runs::Listed;
use crate::runs::portable_paths::with_absolute_paths;
use crate::runs::seeds;
use crate::runs::short_settings::settings_of;
use crate::worker::messages::{RunId, StartRun, TrainingCommand};

impl Session {
    /// Queues the documents `indices`, in order; says why where one can't be trained. Gives those back that were trained
    /// with the same settings and seed before.
    pub fn train(&mut self, indices: &[usize]) -> Vec<usize> {
        let able: Vec<usize> = indices
            .iter()
            .copied()
            .filter(|&index| self.can_be_trained(index))
            .collect();
        let (repeats, new): (Vec<usize>, Vec<usize>) =
            able.into_iter().partition(|&index| self.is_repeat(index));
        self.queue(&new);
        repeats
    }

    pub fn queue(&mut self, indices: &[usize]) {
        let mut queued = false;
        for &index in indices {
            queued |= self.start(index);
        }
        if queued {
            self.show_view(ViewId::CURVES);
        }
    }

    /// Whether a run came to its end with the settings and the seed of document `index`.
    fn is_repeat(&self, index: usize) -> bool {
        let document = self.state.documents.get(index);
        document.is_some_and(|document| self.finished_as(index, &document.experiment).is_some())
    }

    /// The latest run that came to its end with the settings and the seed of `experiment`, a variant of document `index`.
    pub fn finished_as(&self, index: usize, experiment: &Experiment) -> Option<&RunRecord> {
        let document = self.state.documents.get(index)?;
        let portable = with_absolute_paths(experiment, document.base().as_deref());
        let recipe = seeds::recipe(&portable);
        let same = |run: &&RunRecord| {
            run.state == RecordState::Finished
                && run.summary.as_ref().is_some_and(|summary| {
                    summary.seed == Some(experiment.seed)
                        && summary.recipe.as_ref() == Some(&recipe)
                })
        };
        let started = |run: &&RunRecord| run.summary.as_ref().map(|summary| summary.started);
        self.state.runs.iter().filter(same).max_by_key(started)
    }

    /// Whether document `index` can be trained; says why where it can't.
    pub fn can_be_trained(&mut self, index: usize) -> bool {
        let Some(document) = self.state.documents.get(index) else {
            return false;
        };
        let name = document.experiment.name.clone();
        let cause = Cause::Training(document.id);
        if document.experiment.data.source == DataSource::Unset {
            self.error_about(
                cause,
                format!("{name} has no pictures yet"),
                "open a folder of pictures sorted by class, or a table",
            );
            return false;
        }
        if let Some(problem) = document.problems.first() {
            let text = format!("{} {}", problem.field, problem.message);
            self.state.active = index;
            self.error_about(cause, format!("{name} can't be trained as it is"), text);
            return false;
        }
        true
    }

    pub fn start(&mut self, index: usize) -> bool {
        let experiment = match self.state.documents.get(index) {
            Some(document) => document.experiment.clone(),
            None => return false,
        };
        self.start_as(index, experiment).is_some()
    }

    /// Queues `experiment`, a variant of document `index` on the same pictures.
    pub fn start_as(&mut self, index: usize, experiment: Experiment) -> Option<RunId> {
        let document = self.state.documents.get(index)?;
        let base = document.base();
        let key = ScanKey::of(document);
        let scanned = self.state.scan.dataset().cloned();
        let dataset = scanned.filter(|_| self.has_scanned_pictures_of(&key));
        let run = self.unused_run();
        let start = StartRun {
            run,
            experiment,
            base,
            dataset,
            runs: self.paths.runs.clone(),
            resume: None,
            refit: false,
            device: self.state.device.clone(),
        };
        let mut record = RunRecord {
            id: format!("queued-{}", run.0),
            run: Some(run),
            folder: None,
            name: start.experiment.name.clone(),
            state: RecordState::Queued,
            metrics: Vec::new(),
            phase_starts: Vec::new(),
            epochs_planned: start.experiment.epochs(),
            progress: None,
            card: None,
            paused: false,
            fold: None,
            summary: None,
            color: 0,
            shown: true,
            warnings: Vec::new(),
            movement: Default::default(),
            listed: Listed {
                settings: Arc::new(settings_of(&start.experiment)),
                pictures: evaluation::pictures_of(&start.experiment, start.base.as_deref()),
                ..Listed::default()
            },
            title: String::new(),
        };
        if let Err(reason) = self.workers.send(TrainingCommand::Start(Box::new(start))) {
            let title = format!("{} is not queued", record.name);
            self.error_about(Cause::Trainer, title, reason);
            return None;
        }
        self.has_gone(&Cause::Trainer);
        record.color = self.unused_color();
        self.state.runs.push(record);
        Some(run)
    }

    pub fn send_to_trainer(&mut self, command: TrainingCommand) {
        if let Err(reason) = self.workers.send(command) {
            self.error_about(Cause::Trainer, "Training does not answer", reason);
        }
    }

    /// Holds everything that trains, or lets all of it go on.
    pub fn pause_all(&mut self, paused: bool) {
        self.state.paused = paused && self.state.is_training();
        for run in &mut self.state.runs {
            run.paused = false;
        }
        self.send_to_trainer(TrainingCommand::Pause(self.state.paused));
    }

    /// Holds one run, or lets it go on; the others stay as they are.
    pub fn pause_run(&mut self, run: RunId, paused: bool) {
        if self.state.paused && !paused {
            self.pause_all(false);
            let others: Vec<RunId> = (self.state.under_way())
                .filter_map(|record| record.run)
                .filter(|&other| other != run)
                .collect();
            for other in others {
                self.pause_run(other, true);
            }
            return;
        }
        if let Some(record) = self.state.live_run(run) {
            record.paused = paused;
            self.send_to_trainer(TrainingCommand::PauseRun(run, paused));
        }
    }

    /// Empties the queue from its end, then stops what is under way.
    pub fn stop_all(&mut self) {
        let mut live: Vec<&RunRecord> = (self.state.runs.iter().rev())
            .filter(|run| run.is_live())
            .collect();
        live.sort_by_key(|run| run.state != RecordState::Queued);
        let live: Vec<RunId> = live.iter().filter_map(|run| run.run).collect();
        let waiting = self.state.queued();
        for run in live {
            self.send_to_trainer(TrainingCommand::Stop(run));
        }
        if waiting > 0 {
            let runs = format::count(waiting, "waiting run was", "waiting runs were");
            let title = format!("{runs} taken from the queue");
            let text = "“Train” queues what is ticked again.";
            self.notice(NoticeKind::Info, title, text);
        }
        if self.state.paused {
            self.pause_all(false);
        }
    }
}
