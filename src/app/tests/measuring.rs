//! How quick backbones are is measured in sight, when it is asked for, and never beside a training.

use super::*;
use crate::models::speed::Measured;

fn asked(window: &Window) -> Vec<String> {
    let record = window.record.borrow();
    let name = |question: &Question| match question {
        Question::MeasureSpeed { backbone } => Some(backbone.clone()),
        _ => None,
    };
    record.questions.iter().filter_map(name).collect()
}

fn stops(window: &Window) -> usize {
    let record = window.record.borrow();
    let is_stop = |question: &&Question| matches!(question, Question::StopMeasuring);
    record.questions.iter().filter(is_stop).count()
}

fn measured() -> Measured {
    Measured {
        pictures_per_second: 40.0,
        stage_features: vec![512],
        top_share: 0.1,
        taken: None,
    }
}

fn show_backbones(window: &mut Window) {
    let view = crate::app::core::view_id::ViewId::BACKBONES;
    window
        .harness
        .state_mut()
        .commands
        .push(Command::ShowView(view));
    window.steps();
}

#[test]
fn the_chosen_backbone_is_measured_and_the_others_when_they_are_asked_for() {
    let mut window = Window::with_presets(&[&shipped("from-scratch")]);
    window.steps();
    let chosen = window.state().documents[0].experiment.backbone.name.clone();
    assert_eq!(asked(&window), std::slice::from_ref(&chosen));
    let title = crate::models::catalogue::title(&chosen);
    let headline = format!("Measuring {title}");
    assert!(window.harness.query_by_label(&headline).is_some());
    window.answer(Answer::Speed {
        backbone: chosen.clone(),
        result: Err("no memory".into()),
    });
    assert!(window.harness.query_by_label(&headline).is_none());
    assert_eq!(asked(&window).len(), 1, "nobody asked for the others");

    show_backbones(&mut window);
    window.harness.get_by_label("Measure speeds").click();
    window.steps();
    let second = asked(&window);
    assert_eq!(second.len(), 2, "one after the other");
    assert_ne!(second[1], chosen, "what can't be measured is passed over");
    window.answer(Answer::Speed {
        backbone: second[1].clone(),
        result: Ok(measured()),
    });
    assert_eq!(window.state().speeds.get(&second[1]), Some(&measured()));
    assert_eq!(asked(&window).len(), 3);

    // Measured while something else was at work: once more, from the beginning.
    window.harness.get_by_label("Measure speeds again").click();
    window.steps();
    assert!(window.state().speeds.is_empty());
    window.answer(Answer::Speed {
        backbone: asked(&window)[2].clone(),
        result: Ok(measured()),
    });
    assert_eq!(asked(&window)[3], chosen, "the chosen one comes first");
}

#[test]
fn measuring_ends_when_it_is_stopped_and_when_a_training_begins() {
    let mut window = Window::with_presets(&[&shipped("from-scratch")]);
    show_backbones(&mut window);
    window.harness.get_by_label("Stop measuring").click();
    window.steps();
    assert_eq!(stops(&window), 1);
    assert_eq!(window.state().measuring, None);
    let before = asked(&window).len();
    window.steps();
    assert_eq!(
        asked(&window).len(),
        before,
        "it is not begun again unasked"
    );
    window.harness.get_by_label("Measure speeds").click();
    window.steps();
    assert!(window.state().measuring.is_some());
    let started = asked(&window).len();
    let edit = edit(&window, 0, "", |experiment| {
        experiment.data.source = DataSource::ClassFolders {
            path: "/cells".into(),
        };
    });
    window.harness.state_mut().commands.push(edit);
    window.steps();
    window
        .harness
        .state_mut()
        .commands
        .push(Command::TrainActive);
    window.steps();
    assert!(window.state().is_training());
    assert_eq!(stops(&window), 2);
    assert_eq!(window.state().measuring, None);
    assert_eq!(asked(&window).len(), started, "not beside a training");
}
