//! What a folder holds that can't be read, for the sentence that refuses it.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::DataError;
use super::entries::{FolderEntry, list};
use super::file_kinds::first_bytes;
use super::layout::FolderSearch;
use super::{doubts, relative_name, shortened, source_error, teaching};

/// Files that are looked at.
const LOOKED_AT: usize = 2_000;
/// Folders within folders that are looked into.
const MAX_DEPTH: u32 = 6;

/// Formats of pictures that are not read, by the ends of names.
const PICTURES: [(&str, &str); 24] = [
    (".dcm", "DICOM"),
    (".dicom", "DICOM"),
    (".nii", "NIfTI"),
    (".nii.gz", "NIfTI"),
    (".mha", "MetaImage"),
    (".mhd", "MetaImage"),
    (".nrrd", "NRRD"),
    (".npy", "NumPy's arrays (.npy)"),
    (".ppm", "PPM"),
    (".pgm", "PGM"),
    (".pnm", "PNM"),
    (".pbm", "PBM"),
    (".heic", "HEIC"),
    (".heif", "HEIC"),
    (".avif", "AVIF"),
    (".jxl", "JPEG XL"),
    (".jp2", "JPEG 2000"),
    (".j2k", "JPEG 2000"),
    (".svs", "whole slides (.svs)"),
    (".ndpi", "whole slides (.ndpi)"),
    (".dng", "raw photographs (.dng)"),
    (".cr2", "raw photographs (.cr2)"),
    (".nef", "raw photographs (.nef)"),
    (".arw", "raw photographs (.arw)"),
];

/// Files that may hold labels, or a whole data set, by the ends of names.
const LISTS: [&str; 24] = [
    ".xlsx",
    ".xls",
    ".ods",
    ".json",
    ".jsonl",
    ".ndjson",
    ".txt",
    ".lst",
    ".csv.gz",
    ".tsv.gz",
    ".parquet",
    ".feather",
    ".arrow",
    ".mat",
    ".h5",
    ".hdf5",
    ".tfrecord",
    ".tfrecords",
    ".pkl",
    ".pickle",
    ".bin",
    ".db",
    ".sqlite",
    ".lmdb",
];

/// Texts that come with anything.
const OTHER_TEXTS: [&str; 8] = [
    "readme",
    "license",
    "licence",
    "requirements",
    "notes",
    "changelog",
    "citation",
    "copying",
];

/// How the refusal begins of pictures without anything that tells their classes.
const PICTURES_LIE_HERE: &str = "the pictures lie in this folder itself";

/// Why a folder is no data set. `deeper` is why the one folder of pictures in it is none.
pub(super) fn refusal(
    folder: &Path,
    entries: &[FolderEntry],
    has_pictures: bool,
    deeper: Option<DataError>,
    search: &FolderSearch,
) -> DataError {
    let refuse = |reason: String| source_error(folder, reason);
    if let Some(reason) = doubts::other_task(entries, search) {
        return refuse(reason);
    }
    let lists = lists(folder);
    let knows_no_labels = |error: &DataError| match error {
        DataError::Source { reason, .. } => reason.starts_with(PICTURES_LIE_HERE),
        _ => false,
    };
    if has_pictures && !lists.is_empty() && deeper.as_ref().is_none_or(knows_no_labels) {
        return refuse(labels_in(&lists));
    }
    // What lies deeper knows better what is wrong.
    if let Some(error) = deeper {
        return error;
    }
    if has_pictures {
        return refuse(format!(
            "{PICTURES_LIE_HERE}: make one folder per class within it (such as cat and dog), and move the pictures of each \
             class into its folder"
        ));
    }
    if let Some(reason) = other_pictures(folder) {
        return refuse(reason);
    }
    let is_archive = |entry: &FolderEntry| !entry.is_folder && teaching::is_archive(&entry.name);
    refuse(if entries.iter().any(is_archive) {
        "this folder holds an archive and no pictures: unpack it first, then choose the folder that it unpacks to".into()
    } else if !lists.is_empty() {
        no_pictures_but(&lists)
    } else {
        "this folder holds neither folders of classes nor a table: make one folder per class within it, with its \
         pictures, or add a labels.csv of paths and classes"
            .into()
    })
}

/// Pictures of formats that are not read, of which a folder holds more than of anything else.
fn other_pictures(folder: &Path) -> Option<String> {
    let mut found: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    let mut left = LOOKED_AT;
    count_pictures(folder, folder, MAX_DEPTH, &mut left, &mut found);
    let (kind, (count, example)) = found.into_iter().max_by_key(|(_, (count, _))| *count)?;
    let more = match count {
        1 => String::new(),
        _ if left == 0 => " and many more".to_owned(),
        _ => format!(" and {} more", count - 1),
    };
    Some(format!(
        "the pictures here are {kind}, which Graft does not read ({example}{more}): convert them to JPEG, PNG or TIFF, in \
         folders of the same names"
    ))
}

fn count_pictures(
    folder: &Path,
    root: &Path,
    depth: u32,
    left: &mut usize,
    found: &mut BTreeMap<&'static str, (usize, String)>,
) {
    for entry in list(folder).unwrap_or_default() {
        if *left == 0 {
            return;
        }
        if entry.is_folder {
            if depth > 0 {
                count_pictures(&entry.path, root, depth - 1, left, found);
            }
        } else if entry.is_file() {
            *left -= 1;
            if let Some(kind) = picture_kind(&entry) {
                let (count, _) = found
                    .entry(kind)
                    .or_insert_with(|| (0, relative_name(&entry.path, root)));
                *count += 1;
            }
        }
    }
}

fn picture_kind(entry: &FolderEntry) -> Option<&'static str> {
    let name = entry.name.to_lowercase();
    let by_name = PICTURES.iter().find(|(end, _)| name.ends_with(end));
    if let Some((_, kind)) = by_name {
        return Some(kind);
    }
    // Scanners write them without an ending.
    let is_dicom =
        || first_bytes(&entry.path, 132).is_ok_and(|bytes| bytes.get(128..) == Some(&b"DICM"[..]));
    (!name.contains('.') && is_dicom()).then_some("DICOM")
}

/// Files of a folder, and of the folders in it, that may hold labels and are not read.
pub(super) fn lists(folder: &Path) -> Vec<String> {
    let entries = list(folder).unwrap_or_default();
    let is_list = |entry: &FolderEntry| {
        let name = entry.name.to_lowercase();
        entry.is_file()
            && LISTS.iter().any(|end| name.ends_with(end))
            && !OTHER_TEXTS.iter().any(|start| name.starts_with(start))
    };
    let mut found: Vec<String> = entries
        .iter()
        .filter(|entry| is_list(entry))
        .map(|entry| entry.name.clone())
        .collect();
    for inner in entries.iter().filter(|entry| entry.is_folder).take(20) {
        let files = list(&inner.path).unwrap_or_default();
        let files = files.iter().filter(|entry| is_list(entry));
        found.extend(files.map(|file| relative_name(&file.path, folder)));
    }
    found
}

/// What to do with such files, where the pictures themselves can be read.
pub(super) fn labels_in(lists: &[String]) -> String {
    format!(
        "{} may hold the labels, but {} not read: write {} into labels.csv beside the pictures' folders, with a column of \
         paths and one of classes, or make one folder per class",
        shortened(lists, 3),
        if lists.len() == 1 { "is" } else { "are" },
        if lists.len() == 1 { "it" } else { "them" }
    )
}

/// What to do where there are such files and no pictures.
fn no_pictures_but(lists: &[String]) -> String {
    format!(
        "this folder holds no pictures, but {}, which Graft does not read: save the pictures as PNG in one folder per \
         class, or as NumPy's .npz with x_train, y_train, x_test and y_test",
        shortened(lists, 3)
    )
}
