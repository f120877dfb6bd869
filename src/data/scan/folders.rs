//! Folders of pictures: one per class, perhaps within one per split.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::{DataError, PictureSource, Problem, Split, StopFlag};
use super::{Candidate, Found, check_stop, relative_name, source_error};

/// What Graft reads.
const PICTURE_EXTENSIONS: [&str; 11] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "dib", "tif", "tiff", "webp",
];

/// Pictures that Graft can't read; named to the person rather than passed over in silence.
const OTHER_PICTURE_EXTENSIONS: [&str; 12] = [
    "heic", "heif", "avif", "jxl", "jp2", "psd", "cr2", "nef", "arw", "dng", "dcm", "svg",
];

/// `root/CLASS/**/picture`.
pub(super) fn class_folders(root: &Path, stop: &StopFlag) -> Result<Found, DataError> {
    let mut found = Found {
        root: root.to_path_buf(),
        ..Found::default()
    };
    let entries = list_root(root)?;
    let mut by_class = BTreeMap::new();
    collect_classes(root, &entries, None, &mut by_class, &mut found, stop)?;
    if by_class.is_empty() {
        return Err(source_error(root, without_class_folders(&entries)));
    }
    Ok(label(found, by_class))
}

/// `root/SPLIT/CLASS/**/picture`.
pub(super) fn split_folders(root: &Path, stop: &StopFlag) -> Result<Found, DataError> {
    let mut found = Found {
        root: root.to_path_buf(),
        ..Found::default()
    };
    let entries = list_root(root)?;
    let splits: Vec<(&Entry, Split)> = entries
        .iter()
        .filter(|entry| entry.is_folder)
        .filter_map(|entry| Some((entry, Split::from_name(&entry.name)?)))
        .collect();
    if !splits.iter().any(|(_, split)| *split == Split::Train) {
        return Err(source_error(
            root,
            "there is no folder named train: put the pictures into train/CLASS, validation/CLASS and test/CLASS",
        ));
    }
    let mut by_class = BTreeMap::new();
    for (entry, split) in splits {
        let entries = match list(&entry.path) {
            Ok(entries) => entries,
            Err(error) => {
                found.problem(&entry.path, unreadable(&error));
                continue;
            }
        };
        if !entries.iter().any(|entry| entry.is_folder) {
            found.problem(&entry.path, "holds no folders of classes and is left out: sort its pictures into one folder per class");
        }
        collect_classes(root, &entries, Some(split), &mut by_class, &mut found, stop)?;
    }
    if by_class.is_empty() {
        return Err(source_error(
            root,
            "the train folder holds no folders of classes: make one per class within it",
        ));
    }
    Ok(label(found, by_class))
}

/// One entry of a folder.
pub(super) struct Entry {
    pub path: PathBuf,
    pub name: String,
    pub is_folder: bool,
}

/// The entries of a folder by name, without hidden ones. Links are followed; broken ones count as files.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let readable = name.to_string_lossy().into_owned();
        if readable.starts_with('.') || readable == "__MACOSX" {
            continue;
        }
        let path = entry.path();
        entries.push((
            name,
            Entry {
                is_folder: path.is_dir(),
                path,
                name: readable,
            },
        ));
    }
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

/// Whether Graft reads files of this name.
pub(super) fn is_picture_name(name: &str) -> bool {
    has_extension(name, &PICTURE_EXTENSIONS)
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| extensions.contains(&extension.to_lowercase().as_str()))
}

fn list_root(root: &Path) -> Result<Vec<Entry>, DataError> {
    if !root.is_dir() {
        let reason = if root.exists() {
            "this is a file: choose the folder that holds it"
        } else {
            "there is no such folder: choose it again"
        };
        return Err(source_error(root, reason));
    }
    list(root).map_err(|error| source_error(root, unreadable(&error)))
}

pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "may not be read: give yourself permission to read it".into()
        }
        _ => format!("can't be read ({error}): check the disk, or copy it again"),
    }
}

fn without_class_folders(entries: &[Entry]) -> String {
    if entries.iter().any(|entry| is_picture_name(&entry.name)) {
        return "the pictures lie in this folder itself: make one folder per class within it (such as cat and dog), \
                and move the pictures of each class into its folder"
            .into();
    }
    "this folder holds no folders of classes: make one folder per class within it, with its pictures".into()
}

type ByClass = BTreeMap<String, Vec<Candidate>>;

fn collect_classes(
    root: &Path,
    entries: &[Entry],
    split: Option<Split>,
    by_class: &mut ByClass,
    found: &mut Found,
    stop: &StopFlag,
) -> Result<(), DataError> {
    for class in entries.iter().filter(|entry| entry.is_folder) {
        let mut pictures = Vec::new();
        walk(&class.path, &mut HashSet::new(), &mut pictures, found, stop)?;
        if pictures.is_empty() && split.is_some() {
            found.problem(
                &class.path,
                "holds no pictures: add some, or delete the folder",
            );
        }
        let candidates = by_class.entry(class.name.clone()).or_default();
        candidates.extend(pictures.into_iter().map(|path| Candidate {
            name: relative_name(&path, root),
            source: PictureSource::File(path),
            label: 0,
            split,
            group: None,
        }));
    }
    Ok(())
}

/// Collects the pictures of a folder and of all below it. A folder that was visited already (a
/// link to a folder above or beside) is not entered again.
fn walk(
    folder: &Path,
    visited: &mut HashSet<PathBuf>,
    pictures: &mut Vec<PathBuf>,
    found: &mut Found,
    stop: &StopFlag,
) -> Result<(), DataError> {
    check_stop(stop)?;
    let listed = fs::canonicalize(folder).and_then(|real| Ok((real, list(folder)?)));
    let (real, entries) = match listed {
        Ok(listed) => listed,
        Err(error) => {
            found.problem(folder, unreadable(&error));
            return Ok(());
        }
    };
    if !visited.insert(real) {
        return Ok(());
    }
    for entry in entries {
        if entry.is_folder {
            walk(&entry.path, visited, pictures, found, stop)?;
        } else if is_picture_name(&entry.name) {
            pictures.push(entry.path);
        } else if has_extension(&entry.name, &OTHER_PICTURE_EXTENSIONS) {
            found.problem(
                &entry.path,
                "is of a kind that can't be read: convert it to JPEG or PNG",
            );
        }
    }
    Ok(())
}

/// Every picture below `root`, whatever its folder, in the order of their names.
pub(super) fn everything(
    root: &Path,
    stop: &StopFlag,
) -> Result<(Vec<PathBuf>, Vec<Problem>), DataError> {
    list_root(root)?;
    let mut found = Found {
        root: root.to_path_buf(),
        ..Found::default()
    };
    let mut pictures = Vec::new();
    walk(root, &mut HashSet::new(), &mut pictures, &mut found, stop)?;
    pictures.sort();
    Ok((pictures, found.problems))
}

/// Numbers the classes in alphabetical order.
fn label(mut found: Found, by_class: ByClass) -> Found {
    for (label, (class, candidates)) in (0u32..).zip(by_class) {
        found.classes.push(class);
        found.candidates.extend(
            candidates
                .into_iter()
                .map(|candidate| Candidate { label, ..candidate }),
        );
    }
    found
}
