//! A run's network for other programs, with its model card beside it. The command line and the window write the same.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::analysis::{EvaluateRequest, evaluate::Pictures, evaluate_run};
use crate::data::{Split, StopFlag};
use crate::evaluation::{Decision, TemperatureFit};
use crate::experiment::Precision;
use crate::export::described::Described;
use crate::export::onnx::{self, Agreement, Input, Numbers};
use crate::export::origin::Origin;
use crate::export::{ExportError, pytorch, safetensors, write_file};
use crate::format;
use crate::models::device;
use crate::ordinary_file::{self, Links};
use crate::training::{FrozenPrecision, test_views};

use super::model_card::{Exported, ModelCard, What, is_card};

/// What a run is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NetworkFormat {
    /// One file that any runtime of ONNX reads.
    #[default]
    Onnx,
    /// The tensors, for whoever builds the network elsewhere.
    Safetensors,
    /// A folder with weights and a script.
    PyTorch,
    /// The model card alone.
    Card,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetworkOptions {
    pub format: NetworkFormat,
    /// Of ONNX, as are the two that follow.
    pub input: Input,
    pub numbers: Numbers,
    pub keep_batch_norm: bool,
    /// Divides the logits by the temperature that the run's validation pictures give.
    pub calibrate: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedNetwork {
    pub format: NetworkFormat,
    /// The file, or the folder.
    pub out: PathBuf,
    pub card: PathBuf,
    pub files: Vec<PathBuf>,
    /// Of all files but the card.
    pub bytes: u64,
    pub decision: Decision,
    pub origin: Origin,
    /// Of an ONNX file, what was found when it was read back.
    pub onnx: Option<onnx::Written>,
    /// What was written, and what was found when it was read back, in whole sentences.
    pub sentences: Vec<String>,
    /// What a person should know of it, in whole sentences.
    pub remarks: Vec<String>,
}

impl NetworkFormat {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Onnx => "ONNX file",
            Self::Safetensors => "safetensors file",
            Self::PyTorch => "folder for PyTorch",
            Self::Card => "model card",
        }
    }

    /// By the ending of a file's name, where it is clear.
    pub fn of_file(out: &Path) -> Option<Self> {
        let ending = out.extension()?.to_str()?.to_ascii_lowercase();
        [Self::Onnx, Self::Safetensors, Self::Card]
            .into_iter()
            .find(|format| format.ending() == Some(ending.as_str()))
    }

    /// The ending of a file's name; nothing where it is a folder.
    pub fn ending(self) -> Option<&'static str> {
        match self {
            Self::Onnx => Some("onnx"),
            Self::Safetensors => Some("safetensors"),
            Self::PyTorch => None,
            Self::Card => Some("md"),
        }
    }

    /// Where the card of an export to `out` stands.
    pub fn card(self, out: &Path) -> PathBuf {
        match self {
            Self::Card => out.to_path_buf(),
            Self::PyTorch => out.join("model_card.md"),
            Self::Onnx | Self::Safetensors => out.with_extension("card.md"),
        }
    }

    /// Whether an earlier export of this kind wrote `file`.
    pub fn is_ours(self, file: File) -> bool {
        match self {
            Self::Onnx => begins(file, |head| {
                let producer = head
                    .windows(5)
                    .any(|part| part.eq_ignore_ascii_case(b"graft"));
                // An ONNX file begins with the number of its format.
                head.first() == Some(&8) && producer
            }),
            Self::Safetensors => safetensors::is_ours(file),
            Self::Card => begins(file, is_card),
            Self::PyTorch => false,
        }
    }
}

fn begins(file: File, is_ours: impl Fn(&[u8]) -> bool) -> bool {
    let mut head = Vec::new();
    file.take(64).read_to_end(&mut head).is_ok() && is_ours(&head)
}

/// Writes the network of the run in `folder` to `out` (a file, or for PyTorch a folder), and its model card beside it.
/// `progress` hears what is being done, how much of it is done, and of how much (0 where that is not known).
///
/// # Errors
/// When something would be replaced that no export wrote, the run kept no weights, the file does not answer as the run does, or
/// something can't be written; [`ExportError::Stopped`] soon after `stop`, with no half file left.
pub fn export_network(
    folder: &Path,
    out: &Path,
    options: &NetworkOptions,
    progress: &mut dyn FnMut(&str, usize, usize),
    stop: &StopFlag,
) -> Result<ExportedNetwork, ExportError> {
    let format = options.format;
    let card = format.card(out);
    refuse_foreign(out, &card, format)?;
    let mut decision = Decision::default();
    if options.calibrate {
        let mut told = |done, total| progress("Calibrating", done, total);
        decision.temperature = temperature(folder, format, &mut told, stop)?;
    }
    let described = Described::open(folder, decision)?;
    let mut written = ExportedNetwork {
        format,
        out: out.to_path_buf(),
        card: card.clone(),
        files: vec![out.to_path_buf()],
        bytes: 0,
        decision,
        origin: described.origin.clone(),
        onnx: None,
        sentences: Vec::new(),
        remarks: Vec::new(),
    };
    progress("Writing", 0, 0);
    match format {
        NetworkFormat::Onnx => {
            written.onnx(&described, options, progress, stop)?;
        }
        NetworkFormat::Safetensors => {
            let file = safetensors::write(&described, out, stop)?;
            written.bytes = file.bytes;
            written.sentences.push(format!(
                "{} with {} numbers were written and read back: they are the run’s to the last bit.",
                format::plural(file.tensors as u64, "tensor", "tensors"),
                format::magnitude(file.numbers as u64)
            ));
        }
        NetworkFormat::PyTorch => {
            let folder = pytorch::write(&described, out, stop)?;
            written.bytes = folder.bytes;
            written.sentences.push(format!(
                "{} builds the network with {} and answers as the run does; the weights were read back and are the run’s to \
                 the last bit.",
                pytorch::SCRIPT,
                folder.library
            ));
            written.files = folder.files;
        }
        NetworkFormat::Card => written.files.clear(),
    }
    if matches!(format, NetworkFormat::Safetensors | NetworkFormat::PyTorch) {
        written.remarks.extend(differences(&described));
    }
    let exported = Exported {
        what: written.what(options),
        checked: written.sentences.clone(),
    };
    let text = ModelCard::of(&described, &exported)?.markdown();
    write_file(&card, text.as_bytes())?;
    written.files.push(card);
    Ok(written)
}

impl ExportedNetwork {
    fn onnx(
        &mut self,
        described: &Described,
        options: &NetworkOptions,
        progress: &mut dyn FnMut(&str, usize, usize),
        stop: &StopFlag,
    ) -> Result<(), ExportError> {
        let usual = onnx::Options::default();
        let asked = onnx::Options {
            input: options.input,
            numbers: options.numbers,
            keep_batch_norm: options.keep_batch_norm,
            // How good rounded weights are is a figure of its own, for which all pictures count.
            parity_pictures: match options.numbers {
                Numbers::Int8Weights => None,
                Numbers::Float32 | Numbers::Float16 => usual.parity_pictures,
            },
            ..usual
        };
        let file = onnx::write(described, &self.out, &asked, progress, stop)?;
        self.bytes = file.bytes;
        self.sentences = parity_sentences(&file.parity, options.input);
        self.remarks.clone_from(&file.remarks);
        self.onnx = Some(file);
        Ok(())
    }

    fn what(&self, options: &NetworkOptions) -> What {
        let out = self.out.clone();
        match (self.format, options.input) {
            (NetworkFormat::Onnx, Input::Pictures) => What::Onnx(out),
            (NetworkFormat::Onnx, Input::Tensor) => What::OnnxOfTensors(out),
            (NetworkFormat::Safetensors, _) => What::Safetensors(out),
            (NetworkFormat::PyTorch, _) => What::PyTorch(out),
            (NetworkFormat::Card, _) => What::Nothing,
        }
    }
}

/// Why the run's own answers may differ from those of its network elsewhere, in whole sentences.
fn differences(described: &Described) -> Vec<String> {
    let precision = described.run.summary.own_precision();
    let rounded = (precision != FrozenPrecision::Fp32).then(|| {
        format!(
            "The run’s own answers were computed with frozen layers in {}; elsewhere they are computed in single precision, and \
             probabilities may differ in the third digit. graft evaluate --precision fp32 says how many answers do.",
            precision.name()
        )
    });
    let views = test_views(&described.experiment);
    let seen = (views > 1).then(|| {
        format!(
            "The run’s own answers are averages over {views} mirrored views of each picture; the exported network sees it once."
        )
    });
    rounded.into_iter().chain(seen).collect()
}

/// What was found when an ONNX file was read back.
fn parity_sentences(parity: &onnx::Parity, input: Input) -> Vec<String> {
    let pictures = match parity.are_own {
        true => format!(
            "{} of the run’s test pictures",
            format::thousands(parity.pictures as u64)
        ),
        false => format::count(parity.pictures, "made picture", "made pictures"),
    };
    let agreement = |agreement: &Agreement| {
        let share = agreement.equal_answers as f64 / parity.pictures.max(1) as f64;
        format!(
            "{} of the answers are equal, probabilities differ by at most {}",
            format::percent(share),
            small(agreement.largest_difference)
        )
    };
    let mut sentences = vec![format!(
        "The file was read back by another program (tract) and tried on {pictures}: {}.",
        agreement(match input {
            Input::Pictures => &parity.whole,
            Input::Tensor => &parity.network,
        })
    )];
    if let (Input::Pictures, Some(equal)) = (input, parity.equal_pixels) {
        sentences.push(format!(
            "Its preprocessing makes {} of the values equal to Graft’s; on the very same squares, {}.",
            format::percent(equal),
            agreement(&parity.network)
        ));
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

/// A difference of probabilities, with the digits that say something.
fn small(difference: f64) -> String {
    match difference {
        0.0 => "0".to_owned(),
        _ if difference < 0.001 => format!("{difference:.0e}"),
        _ => format!("{difference:.4}"),
    }
}

/// The temperature that makes validation pictures as sure as they should be, each seen as the exported network sees it: ONNX holds
/// the views of the test.
fn temperature(
    folder: &Path,
    format: NetworkFormat,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<f64, ExportError> {
    let request = EvaluateRequest {
        folder: folder.to_path_buf(),
        pictures: Pictures::Of(Split::Validation),
        data: None,
        device: device::best(),
        as_tested: matches!(format, NetworkFormat::Onnx | NetworkFormat::Card),
        precision: Precision::Auto,
    };
    let validation = evaluate_run(&request, progress, stop)?.predictions;
    match TemperatureFit::new(&validation) {
        Some(fit) if !fit.is_at_bound => Ok(fit.temperature),
        Some(_) => Err(ExportError::Refused(
            "the run’s validation pictures give no temperature: they are too few, or none of them is wrong. Export without \
             calibration"
                .to_owned(),
        )),
        None => Err(ExportError::Refused(
            "a temperature is fitted on validation pictures, and the run has none: export without calibration".to_owned(),
        )),
    }
}

/// Refuses to replace what no export wrote, the card among it.
fn refuse_foreign(out: &Path, card: &Path, format: NetworkFormat) -> Result<(), ExportError> {
    const REMEDY: &str = "choose another name, or remove it first";
    if format == NetworkFormat::PyTorch {
        return match pytorch::may_fill(out) {
            true => Ok(()),
            false => Err(ExportError::file(
                out,
                format!("this holds something that no export to PyTorch wrote: {REMEDY}"),
            )),
        };
    }
    let ours = |path: &Path, format: NetworkFormat| {
        let is_new = !ordinary_file::is_there(path) && !path.is_dir();
        is_new || ordinary_file::open(path, Links::Followed).is_ok_and(|file| format.is_ours(file))
    };
    let foreign = [(out, format), (card, NetworkFormat::Card)]
        .into_iter()
        .find(|(path, format)| !ours(path, *format));
    if let Some((path, format)) = foreign {
        return Err(ExportError::file(
            path,
            format!(
                "there is something of this name that is no {} of an export: {REMEDY}",
                format.title()
            ),
        ));
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.map(fs::metadata) {
        Some(Err(error)) => Err(ExportError::file(
            out,
            format!("its folder can't be found ({error}): make it first"),
        )),
        _ => Ok(()),
    }
}
