//! A run's network for other programs, with its model card beside it. The command line and the window write the same.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::analysis::{EvaluateRequest, evaluate::Pictures, evaluate_run};
use crate::data::{Split, StopFlag};
use crate::evaluation::{Decision, TemperatureFit};
use crate::experiment::Precision;
use crate::export::described::Described;
use crate::export::onnx::{self, Input, Numbers};
use crate::export::rounding::{self, Rounding};
use crate::export::{ExportError, pytorch, safetensors, write_file};
use crate::format;
use crate::models::device;
use crate::models::origin::Origin;
use crate::ordinary_file::{self, Links};

use super::model_card::{Exported, ModelCard, What, is_card};
use super::network_sentences;

/// Why validation pictures give no temperature.
pub(super) const NO_TEMPERATURE: &str =
    "the run’s validation pictures give no temperature: they are too few, or none of them is wrong";

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
    /// The network's answers beside the run's own, where frozen layers of the run computed in fewer bits.
    pub rounding: Option<Rounding>,
    pub model_card: ModelCard,
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
        rounding: None,
        model_card: ModelCard::default(),
        sentences: Vec::new(),
        remarks: Vec::new(),
    };
    if matches!(format, NetworkFormat::Safetensors | NetworkFormat::PyTorch) {
        // Before anything is written: a stop leaves nothing.
        let mut told = |done, total| progress("Comparing with the run’s answers", done, total);
        written.rounding = rounding::measure(&described, &mut told, stop)?;
        let (computes, measured) = (rounding::SINGLE_PRECISION, written.rounding.as_ref());
        let remark = rounding::remark(&described.run, computes, measured);
        written.remarks.extend(remark);
        written.remarks.extend(network_sentences::views(&described));
    }
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
    let exported = Exported {
        what: written.what(options),
        checked: [written.sentences.as_slice(), &written.remarks].concat(),
    };
    written.model_card = ModelCard::of(&described, &exported)?;
    write_file(&card, written.model_card.markdown().as_bytes())?;
    written.files.push(card);
    if format != NetworkFormat::Card {
        written.sentences.push(described.without_novelty());
    }
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
        let asked = onnx::Options {
            input: options.input,
            numbers: options.numbers,
            keep_batch_norm: options.keep_batch_norm,
            // How good rounded weights are is a figure of its own, for which all pictures count.
            parity_pictures: match options.numbers {
                Numbers::Int8Weights | Numbers::Float16 => None,
                Numbers::Float32 => onnx::Options::default().parity_pictures,
            },
        };
        let file = onnx::write(described, &self.out, &asked, progress, stop)?;
        self.bytes = file.bytes;
        self.sentences = network_sentences::parity(&file.parity, options.input);
        self.rounding = file.parity.rounding;
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
        Some(_) => Err(ExportError::Refused(format!(
            "{NO_TEMPERATURE}. Export without calibration"
        ))),
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
