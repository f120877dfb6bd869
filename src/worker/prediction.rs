//! Runs' networks on pictures of any kind: those that a person gives on one thread, those that come into a folder on
//! another. What is answered is said as it comes, a few pictures at a time. Tensors stay there.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lane::{Lane, answer_in_turn};
use super::messages::{Answer, Failure, PredictionAnswer, PredictionQuestion, Question};
use super::pending::{Pending, Report};
use crate::data::StopFlag;
use crate::data::contents::Stamp;
use crate::models::device;
use crate::prediction::{
    Finder, FolderWatch, Found, Picture, PictureOutcome, Predictor, Totals, novelty_untold,
    predict_stream,
};
use crate::runs::{RunError, files};
use crate::training::leave_cores;

/// Questions that may wait for a thread; further ones are refused.
const QUESTIONS: usize = 64;
/// Answers that are said together, at most.
const TOGETHER: usize = 256;
/// Answers are not held back for longer.
const HELD_BACK: Duration = Duration::from_millis(100);

/// How long a watched folder's silence is waited for at a time: a stop is looked at in between.
const WAIT: Duration = Duration::from_millis(500);
/// Pictures that came together and are answered as one stream.
const AT_ONCE: usize = 256;

/// Handle of the threads. Dropping it stops and joins them.
pub(super) struct Predictions {
    given: Lane,
    watched: Lane,
}

/// The network that answered last: the next question is often for the same.
#[derive(Default)]
struct Kept(Option<Opened>);

/// A run's network with the weights that it had when it was opened.
struct Opened {
    folder: PathBuf,
    weights: Option<Stamp>,
    predictor: Predictor,
    /// Why it can't tell pictures of no class, as a sentence.
    remark: Option<String>,
}

impl Predictions {
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(report: &Report) -> std::io::Result<Self> {
        let lane = |name| {
            let report = report.clone();
            Lane::spawn(name, QUESTIONS, move |questions| {
                let work = |question: &Question, stop: &StopFlag, kept: &mut Kept| {
                    answer(question, stop, kept, &report)
                };
                answer_in_turn(questions, work, leave_cores);
            })
        };
        Ok(Self {
            given: lane("graft-predict")?,
            watched: lane("graft-watch")?,
        })
    }

    pub fn ask(&self, pending: Pending) {
        let Question::Prediction(question) = pending.question() else {
            return;
        };
        match question {
            PredictionQuestion::Predict { .. } => self.given.ask_instead(pending),
            PredictionQuestion::StopPredicting => self.given.stop_last(),
            PredictionQuestion::Watch { .. } => self.watched.ask_instead(pending),
            PredictionQuestion::StopWatching => self.watched.stop_last(),
        }
    }

    /// Asks the threads to end soon, without waiting for them.
    pub fn close(&mut self) {
        self.given.close();
        self.watched.close();
    }
}

impl Drop for Predictions {
    fn drop(&mut self) {
        self.close();
    }
}

impl Kept {
    /// The network of the run in `folder`, with the weights that it has now.
    fn open(
        &mut self,
        folder: &Path,
        novelty_rate: f64,
        say: &Say<'_>,
        stop: &StopFlag,
    ) -> Result<&Opened, Failure> {
        let weights = Stamp::of(&folder.join(files::WEIGHTS)).ok();
        let is_it = |kept: &Opened| kept.folder == folder && kept.weights == weights;
        // Another one goes before: a network at a time in memory.
        let kept = self.0.take().filter(is_it);
        let mut kept = match kept {
            Some(kept) => kept,
            None => Opened {
                folder: folder.to_path_buf(),
                weights,
                predictor: Predictor::open(folder, device::best())?,
                remark: None,
            },
        };
        let mut progress = |done, total| say.comparing(done, total);
        let known = (kept.predictor).know_novelty(novelty_rate, &mut progress, stop);
        kept.remark = match known {
            Ok(()) => None,
            Err(RunError::Stopped) => return Err(Failure::Stopped),
            // Answers stand without it.
            Err(error) => Some(novelty_untold(&error)),
        };
        Ok(self.0.insert(kept))
    }
}

fn answer(
    question: &Question,
    stop: &StopFlag,
    kept: &mut Kept,
    report: &Report,
) -> Option<Answer> {
    let Question::Prediction(question) = question else {
        return None;
    };
    let (number, result) = match question {
        PredictionQuestion::Predict {
            number,
            folder,
            paths,
            novelty_rate,
        } => {
            let say = Say::new(*number, report);
            let opened = kept.open(folder, *novelty_rate, &say, stop);
            let result = opened.and_then(|opened| predict(opened, paths, stop, say));
            (*number, result)
        }
        PredictionQuestion::Watch {
            number,
            folder,
            watched,
            novelty_rate,
        } => {
            let say = Say::new(*number, report);
            let opened = kept.open(folder, *novelty_rate, &say, stop);
            let result = opened.and_then(|opened| watch(opened, watched, stop, say));
            (*number, result)
        }
        PredictionQuestion::StopPredicting | PredictionQuestion::StopWatching => return None,
    };
    Some(Answer::Prediction(PredictionAnswer::Ended {
        number,
        result,
    }))
}

/// Says what comes before the answer to a question.
struct Say<'a> {
    number: u64,
    report: &'a Report,
    held_back: Vec<PictureOutcome>,
    since: Instant,
}

impl<'a> Say<'a> {
    fn new(number: u64, report: &'a Report) -> Self {
        Self {
            number,
            report,
            held_back: Vec::new(),
            since: Instant::now(),
        }
    }

    fn opened(&self, opened: &Opened, remarks: &[String]) {
        let predictor = &opened.predictor;
        let remarks = (predictor.remarks().into_iter())
            .chain(opened.remark.clone())
            .chain(remarks.iter().cloned());
        let novelty = predictor.novelty();
        let distances = novelty.map(|novelty| novelty.reference().validation.values.as_slice());
        (self.report)(Answer::Prediction(PredictionAnswer::Opened {
            number: self.number,
            classes: Arc::new(predictor.classes().to_vec()),
            remarks: remarks.collect(),
            validation_distances: distances.unwrap_or_default().into(),
        }));
    }

    /// Pictures that the run learned from are looked at, to tell what is unlike all of them.
    fn comparing(&self, done: usize, total: usize) {
        (self.report)(Answer::Prediction(PredictionAnswer::Comparing {
            number: self.number,
            done,
            total,
        }));
    }

    fn found(&self, pictures: usize, found: Found) {
        let lost = found.lost.into_iter().chain(found.missing);
        (self.report)(Answer::Prediction(PredictionAnswer::Found {
            number: self.number,
            pictures,
            lost: lost.collect(),
            passed_over: found.passed_over,
        }));
    }

    fn outcome(&mut self, outcome: PictureOutcome) {
        if self.held_back.is_empty() {
            self.since = Instant::now();
        }
        self.held_back.push(outcome);
        if self.held_back.len() >= TOGETHER || self.since.elapsed() >= HELD_BACK {
            self.hand_over();
        }
    }

    /// Answers pictures, and says the answers.
    fn stream(
        &mut self,
        predictor: &Predictor,
        pictures: Vec<Picture>,
        stop: &StopFlag,
    ) -> Result<Totals, Failure> {
        let mut deliver = |outcome| {
            self.outcome(outcome);
            ControlFlow::Continue(())
        };
        let result = predict_stream(predictor, pictures, &mut deliver, stop);
        // What is answered is not lost with what follows.
        self.hand_over();
        let totals = result?;
        match totals.is_stopped {
            true => Err(Failure::Stopped),
            false => Ok(totals),
        }
    }

    fn hand_over(&mut self) {
        let outcomes = std::mem::take(&mut self.held_back);
        if !outcomes.is_empty() {
            (self.report)(Answer::Prediction(PredictionAnswer::Some {
                number: self.number,
                outcomes,
            }));
        }
    }
}

/// Answers every picture that the paths lead to.
fn predict(
    opened: &Opened,
    paths: &[PathBuf],
    stop: &StopFlag,
    mut say: Say<'_>,
) -> Result<Totals, Failure> {
    say.opened(opened, &[]);
    let (mut found, mut finder) = (Found::default(), Finder::new(&opened.folder));
    for path in paths {
        finder.find(path, &mut found, stop)?;
    }
    found.drop_repeated();
    let pictures = std::mem::take(&mut found.pictures);
    say.found(pictures.len(), found);
    say.stream(&opened.predictor, pictures, stop)
}

/// Answers what is in a folder, then what comes into it. A stop is the only end that is no failure.
fn watch(
    opened: &Opened,
    watched: &Path,
    stop: &StopFlag,
    mut say: Say<'_>,
) -> Result<Totals, Failure> {
    // Watched first, looked through then: what comes in between is seen twice rather than missed.
    let mut watch = FolderWatch::new(&[watched.to_path_buf()], None)?;
    say.opened(opened, watch.remarks());
    let mut found = Found::default();
    Finder::new(&opened.folder).find(watched, &mut found, stop)?;
    let mut pictures = std::mem::take(&mut found.pictures);
    watch.take_whole(&mut pictures);
    say.found(pictures.len(), found);
    loop {
        while !pictures.is_empty() {
            let rest = pictures.split_off(pictures.len().min(AT_ONCE));
            say.stream(
                &opened.predictor,
                std::mem::replace(&mut pictures, rest),
                stop,
            )?;
        }
        if stop.is_stopped() {
            return Err(Failure::Stopped);
        }
        pictures = watch.next(WAIT, stop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::evaluate::tests::finished_run;
    use crate::worker::assistant::Assistant;

    /// What is said until the question of this `number` is answered, or `is_enough` says so.
    fn said_until(
        assistant: &Assistant,
        is_enough: impl Fn(&PredictionAnswer) -> bool,
    ) -> Vec<PredictionAnswer> {
        let mut all = Vec::new();
        let began = Instant::now();
        while !all.iter().any(&is_enough) {
            assert!(began.elapsed() < Duration::from_secs(300), "{all:?}");
            std::thread::sleep(Duration::from_millis(5));
            let said = assistant.answers().into_iter();
            all.extend(said.filter_map(|answer| match answer {
                Answer::Prediction(answer) => Some(answer),
                _ => None,
            }));
        }
        all
    }

    fn has_ended(number: u64) -> impl Fn(&PredictionAnswer) -> bool {
        move |answer| matches!(answer, PredictionAnswer::Ended { number: of, .. } if *of == number)
    }

    fn outcomes(said: &[PredictionAnswer]) -> Vec<&PictureOutcome> {
        said.iter()
            .filter_map(|answer| match answer {
                PredictionAnswer::Some { outcomes, .. } => Some(outcomes),
                _ => None,
            })
            .flatten()
            .collect()
    }

    fn result(said: &[PredictionAnswer]) -> &Result<Totals, Failure> {
        let mut ends = said.iter().filter_map(|answer| match answer {
            PredictionAnswer::Ended { result, .. } => Some(result),
            _ => None,
        });
        let end = ends.next().expect("it ended");
        assert!(ends.next().is_none(), "once");
        end
    }

    fn predict(number: u64, folder: &Path, paths: Vec<PathBuf>) -> Question {
        Question::Prediction(PredictionQuestion::Predict {
            number,
            folder: folder.to_path_buf(),
            paths,
            novelty_rate: 0.5,
        })
    }

    fn paint(path: &Path, value: u8) {
        let pixel = image::Rgb([value, value / 2, value]);
        let picture = image::RgbImage::from_pixel(32, 32, pixel);
        picture.save(path).unwrap();
    }

    #[test]
    fn every_picture_of_a_folder_is_answered_and_broken_ones_are_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run(root.path());
        let inbox = root.path().join("inbox");
        std::fs::create_dir_all(inbox.join("below")).unwrap();
        paint(&inbox.join("1.png"), 190);
        paint(&inbox.join("below/2.png"), 30);
        std::fs::write(inbox.join("broken.png"), "no picture").unwrap();
        std::fs::write(inbox.join("notes.txt"), "no picture either").unwrap();
        let assistant = Assistant::spawn(Arc::new(|_| {})).unwrap();
        let paths = vec![inbox.clone(), root.path().join("absent.png")];
        assistant.ask(predict(1, &folder, paths));
        let said = said_until(&assistant, has_ended(1));
        let PredictionAnswer::Opened { classes, .. } = said
            .iter()
            .find(|answer| matches!(answer, PredictionAnswer::Opened { .. }))
            .expect("the network is opened")
        else {
            unreachable!();
        };
        assert_eq!(**classes, ["bright", "dark"]);
        let lost = said.iter().find_map(|answer| match answer {
            PredictionAnswer::Found { lost, .. } => Some(lost),
            _ => None,
        });
        assert!(
            lost.unwrap()
                .iter()
                .any(|problem| problem.path.ends_with("absent.png"))
        );
        let outcomes = outcomes(&said);
        let answered: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                PictureOutcome::Answered(answer) => Some(answer),
                PictureOutcome::Unreadable { .. } => None,
            })
            .collect();
        assert_eq!((answered.len(), outcomes.len()), (2, 3));
        for answer in answered {
            let sum: f32 = answer.probabilities.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5);
            assert!(answer.novelty.is_some(), "the run has validation pictures");
        }
        let totals = result(&said).as_ref().unwrap();
        assert_eq!((totals.answered, totals.unreadable), (2, 1));

        // A run that is not there.
        let absent = root.path().join("no run");
        assistant.ask(predict(2, &absent, vec![inbox]));
        let said = said_until(&assistant, has_ended(2));
        assert!(matches!(result(&said), Err(Failure::Failed(_))), "{said:?}");
    }

    #[test]
    fn pictures_that_come_into_a_watched_folder_are_answered_until_a_stop() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run(root.path());
        let watched = root.path().join("camera");
        std::fs::create_dir(&watched).unwrap();
        paint(&watched.join("1.png"), 190);
        let assistant = Assistant::spawn(Arc::new(|_| {})).unwrap();
        assistant.ask(Question::Prediction(PredictionQuestion::Watch {
            number: 1,
            folder,
            watched: watched.clone(),
            novelty_rate: 0.5,
        }));
        let is_some = |answer: &PredictionAnswer| matches!(answer, PredictionAnswer::Some { .. });
        let said = said_until(&assistant, is_some);
        assert_eq!(outcomes(&said)[0].picture().name(), watched.join("1.png"));
        paint(&watched.join("2.png"), 30);
        let said = said_until(&assistant, is_some);
        assert_eq!(outcomes(&said)[0].picture().name(), watched.join("2.png"));
        assistant.ask(Question::Prediction(PredictionQuestion::StopWatching));
        let said = said_until(&assistant, has_ended(1));
        assert_eq!(*result(&said), Err(Failure::Stopped));
    }

    #[test]
    fn a_question_in_the_place_of_another_stops_it_and_both_are_answered() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run(root.path());
        let assistant = Assistant::spawn(Arc::new(|_| {})).unwrap();
        let pictures = root.path().join("pictures");
        let many = vec![pictures.clone(); 400];
        assistant.ask(predict(1, &folder, many));
        assistant.ask(predict(2, &folder, vec![pictures]));
        let said = said_until(&assistant, has_ended(2));
        let of_first: Vec<_> = said.iter().filter(|answer| has_ended(1)(answer)).collect();
        let [PredictionAnswer::Ended { result, .. }] = of_first[..] else {
            panic!("{of_first:?}");
        };
        assert_eq!(*result, Err(Failure::Stopped));
        assistant.ask(Question::Prediction(PredictionQuestion::StopPredicting));
    }
}
