//! What the trainer says of runs becomes state.

use super::requests::{RunRequests, recorded_state};
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind, RecordState};
use crate::runs::RunSummary;
use crate::training::TrainingEvent;
use crate::worker::messages::{Question, RunEvent, RunId};

impl RunRequests {
    pub fn run_event(&mut self, session: &mut Session, run: RunId, event: RunEvent) {
        let Some(record) = session.state.live_run(run) else {
            return;
        };
        let name = record.name.clone();
        match event {
            RunEvent::Started { folder } => {
                record.state = RecordState::Running;
                if let Some(id) = folder.file_name() {
                    record.id = id.to_string_lossy().into_owned();
                }
                self.opened.insert(folder.clone());
                session.has_gone(&Cause::Run(name.clone()));
                session.has_gone(&Cause::Trainer);
                session.state.forget_answers(&folder);
                if let Some(record) = session.state.live_run(run) {
                    record.folder = Some(folder.clone());
                }
                session.log(
                    NoticeKind::Info,
                    format!("{name}: started in {}", folder.display()),
                );
            }
            RunEvent::Resumed(stored) => {
                let epochs = stored.metrics.len();
                record.metrics = stored.metrics;
                record.phase_starts = stored.phase_starts;
                record.summary = Some(stored.summary);
                session.log(
                    NoticeKind::Info,
                    format!("{name}: goes on after epoch {epochs}"),
                );
            }
            RunEvent::Training(event) => training_event(session, run, &name, event),
            RunEvent::Finished(summary) => {
                let accuracy = summary
                    .test
                    .as_ref()
                    .map(|test| format!(", test accuracy {:.1} %", test.accuracy * 100.0));
                let memory = summary
                    .memory()
                    .map(|memory| format!(", memory at most {memory}"));
                let text = [accuracy, memory].map(Option::unwrap_or_default).concat();
                session.log(NoticeKind::Info, format!("{name}: finished{text}"));
                self.end(session, run, RecordState::Finished, Some(*summary));
            }
            RunEvent::Stopped(summary) => {
                session.log(
                    NoticeKind::Info,
                    format!("{name}: stopped; what it had learned is kept"),
                );
                self.end(session, run, RecordState::Stopped, Some(*summary));
            }
            RunEvent::Failed { message } => {
                let title = format!("{name} could not be trained");
                session.error_about(Cause::Run(name), title, message.clone());
                self.end(session, run, RecordState::Failed(message), None);
                session.list_runs();
            }
            RunEvent::Cancelled => {
                // A run that was to go on stays as its folder says.
                match &record.summary {
                    Some(summary) if record.folder.is_some() => {
                        record.state = recorded_state(&summary.state);
                        record.run = None;
                    }
                    _ => session.state.runs.retain(|record| record.run != Some(run)),
                }
                session.log(NoticeKind::Info, format!("{name}: taken out of the queue"));
            }
        }
        if !session.state.is_training() {
            session.state.paused = false;
        }
    }

    fn end(
        &mut self,
        session: &mut Session,
        run: RunId,
        state: RecordState,
        summary: Option<RunSummary>,
    ) {
        let Some(record) = session.state.live_run(run) else {
            return;
        };
        record.state = state;
        record.progress = None;
        record.summary = summary.or(record.summary.take());
        let is_finished = record.state == RecordState::Finished;
        let id = record.id.clone();
        let folder = record.folder.clone();
        if let Some(folder) = &folder {
            session.state.forget_answers(folder);
        }
        if is_finished {
            session.state.selected_run = Some(id);
            // How far the layers moved stands in the folder only.
            if let Some(folder) = folder {
                self.opened.remove(&folder);
                self.load(session, &folder);
            }
        }
    }
}

fn training_event(session: &mut Session, run: RunId, name: &str, event: TrainingEvent) {
    match event {
        TrainingEvent::Prepared {
            train,
            validation,
            test,
            device,
            weights,
        } => {
            session.log(
                NoticeKind::Info,
                format!("{name}: {train} pictures to train, {validation} to validate, {test} to test, on {device}. {weights}"),
            );
            // The run may have downloaded them.
            session.ask(Question::StoredWeights);
        }
        // The log's line about it says more.
        TrainingEvent::Precision(_) => {}
        TrainingEvent::MemoryForecast(needed) => {
            let memory = crate::format::bytes(needed.memory());
            session.log(
                NoticeKind::Info,
                format!("{name}: memory, forecast: {memory}"),
            );
        }
        TrainingEvent::Speed {
            backbone,
            pictures_per_second,
        } => session.state.note_speed(&backbone, pictures_per_second),
        TrainingEvent::CardMemory(peak) => {
            let memory = crate::format::bytes(peak);
            session.log(
                NoticeKind::Info,
                format!("{name}: memory of the graphics card, at most: {memory}"),
            );
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
                && let Some(record) = session.state.live_run(run)
                && !record
                    .phase_starts
                    .iter()
                    .any(|(epoch, _)| *epoch == first_epoch)
            {
                record.phase_starts.push((first_epoch, phase_name.clone()));
            }
            session.log(
                NoticeKind::Info,
                format!("{name}: {phase_name}, {epochs} epochs; {plan}"),
            );
        }
        TrainingEvent::Progress(progress) => {
            if let Some(record) = session.state.live_run(run) {
                record.progress = Some(progress);
            }
        }
        TrainingEvent::EpochFinished(metrics) => {
            let validation = metrics
                .validation_accuracy
                .map(|accuracy| format!(", validation {:.1} %", accuracy * 100.0));
            session.log(
                NoticeKind::Info,
                format!(
                    "{name}: epoch {}, loss {:.4}, accuracy {:.1} %{}",
                    metrics.epoch,
                    metrics.train_loss,
                    metrics.train_accuracy * 100.0,
                    validation.unwrap_or_default()
                ),
            );
            if let Some(record) = session.state.live_run(run) {
                record.metrics.push(metrics);
            }
        }
        TrainingEvent::PhaseFinished {
            name: phase_name,
            epochs,
            seconds,
            ..
        } => {
            session.log(
                NoticeKind::Info,
                format!("{name}: {phase_name} done, {epochs} epochs in {seconds:.0} s"),
            );
        }
        TrainingEvent::Warning(text) => {
            session.log(NoticeKind::Warning, format!("{name}: {text}"));
            if let Some(record) = session.state.live_run(run) {
                record.warnings.push(text);
            }
        }
        TrainingEvent::Note(text) => session.log(NoticeKind::Info, format!("{name}: {text}")),
        TrainingEvent::Tested(test) => {
            session.log(
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
