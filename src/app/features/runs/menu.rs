//! What can be done with a run: the menu of its row, and the keys that do the same.

use std::path::PathBuf;

use eframe::egui::{self, Key};

use super::RunRow;
use super::editing::Editing;
use crate::app::core::command::{Command, RunText};
use crate::app::core::state::RecordState;
use crate::app::core::view_id::ViewId;
use crate::app::ui::tokens::icon;
use crate::runs::annotations::Change;

/// Something that can be done with one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MenuAction {
    Open,
    Show,
    Evaluate,
    Compare,
    Resume,
    Refit,
    Pause,
    Stop,
    Rename,
    Tags,
    Note,
    Pin,
    Archive,
    ExportNetwork,
    UseExperiment,
    OpenFolder,
    Unlist,
    Trash,
}

/// In the order of the menu; what stands together is about the same.
pub(super) const MENU: [&[MenuAction]; 4] = [
    &[
        MenuAction::Open,
        MenuAction::Show,
        MenuAction::Evaluate,
        MenuAction::Compare,
        MenuAction::Resume,
        MenuAction::Refit,
        MenuAction::Pause,
        MenuAction::Stop,
    ],
    &[
        MenuAction::Rename,
        MenuAction::Tags,
        MenuAction::Note,
        MenuAction::Pin,
        MenuAction::Archive,
    ],
    &[
        MenuAction::ExportNetwork,
        MenuAction::UseExperiment,
        MenuAction::OpenFolder,
    ],
    &[MenuAction::Unlist, MenuAction::Trash],
];

impl MenuAction {
    /// Icon, text, explanation and key.
    pub(super) fn words(
        self,
        row: &RunRow,
    ) -> (&'static str, &'static str, &'static str, Option<Key>) {
        match self {
            Self::Open => (
                icon::TROPHY,
                "Open",
                "Select this run and show its results, or its curves while it has none",
                Some(Key::Enter),
            ),
            Self::Show if row.shown => (
                icon::EYE_SLASH,
                "Hide",
                "Hide this run in curves and results",
                Some(Key::Space),
            ),
            Self::Show => (
                icon::EYE,
                "Show",
                "Show this run in curves and results",
                Some(Key::Space),
            ),
            Self::Evaluate => (
                icon::TARGET,
                "Evaluate",
                "What this run gets right and wrong: confusion matrix, curves, calibration",
                Some(Key::E),
            ),
            Self::Compare => (
                icon::GIT_DIFF,
                "Add to comparison",
                "Add this run to the comparison",
                Some(Key::C),
            ),
            Self::Resume => (
                icon::PLAY,
                "Resume",
                "Go on from the last epoch that was saved",
                Some(Key::R),
            ),
            Self::Refit => (
                icon::STACK,
                "Train on all folds",
                "Train one more network with the same settings on the pictures of all folds, for use; it takes about as long as one \
                 fold, and the figures of the folds are what is known of it",
                None,
            ),
            Self::Pause if row.paused => (
                icon::PLAY,
                "Go on",
                "Let this run train on; others stay as they are",
                None,
            ),
            Self::Pause => (
                icon::PAUSE,
                "Pause",
                "Hold this run between two batches; others go on",
                None,
            ),
            Self::Stop => (
                icon::STOP,
                "Stop",
                "Stop within one batch; what was trained so far is kept",
                None,
            ),
            Self::Rename => (
                icon::NOTE_PENCIL,
                "Rename",
                "Call this run something else; its number stays",
                Some(Key::F2),
            ),
            Self::Tags => (
                icon::TAG,
                "Tags…",
                "Words that runs are found and filtered by",
                Some(Key::T),
            ),
            Self::Note => (
                icon::FILE_TEXT,
                "Note…",
                "What to remember of this run",
                Some(Key::N),
            ),
            Self::Pin if row.pinned => (
                icon::PUSH_PIN,
                "Unpin",
                "Among the others again",
                Some(Key::P),
            ),
            Self::Pin => (
                icon::PUSH_PIN,
                "Pin",
                "Have this run stand before the others",
                Some(Key::P),
            ),
            Self::Archive if row.archived => (
                icon::ARCHIVE,
                "Take out of the archive",
                "In the list again, whatever is filtered",
                Some(Key::A),
            ),
            Self::Archive => (
                icon::ARCHIVE,
                "Archive",
                "Leave this run out of the list unless archived runs are shown; nothing is deleted",
                Some(Key::A),
            ),
            Self::ExportNetwork => (
                icon::EXPORT,
                "Export the network…",
                "Write this run's network for other programs, with its model card: ONNX, PyTorch, safetensors",
                Some(Key::W),
            ),
            Self::UseExperiment => (
                icon::FILE_PLUS,
                "Open its experiment",
                "Open the exact experiment of this run as a new one",
                Some(Key::X),
            ),
            Self::OpenFolder => (
                icon::FOLDER_OPEN,
                "Show its folder",
                "Preset, split, metrics, weights and predictions of this run, in the file manager",
                Some(Key::F),
            ),
            Self::Unlist => (
                icon::X,
                "Take out of the list",
                "List this run no more, nor others of the folder that was dropped; its folder stays where it is",
                None,
            ),
            Self::Trash => (
                icon::TRASH,
                "Move to trash",
                "Move this run's folder to the system's trash; it can be put back",
                Some(Key::Delete),
            ),
        }
    }

    /// Whether it can be done with this run.
    pub(super) fn applies(self, row: &RunRow) -> bool {
        let has_folder = row.folder.is_some();
        match self {
            Self::Show => true,
            Self::Evaluate | Self::Compare => row.accuracy.is_some(),
            Self::Resume => row.can_resume && has_folder,
            Self::Refit => row.can_refit,
            Self::Pause => row.state == RecordState::Running,
            Self::Stop => row.is_pending(),
            Self::Unlist => row.is_from_elsewhere && !row.is_pending(),
            Self::ExportNetwork | Self::Trash => has_folder && !row.is_pending(),
            _ => has_folder,
        }
    }

    /// What is typed for it, in place.
    pub(super) fn edits(self) -> Option<RunText> {
        match self {
            Self::Rename => Some(RunText::Name),
            Self::Tags => Some(RunText::Tags),
            Self::Note => Some(RunText::Note),
            _ => None,
        }
    }

    /// What does it, where nothing is typed for it.
    pub(super) fn commands(self, row: &RunRow) -> Vec<Command> {
        let id = || row.id.clone();
        let folder =
            |command: fn(PathBuf) -> Command| Vec::from_iter(row.folder.clone().map(command));
        match self {
            Self::Open => folder(Command::OpenRun),
            Self::Show => vec![Command::ShowRun(id(), !row.shown)],
            Self::Evaluate => vec![
                Command::SelectRun(id()),
                Command::ShowView(ViewId::EVALUATION),
            ],
            Self::Compare => vec![Command::AddToComparison(id())],
            Self::Resume => folder(Command::ResumeRun),
            Self::Refit => folder(Command::RefitRun),
            Self::Pause => Vec::from_iter(row.run.map(|run| Command::PauseRun(run, !row.paused))),
            Self::Stop => Vec::from_iter(row.run.map(Command::StopRun)),
            Self::Rename | Self::Tags | Self::Note => Vec::new(),
            Self::Pin => vec![Command::ChangeRuns(
                vec![id()],
                vec![Change::Pin(!row.pinned)],
            )],
            Self::Archive => vec![Command::ChangeRuns(
                vec![id()],
                vec![Change::Archive(!row.archived)],
            )],
            Self::ExportNetwork => vec![Command::ExportNetworkDialog(id())],
            Self::UseExperiment => folder(Command::ExperimentOfRun),
            Self::OpenFolder => folder(Command::OpenFolder),
            Self::Unlist => vec![Command::UnlistRun(id())],
            Self::Trash => vec![Command::TrashRuns(vec![id()])],
        }
    }

    fn push(self, row: &RunRow, editing: &mut Option<Editing>, out: &mut Vec<Command>) {
        match self.edits() {
            Some(what) => *editing = Some(Editing::of(row, what)),
            None => out.extend(self.commands(row)),
        }
    }
}

pub fn menu_ui(
    ui: &mut egui::Ui,
    row: &RunRow,
    editing: &mut Option<Editing>,
    out: &mut Vec<Command>,
) {
    let mut is_first = true;
    for part in MENU {
        let actions: Vec<MenuAction> = part
            .iter()
            .copied()
            .filter(|action| action.applies(row))
            .collect();
        if actions.is_empty() {
            continue;
        }
        if !is_first {
            ui.separator();
        }
        is_first = false;
        for action in actions {
            let (symbol, text, tooltip, key) = action.words(row);
            let mut button = egui::Button::new(format!("{symbol} {text}"));
            if let Some(key) = key {
                button = button.shortcut_text(key.name());
            }
            let response = ui.add(button).on_hover_text(tooltip);
            if response.clicked() {
                action.push(row, editing, out);
                ui.close();
            }
        }
    }
}

/// Does what a key asks for that was pressed on the row; whether one was. Enter and the space bar count as clicks, too.
pub fn keys(
    ui: &egui::Ui,
    row: &RunRow,
    editing: &mut Option<Editing>,
    out: &mut Vec<Command>,
) -> bool {
    for action in MENU.into_iter().flatten() {
        let (.., key) = action.words(row);
        let is_pressed = key
            .is_some_and(|key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key)));
        if is_pressed {
            if action.applies(row) {
                action.push(row, editing, out);
            }
            return true;
        }
    }
    false
}
