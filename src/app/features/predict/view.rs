//! The predictions' plain data: which run answers, which of its answers are shown, in which order.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::query::{Query, SortBy, is_training, part_title};
use crate::app::core::prediction::{Chosen, PredictionState, can_predict, predicting_run};
use crate::app::core::state::State;
use crate::app::ui::run_choice::RunChoice;
use crate::evaluation::novelty::distance_text;
use crate::format;
use crate::prediction::{AnsweredPicture, Assigned};
use crate::shown;

/// The picture's path, fit to be shown.
pub fn path_of(answer: &AnsweredPicture) -> String {
    shown::line(&shown::path(answer.picture.name())).into_owned()
}

/// The last part of a picture's path, fit to be shown.
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().map_or(path, Path::new);
    shown::line(&shown::path(name)).into_owned()
}

/// Runs that can answer, newest last, and which of them does.
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    pub choices: Vec<RunChoice>,
    pub answering: Option<usize>,
}

impl Runs {
    pub fn build(state: &State) -> Self {
        let choices = RunChoice::of(state, can_predict);
        let answering = predicting_run(state);
        Self {
            answering: answering.and_then(|run| choices.iter().position(|c| c.id == run.id)),
            choices,
        }
    }

    pub fn answering(&self) -> Option<&RunChoice> {
        self.choices.get(self.answering?)
    }
}

/// The answers that are shown.
#[derive(Debug, Clone)]
pub struct AnswersView {
    pub answers: Vec<Arc<AnsweredPicture>>,
    pub classes: Arc<Vec<String>>,
    /// Their numbers, in their order.
    pub shown: Arc<[u32]>,
    pub knows_novelty: bool,
    /// How many are [`AnsweredPicture::is_unsure`], among all.
    pub unsure: usize,
    /// How many are of the run's training pictures, among all.
    pub training: usize,
}

impl AnswersView {
    fn build(state: &PredictionState, query: &Query) -> Self {
        let file = query.file.to_lowercase();
        let answers = &state.answers;
        let mut shown: Vec<u32> = (0u32..)
            .zip(answers)
            .filter(|(_, answer)| query.takes(answer, &file))
            .map(|(index, _)| index)
            .collect();
        sort(&mut shown, answers, query.sort, query.largest_first);
        Self {
            answers: answers.clone(),
            classes: state.classes.clone(),
            shown: shown.into(),
            knows_novelty: state.knows_novelty(),
            unsure: answers.iter().filter(|answer| answer.is_unsure()).count(),
            training: answers.iter().filter(|answer| is_training(answer)).count(),
        }
    }

    /// Whether every answer is shown.
    pub fn shows_all(&self) -> bool {
        self.shown.len() == self.answers.len()
    }

    /// The pictures that are shown, in their order; nothing where these are all, as they came.
    pub fn chosen(&self, query: &Query) -> Chosen {
        let is_as_it_came = query.sort == SortBy::Arrival && !query.largest_first;
        if self.shows_all() && is_as_it_came {
            return None;
        }
        let shown = self.shown.iter().filter_map(|&index| self.answer(index));
        Some(shown.map(|answer| answer.picture.source.clone()).collect())
    }

    pub fn answer(&self, index: u32) -> Option<&AnsweredPicture> {
        self.answers.get(index as usize).map(Arc::as_ref)
    }

    pub fn class(&self, class: u32) -> &str {
        let class = self.classes.get(class as usize);
        class.map_or("", String::as_str)
    }

    /// What an answer amounts to, in words: "cat", "none of these".
    pub fn assigned(&self, answer: &AnsweredPicture) -> String {
        match answer.assigned() {
            Assigned::Class(class) => self.class(class).to_owned(),
            other => other.outcome().to_owned(),
        }
    }

    /// One answer in words.
    pub fn spoken(&self, index: u32) -> String {
        let Some(answer) = self.answer(index) else {
            return String::new();
        };
        let confidence = format::confidence(f64::from(answer.confidence));
        let file = file_name(answer.picture.name());
        let part = (answer.part).map_or_else(String::new, |part| {
            format!(", one of the run's {}", part_title(part).to_lowercase())
        });
        let distance = (answer.novelty).map_or_else(String::new, |novelty| {
            format!(", distance {}", distance_text(novelty.distance))
        });
        match answer.assigned() {
            Assigned::NoneOfThese => {
                let like = self.class(answer.most_probable());
                format!("{file}, none of these{distance}, most like {like} with {confidence}{part}")
            }
            _ => format!(
                "{file}, {} with {confidence}{distance}{part}",
                self.assigned(answer)
            ),
        }
    }
}

/// Ties stay in the order in which they came.
fn sort(shown: &mut [u32], answers: &[Arc<AnsweredPicture>], by: SortBy, largest_first: bool) {
    let answer = |index: &u32| &answers[*index as usize];
    let turned = |order: Ordering| {
        if largest_first {
            order.reverse()
        } else {
            order
        }
    };
    match by {
        SortBy::Arrival if largest_first => shown.reverse(),
        SortBy::Arrival => {}
        SortBy::Confidence => {
            shown.sort_by(|a, b| turned(answer(a).confidence.total_cmp(&answer(b).confidence)))
        }
        SortBy::Distance => {
            let far = |index: &u32| {
                answer(index)
                    .novelty
                    .map_or(0.0, |novelty| novelty.distance)
            };
            shown.sort_by(|a, b| turned(far(a).total_cmp(&far(b))));
        }
        SortBy::Name => {
            let key = |index: &u32| {
                let path = answer(index).picture.name();
                (path.file_name(), path)
            };
            shown.sort_by(|a, b| turned(key(a).cmp(&key(b))));
        }
    }
}

/// Keeps the view while nothing that it is made of changes. While answers stream in, a new order of a hundred thousand of
/// them is made no more often than a tenth of the time allows.
#[derive(Debug, Default)]
pub struct PredictCache {
    built: Option<Built>,
    /// Views that were built so far.
    pub stamp: u64,
}

#[derive(Debug)]
struct Built {
    version: u64,
    query: Query,
    view: Arc<AnswersView>,
    at: Instant,
    took: Duration,
}

impl PredictCache {
    /// The view, and after how long it is worth another look.
    pub fn view(
        &mut self,
        state: &PredictionState,
        query: &Query,
        now: Instant,
    ) -> (Arc<AnswersView>, Option<Duration>) {
        if let Some(built) = &self.built
            && built.query == *query
        {
            if built.version == state.version {
                return (built.view.clone(), None);
            }
            let rest = (10 * built.took).saturating_sub(now.duration_since(built.at));
            // What was cleared is not shown any longer.
            if !rest.is_zero() && state.answers.len() >= built.view.answers.len() {
                return (built.view.clone(), Some(rest));
            }
        }
        let begin = Instant::now();
        let view = Arc::new(AnswersView::build(state, query));
        self.stamp += 1;
        self.built = Some(Built {
            version: state.version,
            query: query.clone(),
            view: view.clone(),
            at: now,
            took: begin.elapsed(),
        });
        (view, None)
    }
}
