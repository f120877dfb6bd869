//! The trainer, whole, on small synthetic pictures and random backbones.

mod behaviour;
mod caching;
mod card_steps;
mod cuda;
mod disk_cache;
mod find_rate;
mod fixture;
mod frozen;
mod licence;
mod mixed;
mod pooled_rows;
mod resuming;
mod shards;
mod shortage;
mod solving;
mod stopping;
