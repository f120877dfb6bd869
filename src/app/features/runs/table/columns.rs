//! The columns of the table of runs: what a cell says, how it sorts, and what it is in a spreadsheet.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::app::core::command::RunText;
use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::format;
use crate::runs::annotations::one_line;
use crate::runs::names::without_number;
use crate::runs::short_settings::Setting;
use crate::shown;
use crate::training::events::TestMetrics;

/// What the rows are sorted by, and in which direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sorted {
    /// The column's title; empty for the order of the list at the right.
    pub by: String,
    pub descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub title: String,
    pub tooltip: &'static str,
    /// In points, at first.
    pub width: f32,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Name,
    Accuracy,
    Interval,
    MacroF1,
    Loss,
    Seconds,
    Memory,
    Epochs,
    Trainable,
    State,
    Started,
    /// A setting, by its field.
    Setting(String),
    Tags,
    Note,
    Size,
}

/// What a cell sorts by.
#[derive(Debug, PartialEq)]
enum SortKey {
    Number(f64),
    Text(String),
    /// Stands last in either direction.
    Unknown,
}

/// All columns: results, settings that differ, and what a person said.
pub fn all(settings: &[Column]) -> Vec<Column> {
    let column = |title: &str, width, kind, tooltip| Column {
        title: title.to_owned(),
        tooltip,
        width,
        kind,
    };
    let mut columns = vec![
        column(
            "Run",
            230.0,
            Kind::Name,
            "The run's number and name, in its colour where it is shown; a double click renames it",
        ),
        column(
            "Accuracy",
            88.0,
            Kind::Accuracy,
            "Share of test pictures whose most probable class is right",
        ),
        column(
            "95 % interval",
            112.0,
            Kind::Interval,
            "Where the true accuracy lies, as far as this many test pictures can tell: Wilson's interval, or a bootstrap of groups where \
             pictures belong to groups",
        ),
        column(
            "Macro-F1",
            92.0,
            Kind::MacroF1,
            "F1 averaged over classes, each counting the same",
        ),
        column(
            "Loss",
            62.0,
            Kind::Loss,
            "Mean cross-entropy per test picture; lower is better",
        ),
        column("Time", 72.0, Kind::Seconds, "Of the whole training"),
        column(
            "Memory",
            76.0,
            Kind::Memory,
            "The most that the process held while it trained",
        ),
        column("Epochs", 62.0, Kind::Epochs, "Epochs that were planned"),
        column(
            "Trainable",
            88.0,
            Kind::Trainable,
            "Parameters that learned in the last phase",
        ),
    ];
    columns.extend_from_slice(settings);
    columns.extend([
        column("State", 82.0, Kind::State, "How far the run came"),
        column("Started", 84.0, Kind::Started, "When the training began"),
        column(
            "Tags",
            110.0,
            Kind::Tags,
            "Words that runs are found and filtered by; a double click edits them",
        ),
        column(
            "Note",
            180.0,
            Kind::Note,
            "What to remember of the run; a double click edits it",
        ),
        column(
            "Size",
            72.0,
            Kind::Size,
            "What the run's folder takes on disk",
        ),
    ]);
    columns
}

/// A column for every setting that is not the same in all of `rows`.
pub fn varying(rows: &[&RunRecord]) -> Vec<Column> {
    let mut seen = BTreeSet::new();
    let known: Vec<&&RunRecord> = (rows.iter())
        .filter(|run| !run.listed.settings.is_empty())
        .collect();
    let mut columns = Vec::new();
    for setting in known.iter().flat_map(|run| run.listed.settings.iter()) {
        if !seen.insert(setting.field.as_str()) {
            continue;
        }
        let value =
            |run: &RunRecord| find(run, &setting.field).map(|setting| setting.value.clone());
        let first = known.first().and_then(|run| value(run));
        if known.iter().all(|run| value(run) == first) {
            continue;
        }
        let title = setting.label.clone();
        let letters = |text: &str| text.chars().count();
        let values = known.iter().filter_map(|run| value(run));
        let longest = values
            .map(|value| letters(&value))
            .fold(letters(&title), usize::max);
        columns.push((
            setting.phase,
            Column {
                width: (7.5 * longest as f32 + 16.0).clamp(70.0, 220.0),
                title,
                tooltip: "A setting in which these runs differ",
                kind: Kind::Setting(setting.field.clone()),
            },
        ));
    }
    // What holds for all phases first; a field of the second phase behind those of the first.
    columns.sort_by_key(|(phase, _)| *phase);
    // Two fields may be called alike.
    let mut titles = BTreeSet::new();
    (columns.into_iter())
        .map(|(_, mut column)| {
            if !titles.insert(column.title.clone())
                && let Kind::Setting(field) = &column.kind
            {
                column.title = format!("{} ({field})", column.title);
            }
            column
        })
        .collect()
}

fn find<'a>(run: &'a RunRecord, field: &str) -> Option<&'a Setting> {
    run.listed
        .settings
        .iter()
        .find(|setting| setting.field == field)
}

fn test(run: &RunRecord) -> Option<&TestMetrics> {
    run.summary.as_ref()?.test.as_ref()
}

/// The 95 % interval of a run's accuracy.
fn interval(run: &RunRecord) -> Option<(f64, f64)> {
    let interval = run.summary.as_ref()?.accuracy()?.interval?;
    Some((interval.low, interval.high))
}

pub fn state_text(state: &RecordState) -> &'static str {
    match state {
        RecordState::Queued => "waiting",
        RecordState::Running => "training",
        RecordState::Finished => "finished",
        RecordState::Stopped => "stopped",
        RecordState::Failed(_) => "failed",
        RecordState::Elsewhere => "training elsewhere",
        RecordState::Interrupted => "interrupted",
    }
}

impl Column {
    /// Whether its cells end at the right.
    pub fn is_number(&self) -> bool {
        matches!(
            self.kind,
            Kind::Accuracy
                | Kind::MacroF1
                | Kind::Loss
                | Kind::Seconds
                | Kind::Memory
                | Kind::Epochs
                | Kind::Trainable
                | Kind::Size
        )
    }

    /// What a double click on a cell begins to type.
    pub fn edited(&self) -> Option<RunText> {
        match self.kind {
            Kind::Name => Some(RunText::Name),
            Kind::Tags => Some(RunText::Tags),
            Kind::Note => Some(RunText::Note),
            _ => None,
        }
    }

    /// What the cell of a run shows.
    pub fn text(&self, run: &RunRecord, state: &State, now: u64) -> String {
        let summary = run.summary.as_ref();
        let text = match &self.kind {
            Kind::Name => Some(told_apart(run, state)),
            Kind::Accuracy => test(run).map(|test| format::percent(test.accuracy)),
            Kind::Interval => interval(run).map(|(low, high)| format::percent_range(low, high)),
            Kind::MacroF1 => test(run).map(|test| format::score(test.macro_f1)),
            Kind::Loss => test(run).map(|test| format::loss(test.loss)),
            Kind::Seconds => summary
                .filter(|summary| summary.seconds_total > 0.0)
                .map(|summary| format::duration(summary.seconds_total)),
            Kind::Memory => summary
                .and_then(|summary| summary.peak_memory_bytes)
                .map(format::bytes),
            Kind::Epochs => Some(run.epochs_planned.to_string()),
            Kind::Trainable => summary
                .filter(|summary| summary.trainable_parameters > 0)
                .map(|summary| format::magnitude(summary.trainable_parameters)),
            Kind::State => Some(state_text(&run.state).to_owned()),
            Kind::Started => summary.map(|summary| format::ago(summary.started, now)),
            Kind::Setting(field) => find(run, field).map(|setting| setting.value.clone()),
            Kind::Tags => Some(run.listed.annotations.tags.join(", ")),
            Kind::Note => Some(one_line(&run.listed.annotations.note)),
            Kind::Size => Some(run.listed.bytes)
                .filter(|bytes| *bytes > 0)
                .map(format::bytes),
        };
        // Names, tags, notes and settings are from outside.
        text.map_or_else(|| "–".to_owned(), |text| shown::line(&text).into_owned())
    }

    /// The same for a spreadsheet: numbers with all their digits and without units, nothing where nothing is known.
    pub fn plain(&self, run: &RunRecord, state: &State) -> String {
        let summary = run.summary.as_ref();
        let number = |number: Option<f64>| number.map(|number| number.to_string());
        let text = match &self.kind {
            Kind::Accuracy => number(test(run).map(|test| test.accuracy)),
            Kind::Interval => interval(run).map(|(low, high)| format!("{low:.4} to {high:.4}")),
            Kind::MacroF1 => number(test(run).map(|test| test.macro_f1)),
            Kind::Loss => number(test(run).map(|test| test.loss)),
            Kind::Seconds => number(summary.map(|summary| summary.seconds_total)),
            Kind::Memory => summary
                .and_then(|summary| summary.peak_memory_bytes)
                .map(|bytes| bytes.to_string()),
            Kind::Trainable => summary.map(|summary| summary.trainable_parameters.to_string()),
            Kind::Started => summary.map(|summary| format::utc_time(summary.started)),
            Kind::Setting(field) => find(run, field).map(|setting| setting.value.clone()),
            Kind::Note => Some(run.listed.annotations.note.clone()),
            Kind::Size => Some(run.listed.bytes.to_string()),
            Kind::Name | Kind::Epochs | Kind::State | Kind::Tags => Some(self.text(run, state, 0)),
        };
        text.unwrap_or_default()
    }

    fn key(&self, run: &RunRecord, state: &State) -> SortKey {
        let summary = run.summary.as_ref();
        let number = |number: Option<f64>| number.map_or(SortKey::Unknown, SortKey::Number);
        match &self.kind {
            Kind::Name => match run.listed.annotations.number {
                Some(value) => SortKey::Number(value.into()),
                None => SortKey::Text(without_number(&told_apart(run, state)).to_lowercase()),
            },
            Kind::Accuracy | Kind::Interval => number(test(run).map(|test| test.accuracy)),
            Kind::MacroF1 => number(test(run).map(|test| test.macro_f1)),
            Kind::Loss => number(test(run).map(|test| test.loss)),
            Kind::Seconds => number(summary.map(|summary| summary.seconds_total)),
            Kind::Memory => number(
                summary
                    .and_then(|summary| summary.peak_memory_bytes)
                    .map(|bytes| bytes as f64),
            ),
            Kind::Epochs => SortKey::Number(run.epochs_planned.into()),
            Kind::Trainable => number(summary.map(|summary| summary.trainable_parameters as f64)),
            Kind::Started => number(summary.map(|summary| summary.started as f64)),
            Kind::Size => SortKey::Number(run.listed.bytes as f64),
            Kind::State => SortKey::Text(state_text(&run.state).to_owned()),
            Kind::Tags | Kind::Note | Kind::Setting(_) => {
                let text = self.text(run, state, 0);
                match text.parse::<f64>() {
                    _ if text.is_empty() || text == "–" => SortKey::Unknown,
                    Ok(value) if !value.is_nan() => SortKey::Number(value),
                    _ => SortKey::Text(text.to_lowercase()),
                }
            }
        }
    }

    /// Puts rows into the order of this column; equal ones stay as they stand.
    pub fn sort(&self, rows: &mut Vec<&RunRecord>, state: &State, descending: bool) {
        let mut keyed: Vec<(SortKey, &RunRecord)> = rows
            .drain(..)
            .map(|run| (self.key(run, state), run))
            .collect();
        keyed.sort_by(|(a, _), (b, _)| compare(a, b, descending));
        rows.extend(keyed.into_iter().map(|(_, run)| run));
    }
}

fn compare(a: &SortKey, b: &SortKey, descending: bool) -> Ordering {
    let known = match (a, b) {
        (SortKey::Unknown, SortKey::Unknown) => return Ordering::Equal,
        (SortKey::Unknown, _) => return Ordering::Greater,
        (_, SortKey::Unknown) => return Ordering::Less,
        (SortKey::Number(a), SortKey::Number(b)) => a.total_cmp(b),
        (SortKey::Text(a), SortKey::Text(b)) => a.cmp(b),
        (SortKey::Number(_), SortKey::Text(_)) => Ordering::Less,
        (SortKey::Text(_), SortKey::Number(_)) => Ordering::Greater,
    };
    if descending { known.reverse() } else { known }
}
