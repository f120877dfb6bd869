//! The view of the predictions by accessible labels and by keyboard.

use std::sync::Arc;

use eframe::egui::{Key, vec2};

use super::*;
use crate::app::core::gallery::GalleryRequests;
use crate::app::core::prediction::PredictionState;
use crate::app::core::prediction::{PredictAction, PredictPurpose};
use crate::app::features::predict::view::{Shown, SortBy};
use crate::app::features::predict::{Mode, PredictLocal};
use crate::prediction::Assigned;
use crate::worker::messages::PredictionAnswer;

fn wall(state: State) -> Harness<'static, Driven> {
    settled(
        View("Predict"),
        vec2(900.0, 700.0),
        true,
        Driven::new(state),
    )
}

fn with(prediction: PredictionState) -> State {
    State {
        prediction,
        ..fakes::state()
    }
}

fn local<'a>(harness: &'a mut Harness<'_, Driven>) -> &'a mut PredictLocal {
    harness.state_mut().of_window()
}

/// What the cards in sight say.
fn cards(harness: &Harness<'_, Driven>) -> Vec<String> {
    let cards = harness.get_all_by_role(accesskit::Role::ListBoxOption);
    let labels = cards.filter_map(|card| card.accesskit_node().label());
    labels.collect()
}

fn requests(harness: &Harness<'_, Driven>) -> GalleryRequests {
    let mut commands = harness.state().out.iter().rev();
    let found = commands.find_map(|command| match command {
        Command::RequestGallery(requests) => Some((**requests).clone()),
        _ => None,
    });
    found.expect("the wall wants something every frame")
}

fn asked(harness: &Harness<'_, Driven>, action: PredictAction) -> bool {
    harness.state().out.contains(&Command::Predict(action))
}

#[test]
fn first_the_answer_then_a_bar_for_each_class_that_shows_it_alone() {
    let mut harness = wall(with(fakes::prediction(1_000)));
    harness.get_by_label(
        "1,000 pictures: 633 defective, 317 functional, 50 none of these; 2 could not be read",
    );
    harness
        .get_by_label("None of these: 50 pictures, 5.0 %")
        .click();
    harness.run_steps(3);
    let shown = cards(&harness);
    assert!(!shown.is_empty());
    assert!(
        shown
            .iter()
            .all(|card| card.contains("none of these, distance 0.710")),
        "{shown:?}"
    );
    harness.get_by_label("50 of 1,000 answers");
    // The same bar again shows all.
    harness
        .get_by_label("None of these: 50 pictures, 5.0 %")
        .click();
    harness.run_steps(3);
    harness.get_by_label("1,000 answers");
}

#[test]
fn a_hundred_thousand_answers_lay_out_one_screen() {
    let mut harness = wall(with(fakes::prediction(100_000)));
    let stamp = local(&mut harness).stamp();
    harness.run_steps(5);
    assert_eq!(
        local(&mut harness).stamp(),
        stamp,
        "idle frames build nothing"
    );
    let visible = local(&mut harness).cards();
    assert!((10..=80).contains(&visible), "{visible} cards in one frame");
    // The first key takes the first picture.
    for key in [Key::ArrowRight, Key::End] {
        harness.key_press(key);
        harness.run_steps(4);
    }
    assert!(requests(&harness).thumbnails.len() <= 80);
    assert!(
        cards(&harness)
            .iter()
            .any(|card| card.starts_with("part 99999.png"))
    );
    assert_eq!(
        local(&mut harness).stamp(),
        stamp,
        "scrolling builds nothing"
    );
    local(&mut harness).query.sort = SortBy::Confidence;
    harness.run_steps(3);
    assert_eq!(
        local(&mut harness).stamp(),
        stamp + 1,
        "a new order is one build"
    );
}

#[test]
fn answers_are_sorted_and_filtered() {
    let mut harness = wall(fakes::state());
    assert!(cards(&harness)[0].starts_with("part 00000.png, functional"));
    local(&mut harness).query.largest_first = true;
    harness.run_steps(3);
    assert!(cards(&harness)[0].starts_with("part 00059.png, none of these"));
    local(&mut harness).query.sort = SortBy::Distance;
    harness.run_steps(3);
    assert!(cards(&harness)[0].contains("distance 0.710"));
    let query = &mut local(&mut harness).query;
    query.sort = SortBy::Confidence;
    query.largest_first = false;
    query.shown = Shown::Unsure;
    harness.run_steps(3);
    let shown = cards(&harness);
    let least = "part 00000.png, functional with 50.0 %";
    assert!(shown[0].starts_with(least), "{shown:?}");
    assert!(
        shown.iter().all(|card| card.contains("with 5")),
        "{shown:?}"
    );
    local(&mut harness).query.file = "PART 0001".into();
    local(&mut harness).query.shown = Shown::Only(Assigned::Class(0));
    harness.run_steps(3);
    let shown = cards(&harness);
    assert!(
        shown
            .iter()
            .all(|card| card.starts_with("part 0001") && card.contains("defective"))
    );
    harness.key_press(Key::Num0);
    harness.run_steps(3);
    harness.get_by_label("60 answers");
}

#[test]
fn a_picture_is_shown_large_with_all_that_is_known_of_it() {
    let mut harness = wall(fakes::state());
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let seen = requests(&harness);
    assert_eq!(seen.explain.len(), 1, "{seen:?}");
    assert_eq!(seen.explain[0].0, std::path::Path::new("runs/b"));
    assert!(seen.picture.is_some());
    harness.get_by_label("Probabilities");
    harness.get_by_label("Distance");
    harness.get_by_label("functional: 31.5 %");
    harness.get_by_label("Find similar pictures").click();
    harness.run_steps(3);
    let neighbours = requests(&harness).neighbours.unwrap();
    assert_eq!(neighbours.1, "inbox/part 00001.png");
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    assert_ne!(requests(&harness).picture, seen.picture);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!cards(&harness).is_empty());
}

#[test]
fn what_could_not_be_read_is_listed_with_its_reason() {
    let mut harness = wall(fakes::state());
    harness.get_by_label("Not read (2)").click();
    harness.run_steps(3);
    harness.get_by_label("inbox/broken.jpg");
    harness.get_by_label("is cut off: the JPEG ends in the middle");
    harness.get_by_label("Copy the list").click();
    harness.run_steps(2);
    let copied = harness
        .state()
        .out
        .iter()
        .find_map(|command| match command {
            Command::CopyText(text) => Some(text.clone()),
            _ => None,
        });
    assert_eq!(copied.unwrap().lines().count(), 2);
    // Without any, the pictures are shown again.
    harness.state_mut().state.prediction.unread.clear();
    harness.run_steps(3);
    assert_eq!(local(&mut harness).mode, Mode::Pictures);
    assert!(!cards(&harness).is_empty());
}

#[test]
fn buttons_ask_for_pictures_folders_and_files() {
    let mut harness = wall(fakes::state());
    for (label, purpose) in [
        ("Pictures…", PredictPurpose::Pictures),
        ("Folder…", PredictPurpose::Folder),
        ("Watch folder…", PredictPurpose::Watch),
    ] {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert!(asked(&harness, PredictAction::Dialog(purpose)), "{label}");
    }
    local(&mut harness).query.shown = Shown::Only(Assigned::NoneOfThese);
    harness.run_steps(3);
    let chosen: Arc<[u32]> = [19, 39, 59].into();
    for (label, purpose) in [
        ("Save as CSV…", PredictPurpose::Save(Some(chosen.clone()))),
        ("Copy by class…", PredictPurpose::Place(Some(chosen))),
    ] {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert!(asked(&harness, PredictAction::Dialog(purpose)), "{label}");
    }
    harness.get_by_label("Clear the answers").click();
    harness.run_steps(2);
    assert!(asked(&harness, PredictAction::Clear));
}

#[test]
fn an_empty_view_says_what_to_do_with_the_buttons_for_it() {
    let mut harness = wall(with(PredictionState::default()));
    harness.get_by_label("Drop pictures here");
    harness.get_by_label("Choose a folder…").click();
    harness.run_steps(2);
    assert!(asked(
        &harness,
        PredictAction::Dialog(PredictPurpose::Folder)
    ));
    let mut without_runs = with(PredictionState::default());
    without_runs.runs.clear();
    let mut harness = wall(without_runs);
    harness.get_by_label("No trained run yet");
    harness.get_by_label("Train").click();
    harness.run_steps(2);
    assert!(harness.state().out.contains(&Command::Train));
}

#[test]
fn while_pictures_are_answered_it_says_how_far_it_is_and_can_be_stopped() {
    let mut prediction = PredictionState::default();
    prediction.predict("runs/b".as_ref(), 0.01, vec!["inbox".into()]);
    let found = PredictionAnswer::Found {
        number: 1,
        pictures: 100_000,
        lost: Vec::new(),
        passed_over: 0,
    };
    prediction.take(found, None, std::time::Instant::now());
    let mut harness = wall(with(prediction));
    harness.get_by_label("0 of 100,000 pictures");
    harness.get_by_label("The first answers are on their way");
    harness.get_by_label("Stop predicting").click();
    harness.run_steps(2);
    assert!(asked(&harness, PredictAction::Stop));
    harness.state_mut().state.prediction.stop();
    harness.run_steps(2);
    harness.get_by_label("Stopping…");
}

#[test]
fn a_watched_folder_is_named_and_its_latest_pictures_stand_first() {
    let mut prediction = fakes::prediction(60);
    prediction.watch("runs/b".as_ref(), 0.01, "camera".into());
    let found = PredictionAnswer::Found {
        number: 2,
        pictures: 0,
        lost: Vec::new(),
        passed_over: 0,
    };
    prediction.take(found, None, std::time::Instant::now());
    let mut harness = wall(with(prediction));
    assert!(harness.query_by_label_contains("Watching camera").is_some());
    assert!(cards(&harness)[0].starts_with("part 00059.png"));
    harness.get_by_label("Stop watching").click();
    harness.run_steps(2);
    assert!(asked(&harness, PredictAction::StopWatching));
}
