//! The feature cache in the window, and what is asked about it.

use std::collections::BTreeSet;

use egui_kittest::kittest::Queryable;

use super::fake::Window;
use crate::training::cache_coverage::{CacheCoverage, RowCounts};
use crate::training::features::about::About;
use crate::training::features::store::{StoredFeatures, Usage};
use crate::worker::messages::{Answer, Failure, FeaturesAnswer, FeaturesQuestion, Question};

fn asked(window: &Window) -> Vec<FeaturesQuestion> {
    let of = |question: &Question| match question {
        Question::Features(question) => Some(question.clone()),
        _ => None,
    };
    let record = window.record.borrow();
    record.questions.iter().filter_map(of).collect()
}

fn usage(bytes: u64) -> Answer {
    let about = About {
        backbone: "efficientnet_lite0".into(),
        side: 224,
        depth: 9,
        segments: 9,
        pictures: BTreeSet::new(),
    };
    Answer::Features(FeaturesAnswer::Usage(Usage {
        folder: "/cache/frozen".into(),
        bytes,
        files: usize::from(bytes > 0),
        limit_bytes: 10_000_000_000,
        kept: vec![StoredFeatures {
            about: Some(about),
            bytes,
            files: 1,
            used: 0,
        }],
    }))
}

#[test]
fn the_cache_is_shown_and_cleared_after_a_question() {
    let mut window = Window::with_pair();
    assert!(matches!(asked(&window)[..], [FeaturesQuestion::Usage]));
    window.answer(usage(123_000_000));
    // Everything above it is closed, so that it is in sight.
    for section in ["Data", "Layers", "Feature cache"] {
        let all: Vec<_> = window.harness.get_all_by_label(section).collect();
        all[0].click();
        window.steps();
    }
    window.harness.get_by_label("123 MB of 10.0 GB");
    window.harness.get_by_label("EfficientNet-Lite0, 224 px");
    window
        .harness
        .get_by_label_contains("Clear the cache…")
        .click();
    window.steps();
    window.harness.get_by_label("Clear the feature cache?");
    assert!(!asked(&window).iter().any(is_clear));
    window.harness.get_by_label("Clear the cache").click();
    window.steps();
    assert!(asked(&window).iter().any(is_clear));
    let clearing = FeaturesAnswer::Clearing { done: 3, total: 8 };
    window.answer(Answer::Features(clearing));
    window.harness.get_by_label("Clearing, 3 of 8 files");
    window.answer(Answer::Features(FeaturesAnswer::Cleared(Ok(123_000_000))));
    window.answer(usage(0));
    window.harness.get_by_label("0 B of 10.0 GB");
}

fn is_clear(question: &FeaturesQuestion) -> bool {
    matches!(question, FeaturesQuestion::Clear)
}

#[test]
fn what_is_said_of_another_experiment_is_dropped() {
    let mut window = Window::with_pair();
    let rows = RowCounts { all: 9, missing: 0 };
    let cache_coverage = |ticket| {
        Answer::Features(FeaturesAnswer::CacheCoverage {
            ticket,
            result: Ok(std::sync::Arc::new(CacheCoverage {
                phases: vec![rows],
                ..CacheCoverage::default()
            })),
        })
    };
    window.answer(cache_coverage(7));
    assert!(window.state().features.cache_coverage.is_none());
}

/// The questions about what is kept of the experiment, once there are so many of them.
fn coverage_tickets(window: &mut Window, wanted: usize) -> Vec<u64> {
    for _ in 0..2_000 {
        window.steps();
        let tickets: Vec<u64> = asked(window)
            .iter()
            .filter_map(|question| match question {
                FeaturesQuestion::CacheCoverage { ticket, .. } => Some(*ticket),
                _ => None,
            })
            .collect();
        if tickets.len() >= wanted {
            return tickets;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    panic!("it was not asked for");
}

#[test]
fn what_is_kept_is_asked_again_after_an_edit_that_was_undone_and_a_crash_is_shown() {
    let mut window = Window::with_pair();
    let scan = crate::app::features::fakes::state().scan;
    window.state_mut().scan = scan;
    let first = coverage_tickets(&mut window, 1);
    window.answer(Answer::Features(FeaturesAnswer::CacheCoverage {
        ticket: first[0],
        result: Ok(std::sync::Arc::new(CacheCoverage::default())),
    }));
    let coverage = |window: &Window| {
        let features = &window.state().features;
        features.cache_coverage.clone()
    };
    assert!(coverage(&window).is_some());
    let edit = |window: &mut Window, size: Option<u32>| {
        let state = window.state_mut();
        state.documents[0].experiment.backbone.input_size = size;
        window.harness.run_steps(1);
    };
    let before = window.state().documents[0].experiment.backbone.input_size;
    edit(&mut window, Some(96));
    assert!(coverage(&window).is_none());
    edit(&mut window, before);
    let second = coverage_tickets(&mut window, 2);
    window.answer(Answer::Features(FeaturesAnswer::CacheCoverage {
        ticket: second[1],
        result: Err(Failure::Crashed("out of bounds".into())),
    }));
    let problem = window.state().features.problem.clone();
    assert!(problem.is_some_and(|problem| problem.contains("an error inside Graft")));
}
