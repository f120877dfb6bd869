//! `graft suspects`: pictures of a run that a person should look at.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{interrupt, keep_together, output, run};
use crate::analysis::gallery;
use crate::analysis::out_of_fold::{self, OutOfFoldRequest};
use crate::analysis::suspects::{self, Reason, Suspect};
use crate::data::StopFlag;
use crate::format;
use crate::runs::{RunError, store};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A finished run: its folder, its number (12) or its name
    #[arg(value_name = "RUN", value_parser = super::runs::argument())]
    run: PathBuf,
    /// Cross-validate the training pictures too: a new head is trained for each of N parts, on the pre-trained
    /// backbone's features, and asked about the pictures that it has not learned from
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "5", value_parser = clap::value_parser!(u16).range(2..=100))]
    folds: Option<u16>,
    /// Look for the same picture on both sides of the split, or under two classes
    #[arg(long)]
    duplicates: bool,
    /// Write the run's experiment as a preset whose split has pictures that look alike in one part: with --duplicates
    #[arg(long, value_name = "PRESET", requires = "duplicates")]
    keep_together: Option<PathBuf>,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON list
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    file: &'a str,
    split: &'a str,
    class: &'a str,
    kind: &'static str,
    /// The class that it looks like; of a pair, the other picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<&'a str>,
    reason: String,
}

pub fn suspects(arguments: &Arguments) -> anyhow::Result<()> {
    let stop = interrupt::stop_flag()?;
    let folder = arguments.run.as_path();
    let answered = gallery::open(folder, &stop)?;
    let experiment = store::experiment(folder)?;
    keep_together::check(arguments.keep_together.as_ref(), &experiment, None)?;
    let mut found = suspects::wrong_labels(&answered);
    if let Some(folds) = arguments.folds {
        cross_validate(arguments, folds.into(), &stop)?;
    }
    // Also those of an earlier search.
    if let Some(trained) = gallery::open_out_of_fold(folder, &stop)? {
        found.extend(suspects::wrong_training_labels(&trained));
    }
    let (mut groups, mut alike) = (None, Vec::new());
    if arguments.duplicates {
        let bar = bar("Looking for duplicates");
        let progress = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        let pictures = gallery::split_pictures(folder, &stop)?;
        let pairs = suspects::duplicates(&pictures, &progress, &stop);
        bar.finish_and_clear();
        let pairs = pairs?;
        groups = pairs.likely_groups;
        alike = pairs.alike;
        found.extend(pairs.pairs);
    }
    let written = match &arguments.keep_together {
        Some(out) => Some(keep_together::write(out, &experiment, None, &alike)?),
        None => None,
    };
    if arguments.json {
        let lines: Vec<Line<'_>> = found.iter().map(line).collect();
        return output::print_json(&lines);
    }
    let mut text = text(&found);
    if let Some(groups) = groups {
        text += &format!("{groups}\n");
    }
    text.extend(written);
    output::print(&text)
}

fn cross_validate(arguments: &Arguments, folds: usize, stop: &StopFlag) -> anyhow::Result<()> {
    let request = OutOfFoldRequest {
        folder: &arguments.run,
        folds,
        device: run::device(arguments.device.as_deref())?,
    };
    let bar = bar("Cross-validating");
    let mut progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let done = out_of_fold::predict(&request, &mut progress, stop);
    bar.finish_and_clear();
    if matches!(done, Err(RunError::Stopped)) {
        return Err(RunError::Stopped).context("nothing was kept");
    }
    done?;
    Ok(())
}

fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {percent} %, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn line(suspect: &Suspect) -> Line<'_> {
    let (kind, suggested) = match &suspect.reason {
        Reason::WrongLabel { suggested, .. } => ("wrong label", Some(suggested.as_str())),
        Reason::CrossesSplit { .. } => ("crosses the split", None),
        Reason::TwoClasses { .. } => ("two classes", None),
    };
    Line {
        file: &suspect.picture.name,
        split: suspect.picture.split.name(),
        class: &suspect.picture.class,
        kind,
        suggested,
        other: suspect.other().map(|other| other.name.as_str()),
        reason: suspect.sentence(),
    }
}

fn text(found: &[Suspect]) -> String {
    let mut text = format!("{}\n", format::count(found.len(), "suspect", "suspects"));
    for suspect in found {
        let picture = &suspect.picture;
        let line = format!(
            "{} ({}): {}",
            picture.name,
            picture.split.name(),
            suspect.sentence()
        );
        text += &format!("{}\n", shown::line(&line));
    }
    if !found.is_empty() {
        text += "Look at each before you leave it out: a suspect may be a hard picture.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::gallery::SplitPicture;
    use crate::data::{PictureSource, Split};

    #[test]
    fn a_suspect_is_a_line_with_its_reason() {
        let suspect = Suspect {
            picture: SplitPicture {
                name: "cells/7.png".into(),
                class: "functional".into(),
                split: Split::Train,
                source: PictureSource::File("/x/cells/7.png".into()),
            },
            reason: Reason::WrongLabel {
                suggested: "defective".into(),
                label_probability: 0.02,
                suggested_probability: 0.98,
            },
        };
        let line = line(&suspect);
        assert_eq!(
            (line.kind, line.suggested),
            ("wrong label", Some("defective"))
        );
        let text = text(&[suspect]);
        assert!(
            text.contains(
                "cells/7.png (train): labelled functional, but looks like defective (98.0 % against 2.0 %)"
            ),
            "{text}"
        );
        assert!(text.starts_with("1 suspect\n"));
    }
}
