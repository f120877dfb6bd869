//! `cargo xtask limits`: whether training under a limit of memory ends well, or says before it starts that it can't.
//!
//! ResNet-50 learns as a whole at 224 pixels in batches of 64, under limits between 1.5 and 6 GB: of a control group,
//! where this system lets one be made (as root), and of `ulimit -v`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::{setup, steps};

const USAGE: &str = "usage: cargo xtask limits [--by group|ulimit] [--from GB] [--to GB] [--count N] [--program FILE]";

pub fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let program = match &options.program {
        Some(program) => program.clone(),
        None => built()?,
    };
    let folder = tempfile::tempdir()?;
    let pictures = pictures(folder.path())?;
    let preset = folder.path().join("limits.ron");
    fs::write(&preset, PRESET)?;
    println!("| limit of | GB | outcome | what was said |\n| --- | --- | --- | --- |");
    let mut killed = 0;
    for &by in &options.by {
        for step in 0..options.count {
            let share = step as f64 / (options.count - 1).max(1) as f64;
            let bytes = (options.from + (options.to - options.from) * share) * 1e9;
            let bytes = bytes as u64;
            let runs = folder.path().join(format!("{by:?}-{step}"));
            let mut arguments: Vec<OsString> = vec!["run".into(), preset.clone().into()];
            for (name, value) in [("--data", &pictures), ("--out", &runs)] {
                arguments.extend([name.into(), value.clone().into()]);
            }
            let Some(mut command) = by.command(bytes, &program, &arguments)? else {
                println!("| {by:?} | | skipped | no control group can be made here |");
                break;
            };
            command.env("XDG_CACHE_HOME", folder.path().join("cache"));
            let output = command.stdin(Stdio::null()).output()?;
            let outcome = Outcome::of(&output);
            killed += usize::from(outcome == Outcome::Killed);
            println!(
                "| {by:?} | {:.2} | {outcome:?} | {} |",
                bytes as f64 / 1e9,
                said(&String::from_utf8_lossy(&output.stderr))
            );
        }
    }
    by_group::remove();
    ensure!(killed == 0, "{killed} runs were killed");
    Ok(())
}

struct Options {
    by: Vec<By>,
    from: f64,
    to: f64,
    count: usize,
    program: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            by: vec![By::Group, By::Ulimit],
            from: 1.5,
            to: 6.0,
            count: 20,
            program: None,
        };
        let mut rest = arguments.iter();
        while let Some(&name) = rest.next() {
            let value = *rest.next().context(USAGE)?;
            match name {
                "--by" if value == "group" => options.by = vec![By::Group],
                "--by" if value == "ulimit" => options.by = vec![By::Ulimit],
                "--from" => options.from = value.parse().context(USAGE)?,
                "--to" => options.to = value.parse().context(USAGE)?,
                "--count" => options.count = value.parse().context(USAGE)?,
                "--program" => options.program = Some(value.into()),
                _ => anyhow::bail!(USAGE),
            }
        }
        Ok(options)
    }
}

/// What sets the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Group,
    Ulimit,
}

impl By {
    /// The program under the limit; `None` where this system does not let one be set.
    fn command(
        self,
        bytes: u64,
        program: &Path,
        arguments: &[OsString],
    ) -> Result<Option<Command>> {
        let mut command = Command::new("sh");
        match self {
            Self::Ulimit => {
                command.args(["-c", "ulimit -v \"$0\"; exec \"$@\""]);
                command.arg((bytes / 1024).to_string());
            }
            Self::Group => {
                let Some(members) = by_group::with_limit(bytes)? else {
                    return Ok(None);
                };
                command.args(["-c", "echo $$ > \"$0\"; exec \"$@\""]);
                command.arg(members);
            }
        }
        command.arg(program).args(arguments);
        Ok(Some(command))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Trained,
    /// With a sentence, before it started or in the middle.
    Refused,
    Killed,
}

impl Outcome {
    fn of(output: &std::process::Output) -> Self {
        match output.status.code() {
            Some(0) => Self::Trained,
            Some(1) => Self::Refused,
            _ => Self::Killed,
        }
    }
}

/// What the program said of memory.
fn said(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.to_lowercase().contains("memory"))
        .collect();
    lines.join(" / ")
}

/// A control group of this process's own.
mod by_group {
    use super::*;

    fn group() -> Option<(PathBuf, &'static str)> {
        let name = format!("graft-limits-{}", std::process::id());
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        for line in groups.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            let path = path.trim_start_matches('/');
            if controllers.split(',').any(|name| name == "memory") {
                let above = Path::new("/sys/fs/cgroup/memory").join(path);
                return Some((above.join(&name), "memory.limit_in_bytes"));
            }
            if controllers.is_empty() && Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
                // Beside this process's own group: a group that has processes can't have limited ones below it.
                let own = Path::new("/sys/fs/cgroup").join(path);
                let above = own
                    .parent()
                    .filter(|above| above.starts_with("/sys/fs/cgroup"));
                return Some((above.unwrap_or(&own).join(&name), "memory.max"));
            }
        }
        None
    }

    /// Sets its limit, and names the file that takes its members.
    pub fn with_limit(bytes: u64) -> Result<Option<PathBuf>> {
        let Some((folder, limit)) = group() else {
            return Ok(None);
        };
        if fs::create_dir_all(&folder).is_err()
            || fs::write(folder.join(limit), bytes.to_string()).is_err()
        {
            return Ok(None);
        }
        Ok(Some(folder.join("cgroup.procs")))
    }

    pub fn remove() {
        if let Some((folder, _)) = group() {
            drop(fs::remove_dir(folder));
        }
    }
}

fn built() -> Result<PathBuf> {
    setup::run(setup::Wanted {
        cuda: false,
        demo: false,
    })?;
    steps::graft()
}

/// 100 pictures of noise in two classes, as bitmaps: 64 to learn from are one step.
fn pictures(folder: &Path) -> Result<PathBuf> {
    const SIDE: u32 = 96;
    let root = folder.join("pictures");
    let mut state: u32 = 1;
    for class in ["a", "b"] {
        let class = root.join(class);
        fs::create_dir_all(&class)?;
        for number in 0..50 {
            let pixels = (0..SIDE * SIDE * 3).map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            });
            let mut file = Vec::new();
            file.extend(b"BM");
            for value in [54 + SIDE * SIDE * 3, 0, 54, 40, SIDE, SIDE] {
                file.extend(value.to_le_bytes());
            }
            file.extend([1, 0, 24, 0]);
            file.extend([0; 24]);
            file.extend(pixels);
            fs::write(class.join(format!("{number}.bmp")), file)?;
        }
    }
    Ok(root)
}

const PRESET: &str = "(
    version: 1,
    name: \"Limits\",
    backbone: (name: \"resnet50\", weights: Random, input_size: Some(224)),
    training: (batch_size: 64, mixed_precision: Off),
    phases: [(name: \"All\", epochs: 1, freeze: Nothing, optimizer: Adam(), learning_rate: 1e-4)],
)
";
