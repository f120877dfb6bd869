//! What the state does with what the threads say.

use std::time::{Duration, Instant};

use super::*;
use crate::prediction::{Novelty, Picture, PictureOutcome, Totals};
use crate::worker::messages::{Failure, PredictionAnswer};

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
        part: None,
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
        Some(run),
        now,
    );
    state.take(some(1, vec![answered("a", 1, 2.0)]), Some(run), now);
    assert_eq!(state.answers.len(), 2);
    assert_eq!(state.answers[0].class, Some(1));
    assert_eq!(state.tally.classes, [0, 1]);
    assert_eq!(state.tally.none_of_these, 1);
    // One that could not be read, and then could.
    let picture = Picture::file("c");
    let reason = "cut off".to_owned();
    state.take(
        some(1, vec![PictureOutcome::Unreadable { picture, reason }]),
        Some(run),
        now,
    );
    assert_eq!(state.unread.len(), 1);
    state.take(some(1, vec![answered("c", 0, 0.5)]), Some(run), now);
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
    let next = state.take(ended(1, Ok(Totals::default())), Some(run), now);
    let Some(PredictionQuestion::Predict { paths, number, .. }) = next else {
        panic!("{next:?}");
    };
    assert_eq!((paths, number), (vec!["b".into()], 2));
    state.stop();
    assert!(state.is_stopping());
    assert_eq!(
        state.take(ended(2, Err(Failure::Stopped)), Some(run), now),
        None
    );
    assert!(state.work.is_none() && state.failure.is_none());
}

#[test]
fn what_an_earlier_question_says_counts_no_more_once_all_is_cleared() {
    let mut state = PredictionState::default();
    let (now, run) = (Instant::now(), Path::new("run"));
    state.predict(run, 0.01, vec!["a".into()]);
    state.take(some(1, vec![answered("a", 0, 0.5)]), Some(run), now);
    assert_eq!(state.clear(), [PathBuf::from("a")]);
    state.take(some(1, vec![answered("b", 0, 0.5)]), Some(run), now);
    assert!(state.is_empty());
    state.predict(run, 0.01, vec!["b".into()]);
    state.take(some(2, vec![answered("b", 0, 0.5)]), Some(run), now);
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
    state.take(failed, Some(run), now);
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

/// A network that knows how far its validation pictures are.
fn opened(number: u64, distances: &[f32]) -> PredictionAnswer {
    PredictionAnswer::Opened {
        number,
        classes: Arc::new(vec!["cat".to_owned(), "dog".to_owned()]),
        remarks: Vec::new(),
        validation_distances: distances.into(),
    }
}

#[test]
fn another_rate_of_false_alarms_holds_for_the_answers_that_are_there() {
    let mut state = PredictionState::default();
    let (now, run) = (Instant::now(), Path::new("run"));
    state.predict(run, 0.25, vec!["a".into()]);
    state.take(opened(1, &[0.1, 0.2, 0.3, 0.4]), None, now);
    let outcomes = [("a", 0.15), ("b", 0.35), ("c", 0.9)];
    let outcomes = outcomes.map(|(name, distance)| answered(name, 0, distance));
    state.take(some(1, outcomes.into()), None, now);
    let thresholds = |state: &PredictionState| -> Vec<f32> {
        let novelties = state.answers.iter().filter_map(|answer| answer.novelty);
        novelties.map(|novelty| novelty.threshold).collect()
    };
    // Of what the question said, the limit that holds here counts.
    assert_eq!(thresholds(&state), [0.4; 3]);
    assert_eq!((state.tally.none_of_these, state.tally.classes[0]), (1, 2));
    let version = state.version;
    state.set_novelty_rate(0.5);
    assert_eq!(thresholds(&state), [0.3; 3]);
    assert_eq!((state.tally.none_of_these, state.tally.classes[0]), (2, 1));
    assert!(state.version > version && state.limit.is_some_and(|limit| limit.rate == 0.5));
    // What comes later follows it, too.
    state.take(some(1, vec![answered("d", 1, 0.35)]), None, now);
    assert_eq!((state.tally.none_of_these, state.tally.classes[1]), (3, 0));
    // A rate that so few pictures can't state is raised, which the limit says.
    state.set_novelty_rate(0.01);
    assert!(
        state
            .limit
            .is_some_and(|limit| limit.rate == 0.2 && limit.asked == 0.01)
    );
    assert_eq!(state.tally.none_of_these, 1);
    let idle = state.version;
    state.set_novelty_rate(0.01);
    assert_eq!(state.version, idle, "nothing is made anew");
    // Another run, which does not know its pictures.
    state.clear();
    state.predict(run, 0.01, vec!["a".into()]);
    state.take(opened(2, &[]), None, now);
    assert!(!state.knows_novelty());
}

#[test]
fn an_answer_of_other_bytes_goes_when_the_picture_can_no_longer_be_read() {
    let mut state = PredictionState::default();
    let (now, run) = (Instant::now(), Path::new("run"));
    state.predict(run, 0.01, vec!["a".into()]);
    let names = ["a", "b", "c", "d"];
    let outcomes = names.map(|name| answered(name, 0, 0.5));
    state.take(some(1, outcomes.into()), None, now);
    let source = |name: &str| PictureSource::File(name.into());
    let chosen: Chosen = Some([source("d"), source("b"), source("a")].into());
    let unreadable = |name: &str| PictureOutcome::Unreadable {
        picture: Picture::file(name),
        reason: "is cut off".into(),
    };
    state.take(some(1, vec![unreadable("c"), unreadable("a")]), None, now);
    let names = |answers: &[Arc<AnsweredPicture>]| -> Vec<PathBuf> {
        let paths = answers.iter().map(|answer| answer.picture.name());
        paths.map(Path::to_path_buf).collect()
    };
    assert_eq!(names(&state.answers), [Path::new("b"), Path::new("d")]);
    assert_eq!((state.tally.classes[0], state.unread.len()), (2, 2));
    // What was chosen before means the same pictures.
    assert_eq!(
        names(&state.chosen(&chosen)),
        [Path::new("d"), Path::new("b")]
    );
    // Those that are left keep their places, and the others come back.
    state.take(
        some(1, vec![answered("d", 1, 0.5), answered("a", 1, 0.5)]),
        None,
        now,
    );
    let expected = ["b", "d", "a"].map(PathBuf::from);
    assert_eq!(names(&state.answers), expected);
    assert_eq!((state.tally.classes[1], state.unread.len()), (2, 1));
}

#[test]
fn what_a_stop_left_without_a_look_is_counted() {
    let mut state = PredictionState::default();
    let (now, run) = (Instant::now(), Path::new("run"));
    state.predict(run, 0.01, vec!["a".into()]);
    let found = PredictionAnswer::Found {
        number: 1,
        pictures: 10,
        lost: Vec::new(),
        passed_over: Vec::new(),
    };
    state.take(found, None, now);
    state.take(some(1, vec![answered("a", 0, 0.5)]), None, now);
    state.stop();
    let ended = PredictionAnswer::Ended {
        number: 1,
        result: Err(Failure::Stopped),
    };
    state.take(ended, None, now);
    assert_eq!(state.left, 9);
    state.predict(run, 0.01, vec!["b".into()]);
    assert_eq!(state.left, 0);
}
