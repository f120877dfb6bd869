//! Where a comparison may be written: its tables have names that a run's files, and anybody's, have as well.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::ordinary_file::{self, Links};
use crate::runs::files;

use super::ReportError;
use super::export::{Format, Options};
use super::figures::{FigureKind, Named};

/// Beside the figures.
const TABLES: [&str; 7] = [
    "metrics.csv",
    "comparison.csv",
    "scores.csv",
    "predictions.csv",
    "settings.csv",
    REPORT,
    "report.html",
];
/// Tells a folder that a comparison has filled.
const REPORT: &str = "report.txt";

/// Refuses a run's own folder, whose tables would be replaced.
///
/// # Errors
/// With the reason and the remedy.
pub(super) fn refuse_run(folder: &Path) -> Result<(), ReportError> {
    let of_run = [files::SUMMARY, files::PRESET];
    match of_run.iter().any(|name| folder.join(name).exists()) {
        true => Err(refused(
            folder,
            "nothing is written here: it is a run's folder, whose own tables would be replaced. Choose another folder, such as \
             one within it",
        )),
        false => Ok(()),
    }
}

/// Refuses to replace files that no comparison wrote. One that writes figures alone leaves nothing to tell its folder by,
/// and is not asked.
///
/// # Errors
/// Naming such a file.
pub(super) fn refuse_foreign_files(
    folder: &Path,
    figures: &[&Named],
    options: &Options,
) -> Result<(), ReportError> {
    if !options.parts.tables || is_comparison(folder) {
        return Ok(());
    }
    let endings: &[&str] = match options.format {
        Format::Png => &["png"],
        Format::Svg => &["svg"],
        Format::Both => &["png", "svg"],
    };
    let figures = figures.iter().flat_map(|figure| {
        let names = endings.iter();
        names.map(move |ending| format!("{}.{ending}", figure.file))
    });
    let mut names = TABLES.map(str::to_owned).into_iter().chain(figures);
    match names.find(|name| ordinary_file::is_there(&folder.join(name))) {
        None => Ok(()),
        Some(name) => Err(refused(
            &folder.join(name),
            "nothing is written: this file would be replaced, and its folder is none that an earlier comparison filled. \
             Choose another folder, or remove the file first",
        )),
    }
}

/// Whether an earlier comparison wrote its report there.
pub fn is_comparison(folder: &Path) -> bool {
    let mut head = Vec::new();
    let read = ordinary_file::open(&folder.join(REPORT), Links::Refused)
        .and_then(|file| file.take(100).read_to_end(&mut head));
    let head = String::from_utf8_lossy(&head);
    let first = head.lines().next().unwrap_or_default();
    // As `results_title` has it.
    read.is_ok() && first.starts_with("Result") && first.contains(" test picture")
}

/// Whether an earlier export left anything there: its report, or figures alone.
pub fn is_filled(folder: &Path) -> bool {
    let is_figure = |name: &str| {
        let of_kind = |kind: FigureKind| name.starts_with(kind.stem());
        (name.ends_with(".png") || name.ends_with(".svg"))
            && FigureKind::ALL.into_iter().any(of_kind)
    };
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    is_comparison(folder)
        || entries.any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name == "report.html" || is_figure(&name)
        })
}

/// `proposed`, or where that holds anything the next with a number, `figures-2`, that does not.
pub fn free_folder(proposed: &Path) -> PathBuf {
    let is_free = |folder: &PathBuf| match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    let name = proposed.file_name().unwrap_or_default().to_string_lossy();
    let others = (2..1000).map(|number| proposed.with_file_name(format!("{name}-{number}")));
    let mut folders = std::iter::once(proposed.to_path_buf()).chain(others);
    folders
        .find(is_free)
        .unwrap_or_else(|| proposed.to_path_buf())
}

fn refused(path: &Path, reason: &str) -> ReportError {
    ReportError::File {
        reason: reason.to_owned(),
        path: path.to_path_buf(),
    }
}
