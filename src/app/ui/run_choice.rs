//! The runs that a view of one run lets choose.

use std::path::PathBuf;

use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RunRecord, State};

/// A run that can be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChoice {
    pub id: String,
    pub name: String,
    /// Index into the run colours.
    pub color: usize,
    pub folder: PathBuf,
}

impl RunChoice {
    /// Those that `fit`, newest last, as the state lists them.
    pub fn of(state: &State, fits: impl Fn(&RunRecord) -> bool) -> Vec<Self> {
        let runs = state.runs.iter().filter(|run| fits(run));
        runs.filter_map(|run| {
            Some(Self {
                id: run.id.clone(),
                name: told_apart(run, state),
                color: run.color,
                folder: run.folder.clone()?,
            })
        })
        .collect()
    }
}
