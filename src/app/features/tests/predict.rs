//! The view of the predictions by accessible labels and by keyboard.

use std::sync::Arc;

use eframe::egui::{Key, vec2};

use super::*;
use crate::app::core::gallery::{Explained, GalleryRequests};
use crate::app::core::prediction::PredictionState;
use crate::app::core::prediction::{PredictAction, PredictPurpose};
use crate::app::features::predict::query::{Shown, SortBy};
use crate::app::features::predict::{Mode, PredictLocal};
use crate::data::{PictureSource, Pixels, Split};
use crate::prediction::Assigned;
use crate::training::explain::{Explanation, Method};
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

fn unfold_filters(harness: &mut Harness<'_, Driven>) {
    harness.get_by_label("Filters").click();
    harness.run_steps(3);
}

/// In a window of 1,280 by 800 points the view has about 700 by 640, a laptop's.
#[test]
fn pictures_have_most_of_the_view_and_filters_unfold() {
    for width in [640.0, 900.0] {
        let size = vec2(width, 640.0);
        let mut harness = settled(View("Predict"), size, true, Driven::new(fakes::state()));
        let top = |harness: &Harness<'_, Driven>| {
            let first = harness
                .get_all_by_role(accesskit::Role::ListBoxOption)
                .next();
            first.unwrap().rect().top()
        };
        let folded = top(&harness);
        assert!(folded < 640.0 * 0.4, "{width}: {folded}");
        assert!(harness.query_by_label("Lowest confidence").is_none());
        unfold_filters(&mut harness);
        for label in ["Lowest confidence", "File name", "Size of the pictures"] {
            harness.get_by_label(label);
        }
        harness.get_by_role_and_label(accesskit::Role::ComboBox, "Answer");
        assert!(top(&harness) > folded);
        unfold_filters(&mut harness);
        assert_eq!(top(&harness), folded);
        // What is filtered is said while the filters are folded.
        local(&mut harness).query.file = "part".into();
        harness.run_steps(3);
        harness.get_by_label("Remove the filter File name “part”");
    }
}

#[test]
fn first_the_answer_then_a_bar_for_each_class_that_shows_it_alone() {
    let mut harness = wall(with(fakes::prediction(1_000)));
    harness.get_by_label("1,000 pictures answered · 2 could not be read · 3 files passed over");
    harness.get_by_label("defective: 633 pictures, 63.3 %");
    harness.get_by_label("functional: 317 pictures, 31.7 %");
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
    harness.get_by_label("50 of 1,000 shown");
    // The same bar again shows all.
    harness
        .get_by_label("None of these: 50 pictures, 5.0 %")
        .click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains(" shown").is_none());
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
    assert!(harness.query_by_label_contains(" shown").is_none());
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
    // One unit for each thing: shares in per cent, the distance with what is allowed.
    harness.get_by_label("0.192 of 0.430 allowed");
    harness.get_by_label("37.0 %");
    harness.get_by_label("functional: 31.5 %");
    harness.get_by_label("Most similar training pictures");
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
    // What is done to a part of the answers says so before.
    assert!(harness.query_by_label("Save as CSV…").is_none());
    let chosen: Arc<[PictureSource]> = [19, 39, 59]
        .map(|index| PictureSource::File(format!("inbox/part {index:05}.png").into()))
        .into();
    for (label, purpose) in [
        ("Save 3 as CSV…", PredictPurpose::Save(Some(chosen.clone()))),
        ("Copy 3 by class…", PredictPurpose::Place(Some(chosen))),
    ] {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert!(asked(&harness, PredictAction::Dialog(purpose)), "{label}");
    }
    harness.get_by_label("Show all").click();
    harness.run_steps(3);
    harness.get_by_label("Save as CSV…").click();
    harness.run_steps(2);
    assert!(asked(
        &harness,
        PredictAction::Dialog(PredictPurpose::Save(None))
    ));
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
        passed_over: Vec::new(),
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
        passed_over: Vec::new(),
    };
    prediction.take(found, None, std::time::Instant::now());
    let mut harness = wall(with(fakes::prediction(60)));
    // A filter, which would hide what comes.
    local(&mut harness).query.shown = Shown::Only(Assigned::NoneOfThese);
    local(&mut harness).query.sort = SortBy::Confidence;
    harness.run_steps(2);
    harness.get_by_label("3 of 60 shown");
    assert!(harness.query_by_label_contains("Answered in 4").is_some());
    harness.state_mut().state.prediction = prediction;
    harness.run_steps(3);
    assert!(harness.query_by_label_contains(" shown").is_none());
    // It says one thing: nothing of what was answered before.
    assert!(harness.query_by_label_contains("Watching camera").is_some());
    assert!(harness.query_by_label_contains("Answered in").is_none());
    assert!(cards(&harness)[0].starts_with("part 00059.png"));
    harness.get_by_label("Stop watching").click();
    harness.run_steps(2);
    assert!(asked(&harness, PredictAction::StopWatching));
}

#[test]
fn every_active_filter_is_a_chip_that_takes_it_away() {
    let mut harness = wall(fakes::state());
    // 60 answers, of which 11 have a class with less than 60 %.
    harness
        .get_by_label("Unsure (under 60 %): 11 pictures, 18.3 %")
        .click();
    harness.run_steps(3);
    harness.get_by_label("11 of 60 shown");
    let query = &mut local(&mut harness).query;
    query.file = "part 0000".into();
    query.confidence = (0.5, 1.0);
    harness.run_steps(3);
    for filter in [
        "Unsure (under 60 %)",
        "Confidence 50.0 to 100.0 %",
        "File name “part 0000”",
    ] {
        harness.get_by_label(&format!("Remove the filter {filter}"));
    }
    harness
        .get_by_label("Remove the filter Unsure (under 60 %)")
        .click();
    harness.run_steps(3);
    harness.get_by_label("10 of 60 shown");
    harness
        .get_by_label("Remove the filter File name “part 0000”")
        .click();
    harness.run_steps(3);
    harness
        .get_by_label("Remove the filter Confidence 50.0 to 100.0 %")
        .click();
    harness.run_steps(3);
    assert!(
        harness
            .query_by_label_contains("Remove the filter")
            .is_none()
    );
    assert!(!local(&mut harness).query.file.contains("part"));
    // The same in the list, without what no picture got.
    unfold_filters(&mut harness);
    harness
        .get_by_role_and_label(accesskit::Role::ComboBox, "Answer")
        .click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Undecided").is_none());
    let mut unsure = harness.query_all_by_label_contains("Unsure (under 60 %)");
    assert!(unsure.next().is_some());
}

#[test]
fn pictures_that_the_run_was_trained_on_are_told() {
    let mut harness = wall(fakes::state());
    harness
        .get_by_label("Training pictures: 2 pictures, 3.3 %")
        .click();
    harness.run_steps(3);
    harness.get_by_label("Remove the filter Training pictures");
    let shown = cards(&harness);
    assert_eq!(shown.len(), 2, "{shown:?}");
    let own = |card: &String| card.ends_with("one of the run's training pictures");
    assert!(shown.iter().all(own), "{shown:?}");
    assert_eq!(local(&mut harness).query.part, Some(Split::Train));
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    harness.get_by_label("● Training");
    harness
        .get_by_label("One of the run's training pictures, which it answers better than new ones.");
}

#[test]
fn false_alarms_are_said_in_one_plain_sentence() {
    let mut harness = wall(fakes::state());
    harness
        .get_by_label("About 1 in 100 of your own pictures may wrongly be called none of these.");
    harness.state_mut().state.prediction.set_novelty_rate(0.5);
    harness.run_steps(3);
    harness.get_by_label("About 1 in 2 of your own pictures may wrongly be called none of these.");
    // The limit went down from 0.430 to 0.217, for the answers that were there.
    assert!(
        harness
            .query_by_label_contains("None of these: 34 pictures")
            .is_some()
    );
}

/// A map of the picture.
fn explained(source: PictureSource) -> Explained {
    let side = 8;
    let square = Pixels::filled(side, side, [128; 3]);
    let explanation = Explanation {
        heat: vec![255; (side * side) as usize],
        square,
        map: vec![1.0],
        map_width: 1,
        class: 0,
        probabilities: vec![0.7, 0.3],
        method: Method::GradCam,
    };
    Explained {
        source,
        class: None,
        result: Ok(Arc::new(explanation)),
    }
}

#[test]
fn nothing_moves_when_the_map_of_a_picture_comes() {
    let mut harness = wall(fakes::state());
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let place =
        |harness: &Harness<'_, Driven>| harness.get_by_label("Find similar pictures").rect();
    let before = place(&harness);
    let source = requests(&harness).explain[0].1.clone();
    let folder = std::path::PathBuf::from("runs/b");
    let explained = explained(source);
    let gallery = &mut harness.state_mut().state.gallery;
    gallery.explained.insert(folder, explained);
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Map: Grad-CAM").is_some());
    assert_eq!(place(&harness), before);
}

#[test]
fn nothing_moves_while_the_first_answers_come() {
    let mut prediction = PredictionState::default();
    prediction.predict("runs/b".as_ref(), 0.01, vec!["inbox".into()]);
    let mut harness = wall(with(prediction));
    let labels = ["Save as CSV…", "Clear the answers", "Sort", "Filters"];
    let places =
        |harness: &Harness<'_, Driven>| labels.map(|label| harness.get_by_label(label).rect());
    let before = places(&harness);
    // Answers, files that can't be read, and how many false alarms there may be.
    harness.state_mut().state.prediction = fakes::prediction(60);
    harness.run_steps(4);
    assert!(harness.query_by_label("Not read (2)").is_some());
    assert_eq!(places(&harness), before);
}

#[test]
fn enter_opens_the_picture_under_the_keyboard_however_far_away_it_is() {
    let mut harness = wall(with(fakes::prediction(1_000)));
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    harness.key_press(Key::End);
    harness.run_steps(8);
    // What has scrolled out of sight meanwhile has lost the focus.
    harness.state_mut().out.clear();
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    harness.get_by_label("All pictures");
    harness.get_by_label("1,000 of 1,000");
}

#[test]
fn another_run_is_not_filtered_by_a_class_of_the_one_before() {
    let mut harness = wall(fakes::state());
    let query = &mut local(&mut harness).query;
    query.shown = Shown::Only(Assigned::Class(1));
    query.file = "part".into();
    harness.run_steps(3);
    harness.state_mut().state.prediction.run = Some("a".into());
    harness.run_steps(3);
    let query = &local(&mut harness).query;
    assert_eq!((query.shown, query.file.as_str()), (Shown::All, "part"));
}
