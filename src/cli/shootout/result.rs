//! What a shoot-out found, as text and as JSON.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{Arguments, words};
use crate::format::{self, Align, table};
use crate::shootout::{
    EntryState, ShootoutCost, ShootoutEntry, ShootoutReport, ShootoutState, budget_text,
};
use crate::shown;

/// The cells before which one of our tables begins.
const BEGINNING: &[u8] = b"backbone,weights,state,reason,accuracy";

/// Whether a shoot-out wrote the table.
pub(super) fn is_ours(mut file: File) -> bool {
    let mut head = [0; BEGINNING.len()];
    file.read_exact(&mut head).is_ok() && head == BEGINNING
}

pub(super) fn as_json(report: &ShootoutReport, out: &Path) -> anyhow::Result<Value> {
    let mut document = serde_json::to_value(report)?;
    document["out"] = json!(shown::path(out));
    document["best"] = json!(report.best().map(|best| best.backbone.clone()));
    let frontier = report.frontier(ShootoutCost::SecondsPerPicture);
    if let Some(entries) = document["entries"].as_array_mut() {
        for (index, entry) in entries.iter_mut().enumerate() {
            entry["is_on_frontier"] = json!(frontier.contains(&index));
        }
    }
    Ok(document)
}

pub(super) fn as_text(report: &ShootoutReport, out: &Path, arguments: &Arguments) -> String {
    let mut text = String::new();
    let done: Vec<&ShootoutEntry> = (report.entries.iter())
        .filter(|entry| entry.outcome.is_some())
        .collect();
    if !done.is_empty() {
        text += "\n";
        text += &ranking(report);
        text += "\n";
        text += &verdict(report);
    }
    for entry in &report.entries {
        let name = format!("{} ({})", entry.backbone, shown::line(&entry.weights));
        match &entry.state {
            EntryState::NotHere { reason, command } => {
                let how = command
                    .as_ref()
                    .map_or_else(String::new, |command| format!("; {command}"));
                text += &format!("{name}: {}{how}\n", shown::line(reason));
                if let Some(restriction) = &entry.restriction {
                    text += &format!("{name}: {restriction}\n");
                }
            }
            EntryState::LeftOut { reason } | EntryState::Failed { reason } => {
                text += &format!("{name}: {}\n", shown::line(reason));
            }
            EntryState::Waiting if report.state == ShootoutState::Stopped => {
                text += &format!("{name}: still to come\n");
            }
            _ => {}
        }
    }
    let is_missing = |entry: &ShootoutEntry| {
        matches!(
            entry.state,
            EntryState::NotHere {
                command: Some(_),
                ..
            }
        )
    };
    if report.entries.iter().any(is_missing) {
        text += "With --download, weights that are not here are downloaded first.\n";
    }
    for remark in &report.remarks {
        text += &format!("{}\n", shown::line(remark));
    }
    if report.withheld_test > 0 {
        text += &format!(
            "{} of the test were not looked at.\n",
            format::count(report.withheld_test, "picture", "pictures")
        );
    }
    text += &format!("Took {}; kept in {}\n", budget_text(report), out.display());
    if let Some(best) = report.best() {
        text += &format!(
            "Take one: {} --take {} --preset FILE.ron\n",
            words(arguments),
            best.backbone
        );
    }
    text
}

fn ranking(report: &ShootoutReport) -> String {
    let header = [
        ("", Align::Right),
        ("network", Align::Left),
        ("weights", Align::Left),
        ("accuracy", Align::Right),
        ("95 %", Align::Left),
        ("macro-F1", Align::Right),
        ("against the best", Align::Left),
        ("pictures/s", Align::Right),
        ("memory", Align::Right),
        ("file", Align::Right),
        ("took", Align::Right),
        ("frontier", Align::Left),
    ];
    let frontier = report.frontier(ShootoutCost::SecondsPerPicture);
    let mut rows = Vec::new();
    for (index, entry) in report.entries.iter().enumerate() {
        let Some(outcome) = &entry.outcome else {
            continue;
        };
        let interval = outcome.accuracy.interval;
        let unknown = || "-".to_owned();
        rows.push(vec![
            (index + 1).to_string(),
            entry.backbone.clone(),
            shown::line(&entry.weights).into_owned(),
            format::percent(outcome.accuracy.value),
            interval.map_or_else(unknown, |interval| {
                format::percent_interval(interval.low, interval.high)
            }),
            format::percent(outcome.macro_f1.value),
            against_best(entry),
            outcome
                .pictures_per_second
                .map_or_else(unknown, |rate| format!("{rate:.1}")),
            outcome
                .peak_memory_bytes
                .map_or_else(unknown, format::bytes),
            entry.file_bytes.map_or_else(unknown, format::bytes),
            format::duration(outcome.feature_seconds + outcome.head_seconds),
            match frontier.contains(&index) {
                true => "yes".to_owned(),
                false => String::new(),
            },
        ]);
    }
    table(&header, &rows)
}

fn against_best(entry: &ShootoutEntry) -> String {
    let Some(compared) = &entry.comparison else {
        return "the best".to_owned();
    };
    if compared.difference.value == 0.0 {
        return "the same".to_owned();
    }
    let points = compared.difference.value * 100.0;
    let points = format!("{points:+.1} points").replace('-', "−");
    let luck = match (compared.is_worse, compared.is_borderline) {
        (true, _) => "worse",
        (false, true) => "may be worse",
        (false, false) => "within luck",
    };
    format!("{points}, {luck}")
}

fn verdict(report: &ShootoutReport) -> String {
    let Some(best) = report.best() else {
        return String::new();
    };
    let equals: Vec<&str> = (report.entries.iter())
        .filter(|entry| entry.comparison.is_some_and(|compared| !compared.is_worse))
        .map(|entry| entry.backbone.as_str())
        .collect();
    let mut text = format!(
        "Best by {}: {}, with a linear head on {} that no head had seen.\n",
        report.metric.title(),
        best.called(),
        format::count(report.pictures - report.unreadable, "picture", "pictures"),
    );
    text += &match equals.len() {
        0 if report.done() > 1 => "All others are worse, beyond luck.\n".to_owned(),
        0 => String::new(),
        _ => format!("Not worse beyond luck: {}.\n", equals.join(", ")),
    };
    text
}
