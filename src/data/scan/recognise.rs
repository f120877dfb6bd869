//! What a folder or file is that a person drops on the window.

use std::path::Path;

use super::super::{DataError, Split};
use super::folders::{Entry, is_picture_name, list, unreadable};
use super::{cifar, source_error, table};
use crate::experiment::DataSource;

/// An archive often unpacks to a folder within a folder.
const MAX_NESTING: u32 = 3;

/// Finds out what `path` holds: class folders, train/validation/test folders, the CIFAR-10 batches,
/// or a table. One picture stands for the folder that holds its class's folder. For a table the columns are proposed, and a threshold when its labels are numbers
/// from 0 to 1 that are not all whole.
///
/// # Errors
/// [`DataError::Source`], saying how pictures must be arranged, when it is none of these.
pub fn recognise(path: &Path) -> Result<DataSource, DataError> {
    if path.is_dir() {
        return recognise_folder(path, MAX_NESTING);
    }
    if !path.exists() {
        return Err(source_error(
            path,
            "there is no such file or folder: choose it again",
        ));
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
    if name.ends_with(".bin")
        && let Some(folder) = path.parent()
        && cifar::batches(folder).is_some()
    {
        return Ok(DataSource::Cifar10 {
            path: folder.to_path_buf(),
        });
    }
    table::recognise::recognise_table(path)
}

fn recognise_folder(folder: &Path, nesting: u32) -> Result<DataSource, DataError> {
    if cifar::batches(folder).is_some() {
        return Ok(DataSource::Cifar10 {
            path: folder.to_path_buf(),
        });
    }
    let entries = list(folder).map_err(|error| source_error(folder, unreadable(&error)))?;
    if has_split_folders(&entries) {
        return Ok(DataSource::SplitFolders {
            path: folder.to_path_buf(),
        });
    }
    if let Some(source) = table::recognise::in_split_folders(&entries)
        .or_else(|| table::recognise::above_pictures(folder, &entries))
    {
        return Ok(source);
    }
    let with_pictures = entries
        .iter()
        .filter(|entry| entry.is_folder && holds_pictures(&entry.path, MAX_NESTING));
    if with_pictures.count() >= 2 {
        return Ok(DataSource::ClassFolders {
            path: folder.to_path_buf(),
        });
    }
    if let Some(source) = table::recognise::among(folder) {
        return source;
    }
    let folders: Vec<&Entry> = entries.iter().filter(|entry| entry.is_folder).collect();
    if let [only] = folders.as_slice()
        && nesting > 0
        && let Ok(source) = recognise_folder(&only.path, nesting - 1)
    {
        return Ok(source);
    }
    let reason = if entries.iter().any(|entry| is_picture_name(&entry.name)) {
        "the pictures lie in this folder itself: make one folder per class within it (such as cat and dog), and move \
         the pictures of each class into its folder"
    } else {
        "this folder holds neither folders of classes nor a table: make one folder per class within it, with its \
         pictures, or add a labels.csv of paths and classes"
    };
    Err(source_error(folder, reason))
}

/// Whether every folder in here holds pictures itself, and there are several: a home folder with some
/// pictures in it is no data set.
fn holds_only_classes(folder: &Path) -> bool {
    let Ok(entries) = list(folder) else {
        return false;
    };
    let folders = || entries.iter().filter(|entry| entry.is_folder);
    folders().count() >= 2 && folders().all(|entry| holds_pictures(&entry.path, 0))
}

/// A folder named like a training split that holds folders of pictures itself; a class may be
/// called train too.
fn has_split_folders(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        entry.is_folder
            && Split::from_name(&entry.name) == Some(Split::Train)
            && list(&entry.path).is_ok_and(|classes| {
                classes
                    .iter()
                    .any(|class| class.is_folder && holds_pictures(&class.path, MAX_NESTING))
            })
    })
}

fn holds_pictures(folder: &Path, depth: u32) -> bool {
    let Ok(entries) = list(folder) else {
        return false;
    };
    entries
        .iter()
        .any(|entry| !entry.is_folder && is_picture_name(&entry.name))
        || depth > 0
            && entries
                .iter()
                .any(|entry| entry.is_folder && holds_pictures(&entry.path, depth - 1))
}
