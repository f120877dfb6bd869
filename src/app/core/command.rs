//! Everything that a person can ask the window to do.

use std::path::PathBuf;

use super::gallery::{GalleryAction, GalleryRequests};
use super::learning_curve::LearningCurveAction;
use super::prediction::PredictAction;
use super::rate_finder::RateAction;
use super::settings::SettingChange;
use super::shootout::ShootoutAction;
use super::state::DocumentId;
use super::sweep::SweepAction;
use super::view_id::ViewId;
use crate::app::core::prepared_answers::IntervalsKey;
use crate::data::{PictureSource, Split};
use crate::experiment::Experiment;
use crate::report::{FigureKind, NetworkFormat, NetworkOptions, Options};
use crate::runs::annotations::Change;
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
    /// Opens the dialog with an experiment's name and notes.
    DescribeExperiment(DocumentId),
    /// Opens the experiments that were open when the window was closed.
    ContinueLastSession,
    /// What differs between an experiment as it was drawn and as it was edited, whichever is active by then: one step of
    /// undo. `merge` names the control: consecutive edits of the same control (a dragged slider) are one step.
    Edit {
        document: DocumentId,
        before: Box<Experiment>,
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
    SaveAs(DocumentId, PathBuf),

    // Data
    OpenPicturesDialog,
    /// Asks for a table of paths and labels.
    OpenTableDialog,
    /// A folder or a table: its kind is recognised. For the active experiment.
    OpenPictures(PathBuf),
    /// For the experiment that was active when they were asked for; a new one, if none was.
    OpenPicturesFor(Option<DocumentId>, PathBuf),
    Rescan,
    StopScan,
    WeightsDialog,
    /// Takes an experiment's backbone weights from this file.
    UseWeights(DocumentId, PathBuf),
    /// Pictures whose thumbnails a view shows: those that are missing are made. Send it every frame.
    RequestThumbnails(Vec<usize>),
    /// What the untouched network sees in this picture. Send it every frame, as thumbnails.
    RequestSeen(PictureSource),
    /// Augmented versions of picture `index` under the active experiment, drawn with `seed`. Send it
    /// every frame; the work is done when something changed.
    RequestPreview {
        index: usize,
        seed: u64,
        count: u32,
    },
    /// Something was dropped on the window: its kind is recognised.
    Dropped(PathBuf),

    // Training
    /// Forgets how quick the backbones were on this machine, and measures them again.
    MeasureAgain,
    /// Measures every backbone that has not been measured, now.
    MeasureSpeeds,
    /// Ends measuring until it is asked for again.
    StopMeasuring,
    /// Queues every included experiment, in order.
    Train,
    /// Queues the active experiment alone.
    TrainActive,
    /// Makes the pair (feature extraction, fine-tuning) from the active experiment's data, queues both
    /// under as many seeds as were chosen, and opens the comparison when the last one has ended.
    CompareBothWays,
    /// How many seeds `CompareBothWays` trains each way with.
    CompareSeeds(u32),
    TogglePause,
    /// Hold one run, or let it go on.
    PauseRun(RunId, bool),
    StopRun(RunId),
    StopAll,
    ChooseDevice(Option<String>),

    // Runs
    RefreshRuns,
    /// Selects and shows the run in this folder, with its results, or its curves while it has none.
    OpenRun(PathBuf),
    /// The run that is looked at closely, by its id; the views stay as they are.
    SelectRun(String),
    /// Several runs at once, by their ids: the last is looked at closely. Without any, none is selected.
    SelectRuns(Vec<String>),
    /// Begins to type what is said of a run, by its id, in its row of the list.
    EditRun(String, RunText),
    /// Evaluates a run, by its id, on one part of its pictures; again where that failed.
    EvaluateRun(String, Split),
    /// What is there already is shown, what is not is asked for. Said every frame.
    RequestEvaluation(String, Split),
    /// Intervals under a moved threshold. Said every frame.
    RequestIntervals(IntervalsKey),
    StopEvaluation,
    /// Which part of its pictures the evaluation shows.
    ShowSplit(Split),
    /// Opens a copy of a run's experiment with one of the changes that its diagnosis proposes.
    UseRemedy {
        folder: PathBuf,
        index: usize,
    },
    /// Lays these runs side by side, by their ids, in this order, and shows the comparison.
    CompareRuns(Vec<String>),
    /// Lays a run beside those that are compared already.
    AddToComparison(String),
    /// Whether a run's curves are drawn.
    ShowRun(String, bool),
    /// Whether a column of the table of runs is shown, by its title.
    ShowColumn(String, bool),
    OpenFolder(PathBuf),
    /// Changes what a person says of runs, by their ids: name, note, tags, pinned, archived.
    ChangeRuns(Vec<String>, Vec<Change>),
    /// Moves runs, by their ids, to the system's trash.
    TrashRuns(Vec<String>),
    /// Puts runs back from the trash to these folders; without any, those that were moved there last.
    RestoreRuns(Vec<PathBuf>),
    /// Asks for the folder that runs are listed from and made in.
    ChooseRunsFolder,
    /// Lists runs from this folder and makes new ones there; `None` for the one in Graft's own folder.
    UseRunsFolder(Option<PathBuf>),
    /// Lists a run from elsewhere no more, by its id.
    UnlistRun(String),
    /// Goes on with a run that was interrupted or stopped.
    ResumeRun(PathBuf),
    /// Trains one more network of a cross-validation, on all its folds.
    RefitRun(PathBuf),
    /// Lists a run that stands elsewhere, and shows its curves.
    ListRun(PathBuf),
    /// Opens the exact experiment of a run as a new one.
    ExperimentOfRun(PathBuf),
    /// Opens the dialog that exports figures and the report of the shown runs.
    ExportFiguresDialog,
    /// Asks for the folder that they go to.
    ExportFolderDialog,
    ExportFolder(PathBuf),
    Export {
        folder: PathBuf,
        options: Box<Options>,
        /// Whether it was agreed that they lie among pictures.
        among_pictures: bool,
    },
    StopExport,
    /// Opens the dialog that writes a run's network for other programs, by the run's id.
    ExportNetworkDialog(String),
    /// Asks where it goes; the path that stands there now.
    NetworkFileDialog(NetworkFormat, PathBuf),
    NetworkFile(PathBuf),
    /// Writes the network of the run that the dialog is about.
    ExportNetwork(PathBuf, NetworkOptions),
    StopNetworkExport,
    /// Puts a figure on the clipboard as an image: of the shown runs, of one run by its id, or of
    /// the open experiment.
    CopyFigure {
        kind: FigureKind,
        run: Option<String>,
    },

    // Feature cache
    /// Keeps at most this many bytes of features on disk; what is beyond is removed.
    SetFeatureLimit(u64),
    /// Asks whether all kept features may be removed.
    ClearFeatures,

    // Gallery
    /// Shows the pictures of a run that pass a filter: a click on a cell of a confusion matrix.
    ShowGallery(GalleryFilter),
    /// What the gallery shows and lacks. Send it every frame.
    RequestGallery(Box<GalleryRequests>),
    Gallery(GalleryAction),

    // Predict
    Predict(PredictAction),

    // Shoot-out
    Shootout(ShootoutAction),

    // Learning rate and learning curve
    Rates(RateAction),
    LearningCurve(LearningCurveAction),

    // Sweep
    Sweep(SweepAction),
    /// Asks which run is to answer pictures.
    UseNetworkDialog,
    /// Asks for the folder of a run, or of runs.
    FindRunsDialog,
    /// Lists the runs in a folder beside the others.
    FindRuns(PathBuf),

    // Window
    ShowView(ViewId),
    TogglePalette,
    ShowHelp,
    /// Opens the manual, at a place where one is named.
    ShowManual(Option<ManualPlace>),
    ShowSettings,
    ShowAbout,
    /// Opens the dialog that installs libtorch's CUDA part.
    ShowCudaInstallation,
    InstallCuda,
    StopCudaInstallation,
    ChangeSetting(SettingChange),
    /// Shows or hides a side of the window.
    ToggleSide(Side),
    /// Shows or hides the list of warnings above the run bar.
    ToggleWarnings,
    ClearWarnings,
    CloseActive,
    DescribeActive,
    ToggleTheme,
    ResetArrangement,
    CopyText(String),
    DismissNotice(u64),
    ClearLog,
    Quit,
}

/// What a person says of a run in text of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunText {
    Name,
    Tags,
    Note,
}

/// A place in the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManualPlace {
    /// The page: “04-freeze-layers.md”.
    pub file: &'static str,
    /// Which of its headings, paragraphs, items and tables, counted from its title.
    pub block: usize,
}

/// What stands beside the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Experiment,
    Runs,
}

/// Which predictions the gallery shows; what is absent is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GalleryFilter {
    /// The run's id; the selected run, or the one that the gallery shows, when absent.
    pub run: Option<String>,
    /// By name, as classes may be sorted and left out in a view.
    pub true_class: Option<String>,
    pub predicted_class: Option<String>,
    /// `true` for right ones only, `false` for wrong ones only.
    pub right: Option<bool>,
    /// Of another run, by its id, and whether it is right about them: pictures that changed sides.
    pub against: Option<(String, bool)>,
    pub split: Option<Split>,
}

impl Command {
    /// Whether what a person is typing should be taken over before it is carried out, as a click on its button would
    /// have it.
    pub fn ends_typing(&self) -> bool {
        !matches!(
            self,
            Self::ToggleTheme
                | Self::ChangeSetting(_)
                | Self::ToggleSide(_)
                | Self::ToggleWarnings
                | Self::CopyText(_)
                | Self::DismissNotice(_)
                | Self::TogglePause
        )
    }

    /// Whether it changes an experiment. Such commands are carried out before the others of their frame: a text that
    /// was typed counts for the button that took the focus from it.
    pub fn is_edit(&self) -> bool {
        match self {
            Self::Edit { .. } => true,
            Self::Sweep(action) => action.is_edit(),
            _ => false,
        }
    }

    /// Whether a view says it every frame while it is shown.
    pub fn is_request(&self) -> bool {
        matches!(self, Self::Sweep(action) if action.is_request())
            || matches!(self, Self::Shootout(action) if action.is_request())
            || matches!(
                self,
                Self::RequestThumbnails(_)
                    | Self::RequestPreview { .. }
                    | Self::RequestSeen(_)
                    | Self::RequestGallery(_)
                    | Self::RequestEvaluation(..)
                    | Self::RequestIntervals(_)
            )
    }
}
