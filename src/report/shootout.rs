//! The figure of a shoot-out, and what the window writes of one: its table beside that figure.

use std::fs;
use std::path::Path;

use super::{ReportError, Written};
use crate::figures::{DEFAULT_DPI, FrontierFigure, FrontierPoint, Size, Theme, to_png, to_svg};
use crate::format;
use crate::runs::atomic;
use crate::shootout::{ShootoutCost, ShootoutMetric, ShootoutReport, csv};

/// Every network that is done: its score against its `cost`, where that is known.
pub fn frontier_figure(report: &ShootoutReport, cost: ShootoutCost) -> FrontierFigure {
    let frontier = report.frontier(cost);
    let points = report.entries.iter().enumerate();
    let points = points.filter_map(|(index, entry)| {
        let score = entry.score(report.metric)?;
        Some(FrontierPoint {
            name: entry.called(),
            cost: entry.cost(cost)?,
            score: score.value,
            interval: score.interval.map(|interval| (interval.low, interval.high)),
            is_on_frontier: frontier.contains(&index),
            is_worse: entry.comparison.is_some_and(|compared| compared.is_worse),
        })
    });
    let score = match report.metric {
        ShootoutMetric::Accuracy => "Accuracy",
        ShootoutMetric::MacroF1 => "Macro-F1",
    };
    FrontierFigure {
        title: format!("{score} against {}", cost.title().to_lowercase()),
        remark: format!(
            "Linear heads on frozen networks, {} folds of {}; test pictures were not looked at",
            report.folds,
            format::count(report.pictures, "picture", "pictures")
        ),
        cost_title: format!("{} ({})", cost.title(), cost.unit()),
        score_title: format!("{score} (%), with its 95 % interval"),
        points: points.collect(),
    }
}

/// Files that are written; by the first an earlier export is known.
const FILES: [&str; 3] = ["networks.csv", "networks.svg", "networks.png"];

/// Writes the table and the figure over `cost` into `folder`, which is made when it is not there.
///
/// # Errors
/// When the folder holds a file of such a name that no shoot-out wrote, when a file can't be written, or the figure can't be drawn.
pub fn write_shootout(
    report: &ShootoutReport,
    cost: ShootoutCost,
    folder: &Path,
) -> Result<Written, ReportError> {
    let failed = |reason: String, path: &Path| ReportError::File {
        reason,
        path: path.to_path_buf(),
    };
    let table = csv(report)
        .map_err(|error| failed(format!("the table can't be put together ({error})"), folder))?;
    refuse_foreign_files(folder, &table)?;
    fs::create_dir_all(folder)
        .map_err(|error| failed(format!("the folder can't be made ({error})"), folder))?;
    let svg = to_svg(
        &frontier_figure(report, cost),
        Size::default(),
        Theme::LIGHT,
    );
    let png = to_png(&svg, 1.0, DEFAULT_DPI)?;
    let mut written = Written::default();
    for (name, bytes) in FILES.iter().zip([table, svg.into_bytes(), png]) {
        let path = folder.join(name);
        atomic::write(&path, &bytes)
            .map_err(|error| failed(format!("the file can't be written ({error})"), &path))?;
        written.files.push(path);
    }
    Ok(written)
}

/// Refuses to replace files that no earlier export wrote: its table begins with the same line.
fn refuse_foreign_files(folder: &Path, table: &[u8]) -> Result<(), ReportError> {
    let first = |bytes: &[u8]| {
        bytes
            .split(|byte| *byte == b'\n')
            .next()
            .map(<[u8]>::to_vec)
    };
    let is_ours = fs::read(folder.join(FILES[0])).is_ok_and(|old| first(&old) == first(table));
    let mut files = FILES.iter().map(|name| folder.join(name));
    match files.find(|path| !is_ours && path.exists()) {
        None => Ok(()),
        Some(path) => Err(ReportError::File {
            reason: "nothing is written: this file would be replaced, and its folder is none that an earlier comparison of networks \
                     filled. Choose another folder, or remove the file first"
                .into(),
            path,
        }),
    }
}
