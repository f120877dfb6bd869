//! `graft export`: what it writes, and what it refuses.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;

use super::cli::{Home, json};

/// A home with a run that was trained for a moment.
pub fn trained() -> (Home, PathBuf) {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Export me");
    let preset = preset.to_str().unwrap();
    // What other programs compute in, on every machine.
    let precision = "training.precision=Fp32";
    home.printed(&[
        "run", preset, "--out", "runs", "--device", "cpu", "--set", precision,
    ]);
    let run = home.only_run("runs");
    (home, run)
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn to_pytorch<'a>(run: &'a Path, folder: &'a Path) -> [&'a str; 6] {
    let (run, folder) = (text(run), text(folder));
    ["export", run, "--format", "pytorch", "--out", folder]
}

#[test]
fn exported_weights_explain_themselves_and_are_taken_as_weights() {
    let (home, run) = trained();
    let file = home.path().join("cells.safetensors");
    let said = json(&home.printed(&["export", text(&run), "--out", text(&file), "--json"]));
    assert_eq!(said["format"], "safetensors");
    assert_eq!(said["licence"], "none: they are your own");
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(said["bytes"], bytes.len());
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let about = header.metadata().clone().unwrap();
    assert_eq!(about["classes"], r#"["bright","dark"]"#);
    assert_eq!(about["backbone"], "efficientnet_lite0");
    let preprocessing: Value = serde_json::from_str(&about["preprocessing"]).unwrap();
    assert_eq!(preprocessing["side"], 32);
    assert_eq!(preprocessing["interpolation"], "bicubic");
    let test: Value = serde_json::from_str(&about["test"]).unwrap();
    assert!(test["accuracy"].is_number(), "{test}");

    // The same numbers as the run's own file, under timm's names and with all buffers.
    let exported = SafeTensors::deserialize(&bytes).unwrap();
    let own = std::fs::read(run.join("weights.safetensors")).unwrap();
    let own = SafeTensors::deserialize(&own).unwrap();
    assert_eq!(exported.len(), own.len());
    for (timm, name) in [
        ("conv_stem.weight", "_conv_stem.weight"),
        ("blocks.0.0.bn1.running_var", "_blocks.0._bn1.running_var"),
        (
            "blocks.6.0.bn3.num_batches_tracked",
            "_blocks.15._bn2.num_batches_tracked",
        ),
        ("head.output.bias", "head.output.bias"),
    ] {
        let (exported, own) = (exported.tensor(timm).unwrap(), own.tensor(name).unwrap());
        assert_eq!(
            (exported.shape(), exported.data()),
            (own.shape(), own.data()),
            "{timm}"
        );
    }

    let card = std::fs::read_to_string(home.path().join("cells.card.md")).unwrap();
    // First how good it is, at the end what only programs compare.
    let mut rest = card.as_str();
    for expected in [
        "# ",
        "## Results",
        "| Accuracy |",
        "## Calibration",
        "## Where it fails",
        "## None of these",
        "novelty.safetensors",
        "## How to use it",
        "\"cells.safetensors\"",
        "## Licences",
        "random numbers",
        "## Data",
        "| bright |",
        "## Recipe",
        "## Checksums",
        "SHA-256 over names and contents",
    ] {
        let found = rest.split_once(expected);
        rest = found.unwrap_or_else(|| panic!("{expected}: {card}")).1;
    }
    assert!(
        about["none_of_these"].contains("Only Graft answers"),
        "{}",
        about["none_of_these"]
    );

    // Another experiment begins with it.
    let weights = format!("backbone.weights=File({:?})", text(&file));
    let preset = home.path().join("tiny.ron");
    let arguments = [
        "run",
        text(&preset),
        "--out",
        "again",
        "--device",
        "cpu",
        "--set",
        &weights,
    ];
    home.printed(&arguments);
    let log = std::fs::read_to_string(home.only_run("again").join("log.txt")).unwrap();
    assert!(log.contains("timm"), "{log}");
}

#[test]
fn an_export_replaces_what_an_export_wrote_and_nothing_else() {
    let (home, run) = trained();
    let out = home.path().join("cells.safetensors");
    let export = ["export", text(&run), "--out", text(&out)];
    home.printed(&export);
    home.printed(&export);
    std::fs::write(&out, "mine").unwrap();
    let refused = home.refused(&export, 1);
    assert!(
        refused.contains("no safetensors file of an export"),
        "{refused}"
    );
    assert_eq!(std::fs::read(&out).unwrap(), b"mine");
    std::fs::remove_file(&out).unwrap();
    std::fs::write(home.path().join("cells.card.md"), "mine").unwrap();
    let refused = home.refused(&export, 1);
    assert!(refused.contains("no model card of an export"), "{refused}");
    assert!(!out.exists());
    // A run's own weights are none of an export's.
    let own = run.join("weights.safetensors");
    let refused = home.refused(&["export", text(&run), "--out", text(&own)], 1);
    assert!(refused.contains("a run's own files"), "{refused}");

    let folder = home.path().join("pytorch");
    let export = to_pytorch(&run, &folder);
    home.printed(&export);
    home.printed(&export);
    let foreign = home.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("predict.py"), "mine").unwrap();
    let refused = home.refused(&to_pytorch(&run, &foreign), 1);
    assert!(refused.contains("no export to PyTorch wrote"), "{refused}");
}

#[test]
fn what_does_not_fit_together_is_refused_with_the_remedy() {
    let (home, run) = trained();
    for (arguments, expected) in [
        (&["--out", "cells"][..], "--format"),
        (
            &["--out", "cells.md", "--numbers", "float16"],
            "--numbers is for ONNX alone",
        ),
        (
            &["--out", "cells.safetensors", "--keep-batch-norm"],
            "for ONNX alone",
        ),
        (&["--out", "missing/cells.safetensors"], "make it first"),
    ] {
        let arguments = [&["export", text(&run)], arguments].concat();
        let said = home.refused(&arguments, 1);
        assert!(said.contains(expected), "{said}");
    }
    std::fs::remove_file(run.join("weights.safetensors")).unwrap();
    let said = home.refused(&["export", text(&run), "--out", "cells.safetensors"], 1);
    assert!(said.contains("has no weights.safetensors"), "{said}");
    // A card says what is known without them.
    let card = home.path().join("card.md");
    home.printed(&["export", text(&run), "--out", text(&card)]);
    assert!(
        std::fs::read_to_string(card)
            .unwrap()
            .contains("## Results")
    );
}
