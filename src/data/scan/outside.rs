//! What lies beside a data set, where it was found further in than the folder that a person chose.

use std::path::Path;

use super::super::split_names::{is_uninformative, split_word, tokens};
use super::super::{Problem, Remark};
use super::entries::{FolderEntry, list, list_all};
use super::file_kinds::{self, FileKind, HIDDEN, HIDDEN_FOLDER};
use super::layout::{FolderSearch, MAX_DEPTH};
use super::shortened;
use crate::experiment::DataSource;

const BESIDE: &str = "lies beside the folder that is taken for the data set, and is not read";

/// What lies in the folder `chosen` beside the `source` that was recognised in it, and what a person should know of it.
pub fn outside(chosen: &Path, source: &DataSource) -> (Vec<Problem>, Vec<Remark>) {
    let (mut problems, mut remarks) = (Vec::new(), Vec::new());
    let below = match source {
        DataSource::Table { .. } => None,
        source => source
            .folder()
            .and_then(|root| root.strip_prefix(chosen).ok()),
    };
    let (mut pictures, mut lists) = (Vec::new(), Vec::new());
    let search = FolderSearch::new();
    let mut at = chosen.to_path_buf();
    for part in below.into_iter().flatten() {
        let next = at.join(part);
        for entry in list_all(&at).unwrap_or_default() {
            if entry.path == next {
                continue;
            }
            let reason = match (entry.is_hidden, entry.is_folder) {
                (true, true) => HIDDEN_FOLDER,
                (true, false) => HIDDEN,
                _ => BESIDE,
            };
            problems.push(Problem {
                path: entry.path.clone(),
                reason: reason.to_owned(),
            });
            if !entry.is_hidden {
                let name = super::relative_name(&entry.path, chosen);
                lists.extend(split_lists(&entry, chosen));
                if holds_pictures(&entry, &search) {
                    pictures.push(name);
                }
            }
        }
        at = next;
    }
    let Some(root) = below.filter(|below| !below.as_os_str().is_empty()) else {
        return (problems, remarks);
    };
    let root = root.display();
    if !pictures.is_empty() {
        remarks.push(Remark::warning(format!(
            "The data set is the folder {root}; pictures beside it are not used: {}.",
            shortened(&pictures, 3)
        )));
    }
    if !lists.is_empty() {
        remarks.push(Remark::warning(format!(
            "{} may say how the pictures are to be split, and is not read: Graft may test on pictures that others train on. To \
             split as it says, move the pictures into folders for training and test, or write a table with a column for the \
             split.",
            shortened(&lists, 3)
        )));
    }
    (problems, remarks)
}

fn holds_pictures(entry: &FolderEntry, search: &FolderSearch) -> bool {
    if entry.is_folder {
        return search.holds_pictures(&entry.path, MAX_DEPTH);
    }
    entry.is_file()
        && file_kinds::of_file(&entry.path, &entry.name)
            .is_ok_and(|kind| matches!(kind, FileKind::Picture | FileKind::PictureByContent))
}

/// Texts named for parts of a split: `train_test_split.txt`, `meta/test.txt`, `splits.json`.
fn split_lists(entry: &FolderEntry, root: &Path) -> Vec<String> {
    const TEXTS: [&str; 5] = [".txt", ".json", ".csv", ".tsv", ".mat"];
    let is_list = |entry: &FolderEntry| {
        let name = entry.name.to_lowercase();
        let Some(stem) = TEXTS.iter().find_map(|end| name.strip_suffix(end)) else {
            return false;
        };
        let words = tokens(stem);
        let is_part = |word: &String| split_word(word).is_some();
        let is_silent = |word: &String| is_uninformative(word) || word == "list";
        entry.is_file()
            && (words.iter().any(is_part)
                && words.iter().all(|word| is_part(word) || is_silent(word))
                || words.iter().any(|word| word == "split" || word == "splits"))
    };
    if entry.is_folder {
        let inner = list(&entry.path).unwrap_or_default();
        let lists = inner.iter().filter(|entry| is_list(entry));
        return lists
            .map(|entry| super::relative_name(&entry.path, root))
            .collect();
    }
    let names = is_list(entry).then(|| super::relative_name(&entry.path, root));
    names.into_iter().collect()
}
