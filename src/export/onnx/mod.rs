//! A run as one ONNX file: pictures in, probabilities out.
//!
//! The network is not written down by hand: one inference pass is recorded as libtorch computes it (`libtorch::recording`), and
//! each of its operations has its words in ONNX (`operators.rs`). A backbone needs to know nothing of it.

mod answers;
mod assemble;
mod graph;
mod half;
mod metadata;
mod numbers;
mod operators;
mod parity;
mod preprocessing;
mod read_back;
mod simplify;
#[cfg(test)]
mod tests;
mod translate;

use std::collections::BTreeMap;
use std::path::Path;

use super::described::Described;
use super::rounding::{self, Rounding};
use super::trial::{Pictures, USUAL_PICTURES};
use super::{ExportError, check_stop};
use crate::analysis::evaluate::open_in_single_precision;
use crate::data::StopFlag;
use crate::libtorch;
use crate::runs::atomic;

use answers::Answers;
use assemble::{Whole, assemble};
use preprocessing::Preprocessing;
use translate::WeightNames;

pub use super::trial::Agreement;

/// What the file takes, by [`Input`].
pub const IMAGES: &str = "images";
pub const INPUT: &str = "input";
/// What it gives, float32 `[N, classes]`.
pub const PROBABILITIES: &str = "probabilities";
/// Where its preprocessing ends and its network begins, float32 `[N, 3, S, S]`.
const NORMALISED: &str = "normalised";

/// What the file takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Input {
    /// `images`, uint8 `[N, H, W, 3]`: decoded RGB pictures of any size.
    #[default]
    Pictures,
    /// `input`, float32 `[N, 3, S, S]`: squares that are resized and normalised already.
    Tensor,
}

/// What the file's weights are, and what it computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    #[default]
    Float32,
    /// Weights and the network in half precision; preprocessing and probabilities in single precision.
    Float16,
    /// Weights as 8-bit integers with a scale for each output channel; computed in single precision.
    Int8Weights,
}

/// How a run is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub input: Input,
    pub numbers: Numbers,
    /// Normalisations stay nodes of their own; otherwise they are folded into the convolutions before them.
    pub keep_batch_norm: bool,
    /// Test pictures that the file is tried on, spread evenly over all of them; `None` for all.
    pub parity_pictures: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            input: Input::default(),
            numbers: Numbers::default(),
            keep_batch_norm: false,
            parity_pictures: Some(USUAL_PICTURES),
        }
    }
}

/// What the written file, read back, answers beside the run itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parity {
    /// That both answered.
    pub pictures: usize,
    /// Whether they are the run's own test pictures, and not made ones that took their place.
    pub are_own: bool,
    /// The file's network on the very squares that the run's network sees.
    pub network: Agreement,
    /// The whole file on decoded pictures; as `network` where it takes squares.
    pub whole: Agreement,
    /// Of the squares' values, the share that the file's own preprocessing makes equal to Graft's; `None` where it has none.
    pub equal_pixels: Option<f64>,
    /// Share of right answers of the run's network and of the file, on these pictures; `None` for made ones.
    pub accuracy: Option<(f64, f64)>,
    /// The file beside the run's own answers, where frozen layers of the run computed in fewer bits.
    pub rounding: Option<Rounding>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub bytes: u64,
    /// Of ONNX's own operators.
    pub opset: i64,
    pub parity: Parity,
    /// What a person should know of it, in whole sentences.
    pub remarks: Vec<String>,
    /// All that stands in the file's `metadata_props`.
    pub metadata: BTreeMap<String, String>,
}

/// Writes the run that is `described` to `out`, reads the file back and tries it. The temperature of its decision divides the
/// logits within the file; threshold and rejection are written down in the metadata. `progress` hears what is being done, how
/// much of it is done, and of how much (0 where that is not known).
///
/// # Errors
/// What the run lacks, what the format can't hold, and that the file's answers are not the run's: then nothing is left at
/// `out` that was not there before.
pub fn write(
    described: &Described,
    out: &Path,
    options: &Options,
    progress: &mut dyn FnMut(&str, usize, usize),
    stop: &StopFlag,
) -> Result<Written, ExportError> {
    if !libtorch::IS_THERE {
        return Err(ExportError::Refused(
            "this program was built without libtorch's headers, which writing ONNX takes: use a packaged Graft".into(),
        ));
    }
    progress("Reading the network", 0, 0);
    let (stored, temperature) = (&described.run, described.decision.temperature);
    let classifier = open_in_single_precision(stored)?;
    let classes = described.classes();
    let whole = Whole {
        side: described.square.side,
        names: WeightNames::new(classifier.weights()),
        forward: &|input| classifier.plain_logits(input),
        preprocessing: (options.input == Input::Pictures).then_some(Preprocessing {
            spec: described.square,
            mean: described.pretrained.mean,
            deviation: described.pretrained.std,
        }),
        answers: Answers {
            output: described.experiment.head.output,
            views: classifier.orientations().to_vec(),
            temperature,
            classes: classes.len(),
        },
        numbers: options.numbers,
        keep_batch_norm: options.keep_batch_norm,
    };
    progress("Writing the network as ONNX", 0, 0);
    let (graph, input, output) = assemble(&whole)?;
    let opset = graph.opset();
    let mut metadata = metadata::metadata(described, &classifier, options);
    let mut bytes = graph.into_bytes(vec![input], vec![output], &metadata)?;
    check_stop(stop)?;

    let pictures = Pictures::of_run(stored, options.parity_pictures, stop)?;
    let parity = parity::compare(
        &bytes,
        &classifier,
        temperature,
        &pictures,
        &mut |done, total| progress("Trying the file", done, total),
        stop,
    )?;
    parity.verdict(options.numbers)?;
    let mut remarks: Vec<String> = stored.shortfall().into_iter().collect();
    if let Pictures::Made(reason) = &pictures {
        remarks.push(format!(
            "The file was tried on pictures that were made for it, not on the run's own: {reason}.{}",
            match options.numbers {
                Numbers::Float32 => "",
                Numbers::Float16 | Numbers::Int8Weights => {
                    " What its smaller weights cost in accuracy is therefore not known."
                }
            }
        ));
    }
    remarks.extend(parity.loss(options.numbers));
    let computes = match options.numbers {
        Numbers::Float32 | Numbers::Int8Weights => rounding::SINGLE_PRECISION,
        Numbers::Float16 => rounding::HALF_PRECISION,
    };
    remarks.extend(rounding::remark(stored, computes, parity.rounding.as_ref()));
    let tried = parity.metadata(options.numbers);
    bytes.extend(graph::metadata_bytes("parity", &tried));
    metadata.insert("parity".into(), tried);
    check_stop(stop)?;
    progress("Writing the file", 0, 0);
    atomic::write(out, &bytes)
        .map_err(|error| ExportError::file(out, format!("can't be written ({error})")))?;
    Ok(Written {
        bytes: bytes.len() as u64,
        opset,
        parity,
        remarks,
        metadata,
    })
}
