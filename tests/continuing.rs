//! Runs that go on, are extended, evaluated and compared at the command line's edge: what they began with, which weights
//! answers are of, and what is said where something was changed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::cli::{Home, json};
use super::resume::{self, run, start};

/// Pictures of each class.
const PICTURES: u8 = 12;

/// A preset with many short epochs, so that an interruption falls between the first and the last; beside its pictures.
fn preset(home: &Home, name: &str, epochs: usize) -> String {
    if !home.path().join("pictures").exists() {
        home.pictures(PICTURES);
    }
    let path = home.preset(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("epochs: 2, freeze", &format!("epochs: {epochs}, freeze"));
    let file = format!("{name}.ron");
    std::fs::write(home.path().join(&file), text).unwrap();
    file
}

/// Sends a signal with the shell's own kill.
fn send(child: &Child, signal: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {}", child.id())])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Sends a signal, and gives what the program said in the end.
fn signalled(child: Child, signal: &str) -> (Option<i32>, String) {
    send(&child, signal);
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn state(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("summary.json")).unwrap();
    json(&text.replace('\n', ""))["state"].clone()
}

/// What `graft run` takes to put its runs into `runs`.
fn train(preset: &str) -> Vec<&str> {
    vec!["run", preset, "--out", "runs", "--device", "cpu", "--json"]
}

/// Darkens a picture, which keeps its name.
fn change(path: &Path) {
    let mut picture = image::open(path).unwrap().to_rgb8();
    for pixel in picture.pixels_mut() {
        pixel.0[1] = pixel.0[1].wrapping_add(3);
    }
    picture.save(path).unwrap();
}

#[test]
fn answers_of_an_earlier_checkpoint_do_not_count() {
    let home = Home::new();
    let preset = preset(&home, "long", 12);
    let (child, folder) = start(&home, &train(&preset), "runs");
    let (status, said) = signalled(child, "INT");
    assert_eq!(status, Some(1), "{said}");
    let text = folder.to_str().unwrap();
    // Before it was evaluated, there is nothing to compare with, and the reason is said.
    let message = home.refused(&["compare", text, "--out", "out"], 1);
    assert!(
        message.contains("the run was stopped after") && message.contains("graft evaluate"),
        "{message}"
    );
    let evaluate = ["evaluate", text, "--device", "cpu", "--json"];
    let (early, _) = run(&home, &evaluate);
    assert_eq!(early["pictures"], 6);
    assert!(folder.join("answers.json").is_file());
    // Evaluated, it can be compared, and what it is stands beside it.
    let printed = home.printed(&["compare", text, "--out", "out"]);
    assert!(printed.contains("6 test pictures"), "{printed}");
    assert!(printed.contains("has not come to its end"), "{printed}");

    let (resumed, said) = run(
        &home,
        &["run", text, "--resume", "--device", "cpu", "--json"],
    );
    assert!(said.contains("Resuming"), "{said}");
    let (late, _) = run(&home, &evaluate);
    assert_ne!(
        late["probabilities"]["log_loss"],
        early["probabilities"]["log_loss"]
    );
    // One log loss, to the last digit.
    let close = |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-12;
    assert!(
        close(
            &late["probabilities"]["log_loss"]["value"],
            &resumed["test"]["loss"]
        ),
        "{late} {resumed}"
    );
    assert_eq!(
        late["answers"]["accuracy"]["value"],
        resumed["test"]["accuracy"]
    );

    // Weights that were exchanged: the stored answers are not theirs.
    let weights = folder.join("weights.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let (_, said) = run(&home, &evaluate);
    assert!(said.contains("are not of its present weights"), "{said}");
}

#[test]
fn a_series_goes_on_where_it_stopped() {
    let home = Home::new();
    let preset = preset(&home, "series", 6);
    let mut arguments = train(&preset);
    arguments.extend(["--seeds", "2"]);
    let (child, folder) = start(&home, &arguments, "runs");
    let (_, said) = signalled(child, "INT");
    assert!(
        said.contains("2 runs of the series are left") && said.contains("--resume --seeds 2"),
        "{said}"
    );
    arguments.push("--resume");
    let (all, said) = run(&home, &arguments);
    assert!(said.contains("Resuming"), "{said}");
    assert_eq!(all["runs"].as_array().unwrap().len(), 2);
    assert_eq!(all["runs"][0]["run"].as_str(), folder.to_str());
    assert_eq!(all["runs"][1]["finished_earlier"], false);
    // Once more, nothing is left to do, and the results are the same.
    let (again, said) = run(&home, &arguments);
    assert_eq!(said.matches("Finished already: ").count(), 2, "{said}");
    assert_eq!(again["experiments"], all["experiments"]);
    assert_eq!(again["runs"][0]["finished_earlier"], true);
    // The same settings and seed without --resume are a repeat, and called one; another seed is none.
    let mut other = train(&preset);
    other.extend(["--set", "seed=44"]);
    let (_, said) = run(&home, &other);
    assert!(!said.contains("give the same numbers again"), "{said}");
    let (_, said) = run(&home, &train(&preset));
    assert!(said.contains("give the same numbers again"), "{said}");
}

#[test]
fn a_finished_run_trains_more_epochs() {
    let home = Home::new();
    let preset = preset(&home, "more", 2);
    let (first, _) = run(&home, &train(&preset));
    let text = first["run"].as_str().unwrap();
    let folder = PathBuf::from(text);
    assert!(folder.join("end.safetensors").is_file());
    let message = home.refused(&["run", text, "--resume"], 1);
    assert!(message.contains("--epochs +N"), "{message}");
    let message = home.refused(&["run", text, "--resume", "--epochs", "3"], 2);
    assert!(message.contains("write +10"), "{message}");
    let more = [
        "run", text, "--resume", "--epochs", "+3", "--device", "cpu", "--json",
    ];
    let (second, said) = run(&home, &more);
    assert!(said.contains("Resuming after epoch 3 of 6"), "{said}");
    assert_eq!(second["phases"][1]["epochs"], 5);
    let metrics = std::fs::read_to_string(folder.join("metrics.csv")).unwrap();
    assert_eq!(metrics.lines().count(), 7, "{metrics}");
    let preset = std::fs::read_to_string(folder.join("preset.ron")).unwrap();
    assert!(preset.contains("epochs: 5"), "{preset}");
    let (evaluated, said) = run(&home, &["evaluate", text, "--device", "cpu", "--json"]);
    assert_eq!(
        evaluated["answers"]["accuracy"]["value"],
        second["test"]["accuracy"]
    );
    assert!(!said.contains("worked out anew"), "{said}");
    // Without what the optimizer remembers there is no going on, and that is said.
    std::fs::remove_file(folder.join("end.safetensors")).unwrap();
    let message = home.refused(&more, 1);
    assert!(message.contains("has no end.safetensors"), "{message}");
    assert_eq!(state(&folder), "Finished");
}

#[test]
fn moved_pictures_are_found_and_changed_ones_refused() {
    let home = Home::new();
    let preset = preset(&home, "moved", 10);
    let (mut child, folder) = start(&home, &train(&preset), "runs");
    // However long the others take, it does not come to its end meanwhile.
    send(&child, "STOP");
    // While it trains, it says so.
    let text = folder.to_str().unwrap();
    let message = home.refused(&["run", text, "--resume"], 1);
    assert!(message.contains("is being trained now"), "{message}");
    let message = home.refused(&["run", &preset, "--resume", "--out", "runs"], 1);
    assert!(message.contains("is being trained now"), "{message}");
    child.kill().unwrap();
    child.wait().unwrap();

    std::fs::rename(home.path().join("pictures"), home.path().join("elsewhere")).unwrap();
    home.refused(&["run", text, "--resume", "--device", "cpu"], 1);
    assert_eq!(state(&folder), "Running", "a refusal changes nothing");
    let changed = home.path().join("elsewhere/dark/3.png");
    let before = std::fs::read(&changed).unwrap();
    change(&changed);
    let go_on = [
        "run",
        text,
        "--resume",
        "--data",
        "elsewhere",
        "--device",
        "cpu",
        "--json",
    ];
    let message = home.refused(&go_on, 1);
    assert!(
        message.contains("1 picture was changed since this run began")
            && message.contains("dark/3.png"),
        "{message}"
    );
    std::fs::write(&changed, before).unwrap();
    let (resumed, _) = run(&home, &go_on);
    assert_eq!(resumed["run"].as_str(), Some(text));
    let preset = std::fs::read_to_string(folder.join("preset.ron")).unwrap();
    assert!(preset.contains("elsewhere"), "{preset}");

    // An evaluation of stored answers says what was changed since.
    let evaluate = ["evaluate", text, "--device", "cpu", "--json"];
    let (clean, said) = run(&home, &evaluate);
    assert_eq!(clean["changed"].as_array().unwrap().len(), 0, "{said}");
    for entry in std::fs::read_dir(home.path().join("elsewhere/dark")).unwrap() {
        change(&entry.unwrap().path());
    }
    let (found, said) = run(&home, &evaluate);
    assert_eq!(found["changed"].as_array().unwrap().len(), 3, "{said}");
    assert!(said.contains("3 pictures' files were changed"), "{said}");
}

#[test]
fn a_changed_weight_file_is_refused() {
    let home = Home::new();
    let preset = preset(&home, "own", 10);
    let (first, _) = run(&home, &train(&preset));
    let kept = PathBuf::from(first["run"].as_str().unwrap()).join("weights.safetensors");
    let own = home.path().join("own.safetensors");
    std::fs::copy(kept, &own).unwrap();
    std::fs::remove_dir_all(home.path().join("runs")).unwrap();
    let path = home.path().join(&preset);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("weights: Random", "weights: File(\"own.safetensors\")"),
    )
    .unwrap();
    let (mut child, folder) = start(&home, &train(&preset), "runs");
    child.kill().unwrap();
    child.wait().unwrap();
    let before = std::fs::read(&own).unwrap();
    let mut bytes = before.clone();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::write(&own, bytes).unwrap();
    let text = folder.to_str().unwrap();
    let go_on = ["run", text, "--resume", "--device", "cpu", "--json"];
    let message = home.refused(&go_on, 1);
    assert!(
        message.contains("the weight file is not the one that this run began with"),
        "{message}"
    );
    std::fs::write(&own, before).unwrap();
    run(&home, &go_on);
}

#[test]
fn equal_names_are_not_equal_pictures() {
    let home = Home::new();
    let preset = preset(&home, "names", 2);
    let (first, _) = run(&home, &train(&preset));
    for class in ["bright", "dark"] {
        for entry in std::fs::read_dir(home.path().join("pictures").join(class)).unwrap() {
            change(&entry.unwrap().path());
        }
    }
    let (second, _) = run(&home, &train(&preset));
    let (one, two) = (
        first["run"].as_str().unwrap(),
        second["run"].as_str().unwrap(),
    );
    let message = home.refused(&["compare", one, two, "--out", "out"], 1);
    assert!(
        message.contains("have the same names and hold something else")
            && message.contains("(6 of 6)"),
        "{message}"
    );
}

#[test]
fn pictures_that_were_trained_on_are_counted() {
    let home = Home::new();
    let preset = preset(&home, "seen", 2);
    let (first, _) = run(&home, &train(&preset));
    let text = first["run"].as_str().unwrap();
    // A copy under other names: what they hold tells.
    for class in ["bright", "dark"] {
        let folder = home.path().join("copy").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for index in 0..PICTURES {
            std::fs::copy(
                home.path().join(format!("pictures/{class}/{index}.png")),
                folder.join(format!("copy{index}.png")),
            )
            .unwrap();
        }
    }
    for place in ["pictures", "copy"] {
        let arguments = [
            "evaluate", text, "--data", place, "--device", "cpu", "--json",
        ];
        let (found, said) = run(&home, &arguments);
        // A quarter is test, a quarter of the rest validation.
        assert_eq!(found["trained_on"], 13, "{place}");
        assert_eq!(found["validated_on"], 5, "{place}");
        assert!(said.contains("13 of 24 pictures were trained on"), "{said}");
    }
}

#[test]
fn validation_under_flips_is_the_same_number_everywhere() {
    let home = Home::new();
    let preset = preset(&home, "flips", 2);
    let path = home.path().join(&preset);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace(
            "training: (batch_size: 8)",
            "augmentation: (horizontal_flip: true, views: Cached(2)), training: (batch_size: 8, test_views: Flips)",
        ),
    )
    .unwrap();
    let (first, _) = run(&home, &train(&preset));
    let text = first["run"].as_str().unwrap();
    let arguments = [
        "evaluate",
        text,
        "--split",
        "validation",
        "--device",
        "cpu",
        "--json",
    ];
    let (found, _) = run(&home, &arguments);
    assert_eq!(found["views"], 1);
    let best = std::fs::read_to_string(Path::new(text).join("summary.json")).unwrap();
    let best = json(&best.replace('\n', ""))["best_epoch"]
        .as_u64()
        .unwrap();
    let metrics = std::fs::read_to_string(Path::new(text).join("metrics.csv")).unwrap();
    let line = metrics.lines().nth(best as usize).unwrap();
    let loss: f64 = line.split(',').nth(5).unwrap().parse().unwrap();
    let evaluated = found["probabilities"]["log_loss"]["value"]
        .as_f64()
        .unwrap();
    assert!((loss - evaluated).abs() < 1e-4, "{loss} {evaluated}");
    // A temperature for the test is fitted on answers that were seen as the test pictures are.
    let (calibrated, _) = run(
        &home,
        &["evaluate", text, "--calibrate", "--device", "cpu", "--json"],
    );
    assert_eq!(calibrated["views"], 2);
    assert!(calibrated["calibrated"]["fit"]["temperature"].is_number());
}

/// Another program in the surroundings of a command.
fn as_for(command: &Command, program: &str) -> Command {
    let set = command.get_envs();
    let mut other = Command::new(program);
    other.envs(set.filter_map(|(name, value)| Some((name, value?))));
    other.current_dir(command.get_current_dir().unwrap());
    other
}

#[test]
fn a_closed_terminal_stops_in_order_and_nohup_outlives_it() {
    let home = Home::new();
    let preset = preset(&home, "hangup", 40);
    // Whoever started the tests may ignore the signal, as nohup does, and what it starts ignores it too.
    let graft = resume::command(&home, &train(&preset));
    let mut heeding = as_for(&graft, "env");
    heeding
        .arg("--default-signal=HUP")
        .arg(graft.get_program())
        .args(graft.get_args());
    let (child, folder) = resume::start_command(heeding, &home, "runs");
    let (status, said) = signalled(child, "HUP");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("graft run --resume"), "{said}");
    assert_eq!(state(&folder), "Stopped");
    std::fs::remove_dir_all(folder).unwrap();

    // Started to ignore it, as nohup does.
    let graft = home.command(&[]);
    let script = format!(
        "trap '' HUP; : > ready; exec '{}' run {preset} --out runs --device cpu --json --set phases[1].epochs=3",
        graft.get_program().display()
    );
    let mut child = as_for(&graft, "sh")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !home.path().join("ready").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    while child.try_wait().unwrap().is_none() {
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -HUP {}", child.id())])
            .stderr(Stdio::null())
            .status()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

#[test]
fn a_folder_that_vanishes_ends_the_run_with_a_sentence() {
    let home = Home::new();
    let preset = preset(&home, "vanished", 60);
    let (child, folder) = start(&home, &train(&preset), "runs");
    // A file may be written in between.
    while std::fs::remove_dir_all(&folder).is_err() {}
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the run's folder was removed or moved while it trained"),
        "{said}"
    );
}

#[test]
fn a_resume_point_that_can_t_be_written_is_a_warning() {
    let home = Home::new();
    let preset = preset(&home, "full", 30);
    let (child, folder) = start(&home, &train(&preset), "runs");
    // Nothing can be renamed over a folder that holds something.
    let path = folder.join("resume.safetensors");
    while std::fs::remove_file(&path).is_err() || std::fs::create_dir(&path).is_err() {}
    std::fs::write(path.join("in the way"), "").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("warning: can't be written")
            && said.contains("tried again after the next epoch"),
        "{said}"
    );
    assert_eq!(said.matches("tried again").count(), 1, "{said}");
}

#[test]
fn a_young_run_that_was_killed_is_told_truly() {
    let home = Home::new();
    let preset = preset(&home, "young", 10);
    let (mut child, folder) = start(&home, &train(&preset), "runs");
    child.kill().unwrap();
    child.wait().unwrap();
    let text = folder.to_str().unwrap();
    let message = home.refused(&["evaluate", text, "--device", "cpu"], 1);
    assert!(
        message.contains("the run was interrupted after")
            && !message.contains("before its first epoch"),
        "{message}"
    );
    std::fs::remove_file(folder.join("resume.safetensors")).unwrap();
    std::fs::write(
        folder.join("metrics.csv"),
        "epoch,phase,learning_rate,train_loss,train_accuracy,validation_loss,validation_accuracy,validation_macro_f1,seconds\n",
    )
    .unwrap();
    let message = home.refused(&["evaluate", text, "--device", "cpu"], 1);
    assert!(
        message.contains("was interrupted before its first epoch was saved"),
        "{message}"
    );
    let (_, said) = run(
        &home,
        &["run", text, "--resume", "--device", "cpu", "--json"],
    );
    assert!(
        said.contains("interrupted before its first epoch was saved, so it begins anew"),
        "{said}"
    );
}
