//! What distances are measured to.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::known::KnownNovelty;
use super::limit::{NoveltyLimit, distance_text, rate_text};
use crate::evaluation::neighbours::FeatureIndex;
use crate::format;

/// Training pictures whose features are kept at most.
pub const MOST_PICTURES: usize = 10_000;

/// Numbers that are kept at most, 41 MB: of networks with more than 2,048 features, fewer pictures.
const MOST_NUMBERS: usize = 20_480_000;

/// Training pictures whose features are kept at most, where a picture has `width` of them.
pub fn most_pictures(width: usize) -> usize {
    (MOST_NUMBERS / width.max(1)).clamp(1, MOST_PICTURES)
}

/// Distances of named pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distances {
    pub names: Vec<String>,
    /// One for each name.
    pub values: Vec<f32>,
}

/// Features of a run's training pictures, and how far its validation and test pictures are from them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoveltyReference {
    /// Of all training pictures, or of some that were drawn evenly from every class.
    pub index: FeatureIndex,
    /// Training pictures in all.
    pub training_pictures: usize,
    pub validation: Distances,
    pub test: Distances,
}

impl NoveltyReference {
    /// The threshold for a rate of false alarms.
    ///
    /// # Errors
    /// A sentence, where no rate can be stated.
    pub fn limit(&self, rate: f64) -> Result<NoveltyLimit, String> {
        NoveltyLimit::new(&self.validation.values, rate).ok_or_else(|| {
            "the run has no validation pictures by which a rate of false alarms could be stated"
                .to_owned()
        })
    }

    /// What can be said of the run's own pictures without its network.
    pub fn known(&self) -> KnownNovelty {
        KnownNovelty::new(
            self.index.len(),
            self.training_pictures,
            &self.validation,
            &self.test,
        )
    }

    /// One line for the log.
    pub fn summary(&self) -> String {
        let of = match self.index.len() < self.training_pictures {
            true => format!(
                " of {}, drawn evenly from every class",
                format::thousands(self.training_pictures as u64)
            ),
            false => String::new(),
        };
        let pictures = format::count(self.index.len(), "training picture", "training pictures");
        match self.limit(super::USUAL_RATE) {
            Ok(limit) => format!(
                "None of these: features of {pictures}{of}; beyond a distance of {}, by {} and false alarms of {}",
                distance_text(limit.threshold),
                format::count(
                    limit.validation_pictures,
                    "validation picture",
                    "validation pictures"
                ),
                rate_text(limit.rate)
            ),
            Err(_) => format!("Features of {pictures}{of} are kept"),
        }
    }
}

/// Positions of at most `most` of the pictures with these `labels`, ascending: all of them where they are no more, else as
/// many of each class as far as they go, drawn by `seed`.
pub fn drawn(labels: &[u32], most: usize, seed: u64) -> Vec<usize> {
    if labels.len() <= most {
        return (0..labels.len()).collect();
    }
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (position, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(position);
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    for positions in classes.values_mut() {
        positions.shuffle(&mut generator);
    }
    // Turn by turn one of each class, until there are enough.
    let turns = (0..).map(|turn| {
        let of_turn = classes
            .values()
            .filter_map(move |of_class| of_class.get(turn));
        of_turn.copied()
    });
    let mut taken: Vec<usize> = turns.flatten().take(most).collect();
    taken.sort_unstable();
    taken
}
