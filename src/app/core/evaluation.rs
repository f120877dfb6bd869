//! What the window knows of runs' answers, part by part.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::prepared_answers::{IntervalsKey, PreparedAnswers};
use super::request::Request;
use super::state::{RecordState, RunRecord, State};
use crate::data::Split;
use crate::evaluation::{Evaluation, Predictions};
use crate::training::diagnosis::{Diagnosis, Undecided};

/// A slider rests for this long before intervals are worked out anew.
const REST: Duration = Duration::from_millis(250);

/// What is known of one part of a run's pictures.
#[derive(Debug, Clone)]
pub enum Part {
    Working { done: usize, total: usize },
    Failed(String),
    Ready(Answers),
}

/// A run's answers on one part of its pictures.
#[derive(Debug, Clone)]
pub struct Answers {
    pub predictions: Arc<Predictions>,
    pub evaluation: Arc<Evaluation>,
    /// What a person should know about them: pictures that are gone or have changed.
    pub remark: Option<String>,
    /// In how many views each picture was seen: what is fitted on one kind does not hold for another.
    pub views: u32,
    /// What the view is made of; made away from the frame.
    pub source: Option<Arc<PreparedAnswers>>,
}

/// Plain data behind the evaluation.
#[derive(Debug, Clone)]
pub struct EvaluationState {
    /// By the run's folder.
    pub parts: BTreeMap<(PathBuf, Split), Part>,
    /// All numbers with their intervals under the last decision that rested.
    pub intervals: Option<(IntervalsKey, Arc<Evaluation>)>,
    pub(in crate::app) working_out_intervals: Request<IntervalsKey, Arc<Evaluation>>,
    /// What the curves of a run say, or why they say nothing yet, by its folder.
    pub diagnoses: BTreeMap<PathBuf, Result<Diagnosis, Undecided>>,
}

impl Default for EvaluationState {
    fn default() -> Self {
        Self {
            parts: BTreeMap::new(),
            intervals: None,
            working_out_intervals: Request::resting(REST),
            diagnoses: BTreeMap::new(),
        }
    }
}

impl EvaluationState {
    /// Drops what is known of a run's answers: it has other weights now, or soon will have.
    pub fn forget(&mut self, folder: &Path) {
        self.parts.retain(|(other, _), _| other != folder);
        self.intervals = None;
        self.working_out_intervals.forget();
    }
}

/// The run that the evaluation shows: the chosen one, or the latest that has been tested, or the latest
/// that can be evaluated at all.
pub fn shown(state: &State) -> Option<&RunRecord> {
    let chosen = state
        .selected_run
        .as_ref()
        .and_then(|id| state.runs.iter().find(|run| run.id == *id))
        .filter(|run| can_be_evaluated(run));
    chosen.or_else(|| {
        state
            .runs
            .iter()
            .filter(|run| can_be_evaluated(run))
            .max_by_key(|run| {
                let summary = run.summary.as_ref();
                let is_tested = summary.is_some_and(|summary| summary.test.is_some());
                (is_tested, summary.map(|summary| summary.started))
            })
    })
}

/// Whether a run has kept a network: it has ended, and not at once.
pub fn can_be_evaluated(run: &RunRecord) -> bool {
    run.folder.is_some()
        && run.summary.is_some()
        && matches!(
            run.state,
            RecordState::Finished | RecordState::Stopped | RecordState::Interrupted
        )
}
