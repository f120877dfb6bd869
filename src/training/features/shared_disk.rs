//! What a folder that several machines share (NFS, Lustre, GPFS …) needs beyond one of this machine.
//!
//! What is assumed of it, and what is not:
//!
//! | assumed | where it does not hold |
//! | --- | --- |
//! | a file gets its name by `rename`, which others see whole or not at all | a file that is not whole is passed over: digest and checks |
//! | an exclusive lock (`flock`) is one for all machines: NFSv4, or NFSv3 with its lock daemon; Lustre mounted with `flock` | two processes may remove old files at once, which removes no more than their age says; nothing else is locked here |
//! | names that others make or remove are seen within the time that a client remembers a folder for (NFS: a minute) | rows are computed again that another machine has written just now |
//!
//! Nothing depends on the clocks of the machines: times of use are the server's, and a wrong one removes another file first.
//! A file that another machine removes while it is read is gone for this one (`ESTALE`): its rows are missing, and are
//! computed again. Temporary files are made by name (`O_EXCL`), not without one (`O_TMPFILE`).

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// Kinds of file systems that other machines may write to, by `statfs(2)` and their own headers: NFS, SMB (two kinds), Ceph,
/// Lustre, GPFS, BeeGFS, AFS, OrangeFS, and FUSE, behind which many others stand.
#[cfg(target_os = "linux")]
const SHARED: [u32; 10] = [
    0x6969,
    0xff53_4d42,
    0xfe53_4d42,
    0x00c3_6400,
    0x0bd0_0bd0,
    0x4750_4653,
    0x1983_0326,
    0x5346_414f,
    0x2003_0528,
    0x6573_5546,
];

/// Has what was written to `file` arrive where other machines see it, before it gets its name. A disk of this machine is not
/// waited for.
///
/// # Errors
/// What the disk says, a full one among it: such file systems say so no sooner.
pub(super) fn arrive(file: &File) -> io::Result<()> {
    if is_shared(file) {
        file.sync_data()?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_shared(file: &File) -> bool {
    // The kernel's number has 32 bits, whatever type holds it.
    rustix::fs::fstatfs(file).is_ok_and(|found| SHARED.contains(&(found.f_type as u32)))
}

/// Where the system does not say, it may be.
#[cfg(not(target_os = "linux"))]
fn is_shared(_file: &File) -> bool {
    true
}

/// Notes that `file` was of use now, by the clock of whoever keeps it. A folder that may only be read still serves.
#[cfg(target_os = "linux")]
pub(super) fn touch(file: &File) {
    use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};
    let time = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    let times = Timestamps {
        last_access: time(UTIME_OMIT),
        last_modification: time(UTIME_NOW),
    };
    let _ = futimens(file, &times);
}

#[cfg(not(target_os = "linux"))]
pub(super) fn touch(file: &File) {
    drop(file.set_modified(SystemTime::now()));
}

/// What the clock of whoever keeps `file` says, which is changed by this.
pub(super) fn time_there(file: &File) -> io::Result<SystemTime> {
    touch(file);
    file.metadata()?.modified()
}

/// Bytes that this person may still write below `folder`, which is there; `None` where the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_of_use_gets_the_time_of_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "rows").unwrap();
        let file = File::options().append(true).open(&path).unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        file.set_modified(old).unwrap();
        // Open for reading is enough.
        let there = time_there(&File::open(&path).unwrap()).unwrap();
        assert!(there > old + Duration::from_secs(1800));
        arrive(&file).unwrap();
        assert!(free_bytes(folder.path()).is_none_or(|bytes| bytes > 0));
        assert_eq!(free_bytes(&folder.path().join("absent")), None);
    }
}
