//! `graft learning-curve`: what twice as many pictures would bring.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::common_options::CommonOptions;
use super::progress::{self, TerminalProgress};
use super::{interrupt, run};
use crate::data::split;
use crate::evaluation::CurveScore;
use crate::format::{self, Align, table};
use crate::report::LearningCurveReport;
use crate::shown;
use crate::training::learning_curve::{Asked, measure_learning_curve};
use crate::training::{TrainingError, TrainingRequest};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A preset, or pictures: a folder, or a table of paths and labels, which are seen with the usual backbone
    #[arg(value_name = "PRESET|PICTURES")]
    source: PathBuf,
    /// Use these pictures instead of the preset's
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// What is measured
    #[arg(long, value_enum, default_value_t = Metric::Accuracy)]
    metric: Metric,
    #[command(flatten)]
    common: CommonOptions,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Metric {
    Accuracy,
    /// Every class counts the same
    MacroF1,
}

pub fn learning_curve(arguments: &Arguments) -> anyhow::Result<()> {
    let common = &arguments.common;
    let device = common.device()?;
    let (experiment, base) =
        common.preset_or_pictures(&arguments.source, arguments.data.as_deref())?;
    let stop = interrupt::stop_flag_saying(
        "Stopping; features that were computed by now are kept. Once more ends at once.",
    )?;
    let dataset = run::scan_pictures(&experiment.data, base.as_deref(), &stop)?;
    let mut split = split::split(&dataset, &experiment)?;
    // Not looked at.
    split.test.clear();
    let request = TrainingRequest {
        base,
        device,
        stop,
        withholds_test: true,
        ..TrainingRequest::new(experiment.clone(), dataset, split)
    };
    let mut features = TerminalProgress::new(0);
    let bar = progress::bar();
    let mut heads = |done: usize, total: usize| {
        if let Some(bar) = &bar {
            bar.set_prefix("Learning from parts");
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    };
    let measured = measure_learning_curve(&request, &mut features, &mut heads);
    drop(features);
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let measured = match measured {
        Err(TrainingError::Stopped) => {
            bail!("stopped; features that were computed by then are kept")
        }
        measured => measured?,
    };
    let score = match arguments.metric {
        Metric::Accuracy => CurveScore::Accuracy,
        Metric::MacroF1 => CurveScore::MacroF1,
    };
    let found = LearningCurveReport::new(&experiment, &measured, score);
    common.tell(
        &found.figure(),
        |figure| as_json(&found, figure),
        |figure| as_text(&found, figure),
    )
}

fn as_text(found: &LearningCurveReport, figure: Option<&Path>) -> String {
    let header = [
        ("Pictures", Align::Right),
        ("Share", Align::Right),
        (found.curve.score.title(), Align::Right),
        ("95 % interval", Align::Right),
        ("Draws", Align::Right),
    ];
    let rows: Vec<Vec<String>> = (found.curve.points.iter())
        .map(|point| {
            vec![
                format::thousands(point.pictures.round() as u64),
                format::whole_percent(point.share),
                format::percent(point.mean),
                format::percent_interval(point.interval.low, point.interval.high),
                point.scores.len().to_string(),
            ]
        })
        .collect();
    let mut text = format!("{}\n", found.answer());
    text += &table(&header, &rows);
    text += &format!("{}\n", found.details());
    if let Some(figure) = figure {
        text += &format!("{}\n", figure.display());
    }
    text
}

fn as_json(found: &LearningCurveReport, figure: Option<&Path>) -> serde_json::Value {
    let (asked, folds) = match found.asked {
        Asked::Validation => ("validation", None),
        Asked::Folds(folds) => ("folds", Some(folds)),
    };
    json!({
        "answer": found.answer(),
        "verdict": found.curve.verdict,
        "metric": found.curve.score,
        "backbone": found.backbone,
        "pictures": found.curve.now,
        "asked": asked,
        "folds": folds,
        "asked_pictures": found.curve.asked,
        "unreadable": found.unreadable,
        "points": found.curve.points,
        "fit": found.curve.fit,
        "features_from_disk": found.from_disk,
        "features_computed": found.computed,
        "feature_seconds": found.feature_seconds,
        "head_seconds": found.head_seconds,
        "figure": figure.map(shown::path),
    })
}
