//! What the window knows of runs' answers, part by part.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::prepared_answers::{IntervalsKey, PreparedAnswers};
use super::request::Request;
use super::state::{RecordState, RunRecord, State};
use crate::data::Split;
use crate::evaluation::novelty::{KnownNovelty, USUAL_RATE};
use crate::evaluation::{Evaluation, Predictions};
use crate::experiment::Experiment;
use crate::runs::portable_paths;
use crate::training::diagnosis::{Diagnosis, Undecided};

/// A slider rests for this long before intervals are worked out anew.
const REST: Duration = Duration::from_millis(250);

/// What is known of one part of a run's pictures.
#[derive(Debug, Clone)]
pub enum Part {
    /// They don't stand in the run's folder, and nobody asked for them to be computed.
    NotKept,
    Working {
        done: usize,
        total: usize,
    },
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
    /// How far the run's own pictures are from those that it learned from, where it knows that.
    pub novelty: Option<Arc<KnownNovelty>>,
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
    /// The share of a run's own pictures that may be refused as none of its classes.
    pub novelty_rate: f64,
    /// What the curves of a run say, or why they say nothing yet, by its folder.
    pub diagnoses: BTreeMap<PathBuf, Result<Diagnosis, Undecided>>,
}

impl Default for EvaluationState {
    fn default() -> Self {
        Self {
            parts: BTreeMap::new(),
            intervals: None,
            working_out_intervals: Request::resting(REST),
            novelty_rate: USUAL_RATE,
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

/// The run that the evaluation shows.
pub fn shown(state: &State) -> Option<&RunRecord> {
    run_to_show(state, can_be_evaluated)
}

/// The run that a view of one run shows, of those that `fit`: the one that a person chose; else, on the pictures of the
/// experiment in front, the one that was trained last, or the latest that has been tested, or the latest. Nothing where no
/// run was trained on these pictures: what other pictures say would be taken for theirs.
pub fn run_to_show(state: &State, fits: impl Fn(&RunRecord) -> bool) -> Option<&RunRecord> {
    let is_on_them = on_pictures_in_front(state);
    let is_chosen = |run: &RunRecord| {
        state.selected_run.as_ref() == Some(&run.id)
            && (state.selected_with.contains(&run.id) || is_on_them(run))
    };
    let fitting = || state.runs.iter().filter(|run| fits(run));
    fitting().find(|run| is_chosen(run)).or_else(|| {
        fitting().filter(|run| is_on_them(run)).max_by_key(|run| {
            let summary = run.summary.as_ref();
            let is_tested = summary.is_some_and(|summary| summary.test.is_some());
            (is_tested, summary.map(|summary| summary.started))
        })
    })
}

/// Whether a run was trained on the pictures of the experiment in front, as far as is known.
pub fn on_pictures_in_front(state: &State) -> impl Fn(&RunRecord) -> bool + use<> {
    let pictures = state
        .active_document()
        .and_then(|document| pictures_of(&document.experiment, document.base().as_deref()));
    move |run| match (&run.listed.pictures, &pictures) {
        (Some(of_run), Some(pictures)) => of_run == pictures,
        // Nothing says that they are others.
        _ => true,
    }
}

/// The folder or the table of an experiment's pictures, as a run of it names it.
pub fn pictures_of(experiment: &Experiment, base: Option<&Path>) -> Option<PathBuf> {
    let path = experiment.data.source.path()?;
    Some(portable_paths::absolute(path, base))
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
