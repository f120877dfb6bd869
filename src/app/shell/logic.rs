//! What the trainer and the other threads say becomes state.

use std::path::Path;

use eframe::egui;

use crate::app::core::clock;
use crate::app::core::state::{Cause, LogLine, NoticeKind, RecordState, RunRecord};
use crate::app::shell::Graft;
use crate::runs::{RunState, RunSummary, event_text};
use crate::training::TrainingEvent;
use crate::worker::messages::{Answer, Question, RunEvent, RunId};

/// Lines that the log keeps.
const LOG: usize = 5_000;

/// A run of an earlier session or another process, by what its folder says.
pub(in crate::app) fn recorded_state(state: &RunState) -> RecordState {
    match state {
        RunState::Running => RecordState::Elsewhere,
        RunState::Interrupted => RecordState::Interrupted,
        RunState::Finished => RecordState::Finished,
        RunState::Stopped => RecordState::Stopped,
        RunState::Failed(reason) => RecordState::Failed(reason.clone()),
    }
}

impl Graft {
    pub(in crate::app) fn log(&mut self, kind: NoticeKind, text: impl Into<String>) {
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
    pub(in crate::app) fn drain_workers(&mut self, ctx: &egui::Context) {
        let events = self.workers.events();
        let answers = self.workers.answers();
        if events.is_empty() && answers.is_empty() {
            return;
        }
        let is_progress = |(_, event): &(RunId, RunEvent)| {
            matches!(event, RunEvent::Training(TrainingEvent::Progress(_)))
        };
        // What else happens may ask for a view that only the next frame can show.
        if !answers.is_empty() || !events.iter().all(is_progress) {
            ctx.request_repaint();
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
                self.has_gone(&Cause::Run(name.clone()));
                self.has_gone(&Cause::Trainer);
                self.forget_answers(&folder);
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
                let memory = summary
                    .memory()
                    .map(|memory| format!(", memory at most {memory}"));
                let text = [accuracy, memory].map(Option::unwrap_or_default).concat();
                self.log(NoticeKind::Info, format!("{name}: finished{text}"));
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
                let title = format!("{name} could not be trained");
                self.error_about(Cause::Run(name), title, message.clone());
                self.end(run, RecordState::Failed(message), None);
                self.workers.ask(Question::ListRuns {
                    runs: self.paths.runs.clone(),
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
        let is_finished = record.state == RecordState::Finished;
        let id = record.id.clone();
        let folder = record.folder.clone();
        if let Some(folder) = &folder {
            self.forget_answers(folder);
        }
        if is_finished {
            self.state.selected_run = Some(id);
            // How far the layers moved stands in the folder only.
            if let Some(folder) = folder {
                self.asked.runs.remove(&folder);
                self.load_run(&folder);
            }
        }
    }

    /// Drops what is shown of a run's answers: it has other weights now, or soon will have.
    fn forget_answers(&mut self, folder: &Path) {
        let evaluation = &mut self.state.evaluation;
        evaluation.parts.retain(|(other, _), _| other != folder);
        evaluation.intervals = None;
        self.state.gallery.forget(folder);
    }

    fn training_event(&mut self, run: RunId, name: &str, event: TrainingEvent) {
        if let Some(line) = event_text::window_line(&event) {
            let kind = match event {
                TrainingEvent::Warning(_) => NoticeKind::Warning,
                _ => NoticeKind::Info,
            };
            self.log(kind, format!("{name}: {line}"));
        }
        match event {
            // The run may have downloaded them.
            TrainingEvent::Prepared { .. } => self.workers.ask(Question::StoredWeights),
            TrainingEvent::Speed {
                backbone,
                pictures_per_second,
            } => self.note_speed(&backbone, pictures_per_second),
            event => {
                if let Some(record) = self.record(run) {
                    note_event(record, event);
                }
            }
        }
    }
}

/// What a run's record keeps of an event.
fn note_event(record: &mut RunRecord, event: TrainingEvent) {
    match event {
        TrainingEvent::PhaseStarted {
            phase,
            name,
            first_epoch,
            ..
        } => {
            let is_known = |(epoch, _): &(u32, String)| *epoch == first_epoch;
            if phase > 0 && !record.phase_starts.iter().any(is_known) {
                record.phase_starts.push((first_epoch, name));
            }
        }
        TrainingEvent::Progress(progress) => record.progress = Some(progress),
        TrainingEvent::EpochFinished(metrics) => record.metrics.push(metrics),
        TrainingEvent::Warning(text) => record.warnings.push(text),
        _ => {}
    }
}
