//! Which column holds the paths.

use std::collections::HashSet;

use super::super::super::folders::is_picture_name;
use super::super::divide::Row;
use super::super::names::{is_path_name, is_side_name};
use super::super::number;
use super::super::pictures::{How, Meaning, Pictures};
use super::super::text::Table;
use super::Sheet;

/// Rows that are looked for among the files to tell paths from the rest.
const SAMPLE_ROWS: usize = 200;

impl Sheet {
    /// Where the paths stand: most cells are names of pictures, or mean files that are there.
    pub fn path_column(table: &Table, pictures: &Pictures<'_>) -> Option<usize> {
        let sample = &table.rows[..table.rows.len().min(SAMPLE_ROWS)];
        let header = table
            .rows
            .first()
            .map(|row| row.cells.as_slice())
            .unwrap_or_default();
        let score = |column: usize| {
            let cells = || {
                sample
                    .iter()
                    .filter_map(move |row| row.cells.get(column))
                    .map(|cell| cell.trim())
            };
            let named = cells().filter(|cell| is_picture_name(cell)).count();
            let found: HashSet<_> = cells()
                .filter_map(|cell| match pictures.find(cell, None) {
                    Meaning::File(path, how) => {
                        Some((path, how == How::Written || is_picture_name(cell)))
                    }
                    // One of several is better than none.
                    Meaning::Several(_) => Some((cell.into(), false)),
                    Meaning::Missing => None,
                })
                .collect();
            let by_name = header.get(column).is_some_and(|name| is_path_name(name));
            // Numbers may be the names of files, and anything else as well.
            let is_numbers = named == 0 && cells().skip(1).all(|cell| number(cell).is_some());
            let is_header = header.iter().all(|cell| number(cell).is_none());
            let found_at_all = if is_numbers && is_header && !by_name {
                0
            } else {
                found.len()
            };
            let sure = found.iter().filter(|(_, sure)| *sure).count();
            let is_side = header.get(column).is_some_and(|name| is_side_name(name));
            (
                usize::from(!is_side && (named > 0 || found_at_all > 0)),
                sure.min(1),
                named.min(1) * named.max(sure),
                found_at_all,
                by_name,
            )
        };
        (0..table.width())
            .rev()
            .map(|column| (score(column), column))
            .max_by_key(|(score, _)| *score)
            .filter(|((_, _, named, found, _), _)| *named > 0 || *found > 0)
            .map(|(_, column)| column)
    }

    /// Another column of numbers than `path` that means files as well, and other ones: nothing tells which is meant.
    pub fn rival_path(&self, path: usize, pictures: &Pictures<'_>) -> Option<usize> {
        let rows = &self.rows()[..self.rows().len().min(SAMPLE_ROWS)];
        let meaning = |row: &Row, column: usize| {
            let cell = row.cells.get(column).map_or("", |cell| cell.trim());
            number(cell)?;
            match pictures.find(cell, None) {
                Meaning::File(path, _) => Some(path),
                _ => None,
            }
        };
        let is_named = |column: usize| self.name(column).is_some_and(is_path_name);
        let mut others = (0..self.width()).filter(|&other| other != path && is_named(other));
        others.find(|&other| {
            let (mut both, mut differ) = (0, 0);
            for row in rows {
                if let (Some(own), Some(other)) = (meaning(row, path), meaning(row, other)) {
                    both += 1;
                    differ += usize::from(own != other);
                }
            }
            both * 10 >= rows.len() * 9 && differ * 2 > both
        })
    }
}
