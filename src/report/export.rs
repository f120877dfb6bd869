//! Writes a comparison's files into a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::StopFlag;
use crate::figures::{DEFAULT_DPI, Size, Theme, fonts, to_png, to_svg};
use crate::runs::atomic;

use super::comparison::Comparison;
use super::destination::{refuse_foreign_files, refuse_run};
use super::figures::{FigureKind, Named, figures};
use super::pictures::Material;
use super::{ReportError, html, tables, tensorboard, text};

/// The kinds of figure files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    Png,
    Svg,
    #[default]
    Both,
}

/// What is written beside the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// `report.html`.
    pub html: bool,
    /// `report.txt`, classification reports, and comma-separated tables.
    pub tables: bool,
    /// Event files below `tensorboard/`.
    pub tensorboard: bool,
}

/// What is written, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub size: Size,
    pub dpi: u32,
    pub dark: bool,
    pub format: Format,
    /// The figures that become files of their own.
    pub kinds: Vec<FigureKind>,
    pub parts: Parts,
}

impl Default for Options {
    /// Everything.
    fn default() -> Self {
        Self {
            size: Size::default(),
            dpi: DEFAULT_DPI,
            dark: false,
            format: Format::default(),
            kinds: FigureKind::ALL.to_vec(),
            parts: Parts {
                html: true,
                tables: true,
                tensorboard: true,
            },
        }
    }
}

impl Options {
    pub fn theme(&self) -> Theme {
        if self.dark { Theme::DARK } else { Theme::LIGHT }
    }
}

/// What has been written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    pub files: Vec<PathBuf>,
    /// Sentences about what could not be shown.
    pub notes: Vec<String>,
}

/// Writes the files of `comparison` into `folder`, which is made when it is not there. `progress`
/// hears how many of how many steps are done.
///
/// # Errors
/// When a file can't be written or would replace one of something else, or a figure can't be drawn; [`ReportError::Stopped`] soon after
/// `stop`. Files that were written until then stay.
pub fn write(
    comparison: &Comparison,
    options: &Options,
    folder: &Path,
    progress: &dyn Fn(usize, usize),
    stop: &StopFlag,
) -> Result<Written, ReportError> {
    let mut written = Written::default();
    match write_to(comparison, options, folder, progress, stop, &mut written) {
        Ok(()) => Ok(written),
        Err(ReportError::Stopped { .. }) => Err(ReportError::Stopped {
            files: written.files.len(),
        }),
        Err(error) => Err(error),
    }
}

fn write_to(
    comparison: &Comparison,
    options: &Options,
    folder: &Path,
    progress: &dyn Fn(usize, usize),
    stop: &StopFlag,
    written: &mut Written,
) -> Result<(), ReportError> {
    refuse_run(folder)?;
    // The report shows everything, whatever becomes files of its own.
    let kinds = if options.parts.html {
        FigureKind::ALL.to_vec()
    } else {
        options.kinds.clone()
    };
    let material = match comparison.runs.first() {
        Some(first) if kinds.iter().any(|kind| kind.needs_material()) => {
            let material = Material::find(first, options.size, stop)?;
            if let Some(problem) = &material.problem {
                written
                    .notes
                    .push(format!("Pictures are missing: {problem}"));
            }
            Some(material)
        }
        _ => None,
    };
    let names = comparison.runs.iter().flat_map(|run| {
        let summary = &run.run.summary;
        summary.classes.iter().chain([&summary.experiment])
    });
    let names: String = names.map(String::as_str).collect();
    written.notes.extend(fonts::complaint(&names));
    let drawn = figures(comparison, &kinds, material.as_ref());
    let own: Vec<&Named> = drawn
        .iter()
        .filter(|named| options.kinds.contains(&named.kind))
        .collect();
    refuse_foreign_files(folder, &own, options)?;
    let with_report = options.parts.html && comparison.obstacle.is_none();
    let steps = own.len() + if with_report { drawn.len() } else { 0 } + 1;
    fs::create_dir_all(folder).map_err(|error| ReportError::File {
        reason: format!("the folder can't be made ({error})"),
        path: folder.to_path_buf(),
    })?;
    let mut done = 0;
    let mut step = || {
        done += 1;
        progress(done, steps);
        !stop.is_stopped()
    };
    for named in own {
        let svg = to_svg(named.figure.as_ref(), options.size, options.theme());
        if options.format != Format::Svg {
            let png = to_png(&svg, 1.0, options.dpi)?;
            written.file(folder, &format!("{}.png", named.file), &png)?;
        }
        if options.format != Format::Png {
            written.file(folder, &format!("{}.svg", named.file), svg.as_bytes())?;
        }
        if !step() {
            return Err(ReportError::Stopped { files: 0 });
        }
    }
    if options.parts.tables {
        write_tables(comparison, folder, written)?;
    }
    if options.parts.tensorboard {
        write_scalars(comparison, folder, written)?;
    }
    if with_report {
        let page = html::html(comparison, &drawn, &written.notes, options.size, &mut step)?;
        written.file(folder, "report.html", page.as_bytes())?;
    }
    step();
    Ok(())
}

fn write_tables(
    comparison: &Comparison,
    folder: &Path,
    written: &mut Written,
) -> Result<(), ReportError> {
    let mut tables = vec![("metrics.csv", tables::metrics(comparison))];
    if comparison.obstacle.is_none() && !comparison.tested().is_empty() {
        tables.push(("comparison.csv", tables::comparison(comparison)));
        tables.push(("scores.csv", tables::scores(comparison)));
        tables.push(("predictions.csv", tables::predictions(comparison)));
    }
    if comparison.is_several() {
        tables.push(("settings.csv", tables::settings(comparison)));
    }
    for (name, bytes) in tables {
        let bytes = bytes.map_err(|reason| ReportError::File {
            reason: format!("the table can't be put together ({reason})"),
            path: folder.join(name),
        })?;
        written.file(folder, name, &bytes)?;
    }
    for (run, tested) in comparison.tested() {
        let name = format!("classification-report-{}.txt", run.slug);
        let report = text::classification_report(tested);
        written.file(folder, &name, report.as_bytes())?;
    }
    let report = text::results_text(comparison);
    written.file(folder, "report.txt", report.as_bytes())
}

fn write_scalars(
    comparison: &Comparison,
    folder: &Path,
    written: &mut Written,
) -> Result<(), ReportError> {
    for run in &comparison.runs {
        for (part, bytes) in tensorboard::event_files(&run.run) {
            let inner = folder.join("tensorboard").join(&run.slug).join(part);
            fs::create_dir_all(&inner).map_err(|error| ReportError::File {
                reason: format!("the folder can't be made ({error})"),
                path: inner.clone(),
            })?;
            written.file(&inner, &tensorboard::file_name(&run.run), &bytes)?;
        }
    }
    Ok(())
}

impl Written {
    fn file(&mut self, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
        let path = folder.join(name);
        atomic::write(&path, bytes).map_err(|error| ReportError::File {
            reason: format!("the file can't be written ({error})"),
            path: path.clone(),
        })?;
        self.files.push(path);
        Ok(())
    }
}
