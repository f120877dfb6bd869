//! `graft evaluate`: every score of a finished run.

mod novelty;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use tch::Device;

use super::{output, progress, run};
use crate::analysis::evaluate::Pictures;
use crate::analysis::{EvaluateRequest, EvaluatedRun, diagnose, evaluate_run};
use crate::data::{Problem, Split, StopFlag};
use crate::evaluation::novelty::USUAL_RATE;
use crate::evaluation::{
    CalibrationScores, Decision, Evaluation, Predictions, Score, TemperatureFit,
};
use crate::experiment::{Keep, Precision};
use crate::format;
use crate::models::device;
use crate::runs::{RunError, store};
use crate::shown;
use crate::training::TrainingError;
use crate::training::diagnosis::Diagnosis;
use crate::training::test_views;

/// Points of a curve in the JSON document.
const CURVE_POINTS: usize = 1000;
/// Problems that are told one by one.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The run: its folder, its number (12) or its name
    #[arg(value_name = "RUN", value_parser = super::runs::argument())]
    run: PathBuf,
    /// Which of the run's pictures; the test pictures unless given
    #[arg(long, value_name = "SPLIT")]
    split: Option<SplitName>,
    /// Other pictures, a folder or a table: all of them, or with --split those of the run, which stand
    /// there now
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Fit a temperature on the run's validation pictures, and show what it changes
    #[arg(long)]
    calibrate: bool,
    /// Pictures of other kinds: how many are none of the run's classes, and how well that tells them apart. May be given
    /// several times
    #[arg(long, value_name = "DIR", conflicts_with_all = ["split", "data"])]
    other: Vec<PathBuf>,
    /// The share of the run's own pictures that may be refused as none of its classes, from validation pictures; 0.01 unless
    /// given. Works it out for runs that kept nothing for it
    #[arg(long, value_name = "RATE", value_parser = super::rate)]
    none_of_these: Option<f64>,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// What frozen layers compute in; what the run computed in, where the device has units for it, unless given. Says how
    /// many answers differ from the run's own
    #[arg(long, value_name = "PRECISION")]
    precision: Option<PrecisionName>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SplitName {
    Train,
    Validation,
    Test,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PrecisionName {
    Fp32,
    Bf16,
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::Fp32 => Self::Fp32,
            PrecisionName::Bf16 => Self::Bf16,
        }
    }
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Validation => Self::Validation,
            SplitName::Test => Self::Test,
        }
    }
}

/// What a temperature fitted on validation pictures does to the evaluated ones.
#[derive(Debug, Serialize)]
struct Calibrated {
    fit: TemperatureFit,
    before: CalibrationScores,
    after: CalibrationScores,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    #[serde(serialize_with = "crate::shown::serialize_path")]
    run: &'a Path,
    /// Absent where all pictures of another source were evaluated.
    split: Option<Split>,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    calibrated: Option<Calibrated>,
    /// Of the training's curves; absent where they are too short to say anything.
    diagnosis: Option<Diagnosis>,
    problems: &'a [Problem],
    /// Pictures that hold something else than when the run began.
    #[serde(serialize_with = "crate::shown::serialize_paths")]
    changed: &'a [PathBuf],
    /// Pictures of another source that the run learned from, and those that chose its best epoch.
    trained_on: usize,
    validated_on: usize,
    /// In how many views each picture was seen.
    views: u32,
    remarks: &'a [String],
    /// Absent where the run kept nothing for it.
    novelty: Option<novelty::NoveltyScores>,
}

pub fn evaluate(arguments: &Arguments) -> anyhow::Result<()> {
    let device = run::device(arguments.device.as_deref())?.unwrap_or_else(device::best);
    let split = match (arguments.split, &arguments.data) {
        (Some(split), _) => Some(Split::from(split)),
        (None, None) => Some(Split::Test),
        (None, Some(_)) => None,
    };
    let pictures = split.map_or(Pictures::All, Pictures::Of);
    let evaluated = answers(arguments, pictures, device, false)?;
    let keep = store::experiment(&arguments.run).ok();
    warn(&evaluated, keep.map(|experiment| experiment.training.keep));
    let mut evaluation = Evaluation::new(&evaluated.predictions, &Decision::default());
    evaluation.ranking = evaluation.ranking.thinned(CURVE_POINTS);
    let calibrated = if arguments.calibrate {
        Some(calibrate(arguments, &evaluated.predictions, device)?)
    } else {
        None
    };
    let (diagnosis, undecided) = match diagnose(&store::open(&arguments.run)?)? {
        Ok(diagnosis) => (Some(diagnosis), None),
        Err(undecided) => (None, Some(undecided)),
    };
    let novelty = novelty::scores(&novelty::Request {
        folder: &arguments.run,
        rate: arguments.none_of_these.unwrap_or(USUAL_RATE),
        other: &arguments.other,
        test: &evaluated.predictions,
        device,
        is_asked: arguments.none_of_these.is_some() || !arguments.other.is_empty(),
    })?;
    if let Some(novelty) = &novelty {
        novelty::warn(novelty);
    }
    if arguments.json {
        return output::print_json(&Document {
            run: &arguments.run,
            split,
            evaluation: &evaluation,
            calibrated,
            diagnosis,
            problems: &evaluated.problems,
            changed: &evaluated.changed,
            trained_on: evaluated.trained_on,
            validated_on: evaluated.validated_on,
            views: evaluated.views,
            remarks: &evaluated.remarks,
            novelty,
        });
    }
    let heading = match split {
        Some(split) => format!("{} pictures of the run", split.name()),
        None => "pictures".to_owned(),
    };
    let mut text = as_text(&evaluation, &heading);
    if let Some(calibrated) = &calibrated {
        text.push_str(&calibrated_text(calibrated));
    }
    if let Some(novelty) = &novelty {
        text.push_str(&novelty::as_text(novelty));
    }
    if let Some(diagnosis) = &diagnosis {
        let _ = writeln!(
            text,
            "\n{}{}. {}\n{}",
            diagnosis.fit.title(),
            if diagnosis.is_tentative {
                ", as far as so few epochs tell"
            } else {
                ""
            },
            diagnosis.reason,
            diagnosis.advice
        );
        for remedy in &diagnosis.remedies {
            let _ = writeln!(text, "  - {}", remedy.title);
        }
    }
    if let Some(undecided) = undecided {
        let _ = writeln!(text, "\nThe training curves are not judged: {undecided}.");
    }
    output::print(&text)
}

fn answers(
    arguments: &Arguments,
    pictures: Pictures,
    device: Device,
    as_tested: bool,
) -> anyhow::Result<EvaluatedRun> {
    let request = EvaluateRequest {
        folder: arguments.run.clone(),
        pictures,
        data: arguments.data.clone(),
        device,
        as_tested,
        precision: arguments.precision.map_or(Precision::Auto, Into::into),
    };
    let bar = progress::bar();
    let mut report = |done: usize, total: usize| {
        if let Some(bar) = &bar {
            bar.set_prefix("Evaluating");
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(format!(
                "{} of {}",
                format::thousands(done as u64),
                format::count(total, "picture", "pictures")
            ));
        }
    };
    let evaluated = evaluate_run(&request, &mut report, &StopFlag::default());
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    evaluated.map_err(|error| match error {
        RunError::Training(TrainingError::Data(error)) if arguments.data.is_none() => {
            anyhow::Error::new(error).context(
                "the run's pictures can't be found: if they stand elsewhere now, say where with --data and --split",
            )
        }
        error => error.into(),
    })
}

/// Pictures that were left out: the first ones by name, and how many there are in all. `folder`: where they stand, of
/// several.
fn warn_left_out(problems: &[Problem], folder: Option<&Path>) {
    for line in left_out(problems, folder) {
        output::warn(&line);
    }
}

fn left_out(problems: &[Problem], folder: Option<&Path>) -> Vec<String> {
    let first = problems.iter().take(SHOWN);
    let mut lines: Vec<String> = first
        .map(|problem| format!("left out, {}: {}", problem.reason, problem.path.display()))
        .collect();
    let of_folder = folder.map_or_else(String::new, |folder| format!(" of {}", folder.display()));
    if let Some(more @ 1..) = problems.len().checked_sub(SHOWN) {
        lines.push(format!(
            "and {} more left out{of_folder}, {} in all; --json lists every one",
            format::thousands(more as u64),
            format::count(problems.len(), "picture", "pictures"),
        ));
    }
    lines
}

/// What was left out or may not be what the run saw.
fn warn(evaluated: &EvaluatedRun, keep: Option<Keep>) {
    warn_left_out(&evaluated.problems, None);
    if let Some(first) = evaluated.changed.first() {
        output::warn(&format!(
            "warning: {} changed after the run began, so that it may have seen something else: {}",
            format::count(
                evaluated.changed.len(),
                "picture's file was",
                "pictures' files were"
            ),
            first.display()
        ));
    }
    let pictures = evaluated.predictions.rows.len();
    if evaluated.trained_on > 0 {
        output::warn(&format!(
            "warning: {} of {} were trained on, so the numbers are better than on new ones",
            format::thousands(evaluated.trained_on as u64),
            format::count(pictures, "picture", "pictures"),
        ));
    }
    if evaluated.validated_on > 0 {
        output::warn(&format!(
            "warning: {} of {} {}",
            format::thousands(evaluated.validated_on as u64),
            format::count(pictures, "picture", "pictures"),
            if keep == Some(Keep::Last) {
                "are those that the run was validated on"
            } else {
                "chose the run's best epoch"
            },
        ));
    }
    for remark in &evaluated.remarks {
        output::warn(remark);
    }
    if let Some(reason) = &evaluated.not_stored {
        output::warn(&format!(
            "warning: the answers are not kept for next time: {reason}"
        ));
    }
}

fn calibrate(
    arguments: &Arguments,
    predictions: &Predictions,
    device: Device,
) -> anyhow::Result<Calibrated> {
    // A temperature holds for answers that were seen in as many views as those that it was fitted on.
    let seen_otherwise = match arguments.split {
        Some(SplitName::Train | SplitName::Validation) => false,
        Some(SplitName::Test) | None => test_views(&store::experiment(&arguments.run)?) > 1,
    };
    // With pictures from elsewhere, the run's own validation pictures may still be where they were.
    let validation = match arguments.split {
        Some(SplitName::Validation) if !seen_otherwise => predictions.clone(),
        _ => {
            let own = Arguments {
                run: arguments.run.clone(),
                split: Some(SplitName::Validation),
                data: arguments.data.clone().filter(|_| arguments.split.is_some()),
                calibrate: false,
                other: Vec::new(),
                none_of_these: None,
                device: None,
                precision: arguments.precision,
                json: false,
            };
            answers(
                &own,
                Pictures::Of(Split::Validation),
                device,
                seen_otherwise,
            )
            .context("a temperature is fitted on validation pictures")?
            .predictions
        }
    };
    let Some(fit) = TemperatureFit::new(&validation) else {
        bail!("a temperature is fitted on validation pictures, and there are none");
    };
    Ok(Calibrated {
        fit,
        before: CalibrationScores::new(predictions, 1.0),
        after: CalibrationScores::new(predictions, fit.temperature),
    })
}

fn as_text(evaluation: &Evaluation, heading: &str) -> String {
    let answers = &evaluation.answers;
    let mut text = format!(
        "{} {heading}\n\n{}\n",
        format::thousands(evaluation.pictures),
        answers.report.to_text(3)
    );
    let mut reasons: Vec<String> = Vec::new();
    let mut line = |name: &str, score: &Score, is_share: bool| {
        let number = |value: f64| {
            if is_share {
                format!("{:.1}", value * 100.0)
            } else {
                format::score(value)
            }
        };
        let unit = if is_share { " %" } else { "" };
        let interval = match (score.interval, score.why_no_interval()) {
            (Some(interval), _) => format!(
                "  ({} to {}{unit}; {})",
                number(interval.low),
                number(interval.high),
                score.method.title()
            ),
            (None, Some(reason)) => {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
                "  (no interval)".to_owned()
            }
            (None, None) => String::new(),
        };
        let value = format!("{}{unit}", number(score.value));
        let _ = writeln!(text, "{name:<26} {value:>8}{interval}");
    };
    line("Accuracy", &answers.accuracy, true);
    line("Balanced accuracy", &answers.balanced_accuracy, true);
    for top in &evaluation.probabilities.top_k {
        line(&format!("Top-{} accuracy", top.k), &top.accuracy, true);
    }
    line("Macro-F1", &answers.macro_f1, false);
    line("Weighted F1", &answers.weighted_f1, false);
    line("Cohen's kappa", &answers.cohen_kappa, false);
    line("Matthews correlation", &answers.matthews_correlation, false);
    if let Some(area) = &evaluation.ranking.roc_auc {
        line("ROC AUC, macro", area, false);
    }
    if let Some(precision) = &evaluation.ranking.average_precision {
        line("Average precision, macro", precision, false);
    }
    line(
        "Log loss (cross-entropy)",
        &evaluation.probabilities.log_loss,
        false,
    );
    line("Brier score", &evaluation.probabilities.brier_score, false);
    let _ = writeln!(
        text,
        "{:<26} {:>8}  ({} bins)",
        "Expected calibration error",
        format::percent(evaluation.reliability.expected_error),
        evaluation.reliability.bins.len()
    );
    text.push_str("Intervals are of 95 %.\n");
    for reason in reasons {
        let _ = writeln!(text, "{reason}.");
    }
    if !answers.top_confusions.is_empty() {
        text.push_str("\nMost frequent confusions\n");
        for confusion in answers.top_confusions.iter().take(SHOWN) {
            let class = |class: u32| {
                let name = evaluation.classes.get(class as usize);
                shown::line(name.map_or("", String::as_str))
            };
            let _ = writeln!(
                text,
                "{:>6}  {} predicted as {} ({} of its pictures)",
                format::thousands(confusion.count),
                class(confusion.truth),
                class(confusion.predicted),
                format::percent(confusion.share)
            );
        }
    }
    text
}

fn calibrated_text(calibrated: &Calibrated) -> String {
    let (fit, before, after) = (&calibrated.fit, &calibrated.before, &calibrated.after);
    let mut text = format!(
        "\nTemperature {:.3}, fitted on {}{}\n",
        fit.temperature,
        format::count(
            fit.pictures as usize,
            "validation picture",
            "validation pictures"
        ),
        if fit.is_at_bound {
            " (at the end of its range: too few of them, or none wrong)"
        } else {
            ""
        }
    );
    let _ = writeln!(
        text,
        "Log loss {} to {}, Brier score {} to {}, expected calibration error {} to {}",
        format::loss(before.log_loss),
        format::loss(after.log_loss),
        format::score(before.brier_score),
        format::score(after.brier_score),
        format::percent(before.expected_error),
        format::percent(after.expected_error)
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_pictures_that_are_left_out_the_first_are_named_and_all_are_counted() {
        let problems: Vec<Problem> = (0..1_234)
            .map(|index| Problem {
                path: format!("/other/{index}.png").into(),
                reason: "it is no picture".into(),
            })
            .collect();
        let lines = left_out(&problems, Some(Path::new("/other")));
        assert_eq!(lines.len(), SHOWN + 1);
        assert_eq!(lines[0], "left out, it is no picture: /other/0.png");
        assert_eq!(
            lines[SHOWN],
            "and 1,224 more left out of /other, 1,234 pictures in all; --json lists every one"
        );
        assert_eq!(left_out(&problems[..SHOWN], None).len(), SHOWN);
    }
}
