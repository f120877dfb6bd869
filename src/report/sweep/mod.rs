//! What a sweep leaves for a document: parallel coordinates, a matrix of effects, tables, and one HTML file. The window draws the
//! same data.

mod effects;
mod html;
mod tables;
mod words;

use std::fs;
use std::path::Path;

use crate::figures::{
    DEFAULT_DPI, Figure, ParallelAxis, ParallelFigure, ParallelLine, Size, Theme, axis, to_png,
    to_svg,
};
use crate::format;
use crate::runs::atomic;
use crate::sweep::{CellStatus, Goal, Plan, Results};
use crate::training::metrics::Unit;

use super::{ReportError, Written};

pub use effects::effects;
pub use tables::cells_table;
pub use words::{SettingTexts, field_titles, goal_title};

/// A sweep as it stands: what is written of it.
#[derive(Debug, Clone, Copy)]
pub struct SweepReport<'a> {
    pub plan: &'a Plan,
    /// In the order of the plan's.
    pub cells: &'a [CellStatus],
    pub results: &'a Results,
}

/// Files that are written, and by which an earlier export is known.
pub const FILES: [&str; 7] = [
    "sweep.html",
    "settings.csv",
    "cells.csv",
    "parallel-coordinates.svg",
    "parallel-coordinates.png",
    "effects.svg",
    "effects.png",
];

/// A goal as it is written: in per cent, where it is a share.
pub fn goal_text(goal: Goal, value: f64) -> String {
    match goal.info().unit {
        Unit::Share => format::percent(value),
        Unit::Nats => format::loss(value),
    }
}

/// The interval of a goal: `87.9 to 92.4 %`.
pub fn interval_text(goal: Goal, low: f64, high: f64) -> String {
    match goal.info().unit {
        Unit::Share => format::percent_range(low, high),
        Unit::Nats => format!("{} to {}", format::loss(low), format::loss(high)),
    }
}

/// The axes of parallel coordinates: what varies, and the goal at the right. `texts`: of every setting, one for each field;
/// `goals`: those that are known.
pub fn axes<'a>(
    plan: &Plan,
    texts: impl Iterator<Item = &'a [String]> + Clone,
    goals: impl Iterator<Item = f64>,
) -> Vec<ParallelAxis> {
    let goal = plan.sweep.goal;
    let titles = field_titles(plan);
    let mut axes: Vec<ParallelAxis> = (titles.into_iter().enumerate())
        .map(|(field, title)| {
            let texts = texts.clone().filter_map(|texts| texts.get(field));
            ParallelAxis::of_texts(title, texts.map(String::as_str))
        })
        .collect();
    axes.push(ParallelAxis::of_results(
        goal_title(goal),
        goals,
        goal.info().higher_is_better,
        &|value| goal_text(goal, value),
    ));
    axes
}

/// From 0 for the worst to 1 for the best, for one of several goals.
pub fn scores(goals: &[Option<f64>], higher_is_better: bool) -> Vec<Option<f64>> {
    let (low, high) = axis::range(goals.iter().flatten().copied()).unwrap_or_default();
    let score = |goal: f64| {
        let share = if high > low {
            (goal - low) / (high - low)
        } else {
            1.0
        };
        if higher_is_better { share } else { 1.0 - share }
    };
    goals
        .iter()
        .map(|goal| goal.filter(|goal| goal.is_finite()).map(score))
        .collect()
}

/// Parallel coordinates of all settings, over their seeds.
pub fn parallel(report: &SweepReport<'_>, texts: &SettingTexts) -> ParallelFigure {
    let rows = &report.results.rows;
    let of_row: Vec<&[String]> = rows.iter().map(|row| texts.of_group(row.group)).collect();
    let goals: Vec<Option<f64>> = rows
        .iter()
        .map(|row| row.score.map(|score| score.value))
        .collect();
    let axes = axes(
        report.plan,
        of_row.iter().copied(),
        goals.iter().flatten().copied(),
    );
    let higher = report.plan.sweep.goal.info().higher_is_better;
    let lines = (of_row.iter().zip(&goals).zip(scores(&goals, higher)))
        // One without a result says nothing yet.
        .filter(|((_, goal), _)| goal.is_some())
        .map(|((texts, goal), score)| ParallelLine {
            shares: shares(&axes, texts, *goal),
            score,
            is_faded: false,
        })
        .collect();
    ParallelFigure {
        title: report.plan.sweep.name.clone(),
        remark: remark(report),
        axes,
        lines,
    }
}

/// What a setting is called: its values with their titles.
pub fn setting_name(plan: &Plan, texts: &SettingTexts, group: usize) -> String {
    let parts: Vec<String> = (field_titles(plan).iter())
        .zip(texts.of_group(group))
        .map(|(title, value)| format!("{title} {value}"))
        .collect();
    match parts.is_empty() {
        true => plan.base.name.clone(),
        false => parts.join(", "),
    }
}

/// Where a setting crosses each axis.
pub fn shares(axes: &[ParallelAxis], texts: &[String], goal: Option<f64>) -> Vec<Option<f64>> {
    let Some((last, settings)) = axes.split_last() else {
        return Vec::new();
    };
    let settings = settings.iter().zip(texts);
    let mut shares: Vec<Option<f64>> = settings
        .map(|(axis, text)| axis.scale.share(text))
        .collect();
    shares.push(goal.and_then(|goal| last.scale.share_of_number(goal)));
    shares
}

/// How much there is of a sweep: `12 settings, 2 seeds, 24 cells`.
fn remark(report: &SweepReport<'_>) -> String {
    let finished = report.results.rows.iter().filter(|row| row.is_complete);
    format!(
        "{} of {} trained, under {}; validation pictures",
        format::thousands(finished.count() as u64),
        format::count(report.plan.groups(), "setting", "settings"),
        format::plural(report.plan.sweep.seeds.into(), "seed", "seeds"),
    )
}

/// Writes tables, figures and the report into `folder`, which is made when it is not there.
///
/// # Errors
/// When the folder holds a file that no sweep's report is known by, when a file can't be written, or a figure can't be drawn.
pub fn write_sweep(report: &SweepReport<'_>, folder: &Path) -> Result<Written, ReportError> {
    refuse_foreign_files(folder)?;
    fs::create_dir_all(folder).map_err(|error| ReportError::File {
        reason: format!("the folder can't be made ({error})"),
        path: folder.to_path_buf(),
    })?;
    let mut written = Written::default();
    let mut write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        atomic::write(&path, bytes).map_err(|error| ReportError::File {
            reason: format!("the file can't be written ({error})"),
            path: path.clone(),
        })?;
        written.files.push(path);
        Ok::<(), ReportError>(())
    };
    let texts = SettingTexts::of(report.plan);
    let effects = effects(report.plan, &texts, report.results);
    let figures: [(&str, Box<dyn Figure>); 2] = [
        ("parallel-coordinates", Box::new(parallel(report, &texts))),
        ("effects", Box::new(effects)),
    ];
    for (name, figure) in &figures {
        let svg = to_svg(figure.as_ref(), Size::default(), Theme::LIGHT);
        write(&format!("{name}.svg"), svg.as_bytes())?;
        write(&format!("{name}.png"), &to_png(&svg, 1.0, DEFAULT_DPI)?)?;
    }
    let settings = report.results.to_csv(report.plan);
    for (name, table) in [
        ("settings.csv", settings.map_err(|error| error.to_string())),
        ("cells.csv", cells_table(report)),
    ] {
        let bytes = table.map_err(|reason| ReportError::File {
            reason: format!("the table can't be put together ({reason})"),
            path: folder.join(name),
        })?;
        write(name, &bytes)?;
    }
    let figures: Vec<&dyn Figure> = figures.iter().map(|(_, figure)| figure.as_ref()).collect();
    let page = html::page(report, &texts, &figures)?;
    write("sweep.html", page.as_bytes())?;
    Ok(written)
}

/// Refuses to replace files that no earlier report of a sweep wrote.
fn refuse_foreign_files(folder: &Path) -> Result<(), ReportError> {
    let is_ours =
        fs::read_to_string(folder.join(FILES[0])).is_ok_and(|page| page.contains(html::GENERATOR));
    if is_ours {
        return Ok(());
    }
    match FILES.iter().map(|name| folder.join(name)).find(|path| path.exists()) {
        None => Ok(()),
        Some(path) => Err(ReportError::File {
            reason: "nothing is written: this file would be replaced, and its folder is none that an earlier report of a sweep \
                     filled. Choose another folder, or remove the file first"
                .into(),
            path,
        }),
    }
}

#[cfg(test)]
pub mod tests;
