//! Drives of which the system does not tell what other machines change.

use std::path::Path;

use crate::escapes;

/// Kinds of file systems that other machines write to.
const NETWORK: [&str; 14] = [
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "gpfs", "lustre", "nfs", "nfs4", "smb3",
    "smbfs", "vboxsf", "virtiofs",
];

/// The kind of the drive that `path` lies on, where it is such a one.
pub(super) fn network(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let path = std::fs::canonicalize(path).ok()?;
    let kind = kind_of(&mounts, &path)?;
    (NETWORK.contains(&kind) || kind.starts_with("fuse.")).then(|| kind.to_owned())
}

/// By the table of mounts of Linux (proc_pid_mountinfo(5)): of those that `path` lies in, the last of the longest.
fn kind_of<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    mounts
        .lines()
        .filter_map(|line| {
            let (mount, kind) = line.split_once(" - ")?;
            // Spaces and other signs stand there as octal numbers.
            let point = escapes::decoded(mount.split(' ').nth(4)?, b'\\', 3, 8);
            let point = String::from_utf8(point).ok()?;
            path.starts_with(&point)
                .then_some((point.len(), kind.split(' ').next()?))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_says_the_kind() {
        let mounts = "\
24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 24 0:27 / /home rw,nosuid shared:2 master:1 - nfs4 server:/home rw,vers=4.2
40 31 0:40 / /home/me/my\\040disk rw - fuse.sshfs me@host: rw
41 24 0:41 / /homes rw - xfs /dev/sdb rw
";
        for (path, kind) in [
            ("/etc", "ext4"),
            ("/home/me/photos", "nfs4"),
            ("/home/me/my disk/new", "fuse.sshfs"),
            ("/homes/you", "xfs"),
        ] {
            assert_eq!(kind_of(mounts, Path::new(path)), Some(kind), "{path}");
        }
    }
}
