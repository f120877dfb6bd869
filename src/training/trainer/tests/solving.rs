//! Phases whose head is solved by logistic regression.

use std::sync::Arc;

use super::fixture::*;
use crate::data::Split;
use crate::experiment::{Experiment, FreezePlan, Keep, Optimizer, OutputLayer, Phase, Views};
use crate::training::events::{Activity, TrainingEvent};
use crate::training::logistic::{Iteration, Rows, Settings, fit};
use crate::training::trainer::pooled_rows::pooled_rows_with;
use crate::training::{TrainingError, TrainingRequest};

fn solved(c: Option<f64>) -> Phase {
    Phase {
        optimizer: Optimizer::LogisticRegression { c },
        ..phase(FreezePlan::Backbone, 1)
    }
}

/// The head that a run ended with: weights and intercepts.
fn head(run: &Run<'_>) -> (Vec<f32>, Vec<f32>) {
    let weights = run.witness.weights.last().unwrap();
    let of = |name: &str| {
        let (_, tensor) = weights.iter().find(|(own, _)| own == name).unwrap();
        Vec::<f32>::try_from(tensor.reshape([-1])).unwrap()
    };
    (of("head.output.weight"), of("head.output.bias"))
}

fn assert_near(got: &[f32], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    let largest = expected
        .iter()
        .fold(1e-3, |largest: f64, value| largest.max(value.abs()));
    for (got, expected) in got.iter().zip(expected) {
        let apart = (f64::from(*got) - expected).abs();
        assert!(apart <= 1e-3 * largest, "{got}, the solver says {expected}");
    }
}

#[test]
fn the_head_is_the_solution_on_the_features_of_the_training_pictures() {
    let pictures = pictures(3, [24, 9, 9]);
    let request = request(&pictures, experiment(vec![solved(Some(0.5))]));
    let trained = run(&request);
    let outcome = trained.result.as_ref().unwrap();

    let mut witness = Witness::default();
    let features = in_environment(
        &Arc::default(),
        1 << 34,
        None,
        Limits::NONE,
        |environment| pooled_rows_with(&request, &[Split::Train], &mut witness, environment),
    )
    .unwrap();
    let part = &features.parts[0];
    let rows = Rows {
        values: &part.rows,
        features: features.features,
        labels: &part.labels,
        classes: 3,
        weights: None,
    };
    let mut unwatched = |_: &Iteration| Ok(());
    let expected = fit(&rows, 0.5, &Settings::default(), &mut unwatched).unwrap();
    let (weights, biases) = head(&trained);
    assert_near(&weights, &expected.classifier.weights);
    assert_near(&biases, &expected.classifier.intercepts);

    let epochs = trained.witness.epochs();
    assert_eq!(epochs.len(), 1);
    assert!((epochs[0].train_loss - expected.loss).abs() < 1e-4);
    assert_eq!(epochs[0].learning_rate, 0.0);
    assert!(epochs[0].validation_accuracy.is_some());
    assert_eq!(outcome.test.as_ref().unwrap().n, 9);
    // Nothing but the head has moved.
    assert!(
        outcome
            .movement
            .iter()
            .all(|layer| layer.distance_l2 == 0.0)
    );
}

#[test]
fn it_ends_where_steps_only_come_near() {
    let pictures = pictures(3, [24, 12, 12]);
    let of = |phases: Vec<Phase>| {
        let run = run(&request(&pictures, experiment(phases)));
        let test = run.result.unwrap().test.unwrap();
        (run.witness.epochs().pop().unwrap(), test)
    };
    let (own, own_test) = of(vec![solved(None)]);
    let adam = Phase {
        optimizer: Optimizer::default(),
        learning_rate: 1e-3,
        ..phase(FreezePlan::Backbone, 5)
    };
    let (steps, steps_test) = of(vec![adam]);
    assert!(own.train_loss <= steps.train_loss, "{own:?}, {steps:?}");
    assert!(
        own.validation_loss <= steps.validation_loss,
        "{own:?}, {steps:?}"
    );
    assert!(own_test.accuracy >= steps_test.accuracy);
}

#[test]
fn one_output_and_kept_versions_are_solved_too() {
    let pictures = pictures(2, [16, 8, 8]);
    let probabilities = |output: OutputLayer| {
        let mut experiment = experiment(vec![solved(None)]);
        experiment.head.output = output;
        experiment.augmentation.horizontal_flip = true;
        experiment.augmentation.views = Views::Cached(2);
        experiment.training.weight_averaging = Some(0.99);
        experiment.training.keep = Keep::Best;
        let run = run(&request(&pictures, experiment));
        let notes = run.witness.notes();
        let said = notes
            .iter()
            .find(|note| note.starts_with("Logistic regression: C "))
            .unwrap();
        assert!(said.contains("chosen on folds"), "{said}");
        assert_eq!(run.witness.warnings(), [] as [String; 0]);
        // Both versions of each picture.
        let epoch = run.witness.epochs().pop().unwrap();
        assert!(
            epoch.train_accuracy > 0.9 && epoch.train_loss < 0.5,
            "{epoch:?}"
        );
        let predictions = run.result.unwrap().predictions.unwrap();
        let rows = predictions.rows.iter();
        rows.flat_map(|row| row.probabilities.clone())
            .collect::<Vec<_>>()
    };
    let (one, two) = (
        probabilities(OutputLayer::Sigmoid),
        probabilities(OutputLayer::Softmax),
    );
    assert_eq!(one.len(), 16);
    for (one, two) in one.iter().zip(&two) {
        assert!((one - two).abs() < 1e-4, "{one}, {two}");
    }
}

/// Runs `request` until its first phase begins with `activity`.
fn stopped_at(request: &TrainingRequest, activity: Activity) -> Run<'static> {
    let stop = request.stop.clone();
    let witness = Witness {
        on_event: Some(Box::new(move |event| {
            if let TrainingEvent::Progress(progress) = event
                && progress.activity == activity
                && progress.phase == 0
            {
                stop.stop();
            }
        })),
        ..Witness::default()
    };
    let stopped = run_with(request, witness, Arc::default(), 1 << 34);
    assert!(matches!(stopped.result, Err(TrainingError::Stopped)));
    assert!(stopped.witness.epochs().is_empty());
    stopped
}

#[test]
fn a_stop_while_it_solves_loses_only_that_and_later_nothing() {
    let pictures = pictures(2, [12, 4, 4]);
    let experiment = experiment(vec![
        solved(Some(1.0)),
        phase(FreezePlan::Below("layer4".into()), 1),
    ]);
    let stopped = stopped_at(&request(&pictures, experiment.clone()), Activity::Training);
    assert!(stopped.witness.points.is_empty());
    let whole = run(&request(&pictures, experiment.clone()));
    let mut stopped = stopped_at(
        &request(&pictures, experiment.clone()),
        Activity::Validating,
    );
    let mut again = request(&pictures, experiment);
    again.resume = stopped.witness.points.pop();
    assert!(again.resume.is_some());
    let resumed = run(&again);
    assert_eq!(resumed.witness.epochs(), whole.witness.epochs());
    let solved_again = |note: &String| note.starts_with("Logistic regression: C ");
    assert!(!resumed.witness.notes().iter().any(solved_again));
    assert_eq!(resumed.result.unwrap().test, whole.result.unwrap().test);
}

#[test]
fn what_can_t_be_solved_is_refused_with_the_remedy() {
    let pictures = pictures(2, [8, 4, 4]);
    let refused = |change: &dyn Fn(&mut Experiment)| {
        let mut experiment = experiment(vec![solved(None)]);
        change(&mut experiment);
        run(&request(&pictures, experiment))
            .result
            .unwrap_err()
            .to_string()
    };
    let text = refused(&|experiment| experiment.phases[0].epochs = 3);
    assert!(text.contains("phases[0].epochs to be 1"), "{text}");
    let text = refused(&|experiment| experiment.head = norm_head());
    assert!(text.contains("head.layers to be empty"), "{text}");
}
