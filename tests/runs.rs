//! `graft runs`: the runs of a folder as things one owns.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::{Home, json};

/// Runs of two experiments, the second under two seeds.
fn trained() -> Home {
    let home = Home::new();
    home.pictures(8);
    home.preset("Fine-tuning");
    home.printed(&["run", "tiny.ron", "--set", "name=\"Other\""]);
    home.printed(&[
        "run",
        "tiny.ron",
        "--seeds",
        "2",
        "--set",
        "phases[1].epochs=1",
    ]);
    home
}

fn list(home: &Home, more: &[&str]) -> Vec<Value> {
    let arguments = [&["runs", "list", "--json"][..], more].concat();
    json(&home.printed(&arguments))["runs"]
        .as_array()
        .unwrap()
        .clone()
}

fn names(runs: &[Value]) -> Vec<String> {
    (runs.iter())
        .map(|run| run["name"].as_str().unwrap().to_owned())
        .collect()
}

fn folder(run: &Value) -> PathBuf {
    PathBuf::from(run["run"].as_str().unwrap())
}

#[test]
fn runs_are_numbered_named_tagged_archived_and_found_by_any_of_it() {
    let home = trained();
    let runs = list(&home, &["--sort", "number"]);
    assert_eq!(
        names(&runs),
        [
            "#3 Fine-tuning, seed 43",
            "#2 Fine-tuning, seed 42",
            "#1 Other"
        ]
    );
    assert!(
        runs.iter()
            .all(|run| run["bytes"].as_u64().unwrap() > 10_000)
    );
    let text = home.printed(&["runs", "list"]);
    assert!(
        text.contains("#1 Other") && text.contains("Accuracy"),
        "{text}"
    );

    // By its number, by its name, by its folder.
    home.printed(&["runs", "rename", "#2", "the good one"]);
    assert_eq!(
        names(&list(&home, &["--search", "GOOD"])),
        ["#2 the good one"]
    );
    home.printed(&["runs", "tag", "2", "Other", "+paper", "+draft"]);
    home.printed(&["runs", "tag", "the good one", "-draft"]);
    home.printed(&[
        "runs",
        "note",
        folder(&runs[2]).to_str().unwrap(),
        "Lamp replaced",
    ]);
    assert_eq!(home.printed(&["runs", "note", "1"]), "Lamp replaced\n");
    assert_eq!(
        names(&list(&home, &["--tag", "paper", "--sort", "number"])),
        ["#2 the good one", "#1 Other"]
    );
    assert_eq!(names(&list(&home, &["--tag", "draft"])), ["#1 Other"]);
    home.printed(&["runs", "pin", "1"]);
    assert_eq!(names(&list(&home, &["--sort", "number"]))[0], "#1 Other");
    home.printed(&["runs", "archive", "1", "3"]);
    assert_eq!(names(&list(&home, &[])), ["#2 the good one"]);
    assert_eq!(list(&home, &["--all"]).len(), 3);
    assert!(
        home.printed(&["runs", "list"])
            .contains("2 archived runs are left out")
    );
    home.printed(&["runs", "archive", "--off", "1", "3"]);
    home.printed(&["runs", "rename", "2"]);
    assert_eq!(
        names(&list(&home, &["--sort", "number"]))[2],
        "#2 Fine-tuning, seed 42"
    );

    // Other commands take what names a run, and call it the same.
    let text = home.printed(&["compare", "2", "#3", "--out", "figures"]);
    assert!(text.contains("#2 Fine-tuning, seed 42"), "{text}");
    home.printed(&["evaluate", "#1"]);

    // What can mean two, and what means none, is refused.
    let error = home.refused(&["runs", "rename", "Fine-tuning", "x"], 1);
    assert!(
        error.contains("#2 Fine-tuning") && error.contains("#3 Fine-tuning"),
        "{error}"
    );
    let error = home.refused(&["runs", "trash", "99"], 1);
    assert!(error.contains("there is no run 99"), "{error}");
    let error = home.refused(&["runs", "tag", "2", "+a,b"], 1);
    assert!(error.contains("a,b can't be a tag"), "{error}");
    home.refused(&["runs", "tag", "2"], 1);
}

/// Variables under which nothing is moved to the person's own trash.
fn own_trash(home: &Home) -> (String, PathBuf) {
    let data = home.path().join("data");
    (data.to_str().unwrap().to_owned(), data.join("Trash/files"))
}

fn succeeds(home: &Home, arguments: &[&str], data: &str) -> String {
    let output = home.graft_with(arguments, &[("XDG_DATA_HOME", data)]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).into_iter().flatten().count()
}

#[test]
fn a_run_goes_to_the_trash_and_comes_back_with_its_number() {
    let home = trained();
    let (data, trash) = own_trash(&home);
    let run = list(&home, &["--search", "Other"]).remove(0);
    let highest = list(&home, &["--sort", "number"]).remove(0);
    let before = entries(&folder(&run));
    let text = succeeds(&home, &["runs", "trash", "Other", "3"], &data);
    assert!(text.contains("Moved #1 Other to the trash"), "{text}");
    assert!(!folder(&run).exists() && !folder(&highest).exists());
    assert_eq!(entries(&trash), 2);
    assert_eq!(list(&home, &["--all"]).len(), 1);
    // The number of a run in the trash goes to no other.
    home.printed(&["run", "tiny.ron", "--set", "name=\"Later\""]);
    assert_eq!(names(&list(&home, &["--search", "Later"])), ["#4 Later"]);

    let there = succeeds(&home, &["runs", "restore"], &data);
    assert_eq!(there.lines().count(), 2, "{there}");
    let name = folder(&run)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let text = succeeds(&home, &["runs", "restore", &name], &data);
    assert!(text.contains("#1 Other"), "{text}");
    assert_eq!(entries(&folder(&run)), before);
    // Twice is refused, and so is what was never there.
    for name in [name.as_str(), "2020-01-01T00-00-00-nothing"] {
        let output = home.graft_with(&["runs", "restore", name], &[("XDG_DATA_HOME", &data)]);
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
}

#[test]
fn a_run_that_is_trained_is_not_moved_to_the_trash() {
    let home = trained();
    let (data, trash) = own_trash(&home);
    let run = folder(&list(&home, &["--search", "Other"])[0]);
    let lock = std::fs::File::options()
        .write(true)
        .open(run.join("lock"))
        .unwrap();
    lock.lock().unwrap();
    let output = home.graft_with(&["runs", "trash", "1"], &[("XDG_DATA_HOME", &data)]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.contains("#1 Other stays") && errors.contains("being trained"),
        "{errors}"
    );
    assert!(run.is_dir());
    assert_eq!(entries(&trash), 0);
}

#[test]
fn a_folder_of_runs_that_was_chosen_in_the_window_is_listed_and_trained_in() {
    let home = Home::new();
    home.pictures(8);
    home.preset("Elsewhere");
    let chosen = home.path().join("on another drive");
    std::fs::create_dir_all(home.path().join("home")).unwrap();
    let settings = format!("(runs_folder: Some({chosen:?}))");
    std::fs::write(home.path().join("home/settings.ron"), settings).unwrap();
    home.printed(&["run", "tiny.ron"]);
    let runs = list(&home, &[]);
    assert_eq!(names(&runs), ["#1 Elsewhere"]);
    assert!(folder(&runs[0]).starts_with(&chosen));
    // The usual one is empty, and can be asked for.
    let usual = home.path().join("home/runs");
    assert!(list(&home, &["--runs", usual.to_str().unwrap()]).is_empty());
}
