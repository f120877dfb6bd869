//! Graft: a desktop workbench for transfer learning on images.
//!
//! The layers, from the bottom up; each may use only those above it in this list
//! (ARCHITECTURE.md says what else each may use).

pub mod allocator;
mod control_group;
pub mod cores;
mod escapes;
pub mod exit;
pub mod experiment;
pub mod format;
pub mod ordinary_file;
pub mod paths;
mod pickle;
pub mod shown;
mod sorted_metadata;
pub mod spreadsheet;

pub mod libtorch;

pub mod data;
pub mod memory;
pub mod models;

pub mod evaluation;
pub mod training;

pub mod runs;

pub mod analysis;

pub mod prediction;

pub mod sweep;

pub mod slurm;

pub mod shootout;

pub mod export;

pub mod figures;

pub mod report;

pub mod worker;

pub mod app;
pub mod cli;
