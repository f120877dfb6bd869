use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::*;
use crate::app::features::fakes;
use crate::app::ui::theme;
use crate::training::rate_finder::RangeTest;

fn report(loss: impl Fn(f64) -> f64) -> Arc<RateReport> {
    let mut test = RangeTest::default();
    while !test.is_over() {
        test.add(loss(RangeTest::rate(test.steps())));
    }
    let experiment = fakes::experiment();
    Arc::new(RateReport::new(&experiment, 0, 1_574, test.into_curve()))
}

fn falls() -> Arc<RateReport> {
    report(|rate| 0.3 + 1.3 / (1.0 + rate / 1e-3) + (rate / 0.5).powi(2))
}

fn view(stage: RateStage) -> RateFinderView {
    RateFinderView {
        phase: "Phase 1, Warm-up".into(),
        epochs_before: 0,
        obstacle: None,
        stage,
        is_outdated: false,
    }
}

/// What was asked for, and whether the dialog is open.
type Asked = (Vec<Command>, bool);

fn harness(view: RateFinderView) -> Harness<'static, Asked> {
    let mut harness = Harness::builder()
        .with_size(egui::vec2(640.0, 700.0))
        .with_context_setup(theme::install)
        .build_ui_state(
            move |ui, (out, open): &mut Asked| *open &= rate_finder_ui(ui, &view, out),
            (Vec::new(), true),
        );
    harness.run_steps(2);
    harness
}

/// Clicks what is called so; what was asked for, and whether the dialog stays open.
fn clicked(view: RateFinderView, label: &str) -> Asked {
    let mut harness = harness(view);
    harness.run_steps(2);
    harness.get_by_label(label).click();
    harness.run_steps(2);
    let (out, open) = harness.state();
    (out.clone(), *open)
}

#[test]
fn each_stage_offers_what_comes_next() {
    let start = vec![Command::Rates(RateAction::Start)];
    assert_eq!(
        clicked(view(RateStage::Before), "Find a rate"),
        (start.clone(), true)
    );
    assert_eq!(clicked(view(RateStage::Before), "Cancel"), (vec![], false));
    let failed = view(RateStage::Failed("no memory".into()));
    assert_eq!(clicked(failed, "Find again"), (start, true));
    let doing = Doing {
        text: "Step 12 of 100 at most".into(),
        done: 12,
        total: 100,
        is_stopping: false,
    };
    let working = view(RateStage::Working(doing));
    let stop = vec![Command::Rates(RateAction::Stop)];
    assert_eq!(clicked(working.clone(), "Stop"), (stop, true));
    assert_eq!(clicked(working, "Hide"), (vec![], false));
}

#[test]
fn the_suggested_rate_is_used_with_one_click() {
    let report = falls();
    let rate = format::rate(report.rate_to_take().unwrap());
    let found = view(RateStage::Found {
        report,
        warnings: vec!["The card is shared.".into()],
    });
    let used = clicked(found, &format!("Use {rate}"));
    assert_eq!(used, (vec![Command::Rates(RateAction::Use)], false));
}

#[test]
fn what_stands_in_the_way_is_said_and_nothing_can_be_started() {
    let blocked = RateFinderView {
        obstacle: Some("A run trains.".into()),
        ..view(RateStage::Before)
    };
    let (out, open) = clicked(blocked.clone(), "Find a rate");
    assert!(out.is_empty() && open);
    let harness = harness(blocked);
    assert!(harness.query_by_label_contains("A run trains").is_some());
}

#[test]
fn a_curve_without_a_suggestion_offers_none() {
    let found = view(RateStage::Found {
        report: report(|_| 0.5),
        warnings: Vec::new(),
    });
    let harness = harness(found);
    assert!(harness.query_by_label_contains("Use ").is_none());
    let said = "no rate is suggested";
    assert!(harness.query_by_label_contains(said).is_some());
}
