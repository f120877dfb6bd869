//! A shoot-out: which pre-trained network serves these pictures best, before anything is trained.
//!
//! Every network sees the training and validation pictures once, frozen, and linear heads on its pooled features are judged on
//! pictures that they have not seen, fold by fold ([`run()`]). The features are those that a run with a frozen backbone takes, so
//! that such a run, and a second shoot-out, begin with them. Test pictures are not looked at.
//!
//! Results are kept as they are found, each named by all that it depends on, so that it does not matter how often a shoot-out is
//! interrupted.

mod compare;
mod cost;
mod error;
mod folder;
mod heads;
mod listener;
mod pictures;
mod plan;
mod report;
mod run;
mod table;
mod take;

#[cfg(test)]
pub mod fakes;
#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod tests;

pub use cost::ShootoutCost;
pub use error::ShootoutError;
pub use folder::{default_out, read};
pub use listener::{ShootoutEvent, ShootoutListener};
pub use plan::{PlanInput, ShootoutPlan, plan};
pub use report::{
    ComparisonToBest, EntryOutcome, EntryState, ShootoutEntry, ShootoutMetric, ShootoutReport,
    ShootoutState,
};
pub use run::{FOLDS, ShootoutRequest, budget_text, run};
pub use table::csv;
pub use take::take;
