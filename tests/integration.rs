//! Behaviour at the library's and the command line's edge: one binary, so that libtorch links once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod card_training;
#[cfg(unix)]
mod card_use;
mod circles;
mod cli;
#[cfg(unix)]
mod continuing;
mod explain;
mod export;
mod folders;
mod folds;
#[cfg(target_os = "linux")]
mod fuzz;
mod graphics_cards;
#[cfg(unix)]
mod hostile;
mod learning;
mod logistic;
mod manual;
mod model_card;
mod modules;
mod novelty;
#[cfg(target_os = "linux")]
mod predict;
mod presets;
#[cfg(unix)]
mod resume;
#[cfg(target_os = "linux")]
mod runs;
mod sets;
#[cfg(target_os = "linux")]
mod shards;
#[cfg(unix)]
mod shootout;
mod skipped;
#[cfg(target_os = "linux")]
mod slurm;
mod suspects;
#[cfg(unix)]
mod sweep;
mod tidy;
mod weights;
mod words;
