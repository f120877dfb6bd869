//! Every backbone, at a small size so that it takes no long time.

use super::{Made, difference, floats, logits_file, plain_head, run_whole};
use crate::models::catalogue;

/// As a share of the largest logit.
const MOST: f64 = 1e-4;

/// Learned numbers of a network that is written twice.
const SMALL: u64 = 15_000_000;

fn check(name: &str) {
    let info = catalogue::find(name).unwrap();
    let side = info.input_range.0.max(64);
    let made = Made::new(name, &plain_head(), side);
    let input = made.pictures(2);
    let expected = floats(&made.logits(&input).unwrap());
    let found = |keep_batch_norm| {
        let file = logits_file(made.network(keep_batch_norm), side);
        run_whole(&file, &made.shape(2), &floats(&input)).unwrap()
    };
    let folded = difference(&found(false), &expected);
    assert!(folded < MOST, "{name}: logits differ by {folded}");
    println!("{name}: {folded:.1e}");
    // Of every family there is one that takes no long time.
    if made.backbone.parameters().parameters() < SMALL {
        let kept = difference(&found(true), &expected);
        assert!(
            kept < MOST,
            "{name}: with its normalisations, logits differ by {kept}"
        );
    }
}

mod as_onnx {
    crate::models::test_every_backbone!(super::check);
}

/// What a network's weights are called in PyTorch, they are called in the file; where a normalisation is written into them, that
/// is said.
#[test]
fn weights_keep_their_names() {
    let made = Made::new("resnet18", &plain_head(), 64);
    let kept = made.network(true);
    for name in [
        "conv1.weight",
        "bn1.running_var",
        "layer4.1.conv2.weight",
        "head.output.bias",
    ] {
        assert!(kept.constants.contains_key(name), "{name}");
    }
    let norms = |graph: &super::Graph| {
        let nodes = graph.nodes.iter();
        nodes
            .filter(|node| node.operator == "BatchNormalization")
            .count()
    };
    assert_eq!(norms(&kept), 20);
    let folded = made.network(false);
    assert_eq!(norms(&folded), 0);
    assert!(folded.constants.contains_key("conv1.weight.folded"));
    assert!(!folded.constants.contains_key("conv1.weight"));
}

/// The operators' version is the least that has what the network needs.
#[test]
fn gelu_asks_for_a_later_version() {
    let plain = Made::new("mobilenet_v3_small", &plain_head(), 64).network(false);
    assert_eq!(plain.opset(), 18);
    let gelu = Made::new("vit_tiny_patch16_224", &plain_head(), 64).network(false);
    assert_eq!(gelu.opset(), 20);
}

/// Padding on one side alone is the convolution's own in ONNX.
#[test]
fn no_operator_only_pads() {
    let graph = Made::new("efficientnet_lite0", &plain_head(), 65).network(false);
    let has = |operator| graph.nodes.iter().any(|node| node.operator == operator);
    assert!(has("Conv") && !has("Pad") && !has("Transpose"));
}
