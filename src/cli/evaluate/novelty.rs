//! What `graft evaluate` says of pictures that are none of a run's classes.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Serialize;
use tch::Device;

use crate::analysis;
use crate::analysis::evaluate::open_classifier;
use crate::cli::{output, progress};
use crate::data::{Problem, StopFlag};
use crate::evaluation::novelty::{
    KnownNovelty, NEIGHBOURS, NoveltyLimit, distance_text, rate_text, roc_area,
};
use crate::evaluation::{Predictions, Score};
use crate::format;
use crate::shown;

/// What is asked about.
pub struct Request<'a> {
    pub folder: &'a Path,
    pub rate: f64,
    /// Folders of other pictures.
    pub other: &'a [PathBuf],
    /// The run's answers on its test pictures.
    pub test: &'a Predictions,
    pub device: Device,
    /// Works it out for a run that kept nothing for it.
    pub is_asked: bool,
}

#[derive(Debug, Serialize)]
pub struct NoveltyScores {
    /// Which of the nearest training pictures the distance is measured to.
    neighbour: usize,
    #[serde(flatten)]
    limit: NoveltyLimit,
    training_pictures: usize,
    /// Of these, whose features are kept.
    kept_pictures: usize,
    /// The share of the run's test pictures that is refused; absent without any.
    refused: Option<Score>,
    other: Vec<OtherPictures>,
}

/// How well pictures of other kinds are noticed.
#[derive(Debug, Serialize)]
struct OtherPictures {
    #[serde(serialize_with = "crate::shown::serialize_path")]
    folder: PathBuf,
    pictures: usize,
    /// The share of them that is refused.
    refused: Score,
    /// Areas under the ROC curve beside the run's test pictures: of the distance, and of how unsure the most probable class is.
    distance_auroc: Option<Score>,
    confidence_auroc: Option<Score>,
    /// Pictures that can't be read.
    problems: Vec<Problem>,
}

/// Nothing for a run that kept nothing for it, which is told.
///
/// # Errors
/// When it is asked for and can't be had.
pub fn scores(request: &Request<'_>) -> anyhow::Result<Option<NoveltyScores>> {
    let stop = StopFlag::default();
    if !request.is_asked {
        return Ok(analysis::novelty::known(request.folder)
            .and_then(|known| Some(described(&known, known.limit(request.rate)?))));
    }
    let classifier = open_classifier(request.folder, request.device)?;
    let bar = progress::bar();
    let mut report = |done: usize, total: usize| {
        if let Some(bar) = &bar {
            bar.set_prefix("Computing features");
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    };
    let reference = analysis::novelty::open(request.folder, &classifier, &mut report, &stop)?;
    let limit = reference.limit(request.rate).map_err(anyhow::Error::msg)?;
    let mut scores = described(&reference.known(), limit);
    if !request.other.is_empty() && reference.test.values.is_empty() {
        bail!("other pictures are compared with the run's test pictures, and it has none");
    }
    let own = &reference.test.values;
    let doubts: Vec<f32> = (request.test.rows.iter())
        .map(|row| doubt(&row.probabilities))
        .collect();
    for folder in request.other {
        let found = analysis::novelty::others(&reference, &classifier, folder, &mut report, &stop)?;
        let others: Vec<f32> = (found.probabilities.iter()).map(|row| doubt(row)).collect();
        scores.other.push(OtherPictures {
            folder: folder.clone(),
            pictures: found.distances.len(),
            refused: scores.limit.refused(&found.distances),
            distance_auroc: roc_area(own, &found.distances),
            confidence_auroc: roc_area(&doubts, &others),
            problems: found.problems,
        });
    }
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    Ok(Some(scores))
}

fn described(known: &KnownNovelty, limit: NoveltyLimit) -> NoveltyScores {
    NoveltyScores {
        neighbour: NEIGHBOURS,
        limit,
        training_pictures: known.training_pictures,
        kept_pictures: known.kept_pictures,
        refused: known.refused(&limit),
        other: Vec::new(),
    }
}

/// What is the greater, the less sure a network is: the maximum softmax probability turned around (Hendrycks and Gimpel 2017).
fn doubt(probabilities: &[f32]) -> f32 {
    1.0 - probabilities.iter().copied().fold(0.0, f32::max)
}

pub fn warn(scores: &NoveltyScores) {
    if let Some(remark) = scores.limit.remark() {
        output::warn(&remark);
    }
    for other in &scores.other {
        super::warn_left_out(&other.problems, Some(&other.folder));
    }
}

pub fn as_text(scores: &NoveltyScores) -> String {
    let mut text = format!(
        "\nNone of these: further than {} from the training pictures, as {} of the run's own may be\n",
        distance_text(scores.limit.threshold),
        rate_text(scores.limit.rate),
    );
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<40} {value}");
    };
    if let Some(refused) = &scores.refused {
        line("Test pictures refused", share(refused));
    }
    for other in &scores.other {
        line(
            &format!(
                "{} in {}, refused",
                format::count(other.pictures, "picture", "pictures"),
                shown::line(&other.folder.display().to_string())
            ),
            share(&other.refused),
        );
        for (name, area) in [
            ("  ROC AUC of the distance", &other.distance_auroc),
            ("  ROC AUC of the confidence", &other.confidence_auroc),
        ] {
            if let Some(area) = area {
                line(name, number(area));
            }
        }
    }
    text
}

fn share(score: &Score) -> String {
    let value = format::percent(score.value);
    match score.interval {
        Some(interval) => format!(
            "{value:>8}  ({})",
            format::percent_range(interval.low, interval.high)
        ),
        None => format!("{value:>8}"),
    }
}

fn number(score: &Score) -> String {
    let value = format::score(score.value);
    match score.interval {
        Some(interval) => format!(
            "{value:>8}  ({} to {})",
            format::score(interval.low),
            format::score(interval.high)
        ),
        None => format!("{value:>8}"),
    }
}
