//! What the window knows of pictures that a run answers beside its own: plain answers, without pixels.

mod action;
mod taking;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::action::{Chosen, PredictAction, PredictPurpose};
pub use self::work::{PredictWork, Took, Watched};
use super::evaluation::{can_be_evaluated, run_to_show};
use super::state::{RunRecord, State};
use crate::data::PictureSource;
use crate::evaluation::novelty::NoveltyLimit;
use crate::prediction::{AnsweredPicture, Tally};
use crate::worker::messages::PredictionQuestion;

/// Plain data behind the view of predictions.
#[derive(Debug, Clone, Default)]
pub struct PredictionState {
    /// Whether a person has asked for the view: it is there without an open experiment, too.
    pub is_wanted: bool,
    /// The run that answers, by its id, once it was chosen or has answered.
    pub run: Option<String>,
    /// Its classes, once its network was opened.
    pub classes: Arc<Vec<String>>,
    /// What whoever uses the answers must know, beside [`Self::limit`].
    pub remarks: Vec<String>,
    /// From which distance on a picture is none of the classes; nothing where the run does not know its pictures.
    pub limit: Option<NoveltyLimit>,
    /// In the order in which they came; each keeps its place.
    pub answers: Vec<Arc<AnsweredPicture>>,
    pub tally: Tally,
    /// Pictures that could not be read, and why.
    pub unread: BTreeMap<PathBuf, String>,
    /// Files of folders that were passed over because they are no pictures, and why.
    pub passed_over: BTreeMap<PathBuf, String>,
    /// Pictures of the last question that a stop, or a failure, left without a look.
    pub left: usize,
    /// Raised whenever answers come, change or go.
    pub version: u64,
    pub work: Option<PredictWork>,
    pub watched: Option<Watched>,
    /// The pictures that were answered last.
    pub took: Option<Took>,
    /// Why the last question has no answer.
    pub failure: Option<String>,
    /// Paths that were given to be answered, each once.
    pub given: BTreeSet<PathBuf>,
    /// The folder that pictures were copied into by class last, while that can be undone.
    pub placed_in: Option<PathBuf>,
    /// Where the answer on a picture stands.
    positions: HashMap<PictureSource, u32>,
    /// Paths whose turn comes next.
    waiting: VecDeque<Vec<PathBuf>>,
    last_number: u64,
    /// Of the run's validation pictures, by which [`Self::limit`] is set.
    validation_distances: Arc<[f32]>,
    /// The share of the run's own pictures that may be told as none of its classes.
    novelty_rate: f64,
}

impl PredictionState {
    /// Whether nothing has been asked yet.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
            && self.answers.is_empty()
            && self.unread.is_empty()
            && self.work.is_none()
    }

    /// Answers by their pictures, in their order; all where none are named.
    pub fn chosen(&self, chosen: &Chosen) -> Vec<Arc<AnsweredPicture>> {
        match chosen {
            None => self.answers.clone(),
            Some(sources) => (sources.iter())
                .filter_map(|source| self.answers.get(*self.positions.get(source)? as usize))
                .cloned()
                .collect(),
        }
    }

    /// Whether answers say how unlike the run's own pictures theirs are.
    pub fn knows_novelty(&self) -> bool {
        self.limit.is_some()
    }

    /// Another share of the run's own pictures may be told as none of its classes: every answer follows, those that are there
    /// and those that come.
    pub(in crate::app) fn set_novelty_rate(&mut self, rate: f64) {
        self.novelty_rate = rate;
        self.judge_anew();
    }

    /// Holds every distance against the limit that follows from the rate.
    fn judge_anew(&mut self) {
        let limit = NoveltyLimit::new(&self.validation_distances, self.novelty_rate);
        if limit == self.limit {
            return;
        }
        self.limit = limit;
        self.tally = Tally::new(self.classes.len());
        for answer in &mut self.answers {
            if let (Some(limit), Some(known)) = (limit, answer.novelty) {
                Arc::make_mut(answer).novelty = Some(limit.of(known.distance));
            }
            *self.tally.count_mut(answer.assigned()) += 1;
        }
        self.version += 1;
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The question that answers the pictures that these paths lead to, by the run in `folder`; they wait while others are
    /// being answered.
    pub(in crate::app) fn predict(
        &mut self,
        folder: &Path,
        novelty_rate: f64,
        paths: Vec<PathBuf>,
    ) -> Option<PredictionQuestion> {
        self.novelty_rate = novelty_rate;
        self.given.extend(paths.iter().cloned());
        self.waiting.push_back(paths);
        self.next_question(folder)
    }

    fn next_question(&mut self, folder: &Path) -> Option<PredictionQuestion> {
        if self.work.is_some() {
            return None;
        }
        let paths = self.waiting.pop_front()?;
        let number = self.next_number();
        self.failure = None;
        self.left = 0;
        self.work = Some(PredictWork::new(number));
        Some(PredictionQuestion::Predict {
            number,
            folder: folder.to_path_buf(),
            paths,
            novelty_rate: self.novelty_rate,
        })
    }

    /// The question that watches a folder, in the place of one that is watched.
    pub(in crate::app) fn watch(
        &mut self,
        folder: &Path,
        novelty_rate: f64,
        watched: PathBuf,
    ) -> PredictionQuestion {
        let number = self.next_number();
        self.novelty_rate = novelty_rate;
        self.failure = None;
        self.watched = Some(Watched {
            number,
            folder: watched.clone(),
            found: 0,
            done: 0,
            is_ready: false,
            is_stopping: false,
        });
        PredictionQuestion::Watch {
            number,
            folder: folder.to_path_buf(),
            watched,
            novelty_rate,
        }
    }

    /// A person asked for the end of what is being answered, and of what waits.
    pub(in crate::app) fn stop(&mut self) {
        self.waiting.clear();
        if let Some(work) = &mut self.work {
            work.is_stopping = true;
        }
    }

    pub(in crate::app) fn stop_watching(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.is_stopping = true;
        }
    }

    /// Whether an end was asked for that has not come yet.
    pub fn is_stopping(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.is_stopping)
    }

    /// Forgets every answer; what is under way counts no more. The paths that were given.
    pub(in crate::app) fn clear(&mut self) -> Vec<PathBuf> {
        let given = std::mem::take(&mut self.given).into_iter().collect();
        *self = Self {
            is_wanted: self.is_wanted,
            run: self.run.take(),
            placed_in: self.placed_in.take(),
            version: self.version + 1,
            last_number: self.last_number,
            ..Self::default()
        };
        given
    }

    /// Whether the question of this number is under way.
    fn is_known(&self, number: u64) -> bool {
        let work = self.work.as_ref().map(|work| work.number);
        let watched = self.watched.as_ref().map(|watched| watched.number);
        [work, watched].contains(&Some(number))
    }

    fn work_of(&mut self, number: u64) -> Option<&mut PredictWork> {
        self.work.as_mut().filter(|work| work.number == number)
    }
}

/// Whether a run has kept a network that can answer.
pub fn can_predict(run: &RunRecord) -> bool {
    can_be_evaluated(run)
}

/// The run that answers: the one that was chosen or has answered; else the one that views of one run show; else the one
/// that was trained last, whose pictures are others.
pub fn predicting_run(state: &State) -> Option<&RunRecord> {
    let chosen = state.prediction.run.as_ref();
    let is_chosen = |run: &&RunRecord| chosen == Some(&run.id) && can_predict(run);
    (state.runs.iter().find(is_chosen))
        .or_else(|| run_to_show(state, can_predict))
        .or_else(|| {
            let runs = state.runs.iter().filter(|run| can_predict(run));
            runs.max_by_key(|run| run.summary.as_ref().map(|summary| summary.started))
        })
}

#[cfg(test)]
mod tests;
