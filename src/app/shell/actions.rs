//! Every command without parameters in one table: text, explanation, icon, other words for it. The palette, the help, the
//! menus and the tooltips all read it; keys stand in `shortcuts.rs`.

use crate::app::core::command::{Command, Side};
use crate::app::core::prediction::{PredictAction, PredictPurpose, predicting_run};
use crate::app::core::settings::SettingChange;
use crate::app::core::shootout::{BackbonesPage, ShootoutAction};
use crate::app::core::state::State;
use crate::app::core::sweep::{SweepAction, SweepDocument};
use crate::app::core::view_id::ViewId;
use crate::app::features;
use crate::app::features::graphics_card;
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
    DescribeExperiment,
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
    UseNetwork,
    PredictPictures,
    PredictFolder,
    WatchFolder,
    SaveAnswers,
    CompareNetworks,
    NewSweep,
    OpenSweep,
    Show(&'static dyn View),
    Palette,
    Help,
    Manual,
    InstallCuda,
    Settings,
    About,
    ToggleTheme,
    LargerInterface,
    SmallerInterface,
    UsualInterface,
    ToggleExperiment,
    ToggleRuns,
    ResetArrangement,
    ClearLog,
    Quit,
}

/// What is said of an action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActionInfo {
    pub icon: &'static str,
    pub text: &'static str,
    pub tooltip: &'static str,
    /// Other words that people look for it by.
    pub words: &'static str,
}

impl Action {
    /// Those that stand before the views.
    const OF_EXPERIMENTS: [Self; 31] = [
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
        Self::DescribeExperiment,
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
        Self::UseNetwork,
        Self::PredictPictures,
        Self::PredictFolder,
        Self::WatchFolder,
        Self::SaveAnswers,
        Self::CompareNetworks,
        Self::NewSweep,
        Self::OpenSweep,
    ];

    /// Those that stand after the views.
    const OF_WINDOW: [Self; 15] = [
        Self::Palette,
        Self::Help,
        Self::Manual,
        Self::ToggleTheme,
        Self::LargerInterface,
        Self::SmallerInterface,
        Self::UsualInterface,
        Self::Settings,
        Self::InstallCuda,
        Self::About,
        Self::ToggleExperiment,
        Self::ToggleRuns,
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

    pub fn info(self) -> ActionInfo {
        let info = |icon, text, tooltip, words| ActionInfo {
            icon,
            text,
            tooltip,
            words,
        };
        match self {
            Self::OpenPictures => info(
                icon::FOLDER_OPEN,
                "Open pictures…",
                "Choose a folder that holds one folder of pictures per class",
                "import load images photos data set dataset folder directory",
            ),
            Self::OpenTable => info(
                icon::TABLE,
                "Open a table of pictures…",
                "Choose a table (.csv, .tsv, .txt) of picture paths and labels",
                "import load csv spreadsheet labels annotations images",
            ),
            Self::OpenPreset => info(
                icon::FILE_TEXT,
                "Open preset…",
                "Load an experiment from a preset file",
                "load import experiment configuration ron",
            ),
            Self::Save => info(
                icon::FLOPPY_DISK,
                "Save",
                "Write this experiment to its preset file",
                "store write keep preset",
            ),
            Self::SaveAs => info(
                icon::FLOPPY_DISK,
                "Save as…",
                "Write this experiment to another preset file",
                "store write copy preset export",
            ),
            Self::Reset => info(
                icon::ARROW_COUNTER_CLOCKWISE,
                "Reset to saved",
                "Take back every change since this experiment was saved or loaded",
                "revert discard restore changes",
            ),
            Self::Undo => info(
                icon::ARROW_U_UP_LEFT,
                "Undo",
                "Take back the last change of this experiment",
                "back revert",
            ),
            Self::Redo => info(
                icon::ARROW_U_UP_RIGHT,
                "Redo",
                "Make the change again that was taken back",
                "again forward repeat",
            ),
            Self::NewExperiment => info(
                icon::FILE_PLUS,
                "New experiment",
                "Add an experiment with the defaults, on the same pictures",
                "create add",
            ),
            Self::DuplicateExperiment => info(
                icon::FILES,
                "Duplicate experiment",
                "Add a copy of this experiment, to change one thing and compare",
                "copy clone variant",
            ),
            Self::DescribeExperiment => info(
                icon::PENCIL,
                "Name and notes…",
                "Rename this experiment and write down what it is for",
                "rename title description comment remark note",
            ),
            Self::CloseExperiment => info(
                icon::X,
                "Close experiment",
                "Close this experiment; its runs stay",
                "delete remove",
            ),
            Self::ChooseWeights => info(
                icon::FILE_ARROW_DOWN,
                "Choose a weight file…",
                "Take the backbone's weights from a .safetensors, .pth, .pt or .bin file",
                "load checkpoint pretrained pytorch timm network model",
            ),
            Self::Train => info(
                icon::PLAY,
                "Train the ticked experiments",
                "Train every ticked experiment, one after the other",
                "start run fit learn begin",
            ),
            Self::TrainActive => info(
                icon::PLAY,
                "Train this experiment alone",
                "Train the experiment that is shown, whatever is ticked",
                "start run fit learn begin",
            ),
            Self::CompareBothWays => info(
                icon::GIT_DIFF,
                "Extraction vs. fine-tuning",
                "Train feature extraction and fine-tuning on these pictures, one after the other",
                "compare both ways versus against which is better baseline",
            ),
            Self::Pause => info(
                icon::PAUSE,
                "Pause or resume",
                "Hold training between two batches, or let it continue",
                "continue go on wait halt hold",
            ),
            Self::StopAll => info(
                icon::STOP,
                "Stop all training",
                "Stop the training within one batch and empty the queue; what was learned is kept",
                "cancel abort end interrupt",
            ),
            Self::Rescan => info(
                icon::ARROWS_CLOCKWISE,
                "Scan the pictures again",
                "Look for pictures again, after files have changed",
                "reload refresh update",
            ),
            Self::RefreshRuns => info(
                icon::ARROWS_CLOCKWISE,
                "Refresh the list of runs",
                "Read the folder of runs again",
                "reload update history",
            ),
            Self::ChooseRunsFolder => info(
                icon::FOLDER,
                "Choose the folder of runs…",
                "List runs from another folder, and make new ones there",
                "directory location drive disk move storage history",
            ),
            Self::RestoreRuns => info(
                icon::TRASH,
                "Put back runs from the trash",
                "Put the runs back that were moved to the trash last",
                "undo delete restore recover bin",
            ),
            Self::ExportFigures => info(
                icon::EXPORT,
                "Export figures and report…",
                "Write figures, report and tables of the shown runs",
                "save png svg html csv pdf share print plots charts",
            ),
            Self::UseNetwork => info(
                icon::SPARKLE,
                "Use a trained network…",
                "Choose a run: it says what it sees in any pictures",
                "predict classify inference apply model open load run new pictures",
            ),
            Self::PredictPictures => info(
                icon::IMAGE,
                "Predict pictures…",
                "Choose pictures that a trained run answers",
                "classify inference use network apply label score images photos test",
            ),
            Self::PredictFolder => info(
                icon::FOLDERS,
                "Predict folder…",
                "Choose a folder: a trained run answers every picture in it and below it",
                "classify inference batch directory use network apply label images photos",
            ),
            Self::WatchFolder => info(
                icon::BINOCULARS,
                "Watch folder…",
                "Choose a folder: its pictures are answered, and from then on every picture that comes into it",
                "predict monitor incoming inbox hot folder live classify inference",
            ),
            Self::SaveAnswers => info(
                icon::FLOPPY_DISK,
                "Save answers as CSV…",
                "Write all answers of the Predict view as a table",
                "predictions export spreadsheet csv json lines results table",
            ),
            Self::CompareNetworks => info(
                icon::SCALES,
                "Compare networks on these pictures…",
                "Measure which pre-trained network is best on the pictures at hand, and at what cost",
                "shootout shoot-out backbone benchmark which model best architecture zoo linear probe choose pretrained",
            ),
            Self::NewSweep => info(
                icon::FLASK,
                "New sweep from this experiment…",
                "Train this experiment with other learning rates, layers or sizes, and see which is best",
                "hyperparameter search grid random successive halving asha tuning optimize optimise vary",
            ),
            Self::OpenSweep => info(
                icon::FILE_MAGNIFYING_GLASS,
                "Open a sweep…",
                "Open a sweep's file, to change it, train it or watch it",
                "hyperparameter search load import experiment manager",
            ),
            Self::Show(view) => {
                let shown = view.info();
                info(
                    shown.icon,
                    shown.action,
                    shown.tooltip,
                    words_of_view(shown.id),
                )
            }
            Self::Palette => info(
                icon::COMMAND,
                "Find a command…",
                "Find any command by its name",
                "palette search menu",
            ),
            Self::Help => info(
                icon::QUESTION,
                "Help and keyboard shortcuts",
                "How things are done, and every keyboard shortcut",
                "manual documentation guide keys hotkeys tutorial how do i",
            ),
            Self::Manual => info(
                icon::BOOK_OPEN,
                "Manual",
                "Short pages, from the first pictures to a trained network that is used",
                "help documentation guide tutorial learn how do i book handbook lesson",
            ),
            Self::Settings => info(
                icon::GEAR,
                "Settings…",
                "Colours, size of the interface, processor threads, notifications",
                "preferences options configuration theme zoom scale threads cores language",
            ),
            Self::InstallCuda => info(
                icon::GRAPHICS_CARD,
                graphics_card::INSTALL,
                graphics_card::INSTALL_TOOLTIP,
                "gpu nvidia graphics card driver download faster",
            ),
            Self::About => info(
                icon::INFO,
                "About Graft",
                "Version, licences, and where Graft keeps its files",
                "version license licence copyright credits folder home",
            ),
            Self::ToggleTheme => info(
                icon::CIRCLE_HALF,
                "Switch between dark and light",
                "Change the colours of the window; training is not affected",
                "theme mode colors colours appearance night day",
            ),
            Self::LargerInterface => info(
                icon::MAGNIFYING_GLASS_PLUS,
                "Larger interface",
                "Draw everything in the window one step larger",
                "zoom in scale bigger font text size increase",
            ),
            Self::SmallerInterface => info(
                icon::MAGNIFYING_GLASS_MINUS,
                "Smaller interface",
                "Draw everything in the window one step smaller",
                "zoom out scale font text size decrease",
            ),
            Self::UsualInterface => info(
                icon::MAGNIFYING_GLASS,
                "Usual size of the interface",
                "Draw everything in the window as large as the desktop says",
                "zoom reset scale font text 100",
            ),
            Self::ToggleExperiment => info(
                icon::SIDEBAR,
                "Show or hide the experiment",
                "Show or hide the left side, with everything that an experiment decides",
                "panel sidebar left settings collapse",
            ),
            Self::ToggleRuns => info(
                icon::ROWS,
                "Show or hide the runs",
                "Show or hide the right side, with the list of runs",
                "panel sidebar right history collapse",
            ),
            Self::ResetArrangement => info(
                icon::LAYOUT,
                "Reset the arrangement of views",
                "Put the views of the middle back to where they were at first",
                "layout tabs docking default restore",
            ),
            Self::ClearLog => info(
                icon::ERASER,
                "Clear the log",
                "Empty the log view; log files of runs stay",
                "delete remove messages",
            ),
            Self::Quit => info(
                icon::SIGN_OUT,
                "Quit",
                "Close Graft; asks first while something is training, being exported or unsaved",
                "exit close end leave",
            ),
        }
    }

    pub fn text(self) -> &'static str {
        self.info().text
    }

    pub fn tooltip(self) -> &'static str {
        self.info().tooltip
    }

    pub fn icon(self) -> &'static str {
        self.info().icon
    }

    pub fn command(self) -> Command {
        let predict = |purpose| Command::Predict(PredictAction::Dialog(purpose));
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
            Self::DescribeExperiment => Command::DescribeActive,
            Self::CloseExperiment => Command::CloseActive,
            Self::ChooseWeights => Command::WeightsDialog,
            Self::Train => Command::Train,
            Self::TrainActive => Command::TrainActive,
            Self::CompareBothWays => Command::CompareBothWays,
            Self::Pause => Command::TogglePause,
            Self::StopAll => Command::StopAll,
            Self::Rescan => Command::Rescan,
            Self::RefreshRuns => Command::RefreshRuns,
            Self::ChooseRunsFolder => Command::ChooseRunsFolder,
            Self::RestoreRuns => Command::RestoreRuns(Vec::new()),
            Self::ExportFigures => Command::ExportFiguresDialog,
            Self::UseNetwork => Command::UseNetworkDialog,
            Self::PredictPictures => predict(PredictPurpose::Pictures),
            Self::PredictFolder => predict(PredictPurpose::Folder),
            Self::WatchFolder => predict(PredictPurpose::Watch),
            Self::SaveAnswers => predict(PredictPurpose::Save(None)),
            Self::CompareNetworks => {
                Command::Shootout(ShootoutAction::Show(BackbonesPage::OnPictures))
            }
            Self::NewSweep => Command::Sweep(SweepAction::New),
            Self::OpenSweep => Command::Sweep(SweepAction::OpenDialog),
            Self::Show(view) => Command::ShowView(view.info().id),
            Self::Palette => Command::TogglePalette,
            Self::Help => Command::ShowHelp,
            Self::Manual => Command::ShowManual(None),
            Self::InstallCuda => Command::ShowCudaInstallation,
            Self::Settings => Command::ShowSettings,
            Self::About => Command::ShowAbout,
            Self::ToggleTheme => Command::ToggleTheme,
            Self::LargerInterface => {
                Command::ChangeSetting(SettingChange::InterfaceStep { larger: true })
            }
            Self::SmallerInterface => {
                Command::ChangeSetting(SettingChange::InterfaceStep { larger: false })
            }
            Self::UsualInterface => Command::ChangeSetting(SettingChange::InterfaceSize(1.0)),
            Self::ToggleExperiment => Command::ToggleSide(Side::Experiment),
            Self::ToggleRuns => Command::ToggleSide(Side::Runs),
            Self::ResetArrangement => Command::ResetArrangement,
            Self::ClearLog => Command::ClearLog,
            Self::Quit => Command::Quit,
        }
    }

    /// Whether it would do anything now.
    pub fn is_enabled(self, state: &State) -> bool {
        let document = state.active_document();
        match self {
            Self::Save => document.is_some() || state.sweep.edited_last(SweepDocument::is_changed),
            Self::SaveAs
            | Self::DuplicateExperiment
            | Self::CompareNetworks
            | Self::NewSweep
            | Self::DescribeExperiment
            | Self::CloseExperiment
            | Self::ToggleExperiment
            | Self::ChooseWeights => document.is_some(),
            Self::Reset => document.is_some_and(crate::app::core::state::Document::is_changed),
            Self::Undo => {
                state.sweep.edited_last(SweepDocument::can_undo)
                    || document.is_some_and(|document| !document.undo.is_empty())
            }
            Self::Redo => {
                state.sweep.edited_last(SweepDocument::can_redo)
                    || document.is_some_and(|document| !document.redo.is_empty())
            }
            Self::Train => state.documents.iter().any(|document| document.included),
            Self::TrainActive | Self::CompareBothWays | Self::Rescan => state.has_pictures(),
            Self::Pause | Self::StopAll => state.is_training(),
            Self::RestoreRuns => !state.trashed.is_empty(),
            Self::PredictPictures | Self::PredictFolder | Self::WatchFolder => {
                predicting_run(state).is_some()
            }
            Self::SaveAnswers => !state.prediction.answers.is_empty(),
            Self::ExportFigures => state
                .runs
                .iter()
                .any(|run| run.shown && run.folder.is_some()),
            _ => true,
        }
    }
}

/// Other words for what a view shows; a view without any is found by its name and its tooltip.
fn words_of_view(view: ViewId) -> &'static str {
    match view {
        ViewId::DATA => "images dataset split classes balance duplicates",
        ViewId::LAYERS => "freeze unfreeze frozen trainable network architecture model",
        ViewId::AUGMENTATION => "transform flip rotate crop preview",
        ViewId::BACKBONES => "model network architecture zoo pretrained resnet efficientnet",
        ViewId::CURVES => "loss accuracy epochs history plot overfitting",
        ViewId::RESULTS => "accuracy test score summary",
        ViewId::EVALUATION => "confusion matrix roc precision recall calibration report metrics",
        ViewId::COMPARE => "difference significance versus side by side",
        ViewId::RUNS => {
            "experiments history spreadsheet sweep hyperparameters list rename tag delete archive"
        }
        ViewId::PREDICT => {
            "classify inference use network apply new pictures folder watch drop paste none of these"
        }
        ViewId::SWEEP => {
            "hyperparameter search grid random halving asha tuning parallel coordinates slurm cluster experiment manager"
        }
        ViewId::GALLERY => "mistakes errors wrong predictions label noise mislabeled",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What means one thing has one icon: writing a file, training, reading again.
    const SAME: [(&str, usize); 3] = [
        (icon::FLOPPY_DISK, 3),
        (icon::PLAY, 2),
        (icon::ARROWS_CLOCKWISE, 2),
    ];

    #[test]
    fn no_two_actions_share_a_name_and_no_two_meanings_an_icon() {
        let mut names = Vec::new();
        for action in Action::all() {
            let ActionInfo { text, tooltip, .. } = action.info();
            assert!(!names.contains(&text), "{text}");
            names.push(text);
            assert!(
                !tooltip.is_empty() && !tooltip.ends_with('.'),
                "{text}: {tooltip}"
            );
            let with_icon = Action::all().filter(|other| other.icon() == action.icon());
            let allowed = SAME.iter().find(|(icon, _)| *icon == action.icon());
            let allowed = match action {
                // The view of the comparison and what fills it.
                Action::Show(_) | Action::CompareBothWays if action.icon() == icon::GIT_DIFF => 2,
                // The view of the predictions and what leads to it.
                Action::Show(_) | Action::UseNetwork if action.icon() == icon::SPARKLE => 2,
                _ => allowed.map_or(1, |(_, count)| *count),
            };
            assert_eq!(with_icon.count(), allowed, "{text}");
        }
    }

    #[test]
    fn every_action_of_the_table_is_listed_once() {
        let all: Vec<Action> = Action::all().collect();
        for (index, action) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(action), "{action:?}");
        }
        assert_eq!(all.len(), 46 + features::VIEWS.len());
    }
}
