//! Folders within the folders of classes: parts of a class, or the classes themselves.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::super::Remark;
use super::super::split_names::{is_uninformative, split_word, tokens};
use super::annotations::is_of_masks;
use super::entries::{FolderEntry, list};
use super::layout::{FolderSearch, MAX_DEPTH};
use super::names::spelling;
use super::shortened;

/// Folders that are compared with each other.
const COMPARED: usize = 64;

/// Whether a folder's name says something of what it holds beside parts, pictures and masks.
fn is_telling(name: &str) -> bool {
    !is_uninformative(name) && split_word(name).is_none() && !is_of_masks(name)
}

/// Whether names differ in their numbers alone, or in a letter at their end: `fold1` and `fold2`, `camera_A` and
/// `camera_B`.
fn are_counted<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let (mut count, mut stems) = (0, HashSet::new());
    for name in names {
        count += 1;
        let plain: String = name
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect();
        let stem = match plain.rsplit_once(['_', '-', ' ']) {
            Some((before, last)) if last.chars().count() <= 1 => before,
            _ => &plain,
        };
        stems.insert(stem.to_lowercase());
    }
    count >= 2 && stems.len() == 1
}

/// Whether names are those of numbered patients, cameras and the like: what pictures come from rather than what they show.
pub(super) fn are_origins(names: &[String]) -> bool {
    const ORIGINS: &[&str] = &[
        "patient",
        "patients",
        "pat",
        "p",
        "pt",
        "subject",
        "subj",
        "participant",
        "case",
        "study",
        "session",
        "visit",
        "exam",
        "fold",
        "slide",
        "scan",
        "site",
        "camera",
        "cam",
        "plate",
        "batch",
    ];
    are_counted(names.iter().map(String::as_str))
        && names.iter().all(|name| {
            let first = tokens(name).into_iter().next();
            first.is_some_and(|word| ORIGINS.contains(&word.as_str()))
        })
}

/// The folders of a folder that hold pictures and tell something.
fn inner_folders(folder: &Path, search: &FolderSearch) -> BTreeSet<String> {
    list(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| entry.is_folder && is_telling(&entry.name))
        .filter(|entry| search.holds_pictures(&entry.path, MAX_DEPTH))
        .map(|entry| entry.name)
        .collect()
}

/// Why these folders may be no classes: several of them hold folders of the same names (`patient1/healthy`,
/// `patient2/healthy`), which may be the classes as well. Folders that are only numbered within folders that are not
/// (`cat/1`, `dog/1`) are none.
pub(super) fn refusal(folders: &[&FolderEntry], search: &FolderSearch) -> Option<String> {
    let inner: Vec<(&str, BTreeSet<String>)> = folders
        .iter()
        .take(COMPARED)
        .map(|entry| (entry.name.as_str(), inner_folders(&entry.path, search)))
        .filter(|(_, inner)| inner.len() >= 2)
        .collect();
    let mut shared: BTreeSet<String> = BTreeSet::new();
    let mut sharing: BTreeSet<&str> = BTreeSet::new();
    for (at, (first, own)) in inner.iter().enumerate() {
        for (second, others) in &inner[at + 1..] {
            let same: Vec<String> = own.intersection(others).cloned().collect();
            if same.len() >= 2 {
                shared.extend(same);
                sharing.extend([*first, *second]);
            }
        }
    }
    if shared.is_empty()
        || are_counted(shared.iter().map(String::as_str)) && !are_counted(sharing.iter().copied())
    {
        return None;
    }
    let sharing: Vec<String> = sharing.into_iter().map(str::to_owned).collect();
    let shared: Vec<String> = shared.into_iter().collect();
    Some(format!(
        "the folders {} hold folders of the same names ({}), and nothing tells which of them are the classes. If {} are, \
         choose one of the folders, or bring the pictures of all into one folder per class; if the outer ones are, \
         write a preset with data.source: ClassFolders for this folder and open that",
        shortened(&sharing, 3),
        shortened(&shared, 3),
        shortened(&shared, 2)
    ))
}

/// The one of these folders that holds the data set, where the others hold loose pictures: `data/cat`, `data/dog` and
/// `to_predict`.
pub(super) fn wrapper<'a>(
    folders: &[&'a FolderEntry],
    search: &FolderSearch,
) -> Option<&'a FolderEntry> {
    let is_wrapper = |entry: &FolderEntry| {
        is_uninformative(&entry.name)
            && !search.holds_pictures(&entry.path, 0)
            && search.folders_with_pictures(&entry.path, 2) == 2
    };
    let mut wrappers = folders.iter().filter(|entry| is_wrapper(entry));
    let (only, None) = (*wrappers.next()?, wrappers.next()) else {
        return None;
    };
    folders
        .iter()
        .filter(|entry| entry.path != only.path)
        .all(|entry| search.folders_with_pictures(&entry.path, 1) == 0)
        .then_some(only)
}

/// Folders of classes that are the whole data set once more: they hold folders called like those beside them.
pub(super) fn copies(entries: &[FolderEntry]) -> Vec<&FolderEntry> {
    let search = FolderSearch::new();
    let folders = || {
        entries
            .iter()
            .filter(|entry| entry.is_folder && !entry.is_hidden)
    };
    let names: HashSet<String> = folders().map(|entry| spelling(&entry.name)).collect();
    let is_sibling = |entry: &FolderEntry| {
        folders().any(|other| {
            spelling(&other.name) == spelling(&entry.name)
                && search.holds_pictures(&other.path, MAX_DEPTH)
        })
    };
    folders()
        // What a link leads to is judged where it is read.
        .filter(|entry| !entry.path.is_symlink())
        .filter(|entry| {
            let inner = list(&entry.path).unwrap_or_default();
            let inner: Vec<&FolderEntry> = inner.iter().filter(|inner| inner.is_folder).collect();
            inner.len() >= 2
                && inner
                    .iter()
                    .all(|inner| names.contains(&spelling(&inner.name)) && is_sibling(inner))
        })
        .collect()
}

/// What a person should know of folders within those of the classes.
pub(super) fn remark<'a>(
    classes: impl Iterator<Item = (&'a Path, &'a [PathBuf])>,
) -> Option<Remark> {
    let mut inner: BTreeMap<&Path, (BTreeSet<String>, bool)> = BTreeMap::new();
    for (folder, pictures) in classes.filter(|(_, pictures)| !pictures.is_empty()) {
        let (names, has_loose) = inner.entry(folder).or_default();
        for picture in pictures {
            let mut below = picture.strip_prefix(folder).into_iter().flatten();
            match (below.next(), below.next()) {
                (Some(name), Some(_)) => {
                    let name = name.to_string_lossy();
                    if is_telling(&name) && !names.contains(name.as_ref()) {
                        names.insert(name.into_owned());
                    }
                }
                _ => *has_loose = true,
            }
        }
    }
    let nested: Vec<(&Path, &BTreeSet<String>)> = inner
        .iter()
        .filter(|(_, (names, _))| names.len() >= 2)
        .map(|(folder, (names, _))| (*folder, names))
        .collect();
    if nested.is_empty() {
        return None;
    }
    let all: BTreeSet<&str> = nested
        .iter()
        .flat_map(|(_, names)| names.iter().map(String::as_str))
        .collect();
    let are_shared = all.len() < nested.iter().map(|(_, names)| names.len()).sum();
    let is_loose = nested.iter().any(|(folder, _)| inner[folder].1);
    // All of them in the same way, or one of them alone: the classes may be one folder deeper.
    let may_be_classes = !is_loose
        && (nested.len() == inner.len() || nested.len() == 1)
        && (are_shared || !are_counted(all.iter().copied()));
    let each: Vec<String> = nested
        .iter()
        .map(|(folder, names)| {
            let names: Vec<String> = names.iter().cloned().collect();
            let folder = folder.file_name().unwrap_or_default().to_string_lossy();
            format!("{folder} holds {}", shortened(&names, 3))
        })
        .collect();
    let text = format!(
        "Pictures in folders within the folder of a class belong to that class: {}.",
        each.iter().take(3).cloned().collect::<Vec<_>>().join("; ")
            + &match each.len().saturating_sub(3) {
                0 => String::new(),
                more => format!("; and so in {more} more"),
            }
    );
    Some(if may_be_classes {
        Remark::warning(
            text + " If these folders are the classes, move them side by side into one folder, and open that.",
        )
    } else {
        Remark::taken(text)
    })
}
