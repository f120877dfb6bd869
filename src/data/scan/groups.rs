//! Which pictures belong together, by a folder's name or a pattern in the file's name. A table's column is read with
//! the table.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use regex::Regex;

use super::super::{DataError, Remark};
use super::table::{Missing, Spellings};
use super::{FoundPictures, shortened, source_error};
use crate::experiment::{Column, DataConfig, DataSource, GroupBy};

/// The column that a table has to read.
pub(super) fn column(group: Option<&GroupBy>) -> Option<&Column> {
    match group {
        Some(GroupBy::Column(column)) => Some(column),
        _ => None,
    }
}

/// Gives every candidate its group, and tells what has none.
pub(super) fn assign(found: &mut FoundPictures, config: &DataConfig) -> Result<(), DataError> {
    let Some(group) = &config.split.group else {
        return Ok(());
    };
    match group {
        GroupBy::Column(_) => {
            if !matches!(config.source, DataSource::Table { .. }) {
                return Err(source_error(
                    &found.root,
                    "pictures are grouped by a column, but they come from no table: choose “Folder”, “File name” or “No groups” \
                     under “Group by” in the Data panel (data.split.group in a preset)",
                ));
            }
        }
        GroupBy::Folder(level) => {
            for candidate in &mut found.candidates {
                candidate.group = folder(&candidate.name, *level).map(Arc::from);
            }
        }
        GroupBy::Pattern(pattern) => {
            let pattern =
                Pattern::new(pattern).map_err(|reason| source_error(&found.root, reason))?;
            for candidate in &mut found.candidates {
                candidate.group = pattern.find(&candidate.name).map(Arc::from);
            }
        }
    }
    if matches!(group, GroupBy::Column(_)) {
        forget_missing(found);
    }
    unite_spellings(found);
    if found
        .candidates
        .iter()
        .all(|candidate| candidate.group.is_none())
        && let Some(first) = found.candidates.first()
    {
        return Err(source_error(
            &found.root,
            format!(
                "no picture has a group by {group} ({} is one of them): correct “Group by” in the Data panel, or choose “No groups” \
                 (data.split.group in a preset)",
                first.name
            ),
        ));
    }
    let mut without = found
        .candidates
        .iter()
        .filter(|candidate| candidate.group.is_none());
    if let Some(first) = without.next() {
        let (count, all) = (1 + without.count(), found.candidates.len());
        let text = format!(
            "{count} of {all} pictures have no group by {group} ({} is one): each of them counts as a group of its own.",
            first.name
        );
        found.remarks.push(Remark::warning(text));
    }
    Ok(())
}

/// A cell such as `nan` or `NA` names no patient: its pictures don't belong together.
fn forget_missing(found: &mut FoundPictures) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for group in found.candidates.iter().filter_map(|one| one.group.as_ref()) {
        *counts.entry(group).or_default() += 1;
    }
    let missing = Missing::of(&counts);
    let forgotten: BTreeSet<String> = counts
        .into_keys()
        .filter(|group| missing.is_missing(group))
        .map(|group| format!("“{group}”"))
        .collect();
    if forgotten.is_empty() {
        return;
    }
    for candidate in &mut found.candidates {
        let is_missing = |group: &Arc<str>| missing.is_missing(group);
        candidate.group = candidate.group.take().filter(|group| !is_missing(group));
    }
    let forgotten: Vec<String> = forgotten.into_iter().collect();
    found.remarks.push(Remark::taken(format!(
        "{} in the group column means that a picture belongs to no group.",
        shortened(&forgotten, 5)
    )));
}

/// A patient whom one table calls 12 and another 12.0 is one group, as in labels.
fn unite_spellings(found: &mut FoundPictures) {
    let groups = found.candidates.iter().filter_map(|one| one.group.clone());
    let all: Vec<Arc<str>> = groups.collect();
    let spellings = Spellings::of_groups(all.iter().map(Arc::as_ref));
    let pairs = |groups: Vec<Vec<&str>>| -> Vec<String> {
        let quoted = |group: &Vec<&str>| format!("“{}”", group.join("” and “"));
        groups.iter().map(quoted).collect()
    };
    let united = pairs(spellings.united());
    let alike = pairs(spellings.nearly_alike());
    if !united.is_empty() {
        for candidate in &mut found.candidates {
            if let Some(group) = &candidate.group {
                let common = spellings.common(group);
                if *common != **group {
                    candidate.group = Some(common.into());
                }
            }
        }
        found.remarks.push(Remark::warning(format!(
            "Groups that are written differently are taken as one: {}.",
            shortened(&united, 5)
        )));
    }
    if !alike.is_empty() {
        found.remarks.push(Remark::warning(format!(
            "Groups whose names differ in upper and lower case only are kept apart: {}. If they are one, write them alike, or \
             its pictures may be used for training and for the test.",
            shortened(&alike, 5)
        )));
    }
}

/// The name of the folder that holds a picture (level 1), or of one above it.
pub(in super::super) fn folder(name: &str, level: usize) -> Option<&str> {
    name.rsplit('/').nth(level).filter(|part| !part.is_empty())
}

/// A pattern in names of pictures.
pub(in super::super) struct Pattern {
    regex: Regex,
    /// Whether it is about the whole name and not only the file's.
    spans_folders: bool,
}

impl Pattern {
    pub fn new(pattern: &str) -> Result<Self, String> {
        Ok(Self {
            regex: Regex::new(pattern)
                .map_err(|error| format!("data.split.group is no regular expression ({error})"))?,
            spans_folders: pattern.contains('/'),
        })
    }

    /// What its first group matches, or all that it matches.
    pub fn find<'a>(&self, name: &'a str) -> Option<&'a str> {
        let text = if self.spans_folders {
            name
        } else {
            name.rsplit('/').next().unwrap_or(name)
        };
        let captures = self.regex.captures(text)?;
        captures
            .get(1)
            .or_else(|| captures.get(0))
            .map(|found| found.as_str())
            .filter(|found| !found.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_counted_from_the_picture() {
        let name = "train/cat/p7/1.png";
        assert_eq!(folder(name, 1), Some("p7"));
        assert_eq!(folder(name, 2), Some("cat"));
        assert_eq!(folder(name, 4), None);
        assert_eq!(folder("1.png", 1), None);
    }

    #[test]
    fn a_pattern_is_about_the_file_unless_it_has_a_slash() {
        let find = |pattern: &str, name: &str| {
            let pattern = Pattern::new(pattern).unwrap();
            pattern.find(name).map(str::to_owned)
        };
        assert_eq!(
            find(r"^(p\d+)_", "cat/p012_03.jpg").as_deref(),
            Some("p012")
        );
        assert_eq!(find(r"p\d+", "cat/p012_03.jpg").as_deref(), Some("p012"));
        assert_eq!(find(r"^\w+/(\w+)/", "cat/p9/03.jpg").as_deref(), Some("p9"));
        assert_eq!(find(r"^(p\d+)_", "cat/x.jpg"), None);
        assert!(Pattern::new("(").is_err());
    }
}
