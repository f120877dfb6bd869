//! What belongs to other tasks than classification: masks of segmentation, boxes of object detection.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::super::split_names::tokens;
use super::entries::FolderEntry;
use super::file_kinds::{FileKind, by_name, first_bytes};

/// Words for the pictures of a segmentation set.
const PICTURES: &[&str] = &[
    "image",
    "images",
    "img",
    "imgs",
    "jpegimages",
    "picture",
    "pictures",
    "photo",
    "photos",
    "input",
    "inputs",
    "rgb",
    "original",
    "originals",
    "frame",
    "frames",
    "scan",
    "scans",
];

/// Words for what is drawn onto them.
const MASKS: &[&str] = &[
    "mask",
    "masks",
    "label",
    "labels",
    "annotation",
    "annotations",
    "annot",
    "segmentation",
    "segmentations",
    "segmentationclass",
    "segmentationobject",
    "segmented",
    "groundtruth",
    "gt",
    "gts",
    "truth",
    "trimap",
    "trimaps",
    "groundtruths",
    "semantic",
    "matte",
    "mattes",
    "labelids",
];

/// How names end of masks in a folder of their own …
const ENDINGS: &[&str] = &[
    "mask",
    "masks",
    "segmentation",
    "seg",
    "gt",
    "label",
    "labels",
    "m",
];
/// … and beside their pictures, where only these tell.
const SURE_ENDINGS: &[&str] = &[
    "mask",
    "masks",
    "segmentation",
    "gt",
    "groundtruth",
    "trimap",
    "matte",
];

/// What a folder's name says of its pictures in a segmentation set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Pictures,
    Masks,
}

/// What the names of two folders beside each other say, if one is for pictures and the other for their masks.
pub(super) fn sides(first: &str, second: &str) -> Option<(Side, Side)> {
    if is_x_and_y(first, second) {
        return Some((Side::Pictures, Side::Masks));
    }
    if is_x_and_y(second, first) {
        return Some((Side::Masks, Side::Pictures));
    }
    match (side(first)?, side(second)?) {
        sides @ ((Side::Pictures, Side::Masks) | (Side::Masks, Side::Pictures)) => Some(sides),
        _ => None,
    }
}

/// `x_train` and `y_train`.
fn is_x_and_y(x: &str, y: &str) -> bool {
    let (x, y) = (tokens(x), tokens(y));
    x.first().is_some_and(|first| first == "x")
        && y.first().is_some_and(|first| first == "y")
        && x.len() > 1
        && x[1..] == y[1..]
}

/// Whether a folder is called like one of masks.
pub(super) fn is_of_masks(name: &str) -> bool {
    side(name) == Some(Side::Masks)
}

fn side(name: &str) -> Option<Side> {
    let tokens = tokens(name);
    let whole = tokens.concat();
    let has = |words: &[&str]| {
        words.contains(&whole.as_str())
            || tokens.iter().any(|token| words.contains(&token.as_str()))
    };
    if has(MASKS) {
        Some(Side::Masks)
    } else if has(PICTURES) {
        Some(Side::Pictures)
    } else {
        None
    }
}

/// Folders among these that are called like masks, stand beside one of pictures, and hold files of the same names.
pub(super) fn folders_of_masks(entries: &[FolderEntry]) -> HashSet<PathBuf> {
    let folders: Vec<&FolderEntry> = entries
        .iter()
        .filter(|entry| entry.is_folder && !entry.is_hidden && side(&entry.name).is_some())
        .collect();
    let mut masks = HashSet::new();
    for pictures in folders
        .iter()
        .filter(|folder| side(&folder.name) == Some(Side::Pictures))
    {
        let stems = stems_in(&pictures.path);
        for mask in folders
            .iter()
            .filter(|folder| side(&folder.name) == Some(Side::Masks))
        {
            let of_masks = stems_in(&mask.path);
            if !of_masks.is_empty() && share_of(&of_masks, &stems) >= 0.5 {
                masks.insert(mask.path.clone());
            }
        }
    }
    masks
}

/// The share of `stems` that are among `others`.
fn share_of(stems: &HashSet<String>, others: &HashSet<String>) -> f64 {
    let shared = stems.iter().filter(|stem| others.contains(*stem)).count();
    shared as f64 / stems.len().max(1) as f64
}

/// What files of a folder are called, without extensions and what names add to masks.
fn stems_in(folder: &Path) -> HashSet<String> {
    super::entries::list(folder)
        .unwrap_or_default()
        .iter()
        .filter(|entry| entry.is_file())
        .map(|entry| stem_of_picture(&entry.name))
        .collect()
}

/// The name without its extension, and without `_mask` at its end.
pub(super) fn stem_of_picture(name: &str) -> String {
    let stem = stem(name);
    mask_of(stem, ENDINGS).unwrap_or(stem).to_owned()
}

pub(super) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// What `x_mask` and `x_mask_1` are masks of.
fn mask_of<'a>(stem: &'a str, endings: &[&str]) -> Option<&'a str> {
    let words = |text: &str| {
        endings
            .iter()
            .any(|ending| text.eq_ignore_ascii_case(ending))
    };
    let (before, last) = stem.rsplit_once(['_', '-', ' '])?;
    if words(last) {
        return Some(before);
    }
    if last.eq_ignore_ascii_case("truth")
        && let Some((before, ground)) = before.rsplit_once(['_', '-', ' '])
        && ground.eq_ignore_ascii_case("ground")
        && words("groundtruth")
    {
        return Some(before);
    }
    let (before, word) = before.rsplit_once(['_', '-', ' '])?;
    (last.chars().all(|letter| letter.is_ascii_digit()) && words(word)).then_some(before)
}

/// Pictures that are called like masks of others in the same folder.
pub(super) fn masks_of_others(pictures: &[PathBuf], entries: &[FolderEntry]) -> HashSet<PathBuf> {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let mut candidates = pictures
        .iter()
        .filter(|path| mask_of(stem(&name(path)), SURE_ENDINGS).is_some())
        .peekable();
    if candidates.peek().is_none() {
        return HashSet::new();
    }
    let stems: HashSet<&str> = entries
        .iter()
        .filter(|entry| by_name(&entry.name) == Some(FileKind::Picture))
        .map(|entry| stem(&entry.name))
        .collect();
    candidates
        .filter(|path| {
            let name = name(path);
            mask_of(stem(&name), SURE_ENDINGS).is_some_and(|picture| stems.contains(picture))
        })
        .cloned()
        .collect()
}

/// Files that are called like pictures beside them and tell where things are: YOLO's, VOC's, LabelMe's.
pub(super) fn beside_pictures(entries: &[FolderEntry]) -> Vec<PathBuf> {
    let is_text = |entry: &&FolderEntry| {
        entry.is_file()
            && [".txt", ".xml", ".json"]
                .iter()
                .any(|ending| entry.name.to_lowercase().ends_with(ending))
    };
    let mut texts = entries.iter().filter(is_text).peekable();
    if texts.peek().is_none() {
        return Vec::new();
    }
    let stems: HashSet<&str> = entries
        .iter()
        .filter(|entry| by_name(&entry.name) == Some(FileKind::Picture))
        .map(|entry| stem(&entry.name))
        .collect();
    let beside: Vec<&FolderEntry> = texts
        .filter(|text| stems.contains(stem(&text.name)))
        .collect();
    // One of each tells for all of them.
    if beside.iter().take(3).any(|text| locates_things(&text.path)) {
        beside.into_iter().map(|text| text.path.clone()).collect()
    } else {
        Vec::new()
    }
}

/// Whether a folder holds annotations of object detection.
pub(super) fn holds_annotations(folder: &Path) -> bool {
    const LOOKED_AT: usize = 5;
    super::entries::list(folder)
        .unwrap_or_default()
        .iter()
        .filter(|entry| entry.is_file())
        .take(LOOKED_AT)
        .any(|entry| locates_things(&entry.path))
}

/// Whether a text gives the positions of things in a picture, by its beginning.
fn locates_things(path: &Path) -> bool {
    let Ok(bytes) = first_bytes(path, 4096) else {
        return false;
    };
    let text = String::from_utf8_lossy(&bytes);
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let name = path.to_string_lossy().to_lowercase();
    if name.ends_with(".xml") {
        return holds(&["<bndbox", "<annotation", "<object"]);
    }
    if name.ends_with(".json") {
        return holds(&[
            "\"shapes\"",
            "\"bbox\"",
            "\"segmentation\"",
            "\"annotations\"",
        ]);
    }
    // A class's number, and four or more shares of width and height.
    name.ends_with(".txt")
        && text.lines().next().is_some_and(|line| {
            let numbers: Option<Vec<f64>> = line
                .split_whitespace()
                .map(|word| word.parse().ok())
                .collect();
            numbers.is_some_and(|numbers| {
                numbers.len() >= 5
                    && numbers[0].fract() == 0.0
                    && numbers[1..]
                        .iter()
                        .all(|number| (0.0..=1.0).contains(number))
            })
        })
}
