//! Commands become deeds: between frames, never while drawing.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::dialogs::{Confirmation, Purpose};
use super::palette::Palette;
use crate::app::core::command::Command;
use crate::app::core::documents::unused_name;
use crate::app::core::settings::{self, remember};
use crate::app::core::sources::{self, Kind};
use crate::app::core::state::{Cause, Document, DocumentId, NoticeKind, Scan};
use crate::app::core::view_id::ViewId;
use crate::app::features;
use crate::app::shell::{Closing, Graft};
use crate::experiment::{DataSource, Experiment, WeightsSource, preset};
use crate::worker::messages::{Question, TrainingCommand};

impl Graft {
    pub(in crate::app) fn carry_out(&mut self, command: Command, ctx: &egui::Context) {
        match command {
            Command::NewExperiment => self.new_experiment(),
            Command::DuplicateExperiment => self.duplicate(),
            Command::CloseExperiment(index) => self.close(index, false),
            Command::CloseActive => self.close(self.state.active, false),
            Command::SelectExperiment(index) => {
                if index < self.state.documents.len() {
                    self.state.active = index;
                }
            }
            Command::IncludeExperiment(index, included) => {
                if let Some(document) = self.state.documents.get_mut(index) {
                    document.included = included;
                }
            }
            Command::Edit {
                document,
                before,
                experiment,
                merge,
            } => {
                // What failed was another experiment.
                self.has_gone(&Cause::Run(before.name.clone()));
                self.with_document(document, |document| {
                    document.apply(&before, *experiment, merge);
                });
            }
            Command::Undo => self.with_active(|document| _ = document.undo()),
            Command::Redo => self.with_active(|document| _ = document.redo()),
            Command::Reset => self.with_active(Document::reset),

            Command::OpenPresetDialog => self.files.ask(Purpose::Preset, self.preset_folder(), ctx),
            Command::OpenPreset(path) => self.open_preset(&path),
            Command::OpenShippedPreset(name) => self.open_shipped(name),
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
                let purpose = Purpose::Pictures(self.active_id());
                self.files.ask(purpose, self.pictures_folder(), ctx)
            }
            Command::OpenTableDialog => {
                let purpose = Purpose::Table(self.active_id());
                self.files.ask(purpose, self.pictures_folder(), ctx)
            }
            Command::OpenPictures(path) => self.open_pictures(&path, self.active_id()),
            Command::OpenPicturesFor(document, path) => self.open_pictures(&path, document),
            Command::Rescan => {
                // Files may have been mended: what could not be shown is asked for again.
                self.state.thumbnails.retain(|_, pixels| pixels.is_ok());
                let thumbnails = &self.state.thumbnails;
                let asked = &mut self.asked.thumbnails;
                asked.retain(|index| thumbnails.contains_key(index));
                self.state.preview = None;
                self.asked.preview = None;
                self.asked.scan = None;
                self.asked.table = None;
                self.state.scan = Scan::None;
            }
            Command::StopScan => self.workers.ask(Question::StopScan),
            Command::WeightsDialog => {
                if let Some(document) = self.active_id() {
                    let folder = self.settings.last_folder.clone();
                    self.files.ask(Purpose::Weights(document), folder, ctx);
                }
            }
            Command::UseWeights(document, path) => {
                self.note_folder(&path);
                self.with_document(document, |document| {
                    let mut experiment = document.experiment.clone();
                    experiment.backbone.weights = WeightsSource::File(path);
                    document.edit(experiment, "");
                });
            }
            Command::MeasureAgain => {
                self.state.speeds.clear();
                self.settings.speeds.clear();
                self.asked.unmeasurable.clear();
                self.asked.repeats = Default::default();
            }
            Command::WantThumbnails(indices) => self.want_thumbnails(&indices),
            Command::WantSeen(source) => self.want_seen(source),
            Command::WantPreview { index, seed, count } => self.want_preview(index, seed, count),
            Command::Dropped(path) => self.dropped(path, ctx),

            Command::Train => {
                let included: Vec<usize> = (0..self.state.documents.len())
                    .filter(|&index| self.state.documents[index].included)
                    .collect();
                self.train(&included);
            }
            Command::TrainActive => self.train(&[self.state.active]),
            Command::CompareBothWays => self.compare_both_ways(),
            Command::CompareSeeds(seeds) => self.state.compare_seeds = seeds,
            Command::CompareRuns(ids) => self.compare_runs(ids),
            Command::EvaluateRun(id, split) => self.evaluate_run(&id, split, true),
            Command::WantEvaluation(id, split) => self.evaluate_run(&id, split, false),
            Command::WantIntervals(key) => self.want_intervals(key),
            Command::StopEvaluation => self.stop_evaluation(),
            Command::ShowSplit(split) => self.state.shown_split = Some(split),
            Command::UseRemedy { folder, index } => self.use_remedy(&folder, index),
            Command::AddToComparison(id) => {
                let mut ids = self.state.comparison.chosen.clone();
                if !ids.contains(&id) {
                    ids.push(id);
                }
                self.compare_runs(ids);
            }
            Command::Pause(paused) => {
                self.state.paused = paused && self.state.is_training();
                self.tell_trainer(TrainingCommand::Pause(self.state.paused));
            }
            Command::StopRun(run) => self.tell_trainer(TrainingCommand::Stop(run)),
            Command::StopAll => self.stop_all(),
            Command::ChooseDevice(device) => self.state.device = device,

            Command::RefreshRuns => self.workers.ask(Question::ListRuns {
                runs: self.paths.runs.clone(),
            }),
            Command::OpenRun(folder) => self.open_run(&folder),
            Command::SelectRun(id) => {
                let folder = self
                    .state
                    .runs
                    .iter()
                    .find(|run| run.id == id)
                    .and_then(|run| run.folder.clone());
                if let Some(folder) = folder {
                    self.load_run(&folder);
                }
                self.state.selected_run = Some(id);
            }
            Command::ShowRun(id, shown) => self.show_run(&id, shown),
            Command::OpenFolder(folder) => self.open_folder(&folder),
            Command::ResumeRun(folder) => self.resume_run(&folder),
            Command::ExperimentOfRun(folder) => self.experiment_of_run(&folder),
            Command::ExportFiguresDialog => self.open_export(),
            Command::ExportFolderDialog => {
                // Not where the pictures were opened last.
                let folder = (self.settings.last_figures.clone())
                    .filter(|folder| folder.is_dir())
                    .unwrap_or_else(|| self.paths.runs.clone());
                self.files.ask(Purpose::Figures, Some(folder), ctx)
            }
            Command::ExportFolder(folder) => {
                self.exports.local.folder = folder.display().to_string();
            }
            Command::Export {
                folder,
                options,
                among_pictures,
            } => self.export(folder, *options, among_pictures, ctx),
            Command::StopExport => self.stop_export(),
            Command::CopyFigure { kind, run } => self.copy_figure(kind, run, ctx),

            Command::SetFeatureLimit(bytes) => self.set_feature_limit(bytes),
            Command::ClearFeatures => self.question = Some(Confirmation::ClearFeatures),
            Command::ShowGallery(filter) => self.show_gallery(filter),
            Command::WantGallery(wants) => self.want_gallery(&wants),
            Command::Gallery(deed) => self.do_gallery(deed),

            Command::ShowView(view) => {
                // A command may have fetched weights meanwhile.
                if view == ViewId::BACKBONES {
                    self.workers.ask(Question::StoredWeights);
                }
                self.show_view(view);
            }
            Command::TogglePalette => {
                self.palette = if self.palette.is_some() {
                    None
                } else {
                    Some(Palette::default())
                };
            }
            Command::ToggleWarnings => self.warnings_open = !self.warnings_open,
            Command::ClearWarnings => {
                for run in &mut self.state.runs {
                    run.warnings.clear();
                }
                self.warnings_open = false;
            }
            Command::ToggleTheme => {
                self.settings.dark = !self.settings.dark;
                ctx.set_theme(if self.settings.dark {
                    egui::Theme::Dark
                } else {
                    egui::Theme::Light
                });
            }
            Command::ResetArrangement => {
                self.views = settings::default_views(&features::view_ids())
            }
            Command::CopyText(text) => ctx.copy_text(text),
            Command::DismissNotice(id) => self.state.notices.retain(|notice| notice.id != id),
            Command::ClearLog => self.state.log.clear(),
            Command::Quit => {
                if self.must_ask_before_closing() {
                    self.question = Some(Confirmation::Quit);
                } else {
                    self.closing = Closing::Now;
                    ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                }
            }
        }
    }

    /// Opens what was dropped on the window, or says why it can't be.
    fn dropped(&mut self, path: PathBuf, ctx: &egui::Context) {
        match sources::kind(&path) {
            Kind::Preset => self.open_preset(&path),
            Kind::Weights => match self.active_id() {
                Some(document) => self.carry_out(Command::UseWeights(document, path), ctx),
                None => self.error_about(
                    Cause::NoDocument,
                    "Nothing to load weights into",
                    "open pictures or a preset first, then drop the weights again",
                ),
            },
            Kind::Pictures => self.open_pictures(&path, self.active_id()),
            Kind::Picture => self.look_at(path),
        }
    }

    /// `document`: the one that they are for; a new one without.
    fn open_pictures(&mut self, path: &Path, document: Option<DocumentId>) {
        self.asked.pictures.insert(path.to_path_buf(), document);
        self.workers.ask(Question::Recognise {
            path: path.to_path_buf(),
        });
    }

    /// Pictures that were asked for have been found, or not.
    pub(in crate::app) fn use_pictures(&mut self, path: &Path, source: Result<DataSource, String>) {
        let wanted = self.asked.pictures.remove(path);
        let wanted = wanted.unwrap_or_else(|| self.active_id());
        let source = match source {
            Ok(source) => source,
            Err(reason) => {
                self.state.recent_pictures.retain(|recent| recent != path);
                self.error_about(
                    Cause::Pictures,
                    "These are no pictures sorted by class",
                    reason,
                );
                return;
            }
        };
        self.has_gone(&Cause::Pictures);
        let active = self.state.active_document();
        if let Some(name) = active.map(|document| document.experiment.name.clone()) {
            self.has_gone(&Cause::Run(name));
        }
        self.note_folder(path);
        remember(&mut self.state.recent_pictures, path);
        // Experiments that are trained together are compared on the same pictures.
        let before = wanted
            .and_then(|id| self.state.position(id))
            .map(|index| self.state.documents[index].experiment.data.source.clone());
        match before {
            // None was open, or the one that they were chosen for is closed.
            None => {
                let mut experiment = Experiment::default();
                experiment.data.source = source;
                experiment.name = unused_name(&experiment.name, &self.state.documents);
                self.add(Document::new(experiment, None));
            }
            Some(before) => {
                let mut names = Vec::new();
                for document in &mut self.state.documents {
                    if document.experiment.data.source == before {
                        let mut experiment = document.experiment.clone();
                        experiment.data.take_source(source.clone());
                        names.push(experiment.name.clone());
                        document.edit(experiment, "");
                    }
                }
                if names.len() > 1 && source != before {
                    let title = format!("{} experiments have these pictures now", names.len());
                    let text = format!(
                        "{} had the same ones before, so that they can be compared. Undo takes them back in the one that is \
                         shown.",
                        names.join(", ")
                    );
                    self.notice(NoticeKind::Info, title, text);
                }
            }
        }
        self.show_view(ViewId::DATA);
    }

    fn open_run(&mut self, folder: &Path) {
        self.load_run(folder);
        if let Some(record) = self
            .state
            .runs
            .iter_mut()
            .find(|record| record.folder.as_deref() == Some(folder))
        {
            record.shown = true;
            self.state.selected_run = Some(record.id.clone());
        }
        self.show_view(ViewId::RESULTS);
    }

    fn show_run(&mut self, id: &str, shown: bool) {
        let Some(record) = self.state.runs.iter_mut().find(|record| record.id == id) else {
            return;
        };
        record.shown = shown;
        if let Some(folder) = record.folder.clone().filter(|_| shown) {
            self.load_run(&folder);
        }
    }

    fn experiment_of_run(&mut self, folder: &Path) {
        let cause = Cause::RunFolder(folder.to_path_buf());
        match preset::load(&folder.join("preset.ron")) {
            Ok(mut experiment) => {
                self.has_gone(&cause);
                experiment.name = unused_name(&experiment.name, &self.state.documents);
                self.add(Document::new(experiment, None));
            }
            Err(problem) => self.error_about(
                cause,
                "The experiment of this run can't be opened",
                problem.to_string(),
            ),
        }
    }

    /// Shows a folder in the desktop's file manager.
    fn open_folder(&mut self, folder: &Path) {
        let opener = if cfg!(target_os = "macos") {
            "open"
        } else if cfg!(windows) {
            "explorer"
        } else {
            "xdg-open"
        };
        let spawned = std::process::Command::new(opener)
            .arg(folder)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .and_then(|mut child| {
                // Its end is awaited, or it would stay behind as a zombie.
                std::thread::Builder::new()
                    .name("graft-folder".into())
                    .spawn(move || drop(child.wait()))
            });
        if spawned.is_err() {
            self.notice(
                NoticeKind::Info,
                "The folder is here",
                folder.display().to_string(),
            );
        }
    }

    pub(in crate::app) fn note_folder(&mut self, path: &Path) {
        let folder = if path.is_dir() {
            Some(path)
        } else {
            path.parent()
        };
        if let Some(folder) = folder.filter(|folder| folder.is_absolute()) {
            self.settings.last_folder = Some(folder.to_path_buf());
        }
    }

    pub(in crate::app) fn preset_folder(&self) -> Option<PathBuf> {
        let recent = self
            .state
            .recent_presets
            .first()
            .and_then(|path| path.parent())
            .map(Path::to_path_buf);
        recent
            .or_else(|| Some(self.paths.presets.clone()))
            .filter(|folder| folder.is_dir())
    }

    fn pictures_folder(&self) -> Option<PathBuf> {
        let recent = self
            .state
            .recent_pictures
            .first()
            .and_then(|path| path.parent())
            .map(Path::to_path_buf);
        recent
            .or_else(|| self.settings.last_folder.clone())
            .filter(|folder| folder.is_dir())
    }
}
