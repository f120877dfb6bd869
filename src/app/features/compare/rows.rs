//! Lines of the comparison's tables: results and reports.

use std::collections::HashMap;

use super::view::Named;
use crate::analysis::comparison::{ComparedRun, Comparison};
use crate::evaluation::{ClassReport, ClassificationReport, Score, Spread};
use crate::format;
use crate::runs::seeds::{self, one_per_seed};

/// A line of the table of results: a run, or several seeds of one experiment together.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    pub name: String,
    /// `None` for several seeds together.
    pub color: Option<usize>,
    /// Whether it stands under the line of its group.
    pub of_group: bool,
    /// In the order of [`RESULT_COLUMNS`].
    pub values: Vec<String>,
    pub tooltip: String,
}

/// Title and explanation of the columns of results.
pub const RESULT_COLUMNS: [(&str, &str); 8] = [
    (
        "Accuracy",
        "Share of test pictures that are classified correctly; for several seeds mean and standard deviation",
    ),
    (
        "95 % interval",
        "Where the true accuracy lies, as far as this many pictures can tell: Wilson's interval, or a bootstrap of groups where \
         pictures belong to groups",
    ),
    (
        "Macro-F1",
        "F1 averaged over classes, each counting the same",
    ),
    (
        "Loss",
        "Mean cross-entropy per test picture; lower is better",
    ),
    ("Best epoch", "The epoch whose weights were kept"),
    ("Time", "For the whole run"),
    (
        "Peak memory",
        "The most memory that the process held while this run trained",
    ),
    ("Trainable", "Parameters that learned in the last phase"),
];

/// A class of the report: precision, recall and F1 of every run.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRow {
    pub class: String,
    pub support: u64,
    /// One per run; `None` where a class occurs in no answer and no truth of the run.
    pub values: Vec<Option<[f64; 3]>>,
    /// The highest F1, where there are several runs.
    pub best: Option<f64>,
}

pub(super) fn results(comparison: &Comparison, runs: &[Named]) -> Vec<ResultRow> {
    let mut rows = Vec::new();
    for group in &comparison.groups {
        let several = group.len() > 1;
        if several {
            rows.push(group_row(comparison, group));
        }
        rows.extend(
            group
                .iter()
                .map(|&run| run_row(&comparison.runs[run], &runs[run], several)),
        );
    }
    rows
}

fn run_row(run: &ComparedRun, named: &Named, of_group: bool) -> ResultRow {
    let (correct, total) = (run.confusion.correct(), run.confusion.total());
    let summary = &run.summary;
    let loss = format!("{:.3}", run.log_loss);
    ResultRow {
        name: named.name.clone(),
        color: Some(named.color),
        of_group,
        values: vec![
            format::percent(run.confusion.accuracy()),
            interval(&run.accuracy),
            format!("{:.3}", run.report.macro_average.f1),
            loss,
            summary
                .kept_epoch()
                .map_or_else(|| "–".into(), |epoch| epoch.to_string()),
            format::duration(summary.seconds_total),
            summary
                .peak_memory_bytes
                .map_or_else(|| "–".into(), crate::format::bytes),
            format::magnitude(summary.trainable_parameters),
        ],
        tooltip: format!(
            "{} of {} test pictures classified correctly; {}; {}, on {}{}",
            format::thousands(correct),
            format::thousands(total),
            (run.accuracy.why_no_interval())
                .unwrap_or_else(|| format!("interval: {}", run.accuracy.method.title())),
            summary.backbone,
            summary.device,
            summary
                .memory()
                .map_or_else(String::new, |memory| format!("; memory at most {memory}")),
        ),
    }
}

fn interval(score: &Score) -> String {
    score.interval.map_or_else(
        || "–".to_owned(),
        |interval| format::percent_range(interval.low, interval.high),
    )
}

/// Several seeds of one experiment: means, with the spread of accuracy and macro-F1.
fn group_row(comparison: &Comparison, group: &[usize]) -> ResultRow {
    let once = one_per_seed(group, |run| {
        let run = &comparison.runs[run];
        (Some(run.experiment.seed), run.summary.started)
    });
    let repeats = group.len() - once.len();
    let runs: Vec<&ComparedRun> = once.iter().map(|&run| &comparison.runs[run]).collect();
    let spread = |value: &dyn Fn(&ComparedRun) -> Option<f64>| {
        let values: Vec<f64> = runs.iter().filter_map(|run| value(run)).collect();
        Spread::new(&values)
    };
    let dash = || "–".to_owned();
    let mean = |spread: Option<Spread>, write: &dyn Fn(f64) -> String| {
        spread.map_or_else(dash, |spread| write(spread.mean.value))
    };
    let is_spread = runs.len() > 1;
    let accuracy = spread(&|run| Some(run.confusion.accuracy()));
    let macro_f1 = spread(&|run| Some(run.report.macro_average.f1));
    let range = accuracy.map_or_else(dash, |spread| {
        format::percent_range(spread.lowest, spread.highest)
    });
    let name = seeds::base_name(&runs[0].summary.experiment);
    let count = match (runs.len(), repeats) {
        (seeds, 0) => format::plural(seeds as u64, "seed", "seeds"),
        (1, repeats) => format!(
            "one seed, {}",
            format::plural(repeats as u64 + 1, "run", "runs")
        ),
        (seeds, repeats) => {
            let seeds = format::plural(seeds as u64, "seed", "seeds");
            format!("{seeds} ({repeats} repeated)")
        }
    };
    ResultRow {
        name: format!("{name}, {count}"),
        color: None,
        of_group: false,
        values: vec![
            accuracy.map_or_else(dash, |spread| match is_spread {
                true => format::percent_spread(spread.mean.value, spread.standard_deviation),
                false => format::percent(spread.mean.value),
            }),
            range.clone(),
            macro_f1.map_or_else(dash, |spread| match is_spread {
                true => format!(
                    "{:.3} ± {:.3}",
                    spread.mean.value, spread.standard_deviation
                ),
                false => format!("{:.3}", spread.mean.value),
            }),
            mean(
                spread(&|run| Some(run.log_loss)),
                &|loss| format!("{loss:.3}"),
            ),
            String::new(),
            mean(spread(&|run| Some(run.summary.seconds_total)), &|seconds| {
                format::duration(seconds)
            }),
            mean(
                spread(&|run| run.summary.peak_memory_bytes.map(|bytes| bytes as f64)),
                &|bytes| crate::format::bytes(bytes as u64),
            ),
            format::magnitude(runs[0].summary.trainable_parameters),
        ],
        tooltip: match is_spread {
            true => format!(
                "Mean and standard deviation over {} on the same split; lowest and highest accuracy {range}",
                format::plural(runs.len() as u64, "seed", "seeds")
            ),
            false => "Repeats with one seed give the same numbers: train with other seeds to see how much results vary by chance".into(),
        },
    }
}

pub(super) fn report(comparison: &Comparison) -> Vec<ReportRow> {
    let numbers = |line: &ClassReport| [line.precision, line.recall, line.f1];
    let of_class: Vec<HashMap<&str, [f64; 3]>> = (comparison.runs.iter())
        .map(|run| {
            let classes = run.report.classes.iter();
            classes
                .map(|line| (line.name.as_str(), numbers(line)))
                .collect()
        })
        .collect();
    let row = |class: String, support, values: Vec<Option<[f64; 3]>>| {
        let f1 = values.iter().flatten().map(|values| values[2]);
        ReportRow {
            best: f1.reduce(f64::max).filter(|_| values.len() > 1),
            class,
            support,
            values,
        }
    };
    let classes = comparison.classes.iter().enumerate().map(|(class, name)| {
        let first = comparison.runs.first();
        let support = first.map_or(0, |run| run.confusion.truths(class));
        let values = of_class.iter();
        let values = values.map(|lines| lines.get(name.as_str()).copied());
        row(name.clone(), support, values.collect())
    });
    // A class may be called like them.
    type Average = fn(&ClassificationReport) -> &ClassReport;
    let averages: [(&str, Average); 2] = [
        ("Macro average", |report| &report.macro_average),
        ("Weighted average", |report| &report.weighted_average),
    ];
    let averages = averages.map(|(name, average)| {
        let values = comparison.runs.iter();
        let values = values.map(|run| Some(numbers(average(&run.report))));
        row(
            name.to_owned(),
            comparison.files.len() as u64,
            values.collect(),
        )
    });
    classes.chain(averages).collect()
}
