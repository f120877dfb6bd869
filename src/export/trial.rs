//! What an exported network is tried on, and how its answers are held against the run's own.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Value, json};

use super::{ExportError, check_stop};
use crate::analysis::{evaluate, gallery};
use crate::data::{PictureSource, Pixels, Split, StopFlag, decode};
use crate::evaluation::decision::{most_probable, temper};
use crate::runs::{StoredRun, answers, files, members};
use crate::training::FrozenPrecision;
use crate::training::inference::Classifier;

/// Test pictures that a file is tried on unless all are asked for.
pub(super) const USUAL_PICTURES: usize = 64;

/// Pictures that are decoded at a time.
pub(super) const BLOCK: usize = 8;

/// Sizes of the pictures that are made where there are none: wide, tall, square, and smaller than a network's.
const MADE: [(u32, u32); 8] = [
    (640, 480),
    (300, 300),
    (224, 224),
    (97, 61),
    (333, 517),
    (1, 300),
    (512, 96),
    (1023, 767),
];

/// What a file is tried on.
pub(super) enum Pictures {
    /// Test pictures of the run.
    Own(Vec<OwnPicture>),
    /// Made ones, because of this.
    Made(String),
}

/// A test picture of a run.
pub(super) struct OwnPicture {
    source: PictureSource,
    /// The index of its class.
    class: Option<usize>,
    /// What the run itself answered, in numbers of fewer bits than a file computes in; nothing where it computed in the same.
    pub rounded: Option<Vec<f32>>,
}

/// A picture that a file is asked about.
pub(super) struct Shown {
    pub pixels: Pixels,
    pub class: Option<usize>,
    /// See [`OwnPicture`].
    pub rounded: Option<Vec<f32>>,
}

impl Pictures {
    /// `most` of the run's test pictures, spread evenly over all; `None` for all.
    ///
    /// # Errors
    /// That the run's split can't be read, and [`ExportError::Stopped`].
    pub fn of_run(
        run: &StoredRun,
        most: Option<usize>,
        stop: &StopFlag,
    ) -> Result<Self, ExportError> {
        let folder = run.folder.as_path();
        let mut lines = members::read(folder)?.into_iter();
        if !lines.any(|member| member.split == Split::Test) {
            return Ok(Self::Made("the run has no test pictures".into()));
        }
        let found = gallery::split_pictures(folder, stop);
        check_stop(stop)?;
        let mut found = match found {
            Ok(found) => found,
            Err(error) => return Ok(Self::Made(error.to_string())),
        };
        found.retain(|picture| picture.split == Split::Test);
        if found.is_empty() {
            let reason = "none of the run's test pictures is where it was";
            return Ok(Self::Made(reason.into()));
        }
        let mut answers = rounded_answers(run);
        let taken = spread(found.len(), most.unwrap_or(found.len()));
        let own = taken.map(|index| {
            let picture = &found[index];
            let classes = &run.summary.classes;
            OwnPicture {
                source: picture.source.clone(),
                class: classes.iter().position(|class| *class == picture.class),
                rounded: answers.remove(&picture.name),
            }
        });
        Ok(Self::Own(own.collect()))
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Own(own) => own.len(),
            Self::Made(_) => MADE.len(),
        }
    }

    /// The pictures at these positions that can be read.
    pub fn read(&self, positions: Range<usize>) -> Vec<Shown> {
        let own = match self {
            Self::Own(own) => &own[positions],
            Self::Made(_) => {
                let sizes = MADE[positions].iter();
                let shown = |&size| Shown {
                    pixels: made(size),
                    class: None,
                    rounded: None,
                };
                return sizes.map(shown).collect();
            }
        };
        let sources: Vec<PictureSource> =
            own.iter().map(|picture| picture.source.clone()).collect();
        let decoded = decode::decode_all(&sources).into_iter();
        let shown = decoded.zip(own).filter_map(|(pixels, picture)| {
            Some(Shown {
                pixels: pixels.ok()?,
                class: picture.class,
                rounded: picture.rounded.clone(),
            })
        });
        shown.collect()
    }
}

/// A run's own answers on its test pictures, by their names, where its frozen layers computed in fewer bits than a file does.
fn rounded_answers(run: &StoredRun) -> HashMap<String, Vec<f32>> {
    let own = run.summary.own_precision();
    let stored = answers::precision(&run.folder, files::PREDICTIONS).unwrap_or(own);
    if own == FrozenPrecision::Fp32 || stored != own {
        return HashMap::new();
    }
    match evaluate::stored(&run.folder, Split::Test) {
        Ok(Some(predictions)) => (predictions.rows.into_iter())
            .map(|row| (row.file, row.probabilities))
            .collect(),
        // What can't be read, or is of other weights, says nothing.
        Ok(None) | Err(_) => HashMap::new(),
    }
}

/// `most` indices of `count`, evenly apart.
fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = most.clamp(1, count.max(1));
    (0..taken).map(move |index| index * count / taken)
}

/// What the run's own network answers on a picture: probabilities at this temperature, in the order of the classes.
///
/// # Errors
/// libtorch's own.
pub(super) fn answer(
    classifier: &Classifier,
    picture: &Pixels,
    temperature: f64,
) -> Result<Vec<f32>, ExportError> {
    let answered = classifier.predict(std::slice::from_ref(picture))?;
    let probabilities = answered.into_iter().flatten().map(|value| value as f32);
    Ok(temper(&probabilities.collect::<Vec<_>>(), temperature))
}

/// Waves and noise, the same at every call.
fn made((width, height): (u32, u32)) -> Pixels {
    let mut state = u64::from(width) << 32 | u64::from(height);
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3u32 {
                // Knuth's linear congruence.
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let noise = (state >> 33) as f64 / f64::from(1u32 << 31);
                let at = f64::from(x) / (7.0 + f64::from(channel)) + f64::from(y) / 11.0;
                rgb.push((255.0 * (0.35 + 0.35 * at.sin() * at.cos() + 0.3 * noise)) as u8);
            }
        }
    }
    Pixels { width, height, rgb }
}

/// Two ways of answering the same pictures.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Agreement {
    /// Of all probabilities.
    pub largest_difference: f64,
    /// Pictures that both find to be of the same class.
    pub equal_answers: usize,
}

impl Agreement {
    pub(super) fn count(&mut self, own: &[f32], other: &[f32]) {
        let apart = own
            .iter()
            .zip(other)
            .map(|(own, other)| f64::from((own - other).abs()));
        for difference in apart {
            // What is no number is as far off as can be.
            let difference = if difference.is_nan() {
                f64::INFINITY
            } else {
                difference
            };
            self.largest_difference = self.largest_difference.max(difference);
        }
        if own.len() != other.len() {
            self.largest_difference = f64::INFINITY;
        }
        self.equal_answers += usize::from(most_probable(own) == most_probable(other));
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "largest_difference_of_probability": self.largest_difference,
            "equal_answers": self.equal_answers,
        })
    }
}
