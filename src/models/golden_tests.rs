//! Every backbone against the values that tests/record_backbones.py took from its reference, under
//! weights filled by the formula of the golden file, so that nothing is downloaded.

mod steps;

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use tch::{Device, Kind, Tensor, no_grad};

use super::fold::FrozenPrefix;
use super::layers::{LeafMode, Pass};
use super::parameters::{ParameterEntry, Role};
use super::parity::{self, ReferenceLogits, TOLERANCE, logits, pictures};
use super::{Backbone, build, catalogue, outline, weights};
use crate::paths;
use steps::{Step, norm_modes, training_steps};

/// What is recorded of one backbone, beside its logits at its own size.
#[derive(Deserialize)]
struct Golden {
    /// Names and shapes.
    state_dict: Value,
    /// Path and kind of each leaf of the layer tree.
    leaves: Vec<(String, String)>,
    other: OtherSize,
    step: Step,
    /// Mean and deviation of every parameter of a new network.
    #[serde(default)]
    new: Vec<(f64, f64)>,
    pretrained_logits: Option<Vec<Vec<f64>>>,
    pretrained_logits_l2: Option<Vec<f64>>,
}

/// Logits at a size that the weights were not made for.
#[derive(Deserialize)]
struct OtherSize {
    side: i64,
    #[serde(flatten)]
    logits: ReferenceLogits,
}

fn golden(name: &str) -> Golden {
    static FILE: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../tests/golden/backbones.json")).unwrap()
    });
    Golden::deserialize(&FILE[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The largest difference as a share of the largest value.
fn difference(left: &Tensor, right: &Tensor) -> f64 {
    (left - right).abs().max().double_value(&[]) / right.abs().max().double_value(&[])
}

/// All that is asked of a backbone, with one filled network: filling a large one takes its time.
fn check(name: &str) {
    let golden = golden(name);
    let network = parity::filled(name, Device::Cpu).unwrap();
    names_and_shapes(network.as_ref(), &golden);
    layer_tree(network.as_ref(), &golden);
    let reference = parity::reference(name).unwrap();
    let own = logits(
        network.as_ref(),
        &pictures(2, reference.input_size).unwrap(),
    )
    .unwrap();
    let error = reference.logits.error(&own).unwrap();
    assert!(error < TOLERANCE, "{name}: logits differ by {error}");
    let x = pictures(2, golden.other.side).unwrap();
    let other = logits(network.as_ref(), &x).unwrap();
    let error = golden.other.logits.error(&other).unwrap();
    let side = golden.other.side;
    assert!(
        error < TOLERANCE,
        "{name} at {side}: logits differ by {error}"
    );
    folded_prefix(network.as_ref(), &[side, golden.step.side]);
    norm_modes(network.as_ref(), golden.step.side);
    training_steps(network.as_ref(), &golden.step);
}

/// A test of each backbone, which gives its name to `$check`; and one that none is forgotten.
macro_rules! test_every_backbone {
    ($check:path) => {
        $crate::models::test_every_backbone!(
            $check:
            efficientnet_lite0,
            efficientnet_lite1,
            efficientnet_lite2,
            mobilenet_v2,
            mobilenet_v3_small,
            mobilenet_v3_large,
            mobilenetv4_conv_small,
            mobilenetv4_conv_medium,
            efficientnet_b0,
            efficientnet_b1,
            efficientnet_b2,
            efficientnet_b3,
            efficientnet_b4,
            efficientnet_v2_s,
            resnet18,
            resnet34,
            resnet50,
            resnet101,
            resnet152,
            regnety_016,
            densenet121,
            googlenet,
            inception_v3,
            vgg16,
            vgg16_bn,
            vgg19,
            vgg19_bn,
            convnext_nano,
            convnext_tiny,
            vit_tiny_patch16_224,
            vit_small_patch16_224,
            vit_small_patch16_dinov3,
            vit_small_patch14_reg4_dinov2,
            eva02_small_patch14_336,
            vit_b_16,
            vit_base_patch16_siglip_gap_224,
            vit_base_patch14_reg4_dinov2,
        );
    };
    ($check:path: $($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                $check(stringify!($name));
            }
        )*

        #[test]
        fn none_is_forgotten() {
            let known: Vec<&str> = $crate::models::catalogue::architectures()
                .iter()
                .map(|info| info.name)
                .collect();
            assert_eq!([$(stringify!($name)),*], known.as_slice());
        }
    };
}
pub(crate) use test_every_backbone;

mod equals_its_reference {
    super::test_every_backbone!(super::check);
}

fn names_and_shapes(network: &dyn Backbone, golden: &Golden) {
    let found: Vec<Value> = network
        .parameters()
        .entries
        .iter()
        .map(|entry| serde_json::json!([entry.name, entry.tensor.size()]))
        .collect();
    assert_eq!(
        Value::from(found),
        golden.state_dict,
        "{}",
        network.info().name
    );
}

/// The tree's leaves are the reference's, each holds what its segment and the store say, and
/// shapes are those of a real pass.
fn layer_tree(network: &dyn Backbone, golden: &Golden) {
    let name = network.info().name;
    let side = golden.step.side;
    let tree = network.tree(side as u32).unwrap();
    let leaves = tree.leaves();
    let found: Vec<(String, String)> = leaves
        .iter()
        .map(|leaf| (leaf.path.clone(), leaf.kind.clone()))
        .collect();
    assert_eq!(found, golden.leaves, "{name}");
    let mut next = 0;
    for index in 0..network.segments() {
        let leaves = network.segment_leaves(index);
        assert_eq!(leaves.start, next, "{name}");
        next = leaves.end;
    }
    assert_eq!(next, leaves.len(), "{name}");
    let mut parameters = vec![0; leaves.len()];
    for entry in &network.parameters().entries {
        let Some(leaf) = leaves.get(entry.leaf) else {
            assert!(!entry.is_in_base() && tree.find(&entry.name).is_none());
            continue;
        };
        let rest = entry.name.strip_prefix(&leaf.path);
        assert!(
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            "{name}: {} and {}",
            entry.name,
            leaf.path
        );
        if entry.role == Role::Parameter {
            parameters[entry.leaf] += entry.tensor.numel() as u64;
        }
    }
    for (leaf, parameters) in leaves.iter().zip(parameters) {
        assert_eq!(leaf.parameters, parameters, "{name}: {}", leaf.path);
        assert!(!leaf.output_shape.is_empty(), "{name}: {}", leaf.path);
    }
    let staged: u64 = tree.stages.iter().map(|stage| stage.parameters).sum();
    assert_eq!(staged, tree.root.parameters, "{name}");
    let (least, most) = network.info().input_range;
    for side in [511, 512] {
        assert_eq!(
            network.tree(side).unwrap().root.output_shape[0],
            network.features()
        );
    }
    assert!(network.tree(least - 1).is_err() && network.tree(most + 1).is_err());
    for side in [least, least + 1] {
        let tree = network.tree(side).unwrap();
        let x = pictures(1, side.into()).unwrap();
        let features = no_grad(|| network.forward_features(&x, &Pass::inference())).unwrap();
        assert_eq!(features.size()[1], network.features(), "{name}");
        assert_eq!(
            features.size()[1..],
            tree.root.output_shape,
            "{name} at {side}"
        );
        assert_eq!(
            features.isfinite().all().int64_value(&[]),
            1,
            "{name} at {side}"
        );
    }
}

/// How far bf16 may move features, as a share of their length. A weight or a sum that is left out moves them further.
const ROUNDING: f64 = 0.05;

fn folded_prefix(network: &dyn Backbone, sides: &[i64]) {
    for side in sides {
        let x = pictures(2, *side).unwrap();
        let prefix = FrozenPrefix::new(network, 0..network.segments()).unwrap();
        let fast = prefix.forward(network, &x).unwrap();
        let plain = no_grad(|| network.forward_features(&x, &Pass::inference()).unwrap());
        assert!(
            difference(&fast, &plain) < TOLERANCE,
            "{} at {side}",
            network.info().name
        );
        let prefix = FrozenPrefix::rounded(network, 0..network.segments(), Kind::BFloat16).unwrap();
        let rounded = prefix.forward(network, &x).unwrap();
        assert_eq!(rounded.kind(), Kind::BFloat16);
        let length = |x: &Tensor| x.to_kind(Kind::Float).norm().double_value(&[]);
        let moved = length(&(&plain - rounded)) / length(&plain);
        assert!(
            moved < ROUNDING,
            "{} at {side}: {moved}",
            network.info().name
        );
    }
}

/// Mean and deviation of each parameter are those of the reference's own new network, as far as
/// chance allows.
#[test]
fn new_networks_begin_as_their_references_do() {
    let mut seen = 0;
    for info in catalogue::architectures() {
        let expected = golden(info.name).new;
        if expected.is_empty() {
            continue;
        }
        seen += 1;
        let network = build(info.name, 3, Device::Cpu).unwrap();
        let learned: Vec<&ParameterEntry> = network
            .parameters()
            .entries
            .iter()
            .filter(|entry| entry.role == Role::Parameter)
            .collect();
        assert_eq!(learned.len(), expected.len(), "{}", info.name);
        for (entry, (mean, deviation)) in learned.iter().zip(expected) {
            let values = entry.tensor.to_kind(Kind::Double);
            let found = values.mean(Kind::Double).double_value(&[]);
            let spread = (&values - found).square().mean(Kind::Double).sqrt();
            let spread = spread.double_value(&[]);
            let chance = 8.0 * deviation / (values.numel() as f64).sqrt();
            let exact = 1e-3 * mean.abs().max(deviation) + 1e-12;
            assert!(
                (found - mean).abs() <= chance + exact
                    && (spread - deviation).abs() <= chance + exact,
                "{} {}: mean {found} and not {mean}, deviation {spread} and not {deviation}",
                info.name,
                entry.name
            );
        }
    }
    assert!(seen >= 11, "only {seen} networks are recorded anew");
}

#[test]
fn efficientnet_lite_drops_branches_where_dropout_is_on() {
    let network = parity::filled("efficientnet_lite0", Device::Cpu).unwrap();
    // What is drawn here must not come between another test's draws.
    let _generator = super::init::seeded(0);
    let x = pictures(4, 64).unwrap();
    let leaves = network.segment_leaves(network.segments() - 1).end;
    let run = |dropout: bool| {
        let mode = LeafMode {
            dropout,
            ..LeafMode::default()
        };
        let pass = Pass {
            modes: vec![mode; leaves],
        };
        no_grad(|| network.forward_features(&x, &pass).unwrap())
    };
    assert!(run(false).equal(&run(false)));
    assert!(!run(true).equal(&run(true)), "some branch is left out");
}

#[test]
fn stochastic_depth_rises_and_acts_only_where_it_is_asked_to() {
    for (name, first, last) in [
        ("efficientnet_b0", "0.000", "0.188"),
        ("convnext_tiny", "0.000", "0.100"),
    ] {
        let network = parity::filled(name, Device::Cpu).unwrap();
        let tree = network.tree(64).unwrap();
        let leaves = tree.leaves();
        let is_depth = |kind: &str| kind == "StochasticDepth";
        let shares: Vec<&str> = leaves
            .iter()
            .filter(|leaf| is_depth(&leaf.kind))
            .map(|leaf| leaf.detail.as_str())
            .collect();
        assert_eq!((shares[0], shares[shares.len() - 1]), (first, last));
        assert!(shares.is_sorted(), "{shares:?}");
        let _generator = super::init::seeded(0);
        let x = pictures(4, 64).unwrap();
        let run = |modes: Vec<LeafMode>| {
            no_grad(|| network.forward_features(&x, &Pass { modes }).unwrap())
        };
        let plain = run(Vec::new());
        assert!(run(vec![LeafMode::default(); leaves.len()]).equal(&plain));
        let dropout = |on: bool| LeafMode {
            dropout: on,
            ..LeafMode::default()
        };
        let elsewhere = leaves.iter().map(|leaf| dropout(!is_depth(&leaf.kind)));
        assert!(run(elsewhere.collect()).equal(&plain), "{name}");
        let there: Vec<LeafMode> = leaves
            .iter()
            .map(|leaf| dropout(is_depth(&leaf.kind)))
            .collect();
        let differs = (0..5).any(|_| !run(there.clone()).equal(&plain));
        assert!(differs, "{name}");
    }
}

#[test]
fn efficientnet_lite_with_its_real_weights() {
    for info in catalogue::architectures() {
        let golden = golden(info.name);
        let (Some(logits), Some(lengths)) = (golden.pretrained_logits, golden.pretrained_logits_l2)
        else {
            continue;
        };
        let expected = ReferenceLogits { logits, lengths };
        let file = paths::weights().join(info.default_weights().file_name);
        if !file.is_file() {
            println!(
                "skipped: the weights of {} are not on this machine: {}",
                info.title,
                file.display()
            );
            continue;
        }
        let mut network = build(info.name, 0, Device::Cpu).unwrap();
        let report = weights::load(network.as_mut(), &file).unwrap();
        assert_eq!(report.loaded, network.parameters().entries.len());
        assert!(report.classifier && report.missing.is_empty() && report.unexpected.is_empty());
        let x = pictures(2, info.default_weights().input_size.into()).unwrap();
        let found = parity::logits(network.as_ref(), &x).unwrap();
        let error = expected.error(&found).unwrap();
        assert!(error < TOLERANCE, "{}: {error}", info.name);
    }
}

#[test]
fn tree_of_resnet50_by_hand() {
    let tree = outline("resnet50", 224).unwrap();
    let block = tree.find("layer3.0").unwrap();
    let children: Vec<&str> = block
        .children
        .iter()
        .map(|child| child.name.as_str())
        .collect();
    assert_eq!(
        children,
        [
            "conv1",
            "bn1",
            "conv2",
            "bn2",
            "conv3",
            "bn3",
            "relu",
            "downsample"
        ]
    );
    assert_eq!(
        (block.kind.as_str(), block.output_shape.as_slice()),
        ("Bottleneck", &[1024, 14, 14][..])
    );
    let conv = tree.find("layer3.0.conv2").unwrap();
    assert_eq!(
        (conv.parameters, conv.multiply_adds),
        (589_824, 589_824 * 14 * 14)
    );
    assert_eq!(conv.detail, "3 × 3, 256 → 256, stride 2");
    assert!(outline("resnet50", 8).is_err() && outline("resnet5", 224).is_err());
}

/// cargo test --release -p graft frozen_prefix_speed -- --ignored --nocapture
#[test]
#[ignore = "a measurement"]
fn frozen_prefix_speed() {
    for info in catalogue::architectures() {
        let backbone = build(info.name, 0, Device::Cpu).unwrap();
        let x = Tensor::rand([32, 3, 224, 224], (Kind::Float, Device::Cpu));
        let prefix = FrozenPrefix::new(backbone.as_ref(), 0..backbone.segments()).unwrap();
        let rate = |run: &dyn Fn()| {
            run();
            let start = std::time::Instant::now();
            run();
            run();
            64.0 / start.elapsed().as_secs_f64()
        };
        let plain =
            rate(&|| no_grad(|| drop(backbone.forward_features(&x, &Pass::inference()).unwrap())));
        let folded = rate(&|| drop(prefix.forward(backbone.as_ref(), &x).unwrap()));
        println!(
            "{}: {plain:.1} pictures/s plain, {folded:.1} folded and channels-last",
            info.name
        );
    }
}
