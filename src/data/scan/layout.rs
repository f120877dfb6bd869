//! Which folders of a data set are splits, and which are classes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::super::Split;
use super::super::split_names::{self, SplitName, SplitWord};
use super::entries::{FolderEntry, list};
use super::names::spelling;

pub(super) use super::folder_search::{FolderSearch, MAX_DEPTH};

/// An archive often unpacks to a folder within a folder.
pub(super) const MAX_NESTING: u32 = 3;

/// Folders that are looked into for splits within classes.
const CLASSES_LOOKED_AT: usize = 20;

/// A folder for one part of the split.
pub(super) struct SplitFolder<'a> {
    pub entry: &'a FolderEntry,
    pub word: SplitWord,
    /// `None` for pictures without a class.
    pub split: Option<Split>,
}

/// Those of these entries that are called like parts of a split.
pub(super) fn splits(entries: &[FolderEntry]) -> Vec<SplitFolder<'_>> {
    let folders: Vec<&FolderEntry> = entries
        .iter()
        .filter(|entry| entry.is_folder && !entry.is_hidden)
        .collect();
    let mut named = splits_among(folders.iter().map(|folder| folder.name.as_str()));
    let words = || named.iter().map(|(_, word)| *word);
    if !(is_split(words()) && words().any(|word| word == SplitWord::Train))
        && let Some(others) = splits_of_any_name(&folders)
    {
        named = others;
    }
    let words: Vec<SplitWord> = named.iter().map(|(_, word)| *word).collect();
    named
        .into_iter()
        .zip(split_names::assign(&words))
        .map(|((at, word), split)| SplitFolder {
            entry: folders[at],
            word,
            split,
        })
        .collect()
}

/// Which of these names are parts of one split, by their position: those that say nothing else, or those that have all
/// else in common (`flowers_train`, `flowers_test`).
pub(super) fn splits_among<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(usize, SplitWord)> {
    let named: Vec<Option<SplitName>> = names.map(split_names::split_name).collect();
    let with_rest = |rest: &str| -> Vec<(usize, &SplitName)> {
        let numbered = named.iter().enumerate();
        numbered
            .filter_map(|(at, name)| Some((at, name.as_ref()?)))
            .filter(|(_, name)| name.rest == rest)
            .collect()
    };
    let plain = with_rest("");
    let chosen = if plain.is_empty() {
        let rests: HashSet<&str> = named
            .iter()
            .flatten()
            .map(|name| name.rest.as_str())
            .collect();
        let in_common = match rests.into_iter().collect::<Vec<_>>().as_slice() {
            [rest] => with_rest(rest),
            _ => Vec::new(),
        };
        if is_split(in_common.iter().map(|(_, name)| name.word)) {
            in_common
        } else {
            Vec::new()
        }
    } else {
        plain
    };
    // Abbreviations count where nothing else stands beside them: `tr` may be Turkish.
    let all_are = chosen.len() == named.len();
    chosen
        .into_iter()
        .filter(|(_, name)| all_are || !name.is_weak)
        .map(|(at, name)| (at, name.word))
        .collect()
}

/// The folders as parts of one split whatever else they are called (`train_v2`, `kaggle_test`), if each is for a part,
/// and what they hold says so, too: classes for training and test of the same names, or one folder for each part.
fn splits_of_any_name(folders: &[&FolderEntry]) -> Option<Vec<(usize, SplitWord)>> {
    let named: Vec<Option<SplitWord>> = folders
        .iter()
        .map(|folder| sure_split_name(&folder.name).map(|name| name.word))
        .collect();
    let splits: Vec<(usize, SplitWord)> = named
        .iter()
        .enumerate()
        .filter_map(|(at, word)| Some((at, (*word)?)))
        .collect();
    let words = || splits.iter().map(|(_, word)| *word);
    if !is_split(words()) || !words().any(|word| word == SplitWord::Train) {
        return None;
    }
    let search = FolderSearch::new();
    let has_others = folders
        .iter()
        .zip(&named)
        .any(|(folder, word)| word.is_none() && search.holds_pictures(&folder.path, MAX_DEPTH));
    if has_others {
        return None;
    }
    let of_training = |wanted: bool| {
        splits
            .iter()
            .filter(move |(_, word)| (*word == SplitWord::Train) == wanted)
            .map(|(at, _)| *at)
    };
    let classes = |at: usize| -> HashSet<String> {
        let inner = list(&folders[at].path).unwrap_or_default();
        let inner = inner.iter().filter(|entry| entry.is_folder);
        inner.map(|entry| spelling(&entry.name)).collect()
    };
    let are_same = || {
        of_training(true).any(|train| {
            let own = classes(train);
            own.len() >= 2
                && of_training(false).any(|other| own.intersection(&classes(other)).count() >= 2)
        })
    };
    let has_classes = || {
        of_training(true)
            .any(|train| class_root(&folders[train].path, &HashSet::new(), &search).is_some())
    };
    let is_each_once = words().collect::<HashSet<_>>().len() == splits.len();
    (is_each_once && has_classes() || are_same()).then_some(splits)
}

/// The part of a split in a name, but for two letters that may mean anything.
fn sure_split_name(name: &str) -> Option<SplitName> {
    split_names::split_name(name).filter(|name| !name.is_abbreviated)
}

/// Whether names of flat folders are those of parts of a split, whatever else they say: each for another part
/// (`train_v2`, `kaggle_test`), or several parts of the same thing (`cats_train`, `cats_test`, `dogs_train`).
pub(super) fn look_like_parts(names: &[String]) -> bool {
    let named: Option<Vec<SplitName>> = names.iter().map(|name| sure_split_name(name)).collect();
    let named = named.unwrap_or_default();
    let words = || named.iter().map(|name| name.word);
    if !is_split(words()) || !words().any(|word| word == SplitWord::Train) {
        return false;
    }
    let is_each_once = words().collect::<HashSet<_>>().len() == named.len();
    is_each_once
        || named.iter().any(|name| name.rest.is_empty())
        || named.iter().any(|train| {
            let mut same = named.iter().filter(|other| other.rest == train.rest);
            train.word == SplitWord::Train && same.any(|other| other.word != SplitWord::Train)
        })
}

/// Whether these words divide a data set: training pictures and others, or at least two other parts.
pub(super) fn is_split(words: impl Iterator<Item = SplitWord>) -> bool {
    let different: HashSet<SplitWord> = words.collect();
    different.len() >= 2
}

/// Whether folders of classes hold folders of splits: `cat/train`, `dog/train`.
pub(super) fn has_splits_in_classes(entries: &[FolderEntry]) -> bool {
    let search = FolderSearch::new();
    let divided = |entry: &&FolderEntry| {
        search.holds_pictures(&entry.path, 1)
            && list(&entry.path).is_ok_and(|inner| {
                let splits = splits(&inner);
                splits.iter().any(|split| split.word == SplitWord::Train)
                    && is_split(splits.iter().map(|split| split.word))
            })
    };
    let folders = entries.iter().filter(|entry| entry.is_folder);
    folders
        .take(CLASSES_LOOKED_AT)
        .filter(divided)
        .take(2)
        .count()
        == 2
}

/// Whether several folders are data sets, each with splits of its own that hold folders of the same names: `fold1/train/cat`,
/// `fold2/train/cat`.
pub(super) fn holds_divided_sets(entries: &[FolderEntry]) -> bool {
    let classes = |entry: &FolderEntry| -> HashSet<String> {
        let inner = list(&entry.path).unwrap_or_default();
        let splits = splits(&inner);
        if !is_split(splits.iter().map(|split| split.word)) {
            return HashSet::new();
        }
        let train = splits.iter().find(|split| split.word == SplitWord::Train);
        let classes = train.map(|split| list(&split.entry.path).unwrap_or_default());
        let folders = classes
            .into_iter()
            .flatten()
            .filter(|entry| entry.is_folder);
        folders.map(|entry| spelling(&entry.name)).collect()
    };
    let folders = entries.iter().filter(|entry| entry.is_folder);
    let mut sets = folders
        .take(CLASSES_LOOKED_AT)
        .map(classes)
        .filter(|classes| classes.len() >= 2);
    match (sets.next(), sets.next()) {
        (Some(first), Some(second)) => first.intersection(&second).count() >= 2,
        _ => false,
    }
}

/// The folder that holds the classes of a split folder: itself, or one within it (`train/images/cat`,
/// `seg_train/seg_train/sea`); `None` where its pictures lie in no folders of classes. `known` are classes of other
/// splits.
pub(super) fn class_root(
    split: &Path,
    known: &HashSet<String>,
    search: &FolderSearch,
) -> Option<PathBuf> {
    let mut folder = split.to_path_buf();
    for _ in 0..MAX_NESTING {
        let entries = list(&folder).ok()?;
        let holding: Vec<&FolderEntry> = entries
            .iter()
            .filter(|entry| entry.is_folder && search.holds_pictures(&entry.path, MAX_DEPTH))
            .collect();
        match holding.as_slice() {
            // Whatever is wrong with their files, these are classes.
            [] => {
                let mut folders = entries.iter().filter(|entry| entry.is_folder);
                let is_known = folders.any(|entry| known.contains(&spelling(&entry.name)));
                return is_known.then_some(folder);
            }
            [only] if !known.contains(&spelling(&only.name)) => {
                let inner = search.folders_with_pictures(&only.path, 2);
                let is_wrapper = split_names::is_uninformative(&only.name)
                    || split_names::split_word(&only.name).is_some();
                if inner >= 2 || inner == 1 && is_wrapper {
                    folder = only.path.clone();
                } else if is_wrapper {
                    return None;
                } else {
                    return Some(folder);
                }
            }
            _ => return Some(folder),
        }
    }
    Some(folder)
}

/// The names of the classes of split folders, as far as they can't be anything else.
pub(super) fn known_classes(splits: &[SplitFolder<'_>], search: &FolderSearch) -> HashSet<String> {
    let mut known = HashSet::new();
    for split in splits {
        let Some(root) = class_root(&split.entry.path, &HashSet::new(), search) else {
            continue;
        };
        let names: Vec<String> = list(&root)
            .unwrap_or_default()
            .iter()
            .filter(|entry| entry.is_folder)
            .map(|entry| spelling(&entry.name))
            .collect();
        if names.len() >= 2 {
            known.extend(names);
        }
    }
    known
}
