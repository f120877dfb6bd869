//! The predictions' plain data: which run answers, which of its answers are shown, in which order.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::core::prediction::{PredictionState, can_predict, predicting_run};
use crate::app::core::state::State;
use crate::app::ui::run_choice::RunChoice;
use crate::evaluation::gallery::UNCERTAIN;
use crate::evaluation::novelty::distance_text;
use crate::format;
use crate::prediction::{AnsweredPicture, Assigned};
use crate::shown;

/// What answers are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// The order in which they came.
    #[default]
    Arrival,
    Confidence,
    /// How far a picture is from those that the run learned from.
    Distance,
    /// The file's name, then its folder.
    Name,
}

/// Which answers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    #[default]
    All,
    Only(Assigned),
    /// Less sure than [`UNCERTAIN`], whatever the class.
    Unsure,
}

/// What a person has chosen to see.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub shown: Shown,
    /// Least and largest confidence, both included.
    pub confidence: (f32, f32),
    /// Part of a path, in any case.
    pub file: String,
    pub sort: SortBy,
    pub largest_first: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            shown: Shown::All,
            confidence: (0.0, 1.0),
            file: String::new(),
            sort: SortBy::Arrival,
            largest_first: false,
        }
    }
}

impl Query {
    /// Whether it leaves anything out.
    pub fn is_filtered(&self) -> bool {
        let all = Self::default();
        self.shown != all.shown || self.confidence != all.confidence || !self.file.is_empty()
    }

    /// Shows everything, in the order as it is.
    pub fn show_all(&mut self) {
        *self = Self {
            sort: self.sort,
            largest_first: self.largest_first,
            ..Self::default()
        };
    }

    fn takes(&self, answer: &AnsweredPicture, file: &str) -> bool {
        let (low, high) = self.confidence;
        let is_shown = match self.shown {
            Shown::All => true,
            Shown::Only(assigned) => answer.assigned() == assigned,
            Shown::Unsure => is_unsure(answer),
        };
        is_shown
            && (low..=high).contains(&answer.confidence)
            && (file.is_empty() || path_of(answer).to_lowercase().contains(file))
    }
}

/// Whether an answer is a class, with little confidence.
pub fn is_unsure(answer: &AnsweredPicture) -> bool {
    answer.assigned() != Assigned::NoneOfThese && answer.confidence < UNCERTAIN
}

/// The picture's path, fit to be shown.
pub fn path_of(answer: &AnsweredPicture) -> String {
    shown::line(&shown::path(answer.picture.name())).into_owned()
}

/// The last part of a picture's path, fit to be shown.
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().map_or(path, Path::new);
    shown::line(&shown::path(name)).into_owned()
}

/// Pictures a second.
fn rate(pace: f64) -> String {
    if pace < 10.0 {
        format!("{pace:.1}")
    } else {
        format::thousands(pace.round() as u64)
    }
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
    /// How many are [`is_unsure`], among all.
    pub unsure: usize,
    pub sort: SortBy,
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
            unsure: answers.iter().filter(|answer| is_unsure(answer)).count(),
            sort: query.sort,
        }
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
            Assigned::Undecided => "undecided".to_owned(),
            Assigned::NoneOfThese => "none of these".to_owned(),
        }
    }

    /// One answer in words.
    pub fn spoken(&self, index: u32) -> String {
        let Some(answer) = self.answer(index) else {
            return String::new();
        };
        let confidence = format::confidence(f64::from(answer.confidence));
        let file = file_name(answer.picture.name());
        let distance = (answer.novelty).map_or_else(String::new, |novelty| {
            format!(", distance {}", distance_text(novelty.distance))
        });
        match answer.assigned() {
            Assigned::NoneOfThese => {
                let like = self.class(answer.most_probable());
                format!("{file}, none of these{distance}, most like {like} with {confidence}")
            }
            _ => format!(
                "{file}, {} with {confidence}{distance}",
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

/// "1,204 pictures: 812 cat, 380 dog, 12 none of these; 3 could not be read"
/// `classes`: as [`largest`] has them.
pub fn sentence(state: &PredictionState, classes: &[(usize, usize)]) -> String {
    let count = |number: usize| format::thousands(number as u64);
    let (named, others) = classes.split_at(classes.len().min(NAMED));
    let mut parts: Vec<String> = named
        .iter()
        .map(|(class, number)| {
            let name = state.classes.get(*class).map_or("", String::as_str);
            format!("{} {}", count(*number), shown::line(name))
        })
        .collect();
    let of_others = others.iter().map(|(_, number)| number).sum();
    match others.len() {
        0 => {}
        1 => parts.push(format!("{} of one other class", count(of_others))),
        many => parts.push(format!("{} of {many} other classes", count(of_others))),
    }
    let tally = &state.tally;
    for (number, what) in [
        (tally.undecided, "undecided"),
        (tally.none_of_these, "none of these"),
    ] {
        if number > 0 {
            parts.push(format!("{} {what}", count(number)));
        }
    }
    let pictures = match state.answers.len() {
        0 => "No answers yet".to_owned(),
        answers => format::count(answers, "picture", "pictures"),
    };
    let mut sentence = if parts.is_empty() {
        pictures
    } else {
        format!("{pictures}: {}", parts.join(", "))
    };
    if !state.unread.is_empty() {
        sentence = format!(
            "{sentence}; {} could not be read",
            count(state.unread.len())
        );
    }
    sentence
}

/// Classes that the sentence names.
const NAMED: usize = 6;

/// Classes that were answered, with how often; the most frequent first.
pub fn largest(state: &PredictionState) -> Vec<(usize, usize)> {
    let counts = state.tally.classes.iter().copied().enumerate();
    let mut counts: Vec<(usize, usize)> = counts.filter(|(_, number)| *number > 0).collect();
    counts.sort_by_key(|(class, number)| (std::cmp::Reverse(*number), *class));
    counts
}

/// How far the work is, in words: "1,204 of 100,000 pictures, 85 a second, 19 min left".
pub fn progress(state: &PredictionState, now: Instant) -> Option<(String, f32)> {
    let work = state.work.as_ref()?;
    let number = |number: usize| format::thousands(number as u64);
    if let Some((done, total)) = work.comparing {
        let total_text = format::count(total, "picture", "pictures");
        let text = format!(
            "Once for this run, its own pictures are looked at: {} of {total_text}",
            number(done)
        );
        return Some((text, done as f32 / total.max(1) as f32));
    }
    let Some(total) = work.total else {
        return Some(("Looking for the pictures…".to_owned(), 0.0));
    };
    let mut text = format!(
        "{} of {}",
        number(work.done),
        format::count(total, "picture", "pictures")
    );
    if let Some((pace, left)) = work.pace(now) {
        text = format!(
            "{text}, {} a second, {} left",
            rate(pace),
            format::estimate(left)
        );
    }
    Some((text, work.done as f32 / total.max(1) as f32))
}

/// What the last pictures took: "1,204 pictures in 14 s, 85 a second".
pub fn took(state: &PredictionState) -> Option<String> {
    let (pictures, took) = state.took?;
    let seconds = took.as_secs_f64();
    (pictures > 0).then(|| {
        format!(
            "{} in {}, {} a second",
            format::count(pictures, "picture", "pictures"),
            format::duration(seconds),
            rate(pictures as f64 / seconds.max(1e-3))
        )
    })
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
