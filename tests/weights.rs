//! Weights from the command line: listed, fetched, checked, used.

use std::collections::HashMap;
use std::path::Path;

use safetensors::SafeTensors;
use serde_json::Value;

use crate::cli::{Home, json};

#[path = "../src/models/download/server.rs"]
pub mod server;

use server::{Answer, Server};

/// ResNet-18 as it is initialised, as a state_dict, with the classifier or without.
pub fn resnet18(path: &Path, with_classifier: bool) -> HashMap<String, Vec<f32>> {
    let backbone = graft::models::build("resnet18", 5, tch::Device::Cpu).unwrap();
    let entries: Vec<(&str, &tch::Tensor)> = backbone
        .parameters()
        .entries
        .iter()
        .filter(|entry| with_classifier || !entry.name.starts_with("fc."))
        .map(|entry| (entry.name.as_str(), &entry.tensor))
        .collect();
    tch::Tensor::write_safetensors(&entries, path).unwrap();
    entries
        .iter()
        .filter(|(name, _)| name.starts_with("fc."))
        .map(|(name, tensor)| {
            (
                name.to_string(),
                Vec::try_from(tensor.flatten(0, -1)).unwrap(),
            )
        })
        .collect()
}

fn text(output: &std::process::Output) -> (String, String) {
    (
        String::from_utf8(output.stdout.clone()).unwrap(),
        String::from_utf8(output.stderr.clone()).unwrap(),
    )
}

#[test]
fn every_file_is_listed_with_its_place() {
    let home = Home::new();
    let list = json(&home.printed(&["weights", "list", "--json"]));
    let list = list.as_array().unwrap();
    let backbones = json(&home.printed(&["backbones", "--json"]));
    for backbone in backbones.as_array().unwrap() {
        let of: Vec<&Value> = list
            .iter()
            .filter(|entry| entry["backbone"] == backbone["name"])
            .collect();
        let defaults = of.iter().filter(|entry| entry["default"] == true).count();
        assert_eq!(defaults, 1, "{backbone}");
        assert!(
            of.iter().all(|entry| entry["path"].is_null()),
            "nothing is here yet"
        );
        assert!(
            of.iter()
                .all(|entry| entry["licence"].as_str().is_some_and(|l| !l.is_empty()))
        );
    }
    // What torch has fetched is found.
    let cache = home.path().join("cache/torch/hub/checkpoints");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("resnet18-f37072fd.pth"), b"cut").unwrap();
    let list = json(&home.printed(&["weights", "list", "--json"]));
    let here: Vec<&Value> = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| !entry["path"].is_null())
        .collect();
    assert_eq!(here.len(), 1);
    assert!(
        here[0]["path"]
            .as_str()
            .unwrap()
            .ends_with("resnet18-f37072fd.pth")
    );
    let table = home.printed(&["weights", "list"]);
    assert!(
        table.contains("not downloaded") && table.contains("resnet18-f37072fd.pth"),
        "{table}"
    );
}

#[test]
fn a_download_that_fails_says_why_and_goes_on_next_time() {
    let home = Home::new();
    let whole: Vec<u8> = (0..300_000u32).map(|i| i as u8).collect();
    let server = Server::new(move |ask| match ask.range_start() {
        None => Answer::new(200, &whole[..100_000])
            .with("ETag", "\"a\"")
            .claiming(whole.len() as u64),
        Some(_) => Answer::file(ask, &whole, "\"a\""),
    });
    let mirror = server.url();
    let fetch = ["weights", "fetch", "resnet18", "--mirror", &mirror];
    let message = home.refused(&fetch, 1);
    assert!(
        message.contains("/models/resnet18-f37072fd.pth"),
        "{message}"
    );
    assert!(
        message.contains("the connection ended before the file did"),
        "{message}"
    );
    let by_hand = home.path().join("home/weights/resnet18-f37072fd.pth");
    assert!(
        message.trim_end().ends_with(by_hand.to_str().unwrap()),
        "{message}"
    );
    // The rest comes, but the whole is not the published file.
    let message = home.refused(&fetch, 1);
    assert!(message.contains("SHA-256"), "{message}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].range_start(), Some(100_000));
    let folder = home.path().join("cache/torch/hub/checkpoints");
    assert_eq!(
        std::fs::read_dir(folder).unwrap().count(),
        0,
        "no part is taken for the whole"
    );
}

#[test]
fn a_name_that_is_not_published_is_refused_with_those_that_are() {
    let home = Home::new();
    let message = home.refused(&["weights", "fetch", "resnet18:IMAGENET1K_V7"], 1);
    assert!(message.contains("resnet18 has IMAGENET1K_V1"), "{message}");
    let message = home.refused(&["weights", "fetch", "resnet5"], 1);
    assert!(message.contains("no backbone named “resnet5”"), "{message}");
    let message = home.refused(&["weights", "fetch", "efficientnet_lite0"], 1);
    assert!(message.contains("run its set-up"), "{message}");

    home.pictures(4);
    let preset = home.preset("Named");
    let preset = preset.to_str().unwrap();
    let set = "backbone.weights=Named(\"IMAGENET1K_V7\")";
    let message = home.refused(&["run", preset, "--out", "runs", "--set", set], 1);
    assert!(
        message.contains("efficientnet_lite0 has IMAGENET1K"),
        "{message}"
    );
    assert!(!home.path().join("runs").exists());
}

#[test]
fn a_proxy_is_asked_for_what_is_not_on_this_machine() {
    let home = Home::new();
    let proxy = Server::new(|ask| match ask.method.as_str() {
        "CONNECT" => Answer::new(200, b""),
        _ => Answer::new(404, b""),
    });
    let fetch = [
        "weights",
        "fetch",
        "resnet18",
        "--mirror",
        "http://weights.invalid",
    ];
    let output = home.graft_with(&fetch, &[("HTTP_PROXY", &proxy.url())]);
    let (_, message) = text(&output);
    assert!(message.contains("there is no such file"), "{message}");
    let asked = proxy.asked();
    assert!(
        asked.iter().any(|ask| ask.path.contains("weights.invalid")),
        "{asked:?}"
    );
}

#[test]
fn a_run_fetches_what_is_missing_and_says_so() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Pretrained");
    let server = Server::new(|_| Answer::new(404, b""));
    let run = [
        "run",
        preset.to_str().unwrap(),
        "--out",
        "runs",
        "--set",
        "backbone.name=\"resnet18\"",
        "--set",
        "backbone.weights=Named(\"IMAGENET1K_V1\")",
    ];
    let output = home.graft_with(&run, &[("GRAFT_WEIGHTS_MIRROR", &server.url())]);
    let (_, message) = text(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    let url = format!("{}/models/resnet18-f37072fd.pth", server.url());
    assert!(
        message.contains("Downloading resnet18’s weights IMAGENET1K_V1 (45 MB"),
        "{message}"
    );
    assert!(
        message.contains(&format!("can't download {url}")),
        "{message}"
    );
    assert!(message.contains("there is no such file"), "{message}");
}

#[test]
fn a_file_is_checked_against_a_backbone() {
    let home = Home::new();
    let file = home.path().join("base.safetensors");
    resnet18(&file, false);
    let text = home.printed(&["weights", "check", "resnet18", "base.safetensors"]);
    assert!(
        text.contains("fits ResNet-18") && text.contains("classifier: none"),
        "{text}"
    );
    let report =
        json(&home.printed(&["weights", "check", "resnet18", "base.safetensors", "--json"]));
    assert_eq!(
        (&report["usable"], &report["dialect"]),
        (&Value::Bool(true), &"torchvision".into())
    );
    assert_eq!(
        report["missing"],
        serde_json::json!(["fc.weight", "fc.bias"])
    );

    let check = [
        "weights",
        "check",
        "mobilenet_v2",
        "base.safetensors",
        "--json",
    ];
    let output = home.graft(&check);
    assert_eq!(output.status.code(), Some(1));
    let (stdout, stderr) = self::text(&output);
    let report = json(&stdout);
    assert_eq!(report["usable"], false);
    assert!(
        report["reason"]
            .as_str()
            .unwrap()
            .contains("do not fit MobileNetV2")
    );
    assert!(stderr.contains("is missing") && stderr.trim_end().ends_with("base.safetensors"));

    std::fs::write(home.path().join("page.pth"), b"<html>").unwrap();
    let message = home.refused(&["weights", "check", "resnet18", "page.pth"], 1);
    assert!(message.contains("web page"), "{message}");
}

/// MobileNetV3 small as it is initialised, its names behind each of `prefixes`.
fn mobilenet(path: &Path, prefixes: &[&str]) {
    let backbone = graft::models::build("mobilenet_v3_small", 5, tch::Device::Cpu).unwrap();
    let entries: Vec<(String, tch::Tensor)> = prefixes
        .iter()
        .flat_map(|prefix| {
            let entries = backbone.parameters().entries.iter();
            entries.map(move |entry| (format!("{prefix}{}", entry.name), entry.tensor.copy()))
        })
        .collect();
    tch::Tensor::write_safetensors(&entries, path).unwrap();
}

/// What is said of a file that does not fit, beside the report on standard output.
fn unfit(home: &Home, arguments: &[&str]) -> String {
    let output = home.graft(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn of_two_networks_in_a_file_the_person_chooses_one() {
    let home = Home::new();
    let check = ["weights", "check", "mobilenet_v3_small", "w.safetensors"];
    mobilenet(
        &home.path().join("w.safetensors"),
        &["model.", "ema_model."],
    );
    let message = unfit(&home, &check);
    for expected in [
        "2 times",
        "“ema_model” or “model”",
        "File(path: …, key: …)",
        "--key",
    ] {
        assert!(message.contains(expected), "{message}");
    }
    let text = home.printed(&[&check[..], &["--key", "ema_model"]].concat());
    assert!(
        text.contains("inside: ema_model") && text.contains("fits MobileNetV3 small"),
        "{text}"
    );
    assert!(
        text.contains("“ema_model” is used and not “model”"),
        "{text}"
    );
    let message = unfit(&home, &[&check[..], &["--key", "teacher"]].concat());
    assert!(
        message.contains("it fits under “ema_model” or “model”"),
        "{message}"
    );
    home.pictures(1);
    let embed = [
        "embed",
        "--backbone",
        "mobilenet_v3_small",
        "--weights",
        "w.safetensors",
        "--device",
        "cpu",
        "--out",
        "f.safetensors",
        "pictures",
    ];
    assert!(home.refused(&embed, 1).contains("2 times"));
    home.printed(&[&embed[..], &["--key", "model"]].concat());

    mobilenet(
        &home.path().join("w.safetensors"),
        &["module.encoder_k.", "module.encoder_q."],
    );
    let report = json(&home.printed(&[&check[..], &["--json"]].concat()));
    assert_eq!(report["inside"], "module.encoder_q");
    assert_eq!(report["others"], serde_json::json!(["module.encoder_k"]));
    assert!(
        report["remarks"][0]
            .as_str()
            .unwrap()
            .contains("query encoder"),
        "{report}"
    );
}

/// timm's names and shapes for MobileNetV3 small, of zeros.
fn timms_mobilenet(path: &Path) {
    fn walk(node: &Value, name: &str, all: &mut Vec<(String, tch::Tensor)>) {
        match node {
            Value::String(shape) => {
                let sides = shape.split(',').filter(|side| !side.is_empty());
                let sides: Vec<i64> = sides.map(|side| side.parse().unwrap()).collect();
                let zeros = tch::Tensor::zeros(sides, (tch::Kind::Half, tch::Device::Cpu));
                all.push((name.to_owned(), zeros));
            }
            node => {
                for (part, inner) in node.as_object().unwrap() {
                    let name = if name.is_empty() {
                        part.clone()
                    } else {
                        format!("{name}.{part}")
                    };
                    walk(inner, &name, all);
                }
            }
        }
    }
    let recorded: Value = serde_json::from_str(include_str!("golden/dialects.json")).unwrap();
    let mut all = Vec::new();
    walk(&recorded["mobilenet_v3_small"]["timm"], "", &mut all);
    tch::Tensor::write_safetensors(&all, path).unwrap();
}

#[test]
fn a_file_in_timms_names_gets_timms_preprocessing() {
    let home = Home::new();
    timms_mobilenet(&home.path().join("own.safetensors"));
    let text = home.printed(&["weights", "check", "mobilenet_v3_small", "own.safetensors"]);
    let expected = "pictures are prepared as timm does for mobilenetv3_small_100.lamb_in1k: 224 pixels cropped from 256, \
                    bicubic, mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225";
    assert!(text.contains(expected), "{text}");
    let report = json(&home.printed(&[
        "weights",
        "check",
        "mobilenet_v3_small",
        "own.safetensors",
        "--json",
    ]));
    assert_eq!(report["preprocessing"]["interpolation"], "bicubic");
    assert_eq!(report["format"], "safetensors");

    // A run says so, and keeps it for whoever uses it without the file.
    home.pictures(8);
    let preset = home.preset("Timm");
    let run = |more: &[&str]| {
        let run = [
            "run",
            preset.to_str().unwrap(),
            "--out",
            "runs",
            "--device",
            "cpu",
            "--set",
            "backbone.name=\"mobilenet_v3_small\"",
            "--set",
            "backbone.weights=File(\"own.safetensors\")",
        ];
        let output = home.graft(&[&run[..], more].concat());
        let (printed, said) = self::text(&output);
        assert!(output.status.success(), "{said}");
        format!("{printed}{said}")
    };
    run(&[]);
    let folder = home.only_run("runs");
    let kept = std::fs::read_to_string(folder.join("preset.ron")).unwrap();
    assert!(
        kept.contains("preprocessing: Timm(\"mobilenetv3_small_100.lamb_in1k\")"),
        "{kept}"
    );
    let log = std::fs::read_to_string(folder.join("log.txt")).unwrap();
    assert!(log.contains(expected), "{log}");
    std::fs::remove_dir_all(&folder).unwrap();
    run(&["--set", "backbone.preprocessing=Published"]);
    let folder = home.only_run("runs");
    let log = std::fs::read_to_string(folder.join("log.txt")).unwrap();
    assert!(
        log.contains(
            "as for the published weights IMAGENET1K_V1: 224 pixels cropped from 256, bilinear"
        ),
        "{log}"
    );
}

#[test]
fn features_and_the_classifier_give_the_classes() {
    let home = Home::new();
    let folder = home.pictures(3);
    std::fs::write(folder.join("dark/broken.png"), b"no picture").unwrap();
    let classifier = resnet18(&home.path().join("w.safetensors"), true);
    let embed = [
        "embed",
        "--backbone",
        "resnet18",
        "--weights",
        "w.safetensors",
        "--device",
        "cpu",
        "--out",
        "features.safetensors",
        "pictures",
    ];
    let told = json(&home.printed(&[&embed[..], &["--json"]].concat()));
    assert_eq!(
        (&told["pictures"], &told["features"]),
        (&6.into(), &512.into())
    );
    assert_eq!(told["classes"], serde_json::json!(["bright", "dark"]));
    assert!(
        told["skipped"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("broken.png")
    );

    let bytes = std::fs::read(home.path().join("features.safetensors")).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    let files: Vec<String> = serde_json::from_str(&metadata["files"]).unwrap();
    assert_eq!(files[0], "bright/0.png");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("features").unwrap().shape(), [6, 512]);
    let labels: Vec<i64> = tensors
        .tensor("labels")
        .unwrap()
        .data()
        .chunks(8)
        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(labels, [0, 0, 0, 1, 1, 1]);
    let features: Vec<f64> = tensors
        .tensor("features")
        .unwrap()
        .data()
        .chunks(4)
        .map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().unwrap())))
        .collect();

    // The classifier on the first picture's features is what `graft classify` computes.
    let (weight, bias) = (&classifier["fc.weight"], &classifier["fc.bias"]);
    let logits: Vec<f64> = (0..1000)
        .map(|class| {
            let row = &weight[class * 512..(class + 1) * 512];
            let dot: f64 = row
                .iter()
                .zip(&features)
                .map(|(w, x)| f64::from(*w) * x)
                .sum();
            dot + f64::from(bias[class])
        })
        .collect();
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    let answer = json(&home.printed(&[
        "classify",
        "--backbone",
        "resnet18",
        "--weights",
        "w.safetensors",
        "--device",
        "cpu",
        "--top",
        "1000",
        "--json",
        "pictures/bright/0.png",
    ]));
    let predictions = answer[0]["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 1000);
    for guess in predictions {
        let expected = logits[guess["index"].as_u64().unwrap() as usize].exp() / sum;
        let found = guess["probability"].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-6, "{guess}: {expected}");
    }
}

#[test]
fn classes_need_a_classifier_and_features_a_folder() {
    let home = Home::new();
    home.pictures(1);
    resnet18(&home.path().join("base.safetensors"), false);
    let arguments = ["--backbone", "resnet18", "--weights", "base.safetensors"];
    let classify = [&["classify"], &arguments[..], &["pictures/dark/0.png"]].concat();
    let message = home.refused(&classify, 1);
    assert!(
        message.contains("without the 1000-class classifier"),
        "{message}"
    );
    let out = ["--out", "absent/features.safetensors", "pictures"];
    let message = home.refused(&[&["embed"], &arguments[..], &out].concat(), 1);
    assert!(
        message.contains("no such folder") && message.contains("absent"),
        "{message}"
    );
    std::fs::create_dir(home.path().join("empty")).unwrap();
    let out = ["--out", "features.safetensors", "empty"];
    let message = home.refused(&[&["embed"], &arguments[..], &out].concat(), 1);
    assert!(message.contains("no pictures below empty"), "{message}");
    assert!(!home.path().join("features.safetensors").exists());
    let message = home.refused(
        &["classify", "--backbone", "resnet18", "pictures/dark/0.png"],
        1,
    );
    assert!(message.contains("graft weights fetch"), "{message}");
}

#[test]
fn a_network_without_a_classifier_says_so_and_gives_its_features() {
    let home = Home::new();
    home.pictures(1);
    let name = "vit_small_patch16_dinov3";
    let classify = ["classify", "--backbone", name, "pictures/dark/0.png"];
    // Before its weights are looked for.
    let message = home.refused(&classify, 1);
    assert!(
        message.contains("has no classifier of its own") && message.contains("graft embed"),
        "{message}"
    );
    let layers = home.printed(&["layers", name]);
    assert!(
        layers.contains("It has no classifier of its own"),
        "{layers}"
    );
    let listed = json(&home.printed(&["backbones", "--json"]));
    let listed = listed.as_array().unwrap();
    let listed = listed.iter().find(|entry| entry["name"] == name).unwrap();
    assert_eq!(listed["has_classifier"], false);
    assert!(listed["imagenet_top1"].is_null());
    let backbone = graft::models::build(name, 4, tch::Device::Cpu).unwrap();
    let entries = backbone.parameters().entries.iter();
    let entries: Vec<_> = entries
        .map(|entry| (entry.name.as_str(), &entry.tensor))
        .collect();
    tch::Tensor::write_safetensors(&entries, home.path().join("mine.safetensors")).unwrap();
    let checked = ["weights", "check", name, "mine.safetensors"];
    let checked = home.printed(&checked);
    assert!(checked.contains("classifier: none"), "{checked}");
    let own = ["--weights", "mine.safetensors"];
    let message = home.refused(&[&classify[..], &own].concat(), 1);
    assert!(
        message.contains("has no classifier of its own"),
        "{message}"
    );
    let embed = ["embed", "--backbone", name, "--device", "cpu", "--out"];
    let out = ["features.safetensors", "pictures"];
    home.printed(&[&embed[..], &out, &own].concat());
    let file = std::fs::read(home.path().join("features.safetensors")).unwrap();
    let features = SafeTensors::deserialize(&file).unwrap();
    assert_eq!(features.tensor("features").unwrap().shape(), [2, 384]);
}

/// Whatever becomes of the download.
#[test]
fn a_licence_that_binds_what_is_trained_is_said_before_a_download() {
    let home = Home::new();
    let server = Server::new(|_| Answer::new(404, b""));
    let url = server.url();
    let fetch = ["weights", "fetch", "vit_small_patch16_dinov3"];
    let output = home.graft_with(&fetch, &[("HF_ENDPOINT", &url)]);
    let (_, said) = text(&output);
    let asked = said
        .find("RESTRICTED LICENCE")
        .unwrap_or_else(|| panic!("{said}"));
    assert!(said[asked..].contains("DINOv3 License (Meta)"), "{said}");
}

/// A file of weights that is none of ResNet-18's, but whose SHA-256 begins as that of torchvision's file
/// does, of which the name says eight digits: so a download can come to its end. The number in it was
/// found by trying four thousand million of them.
fn file_with_the_published_hash() -> Vec<u8> {
    let mut header = br#"{"w":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}"#.to_vec();
    header.resize(56, b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(4_026_888_822u64.to_le_bytes());
    file.extend([0; 8]);
    file
}

#[test]
fn a_whole_file_is_fetched_once_and_found_from_then_on() {
    let home = Home::new();
    let file = file_with_the_published_hash();
    let whole = file.clone();
    let server = Server::new(move |ask| Answer::file(ask, &whole, "\"e\""));
    let mirror = [("GRAFT_WEIGHTS_MIRROR", server.url())];
    let mirror: Vec<(&str, &str)> = mirror
        .iter()
        .map(|(name, url)| (*name, url.as_str()))
        .collect();
    let fetch = |arguments: &[&str]| {
        let output = home.graft_with(
            &[&["weights", "fetch", "resnet18"], arguments].concat(),
            &mirror,
        );
        let (printed, said) = text(&output);
        assert!(output.status.success(), "{said}");
        printed
    };
    let place = home
        .path()
        .join("cache/torch/hub/checkpoints/resnet18-f37072fd.pth");
    assert!(fetch(&[]).contains(place.to_str().unwrap()));
    assert_eq!(std::fs::read(&place).unwrap(), file);
    assert_eq!(server.asked().len(), 1);
    assert_eq!(server.asked()[0].path, "/models/resnet18-f37072fd.pth");
    fetch(&[]);
    assert_eq!(server.asked().len(), 1, "it is here already");
    let list = json(&home.printed(&["weights", "list", "--json"]));
    let listed = list
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["backbone"] == "resnet18")
        .unwrap();
    assert_eq!(listed["path"].as_str(), place.to_str());
    // What it holds is no network, and said to be none.
    home.pictures(1);
    let message = home.refused(
        &[
            "classify",
            "--backbone",
            "resnet18",
            "--device",
            "cpu",
            "pictures/dark/0.png",
        ],
        1,
    );
    assert!(message.contains("do not fit ResNet-18"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_whole_file_of_the_hub_is_fetched_and_used() {
    use sha2::Digest;

    let home = Home::new();
    home.pictures(1);
    let name = "vit_tiny_patch16_224";
    let path = home.path().join("mine.safetensors");
    let backbone = graft::models::build(name, 9, tch::Device::Cpu).unwrap();
    let entries: Vec<(&str, &tch::Tensor)> = backbone
        .parameters()
        .entries
        .iter()
        .map(|entry| (entry.name.as_str(), &entry.tensor))
        .collect();
    tch::Tensor::write_safetensors(&entries, &path).unwrap();
    let file = std::fs::read(&path).unwrap();
    let hash: String = sha2::Sha256::digest(&file)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let (whole, etag) = (file.clone(), format!("\"{hash}\""));
    let server = Server::new(move |ask| {
        if ask.path.starts_with("/bytes") {
            return Answer::file(ask, &whole, "\"cdn\"");
        }
        Answer::new(302, b"")
            .with("Location", "/bytes")
            .with("X-Repo-Commit", commit)
            .with("X-Linked-Etag", &etag)
            .with("X-Linked-Size", &whole.len().to_string())
    });
    let url = server.url();
    let output = home.graft_with(&["weights", "fetch", name], &[("HF_ENDPOINT", &url)]);
    let (printed, said) = text(&output);
    assert!(output.status.success(), "{said}");
    let repository = home
        .path()
        .join("cache/huggingface/hub/models--timm--vit_tiny_patch16_224.augreg_in21k_ft_in1k");
    let link = repository
        .join("snapshots")
        .join(commit)
        .join("model.safetensors");
    assert!(printed.contains(link.to_str().unwrap()), "{printed}");
    assert_eq!(std::fs::read(&link).unwrap(), file);
    assert_eq!(
        std::fs::canonicalize(&link).unwrap(),
        std::fs::canonicalize(repository.join("blobs").join(&hash)).unwrap()
    );
    assert_eq!(
        std::fs::read_to_string(repository.join("refs/main")).unwrap(),
        commit
    );
    // The default weights of this backbone are now those.
    let classify = |weights: &[&str]| {
        let arguments = ["classify", "--backbone", name, "--device", "cpu", "--json"];
        json(&home.printed(&[&arguments[..], weights, &["pictures/dark/0.png"]].concat()))
    };
    assert_eq!(classify(&[]), classify(&["--weights", "mine.safetensors"]));
}

#[cfg(target_os = "linux")]
#[test]
fn foreign_files_are_listed_by_a_process_with_little_memory_and_time() {
    let home = Home::new();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let file = std::fs::read_dir(golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "pth"))
        .unwrap();
    let file = file.to_str().unwrap();
    let list = |memory: &str, file: &str| {
        home.graft(&["list-tensors", "--memory", memory, "--seconds", "60", file])
    };
    let output = list("536870912", file);
    assert!(output.status.success());
    let (printed, _) = text(&output);
    assert!(
        json(&printed)["Found"]["tensors"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    // A pickle that makes a million values asks for more than ten megabytes and ends the process, not Graft.
    let bomb = home.path().join("bomb.pth");
    std::fs::write(&bomb, bomb_of_values()).unwrap();
    let output = list("10000000", bomb.to_str().unwrap());
    assert!(!output.status.success(), "{output:?}");
    // With what it is usually given, the reader itself refuses the file.
    let message = home.refused(&["weights", "check", "resnet18", "bomb.pth"], 1);
    assert!(
        message.contains("the weight file can't be used"),
        "{message}"
    );
    assert!(message.trim_end().ends_with("bomb.pth"), "{message}");
    // A file of nothing but a header that lies is refused as before.
    std::fs::write(home.path().join("zip.pth"), b"PK\x03\x04nothing").unwrap();
    let message = home.refused(&["weights", "check", "resnet18", "zip.pth"], 1);
    assert!(message.contains("not a whole zip archive"), "{message}");
}

/// In torch's legacy layout: magic number, protocol, system, and a list of a million numbers where the
/// state_dict should be.
#[cfg(target_os = "linux")]
fn bomb_of_values() -> Vec<u8> {
    let mut bytes =
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    bytes.extend(b"\x80\x02](");
    for _ in 0..1_000_000 {
        bytes.extend(b"K\x01");
    }
    bytes.extend(b"e.");
    bytes
}
