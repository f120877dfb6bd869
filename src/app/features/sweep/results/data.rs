//! The results of a sweep as plain data: a row for each setting or cell, the axes that they cross, and what can be said of them.
//! Built once for every answer of the threads, not in every frame.

use std::path::PathBuf;
use std::sync::Arc;

use super::columns::MEASURED;
use super::judged::{VerdictView, verdict};
use crate::app::core::sweep::OpenSweep;
use crate::evaluation::wilson;
use crate::experiment::Monitor;
use crate::figures::{EffectsFigure, ParallelAxis};
use crate::report::sweep::{self, SettingTexts, goal_text, interval_text};
use crate::sweep::{CellState, CellStatus, Goal, Plan};
use crate::worker::messages::SweepStatus;

/// Everything that the page of the results shows.
#[derive(Debug, Clone)]
pub struct ResultsView {
    /// Another one for every view that is built.
    pub stamp: u64,
    /// Titles of what varies.
    pub fields: Vec<String>,
    /// By field, whether its values are numbers.
    pub are_numbers: Vec<bool>,
    pub goal: Goal,
    pub rows: Vec<SweepRow>,
    /// Of what varies, the goal's last.
    pub axes: Vec<ParallelAxis>,
    pub verdict: Option<VerdictView>,
    /// Nothing before the cells' folders were read.
    pub effects: Option<EffectsFigure>,
    /// Whether rows are settings over their seeds; else they are cells.
    pub is_averaged: bool,
    /// Whether there is more than one seed.
    pub has_seeds: bool,
}

/// A setting over its seeds, or one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRow {
    /// Cells, by index in the plan.
    pub cells: Vec<usize>,
    /// One text for each field.
    pub settings: Vec<String>,
    pub seed: Option<u64>,
    pub goal: Option<f64>,
    pub interval: Option<(f64, f64)>,
    pub epochs: u32,
    pub epochs_planned: u32,
    pub seconds: f64,
    pub state: RowState,
    /// How it stands, in a few words.
    pub state_text: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// Folders of its runs that have begun.
    pub folders: Vec<PathBuf>,
    pub standing: Standing,
    /// Where it crosses each axis.
    pub shares: Vec<Option<f64>>,
    /// From 0 for the worst to 1 for the best.
    pub score: Option<f64>,
}

impl SweepRow {
    /// The text of a field.
    pub fn setting(&self, field: usize) -> &str {
        self.settings.get(field).map_or("", String::as_str)
    }
}

/// How a row stands, what needs attention first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowState {
    Failed,
    Running,
    Stopped,
    Missing,
    Pruned,
    Finished,
}

/// What is said of a row without a run.
pub const NOT_TRAINED: &str = "not trained yet";

impl RowState {
    pub fn text(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Running => "training",
            Self::Stopped => "begun",
            Self::Missing => NOT_TRAINED,
            Self::Pruned => "fell behind",
            Self::Finished => "trained",
        }
    }

    fn of(state: &CellState) -> Self {
        match state {
            CellState::Failed(_) => Self::Failed,
            CellState::Running => Self::Running,
            CellState::Stopped | CellState::Interrupted => Self::Stopped,
            CellState::Missing => Self::Missing,
            CellState::Pruned => Self::Pruned,
            CellState::Finished => Self::Finished,
        }
    }
}

/// How a row compares with the best setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    Best,
    /// Can't be told from the best beyond luck.
    LikeBest,
    #[default]
    Behind,
}

impl ResultsView {
    /// Nothing while there are no cells.
    fn build(plan: &Plan, status: Option<&SweepStatus>, is_averaged: bool, stamp: u64) -> Self {
        let goal = plan.sweep.goal;
        let texts = SettingTexts::of(plan);
        let none = Vec::new();
        let cells = status.map_or(&none, |status| &status.cells);
        let mut rows = match is_averaged {
            true => (0..plan.groups())
                .map(|group| setting_row(plan, group, cells, status, &texts))
                .collect::<Vec<_>>(),
            false => (0..plan.cells.len())
                .map(|cell| cell_row(plan, cell, cells, status, &texts))
                .collect(),
        };
        let axes = sweep::axes(
            plan,
            rows.iter().map(|row| row.settings.as_slice()),
            rows.iter().filter_map(|row| row.goal),
        );
        let goals: Vec<Option<f64>> = rows.iter().map(|row| row.goal).collect();
        let scores = sweep::scores(&goals, goal.info().higher_is_better);
        for (row, score) in rows.iter_mut().zip(scores) {
            row.shares = sweep::shares(&axes, &row.settings, row.goal);
            row.score = score;
        }
        let fields = sweep::field_titles(plan);
        Self {
            stamp,
            are_numbers: (0..fields.len())
                .map(|field| are_numbers(&rows, field))
                .collect(),
            fields,
            goal,
            axes,
            verdict: status.and_then(|status| verdict(plan, status, &texts)),
            effects: status.map(|status| sweep::effects(plan, &texts, &status.results)),
            rows,
            is_averaged,
            has_seeds: plan.sweep.seeds > 1,
        }
    }

    pub fn goal_title(&self) -> &'static str {
        sweep::goal_title(self.goal)
    }

    pub fn goal_text(&self, value: f64) -> String {
        goal_text(self.goal, value)
    }

    pub fn interval_text(&self, (low, high): (f64, f64)) -> String {
        interval_text(self.goal, low, high)
    }

    /// What a row is called: its settings with their titles.
    pub fn row_name(&self, row: &SweepRow) -> String {
        let mut parts: Vec<String> = (self.fields.iter().zip(&row.settings))
            .map(|(title, value)| format!("{title} {value}"))
            .collect();
        if let Some(seed) = row.seed {
            parts.push(format!("seed {seed}"));
        }
        match parts.is_empty() {
            true => "The base".into(),
            false => parts.join(", "),
        }
    }
}

/// Whether the first rows all have a number there.
fn are_numbers(rows: &[SweepRow], field: usize) -> bool {
    (rows.iter().take(MEASURED)).all(|row| {
        let text = row.settings.get(field);
        text.is_some_and(|text| text.parse::<f64>().is_ok())
    })
}

fn setting_row(
    plan: &Plan,
    group: usize,
    cells: &[CellStatus],
    status: Option<&SweepStatus>,
    texts: &SettingTexts,
) -> SweepRow {
    let indices: Vec<usize> = plan.of_group(group).collect();
    let of_group: Vec<&CellStatus> = indices
        .iter()
        .filter_map(|&index| cells.get(index))
        .collect();
    let result = status.and_then(|status| status.results.rows.get(group));
    let score = result.and_then(|row| row.score);
    let states = of_group.iter().map(|cell| RowState::of(&cell.state));
    let state = states.min().unwrap_or(RowState::Missing);
    SweepRow {
        settings: texts.of_group(group).to_vec(),
        seed: None,
        goal: score.map(|score| score.value),
        interval: score
            .and_then(|score| score.interval)
            .map(|interval| (interval.low, interval.high)),
        epochs: of_group.iter().map(|cell| cell.epochs_done).sum(),
        epochs_planned: indices.iter().map(|&index| planned(plan, index)).sum(),
        seconds: of_group.iter().map(|cell| cell.seconds).sum(),
        state_text: seeds_text(&of_group, state),
        state,
        reason: of_group.iter().find_map(|cell| reason(cell)),
        folders: of_group
            .iter()
            .filter(|cell| has_begun(cell))
            .map(|cell| cell.folder.clone())
            .collect(),
        standing: standing(status, group),
        cells: indices,
        shares: Vec::new(),
        score: None,
    }
}

fn cell_row(
    plan: &Plan,
    index: usize,
    cells: &[CellStatus],
    status: Option<&SweepStatus>,
    texts: &SettingTexts,
) -> SweepRow {
    let group = plan.cells[index].group;
    let cell = cells.get(index);
    let goal = cell.and_then(|cell| cell.goal);
    let state = cell.map_or(RowState::Missing, |cell| RowState::of(&cell.state));
    SweepRow {
        cells: vec![index],
        settings: texts.of_group(group).to_vec(),
        seed: (plan.sweep.seeds > 1).then_some(plan.cells[index].seed),
        interval: goal
            .zip(cell)
            .and_then(|(goal, cell)| interval_of(plan.sweep.goal, goal, cell)),
        goal,
        epochs: cell.map_or(0, |cell| cell.epochs_done),
        epochs_planned: planned(plan, index),
        seconds: cell.map_or(0.0, |cell| cell.seconds),
        state_text: state.text().to_owned(),
        state,
        reason: cell.and_then(reason),
        folders: cell
            .filter(|cell| has_begun(cell))
            .map(|cell| cell.folder.clone())
            .into_iter()
            .collect(),
        standing: standing(status, group),
        shares: Vec::new(),
        score: None,
    }
}

/// How the seeds of a setting stand: what needs attention, else how many of them are there.
fn seeds_text(cells: &[&CellStatus], state: RowState) -> String {
    let done = cells.iter().filter(|cell| cell.state.is_done()).count();
    match state {
        RowState::Missing | RowState::Stopped if done > 0 => {
            format!("{done} of {} trained", cells.len())
        }
        state => state.text().to_owned(),
    }
}

fn planned(plan: &Plan, index: usize) -> u32 {
    plan.cells[index].experiment.epochs()
}

fn reason(cell: &CellStatus) -> Option<String> {
    match &cell.state {
        CellState::Failed(reason) => Some(reason.clone()),
        _ => None,
    }
}

/// Whether its run can be looked at.
fn has_begun(cell: &CellStatus) -> bool {
    cell.epochs_done > 0 || matches!(cell.state, CellState::Running)
}

fn standing(status: Option<&SweepStatus>, group: usize) -> Standing {
    let Some(status) = status else {
        return Standing::Behind;
    };
    if status.results.best == Some(group) {
        Standing::Best
    } else if status.results.not_distinguishable.contains(&group) {
        Standing::LikeBest
    } else {
        Standing::Behind
    }
}

/// Of one cell's share of right validation pictures, as far as those can tell.
fn interval_of(goal: Goal, value: f64, cell: &CellStatus) -> Option<(f64, f64)> {
    let pictures = cell.validation_pictures as u64;
    if goal.metric != Monitor::ValidationAccuracy || pictures == 0 {
        return None;
    }
    let right = (value * pictures as f64).round() as u64;
    let interval = wilson(right.min(pictures), pictures);
    Some((interval.low, interval.high))
}

/// Keeps the view while nothing that it is made of changes.
#[derive(Default)]
pub struct ResultsCache {
    built: Option<Built>,
    stamp: u64,
}

/// The view, and what it was built of: held, so that their addresses in memory name them.
struct Built {
    plan: Arc<Plan>,
    status: Option<Arc<SweepStatus>>,
    view: Arc<ResultsView>,
}

impl ResultsCache {
    /// Nothing before the sweep has been planned.
    pub fn view(&mut self, open: &OpenSweep, averaged: bool) -> Option<Arc<ResultsView>> {
        let plan = open.planned.plan.as_ref()?;
        let status = open.current_status();
        let is_averaged = averaged && plan.sweep.seeds > 1;
        let is_it = |built: &Built| {
            Arc::ptr_eq(&built.plan, plan)
                && built.status.as_ref().map(Arc::as_ptr) == status.map(Arc::as_ptr)
                && built.view.is_averaged == is_averaged
        };
        if let Some(built) = self.built.as_ref().filter(|built| is_it(built)) {
            return Some(built.view.clone());
        }
        self.stamp += 1;
        let view = ResultsView::build(plan, status.map(Arc::as_ref), is_averaged, self.stamp);
        let view = Arc::new(view);
        self.built = Some(Built {
            plan: plan.clone(),
            status: status.cloned(),
            view: view.clone(),
        });
        Some(view)
    }

    /// Views that were built so far.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::core::sweep::fakes;

    #[test]
    fn settings_have_the_mean_of_their_seeds_and_cells_their_own() {
        let open = fakes::open(30, 20);
        let mut cache = ResultsCache::default();
        let averaged = cache.view(&open, true).unwrap();
        assert_eq!((averaged.rows.len(), averaged.axes.len()), (30, 4));
        let best = averaged
            .rows
            .iter()
            .filter(|row| row.standing == Standing::Best);
        assert_eq!(best.count(), 1);
        let single = cache.view(&open, false).unwrap();
        assert_eq!(single.rows.len(), 60);
        assert_eq!(single.rows[0].seed, Some(42));
        assert!(single.rows[0].interval.is_some());
        // Nothing is built twice.
        assert_eq!(cache.view(&open, false).unwrap().stamp, single.stamp);
        let verdict = single.verdict.as_ref().unwrap();
        assert!(
            verdict
                .sentence
                .starts_with("Best so far: Phase 2, learning rate "),
            "{verdict:?}"
        );
        assert!(
            verdict.evidence[0].contains("mean of 2 seeds"),
            "{verdict:?}"
        );
    }

    #[test]
    fn what_needs_attention_is_the_state_of_a_setting() {
        let open = fakes::open(30, 20);
        let view = ResultsCache::default().view(&open, true).unwrap();
        assert_eq!(view.rows[0].state, RowState::Finished);
        assert_eq!(view.rows[20].state, RowState::Running);
        assert_eq!(view.rows[21].state, RowState::Failed);
        assert!(view.rows[21].reason.is_some());
        assert_eq!(view.rows[25].state, RowState::Missing);
        assert!(view.rows[25].folders.is_empty() && view.rows[0].folders.len() == 2);
    }

    #[test]
    fn cells_are_shown_before_their_folders_were_read() {
        let mut open = fakes::open(5, 0);
        open.status = None;
        let view = ResultsCache::default().view(&open, true).unwrap();
        assert_eq!(view.rows.len(), 5);
        assert!(view.verdict.is_none());
        assert!(view.rows.iter().all(|row| row.state == RowState::Missing));
    }
}
