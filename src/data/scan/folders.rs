//! Folders of pictures: one per class, perhaps within one per split, or around them.

use std::path::{Path, PathBuf};

use super::super::split_names::{SplitWord, split_word};
use super::super::{DataError, Problem, Remark, StopFlag};
use super::layout::{self, FolderSearch, SplitFolder};
use super::names::Names;
use super::reading::Reading;
use super::walk::Walk;
use super::{FoundPictures, NamedFile, count, nested, roots, shortened, source_error};

pub(super) use super::entries::{EntryKind, FolderEntry, kind_of, list, list_all, unreadable};

use super::file_kinds::{self, FileKind};

/// `root/CLASS/**/picture`.
pub(super) fn class_folders(root: &Path, stop: &StopFlag) -> Result<FoundPictures, DataError> {
    let entries = list_root(root)?;
    let mut reading = Reading::new(root, stop);
    let mut any = false;
    reading.beside(&entries)?;
    let copies = nested::copies(&entries);
    for copy in &copies {
        reading.copy(copy);
    }
    for class in entries
        .iter()
        .filter(|entry| entry.is_folder && !entry.is_hidden)
        .filter(|entry| !copies.iter().any(|copy| copy.path == entry.path))
    {
        any = true;
        reading.class(&class.path, &class.path, None)?;
    }
    if !any
        || reading
            .folders
            .iter()
            .all(|(_, pictures)| pictures.is_empty())
            && !reading.loose.is_empty()
    {
        return Err(source_error(root, without_class_folders(&reading.loose)));
    }
    Ok(reading.finish())
}

/// `root/SPLIT/CLASS/**/picture`, `root/SPLIT/FOLDER/CLASS/**/picture`, or `root/CLASS/SPLIT/**/picture`.
pub(super) fn split_folders(root: &Path, stop: &StopFlag) -> Result<FoundPictures, DataError> {
    let entries = list_root(root)?;
    let visible: Vec<FolderEntry> =
        list(root).map_err(|error| source_error(root, unreadable(&error)))?;
    let splits = layout::splits(&visible);
    if !splits.iter().any(|split| split.split.is_some()) {
        if layout::has_splits_in_classes(&visible) {
            return splits_in_classes(root, &entries, stop);
        }
        return Err(source_error(
            root,
            "there is no folder named train: put the pictures into train/CLASS, validation/CLASS and test/CLASS",
        ));
    }
    let search = FolderSearch::new();
    let known = layout::known_classes(&splits, &search);
    let mut reading = Reading::new(root, stop);
    reading.beside(&entries)?;
    let mut read = Vec::new();
    for split in &splits {
        let path = &split.entry.path;
        let class_root = layout::class_root(path, &known, &search);
        match (split.split, class_root) {
            (Some(part), Some(class_root)) => {
                reading.split(path, &class_root, part)?;
                read.push((split, part));
            }
            (part, _) => reading.without_classes(split, part, &search),
        }
    }
    reading.other_folders(&visible, &splits, &search);
    if reading
        .folders
        .iter()
        .all(|(_, pictures)| pictures.is_empty())
    {
        return Err(source_error(root, no_classes_in_splits(&splits)));
    }
    reading.report_split(&read, &splits);
    Ok(reading.finish())
}

/// `root/CLASS/SPLIT/**/picture`. What lies in no split folder is assigned nowhere.
fn splits_in_classes(
    root: &Path,
    entries: &[FolderEntry],
    stop: &StopFlag,
) -> Result<FoundPictures, DataError> {
    let mut reading = Reading::new(root, stop);
    reading.beside(entries)?;
    let mut unassigned = 0;
    for class in entries
        .iter()
        .filter(|entry| entry.is_folder && !entry.is_hidden)
    {
        let inner = match list_all(&class.path) {
            Ok(inner) => inner,
            Err(error) => {
                reading.walk.found.problem(&class.path, unreadable(&error));
                continue;
            }
        };
        let splits = layout::splits(&inner);
        let mut pictures = Vec::new();
        for entry in &inner {
            if entry.is_hidden || !entry.is_folder {
                pictures.extend(reading.walk.file(entry)?);
                continue;
            }
            let split = splits.iter().find(|split| split.entry.path == entry.path);
            match split {
                Some(SplitFolder {
                    split: Some(split), ..
                }) => {
                    reading.class(&entry.path, &class.path, Some(*split))?;
                }
                Some(_) => reading.walk.found.problem(
                    &entry.path,
                    "is called like pictures without a class, and is skipped",
                ),
                None => pictures.extend(reading.walk.pictures(&entry.path)?),
            }
        }
        unassigned += pictures.len();
        if !pictures.is_empty() || splits.is_empty() {
            reading.add(&class.path, None, pictures);
        }
    }
    reading.walk.found.remarks.push(Remark::taken(
        "The pictures are split by the folders train, validation and test in the folder of each class.",
    ));
    if unassigned > 0 {
        reading.walk.found.remarks.push(Remark::warning(format!(
            "{} in folders of classes, but in none of train, validation and test: they are used like training \
             pictures.",
            count(unassigned, "picture lies", "pictures lie")
        )));
    }
    Ok(reading.finish())
}

/// Why split folders are no source.
pub(super) fn no_classes_in_splits(splits: &[SplitFolder<'_>]) -> String {
    let names: Vec<String> = splits
        .iter()
        .map(|split| split.entry.name.clone())
        .collect();
    let first = names.first().map_or("train", String::as_str);
    format!(
        "these look like splits, not classes: {}; within them are no folders of classes. Make one folder per class in \
         each ({first}/cat, {first}/dog), and move the pictures of each class into its folder, or add a table of paths \
         and classes",
        shortened(&names, 5)
    )
}

/// Whether Graft reads files of this name.
pub fn is_picture_name(name: &str) -> bool {
    file_kinds::by_name(name) == Some(FileKind::Picture)
}

/// Everything in `root`, hidden entries among them.
pub(super) fn list_root(root: &Path) -> Result<Vec<FolderEntry>, DataError> {
    let reason = match kind_of(root) {
        EntryKind::Folder => {
            roots::refuse_system(root)?;
            return list_all(root).map_err(|error| source_error(root, unreadable(&error)));
        }
        EntryKind::File => "this is a file: choose the folder that holds it".into(),
        EntryKind::Special(what) => format!("this is {what}: choose a folder of pictures"),
        EntryKind::Lost(_) => "there is no such folder: choose it again".into(),
    };
    Err(source_error(root, reason))
}

fn without_class_folders(loose: &[PathBuf]) -> String {
    if loose.is_empty() {
        return "this folder holds no folders of classes: make one folder per class within it, with its pictures"
            .into();
    }
    "the pictures lie in this folder itself: make one folder per class within it (such as cat and dog), and move the \
     pictures of each class into its folder"
        .into()
}

/// Every picture below `root`, whatever its folder, in the order of their names; and what was passed over.
pub(super) fn everything(
    root: &Path,
    stop: &StopFlag,
) -> Result<(Vec<NamedFile>, Vec<Problem>), DataError> {
    list_root(root)?;
    let mut walk = Walk::new(root, stop);
    let mut pictures = walk.pictures(root)?;
    pictures.sort();
    let names = Names::detect(pictures.iter().map(PathBuf::as_path));
    let named = pictures
        .into_iter()
        .map(|path| {
            let name = names.relative(&path, root);
            (path, name)
        })
        .collect();
    Ok((named, walk.finish(names).problems))
}

/// A class that is called like a part of a split, among others that are not.
pub(super) fn class_called_like_a_split(classes: &[String]) -> Option<&str> {
    let is_split = |class: &&String| split_word(class) == Some(SplitWord::Train);
    classes
        .iter()
        .any(|class| split_word(class).is_none())
        .then(|| classes.iter().find(is_split).map(String::as_str))
        .flatten()
}
