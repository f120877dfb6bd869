//! Commands become deeds: between frames, never while drawing.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::command::{Command, View};
use super::dialogs::{Ask, Purpose};
use super::documents::{file_name, unused_name};
use super::palette::Palette;
use super::settings::{self, remember};
use super::shell::{Closing, Graft, PreviewKey, ScanKey};
use super::sources::{self, Kind};
use super::state::{Document, NoticeKind, RecordState, RunRecord, Scan};
use crate::experiment::{DataSource, Experiment, WeightsSource, preset};
use crate::worker::messages::{Question, RunId, StartRun, TrainingCommand};

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 192;
/// The side of a previewed square, in pixels.
const PREVIEW: u32 = 224;

impl Graft {
    pub(super) fn carry_out(&mut self, command: Command, ctx: &egui::Context) {
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
            Command::Edit { experiment, merge } => {
                self.with_active(|document| document.edit(*experiment, merge))
            }
            Command::Undo => self.with_active(|document| _ = document.undo()),
            Command::Redo => self.with_active(|document| _ = document.redo()),
            Command::Reset => self.with_active(Document::reset),

            Command::OpenPresetDialog => self.files.ask(Purpose::Preset, self.preset_folder(), ctx),
            Command::OpenPreset(path) => self.open_preset(&path),
            Command::OpenShippedPreset(name) => self.open_shipped(name),
            Command::Save => self.save(ctx),
            Command::SaveAsDialog => self.save_as_dialog(ctx),
            Command::SaveAs(path) => {
                let saved = self.save_as(&path);
                if let Some(question) = self.after_saving.take()
                    && saved
                {
                    self.go_on_saving(question, ctx);
                }
            }

            Command::OpenPicturesDialog => {
                self.files
                    .ask(Purpose::Pictures, self.pictures_folder(), ctx)
            }
            Command::OpenTableDialog => self.files.ask(Purpose::Table, self.pictures_folder(), ctx),
            Command::OpenPictures(path) => self.open_pictures(&path),
            Command::Rescan => {
                self.asked.scan = None;
                self.state.scan = Scan::None;
            }
            Command::StopScan => self.workers.ask(Question::StopScan),
            Command::WeightsDialog => {
                self.files
                    .ask(Purpose::Weights, self.settings.last_folder.clone(), ctx)
            }
            Command::UseWeights(path) => {
                self.note_folder(&path);
                self.with_active(|document| {
                    let mut experiment = document.experiment.clone();
                    experiment.backbone.weights = WeightsSource::File(path);
                    document.edit(experiment, "");
                });
            }
            Command::MeasureAgain => {
                self.state.speeds.clear();
                self.settings.speeds.clear();
                self.asked.unmeasurable.clear();
            }
            Command::WantThumbnails(indices) => self.want_thumbnails(&indices),
            Command::WantSeen(index) => self.want_seen(index),
            Command::WantPreview { index, seed, count } => self.want_preview(index, seed, count),
            Command::Dropped(path) => match sources::kind(&path) {
                Kind::Preset => self.open_preset(&path),
                Kind::Weights if self.state.documents.is_empty() => {
                    self.error(
                        "Nothing to load weights into",
                        "open pictures or a preset first, then drop the weights again",
                    );
                }
                Kind::Weights => self.carry_out(Command::UseWeights(path), ctx),
                Kind::Pictures => self.open_pictures(&path),
            },

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
                runs: self.places.runs.clone(),
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
                self.files
                    .ask(Purpose::Figures, self.settings.last_folder.clone(), ctx)
            }
            Command::ExportFolder(folder) => {
                self.exports.local.folder = folder.display().to_string();
            }
            Command::Export { folder, options } => self.export(folder, *options, ctx),
            Command::StopExport => self.stop_export(),
            Command::CopyFigure { kind, run } => self.copy_figure(kind, run, ctx),

            Command::ShowGallery(filter) => self.show_gallery(filter),
            Command::WantGallery(wants) => self.want_gallery(&wants),
            Command::Gallery(deed) => self.do_gallery(deed),

            Command::ShowView(view) => {
                // A command may have fetched weights meanwhile.
                if view == View::Backbones {
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
            Command::ResetArrangement => self.views = settings::default_views(),
            Command::CopyText(text) => ctx.copy_text(text),
            Command::DismissNotice(id) => self.state.notices.retain(|notice| notice.id != id),
            Command::ClearLog => self.state.log.clear(),
            Command::Quit => {
                if self.must_ask_before_closing() {
                    self.question = Some(Ask::Quit);
                } else {
                    self.closing = Closing::Now;
                    ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                }
            }
        }
    }

    fn with_active(&mut self, deed: impl FnOnce(&mut Document)) {
        if let Some(document) = self.state.documents.get_mut(self.state.active) {
            deed(document);
        }
    }

    fn add(&mut self, document: Document) {
        self.state.documents.push(document);
        self.state.active = self.state.documents.len() - 1;
    }

    fn new_experiment(&mut self) {
        let mut experiment = Experiment::default();
        if let Some(document) = self.state.active_document() {
            experiment.data = document.experiment.data.clone();
        }
        experiment.name = unused_name(&experiment.name, &self.state.documents);
        self.add(Document::new(experiment, None));
    }

    fn duplicate(&mut self) {
        let Some(document) = self.state.active_document() else {
            return;
        };
        let mut experiment = document.experiment.clone();
        experiment.name = unused_name(&experiment.name, &self.state.documents);
        // Beside the same file's folder, so that relative paths keep their meaning.
        let mut copy = Document::new(experiment, None);
        copy.adopt_base(document);
        self.add(copy);
    }

    /// Closes an experiment; asks first when it has unsaved changes, unless `surely`.
    pub(super) fn close(&mut self, index: usize, surely: bool) {
        let Some(document) = self.state.documents.get(index) else {
            return;
        };
        if document.is_changed() && !surely {
            self.question = Some(Ask::Close(index));
            return;
        }
        self.state.documents.remove(index);
        if self.state.active > index || self.state.active >= self.state.documents.len() {
            self.state.active = self.state.active.saturating_sub(1);
        }
    }

    /// Opens a preset, or shows the one that is open already. On an error everything stays as it was.
    pub(super) fn open_preset(&mut self, path: &Path) {
        if let Some(index) = self
            .state
            .documents
            .iter()
            .position(|document| document.file.as_deref() == Some(path))
        {
            self.state.active = index;
            return;
        }
        match Document::load(path) {
            Ok(document) => {
                self.note_folder(path);
                remember(&mut self.state.recent_presets, path);
                self.add(document);
            }
            Err(problem) => {
                self.state
                    .recent_presets
                    .retain(|recent| recent != path || path.exists());
                self.error("A preset can't be used", problem.to_string());
            }
        }
    }

    fn open_shipped(&mut self, name: &str) {
        let Some((file, text)) = preset::shipped().iter().find(|(file, _)| *file == name) else {
            return;
        };
        match preset::parse(text, Path::new(file)) {
            Ok(mut experiment) => {
                // A recipe goes onto the pictures that are open; a preset with pictures of its own keeps them.
                if experiment.data.source == crate::experiment::DataSource::Unset
                    && let Some(document) = self.state.active_document()
                {
                    experiment.data.source = document.experiment.data.source.clone();
                    experiment.data.classes = document.experiment.data.classes.clone();
                }
                experiment.name = unused_name(&experiment.name, &self.state.documents);
                self.add(Document::new(experiment, None));
            }
            Err(problem) => self.error("A preset can't be used", problem.to_string()),
        }
    }

    fn save(&mut self, ctx: &egui::Context) {
        let Some(document) = self.state.active_document() else {
            return;
        };
        match document.file.clone() {
            Some(file) => drop(self.save_as(&file)),
            None => self.save_as_dialog(ctx),
        }
    }

    fn save_as_dialog(&mut self, ctx: &egui::Context) {
        let Some(document) = self.state.active_document() else {
            return;
        };
        let name = match document.file.as_deref().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => file_name(&document.experiment.name),
        };
        let folder = document.base().or_else(|| self.preset_folder());
        self.files.ask(Purpose::Save { name }, folder, ctx);
    }

    /// Whether it was written.
    pub(super) fn save_as(&mut self, path: &Path) -> bool {
        self.save_document(self.state.active, path)
    }

    pub(super) fn save_document(&mut self, index: usize, path: &Path) -> bool {
        let path = if path.extension().is_none() {
            path.with_extension("ron")
        } else {
            path.to_path_buf()
        };
        let Some(document) = self.state.documents.get_mut(index) else {
            return false;
        };
        match document.save_to(&path) {
            Ok(()) => {
                self.note_folder(&path);
                remember(&mut self.state.recent_presets, &path);
                self.log(NoticeKind::Info, format!("saved {}", path.display()));
                true
            }
            Err(reason) => {
                self.error(
                    "The preset is not saved",
                    format!("{reason}. Choose another place with Save as."),
                );
                false
            }
        }
    }

    fn open_pictures(&mut self, path: &Path) {
        self.workers.ask(Question::Recognise {
            path: path.to_path_buf(),
        });
    }

    /// Pictures that were asked for have been found, or not.
    pub(super) fn use_pictures(&mut self, path: &Path, source: Result<DataSource, String>) {
        let source = match source {
            Ok(source) => source,
            Err(reason) => {
                self.state.recent_pictures.retain(|recent| recent != path);
                self.error("These are no pictures sorted by class", reason);
                return;
            }
        };
        self.note_folder(path);
        remember(&mut self.state.recent_pictures, path);
        if self.state.documents.is_empty() {
            let mut experiment = Experiment::default();
            experiment.data.source = source;
            self.add(Document::new(experiment, None));
        } else {
            // Experiments that are trained together are compared on the same pictures.
            let before = self
                .state
                .active_document()
                .map(|document| document.experiment.data.source.clone());
            for document in &mut self.state.documents {
                if Some(&document.experiment.data.source) == before.as_ref() {
                    let mut experiment = document.experiment.clone();
                    experiment.data.source = source.clone();
                    experiment.data.classes.clear();
                    document.edit(experiment, "");
                }
            }
        }
        self.show_view(View::Data);
    }

    fn want_thumbnails(&mut self, indices: &[usize]) {
        let Scan::Done { dataset, .. } = &self.state.scan else {
            return;
        };
        for &index in indices {
            if index < dataset.pictures.len()
                && !self.state.thumbnails.contains_key(&index)
                && self.asked.thumbnails.insert(index)
            {
                self.workers.ask(Question::Thumbnail {
                    dataset: dataset.clone(),
                    index,
                    side: THUMBNAIL,
                });
            }
        }
    }

    fn want_seen(&mut self, index: usize) {
        let Scan::Done { dataset, .. } = &self.state.scan else {
            return;
        };
        let Some(document) = self.state.active_document() else {
            return;
        };
        let backbone = &document.experiment.backbone;
        let wanted = (index, backbone.name.clone(), backbone.weights.clone());
        if self.asked.seen.as_ref() == Some(&wanted) {
            return;
        }
        self.workers.ask(Question::Classify {
            dataset: dataset.clone(),
            index,
            backbone: backbone.name.clone(),
            weights: backbone.weights.clone(),
            base: document.base(),
        });
        self.asked.seen = Some(wanted);
    }

    fn want_preview(&mut self, index: usize, seed: u64, count: u32) {
        let Scan::Done { dataset, .. } = &self.state.scan else {
            return;
        };
        let Some(document) = self.state.active_document() else {
            return;
        };
        let key = PreviewKey {
            dataset: std::sync::Arc::downgrade(dataset),
            index,
            seed,
            count,
            augmentation: document.experiment.augmentation.clone(),
            fit: document.experiment.data.fit,
        };
        if self
            .asked
            .preview
            .as_ref()
            .is_some_and(|asked| asked.is(&key))
        {
            return;
        }
        self.workers.ask(Question::Augment {
            dataset: dataset.clone(),
            index,
            augmentation: Box::new(key.augmentation.clone()),
            fit: key.fit,
            side: PREVIEW,
            seed,
            count,
        });
        self.asked.preview = Some(key);
    }

    /// Queues the documents `indices`, in order; says why where one can't be trained.
    fn train(&mut self, indices: &[usize]) {
        let mut queued = false;
        for &index in indices {
            if self.can_be_trained(index) {
                queued |= self.start(index);
            }
        }
        if queued {
            self.show_view(View::Curves);
        }
    }

    /// Whether document `index` can be trained; says why where it can't.
    pub(super) fn can_be_trained(&mut self, index: usize) -> bool {
        let Some(document) = self.state.documents.get(index) else {
            return false;
        };
        let name = document.experiment.name.clone();
        if document.experiment.data.source == DataSource::Unset {
            self.error(
                format!("{name} has no pictures yet"),
                "open a folder of pictures sorted by class, or a table",
            );
            return false;
        }
        if let Some(problem) = document.problems.first() {
            let text = format!("{} {}", problem.field, problem.message);
            self.state.active = index;
            self.error(format!("{name} can't be trained as it is"), text);
            return false;
        }
        true
    }

    fn start(&mut self, index: usize) -> bool {
        let experiment = match self.state.documents.get(index) {
            Some(document) => document.experiment.clone(),
            None => return false,
        };
        self.start_as(index, experiment).is_some()
    }

    /// Queues `experiment`, a variant of document `index` on the same pictures.
    pub(super) fn start_as(&mut self, index: usize, experiment: Experiment) -> Option<RunId> {
        let document = self.state.documents.get(index)?;
        let key = ScanKey::of(document);
        let dataset = match &self.state.scan {
            Scan::Done { dataset, .. }
                if self
                    .asked
                    .scan
                    .as_ref()
                    .is_some_and(|asked| asked.same_pictures(&key)) =>
            {
                Some(dataset.clone())
            }
            _ => None,
        };
        let run = RunId(self.next_run);
        self.next_run += 1;
        let start = StartRun {
            run,
            experiment,
            base: document.base(),
            dataset,
            runs: self.places.runs.clone(),
            resume: None,
            device: self.state.device.clone(),
        };
        let record = RunRecord {
            id: format!("queued-{}", run.0),
            run: Some(run),
            folder: None,
            name: start.experiment.name.clone(),
            state: RecordState::Queued,
            metrics: Vec::new(),
            phase_starts: Vec::new(),
            epochs_planned: start.experiment.epochs(),
            progress: None,
            summary: None,
            color: self.next_color,
            shown: true,
            warnings: Vec::new(),
            movement: Default::default(),
        };
        if let Err(reason) = self.workers.send(TrainingCommand::Start(Box::new(start))) {
            self.error(format!("{} is not queued", record.name), reason);
            return None;
        }
        self.next_color += 1;
        self.state.runs.push(record);
        Some(run)
    }

    pub(super) fn tell_trainer(&mut self, command: TrainingCommand) {
        if let Err(reason) = self.workers.send(command) {
            self.error("Training does not answer", reason);
        }
    }

    /// Empties the queue from its end, then stops the run under way.
    pub(super) fn stop_all(&mut self) {
        let live: Vec<RunId> = self
            .state
            .runs
            .iter()
            .rev()
            .filter(|run| run.is_live())
            .filter_map(|run| run.run)
            .collect();
        for run in live {
            self.tell_trainer(TrainingCommand::Stop(run));
        }
        if self.state.paused {
            self.state.paused = false;
            self.tell_trainer(TrainingCommand::Pause(false));
        }
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
        self.show_view(View::Results);
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
        match preset::load(&folder.join("preset.ron")) {
            Ok(mut experiment) => {
                experiment.name = unused_name(&experiment.name, &self.state.documents);
                self.add(Document::new(experiment, None));
            }
            Err(problem) => self.error(
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

    pub(super) fn note_folder(&mut self, path: &Path) {
        let folder = if path.is_dir() {
            Some(path)
        } else {
            path.parent()
        };
        if let Some(folder) = folder.filter(|folder| folder.is_absolute()) {
            self.settings.last_folder = Some(folder.to_path_buf());
        }
    }

    fn preset_folder(&self) -> Option<PathBuf> {
        let recent = self
            .state
            .recent_presets
            .first()
            .and_then(|path| path.parent())
            .map(Path::to_path_buf);
        recent
            .or_else(|| Some(self.places.presets.clone()))
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

impl PreviewKey {
    fn is(&self, other: &Self) -> bool {
        self.dataset.ptr_eq(&other.dataset)
            && (self.index, self.seed, self.count, self.fit)
                == (other.index, other.seed, other.count, other.fit)
            && self.augmentation == other.augmentation
    }
}
