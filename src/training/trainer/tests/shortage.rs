//! Little memory: batches in parts, and parts that are halved when memory runs out.

use std::path::Path;
use std::sync::Arc;

use tch::Tensor;

use super::fixture::*;
use crate::experiment::{ClassWeights, Experiment, FreezePlan, OutputLayer, TrainedNorm};
use crate::memory::{MemoryLimit, Reason};
use crate::training::TrainingError;
use crate::training::events::TrainingEvent;
use crate::training::features::store::FeatureStore;

const COUNTS: [usize; 3] = [21, 5, 6];

/// Trains the last block of a ResNet-18 without batch statistics, on batches of 8 (and one of 5), with everything that
/// makes pictures count differently.
fn preset() -> Experiment {
    let mut experiment = experiment(vec![phase(FreezePlan::Below("layer4".into()), 2)]);
    experiment.backbone.trained_norm = TrainedNorm::Inference;
    experiment.training.batch_size = 8;
    experiment.training.label_smoothing = 0.1;
    experiment.training.class_weights =
        ClassWeights::Custom(vec![("red".into(), 3.0), ("blue".into(), 0.5)]);
    experiment
}

fn run_short(pictures: &Pictures, experiment: Experiment, limits: Limits) -> Run<'static> {
    let request = request(pictures, experiment);
    let witness = Witness::default();
    run_limited(&request, witness, Arc::default(), 1 << 34, None, limits)
}

fn weights<'a>(run: &'a Run<'_>) -> &'a [(String, Tensor)] {
    run.witness.weights.last().unwrap()
}

/// The largest difference of any weight that learned; what did not learn must be the same.
fn difference(a: &Run<'_>, b: &Run<'_>) -> f64 {
    let mut largest: f64 = 0.0;
    let mut learned = 0;
    for ((name, a), (_, b)) in weights(a).iter().zip(weights(b)) {
        if name.starts_with("layer4") || name.starts_with("head") {
            let scale = a.abs().max().double_value(&[]).max(1e-3);
            largest = largest.max((a - b).abs().max().double_value(&[]) / scale);
            learned += 1;
        } else {
            assert!(a.equal(b), "{name} is frozen");
        }
    }
    assert!(learned > 10);
    largest
}

#[test]
fn parts_of_a_batch_add_up_to_the_same_step() {
    let pictures = pictures(2, COUNTS);
    for (output, mixup) in [
        (OutputLayer::Softmax, 0.0),
        (OutputLayer::Sigmoid, 0.0),
        (OutputLayer::Softmax, 0.8),
    ] {
        let mut whole = preset();
        whole.head.output = output;
        whole.augmentation.mixup = mixup;
        whole.augmentation.cutmix = mixup;
        let mut parts = whole.clone();
        parts.training.micro_batch = Some(3);
        let (whole, parts) = (
            run(&request(&pictures, whole)),
            run(&request(&pictures, parts)),
        );
        let off = difference(&whole, &parts);
        assert!(off < 2e-4, "{output:?}: {off}");
        assert!(whole.witness.warnings().is_empty() && parts.witness.warnings().is_empty());
        for (a, b) in whole.witness.epochs().iter().zip(parts.witness.epochs()) {
            assert!((a.train_loss - b.train_loss).abs() < 1e-4, "{a:?} {b:?}");
            assert_eq!(a.train_accuracy, b.train_accuracy);
        }
        // That the steps are the same would mean little if nothing had been learned.
        let mut other = preset();
        other.head.output = output;
        other.augmentation.mixup = mixup;
        other.augmentation.cutmix = mixup;
        other.phases[0].epochs = 1;
        let other = run(&request(&pictures, other));
        assert!(difference(&whole, &other) > 0.01);
    }
}

#[test]
fn a_training_that_runs_out_of_memory_goes_on_in_parts() {
    let pictures = pictures(2, COUNTS);
    let plenty = run(&request(&pictures, preset()));
    let limits = Limits {
        learning: 3,
        ..Limits::NONE
    };
    let short = run_short(&pictures, preset(), limits);
    assert!(short.result.is_ok(), "{:?}", short.result);
    assert!(difference(&plenty, &short) < 2e-4);
    let warnings = short.witness.warnings();
    // 8 do not fit, nor do 4.
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[1].contains("at most 2 pictures are computed at once")
            && warnings[1].contains("Set training.micro_batch to 2"),
        "{warnings:?}"
    );
    assert!(!warnings[0].contains("BatchNorm"));

    let mut by_batch = preset();
    by_batch.backbone.trained_norm = TrainedNorm::Train;
    let short = run_short(&pictures, by_batch.clone(), limits);
    assert!(short.result.is_ok());
    assert!(
        short.witness.warnings()[0].contains("BatchNorm layers that learn see the smaller part")
    );
    // Two epochs of three batches, however many parts and tries there were.
    let is_counter = |name: &str| name.starts_with("layer4") && name.contains("num_batches");
    let counters: Vec<i64> = weights(&short)
        .iter()
        .filter(|(name, _)| is_counter(name))
        .map(|(_, tensor)| tensor.int64_value(&[]))
        .collect();
    assert_eq!(counters, [6; 5]);
    // A BatchNorm can't learn from one picture.
    let limits = Limits {
        learning: 1,
        ..Limits::NONE
    };
    let refused = run_short(&pictures, by_batch, limits).result.unwrap_err();
    assert!(
        refused.to_string().contains("memory is not enough"),
        "{refused}"
    );
    let alone = run_short(&pictures, preset(), limits);
    assert!(alone.result.is_ok());
    let none = Limits {
        learning: 0,
        ..Limits::NONE
    };
    let refused = run_short(&pictures, preset(), none).result;
    assert!(matches!(refused, Err(TrainingError::Experiment(_))));
}

#[test]
fn the_frozen_part_goes_on_with_fewer_pictures_and_keeps_nothing_for_others() {
    let pictures = pictures(2, COUNTS);
    let folder = tempfile::tempdir().unwrap();
    let preset = || experiment(vec![phase(FreezePlan::Backbone, 2)]);
    let plenty = run(&request(&pictures, preset()));
    let limits = Limits {
        inference: 5,
        ..Limits::NONE
    };
    let limited = |cache: &Path| {
        let request = request(&pictures, preset());
        let witness = Witness::default();
        run_limited(
            &request,
            witness,
            Arc::default(),
            1 << 34,
            Some(cache),
            limits,
        )
    };
    let short = limited(folder.path());
    assert!(short.result.is_ok(), "{:?}", short.result);
    let warnings = short.witness.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("take 4 pictures at once"),
        "{warnings:?}"
    );
    for (a, b) in plenty.witness.epochs().iter().zip(short.witness.epochs()) {
        assert!((a.train_loss - b.train_loss).abs() < 1e-3, "{a:?} {b:?}");
    }
    // Its last bits may be others than those of whole batches.
    assert_eq!(FeatureStore::new(folder.path()).usage().files, 0);
}

#[test]
fn what_a_run_will_need_is_told_before_it_trains() {
    let pictures = pictures(2, COUNTS);
    let run = run(&request(&pictures, preset()));
    let told = run.witness.events.iter().find_map(|event| match event {
        TrainingEvent::MemoryForecast(needed) => Some(*needed),
        _ => None,
    });
    let needed = told.unwrap();
    let learns: u64 = weights(&run)
        .iter()
        .filter(|(name, _)| name.starts_with("head") || name.starts_with("layer4"))
        .filter(|(name, _)| !name.contains("running") && !name.contains("num_batches"))
        .map(|(_, tensor)| tensor.numel() as u64)
        .sum();
    assert_eq!(needed.gradients, 4 * learns);
    assert!(needed.pictures > 0 && needed.features > 0);
}

#[test]
fn a_run_that_would_not_fit_into_its_memory_begins_with_fewer_pictures_at_once() {
    let pictures = pictures(2, COUNTS);
    let mut preset = preset();
    preset.phases[0].freeze = FreezePlan::Nothing;
    let plenty = run(&request(&pictures, preset.clone()));
    let told = plenty.witness.events.iter().find_map(|event| match event {
        TrainingEvent::MemoryForecast(needed) => Some(*needed),
        _ => None,
    });
    let activations = told.unwrap().activations;
    // What is left when the outputs of five of eight pictures fit: four are computed at once, as halving has it.
    let rest = told.unwrap().memory_within(1 << 40, 1) - activations;
    let bytes = (rest + activations / 8 * 5) / 100 * 116;
    let limited = |bytes| {
        let limits = Limits {
            memory: MemoryLimit {
                bytes,
                reason: Reason::ControlGroup,
            },
            ..Limits::NONE
        };
        run_short(&pictures, preset.clone(), limits)
    };
    let fitted = limited(bytes);
    assert!(fitted.result.is_ok(), "{:?}", fitted.result);
    for (a, b) in plenty.witness.epochs().iter().zip(fitted.witness.epochs()) {
        assert!((a.train_loss - b.train_loss).abs() < 1e-2, "{a:?} {b:?}");
    }
    let warnings = fitted.witness.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("control group")
            && warnings[0].contains("4 pictures are computed at once")
            && warnings[0].contains("Set training.micro_batch to 4"),
        "{warnings:?}"
    );
    let forecast = fitted.witness.events.iter().find_map(|event| match event {
        TrainingEvent::MemoryForecast(needed) => Some(needed.memory()),
        _ => None,
    });
    assert!(forecast.unwrap() <= bytes);

    let refused = limited(rest / 2);
    let message = refused.result.unwrap_err().to_string();
    assert!(
        message.contains("even with 1 picture at once") && message.contains("control group"),
        "{message}"
    );
    assert!(refused.witness.epochs().is_empty(), "nothing was trained");
}
