//! Pictures that are opened, the table that names them, and their thumbnails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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

/// For what pictures were opened.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    document: Option<DocumentId>,
    is_dropped: bool,
}

/// Pictures that were found, before it is known which experiments get them.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureChoice {
    pub path: PathBuf,
    pub source: DataSource,
    /// The experiment that was shown when they were opened.
    pub document: DocumentId,
    /// It and those that have the same pictures.
    pub same: Vec<DocumentId>,
}

/// Which experiments get pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipients {
    These(Vec<DocumentId>),
    /// A new one.
    New,
    /// None: the pictures are not opened.
    None,
}

/// What was asked about pictures.
#[derive(Default)]
pub struct DataRequests {
    /// Pictures that are being recognised, and the experiment that they are for; none for a new one.
    recognising: BTreeMap<PathBuf, Wanted>,
    /// Pictures that several experiments may be meant to get.
    pub choices: VecDeque<PictureChoice>,
    /// The table whose first rows are shown, and the preset's folder.
    table: Request<(DataSource, Option<PathBuf>), Arc<TablePreview>>,
    /// By index, of the pictures of one version.
    thumbnails: BTreeSet<usize>,
    pictures_version: u64,
}

/// Makes an experiment with these pictures.
fn give_new(session: &mut Session, source: DataSource) {
    let mut experiment = Experiment::default();
    experiment.data.source = source;
    experiment.name = unused_name(&experiment.name, &session.state.documents);
    session.add(Document::new(experiment, None));
    session.show_view(ViewId::DATA);
}

/// Gives these experiments the pictures; those that were closed meanwhile are passed over.
fn give(session: &mut Session, source: &DataSource, recipients: &[DocumentId]) {
    let mut names = Vec::new();
    for document in &mut session.state.documents {
        if recipients.contains(&document.id) && document.experiment.data.source != *source {
            let mut experiment = document.experiment.clone();
            experiment.data.take_source(source.clone());
            names.push(experiment.name.clone());
            document.edit(experiment, "");
        }
    }
    for name in &names {
        session.has_gone(&Cause::Run(name.clone()));
    }
    if names.len() > 1 {
        let changed = crate::format::count(names.len(), "experiment has", "experiments have");
        let title = format!("{changed} these pictures now");
        let text = format!(
            "{}. Undo takes them back in the experiment that is shown.",
            names.join(", ")
        );
        session.notice(NoticeKind::Info, title, text);
    }
    session.show_view(ViewId::DATA);
}

impl DataRequests {
    /// `document`: the one that they are for; a new one without.
    pub fn open_pictures(
        &mut self,
        session: &mut Session,
        path: &Path,
        document: Option<DocumentId>,
    ) {
        self.recognise(session, path, document, false);
    }

    /// Pictures that were dropped on the window: where several experiments are open, a person is asked which of them is
    /// meant.
    pub fn open_dropped(&mut self, session: &mut Session, path: &Path) {
        let document = session.active_id();
        self.recognise(session, path, document, true);
    }

    fn recognise(
        &mut self,
        session: &mut Session,
        path: &Path,
        document: Option<DocumentId>,
        is_dropped: bool,
    ) {
        let wanted = Wanted {
            document,
            is_dropped,
        };
        self.recognising.insert(path.to_path_buf(), wanted);
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
        let wanted = self.recognising.remove(path).unwrap_or_else(|| Wanted {
            document: session.active_id(),
            is_dropped: false,
        });
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
        session.note_folder(path);
        remember(&mut session.state.recent_pictures, path);
        let position = wanted.document.and_then(|id| session.state.position(id));
        let documents = &session.state.documents;
        // None is open, or the one that they were chosen for is closed.
        let Some(document) = position.and_then(|index| documents.get(index)) else {
            give_new(session, source);
            return;
        };
        let before = &document.experiment.data.source;
        let same: Vec<DocumentId> = documents
            .iter()
            .filter(|document| document.experiment.data.source == *before)
            .map(|document| document.id)
            .collect();
        // Where none had pictures, none loses its own.
        let is_first = same.len() == documents.len() && *before == DataSource::Unset;
        let is_open_question = match wanted.is_dropped {
            true => documents.len() > 1,
            false => same.len() > 1 && *before != source,
        };
        if is_open_question && !is_first {
            let document = document.id;
            self.choices.push_back(PictureChoice {
                path: path.to_path_buf(),
                source,
                document,
                same,
            });
        } else {
            give(session, &source, &same);
        }
    }

    /// A person said which experiments get the pictures that were asked about.
    pub fn chosen(&mut self, session: &mut Session, recipients: Recipients) {
        let Some(choice) = self.choices.pop_front() else {
            return;
        };
        match recipients {
            Recipients::None => {}
            Recipients::New => give_new(session, choice.source),
            Recipients::These(documents) => give(session, &choice.source, &documents),
        }
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
