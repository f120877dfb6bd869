//! Pictures that are opened or dropped change the experiments that a person means, and no others.

use super::*;

fn recognised(window: &mut Window, path: &str) -> DataSource {
    let source = DataSource::ClassFolders { path: path.into() };
    window.answer(Answer::Recognised {
        path: path.into(),
        source: Ok(source.clone()),
    });
    source
}

fn sources(window: &Window) -> Vec<DataSource> {
    let documents = window.state().documents.iter();
    documents
        .map(|document| document.experiment.data.source.clone())
        .collect()
}

fn names(window: &Window) -> Vec<String> {
    let documents = window.state().documents.iter();
    documents
        .map(|document| document.experiment.name.clone())
        .collect()
}

fn is_asked(window: &Window) -> bool {
    let question = "Which experiment gets these pictures?";
    window.harness.query_by_label(question).is_some()
}

fn answer(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.steps();
}

#[test]
fn a_folder_that_is_dropped_changes_the_experiment_that_is_chosen() {
    let mut window = Window::with_pair();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let before = sources(&window);
    push(&mut window, Command::Dropped(folder.path().into()));
    let source = recognised(&mut window, &path);
    assert!(is_asked(&window));
    assert_eq!(
        sources(&window),
        before,
        "nothing changes before the answer"
    );
    let second = names(&window)[1].clone();
    answer(&mut window, &format!("Only {second}"));
    assert!(!is_asked(&window));
    assert_eq!(sources(&window), [before[0].clone(), source]);
}

#[test]
fn all_experiments_or_a_new_one_or_none_can_be_meant() {
    let mut window = Window::with_pair();
    let before = sources(&window);
    let drop = |window: &mut Window, name: &str| {
        let path = window.folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        push(window, Command::Dropped(path.clone()));
        recognised(window, path.to_str().unwrap())
    };
    drop(&mut window, "none");
    window.harness.key_press(Key::Escape);
    window.steps();
    assert!(!is_asked(&window));
    assert_eq!(sources(&window), before);
    let source = drop(&mut window, "new");
    answer(&mut window, "A new experiment");
    assert_eq!(sources(&window), [before.as_slice(), &[source]].concat());
    let source = drop(&mut window, "all");
    answer(&mut window, "All 3 experiments");
    assert_eq!(sources(&window), vec![source; 3]);
}

#[test]
fn with_one_experiment_nothing_is_asked() {
    let mut window = Window::with_presets(&[&shipped("from-scratch")]);
    let path = window.folder.path().join("pictures");
    std::fs::create_dir(&path).unwrap();
    push(&mut window, Command::Dropped(path.clone()));
    let source = recognised(&mut window, path.to_str().unwrap());
    assert!(!is_asked(&window));
    assert_eq!(sources(&window), [source]);
}

#[test]
fn pictures_that_are_opened_for_one_of_a_pair_ask_about_the_other() {
    let mut window = Window::with_pair();
    push(&mut window, Command::OpenPictures("/cells".into()));
    let source = recognised(&mut window, "/cells");
    assert!(is_asked(&window), "both have the same pictures");
    answer(&mut window, "All 2 experiments");
    assert_eq!(sources(&window), vec![source; 2]);
    // From now on, only one is meant where only one has them.
    let edit = edit(&window, 0, "", |experiment| {
        experiment.data.source = DataSource::ClassFolders {
            path: "/others".into(),
        };
    });
    push(&mut window, edit);
    push(&mut window, Command::OpenPictures("/third".into()));
    let third = recognised(&mut window, "/third");
    assert!(!is_asked(&window));
    assert_eq!(
        sources(&window)
            .iter()
            .filter(|source| **source == third)
            .count(),
        1
    );
}

#[test]
fn experiments_without_pictures_get_the_first_ones_together() {
    let mut window = Window::with_pair();
    for index in 0..2 {
        let edit = edit(&window, index, "", |experiment| {
            experiment.data.source = DataSource::Unset;
        });
        push(&mut window, edit);
    }
    push(&mut window, Command::OpenPictures("/cells".into()));
    let source = recognised(&mut window, "/cells");
    assert!(!is_asked(&window));
    assert_eq!(sources(&window), vec![source; 2]);
}
