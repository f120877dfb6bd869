//! Several cards in one machine: a run, or a sweep's cell, on each.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use super::*;

const TWO: &str = "Left/8.0/4000000000;Right/8.0/4000000000";

fn two_cards(home: &Home, arguments: &[&str]) -> Command {
    let mut command = with_card(home, arguments);
    command
        .env("STAND_IN_CARDS", TWO)
        .env_remove("CUDA_VISIBLE_DEVICES");
    command
}

/// The test results and losses of the runs of a series, by seed.
fn by_seed(document: &Value) -> Vec<(u64, Value)> {
    let runs = document["runs"].as_array().unwrap();
    let mut all: Vec<(u64, Value)> = runs
        .iter()
        .map(|run| {
            (
                run["seed"].as_u64().unwrap(),
                json!([run["test"], losses(run)]),
            )
        })
        .collect();
    all.sort_by_key(|(seed, _)| *seed);
    all
}

#[test]
fn a_series_takes_every_card_and_learns_what_it_learns_on_one() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Series");
    let preset = preset.to_str().unwrap();
    let series = |out: &str, device: &[&str]| {
        let arguments = [
            &["run", preset, "--seeds", "3", "--json", "--out", out],
            device,
            &SAME,
        ]
        .concat();
        succeed(&mut two_cards(&home, &arguments))
    };
    let (one, _) = series("one", &["--device", "cuda:0"]);
    let (all, said) = series("all", &["--devices", "all"]);
    for device in ["cuda:0", "cuda:1"] {
        assert!(said.contains(&format!("[{device}] ")), "{said}");
        assert!(said.contains(&format!("on {device}: Series")), "{said}");
    }
    assert!(said.contains("cuda:1, Right"), "{said}");
    assert_eq!(by_seed(&all), by_seed(&one));
    // What is there already is not trained again.
    let arguments = [
        &[
            "run",
            preset,
            "--seeds",
            "4",
            "--json",
            "--out",
            "all",
            "--resume",
            "--devices",
            "cuda:1,cuda:0",
        ][..],
        &SAME,
    ]
    .concat();
    let (more, said) = succeed(&mut two_cards(&home, &arguments));
    assert_eq!(said.matches("Finished already").count(), 3, "{said}");
    assert_eq!(by_seed(&more)[..3], by_seed(&one)[..]);
}

#[test]
fn one_network_is_not_trained_on_several_cards() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("One");
    let preset = preset.to_str().unwrap();
    for (arguments, expected) in [
        (
            &["run", preset, "--devices", "all"][..],
            "one network is not trained on several devices",
        ),
        (
            &["run", preset, "--device", "cuda:0,cuda:1"],
            "a training computes on one",
        ),
        (
            &["run", preset, "--seeds", "2", "--devices", "cuda:0,cuda:0"],
            "twice",
        ),
        (
            &["run", preset, "--seeds", "2", "--devices", "cuda:0,cuda:7"],
            "cuda:7",
        ),
        (
            &[
                "run",
                preset,
                "--seeds",
                "2",
                "--devices",
                "all",
                "--device",
                "cpu",
            ],
            "cannot be used with",
        ),
    ] {
        let said = refused(&mut two_cards(&home, arguments));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

/// A sweep of four cells.
fn sweep(home: &Home, epochs: u32) -> String {
    home.pictures(8);
    home.preset("Sweep");
    let path = home.path().join("rates.sweep.ron");
    let text = format!(
        r#"(
    version: 1,
    name: "Rates",
    base: "tiny.ron",
    set: [
        "phases[1].epochs={epochs}",
        "training.precision=Fp32",
        "training.mixed_precision=Off",
    ],
    vary: [(field: "phases[0].learning_rate", values: List([0.1, 0.03, 0.01, 0.003]))],
    strategy: Grid,
    seeds: 1,
    goal: (metric: ValidationAccuracy),
)
"#
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads what `child` says until a line has `text`; what it said until then.
fn until(lines: &mut impl BufRead, text: &str) -> String {
    let mut said = String::new();
    while !said.contains(text) {
        assert_ne!(
            lines.read_line(&mut said).unwrap(),
            0,
            "it never said {text}: {said}"
        );
    }
    said
}

/// Processes that `parent` has started and whose command line has `word`.
fn children(parent: u32, word: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|id| {
            let read = |name: &str| std::fs::read(format!("/proc/{id}/{name}")).unwrap_or_default();
            let status = String::from_utf8_lossy(&read("status")).into_owned();
            let of_parent = status
                .lines()
                .any(|line| line == format!("PPid:\t{parent}"));
            of_parent && String::from_utf8_lossy(&read("cmdline")).contains(word)
        })
        .collect()
}

fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args([name, &id.to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_sweep_takes_every_card_and_goes_on_when_one_process_dies() {
    let home = Home::new();
    let file = sweep(&home, 2);
    let plain = [
        "sweep", "run", &file, "--out", "one", "--device", "cuda:0", "--json",
    ];
    let (one, _) = succeed(&mut two_cards(&home, &plain));
    let arguments = [
        "sweep",
        "run",
        &file,
        "--out",
        "two",
        "--devices",
        "all",
        "--json",
    ];
    let mut parent = start(&mut two_cards(&home, &arguments));
    let mut lines = BufReader::new(parent.stderr.take().unwrap());
    let mut said = until(&mut lines, "[cuda:1] Cell ");
    for id in children(parent.id(), "cuda:1") {
        signal("-KILL", id);
    }
    lines.read_to_string(&mut said).unwrap();
    let output = parent.wait_with_output().unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("the process of cuda:1 was ended by signal 9"),
        "{said}"
    );
    assert!(said.contains("[cuda:0] Cell "), "{said}");
    let two = cli::json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(
        (&two["finished"], &two["left"]),
        (&json!(4), &json!(0)),
        "{two}"
    );
    for (a, b) in std::iter::zip(
        one["cells"].as_array().unwrap(),
        two["cells"].as_array().unwrap(),
    ) {
        assert_eq!(a["cell"], b["cell"]);
        assert_eq!(losses(a), losses(b));
    }
}

#[test]
fn a_stop_reaches_every_process_and_the_rest_goes_on_later() {
    let home = Home::new();
    let file = sweep(&home, 400);
    let arguments = [
        "sweep",
        "run",
        &file,
        "--out",
        "out",
        "--devices",
        "cuda:0,cuda:1",
        "--json",
    ];
    let mut parent = start(&mut two_cards(&home, &arguments));
    let mut lines = BufReader::new(parent.stderr.take().unwrap());
    let mut said = String::new();
    for device in ["cuda:0", "cuda:1"] {
        if !said.contains(&format!("[{device}] Epoch 2/")) {
            said += &until(&mut lines, &format!("[{device}] Epoch 2/"));
        }
    }
    let both = children(parent.id(), "--until-stdin-closes");
    assert_eq!(both.len(), 2);
    signal("-TERM", parent.id());
    lines.read_to_string(&mut said).unwrap();
    let output = parent.wait_with_output().unwrap();
    // To be begun again.
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(
        both.iter()
            .all(|id| !Path::new(&format!("/proc/{id}")).exists())
    );
    let status = ["sweep", "status", &file, "--out", "out", "--json"];
    let (status, _) = succeed(&mut two_cards(&home, &status));
    assert_eq!(status["counts"]["stopped"], json!(2), "{status}");
}
