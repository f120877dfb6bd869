//! A picture that is dropped on the window is shown to the networks that are there.

use super::*;
use crate::data::PictureSource;
use crate::worker::messages::{GalleryQuestion, Question};

#[test]
fn a_dropped_picture_is_shown_to_the_runs_and_to_the_untouched_network() {
    let mut window = Window::with_pair();
    let backbone = window.state().documents[0].experiment.backbone.name.clone();
    let info = crate::models::catalogue::find(&backbone).unwrap();
    window.answer(Answer::StoredWeights(Ok(vec![(
        backbone.clone(),
        info.default_weights().name.to_owned(),
    )])));
    window.answer(Answer::Runs(Ok(vec![summary("first", 0.9)])));
    let commands = &mut window.harness.state_mut().commands;
    commands.push(Command::ShowRun("first".into(), true));
    commands.push(Command::Dropped("/album/cats/tom.jpg".into()));
    window.steps();
    assert!(
        window
            .harness
            .query_by_label("Predictions for tom.jpg")
            .is_some()
    );
    let source = PictureSource::File("/album/cats/tom.jpg".into());
    {
        let record = window.record.borrow();
        let explained = record.questions.iter().filter(|question| {
            matches!(question, Question::Gallery(GalleryQuestion::Explain { source: asked, class: None, .. }) if *asked == source)
        });
        assert_eq!(explained.count(), 1, "asked once");
        let classified = record.questions.iter().filter(|question| {
            matches!(question, Question::Classify { source: asked, .. } if *asked == source)
        });
        assert_eq!(classified.count(), 1, "asked once");
    }
    window.answer(Answer::Classified {
        source,
        backbone,
        result: Err("cut off: the JPEG ends in the middle".into()),
    });
    assert!(
        window
            .harness
            .query_by_label_contains("cut off: the JPEG ends")
            .is_some()
    );
    // It can be the way to its data set.
    window
        .harness
        .get_by_label("Open the pictures around it")
        .click();
    window.steps();
    let record = window.record.borrow();
    assert!(record.questions.iter().any(
        |question| matches!(question, Question::Recognise { path } if path.ends_with("album"))
    ));
    drop(record);
    assert!(window.harness.state().dropped.is_none());
}

#[test]
fn without_a_network_the_window_says_what_to_do() {
    let mut window = Window::with_presets(&[]);
    let commands = &mut window.harness.state_mut().commands;
    commands.push(Command::Dropped("/album/cats/tom.jpg".into()));
    window.steps();
    assert!(
        window
            .harness
            .query_by_label_contains("No trained run is shown")
            .is_some()
    );
    window.harness.get_by_label("Close").click();
    window.steps();
    assert!(window.harness.state().dropped.is_none());
}
