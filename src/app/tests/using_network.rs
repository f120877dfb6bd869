//! Whoever wants answers on pictures, and no training, is led from the first page to a run that gives them.

use super::*;
use crate::app::core::view_id::ViewId;
use crate::app::shell::actions::Action;
use crate::app::shell::dialog::Dialog;

const BUTTON: &str = "Use a trained network…";

fn is_asked(window: &Window) -> bool {
    matches!(window.harness.state().dialog, Some(Dialog::UseNetwork))
}

fn click(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.steps();
}

#[test]
fn a_run_is_chosen_on_the_first_page_and_answers_without_an_experiment() {
    let mut window = Window::with_presets(&[]);
    let mut second = summary("second", 0.8);
    second.started += 10;
    let mut failed = summary("failed", 0.5);
    failed.state = RunState::Failed("no".into());
    window.answer(Answer::Runs(Ok(vec![
        summary("first", 0.9),
        second,
        failed,
    ])));
    // To train comes first.
    let top = |window: &Window, label: &str| window.harness.get_by_label(label).rect().top();
    assert!(top(&window, "Open pictures sorted by class…") < top(&window, BUTTON));
    click(&mut window, BUTTON);
    assert!(is_asked(&window));
    // The newest first; what has no network is none.
    let (first, second) = (top(&window, "Use first"), top(&window, "Use second"));
    assert!(second < first);
    assert!(window.harness.query_by_label("Use failed").is_none());
    click(&mut window, "Use first");
    assert!(!is_asked(&window));
    assert_eq!(window.state().prediction.run.as_deref(), Some("first"));
    assert!(window.state().documents.is_empty());
    assert!(window.shows("Drop pictures here"));
}

#[test]
fn where_nothing_is_trained_it_is_said_what_it_takes() {
    let mut window = Window::with_presets(&[]);
    click(&mut window, BUTTON);
    assert!(window.shows("Runs are being looked for"));
    window.answer(Answer::Runs(Ok(Vec::new())));
    assert!(window.shows("There is none yet"));
    // A run that was given is listed while the dialog stays.
    click(&mut window, "Open a run's folder…");
    assert!(window.harness.state().files.is_open() && is_asked(&window));
    push(&mut window, Command::FindRuns("/given/run".into()));
    {
        let record = window.record.borrow();
        let asked = record.questions.iter().any(|question| {
            matches!(question, Question::FindRuns { folder } if folder.ends_with("given/run"))
        });
        assert!(asked);
    }
    window.answer(Answer::Runs(Ok(vec![summary("given", 0.9)])));
    assert!(window.harness.query_by_label("Use given").is_some());
}

#[test]
fn the_dialog_leads_to_the_example_too() {
    let mut window = Window::with_presets(&[]);
    window.harness.state_mut().example = Some("/usr/share/graft/example".into());
    window.answer(Answer::Runs(Ok(Vec::new())));
    push(&mut window, Action::UseNetwork.command());
    assert!(is_asked(&window));
    let buttons = window
        .harness
        .query_all_by_label("Try it with example pictures");
    // One on the page, one in the dialog.
    buttons.last().unwrap().click();
    window.steps();
    assert!(!is_asked(&window));
    let record = window.record.borrow();
    assert!(record.questions.iter().any(
        |question| matches!(question, Question::Recognise { path } if path.ends_with("graft/example"))
    ));
}

#[test]
fn with_an_experiment_open_the_view_comes_to_the_front() {
    let mut window = Window::with_pair();
    window.answer(Answer::Runs(Ok(vec![summary("first", 0.9)])));
    push(&mut window, Command::UseNetworkDialog);
    click(&mut window, "Use first");
    assert!(window.state().prediction.is_wanted);
    let views = &window.harness.state().views;
    let tile = views.tiles.find_pane(&ViewId::PREDICT).unwrap();
    assert!(views.active_tiles().contains(&tile));
}
