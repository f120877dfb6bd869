//! Where in a file a network's tensors stand: under which key of a checkpoint and behind which beginning of their names.
//!
//! Nothing is known of how training scripts call things. Whatever stands before a name is tried, and what fits the network
//! wholly is a candidate: one is taken; of several, the one that convention names; else the person chooses by its key.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::fit::Fit;
use super::leftover::is_optimizers;
use super::outline::{Outline, Part};
use super::tensors::FoundTensors;
use super::{is_count, is_position_embedding};

/// Parts of names that wrappers put between others: `DataParallel`, `torch.compile`, FSDP, checkpointing, Fabric.
const WRAPPERS: [&str; 5] = [
    "module",
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
];

/// Parts before a network's names: none nests deeper.
const DEEPEST: usize = 8;
/// Beginnings that are looked into at most, those with the most tensors first.
const MOST_GROUPS: usize = 64;
/// No network here has fewer tensors.
const FEWEST: usize = 20;

/// Of two networks in one checkpoint, the one that is used afterwards: a part of its key, and of the other's.
const CONVENTIONS: [(&str, &str, &str); 5] = [
    (
        "encoder_q",
        "encoder_k",
        "MoCo’s query encoder is the one that learns",
    ),
    (
        "teacher",
        "student",
        "of DINO and its like, the teacher is the one to use",
    ),
    (
        "base_encoder",
        "momentum_encoder",
        "MoCo’s base encoder is the one that learns",
    ),
    (
        "online",
        "target",
        "BYOL’s online network is the one that learns",
    ),
    (
        "",
        "momentum",
        "the network that learns, and not the one that follows it",
    ),
];

/// A file's tensors by what stands before their names.
pub(super) struct Reading<'a> {
    pub found: &'a FoundTensors,
    /// Names of tensors, then of what is unread, without wrappers.
    clean: Vec<String>,
    groups: Vec<Group>,
}

/// All names that begin alike.
pub(super) struct Group {
    /// With its final point; empty for all names.
    prefix: String,
    /// Indices into [`Reading::clean`].
    pub members: Vec<usize>,
}

impl Group {
    /// Whether the last part of what stands before the names is `name`.
    pub fn is_called(&self, name: &str) -> bool {
        self.prefix.trim_end_matches('.').rsplit('.').next() == Some(name)
    }
}

/// What is taken, and why.
pub(super) struct Taken {
    pub fit: Fit,
    /// Keys under which the network fits as well.
    pub others: Vec<String>,
    /// Why this one of them.
    pub convention: Option<&'static str>,
}

impl<'a> Reading<'a> {
    pub fn new(found: &'a FoundTensors) -> Self {
        let tensors = found.tensors.iter().map(|tensor| &tensor.name);
        let unread = found.unread.iter().map(|unread| &unread.name);
        let names: Vec<&String> = tensors.chain(unread).collect();
        let mut clean: Vec<String> = names.iter().map(|name| without_wrappers(name)).collect();
        let distinct: HashSet<&str> = clean.iter().map(String::as_str).collect();
        if distinct.len() < clean.len() {
            // Two tensors never get one name.
            clean = names.into_iter().cloned().collect();
        }
        let groups = groups(&clean);
        Self {
            found,
            clean,
            groups,
        }
    }

    /// The name of a tensor, or of what is unread, behind what its group's names begin with.
    pub fn name(&self, group: &Group, member: usize) -> &str {
        self.clean[member]
            .get(group.prefix.len()..)
            .unwrap_or_default()
    }

    /// The whole name of a tensor, or of what is unread, without wrappers.
    pub fn name_of(&self, member: usize) -> &str {
        self.clean.get(member).map_or("", String::as_str)
    }

    /// Index of the tensor that is called so, wherever it stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.clean[..self.found.tensors.len()]
            .iter()
            .position(|clean| clean == name)
    }

    /// Beginnings of names that a group's beginning has itself, the longest first.
    pub fn above(group: &Group) -> Vec<&str> {
        let dots = group.prefix.match_indices('.').map(|(dot, _)| dot);
        let mut above: Vec<&str> = dots
            .map(|dot| &group.prefix[..=dot])
            .filter(|above| above.len() < group.prefix.len())
            .collect();
        above.reverse();
        if !group.prefix.is_empty() {
            above.push("");
        }
        above
    }

    /// What stands before a group's names in the file itself: `state_dict.module.encoder_q`.
    fn key(&self, group: &Group) -> String {
        let parts = group.prefix.matches('.').count();
        let member = group.members.first().copied().unwrap_or_default();
        let tensors = &self.found.tensors;
        let original = match tensors.get(member) {
            Some(tensor) => tensor.name.as_str(),
            None => self
                .found
                .unread
                .get(member.saturating_sub(tensors.len()))
                .map_or("", |unread| unread.name.as_str()),
        };
        if original == self.clean.get(member).map_or("", String::as_str) {
            return group.prefix.trim_end_matches('.').to_owned();
        }
        let mut left = parts;
        let mut key = Vec::new();
        for part in original.split('.') {
            if left == 0 {
                break;
            }
            left -= usize::from(!WRAPPERS.contains(&part));
            key.push(part);
        }
        key.join(".")
    }

    /// Whether the file could fit `outline` by how many numbers its tensors have: quick, and wrong only in saying yes.
    pub fn may_fit(&self, outline: &Outline) -> bool {
        let mut left: HashMap<u64, usize> = HashMap::new();
        for tensor in &self.found.tensors {
            *left.entry(tensor.numbers.count()).or_default() += 1;
        }
        let needed = outline.entries.iter().filter(|entry| {
            entry.part == Part::Base
                && !is_count(&entry.name)
                && !is_position_embedding(&entry.name)
        });
        needed.into_iter().all(|entry| {
            let count = entry
                .shape
                .iter()
                .fold(1u64, |n, side| n.saturating_mul(side.unsigned_abs()));
            match left.get_mut(&count) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            }
        })
    }

    /// Every key under which `outline` fits.
    pub fn keys(&self, outline: &Outline) -> Vec<String> {
        let fits = self.fits(outline).into_iter();
        fits.filter(Fit::is_fit).map(|fit| fit.key).collect()
    }

    /// Every way in which `outline` is found in the file, whole or not, those that fit before the others.
    pub fn fits(&self, outline: &Outline) -> Vec<Fit> {
        let least = outline.least();
        let is_candidate = |group: &&Group| {
            group.prefix.is_empty()
                || (4 * group.members.len() > least && !is_optimizers(&group.prefix))
        };
        let mut fits: Vec<(Fit, &Group)> = self
            .groups
            .iter()
            .filter(is_candidate)
            .map(|group| (Fit::new(outline, self, group, self.key(group)), group))
            .collect();
        let whole: Vec<String> = fits
            .iter()
            .filter(|(fit, _)| fit.is_complete())
            .map(|(_, group)| group.prefix.clone())
            .collect();
        for (fit, group) in &mut fits {
            let others: Vec<&str> = whole
                .iter()
                .map(String::as_str)
                .filter(|other| {
                    other.len() > group.prefix.len() && other.starts_with(&group.prefix)
                })
                .collect();
            fit.judge_leftovers(outline, self, group, &others);
        }
        let mut fits: Vec<Fit> = fits.into_iter().map(|(fit, _)| fit).collect();
        fits.sort_by_key(|fit| {
            (
                !fit.is_fit(),
                !fit.is_complete(),
                std::cmp::Reverse(fit.hits()),
            )
        });
        fits
    }
}

/// Which of a file's networks is taken for `outline`.
///
/// # Errors
/// When none fits, the nearest; when several do and nobody says which, or the key is none, a sentence.
pub(super) fn resolve(
    outline: &Outline,
    reading: &Reading<'_>,
    key: Option<&str>,
) -> Result<Taken, Box<Refused>> {
    let fits = reading.fits(outline);
    let all_keys: Vec<String> = fits
        .iter()
        .filter(|fit| fit.is_fit())
        .map(|fit| fit.key.clone())
        .collect();
    let (mut chosen, other): (Vec<Fit>, Vec<Fit>) = match key {
        None => (fits, Vec::new()),
        Some(key) => fits.into_iter().partition(|fit| is_called(&fit.key, key)),
    };
    if let Some(key) = key
        && chosen.is_empty()
    {
        let nearest = other.into_iter().next();
        return Err(Box::new(Refused {
            reason: Some(no_such_key(key, &all_keys)),
            fit: nearest,
        }));
    }
    if !chosen.first().is_some_and(Fit::is_fit) {
        return Err(Box::new(Refused {
            reason: None,
            fit: chosen.into_iter().next(),
        }));
    }
    chosen.retain(Fit::is_fit);
    // The whole key, where others end alike.
    if let Some(key) = key
        && let Some(exact) = chosen
            .iter()
            .position(|fit| without_wrappers(&fit.key) == without_wrappers(key))
    {
        chosen.swap(0, exact);
        chosen.truncate(1);
    }
    same_numbers_once(&mut chosen, reading.found);
    let (index, convention) = match chosen.len() {
        1 => (Some(0), None),
        _ => by_convention(&chosen),
    };
    let keys: Vec<String> = chosen.iter().map(|fit| fit.key.clone()).collect();
    match index {
        Some(index) => {
            let fit = chosen.swap_remove(index);
            let others = all_keys.into_iter().filter(|key| *key != fit.key).collect();
            Ok(Taken {
                fit,
                others,
                convention,
            })
        }
        None => Err(Box::new(Refused {
            reason: Some(several(&keys)),
            fit: chosen.into_iter().next(),
        })),
    }
}

/// Why nothing is taken.
pub(super) struct Refused {
    /// A whole sentence; absent where the network just does not fit.
    pub reason: Option<String>,
    /// What comes nearest.
    pub fit: Option<Fit>,
}

/// Whether a person who writes `asked` may mean `key`: the whole of it, or its last parts.
fn is_called(key: &str, asked: &str) -> bool {
    let (key, asked) = (
        without_wrappers(key),
        without_wrappers(asked.trim_end_matches('.')),
    );
    key == asked
        || key
            .strip_suffix(&asked)
            .is_some_and(|before| before.ends_with('.') && !asked.is_empty())
}

fn several(keys: &[String]) -> String {
    format!(
        "the file holds the network {} times, and which one is meant nobody can tell but you: choose {} with weights: \
         File(path: …, key: …), or with --key",
        keys.len(),
        one_of(keys)
    )
}

fn no_such_key(key: &str, keys: &[String]) -> String {
    if keys.is_empty() {
        format!("the file has no network under the key “{key}”, nor one that fits under another")
    } else {
        format!(
            "the file has no network under the key “{key}”; it fits under {}",
            one_of(keys)
        )
    }
}

fn one_of(keys: &[String]) -> String {
    let keys: Vec<String> = keys.iter().take(12).map(|key| quoted(key)).collect();
    match keys.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn quoted(key: &str) -> String {
    match key {
        "" => "“” (on top)".to_owned(),
        key => format!("“{key}”"),
    }
}

/// Two keys of a checkpoint may hold the same numbers.
fn same_numbers_once(fits: &mut Vec<Fit>, found: &FoundTensors) {
    let mut seen = HashSet::new();
    fits.retain(|fit| {
        let locations: Vec<(usize, u64, u64)> = fit
            .copies
            .iter()
            .map(|(entry, tensor)| {
                let numbers = &found.tensors[*tensor].numbers;
                (*entry, numbers.start, numbers.offset)
            })
            .collect();
        seen.insert(locations)
    });
}

/// The one that a convention names among several.
fn by_convention(fits: &[Fit]) -> (Option<usize>, Option<&'static str>) {
    for (preferred, other, why) in CONVENTIONS {
        let is_other = |fit: &Fit| fit.key.to_lowercase().contains(other);
        let is_preferred = |fit: &Fit| fit.key.to_lowercase().contains(preferred) && !is_other(fit);
        let mut indices = (0..fits.len()).filter(|index| is_preferred(&fits[*index]));
        if let (Some(index), None) = (indices.next(), indices.next())
            && fits
                .iter()
                .enumerate()
                .all(|(position, fit)| position == index || is_other(fit))
        {
            return (Some(index), Some(why));
        }
    }
    (None, None)
}

/// `module.encoder_q.conv1.weight` without `module.`.
fn without_wrappers(name: &str) -> String {
    if !WRAPPERS.iter().any(|wrapper| name.contains(wrapper)) {
        return name.to_owned();
    }
    let parts: Vec<&str> = name
        .split('.')
        .filter(|part| !WRAPPERS.contains(part))
        .collect();
    parts.join(".")
}

/// Names by their beginnings. Those of which there are too few for any network are left out, but for all names at once.
fn groups(names: &[String]) -> Vec<Group> {
    let beginnings = |name: &str| {
        let dots: Vec<usize> = name
            .match_indices('.')
            .map(|(dot, _)| dot + 1)
            .take(DEEPEST)
            .collect();
        std::iter::once(0).chain(dots)
    };
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in names {
        for end in beginnings(name) {
            *counts.entry(&name[..end]).or_default() += 1;
        }
    }
    let mut large: Vec<(usize, &str)> = counts
        .into_iter()
        .filter(|(prefix, count)| *count >= FEWEST || prefix.is_empty())
        .map(|(prefix, count)| (count, prefix))
        .collect();
    large.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
    large.truncate(MOST_GROUPS);
    let mut members: BTreeMap<&str, Vec<usize>> = large
        .into_iter()
        .map(|(_, prefix)| (prefix, Vec::new()))
        .collect();
    members.entry("").or_default();
    for (index, name) in names.iter().enumerate() {
        for end in beginnings(name) {
            if let Some(members) = members.get_mut(&name[..end]) {
                members.push(index);
            }
        }
    }
    members
        .into_iter()
        .map(|(prefix, members)| Group {
            prefix: prefix.to_owned(),
            members,
        })
        .collect()
}
