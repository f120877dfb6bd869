//! `graft compare`: a run, or several on the same test pictures side by side, as files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::outputs::{refuse_among_pictures, warn_among_classes};
use super::{output, progress};
use crate::data::StopFlag;
use crate::figures::palette::run_color;
use crate::figures::{DEFAULT_DPI, DPI_RANGE, Size};
use crate::report::{self, Comparison, Options, results_text};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Runs (folders, numbers or names) that were tested on the same pictures; one is enough
    #[arg(value_name = "RUN", required = true, value_parser = super::runs::argument())]
    runs: Vec<PathBuf>,
    /// Where to write figures, report.html, tables and TensorBoard's event files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Sides of the figures in pixels
    #[arg(long, value_name = "WxH", default_value = "1600x1000", value_parser = Size::parse)]
    size: Size,
    /// Dots an inch that the PNG files claim
    #[arg(long, value_name = "N", default_value_t = DEFAULT_DPI,
          value_parser = clap::value_parser!(u32).range(i64::from(*DPI_RANGE.start())..=i64::from(*DPI_RANGE.end())))]
    dpi: u32,
    /// Light letters on a dark ground (the report follows the reader's screen)
    #[arg(long)]
    dark: bool,
    /// The figures' files
    #[arg(long, value_enum, default_value_t = Format::Both)]
    format: Format,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Png,
    Svg,
    Both,
}

pub fn compare(arguments: &Arguments) -> anyhow::Result<()> {
    let folders: Vec<_> = arguments
        .runs
        .iter()
        .enumerate()
        .map(|(index, folder)| (folder.clone(), run_color(index)))
        .collect();
    let comparison = Comparison::load(&folders)?;
    comparison.check_tested()?;
    for run in &comparison.runs {
        refuse_among_pictures(&arguments.out, &run.experiment.data.source, None)?;
    }
    warn_among_classes(&arguments.out);
    let options = Options {
        size: arguments.size,
        dpi: arguments.dpi,
        dark: arguments.dark,
        format: match arguments.format {
            Format::Png => report::Format::Png,
            Format::Svg => report::Format::Svg,
            Format::Both => report::Format::Both,
        },
        ..Options::default()
    };
    let bar = progress::bar();
    if let Some(bar) = &bar {
        bar.set_prefix("Drawing figures");
    }
    let told = |done: usize, total: usize| {
        if let Some(bar) = &bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    };
    let written = report::write(
        &comparison,
        &options,
        &arguments.out,
        &told,
        &StopFlag::default(),
    );
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let written = written?;
    if arguments.json {
        return output::print_json(&json!({
            "runs": as_json(&comparison),
            "verdict": report::verdict(&comparison),
            "files": written.files.iter().map(|file| shown::path(file)).collect::<Vec<_>>(),
            "notes": written.notes,
        }));
    }
    let mut text = results_text(&comparison);
    text.push('\n');
    for note in &written.notes {
        text.push_str(&format!("{note}\n"));
    }
    for file in &written.files {
        text.push_str(&format!("Wrote {}\n", file.display()));
    }
    output::print(&text)
}

fn as_json(comparison: &Comparison) -> serde_json::Value {
    comparison
        .tested()
        .into_iter()
        .map(|(run, tested)| {
            let accuracy = &tested.evaluation.answers.accuracy;
            json!({
                "run": shown::path(&run.run.folder),
                "name": run.name,
                "state": run.run.summary.state,
                "test": tested.metrics(),
                "accuracy_interval": accuracy.interval,
                "accuracy_interval_method": accuracy.method,
                "groups": tested.evaluation.groups,
                "seconds_total": run.run.summary.seconds_total,
            })
        })
        .collect()
}
