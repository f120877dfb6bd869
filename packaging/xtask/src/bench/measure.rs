//! One process and its children, measured from the outside: all contestants in the same way.

use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Between two polls of what a process has done.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Between two polls of its memory, which hold it up for some milliseconds.
const MEMORY_POLL_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// From the start of the process to its end.
    pub seconds: f64,
    /// From the start of the process to its first epoch's result.
    pub first_epoch: f64,
    /// Seconds of an epoch after the first, the median: of the last training, where there are several.
    pub epoch: f64,
    /// On the test pictures, 0 to 1.
    pub accuracy: f64,
    /// Of the process and its children together, shared pages counted once.
    pub peak_bytes: u64,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} s, first epoch after {:.1} s, an epoch {:.2} s, accuracy {:.1} %, {:.0} MB",
            self.seconds,
            self.first_epoch,
            self.epoch,
            self.accuracy * 100.0,
            self.peak_bytes as f64 / 1e6
        )
    }
}

/// How a contestant tells that an epoch is done.
pub enum Epochs<'a> {
    /// A line of standard output that holds this.
    Line(&'a str),
    /// A second line in a file of this name, in a folder within this one.
    File(&'a Path, &'a str),
}

/// Runs `command` to its end. `accuracy` finds the test accuracy in the last line of its standard output.
pub fn measure(
    command: &mut Command,
    epochs: &Epochs<'_>,
    accuracy: impl Fn(&serde_json::Value) -> Option<f64>,
) -> Result<Measured> {
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start")?;
    let output = child.stdout.take().context("no output")?;
    let reader = std::thread::Builder::new()
        .name("bench-output".into())
        .spawn(move || -> Vec<(Duration, String)> {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.map(|line| (began.elapsed(), line)).collect()
        })?;
    let mut first_epoch = None;
    let mut peak_bytes = 0;
    let mut looked: Option<Instant> = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if looked.is_none_or(|at| at.elapsed() >= MEMORY_POLL_INTERVAL) {
            peak_bytes = peak_bytes.max(memory_of_tree(child.id()));
            looked = Some(Instant::now());
        }
        if first_epoch.is_none()
            && let Epochs::File(folder, name) = epochs
            && has_two_lines(folder, name)
        {
            first_epoch = Some(began.elapsed());
        }
        std::thread::sleep(POLL_INTERVAL);
    };
    let seconds = began.elapsed().as_secs_f64();
    let lines = reader.join().unwrap_or_default();
    if !status.success() {
        bail!(
            "{} ended with {status}",
            command.get_program().to_string_lossy()
        );
    }
    let mut later: Vec<f64> = match epochs {
        Epochs::Line(sign) => {
            let told: Vec<f64> = lines
                .iter()
                .filter(|(_, line)| line.contains(sign))
                .map(|(at, _)| at.as_secs_f64())
                .collect();
            first_epoch = told.first().map(|&at| Duration::from_secs_f64(at));
            // No training has more epochs than this.
            let last = &told[told.len().saturating_sub(10)..];
            last.windows(2).map(|pair| pair[1] - pair[0]).collect()
        }
        Epochs::File(folder, name) => {
            let all = seconds_of_epochs(folder, name);
            all.into_iter().skip(1).collect()
        }
    };
    later.sort_by(f64::total_cmp);
    let (_, last) = lines.last().context("no result was printed")?;
    let result: serde_json::Value =
        serde_json::from_str(last).with_context(|| format!("not a result: {last}"))?;
    Ok(Measured {
        seconds,
        first_epoch: first_epoch.map_or(seconds, |at| at.as_secs_f64()),
        epoch: later.get(later.len() / 2).copied().unwrap_or(f64::NAN),
        accuracy: accuracy(&result).context("the result holds no accuracy")?,
        peak_bytes,
    })
}

/// The last column of the newest such file, without its heading.
fn seconds_of_epochs(folder: &Path, name: &str) -> Vec<f64> {
    let runs = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = runs.filter_map(|run| std::fs::read_to_string(run.path().join(name)).ok());
    let text = texts.last().unwrap_or_default();
    let cells = text.lines().skip(1).map(|line| line.rsplit(',').next());
    cells
        .map(|cell| cell.and_then(|cell| cell.parse().ok()).unwrap_or(f64::NAN))
        .collect()
}

fn has_two_lines(folder: &Path, name: &str) -> bool {
    let runs = std::fs::read_dir(folder).into_iter().flatten().flatten();
    runs.map(|run| run.path().join(name)).any(|file: PathBuf| {
        std::fs::read_to_string(file).is_ok_and(|text| text.lines().count() >= 2)
    })
}

/// Proportional set size of a process and all its descendants.
fn memory_of_tree(root: u32) -> u64 {
    let processes: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in parentheses may hold anything; the parent is the second field after it.
            let parent = stat
                .rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .parse()
                .ok()?;
            Some((process, parent))
        })
        .collect();
    let mut tree = vec![root];
    let mut index = 0;
    while let Some(&parent) = tree.get(index) {
        let children = processes.iter().filter(|process| process.1 == parent);
        tree.extend(children.map(|process| process.0));
        index += 1;
    }
    tree.iter()
        .filter_map(|process| proportional(*process))
        .sum()
}

fn proportional(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_measured_with_its_children() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "sleep 0.3 & echo '{\"validation_loss\": 1}'; wait; echo '{\"test_accuracy\": 0.75}'",
        ]);
        let measured = measure(&mut command, &Epochs::Line("validation_loss"), |result| {
            result["test_accuracy"].as_f64()
        })
        .unwrap();
        assert_eq!(measured.accuracy, 0.75);
        assert!(measured.first_epoch < measured.seconds);
        assert!(measured.seconds >= 0.3 && measured.peak_bytes > 0);
        let mut command = Command::new("false");
        assert!(measure(&mut command, &Epochs::Line(""), |_| Some(1.0)).is_err());
    }
}
