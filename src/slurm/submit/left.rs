//! Which cells are left to submit.

use std::collections::HashSet;

use super::{SubmitRequest, Submitted};
use crate::slurm::folder::Folder;
use crate::slurm::jobs::Jobs;
use crate::slurm::parse::squeue::Row;
use crate::slurm::status::is_alive;
use crate::sweep::CellState;

/// Cells whose tasks wait or run, and which of them are cancelled and only save what they have.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    cells: HashSet<String>,
    ending: HashSet<String>,
}

pub(super) fn under_way(jobs: &Jobs, folder: &Folder, rows: &[Row]) -> UnderWay {
    let mut under_way = UnderWay::default();
    for (id, cells) in jobs.tasks() {
        let Some(row) = rows.iter().find(|row| row.id == id) else {
            continue;
        };
        if !is_alive(row) {
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
pub(super) fn alive_workers(jobs: &Jobs, folder: &Folder, rows: &[Row]) -> u32 {
    let alive = jobs.tasks().filter(|(id, cells)| {
        cells.is_empty()
            && !folder.is_cancelled(id)
            && rows.iter().any(|row| row.id == *id && is_alive(row))
    });
    u32::try_from(alive.count()).unwrap_or(u32::MAX)
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
            CellState::Finished | CellState::Pruned => {
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
