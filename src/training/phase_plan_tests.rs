//! Plans over a small made-up backbone: stem (conv, norm), two blocks (conv, norm, dropout).

use tch::{Device, Kind, Tensor};

use super::{Anatomy, PhasePlan, rate_factors, unknown_paths};
use crate::experiment::{BackboneConfig, LayerRates, NormPolicy, TrainedNorm};
use crate::models::parameters::{ParameterEntry, ParameterStore, Role};
use crate::models::tree::{LayerNode, LayerTree, StageSummary};

fn node(path: &str, kind: &str, children: Vec<LayerNode>) -> LayerNode {
    LayerNode {
        path: path.into(),
        name: path.rsplit('.').next().unwrap_or_default().into(),
        kind: kind.into(),
        detail: String::new(),
        output_shape: vec![],
        parameters: 0,
        multiply_adds: 0,
        children,
    }
}

fn block(path: &str) -> LayerNode {
    let leaf = |name: &str, kind: &str| node(&format!("{path}.{name}"), kind, vec![]);
    node(
        path,
        "Block",
        vec![
            leaf("conv", "Conv2d"),
            leaf("bn", "BatchNorm2d"),
            leaf("drop", "Dropout"),
        ],
    )
}

fn tree() -> LayerTree {
    let stage = |title: &str, path: &str| StageSummary {
        title: title.into(),
        paths: vec![path.into()],
        output_shape: vec![],
        parameters: 0,
    };
    LayerTree {
        backbone: "made-up".into(),
        input_size: 32,
        root: node(
            "",
            "Net",
            vec![block("stem"), block("layer1"), block("layer10")],
        ),
        stages: vec![
            stage("Stem", "stem"),
            stage("1", "layer1"),
            stage("10", "layer10"),
        ],
        classifier_parameters: 7,
        features: 4,
    }
}

/// Weight of 10 per convolution; weight of 2 and a running mean per norm; a classifier of 7.
fn store() -> ParameterStore {
    let mut entries = Vec::new();
    let mut push = |name: String, count: i64, role, leaf| {
        let tensor = Tensor::zeros([count], (Kind::Float, Device::Cpu));
        entries.push(ParameterEntry {
            name,
            tensor,
            role,
            leaf,
        });
    };
    for (block, path) in ["stem", "layer1", "layer10"].iter().enumerate() {
        push(
            format!("{path}.conv.weight"),
            10,
            Role::Parameter,
            block * 3,
        );
        push(
            format!("{path}.bn.weight"),
            2,
            Role::Parameter,
            block * 3 + 1,
        );
        push(
            format!("{path}.bn.running_mean"),
            2,
            Role::Buffer,
            block * 3 + 1,
        );
    }
    push("fc.weight".into(), 7, Role::Parameter, 9);
    ParameterStore { entries }
}

fn plan(frozen: [bool; 9], frozen_norm: NormPolicy, trained_norm: TrainedNorm) -> PhasePlan {
    let (tree, store) = (tree(), store());
    let config = BackboneConfig {
        frozen_norm,
        trained_norm,
        ..BackboneConfig::default()
    };
    let anatomy = Anatomy {
        tree: &tree,
        store: &store,
        segments: &[0..3, 3..6, 6..9],
    };
    PhasePlan::new(&frozen, &config, &LayerRates::Uniform, &anatomy)
}

const ALL: [bool; 9] = [true; 9];
const LAST_BLOCK: [bool; 9] = [true, true, true, true, true, true, false, false, false];
const LAST_LEAVES: [bool; 9] = [true, true, true, true, true, true, true, false, false];

#[test]
fn the_cut_stands_before_the_first_segment_that_may_change() {
    let check = |frozen, policy, cut, trained: usize, moving: usize| {
        let plan = plan(frozen, policy, TrainedNorm::Train);
        let got = (plan.cut, plan.trained.len(), plan.moving.len());
        assert_eq!(got, (cut, trained, moving), "{frozen:?} {policy:?}");
    };
    check(ALL, NormPolicy::Inference, 3, 0, 0);
    check(ALL, NormPolicy::AdaptStatistics, 0, 0, 3);
    check(ALL, NormPolicy::Train, 0, 3, 3);
    check(LAST_BLOCK, NormPolicy::Inference, 2, 2, 1);
    check(LAST_BLOCK, NormPolicy::AdaptStatistics, 0, 2, 3);
    check(LAST_LEAVES, NormPolicy::Inference, 2, 1, 1);
    check([false; 9], NormPolicy::Inference, 0, 6, 3);
}

#[test]
fn every_leaf_behaves_as_its_policy_says() {
    let inference = plan(LAST_BLOCK, NormPolicy::Inference, TrainedNorm::Inference);
    assert!(!inference.normalizes_by_batch && inference.moving.is_empty());
    assert!(inference.pass.modes.iter().all(|mode| !mode.dropout));
    let train = plan(LAST_BLOCK, NormPolicy::Inference, TrainedNorm::Train);
    assert!(train.pass.modes[8].dropout && !train.pass.modes[2].dropout);
    let adapt = plan(LAST_BLOCK, NormPolicy::AdaptStatistics, TrainedNorm::Train);
    assert!(adapt.pass.modes[1].adapt_statistics && !adapt.pass.modes[1].batch_statistics);
    assert!(adapt.pass.modes[7].batch_statistics && !adapt.pass.modes[7].adapt_statistics);
    assert!(
        !adapt.pass.modes[0].batch_statistics,
        "a convolution has no statistics"
    );
    assert!(adapt.normalizes_by_batch);
}

#[test]
fn parameters_are_counted_without_classifier_and_statistics() {
    let plan = plan(LAST_BLOCK, NormPolicy::Inference, TrainedNorm::Train);
    assert_eq!(
        (plan.trainable_parameters, plan.frozen_parameters),
        (12, 24)
    );
}

#[test]
fn rates_follow_depth_or_path() {
    let tree = tree();
    let stage_factors = |rates: LayerRates, frozen: [bool; 9]| {
        let factors = rate_factors(&rates, &frozen, &tree);
        [factors[0], factors[3], factors[6]]
    };
    let close = |got: [f64; 3], want: [f64; 3]| {
        assert!(
            got.iter()
                .zip(want)
                .all(|(got, want)| (got - want).abs() < 1e-12),
            "{got:?}, not {want:?}"
        );
    };
    let by_depth = LayerRates::ByDepth { lowest: 0.01 };
    close(
        stage_factors(by_depth.clone(), [false; 9]),
        [0.01, 0.1, 1.0],
    );
    let first_frozen = [true, true, true, false, false, false, false, false, false];
    close(
        stage_factors(by_depth.clone(), first_frozen),
        [0.01, 0.01, 1.0],
    );
    close(stage_factors(by_depth, LAST_BLOCK), [1.0, 1.0, 1.0]);
    close(stage_factors(LayerRates::Backbone(0.2), ALL), [0.2; 3]);
    let custom = LayerRates::Custom(vec![
        ("layer1".into(), 0.5),
        ("layer1.conv".into(), 0.25),
        ("nope".into(), 3.0),
    ]);
    close(stage_factors(custom.clone(), ALL), [1.0, 0.25, 1.0]);
    assert_eq!(rate_factors(&custom, &ALL, &tree)[4], 0.5);
    assert_eq!(unknown_paths(&custom, &tree), ["nope"]);
}
