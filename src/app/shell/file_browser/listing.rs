//! What the file browser asks the disk for, on threads of its own: a network folder whose server is gone answers never.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::data::scan::is_picture_name;
use crate::{format, shown};

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
        is_hidden(&self.name)
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
    pub passed_over: PassedOver,
}

/// Files that can't be chosen: they tell a person which folder this is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PassedOver {
    pub pictures: usize,
    pub others: usize,
    /// The first of them, by name.
    pub names: Vec<String>,
}

/// Names of files that are passed over which are shown.
const NAMED: usize = 30;

impl PassedOver {
    pub fn number(&self) -> usize {
        self.pictures + self.others
    }

    /// “200 pictures and 3 other files”; nothing where there are none.
    pub fn text(&self) -> String {
        let pictures = format::count(self.pictures, "picture", "pictures");
        match (self.pictures, self.others) {
            (0, 0) => String::new(),
            (_, 0) => pictures,
            (0, others) => format::count(others, "file", "files"),
            (_, others) => {
                let others = format::count(others, "other file", "other files");
                format!("{pictures} and {others}")
            }
        }
    }
}

/// The first names, however many there are.
#[derive(Default)]
struct FirstNames(BTreeSet<(String, OsString)>);

impl FirstNames {
    fn add(&mut self, name: OsString) {
        self.0.insert((key(&name), name));
        if self.0.len() > NAMED {
            self.0.pop_last();
        }
    }

    fn into_texts(self) -> Vec<String> {
        let names = self.0.into_iter();
        names
            .map(|(_, name)| shown::path(Path::new(&name)))
            .collect()
    }
}

/// Whether file managers hide what is called so.
pub fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// By what names are sorted.
fn key(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase()
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
            Ok(listing) => return Ok(listing),
            Err(error) => match folder.parent() {
                Some(parent) if to_nearest || folder.is_file() => folder = parent,
                _ => return Err(format!("{error}: {}", shown::path(path))),
            },
        }
    }
}

fn list_folder(folder: &Path, extensions: &[&str]) -> std::io::Result<Listing> {
    let mut entries = Vec::new();
    let mut passed_over = PassedOver::default();
    let mut first_names = FirstNames::default();
    let mut pass_over = |name: OsString| {
        if is_hidden(&name) {
            return;
        }
        match is_picture_name(&name.to_string_lossy()) {
            true => passed_over.pictures += 1,
            false => passed_over.others += 1,
        }
        first_names.add(name);
    };
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy().to_lowercase());
        let is_wanted = extension.is_some_and(|extension| extensions.contains(&extension.as_str()));
        // The folder tells what a file is: thousands of pictures are passed over without asking for each.
        if !is_wanted && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            pass_over(entry.file_name());
            continue;
        }
        // Follows links: a link to a folder is a folder.
        let about = std::fs::metadata(&path).ok();
        let is_file = !about.as_ref().is_some_and(std::fs::Metadata::is_dir);
        if is_file && !is_wanted {
            pass_over(entry.file_name());
            continue;
        }
        let changed = about.and_then(|about| about.modified().ok());
        let changed = changed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let name = entry.file_name();
        entries.push(Entry {
            is_file,
            key: key(&name),
            name,
            changed: changed.map(|since| since.as_secs()),
        });
    }
    passed_over.names = first_names.into_texts();
    Ok(Listing {
        folder: folder.to_path_buf(),
        entries,
        passed_over,
    })
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    #[test]
    fn files_that_can_not_be_chosen_are_counted_and_the_first_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..200 {
            std::fs::write(folder.path().join(format!("{number:03}.PNG")), "").unwrap();
        }
        for name in ["000 notes.txt", "b.ron", ".hidden.png"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let listing = list(folder.path(), &["ron"], false).unwrap();
        assert_eq!(names(&listing, Order::Name, true), ["b.ron"]);
        let passed_over = &listing.passed_over;
        assert_eq!((passed_over.pictures, passed_over.others), (200, 1));
        assert_eq!(passed_over.text(), "200 pictures and 1 other file");
        assert_eq!(passed_over.names.len(), NAMED);
        assert_eq!(
            passed_over.names[..3],
            ["000 notes.txt", "000.PNG", "001.PNG"]
        );
        let empty = tempfile::tempdir().unwrap();
        let nothing = list(empty.path(), &[], false).unwrap().passed_over;
        assert_eq!((nothing.number(), nothing.text()), (0, String::new()));
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
}
