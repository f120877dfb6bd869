//! Every backbone against torchvision's recorded values, under weights filled by the formula of the
//! golden file, so that nothing is downloaded.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use tch::{Device, Kind, Tensor, no_grad, no_grad_guard};

use super::fold::FrozenPrefix;
use super::layers::{LeafMode, Pass};
use super::{Backbone, build, catalogue, outline, weights};
use crate::paths;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/backbones.json")).unwrap()
}

fn splitmix64(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// -1 to 1, by name and place.
fn noise(name: &str, count: usize) -> Vec<f64> {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    (0..count as u64)
        .map(|i| 2.0 * (splitmix64(seed.wrapping_add(i)) as f64 / 2f64.powi(64)) - 1.0)
        .collect()
}

fn fill(backbone: &mut dyn Backbone) {
    let _guard = no_grad_guard();
    for entry in &mut backbone.parameters_mut().entries {
        let (name, shape) = (&entry.name, entry.tensor.size());
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        let count = entry.tensor.numel();
        let fan_in = count as f64 / shape[0] as f64;
        let value = |r: f64| match name {
            name if name.ends_with("running_var") => 1.0 + 0.5 * r.abs(),
            name if name.ends_with("running_mean") => 0.1 * r,
            _ if shape.len() >= 2 => r * (6.0 / fan_in).sqrt(),
            name if name.ends_with("weight") => 1.0 + 0.1 * r,
            _ => 0.1 * r,
        };
        let values: Vec<f32> = noise(name, count)
            .into_iter()
            .map(|r| value(r) as f32)
            .collect();
        entry
            .tensor
            .copy_(&Tensor::from_slice(&values).view(shape.as_slice()));
    }
}

fn input(side: i64) -> Tensor {
    let values: Vec<f32> = noise("input", (6 * side * side) as usize)
        .into_iter()
        .map(|r| r as f32)
        .collect();
    Tensor::from_slice(&values).view([2, 3, side, side])
}

fn filled(name: &str) -> Box<dyn Backbone> {
    let mut backbone = build(name, 0, Device::Cpu).unwrap();
    fill(backbone.as_mut());
    backbone
}

fn logits(backbone: &dyn Backbone, x: &Tensor) -> Tensor {
    no_grad(|| {
        backbone
            .classify(
                &backbone.forward_features(x, &Pass::inference()).unwrap(),
                &Pass::inference(),
            )
            .unwrap()
    })
}

/// Within 1e-4 of the largest logit, and the length of all 1000.
fn check_logits(name: &str, found: &Tensor, rows: &Value, lengths: &Value) {
    let largest = found.abs().max().double_value(&[]);
    for (picture, row) in rows.as_array().unwrap().iter().enumerate() {
        for (class, expected) in row.as_array().unwrap().iter().enumerate() {
            let value = found.double_value(&[picture as i64, class as i64]);
            let error = (value - expected.as_f64().unwrap()).abs() / largest;
            assert!(error < 1e-4, "{name}: {value} and not {expected}");
        }
        let length = found
            .get(picture as i64)
            .to_kind(Kind::Double)
            .norm()
            .double_value(&[]);
        let expected = lengths[picture].as_f64().unwrap();
        assert!(
            (length / expected - 1.0).abs() < 1e-4,
            "{name}: {length} and not {expected}"
        );
    }
}

fn difference(left: &Tensor, right: &Tensor) -> f64 {
    (left - right).abs().max().double_value(&[]) / right.abs().max().double_value(&[])
}

#[test]
fn names_shapes_and_logits_are_torchvisions() {
    let golden = golden();
    for info in catalogue::architectures() {
        let backbone = filled(info.name);
        let expected = &golden[info.name];
        let found: Vec<Value> = backbone
            .parameters()
            .entries
            .iter()
            .map(|entry| serde_json::json!([entry.name, entry.tensor.size()]))
            .collect();
        assert_eq!(
            &Value::from(found),
            &expected["state_dict"],
            "{}",
            info.name
        );
        let x = input(expected["input_size"].as_i64().unwrap());
        check_logits(
            info.name,
            &logits(backbone.as_ref(), &x),
            &expected["logits"],
            &expected["logits_l2"],
        );
    }
}

#[test]
fn lite0_with_its_real_weights() {
    let info = catalogue::find("efficientnet_lite0").unwrap();
    let file = paths::weights().join(info.default_weights().file_name);
    if !file.is_file() {
        println!(
            "skipped: EfficientNet-Lite0's weights are not installed (cargo xtask setup): {}",
            file.display()
        );
        return;
    }
    let mut backbone = build(info.name, 0, Device::Cpu).unwrap();
    let report = weights::load(backbone.as_mut(), &file).unwrap();
    assert_eq!(report.loaded, backbone.parameters().entries.len());
    assert!(report.classifier && report.missing.is_empty() && report.unexpected.is_empty());
    let expected = &golden()[info.name];
    let found = logits(backbone.as_ref(), &input(224));
    check_logits(
        info.name,
        &found,
        &expected["pretrained_logits"],
        &expected["pretrained_logits_l2"],
    );
}

#[test]
fn folded_prefixes_give_the_same_features() {
    for info in catalogue::architectures() {
        let backbone = filled(info.name);
        // An odd side too: there TensorFlow's padding is asymmetric elsewhere.
        for side in [64, 75] {
            let x = input(side);
            let prefix = FrozenPrefix::new(backbone.as_ref(), 0..backbone.segments()).unwrap();
            let fast = prefix.forward(backbone.as_ref(), &x).unwrap();
            let plain = no_grad(|| backbone.forward_features(&x, &Pass::inference()).unwrap());
            assert!(difference(&fast, &plain) < 1e-4, "{} at {side}", info.name);
        }
    }
}

#[test]
fn segments_cover_the_leaves_and_stages_the_parameters() {
    for info in catalogue::architectures() {
        let backbone = build(info.name, 0, Device::Cpu).unwrap();
        let tree = backbone.tree(224).unwrap();
        let mut next = 0;
        for index in 0..backbone.segments() {
            let leaves = backbone.segment_leaves(index);
            assert_eq!(leaves.start, next);
            next = leaves.end;
        }
        let leaves = tree.leaves();
        assert_eq!(next, leaves.len());
        for entry in backbone
            .parameters()
            .entries
            .iter()
            .filter(|entry| entry.leaf < leaves.len())
        {
            assert!(
                entry
                    .name
                    .starts_with(&format!("{}.", leaves[entry.leaf].path)),
                "{}",
                entry.name
            );
        }
        let staged: u64 = tree.stages.iter().map(|stage| stage.parameters).sum();
        assert_eq!(staged, tree.root.parameters, "{}", info.name);
        assert!(
            leaves.iter().all(|leaf| !leaf.output_shape.is_empty()),
            "{}",
            info.name
        );
        assert_eq!(tree.root.output_shape, [backbone.features(), 7, 7]);
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

#[test]
fn norm_modes_move_what_they_should() {
    for info in catalogue::architectures() {
        let backbone = filled(info.name);
        let before: Vec<Tensor> = backbone
            .parameters()
            .entries
            .iter()
            .map(|entry| entry.tensor.copy())
            .collect();
        let unchanged = |backbone: &dyn Backbone| {
            backbone
                .parameters()
                .entries
                .iter()
                .zip(&before)
                .filter(|(entry, old)| entry.tensor.equal(old))
                .count()
        };
        let x = input(64);
        let leaves = backbone.segment_leaves(backbone.segments() - 1).end;
        let plain = no_grad(|| backbone.forward_features(&x, &Pass::inference()).unwrap());
        assert_eq!(
            unchanged(backbone.as_ref()),
            before.len(),
            "{}: frozen is frozen",
            info.name
        );
        let adapt = LeafMode {
            adapt_statistics: true,
            ..LeafMode::default()
        };
        // Leaf 1 is the first normalisation: it alone adapts, and the answer follows its statistics.
        let only_first = Pass {
            modes: vec![LeafMode::default(), adapt],
        };
        let adapted = no_grad(|| backbone.forward_features(&x, &only_first).unwrap());
        assert_eq!(
            before.len() - unchanged(backbone.as_ref()),
            3,
            "{}: mean, variance, count",
            info.name
        );
        let again = no_grad(|| backbone.forward_features(&x, &Pass::inference()).unwrap());
        assert!(
            again.equal(&adapted),
            "{}: normalised by the running statistics",
            info.name
        );
        let batch = LeafMode {
            batch_statistics: true,
            ..LeafMode::default()
        };
        let trained = no_grad(|| {
            backbone
                .forward_features(
                    &x,
                    &Pass {
                        modes: vec![batch; leaves],
                    },
                )
                .unwrap()
        });
        assert!(difference(&trained, &plain) > 1e-3, "{}", info.name);
        let buffers = before.len() - unchanged(backbone.as_ref());
        let norms = backbone
            .parameters()
            .entries
            .iter()
            .filter(|entry| entry.name.ends_with("running_mean"));
        assert_eq!(
            buffers,
            3 * norms.count(),
            "{}: mean, variance and count of each",
            info.name
        );
    }
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
