//! What the window knows of the features on disk.

use std::sync::Arc;

use crate::training::cache_coverage::CacheCoverage;
use crate::training::features::store::Usage;

/// Plain data behind the cache's section and the forecast.
#[derive(Debug, Clone, Default)]
pub struct FeatureCacheState {
    pub usage: Option<Usage>,
    /// Files removed, and of how many, while the cache is being cleared.
    pub clearing: Option<(usize, usize)>,
    /// What of the active experiment is kept; nothing while that is not known.
    pub cache_coverage: Option<Arc<CacheCoverage>>,
    /// Why the last request failed.
    pub problem: Option<String>,
}
