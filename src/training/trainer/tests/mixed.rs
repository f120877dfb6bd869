//! Mixed precision: what trains computes in bf16, and all else is as without.

use tch::Tensor;

use super::fixture::*;
use crate::experiment::{Experiment, FreezePlan, MixedPrecision};

fn preset(asked: MixedPrecision) -> Experiment {
    let mut experiment = experiment(vec![
        phase(FreezePlan::Backbone, 1),
        phase(FreezePlan::Below("layer4".into()), 2),
    ]);
    experiment.training.mixed_precision = asked;
    experiment
}

fn lines(run: &Run<'_>) -> Vec<String> {
    run.witness
        .notes()
        .into_iter()
        .filter(|note| note.starts_with("Layers that train"))
        .collect()
}

#[test]
fn it_learns_as_in_single_precision_and_says_so() {
    let pictures = pictures(2, [24, 8, 8]);
    let run = |asked| run(&request(&pictures, preset(asked)));
    let (exact, mixed) = (run(MixedPrecision::Off), run(MixedPrecision::Bf16));
    assert_eq!(
        lines(&exact),
        ["Layers that train compute in fp32, their weights in fp32: the experiment says so"]
    );
    assert!(
        lines(&mixed)[0].starts_with("Layers that train compute in bf16, their weights in fp32:"),
        "{:?}",
        lines(&mixed)
    );
    let (exact_epochs, mixed_epochs) = (exact.witness.epochs(), mixed.witness.epochs());
    // A phase that trains the head alone computes nothing in bf16.
    assert_eq!(exact_epochs[0], mixed_epochs[0]);
    for (exact, mixed) in exact_epochs.iter().zip(&mixed_epochs).skip(1) {
        let difference = (exact.train_loss - mixed.train_loss).abs();
        assert!(difference < 0.05, "{exact:?} {mixed:?}");
    }
    assert_ne!(exact_epochs[1].train_loss, mixed_epochs[1].train_loss);
    // Weights stay in single precision, and what is frozen stays as it was.
    fn last<'a>(run: &'a Run<'_>) -> &'a [(String, Tensor)] {
        run.witness.weights.last().unwrap()
    }
    for ((name, exact), (_, mixed)) in last(&exact).iter().zip(last(&mixed)) {
        assert_eq!(exact.kind(), mixed.kind(), "{name}");
        let is_frozen = !name.starts_with("layer4") && !name.starts_with("head");
        assert!(!is_frozen || exact == mixed, "{name}");
    }
    exact.result.unwrap();
    mixed.result.unwrap();
}

#[test]
fn the_same_preset_gives_the_same_numbers() {
    let pictures = pictures(2, [12, 4, 4]);
    let metrics = || {
        let run = run(&request(&pictures, preset(MixedPrecision::Bf16)));
        let test = run.result.unwrap().test;
        (run.witness.epochs(), test)
    };
    assert_eq!(metrics(), metrics());
}
