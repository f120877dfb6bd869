//! What a network is given: a picture, and how it is transformed.

use super::seeds::{self, Purpose};
use crate::data::Split;
use crate::data::augment::flip_views;
use crate::experiment::{Augmentation, Experiment, TestViews, Views};

/// How a picture is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    Plain,
    /// One combination of the flips that the augmentation uses; 0 is the picture itself.
    Flip(u32),
    /// Augmented, reproducibly.
    Augmented {
        seed: u64,
        view: u32,
    },
}

impl Transform {
    /// Whether the picture stays as it is.
    pub(super) fn is_identity(self) -> bool {
        matches!(self, Self::Plain | Self::Flip(0))
    }
}

/// One picture of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Index into the data set.
    pub picture: usize,
    pub transform: Transform,
}

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
    pub fn transform(self, seed: u64, picture: usize, view: u32, epoch: u32) -> Transform {
        match self {
            Self::None => Transform::Plain,
            Self::Cached(_) => {
                let seed = seeds::mix(seed, Purpose::Augmentation, picture as u64, 0);
                Transform::Augmented { seed, view }
            }
            Self::Fresh => {
                let seed = seeds::mix(
                    seed,
                    Purpose::Augmentation,
                    picture as u64,
                    u64::from(epoch),
                );
                Transform::Augmented { seed, view: epoch }
            }
        }
    }

    /// Every picture in every version that is kept, version by version.
    pub fn all_samples(self, seed: u64, pictures: &[usize]) -> Vec<Sample> {
        (0..self.views().unwrap_or(1))
            .flat_map(|view| {
                pictures.iter().map(move |&picture| Sample {
                    picture,
                    transform: self.transform(seed, picture, view, 0),
                })
            })
            .collect()
    }
}

/// How `pictures` (indices into the data set) of `split` are seen, one row of features each, view by view; `None` where
/// every epoch sees them anew, or where there are none.
pub(in crate::training) fn samples(
    experiment: &Experiment,
    split: Split,
    pictures: &[usize],
) -> Option<Vec<Sample>> {
    if pictures.is_empty() {
        return None;
    }
    let flips = |views: u32| {
        let view = move |view| {
            let transform = match split {
                Split::Test => Transform::Flip(view),
                Split::Train | Split::Validation => Transform::Plain,
            };
            pictures
                .iter()
                .map(move |&picture| Sample { picture, transform })
        };
        (0..views).flat_map(view).collect()
    };
    match split {
        Split::Train => {
            let variation = Variation::of(&experiment.augmentation);
            variation.views()?;
            Some(variation.all_samples(experiment.seed, pictures))
        }
        Split::Validation => Some(flips(1)),
        Split::Test => Some(flips(test_views(experiment))),
    }
}

/// Versions in which test pictures are seen.
pub fn test_views(experiment: &Experiment) -> u32 {
    match experiment.training.test_views {
        TestViews::Single => 1,
        TestViews::Flips => flip_views(&experiment.augmentation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let samples = Variation::Cached(2).all_samples(5, &[7, 9]);
        let pictures: Vec<usize> = samples.iter().map(|sample| sample.picture).collect();
        assert_eq!(pictures, [7, 9, 7, 9]);
        let view = |sample: &Sample| match sample.transform {
            Transform::Augmented { view, .. } => view,
            _ => 99,
        };
        assert_eq!(samples.iter().map(view).collect::<Vec<_>>(), [0, 0, 1, 1]);
        assert_eq!(
            samples[0].transform,
            Variation::Cached(2).transform(5, 7, 0, 8),
            "the same in every epoch"
        );
    }
}
