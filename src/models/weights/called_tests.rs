//! Which weights of timm's a file is taken for, which it is refused as, and what is said where it stays in doubt.

use super::*;
use crate::models::catalogue;

fn dialect(name: &'static str) -> Dialect {
    Dialect {
        name,
        foreign: name == "timm",
        variance_shift: 0.0,
    }
}

fn timm_of(
    backbone: &str,
    names: &'static str,
    path: &str,
    architecture: Option<&str>,
) -> Option<&'static str> {
    let info = catalogue::find(backbone).unwrap();
    let called = Called::new(Path::new(path), architecture);
    called
        .timm(info, dialect(names))
        .map(|weights| weights.name)
}

fn doubts(
    backbone: &str,
    names: &'static str,
    path: &str,
    architecture: Option<&str>,
) -> Result<Vec<String>, String> {
    let info = catalogue::find(backbone).unwrap();
    Called::new(Path::new(path), architecture).doubts(info, dialect(names))
}

#[test]
fn a_file_in_timms_names_gets_timms_preprocessing() {
    let hub = "/h/models--timm--resnet50.ra_in1k/snapshots/0/model.safetensors";
    for (backbone, names, path, architecture, expected) in [
        (
            "mobilenet_v2",
            "timm",
            "/x/w.pth",
            None,
            "mobilenetv2_100.ra_in1k",
        ),
        (
            "mobilenet_v3_large",
            "timm",
            "/x/mobilenetv3_large_100.ra4_e3600_r224_in1k.safetensors",
            None,
            "mobilenetv3_large_100.ra4_e3600_r224_in1k",
        ),
        (
            "efficientnet_lite0",
            "timm",
            "/x/tf_efficientnet_lite0-0aa007d2.pth",
            None,
            "tf_efficientnet_lite0.in1k",
        ),
        ("resnet50", "torchvision", hub, None, "resnet50.ra_in1k"),
        (
            "resnet50",
            "torchvision",
            "/x/w.pth",
            Some("resnet50.a1_in1k"),
            "resnet50.a1_in1k",
        ),
        // With other separators, in a clone of the repository, and as the published file is called.
        (
            "resnet18",
            "torchvision",
            "/x/resnet18_a1_in1k.safetensors",
            None,
            "resnet18.a1_in1k",
        ),
        (
            "resnet18",
            "torchvision",
            "/x/resnet18.a1_in1k/pytorch_model.bin",
            None,
            "resnet18.a1_in1k",
        ),
        (
            "resnet50",
            "torchvision",
            "/x/resnet50_ram-a26f946b.pth",
            None,
            "resnet50.ram_in1k",
        ),
        (
            "resnet18",
            "torchvision",
            "/x/gluon_resnet18_v1b.pth",
            None,
            "resnet18.gluon_in1k",
        ),
        (
            "convnext_tiny",
            "timm",
            "/x/convnext_tiny.in12k_ft_in1k_384.pth",
            None,
            "convnext_tiny.in12k_ft_in1k_384",
        ),
        (
            "vit_small_patch16_224",
            "other",
            "/x/vit_small_patch16_224.dino.safetensors",
            None,
            "vit_small_patch16_224.dino",
        ),
        // The same networks of other training, and of other sizes.
        (
            "vit_tiny_patch16_224",
            "timm",
            "/x/deit_tiny_patch16_224.fb_in1k.safetensors",
            None,
            "deit_tiny_patch16_224.fb_in1k",
        ),
        (
            "vit_tiny_patch16_224",
            "timm",
            "/x/deit_tiny_patch16_224-a1311bcf.pth",
            None,
            "deit_tiny_patch16_224.fb_in1k",
        ),
        (
            "vit_b_16",
            "timm",
            "/x/best.pth",
            Some("deit_base_patch16_384"),
            "deit_base_patch16_384.fb_in1k",
        ),
        (
            "vit_tiny_patch16_224",
            "timm",
            "/x/vit_tiny_patch16_384.augreg_in21k_ft_in1k.safetensors",
            None,
            "vit_tiny_patch16_384.augreg_in21k_ft_in1k",
        ),
    ] {
        let taken = timm_of(backbone, names, path, architecture);
        assert_eq!(taken, Some(expected), "{path} {architecture:?}");
        let said = doubts(backbone, names, path, architecture).unwrap();
        assert!(
            !said.iter().any(|said| said.contains("guess")),
            "{path}: {said:?}"
        );
    }
    for (backbone, path, architecture) in [
        ("mobilenet_v2", "/x/w.pth", None),
        ("resnet50", "/x/resnet50.pth", Some("resnet50")),
        // Of a person's own, and of another network.
        ("resnet50", "/x/resnet50_c1.pth", None),
        ("resnet18", "/x/tf_resnet18.a1_in1k.pth", None),
        ("mobilenet_v2", "/x/mobilenetv2_100.pth", None),
    ] {
        let taken = timm_of(backbone, "torchvision", path, architecture);
        assert_eq!(taken, None, "{path}");
    }
}

#[test]
fn another_network_of_the_same_names_is_refused() {
    let tf = "/c/models--timm--tf_efficientnet_b0.in1k/snapshots/0/model.safetensors";
    for (backbone, names, path, architecture, expected) in [
        ("efficientnet_b0", "timm", tf, None, "TensorFlow"),
        (
            "efficientnet_b0",
            "timm",
            "/x/w.pth",
            Some("tf_efficientnet_b0"),
            "TensorFlow",
        ),
        (
            "efficientnet_b0",
            "timm",
            "/x/w.pth",
            Some("timm/tf_efficientnet_b0.in1k"),
            "TensorFlow",
        ),
        (
            "efficientnet_b0",
            "timm",
            "/x/my_tf_efficientnet_b0.pth",
            None,
            "TensorFlow",
        ),
        (
            "efficientnet_b0",
            "timm",
            "/x/tf_efficientnet_b0_ns/model.safetensors",
            None,
            "TensorFlow",
        ),
        (
            "mobilenet_v3_large",
            "timm",
            "/x/w.pth",
            Some("tf_mobilenetv3_large_100"),
            "without tf_",
        ),
        (
            "efficientnet_lite0",
            "timm",
            "/c/models--timm--efficientnet_lite0.ra_in1k/snapshots/0/model.safetensors",
            None,
            "begins with tf_",
        ),
        (
            "resnet18",
            "torchvision",
            "/x/w.pth",
            Some("resnetblur18"),
            "blurs",
        ),
        (
            "resnet50",
            "torchvision",
            "/x/resnetaa50.a1h_in1k.safetensors",
            None,
            "blurs",
        ),
        (
            "resnet18",
            "torchvision",
            "/c/models--timm--resnetblur18.ra/snapshots/x/model.safetensors",
            None,
            "blurs",
        ),
        (
            "mobilenetv4_conv_medium",
            "timm",
            "/x/mobilenetv4_conv_blur_medium.e500_r224_in1k.safetensors",
            None,
            "blurs",
        ),
    ] {
        let error = doubts(backbone, names, path, architecture).unwrap_err();
        assert!(error.contains(expected), "{path}: {error}");
        assert!(error.contains("take "), "with a remedy: {error}");
    }
}

#[test]
fn what_the_file_says_of_itself_comes_before_its_folders() {
    let own = "/c/models--timm--efficientnet_b0.ra_in1k/snapshots/0/model.safetensors";
    for (path, architecture) in [
        (own, None),
        (
            "/x/compare_with_tf_efficientnet_b0/efficientnet_b0.ra_in1k.safetensors",
            None,
        ),
        (
            "/x/compare_with_tf_efficientnet_b0/w.pth",
            Some("efficientnet_b0"),
        ),
        ("/x/tf_efficientnet_b0.pth", Some("efficientnet_b0")),
    ] {
        let said = doubts("efficientnet_b0", "timm", path, architecture);
        assert_eq!(said, Ok(Vec::new()), "{path}");
    }
    for path in ["/x/model.safetensors", "/x/efficientnet_b0.pth"] {
        let said = doubts("efficientnet_b0", "timm", path, None).unwrap();
        assert!(said[0].contains("of the plain one"), "{said:?}");
        let said = doubts("efficientnet_lite0", "timm", path, None).unwrap();
        assert!(said[0].contains("of the tf_ one"), "{said:?}");
    }
    let lite = doubts(
        "efficientnet_lite0",
        "timm",
        "/x/tf_efficientnet_lite0.pth",
        None,
    );
    assert_eq!(lite, Ok(Vec::new()));
    // torchvision's have no twin.
    let tf = doubts(
        "efficientnet_b0",
        "torchvision",
        "/x/tf_efficientnet_b0.pth",
        None,
    );
    assert_eq!(tf, Ok(Vec::new()));
}

#[test]
fn another_name_of_the_network_is_remarked() {
    for (backbone, architecture) in [
        ("resnet18", "resnet34"),
        ("resnet18", "wide_resnet50_2"),
        ("resnet18", "cbam_resnet18"),
        ("vit_tiny_patch16_224", "vit_small_patch16_224"),
    ] {
        let said = doubts(backbone, "own", "/x/w.pth", Some(architecture)).unwrap();
        let expected = format!("the file calls its network “{architecture}”, which is no name of");
        assert!(said.iter().any(|said| said.contains(&expected)), "{said:?}");
    }
    let hub = "/c/models--facebook--dino-vits16/snapshots/0/pytorch_model.bin";
    let said = doubts("vit_small_patch16_224", "timm", hub, None).unwrap();
    assert!(
        said[0].contains("folder calls its network “dino-vits16”"),
        "{said:?}"
    );
    assert!(said[1].contains("a guess"), "{said:?}");
    for (backbone, architecture) in [
        ("resnet18", "resnet18"),
        ("resnet18", "ResNet18"),
        ("resnet18", "ResNet"),
        ("resnet18", "timm/resnet18.my_own"),
        ("resnet18", "resnet18-of-cats"),
        ("resnet50", "tv_resnet50"),
        ("mobilenet_v2", "mobilenetv2_100"),
        ("efficientnet_b0", "efficientnet-b0"),
        ("efficientnet_b0", "EfficientNet"),
        ("vit_small_patch16_224", "vit_small"),
        ("vit_small_patch16_224", "VisionTransformer"),
        ("vit_b_16", "ViT-B/16"),
    ] {
        let said = doubts(backbone, "own", "/x/w.pth", Some(architecture));
        assert_eq!(said, Ok(Vec::new()), "{architecture}");
    }
}

#[test]
fn a_name_like_timms_that_is_not_recorded_makes_the_preprocessing_a_guess() {
    for (backbone, path) in [
        ("resnet18", "/x/resnet18.d4_in1k.safetensors"),
        ("resnet18", "/x/my_resnet18_a1_in1k.pth"),
        (
            "resnet18",
            "/c/models--timm--resnet18.some_new/snapshots/0/model.safetensors",
        ),
        ("vit_tiny_patch16_224", "/x/deit_tiny_mine.pth"),
    ] {
        let said = doubts(backbone, "own", path, None).unwrap();
        assert!(
            said.iter()
                .any(|said| said.contains("what is taken is a guess")),
            "{path}: {said:?}"
        );
    }
    for (backbone, path) in [
        ("resnet18", "/x/best.pth"),
        ("resnet18", "/x/dino_resnet18.pth"),
        ("vit_tiny_patch16_224", "/x/vit_tiny_patch16_224.pth"),
    ] {
        let said = doubts(backbone, "own", path, None);
        assert_eq!(said, Ok(Vec::new()), "{path}");
    }
    // Published files are in the catalogue.
    for info in catalogue::architectures() {
        for weights in info.weights {
            let said = doubts(info.name, "own", weights.file_name, None);
            assert_eq!(said, Ok(Vec::new()), "{}", weights.file_name);
        }
    }
}
