//! NumPy's arrays of pictures and labels: an `.npz` file by MedMNIST's or Keras' names, or `.npy` files in a folder.

mod npy;
mod values;

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::super::records::{Channels, Layout, Packing, RecordFile};
use super::super::{DataError, PictureSource, Remark, Split, StopFlag};
use super::folders::{list, unreadable};
use super::{Candidate, FoundPictures, check_stop, labels, source_error};
use crate::ordinary_file::{self, Links};
use npy::Header;
use values::Labels;

/// Labels are held in memory.
const MAX_LABEL_BYTES: u64 = 256 << 20;

/// One array, and where it is.
#[derive(Debug)]
struct Array {
    /// What it is called: `train_images`.
    name: String,
    file: PathBuf,
    packing: Packing,
    header: Header,
    /// Where its numbers begin, in what is unpacked.
    start: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Images,
    Labels,
    /// Names of the classes.
    Names,
}

/// What an array's name says: `train_images`, `x_test`, `labels`. Nothing when it says something else.
fn role(name: &str) -> Option<(Role, Option<Split>)> {
    let name = name.to_lowercase();
    if ["class_names", "label_names", "classes", "names"].contains(&name.as_str()) {
        return Some((Role::Names, None));
    }
    let (mut role, mut split) = (None, None);
    for word in name.split(['_', '-', '.', ' ']) {
        let meant = match word {
            "images" | "image" | "imgs" | "img" | "x" | "data" | "pictures" => Some(Role::Images),
            "labels" | "label" | "y" | "target" | "targets" => Some(Role::Labels),
            _ => None,
        };
        match (meant, Split::from_name(word)) {
            (Some(meant), _) if role.is_none() => role = Some(meant),
            (None, Some(part)) if split.is_none() => split = Some(part),
            _ => return None,
        }
    }
    Some((role?, split))
}

/// Whether a folder holds `.npy` files of pictures.
pub(super) fn is_here(folder: &Path) -> bool {
    arrays_beside(folder)
        .iter()
        .any(|(name, _)| matches!(role(name), Some((Role::Images, _))))
}

/// The `.npy` files of a folder, by name without the ending.
fn arrays_beside(folder: &Path) -> Vec<(String, PathBuf)> {
    list(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| !entry.is_folder && entry.path.is_file())
        .filter_map(|entry| {
            let name = entry.name.strip_suffix(".npy")?.to_owned();
            Some((name, entry.path))
        })
        .collect()
}

pub(super) fn find(path: &Path, stop: &StopFlag) -> Result<FoundPictures, DataError> {
    let is_folder = path.is_dir();
    if !is_folder && !path.is_file() {
        let reason = if path.exists() {
            "this is no ordinary file: choose the .npz file itself"
        } else {
            "there is no such file: choose it again"
        };
        return Err(source_error(path, reason));
    }
    let arrays = if is_folder {
        arrays_beside(path)
            .into_iter()
            .map(|(name, file)| of_file(name, &file).map_err(|reason| source_error(&file, reason)))
            .collect::<Result<Vec<_>, _>>()?
    } else {
        of_archive(path).map_err(|reason| source_error(path, reason))?
    };
    let mut found = FoundPictures {
        root: path.to_path_buf(),
        ..FoundPictures::default()
    };
    let refuse = |reason: String| source_error(path, reason);
    let mut by_role: BTreeMap<(Option<Split>, Role), &Array> = BTreeMap::new();
    for array in &arrays {
        let Some((role, split)) = role(&array.name) else {
            continue;
        };
        if let Some(other) = by_role.insert((split, role), array) {
            return Err(refuse(format!(
                "“{}” and “{}” seem to be the same: keep one of them",
                other.name, array.name
            )));
        }
    }
    let names = match by_role.get(&(None, Role::Names)) {
        Some(array) => class_names(array).unwrap_or_default(),
        None => Vec::new(),
    };
    let mut parts = Vec::new();
    for ((split, role), images) in &by_role {
        check_stop(stop)?;
        if *role != Role::Images {
            continue;
        }
        let labels = by_role.get(&(*split, Role::Labels)).ok_or_else(|| {
            refuse(format!(
                "“{}” has no labels beside it; there are {}",
                images.name,
                all_names(&arrays)
            ))
        })?;
        let layout =
            layout(images).map_err(|reason| refuse(format!("“{}” {reason}", images.name)))?;
        let read = read_labels(labels, layout.count)
            .map_err(|reason| refuse(format!("“{}” {reason}", labels.name)))?;
        if read.is_one_hot {
            found.remarks.push(Remark::taken(format!(
                "“{}” has one column per class, of which exactly one is 1 for every picture: it was read as one class \
                 each.",
                labels.name
            )));
        }
        found.remarks.push(Remark::taken(format!(
            "Pictures are the array “{}” of shape {}, their classes are “{}”.",
            images.name,
            images.header.shape_text(),
            labels.name
        )));
        let file = RecordFile::new(images.file.clone(), images.packing.clone(), layout);
        parts.push((*split, Arc::new(file), read.labels));
    }
    if parts.is_empty() {
        return Err(refuse(format!(
            "there are no pictures by a name that is known: it holds {}; name the arrays train_images, train_labels, \
             val_images, val_labels, test_images and test_labels, or images and labels",
            all_names(&arrays)
        )));
    }
    label(&mut found, parts, &names).map_err(refuse)?;
    Ok(found)
}

/// Gives every picture its class.
fn label(
    found: &mut FoundPictures,
    parts: Vec<(Option<Split>, Arc<RecordFile>, Labels)>,
    names: &[String],
) -> Result<(), String> {
    let mut numbers = Vec::new();
    let mut texts = Vec::new();
    for (_, _, labels) in &parts {
        match labels {
            Labels::Numbers(all) => numbers.extend_from_slice(all),
            Labels::Texts(all) => texts.extend(all.iter().cloned()),
        }
    }
    let labels: Vec<u32> = if texts.is_empty() {
        let names = labels::numbered(names.iter().map(String::as_str));
        let labelled = labels::classes(&numbers, &names)?;
        found.classes = labelled.classes;
        labelled.labels
    } else if numbers.is_empty() {
        found.classes = texts.clone();
        found.classes.sort_unstable();
        found.classes.dedup();
        let class = |text: &String| found.classes.binary_search(text).unwrap_or_default() as u32;
        texts.iter().map(class).collect()
    } else {
        return Err("labels are numbers in one part and texts in another: write them alike".into());
    };
    let mut labels = labels.into_iter();
    for (split, file, own) in parts {
        let folder = split.map_or("images", Split::name);
        for (index, label) in (0..own.len() as u64).zip(&mut labels) {
            found.candidates.push(Candidate {
                source: PictureSource::Record {
                    file: file.clone(),
                    index,
                },
                name: format!("{folder}/{index:05}"),
                label,
                split,
                group: None,
            });
        }
    }
    Ok(())
}

fn all_names(arrays: &[Array]) -> String {
    const SHOWN: usize = 12;
    if arrays.is_empty() {
        return "no array".into();
    }
    let mut names: Vec<String> = arrays
        .iter()
        .take(SHOWN)
        .map(|array| {
            let shape = array.header.shape_text();
            format!("“{}” {} {shape}", array.name, array.header.dtype_name())
        })
        .collect();
    if arrays.len() > SHOWN {
        names.push(format!("and {} more", arrays.len() - SHOWN));
    }
    names.join(", ")
}

fn of_file(name: String, file: &Path) -> Result<Array, String> {
    let mut opened =
        ordinary_file::open(file, Links::Followed).map_err(|error| unreadable(&error))?;
    let length = opened.metadata().map_err(|error| unreadable(&error))?.len();
    let header = npy::read(&mut opened)?;
    let start = header.length;
    fits(&header, length)?;
    Ok(Array {
        name,
        file: file.to_path_buf(),
        packing: Packing::Plain,
        header,
        start,
    })
}

/// The numbers must be as many as the header says: `length` counts the header too.
fn fits(header: &Header, length: u64) -> Result<(), String> {
    let expected = header
        .data_bytes()
        .and_then(|bytes| bytes.checked_add(header.length));
    if expected == Some(length) {
        return Ok(());
    }
    Err(format!(
        "has {length} bytes where its header announces {}: it is damaged or cut off",
        expected.map_or_else(
            || "more than any file has".to_owned(),
            |bytes| bytes.to_string()
        )
    ))
}

/// The arrays of an `.npz` file whose names say that they are pictures or labels must be readable; of others only the
/// name counts.
fn of_archive(path: &Path) -> Result<Vec<Array>, String> {
    let file = ordinary_file::open(path, Links::Followed).map_err(|error| unreadable(&error))?;
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| format!("is no whole .npz file ({error}): download or copy it again"))?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive
            .by_index(index)
            .map_err(|error| format!("has a member that can't be read ({error})"))?;
        let Some(name) = member.name().strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let is_wanted = role(&name).is_some();
        let array = |reason: String| format!("“{name}” {reason}");
        let header = match npy::read(&mut member) {
            Ok(header) => header,
            Err(reason) if is_wanted => return Err(array(reason)),
            Err(_) => continue,
        };
        if is_wanted {
            fits(&header, member.size()).map_err(array)?;
        }
        let (packing, start) = if member.compression() == CompressionMethod::Stored {
            let start = member.data_start().checked_add(header.length);
            let start = start.ok_or_else(|| array("lies beyond the file".into()))?;
            (Packing::Plain, start)
        } else {
            (Packing::Member(member.name().to_owned()), header.length)
        };
        arrays.push(Array {
            name,
            file: path.to_path_buf(),
            packing,
            header,
            start,
        });
    }
    Ok(arrays)
}

/// How the pictures of an array lie in it.
fn layout(array: &Array) -> Result<Layout, String> {
    let header = &array.header;
    if (header.dtype.kind, header.dtype.bytes) != (b'u', 1) {
        return Err(format!(
            "is of {}, but pictures are read from whole numbers of 0 to 255 (uint8): write it as such, shares of 0 to 1 \
             with (255 * images).round().astype(\"uint8\")",
            header.dtype_name()
        ));
    }
    let (count, channels, height, width) = match *header.shape.as_slice() {
        [count, height, width] | [count, height, width, 1] | [count, 1, height, width] => {
            (count, Channels::Grey, height, width)
        }
        [count, height, width, 3] => (count, Channels::Interleaved, height, width),
        [count, 3, height, width] => (count, Channels::Planar, height, width),
        [_, length] => {
            return Err(format!(
                "has the shape {}, pictures as rows of {length} numbers: give them their height and width with reshape",
                header.shape_text()
            ));
        }
        _ => {
            return Err(format!(
                "has the shape {}: pictures have (count, height, width), with 1 or 3 colours as a fourth side; volumes \
                 and other numbers of colours are not read",
                header.shape_text()
            ));
        }
    };
    let side = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
    let mut layout = Layout {
        start: array.start,
        stride: 0,
        count,
        width: side(width),
        height: side(height),
        channels,
        by_columns: header.by_columns,
    };
    layout.stride = layout.picture_bytes();
    layout.check()?;
    Ok(layout)
}

fn read_labels(array: &Array, count: u64) -> Result<values::Read, String> {
    if array.header.shape.first() != Some(&count) {
        return Err(format!(
            "has the shape {} for {count} pictures: it must have one label for each",
            array.header.shape_text()
        ));
    }
    values::labels(&array.header, &data(array)?)
}

fn class_names(array: &Array) -> Result<Vec<String>, String> {
    values::texts(&array.header, &data(array)?)
}

/// All numbers of an array that is small.
fn data(array: &Array) -> Result<Vec<u8>, String> {
    let expected = array
        .header
        .data_bytes()
        .filter(|bytes| *bytes <= MAX_LABEL_BYTES)
        .ok_or_else(|| {
            format!(
                "has the shape {}: labels of more than {} MB are not read",
                array.header.shape_text(),
                MAX_LABEL_BYTES >> 20
            )
        })?;
    let damaged = |error: &dyn std::fmt::Display| {
        format!("is damaged or cut off ({error}): download or copy the file again")
    };
    let mut file = BufReader::new(
        ordinary_file::open(&array.file, Links::Followed).map_err(|error| unreadable(&error))?,
    );
    let mut bytes = Vec::new();
    match &array.packing {
        Packing::Member(name) => {
            let mut archive = ZipArchive::new(file).map_err(|error| damaged(&error))?;
            let mut member = archive.by_name(name).map_err(|error| damaged(&error))?;
            std::io::copy(&mut (&mut member).take(array.start), &mut std::io::sink())
                .and_then(|_| member.take(expected + 1).read_to_end(&mut bytes))
                .map_err(|error| damaged(&error))?;
        }
        _ => {
            file.seek(SeekFrom::Start(array.start))
                .and_then(|_| file.take(expected).read_to_end(&mut bytes))
                .map_err(|error| damaged(&error))?;
        }
    }
    if bytes.len() as u64 != expected {
        return Err("is cut off: download or copy the file again".into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
