//! What a run is given by its caller beside the request.

use std::path::PathBuf;

use crate::memory::MemoryLimit;
use crate::training::features::scratch::ScratchFolder;
use crate::training::network::BuildBackbone;

/// What a run takes from its surroundings; tests give it another.
pub(super) struct Environment<'a> {
    pub build: BuildBackbone<'a>,
    /// Half of it may hold pictures and features.
    pub memory_bytes: u64,
    /// What this process may take in all.
    pub limit: MemoryLimit,
    /// See `Pace`.
    pub rest: u32,
    /// Where features are kept for other runs; `None` keeps nothing.
    pub cache: Option<PathBuf>,
    /// A folder of this machine in front of it; or why it can't be told, a sentence.
    pub scratch: Result<Option<ScratchFolder>, String>,
    /// What reading kept features is taken to cost; infinite keeps every one.
    pub reading_bytes_per_second: f64,
}
