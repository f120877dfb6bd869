//! Groups that a person may have forgotten: several pictures of one patient, cell or video on two sides of a split.

use std::collections::{BTreeMap, BTreeSet};

use super::super::scan::{Pattern, folder_of_name};
use super::super::{Dataset, Remark, Split, SplitIndices};
use super::remarks::parts;
use crate::experiment::GroupBy;

/// What file names of several pictures of one thing look like.
const PATTERNS: [&str; 5] = [
    // Roboflow's augmented copies: `dog_jpg.rf.0a1b2c.jpg`.
    r"^(.+)\.rf\.",
    // Frames, slices and views: `clip-A_frame_003.png`.
    r"(?i)^(.+?)[_-](?:frame|slice|view|crop|tile|patch|aug)[_-]?\d+",
    // `p012_03.jpg`, `00000001_000.png`.
    r"^([A-Za-z]*\d+)[_-]",
    // Patient and plate in one: `C33P1thinF_IMG_20150619_114756a_cell_179.png`.
    r"^([A-Za-z]+\d+[A-Za-z]+\d+[A-Za-z]*)[_-]",
    // `patient_012_03.jpg`.
    r"^([A-Za-z]+[_-]\d+)[_-]",
];

/// Pictures that are looked at first …
const SAMPLE: usize = 200;
/// … of which fewer don't fit where nine in ten of all do.
const LEAST_SAMPLED: f64 = 0.7;
/// Of all pictures, the least share that a pattern must fit.
const LEAST_SHARE: f64 = 0.9;
/// Fewer groups are kinds of pictures rather than things.
const LEAST_GROUPS: usize = 5;
/// Pictures that a group of a class has on average, at least.
const LEAST_MEAN: f64 = 2.0;
/// Of near duplicates that cross the split, the least share that must have a group in common.
const LEAST_PAIRS: f64 = 0.5;

/// A way to tell groups from names.
enum Key {
    Folder(usize),
    Pattern(Pattern),
}

impl Key {
    fn find<'a>(&self, name: &'a str) -> Option<&'a str> {
        match self {
            // The outermost folder is the class or the part of the split.
            Self::Folder(level) => {
                folder_of_name(name, *level).filter(|_| name.matches('/').count() > *level)
            }
            Self::Pattern(pattern) => pattern.find(name),
        }
    }
}

/// The ways that are tried, the likeliest first.
fn keys() -> Vec<(GroupBy, Key)> {
    let folders = (1..=2).map(|level| (GroupBy::Folder(level), Key::Folder(level)));
    let patterns = PATTERNS.iter().filter_map(|pattern| {
        let key = Key::Pattern(Pattern::new(pattern).ok()?);
        Some((GroupBy::Pattern((*pattern).to_owned()), key))
    });
    folders.chain(patterns).collect()
}

/// Whether a name ends in a day of these two centuries: `IMG_20230401`.
fn ends_in_date(name: &str) -> bool {
    let digits = name.len()
        - name
            .trim_end_matches(|sign: char| sign.is_ascii_digit())
            .len();
    let date = match digits {
        8 => &name[name.len() - 8..],
        _ => return false,
    };
    let part = |range: std::ops::Range<usize>| date[range].parse::<u32>().unwrap_or_default();
    (1900..2100).contains(&part(0..4))
        && (1..=12).contains(&part(4..6))
        && (1..=31).contains(&part(6..8))
}

/// The group of every picture, of which name and class are given, if the names tell things of which there are several
/// pictures, rather than classes or single pictures.
fn plausible<'a>(pictures: &[(&'a str, &'a str)], key: &Key) -> Option<Vec<Option<&'a str>>> {
    // Most names are of no such kind, and a few of them tell it.
    let step = (pictures.len() / SAMPLE).max(1);
    let sampled = || pictures.iter().step_by(step);
    let fitting = sampled().filter(|(name, _)| key.find(name).is_some());
    if (fitting.count() as f64) < LEAST_SAMPLED * sampled().count() as f64 {
        return None;
    }
    let classes: BTreeSet<&str> = pictures.iter().map(|(_, class)| *class).collect();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut within_classes: BTreeSet<(&str, &str)> = BTreeSet::new();
    let groups: Vec<Option<&str>> = pictures
        .iter()
        .map(|&(name, class)| {
            let found = key.find(name)?;
            if classes.contains(found) || Split::from_name(found).is_some() {
                return None;
            }
            names.insert(found);
            within_classes.insert((class, found));
            Some(found)
        })
        .collect();
    // A camera names pictures by the day.
    let dates = names.iter().filter(|name| ends_in_date(name)).count();
    if dates as f64 >= LEAST_SHARE * names.len() as f64 {
        return None;
    }
    let fitting = groups.iter().flatten().count() as f64;
    let is_plausible = fitting >= LEAST_SHARE * groups.len() as f64
        && names.len() >= LEAST_GROUPS.max(classes.len() + 1)
        && fitting >= LEAST_MEAN * within_classes.len() as f64;
    is_plausible.then_some(groups)
}

/// What keeps a group together, in the window's words.
fn in_window(group: &GroupBy) -> String {
    let (kind, rest) = match group {
        GroupBy::Column(_) => ("Column", String::new()),
        GroupBy::Folder(level) => ("Folder", format!(" with the level {level}")),
        GroupBy::Pattern(pattern) => ("File name", format!(" with the pattern {pattern}")),
    };
    format!("“Group by: {kind}” in the Data panel{rest}")
}

/// The preset's field and its value, as `--set` takes it.
fn in_preset(group: &GroupBy) -> String {
    let value = match group {
        GroupBy::Column(column) => format!("Column({column:?})"),
        GroupBy::Folder(level) => format!("Folder({level})"),
        GroupBy::Pattern(pattern) => format!("Pattern(r\"{pattern}\")"),
    };
    format!("data.split.group={value}")
}

/// When file names look as if several pictures were of one thing, and such stand on two sides of the split.
pub(super) fn by_names(dataset: &Dataset, split: &SplitIndices) -> Option<Remark> {
    let pictures: Vec<(&str, &str)> = dataset
        .pictures
        .iter()
        .map(|picture| {
            let class = dataset.classes.get(picture.label as usize);
            (picture.name.as_str(), class.map_or("", String::as_str))
        })
        .collect();
    keys().into_iter().find_map(|(group, key)| {
        let groups = plausible(&pictures, &key)?;
        let mut by_name: BTreeMap<&str, (BTreeSet<Split>, Vec<usize>)> = BTreeMap::new();
        for (index, part) in parts(split) {
            if let Some(name) = groups.get(index).copied().flatten() {
                let (parts, members) = by_name.entry(name).or_default();
                parts.insert(part);
                members.push(index);
            }
        }
        let torn = by_name.values().filter(|(parts, _)| parts.len() > 1).count();
        let (name, (_, members)) = by_name.iter().find(|(_, (parts, _))| parts.len() > 1)?;
        let of = |member: Option<&usize>| {
            let picture = member.and_then(|index| dataset.pictures.get(*index));
            picture.map_or("", |picture| picture.name.as_str())
        };
        let text = format!(
            "By their file names, there are several pictures each of {} things (of {name}: {} and {}), and pictures of {torn} \
             of them are used both for training and for validation or the test. If such a thing is one patient, cell or \
             video, the results are too good: keep its pictures together with {}.",
            by_name.len(),
            of(members.first()),
            of(members.last()),
            in_window(&group)
        );
        Some(Remark::warning(text).field(&in_preset(&group)))
    })
}

/// What most pairs of pictures that look alike and stand on two sides of the split have in common, by their names: how
/// to keep them together. Of all `pictures`, name and class are given; of the pairs, the names.
pub fn by_pairs(pictures: &[(&str, &str)], pairs: &[(&str, &str)]) -> Option<String> {
    if pairs.is_empty() {
        return None;
    }
    keys().into_iter().find_map(|(group, key)| {
        plausible(pictures, &key)?;
        let common = pairs
            .iter()
            .filter(|(a, b)| key.find(a).is_some_and(|name| key.find(b) == Some(name)))
            .count();
        (common as f64 >= LEAST_PAIRS * pairs.len() as f64).then(|| {
            format!(
                "{common} of {} pairs that look alike and stand in two parts of the split belong together by their file names: \
                 keep such pictures in one part with {} (--group '{group}' on the command line).",
                pairs.len(),
                in_window(&group)
            )
        })
    })
}
