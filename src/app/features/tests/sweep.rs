//! The view of a sweep by accessible labels and by keyboard.

use eframe::egui::{Key, vec2};

use super::*;
use crate::app::core::sweep::{
    Draft, SlurmAction, SweepAction, SweepState, Training, fakes as sweeps,
};
use crate::app::core::view_id::ViewId;
use crate::app::features::sweep::{Page, SweepLocal};
use crate::slurm::{Ended, TaskState, TaskStatus};
use crate::sweep::{Strategy, Values};

fn view(sweep: SweepState) -> Harness<'static, Driven> {
    let state = State {
        sweep,
        ..fakes::state()
    };
    settled(View("Sweep"), vec2(900.0, 760.0), true, Driven::new(state))
}

fn on_page(page: Page, sweep: SweepState) -> Harness<'static, Driven> {
    let mut harness = view(sweep);
    harness.state_mut().of_window::<SweepLocal>().page = Some(page);
    harness.run_steps(4);
    harness
}

fn setup() -> Harness<'static, Driven> {
    let mut harness = on_page(Page::Setup, sweeps::state(30, 20));
    harness.set_size(vec2(900.0, 2400.0));
    harness.run_steps(4);
    harness
}

/// Names of sweep, file, fields and values are cut where there is no room for them, and nothing grows beyond the view.
#[test]
fn long_names_widen_nothing() {
    let mut faults = Vec::new();
    for page in [Page::Setup, Page::Results] {
        for width in [300.0, 600.0, 700.0] {
            let state = State {
                sweep: sweeps::state_with_long_names(30, 20),
                ..fakes::state()
            };
            let size = vec2(width, 1600.0);
            let mut harness = settled(View("Sweep"), size, true, Driven::new(state));
            harness.state_mut().of_window::<SweepLocal>().page = Some(page);
            harness.run_steps(4);
            let mut of_page = faults_of(&harness, View("Sweep"), width);
            let bar = harness.get_by_label_contains("40 of 60 cells trained, 0 fell behind");
            if bar.rect().right() > width {
                of_page.push(format!(
                    "the bar of the cells ends at {}",
                    bar.rect().right()
                ));
            }
            for button in ["Save the sweep as", "Close the sweep"] {
                assert!(harness.query_by_label(button).is_some(), "{button}");
            }
            let of_page = of_page.into_iter();
            faults.extend(of_page.map(|fault| format!("{page:?}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Nothing stays highlighted after the pointer has left it.
#[test]
fn a_row_and_a_line_are_highlighted_while_the_pointer_is_at_them() {
    let mut harness = view(sweeps::state(30, 20));
    let mut hovered_at = |at: egui::Pos2| {
        harness.hover_at(at);
        harness.run_steps(3);
        let local = harness.state_mut().of_window::<SweepLocal>();
        local.results.hovered()
    };
    let nowhere = egui::pos2(2.0, 2.0);
    assert_eq!(hovered_at(nowhere), None);
    // Of the table, far below the chart.
    assert!(hovered_at(egui::pos2(300.0, 690.0)).is_some());
    assert_eq!(hovered_at(nowhere), None);
    let chart = (200..520).map(|y| egui::pos2(230.0, y as f32));
    let near = chart.step_by(12).filter(|at| hovered_at(*at).is_some());
    assert!(near.count() > 3);
    assert_eq!(hovered_at(nowhere), None);
}

#[test]
fn training_that_begins_is_watched() {
    let mut harness = on_page(Page::Setup, sweeps::state(30, 20));
    assert!(harness.query_by_label("Average seeds").is_none());
    if let Some(open) = &mut harness.state_mut().state.sweep.open {
        open.training = Training::Running { since: 1 };
    }
    harness.run_steps(4);
    assert!(harness.query_by_label("Average seeds").is_some());
    // A person may still look at the setup.
    harness.state_mut().of_window::<SweepLocal>().page = Some(Page::Setup);
    harness.run_steps(4);
    assert!(harness.query_by_label("Average seeds").is_none());
}

#[test]
fn a_band_is_resized_by_its_edge() {
    let mut harness = view(sweeps::state(30, 20));
    let chart = harness
        .get_by_label_contains("Parallel coordinates of")
        .rect();
    let x = (harness.get_by_label("Filter by Validation accuracy").rect())
        .center()
        .x;
    let mut drag = |from: f32, to: f32| {
        let at = |y: f32| egui::pos2(x, chart.top() + y);
        harness.hover_at(at(from));
        harness.drag_at(at(from));
        harness.run_steps(2);
        harness.hover_at(at(to));
        harness.run_steps(2);
        harness.drop_at(at(to));
        harness.run_steps(4);
        let count = harness.query_by_label_contains(" of 30 settings");
        count.map_or(30, |count| {
            let count = text(&count);
            count.split(' ').next().unwrap().parse::<usize>().unwrap()
        })
    };
    // All that has a result, from the top down; then the lower edge is pulled up.
    let all = drag(30.0, chart.height() - 8.0);
    assert_eq!(all, 21);
    let fewer = drag(chart.height() - 11.0, chart.height() - 60.0);
    assert!((1..all).contains(&fewer), "{fewer}");
    assert_eq!(drag(chart.height() - 60.0, chart.height() - 8.0), all);
}

/// What was asked for, but for what is said every frame.
fn asked(harness: &Harness<'_, Driven>) -> Vec<SweepAction> {
    let commands = harness.state().out.iter();
    let actions = commands.filter(|command| !command.is_request());
    actions
        .filter_map(|command| match command {
            Command::Sweep(action) => Some(action.clone()),
            _ => None,
        })
        .collect()
}

/// The sweep as it was edited last.
fn draft(harness: &Harness<'_, Driven>) -> Draft {
    let edits = asked(harness).into_iter().rev();
    let mut edits = edits.filter_map(|action| match action {
        SweepAction::Edit { draft, .. } => Some(*draft),
        _ => None,
    });
    edits.next().expect("the sweep was edited")
}

/// What a label says.
fn text(node: &egui_kittest::Node<'_>) -> String {
    let node = node.accesskit_node();
    node.label().or(node.value()).unwrap_or_default()
}

fn rows(harness: &Harness<'_, Driven>) -> Vec<String> {
    let rows = harness.get_all_by_role(accesskit::Role::Row);
    rows.filter_map(|row| row.accesskit_node().label())
        .collect()
}

/// A thousand planned cells: a frame lays out the rows in sight, and idle frames put nothing together.
#[test]
fn a_thousand_cells_lay_out_one_screen() {
    let mut harness = on_page(Page::Results, sweeps::state(1_000, 0));
    harness.get_by_label("Average seeds").click();
    harness.run_steps(4);
    let local = harness.state_mut().of_window::<SweepLocal>();
    let (first, laid_out) = (local.stamp(), local.results.rows);
    assert!((5..40).contains(&laid_out), "{laid_out} rows of 2,000");
    assert!(rows(&harness).len() < 60);
    harness.run_steps(5);
    let stamp = harness.state_mut().of_window::<SweepLocal>().stamp();
    assert_eq!(stamp, first, "nothing has changed");
}

#[test]
fn the_best_stands_above_everything_and_first_in_the_table() {
    let harness = view(sweeps::state(30, 20));
    assert!(
        harness
            .query_by_label_contains("Best so far: Phase 2, learning rate")
            .is_some()
    );
    assert!(
        harness
            .query_by_label_contains("Not distinguishable from it")
            .is_some()
    );
    assert!(
        harness
            .query_by_label_contains("the test pictures are withheld")
            .is_some()
    );
    let best = text(&harness.get_by_label_contains("Best so far"));
    let first = &rows(&harness)[0];
    let setting = best.trim_start_matches("Best so far: ");
    assert_eq!(first, &format!("Row of {setting}"));
    assert!(
        harness
            .query_by_label_contains("40 of 60 cells trained, 1 running, 1 failed")
            .is_some()
    );
}

#[test]
fn the_rule_that_tells_settings_apart_is_said_beside_the_best() {
    let mut harness = view(sweeps::state(30, 20));
    let rule = "Settings are compared by the pictures that both got right.";
    assert!(harness.query_by_label(rule).is_none());
    let line = harness.get_by_label_contains("Not distinguishable from it");
    line.hover();
    harness.run_steps(20);
    assert!(harness.query_by_label(rule).is_some());
}

#[test]
fn where_only_cells_have_runs_the_views_of_runs_lead_to_the_sweep() {
    for panel in [View("Curves"), View("Runs"), Runs] {
        let mut state = State {
            sweep: sweeps::state(30, 20),
            ..fakes::state()
        };
        state.runs.clear();
        state.runs_listed = true;
        let mut harness = settled(panel, vec2(420.0, 760.0), true, Driven::new(state));
        // 20 settings under two seeds, one that trains and one that failed in its seventh epoch.
        assert!(
            harness
                .query_by_label_contains("has runs of 42 of its 60 cells")
                .is_some(),
            "{panel:?}"
        );
        button_named(&harness, "Show the sweep").click();
        harness.run_steps(2);
        let shows = Command::ShowView(ViewId::SWEEP);
        assert!(harness.state().out.contains(&shows), "{panel:?}");
        harness.state_mut().state.sweep = sweeps::state(30, 0);
        if let Some(open) = &mut harness.state_mut().state.sweep.open {
            open.status = None;
        }
        harness.run_steps(2);
        assert!(harness.query_by_label("No runs yet").is_some(), "{panel:?}");
    }
}

#[test]
fn the_menu_of_an_axis_filters_the_table_and_the_filter_is_taken_back() {
    let mut harness = view(sweeps::state(30, 20));
    harness.get_by_label("Filter by Phase 2, frozen").click();
    harness.run_steps(4);
    harness
        .get_by_label("Phase 2, frozen Nothing frozen")
        .click();
    harness.run_steps(4);
    assert!(harness.query_by_label("20 of 30 settings").is_some());
    assert!(
        rows(&harness)
            .iter()
            .all(|row| !row.contains("Nothing frozen"))
    );
    harness.key_press(Key::Escape);
    harness.run_steps(4);
    harness.get_by_label_contains("Clear the filter").click();
    harness.run_steps(4);
    assert!(harness.query_by_label("30 settings").is_some());
}

#[test]
fn a_drag_along_an_axis_filters_the_table() {
    let mut harness = view(sweeps::state(30, 20));
    let chart = harness
        .get_by_label_contains("Parallel coordinates of")
        .rect();
    let title = harness.get_by_label("Filter by Validation accuracy").rect();
    let (top, bottom) = (chart.top() + 40.0, chart.top() + 90.0);
    let x = title.center().x;
    harness.hover_at(egui::pos2(x, top));
    harness.drag_at(egui::pos2(x, top));
    harness.run_steps(2);
    harness.hover_at(egui::pos2(x, bottom));
    harness.run_steps(2);
    harness.drop_at(egui::pos2(x, bottom));
    harness.run_steps(4);
    // What has no result passes no part of the goal's axis.
    let count = harness.get_by_label_contains(" of 30 settings");
    let count = text(&count);
    let shown: usize = count.split(' ').next().unwrap().parse().unwrap();
    assert!((1..21).contains(&shown), "{count}");
}

#[test]
fn heads_sort_and_a_row_opens_its_curves_evaluation_and_experiment() {
    let mut harness = view(sweeps::state(30, 20));
    assert!(!rows(&harness).is_empty());
    harness.get_by_label("Sort by Batch size").click();
    harness.run_steps(4);
    assert!(rows(&harness)[0].contains("Batch size 8"));
    let first = rows(&harness)[0].clone();
    harness.get_by_label(&first).click();
    harness.run_steps(4);
    assert!(
        harness
            .query_by_label("1 of 30 settings selected")
            .is_some()
    );
    button_named(&harness, "Evaluation").click();
    harness.run_steps(2);
    button_named(&harness, "Curves").click();
    harness.run_steps(2);
    button_named(&harness, "Experiment").click();
    harness.run_steps(2);
    let asked = asked(&harness);
    assert!(
        matches!(&asked[0], SweepAction::OpenCell { view: ViewId::EVALUATION, folder } if folder.starts_with("/sweeps/rates"))
    );
    assert!(matches!(&asked[1], SweepAction::ShowCurves(folders) if folders.len() == 2));
    assert!(matches!(&asked[2], SweepAction::ExperimentOfCell(_)));
}

#[test]
fn a_row_stays_where_it_is_when_it_is_selected() {
    for width in [660.0, 724.0, 760.0] {
        let mut harness = view(sweeps::state(30, 20));
        harness.set_size(vec2(width, 760.0));
        harness.run_steps(4);
        let name = rows(&harness)[1].clone();
        let before = harness.get_by_label(&name).rect();
        harness.get_by_label(&name).click();
        harness.run_steps(4);
        assert!(
            harness
                .query_by_label("1 of 30 settings selected")
                .is_some()
        );
        assert_eq!(harness.get_by_label(&name).rect(), before, "{width}");
    }
}

#[test]
fn what_failed_says_why_and_is_trained_again() {
    let mut harness = view(sweeps::state(30, 20));
    harness.get_by_label("Sort by State").click();
    harness.run_steps(4);
    let failed = rows(&harness)[0].clone();
    harness.get_by_label(&failed).click();
    harness.run_steps(4);
    assert!(
        harness
            .query_by_label_contains("the loss became NaN in epoch 2")
            .is_some()
    );
    button_named(&harness, "Again, what failed").click();
    harness.run_steps(2);
    assert_eq!(asked(&harness), [SweepAction::Start { again: true }]);
}

#[test]
fn the_best_setting_becomes_an_experiment_and_is_tested_on_request() {
    let mut harness = view(sweeps::state(30, 20));
    button_named(&harness, "Make an experiment of it").click();
    harness.run_steps(2);
    button_named(&harness, "Test the best setting").click();
    harness.run_steps(2);
    let asked = asked(&harness);
    assert!(matches!(
        asked[..],
        [SweepAction::ExperimentOfCell(_), SweepAction::TestBest]
    ));
}

#[test]
fn one_button_trains_goes_on_and_stops() {
    let mut sweep = sweeps::state(30, 0);
    let mut harness = on_page(Page::Results, sweep.clone());
    // One of the sample is trained by somebody else.
    button_named(&harness, "Stop elsewhere").click();
    harness.run_steps(2);
    button_named(&harness, "Go on").click();
    harness.run_steps(2);
    assert_eq!(
        asked(&harness),
        [SweepAction::Stop, SweepAction::Start { again: false }]
    );
    if let Some(open) = &mut sweep.open {
        open.training = Training::Running { since: 1 };
    }
    let mut harness = on_page(Page::Results, sweep);
    assert!(harness.query_by_label_contains("Stop elsewhere").is_none());
    button_named(&harness, "Stop").click();
    harness.run_steps(2);
    assert_eq!(asked(&harness), [SweepAction::Stop]);
}

#[test]
fn a_sweep_that_can_not_be_trained_says_why_where_it_is_edited() {
    let mut sweep = sweeps::state(30, 0);
    if let Some(open) = &mut sweep.open {
        open.planned.problem = Some("“training.batch_size” is 0, allowed is 1 to 4096".into());
        open.planned.problems_of_vary = vec![Some("“many” is no number".into())];
    }
    let harness = on_page(Page::Setup, sweep);
    assert!(
        harness
            .query_by_label_contains("“many” is no number")
            .is_some()
    );
    let start = button_named(&harness, "Go on");
    assert!(start.accesskit_node().is_disabled());
}

#[test]
fn fields_are_searched_by_their_labels_and_added_with_values() {
    let mut harness = setup();
    harness.get_by_label("Add a field").click();
    harness.run_steps(4);
    harness
        .get_by_label("Search the list")
        .type_text("batch size");
    harness.run_steps(4);
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    let edited = draft(&harness);
    let added = edited.sweep.vary.last().unwrap();
    assert_eq!(added.fields, ["training.batch_size"]);
    assert_eq!(added.values, Values::List(vec!["32".into()]));
}

#[test]
fn values_are_typed_as_a_list_or_said_as_a_range() {
    let mut harness = setup();
    let field = harness.get_by_label("List of Phase 2, learning rate");
    field.focus();
    harness.run_steps(2);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    harness
        .get_by_label("List of Phase 2, learning rate")
        .type_text("1e-4, 1e-3");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    let edited = draft(&harness);
    assert_eq!(
        edited.sweep.vary[0].values,
        Values::List(vec!["1e-4".into(), "1e-3".into()])
    );

    harness
        .get_by_label("Values of Phase 2, learning rate")
        .click();
    harness.run_steps(4);
    harness.get_by_label("Logarithmic range").click();
    harness.run_steps(4);
    let edited = draft(&harness);
    assert!(
        matches!(edited.sweep.vary[0].values, Values::Logarithmic { from, to, steps: 5 } if from == 1e-5 && to == 0.01),
        "{:?}",
        edited.sweep.vary
    );
}

#[test]
fn strategy_seeds_and_goal_are_chosen_and_the_work_is_said() {
    let mut harness = setup();
    assert!(
        harness
            .query_by_label("30 settings under 2 seeds: 60 cells, 1,200 epochs in all.")
            .is_some()
    );
    // 40 settings of 20 epochs, one begun and one that failed after seven: 64 seconds each.
    let time = "Estimated time left: about ";
    let time = text(&harness.get_by_label_contains(time));
    assert!(
        time.ends_with("by the 814 epochs that were trained so far."),
        "{time}"
    );
    harness.get_by_label("Successive halving").click();
    harness.run_steps(4);
    let edited = draft(&harness);
    assert_eq!(
        edited.sweep.strategy,
        Strategy::SuccessiveHalving {
            cells: None,
            seed: 1,
            first_epochs: 2,
            keep: 3,
            waits: true
        }
    );
}

#[test]
fn pictures_and_runs_are_chosen_where_the_sweep_is_set_up() {
    let mut harness = setup();
    assert!(harness.query_by_label("/pictures/flowers").is_some());
    assert!(harness.query_by_label("/sweeps/rates").is_some());
    for (button, expected) in [
        (
            "Choose a folder of pictures…",
            SweepAction::DataDialog { is_table: false },
        ),
        ("Choose a folder for the runs…", SweepAction::OutDialog),
        ("Use the base's own", SweepAction::UseData(None)),
        ("Choose a preset…", SweepAction::BaseDialog),
    ] {
        harness.state_mut().out.clear();
        button_named(&harness, button).click();
        harness.run_steps(2);
        assert_eq!(asked(&harness), [expected], "{button}");
    }
}

#[test]
fn without_a_sweep_the_view_says_how_to_begin() {
    let mut harness = view(SweepState::default());
    button_named(&harness, "New sweep from this experiment…").click();
    harness.run_steps(2);
    button_named(&harness, "Open a sweep…").click();
    harness.run_steps(2);
    assert_eq!(asked(&harness), [SweepAction::New, SweepAction::OpenDialog]);
}

#[test]
fn tasks_of_slurm_are_told_with_why_they_ended() {
    let mut sweep = sweeps::state(30, 20);
    sweep.has_slurm = Some(true);
    let task = |id: &str, state| TaskStatus {
        id: id.into(),
        cells: ["a cell".to_owned()].into(),
        state,
        node: Some("node7".into()),
        restarts: 0,
        log: "log.txt".into(),
    };
    if let Some(open) = &mut sweep.open {
        let tasks = vec![
            task("12_1", TaskState::Ended(Ended::OutOfMemory)),
            task("12_2", TaskState::Running),
        ];
        open.slurm.tasks = Some(std::sync::Arc::new(tasks));
    }
    let mut harness = view(sweep.clone());
    button_named(&harness, "Slurm: 1 task").click();
    harness.run_steps(2);
    assert_eq!(asked(&harness), [SweepAction::Slurm(SlurmAction::Show)]);

    let jobs = sweep.open.unwrap().slurm;
    let mut harness =
        Harness::builder()
            .with_size(vec2(720.0, 900.0))
            .with_context_setup(theme::install)
            .build_ui_state(
                move |ui,
                      driven: &mut (
                    crate::app::features::sweep::slurm::SlurmLocal,
                    Vec<Command>,
                )| {
                    let (local, out) = driven;
                    crate::app::features::sweep::slurm::slurm_ui(ui, &jobs, true, local, out);
                },
                Default::default(),
            );
    harness.run_steps(4);
    assert!(
        harness
            .query_by_label("2 tasks, 1 waiting or running")
            .is_some()
    );
    assert!(
        harness
            .query_by_label("ran out of memory on node7")
            .is_some()
    );
    let remedy =
        "Submit again with more memory (--mem): what is unfinished goes on where it was saved.";
    assert!(harness.query_by_label(remedy).is_some());
    let role = accesskit::Role::SpinButton;
    let at_once = harness.get_by_role_and_label(role, "At once");
    let at_once = at_once.accesskit_node().value();
    assert_eq!(at_once.as_deref(), Some("all"));
    harness.get_by_label("Cancel task 12_2").click();
    harness.run_steps(2);
    harness.get_by_label("Submit what is unfinished").click();
    harness.run_steps(2);
    let asked: Vec<&Command> = (harness.state().1.iter())
        .filter(|command| !command.is_request())
        .collect();
    assert!(matches!(
        asked[..],
        [
            Command::Sweep(SweepAction::Slurm(SlurmAction::Cancel(Some(_)))),
            Command::Sweep(SweepAction::Slurm(SlurmAction::Submit { again: false, .. })),
        ]
    ));
}
