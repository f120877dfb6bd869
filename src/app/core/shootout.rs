//! The shoot-out: what of it a person has chosen, what was found for the pictures at hand, and what is being computed.

#[cfg(test)]
pub mod fakes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::models::weights::DownloadProgress;
use crate::shootout::{ShootoutCost, ShootoutMetric, ShootoutReport};

/// What the view of the backbones shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackbonesPage {
    /// What is known of all of them.
    #[default]
    Catalogue,
    /// How good they are on the pictures at hand.
    OnPictures,
}

/// Everything that the window knows of shoot-outs.
#[derive(Debug, Clone, Default)]
pub struct ShootoutState {
    pub page: BackbonesPage,
    pub choice: ShootoutChoice,
    /// What was found last, and in which folder.
    pub found: Option<(PathBuf, Arc<ShootoutReport>)>,
    /// The folder of the pictures at hand, once it was looked into.
    pub out: Option<PathBuf>,
    /// Why that folder could not be read.
    pub unread: Option<String>,
    /// What this window computes.
    pub computing: Computing,
    /// Networks whose weights are being downloaded, or wait for that, with how far they are.
    pub downloads: BTreeMap<String, Option<DownloadProgress>>,
    /// Why weights could not be downloaded.
    pub not_downloaded: BTreeMap<String, String>,
}

/// What a person has chosen of the next shoot-out.
#[derive(Debug, Clone, PartialEq)]
pub struct ShootoutChoice {
    /// Networks as the shoot-out calls them; `None` for those that it proposes.
    pub networks: Option<BTreeSet<String>>,
    pub metric: ShootoutMetric,
    pub folds: u32,
    /// Nothing without a limit.
    pub budget_minutes: Option<u32>,
    /// Whether weights that are missing are downloaded as they are needed.
    pub downloads: bool,
}

/// Folds that can be chosen.
pub const FOLDS: std::ops::RangeInclusive<u32> = 3..=10;

impl ShootoutChoice {
    pub fn budget_seconds(&self) -> Option<f64> {
        self.budget_minutes.map(|minutes| f64::from(minutes) * 60.0)
    }
}

impl Default for ShootoutChoice {
    fn default() -> Self {
        Self {
            networks: None,
            metric: ShootoutMetric::default(),
            folds: 5,
            budget_minutes: Some(10),
            downloads: true,
        }
    }
}

/// The shoot-out that this window has begun.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Computing {
    #[default]
    Idle,
    /// In this folder.
    Running(PathBuf),
    /// Asked to end; what was found is kept.
    Stopping(PathBuf),
    /// It ended by itself, for this reason.
    Failed(PathBuf, String),
}

impl Computing {
    /// The folder of the process that computes.
    pub fn out(&self) -> Option<&Path> {
        match self {
            Self::Running(out) | Self::Stopping(out) => Some(out),
            Self::Idle | Self::Failed(..) => None,
        }
    }
}

impl ShootoutState {
    /// What was found for the pictures at hand.
    pub fn report(&self) -> Option<&Arc<ShootoutReport>> {
        let (out, report) = self.found.as_ref()?;
        (Some(out) == self.out.as_ref()).then_some(report)
    }

    /// Whether this window computes one now.
    pub fn is_live(&self) -> bool {
        self.computing.out().is_some()
    }

    /// Whether that one is of the pictures at hand.
    pub fn is_live_here(&self) -> bool {
        self.out.is_some() && self.computing.out() == self.out.as_deref()
    }
}

/// What a person asks of the shoot-out.
#[derive(Debug, Clone, PartialEq)]
pub enum ShootoutAction {
    /// Shows the view of the backbones with this page.
    Show(BackbonesPage),
    /// Says that the page is shown. Sent every frame.
    Follow,
    Choose(Box<ShootoutChoice>),
    /// Computes these networks, in this order, as far as they are not done.
    Start {
        networks: Vec<String>,
    },
    Stop,
    /// Opens an experiment that starts from a network, by its place in what was found.
    Take(usize),
    /// Downloads a network's weights.
    Download(String),
    StopDownloads,
    /// Copies what was found as CSV.
    Copy,
    /// Asks for the folder that the table and the figure over this cost go to.
    ExportDialog(ShootoutCost),
    Export(ShootoutCost, PathBuf),
}

impl ShootoutAction {
    /// Whether a view says it every frame while it is shown.
    pub fn is_request(&self) -> bool {
        matches!(self, Self::Follow)
    }
}
