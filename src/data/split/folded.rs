//! The splits of a cross-validation: every fold is the test of one training.

use std::collections::BTreeSet;

use super::super::folds::grouped;
use super::super::{DataError, Dataset, Excluded, Picture, Split, SplitIndices};
use super::{LEFT_OUT, everything, of_shares};
use crate::experiment::{Experiment, bounds};
use crate::format::count;

/// A picture that takes part, with its index and its fold, counted from 1.
type Member<'a> = (usize, &'a Picture, u32);

/// The fold of every picture, counted from 1; nothing for those that the source itself keeps for the test, which take
/// part in no fold. Pictures of one group are in one fold, and the classes are spread as evenly as groups allow.
///
/// # Errors
/// [`DataError::Split`] where there are too few pictures or groups for so many folds.
pub fn folds(dataset: &Dataset, experiment: &Experiment) -> Result<Vec<Option<u32>>, DataError> {
    let members = draw(dataset, experiment)?;
    let mut of_picture = vec![None; dataset.pictures.len()];
    for (index, _, fold) in members {
        if index != LEFT_OUT {
            of_picture[index] = Some(fold);
        }
    }
    Ok(of_picture)
}

/// Everything that takes part, what is left out of the experiment among it, in the order of names, so that the order of
/// pictures changes nothing.
fn draw<'a>(dataset: &'a Dataset, experiment: &Experiment) -> Result<Vec<Member<'a>>, DataError> {
    let config = &experiment.data.split;
    let number = config.folds.unwrap_or_default();
    if !bounds::FOLDS.contains(&number) {
        return Err(DataError::Split(format!(
            "{number} folds are asked for, allowed are {} to {}",
            bounds::FOLDS.start(),
            bounds::FOLDS.end()
        )));
    }
    let mut pictures = everything(dataset);
    pictures.retain(|(_, picture)| picture.split != Some(Split::Test));
    pictures.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let labels: Vec<u32> = pictures.iter().map(|(_, picture)| picture.label).collect();
    let groups: Vec<Option<&str>> = pictures
        .iter()
        .map(|(_, picture)| picture.group.as_deref())
        .collect();
    let names: BTreeSet<&str> = groups.iter().copied().flatten().collect();
    let things = names.len() + groups.iter().filter(|group| group.is_none()).count();
    if things < number as usize {
        let (what, remedy) = match names.is_empty() {
            true => (count(things, "picture", "pictures"), ""),
            false => (count(things, "group", "groups"), ", or smaller groups"),
        };
        return Err(DataError::Split(format!(
            "{what} can't be divided into {number} folds: choose fewer folds{remedy}"
        )));
    }
    let seed = config.seed.unwrap_or(experiment.seed);
    let drawn = grouped(&labels, &groups, number as usize, seed);
    let members: Vec<Member<'a>> = pictures
        .into_iter()
        .zip(drawn)
        .map(|((index, picture), fold)| (index, picture, fold as u32 + 1))
        .collect();
    check(dataset, &members, number)?;
    Ok(members)
}

/// # Errors
/// Where a fold has nothing to test, or takes away all that a class has to train on.
fn check(dataset: &Dataset, members: &[Member<'_>], number: u32) -> Result<(), DataError> {
    let used = || members.iter().filter(|(index, ..)| *index != LEFT_OUT);
    let filled: BTreeSet<u32> = used().map(|(.., fold)| *fold).collect();
    if let Some(empty) = (1..=number).find(|fold| !filled.contains(fold)) {
        return Err(DataError::Split(format!(
            "fold {empty} of {number} has no pictures: choose fewer folds, or smaller groups"
        )));
    }
    let mut folds_of_class = vec![BTreeSet::new(); dataset.classes.len()];
    for (_, picture, fold) in used() {
        folds_of_class[picture.label as usize].insert(*fold);
    }
    for (class, folds) in dataset.classes.iter().zip(&folds_of_class) {
        if let (Some(fold), 1) = (folds.first(), folds.len()) {
            return Err(DataError::Split(format!(
                "all pictures of {class} are in fold {fold} of {number}, and nothing of it is left to train on when that \
                 is the test: add pictures of other groups, choose smaller groups, or leave the class out"
            )));
        }
    }
    Ok(())
}

/// The split of one fold's training: the fold is the test, validation is drawn from the other pictures by its share, and
/// groups stay together there too. Fold 0 tests nothing. A whole cross-validation is shown by its first fold.
///
/// # Errors
/// Those of [`folds`] and of a split without folds.
pub(super) fn split(dataset: &Dataset, experiment: &Experiment) -> Result<SplitIndices, DataError> {
    let tested = experiment.data.split.fold.unwrap_or(1);
    // As if the source assigned this fold to the test, and nothing else: the rest is drawn as ever.
    let mut assigned = Dataset {
        classes: dataset.classes.clone(),
        ..Dataset::default()
    };
    let mut indices = Vec::new();
    for (index, picture, fold) in draw(dataset, experiment)? {
        let picture = Picture {
            split: (fold == tested).then_some(Split::Test),
            ..picture.clone()
        };
        if index == LEFT_OUT {
            let before = assigned.pictures.len();
            assigned.excluded.push(Excluded { picture, before });
        } else {
            assigned.pictures.push(picture);
            indices.push(index);
        }
    }
    let mut shares = experiment.clone();
    shares.data.split.test = 0.0;
    let drawn = of_shares(&assigned, &shares)?;
    let original = |part: Vec<usize>| -> Vec<usize> {
        let mut part: Vec<usize> = part.into_iter().map(|index| indices[index]).collect();
        part.sort_unstable();
        part
    };
    Ok(SplitIndices {
        train: original(drawn.train),
        validation: original(drawn.validation),
        test: original(drawn.test),
    })
}

#[cfg(test)]
mod tests;
