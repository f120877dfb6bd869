//! Frozen means frozen: weights and running statistics are bit-identical before and after.

use tch::{Device, Tensor};

use super::fixture::*;
use crate::experiment::{FreezePlan, NormPolicy};
use crate::models::freeze::frozen_leaves;
use crate::models::parameters::Role;
use crate::models::{self, catalogue};

/// What one entry of the backbone did in a run.
struct Change {
    name: String,
    role: Role,
    is_norm: bool,
    frozen: bool,
    changed: bool,
}

/// Trains `backbone` for one epoch under `plan` and compares every tensor.
fn changes(backbone: &str, plan: &FreezePlan, policy: NormPolicy) -> Vec<Change> {
    let info = catalogue::find(backbone).unwrap();
    let mut experiment = experiment(vec![phase(plan.clone(), 1)]);
    experiment.backbone.name = backbone.into();
    experiment.backbone.frozen_norm = policy;
    experiment.backbone.input_size = Some(info.input_range.0.max(32));
    let pictures = pictures(2, [4, 0, 0]);
    let run = run(&request(&pictures, experiment.clone()));
    run.result.unwrap();
    let after = run.witness.weights.last().unwrap();

    let before = models::build(backbone, experiment.seed, Device::Cpu).unwrap();
    let tree = before
        .tree(experiment.backbone.input_size.unwrap())
        .unwrap();
    let frozen = frozen_leaves(plan, &tree).unwrap();
    let leaves = tree.leaves();
    let base = before
        .parameters()
        .entries
        .iter()
        .filter(|entry| entry.leaf < leaves.len());
    base.map(|entry| {
        let (_, after) = after.iter().find(|(name, _)| *name == entry.name).unwrap();
        Change {
            name: format!("{backbone} {plan:?} {policy:?}: {}", entry.name),
            role: entry.role,
            is_norm: leaves[entry.leaf].kind.starts_with("BatchNorm"),
            frozen: frozen[entry.leaf],
            changed: !bits_equal(after, &entry.tensor),
        }
    })
    .collect()
}

fn bits_equal(a: &Tensor, b: &Tensor) -> bool {
    a.size() == b.size() && a.kind() == b.kind() && a.equal(b)
}

/// Every plan is tried on a plain network, one with TensorFlow's padding and a transformer.
const CLOSELY: [&str; 3] = ["resnet18", "efficientnet_lite0", "vit_tiny_patch16_224"];

/// The smallest of the other families. VGG is left out for the hundred million numbers of its
/// classifier, which every run must make; it has no kind of layer that the others lack.
const FAMILIES: [&str; 8] = [
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "densenet121",
    "googlenet",
    "inception_v3",
    "convnext_tiny",
    "eva02_small_patch14_336",
];

#[test]
fn frozen_layers_of_every_family_stay_bit_identical() {
    for backbone in CLOSELY {
        for plan in [
            FreezePlan::Backbone,
            FreezePlan::AllButLast(12),
            FreezePlan::Nothing,
        ] {
            check(backbone, &plan);
        }
    }
    for backbone in FAMILIES {
        check(backbone, &FreezePlan::AllButLast(12));
    }
}

fn check(backbone: &str, plan: &FreezePlan) {
    let changes = changes(backbone, plan, NormPolicy::Inference);
    for change in changes.iter().filter(|change| change.frozen) {
        assert!(!change.changed, "{} changed", change.name);
    }
    let trained = changes.iter().filter(|change| !change.frozen);
    let moved = trained.clone().filter(|change| change.changed).count();
    assert_eq!(
        moved == 0,
        *plan == FreezePlan::Backbone,
        "{backbone} {plan:?}"
    );
    assert!(
        2 * moved >= trained.count(),
        "{backbone} {plan:?}: {moved} moved"
    );
}

#[test]
fn every_backbone_can_be_frozen_in_part() {
    for info in catalogue::architectures() {
        let tree = models::outline(info.name, info.default_weights().input_size).unwrap();
        let count = tree.leaves().len();
        let frozen = |plan: &FreezePlan| {
            let frozen = frozen_leaves(plan, &tree).unwrap();
            assert_eq!(frozen.len(), count, "{}", info.name);
            frozen.into_iter().filter(|frozen| *frozen).count()
        };
        assert_eq!(frozen(&FreezePlan::Backbone), count);
        assert_eq!(frozen(&FreezePlan::AllButLast(7)), count - 7);
        for stage in &tree.stages {
            let custom = FreezePlan::Custom(stage.paths.clone());
            assert!(frozen(&custom) > 0, "{} {}", info.name, stage.title);
        }
        let last = tree.stages.last().unwrap();
        let below = frozen(&FreezePlan::Below(last.paths[0].clone()));
        assert!(below > 0 && below < count, "{}", info.name);
    }
}

#[test]
fn adapting_statistics_moves_nothing_but_statistics() {
    for change in changes(
        "resnet18",
        &FreezePlan::Backbone,
        NormPolicy::AdaptStatistics,
    ) {
        assert_eq!(
            change.changed,
            change.role == Role::Buffer,
            "{}",
            change.name
        );
    }
}

#[test]
fn training_frozen_norms_trains_nothing_but_norms() {
    let changes = changes("resnet18", &FreezePlan::Backbone, NormPolicy::Train);
    for change in &changes {
        assert!(!change.changed || change.is_norm, "{}", change.name);
    }
    let norms = changes.iter().filter(|change| change.is_norm);
    assert!(norms.clone().filter(|change| change.changed).count() * 10 > norms.count() * 9);
}

/// Path, whether it is a BatchNorm, whether it is frozen, and how far it moved, for every layer with
/// weights of a ResNet-18 that was trained for an epoch.
fn moved(plan: &FreezePlan, policy: NormPolicy) -> Vec<(String, bool, bool, f64)> {
    let mut experiment = experiment(vec![phase(plan.clone(), 1)]);
    experiment.backbone.frozen_norm = policy;
    let pictures = pictures(2, [4, 0, 0]);
    let outcome = run(&request(&pictures, experiment)).result.unwrap();
    let tree = models::outline("resnet18", SIDE).unwrap();
    let frozen = frozen_leaves(plan, &tree).unwrap();
    let with_weights: Vec<_> = tree
        .leaves()
        .into_iter()
        .zip(frozen)
        .filter(|(leaf, _)| leaf.parameters > 0)
        .collect();
    assert_eq!(outcome.movement.len(), with_weights.len());
    outcome
        .movement
        .iter()
        .zip(with_weights)
        .map(|(movement, (leaf, frozen))| {
            assert_eq!(movement.path, leaf.path);
            assert!(movement.initial_l2 > 0.0, "{}", leaf.path);
            let is_norm = leaf.kind.starts_with("BatchNorm");
            (leaf.path.clone(), is_norm, frozen, movement.relative_l2())
        })
        .collect()
}

#[test]
fn the_outcome_says_which_layers_moved_and_how_far() {
    let layers = moved(&FreezePlan::AllButLast(12), NormPolicy::Inference);
    for (path, _, frozen, relative) in &layers {
        assert_eq!(*frozen, *relative == 0.0, "{path} moved by {relative}");
        assert!(*relative < 10.0, "{path} moved by {relative}");
    }
    assert!(layers.iter().any(|(_, _, frozen, _)| *frozen));
    assert!(layers.iter().any(|(_, _, frozen, _)| !frozen));
}

#[test]
fn statistics_that_adapt_count_as_movement_of_their_layer() {
    for (path, is_norm, frozen, relative) in
        moved(&FreezePlan::Backbone, NormPolicy::AdaptStatistics)
    {
        assert!(frozen);
        assert_eq!(is_norm, relative > 0.0, "{path} moved by {relative}");
    }
}
