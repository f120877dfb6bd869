//! MNIST's format (LeCun, Cortes and Burges 1998), which FashionMNIST, KMNIST and EMNIST share: one file of pictures and
//! one of labels for each part, gzipped or not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::records::{Channels, Layout, Packing, RecordFile};
use super::super::{DataError, PictureSource, Remark, Split, StopFlag};
use super::folders::{list, unreadable};
use super::{Candidate, FoundPictures, check_stop, labels, source_error};
use crate::ordinary_file::{self, Links};

/// Labels are held in memory.
const MAX_LABELS: u64 = 100_000_000;

/// torchvision's names, in the order of the labels.
const FASHION: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];
const KUZUSHIJI: [&str; 10] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"];

/// What a file's name says of it.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    /// What stands before the part: `emnist-balanced`; nothing for MNIST's own files.
    set: String,
    split: Split,
    is_labels: bool,
    is_gzipped: bool,
}

/// Understands `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte.gz`, `emnist-balanced-test-images-idx3-ubyte` …
fn named(name: &str) -> Option<Named> {
    let name = name.to_lowercase();
    let (stem, is_gzipped) = match name.strip_suffix(".gz") {
        Some(stem) => (stem, true),
        None => (name.as_str(), false),
    };
    let words: Vec<&str> = stem.split(['-', '.', '_']).collect();
    let kind = words
        .iter()
        .position(|word| ["images", "labels"].contains(word))?;
    let is_idx = words[kind..]
        .iter()
        .any(|word| word.starts_with("idx") || *word == "ubyte");
    let (part, set) = words.get(..kind)?.split_last()?;
    let split = match *part {
        "t10k" => Split::Test,
        part => Split::from_name(part)?,
    };
    is_idx.then(|| Named {
        set: set.join("-"),
        split,
        is_labels: words[kind] == "labels",
        is_gzipped,
    })
}

/// The pictures and labels of one part.
#[derive(Debug, Default, PartialEq, Eq)]
struct Part {
    images: Option<PathBuf>,
    labels: Option<PathBuf>,
}

/// The sets in a folder, by name; each with its parts.
type Sets = BTreeMap<String, BTreeMap<Split, Part>>;

fn sets(folder: &Path) -> Sets {
    let mut sets = Sets::new();
    let mut files: Vec<(Named, PathBuf)> = list(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| !entry.is_folder && entry.path.is_file())
        .filter_map(|entry| Some((named(&entry.name)?, entry.path)))
        .collect();
    // An unpacked file comes last, and is the one that is taken.
    files.sort_by_key(|(named, _)| !named.is_gzipped);
    for (named, path) in files {
        let part = sets
            .entry(named.set)
            .or_default()
            .entry(named.split)
            .or_default();
        if named.is_labels {
            part.labels = Some(path);
        } else {
            part.images = Some(path);
        }
    }
    sets.retain(|_, parts| parts.values().any(|part| part.images.is_some()));
    sets
}

/// The folder with such files: `root` itself, or torchvision's `raw` within it. Of a file, its folder and set.
fn locate(root: &Path) -> Option<(PathBuf, Option<String>)> {
    if root.is_file() {
        let named = named(&root.file_name()?.to_string_lossy())?;
        return Some((root.parent()?.to_path_buf(), Some(named.set)));
    }
    [root.to_path_buf(), root.join("raw")]
        .into_iter()
        .find(|folder| !sets(folder).is_empty())
        .map(|folder| (folder, None))
}

pub(super) fn is_here(root: &Path) -> bool {
    locate(root).is_some_and(|(folder, _)| !sets(&folder).is_empty())
}

pub(super) fn find(root: &Path, stop: &StopFlag) -> Result<FoundPictures, DataError> {
    let missing = || {
        source_error(
            root,
            "there is no train-images-idx3-ubyte here: choose the folder that holds MNIST's files",
        )
    };
    let (folder, wanted) = locate(root).ok_or_else(missing)?;
    let mut sets = sets(&folder);
    let set = match wanted {
        Some(set) => set,
        None if sets.len() > 1 => {
            let names: Vec<&str> = sets.keys().map(String::as_str).collect();
            return Err(source_error(
                root,
                format!(
                    "this folder holds several sets ({}): choose one of the wanted set's files instead of the folder",
                    names.join(", ")
                ),
            ));
        }
        None => sets.keys().next().cloned().unwrap_or_default(),
    };
    let parts = sets.remove(&set).ok_or_else(missing)?;
    let mut found = FoundPictures {
        root: folder.clone(),
        ..FoundPictures::default()
    };
    let mut read = Vec::new();
    for (split, part) in parts {
        check_stop(stop)?;
        let (images, labels) = match (part.images, part.labels) {
            (Some(images), Some(labels)) => (images, labels),
            (Some(file), None) | (None, Some(file)) => {
                return Err(source_error(
                    &file,
                    "has no file beside it of the same part's pictures or labels (…-images-… and …-labels-…): \
                     download both",
                ));
            }
            (None, None) => continue,
        };
        let layout = pictures(&images).map_err(|reason| source_error(&images, reason))?;
        let numbers = numbers(&labels).map_err(|reason| source_error(&labels, reason))?;
        if numbers.len() as u64 != layout.count {
            return Err(source_error(
                &labels,
                format!(
                    "holds {} labels for {} pictures: download both files again",
                    numbers.len(),
                    layout.count
                ),
            ));
        }
        let packing = if is_gzipped(&images) {
            Packing::Gzip
        } else {
            Packing::Plain
        };
        read.push((split, RecordFile::new(images, packing, layout), numbers));
    }
    let all: Vec<i64> = read
        .iter()
        .flat_map(|(_, _, numbers)| numbers.iter().copied())
        .collect();
    let names = class_names(&folder, &set, &all, &mut found);
    let labelled = labels::classes(&all, &names).map_err(|reason| source_error(root, reason))?;
    found.classes = labelled.classes;
    let mut label = labelled.labels.into_iter();
    for (split, file, numbers) in read {
        let file = Arc::new(file);
        for (index, label) in (0..numbers.len() as u64).zip(&mut label) {
            found.candidates.push(Candidate {
                source: PictureSource::Record {
                    file: file.clone(),
                    index,
                },
                name: format!("{}/{index:05}", split.name()),
                label,
                split: Some(split),
                group: None,
            });
        }
    }
    Ok(found)
}

/// EMNIST brings a table of its labels; Fashion- and KMNIST are known by the name of a folder.
fn class_names(
    folder: &Path,
    set: &str,
    numbers: &[i64],
    found: &mut FoundPictures,
) -> BTreeMap<i64, String> {
    let mut path_parts: Vec<String> = folder
        .iter()
        .rev()
        .take(3)
        .map(|part| part.to_string_lossy().to_lowercase())
        .collect();
    path_parts.push(set.to_lowercase());
    let is_called = |name: &str| path_parts.iter().any(|part| part.contains(name));
    if is_called("emnist") {
        found.remarks.push(Remark::taken(
            "EMNIST's pictures lie on their side in its files, and are taken as they lie there, as torchvision does.",
        ));
        let mapped = mapping(&folder.join(format!("{set}-mapping.txt")));
        if !mapped.is_empty() {
            return mapped;
        }
    }
    for (name, title, classes) in [
        ("fashion", "FashionMNIST", FASHION),
        ("kmnist", "KMNIST", KUZUSHIJI),
    ] {
        let names = labels::numbered(classes);
        if is_called(name) && numbers.iter().any(|number| !names.contains_key(number)) {
            found.remarks.push(Remark::warning(format!(
                "The folder or the files are called like {title}, but the labels are not of its {} classes: these are \
                 called by their numbers.",
                names.len()
            )));
        } else if is_called(name) {
            found.remarks.push(Remark::taken(format!(
                "The classes are called as in {title}, because of the folder's or the files' name."
            )));
            return names;
        }
    }
    BTreeMap::new()
}

/// Lines of a label and the numbers of its characters: `10 65` or `1 65 97`; nothing when the file is not such a table
/// or names a class twice.
fn mapping(file: &Path) -> BTreeMap<i64, String> {
    let mut names = BTreeMap::new();
    for line in ordinary_file::read_to_string(file, 100_000, Links::Followed)
        .unwrap_or_default()
        .lines()
    {
        let mut fields = line.split_whitespace();
        let (Some(label), Some(character)) = (fields.next(), fields.next()) else {
            continue;
        };
        let name = character.parse().ok().and_then(char::from_u32);
        let (Ok(label), Some(name)) = (label.parse(), name) else {
            return BTreeMap::new();
        };
        names.insert(label, name.to_string());
    }
    let distinct: BTreeSet<&String> = names.values().collect();
    if distinct.len() < names.len() || names.keys().next().is_some_and(|first| *first < 0) {
        return BTreeMap::new();
    }
    names
}

/// By its first bytes: what a browser has unpacked often keeps its `.gz`.
fn is_gzipped(file: &Path) -> bool {
    let mut start = [0; 2];
    ordinary_file::open(file, Links::Followed)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok_and(|()| start == [0x1f, 0x8b])
}

/// What stands at the start of a file.
struct Header {
    /// 8 for whole numbers of one byte, as pictures have them.
    element: u8,
    shape: Vec<u64>,
    /// In bytes.
    length: u64,
}

fn open(file: &Path) -> Result<Box<dyn Read>, String> {
    let opened = ordinary_file::open(file, Links::Followed).map_err(|error| unreadable(&error))?;
    let reader = BufReader::new(opened);
    Ok(if is_gzipped(file) {
        Box::new(flate2::bufread::MultiGzDecoder::new(reader))
    } else {
        Box::new(reader)
    })
}

fn header(reader: &mut dyn Read) -> Result<Header, String> {
    let cut = |_: io::Error| "is cut off within its header: download it again".to_owned();
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(cut)?;
    let [0, 0, element, dimensions @ 1..=4] = magic else {
        return Err("is no idx file: its first bytes are not those of MNIST's files".into());
    };
    let mut shape = Vec::with_capacity(4);
    for _ in 0..dimensions {
        let mut side = [0; 4];
        reader.read_exact(&mut side).map_err(cut)?;
        shape.push(u64::from(u32::from_be_bytes(side)));
    }
    Ok(Header {
        element,
        length: 4 + 4 * u64::from(dimensions),
        shape,
    })
}

fn pictures(file: &Path) -> Result<Layout, String> {
    let header = header(&mut *open(file)?)?;
    if header.element != 8 {
        return Err(format!(
            "holds numbers of type 0x{:02x}, but pictures are read from whole numbers of one byte (0x08): write it \
             as unsigned bytes",
            header.element
        ));
    }
    let (count, channels, height, width) = match *header.shape.as_slice() {
        [count, height, width] | [count, height, width, 1] | [count, 1, height, width] => {
            (count, Channels::Grey, height, width)
        }
        [count, height, width, 3] => (count, Channels::Interleaved, height, width),
        [count, 3, height, width] => (count, Channels::Planar, height, width),
        ref other => {
            return Err(format!(
                "holds an array of {} dimensions ({other:?}): pictures have the shape (count, height, width), or a \
                 fourth side of 1 or 3 colours",
                other.len()
            ));
        }
    };
    let side = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
    let mut layout = Layout {
        start: header.length,
        stride: 0,
        count,
        width: side(width),
        height: side(height),
        channels,
        by_columns: false,
    };
    layout.stride = layout.picture_bytes();
    layout.check()?;
    if !is_gzipped(file) {
        check_length(file, layout.end())?;
    }
    Ok(layout)
}

/// A file that is not packed must be as long as its header says.
fn check_length(file: &Path, expected: Option<u64>) -> Result<(), String> {
    let length = file.metadata().map_err(|error| unreadable(&error))?.len();
    if expected == Some(length) {
        return Ok(());
    }
    Err(format!(
        "has {length} bytes where its header announces {}: download it again",
        expected.map_or_else(
            || "more than any file has".to_owned(),
            |bytes| bytes.to_string()
        )
    ))
}

fn numbers(file: &Path) -> Result<Vec<i64>, String> {
    let mut reader = open(file)?;
    let header = header(&mut *reader)?;
    let (size, read): (u64, fn(&[u8]) -> i64) = match header.element {
        0x08 => (1, |bytes| i64::from(bytes[0])),
        0x09 => (1, |bytes| i64::from(bytes[0].cast_signed())),
        0x0b => (2, |bytes| {
            i64::from(i16::from_be_bytes([bytes[0], bytes[1]]))
        }),
        0x0c => (4, |bytes| {
            i64::from(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        }),
        other => {
            return Err(format!(
                "holds labels of type 0x{other:02x}, which are no whole numbers"
            ));
        }
    };
    let count = match *header.shape.as_slice() {
        [count] | [count, 1] => count,
        [_, columns] => {
            return Err(format!(
                "holds {columns} labels for each picture, which is multi-label: Graft gives every picture one class"
            ));
        }
        _ => return Err("holds no list of labels".into()),
    };
    if count > MAX_LABELS {
        return Err(format!(
            "announces {count} labels; at most {MAX_LABELS} are read"
        ));
    }
    let expected = count * size;
    let mut bytes = Vec::new();
    reader
        .take(expected + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("is damaged or cut off ({error}): download it again"))?;
    if bytes.len() as u64 != expected {
        return Err(format!(
            "does not hold the {count} labels that its header announces: download it again"
        ));
    }
    Ok(bytes.chunks_exact(size as usize).map(read).collect())
}

#[cfg(test)]
mod tests;
