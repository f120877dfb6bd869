//! What is known of runs' answers, part by part, and what is asked for: evaluations, intervals under
//! a moved threshold, diagnoses of curves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use eframe::egui;

use crate::app::core::documents::unused_name;

use crate::app::core::evaluation::{Answers, Part};
use crate::app::core::prepared_answers::{IntervalsKey, PreparedAnswers};
use crate::app::core::state::{Document, NoticeKind};
use crate::app::shell::Graft;
use crate::data::Split;
use crate::evaluation::{Evaluation, TemperatureFit};
use crate::runs::seeds;
use crate::training::diagnosis::{Diagnosis, Undecided};
use crate::worker::messages::{Question, RunEvaluation};

/// A slider rests for this long before intervals are worked out anew.
const REST: Duration = Duration::from_millis(250);
/// Parts whose answers are kept in memory.
const PARTS: usize = 8;

/// What works in the background for the evaluation.
#[derive(Default)]
pub struct Background {
    preparing: Vec<(PathBuf, Split, Receiver<Arc<PreparedAnswers>>)>,
    intervals: Option<(IntervalsKey, Receiver<Arc<Evaluation>>)>,
    wanted: Option<(IntervalsKey, Instant)>,
    /// How many epochs a diagnosis was asked for, and whether the run had ended.
    diagnosed: BTreeMap<PathBuf, (usize, bool)>,
}

impl Graft {
    /// Asks for a run's answers on one part of its pictures, unless they are there or under way.
    pub(in crate::app) fn evaluate_run(&mut self, id: &str, split: Split, again: bool) {
        let folder = self
            .state
            .runs
            .iter()
            .find(|run| run.id == id)
            .and_then(|run| run.folder.clone());
        let Some(folder) = folder else { return };
        let key = (folder.clone(), split);
        match self.state.evaluation.parts.get(&key) {
            None => {}
            Some(Part::Failed(_)) if again => {}
            Some(_) => return,
        }
        let parts = &mut self.state.evaluation.parts;
        if parts.len() >= PARTS {
            parts.retain(|(other, _), part| {
                *other == folder || matches!(part, Part::Working { .. })
            });
        }
        parts.insert(key, Part::Working { done: 0, total: 0 });
        self.workers.ask(Question::EvaluateRun { folder, split });
    }

    pub(in crate::app) fn stop_evaluation(&mut self) {
        let working: Vec<PathBuf> = self
            .state
            .evaluation
            .parts
            .iter()
            .filter(|(_, part)| matches!(part, Part::Working { .. }))
            .map(|((folder, _), _)| folder.clone())
            .collect();
        for folder in working {
            self.workers.ask(Question::StopEvaluation { folder });
        }
    }

    pub(in crate::app) fn evaluation_progress(
        &mut self,
        folder: PathBuf,
        split: Split,
        done: usize,
        total: usize,
    ) {
        let part = self.state.evaluation.parts.get_mut(&(folder, split));
        if let Some(part @ Part::Working { .. }) = part {
            *part = Part::Working { done, total };
        }
    }

    pub(in crate::app) fn evaluation_stopped(&mut self, folder: PathBuf, split: Split) {
        self.state.evaluation.parts.remove(&(folder, split));
    }

    pub(in crate::app) fn evaluated(
        &mut self,
        folder: PathBuf,
        split: Split,
        result: Result<Arc<RunEvaluation>, String>,
        ctx: &egui::Context,
    ) {
        let part = match result {
            Err(reason) => Part::Failed(reason),
            Ok(evaluated) => {
                let remark = remark(&evaluated);
                let views = evaluated.run.views;
                // Nobody else holds it, as a rule: then nothing is copied.
                let (predictions, evaluation) = match Arc::try_unwrap(evaluated) {
                    Ok(evaluated) => (evaluated.run.predictions, evaluated.evaluation),
                    Err(shared) => (shared.run.predictions.clone(), shared.evaluation.clone()),
                };
                Part::Ready(Answers {
                    predictions: Arc::new(predictions),
                    evaluation: Arc::new(evaluation),
                    remark,
                    views,
                    source: None,
                })
            }
        };
        self.state
            .evaluation
            .parts
            .insert((folder.clone(), split), part);
        if !self.state.evaluation.diagnoses.contains_key(&folder) {
            self.workers.ask(Question::Diagnose {
                folder: folder.clone(),
            });
        }
        // A temperature that was fitted now holds for the other parts too.
        let splits = [Split::Train, Split::Validation, Split::Test];
        for other in splits {
            if other == split || split == Split::Validation {
                self.prepare(&folder, other, ctx);
            }
        }
    }

    /// Works out what the view of one part is made of, away from the frame.
    fn prepare(&mut self, folder: &Path, split: Split, ctx: &egui::Context) {
        let parts = &self.state.evaluation.parts;
        let ready = |split| match parts.get(&(folder.to_path_buf(), split)) {
            Some(Part::Ready(answers)) => Some(answers),
            _ => None,
        };
        let Some(answers) = ready(split) else { return };
        let (predictions, evaluation) = (answers.predictions.clone(), answers.evaluation.clone());
        let views = answers.views;
        let validation = ready(Split::Validation)
            .filter(|validation| validation.views == views)
            .map(|answers| answers.predictions.clone());
        let (sender, receiver) = bounded(1);
        let ctx = ctx.clone();
        let spawned = std::thread::Builder::new()
            .name("graft-prepare".into())
            .spawn(move || {
                let fit = validation.and_then(|validation| TemperatureFit::new(&validation));
                drop(sender.send(Arc::new(PreparedAnswers::new(predictions, evaluation, fit))));
                ctx.request_repaint();
            });
        match spawned {
            Ok(_) => {
                let preparing = &mut self.evaluating.preparing;
                preparing.retain(|(other, part, _)| (other.as_path(), *part) != (folder, split));
                preparing.push((folder.to_path_buf(), split, receiver));
            }
            Err(error) => {
                let reason = format!("the system gives no thread to evaluate with ({error})");
                let key = (folder.to_path_buf(), split);
                self.state
                    .evaluation
                    .parts
                    .insert(key, Part::Failed(reason));
            }
        }
    }

    /// Intervals under a decision: worked out once the slider has rested.
    pub(in crate::app) fn want_intervals(&mut self, key: IntervalsKey) {
        let evaluating = &mut self.evaluating;
        match &evaluating.wanted {
            Some((wanted, _)) if *wanted == key => {}
            _ => evaluating.wanted = Some((key, Instant::now())),
        }
    }

    /// Takes what the background has worked out, and starts what has rested.
    pub(in crate::app) fn follow_evaluation(&mut self, ctx: &egui::Context) {
        let preparing = std::mem::take(&mut self.evaluating.preparing);
        for (folder, split, receiver) in preparing {
            match receiver.try_recv() {
                Ok(source) => {
                    let part = self.state.evaluation.parts.get_mut(&(folder, split));
                    if let Some(Part::Ready(answers)) = part {
                        answers.source = Some(source);
                    }
                }
                Err(crossbeam_channel::TryRecvError::Empty) => {
                    self.evaluating.preparing.push((folder, split, receiver));
                }
                Err(crossbeam_channel::TryRecvError::Disconnected) => {
                    let reason = "an error inside Graft ended the evaluation; the run is untouched";
                    self.state
                        .evaluation
                        .parts
                        .insert((folder, split), Part::Failed(reason.into()));
                }
            }
        }
        if let Some((key, receiver)) = self.evaluating.intervals.take() {
            match receiver.try_recv() {
                Ok(evaluation) => self.state.evaluation.intervals = Some((key, evaluation)),
                Err(crossbeam_channel::TryRecvError::Empty) => {
                    self.evaluating.intervals = Some((key, receiver));
                }
                Err(crossbeam_channel::TryRecvError::Disconnected) => {}
            }
        }
        self.start_intervals(ctx);
        self.follow_diagnoses();
    }

    fn start_intervals(&mut self, ctx: &egui::Context) {
        let Some((key, since)) = &self.evaluating.wanted else {
            return;
        };
        let known = self
            .state
            .evaluation
            .intervals
            .as_ref()
            .is_some_and(|(known, _)| known == key);
        if known {
            self.evaluating.wanted = None;
            return;
        }
        if self.evaluating.intervals.is_some() {
            return;
        }
        if since.elapsed() < REST {
            ctx.request_repaint_after(REST);
            return;
        }
        let key = key.clone();
        let (sender, receiver) = bounded(1);
        let (work, ctx) = (key.clone(), ctx.clone());
        let spawned = std::thread::Builder::new()
            .name("graft-intervals".into())
            .spawn(move || {
                drop(sender.send(Arc::new(work.evaluate())));
                ctx.request_repaint();
            });
        match spawned {
            Ok(_) => self.evaluating.intervals = Some((key, receiver)),
            Err(error) => log::warn!("intervals can't be worked out: {error}"),
        }
    }

    /// Asks what the curves of the runs on screen say, after every epoch.
    fn follow_diagnoses(&mut self) {
        let chosen = self.state.selected_run.clone();
        for run in &self.state.runs {
            let is_looked_at = run.shown || chosen.as_ref() == Some(&run.id);
            let Some(folder) = run.folder.as_ref().filter(|_| is_looked_at) else {
                continue;
            };
            let now = (run.metrics.len(), run.is_live());
            if run.metrics.is_empty() || self.evaluating.diagnosed.get(folder) == Some(&now) {
                continue;
            }
            self.evaluating.diagnosed.insert(folder.clone(), now);
            self.workers.ask(Question::Diagnose {
                folder: folder.clone(),
            });
        }
    }

    pub(in crate::app) fn diagnosed(
        &mut self,
        folder: PathBuf,
        result: Result<Result<Diagnosis, Undecided>, String>,
    ) {
        match result {
            Ok(found) => {
                self.state.evaluation.diagnoses.insert(folder, found);
            }
            Err(reason) => self.log(
                NoticeKind::Warning,
                format!("the curves can't be judged: {reason}"),
            ),
        }
    }

    /// Opens a copy of a run's experiment in which one thing is changed.
    pub(in crate::app) fn use_remedy(&mut self, folder: &Path, index: usize) {
        let found = self.state.evaluation.diagnoses.get(folder);
        let Some(Ok(diagnosis)) = found else { return };
        let Some(remedy) = diagnosis.remedies.get(index) else {
            return;
        };
        let title = remedy.title.clone();
        let mut experiment = remedy.apply();
        experiment.name = unused_name(seeds::base_name(&experiment.name), &self.state.documents);
        let name = experiment.name.clone();
        self.state.documents.push(Document::new(experiment, None));
        self.state.active = self.state.documents.len() - 1;
        self.notice(
            NoticeKind::Info,
            format!("“{name}” is a copy with one change"),
            format!("{title}. Train it to see whether it helps."),
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
            crate::app::ui::format::plural(run.problems.len() as u64, "picture is", "pictures are"),
            first.reason,
            first.path.display()
        ));
    }
    if !run.changed.is_empty() {
        parts.push(format!(
            "{} changed after the run began: it may have seen something else",
            crate::app::ui::format::plural(
                run.changed.len() as u64,
                "picture was",
                "pictures were"
            ),
        ));
    }
    if let Some(reason) = &run.not_stored {
        parts.push(format!("the answers could not be kept: {reason}"));
    }
    parts.extend(run.remarks.iter().cloned());
    (!parts.is_empty()).then(|| parts.join("; "))
}
