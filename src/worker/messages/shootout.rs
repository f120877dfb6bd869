//! What is asked and told about the shoot-out of networks: how it stands, the process that computes it, and weights that are
//! downloaded for it.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Answer, Failure, ProcessEnd};
use crate::experiment::Experiment;
use crate::models::weights::DownloadProgress;
use crate::shootout::{ShootoutMetric, ShootoutReport};

/// To the threads of the shoot-out.
#[derive(Debug, Clone)]
pub enum ShootoutQuestion {
    /// How the shoot-out in a folder stands. The newest question is answered.
    Read { out: PathBuf },
    /// Computes what is missing, in a process of its own; answered when that has ended.
    Run(Box<ShootoutProcess>),
    /// Asks that process to end. Nobody answers.
    EndRun,
    /// Downloads a network's weights. Networks wait for each other.
    Download {
        /// As the shoot-out calls it: `resnet50`, `resnet50:IMAGENET1K_V1`.
        network: String,
    },
    /// Ends the downloads, under way or waiting. Nobody answers.
    StopDownloads,
}

/// A process of this program that compares networks.
#[derive(Debug, Clone, PartialEq)]
pub struct ShootoutProcess {
    /// Its pictures, split and seed count. Written beside the results, with absolute paths.
    pub experiment: Experiment,
    /// Where the results go.
    pub out: PathBuf,
    /// In the order in which they are to be computed, as the shoot-out calls them.
    pub networks: Vec<String>,
    pub metric: ShootoutMetric,
    pub folds: u32,
    /// Nothing without a limit.
    pub budget_seconds: Option<f64>,
    /// “cpu”, “cuda:0”; `None` for the best there is.
    pub device: Option<String>,
    /// Whether weights that are missing are downloaded.
    pub downloads: bool,
}

impl ShootoutQuestion {
    /// As [`Question::unanswered`](super::Question::unanswered).
    pub(super) fn unanswered(self, failure: Failure) -> Vec<Answer> {
        let answer = match self {
            Self::EndRun | Self::StopDownloads => return Vec::new(),
            Self::Read { out } => ShootoutAnswer::Read {
                out,
                result: Err(failure),
            },
            Self::Run(process) => ShootoutAnswer::Ended {
                out: process.out,
                result: Err(failure),
            },
            Self::Download { network } => ShootoutAnswer::Downloaded {
                network,
                result: Err(failure),
            },
        };
        vec![Answer::Shootout(answer)]
    }

    /// Whether nobody needs the answer to `older`, which waits still, once this one is asked.
    pub(super) fn supersedes(&self, older: &Self) -> bool {
        matches!((older, self), (Self::Read { .. }, Self::Read { .. }))
    }
}

/// From the threads of the shoot-out.
#[derive(Debug, Clone)]
pub enum ShootoutAnswer {
    /// Nothing where no network has been computed there yet.
    Read {
        out: PathBuf,
        result: Result<Option<Arc<ShootoutReport>>, Failure>,
    },
    /// The process has ended.
    Ended {
        out: PathBuf,
        result: Result<ProcessEnd, Failure>,
    },
    Downloading {
        network: String,
        progress: DownloadProgress,
    },
    Downloaded {
        network: String,
        result: Result<(), Failure>,
    },
}
