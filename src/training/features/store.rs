//! Features on disk, for all runs of this person: a folder for each recipe, in it files of rows.
//!
//! ```text
//! frozen/
//!     limit                  bytes that all files together may take; absent: the default
//!     pruning                locked by the one process that removes files
//!     <recipe>/about.json    what the rows are, for people
//!     <recipe>/<digest>.features
//! ```

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::about::About;
use super::key::Recipe;
use super::pack::{EXTENSION, Layout, PackWriter, unfinished};
use super::shared_disk;
use super::shelf::Shelf;
use crate::data::replace::{UNFINISHED, replace};
use crate::ordinary_file::{self, Links, LockFile};
use crate::paths;

/// What the files may take unless a person says otherwise.
pub const DEFAULT_LIMIT: u64 = 10_000_000_000;

/// A file that is still unfinished after this long belongs to a process that died.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// The features that are kept on disk.
#[derive(Debug, Clone)]
pub struct FeatureStore {
    root: PathBuf,
    /// Bytes that may be kept, where the folder itself does not say.
    given_limit: Option<u64>,
}

/// How much is kept, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Usage {
    #[serde(serialize_with = "crate::shown::serialize_path")]
    pub folder: PathBuf,
    pub bytes: u64,
    pub files: usize,
    pub limit_bytes: u64,
    /// What it is, the largest first.
    pub kept: Vec<StoredFeatures>,
}

/// The features of one network at one depth.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StoredFeatures {
    /// `None` where an earlier version wrote them.
    pub about: Option<About>,
    pub bytes: u64,
    pub files: usize,
    /// Seconds since 1970 when they were of use last.
    pub used: u64,
}

impl FeatureStore {
    /// The one in `folder`, which is made when something is kept.
    pub fn new(folder: &Path) -> Self {
        Self {
            root: folder.join("frozen"),
            given_limit: None,
        }
    }

    /// The one in `folder`, of at most `limit` bytes.
    pub(super) fn within(folder: &Path, limit: u64) -> Self {
        Self {
            given_limit: Some(limit),
            ..Self::new(folder)
        }
    }

    /// The one of this person.
    pub fn of_user() -> Self {
        Self::new(&paths::cache())
    }

    /// The folder that holds them; it may not be there yet.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn usage(&self) -> Usage {
        let mut kept = Vec::new();
        for folder in list(&self.root) {
            let files = files_in(&folder);
            let Some(used) = files.iter().map(|file| file.used).max() else {
                continue;
            };
            let used = used.duration_since(UNIX_EPOCH);
            kept.push(StoredFeatures {
                about: About::read(&folder),
                bytes: files.iter().map(|file| file.bytes).sum(),
                files: files.len(),
                used: used.map_or(0, |since| since.as_secs()),
            });
        }
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.bytes));
        Usage {
            folder: self.root.clone(),
            bytes: kept.iter().map(|kept| kept.bytes).sum(),
            files: kept.iter().map(|kept| kept.files).sum(),
            limit_bytes: self.limit(),
            kept,
        }
    }

    /// Bytes that may be kept; 0 keeps nothing.
    pub fn limit(&self) -> u64 {
        if let Some(limit) = self.given_limit {
            return limit;
        }
        ordinary_file::read_to_string(&self.root.join("limit"), 100, Links::Refused)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(DEFAULT_LIMIT)
    }

    /// Changes the limit, and removes what is beyond it.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn set_limit(&self, bytes: u64) -> io::Result<()> {
        replace(&self.root.join("limit"), format!("{bytes}\n").as_bytes())?;
        self.prune();
        Ok(())
    }

    /// Removes everything that is kept; what a run reads just now stays readable for it. Gives the bytes removed.
    /// `progress` is told the files done and in all.
    ///
    /// # Errors
    /// Whatever the disk says about the first file that can't be removed.
    pub fn clear(&self, progress: &dyn Fn(usize, usize)) -> io::Result<u64> {
        let mut removed = 0;
        let files = self.files();
        let total = files.len();
        for (done, file) in files.into_iter().enumerate() {
            progress(done, total);
            match std::fs::remove_file(&file.path) {
                Ok(()) => removed += file.bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        self.remove_empty_folders();
        Ok(removed)
    }

    /// All rows of one recipe. Files that are not whole are passed over. `shelf`: what was found before, of the same recipe.
    pub(super) fn shelf(&self, recipe: &Recipe, shelf: &mut Shelf) {
        let mut files = list(&self.folder(recipe));
        files.retain(|path| is_finished(path));
        shelf.update(&files);
    }

    pub(super) fn writer(&self, recipe: &Recipe, layout: Layout) -> io::Result<PackWriter> {
        PackWriter::create(&self.folder(recipe), layout)
    }

    /// Says what the rows of `recipe` are; they are of use without.
    pub(super) fn describe(&self, recipe: &Recipe, about: About) {
        let folder = self.folder(recipe);
        if let Err(error) = about.add_to(&folder) {
            log::info!(
                "features stay without a name ({error}): {}",
                folder.display()
            );
        }
    }

    /// Copies a finished file of another store to its place in this one, whole or not at all; where that is.
    ///
    /// # Errors
    /// What the disks say.
    pub(super) fn copy_in(&self, path: &Path) -> io::Result<PathBuf> {
        let name = |path: &Path| path.file_name().map(PathBuf::from);
        let (Some(file), Some(recipe)) = (name(path), path.parent().and_then(name)) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let folder = self.root.join(recipe);
        let mut copy = unfinished(&folder)?;
        let mut from = ordinary_file::open(path, Links::Refused)?;
        io::copy(&mut from, &mut copy)?;
        let place = folder.join(file);
        copy.persist(&place).map_err(|error| error.error)?;
        Ok(place)
    }

    /// Bytes that all files take.
    pub(super) fn bytes(&self) -> u64 {
        self.files().iter().map(|file| file.bytes).sum()
    }

    /// Removes the files that were of use longest ago, until the limit is kept. One process at a time does so.
    pub(super) fn prune(&self) {
        self.prune_to(self.limit());
    }

    /// The same, until all files take at most `limit` bytes.
    pub(super) fn prune_to(&self, limit: u64) {
        let Ok(lock) = LockFile::open(&self.root.join("pruning")) else {
            return;
        };
        // A file system without locks is no reason to let files grow: two processes at once remove no more than one does.
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return;
        }
        if let Ok(now) = shared_disk::time_there(&lock) {
            self.remove_abandoned(now);
        }
        let mut files = self.files();
        files.sort_by_key(|file| file.used);
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files {
            if bytes <= limit {
                break;
            }
            match std::fs::remove_file(&file.path) {
                Ok(()) => bytes -= file.bytes,
                // Another one has.
                Err(error) if error.kind() == io::ErrorKind::NotFound => bytes -= file.bytes,
                Err(_) => {}
            }
        }
        self.remove_empty_folders();
    }

    fn folder(&self, recipe: &Recipe) -> PathBuf {
        self.root.join(recipe.name())
    }

    fn files(&self) -> Vec<StoredFile> {
        let folders = list(&self.root).into_iter();
        folders.flat_map(|folder| files_in(&folder)).collect()
    }

    /// `now`: by the clock that the files' times are of.
    fn remove_abandoned(&self, now: SystemTime) {
        for path in list(&self.root).into_iter().flat_map(|path| list(&path)) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let age = path
                .metadata()
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|changed| now.duration_since(changed).ok());
            if name.starts_with(UNFINISHED) && age.is_some_and(|age| age > ABANDONED) {
                drop(std::fs::remove_file(&path));
            }
        }
    }

    /// A folder that holds something is not removed by this.
    fn remove_empty_folders(&self) {
        for folder in list(&self.root) {
            if folder.is_dir() {
                About::remove_if_alone(&folder);
                drop(std::fs::remove_dir(&folder));
            }
        }
    }
}

struct StoredFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// The finished files of one recipe.
fn files_in(folder: &Path) -> Vec<StoredFile> {
    let paths = list(folder).into_iter();
    paths
        .filter(|path| is_finished(path))
        .filter_map(|path| {
            let metadata = path.metadata().ok()?;
            Some(StoredFile {
                bytes: metadata.len(),
                used: metadata.modified().ok()?,
                path,
            })
        })
        .collect()
}

fn is_finished(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == EXTENSION)
}

/// What is in a folder, by name; nothing when it can't be read.
fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::super::pack::{RowKey, RowKind};
    use super::*;

    fn store(folder: &Path, recipe: &Recipe, number: u8) -> PathBuf {
        let layout = Layout {
            kind: RowKind::Float32,
            shape: vec![16],
        };
        let store = FeatureStore::new(folder);
        let mut writer = store.writer(recipe, layout).unwrap();
        writer
            .push(&[Some(RowKey([number; 32]))], &[number; 64])
            .unwrap();
        writer.finish(|_| true).unwrap().unwrap()
    }

    fn age(path: &Path, seconds: u64) {
        let file = std::fs::File::options().append(true).open(path).unwrap();
        let time = SystemTime::now() - Duration::from_secs(seconds);
        file.set_modified(time).unwrap();
    }

    #[test]
    fn what_was_of_use_longest_ago_is_removed_first() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe::for_tests(1);
        let files: Vec<PathBuf> = (1..=3)
            .map(|number| store(folder.path(), &recipe, number))
            .collect();
        for (path, seconds) in files.iter().zip([300, 200, 100]) {
            age(path, seconds);
        }
        let kept = FeatureStore::new(folder.path());
        let mut shelf = Shelf::default();
        kept.shelf(&recipe, &mut shelf);
        let position = shelf.find(&RowKey([1; 32])).unwrap();
        shelf.packs()[position.pack].touch();
        let usage = kept.usage();
        assert_eq!((usage.files, usage.limit_bytes), (3, DEFAULT_LIMIT));
        kept.set_limit(usage.bytes - 1).unwrap();
        let standing: Vec<bool> = files.iter().map(|path| path.exists()).collect();
        assert_eq!(standing, [true, false, true]);
        assert_eq!(kept.limit(), usage.bytes - 1);
        // What was opened before stays readable.
        let mut out = [0; 64];
        let removed = shelf.find(&RowKey([2; 32])).unwrap();
        shelf.packs()[removed.pack]
            .read(removed.row, &mut out)
            .unwrap();
        assert_eq!(out, [2; 64]);
        // But it is looked for no more.
        kept.shelf(&recipe, &mut shelf);
        assert_eq!(shelf.find(&RowKey([2; 32])), None);
        assert!(shelf.find(&RowKey([1; 32])).is_some());
        let told = std::cell::Cell::new(0);
        let removed = kept.clear(&|_, total| told.set(total)).unwrap();
        assert_eq!((removed, told.get()), (usage.bytes / 3 * 2, 2));
        assert_eq!(kept.usage().files, 0);
    }

    #[test]
    fn recipes_do_not_see_each_other_and_unfinished_files_are_removed_when_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = store(folder.path(), &Recipe::for_tests(1), 5);
        let kept = FeatureStore::new(folder.path());
        for (recipe, is_there) in [(1, true), (2, false)] {
            let mut shelf = Shelf::default();
            kept.shelf(&Recipe::for_tests(recipe), &mut shelf);
            assert_eq!(shelf.find(&RowKey([5; 32])).is_some(), is_there);
        }
        let (old, new) = (
            path.with_file_name(".writing-old"),
            path.with_file_name(".writing-new"),
        );
        std::fs::write(&old, "half").unwrap();
        std::fs::write(&new, "half").unwrap();
        age(&old, 2 * 24 * 3600);
        kept.prune();
        assert!(!old.exists() && new.exists() && path.exists());
    }
    #[test]
    fn a_store_makes_its_folder_again_where_another_process_removes_it() {
        let folder = tempfile::tempdir().unwrap();
        let kept = FeatureStore::within(folder.path(), 10);
        let path = store(folder.path(), &Recipe::for_tests(1), 1);
        kept.prune();
        assert!(!path.exists() && !path.parent().unwrap().exists());
        assert_eq!(kept.limit(), 10);
        let other = tempfile::tempdir().unwrap();
        let path = store(folder.path(), &Recipe::for_tests(1), 1);
        let copied = FeatureStore::new(other.path());
        copied.copy_in(&path).unwrap();
        assert_eq!(copied.bytes(), std::fs::metadata(&path).unwrap().len());
        assert!(copied.copy_in(&path.with_file_name("absent")).is_err());
        assert_eq!(copied.usage().files, 1);
    }
}
