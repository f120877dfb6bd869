//! Pictures that stand in a table more than once.

use std::collections::HashMap;
use std::path::PathBuf;

use super::super::super::super::{DataError, Split};
use super::super::super::{FoundPictures, source_error};
use super::super::remarks::Told;
use super::super::{Source, lexically_normal};
use super::{Listed, Part};

/// Every picture once. What stands under two labels, or in two parts of the split, is left out.
pub fn without_conflicts(
    listed: Vec<Listed>,
    parts: &[Part<'_>],
    source: &Source<'_>,
    found: &mut FoundPictures,
    told: &mut Told,
) -> Result<Vec<Listed>, DataError> {
    let normal = |row: &Listed| -> PathBuf { lexically_normal(row.candidate.source.path()) };
    let mut rows_of: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    for (index, row) in listed.iter().enumerate() {
        rows_of.entry(normal(row)).or_default().push(index);
    }
    let pictures = rows_of.len();
    let line = |row: &Listed| {
        if parts.len() == 1 {
            format!("line {}", row.line)
        } else {
            let file = parts
                .get(row.table)
                .map(|part| part.file.file_name().unwrap_or_default());
            let folder = parts
                .get(row.table)
                .and_then(|part| part.file.parent()?.file_name())
                .unwrap_or_default();
            format!(
                "line {} of {}/{}",
                row.line,
                folder.to_string_lossy(),
                file.unwrap_or_default().to_string_lossy()
            )
        }
    };
    let mut keep = vec![true; listed.len()];
    let mut ordered: Vec<&Vec<usize>> = rows_of.values().filter(|rows| rows.len() > 1).collect();
    ordered.sort_unstable();
    for rows in ordered {
        let first = &listed[rows[0]];
        let path = first.candidate.source.path();
        let other_class = rows
            .iter()
            .map(|&row| &listed[row])
            .find(|row| row.class != first.class);
        let other_split = rows
            .iter()
            .map(|&row| &listed[row])
            .find(|row| row.candidate.split != first.candidate.split);
        if let Some(other) = other_class {
            told.two_labels += 1;
            found.problem(
                path,
                format!(
                    "stands in the table under two labels, {} in {} and {} in {}, and is left out: keep the right line",
                    first.class, line(first), other.class, line(other)
                ),
            );
            rows.iter().for_each(|&row| keep[row] = false);
        } else if let Some(other) = other_split {
            told.two_parts += 1;
            let name = |split: Option<Split>| split.map_or("no part", Split::name);
            found.problem(
                path,
                format!(
                    "belongs to {} by {} and to {} by {}, and is left out: keep the right line",
                    name(first.candidate.split),
                    line(first),
                    name(other.candidate.split),
                    line(other)
                ),
            );
            rows.iter().for_each(|&row| keep[row] = false);
        } else {
            for &again in &rows[1..] {
                told.twice += 1;
                keep[again] = false;
                found.problem(
                    path,
                    format!(
                        "is listed in {} and again in {}: keep one of them",
                        line(first),
                        line(&listed[again])
                    ),
                );
            }
        }
    }
    if told.two_labels * 2 > pictures {
        return Err(source_error(
            &source.file,
            format!(
                "this is a multi-label table: {} of its {pictures} pictures stand in it under several labels, as in tables of objects, \
                 and Graft learns one class for each picture; keep one row for each, or choose another column",
                told.two_labels
            ),
        ));
    }
    let mut keep = keep.into_iter();
    Ok(listed
        .into_iter()
        .filter(|_| keep.next().unwrap_or(false))
        .collect())
}
