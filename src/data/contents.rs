//! What picture files hold, told by their SHA-256, without reading those again that have not changed.
//!
//! What was found out of a file is remembered together with its stamp: length, times of change and number on its
//! disk. A file with the same stamp is the same file. One that was changed within the resolution of the file
//! system's clock before it was read could change once more without a trace, so it is not remembered (as in git's
//! index).

use std::collections::{BTreeMap, HashMap};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::decode::{DECODER_VERSION, Notes, decode_file};
use super::hash;
use super::replace::replace;
use super::{DataError, Dataset, PictureSource, StopFlag};
use crate::ordinary_file::{self, Links, LockFile};
use crate::paths;

/// Raised whenever the remembered lines change their meaning.
const LINES: u32 = 2;

/// Beside what the lines mean, the program's and the decoder's version, because another decoder may judge a file otherwise.
fn version() -> String {
    format!("{LINES} {} {DECODER_VERSION}", env!("CARGO_PKG_VERSION"))
}
/// Far more than a million files of one folder take.
const LARGEST_BYTES: u64 = 500_000_000;

/// Coarser than the clock of any file system in use (FAT: two seconds).
pub(crate) const CLOCK: Duration = Duration::from_secs(3);

/// What tells that a file has not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    /// The same for any change, a renaming or a set-back time included; 0 where the system does not tell.
    changed: u64,
    number: u64,
}

impl Stamp {
    /// Of the file that stands at `path` now.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&path.metadata()?))
    }

    /// Whether the file could have changed once more without another stamp.
    pub(crate) fn is_recent(&self, clock: Duration) -> bool {
        let latest = UNIX_EPOCH + Duration::from_nanos(self.modified.max(self.changed));
        let age = SystemTime::now().duration_since(latest);
        age.map_or(true, |age| age < clock)
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |time| time.as_nanos() as u64);
        let (changed, number) = unix_stamp(metadata);
        Self {
            bytes: metadata.len(),
            modified,
            changed,
            number,
        }
    }
}

#[cfg(unix)]
fn unix_stamp(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let changed = metadata.ctime().saturating_mul(1_000_000_000) + metadata.ctime_nsec();
    (changed.max(0) as u64, metadata.ino())
}

#[cfg(not(unix))]
fn unix_stamp(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    pub stamp: Stamp,
    pub sha256: [u8; 32],
    /// Width and height, once it has been decoded whole.
    pub size: Option<(u32, u32)>,
    /// What was found then beside its pixels.
    #[serde(default)]
    pub notes: Notes,
}

/// Where the contents of files are remembered, one list for each folder of pictures.
#[derive(Debug, Clone)]
pub struct KnownContents {
    /// `None` remembers nothing.
    folder: Option<PathBuf>,
    /// How long a change must lie back to be remembered.
    clock: Duration,
}

/// Names by file, of one folder.
type List = BTreeMap<String, Contents>;

/// The file of a [`List`].
#[derive(Serialize, Deserialize)]
struct Stored {
    version: String,
    folder: PathBuf,
    files: List,
}

impl KnownContents {
    /// The lists in `cache`, a folder that is made when there is something to remember.
    pub fn new(cache: &Path) -> Self {
        Self::below(Some(cache))
    }

    /// The lists of this person; in a process that does not share the cache, none.
    pub fn of_user() -> Self {
        Self::below(paths::shared_cache().as_deref())
    }

    fn below(cache: Option<&Path>) -> Self {
        Self {
            folder: cache.map(|cache| cache.join("contents")),
            clock: CLOCK,
        }
    }

    /// Width, height and what else was found of those of `files` that were decoded whole and have not changed since.
    pub fn sizes(&self, files: &[&Path]) -> Vec<Option<((u32, u32), Notes)>> {
        let mut lists: HashMap<PathBuf, List> = HashMap::new();
        for file in files {
            lists
                .entry(folder_of(file))
                .or_insert_with_key(|folder| self.load(folder));
        }
        files
            .par_iter()
            .map(|file| {
                let known = lists.get(&folder_of(file))?.get(name_of(file)?)?;
                let is_same = Stamp::of(file).is_ok_and(|stamp| stamp == known.stamp);
                let size = known.size.filter(|_| is_same)?;
                Some((size, known.notes))
            })
            .collect()
    }

    /// Remembers what was found out of files.
    pub fn remember(&self, found: Vec<(PathBuf, Contents)>) {
        let mut folders: BTreeMap<PathBuf, List> = BTreeMap::new();
        for (file, contents) in found {
            if let Some(name) = name_of(&file)
                && !contents.stamp.is_recent(self.clock)
            {
                let list = folders.entry(folder_of(&file)).or_default();
                list.insert(name.to_owned(), contents);
            }
        }
        for (folder, new) in folders {
            // Several processes read pictures of one folder, each its part. Where there are no locks, the last one's list stays,
            // which costs the others' files a second reading.
            let _lock = self.lock(&folder);
            let mut files = self.load(&folder);
            files.extend(new);
            files.retain(|name, _| folder.join(name).exists());
            self.save(&folder, files);
        }
    }

    /// The contents of every picture's file, in order; `None` for one that can't be read or that changed while it
    /// was read. Files that are not remembered are read on all cores; `read` counts them.
    ///
    /// # Errors
    /// [`DataError::Stopped`]; what was read until then is remembered.
    pub fn of(
        &self,
        dataset: &Dataset,
        pictures: &[usize],
        read: &AtomicUsize,
        stop: &StopFlag,
    ) -> Result<Vec<Option<Contents>>, DataError> {
        let found = self.look_up(dataset, pictures, &|path, stamp| {
            if stop.is_stopped() {
                return None;
            }
            let contents = read_contents(path, stamp);
            read.fetch_add(1, Ordering::Relaxed);
            contents
        });
        if stop.is_stopped() {
            return Err(DataError::Stopped);
        }
        Ok(found)
    }

    /// The same of those that are remembered, `None` for all others: no file is read.
    pub fn remembered(&self, dataset: &Dataset, pictures: &[usize]) -> Vec<Option<Contents>> {
        self.look_up(dataset, pictures, &|_, _| None)
    }

    /// `unknown` is asked for the contents of a file that is not remembered.
    fn look_up(
        &self,
        dataset: &Dataset,
        pictures: &[usize],
        unknown: &(dyn Fn(&Path, Stamp) -> Option<Contents> + Sync),
    ) -> Vec<Option<Contents>> {
        let mut folders: BTreeMap<PathBuf, Vec<(usize, PathBuf)>> = BTreeMap::new();
        for (index, &picture) in pictures.iter().enumerate() {
            let path = dataset.pictures[picture].source.path();
            let file = (index, path.to_path_buf());
            folders.entry(folder_of(path)).or_default().push(file);
        }
        let mut contents = vec![None; pictures.len()];
        for (folder, mut files) in folders {
            // Many pictures of one file (CIFAR's batches, NumPy's arrays) are one file.
            files.sort_by(|a, b| a.1.cmp(&b.1));
            let mut paths: Vec<&Path> = files.iter().map(|(_, path)| path.as_path()).collect();
            paths.dedup();
            let found = self.of_folder(&folder, &paths, unknown);
            for (index, path) in &files {
                if let Ok(at) = paths.binary_search(&path.as_path()) {
                    contents[*index] = found[at];
                }
            }
        }
        contents
    }

    fn of_folder(
        &self,
        folder: &Path,
        paths: &[&Path],
        unknown: &(dyn Fn(&Path, Stamp) -> Option<Contents> + Sync),
    ) -> Vec<Option<Contents>> {
        let known = self.load(folder);
        let found: Vec<(Option<Contents>, bool)> = paths
            .par_iter()
            .map(|path| {
                let Ok(stamp) = Stamp::of(path) else {
                    return (None, false);
                };
                let remembered = name_of(path).and_then(|name| known.get(name));
                match remembered.filter(|known| known.stamp == stamp) {
                    Some(known) => (Some(*known), false),
                    None => (unknown(path, stamp), true),
                }
            })
            .collect();
        let new = paths.iter().zip(&found).filter(|(_, (_, is_new))| *is_new);
        let new: Vec<(PathBuf, Contents)> = new
            .filter_map(|(path, (contents, _))| Some((path.to_path_buf(), (*contents)?)))
            .collect();
        if !new.is_empty() {
            self.remember(new);
        }
        found.into_iter().map(|(contents, _)| contents).collect()
    }

    /// What is not readable counts as not known.
    fn load(&self, folder: &Path) -> List {
        self.file(folder)
            .and_then(|file| ordinary_file::read(&file, LARGEST_BYTES, Links::Refused).ok())
            .and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok())
            .filter(|stored| stored.version == version() && stored.folder == folder)
            .map(|stored| stored.files)
            .unwrap_or_default()
    }

    /// Held by who changes the list of `folder`.
    fn lock(&self, folder: &Path) -> Option<LockFile> {
        let path = self.file(folder)?.with_extension("lock");
        std::fs::create_dir_all(path.parent()?).ok()?;
        let lock = LockFile::open(&path).ok()?;
        lock.lock().ok()?;
        Some(lock)
    }

    /// Written whole or not at all.
    fn save(&self, folder: &Path, files: List) {
        let Some(file) = self.file(folder) else {
            return;
        };
        let stored = Stored {
            version: version(),
            folder: folder.to_path_buf(),
            files,
        };
        let bytes = serde_json::to_vec(&stored).map_err(io::Error::from);
        if let Err(error) = bytes.and_then(|bytes| replace(&file, &bytes)) {
            log::info!("contents are not remembered ({error}): {}", file.display());
        }
    }

    fn file(&self, folder: &Path) -> Option<PathBuf> {
        let lists = self.folder.as_ref()?;
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let name = hex::encode(&digest[..16]);
        Some(lists.join(name).with_extension("json"))
    }
}

/// The same whatever folder the process works in.
fn folder_of(file: &Path) -> PathBuf {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    file.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// A name that is no text is not remembered.
fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

fn read_contents(path: &Path, before: Stamp) -> Option<Contents> {
    // Of arrays larger than memory, memory holds one piece at a time.
    let sha256 = hash::sha256(ordinary_file::open(path, Links::Followed).ok()?).ok()?;
    let is_same = Stamp::of(path).is_ok_and(|after| after == before);
    is_same.then(|| Contents {
        stamp: before,
        sha256,
        size: None,
        notes: Notes::default(),
    })
}

/// What decoding a file whole told of it.
pub(super) struct Told {
    pub size: (u32, u32),
    pub notes: Notes,
    /// Unless the file changed meanwhile.
    pub contents: Option<Contents>,
}

/// Decodes a file, and describes what it holds.
///
/// # Errors
/// [`DataError::Picture`] with what is wrong and what to do.
pub(super) fn decode_and_describe(path: &Path) -> Result<Told, DataError> {
    let before = Stamp::of(path);
    decode_file(path, |bytes, pixels, notes| {
        let size = (pixels.width, pixels.height);
        let contents = before
            .ok()
            .filter(|before| Stamp::of(path).is_ok_and(|after| after == *before))
            .map(|stamp| Contents {
                stamp,
                sha256: Sha256::digest(bytes).into(),
                size: Some(size),
                notes,
            });
        Told {
            size,
            notes,
            contents,
        }
    })
}

/// Tells one picture from all others by what its file holds: the file's SHA-256, and which record of it.
pub fn identity(source: &PictureSource, contents: &Contents) -> [u8; 32] {
    match source {
        PictureSource::File(_) => contents.sha256,
        PictureSource::Record { file, index } => file.identity(*index, &contents.sha256),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Picture;
    use super::*;

    #[test]
    fn a_size_is_told_while_the_file_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, "truth").unwrap();
        let known = KnownContents::new(&folder.path().join("cache"));
        let contents = Contents {
            stamp: Stamp::of(&path).unwrap(),
            sha256: [9; 32],
            size: Some((7, 5)),
            notes: Notes::default(),
        };
        known.save(folder.path(), List::from([("a.png".to_owned(), contents)]));
        let other = folder.path().join("b.png");
        let sizes = || known.sizes(&[&path, &other]);
        assert_eq!(sizes(), [Some(((7, 5), Notes::default())), None]);
        std::fs::write(&path, "other").unwrap();
        assert_eq!(sizes(), [None, None]);
    }

    fn dataset(paths: &[PathBuf]) -> Dataset {
        let picture = |path: &PathBuf| Picture {
            source: PictureSource::File(path.clone()),
            name: path.display().to_string(),
            label: 0,
            size: (1, 1),
            split: None,
            group: None,
        };
        Dataset {
            classes: vec!["one".into()],
            pictures: paths.iter().map(picture).collect(),
            problems: Vec::new(),
            excluded: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn all(known: &KnownContents, dataset: &Dataset, pictures: &[usize]) -> Vec<Option<Contents>> {
        let read = AtomicUsize::new(0);
        known
            .of(dataset, pictures, &read, &StopFlag::default())
            .unwrap()
    }

    /// Long past the clock's resolution, by another name for now.
    fn age(path: &Path) {
        let file = std::fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600))
            .unwrap();
    }

    fn digest(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn a_remembered_file_is_not_read_and_a_damaged_list_is_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, "truth").unwrap();
        let known = KnownContents::new(&folder.path().join("cache"));
        // As if the file had been read long ago: with its present stamp and a mark of our own.
        let mark = Contents {
            stamp: Stamp::of(&path).unwrap(),
            sha256: [9; 32],
            size: None,
            notes: Notes::default(),
        };
        known.save(folder.path(), List::from([("a.png".to_owned(), mark)]));
        let dataset = dataset(std::slice::from_ref(&path));
        assert_eq!(all(&known, &dataset, &[0, 0]), vec![Some(mark); 2]);
        assert_eq!(known.remembered(&dataset, &[0]), vec![Some(mark)]);
        std::fs::write(known.file(folder.path()).unwrap(), "{\"version\":").unwrap();
        assert_eq!(known.remembered(&dataset, &[0]), vec![None]);
        let found = all(&known, &dataset, &[0]);
        assert_eq!(found[0].unwrap().sha256, digest(b"truth"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(all(&known, &dataset, &[0]), vec![None]);
    }

    /// So many files that were changed long ago, and contents that are remembered at once.
    fn old_files(folder: &Path, count: usize) -> (KnownContents, Dataset) {
        let paths: Vec<PathBuf> = (0..count)
            .map(|n| folder.join(format!("{n}.png")))
            .collect();
        for path in &paths {
            std::fs::write(path, "truth").unwrap();
            age(path);
        }
        let known = KnownContents {
            clock: Duration::ZERO,
            ..KnownContents::new(&folder.join("cache"))
        };
        (known, dataset(&paths))
    }

    #[test]
    fn files_that_are_read_are_counted_and_a_stop_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let (known, dataset) = old_files(folder.path(), 3);
        let (read, stop) = (AtomicUsize::new(0), StopFlag::default());
        known.of(&dataset, &[0, 1], &read, &stop).unwrap();
        assert_eq!(read.load(Ordering::Relaxed), 2);
        known.of(&dataset, &[0, 1, 2], &read, &stop).unwrap();
        assert_eq!(read.load(Ordering::Relaxed), 3, "two were remembered");
        stop.stop();
        let stopped = known.of(&dataset, &[0], &read, &stop);
        assert!(matches!(stopped, Err(DataError::Stopped)));
    }

    /// As parts of one folder are read by several machines.
    #[test]
    fn what_several_readers_found_at_once_is_all_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let (known, dataset) = old_files(folder.path(), 12);
        std::thread::scope(|scope| {
            for reader in 0..4 {
                let (known, dataset) = (&known, &dataset);
                let own: Vec<usize> = (3 * reader..3 * reader + 3).collect();
                scope.spawn(move || all(known, dataset, &own));
            }
        });
        let remembered = known.remembered(&dataset, &(0..12).collect::<Vec<_>>());
        assert!(remembered.iter().all(Option::is_some));
    }

    #[test]
    fn a_file_that_has_just_changed_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, "new").unwrap();
        let known = KnownContents::new(&folder.path().join("cache"));
        assert!(all(&known, &dataset(&[path]), &[0])[0].is_some());
        assert!(known.load(folder.path()).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        /// However files are changed, replaced and set back in time, whether their lists have been written or not:
        /// what is told is what they hold.
        #[test]
        fn nothing_stale_is_told(
            steps in prop::collection::vec((0..3usize, 0..4u8, 0..3u8, any::<bool>()), 1..12),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let known = KnownContents {
                // Longer than the tick of the file system here, shorter than a test is patient.
                clock: Duration::from_millis(50),
                ..KnownContents::new(&folder.path().join("cache"))
            };
            let paths: Vec<PathBuf> = (0..3).map(|n| folder.path().join(format!("{n}.png"))).collect();
            for path in &paths {
                std::fs::write(path, [0; 4]).unwrap();
            }
            for (which, content, how, rests) in steps {
                let path = &paths[which];
                match how {
                    // In place, as long as before, with the time set back to what it may have been.
                    0 => std::fs::write(path, [content; 4]).unwrap(),
                    // By another file that is renamed over it.
                    1 => {
                        let other = folder.path().join("other");
                        std::fs::write(&other, [content; 4]).unwrap();
                        age(&other);
                        std::fs::rename(&other, path).unwrap();
                    }
                    _ => std::fs::write(path, vec![content; usize::from(content) + 1]).unwrap(),
                }
                age(path);
                if rests {
                    std::thread::sleep(Duration::from_millis(60));
                }
                let dataset = dataset(&paths);
                let found = all(&known, &dataset, &[0, 1, 2]);
                prop_assert!(!rests || known.load(folder.path()).len() == 3);
                for (contents, path) in found.iter().zip(&paths) {
                    let bytes = std::fs::read(path).unwrap();
                    prop_assert_eq!(contents.unwrap().sha256, digest(&bytes));
                }
            }
        }
    }
}
