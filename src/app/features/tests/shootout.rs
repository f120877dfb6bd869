//! The page of the shoot-out by accessible labels and by keyboard.

use eframe::egui::{Key, vec2};

use super::*;
use crate::app::core::shootout::{
    BackbonesPage, Computing, ShootoutAction, ShootoutChoice, ShootoutState, fakes as shootouts,
};
use crate::shootout::{EntryState, ShootoutMetric, ShootoutReport, ShootoutState as Stage};

/// The fake experiment with this shoot-out.
fn state(shootout: ShootoutState) -> State {
    let mut state = State {
        shootout,
        ..fakes::state()
    };
    state.stored_weights.clear();
    let names = ["resnet50", "efficientnet_lite0", "mobilenet_v2", "resnet18"];
    for name in names {
        let info = crate::models::catalogue::find(name).unwrap();
        let weights = info.default_weights().name.to_owned();
        state.stored_weights.insert((name.to_owned(), weights));
    }
    state
}

fn view(shootout: ShootoutState) -> Harness<'static, Driven> {
    let driven = Driven::new(state(shootout));
    settled(View("Backbones"), vec2(1200.0, 860.0), true, driven)
}

/// What was found, by a process that has ended.
fn finished() -> ShootoutReport {
    let mut report = shootouts::report();
    report.state = Stage::Finished;
    report.entries.truncate(4);
    report
}

fn running() -> ShootoutState {
    shootouts::state(shootouts::report(), Computing::Running(shootouts::out()))
}

fn idle() -> ShootoutState {
    shootouts::state(finished(), Computing::Idle)
}

/// Before anything was computed.
fn new() -> ShootoutState {
    ShootoutState {
        page: BackbonesPage::OnPictures,
        out: Some(shootouts::out()),
        ..ShootoutState::default()
    }
}

fn asked(harness: &Harness<'_, Driven>) -> Vec<ShootoutAction> {
    let commands = harness.state().out.iter();
    let actions = commands.filter(|command| !command.is_request());
    actions
        .filter_map(|command| match command {
            Command::Shootout(action) => Some(action.clone()),
            _ => None,
        })
        .collect()
}

fn choice(harness: &Harness<'_, Driven>) -> ShootoutChoice {
    let actions = asked(harness).into_iter().rev();
    let mut choices = actions.filter_map(|action| match action {
        ShootoutAction::Choose(choice) => Some(*choice),
        _ => None,
    });
    choices.next().expect("something was chosen")
}

fn rows(harness: &Harness<'_, Driven>) -> Vec<String> {
    let rows = harness.get_all_by_role(accesskit::Role::Row);
    rows.filter_map(|row| row.accesskit_node().label())
        .collect()
}

fn says(harness: &Harness<'_, Driven>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

#[test]
fn it_fits_its_width_in_every_state_and_names_its_controls() {
    let pictures = std::env::var_os("GRAFT_PANEL_PICTURES").map(std::path::PathBuf::from);
    let mut faults = Vec::new();
    for (name, shootout) in [("new", new()), ("running", running()), ("idle", idle())] {
        for width in [300.0, 900.0] {
            for dark in [true, false] {
                let panel = View("Backbones");
                let driven = Driven::new(state(shootout.clone()));
                let mut harness = settled(panel, vec2(width, 760.0), dark, driven);
                faults.extend(faults_of(&harness, panel, width));
                assert_eq!(asked(&harness), [], "{name}: nothing was touched");
                if let Some(folder) = &pictures {
                    let theme = if dark { "dark" } else { "light" };
                    let picture = harness.render().expect("lavapipe draws");
                    picture
                        .save(folder.join(format!("shootout-{name}-{width}-{theme}.png")))
                        .expect("the folder can be written");
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_best_and_what_can_not_be_told_from_it_stand_above_everything() {
    let mut harness = view(idle());
    assert!(says(
        &harness,
        "ResNet-50 is the best: 87.3 % (85.9 to 88.7 %) accuracy"
    ));
    assert!(says(
        &harness,
        "Not distinguishable from it: EfficientNet-Lite0."
    ));
    assert!(says(
        &harness,
        "It takes 42 ms for a picture here, 612 MB of memory and"
    ));
    assert!(says(&harness, "−4.9, worse"));
    assert!(says(&harness, "−1.2, may be worse"));
    assert!(says(&harness, "The test pictures are not looked at."));
    button_named(&harness, "Take ResNet-50").click();
    harness.run_steps(2);
    button_named(&harness, "Take EfficientNet-Lite0, the quickest of these").click();
    harness.run_steps(2);
    assert_eq!(
        asked(&harness),
        [ShootoutAction::Take(0), ShootoutAction::Take(1)]
    );
}

#[test]
fn a_row_is_selected_and_taken_by_keyboard() {
    let mut harness = view(idle());
    let take = button_named(&harness, "Take this one");
    assert!(take.accesskit_node().is_disabled(), "nothing is selected");
    let names = rows(&harness);
    assert_eq!(names[0], "Row of ResNet-50");
    harness.get_by_label("Row of ResNet-18").focus();
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    button_named(&harness, "Take this one").click();
    harness.run_steps(2);
    assert_eq!(asked(&harness), [ShootoutAction::Take(3)]);
}

#[test]
fn while_it_runs_it_says_how_far_it_is_and_stops() {
    let mut harness = view(running());
    assert!(says(&harness, "4 of 7 networks compared"));
    assert!(says(&harness, "2 min 22 s of 10 min used"));
    assert!(says(&harness, "now DenseNet-121: 1,210 of 2,099"));
    assert!(says(&harness, "ResNet-50 is the best so far"));
    assert!(says(&harness, "1 network left out for the budget"));
    let tick = harness.get_by_label("Compare ResNet-18");
    assert!(tick.accesskit_node().is_disabled());
    button_named(&harness, "Stop").click();
    harness.run_steps(2);
    assert_eq!(asked(&harness), [ShootoutAction::Stop]);
}

#[test]
fn what_another_process_computes_is_watched_and_not_started_twice() {
    let shootout = shootouts::state(shootouts::report(), Computing::Idle);
    let harness = view(shootout);
    assert!(says(&harness, "now DenseNet-121: 1,210 of 2,099"));
    assert!(says(
        &harness,
        "Another process compares networks on these pictures"
    ));
    let start = button_named(&harness, "Go on");
    assert!(start.accesskit_node().is_disabled());
}

#[test]
fn what_failed_and_what_was_left_out_say_why() {
    let mut harness = view(running());
    harness.get_by_label("Row of GoogLeNet").click();
    harness.run_steps(3);
    assert!(says(&harness, "the weight file is damaged"));
    harness.get_by_label("Row of VGG-16").click();
    harness.run_steps(3);
    assert!(says(&harness, "it would take about 9 min"));
}

#[test]
fn before_the_first_start_it_says_what_that_would_do_and_does_it() {
    let mut harness = view(new());
    assert!(says(&harness, "Which network suits these pictures?"));
    assert!(says(&harness, "Next: "));
    assert!(says(&harness, "Download weights that are missing: "));
    button_named(&harness, "Start").click();
    harness.run_steps(2);
    let asked = asked(&harness);
    let [ShootoutAction::Start { networks }] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(networks.len(), 10, "{networks:?}");
    assert!(networks.contains(&"resnet18".to_owned()));
}

#[test]
fn networks_are_ticked_and_their_number_follows() {
    let mut harness = view(new());
    button_named(&harness, "Compare: None").click();
    harness.run_steps(2);
    assert_eq!(
        choice(&harness).networks.map(|networks| networks.len()),
        Some(0)
    );
    harness.state_mut().state.shootout.choice = choice(&harness);
    harness.run_steps(3);
    let start = button_named(&harness, "Start");
    assert!(start.accesskit_node().is_disabled());
    assert!(says(&harness, "Choose networks in the table first"));
    harness.get_by_label("Search networks").focus();
    harness.run_steps(2);
    harness
        .get_by_label("Search networks")
        .type_text("resnet-18");
    harness.run_steps(3);
    assert_eq!(rows(&harness), ["Row of ResNet-18"]);
    harness.get_by_label("Compare ResNet-18").click();
    harness.run_steps(2);
    let networks: Vec<String> = choice(&harness).networks.unwrap().into_iter().collect();
    assert_eq!(networks, ["resnet18"]);
}

#[test]
fn metric_budget_and_folds_are_chosen() {
    let mut harness = view(new());
    harness.get_by_label("Macro-F1").click();
    harness.run_steps(3);
    assert_eq!(choice(&harness).metric, ShootoutMetric::MacroF1);
    harness
        .get_by_role_and_label(accesskit::Role::ComboBox, "Budget")
        .click();
    harness.run_steps(3);
    harness.get_by_label("No limit").click();
    harness.run_steps(3);
    assert_eq!(choice(&harness).budget_minutes, None);
}

#[test]
fn what_is_compared_needs_no_second_start() {
    let mut shootout = idle();
    let names = ["resnet50", "efficientnet_lite0", "mobilenet_v2", "resnet18"];
    shootout.choice.networks = Some(names.map(str::to_owned).into());
    let harness = view(shootout.clone());
    let again = button_named(&harness, "Go on");
    assert!(again.accesskit_node().is_disabled());
    assert!(says(&harness, "Every chosen network is compared"));
    // Another way of ranking needs one.
    shootout.choice.metric = ShootoutMetric::MacroF1;
    let harness = view(shootout);
    let again = button_named(&harness, "Go on");
    assert!(!again.accesskit_node().is_disabled());
}

#[test]
fn what_was_found_has_used_its_part_of_the_budget() {
    let mut shootout = idle();
    let report = |used: f64| {
        let mut report = finished();
        report.used_seconds = used;
        std::sync::Arc::new(report)
    };
    shootout.choice.networks = Some(["resnet50".to_owned(), "resnet34".to_owned()].into());
    shootout.found = Some((shootouts::out(), report(595.0)));
    let mut harness = view(shootout.clone());
    let again = button_named(&harness, "Go on");
    assert!(again.accesskit_node().is_disabled());
    assert!(says(
        &harness,
        "The budget is too small for what is left: allow more time"
    ));
    harness.get_by_label("Row of ResNet-34").click();
    harness.run_steps(3);
    assert!(says(&harness, "5.0 s of the budget remain"));
    shootout.choice.budget_minutes = Some(60);
    let harness = view(shootout);
    assert!(says(&harness, "Next: 1 network, "));
}

#[test]
fn weights_are_downloaded_after_their_size_and_licence_were_said() {
    let mut harness = view(new());
    harness.get_by_label("Search networks").focus();
    harness.run_steps(2);
    harness
        .get_by_label("Search networks")
        .type_text("densenet-121");
    harness.run_steps(3);
    harness.get_by_label("Row of DenseNet-121").click();
    harness.run_steps(3);
    let button = button_named(&harness, "Download 32");
    let label = button.accesskit_node().label().unwrap();
    assert!(label.contains(" MB, BSD-3-Clause"), "{label}");
    button.click();
    harness.run_steps(2);
    assert_eq!(
        asked(&harness),
        [ShootoutAction::Download("densenet121".into())]
    );
}

#[test]
fn restricted_licences_are_said_before_anything_is_computed() {
    let mut shootout = new();
    let network = "vit_b_16:IMAGENET1K_SWAG_E2E_V1".to_owned();
    shootout.choice.networks = Some([network].into());
    shootout.choice.budget_minutes = None;
    let harness = view(shootout);
    assert!(says(&harness, "NOT FOR COMMERCIAL USE"));
}

#[test]
fn a_process_that_failed_says_why_and_can_be_started_again() {
    let reason = "the disk is full: /runs".to_owned();
    let computing = Computing::Failed(shootouts::out(), reason);
    let mut report = shootouts::report();
    report.state = Stage::Stopped;
    for entry in &mut report.entries {
        if matches!(entry.state, EntryState::Computing { .. }) {
            entry.state = EntryState::Waiting;
        }
    }
    let harness = view(shootouts::state(report, computing));
    assert!(says(&harness, "the disk is full"));
    let start = button_named(&harness, "Go on");
    assert!(!start.accesskit_node().is_disabled());
}

#[test]
fn the_pages_of_the_view_are_told_apart_and_the_section_leads_here() {
    let mut harness = settled(
        View("Backbones"),
        vec2(900.0, 760.0),
        true,
        Driven::new(fakes::state()),
    );
    harness.get_by_label("On these pictures").click();
    harness.run_steps(2);
    let mut section = settled(
        Section("Backbone"),
        vec2(320.0, 1300.0),
        true,
        Driven::new(fakes::state()),
    );
    button_named(&section, "Compare networks on these pictures…").click();
    section.run_steps(2);
    let shown = [ShootoutAction::Show(BackbonesPage::OnPictures)];
    assert_eq!(asked(&harness), shown);
    assert_eq!(asked(&section), shown);
}

#[test]
fn without_pictures_it_says_how_to_begin() {
    let mut state = state(new());
    state.documents = vec![fakes::document(Experiment::default())];
    state.scan = Scan::None;
    let driven = Driven::new(state);
    let mut harness = settled(View("Backbones"), vec2(500.0, 500.0), true, driven);
    button_named(&harness, "Open pictures…").click();
    harness.run_steps(2);
    assert!(harness.state().out.contains(&Command::OpenPicturesDialog));
}
