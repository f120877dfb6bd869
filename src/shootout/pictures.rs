//! The pictures of a shoot-out: training and validation, never the test, dealt out to folds.

use std::collections::HashSet;

use super::error::ShootoutError;
use crate::data::folds::grouped;
use crate::data::hash::sha256_of_pairs;
use crate::data::{Dataset, SplitIndices, StopFlag, split};
use crate::evaluation::{Groups, groups};
use crate::experiment::Experiment;
use crate::format;
use crate::runs::digests;

/// A penalty is chosen on two folds, and judged on a third.
pub(super) const FEWEST_FOLDS: usize = 3;
pub(super) const MOST_FOLDS: usize = 50;

/// What is looked at, and how it is divided.
#[derive(Debug, Clone)]
pub(super) struct ShootoutPictures {
    /// Without its test.
    pub split: SplitIndices,
    /// How many test pictures are not looked at.
    pub split_test: usize,
    /// Of the data set, by index, ascending.
    pub members: Vec<usize>,
    /// Of each member.
    pub names: Vec<String>,
    pub labels: Vec<u32>,
    pub folds: Vec<usize>,
    pub fold_count: usize,
    /// Which pictures are right or wrong together.
    pub groups: Groups,
    pub class_names: Vec<String>,
    /// What the members hold, their classes and groups.
    pub digest: String,
    pub remarks: Vec<String>,
}

impl ShootoutPictures {
    /// # Errors
    /// Where pictures are too few to be judged on others; [`ShootoutError::Stopped`]; those of the split.
    pub fn new(
        dataset: &Dataset,
        experiment: &Experiment,
        folds: usize,
        stop: &StopFlag,
    ) -> Result<Self, ShootoutError> {
        if !(FEWEST_FOLDS..=MOST_FOLDS).contains(&folds) {
            return Err(ShootoutError::Request(format!(
                "{folds} folds: {FEWEST_FOLDS} to {MOST_FOLDS} are possible, because a head's penalty is chosen on two folds and judged on a third"
            )));
        }
        if dataset.classes.len() < 2 {
            return Err(ShootoutError::Request(format!(
                "the data has {}, and at least two classes are needed",
                format::count(dataset.classes.len(), "class", "classes")
            )));
        }
        let mut split = split::split(dataset, experiment)?;
        let split_test = std::mem::take(&mut split.test).len();
        let mut members = [split.train.clone(), split.validation.clone()].concat();
        members.sort_unstable();
        let of_member = |&index: &usize| &dataset.pictures[index];
        let labels: Vec<u32> = members.iter().map(|index| of_member(index).label).collect();
        let group_names: Vec<Option<&str>> = members
            .iter()
            .map(|index| of_member(index).group.as_deref())
            .collect();
        let mut remarks = Vec::new();
        if experiment.data.split.cross_validation().is_some() {
            remarks.push(
                "The experiment is cross-validated, so that each of these pictures is a test picture of one of its folds: its result will \
                 be somewhat too good, because the network was chosen by them. Choose the network on other pictures, or keep a test apart."
                    .to_owned(),
            );
        }
        let groups = Groups::of_pictures(members.iter().map(of_member));
        let names: Vec<String> =
            (members.iter().map(|index| of_member(index).name.clone())).collect();
        if let Some(numbers) = groups.numbers(names.iter().map(String::as_str)) {
            remarks.push(format!(
                "The pictures are of {}, each in one fold: intervals and comparisons are of groups, whose pictures are right or wrong together.",
                format::count(groups::count(&numbers), "group", "groups")
            ));
        }
        let fold_count = possible_folds(dataset, &labels, &group_names, folds, &mut remarks)?;
        let folds = grouped(&labels, &group_names, fold_count, experiment.seed);
        let filled: HashSet<usize> = folds.iter().copied().collect();
        if filled.len() < FEWEST_FOLDS {
            return Err(too_few(
                "the pictures are of fewer than three groups, each of which stays in one fold",
            ));
        }
        let digest = digest(dataset, &members, stop)?;
        Ok(Self {
            split,
            split_test,
            names,
            groups,
            members,
            labels,
            folds,
            fold_count,
            class_names: dataset.classes.clone(),
            digest,
            remarks,
        })
    }
}

fn too_few(why: &str) -> ShootoutError {
    ShootoutError::Request(format!("there are too few pictures for a shoot-out: {why}"))
}

/// As many folds as the rarest class has pictures (or groups), where those are fewer than were asked for, but not fewer than
/// [`FEWEST_FOLDS`].
fn possible_folds(
    dataset: &Dataset,
    labels: &[u32],
    groups: &[Option<&str>],
    asked: usize,
    remarks: &mut Vec<String>,
) -> Result<usize, ShootoutError> {
    if labels.len() < 2 * FEWEST_FOLDS {
        return Err(too_few(&format!(
            "training and validation have {} in all, and {} are the least",
            labels.len(),
            2 * FEWEST_FOLDS
        )));
    }
    let mut counts = vec![0usize; dataset.classes.len()];
    let mut seen = HashSet::new();
    for (&label, group) in labels.iter().zip(groups) {
        let is_new = group.is_none_or(|group| seen.insert((label, group)));
        counts[label as usize] += usize::from(is_new);
    }
    let named = counts.iter().zip(&dataset.classes);
    let Some((&least, class)) = named
        .filter(|(count, _)| **count > 0)
        .min_by_key(|(count, _)| **count)
    else {
        return Err(too_few("no class has any"));
    };
    let possible = asked.min(least.max(FEWEST_FOLDS));
    let of_class = match seen.is_empty() {
        true => format::count(least, "picture", "pictures"),
        false => format::count(least, "group of pictures", "groups of pictures"),
    };
    if least < FEWEST_FOLDS {
        remarks.push(format!(
            "The class “{class}” has only {of_class} for training and validation: some heads learn nothing of it, and its answers say little."
        ));
    }
    if possible < asked {
        remarks.push(format!(
            "{possible} folds in place of {asked}, because the class “{class}” has only {of_class} for training and validation."
        ));
    }
    Ok(possible)
}

/// Of names, classes, groups and contents.
fn digest(dataset: &Dataset, members: &[usize], stop: &StopFlag) -> Result<String, ShootoutError> {
    let contents = digests::contents(dataset, members, stop)?;
    let lines: Vec<(String, String)> = members
        .iter()
        .zip(contents)
        .map(|(&index, contents)| {
            let picture = &dataset.pictures[index];
            let class = &dataset.classes[picture.label as usize];
            let contents = contents.unwrap_or_else(|| "not readable".to_owned());
            let what = format!("{class}\n{:?}\n{contents}", picture.group);
            (picture.name.clone(), what)
        })
        .collect();
    let pairs = lines
        .iter()
        .map(|(name, what)| (name.as_str(), what.as_str()));
    let classes = dataset
        .classes
        .iter()
        .map(|class| ("class", class.as_str()));
    Ok(hex::encode(sha256_of_pairs(classes.chain(pairs))))
}
