//! The gallery's plain data: which run, which of its predictions, in which order.

use std::sync::Arc;

use crate::analysis::gallery::RunPictures;
use crate::app::core::command::GalleryFilter;
use crate::app::core::evaluation;
use crate::app::core::gallery::{Opened, has_predictions};
use crate::app::core::run_names::told_apart;
use crate::app::core::state::State;
use crate::app::ui::run_choice::RunChoice;
use crate::data::{PictureSource, Split};
use crate::evaluation::gallery::{
    CONFIDENT, Disagreement, Entry, Filter, SortBy, Summary, UNCERTAIN, disagreement,
};
use crate::evaluation::novelty::{Novelty, NoveltyLimit};
use crate::evaluation::{Interval, wilson};
use crate::format;

/// What a person has chosen to see.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// A run's id; the one that the results look at while nothing is chosen.
    pub run: Option<String>,
    /// The run to compare with.
    pub against: Option<String>,
    pub filter: Filter,
    pub sort: SortBy,
    pub largest_first: bool,
}

impl Default for Query {
    /// The worst mistakes first.
    fn default() -> Self {
        Self {
            run: None,
            against: None,
            filter: Filter::default(),
            sort: SortBy::Loss,
            largest_first: true,
        }
    }
}

impl Query {
    /// What another view asked for, in the classes of the run that is shown.
    pub fn adopt(&mut self, wanted: &GalleryFilter, classes: &[String]) {
        let class = |name: &Option<String>| {
            let index = classes
                .iter()
                .position(|class| Some(class) == name.as_ref());
            index.map(|index| index as u32)
        };
        self.filter = Filter {
            truth: class(&wanted.true_class),
            predicted: class(&wanted.predicted_class),
            right: wanted.right,
            other_right: wanted.against.as_ref().map(|(_, right)| *right),
            split: wanted.split,
            ..Filter::default()
        };
    }
}

#[derive(Debug, Clone)]
pub struct GalleryView {
    /// Newest last, as the state lists them.
    pub runs: Vec<RunChoice>,
    /// Indices in `runs`.
    pub run: Option<usize>,
    pub against: Option<usize>,
    pub content: Content,
    /// Distinguishes one build from the next.
    pub stamp: u64,
}

#[derive(Debug, Clone)]
pub enum Content {
    /// No run has been tested yet.
    NoRuns,
    /// None was trained on the pictures of the experiment in front.
    OtherPictures,
    Reading,
    Failed(String),
    Ready(Box<ReadyView>),
}

#[derive(Debug, Clone)]
pub struct ReadyView {
    pub run: Arc<RunPictures>,
    pub other: Option<Arc<RunPictures>>,
    pub disagreement: Arc<Disagreement>,
    /// Why the runs can't be compared.
    pub why_not: Option<String>,
    /// Indices of the entries that are shown, in their order.
    pub picture_indices: Vec<u32>,
    /// Of what is shown.
    pub summary: Summary,
    /// The 95 % interval (Wilson) of the share that is right.
    pub interval: Interval,
    /// Pictures of each class among all.
    pub class_counts: Vec<usize>,
    /// The splits that have predictions, and how many.
    pub splits: Vec<(Split, usize)>,
    pub lesson: [LessonRow; 3],
    /// From which distance on a picture is none of the classes, where the run knows that.
    pub limit: Option<NoveltyLimit>,
}

/// One row of the lesson's figure.
#[derive(Debug, Clone, PartialEq)]
pub struct LessonRow {
    pub title: &'static str,
    pub explanation: &'static str,
    /// In place of pictures, where there are none.
    pub none: String,
    pub picture_indices: Vec<u32>,
    /// What shows the same in the grid.
    pub right: bool,
    pub confidence: (f32, f32),
    pub largest_first: bool,
}

impl ReadyView {
    pub fn entry(&self, picture_index: u32) -> &Entry {
        &self.run.predicted.entries[picture_index as usize]
    }

    pub fn class(&self, class: u32) -> &str {
        self.run
            .predicted
            .classes
            .get(class as usize)
            .map_or("", String::as_str)
    }

    pub fn file(&self, picture_index: u32) -> &str {
        self.run.predicted.file(self.entry(picture_index))
    }

    pub fn source(&self, picture_index: u32) -> Option<&PictureSource> {
        self.run.sources.get(picture_index as usize)?.as_ref()
    }

    pub fn total(&self) -> usize {
        self.run.predicted.entries.len()
    }

    fn build(
        run: &Arc<RunPictures>,
        other: Option<Arc<RunPictures>>,
        compared: &Compared,
        query: &Query,
        rate: f64,
    ) -> Self {
        let predicted = &run.predicted;
        let against = &compared.disagreement;
        let there = other.as_ref().map(|other| (&other.predicted, &**against));
        let limit = run.novelty.as_ref().and_then(|known| known.limit(rate));
        let beyond = limit.map(|limit| limit.threshold);
        let mut picture_indices = predicted.filtered(&query.filter, there, beyond);
        predicted.sort(
            &mut picture_indices,
            query.sort,
            query.largest_first,
            against,
        );
        let mut class_counts = vec![0; predicted.classes.len()];
        let mut splits: Vec<(Split, usize)> = Vec::new();
        for entry in &predicted.entries {
            if let Some(count) = class_counts.get_mut(entry.truth as usize) {
                *count += 1;
            }
            match splits.iter_mut().find(|(split, _)| *split == entry.split) {
                Some((_, count)) => *count += 1,
                None => splits.push((entry.split, 1)),
            }
        }
        splits.sort_unstable();
        let summary = predicted.summary(&picture_indices);
        Self {
            run: run.clone(),
            other,
            disagreement: compared.disagreement.clone(),
            why_not: compared.why_not.clone(),
            interval: wilson(summary.right as u64, summary.all as u64),
            lesson: lesson(run, &picture_indices),
            picture_indices,
            summary,
            class_counts,
            splits,
            limit,
        }
    }

    /// How unlike the training pictures it is; nothing where that is not known.
    pub fn novelty(&self, picture_index: u32) -> Option<Novelty> {
        let distance = self.entry(picture_index).distance?;
        self.limit.map(|limit| limit.of(distance))
    }

    pub fn is_none_of_these(&self, picture_index: u32) -> bool {
        let novelty = self.novelty(picture_index);
        novelty.is_some_and(|novelty| novelty.is_none_of_these())
    }

    /// The view as lines of text: what a reader of the window would tell someone else.
    pub fn text(&self) -> String {
        let mut lines = vec![format!(
            "{} of {}, {} correct",
            self.summary.all,
            format::plural(self.total() as u64, "picture", "pictures"),
            self.summary.right
        )];
        lines.extend(
            self.picture_indices
                .iter()
                .map(|&picture_index| self.spoken(picture_index)),
        );
        lines.join("\n")
    }

    /// Where the true class stands among the probabilities, 1 for the most probable.
    pub fn rank_of_truth(&self, picture_index: u32) -> usize {
        let entry = self.entry(picture_index);
        let probabilities = self.run.predicted.probabilities(entry);
        let truth = probabilities.get(entry.truth as usize);
        let above = |probability: &&f32| truth.is_some_and(|truth| *probability > truth);
        probabilities.iter().filter(above).count() + 1
    }

    /// One entry in words.
    pub fn spoken(&self, picture_index: u32) -> String {
        let entry = self.entry(picture_index);
        format!(
            "{}, true class {}, predicted {} with {}, {}",
            self.file(picture_index),
            self.class(entry.truth),
            self.class(entry.predicted),
            format::confidence(f64::from(entry.confidence)),
            if entry.is_right() { "correct" } else { "wrong" }
        ) + match self.is_none_of_these(picture_index) {
            true => ", none of these",
            false => "",
        }
    }
}

/// The lesson's three rows among `picture_indices`: correct and confident, correct and uncertain, wrong.
fn lesson(run: &RunPictures, picture_indices: &[u32]) -> [LessonRow; 3] {
    let predicted = &run.predicted;
    let highest = (picture_indices.iter())
        .map(|&picture_index| &predicted.entries[picture_index as usize])
        .filter(|entry| entry.is_right())
        .map(|entry| entry.confidence)
        .fold(0.0, f32::max);
    let row = |title, explanation, none, right, (low, high): (f32, f32), largest_first| {
        let mut chosen: Vec<u32> = picture_indices
            .iter()
            .copied()
            .filter(|&picture_index| {
                let entry = &predicted.entries[picture_index as usize];
                entry.is_right() == right && (low..=high).contains(&entry.confidence)
            })
            .collect();
        let no_other = Disagreement::default();
        predicted.sort(&mut chosen, SortBy::Confidence, largest_first, &no_other);
        LessonRow {
            title,
            explanation,
            none,
            picture_indices: chosen,
            right,
            confidence: (low, high),
            largest_first,
        }
    };
    // Both ends of a range are shown: the next number above or below leaves the limit out.
    let over = (CONFIDENT.next_up(), 1.0);
    let under = (0.0, UNCERTAIN.next_down());
    [
        row(
            "Correct and confident",
            "confidence over 90 %",
            if highest > 0.0 {
                format!(
                    "No correct prediction has a confidence over 90 %: the highest is {}.",
                    format::confidence(f64::from(highest))
                )
            } else {
                "No prediction is correct.".to_owned()
            },
            true,
            over,
            true,
        ),
        row(
            "Correct and uncertain",
            "confidence under 60 %",
            "No correct prediction has a confidence under 60 %.".to_owned(),
            true,
            under,
            false,
        ),
        row(
            "Wrong",
            "highest confidence first",
            "No prediction is wrong.".to_owned(),
            false,
            (0.0, 1.0),
            true,
        ),
    ]
}

/// Two runs laid side by side, kept while both stay.
#[derive(Debug, Clone, Default)]
struct Compared {
    runs: Option<(Arc<RunPictures>, Arc<RunPictures>)>,
    disagreement: Arc<Disagreement>,
    why_not: Option<String>,
}

impl Compared {
    fn of(&mut self, run: &Arc<RunPictures>, other: Option<&Arc<RunPictures>>) {
        let Some(other) = other else {
            *self = Self::default();
            return;
        };
        let is_current = self.runs.as_ref().is_some_and(|(before, other_before)| {
            Arc::ptr_eq(before, run) && Arc::ptr_eq(other_before, other)
        });
        if is_current {
            return;
        }
        let found = disagreement(&run.predicted, &other.predicted);
        *self = Self {
            runs: Some((run.clone(), other.clone())),
            why_not: found.as_ref().err().cloned(),
            disagreement: Arc::new(found.unwrap_or_default()),
        };
    }
}

/// What a view was built from; pictures, which come and go, are no part of it.
#[derive(Debug)]
struct Key {
    query: Query,
    run: Option<Arc<RunPictures>>,
    other: Option<Arc<RunPictures>>,
    rate: f64,
}

/// Keeps the view while nothing that it is made of changes: a run has tens of thousands of
/// predictions, and a frame has a few milliseconds.
#[derive(Debug, Default)]
pub struct GalleryCache {
    view: Option<(Key, Arc<GalleryView>)>,
    compared: Compared,
    /// Of the view that was built last.
    stamp: u64,
}

impl GalleryCache {
    pub fn view(&mut self, state: &State, query: &Query) -> Arc<GalleryView> {
        if let Some((key, view)) = &self.view
            && is_current(key, view, state, query)
        {
            return view.clone();
        }
        self.stamp += 1;
        let runs = RunChoice::of(state, has_predictions);
        let run = chosen(&runs, state, query);
        let against = query
            .against
            .as_ref()
            .and_then(|id| runs.iter().position(|choice| choice.id == *id))
            .filter(|run_index| Some(*run_index) != run);
        let opened = |run_index: Option<usize>| {
            let choice = runs.get(run_index?)?;
            state.gallery.opened(&choice.folder).cloned()
        };
        let (run_opened, other) = (opened(run), opened(against));
        let content = match (run, &run_opened) {
            (None, _) if runs.is_empty() => Content::NoRuns,
            (None, _) => Content::OtherPictures,
            (_, Some(opened)) => {
                self.compared.of(opened, other.as_ref());
                let rate = state.evaluation.novelty_rate;
                let ready = ReadyView::build(opened, other.clone(), &self.compared, query, rate);
                Content::Ready(Box::new(ready))
            }
            (Some(run_index), None) => match state.gallery.runs.get(&runs[run_index].folder) {
                Some(Opened::Failed(reason)) => Content::Failed(reason.clone()),
                _ => Content::Reading,
            },
        };
        let view = Arc::new(GalleryView {
            runs,
            run,
            against,
            content,
            stamp: self.stamp,
        });
        let key = Key {
            query: query.clone(),
            run: run_opened,
            other,
            rate: state.evaluation.novelty_rate,
        };
        self.view = Some((key, view.clone()));
        view
    }
}

/// The run that is asked for here, else the one that every view of one run shows.
fn chosen(runs: &[RunChoice], state: &State, query: &Query) -> Option<usize> {
    let find = |id: &str| runs.iter().position(|choice| choice.id == id);
    query.run.as_deref().and_then(find).or_else(|| {
        let run = evaluation::run_to_show(state, has_predictions)?;
        find(&run.id)
    })
}

fn is_current(key: &Key, view: &GalleryView, state: &State, query: &Query) -> bool {
    let same = |run_index: Option<usize>, before: &Option<Arc<RunPictures>>| {
        let choice = run_index.and_then(|run_index| view.runs.get(run_index));
        let now = choice.and_then(|choice| state.gallery.runs.get(&choice.folder));
        match (now, before) {
            (Some(Opened::Ready(now)), Some(before)) => Arc::ptr_eq(now, before),
            (Some(Opened::Failed(_)), None) => matches!(view.content, Content::Failed(_)),
            (Some(Opened::Reading) | None, None) => {
                matches!(
                    view.content,
                    Content::Reading | Content::NoRuns | Content::OtherPictures
                )
            }
            _ => false,
        }
    };
    if key.rate != state.evaluation.novelty_rate {
        return false;
    }
    let other_is_current = match (view.against, &key.other) {
        (None, None) => true,
        (Some(run_index), before) => {
            match (state.gallery.opened(&view.runs[run_index].folder), before) {
                (Some(now), Some(before)) => Arc::ptr_eq(now, before),
                (None, None) => true,
                _ => false,
            }
        }
        (None, Some(_)) => false,
    };
    key.query == *query
        && same(view.run, &key.run)
        && other_is_current
        && same_runs(view, state)
        && chosen(&view.runs, state, query) == view.run
}

/// Whether the list of runs is as it was, without making a new one.
fn same_runs(view: &GalleryView, state: &State) -> bool {
    let mut known = view.runs.iter();
    let all_known = state
        .runs
        .iter()
        .filter(|run| has_predictions(run))
        .all(|run| {
            known.next().is_some_and(|choice| {
                choice.id == run.id
                    && (choice.name == run.title || choice.name == told_apart(run, state))
                    && choice.color == run.color
                    && Some(&choice.folder) == run.folder.as_ref()
            })
        });
    all_known && known.next().is_none()
}
