//! A written file's answers beside the run's own.

use serde_json::json;

use super::read_back::ReadBack;
use super::{Agreement, Numbers, Parity};
use crate::data::square::to_square;
use crate::data::{Pixels, StopFlag};
use crate::evaluation::decision::most_probable;
use crate::export::rounding::Rounding;
use crate::export::trial::{self, BLOCK, Pictures, Shown};
use crate::export::{ExportError, check_stop};
use crate::format;
use crate::training::inference::Classifier;

/// Probabilities of a file in single precision may differ by this much, and no more.
const TOLERANCE: f64 = 1e-3;
/// At least this share of pictures has the same answer.
const EQUAL_ANSWERS: f64 = 0.995;
/// A loss of accuracy that nobody may overlook, and the least number of pictures that is more than luck.
const NOTABLE_LOSS: (f64, f64) = (0.01, 3.0);

/// A square's levels as a file has them, `[3, side, side]`.
pub(super) fn planes(square: &Pixels) -> impl Iterator<Item = f32> {
    (0..3).flat_map(|channel| {
        let levels = square.rgb.iter().skip(channel).step_by(3);
        levels.map(|&level| f32::from(level))
    })
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
    let (mut parity, mut rounding) = (Parity::default(), Rounding::default());
    let (mut values, mut equal_values) = (0usize, 0usize);
    let (mut right_before, mut right_after, mut labelled) = (0usize, 0usize, 0usize);
    let total = pictures.len();
    for begin in (0..total).step_by(BLOCK) {
        let read = pictures.read(begin..(begin + BLOCK).min(total));
        for (at, shown) in read.into_iter().enumerate() {
            check_stop(stop)?;
            progress(begin + at, total);
            let Shown {
                pixels: picture,
                class,
                rounded,
            } = shown;
            let square = to_square(&picture, spec);
            let own = trial::answer(classifier, &picture, temperature)?;
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
            if let Some(rounded) = &rounded {
                rounding.count(rounded, temperature, &whole);
            }
            parity.pictures += 1;
            if let Some(class) = class {
                labelled += 1;
                // Of the run's own answers where they are in other numbers.
                let answered = rounded.as_deref().unwrap_or(&own);
                right_before += usize::from(most_probable(answered) as usize == class);
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
    parity.rounding = rounding.measured();
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
        let is_finite = is_number(&self.network) && is_number(&self.whole);
        if !is_finite && numbers == Numbers::Float16 {
            return Err(ExportError::Refused(
                "numbers that the network computes are beyond 65,504, the largest of half precision (float16), so that its answers \
                 are none, and the file was not written: export the run with full weights (float32)"
                    .into(),
            ));
        }
        if !is_finite {
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

    /// What a person must know of the accuracy that smaller weights cost, as whole sentences; nothing where it is next to none.
    pub(super) fn loss(&self, numbers: Numbers) -> Option<String> {
        let (run, file) = self.accuracy?;
        let (share, pictures) = NOTABLE_LOSS;
        let loss = run - file;
        // Less what a division of two counts may be too little.
        let is_notable = loss > share && loss * self.pictures as f64 > pictures - 0.5;
        (is_notable && numbers != Numbers::Float32).then(|| {
            format!(
                "The smaller weights cost accuracy: of {} of the run's test pictures the run has {} right, the file {}. Where that \
                 is too much, export the run with full weights (float32).",
                format::thousands(self.pictures as u64),
                format::percent(run),
                format::percent(file)
            )
        })
    }

    /// As the file keeps it.
    pub(super) fn metadata(&self, numbers: Numbers) -> String {
        let mut all = json!({
            "read_by": "tract",
            "pictures": self.pictures,
            "are_the_run_s_test_pictures": self.are_own,
            "network_on_equal_squares": self.network.as_json(),
            "whole_file": self.whole.as_json(),
        });
        if numbers == Numbers::Float16 {
            let how = "each operator computed in float32, its result rounded to float16";
            all["computed"] = json!(how);
        }
        if let Some(equal) = self.equal_pixels {
            all["share_of_equal_pixel_values"] = json!(equal);
        }
        if let Some(rounding) = &self.rounding {
            all["file_beside_the_run_s_own_answers"] = rounding.agreement.as_json();
            all["file_beside_the_run_s_own_answers"]["pictures"] = json!(rounding.pictures);
        }
        if let Some((before, after)) = self.accuracy {
            all["accuracy_of_the_run"] = json!(before);
            all["accuracy_of_the_file"] = json!(after);
        }
        all.to_string()
    }
}
