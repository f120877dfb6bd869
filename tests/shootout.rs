//! `graft shootout` as a person calls it: on random weights, because no others are here; what is checked is how it goes, not which
//! network is best.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cli::{self, Home};

/// Heads on a few pictures are thousands of small steps, which several threads on a busy machine only make longer.
const ONE_THREAD: [(&str, &str); 1] = [("SLURM_CPUS_PER_TASK", "1")];

fn printed(home: &Home, arguments: &[&str]) -> String {
    let output = home.graft_with(arguments, &ONE_THREAD);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Longer than the clock of a file system tells: pictures that are younger are read again.
const CLOCK: Duration = Duration::from_millis(3_100);
const NETWORKS: &str = "mobilenet_v3_small,efficientnet_lite0";

fn arguments<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let all = [
        "shootout", "pictures", "--random", "--device", "cpu", "--out", out,
    ];
    let folds: &[&str] = match more.contains(&"--folds") {
        true => &[],
        false => &["--folds", "3"],
    };
    [&all, folds, more].concat()
}

fn document(home: &Home, out: &str, more: &[&str]) -> Value {
    let all = arguments(out, &[&["--json"], more].concat());
    cli::json(&printed(home, &all))
}

fn entry<'d>(document: &'d Value, backbone: &str) -> &'d Value {
    let entries = document["entries"].as_array().unwrap();
    entries
        .iter()
        .find(|entry| entry["backbone"] == backbone)
        .unwrap()
}

fn results(home: &Home, out: &str) -> Vec<PathBuf> {
    let folder = home.path().join(out).join("results");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    files
}

fn report(home: &Home, out: &str) -> Option<Value> {
    let text = std::fs::read_to_string(home.path().join(out).join("shootout.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn what_is_found_is_ranked_kept_and_taken() {
    let home = Home::new();
    home.pictures(14);
    std::thread::sleep(CLOCK);
    let chosen = ["--backbones", NETWORKS];
    let first = document(&home, "out", &chosen);
    assert_eq!(
        (&first["state"], &first["folds"]),
        (&json!("finished"), &json!(3))
    );
    assert_eq!(first["classes"], json!(["bright", "dark"]));
    let pictures = first["pictures"].as_u64().unwrap();
    let withheld = first["withheld_test"].as_u64().unwrap();
    assert!(withheld > 0 && pictures + withheld == 28, "{first}");
    let entries = first["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["comparison"], Value::Null);
    let compared = &entries[1]["comparison"];
    assert!(
        compared["difference"]["value"].as_f64().unwrap() <= 0.0,
        "{compared}"
    );
    let mut last = f64::INFINITY;
    for entry in entries {
        let outcome = &entry["outcome"];
        assert_eq!(entry["state"], "done");
        assert_eq!(entry["source"], "Random");
        assert_eq!(outcome["pictures"], pictures);
        assert_eq!(
            (&outcome["computed"], &outcome["from_disk"]),
            (&json!(pictures), &json!(0))
        );
        let accuracy = outcome["accuracy"]["value"].as_f64().unwrap();
        // Bright and dark are told apart by any network.
        assert!(accuracy > 0.8 && accuracy <= last, "{entry}");
        last = accuracy;
        let interval = &outcome["accuracy"]["interval"];
        assert!(interval["low"].as_f64().unwrap() < accuracy, "{entry}");
        assert_eq!(outcome["strengths"].as_array().unwrap().len(), 3);
        assert!(outcome["pictures_per_second"].as_f64().unwrap() > 0.0);
        let remarks = outcome["remarks"].to_string();
        assert!(remarks.contains("random"), "{remarks}");
    }
    assert!(entries.iter().any(|entry| entry["is_on_frontier"] == true));

    // Once more: nothing is computed, seconds included.
    let again = document(&home, "out", &chosen);
    assert_eq!(again, first);
    // Elsewhere, and with other folds: the features are there.
    let other = document(
        &home,
        "elsewhere",
        &["--backbones", NETWORKS, "--folds", "4"],
    );
    for entry in other["entries"].as_array().unwrap() {
        let outcome = &entry["outcome"];
        assert_eq!(
            (&outcome["computed"], &outcome["from_disk"]),
            (&json!(0), &json!(pictures))
        );
        assert_eq!(outcome["strengths"].as_array().unwrap().len(), 4);
    }
    // Other networks join those that are there.
    let alone = ["--backbones", "mobilenet_v3_small"];
    let more = document(&home, "out", &alone);
    assert_eq!(more["entries"], first["entries"]);
    // By another metric nothing is computed either.
    let by_f1 = document(
        &home,
        "out",
        &[&chosen[..], &["--metric", "macro-f1"]].concat(),
    );
    let of = |document: &Value| entry(document, "efficientnet_lite0")["outcome"].clone();
    assert_eq!(of(&by_f1), of(&first));

    let files = ["--csv", "table.csv", "--figure", "frontier.svg"];
    let text = printed(&home, &arguments("out", &[&chosen[..], &files].concat()));
    for expected in [
        "against the best",
        "Best by accuracy",
        "of the test were not looked at",
        "--take",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let table = std::fs::read_to_string(home.path().join("table.csv")).unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(
        table.lines().skip(1).all(|line| line.contains(",done,")),
        "{table}"
    );
    let figure = std::fs::read_to_string(home.path().join("frontier.svg")).unwrap();
    assert!(figure.contains("MobileNet"), "{figure}");

    take_and_train(&home);
}

/// The experiment of the best one trains, and its frozen network computes the test pictures alone.
fn take_and_train(home: &Home) {
    let take = ["--take", "best", "--preset", "best.ron"];
    let said = printed(home, &arguments("out", &take));
    assert!(said.contains("graft run best.ron"), "{said}");
    let text = std::fs::read_to_string(home.path().join("best.ron")).unwrap();
    assert!(
        text.contains("LogisticRegression") && text.contains("Random"),
        "{text}"
    );
    printed(
        home,
        &["run", "best.ron", "--device", "cpu", "--out", "runs"],
    );
    let log = std::fs::read_to_string(home.only_run("runs").join("log.txt")).unwrap();
    assert_eq!(log.matches("and none is computed").count(), 1, "{log}");
    assert!(!log.contains("the rest is computed"), "{log}");
    // It is a preset, and is replaced as one; nothing else is.
    printed(home, &arguments("out", &take));
    let refused = home.refused(
        &arguments("out", &["--take", "best", "--preset", "table.csv"]),
        1,
    );
    assert!(refused.contains("no preset"), "{refused}");
    let refused = home.refused(
        &arguments("out", &["--take", "vgg16", "--preset", "x.ron"]),
        1,
    );
    assert!(
        refused.contains("has not judged") && refused.contains("mobilenet"),
        "{refused}"
    );
    // The remedy names the option that was wrong.
    let refused = home.refused(&arguments("out", &["--csv", "best.ron"]), 1);
    assert!(refused.contains("another name with --csv"), "{refused}");
    // What was found on these pictures is not taken for others.
    for class in ["a", "b"] {
        let folder = home.path().join("others").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        let picture = image::RgbImage::new(8, 8);
        picture.save(folder.join("1.png")).unwrap();
    }
    let others = [
        "shootout", "others", "--out", "out", "--take", "best", "--preset", "x.ron",
    ];
    let refused = home.refused(&others, 1);
    assert!(refused.contains("on other pictures"), "{refused}");
    assert!(!home.path().join("x.ron").exists());
}

/// A shoot-out of [`NETWORKS`] in a process of its own.
fn begun(home: &Home) -> Child {
    home.command(&arguments("out", &["--backbones", NETWORKS, "--json"]))
        .envs(ONE_THREAD)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_shootout_that_is_killed_goes_on_and_a_changed_picture_is_computed_again() {
    let home = Home::new();
    let pictures = home.pictures(12);
    std::thread::sleep(CLOCK);
    let mut child = begun(&home);
    let began = Instant::now();
    while results(&home, "out").is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "nothing was found"
        );
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(Duration::from_millis(5));
    }
    // SIGKILL: nothing is saved, nothing is let go.
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = read(&results(&home, "out")[0]);
    let first = kept["entry"]["backbone"].as_str().unwrap().to_owned();
    let whole = document(&home, "out", &["--backbones", NETWORKS]);
    assert_eq!(whole["state"], "finished");
    assert_eq!(whole["entries"].as_array().unwrap().len(), 2);
    // To the last digit of its seconds.
    assert_eq!(entry(&whole, &first)["outcome"], kept["entry"]["outcome"]);

    let changed = pictures.join("bright").join("3.png");
    image::RgbImage::from_pixel(40, 36, image::Rgb([200, 90, 10]))
        .save(&changed)
        .unwrap();
    std::thread::sleep(CLOCK);
    let after = document(&home, "out", &["--backbones", NETWORKS]);
    for entry in after["entries"].as_array().unwrap() {
        let computed = entry["outcome"]["computed"].as_u64().unwrap();
        // One, unless it is a picture of the test; where features are told by their batch, its whole batch.
        assert!(computed < 24, "{entry}");
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_signal_stops_it_and_the_same_command_goes_on() {
    let home = Home::new();
    home.pictures(12);
    let mut child = begun(&home);
    let began = Instant::now();
    let is_under_way = |report: &Value| {
        report["state"] == "running" && !report["entries"].as_array().unwrap().is_empty()
    };
    while !report(&home, "out").is_some_and(|report| is_under_way(&report)) {
        assert!(began.elapsed() < Duration::from_secs(120), "it never began");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap().code();
    // It may have been done by then.
    assert!(matches!(status, Some(75 | 0)), "{status:?}");
    let left = report(&home, "out").unwrap();
    assert!(left["state"] == "stopped" || status == Some(0), "{left}");
    let whole = document(&home, "out", &["--backbones", NETWORKS]);
    assert_eq!(whole["state"], "finished");
}

#[test]
fn what_can_t_be_done_is_said_with_its_reason() {
    let home = Home::new();
    home.pictures(6);
    fn shootout(more: &[&'static str]) -> Vec<&'static str> {
        [
            &["shootout", "pictures", "--device", "cpu", "--out", "out"],
            more,
        ]
        .concat()
    }
    let said = home.refused(&shootout(&["--backbones", "resnet999"]), 1);
    assert!(
        said.contains("resnet999") && said.contains("resnet18"),
        "{said}"
    );
    let said = home.refused(&shootout(&["--backbones", "resnet18:NONE_V9"]), 1);
    assert!(
        said.contains("NONE_V9") && said.contains("IMAGENET1K_V1"),
        "{said}"
    );
    let said = home.refused(&shootout(&["--folds", "2"]), 1);
    assert!(said.contains("3 to 50"), "{said}");
    let said = home.refused(&shootout(&["--budget", "soon"]), 2);
    assert!(said.contains("10min"), "{said}");
    let said = home.refused(&["shootout", "nowhere"], 1);
    assert!(
        said.contains("no pictures here") && said.trim_end().ends_with("nowhere"),
        "{said}"
    );
    // Nothing is downloaded that was not asked for.
    let output = home.graft_with(
        &shootout(&["--backbones", "resnet18", "--json"]),
        &ONE_THREAD,
    );
    assert_eq!(output.status.code(), Some(1));
    let document = cli::json(&String::from_utf8(output.stdout).unwrap());
    let state = &entry(&document, "resnet18")["state"]["not_here"];
    assert_eq!(state["command"], "graft weights fetch resnet18");
    // The networks that are offered are named, too.
    let said = home.graft_with(&shootout(&[]), &ONE_THREAD);
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(
        text.contains("graft weights fetch") && text.contains("--download"),
        "{text}"
    );
    // A budget that nothing fits into.
    let tight = [
        "--random",
        "--backbones",
        "mobilenet_v3_small",
        "--budget",
        "1s",
        "--json",
    ];
    let output = home.graft_with(&shootout(&tight), &ONE_THREAD);
    let document = cli::json(&String::from_utf8(output.stdout).unwrap());
    let state = &entry(&document, "mobilenet_v3_small")["state"]["left_out"];
    assert!(
        state["reason"].as_str().unwrap().contains("it would take"),
        "{state}"
    );
    // Fewer pictures of a class than folds.
    std::fs::create_dir_all(home.path().join("rare/a")).unwrap();
    std::fs::create_dir_all(home.path().join("rare/b")).unwrap();
    for (class, count) in [("a", 3), ("b", 1)] {
        for index in 0..count {
            let name = format!("rare/{class}/{index}.png");
            std::fs::copy(
                home.path().join("pictures/dark/0.png"),
                home.path().join(name),
            )
            .unwrap();
        }
    }
    let said = home.refused(
        &[
            "shootout",
            "rare",
            "--random",
            "--backbones",
            "mobilenet_v3_small",
        ],
        1,
    );
    assert!(said.contains("too few pictures"), "{said}");
}
