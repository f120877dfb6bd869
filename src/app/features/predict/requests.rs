//! What the predictions ask of other threads, and what a person asks of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use eframe::egui;

use super::pasted::paths_in;
use super::view::file_name;
use crate::app::core::prediction::{Chosen, predicting_run};
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::sources;
use crate::app::core::state::{Cause, NoticeKind, State};
use crate::app::core::view_id::ViewId;
use crate::figures::heat;
use crate::prediction::{AnswerFile, Counts, Format, Picture, PictureOutcome, Rows};
use crate::runs::atomic;
use crate::shown;
use crate::worker::messages::{Failure, PredictionAnswer, PredictionQuestion, Question};

/// What has been asked of threads that the predictions start themselves.
#[derive(Default)]
pub struct PredictRequests {
    /// How many answers are written to the file, and how many pictures that could not be read.
    saving: Request<PathBuf, (usize, usize)>,
    /// The folder that a table went to last.
    saved_in: Option<PathBuf>,
    pasting: Request<u32, PathBuf>,
    /// Pictures from the clipboard stand here until the window closes.
    pasted: Option<tempfile::TempDir>,
    pictures_pasted: u32,
    /// Those that wait for the one before to be written.
    waiting: Vec<Arc<egui::ColorImage>>,
}

impl PredictRequests {
    /// Answers the pictures that these paths lead to, and shows them.
    pub fn predict(&self, session: &mut Session, paths: Vec<PathBuf>) {
        let Some((id, folder)) = answering(session) else {
            return;
        };
        if let Some(path) = paths.last() {
            session.note_folder(path.parent().unwrap_or(path));
        }
        let rate = session.state.evaluation.novelty_rate;
        let prediction = &mut session.state.prediction;
        prediction.run = Some(id);
        let question = prediction.predict(&folder, rate, paths);
        ask(session, question);
        session.show_view(ViewId::PREDICT);
    }

    pub fn watch(&self, session: &mut Session, watched: PathBuf) {
        let Some((id, folder)) = answering(session) else {
            return;
        };
        session.note_folder(&watched);
        let rate = session.state.evaluation.novelty_rate;
        let prediction = &mut session.state.prediction;
        prediction.run = Some(id);
        let question = prediction.watch(&folder, rate, watched);
        ask(session, Some(question));
        session.show_view(ViewId::PREDICT);
    }

    pub fn paste_text(&self, session: &mut Session, text: &str) {
        let paths = paths_in(text);
        if paths.is_empty() {
            session.notice(
                NoticeKind::Info,
                "Nothing to predict on the clipboard",
                "It holds a text that names no file. Copy a picture, files in the file manager, or whole paths.",
            );
            return;
        }
        self.predict(session, paths);
    }

    /// Writes a picture from the clipboard to a file, which is then answered as others are.
    pub fn paste_image(
        &mut self,
        session: &mut Session,
        image: Arc<egui::ColorImage>,
        ctx: &egui::Context,
    ) {
        if self.pasting.is_pending() {
            self.waiting.push(image);
            return;
        }
        if self.pasted.is_none() {
            match tempfile::Builder::new().prefix("graft-pasted-").tempdir() {
                Ok(folder) => self.pasted = Some(folder),
                Err(error) => {
                    let text = format!("no folder for it can be made ({error})");
                    session.error("The picture can't be pasted", text);
                    return;
                }
            }
        }
        let Some(folder) = &self.pasted else { return };
        self.pictures_pasted += 1;
        let name = format!("Pasted picture {}.png", self.pictures_pasted);
        let path = folder.path().join(name);
        let ctx = ctx.clone();
        (self.pasting).start(
            "graft-pasting",
            self.pictures_pasted,
            move || ctx.request_repaint(),
            move || {
                let failed = |reason: String| {
                    Failure::failed(format!("can't be written ({reason}): {}", path.display()))
                };
                let rgb = on_white(&image);
                let png = heat::png(&rgb, image.width() as u32, image.height() as u32);
                std::fs::write(&path, png.map_err(failed)?)
                    .map_err(|error| failed(error.to_string()))?;
                Ok(path)
            },
        );
    }

    /// Lets another run answer; pictures that were answered are answered anew.
    pub fn use_run(&self, session: &mut Session, id: String) {
        let watched = session.state.prediction.watched.clone();
        let given = self.clear(session);
        session.state.prediction.run = Some(id);
        if !given.is_empty() {
            self.predict(session, given);
        }
        if let Some(watched) = watched {
            self.watch(session, watched.folder);
        }
    }

    pub fn stop(&self, session: &mut Session) {
        session.state.prediction.stop();
        ask(session, Some(PredictionQuestion::StopPredicting));
    }

    pub fn stop_watching(&self, session: &mut Session) {
        session.state.prediction.stop_watching();
        ask(session, Some(PredictionQuestion::StopWatching));
    }

    /// Forgets all answers, and what is under way. The paths that were given.
    pub fn clear(&self, session: &mut Session) -> Vec<PathBuf> {
        self.stop(session);
        self.stop_watching(session);
        session.state.prediction.clear()
    }

    /// Takes what the threads say.
    pub fn answer(&self, session: &mut Session, answer: PredictionAnswer) {
        let folder = predicting_run(&session.state).and_then(|run| run.folder.clone());
        let prediction = &mut session.state.prediction;
        let question = prediction.take(answer, folder.as_deref(), Instant::now());
        ask(session, question);
    }

    /// Writes answers as a table.
    pub fn save(
        &mut self,
        session: &mut Session,
        chosen: &Chosen,
        path: PathBuf,
        ctx: &egui::Context,
    ) {
        if self.saving.is_pending() {
            return;
        }
        self.saved_in = path.parent().map(Path::to_path_buf);
        let prediction = &session.state.prediction;
        let answers = prediction.chosen(chosen);
        // What could not be read has no class, and stands in the table of all alone.
        let unread: Vec<(PathBuf, String)> = match answers.len() == prediction.answers.len() {
            true => (prediction.unread.iter())
                .map(|(path, reason)| (path.clone(), reason.clone()))
                .collect(),
            false => Vec::new(),
        };
        let format = Format::of(&path).unwrap_or(Format::Csv);
        let rows = Rows::of(format, &prediction.classes, prediction.knows_novelty());
        let ctx = ctx.clone();
        (self.saving).start(
            "graft-saving",
            path.clone(),
            move || ctx.request_repaint(),
            move || {
                let numbers = (answers.len(), unread.len());
                let answered = (answers.into_iter())
                    .map(|answer| PictureOutcome::Answered(Arc::unwrap_or_clone(answer)));
                let unread = unread
                    .into_iter()
                    .map(|(path, reason)| PictureOutcome::Unreadable {
                        picture: Picture::file(path),
                        reason,
                    });
                let written = atomic::write_by(&path, |new| {
                    let mut file = AnswerFile::create(new, rows)?;
                    answered
                        .chain(unread)
                        .try_for_each(|outcome| file.write(&outcome))
                });
                match written {
                    Ok(()) => Ok(numbers),
                    Err(error) => {
                        let text = format!("can't be written ({error}): {}", path.display());
                        Err(Failure::failed(text))
                    }
                }
            },
        );
    }

    /// Takes what has been done since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session, ctx: &egui::Context) {
        if let (Some(outcome), Some(path)) = (self.saving.poll(), self.saving.key()) {
            match outcome {
                Ok((answered, unreadable)) => {
                    session.has_gone(&Cause::SavingAnswers);
                    let counts = Counts {
                        found: answered + unreadable,
                        answered,
                        unreadable,
                        passed_over: 0,
                    };
                    let mut text = format!("{}: {}", counts.sentence(), shown::path(path));
                    if is_among_pictures(&session.state, path) {
                        text += "\nThis is among the pictures that were answered; a folder elsewhere keeps them apart.";
                    }
                    session.notice(NoticeKind::Info, "The answers are saved", text);
                }
                Err(failure) => session.error_about(
                    Cause::SavingAnswers,
                    "The answers are not saved",
                    failure.text("an error inside Graft ended it; no file is written"),
                ),
            }
        }
        match self.pasting.poll() {
            None => return,
            Some(Ok(path)) => self.predict(session, vec![path]),
            Some(Err(failure)) => {
                let text = failure.text("an error inside Graft ended it");
                session.error("The picture can't be pasted", text);
            }
        }
        if !self.waiting.is_empty() {
            let next = self.waiting.remove(0);
            self.paste_image(session, next, ctx);
        }
    }

    /// Where a table, or copies by class, are proposed to go: where the last table went, the person's documents, or the run's
    /// folder. Never among the pictures that are answered or that experiments read, where a later look would find them.
    pub fn folder_to_write(&self, session: &Session) -> PathBuf {
        let state = &session.state;
        let of_run = || predicting_run(state)?.folder.clone();
        let documents = &session.paths.documents;
        let proposals = [self.saved_in.clone(), Some(documents.clone()), of_run()];
        let mut proposals = proposals.into_iter().flatten();
        let is_free = |folder: &PathBuf| !is_among_pictures(state, folder);
        proposals.find(is_free).unwrap_or_else(|| documents.clone())
    }

    /// Whether a table is being written: closing waits for it.
    pub fn is_saving(&self) -> bool {
        self.saving.is_pending()
    }
}

/// What a table of these answers is called, unless a person says otherwise.
pub fn table_name(session: &Session) -> String {
    let given = session.state.prediction.given.iter();
    let mut folders = given.map(|path| file_name(path));
    match (folders.next(), folders.next()) {
        (Some(only), None) => {
            let stem = Path::new(&only).file_stem();
            let stem = stem.map_or_else(|| only.clone(), |stem| stem.to_string_lossy().into());
            format!("{stem} answers.csv")
        }
        _ => "answers.csv".to_owned(),
    }
}

/// Whether `path` lies in a folder whose pictures are answered, watched or learned from. By name alone: no disk is asked.
fn is_among_pictures(state: &State, path: &Path) -> bool {
    let prediction = &state.prediction;
    let given = prediction.given.iter().map(|given| {
        let folder = given.parent().filter(|_| sources::is_picture(given));
        folder.unwrap_or(given)
    });
    let watched = prediction.watched.iter();
    let watched = watched.map(|watched| watched.folder.as_path());
    let learned = state.recent_pictures.iter().map(PathBuf::as_path);
    (given.chain(watched).chain(learned))
        .filter(|folder| !folder.as_os_str().is_empty())
        .any(|folder| path.starts_with(folder))
}

/// The run that answers: its id and its folder. Says so where there is none.
fn answering(session: &mut Session) -> Option<(String, PathBuf)> {
    let run = predicting_run(&session.state);
    let found = run.and_then(|run| Some((run.id.clone(), run.folder.clone()?)));
    if found.is_none() {
        session.notice(
            NoticeKind::Info,
            "No trained run can answer yet",
            "Train an experiment to its end first; then drop the pictures again.",
        );
    }
    found
}

fn ask(session: &mut Session, question: Option<PredictionQuestion>) {
    if let Some(question) = question {
        session.ask(Question::Prediction(question));
    }
}

/// As files with transparent pixels are read.
fn on_white(image: &egui::ColorImage) -> Vec<u8> {
    let over = |part: u8, alpha: u8| part.saturating_add(255 - alpha);
    let pixels = image.pixels.iter();
    pixels
        .flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()].map(|part| over(part, pixel.a())))
        .collect()
}
