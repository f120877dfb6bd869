//! Carries out commands: between frames, never while drawing.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::desktop_opener;
use super::dialog::Dialog;
use super::dialogs::{Confirmation, Purpose};
use super::experiment_details::ExperimentDetails;
use super::help::Help;
use super::palette::Palette;
use crate::app::core::command::{Command, RunText, Side};
use crate::app::core::prediction::PredictAction;
use crate::app::core::settings::{self, SettingChange, ThemeChoice, next_interface_size};
use crate::app::core::sources::{self, DroppedKind};
use crate::app::core::state::{Cause, Document, DocumentId, NoticeKind};
use crate::app::core::sweep::{SweepAction, SweepDocument};
use crate::app::core::view_id::ViewId;
use crate::app::features;
use crate::app::features::manual::Manual;
use crate::app::features::{gallery, runs};
use crate::app::shell::{Closing, Graft, show_theme};
use crate::app::ui::number_field;
use crate::experiment::WeightsSource;
use crate::worker::messages::{Question, TrainingCommand};

impl Graft {
    pub(in crate::app) fn carry_out(&mut self, command: Command, ctx: &egui::Context) {
        let trains = matches!(
            command,
            Command::Train | Command::TrainActive | Command::CompareBothWays
        );
        if trains && self.has_refused_number(ctx) {
            return;
        }
        let (session, requests) = (&mut self.session, &mut self.requests);
        match command {
            Command::NewExperiment => session.new_experiment(),
            Command::DuplicateExperiment => session.duplicate(),
            Command::CloseExperiment(index) => self.close(index, false),
            Command::CloseActive => self.close(self.session.state.active, false),
            Command::SelectExperiment(index) => {
                if index < session.state.documents.len() {
                    session.state.active = index;
                }
            }
            Command::IncludeExperiment(index, included) => {
                if let Some(document) = session.state.documents.get_mut(index) {
                    document.included = included;
                }
            }
            Command::DescribeExperiment(id) => self.describe(Some(id)),
            Command::DescribeActive => self.describe(self.session.active_id()),
            Command::ContinueLastSession => session.continue_last_session(),
            Command::Edit {
                document,
                before,
                experiment,
                merge,
            } => {
                session.state.sweep.was_edited_last = false;
                // What failed was another experiment.
                session.has_gone(&Cause::Run(before.name.clone()));
                session.with_document(document, |document| {
                    document.apply(&before, *experiment, merge);
                });
            }
            Command::Undo if session.state.sweep.edited_last(SweepDocument::can_undo) => {
                requests.sweep.undo(session);
            }
            Command::Redo if session.state.sweep.edited_last(SweepDocument::can_redo) => {
                requests.sweep.redo(session);
            }
            Command::Undo => session.with_active(|document| _ = document.undo()),
            Command::Redo => session.with_active(|document| _ = document.redo()),
            Command::Reset => session.with_active(Document::reset),

            Command::OpenPresetDialog => {
                let folder = session.preset_folder();
                self.files.ask(Purpose::Preset, folder, ctx)
            }
            Command::OpenPreset(path) => self.open_preset(path, ctx),
            Command::OpenShippedPreset(name) => session.open_shipped(name),
            Command::Save if session.state.sweep.edited_last(SweepDocument::is_changed) => {
                self.sweep(SweepAction::Save, ctx);
            }
            Command::Save => self.save(ctx),
            Command::SaveAsDialog => self.save_as_dialog(ctx),
            Command::SaveAs(document, path) => {
                let saved = self.save_as(document, &path);
                if let Some(question) = self.after_saving.take()
                    && saved
                {
                    self.go_on_saving(question, ctx);
                }
            }

            Command::OpenPicturesDialog => {
                let purpose = Purpose::Pictures(session.active_id());
                self.files.ask(purpose, session.pictures_folder(), ctx)
            }
            Command::OpenTableDialog => {
                let purpose = Purpose::Table(session.active_id());
                self.files.ask(purpose, session.pictures_folder(), ctx)
            }
            Command::OpenPictures(path) => {
                let document = session.active_id();
                requests.data.open_pictures(session, &path, document)
            }
            Command::OpenPicturesFor(document, path) => {
                requests.data.open_pictures(session, &path, document)
            }
            Command::Rescan => {
                session.rescan();
                requests.data.forget_table();
            }
            Command::StopScan => session.stop_scan(),
            Command::WeightsDialog => {
                if let Some(document) = session.active_id() {
                    let folder = session.settings.last_folder.clone();
                    self.files.ask(Purpose::Weights(document), folder, ctx);
                }
            }
            Command::UseWeights(document, path) => {
                session.note_folder(&path);
                session.with_document(document, |document| {
                    let mut experiment = document.experiment.clone();
                    experiment.backbone.weights = WeightsSource::File(path);
                    document.edit(experiment, "");
                });
            }
            Command::MeasureAgain => requests.backbone.speeds.measure_again(session),
            Command::MeasureSpeeds => requests.backbone.speeds.measure_all(),
            Command::StopMeasuring => requests.backbone.speeds.stop(session),
            Command::RequestThumbnails(indices) => {
                requests.data.request_thumbnails(session, &indices)
            }
            Command::RequestSeen(source) => requests.backbone.request_seen(session, source),
            Command::RequestPreview { index, seed, count } => requests
                .augmentation
                .request_preview(session, index, seed, count),
            Command::Dropped(path) => self.open_dropped(path, ctx),

            Command::Train => {
                let included: Vec<usize> = (0..session.state.documents.len())
                    .filter(|&index| session.state.documents[index].included)
                    .collect();
                self.train(&included);
            }
            Command::TrainActive => self.train(&[self.session.state.active]),
            Command::CompareBothWays => requests.compare.compare_both_ways(session),
            Command::CompareSeeds(seeds) => session.state.compare_seeds = seeds,
            Command::CompareRuns(ids) => requests.compare.compare_runs(session, ids),
            Command::EvaluateRun(id, split) => {
                requests.evaluation.evaluate(session, &id, split, true)
            }
            Command::RequestEvaluation(id, split) => {
                requests.evaluation.evaluate(session, &id, split, false)
            }
            Command::RequestIntervals(key) => {
                requests.evaluation.request_intervals(session, &key, ctx)
            }
            Command::StopEvaluation => requests.evaluation.stop(session),
            Command::ShowSplit(split) => session.state.shown_split = Some(split),
            Command::UseRemedy { folder, index } => {
                requests.evaluation.use_remedy(session, &folder, index)
            }
            Command::AddToComparison(id) => requests.compare.add(session, id),
            Command::TogglePause => {
                let is_held = session.state.is_all_held();
                session.pause_all(!is_held);
            }
            Command::PauseRun(run, paused) => session.pause_run(run, paused),
            Command::StopRun(run) => session.send_to_trainer(TrainingCommand::Stop(run)),
            Command::StopAll => session.stop_all(),
            Command::ChooseDevice(device) => session.state.device = device,

            Command::RefreshRuns => session.list_runs(),
            Command::OpenRun(folder) => requests.runs.open(session, &folder),
            Command::SelectRun(id) => requests.runs.select(session, vec![id]),
            Command::SelectRuns(ids) => requests.runs.select(session, ids),
            Command::EditRun(id, what) => self.edit_run(&id, what, ctx),
            Command::ShowRun(id, shown) => requests.runs.show(session, &id, shown),
            Command::ShowColumn(title, shown) => {
                let hidden = &mut session.state.hidden_columns;
                if shown {
                    hidden.remove(&title);
                } else {
                    hidden.insert(title);
                }
            }
            Command::OpenFolder(folder) => self.open_folder(&folder),
            Command::ChangeRuns(ids, changes) => requests.runs.annotate(session, &ids, changes),
            Command::TrashRuns(ids) => requests.runs.trash(session, &ids),
            Command::RestoreRuns(folders) => requests.runs.restore(session, folders),
            Command::ChooseRunsFolder => {
                let folder = session.paths.runs.clone();
                self.files.ask(Purpose::Runs, Some(folder), ctx)
            }
            Command::UseRunsFolder(folder) => session.use_runs_folder(folder),
            Command::UnlistRun(id) => requests.runs.unlist(session, &id),
            Command::ResumeRun(folder) => requests.runs.resume(session, &folder),
            Command::RefitRun(folder) => requests.runs.refit(session, &folder),
            Command::ListRun(folder) => {
                let runs = &mut requests.runs;
                runs.show_elsewhere(session, vec![folder], ViewId::CURVES);
            }
            Command::ExperimentOfRun(folder) => session.experiment_of_run(&folder),
            Command::ExportFiguresDialog => self.exports.open(session),
            Command::ExportFolderDialog => {
                // Not where the pictures were opened last.
                let folder = (session.settings.last_figures.clone())
                    .unwrap_or_else(|| session.paths.runs.clone());
                self.files.ask(Purpose::Figures, Some(folder), ctx)
            }
            Command::ExportFolder(folder) => {
                self.exports.local.folder = folder.display().to_string();
            }
            Command::Export {
                folder,
                options,
                among_pictures,
            } => (self.exports).export(session, folder, *options, among_pictures, ctx),
            Command::StopExport => self.exports.stop(),
            Command::ExportNetworkDialog(id) => self.networks.open(session, &id),
            Command::NetworkFileDialog(format, path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let name = name.into_owned();
                let folder = path.parent().map(Path::to_path_buf);
                let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
                (self.files).ask(Purpose::Network { name, format }, folder, ctx)
            }
            Command::NetworkFile(path) => self.networks.local.out = path.display().to_string(),
            Command::ExportNetwork(out, options) => {
                self.networks.export(session, out, options, ctx)
            }
            Command::StopNetworkExport => self.networks.stop(),
            Command::Rates(action) => self.rates.carry_out(session, action, ctx),
            Command::LearningCurve(action) => self.learning_curves.carry_out(session, action, ctx),
            Command::CopyFigure { kind, run } => self.exports.copy_figure(session, kind, run, ctx),

            Command::SetFeatureLimit(bytes) => requests.feature_cache.set_limit(session, bytes),
            Command::ClearFeatures => self.question = Some(Confirmation::ClearFeatures),
            Command::ShowGallery(filter) => gallery::requests::show(session, filter),
            Command::RequestGallery(wanted) => gallery::requests::ask(session, &wanted),
            Command::Gallery(action) => gallery::requests::carry_out(session, action),
            Command::Predict(action) => self.predict(action, ctx),
            Command::Shootout(action) => self.shootout(action, ctx),
            Command::Sweep(action) => self.sweep(action, ctx),
            Command::UseNetworkDialog => self.dialog = Some(Dialog::UseNetwork),
            Command::FindRunsDialog => {
                let folder = session.settings.last_folder.clone();
                self.files.ask(Purpose::FindRuns, folder, ctx)
            }
            Command::FindRuns(folder) => {
                session.note_folder(&folder);
                requests.runs.find(session, folder)
            }

            Command::ShowView(view) => {
                // A command may have fetched weights meanwhile.
                if view == ViewId::BACKBONES {
                    session.ask(Question::StoredWeights);
                }
                session.show_view(view);
            }
            Command::TogglePalette => {
                self.palette = if self.palette.is_some() {
                    None
                } else {
                    Some(Palette::default())
                };
            }
            Command::ShowHelp => self.dialog = Some(Dialog::Help(Help::default())),
            Command::ShowManual(page) => {
                self.dialog = Some(Dialog::Manual(Box::new(Manual::open_at(page))));
            }
            Command::ShowCudaInstallation => self.cuda.open = true,
            Command::InstallCuda => self.cuda.install(session, ctx),
            Command::StopCudaInstallation => self.cuda.stop(),
            Command::ShowSettings => self.dialog = Some(Dialog::Settings),
            Command::ShowAbout => self.dialog = Some(Dialog::About),
            Command::ChangeSetting(change) => self.change_setting(change, ctx),
            Command::ToggleSide(side) => self.toggle_side(side, ctx),
            Command::ToggleWarnings => self.warnings_open = !self.warnings_open,
            Command::ClearWarnings => {
                for run in &mut session.state.runs {
                    run.warnings.clear();
                }
                self.warnings_open = false;
            }
            Command::ToggleTheme => {
                let theme = match session.settings.dark {
                    true => ThemeChoice::Light,
                    false => ThemeChoice::Dark,
                };
                self.change_setting(SettingChange::Theme(theme), ctx);
            }
            Command::ResetArrangement => {
                self.views = settings::default_views(&features::view_ids())
            }
            Command::CopyText(text) => ctx.copy_text(text),
            Command::DismissNotice(id) => session.state.notices.retain(|notice| notice.id != id),
            Command::ClearLog => session.state.log.clear(),
            Command::Quit => {
                if self.must_ask_before_closing() {
                    self.question = Some(self.quit_confirmation());
                } else {
                    self.closing = Closing::Now;
                    ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                }
            }
        }
    }

    /// Whether a field holds what is no number: a training would begin with another one than the person typed. Says so.
    fn has_refused_number(&mut self, ctx: &egui::Context) -> bool {
        let Some(name) = number_field::refused(ctx) else {
            return false;
        };
        let text = format!(
            "“{name}” holds what is no number, outlined in red. Mend it, or press Escape in it to take it back; then train."
        );
        let (kind, cause) = (NoticeKind::Warning, Some(Cause::RefusedNumber));
        let title = "Nothing is trained yet".to_owned();
        self.session.notice_about(kind, cause, title, text);
        true
    }

    /// Asks for the name and the notes of an experiment.
    fn describe(&mut self, document: Option<DocumentId>) {
        let index = document.and_then(|id| self.session.state.position(id));
        if let Some(document) = index.and_then(|index| self.session.state.documents.get(index)) {
            let details = ExperimentDetails::new(document);
            self.dialog = Some(Dialog::Details(Box::new(details)));
        }
    }

    /// Begins to type what is said of a run, where it stands in the list.
    fn edit_run(&mut self, id: &str, what: RunText, ctx: &egui::Context) {
        if !self.is_shown(Side::Runs, ctx) {
            self.toggle_side(Side::Runs, ctx);
        }
        runs::begin_editing(&mut self.view_context(), id, what);
    }

    fn change_setting(&mut self, change: SettingChange, ctx: &egui::Context) {
        let settings = &mut self.session.settings;
        match change {
            SettingChange::Theme(theme) => {
                settings.set_theme(theme);
                show_theme(ctx, settings);
            }
            SettingChange::InterfaceSize(size) => {
                settings.interface_size = size;
                ctx.set_zoom_factor(size);
            }
            SettingChange::InterfaceStep { larger } => {
                let size = next_interface_size(settings.interface_size, larger);
                self.change_setting(SettingChange::InterfaceSize(size), ctx);
            }
            SettingChange::Threads(threads) => {
                settings.threads = threads;
                self.session.workers.use_threads(threads);
            }
            SettingChange::Notifications(wanted) => settings.notifications = wanted,
            SettingChange::NoveltyRate(rate) => {
                settings.novelty_rate = rate;
                self.session.state.evaluation.novelty_rate = rate;
                self.session.state.prediction.set_novelty_rate(rate);
            }
        }
    }

    /// Opens what was dropped on the window and is of this kind, or says why it can't be.
    pub(in crate::app) fn dropped(
        &mut self,
        kind: DroppedKind,
        path: PathBuf,
        ctx: &egui::Context,
    ) {
        match kind {
            DroppedKind::Preset => self.open_preset(path, ctx),
            DroppedKind::Weights => match self.session.active_id() {
                Some(document) => self.carry_out(Command::UseWeights(document, path), ctx),
                None => self.session.error_about(
                    Cause::NoDocument,
                    "Nothing to load weights into",
                    "open pictures or a preset first, then drop the weights again",
                ),
            },
            DroppedKind::Pictures | DroppedKind::Picture
                if self.predicts_drops() && !sources::is_table(&path) =>
            {
                self.predict(PredictAction::Paths(vec![path]), ctx);
            }
            DroppedKind::Pictures => {
                (self.requests.data).open_dropped(&mut self.session, &path);
            }
            DroppedKind::Picture => self.look_at(path),
            DroppedKind::Runs => self.requests.runs.find(&mut self.session, path),
            DroppedKind::Sweep => self.sweep(SweepAction::Open(path), ctx),
        }
    }

    /// Queues what can be trained, and asks about what was trained before.
    fn train(&mut self, indices: &[usize]) {
        let repeats = self.session.train(indices);
        if !repeats.is_empty() {
            self.repeating = repeats;
            self.repeating_among = indices.len();
            self.question = Some(Confirmation::Repeat);
        }
    }

    /// Shows a folder, or a file, with the desktop's own program.
    fn open_folder(&mut self, folder: &Path) {
        if !folder.exists() {
            let text = folder.display().to_string();
            let title = "Nothing is kept there yet";
            self.session.notice(NoticeKind::Info, title, text);
            return;
        }
        let opener = desktop_opener::start(folder);
        let folder = folder.to_path_buf();
        let work = move || desktop_opener::wait(opener);
        (self.shown_folder).start("graft-folder", folder, || {}, work);
    }
}
