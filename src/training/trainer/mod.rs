//! Carries out an experiment: [`run`] from the request to the outcome, [`prepare`] up to the first epoch, [`phase`] from
//! epoch to epoch, [`epoch`] from batch to batch.

mod announce;
mod batches;
mod best_checkpoint;
mod check;
mod environment;
mod epoch;
mod evaluate;
mod fitting;
mod members;
mod missing_memory;
mod open_disk;
mod phase;
mod precompute;
mod prepare;
mod reference;
mod resume;
mod run;
mod session;
mod shard;
mod statistics;
mod test;
mod workload;

#[cfg(test)]
mod tests;

pub use run::train;
pub use shard::{ComputedShard, compute_shard};
