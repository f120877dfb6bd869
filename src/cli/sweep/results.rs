//! `graft sweep results`: what a sweep has found so far.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::status::settings_json;
use super::which::{Which, say_remarks};
use crate::cli::output;
use crate::format;
use crate::format::table::{Align, table};
use crate::report::sweep::{SweepReport, goal_text, interval_text, write_sweep};
use crate::runs::atomic;
use crate::shown;
use crate::sweep::{Plan, Results, Row};

/// Settings that are listed; the rest is counted, and stands in the file that is written.
const LISTED: usize = 40;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Write a table of all settings to this file, whose name ends in .csv
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "write")]
    force: bool,
    /// Write a report to this folder: figures, tables, and one HTML file
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn results(arguments: &Arguments) -> anyhow::Result<()> {
    let (plan, cells) = arguments.which.status()?;
    let results = Results::new(&plan, &cells);
    if let Some(file) = &arguments.write {
        write(file, arguments.force, &plan, &results)?;
    }
    if let Some(folder) = &arguments.report {
        let report = SweepReport {
            plan: &plan,
            cells: &cells,
            results: &results,
        };
        for file in write_sweep(&report, folder)?.files {
            output::warn(&format!("Written: {}", file.display()));
        }
    }
    if arguments.json {
        return output::print_json(&as_json(&plan, &results));
    }
    say_remarks(&plan);
    output::print(&as_text(&plan, &results))
}

fn write(
    file: &std::path::Path,
    replaces: bool,
    plan: &Plan,
    results: &Results,
) -> anyhow::Result<()> {
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    if !ending.eq_ignore_ascii_case("csv") {
        bail!(
            "a table of results is written to a file whose name ends in .csv: {}",
            file.display()
        );
    }
    if crate::ordinary_file::is_there(file) && !replaces {
        bail!(
            "this file exists already; --force replaces it: {}",
            file.display()
        );
    }
    let bytes = results.to_csv(plan)?;
    atomic::write(file, &bytes).with_context(|| format!("can't be written: {}", file.display()))?;
    output::warn(&format!("Written: {}", file.display()));
    Ok(())
}

fn as_text(plan: &Plan, results: &Results) -> String {
    let Some(best) = results.best else {
        return "Nothing is measured yet: graft sweep run trains the cells.\n".into();
    };
    let info = plan.sweep.goal.info();
    let mut header: Vec<(&str, Align)> = vec![("", Align::Left)];
    header.extend(
        plan.labels
            .iter()
            .map(|label| (label.as_str(), Align::Right)),
    );
    let metric = format!("{} (validation)", info.name);
    header.extend([
        (metric.as_str(), Align::Right),
        ("95 % interval", Align::Right),
        ("Seeds", Align::Right),
        ("Epochs", Align::Right),
        ("Time", Align::Right),
    ]);
    let ranked = results.ranked(plan.sweep.goal);
    let measured: Vec<usize> = (ranked.iter().copied())
        .filter(|&index| results.rows[index].score.is_some())
        .collect();
    let rows: Vec<Vec<String>> = (measured.iter().take(LISTED))
        .map(|&index| row_text(plan, results, index, best))
        .collect();
    let mut text = table(&header, &rows);
    let rest = measured.len().saturating_sub(LISTED);
    if rest > 0 {
        text += &format!(
            "… and {} more: --write FILE.csv lists all\n",
            format::count(rest, "setting", "settings")
        );
    }
    let unmeasured = results.rows.len() - measured.len();
    if unmeasured > 0 {
        text += &format!(
            "{} not measured yet\n",
            format::count(unmeasured, "setting is", "settings are")
        );
    }
    text += &format!(
        "\n* best{}\n{}\n",
        match results.not_distinguishable.is_empty() {
            true => "",
            false => "; ≈ can’t be told from the best",
        },
        results.method
    );
    if results.rows.len() > 1 {
        text += &format!("\nEffects. {}\n", results.effects_basis);
    }
    for effect in &results.effects {
        if effect.values.len() < 2 {
            continue;
        }
        let header = [
            (plan.labels[effect.field].as_str(), Align::Right),
            (info.name, Align::Right),
            ("Settings", Align::Right),
        ];
        let rows: Vec<Vec<String>> = (effect.values.iter())
            .map(|(value, mean, count)| {
                vec![
                    value.clone(),
                    goal_text(plan.sweep.goal, *mean),
                    count.to_string(),
                ]
            })
            .collect();
        text += &format!("\n{}", table(&header, &rows));
    }
    text
}

fn row_text(plan: &Plan, results: &Results, index: usize, best: usize) -> Vec<String> {
    let row = &results.rows[index];
    let mark = if index == best {
        "*"
    } else if results.not_distinguishable.contains(&index) {
        "≈"
    } else {
        ""
    };
    let mut cells = vec![mark.to_owned()];
    cells.extend(row.settings.iter().cloned());
    cells.push(row.score.map_or("–".into(), |score| {
        goal_text(plan.sweep.goal, score.value)
    }));
    cells.push(interval(plan, row).unwrap_or_else(|| "–".into()));
    cells.push(format!("{}/{}", row.seeds, row.cells.len()));
    cells.push(row.epochs.to_string());
    cells.push(format::duration(row.seconds));
    cells
}

/// The interval of a row's score.
pub(super) fn interval(plan: &Plan, row: &Row) -> Option<String> {
    let interval = row.score?.interval?;
    Some(interval_text(plan.sweep.goal, interval.low, interval.high))
}

/// One row as JSON.
pub(super) fn row_json(plan: &Plan, row: &Row) -> serde_json::Value {
    let interval = row.score.and_then(|score| score.interval);
    json!({
        "setting": row.group,
        "settings": settings_json(plan, &row.settings),
        "goal": row.score.map(|score| score.value),
        "low": interval.map(|interval| interval.low),
        "high": interval.map(|interval| interval.high),
        "interval": interval.and(row.score).map(|score| score.method.title()),
        "seeds": row.seeds,
        "complete": row.is_complete,
        "epochs": row.epochs,
        "seconds": row.seconds,
        "cells": row.cells.iter().map(|&cell| &plan.cells[cell].name).collect::<Vec<_>>(),
    })
}

fn as_json(plan: &Plan, results: &Results) -> serde_json::Value {
    json!({
        "sweep": shown::line(&plan.sweep.name),
        "metric": plan.sweep.goal.info().name,
        "higher_is_better": plan.sweep.goal.info().higher_is_better,
        "fields": plan.fields,
        "rows": results.rows.iter().map(|row| row_json(plan, row)).collect::<Vec<_>>(),
        "best": results.best,
        "not_distinguishable": results.not_distinguishable,
        "method": results.method,
        "effects": results.effects.iter().map(|effect| json!({
            "field": plan.fields[effect.field],
            "values": effect.values.iter().map(|(value, mean, count)| json!({
                "value": value,
                "mean": mean,
                "settings": count,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "pairs": results.pairs.iter().map(|pair| json!({
            "fields": [plan.fields[pair.fields.0], plan.fields[pair.fields.1]],
            "rows": pair.rows,
            "columns": pair.columns,
            "means": pair.means,
        })).collect::<Vec<_>>(),
        "effects_basis": results.effects_basis,
    })
}
