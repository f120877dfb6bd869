//! Open experiments: new, copied, loaded from presets, saved to them, and the folders that dialogs begin in.

use std::path::{Path, PathBuf};

use super::documents::unused_name;
use super::session::Session;
use super::settings::remember;
use super::state::{Cause, Document, DocumentId, NoticeKind};
use crate::experiment::{DataSource, Experiment, preset};

impl Session {
    pub fn with_active(&mut self, change: impl FnOnce(&mut Document)) {
        if let Some(document) = self.state.documents.get_mut(self.state.active) {
            change(document);
        }
    }

    /// Does something to a document, unless it was closed meanwhile.
    pub fn with_document(&mut self, id: DocumentId, change: impl FnOnce(&mut Document)) {
        if let Some(document) = (self.state.documents.iter_mut()).find(|other| other.id == id) {
            change(document);
        }
    }

    pub fn active_id(&self) -> Option<DocumentId> {
        self.state.active_document().map(|document| document.id)
    }

    pub fn add(&mut self, document: Document) {
        self.state.documents.push(document);
        self.state.active = self.state.documents.len() - 1;
    }

    pub fn new_experiment(&mut self) {
        let mut experiment = Experiment::default();
        if let Some(document) = self.state.active_document() {
            experiment.data = document.experiment.data.clone();
        }
        experiment.name = unused_name(&experiment.name, &self.state.documents);
        self.add(Document::new(experiment, None));
    }

    pub fn duplicate(&mut self) {
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

    /// Closes an experiment, saved or not.
    pub fn close(&mut self, index: usize) {
        self.state.documents.remove(index);
        if self.state.active > index || self.state.active >= self.state.documents.len() {
            self.state.active = self.state.active.saturating_sub(1);
        }
    }

    /// Shows the experiment that was opened from `path`; whether there is one.
    pub fn show_open_preset(&mut self, path: &Path) -> bool {
        let mut documents = self.state.documents.iter();
        let index = documents.position(|document| document.file.as_deref() == Some(path));
        if let Some(index) = index {
            self.state.active = index;
        }
        index.is_some()
    }

    /// Opens a preset that was read, or shows the one that is open already. On an error everything stays as it was.
    pub fn take_preset(&mut self, path: &Path, read: Result<Experiment, preset::PresetError>) {
        if self.show_open_preset(path) {
            return;
        }
        match read {
            Ok(experiment) => {
                let document = Document::new(experiment, Some(path.to_path_buf()));
                self.has_gone(&Cause::Preset(path.to_path_buf()));
                self.note_folder(path);
                remember(&mut self.state.recent_presets, path);
                self.add(document);
            }
            Err(problem) => {
                self.state
                    .recent_presets
                    .retain(|recent| recent != path || path.exists());
                let cause = Cause::Preset(path.to_path_buf());
                self.error_about(cause, "A preset can't be used", problem.to_string());
            }
        }
    }

    pub fn open_shipped(&mut self, name: &str) {
        let Some((file, text)) = preset::shipped().iter().find(|(file, _)| *file == name) else {
            return;
        };
        match preset::parse(text, Path::new(file)) {
            Ok(mut experiment) => {
                // A recipe goes onto the pictures that are open; a preset with pictures of its own keeps them.
                if experiment.data.source == DataSource::Unset
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

    /// Wherever it lies.
    pub fn save_surely(&mut self, index: usize, path: &Path) -> bool {
        let Some(document) = self.state.documents.get_mut(index) else {
            return false;
        };
        let cause = Cause::Saving(document.id);
        match document.save_to(path) {
            Ok(()) => {
                self.has_gone(&cause);
                self.note_folder(path);
                remember(&mut self.state.recent_presets, path);
                self.log(NoticeKind::Info, format!("saved {}", path.display()));
                true
            }
            Err(reason) => {
                self.error_about(
                    cause,
                    "The preset is not saved",
                    format!("{reason}. Choose another place with Save as."),
                );
                false
            }
        }
    }

    /// Opens the exact experiment of the run in `folder` as a new one.
    pub fn experiment_of_run(&mut self, folder: &Path) {
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

    /// The next dialog begins there; which folder a file stands in is asked by the dialog, away from the interface thread.
    pub fn note_folder(&mut self, path: &Path) {
        if path.is_absolute() {
            self.settings.last_folder = Some(path.to_path_buf());
        }
    }

    pub fn preset_folder(&self) -> Option<PathBuf> {
        let recent = self
            .state
            .recent_presets
            .first()
            .and_then(|path| path.parent())
            .map(Path::to_path_buf);
        // Whether it is there is asked by the dialog, away from the interface thread.
        recent.or_else(|| Some(self.paths.presets.clone()))
    }

    pub fn pictures_folder(&self) -> Option<PathBuf> {
        let recent = self
            .state
            .recent_pictures
            .first()
            .and_then(|path| path.parent())
            .map(Path::to_path_buf);
        recent.or_else(|| self.settings.last_folder.clone())
    }
}
