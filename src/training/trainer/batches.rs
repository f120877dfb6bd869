//! The batches of an epoch: which picture, seen how, in which order.

use super::workload::test_views;
use crate::data::augment::flip_views;
use crate::experiment::{Augmentation, Experiment, Views};
use crate::training::features::Group;
use crate::training::pictures::{Look, Shot};
use crate::training::seeds::{self, Purpose};

/// How training pictures are varied over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::training) enum Variation {
    /// Every epoch sees the same pictures.
    None,
    /// This many versions of each, one of which every epoch picks.
    Cached(u32),
    /// Drawn anew in every epoch.
    Fresh,
}

impl Variation {
    pub fn of(augmentation: &Augmentation) -> Self {
        match augmentation.views {
            _ if !augmentation.is_active() => Self::None,
            Views::Fresh => Self::Fresh,
            Views::Cached(views) if augmentation.has_continuous_changes() => {
                Self::Cached(views.max(1))
            }
            // Flips alone have no more versions than combinations.
            Views::Cached(views) => Self::Cached(views.clamp(1, flip_views(augmentation))),
        }
    }

    /// Versions of one picture whose features can be kept; `None` where every epoch differs.
    pub fn views(self) -> Option<u32> {
        match self {
            Self::None => Some(1),
            Self::Cached(views) => Some(views),
            Self::Fresh => None,
        }
    }

    /// How `picture` is seen as `view` in `epoch`.
    pub fn look(self, seed: u64, picture: usize, view: u32, epoch: u32) -> Look {
        match self {
            Self::None => Look::Plain,
            Self::Cached(_) => {
                let seed = seeds::mix(seed, Purpose::Augmentation, picture as u64, 0);
                Look::Augmented { seed, view }
            }
            Self::Fresh => {
                let seed = seeds::mix(
                    seed,
                    Purpose::Augmentation,
                    picture as u64,
                    u64::from(epoch),
                );
                Look::Augmented { seed, view: epoch }
            }
        }
    }

    /// Every picture in every version that is kept, version by version.
    pub fn all_shots(self, seed: u64, pictures: &[usize]) -> Vec<Shot> {
        (0..self.views().unwrap_or(1))
            .flat_map(|view| {
                pictures.iter().map(move |&picture| Shot {
                    picture,
                    look: self.look(seed, picture, view, 0),
                })
            })
            .collect()
    }
}

/// How `pictures` (indices into the data set) of `group` are seen, one row of features each, view by view; `None` where
/// every epoch sees them anew, or where there are none.
pub(in crate::training) fn shots(
    experiment: &Experiment,
    group: Group,
    pictures: &[usize],
) -> Option<Vec<Shot>> {
    if pictures.is_empty() {
        return None;
    }
    let flips = |views: u32| {
        let view = move |view| {
            let look = match group {
                Group::Test => Look::Flip(view),
                Group::Train | Group::Validation => Look::Plain,
            };
            pictures.iter().map(move |&picture| Shot { picture, look })
        };
        (0..views).flat_map(view).collect()
    };
    match group {
        Group::Train => {
            let variation = Variation::of(&experiment.augmentation);
            variation.views()?;
            Some(variation.all_shots(experiment.seed, pictures))
        }
        Group::Validation => Some(flips(1)),
        Group::Test => Some(flips(test_views(experiment))),
    }
}

/// One picture of a batch: its place among the training pictures, and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Draw {
    pub place: usize,
    pub view: u32,
}

/// The number of batches of an epoch. The last one may be smaller, but not a single picture where a
/// BatchNorm would have to normalise by it.
pub(super) fn batch_count(pictures: usize, batch_size: usize, normalizes_by_batch: bool) -> usize {
    let count = pictures.div_ceil(batch_size);
    let single_rest = batch_size > 1 && pictures % batch_size == 1;
    if normalizes_by_batch && single_rest {
        count - 1
    } else {
        count
    }
}

/// The shuffled batches of `epoch`, counted from 1 over all phases.
pub(super) fn epoch_batches(
    pictures: usize,
    batch_size: usize,
    normalizes_by_batch: bool,
    variation: Variation,
    seed: u64,
    epoch: u32,
) -> Vec<Vec<Draw>> {
    let count = batch_count(pictures, batch_size, normalizes_by_batch);
    let draw = |&place: &usize| match variation {
        Variation::Cached(views) => Draw {
            place,
            view: seeds::view(views, seed, epoch, place),
        },
        Variation::None | Variation::Fresh => Draw { place, view: 0 },
    };
    seeds::order(pictures, seed, epoch)
        .chunks(batch_size)
        .take(count)
        .map(|batch| batch.iter().map(draw).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_picture_is_left_out_only_where_it_would_be_normalised_by_itself() {
        let check = |pictures, size, by_batch, expect: &[usize]| {
            let batches = epoch_batches(pictures, size, by_batch, Variation::None, 1, 1);
            let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
            assert_eq!(sizes, expect, "{pictures} by {size}, by batch {by_batch}");
        };
        check(9, 4, false, &[4, 4, 1]);
        check(9, 4, true, &[4, 4]);
        check(10, 4, true, &[4, 4, 2]);
        check(1, 4, true, &[]);
        check(2, 1, false, &[1, 1]);
    }

    #[test]
    fn flips_alone_have_no_more_versions_than_combinations() {
        let check = |augmentation: Augmentation, expect| {
            assert_eq!(Variation::of(&augmentation), expect, "{augmentation:?}");
        };
        let flips = Augmentation {
            views: Views::Cached(9),
            horizontal_flip: true,
            vertical_flip: true,
            ..Augmentation::default()
        };
        check(flips.clone(), Variation::Cached(4));
        check(
            Augmentation {
                rotation: 5.0,
                ..flips.clone()
            },
            Variation::Cached(9),
        );
        check(
            Augmentation {
                views: Views::Cached(0),
                ..flips.clone()
            },
            Variation::Cached(1),
        );
        check(
            Augmentation {
                views: Views::Fresh,
                ..flips
            },
            Variation::Fresh,
        );
        check(
            Augmentation {
                views: Views::Cached(3),
                ..Augmentation::default()
            },
            Variation::None,
        );
    }

    #[test]
    fn all_versions_lie_one_after_the_other() {
        let shots = Variation::Cached(2).all_shots(5, &[7, 9]);
        let pictures: Vec<usize> = shots.iter().map(|shot| shot.picture).collect();
        assert_eq!(pictures, [7, 9, 7, 9]);
        let view = |shot: &Shot| match shot.look {
            Look::Augmented { view, .. } => view,
            _ => 99,
        };
        assert_eq!(shots.iter().map(view).collect::<Vec<_>>(), [0, 0, 1, 1]);
        assert_eq!(
            shots[0].look,
            Variation::Cached(2).look(5, 7, 0, 8),
            "the same in every epoch"
        );
    }
}
