//! Folders that were read as classes and are probably something else.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::super::decode::decode;
use super::super::split_names::{self, SplitWord};
use super::super::{DataError, Dataset, Picture, Remark};
use super::annotations::{self, sides, stem_of_picture};
use super::layout::{self, FolderSearch, MAX_DEPTH};
use super::{FoundPictures, folders, nested, shortened, source_error};

/// Refuses classes that are parts of a split, or pictures and their masks, unless the experiment lists them as classes;
/// remarks on what else is doubtful.
pub(super) fn judge(
    mut found: FoundPictures,
    asked_for: &[String],
) -> Result<FoundPictures, DataError> {
    let mut counts = vec![0usize; found.classes.len()];
    for candidate in &found.candidates {
        counts[candidate.label as usize] += 1;
    }
    let classes: Vec<String> = found
        .classes
        .iter()
        .zip(&counts)
        .filter(|&(class, &count)| count > 0 || asked_for.contains(class))
        .map(|(class, _)| class.clone())
        .collect();
    let splits = layout::splits_among(classes.iter().map(String::as_str));
    if layout::look_like_parts(&classes) {
        doubt(&mut found, asked_for, splits_are_no_classes(&classes))?;
    } else if layout::is_split(splits.iter().map(|(_, word)| *word))
        && splits.iter().any(|(_, word)| *word == SplitWord::Train)
        && splits.len() * 2 >= classes.len()
    {
        let names: Vec<String> = splits.iter().map(|&(at, _)| classes[at].clone()).collect();
        doubt(&mut found, asked_for, splits_are_no_classes(&names))?;
    } else if let Some(class) = folders::class_called_like_a_split(&classes) {
        found.remarks.push(Remark::taken(format!(
            "The folder {class} is read as a class, because other classes stand beside it."
        )));
    } else if splits.len() >= 2 {
        found.remarks.push(Remark::warning(format!(
            "The classes have names of parts of a split: {}.",
            shortened(&classes, 3)
        )));
    }
    if nested::are_origins(&classes) {
        found.remarks.push(Remark::warning(format!(
            "The names of the classes say where pictures come from, not what they show: {}. If the classes stand in a table, \
             open that instead, or make one folder per class.",
            shortened(&classes, 3)
        )));
    }
    if let [first, second] = classes.as_slice()
        && sides(first, second).is_some()
    {
        doubt(&mut found, asked_for, masks_are_no_class(first, second))?;
    }
    Ok(found)
}

/// The refusal, or a warning where the experiment names these classes itself.
fn doubt(found: &mut FoundPictures, asked_for: &[String], reason: String) -> Result<(), DataError> {
    if asked_for.is_empty() {
        return Err(source_error(&found.root, reason));
    }
    found.remarks.push(Remark::warning(format!(
        "The classes are doubtful: {reason}."
    )));
    Ok(())
}

pub(super) fn splits_are_no_classes(names: &[String]) -> String {
    let of_something: Vec<String> = names
        .iter()
        .filter_map(|name| split_names::split_name(name))
        .filter(|name| !name.rest.is_empty())
        .map(|name| format!("{}/{}", name.word.folder(), name.rest))
        .collect();
    if of_something.len() == names.len() {
        return format!(
            "these look like splits, not classes: {}. Make one folder for each part of the split, and in it one folder per \
             class ({}), or list the names as the experiment's classes if they are classes",
            shortened(names, 5),
            shortened(&of_something, 3)
        );
    }
    let first = names.first().map_or("train", String::as_str);
    format!(
        "these look like splits, not classes: {}. Choose the folder again if each of them holds one folder per class; \
         else make these ({first}/cat, {first}/dog), or list the names as the experiment's classes if they are classes",
        shortened(names, 5)
    )
}

pub(super) fn masks_are_no_class(first: &str, second: &str) -> String {
    format!(
        "this looks like a segmentation set, not classes: one of {first} and {second} holds masks of the pictures in \
         the other. Graft learns one class per picture: sort the pictures alone into one folder per class, or list the \
         two as the experiment's classes if they are classes"
    )
}

/// What detection sets get to read.
pub(super) fn detection(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "these look like annotations of object detection ({name}), which Graft does not learn: it learns one class per \
         picture. Sort the pictures into one folder per class"
    )
}

/// Two classes whose files have the same names may be pictures and something that was made of them. Looks into a few.
pub(super) fn pairs(dataset: &Dataset) -> Option<Remark> {
    let [first, second] = dataset.classes.as_slice() else {
        return None;
    };
    let of = |label: u32| {
        let these = dataset
            .pictures
            .iter()
            .filter(move |picture| picture.label == label);
        these.collect::<Vec<&Picture>>()
    };
    let (ones, others) = (of(0), of(1));
    let stems = |pictures: &[&Picture]| -> BTreeSet<String> {
        pictures
            .iter()
            .map(|picture| stem_of_picture(picture.name.rsplit('/').next().unwrap_or_default()))
            .collect()
    };
    let (one_stems, other_stems) = (stems(&ones), stems(&others));
    if one_stems.len() < 2 || one_stems != other_stems {
        return None;
    }
    // `0001` or `img_0001`: whoever counts gives the same names in every class.
    let before_count = |stem: &String| {
        stem.trim_end_matches(|letter: char| letter.is_ascii_digit())
            .to_owned()
    };
    let are_counted = one_stems
        .iter()
        .map(before_count)
        .collect::<BTreeSet<_>>()
        .len()
        == 1;
    let masks = match (has_few_colours(&ones), has_few_colours(&others)) {
        (true, false) => Some(first),
        (false, true) => Some(second),
        _ => None,
    };
    let reason = match masks {
        Some(masks) => format!("those of {masks} have few colours, as masks have"),
        None if are_counted => return None,
        None => "each may be made of the other".into(),
    };
    Some(Remark::warning(format!(
        "The files of {first} and {second} have the same names, and {reason}: if these are pictures and their masks, or \
         the same pictures before and after, they are no classes."
    )))
}

/// Whether the first pictures have as few colours as masks, and more than one: a test picture may have one.
fn has_few_colours(pictures: &[&Picture]) -> bool {
    const LOOKED_AT: usize = 4;
    const FEW: usize = 24;
    pictures.iter().take(LOOKED_AT).all(|picture| {
        decode(&picture.source).is_ok_and(|pixels| {
            let colours: HashSet<&[u8]> = pixels.rgb.chunks_exact(3).take(1 << 20).collect();
            colours.len() <= FEW
        })
    })
}

/// What a folder holds that is no data set of classes, if it looks like one of another kind.
pub(super) fn other_task(
    entries: &[super::entries::FolderEntry],
    search: &FolderSearch,
) -> Option<String> {
    let folders: Vec<&super::entries::FolderEntry> =
        entries.iter().filter(|entry| entry.is_folder).collect();
    if let Some(annotated) = folders.iter().find_map(|folder| {
        let inner = super::entries::list(&folder.path).unwrap_or_default();
        let deeper = inner.iter().filter(|entry| entry.is_folder).take(8);
        std::iter::once(folder.path.clone())
            .chain(deeper.map(|entry| entry.path.clone()))
            .find(|path| annotations::holds_annotations(path))
    }) {
        return Some(detection(&annotated));
    }
    for (at, first) in folders.iter().enumerate() {
        for second in &folders[at + 1..] {
            let holds =
                |entry: &super::entries::FolderEntry| search.holds_pictures(&entry.path, MAX_DEPTH);
            if sides(&first.name, &second.name).is_some() && holds(first) && holds(second) {
                return Some(masks_are_no_class(&first.name, &second.name));
            }
        }
    }
    None
}
