//! Networks compared in the window: asked for, watched, stopped, taken, and written to a folder.

use std::sync::Arc;

use super::*;
use crate::app::core::shootout::{
    BackbonesPage, Computing, ShootoutAction, ShootoutState, fakes as shootouts,
};
use crate::shootout::{ShootoutCost, ShootoutReport};
use crate::worker::messages::{ProcessEnd, ShootoutAnswer, ShootoutProcess, ShootoutQuestion};

fn act(window: &mut Window, action: ShootoutAction) {
    push(window, Command::Shootout(action));
}

fn shootout(window: &Window) -> &ShootoutState {
    &window.state().shootout
}

fn questions(window: &Window) -> Vec<ShootoutQuestion> {
    let record = window.record.borrow();
    let questions = record.questions.iter();
    questions
        .filter_map(|question| match question {
            Question::Shootout(question) => Some(question.clone()),
            _ => None,
        })
        .collect()
}

fn started(window: &Window) -> Vec<ShootoutProcess> {
    let questions = questions(window).into_iter();
    questions
        .filter_map(|question| match question {
            ShootoutQuestion::Run(process) => Some(*process),
            _ => None,
        })
        .collect()
}

/// Says what the folder of the pictures at hand holds.
fn answer_found(window: &mut Window, report: ShootoutReport) {
    let out = shootout(window).out.clone().unwrap();
    let result = Ok(Some(Arc::new(report)));
    window.answer(Answer::Shootout(ShootoutAnswer::Read { out, result }));
}

/// A window whose page on these pictures is shown, with results.
fn with_results() -> Window {
    let mut window = Window::with_pair();
    act(&mut window, ShootoutAction::Show(BackbonesPage::OnPictures));
    answer_found(&mut window, shootouts::report());
    window
}

#[test]
fn the_page_is_shown_and_asks_for_what_was_found_before() {
    let mut window = Window::with_pair();
    assert!(questions(&window).is_empty(), "nobody looks at the page");
    act(&mut window, ShootoutAction::Show(BackbonesPage::OnPictures));
    let out = shootout(&window).out.clone().unwrap();
    assert!(out.starts_with(window.state().runs_folder.join("shootouts")));
    let asked = questions(&window);
    assert!(
        matches!(&asked[..], [ShootoutQuestion::Read { out: of }] if *of == out),
        "{asked:?}"
    );
    assert!(window.shows("Which network suits these pictures?"));
    answer_found(&mut window, shootouts::report());
    assert!(window.shows("ResNet-50 is the best so far"));
    // Another network is no other folder; another seed is.
    let again = |window: &mut Window, change: fn(&mut Experiment)| {
        let command = edit(window, window.state().active, "", change);
        push(window, command);
        shootout(window).out.clone().unwrap()
    };
    let other_network = again(&mut window, |experiment| {
        experiment.backbone.name = "resnet18".into();
    });
    assert_eq!(other_network, out);
    assert_ne!(again(&mut window, |experiment| experiment.seed += 1), out);
    assert!(!window.shows("ResNet-50 is the best so far"));
}

#[test]
fn it_is_started_with_what_was_chosen_stopped_and_ended() {
    let mut window = with_results();
    let mut choice = shootout(&window).choice.clone();
    choice.folds = 4;
    choice.budget_minutes = Some(20);
    act(&mut window, ShootoutAction::Choose(Box::new(choice)));
    let networks = vec!["resnet18".to_owned(), "resnet50".to_owned()];
    let start = ShootoutAction::Start {
        networks: networks.clone(),
    };
    act(&mut window, start.clone());
    let processes = started(&window);
    let [process] = &processes[..] else {
        panic!("{processes:?}");
    };
    assert_eq!(process.networks, networks);
    assert_eq!((process.folds, process.budget_seconds), (4, Some(1200.0)));
    let out = process.out.clone();
    assert_eq!(shootout(&window).computing, Computing::Running(out.clone()));
    assert!(window.shows("Comparing networks"), "the foot says it");
    // One at a time.
    act(&mut window, start);
    assert_eq!(started(&window).len(), 1);

    act(&mut window, ShootoutAction::Stop);
    let is_end = |question: &ShootoutQuestion| matches!(question, ShootoutQuestion::EndRun);
    assert!(questions(&window).iter().any(is_end));
    assert!(window.shows("stopping; what was found is being kept"));
    window.answer(Answer::Shootout(ShootoutAnswer::Ended {
        out: out.clone(),
        result: Ok(ProcessEnd::Stopped),
    }));
    assert_eq!(shootout(&window).computing, Computing::Idle);

    act(&mut window, ShootoutAction::Start { networks });
    window.answer(Answer::Shootout(ShootoutAnswer::Ended {
        out,
        result: Err("the disk is full".into()),
    }));
    assert!(matches!(shootout(&window).computing, Computing::Failed(..)));
    assert!(window.shows("The comparison of networks has ended with an error"));
}

#[test]
fn a_network_becomes_an_experiment_that_undo_takes_back() {
    let mut window = with_results();
    let before = window.state().documents.len();
    let base = window.state().active_document().unwrap().experiment.clone();
    act(&mut window, ShootoutAction::Take(1));
    assert_eq!(window.state().documents.len(), before + 1);
    let taken = window.state().active_document().unwrap();
    assert_eq!(taken.experiment.backbone.name, "efficientnet_lite0");
    assert_eq!(taken.experiment.data, base.data);
    assert!(window.shows("A new experiment is open"));
    // What was found is of the same pictures.
    assert!(window.shows("ResNet-50 is the best so far"));
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps();
    let undone = &window.state().active_document().unwrap().experiment;
    assert_eq!(undone.backbone, base.backbone);
    assert_eq!(undone.phases, base.phases);
}

#[test]
fn weights_are_downloaded_and_what_went_wrong_is_said() {
    let mut window = with_results();
    let network = "resnet34".to_owned();
    act(&mut window, ShootoutAction::Download(network.clone()));
    act(&mut window, ShootoutAction::Download(network.clone()));
    let asked = questions(&window);
    let is_download =
        |question: &&ShootoutQuestion| matches!(question, ShootoutQuestion::Download { .. });
    assert_eq!(asked.iter().filter(is_download).count(), 1);
    assert!(window.shows("Downloading the weights of ResNet-34"));
    let result = Err(Failure::failed("the server can't be reached"));
    window.answer(Answer::Shootout(ShootoutAnswer::Downloaded {
        network: network.clone(),
        result,
    }));
    assert!(shootout(&window).downloads.is_empty());
    assert_eq!(
        shootout(&window)
            .not_downloaded
            .get(&network)
            .map(|text| &**text),
        Some("the server can't be reached")
    );
    // A good end asks anew what is here.
    act(&mut window, ShootoutAction::Download(network.clone()));
    window.record.borrow_mut().questions.clear();
    window.answer(Answer::Shootout(ShootoutAnswer::Downloaded {
        network,
        result: Ok(()),
    }));
    let is_stored = |question: &Question| matches!(question, Question::StoredWeights);
    assert!(window.record.borrow().questions.iter().any(is_stored));
    assert!(shootout(&window).not_downloaded.is_empty());
}

#[test]
fn table_and_figure_are_written_once_and_nothing_else_is_replaced() {
    let mut window = with_results();
    let folder = window.folder.path().join("networks");
    let export = ShootoutAction::Export(ShootoutCost::FileSize, folder.clone());
    for _ in 0..2 {
        act(&mut window, export.clone());
        window.wait_until(|window| !window.harness.state().requests.shootout.is_writing());
        window.wait_until(|window| window.shows("The comparison of networks is exported"));
    }
    let table = std::fs::read_to_string(folder.join("networks.csv")).unwrap();
    assert_eq!(table.lines().count(), 9);
    assert!(table.lines().nth(1).unwrap().starts_with("resnet50,"));
    let figure = std::fs::read_to_string(folder.join("networks.svg")).unwrap();
    assert!(figure.contains("EfficientNet-Lite0"));
    assert!(folder.join("networks.png").exists());

    std::fs::write(folder.join("networks.csv"), "mine").unwrap();
    act(&mut window, export);
    window.wait_until(|window| window.shows("The comparison of networks is not exported"));
    let kept = std::fs::read_to_string(folder.join("networks.csv")).unwrap();
    assert_eq!(kept, "mine");
}
