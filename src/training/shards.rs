//! A run's pictures in parts, so that several machines compute the features of its frozen layers.
//!
//! A part is some of the rows that the run itself would compute, in the same batches where a row is told by its batch: what
//! computed the parts leaves no trace in them.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use tch::Device;

use super::features::key::stands_alone;
use super::micro_batch::forward_batch;
use super::sample::{Sample, samples};
use crate::data::{Split, SplitIndices};
use crate::experiment::Experiment;

/// More parts than any cluster has tasks for.
const MOST_PARTS: usize = 1_000_000;

/// One of several parts, as equal as can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 0.
    index: usize,
    of: usize,
}

impl Shard {
    /// The one part that is all.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Part `number`, counted from 1, of `of`; `None` where there is none such.
    pub fn new(number: usize, of: usize) -> Option<Self> {
        let index = number.checked_sub(1)?;
        (index < of && of <= MOST_PARTS).then_some(Self { index, of })
    }

    /// All parts of so many.
    pub fn all(of: usize) -> impl Iterator<Item = Self> {
        (0..of.min(MOST_PARTS)).map(move |index| Self { index, of })
    }

    /// Counted from 1.
    pub fn number(self) -> usize {
        self.index + 1
    }

    /// How many parts there are.
    pub fn of(self) -> usize {
        self.of
    }

    /// Of so many things in a row, those of this part.
    fn range(self, count: usize) -> Range<usize> {
        // As many as there are at most, so that nothing overflows.
        let at = |index: usize| (index as u128 * count as u128 / self.of as u128) as usize;
        at(self.index)..at(self.index + 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.number(), self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    /// `3/16`: the third of sixteen.
    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || {
            format!(
                "write the part and how many there are, such as 3/16, with 1 to {MOST_PARTS} parts"
            )
        };
        let (number, of) = text.split_once('/').ok_or_else(hint)?;
        let parse = |text: &str| text.trim().parse().map_err(|_| hint());
        Self::new(parse(number)?, parse(of)?).ok_or_else(hint)
    }
}

/// Rows that are told by their batch, and so are computed by it, where `device` computes on this thread; `None` where each
/// stands alone.
pub(super) fn batch_of(device: Device) -> Option<usize> {
    (!stands_alone(device)).then(|| forward_batch(device))
}

/// The rows of each split that a run computes once, view by view, and its pictures' number. None of training pictures that every
/// epoch sees anew.
pub(super) fn rows_of<'s>(
    experiment: &'s Experiment,
    split: &'s SplitIndices,
) -> impl Iterator<Item = (Split, Vec<Sample>, usize)> + 's {
    let of = [
        (Split::Train, &split.train),
        (Split::Validation, &split.validation),
        (Split::Test, &split.test),
    ];
    of.into_iter().filter_map(|(part, pictures)| {
        let rows = samples(experiment, part, pictures)?;
        Some((part, rows, pictures.len()))
    })
}

/// The phases whose features can be computed before the run, with their depth: what they freeze, no phase before them changes.
/// `frozen_depths`: of all phases.
pub(super) fn known_phases(frozen_depths: &[usize]) -> Vec<(usize, usize)> {
    let mut unchanged = usize::MAX;
    let mut known = Vec::new();
    for (index, &depth) in frozen_depths.iter().enumerate() {
        if depth > 0 && depth <= unchanged {
            known.push((index, depth));
        }
        unchanged = unchanged.min(depth);
    }
    known
}

/// The depths that rows of `split` are needed at, ascending.
pub(super) fn depths_of(split: Split, frozen_depths: &[usize]) -> Vec<usize> {
    let mut depths: Vec<usize> = match split {
        // Behind what no phase changes.
        Split::Test => frozen_depths.iter().copied().min().into_iter().collect(),
        Split::Train | Split::Validation => known_phases(frozen_depths)
            .into_iter()
            .map(|(_, depth)| depth)
            .collect(),
    };
    depths.retain(|&depth| depth > 0);
    depths.sort_unstable();
    depths.dedup();
    depths
}

/// Of `rows` rows of a split, which stand view by view with one of each of `pictures` pictures, those of this part: by their
/// number, in portions of about `most`, each of which is computed in one go. `batch`: rows that are told by their batch; `None`
/// where each stands alone.
pub(super) fn portions(
    shard: Shard,
    rows: usize,
    pictures: usize,
    batch: Option<usize>,
    most: usize,
) -> Vec<Vec<usize>> {
    let most = most.max(1);
    if let Some(batch) = batch.map(|batch| batch.max(1)) {
        let batches: Vec<usize> = shard.range(rows.div_ceil(batch)).collect();
        let rows_of = |&number: &usize| number * batch..((number + 1) * batch).min(rows);
        return batches
            .chunks(most.div_ceil(batch))
            .map(|some| some.iter().flat_map(rows_of).collect())
            .collect();
    }
    // All views of a picture together, so that it is decoded once.
    let views = rows.checked_div(pictures).unwrap_or(0);
    let own: Vec<usize> = shard.range(pictures).collect();
    own.chunks((most / views.max(1)).max(1))
        .map(|some| {
            let of_view = |view: usize| some.iter().map(move |&place| view * pictures + place);
            (0..views).flat_map(of_view).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_is_written_with_how_many_there_are() {
        let shard: Shard = " 3/16".parse().unwrap();
        assert_eq!((shard.number(), shard.to_string()), (3, "3 of 16".into()));
        assert_eq!("1/1".parse(), Ok(Shard::WHOLE));
        for text in [
            "",
            "3",
            "0/4",
            "5/4",
            "1/0",
            "-1/2",
            "a/b",
            "1/99999999999999999999",
            "1/1000001",
        ] {
            let said = text.parse::<Shard>().unwrap_err();
            assert!(said.contains("3/16"), "{text}: {said}");
        }
    }

    #[test]
    fn only_what_no_earlier_phase_changes_can_be_computed_before() {
        let depths = |split, frozen: &[usize]| depths_of(split, frozen);
        assert_eq!(known_phases(&[9, 7, 8, 7]), [(0, 9), (1, 7), (3, 7)]);
        assert_eq!(depths(Split::Train, &[9, 7, 8, 7]), [7, 9]);
        assert_eq!(depths(Split::Test, &[9, 7, 8, 7]), [7]);
        assert!(depths(Split::Validation, &[0, 7]).is_empty());
        assert!(depths(Split::Test, &[9, 0]).is_empty());
        assert_eq!(depths(Split::Train, &[9, 0]), [9]);
    }

    proptest! {
        /// Every row is in one part, parts are nearly equal, and rows that are told by their batch stay in it.
        #[test]
        fn parts_are_all_rows_once(
            pictures in 0usize..200, views in 1usize..4, of in 1usize..9,
            batch in prop::option::of(1usize..20), most in 1usize..60,
        ) {
            let rows = pictures * views;
            let mut sizes = Vec::new();
            let mut all = Vec::new();
            for shard in Shard::all(of) {
                let portions = portions(shard, rows, pictures, batch, most);
                for portion in &portions {
                    prop_assert!(!portion.is_empty());
                    prop_assert!(portion.len() <= most.max(views).next_multiple_of(batch.unwrap_or(1)));
                    let batch = batch.unwrap_or(1);
                    for some in portion.chunks(batch) {
                        prop_assert_eq!(some[0] % batch, 0);
                        let whole = some[0]..(some[0] + batch).min(rows);
                        prop_assert_eq!(some, whole.collect::<Vec<_>>());
                    }
                }
                let own = portions.concat();
                sizes.push(own.len());
                all.extend(own);
            }
            let (low, high) = (*sizes.iter().min().unwrap(), *sizes.iter().max().unwrap());
            prop_assert!(high - low <= 2 * batch.unwrap_or(views));
            all.sort_unstable();
            prop_assert_eq!(all, (0..rows).collect::<Vec<_>>());
        }
    }
}
