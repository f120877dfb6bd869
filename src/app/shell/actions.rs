//! Every command without parameters in one table: text, explanation, icon, shortcut. The palette,
//! the shortcuts, the menus and the tooltips all read it.

use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};

use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::core::view_id::ViewId;
use crate::app::features;
use crate::app::ui::tokens::icon;
use crate::app::ui::view::View;

/// Something that a person can do by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    OpenPictures,
    OpenTable,
    OpenPreset,
    Save,
    SaveAs,
    Reset,
    Undo,
    Redo,
    NewExperiment,
    DuplicateExperiment,
    CloseExperiment,
    ChooseWeights,
    Train,
    TrainActive,
    CompareBothWays,
    Pause,
    StopAll,
    Rescan,
    RefreshRuns,
    ChooseRunsFolder,
    RestoreRuns,
    ExportFigures,
    Show(&'static dyn View),
    Palette,
    ToggleTheme,
    ResetArrangement,
    ClearLog,
    Quit,
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

impl Action {
    /// Those that stand before the views.
    const OF_EXPERIMENTS: [Self; 22] = [
        Self::OpenPictures,
        Self::OpenTable,
        Self::OpenPreset,
        Self::Save,
        Self::SaveAs,
        Self::Reset,
        Self::Undo,
        Self::Redo,
        Self::NewExperiment,
        Self::DuplicateExperiment,
        Self::CloseExperiment,
        Self::ChooseWeights,
        Self::Train,
        Self::TrainActive,
        Self::CompareBothWays,
        Self::Pause,
        Self::StopAll,
        Self::Rescan,
        Self::RefreshRuns,
        Self::ChooseRunsFolder,
        Self::RestoreRuns,
        Self::ExportFigures,
    ];

    /// Those that stand after the views.
    const OF_WINDOW: [Self; 5] = [
        Self::Palette,
        Self::ToggleTheme,
        Self::ResetArrangement,
        Self::ClearLog,
        Self::Quit,
    ];

    /// In the order of the palette.
    pub fn all() -> impl Iterator<Item = Self> {
        let views = features::VIEWS.iter().copied().map(Self::Show);
        (Self::OF_EXPERIMENTS.into_iter())
            .chain(views)
            .chain(Self::OF_WINDOW)
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::OpenPictures => "Open pictures…",
            Self::OpenTable => "Open a table of pictures…",
            Self::OpenPreset => "Open preset…",
            Self::Save => "Save",
            Self::SaveAs => "Save as…",
            Self::Reset => "Reset to saved",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::NewExperiment => "New experiment",
            Self::DuplicateExperiment => "Duplicate experiment",
            Self::CloseExperiment => "Close experiment",
            Self::ChooseWeights => "Choose a weight file…",
            Self::Train => "Train the ticked experiments",
            Self::TrainActive => "Train this experiment alone",
            Self::CompareBothWays => "Compare both ways",
            Self::Pause => "Pause or go on",
            Self::StopAll => "Stop all training",
            Self::Rescan => "Scan the pictures again",
            Self::RefreshRuns => "Refresh the list of runs",
            Self::ChooseRunsFolder => "Choose the folder of runs…",
            Self::RestoreRuns => "Put back runs from the trash",
            Self::ExportFigures => "Export figures and report…",
            Self::Show(view) => view.info().action,
            Self::Palette => "Find a command…",
            Self::ToggleTheme => "Switch between dark and light",
            Self::ResetArrangement => "Reset the arrangement of views",
            Self::ClearLog => "Clear the log",
            Self::Quit => "Quit",
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Self::OpenPictures => "Choose a folder that holds one folder of pictures per class",
            Self::OpenTable => "Choose a table (.csv, .tsv, .txt) of picture paths and labels",
            Self::OpenPreset => "Load an experiment from a preset file",
            Self::Save => "Write this experiment to its preset file",
            Self::SaveAs => "Write this experiment to another preset file",
            Self::Reset => "Take back every change since this experiment was saved or loaded",
            Self::Undo => "Take back the last change of this experiment",
            Self::Redo => "Make the change again that was taken back",
            Self::NewExperiment => "Add an experiment with the defaults, on the same pictures",
            Self::DuplicateExperiment => {
                "Add a copy of this experiment, to change one thing and compare"
            }
            Self::CloseExperiment => "Close this experiment; its runs stay",
            Self::ChooseWeights => {
                "Take the backbone's weights from a .safetensors, .pth, .pt or .bin file"
            }
            Self::Train => "Train every ticked experiment, one after the other",
            Self::TrainActive => "Train the experiment that is shown, whatever is ticked",
            Self::CompareBothWays => {
                "Train feature extraction and fine-tuning on these pictures, one after the other"
            }
            Self::Pause => "Hold training between two batches, or let it go on",
            Self::StopAll => {
                "Stop the training within one batch and empty the queue; what was learned is kept"
            }
            Self::Rescan => "Look for pictures again, after files have changed",
            Self::RefreshRuns => "Read the folder of runs again",
            Self::ChooseRunsFolder => "List runs from another folder, and make new ones there",
            Self::RestoreRuns => "Put the runs back that were moved to the trash last",
            Self::ExportFigures => "Write figures, report and tables of the shown runs",
            Self::Show(view) => view.info().tooltip,
            Self::Palette => "Find any command by its name",
            Self::ToggleTheme => "Change the colours of the window; training is not affected",
            Self::ResetArrangement => {
                "Put the views of the middle back to where they were at first"
            }
            Self::ClearLog => "Empty the log view; log files of runs stay",
            Self::Quit => "Close Graft; asks first while something is training or unsaved",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            Self::OpenPictures => icon::IMAGES,
            Self::OpenTable => icon::TABLE,
            Self::OpenPreset => icon::FOLDER_OPEN,
            Self::Save | Self::SaveAs => icon::FLOPPY_DISK,
            Self::Reset => icon::CLOCK_COUNTER_CLOCKWISE,
            Self::Undo => icon::ARROW_U_UP_LEFT,
            Self::Redo => icon::ARROW_U_UP_RIGHT,
            Self::NewExperiment => icon::FILE_PLUS,
            Self::DuplicateExperiment => icon::COPY,
            Self::CloseExperiment => icon::X,
            Self::ChooseWeights => icon::FILE_ARROW_DOWN,
            Self::Train | Self::TrainActive => icon::PLAY,
            Self::CompareBothWays => icon::GIT_DIFF,
            Self::Pause => icon::PAUSE,
            Self::StopAll => icon::STOP,
            Self::Rescan | Self::RefreshRuns => icon::ARROWS_CLOCKWISE,
            Self::ChooseRunsFolder => icon::FOLDER,
            Self::RestoreRuns => icon::TRASH,
            Self::ExportFigures => icon::EXPORT,
            Self::Show(view) => view.info().icon,
            Self::Palette => icon::COMMAND,
            Self::ToggleTheme => icon::CIRCLE_HALF,
            Self::ResetArrangement => icon::LAYOUT,
            Self::ClearLog => icon::ERASER,
            Self::Quit => icon::SIGN_OUT,
        }
    }

    /// The first is the one that menus and tooltips show.
    pub fn shortcuts(self) -> Vec<KeyboardShortcut> {
        let key = |modifiers, key| vec![KeyboardShortcut::new(modifiers, key)];
        match self {
            Self::OpenPictures => key(CTRL, Key::O),
            Self::OpenTable => key(CTRL_SHIFT, Key::O),
            Self::OpenPreset => key(CTRL, Key::P),
            Self::Save => key(CTRL, Key::S),
            Self::SaveAs => key(CTRL_SHIFT, Key::S),
            Self::Undo => key(CTRL, Key::Z),
            Self::Redo => {
                vec![
                    KeyboardShortcut::new(CTRL_SHIFT, Key::Z),
                    KeyboardShortcut::new(CTRL, Key::Y),
                ]
            }
            Self::NewExperiment => key(CTRL, Key::N),
            Self::DuplicateExperiment => key(CTRL, Key::D),
            Self::CloseExperiment => key(CTRL, Key::W),
            Self::Train => key(CTRL, Key::Enter),
            Self::TrainActive => key(CTRL_SHIFT, Key::Enter),
            Self::CompareBothWays => key(CTRL, Key::B),
            Self::Pause => key(CTRL_SHIFT, Key::P),
            Self::StopAll => key(CTRL, Key::Period),
            Self::Rescan => key(Modifiers::NONE, Key::F5),
            Self::ExportFigures => key(CTRL, Key::E),
            Self::Show(view) => {
                let keys = [
                    Key::Num1,
                    Key::Num2,
                    Key::Num3,
                    Key::Num4,
                    Key::Num5,
                    Key::Num6,
                    Key::Num7,
                    Key::Num8,
                    Key::Num9,
                    Key::Num0,
                ];
                // It came later, and the others keep their numbers.
                let is_numbered = |view: &&&dyn View| view.info().id != ViewId::RUNS;
                if view.info().id == ViewId::RUNS {
                    return key(CTRL, Key::R);
                }
                (features::VIEWS.iter().filter(is_numbered).zip(keys))
                    .filter(|(other, _)| **other == view)
                    .flat_map(|(_, k)| key(CTRL, k))
                    .collect()
            }
            Self::Palette => key(CTRL, Key::K),
            Self::ToggleTheme => key(CTRL, Key::T),
            Self::Quit => key(CTRL, Key::Q),
            Self::Reset
            | Self::ChooseWeights
            | Self::RefreshRuns
            | Self::ChooseRunsFolder
            | Self::RestoreRuns
            | Self::ResetArrangement
            | Self::ClearLog => Vec::new(),
        }
    }

    /// The tooltip with the shortcut, for a control that does this.
    pub fn hint(self, ctx: &egui::Context) -> String {
        match self.shortcuts().first() {
            Some(shortcut) => format!("{} ({})", self.tooltip(), ctx.format_shortcut(shortcut)),
            None => self.tooltip().to_owned(),
        }
    }

    pub fn command(self, state: &State) -> Command {
        match self {
            Self::OpenPictures => Command::OpenPicturesDialog,
            Self::OpenTable => Command::OpenTableDialog,
            Self::OpenPreset => Command::OpenPresetDialog,
            Self::Save => Command::Save,
            Self::SaveAs => Command::SaveAsDialog,
            Self::Reset => Command::Reset,
            Self::Undo => Command::Undo,
            Self::Redo => Command::Redo,
            Self::NewExperiment => Command::NewExperiment,
            Self::DuplicateExperiment => Command::DuplicateExperiment,
            Self::CloseExperiment => Command::CloseActive,
            Self::ChooseWeights => Command::WeightsDialog,
            Self::Train => Command::Train,
            Self::TrainActive => Command::TrainActive,
            Self::CompareBothWays => Command::CompareBothWays,
            Self::Pause => Command::Pause(!state.paused),
            Self::StopAll => Command::StopAll,
            Self::Rescan => Command::Rescan,
            Self::RefreshRuns => Command::RefreshRuns,
            Self::ChooseRunsFolder => Command::ChooseRunsFolder,
            Self::RestoreRuns => Command::RestoreRuns(state.trashed.clone()),
            Self::ExportFigures => Command::ExportFiguresDialog,
            Self::Show(view) => Command::ShowView(view.info().id),
            Self::Palette => Command::TogglePalette,
            Self::ToggleTheme => Command::ToggleTheme,
            Self::ResetArrangement => Command::ResetArrangement,
            Self::ClearLog => Command::ClearLog,
            Self::Quit => Command::Quit,
        }
    }

    /// Whether it would do anything now.
    pub fn is_enabled(self, state: &State) -> bool {
        let document = state.active_document();
        match self {
            Self::Save
            | Self::SaveAs
            | Self::DuplicateExperiment
            | Self::CloseExperiment
            | Self::ChooseWeights => document.is_some(),
            Self::Reset => document.is_some_and(crate::app::core::state::Document::is_changed),
            Self::Undo => document.is_some_and(|document| !document.undo.is_empty()),
            Self::Redo => document.is_some_and(|document| !document.redo.is_empty()),
            Self::Train => state.documents.iter().any(|document| document.included),
            Self::TrainActive | Self::CompareBothWays | Self::Rescan => state.has_pictures(),
            Self::Pause | Self::StopAll => state.is_training(),
            Self::RestoreRuns => !state.trashed.is_empty(),
            Self::ExportFigures => state
                .runs
                .iter()
                .any(|run| run.shown && run.folder.is_some()),
            _ => true,
        }
    }
}

/// The actions whose shortcut was pressed. Longer combinations first, so that Ctrl+Shift+S is not taken for Ctrl+S.
pub fn pressed(ctx: &egui::Context) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let mut keys: Vec<(Action, KeyboardShortcut)> = Action::all()
        .flat_map(|action| {
            action
                .shortcuts()
                .into_iter()
                .map(move |keys| (action, keys))
        })
        .collect();
    keys.sort_by_key(|(_, shortcut)| !shortcut.modifiers.shift);
    ctx.input_mut(|input| {
        keys.into_iter()
            // A text field has its own undo.
            .filter(|(action, _)| !(typing && matches!(action, Action::Undo | Action::Redo)))
            .filter(|(_, shortcut)| input.consume_shortcut(shortcut))
            .map(|(action, _)| action)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_a_shortcut_or_a_name() {
        let mut shortcuts = Vec::new();
        let mut names = Vec::new();
        for action in Action::all() {
            assert!(!names.contains(&action.text()), "{}", action.text());
            names.push(action.text());
            assert!(
                !action.tooltip().is_empty() && !action.tooltip().ends_with('.'),
                "{}",
                action.tooltip()
            );
            for shortcut in action.shortcuts() {
                assert!(!shortcuts.contains(&shortcut), "{action:?}: {shortcut:?}");
                shortcuts.push(shortcut);
            }
        }
    }
}
