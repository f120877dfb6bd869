//! The curves' view, driven by its accessible labels.

use std::path::PathBuf;

use super::*;
use crate::training::diagnosis::{DiagnosisInput, diagnose};

/// Where the titles of the two plots stand.
fn plots(harness: &Harness<'_, Driven>) -> Vec<egui::Rect> {
    ["Accuracy", "Loss (cross-entropy)"]
        .map(|title| harness.get_by_label(title).rect())
        .to_vec()
}

#[test]
fn the_plots_stay_where_they_are_when_a_verdict_comes() {
    for size in [egui::vec2(900.0, 700.0), egui::vec2(344.0, 450.0)] {
        let mut state = fakes::state();
        state.evaluation.diagnoses.clear();
        let mut harness = settled(View("Curves"), size, true, Driven::new(state));
        harness.get_by_label_contains("underfits or overfits is said here");
        let before = plots(&harness);
        let state = &mut harness.state_mut().state;
        let run = state
            .runs
            .iter()
            .find(|run| run.state == crate::app::core::state::RecordState::Running)
            .expect("a run is under way");
        let folder: PathBuf = run.folder.clone().expect("it has a folder");
        let epochs: Vec<_> = (1..=8)
            .map(|epoch| crate::training::EpochMetrics {
                epoch,
                train_loss: 0.5 / f64::from(epoch),
                train_accuracy: 0.99,
                validation_loss: Some(0.4 + 0.1 * f64::from(epoch)),
                validation_accuracy: Some(0.6),
                ..run.metrics[0].clone()
            })
            .collect();
        let experiment = fakes::experiment();
        let found = diagnose(
            &epochs,
            &DiagnosisInput {
                experiment: &experiment,
                classes: 2,
                majority: Some(0.5),
                validation_pictures: 400,
                is_over: false,
                has_diverged: false,
            },
        )
        .expect("eight epochs say something");
        state.evaluation.diagnoses.insert(folder, Ok(found));
        harness.run_steps(3);
        harness.get_by_label_contains("overfitting");
        assert_eq!(plots(&harness), before);
    }
}

#[test]
fn every_drawn_run_has_its_verdict_and_a_click_opens_it() {
    let mut state = fakes::state();
    let folders: Vec<PathBuf> = (state.runs.iter())
        .filter(|run| run.shown && !run.metrics.is_empty())
        .filter_map(|run| run.folder.clone())
        .collect();
    state.evaluation.diagnoses.clear();
    for folder in &folders {
        let undecided = Err(crate::training::diagnosis::Undecided::TooFewEpochs);
        state.evaluation.diagnoses.insert(folder.clone(), undecided);
    }
    let size = egui::vec2(1000.0, 700.0);
    let mut harness = settled(View("Curves"), size, true, Driven::new(state));
    harness.get_by_label("Fine-tuning: not clear yet").click();
    harness.run_steps(2);
    let select = Command::SelectRun("b".into());
    assert!(harness.state().out.contains(&select));
    let state = &mut harness.state_mut().state;
    state.selected_run = Some("b".into());
    state.selected_with = ["b".to_owned()].into();
    harness.run_steps(2);
    harness.get_by_label_contains("Fine-tuning: three epochs of a phase are needed");
    // Every other run keeps its line.
    for name in ["Feature extraction", "From scratch"] {
        harness.get_by_label(&format!("{name}: not clear yet"));
    }
}
