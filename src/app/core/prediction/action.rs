//! What a person asks of the predictions.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui;

use crate::data::PictureSource;

/// Something that a person asks of the predictions.
#[derive(Debug, Clone, PartialEq)]
pub enum PredictAction {
    /// Answers the pictures that these paths lead to, beside those that are there.
    Paths(Vec<PathBuf>),
    /// Paths, each on a line, as programs copy them.
    PasteText(String),
    /// A picture on the clipboard.
    PasteImage(Arc<egui::ColorImage>),
    /// Asks for files or a folder: see [`PredictPurpose`].
    Dialog(PredictPurpose),
    /// Lets this run answer, by its id; pictures that another one has answered are answered anew.
    UseRun(String),
    /// Ends what is being answered; what is answered stays.
    Stop,
    /// Answers the pictures in this folder, and those that come into it.
    Watch(PathBuf),
    StopWatching,
    /// Forgets all answers.
    Clear,
    /// Writes these answers, or all, to a file.
    Save(Chosen, PathBuf),
    /// Shows what copying them there by class would do.
    Plan(Chosen, PathBuf),
    /// Does what is shown.
    Place,
    /// Ends copying by class, or its undoing, after the picture that is at hand.
    StopPlacing,
    /// Removes what was copied by class into this folder, as far as it stands there as it was copied.
    TakeBack(PathBuf),
}

/// What the predictions ask for files or a folder for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredictPurpose {
    /// Pictures to answer.
    Pictures,
    /// A folder of pictures to answer.
    Folder,
    /// A folder that is watched.
    Watch,
    /// The file that these answers, or all, are saved in.
    Save(Chosen),
    /// The folder that these pictures, or all, are copied into by class.
    Place(Chosen),
}

impl PredictPurpose {
    pub fn title(&self) -> &'static str {
        match self {
            Self::Pictures => "Predict pictures",
            Self::Folder => "Predict a folder of pictures",
            Self::Watch => "Watch a folder for pictures",
            Self::Save(_) => "Save the answers",
            Self::Place(_) => "Copy by class: choose a folder",
        }
    }

    /// What the button that agrees says.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Pictures => "Predict",
            Self::Save(_) => "Save",
            Self::Folder | Self::Watch | Self::Place(_) => "Choose this folder",
        }
    }

    /// What is asked for once it has been chosen; nothing without a path.
    pub fn action(&self, mut paths: Vec<PathBuf>) -> Option<PredictAction> {
        let first = |paths: &mut Vec<PathBuf>| (!paths.is_empty()).then(|| paths.swap_remove(0));
        Some(match self {
            Self::Pictures | Self::Folder if paths.is_empty() => return None,
            Self::Pictures | Self::Folder => PredictAction::Paths(paths),
            Self::Watch => PredictAction::Watch(first(&mut paths)?),
            Self::Save(chosen) => PredictAction::Save(chosen.clone(), first(&mut paths)?),
            Self::Place(chosen) => PredictAction::Plan(chosen.clone(), first(&mut paths)?),
        })
    }
}

/// Answers by their pictures, in an order; all as they came where it is absent.
pub type Chosen = Option<Arc<[PictureSource]>>;
