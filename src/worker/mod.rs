//! The threads behind the window: one trains; the assistant answers short questions (scans,
//! thumbnails, layer trees, previews, run lists). Commands in, events out, over bounded channels.

pub mod assistant;
mod evaluations;
mod features;
mod gallery;
pub mod messages;
mod networks;
mod run;
pub mod trainer;
