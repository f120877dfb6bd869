//! Evaluations and diagnoses on their way through the window.

use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::analysis::EvaluatedRun;
use crate::app::core::view_id::ViewId;
use crate::data::Split;
use crate::evaluation::{Decision, Evaluation, Prediction, Predictions};
use crate::training::EpochMetrics;
use crate::training::diagnosis::{DiagnosisInput, diagnose};
use crate::worker::messages::{Failure, RunEvaluation};

fn asked(window: &Window, wanted: Split) -> usize {
    let record = window.record.borrow();
    let of_split = |question: &&Question| matches!(question, Question::EvaluateRun { split, .. } if *split == wanted);
    record.questions.iter().filter(of_split).count()
}

fn evaluated() -> Arc<RunEvaluation> {
    let row = |truth: u32, second: f32| Prediction {
        file: format!("{truth}-{second}.png"),
        truth,
        probabilities: vec![1.0 - second, second],
    };
    let predictions = Predictions {
        classes: vec!["defective".into(), "functional".into()],
        rows: vec![row(0, 0.2), row(0, 0.6), row(1, 0.9), row(1, 0.7)],
        ..Predictions::default()
    };
    let evaluation = Evaluation::new(&predictions, &Decision::default());
    Arc::new(RunEvaluation {
        run: EvaluatedRun {
            predictions,
            changed: vec!["0.png".into()],
            is_stored: true,
            views: 1,
            ..EvaluatedRun::default()
        },
        evaluation,
        novelty: None,
    })
}

#[test]
fn a_run_is_evaluated_when_it_is_looked_at_and_validation_gives_the_temperature() {
    let mut window = Window::with_pair();
    window.answer(Answer::Runs(Ok(vec![summary("first", 0.9)])));
    assert_eq!(asked(&window, Split::Test), 0);
    push(&mut window, Command::ShowView(ViewId::EVALUATION));
    window.steps();
    assert_eq!(asked(&window, Split::Test), 1, "asked for once");
    let folder = window.state().runs[0].folder.clone().unwrap();
    window.answer(Answer::EvaluationProgress {
        folder: folder.clone(),
        split: Split::Test,
        done: 2,
        total: 4,
    });
    // In the view, and at the foot of the window.
    let said = window.harness.query_all_by_label_contains("2 of 4");
    assert_eq!(said.count(), 2);
    window.answer(Answer::RunEvaluated {
        folder: folder.clone(),
        split: Split::Test,
        result: Ok(evaluated()),
    });
    window.wait_until(|window| {
        window
            .harness
            .query_by_label_contains("Accuracy 75.0 %")
            .is_some()
    });
    assert!(
        window
            .harness
            .query_by_label_contains("1 picture was changed after the run began")
            .is_some()
    );
    push(
        &mut window,
        Command::EvaluateRun("first".into(), Split::Validation),
    );
    assert_eq!(asked(&window, Split::Validation), 1);
    window.answer(Answer::RunEvaluated {
        folder,
        split: Split::Validation,
        result: Ok(evaluated()),
    });
    window.wait_until(|window| {
        window
            .harness
            .query_by_label("Apply the temperature")
            .is_some()
    });
}

#[test]
fn a_stopped_evaluation_can_be_asked_for_again() {
    let mut window = Window::with_pair();
    window.answer(Answer::Runs(Ok(vec![summary("first", 0.9)])));
    let folder = window.state().runs[0].folder.clone().unwrap();
    let ask = Command::EvaluateRun("first".into(), Split::Train);
    push(&mut window, ask.clone());
    push(&mut window, ask.clone());
    assert_eq!(asked(&window, Split::Train), 1);
    push(&mut window, Command::StopEvaluation);
    let stopped = window
        .record
        .borrow()
        .questions
        .iter()
        .any(|question| matches!(question, Question::StopEvaluation { folder: other } if *other == folder));
    assert!(stopped);
    window.answer(Answer::RunEvaluated {
        folder,
        split: Split::Train,
        result: Err(Failure::Stopped),
    });
    push(&mut window, ask);
    assert_eq!(asked(&window, Split::Train), 2);
}

#[test]
fn a_remedy_opens_a_copy_with_one_change() {
    let mut window = Window::with_pair();
    window.answer(Answer::Runs(Ok(vec![summary("first", 0.9)])));
    let experiment = window.state().documents[0].experiment.clone();
    let epochs: Vec<EpochMetrics> = (1..=6)
        .map(|epoch| EpochMetrics {
            epoch,
            phase: 0,
            learning_rate: 1e-3,
            train_loss: 0.5 / f64::from(epoch),
            train_accuracy: 0.99,
            validation_loss: Some(0.4 + 0.1 * f64::from(epoch)),
            validation_accuracy: Some(0.6),
            validation_macro_f1: Some(0.6),
            seconds: 1.0,
        })
        .collect();
    let situation = DiagnosisInput {
        experiment: &experiment,
        classes: 2,
        majority: Some(0.5),
        validation_pictures: 400,
        is_over: true,
        has_diverged: false,
    };
    let found = diagnose(&epochs, &situation).unwrap();
    let expected = found.remedies[0].apply();
    let title = found.remedies[0].title.clone();
    let folder: PathBuf = window.state().runs[0].folder.clone().unwrap();
    window.state_mut().runs[0].metrics = epochs;
    window.state_mut().runs[0].shown = true;
    window.steps();
    let diagnosed = |window: &Window| {
        let record = window.record.borrow();
        let questions = record.questions.iter();
        questions
            .filter(|question| matches!(question, Question::Diagnose { .. }))
            .count()
    };
    assert_eq!(diagnosed(&window), 1, "asked once after an epoch");
    window.answer(Answer::Diagnosed {
        folder,
        epochs: 6,
        result: Ok(Ok(found)),
    });
    push(&mut window, Command::ShowView(ViewId::CURVES));
    assert!(
        window
            .harness
            .query_by_label_contains("overfitting")
            .is_some()
    );
    window.harness.get_by_label(&title).click();
    window.steps();
    let documents = &window.state().documents;
    assert_eq!(documents.len(), 3);
    let copy = &documents[2].experiment;
    assert_ne!(copy.name, experiment.name);
    let renamed = crate::experiment::Experiment {
        name: copy.name.clone(),
        ..expected
    };
    assert_eq!(*copy, renamed);
    assert_eq!(documents[0].experiment, experiment, "the original stays");
}

#[test]
fn runs_of_other_pictures_are_not_taken_for_the_experiments() {
    let mut window = Window::with_pair();
    let mut other = summary("first", 0.9);
    other.listed.pictures = Some("/other/pictures".into());
    window.answer(Answer::Runs(Ok(vec![other])));
    for view in [ViewId::EVALUATION, ViewId::GALLERY] {
        push(&mut window, Command::ShowView(view));
        let title = "No run has been trained on these pictures yet";
        assert!(window.harness.query_by_label(title).is_some(), "{view:?}");
    }
    assert_eq!(asked(&window, Split::Test), 0);
    // Whoever chooses it sees it.
    push(&mut window, Command::ShowView(ViewId::EVALUATION));
    push(&mut window, Command::SelectRun("first".into()));
    window.steps();
    assert_eq!(asked(&window, Split::Test), 1);
}

#[test]
fn nothing_is_computed_unasked() {
    let mut window = Window::with_pair();
    let mut first = summary("first", 0.9);
    first.test_pictures = 4;
    window.answer(Answer::Runs(Ok(vec![first])));
    push(&mut window, Command::ShowView(ViewId::EVALUATION));
    window.steps();
    let last = |window: &Window| {
        let record = window.record.borrow();
        let mut questions = record.questions.iter().rev();
        questions.find_map(|question| match question {
            Question::EvaluateRun { only_kept, .. } => Some(*only_kept),
            _ => None,
        })
    };
    assert_eq!(last(&window), Some(true), "what is kept is only read");
    window.answer(Answer::RunEvaluated {
        folder: window.state().runs[0].folder.clone().unwrap(),
        split: Split::Test,
        result: Err(Failure::NotKept),
    });
    assert_eq!(asked(&window, Split::Test), 1);
    window
        .harness
        .get_by_label("Evaluate on test pictures")
        .click();
    window.steps();
    assert_eq!(asked(&window, Split::Test), 2);
    assert_eq!(last(&window), Some(false));
}

#[test]
fn a_cross_validation_is_trained_on_all_folds_and_stays_what_it_is() {
    let mut window = Window::with_pair();
    let mut whole = summary("first", 0.9);
    whole.folds = Some(5);
    let folder = window.folder.path().join("runs/first");
    std::fs::create_dir_all(&folder).unwrap();
    let preset = shipped("solar-fine-tuning");
    std::fs::write(folder.join("preset.ron"), preset).unwrap();
    window.answer(Answer::Runs(Ok(vec![whole.clone()])));
    push(&mut window, Command::ShowView(ViewId::EVALUATION));
    window.steps();
    window.answer(Answer::RunEvaluated {
        folder: folder.clone(),
        split: Split::Test,
        result: Ok(evaluated()),
    });
    let button = |window: &Window| window.shows("Train on all folds");
    window.wait_until(button);
    // What it will do stands beside the button.
    assert!(window.shows("Each of the 5 networks was trained without one fold."));
    window
        .harness
        .get_by_label_contains("Train on all folds")
        .click();
    window.steps();
    let start = window.only_resumed(&folder);
    assert!(start.refit);
    let run = start.run;
    assert_eq!(window.state().runs[0].state, RecordState::Queued);
    let begin = |window: &mut Window| {
        let folder = folder.clone();
        window.event(run, RunEvent::Started { folder });
        let fold = RunEvent::Fold {
            fold: 0,
            folds: 5,
            stored: None,
        };
        window.event(run, fold);
        assert_eq!(window.state().runs[0].fold_text().unwrap(), "all 5 folds");
    };
    begin(&mut window);

    // Stopped or failed, the folds are what they were, and it can be asked for again.
    window.event(run, RunEvent::Stopped(Box::new(whole.clone())));
    assert_eq!(window.state().runs[0].state, RecordState::Finished);
    assert!(window.state().runs[0].can_refit());
    push(&mut window, Command::RefitRun(folder.clone()));
    window.steps();
    let run = window.state().runs[0].run.unwrap();
    let message = "out of memory".to_owned();
    window.event(run, RunEvent::Failed { message });
    assert_eq!(window.state().runs[0].state, RecordState::Finished);
    assert!(window.shows("could not be trained on all folds"));

    // Once there is such a network, no other is trained.
    whole.listed.folder.clone_from(&folder);
    whole.listed.refit = Some(folder.join("refit"));
    window.answer(Answer::Runs(Ok(vec![whole])));
    assert!(!window.state().runs[0].can_refit());
    push(&mut window, Command::RefitRun(folder));
    window.steps();
    assert!(window.shows("can't be trained on all folds"));
}
