//! The limit that a control group sets: Slurm, containers and systemd give a job less memory than the machine has, and
//! the kernel kills whoever takes more.
//!
//! Source: the kernel's `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/memory.rst`.

use std::fs;
use std::path::Path;

use crate::control_group::{Version, folders, number};

/// Version 1 writes "no limit" as the largest multiple of a page; anything near it is none.
const NO_LIMIT: u64 = 1 << 60;

/// Bytes that the processes of this one's control groups may hold, less what others among them hold already; `None`
/// where no group sets a limit. `own`: what this process holds.
pub fn limit(own: u64) -> Option<u64> {
    limit_in(Path::new("/"), own)
}

/// The same on a system whose files stand below `root`.
fn limit_in(root: &Path, own: u64) -> Option<u64> {
    folders(root, "memory")
        .into_iter()
        .filter_map(|(version, folder)| room(version, &folder, own))
        .min()
}

/// What the group of `folder` leaves for a process that holds `own` bytes.
fn room(version: Version, folder: &Path, own: u64) -> Option<u64> {
    let (limit, used) = match version {
        Version::One => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        Version::Two => ("memory.max", "memory.current"),
    };
    // "max" in version 2.
    let limit = number(folder, limit).filter(|&limit| limit < NO_LIMIT)?;
    // Version 2 slows processes down beyond `memory.high`, to a standstill where nothing can be given back.
    let limit = match version {
        Version::Two => number(folder, "memory.high").map_or(limit, |high| high.min(limit)),
        Version::One => limit,
    };
    let others = number(folder, used)
        .unwrap_or(0)
        .saturating_sub(cached(folder))
        .saturating_sub(own);
    Some(limit.saturating_sub(others))
}

/// Bytes of the group that hold contents of files: the kernel takes them back when memory is short.
fn cached(folder: &Path) -> u64 {
    let text = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let field = |name: &str| -> Option<u64> {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    };
    // Version 1 counts the groups below only in the fields with "total".
    ["total_inactive_file", "total_active_file"]
        .map(field)
        .into_iter()
        .sum::<Option<u64>>()
        .or_else(|| {
            ["inactive_file", "active_file"]
                .map(field)
                .into_iter()
                .sum::<Option<u64>>()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_group::system;

    const GIB: u64 = 1 << 30;

    #[test]
    fn the_smallest_limit_above_a_process_counts() {
        let two = system(&[
            ("proc/self/cgroup", "0::/job.slice/job-7.scope\n"),
            (
                "proc/self/mountinfo",
                "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
            ),
            ("sys/fs/cgroup/job.slice/memory.max", "3221225472\n"),
            ("sys/fs/cgroup/job.slice/memory.current", "1073741824\n"),
            (
                "sys/fs/cgroup/job.slice/memory.stat",
                "anon 1\ninactive_file 200000000\nactive_file 73741824\n",
            ),
            ("sys/fs/cgroup/job.slice/job-7.scope/memory.max", "max\n"),
        ]);
        // Of the gigabyte in use, a quarter holds files and 500 million bytes are this process's.
        let others = GIB - 273_741_824 - 500_000_000;
        assert_eq!(limit_in(two.path(), 500_000_000), Some(3 * GIB - others));
        // Of all of its processes together, and no matter what they hold.
        assert_eq!(limit_in(two.path(), u64::MAX), Some(3 * GIB));

        let one = system(&[
            (
                "proc/self/cgroup",
                "5:cpuset:/\n4:memory:/slurm/uid_0/job_7\n0::/\n",
            ),
            (
                "proc/self/mountinfo",
                "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
                 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n",
            ),
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            (
                "sys/fs/cgroup/memory/slurm/uid_0/job_7/memory.limit_in_bytes",
                "2147483648\n",
            ),
        ]);
        assert_eq!(limit_in(one.path(), 0), Some(2 * GIB));
    }

    #[test]
    fn a_system_without_groups_sets_no_limit() {
        assert_eq!(limit_in(system(&[]).path(), 0), None);
    }
}
