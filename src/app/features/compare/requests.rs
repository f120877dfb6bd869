//! Comparing both ways with one button, and the runs that lie side by side.

use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::Comparison;
use crate::app::core::documents::{both_ways, is_feature_extraction, unused_name};
use crate::app::core::request::Request;
use crate::app::core::run_names::told_apart;
use crate::app::core::session::Session;
use crate::app::core::state::{Compared, Document, NoticeKind, RecordState, RunRecord, State};
use crate::app::core::view_id::ViewId;
use crate::experiment::Experiment;
use crate::runs::seeds;
use crate::worker::messages::{Failure, Question, RunId};

/// Any number of runs can be compared; more than these can't be told apart side by side.
pub const MOST_COMPARED: usize = 10;

/// What was asked for the comparison, and the pair that trains for one.
#[derive(Default)]
pub struct CompareRequests {
    comparing: Request<Vec<PathBuf>, Arc<Comparison>>,
    /// Runs that `Extraction vs. fine-tuning` queued: the comparison opens when the last has ended.
    pending_pair: Vec<RunId>,
    /// Runs that it found trained already.
    known_pair: Vec<String>,
}

impl CompareRequests {
    /// Trains the open pair where there is one on these pictures, and otherwise makes it first:
    /// every way under as many seeds as were chosen, one seed after the other, all on one split. What was trained so before
    /// is not trained again.
    pub fn compare_both_ways(&mut self, session: &mut Session) {
        let Some(indices) = pair(session) else {
            return;
        };
        if !indices.iter().all(|&index| session.can_be_trained(index)) {
            return;
        }
        let seeds = session.state.compare_seeds.max(1);
        // The same seed for both: the same split, the same order, the same random changes.
        let seed = session
            .state
            .active_document()
            .map_or(0, |document| document.experiment.seed);
        let ways: Vec<Vec<Experiment>> = indices
            .iter()
            .map(|&index| {
                let mut experiment = session.state.documents[index].experiment.clone();
                experiment.seed = seed;
                seeds::repeated(&experiment, seeds)
            })
            .collect();
        let (mut queued, mut known, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for step in 0..seeds as usize {
            for (&index, way) in indices.iter().zip(&ways) {
                match session.finished_as(index, &way[step]) {
                    Some(run) if run.folder.is_some() => {
                        known.push(run.id.clone());
                        names.push(run.called().to_owned());
                    }
                    _ => queued.extend(session.start_as(index, way[step].clone())),
                }
            }
        }
        if !names.is_empty() {
            names.dedup();
            session.notice(
                NoticeKind::Info,
                format!("{} not trained again", names.join(", ")),
                "The run with the same settings and the same seed is compared. Train gives another one.",
            );
        }
        if queued.is_empty() {
            self.compare_runs(session, known);
            return;
        }
        self.pending_pair = queued;
        self.known_pair = known;
        session.show_view(ViewId::CURVES);
    }

    /// Opens the comparison when the last run of a pair has ended.
    pub fn follow_pair(&mut self, session: &mut Session) {
        if self.pending_pair.is_empty() {
            return;
        }
        let of_pair = |run: &&RunRecord| {
            run.run
                .is_some_and(|run: RunId| self.pending_pair.contains(&run))
        };
        if session
            .state
            .runs
            .iter()
            .filter(of_pair)
            .any(RunRecord::is_live)
        {
            return;
        }
        let finished: Vec<String> = session
            .state
            .runs
            .iter()
            .filter(of_pair)
            .filter(|run| run.state == RecordState::Finished)
            .map(|run| run.id.clone())
            .collect();
        self.pending_pair.clear();
        let mut all = std::mem::take(&mut self.known_pair);
        all.extend(finished);
        if all.len() >= 2 {
            self.compare_runs(session, all);
        }
    }

    /// Lays runs side by side: those that have a folder.
    pub fn compare_runs(&mut self, session: &mut Session, mut ids: Vec<String>) {
        let left_out = leave_out_the_worst(&mut ids, &session.state);
        let chosen: Vec<(String, PathBuf)> = ids
            .into_iter()
            .filter_map(|id| {
                let record = session.state.runs.iter().find(|run| run.id == id)?;
                Some((id, record.folder.clone()?))
            })
            .collect();
        let (chosen, folders): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
        // What is shown stays until the new comparison is there, unless nothing is left of it.
        let result = if chosen.is_empty() {
            self.comparing.forget();
            None
        } else {
            session.ask(Question::Compare {
                folders: folders.clone(),
            });
            self.comparing.ask(folders.clone());
            session.state.comparison.result.take()
        };
        session.state.comparison = Compared {
            waiting: !folders.is_empty(),
            chosen,
            folders,
            left_out,
            result,
        };
        session.show_view(ViewId::COMPARE);
    }

    /// Lays a run beside those that are compared already.
    pub fn add(&mut self, session: &mut Session, id: String) {
        let mut ids = session.state.comparison.chosen.clone();
        if !ids.contains(&id) {
            ids.push(id);
        }
        self.compare_runs(session, ids);
    }

    /// Takes a comparison that was asked for; one that was asked for before another is dropped.
    pub fn compared(
        &mut self,
        session: &mut Session,
        folders: &[PathBuf],
        result: Result<Arc<Comparison>, Failure>,
    ) {
        if let Some(result) = self.comparing.answer(|asked| asked == folders, result) {
            let comparison = &mut session.state.comparison;
            comparison.waiting = false;
            comparison.result = Some(result.map_err(|failure| failure.to_string()));
        }
    }
}

/// Keeps as many of the runs as can be compared, the best by their test accuracy, in their order. Gives the names of the
/// others.
pub(super) fn leave_out_the_worst(ids: &mut Vec<String>, state: &State) -> Vec<String> {
    if ids.len() <= MOST_COMPARED {
        return Vec::new();
    }
    let record = |id: &str| state.runs.iter().find(|run| run.id == id);
    let accuracy = |id: &String| {
        let summary = record(id).and_then(|run| run.summary.as_ref());
        let test = summary.and_then(|summary| summary.test.as_ref());
        test.map_or(-1.0, |test| test.accuracy)
    };
    let mut best: Vec<&String> = ids.iter().collect();
    best.sort_by(|a, b| accuracy(b).total_cmp(&accuracy(a)));
    let kept: Vec<String> = best.into_iter().take(MOST_COMPARED).cloned().collect();
    let left_out = ids.iter().filter(|id| !kept.contains(id));
    let names = left_out
        .map(|id| record(id).map_or_else(|| id.clone(), |run| told_apart(run, state)))
        .collect();
    ids.retain(|id| kept.contains(id));
    names
}

/// The indices of feature extraction and fine-tuning among the documents, made where they are
/// missing.
fn pair(session: &mut Session) -> Option<[usize; 2]> {
    let active = session.state.active_document()?;
    // What is shown comes first where several would do.
    let mut indices: Vec<usize> = (0..session.state.documents.len()).collect();
    indices.sort_by_key(|&index| index != session.state.active);
    let same_pictures: Vec<usize> = indices
        .into_iter()
        .filter(|&index| session.state.documents[index].experiment.data == active.experiment.data)
        .collect();
    let frozen = |document: &Document| is_feature_extraction(&document.experiment);
    let experiments = both_ways(&active.experiment);
    Some(experiments.map(|mut experiment| {
        let open = same_pictures.iter().copied().find(|&index| {
            frozen(&session.state.documents[index]) == is_feature_extraction(&experiment)
        });
        if let Some(index) = open {
            return index;
        }
        experiment.name = unused_name(&experiment.name, &session.state.documents);
        let mut document = Document::new(experiment, None);
        if let Some(active) = session.state.active_document() {
            document.adopt_base(active);
        }
        session.state.documents.push(document);
        session.state.documents.len() - 1
    }))
}
