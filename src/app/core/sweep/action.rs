//! What a person asks of sweeps.

use std::path::PathBuf;

use super::document::Draft;
use crate::app::core::view_id::ViewId;
use crate::worker::messages::SlurmOptions;

/// One request about the open sweep, or for another one.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepAction {
    /// A new sweep whose base is the active experiment.
    New,
    OpenDialog,
    Open(PathBuf),
    /// One of the sweeps that come with Graft, by file name.
    OpenShipped(&'static str),
    /// Asks first where it has changes that are not saved.
    Close,
    CloseSurely,
    /// One step of undo. `merge` names the control: consecutive edits of the same control are one step.
    Edit {
        draft: Box<Draft>,
        merge: String,
    },
    Rename(String),
    Undo,
    Redo,
    Save,
    SaveAsDialog,
    SaveAs(PathBuf),
    /// Asks for the preset that everything starts from.
    BaseDialog,
    UseBase(PathBuf),
    /// The active experiment as the base.
    UseActiveAsBase,
    /// A preset that comes with Graft as the base, by its file's name.
    UseShippedBase(&'static str),
    /// Asks for a folder of pictures, or for a table of them.
    DataDialog {
        is_table: bool,
    },
    /// Pictures that are taken instead of the base's; `None` for the base's own.
    UseData(Option<PathBuf>),
    OutDialog,
    UseOut(Option<PathBuf>),
    UseAllCards(bool),
    /// Says that the view is shown. Sent every frame.
    Follow,
    /// Trains what is missing, here; also what has failed, where `again`.
    Start {
        again: bool,
    },
    Stop,
    /// Shows the run of a cell, by its folder, in a view.
    OpenCell {
        folder: PathBuf,
        view: ViewId,
    },
    /// Lists the runs of these cells, and shows their curves.
    ShowCurves(Vec<PathBuf>),
    /// Opens the experiment of a cell, by its index in the plan, as a new one.
    ExperimentOfCell(usize),
    /// Asks whether the setting that is the best one now is to be tested.
    TestBest,
    /// Asks for the folder that tables, figures and a report go to.
    ExportDialog,
    Export(PathBuf),
    Slurm(SlurmAction),
}

/// What a person asks of Slurm.
#[derive(Debug, Clone, PartialEq)]
pub enum SlurmAction {
    /// Opens the dialog.
    Show,
    Close,
    /// The script for these options. Sent every frame while they are looked at.
    Preview(Box<SlurmOptions>),
    /// Submits what is not done; also what has failed, where `again`.
    Submit {
        options: Box<SlurmOptions>,
        again: bool,
    },
    /// Ends tasks, as Slurm calls them, or all.
    Cancel(Option<Vec<String>>),
    /// The end of a task's log.
    ReadLog(String),
}

impl SweepAction {
    /// Whether a view says it every frame while it is shown.
    pub fn is_request(&self) -> bool {
        matches!(self, Self::Follow | Self::Slurm(SlurmAction::Preview(_)))
    }

    /// Whether it changes the sweep's file.
    pub fn is_edit(&self) -> bool {
        matches!(self, Self::Edit { .. })
    }
}
