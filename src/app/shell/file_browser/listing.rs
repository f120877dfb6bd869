//! What the file browser asks the disk for, on threads of its own: a network folder whose server is gone answers never.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::data::scan::is_picture_name;
use crate::shown;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub is_file: bool,
    pub name: OsString,
    /// Seconds since 1970, where the system tells.
    pub changed: Option<u64>,
    /// By what it is sorted.
    key: String,
}

impl Entry {
    /// The name as text; what is none stays apart.
    pub fn text(&self) -> String {
        shown::path(Path::new(&self.name))
    }

    /// Whether file managers hide it.
    pub fn is_hidden(&self) -> bool {
        self.name.as_encoded_bytes().starts_with(b".")
    }

    /// Whether the name begins with `typed`, in whatever case.
    pub fn begins_with(&self, typed: &str) -> bool {
        self.key.starts_with(&typed.to_lowercase())
    }
}

/// A folder that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The one that was asked for, or the nearest that is there.
    pub folder: PathBuf,
    pub entries: Vec<Entry>,
}

/// Folders, and files with one of `extensions`. A file is asked for its folder. `to_nearest`: where it is gone, the nearest
/// folder above it.
///
/// # Errors
///
/// A sentence that names the folder, where it can't be read.
pub fn list(path: &Path, extensions: &[&str], to_nearest: bool) -> Result<Listing, String> {
    let mut folder = path;
    loop {
        match list_folder(folder, extensions) {
            Ok(entries) => {
                return Ok(Listing {
                    folder: folder.to_path_buf(),
                    entries,
                });
            }
            Err(error) => match folder.parent() {
                Some(parent) if to_nearest || folder.is_file() => folder = parent,
                _ => return Err(format!("{error}: {}", shown::path(path))),
            },
        }
    }
}

fn list_folder(folder: &Path, extensions: &[&str]) -> std::io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy().to_lowercase());
        let is_wanted = extension.is_some_and(|extension| extensions.contains(&extension.as_str()));
        // The folder tells what a file is: thousands of pictures are passed over without asking for each.
        if !is_wanted && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // Follows links: a link to a folder is a folder.
        let about = std::fs::metadata(&path).ok();
        let is_file = !about.as_ref().is_some_and(std::fs::Metadata::is_dir);
        if is_file && !is_wanted {
            continue;
        }
        let changed = about.and_then(|about| about.modified().ok());
        let changed = changed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let name = entry.file_name();
        entries.push(Entry {
            is_file,
            key: name.to_string_lossy().to_lowercase(),
            name,
            changed: changed.map(|since| since.as_secs()),
        });
    }
    Ok(entries)
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Name,
    NameBackwards,
    NewestFirst,
    OldestFirst,
}

/// Which entries are shown, and in which order: folders first.
pub fn arranged(entries: &[Entry], order: Order, with_hidden: bool) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..entries.len())
        .filter(|&index| with_hidden || !entries[index].is_hidden())
        .collect();
    shown.sort_by(|&one, &other| {
        let (one, other) = (&entries[one], &entries[other]);
        let by_name = || (&one.key, &one.name).cmp(&(&other.key, &other.name));
        one.is_file.cmp(&other.is_file).then_with(|| match order {
            Order::Name => by_name(),
            Order::NameBackwards => by_name().reverse(),
            Order::NewestFirst => other.changed.cmp(&one.changed).then_with(by_name),
            Order::OldestFirst => one.changed.cmp(&other.changed).then_with(by_name),
        })
    });
    shown
}

/// The pictures in a folder and below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    pub pictures: usize,
    /// Folders that hold some of them themselves.
    pub folders: usize,
    /// There are more: counting ended early.
    pub is_part: bool,
}

/// Counting ends after this many entries, or this long: it only helps to choose.
const MOST_ENTRIES: usize = 200_000;
const LONGEST: Duration = Duration::from_secs(3);
const DEEPEST: usize = 8;

/// Counts pictures by their names. `stop` ends it early.
pub fn count(folder: &Path, stop: &Arc<AtomicBool>) -> Counted {
    let begin = std::time::Instant::now();
    let mut counted = Counted::default();
    let mut seen = 0;
    let mut left = vec![(folder.to_path_buf(), 0)];
    let mut holding = BTreeSet::new();
    while let Some((folder, depth)) = left.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            seen += 1;
            if seen > MOST_ENTRIES || stop.load(Ordering::Relaxed) || begin.elapsed() > LONGEST {
                counted.is_part = true;
                return counted;
            }
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // Links to folders are not followed: they may lead round in a circle.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => {
                    left.push((entry.path(), depth + 1));
                }
                Ok(kind) if !kind.is_dir() && is_picture_name(&name.to_string_lossy()) => {
                    counted.pictures += 1;
                    if holding.insert(folder.clone()) {
                        counted.folders += 1;
                    }
                }
                _ => {}
            }
        }
    }
    counted
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Folder,
    File,
    Nothing,
}

pub fn look_at(path: &Path) -> Found {
    match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => Found::Folder,
        Ok(_) => Found::File,
        Err(_) => Found::Nothing,
    }
}

/// Makes a folder in `parent`.
///
/// # Errors
///
/// A sentence that says why there is none.
pub fn make_folder(parent: &Path, name: &str) -> Result<PathBuf, String> {
    let name = name.trim();
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
        return Err(
            "A folder's name holds at least one letter or digit, and no / or \\.".to_owned(),
        );
    }
    let folder = parent.join(name);
    match std::fs::create_dir(&folder) {
        Ok(()) => Ok(folder),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(format!("“{name}” is there already. Choose another name."))
        }
        Err(error) => Err(format!(
            "The folder can't be made ({error}): {}",
            shown::path(&folder)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listing: &Listing, order: Order, with_hidden: bool) -> Vec<String> {
        arranged(&listing.entries, order, with_hidden)
            .into_iter()
            .map(|index| listing.entries[index].text())
            .collect()
    }

    #[test]
    fn folders_first_then_fitting_files_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Beta", "alpha", ".hidden"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["z.ron", "a.RON", "b.txt", ".c.ron"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let listing = list(folder.path(), &["ron"], false).unwrap();
        assert_eq!(
            names(&listing, Order::Name, false),
            ["alpha", "Beta", "a.RON", "z.ron"]
        );
        assert_eq!(
            names(&listing, Order::NameBackwards, true),
            ["Beta", "alpha", ".hidden", "z.ron", "a.RON", ".c.ron"]
        );
        let absent = folder.path().join("absent");
        assert!(list(&absent, &[], false).unwrap_err().contains("absent"));
        assert_eq!(list(&absent, &[], true).unwrap().folder, folder.path());
        let file = folder.path().join("z.ron");
        assert_eq!(list(&file, &[], false).unwrap().folder, folder.path());
    }

    #[test]
    fn the_newest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for (name, seconds) in [
            ("old.ron", 1_000),
            ("new.ron", 3_000),
            ("middle.ron", 2_000),
        ] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
                .unwrap();
        }
        let listing = list(folder.path(), &["ron"], false).unwrap();
        assert_eq!(
            names(&listing, Order::NewestFirst, false),
            ["new.ron", "middle.ron", "old.ron"]
        );
        assert_eq!(
            names(&listing, Order::OldestFirst, false),
            ["old.ron", "middle.ron", "new.ron"]
        );
        assert_eq!(
            listing
                .entries
                .iter()
                .filter(|entry| entry.changed.is_none())
                .count(),
            0
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_leads_to_its_folder() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
        std::fs::create_dir(folder.path().join(name)).unwrap();
        let listing = list(folder.path(), &[], false).unwrap();
        assert_eq!(listing.entries[0].name, name);
        assert_eq!(listing.entries[0].text(), "caf\\xE9");
    }

    #[test]
    fn pictures_are_counted_with_the_folders_that_hold_them() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "train/cat/a.jpg",
            "train/cat/b.PNG",
            "train/dog/a.jpeg",
            "train/notes.txt",
            ".cache/c.jpg",
        ] {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let stop = Arc::new(AtomicBool::new(false));
        let whole = Counted {
            pictures: 3,
            folders: 2,
            is_part: false,
        };
        assert_eq!(count(folder.path(), &stop), whole);
        stop.store(true, Ordering::Relaxed);
        assert!(count(folder.path(), &stop).is_part);
    }

    #[test]
    fn a_folder_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let made = make_folder(folder.path(), " New ").unwrap();
        assert_eq!(made, folder.path().join("New"));
        assert_eq!(look_at(&made), Found::Folder);
        assert!(
            make_folder(folder.path(), "New")
                .unwrap_err()
                .contains("there already")
        );
        for name in ["", "..", "a/b"] {
            assert!(make_folder(folder.path(), name).is_err(), "{name}");
        }
        assert!(
            make_folder(&made.join("absent"), "a")
                .unwrap_err()
                .contains("can't be made")
        );
    }
}
