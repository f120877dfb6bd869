//! How far the shoot-out is, in numbers and in a sentence.

use super::is_worked_on;
use super::rows::{NetworkRow, RowState};
use crate::app::core::shootout::{Computing, ShootoutState};
use crate::format;
use crate::shootout::ShootoutReport;

/// How far the shoot-out is.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressView {
    pub computing: Computing,
    /// Whether this window computes for the pictures at hand.
    pub is_live: bool,
    /// Whether this window computes for other pictures.
    pub is_live_elsewhere: bool,
    pub sentence: String,
    /// Networks that are done, under way, failed, and all that are to be compared.
    pub counts: [usize; 4],
    /// Of the budget, 0 to 1.
    pub budget_share: Option<f32>,
    pub problem: Option<String>,
    /// Networks that were left out for the budget.
    pub left_out: usize,
    pub downloading: usize,
}

pub(super) fn progress(
    shootout: &ShootoutState,
    report: Option<&ShootoutReport>,
    rows: &[NetworkRow],
) -> ProgressView {
    let of = |state: RowState| rows.iter().filter(|row| row.state == state).count();
    let done = of(RowState::Done);
    let working = of(RowState::Working);
    let waiting = of(RowState::Waiting);
    let failed = of(RowState::Failed);
    let all = done + working + waiting + failed;
    let is_live = shootout.is_live_here();
    let is_worked_on = report.is_some_and(is_worked_on);
    let mut parts = Vec::new();
    if let Some(report) = report
        && (done > 0 || is_worked_on)
    {
        let networks = format::count(all, "network", "networks");
        parts.push(format!("{done} of {networks} compared"));
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        let used = format::duration(report.used_seconds);
        parts.push(match report.budget_seconds {
            Some(budget) => format!("{used} of {} used", format::remaining(budget)),
            None => format!("{used} used"),
        });
    }
    let now = rows
        .iter()
        .find(|row| row.state == RowState::Working && is_worked_on);
    if let Some(now) = now {
        parts.push(format!("now {}: {}", now.title, now.state_text));
    }
    let problem = match &shootout.computing {
        Computing::Failed(out, reason) if shootout.out.as_ref() == Some(out) => {
            Some(reason.clone())
        }
        _ => shootout.unread.clone(),
    };
    ProgressView {
        computing: shootout.computing.clone(),
        is_live,
        is_live_elsewhere: shootout.is_live() && !is_live,
        sentence: parts.join(", "),
        counts: [done, working, failed, all],
        budget_share: report.and_then(|report| {
            let budget = report.budget_seconds.filter(|budget| *budget > 0.0)?;
            Some((report.used_seconds / budget).clamp(0.0, 1.0) as f32)
        }),
        problem,
        left_out: of(RowState::LeftOut),
        downloading: shootout.downloads.len(),
    }
}
