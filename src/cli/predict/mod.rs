//! `graft predict`: what a finished run sees in pictures.

mod names;
mod placing;
mod session;
mod sink;
mod told;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{ArgGroup, Args, ValueEnum};

use super::interrupt;
use crate::evaluation::{Decision, Threshold};
use crate::prediction;
use names::Names;
use session::Session;

/// A path that stands for the names on standard input.
const STANDARD_INPUT: &str = "-";
/// How long a watched folder is waited for before a stop is looked at.
const WAIT: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("way").args(["copy", "link"])),
    group(ArgGroup::new("placing").args(["into", "undo"])),
    after_help = "A picture that can't be read is told and counted, and the others are answered; the exit status is then 1, and 0 \
                  when all were answered. In a file of answers it has a line of its own, with the reason in the column or key \
                  “error”. Ctrl-C ends it after the pictures that are being computed, and what is written stays.\n\n\
                  A CSV has the columns image, class, outcome, most_probable, confidence, probability_<class> for each class, \
                  distance and none_of_these where the run can tell pictures of no class, part, and error. JSON lines have the \
                  same as keys. The class is what the picture was given, and empty where it was given none: the outcome is then \
                  “undecided” (less sure than --reject-below asks for), “none of these” or “unreadable”, and otherwise “class”. \
                  The most probable class stands there whatever was decided. The part is “train”, “validation” or “test” where \
                  the picture is known to be one of those that the run was trained, validated or tested on."
)]
pub struct Arguments {
    /// The run: its folder, its number (12) or its name
    #[arg(value_name = "RUN", value_parser = super::runs::argument(), required_unless_present = "undo")]
    run: Option<PathBuf>,
    /// Pictures to look at: files, folders with all below them, pictures of the run by their names, such as test/00012, or -
    /// for paths on standard input, one a line
    #[arg(value_name = "PATH", required_unless_present = "undo")]
    paths: Vec<PathBuf>,
    /// Paths on standard input end with a NUL byte, as find -print0 writes them
    #[arg(short = '0', long)]
    null: bool,
    /// How many classes to name for each picture; all unless given. A CSV has all in any case
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    top: Option<u16>,
    /// Write the answers to this file, each as soon as it is known. Answers of an earlier call that stand there are replaced, and
    /// nothing else
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Of that file, when its name does not end in .csv, .jsonl or .ndjson; without --out, print answers so
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Put the pictures into a folder for each class in this one, when all are answered. Nothing is moved or replaced: of two
    /// pictures with one name the second becomes “name (2).png”. What was put there before goes where it belongs now
    #[arg(long, value_name = "DIR", requires = "way")]
    into: Option<PathBuf>,
    /// Put copies there, with the dates of the originals
    #[arg(long, requires = "into")]
    copy: bool,
    /// Put symbolic links there, with absolute paths: they hold as long as the pictures stay where they are
    #[arg(long, requires = "into")]
    link: bool,
    /// Say what --into or --undo would do, and do nothing; nothing is written to --out either
    #[arg(long, requires = "placing")]
    dry_run: bool,
    /// Take away again what --into put into this folder and is still as it was put there, and nothing else
    #[arg(long, value_name = "DIR", conflicts_with_all = ["run", "paths", "into", "out", "watch"])]
    undo: Option<PathBuf>,
    /// Go on with pictures that come into the folders, or change, until Ctrl-C. One that is still written is waited for
    #[arg(long, conflicts_with = "dry_run")]
    watch: bool,
    /// Look through watched folders so often instead of being told by the system, which is what happens on network drives
    #[arg(long, value_name = "SECONDS", requires = "watch", value_parser = seconds)]
    poll: Option<Duration>,
    /// Withhold an answer less sure than this, from 0 to 1: it is undecided
    #[arg(long, value_name = "CONFIDENCE", value_parser = share)]
    reject_below: Option<f64>,
    /// Of two classes, answer this one from that probability on, such as defect=0.3
    #[arg(long, value_name = "CLASS=PROBABILITY")]
    threshold: Option<String>,
    /// Divide the logits by this, such as the temperature that graft evaluate --calibrate finds
    #[arg(long, value_name = "T", value_parser = temperature)]
    temperature: Option<f64>,
    /// The share of your own pictures that may be refused as none of the classes; 0 tells of no picture whether it is. Where
    /// the run has not kept what that takes, it is worked out from its pictures, if this is given
    #[arg(long, value_name = "RATE", value_parser = share)]
    none_of_these: Option<f64>,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON document: a list of the answers; with --out or --into, what was written. What never ends, or is long,
    /// is better read as JSON lines: --format jsonl
    #[arg(long, conflicts_with = "watch")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Csv,
    Jsonl,
}

impl From<FormatName> for prediction::Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Csv => Self::Csv,
            FormatName::Jsonl => Self::JsonLines,
        }
    }
}

pub fn predict(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.undo {
        return placing::undo(folder, arguments.dry_run, arguments.json);
    }
    let run = arguments.run.as_deref().context("no run is named")?;
    if arguments.json && arguments.format.is_some() && arguments.out.is_none() {
        bail!(
            "--json prints one document and --format lines: choose one of them, or a file with --out"
        );
    }
    let (piped, paths): (Vec<&PathBuf>, Vec<&PathBuf>) = arguments
        .paths
        .iter()
        .partition(|path| path.as_path() == Path::new(STANDARD_INPUT));
    let folders: Vec<PathBuf> = paths
        .iter()
        .filter(|path| path.is_dir())
        .map(|path| (*path).clone())
        .collect();
    if arguments.watch && (folders.is_empty() || !piped.is_empty()) {
        bail!("--watch takes folders, which are watched, and no standard input: name a folder");
    }
    let stop = interrupt::stop_flag_saying(
        "Stopping after the pictures that are being computed; what is written stays. Once more ends at once.",
    )?;
    let mut session = Session::open(arguments, run, &folders, stop.clone())?;
    let mut watch = session.watch(&folders)?;
    session.answer_paths(&paths, !piped.is_empty(), watch.as_mut())?;
    if !piped.is_empty() {
        let names = Names::read(arguments.null)?;
        let mut is_empty = paths.is_empty();
        while let Some(paths) = names.next(&stop)? {
            is_empty = false;
            session.answer_named(&paths)?;
        }
        if is_empty && !stop.is_stopped() {
            bail!("standard input names no pictures: give it paths, one a line");
        }
    }
    session.place()?;
    if let Some(watch) = &mut watch {
        session.say_watching(&folders);
        while !session.is_stopped() {
            let pictures = watch.next(WAIT, &stop);
            session.answer(pictures)?;
            session.place()?;
        }
    }
    session.finish()
}

impl Arguments {
    /// What turns probabilities into an answer.
    fn decision(&self, classes: &[String]) -> anyhow::Result<Decision> {
        let usual = Decision::default();
        let threshold = self.threshold.as_deref();
        Ok(Decision {
            temperature: self.temperature.unwrap_or(usual.temperature),
            threshold: threshold
                .map(|threshold| threshold_of(threshold, classes))
                .transpose()?,
            reject_below: self.reject_below.unwrap_or(usual.reject_below),
        })
    }
}

fn threshold_of(text: &str, classes: &[String]) -> anyhow::Result<Threshold> {
    let (class, probability) = text.rsplit_once('=').with_context(|| {
        format!("“{text}” names no class with a probability, such as defect=0.3")
    })?;
    let at_least = share(probability).map_err(anyhow::Error::msg)?;
    if classes.len() != 2 {
        bail!(
            "a threshold decides between two classes, and this run knows {}",
            classes.len()
        );
    }
    let positive = classes.iter().position(|known| known == class);
    let positive = positive.with_context(|| {
        format!(
            "there is no class “{class}”; the run knows {}",
            classes.join(", ")
        )
    })?;
    Ok(Threshold {
        positive: positive as u32,
        at_least,
    })
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("“{text}” is no number from 0 to 1")),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(temperature) if temperature > 0.0 && temperature.is_finite() => Ok(temperature),
        _ => Err(format!("“{text}” is no number above 0")),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.05..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!(
            "“{text}” is no number of seconds from 0.05 to a day"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_names_one_of_two_classes() {
        let classes = ["a=b", "c"].map(str::to_owned);
        let threshold = threshold_of("a=b=0.25", &classes).unwrap();
        assert_eq!((threshold.positive, threshold.at_least), (0, 0.25));
        let refused =
            |text: &str, classes: &[String]| threshold_of(text, classes).unwrap_err().to_string();
        assert!(refused("c", &classes).contains("such as"));
        assert!(refused("c=2", &classes).contains("from 0 to 1"));
        assert!(refused("d=0.5", &classes).contains("no class “d”"));
        assert!(refused("c=0.5", &["c".to_owned()]).contains("two classes"));
    }
}
