//! Sweeps that are killed or stopped, and run again.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use super::{RATES, TinySweep, assert_same, cells, epochs, start, state_of, tries};

/// Milliseconds that are never the same, from the clock.
fn some_time(most: u64) -> Duration {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Duration::from_millis(u64::from(now.subsec_nanos()) / 1000 % most)
}

#[test]
fn a_sweep_that_is_killed_again_and_again_ends_with_the_same_bits() {
    let sweep = TinySweep::new(RATES, "set: [\"phases[1].epochs=4\"], seeds: 2");
    sweep.run("whole");
    assert_eq!(cells(&sweep.folder("whole")).len(), 6);
    for kill in 0..8 {
        let mut child = start(sweep.command("run", "killed", &["--device", "cpu"]));
        std::thread::sleep(Duration::from_millis(150) + some_time(2500));
        // SIGKILL: nothing is saved, nothing is let go.
        child.kill().unwrap();
        child.wait().unwrap();
        let status = sweep.document("status", "killed", &[]);
        assert_eq!(
            status["counts"]["running"],
            serde_json::Value::Null,
            "after kill {kill}"
        );
    }
    let report = sweep.run("killed");
    assert_eq!(report["finished"], 6, "{report}");
    assert_same(&sweep.folder("whole"), &sweep.folder("killed"));
    // And once more there is nothing to do.
    let before = tries(&sweep.folder("killed"), "learning_rate=0.01,seed=42");
    sweep.run("killed");
    assert_eq!(
        tries(&sweep.folder("killed"), "learning_rate=0.01,seed=42"),
        before
    );
}

#[test]
fn a_signal_stops_a_sweep_which_says_that_it_goes_on() {
    let sweep = TinySweep::new(RATES, "set: [\"phases[1].epochs=4\"]");
    sweep.run("whole");
    let mut stopped = 0;
    for signal in ["-USR1", "-TERM", "-INT", "-USR1"] {
        let mut child = sweep
            .command("run", "stopped", &["--device", "cpu"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It listens before it says anything.
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        said.find(|line| line.as_ref().unwrap().starts_with("Cell "));
        let rest = std::thread::Builder::new()
            .name("said".into())
            .spawn(move || said.for_each(drop))
            .unwrap();
        std::thread::sleep(some_time(400));
        let killed = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let ended = child.wait().unwrap().code();
        rest.join().unwrap();
        match ended {
            Some(75) => stopped += 1,
            Some(0) => {}
            other => panic!("{signal}: {other:?}"),
        }
    }
    assert!(stopped > 0);
    assert_eq!(sweep.run("stopped")["finished"], 3);
    assert_same(&sweep.folder("whole"), &sweep.folder("stopped"));
}

fn cells_or_none(sweep: &TinySweep, out: &str) -> usize {
    match sweep.folder(out).is_dir() {
        true => cells(&sweep.folder(out)).len(),
        false => 0,
    }
}

#[test]
fn a_sweep_ends_with_the_program_that_began_it() {
    let sweep = TinySweep::new(RATES, "set: [\"phases[1].epochs=200\"]");
    let mut command = sweep.command("run", "out", &["--device", "cpu", "--until-stdin-closes"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while cells_or_none(&sweep, "out") == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(75));
    let status = sweep.document("status", "out", &[]);
    assert_eq!(status["counts"]["missing"], 2, "{status}");
}

#[test]
fn a_folder_that_a_dead_process_left_half_made_is_begun_again() {
    let sweep = TinySweep::new(RATES, "");
    let half = sweep.folder("out").join("learning_rate=0.01,seed=42");
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join("preset.ron"), "(").unwrap();
    std::fs::write(half.join(".writing-x"), "(").unwrap();
    assert_eq!(sweep.run("out")["finished"], 3);
    assert_eq!(epochs(&half).len(), 3);
}

#[test]
fn extending_a_sweep_trains_what_is_new() {
    let sweep = TinySweep::new(
        r#"(field: "phases[1].learning_rate", values: List([0.001, 0.01]))"#,
        "",
    );
    sweep.run("out");
    let old = cells(&sweep.folder("out"));
    assert_eq!(
        old,
        ["learning_rate=0.001,seed=42", "learning_rate=0.01,seed=42"]
    );
    sweep.write(
        r#"(field: "phases[1].learning_rate", values: List([0.1, 0.01, 0.001]))"#,
        "seeds: 2, name: \"Renamed\"",
    );
    let status = sweep.document("status", "out", &[]);
    assert_eq!(
        (&status["counts"]["finished"], &status["counts"]["missing"]),
        (&2.into(), &4.into())
    );
    sweep.run("out");
    assert_eq!(cells(&sweep.folder("out")).len(), 6);
    for cell in cells(&sweep.folder("out")) {
        assert_eq!(tries(&sweep.folder("out"), &cell), 1, "{cell}");
    }
    // What was extended is what it would have been from the beginning.
    sweep.run("whole");
    assert_same(&sweep.folder("whole"), &sweep.folder("out"));
}

#[test]
fn a_cell_that_fails_is_told_and_the_others_go_on() {
    let sweep = TinySweep::new(
        r#"(field: "backbone.weights", values: List([File("none.safetensors"), Random]))"#,
        "",
    );
    let output = sweep.output("run", "out", &["--device", "cpu"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("1 cell failed") && said.contains("none.safetensors"),
        "{said}"
    );
    let status = sweep.document("status", "out", &[]);
    let failed = state_of(&status, "weights=File-none.safetensors,seed=42");
    assert_eq!(failed["state"], "failed");
    assert!(
        failed["reason"]
            .as_str()
            .unwrap()
            .contains("none.safetensors")
    );
    assert_eq!(
        state_of(&status, "weights=Random,seed=42")["state"],
        "finished"
    );
    // Run again, it is left alone; a task of many has done its part.
    let again = sweep.output(
        "run",
        "out",
        &["--device", "cpu", "--task", "1", "--of", "1"],
    );
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(
        tries(
            &sweep.folder("out"),
            "weights=File-none.safetensors,seed=42"
        ),
        1
    );
    let again = sweep.output("run", "out", &["--device", "cpu", "--again"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(
        tries(
            &sweep.folder("out"),
            "weights=File-none.safetensors,seed=42"
        ),
        2
    );
}

#[test]
fn runs_of_other_settings_are_not_taken_for_the_sweep_s() {
    let sweep = TinySweep::new(
        r#"(field: "phases[1].learning_rate", values: List([0.001]))"#,
        "",
    );
    sweep.run("out");
    let before = super::found(&sweep.folder("out").join("learning_rate=0.001,seed=42"));
    sweep.write(
        r#"(field: "phases[1].learning_rate", values: List([0.001]))"#,
        "set: [\"training.batch_size=4\"]",
    );
    let output = sweep.output("run", "out", &["--device", "cpu", "--again"]);
    assert_eq!(output.status.code(), Some(1));
    let status = sweep.document("status", "out", &[]);
    let cell = &status["cells"][0];
    assert_eq!(cell["state"], "failed");
    let reason = cell["reason"].as_str().unwrap();
    assert!(
        reason.contains("training.batch_size is 8 there and 4 in the sweep"),
        "{reason}"
    );
    assert_eq!(
        tries(&sweep.folder("out"), "learning_rate=0.001,seed=42"),
        1
    );
    assert!(super::found(&sweep.folder("out").join("learning_rate=0.001,seed=42")) == before);

    // Other pictures are another sweep, too; what has no pictures yet asks for them.
    sweep.write(
        r#"(field: "phases[1].learning_rate", values: List([0.001]))"#,
        "",
    );
    let other = sweep.home.path().join("others");
    std::fs::rename(sweep.home.path().join("pictures"), &other).unwrap();
    let output = sweep.output("run", "out", &["--device", "cpu", "--data", "others"]);
    assert_eq!(output.status.code(), Some(1));
    let output = sweep.output("run", "new", &["--device", "cpu"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(1) && said.contains("pictures"),
        "{said}"
    );
    let output = sweep.output("run", "new", &["--device", "cpu", "--data", "others"]);
    assert!(output.status.success());
}
