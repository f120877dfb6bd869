//! The threads behind the window: one trains; the assistant answers short questions (scans,
//! thumbnails, layer trees, previews, run lists). Commands in, events out, over bounded channels.

pub mod assistant;
#[cfg(test)]
mod assistant_tests;
mod evaluations;
mod features;
mod gallery;
mod lane;
pub mod messages;
mod networks;
mod pending;
mod prediction;
mod run;
mod sweep;
pub mod trainer;
