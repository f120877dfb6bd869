//! A sweep whose tasks are killed, requeued, displaced, cancelled and submitted again, on a cluster whose controller is
//! restarted: its results are those of a sweep that nobody disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Lab;
use super::cluster::{Queued, signal};
use crate::sweep::{assert_same, cells, epochs};

/// Everything that happens to tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Disturbance {
    /// `kill -9` of the process.
    Kill,
    /// `scontrol requeue`.
    Requeue,
    /// A job in the partition that displaces others.
    Displace,
    /// The signal that a task gets before its time is over.
    Warn,
    /// `graft sweep cancel` of half of the cells.
    CancelHalf,
    /// `scancel` of a task, by somebody who knows nothing of Graft.
    Cancel,
    /// The controller ends and comes back.
    RestartController,
    /// The node is down for a moment.
    NodeFails,
    /// `graft sweep submit` while tasks run.
    Submit,
}

const ALL: [Disturbance; 9] = [
    Disturbance::Kill,
    Disturbance::Requeue,
    Disturbance::Displace,
    Disturbance::Warn,
    Disturbance::CancelHalf,
    Disturbance::Cancel,
    Disturbance::RestartController,
    Disturbance::NodeFails,
    Disturbance::Submit,
];

/// The sweep while it is disturbed.
struct Study {
    lab: Lab,
    random: ChaCha8Rng,
    done: BTreeMap<Disturbance, u32>,
    cells: usize,
    /// Tasks that were cancelled, which must not come back, with the try that they were in or waited for.
    cancelled: BTreeMap<String, u32>,
}

impl Study {
    fn new(lab: Lab, cells: usize, seed: u64) -> Self {
        Self {
            lab,
            random: ChaCha8Rng::seed_from_u64(seed),
            done: BTreeMap::new(),
            cells,
            cancelled: BTreeMap::new(),
        }
    }

    /// A task that runs, if there is one.
    fn running(&mut self) -> Option<Queued> {
        let running = self.lab.cluster.in_state("RUNNING");
        let tasks: Vec<Queued> = running
            .into_iter()
            .filter(|task| !self.cancelled.contains_key(&task.task))
            .collect();
        tasks.choose(&mut self.random).cloned()
    }

    /// Whether it could be done.
    fn disturb(&mut self, what: Disturbance) -> bool {
        let has_happened = match what {
            Disturbance::RestartController => {
                self.lab.cluster.restart_controller();
                true
            }
            Disturbance::NodeFails => {
                let is_running = !self.lab.cluster.in_state("RUNNING").is_empty();
                if is_running {
                    self.lab.cluster.fail_node();
                }
                is_running
            }
            Disturbance::Submit => {
                self.lab.submit(&[]);
                true
            }
            Disturbance::CancelHalf => self.cancel_half(),
            Disturbance::Displace => {
                let displaces = [
                    "--partition=high",
                    "--cpus-per-task=2",
                    "--output=/dev/null",
                    "--wrap=sleep 2",
                ];
                !self.lab.cluster.in_state("RUNNING").is_empty()
                    && !self.lab.cluster.ask("sbatch", &displaces).is_empty()
            }
            Disturbance::Kill => self.running().is_some_and(|task| {
                let processes = self.lab.cluster.processes(&task);
                processes
                    .iter()
                    .filter(|process| signal(**process, "KILL"))
                    .count()
                    > 0
            }),
            Disturbance::Requeue => self.on_a_task("scontrol", &["requeue"]),
            Disturbance::Warn => self.on_a_task("scancel", &["--signal=USR1", "--batch"]),
            Disturbance::Cancel => match self.running() {
                Some(task) => {
                    let own_try = self.lab.cluster.try_of(&task.task);
                    self.lab.cluster.ask("scancel", &[&task.task]);
                    self.cancelled.insert(task.task, own_try);
                    true
                }
                None => false,
            },
        };
        if has_happened {
            *self.done.entry(what).or_default() += 1;
        }
        has_happened
    }

    fn on_a_task(&mut self, program: &str, arguments: &[&str]) -> bool {
        let Some(task) = self.running() else {
            return false;
        };
        let mut arguments = arguments.to_vec();
        arguments.push(&task.task);
        self.lab.cluster.ask(program, &arguments);
        true
    }

    fn cancel_half(&mut self) -> bool {
        let status = self.lab.document("status", &[]);
        let tasks = status["slurm"].as_array().unwrap();
        let names: Vec<&str> = tasks
            .iter()
            .filter(|task| task["state"] != "ended")
            .map(|task| task["task"].as_str().unwrap())
            .collect();
        let half: Vec<&str> = names
            .choose_multiple(&mut self.random, names.len().div_ceil(2))
            .copied()
            .collect();
        if half.is_empty() {
            return false;
        }
        // Some may have come to their end by now; that is told, and no failure unless it is all of them.
        for task in &half {
            let own_try = self.lab.cluster.try_of(task);
            self.cancelled.insert((*task).to_owned(), own_try);
        }
        self.lab.output("cancel", &half);
        true
    }

    fn finished(&self) -> u64 {
        let status = self.lab.document("status", &[]);
        status["counts"]["finished"].as_u64().unwrap_or(0)
    }

    fn is_done(&self) -> bool {
        self.finished() as usize == self.cells
    }

    /// Lets tasks go on, and submits what has nobody.
    fn carry_on(&self) {
        self.lab.cluster.hasten();
        self.lab.submit(&[]);
    }

    /// Waits until all cells are trained.
    fn finish(&self, most: Duration) {
        let began = Instant::now();
        while !self.is_done() {
            assert!(
                began.elapsed() < most,
                "not done: {}\n{:#?}",
                String::from_utf8_lossy(&self.lab.output("status", &[]).stdout),
                self.lab.cluster.queue()
            );
            self.carry_on();
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// What must be so in the end, against the same sweep in `whole`.
    fn check(&self, whole: &Path) {
        let out = self.lab.out();
        assert_eq!(cells(&out).len(), self.cells);
        assert_same(whole, &out);
        for cell in cells(&out) {
            assert_trained_once(&out, &cell);
        }
        for (task, last) in &self.cancelled {
            let begun = last_try(&out, task);
            assert!(
                begun <= *last,
                "{task} was cancelled in its try {last}, and came back for try {begun}"
            );
        }
    }

    fn figure(&self) -> String {
        let all: u32 = self.done.values().sum();
        format!(
            "{all} disturbances {:?}, 0 of {} cells lost",
            self.done, self.cells
        )
    }
}

/// The last try of a task that has begun, 0 where none has.
fn last_try(out: &Path, task: &str) -> u32 {
    let log = out.join(format!(".sweep/slurm/logs/{task}.txt"));
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.strip_prefix(&format!("Task {task}, try ")))
        .filter_map(|rest| rest.split(',').next()?.parse().ok())
        .max()
        .unwrap_or(0)
}

/// What the tasks said of a cell: the epoch that each try began after (0 from scratch), and the epochs that it finished.
fn tries(out: &Path, cell: &str) -> Vec<(u32, Vec<u32>)> {
    let mut logs: Vec<((u64, u64), std::path::PathBuf)> =
        std::fs::read_dir(out.join(".sweep/slurm/logs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let (job, task) = name.split_once('_').unwrap();
                ((job.parse().unwrap(), task.parse().unwrap()), path)
            })
            .collect();
    logs.sort();
    let mut tries: Vec<(u32, Vec<u32>)> = Vec::new();
    for (_, log) in logs {
        let text = std::fs::read_to_string(log).unwrap();
        let mut is_this = false;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("Cell ") {
                let (_, name) = rest.split_once(": ").unwrap();
                let (name, after) = match name.split_once(", going on after ") {
                    Some((name, after)) => {
                        (name, after.split(' ').next().unwrap().parse().unwrap())
                    }
                    None => (name, 0),
                };
                is_this = name == cell;
                if is_this {
                    tries.push((after, Vec::new()));
                }
            }
            if line.starts_with("Task ") {
                is_this = false;
            }
            let epoch = line
                .strip_prefix("Epoch ")
                .and_then(|rest| rest.split('/').next());
            if let (true, Some(epoch), Some((_, epochs))) = (is_this, epoch, tries.last_mut()) {
                epochs.push(epoch.parse().unwrap());
            }
        }
    }
    tries
}

/// No try went behind an epoch that an earlier one had kept. (An epoch is said before it is kept, so that the last one of a
/// task that is killed may be trained again.)
fn assert_trained_once(out: &Path, cell: &str) {
    let tries = tries(out, cell);
    let mut kept = 0;
    for (after, epochs) in &tries {
        assert!(
            *after + 1 >= kept,
            "{cell} was trained again from epoch {after} on, although {kept} were done: {tries:?}"
        );
        kept = epochs.last().copied().unwrap_or(*after).max(kept);
    }
    let trained: BTreeSet<u32> = tries
        .iter()
        .flat_map(|(_, epochs)| epochs.iter().copied())
        .collect();
    assert_eq!(
        trained.len(),
        self::epochs(&out.join(cell)).len(),
        "{cell}: {tries:?}"
    );
}

/// The same sweep without a cluster, on as many threads as a task has.
pub fn train_undisturbed(lab: &Lab) -> std::path::PathBuf {
    let mut command = lab.sweep.command("run", "whole", &["--device", "cpu"]);
    let output = command.env("SLURM_CPUS_PER_TASK", "1").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    lab.sweep.folder("whole")
}

/// For CI: each disturbance once.
#[test]
fn a_sweep_in_slurm_ends_as_one_that_nobody_disturbed() {
    let rates = r#"(field: "phases[1].learning_rate", values: List([0.001, 0.01, 0.1]))"#;
    let Some(lab) = Lab::new(rates, "seeds: 2, set: [\"phases[1].epochs=30\"]", 3, 1001) else {
        return;
    };
    let whole = train_undisturbed(&lab);
    let mut study = Study::new(lab, 6, 7);
    study.lab.submit(&[]);
    for what in ALL {
        let began = Instant::now();
        while !study.disturb(what) && began.elapsed() < Duration::from_secs(30) {
            if study.is_done() {
                break;
            }
            study.carry_on();
            std::thread::sleep(Duration::from_millis(300));
        }
        study.carry_on();
        std::thread::sleep(Duration::from_millis(1500));
    }
    study.finish(Duration::from_secs(150));
    study.check(&whole);
    println!("{}", study.figure());
}

/// At random moments, again and again. Takes about ten minutes:
///
/// ```text
/// cargo test --test integration slurm::disturbed -- --ignored --nocapture
/// ```
///
/// `GRAFT_SLURM_SEED` says which moments.
#[test]
#[ignore = "takes minutes: see above"]
fn a_sweep_of_24_cells_in_slurm_ends_as_one_that_nobody_disturbed() {
    let seed = std::env::var("GRAFT_SLURM_SEED").map_or(1, |seed| seed.parse().unwrap());
    let vary = r#"
        (field: "phases[1].learning_rate", values: List([0.001, 0.01, 0.1])),
        (field: "training.batch_size", values: List([4, 8])),
        (field: "phases[0].learning_rate", values: List([0.001, 0.01])),
    "#;
    let Some(lab) = Lab::new(vary, "seeds: 2, set: [\"phases[1].epochs=40\"]", 4, 1001) else {
        return;
    };
    let whole = train_undisturbed(&lab);
    let mut study = Study::new(lab, 24, seed);
    study.lab.submit(&[]);
    let began = Instant::now();
    while !study.is_done() && began.elapsed() < Duration::from_secs(1500) {
        let pause = study.random.random_range(300..4000);
        std::thread::sleep(Duration::from_millis(pause));
        let what = *ALL.choose(&mut study.random).unwrap();
        study.disturb(what);
        // Not at once, so that tasks wait for a while too.
        if study.random.random_bool(0.5) {
            study.carry_on();
        }
    }
    study.finish(Duration::from_secs(600));
    study.check(&whole);
    println!("seed {seed}: {}", study.figure());
}

/// How long an epoch of a sweep's cells took on the average.
fn seconds_of_an_epoch(out: &Path) -> f64 {
    let metrics = cells(out)
        .into_iter()
        .map(|cell| std::fs::read_to_string(out.join(cell).join("metrics.csv")).unwrap());
    let seconds: Vec<f64> = metrics
        .flat_map(|metrics| {
            let lines = metrics.lines().skip(1);
            let seconds = lines.map(|line| line.rsplit_once(',').unwrap().1.parse().unwrap());
            seconds.collect::<Vec<f64>>()
        })
        .collect();
    seconds.iter().sum::<f64>() / seconds.len() as f64
}

/// Two cells whose time is over every minute, as Slurm itself counts it: one is told some seconds before, the other only when
/// Slurm ends it. Takes about fifteen minutes:
///
/// ```text
/// cargo test --test integration slurm::disturbed::a_time_limit -- --ignored --nocapture
/// ```
#[test]
#[ignore = "takes minutes: see above"]
fn a_time_limit_changes_no_bit_of_a_cell_in_slurm() {
    let rates = r#"(field: "phases[1].learning_rate", values: List([0.001, 0.01]))"#;
    let with_epochs = |epochs: u32| format!("set: [\"phases[1].epochs={epochs}\"]");
    let Some(measured) = Lab::new(rates, &with_epochs(30), 1, 1001) else {
        return;
    };
    // Three minutes a cell, however quick this machine is.
    let seconds = seconds_of_an_epoch(&train_undisturbed(&measured));
    drop(measured);
    let epochs = (180.0 / seconds).clamp(30.0, 20_000.0) as u32;
    let Some(lab) = Lab::new(rates, &with_epochs(epochs), 2, 1001) else {
        return;
    };
    let whole = train_undisturbed(&lab);
    let study = Study::new(lab, 2, 1);
    // Graft itself asks for five minutes at least; a person may submit its script with less.
    let written = study.lab.submit(&["--dry-run"]);
    let script = written["jobs"][0]["script"].as_str().unwrap();
    let text = std::fs::read_to_string(script).unwrap();
    let (untold, warning): (Vec<&str>, Vec<&str>) = text
        .lines()
        .partition(|line| !line.starts_with("#SBATCH --signal="));
    assert_eq!(warning.len(), 1, "{text}");
    for (array, text) in [("0", text.replace("@120", "@10")), ("1", untold.join("\n"))] {
        std::fs::write(script, text).unwrap();
        let array = format!("--array={array}");
        let arguments = ["--parsable", "--time=1", &array, script];
        assert!(!study.lab.cluster.ask("sbatch", &arguments).is_empty());
    }
    let began = Instant::now();
    while !study.is_done() {
        assert!(
            began.elapsed() < Duration::from_secs(1800),
            "not done: {}\n{:#?}",
            String::from_utf8_lossy(&study.lab.output("status", &[]).stdout),
            study.lab.cluster.queue()
        );
        // Nothing is submitted: they come back by themselves.
        study.lab.cluster.hasten();
        std::thread::sleep(Duration::from_secs(2));
    }
    study.check(&whole);
    for cell in cells(&study.lab.out()) {
        let tries: Vec<u32> = tries(&study.lab.out(), &cell)
            .into_iter()
            .map(|(after, _)| after)
            .collect();
        assert!(tries.len() >= 2, "{cell} was not ended: {tries:?}");
        println!(
            "{cell}: {epochs} epochs in {} tries, which began after epochs {tries:?}",
            tries.len()
        );
    }
    let logs = study.lab.out().join(".sweep/slurm/logs");
    let ended = std::fs::read_dir(logs)
        .unwrap()
        .map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap())
        .filter(|log| log.contains("DUE TO TIME LIMIT"));
    assert_eq!(ended.count(), 1, "only one is ended by the limit itself");
}
