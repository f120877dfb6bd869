//! `graft compare`: runs on the same test pictures, side by side, as files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::output;
use super::table::{Align, table};
use crate::evaluation::{ClassificationReport, ConfusionMatrix, wilson};
use crate::experiment::Experiment;
use crate::figures::palette::run_color;
use crate::figures::{
    ConfusionFigure, CurveSeries, CurvesFigure, Figure, ResultBar, ResultsFigure, Size, Theme,
    to_png, to_svg,
};
use crate::format;
use crate::runs::settings::differences;
use crate::runs::{StoredRun, atomic, store};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Folders of runs that were tested on the same pictures
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Where to write figures and report
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Light letters on a dark ground
    #[arg(long)]
    dark: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A run with everything that is compared.
struct Compared {
    /// The experiment's name, and the run's where two have the same.
    name: String,
    run: StoredRun,
    experiment: Experiment,
    confusion: ConfusionMatrix,
}

pub fn compare(arguments: &Arguments) -> anyhow::Result<()> {
    let runs = arguments
        .runs
        .iter()
        .map(|folder| store::open(folder))
        .collect::<Result<Vec<_>, _>>()?;
    store::check_comparable(&runs)?;
    let names = names(&runs);
    let mut compared = Vec::with_capacity(runs.len());
    for (run, name) in runs.into_iter().zip(names) {
        let experiment = store::experiment(&run.folder)?;
        let confusion = ConfusionMatrix::new(&store::predictions(&run.folder)?);
        compared.push(Compared {
            name,
            run,
            experiment,
            confusion,
        });
    }
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("the folder can't be made: {}", arguments.out.display()))?;
    let theme = if arguments.dark {
        Theme::DARK
    } else {
        Theme::LIGHT
    };
    let mut files = Vec::new();
    for (name, figure) in figures(&compared) {
        let svg = to_svg(figure.as_ref(), Size::default(), theme);
        let png = to_png(&svg, 1.0)?;
        files.push(write(&arguments.out, &format!("{name}.png"), &png)?);
        files.push(write(
            &arguments.out,
            &format!("{name}.svg"),
            svg.as_bytes(),
        )?);
    }
    files.push(write(
        &arguments.out,
        "comparison.csv",
        &as_csv(&compared)?,
    )?);
    let report = report(&compared);
    files.push(write(&arguments.out, "report.txt", report.as_bytes())?);
    if arguments.json {
        return output::print_json(&json!({
            "runs": compared.iter().map(as_json).collect::<Vec<_>>(),
            "files": files,
        }));
    }
    let files: String = files
        .iter()
        .map(|file| format!("Wrote {}\n", file.display()))
        .collect();
    output::print(&format!("{report}\n{files}"))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    atomic::write(&path, bytes)
        .with_context(|| format!("the file can't be written: {}", path.display()))?;
    Ok(path)
}

/// The experiments' names; the runs' own where an experiment was carried out more than once.
fn names(runs: &[StoredRun]) -> Vec<String> {
    runs.iter()
        .map(|run| {
            let name = &run.summary.experiment;
            let twins = runs
                .iter()
                .filter(|other| other.summary.experiment == *name)
                .count();
            if twins > 1 {
                format!("{name} ({})", run.summary.id)
            } else {
                name.clone()
            }
        })
        .collect()
}

/// Every figure with its file's name, without ending.
fn figures(compared: &[Compared]) -> Vec<(String, Box<dyn Figure>)> {
    let first = &compared[0].run.summary;
    let pictures = format!(
        "{}, the same for every run",
        format::count(first.test_pictures, "test picture", "test pictures")
    );
    let series = compared
        .iter()
        .enumerate()
        .map(|(index, item)| CurveSeries {
            name: item.name.clone(),
            color: run_color(index),
            metrics: item.run.metrics.clone(),
            phase_starts: item.run.phase_starts.clone(),
        })
        .collect();
    let curves = CurvesFigure {
        title: "Training and validation".to_owned(),
        remark: format!(
            "{} to train on, {} to validate with",
            format::count(first.train_pictures, "picture", "pictures"),
            format::thousands(first.validation_pictures as u64)
        ),
        series,
    };
    let bars = compared
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let confusion = &item.confusion;
            ResultBar::from_counts(
                item.name.clone(),
                run_color(index),
                confusion.correct(),
                confusion.total(),
            )
        })
        .collect();
    let results = ResultsFigure {
        title: "Test accuracy".to_owned(),
        remark: pictures,
        bars,
    };
    let mut figures: Vec<(String, Box<dyn Figure>)> = vec![
        ("curves".to_owned(), Box::new(curves)),
        ("results".to_owned(), Box::new(results)),
    ];
    for item in compared {
        let interval = wilson(item.confusion.correct(), item.confusion.total());
        let figure = ConfusionFigure {
            title: item.name.clone(),
            remark: format!(
                "{}, accuracy {} (95 % interval {:.1} to {:.1} %)",
                format::count(
                    item.run.summary.test_pictures,
                    "test picture",
                    "test pictures"
                ),
                format::percent(item.confusion.accuracy()),
                interval.low * 100.0,
                interval.high * 100.0,
            ),
            matrix: item.confusion.clone(),
        };
        figures.push((
            format!("confusion-{}", item.run.summary.id),
            Box::new(figure),
        ));
    }
    figures
}

fn as_json(item: &Compared) -> serde_json::Value {
    json!({
        "run": item.run.folder,
        "name": item.name,
        "test": item.run.summary.test,
        "accuracy_interval": wilson(item.confusion.correct(), item.confusion.total()),
        "seconds_total": item.run.summary.seconds_total,
    })
}

/// `comparison.csv`: a line per run.
fn as_csv(compared: &[Compared]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "run",
        "experiment",
        "backbone",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "macro_f1",
        "loss",
        "n",
        "trainable_parameters",
        "frozen_parameters",
        "epochs",
        "best_epoch",
        "seconds_total",
    ])?;
    for item in compared {
        let summary = &item.run.summary;
        let interval = wilson(item.confusion.correct(), item.confusion.total());
        writer.write_record([
            summary.id.clone(),
            summary.experiment.clone(),
            summary.backbone.clone(),
            item.confusion.accuracy().to_string(),
            interval.low.to_string(),
            interval.high.to_string(),
            item.confusion.macro_f1().to_string(),
            summary
                .test
                .as_ref()
                .map_or_else(String::new, |test| test.loss.to_string()),
            item.confusion.total().to_string(),
            summary.trainable_parameters.to_string(),
            summary.frozen_parameters.to_string(),
            item.run.metrics.len().to_string(),
            summary.best_epoch.to_string(),
            summary.seconds_total.to_string(),
        ])?;
    }
    writer
        .into_inner()
        .context("comparison.csv can't be put together")
}

/// `report.txt`: results best first, settings that differ, and a classification report per run.
fn report(compared: &[Compared]) -> String {
    let mut order: Vec<&Compared> = compared.iter().collect();
    order.sort_by_key(|item| std::cmp::Reverse(item.confusion.correct()));
    let rows: Vec<Vec<String>> = order
        .iter()
        .map(|item| {
            let summary = &item.run.summary;
            let interval = wilson(item.confusion.correct(), item.confusion.total());
            vec![
                item.name.clone(),
                format::percent(item.confusion.accuracy()),
                format!(
                    "{:.1} to {:.1} %",
                    interval.low * 100.0,
                    interval.high * 100.0
                ),
                format!("{:.3}", item.confusion.macro_f1()),
                summary
                    .test
                    .as_ref()
                    .map_or_else(|| "–".to_owned(), |test| format::loss(test.loss)),
                summary.best_epoch.to_string(),
                format::duration(summary.seconds_total),
            ]
        })
        .collect();
    let header = [
        ("run", Align::Left),
        ("accuracy", Align::Right),
        ("95 % interval", Align::Right),
        ("macro-F1", Align::Right),
        ("loss", Align::Right),
        ("best epoch", Align::Right),
        ("time", Align::Right),
    ];
    let pictures = compared[0].run.summary.test_pictures;
    let mut text = format!(
        "Results on {}, best first\n\n",
        format::count(pictures, "test picture", "test pictures")
    );
    text.push_str(&table(&header, &rows));
    text.push_str("\nThe interval is Wilson's.\n");
    if compared.len() > 1 {
        text.push_str("\nSettings that differ\n\n");
        let experiments: Vec<Experiment> = compared
            .iter()
            .map(|item| item.experiment.clone())
            .collect();
        let differences = differences(&experiments);
        if differences.is_empty() {
            text.push_str("None.\n");
        } else {
            let mut header = vec![("setting", Align::Left)];
            header.extend(
                compared
                    .iter()
                    .map(|item| (item.name.as_str(), Align::Left)),
            );
            let rows: Vec<Vec<String>> = differences
                .into_iter()
                .map(|difference| {
                    std::iter::once(difference.field)
                        .chain(difference.values)
                        .collect()
                })
                .collect();
            text.push_str(&table(&header, &rows));
        }
    }
    for item in order {
        text.push_str(&format!(
            "\n{}\n{}\n\n",
            item.name,
            item.run.folder.display()
        ));
        text.push_str(&ClassificationReport::new(&item.confusion).to_text(3));
    }
    text
}
