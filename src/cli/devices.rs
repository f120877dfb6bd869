//! Several devices of this machine at once: a child process on each, because libtorch's random numbers are one sequence for each
//! process. No training is spread over several cards.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, bail};

use super::output;
use crate::cores;
use crate::data::StopFlag;
use crate::exit::unusual_end;
use crate::models::device;

/// How often it is looked whether a child has ended.
const INTERVAL: Duration = Duration::from_millis(50);

/// What children are told to end by their standard input.
pub const UNTIL_STDIN_CLOSES: &str = "--until-stdin-closes";

/// The devices that `text` names: `all` (every usable card, or the processor where there is none), or some of them,
/// `cuda:0,cuda:1`.
///
/// # Errors
/// Which one is no device of this machine, or is named twice.
pub fn chosen(text: &str) -> anyhow::Result<Vec<String>> {
    let found = device::discover();
    if text.trim() == "all" {
        let mut cards = found.usable();
        cards.sort_unstable();
        let cards: Vec<String> = (cards.iter().map(|index| format!("cuda:{index}"))).collect();
        if cards.is_empty() {
            let reason = found.why_no_cuda.as_deref().unwrap_or_default();
            output::warn(&format!("Computing on the processor. {reason}"));
            return Ok(vec!["cpu".into()]);
        }
        return Ok(cards);
    }
    let mut devices: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim) {
        let name = match device::resolve(name, found)? {
            tch::Device::Cuda(index) => format!("cuda:{index}"),
            _ => "cpu".to_owned(),
        };
        if devices.contains(&name) {
            bail!("--devices names {name} twice; each device computes one thing at a time");
        }
        devices.push(name);
    }
    Ok(devices)
}

/// One process at work on a device.
pub struct Child {
    pub device: String,
    process: std::process::Child,
    /// Closed to have it stop.
    stdin: Option<ChildStdin>,
    said: Option<JoinHandle<()>>,
    printed: Option<JoinHandle<String>>,
}

/// How a child ended.
pub struct Ended {
    pub device: String,
    pub status: ExitStatus,
    /// On its standard output.
    pub printed: String,
}

impl Child {
    /// Starts this program with `arguments` on `device`, as one of `of`. What it says goes to standard error, each line after
    /// the device's name.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(device: &str, of: usize, arguments: &[OsString]) -> anyhow::Result<Self> {
        let mut command = Command::new(program()?);
        command
            .args(arguments)
            .args(["--device", device, UNTIL_STDIN_CLOSES])
            // This process is the task of Slurm, and no other.
            .env_remove("SLURM_ARRAY_JOB_ID")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if device != "cpu" {
            cores::share_machine(&mut command, of);
        }
        // Ctrl-C is for this process, which tells the others once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command
            .spawn()
            .with_context(|| format!("no process can be started for {device}"))?;
        let (stdin, stdout, stderr) = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        );
        let name = device.to_owned();
        let said = stderr.map(|stream| {
            std::thread::Builder::new()
                .name(format!("graft-{device}"))
                .spawn(move || pass_on(&name, stream))
        });
        let printed = stdout.map(|mut stream| {
            std::thread::Builder::new()
                .name(format!("graft-{device}-out"))
                .spawn(move || {
                    let mut bytes = Vec::new();
                    // What a child that is killed leaves half-said is no document.
                    drop(stream.read_to_end(&mut bytes));
                    String::from_utf8_lossy(&bytes).into_owned()
                })
        });
        Ok(Self {
            device: device.to_owned(),
            process,
            stdin,
            said: said.transpose().context("can't start a thread")?,
            printed: printed.transpose().context("can't start a thread")?,
        })
    }

    /// Tells it to stop; what it has learned is kept.
    fn stop(&mut self) {
        self.stdin = None;
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// What the system says.
    fn poll(&mut self) -> anyhow::Result<Option<Ended>> {
        let status = self
            .process
            .try_wait()
            .with_context(|| format!("the process of {} can't be waited for", self.device))?;
        let Some(status) = status else {
            return Ok(None);
        };
        // A thread that panicked has said so.
        if let Some(said) = self.said.take() {
            drop(said.join());
        }
        let printed = self.printed.take().map(JoinHandle::join);
        Ok(Some(Ended {
            device: self.device.clone(),
            status,
            printed: printed.and_then(Result::ok).unwrap_or_default(),
        }))
    }
}

impl Ended {
    /// Why it ended otherwise than a program does: a clause.
    pub fn trouble(&self) -> Option<String> {
        let end = unusual_end(self.status)?;
        Some(format!("the process of {} {end}", self.device))
    }
}

/// This program, also where an update has replaced its file since it was started.
fn program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("this program's own file can't be found")?;
    let running = Path::new("/proc/self/exe");
    Ok(match program.exists() || !running.exists() {
        true => program,
        false => running.to_path_buf(),
    })
}

/// Waits for a moment, and takes from among `working`, children with what each is at, those that have ended. Tells all of them to
/// stop when this process is to stop.
///
/// # Errors
/// What the system says.
pub fn take_ended<T>(
    working: &mut Vec<(T, Child)>,
    stop: &StopFlag,
) -> anyhow::Result<Vec<(T, Ended)>> {
    if stop.is_stopped() {
        working.iter_mut().for_each(|(_, child)| child.stop());
    }
    std::thread::sleep(INTERVAL);
    let (mut left, mut ended) = (Vec::with_capacity(working.len()), Vec::new());
    for (what, mut child) in working.drain(..) {
        match child.poll()? {
            Some(end) => ended.push((what, end)),
            None => left.push((what, child)),
        }
    }
    *working = left;
    Ok(ended)
}

/// Says every line of `stream` after the name of the device.
fn pass_on(device: &str, stream: impl Read) {
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while lines
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        let text = String::from_utf8_lossy(&line);
        output::warn(&format!("[{device}] {}", text.trim_end()));
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_once_each() {
        assert_eq!(chosen(" cpu ").unwrap(), ["cpu"]);
        for (text, expected) in [
            ("cpu,cpu", "twice"),
            ("cuda:99", "cuda:99"),
            ("gpu", "is no device"),
            ("", "is no device"),
        ] {
            let said = chosen(text).unwrap_err().to_string();
            assert!(said.contains(expected), "{text}: {said}");
        }
        assert!(!chosen("all").unwrap().is_empty());
    }
}
