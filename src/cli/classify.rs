//! `graft classify`: what the untouched pre-trained network sees.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::table::{Align, table};
use super::{output, run, weights};
use crate::data::{PictureSource, decode};
use crate::format;
use crate::models::{self, device};
use crate::shown;
use crate::training::pretrained::{self, PretrainedNetwork, RankedClass};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A name from `graft backbones`
    #[arg(long, value_name = "NAME")]
    backbone: String,
    /// A .safetensors, .pth, .pt or .bin file, or a name from `graft weights list`, instead of the default
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Which of several networks in that file: what stands before its names, such as teacher.backbone
    #[arg(long, value_name = "KEY", requires = "weights")]
    key: Option<String>,
    /// How many classes to name for each picture
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON list
    #[arg(long)]
    json: bool,
    /// Pictures to look at
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct ClassifiedPicture {
    #[serde(serialize_with = "crate::shown::serialize_path")]
    image: PathBuf,
    predictions: Vec<RankedClass>,
}

pub fn classify(arguments: &Arguments) -> anyhow::Result<()> {
    let info = models::backbone_info(&arguments.backbone)?;
    // Before weights are fetched or read for nothing.
    if let Some(reason) = pretrained::why_no_classes(info) {
        bail!(reason);
    }
    let device = run::device(arguments.device.as_deref())?.unwrap_or_else(device::best);
    let source = weights::source(info, arguments.weights.as_deref(), arguments.key.as_deref());
    let network = PretrainedNetwork::open(info.name, &source, None, device)?;
    for remark in &network.report().remarks {
        output::warn(&format!("warning: {remark}"));
    }
    if let Some(lost) = arguments.images.iter().find(|image| !image.exists()) {
        bail!("there is no such file: {}", lost.display());
    }
    let mut answers = Vec::with_capacity(arguments.images.len());
    for image in &arguments.images {
        let pixels = decode::decode_alone(&PictureSource::File(image.clone()))?;
        let predictions = network.classify(&[pixels], arguments.top.into())?;
        answers.push(ClassifiedPicture {
            image: image.clone(),
            predictions: predictions.into_iter().flatten().collect(),
        });
    }
    if arguments.json {
        return output::print_json(&answers);
    }
    let mut text = String::new();
    for answer in &answers {
        let guesses = answer.predictions.iter();
        let guesses = guesses.map(|guess| (guess.probability, guess.class.as_str()));
        text.push_str(&guesses_text(&answer.image, guesses));
    }
    output::print(&text)
}

/// A picture and what it may show, a line for each class.
pub fn guesses_text<'a>(image: &Path, guesses: impl Iterator<Item = (f64, &'a str)>) -> String {
    let rows: Vec<Vec<String>> = guesses
        .map(|(probability, class)| {
            vec![
                String::new(),
                format::percent(probability),
                class.to_owned(),
            ]
        })
        .collect();
    let columns = [("", Align::Left), ("", Align::Right), ("", Align::Left)];
    format!(
        "{}\n{}",
        shown::line(&image.display().to_string()),
        table(&columns, &rows)
    )
}
