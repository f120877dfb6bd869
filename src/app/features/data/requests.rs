//! Pictures that are opened, the table that names them, and their thumbnails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::app::core::documents::unused_name;
use crate::app::core::request::{Request, RequestStep};
use crate::app::core::session::Session;
use crate::app::core::settings::remember;
use crate::app::core::state::{Cause, Document, DocumentId, NoticeKind, PreviewedTable};
use crate::app::core::view_id::ViewId;
use crate::data::Pixels;
use crate::data::scan::TablePreview;
use crate::experiment::{DataSource, Experiment};
use crate::worker::messages::{Failure, Question};

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 192;
/// Thumbnails that are kept.
const THUMBNAILS: usize = 3_000;

/// What was asked about pictures.
#[derive(Default)]
pub struct DataRequests {
    /// Pictures that are being recognised, and the experiment that they are for; none for a new one.
    recognising: BTreeMap<PathBuf, Option<DocumentId>>,
    /// The table whose first rows are shown, and the preset's folder.
    table: Request<(DataSource, Option<PathBuf>), Arc<TablePreview>>,
    /// By index, of the pictures of one version.
    thumbnails: BTreeSet<usize>,
    pictures_version: u64,
}

impl DataRequests {
    /// `document`: the one that they are for; a new one without.
    pub fn open_pictures(
        &mut self,
        session: &mut Session,
        path: &Path,
        document: Option<DocumentId>,
    ) {
        self.recognising.insert(path.to_path_buf(), document);
        session.ask(Question::Recognise {
            path: path.to_path_buf(),
        });
    }

    /// Pictures that were asked for have been found, or not.
    pub fn use_pictures(
        &mut self,
        session: &mut Session,
        path: &Path,
        source: Result<DataSource, Failure>,
    ) {
        let wanted = self.recognising.remove(path);
        let wanted = wanted.unwrap_or_else(|| session.active_id());
        let source = match source {
            Ok(source) => source,
            Err(failure) => {
                session
                    .state
                    .recent_pictures
                    .retain(|recent| recent != path);
                session.error_about(
                    Cause::Pictures,
                    "These are no pictures sorted by class",
                    failure.to_string(),
                );
                return;
            }
        };
        session.has_gone(&Cause::Pictures);
        let active = session.state.active_document();
        if let Some(name) = active.map(|document| document.experiment.name.clone()) {
            session.has_gone(&Cause::Run(name));
        }
        session.note_folder(path);
        remember(&mut session.state.recent_pictures, path);
        // Experiments that are trained together are compared on the same pictures.
        let before = wanted
            .and_then(|id| session.state.position(id))
            .map(|index| {
                session.state.documents[index]
                    .experiment
                    .data
                    .source
                    .clone()
            });
        match before {
            // None was open, or the one that they were chosen for is closed.
            None => {
                let mut experiment = Experiment::default();
                experiment.data.source = source;
                experiment.name = unused_name(&experiment.name, &session.state.documents);
                session.add(Document::new(experiment, None));
            }
            Some(before) => {
                let mut names = Vec::new();
                for document in &mut session.state.documents {
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
                    session.notice(NoticeKind::Info, title, text);
                }
            }
        }
        session.show_view(ViewId::DATA);
    }

    /// Asks for the first rows of the table that the active experiment names.
    pub fn follow_table(&mut self, session: &mut Session) {
        let Some(document) = session.state.active_document() else {
            self.table.forget();
            return;
        };
        let source = &document.experiment.data.source;
        if !matches!(source, DataSource::Table { .. }) {
            self.table.forget();
            session.state.table = None;
            return;
        }
        let key = (source.clone(), document.base());
        if self.table.next_step(&key, Instant::now()) == RequestStep::Ask {
            let (source, base) = key.clone();
            session.ask(Question::PreviewTable { source, base });
            self.table.ask(key);
        }
    }

    /// Its file may have been mended.
    pub fn forget_table(&mut self) {
        self.table.forget();
    }

    pub fn table_previewed(
        &mut self,
        session: &mut Session,
        source: DataSource,
        base: Option<PathBuf>,
        result: Result<Arc<TablePreview>, Failure>,
    ) {
        let is_it =
            |(asked, folder): &(DataSource, Option<PathBuf>)| (asked, folder) == (&source, &base);
        if let Some(result) = self.table.answer(is_it, result) {
            session.state.table = Some(PreviewedTable {
                source,
                result: result.map_err(|failure| failure.to_string()),
            });
        }
    }

    pub fn request_thumbnails(&mut self, session: &mut Session, indices: &[usize]) {
        let Some(dataset) = session.state.scan.dataset() else {
            return;
        };
        if self.pictures_version != session.pictures_version {
            self.pictures_version = session.pictures_version;
            self.thumbnails.clear();
        }
        for &index in indices {
            if index < dataset.pictures.len()
                && !session.state.thumbnails.contains_key(&index)
                && self.thumbnails.insert(index)
            {
                session.workers.ask(Question::Thumbnail {
                    dataset: dataset.clone(),
                    index,
                    side: THUMBNAIL,
                });
            }
        }
    }

    pub fn take_thumbnail(
        &mut self,
        session: &mut Session,
        name: &str,
        index: usize,
        pixels: Result<Pixels, Failure>,
    ) {
        let dataset = session.state.scan.dataset();
        let picture = dataset.and_then(|dataset| dataset.pictures.get(index));
        let is_current = picture.is_some_and(|picture| picture.name == name);
        // The same one is asked for already.
        let is_superseded = matches!(pixels, Err(Failure::Stopped));
        if is_current && !is_superseded {
            if session.state.thumbnails.len() >= THUMBNAILS {
                session.state.thumbnails.clear();
                self.thumbnails.clear();
            }
            let pixels = pixels.map(Arc::new).map_err(|failure| failure.to_string());
            session.state.thumbnails.insert(index, pixels);
        }
    }
}
