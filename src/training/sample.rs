//! What a network is given: a picture, and how it is transformed.

use super::seeds::{self, Purpose};
use crate::data::Split;
use crate::data::augment::{Orientation, flip_views, test_orientations};
use crate::experiment::{Augmentation, Experiment, TestViews, Views};

/// How a picture is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    Plain,
    /// Mirrored and turned, as a test may see it.
    Oriented(Orientation),
    /// Augmented, reproducibly.
    Augmented {
        seed: u64,
        view: u32,
    },
}

impl Transform {
    /// Whether the picture stays as it is.
    pub(super) fn is_identity(self) -> bool {
        matches!(self, Self::Plain | Self::Oriented(Orientation::PLAIN))
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

    /// Versions of one picture; `None` where every epoch makes new ones.
    fn views(self) -> Option<u32> {
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

/// Versions of one training picture whose features can be kept; `None` where every epoch shows the frozen part other pictures:
/// new versions, or pictures that are mixed with others.
pub(in crate::training) fn kept_views(augmentation: &Augmentation) -> Option<u32> {
    match augmentation.is_mixing() {
        true => None,
        false => Variation::of(augmentation).views(),
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
    let seen_as = |transform| {
        pictures
            .iter()
            .map(move |&picture| Sample { picture, transform })
    };
    match split {
        Split::Train => {
            kept_views(&experiment.augmentation)?;
            let variation = Variation::of(&experiment.augmentation);
            Some(variation.all_samples(experiment.seed, pictures))
        }
        Split::Validation => Some(seen_as(Transform::Plain).collect()),
        Split::Test => {
            let views = orientations(experiment).into_iter();
            let samples = views.flat_map(|view| seen_as(Transform::Oriented(view)));
            Some(samples.collect())
        }
    }
}

/// How test pictures lie in each of their views.
pub(in crate::training) fn orientations(experiment: &Experiment) -> Vec<Orientation> {
    test_orientations(&experiment.augmentation, experiment.training.test_views)
}

/// For the log: how test pictures are seen, where it is not once as they are.
pub(in crate::training) fn test_views_line(experiment: &Experiment) -> Option<String> {
    let views = experiment.training.test_views;
    let lacks_turns =
        views == TestViews::FlipsAndTurns && !experiment.augmentation.turns_all_round();
    let said = match orientations(experiment).len() {
        1 if views == TestViews::Single => return None,
        1 => "Test pictures are seen once, because the augmentation uses no flips".to_owned(),
        many => format!("Test pictures are seen in {many} views, whose probabilities are averaged"),
    };
    Some(match lacks_turns {
        true => format!("{said}; quarter turns take an augmentation.rotation of 180"),
        false => said,
    })
}

/// Versions in which test pictures are seen.
pub fn test_views(experiment: &Experiment) -> u32 {
    orientations(experiment).len() as u32
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
    fn mixed_pictures_leave_nothing_to_keep() {
        let mut experiment = Experiment::default();
        experiment.augmentation.views = Views::Cached(3);
        experiment.augmentation.rotation = 5.0;
        assert_eq!(kept_views(&experiment.augmentation), Some(3));
        for (mixup, cutmix) in [(0.2, 0.0), (0.0, 1.0)] {
            experiment.augmentation.mixup = mixup;
            experiment.augmentation.cutmix = cutmix;
            assert_eq!(kept_views(&experiment.augmentation), None);
            assert_eq!(samples(&experiment, Split::Train, &[1, 2]), None);
            // Its versions stay what they are, and validation pictures are kept.
            assert_eq!(
                Variation::of(&experiment.augmentation),
                Variation::Cached(3)
            );
            assert!(samples(&experiment, Split::Validation, &[1, 2]).is_some());
        }
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
