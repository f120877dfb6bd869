//! Pictures of a run that a person should look at: labels that are likely wrong, and the same picture
//! on both sides of the split or under two classes.

use std::collections::HashMap;
use std::path::Path;

use super::gallery::{RunPictures, SplitPicture, split_pictures};
use crate::data::disjoint::DisjointSets;
use crate::data::duplicates::{self, Likeness};
use crate::data::{DataError, PictureSource, Split, StopFlag, split};
use crate::evaluation::label_errors::label_errors;
use crate::runs::{RunError, files};

/// One picture, and why it is suspicious.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    pub picture: SplitPicture,
    pub reason: Reason,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The network, which has not learned from it, is sure that it is another class.
    WrongLabel {
        suggested: String,
        label_probability: f32,
        suggested_probability: f32,
    },
    /// The same picture stands in another part of the split, so the test is easier than it should be.
    CrossesSplit {
        other: SplitPicture,
        likeness: Likeness,
    },
    /// The same picture has another class elsewhere: one of them is wrong.
    TwoClasses {
        other: SplitPicture,
        likeness: Likeness,
    },
}

impl Suspect {
    /// The other picture of a pair.
    pub fn other(&self) -> Option<&SplitPicture> {
        match &self.reason {
            Reason::WrongLabel { .. } => None,
            Reason::CrossesSplit { other, .. } | Reason::TwoClasses { other, .. } => Some(other),
        }
    }

    /// Whether it is the very same pixels twice.
    pub fn is_exact(&self) -> bool {
        match &self.reason {
            Reason::WrongLabel { .. } => false,
            Reason::CrossesSplit { likeness, .. } | Reason::TwoClasses { likeness, .. } => {
                *likeness == Likeness::Exact
            }
        }
    }

    /// Why, in a sentence.
    pub fn sentence(&self) -> String {
        let same = |likeness: &Likeness| match likeness {
            Likeness::Exact => "the same pixels as".to_owned(),
            Likeness::Near { correlation, .. } => {
                format!(
                    "nearly the same picture ({:.2} % alike) as",
                    correlation * 100.0
                )
            }
        };
        match &self.reason {
            Reason::WrongLabel {
                suggested,
                label_probability,
                suggested_probability,
            } => format!(
                "labelled {}, but looks like {suggested} ({:.1} % against {:.1} %)",
                self.picture.class,
                suggested_probability * 100.0,
                label_probability * 100.0
            ),
            Reason::CrossesSplit { other, likeness } => format!(
                "{} {} in {}, while this one is in {}",
                same(likeness),
                other.name,
                other.split.name(),
                self.picture.split.name()
            ),
            Reason::TwoClasses { other, likeness } => format!(
                "{} {}, which is labelled {}, not {}",
                same(likeness),
                other.name,
                other.class,
                self.picture.class
            ),
        }
    }
}

/// Labels that the run's answers on validation and test pictures contradict (confident learning), the
/// most suspicious first.
pub fn wrong_labels(run: &RunPictures) -> Vec<Suspect> {
    // What was trained on tells nothing: a network learns wrong labels by heart.
    let entries = &run.predicted.entries;
    let unseen = (0..entries.len()).filter(|&index| entries[index].split != Split::Train);
    wrong_among(run, unseen.collect())
}

/// Labels of training pictures that answers out of fold contradict: `run` as
/// [`gallery::open_out_of_fold`](super::gallery::open_out_of_fold) gives it.
pub fn wrong_training_labels(run: &RunPictures) -> Vec<Suspect> {
    wrong_among(run, (0..run.predicted.entries.len()).collect())
}

/// Among the entries at `unseen`, whose answers are of networks that have not learned from them.
fn wrong_among(run: &RunPictures, unseen: Vec<usize>) -> Vec<Suspect> {
    let predicted = &run.predicted;
    let labels: Vec<u32> = unseen
        .iter()
        .map(|&index| predicted.entries[index].truth)
        .collect();
    let probabilities = |index: usize| predicted.probabilities(&predicted.entries[unseen[index]]);
    let class = |class: u32| {
        let name = predicted.classes.get(class as usize);
        name.cloned().unwrap_or_default()
    };
    label_errors(&labels, predicted.classes.len(), probabilities)
        .into_iter()
        .filter_map(|error| {
            let index = unseen[error.index];
            let entry = &predicted.entries[index];
            Some(Suspect {
                picture: SplitPicture {
                    name: predicted.file(entry).to_owned(),
                    class: class(error.label),
                    split: entry.split,
                    source: run.sources.get(index)?.clone()?,
                },
                reason: Reason::WrongLabel {
                    suggested: class(error.suggested),
                    label_probability: error.label_probability,
                    suggested_probability: error.suggested_probability,
                },
            })
        })
        .collect()
}

/// What a search for duplicates found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FoundDuplicates {
    /// The same picture in two parts of the split, and under two classes.
    pub pairs: Vec<Suspect>,
    /// A sentence that tells how names keep such pictures together, if they tell it.
    pub likely_groups: Option<String>,
    /// All pictures that look alike, wherever they stand, by their names, a list for each set.
    pub alike: Vec<Vec<String>>,
}

impl FoundDuplicates {
    /// Whether pictures stand in two parts of the split, of which one is trained on.
    pub fn crosses_split(&self) -> bool {
        (self.pairs.iter()).any(|pair| matches!(pair.reason, Reason::CrossesSplit { .. }))
    }
}

/// The sets of pictures that an experiment keeps together (`data.split.together`) once those of `alike` are too: sets that have a
/// picture in common become one. A picture alone is no set.
pub fn kept_together(before: &[Vec<String>], alike: &[Vec<String>]) -> Vec<Vec<String>> {
    let sets = || before.iter().chain(alike);
    let mut names: Vec<&str> = sets().flatten().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let places: HashMap<&str, usize> = names.iter().copied().zip(0..).collect();
    let mut joined = DisjointSets::new(names.len());
    for set in sets() {
        let mut places = set.iter().filter_map(|name| places.get(name.as_str()));
        if let Some(&first) = places.next() {
            places.for_each(|&place| joined.join(first, place));
        }
    }
    // By the first name of each, because the names are in order.
    let named = |set: Vec<usize>| set.iter().map(|&place| names[place].to_owned()).collect();
    joined.several().into_iter().map(named).collect()
}

/// Looks for the same picture in two parts of the split, under two classes, and at all. Every picture is decoded.
///
/// # Errors
/// [`DataError::Stopped`].
pub fn duplicates(
    pictures: &[SplitPicture],
    progress: &(dyn Fn(usize, usize) + Sync),
    stop: &StopFlag,
) -> Result<FoundDuplicates, DataError> {
    let sources: Vec<PictureSource> = pictures
        .iter()
        .map(|picture| picture.source.clone())
        .collect();
    let prints = duplicates::fingerprints(&sources, progress, stop)?;
    let matters = |index: usize, other: usize| {
        let (a, b) = (&pictures[index], &pictures[other]);
        a.split != b.split || a.class != b.class
    };
    // Held-out pictures first: theirs is the side on which a pair is told.
    let mut wanted: Vec<usize> = (0..pictures.len()).collect();
    wanted.sort_by_key(|&index| std::cmp::Reverse(pictures[index].split));
    let found = duplicates::find(&prints, &wanted, &matters, stop)?;
    let pairs: Vec<Suspect> = found
        .into_iter()
        .map(|duplicate| {
            let (a, b) = (&pictures[duplicate.index], &pictures[duplicate.other]);
            let (picture, other) = if a.split >= b.split { (a, b) } else { (b, a) };
            let (picture, other) = (picture.clone(), other.clone());
            let likeness = duplicate.likeness;
            let reason = if picture.split == other.split {
                Reason::TwoClasses { other, likeness }
            } else {
                Reason::CrossesSplit { other, likeness }
            };
            Suspect { picture, reason }
        })
        .collect();
    let names = |set: Vec<usize>| {
        set.iter()
            .map(|&index| pictures[index].name.clone())
            .collect()
    };
    let alike = duplicates::sets(&prints, stop)?.into_iter().map(names);
    Ok(FoundDuplicates {
        likely_groups: likely_groups(pictures, &pairs),
        alike: alike.collect(),
        pairs,
    })
}

/// A sentence that tells how to keep together the pictures that look alike and stand in two parts of the split, if their
/// names tell it.
fn likely_groups(pictures: &[SplitPicture], found: &[Suspect]) -> Option<String> {
    let names: Vec<(&str, &str)> = pictures
        .iter()
        .map(|picture| (picture.name.as_str(), picture.class.as_str()))
        .collect();
    let pairs: Vec<(&str, &str)> = found
        .iter()
        .filter_map(|suspect| match &suspect.reason {
            Reason::CrossesSplit { other, .. } => {
                Some((suspect.picture.name.as_str(), other.name.as_str()))
            }
            Reason::WrongLabel { .. } | Reason::TwoClasses { .. } => None,
        })
        .collect();
    split::groups_of_pairs(&names, &pairs)
}

/// [`duplicates()`] among the pictures of a run's split.
///
/// # Errors
/// When the split can't be read, or when it was stopped.
pub fn duplicates_of_run(
    folder: &Path,
    progress: &(dyn Fn(usize, usize) + Sync),
    stop: &StopFlag,
) -> Result<FoundDuplicates, RunError> {
    let pictures = split_pictures(folder, stop)?;
    let found = duplicates(&pictures, progress, stop);
    found.map_err(|error| files::problem(folder, error))
}
