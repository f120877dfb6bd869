//! What the trainer says of runs becomes state.

use super::requests::{RunRequests, recorded_state};
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind, RecordState, RunRecord};
use crate::format;
use crate::runs::{RunState, RunSummary, event_text};
use crate::training::TrainingEvent;
use crate::worker::messages::{Question, RunEvent, RunId};

impl RunRequests {
    pub fn run_event(&mut self, session: &mut Session, run: RunId, event: RunEvent) {
        let Some(record) = session.state.live_run(run) else {
            return;
        };
        let name = record.name.clone();
        // As it is called where others stand beside it.
        let title = record.called().to_owned();
        match event {
            RunEvent::OnCard(card) => record.card = Some(card),
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
                    format!("{title}: started in {}", folder.display()),
                );
                // Its number stands in its folder.
                session.list_runs();
            }
            RunEvent::Resumed(stored) => {
                let epochs = stored.metrics.len();
                record.metrics = stored.metrics;
                record.phase_starts = stored.phase_starts;
                record.summary = Some(stored.summary);
                session.log(
                    NoticeKind::Info,
                    format!("{title}: goes on after epoch {epochs}"),
                );
            }
            RunEvent::Fold {
                fold,
                folds,
                stored,
            } => {
                record.fold = Some((fold, folds));
                record.progress = None;
                (record.metrics, record.phase_starts) = match stored {
                    Some(stored) => (stored.metrics, stored.phase_starts),
                    None => (Vec::new(), Vec::new()),
                };
                let text = record.fold_text().unwrap_or_default();
                session.log(NoticeKind::Info, format!("{title}: {text}"));
            }
            RunEvent::Training(event) => training_event(session, run, &title, event),
            RunEvent::Finished(summary) => {
                let accuracy = summary
                    .test
                    .as_ref()
                    .map(|test| format!(", test accuracy {}", format::percent(test.accuracy)));
                let memory = summary
                    .memory()
                    .map(|memory| format!(", memory at most {memory}"));
                let text = [accuracy, memory].map(Option::unwrap_or_default).concat();
                session.log(NoticeKind::Info, format!("{title}: finished{text}"));
                self.end(session, run, RecordState::Finished, Some(*summary));
            }
            // One more training, on all folds, was stopped.
            RunEvent::Stopped(summary) if summary.state == RunState::Finished => {
                let text = format!(
                    "{title}: the training on all folds is stopped, and goes on when it is asked for again"
                );
                session.log(NoticeKind::Info, text);
                self.end(session, run, RecordState::Finished, Some(*summary));
            }
            RunEvent::Stopped(summary) => {
                session.log(
                    NoticeKind::Info,
                    format!("{title}: stopped; what it had learned is kept"),
                );
                self.end(session, run, RecordState::Stopped, Some(*summary));
            }
            RunEvent::Failed { message } => {
                // The folds of a run that had come to its end are as they were.
                let is_refit = (record.summary.as_ref())
                    .is_some_and(|summary| summary.state == RunState::Finished);
                let (title, state) = match is_refit {
                    true => (
                        format!("{title} could not be trained on all folds"),
                        RecordState::Finished,
                    ),
                    false => (
                        format!("{title} could not be trained"),
                        RecordState::Failed(message.clone()),
                    ),
                };
                session.error_about(Cause::Run(name), title, message);
                self.end(session, run, state, None);
                session.list_runs();
            }
            RunEvent::Cancelled => {
                // A run that was to go on stays as its folder says.
                match &record.summary {
                    Some(summary) if record.folder.is_some() => {
                        record.state = recorded_state(&summary.state);
                        record.run = None;
                        record.progress = None;
                        (record.card, record.paused) = (None, false);
                    }
                    _ => session.state.runs.retain(|record| record.run != Some(run)),
                }
                session.log(NoticeKind::Info, format!("{title}: taken out of the queue"));
            }
        }
        // What is queued next is not held by what was said of others.
        if session.state.paused && !session.state.is_training() {
            session.pause_all(false);
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
        (record.card, record.paused) = (None, false);
        let was_folds = record.fold.take().is_some();
        record.summary = summary.or(record.summary.take());
        let is_finished = record.state == RecordState::Finished;
        let id = record.id.clone();
        let folder = record.folder.clone();
        if let Some(folder) = &folder {
            session.state.forget_answers(folder);
        }
        if is_finished {
            session.state.selected_run = Some(id);
        }
        // How far the layers moved stands in the folder only, and so do the means over folds.
        if (is_finished || was_folds)
            && let Some(folder) = folder
        {
            self.opened.remove(&folder);
            self.load(session, &folder);
            if was_folds {
                // Whether there is a network of all folds is listed.
                session.list_runs();
            }
        }
    }
}

fn training_event(session: &mut Session, run: RunId, name: &str, event: TrainingEvent) {
    if let Some(line) = event_text::window_line(&event) {
        let kind = match event {
            TrainingEvent::Warning(_) => NoticeKind::Warning,
            _ => NoticeKind::Info,
        };
        session.log(kind, format!("{name}: {line}"));
    }
    match event {
        // The run may have downloaded them.
        TrainingEvent::Prepared { .. } => session.ask(Question::StoredWeights),
        TrainingEvent::Speed {
            backbone,
            pictures_per_second,
        } => session.state.note_speed(&backbone, pictures_per_second),
        event => {
            if let Some(record) = session.state.live_run(run) {
                note_event(record, event);
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
