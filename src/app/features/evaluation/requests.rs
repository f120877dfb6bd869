//! What is known of runs' answers, part by part, and what is asked for: evaluations, intervals under
//! a moved threshold, diagnoses of curves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use eframe::egui;

use crate::app::core::documents::unused_name;
use crate::app::core::evaluation::{Answers, EvaluationState, Part};
use crate::app::core::prepared_answers::{IntervalsKey, PreparedAnswers};
use crate::app::core::request::{Request, RequestStep};
use crate::app::core::session::Session;
use crate::app::core::state::{Document, NoticeKind};
use crate::data::Split;
use crate::evaluation::TemperatureFit;
use crate::format;
use crate::runs::seeds;
use crate::training::diagnosis::{Diagnosis, Undecided};
use crate::worker::messages::{Failure, Question, RunEvaluation};

/// Parts whose answers are kept in memory.
const PARTS: usize = 8;
const CRASHED: &str = "an error inside Graft ended the evaluation; the run is untouched";

/// What was asked about runs' answers and curves.
#[derive(Default)]
pub struct EvaluationRequests {
    preparing: BTreeMap<(PathBuf, Split), Request<(), Arc<PreparedAnswers>>>,
    /// How many epochs a diagnosis was asked for, and whether the run had ended.
    diagnosed: BTreeMap<PathBuf, (usize, bool)>,
}

impl EvaluationRequests {
    /// Asks for a run's answers on one part of its pictures, unless they are there or under way. Without `again`, nobody
    /// asked for it: then they are taken only where they stand in the run's folder.
    pub fn evaluate(&self, session: &mut Session, id: &str, split: Split, again: bool) {
        let folder = session
            .state
            .runs
            .iter()
            .find(|run| run.id == id)
            .and_then(|run| run.folder.clone());
        let Some(folder) = folder else { return };
        let key = (folder.clone(), split);
        match session.state.evaluation.parts.get(&key) {
            None => {}
            Some(Part::Failed(_) | Part::NotKept) if again => {}
            Some(_) => return,
        }
        let parts = &mut session.state.evaluation.parts;
        if parts.len() >= PARTS {
            parts.retain(|(other, _), part| {
                *other == folder || matches!(part, Part::Working { .. })
            });
        }
        parts.insert(key, Part::Working { done: 0, total: 0 });
        session.ask(Question::EvaluateRun {
            folder,
            split,
            only_kept: !again,
        });
    }

    pub(in crate::app) fn stop(&self, session: &mut Session) {
        let working: Vec<PathBuf> = session
            .state
            .evaluation
            .parts
            .iter()
            .filter(|(_, part)| matches!(part, Part::Working { .. }))
            .map(|((folder, _), _)| folder.clone())
            .collect();
        for folder in working {
            session.ask(Question::StopEvaluation { folder });
        }
    }

    pub fn progress(
        &self,
        session: &mut Session,
        key: &(PathBuf, Split),
        done: usize,
        total: usize,
    ) {
        let part = session.state.evaluation.parts.get_mut(key);
        if let Some(part @ Part::Working { .. }) = part {
            *part = Part::Working { done, total };
        }
    }

    pub fn evaluated(
        &mut self,
        session: &mut Session,
        folder: PathBuf,
        split: Split,
        result: Result<Arc<RunEvaluation>, Failure>,
        ctx: &egui::Context,
    ) {
        // Its pictures are read again, with the new predictions.
        session.state.gallery.answered(&folder, split);
        let parts = &mut session.state.evaluation.parts;
        let part = match result {
            Err(Failure::Stopped) => {
                parts.remove(&(folder, split));
                return;
            }
            Err(Failure::NotKept) => Part::NotKept,
            Err(failure) => Part::Failed(failure.text(CRASHED)),
            Ok(evaluated) => {
                let remark = remark(&evaluated);
                let views = evaluated.run.views;
                let novelty = evaluated.novelty.clone();
                // Nobody else holds it, as a rule: then nothing is copied.
                let (predictions, evaluation) = match Arc::try_unwrap(evaluated) {
                    Ok(evaluated) => (evaluated.run.predictions, evaluated.evaluation),
                    Err(shared) => (shared.run.predictions.clone(), shared.evaluation.clone()),
                };
                Part::Ready(Answers {
                    predictions: Arc::new(predictions),
                    evaluation: Arc::new(evaluation),
                    remark,
                    novelty,
                    views,
                    source: None,
                })
            }
        };
        parts.insert((folder.clone(), split), part);
        if !session.state.evaluation.diagnoses.contains_key(&folder) {
            session.ask(Question::Diagnose {
                folder: folder.clone(),
            });
        }
        // A temperature that was fitted now holds for the other parts too.
        for other in [Split::Train, Split::Validation, Split::Test] {
            if other == split || split == Split::Validation {
                self.prepare(&session.state.evaluation, &folder, other, ctx);
            }
        }
    }

    /// Works out what the view of one part is made of, away from the frame.
    fn prepare(
        &mut self,
        evaluation: &EvaluationState,
        folder: &Path,
        split: Split,
        ctx: &egui::Context,
    ) {
        let ready = |split| match evaluation.parts.get(&(folder.to_path_buf(), split)) {
            Some(Part::Ready(answers)) => Some(answers),
            _ => None,
        };
        let Some(answers) = ready(split) else { return };
        let (predictions, evaluation) = (answers.predictions.clone(), answers.evaluation.clone());
        let validation = ready(Split::Validation)
            .filter(|validation| validation.views == answers.views)
            .map(|answers| answers.predictions.clone());
        let ctx = ctx.clone();
        let key = (folder.to_path_buf(), split);
        self.preparing.entry(key).or_default().start(
            "graft-prepare",
            (),
            move || ctx.request_repaint(),
            move || {
                let fit = validation.and_then(|validation| TemperatureFit::new(&validation));
                Ok(Arc::new(PreparedAnswers::new(predictions, evaluation, fit)))
            },
        );
    }

    /// Intervals under a decision: worked out once the slider has rested.
    pub fn request_intervals(
        &self,
        session: &mut Session,
        key: &IntervalsKey,
        ctx: &egui::Context,
    ) {
        let evaluation = &mut session.state.evaluation;
        let (request, now) = (&mut evaluation.working_out_intervals, Instant::now());
        match request.next_step(key, now) {
            RequestStep::Wait => {}
            RequestStep::Rest(left) => ctx.request_repaint_after(left),
            RequestStep::Ask => {
                let (ctx, work) = (ctx.clone(), key.clone());
                request.start(
                    "graft-intervals",
                    key.clone(),
                    move || ctx.request_repaint(),
                    move || Ok(Arc::new(work.evaluate())),
                );
            }
        }
    }

    /// Takes what the background has worked out, and asks for diagnoses.
    pub fn follow(&mut self, session: &mut Session) {
        let evaluation = &mut session.state.evaluation;
        self.preparing.retain(|key, request| {
            let Some(outcome) = request.poll() else {
                return true;
            };
            match (outcome, evaluation.parts.get_mut(key)) {
                (Ok(source), Some(Part::Ready(answers))) => answers.source = Some(source),
                (Ok(_), _) => {}
                (Err(failure), _) => {
                    let failed = Part::Failed(failure.text(CRASHED));
                    evaluation.parts.insert(key.clone(), failed);
                }
            }
            false
        });
        let request = &mut evaluation.working_out_intervals;
        match (request.poll(), request.key()) {
            (Some(Ok(found)), Some(key)) => evaluation.intervals = Some((key.clone(), found)),
            (Some(Err(failure)), _) => log::warn!("intervals can't be worked out: {failure}"),
            _ => {}
        }
        self.follow_diagnoses(session);
    }

    /// Asks what the curves of the runs on screen say, after every epoch.
    fn follow_diagnoses(&mut self, session: &mut Session) {
        let chosen = &session.state.selected_run;
        for run in &session.state.runs {
            let is_looked_at = run.shown || chosen.as_ref() == Some(&run.id);
            let Some(folder) = run.folder.as_ref().filter(|_| is_looked_at) else {
                continue;
            };
            let now = (run.metrics.len(), run.is_live());
            if run.metrics.is_empty() || self.diagnosed.get(folder) == Some(&now) {
                continue;
            }
            self.diagnosed.insert(folder.clone(), now);
            session.workers.ask(Question::Diagnose {
                folder: folder.clone(),
            });
        }
    }

    pub fn take_diagnosis(
        &self,
        session: &mut Session,
        folder: PathBuf,
        result: Result<Result<Diagnosis, Undecided>, Failure>,
    ) {
        match result {
            Ok(found) => {
                session.state.evaluation.diagnoses.insert(folder, found);
            }
            // A later epoch has been asked about.
            Err(Failure::Stopped) => {}
            Err(failure) => session.log(
                NoticeKind::Warning,
                format!("the curves can't be judged: {failure}"),
            ),
        }
    }

    /// Opens a copy of a run's experiment in which one thing is changed.
    pub fn use_remedy(&self, session: &mut Session, folder: &Path, index: usize) {
        let found = session.state.evaluation.diagnoses.get(folder);
        let Some(Ok(diagnosis)) = found else { return };
        let Some(remedy) = diagnosis.remedies.get(index) else {
            return;
        };
        let title = remedy.title.clone();
        let mut experiment = remedy.apply();
        experiment.name = unused_name(seeds::base_name(&experiment.name), &session.state.documents);
        let name = experiment.name.clone();
        session.add(Document::new(experiment, None));
        session.notice(
            NoticeKind::Info,
            format!("“{name}” is a copy with one change"),
            format!("{title}. Train it to see whether that helps."),
        );
    }
}

/// What a person should know of these answers.
fn remark(evaluated: &RunEvaluation) -> Option<String> {
    let run = &evaluated.run;
    let mut parts = Vec::new();
    if let Some(first) = run.problems.first() {
        parts.push(format!(
            "{} left out ({}: {})",
            format::plural(run.problems.len() as u64, "picture is", "pictures are"),
            first.reason,
            first.path.display()
        ));
    }
    if !run.changed.is_empty() {
        parts.push(format!(
            "{} changed after the run began: it may have seen something else",
            format::plural(run.changed.len() as u64, "picture was", "pictures were"),
        ));
    }
    if let Some(reason) = &run.not_stored {
        parts.push(format!("the predictions could not be kept: {reason}"));
    }
    parts.extend(run.remarks.iter().cloned());
    // Some are whole sentences already.
    let text = parts.join("; ").replace(".; ", ". ");
    (!parts.is_empty()).then_some(text)
}
