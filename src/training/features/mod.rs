//! Outputs of the frozen leading part of the network, computed once per picture (or per cached view of it) and kept
//! for all epochs that they hold for, and on disk for all runs that they hold for.
//!
//! | where the rows are | when |
//! | --- | --- |
//! | in a graphics card's memory | it computes, and they fit into it |
//! | in memory | they fit into it |
//! | on disk, read batch by batch | they don't, and reading is quicker than computing |
//! | nowhere: computed in every epoch | neither |

pub mod about;
pub(super) mod cache;
pub(super) mod cache_policy;
pub(super) mod compute;
pub(super) mod disk;
pub(super) mod key;
mod pack;
mod recorder;
pub(super) mod resident;
pub(super) mod room;
mod rows_on_disk;
pub(super) mod scratch;
pub(super) mod selection;
mod shared_disk;
mod shelf;
pub mod store;
mod writer;
