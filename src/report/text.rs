//! A comparison in words and columns of text.

use crate::analysis::diagnose;
use crate::evaluation::ClassificationReport;
use crate::experiment::Experiment;
use crate::format::{self, Align, table};
use crate::runs::settings::{Difference, differences};
use crate::shown;

use super::comparison::{ComparedRun, Comparison, Tested};
use super::scores::{ScoreLine, interval_remarks, score_lines};

/// One line of the table of results.
pub(super) struct ResultLine<'a> {
    pub run: &'a ComparedRun,
    /// One for each of [`RESULT_COLUMNS`] but the first.
    pub values: Vec<String>,
}

/// The columns of the table of results.
pub(super) const RESULT_COLUMNS: [(&str, Align); 9] = [
    ("run", Align::Left),
    ("accuracy", Align::Right),
    ("95 % interval", Align::Right),
    ("macro-F1", Align::Right),
    ("loss", Align::Right),
    ("trainable", Align::Right),
    ("best epoch", Align::Right),
    ("time", Align::Right),
    ("memory", Align::Right),
];

/// The results, best first.
pub(super) fn result_lines(comparison: &Comparison) -> Vec<ResultLine<'_>> {
    let mut tested = comparison.tested();
    tested.sort_by_key(|(_, tested)| std::cmp::Reverse(tested.confusion.correct()));
    tested
        .into_iter()
        .map(|(run, tested)| {
            let (summary, confusion) = (&run.run.summary, &tested.confusion);
            let interval = tested.evaluation.answers.accuracy.interval;
            let loss = format::loss(tested.metrics().loss);
            let values = vec![
                format::percent(confusion.accuracy()),
                interval.map_or_else(
                    || "–".to_owned(),
                    |interval| format::percent_interval(interval.low, interval.high),
                ),
                format::score(confusion.macro_f1()),
                loss,
                format::magnitude(summary.trainable_parameters),
                summary
                    .kept_epoch()
                    .map_or_else(|| "–".to_owned(), |epoch| epoch.to_string()),
                format::duration(summary.seconds_total),
                summary
                    .peak_memory_bytes
                    .map_or_else(|| "–".to_owned(), format::bytes),
            ];
            ResultLine { run, values }
        })
        .collect()
}

/// What the columns of the table of results are.
pub(super) fn columns_remark(comparison: &Comparison) -> String {
    let is_by_group =
        (comparison.tested().iter()).any(|(_, tested)| tested.evaluation.groups.is_some());
    format!(
        "The interval is {}; “trainable” counts the parameters that learn in the last phase; memory is the most that was held \
         while training.",
        match is_by_group {
            true => "of groups where pictures belong to groups, and Wilson's elsewhere",
            false => "Wilson's",
        }
    )
}

/// What the table of results stands on.
pub(super) fn results_title(comparison: &Comparison) -> String {
    let pictures = comparison
        .tested()
        .first()
        .map_or(0, |(_, tested)| tested.predictions.rows.len());
    let pictures = format::count(pictures, "test picture", "test pictures");
    if comparison.is_several() {
        format!("Results on {pictures}, best first")
    } else {
        format!("Result on {pictures}")
    }
}

/// The settings that are not the same for every run.
pub(super) fn setting_differences(comparison: &Comparison) -> Vec<Difference> {
    let experiments: Vec<Experiment> = comparison
        .runs
        .iter()
        .map(|run| run.experiment.clone())
        .collect();
    differences(&experiments)
}

/// `report.txt`: results best first, settings that differ, and a classification report per run.
pub fn results_text(comparison: &Comparison) -> String {
    let lines = result_lines(comparison);
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            std::iter::once(line.run.name.clone())
                .chain(line.values.iter().cloned())
                .collect()
        })
        .collect();
    let mut text = format!("{}\n\n", results_title(comparison));
    text.push_str(&table(&RESULT_COLUMNS, &rows));
    text.push_str(&format!("\n{}\n", columns_remark(comparison)));
    for remark in comparison.remarks() {
        text.push_str(&format!("\n{remark}\n"));
    }
    for sentence in super::verdict::sentences(comparison) {
        text.push_str(&format!("\n{}\n", shown::line(&sentence)));
    }
    text.push_str("\nScores\n\n");
    let tested = comparison.tested();
    let mut header = vec![("score", Align::Left)];
    header.extend(
        tested
            .iter()
            .map(|(run, _)| (run.name.as_str(), Align::Left)),
    );
    let rows: Vec<Vec<String>> = score_lines(comparison)
        .iter()
        .map(ScoreLine::cells)
        .collect();
    text.push_str(&table(&header, &rows));
    for remark in interval_remarks(comparison) {
        text.push_str(&format!("\n{remark}\n"));
    }
    if comparison.is_several() {
        text.push_str("\nSettings that differ\n\n");
        text.push_str(&settings_text(comparison));
    }
    for line in lines {
        let run = line.run;
        text.push_str(&format!(
            "\n{}\n{}\n\n",
            shown::line(&run.name),
            shown::line(&run.run.folder.display().to_string())
        ));
        if let Some(finding) = finding(run) {
            text.push_str(&format!("{finding}\n\n"));
        }
        if let Some(tested) = &run.tested {
            text.push_str(&classification_report(tested));
        }
    }
    text
}

/// What the curves of a run say of its learning.
pub(super) fn finding(run: &ComparedRun) -> Option<String> {
    let diagnosis = diagnose(&run.run).ok()?.ok()?;
    let tentative = if diagnosis.is_tentative {
        " so far"
    } else {
        ""
    };
    Some(format!(
        "{}{tentative}: {} {}",
        diagnosis.fit.title(),
        diagnosis.reason,
        diagnosis.advice
    ))
}

/// As scikit-learn prints it, with three digits.
pub(super) fn classification_report(tested: &Tested) -> String {
    ClassificationReport::new(&tested.confusion).to_text(3)
}

/// A line per setting that differs, a column per run.
pub fn settings_text(comparison: &Comparison) -> String {
    let differences = setting_differences(comparison);
    if differences.is_empty() {
        return "None.\n".to_owned();
    }
    let mut header = vec![("setting", Align::Left)];
    let names = comparison.runs.iter().map(|run| run.name.as_str());
    header.extend(names.map(|name| (name, Align::Left)));
    let rows: Vec<Vec<String>> = differences
        .into_iter()
        .map(|difference| {
            std::iter::once(difference.label)
                .chain(difference.values)
                .collect()
        })
        .collect();
    table(&header, &rows)
}
