//! The trainer, whole, on small synthetic pictures and random backbones.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod behaviour;
mod caching;
mod disk_cache;
mod fixture;
mod frozen;
mod resuming;
mod shortage;
