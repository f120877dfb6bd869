//! Folders and a table that name classes of the same pictures: which of them is taken, and what is said of the other.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::super::split_names::{is_uninformative, split_word};
use super::super::{DataError, Remark, StopFlag};
use super::names::spelling;
use super::table::{self, recognise::Beside};
use super::{FoundPictures, count, doubts, folders, nested, shortened, source_error};
use crate::experiment::DataSource;

/// The table of a folder instead of its folders, where these are not its labels (`patient1`, `site_A`).
///
/// # Errors
/// When the folders are not the classes, and the table can't be read.
pub(super) fn choose(folder: &Path, folders: DataSource) -> Result<DataSource, DataError> {
    let stop = StopFlag::default();
    let read_folders = || {
        let found = match &folders {
            DataSource::SplitFolders { path } => folders::split_folders(path, &stop),
            _ => folders::class_folders(folder, &stop),
        };
        doubts::judge(found?, &[])
    };
    let beside = table::recognise::beside_folders(folder);
    let Some(Beside { source, labels, .. }) = beside.best else {
        let unread = beside
            .unread
            .iter()
            .find(|(name, _)| table::recognise::is_named_for_labels(name));
        if let Some((name, reason)) = unread
            && let Ok(found) = read_folders()
            && nested::are_origins(&found.classes)
        {
            return Err(source_error(
                folder,
                format!(
                    "the folders ({}) are called like what pictures come from, not like classes, and {name} can't be read \
                     ({reason}): write a table with one line per picture, its path and its class",
                    shortened(&found.classes, 3)
                ),
            ));
        }
        return Ok(folders);
    };
    let by_table = read_table(&source, &stop);
    let Ok(by_folders) = read_folders() else {
        let is_read = by_table.is_ok_and(|found| !found.candidates.is_empty());
        return Ok(if is_read { source } else { folders });
    };
    if are_same_names(&by_folders.classes, &labels) {
        return Ok(folders);
    }
    let by_table = match by_table {
        Ok(by_table) => by_table,
        Err(error) if nested::are_origins(&by_folders.classes) => return Err(error),
        Err(_) => return Ok(folders),
    };
    if let Some(reason) = unclear(&by_table) {
        return Err(source_error(
            folder,
            format!(
                "{} gives these pictures labels, but {reason}. If the folders are the classes, move the table away",
                file_name(&source)
            ),
        ));
    }
    let compared = compare(&by_folders, &by_table);
    let lists_most = compared.both * 2 >= by_folders.candidates.len();
    if let Some(only) = compared.only_folder
        && lists_most
        && !compared.is_same
        && by_folders.classes.len() >= 2
    {
        return Err(source_error(
            folder,
            format!(
                "{} lists pictures in {} alone, and nothing tells what the other folders are: choose the table itself to \
                 learn its labels, or move it away if the folders are the classes",
                file_name(&source),
                by_folders.classes[only as usize]
            ),
        ));
    }
    Ok(if lists_most && !compared.is_same && !compared.is_finer {
        source
    } else {
        folders
    })
}

/// What tables beside folders of classes say that the folders don't.
pub(super) fn tables_beside(found: &FoundPictures) -> Vec<Remark> {
    let beside = table::recognise::beside_folders(&found.root);
    let mut remarks: Vec<Remark> = beside
        .unread
        .iter()
        .filter(|(name, _)| table::recognise::is_named_for_labels(name))
        .map(|(name, reason)| {
            Remark::warning(format!(
                "The table {name} beside the folders is not read ({reason}): the folders are the classes."
            ))
        })
        .collect();
    let Some(Beside { source, labels, .. }) = beside.best else {
        return remarks;
    };
    let name = file_name(&source);
    let text = match read_table(&source, &StopFlag::default()) {
        Err(DataError::Source { reason, .. }) => Some(format!(
            "{name} gives these pictures labels, too, and is not read ({reason}): the folders are taken for the classes."
        )),
        Err(_) => None,
        Ok(by_table) => {
            let compared = compare(found, &by_table);
            if let Some(reason) =
                unclear(&by_table).filter(|_| !are_same_names(&found.classes, &labels))
            {
                Some(format!(
                    "{name} gives these pictures labels, too, but {reason}: the folders are taken for the classes."
                ))
            } else if compared.both == 0 || compared.is_same {
                None
            } else if are_same_names(&found.classes, &labels) {
                Some(format!(
                    "{name} gives {} another class than {} ({}): the folders are used. Choose {name} itself to \
                     use its labels.",
                    count(compared.different, "picture", "pictures"),
                    if compared.different == 1 {
                        "its folder"
                    } else {
                        "their folders"
                    },
                    compared.example.unwrap_or_default()
                ))
            } else {
                let labels: Vec<String> = labels.into_iter().collect();
                Some(format!(
                    "{name} gives these pictures labels that are not the folders' names ({}): the folders are used. \
                     Choose {name} itself to learn its labels.",
                    shortened(&labels, 3)
                ))
            }
        }
    };
    remarks.extend(text.map(Remark::warning));
    remarks
}

/// Pictures of a table that lie in folders called like other classes than their own.
pub(super) fn folders_of_table(found: &FoundPictures) -> Option<Remark> {
    let by_name: HashMap<String, u32> = (0u32..)
        .zip(&found.classes)
        .map(|(label, class)| (plain(class), label))
        .collect();
    let (mut same, mut different, mut example) = (0, 0, None);
    let mut seen = BTreeSet::new();
    for candidate in &found.candidates {
        let folders = candidate.name.rsplit('/').skip(1);
        let named: Vec<u32> = folders
            .filter(|folder| !is_uninformative(folder) && split_word(folder).is_none())
            .filter_map(|folder| by_name.get(&plain(folder)).copied())
            .collect();
        seen.extend(named.iter().copied());
        if named.contains(&candidate.label) {
            same += 1;
        } else if !named.is_empty() {
            different += 1;
            example.get_or_insert(candidate);
        }
    }
    let example = example.filter(|_| seen.len() >= 2)?;
    let are_numbers = found
        .classes
        .iter()
        .all(|class| class.parse::<f64>().is_ok());
    if are_numbers && same < different {
        return None;
    }
    Some(Remark::warning(format!(
        "{} in {} with the name of another class than the table says: {} is {} by the table, which is used.",
        count(different, "picture lies", "pictures lie"),
        if different == 1 {
            "a folder"
        } else {
            "folders"
        },
        example.name,
        found.classes.get(example.label as usize)?
    )))
}

/// What is unclear of a table of which no picture was found, because its cells may mean several.
fn unclear(by_table: &FoundPictures) -> Option<String> {
    let mut problems = by_table.problems.iter();
    let first = problems.find(|problem| problem.reason.starts_with("could be "))?;
    let name = first.path.file_name().unwrap_or_default().to_string_lossy();
    by_table
        .candidates
        .is_empty()
        .then(|| format!("{name} {}", first.reason))
}

struct Comparison {
    /// Pictures that both list.
    both: usize,
    /// Whether one class of the folders is one of the table.
    is_same: bool,
    /// Whether every class of the table lies in one folder, and some folders hold several.
    is_finer: bool,
    /// The one folder, if there are others, that holds all pictures of the table.
    only_folder: Option<u32>,
    /// Pictures whose classes are not called alike.
    different: usize,
    example: Option<String>,
}

fn compare(by_folders: &FoundPictures, by_table: &FoundPictures) -> Comparison {
    let labels: HashMap<&Path, u32> = by_table
        .candidates
        .iter()
        .map(|candidate| (candidate.source.path(), candidate.label))
        .collect();
    let mut pairs = BTreeSet::new();
    let (mut both, mut different, mut example) = (0, 0, None);
    for candidate in &by_folders.candidates {
        let Some(&label) = labels.get(candidate.source.path()) else {
            continue;
        };
        both += 1;
        pairs.insert((candidate.label, label));
        let own = &by_folders.classes[candidate.label as usize];
        let other = &by_table.classes[label as usize];
        if plain(own) != plain(other) {
            different += 1;
            example.get_or_insert_with(|| format!("{} is {other}", candidate.name));
        }
    }
    let of_folders: BTreeSet<u32> = pairs.iter().map(|(own, _)| *own).collect();
    let of_table: BTreeSet<u32> = pairs.iter().map(|(_, label)| *label).collect();
    let lies_in_one = of_table.len() == pairs.len();
    Comparison {
        both,
        is_same: lies_in_one && of_folders.len() == pairs.len(),
        is_finer: lies_in_one && of_folders.len() < pairs.len(),
        only_folder: of_folders
            .first()
            .copied()
            .filter(|_| of_folders.len() == 1),
        different,
        example,
    }
}

fn read_table(source: &DataSource, stop: &StopFlag) -> Result<FoundPictures, DataError> {
    let source = table::Source::of(source, Path::to_path_buf).ok_or(DataError::NoSource)?;
    table::find(&source, &[], stop)
}

fn file_name(source: &DataSource) -> String {
    let DataSource::Table { file, .. } = source else {
        return String::new();
    };
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Whether at least half of the folders are called like labels.
fn are_same_names(classes: &[String], labels: &BTreeSet<String>) -> bool {
    let labels: BTreeSet<String> = labels.iter().map(|label| plain(label)).collect();
    let same = classes
        .iter()
        .filter(|class| labels.contains(&plain(class)));
    same.count() * 2 >= classes.len().max(1)
}

/// Letters and digits alone: `Great White` is `great_white`.
fn plain(name: &str) -> String {
    let name = spelling(name).to_lowercase();
    let plain: String = name
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect();
    if plain.is_empty() { name } else { plain }
}
