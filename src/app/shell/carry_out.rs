//! Commands become deeds: between frames, never while drawing.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::dialogs::{Confirmation, Purpose};
use super::palette::Palette;
use crate::app::core::command::Command;
use crate::app::core::settings;
use crate::app::core::sources::{self, Kind};
use crate::app::core::state::{Cause, Document, DocumentId, NoticeKind};
use crate::app::core::view_id::ViewId;
use crate::app::features;
use crate::app::features::gallery;
use crate::app::shell::{Closing, Graft};
use crate::experiment::WeightsSource;
use crate::worker::messages::{Question, TrainingCommand};

impl Graft {
    pub(in crate::app) fn carry_out(&mut self, command: Command, ctx: &egui::Context) {
        match command {
            Command::NewExperiment => self.session.new_experiment(),
            Command::DuplicateExperiment => self.session.duplicate(),
            Command::CloseExperiment(index) => self.close(index, false),
            Command::CloseActive => self.close(self.session.state.active, false),
            Command::SelectExperiment(index) => {
                if index < self.session.state.documents.len() {
                    self.session.state.active = index;
                }
            }
            Command::IncludeExperiment(index, included) => {
                if let Some(document) = self.session.state.documents.get_mut(index) {
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
                self.session.has_gone(&Cause::Run(before.name.clone()));
                self.session.with_document(document, |document| {
                    document.apply(&before, *experiment, merge);
                });
            }
            Command::Undo => self.session.with_active(|document| _ = document.undo()),
            Command::Redo => self.session.with_active(|document| _ = document.redo()),
            Command::Reset => self.session.with_active(Document::reset),

            Command::OpenPresetDialog => {
                self.files
                    .ask(Purpose::Preset, self.session.preset_folder(), ctx)
            }
            Command::OpenPreset(path) => self.session.open_preset(&path),
            Command::OpenShippedPreset(name) => self.session.open_shipped(name),
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
                let purpose = Purpose::Pictures(self.session.active_id());
                self.files.ask(purpose, self.session.pictures_folder(), ctx)
            }
            Command::OpenTableDialog => {
                let purpose = Purpose::Table(self.session.active_id());
                self.files.ask(purpose, self.session.pictures_folder(), ctx)
            }
            Command::OpenPictures(path) => self.open_pictures(&path, self.session.active_id()),
            Command::OpenPicturesFor(document, path) => self.open_pictures(&path, document),
            Command::Rescan => {
                self.session.rescan();
                self.requests.data.forget_table();
            }
            Command::StopScan => self.session.stop_scan(),
            Command::WeightsDialog => {
                if let Some(document) = self.session.active_id() {
                    let folder = self.session.settings.last_folder.clone();
                    self.files.ask(Purpose::Weights(document), folder, ctx);
                }
            }
            Command::UseWeights(document, path) => {
                self.session.note_folder(&path);
                self.session.with_document(document, |document| {
                    let mut experiment = document.experiment.clone();
                    experiment.backbone.weights = WeightsSource::File(path);
                    document.edit(experiment, "");
                });
            }
            Command::MeasureAgain => {
                (self.requests.backbone.speeds).measure_again(&mut self.session)
            }
            Command::WantThumbnails(indices) => {
                (self.requests.data).want_thumbnails(&mut self.session, &indices)
            }
            Command::WantSeen(source) => {
                self.requests.backbone.want_seen(&mut self.session, source)
            }
            Command::WantPreview { index, seed, count } => {
                (self.requests.augmentation).want_preview(&mut self.session, index, seed, count)
            }
            Command::Dropped(path) => self.dropped(path, ctx),

            Command::Train => {
                let included: Vec<usize> = (0..self.session.state.documents.len())
                    .filter(|&index| self.session.state.documents[index].included)
                    .collect();
                self.train(&included);
            }
            Command::TrainActive => self.train(&[self.session.state.active]),
            Command::CompareBothWays => self.requests.compare.compare_both_ways(&mut self.session),
            Command::CompareSeeds(seeds) => self.session.state.compare_seeds = seeds,
            Command::CompareRuns(ids) => {
                (self.requests.compare).compare_runs(&mut self.session, ids)
            }
            Command::EvaluateRun(id, split) => {
                (self.requests.evaluation).evaluate(&mut self.session, &id, split, true)
            }
            Command::WantEvaluation(id, split) => {
                (self.requests.evaluation).evaluate(&mut self.session, &id, split, false)
            }
            Command::WantIntervals(key) => {
                (self.requests.evaluation).want_intervals(&mut self.session, &key, ctx)
            }
            Command::StopEvaluation => self.requests.evaluation.stop(&mut self.session),
            Command::ShowSplit(split) => self.session.state.shown_split = Some(split),
            Command::UseRemedy { folder, index } => {
                (self.requests.evaluation).use_remedy(&mut self.session, &folder, index)
            }
            Command::AddToComparison(id) => self.requests.compare.add(&mut self.session, id),
            Command::Pause(paused) => {
                self.session.state.paused = paused && self.session.state.is_training();
                self.session
                    .tell_trainer(TrainingCommand::Pause(self.session.state.paused));
            }
            Command::StopRun(run) => self.session.tell_trainer(TrainingCommand::Stop(run)),
            Command::StopAll => self.session.stop_all(),
            Command::ChooseDevice(device) => self.session.state.device = device,

            Command::RefreshRuns => self.session.list_runs(),
            Command::OpenRun(folder) => self.requests.runs.open(&mut self.session, &folder),
            Command::SelectRun(id) => self.requests.runs.select(&mut self.session, id),
            Command::ShowRun(id, shown) => self.requests.runs.show(&mut self.session, &id, shown),
            Command::OpenFolder(folder) => self.open_folder(&folder),
            Command::ResumeRun(folder) => self.requests.runs.resume(&mut self.session, &folder),
            Command::ExperimentOfRun(folder) => self.session.experiment_of_run(&folder),
            Command::ExportFiguresDialog => self.open_export(),
            Command::ExportFolderDialog => {
                // Not where the pictures were opened last.
                let folder = (self.session.settings.last_figures.clone())
                    .filter(|folder| folder.is_dir())
                    .unwrap_or_else(|| self.session.paths.runs.clone());
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

            Command::SetFeatureLimit(bytes) => {
                (self.requests.feature_cache).set_limit(&mut self.session, bytes)
            }
            Command::ClearFeatures => self.question = Some(Confirmation::ClearFeatures),
            Command::ShowGallery(filter) => gallery::requests::show(&mut self.session, filter),
            Command::WantGallery(wants) => gallery::requests::want(&mut self.session, &wants),
            Command::Gallery(action) => gallery::requests::carry_out(&mut self.session, action),

            Command::ShowView(view) => {
                // A command may have fetched weights meanwhile.
                if view == ViewId::BACKBONES {
                    self.session.ask(Question::StoredWeights);
                }
                self.session.show_view(view);
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
                for run in &mut self.session.state.runs {
                    run.warnings.clear();
                }
                self.warnings_open = false;
            }
            Command::ToggleTheme => {
                self.session.settings.dark = !self.session.settings.dark;
                ctx.set_theme(if self.session.settings.dark {
                    egui::Theme::Dark
                } else {
                    egui::Theme::Light
                });
            }
            Command::ResetArrangement => {
                self.views = settings::default_views(&features::view_ids())
            }
            Command::CopyText(text) => ctx.copy_text(text),
            Command::DismissNotice(id) => {
                self.session.state.notices.retain(|notice| notice.id != id)
            }
            Command::ClearLog => self.session.state.log.clear(),
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
            Kind::Preset => self.session.open_preset(&path),
            Kind::Weights => match self.session.active_id() {
                Some(document) => self.carry_out(Command::UseWeights(document, path), ctx),
                None => self.session.error_about(
                    Cause::NoDocument,
                    "Nothing to load weights into",
                    "open pictures or a preset first, then drop the weights again",
                ),
            },
            Kind::Pictures => self.open_pictures(&path, self.session.active_id()),
            Kind::Picture => self.look_at(path),
        }
    }

    fn open_pictures(&mut self, path: &Path, document: Option<DocumentId>) {
        (self.requests.data).open_pictures(&mut self.session, path, document);
    }

    /// Queues what can be trained, and asks about what was trained before.
    fn train(&mut self, indices: &[usize]) {
        let repeats = self.session.train(indices);
        if !repeats.is_empty() {
            self.repeating = repeats;
            self.question = Some(Confirmation::Repeat);
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
            self.session.notice(
                NoticeKind::Info,
                "The folder is here",
                folder.display().to_string(),
            );
        }
    }
}
