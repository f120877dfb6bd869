//! A sweep: a base preset and what varies. Its cells are ordinary runs, each in a folder that is named by what varies, so
//! that it does not matter which process on which machine trains them, or how often it was interrupted.
//!
//! ```text
//! OUT/
//!     lr=0.001,batch=16,seed=42/     an ordinary run's folder (see `runs`)
//!     …
//!     .sweep/locks/<cell>            held by the one process that works on the cell
//!     .sweep/features/<key>          held by the one process that computes the features that several cells share
//!     .sweep/failures/<cell>         why a cell could not be carried out, where its run can't say so
//!     .sweep/stop                    asks every process that works on the sweep to stop
//!     .sweep/tested.json             which setting was tested, once one was chosen
//! ```

mod cell;
mod error;
mod features;
mod file;
mod folder;
mod goal;
mod listener;
mod plan;
mod results;
mod run_missing;
mod shipped;
mod stamp;
mod status;
mod stopping;
mod strategy;
mod tested;
mod training;

pub use cell::{Cell, CellState, CellStatus};
pub use error::SweepError;
pub use file::{ENDING, Sweep, Values, Varied};
pub use folder::OWN_FOLDER;
pub use goal::Goal;
pub use listener::{CellNews, SweepListener};
pub use plan::{Plan, base};
pub use results::{Effect, EffectValues, PairEffect, Results, Row};
pub use run_missing::{Report, Request, run_missing};
pub use shipped::shipped;
pub use status::{StatusReader, default_out, seconds_left};
pub use stopping::ask_to_stop;
pub use strategy::Strategy;
pub use tested::{Tested, test, tested};
