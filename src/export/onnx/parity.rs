//! A written file's answers beside the run's own.

use std::ops::Range;
use std::path::Path;

use serde_json::json;

use super::read_back::ReadBack;
use super::{Agreement, Numbers, Parity};
use crate::analysis::gallery;
use crate::data::square::to_square;
use crate::data::{PictureSource, Pixels, Split, StopFlag, decode};
use crate::evaluation::decision::{most_probable, temper};
use crate::export::{ExportError, check_stop};
use crate::format;
use crate::runs::members;
use crate::training::inference::Classifier;

/// Probabilities of a file in single precision may differ by this much, and no more.
const TOLERANCE: f64 = 1e-3;
/// At least this share of pictures has the same answer.
const EQUAL_ANSWERS: f64 = 0.995;

/// Pictures that are decoded at a time.
const BLOCK: usize = 8;

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
    /// Test pictures of the run, each with the index of its class.
    Own(Vec<(PictureSource, Option<usize>)>),
    /// Made ones, because of this.
    Made(String),
}

impl Pictures {
    /// `most` of the run's test pictures, spread evenly over all; `None` for all.
    ///
    /// # Errors
    /// That the run's split can't be read, and [`ExportError::Stopped`].
    pub fn of_run(
        folder: &Path,
        classes: &[String],
        most: Option<usize>,
        stop: &StopFlag,
    ) -> Result<Self, ExportError> {
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
        let taken = spread(found.len(), most.unwrap_or(found.len()));
        let mut own = Vec::with_capacity(taken.len());
        for index in taken {
            let picture = &found[index];
            let class = classes.iter().position(|class| *class == picture.class);
            own.push((picture.source.clone(), class));
        }
        Ok(Self::Own(own))
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Own(own) => own.len(),
            Self::Made(_) => MADE.len(),
        }
    }

    /// The pictures at these positions that can be read, each with its class.
    fn read(&self, positions: Range<usize>) -> Vec<(Pixels, Option<usize>)> {
        let own = match self {
            Self::Own(own) => &own[positions],
            Self::Made(_) => {
                let sizes = MADE[positions].iter();
                return sizes.map(|&size| (made(size), None)).collect();
            }
        };
        let sources: Vec<PictureSource> = own.iter().map(|(source, _)| source.clone()).collect();
        let decoded = decode::decode_all(&sources).into_iter();
        let classes = own.iter().map(|(_, class)| *class);
        decoded
            .zip(classes)
            .filter_map(|(pixels, class)| Some((pixels.ok()?, class)))
            .collect()
    }
}

/// `most` indices of `count`, evenly apart.
fn spread(count: usize, most: usize) -> Vec<usize> {
    let taken = most.clamp(1, count.max(1));
    (0..taken).map(|index| index * count / taken).collect()
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

/// A square's levels as a file has them, `[3, side, side]`.
pub(super) fn planes(square: &Pixels) -> impl Iterator<Item = f32> {
    (0..3).flat_map(|channel| {
        let levels = square.rgb.iter().skip(channel).step_by(3);
        levels.map(|&level| f32::from(level))
    })
}

impl Agreement {
    fn count(&mut self, own: &[f32], other: &[f32]) {
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
}

/// Tries a file, `bytes`, on `pictures`. `temperature`: of the file's probabilities.
///
/// # Errors
/// libtorch's and tract's own, [`ExportError::Stopped`], and that no picture can be read.
pub(super) fn compare(
    bytes: &[u8],
    classifier: &Classifier,
    temperature: f64,
    pictures: &Pictures,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<Parity, ExportError> {
    let spec = classifier.square_spec();
    let mut file = ReadBack::new(bytes, spec.side)?;
    let mut parity = Parity::default();
    let (mut values, mut equal_values) = (0usize, 0usize);
    let (mut right_before, mut right_after, mut labelled) = (0usize, 0usize, 0usize);
    let total = pictures.len();
    for begin in (0..total).step_by(BLOCK) {
        let read = pictures.read(begin..(begin + BLOCK).min(total));
        for (at, (picture, class)) in read.into_iter().enumerate() {
            check_stop(stop)?;
            progress(begin + at, total);
            let square = to_square(&picture, spec);
            let own = classifier.predict(std::slice::from_ref(&picture))?;
            let own = own.into_iter().next().unwrap_or_default();
            let own: Vec<f32> = own.into_iter().map(|value| value as f32).collect();
            let own = temper(&own, temperature);
            let on_squares = |file: &ReadBack| {
                file.answer(&classifier.normalised(std::slice::from_ref(&square))?)
            };
            let (network, whole) = match file.see(&picture)? {
                None => {
                    let answer = on_squares(&file)?;
                    (answer.clone(), answer)
                }
                Some(seen) => {
                    let levels = planes(&square).zip(&seen.squares);
                    let equal = levels.filter(|(own, other)| own == *other);
                    let equal = equal.count();
                    equal_values += equal;
                    values += square.rgb.len();
                    let whole = file.answer(&seen.normalised)?;
                    // The network need not answer the same twice.
                    match equal == square.rgb.len() {
                        true => (whole.clone(), whole),
                        false => (on_squares(&file)?, whole),
                    }
                }
            };
            parity.network.count(&own, &network);
            parity.whole.count(&own, &whole);
            parity.pictures += 1;
            if let Some(class) = class {
                labelled += 1;
                right_before += usize::from(most_probable(&own) as usize == class);
                right_after += usize::from(most_probable(&whole) as usize == class);
            }
        }
    }
    progress(total, total);
    if parity.pictures == 0 {
        return Err(ExportError::Refused(
            "none of the run's test pictures can be read any more, so the file could not be tried: put them back".into(),
        ));
    }
    parity.are_own = matches!(pictures, Pictures::Own(_));
    parity.equal_pixels = (values > 0).then(|| equal_values as f64 / values as f64);
    let share = |right: usize| right as f64 / labelled as f64;
    parity.accuracy = (labelled > 0).then(|| (share(right_before), share(right_after)));
    Ok(parity)
}

impl Parity {
    /// Whether the file is fit to be written; what is to be said of it otherwise.
    ///
    /// # Errors
    /// That a file in single precision does not answer as the run does.
    pub(super) fn verdict(&self, numbers: Numbers) -> Result<(), ExportError> {
        let differs = |what: &str, agreement: &Agreement| {
            ExportError::Refused(format!(
                "{what} does not answer as the run does, so it was not written: its probabilities differ by up to {:.6}, and {} of {} \
                 have the same answer. This is an error of Graft: please report it with the run's preset",
                agreement.largest_difference,
                agreement.equal_answers,
                format::count(self.pictures, "picture", "pictures"),
            ))
        };
        let is_number = |agreement: &Agreement| agreement.largest_difference.is_finite();
        if !is_number(&self.network) || !is_number(&self.whole) {
            return Err(differs("the file", &self.network));
        }
        if numbers != Numbers::Float32 {
            return Ok(());
        }
        if self.network.largest_difference > TOLERANCE {
            return Err(differs("the file's network", &self.network));
        }
        let equal = self.whole.equal_answers as f64 / self.pictures.max(1) as f64;
        if self.whole.largest_difference > TOLERANCE && equal < EQUAL_ANSWERS {
            return Err(differs("the file with its preprocessing", &self.whole));
        }
        Ok(())
    }

    /// As the file keeps it.
    pub(super) fn metadata(&self) -> String {
        let agreement = |agreement: &Agreement| {
            json!({
                "largest_difference_of_probability": agreement.largest_difference,
                "equal_answers": agreement.equal_answers,
            })
        };
        let mut all = json!({
            "read_by": "tract",
            "pictures": self.pictures,
            "are_the_run_s_test_pictures": self.are_own,
            "network_on_equal_squares": agreement(&self.network),
            "whole_file": agreement(&self.whole),
        });
        if let Some(equal) = self.equal_pixels {
            all["share_of_equal_pixel_values"] = json!(equal);
        }
        if let Some((before, after)) = self.accuracy {
            all["accuracy_of_the_run"] = json!(before);
            all["accuracy_of_the_file"] = json!(after);
        }
        all.to_string()
    }
}
