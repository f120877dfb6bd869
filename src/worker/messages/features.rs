//! What is asked and told about the features that are kept on disk.

use std::sync::Arc;

use super::Failure;
use crate::training::cache_coverage::{CacheCoverage, CoverageInput};
use crate::training::features::store::Usage;

/// To the thread of the features.
#[derive(Debug, Clone)]
pub enum FeaturesQuestion {
    /// How much is kept, and where.
    Usage,
    /// Keep at most this many bytes from now on.
    SetLimit(u64),
    /// Remove everything.
    Clear,
    /// What an experiment would find. Builds its network; the newest question is answered.
    CacheCoverage {
        /// Comes back with the answer.
        ticket: u64,
        situation: Box<CoverageInput>,
        /// "cpu", "cuda:0", or `None` for the best there is.
        device: Option<String>,
    },
}

impl FeaturesQuestion {
    /// As [`Question::unanswered`](super::Question::unanswered).
    pub(super) fn unanswered(self, failure: Failure) -> FeaturesAnswer {
        match self {
            Self::Usage | Self::SetLimit(_) => FeaturesAnswer::Failed(failure),
            Self::Clear => FeaturesAnswer::Cleared(Err(failure)),
            Self::CacheCoverage { ticket, .. } => FeaturesAnswer::CacheCoverage {
                ticket,
                result: Err(failure),
            },
        }
    }
}

/// From the thread of the features.
#[derive(Debug, Clone)]
pub enum FeaturesAnswer {
    /// Also after everything that changes it.
    Usage(Usage),
    /// Files removed, and of how many.
    Clearing { done: usize, total: usize },
    /// Bytes removed.
    Cleared(Result<u64, Failure>),
    CacheCoverage {
        ticket: u64,
        result: Result<Arc<CacheCoverage>, Failure>,
    },
    /// How much is kept is not known, or the limit could not be set.
    Failed(Failure),
}
