//! Carries out an experiment: [`run`] from the request to the outcome, [`prepare`] up to the first epoch, [`phase`] from
//! epoch to epoch, [`epoch`] from batch to batch.

mod announce;
mod batches;
mod best_checkpoint;
mod check;
mod environment;
mod epoch;
mod evaluate;
mod find_rate;
mod fitting;
mod members;
mod missing_memory;
mod open_disk;
mod phase;
mod pooled_rows;
mod precompute;
mod prepare;
mod reference;
mod resume;
mod run;
mod session;
mod shard;
mod solve;
mod statistics;
mod test;
mod workload;

#[cfg(test)]
mod tests;

pub use find_rate::find_rate;
pub use pooled_rows::{PooledFeatures, PooledRows, pooled_rows};
pub use run::train;
pub use shard::{ComputedShard, compute_shard};
