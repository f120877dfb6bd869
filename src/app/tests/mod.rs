//! The window, driven by accessible labels as a person or a screen reader would.

mod cards;
mod causes;
mod comparing;
mod drafts;
mod dropped;
mod evaluating;
mod exports;
pub(super) mod fake;
mod feature_cache;
mod frame;
mod learning;
mod library_installation;
mod looking_up;
mod measuring;
mod network_exports;
mod owning_runs;
mod picture_choice;
mod predicting;
mod repeating;
mod shootout;
mod side;
mod sweep;
mod using_network;

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use crate::app::core::command::Command;
use crate::app::core::state::{NoticeKind, RecordState, Scan, Tree};
use crate::experiment::{DataSource, Experiment};
use crate::runs::{RunState, StoredRun};
use crate::training::TrainingEvent;
use crate::training::movement::Movement;
use crate::worker::messages::{Answer, Failure, Question, RunEvent, RunId};
use fake::{Window, quarter_done, shipped, summary};

/// As if a panel had asked for it.
fn push(window: &mut Window, command: Command) {
    window.harness.state_mut().commands.push(command);
    window.steps();
}

/// What a panel would send for a change of the document at `index`.
fn edit(
    window: &Window,
    index: usize,
    merge: &'static str,
    change: impl FnOnce(&mut Experiment),
) -> Command {
    let document = &window.state().documents[index];
    let mut experiment = document.experiment.clone();
    change(&mut experiment);
    Command::Edit {
        document: document.id,
        before: Box::new(document.experiment.clone()),
        experiment: Box::new(experiment),
        merge,
    }
}

#[test]
fn train_queues_every_ticked_experiment_in_order() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    {
        let record = window.record.borrow();
        let started = record.started();
        assert_eq!(started.len(), 2);
        assert!(started[0].experiment.name != started[1].experiment.name);
        assert_eq!(started[0].base.as_deref(), Some(window.folder.path()));
    }
    let runs = &window.state().runs;
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.state == RecordState::Queued));
    assert_ne!(runs[0].color, runs[1].color);

    // Unticked, an experiment stays behind.
    let name = window.state().documents[1].experiment.name.clone();
    window
        .harness
        .get_by_label(&format!("Train {name}"))
        .click();
    window.steps();
    window.harness.get_by_label("Train").click();
    window.steps();
    assert_eq!(window.record.borrow().started().len(), 3);
}

#[test]
fn a_run_goes_from_the_queue_to_the_results_in_one_colour() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let run = window.state().runs[0].run.unwrap();
    let color = window.state().runs[0].color;
    window.event(
        run,
        RunEvent::Started {
            folder: "/runs/first".into(),
        },
    );
    assert_eq!(window.state().running().unwrap().id, "first");
    window.event(run, RunEvent::Finished(Box::new(summary("first", 0.9))));
    let state = window.state();
    assert_eq!(state.runs[0].state, RecordState::Finished);
    assert_eq!(state.runs[0].color, color);
    assert_eq!(state.selected_run.as_deref(), Some("first"));
}

#[test]
fn how_far_layers_moved_is_read_from_the_folder_when_a_run_has_finished() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let run = window.state().runs[0].run.unwrap();
    let folder = std::path::PathBuf::from("/runs/first");
    window.event(
        run,
        RunEvent::Started {
            folder: folder.clone(),
        },
    );
    let asked = |window: &Window| {
        let record = window.record.borrow();
        let opens = record.questions.iter().filter(
            |question| matches!(question, Question::OpenRun { folder: other } if *other == folder),
        );
        opens.count()
    };
    assert_eq!(asked(&window), 0);
    let summary = summary("first", 0.9);
    window.event(run, RunEvent::Finished(Box::new(summary.clone())));
    assert_eq!(asked(&window), 1);
    let movement = vec![Movement {
        path: "conv1".into(),
        initial_l2: 1.0,
        distance_l2: 0.0,
    }];
    window.answer(Answer::Run {
        folder: folder.clone(),
        result: Ok(Box::new(StoredRun {
            folder: folder.clone(),
            summary,
            metrics: Vec::new(),
            phase_starts: Vec::new(),
            movement: movement.clone(),
        })),
    });
    assert_eq!(*window.state().runs[0].movement, movement);
    // It is asked for once.
    window.steps();
    assert_eq!(asked(&window), 1);
}

#[test]
fn a_failed_run_says_so_until_it_is_dismissed() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    window.event(
        RunId(1),
        RunEvent::Failed {
            message: "the loss became NaN: lower the learning rate".into(),
        },
    );
    assert!(
        window
            .harness
            .query_by_label("the loss became NaN: lower the learning rate")
            .is_some()
    );
    window.harness.get_by_label("Dismiss").click();
    window.steps();
    assert!(window.state().notices.is_empty());
}

#[test]
fn a_run_that_failed_after_an_epoch_can_be_resumed() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let folder = window.folder.path().join("runs/full-disk");
    window.event(RunId(1), RunEvent::Started { folder });
    window.event(
        RunId(1),
        RunEvent::Failed {
            message: "the disk is full".into(),
        },
    );
    let listed = |window: &Window| {
        let record = window.record.borrow();
        let last = record.questions.last();
        matches!(last, Some(Question::ListRuns { .. }))
    };
    assert!(listed(&window), "its folder is looked at");
    let mut failed = summary("full-disk", 0.9);
    failed.state = RunState::Failed("the disk is full".into());
    failed.test = None;
    failed.can_resume = true;
    window.answer(Answer::Runs(Ok(vec![failed])));
    assert!(window.harness.query_by_label_contains("Resume ").is_some());
}

#[test]
fn an_edit_marks_the_experiment_and_can_be_undone() {
    let mut window = Window::with_pair();
    let state = |window: &Window| window.state().documents[0].is_changed();
    assert!(!state(&window));
    let edit = edit(&window, 0, "seed", |experiment| experiment.seed += 1);
    window.harness.state_mut().commands.push(edit);
    window.steps();
    assert!(state(&window));
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps();
    assert!(!state(&window));
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Y);
    window.steps();
    assert!(state(&window));
    window.harness.get_by_label("Undo").click();
    window.steps();
    assert!(!state(&window));
}

#[test]
fn a_bad_preset_names_file_and_line_and_changes_nothing() {
    let mut window = Window::with_pair();
    let before = window.state().documents[0].experiment.clone();
    let path = window.folder.path().join("bad.ron");
    let text = shipped("solar-feature-extraction").replacen("seed:", "sead:", 1);
    let line = text
        .lines()
        .position(|line| line.contains("sead:"))
        .unwrap()
        + 1;
    std::fs::write(&path, text).unwrap();
    window
        .harness
        .state_mut()
        .commands
        .push(crate::app::core::command::Command::OpenPreset(path.clone()));
    window.steps();
    let state = window.state();
    assert_eq!(state.documents.len(), 2);
    assert_eq!(state.documents[0].experiment, before);
    let notice = &state.notices[0];
    assert_eq!(notice.kind, NoticeKind::Error);
    assert!(
        notice.text.contains(&format!("{}:{line}:", path.display())),
        "{}",
        notice.text
    );
    assert!(notice.text.contains("sead"), "{}", notice.text);
    assert!(
        window
            .harness
            .query_by_label("A preset can't be used")
            .is_some()
    );
}

#[test]
fn quitting_while_something_trains_asks_and_then_stops_it() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    window.event(
        RunId(1),
        RunEvent::Started {
            folder: "/runs/first".into(),
        },
    );
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Q);
    window.steps();
    window.harness.get_by_label("Cancel").click();
    window.steps();
    assert!(window.record.borrow().stopped().is_empty());

    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Q);
    window.steps();
    window.harness.get_by_label("Stop and quit").click();
    window.steps();
    // The queue first, so that stopping the first does not start the second.
    assert_eq!(window.record.borrow().stopped(), [RunId(2), RunId(1)]);
    assert!(
        window
            .harness
            .query_by_label_contains("Stopping the training")
            .is_some()
    );
    window.event(RunId(2), RunEvent::Cancelled);
    window.event(RunId(1), RunEvent::Stopped(Box::new(summary("first", 0.5))));
    assert_eq!(
        window.harness.state().closing,
        crate::app::shell::Closing::Now
    );
}

#[test]
fn the_bar_says_which_device_trains_and_why_not_another() {
    let mut window = Window::with_pair();
    assert!(
        window
            .harness
            .query_by_label("Device: CPU, 2 threads")
            .is_some()
    );
    // The reason stands in the menu, not in the bar.
    let reason = "No CUDA: the NVIDIA driver";
    let is_said = |window: &Window| {
        let mut said = window.harness.query_all_by_label_contains(reason);
        said.next().is_some()
    };
    assert!(!is_said(&window));
    window
        .harness
        .get_by_label("Device: CPU, 2 threads")
        .click();
    window.steps();
    assert!(is_said(&window));
}

#[test]
fn the_palette_finds_a_command_and_runs_it() {
    let mut window = Window::with_pair();
    let dark = window.harness.state().session.settings.dark;
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps();
    window
        .harness
        .get_by_label("Find a command")
        .type_text("dark");
    window.steps();
    window.harness.key_press(Key::Enter);
    window.steps();
    assert_ne!(window.harness.state().session.settings.dark, dark);
    assert!(window.harness.query_by_label("Find a command").is_none());
}

#[test]
fn a_window_without_experiments_says_how_to_begin() {
    let mut window = Window::with_presets(&[]);
    assert!(
        window
            .harness
            .query_by_label("Open pictures sorted by class…")
            .is_some()
    );
    window
        .harness
        .get_by_label_contains("Open preset From scratch")
        .click();
    window.steps();
    assert_eq!(window.state().documents.len(), 1);
}

#[test]
fn the_example_is_offered_where_there_is_one_and_opened_as_pictures_are() {
    const LABEL: &str = "Try it with example pictures";
    let mut window = Window::with_presets(&[]);
    window.harness.state_mut().example = None;
    window.steps();
    assert!(window.harness.query_by_label(LABEL).is_none());
    window.harness.state_mut().example = Some("/usr/share/graft/example".into());
    window.steps();
    window.harness.get_by_label(LABEL).click();
    window.steps();
    let record = window.record.borrow();
    assert!(record.questions.iter().any(
        |question| matches!(question, Question::Recognise { path } if path.ends_with("graft/example"))
    ));
}

#[test]
fn pictures_are_scanned_once_and_a_changed_split_waits_for_the_slider() {
    let mut window = Window::with_pair();
    let scans = |window: &Window| {
        window
            .record
            .borrow()
            .questions
            .iter()
            .filter(|question| matches!(question, Question::Scan { .. }))
            .count()
    };
    assert_eq!(scans(&window), 1);
    let name = window.state().documents[1].experiment.name.clone();
    window
        .harness
        .get_by_label(&format!("Experiment {name}"))
        .click();
    window.steps();
    assert_eq!(window.state().active, 1);
    assert_eq!(scans(&window), 1, "both experiments use the same pictures");
}

#[test]
fn closing_a_changed_experiment_asks() {
    let mut window = Window::with_pair();
    let edit = edit(&window, 0, "seed", |experiment| experiment.seed += 1);
    window.harness.state_mut().commands.push(edit);
    window
        .harness
        .state_mut()
        .commands
        .push(crate::app::core::command::Command::CloseExperiment(0));
    window.steps();
    assert_eq!(window.state().documents.len(), 2);
    window.harness.get_by_label("Save").click();
    window.steps();
    assert_eq!(window.state().documents.len(), 1);
    let file = window.folder.path().join("preset-0.ron");
    let saved = crate::experiment::preset::load(&file).unwrap();
    let before =
        crate::experiment::preset::parse(&shipped("solar-feature-extraction"), &file).unwrap();
    assert_eq!(saved.seed, before.seed + 1);
}

#[test]
fn save_and_quit_goes_on_after_a_new_experiment_got_its_name() {
    let mut window = Window::with_presets(&[]);
    window.answer(Answer::Recognised {
        path: "/pictures".into(),
        source: Ok(DataSource::ClassFolders {
            path: "/pictures".into(),
        }),
    });
    let edit = edit(&window, 0, "seed", |experiment| experiment.seed += 1);
    window.harness.state_mut().commands.push(edit);
    window.steps();
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Q);
    window.steps();
    window.harness.get_by_label("Save and quit").click();
    window.steps();
    assert!(window.harness.state().files.is_open(), "it has no name yet");
    let file = window.folder.path().join("mine.ron");
    let document = window.state().documents[0].id;
    window
        .harness
        .state_mut()
        .commands
        .push(Command::SaveAs(document, file.clone()));
    window.steps();
    assert!(file.is_file());
    assert_eq!(
        window.harness.state().closing,
        crate::app::shell::Closing::Now
    );
}

#[test]
fn a_run_of_another_process_is_followed_to_its_end() {
    let mut window = Window::with_pair();
    let mut elsewhere = summary("elsewhere", 0.9);
    elsewhere.state = RunState::Running;
    window.answer(Answer::Runs(Ok(vec![elsewhere.clone()])));
    assert_eq!(window.state().runs[0].state, RecordState::Elsewhere);
    assert!(
        window
            .harness
            .query_by_label_contains("training in another window")
            .is_some()
    );
    elsewhere.state = RunState::Finished;
    window.answer(Answer::Runs(Ok(vec![elsewhere])));
    let runs = &window.state().runs;
    assert_eq!((runs.len(), &runs[0].state), (1, &RecordState::Finished));
}

#[test]
fn an_interrupted_run_is_resumed_with_its_curves() {
    let mut window = Window::with_presets(&[]);
    let mut interrupted = summary("broken-off", 0.9);
    interrupted.state = RunState::Interrupted;
    interrupted.can_resume = true;
    interrupted.test = None;
    let folder = window.folder.path().join("runs/broken-off");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("preset.ron"), shipped("solar-fine-tuning")).unwrap();
    window.answer(Answer::Runs(Ok(vec![interrupted.clone()])));
    let color = window.state().runs[0].color;
    window.harness.get_by_label("Resume broken-off").click();
    window.steps();
    let run = window.only_resumed(&folder).run;
    let runs = &window.state().runs;
    assert_eq!((runs.len(), &runs[0].state), (1, &RecordState::Queued));

    // Taken out of the queue, it is what it was.
    window.event(run, RunEvent::Cancelled);
    let runs = &window.state().runs;
    assert_eq!((runs.len(), &runs[0].state), (1, &RecordState::Interrupted));
    window.harness.get_by_label("Resume broken-off").click();
    window.steps();
    let run = window.state().runs[0].run.unwrap();
    window.event(
        run,
        RunEvent::Started {
            folder: folder.clone(),
        },
    );
    let metrics = crate::app::features::fakes::state().runs[0].metrics[..4].to_vec();
    window.event(
        run,
        RunEvent::Resumed(Box::new(StoredRun {
            folder,
            summary: interrupted,
            metrics: metrics.clone(),
            phase_starts: vec![(3, "Fine-tuning".into())],
            movement: Vec::new(),
        })),
    );
    window.event(
        run,
        RunEvent::Training(TrainingEvent::PhaseStarted {
            phase: 1,
            name: "Fine-tuning".into(),
            epochs: 5,
            first_epoch: 3,
            trainable_parameters: 1,
            frozen_parameters: 1,
            plan: String::new(),
        }),
    );
    let record = &window.state().runs[0];
    assert_eq!(record.metrics, metrics);
    assert_eq!(record.phase_starts.len(), 1, "the phase has one beginning");
    assert_eq!(
        (record.color, &record.state),
        (color, &RecordState::Running)
    );
}

#[test]
fn folds_are_one_run_of_the_list_and_its_curves_are_those_of_the_fold() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let run = window.state().runs[0].run.unwrap();
    let folder = window.folder.path().join("runs/folds");
    let started = RunEvent::Started {
        folder: folder.clone(),
    };
    window.event(run, started);
    let epochs = crate::app::features::fakes::state().runs[0].metrics[..2].to_vec();
    for fold in 1..=2 {
        let folds = 4;
        let stored = None;
        window.event(
            run,
            RunEvent::Fold {
                fold,
                folds,
                stored,
            },
        );
        for epoch in &epochs {
            let epoch = TrainingEvent::EpochFinished(epoch.clone());
            window.event(run, RunEvent::Training(epoch));
        }
    }
    let record = &window.state().runs[0];
    assert_eq!(record.metrics, epochs, "of the second fold alone");
    assert_eq!(record.fold_text().as_deref(), Some("fold 2 of 4"));
    window.event(
        run,
        RunEvent::Training(TrainingEvent::Progress(crate::training::events::Progress {
            activity: crate::training::events::Activity::Training,
            phase: 0,
            epoch: 3,
            epochs: 10,
            done: 1,
            total: 4,
            pictures_per_second: 0.0,
            remaining_seconds: None,
            train_loss: None,
        })),
    );
    window.steps();
    window
        .harness
        .get_by_label_contains("fold 2 of 4, epoch 3 of 10");
    let mut finished = summary("folds", 0.9);
    finished.folds = Some(4);
    window.event(run, RunEvent::Finished(Box::new(finished)));
    assert_eq!(window.state().runs[0].fold_text(), None);
}

#[test]
fn which_weights_are_stored_is_asked_again_when_a_run_may_have_fetched_some() {
    let mut window = Window::with_pair();
    let asked = |window: &Window| {
        let record = window.record.borrow();
        let questions = record.questions.iter();
        questions
            .filter(|question| matches!(question, Question::StoredWeights))
            .count()
    };
    assert_eq!(asked(&window), 1);
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let run = window.state().runs[0].run.unwrap();
    window.event(
        run,
        RunEvent::Training(TrainingEvent::Prepared {
            train: 1,
            validation: 1,
            test: 1,
            device: "CPU".into(),
            weights: "Loaded 244 tensors".into(),
        }),
    );
    assert_eq!(asked(&window), 2);
}

#[test]
fn the_export_dialog_writes_what_was_chosen_where_it_was_said() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let run = window.state().runs[0].run.unwrap();
    let folder = window.folder.path().join("no run");
    window.event(
        run,
        RunEvent::Started {
            folder: folder.clone(),
        },
    );
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::E);
    window.steps();
    assert!(
        window
            .harness
            .query_by_label("Export figures and report")
            .is_some()
    );
    // The dialog is about what is shown, and everything in it can be switched.
    window.harness.get_by_label("None").click();
    window.steps();
    window.harness.get_by_label("Accuracy and loss").click();
    window.harness.get_by_label("Report (HTML)").click();
    window.steps();
    let out = window.folder.path().join("out");
    window.harness.state_mut().exports.local.folder = out.display().to_string();
    window.steps();
    window.harness.get_by_label("Export").click();
    window.steps();
    // The run's folder is not there: the dialog says so and stays.
    for _ in 0..200 {
        window.steps();
        let stage = &window.harness.state().exports.stage;
        if matches!(stage, crate::app::features::export::Stage::Failed(_)) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let stage = window.harness.state().exports.stage.clone();
    let crate::app::features::export::Stage::Failed(reason) = stage else {
        panic!("{stage:?}");
    };
    assert!(reason.contains("no run"), "{reason}");
    window.steps();
    window.harness.get_by_label("Cancel").click();
    window.steps();
    assert!(
        window
            .harness
            .query_by_label("Export figures and report")
            .is_none()
    );
}

#[test]
fn the_figure_of_a_view_is_copied_as_an_image() {
    let mut window = Window::with_pair();
    window.answer_layer_tree();
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    window.steps();
    window
        .harness
        .get_by_label("Copy freeze diagram as an image")
        .click();
    let mut copied = None;
    for _ in 0..500 {
        window.harness.step();
        copied = window
            .harness
            .output()
            .platform_output
            .commands
            .iter()
            .find_map(|command| match command {
                eframe::egui::OutputCommand::CopyImage(image) => Some(image.clone()),
                _ => None,
            });
        if copied.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let copied = copied.unwrap();
    assert_eq!(copied.size, [1600, 1000]);
    let colors: std::collections::HashSet<_> = copied.pixels.iter().collect();
    assert!(colors.len() > 20, "{} colours", colors.len());
    window.steps();
    assert!(
        window
            .harness
            .query_by_label("Copied as an image")
            .is_some()
    );
}

#[test]
fn every_view_has_its_tab_and_is_shown_by_its_name() {
    let mut window = Window::with_pair();
    for view in crate::app::features::VIEWS {
        let info = view.info();
        let command = Command::ShowView(info.id);
        window.harness.state_mut().commands.push(command);
        window.steps();
        let views = &window.harness.state().views;
        let tile = views.tiles.find_pane(&info.id).unwrap();
        assert!(views.active_tiles().contains(&tile), "{}", info.title);
        let mut tabs = window.harness.get_all_by_label(info.title);
        assert!(tabs.next().is_some());
    }
}

#[test]
fn a_question_that_crashed_or_was_stopped_is_not_waited_for() {
    let mut window = Window::with_pair();
    let (backbone, input_size) = window.asked_layer_tree();
    let failed = |failure| Answer::LayerTree {
        backbone: backbone.clone(),
        input_size,
        tree: Err(failure),
    };
    // An earlier, same question that this one took the place of.
    window.answer(failed(Failure::Stopped));
    assert!(matches!(window.state().tree, Tree::Loading));
    window.answer(failed(Failure::Crashed("out of bounds".into())));
    let tree = window.state().tree.clone();
    let Tree::Failed(reason) = tree else {
        panic!("{tree:?}");
    };
    assert!(reason.contains("out of bounds"), "{reason}");

    // A scan is stopped by a person, or gives way to another.
    let scan = {
        let record = window.record.borrow();
        record.questions.iter().find_map(|question| match question {
            Question::Scan { data, seed, .. } => Some((data.clone(), *seed)),
            _ => None,
        })
    };
    let (data, seed) = scan.unwrap();
    let stopped = Answer::Scanned {
        data,
        seed,
        result: Err(Failure::Stopped),
    };
    window.answer(stopped.clone());
    assert!(matches!(window.state().scan, Scan::Running { .. }));
    window.harness.state_mut().commands.push(Command::StopScan);
    window.steps();
    window.answer(stopped);
    let scan = window.state().scan.clone();
    let Scan::Failed(reason) = scan else {
        panic!("{scan:?}");
    };
    assert!(reason.contains("was stopped"), "{reason}");
}

#[test]
fn stopping_says_that_what_waits_is_taken_from_the_queue() {
    let mut window = Window::with_pair();
    push(&mut window, Command::Train);
    window.steps();
    let waiting = (window.state().runs.iter())
        .filter(|run| run.state == RecordState::Queued)
        .count();
    assert!(waiting > 0);
    push(&mut window, Command::StopAll);
    window.steps();
    let notice = window.state().notices.last().expect("it is said");
    let said = format!("{waiting} waiting run");
    assert!(notice.title.starts_with(&said), "{}", notice.title);
}
