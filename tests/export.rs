//! `graft export`: what it writes, what it refuses, and that the snippets of a model card do what they say.

use std::path::{Path, PathBuf};
use std::process::Command;

use safetensors::SafeTensors;
use serde_json::Value;

use super::cli::{Home, json};
use super::skipped::skipped;

/// The card's snippet for Rust, word for word.
#[allow(
    dead_code,
    reason = "a program of its own, whose main takes what a person has"
)]
#[path = "../assets/model_card/with_tract.rs"]
mod with_tract;

/// A home with a run that was trained for a moment.
fn trained() -> (Home, PathBuf) {
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

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn to_pytorch<'a>(run: &'a Path, folder: &'a Path) -> [&'a str; 6] {
    let (run, folder) = (text(run), text(folder));
    ["export", run, "--format", "pytorch", "--out", folder]
}

/// What stands between a fence for `language` and the next one, in the order of the card.
fn snippets(card: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = card.split(fence.as_str()).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().to_owned())
        .collect()
}

/// A Python that has what an export's `requirements.txt` lists, and onnxruntime; `None` where there is none, and the test is
/// skipped.
fn python() -> Option<String> {
    let python = std::env::var("GRAFT_PYTHON").ok();
    if python.is_none() {
        skipped("GRAFT_PYTHON names no Python with torch, torchvision, timm and onnxruntime");
    }
    python
}

fn run_python(python: &str, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(python)
        .args(arguments)
        .current_dir(folder)
        // What this program computes with is not Python's.
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// By class, as `graft predict` says of one picture.
fn predicted(home: &Home, run: &Path, picture: &Path) -> Vec<(String, f64)> {
    let said = home.printed(&[
        "predict",
        text(run),
        text(picture),
        "--json",
        "--device",
        "cpu",
    ]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let mut found: Vec<(String, f64)> = said[0]["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|guess| {
            let name = guess["class"].as_str().unwrap().to_owned();
            (name, guess["probability"].as_f64().unwrap())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Lines of a snippet, `0.123456  name`, by name.
fn printed_probabilities(printed: &str) -> Vec<(String, f64)> {
    let mut found: Vec<(String, f64)> = printed
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .filter_map(|(probability, name)| Some((name.to_owned(), probability.parse().ok()?)))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn agree(found: &[(String, f64)], expected: &[(String, f64)], most: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.0, expected.0);
        assert!(
            (found.1 - expected.1).abs() <= most,
            "{found:?} {expected:?}"
        );
    }
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
    for expected in [
        "# ",
        "## Licences",
        "random numbers",
        "## Data",
        "| bright |",
        "SHA-256 over names and contents",
        "## Results",
        "| Accuracy |",
        "## Calibration",
        "## Where it fails",
        "## None of these",
        "## How to use it",
        "\"cells.safetensors\"",
        "## Recipe",
    ] {
        assert!(card.contains(expected), "{expected}: {card}");
    }

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

#[test]
fn a_report_holds_the_model_card_of_every_run() {
    let (home, run) = trained();
    home.printed(&[
        "compare",
        text(&run),
        "--out",
        "figures",
        "--size",
        "800x500",
    ]);
    let page = std::fs::read_to_string(home.path().join("figures/report.html")).unwrap();
    let card = page.split("<summary>Model card</summary>").nth(1).unwrap();
    let card = card.split("</details>").next().unwrap();
    for expected in [
        "Licences",
        "Where it fails",
        "with_input_fact",
        "graft export",
    ] {
        assert!(card.contains(expected), "{expected}");
    }
}

#[test]
fn the_card_s_snippet_for_rust_answers_as_the_run_does() {
    let (home, run) = trained();
    let file = home.path().join("cells.onnx");
    home.printed(&["export", text(&run), "--out", text(&file)]);
    let card = std::fs::read_to_string(home.path().join("cells.card.md")).unwrap();
    let snippet = snippets(&card, "rust")
        .remove(0)
        .replace("cells.onnx", "network.onnx");
    let own = include_str!("../assets/model_card/with_tract.rs");
    assert_eq!(snippet.trim_end(), own.trim_end());
    let picture = home.path().join("pictures/bright/0.png");
    let expected = predicted(&home, &run, &picture);
    let pixels = image::open(&picture).unwrap().into_rgb8();
    let found = with_tract::probabilities(text(&file), &pixels).unwrap();
    let names = ["bright", "dark"].map(str::to_owned);
    let found: Vec<(String, f64)> = names
        .into_iter()
        .zip(found.into_iter().map(f64::from))
        .collect();
    agree(&found, &expected, 1e-3);
    // The command line's is the same question that was asked above.
    let command = snippets(&card, "sh").remove(0);
    let id = run.file_name().unwrap().to_str().unwrap();
    assert_eq!(command.trim(), format!("graft predict {id} picture.png"));
}

#[test]
fn the_card_s_snippets_for_python_answer_as_the_run_does() {
    let Some(python) = python() else { return };
    let (home, run) = trained();
    let picture = home.path().join("pictures/dark/3.png");
    let expected = predicted(&home, &run, &picture);
    let run_snippet = |folder: &Path, card: &str, most: f64| {
        std::fs::copy(&picture, folder.join("picture.png")).unwrap();
        let card = std::fs::read_to_string(folder.join(card)).unwrap();
        let snippet = snippets(&card, "python").remove(0);
        std::fs::write(folder.join("snippet.py"), snippet).unwrap();
        let printed = run_python(&python, folder, &["snippet.py"]);
        agree(&printed_probabilities(&printed), &expected, most);
    };
    let folder = home.path().join("onnx");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("cells.onnx");
    home.printed(&["export", text(&run), "--out", text(&file)]);
    run_snippet(&folder, "cells.card.md", 1e-3);

    let folder = home.path().join("pytorch");
    home.printed(&to_pytorch(&run, &folder));
    run_snippet(&folder, "model_card.md", 1e-4);
    // And the script by itself.
    let printed = run_python(&python, &folder, &["predict.py", "picture.png"]);
    agree(&printed_probabilities(&printed), &expected, 1e-4);

    let file = home.path().join("cells.safetensors");
    home.printed(&["export", text(&run), "--out", text(&file)]);
    let card = std::fs::read_to_string(home.path().join("cells.card.md")).unwrap();
    let snippet = home.path().join("snippet.py");
    std::fs::write(&snippet, snippets(&card, "python").remove(0)).unwrap();
    let printed = run_python(&python, home.path(), &["snippet.py"]);
    assert!(
        printed.starts_with("efficientnet_lite0 ['bright', 'dark']"),
        "{printed}"
    );
    assert!(
        printed.contains("conv_stem.weight (32, 3, 3, 3)"),
        "{printed}"
    );
}
