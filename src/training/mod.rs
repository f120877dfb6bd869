//! The trainer as a library: an experiment and its pictures in, events and a trained network out.

// A run: what it is given, what it reports, what it leaves.
mod control;
mod error;
pub mod events;
mod outcome;
mod phase_summary;
mod request;
pub mod resume;
mod trainer;

// The hot path: from a picture to a batch, through the network, to a step.
mod augmented;
mod micro_batch;
mod mixing;
mod network;
mod out_of_memory;
mod phase_plan;
mod pictures;
mod prefetch;
mod preprocessing;
mod reading;
mod sample;
mod sample_pass;
mod stages;

pub mod averaging;
pub mod features;
pub mod logistic;
pub mod loss;
mod loss_scale;
pub mod metrics;
pub mod monitor;
pub mod movement;
pub mod optimizer;
mod precision;
mod probabilities;
pub mod schedule;
pub mod snapshot;

// Finished runs and pre-trained networks, used.
mod answering;
pub mod explain;
pub mod inference;
pub mod novelty;
mod plain;
pub mod pretrained;

// What a run will take, and what its curves say.
pub mod cache_coverage;
pub mod diagnosis;
pub mod estimate;
pub mod learning_curve;
pub mod rate_finder;
pub mod time_estimate;

mod cores;
mod forecast;
mod reporter;
mod seeds;
mod shard_coverage;
pub mod shards;

#[cfg(test)]
mod golden;

/// For `runs` and `figures`, which use no models.
pub use crate::models::{catalogue::title as backbone_title, freeze::Totals as ParameterTotals};
pub use answering::NetworkOutput;
pub use control::PauseFlag;
pub use cores::{leave_cores, most_threads, set_most_threads};
pub use error::TrainingError;
pub use events::{EpochMetrics, TrainingEvent, TrainingListener};
pub use outcome::Outcome;
pub use phase_plan::rate_factors;
pub use phase_summary::PhaseSummary;
pub use precision::is_mixed_here;
pub use precision::of_run::{FrozenPrecision, Use};
pub use preprocessing::preparation;
pub use probabilities::metrics_of;
pub use request::TrainingRequest;
pub use resume::ResumePoint;
pub use sample::test_views;
pub use shard_coverage::ShardCoverage;
pub use trainer::{
    ComputedShard, PooledFeatures, PooledRows, compute_shard, find_rate, pooled_rows, train,
};
