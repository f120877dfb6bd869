//! The frozen part is computed once, and it makes no difference to the numbers.

use std::sync::Arc;

use super::fixture::*;
use crate::experiment::{Augmentation, FreezePlan, Phase, TestViews, Views};
use crate::models::fold::piece;

const TRAIN: usize = 10;
const VALIDATION: usize = 6;
const TEST: usize = 4;

/// The frozen part sees whole batches: the last one is filled up.
fn whole(pictures: usize) -> usize {
    pictures.next_multiple_of(piece(SIDE))
}

fn two_phases() -> Vec<Phase> {
    vec![
        phase(FreezePlan::Backbone, 2),
        phase(FreezePlan::Below("layer4".into()), 2),
    ]
}

/// Pictures that entered the backbone in a run of `phases`.
fn entered(phases: Vec<Phase>, augmentation: Augmentation, test_views: TestViews) -> usize {
    let pictures = pictures(2, [TRAIN, VALIDATION, TEST]);
    let mut experiment = experiment(phases);
    experiment.augmentation = augmentation;
    experiment.training.test_views = test_views;
    let run = run(&request(&pictures, experiment));
    run.result.unwrap();
    run.entered
}

#[test]
fn feature_extraction_computes_the_backbone_once_per_picture() {
    let phases = vec![phase(FreezePlan::Backbone, 3)];
    let got = entered(phases, Augmentation::default(), TestViews::Single);
    assert_eq!(got, whole(TRAIN) + whole(VALIDATION) + whole(TEST));
}

#[test]
fn fine_tuning_computes_the_frozen_part_once_for_all_phases() {
    let got = entered(two_phases(), Augmentation::default(), TestViews::Single);
    assert_eq!(got, whole(TRAIN) + whole(VALIDATION) + whole(TEST));
}

#[test]
fn what_a_phase_has_trained_is_computed_again() {
    let phases = vec![
        phase(FreezePlan::Backbone, 1),
        phase(FreezePlan::Nothing, 1),
        phase(FreezePlan::Backbone, 2),
    ];
    let got = entered(phases, Augmentation::default(), TestViews::Single);
    let frozen = 2 * (whole(TRAIN) + whole(VALIDATION));
    assert_eq!(got, frozen + TRAIN + VALIDATION + TEST);
}

#[test]
fn cached_views_are_computed_once_and_fresh_ones_in_every_epoch() {
    let flips = |views| Augmentation {
        views,
        horizontal_flip: true,
        ..Augmentation::default()
    };
    let phases = || vec![phase(FreezePlan::Backbone, 3)];
    let cached = entered(phases(), flips(Views::Cached(8)), TestViews::Flips);
    let expected = whole(2 * TRAIN) + whole(VALIDATION) + whole(2 * TEST);
    assert_eq!(cached, expected);
    let fresh = entered(phases(), flips(Views::Fresh), TestViews::Single);
    assert_eq!(fresh, 3 * TRAIN + whole(VALIDATION) + whole(TEST));
}

#[test]
fn mixed_pictures_are_computed_in_every_epoch_whatever_is_cached() {
    let mixing = |mixup, cutmix| Augmentation {
        views: Views::Cached(2),
        horizontal_flip: true,
        rotation: 180.0,
        mixup,
        cutmix,
        ..Augmentation::default()
    };
    for (mixup, cutmix) in [(0.2, 0.0), (0.0, 1.0)] {
        let phases = vec![phase(FreezePlan::Backbone, 3)];
        let got = entered(phases, mixing(mixup, cutmix), TestViews::FlipsAndTurns);
        assert_eq!(got, 3 * TRAIN + whole(VALIDATION) + whole(8 * TEST));
    }
}

#[test]
fn what_is_mixed_changes_what_is_learned_and_is_said() {
    let pictures = pictures(2, [TRAIN, VALIDATION, TEST]);
    let trained = |mixup: f64, cutmix: f64, batch_size: u32| {
        let mut experiment = experiment(vec![phase(FreezePlan::Backbone, 2)]);
        experiment.augmentation.mixup = mixup;
        experiment.augmentation.cutmix = cutmix;
        experiment.training.batch_size = batch_size;
        let run = run(&request(&pictures, experiment));
        run.result.as_ref().unwrap();
        run
    };
    let plain = trained(0.0, 0.0, 4);
    let said = |run: &Run<'_>| run.witness.notes().join("\n");
    assert!(!said(&plain).contains("mixed with each other"));
    for (mixup, cutmix, how) in [
        (0.4, 0.0, "by mixup (alpha 0.4):"),
        (0.0, 1.0, "by CutMix (alpha 1):"),
        (0.4, 1.0, "drawn for each batch:"),
    ] {
        let run = trained(mixup, cutmix, 4);
        assert!(said(&run).contains(how), "{}", said(&run));
        assert_ne!(run.witness.epochs(), plain.witness.epochs());
    }
    let both = || trained(0.4, 1.0, 4).witness.epochs();
    assert_eq!(both(), both());
    // A batch of one has no partner, and learns what it learns unmixed.
    let (alone, mixed) = (trained(0.0, 0.0, 1), trained(0.4, 1.0, 1));
    for (a, b) in alone.witness.epochs().iter().zip(mixed.witness.epochs()) {
        assert!((a.train_loss - b.train_loss).abs() < 1e-3, "{a:?} {b:?}");
        assert_eq!(a.train_accuracy, b.train_accuracy);
    }
}

#[test]
fn cached_and_recomputed_features_give_the_same_numbers() {
    let pictures = pictures(2, [TRAIN, VALIDATION, TEST]);
    let request = request(&pictures, experiment(two_phases()));
    let cached = run(&request);
    let recomputed = run_with(&request, Witness::default(), Arc::default(), 0);
    let warnings = recomputed.witness.warnings();
    assert!(
        warnings
            .iter()
            .any(|text| text.contains("does not fit into memory")),
        "{warnings:?}"
    );
    // Four epochs, and in each phase a batch that told how large the output is; so did one before the test.
    let told = 2 * (whole(TRAIN) + whole(VALIDATION)) + whole(TEST);
    assert_eq!(recomputed.entered, told + 4 * (TRAIN + VALIDATION) + TEST);
    let pairs = cached
        .witness
        .epochs()
        .into_iter()
        .zip(recomputed.witness.epochs());
    let close = |a: f64, b: f64| (a - b).abs() < 1e-3 * a.abs().max(1e-3);
    for (cached, recomputed) in pairs {
        assert!(
            close(cached.train_loss, recomputed.train_loss),
            "{cached:?} {recomputed:?}"
        );
        let losses = (
            cached.validation_loss.unwrap(),
            recomputed.validation_loss.unwrap(),
        );
        assert!(close(losses.0, losses.1), "{cached:?} {recomputed:?}");
    }
}
