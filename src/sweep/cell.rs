//! One cell of a sweep: a setting under one seed, which is one run.

use std::path::PathBuf;

use crate::experiment::Experiment;
use crate::training::EpochMetrics;

/// A setting under one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its folder's name.
    pub name: String,
    /// The value of each of [`super::Plan::fields`], as RON text.
    pub settings: Vec<String>,
    pub seed: u64,
    /// The same for cells that differ in their seed alone, counted from 0.
    pub group: usize,
    /// With paths that hold from anywhere.
    pub experiment: Experiment,
}

/// How a cell stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellState {
    /// Nobody has begun it.
    Missing,
    /// A process works on it.
    Running,
    /// It was stopped, and goes on from there.
    Stopped,
    /// Its process ended without a word; it goes on from its last saved epoch.
    Interrupted,
    /// Successive halving trains it no further, as far as is known now.
    Pruned,
    /// The reason, a whole sentence's part.
    Failed(String),
    Finished,
}

impl CellState {
    /// `finished`, as tables and JSON have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Pruned => "pruned",
            Self::Failed(_) => "failed",
            Self::Finished => "finished",
        }
    }

    /// Whether it needs no more work.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Finished | Self::Pruned)
    }
}

/// How a cell stands, from its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct CellStatus {
    pub state: CellState,
    /// Where its run stands, or will.
    pub folder: PathBuf,
    pub epochs_done: u32,
    /// Of the full schedule.
    pub epochs_planned: u32,
    /// That the strategy wants, as far as is known now.
    pub epochs_wanted: u32,
    /// The goal's metric: of the weights that a finished run has kept, of the best epoch so far of others.
    pub goal: Option<f64>,
    /// The epoch that `goal` is of, counted from 1.
    pub best_epoch: Option<u32>,
    /// Of training, interruptions left out.
    pub seconds: f64,
    /// How often it was begun or gone on with.
    pub tries: u32,
    pub validation_pictures: usize,
    pub metrics: Vec<EpochMetrics>,
}
