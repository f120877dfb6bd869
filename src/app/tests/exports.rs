//! Nothing is written among the pictures unasked.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::app::features::export::Stage;
use crate::app::shell::dialogs::Confirmation;

/// A window whose first experiment reads the class folders in `data`, with a run that is shown.
fn with_pictures() -> Window {
    let mut window = Window::with_pair();
    let data = window.folder.path().join("data");
    std::fs::create_dir_all(data.join("cats")).unwrap();
    let source = DataSource::ClassFolders { path: data };
    let edit = edit(&window, 0, "", |experiment| {
        experiment.data.source = source;
    });
    push(&mut window, edit);
    push(&mut window, Command::TrainActive);
    let folder = window.folder.path().join("no run");
    window.event(RunId(1), RunEvent::Started { folder });
    window
}

/// Exports to `folder`; what the dialog says in the end.
fn export(window: &mut Window, folder: &Path, button: &str) -> Stage {
    window.harness.state_mut().exports.local.folder = folder.display().to_string();
    window.steps();
    window.harness.get_by_label(button).click();
    window.steps();
    for _ in 0..500 {
        window.steps();
        let stage = window.harness.state().exports.stage.clone();
        if !matches!(stage, Stage::Working { .. }) {
            return stage;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the export never ends");
}

#[test]
fn figures_go_to_the_runs_and_are_asked_about_among_pictures() {
    let mut window = with_pictures();
    push(&mut window, Command::ExportFiguresDialog);
    let runs = window.harness.state().session.paths.runs.clone();
    let offered = window.harness.state().exports.local.folder.clone();
    assert_eq!(offered, runs.join("figures").display().to_string());
    let data = window.folder.path().join("data");
    let stage = export(&mut window, &data.join("../data/figures"), "Export");
    let Stage::Among { pictures, .. } = stage else {
        panic!("{stage:?}");
    };
    assert_eq!(pictures, data);
    assert!(
        window
            .harness
            .query_by_label_contains("their folder for a class")
            .is_some()
    );
    assert!(!data.join("figures").exists());
    // Another folder is another question, and needs no answer.
    let elsewhere = window.folder.path().join("elsewhere");
    let stage = export(&mut window, &elsewhere, "Export");
    assert!(
        matches!(stage, Stage::Failed(_)),
        "there is no run: {stage:?}"
    );
    // Agreed to, it is tried.
    let stage = export(&mut window, &data.join("figures"), "Export");
    assert!(matches!(stage, Stage::Among { .. }), "{stage:?}");
    let stage = export(&mut window, &data.join("figures"), "Write there anyway");
    assert!(matches!(stage, Stage::Failed(_)), "{stage:?}");
}

#[test]
fn an_export_is_offered_a_free_folder_and_one_that_is_filled_is_said_to_be() {
    const FILLED: &str = "This folder holds an earlier export";
    let mut window = with_pictures();
    let runs = window.harness.state().session.paths.runs.clone();
    let figures = runs.join("figures");
    std::fs::create_dir_all(&figures).unwrap();
    std::fs::write(figures.join("curves.png"), "earlier").unwrap();
    let until = |window: &mut Window, is_so: &dyn Fn(&Window) -> bool| {
        for _ in 0..200 {
            window.steps();
            if is_so(window) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it never comes");
    };
    let folder_of = |window: &Window| window.harness.state().exports.local.folder.clone();
    let is_said = |window: &Window| window.harness.query_by_label_contains(FILLED).is_some();
    let free = runs.join("figures-2").display().to_string();
    push(&mut window, Command::ExportFiguresDialog);
    until(&mut window, &|window| folder_of(window) == free);
    until(&mut window, &|window| !is_said(window));
    // Chosen, the old one is not changed, and it is said what happens there.
    let chosen = figures.display().to_string();
    window
        .harness
        .state_mut()
        .exports
        .local
        .folder
        .clone_from(&chosen);
    until(&mut window, &is_said);
    assert_eq!(folder_of(&window), chosen);
    // After a stop it is said what was left.
    window.harness.state_mut().exports.stage = Stage::Stopped {
        folder: figures,
        files: 1,
    };
    let left = "The export was stopped. 1 file is written in ";
    until(&mut window, &|window| {
        window.harness.query_by_label_contains(left).is_some()
    });
}

#[test]
fn a_preset_is_saved_among_pictures_only_when_that_was_agreed_to() {
    let mut window = with_pictures();
    let document = window.state().documents[0].id;
    let file = window.folder.path().join("data/cats/mine.ron");
    push(&mut window, Command::SaveAs(document, file.clone()));
    assert!(matches!(
        window.harness.state().question,
        Some(Confirmation::SaveAmongPictures { .. })
    ));
    window.harness.get_by_label("Cancel").click();
    window.steps();
    assert!(!file.exists());
    push(&mut window, Command::SaveAs(document, file.clone()));
    window
        .harness
        .get_by_label("Save there all the same")
        .click();
    window.steps();
    assert!(file.is_file());
    // It is asked once: from then on that is its place.
    push(&mut window, Command::Save);
    assert_eq!(window.harness.state().question, None);
}
