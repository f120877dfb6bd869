//! A report as a table for other programs.

use std::io;

use super::cost::ShootoutCost;
use super::report::{EntryState, ShootoutEntry, ShootoutReport};
use crate::evaluation::Score;
use crate::spreadsheet::guarded;

const HEADER: [&str; 27] = [
    "backbone",
    "weights",
    "state",
    "reason",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "macro_f1",
    "macro_f1_low",
    "macro_f1_high",
    "difference_to_best",
    "difference_low",
    "difference_high",
    "p_value",
    "is_worse_than_best",
    "is_on_frontier",
    "pictures",
    "features",
    "feature_seconds",
    "head_seconds",
    "pictures_per_second",
    "peak_memory_bytes",
    "file_bytes",
    "parameters",
    "gflops",
    "input_size",
    "c",
];

/// One line for each network, in the report's order. Shares are 0 to 1; what is not known is empty.
///
/// # Errors
/// None that writing into memory gives.
pub fn csv(report: &ShootoutReport) -> io::Result<Vec<u8>> {
    let frontier = report.frontier(ShootoutCost::SecondsPerPicture);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for (index, entry) in report.entries.iter().enumerate() {
        writer.write_record(record(entry, frontier.contains(&index)))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn record(entry: &ShootoutEntry, is_on_frontier: bool) -> Vec<String> {
    let outcome = entry.outcome.as_ref();
    let compared = entry.comparison.as_ref();
    let mut record = vec![
        entry.backbone.clone(),
        guarded(&entry.weights).into_owned(),
        entry.state.name().to_owned(),
        guarded(entry.state.reason().unwrap_or_default()).into_owned(),
    ];
    record.extend(with_interval(outcome.map(|outcome| outcome.accuracy)));
    record.extend(with_interval(outcome.map(|outcome| outcome.macro_f1)));
    record.extend(with_interval(compared.map(|compared| compared.difference)));
    record.extend([
        text(compared.and_then(|compared| compared.p_value)),
        text(compared.map(|compared| compared.is_worse)),
        text(outcome.map(|_| is_on_frontier)),
        text(outcome.map(|outcome| outcome.pictures)),
        text(outcome.map(|outcome| outcome.features)),
        text(outcome.map(|outcome| outcome.feature_seconds)),
        text(outcome.map(|outcome| outcome.head_seconds)),
        text(outcome.and_then(|outcome| outcome.pictures_per_second)),
        text(outcome.and_then(|outcome| outcome.peak_memory_bytes)),
        text(entry.file_bytes),
        entry.parameters.to_string(),
        entry.gflops.to_string(),
        entry.input_size.to_string(),
        text(outcome.map(|outcome| outcome.strength)),
    ]);
    record
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn with_interval(score: Option<Score>) -> [String; 3] {
    let interval = score.and_then(|score| score.interval);
    [
        text(score.map(|score| score.value)),
        text(interval.map(|interval| interval.low)),
        text(interval.map(|interval| interval.high)),
    ]
}

impl EntryState {
    /// A word, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Downloading { .. } => "downloading",
            Self::Computing { .. } => "computing",
            Self::Heads => "heads",
            Self::Done => "done",
            Self::NotHere { .. } => "not_here",
            Self::LeftOut { .. } => "left_out",
            Self::Failed { .. } => "failed",
        }
    }

    /// Why there is nothing of it.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NotHere { reason, .. } | Self::LeftOut { reason } | Self::Failed { reason } => {
                Some(reason)
            }
            _ => None,
        }
    }
}
