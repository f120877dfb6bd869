//! What is heard of a sweep while its cells are trained.

use super::cell::{Cell, CellState};
use crate::training::TrainingEvent;

/// What happens to a cell.
#[derive(Debug)]
pub enum CellNews<'a> {
    /// Its training begins, or goes on after so many epochs.
    Began {
        resumed_at: Option<u32>,
    },
    Event(&'a TrainingEvent),
    /// This process is done with it for now.
    Ended(&'a CellState),
}

/// Hears of a sweep on the thread that carries it out.
pub trait SweepListener {
    fn cell(&mut self, cell: &Cell, news: CellNews<'_>);

    /// There is nothing to begin at the moment, for this reason; said once until a cell begins.
    fn waiting(&mut self, reason: &str);
}
