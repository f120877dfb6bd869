//! The real assistant, with work that a test holds in its hands in the place of trees and scans.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::assistant::Assistant;
use super::messages::{Answer, Failure, Question};
use crate::experiment::DataConfig;
use crate::models;

/// An assistant whose quick questions and scans say when they begin and wait until they are let go.
struct Held {
    /// Dropped first: nothing waits any more then.
    go_on: Sender<()>,
    assistant: Assistant,
    /// Folders of runs, backbones and seeds of scans whose work has begun.
    begun: Receiver<String>,
}

impl Held {
    fn new() -> Self {
        let (begin, begun) = bounded(64);
        let (go_on, wait) = bounded::<()>(64);
        let quick = {
            let (begin, wait) = (begin.clone(), wait.clone());
            move |question: &Question| {
                let name = match question {
                    Question::OpenRun { folder } => folder.display().to_string(),
                    Question::LayerTree { backbone, .. } => backbone.clone(),
                    other => panic!("{other:?}"),
                };
                drop(begin.try_send(name.clone()));
                let _ = wait.recv();
                assert_ne!(name, "broken", "a broken backbone");
                Some(failed(question, "done"))
            }
        };
        let scan = move |question: &Question, _: &_, stop: &crate::data::StopFlag| {
            let Question::Scan { seed, .. } = question else {
                return None;
            };
            drop(begin.try_send(seed.to_string()));
            assert_ne!(*seed, 13, "an unlucky seed");
            while !stop.is_stopped() && wait.try_recv().is_err() {
                std::thread::yield_now();
            }
            let stopped = stop.is_stopped();
            let done = question.unanswered(Failure::Stopped).pop();
            if stopped {
                done
            } else {
                Some(failed(question, "done"))
            }
        };
        Self {
            assistant: Assistant::spawn_with(Arc::new(|_| {}), quick, scan).unwrap(),
            begun,
            go_on,
        }
    }

    fn has_begun(&self) -> String {
        self.begun.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    fn let_go(&self) {
        self.go_on.send(()).unwrap();
    }

    fn answers(&self, number: usize) -> Vec<(String, Failure)> {
        answers(&self.assistant, number)
            .iter()
            .map(outcome)
            .collect()
    }
}

/// As many answers as are expected, and none more after them.
fn answers(assistant: &Assistant, number: usize) -> Vec<Answer> {
    let began = Instant::now();
    let mut all = Vec::new();
    while all.len() < number {
        assert!(began.elapsed() < Duration::from_secs(60), "{all:?}");
        std::thread::yield_now();
        all.extend(assistant.answers());
    }
    assert_eq!(all.len(), number, "{all:?}");
    all
}

fn failed(question: &Question, reason: &str) -> Answer {
    question.unanswered(reason.into()).pop().unwrap()
}

/// Which question was answered, and how; all of them fail here, with "done" at the best.
fn outcome(answer: &Answer) -> (String, Failure) {
    match answer {
        Answer::Run { folder, result } => {
            (folder.display().to_string(), result.clone().unwrap_err())
        }
        Answer::LayerTree { backbone, tree, .. } => (backbone.clone(), tree.clone().unwrap_err()),
        Answer::Scanned { seed, result, .. } => (seed.to_string(), result.clone().unwrap_err()),
        other => panic!("{other:?}"),
    }
}

fn run(name: &str) -> Question {
    Question::OpenRun {
        folder: PathBuf::from(name),
    }
}

fn tree(backbone: &str) -> Question {
    Question::LayerTree {
        backbone: backbone.into(),
        input_size: 224,
    }
}

fn scan(seed: u64) -> Question {
    Question::Scan {
        data: Box::new(DataConfig::default()),
        seed,
        base: None,
    }
}

fn done(name: &str) -> (String, Failure) {
    (name.into(), "done".into())
}

fn stopped(name: &str) -> (String, Failure) {
    (name.into(), Failure::Stopped)
}

#[test]
fn a_question_that_panics_is_answered_and_its_thread_goes_on() {
    let held = Held::new();
    held.assistant.ask(tree("broken"));
    held.assistant.ask(run("next"));
    held.let_go();
    held.let_go();
    let answers = held.answers(2);
    let (name, Failure::Crashed(reason)) = &answers[0] else {
        panic!("{answers:?}");
    };
    assert_eq!(name, "broken");
    assert!(reason.contains("a broken backbone"), "{reason}");
    assert_eq!(answers[1], done("next"));
    // So are scans.
    held.assistant.ask(scan(13));
    let answers = held.answers(1);
    assert!(matches!(answers[0].1, Failure::Crashed(_)), "{answers:?}");
    held.assistant.ask(scan(14));
    held.let_go();
    assert_eq!(held.answers(1), [done("14")]);
}

#[test]
fn a_newer_question_takes_the_place_of_one_that_waits_and_both_are_answered() {
    let held = Held::new();
    held.assistant.ask(run("busy"));
    assert_eq!(held.has_begun(), "busy");
    for name in ["first", "second", "third"] {
        held.assistant.ask(tree(name));
    }
    held.assistant.ask(run("other"));
    for _ in 0..3 {
        held.let_go();
    }
    let expected = [
        done("busy"),
        stopped("first"),
        stopped("second"),
        done("third"),
        done("other"),
    ];
    assert_eq!(held.answers(5), expected);
}

#[test]
fn a_scan_is_stopped_by_hand_and_by_the_next_one() {
    let held = Held::new();
    held.assistant.ask(scan(1));
    assert_eq!(held.has_begun(), "1");
    held.assistant.ask(Question::StopScan);
    assert_eq!(held.answers(1), [stopped("1")]);
    // The stop was for the scan that was under way.
    held.assistant.ask(scan(2));
    assert_eq!(held.has_begun(), "2");
    held.assistant.ask(scan(3));
    assert_eq!(held.answers(1), [stopped("2")]);
    assert_eq!(held.has_begun(), "3");
    held.let_go();
    assert_eq!(held.answers(1), [done("3")]);
}

#[test]
fn scans_that_never_began_are_answered_too() {
    let held = Held::new();
    held.assistant.ask(scan(13));
    held.answers(1);
    for seed in 20..30 {
        held.assistant.ask(scan(seed));
    }
    while held.has_begun() != "29" {}
    held.let_go();
    let mut answers = held.answers(10);
    assert_eq!(answers.pop(), Some(done("29")));
    assert!(
        answers
            .iter()
            .all(|(_, failure)| *failure == Failure::Stopped)
    );
}

#[test]
fn what_finds_no_room_is_refused_at_once() {
    let held = Held::new();
    held.assistant.ask(run("busy"));
    assert_eq!(held.has_begun(), "busy");
    let room = super::assistant::QUESTIONS;
    for number in 0..room + 3 {
        held.assistant.ask(run(&number.to_string()));
    }
    let refused = held.answers(3);
    for (index, (name, failure)) in refused.iter().enumerate() {
        assert_eq!(*name, (room + index).to_string());
        let Failure::Failed(reason) = failure else {
            panic!("{failure:?}");
        };
        assert!(reason.contains("too many questions"), "{reason}");
    }
}

#[test]
fn a_dropped_assistant_ends_its_threads_and_answers_what_waits() {
    let heard = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (begin, begun) = bounded(1);
    let notify = {
        let heard = heard.clone();
        move |_| _ = heard.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
    };
    let scan = move |question: &Question, _: &_, stop: &crate::data::StopFlag| {
        begin.send(()).unwrap();
        while !stop.is_stopped() {
            std::thread::yield_now();
        }
        question.unanswered(Failure::Stopped).pop()
    };
    let assistant = Assistant::spawn_with(Arc::new(notify), |_| None, scan).unwrap();
    assistant.ask(self::scan(1));
    begun.recv().unwrap();
    drop(assistant);
    // Every sender of the work is gone with its thread.
    assert!(begun.recv().is_err());
    assert_eq!(heard.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn a_question_that_nobody_answers_says_so() {
    let assistant = Assistant::spawn_with(Arc::new(|_| {}), |_| None, |_, _, _| None).unwrap();
    assistant.ask(tree("any"));
    let answers = answers(&assistant, 1);
    let (_, failure) = outcome(&answers[0]);
    assert!(failure.to_string().contains("no thread answers"));
}

#[test]
fn the_assistant_knows_trees_and_says_why_there_is_none() {
    let assistant = Assistant::spawn(Arc::new(|_| {})).unwrap();
    assistant.ask(tree("resnet18"));
    let answers_of = |assistant| answers(assistant, 1).remove(0);
    let Answer::LayerTree { tree: found, .. } = answers_of(&assistant) else {
        panic!("another answer");
    };
    assert_eq!(*found.unwrap(), models::outline("resnet18", 224).unwrap());
    assistant.ask(tree("resnet19"));
    let Answer::LayerTree { tree: found, .. } = answers_of(&assistant) else {
        panic!("another answer");
    };
    assert!(matches!(found, Err(Failure::Failed(_))));
}
