//! What a folder or file is that a person drops on the window.

use std::path::Path;

use super::super::DataError;
use super::super::split_names::{SplitWord, is_uninformative, tokens};
use super::annotations::{Side, sides};
use super::folders::{
    EntryKind, FolderEntry, is_picture_name, kind_of, list, no_classes_in_splits, unreadable,
};
use super::layout::{self, FolderSearch, MAX_DEPTH, MAX_NESTING, SplitFolder};
use super::{agree, doubts, nested, roots, source_error, table, teaching, unread};
use crate::experiment::DataSource;

/// Finds out what `path` holds: class folders, train/validation/test folders, a teaching set in its publisher's files,
/// or a table. One picture stands for the folder that holds its class's folder. For a table the columns are proposed, and a threshold when its labels are numbers
/// from 0 to 1 that are not all whole.
///
/// # Errors
/// [`DataError::Source`], saying how pictures must be arranged, when it is none of these.
pub fn recognise(path: &Path) -> Result<DataSource, DataError> {
    match kind_of(path) {
        EntryKind::Folder => {
            roots::refuse_system(path)?;
            let search = FolderSearch::new();
            let recognised = recognise_folder(path, MAX_NESTING, &search);
            return if recognised.is_err() && search.is_exhausted() {
                Err(roots::too_much(path))
            } else {
                recognised
            };
        }
        EntryKind::File => {}
        EntryKind::Special(what) => {
            let reason = format!("this is {what}: choose a folder of pictures, or a table");
            return Err(source_error(path, reason));
        }
        EntryKind::Lost(_) => {
            return Err(source_error(
                path,
                "there is no such file or folder: choose it again",
            ));
        }
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    if is_picture_name(&name) {
        // Whoever drops one picture means the folders that it was sorted into.
        if let Some(classes) = path.parent().and_then(Path::parent)
            && holds_only_classes(classes)
        {
            return Ok(DataSource::ClassFolders {
                path: classes.to_path_buf(),
            });
        }
        return Err(source_error(
            path,
            "this is one picture: choose the folder that holds one folder of pictures per class",
        ));
    }
    if let Some(source) = teaching::of_file(path)? {
        return Ok(source);
    }
    table::recognise::recognise_table(path)
}

fn recognise_folder(
    folder: &Path,
    nesting: u32,
    search: &FolderSearch,
) -> Result<DataSource, DataError> {
    if let Some(source) = teaching::cifar(folder) {
        return Ok(source);
    }
    let entries = list(folder).map_err(|error| source_error(folder, unreadable(&error)))?;
    if let Some(source) = recognise_splits(folder, &entries, search)? {
        return Ok(source);
    }
    roots::refuse_home(folder, &entries)?;
    let with_pictures: Vec<&FolderEntry> = entries
        .iter()
        .filter(|entry| entry.is_folder && search.holds_pictures(&entry.path, MAX_DEPTH))
        .collect();
    if let [first, second] = with_pictures.as_slice()
        && let Some(sides) = sides(&first.name, &second.name)
    {
        return recognise_masked(folder, [first, second], sides, nesting, search);
    }
    if let Some(source) = table::recognise::in_split_folders(&entries)
        .or_else(|| table::recognise::above_pictures(folder, &entries))
    {
        return Ok(source);
    }
    if with_pictures.len() >= 2 {
        if are_parts(&with_pictures)
            && let Some(Ok(source)) = table::recognise::among(folder)
        {
            return Ok(source);
        }
        return recognise_classes(folder, &with_pictures, nesting, search);
    }
    if let Some(source) = table::recognise::usable_among(folder) {
        return Ok(source);
    }
    if let Some(source) = teaching::arrays(folder)? {
        return Ok(source);
    }
    let folders: Vec<&FolderEntry> = entries.iter().filter(|entry| entry.is_folder).collect();
    let has_loose = entries
        .iter()
        .any(|entry| entry.is_file() && is_picture_name(&entry.name));
    let inner = match (with_pictures.as_slice(), folders.as_slice()) {
        ([only], _) | (_, [only]) if nesting > 0 => {
            Some(recognise_folder(&only.path, nesting - 1, search))
        }
        _ => None,
    };
    let inner_error = match inner {
        // A table of something else (`history.csv`) says nothing against it.
        Some(Ok(source)) if !has_table_of_labels(&entries) => return Ok(source),
        Some(Ok(_)) => None,
        Some(Err(error)) => Some(error),
        None => None,
    };
    if let Some(table) = table::recognise::among(folder) {
        return table;
    }
    let sides = entries.iter().filter(|entry| {
        entry.is_folder && !with_pictures.iter().any(|other| other.path == entry.path)
    });
    if let Some(source) = table::recognise::in_side_folder(sides) {
        return Ok(source);
    }
    let error = inner_error.filter(|_| !has_loose && !with_pictures.is_empty());
    Err(unread::refusal(
        folder,
        &entries,
        has_loose || !with_pictures.is_empty(),
        error,
        search,
    ))
}

/// Several folders with pictures, which are the classes unless something speaks against it.
fn recognise_classes(
    folder: &Path,
    with_pictures: &[&FolderEntry],
    nesting: u32,
    search: &FolderSearch,
) -> Result<DataSource, DataError> {
    let classes = DataSource::ClassFolders {
        path: folder.to_path_buf(),
    };
    let chosen = agree::choose(folder, classes)?;
    if matches!(chosen, DataSource::Table { .. }) {
        return Ok(chosen);
    }
    if nesting > 0
        && let Some(inner) = nested::wrapper(with_pictures, search)
        && let Ok(source) = recognise_folder(&inner.path, nesting - 1, search)
    {
        return Ok(source);
    }
    match nested::refusal(with_pictures, search) {
        Some(reason) => Err(source_error(folder, reason)),
        None => Ok(chosen),
    }
}

fn has_table_of_labels(entries: &[FolderEntry]) -> bool {
    entries.iter().any(|entry| {
        entry.is_file()
            && table::recognise::is_table_name(&entry.name)
            && table::recognise::is_named_for_labels(&entry.name)
    })
}

/// Folders that are called like parts of a split, and what they hold; `None` where they may be classes.
fn recognise_splits(
    folder: &Path,
    entries: &[FolderEntry],
    search: &FolderSearch,
) -> Result<Option<DataSource>, DataError> {
    let source = || {
        Ok(Some(DataSource::SplitFolders {
            path: folder.to_path_buf(),
        }))
    };
    let splits = layout::splits(entries);
    let is_divided = layout::is_split(splits.iter().map(|split| split.word));
    let is_train = |split: &&SplitFolder<'_>| split.word == SplitWord::Train;
    let has_train = splits.iter().any(|split| is_train(&split));
    if !is_divided && !has_train {
        if layout::holds_divided_sets(entries) {
            return Err(source_error(
                folder,
                "the folders in here hold data sets of their own, each with folders for training and test: choose one \
                 of them",
            ));
        }
        return if layout::has_splits_in_classes(entries) {
            source()
        } else {
            Ok(None)
        };
    }
    let known = layout::known_classes(&splits, search);
    let has_classes = splits
        .iter()
        .filter(|split| !has_train || is_train(split))
        .any(|split| layout::class_root(&split.entry.path, &known, search).is_some());
    if has_classes {
        let others = entries.iter().filter(|entry| {
            entry.is_folder && !splits.iter().any(|split| split.entry.path == entry.path)
        });
        // A class may be called train, and its pictures lie in folders.
        let among_classes = !is_divided
            && others
                .filter(|entry| search.holds_pictures(&entry.path, MAX_DEPTH))
                .take(2)
                .count()
                == 2;
        if among_classes {
            return Ok(None);
        }
        let splits = DataSource::SplitFolders {
            path: folder.to_path_buf(),
        };
        return agree::choose(folder, splits).map(Some);
    }
    let have_pictures = splits
        .iter()
        .any(|split| search.holds_pictures(&split.entry.path, MAX_DEPTH));
    if !is_divided || !have_pictures {
        return Ok(None);
    }
    if let Some(source) = table::recognise::in_split_folders(entries)
        .or_else(|| table::recognise::above_pictures(folder, entries))
        .or_else(|| table::recognise::among(folder)?.ok())
    {
        return Ok(Some(source));
    }
    let lists = unread::lists(folder);
    let reason = doubts::other_task(entries, search).unwrap_or_else(|| {
        if lists.is_empty() {
            no_classes_in_splits(&splits)
        } else {
            unread::labels_in(&lists)
        }
    });
    Err(source_error(folder, reason))
}

/// A folder of pictures beside one of their masks: the pictures alone, if they are sorted into classes.
fn recognise_masked(
    folder: &Path,
    [first, second]: [&FolderEntry; 2],
    (first_side, _): (Side, Side),
    nesting: u32,
    search: &FolderSearch,
) -> Result<DataSource, DataError> {
    if let Some(Ok(source)) = table::recognise::among(folder) {
        return Ok(source);
    }
    let pictures = if first_side == Side::Pictures {
        first
    } else {
        second
    };
    if nesting > 0
        && let Ok(source) = recognise_folder(&pictures.path, nesting - 1, search)
    {
        return Ok(source);
    }
    let reason = doubts::masks_are_no_class(&first.name, &second.name);
    Err(source_error(folder, reason))
}

/// Whether folders are parts of one heap of pictures (`images_part_1`, `images_part_2`): beside a table, they are no
/// classes.
fn are_parts(folders: &[&FolderEntry]) -> bool {
    const PICTURES: [&str; 8] = [
        "images", "image", "imgs", "img", "pictures", "photos", "jpg", "jpeg",
    ];
    let words = |entry: &FolderEntry| tokens(&entry.name);
    let first = folders
        .first()
        .map(|entry| words(entry))
        .unwrap_or_default();
    folders
        .iter()
        .all(|entry| is_uninformative(&entry.name) || words(entry) == first)
        && folders.iter().all(|entry| {
            words(entry)
                .iter()
                .any(|word| PICTURES.contains(&word.as_str()))
        })
}

/// Whether every folder in here holds pictures itself, and there are several: a home folder with some
/// pictures in it is no data set.
fn holds_only_classes(folder: &Path) -> bool {
    let Ok(entries) = list(folder) else {
        return false;
    };
    let search = FolderSearch::new();
    let folders = || entries.iter().filter(|entry| entry.is_folder);
    folders().count() >= 2 && folders().all(|entry| search.holds_pictures(&entry.path, 0))
}
