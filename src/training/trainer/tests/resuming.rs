//! A run that is interrupted after any epoch and resumed is the run that was not interrupted.

use super::fixture::*;
use crate::experiment::{
    Activation, Augmentation, EarlyStopping, Experiment, FreezePlan, HeadConfig, HeadLayer, Keep,
    Monitor, NormPolicy, Optimizer, Precision, Schedule, Views,
};
use crate::training::events::TrainingEvent;
use crate::training::{FrozenPrecision, TrainingError};

/// Runs `experiment` whole, then again from every epoch, and compares everything that comes after.
fn check(name: &str, experiment: Experiment) -> Run<'static> {
    let pictures = pictures(2, [9, 4, 4]);
    let whole = run(&request(&pictures, experiment.clone()));
    let outcome = whole.result.as_ref().unwrap();
    let epochs = whole.witness.epochs();
    assert_eq!(
        whole.witness.points.len(),
        epochs.len(),
        "{name}: every epoch"
    );
    for point in &whole.witness.points {
        let epoch = point.standing.epoch;
        let mut request = request(&pictures, experiment.clone());
        request.resume = Some(crate::training::ResumePoint {
            standing: point.standing.clone(),
            tensors: point
                .tensors
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.copy()))
                .collect(),
        });
        let resumed = run(&request);
        let after = resumed.result.as_ref().unwrap();
        assert_eq!(
            resumed.witness.epochs(),
            epochs[epoch as usize..],
            "{name}: the epochs after {epoch}"
        );
        assert_eq!(after.test, outcome.test, "{name}, {epoch}");
        assert_eq!(after.predictions, outcome.predictions, "{name}, {epoch}");
        assert_eq!(after.best_epoch, outcome.best_epoch, "{name}, {epoch}");
        assert_eq!(after.movement, outcome.movement, "{name}, {epoch}");
        let phases = |outcome: &crate::training::Outcome| -> Vec<(String, u32)> {
            let phases = outcome.phases.iter();
            phases
                .map(|phase| (phase.name.clone(), phase.epochs))
                .collect()
        };
        assert_eq!(phases(after), phases(outcome), "{name}, {epoch}");
        assert!(
            after.seconds_total > point.standing.seconds,
            "{name}, {epoch}"
        );
        let last = resumed.witness.weights.last().unwrap();
        for ((name_of, tensor), (_, other)) in
            last.iter().zip(whole.witness.weights.last().unwrap())
        {
            assert_eq!(tensor, other, "{name}, {epoch}: {name_of}");
        }
        // What is saved later is the same as well.
        for (one, other) in resumed
            .witness
            .points
            .iter()
            .zip(&whole.witness.points[epoch as usize..])
        {
            assert_eq!(one.standing.best, other.standing.best, "{name}, {epoch}");
            assert_eq!(one.standing.kept, other.standing.kept, "{name}, {epoch}");
            assert_eq!(one.tensors.len(), other.tensors.len(), "{name}, {epoch}");
            for ((key, tensor), (_, expected)) in one.tensors.iter().zip(&other.tensors) {
                assert_eq!(tensor, expected, "{name}, {epoch}: {key}");
            }
        }
    }
    whole
}

#[test]
fn two_phases_with_averages_adam_and_dropout_go_on_to_the_bit() {
    let mut experiment = experiment(vec![
        phase(FreezePlan::Backbone, 2),
        phase(FreezePlan::Below("layer4".into()), 3),
    ]);
    experiment.head = HeadConfig {
        layers: vec![
            HeadLayer::BatchNorm,
            HeadLayer::Dense {
                units: 8,
                activation: Activation::Relu,
            },
            HeadLayer::Dropout(0.5),
        ],
        ..HeadConfig::default()
    };
    for phase in &mut experiment.phases {
        phase.optimizer = Optimizer::adam_w();
        phase.schedule = Schedule::one_cycle();
        phase.learning_rate = 1e-3;
    }
    experiment.backbone.frozen_norm = NormPolicy::AdaptStatistics;
    experiment.training.weight_averaging = Some(0.9);
    experiment.training.keep = Keep::Best;
    experiment.training.monitor = Monitor::ValidationLoss;
    experiment.augmentation = Augmentation {
        views: Views::Fresh,
        rotation: 20.0,
        horizontal_flip: true,
        ..Augmentation::default()
    };
    check("averages", experiment);
}

#[test]
fn cached_views_momentum_and_early_stopping_go_on_to_the_bit() {
    let mut experiment = experiment(vec![
        phase(FreezePlan::Below("layer4".into()), 4),
        phase(FreezePlan::Backbone, 3),
    ]);
    experiment.phases[0].optimizer = Optimizer::sgd();
    experiment.phases[0].learning_rate = 0.05;
    experiment.phases[1].optimizer = Optimizer::rms_prop();
    // So high that it gets worse, so that the kept weights are of an earlier epoch.
    experiment.phases[1].learning_rate = 0.5;
    experiment.training.keep = Keep::Best;
    experiment.training.monitor = Monitor::ValidationLoss;
    experiment.training.early_stopping = Some(EarlyStopping {
        // Nothing gets better by so much, so that patience ends the phases.
        patience: 1,
        min_delta: 1.0,
    });
    experiment.augmentation = Augmentation {
        views: Views::Cached(3),
        horizontal_flip: true,
        rotation: 10.0,
        ..Augmentation::default()
    };
    let whole = check("early stopping", experiment);
    let ended_early = whole.witness.events.iter().any(
        |event| matches!(event, TrainingEvent::Note(text) if text.contains("has not improved")),
    );
    assert!(ended_early, "patience was at work");
    let kept: Vec<_> = whole
        .witness
        .points
        .iter()
        .map(|point| point.standing.kept)
        .collect();
    assert!(
        kept.contains(&crate::training::resume::KeptWeights::Own)
            && kept.contains(&crate::training::resume::KeptWeights::Last),
        "both cases were seen: {kept:?}"
    );
}

#[test]
fn what_belongs_to_another_experiment_is_refused() {
    let pictures = pictures(2, [8, 4, 4]);
    let one = experiment(vec![phase(FreezePlan::Backbone, 2)]);
    let mut points = run(&request(&pictures, one.clone())).witness.points;
    let point = points.remove(0);
    let mut other = one.clone();
    other.head = norm_head();
    let mut request = request(&pictures, other);
    request.resume = Some(point);
    let error = run(&request).result.unwrap_err();
    assert!(
        matches!(&error, TrainingError::Experiment(text) if text.contains("does not fit")),
        "{error}"
    );
}

/// `Auto` may mean something else on the machine, or in the version, that goes on with the run.
#[test]
fn a_run_goes_on_in_the_precision_that_it_began_with() {
    let pictures = pictures(2, [8, 4, 4]);
    let mut experiment = experiment(vec![phase(FreezePlan::Backbone, 2)]);
    for (asked, began, expected) in [
        (
            Precision::Bf16,
            Some(FrozenPrecision::Bf16),
            FrozenPrecision::Bf16,
        ),
        (
            Precision::Fp32,
            Some(FrozenPrecision::Fp32),
            FrozenPrecision::Fp32,
        ),
        // Versions that did not say.
        (Precision::Fp32, None, FrozenPrecision::Fp32),
    ] {
        experiment.training.precision = asked;
        let whole = run(&request(&pictures, experiment.clone()));
        let outcome = whole.result.unwrap();
        assert_eq!(whole.witness.precision(), Some(expected));
        let mut points = whole.witness.points;
        let mut point = points.remove(0);
        assert_eq!(point.standing.precision, Some(expected));
        point.standing.precision = began;
        experiment.training.precision = Precision::Auto;
        let mut again = request(&pictures, experiment.clone());
        again.resume = Some(point);
        let resumed = run(&again);
        assert_eq!(resumed.witness.precision(), Some(expected), "{began:?}");
        let line = format!(
            "Frozen layers compute in {}: the run began with it",
            expected.name()
        );
        let notes = resumed.witness.notes();
        assert!(notes.contains(&line), "{notes:?}");
        assert_eq!(resumed.result.unwrap().predictions, outcome.predictions);
        assert_eq!(
            resumed.witness.points.last().unwrap().standing.precision,
            Some(expected)
        );
    }
}

#[test]
fn what_follows_a_solved_head_goes_on_to_the_bit() {
    let mut experiment = experiment(vec![
        phase(FreezePlan::Backbone, 1),
        phase(FreezePlan::Below("layer4".into()), 2),
    ]);
    experiment.phases[0].optimizer = Optimizer::LogisticRegression { c: None };
    experiment.augmentation.horizontal_flip = true;
    experiment.augmentation.views = Views::Cached(2);
    experiment.training.weight_averaging = Some(0.9);
    experiment.training.keep = Keep::Best;
    experiment.training.early_stopping = Some(EarlyStopping::default());
    check("a solved head", experiment);
}
