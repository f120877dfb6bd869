//! What the browser chooses, with real folders.

use super::*;
use crate::app::core::prediction::PredictPurpose;
use crate::app::core::state::DocumentId;
use crate::app::core::sweep::SweepPurpose;
use crate::app::ui::theme;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

/// The name of a new file is offered to be typed over, and Enter in its field saves.
#[test]
fn enter_in_the_name_of_a_file_saves_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let purpose = Purpose::Sweep {
        purpose: SweepPurpose::Save,
        name: "rates.sweep.ron".into(),
    };
    let browser = FileBrowser::new(purpose, Some(folder.path().to_path_buf()));
    let mut harness = Harness::builder()
        .with_size(egui::vec2(900.0, 700.0))
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, (browser, browsed): &mut (FileBrowser, Browsed)| {
                if *browsed == Browsed::Open {
                    *browsed = browser.modal_ui(ui.ctx(), &[]);
                }
            },
            (browser, Browsed::Open),
        );
    let wait = |harness: &mut Harness<'_, (FileBrowser, Browsed)>| {
        harness.run_steps(3);
        while harness.state().1 == Browsed::Open && harness.state().0.is_waiting() {
            harness.step();
            std::thread::yield_now();
        }
        harness.run_steps(3);
    };
    let field = |harness: &Harness<'_, (FileBrowser, Browsed)>| {
        let field = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "File name");
        assert!(field.accesskit_node().is_focused());
    };
    wait(&mut harness);
    field(&harness);
    assert_eq!(harness.state().0.name, "rates.sweep.ron");
    harness
        .get_by_role_and_label(egui::accesskit::Role::TextInput, "File name")
        .type_text("other");
    harness.run_steps(2);
    assert_eq!(harness.state().0.name, "other");
    // One that is there needs the button.
    let file = folder.path().join("other.ron");
    std::fs::write(&file, "").unwrap();
    for _ in 0..2 {
        harness.key_press(egui::Key::Enter);
        wait(&mut harness);
        assert_eq!(harness.state().1, Browsed::Open);
        assert_eq!(harness.state().0.again, Some(Again::Replace(file.clone())));
        field(&harness);
    }
    std::fs::remove_file(&file).unwrap();
    harness.state_mut().0.forget_problem();
    harness.key_press(egui::Key::Enter);
    wait(&mut harness);
    assert_eq!(harness.state().1, picked(&file));
}

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

fn picked(path: &std::path::Path) -> Browsed {
    Browsed::Picked(vec![path.to_path_buf()])
}

fn predict(purpose: PredictPurpose) -> Purpose {
    Purpose::Predict {
        purpose,
        name: "answers.csv".into(),
    }
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
    assert_eq!(agree(&mut browser), picked(&inner));
    // A name alone is meant in the folder that is listed.
    browser.path = "inner".to_owned();
    assert_eq!(agree(&mut browser), picked(&inner));
    browser.path.push_str("-not-here");
    assert_eq!(agree(&mut browser), Browsed::Open);
    let problem = browser.problem.clone().unwrap();
    assert!(problem.starts_with("There is no such folder") && problem.contains("inner-not-here"));
    assert!(!folder.path().join("inner-not-here").exists());
    // A preset is looked for in the folder, and saved there.
    let mut browser = FileBrowser::new(Purpose::Preset, start.clone());
    browser.path = inner.display().to_string();
    assert_eq!(agree(&mut browser), Browsed::Open);
    assert_eq!(browser.folder, inner);
    let mut browser = FileBrowser::new(save_as("a"), start);
    browser.path = inner.display().to_string();
    assert_eq!(agree(&mut browser), picked(&inner.join("a.ron")));
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
    assert_eq!(agree(&mut browser), picked(&dogs));
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
    assert_eq!(browser.again, Some(Again::Replace(file.clone())));
    assert_eq!(agree(&mut browser), picked(&file));
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
    browser.make_named();
    settle(&mut browser);
    let made = folder.path().join("figures");
    assert_eq!(
        (browser.folder.clone(), made.is_dir()),
        (made.clone(), true)
    );
    assert_eq!(agree(&mut browser), picked(&made));
    browser.up();
    settle(&mut browser);
    browser.new_folder = Some("figures".into());
    browser.make_named();
    settle(&mut browser);
    let problem = browser.problem.as_ref().unwrap();
    assert!(problem.contains("is there already"));
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

#[test]
fn a_folder_that_is_missing_is_made_by_a_second_press_where_something_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let start = Some(folder.path().to_path_buf());
    let mut browser = FileBrowser::new(predict(PredictPurpose::Place(None)), start.clone());
    settle(&mut browser);
    browser.path = "sorted/by class".to_owned();
    assert_eq!(agree(&mut browser), Browsed::Open);
    let sorted = folder.path().join("sorted/by class");
    let again = Again::Make {
        folder: sorted.clone(),
        chosen: sorted.clone(),
    };
    assert_eq!(browser.again, Some(again));
    assert!(!sorted.exists(), "nobody has agreed yet");
    assert_eq!(agree(&mut browser), picked(&sorted));
    assert!(sorted.is_dir());

    // A file is saved in it.
    let mut browser = FileBrowser::new(predict(PredictPurpose::Save(None)), start.clone());
    settle(&mut browser);
    browser.path = "tables".to_owned();
    assert_eq!(agree(&mut browser), Browsed::Open);
    // Another choice is asked about anew.
    browser.name = "b.csv".to_owned();
    assert_eq!(agree(&mut browser), Browsed::Open);
    let tables = folder.path().join("tables");
    assert_eq!(agree(&mut browser), picked(&tables.join("b.csv")));
    assert!(tables.is_dir());

    // Below a file there can be none.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut browser = FileBrowser::new(Purpose::Figures, start);
    settle(&mut browser);
    browser.path = "file/below".to_owned();
    agree(&mut browser);
    assert_eq!(agree(&mut browser), Browsed::Open);
    assert!(browser.problem.as_ref().unwrap().contains("can't be made"));
}

#[test]
fn files_that_can_not_be_chosen_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.jpg", "notes.txt"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let start = Some(folder.path().to_path_buf());
    let mut browser = FileBrowser::new(predict(PredictPurpose::Folder), start.clone());
    settle(&mut browser);
    assert!(browser.shown.is_empty());
    assert_eq!(browser.passed_over.text(), "2 pictures and 1 other file");
    assert_eq!(browser.counted.map(|counted| counted.pictures), Some(2));
    assert_eq!(agree(&mut browser), picked(folder.path()));
    // Where one of the files is wanted, the folder itself is no choice.
    let mut browser = FileBrowser::new(predict(PredictPurpose::Pictures), start);
    settle(&mut browser);
    assert_eq!((browser.shown.len(), browser.choice()), (2, None));
    assert_eq!(browser.passed_over.text(), "1 file");
}

#[test]
fn several_pictures_are_chosen_at_once_where_the_purpose_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    for name in ["a.png", "b.png", "c.png", "d.png"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let start = Some(folder.path().to_path_buf());
    let files = |names: &[&str]| {
        let paths = names.iter().map(|name| folder.path().join(name));
        Browsed::Picked(paths.collect())
    };
    let mut browser = FileBrowser::new(predict(PredictPurpose::Pictures), start.clone());
    settle(&mut browser);
    // The folder stands at 0.
    browser.select(1);
    browser.extend_to(3);
    assert_eq!(browser.agree(), files(&["a.png", "b.png", "c.png"]));
    browser.toggle(2);
    browser.toggle(4);
    assert!(!browser.is_selected(2) && browser.is_selected(1) && browser.is_selected(4));
    assert_eq!(browser.agree(), files(&["a.png", "c.png", "d.png"]));
    // They stay selected when the list is sorted anew, and come in its order.
    browser.order = Order::NameBackwards;
    browser.arrange();
    assert_eq!(browser.agree(), files(&["d.png", "c.png", "a.png"]));
    browser.select_all();
    assert_eq!(browser.marked_files().len(), 4);
    // A click alone, and a folder, end it.
    browser.toggle(0);
    assert_eq!(browser.choice(), Some(folder.path().join("inner")));
    select(&mut browser, "b.png");
    assert_eq!(agree(&mut browser), files(&["b.png"]));
    browser.toggle(browser.selected.unwrap());
    assert_eq!(browser.choice(), None);

    let mut browser = FileBrowser::new(Purpose::Figures, start.clone());
    settle(&mut browser);
    browser.select_all();
    assert_eq!(browser.selected, None);
    // A table is one.
    std::fs::write(folder.path().join("a.csv"), "").unwrap();
    std::fs::write(folder.path().join("b.csv"), "").unwrap();
    let mut browser = FileBrowser::new(Purpose::Table(None), start);
    settle(&mut browser);
    browser.select(1);
    browser.extend_to(2);
    assert_eq!(agree(&mut browser), files(&["b.csv"]));
}
