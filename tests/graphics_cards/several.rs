//! Several cards in one machine: a run, or a sweep's cell, on each.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use graft::experiment::{Experiment, preset};
use graft::runs::seeds::repeated;
use graft::runs::{RunState, store};
use graft::training::TrainingEvent;
use graft::worker::messages::{RunEvent, RunId, StartRun, TrainingCommand};
use graft::worker::trainer::{Means, TrainingWorker};

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

/// What the window calls, on a machine with two cards: `graft`, whatever its own process sees.
fn program(home: &Home) -> std::path::PathBuf {
    let command = two_cards(home, &[]);
    let mut script = "#!/bin/sh\n".to_owned();
    for (name, value) in command.get_envs() {
        let name = name.to_str().unwrap();
        script += &match value {
            Some(value) => format!("export {name}='{}'\n", value.to_str().unwrap()),
            None => format!("unset {name}\n"),
        };
    }
    script += &format!(
        "exec '{}' \"$@\"\n",
        command.get_program().to_str().unwrap()
    );
    let path = home.path().join("called");
    std::fs::write(&path, script).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The threads behind the window, on that machine. Nothing may be trained in this process.
fn window(home: &Home) -> TrainingWorker {
    let means = Means {
        train: Box::new(|_, _| panic!("a card trains in a process of its own")),
        program: program(home),
        cards: Box::new(|| vec![0, 1]),
    };
    TrainingWorker::spawn_with(std::sync::Arc::new(|_| {}), means).unwrap()
}

fn queue(worker: &TrainingWorker, home: &Home, experiment: Experiment, run: u64) {
    let start = StartRun {
        run: RunId(run),
        experiment,
        base: Some(home.path().to_path_buf()),
        dataset: None,
        runs: home.path().join("window"),
        resume: None,
        device: None,
        refit: false,
    };
    let start = TrainingCommand::Start(Box::new(start));
    worker.send(start).unwrap();
}

/// The processes of the window's runs; other tests have their own beside them.
fn processes_of(home: &Home) -> Vec<u32> {
    let is_own = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(home.path().to_str().unwrap())
    };
    let mut found = children(std::process::id(), "run-for-window");
    found.retain(is_own);
    found
}

/// Adds what happens to `events` until `is_so`.
#[track_caller]
fn follow(
    worker: &TrainingWorker,
    events: &mut Vec<(RunId, RunEvent)>,
    is_so: impl Fn(&[(RunId, RunEvent)]) -> bool,
) {
    let began = std::time::Instant::now();
    while !is_so(events) {
        assert!(
            began.elapsed().as_secs() < 300,
            "it never happens: {events:#?}"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
        events.extend(worker.events());
    }
}

fn ends(events: &[(RunId, RunEvent)]) -> Vec<&(RunId, RunEvent)> {
    events.iter().filter(|(_, event)| event.is_end()).collect()
}

/// The experiment of the tests, in numbers that every device computes alike.
fn same_everywhere(home: &Home, name: &str, epochs: u32) -> Experiment {
    home.pictures(8);
    let mut experiment = preset::load(&home.preset(name)).unwrap();
    for line in SAME.iter().filter(|word| **word != "--set") {
        preset::set_field(&mut experiment, line).unwrap();
    }
    experiment.phases[1].epochs = epochs;
    experiment
}

#[test]
fn the_window_s_queue_takes_every_card_and_learns_what_it_learns_on_one() {
    let home = Home::new();
    let experiment = same_everywhere(&home, "Queue", 2);
    let worker = window(&home);
    for (experiment, run) in repeated(&experiment, 3).into_iter().zip(1..) {
        queue(&worker, &home, experiment, run);
    }
    let mut events = Vec::new();
    follow(&worker, &mut events, |events| ends(events).len() == 3);
    let of_cards = events.iter().filter_map(|(_, event)| match event {
        RunEvent::OnCard(card) => Some(*card),
        _ => None,
    });
    let mut cards: Vec<usize> = of_cards.collect();
    assert_eq!(cards.len(), 3, "{cards:?}");
    // Two threads tell it at once.
    cards[..2].sort_unstable();
    assert_eq!(cards[..2], [0, 1]);
    let position = |of: fn(&RunEvent) -> bool| events.iter().position(|(_, event)| of(event));
    let second_card = |event: &RunEvent| matches!(event, RunEvent::OnCard(1));
    assert!(
        position(second_card) < position(RunEvent::is_end),
        "at once"
    );
    let mut summaries = Vec::new();
    for (_, event) in ends(&events) {
        let RunEvent::Finished(summary) = event else {
            panic!("{event:?}");
        };
        assert!(
            ["cuda:0, Left", "cuda:1, Right"].contains(&&*summary.device),
            "{}",
            summary.device
        );
        summaries.push(summary);
    }
    let arguments = [
        &["run", "tiny.ron", "--seeds", "3", "--json", "--out", "one"],
        &["--device", "cuda:0"][..],
        &SAME,
    ]
    .concat();
    let (one, _) = succeed(&mut two_cards(&home, &arguments));
    // The curves that the window draws are those of the folder.
    for summary in summaries {
        let folder = home.path().join("window").join(&summary.id);
        let stored = store::open(&folder).unwrap();
        let run = events.iter().find_map(|(run, event)| match event {
            RunEvent::Started { folder: begun } if *begun == folder => Some(*run),
            _ => None,
        });
        let told = events.iter().filter_map(|(of, event)| match event {
            RunEvent::Training(TrainingEvent::EpochFinished(epoch)) if Some(*of) == run => {
                Some(epoch.clone())
            }
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), stored.metrics);
        let is_same = |run: &&Value| run["seed"].as_u64() == summary.seed;
        let one = one["runs"].as_array().unwrap().iter().find(is_same);
        assert_eq!(losses(&json!({ "run": folder })), losses(one.unwrap()));
    }
}

#[test]
fn one_run_of_the_window_is_stopped_another_killed_and_a_third_goes_on() {
    let home = Home::new();
    let experiment = same_everywhere(&home, "Long", 4000);
    let worker = window(&home);
    for run in 1..=3 {
        let mut experiment = experiment.clone();
        experiment.seed = run;
        queue(&worker, &home, experiment, run);
    }
    let epochs = |events: &[(RunId, RunEvent)], wanted: u64| {
        let is_epoch = |(run, event): &&(RunId, RunEvent)| {
            run.0 == wanted && matches!(event, RunEvent::Training(TrainingEvent::EpochFinished(_)))
        };
        events.iter().filter(is_epoch).count()
    };
    let mut events = Vec::new();
    follow(&worker, &mut events, |events| {
        epochs(events, 1) > 1 && epochs(events, 2) > 1
    });
    assert_eq!(epochs(&events, 3), 0, "both cards are taken");
    // The first is held: no epoch of it comes to an end, and the second goes on.
    let pause = |paused| {
        worker
            .send(TrainingCommand::PauseRun(RunId(1), paused))
            .unwrap()
    };
    pause(true);
    std::thread::sleep(std::time::Duration::from_millis(500));
    events.extend(worker.events());
    let [held, other] = [1, 2].map(|run| epochs(&events, run));
    follow(&worker, &mut events, |events| epochs(events, 2) > other + 2);
    assert_eq!(epochs(&events, 1), held);
    pause(false);
    follow(&worker, &mut events, |events| epochs(events, 1) > held);
    worker.send(TrainingCommand::Stop(RunId(1))).unwrap();
    follow(&worker, &mut events, |events| epochs(events, 3) > 0);
    let folder_of = |events: &[(RunId, RunEvent)], wanted: u64| {
        let of = |(run, event): &(RunId, RunEvent)| match event {
            RunEvent::Started { folder } if run.0 == wanted => Some(folder.clone()),
            _ => None,
        };
        events.iter().find_map(of).unwrap()
    };
    let ended = |events: &[(RunId, RunEvent)], wanted: u64| {
        let end = ends(events).into_iter().find(|(run, _)| run.0 == wanted);
        end.map(|(_, event)| event.clone())
    };
    let Some(RunEvent::Stopped(summary)) = ended(&events, 1) else {
        panic!("{events:?}");
    };
    assert!(summary.can_resume);
    // The process of the second is killed: its folder can go on, and the third is not disturbed.
    let second_folder = folder_of(&events, 2);
    let holds = |id: &u32| {
        let files = std::fs::read_dir(format!("/proc/{id}/fd"))
            .unwrap()
            .flatten();
        let mut files = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        files.any(|file| file.starts_with(&second_folder))
    };
    let processes = processes_of(&home);
    assert_eq!(processes.len(), 2);
    let second = processes.iter().find(|id| holds(id)).unwrap();
    signal("-KILL", *second);
    follow(&worker, &mut events, |events| ended(events, 2).is_some());
    let Some(RunEvent::Failed { message }) = ended(&events, 2) else {
        panic!("{events:?}");
    };
    assert!(message.contains("was ended by signal 9"), "{message}");
    let before = epochs(&events, 3);
    follow(&worker, &mut events, |events| {
        epochs(events, 3) > before + 1
    });
    // Closing the window has the last one saved.
    let last = folder_of(&events, 3);
    drop(worker);
    let state = |folder: &Path| {
        let summary = store::open(folder).unwrap().summary;
        (summary.state, summary.can_resume)
    };
    assert_eq!(state(&last), (RunState::Stopped, true));
    assert_eq!(state(&folder_of(&events, 2)), (RunState::Interrupted, true));
    assert!(processes_of(&home).is_empty());
}
