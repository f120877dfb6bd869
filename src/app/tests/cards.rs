//! Several graphics cards in one machine: a run on each.

use std::path::PathBuf;

use egui_kittest::kittest::Queryable as _;

use super::fake::{Window, quarter_done, summary};
use super::push;
use crate::app::core::command::Command;
use crate::app::core::state::RecordState;
use crate::experiment::{Experiment, preset};
use crate::models::device::Devices;
use crate::runs::RunState;
use crate::worker::messages::{Answer, RunEvent, RunId, TrainingCommand};

/// A window on a machine with two cards.
fn window() -> Window {
    let mut window = Window::with_pair();
    window.answer(Answer::Devices(Ok(Devices {
        cpu: "CPU, 2 threads".into(),
        cuda: vec!["Left".into(), "Right".into()],
        ..Devices::default()
    })));
    window
}

/// Two runs train, one on each card.
fn training() -> (Window, [RunId; 2]) {
    let mut window = window();
    push(&mut window, Command::Train);
    let runs = [0, 1].map(|index| window.state().runs[index].run.unwrap());
    assert!(shows(&window, "2 waiting"));
    for (card, run) in runs.into_iter().enumerate() {
        window.event(run, RunEvent::OnCard(card));
        assert!(shows(&window, &format!("starting, cuda:{card}")));
        let folder = PathBuf::from(format!("/runs/on-{card}"));
        window.event(run, RunEvent::Started { folder });
        window.event(run, quarter_done());
    }
    (window, runs)
}

fn shows(window: &Window, text: &str) -> bool {
    let mut found = window.harness.query_all_by_label_contains(text);
    found.next().is_some()
}

fn name(window: &Window, index: usize) -> String {
    window.state().runs[index].name.clone()
}

fn paused(window: &Window) -> Vec<(u64, bool)> {
    let record = window.record.borrow();
    let of = |command: &TrainingCommand| match command {
        // All of them.
        TrainingCommand::Pause(paused) => Some((0, *paused)),
        TrainingCommand::PauseRun(run, paused) => Some((run.0, *paused)),
        _ => None,
    };
    record.sent.iter().filter_map(of).collect()
}

#[test]
fn the_bar_and_the_list_say_what_each_card_trains() {
    let (mut window, runs) = training();
    let record = window.record.borrow();
    assert!(record.started().iter().all(|start| start.device.is_none()));
    drop(record);
    assert!(shows(&window, "Device: 2 graphics cards"));
    let other = format!(
        "Also under way: Training {}: cuda:1, epoch 3 of 10, training",
        name(&window, 1)
    );
    assert!(shows(&window, &other));
    for card in [0, 1] {
        let run = &window.state().runs[card];
        let row = format!(
            "{}, not tested, epoch 3/{}, 1 min left, cuda:{card}",
            run.name, run.epochs_planned
        );
        assert!(shows(&window, &row), "{row}");
    }
    // The bar follows the run that is looked at.
    push(&mut window, Command::SelectRun("on-1".into()));
    let other = format!("Also under way: Training {}: cuda:0", name(&window, 0));
    assert!(shows(&window, &other));
    // One that has ended is on no card any more.
    window.event(runs[1], RunEvent::Finished(Box::new(summary("on-1", 0.9))));
    assert!(!shows(&window, "Also under way: Training"));
    assert_eq!(window.state().runs[1].card, None);
}

#[test]
fn a_failure_is_told_and_the_other_run_goes_on() {
    let (mut window, runs) = training();
    let message = "the process that trained on cuda:0 was ended by signal 9";
    window.event(
        runs[0],
        RunEvent::Failed {
            message: message.into(),
        },
    );
    let notice = window.state().notices.last().unwrap();
    assert_eq!(notice.text, message);
    let states: Vec<_> = (window.state().runs.iter())
        .map(|run| run.state.clone())
        .collect();
    assert_eq!(
        states,
        [RecordState::Failed(message.into()), RecordState::Running]
    );
    assert!(window.record.borrow().stopped().is_empty());
}

#[test]
fn one_run_is_held_alone_and_all_together() {
    let (mut window, runs) = training();
    let [first, second] = runs.map(|run| run.0);
    push(&mut window, Command::SelectRun("on-0".into()));
    push(&mut window, Command::PauseRun(runs[0], true));
    assert!(shows(&window, "paused, cuda:0") && !shows(&window, "paused, cuda:1"));
    assert!(shows(&window, &format!("{} (paused)", name(&window, 0))));
    // All of them are held by the bar, and go on by it.
    push(&mut window, Command::TogglePause);
    assert!(shows(&window, "paused, cuda:0") && shows(&window, "paused, cuda:1"));
    // One goes on alone.
    push(&mut window, Command::PauseRun(runs[1], false));
    assert!(shows(&window, "paused, cuda:0") && !shows(&window, "paused, cuda:1"));
    assert_eq!(
        paused(&window),
        [(first, true), (0, true), (0, false), (first, true)]
    );
    // Held one by one, both are held: the bar lets them go on.
    push(&mut window, Command::PauseRun(runs[1], true));
    push(&mut window, Command::TogglePause);
    assert!(!shows(&window, "paused"));
    let last = paused(&window);
    assert_eq!(last[4..], [(second, true), (0, false)]);
}

#[test]
fn a_run_that_is_stopped_while_all_are_held_holds_none_that_comes_later() {
    let (mut window, runs) = training();
    push(&mut window, Command::TogglePause);
    for (index, run) in runs.into_iter().enumerate() {
        push(&mut window, Command::StopRun(run));
        let stopped = summary(&format!("on-{index}"), 0.5);
        window.event(run, RunEvent::Stopped(Box::new(stopped)));
    }
    assert_eq!(paused(&window), [(0, true), (0, false)]);
    assert!(!window.state().paused);
}

#[test]
fn quitting_names_every_run_that_trains() {
    let (mut window, runs) = training();
    push(&mut window, Command::Quit);
    let both = format!(
        "“{}” and “{}” are training. They stop within one batch",
        name(&window, 0),
        name(&window, 1)
    );
    assert!(shows(&window, &both));
    window.harness.get_by_label("Stop and quit").click();
    window.steps();
    assert_eq!(window.record.borrow().stopped(), [runs[1], runs[0]]);
}

#[test]
fn quitting_names_a_run_whose_process_only_begins() {
    let mut window = window();
    push(&mut window, Command::TrainActive);
    let run = window.state().runs[0].run.unwrap();
    window.event(run, RunEvent::OnCard(1));
    push(&mut window, Command::Quit);
    let text = format!("“{}” is training", name(&window, 0));
    assert!(shows(&window, &text));
}

#[test]
fn a_run_that_is_cancelled_while_it_begins_again_is_on_no_card() {
    let folder = tempfile::tempdir().unwrap();
    let (mut window, runs) = training();
    let folder = folder.path().to_path_buf();
    preset::save(&Experiment::default(), &folder.join("preset.ron")).unwrap();
    let started = RunEvent::Started {
        folder: folder.clone(),
    };
    window.event(runs[0], started);
    let mut stopped = summary("on-0", 0.5);
    (stopped.state, stopped.can_resume) = (RunState::Stopped, true);
    window.event(runs[0], RunEvent::Stopped(Box::new(stopped)));
    push(&mut window, Command::ResumeRun(folder));
    let again = window.state().runs[0].run.unwrap();
    window.event(again, RunEvent::OnCard(0));
    assert_eq!(window.state().runs[0].card, Some(0));
    window.event(again, RunEvent::Cancelled);
    let record = &window.state().runs[0];
    assert_eq!((&record.state, record.card), (&RecordState::Stopped, None));
}

#[test]
fn one_device_of_several_can_be_chosen() {
    let mut window = window();
    window
        .harness
        .get_by_label("Device: 2 graphics cards")
        .click();
    window.steps();
    assert!(shows(&window, "Every graphics card, a run on each"));
    push(&mut window, Command::ChooseDevice(Some("cuda:1".into())));
    assert!(shows(&window, "Device: Right"));
    push(&mut window, Command::TrainActive);
    let record = window.record.borrow();
    assert_eq!(record.started()[0].device.as_deref(), Some("cuda:1"));
}
