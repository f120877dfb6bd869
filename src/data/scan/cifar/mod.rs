//! CIFAR-10 and CIFAR-100 (Krizhevsky 2009) as their publisher has them: a binary version, and a Python version of
//! pickles.

mod binary;
mod names;
mod python;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::records::{Channels, Layout, RecordFile};
use super::super::{DataError, PictureSource, Remark, Split, StopFlag};
use super::folders::list;
use super::{Candidate, FoundPictures, check_stop, source_error};
use crate::experiment::CifarLabels;

/// The side of every picture.
const SIDE: u32 = 32;
/// One picture: its red, green and blue plane.
const PICTURE_BYTES: usize = 3 * (SIDE * SIDE) as usize;

/// Which of the two sets, and for the second which labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    Ten,
    Hundred(CifarLabels),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Binary,
    Python,
}

/// Where a set's files are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Located {
    folder: PathBuf,
    version: Version,
    /// By name.
    files: Vec<PathBuf>,
}

/// The pictures of `root`, or of the archive's own folder within it: the test file's for the test, all others for
/// training and validation.
pub(super) fn find(root: &Path, set: Set, stop: &StopFlag) -> Result<FoundPictures, DataError> {
    let Some(located) = locate(root, set) else {
        return Err(source_error(root, missing(set)));
    };
    let mut found = FoundPictures {
        root: located.folder.clone(),
        ..FoundPictures::default()
    };
    report_files(&mut found, &located, set);
    let Located {
        folder,
        version,
        files,
    } = located;
    match version {
        Version::Binary => {
            found.classes = names::beside_binary(&folder, set);
            for file in &files {
                check_stop(stop)?;
                binary::read(file, set, &mut found);
            }
        }
        Version::Python => {
            found.classes = names::beside_python(&folder, set)
                .map_err(|(file, reason)| source_error(&file, reason))?;
            for file in &files {
                check_stop(stop)?;
                python::read(file, set, &mut found).map_err(|reason| source_error(file, reason))?;
            }
        }
    }
    if found.classes.first().is_some_and(|name| name == "0") {
        found.remarks.push(Remark::warning(
            "The file with CIFAR-100's names (meta, or fine_label_names.txt) is not in this folder: the classes are \
             called by their numbers.",
        ));
    }
    if set == Set::Hundred(CifarLabels::Fine) {
        found.remarks.push(Remark::taken(
            "The classes are CIFAR-100's 100 fine labels; a preset with labels: Coarse takes the 20 coarse ones.",
        ));
    }
    for (part, name) in [(Split::Train, "training"), (Split::Test, "test")] {
        if !found.candidates.is_empty()
            && !found.candidates.iter().any(|one| one.split == Some(part))
        {
            found.remarks.push(Remark::warning(format!(
                "CIFAR's {name} pictures are not in this folder: they are drawn from the others."
            )));
        }
    }
    Ok(found)
}

fn missing(set: Set) -> &'static str {
    match set {
        Set::Ten => {
            "there is no data_batch_1.bin here, and no data_batch_1: choose the folder that CIFAR-10 unpacks to"
        }
        Set::Hundred(_) => {
            "there is no train.bin here, and no train: choose the folder that CIFAR-100 unpacks to"
        }
    }
}

/// The folder that holds the set's files, and the files by name.
pub(super) fn locate(root: &Path, set: Set) -> Option<Located> {
    let (binary, python) = match set {
        Set::Ten => ("cifar-10-batches-bin", "cifar-10-batches-py"),
        Set::Hundred(_) => ("cifar-100-binary", "cifar-100-python"),
    };
    [(Version::Binary, binary), (Version::Python, python)]
        .into_iter()
        .flat_map(|(version, name)| [(version, root.to_path_buf()), (version, root.join(name))])
        .find_map(|(version, folder)| {
            let files = files(&folder, set, version)?;
            Some(Located {
                folder,
                version,
                files,
            })
        })
}

/// The publisher's names, and no others: `data_batch_1 (1)` is a copy.
fn names_of(set: Set, version: Version) -> Vec<String> {
    let ending = match version {
        Version::Binary => ".bin",
        Version::Python => "",
    };
    match set {
        Set::Ten => (1..=5)
            .map(|number| format!("data_batch_{number}{ending}"))
            .chain([format!("test_batch{ending}")])
            .collect(),
        Set::Hundred(_) => ["train", "test"]
            .map(|part| format!("{part}{ending}"))
            .to_vec(),
    }
}

fn files(folder: &Path, set: Set, version: Version) -> Option<Vec<PathBuf>> {
    let names = names_of(set, version);
    let files: Vec<PathBuf> = list(folder)
        .ok()?
        .into_iter()
        .filter(|entry| !entry.is_folder && names.contains(&entry.name))
        .filter(|entry| match (set, version) {
            (Set::Ten, Version::Binary) => true,
            (Set::Hundred(_), Version::Binary) => binary::is_hundred(&entry.path),
            (_, Version::Python) => python::is_pickle(&entry.path),
        })
        .map(|entry| entry.path)
        .collect();
    (!files.is_empty()).then_some(files)
}

/// Says which of the set's files are not here, and lists others that look like them.
fn report_files(found: &mut FoundPictures, located: &Located, set: Set) {
    let name = |file: &PathBuf| {
        file.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let here: Vec<String> = located.files.iter().map(name).collect();
    // Without a part as a whole, that is said as well.
    let missing: Vec<String> = names_of(set, located.version)
        .into_iter()
        .filter(|name| name.starts_with("data_batch_") && !here.contains(name))
        .collect();
    if !missing.is_empty() && here.iter().any(|name| name.starts_with("data_batch_")) {
        found.remarks.push(Remark::warning(format!(
            "{} not in this folder, or can't be read as such, so that training lacks {} pictures: copy the set again.",
            if let [only] = missing.as_slice() {
                format!("{only} is")
            } else {
                format!("{} are", missing.join(", "))
            },
            if missing.len() == 1 { "its" } else { "their" }
        )));
    }
    for entry in list(&located.folder).unwrap_or_default() {
        let is_like = ["data_batch", "test_batch"]
            .iter()
            .any(|start| entry.name.starts_with(start));
        if is_like && !here.contains(&entry.name) {
            found.problem(
                &entry.path,
                "is called nearly like a file of CIFAR-10, and is skipped",
            );
        }
    }
}

/// Validation pictures are drawn from the training files, because no file is assigned to it.
fn split_of(file: &Path) -> Split {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("test") {
        Split::Test
    } else {
        Split::Train
    }
}

fn layout(start: u64, stride: usize, count: usize) -> Layout {
    Layout {
        start,
        stride: stride as u64,
        count: count as u64,
        width: SIDE,
        height: SIDE,
        channels: Channels::Planar,
        by_columns: false,
    }
}

/// The pictures of one file, by number and label.
fn add(found: &mut FoundPictures, file: RecordFile, labels: impl IntoIterator<Item = (u64, u32)>) {
    let path = file.path().to_path_buf();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let split = split_of(&path);
    let file = Arc::new(file);
    found
        .candidates
        .extend(labels.into_iter().map(|(index, label)| Candidate {
            source: PictureSource::Record {
                file: file.clone(),
                index,
            },
            name: format!("{name}/{index:05}"),
            label,
            split: Some(split),
            group: None,
        }));
}
