//! The trainer, whole, on small synthetic pictures and random backbones.

mod behaviour;
mod caching;
mod card_steps;
mod cuda;
mod disk_cache;
mod fixture;
mod frozen;
mod mixed;
mod resuming;
mod shards;
mod shortage;
mod stopping;
