//! A run's network is exported from the window: asked for in the menu of a run, followed, shown with what was found.

use std::time::Duration;

use super::*;
use crate::analysis::evaluate::tests::finished_run;
use crate::app::features::network_export::Stage;
use crate::report::{NetworkFormat, NetworkOptions};
use crate::runs::store;

/// A window whose list holds a run that was really trained, and that run's id.
fn with_run() -> (Window, String) {
    let mut window = Window::with_pair();
    let trained = finished_run(window.folder.path());
    let runs = window.state().runs_folder.clone();
    std::fs::create_dir_all(&runs).unwrap();
    let id = trained.file_name().unwrap().to_str().unwrap().to_owned();
    if !runs.join(&id).exists() {
        std::fs::rename(&trained, runs.join(&id)).unwrap();
    }
    window.answer(Answer::Runs(Ok(store::list(&runs))));
    (window, id)
}

fn until(window: &mut Window, what: &str, is_so: impl Fn(&Window) -> bool) {
    for _ in 0..1000 {
        window.steps();
        if is_so(window) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: {:?}", window.harness.state().networks.stage);
}

#[test]
fn a_network_is_written_and_what_was_found_is_shown() {
    let (mut window, id) = with_run();
    push(&mut window, Command::ExportNetworkDialog(id));
    assert!(window.shows("Export the network"));
    // The licence is known before anything is written.
    until(&mut window, "the licence", |window| {
        window.shows("random numbers")
    });
    let local = &mut window.harness.state_mut().networks.local;
    assert!(local.out.ends_with(".onnx"), "{}", local.out);
    let offered = local.out.clone();
    let offered_in = std::path::Path::new(&offered).parent();
    assert_eq!(offered_in, Some(window.folder.path()), "{offered}");
    window.harness.get_by_label("safetensors").click();
    window.steps();
    let out = window.harness.state().networks.local.out.clone();
    assert_eq!(out, offered.replace(".onnx", ".safetensors"));
    window.harness.get_by_label("Export").click();
    until(&mut window, "the end", |window| {
        matches!(window.harness.state().networks.stage, Stage::Done(_))
    });
    window.steps();
    assert!(window.shows("to the last bit"));
    assert!(window.shows("Open the folder"));
    assert!(std::path::Path::new(&out).is_file());
    let card = std::path::Path::new(&out).with_extension("card.md");
    assert!(card.is_file());
    // The card is read in the window, with code to copy.
    window.harness.get_by_label("Show the model card").click();
    window.steps();
    assert!(window.shows("How to use it") && window.shows("graft predict"));
    let copy = window.harness.get_all_by_label("Copy the code").next();
    copy.unwrap().click();
    window.steps();
    window.harness.get_by_label("Back").click();
    window.steps();
    assert!(window.shows("to the last bit"));
    window.harness.get_by_label("Close").click();
    window.steps();
    assert!(!window.harness.state().networks.open);
}

#[test]
fn what_no_export_wrote_stays_and_a_relative_path_is_refused() {
    let (mut window, id) = with_run();
    push(&mut window, Command::ExportNetworkDialog(id));
    let file = window.folder.path().join("mine.safetensors");
    std::fs::write(&file, "mine").unwrap();
    let options = NetworkOptions {
        format: NetworkFormat::Safetensors,
        ..NetworkOptions::default()
    };
    push(&mut window, Command::ExportNetwork(file.clone(), options));
    until(&mut window, "a refusal", |window| {
        window.shows("no safetensors file of an export")
    });
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    push(&mut window, Command::ExportNetwork("mine".into(), options));
    until(&mut window, "a refusal", |window| {
        window.shows("no whole path")
    });
}

#[test]
fn the_menu_of_a_run_and_the_palette_offer_it() {
    let (mut window, id) = with_run();
    push(&mut window, Command::SelectRun(id));
    push(&mut window, Command::TogglePalette);
    window.steps();
    assert!(window.shows("Export the network of"));
}
