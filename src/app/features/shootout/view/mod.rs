//! What the page is drawn from, as plain data: every network with what was found of it, the answer, and what a start would do.

mod answer;
mod plan;
mod progress;
mod rows;
mod start;
mod words;

use std::collections::BTreeSet;

use crate::app::core::shootout::ShootoutChoice;
use crate::app::core::state::State;
use crate::shootout::{ShootoutCost, ShootoutMetric, ShootoutReport};
pub use answer::AnswerView;
pub use progress::ProgressView;
pub use rows::{NetworkRow, RowState, Standing};
pub use start::StartView;
pub use words::{cost_text, points};

/// The whole page.
#[derive(Debug, Clone, PartialEq)]
pub struct ShootoutView {
    pub choice: ShootoutChoice,
    /// By what the networks that are shown were ranked.
    pub metric: ShootoutMetric,
    pub answer: Option<AnswerView>,
    /// Ranked, then those that are under way, that are chosen, and all others.
    pub rows: Vec<NetworkRow>,
    pub start: StartView,
    pub progress: ProgressView,
    /// For each cost, the networks that no other is both as cheap as and better than, by their entry, cheapest first.
    pub frontiers: [Vec<usize>; 4],
    /// What a person should know of what was found.
    pub remarks: Vec<String>,
}

impl ShootoutView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        state.active_document()?;
        let shootout = &state.shootout;
        let report = shootout.report().map(|report| &**report);
        let plan = plan::planned(state, report);
        let rows = rows::Rows::new(state, report, plan.as_ref().ok()).build();
        let metric = report.map_or(shootout.choice.metric, |report| report.metric);
        let progress = progress::progress(shootout, report, &rows);
        Some(Self {
            choice: shootout.choice.clone(),
            metric,
            answer: report.and_then(answer::answer),
            start: start::start(state, report, &rows, plan, &progress),
            progress,
            frontiers: ShootoutCost::ALL
                .map(|cost| report.map_or_else(Vec::new, |report| report.frontier(cost))),
            remarks: report.map_or_else(Vec::new, |report| report.remarks.clone()),
            rows,
        })
    }

    /// Networks that are chosen now.
    pub fn chosen(&self) -> BTreeSet<String> {
        let chosen = self.rows.iter().filter(|row| row.is_chosen);
        chosen.map(|row| row.network.clone()).collect()
    }
}

/// Whether a process works on it, of this window or not.
fn is_worked_on(report: &ShootoutReport) -> bool {
    !report.is_done()
}
