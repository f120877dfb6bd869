//! A run's model card: that its code for other programs does what it says, and where else it stands.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::cli::Home;
use super::export::{text, to_pytorch, trained};
use super::skipped::skipped;

/// The card's snippet for Rust, word for word.
#[allow(
    dead_code,
    reason = "a program of its own, whose main takes what a person has"
)]
#[path = "../assets/model_card/with_tract.rs"]
mod with_tract;

/// What stands between a fence for `language` and the next one, in the order of the card.
fn snippets(card: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = card.split(fence.as_str()).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().to_owned())
        .collect()
}

/// A Python that has what an export's `requirements.txt` lists; `None` where there is none, and the test is skipped.
fn python() -> Option<String> {
    let python = std::env::var("GRAFT_PYTHON").ok();
    if python.is_none() {
        skipped("GRAFT_PYTHON names no Python with torch, torchvision and timm");
    }
    python
}

/// A Python that has onnxruntime, safetensors, NumPy and Pillow, as set-up makes one for the tests.
fn python_without_torch() -> Option<String> {
    let named = |name| std::env::var(name).ok();
    let python = named("GRAFT_ONNX_PYTHON").or_else(|| named("GRAFT_PYTHON"));
    if python.is_none() {
        skipped("GRAFT_ONNX_PYTHON names no Python with onnxruntime and safetensors");
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

/// By class, as `graft predict` says of each of these pictures.
fn predicted(home: &Home, run: &Path, pictures: &[PathBuf]) -> Vec<Vec<(String, f64)>> {
    let mut arguments = vec!["predict", text(run), "--json", "--device", "cpu"];
    arguments.extend(pictures.iter().map(|picture| text(picture)));
    let said: Value = serde_json::from_str(&home.printed(&arguments)).unwrap();
    let of_picture = |picture: &Value| {
        let guesses = picture["predictions"].as_array().unwrap().iter();
        let mut found: Vec<(String, f64)> = guesses
            .map(|guess| {
                let name = guess["class"].as_str().unwrap().to_owned();
                (name, guess["probability"].as_f64().unwrap())
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    };
    said.as_array().unwrap().iter().map(of_picture).collect()
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
        "read_picture",
        "graft export",
    ] {
        assert!(card.contains(expected), "{expected}");
    }
}

/// What `tests/record_pictures.py` wrote of a picture.
#[derive(serde::Deserialize)]
struct Recorded {
    file: String,
    width: u32,
    height: u32,
    tolerance: u8,
    /// In hexadecimal digits.
    rgb: String,
}

#[test]
fn the_card_s_snippet_for_rust_reads_pictures_as_graft_does() {
    let recorded = std::fs::read_to_string(odd_picture("expected.json")).unwrap();
    let recorded: Vec<Recorded> = serde_json::from_str(&recorded).unwrap();
    for expected in recorded {
        // Inks become colours by other arithmetic in the crate image.
        if expected.file.contains("cmyk") || expected.file.contains("ycck") {
            continue;
        }
        // The same crate knows no TIFF of one bit with fax compression.
        let Ok(found) = with_tract::read_picture(text(&odd_picture(&expected.file))) else {
            assert_eq!(expected.file, "one_bit.tif");
            continue;
        };
        let size = (expected.width, expected.height);
        assert_eq!(found.dimensions(), size, "{}", expected.file);
        let levels = hex::decode(&expected.rgb).unwrap();
        let pairs = found.as_raw().iter().zip(&levels);
        let worst = pairs.map(|(found, level)| found.abs_diff(*level)).max();
        assert!(
            worst <= Some(expected.tolerance),
            "{}: {worst:?}",
            expected.file
        );
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
    let expected = predicted(&home, &run, std::slice::from_ref(&picture)).remove(0);
    let pixels = with_tract::read_picture(text(&picture)).unwrap();
    let found = with_tract::probabilities(text(&file), &pixels).unwrap();
    let names = ["bright", "dark"].map(str::to_owned);
    let found: Vec<(String, f64)> = names
        .into_iter()
        .zip(found.into_iter().map(f64::from))
        .collect();
    agree(&found, &expected, 1e-3);
    // The command line's is the same question that was asked above: the run has a number in the usual folder, else a name.
    let command = snippets(&card, "sh").remove(0);
    let named = command.trim().strip_prefix("graft predict ").unwrap();
    let named = named.strip_suffix(" picture.png").unwrap();
    let id = run.file_name().unwrap().to_str().unwrap();
    assert!(named == id || named == "1", "{command}");
}

/// As a person pastes it into a terminal in `folder`: the very lines, with the program that is tested as `graft`.
#[cfg(unix)]
fn run_in_shell(home: &Home, folder: &Path, lines: &str) -> String {
    let program = home.command(&[]);
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(program.get_program())
        .parent()
        .unwrap()
        .to_path_buf();
    let folders = std::iter::once(own).chain(std::env::split_paths(&folders));
    let output = Command::new("sh")
        .args(["-e", "-c", lines])
        .current_dir(folder)
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", std::env::join_paths(folders).unwrap())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{lines}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[cfg(unix)]
fn the_card_s_commands_run_as_they_stand() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Export me");
    let preset = preset.to_str().unwrap();
    // In the usual folder, where a run is called by its number; and elsewhere, where it is called by its folder's name.
    for runs in ["home/runs", "it's elsewhere"] {
        home.printed(&["run", preset, "--out", runs, "--device", "cpu"]);
        let run = home.only_run(runs);
        home.printed(&["export", text(&run), "--out", "card.md"]);
        let card = std::fs::read_to_string(home.path().join("card.md")).unwrap();
        std::fs::remove_file(home.path().join("card.md")).unwrap();
        let commands = snippets(&card, "sh");
        let [predict, export] = [&commands[0], &commands[1]];
        let folder = run.parent().unwrap();
        std::fs::copy(
            home.path().join("pictures/dark/3.png"),
            folder.join("picture.png"),
        )
        .unwrap();
        let printed = run_in_shell(&home, folder, predict);
        assert!(printed.contains("picture.png"), "{predict}: {printed}");
        run_in_shell(&home, folder, export);
        for file in ["network.onnx", "network.safetensors", "pytorch/predict.py"] {
            assert!(folder.join(file).is_file(), "{export}: {file}");
        }
    }
}

/// Small pictures of every kind that is read in a way of its own.
const ODD_PICTURES: [&str; 12] = [
    "alpha.png",
    "alpha.webp",
    "cmyk.jpg",
    "cmyk.tif",
    "exif_3.jpg",
    "exif_6.png",
    "exif_8.jpg",
    "grey.png",
    "grey_16.png",
    "grey_alpha.png",
    "palette_transparent.gif",
    "palette_transparent.png",
];

fn odd_picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pictures")
        .join(name)
}

/// Has the first snippet for Python in `card` answer the picture at `picture`, and one of each odd kind, each in place of
/// `picture.png`, as the run does.
fn snippet_agrees(
    python: &str,
    (home, run): (&Home, &Path),
    (folder, card): (&Path, &str),
    picture: &Path,
    most: f64,
) {
    let card = std::fs::read_to_string(folder.join(card)).unwrap();
    let snippet = snippets(&card, "python").remove(0);
    std::fs::write(folder.join("snippet.py"), snippet).unwrap();
    std::fs::write(folder.join("each.py"), EACH).unwrap();
    let odd = ODD_PICTURES.iter().map(|name| odd_picture(name));
    let pictures: Vec<PathBuf> = std::iter::once(picture.to_path_buf()).chain(odd).collect();
    let mut arguments = vec!["each.py"];
    arguments.extend(pictures.iter().map(|picture| text(picture)));
    let printed = run_python(python, folder, &arguments);
    let answers: Vec<&str> = printed.split("= ").skip(1).collect();
    let expected = predicted(home, run, &pictures);
    assert_eq!(
        (answers.len(), expected.len()),
        (pictures.len(), pictures.len())
    );
    for (answer, expected) in answers.into_iter().zip(&expected) {
        println!("{answer}");
        agree(&printed_probabilities(answer), expected, most);
    }
}

/// Runs a snippet for each picture. Pillow goes by what is in a file, not by its name.
const EACH: &str = r#"
import shutil
import sys

snippet = compile(open("snippet.py").read(), "snippet.py", "exec")
for picture in sys.argv[1:]:
    shutil.copy(picture, "picture.png")
    print("=", picture, flush=True)
    exec(snippet, {"__name__": "__main__"})
"#;

#[test]
fn the_card_s_snippet_for_onnx_in_python_answers_as_the_run_does() {
    let Some(python) = python_without_torch() else {
        return;
    };
    let (home, run) = trained();
    let picture = home.path().join("pictures/dark/3.png");
    let folder = home.path().join("onnx");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("cells.onnx");
    home.printed(&["export", text(&run), "--out", text(&file)]);
    let card = (folder.as_path(), "cells.card.md");
    snippet_agrees(&python, (&home, &run), card, &picture, 1e-4);

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

#[test]
fn the_card_s_snippet_for_pytorch_in_python_answers_as_the_run_does() {
    let Some(python) = python() else { return };
    let (home, run) = trained();
    let picture = home.path().join("pictures/dark/3.png");
    let folder = home.path().join("pytorch");
    home.printed(&to_pytorch(&run, &folder));
    let card = (folder.as_path(), "model_card.md");
    snippet_agrees(&python, (&home, &run), card, &picture, 1e-4);
    // And the script by itself.
    std::fs::copy(&picture, folder.join("picture.png")).unwrap();
    let printed = run_python(&python, &folder, &["predict.py", "picture.png"]);
    let expected = predicted(&home, &run, &[picture]).remove(0);
    agree(&printed_probabilities(&printed), &expected, 1e-4);
}
