//! Features that several processes compute in parts, on one folder: `graft embed --preset --shard`, and what the machine's
//! surroundings (Slurm, a shared disk) change.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::cli::{self, Home};

/// Longer than the clock of a file system tells: pictures that are younger are read again.
const CLOCK: Duration = Duration::from_millis(3_100);

fn succeed(command: &mut Command) -> (String, String) {
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}: {errors}");
    (String::from_utf8(output.stdout).unwrap(), errors)
}

/// A command with features in `cache`.
fn with_cache(home: &Home, cache: &str, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("GRAFT_CACHE", home.path().join(cache));
    command
}

fn document(command: &mut Command) -> Value {
    cli::json(&succeed(command).0)
}

/// Of a run on `cache`: every number of its epochs and of its test, and its log.
fn run(home: &Home, cache: &str, preset: &Path, arguments: &[&str]) -> (Value, String) {
    let preset = preset.to_str().unwrap();
    let out = format!("runs-{cache}");
    let all = [
        &["run", preset, "--json", "--device", "cpu", "--out", &out],
        arguments,
    ]
    .concat();
    results(&document(&mut with_cache(home, cache, &all)))
}

fn results(document: &Value) -> (Value, String) {
    let folder = PathBuf::from(document["run"].as_str().unwrap());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let text = read("metrics.csv");
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let mut header = table.headers().unwrap().iter();
    let seconds = header.position(|name| name == "seconds").unwrap();
    let metrics: Vec<Vec<String>> = table
        .records()
        .map(|row| {
            let mut row: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
            row.remove(seconds);
            row
        })
        .collect();
    let weights = std::fs::read(folder.join("weights.safetensors")).unwrap();
    let numbers = json!([
        metrics,
        document["test"],
        read("predictions.csv"),
        weights.len()
    ]);
    (numbers, read("log.txt"))
}

fn embed<'a>(preset: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["embed", "--preset", preset, "--device", "cpu"], more].concat()
}

#[test]
fn parts_that_processes_compute_at_once_serve_a_run_as_if_it_had_computed_them() {
    let home = Home::new();
    home.pictures(12);
    let preset = home.preset("Parts");
    std::thread::sleep(CLOCK);
    let (cold, log) = run(&home, "cold", &preset, &[]);
    assert!(!log.contains("comes from the disk"), "{log}");
    let name = preset.to_str().unwrap();

    let missing = |expected: &str| {
        let status = embed(name, &["--status", "3", "--missing"]);
        let (printed, _) = succeed(&mut with_cache(&home, "warm", &status));
        assert_eq!(printed.trim(), expected);
    };
    missing("1-3");
    // All at once, as tasks of an array.
    let tasks: Vec<_> = ["1/3", "3/3"]
        .iter()
        .map(|shard| {
            let arguments = embed(name, &["--shard", shard, "--json"]);
            let mut command = with_cache(&home, "warm", &arguments);
            command.stdout(std::process::Stdio::piped());
            command.stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut pictures = 0;
    for task in tasks {
        let output = task.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let said = cli::json(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(said["from_disk"], json!(0), "{said}");
        pictures += said["pictures"].as_u64().unwrap();
    }
    missing("2");
    let asked = embed(name, &["--status", "3", "--json"]);
    let status = document(&mut with_cache(&home, "warm", &asked));
    assert_eq!(status["missing_parts"], json!([2]));
    assert_eq!(status["pictures"], json!(24));
    assert_eq!(status["missing_pictures"], json!(24 - pictures));
    let asked = embed(name, &["--status", "3"]);
    let (table, _) = succeed(&mut with_cache(&home, "warm", &asked));
    assert!(table.contains("--shard PART/3"), "{table}");
    let asked = embed(name, &["--shard", "2/3"]);
    let (said, _) = succeed(&mut with_cache(&home, "warm", &asked));
    let expected = format!("Part 2 of 3: {} pictures", 24 - pictures);
    assert!(said.contains(&expected), "{said}");
    missing("");
    let (warm, log) = run(&home, "warm", &preset, &[]);
    assert_eq!(warm, cold);
    assert_eq!(log.matches("and none is computed").count(), 3, "{log}");
    assert!(!log.contains("the rest is computed"), "{log}");
    // Another part of the machine computes other last digits: nothing is taken for what it is not.
    let mut other = with_cache(&home, "warm", &embed(name, &["--status", "3", "--missing"]));
    if std::thread::available_parallelism().unwrap().get() > 1 {
        let (printed, _) = succeed(other.env("SLURM_CPUS_PER_TASK", "1"));
        assert_eq!(printed.trim(), "1-3");
    }
}

#[test]
fn wrong_use_of_parts_is_told() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Wrong");
    let name = preset.to_str().unwrap();
    for (arguments, status, expected) in [
        (
            &["embed", "--preset", name, "--shard", "4/3"][..],
            2,
            "3/16",
        ),
        (&["embed", "--preset", name, "--out", "x"], 2, "--out"),
        (
            &["embed", "--preset", name, "pictures"],
            2,
            "cannot be used with",
        ),
        (&["embed", "--shard", "1/2"], 2, "--preset"),
        (
            &["embed", "--preset", name, "--status", "0"],
            1,
            "number of parts",
        ),
        (
            &[
                "embed",
                "--preset",
                name,
                "--set",
                "phases[0].freeze=Nothing",
                "--set",
                "phases[1].freeze=Nothing",
            ],
            1,
            "no layers are frozen",
        ),
        (&["embed", "--preset", "absent.ron"], 1, "absent.ron"),
    ] {
        let said = home.refused(arguments, status);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn the_log_says_how_many_threads_compute_and_why() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Threads");
    let preset = preset.to_str().unwrap();
    let arguments = ["run", preset, "--json", "--device", "cpu", "--out", "runs"];
    let log = |variables: &[(&str, &str)]| {
        let mut command = home.command(&arguments);
        for name in [
            "SLURM_CPUS_PER_TASK",
            "SLURM_CPUS_ON_NODE",
            "SLURM_MEM_PER_NODE",
        ] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        results(&document(&mut command)).1
    };
    let said = log(&[]);
    assert!(said.contains("Computing with "), "{said}");
    if std::thread::available_parallelism().unwrap().get() > 1 {
        let said = log(&[("SLURM_CPUS_PER_TASK", "1")]);
        assert!(
            said.contains("Computing with 1 thread: Slurm gives 1 of "),
            "{said}"
        );
    }
    // Memory that Slurm gives is known before a training begins.
    let said = home.graft_with(&arguments, &[("SLURM_MEM_PER_NODE", "20")]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("that Slurm gives this job"), "{said}");
}

/// A sweep needs the features of every different frozen part of its cells.
#[test]
fn a_sweep_s_frozen_parts_are_computed_once_each() {
    let home = Home::new();
    home.pictures(12);
    home.preset("Sweep");
    let sweep = home.path().join("sizes.sweep.ron");
    std::fs::write(
        &sweep,
        r#"(
    version: 1,
    name: "Sizes",
    base: "tiny.ron",
    vary: [
        (field: "backbone.input_size", values: List([Some(32), Some(64)])),
        (field: "phases[0].learning_rate", values: List([0.01, 0.001])),
    ],
    strategy: Grid,
    seeds: 1,
    goal: (metric: ValidationAccuracy),
)
"#,
    )
    .unwrap();
    std::thread::sleep(CLOCK);
    let name = sweep.to_str().unwrap();
    let said = document(&mut with_cache(&home, "cache", &embed(name, &["--json"])));
    assert_eq!(said["frozen_parts"], json!(2), "{said}");
    assert_eq!(said["from_disk"], json!(0));
    let status = document(&mut with_cache(
        &home,
        "cache",
        &embed(name, &["--status", "2", "--json"]),
    ));
    assert_eq!(status["missing_parts"], json!([]));
    // A cell as an ordinary run.
    let preset = home.path().join("tiny.ron");
    let set = [
        "--set",
        "backbone.input_size=Some(64)",
        "--set",
        "phases[0].learning_rate=0.001",
    ];
    let (numbers, log) = run(&home, "cache", &preset, &set);
    assert_eq!(log.matches("and none is computed").count(), 2, "{log}");
    // But for the test pictures, which cells do not see.
    let test = numbers[1]["n"].as_u64().unwrap();
    assert_eq!(said["pictures"].as_u64(), Some(24 - test));
}

/// Makes a run's features misbehave as those on a shared disk may.
struct Faults {
    library: PathBuf,
    report: PathBuf,
}

impl Faults {
    /// Built into the folder of `home`.
    fn new(home: &Home) -> Self {
        let library = home.path().join("faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shared_disk/faults.c");
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]);
        succeed(compiler.arg(&library).arg(source).arg("-ldl"));
        Self {
            library,
            report: home.path().join("faults"),
        }
    }

    fn strike<'c>(&self, command: &'c mut Command, percent: u32, seed: u32) -> &'c mut Command {
        drop(std::fs::remove_file(&self.report));
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAULTS_PERCENT", percent.to_string())
            .env("FAULTS_SEED", seed.to_string())
            .env("FAULTS_NO_LOCKS", "1")
            .env("FAULTS_REPORT", &self.report)
    }

    /// How many calls failed.
    fn struck(&self) -> usize {
        std::fs::read_to_string(&self.report).map_or(0, |report| report.lines().count())
    }
}

#[test]
fn whatever_a_shared_disk_does_to_features_numbers_stay_the_same() {
    let home = Home::new();
    home.pictures(12);
    let preset = home.preset("Faults");
    let name = preset.to_str().unwrap();
    let (clean, _) = run(&home, "clean", &preset, &[]);
    let faults = Faults::new(&home);
    let mut struck = 0;
    // Warm ones, and one that writes under faults.
    for (percent, seed, cache) in [
        (10, 1, "warm"),
        (50, 2, "warm"),
        (100, 3, "warm"),
        (30, 4, "cold"),
    ] {
        if cache == "warm" {
            succeed(&mut with_cache(
                &home,
                cache,
                &embed(name, &["--shard", "1/2"]),
            ));
            succeed(&mut with_cache(
                &home,
                cache,
                &embed(name, &["--shard", "2/2"]),
            ));
        }
        let out = format!("runs-{seed}");
        let arguments = ["run", name, "--json", "--device", "cpu", "--out", &out];
        let mut command = with_cache(&home, cache, &arguments);
        let document = document(faults.strike(&mut command, percent, seed));
        let (numbers, log) = results(&document);
        assert_eq!(numbers, clean, "{percent} %, {seed}: {log}");
        struck += faults.struck();
    }
    assert!(struck > 10, "{struck}");
}

#[test]
fn a_folder_of_this_machine_stands_in_front_where_it_is_named() {
    let home = Home::new();
    home.pictures(12);
    let preset = home.preset("Scratch");
    let name = preset.to_str().unwrap();
    let arguments = ["run", name, "--json", "--device", "cpu", "--out", "runs"];
    let with_scratch = |cache: &str, scratch: &Path, limit: &str| {
        let mut command = with_cache(&home, cache, &arguments);
        command.env("GRAFT_SCRATCH", scratch);
        results(&document(command.env("GRAFT_SCRATCH_LIMIT", limit)))
    };
    let features = |folder: &Path| {
        let recipes = std::fs::read_dir(folder.join("frozen"))
            .into_iter()
            .flatten();
        let files = recipes.flat_map(|recipe| {
            let folder = recipe.unwrap().path();
            std::fs::read_dir(folder).into_iter().flatten()
        });
        files
            .filter(|file| {
                let path = file.as_ref().unwrap().path();
                path.extension().is_some_and(|end| end == "features")
            })
            .count()
    };
    succeed(&mut with_cache(&home, "shared", &embed(name, &[])));
    let scratch = home.path().join("scratch");
    let (numbers, log) = with_scratch("shared", &scratch, "1GB");
    assert!(log.contains("and none is computed"), "{log}");
    assert!(features(&scratch) > 0);
    // The shared disk may lose them.
    std::fs::remove_dir_all(home.path().join("shared/frozen")).unwrap();
    let (again, log) = with_scratch("shared", &scratch, "1GB");
    assert!(log.contains("and none is computed"), "{log}");
    assert_eq!(again, numbers);
    for (cache, folder, limit, expected) in [
        ("other", scratch.join("small"), "1kB", "it may hold 1.00 kB"),
        ("third", preset.join("below a file"), "1GB", "GRAFT_SCRATCH"),
        (
            "fourth",
            scratch.clone(),
            "lots",
            "GRAFT_SCRATCH_LIMIT is “lots”",
        ),
    ] {
        succeed(&mut with_cache(&home, cache, &embed(name, &[])));
        let (others, log) = with_scratch(cache, &folder, limit);
        assert!(log.contains(expected) && log.contains("Warning: "), "{log}");
        assert_eq!(others, numbers);
    }
}
