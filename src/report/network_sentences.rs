//! What is said of an exported network, in whole sentences.

use crate::export::described::Described;
use crate::export::onnx::{Agreement, Input, Parity};
use crate::export::rounding::difference_text;
use crate::format;
use crate::training::test_views;

/// Differences below this are none in the six digits that people compare.
const SIX_DIGITS: f64 = 5e-7;

/// What was found when an ONNX file was read back.
pub(super) fn parity(parity: &Parity, input: Input) -> Vec<String> {
    let pictures = match parity.are_own {
        true => format!(
            "{} of the run’s test pictures",
            format::thousands(parity.pictures as u64)
        ),
        false => format::count(parity.pictures, "made picture", "made pictures"),
    };
    let mut sentences = vec![format!(
        "The file was read back by a runtime for ONNX and tried on {pictures}: {}.",
        agreement(
            match input {
                Input::Pictures => &parity.whole,
                Input::Tensor => &parity.network,
            },
            parity.pictures
        )
    )];
    match (input, parity.equal_pixels) {
        (Input::Pictures, Some(1.0)) => sentences
            .push("It resizes and crops these pictures to the very pixels that Graft makes.".into()),
        (Input::Pictures, Some(equal)) => sentences.push(format!(
            "Of the pixels that it makes by resizing and cropping, {} are those that Graft makes; with Graft’s pixels, {}.",
            format::percent(equal),
            agreement(&parity.network, parity.pictures)
        )),
        _ => {}
    }
    if let Some((run, file)) = parity.accuracy {
        sentences.push(format!(
            "Of these pictures the run has {} right, the file {}.",
            format::percent(run),
            format::percent(file)
        ));
    }
    sentences
}

fn agreement(agreement: &Agreement, pictures: usize) -> String {
    let answers = match pictures.saturating_sub(agreement.equal_answers) {
        0 => "all answers are the same".to_owned(),
        differing => format!(
            "{} of {} another class",
            format::thousands(differing as u64),
            format::count(pictures, "answer is", "answers are")
        ),
    };
    match agreement.largest_difference {
        difference if difference < SIX_DIGITS => {
            format!("{answers}, and probabilities are equal to six digits")
        }
        difference => format!(
            "{answers}, and probabilities differ by at most {}",
            difference_text(difference)
        ),
    }
}

/// Where an exported network sees a picture once, and the run saw it in several views.
pub(super) fn views(described: &Described) -> Option<String> {
    let views = test_views(&described.experiment);
    (views > 1).then(|| {
        format!(
            "The run’s own answers are averages over {views} views of each picture, mirrored or turned; the exported network sees it once."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(equal_answers: usize, largest_difference: f64) -> Parity {
        let agreement = Agreement {
            largest_difference,
            equal_answers,
        };
        Parity {
            pictures: 64,
            are_own: true,
            network: agreement,
            whole: agreement,
            equal_pixels: Some(1.0),
            accuracy: Some((0.875, 0.875)),
            rounding: None,
        }
    }

    #[test]
    fn what_was_found_is_said_in_plain_numbers() {
        let said = parity(&found(64, 3e-7), Input::Pictures);
        assert!(
            said[0]
                .ends_with("all answers are the same, and probabilities are equal to six digits."),
            "{said:?}"
        );
        assert!(said[1].contains("the very pixels"), "{said:?}");
        assert_eq!(said.len(), 3);
        let said = parity(&found(63, 0.0123), Input::Tensor);
        assert!(
            said[0].ends_with(
                "1 of 64 answers are another class, and probabilities differ by at most 0.012."
            ),
            "{said:?}"
        );
        assert_eq!(said.len(), 2);
        let some = Parity {
            equal_pixels: Some(0.998),
            ..found(64, 9e-7)
        };
        let said = parity(&some, Input::Pictures);
        assert!(
            said[1].contains("99.8 % are those") && said[1].contains("at most 0.0000009"),
            "{said:?}"
        );
    }
}
