//! What distances are measured to, and its file.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::limit::{distance_text, rate_text};
use super::{NEIGHBOURS, NoveltyLimit};
use crate::evaluation::Score;
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

/// What a file calls its parts.
const FEATURES: &str = "features";
const VALIDATION: &str = "validation_distances";
const TEST: &str = "test_distances";
const NAMES: &str = "names";
const VALIDATION_NAMES: &str = "validation_names";
const TEST_NAMES: &str = "test_names";
const VERSION: &str = "version";
const CHECKPOINT: &str = "checkpoint";
const NEIGHBOUR: &str = "neighbour";
const TRAINING_PICTURES: &str = "training_pictures";
/// Of the file's layout.
const THIS_VERSION: &str = "1";

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

/// How far a run's validation and test pictures are from its training pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnownNovelty {
    /// Rising.
    validation: Vec<f32>,
    test: Vec<f32>,
    by_name: HashMap<String, f32>,
}

impl KnownNovelty {
    /// The threshold for a rate of false alarms; `None` where no rate can be stated.
    pub fn limit(&self, rate: f64) -> Option<NoveltyLimit> {
        NoveltyLimit::of_sorted(&self.validation, rate)
    }

    /// Nothing of training pictures, which distances are measured to.
    pub fn distance(&self, name: &str) -> Option<f32> {
        self.by_name.get(name).copied()
    }

    /// The share of the test pictures that is refused; `None` without any.
    pub fn refused(&self, limit: &NoveltyLimit) -> Option<Score> {
        (!self.test.is_empty()).then(|| limit.refused(&self.test))
    }
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

    /// What can be shown of the run's own pictures without its network.
    pub fn into_known(self) -> KnownNovelty {
        let mut validation = self.validation.values.clone();
        validation.sort_unstable_by(f32::total_cmp);
        let test = self.test.values.clone();
        let all = [self.validation, self.test].into_iter();
        KnownNovelty {
            validation,
            test,
            by_name: all
                .flat_map(|known| known.names.into_iter().zip(known.values))
                .collect(),
        }
    }

    /// What an exported network and a model card say of it, in the field's words.
    pub fn description(&self, limit: &NoveltyLimit) -> BTreeMap<String, String> {
        let mut lines = BTreeMap::new();
        let mut say = |key: &str, text: String| {
            lines.insert(format!("novelty.{key}"), text);
        };
        say(
            "method",
            format!(
                "distance = 1 - cosine similarity of the head's input to that of the nearest training picture (k = {NEIGHBOURS}; Sun et al. 2022); none of these above the threshold"
            ),
        );
        say("neighbour", NEIGHBOURS.to_string());
        say("threshold", limit.threshold.to_string());
        say("false_alarm_rate", limit.rate.to_string());
        say(
            "false_alarms",
            format!(
                "{} of the run's own pictures at most is refused",
                rate_text(limit.rate)
            ),
        );
        say("training_pictures", self.index.len().to_string());
        say("validation_pictures", limit.validation_pictures.to_string());
        if !self.test.values.is_empty() {
            let refused = limit.refused(&self.test.values);
            say("refused_on_test", refused.value.to_string());
            say("test_pictures", self.test.values.len().to_string());
        }
        lines
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

    /// A safetensors file: `features` `[N, F]` in half precision, distances in single precision, and the names in its metadata.
    /// `checkpoint`: SHA-256 of the weights that gave them.
    ///
    /// # Errors
    /// A sentence, when it can't be written.
    pub fn to_bytes(&self, checkpoint: &str) -> Result<Vec<u8>, String> {
        let rows: Vec<u8> = (self.index.rows().iter())
            .flat_map(|&value| f16::from_f32(value).to_le_bytes())
            .collect();
        let bytes = |distances: &Distances| -> Vec<u8> {
            let values = distances.values.iter();
            values.flat_map(|value| value.to_le_bytes()).collect()
        };
        let (validation, test) = (bytes(&self.validation), bytes(&self.test));
        let view = |dtype, shape: Vec<usize>, bytes| {
            TensorView::new(dtype, shape, bytes).map_err(|error| error.to_string())
        };
        let tensors = [
            (
                FEATURES,
                view(
                    Dtype::F16,
                    vec![self.index.len(), self.index.width()],
                    &rows,
                )?,
            ),
            (
                VALIDATION,
                view(Dtype::F32, vec![self.validation.values.len()], &validation)?,
            ),
            (TEST, view(Dtype::F32, vec![self.test.values.len()], &test)?),
        ];
        let list =
            |names: &[String]| serde_json::to_string(names).map_err(|error| error.to_string());
        let metadata = HashMap::from([
            (VERSION.to_owned(), THIS_VERSION.to_owned()),
            (CHECKPOINT.to_owned(), checkpoint.to_owned()),
            (NEIGHBOUR.to_owned(), NEIGHBOURS.to_string()),
            (
                TRAINING_PICTURES.to_owned(),
                self.training_pictures.to_string(),
            ),
            (NAMES.to_owned(), list(self.index.names())?),
            (VALIDATION_NAMES.to_owned(), list(&self.validation.names)?),
            (TEST_NAMES.to_owned(), list(&self.test.names)?),
        ]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|error| error.to_string())
    }

    /// What [`Self::to_bytes`] wrote, and the weights that it is of.
    ///
    /// # Errors
    /// Saying what the file is not.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, String), String> {
        let damaged = |error: safetensors::SafeTensorError| format!("it is damaged ({error})");
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let said = header.metadata().clone().unwrap_or_default();
        let text = |key: &str| {
            let found = said.get(key).map(String::as_str);
            found.ok_or_else(|| format!("it does not say its {key}"))
        };
        let version = text(VERSION)?;
        if version != THIS_VERSION || text(NEIGHBOUR)? != NEIGHBOURS.to_string() {
            return Err("another version of Graft wrote it".to_owned());
        }
        let names = |key: &str| -> Result<Vec<String>, String> {
            serde_json::from_str(text(key)?)
                .map_err(|error| format!("its {key} are damaged ({error})"))
        };
        let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let features = file.tensor(FEATURES).map_err(damaged)?;
        let (&[count, width], Dtype::F16) = (features.shape(), features.dtype()) else {
            return Err("its features are no matrix in half precision".to_owned());
        };
        if count == 0 || width == 0 {
            return Err("it has no features".to_owned());
        }
        let (pairs, _) = features.data().as_chunks::<2>();
        let halves = pairs.iter().map(|pair| f16::from_le_bytes(*pair));
        if !halves.clone().all(f16::is_finite) {
            return Err("its features hold what is no number".to_owned());
        }
        let index_names = names(NAMES)?;
        if index_names.len() != count {
            return Err("it has more features than names, or fewer".to_owned());
        }
        let distances = |tensor: &str, key: &str| -> Result<Distances, String> {
            let found = file.tensor(tensor).map_err(damaged)?;
            let (quads, _) = found.data().as_chunks::<4>();
            let values: Vec<f32> = quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect();
            let names = names(key)?;
            let is_whole = found.dtype() == Dtype::F32
                && names.len() == values.len()
                && values.iter().all(|value| value.is_finite());
            match is_whole {
                true => Ok(Distances { names, values }),
                false => Err(format!("its {tensor} are damaged")),
            }
        };
        let reference = Self {
            index: FeatureIndex::from_halves(index_names, width, halves),
            training_pictures: text(TRAINING_PICTURES)?
                .parse()
                .map_err(|_| "it does not say of how many pictures it is".to_owned())?,
            validation: distances(VALIDATION, VALIDATION_NAMES)?,
            test: distances(TEST, TEST_NAMES)?,
        };
        Ok((reference, text(CHECKPOINT)?.to_owned()))
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
