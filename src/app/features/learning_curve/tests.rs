use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::*;
use crate::app::features::fakes;
use crate::app::ui::theme;
use crate::report::learning_curve::tests::measured;
use crate::training::learning_curve::MeasuredCurve;

/// A curve whose scores rise with the pictures that were learned from.
fn found() -> Arc<FoundCurve> {
    let measured = MeasuredCurve {
        unreadable: 0,
        ..measured(1_000, |pictures| 0.95 - 2.0 * pictures.powf(-0.5))
    };
    let experiment = fakes::experiment();
    let by = |score| LearningCurveReport::new(&experiment, &measured, score);
    Arc::new(FoundCurve {
        key: CurveKey::new(&experiment, None),
        accuracy: by(CurveScore::Accuracy),
        macro_f1: by(CurveScore::MacroF1),
        warnings: Vec::new(),
    })
}

fn view() -> LearningCurveView {
    let mut state = fakes::state();
    // No run is under way.
    state.runs.retain(|run| !run.is_live());
    LearningCurveView::build(&state).unwrap()
}

/// Draws the view, and clicks what is called so.
fn clicked(view: &LearningCurveView, label: &str) -> Vec<Command> {
    let mut harness = harness(view);
    harness.get_by_label(label).click();
    harness.run_steps(2);
    harness.state().clone()
}

fn harness(view: &LearningCurveView) -> Harness<'_, Vec<Command>> {
    let mut harness = Harness::builder()
        .with_size(egui::vec2(900.0, 800.0))
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, out: &mut Vec<Command>| learning_curve_ui(ui, view, out),
            Vec::new(),
        );
    harness.run_steps(2);
    harness
}

#[test]
fn before_the_first_curve_one_button_measures_it() {
    let view = view();
    assert_eq!(view.obstacle, None);
    let asked = clicked(&view, "Measure the learning curve");
    let measure = Command::LearningCurve(LearningCurveAction::Measure);
    assert_eq!(asked, [measure]);
    assert!(
        harness(&view)
            .query_by_label_contains("training pictures")
            .is_some()
    );
}

#[test]
fn while_a_run_trains_it_says_why_it_waits() {
    let state = fakes::state();
    assert!(state.is_training());
    let view = LearningCurveView::build(&state).unwrap();
    assert!(clicked(&view, "Measure the learning curve").is_empty());
    assert!(
        harness(&view)
            .query_by_label_contains("A run trains")
            .is_some()
    );
}

#[test]
fn the_answer_stands_above_the_curve_and_can_be_copied() {
    let found = found();
    let view = LearningCurveView {
        found: Some(found.clone()),
        ..view()
    };
    let harness = harness(&view);
    let answer = found.accuracy.answer();
    assert!(
        answer.starts_with("With twice as many pictures"),
        "{answer}"
    );
    assert!(harness.query_by_label(&answer).is_some());
    assert!(
        harness
            .query_by_label_contains("Validation accuracy from 100")
            .is_some()
    );
    for (label, action) in [
        ("Copy the figure", LearningCurveAction::CopyFigure),
        ("Copy the table", LearningCurveAction::CopyTable),
        ("Macro-F1", LearningCurveAction::Show(CurveScore::MacroF1)),
        ("Measure again", LearningCurveAction::Measure),
    ] {
        assert_eq!(clicked(&view, label), [Command::LearningCurve(action)]);
    }
}

#[test]
fn a_curve_of_other_pictures_says_so() {
    let mut state = fakes::state();
    state.learning_curve.found = Some(found());
    let fresh = LearningCurveView::build(&state).unwrap();
    assert!(!fresh.is_outdated);
    // What heads learn from is the same.
    state.documents[0].experiment.phases.clear();
    assert!(!LearningCurveView::build(&state).unwrap().is_outdated);
    state.documents[0].experiment.backbone.name = "resnet18".into();
    let view = LearningCurveView::build(&state).unwrap();
    assert!(view.is_outdated);
    assert!(
        harness(&view)
            .query_by_label_contains("measure again")
            .is_some()
    );
}

#[test]
fn while_it_is_measured_it_can_be_stopped() {
    let doing = Doing {
        text: "Computing features".into(),
        done: 1_200,
        total: 2_000,
        is_stopping: false,
    };
    let view = LearningCurveView {
        doing: Some(doing),
        ..view()
    };
    let stop = Command::LearningCurve(LearningCurveAction::Stop);
    assert_eq!(clicked(&view, "Stop"), [stop]);
    let said = "Computing features: 1,200 of 2,000";
    assert!(harness(&view).query_by_label(said).is_some());
}
