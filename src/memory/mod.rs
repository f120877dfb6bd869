//! How much memory this process may take.

mod control_group;
mod slurm;

use crate::cores::Cores;
use crate::format;

/// Taken where the system does not say.
const ASSUMED: u64 = 8 << 30;

/// The memory that this process may take, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit {
    pub bytes: u64,
    pub reason: Reason,
}

/// What sets a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The machine has no more.
    Machine,
    /// A control group: a batch system, a container or systemd.
    ControlGroup,
    /// Slurm gave the job no more on this machine.
    Slurm,
    /// `ulimit -v` or `ulimit -d`: what a process may reserve, used or not.
    ResourceLimit,
}

impl MemoryLimit {
    /// The smallest of all limits. Those on reserved memory are told in memory that is used: of what is reserved now,
    /// only a part is.
    pub fn now() -> Self {
        let own = status();
        let field = |name| field(&own, name);
        let used = field("VmRSS:").unwrap_or(0);
        let reserved = |limit: Option<u64>, name| {
            let bytes =
                (used + limit?.saturating_sub(field(name)?)).saturating_sub(threads_reserve());
            Some(Self {
                bytes,
                reason: Reason::ResourceLimit,
            })
        };
        let private = field("RssAnon:").unwrap_or(used);
        let (group, given) = (control_group::limit(private), slurm::limit());
        let by_group = group.map_or(Reason::ControlGroup, |bytes| of_group(bytes, given));
        [(given, Reason::Slurm), (group, by_group)]
            .into_iter()
            .map(|(bytes, reason)| bytes.map(|bytes| Self { bytes, reason }))
            .chain(resource_limits().map(|(limit, name)| reserved(limit, name)))
            .flatten()
            .fold(
                Self {
                    bytes: total_bytes(),
                    reason: Reason::Machine,
                },
                |least, limit| {
                    if limit.bytes < least.bytes {
                        limit
                    } else {
                        least
                    }
                },
            )
    }

    /// "the 3.0 GB that its control group (a batch system, a container) allows"
    pub fn text(&self) -> String {
        let bytes = format::bytes(self.bytes);
        match self.reason {
            Reason::Machine => format!("the {bytes} of this machine"),
            Reason::ControlGroup => format!(
                "the {bytes} that this process's control group (a batch system, a container or systemd) leaves it"
            ),
            Reason::Slurm => format!(
                "the {bytes} that Slurm gives this job on this machine (--mem, --mem-per-cpu)"
            ),
            Reason::ResourceLimit => {
                format!(
                    "the {bytes} that this process's resource limit (ulimit -v or -d) leaves it"
                )
            }
        }
    }
}

/// Who sets a control group's limit: Slurm, where it is about what it says that the job has, so that its option can be named.
fn of_group(bytes: u64, given: Option<u64>) -> Reason {
    match given {
        Some(given) if bytes <= given && bytes >= given / 10 * 9 => Reason::Slurm,
        _ => Reason::ControlGroup,
    }
}

/// The machine's memory, or what control groups and Slurm let all of their processes have of it together: no matter what is
/// in use.
pub fn ceiling_bytes() -> u64 {
    // As if all that is in use were this process's own.
    let limits = [control_group::limit(u64::MAX), slurm::limit()];
    let least = limits.into_iter().flatten().min();
    least.unwrap_or(u64::MAX).min(total_bytes())
}

/// The machine's memory in bytes.
fn total_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    field(&text, "MemTotal:").unwrap_or(ASSUMED)
}

fn status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// `MemTotal:       24576000 kB` of `/proc/meminfo` or `/proc/self/status`, in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Limits on what is reserved, and what `/proc/self/status` calls what they count (getrlimit(2)).
#[cfg(target_os = "linux")]
fn resource_limits() -> [(Option<u64>, &'static str); 2] {
    use rustix::process::{Resource, getrlimit};
    [
        (getrlimit(Resource::As).current, "VmSize:"),
        (getrlimit(Resource::Data).current, "VmData:"),
    ]
}

#[cfg(not(target_os = "linux"))]
fn resource_limits() -> [(Option<u64>, &'static str); 2] {
    [(None, "VmSize:"), (None, "VmData:")]
}

/// Stacks of the threads that training starts, which are reserved and hardly used.
fn threads_reserve() -> u64 {
    const STACK: u64 = 8 << 20;
    let threads = Cores::of_process().count.get() as u64;
    // One of OpenMP and one of rayon for each core, those that read and tell, and what kernels compile.
    STACK * (2 * threads + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_s_limit_is_slurm_s_where_it_is_about_what_slurm_gives() {
        for (bytes, given, reason) in [
            (990, Some(1_000), Reason::Slurm),
            (1_000, Some(1_000), Reason::Slurm),
            (500, Some(1_000), Reason::ControlGroup),
            (990, None, Reason::ControlGroup),
        ] {
            assert_eq!(of_group(bytes, given), reason, "{bytes} {given:?}");
        }
    }

    #[test]
    fn the_total_is_read_in_kilobytes() {
        let text = "MemTotal:   2048 kB\nMemFree: 1 kB\n";
        assert_eq!(field(text, "MemTotal:"), Some(2 << 20));
        assert_eq!(field("nothing", "MemTotal:"), None);
        assert_eq!(
            field("MemTotal: 18446744073709551615 kB", "MemTotal:"),
            None
        );
        assert!(total_bytes() > 1 << 20);
        assert!((1 << 20..=total_bytes()).contains(&ceiling_bytes()));
        let limit = MemoryLimit::now();
        assert!(
            (1 << 20..=total_bytes()).contains(&limit.bytes),
            "{limit:?}"
        );
    }
}
