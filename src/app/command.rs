//! Everything that a person can ask the window to do.

use std::path::PathBuf;

use crate::experiment::Experiment;
use crate::worker::messages::RunId;

/// One request. Collected while drawing, carried out between frames.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    // Experiments
    /// A new experiment with the defaults, on the current data.
    NewExperiment,
    /// Copies the active experiment under another name.
    DuplicateExperiment,
    CloseExperiment(usize),
    SelectExperiment(usize),
    /// Whether `Train` includes this experiment.
    IncludeExperiment(usize, bool),
    /// Replaces the active experiment by an edited one: one step of undo. `merge` names the control:
    /// consecutive edits of the same control (a dragged slider) are one step.
    Edit {
        experiment: Box<Experiment>,
        merge: &'static str,
    },
    Undo,
    Redo,
    /// Back to what the preset's file says (or to the defaults, for one without a file).
    Reset,

    // Presets
    OpenPresetDialog,
    OpenPreset(PathBuf),
    /// One of the presets that come with Graft, by file name.
    OpenShippedPreset(&'static str),
    Save,
    SaveAsDialog,
    SaveAs(PathBuf),

    // Data
    OpenPicturesDialog,
    /// Asks for a table of paths and labels.
    OpenTableDialog,
    /// A folder or a table: its kind is recognised.
    OpenPictures(PathBuf),
    Rescan,
    StopScan,
    WeightsDialog,
    /// Takes the active experiment's backbone weights from this file.
    UseWeights(PathBuf),
    /// Pictures whose thumbnails a view shows: those that are missing are made. Send it every frame.
    WantThumbnails(Vec<usize>),
    /// What the untouched network sees in this picture. Send it every frame, as thumbnails.
    WantSeen(usize),
    /// Augmented versions of picture `index` under the active experiment, drawn with `seed`. Send it
    /// every frame; the work is done when something changed.
    WantPreview {
        index: usize,
        seed: u64,
        count: u32,
    },
    /// Something was dropped on the window: its kind is recognised.
    Dropped(PathBuf),

    // Training
    /// Queues every included experiment, in order.
    Train,
    /// Queues the active experiment alone.
    TrainActive,
    /// Makes the pair (feature extraction, fine-tuning) from the active experiment's data and queues both.
    CompareBothWays,
    Pause(bool),
    StopRun(RunId),
    StopAll,
    ChooseDevice(Option<String>),

    // Runs
    RefreshRuns,
    OpenRun(PathBuf),
    /// The run that the results view looks at closely, by its id.
    SelectRun(String),
    /// Whether a run's curves are drawn.
    ShowRun(String, bool),
    OpenFolder(PathBuf),
    /// Opens the exact experiment of a run as a new one.
    ExperimentOfRun(PathBuf),
    /// Writes the figures of the shown runs into a folder.
    ExportFiguresDialog,
    ExportFigures(PathBuf),

    // Window
    ShowView(View),
    TogglePalette,
    /// Shows or hides the list of warnings above the run bar.
    ToggleWarnings,
    ClearWarnings,
    CloseActive,
    ToggleTheme,
    ResetArrangement,
    CopyText(String),
    DismissNotice(u64),
    ClearLog,
    Quit,
}

/// The views of the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum View {
    Data,
    Layers,
    Augmentation,
    Backbones,
    Curves,
    Results,
    Log,
}

impl View {
    /// In the order of their tabs and of their shortcuts.
    pub const ALL: [Self; 7] = [
        Self::Data,
        Self::Layers,
        Self::Augmentation,
        Self::Backbones,
        Self::Curves,
        Self::Results,
        Self::Log,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Layers => "Layers",
            Self::Augmentation => "Augmentation",
            Self::Backbones => "Backbones",
            Self::Curves => "Curves",
            Self::Results => "Results",
            Self::Log => "Log",
        }
    }

    pub fn icon(self) -> &'static str {
        use super::tokens::icon;
        match self {
            Self::Data => icon::IMAGES,
            Self::Layers => icon::TREE_STRUCTURE,
            Self::Augmentation => icon::MAGIC_WAND,
            Self::Backbones => icon::STACK,
            Self::Curves => icon::CHART_LINE,
            Self::Results => icon::TROPHY,
            Self::Log => icon::SCROLL,
        }
    }
}

impl Command {
    /// Whether a view says it every frame while it is shown.
    pub fn is_want(&self) -> bool {
        matches!(
            self,
            Self::WantThumbnails(_) | Self::WantPreview { .. } | Self::WantSeen(_)
        )
    }
}
