//! Every name that timm gives, against every name that torchvision gives: recorded from both.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::{Dialect, translate};
use crate::models::weights::fit::fits;

/// Names with their shapes.
type Shapes = BTreeMap<String, Vec<i64>>;

struct Recorded {
    own: Shapes,
    timm: Option<Shapes>,
}

fn recorded() -> BTreeMap<String, Recorded> {
    let text = include_str!("../../../../tests/golden/dialects.json");
    let all: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    all.into_iter()
        .filter(|(_, entry)| entry.get("own").is_some())
        .map(|(name, entry)| {
            let timm = entry.get("timm").map(flat);
            (
                name,
                Recorded {
                    own: flat(&entry["own"]),
                    timm,
                },
            )
        })
        .collect()
}

/// A tree of names to whole names.
fn flat(tree: &Value) -> Shapes {
    fn walk(node: &Value, name: &str, shapes: &mut Shapes) {
        match node {
            Value::String(shape) => {
                let sides = shape.split(',').filter(|side| !side.is_empty());
                shapes.insert(
                    name.into(),
                    sides.map(|side| side.parse().unwrap()).collect(),
                );
            }
            node => {
                for (part, inner) in node.as_object().unwrap() {
                    let name = if name.is_empty() {
                        part.clone()
                    } else {
                        format!("{name}.{part}")
                    };
                    walk(inner, &name, shapes);
                }
            }
        }
    }
    let mut shapes = Shapes::new();
    walk(tree, "", &mut shapes);
    shapes
}

fn translated(backbone: &str, own: &Shapes, names: &[&str]) -> (Dialect, Vec<String>) {
    let own: HashSet<&str> = own.keys().map(String::as_str).collect();
    translate(backbone, &own, names, false)
}

#[test]
fn every_name_of_timm_becomes_one_of_the_networks_of_the_same_numbers() {
    let mut seen = 0;
    for (backbone, Recorded { own, timm }) in recorded() {
        let Some(timm) = timm else { continue };
        seen += 1;
        let names: Vec<&str> = timm.keys().map(String::as_str).collect();
        let (dialect, renamed) = translated(&backbone, &own, &names);
        assert_eq!(
            (dialect.name, dialect.foreign),
            ("timm", true),
            "{backbone}"
        );
        let reached: HashSet<&String> = renamed.iter().collect();
        assert_eq!(reached.len(), own.len(), "{backbone}: one to one and onto");
        for (name, new) in names.iter().zip(&renamed) {
            let own = own
                .get(new)
                .unwrap_or_else(|| panic!("{backbone}: {name} became {new}"));
            let label = format!("{backbone}: {name} {:?} is {new} {own:?}", timm[*name]);
            assert!(fits(own, &timm[*name], dialect), "{label}");
        }
    }
    assert!(seen >= 16, "only {seen} networks of timm's are recorded");
}

#[test]
fn a_networks_own_names_stay() {
    for (backbone, Recorded { own, .. }) in recorded() {
        let names: Vec<&str> = own.keys().map(String::as_str).collect();
        let (dialect, renamed) = translated(&backbone, &own, &names);
        assert!(!dialect.foreign, "{backbone}");
        assert_eq!(renamed, names, "{backbone}");
    }
}

#[test]
fn a_vision_transformer_with_timms_names_takes_torchvisions() {
    let recorded = recorded();
    // The same twelve layers; the widths differ.
    let torchvision: Vec<&str> = recorded["vit_b_16"]
        .own
        .keys()
        .map(String::as_str)
        .collect();
    for backbone in ["vit_tiny_patch16_224", "vit_small_patch16_224"] {
        let own = &recorded[backbone].own;
        let (dialect, renamed) = translated(backbone, own, &torchvision);
        assert_eq!(dialect.name, "torchvision");
        let reached: HashSet<&String> = renamed.iter().collect();
        assert_eq!(reached, own.keys().collect(), "{backbone}");
    }
}

#[test]
fn names_of_torchvisions_early_files_are_understood() {
    let own: Shapes = ["denselayer1", "denselayer12"]
        .into_iter()
        .flat_map(|layer| {
            [
                "norm1.weight",
                "norm1.running_mean",
                "conv1.weight",
                "norm2.bias",
                "conv2.weight",
            ]
            .map(|inside| format!("features.denseblock1.{layer}.{inside}"))
        })
        .chain([
            "features.norm5.weight".into(),
            "features.norm0.weight".into(),
        ])
        .map(|name| (name, vec![1]))
        .collect();
    // torchvision's own pattern, backwards.
    let old: Vec<String> = own
        .keys()
        .map(|name| {
            let mut old = name.clone();
            if name.contains("denselayer") {
                for part in ["norm1", "norm2", "conv1", "conv2"] {
                    old = old.replace(part, &format!("{}.{}", &part[..4], &part[4..]));
                }
            }
            old
        })
        .collect();
    let names: Vec<&str> = old.iter().map(String::as_str).collect();
    assert!(names.contains(&"features.denseblock1.denselayer12.norm.1.weight"));
    let (_, renamed) = translated("densenet121", &own, &names);
    assert_eq!(renamed, own.keys().cloned().collect::<Vec<_>>());

    let recorded = recorded();
    let own = &recorded["vit_b_16"].own;
    let old: Vec<String> = own
        .keys()
        .map(|name| {
            name.replace("mlp.0.", "mlp.linear_1.")
                .replace("mlp.3.", "mlp.linear_2.")
        })
        .collect();
    let names: Vec<&str> = old.iter().map(String::as_str).collect();
    let (dialect, renamed) = translated("vit_b_16", own, &names);
    assert_eq!(dialect.name, "torchvision of 2022");
    assert_eq!(renamed, own.keys().cloned().collect::<Vec<_>>());
}

#[test]
fn features_that_were_saved_alone_are_understood() {
    let recorded = recorded();
    for backbone in ["vgg16", "mobilenet_v2", "convnext_tiny", "efficientnet_b0"] {
        let own = &recorded[backbone].own;
        let features: Vec<&str> = own
            .keys()
            .filter_map(|name| name.strip_prefix("features."))
            .collect();
        let (_, renamed) = translated(backbone, own, &features);
        let whole = own.keys().filter(|name| name.starts_with("features."));
        assert_eq!(renamed, whole.cloned().collect::<Vec<_>>(), "{backbone}");
    }
}

#[test]
fn numbers_that_mean_harm_do_none() {
    let own = Shapes::from([("features.0.0.weight".to_string(), vec![1])]);
    let huge = "blocks.99999999999999999999.1.conv_pw.weight";
    let large = "blocks.18446744073709551615.18446744073709551615.conv_pw.weight";
    for backbone in [
        "mobilenet_v2",
        "efficientnet_b0",
        "convnext_tiny",
        "vit_b_16",
        "densenet121",
    ] {
        let names = [
            "conv_stem.weight",
            huge,
            large,
            "blocks.",
            "blocks.1",
            "stem.",
            "{a}",
            "",
        ];
        let (_, renamed) = translated(backbone, &own, &names);
        assert_eq!(renamed.len(), names.len());
    }
}

#[test]
fn a_remedy_names_libraries_whose_files_are_read() {
    for (backbone, libraries) in [
        ("efficientnet_v2_s", "torchvision"),
        ("googlenet", "torchvision"),
        ("vit_small_patch14_reg4_dinov2", "timm"),
        ("mobilenetv4_conv_small", "timm"),
        ("regnety_016", "timm"),
        ("resnet18", "torchvision or timm"),
        ("efficientnet_b0", "torchvision or timm"),
    ] {
        assert_eq!(super::libraries(backbone), libraries, "{backbone}");
    }
}
