//! Graphics cards, on a stand-in: tests/cuda.

#[path = "cuda/stand_in.rs"]
pub mod stand_in;

mod finding;
#[cfg(target_os = "linux")]
mod several;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::cli::{self, Home};
use stand_in::{Counts, StandIn};

/// Numbers that two devices may well have one after the other in another order.
const TOLERANCE: f64 = 2e-3;

/// As both compute alike: without the roundings that a card chooses by itself.
const SAME: [&str; 4] = [
    "--set",
    "training.precision=Fp32",
    "--set",
    "training.mixed_precision=Off",
];

/// `graft` with arguments, on a machine with a driver, and a card where GRAFT_CUDA says.
pub fn with_card(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    StandIn::get().with_card(&mut command);
    // Where numbers are drawn on the card: those that the processor would draw.
    command.env("STAND_IN_DRAWS", "processor");
    command
}

/// The JSON document of a command that must succeed, and what it said.
pub fn succeed(command: &mut Command) -> (Value, String) {
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}: {errors}");
    (
        cli::json(&String::from_utf8(output.stdout).unwrap()),
        errors,
    )
}

/// What a command that must fail said.
fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{command:?}: {errors}");
    errors
}

/// Trains on a device, with features of its own; its document.
fn train(home: &Home, device: &str, arguments: &[&str]) -> Value {
    let all = [&["run"], arguments, &["--json", "--device", device], &SAME].concat();
    let mut command = with_card(home, &all);
    let cache = home.path().join(format!("features-{device}"));
    succeed(command.env("GRAFT_CACHE", cache)).0
}

/// The same structure, and numbers that are nearly the same.
pub fn assert_alike(here: &Value, there: &Value, what: &str) {
    match (here, there) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!(
                (a - b).abs() <= TOLERANCE * a.abs().max(1.0),
                "{what}: {a} {b}"
            );
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{what}");
            for (a, b) in a.iter().zip(b) {
                assert_alike(a, b, what);
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{what}: {here} {there}");
            for (key, a) in a {
                assert_alike(a, &b[key], &format!("{what}.{key}"));
            }
        }
        _ => assert_eq!(here, there, "{what}"),
    }
}

/// The losses of every epoch, as the run's folder keeps them.
fn losses(run: &Value) -> Value {
    let file = Path::new(run["run"].as_str().unwrap()).join("metrics.csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    let columns = ["train_loss", "validation_loss"].map(|name| {
        let header = reader.headers().unwrap();
        header.iter().position(|column| column == name).unwrap()
    });
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        columns
            .map(|column| row[column].parse::<f64>().unwrap())
            .to_vec()
    });
    rows.collect::<Vec<_>>().into()
}

/// Trains on the processor and on the card; the card's document. Both must have learned the same.
fn both_learn_the_same(home: &Home, arguments: &[&str]) -> Value {
    let here = train(home, "cpu", arguments);
    let there = train(home, "cuda", arguments);
    let what = arguments.join(" ");
    assert_alike(&losses(&here), &losses(&there), &what);
    assert_alike(&here["test"], &there["test"], &what);
    assert!(
        there["peak_card_memory_bytes"].as_u64() > Some(1_000_000),
        "{there}"
    );
    there
}

#[test]
fn shipped_presets_learn_on_a_card_what_they_learn_on_the_processor() {
    for (name, text) in graft::experiment::preset::shipped() {
        let home = Home::new();
        home.pictures(12);
        let phases = text.matches("freeze:").count();
        let epochs: Vec<String> = (0..phases)
            .map(|phase| format!("phases[{phase}].epochs=1"))
            .collect();
        let mut arguments = vec![*name, "--data", "pictures"];
        // An untrained network with BatchNorm makes much of little: of a batch of two, and of the last bits of a picture that
        // was turned on the card (which src/training/augmented.rs tests).
        let sets = [
            "backbone.weights=Random",
            "backbone.input_size=Some(32)",
            "training.batch_size=64",
            "augmentation.rotation=0",
            "augmentation.zoom=0",
            "augmentation.brightness=0",
            "augmentation.contrast=0",
        ];
        for set in sets.into_iter().chain(epochs.iter().map(String::as_str)) {
            arguments.extend(["--set", set]);
        }
        both_learn_the_same(&home, &arguments);
    }
}

#[test]
fn transformers_and_convnext_learn_on_a_card() {
    for network in ["vit_tiny_patch16_224", "convnext_tiny"] {
        let home = Home::new();
        home.pictures(8);
        let preset = home.preset("Network");
        let backbone = format!("backbone.name=\"{network}\"");
        let arguments = [
            preset.to_str().unwrap(),
            "--set",
            &backbone,
            "--set",
            "phases[1].freeze=Nothing",
            "--set",
            "phases[1].epochs=1",
        ];
        both_learn_the_same(&home, &arguments);
    }
}

#[test]
fn a_run_of_a_card_is_used_on_the_card() {
    let home = Home::new();
    let pictures = home.pictures(12);
    let preset = home.preset("Use");
    let run = both_learn_the_same(&home, &[preset.to_str().unwrap()]);
    let folder = run["run"].as_str().unwrap();
    let picture = pictures.join("dark/0.png");
    let picture = picture.to_str().unwrap();
    let weights = Path::new(folder).join("weights.safetensors");
    let weights = weights.to_str().unwrap();
    let on = |device: &str, arguments: &[&str]| {
        let arguments = [arguments, &["--json", "--device", device]].concat();
        let report = home.path().join("report");
        drop(std::fs::remove_file(&report));
        let (found, _) = succeed(with_card(&home, &arguments).env("STAND_IN_REPORT", &report));
        // The stand-in counts as soon as it computes.
        let is_used = report.is_file() && Counts::read(&report).of("launches") > 0;
        assert_eq!(is_used, device == "cuda", "{arguments:?}");
        // Numbers that are written to a file instead.
        let file = home.path().join("f.safetensors");
        let features = std::fs::read(&file).map_or_else(|_| Vec::new(), |bytes| features(&bytes));
        drop(std::fs::remove_file(&file));
        json!([found, features])
    };
    for arguments in [
        &["evaluate", folder, "--data", "pictures"][..],
        &["predict", folder, picture],
        &["explain", folder, picture, "--out", "map.png"],
        &[
            "embed",
            "--backbone",
            "efficientnet_lite0",
            "--weights",
            weights,
            "--out",
            "f.safetensors",
            "pictures",
        ],
        &["suspects", folder, "--folds", "3"],
        &["run", folder, "--resume", "--epochs", "+1"],
    ] {
        println!("{arguments:?}");
        // What a command leaves in a run's folder must not answer for the other device.
        let copy = home.path().join("copy");
        let kept = Path::new(folder);
        copy_folder(kept, &copy);
        let here = on("cpu", arguments);
        std::fs::remove_dir_all(kept).unwrap();
        copy_folder(&copy, kept);
        let there = on("cuda", arguments);
        let [mut here, mut there] = [here, there];
        for document in [&mut here, &mut there] {
            if let Some(fields) = document[0].as_object_mut() {
                fields.retain(|name, _| {
                    !["seconds", "memory", "phases", "device"]
                        .iter()
                        .any(|part| name.contains(part))
                });
            }
        }
        assert_alike(&here, &there, arguments[0]);
    }
}

fn features(file: &[u8]) -> Vec<f32> {
    let tensors = safetensors::SafeTensors::deserialize(file).unwrap();
    let bytes = tensors.tensor("features").unwrap().data();
    let numbers = bytes
        .chunks_exact(4)
        .map(|number| f32::from_le_bytes(number.try_into().unwrap()));
    numbers.collect()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn the_most_capable_of_two_cards_trains_and_the_other_does_when_asked() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Two");
    let preset = preset.to_str().unwrap();
    let report = home.path().join("report");
    let run = |more: &[&str]| {
        drop(std::fs::remove_file(&report));
        let mut command = with_card(&home, &[&["run", preset, "--json"], more, &SAME].concat());
        command.env(
            "STAND_IN_CARDS",
            "Small/7.5/2000000000;Large/8.6/4000000000",
        );
        let (document, said) = succeed(command.env("STAND_IN_REPORT", &report));
        (document, said, Counts::read(&report))
    };
    let (best, said, counts) = run(&[]);
    assert!(said.contains("cuda:1, Large"), "{said}");
    assert_eq!(counts.of("peak 0"), 0);
    assert!(counts.of("peak 1") > 0);
    let (other, said, counts) = run(&["--device", "cuda:0"]);
    assert!(said.contains("cuda:0, Small"), "{said}");
    assert_eq!(counts.of("peak 1"), 0);
    assert_alike(&best["test"], &other["test"], "two cards");
}
