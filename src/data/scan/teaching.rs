//! Teaching sets in their publishers' files, recognised by those.

use std::path::{Path, PathBuf};

use super::super::DataError;
use super::cifar::{self, Set};
use super::folders::list;
use super::{arrays, idx, source_error};
use crate::experiment::{CifarLabels, DataSource};

/// Ends of names of archives. A lone `.gz` may be an idx file, which needs no unpacking.
const ARCHIVES: [&str; 14] = [
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".zip", ".7z",
    ".rar", ".gz", ".xz", ".bz2",
];

/// CIFAR's files in a folder.
pub(super) fn cifar(folder: &Path) -> Option<DataSource> {
    let path = folder.to_path_buf();
    if cifar::locate(folder, Set::Ten).is_some() {
        return Some(DataSource::Cifar10 { path });
    }
    let labels = CifarLabels::Fine;
    cifar::locate(folder, Set::Hundred(labels)).map(|_| DataSource::Cifar100 { path, labels })
}

/// MNIST's files, or NumPy's arrays, in a folder.
///
/// # Errors
/// When the folder holds several `.npz` files.
pub(super) fn arrays(folder: &Path) -> Result<Option<DataSource>, DataError> {
    let path = folder.to_path_buf();
    if idx::is_here(folder) {
        return Ok(Some(DataSource::Idx { path }));
    }
    let archives: Vec<PathBuf> = list(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| !entry.is_folder && has_end(&entry.path, ".npz"))
        .map(|entry| entry.path)
        .collect();
    match archives.as_slice() {
        [only] => return Ok(Some(DataSource::Arrays { path: only.clone() })),
        [] => {}
        several => {
            let names: Vec<String> = several.iter().map(|path| file_name(path)).collect();
            return Err(source_error(
                folder,
                format!(
                    "this folder holds several .npz files ({}): choose one of them",
                    names.join(", ")
                ),
            ));
        }
    }
    Ok(arrays::is_here(folder).then_some(DataSource::Arrays { path }))
}

/// What a file belongs to that is no picture.
///
/// # Errors
/// For an archive, which has to be unpacked.
pub(super) fn of_file(file: &Path) -> Result<Option<DataSource>, DataError> {
    if has_end(file, ".npz") {
        return Ok(Some(DataSource::Arrays {
            path: file.to_path_buf(),
        }));
    }
    if idx::is_here(file) {
        return Ok(Some(DataSource::Idx {
            path: file.to_path_buf(),
        }));
    }
    if is_archive(&file_name(file)) {
        return Err(source_error(
            file,
            "this is an archive: unpack it first, then choose the folder that it unpacks to",
        ));
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file_name(file);
    let is_cifar = name.ends_with(".bin")
        || name.starts_with("data_batch_")
        || ["test_batch", "batches.meta", "train", "test", "meta"].contains(&name.as_str());
    if is_cifar && let Some(source) = cifar(folder) {
        return Ok(Some(source));
    }
    if has_end(file, ".npy") {
        if arrays::is_here(folder) {
            return Ok(Some(DataSource::Arrays {
                path: folder.to_path_buf(),
            }));
        }
        return Err(source_error(
            file,
            "this is one array: choose a folder that holds pictures and labels, called x_train.npy and y_train.npy, or \
             images.npy and labels.npy",
        ));
    }
    Ok(None)
}

pub(super) fn is_archive(name: &str) -> bool {
    let name = name.to_lowercase();
    ARCHIVES.iter().any(|end| name.ends_with(end))
}

fn has_end(path: &Path, end: &str) -> bool {
    path.is_file() && file_name(path).to_lowercase().ends_with(end)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
