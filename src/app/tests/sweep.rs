//! A sweep in the window: opened, edited, saved, trained in a process of its own, watched and let go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::*;
use crate::app::core::sweep::{OpenSweep, SweepAction, Training};
use crate::app::core::view_id::ViewId;
use crate::app::shell::Closing;
use crate::experiment::preset;
use crate::report::sweep::tests::sample;
use crate::sweep::Sweep;
use crate::worker::messages::{
    Failure, GalleryAnswer, PlanAnswer, PlanBase, ProcessEnd, SweepAnswer, SweepProcess,
    SweepQuestion, SweepStatus,
};

fn act(window: &mut Window, action: SweepAction) {
    push(window, Command::Sweep(action));
}

/// Opens a cell in `view`; its folder.
fn open_cell(window: &mut Window, view: ViewId) -> PathBuf {
    let folder = window.folder.path().join("sweep/cell");
    let opened = folder.clone();
    act(
        window,
        SweepAction::OpenCell {
            folder: opened,
            view,
        },
    );
    folder
}

fn open(window: &Window) -> &OpenSweep {
    window
        .state()
        .sweep
        .open
        .as_deref()
        .expect("a sweep is open")
}

/// What was asked about sweeps, the last last.
fn questions(window: &Window) -> Vec<SweepQuestion> {
    let record = window.record.borrow();
    let questions = record.questions.iter();
    questions
        .filter_map(|question| match question {
            Question::Sweep(question) => Some(question.clone()),
            _ => None,
        })
        .collect()
}

fn trained(window: &Window) -> Vec<SweepProcess> {
    let questions = questions(window).into_iter();
    questions
        .filter_map(|question| match question {
            SweepQuestion::Train(process) => Some(process),
            _ => None,
        })
        .collect()
}

/// Answers the last question for a plan with that of the sample, and waits until it has been asked.
fn answer_plan(window: &mut Window, settings: usize, done: usize) {
    let last = |window: &Window| {
        questions(window)
            .into_iter()
            .rev()
            .find_map(|question| match question {
                SweepQuestion::Plan { ticket, .. } => Some(ticket),
                _ => None,
            })
    };
    window.wait_until(|window| last(window).is_some());
    let sample = sample(settings, done);
    let answer = PlanAnswer {
        base: Some(Arc::new(PlanBase {
            fields: preset::fields(&sample.plan.base),
            experiment: sample.plan.base.clone(),
        })),
        problems_of_set: Vec::new(),
        problems_of_vary: Vec::new(),
        plan: Ok(Arc::new(sample.plan)),
    };
    let ticket = last(window).unwrap();
    window.answer(Answer::Sweep(SweepAnswer::Planned {
        ticket,
        result: Ok(Box::new(answer)),
    }));
}

/// Answers how the cells stand.
fn answer_status(window: &mut Window, settings: usize, done: usize) {
    let sample = sample(settings, done);
    let plan = open(window).planned.plan.clone().unwrap();
    let out = open(window).out(&window.state().runs_folder);
    let status = SweepStatus {
        plan,
        cells: sample.cells,
        results: sample.results,
        tested: Vec::new(),
    };
    window.answer(Answer::Sweep(SweepAnswer::Status {
        out,
        result: Ok(Arc::new(status)),
    }));
}

/// A window with a new sweep on its first experiment, planned.
fn with_new_sweep() -> Window {
    let mut window = Window::with_pair();
    act(&mut window, SweepAction::New);
    answer_plan(&mut window, 6, 0);
    window
}

fn save(window: &mut Window) -> std::path::PathBuf {
    let path = window.folder.path().join("rates.sweep.ron");
    act(window, SweepAction::SaveAs(path.clone()));
    path
}

#[test]
fn a_dropped_file_is_opened_planned_and_watched() {
    let mut window = Window::with_pair();
    let path = window.folder.path().join("rates.sweep.ron");
    let sweep = sample(6, 0).plan.sweep;
    sweep.save(&path).unwrap();
    push(&mut window, Command::Dropped(path.clone()));
    let asked = questions(&window);
    assert!(
        matches!(&asked[..], [SweepQuestion::Open { path: asked }] if *asked == path),
        "{asked:?}"
    );
    window.answer(Answer::Sweep(SweepAnswer::Opened {
        path: path.clone(),
        result: Ok(Box::new(sweep.clone())),
    }));
    assert_eq!(open(&window).document.draft.sweep, sweep);
    assert!(!open(&window).document.is_changed());
    answer_plan(&mut window, 6, 0);
    let is_watched = |question: &SweepQuestion| matches!(question, SweepQuestion::Status { .. });
    window.wait_until(|window| questions(window).iter().any(is_watched));
    answer_status(&mut window, 6, 4);
    assert!(window.shows("8 of 12 cells trained, 1 running"));
    assert!(window.shows("Best so far"));
    // The settings remember it.
    assert_eq!(window.state().sweep.recent[0].file, path);
}

#[test]
fn a_file_that_is_none_says_so_and_the_open_sweep_stays() {
    let mut window = with_new_sweep();
    save(&mut window);
    let path = Path::new("/nowhere/other.sweep.ron").to_path_buf();
    act(&mut window, SweepAction::Open(path.clone()));
    window.answer(Answer::Sweep(SweepAnswer::Opened {
        path,
        result: Err("the sweep’s file can't be read: /nowhere/other.sweep.ron".into()),
    }));
    assert!(window.shows("A sweep can't be used"));
    assert!(open(&window).document.file.is_some());
}

#[test]
fn an_unsaved_experiment_becomes_the_base_beside_the_sweep() {
    let mut window = Window::with_pair();
    let edit = edit(&window, 0, "seed", |experiment| experiment.seed += 1);
    push(&mut window, edit);
    act(&mut window, SweepAction::New);
    assert!(open(&window).document.draft.base.is_some());
    answer_plan(&mut window, 6, 0);
    let path = save(&mut window);
    let saved = Sweep::load(&path).unwrap();
    assert_eq!(saved.base, "rates-base.ron");
    let base = preset::load(&window.folder.path().join("rates-base.ron")).unwrap();
    assert_eq!(base.seed, window.state().documents[0].experiment.seed);
    assert!(!open(&window).document.is_changed());
}

#[test]
fn training_begins_once_the_sweep_has_a_file_and_says_how_it_ended() {
    let mut window = with_new_sweep();
    act(&mut window, SweepAction::Start { again: false });
    assert!(trained(&window).is_empty());
    assert!(
        window.harness.state().files.is_open(),
        "its name is asked for"
    );
    let path = save(&mut window);
    let started = trained(&window);
    assert_eq!(started.len(), 1);
    assert_eq!(started[0].file, path);
    assert_eq!(
        started[0].out,
        window.state().runs_folder.join("sweeps").join("rates")
    );
    assert!(open(&window).training.is_live());
    window.answer(Answer::Sweep(SweepAnswer::TrainingEnded(Err(
        "the disk is full".into(),
    ))));
    assert_eq!(
        open(&window).training,
        Training::Failed("the disk is full".into())
    );
    assert!(window.shows("The sweep has ended with an error"));

    // What was edited is written before it is trained.
    let mut draft = open(&window).document.draft.clone();
    draft.sweep.seeds = 5;
    let edit = SweepAction::Edit {
        draft: Box::new(draft),
        merge: "seeds".into(),
    };
    act(&mut window, edit);
    act(&mut window, SweepAction::Start { again: true });
    assert_eq!(Sweep::load(&path).unwrap().seeds, 5);
    assert!(trained(&window)[1].again);
    act(&mut window, SweepAction::Stop);
    assert_eq!(open(&window).training, Training::Stopping);
    window.answer(Answer::Sweep(SweepAnswer::TrainingEnded(Ok(
        ProcessEnd::Stopped,
    ))));
    assert_eq!(open(&window).training, Training::Idle);
}

#[test]
fn closing_the_window_asks_whether_the_training_goes_on() {
    for (button, stays) in [("Let it go on", true), ("Stop it", false)] {
        let mut window = Window::with_pair();
        act(&mut window, SweepAction::New);
        answer_plan(&mut window, 6, 0);
        save(&mut window);
        act(&mut window, SweepAction::Start { again: false });
        push(&mut window, Command::Quit);
        assert!(window.shows("The sweep is being trained"));
        window.harness.get_by_label(button).click();
        window.steps();
        let asked = questions(&window);
        let ended = asked.iter().rev().find_map(|question| match question {
            SweepQuestion::EndTraining { stay } => Some(*stay),
            _ => None,
        });
        assert_eq!(ended, Some(stays), "{button}");
        assert_eq!(window.harness.state().closing, Closing::Now, "{button}");
    }
}

#[test]
fn undo_and_save_mean_what_was_edited_last() {
    let mut window = with_new_sweep();
    let path = save(&mut window);
    act(&mut window, SweepAction::Rename("Another name".into()));
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps();
    assert_ne!(open(&window).document.draft.sweep.name, "Another name");
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Y);
    window.steps();
    assert_eq!(open(&window).document.draft.sweep.name, "Another name");
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.steps();
    assert_eq!(Sweep::load(&path).unwrap().name, "Another name");

    let before = window.state().documents[0].experiment.clone();
    let edit = edit(&window, 0, "seed", |experiment| experiment.seed += 1);
    push(&mut window, edit);
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps();
    assert_eq!(window.state().documents[0].experiment, before);
    assert_eq!(open(&window).document.draft.sweep.name, "Another name");
}

#[test]
fn closing_a_changed_sweep_asks() {
    let mut window = with_new_sweep();
    let path = save(&mut window);
    act(&mut window, SweepAction::Rename("Another name".into()));
    act(&mut window, SweepAction::Close);
    assert!(window.shows("Close this sweep?"));
    window.harness.get_by_label("Cancel").click();
    window.steps();
    assert!(window.state().sweep.open.is_some());
    act(&mut window, SweepAction::Close);
    window.harness.get_by_label("Save").click();
    window.steps();
    assert!(window.state().sweep.open.is_none());
    assert_eq!(Sweep::load(&path).unwrap().name, "Another name");
}

#[test]
fn a_new_sweep_does_not_take_the_runs_of_another_for_its_own_and_its_setup_stays() {
    let mut window = with_new_sweep();
    let runs = window.state().runs_folder.clone();
    let first = open(&window).out(&runs);
    std::fs::create_dir_all(&first).unwrap();
    act(&mut window, SweepAction::CloseSurely);
    let plans = |window: &Window| {
        let is_plan = |question: &SweepQuestion| matches!(question, SweepQuestion::Plan { .. });
        questions(window).iter().filter(|one| is_plan(one)).count()
    };
    let asked = plans(&window);
    act(&mut window, SweepAction::New);
    let second = open(&window).out(&runs);
    assert_ne!(first, second);
    assert!(
        open(&window)
            .document
            .draft
            .sweep
            .name
            .starts_with("Sweep 2 of ")
    );
    assert!(window.shows("Which settings are trained"));
    // Whatever is found there takes nobody away from what they edit.
    window.wait_until(|window| plans(window) > asked);
    answer_plan(&mut window, 6, 0);
    answer_status(&mut window, 6, 6);
    window.steps();
    assert!(window.shows("Which settings are trained"));
}

/// A press on the button takes the focus from a field, whose text takes effect by that: the release must find the button able.
#[test]
fn what_was_typed_last_is_trained_by_the_click_that_ends_the_typing() {
    let mut window = with_new_sweep();
    save(&mut window);
    act(&mut window, SweepAction::UseData(Some("/pictures".into())));
    answer_status(&mut window, 6, 6);
    let mut draft = open(&window).document.draft.clone();
    draft.sweep.seeds += 1;
    let edit = SweepAction::Edit {
        draft: Box::new(draft),
        merge: "seeds".into(),
    };
    act(&mut window, edit);
    assert!(open(&window).planned.is_pending);
    window
        .harness
        .get_by_label_contains("Save and train")
        .click();
    window.steps();
    assert_eq!(trained(&window).len(), 1);
    assert!(!open(&window).document.is_changed());
}

#[test]
fn a_sweep_keeps_its_runs_when_its_file_gets_another_name() {
    let mut window = with_new_sweep();
    save(&mut window);
    let runs = window.state().runs_folder.clone();
    let before = open(&window).out(&runs);
    // Nothing was trained yet.
    let second = window.folder.path().join("second.sweep.ron");
    act(&mut window, SweepAction::SaveAs(second));
    assert_ne!(open(&window).out(&runs), before);
    let before = open(&window).out(&runs);
    std::fs::create_dir_all(&before).unwrap();
    let third = window.folder.path().join("third.sweep.ron");
    act(&mut window, SweepAction::SaveAs(third));
    assert_eq!(open(&window).out(&runs), before);
    assert!(window.shows("The sweep keeps its runs"));
    window.harness.get_by_label("Setup").click();
    window.steps();
    window
        .harness
        .get_by_label("Use its own folder")
        .click_accesskit();
    window.steps();
    assert!(open(&window).out(&runs).ends_with("sweeps/third"));
    let button = window.harness.query_by_label("Use its own folder");
    assert!(button.is_none());
}

#[test]
fn a_cell_s_run_is_listed_and_shown_in_the_view_that_was_asked_for() {
    let mut window = with_new_sweep();
    let folder = open_cell(&mut window, ViewId::EVALUATION);
    let listed = window.record.borrow().questions.iter().any(|question| {
        matches!(question, Question::ListRuns { others, .. } if others.contains(&folder))
    });
    assert!(listed);
    let mut summary = summary("cell", 0.9);
    summary.test = None;
    summary.test_is_withheld = true;
    summary.listed.folder = folder.clone();
    window.answer(Answer::Runs(Ok(vec![summary])));
    let id = folder.display().to_string();
    assert_eq!(window.state().selected_run, Some(id));
    assert_eq!(
        window.state().shown_split,
        Some(crate::data::Split::Validation)
    );
    let views = &window.harness.state().views;
    let is_evaluation = |tile: &_| {
        matches!(
            views.tiles.get(*tile),
            Some(egui_tiles::Tile::Pane(ViewId::EVALUATION))
        )
    };
    assert!(views.active_tiles().iter().any(is_evaluation));
}

#[test]
fn a_cell_s_curves_take_the_place_of_those_that_are_shown_but_for_pinned_ones() {
    let mut window = with_new_sweep();
    let folder = |name: &str| window.folder.path().join("sweep").join(name);
    let (first, second, third) = (folder("first"), folder("second"), folder("third"));
    let cell = |folder: &std::path::Path| {
        let mut cell = summary("cell", 0.9);
        cell.listed.folder = folder.to_path_buf();
        cell
    };
    let mut pinned = summary("pinned", 0.8);
    pinned.listed.annotations.pinned = true;
    let known = [pinned, summary("own", 0.7), cell(&first)];
    window.answer(Answer::Runs(Ok(known.to_vec())));
    for id in ["pinned", "own"] {
        push(&mut window, Command::ShowRun(id.into(), true));
    }
    let shown = |window: &Window| -> Vec<String> {
        let runs = window.state().runs.iter().filter(|run| run.shown);
        let folders = runs.filter_map(|run| run.folder.as_ref()?.file_name());
        folders
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    };
    act(&mut window, SweepAction::ShowCurves(vec![first.clone()]));
    window.steps();
    assert_eq!(shown(&window), ["pinned", "first"]);
    // The seeds of a setting belong together, also where one of them is listed later than the other.
    let folders = vec![second.clone(), third.clone()];
    act(&mut window, SweepAction::ShowCurves(folders));
    assert_eq!(shown(&window), ["pinned", "first"]);
    let mut listed = known.to_vec();
    listed.extend([cell(&second), cell(&third)]);
    window.answer(Answer::Runs(Ok(listed)));
    let mut now = shown(&window);
    now.sort();
    assert_eq!(now, ["pinned", "second", "third"]);
}

#[test]
fn the_gallery_of_an_untested_cell_offers_its_validation_pictures() {
    let mut window = with_new_sweep();
    let folder = open_cell(&mut window, ViewId::GALLERY);
    let mut summary = summary("cell", 0.9);
    summary.test = None;
    summary.test_is_withheld = true;
    summary.listed.folder = folder.clone();
    window.answer(Answer::Runs(Ok(vec![summary])));
    window.answer(Answer::Gallery(GalleryAnswer::Opened {
        folder: folder.clone(),
        result: Err(Failure::failed("the test is withheld")),
        wrong_labels: Arc::default(),
        out_of_fold: None,
    }));
    assert!(window.shows("The test pictures are withheld"));
    let predict = "Predict the validation pictures";
    window.harness.get_by_label(predict).click();
    window.steps();
    let record = window.record.borrow();
    let is_asked = |question: &Question| {
        matches!(question, Question::EvaluateRun { folder: of, split, .. }
            if *of == folder && *split == crate::data::Split::Validation)
    };
    assert!(record.questions.iter().any(is_asked));
}

#[test]
fn the_test_of_the_chosen_setting_is_asked_about_first() {
    let mut window = with_new_sweep();
    save(&mut window);
    answer_status(&mut window, 6, 6);
    act(&mut window, SweepAction::TestBest);
    assert!(window.shows("Look at the test pictures?"));
    assert!(window.shows("The best setting: Phase 2, learning rate "));
    assert!(window.shows("Its runs: “learning_rate="));
    let is_test = |question: &SweepQuestion| matches!(question, SweepQuestion::Test { .. });
    assert!(!questions(&window).iter().any(is_test));
    // Another setting becomes the best one while the question stands.
    let status = open(&window).current_status().unwrap().clone();
    let asked = status.results.best.unwrap();
    let mut other = (*status).clone();
    let later = (asked + 1) % other.results.rows.len();
    other.results.best = Some(later);
    let out = open(&window).out(&window.state().runs_folder);
    window.answer(Answer::Sweep(SweepAnswer::Status {
        out,
        result: Ok(Arc::new(other)),
    }));
    assert!(window.shows("another setting is the best one now: Phase 2, learning rate "));
    window.harness.get_by_label("Test it").click();
    window.steps();
    let tested = questions(&window)
        .into_iter()
        .find_map(|question| match question {
            SweepQuestion::Test { cell, .. } => Some(cell),
            _ => None,
        });
    let group = (status.plan.cells.iter())
        .find(|cell| Some(&cell.name) == tested.as_ref())
        .map(|cell| cell.group);
    assert_eq!(group, Some(asked));
    window.answer(Answer::Sweep(SweepAnswer::Tested(Err(
        "no pictures are left to test on".into(),
    ))));
    assert!(window.shows("The chosen setting is not tested"));
}

#[test]
fn the_best_cell_s_experiment_is_opened_as_a_new_one() {
    let mut window = with_new_sweep();
    answer_status(&mut window, 6, 6);
    let documents = window.state().documents.len();
    act(&mut window, SweepAction::ExperimentOfCell(4));
    let state = window.state();
    assert_eq!(state.documents.len(), documents + 1);
    let cell = &open(&window).planned.plan.as_ref().unwrap().cells[4];
    let opened = &state.documents[documents].experiment;
    assert_eq!(opened.phases, cell.experiment.phases);
    assert!(opened.name.contains(&cell.settings[0]), "{}", opened.name);
}
