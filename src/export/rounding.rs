//! What it changes that a run's frozen layers computed in fewer bits than an exported network does.

use super::described::Described;
use super::trial::{self, Agreement, BLOCK, Pictures, USUAL_PICTURES};
use super::{ExportError, check_stop};
use crate::analysis::evaluate;
use crate::data::StopFlag;
use crate::evaluation::decision::temper;
use crate::format;
use crate::runs::{StoredRun, answers, files};
use crate::training::FrozenPrecision;

/// How far answers in single precision are from a run's own, whose frozen layers computed in fewer bits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rounding {
    /// That both answered.
    pub pictures: usize,
    pub agreement: Agreement,
}

impl Rounding {
    /// One picture's answers: the run's own, as its folder has them, and those in single precision at this temperature.
    pub(super) fn count(&mut self, rounded: &[f32], temperature: f64, exact: &[f32]) {
        self.pictures += 1;
        self.agreement.count(&temper(rounded, temperature), exact);
    }

    /// `None` where nothing was compared.
    pub(super) fn measured(self) -> Option<Self> {
        (self.pictures > 0).then_some(self)
    }
}

/// The same of a run whose weights are used elsewhere, on a few of its test pictures; nothing where it computed in single
/// precision, or its pictures or its answers are not there any more. `progress` hears how many pictures are done, and of how
/// many.
///
/// # Errors
/// When the network can't be used, and [`ExportError::Stopped`].
pub fn measure(
    described: &Described,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<Option<Rounding>, ExportError> {
    let run = &described.run;
    if run.summary.own_precision() == FrozenPrecision::Fp32 {
        return Ok(None);
    }
    let pictures = Pictures::of_run(run, Some(USUAL_PICTURES), stop)?;
    let Pictures::Own(own) = &pictures else {
        return Ok(None);
    };
    if own.iter().all(|picture| picture.rounded.is_none()) {
        return Ok(None);
    }
    let classifier = evaluate::open_in_single_precision(run)?;
    let temperature = described.decision.temperature;
    let mut rounding = Rounding::default();
    let total = pictures.len();
    for begin in (0..total).step_by(BLOCK) {
        check_stop(stop)?;
        progress(begin, total);
        for shown in pictures.read(begin..(begin + BLOCK).min(total)) {
            let Some(rounded) = &shown.rounded else {
                continue;
            };
            let exact = trial::answer(&classifier, &shown.pixels, temperature)?;
            rounding.count(rounded, temperature, &exact);
        }
    }
    progress(total, total);
    Ok(rounding.measured())
}

/// What whoever uses a run's network elsewhere must know of the numbers that it computes in, in whole sentences; nothing where
/// the run itself computed in single precision. `exported` is what the exported network computes in.
pub fn remark(run: &StoredRun, exported: &str, measured: Option<&Rounding>) -> Option<String> {
    let own = run.summary.own_precision();
    if own == FrozenPrecision::Fp32 {
        return None;
    }
    let begins = format!(
        "The run’s frozen layers compute in {} (16 bits), the exported network in {exported}:",
        own.name()
    );
    Some(match measured {
        Some(Rounding {
            pictures,
            agreement,
        }) => format!(
            "{begins} on {}, its probabilities differ from Graft’s by up to {}, and {} of {} are the same.",
            format::count(*pictures, "test picture", "test pictures"),
            difference_text(agreement.largest_difference),
            format::thousands(agreement.equal_answers as u64),
            format::count(*pictures, "answer", "answers"),
        ),
        None => {
            let known = answers::differing(&run.folder, files::PREDICTIONS, FrozenPrecision::Fp32);
            let known = known.map(|count| {
                format!(
                    " {} of its {} are another class then.",
                    format::thousands(count as u64),
                    format::count(run.summary.test_pictures, "test answer", "test answers")
                )
            });
            format!(
                "{begins} its probabilities may differ from Graft’s by hundredths, where it is unsure by more.{}",
                known.unwrap_or_default()
            )
        }
    })
}

/// For [`remark`].
pub const SINGLE_PRECISION: &str = "single precision (32 bits)";
pub const HALF_PRECISION: &str = "half precision (fp16)";

/// A difference of probabilities, with the digits that say something: `0.018`, `0.00042`, `0.0000009`.
pub fn difference_text(difference: f64) -> String {
    if difference < 1e-9 {
        return "0".to_owned();
    }
    if !difference.is_finite() {
        return "more than 1".to_owned();
    }
    // Two digits that count; one where they are few.
    let first = (-difference.log10().floor()).max(1.0) as usize;
    let places = if first < 5 { first + 1 } else { first };
    let text = format!("{difference:.places$}");
    match text.contains('.') {
        true => (text.trim_end_matches('0').trim_end_matches('.')).to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::evaluate::tests::finished_run_in;
    use crate::evaluation::Decision;
    use crate::experiment::Precision;

    #[test]
    fn differences_are_written_without_powers_of_ten() {
        for (difference, text) in [
            (0.0, "0"),
            (3e-12, "0"),
            (9e-7, "0.0000009"),
            (4.24e-4, "0.00042"),
            (0.018_3, "0.018"),
            (0.1, "0.1"),
            (0.25, "0.25"),
            (1.0, "1"),
            (f64::INFINITY, "more than 1"),
        ] {
            assert_eq!(difference_text(difference), text);
        }
    }

    #[test]
    fn a_run_in_single_precision_has_nothing_to_say_of_its_numbers() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run_in(root.path(), Precision::Fp32);
        let described = Described::open(&folder, Decision::default()).unwrap();
        let found = measure(&described, &mut |_, _| {}, &StopFlag::default()).unwrap();
        assert_eq!(found, None);
        assert_eq!(
            remark(&described.run, SINGLE_PRECISION, found.as_ref()),
            None
        );
    }

    #[test]
    fn answers_in_fewer_bits_are_held_against_those_of_single_precision() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run_in(root.path(), Precision::Bf16);
        // One answer is another one in the folder.
        let mut own = crate::runs::store::predictions(&folder).unwrap();
        own.rows[0].probabilities.reverse();
        let bytes = files::predictions(&own).unwrap();
        std::fs::write(folder.join(files::PREDICTIONS), bytes).unwrap();
        let described = Described::open(&folder, Decision::default()).unwrap();
        let stop = StopFlag::default();
        let mut told = Vec::new();
        let found = measure(&described, &mut |done, of| told.push((done, of)), &stop).unwrap();
        let found = found.unwrap();
        assert_eq!((found.pictures, found.agreement.equal_answers), (4, 3));
        assert!(found.agreement.largest_difference > 0.0, "{found:?}");
        assert_eq!(told, [(0, 4), (4, 4)]);
        let said = remark(&described.run, SINGLE_PRECISION, Some(&found)).unwrap();
        assert!(
            said.contains("compute in bf16") && said.contains("3 of 4 answers are the same"),
            "{said}"
        );
        // Without its pictures there is nothing to measure.
        std::fs::rename(root.path().join("pictures"), root.path().join("moved")).unwrap();
        let found = measure(&described, &mut |_, _| {}, &stop).unwrap();
        assert_eq!(found, None);
        let said = remark(&described.run, SINGLE_PRECISION, None).unwrap();
        assert!(said.contains("by hundredths"), "{said}");
    }
}
