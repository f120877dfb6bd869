//! Questions that need an answer: which file, and what to do with unsaved work.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui;

use super::file_browser::{Browsed, FileBrowser};
use super::sweeping::AfterSweep;
use crate::app::core::command::Command;
use crate::app::core::prediction::PredictPurpose;
use crate::app::core::request::Request;
use crate::app::core::shootout::ShootoutAction;
use crate::app::core::sources;
use crate::app::core::state::{DocumentId, NoticeKind, State};
use crate::app::core::sweep::{SweepAction, SweepPurpose};
use crate::app::shell::{Closing, Graft};
use crate::app::ui::theme::primary_button;
use crate::app::ui::theme::{dialog, dialog_buttons, dialog_frame};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::report::NetworkFormat;
use crate::shootout::ShootoutCost;

/// A person takes longer than this to cancel; a session bus without a desktop portal does not.
const NO_PORTAL: Duration = Duration::from_millis(500);

/// What a file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A folder of class folders; the built-in browser takes a table too. For an experiment, or a new one.
    Pictures(Option<DocumentId>),
    Table(Option<DocumentId>),
    Preset,
    Save {
        name: String,
        document: DocumentId,
    },
    Weights(DocumentId),
    /// The folder that figures are written to.
    Figures,
    /// Where a run's network is written: a file, or a folder for PyTorch.
    Network {
        name: String,
        format: NetworkFormat,
    },
    /// The folder that runs are listed from and made in.
    Runs,
    /// The folder of a run, or of runs, that are listed beside the others.
    FindRuns,
    Predict {
        purpose: PredictPurpose,
        /// Of a file that is saved.
        name: String,
    },
    /// The folder that the table of networks goes to, and their figure over this cost.
    Shootout(ShootoutCost),
    Sweep {
        purpose: SweepPurpose,
        /// Of a file that is saved.
        name: String,
    },
}

impl Purpose {
    pub fn title(&self) -> &'static str {
        match self {
            Self::Pictures(_) => "Open pictures sorted by class",
            Self::Table(_) => "Open a table of pictures",
            Self::Preset => "Open a preset",
            Self::Save { .. } => "Save the experiment",
            Self::Weights(_) => "Choose a weight file",
            Self::Figures => "Choose a folder for the figures",
            Self::Shootout(_) => "Choose a folder for the comparison of networks",
            Self::Network { .. } => "Export the network",
            Self::Runs => "Choose the folder of runs",
            Self::FindRuns => "Open a run's folder",
            Self::Predict { purpose, .. } => purpose.title(),
            Self::Sweep { purpose, .. } => purpose.title(),
        }
    }

    /// What the button that agrees says.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Pictures(_) | Self::Figures | Self::Runs | Self::FindRuns | Self::Shootout(_) => {
                "Choose this folder"
            }
            Self::Table(_) | Self::Preset | Self::Weights(_) => "Open",
            Self::Network { format, .. } if format.ending().is_none() => "Choose this folder",
            Self::Network { .. } | Self::Save { .. } => "Save",
            Self::Predict { purpose, .. } => purpose.verb(),
            Self::Sweep { purpose, .. } => purpose.verb(),
        }
    }

    pub fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Pictures(_) | Self::Table(_) => &sources::TABLES,
            Self::Preset | Self::Save { .. } => &["ron"],
            Self::Weights(_) => &["safetensors", "pth", "pt", "bin"],
            Self::Figures | Self::Runs | Self::FindRuns | Self::Shootout(_) => &[],
            Self::Network { format, .. } => match format {
                NetworkFormat::Onnx => &["onnx"],
                NetworkFormat::Safetensors => &["safetensors"],
                NetworkFormat::Card => &["md"],
                NetworkFormat::PyTorch => &[],
            },
            Self::Sweep { purpose, .. } => purpose.extensions(),
            Self::Predict { purpose, .. } => match purpose {
                PredictPurpose::Pictures => &sources::PICTURES,
                PredictPurpose::Save(_) => &["csv", "jsonl"],
                _ => &[],
            },
        }
    }

    /// Whether the pictures of the chosen folder are worth counting.
    pub fn picks_pictures(&self) -> bool {
        match self {
            Self::Pictures(_) => true,
            Self::Predict { purpose, .. } => {
                matches!(purpose, PredictPurpose::Folder | PredictPurpose::Watch)
            }
            Self::Sweep { purpose, .. } => matches!(purpose, SweepPurpose::Data { .. }),
            _ => false,
        }
    }

    /// Whether several files can be chosen at once.
    pub fn takes_several(&self) -> bool {
        matches!(self, Self::Predict { purpose, .. } if *purpose == PredictPurpose::Pictures)
    }

    /// Whether something is written to what is chosen: a folder that is missing can be made.
    pub fn writes(&self) -> bool {
        match self {
            Self::Figures
            | Self::Shootout(_)
            | Self::Runs
            | Self::Network { .. }
            | Self::Save { .. } => true,
            Self::Predict { purpose, .. } => {
                matches!(purpose, PredictPurpose::Save(_) | PredictPurpose::Place(_))
            }
            Self::Sweep { purpose, .. } => purpose.writes(),
            _ => false,
        }
    }

    pub fn picks_folder(&self) -> bool {
        match self {
            Self::Pictures(_) | Self::Figures | Self::Runs | Self::FindRuns | Self::Shootout(_) => {
                true
            }
            Self::Network { format, .. } => format.ending().is_none(),
            Self::Sweep { purpose, .. } => purpose.picks_folder(),
            Self::Predict { purpose, .. } => matches!(
                purpose,
                PredictPurpose::Folder | PredictPurpose::Watch | PredictPurpose::Place(_)
            ),
            _ => false,
        }
    }

    /// Whether a file is named that need not be there yet.
    pub fn saves(&self) -> bool {
        match self {
            Self::Save { .. } => true,
            Self::Network { format, .. } => format.ending().is_some(),
            Self::Predict { purpose, .. } => matches!(purpose, PredictPurpose::Save(_)),
            Self::Sweep { purpose, .. } => *purpose == SweepPurpose::Save,
            _ => false,
        }
    }

    /// Nothing where no path was chosen.
    pub fn command(&self, mut paths: Vec<PathBuf>) -> Option<Command> {
        if let Self::Predict { purpose, .. } = self {
            return purpose.action(paths).map(Command::Predict);
        }
        if let Self::Sweep { purpose, .. } = self {
            return purpose.action(paths).map(Command::Sweep);
        }
        if paths.is_empty() {
            return None;
        }
        let path = paths.swap_remove(0);
        Some(match self {
            Self::Pictures(document) | Self::Table(document) => {
                Command::OpenPicturesFor(*document, path)
            }
            Self::Preset => Command::OpenPreset(path),
            Self::Save { document, .. } => Command::SaveAs(*document, path),
            Self::Weights(document) => Command::UseWeights(*document, path),
            Self::Figures => Command::ExportFolder(path),
            Self::Shootout(cost) => Command::Shootout(ShootoutAction::Export(*cost, path)),
            Self::Network { .. } => Command::NetworkFile(path),
            Self::Runs => Command::UseRunsFolder(Some(path)),
            Self::FindRuns => Command::FindRuns(path),
            Self::Predict { .. } | Self::Sweep { .. } => return None,
        })
    }

    /// Asks the desktop; `None` for Cancel, and for a desktop that does not answer.
    fn ask_desktop(&self, folder: Option<&Path>) -> Option<Vec<PathBuf>> {
        let mut dialog = rfd::FileDialog::new().set_title(self.title());
        // Runs on a thread of its own: a folder of a server that is gone keeps nobody waiting.
        if let Some(folder) = folder.and_then(|path| path.ancestors().find(|path| path.is_dir())) {
            dialog = dialog.set_directory(folder);
        }
        if !self.extensions().is_empty() && !self.picks_folder() {
            let name = match self {
                Self::Table(_) => "Tables",
                Self::Weights(_) => "Weight files",
                Self::Network { format, .. } => format.title(),
                Self::Predict { purpose, .. } if *purpose == PredictPurpose::Pictures => "Pictures",
                Self::Predict { .. } => "Tables",
                Self::Sweep { purpose, .. } => purpose.kind(),
                _ => "Presets",
            };
            dialog = dialog.add_filter(name, self.extensions());
        }
        let path = match self {
            Self::Predict { purpose, .. } if *purpose == PredictPurpose::Pictures => {
                return dialog.pick_files();
            }
            Self::Network { name, .. }
            | Self::Save { name, .. }
            | Self::Predict { name, .. }
            | Self::Sweep { name, .. }
                if self.saves() =>
            {
                dialog.set_file_name(name).save_file()
            }
            _ if self.picks_folder() => dialog.pick_folder(),
            _ => dialog.pick_file(),
        };
        path.map(|path| vec![path])
    }
}

/// Whether there is anything that could show a dialog of the desktop's: asking in vain can take seconds.
/// `GRAFT_DIALOGS=builtin` says no.
fn has_desktop() -> bool {
    if std::env::var("GRAFT_DIALOGS").is_ok_and(|choice| choice == "builtin") {
        return false;
    }
    if !cfg!(target_os = "linux") {
        return true;
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let has_bus = set("DBUS_SESSION_BUS_ADDRESS").is_some()
        || set("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists());
    // What rfd takes where no portal answers.
    let has_zenity = || {
        set("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| folder.join("zenity").is_file())
        })
    };
    has_bus || has_zenity()
}

/// What was chosen, unless the dialog was closed, and how long it was open.
type Chosen = (Option<Vec<PathBuf>>, Duration);

/// At most one file dialog: the desktop's own, or the built-in browser where the desktop has none.
#[derive(Default)]
pub struct Files {
    /// For what, and where it begins.
    native: Request<(Purpose, Option<PathBuf>), Chosen>,
    browser: Option<FileBrowser>,
}

impl Files {
    /// Whether a dialog waits for its answer.
    pub fn is_open(&self) -> bool {
        self.native.is_pending() || self.browser.is_some()
    }

    /// Opens a dialog unless one is open.
    pub fn ask(&mut self, purpose: Purpose, folder: Option<PathBuf>, ctx: &egui::Context) {
        if self.is_open() {
            return;
        }
        if !has_desktop() {
            self.browser = Some(FileBrowser::new(purpose, folder));
            return;
        }
        let ctx = ctx.clone();
        self.native.start(
            "graft-dialog",
            (purpose.clone(), folder.clone()),
            move || ctx.request_repaint(),
            move || {
                // Measured here, because a slow frame says nothing of how long the desktop took.
                let asked = Instant::now();
                let path = purpose.ask_desktop(folder.as_deref());
                Ok((path, asked.elapsed()))
            },
        );
    }

    /// The desktop's answer, when it has come.
    pub fn poll(&mut self, ctx: &egui::Context, last_folder: Option<&Path>) -> Option<Command> {
        let outcome = self.native.poll()?;
        let (purpose, folder) = self.native.key()?;
        match outcome {
            Ok((Some(paths), _)) => purpose.command(paths),
            Ok((None, took)) if took > NO_PORTAL => None,
            // No portal answers here, or its thread died.
            Ok((None, _)) | Err(_) => {
                let folder = (folder.clone()).or_else(|| last_folder.map(Path::to_path_buf));
                self.browser = Some(FileBrowser::new(purpose.clone(), folder));
                ctx.request_repaint();
                None
            }
        }
    }

    pub fn browser_ui(&mut self, ctx: &egui::Context, state: &State, out: &mut Vec<Command>) {
        let Some(browser) = &mut self.browser else {
            return;
        };
        let presets = state.recent_presets.iter().filter_map(|file| file.parent());
        let pictures = state.recent_pictures.iter().map(PathBuf::as_path);
        let recent: Vec<PathBuf> = match browser.purpose.extensions() {
            ["ron"] => presets.chain(pictures).map(Path::to_path_buf).collect(),
            _ => pictures.chain(presets).map(Path::to_path_buf).collect(),
        };
        match browser.modal_ui(ctx, &recent) {
            Browsed::Open => {}
            Browsed::Cancelled => self.browser = None,
            Browsed::Picked(paths) => {
                out.extend(browser.purpose.command(paths));
                self.browser = None;
            }
        }
    }
}

/// A question in the middle of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// Close a document although it has unsaved changes.
    Close(DocumentId),
    /// Quit although something trains or is unsaved.
    Quit,
    /// Remove all kept features.
    ClearFeatures,
    /// Save a document at a path that lies among the pictures in a folder.
    SaveAmongPictures {
        document: DocumentId,
        path: PathBuf,
        pictures: PathBuf,
    },
    /// Train what was trained with the same settings and seed before.
    Repeat,
    /// List the runs of a folder that was dropped on the window, or use it as the folder of runs.
    UseRuns { folder: PathBuf, runs: usize },
    /// Close the sweep although it has unsaved changes.
    CloseSweep(AfterSweep),
    /// Look at the test pictures for the setting of this cell of the sweep.
    TestSweep { cell: String },
    /// Quit although this window trains a sweep.
    QuitWithSweep,
}

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Save,
    Discard,
    Cancel,
}

impl Graft {
    pub(in crate::app) fn question_ui(&mut self, ctx: &egui::Context) {
        let Some(question) = self.question.clone() else {
            return;
        };
        let (title, lines, save, discard) = match &question {
            Confirmation::Close(id) => {
                let position = self.session.state.position(*id);
                let Some(document) =
                    position.and_then(|index| self.session.state.documents.get(index))
                else {
                    self.question = None;
                    return;
                };
                let line = format!(
                    "“{}” has changes that are not saved.",
                    document.experiment.name
                );
                (
                    "Close this experiment?",
                    vec![line],
                    Some("Save"),
                    "Close without saving",
                )
            }
            Confirmation::Quit => self.quit_question(),
            Confirmation::SaveAmongPictures { path, pictures, .. } => {
                let line = format!(
                    "{} would be inside the picture folder of {}, where every scan looks at it.",
                    path.display(),
                    pictures.display()
                );
                (
                    "Save among the pictures?",
                    vec![line],
                    None,
                    "Save there all the same",
                )
            }
            Confirmation::Repeat => self.repeat_question(),
            Confirmation::CloseSweep(_)
            | Confirmation::TestSweep { .. }
            | Confirmation::QuitWithSweep => {
                self.sweep_question(&question)
            }
            Confirmation::UseRuns { folder, runs } => (
                "This folder holds runs",
                vec![
                    format!(
                        "{} in {}.",
                        crate::format::count(*runs, "run is", "runs are"),
                        folder.display()
                    ),
                    "List them beside your own: they stay where they are, and nothing is copied. Or use this folder instead of \
                     your own: its runs alone are listed then, and new ones are kept there."
                        .to_owned(),
                ],
                Some("List them"),
                "Use as the folder of runs",
            ),
            Confirmation::ClearFeatures => {
                let usage = self.session.state.features.usage.as_ref();
                let line = format!(
                    "{} are removed from this machine. Runs and pictures are not touched; the next training computes its frozen layers again.",
                    usage.map_or_else(
                        || "All kept features".to_owned(),
                        |usage| format!("{} of features", crate::format::bytes(usage.bytes))
                    )
                );
                (
                    "Clear the feature cache?",
                    vec![line],
                    None,
                    "Clear the cache",
                )
            }
        };
        let mut choice = None;
        let ((), is_closed) = dialog(ctx, "question", title, 400.0, |ui| {
            for line in &lines {
                ui.label(tokens(ui).muted(line));
            }
            ui.add_space(tokens::SPACE_M);
            dialog_buttons(ui, |ui| {
                if let Some(save) = save
                    && primary_button(ui, save, true, egui::Vec2::ZERO).clicked()
                {
                    choice = Some(Choice::Save);
                }
                let leave = if save.is_some() {
                    ui.button(discard)
                } else {
                    primary_button(ui, discard, true, egui::Vec2::ZERO)
                };
                if leave.clicked() {
                    choice = Some(Choice::Discard);
                }
                if ui
                    .button("Cancel")
                    .on_hover_text("Go back; nothing is changed (Esc)")
                    .clicked()
                {
                    choice = Some(Choice::Cancel);
                }
            });
        });
        if is_closed {
            choice = Some(Choice::Cancel);
        }
        if let Some(choice) = choice {
            self.question = None;
            self.answer_question(question, choice, ctx);
        }
    }

    /// Queues what was asked about, because it was trained before.
    fn train_repeats(&mut self) {
        let repeats = std::mem::take(&mut self.repeating);
        self.session.queue(&repeats);
    }

    fn close_surely(&mut self, id: DocumentId) {
        if let Some(index) = self.session.state.position(id) {
            self.close(index, true);
        }
    }

    fn quit_question(
        &self,
    ) -> (
        &'static str,
        Vec<String>,
        Option<&'static str>,
        &'static str,
    ) {
        let mut lines = Vec::new();
        match &self.session.state.under_way().collect::<Vec<_>>()[..] {
            [] => {}
            [run] => lines.push(format!(
                "“{}” is training. It stops within one batch and can go on from there later.",
                run.called()
            )),
            runs => {
                let names: Vec<_> = (runs.iter())
                    .map(|run| format!("“{}”", run.called()))
                    .collect();
                lines.push(format!(
                    "{} are training. They stop within one batch and can go on from there later.",
                    names.join(" and ")
                ));
            }
        }
        let queued = self.session.state.queued();
        if queued > 0 {
            let waiting =
                crate::format::plural(queued as u64, "experiment waits", "experiments wait");
            lines.push(format!("{waiting} in the queue and will not be trained."));
        }
        if self.exports.is_writing() {
            lines.push(
                "Figures are being exported. Those that are not written yet will be missing."
                    .into(),
            );
        }
        if self.networks.is_writing() {
            lines.push("A network is being exported. Nothing half-written is left of it.".into());
        }
        if self.rates.is_working() {
            lines.push("A learning rate is being found. Nothing of it is kept.".into());
        }
        if self.learning_curves.is_working() {
            lines.push(
                "The learning curve is being measured. Features that were computed are kept."
                    .into(),
            );
        }
        if self.placing.is_working() {
            lines.push(
                "Pictures are being copied by class, or their copies undone. What stands in its folder is recorded, and can be undone later.".into(),
            );
        }
        if self.cuda.is_installing() {
            lines.push(
                "The CUDA part is being installed. What was downloaded is kept, and the next installation goes on from there."
                    .into(),
            );
        }
        let changed: Vec<_> = self
            .session
            .state
            .documents
            .iter()
            .filter(|document| document.is_changed())
            .map(|document| format!("“{}”", document.experiment.name))
            .chain(self.unsaved_sweep())
            .collect();
        if changed.is_empty() {
            let title = if self.session.state.is_training() {
                "Stop training and quit?"
            } else if self.exports.is_writing() || self.networks.is_writing() {
                "Stop the export and quit?"
            } else if self.cuda.is_installing() {
                "Stop the installation and quit?"
            } else if self.placing.is_working() {
                "Stop copying by class and quit?"
            } else {
                "Quit Graft?"
            };
            return (title, lines, None, "Stop and quit");
        }
        lines.push(format!("Not saved: {}.", changed.join(", ")));
        (
            "Quit Graft?",
            lines,
            Some("Save and quit"),
            "Quit without saving",
        )
    }

    fn repeat_question(
        &self,
    ) -> (
        &'static str,
        Vec<String>,
        Option<&'static str>,
        &'static str,
    ) {
        let mut lines: Vec<String> = self
            .repeating
            .iter()
            .filter_map(|&index| Some((index, self.session.state.documents.get(index)?)))
            .map(|(index, document)| {
                let experiment = &document.experiment;
                let earlier = self.session.finished_as(index, experiment);
                let run = earlier.map(|run| {
                    let test = run
                        .summary
                        .as_ref()
                        .and_then(|summary| summary.test.as_ref());
                    let right =
                        test.map(|test| format!(", {}", crate::format::percent(test.accuracy)));
                    format!(": {}{}", run.called(), right.unwrap_or_default())
                });
                format!(
                    "“{}” was trained with exactly these settings and the seed {} before{}.",
                    experiment.name,
                    experiment.seed,
                    run.unwrap_or_default()
                )
            })
            .collect();
        lines.push(
            "With the same seed it gives the same numbers again; only another seed tells how much of a result is chance."
                .to_owned(),
        );
        if self.repeating_among > self.repeating.len() {
            lines.push("The other experiments are trained in any case.".to_owned());
        }
        ("Train the same again?", lines, None, "Train again")
    }

    fn answer_question(&mut self, question: Confirmation, choice: Choice, ctx: &egui::Context) {
        match (question, choice) {
            (_, Choice::Cancel) => {}
            (Confirmation::Close(id), Choice::Discard) => self.close_surely(id),
            (Confirmation::Quit, Choice::Discard) => self.stop_and_close(ctx),
            (Confirmation::ClearFeatures, Choice::Discard) => {
                (self.requests.feature_cache).clear(&mut self.session)
            }
            (Confirmation::SaveAmongPictures { document, path, .. }, Choice::Discard) => {
                if let Some(index) = self.session.state.position(document) {
                    self.session.save_surely(index, &path);
                }
            }
            (Confirmation::Repeat, Choice::Discard) => self.train_repeats(),
            (Confirmation::UseRuns { folder, runs }, Choice::Save) => {
                (self.requests.runs).list_from(&mut self.session, &folder, runs);
            }
            (Confirmation::UseRuns { folder, .. }, Choice::Discard) => {
                self.session.use_runs_folder(Some(folder));
            }
            (Confirmation::CloseSweep(then), Choice::Discard) => self.after_sweep(then),
            (Confirmation::TestSweep { cell }, _) => {
                self.requests.sweep.test(&mut self.session, cell);
            }
            (Confirmation::QuitWithSweep, choice) => {
                self.quit_with_sweep(choice == Choice::Save);
                ctx.request_repaint();
            }
            (question, Choice::Save) => self.go_on_saving(question, ctx),
        }
    }

    /// Saves what `question` is about and does what was asked. Where an experiment has no file yet, its
    /// name is asked for first and this is called again after the save.
    pub(in crate::app) fn go_on_saving(&mut self, question: Confirmation, ctx: &egui::Context) {
        let unsaved: Vec<usize> = match &question {
            Confirmation::Close(id) => self.session.state.position(*id).into_iter().collect(),
            Confirmation::Quit => (0..self.session.state.documents.len()).collect(),
            Confirmation::ClearFeatures
            | Confirmation::Repeat
            | Confirmation::UseRuns { .. }
            | Confirmation::CloseSweep(_)
            | Confirmation::TestSweep { .. }
            | Confirmation::QuitWithSweep
            | Confirmation::SaveAmongPictures { .. } => Vec::new(),
        };
        for index in unsaved {
            let Some(document) = self.session.state.documents.get(index) else {
                continue;
            };
            if !document.is_changed() {
                continue;
            }
            match document.file.clone() {
                Some(file) => {
                    if !self.save_document(index, &file) {
                        return;
                    }
                }
                None => {
                    self.session.state.active = index;
                    self.after_saving = Some(question);
                    self.commands.push(Command::SaveAsDialog);
                    ctx.request_repaint();
                    return;
                }
            }
        }
        let has_sweep = matches!(question, Confirmation::Quit | Confirmation::CloseSweep(_));
        if has_sweep && !self.save_changed_sweep(&question, ctx) {
            return;
        }
        match question {
            Confirmation::Close(id) => self.close_surely(id),
            Confirmation::CloseSweep(then) => self.after_sweep(then),
            Confirmation::TestSweep { .. } | Confirmation::QuitWithSweep => {}
            Confirmation::ClearFeatures
            | Confirmation::Repeat
            | Confirmation::UseRuns { .. }
            | Confirmation::SaveAmongPictures { .. } => {}
            Confirmation::Quit => self.stop_and_close(ctx),
        }
    }

    /// A cancelled file dialog cancels what waited for it.
    pub(in crate::app) fn forget_abandoned_saving(&mut self) {
        let asks = |command: &Command| {
            matches!(
                command,
                Command::SaveAsDialog | Command::Sweep(SweepAction::SaveAsDialog)
            )
        };
        if !self.files.is_open() && !self.commands.iter().any(asks) {
            self.after_saving = None;
            self.requests.sweep.after_saving = None;
        }
    }

    fn stop_and_close(&mut self, ctx: &egui::Context) {
        if self.is_working() {
            self.closing = Closing::Stopping;
            self.session
                .log(NoticeKind::Info, "stopping before the window closes");
            self.session.stop_all();
            self.exports.stop();
            self.networks.stop();
            self.rates.stop();
            self.learning_curves.stop();
            self.cuda.stop();
            self.placing.stop();
        } else {
            self.closing = Closing::Now;
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    /// Says that the window waits for the training to end.
    pub(in crate::app) fn closing_ui(&self, ctx: &egui::Context) {
        if self.closing != Closing::Stopping {
            return;
        }
        let modal = egui::Modal::new(egui::Id::unique("closing")).frame(dialog_frame(ctx));
        modal.show(ctx, |ui| {
            ui.horizontal(|ui| {
                ui.label(tokens::icon_text(icon::HOURGLASS));
                ui.label(if self.session.state.is_training() {
                    "Stopping the training, then closing…"
                } else if self.exports.is_writing() || self.networks.is_writing() {
                    "Stopping the export, then closing…"
                } else if self.cuda.is_installing() {
                    "Stopping the installation, then closing…"
                } else if self.placing.is_working() {
                    "Stopping after the picture that is copied now, then closing…"
                } else {
                    "Finishing what is being written, then closing…"
                });
            });
        });
    }
}
