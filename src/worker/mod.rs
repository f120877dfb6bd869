//! The threads behind the window: some train; the assistant answers short questions (scans,
//! thumbnails, layer trees, previews, run lists). Commands in, events out, over bounded channels.

pub mod assistant;
#[cfg(test)]
mod assistant_tests;
mod child_process;
mod evaluations;
mod features;
mod folds;
mod gallery;
mod lane;
pub mod messages;
mod networks;
#[cfg(test)]
mod patience;
mod pending;
mod prediction;
mod run;
pub mod run_process;
mod run_queue;
mod shootout;
mod sweep;
pub mod trainer;
