//! The control groups of this process: Slurm, containers and systemd give a job a part of the machine by them.
//!
//! Source: the kernel's `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/cgroups.rst`.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Of the kernel's two ways to say what a group may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    One,
    Two,
}

/// Every folder that may hold a limit of `controller` (`memory`, `cpu`) for this process: its group and those above it, on a
/// system whose files stand below `root`. None where there are no groups.
pub fn folders(root: &Path, controller: &str) -> Vec<(Version, PathBuf)> {
    let proc = root.join("proc/self");
    let read = |name: &str| fs::read_to_string(proc.join(name));
    let (Ok(groups), Ok(mounts)) = (read("cgroup"), read("mountinfo")) else {
        return Vec::new();
    };
    let below = |folder: PathBuf| root.join(folder.strip_prefix("/").unwrap_or(&folder));
    folders_of(controller, &groups, &mounts)
        .into_iter()
        .map(|(version, folder)| (version, below(folder)))
        .collect()
}

/// The number in a file of a group's folder; `None` where there is none ("max").
pub fn number(folder: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    text.trim().parse().ok()
}

/// [`folders`], by what `/proc/self/cgroup` and `/proc/self/mountinfo` hold.
fn folders_of(controller: &str, groups: &str, mounts: &str) -> Vec<(Version, PathBuf)> {
    let mut found = Vec::new();
    for line in groups.lines() {
        // `4:memory:/slurm/job_7` in version 1, `0::/user.slice` in version 2.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else {
            continue;
        };
        let version = match controllers {
            "" => Version::Two,
            _ if controllers.split(',').any(|name| name == controller) => Version::One,
            _ => continue,
        };
        let mount = |line| Mount::parse(line, version, controller);
        let Some(mount) = mounts.lines().find_map(mount) else {
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
    fn parse(line: &'a str, version: Version, controller: &str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, point) = (before.next()?, before.next()?);
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        let is_it = match version {
            Version::One => kind == "cgroup" && options.split(',').any(|name| name == controller),
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

/// A system with these files, for tests of those who ask.
#[cfg(test)]
pub(crate) fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let mounts = "40 30 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let names: Vec<PathBuf> = folders_of("memory", "4:memory:/docker/abc/inner\n", mounts)
            .into_iter()
            .map(|(_, folder)| folder)
            .collect();
        assert_eq!(
            names,
            ["/sys/fs/cgroup/memory/inner", "/sys/fs/cgroup/memory"].map(PathBuf::from)
        );
        // With a namespace, the group is told from another root.
        let names = folders_of("memory", "4:memory:/../other\n", mounts);
        assert_eq!(names.len(), 1);
        assert_eq!(names[0].1, Path::new("/sys/fs/cgroup/memory"));
        // Of another controller, nothing.
        assert_eq!(folders_of("cpu", "4:memory:/docker/abc\n", mounts), []);
    }

    #[test]
    fn a_system_without_groups_has_no_folders() {
        assert_eq!(folders(system(&[]).path(), "memory"), []);
        let odd = system(&[
            ("proc/self/cgroup", "nonsense\n4:memory\n::\n0::/x"),
            ("proc/self/mountinfo", "1 2\n - \n30 - cgroup2 x"),
        ]);
        assert_eq!(folders(odd.path(), "memory"), []);
    }
}
