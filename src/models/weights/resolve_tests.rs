//! Checkpoints as people have them, by their names and shapes: which network is found in them, and which is not.

mod odd_files;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::misfit;
use super::outline::Outline;
use super::pickle::{ElementType, Storage, TensorView};
use super::resolve::{Reading, Refused, Taken, resolve};
use super::tensors::{FileTensor, FoundTensors, Numbers, Unread};
use super::weight_file::WeightFile;
use crate::models::catalogue;

/// Names and shapes.
type Names = Vec<(String, Vec<i64>)>;

fn outline(backbone: &str) -> Outline {
    Outline::named(catalogue::find(backbone).unwrap()).unwrap()
}

fn own(backbone: &str) -> Names {
    outline(backbone)
        .entries
        .into_iter()
        .map(|entry| (entry.name, entry.shape))
        .collect()
}

fn base(backbone: &str) -> Names {
    let mut names = own(backbone);
    names.retain(|(name, _)| !name.starts_with("fc.") && !name.starts_with("head"));
    names
}

fn under(prefix: &str, names: Names) -> Names {
    names
        .into_iter()
        .map(|(name, shape)| (format!("{prefix}{name}"), shape))
        .collect()
}

fn one(name: &str, shape: &[i64]) -> Names {
    vec![(name.to_owned(), shape.to_vec())]
}

/// A file of these dictionaries: their paths, and the tensors in them. Nobody reads its numbers.
fn checkpoint(
    dictionaries: &[(&str, Names)],
    element: impl Fn(&str) -> ElementType,
) -> FoundTensors {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"numbers").unwrap();
    let file = Arc::new(WeightFile::open(file.path()).unwrap());
    let mut found = FoundTensors::default();
    let mut start = 0;
    for (path, names) in dictionaries {
        let dictionary = found.dictionaries.len();
        found.dictionaries.push((*path).to_owned());
        for (name, shape) in names {
            let name = match *path {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            let count: i64 = shape.iter().product();
            let length = count.unsigned_abs();
            let sides: Vec<u64> = shape.iter().map(|side| side.unsigned_abs()).collect();
            let mut strides = vec![1; sides.len()];
            for axis in (1..sides.len()).rev() {
                strides[axis - 1] = strides[axis] * sides[axis];
            }
            let view = TensorView {
                storage: Storage {
                    element: element(&name),
                    key: String::new(),
                    length,
                },
                offset: 0,
                shape: sides,
                strides,
            };
            start += length;
            found.tensors.push(FileTensor {
                name,
                dictionary,
                shape: shape.clone(),
                numbers: Numbers::new(&file, start, length, &view).unwrap(),
            });
        }
    }
    found
}

fn float(name: &str) -> ElementType {
    if name.ends_with("num_batches_tracked") {
        ElementType::Long
    } else {
        ElementType::Float
    }
}

/// The key that is taken, or the sentence that refuses.
fn taken_of(backbone: &str, found: &FoundTensors, key: Option<&str>) -> Result<Taken, String> {
    let outline = outline(backbone);
    let reading = Reading::new(found);
    resolve(&outline, &reading, key).map_err(|refused| {
        let Refused { reason, fit } = *refused;
        reason.unwrap_or_else(|| {
            misfit::describe(&outline, &reading, fit.as_ref(), Path::new("w.pth"))
        })
    })
}

fn key_of(
    backbone: &str,
    dictionaries: &[(&str, Names)],
    key: Option<&str>,
) -> Result<String, String> {
    let found = checkpoint(dictionaries, float);
    taken_of(backbone, &found, key).map(|taken| taken.fit.key)
}

#[test]
fn whatever_stands_before_the_names_is_found_and_said() {
    for prefix in [
        "",
        "encoder.",
        "base_model.",
        "module.encoder_q.",
        "teacher.backbone.",
        "backbone.0.body.",
        "student_model.some_name_of_ones_own.",
        "0.",
        "model.net.feature_extractor.trunk.",
    ] {
        let names = [under(prefix, base("resnet18")), one("fc.weight", &[7, 512])].concat();
        let key = key_of("resnet18", &[("", names.clone())], None).unwrap();
        assert_eq!(key, prefix.trim_end_matches('.'), "{prefix}");
        let key = key_of(
            "resnet18",
            &[("", one("optimizer.x", &[3])), ("state_dict", names)],
            None,
        )
        .unwrap();
        assert_eq!(
            key,
            format!("state_dict.{prefix}").trim_end_matches('.'),
            "{prefix}"
        );
    }
}

#[test]
fn wrappers_inside_and_before_are_nothing_to_speak_of() {
    for prefix in [
        "module.",
        "_orig_mod.",
        "module._orig_mod.",
        "_orig_mod.module.",
    ] {
        let names = under(prefix, own("resnet18"));
        assert_eq!(
            key_of("resnet18", &[("", names)], None).unwrap(),
            "",
            "{prefix}"
        );
    }
    // `model.features = DataParallel(model.features)`, as the ImageNet example of PyTorch saves VGG.
    let names: Names = own("vgg16")
        .into_iter()
        .map(|(name, shape)| (name.replace("features.", "features.module."), shape))
        .collect();
    assert_eq!(
        key_of("vgg16", &[("state_dict", names)], None).unwrap(),
        "state_dict"
    );
    // Two tensors never get one name.
    let both = [own("resnet18"), under("module.", own("resnet18"))].concat();
    let error = key_of("resnet18", &[("", both)], None).unwrap_err();
    assert!(error.contains("2 times"), "{error}");
}

#[test]
fn a_classifier_may_stand_beside_its_base() {
    let names = [
        under("backbone.", base("resnet18")),
        one("fc.weight", &[1000, 512]),
        one("fc.bias", &[1000]),
    ]
    .concat();
    let found = checkpoint(&[("state_dict", names)], float);
    let taken = taken_of("resnet18", &found, None).unwrap();
    assert_eq!(taken.fit.key, "state_dict.backbone");
    assert!(taken.fit.missing.is_empty(), "the classifier is found");
}

#[test]
fn of_two_networks_convention_takes_one_or_the_person_does() {
    let r = || base("resnet18");
    let pair = |one: &str, other: &str| vec![("", [under(one, r()), under(other, r())].concat())];
    for (one, other, taken) in [
        ("module.encoder_q.", "module.encoder_k.", "module.encoder_q"),
        (
            "student.module.backbone.",
            "teacher.backbone.",
            "teacher.backbone",
        ),
        ("base_encoder.", "momentum_encoder.", "base_encoder"),
        ("online_network.", "target_network.", "online_network"),
        ("backbone.", "backbone_momentum.", "backbone"),
    ] {
        assert_eq!(key_of("resnet18", &pair(one, other), None).unwrap(), taken);
        let found = checkpoint(&pair(one, other), float);
        let took = taken_of("resnet18", &found, None).unwrap();
        assert!(took.convention.is_some() && took.others.len() == 1, "{one}");
        // A person may say otherwise.
        let wanted = other.trim_end_matches('.');
        assert_eq!(
            key_of("resnet18", &pair(one, other), Some(wanted)).unwrap(),
            wanted
        );
    }
    let dino = [
        ("student", under("module.backbone.", r())),
        ("teacher", under("backbone.", r())),
    ];
    assert_eq!(key_of("resnet18", &dino, None).unwrap(), "teacher.backbone");
    assert_eq!(
        key_of("resnet18", &dino, Some("student.backbone")).unwrap(),
        "student.module.backbone"
    );
    for (one, other) in [
        ("model.", "ema_model."),
        ("rgb.", "flow."),
        ("a.b.", "a.c."),
    ] {
        let error = key_of("resnet18", &pair(one, other), None).unwrap_err();
        let (one, other) = (one.trim_end_matches('.'), other.trim_end_matches('.'));
        for expected in [
            "2 times",
            &format!("“{one}”"),
            &format!("“{other}”"),
            "File(path: …, key: …)",
        ] {
            assert!(error.contains(expected), "{error}");
        }
        let pair = vec![(
            "",
            [
                under(&format!("{one}."), r()),
                under(&format!("{other}."), r()),
            ]
            .concat(),
        )];
        assert_eq!(key_of("resnet18", &pair, Some(other)).unwrap(), other);
    }
    let both = [("model", r()), ("ema", r())];
    assert!(
        key_of("resnet18", &both, None)
            .unwrap_err()
            .contains("“ema” or “model”")
    );
    assert_eq!(key_of("resnet18", &both, Some("ema")).unwrap(), "ema");
    let error = key_of("resnet18", &both, Some("teacher")).unwrap_err();
    assert!(
        error.contains("no network under the key “teacher”; it fits under “ema” or “model”"),
        "{error}"
    );
}

#[test]
fn one_network_under_two_keys_is_one() {
    let mut found = checkpoint(&[("model", base("resnet18"))], float);
    let again: Vec<FileTensor> = found
        .tensors
        .iter()
        .map(|tensor| FileTensor {
            name: tensor.name.replacen("model", "net", 1),
            ..tensor.clone()
        })
        .collect();
    found.tensors.extend(again);
    assert!(taken_of("resnet18", &found, None).is_ok());
}

#[test]
fn layers_that_the_network_lacks_do_not_fit() {
    let without_head = |backbone| base(backbone);
    let with = |more: Names| [own("resnet18"), more].concat();
    for (names, expected) in [
        (
            own("resnet34"),
            vec![
                "belong to layers that it lacks",
                "“layer1.2.",
                "they fit ResNet-34 (resnet34)",
            ],
        ),
        (
            without_head("resnet34"),
            vec!["they fit ResNet-34 (resnet34)"],
        ),
        (
            under("module.", own("resnet34")),
            vec!["they fit ResNet-34 (resnet34)"],
        ),
        (
            with(one("layer1.0.se.fc1.weight", &[4, 64, 1, 1])),
            vec!["“layer1.0.se.fc1.weight”"],
        ),
        (with(one("layer1.0.gamma", &[64])), vec!["“layer1.0.gamma”"]),
        (with(one("conv1.bias", &[64])), vec!["“conv1.bias”"]),
        (
            with(one("layer1.0.conv1.lora_A.weight", &[8, 64])),
            vec!["LoRA", "merge_and_unload"],
        ),
        (with(one("conv1.weight_scale", &[1])), vec!["quantised"]),
        (
            with(one("attention_pool.weight", &[64, 64])),
            vec!["“attention_pool.weight”"],
        ),
        (own("resnet50"), vec!["they fit ResNet-50 (resnet50)"]),
        (own("resnet152"), vec!["they fit ResNet-152 (resnet152)"]),
    ] {
        let error = key_of("resnet18", &[("", names)], None).unwrap_err();
        for expected in expected {
            assert!(error.contains(expected), "{error}");
        }
    }
    // A deeper network of the same blocks, and one of other widths.
    assert!(
        key_of("resnet50", &[("", own("resnet101"))], None)
            .unwrap_err()
            .contains("ResNet-101")
    );
    assert!(
        key_of("vgg16", &[("", own("vgg19"))], None)
            .unwrap_err()
            .contains("VGG-19")
    );
    let error = key_of("efficientnet_b0", &[("", own("efficientnet_b1"))], None).unwrap_err();
    assert!(error.contains("EfficientNet-B1"), "{error}");
    let error = key_of(
        "vit_tiny_patch16_224",
        &[("", own("vit_small_patch16_224"))],
        None,
    )
    .unwrap_err();
    assert!(error.contains("ViT-Small/16"), "{error}");
}

#[test]
fn vision_transformers_with_more_than_the_plain_one_do_not_fit() {
    let vit = || own("vit_tiny_patch16_224");
    for (more, expected) in [
        (one("reg_token", &[1, 4, 192]), "“reg_token”"),
        (one("blocks.0.ls1.gamma", &[192]), "“blocks.0.ls1.gamma”"),
        (one("dist_token", &[1, 1, 192]), "“dist_token”"),
        (one("norm_pre.weight", &[192]), "“norm_pre.weight”"),
        (
            one("blocks.0.attn.q_norm.weight", &[64]),
            "“blocks.0.attn.q_norm.weight”",
        ),
        (one("rope.periods", &[16]), "“rope.periods”"),
    ] {
        let error = key_of(
            "vit_tiny_patch16_224",
            &[("", [vit(), more].concat())],
            None,
        )
        .unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let mae = [
        vit(),
        one("mask_token", &[1, 1, 192]),
        one("decoder_embed.weight", &[512, 192]),
        one("decoder_blocks.0.norm1.weight", &[512]),
    ];
    assert_eq!(
        key_of("vit_tiny_patch16_224", &[("model", mae.concat())], None).unwrap(),
        "model"
    );
    let clip = [
        one("visual.ln_pre.weight", &[768]),
        one("visual.transformer.resblocks.0.ln_1.weight", &[768]),
    ];
    let error = key_of("vit_b_16", &[("", clip.concat())], None).unwrap_err();
    assert!(error.contains("CLIP"), "{error}");
    let face = one(
        "vit.encoder.layer.0.attention.attention.query.weight",
        &[192, 192],
    );
    let error = key_of("vit_tiny_patch16_224", &[("", face)], None).unwrap_err();
    assert!(error.contains("Hugging Face"), "{error}");
    let v2: Names = own("convnext_tiny")
        .into_iter()
        .filter(|(name, _)| !name.ends_with("layer_scale"))
        .chain(one("features.1.0.block.grn.weight", &[384]))
        .collect();
    let error = key_of("convnext_tiny", &[("", v2)], None).unwrap_err();
    assert!(error.contains("layer_scale is missing"), "{error}");
}

#[test]
fn whole_numbers_and_what_is_no_tensor_are_no_weights() {
    let bytes = |name: &str| match name.contains("conv") {
        true => ElementType::Char,
        false => float(name),
    };
    let found = checkpoint(&[("", own("resnet18"))], bytes);
    let error = taken_of("resnet18", &found, None).map(|_| ()).unwrap_err();
    assert!(
        error.contains("conv1.weight holds whole numbers of 8 bits"),
        "{error}"
    );
    let mut found = checkpoint(&[("", own("resnet18"))], float);
    found.tensors.retain(|tensor| tensor.name != "conv1.weight");
    found.unread.push(Unread {
        name: "conv1.weight".into(),
        why: "is of “numpy.ndarray” and no tensor".into(),
        is_tensor: false,
    });
    let error = taken_of("resnet18", &found, None).map(|_| ()).unwrap_err();
    assert!(
        error.contains("conv1.weight is of “numpy.ndarray” and no tensor"),
        "{error}"
    );
    // Beside the network, it disturbs nobody.
    let mut found = checkpoint(&[("", own("resnet18"))], float);
    found.unread.push(Unread {
        name: "curve".into(),
        why: "is of “numpy.ndarray” and no tensor".into(),
        is_tensor: false,
    });
    assert!(taken_of("resnet18", &found, None).is_ok());
}

#[test]
fn every_network_of_the_catalogue_fits_its_own_names_and_no_other() {
    for info in catalogue::architectures() {
        let found = checkpoint(&[("", own(info.name))], float);
        assert_eq!(
            taken_of(info.name, &found, None)
                .map(|taken| taken.fit.key)
                .unwrap(),
            "",
            "{}",
            info.name
        );
        let reading = Reading::new(&found);
        assert_eq!(
            misfit::fitting(&outline(info.name), &reading),
            Vec::<String>::new(),
            "{}",
            info.name
        );
    }
}

#[test]
fn an_optimizer_and_other_dictionaries_hold_no_layers() {
    let found = [
        ("", one("best", &[1])),
        ("model", own("resnet18")),
        (
            "optimizer.state",
            one("layer1.0.conv1.exp_avg", &[64, 64, 3, 3]),
        ),
        ("scheduler", one("base_lrs", &[1])),
    ];
    assert_eq!(key_of("resnet18", &found, None).unwrap(), "model");
    // On top, beside an optimizer.
    let found = [("", own("resnet18")), ("opt", one("layer1.0.x", &[1]))];
    assert_eq!(key_of("resnet18", &found, None).unwrap(), "");
    // And beside its own average.
    let found = [("", own("resnet18")), ("ema", own("resnet18"))];
    assert!(
        key_of("resnet18", &found, None)
            .unwrap_err()
            .contains("2 times")
    );
}
