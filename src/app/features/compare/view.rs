//! What the comparison shows, as plain data.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::chooser;
use super::requests::leave_out_the_worst;
use super::rows::{ReportRow, ResultRow, report, results};
use super::verdict::{VerdictText, verdict};
use crate::analysis::comparison::{ComparedRun, Comparison};
use crate::analysis::gallery::RunPictures;
use crate::app::core::prepared_answers::Shown;
use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::app::ui::curves::{CurvesView, RunCurves};
use crate::app::ui::matrix::MatrixView;
use crate::data::PictureSource;
use crate::evaluation::ClassOrder;
use crate::format;

/// Pictures that changed sides that are listed, at most: the surest ones.
const MOST_PICTURES: usize = 200;

/// Plain data of the whole view.
#[derive(Debug, Clone)]
pub struct CompareView {
    /// The columns, in their order.
    pub chosen: Vec<Chosen>,
    /// Runs that could be added, latest first.
    pub candidates: Vec<Candidate>,
    pub waiting: bool,
    /// Why nothing can be compared.
    pub failed: Option<String>,
    pub body: Option<Arc<CompareBody>>,
    pub can_train: bool,
    /// Whether any run has been tested.
    pub any_tested: bool,
    /// What a comparison of the shown runs would be of, before anything is compared.
    pub shown: ShownRuns,
    /// Names of runs that are not compared because they would be too many.
    pub left_out: Vec<String>,
}

/// The runs that are shown in the list of runs, as a comparison takes them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownRuns {
    /// Those that can be laid side by side, oldest first.
    pub ids: Vec<String>,
    /// The names of the others, and why each is left out.
    pub left_out: Vec<(String, &'static str)>,
}

impl ShownRuns {
    /// `candidates`: latest first.
    fn build(state: &State, candidates: &[Candidate]) -> Self {
        let all = state.runs.iter().filter(|run| run.shown);
        let all: BTreeSet<&str> = all.map(|run| run.id.as_str()).collect();
        let shown: Vec<&Candidate> = (candidates.iter())
            .filter(|candidate| all.contains(candidate.id.as_str()))
            .collect();
        let mut ids = chooser::on_one_split(&shown, usize::MAX);
        let fitting = ids.clone();
        leave_out_the_worst(&mut ids, state);
        let why = |run: &RunRecord| {
            let is_candidate = shown.iter().any(|candidate| candidate.id == run.id);
            match &run.summary {
                _ if fitting.contains(&run.id) => TOO_MANY,
                _ if is_candidate => "tested on other pictures",
                _ if run.listed.annotations.archived => "in the archive",
                _ if run.is_live() => "not trained to its end yet",
                Some(summary) if summary.test.is_some() => "not trained to its end",
                _ => "not tested",
            }
        };
        let left_out = (state.runs.iter())
            .filter(|run| run.shown && !ids.contains(&run.id))
            .map(|run| (told_apart(run, state), why(run)))
            .collect();
        Self { ids, left_out }
    }
}

/// Why a run is left out of a comparison that has as many as there can be.
const TOO_MANY: &str = "fewer test pictures right, and 10 is the most that can be compared";

/// A run that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub id: String,
    pub name: String,
    pub color: usize,
    /// Why it is not among those that are compared.
    pub refused: Option<String>,
}

/// A run that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: String,
    pub name: String,
    pub color: usize,
    /// "90.4 % of 656 test pictures"
    pub detail: String,
    /// Why it would be refused.
    pub misfit: Option<String>,
    /// Names the pictures that it was tested on.
    pub split: String,
}

/// What is shown of runs that can be compared.
#[derive(Debug, Clone, Default)]
pub struct CompareBody {
    /// Another one for every body that is built.
    pub stamp: u64,
    pub runs: Vec<Named>,
    /// Which two are looked at closely: from the one to the other.
    pub pair: Option<(usize, usize)>,
    /// Which of the pair is better, and what speaks for it.
    pub verdict: Option<VerdictText>,
    pub results: Vec<ResultRow>,
    pub pictures: usize,
    pub curves: CurvesView,
    pub settings: Vec<SettingRow>,
    /// Of the pair, and what changes from the one to the other.
    pub matrices: Option<[MatrixView; 3]>,
    pub fixed: Changed,
    pub broken: Changed,
    pub both_right: usize,
    pub both_wrong: usize,
    pub report: Vec<ReportRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    pub name: String,
    pub color: usize,
}

/// A setting that differs, with its value in every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingRow {
    pub field: String,
    pub values: Vec<String>,
}

/// Pictures that changed sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changed {
    pub total: usize,
    /// The surest of them.
    pub pictures: Vec<ChangedPicture>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedPicture {
    pub file: String,
    /// Where it is, once the run's folder has said so.
    pub source: Option<PictureSource>,
    pub truth: String,
    /// What the first and what the second run said.
    pub before: String,
    pub after: String,
    pub sentence: String,
}

impl CompareView {
    /// Everything but the body, which [`CompareCache`] keeps.
    pub fn build(state: &State, body: Option<Arc<CompareBody>>) -> Self {
        let record = |id: &str| state.runs.iter().find(|run| run.id == id);
        let comparison = match &state.comparison.result {
            Some(Ok(comparison)) if !state.comparison.chosen.is_empty() => Some(comparison),
            _ => None,
        };
        let chosen = state
            .comparison
            .chosen
            .iter()
            .zip(&state.comparison.folders)
            .filter_map(|(id, folder)| {
                let run = record(id)?;
                let refused = comparison.and_then(|comparison| {
                    comparison
                        .refused
                        .iter()
                        .find(|refused| refused.folder == *folder)
                });
                let named = body
                    .as_ref()
                    .and_then(|body| body.runs.iter().find(|named| named.id == *id));
                Some(Chosen {
                    id: id.clone(),
                    name: named.map_or_else(|| told_apart(run, state), |named| named.name.clone()),
                    color: run.color,
                    refused: refused.map(|refused| refused.reason.clone()),
                })
            })
            .collect();
        let failed = match &state.comparison.result {
            Some(Err(reason)) if !state.comparison.chosen.is_empty() => Some(reason.clone()),
            _ => None,
        };
        let split = state
            .comparison
            .chosen
            .iter()
            .filter_map(|id| record(id)?.summary.as_ref())
            .find(|summary| summary.test.is_some())
            .map(|summary| (summary.test_split.as_str(), summary.test_pictures));
        let mut candidates: Vec<(u64, Candidate)> = state
            .runs
            .iter()
            .filter(|run| !state.comparison.chosen.contains(&run.id))
            .filter_map(|run| candidate(run, state, split))
            .collect();
        candidates.sort_by_key(|(started, _)| std::cmp::Reverse(*started));
        let candidates: Vec<Candidate> = (candidates.into_iter())
            .map(|(_, candidate)| candidate)
            .collect();
        Self {
            shown: if state.comparison.chosen.is_empty() {
                ShownRuns::build(state, &candidates)
            } else {
                ShownRuns::default()
            },
            left_out: state.comparison.left_out.clone(),
            chosen,
            candidates,
            waiting: state.comparison.waiting,
            failed,
            body: body.filter(|_| comparison.is_some()),
            can_train: state.has_pictures(),
            any_tested: state.runs.iter().any(|run| {
                run.summary
                    .as_ref()
                    .is_some_and(|summary| summary.test.is_some())
            }),
        }
    }
}

/// A run that has ended with a test, and whether it was tested on the pictures of `split`.
fn candidate(
    run: &RunRecord,
    state: &State,
    split: Option<(&str, usize)>,
) -> Option<(u64, Candidate)> {
    let summary = run.summary.as_ref()?;
    let test = summary.test.as_ref()?;
    run.folder.as_ref()?;
    if run.state != RecordState::Finished || run.listed.annotations.archived {
        return None;
    }
    let misfit = split.and_then(|(split, pictures)| {
        if summary.test_split == split {
            None
        } else if summary.test_pictures == pictures {
            Some(
                "Tested on other pictures: give both the same data, test share and split seed"
                    .into(),
            )
        } else {
            Some(format!(
                "Tested on {} other pictures, the chosen runs on {}",
                format::thousands(summary.test_pictures as u64),
                format::thousands(pictures as u64)
            ))
        }
    });
    Some((
        summary.started,
        Candidate {
            id: run.id.clone(),
            name: told_apart(run, state),
            color: run.color,
            detail: format!(
                "{} of {}",
                format::percent(test.accuracy),
                format::plural(test.n as u64, "test picture", "test pictures")
            ),
            misfit,
            split: summary.test_split.clone(),
        },
    ))
}

/// What the body depends on beside the comparison itself.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    comparison: usize,
    /// The run that says where pictures are, by its address in memory.
    pictures: usize,
    pair: (usize, usize),
    clustered: bool,
    colors: Vec<(String, String, usize)>,
}

/// Keeps the body while nothing that it is made of changes.
#[derive(Default)]
pub struct CompareCache {
    key: Option<Key>,
    /// Held, so that its address in memory names it.
    comparison: Option<Arc<Comparison>>,
    body: Option<Arc<CompareBody>>,
    stamp: u64,
}

impl CompareCache {
    /// The body for the pair `(from, to)`, or for the first two where that is no pair of runs.
    pub fn body(
        &mut self,
        state: &State,
        pair: (usize, usize),
        clustered: bool,
    ) -> Option<Arc<CompareBody>> {
        let Some(Ok(comparison)) = &state.comparison.result else {
            self.key = None;
            self.comparison = None;
            self.body = None;
            return None;
        };
        let opened = opened(state, comparison);
        let pictures = opened.map_or(0, |opened| Arc::as_ptr(opened) as usize);
        let key = Key {
            comparison: Arc::as_ptr(comparison) as usize,
            pictures,
            pair,
            clustered,
            colors: state
                .runs
                .iter()
                .filter(|run| state.comparison.chosen.contains(&run.id))
                .map(|run| (run.id.clone(), told_apart(run, state), run.color))
                .collect(),
        };
        if self.key.as_ref() != Some(&key) {
            self.stamp += 3;
            self.body = Some(Arc::new(CompareBody::build(
                state, comparison, pair, clustered, self.stamp,
            )));
            self.comparison = Some(comparison.clone());
            self.key = Some(key);
        }
        self.body.clone()
    }
}

impl CompareBody {
    fn build(
        state: &State,
        comparison: &Comparison,
        pair: (usize, usize),
        clustered: bool,
        stamp: u64,
    ) -> Self {
        let runs = names(state, comparison);
        let count = runs.len();
        let pair = match pair {
            (from, to) if from < count && to < count && from != to => Some(pair),
            _ if count >= 2 => Some(first_pair(comparison)),
            _ => None,
        };
        let curves = CurvesView {
            runs: comparison
                .runs
                .iter()
                .zip(&runs)
                .map(|(run, named)| {
                    RunCurves::new(
                        named.name.clone(),
                        named.color,
                        false,
                        &run.metrics,
                        &run.phase_starts,
                    )
                })
                .collect(),
            runs_known: count,
            ..CurvesView::default()
        };
        let mut body = Self {
            stamp,
            results: results(comparison, &runs),
            pictures: comparison.files.len(),
            settings: settings(comparison),
            report: report(comparison),
            curves,
            pair,
            runs,
            ..Self::default()
        };
        if let Some((from, to)) = pair {
            body.compare(state, comparison, from, to, clustered, stamp);
        }
        body
    }

    fn compare(
        &mut self,
        state: &State,
        comparison: &Comparison,
        from: usize,
        to: usize,
        clustered: bool,
        stamp: u64,
    ) {
        let classes = &comparison.classes;
        let order = if clustered {
            ClassOrder::Confusion
        } else {
            ClassOrder::Label
        };
        let class_indices = comparison.runs[from].confusion.order(order);
        let change = comparison.confusion_change(from, to);
        let matrix = |run: &ComparedRun, stamp| {
            let counts = &run.confusion.counts;
            MatrixView::new(
                classes,
                &class_indices,
                Shown::Counts,
                stamp,
                |row, column| i64::try_from(counts[row][column]).unwrap_or(i64::MAX),
            )
        };
        self.matrices = Some([
            matrix(&comparison.runs[from], stamp),
            matrix(&comparison.runs[to], stamp + 1),
            MatrixView::new(
                classes,
                &class_indices,
                Shown::Change,
                stamp + 2,
                |row, column| change[row][column],
            ),
        ]);
        let opened = opened(state, comparison);
        let source = |file: &str| {
            let opened = opened?;
            opened.sources[opened.position(file)? as usize].clone()
        };
        self.verdict = verdict(comparison, &self.runs, from, to);
        let changes = comparison.changes(from, to);
        let listed = |pictures: &[usize]| Changed {
            total: pictures.len(),
            pictures: pictures
                .iter()
                .take(MOST_PICTURES)
                .map(|&picture| changed_picture(comparison, picture, from, to, &source))
                .collect(),
        };
        self.fixed = listed(&changes.fixed);
        self.broken = listed(&changes.broken);
        self.both_right = changes.both_right;
        self.both_wrong = changes.both_wrong;
    }

    /// The whole body as lines of text.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for row in &self.results {
            lines.push(format!("{}: {}", row.name, row.values.join(" | ")));
        }
        for row in &self.settings {
            lines.push(format!("{}: {}", row.field, row.values.join(" | ")));
        }
        if self.pair.is_some() {
            lines.push(format!(
                "fixed {}, broken {}, both right {}, both wrong {}",
                self.fixed.total, self.broken.total, self.both_right, self.both_wrong
            ));
        }
        if let Some([_, _, change]) = &self.matrices {
            lines.push(change.lines());
        }
        lines.join("\n")
    }
}

/// The folder of the first run: all of them were tested on the same pictures.
pub fn pictures_folder(state: &State) -> Option<PathBuf> {
    let Some(Ok(comparison)) = &state.comparison.result else {
        return None;
    };
    let first = &comparison.runs.first()?.summary.id;
    let record = state.runs.iter().find(|run| run.id == *first)?;
    record.folder.clone()
}

/// The run that says where the pictures are, once it has been read.
fn opened<'a>(state: &'a State, comparison: &Comparison) -> Option<&'a Arc<RunPictures>> {
    let first = &comparison.runs.first()?.summary.id;
    let record = state.runs.iter().find(|run| run.id == *first)?;
    state.gallery.opened(record.folder.as_ref()?)
}

/// The first runs of the first two groups, so that two ways are compared rather than two seeds of one.
fn first_pair(comparison: &Comparison) -> (usize, usize) {
    match &comparison.groups[..] {
        [first, second, ..] => (first[0], second[0]),
        _ => (0, 1),
    }
}

/// Names that tell the runs apart, and their colours.
fn names(state: &State, comparison: &Comparison) -> Vec<Named> {
    (comparison.runs.iter().enumerate())
        .map(|(index, run)| {
            let of_run = |record: &&RunRecord| record.folder.as_ref() == Some(&run.folder);
            let record = state.runs.iter().find(of_run);
            Named {
                id: record.map_or(&run.summary.id, |record| &record.id).clone(),
                name: record.map_or_else(
                    || run.summary.experiment.clone(),
                    |record| told_apart(record, state),
                ),
                color: record.map_or(index, |record| record.color),
            }
        })
        .collect()
}

fn settings(comparison: &Comparison) -> Vec<SettingRow> {
    comparison
        .settings
        .iter()
        .map(|difference| SettingRow {
            field: difference.label.clone(),
            values: difference.values.clone(),
        })
        .collect()
}

fn changed_picture(
    comparison: &Comparison,
    picture: usize,
    from: usize,
    to: usize,
    source: &dyn Fn(&str) -> Option<PictureSource>,
) -> ChangedPicture {
    let class = |class: u32| {
        comparison
            .classes
            .get(class as usize)
            .cloned()
            .unwrap_or_default()
    };
    let file = comparison.files[picture].clone();
    let truth = class(comparison.truths[picture]);
    let said = |run: usize| {
        let run = &comparison.runs[run];
        (
            class(run.predicted[picture]),
            format::confidence(f64::from(run.confidence[picture])),
        )
    };
    let ((before, before_sure), (after, after_sure)) = (said(from), said(to));
    ChangedPicture {
        sentence: format!(
            "{file}, {truth}: {before} ({before_sure}) before, {after} ({after_sure}) after"
        ),
        source: source(&file),
        file,
        truth,
        before,
        after,
    }
}
