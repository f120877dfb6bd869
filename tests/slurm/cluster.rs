//! The cluster: Slurm's daemons on the loopback, in a folder of their own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::skipped::skipped;

/// What it takes.
const PROGRAMS: [&str; 5] = ["slurmctld", "slurmd", "munged", "sbatch", "squeue"];

pub struct Cluster {
    folder: tempfile::TempDir,
}

/// Who watches that a job takes no more memory than it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    Nobody,
    /// The kernel, by control groups.
    Groups,
    /// Slurm, which counts now and then.
    Counting,
}

/// A task in the queue.
#[derive(Debug, Clone)]
pub struct Queued {
    /// `12_3`.
    pub task: String,
    /// The number that the task's processes know, such as 15.
    pub number: String,
    pub state: String,
    pub reason: String,
}

impl Cluster {
    /// A new one; `None` where there can be none, which is said.
    pub fn start(cores: u32, array_size: u32, memory: Memory) -> Option<Self> {
        let missing = PROGRAMS.iter().find(|program| {
            let found = Command::new("which").arg(program).output();
            !found.is_ok_and(|output| output.status.success())
        });
        if let Some(program) = missing {
            skipped(&format!(
                "there is no {program} (packages slurm-wlm and munge)"
            ));
            return None;
        }
        let user = Command::new("id").arg("-u").output().unwrap();
        if user.stdout != b"0\n" {
            skipped("Slurm’s daemons are started as root");
            return None;
        }
        if memory == Memory::Groups && !may_make_groups() {
            skipped("Slurm’s control groups can’t be made here");
            return None;
        }
        let memory = match memory {
            Memory::Nobody => "none",
            Memory::Groups => "groups",
            Memory::Counting => "counting",
        };
        let cluster = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        // Held together, so that they differ.
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = ports.map(|port| port.local_addr().unwrap().port().to_string());
        let output = Command::new(script("start.sh"))
            .arg(cluster.folder.path())
            .args(&ports)
            .args([cores.to_string(), array_size.to_string(), memory.to_owned()])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(cluster)
    }

    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("slurm.conf")
    }

    /// What a program of Slurm printed, whether or not it succeeded.
    pub fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .env("SLURM_CONF", self.configuration())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// All tasks of arrays that the controller remembers.
    pub fn queue(&self) -> Vec<Queued> {
        let arguments = [
            "--noheader",
            "--array",
            "--states=all",
            "--format=%F|%K|%A|%T|%r",
        ];
        let text = self.ask("squeue", &arguments);
        text.lines()
            .filter_map(|line| {
                let fields: Vec<&str> = line.split('|').collect();
                let index: u32 = fields.get(1)?.parse().ok()?;
                Some(Queued {
                    task: format!("{}_{index}", fields[0]),
                    number: fields[2].to_owned(),
                    state: fields[3].to_owned(),
                    reason: fields[4].to_owned(),
                })
            })
            .collect()
    }

    /// The try that a task is in, or waits for, counted from 1.
    pub fn try_of(&self, task: &str) -> u32 {
        let shown = self.ask("scontrol", &["--oneliner", "show", "job", task]);
        let restarts = shown
            .split_whitespace()
            .find_map(|word| word.strip_prefix("Restarts="));
        restarts.map_or(1, |count| count.parse::<u32>().unwrap() + 1)
    }

    pub fn in_state(&self, state: &str) -> Vec<Queued> {
        let mut queue = self.queue();
        queue.retain(|task| task.state == state);
        queue
    }

    /// Lets tasks that were queued again start now: Slurm itself would wait for minutes. (Not in the second in which they were:
    /// the node still takes them for the try before then, and fails them.)
    pub fn hasten(&self) {
        let mut waiting = self.in_state("PENDING");
        waiting.retain(|task| task.reason == "BeginTime");
        if !waiting.is_empty() {
            std::thread::sleep(Duration::from_millis(1100));
        }
        for task in waiting {
            let number = format!("JobId={}", task.task);
            self.ask("scontrol", &["update", &number, "StartTime=now"]);
        }
    }

    /// The processes of a task that are `graft`.
    pub fn processes(&self, task: &Queued) -> Vec<u32> {
        let variable = format!("SLURM_JOB_ID={}", task.number);
        let folder = format!("SLURM_CONF={}", self.configuration().display());
        let folders = std::fs::read_dir("/proc").unwrap().flatten();
        let numbers = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        numbers
            .filter(|number| {
                let process = PathBuf::from(format!("/proc/{number}"));
                let is_graft = std::fs::read_link(process.join("exe"))
                    .is_ok_and(|program| program.to_string_lossy().contains("graft"));
                let environment = std::fs::read(process.join("environ")).unwrap_or_default();
                let holds = |wanted: &str| {
                    environment
                        .split(|byte| *byte == 0)
                        .any(|variable| variable == wanted.as_bytes())
                };
                is_graft && holds(&variable) && holds(&folder)
            })
            .collect()
    }

    /// Has the controller believe that the node is down, until it says that it is not.
    pub fn fail_node(&self) {
        let node = self.ask("sinfo", &["--noheader", "--format=%n"]);
        let node = format!("NodeName={}", node.lines().next().unwrap());
        self.ask("scontrol", &["update", &node, "State=DOWN", "Reason=test"]);
        wait_until("the node is back", || {
            self.ask("scontrol", &["update", &node, "State=RESUME"]);
            let states = self.ask("sinfo", &["--noheader", "--format=%T"]);
            !states.contains("down")
        });
    }

    /// Ends the controller as a machine that loses its power does, and starts it again.
    pub fn restart_controller(&self) {
        let file = self.folder.path().join("slurmctld.pid");
        let number = std::fs::read_to_string(file).unwrap();
        signal(number.trim().parse().unwrap(), "TERM");
        wait_until("the controller has ended", || {
            !PathBuf::from(format!("/proc/{}", number.trim())).exists()
        });
        let started = Command::new("slurmctld")
            .arg("-f")
            .arg(self.configuration())
            .status();
        assert!(started.unwrap().success());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.ask("scancel", &["--user=0", "--signal=KILL", "--full"]);
        self.ask("scancel", &["--user=0"]);
        let stopped = Command::new(script("stop.sh"))
            .arg(self.folder.path())
            .status();
        drop(stopped);
    }
}

/// Whether this machine lets Slurm make control groups of version 1 that limit memory.
fn may_make_groups() -> bool {
    let groups = ["memory", "freezer"].map(|name| Path::new("/sys/fs/cgroup").join(name));
    groups.iter().all(|group| {
        let own = group.join(format!("graft-test-{}", std::process::id()));
        std::fs::create_dir(&own).is_ok() && std::fs::remove_dir(&own).is_ok()
    })
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/slurm")
        .join(name)
}

/// Sends a signal with the shell's own kill; whether the process is there.
pub fn signal(process: u32, signal: &str) -> bool {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {process}")])
        .output();
    sent.unwrap().status.success()
}

/// Waits until something is so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}
