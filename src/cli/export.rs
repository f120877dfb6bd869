//! `graft export`: a run's network for other programs, with its model card.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::outputs::{refuse_to_replace, warn_among_pictures};
use super::{interrupt, output, progress};
use crate::export::onnx::{Agreement, Input, Numbers, Written};
use crate::format;
use crate::report::{ExportedNetwork, NetworkFormat, NetworkOptions, export_network};
use crate::runs::{files, store};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A finished run: its folder, its number (12) or its name
    #[arg(value_name = "RUN", value_parser = super::runs::argument())]
    run: PathBuf,
    /// The file to write, or for PyTorch the folder; the model card is written beside it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What to write; by the ending of FILE (.onnx, .safetensors, .md) unless given
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// What an ONNX file takes: decoded pictures of any size, or squares that are resized and normalised already
    #[arg(long, value_enum, default_value_t = InputName::Pictures)]
    input: InputName,
    /// What an ONNX file's weights are; how much that costs in accuracy is measured on the run's test pictures
    #[arg(long, value_enum, default_value_t = NumbersName::Float32)]
    numbers: NumbersName,
    /// Leave BatchNorm in an ONNX file as it is, for training it further; folded into the convolutions unless given
    #[arg(long)]
    keep_batch_norm: bool,
    /// Fit a temperature on the run's validation pictures, and divide the logits by it
    #[arg(long)]
    calibrate: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    /// One file that any runtime of ONNX reads
    Onnx,
    /// The tensors, under the names of torchvision or timm, with what must be known of them
    Safetensors,
    /// A folder with the weights and a script that builds the network in torchvision or timm
    Pytorch,
    /// The model card alone
    Card,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputName {
    Pictures,
    Tensor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NumbersName {
    Float32,
    Float16,
    Int8Weights,
}

impl From<FormatName> for NetworkFormat {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Onnx => Self::Onnx,
            FormatName::Safetensors => Self::Safetensors,
            FormatName::Pytorch => Self::PyTorch,
            FormatName::Card => Self::Card,
        }
    }
}

impl From<InputName> for Input {
    fn from(name: InputName) -> Self {
        match name {
            InputName::Pictures => Self::Pictures,
            InputName::Tensor => Self::Tensor,
        }
    }
}

impl From<NumbersName> for Numbers {
    fn from(name: NumbersName) -> Self {
        match name {
            NumbersName::Float32 => Self::Float32,
            NumbersName::Float16 => Self::Float16,
            NumbersName::Int8Weights => Self::Int8Weights,
        }
    }
}

pub fn export(arguments: &Arguments) -> anyhow::Result<()> {
    let options = options(arguments)?;
    let (out, card) = (arguments.out.as_path(), options.format.card(&arguments.out));
    let weights = arguments.run.join(files::WEIGHTS);
    if options.format != NetworkFormat::PyTorch {
        let ours = format!("{} of an export", options.format.title());
        refuse_to_replace(out, &[&weights], &ours, &|file| {
            options.format.is_ours(file)
        })?;
    }
    refuse_to_replace(&card, &[], "model card of an export", &|file| {
        NetworkFormat::Card.is_ours(file)
    })?;
    if let Ok(experiment) = store::experiment(&arguments.run) {
        warn_among_pictures(out, &experiment.data.source, None);
    }
    let stop = interrupt::stop_flag_saying(
        "Stopping; nothing half-written is left. Once more ends at once.",
    )?;
    let bar = progress::bar();
    let mut told = |doing: &str, done: usize, total: usize| {
        let Some(bar) = &bar else { return };
        bar.set_prefix(doing.to_owned());
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let written = export_network(&arguments.run, out, &options, &mut told, &stop);
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let written = written?;
    let (licence, restriction) = written.origin.sentences();
    if let Some(restriction) = &restriction {
        output::warn(restriction);
    }
    for remark in &written.remarks {
        output::warn(remark);
    }
    if arguments.json {
        return output::print_json(&as_json(&written));
    }
    let mut text = String::new();
    for file in &written.files {
        text.push_str(&format!("Wrote {}\n", file.display()));
    }
    if written.bytes > 0 {
        text.push_str(&format!("{} in all.\n", format::bytes(written.bytes)));
    }
    for sentence in &written.sentences {
        text.push_str(&format!("{sentence}\n"));
    }
    if written.decision.temperature != 1.0 {
        text.push_str(&format!(
            "Its logits are divided by {}, the temperature that the validation pictures give.\n",
            format::score(written.decision.temperature)
        ));
    }
    text.push_str(&format!("{}\n", shown::line(&licence)));
    output::print(&text)
}

/// What is asked for, where it fits together.
fn options(arguments: &Arguments) -> anyhow::Result<NetworkOptions> {
    let by_name = || NetworkFormat::of_file(&arguments.out);
    let format = arguments
        .format
        .map(NetworkFormat::from)
        .or_else(by_name)
        .with_context(|| {
            format!(
                "the name does not say what to write: end it with .onnx, .safetensors or .md, or give --format: {}",
                arguments.out.display()
            )
        })?;
    if format != NetworkFormat::Onnx {
        let for_onnx = [
            ("--input", arguments.input != InputName::Pictures),
            ("--numbers", arguments.numbers != NumbersName::Float32),
            ("--keep-batch-norm", arguments.keep_batch_norm),
        ];
        if let Some((flag, _)) = for_onnx.iter().find(|(_, is_given)| *is_given) {
            anyhow::bail!("{flag} is for ONNX alone: leave it out, or give --format onnx");
        }
    }
    Ok(NetworkOptions {
        format,
        input: arguments.input.into(),
        numbers: arguments.numbers.into(),
        keep_batch_norm: arguments.keep_batch_norm,
        calibrate: arguments.calibrate,
    })
}

fn as_json(written: &ExportedNetwork) -> Value {
    json!({
        "format": match written.format {
            NetworkFormat::Onnx => "onnx",
            NetworkFormat::Safetensors => "safetensors",
            NetworkFormat::PyTorch => "pytorch",
            NetworkFormat::Card => "card",
        },
        "out": shown::path(&written.out),
        "card": shown::path(&written.card),
        "files": written.files.iter().map(|file| shown::path(file)).collect::<Vec<_>>(),
        "bytes": written.bytes,
        "decision": written.decision,
        "weights": written.origin.weights,
        "licence": written.origin.licence,
        "licence_restriction": written.origin.restriction,
        "parity": written.onnx.as_ref().map(parity),
        "opset": written.onnx.as_ref().map(|file| file.opset),
        "metadata": written.onnx.as_ref().map(|file| &file.metadata),
        "rounding": written.rounding.as_ref().map(|rounding| json!({
            "pictures": rounding.pictures,
            "largest_difference": rounding.agreement.largest_difference,
            "equal_answers": rounding.agreement.equal_answers,
        })),
        "remarks": written.remarks,
    })
}

fn parity(file: &Written) -> Value {
    let parity = &file.parity;
    let agreement = |agreement: &Agreement| {
        json!({
            "largest_difference": agreement.largest_difference,
            "equal_answers": agreement.equal_answers,
        })
    };
    json!({
        "pictures": parity.pictures,
        "are_own": parity.are_own,
        "network": agreement(&parity.network),
        "whole": agreement(&parity.whole),
        "equal_pixels": parity.equal_pixels,
        "accuracy": parity.accuracy.map(|(run, file)| json!({ "run": run, "file": file })),
    })
}
