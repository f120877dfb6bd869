//! The row of scale: a folder of 100,000 small pictures in 300 classes, found, found again, and a head trained on them.
//! Of use against itself only, in seconds of all processors together, which other programs disturb less than the clock.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::steps;

/// For `--work`.
pub const NAME: &str = "scale";

const PICTURES: usize = 100_000;
const CLASSES: usize = 300;

/// Writes JPEG files of 64 x 64 pixels, a colour pattern for each class, as `class-000/0000.jpg`.
const MAKE: &str = r#"
import os, sys
import numpy as np
from PIL import Image
root, pictures, classes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(0)
patterns = rng.integers(0, 256, (classes, 4, 4, 3))
for index in range(pictures):
    label = index % classes
    folder = os.path.join(root, f"class-{label:03d}")
    os.makedirs(folder, exist_ok=True)
    pattern = np.clip(patterns[label] + rng.integers(-60, 61, (4, 4, 3)), 0, 255).astype(np.uint8)
    picture = Image.fromarray(pattern).resize((64, 64), Image.BICUBIC)
    picture.save(os.path.join(folder, f"{index // classes:04d}.jpg"), quality=85)
"#;

/// How long a process took by the clock, and all its threads together.
struct Took {
    seconds: f64,
    processor_seconds: f64,
}

/// Makes the pictures once, below `folder`, and prints a table.
pub fn run(folder: &Path, python: &Path, graft: &Path) -> Result<()> {
    let pictures = made(folder, python)?;
    let cache = super::contestants::fresh(&folder.join("cache"))?;
    let out = super::contestants::fresh(&folder.join("runs"))?;
    let graft_with = |arguments: &[&str]| {
        let mut command = super::contestants::graft(graft);
        command.env("GRAFT_CACHE", &cache).args(arguments);
        command
    };
    println!("| {PICTURES} pictures in {CLASSES} classes | seconds | seconds of the processors |");
    println!("| --- | --- | --- |");
    let row = |title: &str, command: &mut Command| -> Result<()> {
        let took = took(command)?;
        println!(
            "| {title} | {:.1} | {:.1} |",
            took.seconds, took.processor_seconds
        );
        Ok(())
    };
    for title in ["the folder is found", "and found again"] {
        row(title, graft_with(&["data"]).arg(&pictures))?;
    }
    let mut training = graft_with(&["run", "lesson-feature-extraction.ron", "--json"]);
    training.arg("--data").arg(&pictures).arg("--out").arg(&out);
    for setting in ["backbone.input_size=Some(32)", "phases[0].epochs=1"] {
        training.args(["--set", setting]);
    }
    row(
        "one epoch of head training at 32 pixels, with its validation and test",
        &mut training,
    )
}

fn made(folder: &Path, python: &Path) -> Result<PathBuf> {
    let pictures = folder.join(format!("scale-{PICTURES}"));
    if !pictures.exists() {
        steps::doing(&format!("making {PICTURES} pictures"));
        // Under its name once it is whole.
        let unfinished = super::contestants::fresh(&folder.join("scale-unfinished"))?;
        let mut command = Command::new(python);
        command.args(["-c", MAKE]).arg(&unfinished);
        command.args([PICTURES.to_string(), CLASSES.to_string()]);
        steps::run(&mut command)?;
        std::fs::rename(&unfinished, &pictures)?;
    }
    Ok(pictures)
}

fn took(command: &mut Command) -> Result<Took> {
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (began, before) = (Instant::now(), children_ticks()?);
    let status = command.status().context("could not start")?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(Took {
        seconds: began.elapsed().as_secs_f64(),
        // Linux tells programs hundredths of a second, whatever it counts in itself.
        processor_seconds: (children_ticks()? - before) as f64 / 100.0,
    })
}

/// What all ended children of this process have computed, in hundredths of a second: fields 16 and 17 of its `stat`.
fn children_ticks() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold anything; the state after it is field 3.
    let (_, fields) = stat
        .rsplit_once(')')
        .context("an unknown /proc/self/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |number: usize| -> Result<u64> {
        let field = fields.get(number - 3).context("a short /proc/self/stat")?;
        Ok(field.parse()?)
    };
    Ok(field(16)? + field(17)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_waits_computes_nothing_and_a_busy_one_does() {
        let waited = took(Command::new("sleep").arg("0.3")).unwrap();
        assert!(waited.seconds >= 0.3 && waited.processor_seconds < 0.2);
        let count = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let busy = took(Command::new("sh").args(["-c", count])).unwrap();
        assert!(busy.processor_seconds > 0.0);
        assert!(took(&mut Command::new("false")).is_err());
    }
}
