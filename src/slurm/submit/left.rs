//! Which cells are left to submit.

use std::collections::HashSet;

use super::{SubmitRequest, Submitted};
use crate::slurm::folder::Folder;
use crate::slurm::jobs::Jobs;
use crate::slurm::parse::TaskId;
use crate::sweep::CellState;

/// Cells whose tasks wait or run, and which of them are cancelled and only save what they have.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    cells: HashSet<String>,
    ending: HashSet<String>,
}

pub(super) fn under_way(jobs: &Jobs, folder: &Folder, alive: &HashSet<&TaskId>) -> UnderWay {
    let mut under_way = UnderWay::default();
    for (id, cells) in jobs.tasks() {
        if !alive.contains(&id) {
            continue;
        }
        let to = match folder.is_cancelled(&id) {
            true => &mut under_way.ending,
            false => &mut under_way.cells,
        };
        to.extend(cells.iter().cloned());
    }
    under_way
}

/// Tasks that wait or run and take whatever cell there is.
pub(super) fn alive_workers(jobs: &Jobs, folder: &Folder, alive: &HashSet<&TaskId>) -> u32 {
    let workers = jobs
        .tasks()
        .filter(|(id, cells)| cells.is_empty() && alive.contains(id) && !folder.is_cancelled(id));
    u32::try_from(workers.count()).unwrap_or(u32::MAX)
}

/// Whether each cell is left to train, and how the others stand.
pub(super) fn left(
    request: &SubmitRequest,
    states: &[CellState],
    under_way: &UnderWay,
) -> (Submitted, Vec<bool>) {
    let mut submitted = Submitted::default();
    let mut open = Vec::with_capacity(states.len());
    for (cell, state) in request.plan.cells.iter().zip(states) {
        let is_open = match state {
            state if state.is_done() => {
                submitted.finished += 1;
                false
            }
            _ if under_way.cells.contains(&cell.name) => {
                submitted.under_way += 1;
                false
            }
            CellState::Failed(_) if !request.again => {
                submitted.failed += 1;
                false
            }
            // By a task that was cancelled: the new one waits until it has saved.
            CellState::Running if !under_way.ending.contains(&cell.name) => {
                submitted.elsewhere += 1;
                false
            }
            _ => true,
        };
        open.push(is_open);
    }
    (submitted, open)
}
