//! What the window knows of pictures that a run answers beside its own: plain answers, without pixels.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;

use super::evaluation::{can_be_evaluated, run_to_show};
use super::state::{RunRecord, State};
use crate::data::PictureSource;
use crate::prediction::{AnsweredPicture, Assigned, PictureOutcome};
use crate::worker::messages::{Failure, PredictionAnswer, PredictionQuestion};

/// Something that a person asks of the predictions.
#[derive(Debug, Clone, PartialEq)]
pub enum PredictAction {
    /// Answers the pictures that these paths lead to, beside those that are there.
    Paths(Vec<PathBuf>),
    /// Paths, each on a line, as programs copy them.
    PasteText(String),
    /// A picture on the clipboard.
    PasteImage(Arc<egui::ColorImage>),
    /// Asks for files or a folder: see [`PredictPurpose`].
    Dialog(PredictPurpose),
    /// Lets this run answer, by its id; pictures that another one has answered are answered anew.
    UseRun(String),
    /// Ends what is being answered; what is answered stays.
    Stop,
    /// Answers the pictures in this folder, and those that come into it.
    Watch(PathBuf),
    StopWatching,
    /// Forgets all answers.
    Clear,
    /// Writes these answers, or all, to a file.
    Save(Chosen, PathBuf),
    /// Shows what placing them there would do.
    Plan(Chosen, PathBuf),
    /// Does what is shown.
    Place,
    StopPlacing,
    /// Takes back what was placed last.
    TakeBack,
}

/// What the predictions ask for files or a folder for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredictPurpose {
    /// Pictures to answer.
    Pictures,
    /// A folder of pictures to answer.
    Folder,
    /// A folder that is watched.
    Watch,
    /// The file that these answers, or all, are saved in.
    Save(Chosen),
    /// The folder that these pictures, or all, are placed in by class.
    Place(Chosen),
}

impl PredictPurpose {
    pub fn title(&self) -> &'static str {
        match self {
            Self::Pictures => "Predict pictures",
            Self::Folder => "Predict a folder of pictures",
            Self::Watch => "Watch a folder for pictures",
            Self::Save(_) => "Save the answers",
            Self::Place(_) => "Choose a folder for the classes",
        }
    }

    /// What the button that agrees says.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Pictures => "Predict",
            Self::Save(_) => "Save",
            Self::Folder | Self::Watch | Self::Place(_) => "Choose this folder",
        }
    }

    /// What is asked for once it has been chosen; nothing without a path.
    pub fn action(&self, mut paths: Vec<PathBuf>) -> Option<PredictAction> {
        let first = |paths: &mut Vec<PathBuf>| (!paths.is_empty()).then(|| paths.swap_remove(0));
        Some(match self {
            Self::Pictures | Self::Folder if paths.is_empty() => return None,
            Self::Pictures | Self::Folder => PredictAction::Paths(paths),
            Self::Watch => PredictAction::Watch(first(&mut paths)?),
            Self::Save(chosen) => PredictAction::Save(chosen.clone(), first(&mut paths)?),
            Self::Place(chosen) => PredictAction::Plan(chosen.clone(), first(&mut paths)?),
        })
    }
}

/// Answers by their numbers, in an order; all as they came where it is absent.
pub type Chosen = Option<Arc<[u32]>>;

/// What is being answered.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictWork {
    number: u64,
    /// Pictures that were answered or could not be read, and of how many, once that is known.
    pub done: usize,
    pub total: Option<usize>,
    /// Pictures of the run that are looked at first, to tell later what is unlike all of them: how many are, and of how many.
    pub comparing: Option<(usize, usize)>,
    /// When the first pictures went through the network.
    since: Option<Instant>,
    is_stopping: bool,
}

impl PredictWork {
    fn new(number: u64) -> Self {
        Self {
            number,
            done: 0,
            total: None,
            comparing: None,
            since: None,
            is_stopping: false,
        }
    }

    /// Pictures a second so far, and how many seconds are left; nothing while that would be a guess.
    pub fn pace(&self, now: Instant) -> Option<(f64, f64)> {
        let seconds = now.duration_since(self.since?).as_secs_f64();
        if self.done == 0 || seconds < 1.0 {
            return None;
        }
        let pace = self.done as f64 / seconds;
        let left = self.total?.saturating_sub(self.done) as f64 / pace;
        Some((pace, left))
    }
}

/// A folder that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    number: u64,
    pub folder: PathBuf,
    /// Pictures that were in it at first.
    pub found: usize,
    /// Pictures of it that were answered or could not be read.
    pub done: usize,
    /// Whether its pictures have been looked for.
    pub is_ready: bool,
    is_stopping: bool,
}

/// How often each answer was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// In the order of the classes.
    pub classes: Vec<usize>,
    pub none_of_these: usize,
    pub undecided: usize,
}

impl Tally {
    fn count_mut(&mut self, assigned: Assigned) -> &mut usize {
        match assigned {
            Assigned::NoneOfThese => &mut self.none_of_these,
            Assigned::Undecided => &mut self.undecided,
            Assigned::Class(class) => {
                let class = class as usize;
                if self.classes.len() <= class {
                    self.classes.resize(class + 1, 0);
                }
                &mut self.classes[class]
            }
        }
    }
}

/// Plain data behind the view of predictions.
#[derive(Debug, Clone, Default)]
pub struct PredictionState {
    /// Whether a person has asked for the view: it is there without an open experiment, too.
    pub is_wanted: bool,
    /// The run that answers, by its id, once it was chosen or has answered.
    pub run: Option<String>,
    /// Its classes, once its network was opened.
    pub classes: Arc<Vec<String>>,
    /// What whoever uses the answers must know.
    pub remarks: Vec<String>,
    /// In the order in which they came; each keeps its place.
    pub answers: Vec<Arc<AnsweredPicture>>,
    pub tally: Tally,
    /// Pictures that could not be read, and why.
    pub unread: BTreeMap<PathBuf, String>,
    /// Files that are no pictures.
    pub passed_over: usize,
    /// Raised whenever answers come, change or go.
    pub version: u64,
    pub work: Option<PredictWork>,
    pub watched: Option<Watched>,
    /// How long the pictures took that were answered last, and how many they were.
    pub took: Option<(usize, Duration)>,
    /// Why the last question has no answer.
    pub failure: Option<String>,
    /// Paths that were given to be answered, each once.
    pub given: BTreeSet<PathBuf>,
    /// The folder that pictures were placed in last, while that can be taken back.
    pub placed_in: Option<PathBuf>,
    /// Where the answer on a picture stands.
    positions: HashMap<PictureSource, u32>,
    /// Paths whose turn comes next.
    waiting: VecDeque<Vec<PathBuf>>,
    last_number: u64,
}

impl PredictionState {
    /// Whether nothing has been asked yet.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.unread.is_empty() && self.work.is_none()
    }

    /// Answers by their numbers, in their order; all where none are named.
    pub fn chosen(&self, chosen: &Chosen) -> Vec<Arc<AnsweredPicture>> {
        match chosen {
            None => self.answers.clone(),
            Some(indices) => (indices.iter())
                .filter_map(|&index| self.answers.get(index as usize).cloned())
                .collect(),
        }
    }

    /// Whether answers say how unlike the run's own pictures theirs are.
    pub fn knows_novelty(&self) -> bool {
        let last = self.answers.last();
        last.is_some_and(|answer| answer.novelty.is_some())
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The question that answers the pictures that these paths lead to, by the run in `folder`; they wait while others are
    /// being answered.
    pub(in crate::app) fn predict(
        &mut self,
        folder: &Path,
        novelty_rate: f64,
        paths: Vec<PathBuf>,
    ) -> Option<PredictionQuestion> {
        self.given.extend(paths.iter().cloned());
        self.waiting.push_back(paths);
        self.next_question(folder, novelty_rate)
    }

    fn next_question(&mut self, folder: &Path, novelty_rate: f64) -> Option<PredictionQuestion> {
        if self.work.is_some() {
            return None;
        }
        let paths = self.waiting.pop_front()?;
        let number = self.next_number();
        self.failure = None;
        self.work = Some(PredictWork::new(number));
        Some(PredictionQuestion::Predict {
            number,
            folder: folder.to_path_buf(),
            paths,
            novelty_rate,
        })
    }

    /// The question that watches a folder, in the place of one that is watched.
    pub(in crate::app) fn watch(
        &mut self,
        folder: &Path,
        novelty_rate: f64,
        watched: PathBuf,
    ) -> PredictionQuestion {
        let number = self.next_number();
        self.failure = None;
        self.watched = Some(Watched {
            number,
            folder: watched.clone(),
            found: 0,
            done: 0,
            is_ready: false,
            is_stopping: false,
        });
        PredictionQuestion::Watch {
            number,
            folder: folder.to_path_buf(),
            watched,
            novelty_rate,
        }
    }

    /// A person asked for the end of what is being answered, and of what waits.
    pub(in crate::app) fn stop(&mut self) {
        self.waiting.clear();
        if let Some(work) = &mut self.work {
            work.is_stopping = true;
        }
    }

    pub(in crate::app) fn stop_watching(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.is_stopping = true;
        }
    }

    /// Whether an end was asked for that has not come yet.
    pub fn is_stopping(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.is_stopping)
    }

    /// Forgets every answer; what is under way counts no more. The paths that were given.
    pub(in crate::app) fn clear(&mut self) -> Vec<PathBuf> {
        let given = std::mem::take(&mut self.given).into_iter().collect();
        *self = Self {
            is_wanted: self.is_wanted,
            run: self.run.take(),
            placed_in: self.placed_in.take(),
            version: self.version + 1,
            last_number: self.last_number,
            ..Self::default()
        };
        given
    }

    /// Takes what the threads say; the next question, where paths wait for their turn. `run`: the folder of the run
    /// that answers, and the share of its own pictures that may be told as none of its classes.
    pub(in crate::app) fn take(
        &mut self,
        answer: PredictionAnswer,
        run: Option<(&Path, f64)>,
        now: Instant,
    ) -> Option<PredictionQuestion> {
        match answer {
            PredictionAnswer::Comparing {
                number,
                done,
                total,
            } => {
                if let Some(work) = self.work_of(number) {
                    work.comparing = Some((done, total));
                }
            }
            PredictionAnswer::Opened {
                number,
                classes,
                remarks,
            } => {
                if self.is_known(number) {
                    self.tally.classes.resize(classes.len(), 0);
                    self.classes = classes;
                    self.remarks = remarks;
                    self.version += 1;
                }
            }
            PredictionAnswer::Found {
                number,
                pictures,
                lost,
                passed_over,
            } => {
                if !self.is_known(number) {
                    return None;
                }
                if let Some(work) = self.work_of(number) {
                    work.comparing = None;
                    work.total = Some(pictures);
                    work.since = Some(now);
                } else if let Some(watched) = &mut self.watched {
                    watched.is_ready = true;
                    watched.found = pictures;
                }
                self.passed_over += passed_over;
                for problem in lost {
                    self.unread.insert(problem.path, problem.reason);
                }
                self.version += 1;
            }
            PredictionAnswer::Some { number, outcomes } => {
                if !self.is_known(number) {
                    return None;
                }
                match self.work_of(number) {
                    Some(work) => work.done += outcomes.len(),
                    None => {
                        if let Some(watched) = &mut self.watched {
                            watched.done += outcomes.len();
                        }
                    }
                }
                for outcome in outcomes {
                    self.take_outcome(outcome);
                }
                self.version += 1;
            }
            PredictionAnswer::Ended { number, result } => {
                if self.work_of(number).is_some()
                    && let Some(work) = self.work.take()
                {
                    let was_stopped = work.is_stopping;
                    let took = work.since.map(|since| now.duration_since(since));
                    self.took = took.map(|took| (work.done, took));
                    self.note_failure(result.err(), was_stopped);
                    let (folder, novelty_rate) = run?;
                    return self.next_question(folder, novelty_rate);
                }
                let is_watched = |watched: &&Watched| watched.number == number;
                if let Some(watched) = self.watched.as_ref().filter(is_watched) {
                    let was_stopped = watched.is_stopping;
                    self.watched = None;
                    self.note_failure(result.err(), was_stopped);
                }
            }
        }
        None
    }

    fn note_failure(&mut self, failure: Option<Failure>, was_stopped: bool) {
        self.failure = match failure {
            None => None,
            Some(Failure::Stopped) if was_stopped => None,
            Some(failure) => {
                let crashed = "an error inside Graft ended it; what was answered before stays";
                Some(failure.text(crashed))
            }
        };
    }

    /// Whether the question of this number is under way.
    fn is_known(&self, number: u64) -> bool {
        let work = self.work.as_ref().map(|work| work.number);
        let watched = self.watched.as_ref().map(|watched| watched.number);
        [work, watched].contains(&Some(number))
    }

    fn work_of(&mut self, number: u64) -> Option<&mut PredictWork> {
        self.work.as_mut().filter(|work| work.number == number)
    }

    fn take_outcome(&mut self, outcome: PictureOutcome) {
        match outcome {
            PictureOutcome::Unreadable { picture, reason } => {
                self.unread
                    .insert(picture.source.path().to_path_buf(), reason);
            }
            PictureOutcome::Answered(answer) => {
                self.unread.remove(answer.picture.source.path());
                *self.tally.count_mut(answer.assigned()) += 1;
                let source = answer.picture.source.clone();
                let next = self.answers.len() as u32;
                // The same picture again, which may have changed, keeps its place.
                let index = *self.positions.entry(source).or_insert(next);
                let answer = Arc::new(answer);
                match self.answers.get_mut(index as usize) {
                    Some(before) => {
                        let before = std::mem::replace(before, answer);
                        *self.tally.count_mut(before.assigned()) -= 1;
                    }
                    None => self.answers.push(answer),
                }
            }
        }
    }
}

/// Whether a run has kept a network that can answer.
pub fn can_predict(run: &RunRecord) -> bool {
    can_be_evaluated(run)
}

/// The run that answers: the one that was chosen or has answered; else the one that views of one run show; else the one
/// that was trained last, whose pictures are others.
pub fn predicting_run(state: &State) -> Option<&RunRecord> {
    let chosen = state.prediction.run.as_ref();
    let is_chosen = |run: &&RunRecord| chosen == Some(&run.id) && can_predict(run);
    (state.runs.iter().find(is_chosen))
        .or_else(|| run_to_show(state, can_predict))
        .or_else(|| {
            let runs = state.runs.iter().filter(|run| can_predict(run));
            runs.max_by_key(|run| run.summary.as_ref().map(|summary| summary.started))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::{Novelty, Picture, Totals};

    fn answered(name: &str, class: u32, distance: f32) -> PictureOutcome {
        PictureOutcome::Answered(AnsweredPicture {
            picture: Picture::file(name),
            probabilities: vec![0.5, 0.5],
            class: Some(class),
            confidence: 0.5,
            novelty: Some(Novelty {
                distance,
                threshold: 1.0,
                rate: 0.01,
            }),
        })
    }

    fn some(number: u64, outcomes: Vec<PictureOutcome>) -> PredictionAnswer {
        PredictionAnswer::Some { number, outcomes }
    }

    #[test]
    fn the_same_picture_again_keeps_its_place_and_counts_once() {
        let mut state = PredictionState::default();
        let now = Instant::now();
        let run = Path::new("run");
        assert!(state.predict(run, 0.01, vec!["a".into()]).is_some());
        state.take(
            some(1, vec![answered("a", 0, 0.5), answered("b", 1, 0.5)]),
            Some((run, 0.01)),
            now,
        );
        state.take(some(1, vec![answered("a", 1, 2.0)]), Some((run, 0.01)), now);
        assert_eq!(state.answers.len(), 2);
        assert_eq!(state.answers[0].class, Some(1));
        assert_eq!(state.tally.classes, [0, 1]);
        assert_eq!(state.tally.none_of_these, 1);
        // One that could not be read, and then could.
        let picture = Picture::file("c");
        let reason = "cut off".to_owned();
        state.take(
            some(1, vec![PictureOutcome::Unreadable { picture, reason }]),
            Some((run, 0.01)),
            now,
        );
        assert_eq!(state.unread.len(), 1);
        state.take(some(1, vec![answered("c", 0, 0.5)]), Some((run, 0.01)), now);
        assert!(state.unread.is_empty() && state.answers.len() == 3);
    }

    #[test]
    fn what_is_dropped_meanwhile_waits_for_its_turn_and_a_stop_empties_the_queue() {
        let mut state = PredictionState::default();
        let (now, run) = (Instant::now(), Path::new("run"));
        assert!(state.predict(run, 0.01, vec!["a".into()]).is_some());
        assert!(state.predict(run, 0.01, vec!["b".into()]).is_none());
        assert!(state.predict(run, 0.01, vec!["c".into()]).is_none());
        let ended = |number, result| PredictionAnswer::Ended { number, result };
        let next = state.take(ended(1, Ok(Totals::default())), Some((run, 0.01)), now);
        let Some(PredictionQuestion::Predict { paths, number, .. }) = next else {
            panic!("{next:?}");
        };
        assert_eq!((paths, number), (vec!["b".into()], 2));
        state.stop();
        assert!(state.is_stopping());
        assert_eq!(
            state.take(ended(2, Err(Failure::Stopped)), Some((run, 0.01)), now),
            None
        );
        assert!(state.work.is_none() && state.failure.is_none());
    }

    #[test]
    fn what_an_earlier_question_says_counts_no_more_once_all_is_cleared() {
        let mut state = PredictionState::default();
        let (now, run) = (Instant::now(), Path::new("run"));
        state.predict(run, 0.01, vec!["a".into()]);
        state.take(some(1, vec![answered("a", 0, 0.5)]), Some((run, 0.01)), now);
        assert_eq!(state.clear(), [PathBuf::from("a")]);
        state.take(some(1, vec![answered("b", 0, 0.5)]), Some((run, 0.01)), now);
        assert!(state.is_empty());
        state.predict(run, 0.01, vec!["b".into()]);
        state.take(some(2, vec![answered("b", 0, 0.5)]), Some((run, 0.01)), now);
        assert_eq!(state.answers.len(), 1);
    }

    #[test]
    fn a_failure_is_said_and_a_stop_that_was_asked_for_is_none() {
        let mut state = PredictionState::default();
        let (now, run) = (Instant::now(), Path::new("run"));
        state.watch(run, 0.01, "inbox".into());
        let failed = PredictionAnswer::Ended {
            number: 1,
            result: Err("the folder has gone".into()),
        };
        state.take(failed, Some((run, 0.01)), now);
        assert_eq!(state.failure.as_deref(), Some("the folder has gone"));
        assert!(state.watched.is_none());
    }

    #[test]
    fn the_time_left_follows_from_the_pace_so_far() {
        let mut work = PredictWork::new(1);
        let begin = Instant::now();
        assert_eq!(work.pace(begin), None);
        work.since = Some(begin);
        work.total = Some(1_000);
        work.done = 100;
        assert_eq!(
            work.pace(begin + Duration::from_millis(500)),
            None,
            "a guess"
        );
        assert_eq!(
            work.pace(begin + Duration::from_secs(2)),
            Some((50.0, 18.0))
        );
    }
}
