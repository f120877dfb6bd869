//! What the window knows of runs' predictions and their pictures.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::command::{Command, GalleryFilter};
use super::request::{Request, RequestStep};
use super::state::RunRecord;
use crate::analysis::gallery::RunPictures;
use crate::analysis::suspects::Suspect;
use crate::data::{PictureSource, Pixels, Split};
use crate::runs::{RunState, RunSummary};
use crate::training::explain::Explanation;
use crate::worker::messages::{Failure, GalleryAnswer, GalleryQuestion, NeighbourPicture};

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 192;
/// The longer side of a picture that is looked at closely, in pixels.
const PICTURE: u32 = 1024;
/// Training pictures that are alike, shown at once.
const NEIGHBOURS: usize = 12;
/// Memory that thumbnails may take here; as textures they take up to 75 MB more.
const THUMBNAIL_BYTES: usize = 220_000_000;

/// Said by the gallery every frame while it is shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GalleryRequests {
    /// Folders of the runs that it shows.
    pub runs: Vec<PathBuf>,
    /// Pictures on screen, first those that are looked at.
    pub thumbnails: Vec<PictureSource>,
    /// The picture that is looked at closely.
    pub picture: Option<PictureSource>,
    /// The maps of the close-up: run, picture, class.
    pub explain: Vec<ExplainKey>,
    /// Whose training pictures that are alike are wanted: run, name, picture.
    pub neighbours: Option<(PathBuf, String, PictureSource)>,
}

impl GalleryRequests {
    /// Adds what another view shows in the same frame.
    fn extend(&mut self, other: Self) {
        for folder in other.runs {
            if !self.runs.contains(&folder) {
                self.runs.push(folder);
            }
        }
        self.thumbnails.extend(other.thumbnails);
        self.picture = self.picture.take().or(other.picture);
        self.explain.extend(other.explain);
        self.neighbours = self.neighbours.take().or(other.neighbours);
    }
}

/// One list of what all views request of the gallery: a list takes the place of the one before.
pub fn gather_requests(commands: Vec<Command>) -> Vec<Command> {
    let mut gathered: Option<GalleryRequests> = None;
    let mut others = Vec::new();
    for command in commands {
        match (command, &mut gathered) {
            (Command::RequestGallery(requests), Some(all)) => all.extend(*requests),
            (Command::RequestGallery(requests), None) => gathered = Some(*requests),
            (other, _) => others.push(other),
        }
    }
    let gathered = gathered.map(|requests| Command::RequestGallery(Box::new(requests)));
    others.extend(gathered);
    others
}

/// Run's folder, picture, and the class that the map is for (its own answer when absent).
pub type ExplainKey = (PathBuf, PictureSource, Option<u32>);

/// What a map is of, and for which class.
type PictureAndClass = (PictureSource, Option<u32>);

/// Something that a person asks the gallery for, beyond looking.
#[derive(Debug, Clone, PartialEq)]
pub enum GalleryAction {
    /// Lets a run's network answer a further part of its split, to be shown too.
    Answer(PathBuf, Split),
    /// Ends the computing of features.
    StopNeighbours,
    /// Looks for the same picture on both sides of a run's split.
    FindDuplicates(PathBuf),
    StopDuplicates,
    /// Cross-validates a run's training pictures, to find wrong labels among them.
    CrossValidate(PathBuf),
    StopCrossValidation,
    /// Leaves pictures out of the active experiment, or takes them back in. No file is touched.
    Exclude {
        files: Vec<String>,
        excluded: bool,
    },
    /// Keeps these pictures in one part of the split, each set for itself, in the experiments on the same pictures.
    KeepTogether(Arc<Vec<Vec<String>>>),
}

/// How far a search for suspects in a run's split is.
#[derive(Debug, Clone)]
pub enum SearchState {
    Running { done: usize, total: usize },
    Done(Arc<Vec<Suspect>>),
    Failed(String),
}

/// A run's predictions, or why there are none.
#[derive(Debug, Clone)]
pub enum Opened {
    Reading,
    Ready(Arc<RunPictures>),
    Failed(String),
}

/// Plain data behind the gallery.
#[derive(Debug, Clone, Default)]
pub struct GalleryState {
    /// By folder.
    pub runs: BTreeMap<PathBuf, Opened>,
    pub thumbnails: Thumbnails,
    /// The picture of the close-up.
    pub picture: Option<(PictureSource, Result<Arc<Pixels>, String>)>,
    /// What another view asked to be shown, and a number that tells one request from the next.
    pub request: Option<(u64, GalleryFilter)>,
    /// The last map of each run.
    pub explained: BTreeMap<PathBuf, Explained>,
    /// The last answer about training pictures that are alike: run, picture's name, the pictures.
    pub neighbours: Option<Neighbours>,
    /// Parts of runs' splits that their networks are answering now.
    pub answering: BTreeSet<(PathBuf, Split)>,
    /// How many features are computed, while they are.
    pub features: Option<(usize, usize)>,
    /// By run.
    pub duplicates: BTreeMap<PathBuf, SearchState>,
    /// How to keep pictures together that look alike and stand in two parts of the split, by run.
    pub likely_groups: BTreeMap<PathBuf, String>,
    /// All pictures that look alike, by run: their names, a list for each set.
    pub alike: BTreeMap<PathBuf, Arc<Vec<Vec<String>>>>,
    /// Wrong labels of training pictures, by run.
    pub out_of_fold: BTreeMap<PathBuf, SearchState>,
    /// Labels that the predictions of each run contradict.
    pub wrong_labels: BTreeMap<PathBuf, Arc<Vec<Suspect>>>,
    /// By run.
    explaining: BTreeMap<PathBuf, Request<PictureAndClass, Arc<Explanation>>>,
    /// Run and picture's name.
    finding_neighbours: Request<(PathBuf, String), Vec<NeighbourPicture>>,
    reading_picture: Request<PictureSource, Arc<Pixels>>,
    /// The list that was asked for last, without what has come.
    asked_thumbnails: HashSet<PictureSource>,
}

/// A map, or why there is none, and what it is of.
#[derive(Debug, Clone)]
pub struct Explained {
    pub source: PictureSource,
    pub class: Option<u32>,
    pub result: Result<Arc<Explanation>, String>,
}

/// Training pictures that a run's network finds alike to one.
#[derive(Debug, Clone)]
pub struct Neighbours {
    pub folder: PathBuf,
    pub name: String,
    pub result: Result<Arc<Vec<NeighbourPicture>>, String>,
}

/// A picture, or why there is none, and when it was shown last.
type Kept = (Result<Arc<Pixels>, String>, u64);

/// Small pictures within a budget of memory; those that were not shown for longest go first.
#[derive(Debug, Clone)]
pub struct Thumbnails {
    budget: usize,
    bytes: usize,
    clock: u64,
    kept: HashMap<PictureSource, Kept>,
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self::new(THUMBNAIL_BYTES)
    }
}

impl Thumbnails {
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            bytes: 0,
            clock: 0,
            kept: HashMap::new(),
        }
    }

    pub fn get(&self, source: &PictureSource) -> Option<&Result<Arc<Pixels>, String>> {
        self.kept.get(source).map(|(pixels, _)| pixels)
    }

    /// Memory that the pixels take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes that these are on screen: they go last.
    fn touch(&mut self, shown: &[PictureSource]) {
        self.clock += 1;
        for source in shown {
            if let Some((_, used)) = self.kept.get_mut(source) {
                *used = self.clock;
            }
        }
    }

    pub fn insert(&mut self, source: PictureSource, pixels: Result<Arc<Pixels>, String>) {
        self.bytes += size(&pixels);
        if let Some((before, _)) = self.kept.insert(source, (pixels, self.clock)) {
            self.bytes -= size(&before);
        }
        if self.bytes > self.budget {
            self.make_room();
        }
    }

    /// Drops a tenth more than is needed, so that not every new picture sorts them all.
    fn make_room(&mut self) {
        let mut by_age: Vec<(u64, PictureSource)> = self
            .kept
            .iter()
            .map(|(source, (_, used))| (*used, source.clone()))
            .collect();
        by_age.sort_unstable_by_key(|(used, _)| *used);
        for (_, source) in by_age {
            if self.bytes <= self.budget / 10 * 9 {
                break;
            }
            if let Some((pixels, _)) = self.kept.remove(&source) {
                self.bytes -= size(&pixels);
            }
        }
    }
}

fn size(pixels: &Result<Arc<Pixels>, String>) -> usize {
    pixels.as_ref().map_or(0, |pixels| pixels.rgb.len())
}

impl GalleryState {
    /// Drops what was read of a run, whose answers are others now.
    pub fn forget(&mut self, folder: &Path) {
        self.runs.remove(folder);
        self.explained.remove(folder);
        self.explaining.remove(folder);
        self.wrong_labels.remove(folder);
    }

    pub fn opened(&self, folder: &Path) -> Option<&Arc<RunPictures>> {
        match self.runs.get(folder)? {
            Opened::Ready(run) => Some(run),
            _ => None,
        }
    }

    /// Questions for what is wanted and neither there nor asked for.
    pub(in crate::app) fn questions(&mut self, requests: &GalleryRequests) -> Vec<GalleryQuestion> {
        let mut questions = Vec::new();
        for folder in &requests.runs {
            if !self.runs.contains_key(folder) {
                self.runs.insert(folder.clone(), Opened::Reading);
                let folder = folder.clone();
                questions.push(GalleryQuestion::Open { folder });
            }
        }
        self.thumbnails.touch(&requests.thumbnails);
        let missing: Vec<PictureSource> = requests
            .thumbnails
            .iter()
            .filter(|source| self.thumbnails.get(source).is_none())
            .cloned()
            .collect();
        // A new list takes the place of the last one: it is sent when it asks for something else.
        if missing
            .iter()
            .any(|source| !self.asked_thumbnails.contains(source))
        {
            self.asked_thumbnails = missing.iter().cloned().collect();
            questions.push(GalleryQuestion::Thumbnails {
                wanted: missing,
                side: THUMBNAIL,
            });
        }
        let now = Instant::now();
        if let Some(source) = &requests.picture
            && self.reading_picture.next_step(source, now) == RequestStep::Ask
        {
            self.reading_picture.ask(source.clone());
            questions.push(GalleryQuestion::Picture {
                source: source.clone(),
                side: PICTURE,
            });
        }
        for (folder, source, class) in &requests.explain {
            let explaining = self.explaining.entry(folder.clone()).or_default();
            let key = (source.clone(), *class);
            if explaining.next_step(&key, now) == RequestStep::Ask {
                explaining.ask(key);
                questions.push(GalleryQuestion::Explain {
                    folder: folder.clone(),
                    source: source.clone(),
                    class: *class,
                });
            }
        }
        if let Some((folder, name, source)) = &requests.neighbours {
            let key = (folder.clone(), name.clone());
            if self.finding_neighbours.next_step(&key, now) == RequestStep::Ask {
                self.finding_neighbours.ask(key);
                questions.push(GalleryQuestion::Neighbours {
                    folder: folder.clone(),
                    name: name.clone(),
                    source: source.clone(),
                    count: NEIGHBOURS,
                });
            }
        }
        questions
    }

    pub(in crate::app) fn take(&mut self, answer: GalleryAnswer) {
        match answer {
            GalleryAnswer::Opened {
                folder,
                result,
                wrong_labels,
                out_of_fold,
            } => {
                let opened = match result {
                    Ok(run) => Opened::Ready(run),
                    Err(failure) => Opened::Failed(failure.to_string()),
                };
                self.wrong_labels.insert(folder.clone(), wrong_labels);
                if let Some(found) = out_of_fold {
                    let done = SearchState::Done(found);
                    self.out_of_fold.insert(folder.clone(), done);
                }
                self.runs.insert(folder, opened);
            }
            GalleryAnswer::Thumbnail { source, pixels } => {
                self.asked_thumbnails.remove(&source);
                let pixels = pixels.map_err(|failure| failure.to_string());
                self.thumbnails.insert(source, pixels);
            }
            GalleryAnswer::Picture { source, pixels } => {
                let answer = self
                    .reading_picture
                    .answer(|asked| *asked == source, pixels);
                if let Some(pixels) = answer {
                    let pixels = pixels.map_err(|failure| failure.to_string());
                    self.picture = Some((source, pixels));
                }
            }
            GalleryAnswer::Explained {
                folder,
                source,
                class,
                result,
            } => {
                let is_it = |asked: &(_, _)| *asked == (source.clone(), class);
                let explaining = self.explaining.get_mut(&folder);
                if let Some(result) = explaining.and_then(|asked| asked.answer(is_it, result)) {
                    let explained = Explained {
                        source,
                        class,
                        result: result.map_err(|failure| failure.to_string()),
                    };
                    self.explained.insert(folder, explained);
                }
            }
            GalleryAnswer::FeaturesProgress {
                folder,
                done,
                total,
            } => {
                let asked = self.finding_neighbours.key();
                if asked.is_some_and(|(asked, _)| *asked == folder) {
                    self.features = Some((done, total));
                }
            }
            GalleryAnswer::Neighbours {
                folder,
                name,
                result,
            } => {
                let is_it = |asked: &(_, _)| *asked == (folder.clone(), name.clone());
                let answer = self.finding_neighbours.answer(is_it, result);
                let Some(result) = answer else { return };
                self.features = None;
                if matches!(result, Err(Failure::Stopped)) {
                    self.finding_neighbours.forget();
                    return;
                }
                self.neighbours = Some(Neighbours {
                    folder,
                    name,
                    result: result.map(Arc::new).map_err(|failure| failure.to_string()),
                });
            }
            GalleryAnswer::DuplicatesProgress {
                folder,
                done,
                total,
            } => {
                let running = SearchState::Running { done, total };
                self.duplicates.insert(folder, running);
            }
            GalleryAnswer::Duplicates { folder, result } => {
                let mut told = (None, Vec::new());
                let result = result.map(|found| {
                    told = (found.likely_groups, found.alike);
                    Arc::new(found.pairs)
                });
                match told.0 {
                    Some(groups) => self.likely_groups.insert(folder.clone(), groups),
                    None => self.likely_groups.remove(&folder),
                };
                self.alike.insert(folder.clone(), Arc::new(told.1));
                end_search(&mut self.duplicates, folder, result);
            }
            GalleryAnswer::OutOfFoldProgress {
                folder,
                done,
                total,
            } => {
                let running = SearchState::Running { done, total };
                self.out_of_fold.insert(folder, running);
            }
            GalleryAnswer::OutOfFold { folder, result } => {
                end_search(&mut self.out_of_fold, folder, result);
            }
        }
    }

    /// Notes that a person asked for the end of the computing of features.
    pub fn stop_neighbours(&mut self) {
        self.finding_neighbours.stop();
    }

    /// A part of a run's split has been answered, or can't be: its predictions are read again.
    pub fn answered(&mut self, folder: &Path, split: Split) {
        self.answering.remove(&(folder.to_path_buf(), split));
        self.runs.remove(folder);
    }
}

/// A search has come to its end, or was stopped.
fn end_search(
    searches: &mut BTreeMap<PathBuf, SearchState>,
    folder: PathBuf,
    result: Result<Arc<Vec<Suspect>>, Failure>,
) {
    let crashed = "an error inside Graft ended the search; the pictures are untouched";
    match result {
        Ok(found) => searches.insert(folder, SearchState::Done(found)),
        Err(Failure::Stopped) => searches.remove(&folder),
        Err(failure) => searches.insert(folder, SearchState::Failed(failure.text(crashed))),
    };
}

/// Whether a run's predictions can be shown, or asked for: it has been tested, or came to its end without a test.
pub fn has_predictions(run: &RunRecord) -> bool {
    let can_answer = |summary: &RunSummary| {
        summary.test.is_some() || summary.test_is_withheld || summary.state == RunState::Finished
    };
    !run.is_live() && run.folder.is_some() && run.summary.as_ref().is_some_and(can_answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str) -> PictureSource {
        PictureSource::File(name.into())
    }

    fn pixels(bytes: usize) -> Result<Arc<Pixels>, String> {
        Ok(Arc::new(Pixels {
            width: 1,
            height: 1,
            rgb: vec![0; bytes],
        }))
    }

    #[test]
    fn thumbnails_stay_within_their_budget_and_the_shown_ones_stay() {
        let mut thumbnails = Thumbnails::new(1_000);
        for index in 0..10 {
            thumbnails.insert(source(&index.to_string()), pixels(100));
        }
        thumbnails.touch(&[source("0"), source("1")]);
        for index in 10..14 {
            thumbnails.insert(source(&index.to_string()), pixels(100));
            assert!(thumbnails.bytes() <= 1_000);
        }
        assert!(thumbnails.get(&source("0")).is_some() && thumbnails.get(&source("1")).is_some());
        assert!(thumbnails.get(&source("13")).is_some());
        assert_eq!(
            thumbnails.bytes(),
            100 * thumbnails.kept.len(),
            "the sum is that of what is kept"
        );
        // The same picture again counts once.
        thumbnails.insert(source("13"), pixels(50));
        assert_eq!(thumbnails.bytes(), 100 * (thumbnails.kept.len() - 1) + 50);
    }

    #[test]
    fn what_two_views_want_is_one_list() {
        let requests = |run: &str, name: &str| {
            Command::RequestGallery(Box::new(GalleryRequests {
                runs: vec!["both".into(), run.into()],
                thumbnails: vec![source(name)],
                ..GalleryRequests::default()
            }))
        };
        let gathered = gather_requests(vec![requests("a", "1"), Command::Undo, requests("b", "2")]);
        let expected = GalleryRequests {
            runs: vec!["both".into(), "a".into(), "b".into()],
            thumbnails: vec![source("1"), source("2")],
            ..GalleryRequests::default()
        };
        assert_eq!(
            gathered,
            [Command::Undo, Command::RequestGallery(Box::new(expected))]
        );
    }

    #[test]
    fn what_stays_on_screen_is_asked_for_once() {
        let mut state = GalleryState::default();
        let requests = GalleryRequests {
            runs: vec!["run".into()],
            thumbnails: vec![source("a"), source("b")],
            picture: Some(source("a")),
            ..GalleryRequests::default()
        };
        assert_eq!(state.questions(&requests).len(), 3);
        assert!(state.questions(&requests).is_empty());
        state.take(GalleryAnswer::Thumbnail {
            source: source("a"),
            pixels: pixels(3).map_err(Failure::from),
        });
        assert!(state.questions(&requests).is_empty());
        // Scrolled on: the new list holds all that is missing.
        let further = GalleryRequests {
            thumbnails: vec![source("b"), source("c")],
            ..requests
        };
        let questions = state.questions(&further);
        let [GalleryQuestion::Thumbnails { wanted, .. }] = &questions[..] else {
            panic!("{questions:?}");
        };
        assert_eq!(wanted, &[source("b"), source("c")]);
    }

    #[test]
    fn a_picture_that_is_no_longer_looked_at_is_not_shown() {
        let mut state = GalleryState::default();
        let requests = |name| GalleryRequests {
            picture: Some(source(name)),
            ..GalleryRequests::default()
        };
        state.questions(&requests("a"));
        state.questions(&requests("b"));
        state.take(GalleryAnswer::Picture {
            source: source("a"),
            pixels: pixels(3).map_err(Failure::from),
        });
        assert!(state.picture.is_none());
        state.take(GalleryAnswer::Picture {
            source: source("b"),
            pixels: pixels(3).map_err(Failure::from),
        });
        assert!(state.picture.is_some());
    }

    #[test]
    fn neighbours_that_a_person_stopped_can_be_asked_for_again() {
        let mut state = GalleryState::default();
        let requests = GalleryRequests {
            neighbours: Some(("run".into(), "a".into(), source("a"))),
            ..GalleryRequests::default()
        };
        let stopped = || GalleryAnswer::Neighbours {
            folder: "run".into(),
            name: "a".into(),
            result: Err(Failure::Stopped),
        };
        assert_eq!(state.questions(&requests).len(), 1);
        state.take(GalleryAnswer::FeaturesProgress {
            folder: "run".into(),
            done: 1,
            total: 2,
        });
        // The same question, asked earlier, gave way to this one.
        state.take(stopped());
        assert_eq!(state.features, Some((1, 2)));
        assert!(state.questions(&requests).is_empty());
        state.stop_neighbours();
        state.take(stopped());
        assert_eq!(state.features, None);
        assert!(state.neighbours.is_none());
        assert_eq!(state.questions(&requests).len(), 1);
    }
}
