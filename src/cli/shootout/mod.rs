//! `graft shootout`: which pre-trained network serves these pictures best, before anything is trained.

mod result;
mod take;
mod told;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::common_options::CommonOptions;
use super::outputs::{refuse_to_replace_with, warn_among_pictures};
use super::stopped::Stopped;
use super::{interrupt, output, run};
use crate::report;
use crate::runs::atomic;
use crate::shootout::{
    self, EntryState, FOLDS, ShootoutCost, ShootoutError, ShootoutMetric, ShootoutReport,
    ShootoutRequest, ShootoutState,
};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A folder of pictures, a table of paths and labels, or a preset whose data and seed count
    #[arg(value_name = "DATA|PRESET.ron")]
    data: PathBuf,
    /// These networks alone, separated by commas: names from `graft backbones`, each with :WEIGHTS or :FILE behind it if wanted.
    /// Otherwise those whose weights are here, and the names of a few that promise most for the budget
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    backbones: Option<Vec<String>>,
    /// Begin no network that would take longer than what is left of this time, such as 90s, 10min or 2h; there is no limit unless
    /// given, nor with none
    #[arg(long, value_name = "TIME", value_parser = budget)]
    budget: Option<Budget>,
    /// Into how many folds the pictures are divided, to judge heads on those that they have not seen
    #[arg(long, value_name = "N", default_value_t = FOLDS)]
    folds: usize,
    /// What networks are ranked by
    #[arg(long, value_enum, default_value_t = Metric::Accuracy)]
    metric: Metric,
    /// Give heads the features of the last so many stages of each network; those of the preset's head unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    stages: Option<u32>,
    /// Download weights that are not here. Nothing is downloaded otherwise
    #[arg(long)]
    download: bool,
    /// Compute with random weights where there are none, to try how it works: says nothing of what a network is worth
    #[arg(long)]
    random: bool,
    /// Where what is found is kept, so that the same command goes on with it; a folder of the data's own among the runs unless
    /// given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write a table of everything for other programs
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
    /// What the figure weighs accuracy against
    #[arg(long, value_enum, default_value_t = Cost::Time)]
    cost: Cost,
    /// Compute nothing: write the experiment of this network, or of the best one, as a preset
    #[arg(long, value_name = "NAME|best", requires = "preset", conflicts_with_all = ["csv", "figure"])]
    take: Option<String>,
    /// The preset to write with --take
    #[arg(long, value_name = "FILE.ron", requires = "take")]
    preset: Option<PathBuf>,
    #[command(flatten)]
    common: CommonOptions,
    /// Stop when standard input is closed
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Metric {
    Accuracy,
    /// The mean F1 of the classes
    #[value(name = "macro-f1")]
    MacroF1,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cost {
    /// Of one picture, on this machine
    Time,
    Memory,
    /// Of the weights on the disk
    Size,
    MultiplyAdds,
}

impl From<Metric> for ShootoutMetric {
    fn from(metric: Metric) -> Self {
        match metric {
            Metric::Accuracy => Self::Accuracy,
            Metric::MacroF1 => Self::MacroF1,
        }
    }
}

impl From<Cost> for ShootoutCost {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost::Time => Self::SecondsPerPicture,
            Cost::Memory => Self::Memory,
            Cost::Size => Self::FileSize,
            Cost::MultiplyAdds => Self::MultiplyAdds,
        }
    }
}

pub fn shootout(arguments: &Arguments) -> anyhow::Result<()> {
    let common = &arguments.common;
    let device = common.device()?;
    let (experiment, base) = common.preset_or_pictures(&arguments.data, None)?;
    let out = arguments.out.clone().unwrap_or_else(|| {
        let runs = run::runs_folder(None);
        shootout::default_out(&runs, &experiment, base.as_deref())
    });
    if let (Some(name), Some(file)) = (&arguments.take, &arguments.preset) {
        return take::write(name, file, &out, &experiment, base.as_deref(), arguments);
    }
    if let Some(file) = &arguments.csv {
        refuse_to_replace_with(
            "--csv",
            file,
            &[&arguments.data],
            "table of a shoot-out",
            &|file| result::is_ours(file),
        )?;
    }
    warn_among_pictures(&out, &experiment.data.source, base.as_deref());
    let stop = interrupt::stop_flag_saying(
        "Stopping after this batch; what was found so far is kept. Once more ends at once.",
    )?;
    if arguments.until_stdin_closes {
        interrupt::stop_with_stdin(&stop)?;
    }
    let dataset = run::scan_pictures(&experiment.data, base.as_deref(), &stop)?;
    let mut listener = told::Listener::new(common.json, arguments.download);
    let stages = arguments.stages.unwrap_or(experiment.head.stages);
    let request = ShootoutRequest {
        base,
        dataset,
        chosen: arguments.backbones.clone(),
        folds: arguments.folds,
        metric: arguments.metric.into(),
        stages,
        budget_seconds: arguments.budget.and_then(|budget| budget.0),
        downloads: arguments.download,
        random: arguments.random,
        device,
        out: out.clone(),
        stop,
        experiment,
    };
    let found = shootout::run(&request, &mut listener);
    drop(listener);
    let report = found.map_err(|error| match error {
        ShootoutError::Stopped => stopped(arguments),
        error => error.into(),
    })?;
    if let Some(file) = &arguments.csv {
        atomic::write(file, &shootout::csv(&report)?)
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    if let Some(figure) = &common.figure {
        report::write_figure(
            &report::frontier_figure(&report, arguments.cost.into()),
            figure,
        )?;
    }
    if common.json {
        output::print_json(&result::as_json(&report, &out)?)?;
    } else {
        output::print(&result::as_text(&report, &out, arguments))?;
    }
    end(&report, arguments)
}

/// The status that the process ends with.
fn end(report: &ShootoutReport, arguments: &Arguments) -> anyhow::Result<()> {
    if report.state == ShootoutState::Stopped {
        return Err(stopped(arguments));
    }
    let failed = report
        .entries
        .iter()
        .filter(|entry| matches!(entry.state, EntryState::Failed { .. }));
    let failed = failed.count();
    if failed > 0 {
        bail!(
            "{} failed, for the reason above",
            crate::format::count(failed, "network", "networks")
        );
    }
    if report.best().is_none() {
        bail!("no network could be judged, for the reasons above");
    }
    Ok(())
}

fn stopped(arguments: &Arguments) -> anyhow::Error {
    Stopped(format!(
        "the shoot-out was stopped, and the same command goes on with it: graft shootout {}",
        shown::line(&arguments.data.display().to_string())
    ))
    .into()
}

/// Seconds, where there is a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Budget(Option<f64>);

/// `90s`, `10min`, `2h`, `none`.
fn budget(text: &str) -> Result<Budget, String> {
    let hint = || "write a number with its unit, such as 90s, 10min or 2h, or none".to_owned();
    let text = text.trim();
    if text == "none" {
        return Ok(Budget(None));
    }
    let end = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .ok_or_else(hint)?;
    let number: f64 = text[..end].parse().map_err(|_| hint())?;
    let factor = match text[end..].trim() {
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(hint()),
    };
    let seconds = number * factor;
    (seconds > 0.0 && seconds <= 1e7)
        .then_some(Budget(Some(seconds)))
        .ok_or_else(hint)
}

/// How the person called this, without what only says where to write.
fn words(arguments: &Arguments) -> String {
    let mut words = format!("graft shootout {}", quoted(&arguments.data));
    if let Some(out) = &arguments.out {
        words += &format!(" --out {}", quoted(out));
    }
    words
}

fn quoted(path: &Path) -> String {
    let text = shown::line(&path.display().to_string()).into_owned();
    match text.contains(' ') {
        true => format!("\"{text}\""),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_written_with_its_unit() {
        assert_eq!(budget("90s"), Ok(Budget(Some(90.0))));
        assert_eq!(budget(" 1.5 min"), Ok(Budget(Some(90.0))));
        assert_eq!(budget("2h"), Ok(Budget(Some(7200.0))));
        assert_eq!(budget("none"), Ok(Budget(None)));
        for text in ["", "10", "min", "-5s", "0s", "1e9h", "5 weeks", "1.2.3s"] {
            let said = budget(text).unwrap_err();
            assert!(said.contains("10min"), "{text}: {said}");
        }
    }
}
