//! Tables of picture paths and labels.

pub(super) mod text;

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path};

use super::super::{DataError, PictureSource, Split, StopFlag};
use super::{Candidate, Found, check_stop, source_error};
use crate::experiment::{Column, Threshold};

use text::Table;

/// The columns that a scan reads.
pub(super) struct Columns<'a> {
    pub path: &'a Column,
    pub label: &'a Column,
    pub split: Option<&'a Column>,
}

/// The pictures that the table `file` lists, relative to the table's own folder.
pub(super) fn find(
    file: &Path,
    columns: &Columns<'_>,
    threshold: Option<&Threshold>,
    stop: &StopFlag,
) -> Result<Found, DataError> {
    let table = text::read(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let named = [Some(columns.path), Some(columns.label), columns.split]
        .into_iter()
        .flatten()
        .any(|column| matches!(column, Column::Name(_)));
    let path_place = match columns.path {
        Column::Index(place) => Some(*place),
        Column::Name(_) => None,
    };
    let has_header = named || path_place.is_some_and(|place| table.has_header(place, folder));
    let header = has_header
        .then(|| table.rows.first().map(|row| row.cells.as_slice()))
        .flatten();
    let path_column = place(columns.path, header, &table, file)?;
    let label_column = place(columns.label, header, &table, file)?;
    let split_column = columns
        .split
        .map(|column| place(column, header, &table, file))
        .transpose()?;

    let mut found = Found {
        root: file.to_path_buf(),
        ..Found::default()
    };
    let mut by_class: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    let mut listed: HashMap<String, u64> = HashMap::new();
    let (mut rows, mut missing) = (0, 0);
    for row in table.rows.iter().skip(usize::from(has_header)) {
        check_stop(stop)?;
        rows += 1;
        let line = row.line;
        let cell = |column: usize| {
            row.cells
                .get(column)
                .map(|cell| cell.trim())
                .filter(|cell| !cell.is_empty())
        };
        let (Some(path), Some(label)) = (cell(path_column), cell(label_column)) else {
            found.problem(
                file,
                format!("line {line} has no path or no label: complete or delete the line"),
            );
            continue;
        };
        let source = folder.join(path.replace('\\', "/"));
        let class = match threshold.map_or_else(
            || Ok(label.to_owned()),
            |threshold| by_threshold(label, threshold),
        ) {
            Ok(class) => class,
            Err(reason) => {
                found.problem(&source, format!("{reason} (line {line})"));
                continue;
            }
        };
        let split = match split_column
            .and_then(cell)
            .map(|text| (text, Split::from_name(text)))
        {
            Some((text, None)) => {
                found.problem(
                    &source,
                    format!("has the split {text} in line {line}: write train, validation or test"),
                );
                continue;
            }
            Some((_, known)) => known,
            None => None,
        };
        if !source.is_file() {
            missing += 1;
            found.problem(&source, format!("is named in line {line} but is not there: put the picture there, or delete the line"));
            continue;
        }
        let name = tidy_name(path);
        if let Some(first) = listed.insert(name.clone(), line) {
            found.problem(
                &source,
                format!("is listed in line {first} and again in line {line}: keep one of them"),
            );
            continue;
        }
        let candidate = Candidate {
            source: PictureSource::File(source),
            name,
            label: 0,
            split,
            group: None,
        };
        by_class.entry(class).or_default().push(candidate);
    }
    if missing > 0 && missing == rows {
        return Err(source_error(
            file,
            format!(
                "none of the {rows} pictures that this table lists is there: put the table into the folder that its paths start from"
            ),
        ));
    }
    for (label, (class, candidates)) in (0u32..).zip(by_class) {
        found.classes.push(class);
        found.candidates.extend(
            candidates
                .into_iter()
                .map(|candidate| Candidate { label, ..candidate }),
        );
    }
    Ok(found)
}

fn by_threshold(label: &str, threshold: &Threshold) -> Result<String, String> {
    let Some(number) = number(label) else {
        return Err(format!(
            "has the label {label}, which is no number: correct it, or use no threshold"
        ));
    };
    Ok(if number >= threshold.at_least {
        threshold.above.clone()
    } else {
        threshold.below.clone()
    })
}

/// A finite number, with a point or a comma.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.replace(',', ".").parse())
        .ok()
        .filter(|number: &f64| number.is_finite())
}

fn place(
    column: &Column,
    header: Option<&[String]>,
    table: &Table,
    file: &Path,
) -> Result<usize, DataError> {
    match column {
        Column::Index(place) if *place < table.width() => Ok(*place),
        Column::Index(place) => Err(source_error(
            file,
            format!(
                "there is no column {place} (counted from 0); the table has {} columns",
                table.width()
            ),
        )),
        Column::Name(name) => {
            let header = header.unwrap_or_default();
            header
                .iter()
                .position(|cell| cell.trim() == name)
                .ok_or_else(|| {
                    source_error(
                        file,
                        format!(
                            "there is no column {name}; the first line has {}",
                            header.join(", ")
                        ),
                    )
                })
        }
    }
}

/// With `/`, and without `.` parts.
fn tidy_name(path: &str) -> String {
    let path = path.replace('\\', "/");
    let parts: Vec<_> = Path::new(&path)
        .components()
        .filter(|part| !matches!(part, Component::CurDir | Component::RootDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    if path.starts_with('/') {
        format!("/{}", parts.join("/"))
    } else {
        parts.join("/")
    }
}
