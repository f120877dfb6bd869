//! A cross-validated experiment from its preset to its one result, through the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::cli::{Home, json};

/// Squares of six patients of each class, three of each; the names say whose they are.
fn patients(home: &Home) {
    for (class, base) in [("bright", 180u8), ("dark", 30)] {
        let folder = home.path().join("pictures").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for patient in 0..6u8 {
            for picture in 0..3u8 {
                let value = base + 3 * patient + picture;
                image::RgbImage::from_fn(40, 36, |x, _| image::Rgb([value, x as u8, value]))
                    .save(folder.join(format!("{class}{patient}_{picture}.png")))
                    .unwrap();
            }
        }
    }
}

/// A preset of three folds by patient.
fn preset(home: &Home) -> String {
    let path = home.preset("Patients");
    let text = std::fs::read_to_string(&path).unwrap();
    let whole = "split: (validation: 0.25, test: 0.25)";
    assert!(text.contains(whole));
    let folds =
        r#"split: (validation: 0.25, folds: Some(3), group: Some(Pattern("^([a-z]+\\d+)_")))"#;
    let text = text.replace(whole, folds).replace("epochs: 2", "epochs: 1");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const LAST: [&str; 3] = ["--device", "cpu", "--json"];

fn with(first: &[&str]) -> Vec<String> {
    first.iter().chain(&LAST).map(ToString::to_string).collect()
}

fn train(home: &Home, first: &[&str]) -> serde_json::Value {
    let arguments = with(first);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    json(&home.printed(&arguments))
}

/// The part of each line of a run's `split.csv`, by file.
fn split(folder: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder.join("split.csv")).unwrap();
    let line = |line: &str| {
        let mut cells = line.split(',').map(str::to_owned);
        (cells.next().unwrap(), cells.next_back().unwrap())
    };
    text.lines().skip(1).map(line).collect()
}

#[test]
fn folds_are_one_run_with_one_result_and_a_killed_one_goes_on_to_the_same() {
    let home = Home::new();
    patients(&home);
    let preset = preset(&home);
    let text = home.printed(&["data", &preset]);
    assert!(
        text.contains("Split: 3 folds, drawn at random by group")
            && text
                .contains("0 of 12 groups stand in two folds: 4 groups and 12 pictures in each."),
        "{text}"
    );

    let whole = train(&home, &["run", &preset, "--out", "whole"]);
    let folder = PathBuf::from(whole["run"].as_str().unwrap());
    assert_eq!(home.only_run("whole"), folder);
    let result = &whole["cross_validation"];
    assert_eq!(whole["test"]["n"], 36);
    assert_eq!(result["scores"]["pictures"], 36);
    assert_eq!(result["groups"]["groups"], 12);
    assert_eq!(result["groups"]["in_two_folds"], 0);
    assert_eq!(result["folds"].as_array().unwrap().len(), 3);
    let mean = result["folds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fold| fold["test"]["accuracy"].as_f64().unwrap())
        .sum::<f64>()
        / 3.0;
    assert!((result["spread"]["accuracy"]["mean"].as_f64().unwrap() - mean).abs() < 1e-9);

    // In each fold a patient stands in one part, and each is tested in one fold.
    let mut tested = BTreeMap::new();
    for fold in 1..=3 {
        let own = folder.join(format!("fold-{fold}"));
        assert!(own.join("weights.safetensors").is_file());
        let mut parts: BTreeMap<String, String> = BTreeMap::new();
        for (file, part) in split(&own) {
            let patient = file.split('_').next().unwrap().to_owned();
            assert_eq!(*parts.entry(patient.clone()).or_insert(part.clone()), part);
            if part == "test" {
                assert_eq!(*tested.entry(patient).or_insert(fold), fold);
            }
        }
        assert_eq!(parts.len(), 12);
        let log = std::fs::read_to_string(own.join("log.txt")).unwrap();
        assert!(
            log.contains("0 of 12 groups stand in two parts of the split"),
            "{log}"
        );
    }
    assert_eq!(tested.len(), 12);

    // One run among all, evaluated as any other, whose answers are those of the folds.
    let runs = json(&home.printed(&["runs", "list", "--runs", "whole", "--json"]));
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "{runs}");
    assert_eq!(runs["runs"][0]["folds"], 3);
    let run = folder.to_str().unwrap();
    // The interval is by patient wherever it stands, to the last bit.
    let by_patient = &result["scores"]["accuracy"];
    let evaluated = json(&home.printed(&["evaluate", run, "--device", "cpu", "--json"]));
    assert_eq!(&evaluated["answers"]["accuracy"], by_patient);
    assert_eq!(evaluated["groups"]["groups"], 12);
    let by_picture = &evaluated["groups"]["accuracy_by_picture"]["interval"];
    assert!(
        by_picture["low"].as_f64() > by_patient["interval"]["low"].as_f64(),
        "{evaluated}"
    );
    let text = home.printed(&["evaluate", run, "--device", "cpu"]);
    assert!(text.contains("36"), "{text}");
    let compared = json(&home.printed(&[
        "compare", run, "--out", "figures", "--format", "svg", "--json",
    ]));
    assert_eq!(
        compared["runs"][0]["accuracy_interval"],
        by_patient["interval"]
    );
    let report = std::fs::read_to_string(home.path().join("figures/report.html")).unwrap();
    assert!(report.contains("The pictures are of 12 groups"));
    let stored = std::fs::read_to_string(folder.join("groups.csv")).unwrap();
    assert_eq!(stored.lines().count(), 37, "{stored}");
    // A fold is not thrown away alone.
    let fold = folder.join("fold-1");
    let message = home.refused(&["runs", "trash", fold.to_str().unwrap()], 1);
    assert!(
        message.contains("is fold 1 of a cross-validation"),
        "{message}"
    );
    assert!(fold.join("summary.json").is_file());
    let answers = std::fs::read_to_string(folder.join("predictions.csv")).unwrap();
    for fold in 1..=3 {
        let own = folder.join(format!("fold-{fold}/predictions.csv"));
        for line in std::fs::read_to_string(own).unwrap().lines().skip(1) {
            assert!(answers.lines().any(|known| known == line), "{line}");
        }
    }

    // Killed in the second fold, it goes on with what is missing, to the same answers.
    let arguments = ["run", &preset, "--out", "killed", "--device", "cpu"];
    let mut child = home
        .command(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let killed = loop {
        assert!(began.elapsed() < Duration::from_secs(120), "no second fold");
        let entries = std::fs::read_dir(home.path().join("killed"))
            .into_iter()
            .flatten();
        let second = entries
            .flatten()
            .map(|entry| entry.path())
            .find(|folder| folder.join("fold-2/summary.json").is_file());
        match second {
            Some(folder) => break folder,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let first = killed.join("fold-1/summary.json");
    let before = std::fs::metadata(&first).unwrap().modified().unwrap();
    let resumed = train(&home, &["run", &preset, "--resume", "--out", "killed"]);
    assert_eq!(resumed["run"].as_str(), killed.to_str());
    assert_eq!(resumed["test"], whole["test"]);
    assert_eq!(resumed["cross_validation"]["scores"], result["scores"]);
    assert_eq!(
        std::fs::metadata(&first).unwrap().modified().unwrap(),
        before
    );
    let again = std::fs::read_to_string(killed.join("predictions.csv")).unwrap();
    assert!(again == answers, "predictions");
    let message = home.refused(&["run", "--resume", killed.to_str().unwrap()], 1);
    assert!(message.contains("--refit"), "{message}");
}

#[test]
fn a_cross_validation_names_its_networks_and_one_on_all_pictures_is_trained_when_wanted() {
    let home = Home::new();
    patients(&home);
    let preset = preset(&home);
    let text = home.printed(&["run", &preset, "--out", "runs", "--device", "cpu"]);
    assert!(
        text.contains("3 folds: every picture was answered by the network that had not seen it; 36 pictures in all")
            && text.contains("0 of 12 groups stand in two folds")
            && text.contains("bootstrap of 12 groups")
            && text.contains("--refit"),
        "{text}"
    );
    let folder = home.only_run("runs");
    let run = folder.to_str().unwrap();
    let message = home.refused(
        &[
            "predict", run, "pictures", "--out", "a.csv", "--device", "cpu",
        ],
        1,
    );
    assert!(
        message.contains("a cross-validation of 3 folds") && message.contains("fold-1"),
        "{message}"
    );

    let before = std::fs::read(folder.join("predictions.csv")).unwrap();
    let refitted = train(&home, &["run", run, "--resume", "--refit"]);
    let network = folder.join("refit");
    assert_eq!(
        refitted["cross_validation"]["refit"].as_str(),
        network.to_str()
    );
    assert_eq!(
        std::fs::read(folder.join("predictions.csv")).unwrap(),
        before
    );
    let parts = split(&network);
    assert_eq!(parts.len(), 36);
    assert!(!parts.values().any(|part| part == "test"));
    home.printed(&[
        "predict",
        network.to_str().unwrap(),
        "pictures",
        "--out",
        "a.csv",
        "--device",
        "cpu",
    ]);

    // What is no cross-validation has nothing to refit; a fold by itself is an ordinary run.
    let message = home.refused(
        &["run", &preset, "--refit", "--set", "data.split.folds=None"],
        1,
    );
    assert!(
        message.contains("--refit goes with a cross-validation"),
        "{message}"
    );
    let message = home.refused(&["run", &preset, "--set", "data.split.folds=21"], 1);
    assert!(message.contains("allowed is 2 to 20"), "{message}");
    let one = train(
        &home,
        &["run", &preset, "--out", "one", "--set", "data.split.fold=2"],
    );
    assert_eq!(one["test"]["n"], 12);
    assert_eq!(one["cross_validation"], serde_json::Value::Null);
}
