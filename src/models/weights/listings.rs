//! What was found in weight files before: starting a process that looks takes longer than reading the weights.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::data::contents::{CLOCK, Stamp};
use crate::data::replace::replace;
use crate::ordinary_file::{self, Links};

/// More are forgotten, the oldest first.
const KEPT: usize = 100;
/// Changes whenever a file is listed otherwise than before.
const EDITION: u32 = 2;
/// As much as a process that lists may say.
const LARGEST_BYTES: u64 = 1 << 30;

/// A folder with one small file for each weight file, which may be deleted at any time.
pub(super) struct Listings {
    folder: PathBuf,
    /// How long a change must lie back to be remembered.
    clock: Duration,
}

impl Listings {
    pub fn new(cache: &Path) -> Self {
        Self {
            folder: cache.join("listings"),
            clock: CLOCK,
        }
    }

    /// What was said of the file at `path` when it had this stamp.
    pub fn get(&self, path: &Path, stamp: &Stamp) -> Option<Vec<u8>> {
        ordinary_file::read(&self.file(path, stamp)?, LARGEST_BYTES, Links::Refused).ok()
    }

    /// Remembers what was `said` of the file at `path`, which had this stamp when it was opened: nothing where it has
    /// changed since, or could change once more without another stamp.
    pub fn remember(&self, path: &Path, stamp: &Stamp, said: &[u8]) {
        let is_still_it = Stamp::of(path).is_ok_and(|now| now == *stamp);
        if !is_still_it || stamp.is_recent(self.clock) {
            return;
        }
        let Some(file) = self.file(path, stamp) else {
            return;
        };
        if let Err(error) = replace(&file, said) {
            log::info!("what is in a weight file is not remembered: {error}");
        }
        self.prune();
    }

    /// Another version may list otherwise.
    fn file(&self, path: &Path, stamp: &Stamp) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        let what = format!("{} {EDITION} {path:?} {stamp:?}", env!("CARGO_PKG_VERSION"));
        let digest = hex::encode(Sha256::digest(what.as_bytes()));
        Some(self.folder.join(format!("{digest}.json")))
    }

    fn prune(&self) {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let mut files: Vec<_> = entries
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(KEPT);
        for (_, file) in files.into_iter().take(surplus) {
            drop(std::fs::remove_file(file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path, bytes: &[u8]) -> Stamp {
        // A file of another number, though of the same name.
        replace(path, bytes).unwrap();
        Stamp::of(path).unwrap()
    }

    #[test]
    fn a_changed_file_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut listings = Listings::new(folder.path());
        listings.clock = Duration::ZERO;
        let path = folder.path().join("weights.pth");
        let stamp = written(&path, b"first");
        assert_eq!(listings.get(&path, &stamp), None);
        listings.remember(&path, &stamp, b"listing");
        assert_eq!(listings.get(&path, &stamp).unwrap(), b"listing");
        // As long, and at the same path.
        let other = written(&path, b"other");
        assert_ne!(other, stamp);
        assert_eq!(listings.get(&path, &other), None);
        // Changed while it was read: what was said is of neither.
        listings.remember(&path, &stamp, b"late");
        assert_eq!(listings.get(&path, &stamp).unwrap(), b"listing");
        // Written just now, it may change within the same tick of the clock.
        listings.clock = CLOCK;
        listings.remember(&path, &other, b"new");
        assert_eq!(listings.get(&path, &other), None);
    }

    #[test]
    fn no_more_than_some_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let listings = Listings::new(folder.path());
        for number in 0..KEPT + 20 {
            let file = listings.folder.join(format!("{number}.json"));
            replace(&file, b"x").unwrap();
        }
        listings.prune();
        assert_eq!(std::fs::read_dir(&listings.folder).unwrap().count(), KEPT);
    }
}
