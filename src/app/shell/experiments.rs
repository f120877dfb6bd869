//! Open experiments: new, copied, closed, loaded from presets, saved to them.

use std::path::Path;

use eframe::egui;

use super::dialogs::{Confirmation, Purpose};
use crate::app::core::documents::{file_name, unused_name};
use crate::app::core::settings::remember;
use crate::app::core::state::{Cause, Document, DocumentId, NoticeKind};
use crate::app::shell::Graft;
use crate::data::below::{pictures_around, takes_what_appears};
use crate::experiment::{Experiment, preset};

impl Graft {
    pub(in crate::app) fn with_active(&mut self, deed: impl FnOnce(&mut Document)) {
        if let Some(document) = self.state.documents.get_mut(self.state.active) {
            deed(document);
        }
    }

    /// Does something to a document, unless it was closed meanwhile.
    pub(in crate::app) fn with_document(
        &mut self,
        id: DocumentId,
        deed: impl FnOnce(&mut Document),
    ) {
        if let Some(document) = (self.state.documents.iter_mut()).find(|other| other.id == id) {
            deed(document);
        }
    }

    pub(in crate::app) fn active_id(&self) -> Option<DocumentId> {
        self.state.active_document().map(|document| document.id)
    }

    pub(in crate::app) fn add(&mut self, document: Document) {
        self.state.documents.push(document);
        self.state.active = self.state.documents.len() - 1;
    }

    pub(in crate::app) fn new_experiment(&mut self) {
        let mut experiment = Experiment::default();
        if let Some(document) = self.state.active_document() {
            experiment.data = document.experiment.data.clone();
        }
        experiment.name = unused_name(&experiment.name, &self.state.documents);
        self.add(Document::new(experiment, None));
    }

    pub(in crate::app) fn duplicate(&mut self) {
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
    pub(in crate::app) fn close(&mut self, index: usize, surely: bool) {
        let Some(document) = self.state.documents.get(index) else {
            return;
        };
        if document.is_changed() && !surely {
            self.question = Some(Confirmation::Close(document.id));
            return;
        }
        let closed = self.state.documents.remove(index);
        self.locals.forget(closed.id);
        if self.state.active > index || self.state.active >= self.state.documents.len() {
            self.state.active = self.state.active.saturating_sub(1);
        }
    }

    /// Opens a preset, or shows the one that is open already. On an error everything stays as it was.
    pub(in crate::app) fn open_preset(&mut self, path: &Path) {
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

    pub(in crate::app) fn open_shipped(&mut self, name: &str) {
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

    pub(in crate::app) fn save(&mut self, ctx: &egui::Context) {
        let Some(document) = self.state.active_document() else {
            return;
        };
        match document.file.clone() {
            Some(file) => drop(self.save_document(self.state.active, &file)),
            None => self.save_as_dialog(ctx),
        }
    }

    pub(in crate::app) fn save_as_dialog(&mut self, ctx: &egui::Context) {
        let Some(document) = self.state.active_document() else {
            return;
        };
        let name = match document.file.as_deref().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => file_name(&document.experiment.name),
        };
        let folder = document.base().or_else(|| self.preset_folder());
        let document = document.id;
        self.files
            .ask(Purpose::Save { name, document }, folder, ctx);
    }

    /// Whether it was written.
    pub(in crate::app) fn save_as(&mut self, document: DocumentId, path: &Path) -> bool {
        match self.state.position(document) {
            Some(index) => self.save_document(index, path),
            None => false,
        }
    }

    pub(in crate::app) fn save_document(&mut self, index: usize, path: &Path) -> bool {
        let path = if path.extension().is_none() {
            path.with_extension("ron")
        } else {
            path.to_path_buf()
        };
        let Some(document) = self.state.documents.get(index) else {
            return false;
        };
        let source = &document.experiment.data.source;
        let is_elsewhere = document.file.as_deref() != Some(&*path);
        // A preset beside the table that it reads is in its usual place.
        if is_elsewhere
            && takes_what_appears(source)
            && let Some(pictures) = pictures_around(&path, source, document.base().as_deref())
        {
            self.question = Some(Confirmation::SaveAmongPictures {
                document: document.id,
                path,
                pictures,
            });
            return false;
        }
        self.save_surely(index, &path)
    }

    /// Wherever it lies.
    pub(in crate::app) fn save_surely(&mut self, index: usize, path: &Path) -> bool {
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
}
