//! What a graphics card gives, on the stand-in of tests/cuda: the answers of a published network, and a run that is killed and
//! goes on.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cli::Home;
use super::graphics_cards::stand_in::{Counts, StandIn};
use super::graphics_cards::{assert_alike, succeed, with_card};
use super::resume::results;
use super::weights::resnet18;

#[test]
fn a_card_classifies_as_the_processor_does() {
    let home = Home::new();
    home.pictures(2);
    resnet18(&home.path().join("mine.safetensors"), true);
    let report = home.path().join("report");
    let on = |device: &str| {
        let arguments = [
            "classify",
            "--backbone",
            "resnet18",
            "--weights",
            "mine.safetensors",
            "--device",
            device,
            "--json",
            "pictures/dark/0.png",
            "pictures/bright/1.png",
        ];
        drop(std::fs::remove_file(&report));
        let (found, _) = succeed(with_card(&home, &arguments).env("STAND_IN_REPORT", &report));
        let launches = report.is_file() && Counts::read(&report).of("launches") > 0;
        assert_eq!(launches, device == "cuda");
        found
    };
    let here = on("cpu");
    assert_eq!(here.as_array().unwrap().len(), 2);
    assert_eq!(here[0]["predictions"].as_array().unwrap().len(), 5);
    assert_alike(&here, &on("cuda"), "classify");
}

/// Epochs of a few batches, with everything that has something to lose: Adam’s averages, those of weights, dropout, BatchNorm, views
/// that are drawn anew, and in fp16 a loss scale.
const PRESET: &str = r#"(
    version: 1,
    name: "Killed",
    data: (
        source: ClassFolders(path: "pictures"),
        split: (validation: 0.25, test: 0.25),
    ),
    backbone: (name: "mobilenet_v3_small", weights: Random, input_size: Some(32)),
    head: (layers: [Dropout(0.3)]),
    augmentation: (rotation: 15.0, views: Fresh),
    training: (batch_size: 4, weight_averaging: Some(0.9), precision: Fp32),
    phases: [(name: "Fine-tuning", epochs: 4, freeze: AllButLast(4), optimizer: AdamW())],
)
"#;

/// `graft` on a card, on one thread: the stand-in adds up in the same order each time.
fn command(home: &Home, card: &str, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    StandIn::get().with_card(&mut command);
    command
        .env("STAND_IN_CARDS", card)
        .env("OMP_NUM_THREADS", "1");
    command
}

#[test]
fn a_run_of_a_card_that_is_killed_within_an_epoch_goes_on_to_the_same_weights() {
    for card in ["New/8.0/4294967296", "Old/7.5/4294967296"] {
        let home = Home::new();
        home.pictures(12);
        std::fs::write(home.path().join("killed.ron"), PRESET).unwrap();
        let train = |out: &str| {
            let arguments = [
                "run",
                "killed.ron",
                "--out",
                out,
                "--device",
                "cuda",
                "--json",
            ];
            command(&home, card, &arguments)
        };
        let (whole, _) = succeed(&mut train("whole"));
        let killed = kill_within_an_epoch(&home, &mut train("killed"));
        let folder = killed.to_str().unwrap();
        let arguments = ["run", folder, "--resume", "--device", "cuda", "--json"];
        let (resumed, said) = succeed(&mut command(&home, card, &arguments));
        assert!(said.contains("Resuming after epoch"), "{said}");
        assert_eq!(resumed["test"], whole["test"], "{card}");
        let expected = results(Path::new(whole["run"].as_str().unwrap()));
        let found = results(&killed);
        assert_eq!(found.3, expected.3, "metrics on {card}");
        assert!(found.0 == expected.0, "predictions on {card}");
        assert!(found.1 == expected.1, "weights on {card}");
        assert!(found.2 == expected.2, "movement on {card}");
    }
}

/// Has the stand-in kill a run at a step within its third epoch, of three steps each; its folder.
fn kill_within_an_epoch(home: &Home, command: &mut Command) -> PathBuf {
    let killed = command.env("STAND_IN_KILL", "aten::_fused_adamw_:8");
    let output = killed.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(9), "{said}");
    home.only_run("killed")
}
