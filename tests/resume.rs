//! Runs that are killed or interrupted, and go on.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cli::{Home, json};

/// Many short epochs, so that an interruption falls between the first and the last.
const EPOCHS: usize = 8;

/// A preset with averages, momentum, fresh augmentation and mixed pictures, which all have something to lose.
fn preset(home: &Home) -> String {
    home.pictures(12);
    let path = home.preset("Long");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace(
            "training: (batch_size: 8)",
            "training: (batch_size: 8, weight_averaging: Some(0.9))",
        )
        .replace(
            "epochs: 2, freeze",
            &format!("epochs: {}, freeze", EPOCHS - 1),
        )
        .replace(
            "    phases:",
            "    augmentation: (rotation: 15.0, trivial_augment: true, mixup: 0.4, cutmix: 1.0, views: Fresh),\n    phases:",
        );
    assert!(text.contains("Some(0.9)") && text.contains("Fresh"));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// `graft` with these arguments, on one thread.
pub fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("OMP_NUM_THREADS", "1");
    command
}

/// Starts a run and waits until it has saved an epoch; its folder below `runs`.
#[allow(
    clippy::zombie_processes,
    reason = "the callers wait; a failed test ends"
)]
pub fn start_command(mut command: Command, home: &Home, runs: &str) -> (Child, PathBuf) {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    loop {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "no epoch was saved"
        );
        let entries = std::fs::read_dir(home.path().join(runs))
            .into_iter()
            .flatten();
        let saved = entries
            .flatten()
            .map(|entry| entry.path())
            .find(|folder| folder.join("resume.safetensors").is_file());
        if let Some(folder) = saved {
            return (child, folder);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The same for `graft` with these arguments.
pub fn start(home: &Home, arguments: &[&str], runs: &str) -> (Child, PathBuf) {
    start_command(command(home, arguments), home, runs)
}

/// The document that a command prints, and what it said.
pub fn run(home: &Home, arguments: &[&str]) -> (serde_json::Value, String) {
    let output = command(home, arguments).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success(),
        "graft {}: {errors}",
        arguments.join(" ")
    );
    (json(&String::from_utf8(output.stdout).unwrap()), errors)
}

/// Everything that a run found out but the seconds.
pub fn results(folder: &Path) -> (Vec<u8>, Vec<u8>, Vec<u8>, Vec<String>) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let metrics = String::from_utf8(read("metrics.csv")).unwrap();
    let without_seconds = metrics
        .lines()
        .map(|line| line.rsplit_once(',').unwrap().0.to_owned())
        .collect();
    (
        read("predictions.csv"),
        read("weights.safetensors"),
        read("movement.csv"),
        without_seconds,
    )
}

#[test]
fn a_killed_run_goes_on_to_the_same_weights() {
    let home = Home::new();
    let preset = preset(&home);
    let (whole, _) = run(
        &home,
        &[
            "run", &preset, "--out", "whole", "--device", "cpu", "--json",
        ],
    );

    let (mut child, folder) = start(
        &home,
        &["run", &preset, "--out", "killed", "--device", "cpu"],
        "killed",
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let text = folder.to_str().unwrap();
    let (resumed, said) = run(
        &home,
        &["run", text, "--resume", "--device", "cpu", "--json"],
    );
    assert!(said.contains("Resuming after epoch"), "{said}");
    assert_eq!(resumed["run"].as_str(), Some(text));
    assert_eq!(resumed["test"], whole["test"]);
    assert_eq!(resumed["phases"][1]["epochs"], EPOCHS - 1);
    let first = PathBuf::from(whole["run"].as_str().unwrap());
    let (expected, found) = (results(&first), results(&folder));
    assert_eq!(found.3, expected.3, "metrics");
    assert_eq!(found.3.len(), EPOCHS + 1);
    assert!(found.0 == expected.0, "predictions");
    assert!(found.1 == expected.1, "weights");
    assert!(found.2 == expected.2, "movement");
    assert!(!folder.join("resume.safetensors").exists());

    let message = home.refused(&["run", text, "--resume"], 1);
    assert!(message.contains("nothing to resume"), "{message}");
    let message = home.refused(&["run", text], 1);
    assert!(message.contains("add --resume"), "{message}");
}

#[test]
fn ctrl_c_keeps_what_is_there_and_says_how_to_go_on() {
    let home = Home::new();
    let preset = preset(&home);
    let arguments = [
        "run", &preset, "--out", "runs", "--resume", "--device", "cpu",
    ];
    let (child, folder) = start(&home, &arguments, "runs");
    // The shell's own: a bare system has no program of that name.
    let interrupted = Command::new("sh")
        .args(["-c", &format!("kill -INT {}", child.id())])
        .status()
        .unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("There is no unfinished run of this experiment"),
        "{said}"
    );
    assert!(said.contains("Stopping after this batch"), "{said}");
    let text = folder.to_str().unwrap();
    assert!(
        said.contains(&format!("graft run --resume \"{text}\"")),
        "{said}"
    );
    let summary = json(
        &std::fs::read_to_string(folder.join("summary.json"))
            .unwrap()
            .replace('\n', ""),
    );
    assert_eq!(summary["state"], "Stopped");
    assert!(folder.join("weights.safetensors").is_file());

    // Other pictures are no continuation.
    let pictures = home.path().join("pictures/bright");
    std::fs::rename(pictures.join("0.png"), pictures.join("new.png")).unwrap();
    let message = home.refused(&["run", text, "--resume", "--device", "cpu"], 1);
    assert!(
        message.contains("not those that this run began with"),
        "{message}"
    );
    std::fs::rename(pictures.join("new.png"), pictures.join("0.png")).unwrap();

    // The same command finds the run again.
    let mut again = arguments.to_vec();
    again.push("--json");
    let (resumed, said) = run(&home, &again);
    assert!(said.contains("Resuming after epoch"), "{said}");
    assert_eq!(resumed["run"].as_str(), Some(text));
}
