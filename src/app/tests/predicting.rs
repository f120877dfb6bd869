//! Pictures that are dropped, pasted or watched are answered by a run, and what is done with the answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui;

use super::*;
use crate::analysis::evaluate::tests::finished_run;
use crate::app::core::prediction::PredictAction;
use crate::app::core::settings::SettingChange;
use crate::app::core::view_id::ViewId;
use crate::app::features::predict::PredictLocal;
use crate::app::features::predict::query::Shown;
use crate::app::shell::Closing;
use crate::app::shell::actions::Action;
use crate::data::{PictureSource, Problem, StopFlag};
use crate::prediction::placement::undo;
use crate::prediction::{AnsweredPicture, Assigned, Novelty, Picture, PictureOutcome, Totals};
use crate::runs::store;
use crate::worker::messages::{PredictionAnswer, PredictionQuestion};

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody reads it".into())
    }
}

/// A window with two trained runs, and the predictions in front.
fn window() -> Window {
    let mut window = Window::with_pair();
    let mut second = summary("second", 0.8);
    second.started -= 10;
    let runs = vec![summary("first", 0.9), second];
    window.answer(Answer::Runs(Ok(runs)));
    push(&mut window, Command::ShowView(ViewId::PREDICT));
    window
}

fn drop_on(window: &mut Window, paths: &[&str]) {
    let files = paths.iter().map(|path| {
        let file: egui::DroppedFileHandle = Arc::new(Dropped(PathBuf::from(path)));
        file
    });
    window.harness.input_mut().dropped_files = files.collect();
    window.steps();
}

/// What was asked of the threads that predict, in order.
fn asked(window: &Window) -> Vec<PredictionQuestion> {
    let record = window.record.borrow();
    let questions = record
        .questions
        .iter()
        .filter_map(|question| match question {
            Question::Prediction(question) => Some(question.clone()),
            _ => None,
        });
    questions.collect()
}

/// The number and the paths of the last question.
fn last_asked(window: &Window) -> (u64, Vec<PathBuf>) {
    match asked(window).pop() {
        Some(PredictionQuestion::Predict { number, paths, .. }) => (number, paths),
        other => panic!("{other:?}"),
    }
}

fn say(window: &mut Window, answer: PredictionAnswer) {
    window.answer(Answer::Prediction(answer));
}

fn answered(path: &Path, class: u32, confidence: f32, distance: f32) -> PictureOutcome {
    let mut probabilities = vec![1.0 - confidence; 2];
    probabilities[class as usize] = confidence;
    PictureOutcome::Answered(AnsweredPicture {
        picture: Picture::file(path),
        probabilities,
        class: Some(class),
        confidence,
        novelty: Some(Novelty {
            distance,
            threshold: 0.4,
            rate: 0.01,
        }),
        part: None,
    })
}

/// Answers the last question with these outcomes.
fn answer_with(window: &mut Window, outcomes: Vec<PictureOutcome>) {
    let (number, _) = last_asked(window);
    begin(window, number, outcomes.len());
    say(window, PredictionAnswer::Some { number, outcomes });
    let result = Ok(Totals::default());
    say(window, PredictionAnswer::Ended { number, result });
}

fn begin(window: &mut Window, number: u64, pictures: usize) {
    let classes = Arc::new(vec!["defective".to_owned(), "functional".to_owned()]);
    let remarks = Vec::new();
    say(
        window,
        PredictionAnswer::Opened {
            number,
            classes,
            remarks,
            // With 1 in 100 false alarms, the limit is 0.4.
            validation_distances: vec![0.4; 99].into(),
        },
    );
    say(
        window,
        PredictionAnswer::Found {
            number,
            pictures,
            lost: Vec::new(),
            passed_over: Vec::new(),
        },
    );
}

fn three(folder: &Path) -> Vec<PictureOutcome> {
    vec![
        answered(&folder.join("a.png"), 0, 0.9, 0.1),
        answered(&folder.join("b.png"), 1, 0.55, 0.2),
        answered(&folder.join("c.png"), 1, 0.99, 0.8),
    ]
}

#[test]
fn dropped_pictures_are_answered_filtered_and_saved_as_a_table() {
    let mut window = window();
    drop_on(
        &mut window,
        &["/inbox/a.png", "/inbox/b.png", "/inbox/c.png"],
    );
    let (number, paths) = last_asked(&window);
    assert_eq!(paths.len(), 3, "one question for all");
    assert_eq!(window.state().prediction.run.as_deref(), Some("first"));
    begin(&mut window, number, 4);
    let mut outcomes = three(Path::new("/inbox"));
    let last = outcomes.split_off(2);
    say(&mut window, PredictionAnswer::Some { number, outcomes });
    // What is there already is shown while the rest is on its way.
    window.harness.get_by_label("2 pictures answered");
    assert!(window.shows("2 of 4 pictures"));
    say(
        &mut window,
        PredictionAnswer::Some {
            number,
            outcomes: last,
        },
    );
    let broken = PictureOutcome::Unreadable {
        picture: Picture::file("/inbox/broken.jpg"),
        reason: "is cut off".into(),
    };
    say(
        &mut window,
        PredictionAnswer::Some {
            number,
            outcomes: vec![broken],
        },
    );
    let result = Ok(Totals::default());
    say(&mut window, PredictionAnswer::Ended { number, result });
    // One count, whichever line says it.
    assert!(!window.shows("of 4 pictures"));
    let sentence = "3 pictures answered · 1 could not be read";
    window.harness.get_by_label(sentence);

    let path = window.folder.path().join("all.csv");
    push(
        &mut window,
        Command::Predict(PredictAction::Save(None, path.clone())),
    );
    window.wait_until(|_| path.exists());
    let table = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("image,class,outcome,"), "{table}");
    assert_eq!(lines.len(), 5, "{table}");
    assert!(
        lines[3].starts_with("/inbox/c.png,,none of these,functional,0.99,"),
        "{table}"
    );
    assert!(
        lines[4].starts_with("/inbox/broken.jpg,,unreadable,") && lines[4].ends_with(",is cut off"),
        "{table}"
    );

    // What is filtered is saved alone, by the button.
    let local = window
        .harness
        .state_mut()
        .locals
        .of_window::<PredictLocal>();
    local.query.shown = Shown::Only(Assigned::NoneOfThese);
    window.steps();
    window.harness.get_by_label("1 of 3 shown");
    window.harness.get_by_label("Save 1 as CSV…");
    let path = window.folder.path().join("some.csv");
    let chosen = Some(Arc::from([PictureSource::File("/inbox/c.png".into())]));
    push(
        &mut window,
        Command::Predict(PredictAction::Save(chosen, path.clone())),
    );
    window.wait_until(|_| path.exists());
    let table = std::fs::read_to_string(&path).unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
    window.wait_until(|window| {
        let notices = &window.state().notices;
        notices
            .iter()
            .any(|notice| notice.text.contains("1 picture answered: "))
    });
}

#[test]
fn a_table_is_proposed_where_no_pictures_are() {
    let mut window = window();
    let documents = PathBuf::from("/home/person/documents");
    window.harness.state_mut().session.paths.documents = documents.clone();
    let give = |window: &mut Window, path: &Path| {
        let paths = vec![path.to_path_buf()];
        push(window, Command::Predict(PredictAction::Paths(paths)));
        answer_with(
            window,
            vec![answered(Path::new("/data/a.png"), 0, 0.9, 0.1)],
        );
    };
    let proposed = |window: &Window| {
        let graft = window.harness.state();
        graft.requests.predict.folder_to_write(&graft.session)
    };
    give(&mut window, Path::new("/data/cells"));
    // Pictures are chosen where they were; nothing is written there.
    let last = window.harness.state().session.settings.last_folder.clone();
    assert_eq!(last, Some(PathBuf::from("/data")));
    assert_eq!(proposed(&window), documents);
    // Where the last one went, unless pictures are read there.
    let tables = window.folder.path().join("tables");
    std::fs::create_dir(&tables).unwrap();
    let save = |window: &mut Window, path: PathBuf| {
        let action = PredictAction::Save(None, path.clone());
        push(window, Command::Predict(action));
        let text = path.display().to_string();
        window.wait_until(|window| {
            let mut notices = window.state().notices.iter();
            notices.any(|notice| notice.text.contains(&text))
        });
        let mut notices = window.state().notices.iter();
        let notice = notices.find(|notice| notice.text.contains(&text)).unwrap();
        notice.text.contains("among the pictures")
    };
    assert!(!save(&mut window, tables.join("1.csv")));
    assert_eq!(proposed(&window), tables);
    give(&mut window, &tables.join("one.png"));
    assert_eq!(proposed(&window), documents);
    assert!(save(&mut window, tables.join("2.csv")));
    give(&mut window, Path::new("/home/person"));
    assert!(!proposed(&window).starts_with("/home/person"));
}

#[test]
fn what_is_dropped_elsewhere_or_is_no_picture_opens_as_ever() {
    let mut window = window();
    let preset = window.folder.path().join("other.ron");
    std::fs::write(&preset, shipped("keras-guide")).unwrap();
    let documents = window.state().documents.len();
    drop_on(&mut window, &[&preset.display().to_string()]);
    assert_eq!(window.state().documents.len(), documents + 1);
    assert!(asked(&window).is_empty());
    // A folder of pictures is answered.
    let inbox = window.folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    push(&mut window, Command::ShowView(ViewId::PREDICT));
    drop_on(&mut window, &[&inbox.display().to_string()]);
    assert_eq!(last_asked(&window).1, [inbox]);
    // With another view in front, a picture is shown to the runs.
    push(&mut window, Command::ShowView(ViewId::CURVES));
    drop_on(&mut window, &["/inbox/a.png"]);
    assert_eq!(asked(&window).len(), 1);
    assert!(window.harness.state().dropped.is_some());
}

#[test]
fn a_stop_keeps_what_is_answered_and_what_waits_is_forgotten() {
    let mut window = window();
    drop_on(&mut window, &["/inbox/a.png"]);
    drop_on(&mut window, &["/inbox/later.png"]);
    let (number, paths) = last_asked(&window);
    assert_eq!(
        (asked(&window).len(), paths.len()),
        (1, 1),
        "it waits for its turn"
    );
    begin(&mut window, number, 100);
    let outcomes = three(Path::new("/inbox"));
    say(&mut window, PredictionAnswer::Some { number, outcomes });
    window.harness.get_by_label("Stop predicting").click();
    window.steps();
    assert_eq!(
        asked(&window).last(),
        Some(&PredictionQuestion::StopPredicting)
    );
    let result = Err(Failure::Stopped);
    say(&mut window, PredictionAnswer::Ended { number, result });
    assert_eq!(asked(&window).len(), 2, "nothing else is asked");
    assert!(window.harness.query_by_label("Stop predicting").is_none());
    window
        .harness
        .get_by_label("3 pictures answered · 97 not looked at");
    assert!(window.state().notices.is_empty());
}

#[test]
fn files_that_could_not_be_read_are_listed() {
    let mut window = window();
    drop_on(&mut window, &["/inbox/a.png"]);
    let (number, _) = last_asked(&window);
    begin(&mut window, number, 1);
    say(
        &mut window,
        PredictionAnswer::Found {
            number,
            pictures: 0,
            lost: vec![Problem {
                path: "/inbox/gone.png".into(),
                reason: "there is no such file".into(),
            }],
            passed_over: Vec::new(),
        },
    );
    let result = Ok(Totals::default());
    say(&mut window, PredictionAnswer::Ended { number, result });
    window.harness.get_by_label("No picture was answered");
    window.harness.get_by_label("Not read (1)").click();
    window.steps();
    window.harness.get_by_label("/inbox/gone.png");
    window.harness.get_by_label("there is no such file");
}

#[test]
fn another_run_answers_the_same_pictures_anew() {
    let mut window = window();
    drop_on(
        &mut window,
        &["/inbox/a.png", "/inbox/b.png", "/inbox/c.png"],
    );
    answer_with(&mut window, three(Path::new("/inbox")));
    let use_run = PredictAction::UseRun("second".into());
    push(&mut window, Command::Predict(use_run));
    let question = asked(&window).pop();
    let Some(PredictionQuestion::Predict { folder, paths, .. }) = question else {
        panic!("{question:?}");
    };
    assert!(folder.ends_with("second"));
    assert_eq!(paths.len(), 3);
    assert!(window.state().prediction.answers.is_empty());
    answer_with(&mut window, three(Path::new("/inbox")));
    assert_eq!(window.state().prediction.answers.len(), 3);
}

#[test]
fn a_folder_is_watched_until_it_is_stopped() {
    let mut window = window();
    push(
        &mut window,
        Command::Predict(PredictAction::Watch("/camera".into())),
    );
    let Some(PredictionQuestion::Watch {
        number, watched, ..
    }) = asked(&window).pop()
    else {
        panic!("{:?}", asked(&window));
    };
    assert_eq!(watched, Path::new("/camera"));
    begin(&mut window, number, 0);
    assert!(window.shows("Watching /camera"));
    window.harness.get_by_label("No picture has come yet");
    let outcomes = three(Path::new("/camera"));
    say(&mut window, PredictionAnswer::Some { number, outcomes });
    window.harness.get_by_label("3 pictures answered");
    // The foot of the window says it, too.
    assert!(window.shows("Watching “camera”"));
    window.harness.get_by_label("Stop watching").click();
    window.steps();
    assert_eq!(
        asked(&window).last(),
        Some(&PredictionQuestion::StopWatching)
    );
    let result = Err(Failure::Stopped);
    say(&mut window, PredictionAnswer::Ended { number, result });
    assert!(window.harness.query_by_label("Stop watching").is_none());
    window.harness.get_by_label("3 pictures answered");
}

#[test]
fn paths_and_pictures_are_pasted() {
    let mut window = window();
    let text = "file:///inbox/a%201.png\n/inbox/b.png\n";
    window.harness.event(egui::Event::Paste(text.into()));
    window.steps();
    assert_eq!(
        last_asked(&window).1,
        [PathBuf::from("/inbox/a 1.png"), "/inbox/b.png".into()]
    );
    answer_with(&mut window, three(Path::new("/inbox")));
    window.harness.event(egui::Event::Paste("hello".into()));
    window.steps();
    assert_eq!(asked(&window).len(), 1);
    assert!(window.shows("Nothing to predict on the clipboard"));
    // Half a pixel of red over white is pink.
    let pixels = vec![
        egui::Color32::from_rgb(0, 0, 255),
        egui::Color32::from_rgba_unmultiplied(255, 0, 0, 128),
    ];
    let image = egui::ColorImage::new([2, 1], pixels);
    window
        .harness
        .event(egui::Event::PasteImage(Arc::new(image)));
    window.wait_until(|window| asked(window).len() == 2);
    let path = last_asked(&window).1.remove(0);
    assert!(path.ends_with("Pasted picture 1.png"), "{}", path.display());
    let source = PictureSource::File(path);
    let read = crate::data::decode::decode(&source).unwrap();
    assert_eq!((read.width, read.height), (2, 1));
    assert_eq!(read.rgb[..3], [0, 0, 255]);
    assert!(
        read.rgb[3] == 255 && read.rgb[4].abs_diff(127) <= 1,
        "{:?}",
        read.rgb
    );
}

#[test]
fn pictures_are_copied_by_class_as_planned_and_taken_back() {
    let mut window = window();
    let inbox = window.folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    let names = ["a.png", "b.png", "c.png"];
    for name in names {
        std::fs::write(inbox.join(name), name).unwrap();
    }
    let paths: Vec<String> = (names.iter())
        .map(|name| inbox.join(name).display().to_string())
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    drop_on(&mut window, &paths);
    answer_with(&mut window, three(&inbox));
    let sorted = window.folder.path().join("sorted");
    let plan = PredictAction::Plan(None, sorted.clone());
    push(&mut window, Command::Predict(plan));
    window.wait_until(|window| window.shows("Copy 3 pictures"));
    assert!(!sorted.exists(), "a plan touches nothing");
    for folder in ["defective", "functional", "none of these"] {
        let mut found = window.harness.query_all_by_label(folder);
        assert!(found.next().is_some(), "{folder}");
    }
    window.harness.get_by_label("Copy 3 pictures").click();
    window.wait_until(|window| window.shows("Undo the copies"));
    for (folder, name) in [
        ("defective", "a.png"),
        ("functional", "b.png"),
        ("none of these", "c.png"),
    ] {
        let copy = sorted.join(folder).join(name);
        assert_eq!(std::fs::read_to_string(&copy).unwrap(), name, "{folder}");
    }
    // One that a person has worked on stays.
    std::fs::write(sorted.join("defective/a.png"), "better than before").unwrap();
    window.harness.get_by_label("Undo the copies").click();
    window.wait_until(|window| !window.harness.state().placing.is_open());
    assert!(sorted.join("defective/a.png").exists());
    assert!(!sorted.join("functional").exists() && !sorted.join("none of these").exists());
    assert!(names.iter().all(|name| inbox.join(name).exists()));
    let notices = &window.state().notices;
    assert!(
        notices.iter().any(|notice| notice
            .text
            .contains("2 copies or links are removed; 1 that was changed since stays: ")),
        "{notices:?}"
    );
}

#[test]
fn pictures_are_not_placed_where_they_are_read_from() {
    let mut window = window();
    let inbox = window.folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    drop_on(&mut window, &[&inbox.display().to_string()]);
    answer_with(&mut window, three(&inbox));
    let plan = PredictAction::Plan(None, inbox.join("sorted"));
    push(&mut window, Command::Predict(plan));
    window.wait_until(|window| window.shows("would be read again"));
    window.harness.get_by_label("Close").click();
    window.steps();
    assert!(!window.harness.state().placing.is_open());
}

#[test]
fn pictures_are_not_placed_among_those_that_the_run_learned_from() {
    let mut window = Window::with_pair();
    let root = window.folder.path().to_path_buf();
    let trained = finished_run(&root);
    let runs = store::list(trained.parent().unwrap());
    window.answer(Answer::Runs(Ok(runs)));
    push(&mut window, Command::ShowView(ViewId::PREDICT));
    let inbox = root.join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    drop_on(&mut window, &[&inbox.display().to_string()]);
    answer_with(&mut window, three(&inbox));
    let plan = PredictAction::Plan(None, root.join("pictures/sorted"));
    push(&mut window, Command::Predict(plan));
    window.wait_until(|window| window.shows("that the run learned from"));
}

#[test]
fn the_palette_predicts_where_a_run_can() {
    let is_enabled = |window: &Window, name: &str| {
        let mut actions = Action::all();
        let action = actions.find(|action| action.text() == name).unwrap();
        action.is_enabled(window.state())
    };
    let without = Window::with_presets(&[]);
    let with = window();
    for name in ["Predict pictures…", "Predict folder…", "Watch folder…"] {
        assert!(!is_enabled(&without, name), "{name}");
        assert!(is_enabled(&with, name), "{name}");
    }
    assert!(!is_enabled(&with, "Save answers as CSV…"));
    // Its keys show the view.
    let mut window = self::window();
    push(&mut window, Command::ShowView(ViewId::CURVES));
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::I);
    window.steps();
    window.harness.get_by_label("Drop pictures here");
}

#[test]
fn unsure_pictures_are_held_back_where_a_person_says_so() {
    let mut window = window();
    let inbox = window.folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    for name in ["a.png", "b.png", "c.png"] {
        std::fs::write(inbox.join(name), name).unwrap();
    }
    drop_on(&mut window, &[&inbox.display().to_string()]);
    answer_with(&mut window, three(&inbox));
    let sorted = window.folder.path().join("sorted");
    let plan = PredictAction::Plan(None, sorted.clone());
    push(&mut window, Command::Predict(plan));
    window.wait_until(|window| window.shows("Copy 3 pictures"));
    window
        .harness
        .get_by_label("1 picture has an unsure answer, under 60 %.");
    assert!(window.harness.query_by_label("undecided").is_none());
    window
        .harness
        .get_by_label("Put them into “undecided”, not into a class's folder")
        .click();
    window.wait_until(|window| {
        let mut folders = window.harness.query_all_by_label("undecided");
        folders.next().is_some() && window.shows("Copy 3 pictures")
    });
    window.harness.get_by_label("Copy 3 pictures").click();
    window.wait_until(|window| window.shows("Undo the copies"));
    assert!(sorted.join("undecided/b.png").exists());
    assert!(sorted.join("defective/a.png").exists() && !sorted.join("functional").exists());
}

/// Answers so many pictures, files that hold these bytes, and asks what copying them by class would do; where they would go.
fn plan_many(window: &mut Window, number: usize, contents: &[u8]) -> PathBuf {
    let inbox = window.folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    let outcomes = (0..number).map(|index| {
        let path = inbox.join(format!("{index}.png"));
        std::fs::write(&path, contents).unwrap();
        answered(&path, 0, 0.9, 0.1)
    });
    let outcomes: Vec<_> = outcomes.collect();
    drop_on(window, &[&inbox.display().to_string()]);
    answer_with(window, outcomes);
    let sorted = window.folder.path().join("sorted");
    let plan = PredictAction::Plan(None, sorted.clone());
    push(window, Command::Predict(plan));
    sorted
}

#[test]
fn quitting_stops_copying_after_the_picture_at_hand_and_what_stands_can_be_undone() {
    let mut window = window();
    let sorted = plan_many(&mut window, 3_000, &[0; 1_000]);
    window.wait_until(|window| window.shows("Copy 3,000 pictures"));
    let commands = &mut window.harness.state_mut().commands;
    commands.extend([Command::Predict(PredictAction::Place), Command::Quit]);
    window.harness.step();
    assert_eq!(
        window.harness.state().question,
        Some(crate::app::shell::dialogs::Confirmation::Quit)
    );
    window.steps();
    window.harness.get_by_label("Stop and quit").click();
    window.wait_until(|window| window.harness.state().closing == Closing::Now);
    let placing = &window.harness.state().placing;
    assert!(!placing.is_working());
    // Each picture that stands is recorded, however far it came.
    let copies = std::fs::read_dir(sorted.join("defective")).map_or(0, Iterator::count);
    let undone = undo(&sorted, &StopFlag::default(), &mut |_, _| {}).unwrap();
    assert_eq!(undone.removed, copies);
    assert!(undone.changed.is_empty() && !sorted.exists());
}

#[test]
fn copying_that_is_stopped_can_be_undone() {
    let mut window = window();
    let sorted = plan_many(&mut window, 500, b"a picture");
    window.wait_until(|window| window.shows("Copy 500 pictures"));
    let actions = [PredictAction::Place, PredictAction::StopPlacing];
    let commands = &mut window.harness.state_mut().commands;
    commands.extend(actions.map(Command::Predict));
    window.wait_until(|window| window.shows("stopped before the others"));
    window.harness.get_by_label("Close").click();
    window.steps();
    window.harness.get_by_label("Undo copy by class").click();
    window.wait_until(|window| !sorted.exists() && !window.harness.state().placing.is_open());
    assert!(
        window
            .harness
            .query_by_label("Undo copy by class")
            .is_none()
    );
}

#[test]
fn a_change_of_the_rate_holds_for_the_answers_that_are_there() {
    let mut window = window();
    drop_on(&mut window, &["/inbox"]);
    let (number, _) = last_asked(&window);
    begin(&mut window, number, 3);
    let outcomes = three(Path::new("/inbox"));
    say(&mut window, PredictionAnswer::Some { number, outcomes });
    let distances = (1..=99).map(|place| place as f32 / 100.0).collect();
    let classes = window.state().prediction.classes.clone();
    say(
        &mut window,
        PredictionAnswer::Opened {
            number,
            classes,
            remarks: Vec::new(),
            validation_distances: distances,
        },
    );
    assert_eq!(window.state().prediction.tally.none_of_these, 0);
    let change = SettingChange::NoveltyRate(0.3);
    push(&mut window, Command::ChangeSetting(change));
    assert_eq!(window.state().prediction.tally.none_of_these, 1);
    let result = Ok(Totals::default());
    say(&mut window, PredictionAnswer::Ended { number, result });
    assert!(window.shows("About 30 % of your own pictures"));
}
