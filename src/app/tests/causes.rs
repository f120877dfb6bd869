//! An error does not outlive its cause.

use super::*;

fn titles(window: &Window) -> Vec<String> {
    let notices = window.state().notices.iter();
    notices.map(|notice| notice.title.clone()).collect()
}

#[test]
fn a_preset_that_was_mended_takes_its_error_along() {
    let mut window = Window::with_pair();
    let path = window.folder.path().join("bad.ron");
    let good = shipped("solar-feature-extraction");
    std::fs::write(&path, good.replacen("seed:", "sead:", 1)).unwrap();
    push(&mut window, Command::OpenPreset(path.clone()));
    push(&mut window, Command::OpenPreset(path.clone()));
    assert_eq!(
        titles(&window),
        ["A preset can't be used"],
        "it stands once"
    );
    std::fs::write(&path, good).unwrap();
    push(&mut window, Command::OpenPreset(path));
    assert!(titles(&window).is_empty());
    // The log keeps it.
    let state = window.state();
    assert!(state.log.iter().any(|line| line.text.contains("sead")));
}

#[test]
fn a_save_that_succeeds_ends_the_error_of_one_that_failed() {
    let mut window = Window::with_pair();
    let document = window.state().documents[0].id;
    let file = window.folder.path().join("a file");
    std::fs::write(&file, "").unwrap();
    push(
        &mut window,
        Command::SaveAs(document, file.join("below.ron")),
    );
    assert_eq!(titles(&window), ["The preset is not saved"]);
    let elsewhere = window.folder.path().join("elsewhere.ron");
    push(&mut window, Command::SaveAs(document, elsewhere));
    assert!(titles(&window).is_empty());
}

#[test]
fn pictures_that_are_found_end_the_errors_about_pictures() {
    let mut window = Window::with_pair();
    push(&mut window, Command::OpenPictures("/holiday".into()));
    window.answer(Answer::Recognised {
        path: "/holiday".into(),
        source: Err("there are no pictures in it".into()),
    });
    let edit = edit(&window, 0, "", |experiment| {
        experiment.data.source = DataSource::Unset;
    });
    push(&mut window, edit);
    push(&mut window, Command::TrainActive);
    assert_eq!(titles(&window).len(), 2, "{:?}", titles(&window));
    push(&mut window, Command::OpenPictures("/cells".into()));
    window.answer(Answer::Recognised {
        path: "/cells".into(),
        source: Ok(DataSource::ClassFolders {
            path: "/cells".into(),
        }),
    });
    assert!(titles(&window).is_empty(), "{:?}", titles(&window));
}

#[test]
fn what_could_not_be_trained_says_so_until_it_is_mended() {
    let mut window = Window::with_pair();
    let spoil = edit(&window, 0, "", |experiment| {
        experiment.training.batch_size = 0;
    });
    push(&mut window, spoil);
    push(&mut window, Command::TrainActive);
    assert!(titles(&window)[0].contains("can't be trained"));
    push(&mut window, Command::Undo);
    assert!(titles(&window).is_empty());
}

#[test]
fn a_run_that_starts_ends_the_error_of_the_one_that_failed() {
    let mut window = Window::with_pair();
    push(&mut window, Command::TrainActive);
    window.event(
        RunId(1),
        RunEvent::Failed {
            message: "no space is left".into(),
        },
    );
    assert_eq!(titles(&window).len(), 1);
    push(&mut window, Command::TrainActive);
    assert_eq!(titles(&window).len(), 1, "it only waits yet");
    window.event(
        RunId(2),
        RunEvent::Started {
            folder: "/runs/again".into(),
        },
    );
    assert!(titles(&window).is_empty());
}

#[test]
fn weights_that_had_nowhere_to_go_are_forgotten_when_an_experiment_is_open() {
    let mut window = Window::with_presets(&[]);
    push(&mut window, Command::Dropped("/weights.pth".into()));
    assert_eq!(titles(&window), ["Nothing to load weights into"]);
    push(&mut window, Command::NewExperiment);
    assert!(titles(&window).is_empty());
}

#[test]
fn a_run_that_can_be_read_again_ends_the_error_of_its_folder_alone() {
    let mut window = Window::with_pair();
    let mut folders = Vec::new();
    for id in ["first", "first-2"] {
        window.answer(Answer::Runs(Ok(vec![summary(id, 0.9)])));
        push(&mut window, Command::SelectRun(id.into()));
        let folder = window.harness.state().session.paths.runs.join(id);
        let reason = format!("metrics.csv is cut off: {}/metrics.csv", folder.display());
        window.answer(Answer::Run {
            folder: folder.clone(),
            result: Err(reason.into()),
        });
        folders.push(folder);
    }
    assert_eq!(titles(&window).len(), 2);
    window.answer(Answer::Run {
        folder: folders[0].clone(),
        result: Ok(Box::new(StoredRun {
            folder: folders[0].clone(),
            summary: summary("first", 0.9),
            metrics: Vec::new(),
            phase_starts: Vec::new(),
            movement: Vec::new(),
        })),
    });
    let notices = &window.state().notices;
    assert_eq!(notices.len(), 1);
    assert!(notices[0].text.contains("first-2"));
}
