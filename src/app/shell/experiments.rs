//! What a person is asked before an experiment is closed or saved.

use std::path::Path;

use eframe::egui;

use super::dialogs::{Confirmation, Purpose};
use crate::app::core::documents::file_name;
use crate::app::core::state::DocumentId;
use crate::app::shell::Graft;
use crate::data::below::{pictures_around, takes_what_appears};

impl Graft {
    /// Closes an experiment; asks first when it has unsaved changes, unless `surely`.
    pub(in crate::app) fn close(&mut self, index: usize, surely: bool) {
        let Some(document) = self.session.state.documents.get(index) else {
            return;
        };
        if document.is_changed() && !surely {
            self.question = Some(Confirmation::Close(document.id));
            return;
        }
        self.locals.forget(document.id);
        self.session.close(index);
    }

    pub(in crate::app) fn save(&mut self, ctx: &egui::Context) {
        let Some(document) = self.session.state.active_document() else {
            return;
        };
        match document.file.clone() {
            Some(file) => drop(self.save_document(self.session.state.active, &file)),
            None => self.save_as_dialog(ctx),
        }
    }

    pub(in crate::app) fn save_as_dialog(&mut self, ctx: &egui::Context) {
        let Some(document) = self.session.state.active_document() else {
            return;
        };
        let name = match document.file.as_deref().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => file_name(&document.experiment.name),
        };
        let folder = document.base().or_else(|| self.session.preset_folder());
        let document = document.id;
        self.files
            .ask(Purpose::Save { name, document }, folder, ctx);
    }

    /// Whether it was written.
    pub(in crate::app) fn save_as(&mut self, document: DocumentId, path: &Path) -> bool {
        match self.session.state.position(document) {
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
        let Some(document) = self.session.state.documents.get(index) else {
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
        self.session.save_surely(index, &path)
    }
}
