//! A table's text to rows of cells: what separates them is found out.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::super::super::DataError;
use super::super::folders::{is_picture_name, unreadable};
use super::super::source_error;

/// A larger table is refused.
const MAX_TABLE_BYTES: u64 = 512 << 20;

/// How many rows are looked at to find out how a table is written.
const SAMPLE_ROWS: usize = 50;

/// What may stand between two cells, most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Character(u8),
    Whitespace,
}

const SEPARATORS: [Separator; 4] = [
    Separator::Character(b'\t'),
    Separator::Character(b';'),
    Separator::Character(b','),
    Separator::Whitespace,
];

#[derive(Debug)]
pub struct Table {
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub struct Row {
    /// In the file, counted from 1.
    pub line: u64,
    pub cells: Vec<String>,
}

impl Table {
    /// The number of columns of the widest of the first rows.
    pub fn width(&self) -> usize {
        self.rows
            .iter()
            .take(SAMPLE_ROWS)
            .map(|row| row.cells.len())
            .max()
            .unwrap_or(0)
    }

    /// Whether the first row names columns: its path is no file while a later row's is. Where no
    /// file is there at all, names decide.
    pub fn has_header(&self, path_column: usize, folder: &Path) -> bool {
        let path = |row: &Row| {
            row.cells
                .get(path_column)
                .map(|cell| cell.trim().replace('\\', "/"))
        };
        let is_file = |row: &Row| {
            path(row).is_some_and(|path| !path.is_empty() && folder.join(path).is_file())
        };
        let is_picture = |row: &Row| path(row).is_some_and(|path| is_picture_name(&path));
        let Some((first, later)) = self.rows.split_first() else {
            return false;
        };
        let later = &later[..later.len().min(SAMPLE_ROWS)];
        if is_file(first) {
            return false;
        }
        !is_picture(first) && (later.iter().any(is_file) || later.iter().any(is_picture))
            || (!is_picture(first) && later.is_empty())
    }
}

/// Reads and divides a table.
pub fn read(file: &Path) -> Result<Table, DataError> {
    let unreadable = |error| source_error(file, format!("the table {}", unreadable(&error)));
    if !file.is_file() {
        return Err(source_error(
            file,
            "there is no such table: choose it again",
        ));
    }
    let mut bytes = Vec::new();
    File::open(file)
        .map_err(unreadable)?
        .take(MAX_TABLE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_TABLE_BYTES {
        return Err(source_error(
            file,
            "the table is larger than 512 MiB: divide it",
        ));
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let table = parse(text);
    if table.rows.is_empty() {
        return Err(source_error(
            file,
            "the table is empty: write one line per picture, with its path and its class",
        ));
    }
    if table.width() < 2 {
        return Err(source_error(
            file,
            "the table has one column only: separate path and class by a comma, semicolon, tab or spaces",
        ));
    }
    Ok(table)
}

/// Divides by the separator under which most of the first lines have several cells, one of them a
/// picture's name.
fn parse(text: &str) -> Table {
    let sample: String = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(SAMPLE_ROWS)
        .flat_map(|line| [line, "\n"])
        .collect();
    let score = |separator: Separator| {
        let table = divide(&sample, separator);
        let several = table.rows.iter().filter(|row| row.cells.len() > 1).count();
        let with_picture = table
            .rows
            .iter()
            .filter(|row| {
                row.cells.len() > 1 && row.cells.iter().any(|cell| is_picture_name(cell.trim()))
            })
            .count();
        (with_picture, several)
    };
    let mut best = (SEPARATORS[0], score(SEPARATORS[0]));
    for separator in &SEPARATORS[1..] {
        let score = score(*separator);
        if score > best.1 {
            best = (*separator, score);
        }
    }
    divide(text, best.0)
}

fn divide(text: &str, separator: Separator) -> Table {
    let collapsed;
    let (text, delimiter) = match separator {
        Separator::Character(character) => (text, character),
        Separator::Whitespace => {
            collapsed = collapse_whitespace(text);
            (collapsed.as_str(), b'\t')
        }
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let rows = reader
        .records()
        .filter_map(Result::ok)
        .filter(|record| record.iter().any(|cell| !cell.trim().is_empty()))
        .map(|record| Row {
            line: record.position().map_or(0, csv::Position::line),
            cells: record.iter().map(str::to_owned).collect(),
        })
        .collect();
    Table { rows }
}

/// One tab for each run of spaces and tabs outside quotes, none at the ends of lines.
fn collapse_whitespace(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for line in text.lines() {
        let mut quoted = false;
        let mut gap = false;
        for character in line.trim().chars() {
            quoted ^= character == '"';
            if character.is_whitespace() && !quoted {
                gap = true;
                continue;
            }
            if std::mem::take(&mut gap) {
                collapsed.push('\t');
            }
            collapsed.push(character);
        }
        collapsed.push('\n');
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_found() {
        let expect = [["a b.png", "0,5"], ["c.png", "1"]];
        for text in [
            "a b.png;0,5\nc.png;1\n",
            "\"a b.png\",\"0,5\"\r\nc.png,1\r\n",
            "a b.png\t0,5\n\nc.png\t1",
            "\"a b.png\"    0,5\n  c.png \t 1  \n",
        ] {
            let cells: Vec<Vec<String>> =
                parse(text).rows.into_iter().map(|row| row.cells).collect();
            assert_eq!(cells, expect, "{text}");
        }
    }
}
