//! Whether a file is still the same.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// By which a file is known to be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// Files are replaced, not changed, so that each has its own.
    inode: u64,
}

impl Stamp {
    pub fn of(path: &Path) -> Option<Self> {
        let data = fs::symlink_metadata(path).ok()?;
        Some(Self {
            modified: data.modified().ok(),
            length: data.len(),
            inode: inode(&data),
        })
    }
}

#[cfg(unix)]
fn inode(data: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

#[cfg(not(unix))]
fn inode(_data: &fs::Metadata) -> u64 {
    0
}
