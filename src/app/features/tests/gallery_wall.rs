//! The gallery by accessible labels and by keyboard.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Key, vec2};

use super::*;
use crate::analysis::suspects::FoundDuplicates;
use crate::app::core::command::GalleryFilter;
use crate::app::core::gallery::{GalleryAction, GalleryRequests, Opened};
use crate::app::features::gallery::GalleryLocal;
use crate::app::features::gallery::view::GalleryView;
use crate::data::PictureSource;
use crate::data::Split;
use crate::evaluation::gallery::SortBy;
use crate::worker::messages::GalleryAnswer;

/// The wall of run `b`, against nobody.
fn wall(state: State) -> Harness<'static, Driven> {
    let mut driven = Driven::new(state);
    driven.of_window::<GalleryLocal>().query.run = Some("b".into());
    settled(View("Gallery"), egui::vec2(900.0, 700.0), true, driven)
}

fn local<'a>(harness: &'a mut Harness<'_, Driven>) -> &'a mut GalleryLocal {
    harness.state_mut().of_window()
}

/// What the wall shows.
fn view(harness: &mut Harness<'_, Driven>) -> Arc<GalleryView> {
    let Driven { state, panels, .. } = harness.state_mut();
    panels.of_window::<GalleryLocal>().view(state)
}

/// What the last frame requested.
fn requests(harness: &Harness<'_, Driven>) -> GalleryRequests {
    let found = harness
        .state()
        .out
        .iter()
        .rev()
        .find_map(|command| match command {
            Command::RequestGallery(requests) => Some((**requests).clone()),
            _ => None,
        });
    found.expect("the gallery wants something every frame")
}

fn count(harness: &mut Harness<'_, Driven>) -> String {
    harness.run_steps(2);
    let labels = harness.get_all_by_role(accesskit::Role::Label);
    let found = labels
        .filter_map(|node| {
            node.accesskit_node()
                .label()
                .or(node.accesskit_node().value())
        })
        .find(|label| label.ends_with("pictures") && !label.contains(" of the"));
    found.expect("the number of pictures is said")
}

/// With fifty thousand predictions a frame lays out what is visible, and idle frames build nothing.
#[test]
fn fifty_thousand_pictures_lay_out_one_screen() {
    let mut state = fakes::state();
    let folder = PathBuf::from("runs").join("b");
    let run = fakes::run_pictures(folder.clone(), 50_000, 1);
    state
        .gallery
        .runs
        .insert(folder, Opened::Ready(Arc::new(run)));
    let mut harness = wall(state);
    let built = view(&mut harness);
    harness.run_steps(5);
    assert!(
        Arc::ptr_eq(&view(&mut harness), &built),
        "idle frames build nothing"
    );
    let visible = local(&mut harness).cards();
    assert!((10..=80).contains(&visible), "{visible} cards in one frame");

    // Far down the wall it is the same.
    harness.key_press(Key::End);
    harness.run_steps(4);
    assert!(
        Arc::ptr_eq(&view(&mut harness), &built),
        "scrolling builds nothing"
    );
    let visible = local(&mut harness).cards();
    assert!((6..=80).contains(&visible), "{visible} cards at the end");
    assert!(requests(&harness).thumbnails.len() <= 80);
    // A new order is one build.
    local(&mut harness).query.sort = SortBy::Confidence;
    harness.run_steps(3);
    assert_eq!(view(&mut harness).stamp, built.stamp + 1);
}

/// The picture that is opened after so many presses of `key`.
fn opened_after(key: Key, presses: usize) -> Option<PictureSource> {
    let mut harness = wall(fakes::state());
    for _ in 0..presses {
        harness.key_press(key);
        harness.run_steps(3);
    }
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    requests(&harness).picture
}

#[test]
fn every_press_of_an_arrow_moves_on() {
    for key in [Key::ArrowRight, Key::ArrowDown] {
        let opened: Vec<_> = (1..=3).map(|presses| opened_after(key, presses)).collect();
        assert!(opened.iter().all(Option::is_some), "{opened:?}");
        assert!(
            opened[0] != opened[1] && opened[1] != opened[2],
            "{opened:?}"
        );
    }
}

#[test]
fn keys_move_open_and_close() {
    let mut harness = wall(fakes::state());
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let seen = requests(&harness);
    assert!(
        seen.picture.is_some() && seen.explain.len() == 1,
        "{seen:?}"
    );
    assert!(harness.query_by_label("Probabilities").is_some());
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    assert_ne!(requests(&harness).picture, seen.picture);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(requests(&harness).picture.is_none());
    assert!(local(&mut harness).cards() > 0);
}

#[test]
fn a_click_shows_a_picture_large_and_the_buttons_reach_its_file() {
    let mut harness = wall(fakes::state());
    let first = harness
        .get_all_by_role(accesskit::Role::ListBoxOption)
        .next()
        .expect("cards");
    first.click();
    harness.run_steps(3);
    harness.get_by_label("Open the folder").click();
    harness.run_steps(2);
    harness.get_by_label("Copy the path").click();
    harness.run_steps(2);
    let out = &harness.state().out;
    assert!(out.contains(&Command::OpenFolder("elpv/images".into())));
    assert!(out.iter().any(
        |command| matches!(command, Command::CopyText(path) if path.starts_with("elpv/images/cell"))
    ));
    // The experiment that is open is about the same pictures.
    harness.get_by_label("All pictures").click();
    harness.run_steps(2);
    assert!(local(&mut harness).cards() > 0);
}

#[test]
fn digits_filter_by_class_and_zero_shows_all() {
    let mut harness = wall(fakes::state());
    assert_eq!(count(&mut harness), "656 pictures");
    harness.key_press(Key::Num1);
    assert_eq!(count(&mut harness), "287 of 656 pictures");
    harness.key_press(Key::Num2);
    assert_eq!(count(&mut harness), "369 of 656 pictures");
    harness.key_press(Key::Num0);
    assert_eq!(count(&mut harness), "656 pictures");
    // There is no third class.
    harness.key_press(Key::Num3);
    assert_eq!(count(&mut harness), "656 pictures");
}

#[test]
fn another_view_can_ask_for_a_cell_of_the_confusion_matrix() {
    let mut state = fakes::state();
    let filter = GalleryFilter {
        run: Some("a".into()),
        true_class: Some("functional".into()),
        predicted_class: Some("defective".into()),
        split: Some(Split::Test),
        ..GalleryFilter::default()
    };
    state.gallery.request = Some((0, filter));
    let harness = wall(state);
    let cards = harness.get_all_by_role(accesskit::Role::ListBoxOption);
    let mut shown = 0;
    for card in cards {
        let label = card.accesskit_node().label().unwrap_or_default();
        assert!(
            label.contains("true class functional, predicted defective"),
            "{label}"
        );
        shown += 1;
    }
    assert!(shown > 0);
    assert_eq!(requests(&harness).runs, [PathBuf::from("runs/a")]);
}

#[test]
fn the_lessons_rows_show_their_pictures_in_the_wall() {
    let mut harness = wall(fakes::state());
    harness.get_by_label("By outcome").click();
    harness.run_steps(3);
    for title in ["Correct and confident", "Correct and uncertain", "Wrong"] {
        assert!(harness.get_all_by_label(title).next().is_some(), "{title}");
    }
    harness
        .get_by_label("Show all that are correct and uncertain")
        .click();
    harness.run_steps(3);
    for card in harness.get_all_by_role(accesskit::Role::ListBoxOption) {
        let label = card.accesskit_node().label().unwrap_or_default();
        assert!(label.ends_with(", correct"), "{label}");
    }
}

#[test]
fn suspects_offer_the_search_and_its_stop() {
    let mut harness = wall(fakes::state());
    harness.get_by_label("Label issues").click();
    harness.run_steps(2);
    button_named(&harness, "Find duplicates").click();
    harness.run_steps(2);
    let action = GalleryAction::FindDuplicates("runs/b".into());
    assert!(harness.state().out.contains(&Command::Gallery(action)));
}

#[test]
fn suspects_tell_how_to_keep_alike_pictures_together() {
    let mut state = fakes::state();
    let folder = PathBuf::from("runs/b");
    let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    let alike = vec![names(["a.png", "b.png"]), names(["x.png", "y.png"])];
    // The experiment in front is about the run's pictures.
    let source = state.documents[0].experiment.data.source.clone();
    if let Some(Opened::Ready(run)) = state.gallery.runs.get_mut(&folder) {
        Arc::make_mut(run).root = crate::analysis::gallery::root(&source, None);
    }
    state.gallery.take(GalleryAnswer::Duplicates {
        folder: folder.clone(),
        result: Ok(FoundDuplicates {
            likely_groups: Some("Keep them together.".into()),
            alike: alike.clone(),
            ..FoundDuplicates::default()
        }),
    });
    let mut harness = wall(state);
    harness.get_by_label("Label issues").click();
    harness.run_steps(2);
    harness.get_by_label("Keep them together.");
    // One click keeps what looks alike together, whatever names tell.
    harness.get_by_label("Keep alike pictures together").click();
    harness.run_steps(2);
    let wanted = Command::Gallery(GalleryAction::KeepTogether(Arc::new(alike)));
    assert!(harness.state().out.contains(&wanted));
    // What an earlier search found does not outlive it.
    let gallery = &mut harness.state_mut().state.gallery;
    gallery.take(GalleryAnswer::Duplicates {
        folder,
        result: Ok(FoundDuplicates::default()),
    });
    harness.run_steps(2);
    assert!(harness.query_by_label("Keep them together.").is_none());
    assert!(
        harness
            .query_by_label("Keep alike pictures together")
            .is_none()
    );
}

#[test]
fn two_runs_are_sorted_by_how_far_they_disagree() {
    let mut driven = Driven::new(fakes::state());
    let query = &mut driven.of_window::<GalleryLocal>().query;
    query.run = Some("b".into());
    query.against = Some("a".into());
    query.sort = SortBy::Disagreement;
    let harness = settled(View("Gallery"), vec2(900.0, 700.0), false, driven);
    assert!(
        harness
            .get_all_by_role(accesskit::Role::ListBoxOption)
            .count()
            > 10
    );
    assert_eq!(
        requests(&harness).runs,
        [PathBuf::from("runs/b"), PathBuf::from("runs/a")]
    );
}

/// Pictures of three hundred classes, as an untrained network sees them.
fn three_hundred_classes() -> State {
    use crate::analysis::gallery::RunPictures;
    use crate::evaluation::gallery::Predicted;
    use crate::evaluation::{Prediction, Predictions};

    let classes = 300;
    let rows = (0..600u32)
        .map(|picture| {
            let mut probabilities = vec![0.0033_f32; classes];
            let predicted = (picture * 7) as usize % classes;
            probabilities[predicted] = 0.0042;
            // One of them a little higher.
            if picture == 0 {
                probabilities[predicted] = 0.0625;
            }
            Prediction {
                file: format!("images/cell{picture:04}.png"),
                truth: if picture % 3 == 0 {
                    predicted as u32
                } else {
                    (predicted as u32 + 1) % 300
                },
                probabilities,
            }
        })
        .collect();
    let predictions = Predictions {
        classes: (0..classes).map(|class| format!("class {class}")).collect(),
        rows,
        ..Predictions::default()
    };
    let folder = PathBuf::from("runs").join("b");
    let predicted = Predicted::new(vec![(Split::Test, predictions)]);
    let run = RunPictures::new(folder.clone(), predicted, vec![None; 600]);
    let mut state = fakes::state();
    state
        .gallery
        .runs
        .insert(folder, Opened::Ready(Arc::new(run)));
    state
}

#[test]
fn small_confidences_are_told_apart_and_a_group_without_pictures_says_why() {
    let mut harness = wall(three_hundred_classes());
    let cards = harness.get_all_by_role(accesskit::Role::ListBoxOption);
    let labels: Vec<String> = cards
        .filter_map(|card| card.accesskit_node().label())
        .collect();
    assert!(
        labels.iter().any(|label| label.contains("with 0.42 %")),
        "{labels:?}"
    );
    harness.get_by_label("By outcome").click();
    harness.run_steps(3);
    harness.get_by_label("No correct prediction has a confidence over 90 %: the highest is 6.2 %.");
}

#[test]
fn sliders_of_the_gallery_have_labels() {
    let mut harness = wall(fakes::state());
    harness.get_by_label("Picture size");
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    harness.get_by_label("Opacity");
    harness.get_by_label("Opacity of the map");
}
