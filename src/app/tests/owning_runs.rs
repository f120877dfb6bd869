//! Runs are things one owns: named, tagged, archived, put away and brought back, listed from wherever they stand.

use std::path::PathBuf;

use super::*;
use crate::app::core::gallery::GalleryAction;
use crate::app::core::view_id::ViewId;
use crate::runs::RunSummary;
use crate::runs::annotations::{Annotations, Change};
use crate::worker::messages::RunAction;

/// A summary as a list gives it.
fn listed(window: &Window, id: &str, number: u32) -> RunSummary {
    let mut summary = summary(id, 0.9);
    summary.listed.folder = window.state().runs_folder.join(id);
    summary.listed.annotations = Annotations {
        number: Some(number),
        ..Annotations::default()
    };
    summary.listed.bytes = 2_000_000;
    summary
}

/// A window with the runs `first`, `second` and `third`.
fn window() -> Window {
    let mut window = Window::with_pair();
    let runs = (["first", "second", "third"].iter().zip(1..))
        .map(|(id, number)| listed(&window, id, number))
        .collect();
    window.answer(Answer::Runs(Ok(runs)));
    window
}

/// What was asked to be done with runs, the last one first.
fn asked(window: &Window) -> Option<(Vec<PathBuf>, RunAction)> {
    let record = window.record.borrow();
    let mut questions = record.questions.iter().rev();
    questions.find_map(|question| match question {
        Question::ChangeRuns { folders, action } => Some((folders.clone(), action.clone())),
        _ => None,
    })
}

#[test]
fn a_run_is_renamed_in_its_row() {
    let mut window = window();
    let row = |window: &Window, text: &str| {
        window
            .harness
            .query_all_by_label_contains(text)
            .next()
            .is_some()
    };
    assert!(row(&window, "#2 second, 90.0 %"));
    type_name(&mut window, "The best");
    window.steps();
    window.harness.key_press(Key::Enter);
    window.steps();
    let folder = window.state().runs_folder.join("second");
    let change = Change::Name(Some("The best".into()));
    assert_eq!(
        asked(&window),
        Some((vec![folder], RunAction::Annotate(vec![change])))
    );
    assert!(row(&window, "#2 The best, 90.0 %"));
    // What can't be written is taken back, and said.
    let failed = Err(Failure::failed("the disk is full"));
    window.answer(Answer::RunsChanged {
        action: RunAction::Annotate(Vec::new()),
        results: vec![(window.state().runs_folder.join("second"), failed)],
    });
    assert!(
        window
            .state()
            .notices
            .iter()
            .any(|notice| notice.text.contains("disk is full"))
    );
}

/// Begins to rename the second run, and types `name`.
fn type_name(window: &mut Window, name: &str) {
    window
        .harness
        .get_by_label_contains("#2 second, 90.0 %")
        .focus();
    window.steps();
    window.harness.key_press(Key::F2);
    window.steps();
    window
        .harness
        .get_by_label("Name of #2 second")
        .type_text(name);
}

#[test]
fn escape_leaves_a_name_as_it_was() {
    let mut window = window();
    type_name(&mut window, "No");
    window.harness.key_press(Key::Escape);
    window.steps();
    assert_eq!(asked(&window), None);
    assert!(window.harness.query_by_label("Name of #2 second").is_none());
}

#[test]
fn trash_asks_nothing_and_can_be_undone() {
    let mut window = window();
    window
        .harness
        .get_by_label_contains("#1 first, 90.0 %")
        .focus();
    window.steps();
    window.harness.key_press(Key::Delete);
    window.steps();
    let folder = window.state().runs_folder.join("first");
    let is_shown = |window: &Window| {
        let mut runs = window.state().runs.iter();
        runs.any(|run| run.id == "first" && run.shown)
    };
    // By the key, as by a click on its dot.
    push(&mut window, Command::ShowRun("first".into(), true));
    window.steps();
    assert!(is_shown(&window));
    assert_eq!(
        asked(&window),
        Some((vec![folder.clone()], RunAction::Trash))
    );
    window.answer(Answer::RunsChanged {
        action: RunAction::Trash,
        results: vec![(folder.clone(), Ok(()))],
    });
    assert_eq!(window.state().runs.len(), 2);
    let notice = window.state().notices.last().unwrap();
    assert_eq!(notice.title, "Moved #1 first to the trash");
    window
        .harness
        .get_by_label("Undo moving to the trash")
        .click();
    window.steps();
    assert_eq!(
        asked(&window),
        Some((vec![folder.clone()], RunAction::Restore))
    );
    assert!(window.state().notices.is_empty());
    window.answer(Answer::RunsChanged {
        action: RunAction::Restore,
        results: vec![(folder, Ok(()))],
    });
    assert!(matches!(
        window.record.borrow().questions.last(),
        Some(Question::ListRuns { .. })
    ));
    // It comes back as it was.
    let runs = vec![listed(&window, "first", 1), listed(&window, "second", 2)];
    window.answer(Answer::Runs(Ok(runs)));
    assert!(is_shown(&window));
}

#[test]
fn a_picture_is_excluded_from_all_experiments_on_the_same_pictures() {
    let mut window = Window::with_pair();
    let excluded = |window: &Window| -> Vec<Vec<String>> {
        (window.state().documents.iter())
            .map(|document| document.experiment.data.exclude.clone())
            .collect()
    };
    let exclude = |excluded| {
        Command::Gallery(GalleryAction::Exclude {
            files: vec!["a.png".into()],
            excluded,
        })
    };
    push(&mut window, exclude(true));
    window.steps();
    assert_eq!(excluded(&window), [["a.png"], ["a.png"]]);
    let notice = window.state().notices.last().unwrap();
    assert!(
        notice.title.starts_with("Excluded 1 picture from “"),
        "{}",
        notice.title
    );
    push(&mut window, exclude(false));
    window.steps();
    assert!(excluded(&window).iter().all(Vec::is_empty));
}

#[test]
fn a_run_that_trains_is_not_put_away() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let id = window.state().runs[0].id.clone();
    push(&mut window, Command::TrashRuns(vec![id]));
    assert_eq!(asked(&window), None);
    let notice = window.state().notices.last().unwrap();
    assert!(notice.text.contains("stop it first"), "{notice:?}");
}

#[test]
fn the_list_is_searched_and_says_how_many_it_leaves_out() {
    let mut window = window();
    window.harness.get_by_label("3");
    window.harness.get_by_label("Search runs").focus();
    window.steps();
    window
        .harness
        .get_by_label("Search runs")
        .type_text("third");
    window.steps();
    window.harness.get_by_label("1 of 3");
    assert!(window.harness.query_by_label_contains("#1 first").is_none());
    window
        .harness
        .get_by_label("Search runs")
        .type_text(" and nothing");
    window.steps();
    window.harness.get_by_label("Show all runs").click();
    window.steps();
    window.harness.get_by_label_contains("#1 first, 90.0 %");
}

#[test]
fn runs_of_another_window_appear_and_vanish_and_what_trains_here_stays() {
    let mut window = window();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let runs = vec![listed(&window, "second", 2), listed(&window, "fourth", 4)];
    window.answer(Answer::Runs(Ok(runs)));
    let ids: Vec<&str> = (window.state().runs.iter())
        .filter(|run| !run.is_live())
        .map(|run| run.id.as_str())
        .collect();
    assert_eq!(ids, ["second", "fourth"]);
    assert_eq!(
        window
            .state()
            .runs
            .iter()
            .filter(|run| run.is_live())
            .count(),
        2
    );
}

#[test]
fn coming_back_to_the_window_looks_at_the_folder() {
    let mut window = window();
    let lists = |window: &Window| {
        let record = window.record.borrow();
        let lists = record.questions.iter();
        lists
            .filter(|question| matches!(question, Question::ListRuns { .. }))
            .count()
    };
    let before = lists(&window);
    window
        .harness
        .input_mut()
        .events
        .push(eframe::egui::Event::WindowFocused(true));
    window.steps();
    assert_eq!(lists(&window), before + 1);
}

#[test]
fn a_dropped_run_is_listed_from_where_it_stands() {
    let mut window = window();
    let folder = window.folder.path().join("from a colleague");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("summary.json"), "{}").unwrap();
    push(&mut window, Command::Dropped(folder.clone()));
    window.answer(Answer::RunsFound {
        folder: folder.clone(),
        result: Ok(vec![folder.clone()]),
    });
    {
        let record = window.record.borrow();
        let last = record.questions.last();
        assert!(
            matches!(last, Some(Question::ListRuns { others, .. }) if *others == [folder.clone()]),
            "{last:?}"
        );
    }
    let notice = window.state().notices.last().unwrap();
    assert!(notice.text.contains("nothing was copied"), "{notice:?}");
    let mut theirs = listed(&window, "first", 1);
    theirs.listed.folder.clone_from(&folder);
    let runs = vec![listed(&window, "first", 1), theirs];
    window.answer(Answer::Runs(Ok(runs)));
    let mut titles: Vec<&str> = window
        .state()
        .runs
        .iter()
        .map(|run| run.title.as_str())
        .collect();
    titles.sort_unstable();
    assert_eq!(titles, ["#1 first", "#1 first (2)"]);
    // Out of the list, the folder stays.
    let id = folder.display().to_string();
    push(&mut window, Command::UnlistRun(id));
    assert!(
        window
            .harness
            .state()
            .session
            .settings
            .runs_elsewhere
            .is_empty()
    );
    assert!(folder.is_dir());
}

#[test]
fn the_folder_of_runs_can_be_chosen_and_left_again() {
    let mut window = window();
    let usual = window.state().runs_folder.clone();
    let chosen = window.folder.path().join("big drive");
    push(&mut window, Command::UseRunsFolder(Some(chosen.clone())));
    let last = |window: &Window| match window.record.borrow().questions.last() {
        Some(Question::ListRuns {
            runs, is_chosen, ..
        }) => Some((runs.clone(), *is_chosen)),
        _ => None,
    };
    assert_eq!(last(&window), Some((chosen.clone(), true)));
    assert_eq!(
        window.harness.state().session.settings.runs_folder,
        Some(chosen.clone())
    );
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    assert_eq!(window.record.borrow().started()[0].runs, chosen);
    push(&mut window, Command::UseRunsFolder(None));
    assert_eq!(last(&window), Some((usual, false)));
}

#[test]
fn the_table_sorts_selects_and_acts() {
    let mut window = window();
    push(
        &mut window,
        Command::ShowView(crate::app::core::view_id::ViewId::RUNS),
    );
    window.harness.get_by_label("Sort by Accuracy").click();
    window.steps();
    window
        .harness
        .get_by_label("Row of #1 first")
        .click_accesskit();
    window.steps();
    window.harness.get_by_label("1 of 3 selected");
    window.harness.get_by_label_contains("Archive").click();
    window.steps();
    let folder = window.state().runs_folder.join("first");
    let archive = RunAction::Annotate(vec![Change::Archive(true)]);
    assert_eq!(asked(&window), Some((vec![folder], archive)));
    // What is archived leaves the list and the table.
    assert!(window.harness.query_by_label("Row of #1 first").is_none());
    window.harness.get_by_label("2 of 3 runs");
}

/// The label of a run's row in the list.
fn row(id: &str) -> String {
    format!("{id}, 90.0 %, ")
}

#[test]
fn a_click_on_a_run_selects_it_and_leaves_the_view_as_it_is() {
    let mut window = window();
    push(&mut window, Command::ShowView(ViewId::DATA));
    let is_in_front = |window: &Window, view| {
        let views = &window.harness.state().views;
        let tile = views.tiles.find_pane(&view).unwrap();
        views.active_tiles().contains(&tile)
    };
    let click = |window: &mut Window, id: &str, button| {
        let label = row(id);
        (window.harness.get_by_label_contains(&label)).click_button(button);
        window.steps();
    };
    use eframe::egui::PointerButton::{Primary, Secondary};
    click(&mut window, "#2 second", Primary);
    assert_eq!(window.state().selected_run.as_deref(), Some("second"));
    assert!(
        window
            .state()
            .runs
            .iter()
            .any(|run| run.id == "second" && run.shown)
    );
    assert!(is_in_front(&window, ViewId::DATA));
    // A click beside an open menu closes it and does nothing else.
    click(&mut window, "#1 first", Secondary);
    window.harness.get_by_label_contains("Move to trash");
    click(&mut window, "#3 third", Primary);
    assert!(
        window
            .harness
            .query_by_label_contains("Move to trash")
            .is_none()
    );
    assert_eq!(window.state().selected_run.as_deref(), Some("second"));
    click(&mut window, "#3 third", Primary);
    assert_eq!(window.state().selected_run.as_deref(), Some("third"));
    // Enter opens it.
    window.harness.key_press(Key::Enter);
    window.steps();
    assert!(is_in_front(&window, ViewId::RESULTS));
    assert_eq!(window.state().selected_run.as_deref(), Some("third"));
}

#[test]
fn the_palette_acts_on_the_selected_run() {
    let mut window = window();
    push(&mut window, Command::SelectRun("second".into()));
    let find = |window: &mut Window, typed: &str| {
        window
            .harness
            .key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.steps();
        let field = window.harness.get_by_label("Find a command");
        field.type_text(typed);
        window.steps();
        window.harness.key_press(Key::Enter);
        window.steps();
    };
    find(&mut window, "rename");
    window.harness.get_by_label("Name of #2 second");
    window.harness.key_press(Key::Escape);
    window.steps();
    find(&mut window, "trash");
    let folder = window.state().runs_folder.join("second");
    assert_eq!(asked(&window), Some((vec![folder], RunAction::Trash)));
}

#[test]
fn a_hidden_column_stays_hidden_in_the_next_window() {
    let mut window = window();
    push(&mut window, Command::ShowView(ViewId::RUNS));
    window.harness.get_by_label("Choose columns").click();
    window.steps();
    let tick = (eframe::egui::accesskit::Role::CheckBox, "Epochs");
    (window.harness.get_by_role_and_label(tick.0, tick.1)).click();
    window.steps();
    let hidden = &window.state().hidden_columns;
    assert!(hidden.contains("Epochs"), "{hidden:?}");
    assert!(window.harness.query_by_label("Sort by Epochs").is_none());
    let settings = crate::app::core::settings::Settings {
        hidden_columns: hidden.clone(),
        ..Default::default()
    };
    let text = ron::to_string(&settings).unwrap();
    let back: crate::app::core::settings::Settings = ron::from_str(&text).unwrap();
    assert_eq!(back.hidden_columns, settings.hidden_columns);
    // A file of an older version has none.
    let old: crate::app::core::settings::Settings = ron::from_str("(dark: true)").unwrap();
    assert!(old.hidden_columns.is_empty());
}

#[test]
fn what_becomes_of_a_folder_of_runs_that_is_dropped_is_asked() {
    for (button, is_listed) in [("List them", true), ("Use as the folder of runs", false)] {
        let mut window = window();
        let folder = window.folder.path().join("old runs");
        let run = folder.join("20250101-120000");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("summary.json"), "{}").unwrap();
        std::fs::write(run.join("preset.ron"), "").unwrap();
        push(&mut window, Command::Dropped(folder.clone()));
        window.answer(Answer::RunsFound {
            folder: folder.clone(),
            result: Ok(vec![run]),
        });
        let settings = |window: &Window| {
            let settings = &window.harness.state().session.settings;
            (
                settings.runs_elsewhere.clone(),
                settings.runs_folder.clone(),
            )
        };
        assert_eq!(settings(&window), (Vec::new(), None), "nothing unasked");
        window.harness.get_by_label(button).click();
        window.steps();
        let expected = if is_listed {
            (vec![folder], None)
        } else {
            (Vec::new(), Some(folder))
        };
        assert_eq!(settings(&window), expected);
    }
}
