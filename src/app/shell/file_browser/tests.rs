//! What the browser chooses, with real folders.

use super::*;
use crate::app::core::state::DocumentId;

/// Waits for the threads of `browser`.
fn settle(browser: &mut FileBrowser) -> Browsed {
    let ctx = egui::Context::default();
    loop {
        let browsed = browser.poll(&ctx);
        let is_resting = browser.purpose.picks_pictures()
            && browser.counting.key() != Some(&browser.chosen_folder());
        if browsed != Browsed::Open || !(browser.is_waiting() || is_resting) {
            return browsed;
        }
        std::thread::yield_now();
    }
}

fn agree(browser: &mut FileBrowser) -> Browsed {
    match browser.agree() {
        Browsed::Open => settle(browser),
        browsed => browsed,
    }
}

fn select(browser: &mut FileBrowser, name: &str) {
    let is_it = |&entry: &usize| browser.entries[entry].name == name;
    let place = browser.shown.iter().position(is_it).unwrap();
    browser.select(place);
}

fn save_as(name: &str) -> Purpose {
    Purpose::Save {
        name: name.into(),
        document: DocumentId::unused(),
    }
}

#[test]
fn a_path_that_was_typed_is_meant_without_enter() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let start = Some(folder.path().to_path_buf());
    let mut browser = FileBrowser::new(Purpose::Pictures(None), start.clone());
    settle(&mut browser);
    assert_eq!(browser.choice().unwrap(), folder.path());
    browser.path = inner.display().to_string();
    assert_eq!(agree(&mut browser), Browsed::Picked(inner.clone()));
    browser.path.push_str("-not-here");
    assert_eq!(agree(&mut browser), Browsed::Open);
    assert!(browser.error.as_ref().unwrap().contains("inner-not-here"));
    // A preset is looked for in the folder, and saved there.
    let mut browser = FileBrowser::new(Purpose::Preset, start.clone());
    browser.path = inner.display().to_string();
    assert_eq!(agree(&mut browser), Browsed::Open);
    assert_eq!(browser.folder, inner);
    let mut browser = FileBrowser::new(save_as("a"), start);
    browser.path = inner.display().to_string();
    assert_eq!(agree(&mut browser), Browsed::Picked(inner.join("a.ron")));
}

#[test]
fn the_path_shows_the_folder_that_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["cats", "dogs"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("a.jpg"), "").unwrap();
    }
    let mut browser = FileBrowser::new(Purpose::Pictures(None), Some(folder.path().to_path_buf()));
    settle(&mut browser);
    assert_eq!(browser.path, folder.path().display().to_string());
    assert_eq!(
        browser
            .counted
            .map(|counted| (counted.pictures, counted.folders)),
        Some((2, 2))
    );
    select(&mut browser, "dogs");
    let dogs = folder.path().join("dogs");
    assert_eq!(browser.path, dogs.display().to_string());
    assert_eq!(browser.choice().unwrap(), dogs);
    settle(&mut browser);
    assert_eq!(browser.counted.map(|counted| counted.pictures), Some(1));
    assert_eq!(agree(&mut browser), Browsed::Picked(dogs));
}

#[test]
fn an_existing_file_is_overwritten_only_after_a_second_press() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ron");
    std::fs::write(&file, "").unwrap();
    let mut browser = FileBrowser::new(save_as("a"), Some(folder.path().to_path_buf()));
    settle(&mut browser);
    assert_eq!(browser.choice().unwrap(), file);
    assert_eq!(agree(&mut browser), Browsed::Open);
    assert_eq!(browser.overwrite.as_ref(), Some(&file));
    assert_eq!(agree(&mut browser), Browsed::Picked(file));
    for name in ["", "..", "a/b"] {
        browser.name = name.into();
        assert_eq!(browser.choice(), None);
    }
}

#[test]
fn a_new_folder_is_made_and_entered() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = FileBrowser::new(Purpose::Figures, Some(folder.path().to_path_buf()));
    settle(&mut browser);
    browser.new_folder = Some("figures".into());
    browser.make_folder();
    settle(&mut browser);
    let made = folder.path().join("figures");
    assert_eq!(
        (browser.folder.clone(), made.is_dir()),
        (made.clone(), true)
    );
    assert_eq!(agree(&mut browser), Browsed::Picked(made));
    browser.up();
    settle(&mut browser);
    browser.new_folder = Some("figures".into());
    browser.make_folder();
    settle(&mut browser);
    assert!(browser.error.as_ref().unwrap().contains("is there already"));
}

#[test]
fn a_folder_that_is_gone_opens_the_nearest_and_one_that_was_asked_for_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("unplugged").join("cats");
    let mut browser = FileBrowser::new(Purpose::Preset, Some(gone.clone()));
    settle(&mut browser);
    assert_eq!(browser.folder, folder.path());
    assert_eq!(browser.path, folder.path().display().to_string());
    browser.go(gone);
    settle(&mut browser);
    assert!(browser.error.as_ref().unwrap().contains("unplugged"));
}

#[test]
fn hidden_folders_are_shown_on_request_and_the_selection_stays() {
    let folder = tempfile::tempdir().unwrap();
    for name in [".cache", "a", "b"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let mut browser = FileBrowser::new(Purpose::Figures, Some(folder.path().to_path_buf()));
    settle(&mut browser);
    assert_eq!(browser.shown.len(), 2);
    select(&mut browser, "a");
    browser.with_hidden = true;
    browser.arrange();
    assert_eq!(browser.shown.len(), 3);
    assert_eq!(browser.selected_entry().unwrap().name, "a");
    browser.order = Order::NameBackwards;
    browser.arrange();
    assert_eq!(browser.selected_entry().unwrap().name, "a");
}
