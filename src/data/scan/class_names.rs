//! Which folders are one class: those with one name, or with names that differ only in what a person can't see.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::super::{Remark, Split};
use super::names::{Names, spelling};

/// A folder that is named after its class.
pub(super) struct ClassFolder {
    pub path: PathBuf,
    /// The part of the split that it lies in.
    pub split: Option<Split>,
}

/// A class and the numbers of its folders.
pub(super) struct Class {
    pub name: String,
    pub folders: Vec<usize>,
}

/// The classes of folders, in alphabetical order, and what was decided on the way. A name that is spelled in one way
/// stays as it is on the disk.
pub(super) fn classes(folders: &[ClassFolder], names: Names) -> (Vec<Class>, Vec<Remark>) {
    let mut remarks = Vec::new();
    let mut by_spelling: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, folder) in folders.iter().enumerate() {
        let readable = readable(&folder.path, names);
        by_spelling
            .entry(spelling(&readable))
            .or_default()
            .push(number);
    }
    let mut classes: Vec<Class> = Vec::new();
    for (spelling, numbers) in by_spelling {
        let written: BTreeSet<String> = numbers
            .iter()
            .map(|&number| readable(&folders[number].path, names))
            .collect();
        let encoded: BTreeSet<&std::ffi::OsStr> = numbers
            .iter()
            .filter_map(|&number| folders[number].path.file_name())
            .collect();
        let mut written = written.into_iter();
        let name = match (written.next(), written.next()) {
            (Some(only), None) => only,
            _ => spelling,
        };
        if encoded.len() > 1 {
            remarks.push(merged(&name, &numbers, folders, names));
        }
        classes.push(Class {
            name,
            folders: numbers,
        });
    }
    let mut classes = join_cases(classes, folders, &mut remarks);
    make_unique(&mut classes);
    classes.sort_by(|a, b| a.name.cmp(&b.name));
    (classes, remarks)
}

fn readable(path: &Path, names: Names) -> String {
    names
        .readable(path.file_name().unwrap_or_default())
        .into_owned()
}

/// Why folders that are called otherwise are one class.
fn merged(name: &str, numbers: &[usize], folders: &[ClassFolder], names: Names) -> Remark {
    let written: Vec<String> = numbers
        .iter()
        .map(|&number| readable(&folders[number].path, names))
        .collect();
    let has_spaces = written.iter().any(|written| written.trim() != written);
    let difference = if has_spaces {
        "spaces at the beginning or end"
    } else if numbers.iter().any(|&number| {
        folders[number]
            .path
            .file_name()
            .is_some_and(|name| name.to_str().is_none())
    }) {
        "the encoding"
    } else {
        "how accents are stored (NFC and NFD)"
    };
    let text = format!(
        "Class {name} has {} folders whose names differ only in {difference}: they are read as one class.",
        numbers.len()
    );
    if stand_side_by_side(numbers, folders) {
        Remark::warning(text + " If they are two classes, rename one of them.")
    } else {
        Remark::taken(text)
    }
}

/// Joins classes whose names differ in capitals, unless two of them stand in one folder: whoever sorts letters has
/// both an A and an a.
fn join_cases(
    classes: Vec<Class>,
    folders: &[ClassFolder],
    remarks: &mut Vec<Remark>,
) -> Vec<Class> {
    let mut by_letters: BTreeMap<String, Vec<Class>> = BTreeMap::new();
    for class in classes {
        let letters = spelling(&class.name).to_lowercase();
        by_letters.entry(letters).or_default().push(class);
    }
    let mut kept = Vec::new();
    let mut apart = Vec::new();
    for same in by_letters.into_values() {
        if same.len() < 2 {
            kept.extend(same);
            continue;
        }
        let written: Vec<String> = same
            .iter()
            .map(|class| format!("“{}”", class.name))
            .collect();
        let one_each: Vec<usize> = same
            .iter()
            .flat_map(|class| first_in_each(class, folders))
            .collect();
        if stand_side_by_side(&one_each, folders) {
            apart.push(written.join(" and "));
            kept.extend(same);
            continue;
        }
        // As the training pictures' folder spells it.
        let in_train = same.iter().find(|class| {
            let mut splits = class.folders.iter().map(|&number| folders[number].split);
            splits.any(|split| split == Some(Split::Train))
        });
        let Some(name) = in_train.or(same.first()).map(|class| class.name.clone()) else {
            continue;
        };
        remarks.push(Remark::warning(format!(
            "{} are read as one class, {name}: their names differ only in capitals and stand in different parts of \
             the split. If they are two classes, rename one of them.",
            written.join(" and ")
        )));
        let mut numbers: Vec<usize> = same.into_iter().flat_map(|class| class.folders).collect();
        numbers.sort_unstable();
        kept.push(Class {
            name,
            folders: numbers,
        });
    }
    if !apart.is_empty() {
        remarks.push(Remark::warning(format!(
            "{} differ only in capitals and are different classes: if they are one class, put their pictures into one folder.",
            super::shortened(&apart, 3)
        )));
    }
    kept
}

/// One folder of a class for each folder that it lies in: several were merged already.
fn first_in_each(class: &Class, folders: &[ClassFolder]) -> Vec<usize> {
    let mut seen = HashSet::new();
    class
        .folders
        .iter()
        .copied()
        .filter(|&number| seen.insert(folders[number].path.parent()))
        .collect()
}

/// Whether two of these folders lie in one.
fn stand_side_by_side(numbers: &[usize], folders: &[ClassFolder]) -> bool {
    let mut parents = HashSet::new();
    numbers
        .iter()
        .any(|&number| !parents.insert(folders[number].path.parent()))
}

/// Names that could not be told from each other any more get a number.
fn make_unique(classes: &mut [Class]) {
    let mut copies: HashMap<String, usize> = HashMap::new();
    let taken: HashSet<String> = classes.iter().map(|class| class.name.clone()).collect();
    for class in classes {
        let copy = copies.entry(class.name.clone()).or_insert(0);
        *copy += 1;
        while *copy > 1 && taken.contains(&format!("{}~{copy}", class.name)) {
            *copy += 1;
        }
        if *copy > 1 {
            class.name = format!("{}~{copy}", class.name);
        }
    }
}
