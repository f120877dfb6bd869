//! `graft list-tensors`: started by Graft itself, to read the structure of a foreign weight file
//! with little memory and time.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::models::weights;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Bytes of memory beyond what the program takes now
    #[arg(long)]
    memory: u64,
    /// Seconds of processor time
    #[arg(long)]
    seconds: u64,
    file: PathBuf,
}

pub fn list_tensors(arguments: &Arguments) -> anyhow::Result<()> {
    limit(arguments.memory, arguments.seconds);
    output::print(&weights::listing(&arguments.file))
}

/// Where a limit can't be set, the reader's own limits remain.
#[cfg(target_os = "linux")]
fn limit(memory: u64, seconds: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};

    // The address space so far, libtorch's included: "VmSize:   123456 kB".
    let kilobytes = std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("VmSize:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
    let limited = |limit: u64| Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    if let Some(kilobytes) = kilobytes {
        let _ = setrlimit(Resource::As, limited(kilobytes * 1024 + memory));
    }
    let _ = setrlimit(Resource::Cpu, limited(seconds));
    // A broken reader leaves no copy of the memory behind.
    let _ = setrlimit(Resource::Core, limited(0));
}

#[cfg(not(target_os = "linux"))]
fn limit(_memory: u64, _seconds: u64) {}
