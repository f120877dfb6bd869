//! Networks numbered by their indices, folds, optimizers' moments, parts of files, and what stands beside a network.

use super::*;
use crate::models::weights::report::LoadReport;

/// What is said of a file at `path` that does not fit.
fn refusal(backbone: &str, names: Names, path: &str) -> String {
    let found = checkpoint(&[("", names)], float);
    let outline = outline(backbone);
    let reading = Reading::new(&found);
    let refused = resolve(&outline, &reading, None).err().unwrap();
    misfit::describe(&outline, &reading, refused.fit.as_ref(), Path::new(path))
}

fn report(backbone: &str, dictionaries: &[(&str, Names)]) -> LoadReport {
    let found = checkpoint(dictionaries, float);
    let taken = taken_of(backbone, &found, None).unwrap();
    LoadReport::new(&taken, &outline(backbone), &found)
}

/// As `nn.Sequential(*network.children())` names ResNet's layers.
fn numbered(names: Names) -> Names {
    let indices = [
        ("conv1.", "0."),
        ("bn1.", "1."),
        ("layer1.", "4."),
        ("layer2.", "5."),
        ("layer3.", "6."),
        ("layer4.", "7."),
        ("fc.", "9."),
    ];
    let renamed = |name: String| {
        let index = indices.iter().find(|(layer, _)| name.starts_with(layer));
        index.map_or(name.clone(), |(layer, index)| {
            name.replacen(layer, index, 1)
        })
    };
    names
        .into_iter()
        .map(|(name, shape)| (renamed(name), shape))
        .collect()
}

#[test]
fn a_network_that_is_numbered_by_its_indices_is_read() {
    let whole = report("resnet18", &[("", numbered(own("resnet18")))]);
    assert!(whole.classifier && whole.unexpected.is_empty(), "{whole:?}");
    assert!(whole.dialect.contains("nn.Sequential"));
    // fastai: the body, and a head of its own.
    let fastai = [
        under("0.", numbered(base("resnet18"))),
        one("1.2.weight", &[1024]),
        one("1.4.weight", &[512, 1024]),
        one("1.8.weight", &[2, 512]),
    ];
    let fastai = report(
        "resnet18",
        &[("", one("x", &[1])), ("model", fastai.concat())],
    );
    assert_eq!(fastai.inside.as_deref(), Some("model.0"));
    assert!(!fastai.classifier);
    assert_eq!(fastai.elsewhere.len(), 3, "{:?}", fastai.elsewhere);
    let beside = [
        under("features.", numbered(base("resnet50"))),
        one("fc.weight", &[1000, 2048]),
        one("fc.bias", &[1000]),
    ];
    assert!(report("resnet50", &[("", beside.concat())]).classifier);
    // A deeper one is still not it, nor is one with more at its end.
    let deeper = refusal("resnet18", numbered(own("resnet34")), "w.pth");
    assert!(deeper.contains("they fit ResNet-34"), "{deeper}");
    let more = [
        numbered(base("resnet18")),
        one("8.attention.weight", &[512, 512]),
    ];
    let more = refusal("resnet18", more.concat(), "w.pth");
    assert!(more.contains("“8.attention.weight”"), "{more}");
}

#[test]
fn features_that_were_saved_alone_are_read() {
    for backbone in ["mobilenet_v2", "densenet121", "convnext_tiny"] {
        let features: Names = own(backbone)
            .into_iter()
            .filter_map(|(name, shape)| Some((name.strip_prefix("features.")?.to_owned(), shape)))
            .collect();
        let numbered = under("0.", features.clone());
        for (names, key) in [(features, None), (numbered, Some("0"))] {
            let found = checkpoint(&[("", names)], float);
            match taken_of(backbone, &found, None) {
                Ok(taken) => assert_eq!(taken.fit.key, key.unwrap_or_default(), "{backbone}"),
                // torchvision's ConvNeXt has its last normalisation in the classifier.
                Err(error) => assert!(
                    backbone == "convnext_tiny" && error.contains("classifier.0.weight is missing"),
                    "{backbone}: {error}"
                ),
            }
        }
    }
}

#[test]
fn what_an_optimizer_remembers_is_no_network() {
    let vit = || own("vit_tiny_patch16_224");
    let beside = [
        ("", one("epoch", &[1])),
        ("model", vit()),
        ("optimizer.exp_avg", vit()),
        ("optimizer.exp_avg_sq", vit()),
    ];
    assert_eq!(
        key_of("vit_tiny_patch16_224", &beside, None).unwrap(),
        "model"
    );
    for path in ["exp_avg", "momentum_buffer", "optimizer_state_dict.state"] {
        let error = key_of("vit_tiny_patch16_224", &[(path, vit())], None).unwrap_err();
        assert!(error.contains("what an optimizer remembers"), "{error}");
        assert!(error.contains("torch.save(model.state_dict()"), "{error}");
    }
}

#[test]
fn networks_that_are_kept_by_numbers_are_chosen_by_them() {
    let folds = [
        ("folds.0.model", base("resnet18")),
        ("folds.1.model", base("resnet18")),
    ];
    let error = key_of("resnet18", &folds, None).unwrap_err();
    assert!(
        error.contains("“folds.0.model” or “folds.1.model”"),
        "{error}"
    );
    let taken = key_of("resnet18", &folds, Some("folds.1.model")).unwrap();
    assert_eq!(taken, "folds.1.model");
    let folds = [("0", base("resnet18")), ("1", base("resnet18"))];
    assert_eq!(key_of("resnet18", &folds, Some("0")).unwrap(), "0");
}

#[test]
fn one_remedy_stands_at_the_end() {
    let names = base("resnet18");
    let part = refusal(
        "resnet18",
        names[..40].to_vec(),
        "/x/model-00001-of-00002.safetensors",
    );
    assert!(
        part.contains("one of 2 files") && part.contains("save_file"),
        "{part}"
    );
    let lora = [own("resnet18"), one("conv1.lora_A.weight", &[8, 3])].concat();
    let lora = refusal("resnet18", lora, "w.pth");
    assert!(lora.contains("merge_and_unload"), "{lora}");
    let strange = refusal("resnet18", one("conv1/weight", &[64, 3, 7, 7]), "w.pth");
    let short = refusal("resnet18", names[..40].to_vec(), "w.pth");
    for (text, remedies) in [(&part, 0), (&lora, 0), (&strange, 1), (&short, 1)] {
        assert_eq!(
            text.matches("take a file of this network").count(),
            remedies,
            "{text}"
        );
    }
}

#[test]
fn heads_are_told_from_what_stands_elsewhere_in_the_file() {
    let detector = [
        under("backbone.body.", base("resnet18")),
        one("backbone.fpn.inner_blocks.0.0.weight", &[256, 64, 1, 1]),
        one("rpn.head.conv.0.0.weight", &[256, 256, 3, 3]),
        one("roi_heads.box_head.fc6.weight", &[8, 16]),
        one("input_proj.weight", &[3, 1, 1, 1]),
        one("fc.weight", &[10, 512]),
        one("projection_head.0.weight", &[128, 512]),
    ];
    let detector = report("resnet18", &[("", detector.concat())]);
    assert_eq!(
        detector.elsewhere,
        [
            "backbone.fpn.inner_blocks.0.0.weight",
            "input_proj.weight",
            "rpn.head.conv.0.0.weight",
        ]
    );
    for head in ["projection_head.0.weight", "roi_heads.box_head.fc6.weight"] {
        let is_head = |name: &String| name == head;
        assert!(detector.unexpected.iter().any(is_head), "{head}");
    }
    let adapters = [
        own("vit_tiny_patch16_224"),
        one("adapters_proj.0.down.weight", &[10, 192]),
    ];
    let adapters = refusal("vit_tiny_patch16_224", adapters.concat(), "w.pth");
    assert!(
        adapters.contains("“adapters_proj.0.down.weight”"),
        "{adapters}"
    );
    // A second network, whole.
    let byol = [
        under("online_encoder.", own("resnet18")),
        under("target_encoder.", own("resnet18")),
    ];
    let byol = report("resnet18", &[("", byol.concat())]);
    assert_eq!(byol.unexpected, byol.elsewhere);
    let fc = "target_encoder.fc.weight".to_owned();
    assert!(byol.elsewhere.contains(&fc), "{:?}", byol.elsewhere);
}

#[test]
fn positions_of_another_picture_size_are_remarked() {
    let with = |tokens: i64| {
        let mut names = own("vit_tiny_patch16_224");
        let positions = names.iter_mut().find(|(name, _)| name == "pos_embed");
        positions.unwrap().1 = vec![1, tokens, 192];
        report("vit_tiny_patch16_224", &[("", names)]).remarks
    };
    assert_eq!(with(197), Vec::<String>::new());
    assert!(with(577)[0].contains("pictures of 384 pixels (24 x 24 patches and not 14 x 14)"));
    assert!(with(145)[0].contains("pictures of 192 pixels"));
}
