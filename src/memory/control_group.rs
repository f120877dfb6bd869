//! The limit that a control group sets: Slurm, containers and systemd give a job less memory than the machine has, and
//! the kernel kills whoever takes more.
//!
//! Source: the kernel's `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/memory.rst`.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Version 1 writes "no limit" as the largest multiple of a page; anything near it is none.
const NO_LIMIT: u64 = 1 << 60;

/// Bytes that the processes of this one's control groups may hold, less what others among them hold already; `None`
/// where no group sets a limit. `own`: what this process holds.
pub fn limit(own: u64) -> Option<u64> {
    limit_in(Path::new("/"), own)
}

/// The same on a system whose files stand below `root`.
fn limit_in(root: &Path, own: u64) -> Option<u64> {
    let proc = root.join("proc/self");
    let groups = fs::read_to_string(proc.join("cgroup")).ok()?;
    let mounts = fs::read_to_string(proc.join("mountinfo")).ok()?;
    folders(&groups, &mounts)
        .into_iter()
        .filter_map(|(version, folder)| version.room(&below(root, &folder), own))
        .min()
}

fn below(root: &Path, folder: &Path) -> PathBuf {
    root.join(folder.strip_prefix("/").unwrap_or(folder))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// What the group of `folder` leaves for a process that holds `own` bytes.
    fn room(self, folder: &Path, own: u64) -> Option<u64> {
        let number = |name: &str| -> Option<u64> {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            text.trim().parse().ok()
        };
        let (limit, used) = match self {
            Self::One => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            Self::Two => ("memory.max", "memory.current"),
        };
        // "max" in version 2.
        let limit = number(limit).filter(|&limit| limit < NO_LIMIT)?;
        // Version 2 slows processes down beyond `memory.high`, to a standstill where nothing can be given back.
        let limit = match self {
            Self::Two => number("memory.high").map_or(limit, |high| high.min(limit)),
            Self::One => limit,
        };
        let others = number(used)
            .unwrap_or(0)
            .saturating_sub(cached(folder))
            .saturating_sub(own);
        Some(limit.saturating_sub(others))
    }
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

/// Every folder that may hold a limit for this process: its group and those above it.
fn folders(groups: &str, mounts: &str) -> Vec<(Version, PathBuf)> {
    let mut found = Vec::new();
    for line in groups.lines() {
        // `4:memory:/slurm/job_7` in version 1, `0::/user.slice` in version 2.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else {
            continue;
        };
        let version = match controllers {
            "" => Version::Two,
            _ if controllers.split(',').any(|name| name == "memory") => Version::One,
            _ => continue,
        };
        let Some(mount) = mounts.lines().find_map(|line| Mount::parse(line, version)) else {
            continue;
        };
        found.extend(mount.folders(group).map(|folder| (version, folder)));
    }
    found
}

/// Where a hierarchy of groups is seen.
struct Mount<'a> {
    /// The group that stands at `point`: in a container, its own.
    root: &'a str,
    point: &'a str,
}

impl<'a> Mount<'a> {
    /// A line of `/proc/self/mountinfo`:
    /// `35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory`.
    fn parse(line: &'a str, version: Version) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, point) = (before.next()?, before.next()?);
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        let is_it = match version {
            Version::One => kind == "cgroup" && options.split(',').any(|name| name == "memory"),
            Version::Two => kind == "cgroup2",
        };
        is_it.then_some(Self { root, point })
    }

    /// The folder of `group` and of all groups above it.
    fn folders(&self, group: &str) -> impl Iterator<Item = PathBuf> + use<> {
        let point = PathBuf::from(self.point);
        // A group outside of what is mounted can't be seen; the one that is mounted stands for it.
        let inside = Path::new(group)
            .strip_prefix(self.root)
            .ok()
            .filter(|inside| !inside.components().any(|part| part == Component::ParentDir))
            .unwrap_or(Path::new(""))
            .to_path_buf();
        let parts: Vec<PathBuf> = inside.ancestors().map(Path::to_path_buf).collect();
        parts.into_iter().map(move |part| point.join(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A system with these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

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
    fn a_container_sees_its_own_group_as_the_root() {
        let mounts = "40 30 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let names: Vec<PathBuf> = folders("4:memory:/docker/abc/inner\n", mounts)
            .into_iter()
            .map(|(_, folder)| folder)
            .collect();
        assert_eq!(
            names,
            ["/sys/fs/cgroup/memory/inner", "/sys/fs/cgroup/memory"].map(PathBuf::from)
        );
        // With a namespace, the group is told from another root.
        let names = folders("4:memory:/../other\n", mounts);
        assert_eq!(names.len(), 1);
        assert_eq!(names[0].1, Path::new("/sys/fs/cgroup/memory"));
    }

    #[test]
    fn a_system_without_groups_sets_no_limit() {
        assert_eq!(limit_in(system(&[]).path(), 0), None);
        let odd = system(&[
            ("proc/self/cgroup", "nonsense\n4:memory\n::\n0::/x"),
            ("proc/self/mountinfo", "1 2\n - \n30 - cgroup2 x"),
        ]);
        assert_eq!(limit_in(odd.path(), 0), None);
    }
}
