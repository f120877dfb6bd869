//! A learning rate is found and a learning curve measured from the window, on small pictures, by its own threads.

use std::sync::Arc;

use super::*;
use crate::app::core::learning_curve::LearningCurveAction;
use crate::app::core::rate_finder::RateAction;
use crate::app::core::view_id::ViewId;
use crate::data::{StopFlag, scan, split};

/// Dark and bright squares, and a preset over them that is quick.
fn with_pictures() -> Window {
    let folder = tempfile::tempdir().unwrap();
    for (class, base) in [("bright", 180u8), ("dark", 30)] {
        let class = folder.path().join("pictures").join(class);
        std::fs::create_dir_all(&class).unwrap();
        for index in 0..27u8 {
            let value = |x: u32, y: u32| base + (x as u8 ^ y as u8) % 16 + index;
            image::RgbImage::from_fn(36, 32, |x, y| image::Rgb([value(x, y); 3]))
                .save(class.join(format!("{index}.png")))
                .unwrap();
        }
    }
    let preset = r#"(
        version: 1,
        name: "Squares",
        data: (source: ClassFolders(path: "pictures"), split: (validation: 0.1, test: 0.1)),
        backbone: (name: "resnet18", weights: Random, input_size: Some(32)),
        head: (layers: []),
        training: (batch_size: 8),
        phases: [(name: "Head", epochs: 3, freeze: Backbone, learning_rate: 0.5)],
    )"#;
    let mut window = Window::in_folder(folder, &[preset], [1280.0, 800.0]);
    let asked = |window: &Window| {
        let record = window.record.borrow();
        record
            .questions
            .iter()
            .rev()
            .find_map(|question| match question {
                Question::Scan { data, seed, base } => Some((data.clone(), *seed, base.clone())),
                _ => None,
            })
    };
    window.wait_until(|window| asked(window).is_some());
    let (data, seed, base) = asked(&window).unwrap();
    let stop = StopFlag::default();
    let dataset = scan::scan(&data, base.as_deref(), &|_, _| {}, &stop).unwrap();
    let experiment = Experiment {
        data: (*data).clone(),
        seed,
        ..Experiment::default()
    };
    let split = split::split(&dataset, &experiment).unwrap();
    window.answer(Answer::Scanned {
        data,
        seed,
        result: Ok((Arc::new(dataset), split)),
    });
    window
}

#[test]
fn a_rate_is_found_used_and_taken_back() {
    let mut window = with_pictures();
    let document = window.state().documents[0].id;
    push(&mut window, Command::Rates(RateAction::Open(document, 0)));
    assert!(window.shows("Find a learning rate") && window.shows("Phase 1, Head"));
    window.harness.get_by_label("Find a rate").click();
    window.steps();
    assert!(window.harness.state().is_working());
    window.wait_until(|window| !window.harness.state().rates.is_working());
    window.steps();
    assert!(window.shows("Phase 1, Head: a learning rate of"));
    let before = window.state().documents[0].experiment.clone();
    window.harness.get_by_label_contains("Use 0.").click();
    window.steps();
    let rate = |window: &Window| window.state().documents[0].experiment.phases[0].learning_rate;
    assert!(
        rate(&window) < 0.5 && rate(&window) > 1e-7,
        "{}",
        rate(&window)
    );
    assert!(!window.shows("Find a learning rate"));
    push(&mut window, Command::Undo);
    assert_eq!(window.state().documents[0].experiment, before);
    // Another phase, another test: nothing is left of this one.
    push(&mut window, Command::Rates(RateAction::Open(document, 7)));
    assert!(!window.shows("Find a learning rate"));
}

#[test]
fn a_learning_curve_is_measured_and_said() {
    let mut window = with_pictures();
    push(&mut window, Command::ShowView(ViewId::new("LearningCurve")));
    window
        .harness
        .get_by_label("Measure the learning curve")
        .click();
    window.steps();
    assert!(window.harness.state().is_working());
    window.wait_until(|window| !window.harness.state().learning_curves.is_working());
    window.steps();
    let curve = &window.state().learning_curve;
    assert_eq!((curve.failure.as_ref(), curve.doing.as_ref()), (None, None));
    let found = curve.found.clone().unwrap();
    assert!(window.shows(&found.accuracy.answer()));
    push(
        &mut window,
        Command::LearningCurve(LearningCurveAction::CopyTable),
    );
    // Stopped at once, nothing changes.
    push(
        &mut window,
        Command::LearningCurve(LearningCurveAction::Measure),
    );
    push(
        &mut window,
        Command::LearningCurve(LearningCurveAction::Stop),
    );
    window.wait_until(|window| !window.harness.state().learning_curves.is_working());
    assert_eq!(window.state().learning_curve.failure, None);
    assert!(window.state().learning_curve.found.is_some());
}
