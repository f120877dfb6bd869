//! The keys of actions, and which of them were pressed.

use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};

use super::actions::Action;
use crate::app::core::view_id::ViewId;
use crate::app::features;

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

/// Keys of the views, in their order.
const VIEW_KEYS: [Key; 10] = [
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

impl Action {
    /// The first is the one that menus and tooltips show.
    pub fn shortcuts(self) -> Vec<KeyboardShortcut> {
        let key = |modifiers, key| vec![KeyboardShortcut::new(modifiers, key)];
        let either = |modifiers, keys: [Key; 2]| {
            let shortcut = |key| KeyboardShortcut::new(modifiers, key);
            keys.map(shortcut).to_vec()
        };
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
            Self::DescribeExperiment => key(Modifiers::NONE, Key::F2),
            Self::CloseExperiment => key(CTRL, Key::W),
            Self::Train => key(CTRL, Key::Enter),
            Self::TrainActive => key(CTRL_SHIFT, Key::Enter),
            Self::CompareBothWays => key(CTRL, Key::B),
            Self::Pause => key(CTRL_SHIFT, Key::P),
            Self::StopAll => key(CTRL, Key::Period),
            Self::Rescan => key(Modifiers::NONE, Key::F5),
            Self::ExportFigures => key(CTRL, Key::E),
            // They came later, and the others keep their numbers.
            Self::Show(view) if view.info().id == ViewId::RUNS => key(CTRL, Key::R),
            Self::Show(view) if view.info().id == ViewId::PREDICT => key(CTRL, Key::I),
            Self::Show(view) => (features::VIEWS.iter())
                .filter(|other| ![ViewId::RUNS, ViewId::PREDICT].contains(&other.info().id))
                .zip(VIEW_KEYS)
                .filter(|(other, _)| **other == view)
                .flat_map(|(_, k)| key(CTRL, k))
                .collect(),
            Self::Palette => key(CTRL, Key::K),
            Self::Help => key(Modifiers::NONE, Key::F1),
            Self::Manual => key(Modifiers::SHIFT, Key::F1),
            Self::Settings => key(CTRL, Key::Comma),
            Self::ToggleTheme => key(CTRL, Key::T),
            // On many keyboards, plus is equals with Shift.
            Self::LargerInterface => either(CTRL, [Key::Plus, Key::Equals]),
            Self::SmallerInterface => key(CTRL, Key::Minus),
            Self::UsualInterface => key(CTRL_SHIFT, Key::Num0),
            Self::ToggleExperiment => key(CTRL_SHIFT, Key::E),
            Self::ToggleRuns => key(CTRL_SHIFT, Key::R),
            Self::Quit => key(CTRL, Key::Q),
            Self::Reset
            | Self::ChooseWeights
            | Self::RefreshRuns
            | Self::ChooseRunsFolder
            | Self::RestoreRuns
            | Self::PredictPictures
            | Self::PredictFolder
            | Self::WatchFolder
            | Self::SaveAnswers
            | Self::InstallCuda
            | Self::About
            | Self::ResetArrangement
            | Self::UseNetwork
            | Self::CompareNetworks
            | Self::NewSweep
            | Self::OpenSweep
            | Self::ClearLog => Vec::new(),
        }
    }

    /// The first of its shortcuts in words, empty where there is none.
    pub fn shortcut_text(self, ctx: &egui::Context) -> String {
        let shortcuts = self.shortcuts();
        let first = shortcuts.first();
        first.map_or_else(String::new, |keys| ctx.format_shortcut(keys))
    }

    /// The tooltip with the shortcut, for a control that does this.
    pub fn hint(self, ctx: &egui::Context) -> String {
        match self.shortcut_text(ctx) {
            shortcut if shortcut.is_empty() => self.tooltip().to_owned(),
            shortcut => format!("{} ({shortcut})", self.tooltip()),
        }
    }
}

/// The actions whose shortcut was pressed. Longer combinations first, so that Ctrl+Shift+S is not taken for Ctrl+S.
pub fn pressed(ctx: &egui::Context) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let has_focus = ctx.memory(|memory| memory.focused().is_some());
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
            // In a list it is what has the focus that is renamed.
            .filter(|(action, _)| !(has_focus && *action == Action::DescribeExperiment))
            .filter(|(_, shortcut)| input.consume_shortcut(shortcut))
            .map(|(action, _)| action)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_a_shortcut() {
        let mut shortcuts = Vec::new();
        for action in Action::all() {
            for shortcut in action.shortcuts() {
                assert!(!shortcuts.contains(&shortcut), "{action:?}: {shortcut:?}");
                shortcuts.push(shortcut);
            }
        }
    }
}
