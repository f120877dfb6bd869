//! What a person should know about a split before they train on it.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use super::super::{Dataset, Picture, PictureSource, Remark, Split, SplitIndices};
use super::{everything, folds, suggest};
use crate::experiment::Experiment;
use crate::format::count;

/// Fewer pictures of a class teach and tell nothing.
const FEW_OF_A_CLASS: usize = 2;
/// Fewer validation pictures choose the best epoch nearly by chance.
const FEW_IN_VALIDATION: usize = 20;
/// Names that a sentence lists.
const SHOWN: usize = 5;

/// By which rule the pictures were split, in a sentence.
pub fn rule(dataset: &Dataset, experiment: &Experiment) -> Remark {
    let config = &experiment.data.split;
    let seed = config.seed.unwrap_or(experiment.seed);
    let all = everything(dataset);
    let assigns = |part| all.iter().any(|(_, picture)| picture.split == Some(part));
    let as_far = "and evenly over the classes as far as groups allow";
    let how = match (&config.group, config.together.is_empty()) {
        (Some(group), true) => format!("at random by group ({group}), {as_far}"),
        (Some(group), false) => {
            format!("at random by group ({group}, and pictures that are kept together), {as_far}")
        }
        (None, false) => format!("at random by pictures that are kept together, {as_far}"),
        (None, true) => "at random, evenly over the classes".to_owned(),
    };
    if let Some(number) = config.folds {
        return Remark::taken(rule_of_folds(experiment, number, &how, seed));
    }
    let (test, validation) = (
        percent(config.test.clamp(0.0, 1.0)),
        percent(config.validation.clamp(0.0, 1.0)),
    );
    let mut text = match (assigns(Split::Test), assigns(Split::Validation)) {
        (true, true) => "Split: as the data set says".to_owned(),
        (true, false) => format!(
            "Split: the test as the data set says; validation drawn {how}: {validation} of the other pictures, seed {seed}"
        ),
        (false, true) => format!(
            "Split: validation as the data set says; the test drawn {how}: {test} of the other pictures, seed {seed}"
        ),
        (false, false) => format!(
            "Split: drawn {how}: {test} for the test, {validation} of the rest for validation, seed {seed}"
        ),
    };
    if let Some(limit) = experiment.data.limit {
        text.push_str(&format!(", at most {limit} training pictures"));
    }
    text.push('.');
    Remark::taken(text)
}

/// The same of a cross-validation, or of one of its folds. `how`: the folds are drawn.
fn rule_of_folds(experiment: &Experiment, number: u32, how: &str, seed: u64) -> String {
    let config = &experiment.data.split;
    let validation = percent(config.validation.clamp(0.0, 1.0));
    let mut text = match config.fold {
        None => format!(
            "Split: {number} folds, drawn {how}, seed {seed}; each fold is the test of one training, and {validation} of the \
             other pictures are for its validation"
        ),
        Some(0) => format!(
            "Split: all {number} folds are trained on, and none is the test; {validation} of the pictures are for \
             validation, seed {seed}"
        ),
        Some(fold) => format!(
            "Split: fold {fold} of {number} is the test; folds drawn {how}, seed {seed}, and {validation} of the other \
             pictures are for validation"
        ),
    };
    if let Some(limit) = experiment.data.limit {
        text.push_str(&format!(", at most {limit} training pictures"));
    }
    text.push('.');
    text
}

fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    format!("{tenths} %")
}

/// What a person should know about this split before they train on it.
pub fn remarks(dataset: &Dataset, split: &SplitIndices, experiment: &Experiment) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let config = &experiment.data.split;
    let is_whole = config.cross_validation().is_some();
    if config.folds.is_some() {
        remarks.extend(of_folds(dataset, experiment));
        remarks.extend(kept_for_the_test(dataset));
    }
    // The parts of a whole cross-validation are those of its first fold, of which nobody has asked.
    if !is_whole {
        remarks.extend(groups(dataset, split));
    }
    if config.folds.is_none() {
        remarks.extend(too_few_groups(dataset, split, experiment));
    }
    let counts = Counts::new(dataset, split);
    remarks.extend(small_classes(&counts));
    if !is_whole {
        remarks.extend(missing_classes(&counts));
    }
    remarks.extend(few_in_validation(split));
    remarks.extend(same_file_twice(dataset, split));
    // A column of the table tells it better than names.
    let is_told = dataset
        .remarks
        .iter()
        .any(|remark| remark.proposed_group().is_some());
    if !is_told && config.group.is_none() {
        remarks.extend(suggest::by_names(dataset, split));
    }
    remarks
}

/// Used pictures of every class in training, validation and test.
struct Counts<'a>(Vec<(&'a str, [usize; 3])>);

impl<'a> Counts<'a> {
    fn new(dataset: &'a Dataset, split: &SplitIndices) -> Self {
        let mut counts: Vec<(&str, [usize; 3])> = dataset
            .classes
            .iter()
            .map(|class| (class.as_str(), [0; 3]))
            .collect();
        for (index, part) in parts(split) {
            let label = dataset.pictures.get(index).map(|picture| picture.label);
            if let Some((_, counts)) = label.and_then(|label| counts.get_mut(label as usize)) {
                counts[part as usize] += 1;
            }
        }
        Self(counts)
    }

    fn names(&self, wanted: impl Fn(&[usize; 3]) -> bool) -> Vec<&'a str> {
        self.0
            .iter()
            .filter(|(_, counts)| wanted(counts))
            .map(|(class, _)| *class)
            .collect()
    }
}

/// Every used picture with its part.
pub(super) fn parts(split: &SplitIndices) -> impl Iterator<Item = (usize, Split)> {
    let of = |indices: &[usize], part| {
        indices
            .iter()
            .map(|&index| (index, part))
            .collect::<Vec<_>>()
    };
    of(&split.train, Split::Train)
        .into_iter()
        .chain(of(&split.validation, Split::Validation))
        .chain(of(&split.test, Split::Test))
}

/// The proof that no group stands in two folds.
fn of_folds(dataset: &Dataset, experiment: &Experiment) -> Option<Remark> {
    let folds = folds(dataset, experiment).ok()?;
    let number = experiment.data.split.folds?;
    let mut pictures: BTreeMap<u32, usize> = (1..=number).map(|fold| (fold, 0)).collect();
    let mut folds_of_group: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for (picture, fold) in dataset.pictures.iter().zip(&folds) {
        let Some(fold) = *fold else {
            continue;
        };
        *pictures.entry(fold).or_default() += 1;
        if let Some(group) = &picture.group {
            folds_of_group.entry(group).or_default().insert(fold);
        }
    }
    let pictures: Vec<usize> = pictures.into_values().collect();
    let pictures = format!("{} in each", range(&pictures, "picture", "pictures"));
    if folds_of_group.is_empty() {
        return Some(Remark::taken(format!("The folds hold {pictures}.")));
    }
    let torn = folds_of_group
        .values()
        .filter(|folds| folds.len() > 1)
        .count();
    let groups: Vec<usize> = (1..=number)
        .map(|fold| {
            folds_of_group
                .values()
                .filter(|folds| folds.contains(&fold))
                .count()
        })
        .collect();
    Some(Remark::taken(format!(
        "{torn} of {} in two folds: {} and {pictures}.",
        count(folds_of_group.len(), "group stands", "groups stand"),
        range(&groups, "group", "groups")
    )))
}

/// "24 pictures", or "20 to 24 pictures".
fn range(numbers: &[usize], one: &str, several: &str) -> String {
    let (least, most) = (
        numbers.iter().min().copied().unwrap_or_default(),
        numbers.iter().max().copied().unwrap_or_default(),
    );
    let text = count(most, one, several);
    match least == most {
        true => text,
        false => format!("{} to {text}", crate::format::thousands(least as u64)),
    }
}

/// Pictures that the source assigns to the test are not for choosing between experiments.
fn kept_for_the_test(dataset: &Dataset) -> Option<Remark> {
    let (kept, folded): (Vec<&Picture>, Vec<&Picture>) = dataset
        .pictures
        .iter()
        .partition(|picture| picture.split == Some(Split::Test));
    if kept.is_empty() {
        return None;
    }
    let text = format!(
        "{} that the data set keeps for the test {} part in no fold",
        count(kept.len(), "picture", "pictures"),
        if kept.len() == 1 { "takes" } else { "take" }
    );
    let (in_test, in_folds) = (groups_of(&kept), groups_of(&folded));
    let torn: Vec<&str> = in_test.intersection(&in_folds).copied().collect();
    Some(match torn.len() {
        0 => Remark::taken(format!(
            "{text}, so that they can still test what is chosen."
        )),
        number => Remark::warning(format!(
            "{text}, but {} also in folds ({}): a test on them would be too good. Correct the data set's split.",
            count(number, "of their groups stands", "of their groups stand"),
            listed(&torn)
        )),
    })
}

fn groups_of<'a>(pictures: &[&'a Picture]) -> BTreeSet<&'a str> {
    (pictures.iter())
        .filter_map(|picture| picture.group.as_deref())
        .collect()
}

/// The proof that no group stands on two sides, with the number of groups in each part; or which do.
fn groups(dataset: &Dataset, split: &SplitIndices) -> Option<Remark> {
    let mut parts_by_group: BTreeMap<&str, BTreeSet<Split>> = BTreeMap::new();
    for (index, part) in parts(split) {
        let picture = dataset.pictures.get(index)?;
        if let Some(group) = &picture.group {
            parts_by_group.entry(group).or_default().insert(part);
        }
    }
    if parts_by_group.is_empty() {
        return None;
    }
    let torn: Vec<String> = parts_by_group
        .iter()
        .filter(|(_, parts)| parts.len() > 1)
        .map(|(group, parts)| {
            let parts: Vec<&str> = parts.iter().map(|part| part.name()).collect();
            format!("{group} in {}", parts.join(" and "))
        })
        .collect();
    let all = parts_by_group.len();
    if torn.is_empty() {
        let of = |part| {
            parts_by_group
                .values()
                .filter(|parts| parts.contains(&part))
                .count()
        };
        return Some(Remark::taken(format!(
            "0 of {} in two parts of the split: training has {}, validation {}, test {}.",
            count(all, "group stands", "groups stand"),
            count(of(Split::Train), "group", "groups"),
            of(Split::Validation),
            of(Split::Test)
        )));
    }
    Some(Remark::warning(format!(
        "{} of {} in two parts of the split, because the data set's own split has them so ({}): \
         results on such pictures are too good. Correct the data set's split, or let Graft split it.",
        torn.len(),
        count(all, "group stands", "groups stand"),
        listed(&torn)
    )))
}

/// Parts that stay empty because groups are never divided.
fn too_few_groups(
    dataset: &Dataset,
    split: &SplitIndices,
    experiment: &Experiment,
) -> Option<Remark> {
    let config = &experiment.data.split;
    let is_wanted = |share: f64, part: &[usize]| share > 0.0 && part.is_empty();
    let empty = match (
        is_wanted(config.validation, &split.validation),
        is_wanted(config.test, &split.test),
    ) {
        (true, true) => "Validation and test have",
        (true, false) => "Validation has",
        (false, true) => "The test has",
        (false, false) => return None,
    };
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, _) in parts(split) {
        if let Some(group) = &dataset.pictures.get(index)?.group {
            *sizes.entry(group).or_default() += 1;
        }
    }
    let (largest, of_largest) = sizes.iter().max_by_key(|(_, size)| **size)?;
    let used = split.train.len() + split.validation.len() + split.test.len();
    Some(Remark::warning(format!(
        "{empty} no pictures: a group is never divided, there {}, the largest one, {largest}, with {of_largest} of {used} \
         pictures, and every class needs pictures to train on. Choose smaller groups, or none, as “Group by” in the Data panel.",
        match sizes.len() {
            1 => "is 1 group".to_owned(),
            more => format!("are {more} groups"),
        }
    )))
}

fn small_classes(counts: &Counts<'_>) -> Option<Remark> {
    let small = counts.names(|counts| {
        let all: usize = counts.iter().sum();
        (1..=FEW_OF_A_CLASS).contains(&all)
    });
    if small.is_empty() {
        return None;
    }
    let text = format!(
        "{} only 1 or 2 pictures: too few to train and to test on. Add pictures, or leave {} out under “Classes” in the Data \
         panel.",
        subject(&small, "has", "have"),
        if small.len() == 1 {
            "the class"
        } else {
            "these classes"
        }
    );
    Some(Remark::warning(text).field("data.classes"))
}

/// Classes that a part of the split lacks, where it is used at all.
fn missing_classes(counts: &Counts<'_>) -> Vec<Remark> {
    let uses = |part: usize| counts.0.iter().any(|(_, counts)| counts[part] > 0);
    let mut remarks = Vec::new();
    let without = |part: usize| {
        counts.names(move |counts| counts[part] == 0 && counts.iter().sum::<usize>() > 0)
    };
    let validation = without(Split::Validation as usize);
    if uses(Split::Validation as usize) && !validation.is_empty() {
        remarks.push(Remark::warning(format!(
            "There are no validation pictures of {}: the validation accuracy says nothing about {}.",
            subject(&validation, "", ""),
            if validation.len() == 1 {
                "that class"
            } else {
                "those classes"
            }
        )));
    }
    let test = without(Split::Test as usize);
    if uses(Split::Test as usize) && !test.is_empty() {
        remarks.push(Remark::warning(format!(
            "There are no test pictures of {}: the results will say nothing about {}.",
            subject(&test, "", ""),
            if test.len() == 1 {
                "that class"
            } else {
                "those classes"
            }
        )));
    }
    remarks
}

fn few_in_validation(split: &SplitIndices) -> Option<Remark> {
    let number = split.validation.len();
    if !(1..FEW_IN_VALIDATION).contains(&number) {
        return None;
    }
    Some(Remark::warning(format!(
        "Validation has only {}: each of them is {:.0} % of the accuracy, so that it is nearly chance which epoch is chosen as \
         the best.",
        count(number, "picture", "pictures"),
        100.0 / number as f64
    )))
}

/// One file by two names, as tables may list it.
fn same_file_twice(dataset: &Dataset, split: &SplitIndices) -> Option<Remark> {
    let mut seen: HashMap<Cow<'_, Path>, (usize, Split)> = HashMap::new();
    let (mut number, mut between, mut example) = (0, 0, None);
    for (index, part) in parts(split) {
        let PictureSource::File(path) = &dataset.pictures.get(index)?.source else {
            continue;
        };
        match seen.entry(tidy(path)) {
            Entry::Occupied(known) => {
                let (first, other) = *known.get();
                number += 1;
                between += usize::from(other != part);
                example.get_or_insert((first, index));
            }
            Entry::Vacant(free) => {
                free.insert((index, part));
            }
        }
    }
    let (first, second) = example?;
    Some(Remark::warning(format!(
        "{} the same file as another one ({} and {}), {between} of them in another part of the split: list each file once.",
        count(number, "picture is", "pictures are"),
        dataset.pictures.get(first)?.name,
        dataset.pictures.get(second)?.name
    )))
}

/// Without `..`, as far as the text tells; `.` makes no difference to a path.
fn tidy(path: &Path) -> Cow<'_, Path> {
    if !path.components().any(|part| part == Component::ParentDir) {
        return Cow::Borrowed(path);
    }
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if tidy.file_name().is_some() => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    Cow::Owned(tidy)
}

/// "Class cat has", or "3 classes (a, b, c) have".
fn subject(classes: &[&str], has: &str, have: &str) -> String {
    let text = match classes {
        [one] => format!("the class {one} {has}"),
        many => format!("{} classes ({}) {have}", many.len(), listed(many)),
    };
    let text = text.trim_end();
    // At the start of a sentence.
    match (has.is_empty(), text.strip_prefix('t')) {
        (false, Some(rest)) => format!("T{rest}"),
        _ => text.to_owned(),
    }
}

/// The first names, and how many more there are.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let text = shown.join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{text} and {more} more"),
        _ => text,
    }
}

#[cfg(test)]
mod tests;
