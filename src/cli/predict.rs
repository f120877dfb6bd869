//! `graft predict`: what a finished run sees in pictures.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::classify::guesses_text;
use super::{output, run};
use crate::analysis::evaluate::open_classifier;
use crate::analysis::gallery::find_pictures;
use crate::analysis::precision;
use crate::data::{StopFlag, decode};
use crate::models::device;
use crate::runs::store;

/// Pictures that are decoded at a time.
const BLOCK: usize = 32;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The run: its folder, its number (12) or its name
    #[arg(value_name = "RUN", value_parser = super::runs::argument())]
    run: PathBuf,
    /// Pictures to look at: files, or pictures of the run by their names, such as test/00012
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// How many classes to name for each picture; all unless given
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    top: Option<u16>,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON list
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct PredictedPicture {
    #[serde(serialize_with = "crate::shown::serialize_path")]
    image: PathBuf,
    /// The most probable first.
    predictions: Vec<Guess>,
}

#[derive(Debug, Serialize)]
struct Guess {
    class: String,
    probability: f64,
}

pub fn predict(arguments: &Arguments) -> anyhow::Result<()> {
    let device = run::device(arguments.device.as_deref())?.unwrap_or_else(device::best);
    let classifier = open_classifier(&arguments.run, device)?;
    let run = store::open(&arguments.run)?;
    let elsewhere = precision::remark_elsewhere(&run, classifier.precision());
    for remark in run.shortfall().into_iter().chain(elsewhere) {
        output::warn(&remark);
    }
    let mut answers = Vec::with_capacity(arguments.images.len());
    let sources = find_pictures(&arguments.run, &arguments.images, &StopFlag::default())?;
    for (images, sources) in arguments.images.chunks(BLOCK).zip(sources.chunks(BLOCK)) {
        let pictures = decode::decode_all_alone(sources)
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        for (image, probabilities) in images.iter().zip(classifier.predict(&pictures)?) {
            answers.push(PredictedPicture {
                image: image.clone(),
                predictions: ranked(classifier.classes(), &probabilities, arguments.top),
            });
        }
    }
    if arguments.json {
        return output::print_json(&answers);
    }
    let text: String = answers
        .iter()
        .map(|answer| {
            let guesses = answer.predictions.iter();
            let guesses = guesses.map(|guess| (guess.probability, guess.class.as_str()));
            guesses_text(&answer.image, guesses)
        })
        .collect();
    output::print(&text)
}

/// Classes by falling probability, of equals the first.
fn ranked(classes: &[String], probabilities: &[f64], top: Option<u16>) -> Vec<Guess> {
    let mut guesses: Vec<Guess> = classes
        .iter()
        .zip(probabilities)
        .map(|(class, &probability)| Guess {
            class: class.clone(),
            probability,
        })
        .collect();
    guesses.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    guesses.truncate(top.map_or(usize::MAX, usize::from));
    guesses
}
