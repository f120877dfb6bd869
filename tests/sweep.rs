//! Sweeps as a person or a script calls them: shared, killed, extended, halved, and the one look at the test pictures.

mod chosen;
mod halving;
mod interrupted;
mod scheduling;
mod shared;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::cli::{Home, json};

/// A sweep of cells that train in moments: learning rates of the second phase and dropout, on the pictures of the home.
pub struct TinySweep {
    pub home: Home,
}

/// Learning rates of two phases.
const RATES: &str = r#"(field: "phases[1].learning_rate", values: List([0.001, 0.01, 0.1]))"#;

impl TinySweep {
    /// With these entries of `vary`, and further fields of the sweep.
    pub fn new(vary: &str, further: &str) -> Self {
        let home = Home::new();
        home.pictures(12);
        let path = home.preset("Tiny");
        let text = std::fs::read_to_string(&path).unwrap();
        // All that has something to lose when it is interrupted.
        let text = text.replace(
            "head: (layers: [])",
            "head: (layers: [Dropout(0.3)]),\n    augmentation: (horizontal_flip: true, views: Fresh)",
        );
        let text = text.replace(
            "training: (batch_size: 8)",
            "training: (batch_size: 8, weight_averaging: Some(0.9))",
        );
        assert!(text.contains("Dropout(0.3)") && text.contains("Some(0.9)"));
        std::fs::write(&path, text).unwrap();
        let sweep = Self { home };
        sweep.write(vary, further);
        sweep
    }

    fn write(&self, vary: &str, further: &str) {
        let text =
            format!("(\n  version: 1,\n  base: \"tiny.ron\",\n  vary: [{vary}],\n  {further}\n)\n");
        std::fs::write(self.home.path().join("tiny.sweep.ron"), text).unwrap();
    }

    /// `graft sweep WHAT tiny.sweep.ron …` on one thread: many of them on few cores would wait for each other.
    pub fn command(&self, what: &str, out: &str, further: &[&str]) -> Command {
        let mut arguments = vec!["sweep", what, "tiny.sweep.ron", "--out", out];
        arguments.extend(further);
        let mut command = self.home.command(&arguments);
        on_one_thread(&mut command);
        command
    }

    fn output(&self, what: &str, out: &str, further: &[&str]) -> Output {
        self.command(what, out, further).output().unwrap()
    }

    /// The document that a command prints which must succeed.
    fn document(&self, what: &str, out: &str, further: &[&str]) -> Value {
        let mut further = further.to_vec();
        further.push("--json");
        let output = self.output(what, out, &further);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "graft sweep {what}: {errors}");
        json(&String::from_utf8(output.stdout).unwrap())
    }

    /// Trains all that is missing.
    fn run(&self, out: &str) -> Value {
        self.document("run", out, &["--device", "cpu"])
    }

    pub fn folder(&self, out: &str) -> PathBuf {
        self.home.path().join(out)
    }
}

fn on_one_thread(command: &mut Command) -> &mut Command {
    command
        .env("OMP_NUM_THREADS", "1")
        .env("SLURM_CPUS_PER_TASK", "1")
}

/// Starts a command that says nothing here.
fn start(mut command: Command) -> std::process::Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Names of the cells' folders, in their order.
pub fn cells(out: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != ".sweep")
        .collect();
    names.sort();
    names
}

/// Everything that a cell found out but the seconds.
fn found(cell: &Path) -> (Vec<u8>, Vec<String>, Vec<u8>) {
    let read = |name: &str| {
        std::fs::read(cell.join(name)).unwrap_or_else(|error| panic!("{}: {error}", cell.display()))
    };
    (read("weights.safetensors"), epochs(cell), read("split.csv"))
}

/// The lines of `metrics.csv` without the seconds.
pub fn epochs(cell: &Path) -> Vec<String> {
    let metrics = std::fs::read_to_string(cell.join("metrics.csv")).unwrap();
    metrics
        .lines()
        .skip(1)
        .map(|line| line.rsplit_once(',').unwrap().0.to_owned())
        .collect()
}

/// Whether all cells of both folders are there, and equal to the bit.
pub fn assert_same(one: &Path, other: &Path) {
    assert_eq!(cells(one), cells(other));
    for cell in cells(one) {
        assert!(
            found(&one.join(&cell)) == found(&other.join(&cell)),
            "{cell} differs"
        );
    }
}

/// How often a cell was begun or gone on with.
fn tries(out: &Path, cell: &str) -> u32 {
    let text = std::fs::read_to_string(out.join(".sweep/locks").join(cell)).unwrap();
    text.trim().parse().unwrap()
}

fn state_of<'a>(document: &'a Value, cell: &str) -> &'a Value {
    document["cells"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["cell"] == cell)
        .unwrap_or_else(|| panic!("no cell {cell}: {document}"))
}
