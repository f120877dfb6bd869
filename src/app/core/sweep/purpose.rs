//! What files and folders are asked for.

use std::path::PathBuf;

use super::action::SweepAction;
use crate::app::core::sources;
use crate::sweep::ENDING;

/// What a file or folder of a sweep is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweepPurpose {
    Open,
    Save,
    Base,
    Data { is_table: bool },
    Out,
    Export,
}

impl SweepPurpose {
    pub fn title(&self) -> &'static str {
        match self {
            Self::Open => "Open a sweep",
            Self::Save => "Save the sweep",
            Self::Base => "Choose the preset that a sweep starts from",
            Self::Data { is_table: false } => "Choose a folder of pictures for the sweep",
            Self::Data { is_table: true } => "Choose a table of pictures for the sweep",
            Self::Out => "Choose a folder for the sweep's runs",
            Self::Export => "Choose a folder for the sweep's report",
        }
    }

    pub fn verb(&self) -> &'static str {
        match self {
            Self::Save => "Save",
            _ if self.picks_folder() => "Choose this folder",
            _ => "Open",
        }
    }

    pub fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Open | Self::Save | Self::Base => &["ron"],
            Self::Data { .. } => &sources::TABLES,
            Self::Out | Self::Export => &[],
        }
    }

    /// What the desktop calls such files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Open | Self::Save => "Sweeps",
            Self::Data { .. } => "Tables",
            _ => "Presets",
        }
    }

    pub fn picks_folder(&self) -> bool {
        matches!(
            self,
            Self::Data { is_table: false } | Self::Out | Self::Export
        )
    }

    /// Whether something is written to what is chosen.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Save | Self::Out | Self::Export)
    }

    /// Nothing where no path was chosen.
    pub fn action(&self, mut paths: Vec<PathBuf>) -> Option<SweepAction> {
        if paths.is_empty() {
            return None;
        }
        let path = paths.swap_remove(0);
        Some(match self {
            Self::Open => SweepAction::Open(path),
            Self::Save => SweepAction::SaveAs(path),
            // A sweep that was taken for a preset is opened all the same.
            Self::Base if path.to_string_lossy().ends_with(ENDING) => SweepAction::Open(path),
            Self::Base => SweepAction::UseBase(path),
            Self::Data { .. } => SweepAction::UseData(Some(path)),
            Self::Out => SweepAction::UseOut(Some(path)),
            Self::Export => SweepAction::Export(path),
        })
    }
}
